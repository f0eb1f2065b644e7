-- Workspace: the name other clients look for. A caller sees through it what the tables show him.

create or replace view atelier.workspace_items with (security_invoker = true) as
select a.id,
       (select j.workspace_session_id from atelier.jobs j where j.id = a.job_id) as session_id,
       a.job_id,
       a.user_id,
       a.original_prompt as prompt,
       (select j.enhanced_prompt from atelier.jobs j where j.id = a.job_id) as enhanced_prompt,
       a.asset_type as content_type,
       (select j.model_type from atelier.jobs j where j.id = a.job_id) as model_type,
       (select j.quality from atelier.jobs j where j.id = a.job_id) as quality,
       a.temp_storage_path as storage_path,
       'workspace-temp' as bucket_name,
       'workspace-temp/' || a.temp_storage_path as url,
       'workspace-temp/' || a.thumbnail_path as thumbnail_url,
       a.generation_settings as generation_params,
       a.generation_seed as seed,
       a.generation_settings ->> 'reference_image_url' as reference_image_url,
       (a.generation_settings ->> 'reference_strength')::numeric(3, 2) as reference_strength,
       case
         when exists (select from atelier.user_library l where l.user_id = a.user_id and l.source_asset_id = a.id)
         then 'saved'
         else 'generated'
       end as status,
       jsonb_strip_nulls(jsonb_build_object(
         'saved_to', (select l.id from atelier.user_library l where l.user_id = a.user_id and l.source_asset_id = a.id)
       )) as metadata,
       a.created_at,
       a.created_at as updated_at
  from atelier.workspace_assets a;
grant select, delete on atelier.workspace_items to authenticated, service_role;
comment on view atelier.workspace_items is
$$Workspace assets, as items of sessions

status is saved for what is in the library too, and metadata.saved_to is its id there; else generated. url and
thumbnail_url are bucket/path. Deleting an item discards the asset.$$;
