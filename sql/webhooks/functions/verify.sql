-- Webhooks: what shows that one is genuine. Nothing that is in a body is looked at before that.

create or replace function atelier_engine.standard_webhook_is_signed(
  p_token_id uuid, p_sealed_secret bytea, p_message bytea, p_signatures text
)
returns boolean
language c stable strict
as 'MODULE_PATHNAME', 'atelier_standard_webhook_is_signed';
comment on function atelier_engine.standard_webhook_is_signed(uuid, bytea, bytea, text) is
$$Whether one of the signatures ("v1,BASE64", separated by blanks) is the HMAC-SHA-256 of the message

By the secret that is sealed for the webhooks of a token; null: it cannot be opened. In a time that says nothing about how
much of a forged one is right.$$;

create or replace function atelier_engine.ed25519_is_signed(p_public_key bytea, p_message bytea, p_signature bytea)
returns boolean
language c immutable strict parallel safe
as 'MODULE_PATHNAME', 'atelier_ed25519_is_signed';
comment on function atelier_engine.ed25519_is_signed(bytea, bytea, bytea) is
  'Whether an Ed25519 signature (RFC 8032) is right; p_public_key: its 32 bytes';

create or replace function atelier_engine.top_level_texts(p_document bytea, p_names text[])
returns text[]
language c immutable strict parallel safe
as 'MODULE_PATHNAME', 'atelier_top_level_texts';
comment on function atelier_engine.top_level_texts(bytea, text[]) is
$$The texts that the members with these names have in a JSON document (UTF-8)

Null for what is not there, no text, empty, longer than 500 characters, or not printable ASCII without blanks. What else is
in the document does not matter: the database need not be able to hold it.$$;

create or replace function atelier_engine.request_header(p_name text)
returns text
language sql stable
begin atomic
  select nullif(nullif(current_setting('request.headers', true), '')::json ->> p_name, '');
end;
comment on function atelier_engine.request_header(text) is
  'A header of the request that PostgREST has, by its name in small letters; null: it is not there, or empty';

create or replace function atelier_engine.webhook_body(p_body json)
returns bytea
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  most_bytes constant integer := 16777216;
begin
  if pg_column_size(p_body) > most_bytes then
    raise sqlstate 'PT413' using
      message = 'the webhook is too large', detail = format('The limit is %s bytes.', most_bytes);
  end if;
  return convert_to(p_body::text, 'UTF8');
end;
$$;
comment on function atelier_engine.webhook_body(json) is
$$The bytes of a request's body, as they were sent

json keeps them, jsonb would not. Raises PT413.$$;

create or replace function atelier_engine.assert_webhook_is_fresh(p_timestamp text)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  longest_skew constant integer := 300;
begin
  if p_timestamp is null or p_timestamp !~ '^[0-9]{1,12}$' then
    raise sqlstate 'PT401' using message = 'the webhook is not signed';
  elsif abs(extract(epoch from clock_timestamp()) - p_timestamp::bigint) > longest_skew then
    raise sqlstate 'PT401' using
      message = 'the webhook is of another time',
      hint = format('At most %s seconds may lie between the clocks.', longest_skew);
  end if;
end;
$$;
comment on function atelier_engine.assert_webhook_is_fresh(text) is
  'Refuse a webhook (PT401) that was signed, in seconds since 1970, more than five minutes ago or from now';

create or replace function atelier_engine.webhook_capability_key()
returns bytea
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  -- A key of its own: who may give a hint may not report a result.
  return atelier_engine.hmac_sha256(atelier_engine.capability_secret(), 'webhook');
end;
$$;
comment on function atelier_engine.webhook_capability_key() is
  'The key for the tokens of attempts in the addresses of webhooks';

create or replace function atelier_engine.webhook_capability()
returns uuid
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  token constant text := atelier_engine.request_header('x-webhook-capability');
  key bytea;
begin
  if token is null then
    return null;
  end if;
  key := atelier_engine.webhook_capability_key();
  if atelier_engine.attempt_of_token(key, token, 0) is null then
    raise sqlstate 'PT401' using message = 'the capability is none of ours';
  end if;
  return atelier_engine.attempt_of_token(key, token, extract(epoch from clock_timestamp())::bigint);
end;
$$;
comment on function atelier_engine.webhook_capability() is
$$The attempt that the capability in the address of a webhook is for

The proxy hands it over in the header X-Webhook-Capability. Null when there is none, or one that has expired; a forged one
raises PT401.$$;
