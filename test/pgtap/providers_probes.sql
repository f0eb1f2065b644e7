-- Asking servers how they are: who is asked when, and what the breakers learn from it.
begin;
\ir support/jobs.sql
select plan(51);
update atelier.endpoints set max_concurrency = 5, breaker_threshold = 3, private_network = true where name = 'test endpoint';
\set here '''e0000000-0000-7000-8000-000000000001'''

create function pg_temp.state() returns atelier_engine.endpoint_states language sql as
$$ select * from atelier_engine.endpoint_states where endpoint_id = 'e0000000-0000-7000-8000-000000000001' $$;
-- As the dispatcher, which began so long ago.
create function pg_temp.probes(p_began interval default '1 day') returns setof text language plpgsql as $$
begin
  perform pg_temp.become('atelier_worker');
  return query select e.url || ' ' || e.path from atelier_engine.claim_probes(clock_timestamp() - p_began) e;
  perform pg_temp.sign_out();
end $$;
create function pg_temp.probe() returns bigint language sql as $$ select count(*) from pg_temp.probes() $$;
create function pg_temp.answer(p_error_class text default null, p_message text default null, p_retry_after_ms integer default null)
returns integer language plpgsql as $$
declare
  opened integer;
begin
  perform pg_temp.become('atelier_worker');
  opened := atelier_engine.record_probes(jsonb_build_array(jsonb_build_object(
    'endpoint_id', 'e0000000-0000-7000-8000-000000000001', 'error_class', p_error_class, 'message', p_message,
    'retry_after_ms', p_retry_after_ms, 'sent', p_error_class is distinct from 'unavailable')));
  perform pg_temp.sign_out();
  return opened;
end $$;
create function pg_temp.next_probe() returns interval language sql as $$
  select atelier_engine.next_probe_at(clock_timestamp() - interval '1 day') - clock_timestamp() $$;
-- The breaker's time, and that of the last question, are over.
create function pg_temp.time_passes() returns void language sql as $$
  update atelier_engine.endpoint_states set blocked_until = clock_timestamp() where blocked_until is not null;
  update atelier_engine.endpoint_states set probed_at = clock_timestamp() - interval '1 day' where probed_at is not null;
  update atelier_engine.queue set run_at = clock_timestamp() where state = 'waiting';
$$;
alter table atelier.endpoints disable trigger touch_updated_at;
update atelier.endpoints set updated_at = clock_timestamp() - interval '1 day';

-- Who may.
select pg_temp.sign_in(:carol);
select throws_ok('select atelier_engine.claim_probes(now())', '42501', null, 'nobody but the workers claims probes');
select throws_ok('select atelier_engine.record_probes(''[]'')', '42501', null, 'nor records what came of them');
select throws_ok('select atelier_engine.next_probe_at(now())', '42501', null, 'nor asks when');
select pg_temp.become('service_role');
select throws_ok('select atelier_engine.claim_probes(now())', '42501', null, 'the back end does not, either');
select pg_temp.sign_out();

-- What may be asked.
select throws_ok($$update atelier.endpoints set health_path = '/two words' where is_active$$, '23514', null, 'a path has no blanks');
select throws_ok($$update atelier.endpoints set probe_interval = '-1 s' where is_active$$, '23514', null, 'an interval is not negative');
select throws_ok($$update atelier.endpoints set probe_interval = '0.5 s' where is_active$$, '23514', null, 'nor is anybody asked twice a second');
select throws_ok($$update atelier.endpoints set probe_interval = '2 days' where is_active$$, '23514', null, 'nor less than daily');

-- Who is asked.
select is_empty($$select pg_temp.probes('59 s')$$, 'a server has time to come up after the dispatcher');
select results_eq('select pg_temp.probes()', array['http://192.0.2.1/v1 models'], 'then an endpoint without jobs is asked what its adapter knows');
select is_empty('select pg_temp.probes()', 'once');
select ok((pg_temp.state()).probed_at > clock_timestamp() - interval '10 s' and (pg_temp.state()).breaker_state = 'closed', 'which changes nothing by itself');
select is(pg_temp.answer(), 0, 'a good answer changes nothing');
select is_empty('select pg_temp.probes()', 'nor is it asked again at once');
select ok(pg_temp.next_probe() between interval '55 s' and interval '60 s', 'but after atelier.probe_interval');
update atelier.endpoints set probe_interval = '5 s', health_path = '/health' where is_active;
select ok(pg_temp.next_probe() between interval '1 s' and interval '5 s', 'or its own');
select pg_temp.time_passes();
select results_eq('select pg_temp.probes()', array['http://192.0.2.1/v1 /health'], 'it is asked what it says');
select pg_temp.answer(), pg_temp.time_passes();
update atelier.endpoints set probe_interval = '0' where is_active;
select is_empty('select pg_temp.probes()', '0: never');
select is(pg_temp.next_probe(), null, 'and then nothing is due');
update atelier.endpoints set probe_interval = null, health_path = '' where is_active;
select is_empty('select pg_temp.probes()', 'nor is anybody asked nothing');
update atelier.endpoints set health_path = null, adapter = 'http_json' where is_active;
select is_empty('select pg_temp.probes()', 'nor where the adapter knows nothing that is free');
update atelier.endpoints set adapter = 'pull', base_url = 'pull:', health_path = '/health' where is_active;
select is_empty('select pg_temp.probes()', 'nor a worker that asks for jobs itself');
update atelier.endpoints set adapter = 'openai_images', base_url = 'http://192.0.2.1/v1', health_path = null where is_active;
select pg_temp.become('service_role');
select atelier.pause_work('endpoint', 'test endpoint');
select pg_temp.sign_out();
select is_empty('select pg_temp.probes()', 'a paused endpoint is left alone');
select pg_temp.become('service_role');
select atelier.resume_work('endpoint', 'test endpoint');
select pg_temp.sign_out();
select pg_temp.claim(pg_temp.queue(:alice, 'busy')) as busy \gset
select is_empty('select pg_temp.probes()', 'a busy one tells by its answers');
select pg_temp.succeed(:'busy');
select isnt_empty('select pg_temp.probes()', 'until it is idle again');

-- An idle server that is dead is known to be.
select is(pg_temp.answer('unavailable', 'could not connect'), 0, 'an endpoint that cannot be reached');
select row_eq('select breaker_state, unavailable_count, probe_error from pg_temp.state()', row('open'::text, 1, 'could not connect'::text), 'gets no jobs');
select row_eq($$select health, last_error, probed_at is not null, probe_error from atelier.endpoint_health where endpoint = 'test endpoint'$$,
  row('unavailable'::text, 'could not connect'::text, true, 'could not connect'::text), 'and operators see why');
select pg_temp.queue(:alice, 'paid') as paid \gset
select is(pg_temp.claim(:'paid'), null, 'a job waits');
select is_empty('select pg_temp.probes()', 'while the breaker is open nobody asks');
select ok(pg_temp.next_probe() between interval '0.5 s' and interval '2 s', 'but as soon as its time is over');

-- The question comes before the job.
select pg_temp.time_passes();
select isnt_empty('select pg_temp.probes()', 'then it is asked');
select is(pg_temp.claim(:'paid'), null, 'and the job waits for the answer');
select ok(atelier_engine.next_wake_at() between clock_timestamp() + interval '5 s' and clock_timestamp() + interval '12 s', 'but not for ever');
select pg_temp.answer('unavailable', 'could not connect');
select row_eq('select breaker_state, unavailable_count from pg_temp.state()', row('open'::text, 2), 'a bad answer keeps it closed to jobs, for longer');
select pg_temp.time_passes();
select pg_temp.probe();
select is(pg_temp.answer(), 1, 'a good one opens the way');
select row_eq('select breaker_state, unavailable_since, opened_at, probe_error from pg_temp.state()',
  row('closed'::text, null::timestamptz, null::timestamptz, null::text), 'without a job that was risked');
select isnt(pg_temp.claim(:'paid'), null, 'and the job goes');
delete from atelier.jobs;

-- An answer that gets lost holds up nothing.
select pg_temp.time_passes(), pg_temp.probe(), pg_temp.answer('overload', 'asked for /v1/models, the server answers 503');
select row_eq('select breaker_state, trip_count from pg_temp.state()', row('open'::text, 1), 'one answer that it is not well is enough');
select pg_temp.time_passes(), pg_temp.probe();
update atelier_engine.endpoint_states set probe_until = clock_timestamp();
select isnt(pg_temp.claim(pg_temp.queue(:alice, 'lost')), null, 'without an answer a job is the probe');
delete from atelier.jobs;
select is((pg_temp.state()).breaker_state, 'half_open', 'as before');
select pg_temp.time_passes(), pg_temp.probe();
select is(pg_temp.answer(), 1, 'what a question has found, a question can find mended');

-- What jobs have found, only a job can.
update atelier_engine.endpoint_states set trip_count = 2, blocked_until = clock_timestamp();
select pg_temp.probe(), pg_temp.answer();
select row_eq('select breaker_state, trip_count from pg_temp.state()', row('half_open'::text, 2), 'a server that fails at jobs is not well because it can be reached');
update atelier_engine.endpoint_states set trip_count = 0, blocked_until = clock_timestamp(), throttled_count = 1;
select pg_temp.time_passes(), pg_temp.probe(), pg_temp.answer();
select row_eq('select breaker_state, throttled_count from pg_temp.state()', row('half_open'::text, 1), 'nor is one that asked for patience');
update atelier_engine.endpoint_states set throttled_count = 0, unavailable_count = 1, unavailable_since = now(), blocked_until = clock_timestamp();
select pg_temp.probe(), pg_temp.answer('invalid_input', 'asked for /v1/models, the server answers 404');
select row_eq('select breaker_state, probe_error from pg_temp.state()', row('closed'::text, 'asked for /v1/models, the server answers 404'::text), 'a server that refuses the question can be reached');
update atelier_engine.endpoint_states set unavailable_count = 1, unavailable_since = now(), blocked_until = clock_timestamp();
select pg_temp.time_passes(), pg_temp.probe(), pg_temp.answer('internal', 'out of memory');
select is((pg_temp.state()).breaker_state, 'half_open', 'what goes wrong here says nothing about the server');
update atelier_engine.endpoint_states set unavailable_count = 0, unavailable_since = null;
select pg_temp.time_passes(), pg_temp.probe(), pg_temp.answer('throttled', 'slow down', 600000);
select ok((pg_temp.state()).blocked_until between clock_timestamp() + interval '590 s' and clock_timestamp() + interval '600 s', 'a server that asks for patience gets it');
delete from atelier_engine.endpoint_states;

-- Tokens.
update atelier.api_providers set auth_scheme = 'bearer', auth_header_name = 'Authorization' where name = 'atelier-runner';
select pg_temp.become('service_role');
select atelier.set_provider_token('atelier-runner', 'a-secret-token') as token \gset
select pg_temp.sign_out();
select results_eq($$select c.secret, k.token_id, c.auth_header from atelier_engine.claim_probes(now() - interval '1 day') c join atelier_engine.provider_secrets k on k.sealed = c.sealed_secret$$, format($$values (null::text, %L::uuid, 'Authorization: Bearer')$$, :'token'), 'the question carries a token');
select pg_temp.answer('auth', 'asked for /v1/models, the server answers 401');
select is_empty('select from atelier_engine.token_states', 'a token that may not ask may still be good for jobs');

-- A copy asks nobody.
select pg_temp.time_passes();
update atelier_engine.instance set system_identifier = 1;
select is_empty('select pg_temp.probes()', 'a database that was restored asks nobody');
select is(pg_temp.next_probe(), null, 'and nothing is due');
select * from finish();
rollback;
