-- Workspace: what the columns mean.

comment on column atelier.workspace_sessions.session_name is 'What the user calls it.';
comment on column atelier.workspace_sessions.is_active is 'Whether it is the one in use; of each user at most one is.';
comment on column atelier.workspace_sessions.metadata is 'Whatever the app attached, a JSON object of at most 64 KiB.';

comment on column atelier.workspace_assets.asset_type is 'image or video.';
comment on column atelier.workspace_assets.temp_storage_path is 'The name of the file in the bucket workspace-temp.';
comment on column atelier.workspace_assets.thumbnail_path is 'The name of a small picture of it in the same bucket.';
comment on column atelier.workspace_assets.file_size_bytes is 'The size of the file.';
comment on column atelier.workspace_assets.mime_type is 'The media type of the file.';
comment on column atelier.workspace_assets.width is 'In pixels.';
comment on column atelier.workspace_assets.height is 'In pixels.';
comment on column atelier.workspace_assets.duration_seconds is 'How long a video lasts.';
comment on column atelier.workspace_assets.asset_index is 'Which output of its job it is, from 0.';
comment on column atelier.workspace_assets.original_prompt is 'What the user wrote.';
comment on column atelier.workspace_assets.model_used is 'The key of the model.';
comment on column atelier.workspace_assets.generation_settings is 'What the model got besides the prompt.';

comment on column atelier.workspace_items.session_id is 'The session it was asked in.';
comment on column atelier.workspace_items.prompt is 'What the user wrote.';
comment on column atelier.workspace_items.content_type is 'image or video.';
comment on column atelier.workspace_items.storage_path is 'The name of the file in its bucket.';
comment on column atelier.workspace_items.bucket_name is 'The bucket of the file.';
comment on column atelier.workspace_items.url is 'The file, as bucket/path.';
comment on column atelier.workspace_items.thumbnail_url is 'A small picture of it, as bucket/path.';
comment on column atelier.workspace_items.generation_params is 'What the model got besides the prompt.';
comment on column atelier.workspace_items.seed is 'The seed it was made with; -1 where it is not known.';
comment on column atelier.workspace_items.reference_image_url is 'The picture it was to be like.';
comment on column atelier.workspace_items.reference_strength is 'How much it was to be like that, from 0 to 1.';
comment on column atelier.workspace_items.status is 'generated, or saved once it is in the library.';
comment on column atelier.workspace_items.metadata is 'saved_to is its id in the library.';
