-- Fairness: whose job is claimed next. Priority, then virtual time in estimated seconds over the weight of the tier.
begin;
\ir support/jobs.sql
select plan(29);
update atelier.endpoints set max_concurrency = 1000 where name = 'test endpoint';
update atelier.api_models set estimated_seconds = 1;

create function pg_temp.queue_many(p_user uuid, p_name text, p_count integer, p_options text default '') returns void language sql as
$$ select pg_temp.queue(p_user, p_name || ' ' || n, p_options) from generate_series(1, p_count) n $$;
-- The prompts of the next jobs, in the order of the claims.
create function pg_temp.next(p_count integer) returns text[] language plpgsql as $$
declare
  prompts text[];
begin
  perform pg_temp.become('atelier_worker');
  select array_agg(c.parameters::jsonb ->> 'prompt' order by c.place) into prompts
    from rows from (atelier_engine.claim_jobs(p_count)) with ordinality
           c (attempt_id, job_id, adapter, url, model, parameters, secret, auth_header, connect_timeout_ms, first_byte_timeout_ms,
              total_timeout_ms, max_output_bytes, private_network, place);
  perform pg_temp.sign_out();
  return prompts;
end $$;
create function pg_temp.clear() returns void language sql as $$ delete from atelier.jobs $$;

-- Many jobs of one do not delay the few of others.
select pg_temp.queue_many(:alice, 'alice', 50) \g /dev/null
select is(pg_temp.next(3), '{alice 1,alice 2,alice 3}', 'one user''s jobs go in their order');
select pg_temp.queue(:bob, 'bob 1') \g /dev/null
select pg_temp.queue(:carol, 'carol 1') \g /dev/null
select set_eq(format('select unnest(%L::text[])', pg_temp.next(3)), array['alice 4', 'bob 1', 'carol 1'], 'a new user''s first job is among the next');
select pg_temp.queue_many(:bob, 'more of bob', 3) \g /dev/null
select set_eq(format('select unnest(%L::text[])', pg_temp.next(6)), array['alice 5', 'alice 6', 'alice 7', 'more of bob 1', 'more of bob 2', 'more of bob 3'],
  'then they take turns');
select is((select count(*) from atelier_engine.queue where state = 'ready'), 43::bigint, 'nothing else was claimed');
select is(pg_temp.next(2), '{alice 8,alice 9}', 'who is alone gets everything');

-- Nobody saves up turns.
select pg_temp.queue_many(:bob, 'late', 10) \g /dev/null
select is(cardinality(array(select p from unnest(pg_temp.next(10)) p where p ~ 'late')), 5, 'nor has he who was away anything in store');
select pg_temp.clear() \g /dev/null

-- Estimates.
select pg_temp.queue_many(:alice, 'long', 5, $$, parameters => '{"steps": 100}'$$) \g /dev/null
select pg_temp.queue_many(:bob, 'short', 20) \g /dev/null
select is((select array_agg(distinct cost order by cost) from atelier_engine.queue), '{1,4}'::double precision[], 'four times the steps cost four times as much');
select is(cardinality(array(select p from unnest(pg_temp.next(10)) p where p ~ 'long')), 2, 'seconds are shared, not counts of jobs');
select pg_temp.clear() \g /dev/null

-- Weights.
select results_eq('select tier, weight, max_running_jobs from atelier.scheduling_tiers order by weight',
  $$ values ('inactive', 1::double precision, null::integer), ('starter', 2, null), ('pro', 4, null), ('creator', 8, null) $$, 'the tiers that come along');
update atelier.profiles set subscription_status = 'pro' where id = :bob;
select pg_temp.queue_many(:alice, 'alice', 20) \g /dev/null
select pg_temp.queue_many(:bob, 'bob', 20) \g /dev/null
select is(cardinality(array(select p from unnest(pg_temp.next(10)) p where p ~ 'bob')), 8, 'who weighs four times as much gets four times as much');
delete from atelier.scheduling_tiers;
select pg_temp.queue(:bob, 'without a tier') as plain \gset
select is((pg_temp.queued(:'plain')).cost, 1::double precision, 'without a tier the weight is 1');
insert into atelier.scheduling_tiers (tier, weight) values ('pro', 4);
select throws_ok($$ insert into atelier.scheduling_tiers (tier, weight) values ('free', 0) $$, '23514', null, 'a weight of nothing is refused');
select throws_ok($$ insert into atelier.scheduling_tiers (tier, max_running_jobs) values ('none', 0) $$, '23514', null, 'so is a cap of nothing');
update atelier.profiles set subscription_status = 'inactive' where id = :bob;
select pg_temp.clear() \g /dev/null

-- Priority comes before fairness, and each has a clock of its own.
select pg_temp.queue_many(:alice, 'alice', 5) \g /dev/null
select pg_temp.queue_many(:alice, 'low', 5, ', priority => -1') \g /dev/null
select pg_temp.queue(:bob, 'low of bob', ', priority => -1') \g /dev/null
select is(pg_temp.next(5), '{alice 1,alice 2,alice 3,alice 4,alice 5}', 'a higher priority comes first');
select is((pg_temp.next(2))[1:2] @> '{low of bob}', true, 'within the lower one turns are taken as well');
select is((select count(distinct priority) from atelier_engine.lane_clocks), 2::bigint, 'by a clock of its own');
select pg_temp.clear() \g /dev/null

-- A retry keeps its place.
select pg_temp.queue_many(:alice, 'alice', 3) \g /dev/null
select q.job_id as tried, q.vtime as place from atelier_engine.queue q join atelier.jobs j on j.id = q.job_id where j.original_prompt = 'alice 1' \gset
select is(pg_temp.next(1), '{alice 1}', 'the first is tried');
select pg_temp.fail((pg_temp.queued(:'tried')).attempt_id, 'overload') \g /dev/null
update atelier_engine.queue set run_at = clock_timestamp() where job_id = :'tried';
select is(pg_temp.next(1), '{alice 1}', 'a second try goes before what came later');
select row_eq(format('select vtime, attempt_count from atelier_engine.queue where job_id = %L', :'tried'), row(:place::double precision, 2), 'at the same place');
select is((pg_temp.attempt((pg_temp.queued(:'tried')).attempt_id)).number, 2, 'as the second attempt');
select pg_temp.clear() \g /dev/null

-- What waits for another job gets its place when that is done.
select pg_temp.queue(:alice, 'base') as base \gset
select pg_temp.queue(:alice, 'after', format(', depends_on => array[%L]::uuid[]', :'base')) as after \gset
select is((pg_temp.queued(:'after')).vtime, 0::double precision, 'a blocked job has no place');
select pg_temp.claim(:'base') as base_attempt \gset
select pg_temp.queue_many(:bob, 'bob', 3) \g /dev/null
select pg_temp.succeed(:'base_attempt') \g /dev/null
select is((pg_temp.queued(:'after')).vtime, (select min(q.vtime) from atelier_engine.queue q where q.user_id = :bob), 'it gets one when it may start, beside others');

-- Deleted jobs leave nothing behind.
delete from atelier.jobs where user_id = :alice;
select is_empty(format('select from atelier_engine.attempts where job_id = %L', :'base'), 'a deleted job takes its attempts along');
select is_empty(format('select from atelier_engine.queue where job_id = %L', :'after'), 'and its entry in the queue');
delete from auth.users where id = :bob;
select is_empty('select from atelier_engine.queue', 'so does a deleted account');

-- What was tried at an endpoint that is gone.
select pg_temp.queue(:alice, 'on its way') as on_its_way \gset
select pg_temp.claim(:'on_its_way') as lost \gset
delete from atelier.endpoints where name = 'test endpoint';
select is((pg_temp.attempt(:'lost')).endpoint_name, 'test endpoint', 'the history keeps a deleted endpoint');
select is(pg_temp.fail(:'lost', 'overload'), 'queued', 'and its last answers are recorded');

-- The tiers are for operators.
select pg_temp.sign_in(:carol);
select throws_ok('select * from atelier.scheduling_tiers', '42501', null, 'people do not see them');
select pg_temp.become('service_role');
select lives_ok($$ update atelier.scheduling_tiers set max_running_jobs = 5 where tier = 'pro' $$, 'the service role changes them');

select * from finish();
rollback;
