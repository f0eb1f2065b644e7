\echo Use "CREATE EXTENSION atelier" to load this file. \quit
set local search_path = pg_catalog, pg_temp;

-- sql/engine/tables.sql
-- Engine: what every module stands on. Schemas, roles, the functions of atelier.so that column defaults, policies and
-- later modules need, and the identity of this database, which keeps a copy of it from dispatching jobs.

create schema atelier;
comment on schema atelier is
$$Generative media in the database

Tables and functions for apps. Row level security decides who sees what.$$;

create schema atelier_engine;
comment on schema atelier_engine is
  'Queue, attempts, leases and secrets: for the workers and for functions with the rights of their owner.';

-- Roles belong to the whole cluster, and on Supabase the first three are there already. They are no members of the
-- extension: dropping it leaves them.
do $roles$
declare
  wanted record;
begin
  for wanted in
    select r.name, r.attributes
      from (values ('anon', 'nologin noinherit'),
                   ('authenticated', 'nologin noinherit'),
                   ('service_role', 'nologin noinherit bypassrls'),
                   ('atelier_worker', 'login noinherit')) as r (name, attributes)
     where not exists (select from pg_catalog.pg_roles p where p.rolname = r.name)
  loop
    -- The attributes are keywords from the list above, not identifiers.
    execute pg_catalog.format('create role %I %s', wanted.name, wanted.attributes);
  end loop;
end
$roles$;

create function atelier.uuid7()
returns uuid
language c volatile parallel safe
as 'MODULE_PATHNAME', 'atelier_uuid7';
grant execute on function atelier.uuid7() to anon, authenticated, service_role, atelier_worker;
comment on function atelier.uuid7() is
$$A new time-ordered UUID

Version 7 of RFC 9562: 48 bits of milliseconds, then random bits. Values made later sort later.$$;

create function atelier.start()
returns text
language c volatile
as 'MODULE_PATHNAME', 'atelier_start';
comment on function atelier.start() is
$$Start the workers of this server

Starts what is not running yet and says what it did. Needed only after atelier.stop(), or where
shared_preload_libraries does not name atelier; otherwise the workers start by themselves. For superusers.$$;

create function atelier.stop()
returns text
language c volatile
as 'MODULE_PATHNAME', 'atelier_stop';
comment on function atelier.stop() is
$$Stop the workers of this server

Jobs stay queued and go on after atelier.start(). Says what it did. For superusers.$$;

create procedure atelier.wait_for_job(
  job_id uuid,
  wait_timeout interval default interval '5 minutes',
  inout status text default null
)
language c
as 'MODULE_PATHNAME', 'atelier_wait_for_job';
grant execute on procedure atelier.wait_for_job(uuid, interval, text) to authenticated, service_role;
comment on procedure atelier.wait_for_job(uuid, interval, text) is
$$Wait until a job is finished

Returns the status: completed, failed or cancelled, or the status so far when wait_timeout has passed. Sees what the
caller may see, so that a foreign job is unknown. Holds no snapshot while it waits, obeys cancel and
statement_timeout, and cannot run inside a transaction block.$$;

create function atelier_engine.wake_dispatcher()
returns void
language c volatile
as 'MODULE_PATHNAME', 'atelier_wake_dispatcher';
comment on function atelier_engine.wake_dispatcher() is
$$Wake the dispatcher when this transaction commits

Sets a latch in shared memory, once per transaction; nothing happens on rollback or when no dispatcher runs.$$;

create function atelier_engine.wake_janitor()
returns void
language c volatile
as 'MODULE_PATHNAME', 'atelier_wake_janitor';
comment on function atelier_engine.wake_janitor() is
$$Wake the janitor when this transaction commits

Sets a latch in shared memory, once per transaction; nothing happens on rollback or when no janitor runs.$$;

create function atelier_engine.announce_database()
returns void
language c volatile
as 'MODULE_PATHNAME', 'atelier_announce_database';
comment on function atelier_engine.announce_database() is
$$Tell the launcher, when this transaction commits, that this database has the extension

The launcher then starts the workers of this database at once instead of at its next look around.$$;

create function atelier_engine.worker_processes(
  out process text,
  out database_oid oid,
  out pid integer,
  out state text,
  out started_at timestamptz,
  out restarts integer,
  out detail text
)
returns setof record
language c volatile
as 'MODULE_PATHNAME', 'atelier_worker_processes';
grant execute on function atelier_engine.worker_processes() to service_role;
comment on function atelier_engine.worker_processes() is
$$The processes of atelier in this cluster

One row per process, read from shared memory: what it is, for which database, its state, since when, how often it was
restarted, and what it says about itself. No row when the library is not in shared memory.$$;

-- No key on purpose: a restore adds the row of the database that was dumped, and must not fail at it.
create table atelier_engine.instance (
  system_identifier bigint not null,
  database_oid oid not null,
  adopted_at timestamptz not null default clock_timestamp()
);
select pg_catalog.pg_extension_config_dump('atelier_engine.instance', '');
alter table atelier_engine.instance enable row level security;
comment on table atelier_engine.instance is
$$The database that may dispatch jobs

Exactly one row that names this cluster and this database means: adopted. A restore or a copy by CREATE DATABASE
brings the row of another database along, and nothing is dispatched until atelier.adopt_instance() is called.$$;

-- sql/identity/tables.sql
-- Identity: who a caller is, and what the product knows about a person. The schema auth is made only where it is
-- absent: on Supabase its owner is the authentication service, and what is there stays as it is.

do $auth$
begin
  if pg_catalog.to_regnamespace('auth') is null then
    create schema auth;
    grant usage on schema auth to anon, authenticated, service_role, atelier_worker;
    comment on schema auth is 'Who signed up, and who is calling.';
  end if;

  if pg_catalog.to_regprocedure('auth.uid()') is null then
    execute $sql$
      create function auth.uid() returns uuid
      language c stable parallel safe as 'MODULE_PATHNAME', 'atelier_auth_uid' $sql$;
    revoke execute on function auth.uid() from public;
    grant execute on function auth.uid() to anon, authenticated, service_role, atelier_worker;
    comment on function auth.uid() is
$$The id of the caller

The claim sub of the request's token (request.jwt.claims); null for a caller who is not signed in.$$;
  end if;

  if pg_catalog.to_regprocedure('auth.role()') is null then
    execute $sql$
      create function auth.role() returns text
      language c stable parallel safe as 'MODULE_PATHNAME', 'atelier_auth_role' $sql$;
    revoke execute on function auth.role() from public;
    grant execute on function auth.role() to anon, authenticated, service_role, atelier_worker;
    comment on function auth.role() is
$$The role of the caller

The claim role of the request's token: anon, authenticated or service_role; null without a token.$$;
  end if;

  if pg_catalog.to_regprocedure('auth.email()') is null then
    execute $sql$
      create function auth.email() returns text
      language c stable parallel safe as 'MODULE_PATHNAME', 'atelier_auth_email' $sql$;
    revoke execute on function auth.email() from public;
    grant execute on function auth.email() to anon, authenticated, service_role, atelier_worker;
    comment on function auth.email() is
$$The mail address of the caller

The claim email of the request's token; null without one.$$;
  end if;

  if pg_catalog.to_regprocedure('auth.jwt()') is null then
    execute $sql$
      create function auth.jwt() returns jsonb
      language c stable parallel safe as 'MODULE_PATHNAME', 'atelier_auth_jwt' $sql$;
    revoke execute on function auth.jwt() from public;
    grant execute on function auth.jwt() to anon, authenticated, service_role, atelier_worker;
    comment on function auth.jwt() is
$$All claims of the caller's token

The setting request.jwt.claims as JSON; null without a token.$$;
  end if;

  if pg_catalog.to_regclass('auth.users') is null then
    create table auth.users (
      id uuid primary key default atelier.uuid7(),
      email text,
      raw_app_meta_data jsonb not null default '{}',
      raw_user_meta_data jsonb not null default '{}',
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    );
    perform pg_catalog.pg_extension_config_dump('auth.users', '');
    create unique index users_email_key on auth.users (lower(email));
    alter table auth.users enable row level security;
    grant select, insert, update, delete on auth.users to service_role;
    comment on table auth.users is
$$People who signed up

A new row makes the profile and the role basic_user. Only the service role and administrators of the database touch
this table; what a person may see of it is in atelier.profiles.$$;
    comment on column auth.users.raw_user_meta_data is 'What the person said at sign-up; username becomes the profile''s.';
  end if;
end
$auth$;

create type atelier.app_role as enum ('admin', 'moderator', 'premium_user', 'basic_user', 'guest');
comment on type atelier.app_role is 'What a person may do in the product. These are no database roles.';

create table atelier.profiles (
  id uuid primary key references auth.users (id) on delete cascade,
  username text
    constraint profiles_username_key unique
    constraint profiles_username_length check (char_length(username) between 1 and 100),
  subscription_status text not null default 'inactive'
    constraint profiles_subscription_status_known
      check (subscription_status in ('inactive', 'starter', 'pro', 'creator')),
  token_balance integer not null default 100
    constraint profiles_token_balance_not_negative check (token_balance >= 0),
  age_verified boolean not null default false,
  birth_date date,
  age_verification_date timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
select pg_catalog.pg_extension_config_dump('atelier.profiles', '');
alter table atelier.profiles enable row level security;
alter table atelier.profiles force row level security;
-- Balance, subscription and age verification are decided by the back end: a person may write these two columns only.
grant select, update (username, birth_date) on atelier.profiles to authenticated;
grant select, insert, update, delete on atelier.profiles to service_role;
comment on table atelier.profiles is
$$What the product knows about a person

One row per user, made at sign-up. People see their own row and change their name; balance, subscription and age
verification are set by the back end only.$$;
comment on column atelier.profiles.birth_date is
  'Given once by the person; only an administrator corrects it, so that nobody tries dates until one is old enough.';
comment on column atelier.profiles.age_verified is 'Whether the birth date makes the person 18 or older.';
comment on column atelier.profiles.token_balance is 'Tokens left to spend.';

create table atelier.user_roles (
  id uuid primary key default atelier.uuid7(),
  user_id uuid not null references auth.users (id) on delete cascade,
  role atelier.app_role not null,
  created_at timestamptz not null default now(),
  constraint user_roles_user_id_role_key unique (user_id, role)
);
select pg_catalog.pg_extension_config_dump('atelier.user_roles', '');
alter table atelier.user_roles enable row level security;
alter table atelier.user_roles force row level security;
grant select, delete, insert (user_id, role), update (role) on atelier.user_roles to authenticated;
grant select, insert, update, delete on atelier.user_roles to service_role;
comment on table atelier.user_roles is
$$Which roles a person has

Everybody sees their own roles; only administrators grant and withdraw them.$$;

create table atelier.user_activity_log (
  id uuid primary key default atelier.uuid7(),
  user_id uuid references atelier.profiles (id) on delete cascade,
  action text not null
    constraint user_activity_log_action_length check (char_length(action) between 1 and 200),
  resource_type text
    constraint user_activity_log_resource_type_length check (char_length(resource_type) <= 200),
  resource_id text
    constraint user_activity_log_resource_id_length check (char_length(resource_id) <= 200),
  metadata jsonb not null default '{}'
    constraint user_activity_log_metadata_is_object check (jsonb_typeof(metadata) = 'object')
    constraint user_activity_log_metadata_size check (octet_length(metadata::text) <= 16384),
  ip_address inet,
  user_agent text
    constraint user_activity_log_user_agent_length check (char_length(user_agent) <= 1000),
  created_at timestamptz not null default now()
);
select pg_catalog.pg_extension_config_dump('atelier.user_activity_log', '');
create index user_activity_log_user_created_idx on atelier.user_activity_log (user_id, created_at desc);
create index user_activity_log_created_idx on atelier.user_activity_log (created_at);
alter table atelier.user_activity_log enable row level security;
alter table atelier.user_activity_log force row level security;
grant select on atelier.user_activity_log to authenticated;
grant select, insert, update, delete on atelier.user_activity_log to service_role;
comment on table atelier.user_activity_log is
$$What people did

Written by log_user_activity() only, so that a client cannot rewrite its own history.$$;

-- sql/storage/tables.sql
-- Storage: buckets, objects and their bytes. The schema storage is made only where it is absent: on Supabase it
-- belongs to the storage service. What is ours alone (the store of a bucket, the bytes, the deletions to come) lies
-- in atelier_engine, so that it has one shape everywhere.

do $storage$
begin
  if pg_catalog.to_regnamespace('storage') is null then
    create schema storage;
    grant usage on schema storage to anon, authenticated, service_role, atelier_worker;
    comment on schema storage is 'Buckets and the objects in them.';
  end if;

  -- Policies call these for every row. Without settings of their own, and strict only if their body is, they are
  -- inlined.
  if pg_catalog.to_regprocedure('storage.foldername(text)') is null then
    create function storage.foldername(name text) returns text[]
    language sql immutable parallel safe
    begin atomic
      select (string_to_array(foldername.name, '/'))[1 : cardinality(string_to_array(foldername.name, '/')) - 1];
    end;
    revoke execute on function storage.foldername(text) from public;
    grant execute on function storage.foldername(text) to anon, authenticated, service_role, atelier_worker;
    comment on function storage.foldername(text) is
$$The folders of an object's name

a/b/c.png gives {a,b}. The array starts at 1 and is empty for a name without a folder.$$;
  end if;

  if pg_catalog.to_regprocedure('storage.filename(text)') is null then
    create function storage.filename(name text) returns text
    language sql immutable strict parallel safe
    begin atomic
      select split_part(filename.name, '/', -1);
    end;
    revoke execute on function storage.filename(text) from public;
    grant execute on function storage.filename(text) to anon, authenticated, service_role, atelier_worker;
    comment on function storage.filename(text) is
$$The last part of an object's name

a/b/c.png gives c.png.$$;
  end if;

  if pg_catalog.to_regprocedure('storage.extension(text)') is null then
    create function storage.extension(name text) returns text
    language sql immutable strict parallel safe
    begin atomic
      select split_part(split_part(extension.name, '/', -1), '.', -1);
    end;
    revoke execute on function storage.extension(text) from public;
    grant execute on function storage.extension(text) to anon, authenticated, service_role, atelier_worker;
    comment on function storage.extension(text) is
$$What follows the last dot of an object's name

a/b/c.png gives png; without a dot the whole last part.$$;
  end if;

  if pg_catalog.to_regclass('storage.buckets') is null then
    create table storage.buckets (
      id text primary key,
      name text not null constraint buckets_name_key unique,
      owner uuid,
      owner_id text,
      public boolean not null default false,
      avif_autodetection boolean not null default false,
      file_size_limit bigint constraint buckets_file_size_limit_positive check (file_size_limit > 0),
      allowed_mime_types text[],
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    );
    perform pg_catalog.pg_extension_config_dump('storage.buckets', '');
    alter table storage.buckets enable row level security;
    grant select on storage.buckets to anon, authenticated;
    grant select, insert, update, delete on storage.buckets to service_role;
    comment on table storage.buckets is
$$Where objects lie, and what may lie there

The objects of a public bucket are readable by everybody.$$;
    comment on column storage.buckets.file_size_limit is 'Bytes an object may have; null: no limit.';
    comment on column storage.buckets.allowed_mime_types is
      'Media types an object may have, image/* for every image; null: all.';
  end if;

  if pg_catalog.to_regclass('storage.objects') is null then
    create table storage.objects (
      id uuid primary key default atelier.uuid7(),
      bucket_id text not null references storage.buckets (id),
      name text not null,
      owner uuid references auth.users (id) on delete cascade,
      owner_id text,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      last_accessed_at timestamptz not null default now(),
      metadata jsonb not null default '{}',
      path_tokens text[] generated always as (string_to_array(name, '/')) stored,
      version text,
      user_metadata jsonb,
      constraint objects_bucket_id_name_key unique (bucket_id, name)
    );
    perform pg_catalog.pg_extension_config_dump('storage.objects', '');
    create index objects_owner_idx on storage.objects (owner);
    alter table storage.objects enable row level security;
    -- No insert and no update for clients: a row stands for bytes, and only create_object() makes both.
    grant select on storage.objects to anon, authenticated;
    grant delete on storage.objects to authenticated;
    grant select, insert, update, delete on storage.objects to service_role;
    comment on table storage.objects is
$$Stored files

One row per file; its bytes are read with atelier.object_bytes(). The first folder of the name is the id of its
owner. Deleting a row deletes the bytes soon after the commit.$$;
    comment on column storage.objects.metadata is 'size (bytes), mimetype, sha256 (hex) and eTag.';
  end if;
end
$storage$;

create table atelier_engine.bucket_stores (
  bucket_id text primary key references storage.buckets (id) on update cascade on delete cascade,
  store text not null default 'database'
    constraint bucket_stores_store_known check (store in ('database', 'file', 's3')),
  comes_with_atelier boolean not null default false
);
select pg_catalog.pg_extension_config_dump('atelier_engine.bucket_stores', '');
alter table atelier_engine.bucket_stores enable row level security;
comment on table atelier_engine.bucket_stores is
$$Which store holds the bytes of a bucket

A bucket without a row is in the database. comes_with_atelier marks the buckets that CREATE EXTENSION makes: a dump
brings its own rows for them.$$;

-- No foreign key to storage.objects: deleting an object must not wait for its bytes, nor fail because of them.
-- The outbox below removes them, and orphaned_objects() shows what it missed.
create table atelier_engine.object_chunks (
  object_id uuid not null,
  sequence integer not null constraint object_chunks_sequence_not_negative check (sequence >= 0),
  byte_offset bigint not null constraint object_chunks_byte_offset_not_negative check (byte_offset >= 0),
  bytes bytea not null constraint object_chunks_size check (octet_length(bytes) between 1 and 262144),
  constraint object_chunks_pkey primary key (object_id, sequence)
);
select pg_catalog.pg_extension_config_dump('atelier_engine.object_chunks', '');
-- Pictures and videos are compressed already.
alter table atelier_engine.object_chunks alter column bytes set storage external;
alter table atelier_engine.object_chunks enable row level security;
-- Clients read through the view atelier.object_chunks, with their own rights: the policy of this table shows the
-- bytes of the objects they see. They cannot name the table itself, for want of usage on its schema.
grant select on atelier_engine.object_chunks to anon, authenticated, service_role;
comment on table atelier_engine.object_chunks is
$$Bytes of the objects in the database store

An object is its chunks in sequence from 0, each of at most 256 KiB.$$;
comment on column atelier_engine.object_chunks.byte_offset is 'Where in the object the chunk begins.';

create table atelier_engine.object_deletions (
  id uuid primary key default atelier.uuid7(),
  object_id uuid not null,
  bucket_id text not null,
  name text not null,
  store text not null,
  requested_at timestamptz not null default now()
);
select pg_catalog.pg_extension_config_dump('atelier_engine.object_deletions', '');
alter table atelier_engine.object_deletions enable row level security;
comment on table atelier_engine.object_deletions is
$$Objects whose rows are gone and whose bytes are still to be deleted

Written in the transaction that deletes the object, emptied by the janitor.$$;

-- sql/providers/tables/catalog.sql
-- Providers: who makes pictures, with which models, at which URLs, and with which tokens.

create table atelier.api_providers (
  id uuid primary key default atelier.uuid7(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  name text not null unique constraint api_providers_name_is_a_slug check (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
  display_name text not null,
  base_url text,
  docs_url text,
  auth_scheme text not null default 'bearer'
    constraint api_providers_auth_scheme_known check (auth_scheme in ('none', 'bearer', 'key', 'token', 'header')),
  auth_header_name text default 'Authorization'
    constraint api_providers_auth_header_name_valid check (auth_header_name ~ '^[A-Za-z0-9-]{1,64}$'),
  constraint api_providers_token_needs_a_header check (auth_scheme = 'none' or auth_header_name is not null),
  secret_name text,
  rate_limits jsonb not null default '{}',
  is_active boolean not null default true
);
select pg_catalog.pg_extension_config_dump('atelier.api_providers', '');
alter table atelier.api_providers enable row level security;
alter table atelier.api_providers force row level security;
grant select, insert, update, delete on atelier.api_providers to authenticated, service_role;
comment on table atelier.api_providers is
$$A company or a kind of server that runs models

auth_scheme says how a token travels in the header auth_header_name: after the word Bearer, Key or Token, or alone
(header). With none there is no token.$$;

create table atelier.api_models (
  id uuid primary key default atelier.uuid7(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid references atelier.profiles (id) on delete set null,
  provider_id uuid not null references atelier.api_providers (id) on delete cascade,
  model_key text not null unique constraint api_models_model_key_not_blank check (model_key ~ '^\S{1,200}$'),
  version text,
  display_name text not null,
  modality text not null constraint api_models_modality_known check (modality in ('image', 'video', 'chat')),
  task text
    constraint api_models_task_known check (task in (
      't2i', 'i2i', 'i2i_multi', 't2v', 'i2v', 'extend', 'multi', 'upscale', 'roleplay', 'reasoning', 'enhancement',
      'embedding', 'vision')),
  model_family text,
  endpoint_path text,
  input_defaults jsonb not null default '{}'
    constraint api_models_input_defaults_is_an_object check (jsonb_typeof(input_defaults) = 'object'),
  capabilities jsonb not null default '{}'
    constraint api_models_capabilities_is_an_object check (jsonb_typeof(capabilities) = 'object'),
  pricing jsonb not null default '{}',
  output_format text,
  is_active boolean not null default true,
  is_default boolean not null default false,
  priority integer not null default 0,
  aliases text[] not null default '{}',
  parameter_schema jsonb not null default '{"type": "object", "properties": {}, "additionalProperties": false}'
    constraint api_models_parameter_schema_is_an_object check (jsonb_typeof(parameter_schema) = 'object'),
  estimated_seconds numeric not null default 10
    constraint api_models_estimated_seconds_positive check (estimated_seconds > 0)
);
create index api_models_provider_idx on atelier.api_models (provider_id);
create index api_models_created_by_idx on atelier.api_models (created_by);
select pg_catalog.pg_extension_config_dump('atelier.api_models', '');
alter table atelier.api_models enable row level security;
alter table atelier.api_models force row level security;
grant select, insert, update, delete on atelier.api_models to authenticated, service_role;
comment on table atelier.api_models is
$$A model that jobs can name, by model_key or by one of its aliases

parameter_schema is the subset of JSON Schema that queue_job() checks; input_defaults fills what a request leaves out.
capabilities.job_types maps the job types that the model takes to the defaults of each. estimated_seconds is the time
of one request with the defaults.$$;

create table atelier.endpoints (
  id uuid primary key default atelier.uuid7(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  provider_id uuid not null references atelier.api_providers (id) on delete cascade,
  name text not null unique constraint endpoints_name_not_blank check (name ~ '\S'),
  adapter text not null constraint endpoints_adapter_is_a_name check (adapter ~ '^[a-z0-9_]{1,63}$'),
  base_url text not null
    constraint endpoints_base_url_known check (base_url ~ '^(https?://[^\s/]|unix:/|runner:[0-9]{1,3}$)\S*$'),
  is_active boolean not null default true,
  only_models text[] constraint endpoints_only_models_not_empty check (cardinality(only_models) > 0),
  max_concurrency integer not null default 1
    constraint endpoints_max_concurrency_in_range check (max_concurrency between 0 and 10000),
  ambiguity_policy text not null default 'hold'
    constraint endpoints_ambiguity_policy_known check (ambiguity_policy in ('retry', 'fail', 'hold')),
  hold_timeout interval not null default interval '1 hour'
    constraint endpoints_hold_timeout_positive check (hold_timeout > interval '0'),
  unavailable_timeout interval not null default interval '15 minutes'
    constraint endpoints_unavailable_timeout_not_negative check (unavailable_timeout >= interval '0'),
  private_network boolean not null default false,
  connect_timeout_ms integer not null default 10000
    constraint endpoints_connect_timeout_in_range check (connect_timeout_ms between 1 and 600000),
  first_byte_timeout_ms integer not null default 300000
    constraint endpoints_first_byte_timeout_in_range check (first_byte_timeout_ms between 1 and 86400000),
  total_timeout_ms integer not null default 600000
    constraint endpoints_total_timeout_in_range check (total_timeout_ms between 1 and 86400000),
  max_output_bytes bigint not null default 67108864
    constraint endpoints_max_output_bytes_in_range check (max_output_bytes between 1 and 17179869184)
);
create index endpoints_provider_idx on atelier.endpoints (provider_id);
select pg_catalog.pg_extension_config_dump('atelier.endpoints', '');
alter table atelier.endpoints enable row level security;
alter table atelier.endpoints force row level security;
grant select, insert, update, delete on atelier.endpoints to authenticated, service_role;
comment on table atelier.endpoints is
$$One URL of a provider, and how jobs are carried there

base_url is http(s)://host/base, unix:/path.sock[:/base], or runner:N for the N-th runner that this server starts.
only_models limits the endpoint to some model keys; null means every model of its provider. max_concurrency is how
many requests it gets at once; 0 pauses it. ambiguity_policy says what happens to a job whose request may or may not
have been carried out: retry (free or idempotent endpoints), fail, or hold for hold_timeout and then fail.
unavailable_timeout is how long jobs wait for an endpoint that cannot be reached. private_network allows addresses
that are not public. Time-outs are in milliseconds, max_output_bytes limits one output.$$;

create table atelier.provider_tokens (
  id uuid primary key default atelier.uuid7(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  provider_id uuid not null references atelier.api_providers (id) on delete cascade,
  name text not null default 'default' constraint provider_tokens_name_not_blank check (name ~ '\S'),
  is_active boolean not null default true,
  last_used_at timestamptz,
  request_count bigint not null default 0,
  error_count bigint not null default 0,
  last_error text,
  last_error_at timestamptz,
  constraint provider_tokens_name_is_unique unique (provider_id, name)
);
select pg_catalog.pg_extension_config_dump('atelier.provider_tokens', '');
alter table atelier.provider_tokens enable row level security;
alter table atelier.provider_tokens force row level security;
grant select on atelier.provider_tokens to authenticated, service_role;
grant update (name, is_active), delete on atelier.provider_tokens to authenticated, service_role;
comment on table atelier.provider_tokens is
$$A token for a provider, without its secret

Made by set_provider_token(). The secret lies apart where no client role can read it, and stays out of dumps.$$;

create table atelier_engine.provider_secrets (
  token_id uuid primary key references atelier.provider_tokens (id) on delete cascade,
  secret text not null,
  updated_at timestamptz not null default now()
);
alter table atelier_engine.provider_secrets enable row level security;
comment on table atelier_engine.provider_secrets is
  'The secrets of provider tokens. No role has a grant on it, and it is not dumped.';

-- What the last answers said about an endpoint. Not dumped: another server has other neighbours.
create table atelier_engine.endpoint_states (
  endpoint_id uuid primary key references atelier.endpoints (id) on delete cascade,
  unavailable_since timestamptz,
  unavailable_count integer not null default 0,
  throttled_count integer not null default 0,
  blocked_until timestamptz,
  last_error_class text,
  last_error text,
  last_error_at timestamptz,
  constraint endpoint_states_unavailable_consistent check ((unavailable_since is null) = (unavailable_count = 0))
) with (fillfactor = 50);
alter table atelier_engine.endpoint_states enable row level security;
grant select on atelier_engine.endpoint_states to service_role;
comment on table atelier_engine.endpoint_states is
$$What is known about the health of an endpoint

No row means healthy. While one of the counts is above zero, the endpoint gets one request at a time, as a probe, and
none before blocked_until.$$;

-- sql/providers/tables/records.sql
-- Providers: what admins measured and tried.

create table atelier.model_config_history (
  id uuid primary key default atelier.uuid7(),
  model_type varchar(20) not null
    constraint model_config_history_model_type_known check (model_type in ('SDXL', 'WAN')),
  config_name varchar(100) not null,
  config_data jsonb not null,
  is_active boolean default false,
  created_by uuid references atelier.profiles (id) on delete set null,
  created_at timestamptz default now(),
  notes text
);
create index model_config_history_created_by_idx on atelier.model_config_history (created_by);
select pg_catalog.pg_extension_config_dump('atelier.model_config_history', '');
alter table atelier.model_config_history enable row level security;
alter table atelier.model_config_history force row level security;
grant select, insert, update, delete on atelier.model_config_history to authenticated, service_role;
comment on table atelier.model_config_history is
  'Settings of a model family that admins tried, and which of them is in use';

create table atelier.model_performance_logs (
  id uuid primary key default atelier.uuid7(),
  model_type varchar(20) not null
    constraint model_performance_logs_model_type_known check (model_type in ('SDXL', 'WAN')),
  date date not null,
  total_generations integer default 0,
  successful_generations integer default 0,
  failed_generations integer default 0,
  avg_generation_time_ms integer,
  avg_quality_rating numeric(3, 2),
  total_processing_time_ms integer,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  constraint model_performance_logs_one_row_a_day unique (model_type, date)
);
select pg_catalog.pg_extension_config_dump('atelier.model_performance_logs', '');
alter table atelier.model_performance_logs enable row level security;
alter table atelier.model_performance_logs force row level security;
grant select, insert, update, delete on atelier.model_performance_logs to authenticated, service_role;
comment on table atelier.model_performance_logs is 'Counts and times of a model family, one row a day';

create table atelier.model_test_results (
  id uuid primary key default atelier.uuid7(),
  user_id uuid references atelier.profiles (id) on delete cascade,
  model_type varchar(20) not null
    constraint model_test_results_model_type_known check (model_type in ('SDXL', 'WAN', 'LORA')),
  model_version varchar(50),
  prompt_text text not null,
  success boolean not null default true,
  overall_quality integer constraint model_test_results_overall_quality_range check (overall_quality between 0 and 10),
  technical_quality integer
    constraint model_test_results_technical_quality_range check (technical_quality between 0 and 10),
  content_quality integer constraint model_test_results_content_quality_range check (content_quality between 0 and 10),
  consistency integer constraint model_test_results_consistency_range check (consistency between 0 and 10),
  test_series varchar(100) not null,
  test_tier varchar(50) not null
    constraint model_test_results_test_tier_known check (test_tier in ('artistic', 'explicit', 'unrestricted')),
  test_category varchar(100),
  test_metadata jsonb not null default '{}',
  job_id uuid,
  image_id uuid,
  video_id uuid,
  generation_time_ms integer,
  file_size_bytes integer,
  notes text,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  enhancement_strategy varchar(50),
  original_prompt text,
  enhanced_prompt text,
  enhancement_time_ms integer,
  quality_improvement numeric(3, 2),
  compel_weights jsonb,
  qwen_expansion_percentage numeric(5, 2),
  baseline_quality numeric(3, 2)
);
create index model_test_results_user_idx on atelier.model_test_results (user_id);
create index model_test_results_created_at_idx on atelier.model_test_results (created_at);
create index model_test_results_job_idx on atelier.model_test_results (job_id);
select pg_catalog.pg_extension_config_dump('atelier.model_test_results', '');
alter table atelier.model_test_results enable row level security;
alter table atelier.model_test_results force row level security;
grant select, insert, update, delete on atelier.model_test_results to authenticated, service_role;
comment on table atelier.model_test_results is 'Ratings that admins gave to test pictures and videos';

-- sql/jobs/tables/jobs.sql
-- Jobs: what users asked for and what became of it.

create table atelier.jobs (
  id uuid primary key default atelier.uuid7(),
  user_id uuid not null references atelier.profiles (id) on delete cascade,
  status text not null default 'queued'
    constraint jobs_status_known check (status in ('queued', 'processing', 'completed', 'failed', 'cancelled')),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  started_at timestamptz,
  completed_at timestamptz,
  cancel_requested_at timestamptz,

  job_type text not null
    constraint jobs_job_type_known check (job_type in (
      'image_fast', 'image_high', 'video_fast', 'video_high', 'sdxl_image_fast', 'sdxl_image_high',
      'image7b_fast_enhanced', 'image7b_high_enhanced', 'video7b_fast_enhanced', 'video7b_high_enhanced',
      'wan_video_fast', 'wan_video_high', 'rv51_fast', 'rv51_high')),
  format text constraint jobs_format_known check (format in ('image', 'video')),
  quality text constraint jobs_quality_known check (quality in ('fast', 'high')),
  model_type text constraint jobs_model_type_is_a_slug check (model_type ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
  api_model_id uuid references atelier.api_models (id),
  template_name text,
  original_prompt text,
  enhanced_prompt text,
  negative_prompt text,
  parameters jsonb not null default '{}'
    constraint jobs_parameters_is_an_object check (jsonb_typeof(parameters) = 'object'),
  metadata jsonb default '{}',
  destination text not null default 'library'
    constraint jobs_destination_known check (destination in ('library', 'workspace')),
  workspace_session_id uuid,
  project_id uuid,
  image_id uuid,
  video_id uuid,

  priority integer not null default 0 constraint jobs_priority_in_range check (priority between -1000 and 1000),
  estimated_seconds numeric,
  attempts integer not null default 0 constraint jobs_attempts_not_negative check (attempts >= 0),
  max_attempts integer not null default 3 constraint jobs_max_attempts_in_range check (max_attempts between 1 and 100),
  error_message text,
  error_class text,

  moderation_status text default 'pending'
    constraint jobs_moderation_status_known
    check (moderation_status in ('pending', 'approved', 'rejected', 'flagged')),
  reviewed_at timestamptz,
  reviewed_by uuid references atelier.profiles (id) on delete set null,
  review_notes text,

  prompt_test_id uuid,
  test_metadata jsonb,
  enhancement_strategy varchar(50),
  enhancement_time_ms integer,
  quality_rating numeric(7, 2),
  quality_improvement numeric(7, 2),
  compel_weights jsonb,
  qwen_expansion_percentage numeric(7, 2),

  constraint jobs_completed_at_set_when_finished
    check ((status in ('completed', 'failed', 'cancelled')) = (completed_at is not null))
) with (fillfactor = 80);
-- Every index here is work for each change of a status: only what a policy, a key or a list of a user needs.
create index jobs_user_created_idx on atelier.jobs (user_id, created_at desc);
create index jobs_unfinished_idx on atelier.jobs (created_at) where status in ('queued', 'processing');
create index jobs_api_model_idx on atelier.jobs (api_model_id);
create index jobs_workspace_session_idx on atelier.jobs (workspace_session_id) where workspace_session_id is not null;
create index jobs_reviewed_by_idx on atelier.jobs (reviewed_by) where reviewed_by is not null;
select pg_catalog.pg_extension_config_dump('atelier.jobs', '');
alter table atelier.jobs enable row level security;
alter table atelier.jobs force row level security;
grant select on atelier.jobs to authenticated, service_role;
grant delete on atelier.jobs to service_role;
grant update (metadata, moderation_status, reviewed_at, reviewed_by, review_notes, template_name, enhancement_strategy,
  enhancement_time_ms, quality_rating, quality_improvement, compel_weights, qwen_expansion_percentage,
  prompt_test_id, test_metadata, project_id, image_id, video_id) on atelier.jobs to service_role;
comment on table atelier.jobs is
$$A request for pictures or videos

Made by queue_job(); from then on the engine alone changes its status: queued, processing, then completed, failed or
cancelled for good. error_message and error_class tell the last failure, also while the job waits for another try.
attempts counts the tries that used up one of max_attempts. original_prompt is what the user wrote, parameters what
the model gets besides the prompts.$$;
comment on column atelier.jobs.estimated_seconds is 'Expected time at the model, for fairness and for progress bars';
comment on column atelier.jobs.cancel_requested_at is
  'When cancel_job() was called for a job that was already on its way';

alter table atelier.model_test_results
  add constraint model_test_results_job_id_fkey foreign key (job_id) references atelier.jobs (id) on delete set null;

create table atelier.job_dependencies (
  job_id uuid not null references atelier.jobs (id) on delete cascade,
  depends_on_job_id uuid not null references atelier.jobs (id) on delete cascade,
  created_at timestamptz not null default now(),
  primary key (job_id, depends_on_job_id),
  constraint job_dependencies_not_on_itself check (job_id <> depends_on_job_id)
);
create index job_dependencies_depends_on_idx on atelier.job_dependencies (depends_on_job_id);
select pg_catalog.pg_extension_config_dump('atelier.job_dependencies', '');
alter table atelier.job_dependencies enable row level security;
alter table atelier.job_dependencies force row level security;
grant select on atelier.job_dependencies to authenticated, service_role;
comment on table atelier.job_dependencies is
$$Which jobs a job waits for

Made by queue_job(depends_on => ...). The job starts when all of them are completed, and fails when one is not.$$;

create table atelier.generations (
  id uuid primary key default atelier.uuid7(),
  user_id uuid not null references atelier.profiles (id) on delete cascade,
  job_id uuid unique references atelier.jobs (id) on delete set null,
  action text not null
    constraint generations_action_known check (action in (
      'create', 'edit', 'upscale', 'remove_bg', 'inpaint', 'expand', 'video_create', 'video_i2v', 'video_edit',
      'video_upscale', 'video_keyframes', 'analyze_describe', 'analyze_ocr', 'analyze_prompt')),
  model_id text not null,
  model_name text not null,
  replicate_model text not null,
  prompt text,
  input_image_url text,
  input_video_url text,
  settings jsonb default '{}',
  status text not null default 'pending'
    constraint generations_status_known
    check (status in ('pending', 'processing', 'completed', 'failed', 'cancelled')),
  output_urls text[],
  output_thumbs text[],
  output_text text,
  replicate_prediction_id text unique,
  replicate_token_index integer,
  replicate_input jsonb,
  replicate_output jsonb,
  processing_time_ms integer,
  error_message text,
  cost_credits integer default 1,
  cost_usd numeric(10, 6),
  created_at timestamptz not null default now(),
  started_at timestamptz,
  completed_at timestamptz,
  viewed boolean not null default false,
  viewed_at timestamptz,
  is_favorite boolean not null default false,
  is_keyframe_segment boolean not null default false,
  workspace_id uuid
);
create index generations_user_created_idx on atelier.generations (user_id, created_at desc);
select pg_catalog.pg_extension_config_dump('atelier.generations', '');
alter table atelier.generations enable row level security;
alter table atelier.generations force row level security;
grant select on atelier.generations to authenticated, service_role;
grant update (viewed, viewed_at, is_favorite) on atelier.generations to authenticated, service_role;
comment on table atelier.generations is
$$What a completed job produced

One row per completed job, with what a gallery shows: prompt, settings, places of the outputs (bucket/path), times.$$;

create table atelier.events (
  seq bigint generated always as identity primary key,
  user_id uuid not null references atelier.profiles (id) on delete cascade,
  kind text not null constraint events_kind_is_a_name check (kind ~ '^[a-z_]+\.[a-z_]+$'),
  ref uuid,
  created_at timestamptz not null default clock_timestamp()
);
create index events_user_seq_idx on atelier.events (user_id, seq);
select pg_catalog.pg_extension_config_dump('atelier.events', '');
select pg_catalog.pg_extension_config_dump('atelier.events_seq_seq', '');
alter table atelier.events enable row level security;
alter table atelier.events force row level security;
grant select on atelier.events to authenticated, service_role;
comment on table atelier.events is
$$What happened to a user's things

kind is job.completed, job.failed or job.cancelled; ref is the id of the job. Clients remember the last seq they saw
and ask for what is greater.$$;

-- sql/jobs/tables/queue.sql
-- Jobs: the hot part. Rows live in the queue from submit to the end of the job, and no longer.

create table atelier_engine.attempts (
  id uuid primary key default atelier.uuid7(),
  job_id uuid not null references atelier.jobs (id) on delete cascade,
  number integer not null,
  state text not null default 'submitting'
    constraint attempts_state_known check (state in (
      'submitting', 'submitted', 'ingesting', 'succeeded', 'failed', 'cancelled', 'ambiguous')),
  endpoint_id uuid references atelier.endpoints (id) on delete set null,
  endpoint_name text not null,
  token_id uuid references atelier.provider_tokens (id) on delete set null,
  external_id text,
  ready_at timestamptz not null,
  claimed_at timestamptz not null default clock_timestamp(),
  started_at timestamptz,
  sent_at timestamptz,
  first_byte_at timestamptz,
  finished_at timestamptz,
  recorded_at timestamptz,
  error_class text,
  error_message text,
  error_detail text,
  http_status integer,
  constraint attempts_number_is_unique unique (job_id, number)
) with (fillfactor = 70);
create index attempts_endpoint_idx on atelier_engine.attempts (endpoint_id);
create index attempts_token_idx on atelier_engine.attempts (token_id) where token_id is not null;
select pg_catalog.pg_extension_config_dump('atelier_engine.attempts', '');
alter table atelier_engine.attempts enable row level security;
grant select on atelier_engine.attempts to service_role;
comment on table atelier_engine.attempts is
$$One try of a job at one endpoint

submitting, submitted and ingesting are in flight. ready_at is since when the job could have been claimed;
recorded_at is when the outcome was committed. Its id fences: only the attempt that the queue row names counts.$$;

-- A lease is renewed without touching an index. model_id and endpoint_id repeat what jobs and attempts reference, so
-- that a claim looks for work in this table alone.
create table atelier_engine.queue (
  job_id uuid primary key references atelier.jobs (id) on delete cascade,
  model_id uuid not null,
  priority integer not null,
  run_at timestamptz not null default clock_timestamp(),
  state text not null default 'ready'
    constraint queue_state_known check (state in ('blocked', 'waiting', 'ready', 'leased', 'held')),
  attempt_id uuid,
  endpoint_id uuid,
  lease_expires_at timestamptz,
  next_check_at timestamptz,
  constraint queue_owner_complete check (
    (state in ('leased', 'held')) = (attempt_id is not null)
    and (state in ('leased', 'held')) = (endpoint_id is not null)),
  constraint queue_lease_has_end check ((state = 'leased') = (lease_expires_at is not null)),
  constraint queue_held_has_next_check check ((state = 'held') = (next_check_at is not null))
) with (
  fillfactor = 50,
  autovacuum_vacuum_threshold = 200,
  autovacuum_vacuum_scale_factor = 0.05,
  autovacuum_vacuum_insert_threshold = -1,
  autovacuum_analyze_threshold = 500,
  autovacuum_analyze_scale_factor = 0.2,
  autovacuum_vacuum_cost_delay = 0
);
create index queue_ready_idx on atelier_engine.queue (model_id, priority desc, run_at, job_id) where state = 'ready';
create index queue_waiting_idx on atelier_engine.queue (run_at) where state = 'waiting';
create index queue_blocked_idx on atelier_engine.queue (job_id) where state = 'blocked';
create index queue_owned_idx on atelier_engine.queue (endpoint_id) where state in ('leased', 'held');
select pg_catalog.pg_extension_config_dump('atelier_engine.queue', '');
alter table atelier_engine.queue enable row level security;
grant select on atelier_engine.queue to service_role;
comment on table atelier_engine.queue is
$$Jobs that are not finished, one row each

blocked waits for other jobs, waiting for run_at (another try after a failure), ready for a free endpoint. leased
belongs to attempt_id until lease_expires_at. held waits until next_check_at, because nobody knows whether its request
was carried out.$$;

-- sql/workspace/tables.sql
-- Workspace: where results land first. They stay a week, unless they are saved to the library.

create table atelier.workspace_sessions (
  id uuid primary key default atelier.uuid7(),
  user_id uuid not null references atelier.profiles (id) on delete cascade,
  session_name text not null default 'Workspace Session'
    constraint workspace_sessions_session_name_length check (char_length(session_name) between 1 and 200),
  is_active boolean not null default true,
  metadata jsonb not null default '{}'
    constraint workspace_sessions_metadata_is_object check (jsonb_typeof(metadata) = 'object')
    constraint workspace_sessions_metadata_size check (octet_length(metadata::text) <= 65536),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
select pg_catalog.pg_extension_config_dump('atelier.workspace_sessions', '');
create index workspace_sessions_user_idx on atelier.workspace_sessions (user_id, created_at desc);
create unique index workspace_sessions_one_active_per_user on atelier.workspace_sessions (user_id) where is_active;
alter table atelier.workspace_sessions enable row level security;
alter table atelier.workspace_sessions force row level security;
grant select, update (session_name, metadata) on atelier.workspace_sessions to authenticated;
grant select, insert, update, delete on atelier.workspace_sessions to service_role;
comment on table atelier.workspace_sessions is
$$Sittings at the workspace

A user has at most one active session. Made by create_workspace_session(), ended by clear_workspace_session().$$;

-- The jobs outlive the session they were asked in.
alter table atelier.jobs
  add constraint jobs_workspace_session_id_fkey foreign key (workspace_session_id)
  references atelier.workspace_sessions (id) on delete set null;

create table atelier.workspace_assets (
  id uuid primary key default atelier.uuid7(),
  user_id uuid not null references auth.users (id) on delete cascade,
  asset_type text not null
    constraint workspace_assets_asset_type_known check (asset_type in ('image', 'video')),
  temp_storage_path text not null
    constraint workspace_assets_temp_storage_path_key unique
    constraint workspace_assets_temp_storage_path_is_the_owners
      check (starts_with(temp_storage_path, user_id::text || '/')),
  thumbnail_path text
    constraint workspace_assets_thumbnail_path_is_the_owners
      check (starts_with(thumbnail_path, user_id::text || '/')),
  file_size_bytes bigint not null
    constraint workspace_assets_file_size_not_negative check (file_size_bytes >= 0),
  mime_type text not null,
  width integer constraint workspace_assets_width_positive check (width > 0),
  height integer constraint workspace_assets_height_positive check (height > 0),
  duration_seconds numeric(10, 3)
    constraint workspace_assets_duration_not_negative check (duration_seconds >= 0),
  job_id uuid not null,
  asset_index integer not null default 0
    constraint workspace_assets_asset_index_not_negative check (asset_index >= 0),
  generation_seed bigint not null,
  original_prompt text not null,
  model_used text not null,
  generation_settings jsonb not null default '{}',
  created_at timestamptz not null default now(),
  expires_at timestamptz default now() + interval '7 days',
  constraint workspace_assets_job_id_asset_index_key unique (job_id, asset_index)
);
select pg_catalog.pg_extension_config_dump('atelier.workspace_assets', '');
create index workspace_assets_user_created_idx on atelier.workspace_assets (user_id, created_at desc);
create index workspace_assets_expires_idx on atelier.workspace_assets (expires_at) where expires_at is not null;
alter table atelier.workspace_assets enable row level security;
alter table atelier.workspace_assets force row level security;
grant select, delete on atelier.workspace_assets to authenticated;
grant select, insert, update, delete on atelier.workspace_assets to service_role;
comment on table atelier.workspace_assets is
$$Pictures and videos that jobs have just made

The file is the object temp_storage_path in the bucket workspace-temp; it goes with the row. Owners look and discard;
workspace_actions() saves to the library.$$;
comment on column atelier.workspace_assets.expires_at is
  'After this the janitor deletes the row and its file; null: kept until it is discarded.';
comment on column atelier.workspace_assets.job_id is
  'The job that made it. No key: jobs may be deleted before their results, and what came back from the library may '
  'have none; then it is the id of the library asset.';
comment on column atelier.workspace_assets.generation_seed is 'The seed it was made with; -1 where it is not known.';

-- sql/library/tables.sql
-- Library: what users keep, and the collections they sort it into.

create table atelier.user_collections (
  id uuid primary key default atelier.uuid7(),
  user_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
  name text not null
    constraint user_collections_name_length check (char_length(name) between 1 and 200),
  description text
    constraint user_collections_description_length check (char_length(description) <= 2000),
  asset_count integer not null default 0
    constraint user_collections_asset_count_not_negative check (asset_count >= 0),
  created_at timestamptz not null default now(),
  -- What user_library refers to, so that nobody files into the collection of somebody else.
  constraint user_collections_id_user_id_key unique (id, user_id)
);
select pg_catalog.pg_extension_config_dump('atelier.user_collections', '');
create index user_collections_user_idx on atelier.user_collections (user_id, created_at desc);
alter table atelier.user_collections enable row level security;
alter table atelier.user_collections force row level security;
grant select, delete, insert (user_id, name, description), update (name, description)
  on atelier.user_collections to authenticated;
grant select, insert, update, delete on atelier.user_collections to service_role;
comment on table atelier.user_collections is
$$Collections of library assets

An asset is in one collection at most. Deleting a collection keeps its assets.$$;
comment on column atelier.user_collections.asset_count is 'How many assets are in it; kept by triggers of user_library.';

create table atelier.user_library (
  id uuid primary key default atelier.uuid7(),
  user_id uuid not null references auth.users (id) on delete cascade,
  asset_type text not null
    constraint user_library_asset_type_known check (asset_type in ('image', 'video')),
  storage_path text not null
    constraint user_library_storage_path_key unique
    constraint user_library_storage_path_is_the_owners check (starts_with(storage_path, user_id::text || '/')),
  thumbnail_path text
    constraint user_library_thumbnail_path_is_the_owners
      check (starts_with(thumbnail_path, user_id::text || '/')),
  file_size_bytes bigint not null
    constraint user_library_file_size_not_negative check (file_size_bytes >= 0),
  mime_type text not null,
  width integer constraint user_library_width_positive check (width > 0),
  height integer constraint user_library_height_positive check (height > 0),
  duration_seconds numeric(10, 3)
    constraint user_library_duration_not_negative check (duration_seconds >= 0),
  original_prompt text not null,
  model_used text not null,
  generation_seed bigint,
  generation_metadata jsonb not null default '{}',
  collection_id uuid,
  custom_title text
    constraint user_library_custom_title_length check (char_length(custom_title) <= 500),
  tags text[] not null default '{}'
    constraint user_library_tags_are_a_list check (array_ndims(tags) is not distinct from 1 or tags = '{}')
    constraint user_library_tags_have_no_null check (array_position(tags, null) is null)
    constraint user_library_tags_size check (cardinality(tags) <= 100 and octet_length(tags::text) <= 10000),
  is_favorite boolean not null default false,
  visibility text not null default 'private'
    constraint user_library_visibility_known check (visibility in ('private', 'unlisted', 'public')),
  content_category text not null default 'general',
  roleplay_metadata jsonb not null default '{}',
  source_asset_id uuid,
  source_job_id uuid,
  source_asset_index integer,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  -- A workspace asset is saved once, however often and from wherever it is asked for.
  constraint user_library_source_key unique (user_id, source_asset_id),
  constraint user_library_collection_id_fkey foreign key (collection_id, user_id)
    references atelier.user_collections (id, user_id) on delete set null (collection_id)
);
select pg_catalog.pg_extension_config_dump('atelier.user_library', '');
-- Each output of a job is in the library once.
create unique index user_library_source_job_key on atelier.user_library (source_job_id, source_asset_index)
  where source_job_id is not null;
create index user_library_user_created_idx on atelier.user_library (user_id, created_at desc);
create index user_library_collection_idx on atelier.user_library (collection_id, user_id, created_at desc);
create index user_library_public_idx on atelier.user_library (created_at desc) where visibility = 'public';
create index user_library_roleplay_idx on atelier.user_library using gin (roleplay_metadata)
  where content_category = 'roleplay_scene';
alter table atelier.user_library enable row level security;
alter table atelier.user_library force row level security;
grant select on atelier.user_library to anon;
grant select, delete, update (custom_title, tags, is_favorite, visibility, collection_id)
  on atelier.user_library to authenticated;
grant select, insert, update, delete on atelier.user_library to service_role;
comment on table atelier.user_library is
$$Pictures and videos that users keep

The file is the object storage_path in the bucket user-library, a copy of its own; it goes with the row. Everybody sees
what is public; what is unlisted is reached only through library_asset_bytes() by those who know its id.$$;
comment on column atelier.user_library.source_asset_id is
  'The workspace asset it was saved from, and which comes back when it is copied to the workspace.';
comment on column atelier.user_library.generation_metadata is 'The settings it was made with.';

-- sql/engine/functions.sql
-- Engine: who is calling, and whether this database may dispatch.

create or replace function atelier_engine.is_service_role()
returns boolean
language sql stable
begin atomic
  -- Functions with the rights of their owner call this, so that current_user says nothing: the role that was SET
  -- counts, else the session's. A role claim takes rights away (a superuser may act as a user), it never gives any.
  select pg_has_role(
           case current_setting('role') when 'none' then session_user else current_setting('role')::name end,
           'service_role', 'usage')
         and coalesce(nullif(auth.role(), ''), 'service_role') = 'service_role';
end;
comment on function atelier_engine.is_service_role() is
$$Whether the caller is the back end itself

True for the role service_role, for roles that inherit it and for superusers, unless SET ROLE or the role claim of
the request says otherwise.$$;

create or replace function atelier_engine.assert_service_role()
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if not atelier_engine.is_service_role() then
    raise insufficient_privilege using
      message = 'only the service role may do this',
      hint = 'Call it as service_role, or as a superuser without SET ROLE.';
  end if;
end;
$$;
comment on function atelier_engine.assert_service_role() is
$$Refuse everybody but the back end itself

Raises 42501.$$;

create or replace function atelier_engine.assert_acting_for(p_user_id uuid)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_user_id is not null and (p_user_id = auth.uid() or atelier_engine.is_service_role()) then
    return;
  end if;
  raise insufficient_privilege using
    message = 'you may act only for yourself',
    detail = format('You asked to act for %s.', coalesce('the user ' || p_user_id, 'nobody')),
    hint = 'Name the signed-in user, or call as service_role.';
end;
$$;
comment on function atelier_engine.assert_acting_for(uuid) is
$$Refuse a caller who acts for somebody else

Passes for the signed-in user and for the service role. Raises 42501.$$;

create or replace function atelier_engine.assert_json_object(p_name text, p_value jsonb, p_max_bytes integer)
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if jsonb_typeof(p_value) is distinct from 'object' then
    raise invalid_parameter_value using
      message = format('%s must be a JSON object', p_name),
      detail = format('Got %s.', coalesce('a JSON ' || jsonb_typeof(p_value), 'null'));
  end if;
  if octet_length(p_value::text) > p_max_bytes then
    raise invalid_parameter_value using
      message = format('%s is too large', p_name),
      detail = format('It has %s bytes; the limit is %s.', octet_length(p_value::text), p_max_bytes);
  end if;
end;
$$;
comment on function atelier_engine.assert_json_object(text, jsonb, integer) is
$$Refuse a value that is not a JSON object of at most so many bytes

Raises 22023 with the name that the caller knows.$$;

create or replace function atelier_engine.restoring()
returns boolean
language sql stable
begin atomic
  -- pg_dump's scripts and pg_restore set both of these first; nobody else has a reason to. Users can set them, too, and
  -- must not get around triggers by it: only who could restore the extension counts.
  select current_setting('row_security') = 'off'
         and current_setting('check_function_bodies') = 'off'
         and exists (
           select from pg_extension e
            where e.extname = 'atelier'
              and pg_has_role(
                    case current_setting('role') when 'none' then session_user else current_setting('role')::name end,
                    e.extowner, 'usage'));
end;
comment on function atelier_engine.restoring() is
$$Whether this session restores a dump

Triggers ask before they do more than keep one row right: the dump already holds what they would write.$$;

create or replace function atelier_engine.restore_in_any_order()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if atelier_engine.restoring() then
    -- In between no trigger fires, those of foreign keys included.
    perform set_config(
      'session_replication_role',
      case tg_when when 'BEFORE' then 'replica'
                   else (select s.reset_val from pg_settings s where s.name = 'session_replication_role') end,
      true);
  end if;
  return null;
end;
$$;
comment on function atelier_engine.restore_in_any_order() is
$$Trigger: restored rows need not come after those they refer to

Before and after each restored statement. pg_restore --jobs loads the tables of an extension in any order; a dump is
consistent in itself.$$;

create or replace function atelier_engine.instance_is_adopted()
returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select count(*) = 1
           and coalesce(bool_and(i.system_identifier = c.system_identifier and i.database_oid = d.oid), false)
      from atelier_engine.instance i
      cross join pg_control_system() c
      left join pg_database d on d.datname = current_database());
end;
$$;
comment on function atelier_engine.instance_is_adopted() is
$$Whether this database may dispatch jobs

False in a restored or copied database until atelier.adopt_instance() is called.$$;

create or replace function atelier_engine.touch_updated_at()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  new.updated_at := clock_timestamp();
  return new;
end;
$$;
comment on function atelier_engine.touch_updated_at() is 'Trigger: stamp updated_at of an updated row';

create or replace function atelier_engine.disown_on_restore()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if atelier_engine.restoring() then
    delete from atelier_engine.instance i
     using pg_control_system() c, pg_database d
     where d.datname = current_database()
       and i.system_identifier = c.system_identifier and i.database_oid = d.oid;
  end if;
  return null;
end;
$$;
comment on function atelier_engine.disown_on_restore() is
$$Trigger: a database that is being restored is not adopted

On atelier_engine.instance and on atelier.jobs, whichever a restore reaches first: no worker may see restored jobs in
an adopted database.$$;

create or replace function atelier_engine.skip_own_instance_on_restore()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if atelier_engine.restoring()
     and exists (
       select from pg_control_system() c, pg_database d
        where d.datname = current_database()
          and new.system_identifier = c.system_identifier and new.database_oid = d.oid) then
    return null;
  end if;
  return new;
end;
$$;
comment on function atelier_engine.skip_own_instance_on_restore() is
$$Trigger: restoring the row of this database does not adopt it

Holds for the row that CREATE EXTENSION adds when pg_restore calls it, and for a dump that is loaded where it was
made.$$;

-- sql/engine/triggers.sql
create or replace trigger disown_on_restore
  before insert on atelier_engine.instance
  for each statement execute function atelier_engine.disown_on_restore();

create or replace trigger skip_own_instance_on_restore
  before insert on atelier_engine.instance
  for each row execute function atelier_engine.skip_own_instance_on_restore();

-- sql/identity/functions/access.sql
-- Identity: who may do and see what. Functions have the rights of their owner here, because those who ask hold none on
-- what is read.

create or replace function atelier_engine.is_made_here(p_table regclass)
returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
  select exists (select
                   from pg_depend d
                   join pg_extension e on e.oid = d.refobjid
                  where d.classid = 'pg_class'::regclass
                    and d.objid = p_table
                    and d.refclassid = 'pg_extension'::regclass
                    and d.deptype = 'e'
                    and e.extname = 'atelier');
end;
comment on function atelier_engine.is_made_here(regclass) is
$$Whether a table was made by this extension

False for the tables of auth and storage that were there before, as on Supabase.$$;

create or replace function atelier_engine.user_has_role(p_user_id uuid, p_role atelier.app_role)
returns boolean
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
  select exists (select from atelier.user_roles r where r.user_id = p_user_id and r.role = p_role);
end;
comment on function atelier_engine.user_has_role(uuid, atelier.app_role) is
$$Whether a person has a role

Asks nobody who is asking: for functions that know already. Clients call atelier.has_role().$$;

create or replace function atelier_engine.assert_may_see_roles_of(p_user_id uuid)
returns void
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_user_id = auth.uid()
     or atelier_engine.is_service_role()
     or atelier_engine.user_has_role(auth.uid(), 'admin') then
    return;
  end if;
  raise insufficient_privilege using
    message = 'roles of other people are not visible',
    detail = 'People see their own roles, administrators those of everybody.',
    hint = 'Ask with your own user id.';
end;
$$;
comment on function atelier_engine.assert_may_see_roles_of(uuid) is
$$Refuse a caller who may not see somebody's roles

Raises 42501 unless the caller asks about himself, is an administrator or is the service role.$$;

create or replace function atelier.has_role(_user_id uuid, _role atelier.app_role)
returns boolean
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if _user_id is null then
    return false;
  end if;
  perform atelier_engine.assert_may_see_roles_of(_user_id);
  return atelier_engine.user_has_role(_user_id, _role);
end;
$$;
grant execute on function atelier.has_role(uuid, atelier.app_role) to authenticated, service_role;
comment on function atelier.has_role(uuid, atelier.app_role) is
$$Whether a person has a role

False for an unknown or null user. People ask about themselves, administrators and the service role about everybody;
otherwise 42501.$$;

create or replace function atelier.get_user_role_priority(_user_id uuid)
returns integer
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if _user_id is null then
    return 0;
  end if;
  perform atelier_engine.assert_may_see_roles_of(_user_id);
  return coalesce((select max(case r.role
                                when 'admin' then 100
                                when 'moderator' then 80
                                when 'premium_user' then 60
                                when 'basic_user' then 40
                                when 'guest' then 20
                              end)
                     from atelier.user_roles r
                    where r.user_id = _user_id), 0);
end;
$$;
grant execute on function atelier.get_user_role_priority(uuid) to authenticated, service_role;
comment on function atelier.get_user_role_priority(uuid) is
$$The weight of a person's highest role

admin 100, moderator 80, premium_user 60, basic_user 40, guest 20, none 0. Who may ask: as for has_role().$$;

create or replace function atelier_engine.readable_users_from()
returns uuid
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
  -- A range, and not "own or administrator": an index serves a range of user ids, but no index serves an OR with a
  -- constant, and everybody would pay for the administrators with a scan of the whole table.
  select case when atelier_engine.user_has_role(auth.uid(), 'admin') then '00000000-0000-0000-0000-000000000000'
              else auth.uid() end;
end;
grant execute on function atelier_engine.readable_users_from() to authenticated, service_role;
comment on function atelier_engine.readable_users_from() is
  'For policies: the lowest id of the users whose rows the caller may read, his own or for administrators any.';

create or replace function atelier_engine.readable_users_to()
returns uuid
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
  select case when atelier_engine.user_has_role(auth.uid(), 'admin') then 'ffffffff-ffff-ffff-ffff-ffffffffffff'
              else auth.uid() end;
end;
grant execute on function atelier_engine.readable_users_to() to authenticated, service_role;
comment on function atelier_engine.readable_users_to() is
  'For policies: the highest id of the users whose rows the caller may read, his own or for administrators any.';

-- sql/identity/functions/people.sql
-- Identity: sign-up, age, activity.

create or replace function atelier.verify_user_age(user_birth_date date)
returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
  -- In UTC: the caller chooses the time zone of the session.
  select coalesce(user_birth_date <= ((now() at time zone 'utc')::date - interval '18 years')::date, false);
end;
grant execute on function atelier.verify_user_age(date) to authenticated, service_role;
comment on function atelier.verify_user_age(date) is
$$Whether somebody born on this day is 18 or older today

False for null and for a day to come.$$;

create or replace function atelier.log_user_activity(
  p_user_id uuid,
  p_action text,
  p_resource_type text default null,
  p_resource_id text default null,
  p_metadata jsonb default '{}',
  p_ip_address inet default null,
  p_user_agent text default null
)
returns uuid
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  entry_id uuid;
begin
  perform atelier_engine.assert_acting_for(p_user_id);
  insert into atelier.user_activity_log
    (user_id, action, resource_type, resource_id, metadata, ip_address, user_agent)
  values
    (p_user_id, p_action, p_resource_type, p_resource_id, coalesce(p_metadata, '{}'), p_ip_address, p_user_agent)
  returning id into entry_id;
  return entry_id;
end;
$$;
grant execute on function atelier.log_user_activity(uuid, text, text, text, jsonb, inet, text)
  to authenticated, service_role;
comment on function atelier.log_user_activity(uuid, text, text, text, jsonb, inet, text) is
$$Note what a person did

Returns the id of the entry. People write their own log only, else 42501; an empty action, metadata that is no object
or is longer than 16 KiB is 23514.$$;

create or replace function atelier_engine.enroll_user(p_user_id uuid, p_email text, p_sign_up_data jsonb)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  wanted_name constant text := nullif("left"(btrim(coalesce(
    nullif(btrim(p_sign_up_data ->> 'username'), ''), split_part(p_email, '@', 1))), 60), '');
begin
  insert into atelier.profiles (id, username) values (p_user_id, wanted_name) on conflict do nothing;
  if not found then
    -- The name is taken, which must not keep anybody from signing up.
    insert into atelier.profiles (id, username) values (p_user_id, wanted_name || '-' || "right"(p_user_id::text, 12))
    on conflict (id) do nothing;
  end if;
  insert into atelier.user_roles (user_id, role) values (p_user_id, 'basic_user')
  on conflict (user_id, role) do nothing;
end;
$$;
comment on function atelier_engine.enroll_user(uuid, text, jsonb) is
$$Give a user a profile and the role basic_user

The name is the username of the sign-up data or the local part of the mail address, with a part of the id when
somebody else has it. What is there already stays.$$;

create or replace function atelier.handle_new_user()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  -- The profiles and the roles come with the dump, as they were.
  if not atelier_engine.restoring() then
    perform atelier_engine.enroll_user(new.id, new.email, new.raw_user_meta_data);
  end if;
  return null;
end;
$$;
comment on function atelier.handle_new_user() is
$$Trigger: gives a new user a profile and the role basic_user

An error fails the sign-up: a user without profile and role would be of no use. Does nothing while a dump is
restored.$$;

create or replace function atelier.update_age_verification()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  today constant date := (now() at time zone 'utc')::date;
begin
  if old.birth_date is not null
     and not atelier_engine.is_service_role()
     and not atelier_engine.user_has_role(auth.uid(), 'admin') then
    raise insufficient_privilege using
      message = 'the birth date is already set',
      hint = 'Only an administrator can correct it.';
  end if;
  if new.birth_date not between date '1900-01-01' and today then
    raise invalid_parameter_value using
      message = 'birth date is out of range',
      detail = format('Got %s.', to_char(new.birth_date, 'YYYY-MM-DD')),
      hint = 'It lies between 1900-01-01 and today.';
  end if;
  new.age_verified := atelier.verify_user_age(new.birth_date);
  new.age_verification_date := case when new.age_verified then now() end;
  return new;
end;
$$;
comment on function atelier.update_age_verification() is
$$Trigger: derives age_verified from a new birth date

A person gives the birth date once; changing it later is for administrators (42501). A day before 1900 or to come
is 22023.$$;

-- sql/identity/views.sql
-- Identity: the names other clients look for. A caller sees through them what the tables show him.

create or replace view atelier.users with (security_invoker = true) as
select p.id,
       p.username,
       case when p.id = (select auth.uid()) then (select auth.email()) end as email,
       p.token_balance as credits,
       case
         when exists (select from atelier.user_roles r where r.user_id = p.id and r.role = 'admin') then 'admin'
         else 'user'
       end as role,
       p.created_at,
       p.updated_at
  from atelier.profiles p;
grant select, update (username) on atelier.users to authenticated;
grant select, update on atelier.users to service_role;
comment on view atelier.users is
$$People, as profiles

The mail address is shown to its owner only. The name can be changed through the view.$$;

create or replace view atelier.user_profiles with (security_invoker = true) as
select p.id,
       case when p.id = (select auth.uid()) then (select auth.email()) end as email,
       p.username as full_name,
       p.subscription_status,
       p.created_at,
       p.updated_at
  from atelier.profiles p;
grant select, update (full_name) on atelier.user_profiles to authenticated;
grant select, update on atelier.user_profiles to service_role;
comment on view atelier.user_profiles is
$$People and their subscriptions, as profiles

The mail address is shown to its owner only. The name can be changed through the view.$$;

-- sql/identity/triggers.sql
-- Identity: what follows from a sign-up and from a changed profile.

create or replace trigger atelier_user_created
after insert on auth.users
for each row execute function atelier.handle_new_user();

do $trigger$
begin
  -- On a table of somebody else the trigger would otherwise keep the extension from being dropped.
  if not atelier_engine.is_made_here('auth.users') then
    alter trigger atelier_user_created on auth.users depends on extension atelier;
  end if;
end
$trigger$;

create or replace trigger touch_updated_at
before update on atelier.profiles
for each row execute function atelier_engine.touch_updated_at();

create or replace trigger update_age_verification_trigger
before update on atelier.profiles
for each row when (old.birth_date is distinct from new.birth_date)
execute function atelier.update_age_verification();

-- sql/identity/policies.sql
-- Identity: people see themselves, administrators see everybody.

drop policy if exists "people and administrators read profiles" on atelier.profiles;
create policy "people and administrators read profiles" on atelier.profiles
  for select to authenticated
  using (id between (select atelier_engine.readable_users_from()) and (select atelier_engine.readable_users_to()));

drop policy if exists "people and administrators change profiles" on atelier.profiles;
create policy "people and administrators change profiles" on atelier.profiles
  for update to authenticated
  using (id between (select atelier_engine.readable_users_from()) and (select atelier_engine.readable_users_to()))
  with check (id between (select atelier_engine.readable_users_from()) and (select atelier_engine.readable_users_to()));

drop policy if exists "people and administrators read roles" on atelier.user_roles;
create policy "people and administrators read roles" on atelier.user_roles
  for select to authenticated
  using (user_id between (select atelier_engine.readable_users_from()) and (select atelier_engine.readable_users_to()));

drop policy if exists "administrators grant roles" on atelier.user_roles;
create policy "administrators grant roles" on atelier.user_roles
  for insert to authenticated
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "administrators change roles" on atelier.user_roles;
create policy "administrators change roles" on atelier.user_roles
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "administrators withdraw roles" on atelier.user_roles;
create policy "administrators withdraw roles" on atelier.user_roles
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "people and administrators read activity" on atelier.user_activity_log;
create policy "people and administrators read activity" on atelier.user_activity_log
  for select to authenticated
  using (user_id between (select atelier_engine.readable_users_from()) and (select atelier_engine.readable_users_to()));

-- sql/storage/functions/buckets.sql
-- Storage: buckets, where their bytes are and what they take. The other functions of storage build on these.

create or replace function atelier_engine.store_of_bucket(p_bucket text)
returns text
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
  select coalesce((select s.store from atelier_engine.bucket_stores s where s.bucket_id = p_bucket), 'database');
end;
comment on function atelier_engine.store_of_bucket(text) is
$$Which store holds the bytes of a bucket

database, file or s3.$$;

create or replace function atelier_engine.assert_object_fits(
  p_bucket text, p_name text, p_owner uuid, p_media_type text, p_byte_count bigint
)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  bucket record;
begin
  select b.file_size_limit, b.allowed_mime_types into bucket from storage.buckets b where b.id = p_bucket;
  if not found then
    raise sqlstate 'PT404' using message = 'bucket not found', detail = format('Bucket: %s.', p_bucket);
  end if;
  if atelier_engine.store_of_bucket(p_bucket) <> 'database' then
    raise feature_not_supported using
      message = 'the bucket is not in the database store', detail = format('Bucket: %s.', p_bucket);
  end if;
  if p_name is null or char_length(p_name) > 1024 or p_name ~ '[[:cntrl:]]' or p_name ~ '(^|/)\.{0,2}(/|$)' then
    raise invalid_parameter_value using
      message = 'object name is not valid',
      detail = 'A name has at most 1024 characters, none of them a control character, and no part of it is empty, '
               '"." or "..".';
  end if;
  if p_owner is not null and (storage.foldername(p_name))[1] is distinct from p_owner::text then
    raise invalid_parameter_value using
      message = 'the first folder of an object name is its owner',
      detail = format('Owner %s, name %s.', p_owner, p_name);
  end if;
  if p_byte_count is null or p_byte_count < 0 then
    raise invalid_parameter_value using message = 'object size is not valid';
  end if;
  if p_byte_count > bucket.file_size_limit then
    raise sqlstate 'PT413' using
      message = 'object is too large for the bucket',
      detail = format('%s bytes; bucket %s takes %s.', p_byte_count, p_bucket, bucket.file_size_limit);
  end if;
  if p_media_type is null
     or not (bucket.allowed_mime_types is null
             or exists (select
                          from unnest(bucket.allowed_mime_types) as a (media_type)
                         where a.media_type in (p_media_type, '*/*')
                            or (a.media_type like '%/*' and starts_with(p_media_type, "left"(a.media_type, -1))))) then
    raise sqlstate 'PT415' using
      message = 'media type is not allowed in the bucket',
      detail = format('%s in bucket %s.', coalesce(p_media_type, 'None'), p_bucket);
  end if;
end;
$$;
comment on function atelier_engine.assert_object_fits(text, text, uuid, text, bigint) is
$$Refuse an object that its bucket does not take

PT404 no such bucket, 0A000 another store, 22023 bad name, owner or size, PT413 too large, PT415 media type.$$;

create or replace function atelier_engine.replace_buckets_on_restore()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if atelier_engine.restoring() then
    delete from storage.buckets b
     using atelier_engine.bucket_stores s
     where s.bucket_id = b.id and s.comes_with_atelier;
  end if;
  return null;
end;
$$;
comment on function atelier_engine.replace_buckets_on_restore() is
$$Trigger: the buckets of a dump replace those that CREATE EXTENSION has just made

The marks of the latter go with them, so that nothing happens twice, however the dump inserts its rows.$$;

-- sql/storage/functions/deletions.sql
-- Storage: how bytes go. Deleting an object leaves a note in the outbox; the janitor deletes the bytes later.

create or replace function atelier_engine.note_object_deletions()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into atelier_engine.object_deletions (object_id, bucket_id, name, store)
  select g.id, g.bucket_id, g.name, coalesce(s.store, 'database')
    from gone g
    left join atelier_engine.bucket_stores s on s.bucket_id = g.bucket_id
   where s.store <> 'database'
      or exists (select from atelier_engine.object_chunks c where c.object_id = g.id);
  if found then
    perform atelier_engine.wake_janitor();
  end if;
  return null;
end;
$$;
comment on function atelier_engine.note_object_deletions() is
$$Trigger: notes in the outbox the objects whose rows were deleted

In the same transaction, so that the bytes go if and only if the row goes.$$;

create or replace function atelier_engine.delete_pending_objects(p_limit integer default 100)
returns integer
language sql volatile security definer
set search_path = pg_catalog, pg_temp
begin atomic
  with next as materialized (
    select d.id, d.object_id
      from atelier_engine.object_deletions d
     where d.store = 'database'
     order by d.id
     limit greatest(p_limit, 0)
       for update skip locked
  ), bytes_gone as (
    delete from atelier_engine.object_chunks c
     using next n
     where c.object_id = n.object_id
       -- An object that came back under its id, from a backup say, keeps its bytes.
       and not exists (select from storage.objects o where o.id = n.object_id)
  ), done as (
    delete from atelier_engine.object_deletions d using next n where d.id = n.id returning 1
  )
  select count(*)::integer from done;
end;
grant execute on function atelier_engine.delete_pending_objects(integer) to atelier_worker;
comment on function atelier_engine.delete_pending_objects(integer) is
$$Delete the bytes of deleted objects

Takes up to p_limit entries of the outbox, the oldest first, leaves out what another session has in hand, and returns
how many are done.$$;

create or replace function atelier_engine.orphaned_objects()
returns table (problem text, object_id uuid, bucket_id text, name text, byte_count bigint)
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
  with stored as materialized (
    select c.object_id, sum(octet_length(c.bytes))::bigint as byte_count
      from atelier_engine.object_chunks c
     group by c.object_id
  ), used as materialized (
    select 'workspace-temp' as bucket_id, f.path
      from atelier.workspace_assets a cross join lateral unnest(array[a.temp_storage_path, a.thumbnail_path]) f (path)
     where f.path is not null
    union all
    select 'user-library', f.path
      from atelier.user_library l cross join lateral unnest(array[l.storage_path, l.thumbnail_path]) f (path)
     where f.path is not null
  )
  select 'bytes without object', s.object_id, null::text, null::text, s.byte_count
    from stored s
   where not exists (select from storage.objects o where o.id = s.object_id)
     and not exists (select from atelier_engine.object_deletions d where d.object_id = s.object_id)
  union all
  -- Only what create_object() made: on Supabase other objects have their bytes elsewhere.
  select 'object without its bytes', o.id, o.bucket_id, o.name, coalesce(s.byte_count, 0)
    from storage.objects o
    left join stored s on s.object_id = o.id
   where o.metadata ? 'sha256'
     and atelier_engine.store_of_bucket(o.bucket_id) = 'database'
     and (o.metadata ->> 'size')::bigint <> coalesce(s.byte_count, 0)
  union all
  select 'object without asset', o.id, o.bucket_id, o.name, coalesce(s.byte_count, 0)
    from storage.objects o
    left join stored s on s.object_id = o.id
   where o.bucket_id in ('workspace-temp', 'user-library')
     and not exists (select from used u where u.bucket_id = o.bucket_id and u.path = o.name)
  union all
  select 'asset without object', null::uuid, u.bucket_id, u.path, null::bigint
    from used u
   where not exists (select from storage.objects o where o.bucket_id = u.bucket_id and o.name = u.path);
end;
grant execute on function atelier_engine.orphaned_objects() to atelier_worker;
comment on function atelier_engine.orphaned_objects() is
$$What does not belong together in storage

Bytes without an object, objects without (all) their bytes, objects of workspace and library without an asset, assets
without an object. No rows: all is well. Reads every row of storage: for operators, not for requests.$$;

-- sql/storage/functions/download.sql
-- Storage: reading bytes. With the rights of the caller throughout: whoever sees the object's row reads its bytes.

create or replace function atelier.object_bytes(bucket text, name text)
returns bytea
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  wanted record;
  content bytea;
begin
  select o.id, (o.metadata ->> 'size')::bigint as byte_count into wanted
    from storage.objects o
   where o.bucket_id = object_bytes.bucket and o.name = object_bytes.name;
  if not found then
    raise sqlstate 'PT404' using
      message = 'object not found',
      detail = format('%s in bucket %s.', object_bytes.name, object_bytes.bucket);
  end if;
  if wanted.byte_count > 268435456 then
    raise sqlstate 'PT413' using
      message = 'object is too large to be read at once',
      detail = format('%s bytes; at most 268435456 come in one piece.', wanted.byte_count),
      hint = format('Read it in pieces: select bytes from atelier.object_chunks where object_id = %L order by sequence.',
                    wanted.id);
  end if;
  select string_agg(c.bytes, ''::bytea order by c.sequence) into content
    from atelier.object_chunks c
   where c.object_id = wanted.id;
  if coalesce(octet_length(content), 0) is distinct from wanted.byte_count then
    raise data_corrupted using
      message = 'object is incomplete',
      detail = format('%s of %s bytes are in the database.', coalesce(octet_length(content), 0), wanted.byte_count);
  end if;
  return coalesce(content, ''::bytea);
end;
$$;
grant execute on function atelier.object_bytes(text, text) to anon, authenticated, service_role;
comment on function atelier.object_bytes(text, text) is
$$The bytes of an object

For those who see the object: its owner, everybody in a public bucket; PT404 otherwise. Up to 256 MiB; what is larger
(PT413) is read in pieces from atelier.object_chunks. XX001: bytes are missing.$$;

-- sql/storage/functions/objects.sql
-- Storage: making, filling, copying and moving objects of the database store. For the workers and for functions with
-- the rights of their owner: none of these asks who is calling.

create or replace function atelier_engine.insert_object(p_bucket text, p_name text, p_owner uuid, p_metadata jsonb)
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  object_id uuid;
begin
  perform atelier_engine.assert_object_fits(
    p_bucket, p_name, p_owner, p_metadata ->> 'mimetype', (p_metadata ->> 'size')::bigint);
  insert into storage.objects (bucket_id, name, owner, owner_id, metadata)
  values (p_bucket, p_name, p_owner, p_owner::text, p_metadata)
  on conflict do nothing
  returning id into object_id;
  return object_id;
end;
$$;
comment on function atelier_engine.insert_object(text, text, uuid, jsonb) is
$$The row of a new object

Returns its id, null when the name is taken. Errors as assert_object_fits().$$;

create or replace function atelier_engine.create_object(
  p_bucket text, p_name text, p_owner uuid, p_media_type text, p_byte_count bigint, p_sha256 bytea
)
returns uuid
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  digest constant text := encode(p_sha256, 'hex');
  object_id uuid;
begin
  if octet_length(p_sha256) is distinct from 32 then
    raise invalid_parameter_value using message = 'a SHA-256 digest has 32 bytes';
  end if;
  object_id := atelier_engine.insert_object(p_bucket, p_name, p_owner, jsonb_build_object(
    'size', p_byte_count,
    'mimetype', lower(btrim(split_part(p_media_type, ';', 1))),
    'sha256', digest,
    'eTag', format('"%s"', digest)));
  if object_id is null then
    raise unique_violation using
      message = 'object already exists', detail = format('%s in bucket %s.', p_name, p_bucket);
  end if;
  return object_id;
end;
$$;
comment on function atelier_engine.create_object(text, text, uuid, text, bigint, bytea) is
$$Announce an object, whose bytes follow with append_object_chunk()

Returns its id. Replaces nothing: 23505 when the name is taken. Other errors as assert_object_fits().$$;

create or replace function atelier_engine.append_object_chunk(p_object_id uuid, p_sequence integer, p_bytes bytea)
returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  byte_count bigint;
  next_sequence integer;
  next_offset bigint;
begin
  select (o.metadata ->> 'size')::bigint into byte_count
    from storage.objects o where o.id = p_object_id for key share;
  if not found then
    raise sqlstate 'PT404' using message = 'object not found', detail = format('Object: %s.', p_object_id);
  end if;
  select c.sequence + 1, c.byte_offset + octet_length(c.bytes) into next_sequence, next_offset
    from atelier_engine.object_chunks c where c.object_id = p_object_id order by c.sequence desc limit 1;
  if p_sequence is distinct from coalesce(next_sequence, 0) then
    raise invalid_parameter_value using
      message = 'object chunks come in order',
      detail = format('Expected number %s, got %s.', coalesce(next_sequence, 0), p_sequence);
  end if;
  next_offset := coalesce(next_offset, 0);
  if next_offset + octet_length(p_bytes) > byte_count then
    raise invalid_parameter_value using
      message = 'object is larger than announced',
      detail = format('%s bytes were announced, chunk %s ends at %s.', byte_count, p_sequence,
                      next_offset + octet_length(p_bytes));
  end if;
  insert into atelier_engine.object_chunks (object_id, sequence, byte_offset, bytes)
  values (p_object_id, p_sequence, next_offset, p_bytes);
end;
$$;
grant execute on function atelier_engine.append_object_chunk(uuid, integer, bytea) to atelier_worker;
comment on function atelier_engine.append_object_chunk(uuid, integer, bytea) is
$$The next bytes of an object

At most 256 KiB (23514), numbered from 0 without a gap, together no more than announced (22023). PT404: no such
object.$$;

create or replace function atelier_engine.object_is_complete(p_object_id uuid)
returns boolean
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
  select coalesce((select c.byte_offset + octet_length(c.bytes)
                     from atelier_engine.object_chunks c
                    where c.object_id = o.id
                    order by c.sequence desc
                    limit 1), 0) = (o.metadata ->> 'size')::bigint
    from storage.objects o
   where o.id = p_object_id;
end;
comment on function atelier_engine.object_is_complete(uuid) is
$$Whether all announced bytes of an object are there

Null when there is no such object.$$;

create or replace function atelier_engine.copy_object(
  p_source_bucket text, p_source_name text, p_target_bucket text, p_target_name text, p_owner uuid
)
returns uuid
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  source record;
  copy_id uuid;
begin
  select o.id, o.metadata into source
    from storage.objects o where o.bucket_id = p_source_bucket and o.name = p_source_name for key share;
  if not found then
    raise sqlstate 'PT404' using
      message = 'object not found', detail = format('%s in bucket %s.', p_source_name, p_source_bucket);
  end if;
  copy_id := atelier_engine.insert_object(p_target_bucket, p_target_name, p_owner, source.metadata);
  if copy_id is null then
    select o.id into copy_id
      from storage.objects o
     where o.bucket_id = p_target_bucket and o.name = p_target_name and o.owner = p_owner
       and o.metadata -> 'sha256' = source.metadata -> 'sha256' and o.metadata -> 'size' = source.metadata -> 'size';
    if not found then
      raise unique_violation using
        message = 'another object has this name', detail = format('%s in bucket %s.', p_target_name, p_target_bucket);
    end if;
    return copy_id;
  end if;
  if not atelier_engine.object_is_complete(source.id) then
    raise data_corrupted using
      message = 'object is incomplete', detail = format('%s in bucket %s.', p_source_name, p_source_bucket);
  end if;
  insert into atelier_engine.object_chunks (object_id, sequence, byte_offset, bytes)
  select copy_id, c.sequence, c.byte_offset, c.bytes
    from atelier_engine.object_chunks c
   where c.object_id = source.id;
  return copy_id;
end;
$$;
comment on function atelier_engine.copy_object(text, text, text, text, uuid) is
$$Copy an object with its bytes

Returns the id of the copy. Copying again returns the same id as long as the bytes are the same. PT404 no such object,
23505 the name is taken by something else, XX001 bytes are missing; other errors as assert_object_fits().$$;

create or replace function atelier_engine.move_object(
  p_source_bucket text, p_source_name text, p_target_bucket text, p_target_name text, p_owner uuid
)
returns uuid
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  source record;
begin
  select o.id, o.metadata into source
    from storage.objects o where o.bucket_id = p_source_bucket and o.name = p_source_name for update;
  if not found then
    raise sqlstate 'PT404' using
      message = 'object not found', detail = format('%s in bucket %s.', p_source_name, p_source_bucket);
  end if;
  if not atelier_engine.object_is_complete(source.id) then
    raise data_corrupted using
      message = 'object is incomplete', detail = format('%s in bucket %s.', p_source_name, p_source_bucket);
  end if;
  perform atelier_engine.assert_object_fits(
    p_target_bucket, p_target_name, p_owner, source.metadata ->> 'mimetype', (source.metadata ->> 'size')::bigint);
  update storage.objects o
     set bucket_id = p_target_bucket, name = p_target_name, owner = p_owner, owner_id = p_owner::text,
         updated_at = clock_timestamp()
   where o.id = source.id;
  return source.id;
end;
$$;
comment on function atelier_engine.move_object(text, text, text, text, uuid) is
$$Give an object another name, without touching its bytes

Returns its id. PT404 no such object, 23505 the name is taken, XX001 bytes are missing; other errors as
assert_object_fits().$$;

-- sql/storage/views.sql
-- Storage: bytes in pieces, for what is too large to be read at once.

create or replace view atelier.object_chunks with (security_invoker = true) as
select c.object_id, c.sequence, c.byte_offset, c.bytes
  from atelier_engine.object_chunks c;
grant select on atelier.object_chunks to anon, authenticated, service_role;
comment on view atelier.object_chunks is
$$The bytes of objects in pieces of up to 256 KiB

In sequence they are the object. Whoever sees an object sees its pieces.$$;

-- sql/storage/triggers.sql
-- Storage: deletions are noted, and a dump brings its own buckets.

create or replace trigger atelier_note_object_deletions
after delete on storage.objects
referencing old table as gone
for each statement execute function atelier_engine.note_object_deletions();

do $triggers$
begin
  if atelier_engine.is_made_here('storage.buckets') then
    create or replace trigger replace_buckets_on_restore
    before insert on storage.buckets
    for each statement execute function atelier_engine.replace_buckets_on_restore();

    create or replace trigger touch_updated_at
    before update on storage.buckets
    for each row execute function atelier_engine.touch_updated_at();
  end if;

  if not atelier_engine.is_made_here('storage.objects') then
    alter trigger atelier_note_object_deletions on storage.objects depends on extension atelier;
  end if;
end
$triggers$;

-- sql/storage/policies.sql
-- Storage: people see what lies in their own folder, everybody sees what is in a public bucket.

drop policy if exists "everybody sees public buckets" on storage.buckets;
create policy "everybody sees public buckets" on storage.buckets
  for select to anon, authenticated
  using (public);

drop policy if exists "everybody sees objects of public buckets" on storage.objects;
create policy "everybody sees objects of public buckets" on storage.objects
  for select to anon, authenticated
  -- An array, so that the index of the owner and the one of the bucket can be used together.
  using (bucket_id = any (array(select b.id from storage.buckets b where b.public)));

drop policy if exists "people see their own objects" on storage.objects;
create policy "people see their own objects" on storage.objects
  for select to authenticated
  using (owner = (select auth.uid()) and (storage.foldername(name))[1] = (select auth.uid())::text);

-- The files of the workspace and the library go with their assets.
drop policy if exists "people delete their own objects" on storage.objects;
create policy "people delete their own objects" on storage.objects
  for delete to authenticated
  using (owner = (select auth.uid())
         and (storage.foldername(name))[1] = (select auth.uid())::text
         and bucket_id not in ('workspace-temp', 'user-library'));

drop policy if exists "those who see an object read its bytes" on atelier_engine.object_chunks;
create policy "those who see an object read its bytes" on atelier_engine.object_chunks
  for select to anon, authenticated
  using (exists (select from storage.objects o where o.id = object_id));

-- sql/providers/functions.sql
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

-- sql/providers/views.sql
-- Which endpoints can take jobs of which models. A model that is no longer offered still finishes what it accepted.
create or replace view atelier_engine.routes with (security_invoker = true) as
select m.id as model_id, m.model_key, e.id as endpoint_id, e.provider_id
  from atelier.api_models m
  join atelier.api_providers p on p.id = m.provider_id
  join atelier.endpoints e on e.provider_id = p.id
 where p.is_active and e.is_active and (e.only_models is null or m.model_key = any (e.only_models));
comment on view atelier_engine.routes is 'Models and the active endpoints that can take their jobs';

create or replace view atelier.endpoint_health with (security_invoker = true) as
select e.name as endpoint, p.name as provider, e.is_active and p.is_active as is_active,
       case when not (e.is_active and p.is_active) then 'inactive'
            when s.unavailable_count > 0 then 'unavailable'
            when s.throttled_count > 0 then 'throttled'
            else 'healthy' end as health,
       (select count(*) from atelier_engine.queue q where q.endpoint_id = e.id and q.state = 'leased') as busy,
       e.max_concurrency, s.unavailable_since, s.blocked_until, s.last_error_class, s.last_error, s.last_error_at
  from atelier.endpoints e
  join atelier.api_providers p on p.id = e.provider_id
  left join atelier_engine.endpoint_states s on s.endpoint_id = e.id;
grant select on atelier.endpoint_health to service_role;
comment on view atelier.endpoint_health is
$$Endpoints, how busy they are, and what their last answers said

blocked_until is when an endpoint that could not be reached, or that asked for patience, is tried again.$$;

-- sql/providers/triggers.sql
create or replace trigger touch_updated_at before update on atelier.api_providers
  for each row execute function atelier_engine.touch_updated_at();
create or replace trigger touch_updated_at before update on atelier.api_models
  for each row execute function atelier_engine.touch_updated_at();
create or replace trigger touch_updated_at before update on atelier.endpoints
  for each row execute function atelier_engine.touch_updated_at();
create or replace trigger touch_updated_at before update on atelier.provider_tokens
  for each row execute function atelier_engine.touch_updated_at();
create or replace trigger touch_updated_at before update on atelier.model_performance_logs
  for each row execute function atelier_engine.touch_updated_at();
create or replace trigger touch_updated_at before update on atelier.model_test_results
  for each row execute function atelier_engine.touch_updated_at();

create or replace trigger replace_providers_on_restore
  before insert on atelier.api_providers
  for each statement execute function atelier_engine.replace_providers_on_restore();

-- sql/providers/policies.sql
-- Providers: everybody who is signed in sees what is active; the rest is for admins.

drop policy if exists "people see active providers, admins all" on atelier.api_providers;
create policy "people see active providers, admins all" on atelier.api_providers
  for select to authenticated
  using (is_active or (select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins add providers" on atelier.api_providers;
create policy "admins add providers" on atelier.api_providers
  for insert to authenticated
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins change providers" on atelier.api_providers;
create policy "admins change providers" on atelier.api_providers
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins delete providers" on atelier.api_providers;
create policy "admins delete providers" on atelier.api_providers
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "people see active models, admins all" on atelier.api_models;
create policy "people see active models, admins all" on atelier.api_models
  for select to authenticated
  using (is_active or (select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins add models" on atelier.api_models;
create policy "admins add models" on atelier.api_models
  for insert to authenticated
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins change models" on atelier.api_models;
create policy "admins change models" on atelier.api_models
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins delete models" on atelier.api_models;
create policy "admins delete models" on atelier.api_models
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins see endpoints" on atelier.endpoints;
create policy "admins see endpoints" on atelier.endpoints
  for select to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins add endpoints" on atelier.endpoints;
create policy "admins add endpoints" on atelier.endpoints
  for insert to authenticated
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins change endpoints" on atelier.endpoints;
create policy "admins change endpoints" on atelier.endpoints
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins delete endpoints" on atelier.endpoints;
create policy "admins delete endpoints" on atelier.endpoints
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins see tokens" on atelier.provider_tokens;
create policy "admins see tokens" on atelier.provider_tokens
  for select to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins change tokens" on atelier.provider_tokens;
create policy "admins change tokens" on atelier.provider_tokens
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins delete tokens" on atelier.provider_tokens;
create policy "admins delete tokens" on atelier.provider_tokens
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins see model settings" on atelier.model_config_history;
create policy "admins see model settings" on atelier.model_config_history
  for select to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins add model settings" on atelier.model_config_history;
create policy "admins add model settings" on atelier.model_config_history
  for insert to authenticated
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins change model settings" on atelier.model_config_history;
create policy "admins change model settings" on atelier.model_config_history
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins delete model settings" on atelier.model_config_history;
create policy "admins delete model settings" on atelier.model_config_history
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins see performance logs" on atelier.model_performance_logs;
create policy "admins see performance logs" on atelier.model_performance_logs
  for select to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins add performance logs" on atelier.model_performance_logs;
create policy "admins add performance logs" on atelier.model_performance_logs
  for insert to authenticated
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins change performance logs" on atelier.model_performance_logs;
create policy "admins change performance logs" on atelier.model_performance_logs
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins delete performance logs" on atelier.model_performance_logs;
create policy "admins delete performance logs" on atelier.model_performance_logs
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins see test results" on atelier.model_test_results;
create policy "admins see test results" on atelier.model_test_results
  for select to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins add test results" on atelier.model_test_results;
create policy "admins add test results" on atelier.model_test_results
  for insert to authenticated
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins change test results" on atelier.model_test_results;
create policy "admins change test results" on atelier.model_test_results
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins delete test results" on atelier.model_test_results;
create policy "admins delete test results" on atelier.model_test_results
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

-- sql/jobs/functions/carry.sql
-- Jobs: what the dispatcher calls while requests are on their way. The notes in claim.sql hold here, too.

create or replace function atelier_engine.record_sent(p_attempt_ids uuid[], p_sent_at timestamptz[])
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
begin
  update atelier_engine.attempts a set state = 'submitted', sent_at = s.sent_at
    from unnest(p_attempt_ids, p_sent_at) s (attempt_id, sent_at)
   where a.id = s.attempt_id and a.state = 'submitting';
  -- Whoever takes a request can be reached.
  update atelier_engine.endpoint_states s
     set unavailable_since = null, unavailable_count = 0,
         blocked_until = case when s.throttled_count > 0 then s.blocked_until end
   where s.unavailable_count > 0
     and s.endpoint_id in (select a.endpoint_id from atelier_engine.attempts a where a.id = any (p_attempt_ids));
end;
$$;
grant execute on function atelier_engine.record_sent(uuid[], timestamptz[]) to atelier_worker;
comment on function atelier_engine.record_sent(uuid[], timestamptz[]) is
$$Record that requests were written to their servers completely

The two arrays go together. What is settled already stays as it is.$$;

create or replace function atelier_engine.record_submitted(p_attempt_id uuid, p_external_id text)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
begin
  update atelier_engine.attempts a set state = 'submitted', external_id = left(p_external_id, 500)
   where a.id = p_attempt_id and a.state in ('submitting', 'submitted');
end;
$$;
grant execute on function atelier_engine.record_submitted(uuid, text) to atelier_worker;
comment on function atelier_engine.record_submitted(uuid, text) is
$$Record the id that an asynchronous provider gave to a request

With it the outcome can be looked up after a crash.$$;

create or replace function atelier_engine.renew_leases(p_attempt_ids uuid[])
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
begin
  update atelier_engine.queue q
     set lease_expires_at = clock_timestamp()
           + make_interval(secs => (e.connect_timeout_ms + e.total_timeout_ms) / 1000.0) + interval '1 minute'
    from atelier_engine.attempts a
    join atelier.endpoints e on e.id = a.endpoint_id
   where a.id = any (p_attempt_ids) and q.job_id = a.job_id and q.attempt_id = a.id and q.state = 'leased';
end;
$$;
grant execute on function atelier_engine.renew_leases(uuid[]) to atelier_worker;
comment on function atelier_engine.renew_leases(uuid[]) is 'Extend the leases of attempts that are still in flight';

create or replace function atelier_engine.cancel_requests()
returns table (attempt_id uuid)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
begin
  return query
    select q.attempt_id
      from atelier_engine.queue q
      join atelier.jobs j on j.id = q.job_id
     where q.state = 'leased' and j.cancel_requested_at is not null and atelier_engine.instance_is_adopted();
end;
$$;
grant execute on function atelier_engine.cancel_requests() to atelier_worker;
comment on function atelier_engine.cancel_requests() is 'Attempts in flight whose job was cancelled meanwhile';

create or replace function atelier_engine.next_wake_at()
returns timestamptz
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
begin
  if not atelier_engine.instance_is_adopted() then
    return null;
  end if;
  return least(
    (select min(q.run_at) from atelier_engine.queue q where q.state = 'waiting'),
    (select min(s.blocked_until)
       from atelier_engine.endpoint_states s
      where s.blocked_until is not null
        and exists (
          select from atelier_engine.routes r
            join atelier_engine.queue q on q.model_id = r.model_id and q.state = 'ready'
           where r.endpoint_id = s.endpoint_id)));
end;
$$;
grant execute on function atelier_engine.next_wake_at() to atelier_worker;
comment on function atelier_engine.next_wake_at() is
$$When the next claim is due

The earliest end of a back-off, of a job or of an endpoint with ready jobs; null when there is none. A time in the past
is over after the next claim.$$;

-- sql/jobs/functions/claim.sql
-- Jobs: how the dispatcher claims work. Each call of the workers is one short transaction of its own.
-- Locks are always taken in this order: queue, attempts, jobs, endpoint_states.
--
-- Sessions keep their plans, and one that was made while a table was empty reads all of it: what touches jobs and the
-- queue runs without sequential scans. The planner's price for a scan that is needed all the same would start the JIT
-- compiler, so that is off, too. What the workers call is PL/pgSQL, because SQL functions are planned anew for each
-- call.

create or replace function atelier_engine.claim_jobs(p_max_jobs integer)
returns table (
  attempt_id uuid,
  job_id uuid,
  adapter text,
  url text,
  model text,
  parameters text,
  secret text,
  auth_header text,
  connect_timeout_ms integer,
  first_byte_timeout_ms integer,
  total_timeout_ms integer,
  max_output_bytes bigint,
  private_network boolean
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  free integer := p_max_jobs;
  claimed integer;
  slot record;
begin
  if p_max_jobs <= 0 or not atelier_engine.instance_is_adopted() then
    return;
  end if;
  -- Free slots are counted, so that only one claim at a time may run; a second dispatcher waits a moment.
  perform pg_advisory_xact_lock('atelier_engine.queue'::regclass::oid::integer, 1);
  perform atelier_engine.promote_due();
  for slot in select * from atelier_engine.free_slots() loop
    exit when free <= 0;
    return query
      select c.* from atelier_engine.claim_for_endpoint(slot.endpoint_id, least(free, slot.slots)) c;
    get diagnostics claimed = row_count;
    free := free - claimed;
  end loop;
end;
$$;
grant execute on function atelier_engine.claim_jobs(integer) to atelier_worker;
comment on function atelier_engine.claim_jobs(integer) is
$$Claim ready jobs for the endpoints that have free slots

Highest priority first, then the longest waiting; at most p_max_jobs. Each claimed job gets an attempt in state
submitting and a lease that outlives the endpoint's time-outs. Nothing is claimed while the instance is not adopted.
To be committed before anything leaves the machine.$$;

create or replace function atelier_engine.promote_due()
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  update atelier_engine.queue q set state = 'ready'
   where q.state = 'waiting' and q.run_at <= clock_timestamp();
  update atelier_engine.endpoint_states s set blocked_until = null where s.blocked_until <= clock_timestamp();
end;
$$;
comment on function atelier_engine.promote_due() is 'Make ready what has waited long enough, and unblock endpoints';

create or replace function atelier_engine.free_slots()
returns table (endpoint_id uuid, slots integer)
language sql stable
begin atomic
  select f.id, f.slots
    from (select e.id, e.max_concurrency, b.busy,
                 case when s.unavailable_count > 0 or s.throttled_count > 0 then least(e.max_concurrency, 1)
                      else e.max_concurrency end - b.busy as slots
            from atelier.endpoints e
            join atelier.api_providers p on p.id = e.provider_id
            left join atelier_engine.endpoint_states s on s.endpoint_id = e.id
            cross join lateral (
              select count(*)::integer as busy
                from atelier_engine.queue q where q.endpoint_id = e.id and q.state = 'leased') b
           where e.is_active and p.is_active and s.blocked_until is null) f
   where f.slots > 0
   order by f.busy::double precision / f.max_concurrency, f.id;
end;
comment on function atelier_engine.free_slots() is
$$Endpoints that can take requests now, and how many

The least busy first. One that failed lately gets a single request, as a probe.$$;

create or replace function atelier_engine.claim_for_endpoint(p_endpoint_id uuid, p_max_jobs integer)
returns table (
  attempt_id uuid,
  job_id uuid,
  adapter text,
  url text,
  model text,
  parameters text,
  secret text,
  auth_header text,
  connect_timeout_ms integer,
  first_byte_timeout_ms integer,
  total_timeout_ms integer,
  max_output_bytes bigint,
  private_network boolean
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  lease_margin constant interval := interval '1 minute';
  endpoint atelier.endpoints;
  provider atelier.api_providers;
  token record;
  lease interval;
begin
  select e.* into endpoint from atelier.endpoints e where e.id = p_endpoint_id;
  select p.* into provider from atelier.api_providers p where p.id = endpoint.provider_id;
  select t.id, s.secret into token
    from atelier.provider_tokens t
    join atelier_engine.provider_secrets s on s.token_id = t.id
   where t.provider_id = provider.id and t.is_active and provider.auth_scheme <> 'none'
   order by t.last_used_at nulls first, t.id
   limit 1;
  if token.id is null and provider.auth_scheme <> 'none' then
    return;  -- doctor() tells that the token is missing
  end if;
  lease := make_interval(secs => (endpoint.connect_timeout_ms + endpoint.total_timeout_ms) / 1000.0) + lease_margin;

  return query
    -- Materialized: the planner might else run the limited query more than once and claim too much.
    with next as materialized (
      select c.job_id
        from atelier_engine.routes r
        cross join lateral (
          select q.job_id, q.priority, q.run_at
            from atelier_engine.queue q
           where q.state = 'ready' and q.model_id = r.model_id
           order by q.priority desc, q.run_at, q.job_id
           limit p_max_jobs
             for update of q skip locked) c
       where r.endpoint_id = p_endpoint_id
       order by c.priority desc, c.run_at, c.job_id
       limit p_max_jobs),
    leased as (
      update atelier_engine.queue q
         set state = 'leased', attempt_id = atelier.uuid7(), endpoint_id = p_endpoint_id,
             lease_expires_at = clock_timestamp() + lease
        from next n
       where q.job_id = n.job_id
      returning q.job_id, q.attempt_id, q.run_at),
    attempt as (
      insert into atelier_engine.attempts as a (id, job_id, number, endpoint_id, endpoint_name, token_id, ready_at)
      select l.attempt_id, l.job_id,
             (select coalesce(max(o.number), 0) + 1 from atelier_engine.attempts o where o.job_id = l.job_id),
             endpoint.id, endpoint.name, token.id, l.run_at
        from leased l),
    job as (
      update atelier.jobs j
         set status = 'processing', started_at = coalesce(j.started_at, clock_timestamp())
        from leased l
       where j.id = l.job_id
      returning l.attempt_id, j.*)
    select j.attempt_id, j.id, endpoint.adapter, endpoint.base_url, m.model_key,
           (jsonb_strip_nulls(jsonb_build_object(
              'prompt', coalesce(j.enhanced_prompt, j.original_prompt), 'negative_prompt', j.negative_prompt))
            || j.parameters)::text,
           token.secret,
           case when token.secret is not null then
             provider.auth_header_name
             || case provider.auth_scheme when 'header' then '' else ': ' || initcap(provider.auth_scheme) end
           end,
           endpoint.connect_timeout_ms, endpoint.first_byte_timeout_ms, endpoint.total_timeout_ms,
           endpoint.max_output_bytes, endpoint.private_network
      from job j
      join atelier.api_models m on m.id = j.api_model_id
     order by j.priority desc, j.attempt_id;
  if found and token.id is not null then
    update atelier.provider_tokens t
       set last_used_at = clock_timestamp(), request_count = t.request_count + 1
     where t.id = token.id;
  end if;
end;
$$;
comment on function atelier_engine.claim_for_endpoint(uuid, integer) is
$$Claim ready jobs for one endpoint

Takes the least recently used token of the provider; without the token that the provider needs, nothing is claimed.$$;

-- sql/jobs/functions/doctor.sql
-- Jobs: atelier.doctor() and its three parts. Each finding is a row: what was looked at, ok, warning or error, what
-- was found, and what to do about it.

create or replace function atelier.doctor()
returns table (check_name text, status text, detail text, hint text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.assert_service_role();
  return query select * from atelier_engine.examine_server();
  return query select * from atelier_engine.examine_workers();
  return query select * from atelier_engine.examine_providers();
  return query select * from atelier_engine.examine_data();
end;
$$;
grant execute on function atelier.doctor() to service_role;
comment on function atelier.doctor() is
$$Examine the installation

One row per check: ok, warning or error, what was found, and what to do. For the service role (42501).$$;

create or replace function atelier_engine.examine_server()
returns table (check_name text, status text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  preloaded constant boolean := 'atelier' = any (
    regexp_split_to_array(replace(current_setting('shared_preload_libraries'), '"', ''), '[\s,]+')
    || regexp_split_to_array(replace(current_setting('shared_preload_libraries'), '$libdir/', ''), '[\s,]+'));
  slots constant integer := current_setting('max_worker_processes')::integer;
  used bigint;
begin
  return query select 'library',
    case when preloaded then 'ok' else 'warning' end,
    case when preloaded then 'shared_preload_libraries names atelier'
         else 'shared_preload_libraries does not name atelier' end,
    case when not preloaded then 'Add atelier to shared_preload_libraries and restart the server, or call '
                                 'atelier.start() after each restart.' end;

  select count(*) into used
    from pg_stat_activity a
   where a.backend_type not in (
     'client backend', 'autovacuum launcher', 'autovacuum worker', 'background writer', 'checkpointer', 'walwriter',
     'startup', 'walreceiver', 'walsender', 'archiver', 'logger', 'standalone backend');
  return query select 'worker_slots',
    case when used < slots then 'ok' else 'warning' end,
    format('%s of max_worker_processes = %s are taken', used, slots),
    case when used >= slots then 'Raise max_worker_processes and restart the server: Atelier needs two for the server '
                                 'and two for each database, and parallel queries take the rest.' end;

  return query select 'primary',
    case when pg_is_in_recovery() then 'warning' else 'ok' end,
    case when pg_is_in_recovery() then 'this server is a standby' else 'this server is a primary' end,
    case when pg_is_in_recovery() then 'Jobs are carried by the primary; the workers start here after a promotion.' end;

  return query select 'role ' || r.name,
    case when p.oid is null or (r.name = 'service_role' and not p.rolbypassrls)
              or (r.name = 'atelier_worker' and not p.rolcanlogin) then 'error'
         when r.name = 'atelier_worker' and p.rolsuper then 'warning' else 'ok' end,
    case when p.oid is null then 'the role does not exist'
         when r.name = 'service_role' and not p.rolbypassrls then 'the role does not bypass row level security'
         when r.name = 'atelier_worker' and not p.rolcanlogin then 'the role may not log in'
         when r.name = 'atelier_worker' and p.rolsuper then 'the role is a superuser' else 'the role is as it should be'
    end,
    case when p.oid is null then format('create role %I', r.name)
         when r.name = 'service_role' and not p.rolbypassrls then 'alter role service_role bypassrls'
         when r.name = 'atelier_worker' and not p.rolcanlogin then 'alter role atelier_worker login'
         when r.name = 'atelier_worker' and p.rolsuper then 'alter role atelier_worker nosuperuser' end
    from (values ('anon'), ('authenticated'), ('service_role'), ('atelier_worker')) r (name)
    left join pg_roles p on p.rolname = r.name;
end;
$$;
comment on function atelier_engine.examine_server() is 'Part of doctor(): settings and roles of the server';

create or replace function atelier_engine.examine_workers()
returns table (check_name text, status text, detail text, hint text)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  database constant oid := (select d.oid from pg_database d where d.datname = current_database());
  wants_runner constant boolean := exists (
    select from atelier.endpoints e where e.is_active and e.base_url like 'runner:%');
begin
  return query
    with process as materialized (
      select w.process, w.state, concat_ws(', ', w.state, nullif(w.detail, ''),
               case when w.restarts > 0 then format('restarts: %s', w.restarts) end) as description
        from atelier_engine.worker_processes() w
       where w.database_oid is null or w.database_oid = database)
    select w.name,
           case when p.state = 'running' then 'ok' when p.state = 'starting' then 'warning' else 'error' end,
           coalesce(p.description, 'does not run'),
           case when p.state is null and w.name ~ 'runner' and current_setting('atelier.runner_enabled', true) = 'off'
                  then 'atelier.runner_enabled is off: turn it on, or deactivate the endpoints runner:N.'
                when p.state is null then 'Call atelier.start(); if that does not help, see worker_slots and the log.'
                when p.state = 'starting' then 'Look again in a moment.'
                when p.state <> 'running' then 'The server log says more.' end
      from (values (1, 'launcher', true), (2, 'dispatcher', true), (3, 'courier', true), (4, 'janitor', true),
                   (5, 'runner_supervisor', wants_runner), (6, 'runner', wants_runner)) w (place, name, wanted)
      left join process p on p.process = w.name
     where w.wanted
     order by w.place;
end;
$$;
comment on function atelier_engine.examine_workers() is 'Part of doctor(): the processes of Atelier';

create or replace function atelier_engine.examine_providers()
returns table (check_name text, status text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select 'endpoint ' || h.endpoint,
           case when h.health = 'healthy' and not t.missing and h.max_concurrency > 0 then 'ok' else 'warning' end,
           case when t.missing then format('provider %s has no active token with a secret', h.provider)
                when h.max_concurrency = 0 then 'paused, max_concurrency is 0'
                when h.health = 'healthy' then format('healthy, %s of %s slots busy', h.busy, h.max_concurrency)
                else format('%s: %s', h.health, h.last_error) end,
           case when t.missing then 'Store one with atelier.set_provider_token().'
                when h.max_concurrency = 0 then 'Raise max_concurrency to let jobs through.'
                when h.health = 'unavailable' then 'Is the server up, and base_url right? It is tried again by itself.'
           end
      from atelier.endpoint_health h
      join atelier.api_providers p on p.name = h.provider
      cross join lateral (
        select p.auth_scheme <> 'none' and not exists (
          select from atelier.provider_tokens k
            join atelier_engine.provider_secrets s on s.token_id = k.id
           where k.provider_id = p.id and k.is_active) as missing) t
     where h.is_active
     order by h.endpoint;
  return query
    select 'model ' || m.model_key, 'warning', 'no active endpoint takes its jobs',
           'Add a row to atelier.endpoints for its provider, or make one active.'
      from atelier.api_models m
     where m.is_active and not exists (select from atelier_engine.routes r where r.model_id = m.id)
     order by m.model_key;
end;
$$;
comment on function atelier_engine.examine_providers() is 'Part of doctor(): endpoints, tokens and models';

create or replace function atelier_engine.examine_data()
returns table (check_name text, status text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  adopted constant boolean := atelier_engine.instance_is_adopted();
  stuck constant bigint := (select count(*) from atelier.stuck_jobs);
  not_dumped constant text := (
    select string_agg(c.oid::regclass::text, ', ' order by c.oid::regclass::text)
      from pg_class c
      join pg_extension e on e.extname = 'atelier'
     where c.relnamespace = 'atelier'::regnamespace and c.relkind = 'r' and c.oid <> all (coalesce(e.extconfig, '{}')));
begin
  return query select 'instance',
    case when adopted then 'ok' else 'error' end,
    case when adopted then 'this database dispatches its jobs'
         else 'this database was restored or copied, and dispatches nothing' end,
    case when not adopted then 'Call atelier.adopt_instance() when the original is not at work any more.' end;
  return query select 'stuck_jobs',
    case when stuck = 0 then 'ok' else 'error' end,
    format('unfinished jobs without an owner: %s', stuck),
    case when stuck > 0 then 'See atelier.stuck_jobs. If the workers run and the instance is adopted, this is a bug.'
    end;
  return query select 'dump',
    case when not_dumped is null then 'ok' else 'error' end,
    coalesce('pg_dump leaves out ' || not_dumped, 'pg_dump takes every table along'),
    case when not_dumped is not null then 'This is a bug of the installed version.' end;
end;
$$;
comment on function atelier_engine.examine_data() is 'Part of doctor(): whether jobs can go on, and dumps are complete';

-- sql/jobs/functions/guard.sql
create or replace function atelier_engine.guard_job_status()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  new.updated_at := clock_timestamp();
  if new.status = old.status
     or (old.status = 'queued' and new.status in ('processing', 'failed', 'cancelled'))
     or (old.status = 'processing' and new.status in ('queued', 'completed', 'failed', 'cancelled')) then
    return new;
  end if;
  raise sqlstate 'PT409' using
    message = 'a job cannot change its status like this',
    detail = format('Job %s is %s and was to become %s.', old.id, old.status, new.status),
    hint = case when old.status in ('completed', 'failed', 'cancelled')
                then 'A finished job stays as it is; queue a new one.'
                else 'Only the workers move jobs.' end;
end;
$$;
comment on function atelier_engine.guard_job_status() is
  'Trigger: whoever updates a job, a finished one stays finished';

-- sql/jobs/functions/operate.sql
-- Jobs: what operators call.

create or replace function atelier.adopt_instance(discard_unfinished boolean default false)
returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  unfinished record;
  remaining bigint;
begin
  perform atelier_engine.assert_service_role();
  if atelier_engine.instance_is_adopted() then
    return 0::bigint;
  end if;
  lock table atelier_engine.instance in share row exclusive mode;
  delete from atelier_engine.instance;
  insert into atelier_engine.instance (system_identifier, database_oid)
  select c.system_identifier, d.oid
    from pg_control_system() c, pg_database d
   where d.datname = current_database();

  -- A dump may have been restored in part: the jobs say what belongs into the queue.
  insert into atelier_engine.queue (job_id, model_id, priority, run_at, state)
  select j.id, j.api_model_id, j.priority, j.created_at,
         case when exists (select from atelier.job_dependencies d where d.job_id = j.id) then 'blocked' else 'ready' end
    from atelier.jobs j
   where j.status in ('queued', 'processing') and j.api_model_id is not null
      on conflict do nothing;
  update atelier.jobs j set status = 'queued'
    from atelier_engine.queue q
   where q.job_id = j.id and q.state in ('blocked', 'waiting', 'ready') and j.status = 'processing';
  perform atelier_engine.settle_attempts(null, 'the database was restored or copied while the request was on its way');
  if discard_unfinished then
    -- All of them are cancelled; none fails because another one is.
    update atelier_engine.queue q set state = 'ready' where q.state = 'blocked';
    for unfinished in
      select q.job_id from atelier_engine.queue q order by q.job_id for update
    loop
      perform atelier_engine.finish_job(unfinished.job_id, 'cancelled', null, null)
        from atelier.jobs j where j.id = unfinished.job_id and j.status in ('queued', 'processing');
    end loop;
  end if;
  perform atelier_engine.announce_database(), atelier_engine.wake_dispatcher(), atelier_engine.wake_janitor();
  select count(*) into remaining from atelier_engine.queue q;
  return remaining;
end;
$$;
grant execute on function atelier.adopt_instance(boolean) to service_role;
comment on function atelier.adopt_instance(boolean) is
$$Let this restored or copied database dispatch its jobs

Until then a restore or a copy keeps quiet, because the original may still be at work on the same jobs. Requests that
were on their way are settled as their endpoints say. With discard_unfinished the unfinished jobs are cancelled
instead. Returns how many jobs are in the queue now; 0 when there was nothing to do. For the service role (42501).$$;

-- sql/jobs/functions/outcome.sql
-- Jobs: how a job ends or gets another try. Internal: the functions that the workers call are in record.sql and
-- settle.sql. The caller holds the lock on the queue row.

create or replace function atelier_engine.finish_job(
  p_job_id uuid, p_status text, p_error_class text, p_error_message text
)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  reached timestamptz := clock_timestamp();
  failed_id uuid;
begin
  update atelier.jobs j
     set status = p_status, completed_at = reached, error_class = p_error_class, error_message = p_error_message
   where j.id = p_job_id;
  delete from atelier_engine.queue q where q.job_id = p_job_id;
  insert into atelier.events (user_id, kind, ref)
  select j.user_id, 'job.' || p_status, j.id from atelier.jobs j where j.id = p_job_id;

  if p_status = 'completed' then
    perform atelier_engine.unblock_dependents(p_job_id);
    return;
  end if;
  -- Whoever waits for it, directly or not, will never start.
  for failed_id in
    with recursive dependent as (
      select d.job_id from atelier.job_dependencies d where d.depends_on_job_id = p_job_id
      union
      select d.job_id
        from atelier.job_dependencies d
        join dependent on dependent.job_id = d.depends_on_job_id)
    select q.job_id
      from dependent
      join atelier_engine.queue q on q.job_id = dependent.job_id and q.state = 'blocked'
     order by q.job_id
       for update of q
  loop
    update atelier.jobs j
       set status = 'failed', completed_at = reached, error_class = 'dependency',
           error_message = 'a job that this one depends on did not complete'
     where j.id = failed_id;
    delete from atelier_engine.queue q where q.job_id = failed_id;
    insert into atelier.events (user_id, kind, ref)
    select j.user_id, 'job.failed', j.id from atelier.jobs j where j.id = failed_id;
  end loop;
end;
$$;
comment on function atelier_engine.finish_job(uuid, text, text, text) is
$$Move a job to completed, failed or cancelled

Takes it out of the queue and writes the event. Jobs that depend on it become ready, or fail with it.$$;

create or replace function atelier_engine.unblock_dependents(p_job_id uuid)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  update atelier_engine.queue q
     set state = 'ready', run_at = clock_timestamp()
    from atelier.job_dependencies d
   where d.depends_on_job_id = p_job_id and q.job_id = d.job_id and q.state = 'blocked'
     and not exists (
       select from atelier.job_dependencies o
         join atelier.jobs j on j.id = o.depends_on_job_id
        where o.job_id = d.job_id and j.status <> 'completed');
  if found then
    perform atelier_engine.wake_dispatcher();
  end if;
end;
$$;
comment on function atelier_engine.unblock_dependents(uuid) is
  'Make ready the jobs that waited only for this one';

create or replace function atelier_engine.release_job(
  p_job_id uuid, p_run_at timestamptz, p_error_class text, p_error_message text
)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  update atelier_engine.queue q
     set state = case when p_run_at is null then 'ready' else 'waiting' end, run_at = coalesce(p_run_at, q.run_at),
         attempt_id = null, endpoint_id = null, lease_expires_at = null, next_check_at = null
   where q.job_id = p_job_id;
  update atelier.jobs j
     set status = 'queued', error_class = p_error_class, error_message = p_error_message
   where j.id = p_job_id;
end;
$$;
comment on function atelier_engine.release_job(uuid, timestamptz, text, text) is
$$Give a job back to the queue

Without a time it keeps its place and may be claimed at once.$$;

create or replace function atelier_engine.retry_or_fail(p_job_id uuid, p_error_class text, p_error_message text)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  used integer;
  allowed integer;
begin
  update atelier.jobs j set attempts = j.attempts + 1
   where j.id = p_job_id
  returning j.attempts, j.max_attempts into used, allowed;
  if used >= allowed then
    perform atelier_engine.finish_job(p_job_id, 'failed', p_error_class, p_error_message);
  else
    perform atelier_engine.release_job(
      p_job_id, clock_timestamp() + atelier_engine.back_off(used), p_error_class, p_error_message);
  end if;
end;
$$;
comment on function atelier_engine.retry_or_fail(uuid, text, text) is
  'Use up one attempt of a job: it waits for the next one, or fails when that was the last';

create or replace function atelier_engine.back_off(p_failures integer)
returns interval
language sql volatile
begin atomic
  -- Half of it is chance, so that jobs which failed together do not come back together.
  select make_interval(secs => b.seconds / 2 * (1 + random()))
    from (select least(30, 2 ^ least(greatest(p_failures, 1), 5)) as seconds) b;
end;
comment on function atelier_engine.back_off(integer) is
$$How long to wait after so many failures in a row

1 to 2 seconds after the first, twice as long after each further one, at most 30 seconds.$$;

create or replace function atelier_engine.resolve_ambiguous(
  p_job_id uuid, p_attempt_id uuid, p_error_class text, p_error_message text
)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  cancelled boolean;
  policy text;
  hold_time interval;
begin
  select j.cancel_requested_at is not null into cancelled from atelier.jobs j where j.id = p_job_id;
  -- An endpoint that was deleted meanwhile may have charged for the request.
  select coalesce(e.ambiguity_policy, 'fail'), e.hold_timeout into policy, hold_time
    from atelier_engine.attempts a
    left join atelier.endpoints e on e.id = a.endpoint_id
   where a.id = p_attempt_id;
  if cancelled then
    perform atelier_engine.finish_job(p_job_id, 'cancelled', null, null);
  elsif policy = 'retry' then
    perform atelier_engine.retry_or_fail(p_job_id, p_error_class, p_error_message);
  elsif policy = 'hold' then
    update atelier_engine.queue q
       set state = 'held', lease_expires_at = null, next_check_at = clock_timestamp() + hold_time
     where q.job_id = p_job_id;
    update atelier.jobs j
       set attempts = j.attempts + 1, error_class = p_error_class, error_message = p_error_message
     where j.id = p_job_id;
  else
    update atelier.jobs j set attempts = j.attempts + 1 where j.id = p_job_id;
    perform atelier_engine.finish_job(p_job_id, 'failed', p_error_class, p_error_message);
  end if;
end;
$$;
comment on function atelier_engine.resolve_ambiguous(uuid, uuid, text, text) is
$$Decide about a job whose request may or may not have been carried out

As ambiguity_policy of the endpoint says: another try, fail, or hold for a while and then fail.$$;

create or replace function atelier_engine.own_attempt(p_attempt_id uuid)
returns uuid
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  owned uuid;
begin
  select q.job_id into owned
    from atelier_engine.attempts a
    join atelier_engine.queue q on q.job_id = a.job_id
   where a.id = p_attempt_id and q.attempt_id = p_attempt_id and q.state = 'leased'
     for update of q;
  return owned;
end;
$$;
comment on function atelier_engine.own_attempt(uuid) is
$$The job of an attempt that still owns it

Locks the queue row. Null when the attempt was settled or superseded, or its job is finished: whatever it reports is
late.$$;

-- sql/jobs/functions/record_failure.sql
-- Jobs: what the dispatcher calls when an attempt failed or was cancelled, and what is learned about endpoints.

create or replace function atelier_engine.record_failure(
  p_attempt_id uuid,
  p_error_class text,
  p_http_status integer,
  p_message text,
  p_detail text,
  p_retry_after_ms integer,
  p_request_sent boolean,
  p_started_at timestamptz,
  p_sent_at timestamptz,
  p_first_byte_at timestamptz,
  p_finished_at timestamptz
)
returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  owned constant uuid := atelier_engine.own_attempt(p_attempt_id);
  message constant text := coalesce(nullif(left(p_message, 1000), ''), replace(p_error_class, '_', ' '), 'unknown');
  attempt atelier_engine.attempts;
  cancelled boolean;
begin
  if owned is null then
    return null;
  end if;
  update atelier_engine.attempts a
     set state = case p_error_class when 'ambiguous' then 'ambiguous' else 'failed' end,
         started_at = p_started_at, sent_at = coalesce(p_sent_at, a.sent_at), first_byte_at = p_first_byte_at,
         finished_at = p_finished_at, recorded_at = clock_timestamp(), error_class = p_error_class,
         error_message = message, error_detail = left(p_detail, 4000), http_status = nullif(p_http_status, 0)
   where a.id = p_attempt_id
  returning a.* into attempt;
  perform atelier_engine.note_endpoint_failure(
    attempt.endpoint_id, attempt.token_id, p_error_class, message, p_retry_after_ms, p_request_sent);

  select j.cancel_requested_at is not null into cancelled from atelier.jobs j where j.id = owned;
  if cancelled then
    perform atelier_engine.finish_job(owned, 'cancelled', null, null);
  elsif p_error_class = 'unavailable' then
    if atelier_engine.waited_too_long(owned, attempt.endpoint_id) then
      perform atelier_engine.finish_job(owned, 'failed', p_error_class, message);
    else
      perform atelier_engine.release_job(owned, null, p_error_class, message);
    end if;
  elsif p_error_class = 'throttled' then
    perform atelier_engine.release_job(owned, null, p_error_class, message);
  elsif p_error_class = 'ambiguous' then
    perform atelier_engine.resolve_ambiguous(owned, p_attempt_id, p_error_class, message);
  elsif p_error_class in ('auth', 'payment', 'invalid_input', 'content_policy', 'expired', 'too_large') then
    update atelier.jobs j set attempts = j.attempts + 1 where j.id = owned;
    perform atelier_engine.finish_job(owned, 'failed', p_error_class, message);
  else
    perform atelier_engine.retry_or_fail(owned, p_error_class, message);
  end if;
  return (select j.status from atelier.jobs j where j.id = owned);
end;
$$;
grant execute on function atelier_engine.record_failure(
  uuid, text, integer, text, text, integer, boolean, timestamptz, timestamptz, timestamptz, timestamptz)
  to atelier_worker;
comment on function atelier_engine.record_failure(
  uuid, text, integer, text, text, integer, boolean, timestamptz, timestamptz, timestamptz, timestamptz) is
$$Record that an attempt failed, and decide what becomes of the job

unavailable and throttled cost no attempt: the endpoint is left alone for a while and the job keeps its place, until
unavailable_timeout has passed. ambiguous goes by the endpoint's ambiguity_policy. auth, payment, invalid_input,
content_policy, expired and too_large fail at once. Everything else uses up an attempt and is tried again with a
growing pause. A job that the user cancelled meanwhile is cancelled. Returns the new status of the job, or null when
the attempt does not own it any more.$$;

create or replace function atelier_engine.record_cancelled(p_attempt_id uuid)
returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  owned constant uuid := atelier_engine.own_attempt(p_attempt_id);
begin
  if owned is null then
    return false;
  end if;
  update atelier_engine.attempts a set state = 'cancelled', recorded_at = clock_timestamp()
   where a.id = p_attempt_id;
  perform atelier_engine.finish_job(owned, 'cancelled', null, null);
  return true;
end;
$$;
grant execute on function atelier_engine.record_cancelled(uuid) to atelier_worker;
comment on function atelier_engine.record_cancelled(uuid) is
$$Record that a request was cancelled

The job is cancelled. False when the attempt does not own it any more.$$;

create or replace function atelier_engine.waited_too_long(p_job_id uuid, p_endpoint_id uuid)
returns boolean
language sql stable
begin atomic
  -- Both the job and the outage must be old: a short outage must not fail what had waited in a long queue.
  select exists (
    select from atelier.jobs j
      cross join atelier.endpoints e
      join atelier_engine.endpoint_states s on s.endpoint_id = e.id
     where j.id = p_job_id and e.id = p_endpoint_id
       and greatest(j.created_at, s.unavailable_since) + e.unavailable_timeout <= clock_timestamp()
       and s.unavailable_since is not null);
end;
comment on function atelier_engine.waited_too_long(uuid, uuid) is
  'Whether a job has waited for longer than unavailable_timeout for an endpoint that cannot be reached';

create or replace function atelier_engine.note_endpoint_failure(
  p_endpoint_id uuid, p_token_id uuid, p_error_class text, p_message text, p_retry_after_ms integer,
  p_request_sent boolean
)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  longest_pause constant interval := interval '1 hour';
  moment constant timestamptz := clock_timestamp();
  unavailable constant boolean := p_error_class = 'unavailable';
  throttled constant boolean := p_error_class = 'throttled';
  asked constant interval := least(make_interval(secs => coalesce(p_retry_after_ms, 0) / 1000.0), longest_pause);
  state atelier_engine.endpoint_states;
  blocked boolean;
begin
  update atelier.provider_tokens t
     set error_count = t.error_count + 1, last_error = p_message, last_error_at = moment
   where t.id = p_token_id and p_error_class in ('auth', 'payment');
  if p_endpoint_id is null then
    return;
  end if;
  insert into atelier_engine.endpoint_states (endpoint_id) values (p_endpoint_id) on conflict do nothing;
  select s.* into state from atelier_engine.endpoint_states s where s.endpoint_id = p_endpoint_id for update;
  -- Requests that were on their way when the first one failed say nothing new.
  blocked := coalesce(state.blocked_until > moment, false);
  if unavailable then
    state.unavailable_since := coalesce(state.unavailable_since, moment);
    state.unavailable_count := greatest(state.unavailable_count + case when blocked then 0 else 1 end, 1);
  elsif p_request_sent then
    state.unavailable_since := null;
    state.unavailable_count := 0;
  end if;
  if throttled then
    state.throttled_count := greatest(state.throttled_count + case when blocked then 0 else 1 end, 1);
  end if;
  if throttled or (unavailable and not blocked) then
    state.blocked_until := greatest(
      state.blocked_until,
      moment + greatest(asked, atelier_engine.back_off(greatest(state.unavailable_count, state.throttled_count))));
  end if;
  update atelier_engine.endpoint_states s
     set unavailable_since = state.unavailable_since, unavailable_count = state.unavailable_count,
         throttled_count = state.throttled_count, blocked_until = state.blocked_until,
         last_error_class = p_error_class, last_error = p_message, last_error_at = moment
   where s.endpoint_id = p_endpoint_id;
end;
$$;
comment on function atelier_engine.note_endpoint_failure(uuid, uuid, text, text, integer, boolean) is
$$Learn from a failure about the endpoint and the token

An endpoint that cannot be reached, or that asks for patience, gets nothing for a while: as long as it asked for (at
most an hour), or 1 to 30 seconds that grow with each failure. Refused tokens are counted.$$;

-- sql/jobs/functions/record_success.sql
-- Jobs: what the dispatcher calls when a result is there. All of it in one transaction.

create or replace function atelier_engine.open_result(p_attempt_id uuid)
returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
begin
  if atelier_engine.own_attempt(p_attempt_id) is null then
    return false;
  end if;
  update atelier_engine.attempts a set state = 'ingesting'
   where a.id = p_attempt_id and a.state in ('submitting', 'submitted');
  return true;
end;
$$;
grant execute on function atelier_engine.open_result(uuid) to atelier_worker;
comment on function atelier_engine.open_result(uuid) is
$$Begin to record a result

True while the attempt owns its job, and then nobody else can record or settle it before this transaction ends. On
false the result is dropped. Next come begin_object(), append_object_chunk() and, in the same transaction,
record_success().$$;

create or replace function atelier_engine.begin_object(
  p_attempt_id uuid, p_index integer, p_media_type text, p_extension text, p_byte_count bigint, p_sha256 bytea
)
returns uuid
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  owned constant uuid := atelier_engine.own_attempt(p_attempt_id);
  job atelier.jobs;
begin
  select j.* into job from atelier.jobs j where j.id = owned;
  if owned is null then
    raise object_not_in_prerequisite_state using message = 'the attempt does not own its job';
  end if;
  if p_index not between 0 and 999 or p_extension !~ '^[a-z0-9]{1,8}$'
     or p_media_type !~ '^(image|video)/[a-z0-9.+-]{1,60}$' or octet_length(p_sha256) <> 32 then
    raise invalid_parameter_value using
      message = 'invalid output',
      detail = format('index %s, extension %s, media type %s.', p_index, quote_nullable(left(p_extension, 20)),
                      quote_nullable(left(p_media_type, 80)));
  end if;
  return atelier_engine.create_object(
    case job.destination when 'library' then 'user-library' else 'workspace-temp' end,
    format('%s/%s/%s.%s', job.user_id, job.id, p_index, p_extension),
    job.user_id, p_media_type, p_byte_count, p_sha256);
end;
$$;
grant execute on function atelier_engine.begin_object(uuid, integer, text, text, bigint, bytea) to atelier_worker;
comment on function atelier_engine.begin_object(uuid, integer, text, text, bigint, bytea) is
$$Make the object of one output

Named {user}/{job}/{index}.{extension}, in the bucket of the job's destination. Returns its id, for
append_object_chunk().$$;

create or replace function atelier_engine.record_success(
  p_attempt_id uuid,
  p_outputs jsonb,
  p_metadata jsonb,
  p_started_at timestamptz,
  p_sent_at timestamptz,
  p_first_byte_at timestamptz,
  p_finished_at timestamptz
)
returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  owned constant uuid := atelier_engine.own_attempt(p_attempt_id);
  recorded constant timestamptz := clock_timestamp();
  job atelier.jobs;
begin
  select j.* into job from atelier.jobs j where j.id = owned;
  if owned is null then
    return exists (select from atelier_engine.attempts a where a.id = p_attempt_id and a.state = 'succeeded');
  end if;
  perform atelier_engine.assert_outputs_stored(job, p_outputs);
  perform atelier_engine.add_assets(job, p_outputs);

  update atelier_engine.attempts a
     set state = 'succeeded', started_at = p_started_at, sent_at = coalesce(p_sent_at, a.sent_at),
         first_byte_at = p_first_byte_at, finished_at = p_finished_at, recorded_at = recorded
   where a.id = p_attempt_id;
  insert into atelier.generations (
    user_id, job_id, action, model_id, model_name, replicate_model, prompt, settings, status, output_urls,
    replicate_prediction_id, replicate_output, processing_time_ms, created_at, started_at, completed_at)
  select job.user_id, job.id, case job.format when 'video' then 'video_create' else 'create' end, m.model_key,
         m.display_name, m.model_key, job.original_prompt, job.parameters, 'completed',
         (select array_agg(o.bucket_id || '/' || o.name order by o.index)
            from atelier_engine.outputs_of(p_outputs) o),
         a.external_id, p_metadata, atelier_engine.milliseconds_between(a.sent_at, p_finished_at),
         job.created_at, job.started_at, recorded
    from atelier.api_models m, atelier_engine.attempts a
   where m.id = job.api_model_id and a.id = p_attempt_id;
  update atelier.jobs j
     set attempts = j.attempts + 1,
         metadata = coalesce(j.metadata, '{}') || jsonb_build_object('provider', coalesce(p_metadata, '{}'))
   where j.id = job.id;
  perform atelier_engine.finish_job(job.id, 'completed', null, null);
  update atelier_engine.endpoint_states s
     set unavailable_since = null, unavailable_count = 0, throttled_count = 0, blocked_until = null
    from atelier_engine.attempts a
   where a.id = p_attempt_id and s.endpoint_id = a.endpoint_id
     and (s.unavailable_count > 0 or s.throttled_count > 0);
  return true;
end;
$$;
grant execute on function
  atelier_engine.record_success(uuid, jsonb, jsonb, timestamptz, timestamptz, timestamptz, timestamptz)
  to atelier_worker;
comment on function
  atelier_engine.record_success(uuid, jsonb, jsonb, timestamptz, timestamptz, timestamptz, timestamptz) is
$$Complete a job with its outputs

p_outputs is an array of {index, object_id, media_type, extension, byte_count, sha256 (hex)} and, where known, width,
height, duration_ms, seed. Adds the assets and the generation, writes the event. True when the job is completed by this
attempt, also if it was so before; false when the attempt does not own the job, and then nothing changes. Raises 22023
when an output is not stored completely.$$;

create or replace function atelier_engine.outputs_of(p_outputs jsonb)
returns table (
  index integer,
  object_id uuid,
  bucket_id text,
  name text,
  media_type text,
  byte_count bigint,
  object_bytes bigint,
  width integer,
  height integer,
  duration_ms integer,
  seed bigint
)
language sql stable
begin atomic
  select r.index, r.object_id, o.bucket_id, o.name, r.media_type, r.byte_count, (o.metadata ->> 'size')::bigint,
         nullif(r.width, 0), nullif(r.height, 0), nullif(r.duration_ms, 0), case when r.seed >= 0 then r.seed end
    from jsonb_to_recordset(p_outputs) r (
           index integer, object_id uuid, media_type text, byte_count bigint, width integer, height integer,
           duration_ms integer, seed bigint)
    left join storage.objects o on o.id = r.object_id;
end;
comment on function atelier_engine.outputs_of(jsonb) is
  'The outputs of record_success() as rows, with the places of their objects';

create or replace function atelier_engine.assert_outputs_stored(p_job atelier.jobs, p_outputs jsonb)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  output record;
begin
  if jsonb_typeof(p_outputs) is distinct from 'array' or p_outputs = '[]' then
    raise invalid_parameter_value using message = 'the result has no outputs';
  end if;
  for output in
    select o.*, atelier_engine.object_is_complete(o.object_id) as complete
      from atelier_engine.outputs_of(p_outputs) o
  loop
    if output.name is null or not starts_with(output.name, format('%s/%s/', p_job.user_id, p_job.id)) then
      raise invalid_parameter_value using
        message = 'an output is not an object of its job', detail = format('Output %s.', output.index);
    end if;
    if not output.complete or output.byte_count <= 0 or output.byte_count is distinct from output.object_bytes then
      raise invalid_parameter_value using
        message = 'an output is not stored completely',
        detail = format('Output %s of %s bytes.', output.index, output.byte_count);
    end if;
  end loop;
end;
$$;
comment on function atelier_engine.assert_outputs_stored(atelier.jobs, jsonb) is
  'Refuse outputs that belong to another job or whose bytes are not all there';

create or replace function atelier_engine.add_assets(p_job atelier.jobs, p_outputs jsonb)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  first_seed constant bigint := (p_job.parameters ->> 'seed')::bigint;
  model constant text := (select m.model_key from atelier.api_models m where m.id = p_job.api_model_id);
  settings constant jsonb :=
    p_job.parameters || jsonb_strip_nulls(jsonb_build_object('negative_prompt', p_job.negative_prompt));
begin
  if p_job.destination = 'workspace' then
    insert into atelier.workspace_assets (
      user_id, asset_type, temp_storage_path, file_size_bytes, mime_type, duration_seconds, job_id, asset_index,
      generation_seed, original_prompt, model_used, generation_settings, width, height)
    select p_job.user_id, split_part(o.media_type, '/', 1), o.name, o.byte_count, o.media_type,
           o.duration_ms / 1000.0, p_job.id, o.index, coalesce(o.seed, first_seed + o.index, -1),
           p_job.original_prompt, model, settings, o.width, o.height
      from atelier_engine.outputs_of(p_outputs) o;
    return;
  end if;
  insert into atelier.user_library (
    user_id, asset_type, storage_path, file_size_bytes, mime_type, duration_seconds, original_prompt, model_used,
    generation_seed, generation_metadata, width, height, source_job_id, source_asset_index)
  select p_job.user_id, split_part(o.media_type, '/', 1), o.name, o.byte_count, o.media_type, o.duration_ms / 1000.0,
         p_job.original_prompt, model, coalesce(o.seed, first_seed + o.index), settings, o.width, o.height,
         p_job.id, o.index
    from atelier_engine.outputs_of(p_outputs) o;
  update atelier.jobs j
     set image_id = case when l.asset_type = 'image' then l.id else j.image_id end,
         video_id = case when l.asset_type = 'video' then l.id else j.video_id end
    from atelier.user_library l
   where j.id = p_job.id and l.source_job_id = p_job.id and l.user_id = p_job.user_id
     and l.source_asset_index = (
       select min(o.index) from atelier_engine.outputs_of(p_outputs) o);
end;
$$;
comment on function atelier_engine.add_assets(atelier.jobs, jsonb) is
  'The rows that users see of the outputs: in the workspace or in the library';

-- sql/jobs/functions/request.sql
-- Jobs: who may ask for what. Internal to queue_job().

create or replace function atelier_engine.check_prompt(p_name text, p_prompt text)
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  max_characters constant integer := 10000;
begin
  if char_length(p_prompt) > max_characters then
    raise invalid_parameter_value using
      message = format('%s is too long', p_name),
      detail = format('It has %s characters; the limit is %s.', char_length(p_prompt), max_characters);
  end if;
end;
$$;
comment on function atelier_engine.check_prompt(text, text) is
$$Refuse a prompt of more than 10 000 characters

Raises 22023, without repeating the prompt.$$;

create or replace function atelier_engine.choose_model(p_model text, p_job_type text)
returns atelier.api_models
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  wanted constant text := case when p_job_type ~ 'video' then 'video' else 'image' end;
  chosen atelier.api_models;
begin
  select m.* into chosen
    from atelier.api_models m
    join atelier.api_providers p on p.id = m.provider_id
   where m.is_active and p.is_active and m.modality in ('image', 'video')
     and case when p_model is null then m.modality = wanted
              else m.model_key = p_model or p_model = any (m.aliases) end
   order by m.model_key = p_model desc, m.capabilities -> 'job_types' ? p_job_type desc nulls last,
            m.is_default desc, m.priority desc, m.created_at, m.id
   limit 1;
  if found then
    return chosen;
  end if;
  raise sqlstate 'PT404' using
    message = 'unknown model',
    detail = case when p_model is null then format('There is no active model for %ss.', wanted)
                  else format('No active model for pictures or videos is called %s.', quote_ident(left(p_model, 100)))
             end,
    hint = coalesce((
      select format('Use one of: %s.', string_agg(a.model_key, ', ' order by a.model_key))
        from (select m.model_key
                from atelier.api_models m
                join atelier.api_providers p on p.id = m.provider_id
               where m.is_active and p.is_active and m.modality in ('image', 'video')
               order by m.is_default desc, m.priority desc, m.model_key
               limit 20) a), 'No model is active.');
end;
$$;
comment on function atelier_engine.choose_model(text, text) is
$$The model of a request

By key or alias; without a name the default model for pictures, or for videos if the job type says so. Raises PT404
with the models there are.$$;

create or replace function atelier_engine.choose_job_type(p_model atelier.api_models, p_job_type text)
returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  family constant text := case
    when p_model.model_family = 'sdxl' and p_model.modality = 'image' then 'sdxl_image'
    when p_model.model_family = 'wan' and p_model.modality = 'video' then 'wan_video'
    when p_model.model_family = 'rv51' and p_model.modality = 'image' then 'rv51'
    else p_model.modality end;
  allowed text[] := (select array_agg(t order by t) from jsonb_object_keys(p_model.capabilities -> 'job_types') t);
begin
  if allowed is null then
    allowed := array[family || '_fast', family || '_high'];
  end if;
  if p_job_type is null then
    return case when family || '_high' = any (allowed) then family || '_high' else allowed[1] end;
  end if;
  if p_job_type <> all (allowed) then
    raise invalid_parameter_value using
      message = 'the model does not take this job type',
      detail = format('%s does not take %s.', p_model.model_key, quote_ident(left(p_job_type, 60))),
      hint = format('It takes: %s.', array_to_string(allowed, ', '));
  end if;
  return p_job_type;
end;
$$;
comment on function atelier_engine.choose_job_type(atelier.api_models, text) is
$$The job type of a request

Without a name the high quality one of the model. Raises 22023 with the job types the model takes.$$;

create or replace function atelier_engine.assert_may_submit(p_user_id uuid, p_priority integer)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_user_id is null then
    raise sqlstate 'PT401' using
      message = 'sign in to queue a job',
      hint = 'Send a JWT in the Authorization header, or set request.jwt.claims in SQL.';
  end if;
  if not exists (select from atelier.profiles p where p.id = p_user_id) then
    raise sqlstate 'PT404' using
      message = 'the signed-in user has no profile',
      hint = 'A profile is made when a row is added to auth.users.';
  end if;
  if p_priority is null or p_priority not between -1000 and 1000 then
    raise invalid_parameter_value using
      message = 'priority is out of range', hint = 'Use a number from -1000 to 1000; 0 is normal.';
  end if;
  if p_priority > 0 and not atelier_engine.is_service_role() then
    raise insufficient_privilege using
      message = 'only the service role may raise the priority', hint = 'Leave priority out.';
  end if;
end;
$$;
comment on function atelier_engine.assert_may_submit(uuid, integer) is
$$Refuse a caller who may not queue a job of this priority

Raises PT401, PT404, 22023 or 42501.$$;

create or replace function atelier_engine.must_wait_for(p_user_id uuid, p_job_ids uuid[])
returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  max_dependencies constant integer := 100;
  waits boolean := false;
  dependency record;
begin
  if cardinality(p_job_ids) > max_dependencies then
    raise invalid_parameter_value using
      message = 'too many dependencies', detail = format('The limit is %s.', max_dependencies);
  end if;
  for dependency in
    select d.id, j.status
      from unnest(p_job_ids) d (id)
      left join atelier.jobs j on j.id = d.id and j.user_id = p_user_id
  loop
    if dependency.status is null then
      raise sqlstate 'PT404' using
        message = 'no such job', detail = format('The job %s in depends_on is unknown.', dependency.id);
    elsif dependency.status in ('failed', 'cancelled') then
      raise sqlstate 'PT409' using
        message = 'a job in depends_on will never complete',
        detail = format('The job %s is %s.', dependency.id, dependency.status);
    end if;
    waits := waits or dependency.status <> 'completed';
  end loop;
  return waits;
end;
$$;
comment on function atelier_engine.must_wait_for(uuid, uuid[]) is
$$Whether one of these jobs is not completed yet

Raises PT404 for a job that is not the user's, PT409 for one that failed or was cancelled, 22023 for too many.$$;

create or replace function atelier_engine.complete_parameters(
  p_model atelier.api_models, p_job_type text, p_parameters jsonb
)
returns jsonb
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  completed jsonb;
begin
  -- A named job type has defaults of its own; without one the model's defaults hold.
  completed := atelier_engine.validate_parameters(
    p_model.parameter_schema,
    p_model.input_defaults || coalesce(p_model.capabilities -> 'job_types' -> p_job_type, '{}') || p_parameters);
  if p_model.parameter_schema -> 'properties' ? 'seed' and not completed ? 'seed' then
    -- Drawn here, so that every try of the job makes the same picture.
    completed := completed || jsonb_build_object('seed', floor(random() * 2147483648)::bigint);
  end if;
  return completed;
end;
$$;
comment on function atelier_engine.complete_parameters(atelier.api_models, text, jsonb) is
$$The parameters that go to the model

Checked, and with the defaults of the model and of the job type. Errors as validate_parameters().$$;

-- sql/jobs/functions/settle.sql
-- Jobs: attempts whose carrier is gone, and jobs that waited too long.

create or replace function atelier_engine.settle_attempts(p_attempt_ids uuid[], p_reason text)
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  message constant text := coalesce(nullif(left(p_reason, 1000), ''), 'the carrier of the request is gone');
  lost record;
  settled integer := 0;
begin
  if not atelier_engine.instance_is_adopted() then
    return 0;
  end if;
  for lost in
    select q.job_id, q.attempt_id
      from atelier_engine.queue q
     where q.state = 'leased' and (p_attempt_ids is null or q.attempt_id = any (p_attempt_ids))
     order by q.job_id
       for update
  loop
    perform atelier_engine.settle_attempt(lost.job_id, lost.attempt_id, message);
    settled := settled + 1;
  end loop;
  return settled;
end;
$$;
grant execute on function atelier_engine.settle_attempts(uuid[], text) to atelier_worker;
comment on function atelier_engine.settle_attempts(uuid[], text) is
$$Settle attempts in flight whose outcome will never be reported

They become ambiguous, and their endpoint's ambiguity_policy decides about the jobs. Null means every attempt in
flight in this database: a new dispatcher begins with that. Returns how many were settled.$$;

create or replace function atelier_engine.settle_attempt(p_job_id uuid, p_attempt_id uuid, p_reason text)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  update atelier_engine.attempts a
     set state = 'ambiguous', recorded_at = clock_timestamp(), error_class = 'ambiguous', error_message = p_reason
   where a.id = p_attempt_id;
  perform atelier_engine.resolve_ambiguous(p_job_id, p_attempt_id, 'ambiguous', p_reason);
end;
$$;
comment on function atelier_engine.settle_attempt(uuid, uuid, text) is
  'Make one attempt ambiguous and decide about its job';

create or replace function atelier_engine.reap_expired_leases()
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  batch constant integer := 1000;
  late record;
  reaped integer := 0;
begin
  if not atelier_engine.instance_is_adopted() then
    return 0;
  end if;
  for late in
    select q.job_id, q.attempt_id, q.state
      from atelier_engine.queue q
     where q.state in ('leased', 'held')
       and (q.lease_expires_at <= clock_timestamp() or q.next_check_at <= clock_timestamp())
     order by q.job_id
     limit batch
       for update skip locked
  loop
    if late.state = 'leased' then
      perform atelier_engine.settle_attempt(late.job_id, late.attempt_id, 'the lease expired before an answer came');
    else
      perform atelier_engine.finish_job(
        late.job_id, 'failed', 'ambiguous', 'it is not known whether the request was carried out');
    end if;
    reaped := reaped + 1;
  end loop;
  return reaped + atelier_engine.fail_unreachable(batch) + atelier_engine.unblock_missed(batch);
end;
$$;
grant execute on function atelier_engine.reap_expired_leases() to atelier_worker;
comment on function atelier_engine.reap_expired_leases() is
$$Look after the jobs that nobody else will

Settles attempts whose lease is over, fails held jobs whose time is up and jobs whose endpoints were out of reach for
too long, and starts jobs whose last dependency was completed while they were being queued. Returns how many.$$;

create or replace function atelier_engine.fail_unreachable(p_limit integer)
returns integer
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  stranded record;
  failed integer := 0;
begin
  for stranded in
    with lost_models as materialized (
      select r.model_id, max(e.unavailable_timeout) as patience, max(s.last_error) as reason
        from atelier_engine.routes r
        join atelier.endpoints e on e.id = r.endpoint_id
        left join atelier_engine.endpoint_states s on s.endpoint_id = r.endpoint_id
       group by r.model_id
      having bool_and(coalesce(s.unavailable_since + e.unavailable_timeout <= clock_timestamp(), false)))
    select q.job_id, coalesce(m.reason, 'no endpoint can be reached') as reason
      from lost_models m
      join atelier_engine.queue q on q.model_id = m.model_id and q.state = 'ready'
      join atelier.jobs j on j.id = q.job_id
     where j.created_at + m.patience <= clock_timestamp()
     order by q.job_id
     limit p_limit
       for update of q skip locked
  loop
    perform atelier_engine.finish_job(stranded.job_id, 'failed', 'unavailable', stranded.reason);
    failed := failed + 1;
  end loop;
  return failed;
end;
$$;
comment on function atelier_engine.fail_unreachable(integer) is
$$Fail ready jobs that waited longer than unavailable_timeout

Only where every endpoint of their model has been out of reach for as long.$$;

create or replace function atelier_engine.unblock_missed(p_limit integer)
returns integer
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  missed record;
  changed integer := 0;
begin
  for missed in
    select q.job_id, bool_or(j.status in ('failed', 'cancelled')) as hopeless
      from atelier_engine.queue q
      left join atelier.job_dependencies d on d.job_id = q.job_id
      left join atelier.jobs j on j.id = d.depends_on_job_id
     where q.state = 'blocked'
     group by q.job_id
    having coalesce(bool_or(j.status in ('failed', 'cancelled')), false)
        or coalesce(bool_and(j.status = 'completed'), true)
     order by q.job_id
     limit p_limit
  loop
    perform from atelier_engine.queue q where q.job_id = missed.job_id and q.state = 'blocked' for update skip locked;
    continue when not found;
    if missed.hopeless then
      perform atelier_engine.finish_job(
        missed.job_id, 'failed', 'dependency', 'a job that this one depends on did not complete');
    else
      perform atelier_engine.release_job(missed.job_id, null, null, null);
      perform atelier_engine.wake_dispatcher();
    end if;
    changed := changed + 1;
  end loop;
  return changed;
end;
$$;
comment on function atelier_engine.unblock_missed(integer) is
$$Decide about blocked jobs whose dependencies ended while they were being queued

Such a job could not see the end of its dependency, nor the dependency the job.$$;

-- sql/jobs/functions/submit.sql
-- Jobs: what users call.

create or replace function atelier.queue_job(
  prompt text,
  model text default null,
  parameters jsonb default '{}',
  negative_prompt text default null,
  job_type text default null,
  destination text default 'workspace',
  workspace_session_id uuid default null,
  priority integer default 0,
  metadata jsonb default '{}',
  depends_on uuid[] default '{}'
)
returns atelier.jobs
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  caller constant uuid := auth.uid();
  max_json_bytes constant integer := 65536;
  chosen atelier.api_models;
  chosen_type text;
  final_parameters jsonb;
  waits boolean;
  job atelier.jobs;
begin
  perform atelier_engine.assert_may_submit(caller, queue_job.priority);
  perform atelier_engine.check_prompt('prompt', queue_job.prompt);
  perform atelier_engine.check_prompt('negative_prompt', queue_job.negative_prompt);
  if queue_job.prompt is null or queue_job.prompt !~ '\S' then
    raise invalid_parameter_value using message = 'prompt is empty', hint = 'Say what the picture should show.';
  end if;
  perform atelier_engine.assert_json_object('parameters', queue_job.parameters, max_json_bytes);
  perform atelier_engine.assert_json_object('metadata', queue_job.metadata, max_json_bytes);
  if coalesce(queue_job.destination, '') not in ('workspace', 'library') then
    raise invalid_parameter_value using
      message = 'unknown destination', hint = 'Use workspace or library.';
  end if;
  if queue_job.workspace_session_id is not null and not exists (
    select from atelier.workspace_sessions s where s.id = queue_job.workspace_session_id and s.user_id = caller) then
    raise sqlstate 'PT404' using
      message = 'no such workspace session', hint = 'Make one with create_workspace_session().';
  end if;
  waits := cardinality(queue_job.depends_on) > 0 and atelier_engine.must_wait_for(caller, queue_job.depends_on);

  chosen := atelier_engine.choose_model(queue_job.model, queue_job.job_type);
  chosen_type := atelier_engine.choose_job_type(chosen, queue_job.job_type);
  final_parameters := atelier_engine.complete_parameters(chosen, queue_job.job_type, queue_job.parameters);

  insert into atelier.jobs (
    user_id, created_at, updated_at, job_type, format, quality, model_type, api_model_id, original_prompt,
    negative_prompt, parameters, metadata, destination, workspace_session_id, priority, estimated_seconds)
  values (
    caller, clock_timestamp(), clock_timestamp(), chosen_type, chosen.modality,
    case when chosen_type ~ 'fast' then 'fast' else 'high' end,
    substring(lower(chosen.model_family) from '^[a-z0-9][a-z0-9._-]{0,62}$'), chosen.id, queue_job.prompt,
    queue_job.negative_prompt, final_parameters, queue_job.metadata, queue_job.destination,
    queue_job.workspace_session_id, queue_job.priority, atelier_engine.estimate_seconds(chosen, final_parameters))
  returning * into job;
  if cardinality(queue_job.depends_on) > 0 then
    insert into atelier.job_dependencies (job_id, depends_on_job_id)
    select distinct job.id, d.id from unnest(queue_job.depends_on) d (id);
  end if;
  insert into atelier_engine.queue (job_id, model_id, priority, run_at, state)
  values (job.id, chosen.id, queue_job.priority, job.created_at, case when waits then 'blocked' else 'ready' end);
  perform atelier_engine.wake_dispatcher();
  return job;
end;
$$;
grant execute on function
  atelier.queue_job(text, text, jsonb, text, text, text, uuid, integer, jsonb, uuid[]) to authenticated, service_role;
comment on function atelier.queue_job(text, text, jsonb, text, text, text, uuid, integer, jsonb, uuid[]) is
$$Ask for pictures or videos

Queues one job for the signed-in user and returns it; it starts when the transaction commits. `model` is a model_key or
alias (default: the default model), `parameters` what the model's parameter_schema knows, such as width, height, steps,
guidance, seed and n; `negative_prompt` what to avoid (null is not the same as an empty one); `job_type` one of the
model's job types; `destination` workspace or library; `depends_on` jobs that must be completed first. Only the service
role may raise `priority`.
Fails with PT401 (not signed in), PT404 (no profile, unknown model, session or job), PT409 (a job in depends_on failed),
42501 (priority) or 22023 (anything else, with a hint), and leaves nothing behind.$$;

-- No SET clause and no rights of the owner: either would forbid the commit.
create or replace procedure atelier.generate(
  prompt text,
  model text default null,
  parameters jsonb default '{}',
  negative_prompt text default null,
  job_type text default null,
  destination text default 'workspace',
  workspace_session_id uuid default null,
  wait_timeout interval default interval '5 minutes',
  inout job_id uuid default null,
  inout status text default null
)
language plpgsql
as $$
declare
  job atelier.jobs;
begin
  job := atelier.queue_job(generate.prompt, generate.model, generate.parameters, generate.negative_prompt,
                           generate.job_type, generate.destination, generate.workspace_session_id);
  generate.job_id := job.id;
  commit;
  call atelier.wait_for_job(generate.job_id, generate.wait_timeout, generate.status);
  if generate.status in ('failed', 'cancelled') then
    select j.* into job from atelier.jobs j where j.id = generate.job_id;
    raise sqlstate 'PT422' using
      message = pg_catalog.format('the job %s', case job.status when 'failed' then 'failed' else 'was cancelled' end),
      detail = pg_catalog.concat_ws(' ', pg_catalog.format('Job %s:', job.id), job.error_message),
      hint = 'atelier.job_attempts() tells what was tried.';
  end if;
end;
$$;
grant execute on procedure atelier.generate(text, text, jsonb, text, text, text, uuid, interval, uuid, text)
  to authenticated, service_role;
comment on procedure atelier.generate(text, text, jsonb, text, text, text, uuid, interval, uuid, text) is
$$Ask for pictures and wait for them

queue_job(), commit, wait_for_job(). Gives back the id of the job and its status; when wait_timeout has passed that is
queued or processing, and the job goes on. Raises what queue_job() raises, and PT422 when the job failed or was
cancelled. It commits, so it cannot run inside a transaction block, and request.jwt.claims must be set for the session,
not by SET LOCAL.$$;

create or replace function atelier.cancel_job(job_id uuid)
returns atelier.jobs
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  queue_state text;
  job atelier.jobs;
begin
  if not exists (
    select from atelier.jobs j
     where j.id = cancel_job.job_id and (j.user_id = auth.uid() or atelier_engine.is_service_role())) then
    raise sqlstate 'PT404' using
      message = 'no such job', hint = 'The job does not exist or belongs to somebody else.';
  end if;
  -- The workers lock the queue row first, too.
  select q.state into queue_state from atelier_engine.queue q where q.job_id = cancel_job.job_id for update;
  select j.* into job from atelier.jobs j where j.id = cancel_job.job_id;
  if job.status in ('queued', 'processing') then
    if queue_state = 'leased' then
      update atelier.jobs j set cancel_requested_at = coalesce(j.cancel_requested_at, clock_timestamp())
       where j.id = job.id;
    else
      perform atelier_engine.finish_job(job.id, 'cancelled', null, null);
    end if;
    perform atelier_engine.wake_dispatcher();
  end if;
  select j.* into job from atelier.jobs j where j.id = cancel_job.job_id;
  return job;
end;
$$;
grant execute on function atelier.cancel_job(uuid) to authenticated, service_role;
comment on function atelier.cancel_job(uuid) is
$$Cancel a job

A queued job is cancelled at once. For one that is being processed, cancel_requested_at is set and the server is told
to stop; the job is cancelled soon, unless its result arrives first. A finished job is returned as it is.
Fails with PT404 for an unknown job and for somebody else's.$$;

create or replace function atelier.job_attempts(job_id uuid)
returns table (
  attempt integer,
  state text,
  endpoint text,
  claimed_at timestamptz,
  sent_at timestamptz,
  first_byte_at timestamptz,
  finished_at timestamptz,
  waited_ms bigint,
  submitting_ms bigint,
  computing_ms bigint,
  ingesting_ms bigint,
  error_class text,
  error_message text,
  http_status integer
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (
    select from atelier.jobs j
     where j.id = job_attempts.job_id
       and (j.user_id = auth.uid()
            or atelier_engine.is_service_role()
            or atelier_engine.user_has_role(auth.uid(), 'admin'))) then
    raise sqlstate 'PT404' using
      message = 'no such job', hint = 'The job does not exist or belongs to somebody else.';
  end if;
  return query
    select a.number, a.state, a.endpoint_name, a.claimed_at, a.sent_at, a.first_byte_at, a.finished_at,
           atelier_engine.milliseconds_between(a.ready_at, a.claimed_at),
           atelier_engine.milliseconds_between(a.claimed_at, a.sent_at),
           atelier_engine.milliseconds_between(a.sent_at, a.first_byte_at),
           atelier_engine.milliseconds_between(a.first_byte_at, a.recorded_at),
           a.error_class, a.error_message, a.http_status
      from atelier_engine.attempts a
     where a.job_id = job_attempts.job_id
     order by a.number;
end;
$$;
grant execute on function atelier.job_attempts(uuid) to authenticated, service_role;
comment on function atelier.job_attempts(uuid) is
$$What was tried for a job

One row per attempt: its endpoint, when it was claimed, when the request was sent, when the answer began and when it
was complete; and the milliseconds spent waiting in the queue, submitting the request, computing at the server, and
ingesting (downloading, checking and storing the outputs). Null means not reached. For the owner, admins and the service
role; PT404 for others.$$;

create or replace function atelier_engine.milliseconds_between(p_from timestamptz, p_to timestamptz)
returns bigint
language sql immutable
begin atomic
  -- Two clocks may be compared here: the server's and the courier's.
  select case when p_from is not null and p_to is not null
              then greatest(round(extract(epoch from p_to - p_from) * 1000), 0)::bigint end;
end;
comment on function atelier_engine.milliseconds_between(timestamptz, timestamptz) is
  'Whole milliseconds from one time to another, 0 if the second is earlier, null if one is unknown';

-- sql/jobs/functions/validate.sql
-- Jobs: what a request may ask of a model.

create or replace function atelier_engine.check_parameter(p_name text, p_rule jsonb, p_value jsonb)
returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  kind constant text := jsonb_typeof(p_value);
  types constant jsonb := case jsonb_typeof(p_rule -> 'type')
    when 'array' then p_rule -> 'type' when 'string' then jsonb_build_array(p_rule -> 'type') end;
  whole constant boolean := kind = 'number' and (p_value #>> '{}')::numeric % 1 = 0;
  amount constant numeric := case when kind = 'number' then (p_value #>> '{}')::numeric end;
  problem text;
begin
  if types is not null and not (types ? kind or (whole and types ? 'integer')) then
    problem := format('must be of type %s', (select string_agg(t, ' or ') from jsonb_array_elements_text(types) t));
  elsif not coalesce(p_rule -> 'enum' @> jsonb_build_array(p_value), true) then
    problem := format('must be one of %s', p_rule -> 'enum');
  elsif amount < (p_rule ->> 'minimum')::numeric then
    problem := format('must be at least %s', p_rule ->> 'minimum');
  elsif amount > (p_rule ->> 'maximum')::numeric then
    problem := format('must be at most %s', p_rule ->> 'maximum');
  elsif amount % (p_rule ->> 'multipleOf')::numeric <> 0 then
    problem := format('must be a multiple of %s', p_rule ->> 'multipleOf');
  elsif kind = 'string' and char_length(p_value #>> '{}') > (p_rule ->> 'maxLength')::integer then
    problem := format('must have at most %s characters', p_rule ->> 'maxLength');
  end if;
  if problem is not null then
    raise invalid_parameter_value using
      message = 'invalid parameter',
      detail = format('%s %s; got %s.', p_name, problem, left(p_value::text, 60)),
      hint = 'The column parameter_schema of atelier.api_models says what the model takes.';
  end if;
  return case when whole and types ? 'integer' then to_jsonb(trunc(amount)) else p_value end;
end;
$$;
comment on function atelier_engine.check_parameter(text, jsonb, jsonb) is
$$Check one value against its rule

Returns the value, with 25.0 turned into 25 where the rule wants an integer. Raises 22023.$$;

create or replace function atelier_engine.validate_parameters(p_schema jsonb, p_parameters jsonb)
returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  rules constant jsonb := coalesce(p_schema -> 'properties', '{}');
  known constant text := (select string_agg(k, ', ' order by k) from jsonb_object_keys(rules) k);
  result jsonb := jsonb_build_object();
  item record;
begin
  for item in select e.key, e.value from jsonb_each(p_parameters) e order by e.key loop
    if rules ? item.key then
      result := result
        || jsonb_build_object(item.key, atelier_engine.check_parameter(item.key, rules -> item.key, item.value));
    elsif p_schema -> 'additionalProperties' = 'true' then
      result := result || jsonb_build_object(item.key, item.value);
    else
      raise invalid_parameter_value using
        message = 'unknown parameter',
        detail = format('The model has no parameter %s.', quote_ident(left(item.key, 60))),
        hint = coalesce('It takes: ' || known || '.', 'It takes no parameters.');
    end if;
  end loop;
  for item in
    select r.key
      from jsonb_array_elements_text(coalesce(p_schema -> 'required', '[]')) r (key)
     where not result ? r.key
  loop
    raise invalid_parameter_value using
      message = 'missing parameter',
      detail = format('The model needs the parameter %s.', item.key),
      hint = coalesce('It takes: ' || known || '.', 'It takes no parameters.');
  end loop;
  return result;
end;
$$;
comment on function atelier_engine.validate_parameters(jsonb, jsonb) is
$$Check parameters against a model's schema

Understands type, enum, minimum, maximum, multipleOf, maxLength of each property, and required. A parameter without a
rule is refused unless additionalProperties is true. Returns the parameters in the form that goes to the model.
Raises 22023; the detail names the parameter, the hint the known ones.$$;

create or replace function atelier_engine.estimate_seconds(p_model atelier.api_models, p_parameters jsonb)
returns numeric
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  factor numeric := 1.0;
  name text;
  usual jsonb;
begin
  foreach name in array array['n', 'steps', 'width', 'height'] loop
    usual := p_model.input_defaults -> name;
    if jsonb_typeof(usual) = 'number' and jsonb_typeof(p_parameters -> name) = 'number' and usual <> '0' then
      factor := factor * (p_parameters ->> name)::numeric / (usual #>> '{}')::numeric;
    end if;
  end loop;
  return round(p_model.estimated_seconds * factor, 3);
end;
$$;
comment on function atelier_engine.estimate_seconds(atelier.api_models, jsonb) is
$$Expected seconds of a request at the model

In proportion to outputs, steps and pixels, from the time that the model needs with its defaults.$$;

-- sql/jobs/views.sql
-- Jobs: what operators look at. For the service role.

create or replace view atelier.worker_status with (security_invoker = true) as
select w.process, d.datname as database, w.pid, w.state, w.started_at, w.restarts, w.detail
  from atelier_engine.worker_processes() w
  left join pg_catalog.pg_database d on d.oid = w.database_oid
 where w.database_oid is null or d.datname = pg_catalog.current_database();
grant select on atelier.worker_status to service_role;
comment on view atelier.worker_status is
  'The processes of Atelier that work for this database, their state, and how often they were restarted';

create or replace view atelier.queue_depth with (security_invoker = true) as
select m.model_key as model,
       count(*) filter (where q.state = 'ready') as ready,
       count(*) filter (where q.state = 'waiting') as waiting,
       count(*) filter (where q.state = 'blocked') as blocked,
       count(*) filter (where q.state = 'leased') as leased,
       count(*) filter (where q.state = 'held') as held,
       min(q.run_at) filter (where q.state = 'ready') as oldest_ready_at,
       min(q.run_at) filter (where q.state = 'waiting') as next_retry_at
  from atelier_engine.queue q
  left join atelier.api_models m on m.id = q.model_id
 group by m.model_key;
grant select on atelier.queue_depth to service_role;
comment on view atelier.queue_depth is
$$How many jobs of each model are in the queue

ready ones could start now, waiting ones are between two tries, blocked ones wait for other jobs, leased ones are at an
endpoint, held ones wait because it is not known whether their request was carried out.$$;

create or replace view atelier.stuck_jobs with (security_invoker = true) as
select j.id as job_id, j.status, q.state as queue_state, j.created_at,
       case when q.job_id is null then 'not in the queue'
            when q.state in ('leased', 'held') and j.status = 'queued' then 'has an owner, but counts as queued'
            when q.state in ('blocked', 'waiting', 'ready') and j.status = 'processing' then 'has no owner'
            when q.state = 'leased' and a.state not in ('submitting', 'submitted', 'ingesting')
              then 'leased to an attempt that has ended'
            when q.lease_expires_at < now() - interval '5 minutes' then 'lease expired and was not settled'
            else 'hold expired and was not decided' end as problem
  from atelier.jobs j
  left join atelier_engine.queue q on q.job_id = j.id
  left join atelier_engine.attempts a on a.id = q.attempt_id
 where j.status in ('queued', 'processing')
   and (q.job_id is null
        or (q.state in ('leased', 'held')) <> (j.status = 'processing')
        or (q.state = 'leased' and a.state not in ('submitting', 'submitted', 'ingesting'))
        or q.lease_expires_at < now() - interval '5 minutes'
        or q.next_check_at < now() - interval '5 minutes');
grant select on atelier.stuck_jobs to service_role;
comment on view atelier.stuck_jobs is
$$Unfinished jobs that nobody will finish

Empty, unless the workers do not run or this database is not adopted: every unfinished job is in the queue and has an
owner or a time at which it is looked at.$$;

-- sql/jobs/triggers.sql
create or replace trigger disown_on_restore
  before insert on atelier.jobs
  for each statement execute function atelier_engine.disown_on_restore();

create or replace trigger guard_status
  before update on atelier.jobs
  for each row execute function atelier_engine.guard_job_status();

-- sql/jobs/policies.sql
drop policy if exists "owners and admins see jobs" on atelier.jobs;
create policy "owners and admins see jobs" on atelier.jobs
  for select to authenticated
  using (user_id between (select atelier_engine.readable_users_from())
                     and (select atelier_engine.readable_users_to()));

drop policy if exists "people see the dependencies of jobs they see" on atelier.job_dependencies;
create policy "people see the dependencies of jobs they see" on atelier.job_dependencies
  for select to authenticated
  using (exists (select from atelier.jobs j where j.id = job_id));

drop policy if exists "owners and admins see generations" on atelier.generations;
create policy "owners and admins see generations" on atelier.generations
  for select to authenticated
  using (user_id between (select atelier_engine.readable_users_from())
                     and (select atelier_engine.readable_users_to()));

drop policy if exists "owners mark their generations" on atelier.generations;
create policy "owners mark their generations" on atelier.generations
  for update to authenticated
  using (user_id = (select auth.uid()))
  with check (user_id = (select auth.uid()));

drop policy if exists "owners see their events" on atelier.events;
create policy "owners see their events" on atelier.events
  for select to authenticated
  using (user_id = (select auth.uid()));

-- sql/workspace/functions/actions.sql
-- Workspace: what a person does with results: keep them, discard them, get them back.

create or replace function atelier_engine.clear_assets(p_user_id uuid, p_asset_ids uuid[])
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  asset_id uuid;
  library_ids uuid[] := array[]::uuid[];
begin
  foreach asset_id in array p_asset_ids loop
    library_ids := library_ids
      || atelier_engine.save_asset(asset_id, p_user_id, keeps_workspace_file => false);
  end loop;
  delete from atelier.workspace_assets a where a.id = any (p_asset_ids) and a.user_id = p_user_id;
  return to_jsonb(library_ids);
end;
$$;
comment on function atelier_engine.clear_assets(uuid, uuid[]) is
$$Save assets to the library and take them out of the workspace

All or none: when one cannot be saved, nothing has happened. Returns the ids in the library.$$;

create or replace function atelier_engine.copy_to_workspace(p_library_asset_id uuid, p_user_id uuid)
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  kept atelier.user_library%rowtype;
  back_id uuid;
  back_path text;
  back_thumbnail text;
begin
  select * into kept
    from atelier.user_library l where l.id = p_library_asset_id and l.user_id = p_user_id for no key update;
  if not found then
    raise sqlstate 'PT404' using
      message = 'library asset not found', detail = format('Library asset: %s.', p_library_asset_id);
  end if;
  back_id := coalesce(kept.source_asset_id, atelier.uuid7());
  if exists (select from atelier.workspace_assets a where a.id = back_id) then
    return back_id;
  end if;

  kept.source_job_id := coalesce(kept.source_job_id, kept.id);
  kept.source_asset_index := coalesce(kept.source_asset_index, 0);
  back_path := format('%s/%s/%s.%s', p_user_id, kept.source_job_id, kept.source_asset_index,
                      storage.extension(kept.storage_path));
  perform atelier_engine.copy_object('user-library', kept.storage_path, 'workspace-temp', back_path, p_user_id);
  if kept.thumbnail_path is not null then
    back_thumbnail := format('%s/%s/%s.thumb.%s', p_user_id, kept.source_job_id, kept.source_asset_index,
                             storage.extension(kept.thumbnail_path));
    perform atelier_engine.copy_object('user-library', kept.thumbnail_path, 'workspace-temp', back_thumbnail, p_user_id);
  end if;
  insert into atelier.workspace_assets
    (id, user_id, asset_type, temp_storage_path, thumbnail_path, file_size_bytes, mime_type, width, height,
     duration_seconds, job_id, asset_index, generation_seed, original_prompt, model_used, generation_settings)
  values
    (back_id, p_user_id, kept.asset_type, back_path, back_thumbnail, kept.file_size_bytes, kept.mime_type, kept.width,
     kept.height, kept.duration_seconds, kept.source_job_id, kept.source_asset_index,
     coalesce(kept.generation_seed, -1), kept.original_prompt, kept.model_used, kept.generation_metadata);
  -- Saving what came back finds the library asset again instead of making a second one.
  update atelier.user_library l set source_asset_id = back_id where l.id = kept.id and l.source_asset_id is null;
  return back_id;
end;
$$;
comment on function atelier_engine.copy_to_workspace(uuid, uuid) is
$$Put a library asset into the workspace again

Returns the id of the workspace asset, which is the one it once had. The file is a copy. Once it is there, copying
again changes nothing. PT404: not in this user's library.$$;

create or replace function atelier.workspace_actions(
  action text,
  asset_id uuid default null,
  job_id uuid default null,
  library_asset_id uuid default null,
  custom_title text default null,
  collection_id uuid default null,
  tags text[] default null
)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  caller constant uuid := auth.uid();
  asset_ids uuid[];
  saved jsonb;
  discarded integer;
begin
  if caller is null then
    raise sqlstate 'PT401' using
      message = 'sign in to use the workspace', hint = 'Send a JWT in the Authorization header.';
  end if;

  if action in ('save_to_library', 'clear_asset', 'discard_asset') and asset_id is null
     or action = 'clear_job' and job_id is null
     or action = 'copy_to_workspace' and library_asset_id is null then
    raise invalid_parameter_value using
      message = 'an argument is missing',
      detail = format('%s needs %s.', action, case action
                        when 'clear_job' then 'job_id'
                        when 'copy_to_workspace' then 'library_asset_id'
                        else 'asset_id'
                      end);
  end if;

  case action
    when 'save_to_library' then
      return jsonb_build_object(
        'success', true,
        'libraryAssetId', atelier_engine.save_asset(asset_id, caller, true, custom_title, collection_id, tags),
        'message', 'saved to the library');

    when 'discard_asset' then
      delete from atelier.workspace_assets a where a.id = workspace_actions.asset_id and a.user_id = caller;
      get diagnostics discarded = row_count;
      return jsonb_build_object(
        'success', true, 'discarded', discarded,
        'message', case discarded when 0 then 'there was nothing to discard' else 'discarded' end);

    when 'copy_to_workspace' then
      return jsonb_build_object(
        'success', true,
        'assetId', atelier_engine.copy_to_workspace(library_asset_id, caller),
        'message', 'copied to the workspace');

    when 'clear_asset', 'clear_job', 'clear_workspace' then
      select coalesce(array_agg(a.id), '{}') into asset_ids
        from (select w.id
                from atelier.workspace_assets w
               where w.user_id = caller
                 and case action
                       when 'clear_asset' then w.id = workspace_actions.asset_id
                       when 'clear_job' then w.job_id = workspace_actions.job_id
                       else true
                     end
               order by w.id
                 for update) a;
      if asset_ids = '{}' and action <> 'clear_workspace' then
        raise sqlstate 'PT404' using
          message = case action when 'clear_job' then 'no assets found for job' else 'asset not found' end,
          detail = case action
                     when 'clear_job' then format('Job: %s.', job_id)
                     else format('Asset: %s.', asset_id)
                   end;
      end if;
      saved := atelier_engine.clear_assets(caller, asset_ids);
      return jsonb_build_object(
        'success', true, 'libraryAssetId', saved -> 0, 'libraryAssetIds', saved, 'cleared', cardinality(asset_ids),
        'message', 'saved to the library and cleared');

    else
      raise invalid_parameter_value using
        message = 'unknown workspace action',
        detail = format('Action: %s.', coalesce("left"(action, 100), 'null')),
        hint = 'Use save_to_library, clear_asset, clear_job, clear_workspace, discard_asset or copy_to_workspace.';
  end case;
end;
$$;
grant execute on function atelier.workspace_actions(text, uuid, uuid, uuid, text, uuid, text[]) to authenticated;
comment on function atelier.workspace_actions(text, uuid, uuid, uuid, text, uuid, text[]) is
$$Keep, clear or bring back assets

save_to_library (asset_id; custom_title, collection_id, tags) copies an asset to the library; again is the same asset.
clear_asset (asset_id), clear_job (job_id) and clear_workspace save what they clear, all or none.
discard_asset (asset_id) deletes without saving; an asset that is gone already is no error.
copy_to_workspace (library_asset_id) brings an asset back.
Returns success, message and libraryAssetId, libraryAssetIds and cleared, discarded, or assetId.
PT401 not signed in, 22023 unknown action or missing argument, PT404 no such asset of the caller.$$;

-- sql/workspace/functions/sessions.sql
-- Workspace: sessions.

create or replace function atelier.create_workspace_session(
  p_user_id uuid, p_session_name text default 'Workspace Session'
)
returns uuid
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  session_id uuid;
begin
  perform atelier_engine.assert_acting_for(p_user_id);
  if p_session_name is null or char_length(btrim(p_session_name)) not between 1 and 200 then
    raise invalid_parameter_value using
      message = 'session name is not valid', hint = 'Use 1 to 200 characters.';
  end if;
  -- Two calls at once would both find no active session: the profile lines them up.
  perform from atelier.profiles p where p.id = p_user_id for no key update;
  if not found then
    raise sqlstate 'PT404' using message = 'user not found', detail = format('User: %s.', p_user_id);
  end if;
  update atelier.workspace_sessions s set is_active = false where s.user_id = p_user_id and s.is_active;
  insert into atelier.workspace_sessions (user_id, session_name)
  values (p_user_id, btrim(p_session_name))
  returning id into session_id;
  return session_id;
end;
$$;
grant execute on function atelier.create_workspace_session(uuid, text) to authenticated, service_role;
comment on function atelier.create_workspace_session(uuid, text) is
$$Begin a workspace session

It becomes the user's active one; the previous one stays, inactive. Returns its id. For oneself only (42501); 22023 for
a bad name, PT404 for an unknown user.$$;

create or replace function atelier.clear_workspace_session(p_session_id uuid, p_user_id uuid)
returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.assert_acting_for(p_user_id);
  perform from atelier.workspace_sessions s where s.id = p_session_id and s.user_id = p_user_id for update;
  if not found then
    return false;
  end if;
  delete from atelier.workspace_assets a
   using atelier.jobs j
   where j.workspace_session_id = p_session_id
     and a.job_id = j.id
     and a.user_id = p_user_id;
  delete from atelier.workspace_sessions s where s.id = p_session_id;
  return true;
end;
$$;
grant execute on function atelier.clear_workspace_session(uuid, uuid) to authenticated, service_role;
comment on function atelier.clear_workspace_session(uuid, uuid) is
$$End a workspace session and discard what it made

Assets go with their files; what was saved to the library stays, and so do the jobs, without a session. True when the
session was there, false when not or when it is somebody else's. For oneself only (42501).$$;

create or replace function atelier.cleanup_expired_workspace_assets()
returns integer
language sql volatile security definer
set search_path = pg_catalog, pg_temp
begin atomic
  with expired as materialized (
    select a.id
      from atelier.workspace_assets a
     where a.expires_at < clock_timestamp()
     order by a.expires_at
     -- Bounds the transaction. What is left over comes with the next call.
     limit 10000
       for update skip locked
  ), gone as (
    delete from atelier.workspace_assets a using expired e where a.id = e.id returning 1
  )
  select count(*)::integer from gone;
end;
grant execute on function atelier.cleanup_expired_workspace_assets() to service_role, atelier_worker;
comment on function atelier.cleanup_expired_workspace_assets() is
$$Delete workspace assets whose time is over

Returns how many, at most 10000 in one call. Their files go too: the objects at once, the bytes as soon as the janitor
sees the commit. Leaves out assets that somebody is just saving.$$;

create or replace function atelier_engine.delete_files_of_workspace_assets()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
-- Supabase refuses deletes in storage.objects that do not say they mean it.
set storage.can_delete = 'true'
as $$
begin
  delete from storage.objects o
   using gone g cross join lateral unnest(array[g.temp_storage_path, g.thumbnail_path]) as file (path)
   where o.bucket_id = 'workspace-temp' and o.name = file.path and o.owner = g.user_id;
  return null;
end;
$$;
comment on function atelier_engine.delete_files_of_workspace_assets() is
  'Trigger: the files of a workspace asset go with its row.';

-- sql/workspace/views.sql
-- Workspace: the name other clients look for. A caller sees through it what the tables show him.

create or replace view atelier.workspace_items with (security_invoker = true) as
select a.id,
       (select j.workspace_session_id from atelier.jobs j where j.id = a.job_id) as session_id,
       a.job_id,
       a.user_id,
       a.original_prompt as prompt,
       (select j.enhanced_prompt from atelier.jobs j where j.id = a.job_id) as enhanced_prompt,
       a.asset_type as content_type,
       (select j.model_type from atelier.jobs j where j.id = a.job_id) as model_type,
       (select j.quality from atelier.jobs j where j.id = a.job_id) as quality,
       a.temp_storage_path as storage_path,
       'workspace-temp' as bucket_name,
       'workspace-temp/' || a.temp_storage_path as url,
       'workspace-temp/' || a.thumbnail_path as thumbnail_url,
       a.generation_settings as generation_params,
       a.generation_seed as seed,
       a.generation_settings ->> 'reference_image_url' as reference_image_url,
       (a.generation_settings ->> 'reference_strength')::numeric(3, 2) as reference_strength,
       case
         when exists (select from atelier.user_library l where l.user_id = a.user_id and l.source_asset_id = a.id)
         then 'saved'
         else 'generated'
       end as status,
       jsonb_strip_nulls(jsonb_build_object(
         'saved_to', (select l.id from atelier.user_library l where l.user_id = a.user_id and l.source_asset_id = a.id)
       )) as metadata,
       a.created_at,
       a.created_at as updated_at
  from atelier.workspace_assets a;
grant select, delete on atelier.workspace_items to authenticated, service_role;
comment on view atelier.workspace_items is
$$Workspace assets, as items of sessions

status is saved for what is in the library too, and metadata.saved_to is its id there; else generated. url and
thumbnail_url are bucket/path. Deleting an item discards the asset.$$;

-- sql/workspace/triggers.sql
-- Workspace: files go with their assets.

create or replace trigger delete_files_of_workspace_assets
after delete on atelier.workspace_assets
referencing old table as gone
for each statement execute function atelier_engine.delete_files_of_workspace_assets();

create or replace trigger touch_updated_at
before update on atelier.workspace_sessions
for each row execute function atelier_engine.touch_updated_at();

-- sql/workspace/policies.sql
-- Workspace: private to its owner.

drop policy if exists "people see their own sessions" on atelier.workspace_sessions;
create policy "people see their own sessions" on atelier.workspace_sessions
  for select to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists "people rename their own sessions" on atelier.workspace_sessions;
create policy "people rename their own sessions" on atelier.workspace_sessions
  for update to authenticated
  using (user_id = (select auth.uid()))
  with check (user_id = (select auth.uid()));

drop policy if exists "people see their own assets" on atelier.workspace_assets;
create policy "people see their own assets" on atelier.workspace_assets
  for select to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists "people discard their own assets" on atelier.workspace_assets;
create policy "people discard their own assets" on atelier.workspace_assets
  for delete to authenticated
  using (user_id = (select auth.uid()));

-- sql/library/functions/save.sql
-- Library: saving from the workspace, and showing what is shared.

create or replace function atelier_engine.save_file(
  p_workspace_path text, p_library_path text, p_user_id uuid, keeps_workspace_file boolean
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if keeps_workspace_file
     or exists (select from storage.objects o where o.bucket_id = 'user-library' and o.name = p_library_path) then
    perform atelier_engine.copy_object('workspace-temp', p_workspace_path, 'user-library', p_library_path, p_user_id);
  else
    perform atelier_engine.move_object('workspace-temp', p_workspace_path, 'user-library', p_library_path, p_user_id);
  end if;
end;
$$;
comment on function atelier_engine.save_file(text, text, uuid, boolean) is
$$Bring a file from the workspace to the library

A copy, or a move when the workspace does not need its file any more. A file that is there already stays.$$;

create or replace function atelier_engine.save_asset(
  p_asset_id uuid,
  p_user_id uuid,
  keeps_workspace_file boolean default true,
  p_custom_title text default null,
  p_collection_id uuid default null,
  p_tags text[] default null
)
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  asset atelier.workspace_assets%rowtype;
  kept atelier.user_library%rowtype;
begin
  if p_collection_id is not null
     and not exists (select from atelier.user_collections c
                      where c.id = p_collection_id and c.user_id = p_user_id) then
    raise sqlstate 'PT404' using
      message = 'collection not found', detail = format('Collection: %s.', p_collection_id);
  end if;

  -- The lock lines up everybody who saves or clears this asset, and keeps the janitor away from it.
  select * into asset from atelier.workspace_assets a where a.id = p_asset_id and a.user_id = p_user_id for update;
  select * into kept
    from atelier.user_library l where l.user_id = p_user_id and l.source_asset_id = p_asset_id for no key update;
  if asset.id is null and kept.id is null then
    raise sqlstate 'PT404' using message = 'asset not found', detail = format('Asset: %s.', p_asset_id);
  end if;

  if asset.id is not null then
    kept.storage_path := coalesce(kept.storage_path, format(
      '%s/%s.%s', p_user_id, asset.id, storage.extension(asset.temp_storage_path)));
    perform atelier_engine.save_file(asset.temp_storage_path, kept.storage_path, p_user_id, keeps_workspace_file);
    if asset.thumbnail_path is not null then
      kept.thumbnail_path := coalesce(kept.thumbnail_path, format(
        '%s/%s.thumb.%s', p_user_id, asset.id, storage.extension(asset.thumbnail_path)));
      perform atelier_engine.save_file(asset.thumbnail_path, kept.thumbnail_path, p_user_id, keeps_workspace_file);
    end if;
  end if;

  if kept.id is null then
    insert into atelier.user_library
      (user_id, asset_type, storage_path, thumbnail_path, file_size_bytes, mime_type, width, height, duration_seconds,
       original_prompt, model_used, generation_seed, generation_metadata, source_asset_id, source_job_id,
       source_asset_index, custom_title, collection_id, tags)
    values
      (p_user_id, asset.asset_type, kept.storage_path, kept.thumbnail_path, asset.file_size_bytes, asset.mime_type,
       asset.width, asset.height, asset.duration_seconds, asset.original_prompt, asset.model_used,
       nullif(asset.generation_seed, -1), asset.generation_settings, asset.id, asset.job_id, asset.asset_index,
       p_custom_title, p_collection_id, coalesce(p_tags, '{}'))
    returning id into kept.id;
  else
    -- Saved before: only what the caller says about it is new.
    update atelier.user_library l
       set thumbnail_path = kept.thumbnail_path,
           custom_title = coalesce(p_custom_title, l.custom_title),
           collection_id = coalesce(p_collection_id, l.collection_id),
           tags = coalesce(p_tags, l.tags)
     where l.id = kept.id
       and (l.thumbnail_path is distinct from kept.thumbnail_path
            or p_custom_title is not null or p_collection_id is not null or p_tags is not null);
  end if;
  return kept.id;
end;
$$;
comment on function atelier_engine.save_asset(uuid, uuid, boolean, text, uuid, text[]) is
$$Save a workspace asset to its owner's library

Returns the id in the library, the same one however often it is saved. PT404: no such asset or collection of this user.$$;

create or replace function atelier.save_workspace_item_to_library(p_workspace_item_id uuid, p_user_id uuid)
returns uuid
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.assert_acting_for(p_user_id);
  return atelier_engine.save_asset(p_workspace_item_id, p_user_id);
end;
$$;
grant execute on function atelier.save_workspace_item_to_library(uuid, uuid) to authenticated, service_role;
comment on function atelier.save_workspace_item_to_library(uuid, uuid) is
$$Save a workspace asset to the library

The file is copied. Returns the id in the library; saving again returns the same id. For oneself only (42501); PT404:
no such asset of this user.$$;

create or replace function atelier.library_asset_bytes(asset_id uuid)
returns bytea
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  path text;
begin
  select l.storage_path into path
    from atelier.user_library l
   where l.id = library_asset_bytes.asset_id
     and (l.visibility in ('public', 'unlisted') or l.user_id = auth.uid() or atelier_engine.is_service_role());
  if not found then
    raise sqlstate 'PT404' using
      message = 'library asset not found', detail = format('Library asset: %s.', library_asset_bytes.asset_id);
  end if;
  return atelier.object_bytes('user-library', path);
end;
$$;
grant execute on function atelier.library_asset_bytes(uuid) to anon, authenticated, service_role;
comment on function atelier.library_asset_bytes(uuid) is
$$The bytes of a library asset

For its owner, and for everybody who knows the id of a public or unlisted one; PT404 otherwise. Other errors as
object_bytes().$$;

-- sql/library/functions/upkeep.sql
-- Library: what follows from a change of the library, one statement at a time.

create or replace function atelier_engine.recount_collections(p_collection_ids uuid[])
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_collection_ids = '{}' then
    return;
  end if;
  -- Whoever files into the same collection at the same time waits here, then counts what the other committed. The
  -- order keeps two who touch several collections from waiting for each other.
  perform from atelier.user_collections c
    where c.id = any (p_collection_ids) order by c.id for no key update;
  update atelier.user_collections c
     set asset_count = counted.assets
    from (select t.id, count(l.id)::integer as assets
            from unnest(p_collection_ids) as t (id)
            left join atelier.user_library l on l.collection_id = t.id
           group by t.id) as counted
   where c.id = counted.id
     and c.asset_count <> counted.assets;
end;
$$;
comment on function atelier_engine.recount_collections(uuid[]) is
$$Set asset_count of these collections to what is in them

It counts instead of adding, so that a restored dump ends with the numbers it began with.$$;

create or replace function atelier_engine.count_filed_assets()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.recount_collections(array(
    select distinct f.collection_id from filed f where f.collection_id is not null));
  return null;
end;
$$;
comment on function atelier_engine.count_filed_assets() is
  'Trigger: keeps asset_count of the collections that new assets are in.';

create or replace function atelier_engine.count_moved_assets()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.recount_collections(array(
    select distinct c.id
      from gone g
      join filed f on f.id = g.id and f.collection_id is distinct from g.collection_id
     cross join lateral (values (g.collection_id), (f.collection_id)) as c (id)
     where c.id is not null));
  return null;
end;
$$;
comment on function atelier_engine.count_moved_assets() is
  'Trigger: keeps asset_count of the collections that assets were moved between.';

create or replace function atelier_engine.count_gone_assets()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.recount_collections(array(
    select distinct g.collection_id from gone g where g.collection_id is not null));
  return null;
end;
$$;
comment on function atelier_engine.count_gone_assets() is
  'Trigger: keeps asset_count of the collections that deleted assets were in.';

create or replace function atelier_engine.delete_files_of_library_assets()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
-- Supabase refuses deletes in storage.objects that do not say they mean it.
set storage.can_delete = 'true'
as $$
begin
  delete from storage.objects o
   using gone g cross join lateral unnest(array[g.storage_path, g.thumbnail_path]) as file (path)
   where o.bucket_id = 'user-library' and o.name = file.path and o.owner = g.user_id;
  return null;
end;
$$;
comment on function atelier_engine.delete_files_of_library_assets() is
  'Trigger: the files of a library asset go with its row.';

-- sql/library/views.sql
-- Library: the names other clients look for, each showing the caller what is his own.

create or replace view atelier.images with (security_invoker = true) as
select l.id,
       l.user_id,
       l.custom_title as title,
       l.original_prompt as prompt,
       l.original_prompt,
       'user-library/' || l.storage_path as image_url,
       'user-library/' || l.thumbnail_path as thumbnail_url,
       jsonb_build_array('user-library/' || l.storage_path) as image_urls,
       storage.extension(l.storage_path) as format,
       'completed' as status,
       l.file_size_bytes as file_size,
       l.generation_seed as seed,
       l.source_job_id as job_id,
       l.source_asset_index as image_index,
       l.generation_metadata as metadata,
       l.created_at,
       l.updated_at
  from atelier.user_library l
 where l.asset_type = 'image'
   and (l.user_id = (select auth.uid()) or (select auth.uid()) is null);
grant select, delete, update (title) on atelier.images to authenticated, service_role;
comment on view atelier.images is
$$The pictures of the caller's library

The service role sees those of everybody. The title can be changed and a picture deleted through the view.$$;

create or replace view atelier.videos with (security_invoker = true) as
select l.id,
       l.user_id,
       l.custom_title as title,
       l.original_prompt,
       'user-library/' || l.storage_path as video_url,
       'user-library/' || l.thumbnail_path as thumbnail_url,
       storage.extension(l.storage_path) as format,
       'completed' as status,
       l.duration_seconds as duration,
       l.width || 'x' || l.height as resolution,
       l.source_job_id as job_id,
       l.generation_metadata as metadata,
       l.created_at,
       l.created_at as completed_at,
       l.updated_at
  from atelier.user_library l
 where l.asset_type = 'video'
   and (l.user_id = (select auth.uid()) or (select auth.uid()) is null);
grant select, delete, update (title) on atelier.videos to authenticated, service_role;
comment on view atelier.videos is
$$The videos of the caller's library

The service role sees those of everybody. duration is in seconds. The title can be changed and a video deleted through
the view.$$;

-- sql/library/triggers.sql
-- Library: counts stay right, files go with their assets.

create or replace trigger trigger_update_collection_asset_count_insert
after insert on atelier.user_library
referencing new table as filed
for each statement execute function atelier_engine.count_filed_assets();

create or replace trigger trigger_update_collection_asset_count_update
after update on atelier.user_library
referencing old table as gone new table as filed
for each statement execute function atelier_engine.count_moved_assets();

create or replace trigger trigger_update_collection_asset_count_delete
after delete on atelier.user_library
referencing old table as gone
for each statement execute function atelier_engine.count_gone_assets();

create or replace trigger delete_files_of_library_assets
after delete on atelier.user_library
referencing old table as gone
for each statement execute function atelier_engine.delete_files_of_library_assets();

create or replace trigger touch_updated_at
before update on atelier.user_library
for each row execute function atelier_engine.touch_updated_at();

-- sql/library/policies.sql
-- Library: private, unless its owner makes an asset public. Collections are always private.

drop policy if exists "everybody sees public assets" on atelier.user_library;
create policy "everybody sees public assets" on atelier.user_library
  for select to anon, authenticated
  using (visibility = 'public');

drop policy if exists "people see their own library" on atelier.user_library;
create policy "people see their own library" on atelier.user_library
  for select to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists "people arrange their own library" on atelier.user_library;
create policy "people arrange their own library" on atelier.user_library
  for update to authenticated
  using (user_id = (select auth.uid()))
  with check (user_id = (select auth.uid()));

drop policy if exists "people delete from their own library" on atelier.user_library;
create policy "people delete from their own library" on atelier.user_library
  for delete to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists "people see their own collections" on atelier.user_collections;
create policy "people see their own collections" on atelier.user_collections
  for select to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists "people make their own collections" on atelier.user_collections;
create policy "people make their own collections" on atelier.user_collections
  for insert to authenticated
  with check (user_id = (select auth.uid()));

drop policy if exists "people rename their own collections" on atelier.user_collections;
create policy "people rename their own collections" on atelier.user_collections
  for update to authenticated
  using (user_id = (select auth.uid()))
  with check (user_id = (select auth.uid()));

drop policy if exists "people delete their own collections" on atelier.user_collections;
create policy "people delete their own collections" on atelier.user_collections
  for delete to authenticated
  using (user_id = (select auth.uid()));

-- sql/engine/data.sql
-- A database is adopted where it is made; not when pg_restore makes it.
insert into atelier_engine.instance (system_identifier, database_oid)
select c.system_identifier, d.oid
  from pg_catalog.pg_control_system() c, pg_catalog.pg_database d
 where d.datname = pg_catalog.current_database();

select atelier_engine.announce_database();

-- sql/identity/data.sql
-- Identity: people who signed up before the extension came.

select atelier_engine.enroll_user(u.id, u.email, u.raw_user_meta_data)
  from auth.users u
 where not atelier_engine.restoring();

-- sql/storage/data.sql
-- Storage: the buckets that the product's parts and their clients know by name. When pg_restore makes the extension,
-- the dump brings them.

with wanted (id, public, file_size_limit, allowed_mime_types) as (
  values
    ('workspace-temp', false, 1073741824,
      '{image/jpeg,image/png,image/webp,video/mp4,video/webm,video/quicktime}'::text[]),
    ('user-library', false, 1073741824,
      '{image/jpeg,image/png,image/webp,image/gif,image/heic,video/mp4,video/webm,video/quicktime}'),
    ('reference_images', false, 10485760, '{image/jpeg,image/png,image/webp,image/gif}'),
    ('avatars', true, null, null),
    ('system_assets', true, 5242880, '{image/png,image/jpeg,image/webp,image/svg+xml}'),
    ('videos', true, null, null),
    ('image_fast', false, 5242880, '{image/png,image/jpeg,image/webp}'),
    ('image_high', false, 10485760, '{image/png,image/jpeg,image/webp}'),
    ('sdxl_image_fast', false, 5242880, '{image/png,image/jpeg,image/webp}'),
    ('sdxl_image_high', false, 10485760, '{image/png,image/jpeg,image/webp}'),
    ('image7b_fast_enhanced', false, 20971520, '{image/png,image/jpeg,image/webp}'),
    ('image7b_high_enhanced', false, 20971520, '{image/png,image/jpeg,image/webp}'),
    ('video_fast', false, 52428800, '{video/mp4,video/mpeg,video/webm,video/quicktime}'),
    ('video_high', false, 209715200, '{video/mp4,video/mpeg,video/webm,video/quicktime}'),
    ('video7b_fast_enhanced', false, 104857600, '{video/mp4,video/webm}'),
    ('video7b_high_enhanced', false, 104857600, '{video/mp4,video/webm}')
), made as (
  insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
  select w.id, w.id, w.public, w.file_size_limit, w.allowed_mime_types from wanted w
   where not atelier_engine.restoring()
  on conflict do nothing
  returning id
)
insert into atelier_engine.bucket_stores (bucket_id, comes_with_atelier)
select m.id, true from made m;

-- sql/providers/data.sql
-- The model that comes with Atelier, and the runner that the workers start for it. The ids are fixed, so that a
-- restore knows these rows again. When pg_restore makes the extension, the dump brings them.
insert into atelier.api_providers (id, name, display_name, auth_scheme, auth_header_name)
select '00000000-0000-7000-8000-000000000001', 'atelier-runner', 'Atelier runner', 'none', null
 where not atelier_engine.restoring();

insert into atelier.api_models (
  id, provider_id, model_key, display_name, modality, task, model_family, output_format, is_default, estimated_seconds,
  input_defaults, capabilities, parameter_schema)
select
  '00000000-0000-7000-8000-000000000002', p.id, 'tiny-sdxl', 'Tiny SDXL', 'image',
  't2i', 'sdxl', 'png', true, 0.4,
  '{"width": 64, "height": 64, "steps": 25, "guidance": 4, "n": 1}',
  '{"job_types": {"sdxl_image_fast": {"steps": 15}, "sdxl_image_high": {"steps": 25}}}',
  '{
    "type": "object",
    "additionalProperties": false,
    "properties": {
      "width": {"type": "integer", "minimum": 8, "maximum": 512, "multipleOf": 8},
      "height": {"type": "integer", "minimum": 8, "maximum": 512, "multipleOf": 8},
      "steps": {"type": "integer", "minimum": 1, "maximum": 150},
      "guidance": {"type": "number", "minimum": 0, "maximum": 30},
      "seed": {"type": "integer", "minimum": 0, "maximum": 9007199254740991},
      "n": {"type": "integer", "minimum": 1, "maximum": 8}
    }
  }'
  from atelier.api_providers p where p.name = 'atelier-runner';

insert into atelier.endpoints (
  id, provider_id, name, adapter, base_url, max_concurrency, ambiguity_policy, private_network, connect_timeout_ms,
  first_byte_timeout_ms, total_timeout_ms, max_output_bytes)
select
  '00000000-0000-7000-8000-000000000003', p.id, 'local-runner', 'openai_images', 'runner:0', 2, 'retry', true, 2000,
  120000, 300000, 67108864
  from atelier.api_providers p where p.name = 'atelier-runner';

-- sql/grants/functions.sql
-- Closes the script, when every table and function is there.

-- What a module did not grant by name, nobody but the owner may execute.
revoke execute on all routines in schema atelier, atelier_engine from public;

grant usage on schema atelier to anon, authenticated, service_role, atelier_worker;
grant usage on schema atelier_engine to atelier_worker;

-- The dispatcher fills objects; it makes them through begin_object() alone.
grant execute on function atelier_engine.append_object_chunk(uuid, integer, bytea) to atelier_worker;

do $any_order$
declare
  referring regclass;
  trigger_time text;
begin
  for referring in
    select distinct c.conrelid::pg_catalog.regclass
      from pg_catalog.pg_constraint c, pg_catalog.pg_extension e
     where c.contype = 'f' and e.extname = 'atelier' and c.conrelid = any (e.extconfig)
  loop
    foreach trigger_time in array array['before', 'after'] loop
      execute pg_catalog.format(
        'create or replace trigger restore_in_any_order_%1$s %1$s insert on %2$s for each statement '
        'when (pg_catalog.current_setting(''row_security'') = ''off'') '
        'execute function atelier_engine.restore_in_any_order()', trigger_time, referring);
    end loop;
    execute pg_catalog.format('alter table %s enable always trigger restore_in_any_order_after', referring);
  end loop;
end
$any_order$;
