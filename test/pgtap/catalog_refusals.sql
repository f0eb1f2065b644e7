-- Every table, view and function of the extension refuses a role without rights, anon gets only what is listed here,
-- and users nothing of the engine. Each is really asked, not looked up.
begin;
create role atelier_test_stranger;

create temp table relations as
select c.oid, c.oid::regclass::text as name
  from pg_class c join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
  join pg_extension e on e.oid = d.refobjid and e.extname = 'atelier'
 where c.relkind in ('r', 'p', 'v', 'm');
-- A call with nulls: whoever may not execute it never gets to see them.
create temp table routines as
select p.oid, p.oid::regprocedure::text as name,
       format(case p.prokind when 'p' then 'call %I.%I(%s)' else 'select from %I.%I(%s)' end, n.nspname, p.proname,
              (select string_agg(format('null::%s', format_type(t, null)), ', ' order by o)
                 from unnest(coalesce(p.proargtypes::oid[], '{}')) with ordinality a (t, o))) as call
  from pg_proc p join pg_namespace n on n.oid = p.pronamespace
  join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
  join pg_extension e on e.oid = d.refobjid and e.extname = 'atelier'
 where p.prorettype <> 'trigger'::regtype;
grant select on relations, routines to public;

-- What anon may do: read what is public, the bytes too, ask who he is, report what a worker did, with its token, and bring
-- webhooks, which show themselves whose they are.
create temp table open_to_anon (name text);
insert into open_to_anon
values ('atelier.object_chunks'), ('atelier.user_library'), ('atelier.characters'), ('atelier.scenes'), ('storage.buckets'), ('storage.objects'), ('atelier.uuid7()'),
  ('atelier.job_callback(json)'), ('atelier.replicate_webhook(json)'), ('atelier.fal_webhook(json)'), ('atelier.runpod_webhook(json)'), ('atelier.replicate_callback(json)'), ('atelier.object(text,text)'), ('atelier.object_bytes(text,text)'), ('atelier.library_asset_bytes(uuid)'), ('atelier.library_asset(uuid)'), ('auth.uid()'), ('auth.role()'), ('auth.email()'), ('auth.jwt()'), ('storage.foldername(text)'), ('storage.filename(text)'),
  ('storage.extension(text)'), ('atelier.authenticate_api_key(text)');
grant select on open_to_anon to public;

create function pg_temp.is_refused(p_role text, p_sql text, p_name text) returns text language plpgsql as $$
declare
  state text := 'nothing';
begin
  perform set_config('request.jwt.claims', '', true), set_config('role', p_role, true);
  begin
    execute p_sql;
  exception when others then
    get stacked diagnostics state = returned_sqlstate;
  end;
  perform set_config('role', 'none', true);
  return is(state, '42501', p_role || ' is refused: ' || p_name);
end $$;

select plan((select 2 * count(*)::integer from relations) + (select 2 * count(*)::integer from routines)
            - (select count(*)::integer from open_to_anon)
            + (select count(*)::integer from routines where name ~ '^atelier_engine\.')
            + 3);

select pg_temp.is_refused('atelier_test_stranger', 'select from ' || name, name) from relations order by name;
select pg_temp.is_refused('atelier_test_stranger', call, name) from routines order by name;
select pg_temp.is_refused('anon', 'select from ' || name, name) from relations where name not in (select name from open_to_anon) order by name;
select pg_temp.is_refused('anon', call, name) from routines where name not in (select name from open_to_anon) order by name;
select pg_temp.is_refused('authenticated', call, name) from routines where name ~ '^atelier_engine\.' order by name;

select is_empty($$select name from open_to_anon o where not exists (select from relations r where r.name = o.name)
                     and not exists (select from routines f where f.name = o.name)$$, 'the list of what is open names what exists');
select set_eq($$select name from routines where name ~ '^atelier_engine\.' and has_function_privilege('atelier_worker', oid, 'execute')$$,
  array(select p.oid::regprocedure::text from pg_proc p where p.pronamespace = 'atelier_engine'::regnamespace and p.proname in (
    'tend_studio', 'claim_jobs', 'record_sent', 'record_submitted', 'open_result', 'begin_object', 'append_object_chunk', 'record_successes', 'record_failure',
    'record_cancelled', 'cancel_requests', 'renew_leases', 'follow_clock', 'settle_attempts', 'reap_expired_leases', 'unblock_just_missed', 'next_wake_at', 'delete_pending_objects',
    'next_probe_at', 'claim_probes', 'record_probes', 'note_rates', 'next_lookup_at', 'claim_lookups', 'record_lookups', 'record_stops', 'append_texts',
    'take_webhooks', 'forget_webhooks', 'claim_key_sets', 'next_key_set_at', 'record_key_set',
    'orphaned_objects', 'run_schedules', 'delete_old_events', 'refresh_timings', 'tend_logs')),
  'the worker may execute what the workers call, and nothing else of the engine');
select is_empty($$select r.name, p from relations r, unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) p
  where has_table_privilege('atelier_worker', r.oid, p) or has_any_column_privilege('atelier_worker', r.oid, 'SELECT')$$,
  'the worker has no right on any table');

select * from finish();
rollback;
