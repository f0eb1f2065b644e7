-- Workers: a server that answers conversations, and says itself where it is.

create or replace function atelier_engine.assert_worker_url(p_url text)
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_url is null or char_length(p_url) > 1000 or p_url !~ '^https?://[A-Za-z0-9._:\[\]-]+(/[\x21-\x7e]*)?$' or p_url ~ '[?#]' then
    raise invalid_parameter_value using
      message = 'worker_url is no URL of a server',
      detail = format('Got %s.', coalesce(quote_ident(left(p_url, 100)), 'null')),
      hint = 'Use http:// or https://, a host and perhaps a path, without a user, a query or a fragment.';
  end if;
end;
$$;
comment on function atelier_engine.assert_worker_url(text) is
$$Refuse what is not the plain URL of a server

Raises 22023.$$;

create or replace function atelier_engine.provider_of_chat_worker(p_provider text)
returns atelier.api_providers
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  company atelier.api_providers;
begin
  select p.* into company
    from atelier.api_providers p
   where p.is_active and p.auth_scheme = 'none' and (p_provider is null or p.name = p_provider)
     and exists (select from atelier.api_models m where m.provider_id = p.id and m.modality = 'chat' and m.is_active)
   order by p.created_at, p.id
   limit 1;
  if not found then
    raise sqlstate 'PT404' using
      message = 'no provider with a chat model that workers serve',
      detail = format('Asked for %s.', coalesce(quote_ident(left(p_provider, 100)), 'any')),
      hint = 'Add an active model with the modality chat to a provider with auth_scheme none.';
  end if;
  return company;
end;
$$;
comment on function atelier_engine.provider_of_chat_worker(text) is
$$The provider whose chat models a worker serves: the one that is named, else the oldest

Raises PT404.$$;

create or replace function atelier.register_chat_worker(
  worker_url text, auto_registered boolean default false, provider text default null, name text default 'chat-worker'
)
returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  first_look constant interval := interval '1 second';
  base constant text := rtrim(register_chat_worker.worker_url, '/');
  company atelier.api_providers;
  endpoint atelier.endpoints;
  is_new boolean;
  state text;
begin
  perform atelier_engine.assert_operator();
  perform atelier_engine.assert_worker_url(register_chat_worker.worker_url);
  if register_chat_worker.name is null or register_chat_worker.name !~ '^[a-z0-9][a-z0-9._-]{0,62}$' then
    raise invalid_parameter_value using
      message = 'name is no name of a worker', hint = 'Use up to 63 small letters, digits, dots, hyphens and underscores.';
  end if;
  company := atelier_engine.provider_of_chat_worker(register_chat_worker.provider);
  select e.* into endpoint from atelier.endpoints e where e.name = 'chat worker ' || register_chat_worker.name for update;
  is_new := not found or endpoint.base_url <> base or endpoint.provider_id <> company.id;
  if endpoint.id is null then
    insert into atelier.endpoints as e (provider_id, name, adapter, base_url, ambiguity_policy, health_path)
    values (company.id, 'chat worker ' || register_chat_worker.name, 'openai_chat', base, 'retry', 'models')
    returning e.* into endpoint;
  elsif is_new then
    update atelier.endpoints e set base_url = base, provider_id = company.id where e.id = endpoint.id;
  end if;
  if is_new then
    -- Nobody has seen it yet: it is asked how it is before it gets a job.
    insert into atelier_engine.endpoint_states as s (endpoint_id, blocked_until, trip_count, probe_failing)
    values (endpoint.id, clock_timestamp() + first_look, 1, true)
        on conflict (endpoint_id) do update
           set blocked_until = excluded.blocked_until, trip_count = 1, probe_failing = true, probe_error = null,
               unavailable_since = null, unavailable_count = 0;
    perform atelier_engine.wake_dispatcher();
  end if;
  select s.breaker_state into state from atelier_engine.endpoint_states s where s.endpoint_id = endpoint.id;
  return jsonb_build_object(
    'success', true, 'worker_url', base, 'isHealthy', coalesce(state, 'closed') = 'closed',
    'endpoint', endpoint.name, 'provider', company.name,
    'auto_registered', coalesce(register_chat_worker.auto_registered, false));
end;
$$;
grant execute on function atelier.register_chat_worker(text, boolean, text, text) to authenticated, service_role;
comment on function atelier.register_chat_worker(text, boolean, text, text) is
$$Say where a server is that answers conversations

It speaks the API of OpenAI under worker_url and serves the chat models of a provider with auth_scheme none (by default the
oldest that has some). It gets no job before it has answered the question how it is; isHealthy says whether it has. The
same name again moves the worker. Addresses that are not public are refused when it is called, unless private_network of
the endpoint says otherwise. For administrators, also with an API key whose scopes name this function, and the service
role (42501). Fails with PT404 (no such provider) and 22023 (what is no URL).$$;
