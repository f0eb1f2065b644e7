-- The RLS matrix: every caller tries to see, add, change and delete one row of the owner's in every table and view of
-- the schemas atelier, storage and auth. What happens must be what expected/rls_matrix.sql says, line for line; a new
-- table or caller needs lines there. After a look at every difference, write the file anew with
--   psql -qAtX -v write=1 -f test/pgtap/rls_matrix.sql > test/pgtap/expected/rls_matrix.sql
begin;
set local client_min_messages = warning;
\ir support/jobs.sql
\ir support/rls_rows.sql

-- Alice is the owner of the rows; the team mate is in a workspace with her.
create temp table callers (place integer, name text, role text, user_id uuid);
insert into callers
values (1, 'anon', 'anon', null),
       (2, 'owner', 'authenticated', :alice),
       (3, 'other user', 'authenticated', :bob),
       (4, 'team mate', 'authenticated', :dave),
       (5, 'admin', 'authenticated', :carol),
       (6, 'service_role', 'service_role', null);

create temp table relations as
select c.oid, c.oid::regclass::text as name
  from pg_class c
 where c.relnamespace in ('atelier'::regnamespace, 'storage'::regnamespace, 'auth'::regnamespace)
   and c.relkind in ('r', 'p', 'v', 'm', 'f') and not c.relispartition;

-- Number of rows, or the SQLSTATE of the refusal. Nothing stays.
create function pg_temp.outcome(p_caller callers, p_sql text) returns text language plpgsql as $$
declare
  affected bigint;
  claims constant text := json_build_object('role', p_caller.role, 'sub', p_caller.user_id);
begin
  perform set_config('request.jwt.claims', claims, true), set_config('role', p_caller.role, true);
  execute p_sql;
  get diagnostics affected = row_count;
  raise exception using errcode = 'UNDO0', message = affected;
exception when others then
  return case sqlstate when 'UNDO0' then sqlerrm else sqlstate end;
end $$;

-- Columns that may be given a value, by trying each; generated ones may not.
create function pg_temp.columns_of(p_relation oid) returns text[] language sql as $$
  select array_agg(a.attname::text order by a.attname) from pg_attribute a
   where a.attrelid = p_relation and a.attnum > 0 and not a.attisdropped and a.attgenerated = '' and a.attidentity <> 'a' $$;

create function pg_temp.with_columns(p_outcome text, p_columns text[], p_relation oid) returns text language sql as $$
  select p_outcome || case when p_outcome = '0' then ''
                           when p_columns @> pg_temp.columns_of(p_relation) then ':*'
                           else ':' || (select string_agg(c, ',' order by c) from unnest(p_columns) c) end $$;

create function pg_temp.insert_outcome(p_caller callers, p_relation relations, p_new jsonb, p_old jsonb)
returns text language plpgsql as $$
declare
  outcome text;
  attempt text;
  settable text[] := array(select jsonb_object_keys(p_new));
  item text;
  command constant text := 'insert into %s (%s) select %2$s from jsonb_populate_record(null::%1$s, %3$L)';
  list text := (select string_agg(quote_ident(k), ', ') from jsonb_object_keys(p_new) k);
begin
  outcome := pg_temp.outcome(p_caller, format(command, p_relation.name, list, p_new));
  if outcome !~ '^\d{1,4}$' then
    return outcome;
  end if;
  foreach item in array pg_temp.columns_of(p_relation.oid) loop
    continue when item = any (settable);
    attempt := pg_temp.outcome(p_caller, format(command, p_relation.name, list || ', ' || quote_ident(item),
                                                p_new || jsonb_build_object(item, p_old -> item)));
    if attempt !~ '^(42501|55000|0A000)$' then
      settable := settable || item;
    end if;
  end loop;
  return pg_temp.with_columns(outcome, settable, p_relation.oid);
end $$;

create function pg_temp.update_outcome(p_caller callers, p_relation relations, p_condition text)
returns text language plpgsql as $$
declare
  outcome text;
  attempt text;
  settable text[] := '{}';
  item text;
begin
  foreach item in array pg_temp.columns_of(p_relation.oid) loop
    attempt := pg_temp.outcome(p_caller, format('update %s set %I = %2$I where %s', p_relation.name, item, p_condition));
    if attempt ~ '^\d{1,4}$' then
      settable := settable || item;
      outcome := attempt;
    end if;
    outcome := coalesce(outcome, attempt);
  end loop;
  return case settable when '{}' then outcome else pg_temp.with_columns(outcome, settable, p_relation.oid) end;
end $$;

create function pg_temp.row_of(p_relation relations, p_condition text) returns jsonb language plpgsql as $$
declare
  found jsonb;
begin
  execute format('select to_jsonb(t) from %s t where %s', p_relation.name, p_condition) into found;
  return found;
end $$;

create temp table actual as
select concat_ws(' ', r.name, nullif(p.variant, '')) as what, c.place, c.name as caller,
       pg_temp.outcome(c, format('select from %s where %s', r.name, p.condition)) as selected,
       pg_temp.insert_outcome(c, r, p.new_row, coalesce(pg_temp.row_of(r, p.condition), '{}')) as inserted,
       pg_temp.update_outcome(c, r, p.condition) as updated,
       pg_temp.outcome(c, format('delete from %s where %s', r.name, p.condition)) as deleted
  from relations r
  join prepared p on p.relation = r.name
 cross join callers c;

\if :{?write}
select '-- What becomes of one row of the owner''s when somebody selects it, inserts one like it, updates or deletes it: the' || E'\n'
  || '-- number of rows, or the SQLSTATE of the refusal. After the colon the columns that may be set, * is all of them.' || E'\n'
  || 'copy pg_temp.expected (line) from stdin;';
select format('%-30s  %-12s  %-5s  %-5s  %-5s  %s', what, caller, selected, inserted, updated, deleted)
  from actual order by what, place;
\echo '\\.'
\else
create temp table expected (line text);
\ir expected/rls_matrix.sql
select plan((select count(*)::integer from actual) + 3);
select is_empty('select name from relations where name not in (select relation from prepared)', 'every table and view has a row in support/rls_rows.sql');
select is_empty('select relation from prepared where relation not in (select name from relations)', 'and no other');
select is_empty($$select line from expected
                   where not exists (select from actual where line ~ ('^' || what || '  +' || caller || '  '))$$, 'no line is about something else');
select is(
    concat_ws('  ', what, caller, selected, inserted, updated, deleted),
    (select string_agg(regexp_replace(line, ' {2,}', '  ', 'g'), E'\n') from expected where line ~ ('^' || what || '  +' || caller || '  ')),
    what || ': ' || caller)
  from actual order by what, place;
select * from finish();
\endif
rollback;
