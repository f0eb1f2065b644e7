-- queue_job(): what it makes of a request, and what it refuses.
begin;
\ir support/jobs.sql
select plan(69);

select function_privs_are('atelier', 'queue_job',
  array['text', 'text', 'jsonb', 'text', 'text', 'text', 'uuid', 'integer', 'jsonb', 'uuid[]', 'uuid', 'timestamptz', 'text', 'boolean', 'text', 'jsonb'],
  'anon', array[]::text[], 'anon may not queue jobs');

-- A plain request.
select pg_temp.sign_in(:alice);
create temp table made as select * from atelier.queue_job('a red circle', negative_prompt => '');
select pg_temp.sign_out();
grant all on made to public;
select row_eq('select user_id, status, original_prompt, negative_prompt, job_type, format, quality, model_type from made',
  row(:alice::uuid, 'queued'::text, 'a red circle'::text, ''::text, 'sdxl_image_high'::text, 'image'::text,
      'high'::text, 'sdxl'::text), 'the job says what was asked for');
select row_eq('select destination, attempts, max_attempts, priority, metadata, error_message from made',
  row('workspace'::text, 0, 3, 0, '{}'::jsonb, null::text), 'the rest has sensible defaults');
select is((select parameters - 'seed' from made), '{"width": 64, "height": 64, "steps": 25, "guidance": 4, "n": 1}',
  'parameters that are left out come from the model');
select ok((select (parameters ->> 'seed')::bigint between 0 and 2147483647 from made), 'a seed is drawn once');
select is((select estimated_seconds from made), 0.400, 'the expected time is that of the model');
select results_eq('select state, priority, model_id from atelier_engine.queue where job_id = (select id from made)',
  $$values ('ready', 0, '00000000-0000-7000-8000-000000000002'::uuid)$$, 'the job is in the queue');
select is((select id from made), (select id from atelier.jobs where id = (select id from made)),
  'the returned row is the stored one');

-- What a request can say.
update atelier.api_models set aliases = '{tiny, small}' where model_key = 'tiny-sdxl';
select is((pg_temp.job(pg_temp.queue(:alice, 'x', $$, model => 'small'$$))).api_model_id,
  '00000000-0000-7000-8000-000000000002', 'a model is known by its aliases');
select is((pg_temp.job(pg_temp.queue(:alice, 'x', $$, parameters => '{"width": 128.0, "seed": 7, "guidance": 2.5}'$$)))
    .parameters,
  '{"width": 128, "height": 64, "steps": 25, "guidance": 2.5, "n": 1, "seed": 7}',
  'given parameters win over defaults, and whole numbers become integers');
select is((pg_temp.job(pg_temp.queue(:alice, 'x', $$, parameters => '{"n": 4, "steps": 50, "width": 128}'$$)))
    .estimated_seconds, 6.400, 'the expected time grows with outputs, steps and pixels');
select row_eq(format('select parameters -> ''steps'', quality from atelier.jobs where id = %L',
    pg_temp.queue(:alice, 'x', $$, job_type => 'sdxl_image_fast'$$)),
  row('15'::jsonb, 'fast'::text), 'a job type has defaults of its own');
select is((pg_temp.job(pg_temp.queue(:alice, 'x', $$, job_type => 'sdxl_image_fast', parameters => '{"steps": 9}'$$)))
    .parameters -> 'steps', '9', 'given parameters win over those of the job type');
select is((pg_temp.job(pg_temp.queue(:alice, 'x', $$, destination => 'library', metadata => '{"k": "v"}'$$))).metadata,
  '{"k": "v"}', 'metadata is kept');
select is((pg_temp.job(pg_temp.queue(:alice, 'x'))).negative_prompt, null, 'no negative prompt is not an empty one');
select is((pg_temp.job(pg_temp.queue(:alice, repeat('ä', 10000)))).status, 'queued', 'a prompt may have 10000 characters');
select is((pg_temp.job(pg_temp.queue(:alice, 'x', ', priority => -5'))).priority, -5, 'everybody may wait longer');
select set_config('request.jwt.claims', format('{"sub": "%s", "role": "service_role"}', :alice), true),
       set_config('role', 'service_role', true);
select is((select priority from atelier.queue_job('x', priority => 10)), 10, 'the service role may raise the priority');
select pg_temp.sign_in(:alice);
select set_config('test.session', atelier.create_workspace_session(:alice)::text, true);
select lives_ok(
  $$select atelier.queue_job('x', workspace_session_id => current_setting('test.session')::uuid)$$,
  'a job may belong to a workspace session');
select pg_temp.sign_out();

-- Refusals. Nothing may be left of them.
create temp table before as
  select (select count(*) from atelier.jobs) as jobs, (select count(*) from atelier_engine.queue) as queue;

select pg_temp.become('anon');
select throws_ok($$select atelier.queue_job('x')$$, '42501', null, 'anon is refused');
select pg_temp.become('authenticated');
select throws_ok($$select atelier.queue_job('x')$$, 'PT401', 'sign in to queue a job', 'nobody is refused');
select pg_temp.sign_in('00000000-0000-7000-8000-00000000dead');
select throws_ok($$select atelier.queue_job('x')$$, 'PT404', 'the signed-in user has no profile',
  'a user without a profile is refused');
select pg_temp.sign_out();
update atelier.profiles set is_active = false where id = :alice;
select pg_temp.sign_in(:alice);
select throws_ok($$select atelier.queue_job('x')$$, 'PT403', 'the account is deactivated', 'so is a deactivated account');
select pg_temp.sign_out();
update atelier.profiles set is_active = true where id = :alice;
select pg_temp.sign_in(:alice);

select throws_ok($$select atelier.queue_job('')$$, '22023', 'prompt is empty', 'empty prompt');
select throws_ok($$select atelier.queue_job(E' \t\n ')$$, '22023', 'prompt is empty', 'blank prompt');
select throws_ok($$select atelier.queue_job(null)$$, '22023', 'prompt is empty', 'no prompt');
select throws_ok($$select atelier.queue_job(repeat('x', 10001))$$, '22023', 'prompt is too long', 'long prompt');
select throws_ok($$select atelier.queue_job(repeat('x', 10 * 1024 * 1024))$$, '22023', 'prompt is too long', '10 MB prompt');
select ok(length(e::text) < 300, 'the error about a 10 MB prompt does not repeat it')
  from pg_temp.error_of($$select atelier.queue_job(repeat('x', 10 * 1024 * 1024))$$) e;
select throws_ok($$select atelier.queue_job('x', negative_prompt => repeat('x', 10001))$$, '22023',
  'negative_prompt is too long', 'long negative prompt');

select throws_ok($$select atelier.queue_job('x', model => 'no-such')$$, 'PT404', 'unknown model', 'unknown model');
select is(e.hint, 'Use one of: tiny-sdxl.', 'the hint names the models')
  from pg_temp.error_of($$select atelier.queue_job('x', model => 'no-such')$$) e;
select throws_ok($$select atelier.queue_job('x', model => '')$$, 'PT404', 'unknown model', 'empty model name');
select throws_ok($$select atelier.queue_job('x', model => repeat('m', 1000000))$$, 'PT404', 'unknown model', 'long model name');
select throws_ok($$select atelier.queue_job('x', job_type => 'wan_video_fast')$$, 'PT404', 'unknown model',
  'a job type that no model serves');
select throws_ok($$select atelier.queue_job('x', job_type => 'rv51_fast')$$, '22023',
  'the model does not take this job type', 'a job type of another model');
select is(e.hint, 'It takes: sdxl_image_fast, sdxl_image_high.', 'the hint names the job types')
  from pg_temp.error_of($$select atelier.queue_job('x', job_type => 'nonsense')$$) e;

select throws_ok($$select atelier.queue_job('x', parameters => '{"steps": 0}')$$, '22023', 'invalid parameter', 'steps = 0');
select is(e.detail, 'steps must be at least 1; got 0.', 'the detail says what is wrong')
  from pg_temp.error_of($$select atelier.queue_job('x', parameters => '{"steps": 0}')$$) e;
select throws_ok($$select atelier.queue_job('x', parameters => '{"width": -64}')$$, '22023', 'invalid parameter', 'negative width');
select throws_ok($$select atelier.queue_job('x', parameters => '{"height": -1}')$$, '22023', 'invalid parameter', 'negative height');
select throws_ok($$select atelier.queue_job('x', parameters => '{"width": 65}')$$, '22023', 'invalid parameter', 'odd width');
select throws_ok($$select atelier.queue_job('x', parameters => '{"width": 1e300}')$$, '22023', 'invalid parameter', 'huge width');
select throws_ok($$select atelier.queue_job('x', parameters => '{"seed": -1}')$$, '22023', 'invalid parameter', 'negative seed');
select throws_ok($$select atelier.queue_job('x', parameters => '{"seed": 9007199254740992}')$$, '22023', 'invalid parameter', 'seed beyond 2^53 - 1');
select throws_ok($$select atelier.queue_job('x', parameters => '{"n": 0}')$$, '22023', 'invalid parameter', 'no pictures');
select throws_ok($$select atelier.queue_job('x', parameters => '{"n": 1000}')$$, '22023', 'invalid parameter', 'a thousand pictures');
select throws_ok($$select atelier.queue_job('x', parameters => '{"steps": "25"}')$$, '22023', 'invalid parameter', 'a string for a number');
select throws_ok($$select atelier.queue_job('x', parameters => '{"steps": 2.5}')$$, '22023', 'invalid parameter', 'half a step');
select throws_ok($$select atelier.queue_job('x', parameters => '{"steps": null}')$$, '22023', 'invalid parameter', 'null for a number');
select throws_ok($$select atelier.queue_job('x', parameters => '{"stepz": 5}')$$, '22023', 'unknown parameter', 'unknown parameter');
select is(e.hint, 'It takes: guidance, height, n, seed, steps, width.', 'the hint names the parameters')
  from pg_temp.error_of($$select atelier.queue_job('x', parameters => '{"stepz": 5}')$$) e;
select throws_ok($$select atelier.queue_job('x', parameters => '{"prompt": "y"}')$$, '22023', 'unknown parameter', 'a second prompt');
select throws_ok($$select atelier.queue_job('x', parameters => '[1]')$$, '22023', 'parameters must be a JSON object', 'an array for parameters');
select throws_ok($$select atelier.queue_job('x', parameters => '"x"')$$, '22023', 'parameters must be a JSON object', 'a string for parameters');
select throws_ok($$select atelier.queue_job('x', parameters => null)$$, '22023', 'parameters must be a JSON object', 'null for parameters');
select throws_ok($$select atelier.queue_job('x', parameters => jsonb_build_object('steps', repeat('9', 100000)))$$,
  '22023', 'parameters is too large', '100 kB of parameters');
select throws_ok($$select atelier.queue_job('x', metadata => '[]')$$, '22023', 'metadata must be a JSON object', 'an array for metadata');
select throws_ok($$select atelier.queue_job('x', metadata => jsonb_build_object('k', repeat('9', 100000)))$$,
  '22023', 'metadata is too large', '100 kB of metadata');
select throws_ok($$select atelier.queue_job('x', parameters => '{"steps": 5')$$, '22P02', null, 'broken JSON');
select throws_ok($$select atelier.queue_job('x', parameters => '{"steps": "\ud800"}')$$, '22P02', null, 'half a character in JSON');
select throws_ok($$select atelier.queue_job('x', parameters => convert_from('\x7b22c328223a317d', 'UTF8')::jsonb)$$,
  '22021', null, 'invalid UTF-8 in JSON');

select throws_ok($$select atelier.queue_job('x', destination => 'moon')$$, '22023', 'unknown destination', 'unknown destination');
select throws_ok($$select atelier.queue_job('x', destination => null)$$, '22023', 'unknown destination', 'no destination');
select throws_ok($$select atelier.queue_job('x', priority => 1)$$, '42501', 'only the service role may raise the priority', 'higher priority');
select throws_ok($$select atelier.queue_job('x', priority => 5000)$$, '22023', 'priority is out of range', 'priority out of range');
select throws_ok($$select atelier.queue_job('x', workspace_session_id => gen_random_uuid())$$, 'PT404', 'no such workspace session', 'unknown session');
select pg_temp.sign_in(:bob);
select throws_ok($$select atelier.queue_job('x', workspace_session_id => current_setting('test.session')::uuid)$$,
  'PT404', 'no such workspace session', 'the session of somebody else');
select pg_temp.sign_out();

select results_eq(
  'select (select count(*) from atelier.jobs), (select count(*) from atelier_engine.queue)',
  'select jobs, queue from before', 'refused requests leave nothing behind');

select * from finish();
rollback;
