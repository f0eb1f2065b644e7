-- Workers: tokens that allow to report about one attempt, and nothing else.

create or replace function atelier_engine.hmac_keys(p_secret bytea, out inner_key bytea, out outer_key bytea)
returns record
language sql immutable
begin atomic
  select string_agg(decode(lpad(to_hex(b.byte # 54), 2, '0'), 'hex'), '' order by b.place),
         string_agg(decode(lpad(to_hex(b.byte # 92), 2, '0'), 'hex'), '' order by b.place)
    from (select n as place, case when n < octet_length(p_secret) then get_byte(p_secret, n) else 0 end as byte
            from generate_series(0, 63) n) b;
end;
comment on function atelier_engine.hmac_keys(bytea) is
  'The two keys of HMAC-SHA-256 (RFC 2104) that follow from a secret of at most 64 bytes';

create or replace function atelier_engine.hmac_sha256(p_inner_key bytea, p_outer_key bytea, p_message bytea)
returns bytea
language sql immutable
begin atomic
  select sha256(p_outer_key || sha256(p_inner_key || p_message));
end;
comment on function atelier_engine.hmac_sha256(bytea, bytea, bytea) is 'HMAC-SHA-256 with the keys of hmac_keys()';

create or replace function atelier_engine.capability_key()
returns atelier_engine.capability_keys
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  key atelier_engine.capability_keys;
begin
  select k.* into key from atelier_engine.capability_keys k;
  if not found then
    insert into atelier_engine.capability_keys (inner_key, outer_key)
    select h.inner_key, h.outer_key from atelier_engine.hmac_keys(decode(atelier_engine.new_secret(), 'hex')) h
        on conflict do nothing;
    select k.* into key from atelier_engine.capability_keys k;
  end if;
  return key;
end;
$$;
comment on function atelier_engine.capability_key() is 'The secret for tokens of attempts; made when there is none';

create or replace function atelier_engine.attempt_token(
  p_key atelier_engine.capability_keys, p_attempt_id uuid, p_expires_at bigint
)
returns text
language sql immutable
begin atomic
  select p_attempt_id || '.' || p_expires_at || '.'
         || encode(atelier_engine.hmac_sha256((p_key).inner_key, (p_key).outer_key,
                     convert_to('attempt.' || p_attempt_id || '.' || p_expires_at, 'UTF8')), 'hex');
end;
comment on function atelier_engine.attempt_token(atelier_engine.capability_keys, uuid, bigint) is
$$The token of an attempt: its id, the second at which the token expires, and the HMAC-SHA-256 of both

All three separated by points.$$;

create or replace function atelier_engine.read_attempt_token(p_token text, out attempt_id uuid, out problem text)
returns record
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  form constant text :=
    '^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\.[0-9]{1,12}\.[0-9a-f]{64}$';
  key atelier_engine.capability_keys;
  expires_at bigint;
begin
  if p_token is null or p_token !~ form then
    problem := 'the token is none of ours';
    return;
  end if;
  key := atelier_engine.capability_key();
  expires_at := split_part(p_token, '.', 2)::bigint;
  -- Compared are the authentication codes of the two, which nobody outside can steer: how far they agree tells nothing.
  if atelier_engine.hmac_sha256(key.inner_key, key.outer_key, convert_to(p_token, 'UTF8'))
     <> atelier_engine.hmac_sha256(key.inner_key, key.outer_key, convert_to(
          atelier_engine.attempt_token(key, split_part(p_token, '.', 1)::uuid, expires_at), 'UTF8')) then
    problem := 'the token is none of ours';
  elsif to_timestamp(expires_at) <= clock_timestamp() then
    problem := 'the token has expired';
  else
    attempt_id := split_part(p_token, '.', 1)::uuid;
  end if;
end;
$$;
comment on function atelier_engine.read_attempt_token(text) is
$$The attempt that a token is for, or what is wrong with the token

In a time that says nothing about how much of a forged one is right.$$;
