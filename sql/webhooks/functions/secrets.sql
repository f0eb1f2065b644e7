-- Webhooks: the secrets and keys by which providers are known.

create or replace function atelier.set_webhook_secret(provider text, secret text, name text default 'default')
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  token uuid;
  sealed bytea;
begin
  perform atelier_engine.conceal_statement('select atelier.set_webhook_secret(...)');
  perform atelier_engine.assert_service_role();
  select t.id into token
    from atelier.provider_tokens t
    join atelier.api_providers p on p.id = t.provider_id
   where p.name = set_webhook_secret.provider and t.name = set_webhook_secret.name;
  if token is null then
    raise sqlstate 'PT404' using
      message = 'unknown token', hint = 'Store the token of the account first, with atelier.set_provider_token().';
  end if;
  if secret is null then
    delete from atelier_engine.webhook_secrets s where s.token_id = token;
    return;
  end if;
  if secret !~ '^whsec_([A-Za-z0-9+/]{4}){4,40}([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$' then
    raise invalid_parameter_value using
      message = 'invalid secret', hint = 'It begins with whsec_, and base64 follows.';
  end if;
  -- No statement gets the secret as a parameter, because auto_explain would log it: this is an expression.
  sealed := atelier_engine.seal_secret(token, secret, 'webhook secret');
  insert into atelier_engine.webhook_secrets as s (token_id, sealed) values (token, sealed)
      on conflict on constraint webhook_secrets_pkey
      do update set sealed = excluded.sealed, updated_at = clock_timestamp();
end;
$$;
grant execute on function atelier.set_webhook_secret(text, text, text) to service_role;
comment on function atelier.set_webhook_secret(text, text, text) is
$$Store the secret with which an account at a provider signs its webhooks

As the provider hands it out, "whsec_…"; name is that of the account's token. Where several tokens are of one account, each
needs it. Null forgets it. It is sealed as the token itself is, nobody reads it back, and it stays out of dumps. For the
service role (42501). Fails with PT404 (unknown provider or token), 22023, or 55000 (no key, or something is wrong with the
key file). Hand it over as a bound parameter: what is typed into a statement may be logged.$$;

create or replace function atelier_engine.seal_webhook_secrets(p_key text)
returns integer
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  changed integer;
begin
  update atelier_engine.webhook_secrets s
     set sealed = atelier_engine.reseal_secret(s.token_id, s.sealed, 'webhook secret')
   where atelier_engine.key_of_secret(s.sealed) is distinct from p_key;
  get diagnostics changed = row_count;
  return changed;
end;
$$;
comment on function atelier_engine.seal_webhook_secrets(text) is
$$Part of seal_provider_tokens(): seal the secrets of webhooks that another key than the newest, p_key, sealed

Returns how many. Raises 55000 when a key is missing.$$;

create or replace function atelier.set_webhook_keys(provider text, keys jsonb default null, url text default null)
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  chosen uuid;
  raw bytea[];
begin
  perform atelier_engine.assert_service_role();
  select p.id into chosen from atelier.api_providers p where p.name = set_webhook_keys.provider;
  if chosen is null then
    raise sqlstate 'PT404' using message = 'unknown provider', hint = 'The providers are in atelier.api_providers.';
  end if;
  raw := atelier_engine.keys_of_jwks(keys);
  if (raw is null) = (url is null) then
    raise invalid_parameter_value using
      message = 'invalid keys', detail = 'keys is a JWKS with at least one Ed25519 key; or url says where there is one.',
      hint = 'Give one of the two.';
  end if;
  insert into atelier_engine.webhook_key_sets as k (provider_id, url, keys, fetched_at, ask_at)
  values (chosen, url, coalesce(raw, '{}'), case when url is null then clock_timestamp() end,
          case when url is not null then clock_timestamp() end)
      on conflict on constraint webhook_key_sets_pkey
      do update set url = excluded.url, keys = excluded.keys, fetched_at = excluded.fetched_at, ask_at = excluded.ask_at,
                    last_error = null;
  perform atelier_engine.wake_for_webhook_keys();
  return coalesce(cardinality(raw), 0);
end;
$$;
grant execute on function atelier.set_webhook_keys(text, jsonb, text) to service_role;
comment on function atelier.set_webhook_keys(text, jsonb, text) is
$$Say with which public keys a provider signs its webhooks, or where it publishes them

keys is a JWKS, {"keys": [{"kty": "OKP", "crv": "Ed25519", "x": …}]}: for servers that may not fetch it; then whoever stored it
keeps it up. With url it is fetched, now, once a day, and when a signature is by no known key. Without any call the keys of
fal are fetched where fal publishes them. Returns how many keys were stored. For the service role (42501). Fails with PT404
(unknown provider), 22023 or 23514.$$;

create or replace function atelier_engine.wake_for_webhook_keys()
returns void
language c volatile
as 'MODULE_PATHNAME', 'atelier_wake_for_webhook_keys';
comment on function atelier_engine.wake_for_webhook_keys() is
  'Have the dispatcher look, after the commit, for keys of webhooks that are to be fetched';

create or replace function atelier_engine.keys_of_jwks(p_jwks jsonb)
returns bytea[]
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  most_keys constant integer := 20;
begin
  if jsonb_typeof(p_jwks -> 'keys') is distinct from 'array' then
    return null;
  end if;
  return (
    select array_agg(decode(translate(k.x, '-_', '+/') || '=', 'base64'))
      from (select j.value ->> 'x' as x
              from jsonb_array_elements(p_jwks -> 'keys') j
             where jsonb_typeof(j.value) = 'object' and j.value ->> 'kty' = 'OKP' and j.value ->> 'crv' = 'Ed25519'
               and j.value ->> 'x' ~ '^[A-Za-z0-9_-]{43}$'
             limit most_keys) k);
end;
$$;
comment on function atelier_engine.keys_of_jwks(jsonb) is
  'The raw Ed25519 keys in a JWKS (RFC 7517, RFC 8037), at most twenty; null when there is none';
