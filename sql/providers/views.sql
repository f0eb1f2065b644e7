-- Which endpoints can take jobs of which models. A model that is no longer offered still finishes what it accepted.
create or replace view atelier_engine.routes with (security_invoker = true) as
select m.id as model_id, m.model_key, e.id as endpoint_id, e.provider_id
  from atelier.api_models m
  join atelier.api_providers p on p.id = m.provider_id
  join atelier.endpoints e on e.provider_id = p.id
 where p.is_active and e.is_active and (e.only_models is null or m.model_key = any (e.only_models));
comment on view atelier_engine.routes is 'Models and the active endpoints that can take their jobs';

create or replace view atelier.endpoint_health with (security_invoker = true) as
select e.name as endpoint, p.name as provider, e.is_active and p.is_active as is_active,
       case when not (e.is_active and p.is_active) then 'inactive'
            when s.unavailable_count > 0 then 'unavailable'
            when s.throttled_count > 0 then 'throttled'
            else 'healthy' end as health,
       (select count(*) from atelier_engine.queue q where q.endpoint_id = e.id and q.state = 'leased') as busy,
       e.max_concurrency, s.unavailable_since, s.blocked_until, s.last_error_class, s.last_error, s.last_error_at
  from atelier.endpoints e
  join atelier.api_providers p on p.id = e.provider_id
  left join atelier_engine.endpoint_states s on s.endpoint_id = e.id;
grant select on atelier.endpoint_health to service_role;
comment on view atelier.endpoint_health is
$$Endpoints, how busy they are, and what their last answers said

blocked_until is when an endpoint that could not be reached, or that asked for patience, is tried again.$$;
