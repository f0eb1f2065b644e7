-- Engine: secrets that must be used again, and therefore cannot be kept as hashes. Nothing here gives one away: they are opened
-- in C++, and what can be called seals, or says whether they could be. What a secret is for, "provider token" or "webhook secret",
-- is sealed in with the id of the token.

create or replace function atelier_engine.seal_secret(p_token_id uuid, p_secret text, p_purpose text default 'provider token')
returns bytea
language c volatile strict
as 'MODULE_PATHNAME', 'atelier_seal_secret';
comment on function atelier_engine.seal_secret(uuid, text, text) is
$$Encrypt a secret with the newest key, for one token and one purpose

AES-256-GCM with a random nonce. Raises 55000 when there is no key, 22023 for an unknown purpose.$$;

create or replace function atelier_engine.reseal_secret(p_token_id uuid, p_sealed bytea, p_purpose text default 'provider token')
returns bytea
language c volatile strict
as 'MODULE_PATHNAME', 'atelier_reseal_secret';
comment on function atelier_engine.reseal_secret(uuid, bytea, text) is
$$Encrypt a sealed secret with the newest key instead

Raises 55000 when its key is missing, or when it was changed or moved, 22023 for an unknown purpose.$$;

create or replace function atelier_engine.key_of_secret(p_sealed bytea)
returns text
language c immutable strict parallel safe
as 'MODULE_PATHNAME', 'atelier_key_of_secret';
comment on function atelier_engine.key_of_secret(bytea) is
  'The name of the key that a secret is sealed with; null: it is none';

create or replace function atelier_engine.newest_secret_key()
returns text
language c volatile
as 'MODULE_PATHNAME', 'atelier_newest_secret_key';
comment on function atelier_engine.newest_secret_key() is
  'The name of the newest key. Raises 55000 when there is none, and says what is wrong with the key file.';

create or replace function atelier_engine.has_key_of_secret(p_sealed bytea)
returns boolean
language c stable strict
as 'MODULE_PATHNAME', 'atelier_has_key_of_secret';
comment on function atelier_engine.has_key_of_secret(bytea) is
  'Whether the key file has the key of a sealed secret. Does not try to open it.';

create or replace function atelier_engine.secret_problem(p_token_id uuid, p_sealed bytea, p_purpose text default 'provider token')
returns text
language c volatile strict
as 'MODULE_PATHNAME', 'atelier_secret_problem';
comment on function atelier_engine.secret_problem(uuid, bytea, text) is
  'Why a secret of a token cannot be opened; null when it can. Raises 22023 for an unknown purpose.';

create or replace function atelier_engine.conceal_statement(p_instead text)
returns void
language c volatile strict
as 'MODULE_PATHNAME', 'atelier_conceal_statement';
comment on function atelier_engine.conceal_statement(text) is
  'Keep the statement that is being executed out of the server log, and show another in pg_stat_activity, from now on';
