-- Workspace: the name other clients look for. A caller sees through it what the tables show him.

create or replace view atelier.workspace_items with (security_invoker = true) as
select a.id,
       j.workspace_session_id as session_id,
       a.job_id,
       a.user_id,
       a.original_prompt as prompt,
       j.enhanced_prompt,
       a.asset_type as content_type,
       j.model_type,
       j.quality,
       a.temp_storage_path as storage_path,
       'workspace-temp' as bucket_name,
       'workspace-temp/' || a.temp_storage_path as url,
       'workspace-temp/' || a.thumbnail_path as thumbnail_url,
       a.generation_settings as generation_params,
       a.generation_seed as seed,
       atelier_engine.reference_image_of(a.generation_settings) as reference_image_url,
       atelier_engine.reference_strength_of(a.generation_settings)::numeric(3, 2) as reference_strength,
       case when l.id is not null then 'saved' else 'generated' end as status,
       jsonb_strip_nulls(jsonb_build_object('saved_to', l.id)) as metadata,
       a.created_at,
       a.created_at as updated_at
  from atelier.workspace_assets a
  -- Neither join makes two rows of one, and a join that nobody asks about is not made.
  left join atelier.jobs j on j.id = a.job_id
  left join atelier.user_library l on l.user_id = a.user_id and l.source_asset_id = a.id;
grant select, delete, update (status) on atelier.workspace_items to authenticated;
grant select, delete, insert, update (status) on atelier.workspace_items to service_role;
comment on view atelier.workspace_items is
$$Workspace assets, as items of sessions

status is saved for what is in the library too, and metadata.saved_to is its id there; else generated. url and
thumbnail_url are bucket/path. Setting status to saved saves an item to the library, deleting one discards the asset. The
service role adds items whose file (storage_path) is in the bucket already.$$;
