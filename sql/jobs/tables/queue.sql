-- Jobs: the hot part. Rows live in the queue from submit to the end of the job, and no longer.
-- No foreign keys here: each would cost a look-up for every job. Who deletes jobs takes these rows along, by a trigger.

create table atelier_engine.attempts (
  id uuid primary key default atelier.uuid7(),
  job_id uuid not null,
  number integer not null,
  state text not null default 'submitting',
  endpoint_id uuid,
  endpoint_name text not null,
  token_id uuid,
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
  model_id uuid,
  constraint attempts_number_is_unique unique (job_id, number)
) with (fillfactor = 50);
create function atelier_engine.assert_valid_attempt(attempt atelier_engine.attempts)
returns boolean
language c immutable strict parallel safe
as 'MODULE_PATHNAME', 'atelier_assert_valid_attempt';
comment on function atelier_engine.assert_valid_attempt(atelier_engine.attempts) is
$$Check constraint: what an attempt may hold

state: submitting, submitted, ingesting, succeeded, failed, cancelled, ambiguous. Raises 23514.$$;
alter table atelier_engine.attempts
  add constraint attempts_are_valid check (atelier_engine.assert_valid_attempt(attempts));
create index attempts_external_idx on atelier_engine.attempts (external_id) where external_id is not null;
select pg_catalog.pg_extension_config_dump('atelier_engine.attempts', '');
alter table atelier_engine.attempts enable row level security;
grant select on atelier_engine.attempts to service_role;
comment on table atelier_engine.attempts is
$$One try of a job at one endpoint

submitting, submitted and ingesting are in flight. ready_at is since when the job could have been claimed;
recorded_at is when the outcome was committed. Its id fences: only the attempt that the queue row names counts.
endpoint_id and token_id stay when the endpoint or the token is deleted.$$;

-- A lease is renewed without touching an index. What repeats columns of jobs and attempts is here so that a claim looks
-- for work in this table alone.
create table atelier_engine.queue (
  job_id uuid primary key,
  model_id uuid not null,
  priority integer not null,
  run_at timestamptz not null default clock_timestamp(),
  state text not null default 'ready',
  attempt_id uuid,
  endpoint_id uuid,
  lease_expires_at timestamptz,
  next_check_at timestamptz,
  avoid_endpoint_id uuid,
  user_id uuid,
  workspace_id uuid not null default '00000000-0000-0000-0000-000000000000',
  lane_id uuid not null default '00000000-0000-0000-0000-000000000000',
  cost double precision not null default 1,
  vtime double precision not null default 0,
  capped boolean not null default false,
  token_id uuid,
  attempt_count integer not null default 0,
  progress real
) with (
  fillfactor = 50,
  autovacuum_vacuum_threshold = 200,
  autovacuum_vacuum_scale_factor = 0.05,
  autovacuum_vacuum_insert_threshold = -1,
  autovacuum_analyze_threshold = 500,
  autovacuum_analyze_scale_factor = 0.2,
  autovacuum_vacuum_cost_delay = 0
);
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
-- In the order of claims.
create index queue_ready_idx on atelier_engine.queue (model_id, priority desc, vtime, job_id) where state = 'ready';
-- Of one user: his last job in a lane, and how many there are.
create index queue_user_idx on atelier_engine.queue (user_id, state, lane_id, priority, vtime);
create index queue_parked_idx on atelier_engine.queue (user_id, model_id, workspace_id, priority desc, vtime, job_id)
  where state = 'parked';
create index queue_waiting_idx on atelier_engine.queue (run_at) where state = 'waiting';
create index queue_blocked_idx on atelier_engine.queue (job_id) where state = 'blocked';
create index queue_avoiding_idx on atelier_engine.queue (run_at) where avoid_endpoint_id is not null and state = 'ready';
create index queue_owned_idx on atelier_engine.queue (endpoint_id) where state in ('leased', 'held');
select pg_catalog.pg_extension_config_dump('atelier_engine.queue', '');
alter table atelier_engine.queue enable row level security;
grant select on atelier_engine.queue to service_role;
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
comment on column atelier_engine.queue.progress is 'How much of it is done, as its worker says; null: it says nothing.';
comment on column atelier_engine.queue.attempt_count is 'How many attempts there were: the number of the last one.';

-- Jobs that must not start, whatever they depend on. No foreign key, as above.
create table atelier_engine.review_holds (
  job_id uuid primary key,
  created_at timestamptz not null default now()
);
select pg_catalog.pg_extension_config_dump('atelier_engine.review_holds', '');
alter table atelier_engine.review_holds enable row level security;
comment on table atelier_engine.review_holds is
$$Blocked jobs whose prompts are being checked, or wait for a moderator

They start, or fail, when the row is taken away.$$;
