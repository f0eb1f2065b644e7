-- queue_jobs(): many requests, all or none.
begin;
\ir support/jobs.sql
select plan(34);
update atelier.endpoints set max_concurrency = 100 where name = 'test endpoint';
select function_privs_are('atelier', 'queue_jobs', array['jsonb[]'], 'anon', array[]::text[], 'anon may not queue jobs');
create function pg_temp.queue_all(p_user uuid, p_requests jsonb[]) returns setof atelier.jobs language plpgsql as $$
begin
  perform pg_temp.sign_in(p_user);
  return query select * from atelier.queue_jobs(p_requests);
  perform pg_temp.sign_out();
end $$;

create temp table made as
select row_number() over () - 1 as place, j.* from pg_temp.queue_all(:alice, array[
  '{"prompt": "one"}',
  '{"prompt": "two", "negative_prompt": "", "parameters": {"steps": 5}, "destination": "library", "metadata": {"k": "v"}, "priority": -2}',
  '{"prompt": "three", "job_type": "sdxl_image_fast"}',
  '{"prompt": "four", "after": [0, 2, 2], "on_dependency_failure": "start"}',
  '{"prompt": "five", "run_at": "2026-12-24T18:00:00Z"}']::jsonb[]) j;
select results_eq('select original_prompt from made order by place', array['one', 'two', 'three', 'four', 'five'], 'the jobs come back in the order of the requests');
select row_eq('select negative_prompt, parameters -> ''steps'', destination, metadata, priority from made where place = 1',
  row(''::text, '5'::jsonb, 'library'::text, '{"k": "v"}'::jsonb, -2), 'a request says what queue_job() can say');
select row_eq('select negative_prompt, parameters -> ''steps'', destination, metadata, priority from made where place = 0',
  row(null::text, '25'::jsonb, 'workspace'::text, '{}'::jsonb, 0), 'and has its defaults');
select is((select quality from made where place = 2), 'fast', 'each has a model of its own');
select ok((select count(distinct parameters ->> 'seed') = 5 from made), 'and a seed of its own');
select results_eq('select q.state from made m join atelier_engine.queue q on q.job_id = m.id order by place',
  array['ready', 'ready', 'ready', 'blocked', 'waiting'], 'they are in the queue');
select results_eq('select o.place, d.on_failure from made m join atelier.job_dependencies d on d.job_id = m.id join made o on o.id = d.depends_on_job_id order by 1',
  $$values (0::bigint, 'start'), (2::bigint, 'start')$$, 'after names earlier requests');
select is((select run_at from made where place = 4), '2026-12-24 18:00:00+00'::timestamptz, 'a request may wait for a time');
select is_empty('select * from pg_temp.queue_all(''' || :alice || ''', ''{}'')', 'no requests are no jobs');
select is_empty('select * from pg_temp.queue_all(''' || :alice || ''', null)', 'null, too');

-- Keys and results.
select (pg_temp.queue_all(:alice, array['{"prompt": "k", "idempotency_key": "b1"}']::jsonb[])).id as known \gset
select results_eq(format($$select id = %L, original_prompt from pg_temp.queue_all(%L, array[
    '{"prompt": "new"}', '{"prompt": "k", "idempotency_key": "b1"}', '{"prompt": "then", "after": [1]}']::jsonb[])$$, :'known', :alice),
  $$values (false, 'new'), (true, 'k'), (false, 'then')$$, 'a key gives the job it has made');
select is((select d.depends_on_job_id from atelier.job_dependencies d join atelier.jobs j on j.id = d.job_id where j.original_prompt = 'then'), :'known',
  'which others of the call can wait for');
select is((select count(distinct id) from pg_temp.queue_all(:alice, array['{"prompt": "r", "reuse_result": true}', '{"prompt": "s"}']::jsonb[])), 2::bigint, 'results may be shared');

-- Refusals say where, and leave nothing.
create temp table before as select (select count(*) from atelier.jobs) as jobs, (select count(*) from atelier_engine.queue) as queue;
select pg_temp.sign_in(:alice);
select throws_ok($$select atelier.queue_jobs(array['{"prompt": "x"}', '{"prompt": ""}']::jsonb[])$$, '22023', 'requests[1]: prompt is empty', 'the position is in the message');
select is(e.detail, 'steps must be at least 1; got 0.', 'the detail stays')
  from pg_temp.error_of($$select atelier.queue_jobs(array['{"prompt": "x", "parameters": {"steps": 0}}']::jsonb[])$$) e;
select is(e.hint, 'Use one of: tiny-sdxl.', 'the hint, too')
  from pg_temp.error_of($$select atelier.queue_jobs(array['{"prompt": "x", "model": "no-such"}']::jsonb[])$$) e;
select throws_ok($$select atelier.queue_jobs(array['{"prompt": "x", "model": "no-such"}']::jsonb[])$$, 'PT404', 'requests[0]: unknown model', 'and the SQLSTATE');
select throws_ok($$select atelier.queue_jobs(array['{"prompt": "x"}', '{"promt": "y"}']::jsonb[])$$, '22023', 'requests[1]: unknown argument', 'an argument that queue_job() has not');
select throws_ok($$select atelier.queue_jobs(array['[1]']::jsonb[])$$, '22023', 'requests[0]: a request must be a JSON object', 'an array for a request');
select throws_ok($$select atelier.queue_jobs(array[null]::jsonb[])$$, '22023', 'requests[0]: a request must be a JSON object', 'null for a request');
select throws_ok($$select atelier.queue_jobs(array['{"prompt": "x", "priority": "high"}']::jsonb[])$$, '22P02', null, 'a word for a number');
select throws_ok($$select atelier.queue_jobs(array['{"prompt": "x", "priority": 5}']::jsonb[])$$, '42501', 'requests[0]: only the service role may raise the priority', 'a higher priority');
select throws_ok($$select atelier.queue_jobs(array['{"prompt": "x", "parameters": null}']::jsonb[])$$, '22023', 'requests[0]: parameters must be a JSON object', 'null for parameters');
select throws_ok($$select atelier.queue_jobs(array['{"prompt": "x", "after": [0]}']::jsonb[])$$, '22023', 'requests[0]: after names no earlier request', 'a request after itself');
select throws_ok($$select atelier.queue_jobs(array['{"prompt": "x"}', '{"prompt": "x", "after": ["0"]}']::jsonb[])$$, '22023', 'requests[1]: after names no earlier request', 'a position in quotes');
select throws_ok($$select atelier.queue_jobs(array['{"prompt": "x"}', '{"prompt": "x", "after": 0}']::jsonb[])$$, '22023', 'requests[1]: after names no earlier request', 'a number for an array');
select throws_ok($$select atelier.queue_jobs(array['{"prompt": "x", "idempotency_key": "b1"}']::jsonb[])$$, 'PT422', 'requests[0]: the idempotency key was used for another request', 'a used key');
select throws_ok($$select atelier.queue_jobs(array['{"prompt": "x", "idempotency_key": "d"}', '{"prompt": "y", "idempotency_key": "d"}']::jsonb[])$$,
  '22023', 'requests[1]: the idempotency key occurs twice', 'a key twice in one call');
select throws_ok($$select atelier.queue_jobs(array_fill('{"prompt": "x"}'::jsonb, array[1001]))$$, '22023', 'too many requests in one call', 'more than a thousand');
select set_config('atelier.max_unfinished_jobs_per_user', '20', true) from pg_temp.sign_out();
select pg_temp.sign_in(:alice);
select throws_ok($$select atelier.queue_jobs(array_fill('{"prompt": "x"}'::jsonb, array[15]))$$, 'PT429', 'too many unfinished jobs', 'more than there is room for');
select pg_temp.sign_in('00000000-0000-7000-8000-00000000dead');
select throws_ok($$select atelier.queue_jobs(array['{"prompt": "x"}']::jsonb[])$$, 'PT404', 'the signed-in user has no profile', 'a user without a profile');
select pg_temp.become('authenticated');
select throws_ok($$select atelier.queue_jobs(array['{"prompt": "x"}']::jsonb[])$$, 'PT401', 'sign in to queue a job', 'nobody');
select pg_temp.sign_out();
select results_eq('select (select count(*) from atelier.jobs), (select count(*) from atelier_engine.queue)', 'select jobs, queue from before', 'refused calls leave nothing behind');

select * from finish();
rollback;
