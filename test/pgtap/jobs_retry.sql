-- retry_job(): a failed job once more.
begin;
\ir support/jobs.sql
select plan(27);
update atelier.endpoints set max_concurrency = 100 where name = 'test endpoint';
select function_privs_are('atelier', 'retry_job', array['uuid', 'jsonb'], 'anon', array[]::text[], 'anon may not try jobs again');
create function pg_temp.again(p_user uuid, p_job uuid, p_overrides jsonb default '{}') returns atelier.jobs language plpgsql as $$
declare
  job atelier.jobs;
begin
  perform pg_temp.sign_in(p_user);
  job := atelier.retry_job(p_job, p_overrides);
  perform pg_temp.sign_out();
  return job;
end $$;

select pg_temp.queue(:alice, 'a circle', $$, negative_prompt => 'red', job_type => 'sdxl_image_fast', parameters => '{"steps": 7}',
  destination => 'library', priority => -4, metadata => '{"k": null}'$$) as failed \gset
select pg_temp.fail(pg_temp.claim(:'failed'), 'invalid_input');
create temp table again as select * from pg_temp.again(:alice, :'failed');
select is((select retry_of from again), :'failed', 'the new job names the old one');
select row_eq('select status, original_prompt, negative_prompt, job_type, destination, priority, metadata, attempts from again',
  row('queued'::text, 'a circle'::text, 'red'::text, 'sdxl_image_fast'::text, 'library'::text, -4, '{"k": null}'::jsonb, 0), 'it asks for the same');
select is((select parameters from again), (pg_temp.job(:'failed')).parameters, 'with the same parameters, seed included');
select is((pg_temp.queued((select id from again))).state, 'ready', 'it is in the queue');
select is((pg_temp.job(:'failed')).status, 'failed', 'the old one stays as it is');

-- Overrides.
select is((pg_temp.again(:alice, :'failed', '{"prompt": "a square"}')).original_prompt, 'a square', 'another prompt');
select is((pg_temp.again(:alice, :'failed', '{"parameters": {"steps": 9}}')).parameters, (pg_temp.job(:'failed')).parameters || '{"steps": 9}', 'one other parameter');
select isnt((pg_temp.again(:alice, :'failed', '{"parameters": {"seed": null}}')).parameters -> 'seed', (pg_temp.job(:'failed')).parameters -> 'seed', 'null takes a parameter away, and the seed is drawn anew');
select is((pg_temp.again(:alice, :'failed', '{"run_at": "2026-12-24T18:00:00Z"}')).run_at, '2026-12-24 18:00:00+00'::timestamptz, 'a later time');
select is((pg_temp.again(:alice, :'failed', '{"idempotency_key": "r"}')).id, (pg_temp.again(:alice, :'failed', '{"idempotency_key": "r"}')).id, 'a key makes one new job of two calls');
select pg_temp.sign_in(:alice);
select throws_ok(format('select atelier.retry_job(%L, %L)', :'failed', '{"parameters": {"steps": 0}}'), '22023', 'invalid parameter', 'overrides are checked like parameters');
select throws_ok(format('select atelier.retry_job(%L, %L)', :'failed', '{"parameters": {"stepz": 1}}'), '22023', 'unknown parameter', 'unknown ones are refused');
select throws_ok(format('select atelier.retry_job(%L, %L)', :'failed', '{"parameters": [1]}'), '22023', 'parameters must be a JSON object', 'an array for parameters');
select throws_ok(format('select atelier.retry_job(%L, %L)', :'failed', '{"steps": 1}'), '22023', 'unknown argument', 'a parameter in the wrong place');
select throws_ok(format('select atelier.retry_job(%L, %L)', :'failed', '[]'), '22023', 'overrides must be a JSON object', 'an array for overrides');
select throws_ok(format('select atelier.retry_job(%L, %L)', :'failed', '{"priority": 3}'), '42501', 'only the service role may raise the priority', 'a higher priority');

-- What can be tried again.
select pg_temp.queue(:alice, 'fresh') as fresh \gset
select pg_temp.sign_in(:alice);
select throws_ok(format('select atelier.retry_job(%L)', :'fresh'), 'PT409', 'only a job that failed or was cancelled can be tried again', 'a queued job');
select lives_ok(format('select atelier.cancel_job(%1$L), atelier.retry_job(%1$L)', :'fresh'), 'a cancelled one can be');
select throws_ok('select atelier.retry_job(gen_random_uuid())', 'PT404', 'no such job', 'an unknown job');
select pg_temp.sign_in(:bob);
select throws_ok(format('select atelier.retry_job(%L)', :'failed'), 'PT404', 'no such job', 'the job of somebody else');
select pg_temp.sign_out();
select pg_temp.queue(:alice, 'good') as good \gset
select pg_temp.succeed(pg_temp.claim(:'good'));
select throws_ok(format('select pg_temp.again(%L, %L)', :alice, :'good'), 'PT409', 'only a job that failed or was cancelled can be tried again', 'a completed job');
select pg_temp.become('service_role');
select is((select user_id from atelier.retry_job(:'failed')), :alice, 'the service role tries for the owner');
select pg_temp.sign_out();

-- With what it waits for.
select pg_temp.queue(:alice, 'base') as base \gset
select pg_temp.queue(:alice, 'child', format($$, depends_on => array[%L]::uuid[], on_dependency_failure => 'skip'$$, :'base')) as child \gset
select pg_temp.fail(pg_temp.claim(:'base'), 'invalid_input');
select is((pg_temp.job(:'child')).status, 'cancelled', 'a job is skipped with what it waits for');
select throws_ok(format('select pg_temp.again(%L, %L)', :alice, :'child'), 'PT409', 'a job in depends_on will never complete', 'alone it cannot be tried again');
select (pg_temp.again(:alice, :'base')).id as new_base \gset
select (pg_temp.again(:alice, :'child')).id as new_child \gset
select results_eq(format('select depends_on_job_id, on_failure from atelier.job_dependencies where job_id = %L', :'new_child'),
  format('values (%L::uuid, ''skip'')', :'new_base'), 'after the other one it waits for the new try');
select is((select q.state from atelier_engine.queue q join atelier.jobs j on j.id = q.job_id where j.retry_of = :'child'), 'blocked', 'and is blocked by it');

select * from finish();
rollback;
