-- JSON made to hurt: deep, long, with many keys, with numbers that grow when they are written out. Refused at once,
-- wherever a client hands over JSON.
begin;
\ir support/jobs.sql
set local statement_timeout = '30s';

-- What a client can hand JSON to, looked up in the catalog: a new function or column has to be added below.
select plan(370);
select set_eq($$ select p.oid::regproc::text from pg_proc p join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
    join pg_extension e on e.oid = d.refobjid and e.extname = 'atelier'
   where p.proargtypes::oid[] && '{jsonb,json,jsonb[],json[]}'::regtype[]::oid[]
     and (has_function_privilege('anon', p.oid, 'execute') or has_function_privilege('authenticated', p.oid, 'execute')) $$,
  array['atelier.queue_job', 'atelier.enhance_prompt', 'atelier.generate', 'atelier.queue_jobs', 'atelier.retry_job', 'atelier.create_schedule', 'atelier.log_user_activity', 'atelier.job_callback', 'atelier.heartbeat_jobs', 'atelier.replicate_webhook', 'atelier.fal_webhook', 'atelier.runpod_webhook',
    'atelier.generate_character_image', 'atelier.generate_scene', 'atelier.generate_missing_scenes', 'atelier.playground_chat',
    'atelier.merge_system_config', 'atelier.generate_admin_image', 'atelier.studio_queue_job', 'atelier.studio_workspace_actions', 'atelier.studio_get_negative_prompt',
    'atelier.studio_update_worker_url', 'atelier.studio_get_active_worker_url', 'atelier.replicate_image', 'atelier.replicate_callback',
    'atelier_engine.reference_image_of', 'atelier_engine.reference_strength_of'],
  'functions that take JSON from clients (generate() is queue_job() and a commit)');
select set_eq($$ select format('%s.%s', a.attrelid::regclass, a.attname) from pg_attribute a join pg_class c on c.oid = a.attrelid
   where c.relnamespace in ('atelier'::regnamespace, 'storage'::regnamespace, 'auth'::regnamespace) and a.atttypid = any ('{jsonb,json,jsonb[],json[]}'::regtype[]) and a.attnum > 0
     and (has_column_privilege('authenticated', a.attrelid, a.attnum, 'insert') or has_column_privilege('authenticated', a.attrelid, a.attnum, 'update'))
     and c.relname not in ('api_providers', 'api_models', 'model_config_history', 'model_test_results', 'prompt_templates', 'enhancement_presets', 'compel_configs', 'prompt_ab_tests') $$,
  array['atelier.workspace_sessions.metadata', 'atelier.conversations.memory_data',
    'atelier.characters.alternate_greetings', 'atelier.characters.default_presets', 'atelier.characters.media_defaults',
    'atelier.characters.personality_traits', 'atelier.characters.physical_traits', 'atelier.characters.rendering_rules',
    'atelier.characters.scene_behavior_rules', 'atelier.character_scenes.generation_metadata', 'atelier.scenes.character_clothing_overrides',
    'atelier.scenes.atmosphere'], 'columns that take JSON from others than administrators');

insert into atelier.api_models (provider_id, model_key, display_name, modality, parameter_schema)
values ('00000000-0000-7000-8000-000000000001', 'takes-all', 'Takes all', 'image', '{"type": "object", "additionalProperties": true}');
create temp table bombs (n serial, what text, bomb jsonb);
insert into bombs (what, bomb) values
  ('a long string', jsonb_build_object('a', repeat('x', 1000000))),
  ('a long key', jsonb_build_object(repeat('x', 1000000), 1)),
  ('many keys', (select jsonb_object_agg('key' || i, i) from generate_series(1, 100000) i)),
  ('many elements', jsonb_build_object('a', (select jsonb_agg(i) from generate_series(1, 100000) i))),
  ('a number of 131072 digits in eight characters', '{"a": 1e131071}'),
  ('the same below zero', '{"a": -1e131071}'),
  ('one with 16383 digits after the point', '{"a": 1e-16383}'),
  ('nothing with 16383 digits after the point', '{"a": 0e-16383}'),
  ('many of them in little room', jsonb_build_object('a', (select jsonb_agg(jsonb '1e131071') from generate_series(1, 8000)))),
  ('one below many levels', (repeat('{"a": [', 400) || '1e131071' || repeat(']}', 400))::jsonb),
  ('one that a later key hides from no reader', '{"a": 1, "b": {"a": 1e131071}}');
grant select on bombs to public;

select pg_temp.sign_in(:alice) \g /dev/null
select atelier.create_workspace_session(:alice) as session \gset
create function pg_temp.state_of(p_sql text) returns text language plpgsql as $$
begin
  execute p_sql;
  return 'taken';
exception when others then
  return sqlstate;
end $$;
select is(pg_temp.state_of(format($$ select atelier.queue_job('x', model => 'takes-all', parameters => (select bomb from bombs where n = %s)) $$, n)),
  '22023', 'parameters: ' || what) from bombs order by n;
select is(pg_temp.state_of(format($$ select atelier.queue_job('x', metadata => (select bomb from bombs where n = %s)) $$, n)),
  '22023', 'metadata: ' || what) from bombs order by n;
select is(pg_temp.state_of(format($$ select atelier.queue_job('x', enhancement => (select bomb from bombs where n = %s)) $$, n)),
  '22023', 'enhancement: ' || what) from bombs order by n;
select is(pg_temp.state_of(format($$ select atelier.enhance_prompt('x', metadata => (select bomb from bombs where n = %s)) $$, n)),
  '22023', 'metadata of enhance_prompt(): ' || what) from bombs order by n;
select matches(pg_temp.state_of(format($$ select atelier.log_user_activity(%L, 'x', p_metadata => (select bomb from bombs where n = %s)) $$, :alice, n))
  || pg_temp.state_of(format($$ update atelier.workspace_sessions set metadata = (select bomb from bombs where n = %s) where id = %L $$, n, :'session'))
  || pg_temp.state_of(format($$ insert into atelier.conversations (memory_data) values ((select bomb from bombs where n = %s)) $$, n)),
  '^(22023|23514){3}$', 'activity, sessions and conversations: ' || what) from bombs order by n;
select is(pg_temp.state_of(format($$ select atelier.queue_jobs(array[jsonb_build_object('prompt', 'x', %L, (select bomb from bombs where n = %s))]) $$, argument, n)),
  '22023', argument || ' of one of many: ' || what) from bombs, unnest(array['metadata', 'parameters', 'after']) argument order by argument, n;
select (atelier.queue_job('x', idempotency_key => 'key')).id as failed \gset
select is(pg_temp.state_of(format($$ select atelier.queue_job('x', metadata => (select bomb from bombs where n = %s), idempotency_key => 'key') $$, n)),
  case when n <= 4 then 'PT422' else '22023' end, 'with a key that is known: ' || what) from bombs order by n;
select (atelier.cancel_job(:'failed')).status \g /dev/null
select is(pg_temp.state_of(format($$ select atelier.retry_job(%L, jsonb_build_object('metadata', (select bomb from bombs where n = %s))) $$, :'failed', n)),
  '22023', 'in another try: ' || what) from bombs order by n;
select is(pg_temp.state_of(format($$ select atelier.create_schedule('x', jsonb_build_object('prompt', 'x', %L, (select bomb from bombs where n = %s)), cron => '@daily') $$, argument, n)),
  '22023', argument || ' of a schedule: ' || what) from bombs, unnest(array['metadata', 'parameters']) argument order by argument, n;

-- The studio: functions, and every column of its tables.
insert into atelier.characters (name, description) values ('x', 'x') returning id as character \gset
insert into atelier.character_scenes (character_id, scene_prompt) values (:'character', 'x') \g /dev/null
insert into atelier.projects (original_prompt, media_type) values ('x', 'image') returning id as project \gset
insert into atelier.scenes (project_id, scene_number, description) values (:'project', 1, 'x') returning id as scene \gset
select is(pg_temp.state_of(format(call, what, n)), '22023', what || ' of a picture: ' || b.what_bomb)
  from (select n, what as what_bomb from bombs) b, (values
    (format('select atelier.generate_character_image(%L, ''x'', model => ''takes-all'', %%s => (select bomb from bombs where n = %%s))', :'character'), 'parameters'),
    (format('select atelier.generate_character_image(%L, ''x'', model => ''takes-all'', %%s => (select bomb from bombs where n = %%s))', :'character'), 'metadata'),
    (format('select atelier.generate_scene(%L, model => ''takes-all'', %%s => (select bomb from bombs where n = %%s))', :'scene'), 'parameters'),
    (format('select atelier.generate_missing_scenes(%L, model => ''takes-all'', %%s => (select bomb from bombs where n = %%s))', :'project'), 'parameters')) c (call, what)
 order by call, what, n;
insert into atelier.conversations default values returning id as conversation \gset
select is(pg_temp.state_of(format($$ select atelier.playground_chat(%L, 'x', %s => (select bomb from bombs where n = %s), idempotency_key => 'bomb') $$, :'conversation', argument, n)),
  '22023', argument || ' of a turn: ' || what) from bombs, unnest(array['roleplay_settings', 'participants']) argument order by argument, n;
create temp table written (n integer, column_name text, state text);
grant all on written to public;
insert into written select n, format('%s.%s', t, c), pg_temp.state_of(format('update atelier.%I set %I = (select bomb from bombs where n = %s)', t, c, n))
  from bombs, (values ('characters', 'alternate_greetings'), ('characters', 'default_presets'), ('characters', 'media_defaults'), ('characters', 'personality_traits'), ('characters', 'physical_traits'), ('characters', 'rendering_rules'), ('characters', 'scene_behavior_rules'), ('character_scenes', 'generation_metadata'), ('scenes', 'character_clothing_overrides'), ('scenes', 'atmosphere')) v (t, c);
select is_empty($$ select column_name, n, state from written where state not in ('22023', '23514') $$, 'no column of the studio takes any of them');
select is((select count(*) from written where state in ('22023', '23514')), 10 * (select count(*) from bombs), 'all of them were tried');

-- As a client writes them: what is short stays short.
create temp table bodies as select n, what, case n when 9 then '{"a":[' || repeat('1e131071,', 7999) || '1e131071]}' else bomb::text end as body from bombs;
grant select on bodies to public;
-- Bodies of edge functions; those for administrators by one of them. replicate_callback() reads none.
select matches(pg_temp.state_of(format('select atelier.%I((select body from bodies where n = %s)::json)', f, n)), '^(22023|PT413)$', f || ': ' || what)
  from bodies, unnest(array['studio_queue_job', 'studio_workspace_actions', 'studio_get_negative_prompt', 'replicate_image']) f order by f, n;
select matches(pg_temp.state_of(format($$ select atelier.%I((select '{"prompt": "x", "job_type": "sdxl_image_fast", "%s": ' || body || '}' from bodies where n = %s)::json) $$, f, m, n)), '^(22023|PT413)$', m || ' of ' || f || ': ' || what)
  from bodies, (values ('studio_queue_job', 'metadata'), ('replicate_image', 'input'), ('replicate_image', 'metadata')) c (f, m) order by f, m, n;
select pg_temp.sign_in(:carol) \g /dev/null
select matches(pg_temp.state_of(format(call, n)), '^(22023|PT413)$', left(call, 40) || ': ' || what) from bombs, unnest(array[
  'select atelier.studio_update_worker_url((select body from bodies where n = %s)::json)', 'select atelier.studio_get_active_worker_url((select body from bodies where n = %s)::json)',
  'select atelier.merge_system_config((select bomb from bombs where n = %s))', 'select atelier.generate_admin_image(''x'', ''takes-all'', (select bomb from bombs where n = %s))']) call order by call, n;
select pg_temp.sign_in(:alice) \g /dev/null

-- Workers, who have a token.
select atelier.queue_job('x') \g /dev/null
select pg_temp.become('service_role') \g /dev/null
select (atelier.register_worker('gpu', 'atelier-runner', max_jobs => 100)).id as worker \gset
select token from atelier.claim_jobs(:'worker', 1) \gset
select throws_ok(format('select atelier.heartbeat_jobs(%L, (select bomb from bombs where n = %s))', :'worker', n), '22023', null, 'of a heartbeat: ' || what) from bombs order by n;
select pg_temp.become('anon') \g /dev/null
select matches(pg_temp.state_of(format($$ select atelier.job_callback(json_build_object('token', %L, 'status', 'completed', 'result', 1, 'metadata', (select bomb from bombs where n = %s))) $$, :'token', n)),
  '^(22023|PT413)$', 'metadata of a worker: ' || what) from bombs order by n;
select matches(pg_temp.state_of(format($$ select atelier.job_callback(json_build_object('token', %L, 'status', 'completed', 'result', (select bomb from bombs where n = %s))) $$, :'token', n)),
  '^(22023|PT413)$', 'result of a worker: ' || what) from bombs where n > 4 order by n;
-- Webhooks, once they are known to be genuine: only words at the top are read.
select pg_temp.sign_out() \g /dev/null
select is(atelier_engine.top_level_texts(convert_to(bomb::text, 'UTF8'), '{a,id}'), '{null,null}', 'a webhook: ' || what) from bombs order by n;
select pg_temp.sign_in(:alice) \g /dev/null

-- What PostgreSQL itself refuses before we see it.
select is(pg_temp.state_of(format('select atelier.queue_job(''x'', parameters => %L)', bomb)), state, what) from (values
  (repeat('{"a":', 100000) || '1' || repeat('}', 100000), '54001', 'a hundred thousand levels'), (repeat('[', 1000000), '54001', 'levels without an end'),
  ('{"a": 1e200000}', '22003', 'a number that no numeric holds'), ('{"a\u0000": 1}', '22P05', 'a NUL in a key'), ('{"steps": "\ud800"}', '22P02', 'half a surrogate')) b (bomb, state, what);

-- As much as is allowed, in a time that nobody notices.
select set_config('atelier_test.begun', clock_timestamp()::text, true) \g /dev/null
select is(pg_temp.state_of($$ select atelier.queue_job('x', model => 'takes-all',
  parameters => (select jsonb_object_agg('k' || i, i) from generate_series(1, 4000) i), metadata => (select jsonb_object_agg('k' || i, i) from generate_series(1, 4000) i)) $$), 'taken', 'thousands of keys');
select cmp_ok(clock_timestamp() - current_setting('atelier_test.begun')::timestamptz, '<', interval '5 seconds', 'take no long time');
select * from finish();
rollback;
