-- Opens every update script. Changing an object needs a lock that no reader or writer holds; taken one by one, the locks
-- would meet those of jobs in deadlocks. So either all are there at once, or none is held while others wait.
do $begin$
declare
  wanted constant text := '@VERSION@';
  running text := 'an older one';
  relations text;
  give_up_at constant timestamptz := pg_catalog.clock_timestamp() + interval '1 minute';
begin
  begin
    create or replace function atelier_engine.library_version()
    returns text
    language c immutable
    as 'MODULE_PATHNAME', 'atelier_library_version';
    running := atelier_engine.library_version();
  exception when undefined_function then
    null;  -- a library from before there was this function
  end;
  if running <> wanted then
    raise object_not_in_prerequisite_state using
      message = 'the server has not loaded the library of this version',
      detail = pg_catalog.format('The extension is to become %s; the library in use is %s.', wanted, running),
      hint = 'Restart the server, so that it loads the installed library; then repeat ALTER EXTENSION atelier UPDATE.';
  end if;

  select pg_catalog.string_agg(c.oid::pg_catalog.regclass::text, ', ' order by c.relkind, c.oid)
    into relations
    from pg_catalog.pg_class c
    join pg_catalog.pg_namespace n on n.oid = c.relnamespace
   where c.relkind in ('r', 'p', 'v')
     and (n.nspname in ('atelier', 'atelier_engine')
          or (n.nspname, c.relname) in (('auth', 'users'), ('storage', 'buckets'), ('storage', 'objects')));
  loop
    begin
      set local lock_timeout = '100ms';  -- shorter than deadlock_timeout
      execute 'lock table ' || relations || ' in access exclusive mode';
      exit;
    exception when lock_not_available then
      if pg_catalog.clock_timestamp() > give_up_at then
        raise lock_not_available using
          message = 'the tables are in use',
          detail = 'Some transaction holds one of them all the time.',
          hint = 'End long transactions (see pg_stat_activity) and repeat ALTER EXTENSION atelier UPDATE.';
      end if;
      perform pg_catalog.pg_sleep(0.05);
    end;
  end loop;
end
$begin$;
