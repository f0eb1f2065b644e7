-- Projects: storyboards, scene by scene.

create table atelier.projects (
  id uuid primary key default atelier.uuid7(),
  user_id uuid not null default auth.uid() references atelier.profiles (id) on delete cascade,
  title text
    constraint projects_title_length check (char_length(title) <= 500),
  original_prompt text not null
    constraint projects_original_prompt_length check (char_length(original_prompt) between 1 and 10000),
  enhanced_prompt text
    constraint projects_enhanced_prompt_length check (char_length(enhanced_prompt) <= 10000),
  media_type text not null
    constraint projects_media_type_known check (media_type in ('image', 'video')),
  duration integer not null default 0
    constraint projects_duration_not_negative check (duration >= 0),
  scene_count integer not null default 1
    constraint projects_scene_count_range check (scene_count between 0 and 1000),
  workflow_step text not null default 'configuration'
    constraint projects_workflow_step_known check (workflow_step in (
      'configuration', 'character_selection', 'story_breakdown', 'storyboard_generation', 'video_generation', 'completed')),
  character_id uuid references atelier.characters (id) on delete set null,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  preview_url text
    constraint projects_preview_url_length check (char_length(preview_url) <= 2000),
  reference_image_url text
    constraint projects_reference_image_url_length check (char_length(reference_image_url) <= 2000)
    constraint projects_reference_image_url_is_a_picture
      check (reference_image_url ~ '^(https?://[^\s/]|[^/\s:]+/)\S+$'),
  -- What scenes and conversations refer to, so that nobody adds to the project of somebody else.
  constraint projects_id_user_id_key unique (id, user_id)
);
select pg_catalog.pg_extension_config_dump('atelier.projects', '');
create index idx_projects_user_id on atelier.projects (user_id);
create index idx_projects_character_id on atelier.projects (character_id);
alter table atelier.projects enable row level security;
alter table atelier.projects force row level security;
grant select, delete,
  insert (id, user_id, title, original_prompt, enhanced_prompt, media_type, duration, scene_count, workflow_step,
    character_id, preview_url, reference_image_url),
  update (title, original_prompt, enhanced_prompt, media_type, duration, scene_count, workflow_step, character_id,
    preview_url, reference_image_url)
  on atelier.projects to authenticated;
grant select, insert, update, delete on atelier.projects to service_role;
comment on table atelier.projects is
$$Storyboards and films of users

What is to be shown, in scenes. scene_count and duration are what is planned; project_status tells what is there. A character,
if there is one, appears in every scene.$$;

create table atelier.scenes (
  id uuid primary key default atelier.uuid7(),
  user_id uuid not null default auth.uid() references atelier.profiles (id) on delete cascade,
  project_id uuid,
  scene_number integer
    constraint scenes_scene_number_range check (scene_number between 0 and 100000),
  name text
    constraint scenes_name_length check (char_length(name) <= 200),
  description text not null
    constraint scenes_description_length check (char_length(description) between 1 and 10000),
  enhanced_prompt text
    constraint scenes_enhanced_prompt_length check (char_length(enhanced_prompt) <= 10000),
  image_url text
    constraint scenes_image_url_length check (char_length(image_url) <= 2000),
  approved boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  final_stitched_url text
    constraint scenes_final_stitched_url_length check (char_length(final_stitched_url) <= 2000),
  job_id uuid references atelier.jobs (id) on delete set null,
  scene_focus text not null default 'setting'
    constraint scenes_scene_focus_known check (scene_focus in ('setting', 'character', 'interaction', 'atmosphere')),
  narrative_style text not null default 'concise'
    constraint scenes_narrative_style_known check (narrative_style in ('concise', 'detailed', 'atmospheric')),
  visual_priority text[] not null default '{setting,lighting,positioning}'
    constraint scenes_visual_priority_are_a_list
      check (array_ndims(visual_priority) is not distinct from 1 or visual_priority = '{}')
    constraint scenes_visual_priority_have_no_null check (array_position(visual_priority, null) is null)
    constraint scenes_visual_priority_size
      check (cardinality(visual_priority) <= 100 and octet_length(visual_priority::text) <= 20000),
  perspective_hint text not null default 'third_person'
    constraint scenes_perspective_hint_known check (perspective_hint in ('third_person', 'pov', 'observer')),
  max_words integer not null default 60
    constraint scenes_max_words_range check (max_words between 20 and 200),
  default_clothing text
    constraint scenes_default_clothing_length check (char_length(default_clothing) <= 10000),
  character_clothing_overrides jsonb not null default '{}'
    constraint scenes_character_clothing_overrides_is_an_object
      check (jsonb_typeof(character_clothing_overrides) = 'object')
    constraint scenes_character_clothing_overrides_size
      check (octet_length(character_clothing_overrides::text) <= 65536),
  atmosphere jsonb not null default '{}'
    constraint scenes_atmosphere_is_an_object check (jsonb_typeof(atmosphere) = 'object')
    constraint scenes_atmosphere_size check (octet_length(atmosphere::text) <= 65536),
  content_rating text not null default 'sfw'
    constraint scenes_content_rating_known check (content_rating in ('sfw', 'nsfw')),
  creator_id uuid default auth.uid() references atelier.profiles (id) on delete set null,
  is_public boolean not null default false
    constraint scenes_public_without_project check (not is_public or project_id is null),
  max_characters integer
    constraint scenes_max_characters_range check (max_characters between 0 and 100),
  min_characters integer
    constraint scenes_min_characters_range check (min_characters between 0 and 100),
  preview_image_url text
    constraint scenes_preview_image_url_length check (char_length(preview_image_url) <= 2000),
  scenario_type text
    constraint scenes_scenario_type_length check (char_length(scenario_type) <= 100),
  scene_prompt text
    constraint scenes_scene_prompt_length check (char_length(scene_prompt) <= 10000),
  scene_starters text[] not null default '{}'
    constraint scenes_scene_starters_are_a_list
      check (array_ndims(scene_starters) is not distinct from 1 or scene_starters = '{}')
    constraint scenes_scene_starters_have_no_null check (array_position(scene_starters, null) is null)
    constraint scenes_scene_starters_size
      check (cardinality(scene_starters) <= 100 and octet_length(scene_starters::text) <= 20000),
  setting text
    constraint scenes_setting_length check (char_length(setting) <= 1000),
  suggested_user_role text
    constraint scenes_suggested_user_role_length check (char_length(suggested_user_role) <= 500),
  tags text[] not null default '{}'
    constraint scenes_tags_are_a_list check (array_ndims(tags) is not distinct from 1 or tags = '{}')
    constraint scenes_tags_have_no_null check (array_position(tags, null) is null)
    constraint scenes_tags_size check (cardinality(tags) <= 100 and octet_length(tags::text) <= 20000),
  time_of_day text
    constraint scenes_time_of_day_length check (char_length(time_of_day) <= 100),
  usage_count integer not null default 0
    constraint scenes_usage_count_not_negative check (usage_count >= 0),
  constraint scenes_number_in_project check ((project_id is null) = (scene_number is null)),
  constraint scenes_characters_in_order check (min_characters <= max_characters),
  constraint scenes_project_scene_number_key unique (project_id, scene_number),
  constraint scenes_project_fkey foreign key (project_id, user_id)
    references atelier.projects (id, user_id) on delete cascade
);
select pg_catalog.pg_extension_config_dump('atelier.scenes', '');
create index scenes_project_idx on atelier.scenes (project_id, user_id);
create index scenes_user_idx on atelier.scenes (user_id, created_at desc);
create index scenes_job_idx on atelier.scenes (job_id) where job_id is not null;
create index scenes_creator_idx on atelier.scenes (creator_id) where creator_id is not null;
create index scenes_public_idx on atelier.scenes (created_at desc) where is_public;
alter table atelier.scenes enable row level security;
alter table atelier.scenes force row level security;
grant select on atelier.scenes to anon;
grant select, delete,
  insert (id, user_id, project_id, scene_number, name, description, enhanced_prompt, image_url, approved,
    final_stitched_url, scene_focus, narrative_style, visual_priority, perspective_hint, max_words, default_clothing,
    character_clothing_overrides, atmosphere, content_rating, is_public, max_characters, min_characters,
    preview_image_url, scenario_type, scene_prompt, scene_starters, setting, suggested_user_role, tags, time_of_day),
  update (project_id, scene_number, name, description, enhanced_prompt, image_url, approved, final_stitched_url,
    scene_focus, narrative_style, visual_priority, perspective_hint, max_words, default_clothing,
    character_clothing_overrides, atmosphere, content_rating, is_public, max_characters, min_characters,
    preview_image_url, scenario_type, scene_prompt, scene_starters, setting, suggested_user_role, tags, time_of_day)
  on atelier.scenes to authenticated;
grant select, insert, update, delete on atelier.scenes to service_role;
comment on table atelier.scenes is
$$Scenes

Of a project, in the order of their numbers; or without one, to be used again in many, and seen by others when public, as
characters are. generate_missing_scenes() and generate_scene() make the pictures; scene_status tells how far they are.$$;

alter table atelier.conversations
  add constraint conversations_project_id_fkey foreign key (project_id, user_id)
    references atelier.projects (id, user_id) on delete set null (project_id);
create index conversations_project_idx on atelier.conversations (project_id, user_id) where project_id is not null;
