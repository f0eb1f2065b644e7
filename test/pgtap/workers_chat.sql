-- Servers that answer conversations and say themselves where they are.
begin;
\ir support/jobs.sql
select plan(23);
\ir support/chat.sql
-- chat_defect_anybody_registers_a_worker: only the back end and administrators.
select pg_temp.become('anon');
select throws_ok($$select atelier.register_chat_worker('http://198.51.100.1/v1')$$, '42501', null, 'anon may not');
select pg_temp.sign_in(:alice);
select throws_ok($$select atelier.register_chat_worker('http://198.51.100.1/v1')$$, '42501', null, 'users may not');
select pg_temp.become('service_role');
select throws_ok(format('select atelier.register_chat_worker(%L)', u), '22023', 'worker_url is no URL of a server', coalesce(u, 'null') || ' is refused')
  from unnest(array[null, '', 'worker', 'ftp://x/', 'http://', 'http://user:secret@host/', 'http://host/?x=1', 'http://host/#x', 'http://host/ x', 'file:///etc/passwd', 'http://' || repeat('x', 1000)]) u;
select throws_ok($$select atelier.register_chat_worker('http://198.51.100.1/v1', name => 'No Name')$$, '22023', null, 'a name is a name');
select throws_ok($$select atelier.register_chat_worker('http://198.51.100.1/v1', provider => 'nobody')$$, 'PT404', null, 'a provider is there');
-- chat_defect_unhealthy_worker_registered
select is(atelier.register_chat_worker('http://198.51.100.1/v1/', true),
  '{"success": true, "worker_url": "http://198.51.100.1/v1", "isHealthy": false, "endpoint": "chat worker chat-worker", "provider": "atelier-runner", "auto_registered": true}',
  'the back end registers one, which nobody has seen yet');
select pg_temp.sign_out();
select row_eq($$select e.adapter, e.base_url, e.private_network, s.breaker_state from atelier.endpoints e join atelier_engine.endpoint_states s on s.endpoint_id = e.id where e.name = 'chat worker chat-worker'$$,
  row('openai_chat'::text, 'http://198.51.100.1/v1'::text, false, 'open'::text), 'it gets no job yet, and no private address is allowed');
update atelier_engine.endpoint_states set blocked_until = clock_timestamp();
select pg_temp.become('atelier_worker');
select ok(exists (select from atelier_engine.claim_probes(now() - interval '1 hour') p where p.url = 'http://198.51.100.1/v1' and p.path = 'models'), 'it is asked how it is');
select pg_temp.sign_out();
select atelier_engine.record_probes(jsonb_build_array(jsonb_build_object('endpoint_id', id, 'sent', true))) from atelier.endpoints where name = 'chat worker chat-worker' \g /dev/null
select pg_temp.sign_in(:carol);
select is(atelier.register_chat_worker('http://198.51.100.1/v1') ->> 'isHealthy', 'true', 'when it has answered it is healthy, and stays so');
select is(atelier.register_chat_worker('http://198.51.100.2/v1') ->> 'isHealthy', 'false', 'elsewhere it is not known again');
select pg_temp.sign_out();
select is((select array_agg(base_url) from atelier.endpoints where name = 'chat worker chat-worker'), '{http://198.51.100.2/v1}', 'and the same one');
select lives_ok($$select atelier.register_chat_worker('http://[2001:db8::1]:8000/v1', name => 'second')$$, 'another name is another one');
select is((select count(*) from atelier.endpoints where adapter = 'openai_chat'), 2::bigint, 'beside it');
select * from finish();
rollback;
