-- Templates: versions, of which one is in use, and none that was published changes.
begin;
select plan(48);
\ir support/people.sql

select columns_are('atelier', 'prompt_templates', array['id', 'enhancer_model', 'use_case', 'content_mode', 'template_name', 'system_prompt', 'token_limit', 'is_active',
  'created_at', 'updated_at', 'created_by', 'version', 'metadata', 'job_type', 'target_model', 'description', 'comment', 'provider', 'published_at', 'retired_at']);
select enum_has_labels('atelier', 'content_mode', array['sfw', 'nsfw'], 'there are two content modes');
select col_default_is('atelier', 'prompt_templates', 'content_mode', 'sfw', 'content_mode is not nsfw by default');
select is_empty($$select from atelier.prompt_templates where content_mode = 'nsfw'$$, 'none that comes with Atelier is nsfw');
select results_eq('select count(*) from atelier.prompt_templates where is_active and version = 1 and created_by is null', 'values (13::bigint)', 'those that come are published');
select set_eq('select use_case from atelier.prompt_templates', array['enhancement', 'chat_general', 'chat_admin', 'character_roleplay', 'scene_generation', 'scene_starters', 'canon_position', 'enhancement_modify'],
  'for every use case');
select results_eq($$select target_model, token_limit from atelier.prompt_templates where enhancer_model ~ '^qwen' order by 1, enhancer_model$$,
  $$values ('sdxl', 75), ('sdxl', 75), ('wan', 100), ('wan', 100)$$, 'with the token limits of the models');
select atelier_engine.add_reference_prompts() \g /dev/null
select results_eq('select count(*) from atelier.prompt_templates', 'values (13::bigint)', 'adding them again adds nothing');

-- A draft.
select pg_temp.sign_in(pg_temp.root()) \g /dev/null
insert into atelier.prompt_templates (enhancer_model, use_case, template_name, system_prompt) values ('m', 'test', 'T', 'one') returning id as one \gset
insert into atelier.prompt_templates (enhancer_model, use_case, template_name, system_prompt) values ('m', 'test', 'T', 'two') returning id as two \gset
insert into atelier.prompt_templates (enhancer_model, use_case, template_name, system_prompt) values ('m', 'test', 'Other', 'x') returning id as other \gset
select results_eq($$select template_name, version, is_active, published_at, retired_at, created_by from atelier.prompt_templates where use_case = 'test' order by system_prompt$$,
  $$values ('T', 1, false, null::timestamptz, null::timestamptz, pg_temp.root()), ('T', 2, false, null, null, pg_temp.root()), ('Other', 1, false, null, null, pg_temp.root())$$,
  'versions of one name are there side by side, as drafts');
select throws_ok($$insert into atelier.prompt_templates (enhancer_model, use_case, template_name, system_prompt, version) values ('m', 'test', 'T', 'x', 2)$$, '23505', null, 'no version twice');
select lives_ok(format('update atelier.prompt_templates set system_prompt = ''first'' where id = %L', :'one'), 'a draft changes');
select throws_ok(format('select atelier.retire_prompt_template(%L)', :'one'), 'PT409', 'a draft cannot be retired', 'a draft is not in use');
select lives_ok($$insert into atelier.prompt_templates (enhancer_model, use_case, template_name, system_prompt, target_model) values ('m', 'test', 'Key', 'x', 'flux-1.1-pro')$$,
  'target_model takes any model, and not two words only');

-- Published, replaced, retired, published again.
select is((atelier.publish_prompt_template(:'one')).is_active, true, 'publishing puts it into use');
select isnt((select published_at from atelier.prompt_templates where id = :'one'), null, 'and says when');
select is((atelier.publish_prompt_template(:'one')).version, 1, 'twice is as good as once');
create temp table changes (change text);
insert into changes values ('system_prompt = ''x'''), ('token_limit = 1'), ('template_name = ''x'''), ('use_case = ''x'''), ('metadata = ''{"a": 1}'''), ('version = 9'),
  ('target_model = ''x'''), ('content_mode = ''nsfw'''), ('description = ''x''');
select throws_ok(format('update atelier.prompt_templates set %s where id = %L', change, :'one'), 'PT409', 'a published template stays as it is', 'published: ' || change) from changes;
select throws_ok(format('delete from atelier.prompt_templates where id = %L', :'one'), 'PT409', 'a published template stays as it is', 'nor is it deleted');
select lives_ok(format('update atelier.prompt_templates set comment = ''good'' where id = %L', :'one'), 'remarks can be made');
update atelier.prompt_templates set published_at = null, retired_at = now() where id = :'one';
select results_eq(format('select published_at is not null, retired_at from atelier.prompt_templates where id = %L', :'one'), 'values (true, null::timestamptz)', 'the times are not the client''s');
select throws_ok(format('update atelier.prompt_templates set is_active = true where id = %L', :'two'), '23505', null, 'two versions are not in use at the same time');
select is((atelier.publish_prompt_template(:'two')).version, 2, 'the next version');
select results_eq(format('select is_active, retired_at is not null from atelier.prompt_templates where id = %L', :'one'), 'values (false, true)', 'retires the one before');
select throws_ok(format('update atelier.prompt_templates set system_prompt = ''x'' where id = %L', :'one'), 'PT409', null, 'which stays as it is');
select is((atelier.publish_prompt_template(:'one')).retired_at, null, 'it can come back');
select results_eq($$select version from atelier.prompt_templates where template_name = 'T' and is_active$$, array[1], 'instead of the later one');
select is((atelier.retire_prompt_template(:'one')).is_active, false, 'retiring takes it out of use');
select is((atelier.retire_prompt_template(:'one')).is_active, false, 'twice is as good as once');
select lives_ok(format('delete from atelier.prompt_templates where id = %L', :'other'), 'a draft can be deleted');
select throws_ok($$select atelier.publish_prompt_template('deadbeef-0000-7000-8000-000000000000')$$, 'PT404', 'there is no such template', 'one must know which');
select throws_ok($$select atelier.retire_prompt_template(null)$$, 'PT404', 'there is no such template', 'to retire it, too');

-- Bad input.
select throws_ok(format('insert into atelier.prompt_templates (enhancer_model, use_case, template_name, system_prompt, job_type, token_limit) values (%s)', bad), state, null, bad) from (values
  ('$$a b$$, $$t$$, $$n$$, $$x$$, null, 1', '23514'), ('$$a$$, $$T!$$, $$n$$, $$x$$, null, 1', '23514'), ('$$a$$, $$t$$, $$n$$, $$ $$, null, 1', '23514'),
  ('$$a$$, $$t$$, $$n$$, $$x$$, $$song$$, 1', '23514'), ('$$a$$, $$t$$, $$n$$, $$x$$, null, 0', '23514')) b (bad, state);
select pg_temp.step_aside() \g /dev/null

-- Who made it may go; the template stays.
delete from auth.users where id = pg_temp.root();
select is((select created_by from atelier.prompt_templates where id = :'one'), null, 'a published template outlives who made it');

select pg_temp.sign_in(pg_temp.ada()) \g /dev/null
select is_empty('select from atelier.prompt_templates', 'people see no templates');
select throws_ok(format('select atelier.publish_prompt_template(%L)', :'one'), '42501', 'only administrators and the service role may do this', 'and publish none');
select throws_ok(format('select atelier.retire_prompt_template(%L)', :'one'), '42501', 'only administrators and the service role may do this', 'nor retire one');

select * from finish();
rollback;
