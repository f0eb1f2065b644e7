-- Roles are granted by administrators and asked about by those they concern.
begin;
select plan(41);
\ir support/people.sql

select enum_has_labels('atelier', 'app_role', array['admin', 'moderator', 'premium_user', 'basic_user', 'guest']);
select policies_are('atelier', 'user_roles', array['people and administrators read roles', 'administrators grant roles',
  'administrators change roles', 'administrators withdraw roles'], 'user_roles: one policy per verb');
select table_privs_are('atelier', 'user_roles', 'anon', array[]::text[], 'user_roles: nothing for anon');
select function_privs_are('atelier', 'has_role', array['uuid', 'atelier.app_role'], 'anon', array[]::text[],
  'anon may not ask for roles');
select function_privs_are('atelier', 'get_user_role_priority', array['uuid'], 'anon', array[]::text[],
  'anon may not ask for priorities');
select function_privs_are('atelier_engine', 'user_has_role', array['uuid', 'atelier.app_role'], 'authenticated',
  array[]::text[], 'the question without a check is not for clients');
select function_privs_are('atelier_engine', 'enroll_user', array['uuid', 'text', 'jsonb'], 'authenticated',
  array[]::text[], 'nobody enrolls users by hand');

select pg_temp.sign_in(pg_temp.ada());
select results_eq($$ select role::text from atelier.user_roles $$, array['basic_user'], 'Ada sees her own roles only');
select throws_ok($$ insert into atelier.user_roles (user_id, role) values (pg_temp.ada(), 'admin') $$, '42501', null,
  'Ada cannot make herself an administrator');
update atelier.user_roles set role = 'admin';
select is((select max(role::text) from atelier.user_roles), 'basic_user', 'Ada cannot change her role');
delete from atelier.user_roles;
select is((select count(*) from atelier.user_roles), 1::bigint, 'Ada cannot withdraw roles');
select ok(atelier.has_role(pg_temp.ada(), 'basic_user'), 'Ada is a basic user');
select ok(not atelier.has_role(pg_temp.ada(), 'admin'), 'Ada is no administrator');
select is(atelier.has_role(null, 'admin'), false, 'nobody has no role');
select throws_ok($$ select atelier.has_role(pg_temp.root(), 'admin') $$, '42501',
  'roles of other people are not visible', 'Ada cannot find out who is an administrator');
select throws_ok($$ select atelier.has_role(pg_temp.ada(), 'emperor') $$, '22P02', null, 'an unknown role is an error');
select is(atelier.get_user_role_priority(pg_temp.ada()), 40, 'a basic user weighs 40');
select is(atelier.get_user_role_priority(null), 0, 'nobody weighs nothing');
select throws_ok($$ select atelier.get_user_role_priority(pg_temp.bob()) $$, '42501', null,
  'Ada cannot ask for the weight of Bob');
select throws_ok($$ select atelier_engine.user_has_role(pg_temp.bob(), 'admin') $$, '42501', null,
  'Ada cannot ask the engine');

select pg_temp.sign_in(pg_temp.root());
select ok(atelier.has_role(pg_temp.ada(), 'basic_user'), 'an administrator asks about Ada');
select lives_ok($$ insert into atelier.user_roles (user_id, role) values (pg_temp.ada(), 'moderator') $$,
  'an administrator grants a role');
select throws_ok($$ insert into atelier.user_roles (user_id, role) values (pg_temp.ada(), 'moderator') $$, '23505', null,
  'a role is granted once');
select is(atelier.get_user_role_priority(pg_temp.ada()), 80, 'the highest role weighs');
select lives_ok($$ update atelier.user_roles set role = 'premium_user'
  where user_id = pg_temp.ada() and role = 'moderator' $$, 'an administrator changes a role');
select is(atelier.get_user_role_priority(pg_temp.ada()), 60, 'a premium user weighs 60');
delete from atelier.user_roles where user_id = pg_temp.ada();
select is(atelier.get_user_role_priority(pg_temp.ada()), 0, 'without a role one weighs nothing');
insert into atelier.user_roles (user_id, role) values (pg_temp.ada(), 'guest');
select is(atelier.get_user_role_priority(pg_temp.ada()), 20, 'a guest weighs 20');
select is(atelier.get_user_role_priority(pg_temp.root()), 100, 'an administrator weighs 100');

select pg_temp.sign_in_as_service();
select ok(atelier.has_role(pg_temp.root(), 'admin'), 'the service role asks about everybody');

select pg_temp.sign_out();
select throws_ok($$ select * from atelier.user_roles $$, '42501', null, 'anon sees no roles');
select throws_ok($$ select atelier.has_role(pg_temp.ada(), 'admin') $$, '42501', null, 'anon cannot ask');
select pg_temp.become('atelier_test_nobody');
select throws_ok($$ select * from atelier.user_roles $$, '42501', null, 'a role without rights sees no roles');
select throws_ok($$ select atelier.has_role(pg_temp.ada(), 'admin') $$, '42501', null, 'a role without rights cannot ask');
select throws_ok($$ select auth.uid() $$, '42501', null, 'a role without rights cannot call auth.uid()');
select pg_temp.step_aside();

select is(atelier.verify_user_age(null), false, 'no birth date: not of age');
select is(atelier.verify_user_age(((now() at time zone 'utc')::date - interval '18 years')::date), true,
  'of age on the eighteenth birthday');
select is(atelier.verify_user_age(((now() at time zone 'utc')::date - interval '18 years' + interval '1 day')::date),
  false, 'not of age the day before');
select is(atelier.verify_user_age(current_date + 1), false, 'the unborn are not of age');
set local timezone = 'Pacific/Kiritimati';
select is(atelier.verify_user_age(((now() at time zone 'utc')::date - interval '18 years' + interval '1 day')::date),
  false, 'moving the clock of the session makes nobody older');
select function_privs_are('atelier', 'verify_user_age', array['date'], 'authenticated', array['EXECUTE'],
  'everybody signed in may compute an age');

select * from finish();
rollback;
