-- Cancelling, and looking at what was tried.
begin;
\ir support/jobs.sql
select plan(38);

-- In the queue.
select pg_temp.queue(:alice, 'queued') as queued \gset
select pg_temp.sign_in(:bob);
select throws_ok(format('select atelier.cancel_job(%L)', :'queued'), 'PT404', 'no such job', 'nobody cancels the job of somebody else');
select pg_temp.become('anon');
select throws_ok(format('select atelier.cancel_job(%L)', :'queued'), '42501', null, 'anon cancels nothing');
select pg_temp.become('authenticated');
select throws_ok(format('select atelier.cancel_job(%L)', :'queued'), 'PT404', 'no such job', 'nobody cancels nothing');
select pg_temp.sign_in(:carol);
select throws_ok(format('select atelier.cancel_job(%L)', :'queued'), 'PT404', 'no such job', 'admins look, they do not cancel');
select pg_temp.sign_in(:alice);
select throws_ok('select atelier.cancel_job(gen_random_uuid())', 'PT404', 'no such job', 'an unknown job');
select throws_ok('select atelier.cancel_job(null)', 'PT404', 'no such job', 'no job');
select pg_temp.sign_out();
select is((pg_temp.queued(:'queued')).state, 'ready', 'so far nothing happened');
select pg_temp.sign_in(:alice);
select is((select status from atelier.cancel_job(:'queued')), 'cancelled', 'the owner cancels a queued job at once');
select is((select status from atelier.cancel_job(:'queued')), 'cancelled', 'again is fine');
select pg_temp.sign_out();
select is((pg_temp.queued(:'queued')).state, null, 'it has left the queue');
select ok(completed_at is not null and error_message is null, 'it has an end and no error') from pg_temp.job(:'queued');
select is((select count(*) from atelier.events where ref = :'queued' and kind = 'job.cancelled'), 1::bigint, 'one event tells');
select is(pg_temp.claim(:'queued'), null, 'it is never claimed');

-- On its way.
select pg_temp.queue(:alice, 'running') as running \gset
select pg_temp.claim(:'running') as attempt \gset
select pg_temp.sign_in(:alice);
select row_eq(format('select status, cancel_requested_at is not null from atelier.cancel_job(%L)', :'running'),
  row('queued'::text, true), 'a job on its way is asked to stop');
select pg_temp.become('atelier_worker');
select results_eq('select attempt_id from atelier_engine.cancel_requests()', array[:'attempt'::uuid], 'the dispatcher learns it');
select ok(atelier_engine.record_cancelled(:'attempt'), 'the courier has stopped');
select ok(not atelier_engine.record_cancelled(:'attempt'), 'only once');
select is_empty('select * from atelier_engine.cancel_requests()', 'then there is nothing to cancel');
select pg_temp.sign_out();
select is((pg_temp.job(:'running')).status, 'cancelled', 'the job is cancelled');
select is((pg_temp.attempt(:'attempt')).state, 'cancelled', 'so is its attempt');

select pg_temp.queue(:alice, 'too late') as late \gset
select pg_temp.claim(:'late') as late_attempt \gset
select pg_temp.sign_in(:alice);
select atelier.cancel_job(:'late');
select ok(pg_temp.succeed(:'late_attempt'), 'a result that arrives first is kept');
select pg_temp.sign_in(:alice);
select is((select status from atelier.cancel_job(:'late')), 'completed', 'a finished job stays finished');
select pg_temp.sign_out();

-- Held, waiting, lost.
update atelier.endpoints set ambiguity_policy = 'hold' where name = 'test endpoint';
select pg_temp.queue(:alice, 'held') as held \gset
select pg_temp.fail(pg_temp.claim(:'held'), 'ambiguous');
select pg_temp.sign_in(:alice);
select is((select status from atelier.cancel_job(:'held')), 'cancelled', 'a held job is cancelled at once');
select pg_temp.queue(:alice, 'waiting') as waiting \gset
select pg_temp.fail(pg_temp.claim(:'waiting'), 'overload');
select pg_temp.sign_in(:alice);
select row_eq(format('select status, error_message from atelier.cancel_job(%L)', :'waiting'), row('cancelled'::text, null::text),
  'so is one between two tries');
select pg_temp.queue(:alice, 'parked') as parked \gset
update atelier_engine.queue set state = 'parked' where job_id = :'parked';
select pg_temp.sign_in(:alice);
select is((select status from atelier.cancel_job(:'parked')), 'cancelled', 'so is one that is parked');
select pg_temp.queue(:alice, 'needed') as needed \gset
select pg_temp.queue(:alice, 'needs it', format(', depends_on => array[%L]::uuid[]', :'needed')) as needing \gset
select pg_temp.queue(:alice, 'needs that', format(', depends_on => array[%L]::uuid[]', :'needing')) as needing_that \gset
select pg_temp.claim(:'needed') as needed_attempt \gset
select pg_temp.sign_in(:alice);
select atelier.cancel_job(:'needed');
select pg_temp.become('atelier_worker');
select atelier_engine.record_cancelled(:'needed_attempt');
select pg_temp.sign_out();
select row_eq(format('select status, error_class from atelier.jobs where id = %L', j), row('failed'::text, 'dependency'::text), 'what waits for a cancelled job fails with it')
  from unnest(array[:'needing', :'needing_that']) j;
select pg_temp.queue(:alice, 'lost') as lost \gset
select pg_temp.claim(:'lost') as lost_attempt \gset
select pg_temp.sign_in(:alice);
select atelier.cancel_job(:'lost');
select pg_temp.become('atelier_worker');
select atelier_engine.settle_attempts(null, 'the courier died');
select pg_temp.sign_out();
select is((pg_temp.job(:'lost')).status, 'cancelled', 'a cancelled job whose carrier dies is not repeated');
select pg_temp.queue(:alice, 'by the back end') as by_service \gset
select pg_temp.become('service_role');
select is((select status from atelier.cancel_job(:'by_service')), 'cancelled', 'the service role cancels for everybody');

-- What was tried.
select pg_temp.queue(:alice, 'tried') as tried \gset
select pg_temp.fail(pg_temp.claim(:'tried'), 'overload', 'too busy');
update atelier_engine.queue set run_at = clock_timestamp() where job_id = :'tried';
select pg_temp.succeed(pg_temp.claim(:'tried'));
update atelier_engine.attempts set ready_at = '2026-01-01 00:00:00+00', claimed_at = '2026-01-01 00:00:00.010+00',
       sent_at = '2026-01-01 00:00:00.015+00', first_byte_at = '2026-01-01 00:00:01.015+00', recorded_at = '2026-01-01 00:00:01.045+00'
 where job_id = :'tried' and number = 2;
select pg_temp.sign_in(:alice);
select results_eq(format('select attempt, state, endpoint, error_class, error_message from atelier.job_attempts(%L)', :'tried'),
  $$values (1, 'failed', 'test endpoint', 'overload', 'too busy'), (2, 'succeeded', 'test endpoint', null, null)$$,
  'the owner sees each attempt');
select results_eq(format('select waited_ms, submitting_ms, computing_ms, ingesting_ms from atelier.job_attempts(%L) where attempt = 2', :'tried'),
  $$values (10::bigint, 5::bigint, 1000::bigint, 30::bigint)$$, 'and where the time went');
select is_empty(format('select from atelier.job_attempts(%L)', :'queued'), 'a job that was never tried has none');
select pg_temp.sign_in(:bob);
select throws_ok(format('select atelier.job_attempts(%L)', :'tried'), 'PT404', 'no such job', 'others do not');
select pg_temp.sign_in(:carol);
select is((select count(*) from atelier.job_attempts(:'tried')), 2::bigint, 'admins do');
select pg_temp.become('service_role');
select is((select count(*) from atelier.job_attempts(:'tried')), 2::bigint, 'so does the service role');
select pg_temp.become('anon');
select throws_ok(format('select atelier.job_attempts(%L)', :'tried'), '42501', null, 'anon does not');

-- generate() commits, so inside a transaction it can only refuse.
select pg_temp.sign_in(:alice);
select throws_ok($$call atelier.generate('x')$$, '2D000', null, 'generate() needs to commit');
select throws_ok($$call atelier.generate('')$$, '22023', 'prompt is empty', 'it refuses what queue_job() refuses');

select * from finish();
rollback;
