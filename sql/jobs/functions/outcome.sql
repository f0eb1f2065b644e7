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
     set status = p_status, completed_at = clock_timestamp(), error_class = p_error_class, error_message = p_error_message
   where j.id = p_job_id;
  delete from atelier_engine.queue q where q.job_id = p_job_id;
  insert into atelier.events (user_id, kind, ref)
  select j.user_id, 'job.' || p_status, j.id from atelier.jobs j where j.id = p_job_id;
  perform atelier_engine.settle_dependents(array[p_job_id]);
end;
$$;
comment on function atelier_engine.finish_job(uuid, text, text, text) is
$$Move a job to completed, failed or cancelled

Takes it out of the queue and writes the event. Jobs that depend on it start, are skipped or fail.$$;

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
         attempt_id = null, endpoint_id = null, lease_expires_at = null, next_check_at = null
   where q.job_id = p_job_id;
  update atelier.jobs j
     set status = 'queued', error_class = p_error_class, error_message = p_error_message
   where j.id = p_job_id;
end;
$$;
comment on function atelier_engine.release_job(uuid, timestamptz, text, text) is
$$Give a job back to the queue

Without a time it keeps its place and may be claimed at once.$$;

create or replace function atelier_engine.retry_or_fail(p_job_id uuid, p_error_class text, p_error_message text)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  used integer;
  allowed integer;
begin
  update atelier.jobs j set attempts = j.attempts + 1
   where j.id = p_job_id
  returning j.attempts, j.max_attempts into used, allowed;
  if used >= allowed then
    perform atelier_engine.finish_job(p_job_id, 'failed', p_error_class, p_error_message);
  else
    perform atelier_engine.release_job(
      p_job_id, clock_timestamp() + atelier_engine.back_off(used), p_error_class, p_error_message);
  end if;
end;
$$;
comment on function atelier_engine.retry_or_fail(uuid, text, text) is
  'Use up one attempt of a job: it waits for the next one, or fails when that was the last';

create or replace function atelier_engine.back_off(p_failures integer)
returns interval
language sql volatile
begin atomic
  -- Half of it is chance, so that jobs which failed together do not come back together.
  select make_interval(secs => b.seconds / 2 * (1 + random()))
    from (select least(30, 2 ^ least(greatest(p_failures, 1), 5)) as seconds) b;
end;
comment on function atelier_engine.back_off(integer) is
$$How long to wait after so many failures in a row

1 to 2 seconds after the first, twice as long after each further one, at most 30 seconds.$$;

create or replace function atelier_engine.resolve_ambiguous(
  p_job_id uuid, p_attempt_id uuid, p_error_class text, p_error_message text
)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  cancelled boolean;
  policy text;
  hold_time interval;
begin
  select j.cancel_requested_at is not null into cancelled from atelier.jobs j where j.id = p_job_id;
  -- An endpoint that was deleted meanwhile may have charged for the request.
  select coalesce(e.ambiguity_policy, 'fail'), e.hold_timeout into policy, hold_time
    from atelier_engine.attempts a
    left join atelier.endpoints e on e.id = a.endpoint_id
   where a.id = p_attempt_id;
  if cancelled then
    perform atelier_engine.finish_job(p_job_id, 'cancelled', null, null);
  elsif policy = 'retry' then
    perform atelier_engine.retry_or_fail(p_job_id, p_error_class, p_error_message);
  elsif policy = 'hold' then
    update atelier_engine.queue q
       set state = 'held', lease_expires_at = null, next_check_at = clock_timestamp() + hold_time
     where q.job_id = p_job_id;
    update atelier.jobs j
       set attempts = j.attempts + 1, error_class = p_error_class, error_message = p_error_message
     where j.id = p_job_id;
  else
    update atelier.jobs j set attempts = j.attempts + 1 where j.id = p_job_id;
    perform atelier_engine.finish_job(p_job_id, 'failed', p_error_class, p_error_message);
  end if;
end;
$$;
comment on function atelier_engine.resolve_ambiguous(uuid, uuid, text, text) is
$$Decide about a job whose request may or may not have been carried out

As ambiguity_policy of the endpoint says: another try, fail, or hold for a while and then fail.$$;

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
