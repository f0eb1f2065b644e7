-- Presets and configurations of weights: rows of administrators.
begin;
select plan(32);
\ir support/people.sql

select columns_are('atelier', 'enhancement_presets', array['id', 'preset_name', 'preset_description', 'enable_qwen', 'enable_compel', 'auto_enhancement', 'compel_weights', 'qwen_settings',
  'usage_count', 'avg_quality_with_preset', 'is_recommended', 'created_at', 'created_by']);
select columns_are('atelier', 'compel_configs', array['id', 'config_name', 'weights', 'config_hash', 'total_tests', 'avg_quality', 'avg_consistency', 'is_active', 'created_at', 'created_by']);
select results_eq('select count(*), count(*) filter (where is_recommended) from atelier.enhancement_presets', 'values (4::bigint, 1::bigint)', 'four presets come with Atelier, one of them recommended');
select is_empty('select from atelier.enhancement_presets where enable_compel <> (compel_weights is not null) or enable_qwen <> (qwen_settings is not null)', 'each has what it needs');
select is_empty('select from atelier.compel_configs', 'configurations of weights are the operator''s');

select pg_temp.sign_in(pg_temp.root()) \g /dev/null
select lives_ok($$insert into atelier.enhancement_presets (preset_name, enable_qwen, enable_compel, auto_enhancement) values ('P', true, true, false)$$, 'administrators make presets');
select throws_ok($$insert into atelier.enhancement_presets (preset_name, enable_qwen, enable_compel, auto_enhancement) values ('P', true, true, false)$$, '23505', null, 'no name stands for two presets');
insert into atelier.compel_configs (config_name, weights, is_active) values ('C', '{"a": 1.2, "b": 0.9}', true);
select is((select config_hash from atelier.compel_configs), encode(sha256('{"a": 1.2, "b": 0.9}'), 'hex'), 'the hash is that of the weights');
select throws_ok($$insert into atelier.compel_configs (config_name, weights) values ('D', '{"b": 0.9, "a": 1.2}')$$, '23505', null, 'the same weights are not there twice, whatever their order');
select throws_ok($$insert into atelier.compel_configs (config_name, weights, config_hash) values ('D', '{"c": 1}', 'deadbeef')$$, '428C9', null, 'no hash is given by hand');
select throws_ok($$insert into atelier.compel_configs (config_name, weights, is_active) values ('C', '{"c": 1}', true)$$, '23505', null, 'one of a name is active');
select lives_ok($$insert into atelier.compel_configs (config_name, weights) values ('C', '{"\\ \u00e9": 1}')$$, 'others are not; backslashes and accents do no harm');

create function pg_temp.refusal(p_weights jsonb, p_table text default 'atelier.compel_configs (config_name, weights) values (''E'', $1)') returns text language plpgsql as $$
declare
  message text;
  detail text;
begin
  execute 'insert into ' || p_table using p_weights;
  return 'taken';
exception when others then
  get stacked diagnostics message = message_text, detail = pg_exception_detail;
  return concat_ws(' ', sqlstate, message || case when detail = '' then ' without detail' else '' end);
end $$;
select is(pg_temp.refusal(weights), refusal, left(weights::text, 40)) from (values
  ('[]'::jsonb, '22023 weights must be a JSON object'), ('"x"', '22023 weights must be a JSON object'),
  ('{"a": 2.5}', '22023 weights has a weight that is out of range'), ('{"a": 0}', '22023 weights has a weight that is out of range'), ('{"a": "1.2"}', '22023 weights has a weight that is out of range'),
  ('{"a": null}', '22023 weights has a weight that is out of range'), ('{"a": [1]}', '22023 weights has a weight that is out of range'), ('{"a": 1e131071}', '22023 weights has a number that is out of range'),
  ('{"": 1}', '22023 weights has a phrase that cannot be found'), ('{" a": 1}', '22023 weights has a phrase that cannot be found'), ('{"a": 1, "A": 1.1}', '22023 weights has a phrase twice'),
  ((select jsonb_object_agg('w' || i, 1.1) from generate_series(1, 201) i), '22023 weights has too many phrases'),
  (jsonb_build_object(repeat('x', 20000), 1), '22023 weights is too large'), ('{"a": 1.9}', 'taken')) w (weights, refusal);
select is(pg_temp.refusal('{"a": 3}', 'atelier.enhancement_presets (preset_name, enable_qwen, enable_compel, auto_enhancement, compel_weights) values (''Q'', true, true, true, $1)'),
  '22023 compel_weights has a weight that is out of range', 'those of presets likewise');
select throws_ok($$update atelier.enhancement_presets set compel_weights = '[]' where preset_name = 'P'$$, '22023', 'compel_weights must be a JSON object', 'when they change, too');
select throws_ok($$update atelier.enhancement_presets set qwen_settings = '[]' where preset_name = 'P'$$, '23514', null, 'settings are an object');

select pg_temp.sign_in(pg_temp.ada()) \g /dev/null
select is_empty('select from atelier.enhancement_presets', 'people see no presets');
select throws_ok($$insert into atelier.compel_configs (config_name, weights) values ('F', '{"f": 1.5}')$$, '42501', null, 'and make no configurations');
select pg_temp.become('anon') \g /dev/null
select throws_ok('select from atelier.compel_configs', '42501', null, 'anon gets nothing');

select * from finish();
rollback;
