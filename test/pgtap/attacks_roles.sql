-- From a client role nobody becomes somebody else, and nothing of the server or the schema can be changed.
begin;
\ir support/people.sql
create role atelier_test_authenticator login noinherit;
grant anon, authenticated to atelier_test_authenticator;
select current_user as superuser \gset
select pid as worker_pid from pg_stat_activity where backend_type = 'atelier launcher' \gset

create temp table attacks (n serial, attack text);
insert into attacks (attack) values
  -- Another role.
  ('set local role service_role'), ('set local role atelier_worker'), (format('set local role %I', :'superuser')), ('set local role pg_read_all_data'),
  ('set local role atelier_test_nobody'), ('select set_config(''role'', ''service_role'', true)'), ('do $$ begin set local role service_role; end $$'),
  ('grant service_role to authenticated'), ('grant atelier_worker to atelier_test_authenticator'), ('grant pg_read_all_data to authenticated'),
  ('create role mine superuser'), ('alter role authenticated bypassrls'), ('alter role atelier_worker password ''x'''), ('alter role atelier_test_authenticator superuser'),
  ('drop role atelier_test_nobody'), ('reassign owned by service_role to authenticated'), ('alter table atelier.profiles owner to authenticated'),
  -- Around row level security.
  ('alter table atelier.profiles disable row level security'), ('alter table atelier.profiles no force row level security'),
  ('create policy mine on atelier.profiles for select using (true)'), ('drop policy "people and administrators read profiles" on atelier.profiles'),
  ('set local row_security = off; select * from atelier.profiles'), ('set local session_replication_role = replica'), ('alter table atelier.profiles disable trigger all'),
  ('create trigger mine before update on atelier.profiles for each row execute function pg_temp.become()'), ('create rule mine as on select to atelier.profiles do instead select 1'),
  ('truncate atelier.user_library'), ('create index mine on atelier.jobs ((atelier.uuid7()))'), ('create statistics mine on id, user_id from atelier.jobs'),
  ('create table pg_temp.mine () inherits (atelier.jobs)'), ('alter table atelier.jobs add column mine text'),
  -- New things in our schemas, and other versions of what is there.
  ('create table atelier.mine ()'), ('create table atelier_engine.mine ()'), ('create table auth.mine ()'), ('create table storage.mine ()'),
  ('create function atelier.mine() returns int language sql as $$ select 1 $$'), ('create function auth.uid(x int) returns uuid language sql as $$ select null::uuid $$'),
  ('create or replace function auth.uid() returns uuid language sql as $$ select null::uuid $$'), ('create view storage.mine as select 1'),
  ('create operator atelier.= (leftarg = uuid, rightarg = uuid, function = uuid_eq)'), ('create type atelier.text as enum ()'),
  ('alter function auth.uid() owner to authenticated'), ('alter function atelier.has_role(uuid, atelier.app_role) security invoker'),
  ('alter function atelier.has_role(uuid, atelier.app_role) set search_path = public'), ('drop function atelier.cancel_job(uuid)'), ('alter schema atelier rename to mine'),
  ('alter extension atelier add table pg_temp.attacks'), ('drop extension atelier'), ('alter extension atelier update'), ('create cast (text as uuid) with inout'),
  ('alter type atelier.app_role add value ''root'''), ('comment on table atelier.jobs is ''mine'''),
  ('create event trigger mine on ddl_command_start execute function pg_temp.become()'),
  -- The server.
  ('set local atelier.max_unfinished_jobs_per_user = 0'), ('set local atelier.runner_path = ''/tmp/mine'''),
  ('alter role authenticated set atelier.courier_path = ''/tmp/mine'''), ('load ''/tmp/mine.so'''), ('create function pg_temp.mine() returns int language c as ''/tmp/mine.so'''),
  ('create function pg_temp.mine() returns void language c as ''$libdir/atelier'', ''atelier_start'''), ('create extension dblink'), ('select atelier.start()'), ('select atelier.stop()'),
  ('copy pg_temp.attacks from program ''id'''), ('copy (select 1) to ''/tmp/mine'''), ('select pg_read_file(''postgresql.conf'')'), ('select pg_ls_dir(''.'')'),
  ('select lo_import(''/etc/passwd'')'), ('select pg_reload_conf()'), ('select pg_promote()'), ('select pg_rotate_logfile()'), ('create publication mine for all tables'),
  (format('select pg_terminate_backend(%s)', :worker_pid)), (format('select pg_cancel_backend(%s)', :worker_pid)),
  ('select pg_log_backend_memory_contexts(pg_backend_pid())'), ('checkpoint'),
  ('lock table atelier.jobs in access exclusive mode'), ('lock table atelier_engine.queue in access share mode'), ('select * from pg_authid'), ('select * from pg_user_mapping');
grant select on attacks to public;
select plan(2 * (select count(*)::integer from attacks) + 4);

-- The error of an attack; what it does is undone.
create function pg_temp.outcome(p_attack text) returns text language plpgsql as $$
begin
  execute p_attack;
  raise sqlstate 'UNDO0';
exception when sqlstate 'UNDO0' then
  return 'succeeded';
when others then
  return sqlstate;
end $$;
grant execute on all functions in schema pg_temp to public;

set local session authorization atelier_test_authenticator;
set local role authenticated;
select set_config('request.jwt.claims', json_build_object('sub', pg_temp.ada(), 'role', 'authenticated')::text, true) \g /dev/null
-- 42809: no such thing can be done to a table; 55P02: nor to a setting, in a session.
select matches(pg_temp.outcome(attack), '^(42501|42809|55P02)$', 'authenticated is refused: ' || attack) from attacks order by n;
set local role anon;
select set_config('request.jwt.claims', '', true) \g /dev/null
select matches(pg_temp.outcome(attack), '^(42501|42809|55P02)$', 'anon is refused: ' || attack) from attacks order by n;
reset session authorization;

-- Functions with the rights of their owner are no place to change the role, whoever gets his code to run there.
create function pg_temp.escape() returns void language plpgsql security definer as $$ begin set role service_role; end $$;
select throws_ok('select pg_temp.escape()', '42501', null, 'the server lets no such function change the role');

-- A lock that anybody can take must not be what the workers wait for.
select is_empty($$ select p.oid::regprocedure from pg_proc p join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
    join pg_extension e on e.oid = d.refobjid and e.extname = 'atelier' where p.prosrc ~ '\mpg_advisory_' $$, 'no function waits for an advisory lock');
-- What could give a client role more than its own grants.
select is_empty($$ select m.roleid::regrole, m.member::regrole from pg_auth_members m where m.member in ('anon'::regrole, 'authenticated'::regrole, 'service_role'::regrole, 'atelier_worker'::regrole) $$,
  'the roles of the extension are members of no other');
select is_empty($$ select from pg_default_acl a join pg_namespace n on n.oid = a.defaclnamespace where n.nspname in ('atelier', 'atelier_engine') $$, 'nothing new is granted by default');
select * from finish();
rollback;
