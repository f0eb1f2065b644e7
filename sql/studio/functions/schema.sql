-- Studio: what there is, for tools that look it up.

-- With the rights of its caller, so that it tells of nothing that the caller may not use.
create or replace function atelier.get_schema_info(action text default 'schema', query text default null)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if get_schema_info.action is distinct from 'schema' or get_schema_info.query is not null then
    raise invalid_parameter_value using
      message = 'only the schema is told', detail = 'Queries are carried out for nobody.',
      hint = 'Use the action schema, and ask tables and views themselves.';
  end if;
  return jsonb_build_object('success', true, 'schema', 'atelier', 'tables', (
    select coalesce(jsonb_agg(jsonb_build_object(
             'name', r.name, 'kind', r.kind, 'comment', r.comment, 'columns', r.columns) order by r.name), '[]')
      from (select t.table_name as name,
                   case t.table_type when 'VIEW' then 'view' else 'table' end as kind,
                   obj_description(format('%I.%I', t.table_schema, t.table_name)::regclass, 'pg_class') as comment,
                   jsonb_agg(jsonb_build_object(
                     'name', c.column_name,
                     'type', case c.data_type when 'ARRAY' then ltrim(c.udt_name, '_') || '[]'
                                              when 'USER-DEFINED' then c.udt_name else c.data_type end,
                     'nullable', c.is_nullable = 'YES',
                     'comment', col_description(format('%I.%I', t.table_schema, t.table_name)::regclass, c.ordinal_position))
                     order by c.ordinal_position) as columns
              from information_schema.tables t
              join information_schema.columns c on (c.table_schema, c.table_name) = (t.table_schema, t.table_name)
             where t.table_schema = 'atelier'
             group by t.table_schema, t.table_name, t.table_type) r));
end;
$$;
grant execute on function atelier.get_schema_info(text, text) to authenticated, service_role;
comment on function atelier.get_schema_info(text, text) is
$$The tables and views that the caller may use

Of each name, kind (table or view), comment and columns: name, type, nullable and comment. The only action is schema: what
tries another, or brings a query, gets 22023.$$;
