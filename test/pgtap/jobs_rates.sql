-- Rates: token buckets of endpoints and tokens. Time passes by moving filled_at.
begin;
\ir support/jobs.sql
select plan(40);
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

-- What servers say themselves.
delete from atelier_engine.endpoint_states;
delete from atelier_engine.token_states;
delete from atelier.provider_tokens;
update atelier.api_providers set auth_scheme = 'none';
delete from atelier.jobs;
select pg_temp.queue(:alice, 'job ' || n) from generate_series(1, 20) n \g /dev/null
create function pg_temp.report(p_attempt uuid, p_remaining bigint, p_reset_ms numeric, p_at timestamptz default clock_timestamp()) returns void language plpgsql as $$
begin
  perform pg_temp.become('atelier_worker');
  perform atelier_engine.note_rates(jsonb_build_array(jsonb_build_object(
    'attempt_id', p_attempt, 'remaining', p_remaining, 'reset_ms', p_reset_ms, 'at_us', extract(epoch from p_at) * 1000000)));
  perform pg_temp.sign_out();
end $$;
select pg_temp.claim_count(1) \g /dev/null
select q.attempt_id as answered from atelier_engine.queue q where q.state = 'leased' \gset
select pg_temp.report(:'answered', 4, 20000);
select is(atelier_engine.rate_room('e0000000-0000-7000-8000-000000000001', null), 3, 'what may still be on its way is taken off');
update atelier_engine.attempts set claimed_at = claimed_at - interval '1 minute' where id = :'answered';
select pg_temp.report(:'answered', 3, 20000);
select is(atelier_engine.rate_room('e0000000-0000-7000-8000-000000000001', null), 3, 'a server that takes three more');
select is(pg_temp.claim_count(2), 2, 'gets some');
select is(pg_temp.claim_count(), 1, 'and the rest');
select is(pg_temp.claim_count(), 0, 'and then nothing, before it has to refuse');
select ok(atelier_engine.next_wake_at() between clock_timestamp() + interval '15 s' and clock_timestamp() + interval '20 s', 'until it takes more');
select pg_temp.report(:'answered', 100, 20000, clock_timestamp() - interval '1 minute');
select is(pg_temp.claim_count(), 0, 'what it said before does not count');
update atelier_engine.attempts set claimed_at = claimed_at - interval '1 minute';
select pg_temp.report(:'answered', 1, 20000);
select is(pg_temp.claim_count(), 1, 'its latest answer does, in which it has counted what was sent before');
select pg_temp.report(:'answered', 9, 20000);
select is(pg_temp.claim_count(), 0, 'an answer that was overtaken does not');
update atelier_engine.server_rates set reported_at = reported_at - interval '2 s';
select pg_temp.report(:'answered', 9, 20000);
select is((select remaining from atelier_engine.server_rates), 9, 'but one that is really newer');
update atelier_engine.server_rates set reset_at = clock_timestamp();
select is(pg_temp.claim_count(2), 2, 'after the reset it takes any number again');
select is(atelier_engine.next_refill_at(), null, 'and nothing waits');
update atelier.endpoints set requests_per_minute = 60, request_burst = 1 where name = 'test endpoint';
update atelier_engine.attempts set claimed_at = claimed_at - interval '1 minute';
select pg_temp.report(:'answered', 5, 20000);
select is(atelier_engine.rate_room('e0000000-0000-7000-8000-000000000001', null), 1, 'its own limit and the server''s hold both');
update atelier_engine.server_rates set reported_at = reported_at - interval '2 s';
select pg_temp.report(:'answered', 99999999999, 1e12);
select row_eq('select remaining, reset_at <= clock_timestamp() + interval ''1 hour'' from atelier_engine.server_rates', row(2147483647, true), 'absurd values are cut off');
select lives_ok($$select pg_temp.report(gen_random_uuid(), 1, 1000)$$, 'an attempt that nobody knows changes nothing');
select throws_ok('insert into atelier_engine.server_rates select endpoint_id, token_id, -1, now(), now() from atelier_engine.server_rates', '23514', null, 'nobody takes less than nothing');
select pg_temp.sign_in(:alice);
select throws_ok('select * from atelier_engine.server_rates', '42501', null, 'people do not see it');
select throws_ok('select atelier_engine.note_rates(''[]'')', '42501', null, 'nor say it');
select pg_temp.sign_out();

-- Refusals.
select throws_ok('update atelier.endpoints set requests_per_minute = 0', '23514', null, 'a rate of nothing is refused');
select throws_ok('update atelier.endpoints set request_burst = 0', '23514', null, 'so is a burst of nothing');
select pg_temp.sign_in(:alice);
select throws_ok('select * from atelier_engine.rate_buckets', '42501', null, 'people do not see the buckets');

select * from finish();
rollback;
