-- Why a job waits, and what was asked and answered.
begin;
\ir support/jobs.sql
select plan(49);
update atelier.endpoints set breaker_threshold = 1000, max_concurrency = 1 where name = 'test endpoint';
\set here '''e0000000-0000-7000-8000-000000000001'''

-- As the owner, without the workers, which do not run for this database in the tests.
create function pg_temp.explain(p_job uuid, p_user uuid default 'a11ce000-0000-7000-8000-000000000001') returns jsonb language plpgsql as $$
declare
  said jsonb;
begin
  perform pg_temp.sign_in(p_user);
  said := atelier.explain_job(p_job);
  perform pg_temp.sign_out();
  return said;
end $$;
create function pg_temp.reason(p_job uuid, out codes text[], out text text, out until timestamptz) language sql as $$
  select array_agg(r ->> 'code' order by n), string_agg(r ->> 'text', '; ' order by n), max((r ->> 'until')::timestamptz)
    from jsonb_array_elements(pg_temp.explain(p_job) -> 'reasons') with ordinality e (r, n) where r ->> 'code' <> 'workers_not_running' $$;

-- Who may ask.
select pg_temp.queue(:alice, 'why') as job \gset
select pg_temp.sign_in(:bob);
select throws_ok(format('select atelier.explain_job(%L)', :'job'), 'PT404', 'no such job', 'others are told nothing');
select pg_temp.become('anon');
select throws_ok(format('select atelier.explain_job(%L)', :'job'), '42501', null, 'nor is anon');
select pg_temp.sign_in(:alice);
select throws_ok('select atelier.explain_job(gen_random_uuid())', 'PT404', 'no such job', 'about an unknown job there is nothing to say');
select throws_ok('select atelier.explain_job(null)', 'PT404', 'no such job', 'nor about none');
select pg_temp.sign_out();
select is(pg_temp.explain(:'job', :carol) ->> 'job_id', :'job', 'administrators may ask');
select pg_temp.become('service_role');
select is(atelier.explain_job(:'job') ->> 'job_id', :'job', 'so may the back end');
select pg_temp.sign_out();

-- Its turn.
select is(pg_temp.explain(:'job') -> 'reasons' -> 0 ->> 'code', case when exists (
    select from atelier_engine.worker_processes() w join pg_database d on d.oid = w.database_oid and d.datname = current_database() where w.process = 'courier' and w.state = 'running')
  then 'starting' else 'workers_not_running' end, 'that the workers do not run comes first');
select row_eq(format('select codes, text from pg_temp.reason(%L)', :'job'), row('{starting}'::text[], 'it is next, and goes to test endpoint'::text), 'a job that may start');
select is(pg_temp.explain(:'job') -> 'routes', '[{"endpoint": "test endpoint", "open": true, "busy": 0, "free": 1, "breaker": "closed"}]', 'with the ways that it has');
select is((pg_temp.explain(:'job') ->> 'jobs_ahead')::integer, 0, 'and its place');
select ok(pg_temp.explain(:'job') ->> 'summary' ~ '^The job is queued: .*it is next, and goes to test endpoint\.$', 'in words, too');
select pg_temp.queue(:bob, 'behind') as behind \gset
update atelier_engine.queue set vtime = 1000 where job_id = :'behind';
select is(pg_temp.explain(:'behind', :bob) -> 'jobs_ahead', '1', 'jobs before it are counted');
select ok(pg_temp.explain(:'behind', :bob) ->> 'summary' ~ '1 jobs come before it at test endpoint', 'and told');
update atelier_engine.queue set priority = 5 where job_id = :'behind';
select is(pg_temp.explain(:'behind', :bob) -> 'jobs_ahead', '0', 'a higher priority comes first');
delete from atelier.jobs where id = :'behind';

-- What keeps it from starting.
insert into atelier.pauses (user_id, reason, ends_at) values (:alice, 'unpaid', '2100-01-01');
select row_eq(format('select codes, text, until from pg_temp.reason(%L)', :'job'),
  row('{paused,starting}'::text[], 'the jobs of this account are paused: unpaid; it is next, and goes to test endpoint'::text, '2100-01-01'::timestamptz), 'a paused user');
delete from atelier.pauses;
insert into atelier.pauses (model_id) values ('00000000-0000-7000-8000-000000000002');
select ok('paused' = any (r.codes) and r.text ~ 'the model tiny-sdxl is paused', 'a paused model') from pg_temp.reason(:'job') r;
delete from atelier.pauses;
insert into atelier.pauses (provider_id) values ('00000000-0000-7000-8000-000000000001');
select ok('paused' = any (r.codes) and r.text ~ 'the lane atelier-runner is paused', 'a paused lane') from pg_temp.reason(:'job') r;
update atelier.pauses set mode = 'drain';
select ok(not 'paused' = any (r.codes), 'a drained one still starts jobs') from pg_temp.reason(:'job') r;
delete from atelier.pauses;
insert into atelier.pauses (endpoint_id, reason, ends_at) values (:here, 'new disks', '2100-01-01');
select row_eq(format('select codes, text, until from pg_temp.reason(%L)', :'job'),
  row('{no_open_endpoint}'::text[], 'no endpoint takes it now (test endpoint: paused: new disks)'::text, '2100-01-01'::timestamptz), 'a paused endpoint');
update atelier.pauses set mode = 'drain', reason = null;
select ok(r.text ~ 'test endpoint: draining', 'a drained endpoint') from pg_temp.reason(:'job') r;
delete from atelier.pauses;
update atelier.endpoints set max_concurrency = 0 where name = 'test endpoint';
select ok(r.text ~ 'closed, max_concurrency is 0', 'a closed endpoint') from pg_temp.reason(:'job') r;
update atelier.endpoints set max_concurrency = 1 where name = 'test endpoint';
insert into atelier_engine.endpoint_states (endpoint_id, unavailable_since, unavailable_count, blocked_until, last_error)
values (:here, now(), 1, '2100-01-01', 'connection refused');
select row_eq(format('select codes, text, until from pg_temp.reason(%L)', :'job'),
  row('{no_open_endpoint}'::text[], 'no endpoint takes it now (test endpoint: circuit breaker open after connection refused)'::text, '2100-01-01'::timestamptz), 'an open breaker, and until when');
select is(pg_temp.explain(:'job') #>> '{routes,0,breaker}', 'open', 'the way says so, too');
delete from atelier_engine.endpoint_states;
update atelier.api_providers set auth_scheme = 'bearer', auth_header_name = 'Authorization';
select ok(r.text ~ 'no active token with a secret', 'a missing token') from pg_temp.reason(:'job') r;
select atelier.set_provider_token('atelier-runner', 'secret-one', 'one') as token \gset
select is((pg_temp.reason(:'job')).codes, '{starting}', 'with one it may start');
insert into atelier_engine.token_states (token_id, trip_count, blocked_until, last_error_class) values (:'token', 1, '2100-01-01', 'payment');
select ok(r.text ~ 'every token rests \(payment\)' and r.until = '2100-01-01', 'a token that rests, and until when') from pg_temp.reason(:'job') r;
update atelier.api_providers set auth_scheme = 'none';
update atelier.endpoints set is_active = false;
select row_eq(format('select codes, text from pg_temp.reason(%L)', :'job'), row('{no_endpoint}'::text[], 'no active endpoint serves the model'::text), 'no endpoint at all');
update atelier.endpoints set is_active = true where name = 'test endpoint';
update atelier_engine.queue set avoid_endpoint_id = :here where job_id = :'job';
select ok(r.text ~ 'the last try failed there', 'an endpoint that it keeps away from') from pg_temp.reason(:'job') r;
update atelier_engine.queue set avoid_endpoint_id = null where job_id = :'job';
update atelier_engine.queue set state = 'parked' where job_id = :'job';
insert into atelier.scheduling_tiers (tier, max_running_jobs) select subscription_status, 3 from atelier.profiles where id = :alice
    on conflict (tier) do update set max_running_jobs = 3;
select row_eq(format('select codes, text from pg_temp.reason(%L)', :'job'),
  row('{over_a_cap}'::text[], 'as many jobs of this user or workspace run as may run at once (3)'::text), 'a job over a cap');
insert into atelier.pauses (user_id) values (:alice);
select is((pg_temp.reason(:'job')).codes, '{paused}', 'a parked job of a paused user');
delete from atelier.pauses;
delete from atelier.scheduling_tiers;
update atelier_engine.queue set state = 'ready' where job_id = :'job';
update atelier.api_models set max_concurrency = 0 where model_key = 'tiny-sdxl';
select ok(r.text ~ 'as many jobs of the model as may run are running', 'a model at its cap') from pg_temp.reason(:'job') r;
update atelier.api_models set max_concurrency = null;
update atelier.endpoints set requests_per_minute = 60, request_burst = 1 where name = 'test endpoint';
insert into atelier_engine.rate_buckets (endpoint_id, token_id, level, filled_at)
values (:here, '00000000-0000-0000-0000-000000000000', -9, clock_timestamp());
select ok(r.text ~ 'as many requests as its rate allows' and r.until > clock_timestamp() + interval '9 s', 'an endpoint at its rate, and until when')
  from pg_temp.reason(:'job') r;
update atelier.endpoints set requests_per_minute = null where name = 'test endpoint';
create temp table own as select * from atelier_engine.instance;
delete from atelier_engine.instance;
select ok('not_adopted' = any (r.codes), 'a database that was copied') from pg_temp.reason(:'job') r;
insert into atelier_engine.instance select * from own;

-- On its way, and after.
select pg_temp.queue(:alice, 'next one') as next_one \gset
select pg_temp.queue(:alice, 'depends', format(', depends_on => array[%L]::uuid[]', :'job')) as depends \gset
select pg_temp.claim(:'job') as attempt \gset
select row_eq(format('select codes, text from pg_temp.reason(%L)', :'job'), row('{processing}'::text[], 'it is at test endpoint'::text), 'a job on its way');
select is((pg_temp.reason(:'next_one')).codes, '{endpoints_busy}', 'one for which there is no room');
select row_eq(format('select codes, text from pg_temp.reason(%L)', :'depends'), row('{waiting_for_jobs}'::text[], format('it waits for %s', :'job')), 'one that waits for another');
select pg_temp.sign_in(:alice);
select atelier.cancel_job(:'job');
select pg_temp.sign_out();
select row_eq(format('select codes, text from pg_temp.reason(%L)', :'job'), row('{cancelling}'::text[], 'test endpoint was told to stop'::text), 'one that is being cancelled');
update atelier.jobs set cancel_requested_at = null where id = :'job';
select pg_temp.fail(:'attempt', 'overload', 'too busy');
select ok(r.codes = '{not_before}' and r.text ~ 'the last one failed: too busy' and r.until is not null, 'one between two tries') from pg_temp.reason(:'job') r;
update atelier_engine.queue set run_at = clock_timestamp() where job_id = :'job';
update atelier.endpoints set ambiguity_policy = 'hold', max_concurrency = 9 where name = 'test endpoint';
select pg_temp.fail(pg_temp.claim(:'job'), 'ambiguous', 'connection reset');
select ok(r.codes = '{held}' and r.until is not null, 'a held one') from pg_temp.reason(:'job') r;
select atelier.resolve_held_job(:'job', 'fail', 'nothing came of it');
select row_eq(format('select codes, text from pg_temp.reason(%L)', :'job'), row('{finished}'::text[], 'it is failed: nothing came of it'::text), 'one that is over');
select is(pg_temp.explain(:'job') ->> 'summary', 'The job is failed: it is failed: nothing came of it.', 'in words');
select pg_temp.queue(:alice, 'lost') as lost \gset
delete from atelier_engine.queue where job_id = :'lost';
select is((pg_temp.reason(:'lost')).codes, '{not_in_the_queue}', 'one that is stuck');

-- A worker that has not been heard of takes no job.
select pg_temp.queue(:alice, 'to a worker') as unheard \gset
update atelier.endpoints set is_active = false;
select pg_temp.sign_in(:carol);
select id as worker from atelier.register_worker('silent', 'atelier-runner') \gset
select pg_temp.sign_out();
select is(pg_temp.explain(:'unheard') -> 'routes' -> 0 ->> 'open', 'true', 'a worker that was just heard of is open');
update atelier.workers set last_heartbeat_at = clock_timestamp() - interval '2 minutes' where id = :'worker';
select row_eq(format($$select codes, text like 'no endpoint takes it now (%%: its worker was not heard of since %%' from pg_temp.reason(%L)$$, :'unheard'),
  row('{no_open_endpoint}'::text[], true), 'one that is silent is not');
delete from atelier.workers where id = :'worker';
update atelier.endpoints set is_active = name = 'test endpoint';

-- The history.
select pg_temp.queue(:alice, 'mind token=abcdefgh', ', parameters => ''{"seed": 7}''') as told \gset
select pg_temp.fail(pg_temp.claim(:'told'), 'overload', 'no secret=abcdefgh');
update atelier_engine.queue set run_at = clock_timestamp() where job_id = :'told';
select pg_temp.succeed(pg_temp.claim(:'told'));
select pg_temp.sign_in(:alice);
select throws_ok(format('select atelier.attempt_history(%L)', :'told'), '42501', null, 'the history with bodies is not for users');
select pg_temp.become('anon');
select throws_ok(format('select atelier.attempt_history(%L)', :'told'), '42501', null, 'nor for anon');
select pg_temp.sign_in(:carol);
select throws_ok('select atelier.attempt_history(gen_random_uuid())', 'PT404', 'no such job', 'it is of a job');
select results_eq(format('select attempt, state, endpoint, url, model, response, error_message from atelier.attempt_history(%L)', :'told'),
  $$values (1, 'failed', 'test endpoint', 'http://192.0.2.1/v1', 'tiny-sdxl', 'body', 'no secret=[removed]'),
           (2, 'succeeded', 'test endpoint', 'http://192.0.2.1/v1', 'tiny-sdxl', '{"created": 1}', null)$$, 'administrators see what was answered');
select results_eq(format('select distinct request ->> ''prompt'', (request ->> ''seed'')::integer from atelier.attempt_history(%L)', :'told'),
  $$values ('mind token=[removed]', 7)$$, 'and what was asked');

select * from finish();
rollback;
