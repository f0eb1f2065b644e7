-- Chat: what a model is told before it answers.

create or replace function atelier_engine.estimate_tokens(p_text text)
returns integer
language sql immutable
begin atomic
  -- About right for most languages, because letters that few tokens cover take more bytes. A message has a frame of four.
  select (octet_length(p_text) + 3) / 4 + 4;
end;
comment on function atelier_engine.estimate_tokens(text) is 'About how many tokens of a language model a text is, as a message';

create or replace function atelier_engine.describe_character(p_character atelier.characters)
returns text
language sql immutable
begin atomic
  select concat_ws(
    E'\n', p_character.name || ': ' || p_character.description,
    nullif(p_character.system_prompt, ''),
    'Persona: ' || nullif(p_character.persona, ''),
    'Traits: ' || nullif(p_character.traits, ''),
    'Backstory: ' || nullif(p_character.backstory, ''),
    'Voice: ' || nullif(p_character.voice_tone, ''),
    'Mood: ' || nullif(p_character.mood, ''),
    'Examples of how it speaks: ' || nullif(array_to_string(p_character.voice_examples, ' / '), ''),
    'Never says: ' || nullif(array_to_string(p_character.forbidden_phrases, ' / '), ''));
end;
comment on function atelier_engine.describe_character(atelier.characters) is 'A character in the words that a model is told';

create or replace function atelier_engine.describe_scene(p_scene atelier.character_scenes)
returns text
language sql immutable
begin atomic
  select concat_ws(
    E'\n', 'The scene: ' || p_scene.scene_prompt, nullif(p_scene.scene_description, ''), nullif(p_scene.system_prompt, ''),
    'Rules: ' || nullif(p_scene.scene_rules, ''));
end;
comment on function atelier_engine.describe_scene(atelier.character_scenes) is 'A scene in the words that a model is told';

create or replace function atelier_engine.describe_settings(p_settings jsonb)
returns text
language sql immutable
begin atomic
  select string_agg(e.key || ': ' || case jsonb_typeof(e.value) when 'string' then e.value #>> '{}' else e.value::text end,
                    E'\n' order by e.key)
    from jsonb_each(case jsonb_typeof(p_settings) when 'object' then p_settings
                         when 'array' then jsonb_build_object('Present', p_settings) else '{}' end) e;
end;
comment on function atelier_engine.describe_settings(jsonb) is 'Settings of an app in the words that a model is told: name and value';

create or replace function atelier_engine.instructions_of(p_conversation atelier.conversations, p_turn jsonb)
returns table (place integer, kind text, subject uuid, content text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  return query
    select 1, 'template', t.id, t.system_prompt
      from atelier.prompt_templates t
     where t.id = (p_turn ->> 'template_id')::uuid
    union all
    select 2, 'override', null, p_turn ->> 'system_prompt' where p_turn ->> 'system_prompt' <> ''
    union all
    select 3, 'character', c.id, atelier_engine.describe_character(c)
      from atelier.characters c
     where c.id = (p_turn ->> 'character_id')::uuid
    union all
    select 4, 'user_character', c.id, 'The user plays ' || c.name || ': ' || c.description
      from atelier.characters c
     where c.id = p_conversation.user_character_id
    union all
    select 5, 'scene', s.id, atelier_engine.describe_scene(s)
      from atelier.character_scenes s
     where s.id = (p_turn ->> 'scene_id')::uuid
    union all
    select 6, 'location', null, 'The place: ' || p_conversation.current_location where p_conversation.current_location <> ''
    union all
    select 7, 'roleplay_settings', null, d.text
      from (select atelier_engine.describe_settings(p_turn -> 'roleplay_settings') as text) d where d.text is not null
    union all
    select 8, 'participants', null, d.text
      from (select atelier_engine.describe_settings(p_turn -> 'participants') as text) d where d.text is not null;
end;
$$;
comment on function atelier_engine.instructions_of(atelier.conversations, jsonb) is
  'What a model is told of who it is and where, the most important first';

create or replace function atelier_engine.context_of(
  p_conversation atelier.conversations, p_turn jsonb, p_last_message_id uuid, p_prompt text, p_token_budget integer
)
returns table (place integer, kind text, role text, subject uuid, tokens integer, included boolean, reason text, content text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
  room integer := p_token_budget - coalesce(atelier_engine.estimate_tokens(p_prompt), 0);
  -- The instructions may not crowd out the conversation itself.
  system_room integer := p_token_budget * 3 / 5;
  summary atelier.conversation_summaries;
  part record;
begin
  place := 0;
  role := 'system';
  summary := atelier_engine.summary_of_branch(p_conversation.id, p_last_message_id);
  for part in
    select i.kind, i.subject, i.content, 'always the first' as why
      from (select * from atelier_engine.instructions_of(p_conversation, p_turn) i order by i.place) i
    union all
    select 'summary', summary.id, 'What was said before: ' || summary.content, 'of what is older than the turns that follow'
     where summary.id is not null
    union all
    select 'memory', m.id, 'Remember: ' || m.content, format('%s memory of importance %s', m.tier, m.importance)
      from (select * from atelier_engine.memories_in_reach(p_conversation) r) m
  loop
    place := place + 1;
    kind := part.kind;
    subject := part.subject;
    content := part.content;
    tokens := atelier_engine.estimate_tokens(part.content);
    included := tokens <= system_room;
    reason := case when included then part.why else format('no room: %s tokens are left for instructions', system_room) end;
    if included then
      system_room := system_room - tokens;
      room := room - tokens;
    end if;
    return next;
  end loop;
  for part in
    select t.* from atelier_engine.turns_before(p_last_message_id, summary.up_to_message_id, room) t order by t.place
  loop
    -- From the newest to the oldest: the first that does not fit ends it.
    place := place + 1;
    kind := 'turn';
    role := part.sender;
    subject := part.id;
    content := part.content;
    tokens := part.tokens;
    included := part.state <> 'pending' and (part.content <> '' or part.has_calls) and part.tokens_so_far <= room;
    reason := case
      when part.state = 'pending' then 'is not answered yet'
      when part.content = '' and not part.has_calls then 'says nothing'
      when not included then format('no room: older than the newest %s tokens', room)
      else format('recent: %s of %s tokens', part.tokens_so_far, room) end;
    return next;
  end loop;
end;
$$;
comment on function atelier_engine.context_of(atelier.conversations, jsonb, uuid, text, integer) is
$$What a model is told before it answers, part by part, and what is left out

Instructions in their order, then turns from the newest back, the last of them the first that has no room.$$;

create or replace function atelier_engine.turns_before(p_last_message_id uuid, p_summarised_id uuid, p_room integer)
returns table (
  place integer, id uuid, sender text, content text, state text, tokens integer, tokens_so_far integer, has_calls boolean
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  return query
    -- In the words of estimate_tokens(), which would be called once more for each.
    with recursive turns as (
      select 1 as place, m.id, m.parent_id, m.sender, m.content, m.state,
             (octet_length(m.content) + 3) / 4 + 4 as tokens, (octet_length(m.content) + 3) / 4 + 4 as tokens_so_far
        from atelier.messages m
       where m.id = p_last_message_id and m.id is distinct from p_summarised_id
       union all
      select t.place + 1, m.id, m.parent_id, m.sender, m.content, m.state,
             (octet_length(m.content) + 3) / 4 + 4, t.tokens_so_far + (octet_length(m.content) + 3) / 4 + 4
        from turns t
        join atelier.messages m on m.id = t.parent_id
       where t.tokens_so_far <= p_room and m.id is distinct from p_summarised_id)
    select t.place, t.id, t.sender, t.content, t.state, t.tokens, t.tokens_so_far,
           exists (select from atelier.tool_calls c where c.message_id = t.id)
      from turns t;
end;
$$;
comment on function atelier_engine.turns_before(uuid, uuid, integer) is
$$The turns from a message back, until there is no room or all that is older is in a summary

The newest has place 1; the last may be the first that has no room.$$;

create or replace function atelier.chat_context(
  p_conversation_id uuid, message text default null, token_budget integer default null
)
returns table (
  place integer,
  kind text,
  role text,
  subject uuid,
  tokens integer,
  included boolean,
  reason text,
  content text
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  talk constant atelier.conversations := atelier_engine.own_conversation(chat_context.p_conversation_id, auth.uid());
  asked jsonb;
  turn jsonb;
begin
  perform atelier_engine.check_prompt('message', chat_context.message);
  if chat_context.token_budget not between 1 and 12000 then
    raise invalid_parameter_value using
      message = 'token_budget is out of range', detail = format('Got %s.', chat_context.token_budget),
      hint = 'Use 1 to 12000, or leave it out for what the model takes.';
  end if;
  -- As the latest answer was asked for.
  select m.request into asked
    from atelier.messages m
   where m.conversation_id = talk.id and m.user_id = talk.user_id and m.request is not null and m.sender = 'assistant'
   order by m.created_at desc
   limit 1;
  turn := atelier_engine.settle_turn(talk, coalesce(asked, '{}'));
  return query
    select c.*
      from atelier_engine.context_of(
             talk, turn, talk.active_message_id, chat_context.message,
             coalesce(chat_context.token_budget, (turn ->> 'token_budget')::integer)) c;
end;
$$;
grant execute on function atelier.chat_context(uuid, text, integer) to authenticated, service_role;
comment on function atelier.chat_context(uuid, text, integer) is
$$What the model would be told before it answers this message, and why

The parts in the order in which they find room: instructions (template, character, scene …), the summary and memories, then
the turns of the active branch from the newest back. tokens is an estimate; included with the reason why or why not;
subject the id of the template, character, scene, summary, memory or message. With the settings of the latest answer.
For the owner of the conversation; PT404 for others and where no chat model is active, 22023.$$;
