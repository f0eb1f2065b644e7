-- API keys: made once, kept as hashes, for what their scopes say, until they end.
begin;
select plan(110);
\ir support/people.sql
create role atelier_test_authenticator login noinherit;
grant anon, authenticated, service_role to atelier_test_authenticator;
create temp table keys (name text primary key, id uuid, secret text);
grant all on keys to public;

create function pg_temp.make_key(name text, scopes text[], expires_at timestamptz default null) returns void language sql as $$
  insert into keys select make_key.name, k.api_key_id, k.secret from atelier.create_api_key(make_key.name, make_key.scopes, make_key.expires_at) k
$$;
-- What PostgREST does before the pre-request function: a request of anon with some headers.
create function pg_temp.request(method text, path text, key text) returns void language plpgsql as $$
declare
  secret constant text := (select k.secret from keys k where k.name = request.key);
begin
  perform pg_temp.become('anon', '{"role": "anon"}');
  perform set_config('request.method', method, true), set_config('request.path', path, true),
          set_config('request.headers', jsonb_strip_nulls(jsonb_build_object('host', 'db', 'x-api-key', coalesce(secret, key)))::text, true);
end $$;
create function pg_temp.forget_request() returns void language sql as $$
  select set_config('request.method', '', true), set_config('request.path', '', true), set_config('request.headers', '', true);
  select pg_temp.step_aside() $$;
-- What becomes of a request with a key: full, read, or the error.
create function pg_temp.outcome(method text, path text, key text) returns text language plpgsql as $$
declare
  result text;
begin
  perform pg_temp.request(method, path, key);
  begin
    perform atelier.authenticate_api_key();
    result := case current_setting('transaction_read_only') when 'on' then 'read' else 'full' end || ' ' || current_user;
    raise sqlstate 'TEST1';  -- so that the transaction can write again
  exception when sqlstate 'TEST1' then
    null;
  when others then
    result := sqlstate || ' ' || sqlerrm;
  end;
  perform pg_temp.forget_request();
  return result;
end $$;
grant execute on all functions in schema pg_temp to public;

select policies_are('atelier', 'api_keys', array['people and administrators read API keys'], 'api_keys: read');
select table_privs_are('atelier', 'api_keys', 'anon', array[]::text[], 'api_keys: nothing for anon');
select table_privs_are('atelier', 'api_keys', 'authenticated', array['SELECT'], 'api_keys: only read');
select table_privs_are('atelier_engine', 'api_key_hashes', r, array[]::text[], 'the hashes are not for ' || r)
  from unnest(array['anon', 'authenticated', 'service_role', 'atelier_worker']) r;
select function_privs_are('atelier', 'create_api_key', array['text', 'text[]', 'timestamptz', 'uuid'], 'anon', array[]::text[], 'anon makes no keys');
select function_privs_are('atelier', 'revoke_api_key', array['uuid'], 'anon', array[]::text[], 'nor revokes any');

-- Making.
select pg_temp.sign_in(pg_temp.ada());
select lives_ok($$ select pg_temp.make_key('all', '{*}') $$, 'Ada makes a key');
select matches(secret, '^atelier_[0-9a-f]{64}$', 'its secret is long') from keys;
select results_eq($$ select user_id, created_by, name, scopes, expires_at, revoked_at, last_used_at from atelier.api_keys $$,
  $$ values (pg_temp.ada(), pg_temp.ada(), 'all', '{*}'::text[], null::timestamptz, null::timestamptz, null::timestamptz) $$, 'she sees it');
select results_eq($$ select prefix = "left"(secret, 16) from atelier.api_keys join keys using (id) $$, array[true], 'and by what to recognise it');
select lives_ok(format($$ select pg_temp.make_key(%L, %L, %L) $$, name, scopes, expires_at), 'a key for ' || name) from (values
  ('reading', '{read}', null), ('submitting', '{call:queue_job}', null), ('calling', '{call:*}', null), ('filing', '{write:user_collections}', null),
  ('writing', '{write:*}', null), ('reading and submitting', '{read,call:queue_job}', null), ('a day', '{*}', now() + interval '1 day'),
  ('later', '{*}', null)) k (name, scopes, expires_at);
select throws_ok(format($$ select atelier.create_api_key('x', %L) $$, scopes), '23514', null, 'no key with the scopes ' || scopes) from unnest(array[
  '{}', '{everything}', '{"read,write:*"}', '{"read call:*"}', '{call:}', '{Read}', '{call:queue-job}', '{null}', '{read,null}', '{{read}}', '{"read\n"}']) as scopes;
select throws_ok($$ select atelier.create_api_key('x', null) $$, '23502', null, 'nor without scopes');
select throws_ok($$ select atelier.create_api_key('', '{*}') $$, '23514', null, 'nor without a name');
select throws_ok($$ select atelier.create_api_key('x', '{*}', now() - interval '1 second') $$, '22023', 'expires_at is in the past', 'nor for the past');
select throws_ok($$ select atelier.create_api_key('x', '{*}', user_id => pg_temp.bob()) $$, '42501', 'you may act only for yourself', 'nor for somebody else');
select throws_ok(format($$ update atelier.api_keys set %I = default $$, column_name), '42501', null, 'nothing of a key is changed by hand: ' || column_name)
  from unnest(array['scopes', 'user_id', 'expires_at', 'revoked_at']) as column_name;
select pg_temp.sign_in(pg_temp.bob());
select is_empty($$ select from atelier.api_keys $$, 'Bob does not see it');
select throws_ok(format($$ select atelier.revoke_api_key(%L) $$, id), 'PT404', 'no such API key', 'nor can revoke it') from keys where name = 'all';
select pg_temp.sign_in(pg_temp.root());
select cmp_ok((select count(*) from atelier.api_keys), '>', 5::bigint, 'an administrator sees all');
select pg_temp.become('authenticated', '{"role": "authenticated"}');
select throws_ok($$ select atelier.create_api_key('x', '{*}') $$, 'PT401', null, 'who is nobody has to sign in');
select pg_temp.sign_in_as_service();
select lives_ok($$ select atelier.create_api_key('made for Bob', '{read}', user_id => pg_temp.bob()) $$, 'the service role makes one for somebody');
select results_eq($$ select created_by from atelier.api_keys where user_id = pg_temp.bob() $$, array[null::uuid], 'of whom it says nothing');
select throws_ok($$ select atelier.create_api_key('x', '{*}', user_id => atelier.uuid7()) $$, 'PT404', 'no such person', 'whom it has to name');
select pg_temp.step_aside();
select is((select count(*) from keys k join atelier_engine.api_key_hashes h on h.api_key_id = k.id and h.hash = sha256(convert_to(k.secret, 'UTF8'))),
  9::bigint, 'the database has the hashes of the secrets');
select is_empty($$ select from keys s, atelier.api_keys k, atelier_engine.api_key_hashes h where k::text ~ s.secret or h::text ~ s.secret $$, 'and not the secrets');

-- Using, as PostgREST does.
select is(pg_temp.outcome('GET', '/jobs', null), 'full anon', 'without a key nothing changes');
select is(pg_temp.outcome('GET', '/jobs', 'guess'), 'PT401 unknown API key', 'a guess opens nothing');
select is(pg_temp.outcome('GET', '/jobs', ''), 'PT401 unknown API key', 'nor does an empty one');
select is(pg_temp.outcome('GET', '/jobs', (select encode(h.hash, 'hex') from atelier_engine.api_key_hashes h limit 1)), 'PT401 unknown API key', 'nor does a hash');
select is(pg_temp.outcome(method, path, key), outcome, concat_ws(' ', key, method, path)) from (values
  ('all', 'GET', '/jobs', 'full authenticated'), ('all', 'POST', '/rpc/queue_job', 'full authenticated'), ('all', 'GET', '/', 'full authenticated'),
  ('all', 'POST', '/r%70c/queue_job', 'full authenticated'),
  ('reading', 'GET', '/jobs', 'read authenticated'), ('reading', 'POST', '/rpc/queue_job', 'read authenticated'), ('reading', 'DELETE', '/user_library', 'read authenticated'),
  ('submitting', 'POST', '/rpc/queue_job', 'full authenticated'), ('submitting', 'GET', '/rpc/queue_job', 'full authenticated'),
  ('submitting', 'POST', '/rpc/cancel_job', 'PT403 the API key does not allow this'), ('submitting', 'GET', '/jobs', 'PT403 the API key does not allow this'),
  ('submitting', 'POST', '/queue_job', 'PT403 the API key does not allow this'), ('submitting', 'POST', '/rpc/queue_job/', 'PT403 the API key does not allow this'),
  ('calling', 'POST', '/rpc/cancel_job', 'full authenticated'), ('calling', 'POST', '/user_collections', 'PT403 the API key does not allow this'),
  ('filing', 'POST', '/user_collections', 'full authenticated'), ('filing', 'PATCH', '/user_collections', 'full authenticated'), ('filing', 'DELETE', '/user_collections', 'full authenticated'),
  ('filing', 'GET', '/user_collections', 'PT403 the API key does not allow this'), ('filing', 'POST', '/user_library', 'PT403 the API key does not allow this'),
  ('filing', 'POST', '/rpc/user_collections', 'PT403 the API key does not allow this'),
  ('writing', 'PUT', '/user_library', 'full authenticated'), ('writing', 'POST', '/rpc/queue_job', 'PT403 the API key does not allow this'),
  ('writing', 'POST', '/r%70c/queue_job', 'PT403 the API key does not allow this'), ('writing', 'GET', '/user_library', 'PT403 the API key does not allow this'),
  ('reading and submitting', 'GET', '/jobs', 'read authenticated'), ('reading and submitting', 'POST', '/rpc/queue_job', 'full authenticated'),
  ('reading and submitting', 'POST', '/rpc/cancel_job', 'read authenticated')) r (key, method, path, outcome);

select pg_temp.request('GET', '/profiles', 'all');
select atelier.authenticate_api_key();
select is(auth.uid(), pg_temp.ada(), 'the caller is whose key it is');
select is(auth.role(), 'authenticated', 'as somebody who is signed in');
select is(auth.email(), 'ada@example.com', 'with her address');
select is(current_user, 'authenticated', 'and the role of the database');
select results_eq($$ select id from atelier.profiles $$, array[pg_temp.ada()], 'she sees herself');
select throws_ok($$ select atelier.create_api_key('x', '{*}') $$, '42501', 'an API key cannot do this', 'a key makes no key');
select throws_ok(format($$ select atelier.revoke_api_key(%L) $$, id), '42501', 'an API key cannot do this', 'nor revokes one') from keys where name = 'all';
select throws_ok($$ update atelier.profiles set token_balance = 1000000 $$, '42501', null, 'nor fills a balance');
select throws_ok($$ insert into atelier.user_roles (user_id, role) values (pg_temp.ada(), 'admin') $$, '42501', null, 'nor makes an administrator');
select pg_temp.forget_request();
select results_eq($$ select name from atelier.api_keys where last_used_at is not null order by name $$, array['all'], 'its use is noted');
update atelier.api_keys set last_used_at = clock_timestamp() - interval '30 seconds' where name = 'all';
select pg_temp.request('GET', '/profiles', 'all');
select atelier.authenticate_api_key();
select pg_temp.forget_request();
select ok((select last_used_at < clock_timestamp() - interval '29 seconds' from atelier.api_keys where name = 'all'), 'once a minute');
-- As a server that talks to the database itself, signed in as PostgREST is.
set local session authorization atelier_test_authenticator;
set local role anon;
select lives_ok(format($$ select atelier.authenticate_api_key(%L) $$, secret), 'the secret can be an argument') from keys where name = 'all';
select is(current_user, 'authenticated', 'the role that signs in becomes authenticated');
set local role anon;
select set_config('request.jwt.claims', '', true);
select throws_ok(format($$ select atelier.authenticate_api_key(%L) $$, secret), 'PT403', null, 'without a path a scope for some functions is not enough') from keys where name = 'submitting';
reset session authorization;
select pg_temp.sign_in(pg_temp.bob());
select throws_ok(format($$ select atelier.authenticate_api_key(%L) $$, secret), 'PT400', null, 'who is signed in does not become somebody else') from keys where name = 'all';
select is(auth.uid(), pg_temp.bob(), 'and stays who he is');

-- Ending.
select pg_temp.sign_in(pg_temp.ada());
select lives_ok(format($$ select atelier.revoke_api_key(%L) $$, id), 'Ada revokes a key') from keys where name = 'later';
select lives_ok(format($$ select atelier.revoke_api_key(%L) $$, id), 'twice is once') from keys where name = 'later';
select is(pg_temp.outcome('GET', '/jobs', 'later'), 'PT401 the API key was revoked', 'it opens nothing any more');
select is(pg_temp.outcome('GET', '/jobs', 'a day'), 'full authenticated', 'one with an end works');
update atelier.api_keys set expires_at = now() where name = 'a day';
select is(pg_temp.outcome('GET', '/jobs', 'a day'), 'PT401 the API key has expired', 'until then');
update atelier.profiles set is_active = false where id = pg_temp.ada();
select is(pg_temp.outcome('GET', '/jobs', 'all'), 'PT403 the account is deactivated', 'those of a deactivated account do not work');
select pg_temp.sign_in_as_service();
select lives_ok(format($$ select atelier.revoke_api_key(%L) $$, id), 'the service role revokes any') from keys where name = 'all';
select pg_temp.sign_in(pg_temp.root());
select lives_ok(format($$ select atelier.revoke_api_key(%L) $$, id), 'and so does an administrator') from keys where name = 'reading';
select pg_temp.step_aside();
insert into atelier.api_keys (user_id, name, prefix, scopes) select pg_temp.bob(), 'n', 'p', '{read}' from generate_series(1, 49);
select pg_temp.sign_in(pg_temp.bob());
select throws_ok($$ select atelier.create_api_key('x', '{*}') $$, 'PT409', 'too many API keys', '50 keys are enough');
select pg_temp.step_aside();
delete from auth.users where id = pg_temp.ada();
select is_empty($$ select from atelier.api_keys where user_id = pg_temp.ada() $$, 'keys go with their account');
select is((select count(*) from atelier_engine.api_key_hashes), 1::bigint, 'and their hashes');

-- Last, because a transaction that is read-only stays so.
select pg_temp.sign_in_as_service();
select set_config('test.secret', k.secret, true) from atelier.create_api_key('reading', '{read}', user_id => pg_temp.root()) k;
select pg_temp.request('POST', '/rpc/queue_job', current_setting('test.secret'));
select atelier.authenticate_api_key();
select throws_ok($$ select atelier.queue_job('a red circle') $$, '25006', null, 'a key for reading writes nothing by any function');
select throws_ok($$ delete from atelier.user_roles $$, '25006', null, 'nor by hand');

select * from finish();
rollback;
