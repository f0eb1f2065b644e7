-- Dialogue: what is remembered.

create or replace function atelier_engine.memories_in_reach(p_conversation atelier.conversations)
returns setof atelier.memories
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
  most constant integer := 100;
begin
  return query
    select r.*
      from (select m.* from atelier.memories m
             where m.conversation_id = p_conversation.id and m.user_id = p_conversation.user_id
             union all
            select m.* from atelier.memories m
             where m.user_id = p_conversation.user_id and m.tier = 'character'
               and m.character_id = p_conversation.character_id
               and p_conversation.memory_tier in ('character', 'profile')
             union all
            select m.* from atelier.memories m
             where m.user_id = p_conversation.user_id and m.tier = 'profile' and p_conversation.memory_tier = 'profile') r
     order by r.importance desc, r.id desc
     limit most;
end;
$$;
comment on function atelier_engine.memories_in_reach(atelier.conversations) is
$$What the model of a conversation is told again, the most important and newest first

By memory_tier: conversation, its own; character, also what is about its character; profile, also what holds everywhere.$$;

create or replace function atelier_engine.assert_room_for_memories(p_user_id uuid, p_tier text, p_conversation_id uuid, p_character_id uuid)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  most constant integer := 500;
begin
  perform from atelier.memories m
    where m.user_id = p_user_id and m.tier = p_tier and m.conversation_id is not distinct from p_conversation_id
      and m.character_id is not distinct from p_character_id
   offset most - 1 limit 1;
  if found then
    raise sqlstate 'PT409' using
      message = 'there is no room for more memories', detail = format('The limit is %s of each.', most),
      hint = 'Take some back with forget().';
  end if;
end;
$$;
comment on function atelier_engine.assert_room_for_memories(uuid, text, uuid, uuid) is
$$Refuse more memories of a conversation, of a character or of a user than anybody needs

Raises PT409.$$;

create or replace function atelier.remember(
  content text, tier text default null, conversation_id uuid default null, character_id uuid default null,
  importance integer default 5
)
returns atelier.memories
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  caller constant uuid := auth.uid();
  reach constant text := coalesce(remember.tier, case when remember.conversation_id is not null then 'conversation'
                                                      when remember.character_id is not null then 'character'
                                                      else 'profile' end);
  memory atelier.memories;
begin
  perform atelier_engine.assert_signed_in();
  if reach not in ('conversation', 'character', 'profile')
     or (reach = 'conversation') <> (remember.conversation_id is not null)
     or (reach = 'character') <> (remember.character_id is not null) then
    raise invalid_parameter_value using
      message = 'a memory is of a conversation, of a character or of the profile',
      detail = format('Got the tier %s with %s conversation and %s character.', quote_ident(left(reach, 40)),
                      case when remember.conversation_id is null then 'no' else 'a' end,
                      case when remember.character_id is null then 'no' else 'a' end),
      hint = 'Give conversation_id with conversation, character_id with character, and neither with profile.';
  end if;
  if remember.importance is null or remember.importance not between 1 and 10 then
    raise invalid_parameter_value using
      message = 'importance is out of range', detail = format('Got %s.', coalesce(remember.importance::text, 'null')),
      hint = 'Use 1 to 10; 5 is usual.';
  end if;
  if remember.content is null or remember.content !~ '\S' or char_length(remember.content) > 2000 then
    raise invalid_parameter_value using
      message = 'content is empty or too long', detail = format('It has %s characters.', coalesce(char_length(remember.content), 0)),
      hint = 'Use 1 to 2000 characters.';
  end if;
  if reach = 'conversation' then
    perform atelier_engine.own_conversation(remember.conversation_id, caller);
  elsif reach = 'character' then
    perform atelier_engine.visible_character(remember.character_id, caller);
  end if;
  perform atelier_engine.assert_room_for_memories(caller, reach, remember.conversation_id, remember.character_id);
  insert into atelier.memories (user_id, tier, conversation_id, character_id, content, importance)
  values (caller, reach, remember.conversation_id, remember.character_id, remember.content, remember.importance)
  returning * into memory;
  return memory;
end;
$$;
grant execute on function atelier.remember(text, text, uuid, uuid, integer) to authenticated, service_role;
comment on function atelier.remember(text, text, uuid, uuid, integer) is
$$Have models told something again

tier conversation with a conversation_id, character with a character_id, or profile for all conversations of the caller
whose memory_tier is profile; without a tier it follows from the ids. What has more importance (1 to 10) finds room first. Fails with PT401 (not signed in), PT404
(somebody else's conversation, or a character that the caller may not see), PT409 (500 of them are enough) and 22023.$$;

create or replace function atelier.forget(memory_id uuid)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.assert_signed_in();
  delete from atelier.memories m where m.id = forget.memory_id and m.user_id = auth.uid();
  if not found then
    raise sqlstate 'PT404' using
      message = 'no such memory', hint = 'The memory does not exist or belongs to somebody else.';
  end if;
end;
$$;
grant execute on function atelier.forget(uuid) to authenticated, service_role;
comment on function atelier.forget(uuid) is
$$Take back what remember() wrote

For its owner. Fails with PT401 and PT404.$$;

create or replace function atelier.conversation_memories(conversation_id uuid)
returns setof atelier.memories
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select m.*
      from atelier_engine.memories_in_reach(
             atelier_engine.own_conversation(conversation_memories.conversation_id, auth.uid())) m;
end;
$$;
grant execute on function atelier.conversation_memories(uuid) to authenticated, service_role;
comment on function atelier.conversation_memories(uuid) is
$$What the model of a conversation is told again

As far as memory_tier of the conversation reaches, the most important first, a hundred at most. For the owner; PT404 for
others.$$;
