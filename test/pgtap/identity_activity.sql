-- The log of what people did: written by function only, read by its owner and administrators.
begin;
select plan(20);
\ir support/people.sql

select policies_are('atelier', 'user_activity_log', array['people and administrators read activity']);
select table_privs_are('atelier', 'user_activity_log', 'authenticated', array['SELECT'], 'the log is only read');
select table_privs_are('atelier', 'user_activity_log', 'anon', array[]::text[], 'the log is not for anon');
select function_privs_are('atelier', 'log_user_activity',
  array['uuid', 'text', 'text', 'text', 'jsonb', 'inet', 'text'], 'anon', array[]::text[], 'anon logs nothing');

select pg_temp.sign_in(pg_temp.ada());
select isnt(atelier.log_user_activity(pg_temp.ada(), 'viewed', 'asset', '17', '{"zoom": 2}', '192.0.2.1', 'psql'),
  null, 'Ada logs what she did');
select results_eq(
  $$ select user_id, action, resource_type, resource_id, metadata, ip_address, user_agent from atelier.user_activity_log $$,
  $$ values (pg_temp.ada(), 'viewed', 'asset', '17', '{"zoom": 2}'::jsonb, '192.0.2.1'::inet, 'psql') $$,
  'the entry is there');
select lives_ok($$ select atelier.log_user_activity(pg_temp.ada(), 'left', p_metadata => null) $$,
  'most arguments can be left out');
select throws_ok($$ select atelier.log_user_activity(pg_temp.bob(), 'framed') $$, '42501',
  'you may act only for yourself', 'Ada cannot log for Bob');
select throws_ok($$ select atelier.log_user_activity(null, 'ghost') $$, '42501', null, 'Ada cannot log for nobody');
select throws_ok($$ select atelier.log_user_activity(pg_temp.ada(), '') $$, '23514', null, 'an empty action is refused');
select throws_ok($$ select atelier.log_user_activity(pg_temp.ada(), null) $$, '23502', null, 'no action is refused');
select throws_ok($$ select atelier.log_user_activity(pg_temp.ada(), 'x', p_metadata => '[]') $$, '23514', null,
  'metadata that is no object is refused');
select throws_ok($$ select atelier.log_user_activity(pg_temp.ada(), 'x',
  p_metadata => jsonb_build_object('x', repeat('x', 20000))) $$, '23514', null, 'endless metadata is refused');
select throws_ok($$ insert into atelier.user_activity_log (user_id, action) values (pg_temp.ada(), 'x') $$, '42501', null,
  'Ada cannot write the table');
select throws_ok($$ delete from atelier.user_activity_log $$, '42501', null, 'Ada cannot erase her tracks');

select pg_temp.sign_in(pg_temp.bob());
select is_empty($$ select from atelier.user_activity_log $$, 'Bob does not see what Ada did');
select pg_temp.sign_in(pg_temp.root());
select is((select count(*) from atelier.user_activity_log where user_id = pg_temp.ada()), 2::bigint,
  'an administrator does');
select pg_temp.sign_in_as_service();
select lives_ok($$ select atelier.log_user_activity(pg_temp.bob(), 'was billed') $$, 'the service role logs for everybody');
select pg_temp.sign_out();
select throws_ok($$ select atelier.log_user_activity(pg_temp.ada(), 'x') $$, '42501', null, 'anon is refused');
select pg_temp.become('atelier_test_nobody');
select throws_ok($$ select atelier.log_user_activity(pg_temp.ada(), 'x') $$, '42501', null,
  'a role without rights is refused');

select * from finish();
rollback;
