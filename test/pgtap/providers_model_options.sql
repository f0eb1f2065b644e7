-- adapter_options of models are refused when they are written, with the member that is wrong.
begin;
\ir support/jobs.sql
select plan(15);
insert into atelier.api_providers (name, display_name, auth_scheme) values ('kiln', 'Kiln', 'none');
insert into atelier.endpoints (provider_id, name, adapter, base_url)
select id, 'kiln-0', 'comfyui', 'http://192.0.2.7' from atelier.api_providers where name = 'kiln';
create function pg_temp.add(p_options jsonb, p_key text default 'clay') returns text language sql as
  $$ select format('insert into atelier.api_models (provider_id, model_key, display_name, modality, adapter_options)
                    select id, %L, ''Clay'', ''image'', %L from atelier.api_providers where name = ''kiln''', p_key, p_options) $$;

select row_eq(format('select state, message, detail, hint from pg_temp.error_of(%L)', pg_temp.add('{}')),
  row('22023'::text, 'invalid adapter_options'::text,
      'For the adapter comfyui, adapter_options of the model clay: workflow is missing.'::text,
      'docs/adapters/comfyui.md lists the options.'::text), 'a model of ComfyUI needs a workflow');
select is(atelier_engine.model_options_problem('comfyui', '{"workflow": []}'), 'workflow is not an object', 'which is an object');
select is(atelier_engine.model_options_problem('comfyui', '{"workflow": {"nodes": [], "links": []}}'),
  'workflow is in the format of the editor; export it in the API format', 'not what the editor saves');
select is(atelier_engine.model_options_problem('comfyui', '{"workflow": {}}'), 'workflow has no nodes', 'with nodes');
select is(atelier_engine.model_options_problem('comfyui', '{"workflow": {"3": {"class_type": "K"}}}'),
  'workflow has a node 3 without class_type and inputs', 'that are some');
select lives_ok(pg_temp.add('{"workflow": {"3": {"class_type": "K", "inputs": {}}}}'), 'a workflow is taken');
select throws_ok($$update atelier.api_models set adapter_options = '{}' where model_key = 'clay'$$, '22023',
  'invalid adapter_options', 'and may not be taken away');
update atelier.api_providers set adapter_options = '{"workflow": {"3": {"class_type": "K", "inputs": {}}}}' where name = 'kiln';
select lives_ok($$update atelier.api_models set adapter_options = '{}' where model_key = 'clay'$$,
  'what the provider says holds for its models');
select is(atelier_engine.model_options_problem('kserve_v2', '{}'), 'inputs is missing', 'Triton needs inputs');
select is(atelier_engine.model_options_problem('kserve_v2', '{"inputs": [{"name": "P"}], "outputs": {}}'), 'outputs is not a list',
  'and outputs');
select is(atelier_engine.model_options_problem('kserve_v2', '{"inputs": [{}]}'), 'inputs has one without a name', 'with names');
select is(atelier_engine.model_options_problem('sdcpp', '{"mode": "sing"}'), 'mode is neither img_gen nor vid_gen',
  'stable-diffusion.cpp has two modes');
select is(atelier_engine.model_options_problem('openai_images', '{"mode": "sing"}'), null, 'others need nothing');
update atelier.endpoints set only_models = '{clay}' where name = 'kiln-0';
update atelier.api_providers set adapter_options = '{}' where name = 'kiln';
select lives_ok(pg_temp.add('{}', 'glass'), 'what an endpoint does not serve, it does not check');
select row_eq($$select status, detail from atelier_engine.examine_providers() where check_name = 'model clay'$$,
  row('warning'::text, 'adapter_options, for comfyui: workflow is missing'::text), 'the doctor tells what was taken away by others');
select * from finish();
rollback;
