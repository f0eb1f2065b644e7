-- Asking a provider what became of a request whose answer was lost.
begin;
\ir support/jobs.sql
select plan(46);
update atelier.api_providers set adapter_options = '{"lookup": "/jobs/{id}"}' where name = 'atelier-runner';
update atelier.endpoints set ambiguity_policy = 'lookup', hold_timeout = '1 minute', max_concurrency = 9 where name = 'test endpoint';

create function pg_temp.lost(p_prompt text, p_user uuid default 'a11ce000-0000-7000-8000-000000000001', out job uuid, out attempt uuid) language plpgsql as $$
begin
  job := pg_temp.queue(p_user, p_prompt);
  attempt := pg_temp.claim(job);
  perform pg_temp.become('atelier_worker');
  perform atelier_engine.settle_attempts(array[attempt], 'the courier ended');
  perform pg_temp.sign_out();
end $$;
-- As the dispatcher: which attempts are to be looked up now?
create function pg_temp.lookups() returns setof uuid language plpgsql as $$
begin
  perform pg_temp.become('atelier_worker');
  return query select l.attempt_id from atelier_engine.claim_lookups() l;
  perform pg_temp.sign_out();
end $$;
create function pg_temp.say(p_attempt uuid, p_state text, p_more jsonb default '{}') returns integer language plpgsql as $$
declare
  settled integer;
begin
  perform pg_temp.become('atelier_worker');
  settled := atelier_engine.record_lookups(jsonb_build_array(jsonb_build_object('attempt_id', p_attempt, 'state', p_state) || p_more));
  perform pg_temp.sign_out();
  return settled;
end $$;
create function pg_temp.time_passes() returns void language sql as $$ update atelier_engine.lookups set ask_at = clock_timestamp() $$;

-- Who may.
select pg_temp.sign_in(:carol);
select lives_ok($$update atelier.endpoints set ambiguity_policy = 'lookup' where name = 'test endpoint'$$, 'an administrator has a provider asked');
select throws_ok('select atelier_engine.claim_lookups()', '42501', null, 'nobody but the workers claims lookups');
select throws_ok('select atelier_engine.record_lookups(''[]'')', '42501', null, 'nor records what came of them');
select throws_ok('select atelier_engine.next_lookup_at()', '42501', null, 'nor asks when');
select pg_temp.sign_out();
select is(atelier_engine.next_lookup_at(), null, 'nothing is due');

-- A lost answer.
select job, attempt from pg_temp.lost('lost') \gset
select row_eq(format('select state, next_check_at between clock_timestamp() + interval ''55 s'' and clock_timestamp() + interval ''1 minute'' from pg_temp.queued(%L)', :'job'),
  row('held'::text, true), 'the job is held');
select is((pg_temp.job(:'job')).attempts, 0, 'and nothing is counted yet');
select ok(atelier_engine.next_lookup_at() <= clock_timestamp(), 'and the provider is asked at once');
select pg_temp.sign_in(:alice);
select row_eq(format($$select r ->> 'code', r ->> 'text' from jsonb_array_elements(atelier.explain_job(%L) -> 'reasons') r where r ->> 'code' <> 'workers_not_running'$$, :'job'),
  row('looking_up'::text, 'test endpoint is asked what became of the request'::text), 'the owner is told');
select pg_temp.sign_out();
select is_empty($$select from atelier.doctor() where check_name = 'held_jobs'$$, 'nobody has to decide');
select pg_temp.become('atelier_worker');
select row_eq($$select adapter, url, model, parameters::jsonb ->> 'prompt', adapter_options, total_timeout_ms from atelier_engine.claim_lookups()$$,
  row('openai_images'::text, 'http://192.0.2.1/v1'::text, 'tiny-sdxl'::text, 'lost'::text, '{"lookup": "/jobs/{id}"}'::text, 600000), 'with all that it takes to understand the answer');
select pg_temp.sign_out();
select is_empty('select pg_temp.lookups()', 'nobody is asked twice at the same time');
select ok(atelier_engine.next_lookup_at() > clock_timestamp() + interval '10 minutes', 'unless the answer does not come in time');

-- It is being carried out.
select is(pg_temp.say(:'attempt', 'running', '{"progress": 0.25}'), 0, 'a request that is being carried out');
select row_eq(format('select state, progress, next_check_at > clock_timestamp() + interval ''10 minutes'' from pg_temp.queued(%L)', :'job'),
  row('held'::text, 0.25::real, true), 'is waited for, as long as it may take');
select ok(atelier_engine.next_lookup_at() between clock_timestamp() and clock_timestamp() + interval '2 s', 'and asked about again');
select pg_temp.say(:'attempt', 'running', '{"progress": 7}');
select is((pg_temp.queued(:'job')).progress, 0.25::real, 'a progress that cannot be is none');

-- It is finished.
select ok(pg_temp.succeed(:'attempt'), 'its result is taken');
select row_eq(format('select status, attempts from pg_temp.job(%L)', :'job'), row('completed'::text, 1), 'and it was one attempt');
select is(pg_temp.say(:'attempt', 'unknown'), 0, 'whatever else is said about it changes nothing');
select is_empty('select pg_temp.lookups()', 'nor is anybody asked again');
select is_empty('select from atelier_engine.lookups', 'and it is forgotten');

-- It never arrived.
select job, attempt from pg_temp.lost('never arrived') \gset
select is(pg_temp.say(:'attempt', 'unknown'), 0, 'to be unknown once is not enough');
select is((pg_temp.queued(:'job')).state, 'held', 'it may still be on its way');
select ok(atelier_engine.next_lookup_at() > clock_timestamp() + interval '2 s', 'so there is a pause');
select pg_temp.say(:'attempt', 'running'), pg_temp.say(:'attempt', 'unknown');
select is((pg_temp.queued(:'job')).state, 'held', 'nor twice, if not in a row');
select is(pg_temp.say(:'attempt', 'unknown'), 1, 'twice in a row is');
select row_eq(format('select state, attempt_id from pg_temp.queued(%L)', :'job'), row('waiting'::text, null::uuid), 'then there is another try');
select row_eq(format('select status, attempts from pg_temp.job(%L)', :'job'), row('queued'::text, 1), 'and the lost one is counted');
update atelier.jobs set max_attempts = 2 where id = :'job';
update atelier_engine.queue set run_at = clock_timestamp() where job_id = :'job';
select pg_temp.claim(:'job') as second \gset
select pg_temp.become('atelier_worker');
select atelier_engine.settle_attempts(null, 'the dispatcher was restarted');
select pg_temp.sign_out();
select pg_temp.say(:'second', 'unknown'), pg_temp.say(:'second', 'unknown');
select row_eq(format('select status, error_class, attempts from pg_temp.job(%L)', :'job'), row('failed'::text, 'ambiguous'::text, 2), 'a job that kills its carrier ends');

-- It failed.
select job, attempt from pg_temp.lost('failed there') \gset
select is(pg_temp.say(:'attempt', 'failed', '{"error_class": "content_policy", "message": "no token=abcdefgh", "http_status": 200}'), 1, 'a request that failed');
select row_eq(format('select status, error_class, error_message, attempts from pg_temp.job(%L)', :'job'), row('failed'::text, 'content_policy'::text, 'no token=[removed]'::text, 1), 'is treated as if the answer had come');
select job, attempt from pg_temp.lost('crashed there') \gset
select pg_temp.say(:'attempt', 'failed', '{"error_class": "worker_crash", "message": "out of memory"}');
select row_eq(format('select state from pg_temp.queued(%L)', :'job'), row('waiting'::text), 'and its class decides');
delete from atelier.jobs;

-- It does not say.
select job, attempt from pg_temp.lost('silence') \gset
select is(pg_temp.say(:'attempt', 'unanswered', '{"message": "could not connect"}'), 0, 'a provider that does not answer');
select row_eq('select asked, last_answer from atelier_engine.lookups', row(1, 'could not connect'::text), 'is asked again');
select is((pg_temp.queued(:'job')).state, 'held', 'and the job waits');
update atelier_engine.queue set next_check_at = clock_timestamp() where job_id = :'job';
select pg_temp.become('atelier_worker');
select atelier_engine.reap_expired_leases();
select pg_temp.sign_out();
select row_eq(format('select status, error_class from pg_temp.job(%L)', :'job'), row('failed'::text, 'ambiguous'::text), 'but not for ever, and it is never repeated blindly');
select is_empty('select pg_temp.lookups()', 'then nobody is asked any more');

-- People decide.
select job, attempt from pg_temp.lost('decided') \gset
select pg_temp.become('service_role');
select atelier.resolve_held_job(:'job', 'fail', 'enough');
select pg_temp.sign_out();
select is(pg_temp.say(:'attempt', 'running'), 0, 'who decides, decides');
select is((pg_temp.job(:'job')).status, 'failed', 'whatever is said later');
select job, attempt from pg_temp.lost('cancelled') \gset
select pg_temp.sign_in(:alice);
select atelier.cancel_job(:'job');
select pg_temp.sign_out();
select is((pg_temp.job(:'job')).status, 'cancelled', 'its owner can cancel it');
select is_empty('select pg_temp.lookups()', 'and then nobody is asked');

-- A new dispatcher does not wait for what was asked before it.
select job, attempt from pg_temp.lost('twice lost') \gset
select isnt_empty('select pg_temp.lookups()', 'somebody was asked');
select pg_temp.become('atelier_worker');
select atelier_engine.settle_attempts(null, 'the dispatcher was restarted');
select pg_temp.sign_out();
select isnt_empty('select pg_temp.lookups()', 'is asked again');
delete from atelier.jobs;
select is_empty('select from atelier_engine.lookups', 'jobs take their lookups along');
update atelier_engine.instance set database_oid = 1;
select is(atelier_engine.next_lookup_at(), null, 'a copy asks nobody');
select * from finish();
rollback;
