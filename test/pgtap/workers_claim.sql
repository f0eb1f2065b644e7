-- Workers that ask for jobs: registering, claiming, leases, heartbeats.
begin;
\ir support/jobs.sql
update atelier.endpoints set is_active = false;

create function pg_temp.register(p_name text, p_max_jobs integer default 2) returns uuid language plpgsql as $$
declare
  id uuid;
begin
  perform pg_temp.sign_in('ca201000-0000-7000-8000-000000000003');
  select (atelier.register_worker(p_name, 'atelier-runner', max_jobs => p_max_jobs)).id into id;
  perform pg_temp.sign_out();
  return id;
end $$;

select plan(64);

-- Who may register, and what.
select pg_temp.become('anon');
select throws_ok($$select atelier.register_worker('w', 'atelier-runner')$$, '42501', null, 'anon registers no worker');
select throws_ok($$select atelier.claim_jobs(gen_random_uuid())$$, '42501', null, 'nor claims');
select throws_ok($$select atelier.heartbeat_jobs(gen_random_uuid())$$, '42501', null, 'nor extends a lease');
select pg_temp.sign_in(:alice);
select throws_ok($$select atelier.register_worker('w', 'atelier-runner')$$, '42501', 'only administrators and the service role may do this', 'a user registers no worker');
select throws_ok($$select atelier.claim_jobs(gen_random_uuid())$$, '42501', null, 'nor claims');
select throws_ok($$select atelier.heartbeat_jobs(gen_random_uuid())$$, '42501', null, 'nor extends a lease');
select throws_ok($$select atelier.health_check_workers()$$, '42501', null, 'nor sees how workers are');
select throws_ok($$select atelier.get_active_worker_url()$$, '42501', null, 'nor where they are');
select throws_ok($$select atelier.update_worker_url(gen_random_uuid(), 'http://a/')$$, '42501', null, 'nor says where');
select throws_ok($$select atelier.unregister_worker(gen_random_uuid())$$, '42501', null, 'nor removes one');
select pg_temp.sign_in(:carol);
select throws_ok($$select atelier.register_worker('w', 'nobody')$$, 'PT404', 'unknown provider', 'a provider is needed');
select throws_ok($$select atelier.register_worker('w', 'atelier-runner', '{tiny-sdxl,other}')$$, '22023', 'unknown model', 'and models of it');
select throws_ok($$select atelier.register_worker('w', 'atelier-runner', max_jobs => 0)$$, '22023', 'max_jobs is out of range', 'a worker takes at least one job');
select throws_ok($$select atelier.register_worker('w', 'atelier-runner', max_jobs => 10001)$$, '22023', null, 'and at most 10000');
select throws_ok($$select atelier.register_worker('No Slug', 'atelier-runner')$$, '23514', null, 'its name is a slug');
select throws_ok($$select atelier.register_worker('w', 'atelier-runner', worker_url => 'ftp://a/')$$, '23514', null, 'its URL is one of HTTP');
select pg_temp.sign_out();
insert into atelier.api_providers (name, display_name, auth_scheme) values ('service', 'A service', 'bearer');
select pg_temp.sign_in(:carol);
select throws_ok($$select atelier.register_worker('w', 'service')$$, '22023', 'the provider is a service that wants a token', 'services have no workers');
select throws_ok($$select * from atelier.get_active_worker_url()$$, 'PT404', 'no such worker', 'there is no worker yet');

-- What it becomes.
select (atelier.register_worker('gpu-1', 'atelier-runner', '{tiny-sdxl}', 2, 'sdxl', 'https://gpu.example.org/', '1.0')).id as worker \gset
select pg_temp.sign_out();
select row_eq($$select e.adapter, e.base_url, e.max_concurrency, e.only_models, e.ambiguity_policy from atelier.endpoints e where e.name = 'worker gpu-1'$$,
  row('pull'::text, 'pull:'::text, 2, '{tiny-sdxl}'::text[], 'retry'::text), 'a worker has an endpoint of its own');
select throws_ok($$update atelier.endpoints set base_url = 'http://a/' where name = 'worker gpu-1'$$, '23514', null, 'to which nothing can be sent');
select pg_temp.sign_in(:carol);
select row_eq($$select name, worker_url, is_healthy from atelier.get_active_worker_url('sdxl')$$,
  row('gpu-1'::text, 'https://gpu.example.org/'::text, true), 'it says where it is');
select throws_ok($$select * from atelier.get_active_worker_url('wan')$$, 'PT404', null, 'others do not');
select is((atelier.update_worker_url(:'worker', 'https://moved.example.org/')).worker_url, 'https://moved.example.org/', 'and where it has gone');
select throws_ok(format('select atelier.update_worker_url(%L, %L)', :'worker', 'moved'), '23514', null, 'to a URL');

-- Claiming.
select is_empty(format('select * from atelier.claim_jobs(%L, 10)', :'worker'), 'nothing to claim in an empty queue');
select throws_ok(format('select atelier.claim_jobs(%L, 0)', :'worker'), '22023', 'max_jobs is out of range', 'a claim asks for something');
select throws_ok(format('select atelier.claim_jobs(%L, 1001)', :'worker'), '22023', null, 'and for no more than 1000');
select throws_ok('select atelier.claim_jobs(gen_random_uuid())', 'PT404', 'no such worker', 'for a worker that there is');
select pg_temp.sign_out();
select pg_temp.queue(:alice, 'first') as first \gset
select pg_temp.queue(:alice, 'second') as second \gset
select pg_temp.queue(:bob, 'third') as third \gset
select is(pg_temp.claim(:'first'), null, 'the dispatcher claims nothing for a worker');
update atelier.jobs set estimated_seconds = 20;
select pg_temp.sign_in(:carol);
create temp table claimed as select * from atelier.claim_jobs(:'worker', 10);
grant all on claimed to public;
select is_empty(format('select * from atelier.claim_jobs(%L, 10)', :'worker'), 'no more than its room');
select pg_temp.sign_out();
select results_eq('select job_id in (select id from atelier.jobs), model, lease_seconds, max_output_bytes from claimed',
  $$values (true, 'tiny-sdxl', 90::float8, 67108864::bigint), (true, 'tiny-sdxl', 90, 67108864)$$, 'a worker gets what it has room for');
select ok(bool_and(parameters ? 'prompt' and parameters ? 'steps'), 'and what to do') from claimed;
select ok(bool_and(token ~ ('^' || attempt_id || '\.\d+\.[0-9a-f]{64}$')), 'and a token for each') from claimed;
select ok(bool_and(q.state = 'leased' and q.lease_expires_at between clock_timestamp() + interval '80 s' and clock_timestamp() + interval '90 s'),
  'the lease is sized from the predicted duration') from atelier_engine.queue q join claimed using (job_id);
select is(count(*), 2::bigint, 'the jobs are processing') from atelier.jobs j join claimed c on c.job_id = j.id where j.status = 'processing';
select is_empty('select * from atelier.stuck_jobs', 'nothing is stuck');

-- Another worker of somebody else.
set local role service_role;
select (atelier.register_worker('gpu-2', 'atelier-runner')).id as other \gset
reset role;
select pg_temp.sign_in(:carol);
select throws_ok(format('select atelier.claim_jobs(%L)', :'other'), 'PT404', 'no such worker', 'nobody claims for a worker that he has not registered');
select throws_ok(format('select atelier.heartbeat_jobs(%L)', :'other'), 'PT404', null, 'nor speaks for it');
select throws_ok(format('select atelier.unregister_worker(%L)', :'other'), 'PT404', null, 'nor removes it');
select throws_ok($$select atelier.register_worker('gpu-2', 'atelier-runner')$$, 'PT409', 'somebody else has a worker of this name', 'nor takes its name');

-- Heartbeats.
select pg_temp.sign_out();
update atelier_engine.queue set lease_expires_at = clock_timestamp() + interval '1 s' where state = 'leased';
select pg_temp.sign_in(:carol);
create temp table beat as select * from atelier.heartbeat_jobs(:'worker', (
  select jsonb_agg(jsonb_build_object('attempt_id', attempt_id, 'progress', 0.5)) from claimed));
grant all on beat to public;
select is(array_agg(action), '{continue,continue}', 'a worker goes on') from beat;
select ok(bool_and(lease_seconds between 80 and 90), 'with a longer lease') from beat;
select throws_ok(format('select atelier.heartbeat_jobs(%L, %L)', :'worker', '{}'), '22023', null, 'a heartbeat names jobs in an array');
select throws_ok(format('select atelier.heartbeat_jobs(%L, %L)', :'worker', '[1]'), '22023', null, 'of objects');
select throws_ok(format('select atelier.heartbeat_jobs(%L, %L)', :'worker', '[{"attempt_id": "no"}]'), '22P02', null, 'with ids');
select pg_temp.sign_out();
select ok(bool_and(progress = 0.5 and lease_expires_at > clock_timestamp() + interval '80 s'), 'which is in the queue')
  from atelier_engine.queue where state = 'leased';
set local role service_role;
select is((atelier.job_progress((select job_id from claimed limit 1))).progress, 0.5::float8, 'and in what the user is told');
reset role;
set local role service_role;
select is((select array_agg(action) from atelier.heartbeat_jobs(:'other', (
  select jsonb_agg(jsonb_build_object('attempt_id', attempt_id)) from claimed))), '{stop,stop}', 'another worker is told to stop what is not its own');
reset role;
select ok(bool_and(a.state = 'submitting'), 'and changes nothing by that') from atelier_engine.attempts a join claimed c on c.attempt_id = a.id;

-- Cancelling.
select job_id as cancelled from claimed limit 1 \gset
select user_id as canceller from atelier.jobs where id = :'cancelled' \gset
select pg_temp.sign_in(:'canceller');
select atelier.cancel_job(:'cancelled') \g /dev/null
select pg_temp.sign_in(:carol);
select results_eq(format($$select c.job_id = %L, b.action from atelier.heartbeat_jobs(%L, (
    select jsonb_agg(jsonb_build_object('attempt_id', attempt_id)) from claimed)) b join claimed c using (attempt_id) order by 1$$, :'cancelled', :'worker'),
  $$values (false, 'continue'), (true, 'stop')$$, 'a worker is told to stop what was cancelled');
select pg_temp.sign_out();
select is((pg_temp.job(:'cancelled')).status, 'cancelled', 'and the job is cancelled');

-- A job that takes too long, a lease that runs out, and a server that was down.
update atelier_engine.attempts set claimed_at = claimed_at - interval '2 hours' where id in (select attempt_id from claimed);
select pg_temp.sign_in(:carol);
select is((select array_agg(distinct action) from atelier.heartbeat_jobs(:'worker', (
  select jsonb_agg(jsonb_build_object('attempt_id', attempt_id)) from claimed))), '{stop}', 'nobody is at a job for longer than total_timeout_ms');
select pg_temp.sign_out();
select job_id as late from claimed where job_id <> :'cancelled' \gset
update atelier_engine.queue set lease_expires_at = clock_timestamp() - interval '1 s' where job_id = :'late';
update atelier.jobs set estimated_seconds = 86400 where id = :'late';
select is(atelier_engine.reap_expired_leases(), 0, 'no lease runs out that could not be extended because the server was down');
update atelier.jobs set estimated_seconds = 0 where id = :'late';
create or replace function atelier_engine.up_since() returns timestamptz language sql stable as $$ select now() - interval '1 hour' $$;
select is(atelier_engine.reap_expired_leases(), 1, 'others do');
select is((pg_temp.attempt((select attempt_id from claimed where job_id = :'late'))).state, 'ambiguous', 'the attempt is settled like any other');
select is((pg_temp.queued(:'late')).state, 'waiting', 'and the job waits for its next try');

-- A dispatcher that starts anew leaves the jobs of workers alone; a worker that does, does not.
select pg_temp.sign_in(:carol);
create temp table again as select * from atelier.claim_jobs(:'worker', 1);
grant all on again to public;
select pg_temp.become('atelier_worker');
select is(atelier_engine.settle_attempts(null, 'a new dispatcher'), 0, 'a new dispatcher leaves workers alone');
select pg_temp.sign_in(:carol);
select is((atelier.register_worker('gpu-1', 'atelier-runner', max_jobs => 3)).id, :'worker'::uuid, 'a worker that starts again is the same one');
select pg_temp.sign_out();
select is((pg_temp.attempt((select attempt_id from again))).state, 'ambiguous', 'and what it had is settled');

-- Silent, and gone.
update atelier.workers set last_heartbeat_at = now() - interval '2 minutes' where id = :'worker';
select pg_temp.sign_in(:carol);
select results_eq('select name, is_healthy, problem, max_jobs from atelier.health_check_workers()',
  $$values ('gpu-1', false, 'not heard of for too long', 3), ('gpu-2', true, null, 1)$$, 'who is silent is not healthy');
select lives_ok(format('select atelier.unregister_worker(%L)', :'worker'), 'a worker is removed');
select pg_temp.sign_out();
select is_empty($$select from atelier.endpoints where name = 'worker gpu-1'$$, 'with its endpoint');

-- A copy.
update atelier_engine.instance set database_oid = 1;
set local role service_role;
select throws_ok(format('select atelier.claim_jobs(%L)', :'other'), 'PT503', 'this database does not dispatch jobs', 'a copy hands nothing out');
select throws_ok(format('select atelier.heartbeat_jobs(%L)', :'other'), 'PT503', null, 'and extends nothing');
reset role;
select finish();
rollback;
