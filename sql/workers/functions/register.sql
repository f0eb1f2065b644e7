-- Workers: who they are, and whether they are alive.

create or replace function atelier_engine.own_worker(p_worker_id uuid)
returns atelier.workers
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  worker atelier.workers;
begin
  perform atelier_engine.assert_operator();
  select w.* into worker from atelier.workers w
   where w.id = p_worker_id and (w.user_id = auth.uid() or atelier_engine.is_service_role());
  if not found then
    raise sqlstate 'PT404' using
      message = 'no such worker', hint = 'Register it with register_worker(), as the one who acts for it.';
  end if;
  return worker;
end;
$$;
comment on function atelier_engine.own_worker(uuid) is
$$The worker that the caller acts for

Who registered it, or the service role. Raises 42501 (no administrator) or PT404.$$;

create or replace function atelier_engine.assert_worker_fits(
  p_provider atelier.api_providers, p_models text[], p_max_jobs integer, p_name text
)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  unknown_model text;
begin
  if p_provider.id is null then
    raise sqlstate 'PT404' using
      message = 'unknown provider', hint = 'The providers are in atelier.api_providers.';
  end if;
  if p_provider.auth_scheme <> 'none' then
    raise invalid_parameter_value using
      message = 'the provider is a service that wants a token',
      detail = format('The provider %s has auth_scheme %s.', p_provider.name, p_provider.auth_scheme),
      hint = 'Workers are for the models of providers with auth_scheme none.';
  end if;
  select u.key into unknown_model
    from unnest(p_models) u (key)
   where not exists (
     select from atelier.api_models m where m.model_key = u.key and m.provider_id = p_provider.id)
   limit 1;
  if found then
    raise invalid_parameter_value using
      message = 'unknown model',
      detail = format('The provider %s has no model %s.', p_provider.name, quote_nullable(left(unknown_model, 200)));
  end if;
  if p_max_jobs is null or p_max_jobs not between 1 and 10000 then
    raise invalid_parameter_value using message = 'max_jobs is out of range', hint = 'Use 1 to 10000.';
  end if;
  if exists (select from atelier.workers w
              where w.name = p_name and w.user_id is distinct from auth.uid() and not atelier_engine.is_service_role()) then
    raise sqlstate 'PT409' using
      message = 'somebody else has a worker of this name', hint = 'Choose another name.';
  end if;
end;
$$;
comment on function atelier_engine.assert_worker_fits(atelier.api_providers, text[], integer, text) is
$$Refuse a worker that could get no jobs, or that is somebody else's

Errors as register_worker().$$;

create or replace function atelier.register_worker(
  name text,
  provider text,
  models text[] default null,
  max_jobs integer default 1,
  worker_type text default null,
  worker_url text default null,
  version text default null
)
returns atelier.workers
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  longest_job_ms constant integer := 3600000;
  company atelier.api_providers;
  worker atelier.workers;
begin
  perform atelier_engine.assert_operator();
  select p.* into company from atelier.api_providers p where p.name = register_worker.provider;
  perform atelier_engine.assert_worker_fits(
    company, nullif(register_worker.models, '{}'), register_worker.max_jobs, register_worker.name);
  select w.* into worker from atelier.workers w where w.name = register_worker.name for update;
  if not found then
    insert into atelier.endpoints as e (
      provider_id, name, adapter, base_url, ambiguity_policy, total_timeout_ms, only_models, max_concurrency)
    values (company.id, 'worker ' || register_worker.name, 'pull', 'pull:', 'retry', longest_job_ms,
            nullif(register_worker.models, '{}'), register_worker.max_jobs)
    returning e.id into worker.endpoint_id;
    insert into atelier.workers (user_id, endpoint_id, name) values (auth.uid(), worker.endpoint_id, register_worker.name);
  end if;
  update atelier.endpoints e
     set provider_id = company.id, only_models = nullif(register_worker.models, '{}'),
         max_concurrency = register_worker.max_jobs
   where e.id = worker.endpoint_id;
  -- Who begins anew does not know of what it had.
  perform atelier_engine.settle_worker(worker.endpoint_id, 'the worker was started again');
  update atelier.workers w
     set worker_type = register_worker.worker_type, worker_url = register_worker.worker_url,
         version = register_worker.version, last_heartbeat_at = clock_timestamp(), updated_at = clock_timestamp()
   where w.name = register_worker.name
  returning w.* into worker;
  return worker;
end;
$$;
grant execute on function atelier.register_worker(text, text, text[], integer, text, text, text)
  to authenticated, service_role;
comment on function atelier.register_worker(text, text, text[], integer, text, text, text) is
$$Register a worker that claims its jobs itself

For the models of a provider (null: all of them), max_jobs at once. Registering with the same name again changes the worker,
and settles what it was working at: a worker registers when it starts. For administrators, also with an API key whose scopes
name the functions of workers, and the service role (42501). Fails with PT404 (unknown provider), PT409 (somebody else's
name), 22023 or 23514.$$;

create or replace function atelier.unregister_worker(worker_id uuid)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  worker constant atelier.workers := atelier_engine.own_worker(unregister_worker.worker_id);
begin
  perform atelier_engine.settle_worker(worker.endpoint_id, 'the worker has gone');
  delete from atelier.endpoints e where e.id = worker.endpoint_id;
end;
$$;
grant execute on function atelier.unregister_worker(uuid) to authenticated, service_role;
comment on function atelier.unregister_worker(uuid) is
$$Remove a worker and its endpoint

What it was working at goes to others. Fails as claim_jobs().$$;

create or replace function atelier_engine.settle_worker(p_endpoint_id uuid, p_reason text)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  left_over constant uuid[] := (
    select array_agg(q.attempt_id) from atelier_engine.queue q where q.endpoint_id = p_endpoint_id and q.state = 'leased');
begin
  if left_over is not null then
    perform atelier_engine.settle_attempts(left_over, p_reason), atelier_engine.wake_dispatcher();
  end if;
end;
$$;
comment on function atelier_engine.settle_worker(uuid, text) is 'Settle all that a worker was working at';

create or replace function atelier_engine.note_heartbeat(p_worker_id uuid)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  update atelier.workers w set last_heartbeat_at = clock_timestamp()
   where w.id = p_worker_id and w.last_heartbeat_at < clock_timestamp() - interval '10 seconds';
end;
$$;
comment on function atelier_engine.note_heartbeat(uuid) is 'Note that a worker was heard of';
