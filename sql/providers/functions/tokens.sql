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
  sealed bytea;
begin
  perform atelier_engine.conceal_statement('select atelier.set_provider_token(...)');
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
  -- No statement gets the secret as a parameter, because auto_explain would log it: this is an expression.
  sealed := atelier_engine.seal_secret(token, secret);
  insert into atelier_engine.provider_secrets as s (token_id, sealed)
  values (token, sealed)
  on conflict on constraint provider_secrets_pkey
    do update set secret = null, sealed = excluded.sealed, updated_at = clock_timestamp();
  perform atelier_engine.wake_dispatcher();
  return token;
end;
$$;
grant execute on function atelier.set_provider_token(text, text, text) to service_role;
comment on function atelier.set_provider_token(text, text, text) is
$$Store the secret of a provider token

Makes the token or replaces its secret, and returns its id. The secret is sealed with the newest key of
atelier.secret_key_file; the workers use it, and nobody reads it back. For the service role (42501). Fails with PT404
(unknown provider), 22023, or 55000 (no key, or something is wrong with the key file). Hand the secret over as a bound
parameter, or use set_provider_token_from_file(): what is typed into a statement may be logged.$$;

create or replace function atelier.set_provider_token_from_file(provider text, path text, name text default 'default')
returns uuid
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  secret text;
begin
  -- The rights of the caller count, not those of the owner of this function.
  if not pg_has_role(
           case current_setting('role') when 'none' then session_user else current_setting('role')::name end,
           'pg_read_server_files', 'usage') then
    raise insufficient_privilege using
      message = 'you may not read files of the server',
      hint = 'Call it as a superuser or as a member of pg_read_server_files, or use atelier.set_provider_token().';
  end if;
  secret := rtrim(pg_read_file(path), E'\r\n');
  return atelier.set_provider_token(provider, secret, name);
end;
$$;
grant execute on function atelier.set_provider_token_from_file(text, text, text) to service_role;
comment on function atelier.set_provider_token_from_file(text, text, text) is
$$Store the secret of a provider token that a file on the server holds

As set_provider_token(), without the secret in any statement. For superusers, and for who is a member of service_role and of
pg_read_server_files (42501). Line ends at the end of the file do not count. The file may be deleted afterwards.$$;

create or replace function atelier.seal_provider_tokens()
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  newest text;
  stored record;
  changed integer := 0;
begin
  perform atelier_engine.assert_service_role();
  newest := atelier_engine.newest_secret_key();
  for stored in
    select k.token_id, k.secret is not null as is_plain from atelier_engine.provider_secrets k
     where k.secret is not null or atelier_engine.key_of_secret(k.sealed) is distinct from newest
     order by k.token_id
       for update
  loop
    if stored.is_plain then
      update atelier_engine.provider_secrets k
         set sealed = atelier_engine.seal_secret(k.token_id, k.secret), secret = null
       where k.token_id = stored.token_id;
    else
      update atelier_engine.provider_secrets k set sealed = atelier_engine.reseal_secret(k.token_id, k.sealed)
       where k.token_id = stored.token_id;
    end if;
    changed := changed + 1;
  end loop;
  return changed + atelier_engine.seal_webhook_secrets(newest);
end;
$$;
grant execute on function atelier.seal_provider_tokens() to service_role;
comment on function atelier.seal_provider_tokens() is
$$Seal the secrets of all provider tokens and of their webhooks with the newest key

Those that an older key sealed, and those that 0.1.0 stored in the clear. Returns how many; all or none. Afterwards older keys
are needed for backups only. For the service role (42501); fails with 55000 when a key is missing.$$;

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
