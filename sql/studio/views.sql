-- Studio: what other clients look up by these names. A caller sees through them what the tables show him.

create or replace view atelier.job_types with (security_invoker = true) as
select t.job_type, t.format, t.quality, t.engine, t.width, t.height, t.frames, t.steps, t.guidance, t.expected_seconds,
       t.bucket, t.max_bytes,
       array(select m.model_key from atelier.api_models m
              where m.is_active and m.capabilities -> 'job_types' ? t.job_type order by m.priority desc, m.model_key) as models
  from (values
    ('sdxl_image_fast', 'image', 'fast', 'sdxl', 1024, 1024, 1, 15, 6.0, 8, 'sdxl_image_fast', bigint '5242880'),
    ('sdxl_image_high', 'image', 'high', 'sdxl', 1024, 1024, 1, 25, 7.5, 15, 'sdxl_image_high', 10485760),
    ('image_fast', 'image', 'fast', 'wan', 480, 832, 1, 25, 6.5, 73, 'image_fast', 5242880),
    ('image_high', 'image', 'high', 'wan', 480, 832, 1, 50, 7.5, 90, 'image_high', 10485760),
    ('video_fast', 'video', 'fast', 'wan', 480, 832, 83, 25, 6.5, 180, 'video_fast', 52428800),
    ('video_high', 'video', 'high', 'wan', 480, 832, 83, 50, 7.5, 280, 'video_high', 209715200),
    ('image7b_fast_enhanced', 'image', 'fast', 'wan-enhanced', 480, 832, 1, 25, 6.5, 87, 'image7b_fast_enhanced', 20971520),
    ('image7b_high_enhanced', 'image', 'high', 'wan-enhanced', 480, 832, 1, 50, 7.5, 104, 'image7b_high_enhanced', 20971520),
    ('video7b_fast_enhanced', 'video', 'fast', 'wan-enhanced', 480, 832, 83, 25, 6.5, 194, 'video7b_fast_enhanced', 104857600),
    ('video7b_high_enhanced', 'video', 'high', 'wan-enhanced', 480, 832, 83, 50, 7.5, 294, 'video7b_high_enhanced', 104857600)
  ) t (job_type, format, quality, engine, width, height, frames, steps, guidance, expected_seconds, bucket, max_bytes);
grant select on atelier.job_types to authenticated, service_role;
comment on view atelier.job_types is
$$The ten job types of the studio, and what they stand for

engine is the kind of worker that does it; sizes and steps are what the models of add_studio_models() begin with. bucket
and max_bytes are where such results lay before everything went through workspace-temp: the buckets are still there.$$;

create or replace view atelier.usage_logs with (security_invoker = true) as
select j.id, j.user_id, j.job_type as action,
       case when j.status = 'completed' then coalesce(g.cost_credits, 1) else 0 end::numeric(10, 2) as credits_consumed,
       j.metadata, j.created_at, j.format, j.quality
  from atelier.jobs j
  -- It makes no two rows of one, and is not made when nobody asks about credits.
  left join atelier.generations g on g.job_id = j.id;
grant select on atelier.usage_logs to authenticated, service_role;
comment on view atelier.usage_logs is
$$What was asked for and what it cost in credits, as the jobs say

One row for each job that is there. Nobody writes it: the jobs are the truth, and a second copy of them would cost every job
a row more.$$;

create or replace view atelier.user_analytics with (security_invoker = true) as
select p.id as user_id, p.username, p.created_at as user_created_at, w.total_jobs, w.completed_jobs, w.failed_jobs,
       a.images + l.images as total_images, a.videos + l.videos as total_videos, a.bytes + l.bytes as storage_used_bytes,
       w.avg_job_time_minutes
  from atelier.profiles p
 cross join lateral (
   select count(*) as total_jobs, count(*) filter (where j.status = 'completed') as completed_jobs,
          count(*) filter (where j.status = 'failed') as failed_jobs,
          round((avg(extract(epoch from j.completed_at - j.started_at)) filter (where j.status = 'completed') / 60)::numeric, 2)
            as avg_job_time_minutes
     from atelier.jobs j where j.user_id = p.id) w
 cross join lateral (
   select count(*) filter (where s.asset_type = 'image') as images, count(*) filter (where s.asset_type = 'video') as videos,
          coalesce(sum(s.file_size_bytes), 0)::bigint as bytes
     from atelier.workspace_assets s where s.user_id = p.id) a
 cross join lateral (
   select count(*) filter (where s.asset_type = 'image') as images, count(*) filter (where s.asset_type = 'video') as videos,
          coalesce(sum(s.file_size_bytes), 0)::bigint as bytes
     from atelier.user_library s where s.user_id = p.id) l;
grant select on atelier.user_analytics to service_role;
comment on view atelier.user_analytics is
$$People, their jobs and their files

For the service role. Counts the jobs and assets of each person anew: ask for few at a time.$$;
