-- Identity: roles, age, activity. Trigger functions have the rights of their owner, because the people who fire them
-- hold none on what they read and write.

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

create or replace function atelier.verify_user_age(user_birth_date date)
returns boolean
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
  -- In UTC: the caller chooses the time zone of the session.
  select coalesce(user_birth_date <= ((now() at time zone 'utc')::date - interval '18 years')::date, false);
end;
grant execute on function atelier.verify_user_age(date) to authenticated, service_role;
comment on function atelier.verify_user_age(date) is
$$Whether somebody born on this day is 18 or older today

False for null and for a day to come.$$;

create or replace function atelier.log_user_activity(
  p_user_id uuid,
  p_action text,
  p_resource_type text default null,
  p_resource_id text default null,
  p_metadata jsonb default '{}',
  p_ip_address inet default null,
  p_user_agent text default null
)
returns uuid
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  entry_id uuid;
begin
  perform atelier_engine.assert_acting_for(p_user_id);
  insert into atelier.user_activity_log
    (user_id, action, resource_type, resource_id, metadata, ip_address, user_agent)
  values
    (p_user_id, p_action, p_resource_type, p_resource_id, coalesce(p_metadata, '{}'), p_ip_address, p_user_agent)
  returning id into entry_id;
  return entry_id;
end;
$$;
grant execute on function atelier.log_user_activity(uuid, text, text, text, jsonb, inet, text)
  to authenticated, service_role;
comment on function atelier.log_user_activity(uuid, text, text, text, jsonb, inet, text) is
$$Note what a person did

Returns the id of the entry. People write their own log only, else 42501; an empty action, metadata that is no object
or is longer than 16 KiB is 23514.$$;

create or replace function atelier_engine.enroll_user(p_user_id uuid, p_email text, p_sign_up_data jsonb)
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  wanted_name constant text := nullif("left"(btrim(coalesce(
    nullif(btrim(p_sign_up_data ->> 'username'), ''), split_part(p_email, '@', 1))), 60), '');
begin
  insert into atelier.profiles (id, username) values (p_user_id, wanted_name) on conflict do nothing;
  if not found then
    -- The name is taken, which must not keep anybody from signing up.
    insert into atelier.profiles (id, username) values (p_user_id, wanted_name || '-' || "right"(p_user_id::text, 12))
    on conflict (id) do nothing;
  end if;
  insert into atelier.user_roles (user_id, role) values (p_user_id, 'basic_user')
  on conflict (user_id, role) do nothing;
end;
$$;
comment on function atelier_engine.enroll_user(uuid, text, jsonb) is
$$Give a user a profile and the role basic_user

The name is the username of the sign-up data or the local part of the mail address, with a part of the id when
somebody else has it. What is there already stays.$$;

create or replace function atelier.handle_new_user()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  -- The profiles and the roles come with the dump, as they were.
  if not atelier_engine.restoring() then
    perform atelier_engine.enroll_user(new.id, new.email, new.raw_user_meta_data);
  end if;
  return null;
end;
$$;
comment on function atelier.handle_new_user() is
$$Trigger: gives a new user a profile and the role basic_user

An error fails the sign-up: a user without profile and role would be of no use. Does nothing while a dump is
restored.$$;

create or replace function atelier.update_age_verification()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  today constant date := (now() at time zone 'utc')::date;
begin
  if old.birth_date is not null
     and not atelier_engine.is_service_role()
     and not atelier_engine.user_has_role(auth.uid(), 'admin') then
    raise insufficient_privilege using
      message = 'the birth date is already set',
      hint = 'Only an administrator can correct it.';
  end if;
  if new.birth_date not between date '1900-01-01' and today then
    raise invalid_parameter_value using
      message = 'birth date is out of range',
      detail = format('Got %s.', new.birth_date),
      hint = 'It lies between 1900-01-01 and today.';
  end if;
  new.age_verified := atelier.verify_user_age(new.birth_date);
  new.age_verification_date := case when new.age_verified then now() end;
  return new;
end;
$$;
comment on function atelier.update_age_verification() is
$$Trigger: derives age_verified from a new birth date

A person gives the birth date once; changing it later is for administrators (42501). A day before 1900 or to come
is 22023.$$;
