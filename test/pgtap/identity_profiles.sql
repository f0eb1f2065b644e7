-- People see themselves and change their name and, once, their birth date. Nothing else, by no path.
begin;
select plan(50);
\ir support/people.sql

select policies_are('atelier', 'profiles',
  array['people and administrators read profiles', 'people and administrators change profiles'],
  'profiles: read and change');
select table_privs_are('atelier', 'profiles', 'anon', array[]::text[], 'profiles: nothing for anon');
select table_privs_are('atelier', 'profiles', 'authenticated', array['SELECT'], 'profiles: whole rows are only read');
select is(
  (select array_agg(a.attname::text order by a.attname) from pg_attribute a
    where a.attrelid = 'atelier.profiles'::regclass and a.attnum > 0
      and has_column_privilege('authenticated', a.attrelid, a.attnum, 'update')),
  array['birth_date', 'username'], 'profiles: two columns can be written');

select pg_temp.sign_in(pg_temp.ada());
select results_eq($$ select id from atelier.profiles $$, array[pg_temp.ada()], 'Ada sees her own profile only');
select lives_ok($$ update atelier.profiles set username = 'ada2' where id = pg_temp.ada() $$, 'Ada renames herself');
select is((select username from atelier.profiles), 'ada2', 'the new name is there');
update atelier.profiles set username = 'hacked' where id = pg_temp.bob();
select throws_ok($$ update atelier.profiles set username = '' $$, '23514', null, 'an empty name is refused');
select throws_ok($$ update atelier.profiles set username = 'bob' $$, '23505', null, 'a taken name is refused');
select throws_ok(format($$ update atelier.profiles set %I = default where id = pg_temp.ada() $$, column_name),
  '42501', null, format('Ada cannot write %s', column_name))
  from unnest(array['token_balance', 'subscription_status', 'age_verified', 'age_verification_date', 'id',
                    'created_at', 'updated_at']) as column_name;
select throws_ok($$ insert into atelier.profiles (id) values (pg_temp.ada()) $$, '42501', null,
  'Ada cannot insert a profile');
select throws_ok($$ delete from atelier.profiles $$, '42501', null, 'Ada cannot delete a profile');

select throws_ok($$ update atelier.profiles set birth_date = current_date + 2 $$, '22023',
  'birth date is out of range', 'a birth date to come is refused');
select throws_ok($$ update atelier.profiles set birth_date = '1812-12-10' $$, '22023',
  'birth date is out of range', 'an old birth date is refused');
select lives_ok($$ update atelier.profiles set birth_date = current_date - 6000 $$, 'Ada says she is sixteen');
select results_eq($$ select age_verified, age_verification_date is null from atelier.profiles $$,
  $$ values (false, true) $$, 'that verifies nothing');
select throws_ok($$ update atelier.profiles set birth_date = '1980-01-01' $$, '42501', 'the birth date is already set',
  'Ada cannot try another date');
select throws_ok($$ update atelier.profiles set birth_date = null $$, '42501', 'the birth date is already set',
  'Ada cannot take it back either');

select pg_temp.sign_in(pg_temp.bob());
select is((select username from atelier.profiles), 'bob', 'Ada did not rename Bob');
select lives_ok($$ update atelier.profiles set birth_date = '1980-01-01' $$, 'Bob gives his birth date');
select results_eq($$ select age_verified, age_verification_date = now() from atelier.profiles $$,
  $$ values (true, true) $$, 'Bob is of age');

select pg_temp.sign_in(pg_temp.root());
select cmp_ok((select count(*) from atelier.profiles), '>=', 3::bigint, 'an administrator sees everybody');
select lives_ok($$ update atelier.profiles set birth_date = '1990-01-01' where id = pg_temp.ada() $$,
  'an administrator corrects a birth date');
select ok((select age_verified from atelier.profiles where id = pg_temp.ada()), 'the corrected date counts');
select throws_ok($$ update atelier.profiles set token_balance = 1000000 where id = pg_temp.root() $$, '42501', null,
  'even an administrator fills no balance here');

select pg_temp.sign_in_as_service();
select lives_ok($$ update atelier.profiles set token_balance = 5, subscription_status = 'pro' where id = pg_temp.ada() $$,
  'the service role sets balance and subscription');
select throws_ok($$ update atelier.profiles set token_balance = -1 where id = pg_temp.ada() $$, '23514', null,
  'a balance is not negative');
select throws_ok($$ update atelier.profiles set subscription_status = 'gold' where id = pg_temp.ada() $$, '23514', null,
  'an unknown subscription is refused');
select is((select updated_at > created_at from atelier.profiles where id = pg_temp.ada()), true,
  'changes stamp updated_at');

select pg_temp.sign_out();
select throws_ok($$ select * from atelier.profiles $$, '42501', null, 'anon sees no profiles');
select throws_ok($$ update atelier.profiles set username = 'x' $$, '42501', null, 'anon changes no profiles');
select throws_ok($$ select * from auth.users $$, '42501', null, 'anon sees no users');
select pg_temp.become('atelier_test_nobody');
select throws_ok($$ select * from atelier.profiles $$, '42501', null, 'a role without rights sees no profiles');

-- The other names.
select pg_temp.step_aside();
select table_privs_are('atelier', 'users', 'anon', array[]::text[], 'users: nothing for anon');
select table_privs_are('atelier', 'user_profiles', 'anon', array[]::text[], 'user_profiles: nothing for anon');
select pg_temp.sign_in(pg_temp.ada());
select throws_ok($$ select * from auth.users $$, '42501', null, 'nobody signed in sees auth.users');
select results_eq($$ select id, username, email, credits, role from atelier.users $$,
  $$ values (pg_temp.ada(), 'ada2', 'ada@example.com', 5, 'user') $$, 'users: Ada sees herself');
select results_eq($$ select id, full_name, email, subscription_status from atelier.user_profiles $$,
  $$ values (pg_temp.ada(), 'ada2', 'ada@example.com', 'pro') $$, 'user_profiles: Ada sees herself');
select lives_ok($$ update atelier.user_profiles set full_name = 'ada3' $$, 'Ada renames herself through user_profiles');
select is((select username from atelier.users), 'ada3', 'the name is there under every name');
select throws_ok($$ update atelier.users set credits = 1000000 $$, '42501', null, 'the balance is not written through users');
select throws_ok($$ update atelier.user_profiles set subscription_status = 'creator' $$, '42501', null,
  'the subscription is not written through user_profiles');
select pg_temp.sign_in(pg_temp.root());
select is((select role from atelier.users where id = pg_temp.root()), 'admin', 'users: an administrator is one');
select is((select email from atelier.users where id = pg_temp.ada()), null, 'users: mail addresses are for their owners');

select * from finish();
rollback;
