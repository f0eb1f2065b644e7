-- Projects: how far they are, told by their jobs and not by a column that could be wrong.

create or replace view atelier.scene_status with (security_invoker = true) as
select s.id,
       s.user_id,
       s.project_id,
       s.scene_number,
       j.id as job_id,
       case when j.status in ('queued', 'processing') then j.status
            when s.image_url is not null then 'completed'
            else coalesce(j.status, 'missing') end as status,
       coalesce(s.image_url, g.output_urls[1]) as image_url,
       g.output_urls,
       j.error_message,
       s.approved
  from atelier.scenes s
  left join atelier.jobs j on j.id = atelier_engine.latest_try(s.job_id)
  left join atelier.generations g on g.job_id = j.id
 where s.project_id is not null;
grant select on atelier.scene_status to authenticated, service_role;
comment on view atelier.scene_status is
$$How far each scene of a project is

By the job that generate_missing_scenes() or generate_scene() queued last, or the latest of those that tried it again. A scene
without a job is missing, unless it has an image_url of its own; then it is completed.$$;

create or replace view atelier.project_status with (security_invoker = true) as
select p.id,
       p.user_id,
       p.title,
       p.workflow_step,
       n.scenes,
       n.missing,
       n.queued,
       n.processing,
       n.completed,
       n.failed,
       case when n.scenes = 0 then 'empty'
            when n.processing > 0 or (n.queued > 0 and n.completed > 0) then 'processing'
            when n.queued > 0 then 'queued'
            when n.failed > 0 then 'failed'
            when n.missing > 0 then 'incomplete'
            else 'completed' end as status
  from atelier.projects p
 cross join lateral (
   select count(*) as scenes,
          count(*) filter (where s.status = 'missing') as missing,
          count(*) filter (where s.status = 'queued') as queued,
          count(*) filter (where s.status = 'processing') as processing,
          count(*) filter (where s.status = 'completed') as completed,
          count(*) filter (where s.status in ('failed', 'cancelled')) as failed
     from atelier.scene_status s
    where s.project_id = p.id) n;
grant select on atelier.project_status to authenticated, service_role;
comment on view atelier.project_status is
$$How far each project is

Its scenes counted by their status; cancelled ones count as failed. status is empty (no scenes), queued, processing (some of
them are under way), failed (none is, and some failed), incomplete (none did, and some are missing) or completed.$$;
