-- Jobs: what happens again and again.

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
