-- Characters: what the columns mean.

comment on column atelier.characters.user_id is 'Whose it is; null: nobodys, offered by the back end.';
comment on column atelier.characters.name is 'What it is called.';
comment on column atelier.characters.description is 'Who it is, for those who choose one.';
comment on column atelier.characters.traits is 'What it is like, in words.';
comment on column atelier.characters.appearance_tags is
  'What it looks like, in tags; in front of a prompt when there is no base_prompt.';
comment on column atelier.characters.image_url is 'Its picture.';
comment on column atelier.characters.persona is 'Who it is, for the model.';
comment on column atelier.characters.system_prompt is
  'What the model is told about how to answer. Whoever sees the character sees it.';
comment on column atelier.characters.voice_tone is 'How it speaks.';
comment on column atelier.characters.mood is 'How it feels.';
comment on column atelier.characters.creator_id is 'Who made it; stays when it is given to somebody else.';
comment on column atelier.characters.likes_count is 'How many people like it; kept by triggers of character_likes.';
comment on column atelier.characters.interaction_count is
  'How often anybody was with it; kept by record_character_interaction().';
comment on column atelier.characters.reference_image_url is
  'The picture that pictures of it follow: bucket/path or an http(s) URL. For others to use it, it '
  'must be one that they may read.';
comment on column atelier.characters.is_public is 'Whether others see it.';
comment on column atelier.characters.gender is 'male, female, non-binary or unspecified.';
comment on column atelier.characters.content_rating is
  'sfw, or nsfw: then only those whose age is verified see it when it is public.';
comment on column atelier.characters.role is 'Whom it stands for: ai, user (whom the user plays) or narrator.';
comment on column atelier.characters.consistency_method is
  'How pictures of it come to look alike: i2i_reference or hybrid (reference picture, seed and base '
  'prompt), seed_locked (without the picture), none (the base prompt alone).';
comment on column atelier.characters.seed_locked is 'The seed of its pictures; null: any.';
comment on column atelier.characters.base_prompt is 'What it looks like, in front of every prompt.';
comment on column atelier.characters.preview_image_url is 'A small picture of it.';
comment on column atelier.characters.quick_start is 'Whether it is offered first.';
comment on column atelier.characters.first_message is 'What it says first.';
comment on column atelier.characters.alternate_greetings is 'Other things to say first, in an array.';
comment on column atelier.characters.default_presets is 'Presets to begin with, for the app.';
comment on column atelier.characters.portrait_count is
  'How many portraits of it are in the library of its owner; kept by triggers.';
comment on column atelier.characters.scene_count is 'How many scenes it is in; kept by triggers.';
comment on column atelier.characters.style_preset is 'The style of its pictures, for the app.';
comment on column atelier.characters.locked_traits is 'Traits that stay as they are.';
comment on column atelier.characters.media_defaults is 'Settings for pictures and videos, for the app.';
comment on column atelier.characters.personality_traits is 'What it is like, for the app.';
comment on column atelier.characters.physical_traits is 'What it looks like, for the app.';
comment on column atelier.characters.outfit_defaults is 'What it usually wears.';
comment on column atelier.characters.clothing_tags is 'What it wears, in tags.';
comment on column atelier.characters.avoid_traits is 'What it is not.';
comment on column atelier.characters.backstory is 'What happened to it before.';
comment on column atelier.characters.bio is 'Its life, in short.';
comment on column atelier.characters.canon_spec is 'What is settled about its looks.';
comment on column atelier.characters.forbidden_phrases is 'What it never says.';
comment on column atelier.characters.lighting is 'The light it is shown in.';
comment on column atelier.characters.rendering_rules is 'Rules for its pictures, for the app.';
comment on column atelier.characters.scene_behavior_rules is 'How it behaves in scenes, for the app.';
comment on column atelier.characters.signature_items is 'What it always has with it.';
comment on column atelier.characters.tagline is 'A line about it.';
comment on column atelier.characters.voice_examples is 'Things it would say.';

comment on column atelier.character_likes.character_id is 'The character.';
comment on column atelier.character_likes.user_id is 'Who likes it.';
comment on column atelier.character_likes.created_at is 'Since when.';

comment on column atelier.character_interactions.character_id is 'The character.';
comment on column atelier.character_interactions.user_id is 'Who was with it.';
comment on column atelier.character_interactions.interaction_count is 'How often.';
comment on column atelier.character_interactions.first_interaction_at is 'When for the first time.';
comment on column atelier.character_interactions.last_interaction_at is 'When for the last time.';

comment on column atelier.character_scenes.user_id is 'Whose conversation or picture it is.';
comment on column atelier.character_scenes.character_id is 'The character that is in it.';
comment on column atelier.character_scenes.conversation_id is 'The conversation it is part of; one of the same user.';
comment on column atelier.character_scenes.image_url is 'The picture.';
comment on column atelier.character_scenes.scene_prompt is 'What it shows.';
comment on column atelier.character_scenes.generation_metadata is
  'How it was made, for the app; scene_context.setting is where it is.';
comment on column atelier.character_scenes.job_id is 'The job that makes the picture; one of the same user.';
comment on column atelier.character_scenes.scene_name is 'What it is called.';
comment on column atelier.character_scenes.scene_description is 'What happens.';
comment on column atelier.character_scenes.generation_mode is 'How it was made, in a word of the apps.';
comment on column atelier.character_scenes.previous_scene_id is 'The scene before it.';
comment on column atelier.character_scenes.previous_scene_image_url is 'The picture of the scene before it.';
comment on column atelier.character_scenes.priority is 'Which come first, for the app.';
comment on column atelier.character_scenes.scene_rules is 'What holds in it.';
comment on column atelier.character_scenes.scene_starters is 'Ways to begin it.';
comment on column atelier.character_scenes.scene_type is 'What kind it is, in a word of the apps.';
comment on column atelier.character_scenes.system_prompt is 'What the model is told while it lasts.';

comment on column atelier.user_library.character_id is 'The character that it shows.';
comment on column atelier.user_library.output_type is
  'What it is for the character: portrait (then it counts in portrait_count), or a word of the apps.';
