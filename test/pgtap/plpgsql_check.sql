-- plpgsql_check finds nothing in any function, trigger functions with every table they serve.
begin;
set local client_min_messages = warning;
create extension if not exists plpgsql_check;
load 'plpgsql_check';
create temp table functions as
select p.oid, coalesce(t.tgrelid, 0) as relation, t.tgoldtable, t.tgnewtable,
       p.oid::regprocedure || case when t.tgrelid is not null then ' on ' || t.tgrelid::regclass else '' end as name
  from pg_proc p
  join pg_language l on l.oid = p.prolang and l.lanname = 'plpgsql'
  join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
  join pg_extension e on e.oid = d.refobjid and e.extname = 'atelier'
  left join (
    -- Some look first whether there is anything to do, and call the function that is their argument.
    select distinct coalesce(named.oid, t.tgfoid) as tgfoid, t.tgrelid, t.tgoldtable, t.tgnewtable
      from pg_trigger t
      join pg_proc called on called.oid = t.tgfoid
      left join pg_proc named on called.proname ~ '^only_' and named.pronamespace = called.pronamespace
                             and named.proname || '\000' = encode(t.tgargs, 'escape')
     where not t.tgisinternal) t on t.tgfoid = p.oid;
select plan(1 + (select count(*)::integer from functions));

select is_empty($$select name from functions f join pg_proc p on p.oid = f.oid where p.prorettype = 'trigger'::regtype and f.relation = 0$$,
  'every trigger function serves a table');
-- What identifies the server is declared volatile, but stays as it is for the length of a statement.
select is_empty(
  format($$select level, lineno, message, detail, hint
             from plpgsql_check_function_tb(%s, %s, oldtable := %L, newtable := %L, other_warnings := true,
               extra_warnings := true, performance_warnings := true, security_warnings := true)
            where message <> 'routine is marked as STABLE, but expression is VOLATILE'
              and detail is distinct from 'attention: cannot to determine volatility of used dynamic SQL'$$,
         f.oid, f.relation, f.tgoldtable, f.tgnewtable),
  f.name)
  from functions f order by f.name;

select * from finish();
rollback;
