-- Schedules: made, run, missed, paused, deleted.
begin;
\ir support/jobs.sql
select plan(53);
select function_privs_are('atelier', 'create_schedule', array['text', 'jsonb', 'text', 'interval', 'text', 'text', 'timestamptz', 'timestamptz'],
  'anon', array[]::text[], 'anon may not make schedules');
create function pg_temp.schedule(p_user uuid, p_options text) returns atelier.schedules language plpgsql as $$
declare
  made atelier.schedules;
begin
  perform pg_temp.sign_in(p_user);
  execute format('select * from atelier.create_schedule(%s)', p_options) into made;
  perform pg_temp.sign_out();
  return made;
end $$;
-- As if the schedule had been due so long ago.
create function pg_temp.make_late(p_schedule uuid, p_by interval) returns void language sql as
$$ update atelier.schedules set starts_at = clock_timestamp() - interval '365 days 30 minutes',
     next_run_at = date_trunc('minute', clock_timestamp() - p_by) where id = p_schedule $$;
create function pg_temp.tick() returns bigint language plpgsql as $$
declare
  left_ms bigint;
begin
  perform pg_temp.become('atelier_worker');
  left_ms := atelier_engine.run_schedules();
  perform pg_temp.sign_out();
  return left_ms;
end $$;
create function pg_temp.jobs_of(p_schedule uuid) returns bigint language sql as $$ select count(*) from atelier.jobs where schedule_id = p_schedule $$;

-- Made.
select is(pg_temp.tick(), null, 'without schedules nothing is due');
create temp table hourly as select * from pg_temp.schedule(:alice, $$'hourly', '{"prompt": "a circle", "parameters": {"steps": 5}}', every => '1 hour'$$);
grant select on hourly to public;
select row_eq('select user_id, name, is_active, misfire_policy, time_zone, run_count, cron from hourly',
  row(:alice::uuid, 'hourly'::text, true, 'once'::text, 'UTC'::text, 0::bigint, null::text), 'a schedule is made');
select is((select next_run_at - starts_at from hourly), interval '1 hour', 'every counts from the start');
select ok(pg_temp.tick() between 3590000 and 3600000, 'the janitor hears when the next one is due');
select is(pg_temp.jobs_of((select id from hourly)), 0::bigint, 'nothing runs before its time');
create temp table daily as select * from pg_temp.schedule(:alice, $$'daily', '{"prompt": "a square"}', cron => '30 9 * * *', time_zone => 'America/New_York', misfire_policy => 'skip'$$);
select is((select to_char(next_run_at at time zone 'America/New_York', 'HH24:MI') from daily), '09:30', 'cron goes by the clocks of the time zone');
select is((pg_temp.schedule(:alice, $$'later', '{"prompt": "x"}', every => '1 day', starts_at => now() + interval '3 days'$$)).next_run_at, now() + interval '3 days', 'the first run may be in the future');

-- Run.
select pg_temp.make_late((select id from hourly), '1 minute');
select pg_temp.tick();
select row_eq($$select user_id, original_prompt, parameters -> 'steps', status, run_at = date_trunc('minute', run_at) from atelier.jobs where schedule_id = (select id from hourly)$$,
  row(:alice::uuid, 'a circle'::text, '5'::jsonb, 'queued'::text, true), 'what is due is queued');
select is((select q.state from atelier_engine.queue q join atelier.jobs j on j.id = q.job_id where j.schedule_id = (select id from hourly)), 'ready', 'ready to start');
select row_eq('select run_count, failure_count, last_error, next_run_at > clock_timestamp(), last_run_at is not null from atelier.schedules where id = (select id from hourly)',
  row(1::bigint, 0, null::text, true, true), 'the schedule notes it');
select pg_temp.tick();
select is(pg_temp.jobs_of((select id from hourly)), 1::bigint, 'once');
select throws_ok($$insert into atelier.jobs (user_id, job_type, schedule_id, run_at) select user_id, 'image_fast', schedule_id, run_at from atelier.jobs where schedule_id = (select id from hourly)$$,
  '23505', null, 'one time of a schedule cannot make two jobs');

-- Missed.
select (pg_temp.schedule(:alice, format($$%L, '{"prompt": "x"}', cron => '* * * * *', misfire_policy => %L$$, p, p))).id as id, p as policy into temp missed from unnest('{skip,once,all}'::text[]) p;
select pg_temp.make_late(id, interval '30 minutes') from missed;
select pg_temp.tick();
select cmp_ok((select pg_temp.jobs_of(id) from missed where policy = 'skip'), '<=', 6::bigint, 'skip leaves out what is later than five minutes');
select cmp_ok((select pg_temp.jobs_of(id) from missed where policy = 'skip'), '>=', 5::bigint, 'but not the rest');
select is((select pg_temp.jobs_of(id) from missed where policy = 'once'), 1::bigint, 'once makes one job of many');
-- A minute may have passed since.
select ok((select min(run_at) between date_trunc('minute', clock_timestamp() - interval '31 minutes') and clock_timestamp() - interval '30 minutes'
             from atelier.jobs where schedule_id = (select id from missed where policy = 'once')), 'of the first');
select cmp_ok((select pg_temp.jobs_of(id) from missed where policy = 'all'), '>=', 30::bigint, 'all makes up for each');
select ok((select bool_and(next_run_at > clock_timestamp() - interval '1 minute') from atelier.schedules), 'all of them go on from now');
select pg_temp.make_late(id, interval '7 days') from missed where policy = 'all';
select count(*) as before from atelier.jobs where schedule_id = (select id from missed where policy = 'all') \gset
select pg_temp.tick();
select is((select pg_temp.jobs_of(id) from missed where policy = 'all') - :before, 100::bigint, 'but for at most a hundred');
delete from atelier.schedules where id in (select id from missed);
select is((select count(*) from atelier.jobs where original_prompt = 'x' and schedule_id is null) > 100, true, 'jobs outlive their schedule');
update atelier.schedules set ends_at = clock_timestamp() - interval '1 minute' where id = (select id from hourly);
select pg_temp.make_late((select id from hourly), '10 minutes');
select pg_temp.tick();
select row_eq('select run_count, next_run_at from atelier.schedules where id = (select id from hourly)', row(2::bigint, null::timestamptz), 'after its end it runs no more');
update atelier.schedules set ends_at = null where id = (select id from hourly);

-- What cannot be queued.
select (pg_temp.schedule(:bob, $$'bad', '{"prompt": "y"}', cron => '* * * * *', misfire_policy => 'all'$$)).id as bad \gset
update atelier.profiles set is_active = false where id = :bob;
select pg_temp.make_late(:'bad', '1 minute');
update atelier.schedules set next_run_at = date_trunc('minute', clock_timestamp()) where id = :'bad';
select pg_temp.tick();
select row_eq(format('select run_count, failure_count, last_error, is_active from atelier.schedules where id = %L', :'bad'), row(0::bigint, 1, 'the account is deactivated'::text, true), 'a run that fails says why, and the schedule goes on');
select pg_temp.make_late(:'bad', '1 hour');
select pg_temp.tick();
select row_eq(format('select failure_count, is_active from atelier.schedules where id = %L', :'bad'), row(10, false), 'ten failures in a row pause it');
update atelier.profiles set is_active = true where id = :bob;
select pg_temp.sign_in(:bob);
select row_eq(format('select is_active, failure_count, next_run_at > now() from atelier.resume_schedule(%L)', :'bad'), row(true, 0, true), 'and its owner resumes it');
select pg_temp.sign_out();
select pg_temp.make_late(:'bad', '1 minute');
set local atelier.max_unfinished_jobs_per_user = 1;
select pg_temp.queue(:bob, 'the one') \g /dev/null
select pg_temp.tick();
select is((select last_error from atelier.schedules where id = :'bad'), 'too many unfinished jobs', 'schedules count like calls');
set local atelier.max_unfinished_jobs_per_user = 1000;

-- Paused, resumed, deleted.
select pg_temp.sign_in(:alice);
select is((select is_active from atelier.pause_schedule((select id from hourly))), false, 'the owner pauses a schedule');
select pg_temp.sign_out();
select pg_temp.make_late((select id from hourly), '1 minute');
select pg_temp.tick();
select is(pg_temp.jobs_of((select id from hourly)), 2::bigint, 'a paused schedule rests');
select pg_temp.sign_in(:alice);
select ok((select next_run_at > clock_timestamp() and is_active from atelier.resume_schedule((select id from hourly))), 'resumed it goes on with what is next');
select pg_temp.sign_in(:bob);
select throws_ok(format('select atelier.pause_schedule(%L)', (select id from hourly)), 'PT404', 'no such schedule', 'others cannot pause it');
select throws_ok(format('select atelier.resume_schedule(%L)', (select id from hourly)), 'PT404', 'no such schedule', 'nor resume it');
select is_empty(format('delete from atelier.schedules where id = %L returning id', (select id from hourly)), 'nor delete it');
select throws_ok('update atelier.schedules set next_run_at = now()', '42501', null, 'nobody changes one by hand');
select pg_temp.sign_in(:alice);
select isnt_empty(format('delete from atelier.schedules where id = %L returning id', (select id from hourly)), 'its owner deletes it');
select pg_temp.sign_out();
delete from atelier_engine.instance;
select is(pg_temp.tick(), null, 'a database that is not adopted runs no schedules');

-- Refusals.
select pg_temp.sign_in(:alice);
create function pg_temp.refused(p_options text, p_state text, p_message text, p_name text) returns text language sql as
$$ select throws_ok(format('select atelier.create_schedule(%s)', p_options), p_state, p_message, p_name) $$;
select pg_temp.refused($$'x', '{"prompt": "x"}'$$, '22023', 'a schedule needs either cron or every', 'no time');
select pg_temp.refused($$'x', '{"prompt": "x"}', cron => '@daily', every => '1 day'$$, '22023', 'a schedule needs either cron or every', 'two kinds of time');
select pg_temp.refused($$'x', '{"prompt": "x"}', cron => '99 * * * *'$$, '22023', 'not a cron expression', 'a bad cron expression');
select pg_temp.refused($$'x', '{"prompt": "x"}', cron => '0 0 30 2 *'$$, '22023', 'the schedule would never run', 'a date that never comes');
select pg_temp.refused($$'x', '{"prompt": "x"}', cron => '@daily', time_zone => 'Mars/Base'$$, '22023', null, 'an unknown time zone');
select pg_temp.refused($$'x', '{"prompt": "x"}', every => '59 seconds'$$, '22023', 'every is out of range', 'more often than once a minute');
select pg_temp.refused($$'x', '{"prompt": "x"}', every => '1 month'$$, '22023', 'every is out of range', 'months');
select pg_temp.refused($$'x', '{"prompt": "x"}', every => '1 day', misfire_policy => 'never'$$, '22023', 'unknown misfire_policy', 'an unknown policy');
select pg_temp.refused($$'x', '{"prompt": "x"}', every => '1 day', ends_at => now() - interval '1 day'$$, '22023', 'the schedule would never run', 'an end in the past');
select pg_temp.refused($$' ', '{"prompt": "x"}', every => '1 day'$$, '22023', 'a schedule needs a name of at most 100 characters', 'no name');
select pg_temp.refused($$'x', '{"prompt": ""}', every => '1 day'$$, '22023', 'prompt is empty', 'a request that cannot be queued');
select pg_temp.refused($$'x', '{"prompt": "x", "parameters": {"steps": 0}}', every => '1 day'$$, '22023', 'invalid parameter', 'or with wrong parameters');
select pg_temp.refused($$'x', '{"prompt": "x", "run_at": "2027-01-01"}', every => '1 day'$$, '22023', 'a scheduled request has no run_at, idempotency_key or depends_on', 'a time of its own');
select pg_temp.refused($$'x', '{"prompt": "x", "idempotency_key": "k"}', every => '1 day'$$, '22023', 'a scheduled request has no run_at, idempotency_key or depends_on', 'a key');
select pg_temp.refused($$'x', '{"prompt": "x", "priority": 1}', every => '1 day'$$, '42501', 'only the service role may raise the priority', 'a higher priority');
select pg_temp.refused($$'x', '[]', every => '1 day'$$, '22023', 'request must be a JSON object', 'an array for a request');
select pg_temp.become('authenticated');
select pg_temp.refused($$'x', '{"prompt": "x"}', every => '1 day'$$, 'PT401', 'sign in to queue a job', 'nobody');
select pg_temp.sign_in(:alice);
do $$ begin perform from generate_series(1, 98) n, lateral atelier.create_schedule('n' || n, '{"prompt": "x"}', every => '1 day'); end $$;
select pg_temp.refused($$'x', '{"prompt": "x"}', every => '1 day'$$, 'PT409', 'too many schedules', 'more than a hundred');
select pg_temp.sign_out();

select * from finish();
rollback;
