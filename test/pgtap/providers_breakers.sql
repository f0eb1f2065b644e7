-- Circuit breakers of endpoints and tokens, and the share of each endpoint.
begin;
\ir support/jobs.sql
select plan(44);
update atelier.endpoints set max_concurrency = 100, breaker_threshold = 3, ambiguity_policy = 'retry' where name = 'test endpoint';

create function pg_temp.state() returns atelier_engine.endpoint_states language sql as
$$ select * from atelier_engine.endpoint_states where endpoint_id = 'e0000000-0000-7000-8000-000000000001' $$;
create function pg_temp.in_flight(p_prompt text, out job uuid, out attempt uuid) language plpgsql as $$
begin
  job := pg_temp.queue('a11ce000-0000-7000-8000-000000000001', p_prompt);
  attempt := pg_temp.claim(job);
end $$;
create function pg_temp.time_passes() returns void language sql as $$
  update atelier_engine.endpoint_states set blocked_until = clock_timestamp() where blocked_until is not null;
  update atelier_engine.token_states set blocked_until = clock_timestamp() where blocked_until is not null;
  update atelier_engine.queue set run_at = clock_timestamp() where state = 'waiting';
$$;
create function pg_temp.leased() returns bigint language sql as $$ select count(*) from atelier_engine.queue where state = 'leased' $$;

-- Failures in a row.
select attempt as a1 from pg_temp.in_flight('1') \gset
select attempt as a2 from pg_temp.in_flight('2') \gset
select attempt as a3 from pg_temp.in_flight('3') \gset
select attempt as a4 from pg_temp.in_flight('4') \gset
select attempt as a5 from pg_temp.in_flight('5') \gset
select attempt as a6 from pg_temp.in_flight('6') \gset
select attempt as a7 from pg_temp.in_flight('7') \gset
select is(pg_temp.leased(), 7::bigint, 'a closed breaker lets everything through');
select pg_temp.fail(:'a1', 'overload'), pg_temp.fail(:'a2', 'worker_crash');
select row_eq('select failure_count, breaker_state from pg_temp.state()', row(2, 'closed'::text), 'a few failures open nothing');
select pg_temp.succeed(:'a3');
select is((pg_temp.state()).failure_count, 0, 'a success in between starts the count again');
select pg_temp.fail(:'a4', 'bad_response'), pg_temp.fail(:'a5', 'transient_net');
select pg_temp.fail(:'a6', 'invalid_input');
select is((pg_temp.state()).failure_count, 0, 'so does an answer that blames the request');
select attempt as b1 from pg_temp.in_flight('b1') \gset
select attempt as b2 from pg_temp.in_flight('b2') \gset
select attempt as b3 from pg_temp.in_flight('b3') \gset
select pg_temp.fail(:'b1', 'overload'), pg_temp.fail(:'b2', 'ambiguous'), pg_temp.fail(:'b3', 'overload');
select row_eq('select failure_count, trip_count, breaker_state, opened_at is not null from pg_temp.state()', row(0, 1, 'open'::text, true), 'as many as breaker_threshold in a row do');
select ok((pg_temp.state()).blocked_until between clock_timestamp() + interval '0.9 s' and clock_timestamp() + interval '2 s', 'for one to two seconds at first');
select row_eq($$select health, breaker_state from atelier.endpoint_health where endpoint = 'test endpoint'$$, row('failing'::text, 'open'::text), 'operators see it');
select pg_temp.fail(:'a7', 'overload');
select is((pg_temp.state()).trip_count, 1, 'what was on its way then says nothing new');
select is_empty('select from atelier_engine.open_routes', 'no way is open');
select pg_temp.queue(:bob, 'patient') as patient \gset
select is(pg_temp.claim(:'patient'), null, 'an open breaker lets nothing through');

-- One probe.
select pg_temp.time_passes();
select pg_temp.claim(:'patient');
select is((pg_temp.state()).breaker_state, 'half_open', 'when its time has come it is half open');
select is(pg_temp.leased(), 1::bigint, 'and lets one request through, as a probe');
select pg_temp.claim(:'patient');
select is(pg_temp.leased(), 1::bigint, 'only one at a time');
select q.attempt_id as probe from atelier_engine.queue q where q.state = 'leased' \gset
select pg_temp.fail(:'probe', 'overload');
select row_eq('select trip_count, breaker_state, blocked_until > clock_timestamp() + interval ''1.9 s'' from pg_temp.state()', row(2, 'open'::text, true),
  'a failed probe opens it for longer');
select pg_temp.time_passes();
select pg_temp.claim(:'patient');
select q.attempt_id as probe2 from atelier_engine.queue q where q.state = 'leased' \gset
select pg_temp.fail(:'probe2', 'content_policy');
select is((pg_temp.state()).breaker_state, 'closed', 'a probe that is answered closes it, whatever the answer');
select is((pg_temp.state()).opened_at, null, 'for good');
delete from atelier.jobs;

-- A probe whose carrier dies is no news about the endpoint.
update atelier_engine.endpoint_states set trip_count = 1;
select attempt as lost from pg_temp.in_flight('lost') \gset
select pg_temp.become('atelier_worker');
select atelier_engine.settle_attempts(null, 'the courier died');
select pg_temp.sign_out();
select is((pg_temp.state()).breaker_state, 'half_open', 'a lost probe leaves the breaker half open');
delete from atelier.jobs;
select attempt as good from pg_temp.in_flight('good') \gset
select pg_temp.succeed(:'good');
select is((pg_temp.state()).breaker_state, 'closed', 'the next one closes it');

-- Sent is not answered.
update atelier_engine.endpoint_states set trip_count = 2, unavailable_count = 1, unavailable_since = now(), blocked_until = now() + interval '1 minute', opened_at = now();
insert into atelier.jobs (id, user_id, job_type, api_model_id) values ('10000000-0000-7000-8000-00000000000b', :alice, 'image_fast', '00000000-0000-7000-8000-000000000002');
insert into atelier_engine.attempts (id, job_id, number, endpoint_id, endpoint_name, ready_at)
values ('10000000-0000-7000-8000-00000000000a', '10000000-0000-7000-8000-00000000000b', 1, 'e0000000-0000-7000-8000-000000000001', 'x', now());
select pg_temp.become('atelier_worker');
select atelier_engine.record_sent('{10000000-0000-7000-8000-00000000000a}', array[now()]);
select pg_temp.sign_out();
select row_eq('select unavailable_count, breaker_state, opened_at is not null from pg_temp.state()', row(0, 'open'::text, true),
  'a request that is taken does not close a breaker that failures opened');
delete from atelier.jobs;
delete from atelier_engine.endpoint_states;

-- Tokens.
update atelier.api_providers set auth_scheme = 'bearer', auth_header_name = 'Authorization';
select atelier.set_provider_token('atelier-runner', 'secret-one', 'one') as one \gset
select atelier.set_provider_token('atelier-runner', 'secret-two', 'two') as two \gset
create function pg_temp.token_of(p_attempt uuid) returns text language sql as
$$ select t.name from atelier_engine.attempts a join atelier.provider_tokens t on t.id = a.token_id where a.id = p_attempt $$;
create function pg_temp.token_state(p_name text) returns atelier_engine.token_states language sql as
$$ select s.* from atelier_engine.token_states s join atelier.provider_tokens t on t.id = s.token_id where t.name = p_name $$;
update atelier.provider_tokens set last_used_at = case name when 'one' then now() - interval '2 h' else now() - interval '1 h' end;
select attempt as t1 from pg_temp.in_flight('t1') \gset
select is(pg_temp.token_of(:'t1'), 'one', 'tokens take turns');
select pg_temp.fail(:'t1', 'throttled', 'slow down', 20000);
select row_eq($$select breaker_state, throttled_count, blocked_until > clock_timestamp() + interval '19 s' from pg_temp.token_state('one')$$, row('open'::text, 1, true),
  'a token of which patience was asked rests as long');
select is((pg_temp.state()).breaker_state, 'closed', 'its endpoint does not');
update atelier.provider_tokens set last_used_at = now() - interval '1 day' where name = 'one';
select attempt as t2 from pg_temp.in_flight('t2') \gset
select is(pg_temp.token_of(:'t2'), 'two', 'the other token goes on');
select pg_temp.fail(:'t2', 'payment', 'no credit');
select row_eq($$select breaker_state, trip_count, blocked_until > clock_timestamp() + interval '59 s' from pg_temp.token_state('two')$$, row('open'::text, 1, true),
  'a token out of credit rests for a minute');
select row_eq($$select error_count, last_error from atelier.provider_tokens where name = 'two'$$, row(1::bigint, 'no credit'::text), 'and is counted');
select pg_temp.queue(:bob, 't3') as t3 \gset
select is(pg_temp.claim(:'t3'), null, 'without a usable token nothing is claimed');
select is(atelier_engine.next_wake_at(), least((select min(blocked_until) from atelier_engine.token_states), (select min(run_at) from atelier_engine.queue where state = 'waiting')),
  'the dispatcher is told when one may be used again');
insert into atelier.pauses (model_id, ends_at) values ('00000000-0000-7000-8000-000000000002', clock_timestamp() + interval '1 s');
select is(atelier_engine.next_wake_at(), least((select min(ends_at) from atelier.pauses where ends_at > clock_timestamp()), (select min(blocked_until) from atelier_engine.token_states), (select min(run_at) from atelier_engine.queue where state = 'waiting')),
  'and when a pause ends');
delete from atelier.pauses;
select results_eq($$select token, breaker_state, last_error from atelier.token_health order by 1$$,
  $$values ('one', 'open', 'slow down'), ('two', 'open', 'no credit')$$, 'operators see it');
select pg_temp.time_passes();
update atelier.provider_tokens set is_active = name = 'two';
select pg_temp.queue(:bob, 't4') as t4 \gset
select pg_temp.claim(:'t3');
select is((pg_temp.token_state('two')).breaker_state, 'half_open', 'a token that has rested is half open');
select is(pg_temp.leased(), 1::bigint, 'one request tries it');
select pg_temp.claim(:'t3');
select is(pg_temp.leased(), 1::bigint, 'only one');
select q.attempt_id as t_probe from atelier_engine.queue q where q.state = 'leased' \gset
select pg_temp.fail(:'t_probe', 'auth', 'who are you');
select ok((pg_temp.token_state('two')).blocked_until > clock_timestamp() + interval '119 s', 'refused again it rests for twice as long');
update atelier_engine.token_states set trip_count = 40;
select pg_temp.time_passes();
delete from atelier.jobs;
select attempt as t5 from pg_temp.in_flight('t5') \gset
select pg_temp.fail(:'t5', 'auth', 'who are you');
select ok((pg_temp.token_state('two')).blocked_until between clock_timestamp() + interval '59 min' and clock_timestamp() + interval '61 min', 'at most an hour');
select atelier.set_provider_token('atelier-runner', 'secret-new', 'two');
select is((pg_temp.token_state('two')).token_id, null, 'a new secret starts afresh');
select attempt as t6 from pg_temp.in_flight('t6') \gset
select is(pg_temp.token_of(:'t6'), 'two', 'and is used at once');
insert into atelier_engine.token_states (token_id, trip_count) values (:'two', 1);
select pg_temp.succeed(:'t6');
select is((pg_temp.token_state('two')).breaker_state, 'closed', 'a success closes the breaker of a token');
select lives_ok(format('select atelier_engine.note_token_failure(%L, ''auth'', ''x'', ''0'')', gen_random_uuid()), 'a token that was deleted meanwhile is no matter');
select lives_ok('select atelier_engine.note_endpoint_failure(null, null, ''overload'', ''x'', null, true)', 'nor is an endpoint');
update atelier.api_providers set auth_scheme = 'none';
delete from atelier.jobs;

-- Without tokens a refusal speaks against the endpoint.
delete from atelier_engine.endpoint_states;
select attempt as e1 from pg_temp.in_flight('e1') \gset
select pg_temp.fail(:'e1', 'payment');
select is((pg_temp.state()).failure_count, 1, 'without a token a refusal is the endpoint''s');
delete from atelier.jobs;
delete from atelier_engine.endpoint_states;

-- Shares.
insert into atelier.endpoints (id, provider_id, name, adapter, base_url, max_concurrency, weight)
select 'e0000000-0000-7000-8000-000000000002', provider_id, 'big endpoint', adapter, 'http://192.0.2.2/v1', 100, 3 from atelier.endpoints where name = 'test endpoint';
create function pg_temp.claim_singly(p_count integer) returns void language plpgsql as $$
begin
  for i in 1 .. p_count loop
    perform atelier_engine.claim_jobs(1);
  end loop;
end $$;
select pg_temp.queue(:alice, 'share ' || n) from generate_series(1, 40) n;
select pg_temp.claim_singly(40);
select results_eq($$select endpoint_name, count(*) from atelier_engine.attempts group by 1 order by 1$$,
  $$values ('big endpoint', 30::bigint), ('test endpoint', 10::bigint)$$, 'each endpoint gets its share by weight');
select throws_ok($$update atelier.endpoints set weight = 0$$, '23514', null, 'a share is above zero');
select throws_ok($$update atelier.endpoints set breaker_threshold = 0$$, '23514', null, 'so is a threshold');
select throws_ok($$update atelier_engine.endpoint_states set breaker_state = 'open'$$, '428C9', null, 'the state of a breaker follows from its counts');

select * from finish();
rollback;
