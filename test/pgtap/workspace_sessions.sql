-- Sessions: one active per user; clearing one discards what it made and keeps its jobs.
begin;
select plan(43);
\ir support/people.sql

select policies_are('atelier', 'workspace_sessions', array['people see their own sessions', 'people rename their own sessions']);
select table_privs_are('atelier', 'workspace_sessions', 'authenticated', array['SELECT'], 'sessions: rows are only read');
select table_privs_are('atelier', 'workspace_sessions', 'anon', array[]::text[], 'sessions: nothing for anon');
select function_privs_are('atelier', name, arguments, 'anon', array[]::text[], name || ' is not for anon')
  from (values ('create_workspace_session', array['uuid', 'text']), ('clear_workspace_session', array['uuid', 'uuid']),
               ('cleanup_expired_workspace_assets', array[]::text[])) as f (name, arguments);
select function_privs_are('atelier', 'cleanup_expired_workspace_assets', array[]::text[], role_name, expected,
    'cleanup for ' || role_name)
  from (values ('authenticated', array[]::text[]), ('service_role', array['EXECUTE']), ('atelier_worker', array['EXECUTE']))
    as r (role_name, expected);

create temporary table made (name text, id uuid);
grant select, insert on made to public;

select pg_temp.sign_in(pg_temp.ada());
insert into made values ('first', atelier.create_workspace_session(pg_temp.ada()));
select results_eq($$ select session_name, is_active, user_id from atelier.workspace_sessions $$,
  $$ values ('Workspace Session', true, pg_temp.ada()) $$, 'a session begins active');
insert into made values ('second', atelier.create_workspace_session(pg_temp.ada(), '  Rainy day '));
select results_eq($$ select session_name, is_active from atelier.workspace_sessions order by id $$,
  $$ values ('Workspace Session', false), ('Rainy day', true) $$, 'the next one takes over');
select throws_ok($$ select atelier.create_workspace_session(pg_temp.bob()) $$, '42501', 'you may act only for yourself',
  'Ada begins no session for Bob');
select throws_ok($$ select atelier.create_workspace_session(null) $$, '42501', null, 'Ada begins no session for nobody');
select throws_ok($$ select atelier.create_workspace_session(pg_temp.ada(), ' ') $$, '22023', 'session name is not valid',
  'a session has a name');
select throws_ok($$ select atelier.create_workspace_session(pg_temp.ada(), null) $$, '22023', null, 'null is no name');
select throws_ok($$ select atelier.create_workspace_session(pg_temp.ada(), repeat('x', 201)) $$, '22023', null,
  'a name has an end');
select lives_ok($$ update atelier.workspace_sessions set session_name = 'Sunny day', metadata = '{"a": 1}' where is_active $$,
  'Ada renames a session');
select throws_ok($$ update atelier.workspace_sessions set is_active = true $$, '42501', null,
  'Ada activates no session by hand');
select throws_ok($$ update atelier.workspace_sessions set user_id = pg_temp.bob() $$, '42501', null,
  'Ada gives no session away');
select throws_ok($$ insert into atelier.workspace_sessions (user_id) values (pg_temp.ada()) $$, '42501', null,
  'Ada inserts no session');
select throws_ok($$ delete from atelier.workspace_sessions $$, '42501', null, 'Ada deletes no session by hand');
select throws_ok($$ select atelier.cleanup_expired_workspace_assets() $$, '42501', null, 'Ada does not clean up');

select pg_temp.sign_in(pg_temp.bob());
select is_empty($$ select from atelier.workspace_sessions $$, 'Bob sees no session of Ada');
select throws_ok($$ select atelier.clear_workspace_session((select id from made where name = 'first'), pg_temp.ada()) $$,
  '42501', null, 'Bob does not clear for Ada');
select is(atelier.clear_workspace_session((select id from made where name = 'first'), pg_temp.bob()), false,
  'a session of Ada is none of Bob');

select pg_temp.step_aside();
select throws_ok($$ insert into atelier.workspace_sessions (user_id) values (pg_temp.ada()) $$, '23505', null,
  'two active sessions cannot be');
select throws_ok($$ select atelier.create_workspace_session(atelier.uuid7()) $$, 'PT404', 'user not found', 'an unknown user');
insert into atelier.jobs (id, user_id, job_type, status, completed_at, workspace_session_id)
select ('00000000-0000-4000-8000-0000000000b' || n)::uuid, pg_temp.ada(), 'sdxl_image_fast', 'completed', now(),
       (select id from made where name = case n when 1 then 'first' else 'second' end)
  from generate_series(1, 2) n;
select pg_temp.make_asset(('00000000-0000-4000-8000-0000000000a' || n)::uuid, pg_temp.ada(),
    ('00000000-0000-4000-8000-0000000000b' || n)::uuid, 0, 'picture ' || n, 'thumbnail ' || n)
  from generate_series(1, 2) n;

select pg_temp.sign_in(pg_temp.ada());
select is(atelier.clear_workspace_session((select id from made where name = 'first'), pg_temp.ada()), true,
  'Ada clears a session');
select is(atelier.clear_workspace_session((select id from made where name = 'first'), pg_temp.ada()), false,
  'a second time there is nothing to clear');
select results_eq($$ select id::text from atelier.workspace_assets $$, array['00000000-0000-4000-8000-0000000000a2'],
  'what other sessions made stays');
select results_eq($$ select workspace_session_id is null from atelier.jobs order by id $$, $$ values (true), (false) $$,
  'the jobs live on, without the session');
select pg_temp.step_aside();
select is((select count(*) from storage.objects where bucket_id = 'workspace-temp'), 2::bigint,
  'picture and thumbnail went with the asset');
select is((select count(*) from atelier_engine.object_deletions), 2::bigint, 'their bytes are on the list');

-- Expiry.
select is(atelier.cleanup_expired_workspace_assets(), 0, 'nothing has expired');
select is((select date_trunc('day', expires_at - created_at) from atelier.workspace_assets), interval '7 days',
  'an asset stays a week');
select pg_temp.make_asset('00000000-0000-4000-8000-0000000000a3', pg_temp.bob(), atelier.uuid7(), 0, 'kept for ever');
update atelier.workspace_assets set expires_at = null where user_id = pg_temp.bob();
update atelier.workspace_assets set expires_at = now() - interval '1 second' where user_id = pg_temp.ada();
select pg_temp.sign_in_as_service();
select is(atelier.cleanup_expired_workspace_assets(), 1, 'what has expired is counted');
select pg_temp.step_aside();
select results_eq($$ select user_id from atelier.workspace_assets $$, array[pg_temp.bob()], 'what has no end stays');
select is(atelier_engine.delete_pending_objects(), 4, 'then the janitor deletes the bytes');
select results_eq($$ select bytes from atelier_engine.object_chunks $$, array['kept for ever'::bytea],
  'and no byte of the expired is left');
select is_empty($$ select * from atelier_engine.orphaned_objects() $$, 'nothing is orphaned');

select pg_temp.become('atelier_test_nobody');
select throws_ok($$ select atelier.create_workspace_session(pg_temp.ada()) $$, '42501', null, 'a role without rights is refused');
select throws_ok($$ select * from atelier.workspace_sessions $$, '42501', null, 'a role without rights sees no sessions');
select pg_temp.sign_out();
select throws_ok($$ select atelier.create_workspace_session(pg_temp.ada()) $$, '42501', null, 'anon is refused');

select * from finish();
rollback;
