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

-- No update in the life of a job changes an index.
drop index atelier.jobs_unfinished_idx;
-- As long as the triggers and what they write are of one version.
update atelier.jobs set moderation_status = 'pending' where moderation_status is null;
alter table atelier.jobs set (fillfactor = 50);
alter table atelier_engine.attempts set (fillfactor = 50);
alter table atelier.generations drop constraint generations_replicate_prediction_id_key;
create unique index generations_replicate_prediction_id_key on atelier.generations (replicate_prediction_id)
  where replicate_prediction_id is not null;

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

-- What somebody kept under this name before named no tokenizer.
update atelier.api_models
   set capabilities = capabilities - 'tokenizer'
 where capabilities ? 'tokenizer'
   and (jsonb_typeof(capabilities -> 'tokenizer') <> 'string'
        or capabilities ->> 'tokenizer' !~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$');

-- Routing: lanes, weights, circuit breakers, pauses and policies for retries.
alter table atelier.api_models
  add column equivalent_models text[] not null default '{}'
    constraint api_models_equivalent_models_have_no_null check (array_position(equivalent_models, null) is null),
  add constraint api_models_tokenizer_is_a_name check (
      not capabilities ? 'tokenizer'
      or jsonb_typeof(capabilities -> 'tokenizer') = 'string'
         and capabilities ->> 'tokenizer' ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$');
alter table atelier.endpoints
  drop constraint endpoints_ambiguity_policy_known,
  add constraint endpoints_ambiguity_policy_known check (ambiguity_policy in ('retry', 'lookup', 'fail', 'hold')),
  drop constraint endpoints_base_url_known,
  add constraint endpoints_base_url_known check (base_url ~ '^(https?://[^\s/]|unix:/|runner:[0-9]{1,3}$|pull:$)\S*$'),
  add constraint endpoints_pull_goes_with_its_adapter check ((base_url = 'pull:') = (adapter = 'pull')),
  add column weight numeric not null default 1 constraint endpoints_weight_in_range check (weight between 0.001 and 1000),
  add column breaker_threshold integer not null default 10
    constraint endpoints_breaker_threshold_in_range check (breaker_threshold between 1 and 1000000);
comment on table atelier.api_models is
$$A model that jobs can name, by model_key or by one of its aliases

parameter_schema is the subset of JSON Schema that queue_job() checks; numbers whose rule says "clamp": true are put
right instead of refused. adapter_options.rename and adapter_options.values put parameters into the model's own words
on their way to the server. input_defaults fills what a request leaves out.
capabilities.job_types maps the job types that the model takes to the defaults of each. estimated_seconds is the time
of one request with the defaults.$$;
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
  add column idempotency_key text,
  add column request_hash bytea,
  add column content_hash bytea,
  add column schedule_id uuid references atelier.schedules (id) on delete set null;
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
  on_dependency_failure text,
  enhancement jsonb
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
  add column max_concurrency integer constraint api_models_max_concurrency_in_range check (max_concurrency between 0 and 10000),
  add column adapter_options jsonb not null default '{}'
    constraint api_models_adapter_options_is_an_object check (jsonb_typeof(adapter_options) = 'object');
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
  add column user_id uuid,
  add column workspace_id uuid not null default '00000000-0000-0000-0000-000000000000',
  add column lane_id uuid not null default '00000000-0000-0000-0000-000000000000',
  add column cost double precision not null default 1,
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
create index queue_user_idx on atelier_engine.queue (user_id, state, lane_id, priority, vtime);
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
alter table atelier.events drop constraint events_user_id_fkey, drop constraint events_kind_is_a_name;
drop trigger restore_in_any_order_before on atelier.events;
drop trigger restore_in_any_order_after on atelier.events;
alter table atelier.events add column xid xid8 not null default '3';
alter table atelier.events alter column xid set default pg_current_xact_id();
drop index atelier.events_user_seq_idx;
create index events_user_idx on atelier.events (user_id, xid, seq);
comment on table atelier.events is
$$What happened to a user's things

kind is job.completed, job.failed or job.cancelled, and ref the id of the job; for admins also token.disabled, and ref the id
of the token. Read with events_since(): in the order of seq
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

alter table atelier.api_providers
  drop constraint api_providers_auth_scheme_known,
  add constraint api_providers_auth_scheme_known
    check (auth_scheme in ('none', 'bearer', 'key', 'token', 'header', 'basic'));
comment on table atelier.api_providers is
$$A company or a kind of server that runs models

auth_scheme says how a token travels in the header auth_header_name: after the word Bearer, Key or Token, alone
(header), or as name:password (basic). With none there is no token.$$;

-- Servers whose answer is data and not a file.
alter table atelier.api_providers
  add column adapter_options jsonb not null default '{}'
    constraint api_providers_adapter_options_is_an_object check (jsonb_typeof(adapter_options) = 'object');
alter table atelier.generations add column result jsonb;

alter table atelier_engine.provider_secrets alter column secret drop not null;
alter table atelier_engine.provider_secrets
  add column sealed bytea,
  add constraint provider_secrets_stored_once check (num_nonnulls(secret, sealed) = 1);
comment on table atelier_engine.provider_secrets is
$$The secrets of provider tokens, sealed with AES-256-GCM

By the key file that atelier.secret_key_file names; the id of the token is sealed in, so that a row opens for no other.
No role has a grant on it, and it is not dumped.$$;
comment on column atelier_engine.provider_secrets.secret is
  'In the clear, as 0.1.0 stored it; seal_provider_tokens() puts an end to that.';
comment on column atelier_engine.provider_secrets.sealed is
  'Version, name of the key, nonce, ciphertext and tag. Only the workers open it, and no function of SQL.';
do $tell$
begin
  if exists (select from atelier_engine.provider_secrets k where k.secret is not null) then
    raise warning using
      message = 'secrets of provider tokens are stored in the clear',
      detail = 'They stay in use.',
      hint = 'Set atelier.secret_key_file, then call atelier.seal_provider_tokens().';
  end if;
end
$tell$;

-- Pools of tokens: rates, caps, and what becomes of a token that is refused.
alter table atelier.api_providers
  add column currency text not null default 'USD' constraint api_providers_currency_is_a_code check (currency ~ '^[A-Z]{3}$');
alter table atelier.provider_tokens
  add column number integer generated always as identity constraint provider_tokens_number_key unique,
  add column requests_per_minute integer
    constraint provider_tokens_requests_per_minute_in_range check (requests_per_minute between 1 and 10000000),
  add column request_burst integer constraint provider_tokens_request_burst_in_range check (request_burst between 1 and 10000),
  add column daily_spend_cap numeric constraint provider_tokens_daily_spend_cap_not_negative check (daily_spend_cap >= 0),
  add column monthly_spend_cap numeric constraint provider_tokens_monthly_spend_cap_not_negative check (monthly_spend_cap >= 0),
  add column disabled_at timestamptz,
  add column disabled_reason text;
select pg_catalog.pg_extension_config_dump('atelier.provider_tokens_number_seq', '');
grant update (requests_per_minute, request_burst, daily_spend_cap, monthly_spend_cap)
  on atelier.provider_tokens to authenticated, service_role;
comment on table atelier.provider_tokens is
$$A token for a provider, without its secret

Made by set_provider_token(). The secret lies apart where no client role can read it, and stays out of dumps. Tokens of a
provider share its jobs; one that reached a rate or a cap is left alone until there is room again. A token that a provider
refuses (401) or that has no credit (402) is disabled, and admins get an event; is_active = true or a new secret enables it.$$;
create table atelier_engine.token_usage (
  token_id uuid primary key references atelier.provider_tokens (id) on delete cascade,
  level double precision,
  filled_at timestamptz,
  day date,
  spent_on_day numeric not null default 0,
  month date,
  spent_in_month numeric not null default 0
) with (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_cost_delay = 0);
select pg_catalog.pg_extension_config_dump('atelier_engine.token_usage', '');
alter table atelier_engine.token_usage enable row level security;
grant select on atelier_engine.token_usage to service_role;
comment on table atelier_engine.token_usage is
$$What each token has used up of its rate and its caps

Days and months are those of UTC; of earlier ones the numbers mean nothing any more. Amounts are in the currency of the
provider.$$;
comment on column atelier_engine.token_usage.level is 'Requests that were allowed at filled_at; null: the bucket is full.';
comment on column atelier_engine.token_usage.filled_at is 'When that was.';
comment on column atelier_engine.token_usage.day is 'The day of spent_on_day.';
comment on column atelier_engine.token_usage.spent_on_day is 'What its requests cost that day.';
comment on column atelier_engine.token_usage.month is 'The first day of the month of spent_in_month.';
comment on column atelier_engine.token_usage.spent_in_month is 'What its requests cost that month.';

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
  add column progress real;
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
create table atelier_engine.capability_secrets (
  only_one boolean primary key default true constraint capability_secrets_only_one check (only_one),
  secret bytea not null constraint capability_secrets_length check (octet_length(secret) = 32)
);
alter table atelier_engine.capability_secrets enable row level security;
comment on table atelier_engine.capability_secrets is
$$The secret with which the tokens of attempts are signed

Made at the first claim. No role has a grant on it, and it is not dumped.
Without the row all tokens that were given out are void.$$;

-- One check constraint for each table that every job writes: their texts are read anew for each statement.
alter table atelier.jobs
  drop constraint jobs_status_known, drop constraint jobs_job_type_known, drop constraint jobs_format_known,
  drop constraint jobs_quality_known, drop constraint jobs_model_type_is_a_slug,
  drop constraint jobs_parameters_is_an_object, drop constraint jobs_destination_known,
  drop constraint jobs_priority_in_range, drop constraint jobs_attempts_not_negative,
  drop constraint jobs_max_attempts_in_range, drop constraint jobs_moderation_status_known,
  drop constraint jobs_completed_at_set_when_finished;
alter table atelier.generations drop constraint generations_action_known, drop constraint generations_status_known;
alter table atelier_engine.attempts drop constraint attempts_state_known;
alter table atelier_engine.queue
  drop constraint queue_state_known, drop constraint queue_owner_complete, drop constraint queue_lease_has_end,
  drop constraint queue_held_has_next_check;
create function atelier_engine.assert_valid_job(job atelier.jobs)
returns boolean
language c immutable strict parallel safe
as 'MODULE_PATHNAME', 'atelier_assert_valid_job';
grant execute on function atelier_engine.assert_valid_job(atelier.jobs) to service_role;
comment on function atelier_engine.assert_valid_job(atelier.jobs) is
$$Check constraint: what a job may hold

status: queued, processing, completed, failed, cancelled. job_type: the fifteen of the job types. format: image, video, chat.
quality: fast, high. destination: library, workspace. moderation_status: unchecked, pending,
approved, flagged, quarantined, rejected. priority: -1000 to 1000. attempts: 0 or more. max_attempts: 1 to 100. model_type: a slug. parameters: an object. idempotency_key: 1 to
255 characters, with its request_hash. completed_at: when the job has ended, and only then. Raises 23514.$$;
alter table atelier.jobs add constraint jobs_are_valid check (atelier_engine.assert_valid_job(jobs));
create function atelier_engine.assert_valid_generation(generation atelier.generations)
returns boolean
language c immutable strict parallel safe
as 'MODULE_PATHNAME', 'atelier_assert_valid_generation';
grant execute on function atelier_engine.assert_valid_generation(atelier.generations) to authenticated, service_role;
comment on function atelier_engine.assert_valid_generation(atelier.generations) is
$$Check constraint: what a generation may hold

action: create, edit, upscale, remove_bg, inpaint, expand, video_create, video_i2v, video_edit, video_upscale,
video_keyframes, analyze_describe, analyze_ocr, analyze_prompt, chat. status: pending, processing, completed, failed,
cancelled. Raises 23514.$$;
alter table atelier.generations
  add constraint generations_are_valid check (atelier_engine.assert_valid_generation(generations));
create function atelier_engine.assert_valid_attempt(attempt atelier_engine.attempts)
returns boolean
language c immutable strict parallel safe
as 'MODULE_PATHNAME', 'atelier_assert_valid_attempt';
comment on function atelier_engine.assert_valid_attempt(atelier_engine.attempts) is
$$Check constraint: what an attempt may hold

state: submitting, submitted, ingesting, succeeded, failed, cancelled, ambiguous. Raises 23514.$$;
alter table atelier_engine.attempts
  add constraint attempts_are_valid check (atelier_engine.assert_valid_attempt(attempts));
create function atelier_engine.assert_valid_queue_entry(entry atelier_engine.queue)
returns boolean
language c immutable strict parallel safe
as 'MODULE_PATHNAME', 'atelier_assert_valid_queue_entry';
comment on function atelier_engine.assert_valid_queue_entry(atelier_engine.queue) is
$$Check constraint: what an entry of the queue may hold

state: blocked, waiting, parked, ready, leased, held. cost: above 0. progress: 0 to 1. attempt_id and endpoint_id: when it
is leased or held, and only then; so with lease_expires_at (leased) and next_check_at (held). Raises 23514.$$;
alter table atelier_engine.queue
  add constraint queue_entries_are_valid check (atelier_engine.assert_valid_queue_entry(queue));

create type atelier_engine.resolved_request as (
  api_model_id uuid,
  job_type text,
  format text,
  quality text,
  model_type text,
  parameters jsonb,
  draws_seed boolean,
  takes_pictures boolean,
  estimated_seconds numeric,
  is_moderated boolean
);
comment on type atelier_engine.resolved_request is
  'What follows from the model, job type and parameters of a request: all that depends on the catalogue of models and the checks alone';

-- Asking servers how they are.
alter table atelier.endpoints
  add column health_path text
    constraint endpoints_health_path_is_a_path check (health_path ~ '^[\x21-\x7e]*$' and char_length(health_path) <= 500),
  add column probe_interval interval
    constraint endpoints_probe_interval_in_range
    check (probe_interval = interval '0' or probe_interval between interval '1 second' and interval '1 day');
alter table atelier_engine.endpoint_states
  add column probed_at timestamptz,
  add column probe_until timestamptz,
  add column probe_error text,
  add column probe_failing boolean not null default false;
comment on column atelier_engine.endpoint_states.probed_at is 'When it was last asked how it is.';
comment on column atelier_engine.endpoint_states.probe_until is
  'Until when the answer to that is waited for, while the breaker stays open; null: it is there.';
comment on column atelier_engine.endpoint_states.probe_error is 'What was wrong with that answer; null: nothing.';
comment on column atelier_engine.endpoint_states.probe_failing is
  'Whether such a question found it not well: then such a question can find it well again.';

-- Jobs: requests whose answer was lost, and whose provider is asked what became of them.

create table atelier_engine.lookups (
  attempt_id uuid primary key,
  job_id uuid not null references atelier.jobs (id) on delete cascade,
  created_at timestamptz not null default clock_timestamp(),
  ask_at timestamptz not null default clock_timestamp(),
  asked integer not null default 0,
  unknown_count integer not null default 0,
  last_answer text
);
create index lookups_job_idx on atelier_engine.lookups (job_id);
select pg_catalog.pg_extension_config_dump('atelier_engine.lookups', '');
alter table atelier_engine.lookups enable row level security;
grant select on atelier_engine.lookups to service_role;
comment on table atelier_engine.lookups is
$$Attempts of unknown outcome whose provider is asked what became of them

Their jobs are held meanwhile: who decides about one by resolve_held_job(), or the end of hold_timeout, ends the asking.$$;
comment on column atelier_engine.lookups.ask_at is 'When the provider is asked next.';
comment on column atelier_engine.lookups.asked is 'How often it answered, or did not.';
comment on column atelier_engine.lookups.unknown_count is 'How often in a row it did not know the request.';
comment on column atelier_engine.lookups.last_answer is 'What it said last, or why it said nothing.';

create table atelier_engine.stops (
  attempt_id uuid primary key,
  job_id uuid not null references atelier.jobs (id) on delete cascade,
  ask_at timestamptz not null default clock_timestamp(),
  asked integer not null default 0,
  last_answer text
);
create index stops_job_idx on atelier_engine.stops (job_id);
alter table atelier_engine.stops enable row level security;
grant select on atelier_engine.stops to service_role;
comment on table atelier_engine.stops is
$$Requests that nobody wants any more and that nobody carries, whose provider is told to stop

Their jobs are cancelled or failed. A few times, then it is left at that. Not dumped: a copy of the database has no
business with what the original asked for.$$;
comment on column atelier_engine.stops.ask_at is 'When the provider is told next.';
comment on column atelier_engine.stops.asked is 'How often it did not hear.';
comment on column atelier_engine.stops.last_answer is 'Why not.';

create table atelier_engine.server_rates (
  endpoint_id uuid not null references atelier.endpoints (id) on delete cascade,
  token_id uuid not null,
  remaining integer not null constraint server_rates_remaining_not_negative check (remaining >= 0),
  reset_at timestamptz not null,
  reported_at timestamptz not null,
  primary key (endpoint_id, token_id)
) with (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_cost_delay = 0);
alter table atelier_engine.server_rates enable row level security;
grant select on atelier_engine.server_rates to service_role;
comment on table atelier_engine.server_rates is
$$How many more requests servers said they take

From the headers of their latest answers. It holds until reset_at, and then nothing is known. Not dumped.$$;
comment on column atelier_engine.server_rates.token_id is 'The token of the requests; all zeros: none.';
comment on column atelier_engine.server_rates.remaining is 'How many more it took at reported_at.';
comment on column atelier_engine.server_rates.reset_at is 'When it takes as many as ever again.';
comment on column atelier_engine.server_rates.reported_at is 'When its answer began.';

create table atelier.conversations (
  id uuid primary key default atelier.uuid7(),
  user_id uuid not null default auth.uid() references atelier.profiles (id) on delete cascade,
  project_id uuid,
  title text not null default 'New Conversation'
    constraint conversations_title_length check (char_length(title) between 1 and 500),
  conversation_type text not null default 'general'
    constraint conversations_conversation_type_length check (char_length(conversation_type) between 1 and 100),
  status text not null default 'active'
    constraint conversations_status_length check (char_length(status) between 1 and 100),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  character_id uuid,
  user_character_id uuid,
  memory_tier text not null default 'conversation'
    constraint conversations_memory_tier_known check (memory_tier in ('conversation', 'character', 'profile')),
  memory_data jsonb not null default '{}'
    constraint conversations_memory_data_is_an_object check (jsonb_typeof(memory_data) = 'object')
    constraint conversations_memory_data_size check (octet_length(memory_data::text) <= 65536),
  current_location text,
  last_scene_image text,
  -- Without a foreign key: the two tables would refer to each other, and no dump could be loaded in order.
  active_message_id uuid,
  -- What messages refers to, so that nobody writes into the conversation of somebody else.
  constraint conversations_id_user_id_key unique (id, user_id)
);
create index conversations_user_idx on atelier.conversations (user_id, updated_at desc);
select pg_catalog.pg_extension_config_dump('atelier.conversations', '');
alter table atelier.conversations enable row level security;
alter table atelier.conversations force row level security;
grant select, delete,
  insert (id, user_id, project_id, title, conversation_type, status, character_id, user_character_id, memory_tier,
    memory_data, current_location, last_scene_image),
  update (project_id, title, conversation_type, status, character_id, user_character_id, memory_tier, memory_data,
    current_location, last_scene_image)
  on atelier.conversations to authenticated;
grant select, insert, update, delete on atelier.conversations to service_role;
comment on table atelier.conversations is
$$Conversations of a user with a model

updated_at is when something was said last. conversation_messages() reads the branch that active_message_id ends. Deleting
one deletes what was said.$$;

create table atelier.messages (
  id uuid primary key default atelier.uuid7(),
  conversation_id uuid not null,
  user_id uuid not null default auth.uid(),
  sender text not null constraint messages_sender_known check (sender in ('user', 'assistant')),
  content text not null
    constraint messages_content_length
    check (octet_length(content) <= case sender when 'user' then 1048576 else 8388608 end),
  message_type text not null default 'text'
    constraint messages_message_type_length check (char_length(message_type) between 1 and 100),
  created_at timestamptz not null default now(),
  job_id uuid constraint messages_job_key unique references atelier.jobs (id) on delete set null,
  -- Deferred, so that the trigger that closes gaps comes first.
  parent_id uuid constraint messages_parent_fkey references atelier.messages (id) deferrable initially deferred,
  state text not null default 'complete'
    constraint messages_state_known check (state in ('pending', 'complete', 'stopped', 'failed')),
  request jsonb
    constraint messages_request_is_an_object check (jsonb_typeof(request) = 'object')
    constraint messages_request_size check (octet_length(request::text) <= 65536),
  idempotency_key text
    constraint messages_idempotency_key_length check (char_length(idempotency_key) between 1 and 255),
  request_hash bytea,
  constraint messages_conversation_fkey foreign key (conversation_id, user_id)
    references atelier.conversations (id, user_id) on delete cascade
);
create index messages_conversation_idx on atelier.messages (conversation_id, user_id, created_at);
create index messages_user_idx on atelier.messages (user_id);
create index messages_parent_idx on atelier.messages (parent_id, conversation_id);
create unique index messages_idempotency_key_key on atelier.messages (user_id, idempotency_key)
  where idempotency_key is not null;
select pg_catalog.pg_extension_config_dump('atelier.messages', '');
alter table atelier.messages enable row level security;
alter table atelier.messages force row level security;
grant select, delete, insert (id, conversation_id, user_id, sender, content, message_type) on atelier.messages to authenticated;
grant select, insert, update, delete on atelier.messages to service_role;
comment on table atelier.messages is
$$What was said in a conversation

A tree: parent_id is what a message follows, and the active branch ends with active_message_id of the conversation. The
answer of a model names its job: content is empty until that has ended, and message_stream() gives what there is
meanwhile.$$;

create table atelier_engine.text_pieces (
  attempt_id uuid not null,
  starts_at integer not null,
  text text not null,
  primary key (attempt_id, starts_at)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 5000);
alter table atelier_engine.text_pieces enable row level security;
comment on table atelier_engine.text_pieces is
$$Answers that are coming bit by bit, in pieces

starts_at counts characters. Rows are only added, so that a long answer is not written again with every word; they go when
the job ends, and the whole answer is in one place. Not dumped: a copy of the database gets no more of it.$$;

create function atelier_engine.wake_for_webhooks()
returns void
language c volatile
as 'MODULE_PATHNAME', 'atelier_wake_for_webhooks';
comment on function atelier_engine.wake_for_webhooks() is
$$Have the dispatcher look at webhooks when this transaction commits

As wake_dispatcher(), for webhooks and for the keys of those who sign them.$$;

create function atelier_engine.miss_webhook_key()
returns void
language c volatile
as 'MODULE_PATHNAME', 'atelier_miss_webhook_key';
comment on function atelier_engine.miss_webhook_key() is
$$Have the dispatcher fetch the keys again with which webhooks are signed

Soon, whatever becomes of this transaction: a webhook that is refused is rolled back.$$;

alter table atelier.api_providers
  add column webhook_url text
    constraint api_providers_webhook_url_is_http
    check (webhook_url ~ '^https?://[^\s/?#]+(/[\x21-\x7e]*)?$' and char_length(webhook_url) <= 1000);
alter table atelier.provider_tokens
  add column account_id text constraint provider_tokens_account_id_is_a_word check (account_id ~ '^[\x21-\x7e]{1,200}$');
grant update (account_id) on atelier.provider_tokens to authenticated, service_role;
create index attempts_external_idx on atelier_engine.attempts (external_id) where external_id is not null;

-- Webhooks: what providers say by themselves of the requests that they were sent. A hint, never a result: whatever it
-- says, the provider is asked.

create table atelier_engine.webhooks (
  adapter text not null,
  webhook_id text not null,
  received_at timestamptz not null default clock_timestamp(),
  external_id text not null,
  attempt_id uuid,
  token_ids uuid[],
  is_waiting boolean not null default true,
  constraint webhooks_pkey primary key (adapter, webhook_id)
) with (fillfactor = 50);
create index webhooks_waiting_idx on atelier_engine.webhooks (received_at) where is_waiting;
create index webhooks_received_idx on atelier_engine.webhooks (received_at);
alter table atelier_engine.webhooks enable row level security;
grant select on atelier_engine.webhooks to service_role;
comment on table atelier_engine.webhooks is
$$Webhooks that were taken, so that none counts twice

Kept for a day. Not dumped: a copy is told nothing.$$;
comment on column atelier_engine.webhooks.adapter is 'The adapter of the endpoints whose provider sends such ones.';
comment on column atelier_engine.webhooks.webhook_id is
  'What tells it from others of its kind; the same when it is sent again.';
comment on column atelier_engine.webhooks.received_at is 'When it came.';
comment on column atelier_engine.webhooks.external_id is 'The provider''s id of the request that it is about.';
comment on column atelier_engine.webhooks.attempt_id is
  'The attempt that it is about; null: that was not known when it came.';
comment on column atelier_engine.webhooks.token_ids is
  'The tokens of those who can have sent it; null: that does not show.';
comment on column atelier_engine.webhooks.is_waiting is
  'Whether the dispatcher has yet to see it, or to hear of the request that it is about.';

create table atelier_engine.webhook_secrets (
  token_id uuid primary key references atelier.provider_tokens (id) on delete cascade,
  sealed bytea not null,
  updated_at timestamptz not null default now()
);
alter table atelier_engine.webhook_secrets enable row level security;
comment on table atelier_engine.webhook_secrets is
$$The secrets with which accounts at providers sign webhooks, sealed as those of provider_secrets are

Stored by set_webhook_secret(). No role has a grant on it, and it is not dumped.$$;
comment on column atelier_engine.webhook_secrets.sealed is
  'Opened to verify a signature, in C++ and nowhere else; no function of SQL gives it away.';

create table atelier_engine.webhook_key_sets (
  provider_id uuid primary key references atelier.api_providers (id) on delete cascade,
  url text constraint webhook_key_sets_url_is_https check (url ~ '^https?://[^\s/?#]+(/[\x21-\x7e]*)?$'),
  keys bytea[] not null default '{}',
  fetched_at timestamptz,
  ask_at timestamptz,
  last_error text
);
alter table atelier_engine.webhook_key_sets enable row level security;
grant select on atelier_engine.webhook_key_sets to service_role;
comment on table atelier_engine.webhook_key_sets is
$$The public keys with which providers sign webhooks

Fetched from url and kept for a day, or stored by set_webhook_keys(). Not dumped: they are fetched again.$$;
comment on column atelier_engine.webhook_key_sets.url is 'Where they are fetched; null: they are not, but stored by hand.';
comment on column atelier_engine.webhook_key_sets.keys is 'The raw bytes of the Ed25519 keys.';
comment on column atelier_engine.webhook_key_sets.fetched_at is 'When they were fetched or stored last.';
comment on column atelier_engine.webhook_key_sets.ask_at is 'When they are fetched next.';
comment on column atelier_engine.webhook_key_sets.last_error is 'Why that failed last; null: it did not.';

-- Billing: prices, and logs of the calls of providers, partitioned by time.
alter table atelier.api_models add constraint api_models_id_provider_key unique (id, provider_id);
create table atelier.api_prices (
  id uuid primary key default atelier.uuid7(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  provider_id uuid not null references atelier.api_providers (id) on delete cascade,
  model_id uuid,
  unit text not null
    constraint api_prices_unit_known check (unit in (
      'input_token', 'cached_input_token', 'output_token', 'image', 'megapixel', 'second', 'video_second', 'request', 'credit')),
  price numeric(20, 10) not null constraint api_prices_price_in_range check (price between 0 and 9999999999),
  per integer not null default 1 constraint api_prices_per_known check (per in (1, 1000, 1000000)),
  valid_from timestamptz not null default now()
    constraint api_prices_valid_from_is_a_time check (isfinite(valid_from)),
  valid_until timestamptz,
  notes text constraint api_prices_notes_length check (char_length(notes) <= 2000),
  constraint api_prices_valid_for_some_time check (valid_until > valid_from),
  -- A model and its provider.
  constraint api_prices_model_fkey foreign key (model_id, provider_id)
    references atelier.api_models (id, provider_id) on update cascade on delete cascade,
  -- Of what GiST can tell apart without another extension: equal hashes stand for an equal provider, model and unit.
  constraint api_prices_do_not_overlap exclude using gist (
    pg_catalog.numrange(
      pg_catalog.hashtextextended(provider_id::text || coalesce(model_id::text, '') || unit, 0),
      pg_catalog.hashtextextended(provider_id::text || coalesce(model_id::text, '') || unit, 0), '[]') with &&,
    pg_catalog.tstzrange(valid_from, valid_until) with &&)
);
create index api_prices_provider_idx on atelier.api_prices (provider_id, model_id, valid_from);
create index api_prices_model_idx on atelier.api_prices (model_id, provider_id) where model_id is not null;
select pg_catalog.pg_extension_config_dump('atelier.api_prices', '');
alter table atelier.api_prices enable row level security;
alter table atelier.api_prices force row level security;
grant select, insert, update, delete on atelier.api_prices to authenticated, service_role;
comment on table atelier.api_prices is
$$What providers charge, by time

A row holds from valid_from until valid_until. Several rows of a provider add up: one for input and one for output tokens,
say. Where a model has rows of its own, those of its provider as a whole do not count for it. No two rows overlap that
are for the same provider, model and unit (23P01); set_price() ends the old one. Everybody who is signed in reads them,
administrators write them.$$;

create table atelier.api_cost_logs (
  id uuid not null default atelier.uuid7(),
  user_id uuid,
  provider text not null,
  operation text not null,
  model_used text,
  prompt_tokens bigint,
  completion_tokens bigint,
  total_tokens bigint,
  estimated_cost numeric,
  metadata jsonb not null default '{}',
  created_at timestamptz not null default now(),
  content_id uuid,
  processing_status text not null,
  generation_params jsonb not null default '{}',
  prompt_used text,
  error_message text,
  completed_at timestamptz,
  started_at timestamptz,
  ai_config_name text,
  character_profile_id uuid,
  actual_cost numeric,
  actual_cost_usd numeric,
  currency text not null,
  job_id uuid not null,
  attempt_id uuid not null,
  token_id uuid
) partition by range (created_at);
select pg_catalog.pg_extension_config_dump('atelier.api_cost_logs', '');
alter table atelier.api_cost_logs enable row level security;
alter table atelier.api_cost_logs force row level security;
grant select on atelier.api_cost_logs to authenticated, service_role;
comment on table atelier.api_cost_logs is
$$What each call of a provider cost

One row for each attempt that was sent to a provider which wants a token or has a price. actual_cost is what the provider
said, estimated_cost what its prices make of what was counted; what was counted is in metadata.quantities. Null: nobody
knows. Only the engine writes rows; people see their own, administrators all. Kept for atelier.cost_log_retention.$$;

create table atelier.api_logs (
  id uuid not null default atelier.uuid7(),
  method text not null,
  path text not null,
  status_code integer,
  duration_ms integer,
  user_id uuid,
  provider text,
  external_status text,
  model_name text,
  generation_id uuid,
  query_params jsonb,
  request_body jsonb,
  error_message text,
  error_stack text,
  error_category text,
  response_summary jsonb,
  is_fallback boolean not null default false,
  retry_count integer not null default 0,
  ip_address text,
  created_at timestamptz not null default now(),
  job_id uuid not null,
  attempt_id uuid not null
) partition by range (created_at);
select pg_catalog.pg_extension_config_dump('atelier.api_logs', '');
alter table atelier.api_logs enable row level security;
alter table atelier.api_logs force row level security;
grant select on atelier.api_logs to authenticated, service_role;
comment on table atelier.api_logs is
$$The calls of providers, one row for each attempt

What was asked, without credentials and without files, and what came of it. Only the engine writes rows, while
atelier.api_logging is on; administrators read them. Kept for atelier.api_log_retention.$$;

create table atelier_engine.unlogged_calls (
  attempt_id uuid primary key,
  outputs jsonb,
  metadata jsonb,
  noted_at timestamptz not null default clock_timestamp(),
  tries integer not null default 0,
  last_error text
);
select pg_catalog.pg_extension_config_dump('atelier_engine.unlogged_calls', '');
alter table atelier_engine.unlogged_calls enable row level security;
grant select on atelier_engine.unlogged_calls to service_role;
comment on table atelier_engine.unlogged_calls is
$$Calls that could not be logged when they were recorded

Because there was no partition, for example: a log is no reason to lose a result. The janitor logs them.$$;
create type atelier.content_mode as enum ('sfw', 'nsfw');
comment on type atelier.content_mode is
  'For whom something is: sfw for everybody, nsfw for people whose age is verified. Atelier brings rows for sfw only.';

create table atelier.prompt_templates (
  id uuid primary key default atelier.uuid7(),
  enhancer_model text not null
    constraint prompt_templates_enhancer_model_is_a_word check (enhancer_model ~ '^\S{1,200}$'),
  use_case text not null constraint prompt_templates_use_case_is_a_name check (use_case ~ '^[a-z0-9][a-z0-9_]{0,62}$'),
  content_mode atelier.content_mode not null default 'sfw',
  template_name text not null
    constraint prompt_templates_template_name_length check (char_length(template_name) between 1 and 200)
    constraint prompt_templates_template_name_is_not_blank check (template_name ~ '\S'),
  system_prompt text not null
    constraint prompt_templates_system_prompt_is_not_blank check (system_prompt ~ '\S')
    constraint prompt_templates_system_prompt_length check (char_length(system_prompt) <= 20000),
  token_limit integer not null default 512
    constraint prompt_templates_token_limit_in_range check (token_limit between 1 and 32768),
  is_active boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid default auth.uid() references atelier.profiles (id) on delete set null,
  version integer not null constraint prompt_templates_version_positive check (version > 0),
  metadata jsonb not null default '{}'
    constraint prompt_templates_metadata_is_an_object check (jsonb_typeof(metadata) = 'object')
    constraint prompt_templates_metadata_size check (octet_length(metadata::text) <= 16384),
  job_type text constraint prompt_templates_job_type_known check (job_type in ('chat', 'image', 'video')),
  target_model text constraint prompt_templates_target_model_is_a_word check (target_model ~ '^\S{1,200}$'),
  description text constraint prompt_templates_description_length check (char_length(description) <= 2000),
  comment text constraint prompt_templates_comment_length check (char_length(comment) <= 2000),
  provider text constraint prompt_templates_provider_length check (char_length(provider) between 1 and 200),
  published_at timestamptz,
  retired_at timestamptz,
  constraint prompt_templates_version_key unique (enhancer_model, use_case, content_mode, template_name, version),
  constraint prompt_templates_active_is_published
    check (case when is_active then published_at is not null and retired_at is null
                else (published_at is null) = (retired_at is null) end)
);
create unique index prompt_templates_active_key
  on atelier.prompt_templates (enhancer_model, use_case, content_mode, template_name) where is_active;
create index prompt_templates_lookup_idx on atelier.prompt_templates (use_case, content_mode) where is_active;
create index prompt_templates_created_by_idx on atelier.prompt_templates (created_by) where created_by is not null;
select pg_catalog.pg_extension_config_dump('atelier.prompt_templates', '');
alter table atelier.prompt_templates enable row level security;
alter table atelier.prompt_templates force row level security;
grant select, insert, update, delete on atelier.prompt_templates to authenticated, service_role;
comment on table atelier.prompt_templates is
$$System prompts, in versions

A template is named by enhancer_model, use_case, content_mode and template_name; at most one of its versions is active.
A new row is a draft. Once it was published, its words stay as they are: a change is a new version. Administrators see
and write them; everybody else gets the one that fits by resolve_prompt_template().$$;

create type atelier_engine.template_match as (
  step integer,
  matched text,
  template atelier.prompt_templates
);
comment on type atelier_engine.template_match is 'A template that fits, and what was given up for it';

create table atelier.negative_prompts (
  id uuid primary key default atelier.uuid7(),
  model_type text not null default 'sdxl'
    constraint negative_prompts_model_type_is_a_word check (model_type ~ '^\S{1,200}$'),
  content_mode atelier.content_mode not null default 'sfw',
  negative_prompt text not null
    constraint negative_prompts_negative_prompt_is_not_blank check (negative_prompt ~ '\S')
    constraint negative_prompts_negative_prompt_length check (octet_length(negative_prompt) <= 2000),
  is_active boolean not null default true,
  priority integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid default auth.uid() references atelier.profiles (id) on delete set null,
  description text constraint negative_prompts_description_length check (char_length(description) <= 2000),
  generation_mode text not null default 'txt2img'
    constraint negative_prompts_generation_mode_known check (generation_mode in ('txt2img', 'i2i')),
  constraint negative_prompts_negative_prompt_key unique (model_type, content_mode, generation_mode, negative_prompt)
);
create index idx_negative_prompts_lookup
  on atelier.negative_prompts (model_type, content_mode, generation_mode, is_active, priority);
create index negative_prompts_created_by_idx on atelier.negative_prompts (created_by) where created_by is not null;
select pg_catalog.pg_extension_config_dump('atelier.negative_prompts', '');
alter table atelier.negative_prompts enable row level security;
alter table atelier.negative_prompts force row level security;
grant select, insert, update, delete on atelier.negative_prompts to authenticated, service_role;
comment on table atelier.negative_prompts is
$$What pictures must not show

Terms between commas. get_negative_prompt() puts the rows of a model together. Administrators see and write them.$$;

create table atelier.enhancement_presets (
  id uuid primary key default atelier.uuid7(),
  preset_name text not null
    constraint enhancement_presets_preset_name_key unique
    constraint enhancement_presets_preset_name_length check (char_length(preset_name) between 1 and 100)
    constraint enhancement_presets_preset_name_is_not_blank check (preset_name ~ '\S'),
  preset_description text
    constraint enhancement_presets_preset_description_length check (char_length(preset_description) <= 2000),
  enable_qwen boolean not null,
  enable_compel boolean not null,
  auto_enhancement boolean not null,
  compel_weights jsonb,
  qwen_settings jsonb
    constraint enhancement_presets_qwen_settings_is_an_object check (jsonb_typeof(qwen_settings) = 'object')
    constraint enhancement_presets_qwen_settings_size check (octet_length(qwen_settings::text) <= 16384),
  usage_count integer not null default 0
    constraint enhancement_presets_usage_count_not_negative check (usage_count >= 0),
  avg_quality_with_preset numeric(3, 2)
    constraint enhancement_presets_avg_quality_with_preset_not_negative check (avg_quality_with_preset >= 0),
  is_recommended boolean not null default false,
  created_at timestamptz not null default now(),
  created_by uuid default auth.uid() references atelier.profiles (id) on delete set null
);
create index enhancement_presets_created_by_idx on atelier.enhancement_presets (created_by) where created_by is not null;
select pg_catalog.pg_extension_config_dump('atelier.enhancement_presets', '');
alter table atelier.enhancement_presets enable row level security;
alter table atelier.enhancement_presets force row level security;
grant select, insert, update, delete on atelier.enhancement_presets to authenticated, service_role;
comment on table atelier.enhancement_presets is
$$Ways of improving prompts, by name

Whether a language model rewrites a prompt, whether its words are weighted, and how. Administrators see and write them.$$;

create table atelier.compel_configs (
  id uuid primary key default atelier.uuid7(),
  config_name text not null
    constraint compel_configs_config_name_length check (char_length(config_name) between 1 and 100)
    constraint compel_configs_config_name_is_not_blank check (config_name ~ '\S'),
  weights jsonb not null,
  -- The key order of jsonb is fixed, so that equal weights have equal hashes.
  config_hash text not null
    generated always as (encode(sha256(replace(weights::text, '\', '\\')::bytea), 'hex')) stored
    constraint compel_configs_config_hash_key unique,
  total_tests integer not null default 0
    constraint compel_configs_total_tests_not_negative check (total_tests >= 0),
  avg_quality numeric(3, 2) constraint compel_configs_avg_quality_not_negative check (avg_quality >= 0),
  avg_consistency numeric(3, 2) constraint compel_configs_avg_consistency_not_negative check (avg_consistency >= 0),
  is_active boolean not null default false,
  created_at timestamptz not null default now(),
  created_by uuid default auth.uid() references atelier.profiles (id) on delete set null
);
create unique index compel_configs_active_key on atelier.compel_configs (config_name) where is_active;
create index compel_configs_created_by_idx on atelier.compel_configs (created_by) where created_by is not null;
select pg_catalog.pg_extension_config_dump('atelier.compel_configs', '');
alter table atelier.compel_configs enable row level security;
alter table atelier.compel_configs force row level security;
grant select, insert, update, delete on atelier.compel_configs to authenticated, service_role;
comment on table atelier.compel_configs is
$$Weights of words, by name

apply_compel_config() gives them to the words of a prompt. At most one of a name is active. Administrators see and write
them.$$;

create table atelier.content_terms (
  id uuid primary key default atelier.uuid7(),
  term text not null
    constraint content_terms_term_is_normal
      check (term = lower(term) and term ~ '^\S+( \S+)*$' and char_length(term) <= 100)
    constraint content_terms_term_key unique,
  meaning text not null constraint content_terms_meaning_known check (meaning in ('nsfw', 'harmless')),
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid default auth.uid() references atelier.profiles (id) on delete set null
);
create index content_terms_created_by_idx on atelier.content_terms (created_by) where created_by is not null;
select pg_catalog.pg_extension_config_dump('atelier.content_terms', '');
alter table atelier.content_terms enable row level security;
alter table atelier.content_terms force row level security;
grant select, insert, update, delete on atelier.content_terms to authenticated, service_role;
comment on table atelier.content_terms is
$$Words by which detect_content_mode() judges prompts

A term that means nsfw makes a prompt nsfw. A harmless one excuses only the characters that it covers itself: with "nude
lipstick" harmless, "a nude with nude lipstick" is nsfw all the same. Administrators see and write them.$$;

create table atelier.prompt_enhancements (
  id uuid primary key default atelier.uuid7(),
  user_id uuid not null references atelier.profiles (id) on delete cascade,
  job_id uuid references atelier.jobs (id) on delete cascade,
  enhancement_job_id uuid references atelier.jobs (id) on delete set null,
  original_prompt text not null,
  enhanced_prompt text,
  enhancement_strategy text not null default 'pending'
    constraint prompt_enhancements_enhancement_strategy_known
      check (enhancement_strategy in ('pending', 'rewritten', 'weighted', 'given', 'exact_copy', 'error_fallback')),
  fallback_reason text
    constraint prompt_enhancements_fallback_reason_known
      check (fallback_reason in ('failed', 'cancelled', 'empty', 'too_long', 'refused', 'content_mode', 'unusable', 'no_model',
                                 'no_template')),
  enhancer_model text,
  template_id uuid references atelier.prompt_templates (id) on delete set null,
  template_name text,
  content_mode atelier.content_mode not null default 'sfw',
  token_limit integer constraint prompt_enhancements_token_limit_positive check (token_limit > 0),
  token_count integer constraint prompt_enhancements_token_count_not_negative check (token_count >= 0),
  token_count_exact boolean,
  compel_weights jsonb,
  options jsonb not null default '{}'
    constraint prompt_enhancements_options_is_an_object check (jsonb_typeof(options) = 'object'),
  enhancement_time_ms integer,
  created_at timestamptz not null default clock_timestamp(),
  completed_at timestamptz,
  constraint prompt_enhancements_fallback_has_a_reason
    check ((enhancement_strategy = 'error_fallback') = (fallback_reason is not null)),
  constraint prompt_enhancements_pending_is_not_over check ((enhancement_strategy = 'pending') = (completed_at is null))
);
create index prompt_enhancements_user_idx on atelier.prompt_enhancements (user_id, created_at desc);
create unique index prompt_enhancements_job_key on atelier.prompt_enhancements (job_id) where job_id is not null;
create unique index prompt_enhancements_enhancement_job_key on atelier.prompt_enhancements (enhancement_job_id)
  where enhancement_job_id is not null;
create index prompt_enhancements_template_idx on atelier.prompt_enhancements (template_id) where template_id is not null;
select pg_catalog.pg_extension_config_dump('atelier.prompt_enhancements', '');
alter table atelier.prompt_enhancements enable row level security;
alter table atelier.prompt_enhancements force row level security;
grant select on atelier.prompt_enhancements to authenticated, service_role;
grant delete on atelier.prompt_enhancements to service_role;
comment on table atelier.prompt_enhancements is
$$Prompts that were rewritten, or were to be

Made by enhance_prompt(), and by queue_job() with enhancement. The prompt as the user wrote it stays beside what was made
of it. People see their own, administrators all of them.$$;

create table atelier.prompt_ab_tests (
  id uuid primary key default atelier.uuid7(),
  test_name text not null
    constraint prompt_ab_tests_test_name_key unique
    constraint prompt_ab_tests_test_name_length check (char_length(test_name) between 1 and 100)
    constraint prompt_ab_tests_test_name_is_not_blank check (test_name ~ '\S'),
  test_series text not null
    constraint prompt_ab_tests_test_series_length check (char_length(test_series) between 1 and 100),
  baseline_config jsonb not null
    constraint prompt_ab_tests_baseline_config_is_an_object check (jsonb_typeof(baseline_config) = 'object'),
  enhanced_config jsonb not null
    constraint prompt_ab_tests_enhanced_config_is_an_object check (jsonb_typeof(enhanced_config) = 'object'),
  total_participants integer not null default 0
    constraint prompt_ab_tests_total_participants_not_negative check (total_participants >= 0),
  baseline_avg_quality numeric(3, 2),
  enhanced_avg_quality numeric(3, 2),
  quality_improvement numeric(3, 2),
  confidence_level numeric(3, 2)
    constraint prompt_ab_tests_confidence_level_in_range check (confidence_level between 0 and 1),
  is_complete boolean not null default false,
  created_at timestamptz not null default now(),
  completed_at timestamptz,
  started_at timestamptz,
  baseline_weight integer not null default 1
    constraint prompt_ab_tests_baseline_weight_in_range check (baseline_weight between 0 and 1000),
  enhanced_weight integer not null default 1
    constraint prompt_ab_tests_enhanced_weight_in_range check (enhanced_weight between 0 and 1000),
  applies_to_all boolean not null default false,
  created_by uuid default auth.uid() references atelier.profiles (id) on delete set null,
  constraint prompt_ab_tests_some_weight check (baseline_weight + enhanced_weight > 0),
  constraint prompt_ab_tests_complete_is_over check (is_complete = (completed_at is not null)),
  constraint prompt_ab_tests_complete_was_started check (completed_at is null or started_at is not null)
);
create unique index prompt_ab_tests_running_for_all_key on atelier.prompt_ab_tests ((true))
  where applies_to_all and started_at is not null and completed_at is null;
create index prompt_ab_tests_created_by_idx on atelier.prompt_ab_tests (created_by) where created_by is not null;
select pg_catalog.pg_extension_config_dump('atelier.prompt_ab_tests', '');
alter table atelier.prompt_ab_tests enable row level security;
alter table atelier.prompt_ab_tests force row level security;
grant select, delete,
  insert (id, test_name, test_series, baseline_config, enhanced_config, baseline_weight, enhanced_weight, applies_to_all),
  update (test_name, test_series, baseline_config, enhanced_config, baseline_weight, enhanced_weight, applies_to_all)
  on atelier.prompt_ab_tests to authenticated, service_role;
comment on table atelier.prompt_ab_tests is
$$Two ways of enhancing prompts, compared

Made by administrators, run by start_prompt_ab_test() and stop_prompt_ab_test(). Each user is in one of the two all the time.
Once started, what is compared stays as it is.$$;

create table atelier.prompt_ab_outcomes (
  job_id uuid primary key references atelier.jobs (id) on delete cascade,
  test_id uuid not null references atelier.prompt_ab_tests (id) on delete cascade,
  user_id uuid not null references atelier.profiles (id) on delete cascade,
  variant text not null constraint prompt_ab_outcomes_variant_known check (variant in ('baseline', 'enhanced')),
  created_at timestamptz not null default clock_timestamp(),
  job_status text not null default 'queued'
    constraint prompt_ab_outcomes_job_status_known check (job_status in ('queued', 'completed', 'failed', 'cancelled')),
  latency_ms integer constraint prompt_ab_outcomes_latency_not_negative check (latency_ms >= 0),
  rating numeric(7, 2),
  is_saved boolean not null default false,
  is_favorite boolean not null default false,
  is_discarded boolean not null default false
);
create index prompt_ab_outcomes_test_idx on atelier.prompt_ab_outcomes (test_id, variant, user_id);
create index prompt_ab_outcomes_user_idx on atelier.prompt_ab_outcomes (user_id);
select pg_catalog.pg_extension_config_dump('atelier.prompt_ab_outcomes', '');
alter table atelier.prompt_ab_outcomes enable row level security;
alter table atelier.prompt_ab_outcomes force row level security;
grant select on atelier.prompt_ab_outcomes to authenticated, service_role;
comment on table atelier.prompt_ab_outcomes is
$$What became of the jobs of a comparison

Written by the database as it happens. For administrators; prompt_ab_report() counts it.$$;

alter table atelier.prompt_enhancements
  add column prompt_test_id uuid references atelier.prompt_ab_tests (id) on delete set null,
  add column test_variant text
    constraint prompt_enhancements_test_variant_known check (test_variant in ('baseline', 'enhanced'));
create index prompt_enhancements_prompt_test_idx on atelier.prompt_enhancements (prompt_test_id)
  where prompt_test_id is not null;

-- Characters: who appears in pictures and answers in conversations, who likes them, and the scenes they were shown in.

create table atelier.characters (
  id uuid primary key default atelier.uuid7(),
  user_id uuid default auth.uid() references atelier.profiles (id) on delete cascade,
  name text not null
    constraint characters_name_length check (char_length(name) between 1 and 200),
  description text not null
    constraint characters_description_length check (char_length(description) <= 10000),
  traits text
    constraint characters_traits_length check (char_length(traits) <= 10000),
  appearance_tags text[] not null default '{}'
    constraint characters_appearance_tags_are_a_list
      check (array_ndims(appearance_tags) is not distinct from 1 or appearance_tags = '{}')
    constraint characters_appearance_tags_have_no_null check (array_position(appearance_tags, null) is null)
    constraint characters_appearance_tags_size
      check (cardinality(appearance_tags) <= 100 and octet_length(appearance_tags::text) <= 20000),
  image_url text
    constraint characters_image_url_length check (char_length(image_url) <= 2000),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  persona text
    constraint characters_persona_length check (char_length(persona) <= 10000),
  system_prompt text
    constraint characters_system_prompt_length check (char_length(system_prompt) <= 10000),
  voice_tone text
    constraint characters_voice_tone_length check (char_length(voice_tone) <= 1000),
  mood text
    constraint characters_mood_length check (char_length(mood) <= 1000),
  creator_id uuid default auth.uid() references atelier.profiles (id) on delete set null,
  likes_count integer not null default 0
    constraint characters_likes_count_not_negative check (likes_count >= 0),
  interaction_count bigint not null default 0
    constraint characters_interaction_count_not_negative check (interaction_count >= 0),
  reference_image_url text
    constraint characters_reference_image_url_length check (char_length(reference_image_url) <= 2000)
    constraint characters_reference_image_url_is_a_picture
      check (reference_image_url ~ '^(https?://[^\s/]|[^/\s:]+/)\S+$'),
  is_public boolean not null default true,
  gender text not null default 'unspecified'
    constraint characters_gender_known check (gender in ('male', 'female', 'non-binary', 'unspecified')),
  content_rating text not null default 'sfw'
    constraint characters_content_rating_known check (content_rating in ('sfw', 'nsfw')),
  role text not null default 'ai'
    constraint characters_role_known check (role in ('ai', 'user', 'narrator')),
  consistency_method text not null default 'i2i_reference'
    constraint characters_consistency_method_known
      check (consistency_method in ('i2i_reference', 'seed_locked', 'hybrid', 'none')),
  seed_locked bigint
    constraint characters_seed_locked_range check (seed_locked between 0 and 9007199254740991),
  base_prompt text
    constraint characters_base_prompt_length check (char_length(base_prompt) <= 5000),
  preview_image_url text
    constraint characters_preview_image_url_length check (char_length(preview_image_url) <= 2000),
  quick_start boolean not null default false,
  first_message text
    constraint characters_first_message_length check (char_length(first_message) <= 10000),
  alternate_greetings jsonb not null default '[]'
    constraint characters_alternate_greetings_is_an_array check (jsonb_typeof(alternate_greetings) = 'array')
    constraint characters_alternate_greetings_size check (octet_length(alternate_greetings::text) <= 65536),
  default_presets jsonb not null default '{}'
    constraint characters_default_presets_is_an_object check (jsonb_typeof(default_presets) = 'object')
    constraint characters_default_presets_size check (octet_length(default_presets::text) <= 65536),
  portrait_count integer not null default 0
    constraint characters_portrait_count_not_negative check (portrait_count >= 0),
  scene_count integer not null default 0
    constraint characters_scene_count_not_negative check (scene_count >= 0),
  style_preset text not null default 'realistic'
    constraint characters_style_preset_length check (char_length(style_preset) between 1 and 100),
  locked_traits text[] not null default '{}'
    constraint characters_locked_traits_are_a_list
      check (array_ndims(locked_traits) is not distinct from 1 or locked_traits = '{}')
    constraint characters_locked_traits_have_no_null check (array_position(locked_traits, null) is null)
    constraint characters_locked_traits_size
      check (cardinality(locked_traits) <= 100 and octet_length(locked_traits::text) <= 20000),
  media_defaults jsonb not null default '{}'
    constraint characters_media_defaults_is_an_object check (jsonb_typeof(media_defaults) = 'object')
    constraint characters_media_defaults_size check (octet_length(media_defaults::text) <= 65536),
  personality_traits jsonb not null default '{}'
    constraint characters_personality_traits_is_an_object check (jsonb_typeof(personality_traits) = 'object')
    constraint characters_personality_traits_size check (octet_length(personality_traits::text) <= 65536),
  physical_traits jsonb not null default '{}'
    constraint characters_physical_traits_is_an_object check (jsonb_typeof(physical_traits) = 'object')
    constraint characters_physical_traits_size check (octet_length(physical_traits::text) <= 65536),
  outfit_defaults text
    constraint characters_outfit_defaults_length check (char_length(outfit_defaults) <= 10000),
  clothing_tags text[] not null default '{}'
    constraint characters_clothing_tags_are_a_list
      check (array_ndims(clothing_tags) is not distinct from 1 or clothing_tags = '{}')
    constraint characters_clothing_tags_have_no_null check (array_position(clothing_tags, null) is null)
    constraint characters_clothing_tags_size
      check (cardinality(clothing_tags) <= 100 and octet_length(clothing_tags::text) <= 20000),
  avoid_traits text[] not null default '{}'
    constraint characters_avoid_traits_are_a_list
      check (array_ndims(avoid_traits) is not distinct from 1 or avoid_traits = '{}')
    constraint characters_avoid_traits_have_no_null check (array_position(avoid_traits, null) is null)
    constraint characters_avoid_traits_size
      check (cardinality(avoid_traits) <= 100 and octet_length(avoid_traits::text) <= 20000),
  backstory text
    constraint characters_backstory_length check (char_length(backstory) <= 10000),
  bio text
    constraint characters_bio_length check (char_length(bio) <= 10000),
  canon_spec text
    constraint characters_canon_spec_length check (char_length(canon_spec) <= 10000),
  forbidden_phrases text[] not null default '{}'
    constraint characters_forbidden_phrases_are_a_list
      check (array_ndims(forbidden_phrases) is not distinct from 1 or forbidden_phrases = '{}')
    constraint characters_forbidden_phrases_have_no_null check (array_position(forbidden_phrases, null) is null)
    constraint characters_forbidden_phrases_size
      check (cardinality(forbidden_phrases) <= 100 and octet_length(forbidden_phrases::text) <= 20000),
  lighting text
    constraint characters_lighting_length check (char_length(lighting) <= 1000),
  rendering_rules jsonb not null default '{}'
    constraint characters_rendering_rules_is_an_object check (jsonb_typeof(rendering_rules) = 'object')
    constraint characters_rendering_rules_size check (octet_length(rendering_rules::text) <= 65536),
  scene_behavior_rules jsonb not null default '{}'
    constraint characters_scene_behavior_rules_is_an_object check (jsonb_typeof(scene_behavior_rules) = 'object')
    constraint characters_scene_behavior_rules_size check (octet_length(scene_behavior_rules::text) <= 65536),
  signature_items text
    constraint characters_signature_items_length check (char_length(signature_items) <= 1000),
  tagline text
    constraint characters_tagline_length check (char_length(tagline) <= 500),
  voice_examples text[] not null default '{}'
    constraint characters_voice_examples_are_a_list
      check (array_ndims(voice_examples) is not distinct from 1 or voice_examples = '{}')
    constraint characters_voice_examples_have_no_null check (array_position(voice_examples, null) is null)
    constraint characters_voice_examples_size
      check (cardinality(voice_examples) <= 100 and octet_length(voice_examples::text) <= 20000)
);
select pg_catalog.pg_extension_config_dump('atelier.characters', '');
create index idx_characters_user_id on atelier.characters (user_id);
create index idx_characters_role on atelier.characters (role);
create index idx_characters_user_id_role on atelier.characters (user_id, role);
create index idx_characters_quick_start on atelier.characters (quick_start) where quick_start;
create index idx_characters_user_quick_start on atelier.characters (user_id, quick_start, is_public);
create index characters_public_idx on atelier.characters (created_at desc) where is_public;
create index characters_creator_idx on atelier.characters (creator_id) where creator_id is not null;
alter table atelier.characters enable row level security;
alter table atelier.characters force row level security;
grant select on atelier.characters to anon;
grant select, delete,
  insert (id, user_id, name, description, traits, appearance_tags, image_url, persona, system_prompt, voice_tone,
    mood, reference_image_url, is_public, gender, content_rating, role, consistency_method, seed_locked, base_prompt,
    preview_image_url, quick_start, first_message, alternate_greetings, default_presets, style_preset, locked_traits,
    media_defaults, personality_traits, physical_traits, outfit_defaults, clothing_tags, avoid_traits, backstory, bio,
    canon_spec, forbidden_phrases, lighting, rendering_rules, scene_behavior_rules, signature_items, tagline,
    voice_examples),
  update (name, description, traits, appearance_tags, image_url, persona, system_prompt, voice_tone, mood,
    reference_image_url, is_public, gender, content_rating, role, consistency_method, seed_locked, base_prompt,
    preview_image_url, quick_start, first_message, alternate_greetings, default_presets, style_preset, locked_traits,
    media_defaults, personality_traits, physical_traits, outfit_defaults, clothing_tags, avoid_traits, backstory, bio,
    canon_spec, forbidden_phrases, lighting, rendering_rules, scene_behavior_rules, signature_items, tagline,
    voice_examples)
  on atelier.characters to authenticated;
grant select, insert, update, delete on atelier.characters to service_role;
comment on table atelier.characters is
$$Characters

Everybody sees the public ones that are rated sfw; the public ones rated nsfw are seen by those whose age is verified. Their
owners alone change them; likes_count, interaction_count, portrait_count and scene_count count by themselves. What belongs
to nobody (user_id is null) is the back end's.$$;

create table atelier.character_likes (
  character_id uuid not null references atelier.characters (id) on delete cascade,
  user_id uuid not null references atelier.profiles (id) on delete cascade,
  created_at timestamptz not null default now(),
  primary key (character_id, user_id)
);
select pg_catalog.pg_extension_config_dump('atelier.character_likes', '');
create index character_likes_user_idx on atelier.character_likes (user_id, created_at desc);
alter table atelier.character_likes enable row level security;
alter table atelier.character_likes force row level security;
grant select on atelier.character_likes to authenticated;
grant select, insert, delete on atelier.character_likes to service_role;
comment on table atelier.character_likes is
$$Who likes which character

One row for a user and a character. Made by like_character(), deleted by unlike_character(); users see their own.$$;

create table atelier.character_interactions (
  character_id uuid not null references atelier.characters (id) on delete cascade,
  user_id uuid not null references atelier.profiles (id) on delete cascade,
  interaction_count bigint not null default 1
    constraint character_interactions_interaction_count_positive check (interaction_count > 0),
  first_interaction_at timestamptz not null default now(),
  last_interaction_at timestamptz not null default now(),
  primary key (character_id, user_id)
);
select pg_catalog.pg_extension_config_dump('atelier.character_interactions', '');
create index character_interactions_user_idx on atelier.character_interactions (user_id, last_interaction_at desc);
alter table atelier.character_interactions enable row level security;
alter table atelier.character_interactions force row level security;
grant select on atelier.character_interactions to authenticated;
grant select, insert, update, delete on atelier.character_interactions to service_role;
comment on table atelier.character_interactions is
$$How often users were with which character

Kept by record_character_interaction(); users see their own. The latest are those a user goes on with.$$;

create table atelier.character_scenes (
  id uuid primary key default atelier.uuid7(),
  user_id uuid not null default auth.uid() references atelier.profiles (id) on delete cascade,
  character_id uuid not null references atelier.characters (id) on delete cascade,
  conversation_id uuid,
  image_url text
    constraint character_scenes_image_url_length check (char_length(image_url) <= 2000),
  scene_prompt text not null
    constraint character_scenes_scene_prompt_length check (char_length(scene_prompt) between 1 and 10000),
  generation_metadata jsonb not null default '{}'
    constraint character_scenes_generation_metadata_is_an_object check (jsonb_typeof(generation_metadata) = 'object')
    constraint character_scenes_generation_metadata_size check (octet_length(generation_metadata::text) <= 65536),
  job_id uuid references atelier.jobs (id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  scene_name text
    constraint character_scenes_scene_name_length check (char_length(scene_name) <= 200),
  scene_description text
    constraint character_scenes_scene_description_length check (char_length(scene_description) <= 10000),
  generation_mode text
    constraint character_scenes_generation_mode_length check (char_length(generation_mode) <= 100),
  previous_scene_id uuid,
  previous_scene_image_url text
    constraint character_scenes_previous_scene_image_url_length check (char_length(previous_scene_image_url) <= 2000),
  priority integer,
  scene_rules text
    constraint character_scenes_scene_rules_length check (char_length(scene_rules) <= 10000),
  scene_starters text[] not null default '{}'
    constraint character_scenes_scene_starters_are_a_list
      check (array_ndims(scene_starters) is not distinct from 1 or scene_starters = '{}')
    constraint character_scenes_scene_starters_have_no_null check (array_position(scene_starters, null) is null)
    constraint character_scenes_scene_starters_size
      check (cardinality(scene_starters) <= 100 and octet_length(scene_starters::text) <= 20000),
  scene_type text
    constraint character_scenes_scene_type_length check (char_length(scene_type) <= 100),
  system_prompt text
    constraint character_scenes_system_prompt_length check (char_length(system_prompt) <= 10000),
  -- Scenes of the same user only: nobody hangs his into the conversation, or behind the scene, of somebody else.
  constraint character_scenes_id_user_id_key unique (id, user_id),
  constraint character_scenes_conversation_fkey foreign key (conversation_id, user_id)
    references atelier.conversations (id, user_id) on delete cascade,
  constraint character_scenes_previous_scene_fkey foreign key (previous_scene_id, user_id)
    references atelier.character_scenes (id, user_id) on delete set null (previous_scene_id)
);
select pg_catalog.pg_extension_config_dump('atelier.character_scenes', '');
create index idx_character_scenes_character_id on atelier.character_scenes (character_id);
create index idx_character_scenes_conversation_id on atelier.character_scenes (conversation_id, user_id);
create index idx_character_scenes_created_at on atelier.character_scenes (created_at desc);
create index character_scenes_user_idx on atelier.character_scenes (user_id, created_at desc);
create index character_scenes_job_idx on atelier.character_scenes (job_id) where job_id is not null;
create index character_scenes_previous_scene_idx on atelier.character_scenes (previous_scene_id, user_id)
  where previous_scene_id is not null;
alter table atelier.character_scenes enable row level security;
alter table atelier.character_scenes force row level security;
grant select, delete,
  insert (id, user_id, character_id, conversation_id, image_url, scene_prompt, generation_metadata, job_id,
    scene_name, scene_description, generation_mode, previous_scene_id, previous_scene_image_url, priority,
    scene_rules, scene_starters, scene_type, system_prompt),
  update (conversation_id, image_url, scene_prompt, generation_metadata, job_id, scene_name, scene_description,
    generation_mode, previous_scene_id, previous_scene_image_url, priority, scene_rules, scene_starters, scene_type,
    system_prompt)
  on atelier.character_scenes to authenticated;
grant select, insert, update, delete on atelier.character_scenes to service_role;
comment on table atelier.character_scenes is
$$Pictures of what happens in a conversation with a character

Of the user who was there: the owner of a public character sees nothing of what others do with it. The setting that
generation_metadata names (scene_context.setting) becomes the current_location of the conversation.$$;

-- Who answers and whom the user plays. The character must be one that the owner of the conversation may see.
alter table atelier.conversations
  add constraint conversations_character_id_fkey foreign key (character_id)
    references atelier.characters (id) on delete set null,
  add constraint conversations_user_character_id_fkey foreign key (user_character_id)
    references atelier.characters (id) on delete set null;
create index conversations_character_idx on atelier.conversations (character_id) where character_id is not null;
create index idx_conversations_user_character_id on atelier.conversations (user_character_id)
  where user_character_id is not null;

-- Pictures of the library that show a character. They stay when the character is deleted.
alter table atelier.workspace_assets
  add column moderation_status text not null default 'unchecked'
    constraint workspace_assets_moderation_status_known
      check (moderation_status in ('unchecked', 'pending', 'approved', 'flagged', 'quarantined', 'rejected'));
comment on column atelier.workspace_assets.moderation_status is
  'unchecked, approved and flagged ones are shown to their owner; pending, quarantined and rejected ones to nobody.';
alter table atelier.user_library
  add column moderation_status text not null default 'unchecked'
    constraint user_library_moderation_status_known
      check (moderation_status in ('unchecked', 'pending', 'approved', 'flagged', 'quarantined', 'rejected'));
comment on column atelier.user_library.moderation_status is
  'unchecked, approved and flagged ones are shown to their owner; pending, quarantined and rejected ones to nobody.';

alter table atelier.user_library
  add column character_id uuid
    constraint user_library_character_id_fkey references atelier.characters (id) on delete set null,
  add column output_type text
    constraint user_library_output_type_length check (char_length(output_type) between 1 and 100);
create index idx_user_library_character on atelier.user_library (character_id) where character_id is not null;
grant update (character_id, output_type) on atelier.user_library to authenticated;

-- Dialogue: what is remembered of conversations, summaries of what is far back, and what models asked to be done.

create table atelier.memories (
  id uuid primary key default atelier.uuid7(),
  user_id uuid not null references atelier.profiles (id) on delete cascade,
  tier text not null constraint memories_tier_known check (tier in ('conversation', 'character', 'profile')),
  conversation_id uuid,
  character_id uuid references atelier.characters (id) on delete cascade,
  content text not null
    constraint memories_content_length check (char_length(content) between 1 and 2000)
    constraint memories_content_is_not_blank check (content ~ '\S'),
  importance smallint not null default 5 constraint memories_importance_range check (importance between 1 and 10),
  created_at timestamptz not null default now(),
  constraint memories_conversation_fkey foreign key (conversation_id, user_id)
    references atelier.conversations (id, user_id) on delete cascade,
  constraint memories_tier_names_its_subject
    check ((tier = 'conversation') = (conversation_id is not null) and (tier = 'character') = (character_id is not null))
);
select pg_catalog.pg_extension_config_dump('atelier.memories', '');
create index memories_conversation_idx on atelier.memories (conversation_id, user_id) where conversation_id is not null;
create index memories_character_idx on atelier.memories (character_id) where character_id is not null;
create index memories_reach_idx on atelier.memories (user_id, tier, character_id, importance desc, id desc);
alter table atelier.memories enable row level security;
alter table atelier.memories force row level security;
grant select on atelier.memories to authenticated;
grant select, insert, update, delete on atelier.memories to service_role;
comment on table atelier.memories is
$$What models are told again

Of one conversation, of everything between a user and a character, or of all conversations of a user. How far a conversation
reaches is its memory_tier. Written by remember() and forget().$$;

create table atelier.conversation_summaries (
  id uuid primary key default atelier.uuid7(),
  conversation_id uuid not null,
  user_id uuid not null,
  up_to_message_id uuid not null references atelier.messages (id) on delete cascade,
  content text not null default ''
    constraint conversation_summaries_content_length check (octet_length(content) <= 65536),
  state text not null default 'pending'
    constraint conversation_summaries_state_known check (state in ('pending', 'complete', 'failed')),
  job_id uuid constraint conversation_summaries_job_key unique references atelier.jobs (id) on delete set null,
  created_at timestamptz not null default now(),
  constraint conversation_summaries_conversation_fkey foreign key (conversation_id, user_id)
    references atelier.conversations (id, user_id) on delete cascade
);
select pg_catalog.pg_extension_config_dump('atelier.conversation_summaries', '');
create index conversation_summaries_conversation_idx
  on atelier.conversation_summaries (conversation_id, user_id, created_at desc);
create index conversation_summaries_user_idx on atelier.conversation_summaries (user_id);
create index conversation_summaries_up_to_idx on atelier.conversation_summaries (up_to_message_id);
alter table atelier.conversation_summaries enable row level security;
alter table atelier.conversation_summaries force row level security;
grant select on atelier.conversation_summaries to authenticated;
grant select, insert, update, delete on atelier.conversation_summaries to service_role;
comment on table atelier.conversation_summaries is
$$Summaries of what was said in a conversation up to a message

Made by jobs of their own when a conversation no longer fits into what its model takes; each is about all that came before,
too. One that is complete stands for these messages on every branch that they are on. What failed changes nothing.$$;

create table atelier.tool_calls (
  id uuid primary key default atelier.uuid7(),
  message_id uuid not null references atelier.messages (id) on delete cascade,
  user_id uuid not null references atelier.profiles (id) on delete cascade,
  place integer not null constraint tool_calls_place_not_negative check (place >= 0),
  call_id text not null constraint tool_calls_call_id_length check (char_length(call_id) <= 200),
  name text not null constraint tool_calls_name_length check (char_length(name) <= 200),
  arguments text not null constraint tool_calls_arguments_length check (char_length(arguments) <= 10000),
  job_id uuid references atelier.jobs (id) on delete set null,
  error text constraint tool_calls_error_length check (char_length(error) <= 2000),
  created_at timestamptz not null default now(),
  constraint tool_calls_message_place_key unique (message_id, place)
);
select pg_catalog.pg_extension_config_dump('atelier.tool_calls', '');
create index tool_calls_user_idx on atelier.tool_calls (user_id);
create index tool_calls_job_idx on atelier.tool_calls (job_id) where job_id is not null;
alter table atelier.tool_calls enable row level security;
alter table atelier.tool_calls force row level security;
grant select on atelier.tool_calls to authenticated;
grant select, insert, update, delete on atelier.tool_calls to service_role;
comment on table atelier.tool_calls is
$$What models asked to be done, with a message

Arguments are as the model wrote them, at most 10 000 characters of them. Either a job does it, queued as the user of the
conversation, or there is an error. The model is told of both with the next turn.$$;

-- Projects: storyboards, scene by scene.

create table atelier.projects (
  id uuid primary key default atelier.uuid7(),
  user_id uuid not null default auth.uid() references atelier.profiles (id) on delete cascade,
  title text
    constraint projects_title_length check (char_length(title) <= 500),
  original_prompt text not null
    constraint projects_original_prompt_length check (char_length(original_prompt) between 1 and 10000),
  enhanced_prompt text
    constraint projects_enhanced_prompt_length check (char_length(enhanced_prompt) <= 10000),
  media_type text not null
    constraint projects_media_type_known check (media_type in ('image', 'video')),
  duration integer not null default 0
    constraint projects_duration_not_negative check (duration >= 0),
  scene_count integer not null default 1
    constraint projects_scene_count_range check (scene_count between 0 and 1000),
  workflow_step text not null default 'configuration'
    constraint projects_workflow_step_known check (workflow_step in (
      'configuration', 'character_selection', 'story_breakdown', 'storyboard_generation', 'video_generation', 'completed')),
  character_id uuid references atelier.characters (id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  preview_url text
    constraint projects_preview_url_length check (char_length(preview_url) <= 2000),
  reference_image_url text
    constraint projects_reference_image_url_length check (char_length(reference_image_url) <= 2000)
    constraint projects_reference_image_url_is_a_picture
      check (reference_image_url ~ '^(https?://[^\s/]|[^/\s:]+/)\S+$'),
  -- What scenes and conversations refer to, so that nobody adds to the project of somebody else.
  constraint projects_id_user_id_key unique (id, user_id)
);
select pg_catalog.pg_extension_config_dump('atelier.projects', '');
create index idx_projects_user_id on atelier.projects (user_id);
create index idx_projects_character_id on atelier.projects (character_id);
alter table atelier.projects enable row level security;
alter table atelier.projects force row level security;
grant select, delete,
  insert (id, user_id, title, original_prompt, enhanced_prompt, media_type, duration, scene_count, workflow_step,
    character_id, preview_url, reference_image_url),
  update (title, original_prompt, enhanced_prompt, media_type, duration, scene_count, workflow_step, character_id,
    preview_url, reference_image_url)
  on atelier.projects to authenticated;
grant select, insert, update, delete on atelier.projects to service_role;
comment on table atelier.projects is
$$Storyboards and films of users

What is to be shown, in scenes. scene_count and duration are what is planned; project_status tells what is there. A character,
if there is one, appears in every scene.$$;

create table atelier.scenes (
  id uuid primary key default atelier.uuid7(),
  user_id uuid not null default auth.uid() references atelier.profiles (id) on delete cascade,
  project_id uuid,
  scene_number integer
    constraint scenes_scene_number_range check (scene_number between 0 and 100000),
  name text
    constraint scenes_name_length check (char_length(name) <= 200),
  description text not null
    constraint scenes_description_length check (char_length(description) between 1 and 10000),
  enhanced_prompt text
    constraint scenes_enhanced_prompt_length check (char_length(enhanced_prompt) <= 10000),
  image_url text
    constraint scenes_image_url_length check (char_length(image_url) <= 2000),
  approved boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  final_stitched_url text
    constraint scenes_final_stitched_url_length check (char_length(final_stitched_url) <= 2000),
  job_id uuid references atelier.jobs (id) on delete set null,
  scene_focus text not null default 'setting'
    constraint scenes_scene_focus_known check (scene_focus in ('setting', 'character', 'interaction', 'atmosphere')),
  narrative_style text not null default 'concise'
    constraint scenes_narrative_style_known check (narrative_style in ('concise', 'detailed', 'atmospheric')),
  visual_priority text[] not null default '{setting,lighting,positioning}'
    constraint scenes_visual_priority_are_a_list
      check (array_ndims(visual_priority) is not distinct from 1 or visual_priority = '{}')
    constraint scenes_visual_priority_have_no_null check (array_position(visual_priority, null) is null)
    constraint scenes_visual_priority_size
      check (cardinality(visual_priority) <= 100 and octet_length(visual_priority::text) <= 20000),
  perspective_hint text not null default 'third_person'
    constraint scenes_perspective_hint_known check (perspective_hint in ('third_person', 'pov', 'observer')),
  max_words integer not null default 60
    constraint scenes_max_words_range check (max_words between 20 and 200),
  default_clothing text
    constraint scenes_default_clothing_length check (char_length(default_clothing) <= 10000),
  character_clothing_overrides jsonb not null default '{}'
    constraint scenes_character_clothing_overrides_is_an_object
      check (jsonb_typeof(character_clothing_overrides) = 'object')
    constraint scenes_character_clothing_overrides_size
      check (octet_length(character_clothing_overrides::text) <= 65536),
  atmosphere jsonb not null default '{}'
    constraint scenes_atmosphere_is_an_object check (jsonb_typeof(atmosphere) = 'object')
    constraint scenes_atmosphere_size check (octet_length(atmosphere::text) <= 65536),
  content_rating text not null default 'sfw'
    constraint scenes_content_rating_known check (content_rating in ('sfw', 'nsfw')),
  creator_id uuid default auth.uid() references atelier.profiles (id) on delete set null,
  is_public boolean not null default false
    constraint scenes_public_without_project check (not is_public or project_id is null),
  max_characters integer
    constraint scenes_max_characters_range check (max_characters between 0 and 100),
  min_characters integer
    constraint scenes_min_characters_range check (min_characters between 0 and 100),
  preview_image_url text
    constraint scenes_preview_image_url_length check (char_length(preview_image_url) <= 2000),
  scenario_type text
    constraint scenes_scenario_type_length check (char_length(scenario_type) <= 100),
  scene_prompt text
    constraint scenes_scene_prompt_length check (char_length(scene_prompt) <= 10000),
  scene_starters text[] not null default '{}'
    constraint scenes_scene_starters_are_a_list
      check (array_ndims(scene_starters) is not distinct from 1 or scene_starters = '{}')
    constraint scenes_scene_starters_have_no_null check (array_position(scene_starters, null) is null)
    constraint scenes_scene_starters_size
      check (cardinality(scene_starters) <= 100 and octet_length(scene_starters::text) <= 20000),
  setting text
    constraint scenes_setting_length check (char_length(setting) <= 1000),
  suggested_user_role text
    constraint scenes_suggested_user_role_length check (char_length(suggested_user_role) <= 500),
  tags text[] not null default '{}'
    constraint scenes_tags_are_a_list check (array_ndims(tags) is not distinct from 1 or tags = '{}')
    constraint scenes_tags_have_no_null check (array_position(tags, null) is null)
    constraint scenes_tags_size check (cardinality(tags) <= 100 and octet_length(tags::text) <= 20000),
  time_of_day text
    constraint scenes_time_of_day_length check (char_length(time_of_day) <= 100),
  usage_count integer not null default 0
    constraint scenes_usage_count_not_negative check (usage_count >= 0),
  constraint scenes_number_in_project check ((project_id is null) = (scene_number is null)),
  constraint scenes_characters_in_order check (min_characters <= max_characters),
  constraint scenes_project_scene_number_key unique (project_id, scene_number),
  constraint scenes_project_fkey foreign key (project_id, user_id)
    references atelier.projects (id, user_id) on delete cascade
);
select pg_catalog.pg_extension_config_dump('atelier.scenes', '');
create index scenes_project_idx on atelier.scenes (project_id, user_id);
create index scenes_user_idx on atelier.scenes (user_id, created_at desc);
create index scenes_job_idx on atelier.scenes (job_id) where job_id is not null;
create index scenes_creator_idx on atelier.scenes (creator_id) where creator_id is not null;
create index scenes_public_idx on atelier.scenes (created_at desc) where is_public;
alter table atelier.scenes enable row level security;
alter table atelier.scenes force row level security;
grant select on atelier.scenes to anon;
grant select, delete,
  insert (id, user_id, project_id, scene_number, name, description, enhanced_prompt, image_url, approved,
    final_stitched_url, scene_focus, narrative_style, visual_priority, perspective_hint, max_words, default_clothing,
    character_clothing_overrides, atmosphere, content_rating, is_public, max_characters, min_characters,
    preview_image_url, scenario_type, scene_prompt, scene_starters, setting, suggested_user_role, tags, time_of_day),
  update (project_id, scene_number, name, description, enhanced_prompt, image_url, approved, final_stitched_url,
    scene_focus, narrative_style, visual_priority, perspective_hint, max_words, default_clothing,
    character_clothing_overrides, atmosphere, content_rating, is_public, max_characters, min_characters,
    preview_image_url, scenario_type, scene_prompt, scene_starters, setting, suggested_user_role, tags, time_of_day)
  on atelier.scenes to authenticated;
grant select, insert, update, delete on atelier.scenes to service_role;
comment on table atelier.scenes is
$$Scenes

Of a project, in the order of their numbers; or without one, to be used again in many, and seen by others when public, as
characters are. generate_missing_scenes() and generate_scene() make the pictures; scene_status tells how far they are.$$;

alter table atelier.conversations
  add constraint conversations_project_id_fkey foreign key (project_id, user_id)
    references atelier.projects (id, user_id) on delete set null (project_id);
create index conversations_project_idx on atelier.conversations (project_id, user_id) where project_id is not null;

-- Moderation.
alter table atelier.jobs alter column moderation_status set default 'unchecked', alter column moderation_status set not null;
-- Jobs that must not start, whatever they depend on.
create table atelier_engine.review_holds (
  job_id uuid primary key,
  created_at timestamptz not null default now()
);
select pg_catalog.pg_extension_config_dump('atelier_engine.review_holds', '');
alter table atelier_engine.review_holds enable row level security;
comment on table atelier_engine.review_holds is
$$Blocked jobs whose prompts are being checked, or wait for a moderator

They start, or fail, when the row is taken away.$$;

create table atelier.moderation_thresholds (
  category text not null
    constraint moderation_thresholds_category_length check (char_length(category) between 1 and 100),
  mode atelier.content_mode not null,
  flag_at numeric(4, 3)
    constraint moderation_thresholds_flag_at_range check (flag_at between 0 and 1),
  quarantine_at numeric(4, 3)
    constraint moderation_thresholds_quarantine_at_range check (quarantine_at between 0 and 1),
  reject_at numeric(4, 3)
    constraint moderation_thresholds_reject_at_range check (reject_at between 0 and 1),
  updated_at timestamptz not null default now(),
  primary key (category, mode),
  constraint moderation_thresholds_in_order
    check (coalesce(flag_at, 0) <= coalesce(quarantine_at, 1) and coalesce(flag_at, 0) <= coalesce(reject_at, 1)
           and coalesce(quarantine_at, 0) <= coalesce(reject_at, 1))
);
select pg_catalog.pg_extension_config_dump('atelier.moderation_thresholds', '');
alter table atelier.moderation_thresholds enable row level security;
alter table atelier.moderation_thresholds force row level security;
grant select, insert, update, delete on atelier.moderation_thresholds to authenticated, service_role;
comment on table atelier.moderation_thresholds is
$$From which score of a category on something is flagged, quarantined or rejected

Administrators change it. The category * stands for all that have no row of their own; without any row, 0.3 flags and 0.5
quarantines.$$;

create table atelier.moderation_checks (
  id uuid primary key default atelier.uuid7(),
  name text not null
    constraint moderation_checks_name_key unique
    constraint moderation_checks_name_length check (char_length(name) between 1 and 100),
  kind text not null constraint moderation_checks_kind_known check (kind in ('rules', 'endpoint')),
  stage text not null constraint moderation_checks_stage_known check (stage in ('before', 'after')),
  applies_to text[] not null default '{image,text}'
    constraint moderation_checks_applies_to_known
      check (array_ndims(applies_to) = 1 and cardinality(applies_to) <= 3
             and applies_to::text ~ '^\{(image|video|text)(,(image|video|text))*\}$'),
  is_active boolean not null default true,
  on_failure text not null default 'fail_closed'
    constraint moderation_checks_on_failure_known check (on_failure in ('fail_closed', 'fail_open')),
  api_model_id uuid references atelier.api_models (id),
  run_as uuid references atelier.profiles (id) on delete set null,
  scores_at text[] not null default '{results,0,category_scores}'
    constraint moderation_checks_scores_at_is_a_place
      check (array_ndims(scores_at) is not distinct from 1 and cardinality(scores_at) <= 20
             and array_position(scores_at, null) is null and octet_length(scores_at::text) <= 1000),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint moderation_checks_endpoint_has_a_model check ((kind = 'endpoint') = (api_model_id is not null)),
  constraint moderation_checks_rules_read_texts
    check (kind = 'endpoint' or stage = 'before' or applies_to = '{text}')
);
select pg_catalog.pg_extension_config_dump('atelier.moderation_checks', '');
create index moderation_checks_model_idx on atelier.moderation_checks (api_model_id) where api_model_id is not null;
create index moderation_checks_run_as_idx on atelier.moderation_checks (run_as) where run_as is not null;
alter table atelier.moderation_checks enable row level security;
alter table atelier.moderation_checks force row level security;
grant select, insert, update, delete on atelier.moderation_checks to authenticated, service_role;
comment on table atelier.moderation_checks is
$$What looks at prompts (stage before) and results (stage after)

rules match the phrases of moderation_rules; endpoint asks a model, by a job of the account run_as. on_failure says what a
check that fails means: fail_closed quarantines, fail_open passes. Administrators change it.$$;

create table atelier.moderation_rules (
  id uuid primary key default atelier.uuid7(),
  check_id uuid not null references atelier.moderation_checks (id) on delete cascade,
  category text not null
    constraint moderation_rules_category_length check (char_length(category) between 1 and 100),
  phrase text not null
    constraint moderation_rules_phrase_length check (char_length(phrase) between 1 and 200)
    constraint moderation_rules_phrase_stars check (phrase ~ '^\*?[^*]+\*?$'),
  score numeric(4, 3) not null default 1
    constraint moderation_rules_score_range check (score between 0 and 1),
  is_active boolean not null default true,
  description text
    constraint moderation_rules_description_length check (char_length(description) <= 1000),
  needle text not null default '',
  created_at timestamptz not null default now()
);
select pg_catalog.pg_extension_config_dump('atelier.moderation_rules', '');
create index moderation_rules_check_idx on atelier.moderation_rules (check_id);
alter table atelier.moderation_rules enable row level security;
alter table atelier.moderation_rules force row level security;
grant select, delete,
  insert (id, check_id, category, phrase, score, is_active, description),
  update (check_id, category, phrase, score, is_active, description)
  on atelier.moderation_rules to authenticated, service_role;
comment on table atelier.moderation_rules is
$$Words and phrases that a check of kind rules looks for

A phrase is whole words; a star at its beginning or end stands for the rest of a word. Text and phrase are compared as
normalized_text() makes them. Searched as plain texts, so that no rule takes longer than the text is long.$$;

create table atelier.moderation_items (
  id uuid primary key default atelier.uuid7(),
  subject_kind text not null
    constraint moderation_items_subject_kind_known check (subject_kind in ('prompt', 'asset', 'text')),
  subject_id uuid not null,
  job_id uuid,
  user_id uuid not null references atelier.profiles (id) on delete cascade,
  sha256 text,
  mode atelier.content_mode not null default 'sfw',
  status text not null default 'unchecked'
    constraint moderation_items_status_known
      check (status in ('unchecked', 'pending', 'approved', 'flagged', 'quarantined', 'rejected')),
  verdict text not null default 'approved'
    constraint moderation_items_verdict_known check (verdict in ('approved', 'flagged', 'quarantined', 'rejected')),
  score numeric(4, 3),
  categories jsonb not null default '{}'
    constraint moderation_items_categories_is_an_object check (jsonb_typeof(categories) = 'object'),
  reason text,
  priority integer not null default 0,
  needs_review boolean not null default false,
  claimed_by uuid references atelier.profiles (id) on delete set null,
  claim_expires_at timestamptz,
  decided_by uuid references atelier.profiles (id) on delete set null,
  decided_at timestamptz,
  appealed_at timestamptz,
  appeal text
    constraint moderation_items_appeal_length check (char_length(appeal) between 1 and 2000),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint moderation_items_subject_key unique (subject_kind, subject_id)
);
select pg_catalog.pg_extension_config_dump('atelier.moderation_items', '');
create index moderation_items_user_idx on atelier.moderation_items (user_id, created_at desc);
create index moderation_items_review_idx on atelier.moderation_items (priority desc, created_at, id) where needs_review;
create index moderation_items_pending_idx on atelier.moderation_items (id) where status = 'pending';
create index moderation_items_sha256_idx on atelier.moderation_items (sha256) where sha256 is not null;
create index moderation_items_claimed_by_idx on atelier.moderation_items (claimed_by) where claimed_by is not null;
create index moderation_items_decided_by_idx on atelier.moderation_items (decided_by) where decided_by is not null;
alter table atelier.moderation_items enable row level security;
alter table atelier.moderation_items force row level security;
grant select (id, subject_kind, subject_id, job_id, user_id, status, reason, decided_at, appealed_at, appeal, created_at,
  updated_at) on atelier.moderation_items to authenticated;
grant select on atelier.moderation_items to service_role;
comment on table atelier.moderation_items is
$$What was checked or reported, and what became of it

The subject of a prompt or a text is its job, that of an asset its object. unchecked, then pending while checks run, then
approved, flagged (shown to its owner, and to be reviewed), quarantined (withheld until a moderator decides) or rejected.
Owners see their own, without scores and moderators; moderators use review_queue().$$;

create table atelier.moderation_audit (
  id uuid primary key default atelier.uuid7(),
  item_id uuid not null,
  subject_kind text not null,
  subject_id uuid not null,
  user_id uuid not null,
  action text not null,
  from_status text,
  to_status text,
  actor uuid,
  reason text,
  details jsonb not null default '{}',
  created_at timestamptz not null default clock_timestamp()
);
select pg_catalog.pg_extension_config_dump('atelier.moderation_audit', '');
create index moderation_audit_item_idx on atelier.moderation_audit (item_id, created_at);
create index moderation_audit_actor_idx on atelier.moderation_audit (actor, created_at desc) where actor is not null;
alter table atelier.moderation_audit enable row level security;
alter table atelier.moderation_audit force row level security;
grant select on atelier.moderation_audit to authenticated, service_role;
comment on table atelier.moderation_audit is
$$Who did what in moderation, when and why

Rows are only added: a trigger refuses every change, also by the service role and the owner. It outlives what it tells of,
and has no foreign keys for that. Moderators and administrators read it.$$;
comment on column atelier.moderation_audit.actor is 'The moderator or owner; null: a check, or the engine.';

create table atelier_engine.moderation_runs (
  job_id uuid primary key,
  item_id uuid not null references atelier.moderation_items (id) on delete cascade,
  check_id uuid not null references atelier.moderation_checks (id) on delete cascade
);
select pg_catalog.pg_extension_config_dump('atelier_engine.moderation_runs', '');
create index moderation_runs_item_idx on atelier_engine.moderation_runs (item_id);
create index moderation_runs_check_idx on atelier_engine.moderation_runs (check_id);
alter table atelier_engine.moderation_runs enable row level security;
comment on table atelier_engine.moderation_runs is
  'Jobs that ask an endpoint about an item, and whose answer has not been looked at yet';

create table atelier_engine.withheld_content (
  sha256 text primary key,
  item_id uuid not null,
  created_at timestamptz not null default clock_timestamp()
);
select pg_catalog.pg_extension_config_dump('atelier_engine.withheld_content', '');
create index withheld_content_created_idx on atelier_engine.withheld_content (created_at);
alter table atelier_engine.withheld_content enable row level security;
comment on table atelier_engine.withheld_content is
$$Content that is quarantined or rejected, by its hash

Whoever makes or has the same bytes gets them withheld, too. Stays when the item is gone.$$;

create table atelier_engine.withheld_texts (
  item_id uuid primary key references atelier.moderation_items (id) on delete cascade,
  output_text text,
  result jsonb
);
select pg_catalog.pg_extension_config_dump('atelier_engine.withheld_texts', '');
alter table atelier_engine.withheld_texts enable row level security;
comment on table atelier_engine.withheld_texts is
  'Answers that nobody shall see yet: taken out of generations and messages, and put back when they are approved';

-- Copies are found by what is in them.
create index atelier_objects_sha256_idx on storage.objects using hash ((metadata ->> 'sha256'));

alter table atelier.model_config_history
  drop constraint model_config_history_model_type_known,
  add constraint model_config_history_model_type_is_a_family check (model_type ~ '^[A-Z0-9][A-Z0-9._-]*$'),
  add column model_id uuid references atelier.api_models (id) on delete set null;
create index model_config_history_model_idx on atelier.model_config_history (model_id) where model_id is not null;
create unique index model_config_history_active_key on atelier.model_config_history (model_id)
  where is_active and model_id is not null;
comment on table atelier.model_config_history is
$$Settings of models, as they were and as they are

A change of api_models writes a row by itself; admins may add rows of what they tried. Of a model's rows the active one has
the settings in use.$$;
comment on column atelier.model_config_history.model_id is 'The model; null: it was deleted, or an admin wrote the row.';
alter table atelier.model_performance_logs
  drop constraint model_performance_logs_model_type_known,
  add constraint model_performance_logs_model_type_is_a_family check (model_type ~ '^[A-Z0-9][A-Z0-9._-]*$'),
  alter column total_processing_time_ms type bigint;
comment on table atelier.model_performance_logs is
$$Counts and times of a model family, one row a day

The janitor writes them from the jobs of a day (UTC) while it lasts and once more when it is over;
backfill_model_performance() writes them for earlier days. They stay when the jobs are deleted.$$;

create table atelier.system_config (
  id bigint primary key default 1 constraint system_config_is_one_row check (id = 1),
  config jsonb not null default '{}'
    constraint system_config_config_is_an_object check (jsonb_typeof(config) = 'object')
    constraint system_config_config_size check (octet_length(config::text) <= 262144),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  version bigint not null default 1 constraint system_config_version_positive check (version > 0)
);
select pg_catalog.pg_extension_config_dump('atelier.system_config', '');
alter table atelier.system_config enable row level security;
alter table atelier.system_config force row level security;
grant select on atelier.system_config to authenticated, service_role;
comment on table atelier.system_config is
$$Settings of the product, for its apps

One row, with the id 1. Administrators see it, and change it with merge_system_config() alone, which leaves the members
that it does not name as they are. Atelier itself has its settings in postgresql.conf, and reads nothing here. Secrets have
no place in it.$$;
comment on column atelier.system_config.config is 'The settings: a JSON object of at most 256 KiB.';
comment on column atelier.system_config.version is 'How often it was changed, from 1: what merge_system_config() compares.';

create table atelier.admin_development_progress (
  id uuid primary key default atelier.uuid7(),
  feature_name varchar(100) not null,
  feature_category varchar(50) not null,
  status varchar(20) not null
    constraint admin_development_progress_status_known
      check (status in ('not_started', 'in_progress', 'completed', 'blocked')),
  priority varchar(10) not null
    constraint admin_development_progress_priority_known check (priority in ('P0', 'P1', 'P2')),
  assigned_to varchar(100),
  estimated_hours integer constraint admin_development_progress_estimate_not_negative check (estimated_hours >= 0),
  actual_hours integer constraint admin_development_progress_actual_not_negative check (actual_hours >= 0),
  start_date date,
  completion_date date,
  notes text constraint admin_development_progress_notes_length check (char_length(notes) <= 20000),
  blockers text constraint admin_development_progress_blockers_length check (char_length(blockers) <= 20000),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint admin_development_progress_dates_in_order check (completion_date >= start_date)
);
select pg_catalog.pg_extension_config_dump('atelier.admin_development_progress', '');
alter table atelier.admin_development_progress enable row level security;
alter table atelier.admin_development_progress force row level security;
grant select, insert, update, delete on atelier.admin_development_progress to authenticated, service_role;
comment on table atelier.admin_development_progress is
$$What the people who build the product have planned

Administrators see and write it.$$;

-- No foreign key: it would be looked at for every change of a job.
create table atelier_engine.avatar_requests (
  job_id uuid primary key,
  name text not null,
  slug text not null constraint avatar_requests_slug_is_a_slug check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
  requested_at timestamptz not null default clock_timestamp()
);
select pg_catalog.pg_extension_config_dump('atelier_engine.avatar_requests', '');
create index avatar_requests_slug_idx on atelier_engine.avatar_requests (slug);
alter table atelier_engine.avatar_requests enable row level security;
comment on table atelier_engine.avatar_requests is
$$Jobs whose picture becomes an avatar

Made by generate_avatars(); the janitor takes a row away with what it does about it.$$;
