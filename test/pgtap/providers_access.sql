-- Who sees and changes providers, models and endpoints, and where secrets are.
begin;
\ir support/jobs.sql
select plan(71);

insert into atelier.api_providers (id, name, display_name, is_active) values ('50000000-0000-7000-8000-00000000000a', 'off', 'Off', false);
insert into atelier.api_models (provider_id, model_key, display_name, modality, is_active)
values ('50000000-0000-7000-8000-00000000000a', 'off-model', 'Off', 'image', false), ('50000000-0000-7000-8000-00000000000a', 'off-provider', 'Off', 'image', true);

-- What comes with the extension.
select row_eq($$select auth_scheme, is_active from atelier.api_providers where name = 'atelier-runner'$$, row('none'::text, true), 'the runner needs no token');
select row_eq($$select modality, model_family, input_defaults, is_default from atelier.api_models where model_key = 'tiny-sdxl'$$,
  row('image'::text, 'sdxl'::text, '{"width": 64, "height": 64, "steps": 25, "guidance": 4, "n": 1}'::jsonb, true), 'the tiny model is the default');
select row_eq($$select adapter, base_url, max_concurrency, ambiguity_policy, private_network, connect_timeout_ms, first_byte_timeout_ms, total_timeout_ms, max_output_bytes
                  from atelier.endpoints where name = 'local-runner'$$,
  row('openai_images'::text, 'runner:0'::text, 2, 'retry'::text, true, 2000, 120000, 300000, 67108864::bigint), 'its endpoint is the first local runner');
select lives_ok($$select atelier_engine.validate_parameters(parameter_schema, input_defaults) from atelier.api_models$$, 'the defaults of every model pass its own schema');

-- People.
select pg_temp.sign_in(:alice);
select results_eq('select name from atelier.api_providers', array['atelier-runner'], 'people see active providers');
select results_eq('select model_key from atelier.api_models order by 1', array['off-provider', 'tiny-sdxl'], 'and active models');
select throws_ok($$select atelier.queue_job('x', model => 'off-model')$$, 'PT404', 'unknown model', 'an inactive model takes no jobs');
select throws_ok($$select atelier.queue_job('x', model => 'off-provider')$$, 'PT404', 'unknown model', 'nor does one of an inactive provider');
select is_empty('select * from atelier.endpoints', 'people see no endpoints');
select is_empty('select * from atelier.provider_tokens', 'no tokens');
select is_empty('select * from atelier.model_config_history', 'no settings');
select is_empty('select * from atelier.model_performance_logs', 'no performance logs');
select is_empty('select * from atelier.model_test_results', 'no test results');
select throws_ok('select * from atelier_engine.provider_secrets', '42501', null, 'and no secrets');
select throws_ok($$insert into atelier.api_providers (name, display_name) values ('mine', 'Mine')$$, '42501', null, 'people add no providers');
select throws_ok($$insert into atelier.api_models (provider_id, model_key, display_name, modality) values ('00000000-0000-7000-8000-000000000001', 'mine', 'Mine', 'image')$$, '42501', null, 'no models');
select throws_ok($$insert into atelier.endpoints (provider_id, name, adapter, base_url) values ('00000000-0000-7000-8000-000000000001', 'mine', 'openai_images', 'http://evil.example')$$, '42501', null, 'no endpoints');
select throws_ok($$insert into atelier.provider_tokens (provider_id) values ('00000000-0000-7000-8000-000000000001')$$, '42501', null, 'no tokens');
select throws_ok($$insert into atelier.model_config_history (model_type, config_name, config_data) values ('SDXL', 'x', '{}')$$, '42501', null, 'no settings');
select throws_ok($$insert into atelier.model_performance_logs (model_type, date) values ('SDXL', now())$$, '42501', null, 'no performance logs');
select throws_ok($$insert into atelier.model_test_results (model_type, prompt_text, test_series, test_tier) values ('SDXL', 'x', 'x', 'artistic')$$, '42501', null, 'no test results');
update atelier.api_providers set base_url = 'http://evil.example';
update atelier.api_models set parameter_schema = '{}';
update atelier.endpoints set base_url = 'http://evil.example';
delete from atelier.api_models;
select throws_ok($$select atelier.set_provider_token('atelier-runner', 'secret')$$, '42501', null, 'people store no secrets');
select pg_temp.sign_out();
select is((select count(*) from atelier.api_providers where base_url is not null) + (select count(*) from atelier.api_models where parameter_schema = '{}')
          + (select count(*) from atelier.endpoints where base_url ~ 'evil'), 0::bigint, 'and change nothing');
select is((select count(*) from atelier.api_models), 3::bigint, 'nor delete anything');

-- Anon.
select pg_temp.become('anon');
select throws_ok(format('select from %s', t), '42501', null, 'anon sees no ' || t)
  from unnest(array['atelier.api_providers', 'atelier.api_models', 'atelier.endpoints', 'atelier.provider_tokens', 'atelier.model_config_history',
                    'atelier.model_performance_logs', 'atelier.model_test_results', 'atelier_engine.provider_secrets', 'atelier_engine.endpoint_states']) t;
select throws_ok($$select atelier.set_provider_token('atelier-runner', 'secret')$$, '42501', null, 'anon stores no secrets');

-- Admins.
select pg_temp.sign_in(:carol);
select is((select count(*) from atelier.api_models), 3::bigint, 'admins see every model');
select is((select count(*) from atelier.endpoints), 2::bigint, 'every endpoint');
select lives_ok($$insert into atelier.api_providers (id, name, display_name) values ('50000000-0000-7000-8000-00000000000b', 'new', 'New')$$, 'admins add providers');
select lives_ok($$insert into atelier.api_models (provider_id, model_key, display_name, modality) values ('50000000-0000-7000-8000-00000000000b', 'new/model', 'New', 'video')$$, 'models');
select lives_ok($$insert into atelier.endpoints (provider_id, name, adapter, base_url) values ('50000000-0000-7000-8000-00000000000b', 'new', 'openai_images', 'https://api.example/v1')$$, 'endpoints');
select lives_ok($$insert into atelier.model_config_history (model_type, config_name, config_data) values ('SDXL', 'x', '{}')$$, 'settings');
select lives_ok($$insert into atelier.model_performance_logs (model_type, date) values ('WAN', now())$$, 'performance logs');
select lives_ok($$insert into atelier.model_test_results (model_type, prompt_text, test_series, test_tier) values ('LORA', 'x', 'x', 'artistic')$$, 'test results');
select lives_ok($$update atelier.endpoints set max_concurrency = 3 where name = 'new'$$, 'they change them');
select is((select updated_at > created_at from atelier.endpoints where name = 'new'), true, 'a change is stamped');
select lives_ok($$delete from atelier.api_providers where name = 'new'$$, 'and delete them');
select is_empty($$select from atelier.endpoints where name = 'new'$$, 'with their endpoints');
select throws_ok($$select atelier.set_provider_token('atelier-runner', 'secret')$$, '42501', null, 'but secrets are for the service role');
select throws_ok('select * from atelier_engine.provider_secrets', '42501', null, 'and nobody reads them');

-- What cannot be right.
select throws_ok(format($$insert into atelier.endpoints (provider_id, name, adapter, base_url) values ('00000000-0000-7000-8000-000000000001', 'x', 'openai_images', %L)$$, u), '23514', null, 'no URL: ' || u)
  from unnest(array['ftp://host/x', 'file:///etc/passwd', 'host:80', '', 'runner:', 'runner:x', 'http://', 'http://a b/']) u;
select throws_ok($$update atelier.api_models set modality = 'roleplay'$$, '23514', null, 'modalities are known');
select throws_ok($$update atelier.endpoints set ambiguity_policy = 'guess'$$, '23514', null, 'policies are known');

-- Secrets.
select pg_temp.become('service_role');
select isnt(atelier.set_provider_token('atelier-runner', 'first'), null, 'the service role stores a secret');
select lives_ok($$select atelier.set_provider_token('atelier-runner', 'second')$$, 'and replaces it');
select throws_ok($$select atelier.set_provider_token('nobody', 'x')$$, 'PT404', 'unknown provider', 'for a known provider');
select throws_ok(format('select atelier.set_provider_token(''atelier-runner'', %L)', s), '22023', 'invalid secret', 'no secret: ' || coalesce(left(to_json(s)::text, 20), 'null'))
  from unnest(array['', null, 'with blank', E'with\nnewline', 'ümlaut', repeat('x', 8193)]) s;
select throws_ok('select * from atelier_engine.provider_secrets', '42501', null, 'but does not read it');
select pg_temp.sign_out();
select results_eq('select secret is null and atelier_engine.secret_problem(token_id, sealed) is null from atelier_engine.provider_secrets', array[true], 'it is sealed');
select is((select count(*) from pg_extension where extname = 'atelier' and 'atelier_engine.provider_secrets'::regclass::oid = any (extconfig)), 0::bigint, 'secrets are not dumped');
select is_empty($$select r.rolname from pg_roles r where not r.rolsuper and r.rolname !~ '^pg_' and has_table_privilege(r.oid, 'atelier_engine.provider_secrets', 'select, insert, update, delete')$$, 'no role has a grant on them');

select * from finish();
rollback;
