-- Library: the names other clients look for, each showing the caller what is his own.

create or replace view atelier.images with (security_invoker = true) as
select l.id,
       l.user_id,
       l.custom_title as title,
       l.original_prompt as prompt,
       l.original_prompt,
       'user-library/' || l.storage_path as image_url,
       'user-library/' || l.thumbnail_path as thumbnail_url,
       jsonb_build_array('user-library/' || l.storage_path) as image_urls,
       storage.extension(l.storage_path) as format,
       'completed' as status,
       l.file_size_bytes as file_size,
       l.generation_seed as seed,
       l.source_job_id as job_id,
       l.source_asset_index as image_index,
       l.generation_metadata as metadata,
       l.created_at,
       l.updated_at
  from atelier.user_library l
 where l.asset_type = 'image'
   and (l.user_id = (select auth.uid()) or (select auth.uid()) is null);
grant select, delete, update (title) on atelier.images to authenticated, service_role;
comment on view atelier.images is
$$The pictures of the caller's library

The service role sees those of everybody. The title can be changed and a picture deleted through the view.$$;

create or replace view atelier.videos with (security_invoker = true) as
select l.id,
       l.user_id,
       l.custom_title as title,
       l.original_prompt,
       'user-library/' || l.storage_path as video_url,
       'user-library/' || l.thumbnail_path as thumbnail_url,
       storage.extension(l.storage_path) as format,
       'completed' as status,
       l.duration_seconds as duration,
       l.width || 'x' || l.height as resolution,
       l.source_job_id as job_id,
       l.generation_metadata as metadata,
       l.created_at,
       l.created_at as completed_at,
       l.updated_at
  from atelier.user_library l
 where l.asset_type = 'video'
   and (l.user_id = (select auth.uid()) or (select auth.uid()) is null);
grant select, delete, update (title) on atelier.videos to authenticated, service_role;
comment on view atelier.videos is
$$The videos of the caller's library

The service role sees those of everybody. duration is in seconds. The title can be changed and a video deleted through
the view.$$;
