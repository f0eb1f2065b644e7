-- Providers: what admins measured and tried.

create table atelier.model_config_history (
  id uuid primary key default atelier.uuid7(),
  model_type varchar(20) not null
    constraint model_config_history_model_type_is_a_family check (model_type ~ '^[A-Z0-9][A-Z0-9._-]*$'),
  config_name varchar(100) not null,
  config_data jsonb not null,
  is_active boolean default false,
  created_by uuid references atelier.profiles (id) on delete set null,
  created_at timestamptz default now(),
  notes text,
  model_id uuid references atelier.api_models (id) on delete set null
);
create index model_config_history_created_by_idx on atelier.model_config_history (created_by);
create index model_config_history_model_idx on atelier.model_config_history (model_id) where model_id is not null;
-- The settings in use of a model are one row.
create unique index model_config_history_active_key on atelier.model_config_history (model_id)
  where is_active and model_id is not null;
select pg_catalog.pg_extension_config_dump('atelier.model_config_history', '');
alter table atelier.model_config_history enable row level security;
alter table atelier.model_config_history force row level security;
grant select, insert, update, delete on atelier.model_config_history to authenticated, service_role;
comment on table atelier.model_config_history is
$$Settings of models, as they were and as they are

A change of api_models writes a row by itself; admins may add rows of what they tried. Of a model's rows the active one has
the settings in use.$$;
comment on column atelier.model_config_history.model_id is 'The model; null: it was deleted, or an admin wrote the row.';

create table atelier.model_performance_logs (
  id uuid primary key default atelier.uuid7(),
  model_type varchar(20) not null
    constraint model_performance_logs_model_type_is_a_family check (model_type ~ '^[A-Z0-9][A-Z0-9._-]*$'),
  date date not null,
  total_generations integer default 0,
  successful_generations integer default 0,
  failed_generations integer default 0,
  avg_generation_time_ms integer,
  avg_quality_rating numeric(3, 2),
  total_processing_time_ms bigint,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  constraint model_performance_logs_one_row_a_day unique (model_type, date)
);
select pg_catalog.pg_extension_config_dump('atelier.model_performance_logs', '');
alter table atelier.model_performance_logs enable row level security;
alter table atelier.model_performance_logs force row level security;
grant select, insert, update, delete on atelier.model_performance_logs to authenticated, service_role;
comment on table atelier.model_performance_logs is
$$Counts and times of a model family, one row a day

The janitor writes them from the jobs of a day (UTC) while it lasts and once more when it is over;
backfill_model_performance() writes them for earlier days. They stay when the jobs are deleted.$$;

create table atelier.model_test_results (
  id uuid primary key default atelier.uuid7(),
  user_id uuid references atelier.profiles (id) on delete cascade,
  model_type varchar(20) not null
    constraint model_test_results_model_type_known check (model_type in ('SDXL', 'WAN', 'LORA')),
  model_version varchar(50),
  prompt_text text not null,
  success boolean not null default true,
  overall_quality integer constraint model_test_results_overall_quality_range check (overall_quality between 0 and 10),
  technical_quality integer
    constraint model_test_results_technical_quality_range check (technical_quality between 0 and 10),
  content_quality integer constraint model_test_results_content_quality_range check (content_quality between 0 and 10),
  consistency integer constraint model_test_results_consistency_range check (consistency between 0 and 10),
  test_series varchar(100) not null,
  test_tier varchar(50) not null
    constraint model_test_results_test_tier_known check (test_tier in ('artistic', 'explicit', 'unrestricted')),
  test_category varchar(100),
  test_metadata jsonb not null default '{}',
  job_id uuid,
  image_id uuid,
  video_id uuid,
  generation_time_ms integer,
  file_size_bytes integer,
  notes text,
  created_at timestamptz default now(),
  updated_at timestamptz default now(),
  enhancement_strategy varchar(50),
  original_prompt text,
  enhanced_prompt text,
  enhancement_time_ms integer,
  quality_improvement numeric(3, 2),
  compel_weights jsonb,
  qwen_expansion_percentage numeric(5, 2),
  baseline_quality numeric(3, 2)
);
create index model_test_results_user_idx on atelier.model_test_results (user_id);
create index model_test_results_created_at_idx on atelier.model_test_results (created_at);
create index model_test_results_job_idx on atelier.model_test_results (job_id);
select pg_catalog.pg_extension_config_dump('atelier.model_test_results', '');
alter table atelier.model_test_results enable row level security;
alter table atelier.model_test_results force row level security;
grant select, insert, update, delete on atelier.model_test_results to authenticated, service_role;
comment on table atelier.model_test_results is 'Ratings that admins gave to test pictures and videos';
