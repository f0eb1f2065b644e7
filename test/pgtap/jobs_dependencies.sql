-- Jobs that wait for other jobs.
begin;
\ir support/jobs.sql
select plan(39);
update atelier.endpoints set max_concurrency = 100 where name = 'test endpoint';

select pg_temp.queue(:alice, 'base') as base, pg_temp.queue(:alice, 'other') as other \gset
select pg_temp.queue(:alice, 'both', format(', depends_on => array[%L, %L]::uuid[]', :'base', :'other')) as both \gset
select pg_temp.queue(:alice, 'after both', format(', depends_on => array[%L]::uuid[]', :'both')) as last \gset
select is((pg_temp.queued(:'both')).state, 'blocked', 'a job waits for those it depends on');
select is((pg_temp.queued(:'last')).state, 'blocked', 'also in a chain');
select results_eq(format('select depends_on_job_id from atelier.job_dependencies where job_id = %L order by 1', :'both'),
  format('select unnest(array[%L, %L]::uuid[]) order by 1', :'base', :'other'), 'what it depends on is written down');
select pg_temp.claim(:'base') as base_attempt \gset
select is((pg_temp.queued(:'both')).state, 'blocked', 'it is not claimed');
select pg_temp.succeed(:'base_attempt');
select is((pg_temp.queued(:'both')).state, 'blocked', 'one of two is not enough');
select pg_temp.succeed((pg_temp.queued(:'other')).attempt_id);
select is((pg_temp.queued(:'both')).state, 'ready', 'when all are completed it is ready');
select is((pg_temp.queued(:'last')).state, 'blocked', 'the next one still waits');
select pg_temp.succeed(pg_temp.claim(:'both'));
select is((pg_temp.queued(:'last')).state, 'ready', 'until it is its turn');
select is((pg_temp.queued(pg_temp.queue(:alice, 'late', format(', depends_on => array[%L]::uuid[]', :'base')))).state, 'ready',
  'a completed dependency blocks nothing');
select is((pg_temp.queued(pg_temp.queue(:alice, 'free', ', depends_on => null'))).state, 'ready', 'no dependency blocks nothing');

-- Failure spreads.
select pg_temp.queue(:alice, 'will fail') as doomed \gset
select pg_temp.queue(:alice, 'child', format(', depends_on => array[%L]::uuid[]', :'doomed')) as child \gset
select pg_temp.queue(:alice, 'grandchild', format(', depends_on => array[%L]::uuid[]', :'child')) as grandchild \gset
select pg_temp.fail(pg_temp.claim(:'doomed'), 'invalid_input', 'no');
select results_eq(format('select status, error_class from atelier.jobs where id in (%L, %L)', :'child', :'grandchild'),
  $$values ('failed', 'dependency'), ('failed', 'dependency')$$, 'what depends on a failed job fails');
select is((select count(*) from atelier.events where ref in (:'child', :'grandchild') and kind = 'job.failed'), 2::bigint, 'each with its event');
select is_empty(format('select from atelier_engine.queue where job_id in (%L, %L)', :'child', :'grandchild'), 'they have left the queue');
select pg_temp.queue(:alice, 'will be cancelled') as unwanted \gset
select pg_temp.queue(:alice, 'child of it', format(', depends_on => array[%L]::uuid[]', :'unwanted')) as unwanted_child \gset
select pg_temp.sign_in(:alice);
select is((select status from atelier.cancel_job(:'unwanted')), 'cancelled', 'a job is cancelled');
select pg_temp.sign_out();
select is((pg_temp.job(:'unwanted_child')).status, 'failed', 'what depends on it fails');

-- Policies for what does not complete.
select pg_temp.queue(:alice, 'first') as one, pg_temp.queue(:alice, 'second') as two \gset
select pg_temp.queue(:alice, 'skips', format($$, depends_on => array[%L]::uuid[], on_dependency_failure => 'skip'$$, :'one')) as skips \gset
select pg_temp.queue(:alice, 'starts', format($$, depends_on => array[%L, %L]::uuid[], on_dependency_failure => 'start'$$, :'one', :'two')) as starts \gset
select pg_temp.queue(:alice, 'after the skipped', format($$, depends_on => array[%L]::uuid[]$$, :'skips')) as after_skip \gset
select pg_temp.queue(:alice, 'whatever', format($$, depends_on => array[%L]::uuid[], on_dependency_failure => 'start'$$, :'after_skip')) as whatever \gset
select pg_temp.fail(pg_temp.claim(:'one'), 'invalid_input');
select row_eq(format('select status, error_class from atelier.jobs where id = %L', :'skips'), row('cancelled'::text, 'dependency'::text), 'skip cancels the job');
select is((select kind from atelier.events where ref = :'skips'), 'job.cancelled', 'and tells');
select is((pg_temp.job(:'after_skip')).status, 'failed', 'what depends on a skipped job goes by its own policy');
select is((pg_temp.queued(:'whatever')).state, 'ready', 'down the chain');
select is((pg_temp.queued(:'starts')).state, 'blocked', 'start waits until all have ended');
select pg_temp.succeed((pg_temp.queued(:'two')).attempt_id);
select is((pg_temp.queued(:'starts')).state, 'ready', 'and then starts');
select is((pg_temp.queued(pg_temp.queue(:alice, 'late', format($$, depends_on => array[%L]::uuid[], on_dependency_failure => 'start'$$, :'one')))).state, 'ready',
  'with start, a job that failed before blocks nothing');

-- Waiting for a time, too.
select pg_temp.queue(:alice, 'slow') as slow \gset
select pg_temp.queue(:alice, 'timed', format($$, depends_on => array[%L]::uuid[], run_at => now() + interval '1 hour'$$, :'slow')) as timed \gset
select is((pg_temp.queued(:'timed')).state, 'blocked', 'a job may wait for others and for a time');
select pg_temp.succeed(pg_temp.claim(:'slow'));
select row_eq(format('select state, run_at from atelier_engine.queue where job_id = %L', :'timed'), row('waiting'::text, (pg_temp.job(:'timed')).run_at), 'when the others are completed, the time is still to come');
update atelier_engine.queue set run_at = clock_timestamp() where job_id = :'timed';
select isnt(pg_temp.claim(:'timed'), null, 'and then it is claimed');

-- What ended while the job was being queued.
select pg_temp.queue(:alice, 'a') as a, pg_temp.queue(:alice, 'b') as b \gset
select pg_temp.queue(:alice, 'missed', format(', depends_on => array[%L]::uuid[]', :'a')) as missed \gset
select pg_temp.queue(:alice, 'missed failure', format(', depends_on => array[%L]::uuid[]', :'b')) as missed_failure \gset
create temp table hidden as select * from atelier.job_dependencies where job_id in (:'missed', :'missed_failure');
delete from atelier.job_dependencies where job_id in (:'missed', :'missed_failure');
select pg_temp.succeed(pg_temp.claim(:'a')), pg_temp.fail((pg_temp.queued(:'b')).attempt_id, 'invalid_input');
insert into atelier.job_dependencies select * from hidden;
select pg_temp.become('atelier_worker');
select is(atelier_engine.unblock_just_missed(), 2, 'the janitor finds jobs that missed the end of their dependency');
select is(atelier_engine.unblock_just_missed(), 0, 'once');
select pg_temp.sign_out();
select is((pg_temp.queued(:'missed')).state, 'ready', 'one becomes ready');
select is((pg_temp.job(:'missed_failure')).status, 'failed', 'the other fails');

-- Refusals.
select pg_temp.queue(:bob, 'of bob') as of_bob \gset
select pg_temp.sign_in(:alice);
select throws_ok(format('select atelier.queue_job(''x'', depends_on => array[%L]::uuid[])', :'of_bob'), 'PT404', 'no such job', 'the job of somebody else');
select throws_ok('select atelier.queue_job(''x'', depends_on => array[gen_random_uuid()])', 'PT404', 'no such job', 'an unknown job');
select throws_ok('select atelier.queue_job(''x'', depends_on => array[null]::uuid[])', 'PT404', 'no such job', 'null');
select throws_ok(format('select atelier.queue_job(''x'', depends_on => array[%L]::uuid[])', :'doomed'), 'PT409', 'a job in depends_on will never complete', 'a failed job');
select throws_ok(format('select atelier.queue_job(''x'', depends_on => array[%L]::uuid[])', :'unwanted'), 'PT409', 'a job in depends_on will never complete', 'a cancelled job');
select throws_ok('select atelier.queue_job(''x'', depends_on => array_fill(gen_random_uuid(), array[101]))', '22023', 'too many dependencies', 'more than a hundred');
select throws_ok('select atelier.queue_job(''x'', on_dependency_failure => ''shrug'')', '22023', 'unknown on_dependency_failure', 'an unknown policy');
select throws_ok('select atelier.queue_job(''x'', on_dependency_failure => null)', '22023', 'unknown on_dependency_failure', 'no policy');
select throws_ok('select atelier.queue_job(''x'', run_at => now() + interval ''2 years'')', '22023', 'run_at is too far away', 'a time in the far future');
select lives_ok(format('select atelier.queue_job(''x'', depends_on => array[%1$L, %1$L]::uuid[])', :'base'), 'the same one twice is once');

select * from finish();
rollback;
