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
       l.updated_at,
       j.project_id,
       j.enhanced_prompt,
       case when j.project_id is null then 'standalone' else 'project' end as generation_mode,
       j.quality,
       null::text as signed_url,
       null::timestamptz as signed_url_expires_at,
       j.prompt_test_id,
       j.test_metadata,
       j.moderation_status,
       j.reviewed_at,
       j.reviewed_by,
       j.review_notes,
       null::numeric(3, 2) as nsfw_score,
       j.enhancement_strategy,
       j.enhancement_time_ms,
       j.quality_rating,
       j.quality_improvement,
       j.compel_weights,
       j.qwen_expansion_percentage,
       atelier_engine.reference_image_of(l.generation_metadata) as reference_image_url,
       atelier_engine.reference_strength_of(l.generation_metadata)::numeric(3, 2) as reference_strength,
       j.metadata ->> 'reference_type' as reference_type
  from atelier.user_library l
  -- It makes no two rows of one, and is not made when nobody asks about it.
  left join atelier.jobs j on j.id = l.source_job_id
 where l.asset_type = 'image'
   and (l.user_id = (select auth.uid()) or (select auth.uid()) is null);
grant select, delete, insert (user_id, title, prompt, image_url, job_id, image_index), update (title)
  on atelier.images to authenticated, service_role;
comment on view atelier.images is
$$The pictures of the caller's library

The service role sees those of everybody. A new row saves a picture of the workspace to the library: image_url names it, or
job_id and image_index do. The title can be changed, and deleting a row deletes the picture.$$;

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
       l.updated_at,
       j.project_id,
       null::timestamptz as expires_at,
       'user-library/' || l.thumbnail_path as preview_url,
       atelier_engine.reference_image_of(l.generation_metadata) as reference_image_url,
       null::text as error_message,
       null::text as signed_url,
       null::timestamptz as signed_url_expires_at,
       j.enhancement_strategy,
       j.enhanced_prompt,
       j.enhancement_time_ms,
       j.quality_rating,
       j.quality_improvement,
       j.compel_weights,
       j.qwen_expansion_percentage
  from atelier.user_library l
  left join atelier.jobs j on j.id = l.source_job_id
 where l.asset_type = 'video'
   and (l.user_id = (select auth.uid()) or (select auth.uid()) is null);
grant select, delete, insert (user_id, title, original_prompt, video_url, job_id), update (title)
  on atelier.videos to authenticated, service_role;
comment on view atelier.videos is
$$The videos of the caller's library

The service role sees those of everybody. duration is in seconds. A new row saves a video of the workspace to the library:
video_url names it, or job_id does. The title can be changed, and deleting a row deletes the video.$$;
