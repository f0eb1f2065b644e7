-- From 0.1.0 to 0.2.0: what becomes of the tables. Functions, views, triggers and policies are made anew from their files.

do $role$
begin
  -- Background workers only. Whoever set another limit has a reason.
  if exists (select from pg_catalog.pg_roles r where r.rolname = 'atelier_worker' and r.rolconnlimit = -1) then
    alter role atelier_worker connection limit 0;
  end if;
end
$role$;
-- The workers call functions with the rights of their owner; those use these, the workers do not.
revoke usage on schema auth, storage from atelier_worker;
revoke execute on function auth.uid(), auth.role(), auth.email(), auth.jwt(), atelier.uuid7(),
  storage.foldername(text), storage.filename(text), storage.extension(text) from atelier_worker;

alter table atelier.profiles
  add column telegram_username text
    constraint profiles_telegram_username_key unique
    constraint profiles_telegram_username_length check (char_length(telegram_username) between 1 and 100),
  add column is_active boolean not null default true;
comment on column atelier.profiles.is_active is
  'False for a deactivated account: it queues no jobs, and its API keys do not work. Set by the back end.';
comment on column atelier.profiles.telegram_username is
  'The name at Telegram of who signed up from there. Set by the back end, which has verified it.';

create table atelier.workspaces (
  id uuid primary key default atelier.uuid7(),
  name text not null
    constraint workspaces_name_length check (char_length(name) between 1 and 200)
    constraint workspaces_name_is_not_blank check (name ~ '\S'),
  slug text not null
    constraint workspaces_slug_key unique
    constraint workspaces_slug_is_a_slug check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and char_length(slug) <= 63),
  description text
    constraint workspaces_description_length check (char_length(description) <= 2000),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid references atelier.profiles (id) on delete set null,
  is_active boolean not null default true
);
select pg_catalog.pg_extension_config_dump('atelier.workspaces', '');
create index workspaces_created_by_idx on atelier.workspaces (created_by);
alter table atelier.workspaces enable row level security;
alter table atelier.workspaces force row level security;
grant select, update (name, slug, description) on atelier.workspaces to authenticated;
grant select, insert, update, delete on atelier.workspaces to service_role;
comment on table atelier.workspaces is
$$Workspaces of teams

Made by create_workspace(), seen by their members. Owners and admins change name, slug and description.$$;
comment on column atelier.workspaces.slug is 'The name in addresses: small letters, digits and single hyphens; unique.';
comment on column atelier.workspaces.is_active is
  'False once delete_workspace() was called: nobody but administrators sees it; the service role can bring it back.';

create table atelier.workspace_members (
  id uuid primary key default atelier.uuid7(),
  workspace_id uuid not null references atelier.workspaces (id) on delete cascade,
  user_id uuid not null references atelier.profiles (id) on delete cascade,
  role text not null default 'member'
    constraint workspace_members_role_known check (role in ('owner', 'admin', 'member')),
  joined_at timestamptz not null default now(),
  invited_by uuid references atelier.profiles (id) on delete set null,
  -- By workspace: the policy asks for all members of some workspaces.
  constraint workspace_members_workspace_user_key unique (workspace_id, user_id)
);
select pg_catalog.pg_extension_config_dump('atelier.workspace_members', '');
create index workspace_members_user_idx on atelier.workspace_members (user_id, workspace_id);
create index workspace_members_invited_by_idx on atelier.workspace_members (invited_by) where invited_by is not null;
alter table atelier.workspace_members enable row level security;
alter table atelier.workspace_members force row level security;
grant select on atelier.workspace_members to authenticated;
grant select, insert, update, delete on atelier.workspace_members to service_role;
comment on table atelier.workspace_members is
$$Who is in which workspace

An owner does everything, an admin invites and removes members, a member works in it. A workspace keeps an owner: the last
one can neither leave nor be removed nor lose the role, by no path. When the account of the last owner is deleted, the
admin, else the member, of longest standing takes over; without any, the workspace is deleted.$$;

create table atelier.workspace_invitations (
  id uuid primary key default atelier.uuid7(),
  workspace_id uuid not null references atelier.workspaces (id) on delete cascade,
  email text not null
    constraint workspace_invitations_email_is_an_address
      check (email ~ '^[^@\s]+@[^@\s]+$' and char_length(email) <= 320)
    constraint workspace_invitations_email_is_lower_case check (email = lower(email)),
  role text not null default 'member'
    constraint workspace_invitations_role_known check (role in ('admin', 'member')),
  invited_by uuid references atelier.profiles (id) on delete set null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  accepted_at timestamptz,
  accepted_by uuid references atelier.profiles (id) on delete set null
);
select pg_catalog.pg_extension_config_dump('atelier.workspace_invitations', '');
create unique index workspace_invitations_open_key on atelier.workspace_invitations (workspace_id, email)
  where accepted_at is null;
create index workspace_invitations_workspace_idx on atelier.workspace_invitations (workspace_id, created_at desc);
create index workspace_invitations_invited_by_idx on atelier.workspace_invitations (invited_by)
  where invited_by is not null;
create index workspace_invitations_accepted_by_idx on atelier.workspace_invitations (accepted_by)
  where accepted_by is not null;
alter table atelier.workspace_invitations enable row level security;
alter table atelier.workspace_invitations force row level security;
grant select on atelier.workspace_invitations to authenticated;
grant select, insert, update, delete on atelier.workspace_invitations to service_role;
comment on table atelier.workspace_invitations is
$$Who was asked to join a workspace

Made by invite_to_workspace(), seen by owners and admins. An address has one open invitation to a workspace at most.$$;

create table atelier_engine.invitation_tokens (
  hash bytea primary key constraint invitation_tokens_hash_is_sha256 check (octet_length(hash) = 32),
  invitation_id uuid not null
    constraint invitation_tokens_invitation_key unique
    references atelier.workspace_invitations (id) on delete cascade
);
select pg_catalog.pg_extension_config_dump('atelier_engine.invitation_tokens', '');
alter table atelier_engine.invitation_tokens enable row level security;
comment on table atelier_engine.invitation_tokens is
$$SHA-256 hashes of the tokens of open invitations

The tokens themselves are nowhere: they are random and long, so that a hash, also one in a stolen dump, opens nothing.$$;

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

-- Whose jobs are unfinished is asked with every new job.
drop index atelier.jobs_unfinished_idx;
create index jobs_unfinished_idx on atelier.jobs (user_id) where completed_at is null;

create domain atelier."*/*" as bytea;
comment on domain atelier."*/*" is
$$Bytes of any media type

The answer to a request whatever it accepts; the function names the type in the header Content-Type.$$;

alter table atelier.jobs
  add column workspace_id uuid references atelier.workspaces (id) on delete set null;
create index jobs_workspace_idx on atelier.jobs (workspace_id, user_id) where workspace_id is not null;
comment on column atelier.jobs.workspace_id is 'The team that sees what the job makes. The job itself is its owner''s.';

-- There were no workspaces that it could name.
update atelier.generations set workspace_id = null where workspace_id is not null;
alter table atelier.generations
  add constraint generations_workspace_id_fkey foreign key (workspace_id) references atelier.workspaces (id) on delete set null;
create index generations_workspace_created_idx on atelier.generations (workspace_id, created_at desc)
  where workspace_id is not null;
comment on table atelier.generations is
$$What a completed job produced

One row per completed job, with what a gallery shows: prompt, settings, places of the outputs (bucket/path) or the
result, times. People see their own; members of the workspace workspace_id see them by get_workspace_generations() and generation_bytes().$$;

comment on table atelier.user_library is
$$Pictures and videos that users keep

The file is the object storage_path in the bucket user-library, a copy of its own; it goes with the row. Everybody sees
what is public; what is unlisted is reached only through library_asset() and library_asset_bytes() by those who know its
id.$$;

-- With workspace_id it has one argument more.
drop function atelier.queue_job(text, text, jsonb, text, text, text, uuid, integer, jsonb, uuid[]);

-- Routing: lanes, weights, circuit breakers, pauses and policies for retries.
alter table atelier.api_models
  add column equivalent_models text[] not null default '{}'
    constraint api_models_equivalent_models_have_no_null check (array_position(equivalent_models, null) is null);
alter table atelier.endpoints
  drop constraint endpoints_ambiguity_policy_known,
  add constraint endpoints_ambiguity_policy_known check (ambiguity_policy in ('retry', 'lookup', 'fail', 'hold')),
  drop constraint endpoints_base_url_known,
  add constraint endpoints_base_url_known check (base_url ~ '^(https?://[^\s/]|unix:/|runner:[0-9]{1,3}$|pull:$)\S*$'),
  add constraint endpoints_pull_goes_with_its_adapter check ((base_url = 'pull:') = (adapter = 'pull')),
  add column weight numeric not null default 1 constraint endpoints_weight_in_range check (weight between 0.001 and 1000),
  add column breaker_threshold integer not null default 10
    constraint endpoints_breaker_threshold_in_range check (breaker_threshold between 1 and 1000000);
comment on table atelier.endpoints is
$$One URL of a provider, and how jobs are carried there

base_url is http(s)://host/base, unix:/path.sock[:/base], or runner:N for the N-th runner that this server starts;
pull: is the endpoint of a worker, which asks for jobs itself.
only_models limits the endpoint to some model keys; null means every model of its provider. max_concurrency is how
many requests it gets at once; 0 closes it. Of several endpoints that serve a model, each gets its share by weight.
ambiguity_policy says what happens to a job whose request may or may not have been carried out: retry (free or
idempotent endpoints), lookup (ask the provider, for adapters that can), fail, or hold for hold_timeout and then fail.
After breaker_threshold failures in a row the endpoint is left alone for a while.
unavailable_timeout is how long jobs wait for an endpoint that cannot be reached. private_network allows addresses
that are not public. Time-outs are in milliseconds, max_output_bytes limits one output.$$;
alter table atelier_engine.endpoint_states
  add column failure_count integer not null default 0,
  add column trip_count integer not null default 0,
  add column opened_at timestamptz,
  add column breaker_state text not null generated always as (
    case when blocked_until is not null then 'open'
         when unavailable_count > 0 or throttled_count > 0 or trip_count > 0 then 'half_open'
         else 'closed' end) stored;
comment on table atelier_engine.endpoint_states is
$$What is known about the health of an endpoint, and its circuit breaker

No row means healthy. open: it gets nothing before blocked_until. half_open: it gets one request, as a probe. closed: as
many as it takes. A success closes it; each further failure opens it for longer.$$;

create table atelier_engine.token_states (
  token_id uuid primary key references atelier.provider_tokens (id) on delete cascade,
  throttled_count integer not null default 0,
  trip_count integer not null default 0,
  blocked_until timestamptz,
  opened_at timestamptz,
  last_error_class text,
  last_error text,
  last_error_at timestamptz,
  breaker_state text not null generated always as (
    case when blocked_until is not null then 'open'
         when throttled_count > 0 or trip_count > 0 then 'half_open'
         else 'closed' end) stored
) with (fillfactor = 50);
alter table atelier_engine.token_states enable row level security;
grant select on atelier_engine.token_states to service_role;
comment on table atelier_engine.token_states is
$$The circuit breaker of a token

As endpoint_states, for what concerns one token only: refused, out of credit, or asked for patience.$$;

create table atelier.pauses (
  id uuid primary key default atelier.uuid7(),
  created_at timestamptz not null default now(),
  created_by uuid references atelier.profiles (id) on delete set null,
  endpoint_id uuid constraint pauses_endpoint_key unique references atelier.endpoints (id) on delete cascade,
  model_id uuid constraint pauses_model_key unique references atelier.api_models (id) on delete cascade,
  provider_id uuid constraint pauses_provider_key unique references atelier.api_providers (id) on delete cascade,
  user_id uuid constraint pauses_user_key unique references atelier.profiles (id) on delete cascade,
  mode text not null default 'pause' constraint pauses_mode_known check (mode in ('pause', 'drain')),
  reason text constraint pauses_reason_length check (char_length(reason) between 1 and 1000),
  ends_at timestamptz,
  constraint pauses_one_target check (num_nonnulls(endpoint_id, model_id, provider_id, user_id) = 1)
);
create index pauses_created_by_idx on atelier.pauses (created_by) where created_by is not null;
select pg_catalog.pg_extension_config_dump('atelier.pauses', '');
alter table atelier.pauses enable row level security;
alter table atelier.pauses force row level security;
grant select on atelier.pauses to authenticated, service_role;
comment on table atelier.pauses is
$$What operators have paused or are draining

Made by pause_work() and drain_work(), ended by resume_work() or at ends_at. A row is about one endpoint, one model, one
lane (the models of a provider, which compete for the same endpoints) or one user. pause: nothing new starts there, what
waits goes on waiting. drain: nothing new is accepted there, what waits is still carried out; an endpoint gets no more
requests.$$;

create table atelier.retry_policies (
  id uuid primary key default atelier.uuid7(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  error_class text not null
    constraint retry_policies_error_class_known check (error_class in (
      'unavailable', 'transient_net', 'ambiguous', 'throttled', 'overload', 'auth', 'payment', 'invalid_input',
      'content_policy', 'worker_crash', 'expired', 'bad_response', 'too_large', 'internal')),
  provider_id uuid references atelier.api_providers (id) on delete cascade,
  endpoint_id uuid references atelier.endpoints (id) on delete cascade,
  action text not null
    constraint retry_policies_action_known check (action in ('retry', 'elsewhere', 'fail_over', 'hold', 'fail')),
  uses_up_attempt boolean not null default true,
  first_delay interval not null default interval '2 seconds'
    constraint retry_policies_first_delay_in_range check (first_delay between interval '0' and interval '1 day'),
  longest_delay interval not null default interval '1 minute'
    constraint retry_policies_longest_delay_in_range check (longest_delay between interval '0' and interval '1 day'),
  otherwise text not null default 'retry'
    constraint retry_policies_otherwise_known check (otherwise in ('retry', 'hold', 'fail')),
  constraint retry_policies_one_scope check (provider_id is null or endpoint_id is null),
  constraint retry_policies_scope_key unique nulls not distinct (error_class, provider_id, endpoint_id)
);
create index retry_policies_provider_idx on atelier.retry_policies (provider_id) where provider_id is not null;
create index retry_policies_endpoint_idx on atelier.retry_policies (endpoint_id) where endpoint_id is not null;
select pg_catalog.pg_extension_config_dump('atelier.retry_policies', '');
alter table atelier.retry_policies enable row level security;
alter table atelier.retry_policies force row level security;
grant select, insert, update, delete on atelier.retry_policies to authenticated, service_role;
comment on table atelier.retry_policies is
$$What happens after a failure, where it is not what Atelier does by itself

Of the rows for an error class the one for the endpoint counts, else the one for its provider, else the one for neither,
else atelier.default_retry_policies. action: retry (anywhere, also where it failed), elsewhere (another
endpoint or token), fail_over (likewise, else a model of equivalent_models), hold (until an operator decides with
resolve_held_job(), or hold_timeout has passed), fail. otherwise: what happens when there is no other place. Pauses
between tries are random, up to first_delay after the first failure, twice as much after each further one, at most
longest_delay. For ambiguous the ambiguity_policy of the endpoint comes first; this says how a retry is made.$$;

alter table atelier_engine.attempts
  add column model_id uuid;
alter table atelier_engine.queue add column avoid_endpoint_id uuid;
create index queue_avoiding_idx on atelier_engine.queue (run_at) where avoid_endpoint_id is not null and state = 'ready';
comment on table atelier_engine.queue is
$$Jobs that are not finished, one row each

blocked waits for other jobs, waiting for run_at (another try after a failure), ready for a free endpoint. leased
belongs to attempt_id until lease_expires_at. held waits until next_check_at, because nobody knows whether its request
was carried out. model_id is the job's model, or the one it failed over to; avoid_endpoint_id is where it failed and shall
not go again for a while.$$;

-- Requests: idempotency keys, batches, retries, what a failed dependency means.
-- A call that has begun finds the new one, whose third argument has a default.
drop function atelier_engine.must_wait_for(uuid, uuid[]);
drop function atelier_engine.unblock_dependents(uuid);

create table atelier.schedules (
  id uuid primary key default atelier.uuid7(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  user_id uuid not null references atelier.profiles (id) on delete cascade,
  name text not null constraint schedules_name_length check (char_length(name) between 1 and 100),
  request jsonb not null constraint schedules_request_is_an_object check (jsonb_typeof(request) = 'object'),
  cron text,
  every interval,
  time_zone text not null default 'UTC',
  misfire_policy text not null default 'once'
    constraint schedules_misfire_policy_known check (misfire_policy in ('skip', 'once', 'all')),
  starts_at timestamptz not null default now(),
  ends_at timestamptz,
  is_active boolean not null default true,
  next_run_at timestamptz,
  last_run_at timestamptz,
  run_count bigint not null default 0,
  failure_count integer not null default 0,
  last_error text,
  constraint schedules_cron_or_every check (num_nonnulls(cron, every) = 1)
);
create index schedules_user_idx on atelier.schedules (user_id, created_at desc);
create index schedules_due_idx on atelier.schedules (next_run_at) where is_active and next_run_at is not null;
select pg_catalog.pg_extension_config_dump('atelier.schedules', '');
alter table atelier.schedules enable row level security;
alter table atelier.schedules force row level security;
grant select, delete on atelier.schedules to authenticated, service_role;
comment on table atelier.schedules is
$$Jobs that are queued again and again

Made by create_schedule(), run by the janitor, paused and resumed by pause_schedule() and resume_schedule(). People see
and delete their own. Each run is a job that names its schedule in schedule_id and the time it was due in run_at.$$;

alter table atelier.jobs
  add column run_at timestamptz,
  add column retry_of uuid references atelier.jobs (id) on delete set null,
  add column idempotency_key text
    constraint jobs_idempotency_key_length check (char_length(idempotency_key) between 1 and 255),
  add column request_hash bytea,
  add column content_hash bytea,
  add column schedule_id uuid references atelier.schedules (id) on delete set null,
  add constraint jobs_idempotency_key_has_hash check ((idempotency_key is null) = (request_hash is null));
create index jobs_retry_of_idx on atelier.jobs (retry_of) where retry_of is not null;
create unique index jobs_idempotency_key on atelier.jobs (user_id, idempotency_key) where idempotency_key is not null;
create unique index jobs_schedule_run_key on atelier.jobs (schedule_id, run_at) where schedule_id is not null;
create index jobs_content_idx on atelier.jobs (user_id, content_hash) where content_hash is not null;

alter table atelier.job_dependencies
  add column on_failure text not null default 'fail'
    constraint job_dependencies_on_failure_known check (on_failure in ('fail', 'skip', 'start'));
comment on table atelier.job_dependencies is
$$Which jobs a job waits for

Made by queue_job(depends_on => ...). The job starts when all of them are completed. When one fails or is cancelled,
on_failure decides: the job fails, is skipped (cancelled), or starts all the same once the others have ended.$$;

-- The arguments of queue_job(): what queue_jobs(), retry_job() and schedules have as JSON.
create type atelier_engine.job_request as (
  prompt text,
  model text,
  parameters jsonb,
  negative_prompt text,
  job_type text,
  destination text,
  workspace_session_id uuid,
  priority integer,
  metadata jsonb,
  depends_on uuid[],
  workspace_id uuid,
  run_at timestamptz,
  idempotency_key text,
  reuse_result boolean,
  on_dependency_failure text
);
comment on type atelier_engine.job_request is 'A request for a job, as queue_job() takes it';

-- Retries go by policies.
drop function atelier_engine.retry_or_fail(uuid, text, text);

-- Whose turn it is.
create table atelier.scheduling_tiers (
  tier text primary key constraint scheduling_tiers_tier_is_a_name check (tier ~ '^[a-z0-9_-]{1,63}$'),
  weight double precision not null default 1
    constraint scheduling_tiers_weight_in_range check (weight between 0.001 and 1000),
  max_running_jobs integer constraint scheduling_tiers_max_running_jobs_positive check (max_running_jobs > 0)
);
select pg_catalog.pg_extension_config_dump('atelier.scheduling_tiers', '');
alter table atelier.scheduling_tiers enable row level security;
alter table atelier.scheduling_tiers force row level security;
grant select, insert, update, delete on atelier.scheduling_tiers to service_role;
comment on table atelier.scheduling_tiers is
$$What a subscription is worth in the queue

One row for each subscription_status of profiles; without a row the weight is 1 and there is no cap. While several
users wait, each gets time at the models in proportion to his weight.$$;
comment on column atelier.scheduling_tiers.tier is 'The subscription_status of the profiles it holds for.';
comment on column atelier.scheduling_tiers.weight is 'The share of one user among those who wait.';
comment on column atelier.scheduling_tiers.max_running_jobs is
  'How many jobs of one user may be at endpoints at once; null: any number.';

-- Written by claims alone; who queues a job only reads it.
create table atelier_engine.lane_clocks (
  lane_id uuid not null,
  priority integer not null,
  vtime double precision not null,
  primary key (lane_id, priority)
) with (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_cost_delay = 0);
select pg_catalog.pg_extension_config_dump('atelier_engine.lane_clocks', '');
alter table atelier_engine.lane_clocks enable row level security;
grant select on atelier_engine.lane_clocks to service_role;
comment on table atelier_engine.lane_clocks is
$$The virtual time of each lane and priority

As far as the jobs have come that were claimed. A user who had nothing in the queue begins here: he has nothing saved
up from the time before.$$;
comment on column atelier_engine.lane_clocks.vtime is 'The highest vtime of a claimed job.';

create table atelier_engine.parked_groups (
  user_id uuid not null,
  model_id uuid not null,
  workspace_id uuid not null,
  watched boolean not null default true,
  primary key (user_id, model_id, workspace_id)
) with (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_cost_delay = 0);
create index parked_groups_watched_idx on atelier_engine.parked_groups (user_id) where watched;
select pg_catalog.pg_extension_config_dump('atelier_engine.parked_groups', '');
alter table atelier_engine.parked_groups enable row level security;
grant select on atelier_engine.parked_groups to service_role;
comment on table atelier_engine.parked_groups is
$$Users with parked jobs, by model and workspace

While a group is here, new jobs of it are parked behind the others.$$;
comment on column atelier_engine.parked_groups.workspace_id is 'The workspace of the jobs; all zeros: none.';
comment on column atelier_engine.parked_groups.watched is
  'Whether claims look for room for it. False while as much is ready as may run.';

create table atelier_engine.rate_buckets (
  endpoint_id uuid not null references atelier.endpoints (id) on delete cascade,
  token_id uuid not null,
  level double precision not null,
  filled_at timestamptz not null,
  primary key (endpoint_id, token_id)
) with (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_cost_delay = 0);
select pg_catalog.pg_extension_config_dump('atelier_engine.rate_buckets', '');
alter table atelier_engine.rate_buckets enable row level security;
grant select on atelier_engine.rate_buckets to service_role;
comment on table atelier_engine.rate_buckets is
$$How many requests each endpoint may get now with each token

For endpoints with requests_per_minute. No row means full.$$;
comment on column atelier_engine.rate_buckets.token_id is 'The token; all zeros: none is needed.';
comment on column atelier_engine.rate_buckets.level is 'Requests that were allowed at filled_at.';

alter table atelier.workspaces
  add column max_running_jobs integer constraint workspaces_max_running_jobs_positive check (max_running_jobs > 0);
create index workspaces_capped_idx on atelier.workspaces (id) where max_running_jobs is not null;
alter table atelier.api_models
  add column max_concurrency integer constraint api_models_max_concurrency_in_range check (max_concurrency between 0 and 10000);
alter table atelier.endpoints
  add column requests_per_minute integer
    constraint endpoints_requests_per_minute_in_range check (requests_per_minute between 1 and 10000000),
  add column request_burst integer constraint endpoints_request_burst_in_range check (request_burst between 1 and 10000);
alter table atelier.provider_tokens
  add column max_concurrency integer
    constraint provider_tokens_max_concurrency_in_range check (max_concurrency between 0 and 10000);
grant update (max_concurrency) on atelier.provider_tokens to authenticated, service_role;

alter table atelier_engine.attempts
  drop constraint attempts_job_id_fkey,
  drop constraint attempts_endpoint_id_fkey,
  drop constraint attempts_token_id_fkey;
drop index atelier_engine.attempts_endpoint_idx, atelier_engine.attempts_token_idx;
-- For tables with foreign keys.
drop trigger restore_in_any_order_before on atelier_engine.attempts;
drop trigger restore_in_any_order_after on atelier_engine.attempts;
drop trigger restore_in_any_order_before on atelier_engine.queue;
drop trigger restore_in_any_order_after on atelier_engine.queue;
comment on table atelier_engine.attempts is
$$One try of a job at one endpoint

submitting, submitted and ingesting are in flight. ready_at is since when the job could have been claimed;
recorded_at is when the outcome was committed. Its id fences: only the attempt that the queue row names counts.
endpoint_id and token_id stay when the endpoint or the token is deleted.$$;

alter table atelier_engine.queue
  drop constraint queue_job_id_fkey,
  drop constraint queue_state_known,
  add constraint queue_state_known check (state in ('blocked', 'waiting', 'parked', 'ready', 'leased', 'held')),
  add column user_id uuid,
  add column workspace_id uuid not null default '00000000-0000-0000-0000-000000000000',
  add column lane_id uuid not null default '00000000-0000-0000-0000-000000000000',
  add column cost double precision not null default 1 constraint queue_cost_positive check (cost > 0),
  add column vtime double precision not null default 0,
  add column capped boolean not null default false,
  add column token_id uuid,
  add column attempt_count integer not null default 0;
-- Who waited keeps his place: one second of virtual time for each job before him.
update atelier_engine.queue q
   set user_id = j.user_id, workspace_id = coalesce(j.workspace_id, q.workspace_id), token_id = a.token_id,
       lane_id = coalesce(m.provider_id, q.lane_id),
       cost = greatest(coalesce(j.estimated_seconds, m.estimated_seconds, 1), 0.001), vtime = o.place,
       attempt_count = coalesce((select max(n.number) from atelier_engine.attempts n where n.job_id = q.job_id), 0)
  from (select w.job_id, case when w.state <> 'blocked' then row_number() over (order by w.run_at, w.job_id) else 0 end as place
          from atelier_engine.queue w) o
  join atelier.jobs j on j.id = o.job_id
  left join atelier.api_models m on m.id = j.api_model_id
  left join atelier_engine.queue l on l.job_id = j.id
  left join atelier_engine.attempts a on a.id = l.attempt_id
 where q.job_id = o.job_id;
drop index atelier_engine.queue_ready_idx;
-- In the order of claims.
create index queue_ready_idx on atelier_engine.queue (model_id, priority desc, vtime, job_id) where state = 'ready';
-- Of one user: his last job in a lane, and how many there are.
create index queue_user_idx on atelier_engine.queue (user_id, lane_id, priority, vtime) where state = 'ready';
create index queue_parked_user_idx on atelier_engine.queue (user_id, lane_id, priority, vtime) where state = 'parked';
create index queue_parked_idx on atelier_engine.queue (user_id, model_id, workspace_id, priority desc, vtime, job_id)
  where state = 'parked';
comment on table atelier_engine.queue is
$$Jobs that are not finished, one row each

blocked waits for other jobs, waiting for run_at (another try after a failure), parked until a cap lets it through, ready
for a free endpoint. leased belongs to attempt_id until lease_expires_at. held waits until next_check_at, because nobody
knows whether its request was carried out. model_id is the job's model, or the one it failed over to; avoid_endpoint_id is
where it failed and shall not go again for a while.$$;
comment on column atelier_engine.queue.workspace_id is 'The workspace of the job; all zeros: none.';
comment on column atelier_engine.queue.lane_id is
  'The provider of the model: jobs of a lane compete for the same endpoints, and share a virtual clock.';
comment on column atelier_engine.queue.cost is 'Estimated seconds over the weight of the user''s tier.';
comment on column atelier_engine.queue.vtime is
  'When it would end, in the virtual time of its lane: lower ones first. 0 until it is ready for the first time.';
comment on column atelier_engine.queue.capped is
  'Whether its user or workspace had a cap when it was queued, or met one since.';
comment on column atelier_engine.queue.token_id is 'The token that its attempt uses.';
comment on column atelier_engine.queue.attempt_count is 'How many attempts there were: the number of the last one.';

create table atelier_engine.late_results (
  attempt_id uuid primary key,
  job_id uuid not null references atelier.jobs (id) on delete cascade,
  received_at timestamptz not null default clock_timestamp(),
  expires_at timestamptz not null,
  outputs jsonb not null default '[]',
  result jsonb,
  metadata jsonb not null default '{}',
  started_at timestamptz,
  sent_at timestamptz,
  first_byte_at timestamptz,
  finished_at timestamptz,
  adopted_at timestamptz
);
create index late_results_job_idx on atelier_engine.late_results (job_id);
create index late_results_expiry_idx on atelier_engine.late_results (expires_at);
select pg_catalog.pg_extension_config_dump('atelier_engine.late_results', '');
alter table atelier_engine.late_results enable row level security;
grant select on atelier_engine.late_results to service_role;
comment on table atelier_engine.late_results is
$$Results of attempts that were given up or superseded before they came

Kept for a day, bytes included, so that an operator can adopt what was paid for. outputs and result are what
record_successes() takes.$$;

-- Events: whatever is there was committed long ago.
alter table atelier.events add column xid xid8 not null default '3';
alter table atelier.events alter column xid set default pg_current_xact_id();
drop index atelier.events_user_seq_idx;
create index events_user_idx on atelier.events (user_id, xid, seq);
comment on table atelier.events is
$$What happened to a user's things

kind is job.completed, job.failed or job.cancelled; ref is the id of the job. Read with events_since(): in the order of seq
alone, an event that a slow transaction commits late would be missed. Kept for atelier.event_retention.$$;

-- No cursor from before this transaction tells what was deleted after it.
create table atelier_engine.event_horizon (
  deleted_up_to xid8 not null
);
create unique index event_horizon_one_row on atelier_engine.event_horizon ((true));
select pg_catalog.pg_extension_config_dump('atelier_engine.event_horizon', '');
alter table atelier_engine.event_horizon enable row level security;
comment on table atelier_engine.event_horizon is
  'The latest transaction whose events were deleted because they were old. No row: none were.';

drop function atelier_engine.free_slots();
drop function atelier_engine.claim_for_endpoint(uuid, integer);

-- Servers whose answer is data and not a file.
alter table atelier.api_providers
  add column adapter_options jsonb not null default '{}'
    constraint api_providers_adapter_options_is_an_object check (jsonb_typeof(adapter_options) = 'object');
alter table atelier.generations add column result jsonb;

create function atelier_engine.wake_for_cancel()
returns void
language c volatile
as 'MODULE_PATHNAME', 'atelier_wake_for_cancel';
comment on function atelier_engine.wake_for_cancel() is
$$Have the dispatcher look for jobs to cancel when this transaction commits

As wake_dispatcher(), for a job that is in flight.$$;

-- A claim gives more; results are recorded many at a time.
drop function atelier_engine.claim_jobs(integer);
revoke execute on function
  atelier_engine.record_success(uuid, jsonb, jsonb, timestamptz, timestamptz, timestamptz, timestamptz) from atelier_worker;

create table atelier_engine.model_timings (
  model_id uuid not null references atelier.api_models (id) on delete cascade,
  endpoint_id uuid not null references atelier.endpoints (id) on delete cascade,
  samples integer not null,
  median_seconds double precision not null,
  slow_seconds double precision not null,
  updated_at timestamptz not null default clock_timestamp(),
  primary key (model_id, endpoint_id)
);
create index model_timings_endpoint_idx on atelier_engine.model_timings (endpoint_id);
select pg_catalog.pg_extension_config_dump('atelier_engine.model_timings', '');
alter table atelier_engine.model_timings enable row level security;
grant select on atelier_engine.model_timings to service_role;
comment on table atelier_engine.model_timings is
$$How long the latest attempts took, by model and endpoint

Seconds from the claim to the commit of the result: the median, and what 19 of 20 stay below. Kept up by the janitor.$$;

alter table atelier_engine.queue
  add column progress real constraint queue_progress_in_range check (progress between 0 and 1);
comment on column atelier_engine.queue.progress is 'How much of it is done, as its worker says; null: it says nothing.';

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
create table atelier_engine.capability_keys (
  only_one boolean primary key default true constraint capability_keys_only_one check (only_one),
  inner_key bytea not null constraint capability_keys_inner_key_length check (octet_length(inner_key) = 64),
  outer_key bytea not null constraint capability_keys_outer_key_length check (octet_length(outer_key) = 64)
);
alter table atelier_engine.capability_keys enable row level security;
comment on table atelier_engine.capability_keys is
$$The secret with which the tokens of attempts are signed

Made at the first claim; the two keys of HMAC that follow from it. No role has a grant on it, and it is not dumped.
Without the row all tokens that were given out are void.$$;
