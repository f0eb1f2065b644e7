-- One row of Alice's in every table and view that clients can name, and what a new row like it needs. Included after
-- support/jobs.sql. What belongs to nobody (models, buckets …) has a row, too.

select pg_temp.queue(:alice, 'a red circle') as job \gset
select pg_temp.succeed(pg_temp.claim(:'job')) \g /dev/null
select pg_temp.queue(:alice, 'a blue one', format(', depends_on => array[%L]::uuid[]', :'job')) as next_job \gset

select pg_temp.sign_in(:alice) \g /dev/null
select atelier.create_workspace_session(:alice) as session \gset
insert into atelier.user_collections (name) values ('Circles') returning id as collection \gset
insert into atelier.conversations (title) values ('Talk') returning id as conversation \gset
insert into atelier.messages (conversation_id, sender, content) values (:'conversation', 'user', 'Hello') returning id as message \gset
insert into atelier.characters (name, description, is_public) values ('Ada', 'a red square', false) returning id as character \gset
insert into atelier.characters (name, description) values ('Eve', 'a blue square') returning id as public_character \gset
insert into atelier.characters (name, description, content_rating) values ('Ivy', 'a bare square', 'nsfw') returning id as adult_character \gset
select (atelier.remember('squares', 'conversation', :'conversation')).id as memory \gset
select atelier.like_character(:'character') \g /dev/null
select atelier.record_character_interaction(:'character') \g /dev/null
insert into atelier.character_scenes (character_id, conversation_id, scene_prompt) values (:'character', :'conversation', 'a square in the rain') returning id as character_scene \gset
insert into atelier.projects (original_prompt, media_type, character_id) values ('squares', 'image', :'character') returning id as project \gset
insert into atelier.scenes (project_id, scene_number, description) values (:'project', 1, 'a square') returning id as scene \gset
insert into atelier.scenes (description, is_public) values ('a place for squares', true) returning id as public_scene \gset
insert into atelier.scenes (description, is_public, content_rating) values ('a bare place', true, 'nsfw') returning id as adult_scene \gset
select id as asset from atelier.workspace_assets where job_id = :'job' \gset
select atelier.save_workspace_item_to_library(:'asset', :alice) as library_asset \gset
select atelier.log_user_activity(:alice, 'looked') as activity \gset
select api_key_id as api_key from atelier.create_api_key('a server', '{read}') \gset
select id as schedule from atelier.create_schedule('daily', '{"prompt": "a circle"}', cron => '@daily') \gset
select pg_temp.sign_out() \g /dev/null
insert into atelier.conversation_summaries (conversation_id, user_id, up_to_message_id) values (:'conversation', :alice, :'message') returning id as summary \gset
insert into atelier.tool_calls (message_id, user_id, place, call_id, name, arguments) values (:'message', :alice, 0, 'call', 'make_picture', '{}') returning id as tool_call \gset

insert into atelier.user_library (user_id, asset_type, storage_path, file_size_bytes, mime_type, original_prompt, model_used)
values (:alice, 'video', :alice || '/film.mp4', 1, 'video/mp4', 'a film', 'tiny-sdxl') returning id as film \gset
insert into atelier.user_library (user_id, asset_type, storage_path, file_size_bytes, mime_type, original_prompt, model_used, visibility)
values (:alice, 'image', :alice || '/shown.png', 1, 'image/png', 'a star', 'tiny-sdxl', 'public') returning id as shown \gset
insert into atelier.user_library (user_id, asset_type, storage_path, file_size_bytes, mime_type, original_prompt, model_used, visibility)
values (:alice, 'image', :alice || '/told.png', 1, 'image/png', 'a moon', 'tiny-sdxl', 'unlisted') returning id as told \gset
insert into atelier.api_providers (name, display_name) values ('spare', 'Spare') returning id as provider \gset
insert into atelier.api_providers (name, display_name, is_active) values ('old', 'Old', false) returning id as old_provider \gset
insert into atelier.api_models (provider_id, model_key, display_name, modality)
values (:'provider', 'spare', 'Spare', 'image') returning id as model \gset
insert into atelier.api_models (provider_id, model_key, display_name, modality, is_active)
values (:'provider', 'old', 'Old', 'image', false) returning id as old_model \gset
insert into atelier.endpoints (provider_id, name, adapter, base_url)
values (:'provider', 'spare', 'openai_images', 'http://192.0.2.2/v1') returning id as endpoint \gset
insert into atelier.provider_tokens (provider_id, name) values (:'provider', 'spare') returning id as token \gset
insert into atelier.api_providers (name, display_name) values ('replicate', 'Replicate') returning id as replicate \gset
select atelier.set_provider_token('replicate', 'r8_one') as replicate_token \gset
select number as replicate_number from atelier.provider_tokens where id = :'replicate_token' \gset
insert into atelier.api_prices (provider_id, model_id, unit, price) values (:'provider', :'model', 'image', 0.04) returning id as price \gset
select atelier_engine.tend_logs() \g /dev/null
insert into atelier.api_logs (method, path, user_id, job_id, attempt_id)
values ('POST', 'http://192.0.2.1/v1', :alice, :'job', gen_random_uuid()) returning id as api_log \gset
insert into atelier.api_cost_logs (user_id, provider, operation, processing_status, currency, job_id, attempt_id)
values (:alice, 'spare', 'image_fast', 'completed', 'USD', :'job', gen_random_uuid()) returning id as api_cost_log \gset
insert into atelier.model_config_history (model_type, config_name, config_data) values ('SDXL', 'usual', '{}') returning id as config \gset
insert into atelier.model_performance_logs (model_type, date) values ('SDXL', '2026-01-01') returning id as performance \gset
insert into atelier.model_test_results (user_id, model_type, prompt_text, test_series, test_tier)
values (:alice, 'SDXL', 'a circle', 'shapes', 'artistic') returning id as test_result \gset
insert into atelier.admin_development_progress (feature_name, feature_category, status, priority)
values ('Shapes', 'pictures', 'in_progress', 'P1') returning id as progress \gset
select id as object, name as object_name from storage.objects where bucket_id = 'workspace-temp' and owner = :alice \gset
insert into atelier.moderation_checks (name, kind, stage, is_active) values ('spare', 'rules', 'before', false) returning id as moderation_check \gset
insert into atelier.moderation_rules (check_id, category, phrase) values (:'moderation_check', 'spare', 'spare') returning id as moderation_rule \gset
select atelier_engine.open_item('prompt', :'job', j, null, '{"spare": 0.9}', 'rejected') as moderation_item from atelier.jobs j where j.id = :'job' \gset
select atelier_engine.conclude_item(:'moderation_item') \g /dev/null
delete from atelier.events where ref = :'moderation_item';
select id as moderation_audit from atelier.moderation_audit where item_id = :'moderation_item' \gset
insert into storage.buckets (id, name) values ('spare', 'spare');
insert into storage.buckets (id, name, public) values ('spare-public', 'spare-public', true), ('spare-empty', 'spare-empty', true);
insert into storage.objects (bucket_id, name, owner, metadata)
values ('spare-public', :alice || '/shown.png', :alice, '{"size": 0, "mimetype": "image/png"}') returning id as shown_object \gset
select id as generation from atelier.generations where job_id = :'job' \gset

insert into atelier.prompt_templates (enhancer_model, use_case, template_name, system_prompt)
values ('any', 'spare', 'Spare', 'Say nothing.') returning id as template \gset
insert into atelier.prompt_templates (enhancer_model, use_case, template_name, system_prompt, is_active)
values ('any', 'spare', 'Used', 'Say nothing.', true) returning id as published_template \gset
insert into atelier.negative_prompts (negative_prompt) values ('spare') returning id as negative_prompt \gset
insert into atelier.enhancement_presets (preset_name, enable_qwen, enable_compel, auto_enhancement)
values ('Spare', true, true, true) returning id as preset \gset
insert into atelier.compel_configs (config_name, weights) values ('spare', '{"spare": 1.2}') returning id as compel_config \gset
insert into atelier.content_terms (term, meaning) values ('spare', 'harmless') returning id as content_term \gset
insert into atelier.prompt_enhancements (user_id, original_prompt) values (:alice, 'spare') returning id as enhancement \gset
insert into atelier.prompt_ab_tests (test_name, test_series, baseline_config, enhanced_config) values ('spare', 'spare', '{}', '{}') returning id as prompt_test \gset
insert into atelier.prompt_ab_outcomes (job_id, test_id, user_id, variant) values (:'next_job', :'prompt_test', :alice, 'baseline');

-- Dave is in a workspace of Alice's.
\set dave '''da5e0000-0000-7000-8000-000000000004'''
insert into auth.users (id, email) values (:dave, 'dave@example.org');
insert into atelier.workspaces (name, slug, created_by) values ('Shapes', 'shapes', :alice) returning id as workspace \gset
insert into atelier.workspace_members (workspace_id, user_id, role) values (:'workspace', :alice, 'owner');
insert into atelier.workspace_members (workspace_id, user_id) values (:'workspace', :dave) returning id as member \gset
insert into atelier.workspace_invitations (workspace_id, email, invited_by, expires_at)
values (:'workspace', 'erin@example.org', :alice, now() + interval '1 day') returning id as invitation \gset

create temp table prepared (relation text, variant text, condition text, new_row jsonb);
create function pg_temp.prepare(p_relation text, p_condition text, p_new_row jsonb, p_variant text default '') returns void language sql as
$$ insert into prepared values (p_relation, p_variant, p_condition, p_new_row) $$;
create function pg_temp.prepare_id(p_relation text, p_id uuid, p_new_row jsonb, p_variant text default '') returns void language sql as
$$ insert into prepared values (p_relation, p_variant, format('id = %L', p_id), p_new_row) $$;
\o /dev/null

-- auth, identity
select pg_temp.prepare_id('auth.users', :alice, '{"email": "new@example.org"}');
select pg_temp.prepare_id('atelier.profiles', :alice, jsonb_build_object('id', '00000000-0000-7000-8000-0000000000aa'));
select pg_temp.prepare_id('atelier.users', :alice, jsonb_build_object('id', '00000000-0000-7000-8000-0000000000aa'));
select pg_temp.prepare_id('atelier.user_profiles', :alice, jsonb_build_object('id', '00000000-0000-7000-8000-0000000000aa'));
select pg_temp.prepare('atelier.user_roles', format('user_id = %L', :alice), jsonb_build_object('user_id', :alice, 'role', 'guest'));
select pg_temp.prepare_id('atelier.user_activity_log', :'activity', jsonb_build_object('user_id', :alice, 'action', 'tried'));
select pg_temp.prepare_id('atelier.api_keys', :'api_key', jsonb_build_object(
  'user_id', :alice, 'name', 'new', 'prefix', 'atelier_0123abcd', 'scopes', '{read}'::text[]));

-- storage
select pg_temp.prepare('storage.buckets', 'id = ''spare''', '{"id": "new", "name": "new"}');
select pg_temp.prepare('storage.buckets', 'id = ''spare-empty''', '{"id": "new", "name": "new", "public": true}', 'public');
select pg_temp.prepare_id('storage.objects', :'object',
  jsonb_build_object('bucket_id', 'spare', 'name', :alice || '/new.png', 'owner', :alice));
select pg_temp.prepare_id('storage.objects', :'shown_object',
  jsonb_build_object('bucket_id', 'spare-public', 'name', :alice || '/new.png', 'owner', :alice), 'public');
select pg_temp.prepare('atelier.object_chunks', format('object_id = %L', :'object'),
  jsonb_build_object('object_id', :'object', 'sequence', 1, 'byte_offset', 4, 'bytes', '\x00'));

-- jobs: tiers
select pg_temp.prepare('atelier.scheduling_tiers', 'tier = ''pro''', '{"tier": "new"}');

-- providers
select pg_temp.prepare_id('atelier.api_providers', :'provider', '{"name": "new", "display_name": "New"}');
select pg_temp.prepare_id('atelier.api_providers', :'old_provider', '{"name": "new", "display_name": "New", "is_active": false}', 'inactive');
select pg_temp.prepare_id('atelier.api_models', :'old_model',
  jsonb_build_object('provider_id', :'provider', 'model_key', 'new', 'display_name', 'New', 'modality', 'image', 'is_active', false), 'inactive');
select pg_temp.prepare_id('atelier.api_models', :'model',
  jsonb_build_object('provider_id', :'provider', 'model_key', 'new', 'display_name', 'New', 'modality', 'image'));
select pg_temp.prepare_id('atelier.endpoints', :'endpoint',
  jsonb_build_object('provider_id', :'provider', 'name', 'new', 'adapter', 'openai_images', 'base_url', 'http://192.0.2.1'));
select pg_temp.prepare('atelier.endpoint_health', 'endpoint = ''spare''', '{"endpoint": "new"}');
select pg_temp.prepare('atelier.replicate_tokens', format('id = %s', :'replicate_number'), '{"token": "r8_two"}');
select pg_temp.prepare_id('atelier.provider_tokens', :'token', jsonb_build_object('provider_id', :'provider', 'name', 'new'));
insert into atelier.endpoints (provider_id, name, adapter, base_url) values (:'provider', 'worker gpu', 'pull', 'pull:') returning id as pull_endpoint \gset
insert into atelier.endpoints (provider_id, name, adapter, base_url) values (:'provider', 'worker new', 'pull', 'pull:') returning id as new_endpoint \gset
insert into atelier.workers (user_id, endpoint_id, name) values (:alice, :'pull_endpoint', 'gpu') returning id as worker \gset
select pg_temp.prepare_id('atelier.workers', :'worker', jsonb_build_object('endpoint_id', :'new_endpoint', 'name', 'new'));
insert into atelier.pauses (endpoint_id) values (:'endpoint') returning id as pause \gset
insert into atelier.retry_policies (error_class, endpoint_id, action) values ('overload', :'endpoint', 'fail') returning id as retry_policy \gset
select pg_temp.prepare_id('atelier.pauses', :'pause', jsonb_build_object('model_id', :'model'));
select pg_temp.prepare_id('atelier.retry_policies', :'retry_policy', '{"error_class": "auth", "action": "fail"}');
select pg_temp.prepare('atelier.default_retry_policies', 'error_class = ''auth''', '{"error_class": "new"}');
select pg_temp.prepare('atelier.known_providers', 'name = ''fal''', '{"name": "new"}');
select pg_temp.prepare('atelier.known_models', 'model_key = ''gpt-4o''', '{"model_key": "new"}');
select pg_temp.prepare('atelier.token_health', 'token = ''spare''', '{"token": "new"}');
select pg_temp.prepare_id('atelier.model_config_history', :'config', '{"model_type": "SDXL", "config_name": "new", "config_data": {}}');
select pg_temp.prepare_id('atelier.model_performance_logs', :'performance', '{"model_type": "SDXL", "date": "2026-01-02"}');
select pg_temp.prepare_id('atelier.admin_development_progress', :'progress',
  '{"feature_name": "new", "feature_category": "new", "status": "blocked", "priority": "P2"}');
select pg_temp.prepare('atelier.system_config', 'id = 1', '{"id": 1}');
select pg_temp.prepare('atelier.job_types', 'job_type = ''image_fast''', '{"job_type": "new"}');
select pg_temp.prepare_id('atelier.usage_logs', :'job', jsonb_build_object('user_id', :alice));
select pg_temp.prepare('atelier.user_analytics', format('user_id = %L', :alice), '{"username": "new"}');
select pg_temp.prepare_id('atelier.model_test_results', :'test_result',
  jsonb_build_object('user_id', :alice, 'model_type', 'SDXL', 'prompt_text', 'new', 'test_series', 'new', 'test_tier', 'artistic'));

-- jobs
select pg_temp.prepare_id('atelier.jobs', :'job', jsonb_build_object('user_id', :alice, 'job_type', 'image_fast'));
select pg_temp.prepare('atelier.job_dependencies', format('job_id = %L', :'next_job'),
  jsonb_build_object('job_id', :'job', 'depends_on_job_id', :'next_job'));
select pg_temp.prepare_id('atelier.generations', :'generation', jsonb_build_object(
  'user_id', :alice, 'action', 'create', 'model_id', 'new', 'model_name', 'new', 'replicate_model', 'new'));
select pg_temp.prepare('atelier.events', format('user_id = %L', :alice), jsonb_build_object('user_id', :alice, 'kind', 'job.completed'));
insert into atelier_engine.late_results (attempt_id, job_id, expires_at) values (gen_random_uuid(), :'next_job', now());
select pg_temp.prepare('atelier.late_results', format('job_id = %L', :'next_job'), '{"job_id": "00000000-0000-7000-8000-0000000000aa"}');
select pg_temp.prepare('atelier.held_jobs', 'true', '{"job_id": "00000000-0000-7000-8000-0000000000aa"}');
select pg_temp.prepare_id('atelier.schedules', :'schedule', jsonb_build_object(
  'user_id', :alice, 'name', 'new', 'request', '{}'::jsonb, 'cron', '@daily'));
select pg_temp.prepare('atelier.queue_depth', 'model = ''tiny-sdxl''', '{"model": "new"}');
select pg_temp.prepare('atelier.stuck_jobs', 'true', '{"job_id": "00000000-0000-7000-8000-0000000000aa"}');
select pg_temp.prepare('atelier.worker_status', 'process = ''launcher''', '{"process": "new"}');

-- billing
select pg_temp.prepare_id('atelier.api_prices', :'price', jsonb_build_object('provider_id', :'provider', 'unit', 'image', 'price', 1));
select pg_temp.prepare_id('atelier.api_logs', :'api_log', jsonb_build_object(
  'method', 'POST', 'path', 'new', 'user_id', :alice, 'job_id', :'job', 'attempt_id', gen_random_uuid()));
select pg_temp.prepare_id('atelier.api_cost_logs', :'api_cost_log', jsonb_build_object(
  'user_id', :alice, 'provider', 'new', 'operation', 'new', 'processing_status', 'completed', 'currency', 'USD', 'job_id', :'job', 'attempt_id', gen_random_uuid()));

-- teams
select pg_temp.prepare_id('atelier.workspaces', :'workspace', '{"name": "New", "slug": "new"}');
select pg_temp.prepare_id('atelier.workspace_members', :'member', jsonb_build_object('workspace_id', :'workspace', 'user_id', :bob));
select pg_temp.prepare_id('atelier.workspace_invitations', :'invitation', jsonb_build_object(
  'workspace_id', :'workspace', 'email', 'new@example.org', 'expires_at', now() + interval '1 day'));

-- workspace, library
select pg_temp.prepare_id('atelier.workspace_sessions', :'session',
  jsonb_build_object('user_id', :alice, 'is_active', false));
select pg_temp.prepare_id('atelier.workspace_assets', :'asset', jsonb_build_object(
  'user_id', :alice, 'asset_type', 'image', 'temp_storage_path', :alice || '/new.png', 'file_size_bytes', 1, 'mime_type', 'image/png',
  'job_id', :'next_job', 'generation_seed', 1, 'original_prompt', 'new', 'model_used', 'new'));
select pg_temp.prepare_id('atelier.workspace_items', :'asset', jsonb_build_object('user_id', :alice, 'prompt', 'new'));
select pg_temp.prepare_id('atelier.user_collections', :'collection', jsonb_build_object('user_id', :alice, 'name', 'new'));
select pg_temp.prepare_id('atelier.user_library', :'library_asset', jsonb_build_object(
  'user_id', :alice, 'asset_type', 'image', 'storage_path', :alice || '/new.png', 'file_size_bytes', 1, 'mime_type', 'image/png',
  'original_prompt', 'new', 'model_used', 'new'));
select pg_temp.prepare_id('atelier.user_library', :'shown', jsonb_build_object(
  'user_id', :alice, 'asset_type', 'image', 'storage_path', :alice || '/new.png', 'file_size_bytes', 1, 'mime_type', 'image/png',
  'original_prompt', 'new', 'model_used', 'new', 'visibility', 'public'), 'public');
select pg_temp.prepare_id('atelier.user_library', :'told', jsonb_build_object(
  'user_id', :alice, 'asset_type', 'image', 'storage_path', :alice || '/new.png', 'file_size_bytes', 1, 'mime_type', 'image/png',
  'original_prompt', 'new', 'model_used', 'new', 'visibility', 'unlisted'), 'unlisted');
select pg_temp.prepare_id('atelier.images', :'library_asset', jsonb_build_object('user_id', :alice, 'prompt', 'new'));
select pg_temp.prepare_id('atelier.videos', :'film', jsonb_build_object('user_id', :alice, 'original_prompt', 'new'));

-- chat
select pg_temp.prepare_id('atelier.conversations', :'conversation', jsonb_build_object('user_id', :alice, 'title', 'new'));
select pg_temp.prepare_id('atelier.messages', :'message', jsonb_build_object(
  'conversation_id', :'conversation', 'user_id', :alice, 'sender', 'user', 'content', 'new'));
select pg_temp.prepare_id('atelier.memories', :'memory', jsonb_build_object('user_id', :alice, 'tier', 'profile', 'content', 'new'));
select pg_temp.prepare_id('atelier.conversation_summaries', :'summary', jsonb_build_object(
  'conversation_id', :'conversation', 'user_id', :alice, 'up_to_message_id', :'message'));
select pg_temp.prepare_id('atelier.tool_calls', :'tool_call', jsonb_build_object(
  'message_id', :'message', 'user_id', :alice, 'place', 1, 'call_id', 'new', 'name', 'new', 'arguments', '{}'));

-- prompting
select pg_temp.prepare_id('atelier.prompt_templates', :'template',
  '{"enhancer_model": "any", "use_case": "new", "template_name": "new", "system_prompt": "new"}');
select pg_temp.prepare_id('atelier.prompt_templates', :'published_template',
  '{"enhancer_model": "any", "use_case": "new", "template_name": "new", "system_prompt": "new", "is_active": true}', 'published');
select pg_temp.prepare_id('atelier.negative_prompts', :'negative_prompt', '{"negative_prompt": "new"}');
select pg_temp.prepare_id('atelier.enhancement_presets', :'preset',
  '{"preset_name": "new", "enable_qwen": true, "enable_compel": true, "auto_enhancement": true}');
select pg_temp.prepare_id('atelier.compel_configs', :'compel_config', '{"config_name": "new", "weights": {"new": 1.5}}');
select pg_temp.prepare_id('atelier.content_terms', :'content_term', '{"term": "new", "meaning": "harmless"}');
select pg_temp.prepare_id('atelier.prompt_ab_tests', :'prompt_test', '{"test_name": "new", "test_series": "new", "baseline_config": {}, "enhanced_config": {}}');
select pg_temp.prepare('atelier.prompt_ab_outcomes', format('job_id = %L', :'next_job'), jsonb_build_object('job_id', :'job', 'test_id', :'prompt_test', 'user_id', :alice, 'variant', 'baseline'));
select pg_temp.prepare_id('atelier.prompt_enhancements', :'enhancement', jsonb_build_object('user_id', :alice, 'original_prompt', 'new'));
-- moderation
select pg_temp.prepare('atelier.moderation_thresholds', 'category = ''*'' and mode = ''sfw''', '{"category": "new", "mode": "sfw"}');
select pg_temp.prepare_id('atelier.moderation_checks', :'moderation_check', '{"name": "new", "kind": "rules", "stage": "before"}');
select pg_temp.prepare_id('atelier.moderation_rules', :'moderation_rule',
  jsonb_build_object('check_id', :'moderation_check', 'category', 'new', 'phrase', 'new'));
select pg_temp.prepare_id('atelier.moderation_items', :'moderation_item', jsonb_build_object(
  'subject_kind', 'text', 'subject_id', '00000000-0000-7000-8000-0000000000aa', 'user_id', :alice));
select pg_temp.prepare_id('atelier.moderation_audit', :'moderation_audit', jsonb_build_object(
  'item_id', :'moderation_item', 'subject_kind', 'text', 'subject_id', '00000000-0000-7000-8000-0000000000aa', 'user_id', :alice, 'action', 'viewed'));

-- characters, projects
select pg_temp.prepare_id('atelier.characters', :'character', jsonb_build_object('user_id', :alice, 'name', 'new', 'description', 'new'));
select pg_temp.prepare_id('atelier.characters', :'public_character', jsonb_build_object('user_id', :alice, 'name', 'new', 'description', 'new'), 'public');
select pg_temp.prepare_id('atelier.characters', :'adult_character', jsonb_build_object('user_id', :alice, 'name', 'new', 'description', 'new'), 'public nsfw');
select pg_temp.prepare('atelier.character_likes', format('character_id = %L', :'character'),
  jsonb_build_object('character_id', :'public_character', 'user_id', :alice));
select pg_temp.prepare('atelier.character_interactions', format('character_id = %L', :'character'),
  jsonb_build_object('character_id', :'public_character', 'user_id', :alice));
select pg_temp.prepare_id('atelier.character_scenes', :'character_scene', jsonb_build_object(
  'user_id', :alice, 'character_id', :'public_character', 'scene_prompt', 'new'));
select pg_temp.prepare_id('atelier.projects', :'project', jsonb_build_object('user_id', :alice, 'original_prompt', 'new', 'media_type', 'image'));
select pg_temp.prepare_id('atelier.project_status', :'project', jsonb_build_object('title', 'new'));
select pg_temp.prepare_id('atelier.scenes', :'scene', jsonb_build_object(
  'user_id', :alice, 'project_id', :'project', 'scene_number', 2, 'description', 'new'));
select pg_temp.prepare_id('atelier.scenes', :'public_scene', jsonb_build_object('user_id', :alice, 'description', 'new'), 'public');
select pg_temp.prepare_id('atelier.scenes', :'adult_scene', jsonb_build_object('user_id', :alice, 'description', 'new'), 'public nsfw');
select pg_temp.prepare_id('atelier.scene_status', :'scene', jsonb_build_object('scene_number', 3));
\o
