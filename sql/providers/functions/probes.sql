-- Providers: asking servers how they are, without a job. The dispatcher has its courier do it, and the breakers learn from
-- the answers as they do from those to jobs.

create or replace function atelier_engine.default_health_path(p_adapter text)
returns text
language sql immutable
begin atomic
  -- Only what the servers of an adapter answer without a charge.
  select case p_adapter when 'openai_images' then 'models' when 'comfyui' then '/prompt'
                         when 'a1111' then '/sdapi/v1/progress' when 'kserve_v2' then '/v2/health/ready'
                         when 'sdcpp' then '/sdcpp/v1/capabilities' end;
end;
comment on function atelier_engine.default_health_path(text) is
$$What a server with this adapter is asked to find out how it is; null: there is nothing that all of them have

The list of models costs nothing at any server with the API of OpenAI.$$;

create or replace function atelier_engine.next_probe_of(
  p_endpoint_id uuid, p_every interval, p_since timestamptz, p_state atelier_engine.endpoint_states
)
returns timestamptz
language sql stable
begin atomic
  -- Whoever is busy tells how it is by its answers. An open breaker asks when its time is over, before a job has to.
  select case
    when p_state.blocked_until is not null then greatest(p_state.blocked_until, p_state.probe_until)
    when p_state.breaker_state is distinct from 'half_open' and exists (
           select from atelier_engine.queue q where q.endpoint_id = p_endpoint_id and q.state = 'leased')
      then greatest(p_since, p_state.probed_at, clock_timestamp()) + p_every
    else greatest(greatest(p_since, p_state.probed_at) + p_every, p_state.probe_until) end;
end;
comment on function atelier_engine.next_probe_of(uuid, interval, timestamptz, atelier_engine.endpoint_states) is
  'When an endpoint is to be asked how it is; p_since: it was not asked before that';

create or replace function atelier_engine.next_probe_at(p_since timestamptz)
returns timestamptz
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if not atelier_engine.instance_is_adopted() then
    return null;
  end if;
  return (
    select min(atelier_engine.next_probe_of(p.endpoint_id, p.every, greatest(p_since, p.updated_at), s))
      from atelier_engine.probed_endpoints p
      left join atelier_engine.endpoint_states s on s.endpoint_id = p.endpoint_id);
end;
$$;
grant execute on function atelier_engine.next_probe_at(timestamptz) to atelier_worker;
comment on function atelier_engine.next_probe_at(timestamptz) is
$$When claim_probes() will have something to do

p_since is when the dispatcher began, so that a server has time to come up. Null when no endpoint is asked.$$;

create or replace function atelier_engine.claim_probes(p_since timestamptz)
returns table (
  probe_id uuid,
  endpoint_id uuid,
  token_id uuid,
  url text,
  path text,
  secret text,
  auth_header text,
  connect_timeout_ms integer,
  total_timeout_ms integer,
  private_network boolean,
  sealed_secret bytea
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  batch constant integer := 100;
  most_patience_ms constant integer := 10000;
  moment constant timestamptz := clock_timestamp();
  due uuid[];
begin
  if not atelier_engine.instance_is_adopted() then
    return;
  end if;
  due := array(
    select p.endpoint_id
      from atelier_engine.probed_endpoints p
      left join atelier_engine.endpoint_states s on s.endpoint_id = p.endpoint_id
     where atelier_engine.next_probe_of(p.endpoint_id, p.every, greatest(p_since, p.updated_at), s) <= moment
     order by p.endpoint_id
     limit batch);
  insert into atelier_engine.endpoint_states as s (endpoint_id, probed_at, probe_until)
  select d.id, moment, moment + make_interval(secs => 2 + most_patience_ms / 1000.0) from unnest(due) d (id)
      on conflict on constraint endpoint_states_pkey
      do update set probed_at = excluded.probed_at, probe_until = excluded.probe_until;
  return query
    select atelier.uuid7(), e.id, t.token_id, e.base_url, p.path, k.secret,
           case when k.token_id is not null then
             v.auth_header_name || case v.auth_scheme when 'header' then '' else ': ' || initcap(v.auth_scheme) end end,
           least(e.connect_timeout_ms, most_patience_ms), most_patience_ms, e.private_network, k.sealed
      from atelier_engine.probed_endpoints p
      join atelier.endpoints e on e.id = p.endpoint_id
      join atelier.api_providers v on v.id = e.provider_id
      left join lateral (select * from atelier_engine.usable_tokens(e.provider_id) limit 1) t on true
      left join atelier_engine.provider_secrets k on k.token_id = t.token_id
     where p.endpoint_id = any (due);
end;
$$;
grant execute on function atelier_engine.claim_probes(timestamptz) to atelier_worker;
comment on function atelier_engine.claim_probes(timestamptz) is
$$The endpoints that are to be asked now how they are, and what they are asked

Idle ones, those whose breaker is half open, and those whose breaker has been open for long enough: these get no job before
the answer is recorded, or twelve seconds are over.$$;

create or replace function atelier_engine.record_probes(p_answers jsonb)
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  answer record;
  opened integer := 0;
begin
  for answer in
    select r.*
      from jsonb_to_recordset(p_answers)
             r (endpoint_id uuid, token_id uuid, error_class text, message text, retry_after_ms integer, sent boolean)
     order by r.endpoint_id
  loop
    if answer.error_class in ('unavailable', 'transient_net', 'ambiguous', 'overload', 'throttled') then
      perform atelier_engine.note_failed_probe(
        answer.endpoint_id, answer.token_id, answer.error_class, answer.message, answer.retry_after_ms, answer.sent);
    else
      opened := opened + atelier_engine.note_answered_probe(
        answer.endpoint_id, answer.error_class, answer.message)::integer;
    end if;
  end loop;
  return opened;
end;
$$;
grant execute on function atelier_engine.record_probes(jsonb) to atelier_worker;
comment on function atelier_engine.record_probes(jsonb) is
$$Record how servers answered the question how they are

An array of {endpoint_id, token_id, error_class, message, retry_after_ms, sent}; without an error class the answer was good.
Returns how many endpoints may get jobs now that might not before.$$;

create or replace function atelier_engine.note_failed_probe(
  p_endpoint_id uuid, p_token_id uuid, p_error_class text, p_message text, p_retry_after_ms integer, p_sent boolean
)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  message constant text := coalesce(nullif(left(atelier_engine.redact(p_message), 1000), ''), replace(p_error_class, '_', ' '));
begin
  -- The breaker's time is over, else nobody would have asked: this is news. And one answer is enough, because the server
  -- was asked for nothing else.
  update atelier_engine.endpoint_states s
     set probe_until = null, probe_error = message, probe_failing = p_error_class <> 'throttled',
         blocked_until = case when s.blocked_until > clock_timestamp() then s.blocked_until end,
         failure_count = case when p_error_class in ('unavailable', 'throttled') then s.failure_count
                              else greatest(s.failure_count, e.breaker_threshold - 1) end
    from atelier.endpoints e
   where s.endpoint_id = p_endpoint_id and e.id = s.endpoint_id;
  perform atelier_engine.note_endpoint_failure(
    p_endpoint_id, p_token_id, p_error_class, message, p_retry_after_ms, p_sent);
end;
$$;
comment on function atelier_engine.note_failed_probe(uuid, uuid, text, text, integer, boolean) is
  'Open the breaker of an endpoint that cannot be reached, does not answer, or says itself that it is not well';

create or replace function atelier_engine.note_answered_probe(p_endpoint_id uuid, p_error_class text, p_message text)
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  moment constant timestamptz := clock_timestamp();
  was text;
  is_now text;
begin
  select s.breaker_state into was from atelier_engine.endpoint_states s where s.endpoint_id = p_endpoint_id for update;
  -- A question about health answers for what such a question has found, and for being reachable. Whether jobs that failed
  -- would do better now, only a job can tell. Nor says a refusal of the question anything but that somebody is there.
  update atelier_engine.endpoint_states s
     set probe_until = null, probe_error = left(atelier_engine.redact(p_message), 1000),
         probe_failing = s.probe_failing and p_error_class is not null,
         unavailable_since = case when p_error_class = 'internal' then s.unavailable_since end,
         unavailable_count = case when p_error_class = 'internal' then s.unavailable_count else 0 end,
         trip_count = case when s.probe_failing and p_error_class is null then 0 else s.trip_count end,
         failure_count = case when s.probe_failing and p_error_class is null then 0 else s.failure_count end,
         blocked_until = case when s.blocked_until > moment
                               and (s.throttled_count > 0 or (s.trip_count > 0 and not s.probe_failing))
                              then s.blocked_until end
   where s.endpoint_id = p_endpoint_id
  returning s.breaker_state into is_now;
  if is_now = 'closed' then
    update atelier_engine.endpoint_states s set opened_at = null where s.endpoint_id = p_endpoint_id;
  end if;
  return coalesce(was <> is_now and is_now <> 'open', false);
end;
$$;
comment on function atelier_engine.note_answered_probe(uuid, text, text) is
$$Learn that a server answered the question how it is

p_error_class is null for a good answer. True when jobs may go there that might not before.$$;
