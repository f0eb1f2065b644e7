-- doctor() tells when library, extension and installed files are not of one version, and what to do.
begin;
select plan(13);

select is(atelier_engine.library_version(), (select extversion from pg_extension where extname = 'atelier'),
  'library and extension are of one version');
select is(atelier_engine.library_version(), (select default_version from pg_available_extensions where name = 'atelier'),
  'and so are the installed files');
select is((select status from atelier.doctor() where check_name = 'version'), 'ok', 'which doctor() finds in order');

select is(atelier_engine.compare_versions('0.9.0', '0.10.0'), -1, 'versions are compared as numbers');
select is(atelier_engine.compare_versions('1.0.0', '0.10.0'), 1, 'the first number counts most');
select is(atelier_engine.compare_versions('0.2.0', '0.2.0'), 0, 'a version is as new as itself');
select is(atelier_engine.compare_versions('0.2', '0.2.1'), -1, 'a shorter one is older');
select is(atelier_engine.compare_versions('0.3.0-beta', '0.3.0'), 0, 'what follows the numbers does not count');

create function pg_temp.examined(p_extension text, p_library text) returns text language plpgsql as $$
begin
  update pg_extension set extversion = p_extension where extname = 'atelier';
  execute format('create or replace function atelier_engine.library_version() returns text language sql immutable as %L',
                 format('select %L', p_library));
  return (select concat_ws(' | ', d.status, d.detail, d.hint) from atelier.doctor() d where d.check_name = 'version');
end $$;
select (select default_version from pg_available_extensions where name = 'atelier') as files \gset
select is(pg_temp.examined(:'files', '0.0.9'),
  'error | the server runs the library of 0.0.9, the extension in this database is ' || :'files'
  || ' | Restart the server, so that it loads the installed library.', 'an old library: restart');
select is(pg_temp.examined('0.0.9', :'files'),
  'error | the server runs the library of ' || :'files' || ', the extension in this database is 0.0.9'
  || ' | Run ALTER EXTENSION atelier UPDATE in this database.', 'an old extension: update');
select is(pg_temp.examined('0.0.9', '0.0.9'),
  'warning | library and extension are 0.0.9, the installed files are ' || :'files'
  || ' | Restart the server, so that it loads the installed library. Then: Run ALTER EXTENSION atelier UPDATE in this database.',
  'new files: restart, then update');
select is(pg_temp.examined('99.0.0', '99.0.0'),
  'warning | library and extension are 99.0.0, the installed files are ' || :'files'
  || ' | Install the files of 99.0.0 and restart the server.', 'old files: install the right ones');
select is(pg_temp.examined('99.0.0', '0.0.9') ~ '^error .*Install the files of 99.0.0 and restart the server.$', true,
  'old files and an old library: the same');

select * from finish();
rollback;
