-- Jobs: attempts whose carrier is gone, and jobs that waited too long.

create or replace function atelier_engine.settle_attempts(p_attempt_ids uuid[], p_reason text)
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  message constant text := coalesce(nullif(left(p_reason, 1000), ''), 'the carrier of the request is gone');
  lost record;
  settled integer := 0;
begin
  if not atelier_engine.instance_is_adopted() then
    return 0;
  end if;
  for lost in
    select q.job_id, q.attempt_id
      from atelier_engine.queue q
     where q.state = 'leased'
       and (q.attempt_id = any (p_attempt_ids)
            or (p_attempt_ids is null and not exists (
              select from atelier.endpoints e where e.id = q.endpoint_id and e.adapter = 'pull')))
     order by q.job_id
       for update
  loop
    perform atelier_engine.settle_attempt(lost.job_id, lost.attempt_id, message);
    settled := settled + 1;
  end loop;
  if p_attempt_ids is null then
    update atelier_engine.lookups l set ask_at = clock_timestamp();
  end if;
  return settled;
end;
$$;
grant execute on function atelier_engine.settle_attempts(uuid[], text) to atelier_worker;
comment on function atelier_engine.settle_attempts(uuid[], text) is
$$Settle attempts in flight whose outcome will never be reported

They become ambiguous, and their endpoint's ambiguity_policy decides about the jobs. Null means every attempt in
flight in this database that is no worker's: a new dispatcher begins with that. Returns how many were settled.$$;

create or replace function atelier_engine.settle_attempt(p_job_id uuid, p_attempt_id uuid, p_reason text)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  update atelier_engine.attempts a
     set state = 'ambiguous', recorded_at = clock_timestamp(), error_class = 'ambiguous', error_message = p_reason
   where a.id = p_attempt_id;
  perform atelier_engine.log_calls(array[p_attempt_id], array[null::jsonb], array[null::jsonb], false);
  perform atelier_engine.resolve_ambiguous(p_job_id, p_attempt_id, 'ambiguous', p_reason);
end;
$$;
comment on function atelier_engine.settle_attempt(uuid, uuid, text) is
  'Make one attempt ambiguous and decide about its job';

create or replace function atelier_engine.reap_expired_leases()
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  batch constant integer := 1000;
  late record;
  reaped integer := 0;
begin
  if not atelier_engine.instance_is_adopted() then
    return 0;
  end if;
  for late in
    select q.job_id, q.attempt_id, q.state
      from atelier_engine.queue q
     where q.state in ('leased', 'held')
       and (q.lease_expires_at <= clock_timestamp() or q.next_check_at <= clock_timestamp())
       and (q.state = 'held' or not atelier_engine.worker_is_excused(q.job_id, q.endpoint_id))
     order by q.job_id
     limit batch
       for update skip locked
  loop
    if late.state = 'leased' then
      perform atelier_engine.settle_attempt(late.job_id, late.attempt_id, 'the lease expired before an answer came');
    else
      perform atelier_engine.give_up_held_job(late.job_id);
    end if;
    reaped := reaped + 1;
  end loop;
  perform atelier_engine.forget_avoidances(), atelier_engine.expire_late_results(batch),
    atelier_engine.settle_missed_checks(batch);
  return reaped + atelier_engine.fail_unreachable(batch) + atelier_engine.unblock_missed(batch)
    + atelier_engine.sweep_parked()::integer;
end;
$$;
grant execute on function atelier_engine.reap_expired_leases() to atelier_worker;
comment on function atelier_engine.reap_expired_leases() is
$$Look after the jobs that nobody else will

Settles attempts whose lease is over, fails held jobs whose time is up and jobs whose endpoints were out of reach for
too long, and starts jobs whose last dependency was completed while they were being queued. Returns how many.$$;

create or replace function atelier_engine.give_up_held_job(p_job_id uuid)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.finish_job(
            j.id, 'failed', coalesce(j.error_class, 'ambiguous'),
            case when coalesce(j.error_class, 'ambiguous') = 'ambiguous'
                 then 'it is not known whether the request was carried out'
                 else format('%s; nobody decided in time what to do', j.error_message) end)
     from atelier.jobs j
    where j.id = p_job_id;
end;
$$;
comment on function atelier_engine.give_up_held_job(uuid) is 'Fail a held job whose time is up';

create or replace function atelier_engine.forget_avoidances()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  longest_wait constant interval := interval '30 seconds';
begin
  update atelier_engine.queue q set avoid_endpoint_id = null
   where q.avoid_endpoint_id is not null and q.state = 'ready' and q.run_at <= clock_timestamp() - longest_wait;
end;
$$;
comment on function atelier_engine.forget_avoidances() is
$$Let jobs go anywhere again that found no other place in time

So that no claim passes over them for long, and none starves when the other endpoints go away.$$;

create or replace function atelier_engine.fail_unreachable(p_limit integer)
returns integer
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  stranded record;
  failed integer := 0;
begin
  for stranded in
    with lost_models as materialized (
      select r.model_id, max(e.unavailable_timeout) as patience, max(s.last_error) as reason
        from atelier_engine.routes r
        join atelier.endpoints e on e.id = r.endpoint_id
        left join atelier_engine.endpoint_states s on s.endpoint_id = r.endpoint_id
       group by r.model_id
      having bool_and(coalesce(s.unavailable_since + e.unavailable_timeout <= clock_timestamp(), false)))
    select q.job_id, coalesce(m.reason, 'no endpoint can be reached') as reason
      from lost_models m
      join atelier_engine.queue q on q.model_id = m.model_id and q.state = 'ready'
      join atelier.jobs j on j.id = q.job_id
     where j.created_at + m.patience <= clock_timestamp()
     order by q.job_id
     limit p_limit
       for update of q skip locked
  loop
    if atelier_engine.fails_over_when_stranded(stranded.job_id) then
      perform atelier_engine.wake_dispatcher();
    else
      perform atelier_engine.finish_job(stranded.job_id, 'failed', 'unavailable', stranded.reason);
    end if;
    failed := failed + 1;
  end loop;
  return failed;
end;
$$;
comment on function atelier_engine.fail_unreachable(integer) is
$$Fail ready jobs that waited longer than unavailable_timeout

Only where every endpoint of their model has been out of reach for as long; where the policy for unavailable is fail_over,
an equivalent model takes them if it can.$$;

create or replace function atelier_engine.fails_over_when_stranded(p_job_id uuid)
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  other uuid;
begin
  if not exists (
    select from atelier_engine.queue q
      join atelier_engine.routes r on r.model_id = q.model_id
     where q.job_id = p_job_id
       and (atelier_engine.retry_policy_for('unavailable', r.endpoint_id)).action = 'fail_over') then
    return false;
  end if;
  select atelier_engine.equivalent_model(q.job_id, q.model_id) into other
    from atelier_engine.queue q where q.job_id = p_job_id;
  perform atelier_engine.move_to_model(p_job_id, other);
  return other is not null;
end;
$$;
comment on function atelier_engine.fails_over_when_stranded(uuid) is
  'Give a job that no endpoint of its model can take to an equivalent model, if the policy is to do so';
