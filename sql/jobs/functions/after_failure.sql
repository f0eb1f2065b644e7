-- Jobs: what becomes of a job after a failure. The caller holds the lock on the queue row.

create or replace function atelier_engine.retry_policy_for(p_error_class text, p_endpoint_id uuid)
returns atelier.retry_policies
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  policy atelier.retry_policies;
begin
  select r.* into policy
    from atelier.retry_policies r
   where r.error_class = p_error_class
     and (r.endpoint_id = p_endpoint_id
          or r.provider_id = (select e.provider_id from atelier.endpoints e where e.id = p_endpoint_id)
          or (r.endpoint_id is null and r.provider_id is null))
   order by r.endpoint_id is null, r.provider_id is null
   limit 1;
  if not found then
    select d.error_class, d.action, d.uses_up_attempt, d.first_delay, d.longest_delay, d.otherwise
      into policy.error_class, policy.action, policy.uses_up_attempt, policy.first_delay, policy.longest_delay,
           policy.otherwise
      from atelier.default_retry_policies d
     where d.error_class = p_error_class or d.error_class = 'internal'
     order by d.error_class = p_error_class desc
     limit 1;
  end if;
  return policy;
end;
$$;
comment on function atelier_engine.retry_policy_for(text, uuid) is
$$What happens after a failure of this kind at this endpoint

The row of retry_policies that is nearest, else the default. A class that nobody knows is treated as internal.$$;

create or replace function atelier_engine.apply_retry_policy(
  p_job_id uuid, p_attempt_id uuid, p_policy atelier.retry_policies, p_error_class text, p_error_message text
)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  action text := p_policy.action;
  used integer;
  allowed integer;
begin
  update atelier.jobs j set attempts = j.attempts + p_policy.uses_up_attempt::integer
   where j.id = p_job_id
  returning j.attempts, j.max_attempts into used, allowed;
  -- An action that costs nothing may still find the attempts used up, by what happened before.
  if p_policy.uses_up_attempt and used >= allowed and action <> 'hold' then
    action := 'fail';
  elsif action in ('elsewhere', 'fail_over')
        and not atelier_engine.find_other_place(p_job_id, p_attempt_id, action = 'fail_over') then
    action := p_policy.otherwise;
  end if;
  if action = 'fail' then
    perform atelier_engine.finish_job(p_job_id, 'failed', p_error_class, p_error_message);
  elsif action = 'hold' then
    perform atelier_engine.hold_job(p_job_id, p_attempt_id, p_error_class, p_error_message);
  else
    perform atelier_engine.release_job(
      p_job_id, clock_timestamp() + atelier_engine.retry_delay(p_policy.first_delay, p_policy.longest_delay, used),
      p_error_class, p_error_message);
  end if;
end;
$$;
comment on function atelier_engine.apply_retry_policy(uuid, uuid, atelier.retry_policies, text, text) is
$$Do with a job what a policy says: another try, here or elsewhere, hold, or fail

It fails, too, when the last of max_attempts is used up.$$;

create or replace function atelier_engine.retry_delay(p_first interval, p_longest interval, p_failures integer)
returns interval
language sql volatile
begin atomic
  -- Null for no pause at all: then the job keeps its place.
  select case when p_first > interval '0'
              then random() * least(p_longest, p_first * 2 ^ least(greatest(p_failures - 1, 0), 20)) end;
end;
comment on function atelier_engine.retry_delay(interval, interval, integer) is
$$How long a job waits for its next try

Anything up to p_first after the first failure, up to twice as long after each further one, at most p_longest: all of it
is chance, so that jobs which failed together do not come back together. Null when p_first is nothing.$$;

create or replace function atelier_engine.back_off(p_failures integer)
returns interval
language sql volatile
begin atomic
  -- Half of it is chance, so that dispatchers which failed together do not come back together.
  select make_interval(secs => b.seconds / 2 * (1 + random()))
    from (select least(30, 2 ^ least(greatest(p_failures, 1), 5)) as seconds) b;
end;
comment on function atelier_engine.back_off(integer) is
$$How long an endpoint or a token is left alone after so many failures in a row

1 to 2 seconds after the first, twice as long after each further one, at most 30 seconds.$$;

create or replace function atelier_engine.find_other_place(p_job_id uuid, p_attempt_id uuid, p_other_models boolean)
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  failed record;
  other uuid;
begin
  select q.model_id, a.endpoint_id, a.token_id, e.provider_id
    into failed
    from atelier_engine.queue q
    join atelier_engine.attempts a on a.id = p_attempt_id
    left join atelier.endpoints e on e.id = a.endpoint_id
   where q.job_id = p_job_id;
  if exists (select from atelier_engine.open_routes r
              where r.model_id = failed.model_id and r.endpoint_id is distinct from failed.endpoint_id) then
    update atelier_engine.queue q set avoid_endpoint_id = failed.endpoint_id where q.job_id = p_job_id;
    return true;
  end if;
  update atelier_engine.queue q set avoid_endpoint_id = null
   where q.job_id = p_job_id and q.avoid_endpoint_id is not null;
  -- The breaker of the token that was refused is open, so this is another one.
  if failed.token_id is not null
     and exists (select from atelier_engine.usable_tokens(failed.provider_id) t where t.token_id <> failed.token_id) then
    return true;
  end if;
  if p_other_models then
    other := atelier_engine.equivalent_model(p_job_id, failed.model_id);
    perform atelier_engine.move_to_model(p_job_id, other);
    return other is not null;
  end if;
  return false;
end;
$$;
comment on function atelier_engine.find_other_place(uuid, uuid, boolean) is
$$Send a job elsewhere than where it failed

To another endpoint of its model that is open, else with another token, else, if allowed, to an equivalent model. False
when there is no such place.$$;

create or replace function atelier_engine.equivalent_model(p_job_id uuid, p_model_id uuid)
returns uuid
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  candidate record;
begin
  for candidate in
    select m.id, m.parameter_schema, j.parameters
      from atelier.jobs j
      join atelier.api_models o on o.id = j.api_model_id
     cross join lateral unnest(o.equivalent_models) with ordinality e (model_key, place)
      join atelier.api_models m on m.model_key = e.model_key and m.is_active and m.modality = o.modality
     where j.id = p_job_id and m.id <> p_model_id
       and exists (select from atelier_engine.open_routes r where r.model_id = m.id)
     order by e.place
  loop
    begin
      perform atelier_engine.validate_parameters(candidate.parameter_schema, candidate.parameters);
      return candidate.id;
    exception when invalid_parameter_value then
      null;  -- it does not take what this job asks for
    end;
  end loop;
  return null;
end;
$$;
comment on function atelier_engine.equivalent_model(uuid, uuid) is
$$The model that takes over a job from p_model_id

The first of equivalent_models of the job's own model that is active, has an open route and takes the job's parameters;
null when there is none.$$;

create or replace function atelier_engine.hold_job(
  p_job_id uuid, p_attempt_id uuid, p_error_class text, p_error_message text
)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  hold_time interval;
begin
  select e.hold_timeout into hold_time
    from atelier_engine.attempts a
    join atelier.endpoints e on e.id = a.endpoint_id
   where a.id = p_attempt_id;
  update atelier_engine.queue q
     set state = 'held', lease_expires_at = null,
         next_check_at = clock_timestamp() + coalesce(hold_time, interval '1 hour')
   where q.job_id = p_job_id;
  update atelier.jobs j
     set status = 'processing', error_class = p_error_class, error_message = p_error_message,
         started_at = coalesce(j.started_at, (
           select min(a.claimed_at) from atelier_engine.attempts a where a.job_id = j.id))
   where j.id = p_job_id;
end;
$$;
comment on function atelier_engine.hold_job(uuid, uuid, text, text) is
  'Keep a job until an operator decides, or hold_timeout of its endpoint has passed';

create or replace function atelier_engine.resolve_ambiguous(
  p_job_id uuid, p_attempt_id uuid, p_error_class text, p_error_message text
)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  where_it_was record;
  policy atelier.retry_policies;
begin
  if (select j.cancel_requested_at is not null from atelier.jobs j where j.id = p_job_id) then
    perform atelier_engine.finish_job(p_job_id, 'cancelled', null, null);
    return;
  end if;
  -- An endpoint that was deleted meanwhile may have charged for the request.
  select coalesce(e.ambiguity_policy, 'fail') as ambiguity_policy, e.id, a.external_id into where_it_was
    from atelier_engine.attempts a
    left join atelier.endpoints e on e.id = a.endpoint_id
   where a.id = p_attempt_id;
  if atelier_engine.can_look_up(where_it_was.id, where_it_was.external_id) then
    perform atelier_engine.start_lookup(p_job_id, p_attempt_id, p_error_class, p_error_message);
    return;
  end if;
  policy := atelier_engine.retry_policy_for(p_error_class, where_it_was.id);
  policy.uses_up_attempt := true;  -- else a job that kills its carrier would be tried for ever
  -- What cannot be looked up is held: its provider may have got other options since.
  policy.action := case where_it_was.ambiguity_policy when 'retry' then policy.action when 'fail' then 'fail' else 'hold' end;
  perform atelier_engine.apply_retry_policy(p_job_id, p_attempt_id, policy, p_error_class, p_error_message);
end;
$$;
comment on function atelier_engine.resolve_ambiguous(uuid, uuid, text, text) is
$$Decide about a job whose request may or may not have been carried out, or whose answer was lost here

As ambiguity_policy of the endpoint says: another try, fail, ask the provider, or hold for a while and then fail. All but
asking use up an attempt; when the provider does not know the request, the try that follows does.$$;
