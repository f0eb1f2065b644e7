-- Names that lead elsewhere. Every function with the rights of its owner is called to its end in a session whose search
-- path begins with traps for all names it uses; the server's own count says which functions that were.
begin;
set local track_functions = 'all';
set local client_min_messages = warning;
select plan(225);
-- For tend_logs(): a partition to make and one to drop, which the traps keep.
do $$ begin execute format('drop table if exists atelier_engine.api_logs_%s', to_char(now() at time zone 'UTC', 'YYYY_MM_DD')); end $$;
select atelier_engine.make_log_partition('api_logs', '1 day', '2001-01-01Z') \g /dev/null
\ir support/jobs.sql
\ir support/traps.sql

-- Control: functions that leave the path to their caller, or pin it wrongly, do fall into the traps.
create function atelier_test.empty_path() returns text language plpgsql security definer set search_path = '' as $$ begin perform 'a'::text; return 'passed'; end $$;
create function atelier_test.careless_relation() returns text language plpgsql security definer as $$ begin perform from jobs; return 'passed'; end $$;
create function atelier_test.careless_function() returns text language plpgsql security definer as $$ begin perform "left"('X'::pg_catalog.text, 1); return 'passed'; end $$;
create function atelier_test.careless_aggregate() returns text language plpgsql security definer as $$ begin perform count(*) from pg_catalog.pg_am; return 'passed'; end $$;
create function atelier_test.careless_operator() returns text language plpgsql security definer as $$ begin return 'a'::pg_catalog.text || 'b'::pg_catalog.text; end $$;
create function atelier_test.careless_type() returns text language plpgsql security definer as $$ begin perform 'a'::text; return 'passed'; end $$;

create role atelier_test_attacker;
grant authenticated to atelier_test_attacker;
create schema atelier_test_evil authorization atelier_test_attacker;
grant usage on schema atelier_test_evil to public;
\set alices '''authenticated'', ''a11ce000-0000-7000-8000-000000000001'''
\set bobs '''authenticated'', ''b0b00000-0000-7000-8000-000000000002'''
\set carols '''authenticated'', ''ca201000-0000-7000-8000-000000000003'''
\set service '''service_role'', null'
\set worker '''atelier_worker'', null'
\set owner '''none'', null'
\set bob_id 'b0b00000-0000-7000-8000-000000000002'
\set alice_id 'a11ce000-0000-7000-8000-000000000001'

set local search_path = pg_catalog, public, pg_temp;
select nspname as temporary from pg_namespace where oid = pg_my_temp_schema() \gset
select cmp_ok(atelier_test.plant_relations(place) + atelier_test.plant_functions(place) + atelier_test.plant_operators(place) + atelier_test.plant_types(place),
              '>', 400, 'traps are set in ' || place) from unnest(array['atelier_test_evil', :'temporary']) place;
select is(atelier_test.call(:alices, format('select atelier_test.%I()', proname)), 'TRAP0 ' || name, 'control: ' || proname) from (values
  ('careless_relation', 'jobs'), ('careless_function', 'left'), ('careless_aggregate', 'count'), ('careless_operator', '||'), ('careless_type', 'text'),
  ('empty_path', 'text')) c (proname, name);
select cmp_ok(nextval('atelier_test.sprung'), '=', 7::bigint, 'what springs is counted');

-- Statements here must not fall into the traps themselves: names with their schemas, literals without types.
create function atelier_test.works(caller text, person uuid, statement text) returns text language plpgsql as $$
declare
  result constant text := atelier_test.call(caller, person, statement);
begin
  return ok(result is null or result !~ '^[0-9A-Z]{5} ', statement) || coalesce(E'\n# ' || nullif(result, ''), '');
end $$;

-- Identity.
select atelier_test.works(:owner, 'insert into auth.users (id, email) values (''da5e0000-0000-7000-8000-000000000004'', ''dave@example.org'') returning id');
select atelier_test.works(:alices, 'update atelier.profiles set birth_date = ''1980-01-01'' returning age_verified');
select atelier_test.works(:carols, format('select atelier.has_role(%L, ''admin'')', :'bob_id'));
select atelier_test.works(:alices, format('select atelier.get_user_role_priority(%L)', :'alice_id'));
select atelier_test.works(:alices, format('select atelier.log_user_activity(%L, ''looked'', p_metadata => ''{"a": 1}'')', :'alice_id'));
select atelier_test.call(:alices, 'select pg_catalog.concat(k.api_key_id, '' '', k.secret) from atelier.create_api_key(''key'', ''{*}'') k') as key \gset
select matches(:'key'::pg_catalog.text, '^\S{36} atelier_\S{64}$', 'create_api_key()');
select atelier_test.works('anon', null, format('select atelier.authenticate_api_key(%L)', split_part(:'key', ' ', 2)));
select atelier_test.works(:alices, format('select atelier.revoke_api_key(%L)', split_part(:'key', ' ', 1)));

-- Teams.
select atelier_test.call(:alices, 'select w.id from atelier.create_workspace(''Shapes'') w') as team \gset
select atelier_test.call(:alices, format('select i.token from atelier.invite_to_workspace(%L, ''bob@example.org'') i', :'team')) as token \gset
select atelier_test.call(:alices, format('select i.invitation_id from atelier.invite_to_workspace(%L, ''x@example.org'') i', :'team')) as invitation \gset
select atelier_test.works(:alices, format('select atelier.revoke_workspace_invitation(%L)', :'invitation'));
select set_config('request.jwt.claims', '', true) \g /dev/null
select atelier_test.works(:bobs, format('select atelier.accept_workspace_invitation(%L)', :'token'));
select atelier_test.works(:alices, format(call, :'team', :'alice_id')) from unnest(array[
  'select atelier.get_workspace_role(%L, %L)', 'select atelier.is_workspace_member(%L, %L)', 'select m.role from atelier.get_workspace_members(%L) m']) call;
select atelier_test.works(:alices, format('select w.workspace_id from atelier.get_user_workspaces(%L) w', :'alice_id'));
select atelier_test.works(:alices, format('select atelier.set_workspace_member_role(%L, %L, ''admin'')', :'team', :'bob_id'));
select atelier_test.works(:alices, format('select atelier.transfer_workspace_ownership(%L, %L)', :'team', :'bob_id'));

-- Jobs, as users and workers.
select atelier_test.works(:service, 'select atelier.set_provider_token(''atelier-runner'', ''sk-secret'')');
select atelier_test.works(:owner, 'select atelier.set_provider_token_from_file(''atelier-runner'', ''PG_VERSION'', ''of a file'')');
select atelier_test.works(:service, 'select atelier.seal_provider_tokens()');
insert into atelier.api_providers (name, display_name) values ('replicate', 'Replicate');
select atelier_test.works(:service, statement) from unnest(array['insert into atelier.replicate_tokens (token, is_active) values (''r8_one'', false) returning id',
  'update atelier.replicate_tokens set is_active = true returning id', 'select t.id from atelier.get_next_replicate_token() t']) statement;
select atelier_test.works(:service, 'select atelier.add_known_models(''google'')');
select atelier_test.works(:service, 'select atelier.adopt_instance()');
select atelier_test.works(:service, 'select d.status from atelier.doctor() d');
select atelier_test.works(:carols, statement) from unnest(array['select atelier.pause_work(''endpoint'', ''test endpoint'')',
  'select atelier.drain_work(''endpoint'', ''test endpoint'')', 'select atelier.resume_work(''endpoint'', ''test endpoint'')']) statement;
select atelier_test.works(:carols, 'update atelier.api_providers set currency = ''EUR'' returning currency');
select atelier_test.works(:carols, 'select p.price from atelier.set_price(''atelier-runner'', ''image'', 0.01, ''tiny-sdxl'') p');
select atelier_test.works(:worker, 'select atelier_engine.tend_logs()');
select atelier_test.works(:alices, format('select atelier.create_workspace_session(%L)', :'alice_id'));
select atelier_test.call(:alices, format('select j.id from atelier.queue_job(''a red circle'', workspace_id => %L) j', :'team')) as job \gset
select atelier_test.call(:alices, 'select j.id from atelier.queue_job(''a blue one'', parameters => ''{"steps": 5, "seed": 7}'', metadata => ''{"a": [1]}'') j') as failing \gset
select atelier_test.call(:alices, format('select j.id from atelier.queue_job(''one more'', depends_on => ''{%s}'') j', :'failing')) as waiting \gset
select atelier_test.works(:alices, format('select j.status from atelier.cancel_job(%L) j', :'waiting'));
select atelier_test.works(:worker, 'select c.job_id from atelier_engine.claim_jobs(2) c');
select attempt_id as attempt from atelier_engine.queue where job_id = :'job' \gset
select attempt_id as failing_attempt from atelier_engine.queue where job_id = :'failing' \gset
select atelier_test.works(:worker, format('select atelier_engine.record_sent(''{%s}'', ''{now}'')', :'attempt'));
select atelier_test.works(:worker, format('select atelier_engine.record_submitted(%L, ''x'')', :'attempt'));
select atelier_test.works(:worker, format('select atelier_engine.renew_leases(''{%s}'')', :'attempt'));
select atelier_test.works(:worker, statement) from unnest(array[
  'select c.attempt_id from atelier_engine.cancel_requests() c', 'select atelier_engine.next_wake_at()', 'select atelier_engine.reap_expired_leases()',
  'select atelier_engine.unblock_just_missed()', 'select atelier_engine.follow_clock(1000000)', 'select atelier_engine.next_probe_at(''-infinity'')',
  'select c.url from atelier_engine.claim_probes(''-infinity'') c',
  'select atelier_engine.record_probes(''[{"endpoint_id": "e0000000-0000-7000-8000-000000000001", "error_class": "overload", "message": "no"}, {"endpoint_id": "e0000000-0000-7000-8000-000000000001"}]'')',
  format('select atelier_engine.note_rates(''[{"attempt_id": "%s", "remaining": 1000, "reset_ms": 1, "at_us": 1}]'')', :'attempt'),
  'select atelier_engine.next_lookup_at()', 'select c.url from atelier_engine.claim_lookups() c',
  'select atelier_engine.record_lookups(''[{"attempt_id": "e0000000-0000-7000-8000-000000000001", "state": "running"}]'')',
  'select atelier_engine.record_stops(''[{"attempt_id": "e0000000-0000-7000-8000-000000000001", "message": "no"}]'')'
  ]) statement;
select atelier_test.works(:worker, format('select atelier_engine.open_result(%L)', :'attempt'));
select atelier_test.call(:worker, format('select atelier_engine.begin_object(%L, 0, ''image/png'', ''png'', 4, %L)', :'attempt', sha256('\x89504e47'))) as object \gset
select atelier_test.works(:worker, format('select atelier_engine.append_object_chunk(%L, 0, ''\x89504e47'')', :'object'));
select atelier_test.works(:worker, format('select atelier_engine.record_successes(''{%s}'', array[%L::pg_catalog.jsonb], ''{null}'', array[''{}''::pg_catalog.jsonb], ''{now}'', ''{now}'', ''{now}'', ''{now}'')', :'attempt', jsonb_build_array(
  jsonb_build_object('index', 0, 'object_id', :'object', 'media_type', 'image/png', 'extension', 'png', 'width', 64, 'height', 48, 'byte_count', 4,
                     'sha256', encode(sha256('\x89504e47'), 'hex'), 'seed', 1))));
select atelier_test.works(:worker, format('select atelier_engine.record_failure(%L, ''overload'', 500, ''it broke'', null, null, true, ''now'', null, null, ''now'')',
  :'failing_attempt'));
update atelier_engine.queue set run_at = clock_timestamp() where job_id = :'failing';
select atelier_test.works(:worker, 'select c.job_id from atelier_engine.claim_jobs(2) c');
select attempt_id as failing_attempt from atelier_engine.queue where job_id = :'failing' \gset
select atelier_test.works(:alices, format('select j.status from atelier.cancel_job(%L) j', :'failing'));
select atelier_test.works(:worker, format('select atelier_engine.append_texts(''{%s}'', ''{0}'', ''{word}'')', :'failing_attempt'));
select atelier_test.call(:alices, 'insert into atelier.conversations (title) values (''Talk'') returning id') as talk \gset
select atelier_test.call(:alices, format('insert into atelier.messages (conversation_id, sender, content) values (%L, ''user'', ''Hello'') returning id', :'talk')) as message \gset
select atelier_test.works(:alices, format('select atelier.message_stream(%L)', :'message'));
select atelier_test.works(:alices, format('select atelier.job_stream(%L, 0, 0)', :'failing'));
select atelier_test.works(:worker, format('select atelier_engine.record_cancelled(%L)', :'failing_attempt'));
select atelier_test.works(:worker, 'select atelier_engine.settle_attempts(null, ''the dispatcher ended'')');
select atelier_test.call(:service, 'select w.id from atelier.register_worker(''gpu'', ''atelier-runner'', ''{tiny-sdxl}'', 2, ''sdxl'', ''http://gpu/'') w') as puller \gset
select atelier_test.call(:alices, format('select j.id from atelier.queue_job(''a green one %s'') j', n)) from generate_series(1, 2) n \g /dev/null
update atelier.endpoints set is_active = adapter = 'pull';
select atelier_test.call(:service, format('select c.token from atelier.claim_jobs(%L) c', :'puller')) as first_token \gset
select atelier_test.call(:service, format('select c.token from atelier.claim_jobs(%L) c', :'puller')) as second_token \gset
select atelier_test.works(:service, format(call, :'puller')) from unnest(array['select h.action from atelier.heartbeat_jobs(%L) h',
  'select w.name from atelier.update_worker_url(%L, ''http://there/'') w']) call;
select atelier_test.works(:service, statement) from unnest(array['select w.name from atelier.health_check_workers() w', 'select u.name from atelier.get_active_worker_url(''sdxl'') u']) statement;
select matches(atelier_test.call('anon', null, format('select atelier.job_callback(%L)', json_build_object('token', :'first_token'::pg_catalog.text, 'status', 'completed', 'outputs', json_build_array(
  json_build_object('data', 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='))))), 'completed', 'job_callback()');
select matches(atelier_test.call('anon', null, format('select atelier.job_callback(%L)', json_build_array(json_build_object('token', :'second_token'::pg_catalog.text, 'status', 'completed', 'result', 1),
  json_build_object('token', :'first_token'::pg_catalog.text, 'status', 'failed')))), 'already_completed', 'many reports');
select atelier_test.works(:service, format('select atelier.unregister_worker(%L)', :'puller'));
update atelier.endpoints set is_active = name = 'test endpoint';
-- Webhooks.
update atelier.endpoints set is_active = false where name = 'test endpoint';
insert into atelier.api_providers (id, name, display_name, webhook_url) values ('b0000000-0000-7000-8000-000000000001', 'hooks', 'Hooks', 'https://x/{capability}');
insert into atelier.endpoints (provider_id, name, adapter, base_url) select 'b0000000-0000-7000-8000-000000000001', a, a, 'https://192.0.2.1' from unnest(array['replicate', 'fal', 'runpod']) a;
insert into atelier.api_models (provider_id, model_key, display_name, modality) values ('b0000000-0000-7000-8000-000000000001', 'hooked', 'Hooked', 'image');
select atelier_test.works(:service, statement) from unnest(array['select atelier.set_provider_token(''hooks'', ''r8'')', 'select atelier.set_webhook_secret(''hooks'', ''whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'')',
  'select atelier.set_webhook_keys(''hooks'', url => ''https://x/keys'')']) statement;
select atelier_test.call(:alices, 'select j.id from atelier.queue_job(''hooked'', model => ''hooked'') j') as hooked \gset
select atelier_test.works(:worker, statement) from unnest(array['select c.webhook_url from atelier_engine.claim_jobs(9) c', 'select c.url from atelier_engine.claim_key_sets(true) c', 'select atelier_engine.next_key_set_at()',
  'select atelier_engine.record_key_set(''b0000000-0000-7000-8000-000000000001'', ''{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"}]}'', null)']) statement;
select atelier_engine.attempt_token(atelier_engine.webhook_capability_key(), q.attempt_id, 99999999999) as capability from atelier_engine.queue q where q.job_id = :'hooked' \gset
select extract(epoch from clock_timestamp())::pg_catalog.int8 as now_s \gset
select pg_catalog.set_config('request.headers', pg_catalog.json_build_object('x-webhook-capability', :'capability'::pg_catalog.text, 'webhook-id', 'm', 'webhook-timestamp', :'now_s'::pg_catalog.text,
  'webhook-signature', 'v1,' operator(pg_catalog.||) pg_catalog.encode(atelier_engine.hmac_sha256(pg_catalog.decode('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64'),
    pg_catalog.convert_to('m.' operator(pg_catalog.||) :'now_s' operator(pg_catalog.||) '.{"id": "p"}', 'UTF8')), 'base64'),
  'x-fal-webhook-request-id', 'req-2', 'x-fal-webhook-user-id', 'us', 'x-fal-webhook-timestamp', '1700000000', 'x-fal-webhook-signature',
  'fd5c42e6aed4dd860025a0039874bd6208078e1a3e190cefdd0edfb692c3b43b671009e751dc905cf069bafba674c1538bf41193b31837de46cd32dd40ebc202')::pg_catalog.text, true) \g /dev/null
select matches(atelier_test.call('anon', null, 'select atelier.replicate_webhook(''{"id": "p"}'')'), 'accepted', 'replicate_webhook()');
select matches(atelier_test.call('anon', null, 'select atelier.runpod_webhook(''{"id": "p"}'')'), 'ignored', 'runpod_webhook()');
-- This one was signed long ago.
create or replace function atelier_engine.assert_webhook_is_fresh(p_timestamp pg_catalog.text) returns pg_catalog.void language plpgsql as 'begin end';
select matches(atelier_test.call('anon', null, 'select atelier.fal_webhook(''{"request_id": "req-2", "status": "ERROR"}'')'), 'accepted', 'fal_webhook()');
select atelier_test.works(:worker, statement) from unnest(array['select t.action from atelier_engine.take_webhooks() t', 'select atelier_engine.forget_webhooks()']) statement;
select atelier_test.works(:alices, format('select j.status from atelier.cancel_job(%L) j', :'hooked'));
update atelier.endpoints set is_active = name = 'test endpoint';

select atelier_test.works(:alices, format('select a.state from atelier.job_attempts(%L) a', :'job'));
select atelier_test.works(:carols, format(call, :'job')) from unnest(array['select atelier.explain_job(%L)', 'select h.state from atelier.attempt_history(%L) h']) call;
select id as generation from atelier.generations where job_id = :'job' \gset
select atelier_test.works(:bobs, format('select g.id from atelier.get_workspace_generations(%L) g', :'team'));
select atelier_test.works(:bobs, format(call, :'generation')) from unnest(array['select atelier.generation_bytes(%L)', 'select atelier.generation_output(%L)']) call;
select atelier_test.call(:alices, 'select j.id from atelier.queue_job(''late'') j') as late \gset
select atelier_test.call(:alices, 'select j.id from atelier.queue_job(''held'') j') as held \gset
select atelier_test.works(:worker, 'select c.job_id from atelier_engine.claim_jobs(2) c');
select attempt_id as late_attempt from atelier_engine.queue where job_id = :'late' \gset
select atelier_test.works(:worker, format('select atelier_engine.settle_attempts(''{%s}'', ''too slow'')', :'late_attempt'));
update atelier.endpoints set ambiguity_policy = 'hold' where is_active;
select atelier_test.works(:worker, 'select atelier_engine.settle_attempts(null, ''the dispatcher ended'')');
update atelier.endpoints set ambiguity_policy = 'retry' where is_active;
select atelier_test.works(:worker, format('select atelier_engine.open_result(%L)', :'late_attempt'));
select atelier_test.call(:worker, format('select atelier_engine.begin_object(%L, 0, ''image/png'', ''png'', 4, %L)', :'late_attempt', sha256('\x89504e47'))) as object \gset
select atelier_test.works(:worker, format('select atelier_engine.append_object_chunk(%L, 0, ''\x89504e47'')', :'object'));
select atelier_test.works(:worker, format('select atelier_engine.record_successes(''{%s}'', array[%L::pg_catalog.jsonb], ''{null}'', array[''{}''::pg_catalog.jsonb], ''{now}'', ''{now}'', ''{now}'', ''{now}'')', :'late_attempt', jsonb_build_array(
  jsonb_build_object('index', 0, 'object_id', :'object', 'media_type', 'image/png', 'extension', 'png', 'byte_count', 4))));
select atelier_test.works(:carols, format('select j.status from atelier.adopt_late_result(%L) j', :'late_attempt'));
select atelier_test.works(:owner, 'delete from atelier_engine.late_results returning attempt_id');
select atelier_test.works(:carols, format('select j.status from atelier.resolve_held_job(%L, ''completed'', ''found'', array[''\x89504e470d0a1a0a'']::pg_catalog.bytea[]) j', :'held'));
select atelier_test.works(:alices, format('select j.id from atelier.retry_job(%L, ''{"parameters": {"steps": 6}}'') j', :'failing'));
select atelier_test.works(:alices, 'select j.id from atelier.queue_jobs(''{"{\"prompt\": \"one\", \"idempotency_key\": \"key\", \"reuse_result\": true}", "{\"prompt\": \"two\", \"after\": [0]}"}'') j');
select atelier_test.call(:alices, 'select s.id from atelier.create_schedule(''daily'', ''{"prompt": "x"}'', cron => ''0 9-17/2 * * mon-fri'', time_zone => ''Europe/Berlin'') s') as schedule \gset
select atelier_test.works(:alices, format('select s.id from atelier.pause_schedule(%L) s', :'schedule'));
select atelier_test.works(:alices, format('select s.id from atelier.resume_schedule(%L) s', :'schedule'));
update atelier.schedules set next_run_at = clock_timestamp() - interval '1 minute';
select atelier_test.works(:worker, 'select atelier_engine.run_schedules()');
select atelier_test.call(:alices, 'select atelier.event_cursor()') as cursor \gset
select atelier_test.works(:alices, format('select count(*) from atelier.events_since(%L)', :'cursor'));
select atelier_test.works(:worker, statement) from unnest(array['select atelier_engine.delete_old_events(1)', 'select atelier_engine.refresh_timings()']) statement;
select atelier_test.works(:alices, format('select p.status from atelier.job_progress(%L) p', :'job'));
select atelier_test.works(:service, statement) from unnest(array['select atelier.metrics()', 'select h.phase from atelier.latency_histogram() h']) statement;

-- Prompting.
select atelier_test.call(:carols, 'insert into atelier.prompt_templates (enhancer_model, use_case, template_name, system_prompt, metadata) values (''any'', ''new'', ''New'', ''x'', ''{"a": 1}'') returning id') as template \gset
select atelier_test.works(:carols, format(call, :'template')) from unnest(array['select t.version from atelier.publish_prompt_template(%L) t',
  'select r.matched from atelier.resolve_prompt_template(''x'', ''new'', job_type => ''image'', target_model => ''sdxl'') r', 'select t.version from atelier.retire_prompt_template(%L) t']) call;
select atelier_test.works(:carols, statement) from unnest(array['insert into atelier.negative_prompts (negative_prompt) values (''green, (red:1.2)'') returning id', 'update atelier.negative_prompts set priority = 2 returning id',
  'insert into atelier.enhancement_presets (preset_name, enable_qwen, enable_compel, auto_enhancement, compel_weights, qwen_settings) values (''New'', true, true, true, ''{"red": 1.1}'', ''{"a": 1}'') returning id',
  'insert into atelier.compel_configs (config_name, weights, is_active) values (''new'', ''{"red": 1.1, "deep blue": 0.9}'', true) returning id',
  'insert into atelier.content_terms (term, meaning) values (''blank page'', ''harmless'') returning id']) statement;
select atelier_test.works(:alices, statement) from unnest(array['select atelier.get_negative_prompt(content_mode => ''nsfw'', p_user_id => ''a11ce000-0000-7000-8000-000000000001'')', 'select atelier.get_negative_prompt()',
  'select p.phrase from atelier.parse_prompt_weights(''a (red:1.2) one++'') p', 'select atelier.apply_compel_config(''a red deep  blue (one)'', ''new'')', 'select atelier.detect_content_mode(''a blank page, a nude'')', 'select c.tokens from atelier.token_count(''a red circle'') c']) statement;

-- A prompt that is rewritten before, and one whose job is cancelled.
update atelier.endpoints set is_active = true where name operator(pg_catalog.=) 'test endpoint';
insert into atelier.api_models (provider_id, model_key, display_name, modality) select p.id, 'enhancer', 'Enhancer', 'chat' from atelier.api_providers p where p.name operator(pg_catalog.=) 'atelier-runner';
select atelier_test.works(:alices, 'select pg_catalog.count(atelier.get_negative_prompt_details())');
select atelier_test.works(:alices, 'select atelier.enhance_prompt(''a fox'', "selectedPresets" => ''["Full studio"]'', metadata => ''{"reference_mode": "modify"}'') operator(pg_catalog.->>) ''success''');
select e.id as enhancement from atelier.prompt_enhancements e where e.original_prompt operator(pg_catalog.=) 'a fox' \gset
select atelier_test.works(:alices, format('select atelier.get_enhanced_prompt(%L)', :'enhancement'));
select atelier_test.works(:service, format('delete from atelier.jobs where id operator(pg_catalog.=) (select e.enhancement_job_id from atelier.prompt_enhancements e where e.id operator(pg_catalog.=) %L) returning id', :'enhancement'));
select atelier_test.call(:alices, 'select j.id from atelier.queue_job(''a fox'', enhancement => ''true'') j') as rewritten \gset
select atelier_test.works(:alices, format('select j.status from atelier.cancel_job(%L) j', :'rewritten'));
update atelier.endpoints set is_active = false where name operator(pg_catalog.=) 'test endpoint';
select atelier_test.works(:carols, statement) from unnest(array['select atelier.refresh_prompt_cache(true)', 'select atelier.prompt_cache_status()']) statement;
-- A comparison, and what becomes of its jobs.
select atelier_test.call(:carols, 'insert into atelier.prompt_ab_tests (test_name, test_series, baseline_config, enhanced_config) values (''new'', ''new'', ''{"mode": "exact_copy"}'', ''{"presets": ["As written"]}'') returning id') as prompt_test \gset
select atelier_test.works(:carols, format('select t.id from atelier.start_prompt_ab_test(%L) t', :'prompt_test'));
insert into atelier.prompt_ab_outcomes (job_id, test_id, user_id, variant) values (:'job', :'prompt_test', :'alice_id', 'baseline');
update atelier.jobs set prompt_test_id = :'prompt_test' where id operator(pg_catalog.=) :'job';
select atelier_test.works(:alices, format('select j.id from atelier.queue_job(''a fox'', enhancement => ''{"test": "new"}'') j'));
select atelier_test.works(:alices, format('select j.id from atelier.rate_job(%L, 4) j', :'job'));
select atelier_test.works(:alices, format('update atelier.generations set is_favorite = true where job_id operator(pg_catalog.=) %L returning id', :'job'));
select atelier_test.works(:carols, format('select pg_catalog.count(r.metric) from atelier.prompt_ab_report(%L) r', :'prompt_test'));
select atelier_test.works(:carols, format('select t.id from atelier.stop_prompt_ab_test(%L) t', :'prompt_test'));

-- Workspace, library, storage.
select id as asset from atelier.workspace_assets where job_id = :'job' \gset
select atelier_test.works(:alices, 'insert into atelier.user_collections (name) values (''Circles'') returning id');
select id as collection from atelier.user_collections \gset
select atelier_test.call(:alices, format('select atelier.save_workspace_item_to_library(%L, %L)', :'asset', :'alice_id')) as kept \gset
select atelier_test.works(:alices, format(call, :'kept')) from unnest(array['select atelier.library_asset_bytes(%L)', 'select atelier.library_asset(%L)']) call;
select atelier_test.works(:alices, format('update atelier.user_library set collection_id = %L returning id', :'collection'));
select atelier_test.works(:alices, format('update atelier.workspace_items set status = ''saved'' where id operator(pg_catalog.=) %L returning id', :'asset'));
select atelier_test.works(:alices, format('insert into atelier.images (job_id) values (%L) returning id', :'job'));
insert into atelier.user_library (user_id, asset_type, storage_path, file_size_bytes, mime_type, original_prompt, model_used)
values (:'alice_id', 'video', format('%s/film.mp4', :'alice_id'), 1, 'video/mp4', 'a film', 'tiny-sdxl');
select atelier_test.works(:alices, 'delete from atelier.videos returning id');
select atelier_test.works(:alices, 'select atelier.workspace_actions(''clear_workspace'')');
select atelier_test.works(:alices, format('select atelier.workspace_actions(''copy_to_workspace'', library_asset_id => %L)', :'kept'));
update atelier.workspace_assets set expires_at = clock_timestamp() - interval '1 day';
select atelier_test.works(:worker, 'select atelier.cleanup_expired_workspace_assets()');
select atelier_test.works(:alices, 'delete from atelier.user_library returning id');
select atelier_test.works(:worker, statement) from unnest(array[
  'select atelier_engine.delete_pending_objects()', 'select o.problem from atelier_engine.orphaned_objects() o']) statement;
select id as session from atelier.workspace_sessions \gset
select atelier_test.works(:alices, format('update atelier.workspace_sessions set metadata = ''{"a": 1}'' where id operator(pg_catalog.=) %L returning id', :'session'));
select atelier_test.works(:alices, format('select atelier.clear_workspace_session(%L, %L)', :'session', :'alice_id'));

-- The studio.
select atelier_test.call(:alices, 'insert into atelier.characters (name, description, alternate_greetings, base_prompt, content_rating) values (''Ada'', ''a square'', ''["Hello"]'', ''a red square'', ''nsfw'') returning id') as character \gset
select atelier_test.works(:alices, format(call, :'character')) from unnest(array['select atelier.like_character(%L)', 'select atelier.unlike_character(%L)', 'select atelier.record_character_interaction(%L)',
  'select j.id from atelier.generate_character_image(%L, ''in the rain'') j']) call;
select atelier_test.call(:alices, format('insert into atelier.character_scenes (character_id, conversation_id, job_id, scene_prompt, generation_metadata) values (%L, %L, %L, ''rain'', ''{"scene_context": {"setting": "a park"}}'') returning id',
  :'character', :'talk', :'job')) as character_scene \gset
insert into atelier.api_models (provider_id, model_key, display_name, modality, parameter_schema)
select id, 'talker', 'Talker', 'chat', '{"additionalProperties": true}' from atelier.api_providers where name operator(pg_catalog.=) 'atelier-runner';
select atelier_test.call(:alices, format('select t operator(pg_catalog.->>) ''message_id'' from atelier.playground_chat(%L, ''Hello'', character_id => %L, roleplay_settings => ''{"a": 1}'', participants => ''["Ada"]'', allow_pictures => true, idempotency_key => ''turn'') t', :'talk', :'character')) as answer \gset
select atelier_test.works(:alices, format(call, :'answer')) from unnest(array['select m.state from atelier.stop_message(%L) m', 'select s.place from atelier.message_siblings(%L) s', 'select c.id from atelier.choose_message(%L) c']) call;
select atelier_test.call(:alices, format('select t operator(pg_catalog.->>) ''message_id'' from atelier.regenerate_message(%L, ''talker'', ''again'') t', :'answer')) as answer \gset
select atelier_test.works(:alices, format('select m.state from atelier.stop_message(%L) m', :'answer'));
select atelier_test.call(:alices, format('select t operator(pg_catalog.->>) ''message_id'' from atelier.edit_message(%L, ''Good day'', ''edited'') t', :'message')) as answer \gset
select atelier_test.works(:alices, format('select m.state from atelier.stop_message(%L) m', :'answer'));
select atelier_test.works(:alices, format(call, :'talk')) from unnest(array['select m.place from atelier.chat_context(%L, ''Hello'', 2000) m', 'select m.sibling from atelier.conversation_messages(%L) m']) call;
select atelier_test.call(:alices, format('select m.id from atelier.remember(''rain'', ''conversation'', %L) m', :'talk')) as memory \gset
select atelier_test.works(:alices, format('select m.tier from atelier.conversation_memories(%L) m', :'talk'));
select atelier_test.works(:alices, format('select atelier.forget(%L)', :'memory'));
select atelier_test.works(:alices, format('delete from atelier.messages where id operator(pg_catalog.=) %L returning id', :'answer'));
select atelier_test.works(:service, 'select atelier.register_chat_worker(''http://192.0.2.9/v1'')');
select atelier_test.works(:alices, format('update atelier.character_scenes set image_url = ''a/b'' where id operator(pg_catalog.=) %L returning id', :'character_scene'));
select atelier_test.works(:alices, format('delete from atelier.character_scenes where id operator(pg_catalog.=) %L returning id', :'character_scene'));
select atelier_test.call(:alices, format('insert into atelier.projects (original_prompt, media_type, character_id) values (''squares'', ''image'', %L) returning id', :'character')) as project \gset
select atelier_test.call(:alices, format('insert into atelier.scenes (project_id, scene_number, description) values (%L, 1, ''a square'') returning id', :'project')) as scene \gset
select atelier_test.works(:alices, format('select j.id from atelier.generate_missing_scenes(%L) j', :'project'));
select atelier_test.works(:alices, format('select j.id from atelier.cancel_job((select s.job_id from atelier.scene_status s where s.id operator(pg_catalog.=) %L)) j', :'scene'));
select atelier_test.works(:alices, format('select j.id from atelier.generate_scene(%L) j', :'scene'));
select atelier_test.works(:alices, format('select p.status from atelier.project_status p where p.id operator(pg_catalog.=) %L', :'project'));
-- Bob is asked for his age.
select atelier_test.works(:bobs, 'select pg_catalog.count(c.name) from atelier.characters c');

-- What clients of edge functions call, and administrators.
select atelier_test.works(:alices, statement) from unnest(array[
  'select atelier.studio_queue_job(''{"prompt": "a circle", "job_type": "sdxl_image_fast", "seed": 3, "aspect_ratio": "16:9"}'')',
  'select atelier.studio_get_negative_prompt(''{}'')', 'select atelier.studio_workspace_actions(''{"action": "clear_workspace"}'')']) statement;
select atelier_test.works(:service, 'select atelier.add_studio_models()');
select atelier_test.works(:carols, statement) from unnest(array[
  'select atelier.merge_system_config(''{"a": {"b": 1}}'')', 'select atelier.get_system_stats()', 'select a.total_jobs from atelier.get_user_analytics() a', 'select atelier.system_metrics()', 'select atelier.backfill_model_performance()',
  'select atelier.clean_orphaned_jobs()', 'select atelier.generate_admin_image(''a circle'')', 'select atelier.generate_avatars(''{Ada}'')', 'select atelier.studio_health_check_workers()']) statement;
insert into atelier.api_providers (name, display_name) values ('replicate', 'Replicate') on conflict do nothing;
insert into atelier.api_models (provider_id, model_key, display_name, modality) select id, 'owner/shapes', 'Shapes', 'image' from atelier.api_providers where name operator(pg_catalog.=) 'replicate';
select atelier_test.works(:alices, 'select atelier.replicate_image(''{"prompt": "a circle"}'')');
select atelier_test.works(:carols, 'select w.id from atelier.register_worker(''studio'', ''studio'', worker_type => ''sdxl'', worker_url => ''http://192.0.2.9'') w');
select atelier_test.works(:carols, statement) from unnest(array[
  'select atelier.studio_update_worker_url(''{"workerUrl": "http://192.0.2.10", "worker_type": "sdxl"}'')', 'select atelier.studio_get_active_worker_url(''{"worker_type": "sdxl"}'')']) statement;
select atelier_test.works(:worker, 'select atelier_engine.tend_studio()');
insert into atelier.workspace_assets (user_id, asset_type, temp_storage_path, file_size_bytes, mime_type, job_id, generation_seed, original_prompt, model_used)
values (:'alice_id', 'image', format('%s/spare.png', :'alice_id'), 1, 'image/png', :'job', 1, 'a circle', 'tiny-sdxl') returning id as spare \gset
select atelier_test.works(:alices, format('select atelier.delete_workspace_item(%L, %L)', :'spare', :'alice_id'));
-- Moderation: a held prompt, an appeal, and a file that somebody withholds.
select atelier_test.call(:carols, 'insert into atelier.moderation_checks (name, kind, stage) values (''words'', ''rules'', ''before'') returning id') as words \gset
select atelier_test.works(:carols, format('insert into atelier.moderation_rules (check_id, category, phrase, score) values (%L, ''odd'', ''wobble'', 0.5) returning id', :'words'));
select atelier_test.call(:alices, 'select j.id from atelier.queue_job(''a wobble'') j') as held_job \gset
select id as held_item from atelier.moderation_items where job_id = :'held_job' \gset
select atelier_test.works(:carols, statement) from unnest(array['select q.id from atelier.review_queue() q', 'select q.id from atelier.claim_review_items(10) q',
  format('select atelier.review_text(%L)', :'held_item'), format('select q.id from atelier.decide_review_item(%L, ''reject'', ''x'') q', :'held_item')]) statement;
select atelier_test.works(:alices, format('select atelier.appeal_moderation(%L, ''x'')', :'held_item'));
select atelier_test.works(:owner, format('update atelier.moderation_items set decided_by = null where id operator(pg_catalog.=) %L returning id', :'held_item'));
select atelier_test.works(:carols, statement) from unnest(array[format('select q.id from atelier.assign_review_item(%L, ''ca201000-0000-7000-8000-000000000003'') q', :'held_item'),
  format('select q.id from atelier.release_review_item(%L) q', :'held_item')]) statement;
select atelier_test.call(:owner, format('select atelier_engine.create_object(''user-library'', ''%s/w.png'', %L, ''image/png'', 1, %L)', :'alice_id', :'alice_id', sha256('\x01'))) as odd_object \gset
select atelier_test.works(:worker, format('select atelier_engine.append_object_chunk(%L, 0, ''\x01'')', :'odd_object'));
select atelier_test.call(:carols, format('select atelier.withhold_object(''user-library'', ''%s/w.png'', ''x'')', :'alice_id')) as odd_item \gset
select atelier_test.works(:carols, format('select atelier.review_object(%L)', :'odd_item'));
delete from atelier.moderation_checks;

-- Moving without copying, leaving, ending.
select atelier_test.works(:owner, format('select atelier_engine.create_object(''avatars'', ''%s/a.png'', %L, ''image/png'', 0, %L)', :'bob_id', :'bob_id', sha256('')));
select atelier_test.works(:owner, format('select atelier_engine.move_object(''avatars'', ''%s/a.png'', ''avatars'', ''%1$s/b.png'', %1$L)', :'bob_id'));
select atelier_test.works(:bobs, format('select atelier.set_workspace_member_role(%L, %L, ''member'')', :'team', :'alice_id'));
select atelier_test.works(:bobs, format('select atelier.remove_workspace_member(%L, %L)', :'team', :'alice_id'));
select atelier_test.call(:bobs, 'select w.id from atelier.create_workspace(''Circles'', owner_id => ''b0b00000-0000-7000-8000-000000000002'') w') as other_team \gset
select atelier_test.works(:owner, format('insert into atelier.workspace_members (workspace_id, user_id, role) values (%L, %L, ''owner'') returning id', :'other_team', :'alice_id'));
select atelier_test.works(:bobs, format('select atelier.leave_workspace(%L)', :'other_team'));
select atelier_test.works(:bobs, format('select atelier.delete_workspace(%L)', :'team'));
select atelier_test.works(:service, format('delete from atelier.jobs where id operator(pg_catalog.=) %L returning id', :'waiting'));
select atelier_test.works(:owner, 'update atelier.api_models set adapter_options = ''{}'' where model_key operator(pg_catalog.=) ''tiny-sdxl'' returning id');
delete from atelier.profiles where false;

-- Restoring.
delete from storage.objects;
set local row_security = off;
set local check_function_bodies = off;
select atelier_test.works(:owner, 'insert into atelier_engine.instance (system_identifier, database_oid) values (1, 1) returning database_oid');
select atelier_test.works(:owner, 'insert into storage.buckets (id, name) values (''new'', ''new'') returning id');
select atelier_test.works(:owner, 'insert into atelier.api_providers (name, display_name) values (''new'', ''New'') returning id');
select atelier_test.works(:owner, format('insert into atelier.user_activity_log (user_id, action) values (%L, ''sign_in'') returning id', :'alice_id'));
reset row_security;
reset check_function_bodies;

select is_empty($$ select s.oid::regprocedure from sources s where s.prosecdef and not exists (
    select from pg_stat_xact_user_functions f where f.funcid = s.oid) $$, 'every function with the rights of its owner was called and came to its end');
select cmp_ok(nextval('atelier_test.sprung'), '=', 8::bigint, 'and none of them sprang a trap');

select * from finish();
rollback;
