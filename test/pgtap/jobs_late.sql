-- Results that come too late, and what operators decide about held jobs.
begin;
\ir support/jobs.sql
select plan(85);
update atelier.endpoints set max_concurrency = 100, breaker_threshold = 1000 where name = 'test endpoint';

create function pg_temp.given_up(p_prompt text, p_options text default '', out job uuid, out attempt uuid) language plpgsql as $$
begin
  job := pg_temp.queue('a11ce000-0000-7000-8000-000000000001', p_prompt, p_options);
  attempt := pg_temp.claim(job);
  perform atelier_engine.settle_attempts(array[attempt], 'the courier gave no answer');
end $$;
create function pg_temp.late_objects() returns bigint language sql as $$ select count(*) from storage.objects where bucket_id = 'late-results' $$;
create function pg_temp.settle_bytes() returns bigint language plpgsql as $$
begin
  perform atelier_engine.delete_pending_objects(100);
  return (select count(*) from atelier_engine.orphaned_objects());
end $$;
\set picture '''\\x89504e470d0a1a0a01'''

-- Kept aside.
select job as late, attempt as late1 from pg_temp.given_up('late') \gset
select is(pg_temp.succeed(:'late1', array[:picture, :picture]::bytea[]), false, 'the result of an attempt that was given up completes nothing');
select row_eq(format('select status, attempts from atelier.jobs where id = %L', :'late'), row('queued'::text, 1), 'the job waits for its next try');
select row_eq('select attempt_id, job_id, status, outputs, byte_count, adopted_at from atelier.late_results',
  row(:'late1'::uuid, :'late'::uuid, 'queued'::text, 2, 18::bigint, null::timestamptz), 'but the result is kept');
select ok(expires_at between clock_timestamp() + interval '23 h' and clock_timestamp() + interval '24 h', 'for a day') from atelier.late_results;
select is(pg_temp.late_objects(), 2::bigint, 'with its bytes');
select is(pg_temp.succeed(:'late1'), null, 'a second one is not');
select pg_temp.sign_in(:alice);
select is_empty('select from storage.objects', 'its owner does not see it');
select throws_ok('select atelier.object_bytes(''late-results'', ''x'')', 'PT404', null, 'nor read it');
select throws_ok(format('select atelier.adopt_late_result(%L)', :'late1'), '42501', null, 'nor adopt it');
select throws_ok('select * from atelier.late_results', '42501', null, 'nor look into the list');
select pg_temp.become('anon');
select throws_ok(format('select atelier.adopt_late_result(%L)', :'late1'), '42501', null, 'nor does anon');

-- Adopted by a job that waits.
select pg_temp.sign_in(:carol);
select throws_ok('select atelier.adopt_late_result(gen_random_uuid())', 'PT404', 'no such late result', 'an unknown one');
select is((select status from atelier.adopt_late_result(:'late1')), 'completed', 'an administrator adopts it, and the job is completed');
select pg_temp.sign_out();
select row_eq(format('select state, number from atelier_engine.attempts where id = %L', :'late1'), row('succeeded'::text, 1), 'by that attempt');
select is((pg_temp.queued(:'late')).state, null, 'it leaves the queue');
select is((select array_agg(temp_storage_path order by asset_index) from atelier.workspace_assets where job_id = :'late'),
  array[format('%s/%s/0.png', :alice, :'late'), format('%s/%s/1.png', :alice, :'late')], 'the outputs are where they would have been');
select is((select count(*) from atelier.events where ref = :'late' and kind = 'job.completed'), 1::bigint, 'the owner is told');
select is(pg_temp.late_objects(), 0::bigint, 'nothing is left aside');
select is(pg_temp.settle_bytes(), 0::bigint, 'every object has its bytes and its asset');
select pg_temp.become('service_role');
select row_eq(format('select state, message from pg_temp.error_of(%L)', format('select atelier.adopt_late_result(%L)', :'late1')),
  row('PT409'::text, 'the late result cannot be adopted any more'::text), 'once');
select pg_temp.sign_out();
select is(pg_temp.succeed(:'late1'), null, 'what reports after that changes nothing');

-- Adopted while another attempt is on its way.
select job as racing, attempt as racing1 from pg_temp.given_up('racing') \gset
update atelier_engine.queue set run_at = clock_timestamp() where job_id = :'racing';
select pg_temp.claim(:'racing') as racing2 \gset
select pg_temp.succeed(:'racing1');
select pg_temp.become('service_role');
select is((select status from atelier.adopt_late_result(:'racing1')), 'completed', 'a result is adopted while the next try is on its way');
select pg_temp.sign_out();
select row_eq(format('select state, error_message from atelier_engine.attempts where id = %L', :'racing2'), row('cancelled'::text, 'another attempt was adopted'::text),
  'which is told apart in the history');
select is(pg_temp.succeed(:'racing2'), null, 'and counts for nothing when it comes');
select is((select count(*) from atelier.workspace_assets where job_id = :'racing'), 1::bigint, 'there is one set of outputs');
select is_empty('select from atelier.stuck_jobs', 'nothing is stuck');

-- The next try was faster.
select job as slow, attempt as slow1 from pg_temp.given_up('slow') \gset
select pg_temp.succeed(:'slow1');
update atelier_engine.queue set run_at = clock_timestamp() where job_id = :'slow';
select pg_temp.succeed(pg_temp.claim(:'slow'));
select pg_temp.become('service_role');
select row_eq(format('select state, detail from pg_temp.error_of(%L)', format('select atelier.adopt_late_result(%L)', :'slow1')), row('PT409'::text, 'The job is completed.'::text),
  'a completed job adopts nothing');
select pg_temp.sign_out();
select job as done, attempt as done1 from pg_temp.given_up('done before') \gset
update atelier_engine.queue set run_at = clock_timestamp() where job_id = :'done';
select pg_temp.succeed(pg_temp.claim(:'done'));
select is(pg_temp.succeed(:'done1'), null, 'and what comes after it is dropped');

-- A failed job.
update atelier.endpoints set ambiguity_policy = 'fail' where name = 'test endpoint';
select job as failed, attempt as failed1 from pg_temp.given_up('paid', ', destination => ''library''') \gset
select is((pg_temp.job(:'failed')).status, 'failed', 'a paid request is not repeated');
select pg_temp.succeed(:'failed1');
select pg_temp.become('service_role');
select is((select status from atelier.adopt_late_result(:'failed1')), 'failed', 'a failed job stays failed');
select pg_temp.sign_out();
select row_eq(format('select storage_path, source_asset_index from atelier.user_library where source_job_id = %L', :'failed'),
  row(format('%s/%s/0.png', :alice, :'failed'), 0), 'but its owner gets the outputs');
select is((select status from atelier.generations where job_id = :'failed'), 'completed', 'the generation');
select is((select count(*) from atelier.events where ref = :'failed' and kind = 'job.delivered'), 1::bigint, 'and the news');
select is(pg_temp.settle_bytes(), 0::bigint, 'with all bytes');

-- Data and no files.
create function pg_temp.tell(p_attempt uuid, p_result jsonb) returns uuid[] language sql as $$
  select atelier_engine.record_successes(array[p_attempt], array[null::jsonb], array[p_result], array['{}'::jsonb], array[now()], array[now()], array[now()], array[now()]) $$;
select job as failed_data, attempt as failed_data1 from pg_temp.given_up('data, failed') \gset
select is(pg_temp.tell(:'failed_data1', '"a story"'), '{}', 'data that comes too late completes nothing');
select row_eq(format('select outputs, has_data from atelier.late_results where attempt_id = %L', :'failed_data1'), row(0, true), 'it is kept, too');
select is((atelier.adopt_late_result(:'failed_data1')).status, 'failed', 'a failed job');
select row_eq(format('select result, output_text, output_urls from atelier.generations where job_id = %L', :'failed_data'), row('"a story"'::jsonb, 'a story'::text, null::text[]), 'gets it after all');
update atelier.endpoints set ambiguity_policy = 'retry' where name = 'test endpoint';
select job as data, attempt as data1 from pg_temp.given_up('data') \gset
select pg_temp.tell(:'data1', '{"words": 7}');
select is((atelier.adopt_late_result(:'data1')).status, 'completed', 'and one that waits');
select is((select result from atelier.generations where job_id = :'data'), '{"words": 7}', 'is completed by it');

-- A cancelled job wants nothing.
update atelier.endpoints set ambiguity_policy = 'retry' where name = 'test endpoint';
select job as unwanted, attempt as unwanted1 from pg_temp.given_up('unwanted') \gset
select pg_temp.sign_in(:alice);
select atelier.cancel_job(:'unwanted');
select pg_temp.sign_out();
select is(pg_temp.succeed(:'unwanted1'), null, 'for a cancelled job nothing is kept');

-- A day later.
select job as forgotten, attempt as forgotten1 from pg_temp.given_up('forgotten') \gset
select pg_temp.succeed(:'forgotten1');
update atelier_engine.late_results set expires_at = clock_timestamp() where job_id = :'forgotten';
select atelier_engine.reap_expired_leases();
select is((select count(*) from atelier_engine.late_results where job_id = :'forgotten'), 0::bigint, 'late results are forgotten after a day');
select is(pg_temp.late_objects(), 1::bigint, 'with their objects');  -- that of slow1 is left
delete from atelier.jobs where id = :'slow';
select is(pg_temp.late_objects(), 0::bigint, 'or with their jobs');
select is((select count(*) from storage.objects o join atelier.workspace_assets a on a.temp_storage_path = o.name where a.job_id = :'late'), 2::bigint,
  'but not what was adopted');
update atelier_engine.late_results set expires_at = clock_timestamp();
select atelier_engine.reap_expired_leases();
select is((select count(*) from storage.objects o join atelier.workspace_assets a on a.temp_storage_path = o.name where a.job_id = :'late'), 2::bigint,
  'not even when its day is over');
select is(pg_temp.settle_bytes(), 0::bigint, 'and no bytes stay behind');

-- Held jobs.
update atelier.endpoints set ambiguity_policy = 'hold' where name = 'test endpoint';
select job as held, attempt as held1 from pg_temp.given_up('held') \gset
select row_eq('select job_id, attempt_id, endpoint, error_class, has_late_result from atelier.held_jobs',
  row(:'held'::uuid, :'held1'::uuid, 'test endpoint'::text, 'ambiguous'::text, false), 'operators see held jobs');
select pg_temp.sign_in(:alice);
select throws_ok(format('select atelier.resolve_held_job(%L, ''retry'')', :'held'), '42501', null, 'users do not decide');
select throws_ok('select * from atelier.held_jobs', '42501', null, 'nor see the list');
select pg_temp.become('anon');
select throws_ok(format('select atelier.resolve_held_job(%L, ''retry'')', :'held'), '42501', null, 'nor does anon');
select pg_temp.sign_in(:carol);
select throws_ok(format('select atelier.resolve_held_job(%L, ''guess'')', :'held'), '22023', 'unknown decision', 'decisions are known');
select throws_ok(format('select atelier.resolve_held_job(%L, null)', :'held'), '22023', 'unknown decision', 'and made');
select throws_ok('select atelier.resolve_held_job(gen_random_uuid(), ''retry'')', 'PT404', 'no such job', 'about a job');
select throws_ok(format('select atelier.resolve_held_job(%L, ''retry'')', :'late'), 'PT409', 'the job is not held', 'that is held');
select pg_temp.sign_out();
update atelier.jobs set attempts = 3 where id = :'held';
select pg_temp.sign_in(:carol);
select is((select status from atelier.resolve_held_job(:'held', 'retry')), 'queued', 'an administrator has it tried again');
select pg_temp.sign_out();
select row_eq(format('select state from atelier_engine.queue where job_id = %L', :'held'), row('ready'::text), 'at once');
select isnt(pg_temp.claim(:'held'), null, 'also after the last try');
select is((pg_temp.job(:'held')).max_attempts, 4, 'which makes room for one more');
select pg_temp.succeed((pg_temp.queued(:'held')).attempt_id);

select job as hopeless from pg_temp.given_up('hopeless') \gset
select pg_temp.become('service_role');
select row_eq(format('select status, error_class, error_message from atelier.resolve_held_job(%L, ''fail'', ''the provider never saw it'')', :'hopeless'),
  row('failed'::text, 'ambiguous'::text, 'the provider never saw it'::text), 'the back end has it fail, and says why');
select pg_temp.sign_out();
select job as silent from pg_temp.given_up('silent') \gset
select is((select error_message from atelier.resolve_held_job(:'silent', 'fail')), 'the courier gave no answer', 'without a note the reason stays');

select job as found, attempt as found1 from pg_temp.given_up('found') \gset
select throws_ok(format('select atelier.resolve_held_job(%L, ''completed'')', :'found'), '22023', 'a completed job has outputs', 'completed means with outputs');
select throws_ok(format('select atelier.resolve_held_job(%L, ''completed'', outputs => array[null]::bytea[])', :'found'), '22023', 'a completed job has outputs', 'each of them');
select throws_ok(format('select atelier.resolve_held_job(%L, ''completed'', outputs => array[''no picture'']::bytea[])', :'found'), 'PT415', null, 'that are pictures or videos');
select is((pg_temp.queued(:'found')).state, 'held', 'a refusal changes nothing');
select is((select status from atelier.resolve_held_job(:'found', 'completed', 'from the dashboard', array[:picture || repeat('00', 300000), '\x000000206674797069736f6d']::bytea[])),
  'completed', 'what the provider has done is brought home by hand');
select results_eq(format('select mime_type, file_size_bytes from atelier.workspace_assets where job_id = %L order by asset_index', :'found'),
  $$values ('image/png', 300009::bigint), ('video/mp4', 12::bigint)$$, 'with the types of its bytes');
select is((pg_temp.attempt(:'found1')).state, 'succeeded', 'by the attempt that was held');
select is((pg_temp.job(:'found')).metadata -> 'provider' ->> 'note', 'from the dashboard', 'and the note');
select is(pg_temp.settle_bytes(), 0::bigint, 'all bytes are there');

-- The answer comes while the job is held.
select job as answered, attempt as answered1 from pg_temp.given_up('answered') \gset
select is(pg_temp.fail(:'answered1', 'overload'), null, 'a failure that is reported late decides nothing');
select pg_temp.become('atelier_worker');
select ok(not atelier_engine.record_cancelled(:'answered1'), 'nor does a request that is given up');
select pg_temp.sign_out();
select is((pg_temp.queued(:'answered')).state, 'held', 'the job is still held');
select ok(pg_temp.succeed(:'answered1'), 'but its result completes it');
select is((pg_temp.job(:'answered')).status, 'completed', 'without anybody''s help');
select is_empty('select from atelier.held_jobs', 'then nothing is held');
select is_empty('select from atelier.stuck_jobs', 'nor stuck');

-- Kinds of bytes.
select is((select media_type || ' ' || extension from atelier_engine.type_of_bytes(t.bytes)), t.expected, coalesce(t.expected, 'neither picture nor video'))
  from (values ('\xffd8ffe0'::bytea, 'image/jpeg jpg'), ('\x524946460000000057454250', 'image/webp webp'), ('\x1a45dfa300', 'video/webm webm'),
               ('\x', null), ('\x4d5a', null)) t (bytes, expected);

-- Looking up.
select throws_ok($$update atelier.endpoints set ambiguity_policy = 'lookup'$$, '0A000', 'nothing says how to ask the provider what became of a request', 'lookup needs a provider that says how');
select throws_ok($$insert into atelier.endpoints (provider_id, name, adapter, base_url, ambiguity_policy)
  values ('00000000-0000-7000-8000-000000000001', 'asked', 'telepathy', 'http://192.0.2.9', 'lookup')$$, '0A000', 'the adapter cannot ask what became of a request', 'and an adapter that can');
alter table atelier.endpoints disable trigger guard_ambiguity_policy;
update atelier.endpoints set ambiguity_policy = 'lookup' where name = 'test endpoint';
select job as asked from pg_temp.given_up('asked') \gset
select is((pg_temp.queued(:'asked')).state, 'held', 'what cannot be looked up is held');

select * from finish();
rollback;
