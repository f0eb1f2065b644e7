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
  -- Rows can be older than the adapters that read them.
  return query
    select distinct 'provider ' || p.name, 'warning', format('adapter_options, for %s: %s', e.adapter, o.problem),
           'Write what the adapter understands; jobs for the provider fail.'
      from atelier.api_providers p
      join atelier.endpoints e on e.provider_id = p.id
      cross join lateral (select atelier_engine.adapter_options_problem(e.adapter, p.adapter_options::text) as problem) o
     where p.is_active and e.is_active and o.problem is not null
     order by 1, 3;
  return query
    select distinct 'model ' || m.model_key, 'warning', format('adapter_options, for %s: %s', e.adapter, o.problem),
           'Write what the adapter needs to know of it; its jobs fail.'
      from atelier_engine.routes r
      join atelier.api_models m on m.id = r.model_id
      join atelier.api_providers p on p.id = r.provider_id
      join atelier.endpoints e on e.id = r.endpoint_id
      cross join lateral (
        select atelier_engine.model_options_problem(e.adapter, p.adapter_options || m.adapter_options) as problem) o
     where m.is_active and o.problem is not null
     order by 1, 3;
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
  return query
    select format('token %s of %s', h.token, h.provider), 'warning',
           concat_ws(': ', case h.disabled_reason when 'payment' then 'disabled, it has no credit' else 'disabled, it was refused' end,
                     h.last_error),
           case h.disabled_reason
             when 'payment' then 'Pay the provider, then set is_active in atelier.provider_tokens.'
             else 'Store a valid one with atelier.set_provider_token().' end
      from atelier.token_health h
     where not h.is_active and h.disabled_at is not null
     order by h.provider, h.token;
  return query
    select format('token %s of %s', h.token, h.provider), 'warning',
           format('it has spent %s of %s %s today, %s of %s this month', h.spent_today, coalesce(h.daily_spend_cap::text, 'any'),
                  h.currency, h.spent_this_month, coalesce(h.monthly_spend_cap::text, 'any')),
           'It is used again in the next period, or when its cap is raised.'
      from atelier.token_health h
     where h.is_active and (h.spent_today >= h.daily_spend_cap or h.spent_this_month >= h.monthly_spend_cap)
     order by h.provider, h.token;
  return query
    select format('secret of token %s of %s', t.name, p.name),
           case when k.secret is not null then 'warning' else 'error' end,
           coalesce(atelier_engine.secret_problem(k.token_id, k.sealed), 'it is stored in the clear'),
           case when k.secret is not null
                  then 'Set atelier.secret_key_file, then call atelier.seal_provider_tokens().'
                else 'Put its key back into atelier.secret_key_file, or store it anew with atelier.set_provider_token().' end
      from atelier_engine.provider_secrets k
      join atelier.provider_tokens t on t.id = k.token_id
      join atelier.api_providers p on p.id = t.provider_id
     where k.secret is not null or atelier_engine.secret_problem(k.token_id, k.sealed) is not null
     order by p.name, t.name;
end;
$$;
comment on function atelier_engine.examine_tokens() is 'Part of doctor(): tokens that rest, and secrets that cannot be opened or lie open';

create or replace function atelier_engine.examine_decisions()
returns table (check_name text, status text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  held constant bigint := (
    select count(*) from atelier.held_jobs h
     where not exists (select from atelier_engine.lookups l where l.attempt_id = h.attempt_id));
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
