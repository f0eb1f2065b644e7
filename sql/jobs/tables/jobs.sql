-- Jobs: what users asked for and what became of it.

create table atelier.jobs (
  id uuid primary key default atelier.uuid7(),
  user_id uuid not null references atelier.profiles (id) on delete cascade,
  status text not null default 'queued',
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  started_at timestamptz,
  completed_at timestamptz,
  cancel_requested_at timestamptz,

  job_type text not null,
  format text,
  quality text,
  model_type text,
  api_model_id uuid references atelier.api_models (id),
  template_name text,
  original_prompt text,
  enhanced_prompt text,
  negative_prompt text,
  parameters jsonb not null default '{}',
  metadata jsonb default '{}',
  destination text not null default 'library',
  workspace_session_id uuid,
  project_id uuid,
  image_id uuid,
  video_id uuid,

  priority integer not null default 0,
  estimated_seconds numeric,
  attempts integer not null default 0,
  max_attempts integer not null default 3,
  error_message text,
  error_class text,

  moderation_status text not null default 'unchecked',
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
  workspace_id uuid references atelier.workspaces (id) on delete set null,
  run_at timestamptz,
  retry_of uuid references atelier.jobs (id) on delete set null,
  idempotency_key text,
  request_hash bytea,
  content_hash bytea,
  schedule_id uuid references atelier.schedules (id) on delete set null
) with (fillfactor = 50);
-- Every index here is work for each job: only what a policy, a key or a list of a user needs. None may have in it what
-- changes while a job runs, and the pages have room, so that a job that is sent or completed changes no index. What is
-- unfinished is in the queue.
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
create index jobs_user_created_idx on atelier.jobs (user_id, created_at desc);
create index jobs_api_model_idx on atelier.jobs (api_model_id);
create index jobs_workspace_session_idx on atelier.jobs (workspace_session_id) where workspace_session_id is not null;
create index jobs_reviewed_by_idx on atelier.jobs (reviewed_by) where reviewed_by is not null;
create index jobs_workspace_idx on atelier.jobs (workspace_id, user_id) where workspace_id is not null;
create index jobs_retry_of_idx on atelier.jobs (retry_of) where retry_of is not null;
create unique index jobs_idempotency_key on atelier.jobs (user_id, idempotency_key) where idempotency_key is not null;
-- No time of a schedule makes two jobs.
create unique index jobs_schedule_run_key on atelier.jobs (schedule_id, run_at) where schedule_id is not null;
create index jobs_content_idx on atelier.jobs (user_id, content_hash) where content_hash is not null;
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
comment on column atelier.jobs.workspace_id is 'The team that sees what the job makes. The job itself is its owner''s.';
comment on column atelier.jobs.cancel_requested_at is
  'When cancel_job() was called for a job that was already on its way';

alter table atelier.model_test_results
  add constraint model_test_results_job_id_fkey foreign key (job_id) references atelier.jobs (id) on delete set null;

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

create table atelier.job_dependencies (
  job_id uuid not null references atelier.jobs (id) on delete cascade,
  depends_on_job_id uuid not null references atelier.jobs (id) on delete cascade,
  created_at timestamptz not null default now(),
  on_failure text not null default 'fail'
    constraint job_dependencies_on_failure_known check (on_failure in ('fail', 'skip', 'start')),
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

Made by queue_job(depends_on => ...). The job starts when all of them are completed. When one fails or is cancelled,
on_failure decides: the job fails, is skipped (cancelled), or starts all the same once the others have ended.$$;

create table atelier.generations (
  id uuid primary key default atelier.uuid7(),
  user_id uuid not null references atelier.profiles (id) on delete cascade,
  job_id uuid unique references atelier.jobs (id) on delete set null,
  action text not null,
  model_id text not null,
  model_name text not null,
  replicate_model text not null,
  prompt text,
  input_image_url text,
  input_video_url text,
  settings jsonb default '{}',
  status text not null default 'pending',
  output_urls text[],
  output_thumbs text[],
  output_text text,
  replicate_prediction_id text,
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
  workspace_id uuid references atelier.workspaces (id) on delete set null,
  result jsonb
);
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
create index generations_user_created_idx on atelier.generations (user_id, created_at desc);
create index generations_workspace_created_idx on atelier.generations (workspace_id, created_at desc)
  where workspace_id is not null;
create unique index generations_replicate_prediction_id_key on atelier.generations (replicate_prediction_id)
  where replicate_prediction_id is not null;
select pg_catalog.pg_extension_config_dump('atelier.generations', '');
alter table atelier.generations enable row level security;
alter table atelier.generations force row level security;
grant select on atelier.generations to authenticated, service_role;
grant update (viewed, viewed_at, is_favorite) on atelier.generations to authenticated, service_role;
comment on table atelier.generations is
$$What a completed job produced

One row per completed job, with what a gallery shows: prompt, settings, places of the outputs (bucket/path) or the
result, times. People see their own; members of the workspace workspace_id see them by get_workspace_generations() and generation_bytes().$$;

-- No foreign key, and no pattern for kind: each would be looked at for every job. A trigger forgets the events of a
-- deleted user.
create table atelier.events (
  seq bigint generated always as identity primary key,
  user_id uuid not null,
  kind text not null,
  ref uuid,
  created_at timestamptz not null default clock_timestamp(),
  xid xid8 not null default pg_current_xact_id()
);
create index events_user_idx on atelier.events (user_id, xid, seq);
select pg_catalog.pg_extension_config_dump('atelier.events', '');
select pg_catalog.pg_extension_config_dump('atelier.events_seq_seq', '');
alter table atelier.events enable row level security;
alter table atelier.events force row level security;
grant select on atelier.events to authenticated, service_role;
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
