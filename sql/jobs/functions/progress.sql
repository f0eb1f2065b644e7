-- Jobs: how far a job has come, and when it will be done.

create or replace function atelier_engine.attempt_progress(p_attempt_id uuid)
returns double precision
language c volatile strict
as 'MODULE_PATHNAME', 'atelier_attempt_progress';
comment on function atelier_engine.attempt_progress(uuid) is
$$How far an attempt has come, from 0 to 1, as its server says

From shared memory, which has room for the latest few hundred attempts. Null: nothing is known.$$;

create or replace function atelier_engine.refresh_timings()
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  latest constant integer := 5000;
  refreshed integer;
begin
  -- Ids grow with time: the end of the primary key are the latest ones.
  with recent as materialized (
    select a.job_id, a.model_id, a.endpoint_id, a.state, extract(epoch from a.recorded_at - a.claimed_at) as seconds
      from atelier_engine.attempts a
     order by a.id desc
     limit latest)
  insert into atelier_engine.model_timings as t (model_id, endpoint_id, samples, median_seconds, slow_seconds)
  select m.id, e.id, count(*), percentile_cont(0.5) within group (order by r.seconds),
         percentile_cont(0.95) within group (order by r.seconds)
    from recent r
    join atelier.jobs j on j.id = r.job_id
    join atelier.api_models m on m.id = coalesce(r.model_id, j.api_model_id)
    join atelier.endpoints e on e.id = r.endpoint_id
   where r.state = 'succeeded' and r.seconds >= 0
   group by m.id, e.id
      on conflict (model_id, endpoint_id) do update
     set samples = excluded.samples, median_seconds = excluded.median_seconds, slow_seconds = excluded.slow_seconds,
         updated_at = clock_timestamp()
   where (t.samples, t.median_seconds, t.slow_seconds)
         is distinct from (excluded.samples, excluded.median_seconds, excluded.slow_seconds);
  get diagnostics refreshed = row_count;
  return refreshed;
end;
$$;
grant execute on function atelier_engine.refresh_timings() to atelier_worker;
comment on function atelier_engine.refresh_timings() is
$$Learn from the latest 5000 attempts how long models take

What is not among them keeps what was known. Returns how many models and endpoints changed.$$;

create or replace function atelier_engine.usual_seconds(
  p_model_id uuid, p_endpoint_id uuid, p_estimate numeric, out median_seconds double precision, out slow_seconds double precision
)
language sql stable
begin atomic
  select coalesce(sum(t.median_seconds * t.samples) / sum(t.samples), p_estimate::double precision, 10),
         coalesce(max(t.slow_seconds), p_estimate::double precision * 3, 30)
    from atelier_engine.model_timings t
   where t.model_id = p_model_id and (p_endpoint_id is null or t.endpoint_id = p_endpoint_id);
end;
comment on function atelier_engine.usual_seconds(uuid, uuid, numeric) is
  'How long a model takes, at one endpoint or anywhere; by the estimate where nothing is known';

create or replace function atelier.job_progress(job_id uuid)
returns table (
  status text,
  queue_state text,
  progress double precision,
  progress_is_estimated boolean,
  queue_position integer,
  starts_at timestamptz,
  ends_at timestamptz,
  ends_before timestamptz
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  moment constant timestamptz := clock_timestamp();
  job atelier.jobs;
  place atelier_engine.queue;
  usual record;
  slots integer;
  busy integer;
begin
  select j.* into job
    from atelier.jobs j
   where j.id = job_progress.job_id
     and (j.user_id = auth.uid()
          or atelier_engine.is_service_role()
          or atelier_engine.user_has_role(auth.uid(), 'admin'));
  if not found then
    raise sqlstate 'PT404' using
      message = 'no such job', hint = 'The job does not exist or belongs to somebody else.';
  end if;
  select q.* into place from atelier_engine.queue q where q.job_id = job.id;
  status := job.status;
  queue_state := place.state;
  progress_is_estimated := false;
  if place.job_id is null then
    progress := case job.status when 'completed' then 1.0::double precision end;
    starts_at := job.started_at;
    ends_at := job.completed_at;
    ends_before := job.completed_at;
    return next;
    return;
  end if;
  usual := atelier_engine.usual_seconds(place.model_id, place.endpoint_id, job.estimated_seconds);
  if place.state = 'leased' then
    select a.claimed_at, coalesce(atelier_engine.attempt_progress(a.id), place.progress) into starts_at, progress
      from atelier_engine.attempts a where a.id = place.attempt_id;
    ends_at := starts_at + make_interval(secs => usual.median_seconds);
    if progress is null then
      progress_is_estimated := true;
      progress := least(extract(epoch from moment - starts_at)::double precision / greatest(usual.median_seconds, 0.001), 0.95);
    elsif progress >= 0.05 then
      ends_at := starts_at + (moment - starts_at) / progress;
    end if;
    ends_at := greatest(ends_at, moment);
    ends_before := greatest(starts_at + make_interval(secs => usual.slow_seconds), ends_at);
  elsif place.state = 'held' then
    progress := place.progress::double precision;
  elsif place.state in ('ready', 'waiting') then
    select coalesce(sum(e.max_concurrency), 0)::integer,
           (select count(*)::integer from atelier_engine.queue q
             where q.state = 'leased' and q.endpoint_id = any (array_agg(e.id)))
      into slots, busy
      from atelier_engine.routes r
      join atelier.endpoints e on e.id = r.endpoint_id
     where r.model_id = place.model_id;
    queue_position := case place.state when 'ready' then atelier_engine.jobs_ahead(place) + 1 end;
    if slots > 0 then
      starts_at := greatest(place.run_at, moment) + make_interval(
        secs => greatest(coalesce(queue_position, 1) + busy - slots, 0)::double precision / slots * usual.median_seconds);
      ends_at := starts_at + make_interval(secs => usual.median_seconds);
      ends_before := starts_at + make_interval(secs => usual.slow_seconds);
    end if;
  end if;
  return next;
end;
$$;
grant execute on function atelier.job_progress(uuid) to authenticated, service_role;
comment on function atelier.job_progress(uuid) is
$$How far a job has come, and when it will be done

While it is at an endpoint: progress from 0 to 1, as the server says (also when it is asked what became of a lost request), else estimated from the time that the model usually
takes. While it is ready: its position among the jobs of the model (10001: that or further back). starts_at and
ends_at are estimates until they are past, from how long the latest requests to the model took; 19 of 20 end before
ends_before. They are null while nobody can know: the job waits for others or for a decision, or no endpoint is open.
For the owner, admins and the service role; PT404 for others.$$;
