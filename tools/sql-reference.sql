-- Prints the SQL reference as Markdown: what the catalog's comments say of schema atelier.
\pset format unaligned
\pset tuples_only on

create function pg_temp.summary(comment text) returns text language sql
  return split_part(coalesce(comment, ''), E'\n', 1);

create function pg_temp.details(comment text) returns text language sql
  return nullif(btrim(regexp_replace(coalesce(comment, ''), '^[^\n]*\n?', ''), E'\n '), '');

select $$# SQL reference

Made from the comments in the catalog by `tools/sql-reference`; edit those. Functions are called by name over PostgREST
(`POST /rpc/NAME`), tables are read and written as row-level security allows.

Errors: besides the SQLSTATEs named below, `42501` means that the caller lacks the right, `22023` that an argument is wrong.
$$;

select '## Functions and procedures' || E'\n';

select format(E'### %s\n\n```sql\n%s %s(%s)%s\n```\n\n%s%s\n\nFor: %s.\n',
              p.proname,
              case p.prokind when 'p' then 'procedure' else 'function' end,
              p.oid::regproc,
              pg_get_function_arguments(p.oid),
              case p.prokind when 'p' then '' else ' returns ' || pg_get_function_result(p.oid) end,
              pg_temp.summary(c.comment) || '.',
              coalesce(E'\n\n' || pg_temp.details(c.comment), ''),
              coalesce(g.grantees, 'superusers'))
  from pg_proc p
  cross join lateral (select obj_description(p.oid, 'pg_proc')) as c (comment)
  cross join lateral (
    select string_agg(r.rolname, ', ' order by r.rolname)
      from aclexplode(p.proacl) a join pg_roles r on r.oid = a.grantee
     where a.privilege_type = 'EXECUTE' and r.oid <> p.proowner) as g (grantees)
 where p.pronamespace = 'atelier'::regnamespace
   and p.prorettype <> 'trigger'::regtype
 order by p.proname;

select '## Tables and views' || E'\n';

select format(E'### %s\n\n%s%s\n\n| column | type | default | meaning |\n|---|---|---|---|\n%s\n',
              c.relname,
              pg_temp.summary(d.comment) || '.' || case c.relkind when 'v' then ' A view.' else '' end,
              coalesce(E'\n\n' || pg_temp.details(d.comment), ''),
              (select string_agg(format('| `%s` | %s | %s | %s |', a.attname,
                                        format_type(a.atttypid, a.atttypmod)
                                          || case when a.attnotnull then '' else ', null' end,
                                        coalesce('`' || replace(pg_get_expr(x.adbin, x.adrelid), '|', '\|') || '`', ''),
                                        replace(coalesce(col_description(c.oid, a.attnum), ''), '|', '\|')),
                                 E'\n' order by a.attnum)
                 from pg_attribute a
                 left join pg_attrdef x on x.adrelid = a.attrelid and x.adnum = a.attnum
                where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped))
  from pg_class c
  cross join lateral (select obj_description(c.oid, 'pg_class')) as d (comment)
 where c.relnamespace = 'atelier'::regnamespace and c.relkind in ('r', 'v', 'p', 'm')
 order by c.relkind = 'v', c.relname;
