-- What each role of the extension owns and may do, line for line as expected/privileges.sql says. After a look at every
-- difference, write the file anew with
--   psql -qAtX -v write=1 -f test/pgtap/privileges.sql > test/pgtap/expected/privileges.sql
-- What roles may do with tables is in expected/rls_matrix.sql; here are the tables of the engine, which it does not know.
begin;
set local search_path = public, pg_catalog;

create temp view members as
select d.classid, d.objid from pg_depend d join pg_extension e on e.oid = d.refobjid
 where d.refclassid = 'pg_extension'::regclass and e.extname = 'atelier' and d.deptype = 'e';
create temp table grantees (place integer, role text);
insert into grantees values (1, 'public'), (2, 'anon'), (3, 'authenticated'), (4, 'service_role'), (5, 'atelier_worker');

-- Rights that a role has itself; owners have theirs anyway.
create function pg_temp.granted(acl aclitem[], role text) returns text language sql as $$
  select string_agg(distinct lower(a.privilege_type) || case when a.is_grantable then ' with grant option' else '' end, ', ')
    from aclexplode(acl) a where case a.grantee when 0 then 'public' else a.grantee::regrole::text end = role $$;

create temp table actual as
-- Attributes, memberships, and what a role owns anywhere in the cluster.
select format('role      %-14s  %s', r.rolname, concat_ws(', ',
         case when r.rolcanlogin then 'login' else 'nologin' end, case when r.rolinherit then 'inherit' else 'noinherit' end,
         case when r.rolsuper then 'superuser' end, case when r.rolcreaterole then 'createrole' end, case when r.rolcreatedb then 'createdb' end,
         case when r.rolreplication then 'replication' end, case when r.rolbypassrls then 'bypassrls' end,
         case when r.rolconnlimit >= 0 then 'connection limit ' || r.rolconnlimit end,
         (select 'member of ' || string_agg(m.roleid::regrole::text, ', ') from pg_auth_members m where m.member = r.oid),
         'owns ' || (select count(*) from pg_shdepend d where d.refclassid = 'pg_authid'::regclass and d.refobjid = r.oid and d.deptype = 'o'))) as line
  from pg_roles r where r.rolname in (select role from grantees)
union all
select format('schema    %-14s  %-14s  %s', n.nspname, g.role, pg_temp.granted(n.nspacl, g.role))
  from pg_namespace n, grantees g
 where n.nspname in ('atelier', 'atelier_engine', 'auth', 'storage') and pg_temp.granted(n.nspacl, g.role) is not null
union all
select format('relation  %s  %s  %s', c.oid::regclass, g.role, pg_temp.granted(c.relacl, g.role))
  from pg_class c, grantees g
 where c.oid in (select objid from members where classid = 'pg_class'::regclass) and pg_temp.granted(c.relacl, g.role) is not null
   and (c.relnamespace = 'atelier_engine'::regnamespace or c.relkind = 'S' or g.role in ('public', 'atelier_worker'))
union all
select format('column    %s.%s  %s  %s', c.oid::regclass, a.attname, g.role, pg_temp.granted(a.attacl, g.role))
  from pg_class c join pg_attribute a on a.attrelid = c.oid, grantees g
 where c.oid in (select objid from members where classid = 'pg_class'::regclass) and pg_temp.granted(a.attacl, g.role) is not null
   and (c.relnamespace = 'atelier_engine'::regnamespace or g.role in ('public', 'atelier_worker'))
union all
-- Every function: with whose rights it runs, and who may call it.
select format('function  %s  %s  for %s', p.oid::regprocedure, case when p.prosecdef then 'as owner' else 'as caller' end,
         coalesce((select string_agg(g.role, ', ' order by g.place) from grantees g
                    where case g.role when 'public' then pg_temp.granted(coalesce(p.proacl, acldefault('f', p.proowner)), 'public')
                                      else pg_temp.granted(p.proacl, g.role) end is not null), 'nobody'))
  from pg_proc p where p.oid in (select objid from members where classid = 'pg_proc'::regclass)
union all
select format('owner     %s', count(distinct o.owner) || ' role owns everything, ' || case when bool_and(r.rolsuper) then 'a superuser' else 'no superuser' end)
  from (select relowner as owner from pg_class where oid in (select objid from members where classid = 'pg_class'::regclass)
        union all select proowner from pg_proc where oid in (select objid from members where classid = 'pg_proc'::regclass)
        union all select nspowner from pg_namespace where oid in (select objid from members where classid = 'pg_namespace'::regclass)
        union all select typowner from pg_type where oid in (select objid from members where classid = 'pg_type'::regclass)
        union all select extowner from pg_extension where extname = 'atelier') o
  join pg_roles r on r.oid = o.owner;

\if :{?write}
\pset format unaligned
select '-- What the roles of the extension are and may do: attributes, rights on schemas, tables of the engine, and functions.' || E'\n'
  || 'copy pg_temp.expected (line) from stdin;';
select line from actual order by line collate "C";
\echo '\\.'
\else
create temp table expected (line text);
\ir expected/privileges.sql
select plan(5);
select is_empty('select line from actual except select line from expected', 'no role may do more than the reviewed list says');
select is_empty('select line from expected except select line from actual', 'nor less');
select is((select count(*) from actual), (select count(*) from expected), 'each line once');
-- The worker: functions of the engine, and nothing that is not in the list by another way.
select is_empty($$ select c.oid::regclass, v from pg_class c, unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) v
   where c.relkind in ('r', 'p', 'v', 'm', 'S') and c.relnamespace not in ('pg_catalog'::regnamespace, 'information_schema'::regnamespace)
     and c.relpersistence <> 't' and c.oid in (select objid from members) and has_table_privilege('atelier_worker', c.oid, v) $$, 'the worker has no right on any table');
select is_empty($$ select r, d.datname, v from unnest(array['anon', 'authenticated', 'service_role', 'atelier_worker']) r, pg_database d, unnest(array['CREATE']) v
   where has_database_privilege(r, d.oid, v) $$, 'no role makes schemas');
select * from finish();
\endif
rollback;
