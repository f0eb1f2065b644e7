-- Identity: API keys for servers.

create or replace function atelier_engine.assert_no_api_key()
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if coalesce(auth.jwt() ? 'api_key_id', false) then
    raise insufficient_privilege using
      message = 'an API key cannot do this', hint = 'Sign in as the person it belongs to.';
  end if;
end;
$$;
comment on function atelier_engine.assert_no_api_key() is
$$Refuse a caller who signed in with an API key

So that a key makes no other key, perhaps a stronger or longer-lived one. Raises 42501.$$;

create or replace function atelier.create_api_key(
  name text,
  scopes text[],
  expires_at timestamptz default null,
  user_id uuid default null
)
returns table (api_key_id uuid, secret text, prefix text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  max_keys constant integer := 50;
  person constant uuid := coalesce(create_api_key.user_id, auth.uid());
  new_secret constant text := 'atelier_' || atelier_engine.new_secret();
  made atelier.api_keys;
begin
  perform atelier_engine.assert_no_api_key();
  if person is null then
    raise sqlstate 'PT401' using message = 'sign in to make an API key', hint = 'Send a token in the Authorization header.';
  end if;
  perform atelier_engine.assert_acting_for(person);
  if not exists (select from atelier.profiles p where p.id = person) then
    raise sqlstate 'PT404' using message = 'no such person', hint = 'Only who signed up can have API keys.';
  end if;
  if create_api_key.expires_at <= clock_timestamp() then
    raise invalid_parameter_value using
      message = 'expires_at is in the past', hint = 'Leave it out for a key that holds until it is revoked.';
  end if;
  if (select count(*) from atelier.api_keys k
       where k.user_id = person and k.revoked_at is null and coalesce(k.expires_at > clock_timestamp(), true)) >= max_keys then
    raise sqlstate 'PT409' using
      message = 'too many API keys', detail = format('One person has %s at most.', max_keys),
      hint = 'Revoke some with revoke_api_key().';
  end if;
  insert into atelier.api_keys (user_id, created_by, name, prefix, scopes, expires_at)
  values (person, auth.uid(), create_api_key.name, "left"(new_secret, 16), create_api_key.scopes, create_api_key.expires_at)
  returning * into made;
  insert into atelier_engine.api_key_hashes (hash, api_key_id) values (atelier_engine.hash_secret(new_secret), made.id);
  return query select made.id, new_secret, made.prefix;
end;
$$;
grant execute on function atelier.create_api_key(text, text[], timestamptz, uuid) to authenticated, service_role;
comment on function atelier.create_api_key(text, text[], timestamptz, uuid) is
$$Make an API key for a server

Returns the `secret`, this once: the database keeps its hash. A server that sends it acts for the person who made it, as far
as `scopes` go: `*` everything; `read` all that the person sees; `write:TABLE` or `write:*` rows; `call:FUNCTION` or
`call:*` functions. The service role names the person by `user_id`.
Fails with PT401, PT404 (no profile), PT409 (50 keys are in use), 42501 (another person's, or the caller is a key itself),
22023 (expires_at) or 23514 (name or scopes).$$;

create or replace function atelier.revoke_api_key(api_key_id uuid)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.assert_no_api_key();
  update atelier.api_keys k set revoked_at = coalesce(k.revoked_at, clock_timestamp())
   where k.id = revoke_api_key.api_key_id
     and (k.user_id = auth.uid() or atelier_engine.is_service_role() or atelier_engine.user_has_role(auth.uid(), 'admin'));
  if not found then
    raise sqlstate 'PT404' using
      message = 'no such API key', hint = 'The key does not exist or belongs to somebody else.';
  end if;
end;
$$;
grant execute on function atelier.revoke_api_key(uuid) to authenticated, service_role;
comment on function atelier.revoke_api_key(uuid) is
$$Revoke an API key

At once and for good. For the person it belongs to, administrators and the service role; PT404 for others, 42501 for who
signed in with a key.$$;

create or replace function atelier_engine.api_key_access(p_scopes text[], p_method text, p_path text)
returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  -- Only what is written plainly: PostgREST decodes a path such as /r%70c/queue_job after this.
  called constant text := substring(p_path from '^/rpc/([a-z_][a-z0-9_]*)$');
  relation constant text := substring(p_path from '^/([a-z_][a-z0-9_]*)$');
begin
  if '*' = any (p_scopes)
     or 'call:' || called = any (p_scopes) or (called is not null and 'call:*' = any (p_scopes))
     or (p_method in ('POST', 'PATCH', 'PUT', 'DELETE')
         and ('write:' || relation = any (p_scopes) or (relation is not null and 'write:*' = any (p_scopes)))) then
    return 'full';
  elsif 'read' = any (p_scopes) then
    return 'read';
  end if;
  return 'none';
end;
$$;
comment on function atelier_engine.api_key_access(text[], text, text) is
$$What scopes allow in a request: full, read or none

`read` leaves it to the transaction, which is made read-only, that nothing is written. Without a path, for a caller
other than PostgREST, * and read alone count.$$;

create or replace function atelier_engine.check_api_key(p_secret text, out claims text, out access text)
returns record
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  key atelier.api_keys;
  method constant text := nullif(current_setting('request.method', true), '');
  path constant text := nullif(current_setting('request.path', true), '');
begin
  if p_secret is null then
    return;
  end if;
  if auth.uid() is not null then
    raise sqlstate 'PT400' using
      message = 'a token and an API key in one request', hint = 'Send either Authorization or x-api-key.';
  end if;
  select k.* into key
    from atelier_engine.api_key_hashes h
    join atelier.api_keys k on k.id = h.api_key_id
   where h.hash = atelier_engine.hash_secret(p_secret);
  if key.id is null or key.revoked_at is not null or key.expires_at <= clock_timestamp() then
    raise sqlstate 'PT401' using
      message = case when key.id is null then 'unknown API key'
                     when key.revoked_at is not null then 'the API key was revoked'
                     else 'the API key has expired' end,
      hint = 'Make a new one with atelier.create_api_key().';
  elsif not (select p.is_active from atelier.profiles p where p.id = key.user_id) then
    raise sqlstate 'PT403' using message = 'the account is deactivated', hint = 'Ask whoever runs the service.';
  end if;
  access := atelier_engine.api_key_access(key.scopes, method, path);
  if access = 'none' then
    raise sqlstate 'PT403' using
      message = 'the API key does not allow this',
      detail = concat(coalesce(method || ' ' || "left"(path, 200), 'A session without request.path'),
                      ' is not among: ', array_to_string(key.scopes, ', '), '.'),
      hint = 'Use a key with the scope for it.';
  end if;
  if current_setting('transaction_read_only') = 'off' then
    -- Of many requests at once, one writes and none waits.
    update atelier.api_keys k set last_used_at = clock_timestamp()
     where k.id in (select u.id from atelier.api_keys u
                     where u.id = key.id and coalesce(u.last_used_at < clock_timestamp() - interval '1 minute', true)
                       for no key update skip locked);
  end if;
  claims := jsonb_build_object(
    'sub', key.user_id, 'role', 'authenticated', 'email', (select u.email from auth.users u where u.id = key.user_id),
    'api_key_id', key.id, 'scopes', key.scopes)::text;
end;
$$;
grant execute on function atelier_engine.check_api_key(text) to anon, authenticated, service_role;
comment on function atelier_engine.check_api_key(text) is
$$The claims of an API key, and what it may do in this request

Nulls without a secret. Internal to authenticate_api_key(): whoever may execute it cannot name it.$$;

create or replace function atelier.authenticate_api_key(secret text default null)
returns void
language sql volatile
begin atomic
  -- With the rights of the caller and without settings of its own, because SET ROLE has to outlast it. It changes to the
  -- role authenticated only, where PostgREST's own role has to be a member anyway.
  select set_config('request.jwt.claims', k.claims, true),
         case k.access when 'read' then set_config('transaction_read_only', 'on', true) end,
         set_config('role', 'authenticated', true)
    from atelier_engine.check_api_key(
           coalesce(authenticate_api_key.secret,
                    nullif(current_setting('request.headers', true), '')::json ->> 'x-api-key')) k
   where k.claims is not null;
end;
grant execute on function atelier.authenticate_api_key(text) to anon, authenticated, service_role;
comment on function atelier.authenticate_api_key(text) is
$$Act for the person of an API key until the transaction ends

As PostgREST's `db-pre-request` it takes the secret from the header x-api-key and does nothing without one. Fails with
PT401 (unknown, revoked or expired), PT403 (its scopes do not allow the request) or PT400 (the caller is signed in by a
token already).$$;
