-- Workspace: where results land first. They stay a week, unless they are saved to the library.

create table atelier.workspace_sessions (
  id uuid primary key default atelier.uuid7(),
  user_id uuid not null references atelier.profiles (id) on delete cascade,
  session_name text not null default 'Workspace Session'
    constraint workspace_sessions_session_name_length check (char_length(session_name) between 1 and 200),
  is_active boolean not null default true,
  metadata jsonb not null default '{}'
    constraint workspace_sessions_metadata_is_object check (jsonb_typeof(metadata) = 'object')
    constraint workspace_sessions_metadata_size check (octet_length(metadata::text) <= 65536),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now()
);
select pg_catalog.pg_extension_config_dump('atelier.workspace_sessions', '');
create index workspace_sessions_user_idx on atelier.workspace_sessions (user_id, created_at desc);
create unique index workspace_sessions_one_active_per_user on atelier.workspace_sessions (user_id) where is_active;
alter table atelier.workspace_sessions enable row level security;
alter table atelier.workspace_sessions force row level security;
grant select, update (session_name, metadata) on atelier.workspace_sessions to authenticated;
grant select, insert, update, delete on atelier.workspace_sessions to service_role;
comment on table atelier.workspace_sessions is
$$Sittings at the workspace

A user has at most one active session. Made by create_workspace_session(), ended by clear_workspace_session().$$;

-- The jobs outlive the session they were asked in.
alter table atelier.jobs
  add constraint jobs_workspace_session_id_fkey foreign key (workspace_session_id)
  references atelier.workspace_sessions (id) on delete set null;

create table atelier.workspace_assets (
  id uuid primary key default atelier.uuid7(),
  user_id uuid not null references auth.users (id) on delete cascade,
  asset_type text not null
    constraint workspace_assets_asset_type_known check (asset_type in ('image', 'video')),
  temp_storage_path text not null
    constraint workspace_assets_temp_storage_path_key unique
    constraint workspace_assets_temp_storage_path_is_the_owners
      check (starts_with(temp_storage_path, user_id::text || '/')),
  thumbnail_path text
    constraint workspace_assets_thumbnail_path_is_the_owners
      check (starts_with(thumbnail_path, user_id::text || '/')),
  file_size_bytes bigint not null
    constraint workspace_assets_file_size_not_negative check (file_size_bytes >= 0),
  mime_type text not null,
  width integer constraint workspace_assets_width_positive check (width > 0),
  height integer constraint workspace_assets_height_positive check (height > 0),
  duration_seconds numeric(10, 3)
    constraint workspace_assets_duration_not_negative check (duration_seconds >= 0),
  job_id uuid not null,
  asset_index integer not null default 0
    constraint workspace_assets_asset_index_not_negative check (asset_index >= 0),
  generation_seed bigint not null,
  original_prompt text not null,
  model_used text not null,
  generation_settings jsonb not null default '{}',
  created_at timestamptz not null default now(),
  expires_at timestamptz default now() + interval '7 days',
  moderation_status text not null default 'unchecked'
    constraint workspace_assets_moderation_status_known
      check (moderation_status in ('unchecked', 'pending', 'approved', 'flagged', 'quarantined', 'rejected')),
  constraint workspace_assets_job_id_asset_index_key unique (job_id, asset_index)
);
select pg_catalog.pg_extension_config_dump('atelier.workspace_assets', '');
create index workspace_assets_user_created_idx on atelier.workspace_assets (user_id, created_at desc);
create index workspace_assets_expires_idx on atelier.workspace_assets (expires_at) where expires_at is not null;
alter table atelier.workspace_assets enable row level security;
alter table atelier.workspace_assets force row level security;
grant select, delete on atelier.workspace_assets to authenticated;
grant select, insert, update, delete on atelier.workspace_assets to service_role;
comment on table atelier.workspace_assets is
$$Pictures and videos that jobs have just made

The file is the object temp_storage_path in the bucket workspace-temp; it goes with the row. Owners look and discard;
workspace_actions() saves to the library.$$;
comment on column atelier.workspace_assets.expires_at is
  'After this the janitor deletes the row and its file; null: kept until it is discarded.';
comment on column atelier.workspace_assets.job_id is
  'The job that made it. No key: jobs may be deleted before their results, and what came back from the library may '
  'have none; then it is the id of the library asset.';
comment on column atelier.workspace_assets.generation_seed is 'The seed it was made with; -1 where it is not known.';
comment on column atelier.workspace_assets.moderation_status is
  'unchecked, approved and flagged ones are shown to their owner; pending, quarantined and rejected ones to nobody.';
