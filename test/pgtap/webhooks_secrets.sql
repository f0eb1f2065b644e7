-- Secrets of webhooks: sealed for one token and for this purpose alone, sealed anew with the tokens, and what becomes of webhooks
-- while one cannot be opened.
begin;
\ir support/jobs.sql
\ir support/webhooks.sql
select plan(37);

create function pg_temp.sealed(p_token uuid) returns bytea language sql as $$ select sealed from atelier_engine.webhook_secrets where token_id = p_token $$;
create function pg_temp.with_bit(p_sealed bytea, p_byte integer) returns bytea language sql as
$$ select set_byte(p_sealed, p_byte, get_byte(p_sealed, p_byte) # 1) $$;
create function pg_temp.problem(p_call text, p_role text default 'service_role') returns text language plpgsql as $$
declare
  failure record;
begin
  perform pg_temp.become(p_role);
  failure := pg_temp.error_of('select ' || p_call);
  perform pg_temp.sign_out();
  return failure.state || ' ' || failure.message;
end $$;
create function pg_temp.report(p_secret text, p_id text) returns text language sql as $$
  select pg_temp.send('replicate_webhook', b, pg_temp.signed(p_secret, p_id, b)) from (select '{"id": "p-1", "status": "succeeded"}'::text as b) body $$;
create function pg_temp.errors() returns setof text language plpgsql as $$
begin
  perform pg_temp.become('service_role');
  return query select d.check_name || ': ' || d.detail || ' ' || (d.hint ~ 'secret_key_file')::text from atelier.doctor() d where d.check_name ~ '^webhooks' and d.status = 'error' order by 1;
  perform pg_temp.sign_out();
end $$;
\set of_first '''the secret of the first account!'''
\set of_second '''the secret of the second account'''

-- At rest.
select is(count(*), 2::bigint, 'two secrets are stored') from atelier_engine.webhook_secrets;
select is((select count(*) from atelier_engine.webhook_secrets s where position(part in s.sealed) > 0), 0::bigint, 'nothing of them can be read: ' || encode(part, 'escape'))
  from unnest(array['whsec', 'the secret', left(encode('the secret', 'base64'), 12)]::bytea[]) part;
select is(atelier_engine.key_of_secret(pg_temp.sealed(:'first_token')), 'test-key', 'each names its key');
select is(atelier_engine.secret_problem(:'first_token', pg_temp.sealed(:'first_token'), 'webhook secret'), null, 'and opens');
select ok(atelier_engine.secret_problem(:'second_token', pg_temp.sealed(:'first_token'), 'webhook secret') ~ 'belongs to another token', 'for its own token only');
select ok(atelier_engine.secret_problem(:'first_token', pg_temp.sealed(:'first_token')) ~ 'was changed', 'never as the token itself');
select ok(atelier_engine.secret_problem(k.token_id, k.sealed, 'webhook secret') ~ 'was changed', 'nor the token as the secret') from atelier_engine.provider_secrets k where k.token_id = :'first_token';
select is(atelier_engine.standard_webhook_is_signed(k.token_id, k.sealed, 'm', 'v1,x'), null, 'a token signs no webhook') from atelier_engine.provider_secrets k where k.token_id = :'first_token';
select throws_ok(format('select atelier_engine.%s', call), '22023', 'unknown purpose of a secret', 'no such purpose: ' || call)
  from unnest(array[$$seal_secret(gen_random_uuid(), 'x', '')$$, $$reseal_secret(gen_random_uuid(), '\x00', 'Webhook secret')$$, $$secret_problem(gen_random_uuid(), '\x00', 'webhook')$$]) call;
select is(pg_temp.report(:of_first, 'm-1'), 'accepted', 'its signatures count');
select pg_temp.sealed(:'first_token') as before \gset
select is(pg_temp.problem(format($$atelier.set_webhook_secret('replicate', %L, 'first')$$, 'whsec_' || encode('another secret of the account', 'base64'))), null, 'it can be replaced');
select isnt(pg_temp.sealed(:'first_token'), :'before', 'and is another then');
select is(pg_temp.report(:of_first, 'm-2'), 'PT401 the signature of the webhook is not right', 'the old one signs no more');
select is(pg_temp.report('another secret of the account', 'm-2'), 'accepted', 'the new one does');

-- Sealed anew.
select is(atelier_engine.seal_webhook_secrets('test-key'), 0, 'what the newest key sealed stays');
select is(atelier_engine.seal_webhook_secrets('another'), 2, 'what another did is sealed anew');
select is(pg_temp.report('another secret of the account', 'm-3'), 'accepted', 'and it opens');

-- A key is missing.
update atelier_engine.webhook_secrets set sealed = pg_temp.with_bit(sealed, 3) where token_id = :'first_token';
select pg_temp.sealed(:'second_token') as before \gset
select is(pg_temp.problem('atelier.seal_provider_tokens()'), '55000 the key tdst-key is not in the key file', 'then nothing is sealed anew');
select is(pg_temp.sealed(:'second_token'), :'before', 'not even what could be');
select results_eq('select pg_temp.errors()', array['webhooks of replicate: the secret for those of the token first: the key tdst-key is not in the key file true'], 'doctor() says so');
select is(count(*), 3::bigint, 'three webhooks so far') from atelier_engine.webhooks;
select is(pg_temp.report('another secret of the account', 'm-4'), 'PT503 the webhook cannot be verified now', 'a webhook is to be sent again');
select is(pg_temp.report('somebody else', 'm-4'), 'PT503 the webhook cannot be verified now', 'a forged one, too: that cannot be told apart');
select is(pg_temp.report(:of_second, 'm-5'), 'accepted', 'what another secret signed is taken');
update atelier_engine.webhook_secrets set sealed = pg_temp.with_bit(sealed, 3) where token_id = :'first_token';
select is(pg_temp.report('another secret of the account', 'm-4'), 'accepted', 'with its key all is well');
select is_empty('select pg_temp.errors()', 'and doctor() is content');
-- Of what cannot be opened but belongs to no provider of this kind, nothing is asked.
update atelier_engine.webhook_secrets set sealed = '\x00' where token_id = :'second_token';
update atelier_engine.webhook_secrets set token_id = :'fal_token' where token_id = :'second_token';
select is(pg_temp.report('somebody else', 'm-6'), 'PT401 the signature of the webhook is not right', 'other providers do not matter');

-- Who may do what.
select is(pg_temp.problem($$atelier_engine.seal_webhook_secrets('x')$$) ~ '^42501', true, 'the service role seals with the tokens only');
select is(pg_temp.problem(call, 'atelier_worker') ~ '^42501', true, 'workers do not call ' || call)
  from unnest(array[$$atelier_engine.seal_webhook_secrets('x')$$, $$atelier_engine.standard_webhook_is_signed(gen_random_uuid(), '\x00', 'm', 'v1,x')$$]) call;
select is(pg_temp.problem($$atelier.set_webhook_secret('replicate', 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'first')$$, role) ~ '^42501', true, role || ' stores none')
  from unnest('{anon,authenticated,atelier_worker}'::text[]) role;
select * from finish();
rollback;
