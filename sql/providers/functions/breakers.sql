-- Providers: circuit breakers, one for each endpoint and one for each token. They learn from what attempts report; the
-- claim leaves alone what is open, and sends one request, as a probe, to what is half open.

create or replace function atelier_engine.note_endpoint_failure(
  p_endpoint_id uuid, p_token_id uuid, p_error_class text, p_message text, p_retry_after_ms integer,
  p_request_sent boolean
)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  longest_pause constant interval := interval '1 hour';
  asked constant interval := least(make_interval(secs => coalesce(p_retry_after_ms, 0) / 1000.0), longest_pause);
  about_token constant boolean := p_token_id is not null and p_error_class in ('auth', 'payment', 'throttled');
begin
  if about_token then
    perform atelier_engine.note_token_failure(p_token_id, p_error_class, p_message, asked);
  end if;
  if p_endpoint_id is null then
    return;
  end if;
  perform atelier_engine.trip_endpoint(
    p_endpoint_id, case when not about_token then p_error_class end, asked, p_request_sent);
  update atelier_engine.endpoint_states s
     set last_error_class = p_error_class, last_error = p_message, last_error_at = clock_timestamp()
   where s.endpoint_id = p_endpoint_id;
end;
$$;
comment on function atelier_engine.note_endpoint_failure(uuid, uuid, text, text, integer, boolean) is
$$Learn from a failure about the endpoint and the token

Refusals of a token, and patience asked of one, are about the token where there is one, so that the other tokens of the
provider go on.$$;

create or replace function atelier_engine.trip_endpoint(
  p_endpoint_id uuid, p_error_class text, p_asked interval, p_request_sent boolean
)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  moment constant timestamptz := clock_timestamp();
  unavailable constant boolean := coalesce(p_error_class = 'unavailable', false);
  throttled constant boolean := coalesce(p_error_class = 'throttled', false);
  speaks_against_it constant boolean := coalesce(p_error_class in (
    'transient_net', 'ambiguous', 'overload', 'worker_crash', 'bad_response', 'auth', 'payment'), false);
  state atelier_engine.endpoint_states;
  blocked boolean;
  opens boolean;
begin
  -- The endpoint may have been deleted meanwhile.
  insert into atelier_engine.endpoint_states (endpoint_id)
  select e.id from atelier.endpoints e where e.id = p_endpoint_id
      on conflict do nothing;
  select s.* into state from atelier_engine.endpoint_states s where s.endpoint_id = p_endpoint_id for update;
  -- Requests that were on their way when the first one failed say nothing new.
  blocked := coalesce(state.blocked_until > moment, false);
  if unavailable then
    state.unavailable_since := coalesce(state.unavailable_since, moment);
    state.unavailable_count := greatest(state.unavailable_count + case when blocked then 0 else 1 end, 1);
  elsif p_request_sent then
    state.unavailable_since := null;
    state.unavailable_count := 0;
  end if;
  if throttled then
    state.throttled_count := greatest(state.throttled_count + case when blocked then 0 else 1 end, 1);
  end if;
  if speaks_against_it and not blocked then
    state.failure_count := state.failure_count + 1;
    if state.trip_count > 0 or state.failure_count >= (
         select e.breaker_threshold from atelier.endpoints e where e.id = p_endpoint_id) then
      state.trip_count := state.trip_count + 1;
      state.failure_count := 0;
      opens := true;
    end if;
  elsif not (unavailable or throttled or speaks_against_it) then
    -- A server that says what is wrong with a request is well.
    state.failure_count := 0;
    state.trip_count := 0;
  end if;
  if throttled or opens or (unavailable and not blocked) then
    state.blocked_until := greatest(
      state.blocked_until,
      moment + greatest(p_asked, atelier_engine.back_off(
        greatest(state.unavailable_count, state.throttled_count, state.trip_count))));
  end if;
  update atelier_engine.endpoint_states s
     set unavailable_since = state.unavailable_since, unavailable_count = state.unavailable_count,
         throttled_count = state.throttled_count, blocked_until = state.blocked_until,
         failure_count = state.failure_count, trip_count = state.trip_count,
         opened_at = case when state.unavailable_count > 0 or state.throttled_count > 0 or state.trip_count > 0
                          then coalesce(state.opened_at, moment) end
   where s.endpoint_id = p_endpoint_id;
end;
$$;
comment on function atelier_engine.trip_endpoint(uuid, text, interval, boolean) is
$$Count a failure of an endpoint, and open its breaker when it is time

At once when it cannot be reached or asks for patience, else after breaker_threshold failures in a row, and after each
failed probe. It stays open for as long as was asked for (at most an hour), or for 1 to 30 seconds that grow with each
opening.$$;

create or replace function atelier_engine.note_token_failure(
  p_token_id uuid, p_error_class text, p_message text, p_asked interval
)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  moment constant timestamptz := clock_timestamp();
  first_pause constant interval := interval '1 minute';
  longest_pause constant interval := interval '1 hour';
  throttled constant boolean := p_error_class = 'throttled';
  state atelier_engine.token_states;
  blocked boolean;
begin
  if not exists (select from atelier.provider_tokens t where t.id = p_token_id) then
    return;
  end if;
  insert into atelier_engine.token_states (token_id)
  select t.id from atelier.provider_tokens t where t.id = p_token_id
      on conflict do nothing;
  select s.* into state from atelier_engine.token_states s where s.token_id = p_token_id for update;
  blocked := coalesce(state.blocked_until > moment, false);
  if throttled then
    state.throttled_count := greatest(state.throttled_count + case when blocked then 0 else 1 end, 1);
    state.blocked_until := greatest(
      state.blocked_until, moment + greatest(p_asked, atelier_engine.back_off(state.throttled_count)));
  else
    state.trip_count := greatest(state.trip_count + case when blocked then 0 else 1 end, 1);
    state.blocked_until := greatest(
      state.blocked_until, moment + least(first_pause * 2 ^ least(state.trip_count - 1, 6), longest_pause));
  end if;
  update atelier.provider_tokens t
     set error_count = t.error_count + 1, last_error = p_message, last_error_at = moment
   where t.id = p_token_id;
  update atelier_engine.token_states s
     set throttled_count = state.throttled_count, trip_count = state.trip_count, blocked_until = state.blocked_until,
         opened_at = coalesce(s.opened_at, moment), last_error_class = p_error_class, last_error = p_message,
         last_error_at = moment
   where s.token_id = p_token_id;
end;
$$;
comment on function atelier_engine.note_token_failure(uuid, text, text, interval) is
$$Open the breaker of a token

A refused one (auth, payment) rests for a minute, twice as long after each further refusal, at most an hour; one of which
patience was asked, for as long as was asked for, or 1 to 30 seconds.$$;

create or replace function atelier_engine.note_successes(p_attempt_ids uuid[])
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Nearly always all is well, and to see that costs less than to look up the attempts.
  if exists (select from atelier_engine.endpoint_states s where s.breaker_state <> 'closed' or s.failure_count > 0) then
    update atelier_engine.endpoint_states s
       set unavailable_since = null, unavailable_count = 0, throttled_count = 0, failure_count = 0, trip_count = 0,
           blocked_until = null, opened_at = null, probe_failing = false
     where (s.breaker_state <> 'closed' or s.failure_count > 0)
       and s.endpoint_id in (select a.endpoint_id from atelier_engine.attempts a where a.id = any (p_attempt_ids));
  end if;
  if exists (select from atelier_engine.token_states s where s.breaker_state <> 'closed') then
    update atelier_engine.token_states s
       set throttled_count = 0, trip_count = 0, blocked_until = null, opened_at = null
     where s.breaker_state <> 'closed'
       and s.token_id in (select a.token_id from atelier_engine.attempts a where a.id = any (p_attempt_ids));
  end if;
end;
$$;
comment on function atelier_engine.note_successes(uuid[]) is
  'Close the breakers of the endpoints and tokens that these attempts succeeded with';

create or replace function atelier_engine.half_open_due()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  -- With every claim: to look costs less than to begin an update that finds nothing.
  if exists (select from atelier_engine.endpoint_states s where s.blocked_until <= clock_timestamp()) then
    update atelier_engine.endpoint_states s set blocked_until = null
     where greatest(s.blocked_until, s.probe_until) <= clock_timestamp() and s.blocked_until is not null;
  end if;
  if exists (select from atelier_engine.token_states s where s.blocked_until <= clock_timestamp()) then
    update atelier_engine.token_states s set blocked_until = null where s.blocked_until <= clock_timestamp();
  end if;
end;
$$;
comment on function atelier_engine.half_open_due() is
  $$Let a job through to the endpoints and tokens whose breaker was open for long enough

Not to an endpoint that is being asked how it is.$$;

create or replace function atelier_engine.forget_token_state()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  delete from atelier_engine.token_states s where s.token_id = new.token_id;
  return null;
end;
$$;
comment on function atelier_engine.forget_token_state() is
  'Trigger: a new secret is not blamed for what was refused before';
