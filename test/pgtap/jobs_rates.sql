-- Rates: token buckets of endpoints and tokens. Time passes by moving filled_at.
begin;
\ir support/jobs.sql
select plan(22);
update atelier.endpoints set max_concurrency = 1000 where name = 'test endpoint';

create function pg_temp.claim_count(p_count integer default 100) returns integer language plpgsql as $$
declare
  claimed integer;
begin
  perform pg_temp.become('atelier_worker');
  select count(*) into claimed from atelier_engine.claim_jobs(p_count);
  perform pg_temp.sign_out();
  return claimed;
end $$;
create function pg_temp.pass(p_time interval) returns void language sql as
$$ update atelier_engine.rate_buckets set filled_at = filled_at - p_time $$;

select pg_temp.queue(:alice, 'job ' || n) from generate_series(1, 60) n \g /dev/null
select is(atelier_engine.rate_room('e0000000-0000-7000-8000-000000000001', null), null, 'without a rate there is any room');
update atelier.endpoints set requests_per_minute = 60, request_burst = 5 where name = 'test endpoint';
select is(atelier_engine.rate_room('e0000000-0000-7000-8000-000000000001', null), 5, 'a new bucket is full');
select is(pg_temp.claim_count(), 5, 'a claim takes what the bucket holds');
select is(pg_temp.claim_count(), 0, 'then nothing');
select ok(atelier_engine.next_wake_at() between clock_timestamp() + interval '0.5 s' and clock_timestamp() + interval '1 s', 'the dispatcher is told when the next one may go');
select pg_temp.pass('2 s') \g /dev/null
select is(pg_temp.claim_count(), 2, 'one a second is refilled');
select pg_temp.pass('500 ms') \g /dev/null
select is(pg_temp.claim_count(), 0, 'half a request is none');
select pg_temp.pass('500 ms') \g /dev/null
select is(pg_temp.claim_count(), 1, 'two halves are one');
select pg_temp.pass('1 hour') \g /dev/null
select is(pg_temp.claim_count(), 5, 'after a long pause not more than the burst');
select pg_temp.pass('-1 hour') \g /dev/null
select is(pg_temp.claim_count(), 0, 'a clock that was set back gives nothing');
select ok((select level >= 0 from atelier_engine.rate_buckets), 'and takes nothing');
update atelier.endpoints set request_burst = null where name = 'test endpoint';
delete from atelier_engine.rate_buckets;
select is(pg_temp.claim_count(3), 3, 'a claim for less takes less');
select is(pg_temp.claim_count(), 7, 'without a burst the bucket holds the requests of ten seconds');
update atelier.endpoints set requests_per_minute = null where name = 'test endpoint';
select is(pg_temp.claim_count(4), 4, 'without a rate the bucket does not matter');
select is(atelier_engine.next_refill_at(), null, 'and nothing waits for it');
delete from atelier_engine.rate_buckets;

-- One bucket for each token.
update atelier.api_providers set auth_scheme = 'bearer', auth_header_name = 'Authorization';
select atelier.set_provider_token('atelier-runner', 'tok-1', 'one'), atelier.set_provider_token('atelier-runner', 'tok-2', 'two') \g /dev/null
update atelier.endpoints set requests_per_minute = 60, request_burst = 3 where name = 'test endpoint';
select is(pg_temp.claim_count(), 6, 'each token has a bucket of its own');
select is((select count(*) from atelier_engine.rate_buckets), 2::bigint, 'two tokens, two buckets');

-- Asked for patience: the token, or the endpoint, has no room at all until then.
update atelier.endpoints set requests_per_minute = null where name = 'test endpoint';
select pg_temp.claim_count(1) \g /dev/null
select q.attempt_id as refused, q.token_id as token from atelier_engine.queue q join atelier_engine.attempts a on a.id = q.attempt_id order by a.claimed_at desc limit 1 \gset
select pg_temp.fail(:'refused', 'throttled', 'slow down', 30000) \g /dev/null
select is_empty(format('select from atelier_engine.usable_tokens((select id from atelier.api_providers)) t where t.token_id = %L', :'token'), 'a token that was asked for patience is not used');
select pg_temp.claim_count() \g /dev/null
select is_empty(format('select from atelier_engine.attempts where token_id = %L and claimed_at > (select recorded_at from atelier_engine.attempts where id = %L)', :'token', :'refused'), 'and sends nothing');

-- Refusals.
select throws_ok('update atelier.endpoints set requests_per_minute = 0', '23514', null, 'a rate of nothing is refused');
select throws_ok('update atelier.endpoints set request_burst = 0', '23514', null, 'so is a burst of nothing');
select pg_temp.sign_in(:alice);
select throws_ok('select * from atelier_engine.rate_buckets', '42501', null, 'people do not see the buckets');

select * from finish();
rollback;
