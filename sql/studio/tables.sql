-- Studio: what the product keeps beside jobs and pictures: its settings, its plan, tests of prompts, avatars under way.

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
