-- Who a caller is: users, the service role, superusers who act for somebody.
begin;
select plan(25);
create function pg_temp.caller(p_role text, p_claims jsonb default null) returns void language plpgsql as $$
begin
  perform set_config('request.jwt.claims', coalesce(p_claims::text, ''), true);
  perform set_config('role', p_role, true);
end $$;
-- With the rights of the owner, as the functions that ask.
create function pg_temp.asks() returns boolean language sql security definer as $$ select atelier_engine.is_service_role() $$;
create function pg_temp.acts_for(p_user uuid) returns void language sql security definer as $$ select atelier_engine.assert_acting_for(p_user) $$;
grant execute on all functions in schema pg_temp to public;
\set someone '''50000000-0000-7000-8000-000000000001'''
\set other '''50000000-0000-7000-8000-000000000002'''

select ok(pg_temp.asks(), 'a superuser is the back end');
select pg_temp.caller('service_role');
select ok(pg_temp.asks(), 'so is service_role');
select pg_temp.caller('service_role', '{"role": "service_role"}');
select ok(pg_temp.asks(), 'with its claim');
select pg_temp.caller('none', '{"role": "service_role"}');
select ok(pg_temp.asks(), 'and a superuser with that claim');
select pg_temp.caller('none', '{"sub": "50000000-0000-7000-8000-000000000001"}');
select ok(pg_temp.asks(), 'a claim without a role changes nothing');
select pg_temp.caller('authenticated');
select ok(not pg_temp.asks(), 'authenticated is not, though a superuser signed in');
select pg_temp.caller('authenticated', '{"role": "service_role"}');
select ok(not pg_temp.asks(), 'a claim alone gives no rights');
select pg_temp.caller('anon');
select ok(not pg_temp.asks(), 'anon is not');
select pg_temp.caller('atelier_worker');
select ok(not pg_temp.asks(), 'the worker is not');
select pg_temp.caller('service_role', '{"role": "authenticated"}');
select ok(not pg_temp.asks(), 'a role claim takes the rights away');
select pg_temp.caller('none', '{"role": "authenticated"}');
select ok(not pg_temp.asks(), 'also from a superuser, who acts for a user then');
select pg_temp.caller('none');
create role atelier_test_backend in role service_role;
create role atelier_test_stranger;
select pg_temp.caller('atelier_test_backend');
select ok(pg_temp.asks(), 'a role that inherits service_role is the back end');
select pg_temp.caller('atelier_test_stranger');
select ok(not pg_temp.asks(), 'another role is not');
select pg_temp.caller('none');
set local session authorization atelier_test_stranger;
select ok(not pg_temp.asks(), 'a session of another role is not');
reset session authorization;

select pg_temp.caller('authenticated', jsonb_build_object('sub', :someone, 'role', 'authenticated'));
select lives_ok(format('select pg_temp.acts_for(%L)', :someone), 'users act for themselves');
select throws_ok(format('select pg_temp.acts_for(%L)', :other), '42501', 'you may act only for yourself', 'not for others');
select throws_ok('select pg_temp.acts_for(null)', '42501', 'you may act only for yourself', 'not for nobody');
select pg_temp.caller('authenticated');
select throws_ok(format('select pg_temp.acts_for(%L)', :someone), '42501', 'you may act only for yourself', 'without a user not at all');
select pg_temp.caller('anon', jsonb_build_object('role', 'anon'));
select throws_ok(format('select pg_temp.acts_for(%L)', :someone), '42501', 'you may act only for yourself', 'anon acts for nobody');
select pg_temp.caller('service_role');
select lives_ok(format('select pg_temp.acts_for(%L)', :other), 'the service role acts for everybody');
select throws_ok('select pg_temp.acts_for(null)', '42501', 'you may act only for yourself', 'but not for nobody');
select pg_temp.caller('none');

select lives_ok('select atelier_engine.assert_service_role()', 'a superuser passes as the service role');
select pg_temp.caller('none', '{"role": "authenticated"}');
select throws_ok('select atelier_engine.assert_service_role()', '42501', 'only the service role may do this', 'a user does not');
select pg_temp.caller('none');

select is((select count(distinct atelier.uuid7()) from generate_series(1, 1000)), 1000::bigint, 'uuid7() makes different ids');
select ok((select bool_and(substr(u::text, 15, 1) = '7' and substr(u::text, 20, 1) in ('8', '9', 'a', 'b')) from (select atelier.uuid7() u from generate_series(1, 100)) s),
  'of version 7');
select * from finish();
rollback;
