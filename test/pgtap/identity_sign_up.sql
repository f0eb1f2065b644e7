-- Signing up gives a profile and a role, or fails.
begin;
select plan(17);
\ir support/people.sql

select results_eq(
  $$ select username, token_balance, subscription_status, age_verified from atelier.profiles where id = pg_temp.ada() $$,
  $$ values ('ada', 100, 'inactive', false) $$,
  'a new user has a profile, named after the mail address');
select results_eq(
  $$ select role::text from atelier.user_roles where user_id = pg_temp.ada() $$, array['basic_user'],
  'a new user is a basic user');

insert into auth.users (id, email, raw_user_meta_data)
values ('00000000-0000-4000-8000-000000000001', 'x@example.com', '{"username": "  Grace  "}');
select is((select username from atelier.profiles where id = '00000000-0000-4000-8000-000000000001'), 'Grace',
  'the username of the sign-up data comes first');

select lives_ok($$ insert into auth.users (id, email)
  values ('00000000-0000-4000-8000-000000000002', 'ada@elsewhere.example') $$,
  'a taken name keeps nobody from signing up');
select is((select username from atelier.profiles where id = '00000000-0000-4000-8000-000000000002'),
  'ada-000000000002', 'a taken name is made unique');

select lives_ok($$ insert into auth.users (id) values ('00000000-0000-4000-8000-000000000003') $$,
  'a user without mail address and name can sign up');
select is((select username from atelier.profiles where id = '00000000-0000-4000-8000-000000000003'), null,
  'a user without mail address and name has no name');

select lives_ok($$ insert into auth.users (id, raw_user_meta_data)
  values ('00000000-0000-4000-8000-000000000004', jsonb_build_object('username', repeat('n', 5000))) $$,
  'an absurd name is cut');
select ok((select char_length(username) = 60 from atelier.profiles where id = '00000000-0000-4000-8000-000000000004'),
  'a cut name has 60 characters');

alter table atelier.profiles add constraint nobody_is_called_bad check (username <> 'bad');
select throws_ok($$ insert into auth.users (id, email) values ('00000000-0000-4000-8000-000000000005', 'bad@x') $$,
  '23514', null, 'a sign-up whose profile cannot be made fails');
select is_empty($$ select from auth.users where id = '00000000-0000-4000-8000-000000000005' $$,
  'a failed sign-up leaves nothing behind');
select throws_ok($$ insert into auth.users (email) values ('ADA@example.com') $$, '23505', null,
  'a mail address signs up once, in whatever case');

-- What psql and pg_restore set before they restore.
set local row_security = off;
set local check_function_bodies = off;
insert into auth.users (id, email) values ('00000000-0000-4000-8000-000000000006', 'dumped@example.com');
select is_empty($$ select from atelier.profiles where id = '00000000-0000-4000-8000-000000000006' $$,
  'restoring a user makes no profile');
select lives_ok($$ insert into atelier.profiles (id, username, token_balance)
  values ('00000000-0000-4000-8000-000000000006', 'as dumped', 3) $$, 'the profile of the dump goes in');
select is_empty($$ select from atelier.user_roles where user_id = '00000000-0000-4000-8000-000000000006' $$,
  'restoring a user grants no role');
set local row_security = on;
set local check_function_bodies = on;

delete from auth.users where id = pg_temp.ada();
select is_empty($$ select from atelier.profiles where id = pg_temp.ada() $$, 'a profile goes with its user');
select is_empty($$ select from atelier.user_roles where user_id = pg_temp.ada() $$, 'roles go with their user');

select * from finish();
rollback;
