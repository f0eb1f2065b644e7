-- Engine: restoring a dump, and whether this database may dispatch; what triggers of many tables do.

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

create or replace function atelier_engine.only_on_restore()
returns trigger
language c
as 'MODULE_PATHNAME', 'atelier_only_on_restore';
comment on function atelier_engine.only_on_restore() is
$$Trigger: what the trigger function named as the argument does, in sessions with row_security off

That function asks restoring(), as anybody may set it off. A WHEN condition would cost every statement more.$$;

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

create or replace function atelier_engine.is_this_database(p_system_identifier bigint, p_database oid)
returns boolean
language c stable strict parallel safe
as 'MODULE_PATHNAME', 'atelier_is_this_database';
comment on function atelier_engine.is_this_database(bigint, oid) is
  'Whether this is the database of a system that was made by initdb under this identifier';

create or replace function atelier_engine.instance_is_adopted()
returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select count(*) = 1
           and coalesce(bool_and(atelier_engine.is_this_database(i.system_identifier, i.database_oid)), false)
      from atelier_engine.instance i);
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
