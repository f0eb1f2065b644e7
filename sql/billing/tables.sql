-- Billing: what calls of providers cost, and a log of the calls. The logs are partitioned by time. The janitor makes and
-- drops the partitions, in atelier_engine, out of reach of clients. They have the indexes: one of the whole table would be
-- made twice when a dump is restored.

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
