-- Engine: who is calling, and what callers send.

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

create or replace function atelier_engine.assert_json_numbers(p_name text, p_value jsonb)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Eight characters such as 1e131071 become 131072 when they are written out: a small request would become gigabytes.
  -- By way of an array, because jsonb_path_query() takes a time that grows with the square of what it finds.
  if exists (select from jsonb_array_elements(jsonb_path_query_array(p_value, 'strict $.** ? (@.type() == "number")')) n
              where abs(n.value::numeric) > 1e308 or scale(n.value::numeric) > 400) then
    raise invalid_parameter_value using
      message = format('%s has a number that is out of range', p_name),
      detail = 'Numbers are at most 1e308, and have at most 400 digits after the point.';
  end if;
end;
$$;
comment on function atelier_engine.assert_json_numbers(text, jsonb) is
$$Refuse JSON with a number that is much longer when it is written out

Raises 22023 with the name that the caller knows.$$;

create or replace function atelier_engine.refuse_endless_numbers()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.assert_json_numbers(tg_argv[0], to_jsonb(new) -> tg_argv[0]);
  return new;
end;
$$;
comment on function atelier_engine.refuse_endless_numbers() is
$$Trigger: refuse JSON in the column of this name with a number that is much longer when it is written out

Before the constraint on its size, which writes it out. Raises 22023.$$;

create or replace function atelier_engine.assert_json_object(p_name text, p_value jsonb, p_max_bytes integer)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  byte_count integer;
begin
  if jsonb_typeof(p_value) is distinct from 'object' then
    raise invalid_parameter_value using
      message = format('%s must be a JSON object', p_name),
      detail = format('Got %s.', coalesce('a JSON ' || jsonb_typeof(p_value), 'null'));
  end if;
  -- In memory JSON takes less than eight times the room that it takes as text: what is far too large is not looked at.
  if pg_column_size(p_value) > 8 * p_max_bytes then
    byte_count := pg_column_size(p_value);
  else
    perform atelier_engine.assert_json_numbers(p_name, p_value);
    byte_count := octet_length(p_value::text);
  end if;
  if byte_count > p_max_bytes then
    raise invalid_parameter_value using
      message = format('%s is too large', p_name),
      detail = format('It has %s bytes; the limit is %s.', byte_count, p_max_bytes);
  end if;
end;
$$;
comment on function atelier_engine.assert_json_object(text, jsonb, integer) is
$$Refuse a value that is not a JSON object of at most so many bytes

Raises 22023 with the name that the caller knows.$$;
