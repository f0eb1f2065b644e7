-- Providers: tokens, and what a restore does to the rows that the extension brings along.

create or replace function atelier.set_provider_token(provider text, secret text, name text default 'default')
returns uuid
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  max_secret_bytes constant integer := 8192;
  chosen_provider uuid;
  token uuid;
begin
  perform atelier_engine.assert_service_role();
  select p.id into chosen_provider from atelier.api_providers p where p.name = set_provider_token.provider;
  if chosen_provider is null then
    raise sqlstate 'PT404' using
      message = 'unknown provider', hint = 'The providers are in atelier.api_providers.';
  end if;
  -- It becomes part of a header.
  if secret is null or secret !~ '^[\x21-\x7e]+$' or octet_length(secret) > max_secret_bytes then
    raise invalid_parameter_value using
      message = 'invalid secret',
      detail = format('A secret has 1 to %s printable ASCII characters and no blank.', max_secret_bytes);
  end if;
  if set_provider_token.name is null or set_provider_token.name !~ '^\S.{0,99}$' then
    raise invalid_parameter_value using
      message = 'invalid token name', hint = 'Use 1 to 100 characters.';
  end if;
  insert into atelier.provider_tokens as t (provider_id, name)
  values (chosen_provider, set_provider_token.name)
  on conflict on constraint provider_tokens_name_is_unique
    do update set is_active = true, last_error = null, last_error_at = null
  returning t.id into token;
  insert into atelier_engine.provider_secrets as s (token_id, secret)
  values (token, set_provider_token.secret)
  on conflict on constraint provider_secrets_pkey
    do update set secret = excluded.secret, updated_at = now();
  perform atelier_engine.wake_dispatcher();
  return token;
end;
$$;
grant execute on function atelier.set_provider_token(text, text, text) to service_role;
comment on function atelier.set_provider_token(text, text, text) is
$$Store the secret of a provider token

Makes the token or replaces its secret, and returns its id. The secret can be used by the workers and read back by
nobody but superusers; it stays out of dumps. For the service role (42501). Fails with PT404 (unknown provider) or
22023. Mind log_statement: the server may log what is called.$$;

create or replace function atelier_engine.replace_providers_on_restore()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  -- CREATE EXTENSION made these rows a moment ago; their models and endpoints go with them.
  if atelier_engine.restoring() and not exists (select from atelier.jobs) then
    delete from atelier.api_providers p where p.id = '00000000-0000-7000-8000-000000000001';
  end if;
  return null;
end;
$$;
comment on function atelier_engine.replace_providers_on_restore() is
$$Trigger: a restore replaces the provider that comes with the extension

The dump has its own rows for it, as its operator left them.$$;
