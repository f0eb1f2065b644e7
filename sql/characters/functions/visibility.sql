-- Characters: who may see which. The policies on characters say the same for queries.

create or replace function atelier_engine.is_of_age(p_user_id uuid)
returns boolean
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
  select exists (select from atelier.profiles p where p.id = p_user_id and p.age_verified);
end;
comment on function atelier_engine.is_of_age(uuid) is 'Whether the age of a person is verified';

create or replace function atelier_engine.caller_is_of_age()
returns boolean
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
  select atelier_engine.is_of_age(auth.uid());
end;
grant execute on function atelier_engine.caller_is_of_age() to authenticated, service_role;
comment on function atelier_engine.caller_is_of_age() is 'For policies: whether the age of the caller is verified';

create or replace function atelier_engine.may_see_character(p_user_id uuid, p_character atelier.characters)
returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce(
    p_character.user_id between atelier_engine.readable_users_bound(p_user_id, false)
                            and atelier_engine.readable_users_bound(p_user_id, true)
    or p_character.is_public and (p_character.content_rating = 'sfw' or atelier_engine.is_of_age(p_user_id)), false);
end;
$$;
comment on function atelier_engine.may_see_character(uuid, atelier.characters) is
$$Whether a person may see a character

His own; the public ones, those rated nsfw only when his age is verified; administrators those of everybody.$$;

create or replace function atelier_engine.visible_character(p_character_id uuid, p_user_id uuid)
returns atelier.characters
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  found_one atelier.characters;
begin
  select c.* into found_one from atelier.characters c where c.id = p_character_id;
  if found and (atelier_engine.may_see_character(p_user_id, found_one) or atelier_engine.is_service_role()) then
    return found_one;
  end if;
  raise sqlstate 'PT404' using
    message = 'no such character', hint = 'The character does not exist, or is not for you to see.';
end;
$$;
comment on function atelier_engine.visible_character(uuid, uuid) is
$$A character, for a person who may see it

The service role sees all. Raises PT404.$$;

create or replace function atelier_engine.refuse_hidden_characters()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  naming text;
  named uuid;
begin
  foreach naming in array tg_argv loop
    named := (to_jsonb(new) ->> naming)::uuid;
    -- Who could see a character when he chose it keeps it.
    if named is not null and (tg_op = 'INSERT' or named is distinct from (to_jsonb(old) ->> naming)::uuid) then
      perform atelier_engine.visible_character(named, coalesce(auth.uid(), new.user_id));
    end if;
  end loop;
  return new;
end;
$$;
comment on function atelier_engine.refuse_hidden_characters() is
$$Trigger: refuse a character in these columns that whoever writes the row may not see

Before the foreign key, so that nobody learns which characters there are. Raises PT404.$$;

create or replace function atelier_engine.refuse_jobs_of_others()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (
    select from atelier.jobs j where j.id = new.job_id and j.user_id = coalesce(auth.uid(), new.user_id)) then
    raise sqlstate 'PT404' using
      message = 'no such job', hint = 'The job does not exist or belongs to somebody else.';
  end if;
  return new;
end;
$$;
comment on function atelier_engine.refuse_jobs_of_others() is
$$Trigger: refuse a job_id that is not the job of whoever writes the row

Raises PT404.$$;
