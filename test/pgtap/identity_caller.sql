-- Who the claims say is calling: at every moment what the settings say at that moment, and nobody when they are odd.
begin;
select plan(32);
\set alice '''a11ce000-0000-7000-8000-000000000001'''
\set bob '''b0b00000-0000-7000-8000-000000000002'''

create function pg_temp.claim(p_claims text) returns text language sql as $$ select set_config('request.jwt.claims', p_claims, true) $$;
create function pg_temp.claims_of(p_user uuid) returns text language sql as
$$ select json_build_object('sub', p_user, 'role', 'authenticated', 'email', 'somebody@example.org')::text $$;

select is(auth.uid(), null, 'without claims nobody is calling');
select pg_temp.claim(pg_temp.claims_of(:alice));
select is(auth.uid(), :alice::uuid, 'the claim sub is the caller');
select is(auth.role(), 'authenticated', 'the claim role is the role');
select is(auth.email(), 'somebody@example.org', 'the claim email is the mail address');
select is(auth.jwt() ->> 'sub', :alice, 'and all claims are there as JSON');

-- Changes.
select results_eq(format('select auth.uid(), pg_temp.claim(pg_temp.claims_of(%L)) <> %L, auth.uid()', :bob, ''),
  format('values (%L::uuid, true, %L::uuid)', :alice, :bob), 'an answer stays what it was when the claims change in the same query');
savepoint before;
select pg_temp.claim(pg_temp.claims_of(:alice));
select is(auth.uid(), :alice::uuid, 'claims change in a transaction');
rollback to before;
select is(auth.uid(), :bob::uuid, 'and come back when it is rolled back');
create function pg_temp.as_nobody() returns uuid language sql set request.jwt.claims = '' as $$ select auth.uid() $$;
select is(pg_temp.as_nobody(), null, 'a function may have claims of its own');
select is(auth.uid(), :bob::uuid, 'for as long as it runs');
reset all;
select is(auth.uid(), null, 'RESET ALL forgets the caller');
set local request.jwt.claims to default;
select is(auth.uid(), null, 'the default is nobody');

-- The settings of one claim each.
set local request.jwt.claim.sub = 'a11ce000-0000-7000-8000-000000000001';
set local request.jwt.claim.role = 'authenticated';
set local request.jwt.claim.email = 'alice@example.org';
select is(auth.uid(), :alice::uuid, 'older versions of PostgREST send sub alone');
select is(auth.role(), 'authenticated', 'role alone');
select is(auth.email(), 'alice@example.org', 'and email alone');
select pg_temp.claim('{}');
select is(coalesce(auth.uid()::text, auth.role(), auth.email()), null, 'whole claims win over them, also empty ones');
select pg_temp.claim('{"sub":');
select is(coalesce(auth.uid()::text, auth.role(), auth.email()), null, 'and malformed ones');
select pg_temp.claim('');
set local request.jwt.claim.sub = 'alice';
select is(auth.uid(), null, 'a sub that is no UUID is nobody');
set local request.jwt.claim.sub = '';

-- Odd claims.
select is(array[auth.uid()::text, pg_temp.claim(text), auth.uid()::text, auth.role(), auth.email()],
          array[null, text, null, null, null], 'nobody is ' || left(text, 60))
  from unnest(array['null', '[]', '"a11ce000-0000-7000-8000-000000000001"', '{"sub": "a11ce000-0000-7000-8000-000000000001"',
    '{"sub": ["a11ce000-0000-7000-8000-000000000001"]}', '{"sub": "a11ce000-0000-7000-8000-000000000001 "}',
    '{"sub": "{a11ce000-0000-7000-8000-000000000001}"}', '{"sub": "a11ce00000007000800000000000000001"}',
    '{"sub": "a11ce000-0000-7000-8000-000000000001\u0000"}', '{"SUB": "a11ce000-0000-7000-8000-000000000001"}',
    '{"sub": "a11ce000-0000-7000-8000-000000000001", "deep": ' || repeat('[', 100000) || repeat(']', 100000) || '}']) text;
select lives_ok('select auth.jwt()', 'and no function fails');

-- A worker process of a parallel query knows the caller, too.
select pg_temp.claim(pg_temp.claims_of(:alice));
select name as parallel from pg_settings where name in ('force_parallel_mode', 'debug_parallel_query') \gset
set local :parallel = on;
select is((select count(distinct auth.uid()) from pg_class), 1::bigint, 'parallel workers know the caller');
select is((select min(auth.uid()::text) from pg_class), :alice, 'the same one');
select * from finish();
rollback;
