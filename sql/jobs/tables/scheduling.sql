-- Jobs: whose turn it is. Weights and caps of tiers, the clocks of lanes, and what is parked behind a cap.

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
