-- Identity: who may do and see what. Functions have the rights of their owner here, because those who ask hold none on
-- what is read.

create or replace function atelier_engine.is_made_here(p_table regclass)
returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
  select exists (select
                   from pg_depend d
                   join pg_extension e on e.oid = d.refobjid
                  where d.classid = 'pg_class'::regclass
                    and d.objid = p_table
                    and d.refclassid = 'pg_extension'::regclass
                    and d.deptype = 'e'
                    and e.extname = 'atelier');
end;
comment on function atelier_engine.is_made_here(regclass) is
$$Whether a table was made by this extension

False for the tables of auth and storage that were there before, as on Supabase.$$;

create or replace function atelier_engine.user_has_role(p_user_id uuid, p_role atelier.app_role)
returns boolean
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
  select exists (select from atelier.user_roles r where r.user_id = p_user_id and r.role = p_role);
end;
comment on function atelier_engine.user_has_role(uuid, atelier.app_role) is
$$Whether a person has a role

Asks nobody who is asking: for functions that know already. Clients call atelier.has_role().$$;

create or replace function atelier_engine.assert_may_see_roles_of(p_user_id uuid)
returns void
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_user_id = auth.uid()
     or atelier_engine.is_service_role()
     or atelier_engine.user_has_role(auth.uid(), 'admin') then
    return;
  end if;
  raise insufficient_privilege using
    message = 'roles of other people are not visible',
    detail = 'People see their own roles, administrators those of everybody.',
    hint = 'Ask with your own user id.';
end;
$$;
comment on function atelier_engine.assert_may_see_roles_of(uuid) is
$$Refuse a caller who may not see somebody's roles

Raises 42501 unless the caller asks about himself, is an administrator or is the service role.$$;

create or replace function atelier.has_role(_user_id uuid, _role atelier.app_role)
returns boolean
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if _user_id is null then
    return false;
  end if;
  perform atelier_engine.assert_may_see_roles_of(_user_id);
  return atelier_engine.user_has_role(_user_id, _role);
end;
$$;
grant execute on function atelier.has_role(uuid, atelier.app_role) to authenticated, service_role;
comment on function atelier.has_role(uuid, atelier.app_role) is
$$Whether a person has a role

False for an unknown or null user. People ask about themselves, administrators and the service role about everybody;
otherwise 42501.$$;

create or replace function atelier.get_user_role_priority(_user_id uuid)
returns integer
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if _user_id is null then
    return 0;
  end if;
  perform atelier_engine.assert_may_see_roles_of(_user_id);
  return coalesce((select max(case r.role
                                when 'admin' then 100
                                when 'moderator' then 80
                                when 'premium_user' then 60
                                when 'basic_user' then 40
                                when 'guest' then 20
                              end)
                     from atelier.user_roles r
                    where r.user_id = _user_id), 0);
end;
$$;
grant execute on function atelier.get_user_role_priority(uuid) to authenticated, service_role;
comment on function atelier.get_user_role_priority(uuid) is
$$The weight of a person's highest role

admin 100, moderator 80, premium_user 60, basic_user 40, guest 20, none 0. Who may ask: as for has_role().$$;

create or replace function atelier_engine.readable_users_bound(p_user_id uuid, p_upper boolean)
returns uuid
language c stable strict parallel safe
as 'MODULE_PATHNAME', 'atelier_readable_users_bound';
grant execute on function atelier_engine.readable_users_bound(uuid, boolean) to authenticated, service_role;
comment on function atelier_engine.readable_users_bound(uuid, boolean) is
$$One end of the range of users whose rows a user may read

The user himself, or for an administrator the lowest or highest id there is.$$;

-- A range, and not "own or administrator": an index serves a range of user ids, but no index serves an OR with a
-- constant, and everybody would pay for the administrators with a scan of the whole table. Without settings and without
-- rights of their own, so that the planner puts the body in their place.
create or replace function atelier_engine.readable_users_from()
returns uuid
language sql stable parallel safe
begin atomic
  select atelier_engine.readable_users_bound(auth.uid(), false);
end;
grant execute on function atelier_engine.readable_users_from() to authenticated, service_role;
comment on function atelier_engine.readable_users_from() is
  'For policies: the lowest id of the users whose rows the caller may read, his own or for administrators any';

create or replace function atelier_engine.readable_users_to()
returns uuid
language sql stable parallel safe
begin atomic
  select atelier_engine.readable_users_bound(auth.uid(), true);
end;
grant execute on function atelier_engine.readable_users_to() to authenticated, service_role;
comment on function atelier_engine.readable_users_to() is
  'For policies: the highest id of the users whose rows the caller may read, his own or for administrators any';

create or replace function atelier_engine.assert_signed_in()
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if auth.uid() is null then
    raise sqlstate 'PT401' using message = 'sign in first', hint = 'Send a token in the Authorization header.';
  end if;
end;
$$;
comment on function atelier_engine.assert_signed_in() is
$$Refuse a caller who is no user

Raises PT401.$$;

create or replace function atelier_engine.assert_known_caller()
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if not atelier_engine.is_service_role() then
    perform atelier_engine.assert_signed_in();
  end if;
end;
$$;
comment on function atelier_engine.assert_known_caller() is
$$Refuse a caller who is neither a user nor the service role

Raises PT401.$$;
