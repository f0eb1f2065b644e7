-- Jobs: how long models take, for estimates.

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
