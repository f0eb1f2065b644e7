-- Workspace: what a person does with results: keep them, discard them, get them back.

create or replace function atelier_engine.clear_assets(p_user_id uuid, p_asset_ids uuid[])
returns jsonb
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  asset_id uuid;
  library_ids uuid[] := array[]::uuid[];
begin
  foreach asset_id in array p_asset_ids loop
    library_ids := library_ids
      || atelier_engine.save_asset(asset_id, p_user_id, keeps_workspace_file => false);
  end loop;
  delete from atelier.workspace_assets a where a.id = any (p_asset_ids) and a.user_id = p_user_id;
  return to_jsonb(library_ids);
end;
$$;
comment on function atelier_engine.clear_assets(uuid, uuid[]) is
$$Save assets to the library and take them out of the workspace

All or none: when one cannot be saved, nothing has happened. Returns the ids in the library.$$;

create or replace function atelier_engine.copy_to_workspace(p_library_asset_id uuid, p_user_id uuid)
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  kept atelier.user_library%rowtype;
  back_id uuid;
  back_path text;
  back_thumbnail text;
begin
  select * into kept
    from atelier.user_library l
   where l.id = p_library_asset_id and l.user_id = p_user_id
     and l.moderation_status in ('unchecked', 'approved', 'flagged')
     for no key update;
  if not found then
    raise sqlstate 'PT404' using
      message = 'library asset not found', detail = format('Library asset: %s.', p_library_asset_id);
  end if;
  back_id := coalesce(kept.source_asset_id, atelier.uuid7());
  if exists (select from atelier.workspace_assets a where a.id = back_id) then
    return back_id;
  end if;

  kept.source_job_id := coalesce(kept.source_job_id, kept.id);
  kept.source_asset_index := coalesce(kept.source_asset_index, 0);
  back_path := format('%s/%s/%s.%s', p_user_id, kept.source_job_id, kept.source_asset_index,
                      storage.extension(kept.storage_path));
  perform atelier_engine.copy_object('user-library', kept.storage_path, 'workspace-temp', back_path, p_user_id);
  if kept.thumbnail_path is not null then
    back_thumbnail := format('%s/%s/%s.thumb.%s', p_user_id, kept.source_job_id, kept.source_asset_index,
                             storage.extension(kept.thumbnail_path));
    perform atelier_engine.copy_object('user-library', kept.thumbnail_path, 'workspace-temp', back_thumbnail, p_user_id);
  end if;
  insert into atelier.workspace_assets
    (id, user_id, asset_type, temp_storage_path, thumbnail_path, file_size_bytes, mime_type, width, height,
     duration_seconds, job_id, asset_index, generation_seed, original_prompt, model_used, generation_settings,
     moderation_status)
  values
    (back_id, p_user_id, kept.asset_type, back_path, back_thumbnail, kept.file_size_bytes, kept.mime_type, kept.width,
     kept.height, kept.duration_seconds, kept.source_job_id, kept.source_asset_index,
     coalesce(kept.generation_seed, -1), kept.original_prompt, kept.model_used, kept.generation_metadata,
     kept.moderation_status);
  -- Saving what came back finds the library asset again instead of making a second one.
  update atelier.user_library l set source_asset_id = back_id where l.id = kept.id and l.source_asset_id is null;
  return back_id;
end;
$$;
comment on function atelier_engine.copy_to_workspace(uuid, uuid) is
$$Put a library asset into the workspace again

Returns the id of the workspace asset, which is the one it once had. The file is a copy. Once it is there, copying
again changes nothing. PT404: not in this user's library.$$;

create or replace function atelier.workspace_actions(
  action text,
  asset_id uuid default null,
  job_id uuid default null,
  library_asset_id uuid default null,
  custom_title text default null,
  collection_id uuid default null,
  tags text[] default null
)
returns jsonb
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  caller constant uuid := auth.uid();
  asset_ids uuid[];
  saved jsonb;
  discarded integer;
begin
  if caller is null then
    raise sqlstate 'PT401' using
      message = 'sign in to use the workspace', hint = 'Send a JWT in the Authorization header.';
  end if;

  if action in ('save_to_library', 'clear_asset', 'discard_asset') and asset_id is null
     or action = 'clear_job' and job_id is null
     or action = 'copy_to_workspace' and library_asset_id is null then
    raise invalid_parameter_value using
      message = 'an argument is missing',
      detail = format('%s needs %s.', action, case action
                        when 'clear_job' then 'job_id'
                        when 'copy_to_workspace' then 'library_asset_id'
                        else 'asset_id'
                      end);
  end if;

  case action
    when 'save_to_library' then
      return jsonb_build_object(
        'success', true,
        'libraryAssetId', atelier_engine.save_asset(asset_id, caller, true, custom_title, collection_id, tags),
        'message', 'saved to the library');

    when 'discard_asset' then
      delete from atelier.workspace_assets a
       where a.id = workspace_actions.asset_id and a.user_id = caller
         and a.moderation_status in ('unchecked', 'approved', 'flagged');
      get diagnostics discarded = row_count;
      return jsonb_build_object(
        'success', true, 'discarded', discarded,
        'message', case discarded when 0 then 'there was nothing to discard' else 'discarded' end);

    when 'copy_to_workspace' then
      return jsonb_build_object(
        'success', true,
        'assetId', atelier_engine.copy_to_workspace(library_asset_id, caller),
        'message', 'copied to the workspace');

    when 'clear_asset', 'clear_job', 'clear_workspace' then
      select coalesce(array_agg(a.id), '{}') into asset_ids
        from (select w.id
                from atelier.workspace_assets w
               where w.user_id = caller and w.moderation_status in ('unchecked', 'approved', 'flagged')
                 and case action
                       when 'clear_asset' then w.id = workspace_actions.asset_id
                       when 'clear_job' then w.job_id = workspace_actions.job_id
                       else true
                     end
               order by w.id
                 for update) a;
      if asset_ids = '{}' and action <> 'clear_workspace' then
        raise sqlstate 'PT404' using
          message = case action when 'clear_job' then 'no assets found for job' else 'asset not found' end,
          detail = case action
                     when 'clear_job' then format('Job: %s.', job_id)
                     else format('Asset: %s.', asset_id)
                   end;
      end if;
      saved := atelier_engine.clear_assets(caller, asset_ids);
      return jsonb_build_object(
        'success', true, 'libraryAssetId', saved -> 0, 'libraryAssetIds', saved, 'cleared', cardinality(asset_ids),
        'message', 'saved to the library and cleared');

    else
      raise invalid_parameter_value using
        message = 'unknown workspace action',
        detail = format('Action: %s.', coalesce("left"(action, 100), 'null')),
        hint = 'Use save_to_library, clear_asset, clear_job, clear_workspace, discard_asset or copy_to_workspace.';
  end case;
end;
$$;
grant execute on function atelier.workspace_actions(text, uuid, uuid, uuid, text, uuid, text[]) to authenticated;
comment on function atelier.workspace_actions(text, uuid, uuid, uuid, text, uuid, text[]) is
$$Keep, clear or bring back assets

save_to_library (asset_id; custom_title, collection_id, tags) copies an asset to the library; again is the same asset.
clear_asset (asset_id), clear_job (job_id) and clear_workspace save what they clear, all or none.
discard_asset (asset_id) deletes without saving; an asset that is gone already is no error.
copy_to_workspace (library_asset_id) brings an asset back.
Returns success, message and libraryAssetId, libraryAssetIds and cleared, discarded, or assetId.
PT401 not signed in, 22023 unknown action or missing argument, PT404 no such asset of the caller.$$;
