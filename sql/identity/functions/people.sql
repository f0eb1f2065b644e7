-- Identity: sign-up, age, activity.

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
  perform atelier_engine.assert_json_numbers('p_metadata', p_metadata);
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
or is longer than 16 KiB is 23514, a number in it that no double holds 22023.$$;

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
      detail = format('Got %s.', to_char(new.birth_date, 'YYYY-MM-DD')),
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
