-- Jobs: atelier.doctor() and its parts. Each finding is a row: what was looked at, ok, warning or error, what
-- was found, and what to do about it.

create or replace function atelier.doctor()
returns table (check_name text, status text, detail text, hint text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.assert_service_role();
  return query select * from atelier_engine.examine_version();
  return query select * from atelier_engine.examine_server();
  return query select * from atelier_engine.examine_workers();
  return query select * from atelier_engine.examine_providers();
  return query select * from atelier_engine.examine_tokens();
  return query select * from atelier_engine.examine_decisions();
  return query select * from atelier_engine.examine_webhooks();
  return query select * from atelier_engine.examine_logs();
  return query select * from atelier_engine.examine_data();
end;
$$;
grant execute on function atelier.doctor() to service_role;
comment on function atelier.doctor() is
$$Examine the installation

One row per check: ok, warning or error, what was found, and what to do. For the service role (42501).$$;

create or replace function atelier_engine.examine_server()
returns table (check_name text, status text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  preloaded constant boolean := 'atelier' = any (
    regexp_split_to_array(replace(current_setting('shared_preload_libraries'), '"', ''), '[\s,]+')
    || regexp_split_to_array(replace(current_setting('shared_preload_libraries'), '$libdir/', ''), '[\s,]+'));
  slots constant integer := current_setting('max_worker_processes')::integer;
  used bigint;
begin
  return query select 'library',
    case when preloaded then 'ok' else 'warning' end,
    case when preloaded then 'shared_preload_libraries names atelier'
         else 'shared_preload_libraries does not name atelier' end,
    case when not preloaded then 'Add atelier to shared_preload_libraries and restart the server, or call '
                                 'atelier.start() after each restart.' end;

  select count(*) into used
    from pg_stat_activity a
   where a.backend_type not in (
     'client backend', 'autovacuum launcher', 'autovacuum worker', 'background writer', 'checkpointer', 'walwriter',
     'startup', 'walreceiver', 'walsender', 'archiver', 'logger', 'standalone backend', 'walsummarizer',
     'slotsync worker', 'io worker', 'dead-end client backend');
  return query select 'worker_slots',
    case when used < slots then 'ok' else 'warning' end,
    format('%s of max_worker_processes = %s are taken', used, slots),
    case when used >= slots then 'Raise max_worker_processes and restart the server: Atelier needs two for the server '
                                 'and two for each database, and parallel queries take the rest.' end;

  return query select 'primary',
    case when pg_is_in_recovery() then 'warning' else 'ok' end,
    case when pg_is_in_recovery() then 'this server is a standby' else 'this server is a primary' end,
    case when pg_is_in_recovery() then 'Jobs are carried by the primary; the workers start here after a promotion.' end;

  return query select 'role ' || r.name,
    case when p.oid is null or (r.name = 'service_role' and not p.rolbypassrls)
              or (r.name = 'atelier_worker' and not p.rolcanlogin) then 'error'
         when r.name = 'atelier_worker' and (p.rolsuper or p.rolconnlimit <> 0) then 'warning' else 'ok' end,
    case when p.oid is null then 'the role does not exist'
         when r.name = 'service_role' and not p.rolbypassrls then 'the role does not bypass row level security'
         when r.name = 'atelier_worker' and not p.rolcanlogin then 'the role may not log in'
         when r.name = 'atelier_worker' and p.rolsuper then 'the role is a superuser'
         when r.name = 'atelier_worker' and p.rolconnlimit <> 0 then 'others than the workers can log in with the role'
         else 'the role is as it should be'
    end,
    case when p.oid is null then format('create role %I', r.name)
         when r.name = 'service_role' and not p.rolbypassrls then 'alter role service_role bypassrls'
         when r.name = 'atelier_worker' and not p.rolcanlogin then 'alter role atelier_worker login'
         when r.name = 'atelier_worker' and p.rolsuper then 'alter role atelier_worker nosuperuser'
         when r.name = 'atelier_worker' and p.rolconnlimit <> 0 then 'alter role atelier_worker connection limit 0' end
    from (values ('anon'), ('authenticated'), ('service_role'), ('atelier_worker')) r (name)
    left join pg_roles p on p.rolname = r.name;
end;
$$;
comment on function atelier_engine.examine_server() is 'Part of doctor(): settings and roles of the server';

create or replace function atelier_engine.examine_workers()
returns table (check_name text, status text, detail text, hint text)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  database constant oid := (select d.oid from pg_database d where d.datname = current_database());
  wants_runner constant boolean := exists (
    select from atelier.endpoints e where e.is_active and e.base_url like 'runner:%');
begin
  return query
    with process as materialized (
      select w.process, w.state, concat_ws(', ', w.state, nullif(w.detail, ''),
               case when w.restarts > 0 then format('restarts: %s', w.restarts) end) as description
        from atelier_engine.worker_processes() w
       where w.database_oid is null or w.database_oid = database)
    select w.name,
           case when p.state = 'running' then 'ok' when p.state = 'starting' then 'warning' else 'error' end,
           coalesce(p.description, 'does not run'),
           case when p.state is null and w.name ~ 'runner' and current_setting('atelier.runner_enabled', true) = 'off'
                  then 'atelier.runner_enabled is off: turn it on, or deactivate the endpoints runner:N.'
                when p.state is null then 'Call atelier.start(); if that does not help, see worker_slots and the log.'
                when p.state = 'starting' then 'Look again in a moment.'
                when p.state = 'foreign' then 'Restart the server, so that it loads the installed library.'
                when p.state = 'replaced' then 'Stop this server, and make it a standby of the other one.'
                when p.state <> 'running' then 'The server log says more.' end
      from (values (1, 'launcher', true), (2, 'dispatcher', true), (3, 'courier', true), (4, 'janitor', true),
                   (5, 'runner_supervisor', wants_runner), (6, 'runner', wants_runner)) w (place, name, wanted)
      left join process p on p.process = w.name
     where w.wanted
     order by w.place;
end;
$$;
comment on function atelier_engine.examine_workers() is 'Part of doctor(): the processes of Atelier';

create or replace function atelier_engine.examine_data()
returns table (check_name text, status text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  adopted constant boolean := atelier_engine.instance_is_adopted();
  stuck constant bigint := (select count(*) from atelier.stuck_jobs);
  not_dumped constant text := (
    select string_agg(c.oid::regclass::text, ', ' order by c.oid::regclass::text)
      from pg_class c
      join pg_extension e on e.extname = 'atelier'
     where c.relnamespace = 'atelier'::regnamespace and c.relkind = 'r' and c.oid <> all (coalesce(e.extconfig, '{}')));
begin
  return query select 'instance',
    case when adopted then 'ok' else 'error' end,
    case when adopted then 'this database dispatches its jobs'
         else 'this database was restored or copied, and dispatches nothing' end,
    case when not adopted then 'Call atelier.adopt_instance() when the original is not at work any more.' end;
  return query select 'stuck_jobs',
    case when stuck = 0 then 'ok' else 'error' end,
    format('unfinished jobs without an owner: %s', stuck),
    case when stuck > 0 then 'See atelier.stuck_jobs. If the workers run and the instance is adopted, this is a bug.'
    end;
  return query select 'dump',
    case when not_dumped is null then 'ok' else 'error' end,
    coalesce('pg_dump leaves out ' || not_dumped, 'pg_dump takes every table along'),
    case when not_dumped is not null then 'This is a bug of the installed version.' end;
end;
$$;
comment on function atelier_engine.examine_data() is 'Part of doctor(): whether jobs can go on, and dumps are complete';
