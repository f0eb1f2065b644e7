-- job_progress(): how far a job has come; how long models take.
begin;
\ir support/jobs.sql
select plan(33);
select function_privs_are('atelier', 'job_progress', array['uuid'], 'anon', array[]::text[], 'anon may not ask');
delete from atelier_engine.model_timings;
create function pg_temp.progress(p_user uuid, p_job uuid) returns table (status text, queue_state text, progress double precision,
  progress_is_estimated boolean, queue_position integer, starts_at timestamptz, ends_at timestamptz, ends_before timestamptz) language plpgsql as $$
begin
  perform pg_temp.sign_in(p_user);
  return query select * from atelier.job_progress(p_job);
  perform pg_temp.sign_out();
end $$;

-- How long models take, of what the latest attempts say.
select pg_temp.queue(:alice, 'n ' || n) as job, n into temp measured from generate_series(1, 20) n;
update atelier.endpoints set max_concurrency = 20 where name = 'test endpoint';
select pg_temp.succeed(pg_temp.claim((select job from measured where n = 1))) \g /dev/null
select pg_temp.succeed((pg_temp.queued(job)).attempt_id) from measured where n > 1 \g /dev/null
update atelier_engine.attempts a set claimed_at = recorded_at - make_interval(secs => m.n) from measured m where a.job_id = m.job;
select pg_temp.become('atelier_worker');
select is(atelier_engine.refresh_timings(), 1, 'the janitor learns from attempts');
select is(atelier_engine.refresh_timings(), 0, 'what it knows it does not write again');
select pg_temp.sign_out();
select row_eq('select samples, round(median_seconds::numeric, 3), round(slow_seconds::numeric, 3) from atelier_engine.model_timings', row(20, 10.500, 19.050), 'median and what is slow');
select row_eq(format('select median_seconds, slow_seconds from atelier_engine.usual_seconds(%L, null, 4)', '00000000-0000-7000-8000-00000000dead'), row(4::double precision, 12::double precision), 'what is not known is estimated');

-- In the queue.
update atelier.endpoints set max_concurrency = 2 where name = 'test endpoint';
select pg_temp.queue(:alice, 'first') as first, pg_temp.queue(:alice, 'second') as second \gset
select pg_temp.queue(:alice, 'third') as third \gset
update atelier_engine.queue set vtime = case job_id when :'first' then 1001 when :'second' then 1002 else 1003 end;
select row_eq(format('select status, queue_state, queue_position, progress from pg_temp.progress(%L, %L)', :alice, :'first'), row('queued'::text, 'ready'::text, 1, null::double precision), 'the first in the queue');
select is((select queue_position from pg_temp.progress(:alice, :'third')), 3, 'the third one');
select cmp_ok((select starts_at from pg_temp.progress(:alice, :'second')), '<', clock_timestamp() + interval '1 second', 'two slots: the second starts at once');
select ok((select starts_at between clock_timestamp() + interval '4 seconds' and clock_timestamp() + interval '6 seconds' from pg_temp.progress(:alice, :'third')), 'the third when one of them is done');
select is((select ends_at - starts_at from pg_temp.progress(:alice, :'third')), interval '10.5 seconds', 'it takes as long as usual');
select ok((select ends_before > ends_at from pg_temp.progress(:alice, :'third')), 'or longer');
update atelier_engine.queue set priority = 5 where job_id = :'third';
select is((select queue_position from pg_temp.progress(:alice, :'third')), 1, 'a higher priority comes first');
select is((select queue_position from pg_temp.progress(:alice, :'second')), 3, 'before the others');
update atelier_engine.queue set priority = 0 where job_id = :'third';
insert into atelier_engine.queue (job_id, model_id, priority, user_id, vtime) select gen_random_uuid(), model_id, 0, user_id, 1000 from atelier_engine.queue, generate_series(1, 10100) where job_id = :'third';
select is((select queue_position from pg_temp.progress(:alice, :'third')), 10001, 'nobody counts further than ten thousand');
delete from atelier_engine.queue where vtime = 1000;
select pg_temp.queue(:alice, 'after', format(', depends_on => array[%L]::uuid[]', :'third')) as after \gset
select row_eq(format('select queue_state, queue_position, starts_at, ends_at from pg_temp.progress(%L, %L)', :alice, :'after'), row('blocked'::text, null::integer, null::timestamptz, null::timestamptz), 'nobody knows when a blocked job starts');
select pg_temp.queue(:alice, 'later', ', run_at => now() + interval ''1 day''') as later \gset
select row_eq(format('select queue_state, queue_position, starts_at from pg_temp.progress(%L, %L)', :alice, :'later'), row('waiting'::text, null::integer, (pg_temp.queued(:'later')).run_at), 'one that waits for its time starts then');
update atelier.endpoints set is_active = false where name = 'test endpoint';
select row_eq(format('select queue_position, starts_at from pg_temp.progress(%L, %L)', :alice, :'first'), row(1, null::timestamptz), 'without an endpoint nothing starts');
update atelier.endpoints set is_active = true where name = 'test endpoint';

-- At an endpoint.
select pg_temp.claim(:'first') as attempt \gset
select row_eq(format('select status, queue_state, queue_position, progress_is_estimated from pg_temp.progress(%L, %L)', :alice, :'first'), row('queued'::text, 'leased'::text, null::integer, true), 'on its way');
update atelier_engine.attempts set claimed_at = clock_timestamp() - interval '5.25 seconds' where id = :'attempt';
select ok((select progress between 0.49 and 0.55 from pg_temp.progress(:alice, :'first')), 'half of the usual time is half of the work');
select ok((select ends_at between clock_timestamp() + interval '4 seconds' and clock_timestamp() + interval '6 seconds' from pg_temp.progress(:alice, :'first')), 'the other half is still to come');
update atelier_engine.attempts set claimed_at = clock_timestamp() - interval '1 hour' where id = :'attempt';
select is((select progress from pg_temp.progress(:alice, :'first')), 0.95::double precision, 'an estimate never says that it is done');
select ok((select ends_at >= clock_timestamp() - interval '1 second' from pg_temp.progress(:alice, :'first')), 'nor that it should have been');
select is(atelier_engine.attempt_progress(:'attempt'), null, 'the server has said nothing');
select is(atelier_engine.attempt_progress(null), null, 'nothing is nothing');

-- Done.
select pg_temp.succeed(:'attempt');
select row_eq(format('select status, queue_state, progress, progress_is_estimated, ends_at from pg_temp.progress(%L, %L)', :alice, :'first'),
  row('completed'::text, null::text, 1::double precision, false, (pg_temp.job(:'first')).completed_at), 'a completed job is done');
select pg_temp.fail((pg_temp.queued(:'second')).attempt_id, 'invalid_input');
select row_eq(format('select status, progress from pg_temp.progress(%L, %L)', :alice, :'second'), row('failed'::text, null::double precision), 'a failed one never will be');

-- For whom.
select throws_ok(format('select * from pg_temp.progress(%L, %L)', :bob, :'first'), 'PT404', 'no such job', 'others do not see it');
select pg_temp.sign_out();
select throws_ok(format('select * from pg_temp.progress(%L, gen_random_uuid())', :alice), 'PT404', 'no such job', 'an unknown job');
select pg_temp.sign_out();
select isnt_empty(format('select * from pg_temp.progress(%L, %L)', :carol, :'first'), 'admins see it');
select pg_temp.become('service_role');
select isnt_empty(format('select * from atelier.job_progress(%L)', :'first'), 'the service role, too');
select pg_temp.become('atelier_worker');
select throws_ok('select atelier_engine.attempt_progress(gen_random_uuid())', '42501', null, 'workers do not read it');
select pg_temp.sign_out();
delete from atelier.endpoints where name = 'test endpoint';
select is_empty('select from atelier_engine.model_timings', 'what was known of an endpoint goes with it');
select pg_temp.become('atelier_worker');
select lives_ok('select atelier_engine.refresh_timings()', 'attempts at endpoints that are gone do not matter');
select pg_temp.sign_out();

select * from finish();
rollback;
