-- Jobs: how a job ends or gets another try. Internal: the functions that the workers call are in record.sql and
-- settle.sql. The caller holds the lock on the queue row.

create or replace function atelier_engine.finish_job(
  p_job_id uuid, p_status text, p_error_class text, p_error_message text
)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  update atelier.jobs j
     set status = p_status, completed_at = clock_timestamp(), error_class = p_error_class, error_message = p_error_message,
         started_at = coalesce(j.started_at, (
           select min(a.claimed_at) from atelier_engine.attempts a where a.job_id = j.id))
   where j.id = p_job_id;
  delete from atelier_engine.queue q where q.job_id = p_job_id;
  insert into atelier.events (user_id, kind, ref)
  select j.user_id, 'job.' || p_status, j.id from atelier.jobs j where j.id = p_job_id;
  perform atelier_engine.settle_dependents(array[p_job_id]), atelier_engine.stop_lost_requests(p_job_id),
    atelier_engine.end_texts(array[p_job_id]);
end;
$$;
comment on function atelier_engine.finish_job(uuid, text, text, text) is
$$Move a job to failed or cancelled

Takes it out of the queue and writes the event. Jobs that depend on it start, are skipped or fail. What a provider still
does for it, by an attempt that nobody carries any more, is stopped.$$;

create or replace function atelier_engine.release_job(
  p_job_id uuid, p_run_at timestamptz, p_error_class text, p_error_message text
)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  update atelier_engine.queue q
     set state = case when p_run_at is null then 'ready' else 'waiting' end, run_at = coalesce(p_run_at, q.run_at),
         vtime = case q.vtime when 0 then atelier_engine.next_vtime(q.user_id, q.lane_id, q.priority, q.cost) else q.vtime end,
         attempt_id = null, endpoint_id = null, token_id = null, lease_expires_at = null, next_check_at = null
   where q.job_id = p_job_id;
  update atelier.jobs j
     set status = 'queued', error_class = p_error_class, error_message = p_error_message,
         started_at = coalesce(j.started_at, (
           select min(a.claimed_at) from atelier_engine.attempts a where a.job_id = j.id))
   where j.id = p_job_id;
end;
$$;
comment on function atelier_engine.release_job(uuid, timestamptz, text, text) is
$$Give a job back to the queue

Without a time it keeps its place and may be claimed at once.$$;

create or replace function atelier_engine.own_attempt(p_attempt_id uuid)
returns uuid
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  owned uuid;
begin
  select q.job_id into owned
    from atelier_engine.attempts a
    join atelier_engine.queue q on q.job_id = a.job_id
   where a.id = p_attempt_id and q.attempt_id = p_attempt_id and q.state = 'leased'
     for update of q;
  return owned;
end;
$$;
comment on function atelier_engine.own_attempt(uuid) is
$$The job of an attempt that still owns it

Locks the queue row. Null when the attempt was settled or superseded, or its job is finished: whatever it reports is
late.$$;
