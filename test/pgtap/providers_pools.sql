-- Pools of tokens: fair shares, rates, caps, what becomes of refused ones, and the names that users of Replicate know.
begin;
\ir support/jobs.sql
select plan(56);
update atelier.api_providers set auth_scheme = 'bearer', auth_header_name = 'Authorization', currency = 'EUR' where name = 'atelier-runner';
update atelier.endpoints set max_concurrency = 9 where name = 'test endpoint';
select atelier.set_provider_token('atelier-runner', 'secret-' || n, n) from unnest(array['one', 'two', 'three']) n \g /dev/null
select id as one from atelier.provider_tokens where name = 'one' \gset
select id as two from atelier.provider_tokens where name = 'two' \gset
select id as three from atelier.provider_tokens where name = 'three' \gset

create function pg_temp.queue_many(p_count integer) returns void language sql as
$$ select pg_temp.queue('a11ce000-0000-7000-8000-000000000001', 'job ' || n) from generate_series(1, p_count) n $$;
create function pg_temp.claim_all() returns void language plpgsql as $$
begin
  perform pg_temp.become('atelier_worker');
  perform atelier_engine.claim_jobs(100);
  perform pg_temp.sign_out();
end $$;
create function pg_temp.at_work() returns text language sql as $$
  select coalesce(string_agg(t.name || ' ' || b.busy, ', ' order by t.number), 'none')
    from atelier.provider_tokens t
    join (select token_id, count(*) as busy from atelier_engine.queue where state = 'leased' group by 1) b on b.token_id = t.id $$;
create function pg_temp.clear() returns void language sql as $$
  delete from atelier.jobs; delete from atelier_engine.token_usage; delete from atelier_engine.token_states; delete from atelier.events;
  update atelier.provider_tokens set is_active = true, max_concurrency = null, requests_per_minute = null, request_burst = null,
         daily_spend_cap = null, monthly_spend_cap = null, request_count = 0, error_count = 0, last_error = null, last_used_at = null;
$$;
create function pg_temp.reason() returns text language sql as $$
  select atelier_engine.explain_tokens('e0000000-0000-7000-8000-000000000001', id) ->> 'why' from atelier.api_providers where name = 'atelier-runner' $$;
-- With the status that the server answered.
create function pg_temp.refuse(p_attempt uuid, p_class text, p_status integer, p_sent boolean default true) returns text language plpgsql as $$
declare
  status text;
begin
  perform pg_temp.become('atelier_worker');
  status := atelier_engine.record_failure(p_attempt, p_class, p_status, 'no', null, null, p_sent, clock_timestamp(), null, null, clock_timestamp());
  perform pg_temp.sign_out();
  return status;
end $$;
create function pg_temp.attempt_with(p_token text) returns uuid language sql as $$
  select attempt_id from atelier_engine.queue where state = 'leased' and token_id = (select id from atelier.provider_tokens where name = p_token) limit 1 $$;

-- Shares.
select pg_temp.queue_many(9), pg_temp.claim_all();
select is(pg_temp.at_work(), 'one 3, two 3, three 3', 'tokens share what there is');
select results_eq('select request_count from atelier.provider_tokens order by number', array[3, 3, 3]::bigint[], 'their requests are counted');
select pg_temp.clear();
update atelier.provider_tokens set max_concurrency = 1 where name = 'one';
select pg_temp.queue_many(9), pg_temp.claim_all();
select is(pg_temp.at_work(), 'one 1, two 4, three 4', 'what one cannot take, the others do');
select pg_temp.clear();
update atelier.provider_tokens set max_concurrency = 1 where name in ('two', 'three');
select pg_temp.queue_many(9), pg_temp.claim_all();
select is(pg_temp.at_work(), 'one 7, two 1, three 1', 'also one that was asked before them');
select pg_temp.clear();
select pg_temp.queue_many(1), pg_temp.claim_all();
select pg_temp.queue_many(1), pg_temp.claim_all();
select pg_temp.queue_many(1), pg_temp.claim_all();
select is(pg_temp.at_work(), 'one 1, two 1, three 1', 'single jobs go round');

-- Rates of a token.
select pg_temp.clear();
update atelier.provider_tokens set requests_per_minute = 60, request_burst = 2 where name <> 'three';
update atelier.provider_tokens set is_active = false where name = 'three';
select pg_temp.queue_many(9), pg_temp.claim_all();
select is(pg_temp.at_work(), 'one 2, two 2', 'a token gets no more than its rate allows');
select is(pg_temp.reason(), 'as many requests as its rate allows went there', 'explain_job() says why');
select ok(atelier_engine.next_wake_at() between clock_timestamp() and clock_timestamp() + interval '1.1 s', 'the dispatcher wakes when one may be sent again');
update atelier_engine.token_usage set filled_at = filled_at - interval '1.5 s';
select pg_temp.claim_all();
select is(pg_temp.at_work(), 'one 3, two 3', 'after a second there is room for one more');
insert into atelier.endpoints (id, provider_id, name, adapter, base_url, max_concurrency)
select 'e0000000-0000-7000-8000-000000000009', provider_id, 'another', adapter, 'http://192.0.2.9/v1', 9 from atelier.endpoints where name = 'test endpoint';
select pg_temp.claim_all();
select is(pg_temp.at_work(), 'one 3, two 3', 'its rate holds for all endpoints together');
delete from atelier.endpoints where name = 'another';

-- Caps.
select pg_temp.clear();
update atelier.provider_tokens set daily_spend_cap = 1, monthly_spend_cap = 10 where name = 'one';
update atelier.provider_tokens set is_active = false where name <> 'one';
select atelier_engine.note_spending(:'one', 0.4, now());
select pg_temp.queue_many(1), pg_temp.claim_all();
select is(pg_temp.at_work(), 'one 1', 'below its cap a token is used');
select atelier_engine.note_spending(:'one', 0.6, now());
select pg_temp.queue_many(1), pg_temp.claim_all();
select is(pg_temp.at_work(), 'one 1', 'at its cap it is not');
select is(pg_temp.reason(), 'every token has spent what it may', 'explain_job() says why');
select row_eq($$select spent_today, daily_spend_cap, spent_this_month, currency from atelier.token_health where token = 'one'$$, row(1.0, 1::numeric, 1.0, 'EUR'::text), 'operators see it');
select is((select detail from atelier.doctor() where check_name = 'token one of atelier-runner'), 'it has spent 1.0 of 1 EUR today, 1.0 of 10 this month', 'and the doctor');
update atelier_engine.token_usage set day = day - 1;
select pg_temp.claim_all();
select is(pg_temp.at_work(), 'one 2', 'the next day it is used again');
select atelier_engine.note_spending(:'one', 9.5, now());
select row_eq('select spent_on_day, spent_in_month from atelier_engine.token_usage', row(9.5, 10.5), 'days begin anew, months add up');
update atelier.provider_tokens set daily_spend_cap = null where name = 'one';
select pg_temp.queue_many(1), pg_temp.claim_all();
select is(pg_temp.at_work(), 'one 2', 'the cap of the month holds, too');
select atelier_engine.note_spending(:'one', 5, now() - interval '40 days');
select row_eq('select spent_on_day, spent_in_month from atelier_engine.token_usage', row(9.5, 10.5), 'what was spent long ago changes nothing');
update atelier_engine.token_usage set month = month - interval '1 month';
select pg_temp.claim_all();
select is(pg_temp.at_work(), 'one 3', 'until the month is over');
update atelier.provider_tokens set daily_spend_cap = 0 where name = 'two';
update atelier.provider_tokens set is_active = name = 'two';
delete from atelier_engine.token_usage;
select pg_temp.queue_many(1), pg_temp.claim_all();
select is(pg_temp.at_work(), 'one 3', 'a token that may spend nothing is not used');

-- Refusals.
select pg_temp.clear();
update atelier.provider_tokens set is_active = name <> 'three';
update atelier.endpoints set max_concurrency = 2 where name = 'test endpoint';
select pg_temp.queue_many(2), pg_temp.claim_all();
select is(pg_temp.refuse(pg_temp.attempt_with('one'), 'auth', 401), 'queued', 'a job whose token is refused goes to another');
select row_eq($$select is_active, disabled_reason, disabled_at is not null, error_count, last_error from atelier.provider_tokens where name = 'one'$$, row(false, 'auth'::text, true, 1::bigint, 'no'::text), 'and the token is disabled');
select results_eq('select user_id, kind, ref from atelier.events', format($$values (%L::uuid, 'token.disabled', %L::uuid)$$, :carol, :'one'), 'admins are told');
select is((select detail from atelier.doctor() where check_name = 'token one of atelier-runner'), 'disabled, it was refused: no', 'so is the doctor');
select is(pg_temp.refuse(pg_temp.attempt_with('two'), 'payment', 402), 'failed', 'without another token the job fails');
select is((select disabled_reason from atelier.provider_tokens where name = 'two'), 'payment', 'one without credit is disabled, too');
select is((select count(*) from atelier.events where kind = 'token.disabled'), 2::bigint, 'with an event');
select pg_temp.sign_in(:carol);
select lives_ok($$update atelier.provider_tokens set is_active = true where name = 'two'$$, 'an admin enables it');
select pg_temp.sign_out();
select row_eq($$select h.disabled_reason is null, h.breaker_state from atelier.token_health h where h.token = 'two'$$, row(true, 'closed'::text), 'and it begins afresh');
select atelier.set_provider_token('atelier-runner', 'better', 'one') \g /dev/null
select row_eq($$select h.is_active, h.disabled_reason is null, h.breaker_state from atelier.token_health h where h.token = 'one'$$, row(true, true, 'closed'::text), 'so it does with a new secret');
select pg_temp.clear();
update atelier.endpoints set max_concurrency = 3 where name = 'test endpoint';
select pg_temp.queue_many(3), pg_temp.claim_all();
select pg_temp.refuse(pg_temp.attempt_with('one'), 'auth', 403);
select is((select is_active from atelier.provider_tokens where name = 'one'), true, 'a 403 may be about the model: the token rests');
select pg_temp.refuse(pg_temp.attempt_with('two'), 'throttled', 429);
select row_eq($$select is_active, error_count, request_count from atelier.provider_tokens where name = 'two'$$, row(true, 1::bigint, 1::bigint), 'too many requests are counted, and the token rests');
select is((select breaker_state from atelier.token_health where token = 'two'), 'open', 'for a while');
select pg_temp.refuse(pg_temp.attempt_with('three'), 'unavailable', 0, false);
select is((select request_count from atelier.provider_tokens where name = 'three'), 0::bigint, 'what was never sent is not counted');
update atelier_engine.token_states set blocked_until = now() + interval '1 hour';
update atelier_engine.provider_secrets set sealed = atelier_engine.reseal_secret(token_id, sealed);
select is((select count(*) from atelier_engine.token_states where blocked_until > now()), 2::bigint, 'to seal a secret anew forgets nothing');

-- The names of Replicate.
select pg_temp.become('service_role');
select throws_ok($$insert into atelier.replicate_tokens (token) values ('r8_first')$$, 'PT404', 'unknown provider', 'without the provider there are no tokens');
select is_empty('select * from atelier.get_next_replicate_token()', 'nor a next one');
insert into atelier.api_providers (name, display_name, auth_scheme) values ('replicate', 'Replicate', 'bearer');
insert into atelier.replicate_tokens (token) values ('r8_first') returning id as first \gset
insert into atelier.replicate_tokens (token, is_active) values ('r8_second', false) returning id as second \gset
select results_eq('select token, is_active, last_used_at, request_count, error_count, last_error, last_error_at, created_at from atelier.replicate_tokens order by id',
  $$values (null::text, true, null::timestamptz, 0, 0, null::text, null::timestamptz, now()), (null, false, null, 0, 0, null, null, now())$$, 'they are there, without their secrets');
select results_eq('select id, token from atelier.get_next_replicate_token()', format('values (%s, null::text)', :'first'), 'the next one is an active one, and its secret stays here');
select row_eq(format('select last_used_at is not null, request_count from atelier.replicate_tokens where id = %s', :'first'), row(true, 1), 'its use is counted');
update atelier.replicate_tokens set is_active = true;
select results_eq('select id from atelier.get_next_replicate_token()', array[:'second'::integer], 'then it is the turn of the other');
select results_eq('select id from atelier.get_next_replicate_token()', array[:'first'::integer], 'and so on');
update atelier.replicate_tokens set error_count = error_count + 1, last_error = 'no', last_error_at = now() where id = :'second';
select row_eq(format('select error_count, last_error from atelier.replicate_tokens where id = %s', :'second'), row(1, 'no'::text), 'errors can be noted');
select pg_temp.sign_out();
select k.sealed as before from atelier_engine.provider_secrets k join atelier.provider_tokens t on t.id = k.token_id where t.number = :'second' \gset
select pg_temp.become('service_role');
update atelier.replicate_tokens set token = 'r8_better' where id = :'second';
select pg_temp.sign_out();
select isnt((select k.sealed from atelier_engine.provider_secrets k join atelier.provider_tokens t on t.id = k.token_id where t.number = :'second'), :'before'::bytea, 'a secret can be replaced');
select pg_temp.become('service_role');
delete from atelier.replicate_tokens where id = :'second';
select is((select count(*) from atelier.replicate_tokens), 1::bigint, 'and a token deleted');
select throws_ok($$insert into atelier.replicate_tokens (token) values ('with blank')$$, '22023', 'invalid secret', 'what is no secret is refused');
select pg_temp.sign_in(:carol);
select throws_ok('select * from atelier.get_next_replicate_token()', '42501', null, 'admins take no token');
select throws_ok('select * from atelier.replicate_tokens', '42501', null, 'nor see the view');
select throws_ok($$insert into atelier.replicate_tokens (token) values ('r8_x')$$, '42501', null, 'nor write to it');
select pg_temp.sign_in(:alice);
select throws_ok('select * from atelier.get_next_replicate_token()', '42501', null, 'people take none either');
select throws_ok('select * from atelier_engine.token_usage', '42501', null, 'and see no spending');
select throws_ok($$update atelier.provider_tokens set request_count = 0$$, '42501', null, 'nor write counts');
select pg_temp.sign_out();
select throws_ok($$update atelier.provider_tokens set requests_per_minute = 0$$, '23514', null, 'rates are positive');
select throws_ok($$update atelier.provider_tokens set daily_spend_cap = -1$$, '23514', null, 'caps are not negative');
select throws_ok($$update atelier.api_providers set currency = 'euro'$$, '23514', null, 'currencies have a code');

select * from finish();
rollback;
