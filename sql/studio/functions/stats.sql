-- Studio: numbers for administrators.

create or replace function atelier.get_system_stats(p_days integer default 30)
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  since constant timestamptz := now() - make_interval(days => p_days);
  people jsonb;
  work jsonb;
  files jsonb;
begin
  perform atelier_engine.assert_operator();
  if p_days is null or p_days not between 1 and 3650 then
    raise invalid_parameter_value using message = 'p_days is out of range', hint = 'Use 1 to 3650.';
  end if;
  select jsonb_build_object(
           'total_users', count(*),
           'new_users_today', count(*) filter (where p.created_at >= date_trunc('day', now() at time zone 'UTC') at time zone 'UTC'),
           'new_users_period', count(*) filter (where p.created_at >= since)) into people
    from atelier.profiles p;
  with counted as materialized (
    select j.job_type, j.status, count(*) as jobs, sum(extract(epoch from j.completed_at - j.started_at)) as seconds,
           count(j.started_at) filter (where j.completed_at is not null) as timed
      from atelier.jobs j
     where j.created_at >= since
     group by j.job_type, j.status
  )
  select jsonb_build_object(
           'total_jobs', coalesce(sum(c.jobs), 0),
           'completed_jobs', coalesce(sum(c.jobs) filter (where c.status = 'completed'), 0),
           'failed_jobs', coalesce(sum(c.jobs) filter (where c.status = 'failed'), 0),
           'avg_job_time', coalesce(round(
             sum(c.seconds) filter (where c.status = 'completed')
             / nullif(sum(c.timed) filter (where c.status = 'completed'), 0) / 60, 2), 0),
           'success_rate', coalesce(round(
             100 * sum(c.jobs) filter (where c.status = 'completed')
             / nullif(sum(c.jobs) filter (where c.status in ('completed', 'failed')), 0), 2), 0),
           'job_type_breakdown', coalesce((
             select jsonb_object_agg(t.job_type, t.jobs)
               from (select b.job_type, sum(b.jobs) as jobs from counted b group by b.job_type) t), '{}'),
           'active_users', (
             select count(*)
               from (select j.user_id from atelier.jobs j where j.created_at >= since
                     union
                     select l.user_id from atelier.user_activity_log l where l.created_at >= since and l.user_id is not null) u))
    into work
    from counted c;
  select jsonb_build_object(
           'total_images', sum(f.images), 'total_videos', sum(f.videos), 'total_assets', sum(f.images + f.videos),
           'storage_used_workspace', sum(f.bytes) filter (where f.place = 'workspace'),
           'storage_used_library', sum(f.bytes) filter (where f.place = 'library'), 'storage_used', sum(f.bytes))
    into files
    from (select 'workspace' as place, count(*) filter (where a.asset_type = 'image') as images,
                 count(*) filter (where a.asset_type = 'video') as videos, coalesce(sum(a.file_size_bytes), 0) as bytes
            from atelier.workspace_assets a
           union all
          select 'library', count(*) filter (where l.asset_type = 'image'),
                 count(*) filter (where l.asset_type = 'video'), coalesce(sum(l.file_size_bytes), 0)
            from atelier.user_library l) f;
  return people || work || files;
end;
$$;
grant execute on function atelier.get_system_stats(integer) to authenticated, service_role;
comment on function atelier.get_system_stats(integer) is
$$Numbers of the product

Now: total_users, total_images, total_videos, total_assets, and storage_used, storage_used_workspace and storage_used_library
in bytes. Since UTC midnight: new_users_today. Of the last p_days days: new_users_period, active_users (who asked for a job or
did something that is in the activity log), total_jobs, completed_jobs, failed_jobs, avg_job_time (minutes at the model, of those completed),
success_rate (completed per cent of those that ended so or failed) and job_type_breakdown (jobs by type). Reads the jobs of
these days. For administrators and the service role (42501); 22023 for other than 1 to 3650 days.$$;

create or replace function atelier.get_user_analytics(user_id uuid default auth.uid())
returns table (
  username text, user_created_at timestamptz, total_jobs bigint, completed_jobs bigint, failed_jobs bigint,
  total_images bigint, total_videos bigint, storage_used_bytes bigint, avg_job_time_minutes numeric
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if get_user_analytics.user_id is distinct from auth.uid() or auth.uid() is null then
    perform atelier_engine.assert_operator();
  end if;
  return query
    select a.username, a.user_created_at, a.total_jobs, a.completed_jobs, a.failed_jobs, a.total_images, a.total_videos,
           a.storage_used_bytes, a.avg_job_time_minutes
      from atelier.user_analytics a where a.user_id = get_user_analytics.user_id;
end;
$$;
grant execute on function atelier.get_user_analytics(uuid) to authenticated, service_role;
comment on function atelier.get_user_analytics(uuid) is
$$What a person has asked for and keeps

The row of user_analytics. People ask about themselves, administrators and the service role about everybody; otherwise
42501. No row for a user that is not there.$$;

create or replace function atelier.system_metrics()
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  most constant integer := 200000;
  queues jsonb;
  workers jsonb;
begin
  perform atelier_engine.assert_operator();
  with waiting as materialized (
    select m.model_family, m.modality, count(*) as jobs
      from (select q.model_id from atelier_engine.queue q
             where q.state in ('ready', 'waiting', 'parked') limit most) n
      left join atelier.api_models m on m.id = n.model_id
     group by m.model_family, m.modality
  ), named as (
    select lower(atelier_engine.family_name(w.model_family, coalesce(w.modality, 'image'))) || '_queue' as name, w.jobs
      from waiting w
     union all values ('sdxl_queue', bigint '0'), ('wan_queue', 0)
  )
  select jsonb_object_agg(s.name, s.jobs) into queues
    from (select n.name, sum(n.jobs) as jobs from named n group by n.name) s;
  select jsonb_object_agg(t.worker_type, coalesce(h.states, '{"healthy": 0, "total": 0, "isHealthy": false, "busy": 0}'))
    into workers
    from (values ('chat'), ('sdxl'), ('wan')) t (worker_type)
    left join (
      select c.worker_type, jsonb_build_object(
               'healthy', count(*) filter (where c.is_healthy), 'total', count(*), 'isHealthy', bool_or(c.is_healthy),
               'busy', sum(c.busy)) as states
        from atelier.health_check_workers() c group by c.worker_type) h on h.worker_type = t.worker_type;
  return jsonb_build_object(
    'timestamp', now(), 'workers', workers, 'queues', queues,
    'etaEstimates', (
      select jsonb_object_agg(q.key, case when q.value::bigint = 0 then 'immediate' when q.value::bigint <= 3 then '<1 min'
                                          when q.value::bigint <= 10 then '1-3 min' when q.value::bigint <= 20 then '3-10 min'
                                          else '>10 min' end)
        from jsonb_each_text(queues) q));
end;
$$;
grant execute on function atelier.system_metrics() to authenticated, service_role;
comment on function atelier.system_metrics() is
$$How long the queues are, and how the workers are

timestamp; workers: of the types chat, sdxl and wan how many are registered (total), healthy and busy; queues: how many jobs
of each family of models wait (counted up to 200000 in all), as sdxl_queue, wan_queue and so on; etaEstimates: the same in
words. For administrators and the service role (42501).$$;

create or replace function atelier.clean_orphaned_jobs()
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  most constant integer := 10000;
  cleaned integer;
begin
  perform atelier_engine.assert_operator();
  with orphaned as materialized (
    select j.id
      from atelier.jobs j
     where j.status = 'completed' and j.completed_at < now() - interval '24 hours' and j.format in ('image', 'video')
       and not exists (select from atelier.workspace_assets a where a.job_id = j.id)
       and not exists (select from atelier.user_library l where l.source_job_id = j.id)
       and not exists (select from atelier.scenes s where s.job_id = j.id)
       and not exists (select from atelier.character_scenes s where s.job_id = j.id)
       and not exists (select from atelier.messages m where m.job_id = j.id)
     order by j.id
     limit most
       for update skip locked
  ), gone as (
    delete from atelier.jobs j using orphaned o where j.id = o.id returning 1
  )
  select count(*)::integer into cleaned from gone;
  if cleaned > 0 then
    insert into atelier.user_activity_log (user_id, action, resource_type, metadata)
    values ((select p.id from atelier.profiles p where p.id = auth.uid()), 'cleanup_orphaned_jobs', 'jobs',
            jsonb_build_object('deleted', cleaned));
  end if;
  return cleaned;
end;
$$;
grant execute on function atelier.clean_orphaned_jobs() to authenticated, service_role;
comment on function atelier.clean_orphaned_jobs() is
$$Delete completed jobs of which nothing is left

Those for pictures and videos that ended more than 24 hours ago, whose results are neither in a workspace nor in a library,
and which no scene or message names. What the gallery of generations says about them stays. Returns how many, at most 10000 in one call;
the activity log says so. For administrators and the service role (42501).$$;
