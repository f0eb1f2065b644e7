-- Webhooks of fal: signatures by the keys that it publishes, accounts, and how the keys are kept up.
begin;
\ir support/jobs.sql
\ir support/webhooks.sql
select plan(45);

-- What doctor() has to say.
create function pg_temp.warnings() returns setof text language plpgsql as $$
begin
  perform pg_temp.become('service_role');
  return query select d.check_name || ': ' || d.detail from atelier.doctor() d where d.check_name ~ '^webhooks' and d.status = 'warning' order by 1;
  perform pg_temp.sign_out();
end $$;
select results_eq('select pg_temp.warnings()', array['webhooks of fal: there are no keys for their signatures'], 'doctor() misses keys');
update atelier.api_providers set webhook_url = 'https://hooks.example.org' where name in ('runpod', 'replicate');
delete from atelier_engine.webhook_secrets;
select results_eq('select pg_temp.warnings()', array['webhooks of fal: there are no keys for their signatures', 'webhooks of replicate: there is no secret for those of the token first',
  'webhooks of runpod: webhook_url has no {capability}, and nothing else shows whose they are'], 'secrets, and capabilities where there is nothing else');

-- Signed with the key of RFC 8032, test 2, at the second 1700000000.
\set body '{"request_id": "req-1", "gateway_request_id": "gw-1", "status": "OK", "payload": {"images": []}}'
\set by_us 'f8ae3fabe244ad5121d5bbe1f4624b68679df9cfefbe32d9ed93e242b932e7a1636a811006a9298ceec16493211ab3983e09f166c5be3edd3a4e1e79bd20d309'
\set by_them 'ad9b8d90d92c8619f4522841d8000658bbd9c67dcc23e0a4adb3a5a319ee2e841f30f0d91ce51e21a491ceba25efec9db750df259c60e80aa8b21929b76d050c'
\set failure '{"request_id": "req-2", "status": "ERROR"}'
\set of_failure 'fd5c42e6aed4dd860025a0039874bd6208078e1a3e190cefdd0edfb692c3b43b671009e751dc905cf069bafba674c1538bf41193b31837de46cd32dd40ebc202'
\set keys '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}, {"kty": "OKP", "crv": "Ed25519", "x": "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"}]}'
create function pg_temp.headers(p_id text, p_account text, p_signature text, p_capability text default null, p_at text default '1700000000') returns jsonb language sql as $$
  select jsonb_strip_nulls(jsonb_build_object('x-fal-webhook-request-id', p_id, 'x-fal-webhook-user-id', p_account, 'x-fal-webhook-timestamp', p_at,
                                              'x-fal-webhook-signature', p_signature, 'x-webhook-capability', p_capability)) $$;
select is(pg_temp.send('fal_webhook', :'body', pg_temp.headers('req-1', 'us', :'by_us')), 'PT401 the webhook is of another time', 'this is long ago');
-- For this test it is not.
create or replace function atelier_engine.assert_webhook_is_fresh(p_timestamp text) returns void language sql as $$ select $$;
select is(pg_temp.send('fal_webhook', :'body', pg_temp.headers('req-1', 'us', :'by_us')), 'PT401 the signature of the webhook is not right', 'nothing is genuine while there are no keys');

-- How keys come: the dispatcher has them fetched.
select pg_temp.become('atelier_worker');
create temp table asked on commit drop as select * from atelier_engine.claim_key_sets(false);
select pg_temp.sign_out();
select row_eq('select provider_id, url, private_network from asked', row('b0000000-0000-7000-8000-000000000002'::uuid, 'https://rest.fal.ai/.well-known/jwks.json'::text, false), 'they are fetched where fal publishes them');
select is((select count(*) from atelier_engine.claim_key_sets(false)), 0::bigint, 'not twice at the same time');
select ok(atelier_engine.next_key_set_at() between clock_timestamp() + interval '50 s' and clock_timestamp() + interval '1 minute', 'but again when no answer comes');
select atelier_engine.record_key_set('b0000000-0000-7000-8000-000000000002', null, 'no token=abcdefgh way');
select row_eq('select keys, fetched_at, last_error from atelier_engine.webhook_key_sets', row('{}'::bytea[], null::timestamptz, 'no token=[removed] way'::text), 'that it failed is noted');
select atelier_engine.record_key_set('b0000000-0000-7000-8000-000000000002', k, null) from unnest(array['{"keys": []}', 'nonsense', '{"keys": "\u0000"}', '7', '[]']) k;
select row_eq('select cardinality(keys), last_error from atelier_engine.webhook_key_sets', row(0, 'there is no Ed25519 key in it'::text), 'what has no keys in it has none');
select atelier_engine.record_key_set('b0000000-0000-7000-8000-000000000002', :'keys', null);
select row_eq('select cardinality(keys), last_error from atelier_engine.webhook_key_sets', row(2, null::text), 'there they are');
select ok(atelier_engine.next_key_set_at() between clock_timestamp() + interval '23 h' and clock_timestamp() + interval '24 h', 'for a day');
select atelier_engine.record_key_set('b0000000-0000-7000-8000-000000000002', null, 'unreachable');
select row_eq('select cardinality(keys), last_error from atelier_engine.webhook_key_sets', row(2, 'unreachable'::text), 'and longer, if there are no others');
select is((select count(*) from atelier_engine.claim_key_sets(true)), 0::bigint, 'a signature by another key has them fetched again, but not at once');
update atelier_engine.webhook_key_sets set fetched_at = fetched_at - interval '61 s';
select is((select count(*) from atelier_engine.claim_key_sets(true)), 1::bigint, 'a minute later');
select is((select count(*) from atelier_engine.claim_key_sets(true)), 0::bigint, 'once');
update atelier_engine.instance set database_oid = database_oid::oid::bigint + 1;
select is((select count(*) from atelier_engine.claim_key_sets(true)) + (select count(atelier_engine.next_key_set_at())), 0::bigint, 'a copy fetches nothing');
update atelier_engine.instance set database_oid = database_oid::oid::bigint - 1;

-- The request, and its webhook.
select job, attempt, webhook_url from pg_temp.submitted('fal') \gset
select pg_temp.capability_in(:'webhook_url') as capability \gset
select is(pg_temp.send('fal_webhook', :'body', pg_temp.headers('req-1', 'us', :'by_us')), 'ignored', 'genuine, but a request that nobody knows: fal signs for all of its customers');
select is(count(*), 0::bigint, 'so it is not kept') from atelier_engine.webhooks;
select is(pg_temp.send('fal_webhook', :'body', pg_temp.headers('req-1', 'us', :'by_us', :'capability')), 'accepted', 'with the capability it is ours');
select is(pg_temp.send('fal_webhook', :'body', pg_temp.headers('req-1', 'us', :'by_us', :'capability')), 'duplicate', 'once');
select is((select t.action from atelier_engine.take_webhooks() t), 'poke', 'fal is asked');
select is((pg_temp.attempt(:'attempt')).external_id, 'req-1', 'for the id that it told');
select is(pg_temp.send('fal_webhook', :'failure', pg_temp.headers('req-2', 'us', :'of_failure', :'capability')), 'ignored', 'another id does not take its place');
select is((pg_temp.job(:'job')).status, 'queued', 'the job is what it was');

-- Forged.
select is(pg_temp.send('fal_webhook', b.body, pg_temp.headers(b.id, b.account, b.signature, b.capability, b.at)), 'PT401 ' || b.problem, b.what) from (values
  (:'body', 'req-1', 'them', :'by_us', null, '1700000000', 'the signature of the webhook is not right', 'another account'),
  (:'body', 'req-2', 'us', :'by_us', null, '1700000000', 'the signature of the webhook is not right', 'another request'),
  (:'body', 'req-1', 'us', :'by_us', null, '1700000001', 'the signature of the webhook is not right', 'another time'),
  (:'body' || ' ', 'req-1', 'us', :'by_us', null, '1700000000', 'the signature of the webhook is not right', 'another body'),
  (:'failure', 'req-1', 'us', :'by_us', null, '1700000000', 'the signature of the webhook is not right', 'the body of another'),
  (:'body', 'req-1', 'us', reverse(:'by_us'), null, '1700000000', 'the signature of the webhook is not right', 'another signature'),
  (:'body', 'req-1', 'us', left(:'by_us', -2), null, '1700000000', 'the webhook is not signed', 'a signature that is too short'),
  (:'body', 'req-1', 'us', 'x' || substr(:'by_us', 2), null, '1700000000', 'the webhook is not signed', 'one that is not hexadecimal'),
  (:'body', 'req-1', 'us', null, null, '1700000000', 'the webhook is not signed', 'none'),
  (:'body', null, 'us', :'by_us', null, '1700000000', 'the webhook is not signed', 'no request'),
  (:'body', 'req-1', null, :'by_us', null, '1700000000', 'the webhook is not signed', 'no account'),
  (:'body', 'req-1', 'us', :'by_us', 'x', '1700000000', 'the capability is none of ours', 'a forged capability'),
  (null, 'req-1', 'us', :'by_us', null, '1700000000', 'the webhook is not signed', 'no body')) b (body, id, account, signature, capability, at, problem, what);

-- Whose account it is, where that is known.
delete from atelier_engine.webhooks;
select pg_temp.sign_in(:carol);
update atelier.provider_tokens set account_id = 'us' where id = :'fal_token';
select pg_temp.sign_out();
select is(pg_temp.send('fal_webhook', :'body', pg_temp.headers('req-1', 'them', :'by_them')), 'PT403 the webhook is about a request of somebody else', 'another customer of fal');
select is(pg_temp.send('fal_webhook', :'body', pg_temp.headers('req-1', 'them', :'by_them', :'capability')), 'PT403 the webhook is about a request of somebody else', 'even with the capability');
select is(pg_temp.send('fal_webhook', :'body', pg_temp.headers('req-1', 'us', upper(:'by_us'))), 'accepted', 'we ourselves, without one');
select is(pg_temp.send('fal_webhook', :'failure', pg_temp.headers('req-2', 'us', :'of_failure')), 'accepted', 'about a request that nobody knows yet, too');
select is((select string_agg(t.action, ', ' order by t.action) from atelier_engine.take_webhooks() t), 'poke, wait', 'which is waited with');

-- Keys by hand.
select pg_temp.become('service_role');
select is(atelier.set_webhook_keys('fal', :'keys'), 2, 'keys may be stored by hand');
select pg_temp.sign_out();
select is(atelier_engine.next_key_set_at(), null, 'then they are not fetched');
select is((select count(*) from pg_temp.warnings() w where w ~ 'fal'), 0::bigint, 'and doctor() is content');
select * from finish();
rollback;
