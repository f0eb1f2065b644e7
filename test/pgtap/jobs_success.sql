-- A result: bytes, assets, generation, event, and what is refused.
begin;
\ir support/jobs.sql
select plan(50);

select pg_temp.queue(:alice, 'two stars', $$, parameters => '{"n": 2, "seed": 40}', negative_prompt => 'dull'$$) as job \gset
select pg_temp.claim(:'job') as attempt \gset
select ok(pg_temp.succeed(:'attempt', '{"\\x0102", "\\x030405"}', 40), 'a result is recorded');

select row_eq(format('select status, attempts, error_message, error_class, completed_at is not null, metadata -> ''provider'' from atelier.jobs where id = %L', :'job'),
  row('completed'::text, 1, null::text, null::text, true, '{"created": 1}'::jsonb), 'the job is completed');
select is((pg_temp.job(:'job')).started_at, (pg_temp.attempt(:'attempt')).claimed_at, 'it was started when it was claimed');
select is((select started_at from atelier.generations where job_id = :'job'), (pg_temp.attempt(:'attempt')).claimed_at, 'so its generation says');
select row_eq(format('select state, error_class, recorded_at is not null, finished_at is not null from atelier_engine.attempts where id = %L', :'attempt'),
  row('succeeded'::text, null::text, true, true), 'the attempt succeeded');
select is_empty(format('select from atelier_engine.queue where job_id = %L', :'job'), 'the job has left the queue');
select results_eq(
  format('select user_id, asset_type, temp_storage_path, file_size_bytes, mime_type, asset_index, generation_seed, original_prompt, model_used, width, height from atelier.workspace_assets where job_id = %L order by asset_index', :'job'),
  format($$values (%1$L::uuid, 'image', %1$L || '/' || %2$L || '/0.png', 2::bigint, 'image/png', 0, 40::bigint, 'two stars', 'tiny-sdxl', 64, 48),
                  (%1$L::uuid, 'image', %1$L || '/' || %2$L || '/1.png', 3::bigint, 'image/png', 1, 41::bigint, 'two stars', 'tiny-sdxl', 64, 48)$$, :alice, :'job'),
  'each output is an asset in the workspace');
select is((select generation_settings from atelier.workspace_assets where job_id = :'job' and asset_index = 0),
  '{"n": 2, "seed": 40, "steps": 25, "width": 64, "height": 64, "guidance": 4, "negative_prompt": "dull"}',
  'the asset knows its settings');
select ok((select bool_and(expires_at between now() + interval '6 days' and now() + interval '8 days') from atelier.workspace_assets where job_id = :'job'),
  'workspace assets expire in a week');
select results_eq(
  format($$select o.bucket_id, c.bytes from storage.objects o join atelier_engine.object_chunks c on c.object_id = o.id
            where o.name like %L order by o.name$$, :alice || '/' || :'job' || '/%'),
  $$values ('workspace-temp', '\x0102'::bytea), ('workspace-temp', '\x030405'::bytea)$$, 'the bytes are in the bucket');
select row_eq(format('select user_id, action, model_id, model_name, prompt, status, output_urls, settings ->> ''steps'' from atelier.generations where job_id = %L', :'job'),
  row(:alice::uuid, 'create'::text, 'tiny-sdxl'::text, 'Tiny SDXL'::text, 'two stars'::text, 'completed'::text,
      array['workspace-temp/' || :alice || '/' || :'job' || '/0.png', 'workspace-temp/' || :alice || '/' || :'job' || '/1.png'], '25'::text),
  'the generation tells what was made');
select results_eq(format('select user_id, kind from atelier.events where ref = %L', :'job'),
  format($$values (%L::uuid, 'job.completed')$$, :alice), 'one event tells the client');

-- Once is enough.
create temp table counts as
  select (select count(*) from atelier.events) e, (select count(*) from atelier.workspace_assets) a, (select count(*) from atelier.generations) g;
set local role atelier_worker;
select ok(not atelier_engine.open_result(:'attempt'), 'a second result of the same attempt is not opened');
select is(atelier_engine.record_successes(array[:'attempt'::uuid], array['[]'::jsonb], array[null::jsonb], array['{}'::jsonb], array[now()], array[now()], array[now()], array[now()]), '{}', 'recording again completes nothing');
select is(atelier_engine.record_failure(:'attempt', 'overload', 500, 'late', '', null, true, now(), now(), now(), now()), null, 'a late failure changes nothing');
select ok(not atelier_engine.record_cancelled(:'attempt'), 'a late cancel changes nothing');
select is(atelier_engine.settle_attempts(array[:'attempt']::uuid[], 'late'), 0, 'a late settlement changes nothing');
reset role;
select results_eq('select (select count(*) from atelier.events), (select count(*) from atelier.workspace_assets), (select count(*) from atelier.generations)',
  'select e, a, g from counts', 'nothing was added');
select is((pg_temp.job(:'job')).status, 'completed', 'the job stays completed');
select throws_ok(format('update atelier.jobs set status = ''queued'', completed_at = null where id = %L', :'job'), 'PT409',
  'a job cannot change its status like this', 'not even a superuser brings it back');
select throws_ok(format('update atelier.jobs set status = ''failed'' where id = %L', :'job'), 'PT409', null, 'nor makes it fail');
select lives_ok(format('update atelier.jobs set review_notes = ''fine'' where id = %L', :'job'), 'what is no status may change');

-- A superseded attempt.
select pg_temp.queue(:alice, 'twice') as job2 \gset
select pg_temp.claim(:'job2') as lost \gset
set local role atelier_worker;
select is(atelier_engine.settle_attempts(array[:'lost']::uuid[], 'the courier died'), 1, 'an attempt is lost');
reset role;
update atelier_engine.queue set run_at = clock_timestamp() where job_id = :'job2';
select pg_temp.claim(:'job2') as winner \gset
select is(pg_temp.succeed(:'lost'), false, 'the result of a lost attempt comes too late');
select is(pg_temp.fail(:'lost', 'internal'), null, 'so does its failure');
select ok(pg_temp.succeed(:'winner'), 'the attempt that owns the job completes it');
select is((select count(*) from atelier.workspace_assets where job_id = :'job2'), 1::bigint, 'with one set of assets');
select is((pg_temp.job(:'job2')).attempts, 2, 'both tries counted');
select is((select generation_seed from atelier.workspace_assets where job_id = :'job2'),
  ((pg_temp.job(:'job2')).parameters ->> 'seed')::bigint, 'without a reported seed the asked one is kept');

-- The library.
select pg_temp.queue(:alice, 'keep', $$, destination => 'library'$$) as kept \gset
select pg_temp.claim(:'kept') as kept_attempt \gset
select ok(pg_temp.succeed(:'kept_attempt', '{"\\x01", "\\x02"}'), 'a result for the library');
select results_eq(format('select user_id, asset_type, storage_path, mime_type, original_prompt, model_used, source_asset_index from atelier.user_library where source_job_id = %L order by source_asset_index', :'kept'),
  format($$values (%1$L::uuid, 'image', %1$L || '/' || %2$L || '/0.png', 'image/png', 'keep', 'tiny-sdxl', 0),
                  (%1$L::uuid, 'image', %1$L || '/' || %2$L || '/1.png', 'image/png', 'keep', 'tiny-sdxl', 1)$$, :alice, :'kept'),
  'lies in the library at once');
select is((select count(*) from storage.objects where bucket_id = 'user-library' and name like :alice || '/' || :'kept' || '/%'), 2::bigint, 'its bytes are there');
select is_empty(format('select from atelier.workspace_assets where job_id = %L', :'kept'), 'and not in the workspace');
select is((pg_temp.job(:'kept')).image_id, (select id from atelier.user_library where source_job_id = :'kept' and source_asset_index = 0),
  'the job names its first picture');

-- Results that are not what they say.
select pg_temp.queue(:alice, 'broken') as broken \gset
select pg_temp.claim(:'broken') as broken_attempt \gset
set local role atelier_worker;
select ok(atelier_engine.open_result(:'broken_attempt'), 'a result is opened');
select atelier_engine.begin_object(:'broken_attempt', 0, 'image/png', 'png', 10, sha256('x')) as object \gset
select atelier_engine.append_object_chunk(:'object', 0, '\x0102');
create function pg_temp.record(p_attempt uuid, p_outputs jsonb) returns text language sql as $$
  select format('select atelier_engine.record_successes(array[%L::uuid], array[%L::jsonb], array[null::jsonb], array[''{}''::jsonb], array[now()], array[now()], array[now()], array[now()])', p_attempt, p_outputs) $$;
select throws_ok(pg_temp.record(:'broken_attempt', jsonb_build_array(jsonb_build_object('index', 0, 'object_id', :'object', 'media_type', 'image/png', 'byte_count', 10))),
  '22023', 'an output is not stored completely', 'missing bytes are noticed');
select throws_ok(pg_temp.record(:'broken_attempt', '[]'), '22023', 'the result has no outputs', 'a result needs an output');
select throws_ok(pg_temp.record(:'broken_attempt', '{}'), '22023', 'the result has no outputs', 'as an array');
select throws_ok(pg_temp.record(:'broken_attempt', null), '22023', 'the result has no outputs', 'that is there');
select throws_ok(pg_temp.record(:'broken_attempt', jsonb_build_array(jsonb_build_object('index', 0, 'object_id', gen_random_uuid(), 'media_type', 'image/png', 'byte_count', 2))),
  '22023', 'an output is not an object of its job', 'an unknown object is refused');
reset role;
select throws_ok(pg_temp.record(:'broken_attempt', (select jsonb_build_array(jsonb_build_object('index', 0, 'object_id', o.id, 'media_type', 'image/png', 'byte_count', 2))
    from storage.objects o where o.name = :alice || '/' || :'job' || '/0.png')),
  '22023', 'an output is not an object of its job', 'so is the object of another job');
set local role atelier_worker;
select throws_ok(format($$select atelier_engine.begin_object(%L, 0, 'image/png', '../x', 1, sha256('x'))$$, :'broken_attempt'), '22023', 'invalid output', 'a path for an extension');
select throws_ok(format($$select atelier_engine.begin_object(%L, -1, 'image/png', 'png', 1, sha256('x'))$$, :'broken_attempt'), '22023', 'invalid output', 'a negative index');
select throws_ok(format($$select atelier_engine.begin_object(%L, 0, 'text/html', 'html', 1, sha256('x'))$$, :'broken_attempt'), '22023', 'invalid output', 'something that is no picture');
select throws_ok(format($$select atelier_engine.begin_object(%L, 1, 'image/png', 'png', 1, '\x00')$$, :'broken_attempt'), '22023', 'invalid output', 'half a hash');
select throws_ok(format($$select atelier_engine.begin_object(%L, 0, 'image/png', 'png', 1, sha256('x'))$$, :'attempt'), '55000', 'the attempt does not own its job', 'an attempt that is over');
select throws_ok(format($$select atelier_engine.begin_object(%L, 0, 'image/png', 'png', 1, sha256('x'))$$, gen_random_uuid()), '55000', 'the attempt does not own its job', 'an unknown attempt');
select ok(not atelier_engine.open_result(gen_random_uuid()), 'an unknown attempt has no result');
reset role;
select is((pg_temp.job(:'broken')).status, 'queued', 'none of this ended the job');
select is_empty('select * from atelier.stuck_jobs', 'no job is stuck');

select * from finish();
rollback;
