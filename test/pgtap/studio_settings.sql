-- The settings of the product, the history of models' settings, and what models do day by day.
begin;
\ir support/jobs.sql
select plan(49);

-- One row of settings.
select policies_are('atelier', 'system_config', array['admins see the settings']);
select results_eq($$ select id, config, version from atelier.system_config $$, $$ values (bigint '1', jsonb '{}', bigint '1') $$, 'there is one row of settings');
select throws_ok($$ insert into atelier.system_config (id) values (2) $$, '23514', null, 'system_config: no second row, whatever its id');
select pg_temp.sign_in(:carol);
select is((atelier.merge_system_config('{"ui": {"theme": "dark", "rows": 20}, "promptScoring": {"enabled": true}}')).version, 2::bigint, 'a change counts');
select is((atelier.merge_system_config('{"ui": {"rows": 30}}')).config, '{"ui": {"theme": "dark", "rows": 30}, "promptScoring": {"enabled": true}}',
  'system_config overwritten whole: a change leaves what it does not name');
select is((atelier.merge_system_config('{"ui": {"rows": 30}}')).version, 3::bigint, 'what changes nothing does not count');
select is((atelier.merge_system_config('{"promptScoring": null, "list": [1, null]}')).config, '{"ui": {"theme": "dark", "rows": 30}, "list": [1, null]}', 'null takes a member away, and stays in lists');
select is((atelier.merge_system_config('{"ui": 3}', 4)).version, 5::bigint, 'a change of the version that was read');
select throws_ok($$ select atelier.merge_system_config('{"ui": 4}', 4) $$, 'PT409', 'somebody else has changed the settings', 'a change of another version is refused');
select is((select config -> 'ui' from atelier.system_config), '3', 'and leaves everything as it was');
select throws_ok(format('select atelier.merge_system_config(%L)', change), '22023', message, what) from (values
  ('[]', 'changes must be a JSON object', 'no object'), (null, 'changes must be a JSON object', 'nothing'),
  ('{"a": {"api_key": "x"}}', 'secrets have no place in the settings', 'secrets in system_config: by name'),
  ('{"a": [{"wanToken": "x", "worker_token": "x"}]}', 'secrets have no place in the settings', 'secrets in system_config: a token in a list'),
  ('{"a": "Authorization: Bearer 0123456789abcdef"}', 'secrets have no place in the settings', 'secrets in system_config: by form'),
  ('{"url": "https://ada:passw0rd@example.org/"}', 'secrets have no place in the settings', 'secrets in system_config: in a URL')) c (change, message, what);
select throws_ok(format('select atelier.merge_system_config(%L)', (select jsonb_object_agg('k' || i, 'v') from generate_series(1, 200) i) || '{"password": "x"}'),
  '22023', 'secrets have no place in the settings', 'secrets in system_config: the last of many members');
select lives_ok($$ select atelier.merge_system_config('{"token_limit": 75, "tokens": 3, "keyboard": "de", "secret": null}') $$, 'limits of tokens are no secrets, nor is the end of one');
select throws_ok($$ update atelier.system_config set config = '{}' $$, '42501', null, 'not even an administrator overwrites all of it');
select throws_ok($$ delete from atelier.system_config $$, '42501', null, 'or takes it away');
select pg_temp.sign_in(:alice);
select is_empty($$ select from atelier.system_config $$, 'others do not see it');
select throws_ok($$ select atelier.merge_system_config('{}') $$, '42501', 'only administrators and the service role may do this', 'or change it');
select pg_temp.become('service_role');
select is((atelier.merge_system_config('{"a": 1}')).config -> 'a', '1', 'the service role may');
select throws_ok($$ select atelier.merge_system_config((select jsonb_object_agg('k' || i || n, repeat('x', 60000)) from generate_series(1, 1) i)) from generate_series(1, 5) n $$, '23514', null, 'but not without measure');

-- The plan.
select policies_are('atelier', 'admin_development_progress', array['admins see the plan', 'admins add to the plan', 'admins change the plan', 'admins delete from the plan']);
select pg_temp.sign_in(:carol);
select lives_ok($$ insert into atelier.admin_development_progress (feature_name, feature_category, status, priority) values ('Shapes', 'pictures', 'not_started', 'P0') $$, 'an administrator plans');
select lives_ok($$ update atelier.admin_development_progress set status = 'completed', start_date = '2026-01-01', completion_date = '2026-01-02' $$, 'and is done');
select throws_ok(format('update atelier.admin_development_progress set %s', change), '23514', null, 'the plan: ' || change)
  from unnest(array['status = ''soon''', 'priority = ''P9''', 'completion_date = ''2025-01-01''', 'actual_hours = -1']) change;
select pg_temp.sign_in(:alice);
select throws_ok(format('insert into atelier.%s', row_of), '42501', null, 'others do not: ' || row_of) from unnest(array[
  'admin_development_progress (feature_name, feature_category, status, priority) values (''a'', ''b'', ''blocked'', ''P1'')']) row_of;

-- What models were like.
select pg_temp.sign_in(:carol);
update atelier.api_models set input_defaults = input_defaults || '{"steps": 30}' where model_key = 'tiny-sdxl';
select results_eq($$ select model_type::text, config_name::text, config_data -> 'input_defaults' -> 'steps', is_active, created_by from atelier.model_config_history where model_id is not null order by id $$,
  $$ values ('SDXL', 'tiny-sdxl', jsonb '25', false, null::uuid), ('SDXL', 'tiny-sdxl', '30', true, 'ca201000-0000-7000-8000-000000000003') $$,
  'a change of a model writes what was, what is, and who did it');
update atelier.api_models set display_name = 'Tiny', priority = 3, estimated_seconds = 2 where model_key = 'tiny-sdxl';
update atelier.api_models set input_defaults = input_defaults where model_key = 'tiny-sdxl';
select is((select count(*) from atelier.model_config_history where model_id is not null), 2::bigint, 'what does not decide about pictures is no history');
update atelier.api_models set max_concurrency = 3, model_family = ' my family/2' where model_key = 'tiny-sdxl';
select results_eq($$ select model_type::text, is_active from atelier.model_config_history where model_id is not null order by id $$,
  $$ values ('SDXL', false), ('SDXL', false), ('MY-FAMILY-2', true) $$, 'one row is active; a family gets a name that fits');
select lives_ok($$ insert into atelier.model_config_history (model_type, config_name, config_data) values ('WAN', 'tried', '{}') $$, 'administrators note what they tried');
select throws_ok($$ insert into atelier.model_config_history (model_type, config_name, config_data) values ('wan 2', 'tried', '{}') $$, '23514', null, 'a family is in capitals');
select pg_temp.sign_out();
insert into atelier.api_models (provider_id, model_key, display_name, modality) select provider_id, 'gone', 'Gone', 'image' from atelier.api_models where model_key = 'tiny-sdxl';
update atelier.api_models set version = '2' where model_key = 'gone';
delete from atelier.api_models where model_key = 'gone';
select results_eq($$ select model_type::text, model_id from atelier.model_config_history where config_name = 'gone' $$, $$ values ('IMAGE', null::uuid), ('IMAGE', null) $$, 'history outlives the model');
set local row_security = off; set local check_function_bodies = off;
update atelier.api_models set max_concurrency = 4 where model_key = 'tiny-sdxl';
reset row_security; reset check_function_bodies;
select is((select count(*) from atelier.model_config_history where config_name = 'tiny-sdxl'), 3::bigint, 'a restore writes no history');

-- Day by day.
update atelier.api_models set model_family = 'sdxl' where model_key = 'tiny-sdxl';
insert into atelier.jobs (user_id, job_type, status, api_model_id, started_at, completed_at, quality_rating)
select :alice, 'sdxl_image_fast', s.status, m.id, now(), case when s.status <> 'queued' then now() + s.took end, s.rating
  from atelier.api_models m, (values ('completed', interval '2 s', 8.5), ('completed', '4 s', 1234.5), ('failed', '1 s', null), ('queued', null, null)) s (status, took, rating)
 where m.model_key = 'tiny-sdxl';
select pg_temp.sign_in(:carol);
select is(atelier.backfill_model_performance(), 1, 'one family had jobs');
select results_eq($$ select model_type::text, date, total_generations, successful_generations, failed_generations, avg_generation_time_ms, avg_quality_rating, total_processing_time_ms from atelier.model_performance_logs $$,
  $$ values ('SDXL', (clock_timestamp() at time zone 'UTC')::date, 4, 2, 1, 3000, 9.25, bigint '7000') $$, 'its counts and times, however high a rating');
select is(atelier.backfill_model_performance(), 0, 'again it is the same');
select pg_temp.sign_out();
delete from atelier.jobs where status = 'failed';
select is(atelier_engine.write_model_performance((clock_timestamp() at time zone 'UTC')::date), 0, 'deleted jobs are not forgotten');
select pg_temp.sign_in(:carol);
select throws_ok(format('select atelier.backfill_model_performance(%L, %L)', a, b), '22023', 'the days are out of range', format('days: %s, %s', a, b))
  from (values ('2026-01-02', '2026-01-01'), ('2024-01-01', '2026-01-01'), (null, null)) d (a, b);
select pg_temp.sign_in(:alice);
select throws_ok($$ select atelier.backfill_model_performance() $$, '42501', null, 'not for others');
select is_empty($$ select from atelier.model_performance_logs $$, 'who do not see it');
select pg_temp.become('atelier_worker');
select is(atelier_engine.tend_studio(), 0, 'the janitor brings it up to date, and publishes no avatar without a request');

select * from finish();
rollback;
