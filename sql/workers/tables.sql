-- Workers: GPUs that nobody can connect to. They claim their jobs themselves, each as an endpoint of its own, so that
-- slots, breakers, pauses and routes are what they are for servers.

create table atelier.workers (
  id uuid primary key default atelier.uuid7(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  user_id uuid references atelier.profiles (id) on delete cascade,
  endpoint_id uuid not null constraint workers_endpoint_key unique references atelier.endpoints (id) on delete cascade,
  name text not null
    constraint workers_name_key unique
    constraint workers_name_is_a_slug check (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
  worker_type text constraint workers_worker_type_is_a_slug check (worker_type ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
  worker_url text
    constraint workers_worker_url_is_http check (worker_url ~ '^https?://[^\s/]\S*$' and char_length(worker_url) <= 2000),
  version text constraint workers_version_length check (char_length(version) between 1 and 100),
  last_heartbeat_at timestamptz not null default clock_timestamp()
) with (fillfactor = 50);
create index workers_user_idx on atelier.workers (user_id) where user_id is not null;
select pg_catalog.pg_extension_config_dump('atelier.workers', '');
alter table atelier.workers enable row level security;
alter table atelier.workers force row level security;
grant select on atelier.workers to authenticated, service_role;
comment on table atelier.workers is
$$Workers that claim their jobs themselves

Made by register_worker(), seen by administrators. Each has an endpoint of its own with the adapter pull, to which nothing
is sent; its columns say which models it takes and how many jobs at once.$$;
comment on column atelier.workers.user_id is 'Who registered it and acts for it; null: the back end.';
comment on column atelier.workers.endpoint_id is 'Its endpoint.';
comment on column atelier.workers.name is 'Its name: who registers with it again is the same worker.';
comment on column atelier.workers.worker_type is 'What kind of worker it says it is, such as sdxl.';
comment on column atelier.workers.worker_url is 'Where it can be reached, if it can; Atelier itself does not.';
comment on column atelier.workers.version is 'The version it says it has.';
comment on column atelier.workers.last_heartbeat_at is 'When it was last heard of, to about ten seconds.';

-- Not dumped: what a copy gives out, this database does not believe, nor the other way round.
create table atelier_engine.capability_secrets (
  only_one boolean primary key default true constraint capability_secrets_only_one check (only_one),
  secret bytea not null constraint capability_secrets_length check (octet_length(secret) = 32)
);
alter table atelier_engine.capability_secrets enable row level security;
comment on table atelier_engine.capability_secrets is
$$The secret with which the tokens of attempts are signed

Made at the first claim. No role has a grant on it, and it is not dumped.
Without the row all tokens that were given out are void.$$;
