-- Everything the extension has in the catalog, one line of text each, the same for the same objects however they came about:
-- no oids, and nothing that only tells in which order statements ran (pg_attver is a counter of the server). Names come
-- out qualified when search_path is empty.
with
members as (
  select d.classid, d.objid, d.objsubid
    from pg_depend d join pg_extension e on e.oid = d.refobjid
   where d.refclassid = 'pg_extension'::regclass and d.deptype in ('e', 'x') and e.extname = 'atelier'
),
ours as (
  select oid, nspname from pg_namespace where nspname in ('atelier', 'atelier_engine', 'auth', 'storage')
),
-- The janitor makes partitions, and as many as it is time for.
partitions as (
  select c.oid, c.reltype from pg_class c where c.relispartition
),
relations as (
  select c.* from pg_class c join ours on ours.oid = c.relnamespace
   where c.oid not in (select oid from partitions)
     and c.oid not in (select i.indexrelid from pg_index i join partitions on partitions.oid = i.indrelid)
),
types as (
  select t.* from pg_type t join ours on ours.oid = t.typnamespace
   where t.oid not in (select reltype from partitions) and t.typelem not in (select reltype from partitions)
),
routines as (
  select p.* from pg_proc p join ours on ours.oid = p.pronamespace
),
grants as (
  select 'schema ' || n.nspname as object, a.*
    from pg_namespace n join ours using (oid), aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) a
  union all
  select 'relation ' || c.oid::regclass, a.*
    from relations c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
   where c.relkind in ('r', 'p', 'v', 'm')
  union all
  select 'sequence ' || c.oid::regclass, a.*
    from relations c, aclexplode(coalesce(c.relacl, acldefault('s', c.relowner))) a
   where c.relkind = 'S'
  union all
  select format('column %s.%I', c.oid::regclass, x.attname), a.*
    from relations c join pg_attribute x on x.attrelid = c.oid, aclexplode(x.attacl) a
  union all
  select 'routine ' || p.oid::regprocedure, a.*
    from routines p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
  union all
  select 'type ' || t.oid::regtype, a.*
    from types t, aclexplode(coalesce(t.typacl, acldefault('T', t.typowner))) a
),
first_grants as (
  select pg_describe_object(i.classoid, i.objoid, i.objsubid) as object, a.*
    from pg_init_privs i
    join members m on (m.classid, m.objid) = (i.classoid, i.objoid), aclexplode(i.initprivs) a
   where i.privtype = 'e'
),
lines (line) as (
  select format('extension %s %s schema %s relocatable %s', e.extname, e.extversion, e.extnamespace::regnamespace, e.extrelocatable)
    from pg_extension e where e.extname = 'atelier'
  union all
  select 'member ' || pg_describe_object(m.classid, m.objid, m.objsubid) from members m
  union all
  select format('dumped %s %s', c.table::regclass, c.condition)
    from pg_extension e, unnest(e.extconfig, e.extcondition) as c ("table", condition) where e.extname = 'atelier'
  union all
  select format('relation %s %s owner %s persistence %s security %s %s options %s partitioned by %s', c.oid::regclass, c.relkind,
                c.relowner::regrole, c.relpersistence, c.relrowsecurity, c.relforcerowsecurity, c.reloptions,
                pg_get_partkeydef(c.oid))
    from relations c
  union all
  select format('column %s %s %I %s not null %s default %s generated %s identity %s storage %s statistics %s options %s',
                c.oid::regclass,
                (select count(*) from pg_attribute b where b.attrelid = c.oid and b.attnum between 1 and a.attnum and not b.attisdropped),
                a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid), a.attgenerated,
                a.attidentity, a.attstorage, a.attstattarget,
                (select array_agg(o order by o) from unnest(a.attoptions) o where o !~ '^pg_attver='))
    from relations c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
   where c.relkind in ('r', 'p', 'v', 'm')
  union all
  select format('sequence %s %s', s.seqrelid::regclass, to_jsonb(s) - 'seqrelid')
    from pg_sequence s join relations c on c.oid = s.seqrelid
  union all
  select format('view %s %s', c.oid::regclass, pg_get_viewdef(c.oid)) from relations c where c.relkind in ('v', 'm')
  union all
  select format('index %s %s valid %s', pg_get_indexdef(i.indexrelid), i.indisreplident, i.indisvalid)
    from pg_index i join relations c on c.oid = i.indrelid
  union all
  select format('constraint %s %I %s validated %s', n.conrelid::regclass, n.conname, pg_get_constraintdef(n.oid), n.convalidated)
    from pg_constraint n join ours on ours.oid = n.connamespace
  union all
  select format('policy %s %I %s %s to %s using %s check %s', p.polrelid::regclass, p.polname, p.polcmd, p.polpermissive,
                (select array_agg(r::regrole order by r::regrole::text) from unnest(p.polroles) r),
                pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
    from pg_policy p join relations c on c.oid = p.polrelid
  union all
  select format('trigger %s enabled %s', pg_get_triggerdef(t.oid), t.tgenabled)
    from pg_trigger t join relations c on c.oid = t.tgrelid where not t.tgisinternal
  union all
  select format('rule %s', pg_get_ruledef(r.oid)) from pg_rewrite r join relations c on c.oid = r.ev_class where c.relkind = 'r'
  union all
  select format('routine %s owner %s %s', p.oid::regprocedure, p.proowner::regrole, pg_get_functiondef(p.oid)) from routines p
  union all
  select format('type %s owner %s %s %s', t.oid::regtype, t.typowner::regrole, t.typtype,
                (select string_agg(e.enumlabel, ', ' order by e.enumsortorder) from pg_enum e where e.enumtypid = t.oid))
    from types t
  union all
  select format('comment %s: %s', pg_describe_object(d.classoid, d.objoid, d.objsubid), d.description)
    from pg_description d
   where (d.classoid, d.objoid) in (select 'pg_class'::regclass, oid from relations
                                    union all select 'pg_proc'::regclass, oid from routines
                                    union all select 'pg_namespace'::regclass, oid from ours
                                    union all select 'pg_type'::regclass, t.oid from types t
                                    union all select 'pg_constraint'::regclass, n.oid from pg_constraint n join ours on ours.oid = n.connamespace
                                    union all select 'pg_policy'::regclass, p.oid from pg_policy p
                                    union all select 'pg_trigger'::regclass, t.oid from pg_trigger t
                                    union all select 'pg_extension'::regclass, e.oid from pg_extension e where e.extname = 'atelier')
  union all
  select format('grant %s %s to %s by %s grantable %s', g.object, g.privilege_type,
                case when g.grantee = 0 then 'public' else g.grantee::regrole::text end, g.grantor::regrole, g.is_grantable)
    from grants g
  union all
  select format('first grant %s %s to %s by %s grantable %s', g.object, g.privilege_type,
                case when g.grantee = 0 then 'public' else g.grantee::regrole::text end, g.grantor::regrole, g.is_grantable)
    from first_grants g
)
select line from lines order by line collate "C"
