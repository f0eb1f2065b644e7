-- Projects: what the columns mean.

comment on column atelier.projects.title is 'What its owner calls it.';
comment on column atelier.projects.original_prompt is 'What the user wrote.';
comment on column atelier.projects.enhanced_prompt is 'What was made of that.';
comment on column atelier.projects.media_type is 'What is to be made of it: image or video.';
comment on column atelier.projects.duration is 'How long it is to be, in seconds; 0 for pictures.';
comment on column atelier.projects.scene_count is 'How many scenes are planned.';
comment on column atelier.projects.workflow_step is
  'Where its owner is: configuration, character_selection, story_breakdown, storyboard_generation, '
  'video_generation or completed.';
comment on column atelier.projects.character_id is 'The character that appears in its scenes.';
comment on column atelier.projects.preview_url is 'A picture of it.';
comment on column atelier.projects.reference_image_url is
  'The picture that its scenes follow when the character has none: bucket/path or an http(s) URL.';

comment on column atelier.scenes.project_id is 'The project it is part of; null: none, it is there to be used again.';
comment on column atelier.scenes.scene_number is 'Its place in the project.';
comment on column atelier.scenes.name is 'What it is called.';
comment on column atelier.scenes.description is 'What happens.';
comment on column atelier.scenes.enhanced_prompt is 'What its picture shows, as made from the description.';
comment on column atelier.scenes.image_url is 'A picture that its owner chose; null: the one its job made.';
comment on column atelier.scenes.approved is 'Whether its owner is content with it.';
comment on column atelier.scenes.final_stitched_url is 'The video that its clips were put together to.';
comment on column atelier.scenes.job_id is 'The job that was queued for it last.';
comment on column atelier.scenes.scene_focus is 'What matters most: setting, character, interaction or atmosphere.';
comment on column atelier.scenes.narrative_style is 'How it is told: concise, detailed or atmospheric.';
comment on column atelier.scenes.visual_priority is 'What its picture shows, the most important first.';
comment on column atelier.scenes.perspective_hint is 'Who looks: third_person, pov or observer.';
comment on column atelier.scenes.max_words is 'How long a text about it may be, in words.';
comment on column atelier.scenes.default_clothing is 'What is worn in it.';
comment on column atelier.scenes.character_clothing_overrides is
  'What single characters wear instead, by the id of the character.';
comment on column atelier.scenes.atmosphere is 'What it feels like, for the app.';
comment on column atelier.scenes.content_rating is
  'sfw, or nsfw: then only those whose age is verified see it when it is public.';
comment on column atelier.scenes.creator_id is 'Who made it; stays when it is given to somebody else.';
comment on column atelier.scenes.is_public is 'Whether others see it; only without a project.';
comment on column atelier.scenes.max_characters is 'How many characters may be in it.';
comment on column atelier.scenes.min_characters is 'How many characters must be in it.';
comment on column atelier.scenes.preview_image_url is 'A small picture of it.';
comment on column atelier.scenes.scenario_type is 'What kind it is, in a word of the apps.';
comment on column atelier.scenes.scene_prompt is 'What its picture shows.';
comment on column atelier.scenes.scene_starters is 'Ways to begin it.';
comment on column atelier.scenes.setting is 'Where it is.';
comment on column atelier.scenes.suggested_user_role is 'Whom the user plays in it.';
comment on column atelier.scenes.tags is 'Words to find it by.';
comment on column atelier.scenes.time_of_day is 'When it is.';
comment on column atelier.scenes.usage_count is 'How often it was used; set by the back end.';

comment on column atelier.scene_status.job_id is 'The job that makes its picture, the latest try of it.';
comment on column atelier.scene_status.status is 'missing, queued, processing, completed, failed or cancelled.';
comment on column atelier.scene_status.image_url is 'Its picture, as bucket/path where a job made it.';
comment on column atelier.scene_status.output_urls is 'All that the job made, as bucket/path.';
comment on column atelier.scene_status.error_message is 'Why the job failed.';

comment on column atelier.project_status.scenes is 'How many scenes there are.';
comment on column atelier.project_status.missing is 'How many have no picture, and none under way.';
comment on column atelier.project_status.queued is 'The pictures of how many wait.';
comment on column atelier.project_status.processing is 'The pictures of how many are being made.';
comment on column atelier.project_status.completed is 'How many have a picture.';
comment on column atelier.project_status.failed is 'The pictures of how many failed or were cancelled.';
comment on column atelier.project_status.status is 'empty, queued, processing, failed, incomplete or completed.';
