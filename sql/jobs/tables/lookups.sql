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
