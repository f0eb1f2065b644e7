-- Caps: how many jobs of a user, a workspace, a model or a token are at endpoints at once, and what is parked meanwhile.
begin;
\ir support/jobs.sql
select plan(47);
update atelier.endpoints set max_concurrency = 1000 where name = 'test endpoint';
update atelier.api_models set estimated_seconds = 1;
update atelier.profiles set subscription_status = 'starter' where id = :alice;

create function pg_temp.queue_many(p_user uuid, p_name text, p_count integer, p_options text default '') returns void language sql as
$$ select pg_temp.queue(p_user, p_name || ' ' || n, p_options) from generate_series(1, p_count) n $$;
create function pg_temp.next(p_count integer) returns text[] language plpgsql as $$
declare
  prompts text[];
begin
  perform pg_temp.become('atelier_worker');
  select coalesce(array_agg(c.parameters::jsonb ->> 'prompt' order by c.parameters::jsonb ->> 'prompt'), '{}') into prompts
    from atelier_engine.claim_jobs(p_count) c;
  perform pg_temp.sign_out();
  return prompts;
end $$;
create function pg_temp.states(p_user uuid) returns text language sql as
$$ select string_agg(s, ' ' order by s) from (select q.state || ' ' || count(*) as s from atelier_engine.queue q where q.user_id = p_user group by q.state) c $$;
create function pg_temp.attempt_of(p_prompt text) returns uuid language sql as
$$ select q.attempt_id from atelier_engine.queue q join atelier.jobs j on j.id = q.job_id where j.original_prompt = p_prompt $$;
create function pg_temp.succeed_with(p_prompt text) returns void language sql as $$ select pg_temp.succeed(pg_temp.attempt_of(p_prompt)) $$;
-- The claim forgets the groups of which nothing is left.
create function pg_temp.clear() returns void language plpgsql as $$
begin
  delete from atelier.jobs;
  perform pg_temp.next(1);
end $$;

-- A user.
update atelier.scheduling_tiers set max_running_jobs = 2 where tier = 'starter';
select pg_temp.queue_many(:alice, 'alice', 6) \g /dev/null
select is(pg_temp.states(:alice), 'parked 4 ready 2', 'as many are ready as may run, the others are parked');
select results_eq('select user_id, workspace_id from atelier_engine.parked_groups', format($$ values (%L::uuid, '00000000-0000-0000-0000-000000000000'::uuid) $$, :alice), 'their group is known');
select pg_temp.queue_many(:bob, 'bob', 3) \g /dev/null
select is(pg_temp.states(:bob), 'ready 3', 'nobody else is concerned');
select is(pg_temp.next(100), '{alice 1,alice 2,bob 1,bob 2,bob 3}', 'a claim takes as many as may run');
select is(pg_temp.next(100), '{}', 'and no more');
select is(pg_temp.states(:alice), 'leased 2 parked 4', 'what waits is not among the ready');
select pg_temp.succeed_with('alice 1') \g /dev/null
select is(pg_temp.next(100), '{alice 3}', 'a completed job lets the next one through, in their order');
select pg_temp.fail(pg_temp.attempt_of('alice 2'), 'invalid_input') \g /dev/null
select is(pg_temp.next(100), '{alice 4}', 'so does a failed one');
select pg_temp.fail(pg_temp.attempt_of('alice 3'), 'overload') \g /dev/null
select is(pg_temp.next(100), '{alice 5}', 'and one that waits for another try');
update atelier_engine.queue set run_at = clock_timestamp() where state = 'waiting';
select is(pg_temp.next(100), '{}', 'which finds its user at the cap then');
select is(pg_temp.states(:alice), 'leased 2 parked 2', 'and is parked');
select pg_temp.succeed_with('alice 4') \g /dev/null
select is(pg_temp.next(100), '{alice 3}', 'before what came later');
select pg_temp.succeed_with('alice 3'), pg_temp.succeed_with('alice 5') \g /dev/null
select is(pg_temp.next(100), '{alice 6}', 'the last one');
select pg_temp.next(1) \g /dev/null
select is_empty('select from atelier_engine.parked_groups', 'then nothing is parked any more');
select is_empty('select * from atelier.stuck_jobs', 'and nothing was stuck');
select pg_temp.clear() \g /dev/null

-- What will not run makes room.
select pg_temp.queue_many(:alice, 'alice', 4) \g /dev/null
select pg_temp.sign_in(:alice) \g /dev/null
select atelier.cancel_job(id) from atelier.jobs where original_prompt in ('alice 1', 'alice 2') \g /dev/null
select pg_temp.sign_out() \g /dev/null
select is(pg_temp.states(:alice), 'parked 2', 'a cancelled job leaves the ready ones');
select is(pg_temp.next(100), '{alice 3,alice 4}', 'and the next claim fills its place');
select pg_temp.clear() \g /dev/null

-- A cap that is changed.
select pg_temp.queue_many(:bob, 'bob', 10) \g /dev/null
update atelier.scheduling_tiers set max_running_jobs = 3 where tier = 'inactive';
select is(cardinality(pg_temp.next(100)), 3, 'jobs that were queued before there was a cap keep to it');
select is(pg_temp.states(:bob), 'leased 3 parked 7', 'the others are parked all at once');
update atelier.scheduling_tiers set max_running_jobs = null where tier = 'inactive';
select is(cardinality(pg_temp.next(100)), 7, 'without the cap they go on');
select pg_temp.clear() \g /dev/null

-- A model out of reach holds up nothing else of its user.
insert into atelier.api_models (provider_id, model_key, display_name, modality, estimated_seconds, parameter_schema)
select provider_id, 'other', 'Other', 'image', 1, parameter_schema from atelier.api_models where model_key = 'tiny-sdxl';
update atelier.endpoints set only_models = '{other}' where name = 'test endpoint';
select pg_temp.queue_many(:alice, 'unserved', 5) \g /dev/null
select pg_temp.queue_many(:alice, 'served', 5, ', model => ''other''') \g /dev/null
select is(pg_temp.next(100), '{served 1,served 2}', 'parked is kept by user and model');
update atelier.endpoints set only_models = null where name = 'test endpoint';
select is(pg_temp.next(100), '{}', 'the cap is for all models together');
select pg_temp.succeed_with('served 1'), pg_temp.succeed_with('served 2') \g /dev/null
select is(cardinality(pg_temp.next(100)), 2, 'and room for whichever comes first');
select pg_temp.clear() \g /dev/null

-- A priority is not lost.
select pg_temp.queue_many(:alice, 'low', 4, ', priority => -5') \g /dev/null
select pg_temp.queue(:alice, 'normal') \g /dev/null
select is(cardinality(pg_temp.next(100)), 2, 'two may run');
select pg_temp.succeed_with('low 1') \g /dev/null
select is(pg_temp.next(100), '{normal}', 'of the parked ones the highest priority comes first');
select pg_temp.clear() \g /dev/null
update atelier.scheduling_tiers set max_running_jobs = null;

-- A workspace.
insert into atelier.workspaces (id, name, slug, max_running_jobs) values ('7ea30000-0000-7000-8000-000000000001', 'Team', 'team', 2);
\set team '''7ea30000-0000-7000-8000-000000000001'''
insert into atelier.workspace_members (workspace_id, user_id, role) values (:team, :alice, 'owner'), (:team, :bob, 'member');
select pg_temp.queue_many(:alice, 'team a', 5, format(', workspace_id => %L', :team)) \g /dev/null
select pg_temp.queue_many(:bob, 'team b', 5, format(', workspace_id => %L', :team)) \g /dev/null
select pg_temp.queue_many(:alice, 'own', 2) \g /dev/null
create temp table first_of_team as select unnest(pg_temp.next(100)) as prompt;
select is((select count(*) from first_of_team where prompt ~ 'team'), 2::bigint, 'a workspace has a cap for all its members together');
select is((select count(*) from first_of_team where prompt ~ 'own'), 2::bigint, 'what is not for it does not count');
select pg_temp.succeed_with(prompt) from first_of_team where prompt ~ 'team' \g /dev/null
insert into first_of_team select unnest(pg_temp.next(100));
select is((select count(*) from first_of_team where prompt ~ 'team'), 4::bigint, 'completed jobs make room there, too');
select pg_temp.succeed_with(prompt) from first_of_team where prompt ~ 'team' and pg_temp.attempt_of(prompt) is not null \g /dev/null
insert into first_of_team select unnest(pg_temp.next(100));
select results_eq($$ select left(prompt, 6), count(*) between 2 and 4 from first_of_team where prompt ~ 'team' group by 1 order by 1 $$,
  $$ values ('team a', true), ('team b', true) $$, 'fairly between its members');
select pg_temp.clear() \g /dev/null
delete from atelier.workspaces;

-- A paused user.
select pg_temp.queue_many(:alice, 'alice', 3) \g /dev/null
select pg_temp.queue(:bob, 'bob') \g /dev/null
insert into atelier.pauses (user_id) values (:alice);
select is(pg_temp.next(100), '{bob}', 'nothing of a paused user starts');
select is(pg_temp.states(:alice), 'parked 3', 'it is out of the way');
delete from atelier.pauses;
select is(cardinality(pg_temp.next(100)), 3, 'it goes on when the pause is over');
select pg_temp.clear() \g /dev/null

-- A model.
update atelier.api_models set max_concurrency = 2 where model_key = 'tiny-sdxl';
select pg_temp.queue_many(:alice, 'tiny', 5) \g /dev/null
select pg_temp.queue_many(:alice, 'other', 2, ', model => ''other''') \g /dev/null
select is(pg_temp.next(100), '{other 1,other 2,tiny 1,tiny 2}', 'a model has a cap for all endpoints together');
select is(pg_temp.next(100), '{}', 'nothing more of it starts');
select pg_temp.succeed_with('tiny 1') \g /dev/null
select is(pg_temp.next(100), '{tiny 3}', 'until one is done');
update atelier.api_models set max_concurrency = 0 where model_key = 'tiny-sdxl';
select pg_temp.succeed_with('tiny 2'), pg_temp.succeed_with('tiny 3') \g /dev/null
select is(pg_temp.next(100), '{}', 'with a cap of nothing nothing starts');
select throws_ok('update atelier.api_models set max_concurrency = -1', '23514', null, 'less than nothing is refused');
update atelier.api_models set max_concurrency = null;
select pg_temp.clear() \g /dev/null

-- Tokens.
update atelier.api_providers set auth_scheme = 'bearer', auth_header_name = 'Authorization';
select atelier.set_provider_token('atelier-runner', 'tok-1', 'one'), atelier.set_provider_token('atelier-runner', 'tok-2', 'two') \g /dev/null
update atelier.provider_tokens set max_concurrency = case name when 'one' then 2 else 3 end;
select pg_temp.queue_many(:alice, 'paid', 8) \g /dev/null
select is(cardinality(pg_temp.next(100)), 5, 'tokens have caps, and what one cannot take goes with the other');
select results_eq('select t.name, count(*) from atelier_engine.queue q join atelier.provider_tokens t on t.id = q.token_id group by t.name order by t.name',
  $$ values ('one', 2::bigint), ('two', 3::bigint) $$, 'each up to its own');
select results_eq('select name, request_count from atelier.provider_tokens order by name', $$ values ('one', 2::bigint), ('two', 3::bigint) $$, 'their requests are counted');
select pg_temp.succeed_with('paid 1') \g /dev/null
select is(cardinality(pg_temp.next(100)), 1, 'a finished request frees its token');
select throws_ok('update atelier.provider_tokens set max_concurrency = -1', '23514', null, 'less than nothing is refused');
select pg_temp.clear() \g /dev/null
update atelier.api_providers set auth_scheme = 'none';

-- The janitor.
update atelier.scheduling_tiers set max_running_jobs = 1 where tier = 'starter';
select pg_temp.queue_many(:alice, 'alice', 3) \g /dev/null
delete from atelier_engine.parked_groups;
delete from atelier_engine.queue where state = 'ready';
select is(pg_temp.next(100), '{}', 'without its group a parked job would wait for ever');
select is(atelier_engine.reap_expired_leases(), 1, 'the janitor finds it');
select is(pg_temp.next(100), '{alice 2}', 'and it starts');
select lives_ok('select atelier_engine.reap_expired_leases()', 'while one runs the janitor may look again');
select is(pg_temp.next(100), '{}', 'and lets nobody over the cap');

select * from finish();
rollback;
