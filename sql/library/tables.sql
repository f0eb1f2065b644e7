-- Library: what users keep, and the collections they sort it into.

create table atelier.user_collections (
  id uuid primary key default atelier.uuid7(),
  user_id uuid not null default auth.uid() references auth.users (id) on delete cascade,
  name text not null
    constraint user_collections_name_length check (char_length(name) between 1 and 200),
  description text
    constraint user_collections_description_length check (char_length(description) <= 2000),
  asset_count integer not null default 0
    constraint user_collections_asset_count_not_negative check (asset_count >= 0),
  created_at timestamptz not null default now(),
  -- What user_library refers to, so that nobody files into the collection of somebody else.
  constraint user_collections_id_user_id_key unique (id, user_id)
);
select pg_catalog.pg_extension_config_dump('atelier.user_collections', '');
create index user_collections_user_idx on atelier.user_collections (user_id, created_at desc);
alter table atelier.user_collections enable row level security;
alter table atelier.user_collections force row level security;
grant select, delete, insert (user_id, name, description), update (name, description)
  on atelier.user_collections to authenticated;
grant select, insert, update, delete on atelier.user_collections to service_role;
comment on table atelier.user_collections is
$$Collections of library assets

An asset is in one collection at most. Deleting a collection keeps its assets.$$;
comment on column atelier.user_collections.asset_count is 'How many assets are in it; kept by triggers of user_library.';

create table atelier.user_library (
  id uuid primary key default atelier.uuid7(),
  user_id uuid not null references auth.users (id) on delete cascade,
  asset_type text not null
    constraint user_library_asset_type_known check (asset_type in ('image', 'video')),
  storage_path text not null
    constraint user_library_storage_path_key unique
    constraint user_library_storage_path_is_the_owners check (starts_with(storage_path, user_id::text || '/')),
  thumbnail_path text
    constraint user_library_thumbnail_path_is_the_owners
      check (starts_with(thumbnail_path, user_id::text || '/')),
  file_size_bytes bigint not null
    constraint user_library_file_size_not_negative check (file_size_bytes >= 0),
  mime_type text not null,
  width integer constraint user_library_width_positive check (width > 0),
  height integer constraint user_library_height_positive check (height > 0),
  duration_seconds numeric(10, 3)
    constraint user_library_duration_not_negative check (duration_seconds >= 0),
  original_prompt text not null,
  model_used text not null,
  generation_seed bigint,
  generation_metadata jsonb not null default '{}',
  collection_id uuid,
  custom_title text
    constraint user_library_custom_title_length check (char_length(custom_title) <= 500),
  tags text[] not null default '{}'
    constraint user_library_tags_are_a_list check (array_ndims(tags) is not distinct from 1 or tags = '{}')
    constraint user_library_tags_have_no_null check (array_position(tags, null) is null)
    constraint user_library_tags_size check (cardinality(tags) <= 100 and octet_length(tags::text) <= 10000),
  is_favorite boolean not null default false,
  visibility text not null default 'private'
    constraint user_library_visibility_known check (visibility in ('private', 'unlisted', 'public')),
  content_category text not null default 'general',
  roleplay_metadata jsonb not null default '{}',
  source_asset_id uuid,
  source_job_id uuid,
  source_asset_index integer,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  moderation_status text not null default 'unchecked'
    constraint user_library_moderation_status_known
      check (moderation_status in ('unchecked', 'pending', 'approved', 'flagged', 'quarantined', 'rejected')),
  -- A workspace asset is saved once, however often and from wherever it is asked for.
  constraint user_library_source_key unique (user_id, source_asset_id),
  constraint user_library_collection_id_fkey foreign key (collection_id, user_id)
    references atelier.user_collections (id, user_id) on delete set null (collection_id)
);
select pg_catalog.pg_extension_config_dump('atelier.user_library', '');
-- Each output of a job is in the library once.
create unique index user_library_source_job_key on atelier.user_library (source_job_id, source_asset_index)
  where source_job_id is not null;
create index user_library_user_created_idx on atelier.user_library (user_id, created_at desc);
create index user_library_collection_idx on atelier.user_library (collection_id, user_id, created_at desc);
create index user_library_public_idx on atelier.user_library (created_at desc) where visibility = 'public';
create index user_library_roleplay_idx on atelier.user_library using gin (roleplay_metadata)
  where content_category = 'roleplay_scene';
alter table atelier.user_library enable row level security;
alter table atelier.user_library force row level security;
grant select on atelier.user_library to anon;
grant select, delete, update (custom_title, tags, is_favorite, visibility, collection_id)
  on atelier.user_library to authenticated;
grant select, insert, update, delete on atelier.user_library to service_role;
comment on table atelier.user_library is
$$Pictures and videos that users keep

The file is the object storage_path in the bucket user-library, a copy of its own; it goes with the row. Everybody sees
what is public; what is unlisted is reached only through library_asset() and library_asset_bytes() by those who know its
id.$$;
comment on column atelier.user_library.source_asset_id is
  'The workspace asset it was saved from, and which comes back when it is copied to the workspace.';
comment on column atelier.user_library.generation_metadata is 'The settings it was made with.';
comment on column atelier.user_library.moderation_status is
  'unchecked, approved and flagged ones are shown to their owner; pending, quarantined and rejected ones to nobody.';
