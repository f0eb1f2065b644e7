-- Attempts whose carrier is gone, leases, holds, jobs out of reach.
begin;
\ir support/jobs.sql
select plan(33);
update atelier.endpoints set max_concurrency = 100 where name = 'test endpoint';

create function pg_temp.settle(p_attempts uuid[], p_reason text default 'the courier died') returns integer language plpgsql as $$
declare
  settled integer;
begin
  perform pg_temp.become('atelier_worker');
  settled := atelier_engine.settle_attempts(p_attempts, p_reason);
  perform pg_temp.sign_out();
  return settled;
end $$;
create function pg_temp.reap() returns integer language plpgsql as $$
declare
  reaped integer;
begin
  perform pg_temp.become('atelier_worker');
  reaped := atelier_engine.reap_expired_leases();
  perform pg_temp.sign_out();
  return reaped;
end $$;

select pg_temp.queue(:alice, 'one') as one, pg_temp.queue(:alice, 'two') as two, pg_temp.queue(:bob, 'three') as three \gset
select pg_temp.claim(:'one') as attempt_one \gset
select (pg_temp.queued(:'two')).attempt_id as attempt_two \gset

-- By the dispatcher.
select is(pg_temp.settle('{}'), 0, 'nothing in flight, nothing settled');
select is(pg_temp.settle(array[gen_random_uuid()]), 0, 'unknown attempts are ignored');
select is(pg_temp.settle(array[:'attempt_one']::uuid[]), 1, 'named attempts are settled');
select row_eq(format('select status, attempts, error_class, error_message from atelier.jobs where id = %L', :'one'),
  row('queued'::text, 1, 'ambiguous'::text, 'the courier died'::text), 'the job is tried again, at the cost of an attempt');
select row_eq(format('select state, error_class from atelier_engine.attempts where id = %L', :'attempt_one'),
  row('ambiguous'::text, 'ambiguous'::text), 'the attempt is ambiguous');
select is(pg_temp.settle(array[:'attempt_one']::uuid[]), 0, 'only once');
select is(pg_temp.settle(null, 'the dispatcher was restarted'), 2, 'a new dispatcher settles everything in flight');
select is((select count(*) from atelier_engine.queue where state = 'leased'), 0::bigint, 'nothing is leased any more');
select is(pg_temp.succeed(:'attempt_two'), false, 'what the old one reports is too late');

update atelier_engine.queue set run_at = clock_timestamp();
select pg_temp.claim(:'one') as second_one \gset
select pg_temp.settle(null);
update atelier_engine.queue set run_at = clock_timestamp();
select pg_temp.claim(:'one') as third_one \gset
select pg_temp.settle(null, 'again');
select row_eq(format('select status, attempts, error_message from atelier.jobs where id = %L', :'one'),
  row('failed'::text, 3, 'again'::text), 'a job that kills its carrier again and again fails in the end');
delete from atelier.jobs;

-- As the endpoint says.
update atelier.endpoints set ambiguity_policy = 'fail' where name = 'test endpoint';
select pg_temp.queue(:alice, 'paid') as paid \gset
select pg_temp.claim(:'paid') as paid_attempt \gset
select pg_temp.settle(null);
select is((pg_temp.job(:'paid')).status, 'failed', 'a paid request is not repeated');
update atelier.endpoints set ambiguity_policy = 'hold', hold_timeout = '10 minutes' where name = 'test endpoint';
select pg_temp.queue(:alice, 'held') as held \gset
select pg_temp.claim(:'held') as held_attempt \gset
select pg_temp.settle(null);
select row_eq(format('select state, next_check_at > clock_timestamp() + interval ''9 minutes'' from atelier_engine.queue where job_id = %L', :'held'),
  row('held'::text, true), 'or it is held');
select is((pg_temp.job(:'held')).status, 'processing', 'the job counts as processing');
select is(pg_temp.settle(null), 0, 'a held job has nothing in flight');
select is(pg_temp.reap(), 0, 'the janitor leaves it until its time is up');
update atelier_engine.queue set next_check_at = clock_timestamp() where job_id = :'held';
select is(pg_temp.reap(), 1, 'then it decides');
select row_eq(format('select status, error_class, error_message from atelier.jobs where id = %L', :'held'),
  row('failed'::text, 'ambiguous'::text, 'it is not known whether the request was carried out'::text), 'the job fails');
select pg_temp.queue(:alice, 'orphaned') as orphaned \gset
select pg_temp.claim(:'orphaned') as orphaned_attempt \gset
delete from atelier.endpoints where name = 'test endpoint';
select pg_temp.settle(null);
select is((pg_temp.job(:'orphaned')).status, 'failed', 'a request to a deleted endpoint may have cost something, it is not repeated');

-- Leases.
insert into atelier.endpoints (provider_id, name, adapter, base_url, max_concurrency, ambiguity_policy)
select id, 'test endpoint', 'openai_images', 'http://192.0.2.1/v1', 100, 'retry' from atelier.api_providers where name = 'atelier-runner';
select pg_temp.queue(:alice, 'forgotten') as forgotten, pg_temp.queue(:alice, 'alive') as alive \gset
select pg_temp.claim(:'forgotten') as forgotten_attempt \gset
select is(pg_temp.reap(), 0, 'a lease that holds is left alone');
update atelier_engine.queue set lease_expires_at = clock_timestamp() where job_id = :'forgotten';
select is(pg_temp.reap(), 1, 'one that is over is not');
select row_eq(format('select status, attempts, error_message from atelier.jobs where id = %L', :'forgotten'),
  row('queued'::text, 1, 'the lease expired before an answer came'::text), 'its job is tried again');
select is((pg_temp.queued(:'alive')).state, 'leased', 'others go on');
update atelier_engine.queue set lease_expires_at = clock_timestamp() - interval '1 hour' where job_id = :'alive';
select results_eq('select job_id, problem from atelier.stuck_jobs',
  format($$values (%L::uuid, 'lease expired and was not settled')$$, :'alive'), 'a lease that nobody settles is shown');
delete from atelier.jobs;

-- Out of reach for too long.
select pg_temp.queue(:alice, 'old') as old, pg_temp.queue(:alice, 'young') as young \gset
update atelier.jobs set created_at = clock_timestamp() - interval '1 hour' where id = :'old';
insert into atelier_engine.endpoint_states (endpoint_id, unavailable_since, unavailable_count, blocked_until, last_error)
select id, clock_timestamp() - interval '10 minutes', 5, clock_timestamp() + interval '30 s', 'connection refused'
  from atelier.endpoints where name = 'test endpoint';
select is(pg_temp.reap(), 0, 'jobs wait for unavailable_timeout');
update atelier_engine.endpoint_states set unavailable_since = clock_timestamp() - interval '1 hour';
select is(pg_temp.reap(), 1, 'then those that waited as long fail');
select row_eq(format('select status, error_class, error_message from atelier.jobs where id = %L', :'old'),
  row('failed'::text, 'unavailable'::text, 'connection refused'::text), 'with the reason, though they were never tried');
select is((pg_temp.job(:'young')).status, 'queued', 'younger ones go on waiting');
update atelier.jobs set created_at = clock_timestamp() - interval '1 hour' where id = :'young';
insert into atelier.endpoints (provider_id, name, adapter, base_url) select provider_id, 'other endpoint', adapter, 'http://192.0.2.2/v1'
  from atelier.endpoints where name = 'test endpoint';
select is(pg_temp.reap(), 0, 'so do all while one endpoint may be in reach');
delete from atelier.endpoints where name = 'other endpoint';

-- A copy of the database.
delete from atelier_engine.endpoint_states;
select pg_temp.claim(:'young') as copied_attempt \gset
update atelier_engine.queue set lease_expires_at = clock_timestamp() where job_id = :'young';
update atelier_engine.instance set database_oid = 1;
select is(pg_temp.settle(null), 0, 'a copy settles nothing by itself');
select is(pg_temp.reap(), 0, 'nor does it reap');
select pg_temp.become('atelier_worker');
select is_empty('select * from atelier_engine.cancel_requests()', 'nor cancel');

select pg_temp.sign_in(:alice);
select throws_ok('select atelier_engine.settle_attempts(null, ''x'')', '42501', null, 'users may not settle');
select throws_ok('select atelier_engine.reap_expired_leases()', '42501', null, 'nor reap');

select * from finish();
rollback;
