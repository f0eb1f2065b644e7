-- Workers: tokens that allow to report about one attempt, and nothing else.

create or replace function atelier_engine.hmac_sha256(p_key bytea, p_message bytea)
returns bytea
language c immutable strict parallel safe
as 'MODULE_PATHNAME', 'atelier_hmac_sha256';
comment on function atelier_engine.hmac_sha256(bytea, bytea) is 'HMAC-SHA-256 (RFC 2104)';

create or replace function atelier_engine.capability_secret()
returns bytea
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  known bytea := (select s.secret from atelier_engine.capability_secrets s);
begin
  if known is null then
    insert into atelier_engine.capability_secrets (secret)
    values (decode(atelier_engine.new_secret(), 'hex'))
        on conflict do nothing;
    known := (select s.secret from atelier_engine.capability_secrets s);
  end if;
  return known;
end;
$$;
comment on function atelier_engine.capability_secret() is 'The secret for tokens of attempts; made when there is none';

create or replace function atelier_engine.attempt_token(p_secret bytea, p_attempt_id uuid, p_expires_at bigint)
returns text
language c immutable strict parallel safe
as 'MODULE_PATHNAME', 'atelier_attempt_token';
comment on function atelier_engine.attempt_token(bytea, uuid, bigint) is
$$The token of an attempt: its id, the second at which the token expires, and the HMAC-SHA-256 of both

All three separated by points.$$;

create or replace function atelier_engine.attempt_of_token(p_secret bytea, p_token text, p_now bigint)
returns uuid
language c immutable strict parallel safe
as 'MODULE_PATHNAME', 'atelier_attempt_of_token';
comment on function atelier_engine.attempt_of_token(bytea, text, bigint) is
$$The attempt that a token is for; null when it is none of ours, or has expired at p_now (seconds)

In a time that says nothing about how much of a forged one is right.$$;

create or replace function atelier_engine.read_attempt_token(p_token text, out attempt_id uuid, out problem text)
returns record
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  secret constant bytea := atelier_engine.capability_secret();
begin
  attempt_id := atelier_engine.attempt_of_token(secret, p_token, extract(epoch from clock_timestamp())::bigint);
  if attempt_id is null then
    problem := case when atelier_engine.attempt_of_token(secret, p_token, 0) is null then 'the token is none of ours'
                    else 'the token has expired' end;
  end if;
end;
$$;
comment on function atelier_engine.read_attempt_token(text) is
'The attempt that a token is for, or what is wrong with the token';
