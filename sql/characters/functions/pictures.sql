-- Characters: how many scenes and portraits there are of them, and where conversations are.

create or replace function atelier_engine.recount_characters(p_character_ids uuid[])
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if cardinality(p_character_ids) = 0 then
    return;
  end if;
  -- Whoever adds to the same character at the same time waits here, then counts what the other committed. The order
  -- keeps two who touch several from waiting for each other.
  perform from atelier.characters c where c.id = any (p_character_ids) order by c.id for no key update;
  update atelier.characters c
     set scene_count = counted.scenes, portrait_count = counted.portraits
    from (select h.id,
                 (select count(*)::integer from atelier.character_scenes s where s.character_id = h.id) as scenes,
                 (select count(*)::integer from atelier.user_library l
                   where l.character_id = h.id and l.output_type = 'portrait' and l.user_id = h.user_id) as portraits
            from atelier.characters h
           where h.id = any (p_character_ids)) counted
   where c.id = counted.id
     and (c.scene_count, c.portrait_count) is distinct from (counted.scenes, counted.portraits);
end;
$$;
comment on function atelier_engine.recount_characters(uuid[]) is
$$Set scene_count and portrait_count of these characters to what there is

Of the portraits only those in the library of the character's owner.$$;

create or replace function atelier_engine.count_new_pictures()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.recount_characters(array(
    select distinct f.character_id from filed f where f.character_id is not null));
  return null;
end;
$$;
comment on function atelier_engine.count_new_pictures() is 'Trigger: keeps the counts of characters in new rows right';

create or replace function atelier_engine.count_moved_pictures()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.recount_characters(array(
    select distinct c.id
      from gone g
      join filed f on f.id = g.id
                  and (f.character_id is distinct from g.character_id
                       or to_jsonb(f) -> 'output_type' is distinct from to_jsonb(g) -> 'output_type')
     cross join lateral (values (g.character_id), (f.character_id)) c (id)
     where c.id is not null));
  return null;
end;
$$;
comment on function atelier_engine.count_moved_pictures() is
  'Trigger: keeps the counts right of the characters that rows leave and come to';

create or replace function atelier_engine.count_gone_pictures()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.recount_characters(array(
    select distinct g.character_id from gone g where g.character_id is not null));
  return null;
end;
$$;
comment on function atelier_engine.count_gone_pictures() is 'Trigger: keeps the counts of characters in deleted rows right';

create or replace function atelier_engine.update_conversation_location()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  setting constant text := left(new.generation_metadata #>> '{scene_context,setting}', 1000);
begin
  update atelier.conversations c set current_location = setting
   where c.id = new.conversation_id and c.user_id = new.user_id and setting <> ''
     and c.current_location is distinct from setting;
  return null;
end;
$$;
comment on function atelier_engine.update_conversation_location() is
  'Trigger: the conversation of a scene is where generation_metadata says (scene_context.setting)';
