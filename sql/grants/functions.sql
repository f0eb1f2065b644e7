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
        'when (pg_catalog.current_setting(''row_security'') = ''off'') '
        'execute function atelier_engine.restore_in_any_order()', trigger_time, referring);
    end loop;
    execute pg_catalog.format('alter table %s enable always trigger restore_in_any_order_after', referring);
  end loop;
end
$any_order$;

-- PostgREST reads the schema again. It hears of it when this transaction commits.
notify pgrst, 'reload schema';
