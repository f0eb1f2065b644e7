-- Prompting: what models that rewrite prompts are told, what pictures must not show, and how words are weighted.

create type atelier.content_mode as enum ('sfw', 'nsfw');
comment on type atelier.content_mode is
  'For whom something is: sfw for everybody, nsfw for people whose age is verified. Atelier brings rows for sfw only.';

create table atelier.prompt_templates (
  id uuid primary key default atelier.uuid7(),
  enhancer_model text not null
    constraint prompt_templates_enhancer_model_is_a_word check (enhancer_model ~ '^\S{1,200}$'),
  use_case text not null constraint prompt_templates_use_case_is_a_name check (use_case ~ '^[a-z0-9][a-z0-9_]{0,62}$'),
  content_mode atelier.content_mode not null default 'sfw',
  template_name text not null
    constraint prompt_templates_template_name_length check (char_length(template_name) between 1 and 200)
    constraint prompt_templates_template_name_is_not_blank check (template_name ~ '\S'),
  system_prompt text not null
    constraint prompt_templates_system_prompt_is_not_blank check (system_prompt ~ '\S')
    constraint prompt_templates_system_prompt_length check (char_length(system_prompt) <= 20000),
  token_limit integer not null default 512
    constraint prompt_templates_token_limit_in_range check (token_limit between 1 and 32768),
  is_active boolean not null default false,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid default auth.uid() references atelier.profiles (id) on delete set null,
  version integer not null constraint prompt_templates_version_positive check (version > 0),
  metadata jsonb not null default '{}'
    constraint prompt_templates_metadata_is_an_object check (jsonb_typeof(metadata) = 'object')
    constraint prompt_templates_metadata_size check (octet_length(metadata::text) <= 16384),
  job_type text constraint prompt_templates_job_type_known check (job_type in ('chat', 'image', 'video')),
  target_model text constraint prompt_templates_target_model_is_a_word check (target_model ~ '^\S{1,200}$'),
  description text constraint prompt_templates_description_length check (char_length(description) <= 2000),
  comment text constraint prompt_templates_comment_length check (char_length(comment) <= 2000),
  provider text constraint prompt_templates_provider_length check (char_length(provider) between 1 and 200),
  published_at timestamptz,
  retired_at timestamptz,
  constraint prompt_templates_version_key unique (enhancer_model, use_case, content_mode, template_name, version),
  constraint prompt_templates_active_is_published
    check (case when is_active then published_at is not null and retired_at is null
                else (published_at is null) = (retired_at is null) end)
);
create unique index prompt_templates_active_key
  on atelier.prompt_templates (enhancer_model, use_case, content_mode, template_name) where is_active;
create index prompt_templates_lookup_idx on atelier.prompt_templates (use_case, content_mode) where is_active;
create index prompt_templates_created_by_idx on atelier.prompt_templates (created_by) where created_by is not null;
select pg_catalog.pg_extension_config_dump('atelier.prompt_templates', '');
alter table atelier.prompt_templates enable row level security;
alter table atelier.prompt_templates force row level security;
grant select, insert, update, delete on atelier.prompt_templates to authenticated, service_role;
comment on table atelier.prompt_templates is
$$System prompts, in versions

A template is named by enhancer_model, use_case, content_mode and template_name; at most one of its versions is active.
A new row is a draft. Once it was published, its words stay as they are: a change is a new version. Administrators see
and write them; everybody else gets the one that fits by resolve_prompt_template().$$;

create type atelier_engine.template_match as (
  step integer,
  matched text,
  template atelier.prompt_templates
);
comment on type atelier_engine.template_match is 'A template that fits, and what was given up for it';

create table atelier.negative_prompts (
  id uuid primary key default atelier.uuid7(),
  model_type text not null default 'sdxl'
    constraint negative_prompts_model_type_is_a_word check (model_type ~ '^\S{1,200}$'),
  content_mode atelier.content_mode not null default 'sfw',
  negative_prompt text not null
    constraint negative_prompts_negative_prompt_is_not_blank check (negative_prompt ~ '\S')
    constraint negative_prompts_negative_prompt_length check (octet_length(negative_prompt) <= 2000),
  is_active boolean not null default true,
  priority integer not null default 1,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid default auth.uid() references atelier.profiles (id) on delete set null,
  description text constraint negative_prompts_description_length check (char_length(description) <= 2000),
  generation_mode text not null default 'txt2img'
    constraint negative_prompts_generation_mode_known check (generation_mode in ('txt2img', 'i2i')),
  constraint negative_prompts_negative_prompt_key unique (model_type, content_mode, generation_mode, negative_prompt)
);
create index idx_negative_prompts_lookup
  on atelier.negative_prompts (model_type, content_mode, generation_mode, is_active, priority);
create index negative_prompts_created_by_idx on atelier.negative_prompts (created_by) where created_by is not null;
select pg_catalog.pg_extension_config_dump('atelier.negative_prompts', '');
alter table atelier.negative_prompts enable row level security;
alter table atelier.negative_prompts force row level security;
grant select, insert, update, delete on atelier.negative_prompts to authenticated, service_role;
comment on table atelier.negative_prompts is
$$What pictures must not show

Terms between commas. get_negative_prompt() puts the rows of a model together. Administrators see and write them.$$;

create table atelier.enhancement_presets (
  id uuid primary key default atelier.uuid7(),
  preset_name text not null
    constraint enhancement_presets_preset_name_key unique
    constraint enhancement_presets_preset_name_length check (char_length(preset_name) between 1 and 100)
    constraint enhancement_presets_preset_name_is_not_blank check (preset_name ~ '\S'),
  preset_description text
    constraint enhancement_presets_preset_description_length check (char_length(preset_description) <= 2000),
  enable_qwen boolean not null,
  enable_compel boolean not null,
  auto_enhancement boolean not null,
  compel_weights jsonb,
  qwen_settings jsonb
    constraint enhancement_presets_qwen_settings_is_an_object check (jsonb_typeof(qwen_settings) = 'object')
    constraint enhancement_presets_qwen_settings_size check (octet_length(qwen_settings::text) <= 16384),
  usage_count integer not null default 0
    constraint enhancement_presets_usage_count_not_negative check (usage_count >= 0),
  avg_quality_with_preset numeric(3, 2)
    constraint enhancement_presets_avg_quality_with_preset_not_negative check (avg_quality_with_preset >= 0),
  is_recommended boolean not null default false,
  created_at timestamptz not null default now(),
  created_by uuid default auth.uid() references atelier.profiles (id) on delete set null
);
create index enhancement_presets_created_by_idx on atelier.enhancement_presets (created_by) where created_by is not null;
select pg_catalog.pg_extension_config_dump('atelier.enhancement_presets', '');
alter table atelier.enhancement_presets enable row level security;
alter table atelier.enhancement_presets force row level security;
grant select, insert, update, delete on atelier.enhancement_presets to authenticated, service_role;
comment on table atelier.enhancement_presets is
$$Ways of improving prompts, by name

Whether a language model rewrites a prompt, whether its words are weighted, and how. Administrators see and write them.$$;

create table atelier.compel_configs (
  id uuid primary key default atelier.uuid7(),
  config_name text not null
    constraint compel_configs_config_name_length check (char_length(config_name) between 1 and 100)
    constraint compel_configs_config_name_is_not_blank check (config_name ~ '\S'),
  weights jsonb not null,
  -- The key order of jsonb is fixed, so that equal weights have equal hashes.
  config_hash text not null
    generated always as (encode(sha256(replace(weights::text, '\', '\\')::bytea), 'hex')) stored
    constraint compel_configs_config_hash_key unique,
  total_tests integer not null default 0
    constraint compel_configs_total_tests_not_negative check (total_tests >= 0),
  avg_quality numeric(3, 2) constraint compel_configs_avg_quality_not_negative check (avg_quality >= 0),
  avg_consistency numeric(3, 2) constraint compel_configs_avg_consistency_not_negative check (avg_consistency >= 0),
  is_active boolean not null default false,
  created_at timestamptz not null default now(),
  created_by uuid default auth.uid() references atelier.profiles (id) on delete set null
);
create unique index compel_configs_active_key on atelier.compel_configs (config_name) where is_active;
create index compel_configs_created_by_idx on atelier.compel_configs (created_by) where created_by is not null;
select pg_catalog.pg_extension_config_dump('atelier.compel_configs', '');
alter table atelier.compel_configs enable row level security;
alter table atelier.compel_configs force row level security;
grant select, insert, update, delete on atelier.compel_configs to authenticated, service_role;
comment on table atelier.compel_configs is
$$Weights of words, by name

apply_compel_config() gives them to the words of a prompt. At most one of a name is active. Administrators see and write
them.$$;

create table atelier.content_terms (
  id uuid primary key default atelier.uuid7(),
  term text not null
    constraint content_terms_term_is_normal
      check (term = lower(term) and term ~ '^\S+( \S+)*$' and char_length(term) <= 100)
    constraint content_terms_term_key unique,
  meaning text not null constraint content_terms_meaning_known check (meaning in ('nsfw', 'harmless')),
  is_active boolean not null default true,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid default auth.uid() references atelier.profiles (id) on delete set null
);
create index content_terms_created_by_idx on atelier.content_terms (created_by) where created_by is not null;
select pg_catalog.pg_extension_config_dump('atelier.content_terms', '');
alter table atelier.content_terms enable row level security;
alter table atelier.content_terms force row level security;
grant select, insert, update, delete on atelier.content_terms to authenticated, service_role;
comment on table atelier.content_terms is
$$Words by which detect_content_mode() judges prompts

A term that means nsfw makes a prompt nsfw. A harmless one excuses only the characters that it covers itself: with "nude
lipstick" harmless, "a nude with nude lipstick" is nsfw all the same. Administrators see and write them.$$;

create table atelier.prompt_enhancements (
  id uuid primary key default atelier.uuid7(),
  user_id uuid not null references atelier.profiles (id) on delete cascade,
  job_id uuid references atelier.jobs (id) on delete cascade,
  enhancement_job_id uuid references atelier.jobs (id) on delete set null,
  original_prompt text not null,
  enhanced_prompt text,
  enhancement_strategy text not null default 'pending'
    constraint prompt_enhancements_enhancement_strategy_known
      check (enhancement_strategy in ('pending', 'rewritten', 'weighted', 'given', 'exact_copy', 'error_fallback')),
  fallback_reason text
    constraint prompt_enhancements_fallback_reason_known
      check (fallback_reason in ('failed', 'cancelled', 'empty', 'too_long', 'refused', 'content_mode', 'unusable', 'no_model',
                                 'no_template')),
  enhancer_model text,
  template_id uuid references atelier.prompt_templates (id) on delete set null,
  template_name text,
  content_mode atelier.content_mode not null default 'sfw',
  token_limit integer constraint prompt_enhancements_token_limit_positive check (token_limit > 0),
  token_count integer constraint prompt_enhancements_token_count_not_negative check (token_count >= 0),
  token_count_exact boolean,
  compel_weights jsonb,
  options jsonb not null default '{}'
    constraint prompt_enhancements_options_is_an_object check (jsonb_typeof(options) = 'object'),
  enhancement_time_ms integer,
  created_at timestamptz not null default clock_timestamp(),
  completed_at timestamptz,
  constraint prompt_enhancements_fallback_has_a_reason
    check ((enhancement_strategy = 'error_fallback') = (fallback_reason is not null)),
  constraint prompt_enhancements_pending_is_not_over check ((enhancement_strategy = 'pending') = (completed_at is null))
);
create index prompt_enhancements_user_idx on atelier.prompt_enhancements (user_id, created_at desc);
create unique index prompt_enhancements_job_key on atelier.prompt_enhancements (job_id) where job_id is not null;
create unique index prompt_enhancements_enhancement_job_key on atelier.prompt_enhancements (enhancement_job_id)
  where enhancement_job_id is not null;
create index prompt_enhancements_template_idx on atelier.prompt_enhancements (template_id) where template_id is not null;
select pg_catalog.pg_extension_config_dump('atelier.prompt_enhancements', '');
alter table atelier.prompt_enhancements enable row level security;
alter table atelier.prompt_enhancements force row level security;
grant select on atelier.prompt_enhancements to authenticated, service_role;
grant delete on atelier.prompt_enhancements to service_role;
comment on table atelier.prompt_enhancements is
$$Prompts that were rewritten, or were to be

Made by enhance_prompt(), and by queue_job() with enhancement. The prompt as the user wrote it stays beside what was made
of it. People see their own, administrators all of them.$$;

create table atelier.prompt_ab_tests (
  id uuid primary key default atelier.uuid7(),
  test_name text not null
    constraint prompt_ab_tests_test_name_key unique
    constraint prompt_ab_tests_test_name_length check (char_length(test_name) between 1 and 100)
    constraint prompt_ab_tests_test_name_is_not_blank check (test_name ~ '\S'),
  test_series text not null
    constraint prompt_ab_tests_test_series_length check (char_length(test_series) between 1 and 100),
  baseline_config jsonb not null
    constraint prompt_ab_tests_baseline_config_is_an_object check (jsonb_typeof(baseline_config) = 'object'),
  enhanced_config jsonb not null
    constraint prompt_ab_tests_enhanced_config_is_an_object check (jsonb_typeof(enhanced_config) = 'object'),
  total_participants integer not null default 0
    constraint prompt_ab_tests_total_participants_not_negative check (total_participants >= 0),
  baseline_avg_quality numeric(3, 2),
  enhanced_avg_quality numeric(3, 2),
  quality_improvement numeric(3, 2),
  confidence_level numeric(3, 2)
    constraint prompt_ab_tests_confidence_level_in_range check (confidence_level between 0 and 1),
  is_complete boolean not null default false,
  created_at timestamptz not null default now(),
  completed_at timestamptz,
  started_at timestamptz,
  baseline_weight integer not null default 1
    constraint prompt_ab_tests_baseline_weight_in_range check (baseline_weight between 0 and 1000),
  enhanced_weight integer not null default 1
    constraint prompt_ab_tests_enhanced_weight_in_range check (enhanced_weight between 0 and 1000),
  applies_to_all boolean not null default false,
  created_by uuid default auth.uid() references atelier.profiles (id) on delete set null,
  constraint prompt_ab_tests_some_weight check (baseline_weight + enhanced_weight > 0),
  constraint prompt_ab_tests_complete_is_over check (is_complete = (completed_at is not null)),
  constraint prompt_ab_tests_complete_was_started check (completed_at is null or started_at is not null)
);
create unique index prompt_ab_tests_running_for_all_key on atelier.prompt_ab_tests ((true))
  where applies_to_all and started_at is not null and completed_at is null;
create index prompt_ab_tests_created_by_idx on atelier.prompt_ab_tests (created_by) where created_by is not null;
select pg_catalog.pg_extension_config_dump('atelier.prompt_ab_tests', '');
alter table atelier.prompt_ab_tests enable row level security;
alter table atelier.prompt_ab_tests force row level security;
grant select, delete,
  insert (id, test_name, test_series, baseline_config, enhanced_config, baseline_weight, enhanced_weight, applies_to_all),
  update (test_name, test_series, baseline_config, enhanced_config, baseline_weight, enhanced_weight, applies_to_all)
  on atelier.prompt_ab_tests to authenticated, service_role;
comment on table atelier.prompt_ab_tests is
$$Two ways of enhancing prompts, compared

Made by administrators, run by start_prompt_ab_test() and stop_prompt_ab_test(). Each user is in one of the two all the time.
Once started, what is compared stays as it is.$$;

create table atelier.prompt_ab_outcomes (
  job_id uuid primary key references atelier.jobs (id) on delete cascade,
  test_id uuid not null references atelier.prompt_ab_tests (id) on delete cascade,
  user_id uuid not null references atelier.profiles (id) on delete cascade,
  variant text not null constraint prompt_ab_outcomes_variant_known check (variant in ('baseline', 'enhanced')),
  created_at timestamptz not null default clock_timestamp(),
  job_status text not null default 'queued'
    constraint prompt_ab_outcomes_job_status_known check (job_status in ('queued', 'completed', 'failed', 'cancelled')),
  latency_ms integer constraint prompt_ab_outcomes_latency_not_negative check (latency_ms >= 0),
  rating numeric(7, 2),
  is_saved boolean not null default false,
  is_favorite boolean not null default false,
  is_discarded boolean not null default false
);
create index prompt_ab_outcomes_test_idx on atelier.prompt_ab_outcomes (test_id, variant, user_id);
create index prompt_ab_outcomes_user_idx on atelier.prompt_ab_outcomes (user_id);
select pg_catalog.pg_extension_config_dump('atelier.prompt_ab_outcomes', '');
alter table atelier.prompt_ab_outcomes enable row level security;
alter table atelier.prompt_ab_outcomes force row level security;
grant select on atelier.prompt_ab_outcomes to authenticated, service_role;
comment on table atelier.prompt_ab_outcomes is
$$What became of the jobs of a comparison

Written by the database as it happens. For administrators; prompt_ab_report() counts it.$$;

alter table atelier.prompt_enhancements
  add column prompt_test_id uuid references atelier.prompt_ab_tests (id) on delete set null,
  add column test_variant text
    constraint prompt_enhancements_test_variant_known check (test_variant in ('baseline', 'enhanced'));
create index prompt_enhancements_prompt_test_idx on atelier.prompt_enhancements (prompt_test_id)
  where prompt_test_id is not null;
