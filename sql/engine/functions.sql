-- Engine: who is calling, and whether this database may dispatch.

create or replace function atelier_engine.is_service_role()
returns boolean
language sql stable
begin atomic
  -- Functions with the rights of their owner call this, so that current_user says nothing: the role that was SET
  -- counts, else the session's. A role claim takes rights away (a superuser may act as a user), it never gives any.
  select pg_has_role(
           case current_setting('role') when 'none' then session_user else current_setting('role')::name end,
           'service_role', 'usage')
         and coalesce(nullif(auth.role(), ''), 'service_role') = 'service_role';
end;
comment on function atelier_engine.is_service_role() is
$$Whether the caller is the back end itself

True for the role service_role, for roles that inherit it and for superusers, unless SET ROLE or the role claim of
the request says otherwise.$$;

create or replace function atelier_engine.assert_service_role()
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if not atelier_engine.is_service_role() then
    raise insufficient_privilege using
      message = 'only the service role may do this',
      hint = 'Call it as service_role, or as a superuser without SET ROLE.';
  end if;
end;
$$;
comment on function atelier_engine.assert_service_role() is
$$Refuse everybody but the back end itself

Raises 42501.$$;

create or replace function atelier_engine.assert_acting_for(p_user_id uuid)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_user_id is not null and (p_user_id = auth.uid() or atelier_engine.is_service_role()) then
    return;
  end if;
  raise insufficient_privilege using
    message = 'you may act only for yourself',
    detail = format('You asked to act for %s.', coalesce('the user ' || p_user_id, 'nobody')),
    hint = 'Name the signed-in user, or call as service_role.';
end;
$$;
comment on function atelier_engine.assert_acting_for(uuid) is
$$Refuse a caller who acts for somebody else

Passes for the signed-in user and for the service role. Raises 42501.$$;

create or replace function atelier_engine.assert_json_object(p_name text, p_value jsonb, p_max_bytes integer)
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if jsonb_typeof(p_value) is distinct from 'object' then
    raise invalid_parameter_value using
      message = format('%s must be a JSON object', p_name),
      detail = format('Got %s.', coalesce('a JSON ' || jsonb_typeof(p_value), 'null'));
  end if;
  if octet_length(p_value::text) > p_max_bytes then
    raise invalid_parameter_value using
      message = format('%s is too large', p_name),
      detail = format('It has %s bytes; the limit is %s.', octet_length(p_value::text), p_max_bytes);
  end if;
end;
$$;
comment on function atelier_engine.assert_json_object(text, jsonb, integer) is
$$Refuse a value that is not a JSON object of at most so many bytes

Raises 22023 with the name that the caller knows.$$;

create or replace function atelier_engine.restoring()
returns boolean
language sql stable
begin atomic
  -- pg_dump's scripts and pg_restore set both of these first; nobody else has a reason to. Users can set them, too, and
  -- must not get around triggers by it: only who could restore the extension counts.
  select current_setting('row_security') = 'off'
         and current_setting('check_function_bodies') = 'off'
         and exists (
           select from pg_extension e
            where e.extname = 'atelier'
              and pg_has_role(
                    case current_setting('role') when 'none' then session_user else current_setting('role')::name end,
                    e.extowner, 'usage'));
end;
comment on function atelier_engine.restoring() is
$$Whether this session restores a dump

Triggers ask before they do more than keep one row right: the dump already holds what they would write.$$;

create or replace function atelier_engine.restore_in_any_order()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if atelier_engine.restoring() then
    -- In between no trigger fires, those of foreign keys included.
    perform set_config(
      'session_replication_role',
      case tg_when when 'BEFORE' then 'replica'
                   else (select s.reset_val from pg_settings s where s.name = 'session_replication_role') end,
      true);
  end if;
  return null;
end;
$$;
comment on function atelier_engine.restore_in_any_order() is
$$Trigger: restored rows need not come after those they refer to

Before and after each restored statement. pg_restore --jobs loads the tables of an extension in any order; a dump is
consistent in itself.$$;

create or replace function atelier_engine.instance_is_adopted()
returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select count(*) = 1
           and coalesce(bool_and(i.system_identifier = c.system_identifier and i.database_oid = d.oid), false)
      from atelier_engine.instance i
      cross join pg_control_system() c
      left join pg_database d on d.datname = current_database());
end;
$$;
comment on function atelier_engine.instance_is_adopted() is
$$Whether this database may dispatch jobs

False in a restored or copied database until atelier.adopt_instance() is called.$$;

create or replace function atelier_engine.touch_updated_at()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  new.updated_at := clock_timestamp();
  return new;
end;
$$;
comment on function atelier_engine.touch_updated_at() is 'Trigger: stamp updated_at of an updated row';

create or replace function atelier_engine.disown_on_restore()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if atelier_engine.restoring() then
    delete from atelier_engine.instance i
     using pg_control_system() c, pg_database d
     where d.datname = current_database()
       and i.system_identifier = c.system_identifier and i.database_oid = d.oid;
  end if;
  return null;
end;
$$;
comment on function atelier_engine.disown_on_restore() is
$$Trigger: a database that is being restored is not adopted

On atelier_engine.instance and on atelier.jobs, whichever a restore reaches first: no worker may see restored jobs in
an adopted database.$$;

create or replace function atelier_engine.skip_own_instance_on_restore()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if atelier_engine.restoring()
     and exists (
       select from pg_control_system() c, pg_database d
        where d.datname = current_database()
          and new.system_identifier = c.system_identifier and new.database_oid = d.oid) then
    return null;
  end if;
  return new;
end;
$$;
comment on function atelier_engine.skip_own_instance_on_restore() is
$$Trigger: restoring the row of this database does not adopt it

Holds for the row that CREATE EXTENSION adds when pg_restore calls it, and for a dump that is loaded where it was
made.$$;
