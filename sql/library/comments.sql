-- Library: what the columns mean.

comment on column atelier.user_collections.name is 'What its owner calls it.';
comment on column atelier.user_collections.description is 'What its owner says about it.';

comment on column atelier.user_library.asset_type is 'image or video.';
comment on column atelier.user_library.storage_path is 'The name of the file in the bucket user-library.';
comment on column atelier.user_library.thumbnail_path is 'The name of a small picture of it in the same bucket.';
comment on column atelier.user_library.file_size_bytes is 'The size of the file.';
comment on column atelier.user_library.mime_type is 'The media type of the file.';
comment on column atelier.user_library.width is 'In pixels.';
comment on column atelier.user_library.height is 'In pixels.';
comment on column atelier.user_library.duration_seconds is 'How long a video lasts.';
comment on column atelier.user_library.original_prompt is 'What the user wrote.';
comment on column atelier.user_library.model_used is 'The key of the model.';
comment on column atelier.user_library.generation_seed is 'The seed it was made with; null where it is not known.';
comment on column atelier.user_library.collection_id is 'The collection it is in.';
comment on column atelier.user_library.custom_title is 'What its owner calls it.';
comment on column atelier.user_library.tags is 'Words of its owner to find it by.';
comment on column atelier.user_library.is_favorite is 'Whether its owner likes it.';
comment on column atelier.user_library.visibility is 'private, unlisted (for those who know its id) or public.';
comment on column atelier.user_library.content_category is 'general, or roleplay_scene and the like.';
comment on column atelier.user_library.roleplay_metadata is 'What a scene needs to know about it.';
comment on column atelier.user_library.source_job_id is 'The job that made it.';
comment on column atelier.user_library.source_asset_index is 'Which output of that job it is, from 0.';

comment on column atelier.images.title is 'What its owner calls it.';
comment on column atelier.images.prompt is 'What the user wrote.';
comment on column atelier.images.image_url is 'The file, as bucket/path.';
comment on column atelier.images.thumbnail_url is 'A small picture of it, as bucket/path.';
comment on column atelier.images.image_urls is 'The file, as bucket/path, in an array.';
comment on column atelier.images.format is 'The extension of the file, such as png.';
comment on column atelier.images.status is 'Always completed.';
comment on column atelier.images.file_size is 'The size of the file in bytes.';
comment on column atelier.images.seed is 'The seed it was made with; null where it is not known.';
comment on column atelier.images.job_id is 'The job that made it.';
comment on column atelier.images.image_index is 'Which output of that job it is, from 0.';
comment on column atelier.images.metadata is 'The settings it was made with.';

comment on column atelier.videos.title is 'What its owner calls it.';
comment on column atelier.videos.video_url is 'The file, as bucket/path.';
comment on column atelier.videos.thumbnail_url is 'A small picture of it, as bucket/path.';
comment on column atelier.videos.format is 'The extension of the file, such as mp4.';
comment on column atelier.videos.status is 'Always completed.';
comment on column atelier.videos.duration is 'In seconds.';
comment on column atelier.videos.resolution is 'Width and height in pixels, with an x between them.';
comment on column atelier.videos.job_id is 'The job that made it.';
comment on column atelier.videos.metadata is 'The settings it was made with.';
comment on column atelier.videos.completed_at is 'When it was saved.';
