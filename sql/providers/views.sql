-- Which endpoints can take jobs of which models. A model that is no longer offered still finishes what it accepted.
create or replace view atelier_engine.routes with (security_invoker = true) as
select m.id as model_id, m.model_key, e.id as endpoint_id, e.provider_id
  from atelier.api_models m
  join atelier.api_providers p on p.id = m.provider_id
  join atelier.endpoints e on e.provider_id = p.id
 where p.is_active and e.is_active and (e.only_models is null or m.model_key = any (e.only_models));
comment on view atelier_engine.routes is 'Models and the active endpoints that can take their jobs';

create or replace view atelier_engine.active_pauses with (security_invoker = true) as
select p.* from atelier.pauses p where p.ends_at is null or p.ends_at > pg_catalog.clock_timestamp();
grant select on atelier_engine.active_pauses to service_role;
comment on view atelier_engine.active_pauses is 'What is paused or drained now';

create or replace view atelier_engine.open_routes with (security_invoker = true) as
select r.model_id, r.model_key, r.endpoint_id, r.provider_id
  from atelier_engine.routes r
  join atelier.endpoints e on e.id = r.endpoint_id
  left join atelier_engine.endpoint_states s on s.endpoint_id = r.endpoint_id
 where e.max_concurrency > 0
   and s.blocked_until is null
   and not exists (
     select from atelier_engine.active_pauses p
      where p.endpoint_id = r.endpoint_id
         or (p.mode = 'pause' and (p.model_id = r.model_id or p.provider_id = r.provider_id)));
comment on view atelier_engine.open_routes is
  'Routes on which requests may start now: neither paused nor drained, and the breaker of the endpoint is not open';

create or replace view atelier_engine.probed_endpoints with (security_invoker = true) as
select e.id as endpoint_id, e.provider_id, w.path, w.every, e.updated_at
  from atelier.endpoints e
  join atelier.api_providers p on p.id = e.provider_id
 cross join lateral (
   select coalesce(e.health_path, atelier_engine.default_health_path(e.adapter)) as path,
          coalesce(e.probe_interval, pg_catalog.current_setting('atelier.probe_interval', true)::interval) as every) w
 where e.is_active and p.is_active and e.adapter <> 'pull' and e.max_concurrency > 0 and w.path <> '' and w.every > interval '0'
   and not exists (select from atelier_engine.active_pauses d where d.endpoint_id = e.id);
comment on view atelier_engine.probed_endpoints is 'Endpoints that are asked how they are, what they are asked, and how often';

create or replace view atelier.endpoint_health with (security_invoker = true) as
select e.name as endpoint, p.name as provider, e.is_active and p.is_active as is_active,
       case when not (e.is_active and p.is_active) then 'inactive'
            when d.mode = 'pause' then 'paused'
            when d.mode = 'drain' then case when b.busy > 0 then 'draining' else 'drained' end
            when s.unavailable_count > 0 then 'unavailable'
            when s.throttled_count > 0 then 'throttled'
            when s.trip_count > 0 then 'failing'
            else 'healthy' end as health,
       b.busy, e.max_concurrency, s.unavailable_since, s.blocked_until, s.last_error_class, s.last_error,
       s.last_error_at, coalesce(s.breaker_state, 'closed') as breaker_state, coalesce(s.failure_count, 0) as failure_count,
       d.reason as pause_reason, e.weight, s.probed_at, s.probe_error
  from atelier.endpoints e
  join atelier.api_providers p on p.id = e.provider_id
  left join atelier_engine.endpoint_states s on s.endpoint_id = e.id
  left join atelier_engine.active_pauses d on d.endpoint_id = e.id
 cross join lateral (
   select count(*) as busy from atelier_engine.queue q where q.endpoint_id = e.id and q.state = 'leased') b;
grant select on atelier.endpoint_health to service_role;
comment on view atelier.endpoint_health is
$$Endpoints, how busy they are, and what their last answers said

blocked_until is when an endpoint whose breaker is open is tried again.$$;

create or replace view atelier.token_health with (security_invoker = true) as
select t.name as token, p.name as provider, t.is_active, coalesce(s.breaker_state, 'closed') as breaker_state,
       s.blocked_until, s.last_error_class, s.last_error, s.last_error_at, t.disabled_at, t.disabled_reason,
       case when u.day = w.today then u.spent_on_day else 0 end as spent_today, t.daily_spend_cap,
       case when u.month = pg_catalog.date_trunc('month', w.today)::date then u.spent_in_month else 0 end as spent_this_month,
       t.monthly_spend_cap, p.currency
  from atelier.provider_tokens t
  join atelier.api_providers p on p.id = t.provider_id
  left join atelier_engine.token_states s on s.token_id = t.id
  left join atelier_engine.token_usage u on u.token_id = t.id
 cross join lateral (select (pg_catalog.clock_timestamp() at time zone 'UTC')::date as today) w;
grant select on atelier.token_health to service_role;
comment on view atelier.token_health is
$$Tokens, and whether they may be used

open: refused, out of credit or asked for patience; it rests until blocked_until. half_open: one request tries it.$$;

create or replace view atelier.default_retry_policies with (security_invoker = true) as
select d.error_class, d.action, d.uses_up_attempt, d.first_delay, d.longest_delay, d.otherwise
  from (values
    -- The breaker keeps the endpoint or the token free of requests; the job keeps its place.
    ('unavailable', 'retry', false, interval '0', interval '0', 'retry'),
    ('throttled', 'retry', false, interval '0', interval '0', 'retry'),
    ('transient_net', 'retry', true, interval '2 seconds', interval '1 minute', 'retry'),
    ('ambiguous', 'retry', true, interval '2 seconds', interval '1 minute', 'retry'),
    ('overload', 'elsewhere', true, interval '2 seconds', interval '1 minute', 'retry'),
    ('worker_crash', 'elsewhere', true, interval '2 seconds', interval '1 minute', 'retry'),
    ('bad_response', 'elsewhere', true, interval '2 seconds', interval '1 minute', 'retry'),
    ('internal', 'retry', true, interval '2 seconds', interval '1 minute', 'retry'),
    ('auth', 'elsewhere', true, interval '0', interval '0', 'fail'),
    ('payment', 'fail_over', true, interval '0', interval '0', 'fail'),
    ('invalid_input', 'fail', true, interval '0', interval '0', 'fail'),
    ('content_policy', 'fail', true, interval '0', interval '0', 'fail'),
    ('expired', 'fail', true, interval '0', interval '0', 'fail'),
    ('too_large', 'fail', true, interval '0', interval '0', 'fail')
  ) d (error_class, action, uses_up_attempt, first_delay, longest_delay, otherwise);
grant select on atelier.default_retry_policies to service_role;
comment on view atelier.default_retry_policies is
$$What happens after a failure, by its kind, where retry_policies says nothing

The columns mean what they mean there.$$;

create or replace view atelier.replicate_tokens with (security_invoker = true) as
select t.number as id, null::text as token, t.is_active, t.last_used_at, t.request_count::integer as request_count,
       t.error_count::integer as error_count, t.last_error, t.last_error_at, t.created_at
  from atelier.provider_tokens t
  join atelier.api_providers p on p.id = t.provider_id
 where p.name = 'replicate';
grant select, insert, update, delete on atelier.replicate_tokens to service_role;
comment on view atelier.replicate_tokens is
$$The tokens of the provider replicate

For the service role. token can be written, and is null when it is read: nobody reads a secret back.$$;
comment on column atelier.replicate_tokens.id is 'The number of the token.';
comment on column atelier.replicate_tokens.token is 'The secret, to be written; null when it is read.';
