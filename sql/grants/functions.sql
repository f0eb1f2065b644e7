-- Closes the script, when every table and function is there.

-- What a module did not grant by name, nobody but the owner may execute.
revoke execute on all routines in schema atelier, atelier_engine from public;

grant usage on schema atelier to anon, authenticated, service_role, atelier_worker;
grant usage on schema atelier_engine to atelier_worker;

-- The dispatcher fills objects; it makes them through begin_object() alone.
grant execute on function atelier_engine.append_object_chunk(uuid, integer, bytea) to atelier_worker;

do $any_order$
declare
  referring regclass;
  trigger_time text;
begin
  for referring in
    select distinct c.conrelid::pg_catalog.regclass
      from pg_catalog.pg_constraint c, pg_catalog.pg_extension e
     where c.contype = 'f' and e.extname = 'atelier' and c.conrelid = any (e.extconfig)
  loop
    foreach trigger_time in array array['before', 'after'] loop
      execute pg_catalog.format(
        'create or replace trigger restore_in_any_order_%1$s %1$s insert on %2$s for each statement '
        'execute function atelier_engine.only_on_restore(restore_in_any_order)', trigger_time, referring);
    end loop;
    execute pg_catalog.format('alter table %s enable always trigger restore_in_any_order_after', referring);
  end loop;
end
$any_order$;

-- Columns that mean the same everywhere, and columns of views that have the name of what they show.
do $comments$
declare
  described record;
begin
  for described in
    select c.oid::pg_catalog.regclass as relation, a.attname as name, coalesce(
             case a.attname when 'id' then 'Its id.'
                            when 'user_id' then 'Whose it is.'
                            when 'created_at' then 'When it was made.'
                            when 'updated_at' then 'When it was last changed.' end,
             (select pg_catalog.min(pg_catalog.col_description(d.refobjid, d.refobjsubid))
                from pg_catalog.pg_rewrite r
                join pg_catalog.pg_depend d on d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass and d.objid = r.oid
                join pg_catalog.pg_attribute o on o.attrelid = d.refobjid and o.attnum = d.refobjsubid
               where r.ev_class = c.oid and d.refobjid <> c.oid and o.attname = a.attname)) as meaning
      from pg_catalog.pg_class c
      join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
     where c.relnamespace = 'atelier'::pg_catalog.regnamespace and c.relkind in ('r', 'p', 'v')
       and pg_catalog.col_description(c.oid, a.attnum) is null
     order by c.relkind  -- tables, then the views of them
  loop
    execute pg_catalog.format('comment on column %s.%I is %L', described.relation, described.name, described.meaning);
  end loop;
end
$comments$;

-- PostgREST reads the schema again. It hears of it when this transaction commits.
notify pgrst, 'reload schema';
