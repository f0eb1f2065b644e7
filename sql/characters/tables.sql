-- Characters: who appears in pictures and answers in conversations, who likes them, and the scenes they were shown in.

create table atelier.characters (
  id uuid primary key default atelier.uuid7(),
  user_id uuid default auth.uid() references atelier.profiles (id) on delete cascade,
  name text not null
    constraint characters_name_length check (char_length(name) between 1 and 200),
  description text not null
    constraint characters_description_length check (char_length(description) <= 10000),
  traits text
    constraint characters_traits_length check (char_length(traits) <= 10000),
  appearance_tags text[] not null default '{}'
    constraint characters_appearance_tags_are_a_list
      check (array_ndims(appearance_tags) is not distinct from 1 or appearance_tags = '{}')
    constraint characters_appearance_tags_have_no_null check (array_position(appearance_tags, null) is null)
    constraint characters_appearance_tags_size
      check (cardinality(appearance_tags) <= 100 and octet_length(appearance_tags::text) <= 20000),
  image_url text
    constraint characters_image_url_length check (char_length(image_url) <= 2000),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  persona text
    constraint characters_persona_length check (char_length(persona) <= 10000),
  system_prompt text
    constraint characters_system_prompt_length check (char_length(system_prompt) <= 10000),
  voice_tone text
    constraint characters_voice_tone_length check (char_length(voice_tone) <= 1000),
  mood text
    constraint characters_mood_length check (char_length(mood) <= 1000),
  creator_id uuid default auth.uid() references atelier.profiles (id) on delete set null,
  likes_count integer not null default 0
    constraint characters_likes_count_not_negative check (likes_count >= 0),
  interaction_count bigint not null default 0
    constraint characters_interaction_count_not_negative check (interaction_count >= 0),
  reference_image_url text
    constraint characters_reference_image_url_length check (char_length(reference_image_url) <= 2000)
    constraint characters_reference_image_url_is_a_picture
      check (reference_image_url ~ '^(https?://[^\s/]|[^/\s:]+/)\S+$'),
  is_public boolean not null default true,
  gender text not null default 'unspecified'
    constraint characters_gender_known check (gender in ('male', 'female', 'non-binary', 'unspecified')),
  content_rating text not null default 'sfw'
    constraint characters_content_rating_known check (content_rating in ('sfw', 'nsfw')),
  role text not null default 'ai'
    constraint characters_role_known check (role in ('ai', 'user', 'narrator')),
  consistency_method text not null default 'i2i_reference'
    constraint characters_consistency_method_known
      check (consistency_method in ('i2i_reference', 'seed_locked', 'hybrid', 'none')),
  seed_locked bigint
    constraint characters_seed_locked_range check (seed_locked between 0 and 9007199254740991),
  base_prompt text
    constraint characters_base_prompt_length check (char_length(base_prompt) <= 5000),
  preview_image_url text
    constraint characters_preview_image_url_length check (char_length(preview_image_url) <= 2000),
  quick_start boolean not null default false,
  first_message text
    constraint characters_first_message_length check (char_length(first_message) <= 10000),
  alternate_greetings jsonb not null default '[]'
    constraint characters_alternate_greetings_is_an_array check (jsonb_typeof(alternate_greetings) = 'array')
    constraint characters_alternate_greetings_size check (octet_length(alternate_greetings::text) <= 65536),
  default_presets jsonb not null default '{}'
    constraint characters_default_presets_is_an_object check (jsonb_typeof(default_presets) = 'object')
    constraint characters_default_presets_size check (octet_length(default_presets::text) <= 65536),
  portrait_count integer not null default 0
    constraint characters_portrait_count_not_negative check (portrait_count >= 0),
  scene_count integer not null default 0
    constraint characters_scene_count_not_negative check (scene_count >= 0),
  style_preset text not null default 'realistic'
    constraint characters_style_preset_length check (char_length(style_preset) between 1 and 100),
  locked_traits text[] not null default '{}'
    constraint characters_locked_traits_are_a_list
      check (array_ndims(locked_traits) is not distinct from 1 or locked_traits = '{}')
    constraint characters_locked_traits_have_no_null check (array_position(locked_traits, null) is null)
    constraint characters_locked_traits_size
      check (cardinality(locked_traits) <= 100 and octet_length(locked_traits::text) <= 20000),
  media_defaults jsonb not null default '{}'
    constraint characters_media_defaults_is_an_object check (jsonb_typeof(media_defaults) = 'object')
    constraint characters_media_defaults_size check (octet_length(media_defaults::text) <= 65536),
  personality_traits jsonb not null default '{}'
    constraint characters_personality_traits_is_an_object check (jsonb_typeof(personality_traits) = 'object')
    constraint characters_personality_traits_size check (octet_length(personality_traits::text) <= 65536),
  physical_traits jsonb not null default '{}'
    constraint characters_physical_traits_is_an_object check (jsonb_typeof(physical_traits) = 'object')
    constraint characters_physical_traits_size check (octet_length(physical_traits::text) <= 65536),
  outfit_defaults text
    constraint characters_outfit_defaults_length check (char_length(outfit_defaults) <= 10000),
  clothing_tags text[] not null default '{}'
    constraint characters_clothing_tags_are_a_list
      check (array_ndims(clothing_tags) is not distinct from 1 or clothing_tags = '{}')
    constraint characters_clothing_tags_have_no_null check (array_position(clothing_tags, null) is null)
    constraint characters_clothing_tags_size
      check (cardinality(clothing_tags) <= 100 and octet_length(clothing_tags::text) <= 20000),
  avoid_traits text[] not null default '{}'
    constraint characters_avoid_traits_are_a_list
      check (array_ndims(avoid_traits) is not distinct from 1 or avoid_traits = '{}')
    constraint characters_avoid_traits_have_no_null check (array_position(avoid_traits, null) is null)
    constraint characters_avoid_traits_size
      check (cardinality(avoid_traits) <= 100 and octet_length(avoid_traits::text) <= 20000),
  backstory text
    constraint characters_backstory_length check (char_length(backstory) <= 10000),
  bio text
    constraint characters_bio_length check (char_length(bio) <= 10000),
  canon_spec text
    constraint characters_canon_spec_length check (char_length(canon_spec) <= 10000),
  forbidden_phrases text[] not null default '{}'
    constraint characters_forbidden_phrases_are_a_list
      check (array_ndims(forbidden_phrases) is not distinct from 1 or forbidden_phrases = '{}')
    constraint characters_forbidden_phrases_have_no_null check (array_position(forbidden_phrases, null) is null)
    constraint characters_forbidden_phrases_size
      check (cardinality(forbidden_phrases) <= 100 and octet_length(forbidden_phrases::text) <= 20000),
  lighting text
    constraint characters_lighting_length check (char_length(lighting) <= 1000),
  rendering_rules jsonb not null default '{}'
    constraint characters_rendering_rules_is_an_object check (jsonb_typeof(rendering_rules) = 'object')
    constraint characters_rendering_rules_size check (octet_length(rendering_rules::text) <= 65536),
  scene_behavior_rules jsonb not null default '{}'
    constraint characters_scene_behavior_rules_is_an_object check (jsonb_typeof(scene_behavior_rules) = 'object')
    constraint characters_scene_behavior_rules_size check (octet_length(scene_behavior_rules::text) <= 65536),
  signature_items text
    constraint characters_signature_items_length check (char_length(signature_items) <= 1000),
  tagline text
    constraint characters_tagline_length check (char_length(tagline) <= 500),
  voice_examples text[] not null default '{}'
    constraint characters_voice_examples_are_a_list
      check (array_ndims(voice_examples) is not distinct from 1 or voice_examples = '{}')
    constraint characters_voice_examples_have_no_null check (array_position(voice_examples, null) is null)
    constraint characters_voice_examples_size
      check (cardinality(voice_examples) <= 100 and octet_length(voice_examples::text) <= 20000)
);
select pg_catalog.pg_extension_config_dump('atelier.characters', '');
create index idx_characters_user_id on atelier.characters (user_id);
create index idx_characters_role on atelier.characters (role);
create index idx_characters_user_id_role on atelier.characters (user_id, role);
create index idx_characters_quick_start on atelier.characters (quick_start) where quick_start;
create index idx_characters_user_quick_start on atelier.characters (user_id, quick_start, is_public);
create index characters_public_idx on atelier.characters (created_at desc) where is_public;
create index characters_creator_idx on atelier.characters (creator_id) where creator_id is not null;
alter table atelier.characters enable row level security;
alter table atelier.characters force row level security;
grant select on atelier.characters to anon;
grant select, delete,
  insert (id, user_id, name, description, traits, appearance_tags, image_url, persona, system_prompt, voice_tone,
    mood, reference_image_url, is_public, gender, content_rating, role, consistency_method, seed_locked, base_prompt,
    preview_image_url, quick_start, first_message, alternate_greetings, default_presets, style_preset, locked_traits,
    media_defaults, personality_traits, physical_traits, outfit_defaults, clothing_tags, avoid_traits, backstory, bio,
    canon_spec, forbidden_phrases, lighting, rendering_rules, scene_behavior_rules, signature_items, tagline,
    voice_examples),
  update (name, description, traits, appearance_tags, image_url, persona, system_prompt, voice_tone, mood,
    reference_image_url, is_public, gender, content_rating, role, consistency_method, seed_locked, base_prompt,
    preview_image_url, quick_start, first_message, alternate_greetings, default_presets, style_preset, locked_traits,
    media_defaults, personality_traits, physical_traits, outfit_defaults, clothing_tags, avoid_traits, backstory, bio,
    canon_spec, forbidden_phrases, lighting, rendering_rules, scene_behavior_rules, signature_items, tagline,
    voice_examples)
  on atelier.characters to authenticated;
grant select, insert, update, delete on atelier.characters to service_role;
comment on table atelier.characters is
$$Characters

Everybody sees the public ones that are rated sfw; the public ones rated nsfw are seen by those whose age is verified. Their
owners alone change them; likes_count, interaction_count, portrait_count and scene_count count by themselves. What belongs
to nobody (user_id is null) is the back end's.$$;

create table atelier.character_likes (
  character_id uuid not null references atelier.characters (id) on delete cascade,
  user_id uuid not null references atelier.profiles (id) on delete cascade,
  created_at timestamptz not null default now(),
  primary key (character_id, user_id)
);
select pg_catalog.pg_extension_config_dump('atelier.character_likes', '');
create index character_likes_user_idx on atelier.character_likes (user_id, created_at desc);
alter table atelier.character_likes enable row level security;
alter table atelier.character_likes force row level security;
grant select on atelier.character_likes to authenticated;
grant select, insert, delete on atelier.character_likes to service_role;
comment on table atelier.character_likes is
$$Who likes which character

One row for a user and a character. Made by like_character(), deleted by unlike_character(); users see their own.$$;

create table atelier.character_interactions (
  character_id uuid not null references atelier.characters (id) on delete cascade,
  user_id uuid not null references atelier.profiles (id) on delete cascade,
  interaction_count bigint not null default 1
    constraint character_interactions_interaction_count_positive check (interaction_count > 0),
  first_interaction_at timestamptz not null default now(),
  last_interaction_at timestamptz not null default now(),
  primary key (character_id, user_id)
);
select pg_catalog.pg_extension_config_dump('atelier.character_interactions', '');
create index character_interactions_user_idx on atelier.character_interactions (user_id, last_interaction_at desc);
alter table atelier.character_interactions enable row level security;
alter table atelier.character_interactions force row level security;
grant select on atelier.character_interactions to authenticated;
grant select, insert, update, delete on atelier.character_interactions to service_role;
comment on table atelier.character_interactions is
$$How often users were with which character

Kept by record_character_interaction(); users see their own. The latest are those a user goes on with.$$;

create table atelier.character_scenes (
  id uuid primary key default atelier.uuid7(),
  user_id uuid not null default auth.uid() references atelier.profiles (id) on delete cascade,
  character_id uuid not null references atelier.characters (id) on delete cascade,
  conversation_id uuid,
  image_url text
    constraint character_scenes_image_url_length check (char_length(image_url) <= 2000),
  scene_prompt text not null
    constraint character_scenes_scene_prompt_length check (char_length(scene_prompt) between 1 and 10000),
  generation_metadata jsonb not null default '{}'
    constraint character_scenes_generation_metadata_is_an_object check (jsonb_typeof(generation_metadata) = 'object')
    constraint character_scenes_generation_metadata_size check (octet_length(generation_metadata::text) <= 65536),
  job_id uuid references atelier.jobs (id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  scene_name text
    constraint character_scenes_scene_name_length check (char_length(scene_name) <= 200),
  scene_description text
    constraint character_scenes_scene_description_length check (char_length(scene_description) <= 10000),
  generation_mode text
    constraint character_scenes_generation_mode_length check (char_length(generation_mode) <= 100),
  previous_scene_id uuid,
  previous_scene_image_url text
    constraint character_scenes_previous_scene_image_url_length check (char_length(previous_scene_image_url) <= 2000),
  priority integer,
  scene_rules text
    constraint character_scenes_scene_rules_length check (char_length(scene_rules) <= 10000),
  scene_starters text[] not null default '{}'
    constraint character_scenes_scene_starters_are_a_list
      check (array_ndims(scene_starters) is not distinct from 1 or scene_starters = '{}')
    constraint character_scenes_scene_starters_have_no_null check (array_position(scene_starters, null) is null)
    constraint character_scenes_scene_starters_size
      check (cardinality(scene_starters) <= 100 and octet_length(scene_starters::text) <= 20000),
  scene_type text
    constraint character_scenes_scene_type_length check (char_length(scene_type) <= 100),
  system_prompt text
    constraint character_scenes_system_prompt_length check (char_length(system_prompt) <= 10000),
  -- Scenes of the same user only: nobody hangs his into the conversation, or behind the scene, of somebody else.
  constraint character_scenes_id_user_id_key unique (id, user_id),
  constraint character_scenes_conversation_fkey foreign key (conversation_id, user_id)
    references atelier.conversations (id, user_id) on delete cascade,
  constraint character_scenes_previous_scene_fkey foreign key (previous_scene_id, user_id)
    references atelier.character_scenes (id, user_id) on delete set null (previous_scene_id)
);
select pg_catalog.pg_extension_config_dump('atelier.character_scenes', '');
create index idx_character_scenes_character_id on atelier.character_scenes (character_id);
create index idx_character_scenes_conversation_id on atelier.character_scenes (conversation_id, user_id);
create index idx_character_scenes_created_at on atelier.character_scenes (created_at desc);
create index character_scenes_user_idx on atelier.character_scenes (user_id, created_at desc);
create index character_scenes_job_idx on atelier.character_scenes (job_id) where job_id is not null;
create index character_scenes_previous_scene_idx on atelier.character_scenes (previous_scene_id, user_id)
  where previous_scene_id is not null;
alter table atelier.character_scenes enable row level security;
alter table atelier.character_scenes force row level security;
grant select, delete,
  insert (id, user_id, character_id, conversation_id, image_url, scene_prompt, generation_metadata, job_id,
    scene_name, scene_description, generation_mode, previous_scene_id, previous_scene_image_url, priority,
    scene_rules, scene_starters, scene_type, system_prompt),
  update (conversation_id, image_url, scene_prompt, generation_metadata, job_id, scene_name, scene_description,
    generation_mode, previous_scene_id, previous_scene_image_url, priority, scene_rules, scene_starters, scene_type,
    system_prompt)
  on atelier.character_scenes to authenticated;
grant select, insert, update, delete on atelier.character_scenes to service_role;
comment on table atelier.character_scenes is
$$Pictures of what happens in a conversation with a character

Of the user who was there: the owner of a public character sees nothing of what others do with it. The setting that
generation_metadata names (scene_context.setting) becomes the current_location of the conversation.$$;

-- Who answers and whom the user plays. The character must be one that the owner of the conversation may see.
alter table atelier.conversations
  add constraint conversations_character_id_fkey foreign key (character_id)
    references atelier.characters (id) on delete set null,
  add constraint conversations_user_character_id_fkey foreign key (user_character_id)
    references atelier.characters (id) on delete set null;
create index conversations_character_idx on atelier.conversations (character_id) where character_id is not null;
create index idx_conversations_user_character_id on atelier.conversations (user_character_id)
  where user_character_id is not null;

-- Pictures of the library that show a character. They stay when the character is deleted.
alter table atelier.user_library
  add column character_id uuid
    constraint user_library_character_id_fkey references atelier.characters (id) on delete set null,
  add column output_type text
    constraint user_library_output_type_length check (char_length(output_type) between 1 and 100);
create index idx_user_library_character on atelier.user_library (character_id) where character_id is not null;
grant update (character_id, output_type) on atelier.user_library to authenticated;
