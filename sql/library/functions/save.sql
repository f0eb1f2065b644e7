-- Library: saving from the workspace, and showing what is shared.

create or replace function atelier_engine.save_file(
  p_workspace_path text, p_library_path text, p_user_id uuid, keeps_workspace_file boolean
)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if keeps_workspace_file
     or exists (select from storage.objects o where o.bucket_id = 'user-library' and o.name = p_library_path) then
    perform atelier_engine.copy_object('workspace-temp', p_workspace_path, 'user-library', p_library_path, p_user_id);
  else
    perform atelier_engine.move_object('workspace-temp', p_workspace_path, 'user-library', p_library_path, p_user_id);
  end if;
end;
$$;
comment on function atelier_engine.save_file(text, text, uuid, boolean) is
$$Bring a file from the workspace to the library

A copy, or a move when the workspace does not need its file any more. A file that is there already stays.$$;

create or replace function atelier_engine.save_asset(
  p_asset_id uuid,
  p_user_id uuid,
  keeps_workspace_file boolean default true,
  p_custom_title text default null,
  p_collection_id uuid default null,
  p_tags text[] default null
)
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  asset atelier.workspace_assets%rowtype;
  kept atelier.user_library%rowtype;
begin
  if p_collection_id is not null
     and not exists (select from atelier.user_collections c
                      where c.id = p_collection_id and c.user_id = p_user_id) then
    raise sqlstate 'PT404' using
      message = 'collection not found', detail = format('Collection: %s.', p_collection_id);
  end if;

  -- The lock lines up everybody who saves or clears this asset, and keeps the janitor away from it.
  select * into asset
    from atelier.workspace_assets a
   where a.id = p_asset_id and a.user_id = p_user_id and a.moderation_status in ('unchecked', 'approved', 'flagged')
     for update;
  select * into kept
    from atelier.user_library l
   where l.user_id = p_user_id and l.source_asset_id = p_asset_id
     and l.moderation_status in ('unchecked', 'approved', 'flagged')
     for no key update;
  if asset.id is null and kept.id is null then
    raise sqlstate 'PT404' using message = 'asset not found', detail = format('Asset: %s.', p_asset_id);
  end if;

  if asset.id is not null then
    kept.storage_path := coalesce(kept.storage_path, format(
      '%s/%s.%s', p_user_id, asset.id, storage.extension(asset.temp_storage_path)));
    perform atelier_engine.save_file(asset.temp_storage_path, kept.storage_path, p_user_id, keeps_workspace_file);
    if asset.thumbnail_path is not null then
      kept.thumbnail_path := coalesce(kept.thumbnail_path, format(
        '%s/%s.thumb.%s', p_user_id, asset.id, storage.extension(asset.thumbnail_path)));
      perform atelier_engine.save_file(asset.thumbnail_path, kept.thumbnail_path, p_user_id, keeps_workspace_file);
    end if;
  end if;

  if kept.id is null then
    insert into atelier.user_library
      (user_id, asset_type, storage_path, thumbnail_path, file_size_bytes, mime_type, width, height, duration_seconds,
       original_prompt, model_used, generation_seed, generation_metadata, source_asset_id, source_job_id,
       source_asset_index, custom_title, collection_id, tags, moderation_status)
    values
      (p_user_id, asset.asset_type, kept.storage_path, kept.thumbnail_path, asset.file_size_bytes, asset.mime_type,
       asset.width, asset.height, asset.duration_seconds, asset.original_prompt, asset.model_used,
       nullif(asset.generation_seed, -1), asset.generation_settings, asset.id, asset.job_id, asset.asset_index,
       p_custom_title, p_collection_id, coalesce(p_tags, '{}'), asset.moderation_status)
    returning id into kept.id;
  else
    -- Saved before: only what the caller says about it is new.
    update atelier.user_library l
       set thumbnail_path = kept.thumbnail_path,
           custom_title = coalesce(p_custom_title, l.custom_title),
           collection_id = coalesce(p_collection_id, l.collection_id),
           tags = coalesce(p_tags, l.tags)
     where l.id = kept.id
       and (l.thumbnail_path is distinct from kept.thumbnail_path
            or p_custom_title is not null or p_collection_id is not null or p_tags is not null);
  end if;
  return kept.id;
end;
$$;
comment on function atelier_engine.save_asset(uuid, uuid, boolean, text, uuid, text[]) is
$$Save a workspace asset to its owner's library

Returns the id in the library, the same one however often it is saved. PT404: no such asset or collection of this user.$$;

create or replace function atelier.save_workspace_item_to_library(p_workspace_item_id uuid, p_user_id uuid)
returns uuid
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.assert_acting_for(p_user_id);
  return atelier_engine.save_asset(p_workspace_item_id, p_user_id);
end;
$$;
grant execute on function atelier.save_workspace_item_to_library(uuid, uuid) to authenticated, service_role;
comment on function atelier.save_workspace_item_to_library(uuid, uuid) is
$$Save a workspace asset to the library

The file is copied. Returns the id in the library; saving again returns the same id. For oneself only (42501); PT404:
no such asset of this user.$$;

create or replace function atelier_engine.library_asset_path(p_asset_id uuid)
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  path text;
begin
  select l.storage_path into path
    from atelier.user_library l
   where l.id = p_asset_id
     and ((l.visibility in ('public', 'unlisted') and l.moderation_status in ('unchecked', 'approved'))
          or (l.user_id = auth.uid() and l.moderation_status in ('unchecked', 'approved', 'flagged'))
          or atelier_engine.is_service_role());
  if not found then
    raise sqlstate 'PT404' using
      message = 'library asset not found', detail = format('Library asset: %s.', p_asset_id);
  end if;
  return path;
end;
$$;
comment on function atelier_engine.library_asset_path(uuid) is
$$The file of a library asset that the caller may read

For its owner, and for everybody who knows the id of a public or unlisted one; PT404 otherwise, and when moderation withholds
it. What is flagged only its owner reads.$$;

create or replace function atelier.library_asset_bytes(asset_id uuid)
returns bytea
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
  select atelier.object_bytes('user-library', atelier_engine.library_asset_path(library_asset_bytes.asset_id));
end;
grant execute on function atelier.library_asset_bytes(uuid) to anon, authenticated, service_role;
comment on function atelier.library_asset_bytes(uuid) is
$$The bytes of a library asset

For its owner, and for everybody who knows the id of a public or unlisted one; PT404 otherwise. Other errors as
object_bytes().$$;

create or replace function atelier.library_asset(asset_id uuid)
returns atelier."*/*"
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
  select atelier.object('user-library', atelier_engine.library_asset_path(library_asset.asset_id));
end;
grant execute on function atelier.library_asset(uuid) to anon, authenticated, service_role;
comment on function atelier.library_asset(uuid) is
$$Download a library asset

For `GET /rpc/library_asset?asset_id=…`, as object(): a page shows what is public or unlisted by its address. Fails as
library_asset_bytes().$$;
