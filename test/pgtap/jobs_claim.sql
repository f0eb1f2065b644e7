-- Claiming: order, slots, endpoints, tokens, leases.
begin;
\ir support/jobs.sql
select plan(46);
set local role atelier_worker;
select is_empty('select * from atelier_engine.claim_jobs(10)', 'nothing to claim in an empty queue');
reset role;

select pg_temp.queue(:alice, 'first') as first \gset
select pg_temp.queue(:alice, 'second', $$, negative_prompt => 'blur', parameters => '{"seed": 5}'$$) as second \gset
select pg_temp.queue(:bob, 'third') as third \gset
update atelier.jobs set priority = 10 where id = :'third';
update atelier_engine.queue set priority = 10 where job_id = :'third';

-- What a claim gives.
set local role atelier_worker;
select is_empty('select * from atelier_engine.claim_jobs(0)', 'no free slot of the dispatcher, no claim');
select is_empty('select * from atelier_engine.claim_jobs(-1)', 'nor for less');
create temp table one as select * from atelier_engine.claim_jobs(1);
reset role;
select is((select job_id from one), :'third'::uuid, 'the highest priority comes first');
select row_eq($$select adapter, url, model, secret, auth_header, connect_timeout_ms, first_byte_timeout_ms,
                       total_timeout_ms, max_output_bytes, private_network from one$$,
  row('openai_images'::text, 'http://192.0.2.1/v1'::text, 'tiny-sdxl'::text, null::text, null::text, 10000, 300000,
      600000, 67108864::bigint, false), 'a claim says where to go and how');
select is((select parameters::jsonb - 'seed' from one),
  '{"prompt": "third", "width": 64, "height": 64, "steps": 25, "guidance": 4, "n": 1}', 'and what to ask for');
select row_eq(format('select status, attempts, started_at is not null from atelier.jobs where id = %L', :'third'),
  row('queued'::text, 0, false), 'the job counts as queued until its request was sent');
select row_eq('select state, number, endpoint_name from atelier_engine.attempts where id = (select attempt_id from one)',
  row('submitting'::text, 1, 'test endpoint'::text), 'the attempt is written down before anything is sent');
select ok(q.state = 'leased' and q.attempt_id = (select attempt_id from one)
          and q.lease_expires_at between clock_timestamp() + interval '10 minutes' and clock_timestamp() + interval '13 minutes',
  'the lease outlives the time-outs of the endpoint') from pg_temp.queued(:'third') q;

set local role atelier_worker;
create temp table two as select * from atelier_engine.claim_jobs(10);
reset role;
select is((select array_agg(job_id) from two), array[:'first'::uuid], 'then the oldest, up to max_concurrency');
select is((pg_temp.job(:'second')).status, 'queued', 'what finds no slot stays queued');
set local role atelier_worker;
select is_empty('select * from atelier_engine.claim_jobs(10)', 'a busy endpoint gets nothing');
reset role;

-- Free slots come back.
select pg_temp.fail((select attempt_id from one), 'invalid_input');
set local role atelier_worker;
create temp table three as select * from atelier_engine.claim_jobs(10);
reset role;
select is((select job_id from three), :'second'::uuid, 'an ended attempt frees its slot');
select is((select parameters::jsonb from three),
  '{"prompt": "second", "negative_prompt": "blur", "width": 64, "height": 64, "steps": 25, "guidance": 4, "n": 1, "seed": 5}',
  'the negative prompt travels with the parameters');

-- Sent, submitted, renewed.
set local role atelier_worker;
select lives_ok($$select atelier_engine.record_sent(array[(select attempt_id from two), (select attempt_id from three)],
  array['2026-01-01 00:00:01+00', '2026-01-01 00:00:02+00']::timestamptz[])$$, 'requests are recorded as sent');
reset role;
select row_eq('select state, sent_at from atelier_engine.attempts where id = (select attempt_id from three)',
  row('submitted'::text, '2026-01-01 00:00:02+00'::timestamptz), 'each with its own time');
select row_eq(format('select status, started_at = (select claimed_at from atelier_engine.attempts where id = %L) from atelier.jobs where id = %L',
  (select attempt_id from three), :'second'), row('processing'::text, true), 'now their jobs are processing, since they were claimed');
select is((pg_temp.attempt((select attempt_id from one))).state, 'failed', 'an ended attempt stays as it is');
set local role atelier_worker;
select atelier_engine.record_sent(array[(select attempt_id from one)], array[now()]);
select lives_ok($$select atelier_engine.record_submitted((select attempt_id from two), 'prediction-1')$$, 'an external id is recorded');
reset role;
select is((pg_temp.attempt((select attempt_id from one))).state, 'failed', 'also when it is reported as sent too late');
select is((pg_temp.attempt((select attempt_id from two))).external_id, 'prediction-1', 'the external id is kept');
update atelier_engine.queue set lease_expires_at = clock_timestamp() where state = 'leased';
set local role atelier_worker;
select atelier_engine.renew_leases(array[(select attempt_id from two), (select attempt_id from one)]);
reset role;
select ok((pg_temp.queued(:'first')).lease_expires_at > clock_timestamp() + interval '10 minutes', 'a lease is renewed');
select ok((pg_temp.queued(:'second')).lease_expires_at <= clock_timestamp(), 'others are not');

-- Waiting for a second try.
select pg_temp.fail((select attempt_id from two), 'overload');
select is((pg_temp.queued(:'first')).state, 'waiting', 'after a failure the job waits');
set local role atelier_worker;
select is_empty('select * from atelier_engine.claim_jobs(10)', 'it is not claimed before its time');
reset role;
select is(atelier_engine.next_wake_at(), (pg_temp.queued(:'first')).run_at, 'the dispatcher is told when');
update atelier_engine.queue set run_at = clock_timestamp() - interval '1 s' where job_id = :'first';
set local role atelier_worker;
create temp table four as select * from atelier_engine.claim_jobs(10);
reset role;
select is((select job_id from four), :'first'::uuid, 'it is claimed when its time has come');
select is((pg_temp.attempt((select attempt_id from four))).number, 2, 'as the second attempt');
select is(atelier_engine.next_wake_at(), null, 'then there is nothing to wait for');

-- Which endpoint takes which job.
delete from atelier.jobs;
update atelier.endpoints set only_models = '{other}' where name = 'test endpoint';
select pg_temp.queue(:alice, 'for the tiny model') as fourth \gset
select is(pg_temp.claim(:'fourth'), null, 'an endpoint takes only the models it names');
update atelier.endpoints set only_models = '{other, tiny-sdxl}' where name = 'test endpoint';
update atelier.api_providers set is_active = false;
select is(pg_temp.claim(:'fourth'), null, 'an inactive provider gets nothing');
update atelier.api_providers set is_active = true;
update atelier.endpoints set max_concurrency = 0 where name = 'test endpoint';
select is(pg_temp.claim(:'fourth'), null, 'an endpoint without concurrency gets nothing');
update atelier.endpoints set max_concurrency = 2 where name = 'test endpoint';
update atelier.api_models set is_active = false;
select isnt(pg_temp.claim(:'fourth'), null, 'a model that is no longer offered still finishes what it accepted');
update atelier.api_models set is_active = true;

delete from atelier.jobs;
insert into atelier.endpoints (provider_id, name, adapter, base_url, max_concurrency)
select provider_id, 'second endpoint', adapter, 'http://192.0.2.2/v1', 1 from atelier.endpoints where name = 'test endpoint';
select pg_temp.queue(:alice, 'load ' || n) from generate_series(1, 5) n;
set local role atelier_worker;
select results_eq('select url, count(*) from atelier_engine.claim_jobs(10) group by url order by url',
  $$values ('http://192.0.2.1/v1', 2::bigint), ('http://192.0.2.2/v1', 1::bigint)$$,
  'jobs spread over the endpoints, each up to its limit');
reset role;

-- Tokens.
delete from atelier.jobs;
delete from atelier.endpoints where name = 'second endpoint';
update atelier.api_providers set auth_scheme = 'bearer', auth_header_name = 'Authorization';
select pg_temp.queue(:alice, 'paid') as paid \gset
select is(pg_temp.claim(:'paid'), null, 'without the token that the provider needs nothing is sent');
select atelier.set_provider_token('atelier-runner', 'tok-1', 'one'), atelier.set_provider_token('atelier-runner', 'tok-2', 'two');
set local role atelier_worker;
create temp table authorized as select * from atelier_engine.claim_jobs(10);
reset role;
select row_eq($$select a.auth_header, a.secret, t.name, a.sealed_secret = k.sealed
                  from authorized a join atelier.provider_tokens t on t.id = a.token_id join atelier_engine.provider_secrets k on k.token_id = t.id$$,
  row('Authorization: Bearer'::text, null::text, 'one'::text, true), 'a bearer token travels with the claim, sealed');
select is((select request_count from atelier.provider_tokens where name = 'one'), 1::bigint, 'its use is counted');
update atelier.api_providers set auth_scheme = 'header', auth_header_name = 'X-Key';
select pg_temp.queue(:alice, 'paid again') as again \gset
set local role atelier_worker;
create temp table by_header as select * from atelier_engine.claim_jobs(10);
reset role;
select row_eq('select a.auth_header, t.name from by_header a join atelier.provider_tokens t on t.id = a.token_id', row('X-Key'::text, 'two'::text),
  'the next one takes the token that rested longest, in the header of the provider');
select pg_temp.fail((select attempt_id from by_header), 'auth', 'bad key');
select row_eq($$select error_count, last_error from atelier.provider_tokens where name = 'two'$$,
  row(1::bigint, 'bad key'::text), 'a refused token is counted');

-- What the adapter has to know.
update atelier.api_providers set auth_scheme = 'none', adapter_options = '{"a": 1, "b": 1}' where name = 'atelier-runner';
update atelier.api_models set adapter_options = '{"b": 2}' where model_key = 'tiny-sdxl';
select pg_temp.queue(:alice, 'with options') as with_options \gset
set local role atelier_worker;
create temp table opted as select * from atelier_engine.claim_jobs(10);
reset role;
select is((select adapter_options::jsonb from opted), '{"a": 1, "b": 2}',
  'the options of a model go before those of its provider');
select pg_temp.fail((select attempt_id from opted), 'invalid_input');

-- A copy of the database.
update atelier.api_providers set auth_scheme = 'none';
select pg_temp.queue(:alice, 'in a copy') as copied \gset
update atelier_engine.instance set database_oid = 1;
select is(pg_temp.claim(:'copied'), null, 'a database that is not adopted dispatches nothing');
select is(atelier_engine.next_wake_at(), null, 'and waits for nothing');
select is_empty('select * from atelier.stuck_jobs', 'no job is stuck');

-- Who may call.
select pg_temp.sign_in(:alice);
select throws_ok('select * from atelier_engine.claim_jobs(1)', '42501', null, 'users may not claim');
select pg_temp.become('service_role');
select throws_ok('select * from atelier_engine.claim_jobs(1)', '42501', null, 'nor may the service role');
select pg_temp.become('atelier_worker');
select throws_ok('select * from atelier_engine.claim_for_slot(gen_random_uuid(), null, 1, false)', '42501', null,
  'the worker calls only what is made for it');

select * from finish();
rollback;
