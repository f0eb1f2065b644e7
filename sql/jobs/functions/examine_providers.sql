-- Jobs: what doctor() says about endpoints and tokens, and about what waits for people.

create or replace function atelier_engine.examine_providers()
returns table (check_name text, status text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select 'endpoint ' || h.endpoint,
           case when h.health = 'healthy' and not t.missing and h.max_concurrency > 0 then 'ok' else 'warning' end,
           case when t.missing then format('provider %s has no active token with a secret', h.provider)
                when h.max_concurrency = 0 then 'paused, max_concurrency is 0'
                when h.health = 'healthy' then format('healthy, %s of %s slots busy', h.busy, h.max_concurrency)
                else concat_ws(': ', h.health, case when h.health in ('paused', 'draining', 'drained') then h.pause_reason
                                                    else h.last_error end) end,
           case when t.missing then 'Store one with atelier.set_provider_token().'
                when h.max_concurrency = 0 then 'Raise max_concurrency to let jobs through.'
                when h.health in ('paused', 'draining', 'drained') then 'Call atelier.resume_work() when it may get jobs again.'
                when h.health = 'unavailable' then 'Is the server up, and base_url right? It is tried again by itself.'
                when h.health <> 'healthy' then 'It is tried again by itself; atelier.endpoint_health says when.'
           end
      from atelier.endpoint_health h
      join atelier.api_providers p on p.name = h.provider
      cross join lateral (
        select p.auth_scheme <> 'none' and not exists (
          select from atelier.provider_tokens k
            join atelier_engine.provider_secrets s on s.token_id = k.id
           where k.provider_id = p.id and k.is_active) as missing) t
     where h.is_active
     order by h.endpoint;
  return query
    select 'model ' || m.model_key, 'warning', 'no active endpoint takes its jobs',
           'Add a row to atelier.endpoints for its provider, or make one active.'
      from atelier.api_models m
     where m.is_active and not exists (select from atelier_engine.routes r where r.model_id = m.id)
     order by m.model_key;
end;
$$;
comment on function atelier_engine.examine_providers() is 'Part of doctor(): endpoints, tokens and models';

create or replace function atelier_engine.examine_tokens()
returns table (check_name text, status text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select format('token %s of %s', h.token, h.provider), 'warning', concat_ws(': ', h.last_error_class, h.last_error),
           case h.last_error_class when 'auth' then 'Store a valid one with atelier.set_provider_token().'
                                   when 'payment' then 'Pay the provider; the token is tried again by itself.'
                                   else 'It is tried again by itself; atelier.token_health says when.' end
      from atelier.token_health h
     where h.is_active and h.breaker_state <> 'closed'
     order by h.provider, h.token;
end;
$$;
comment on function atelier_engine.examine_tokens() is 'Part of doctor(): tokens that rest';

create or replace function atelier_engine.examine_decisions()
returns table (check_name text, status text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  held constant bigint := (select count(*) from atelier.held_jobs);
  late constant bigint := (select count(*) from atelier.late_results l where l.adopted_at is null and l.status <> 'completed');
begin
  return query
    select format('%s %s', p.mode, coalesce('model ' || m.model_key, 'lane ' || v.name, 'user ' || p.user_id)), 'warning',
           concat_ws(', ', coalesce(p.reason, 'no reason was given'), 'since ' || p.created_at, 'until ' || p.ends_at),
           'Call atelier.resume_work() to end it.'
      from atelier_engine.active_pauses p
      left join atelier.api_models m on m.id = p.model_id
      left join atelier.api_providers v on v.id = p.provider_id
     where p.endpoint_id is null
     order by p.created_at;
  return query select 'held_jobs', 'warning', format('jobs that wait for a decision: %s', held),
                      'See atelier.held_jobs, and decide with atelier.resolve_held_job().'
                where held > 0;
  return query select 'late_results', 'warning', format('results that came too late for their jobs: %s', late),
                      'See atelier.late_results, and use them with atelier.adopt_late_result().'
                where late > 0;
end;
$$;
comment on function atelier_engine.examine_decisions() is 'Part of doctor(): what people have paused, or have to decide';
