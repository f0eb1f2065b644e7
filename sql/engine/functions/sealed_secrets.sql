-- Engine: secrets that must be used again, and therefore cannot be kept as hashes. Nothing here gives one away: the workers
-- open them in C++, and what can be called seals, or says whether they could.

create or replace function atelier_engine.seal_secret(p_token_id uuid, p_secret text)
returns bytea
language c volatile strict
as 'MODULE_PATHNAME', 'atelier_seal_secret';
comment on function atelier_engine.seal_secret(uuid, text) is
$$Encrypt a secret with the newest key, for one token

AES-256-GCM with a random nonce. Raises 55000 when there is no key.$$;

create or replace function atelier_engine.reseal_secret(p_token_id uuid, p_sealed bytea)
returns bytea
language c volatile strict
as 'MODULE_PATHNAME', 'atelier_reseal_secret';
comment on function atelier_engine.reseal_secret(uuid, bytea) is
$$Encrypt a sealed secret with the newest key instead

Raises 55000 when its key is missing, or when it was changed or moved.$$;

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

create or replace function atelier_engine.secret_problem(p_token_id uuid, p_sealed bytea)
returns text
language c volatile strict
as 'MODULE_PATHNAME', 'atelier_secret_problem';
comment on function atelier_engine.secret_problem(uuid, bytea) is
  'Why the secret of a token cannot be opened; null when it can';

create or replace function atelier_engine.conceal_statement()
returns void
language c volatile
as 'MODULE_PATHNAME', 'atelier_conceal_statement';
comment on function atelier_engine.conceal_statement() is
  'Keep the statement that is being executed out of the server log and of pg_stat_activity from now on';
