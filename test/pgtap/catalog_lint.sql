-- Rules for every object of the extension, looked up in the catalog and not in the text.
begin;
select plan(28);
set local search_path = public, pg_catalog;  -- no schema of ours, so that expressions come out qualified

create temp view members as
select d.classid, d.objid from pg_depend d join pg_extension e on e.oid = d.refobjid
 where d.refclassid = 'pg_extension'::regclass and e.extname = 'atelier' and d.deptype = 'e';
create temp view routines as
select p.*, l.lanname from pg_proc p join pg_language l on l.oid = p.prolang
 where p.oid in (select objid from members where classid = 'pg_proc'::regclass);
create temp view relations as
select c.* from pg_class c where c.oid in (select objid from members where classid = 'pg_class'::regclass);
create temp view policies as
select p.polname, p.polrelid, concat_ws(' ', pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)) as expression
  from pg_policy p where p.polrelid in (select oid from relations);

select cmp_ok((select count(*) from routines), '>', 50::bigint, 'the functions are found');
select cmp_ok((select count(*) from relations where relkind = 'r'), '>', 20::bigint, 'so are the tables');
select cmp_ok((select count(*) from policies), '>', 20::bigint, 'and the policies');

-- Functions.
select is_empty($$select oid::regprocedure from routines
  where prosecdef and not coalesce('search_path=pg_catalog, pg_temp' = any (proconfig), false)$$,
  'functions with the rights of their owner pin search_path, pg_catalog first and pg_temp last');
select is_empty($$select oid::regprocedure from routines
  where lanname not in ('c', 'internal') and prosqlbody is null and prokind = 'f' and not coalesce('search_path=pg_catalog, pg_temp' = any (proconfig), false)$$,
  'so do all others whose names are looked up when they run');
select results_eq($$select oid::regprocedure::text from routines where prokind = 'p' and lanname <> 'c' and (proconfig is not null or prosecdef) $$,
  array[]::text[], 'a procedure that commits has neither a setting nor the rights of its owner');
select is_empty($$select oid::regprocedure from routines where has_function_privilege('public', oid, 'execute')$$, 'no function is executable by PUBLIC');
select is_empty($$select oid::regprocedure from routines where obj_description(oid, 'pg_proc') is null$$, 'every function is documented');
select is_empty($$select proname from routines where pronamespace = 'atelier'::regnamespace group by proname having count(*) > 1$$, 'no exposed function is overloaded');
select is_empty($$select oid::regprocedure from routines
  where pronamespace = 'atelier'::regnamespace and 'p_user_id' = any (proargnames) and prosrc !~ 'assert_acting_for'$$,
  'every p_user_id of an exposed function is checked against the caller');
select is_empty($$select oid::regprocedure from routines where prosecdef and prosrc ~* '\mcurrent_user\M'$$,
  'no function with the rights of its owner takes current_user for the caller');
-- More of those with the rights of their owner. Comments are no code.
create temp view definers as
select oid, proargtypes, prorettype, proowner,
       coalesce(pg_get_function_sqlbody(oid), regexp_replace(prosrc, '--[^\n]*', '', 'g')) as code
  from routines where prosecdef;
select is_empty($$select oid::regprocedure from definers where code ~* '\mexecute\M'$$, 'they run no SQL that is put together at run time');
select is_empty($$select d.oid::regprocedure, t::regtype from definers d, unnest(proargtypes::oid[] || prorettype) t join pg_type y on y.oid = t
   where (y.typtype = 'p' and t not in ('void'::regtype, 'trigger'::regtype, 'record'::regtype)) or y.typname ~ '^(reg|refcursor)'$$,
  'nor take or give anything that stands for code or tables, or is of any type');
select is_empty($$select oid::regprocedure from definers where code ~* '\m(set_config|set session|set local)\M' and oid <> 'atelier_engine.restore_in_any_order()'::regprocedure$$,
  'nor change settings of the session, but one for the restore');
select is_empty($$select oid::regprocedure from definers
   where (has_function_privilege('anon', oid, 'execute') or has_function_privilege('authenticated', oid, 'execute'))
     and code !~ 'auth\.uid\(\)|assert_acting_for|assert_service_role|assert_may_see_roles_of|lock_workspace|workspaces_of_caller|assert_operator|put_pause|generation_place|library_asset_path|own_schedule|own_worker|report_one|accept_webhook|assert_signed_in|assert_known_caller'$$, 'those that clients call ask who is calling');
select is_empty($$select d.oid::regprocedure from definers d, pg_extension e where e.extname = 'atelier' and d.proowner <> e.extowner$$, 'and have the rights of whoever made the extension');

-- Tables and views.
select is_empty($$select oid::regclass from relations where relkind in ('r', 'p') and not relrowsecurity$$, 'every table has row level security');
select is_empty($$select oid::regclass from relations where relkind in ('r', 'p', 'v', 'm') and obj_description(oid, 'pg_class') is null$$, 'every table and view is documented');
select is_empty($$select oid::regclass from relations where relkind = 'v' and not coalesce('security_invoker=true' = any (reloptions), false)$$, 'every view has the rights of its reader');
select is_empty($$
  select f.conrelid::regclass, f.conname from pg_constraint f
   where f.contype = 'f' and f.conrelid in (select oid from relations)
     and not exists (
       select from pg_index i
        where i.indrelid = f.conrelid and i.indisvalid
          and (i.indkey::int2[])[0:cardinality(f.conkey) - 1] @> f.conkey
          and (i.indpred is null or pg_get_expr(i.indpred, i.indrelid) ~ '^\(\w+ IS NOT NULL\)$'))$$,
  'every foreign key has an index');
select results_eq($$
  select c.oid::regclass::text from relations c, pg_extension e
   where e.extname = 'atelier' and c.relkind in ('r', 'p') and not c.oid = any (coalesce(e.extconfig, '{}')) order by 1$$,
  array['atelier_engine.capability_secrets', 'atelier_engine.endpoint_states', 'atelier_engine.provider_secrets', 'atelier_engine.server_rates', 'atelier_engine.stops', 'atelier_engine.text_pieces', 'atelier_engine.token_states',
    'atelier_engine.webhook_key_sets', 'atelier_engine.webhook_secrets', 'atelier_engine.webhooks'], 'every table is dumped but secrets and what is transient');
select is_empty($$
  select d.objid::regclass from pg_depend d join pg_class s on s.oid = d.objid and s.relkind = 'S', pg_extension e
   where d.refobjid in (select oid from relations) and d.deptype in ('a', 'i') and e.extname = 'atelier' and not d.objid = any (coalesce(e.extconfig, '{}'))$$,
  'so is every sequence');

-- Policies.
select is_empty($$select polrelid::regclass, polname, expression from policies
  where regexp_replace(expression, 'SELECT auth\.\w+\(\)', '', 'g') ~ 'auth\.\w+\('
     or regexp_replace(expression, 'SELECT atelier(_engine)?\.has_role\(\( SELECT auth\.uid\(\)', '', 'g') ~ 'has_role\('
     or regexp_replace(expression, 'SELECT atelier_engine\.\w+\(', '', 'g') ~ 'atelier_engine\.\w+\('$$,
  'policies ask who is calling once per query, not per row');
select is_empty($$select polrelid::regclass, polname from policies
  where expression ~* ('\m(from|join) \(*' || replace(polrelid::regclass::text, '.', '\.') || '\M')$$, 'no policy reads its own table');
-- Of tables that are partitioned by time, the partitions have the indexes.
select atelier_engine.tend_logs() \g /dev/null
select cmp_ok((select count(*) from pg_inherits where inhparent in (select oid from relations)), '>', 10::bigint, 'the logs have partitions');
select is_empty($$
  select p.polrelid::regclass, p.polname, m.column_name
    from (select q.polrelid, q.polname, q.expression, coalesce(i.inhrelid, q.polrelid) as place
            from policies q left join pg_inherits i on i.inhparent = q.polrelid) p
    cross join lateral (
      select (regexp_matches(p.expression, '\m(\w+) (?:=|>=|= ANY) \(+ *SELECT (?:auth\.uid|atelier_engine\.(?:readable|workspaces_of))', 'g'))[1] as column_name) m
   where not exists (
     select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
      where i.indrelid = p.place and a.attname = m.column_name and i.indpred is null)$$,
  'every column that a policy compares with the caller has an index');

-- Who may look into the engine.
select is_empty($$select r from unnest(array['anon', 'authenticated', 'service_role']) r where has_schema_privilege(r, 'atelier_engine', 'usage')$$,
  'clients cannot name what is in atelier_engine');
select results_eq($$
  select r || ' ' || c.oid::regclass::text || ' ' || v
    from relations c, unnest(array['anon', 'authenticated']) r, unnest(array['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) v
   where c.relnamespace = 'atelier_engine'::regnamespace and c.relkind in ('r', 'v') and has_table_privilege(r, c.oid, v) order by 1$$,
  array['anon atelier_engine.object_chunks SELECT', 'authenticated atelier_engine.object_chunks SELECT'],
  'and hold rights there only on the bytes of objects, which a policy guards');

select * from finish();
rollback;
