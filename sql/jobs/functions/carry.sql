-- Jobs: what the dispatcher calls while requests are on their way. The notes in claim.sql hold here, too.

create or replace function atelier_engine.record_sent(p_attempt_ids uuid[], p_sent_at timestamptz[])
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
  perform atelier_engine.mark_processing(p_attempt_ids);
  update atelier_engine.attempts a set state = 'submitted', sent_at = s.sent_at
    from unnest(p_attempt_ids, p_sent_at) s (attempt_id, sent_at)
   where a.id = s.attempt_id and a.state = 'submitting';
  -- Whoever takes a request can be reached.
  update atelier_engine.endpoint_states s
     set unavailable_since = null, unavailable_count = 0,
         blocked_until = case when s.throttled_count > 0 or s.trip_count > 0 then s.blocked_until end,
         opened_at = case when s.throttled_count > 0 or s.trip_count > 0 then s.opened_at end
   where s.unavailable_count > 0
     and s.endpoint_id in (select a.endpoint_id from atelier_engine.attempts a where a.id = any (p_attempt_ids));
end;
$$;
grant execute on function atelier_engine.record_sent(uuid[], timestamptz[]) to atelier_worker;
comment on function atelier_engine.record_sent(uuid[], timestamptz[]) is
$$Record that requests were written to their servers completely

The two arrays go together. The jobs count as processing from now on; a job whose answer comes at once is never recorded
as such. What is settled already stays as it is.$$;

create or replace function atelier_engine.mark_processing(p_attempt_ids uuid[])
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  with owned as materialized (
    select q.job_id, a.claimed_at
      from atelier_engine.attempts a
      join atelier_engine.queue q on q.job_id = a.job_id and q.attempt_id = a.id and q.state = 'leased'
     where a.id = any (p_attempt_ids)
     order by q.job_id
       for update of q)
  update atelier.jobs j
     set status = 'processing', started_at = coalesce(j.started_at, o.claimed_at), updated_at = clock_timestamp()
    from owned o
   where j.id = o.job_id and j.status = 'queued';
end;
$$;
comment on function atelier_engine.mark_processing(uuid[]) is
  'Have the jobs that these attempts own count as processing';

create or replace function atelier_engine.record_submitted(p_attempt_id uuid, p_external_id text)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
  perform atelier_engine.mark_processing(array[p_attempt_id]);
  update atelier_engine.attempts a set state = 'submitted', external_id = left(p_external_id, 500)
   where a.id = p_attempt_id and a.state in ('submitting', 'submitted');
end;
$$;
grant execute on function atelier_engine.record_submitted(uuid, text) to atelier_worker;
comment on function atelier_engine.record_submitted(uuid, text) is
$$Record the id that an asynchronous provider gave to a request

With it the outcome can be looked up after a crash.$$;

create or replace function atelier_engine.renew_leases(p_attempt_ids uuid[])
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
  update atelier_engine.queue q
     set lease_expires_at = clock_timestamp()
           + make_interval(secs => (e.connect_timeout_ms + e.total_timeout_ms) / 1000.0) + interval '1 minute'
    from atelier_engine.attempts a
    join atelier.endpoints e on e.id = a.endpoint_id
   where a.id = any (p_attempt_ids) and q.job_id = a.job_id and q.attempt_id = a.id and q.state = 'leased';
end;
$$;
grant execute on function atelier_engine.renew_leases(uuid[]) to atelier_worker;
comment on function atelier_engine.renew_leases(uuid[]) is 'Extend the leases of attempts that are still in flight';

create or replace function atelier_engine.cancel_requests()
returns table (attempt_id uuid)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
  return query
    select q.attempt_id
      from atelier_engine.queue q
      join atelier.jobs j on j.id = q.job_id
     where q.state = 'leased' and j.cancel_requested_at is not null and atelier_engine.instance_is_adopted()
       and not exists (select from atelier.endpoints e where e.id = q.endpoint_id and e.adapter = 'pull');
end;
$$;
grant execute on function atelier_engine.cancel_requests() to atelier_worker;
comment on function atelier_engine.cancel_requests() is
  'Attempts of the dispatcher whose job was cancelled meanwhile';

create or replace function atelier_engine.next_wake_at()
returns timestamptz
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
  if not atelier_engine.instance_is_adopted() then
    return null;
  end if;
  return least(
    (select min(q.run_at) from atelier_engine.queue q where q.state = 'waiting'),
    -- Also where nothing waits for the endpoint or the token: to find that out would mean to read all that is ready.
    (select min(greatest(s.blocked_until, s.probe_until)) from atelier_engine.endpoint_states s where s.blocked_until is not null),
    (select min(t.blocked_until) from atelier_engine.token_states t where t.blocked_until is not null),
    (select min(p.ends_at) from atelier.pauses p where p.ends_at > clock_timestamp()),
    atelier_engine.next_refill_at());
end;
$$;
grant execute on function atelier_engine.next_wake_at() to atelier_worker;
comment on function atelier_engine.next_wake_at() is
$$When the next claim is due

The earliest end of a back-off, of a job, of an endpoint or of a token, of a pause, or of a rate that is used up; null
when there is none. A time in the past is over after the next claim.$$;
