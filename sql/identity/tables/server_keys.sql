-- Identity: keys with which servers act for a person.

create table atelier.api_keys (
  id uuid primary key default atelier.uuid7(),
  user_id uuid not null references atelier.profiles (id) on delete cascade,
  created_by uuid references atelier.profiles (id) on delete set null,
  name text not null constraint api_keys_name_length check (char_length(name) between 1 and 100),
  prefix text not null,
  scopes text[] not null
    constraint api_keys_scopes_are_a_list check (array_ndims(scopes) = 1 and cardinality(scopes) <= 50)
    constraint api_keys_scopes_have_no_null check (array_position(scopes, null) is null)
    -- As text, where an element with a comma or a space in it is quoted.
    constraint api_keys_scopes_known check (
      scopes::text ~ '^\{(\*|read|(write|call):(\*|[a-z_][a-z0-9_]{0,62}))(,(\*|read|(write|call):(\*|[a-z_][a-z0-9_]{0,62})))*\}$'),
  created_at timestamptz not null default now(),
  expires_at timestamptz,
  revoked_at timestamptz,
  last_used_at timestamptz
);
select pg_catalog.pg_extension_config_dump('atelier.api_keys', '');
create index api_keys_user_idx on atelier.api_keys (user_id, created_at desc);
create index api_keys_created_by_idx on atelier.api_keys (created_by) where created_by is not null;
alter table atelier.api_keys enable row level security;
alter table atelier.api_keys force row level security;
grant select on atelier.api_keys to authenticated;
grant select, insert, update, delete on atelier.api_keys to service_role;
comment on table atelier.api_keys is
$$Keys with which servers act for a person

Made by create_api_key(), which gives the secret away once; used by authenticate_api_key(). People see their own.$$;
comment on column atelier.api_keys.prefix is 'The first characters of the secret, to recognise it by.';
comment on column atelier.api_keys.scopes is
  '* everything; read: all that its person sees; write:TABLE or write:*; call:FUNCTION or call:*.';
comment on column atelier.api_keys.last_used_at is
  'When it was last used, to the minute. Requests that cannot write (GET) leave no trace.';

create table atelier_engine.api_key_hashes (
  hash bytea primary key constraint api_key_hashes_hash_is_sha256 check (octet_length(hash) = 32),
  api_key_id uuid not null
    constraint api_key_hashes_api_key_key unique
    references atelier.api_keys (id) on delete cascade
);
select pg_catalog.pg_extension_config_dump('atelier_engine.api_key_hashes', '');
alter table atelier_engine.api_key_hashes enable row level security;
comment on table atelier_engine.api_key_hashes is
$$SHA-256 hashes of API keys

The keys themselves are nowhere: they are random and long, so that a hash, also one in a stolen dump, opens nothing.$$;
