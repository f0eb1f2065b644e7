-- What PostgREST makes of the schema atelier: documentation from comments, functions by named arguments, methods from
-- volatility, and HTTP statuses from SQLSTATEs. Looked up in the catalog.
begin;
set local search_path = public, pg_catalog;  -- no schema of ours, so that expressions come out qualified
select plan(25);

create temp table routines as
select p.oid, p.oid::regprocedure::text as name, n.nspname, p.proname, p.prokind, p.provolatile, p.pronargs, p.proargnames, p.proretset,
       p.prorettype, p.proargtypes, p.proargmodes, l.lanname,
       case when p.prosqlbody is not null then pg_get_function_sqlbody(p.oid) else regexp_replace(p.prosrc, '--[^\n]*', '', 'g') end as body,
       obj_description(p.oid, 'pg_proc') as comment
  from pg_proc p
  join pg_namespace n on n.oid = p.pronamespace
  join pg_language l on l.oid = p.prolang
  join pg_depend d on d.classid = 'pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
  join pg_extension e on e.oid = d.refobjid and e.extname = 'atelier';
create temp view exposed as
select * from routines where nspname = 'atelier' and prokind = 'f' and prorettype <> 'trigger'::regtype;
create temp view relations as
select c.oid, c.oid::regclass::text as name, obj_description(c.oid, 'pg_class') as comment
  from pg_class c where c.relnamespace = 'atelier'::regnamespace and c.relkind in ('r', 'p', 'v', 'm', 'f');
select cmp_ok((select count(*) from exposed), '>', 20::bigint, 'the functions are found');
select cmp_ok((select count(*) from relations), '>', 30::bigint, 'so are the tables and views');

-- Documentation: the first line is the summary, the rest after an empty line the description.
select isnt(obj_description('atelier'::regnamespace), null, 'the schema is documented');
select is_empty($$select a.attrelid::regclass, a.attname from relations r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
   where coalesce(col_description(a.attrelid, a.attnum), '') !~ '\S'$$, 'every column is documented');
select is_empty($$select t.oid::regtype from pg_type t where t.typnamespace = 'atelier'::regnamespace and t.typtype in ('d', 'e') and obj_description(t.oid) is null$$,
  'every type is documented');
create temp view comments as
select name, comment from exposed union all select name, comment from relations
 union all select 'atelier', obj_description('atelier'::regnamespace);
select is_empty('select name from comments where coalesce(comment, '''') !~ ''\S''', 'every table, view and function is documented');
select is_empty($$select name, split_part(comment, E'\n', 1) from comments where char_length(split_part(comment, E'\n', 1)) > 100$$, 'summaries are short');
select is_empty($$select name from comments where split_part(comment, E'\n', 1) !~ '^\S.*[^\s,:;.-]$'$$, 'they are headings, not sentences');
select is_empty($$select name from comments where split_part(comment, E'\n', 2) <> ''$$, 'and stand alone');
select is_empty($$select name from comments where comment ~ '\S+#\d|TODO|FIXME'$$, 'nothing is left to do in them');

-- Arguments.
select is_empty($$select proname from exposed group by proname having count(*) > 1$$, 'no function is overloaded');
select is_empty($$
  select e.name from exposed e
   where e.pronargs > 0
     and coalesce(array_length(array_remove(e.proargnames[:e.pronargs], ''), 1), 0) < e.pronargs
     and not (e.pronargs = 1 and e.proargtypes[0] in ('json'::regtype, 'jsonb'::regtype, 'text'::regtype, 'bytea'::regtype, 'xml'::regtype))$$,
  'every argument has a name, but for one that is the body of the request');
select is_empty($$select name from exposed where proargmodes && '{v}'::"char"[] $$, 'no function takes any number of arguments');
select is_empty($$select e.name, t::regtype from exposed e, unnest(e.proargtypes::oid[] || e.prorettype) t join pg_type y on y.oid = t
   where y.typtype = 'p' and t not in ('void'::regtype, 'record'::regtype)$$, 'nor types that JSON does not have');
select is_empty($$select name from exposed e where e.prorettype = 'record'::regtype and not coalesce(e.proargmodes && '{t,o}'::"char"[], false)$$,
  'and what a function returns is known beforehand');

-- Volatility. PostgREST runs what is STABLE, and everything by GET, in a read-only transaction.
create temp table codes as
select oid, regexp_replace(body, '''[^'']*''', '''''', 'g') as code from routines;  -- without what is said in texts
create temp table calls as
select distinct c.oid as caller, r.oid as callee
  from codes c
 cross join lateral regexp_matches(c.code, '\m(atelier|atelier_engine)\.(\w+)\(', 'g') m
  join routines r on r.nspname = m[1] and r.proname = m[2];
create temp table reaches as
with recursive r (oid, callee) as (select oid, oid from routines union select r.oid, c.callee from r join calls c on c.caller = r.callee)
select * from r;
create temp table writers as
select oid from codes
 where code ~* '\m(insert\s+into|update\s+(only\s+)?\w+\.\w+|delete\s+from|truncate|lock\s+table|for\s+(no\s+key\s+)?update|for\s+(key\s+)?share|nextval\(|setval\(|pg_notify\()';
select cmp_ok((select count(*) from writers), '>', 30::bigint, 'functions that write are found');
select cmp_ok((select count(*) from calls), '>', 100::bigint, 'and who calls whom');
select is_empty($$select e.name, r.callee::regprocedure from exposed e join reaches r using (oid) join writers w on w.oid = r.callee where e.provolatile <> 'v'$$,
  'what writes, itself or through others, is VOLATILE');
select results_eq($$select e.name from exposed e where e.provolatile = 'v'
                      and not exists (select from reaches r join writers w on w.oid = r.callee where r.oid = e.oid) order by 1$$,
  $$values ('atelier.doctor()'), ('atelier.get_enhanced_prompt(uuid,numeric)'), ('atelier.job_stream(uuid,bigint,numeric)'), ('atelier.message_stream(uuid,bigint,numeric)'), ('atelier.metrics()'), ('atelier.publish_events(text)'), ('atelier.start()'), ('atelier.stop()'), ('atelier.uuid7()')$$,
  'what does not write is not, but for what looks at processes or at the clock, waits, or runs commands');

-- Errors.
create temp table raised as
select r.name, r.nspname, lower(m[1]) as condition
  from routines r cross join lateral regexp_matches(r.body, '(?:^|\n|;|then|else|begin)\s*raise\s+(sqlstate\s+''\w+''|\w+)', 'gi') m
 where r.lanname = 'plpgsql';
create temp table texts as
select r.name, m[1] as part, m[2] as text
  from routines r cross join lateral regexp_matches(r.body, '\m(message|hint)\s*=\s*''((?:[^'']|'''')*)''\s*(?=,|;|\n)', 'g') m
 where r.lanname = 'plpgsql';
select is_empty($$select * from raised
   where condition !~ '^sqlstate ''(pt(400|401|402|403|404|409|410|413|415|422|429|503)|pgrst)''$'
     and condition not in ('insufficient_privilege', 'invalid_parameter_value', 'unique_violation', 'check_violation', 'feature_not_supported',
                           'read_only_sql_transaction', 'data_corrupted')
     and (name, condition) not in (('atelier_engine.begin_object(uuid,integer,text,text,bigint,bytea)', 'object_not_in_prerequisite_state'),
                                   ('atelier_engine.submit_all(uuid,jsonb[])', 'using'))  -- passes on what it caught$$,
  'errors have an SQLSTATE that becomes the right status; P0001, P0002, 55000 and the like have not');
select is_empty($$select name from raised where condition ~ 'pt429' and name !~ 'raise_too_many_requests'$$, '429 comes with Retry-After');
select is_empty($$select name from routines where body ~* '\minto\s+strict\M|\massert\s'$$, 'nothing raises P0002, P0003 or P0004 by itself');
select cmp_ok((select count(*) from texts), '>', 80::bigint, 'the texts of errors are found');
select is_empty($$select * from texts where part = 'message' and (text ~ '\.$' or text ~ '^[A-Z][a-z]')$$, 'messages are no sentences');
select is_empty($$select * from texts where part = 'hint' and text !~ '^([A-Z]|atelier\.\w+\().*\.$' and text !~ '%'$$, 'hints are');

select * from finish();
rollback;
