-- The role that PostgREST connects with. Run it once for the cluster, as a superuser, after `create extension atelier`:
--
--   psql -d DATABASE -f authenticator.sql
--   psql -d DATABASE -c '\password authenticator'
--
-- Running it again repairs the role, and changes no setting and no right that somebody else decided on.
-- docs/postgrest.md tells the rest.

do $role$
declare
  -- A membership of its own says from PostgreSQL 16 on whether it lends its rights; before, the role says so.
  lend_nothing constant text :=
    case when current_setting('server_version_num')::integer >= 160000 then 'with inherit false, set true' else '' end;
  roles text[] := array['anon', 'authenticated'];
  role_name text;
  wanted record;
begin
  -- For back ends that come through PostgREST with tokens of their own. Where none does, revoke it: then not even a
  -- forged token gets this far.
  if to_regrole('authenticator') is null then
    create role authenticator;
    roles := roles || 'service_role'::text;
  elsif pg_has_role('authenticator', 'service_role', 'member') then
    roles := roles || 'service_role'::text;
  end if;

  -- By itself it may do nothing: each request names the role to act as.
  alter role authenticator login noinherit nosuperuser nocreatedb nocreaterole noreplication nobypassrls;
  foreach role_name in array roles loop
    execute format('grant %I to authenticator %s', role_name, lend_nothing);
  end loop;

  for wanted in
    select *
      from (values
        -- PostgREST sets for each request what the role of its token has.
        ('anon', 'statement_timeout', '5s'),
        ('authenticated', 'statement_timeout', '15s'),
        -- No request holds a lock, or waits for one, for ever.
        ('authenticator', 'idle_in_transaction_session_timeout', '30s'),
        ('authenticator', 'lock_timeout', '10s')) v (role_name, setting, value)
     where not exists (
             select from pg_catalog.pg_roles r, unnest(r.rolconfig) c
              where r.rolname = v.role_name and starts_with(c, v.setting || '='))
  loop
    execute format('alter role %I set %I = %L', wanted.role_name, wanted.setting, wanted.value);
  end loop;
end
$role$;
