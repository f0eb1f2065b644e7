-- Idempotency keys, and results that are used again.
begin;
\ir support/jobs.sql
select plan(33);
update atelier.endpoints set max_concurrency = 100 where name = 'test endpoint';

-- The same request with the same key is the same job.
select pg_temp.queue(:alice, 'a circle', $$, idempotency_key => 'k1', parameters => '{"steps": 5}'$$) as first \gset
select is(pg_temp.queue(:alice, 'a circle', $$, idempotency_key => 'k1', parameters => '{"steps": 5}'$$), :'first', 'the same key and request give the same job');
select is((select count(*) from atelier.jobs where user_id = :alice), 1::bigint, 'and no second one');
select is((select count(*) from atelier_engine.queue), 1::bigint, 'nor a second place in the queue');
select is((pg_temp.job(:'first')).idempotency_key, 'k1', 'the job knows its key');
select isnt(pg_temp.queue(:bob, 'a circle', $$, idempotency_key => 'k1', parameters => '{"steps": 5}'$$), :'first', 'keys belong to users');
select isnt(pg_temp.queue(:alice, 'a circle', $$, idempotency_key => 'k2', parameters => '{"steps": 5}'$$), :'first', 'another key is another job');
select isnt(pg_temp.queue(:alice, 'a circle'), pg_temp.queue(:alice, 'a circle'), 'without a key every call makes a job');
select pg_temp.queue(:alice, 'later', $$, idempotency_key => 'k3', run_at => date_trunc('day', now()) + interval '2 days'$$) as later \gset
set local timezone = 'Asia/Tokyo';
select is(pg_temp.queue(:alice, 'later', $$, idempotency_key => 'k3', run_at => date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' + interval '2 days'$$), :'later',
  'a session in another time zone asks for the same');
reset timezone;
select pg_temp.succeed(pg_temp.claim(:'first'));
select is(pg_temp.queue(:alice, 'a circle', $$, idempotency_key => 'k1', parameters => '{"steps": 5}'$$), :'first', 'also when the job has ended');
set local atelier.max_unfinished_jobs_per_user = 1;
select is(pg_temp.queue(:alice, 'a circle', $$, idempotency_key => 'k1', parameters => '{"steps": 5}'$$), :'first', 'and when there is no room for more');
set local atelier.max_unfinished_jobs_per_user = 1000;

-- Another request with the same key is a mistake.
select pg_temp.sign_in(:alice);
select throws_ok($$select atelier.queue_job('a square', idempotency_key => 'k1', parameters => '{"steps": 5}')$$, 'PT422', 'the idempotency key was used for another request', 'another prompt');
select throws_ok($$select atelier.queue_job('a circle', idempotency_key => 'k1', parameters => '{"steps": 6}')$$, 'PT422', 'the idempotency key was used for another request', 'another parameter');
select throws_ok($$select atelier.queue_job('a circle', idempotency_key => 'k1', parameters => '{"steps": 5}', metadata => '{"a": 1}')$$, 'PT422', 'the idempotency key was used for another request', 'other metadata');
select is(e.detail, format('It made the job %s.', :'first'), 'the error names the job')
  from pg_temp.error_of($$select atelier.queue_job('a square', idempotency_key => 'k1')$$) e;
select throws_ok($$select atelier.queue_job('x', idempotency_key => '')$$, '22023', 'idempotency_key must have 1 to 255 characters', 'an empty key');
select throws_ok($$select atelier.queue_job('x', idempotency_key => repeat('k', 256))$$, '22023', 'idempotency_key must have 1 to 255 characters', 'a long key');
select throws_ok($$select atelier.queue_job('', idempotency_key => 'k9')$$, '22023', 'prompt is empty', 'a refused request');
select isnt((select id from atelier.queue_job('x', idempotency_key => 'k9')), null, 'does not use up its key');
select pg_temp.sign_out();
delete from atelier.jobs where id = :'first';
select isnt(pg_temp.queue(:alice, 'a square', $$, idempotency_key => 'k1'$$), null, 'a key is free again when its job is deleted');

-- Results used again.
select pg_temp.queue(:alice, 'a star', ', reuse_result => true') as star \gset
select is(pg_temp.queue(:alice, 'a star', ', reuse_result => true'), :'star', 'a job that has not ended is shared');
select pg_temp.succeed(pg_temp.claim(:'star'));
select is(pg_temp.queue(:alice, 'a star', ', reuse_result => true'), :'star', 'so is the result of one that is completed');
select is(pg_temp.queue(:alice, 'a star', $$, reuse_result => true, metadata => '{"k": 1}', priority => -3$$), :'star', 'whatever does not change the picture');
select isnt(pg_temp.queue(:alice, 'a star'), :'star', 'who does not ask for it gets a new one');
select isnt(pg_temp.queue(:bob, 'a star', ', reuse_result => true'), :'star', 'nobody gets the result of somebody else');
select isnt(pg_temp.queue(:alice, 'a star', $$, reuse_result => true, parameters => '{"seed": 1}'$$), :'star', 'a seed is another request');
select isnt(pg_temp.queue(:alice, 'a star', $$, reuse_result => true, negative_prompt => ''$$), :'star', 'a negative prompt, too');
select isnt(pg_temp.queue(:alice, 'a star', $$, reuse_result => true, destination => 'library'$$), :'star', 'and another destination');
select pg_temp.queue(:alice, 'plain') as plain \gset
select isnt(pg_temp.queue(:alice, 'plain', ', reuse_result => true'), :'plain', 'a job that was queued without it is not found');
update atelier.api_models set version = '2' where model_key = 'tiny-sdxl';
select isnt(pg_temp.queue(:alice, 'a star', ', reuse_result => true'), :'star', 'another version of the model makes another picture');
update atelier.api_models set version = null where model_key = 'tiny-sdxl';
select is(pg_temp.queue(:alice, 'a star', ', reuse_result => true'), :'star', 'the same one the same');
delete from atelier.workspace_assets where job_id = :'star';
select isnt(pg_temp.queue(:alice, 'a star', ', reuse_result => true'), :'star', 'a result whose files are gone is made anew');
select pg_temp.queue(:alice, 'will fail', ', reuse_result => true') as bad \gset
select pg_temp.fail(pg_temp.claim(:'bad'), 'invalid_input');
select isnt(pg_temp.queue(:alice, 'will fail', ', reuse_result => true'), :'bad', 'a failed job is not used again');
select is((pg_temp.job(:'plain')).content_hash, null, 'jobs without it carry no hash');

select * from finish();
rollback;
