-- Jobs: results that came too late. The bytes are objects of the bucket late-results, which nobody owns.

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
