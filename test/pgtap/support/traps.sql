-- Traps in the way of every name: relations, functions, operators and types that are called like those that functions of
-- the extension use, in pg_temp and in a schema that the attacker made. Whoever resolves a name to one of them springs it.
-- Included after support/jobs.sql.
create schema atelier_test;
create sequence atelier_test.sprung;  -- what it counts survives a rollback
create function atelier_test.spring(what text) returns boolean language plpgsql volatile as $$
begin
  perform pg_catalog.nextval('atelier_test.sprung');
  raise exception using errcode = 'TRAP0', message = what;
end $$;
create function atelier_test.spring_row() returns trigger language plpgsql as $$
begin
  perform atelier_test.spring(tg_table_name::pg_catalog.text);
  return new;
end $$;

create temp view ours as
select d.classid, d.objid from pg_depend d join pg_extension e on e.oid = d.refobjid
 where d.refclassid = 'pg_extension'::regclass and e.extname = 'atelier' and d.deptype = 'e';
create temp view sources as
select p.oid, p.prosecdef, coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) as source
  from pg_proc p where p.oid in (select objid from ours where classid = 'pg_proc'::regclass);

-- Views, because reading a table springs nothing; these do even when there is no row.
create function atelier_test.plant_relations(place text) returns integer language plpgsql as $$
declare
  relation record;
  planted integer := 0;
begin
  for relation in
    select distinct on (c.relname) c.oid::regclass as original, c.relname
      from pg_class c
     where c.relkind in ('r', 'v')
       and (c.relnamespace in ('atelier'::regnamespace, 'atelier_engine'::regnamespace, 'auth'::regnamespace, 'storage'::regnamespace)
            or (c.relnamespace = 'pg_catalog'::regnamespace and exists (select from sources s where s.source ~ ('\m' || c.relname || '\M'))))
     order by c.relname, c.relnamespace = 'atelier'::regnamespace desc
  loop
    execute format('create view %I.%I as select o.* from (select where atelier_test.spring(%L)) s left join %s o on true',
                   place, relation.relname, relation.relname, relation.original);
    execute format('create trigger trap instead of insert or update or delete on %I.%I for each row execute function atelier_test.spring_row()',
                   place, relation.relname);
    execute format('grant all on %I.%I to public', place, relation.relname);
    planted := planted + 1;
  end loop;
  return planted;
end $$;

create function atelier_test.plant_functions(place text) returns integer language plpgsql as $$
declare
  routine record;
  planted integer := 0;
begin
  for routine in
    select distinct p.proname, replace(oidvectortypes(p.proargtypes), '"any"', 'pg_catalog.text') as arguments
      from pg_proc p
     where p.prokind in ('f', 'a') and p.pronargs > 0
       and not exists (select from unnest(p.proargtypes::oid[]) t
                        where t in ('internal'::regtype, 'cstring'::regtype, 'anyenum'::regtype, 'record'::regtype, 'trigger'::regtype))
       and (p.pronamespace in ('atelier'::regnamespace, 'atelier_engine'::regnamespace, 'auth'::regnamespace, 'storage'::regnamespace)
            or (p.pronamespace = 'pg_catalog'::regnamespace and exists (select from sources s where s.source ~ ('\m' || p.proname || '"?\('))))
    union
    select distinct p.proname, ''
      from pg_proc p
     where p.prokind = 'f' and p.pronargs = 0
       and (p.pronamespace in ('atelier'::regnamespace, 'atelier_engine'::regnamespace, 'auth'::regnamespace)
            or (p.pronamespace = 'pg_catalog'::regnamespace and exists (select from sources s where s.source ~ ('\m' || p.proname || '\('))))
  loop
    execute format('create function %I.%I(%s) returns pg_catalog.bool language plpgsql as $f$ begin return atelier_test.spring(%L); end $f$',
                   place, routine.proname, routine.arguments, routine.proname);
    planted := planted + 1;
  end loop;
  execute format('create function %I.spring_count(pg_catalog.int8) returns pg_catalog.int8 language sql as $f$ select atelier_test.spring(''count'')::pg_catalog.int4 $f$', place);
  execute format('create aggregate %1$I.count(*) (sfunc = %1$I.spring_count, stype = pg_catalog.int8)', place);
  return planted + 1;
end $$;

create function atelier_test.plant_operators(place text) returns integer language plpgsql as $$
declare
  operation record;
  planted integer := 0;
begin
  for operation in
    select o.oid, o.oprname, format_type(o.oprleft, null) as lefthand, format_type(o.oprright, null) as righthand, format_type(o.oprresult, null) as result
      from pg_operator o
     where o.oprnamespace = 'pg_catalog'::regnamespace and o.oprkind = 'b'
       and o.oprname in ('=', '<>', '<', '>', '<=', '>=', '||', '->', '->>', '#>>', '?', '@>', '~', '!~', '~*', '~~', '+', '-', '*', '/', '%')
       and array[o.oprleft, o.oprright]::regtype[] <@ '{bool,int2,int4,int8,float8,numeric,text,uuid,timestamptz,interval,date,jsonb,json,name,oid,bytea,char,"\"char\""}'::regtype[]
  loop
    execute format('create function %I.%I(%s, %s) returns %s language plpgsql as $f$ begin perform atelier_test.spring(%L); return null; end $f$',
                   place, 'operator_' || operation.oid, operation.lefthand, operation.righthand, operation.result, operation.oprname);
    execute format('create operator %1$I.%2$s (leftarg = %3$s, rightarg = %4$s, function = %1$I.%5$I)',
                   place, operation.oprname, operation.lefthand, operation.righthand, 'operator_' || operation.oid);
    planted := planted + 1;
  end loop;
  return planted;
end $$;

create function atelier_test.plant_types(place text) returns integer language plpgsql as $$
declare
  type record;
  planted integer := 0;
begin
  for type in
    select t.typname, t.oid::regtype as original
      from pg_type t
     where (t.typnamespace = 'pg_catalog'::regnamespace
            and t.typname in ('text', 'uuid', 'name', 'oid', 'regclass', 'jsonb', 'json', 'bytea', 'date', 'int4', 'int8', 'bool', 'timestamptz', 'inet'))
        or t.oid = 'atelier.app_role'::regtype
  loop
    execute format('create domain %I.%I as %s check (atelier_test.spring(%L))', place, type.typname,
                   case when type.original = 'atelier.app_role'::regtype then 'atelier.app_role' else 'pg_catalog.' || type.typname end, type.typname);
    planted := planted + 1;
  end loop;
  return planted;
end $$;

-- Runs a statement as somebody in whose session the traps come first; gives its first value as text, or the error.
create function atelier_test.call(caller text, person uuid, statement text) returns text language plpgsql as $$
declare
  result text;
  state text;
  message text;
begin
  perform set_config('request.jwt.claims', case when person is null then '' else jsonb_build_object('sub', person, 'role', caller)::text end, true),
          set_config('role', caller, true);
  perform set_config('search_path', 'pg_temp, atelier_test_evil, pg_catalog', true);
  begin
    execute statement into result;
  exception when others then
    get stacked diagnostics state = returned_sqlstate, message = message_text;
  end;
  perform pg_catalog.set_config('search_path', 'pg_catalog, public, pg_temp', true);
  perform set_config('role', 'none', true);
  return case when state is null then result else state || ' ' || message end;
end $$;
grant usage on schema atelier_test to public;
grant all on sequence atelier_test.sprung to public;
