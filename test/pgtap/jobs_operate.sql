-- What operators see and do: adoption, doctor, the views.
begin;
\ir support/jobs.sql
select plan(56);

-- Adoption.
select ok(atelier_engine.instance_is_adopted(), 'a database is adopted where it was made');
select is(atelier.adopt_instance(), 0::bigint, 'to adopt it again changes nothing');
select pg_temp.queue(:alice, 'on its way') as carried, pg_temp.queue(:alice, 'waiting in line') as in_line \gset
select pg_temp.claim(:'carried') as attempt \gset
select pg_temp.queue(:alice, 'left out') as left_out \gset
select pg_temp.queue(:alice, 'left out, waits', format(', depends_on => array[%L]::uuid[]', :'in_line')) as left_out_waits \gset
delete from atelier_engine.queue where job_id in (:'left_out', :'left_out_waits');
update atelier_engine.instance set system_identifier = 1;
select ok(not atelier_engine.instance_is_adopted(), 'the row of another cluster does not adopt');
update atelier_engine.instance set system_identifier = (select system_identifier from pg_control_system()), database_oid = 1;
select ok(not atelier_engine.instance_is_adopted(), 'nor that of another database');
insert into atelier_engine.instance (system_identifier, database_oid)
select system_identifier, (select oid from pg_database where datname = current_database()) from pg_control_system();
select ok(not atelier_engine.instance_is_adopted(), 'nor the own one beside a foreign one');
delete from atelier_engine.instance;
select ok(not atelier_engine.instance_is_adopted(), 'nor none');
select is((select status from atelier.doctor() where check_name = 'instance'), 'error', 'the doctor tells');
select pg_temp.sign_in(:alice);
select throws_ok('select atelier.adopt_instance()', '42501', null, 'users do not adopt');
select pg_temp.sign_in(:carol);
select throws_ok('select atelier.adopt_instance()', '42501', null, 'nor do admins');
select pg_temp.become('service_role');
select is(atelier.adopt_instance(), 4::bigint, 'the service role does, and hears how many jobs go on');
select pg_temp.sign_out();
select ok(atelier_engine.instance_is_adopted(), 'now it is adopted');
select row_eq(format('select status, attempts from atelier.jobs where id = %L', :'carried'), row('queued'::text, 1), 'what was on its way is settled');
select is((pg_temp.attempt(:'attempt')).state, 'ambiguous', 'as ambiguous');
select is((pg_temp.queued(:'left_out')).state, 'ready', 'a job without its queue row gets one');
select is((pg_temp.queued(:'left_out_waits')).state, 'blocked', 'also when it waits for another');
select is_empty('select * from atelier.stuck_jobs', 'no job is stuck');
update atelier_engine.instance set database_oid = 1;
select is(atelier.adopt_instance(discard_unfinished => true), 0::bigint, 'unfinished jobs may be discarded instead');
select results_eq('select distinct status from atelier.jobs', array['cancelled'::text], 'then they are cancelled');

-- A restore is noticed by what pg_dump and pg_restore set.
select ok(not atelier_engine.restoring(), 'an ordinary session restores nothing');
create temp table own as select * from atelier_engine.instance;
set local row_security = off;
select ok(not atelier_engine.restoring(), 'also without row security');
set local check_function_bodies = off;
select ok(atelier_engine.restoring(), 'a restore sets both');
insert into atelier_engine.instance select 1, 1, now();
select results_eq('select system_identifier, database_oid::integer from atelier_engine.instance', $$values (1::bigint, 1)$$, 'the restored row takes the place of the own one');
delete from atelier_engine.instance;
insert into atelier_engine.instance select * from own;
select ok(not atelier_engine.instance_is_adopted(), 'the own row, restored, does not adopt');
set local check_function_bodies = on;
insert into atelier_engine.instance select * from own;
select ok(atelier_engine.instance_is_adopted(), 'only the one who adopts does');
set local check_function_bodies = off;
insert into atelier.jobs select * from atelier.jobs limit 0;
select ok(not atelier_engine.instance_is_adopted(), 'restoring jobs ends it, whatever comes first');
delete from atelier.jobs;
insert into atelier.api_providers (id, name, display_name, auth_scheme) values
  ('00000000-0000-7000-8000-000000000001', 'atelier-runner', 'As the operator left it', 'none');
select is_empty('select from atelier.api_models', 'a restored provider takes the place of the one of the extension');
insert into atelier.api_models (id, provider_id, model_key, display_name, modality, is_default)
values ('00000000-0000-7000-8000-000000000002', '00000000-0000-7000-8000-000000000001', 'tiny-sdxl', 'x', 'image', true);
insert into atelier.endpoints (provider_id, name, adapter, base_url) values ('00000000-0000-7000-8000-000000000001', 'test endpoint', 'openai_images', 'http://192.0.2.1/v1');
reset check_function_bodies;
reset row_security;
select atelier.adopt_instance();

-- Users can set what pg_dump sets, and gain nothing by it.
set local row_security = off;
set local check_function_bodies = off;
select pg_temp.sign_in(:alice);
select lives_ok($$select atelier.queue_job('x')$$, 'a user who pretends to restore');
select pg_temp.sign_out();
select ok(atelier_engine.instance_is_adopted(), 'does not keep the database from dispatching');
select is(current_setting('session_replication_role'), 'origin', 'nor stop its triggers');
set local check_function_bodies = on;
select throws_ok($$insert into atelier.user_activity_log (user_id, action) values ('00000000-0000-7000-8000-00000000dead', 'sign_in')$$,
  '23503', null, 'a log entry needs its user');
set local check_function_bodies = off;
select lives_ok($$insert into atelier.user_activity_log (user_id, action) values ('00000000-0000-7000-8000-00000000dead', 'sign_in')$$,
  'but a restore may bring it first');
select is(current_setting('session_replication_role'), 'origin', 'for this statement only');
reset check_function_bodies;
reset row_security;
delete from atelier.jobs;

-- Doctor.
select results_eq(
  $$select distinct status from atelier.doctor() where check_name in ('instance', 'stuck_jobs', 'dump', 'primary') or check_name like 'role %'$$,
  array['ok'], 'all is well with roles, data and dumps');
select is((select count(*) from atelier.doctor() where check_name in ('library', 'worker_slots', 'launcher', 'dispatcher', 'courier', 'janitor')), 6::bigint, 'library and workers are examined');
select is((select count(*) from atelier.doctor() where status not in ('ok', 'warning', 'error') or detail is null or (status <> 'ok') <> (hint is not null)), 0::bigint,
  'every finding that is not ok has a hint, the others none');
select is((select status from atelier.doctor() where check_name = 'endpoint test endpoint'), 'ok', 'a healthy endpoint');
update atelier.endpoints set max_concurrency = 0 where name = 'test endpoint';
select is((select detail from atelier.doctor() where check_name = 'endpoint test endpoint'), 'paused, max_concurrency is 0', 'a paused endpoint');
update atelier.endpoints set max_concurrency = 1 where name = 'test endpoint';
update atelier.api_providers set auth_scheme = 'bearer';
select is((select hint from atelier.doctor() where check_name = 'endpoint test endpoint'), 'Store one with atelier.set_provider_token().', 'a missing token');
update atelier.api_providers set auth_scheme = 'none';
insert into atelier_engine.endpoint_states (endpoint_id, unavailable_since, unavailable_count, last_error) select id, now(), 1, 'connection refused' from atelier.endpoints where name = 'test endpoint';
select is((select detail from atelier.doctor() where check_name = 'endpoint test endpoint'), 'unavailable: connection refused', 'an endpoint out of reach');
delete from atelier_engine.endpoint_states;
insert into atelier.pauses (endpoint_id, reason) select id, 'new disks' from atelier.endpoints where name = 'test endpoint';
insert into atelier.pauses (user_id, reason, ends_at) values (:alice, 'unpaid', '2100-01-01');
insert into atelier.pauses (model_id, mode) values ('00000000-0000-7000-8000-000000000002', 'drain');
insert into atelier_engine.endpoint_states (endpoint_id, trip_count, last_error) select id, 1, 'out of memory' from atelier.endpoints where name = 'test endpoint';
select is((select detail from atelier.doctor() where check_name = 'endpoint test endpoint'), 'paused: new disks', 'an endpoint that an operator paused');
select is((select count(*) from atelier.doctor() where status <> 'ok' and hint is null), 0::bigint, 'with what to do');
delete from atelier.pauses where endpoint_id is not null;
select row_eq($$select detail, hint from atelier.doctor() where check_name = 'endpoint test endpoint'$$,
  row('failing: out of memory'::text, 'It is tried again by itself; atelier.endpoint_health says when.'::text), 'one that fails');
select ok((select detail from atelier.doctor() where check_name = format('pause user %s', :alice)) ~ '^unpaid, since .*, until 2100', 'a paused user');
select ok((select detail from atelier.doctor() where check_name = 'drain model tiny-sdxl') ~ '^no reason was given, since', 'a drained model');
delete from atelier.pauses;
select atelier.set_provider_token('atelier-runner', 'secret', 'spent') as token \gset
insert into atelier_engine.token_states (token_id, trip_count, last_error_class, last_error) values (:'token', 1, 'payment', 'no credit');
select row_eq($$select detail, hint from atelier.doctor() where check_name = 'token spent of atelier-runner'$$,
  row('payment: no credit'::text, 'Pay the provider; the token is tried again by itself.'::text), 'a token without credit');
delete from atelier.provider_tokens;
update atelier.endpoints set is_active = false;
select is((select detail from atelier.doctor() where check_name = 'model tiny-sdxl'), 'no active endpoint takes its jobs', 'a model without endpoint');
update atelier.endpoints set is_active = true;
select pg_temp.queue(:alice, 'lost') as lost \gset
delete from atelier_engine.queue where job_id = :'lost';
select is((select detail from atelier.doctor() where check_name = 'stuck_jobs'), 'unfinished jobs without an owner: 1', 'a stuck job');
insert into atelier_engine.late_results (attempt_id, job_id, expires_at) values (gen_random_uuid(), :'lost', now());
select is((select detail from atelier.doctor() where check_name = 'late_results'), 'results that came too late for their jobs: 1', 'a late result');
select results_eq('select job_id, problem from atelier.stuck_jobs', format($$values (%L::uuid, 'not in the queue')$$, :'lost'), 'is shown');
delete from atelier.jobs;

-- Something to decide.
update atelier.endpoints set ambiguity_policy = 'hold' where name = 'test endpoint';
delete from atelier_engine.endpoint_states;
select pg_temp.queue(:alice, 'unclear') as unclear \gset
select pg_temp.fail(pg_temp.claim(:'unclear'), 'ambiguous');
select is((select detail from atelier.doctor() where check_name = 'held_jobs'), 'jobs that wait for a decision: 1', 'a held job');
delete from atelier.jobs;

-- Views.
select pg_temp.queue(:alice, 'deep') as deep, pg_temp.queue(:alice, 'deeper') as deeper \gset
delete from atelier_engine.endpoint_states;
select pg_temp.claim(:'deep');
select pg_temp.become('service_role');
select results_eq('select model, ready, waiting, blocked, leased, held from atelier.queue_depth',
  $$values ('tiny-sdxl', 1::bigint, 0::bigint, 0::bigint, 1::bigint, 0::bigint)$$, 'the service role sees how deep the queue is');
select results_eq('select endpoint, health, busy from atelier.endpoint_health', $$values ('test endpoint', 'healthy', 1::bigint)$$, 'how the endpoints are');
select lives_ok('select * from atelier.worker_status', 'and the workers');
select lives_ok('select * from atelier.doctor()', 'and what the doctor says');
select pg_temp.sign_in(:alice);
select throws_ok('select * from atelier.doctor()', '42501', null, 'users do not ask the doctor');
select is((select count(*) from unnest(array['queue_depth', 'endpoint_health', 'worker_status', 'stuck_jobs']) v
            where has_table_privilege('authenticated', 'atelier.' || v, 'select') or has_table_privilege('anon', 'atelier.' || v, 'select')),
  0::bigint, 'users and anon see none of these views');

select * from finish();
rollback;
