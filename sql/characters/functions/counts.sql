-- Characters: likes and interactions, and what is counted of them.

create or replace function atelier.like_character(character_id uuid)
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.assert_signed_in();
  perform atelier_engine.visible_character(like_character.character_id, auth.uid());
  insert into atelier.character_likes (character_id, user_id)
  values (like_character.character_id, auth.uid())
      on conflict do nothing;
  return (select c.likes_count from atelier.characters c where c.id = like_character.character_id);
end;
$$;
grant execute on function atelier.like_character(uuid) to authenticated, service_role;
comment on function atelier.like_character(uuid) is
$$Like a character

Once, however often it is called. Returns how many people like it. Fails with PT401 (not signed in) and PT404 (a character that
does not exist or is not visible to the caller).$$;

create or replace function atelier.unlike_character(character_id uuid)
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.assert_signed_in();
  -- Also when the character is not public any more.
  delete from atelier.character_likes l
   where l.character_id = unlike_character.character_id and l.user_id = auth.uid();
  if not found then
    perform atelier_engine.visible_character(unlike_character.character_id, auth.uid());
  end if;
  return (select c.likes_count from atelier.characters c where c.id = unlike_character.character_id);
end;
$$;
grant execute on function atelier.unlike_character(uuid) to authenticated, service_role;
comment on function atelier.unlike_character(uuid) is
$$Take a like back

Nothing happens when there is none. Returns how many people like the character still. Fails with PT401 (not signed in) and
PT404 (a character that the caller neither likes nor may see).$$;

create or replace function atelier_engine.count_interaction(p_character_id uuid, p_user_id uuid)
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  total bigint;
begin
  insert into atelier.character_interactions as i (character_id, user_id)
  values (p_character_id, p_user_id)
      on conflict on constraint character_interactions_pkey do update
         set interaction_count = i.interaction_count + 1, last_interaction_at = clock_timestamp();
  update atelier.characters c
     set interaction_count = c.interaction_count + 1
   where c.id = p_character_id
  returning c.interaction_count into total;
  return total;
end;
$$;
comment on function atelier_engine.count_interaction(uuid, uuid) is
  'Count that a user was with a character. Returns how often anybody was';

create or replace function atelier.record_character_interaction(character_id uuid)
returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.assert_signed_in();
  perform atelier_engine.visible_character(record_character_interaction.character_id, auth.uid());
  return atelier_engine.count_interaction(record_character_interaction.character_id, auth.uid());
end;
$$;
grant execute on function atelier.record_character_interaction(uuid) to authenticated, service_role;
comment on function atelier.record_character_interaction(uuid) is
$$Count that the caller was with a character

Once for each call: an answer of the character, a picture of it, whatever the app counts. Returns how often anybody was. Fails
with PT401 (not signed in) and PT404 (a character that does not exist or is not visible to the caller).$$;

create or replace function atelier_engine.add_likes(p_character_ids uuid[], p_step integer)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  -- A restored dump brings the counts along.
  if p_character_ids is null or atelier_engine.restoring() then
    return;
  end if;
  -- The order keeps two who touch several characters from waiting for each other.
  perform from atelier.characters c where c.id = any (p_character_ids) order by c.id for no key update;
  update atelier.characters c
     set likes_count = c.likes_count + p_step * n.likes
    from (select u.id, count(*)::integer as likes from unnest(p_character_ids) u (id) group by u.id) n
   where c.id = n.id;
end;
$$;
comment on function atelier_engine.add_likes(uuid[], integer) is
$$Add p_step to likes_count for each time that a character is named

It adds instead of counting: a character has as many likes as it likes.$$;

create or replace function atelier_engine.count_new_likes()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.add_likes((select array_agg(l.character_id) from liked l), 1);
  return null;
end;
$$;
comment on function atelier_engine.count_new_likes() is 'Trigger: likes_count of the characters that are liked goes up';

create or replace function atelier_engine.count_gone_likes()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.add_likes((select array_agg(g.character_id) from gone g), -1);
  return null;
end;
$$;
comment on function atelier_engine.count_gone_likes() is
  'Trigger: likes_count of the characters that are liked no more goes down, whatever took the like away';
