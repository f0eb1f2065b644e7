-- Providers: what the last answers said. Not dumped: another server has other neighbours. The state of a breaker follows
-- from the other columns, so that it cannot contradict them.
create table atelier_engine.endpoint_states (
  endpoint_id uuid primary key references atelier.endpoints (id) on delete cascade,
  unavailable_since timestamptz,
  unavailable_count integer not null default 0,
  throttled_count integer not null default 0,
  blocked_until timestamptz,
  last_error_class text,
  last_error text,
  last_error_at timestamptz,
  failure_count integer not null default 0,
  trip_count integer not null default 0,
  opened_at timestamptz,
  breaker_state text not null generated always as (
    case when blocked_until is not null then 'open'
         when unavailable_count > 0 or throttled_count > 0 or trip_count > 0 then 'half_open'
         else 'closed' end) stored,
  probed_at timestamptz,
  probe_until timestamptz,
  probe_error text,
  probe_failing boolean not null default false,
  constraint endpoint_states_unavailable_consistent check ((unavailable_since is null) = (unavailable_count = 0))
) with (fillfactor = 50);
alter table atelier_engine.endpoint_states enable row level security;
grant select on atelier_engine.endpoint_states to service_role;
comment on table atelier_engine.endpoint_states is
$$What is known about the health of an endpoint, and its circuit breaker

No row means healthy. open: it gets nothing before blocked_until. half_open: it gets one request, as a probe. closed: as
many as it takes. A success closes it; each further failure opens it for longer.$$;
comment on column atelier_engine.endpoint_states.probed_at is 'When it was last asked how it is.';
comment on column atelier_engine.endpoint_states.probe_until is
  'Until when the answer to that is waited for, while the breaker stays open; null: it is there.';
comment on column atelier_engine.endpoint_states.probe_error is 'What was wrong with that answer; null: nothing.';
comment on column atelier_engine.endpoint_states.probe_failing is
  'Whether such a question found it not well: then such a question can find it well again.';

create table atelier_engine.token_states (
  token_id uuid primary key references atelier.provider_tokens (id) on delete cascade,
  throttled_count integer not null default 0,
  trip_count integer not null default 0,
  blocked_until timestamptz,
  opened_at timestamptz,
  last_error_class text,
  last_error text,
  last_error_at timestamptz,
  breaker_state text not null generated always as (
    case when blocked_until is not null then 'open'
         when throttled_count > 0 or trip_count > 0 then 'half_open'
         else 'closed' end) stored
) with (fillfactor = 50);
alter table atelier_engine.token_states enable row level security;
grant select on atelier_engine.token_states to service_role;
comment on table atelier_engine.token_states is
$$The circuit breaker of a token

As endpoint_states, for what concerns one token only: refused, out of credit, or asked for patience.$$;
