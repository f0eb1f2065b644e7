-- Engine: which version runs. The library changes with a restart of the server, the SQL with ALTER EXTENSION UPDATE.

create or replace function atelier_engine.library_version()
returns text
language c immutable
as 'MODULE_PATHNAME', 'atelier_library_version';
comment on function atelier_engine.library_version() is
$$The version of the library that this server has loaded

Written like the version of the extension; doctor() compares the two.$$;

create or replace function atelier_engine.compare_versions(p_left text, p_right text)
returns integer
language sql immutable
begin atomic
  -- Numbers count as numbers; what follows them (0.3.0-beta) does not count.
  select case when l.numbers < r.numbers then -1 when l.numbers > r.numbers then 1 else 0 end
    from (select string_to_array(substring(p_left from '^\d+(?:\.\d+)*'), '.')::integer[] as numbers) l,
         (select string_to_array(substring(p_right from '^\d+(?:\.\d+)*'), '.')::integer[] as numbers) r;
end;
comment on function atelier_engine.compare_versions(text, text) is
  'Whether one version is older than another (-1), newer (1) or neither (0)';

create or replace function atelier_engine.examine_version()
returns table (check_name text, status text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  library constant text := atelier_engine.library_version();
  extension constant text := (select e.extversion from pg_extension e where e.extname = 'atelier');
  installed constant text := coalesce(
    (select a.default_version from pg_available_extensions a where a.name = 'atelier'), extension);
  update_it constant text := 'Run ALTER EXTENSION atelier UPDATE in this database.';
  restart_it constant text := 'Restart the server, so that it loads the installed library.';
begin
  return query
    select 'version',
           case when library <> extension then 'error' when installed <> extension then 'warning' else 'ok' end,
           case when library = extension and installed = extension then format('library and extension are %s', extension)
                when library = extension
                  then format('library and extension are %s, the installed files are %s', extension, installed)
                else format('the server runs the library of %s, the extension in this database is %s', library, extension)
           end,
           case when atelier_engine.compare_versions(installed, extension) < 0
                  then format('Install the files of %s and restart the server.', extension)
                when atelier_engine.compare_versions(library, extension) < 0 then restart_it
                when atelier_engine.compare_versions(library, extension) > 0 then update_it
                when installed <> extension then concat_ws(' ', restart_it, 'Then:', update_it) end;
end;
$$;
comment on function atelier_engine.examine_version() is 'Part of doctor(): library, extension and files are of one version';
