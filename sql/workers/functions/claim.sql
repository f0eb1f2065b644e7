-- Workers: how they get jobs and keep them. The notes in claim.sql of the jobs hold here, too.

create or replace function atelier_engine.worker_lease(p_estimated_seconds numeric)
returns interval
language sql immutable
begin atomic
  select make_interval(secs => 30 + 3 * least(greatest(coalesce(p_estimated_seconds, 10), 0), 86400)::double precision);
end;
comment on function atelier_engine.worker_lease(numeric) is
  'How long a worker may be silent about a job: three times as long as the job should take, and half a minute';

create or replace function atelier_engine.up_since()
returns timestamptz
language sql stable
begin atomic
  -- After a crash the postmaster is the old one, the checkpointer is not.
  select greatest(pg_postmaster_start_time(),
                  (select max(a.backend_start) from pg_stat_activity a where a.backend_type = 'checkpointer'));
end;
comment on function atelier_engine.up_since() is 'Since when this server can be asked';

create or replace function atelier_engine.worker_is_excused(p_job_id uuid, p_endpoint_id uuid)
returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return exists (
    select from atelier.endpoints e
      join atelier.jobs j on j.id = p_job_id
     where e.id = p_endpoint_id and e.adapter = 'pull'
       and clock_timestamp() < atelier_engine.up_since() + atelier_engine.worker_lease(j.estimated_seconds));
end;
$$;
comment on function atelier_engine.worker_is_excused(uuid, uuid) is
$$Whether a worker could not extend its lease, because this server was down

While the server is up for less than a lease, no lease of a worker has run out.$$;

create or replace function atelier_engine.assert_may_hand_out()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if not atelier_engine.instance_is_adopted() then
    raise sqlstate 'PT503' using
      message = 'this database does not dispatch jobs',
      detail = 'It is a copy or was restored, and nobody has confirmed yet that it takes over.',
      hint = 'Call atelier.adopt_instance().';
  end if;
  if current_setting('synchronous_commit') = 'off' then
    perform set_config('synchronous_commit', 'on', true);  -- what a worker was told must be true after a crash, too
  end if;
end;
$$;
comment on function atelier_engine.assert_may_hand_out() is
$$Refuse to work with workers in a copy of a database, and see to it that the commit is durable

Raises PT503.$$;

create or replace function atelier.claim_jobs(worker_id uuid, max_jobs integer default 1)
returns table (
  attempt_id uuid,
  job_id uuid,
  token text,
  lease_seconds double precision,
  model text,
  parameters jsonb,
  max_output_bytes bigint
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
  worker constant atelier.workers := atelier_engine.own_worker(claim_jobs.worker_id);
  most_at_once constant integer := 1000;
  late_by constant interval := interval '1 day';  -- a result may come late and still be worth keeping
  secret bytea;
  allowed integer;
  expiry bigint;
  attempt_ids uuid[];
  job_ids uuid[];
  models text[];
  parameter_sets jsonb[];
  byte_limits bigint[];
  estimates numeric[];
begin
  perform atelier_engine.assert_may_hand_out();
  if claim_jobs.max_jobs is null or claim_jobs.max_jobs not between 1 and most_at_once then
    raise invalid_parameter_value using
      message = 'max_jobs is out of range', hint = format('Use 1 to %s.', most_at_once);
  end if;
  perform atelier_engine.note_heartbeat(worker.id);
  secret := atelier_engine.capability_secret();
  lock table atelier_engine.instance in share row exclusive mode;  -- one claim at a time, the dispatcher's included
  perform atelier_engine.promote_due();
  perform atelier_engine.promote_parked();
  select least(s.slots, claim_jobs.max_jobs, atelier_engine.rate_room(s.endpoint_id, null))
    into allowed
    from atelier_engine.free_slots(true) s where s.endpoint_id = worker.endpoint_id;
  if coalesce(allowed, 0) <= 0 then
    return;
  end if;
  select extract(epoch from clock_timestamp() + make_interval(secs => e.total_timeout_ms / 1000.0) + late_by)::bigint
    into expiry
    from atelier.endpoints e where e.id = worker.endpoint_id;
  select array_agg(c.attempt_id), array_agg(c.job_id), array_agg(c.model), array_agg(c.parameters::jsonb),
         array_agg(c.max_output_bytes)
    into attempt_ids, job_ids, models, parameter_sets, byte_limits
    from atelier_engine.claim_for_slot(worker.endpoint_id, null, allowed, atelier_engine.caps_in_force()) c;
  -- A statement of its own: the one above does not see what was queued since it began, though it claims it.
  estimates := array(
    select (select j.estimated_seconds from atelier.jobs j where j.id = c.job_id)
      from unnest(job_ids) with ordinality c (job_id, place)
     order by c.place);
  return query
    select c.attempt_id, c.job_id, atelier_engine.attempt_token(secret, c.attempt_id, expiry),
           extract(epoch from atelier_engine.worker_lease(c.estimated_seconds))::double precision,
           c.model, c.parameters, c.max_output_bytes
      from unnest(attempt_ids, job_ids, models, parameter_sets, byte_limits, estimates) with ordinality
             c (attempt_id, job_id, model, parameters, max_output_bytes, estimated_seconds, place)
     order by c.place;
  -- What is done in no time need not be seen on its way.
  perform atelier_engine.mark_processing(array(
    select c.attempt_id
      from unnest(attempt_ids, estimates) c (attempt_id, estimated_seconds)
     where c.estimated_seconds >= 1));
end;
$$;
grant execute on function atelier.claim_jobs(uuid, integer) to authenticated, service_role;
comment on function atelier.claim_jobs(uuid, integer) is
$$Claim jobs for a worker

At most max_jobs (1000), and no more than the worker has room for; those whose turn it is, as for every endpoint. The token
of each is for job_callback(). After lease_seconds the job goes to another, unless the worker says in time, with
heartbeat_jobs(), that it is still at it. An empty answer: ask again after a second or two. To be committed at once: other
claims wait. For who registered the worker, as an administrator, and for the service role. Fails with 42501, PT404 (no such
worker), PT503 (the database is not adopted) or 22023.$$;

create or replace function atelier.heartbeat_jobs(worker_id uuid, jobs jsonb default '[]')
returns table (attempt_id uuid, action text, lease_seconds double precision)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
  worker constant atelier.workers := atelier_engine.own_worker(heartbeat_jobs.worker_id);
  stopped uuid[];
begin
  perform atelier_engine.assert_may_hand_out();
  if jsonb_typeof(heartbeat_jobs.jobs) is distinct from 'array' or jsonb_array_length(heartbeat_jobs.jobs) > 10000
     or exists (select from jsonb_array_elements(heartbeat_jobs.jobs) j where jsonb_typeof(j.value) <> 'object') then
    raise invalid_parameter_value using
      message = 'jobs must be an array of at most 10000 objects',
      hint = 'Each with attempt_id and, if known, progress from 0 to 1.';
  end if;
  perform atelier_engine.note_heartbeat(worker.id);
  stopped := atelier_engine.stop_cancelled(worker.endpoint_id);
  return query
    with told as materialized (
      select t.attempt_id, least(greatest(max(t.progress), 0), 1) as progress
        from jsonb_to_recordset(heartbeat_jobs.jobs) t (attempt_id uuid, progress real)
       where t.attempt_id is not null
       group by t.attempt_id),
    alive as materialized (
      select q.job_id, q.attempt_id, t.progress, j.estimated_seconds
        from told t
        join atelier_engine.attempts a on a.id = t.attempt_id
        join atelier.endpoints e on e.id = worker.endpoint_id
        join atelier_engine.queue q on q.job_id = a.job_id and q.attempt_id = a.id
        join atelier.jobs j on j.id = q.job_id
       where q.state = 'leased' and q.endpoint_id = worker.endpoint_id
         and a.claimed_at + make_interval(secs => e.total_timeout_ms / 1000.0) > clock_timestamp()
       order by q.job_id
         for update of q),
    extended as (
      update atelier_engine.queue q
         set lease_expires_at = greatest(
               q.lease_expires_at, clock_timestamp() + atelier_engine.worker_lease(v.estimated_seconds)),
             progress = coalesce(v.progress, q.progress)
        from alive v
       where q.job_id = v.job_id
      returning q.attempt_id, q.lease_expires_at)
    select t.attempt_id,
           case when x.attempt_id is null or t.attempt_id = any (stopped) then 'stop' else 'continue' end,
           extract(epoch from x.lease_expires_at - clock_timestamp())::double precision
      from told t
      left join extended x on x.attempt_id = t.attempt_id
     order by t.attempt_id;
end;
$$;
grant execute on function atelier.heartbeat_jobs(uuid, jsonb) to authenticated, service_role;
comment on function atelier.heartbeat_jobs(uuid, jsonb) is
$$Say that a worker is still working at its jobs

jobs is an array of {"attempt_id", "progress" (0 to 1, if known)}. Extends their leases, as long as the total_timeout_ms
of the worker's endpoint allows. Answers for each whether to continue or to stop: cancelled, given to another, or too long
at it; what is stopped needs no callback. Fails as claim_jobs().$$;

create or replace function atelier_engine.stop_cancelled(p_endpoint_id uuid)
returns uuid[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  cancelled constant uuid[] := (
    select array_agg(q.attempt_id order by q.job_id)
      from atelier_engine.queue q
      join atelier.jobs j on j.id = q.job_id
     where q.endpoint_id = p_endpoint_id and q.state = 'leased' and j.cancel_requested_at is not null);
begin
  perform atelier_engine.record_cancelled(c.attempt_id) from unnest(cancelled) c (attempt_id);
  return cancelled;
end;
$$;
comment on function atelier_engine.stop_cancelled(uuid) is
$$Cancel the jobs of a worker whose cancelling was asked for

Returns their attempts: the worker is being told to stop.$$;
