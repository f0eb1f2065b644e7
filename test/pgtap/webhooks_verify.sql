-- What shows that a webhook is genuine: signatures by published vectors, times, capabilities; and what a body says.
begin;
\ir support/jobs.sql
\ir support/webhooks.sql
select plan(90);

-- The vector of Standard Webhooks.
create function pg_temp.is_signed(p_secret text, p_message text, p_signatures text) returns boolean language sql as $$
  select atelier_engine.standard_webhook_is_signed('a0000000-0000-7000-8000-000000000001',
    atelier_engine.seal_secret('a0000000-0000-7000-8000-000000000001', p_secret, 'webhook secret'), convert_to(p_message, 'UTF8'), p_signatures) $$;
\set vector_secret '''whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'''
\set vector '''msg_p5jXN8AQM9LWM0D4loKWxJek.1614265330.{"test": 2432232314}'''
\set right 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
select is(pg_temp.is_signed(:vector_secret, :vector, s.list), s.good, s.what) from (values
  (:'right', true, 'the published signature'),
  ('v1,AAAA ' || :'right', true, 'it may be the second'),
  (:'right' || ' v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OA=', true, 'or the first'),
  ('v2,x v1a,y ' || :'right', true, 'beside those of other versions'),
  ('v2' || substr(:'right', 3), false, 'which do not count themselves'),
  (substr(:'right', 4), false, 'a signature without a version'),
  (left(:'right', -1), false, 'a byte less'),
  (:'right' || '=', false, 'a byte more'),
  ('v1,h' || substr(:'right', 5), false, 'another first byte'),
  (left(:'right', -2) || 'F=', false, 'another last one'),
  ('', false, 'none'), (' ', false, 'blanks'), ('v1,', false, 'an empty one')) s (list, good, what);
select is(pg_temp.is_signed(:vector_secret, :vector || ' ', :'right'), false, 'another body');
select is(pg_temp.is_signed('whsec_' || encode('another secret, as long', 'base64'), :vector, :'right'), false, 'another secret');
select is(pg_temp.is_signed(secret, :vector, :'right'), null, 'no secret: ' || secret) from unnest(array['', 'whsec_', 'whsec_====', 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_MfKQ9r8?']) secret;
-- Keys of all lengths that base64 pads differently.
select is(pg_temp.is_signed(k.secret, 'm', 'v1,' || k.signature), true, 'padded: ' || k.secret) from (values
  ('whsec_' || encode('16 bytes of key.', 'base64'), encode(atelier_engine.hmac_sha256('16 bytes of key.', 'm'), 'base64')),
  ('whsec_' || encode('a key of 17 bytes', 'base64'), encode(atelier_engine.hmac_sha256('a key of 17 bytes', 'm'), 'base64')),
  ('whsec_' || encode('the key - 18 bytes', 'base64'), encode(atelier_engine.hmac_sha256('the key - 18 bytes', 'm'), 'base64'))) k (secret, signature);

-- Ed25519 as RFC 8032 has it: tests 1, 2, 3 and 1024.
select ok(atelier_engine.ed25519_is_signed(decode(v.key, 'hex'), decode(v.message, 'hex'), decode(v.signature, 'hex')), 'RFC 8032, test ' || v.number)
  from (values
  (1, 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', '', 'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b'),
  (2, '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c', '72', '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00'),
  (3, 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025', 'af82', '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a')
  ) v (number, key, message, signature);
\set ed_key 'decode(''3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c'', ''hex'')'
\set ed_signature 'decode(''92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00'', ''hex'')'
select ok(not atelier_engine.ed25519_is_signed(:ed_key, '\x73', :ed_signature), 'another message');
select ok(not atelier_engine.ed25519_is_signed(:ed_key, '\x72', set_byte(:ed_signature, 63, 1)), 'another signature');
select ok(not atelier_engine.ed25519_is_signed(set_byte(:ed_key, 0, 0), '\x72', :ed_signature), 'another key');
select ok(not atelier_engine.ed25519_is_signed(:ed_key, '\x72', substr(:ed_signature, 1, 63)), 'a signature that is too short');
select ok(not atelier_engine.ed25519_is_signed(substr(:ed_key, 1, 31), '\x72', :ed_signature), 'a key that is too short');
select ok(not atelier_engine.ed25519_is_signed('', '\x72', ''), 'nothing at all');

-- What a body says, as far as it is looked at.
select is(atelier_engine.top_level_texts(convert_to(b.body, 'UTF8'), '{id,status}'), b.texts, b.what) from (values
  ('{"id": "a", "status": "b"}', '{a,b}'::text[], 'texts'),
  ('{"status": "b", "x": {"id": "no"}, "y": [{"id": "no"}, "no"], "id": "a"}', '{a,b}', 'in any order, amid others'),
  ('{"id": "a", "id": "b"}', '{b,null}', 'the last of two counts'),
  ('{"id": {"id": "no"}, "status": ["no"]}', '{null,null}', 'what is no text'),
  ('{"id": 7, "status": null}', '{null,null}', 'neither a number nor null is one'),
  ('{"id": "a b", "status": ""}', '{null,null}', 'no word'),
  ('{"id": "ä", "status": "\u0000"}', '{null,null}', 'nothing but printable ASCII'),
  ('{"logs": "\u0000 \ud83d\ude00", "id": "a"}', '{a,null}', 'beside text that the database cannot hold'),
  ('{"id": "a", "n": 1e999, "status": "b"}', '{a,null}', 'before a number that is none'),
  ('["id", "a"]', '{null,null}', 'an array'), ('"id"', '{null,null}', 'a text'), ('7', '{null,null}', 'a number'),
  (format('{"id": "%s", "status": "%s"}', repeat('x', 500), repeat('x', 501)), array[repeat('x', 500), null], 'at most 500 characters'),
  (repeat('[', 5000) || repeat(']', 5000), '{null,null}', 'a deep one')) b (body, texts, what);

-- Capabilities: the tokens of attempts, with a key of their own.
select atelier_engine.webhook_capability_key() as key \gset
\set attempt 'a0000000-0000-7000-8000-000000000001'
\set later 99999999999
create function pg_temp.capability(p_token text) returns text language plpgsql as $$
declare
  failure record;
begin
  perform set_config('request.headers', json_build_object('x-webhook-capability', p_token)::text, true);
  failure := pg_temp.error_of('select atelier_engine.webhook_capability()');
  if failure.state is not null then return failure.state || ' ' || failure.message; end if;
  return atelier_engine.webhook_capability();
end $$;
select is(pg_temp.capability(atelier_engine.attempt_token(:'key', :'attempt', :later)), :'attempt', 'a capability');
select is(pg_temp.capability(atelier_engine.attempt_token(:'key', :'attempt', extract(epoch from clock_timestamp())::bigint - 1)), null, 'one that has expired is none');
select is(pg_temp.capability(null), null, 'there may be none');
select is(pg_temp.capability(''), null, 'an empty one is none');
select is(pg_temp.capability(atelier_engine.attempt_token(atelier_engine.capability_secret(), :'attempt', :later)), 'PT401 the capability is none of ours', 'the token with which a worker reports is none');
select is((atelier_engine.read_attempt_token(atelier_engine.attempt_token(:'key', :'attempt', :later))).problem, 'the token is none of ours', 'nor can a capability report');
select is(pg_temp.capability(left(atelier_engine.attempt_token(:'key', :'attempt', :later), -1)), 'PT401 the capability is none of ours', 'a digit less');
select is(pg_temp.capability('x'), 'PT401 the capability is none of ours', 'nonsense');

-- Times.
create function pg_temp.freshness(p_timestamp text) returns text language plpgsql as $$
declare
  failure record := pg_temp.error_of(format('select atelier_engine.assert_webhook_is_fresh(%L)', p_timestamp));
begin
  return failure.state || ' ' || failure.message;
end $$;
select is(pg_temp.freshness((pg_temp.now_s() + s)::text), null, s || ' s') from unnest('{0,-298,298}'::integer[]) s;
select is(pg_temp.freshness((pg_temp.now_s() + s)::text), 'PT401 the webhook is of another time', s || ' s') from unnest('{-302,302,-100000}'::integer[]) s;
select is(pg_temp.freshness(t), 'PT401 the webhook is not signed', 'no time: ' || coalesce(t, 'null'))
  from unnest(array[null, '', ' 1', '-1', '1e9', '1614265330.5', '9999999999999', 'NaN']) t;

-- Secrets and keys.
create function pg_temp.problem(p_call text) returns text language plpgsql as $$
declare
  failure record;
begin
  perform pg_temp.become('service_role');
  failure := pg_temp.error_of('select ' || p_call);
  perform pg_temp.sign_out();
  return failure.state || ' ' || failure.message;
end $$;
select is(pg_temp.problem($$atelier.set_webhook_secret('nobody', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw')$$), 'PT404 unknown token', 'no such provider');
select is(pg_temp.problem($$atelier.set_webhook_secret('replicate', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'third')$$), 'PT404 unknown token', 'no such token');
select is(pg_temp.problem(format($$atelier.set_webhook_secret('replicate', %L, 'first')$$, s)), '22023 invalid secret', 'no secret: ' || s)
  from unnest(array['', 'MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'whsec_', 'whsec_MfKQ', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaS', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZI 2LaLaSw']) s;
select is(pg_temp.problem($$atelier.set_webhook_secret('replicate', null, 'first')$$), null, 'a secret can be forgotten');
select is(count(*), 1::bigint, 'and is then') from atelier_engine.webhook_secrets;
select is(pg_temp.problem($$atelier.set_webhook_keys('nobody', '{"keys": []}')$$), 'PT404 unknown provider', 'keys of nobody');
select is(pg_temp.problem(format($$atelier.set_webhook_keys('fal', %L)$$, k)), '22023 invalid keys', 'no keys: ' || coalesce(k, 'null'))
  from unnest(array[null, '[]', '{"keys": []}', '{"keys": [{"kty": "RSA", "n": "x"}]}', '{"keys": [{"kty": "OKP", "crv": "Ed25519", "x": "short"}]}']) k;
select is(pg_temp.problem($$atelier.set_webhook_keys('fal', url => 'ftp://x/keys')$$), '23514 new row for relation "webhook_key_sets" violates check constraint "webhook_key_sets_url_is_https"', 'an address that is none');
select is(atelier_engine.keys_of_jwks('{"keys": [{"kty": "RSA"}, 7, {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}'),
  array[decode('d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a', 'hex')], 'the key of RFC 8037, amid others');
select pg_temp.sign_in(:carol);
select throws_ok($$select atelier.set_webhook_secret('replicate', null, 'first')$$, '42501', null, 'secrets are stored by the service role alone');
select throws_ok($$select atelier.set_webhook_keys('fal', '{}')$$, '42501', null, 'and so are keys');
select throws_ok($$select from atelier_engine.webhook_secrets$$, '42501', null, 'nobody reads them');
select pg_temp.become('service_role');
select throws_ok($$select from atelier_engine.webhook_secrets$$, '42501', null, 'not even the service role');
select pg_temp.sign_out();
select * from finish();
rollback;
