-- Jobs: why a job waits, and where it would go. Every reason is {code, text} and, where it is known, until.

create or replace function atelier.explain_job(job_id uuid)
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  job atelier.jobs;
  queued atelier_engine.queue;
  reasons jsonb;
  routes jsonb;
  ahead integer;
begin
  select j.* into job from atelier.jobs j
   where j.id = explain_job.job_id
     and (j.user_id = auth.uid() or atelier_engine.is_service_role()
          or atelier_engine.user_has_role(auth.uid(), 'admin'));
  if not found then
    raise sqlstate 'PT404' using
      message = 'no such job', hint = 'The job does not exist or belongs to somebody else.';
  end if;
  select q.* into queued from atelier_engine.queue q where q.job_id = job.id;
  if job.status in ('queued', 'processing') then
    routes := atelier_engine.explain_routes(coalesce(queued.model_id, job.api_model_id), queued.avoid_endpoint_id);
    reasons := atelier_engine.explain_engine() || atelier_engine.explain_state(job, queued);
    if queued.state in ('ready', 'parked', 'waiting', 'blocked') then
      reasons := reasons || atelier_engine.explain_pauses(job, queued.model_id);
    end if;
    if queued.state = 'ready' then
      ahead := atelier_engine.jobs_ahead(queued);
      reasons := reasons || atelier_engine.explain_turn(routes, ahead);
    end if;
  else
    reasons := jsonb_build_array(atelier_engine.reason(
      'finished', format('it is %s', job.status) || coalesce(': ' || job.error_message, ''), job.completed_at));
  end if;
  return jsonb_strip_nulls(jsonb_build_object(
           'job_id', job.id, 'status', job.status, 'state', queued.state,
           'summary', format('The job is %s: %s.', job.status, (
             select string_agg(r.reason ->> 'text', '; ' order by r.place)
               from jsonb_array_elements(reasons) with ordinality r (reason, place))),
           'reasons', reasons, 'jobs_ahead', ahead, 'routes', routes,
           'attempts', job.attempts, 'max_attempts', job.max_attempts, 'last_error', job.error_message));
end;
$$;
grant execute on function atelier.explain_job(uuid) to authenticated, service_role;
comment on function atelier.explain_job(uuid) is
$$Why a job waits, and where it would go

summary says it in words. reasons has each cause as {code, text, until}: finished, processing, cancelling, held, looking_up, waiting_for_jobs,
not_before, over_a_cap, paused, no_endpoint, no_open_endpoint, endpoints_busy, behind_others, starting, not_adopted,
workers_not_running, not_in_the_queue. routes has the endpoints that serve the model, whether each is open to the job, and
why not; jobs_ahead is how many of the model come before it (at most 10 000 are counted). For the owner, administrators and
the service role; PT404 for others.$$;

create or replace function atelier_engine.reason(p_code text, p_text text, p_until timestamptz default null)
returns jsonb
language sql immutable
begin atomic
  select jsonb_strip_nulls(jsonb_build_object('code', p_code, 'text', p_text, 'until', p_until));
end;
comment on function atelier_engine.reason(text, text, timestamptz) is 'One reason of explain_job()';

create or replace function atelier_engine.explain_engine()
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  missing text;
begin
  if not atelier_engine.instance_is_adopted() then
    return jsonb_build_array(atelier_engine.reason(
      'not_adopted', 'this database was restored or copied and dispatches nothing until adopt_instance() is called'));
  end if;
  select string_agg(w.name, ' and ' order by w.place) into missing
    from (values (1, 'dispatcher'), (2, 'courier')) w (place, name)
   where not exists (
     select from atelier_engine.worker_processes() p
       join pg_database d on d.oid = p.database_oid and d.datname = current_database()
      where p.process = w.name and p.state = 'running');
  if missing is not null then
    return jsonb_build_array(atelier_engine.reason('workers_not_running', format('%s not running', missing)));
  end if;
  return jsonb_build_array();
end;
$$;
comment on function atelier_engine.explain_engine() is 'Part of explain_job(): what keeps every job from starting';

create or replace function atelier_engine.explain_state(p_job atelier.jobs, p_queued atelier_engine.queue)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  place text;
  cap integer;
  open_jobs text;
begin
  if p_queued.job_id is null then
    return jsonb_build_array(atelier_engine.reason('not_in_the_queue', 'it is not in the queue; see stuck_jobs'));
  end if;
  select a.endpoint_name into place from atelier_engine.attempts a where a.id = p_queued.attempt_id;
  case p_queued.state
    when 'leased' then
      return jsonb_build_array(
        case when p_job.cancel_requested_at is null
             then atelier_engine.reason('processing', format('it is at %s', place), p_queued.lease_expires_at)
             else atelier_engine.reason('cancelling', format('%s was told to stop', place), p_queued.lease_expires_at) end);
    when 'held' then
      if exists (select from atelier_engine.lookups l where l.attempt_id = p_queued.attempt_id) then
        return jsonb_build_array(atelier_engine.reason(
          'looking_up', format('%s is asked what became of the request', place), p_queued.next_check_at));
      end if;
      return jsonb_build_array(atelier_engine.reason(
        'held', format('it is held until somebody decides what became of the request to %s', place), p_queued.next_check_at));
    when 'waiting' then
      return jsonb_build_array(atelier_engine.reason(
        'not_before', case when p_job.error_class is null then 'its time has not come'
                           else format('the next try comes after a pause, because the last one failed: %s', p_job.error_message)
                      end, p_queued.run_at));
    when 'parked' then
      cap := atelier_engine.cap_of(p_queued.user_id, p_queued.workspace_id);
      return case when cap = 0 then jsonb_build_array() else jsonb_build_array(atelier_engine.reason(
        'over_a_cap', format('as many jobs of this user or workspace run as may run at once (%s)', coalesce(cap::text, 'until a moment ago'))))
             end;
    when 'blocked' then
      if exists (select from atelier_engine.review_holds h where h.job_id = p_job.id) then
        return jsonb_build_array(atelier_engine.reason('moderation', 'its prompt is being checked, or waits for a moderator'));
      end if;
      select string_agg(j.id::text, ', ' order by j.id) into open_jobs
        from atelier.job_dependencies d
        join atelier.jobs j on j.id = d.depends_on_job_id
       where d.job_id = p_job.id and j.status in ('queued', 'processing');
      return jsonb_build_array(
        atelier_engine.reason('waiting_for_jobs', format('it waits for %s', coalesce(open_jobs, 'the janitor to look at it'))));
    else
      return jsonb_build_array();
  end case;
end;
$$;
comment on function atelier_engine.explain_state(atelier.jobs, atelier_engine.queue) is
  'Part of explain_job(): what the state in the queue means';

create or replace function atelier_engine.explain_pauses(p_job atelier.jobs, p_model_id uuid)
returns jsonb
language sql stable
begin atomic
  select coalesce(jsonb_agg(atelier_engine.reason(
           'paused',
           case when p.user_id is not null then 'the jobs of this account are paused'
                when p.model_id is not null then format('the model %s is paused', m.model_key)
                else format('the lane %s is paused', v.name) end || coalesce(': ' || p.reason, ''),
           p.ends_at) order by p.created_at), '[]')
    from atelier.pauses p
    join atelier.api_models m on m.id = p_model_id
    join atelier.api_providers v on v.id = m.provider_id
   where p.mode = 'pause' and (p.ends_at is null or p.ends_at > clock_timestamp())
     and (p.user_id = p_job.user_id or p.model_id = m.id or p.provider_id = v.id);
end;
comment on function atelier_engine.explain_pauses(atelier.jobs, uuid) is
  'Part of explain_job(): what operators paused';

create or replace function atelier_engine.jobs_ahead(p_queued atelier_engine.queue)
returns integer
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
  most constant integer := 10000;
begin
  -- Two ranges of the index in which claims look, each read for at most so many entries.
  return least(most,
    (select count(*) from (
       select from atelier_engine.queue q
        where q.state = 'ready' and q.model_id = p_queued.model_id and q.priority > p_queued.priority limit most) h)
    + (select count(*) from (
       select from atelier_engine.queue q
        where q.state = 'ready' and q.model_id = p_queued.model_id and q.priority = p_queued.priority
          and (q.vtime, q.job_id) < (p_queued.vtime, p_queued.job_id) limit most) s))::integer;
end;
$$;
comment on function atelier_engine.jobs_ahead(atelier_engine.queue) is
  'How many ready jobs of the same model come before this one; no more than 10 000 are counted';

create or replace function atelier_engine.explain_turn(p_routes jsonb, p_ahead integer)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  best record;
begin
  if p_routes = '[]' then
    return jsonb_build_array(atelier_engine.reason('no_endpoint', 'no active endpoint serves the model'));
  end if;
  select bool_or((r ->> 'open')::boolean) as open, bool_or((r ->> 'open')::boolean and (r ->> 'free')::integer > 0) as free,
         min((r ->> 'until')::timestamptz) filter (where r ? 'until') as until,
         string_agg(format('%s: %s', r ->> 'endpoint', r ->> 'why'), ', ' order by r ->> 'endpoint') as causes,
         string_agg(r ->> 'endpoint', ', ' order by r ->> 'endpoint') filter (where (r ->> 'open')::boolean) as places
    into best
    from jsonb_array_elements(p_routes) r;
  if not best.open then
    return jsonb_build_array(
      atelier_engine.reason('no_open_endpoint', format('no endpoint takes it now (%s)', best.causes), best.until));
  end if;
  return jsonb_build_array(
    case when p_ahead > 0 then atelier_engine.reason('behind_others', format('%s jobs come before it at %s', p_ahead, best.places))
         when not best.free then atelier_engine.reason('endpoints_busy', format('it is next, and %s has no room', best.places))
         else atelier_engine.reason('starting', format('it is next, and goes to %s', best.places)) end);
end;
$$;
comment on function atelier_engine.explain_turn(jsonb, integer) is
  'Part of explain_job(): why a ready job has not started';

create or replace function atelier_engine.explain_tokens(p_endpoint_id uuid, p_provider_id uuid)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
  with usable as (
    select coalesce(u.slots, 1) > 0 as has_slot,
           coalesce(atelier_engine.rate_room(p_endpoint_id, u.token_id), 1) > 0 as has_rate
      from atelier_engine.usable_tokens(p_provider_id) u),
  resting as (
    select string_agg(distinct s.last_error_class, ', ') as causes, min(s.blocked_until) as until
      from atelier.provider_tokens t
      join atelier_engine.token_states s on s.token_id = t.id and s.breaker_state = 'open'
      join atelier_engine.provider_secrets k on k.token_id = t.id
     where t.provider_id = p_provider_id and t.is_active),
  spent as (
    select bool_and(atelier_engine.has_spent_its_cap(t)) as everything
      from atelier.provider_tokens t
      join atelier_engine.provider_secrets k on k.token_id = t.id
     where t.provider_id = p_provider_id and t.is_active)
  select case
    when exists (select from usable u where u.has_slot and u.has_rate) then null
    when exists (select from usable u where u.has_slot) then jsonb_build_object(
      'why', 'as many requests as its rate allows went there', 'until', atelier_engine.next_refill_at())
    when exists (select from usable) then jsonb_build_object('why', 'every token has as many requests as it takes')
    when r.until is not null then jsonb_build_object('why', format('every token rests (%s)', r.causes), 'until', r.until)
    when s.everything then jsonb_build_object(
      'why', 'every token has spent what it may',
      'until', (date_trunc('day', clock_timestamp() at time zone 'UTC') + interval '1 day') at time zone 'UTC')
    else jsonb_build_object('why', 'no active token with a secret') end
    from resting r, spent s);
end;
$$;
comment on function atelier_engine.explain_tokens(uuid, uuid) is
  'Part of explain_job(): why an endpoint cannot be asked with any token; null when it can';

create or replace function atelier_engine.worker_silence(p_endpoint_id uuid)
returns timestamptz
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  longest_silence constant interval := interval '90 seconds';
begin
  return (
    select w.last_heartbeat_at from atelier.workers w
     where w.endpoint_id = p_endpoint_id and w.last_heartbeat_at < clock_timestamp() - longest_silence);
end;
$$;
comment on function atelier_engine.worker_silence(uuid) is
  'When the worker of an endpoint was last heard of, if that was too long ago; null: all is well, or it has no worker';

create or replace function atelier_engine.explain_routes(p_model_id uuid, p_avoid uuid)
returns jsonb
language sql stable
begin atomic
  select coalesce(jsonb_agg(jsonb_strip_nulls(jsonb_build_object(
           'endpoint', e.name, 'open', w.why is null, 'why', w.why, 'until', w.until, 'busy', b.busy,
           'free', greatest(e.max_concurrency - b.busy, 0), 'breaker', coalesce(s.breaker_state, 'closed'))) order by e.name), '[]')
    from atelier_engine.routes r
    join atelier.endpoints e on e.id = r.endpoint_id
    join atelier.api_models m on m.id = r.model_id
    left join atelier_engine.endpoint_states s on s.endpoint_id = e.id
    left join atelier.pauses d on d.endpoint_id = e.id and (d.ends_at is null or d.ends_at > clock_timestamp())
   cross join lateral (select atelier_engine.worker_silence(e.id) as since) k
   cross join lateral (
     select count(*)::integer as busy
       from atelier_engine.queue q where q.endpoint_id = e.id and q.state = 'leased') b
   cross join lateral (select atelier_engine.explain_tokens(e.id, e.provider_id) as tokens) t
   cross join lateral (
     select case when d.id is not null then case d.mode when 'drain' then 'draining' else 'paused' end || coalesce(': ' || d.reason, '')
                 when e.max_concurrency = 0 then 'closed, max_concurrency is 0'
                 when k.since is not null then format('its worker was not heard of since %s', k.since)
                 when s.blocked_until is not null
                   then format('circuit breaker open after %s', coalesce(s.last_error, s.last_error_class, 'failures'))
                 when t.tokens is not null then t.tokens ->> 'why'
                 when atelier_engine.model_room(m.id, m.max_concurrency) = 0 then 'as many jobs of the model as may run are running'
                 when e.id = p_avoid then 'the last try failed there' end as why,
            case when d.id is not null then d.ends_at
                 when e.max_concurrency = 0 or k.since is not null then null
                 when s.blocked_until is not null then s.blocked_until
                 when t.tokens is not null then (t.tokens ->> 'until')::timestamptz end as until) w
   where r.model_id = p_model_id;
end;
comment on function atelier_engine.explain_routes(uuid, uuid) is
  'Part of explain_job(): the endpoints that serve a model, and what keeps each from taking a job';
