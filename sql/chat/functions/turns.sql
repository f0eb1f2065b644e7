-- Chat: a turn, which is a message and the job that answers it.

create or replace function atelier_engine.choose_chat_model(p_provider text, p_model text)
returns atelier.api_models
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  chosen atelier.api_models;
begin
  select m.* into chosen
    from atelier.api_models m
    join atelier.api_providers p on p.id = m.provider_id
   where m.is_active and p.is_active and m.modality = 'chat' and m.task is distinct from 'embedding'
     and (p_provider is null or p.name = p_provider)
     and (p_model is null or m.model_key = p_model or p_model = any (m.aliases))
   order by m.model_key = p_model desc, m.is_default desc, m.priority desc, m.created_at, m.id
   limit 1;
  if not found then
    raise sqlstate 'PT404' using
      message = 'no such chat model',
      detail = format('Asked for the model %s of the provider %s.', coalesce(quote_ident(left(p_model, 100)), 'by default'),
                      coalesce(quote_ident(left(p_provider, 100)), 'by default')),
      hint = 'The models are in atelier.api_models: those that are active, with the modality chat.';
  end if;
  return chosen;
end;
$$;
comment on function atelier_engine.choose_chat_model(text, text) is
$$The model that answers, by provider, and by key or alias

Without either the default chat model. Raises PT404.$$;

create or replace function atelier_engine.choose_chat_template(
  p_user_id uuid, p_template_id uuid, p_model text, p_use_case text, p_content_mode atelier.content_mode
)
returns atelier.prompt_templates
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  chosen atelier.prompt_templates;
begin
  if p_template_id is not null then
    select t.* into chosen
      from atelier.prompt_templates t
     where t.id = p_template_id and t.is_active and t.content_mode in ('sfw', p_content_mode)
       and coalesce(t.job_type, 'chat') = 'chat';
    if not found then
      raise sqlstate 'PT404' using
        message = 'no such template',
        detail = format('No template in use for chat in the content mode %s has the id %s.', p_content_mode, p_template_id),
        hint = 'Leave prompt_template_id out to get the one that fits.';
    end if;
    return chosen;
  end if;
  begin
    chosen := (select r.template
                 from atelier.resolve_prompt_template(p_model, p_use_case, p_content_mode, 'chat', null, p_user_id) r);
  exception when sqlstate 'PT404' then
    null;  -- models answer without one, too
  end;
  return chosen;
end;
$$;
comment on function atelier_engine.choose_chat_template(uuid, uuid, text, text, atelier.content_mode) is
$$The template of a turn: the one that is asked for, else the one that fits, else none

Raises PT404 for one that is not in use, or not for this content mode.$$;

create or replace function atelier_engine.content_tier_of(p_user_id uuid, p_tier text, p_rating text)
returns atelier.content_mode
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_tier not in ('sfw', 'nsfw') then
    raise invalid_parameter_value using
      message = 'there is no such content tier', detail = format('Got %s.', quote_ident(left(p_tier, 40))),
      hint = 'Use sfw or nsfw.';
  end if;
  -- Who is rated so is so, whatever is asked of him.
  if p_rating = 'nsfw' then
    perform atelier_engine.assert_content_mode(p_user_id, 'nsfw');
  end if;
  perform atelier_engine.assert_content_mode(p_user_id, coalesce(p_tier, p_rating, 'sfw')::atelier.content_mode);
  return coalesce(p_tier, p_rating, 'sfw')::atelier.content_mode;
end;
$$;
comment on function atelier_engine.content_tier_of(uuid, text, text) is
$$The content mode of a turn: what is asked for, else the rating of the character, else sfw

Raises 22023 for what is none, and 42501 for nsfw, asked for or by the character, unless the age is verified.$$;

create or replace function atelier_engine.character_of_turn(p_conversation atelier.conversations, p_character_id uuid)
returns atelier.characters
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  chosen atelier.characters;
begin
  if p_character_id is not null and p_character_id is distinct from p_conversation.character_id then
    return atelier_engine.visible_character(p_character_id, p_conversation.user_id);
  end if;
  -- Who could see a character when he chose it keeps it.
  select c.* into chosen from atelier.characters c where c.id = p_conversation.character_id;
  return chosen;
end;
$$;
comment on function atelier_engine.character_of_turn(atelier.conversations, uuid) is
$$The character that answers: the one that is asked for, else that of the conversation

Raises PT404 for one that the user may not see.$$;

create or replace function atelier_engine.scene_of_turn(p_conversation atelier.conversations, p_scene_id uuid)
returns uuid
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
begin
  if p_scene_id is null then
    return (select s.id from atelier.character_scenes s
             where s.conversation_id = p_conversation.id and s.user_id = p_conversation.user_id
             order by s.created_at desc, s.id desc
             limit 1);
  end if;
  perform from atelier.character_scenes s
    where s.id = p_scene_id and s.user_id = p_conversation.user_id
      and coalesce(s.conversation_id, p_conversation.id) = p_conversation.id;
  if not found then
    raise sqlstate 'PT404' using
      message = 'no such scene', hint = 'The scene does not exist, belongs to somebody else or to another conversation.';
  end if;
  return p_scene_id;
end;
$$;
comment on function atelier_engine.scene_of_turn(atelier.conversations, uuid) is
$$The scene of a turn: the one that is asked for, else the latest of the conversation

Raises PT404.$$;

create or replace function atelier_engine.settle_turn(p_conversation atelier.conversations, p_asked jsonb)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  usual_context constant integer := 8192;
  most_context constant integer := 12000;
  speaker constant atelier.characters :=
    atelier_engine.character_of_turn(p_conversation, (p_asked ->> 'character_id')::uuid);
  tier constant atelier.content_mode :=
    atelier_engine.content_tier_of(p_conversation.user_id, p_asked ->> 'content_tier', speaker.content_rating);
  model constant atelier.api_models :=
    atelier_engine.choose_chat_model(p_asked ->> 'model_provider', p_asked ->> 'model_variant');
  template constant atelier.prompt_templates := atelier_engine.choose_chat_template(
    p_conversation.user_id, (p_asked ->> 'prompt_template_id')::uuid, model.model_key,
    case when speaker.id is null then 'chat_general' else 'character_roleplay' end, tier);
  rules constant jsonb := coalesce(model.parameter_schema -> 'properties', '{}');
  override constant text := p_asked ->> 'system_prompt_override';
  -- Others add to what the operator's template says, they do not take it away.
  replaces constant boolean :=
    override is not null and atelier_engine.user_has_role(p_conversation.user_id, 'admin');
  answer_tokens constant integer := least(
    coalesce(template.token_limit, 512) * case when p_asked -> 'long_response' = 'true' then 2 else 1 end,
    coalesce((rules #>> '{max_tokens,maximum}')::integer, 32768));
begin
  return jsonb_strip_nulls(jsonb_build_object(
    'content_tier', tier,
    'context_type', case when speaker.id is null then 'general' else 'character' end,
    'character_id', speaker.id,
    'scene_id', atelier_engine.scene_of_turn(p_conversation, (p_asked ->> 'scene_id')::uuid),
    'model_used', model.model_key,
    'model_provider', (select p.name from atelier.api_providers p where p.id = model.provider_id),
    'template_id', case when not replaces then template.id end,
    'prompt_template_name', case when not replaces then template.template_name end,
    'system_prompt', override,
    'roleplay_settings', p_asked -> 'roleplay_settings',
    'participants', p_asked -> 'participants',
    'max_tokens', case when rules ? 'max_tokens' then answer_tokens end,
    'tools', case when p_asked -> 'allow_pictures' = 'true' and rules ? 'tools' then atelier_engine.picture_tool() end,
    'token_budget', greatest(
      least(coalesce((model.capabilities ->> 'context_tokens')::integer, usual_context), most_context) - answer_tokens, 512)));
end;
$$;
comment on function atelier_engine.settle_turn(atelier.conversations, jsonb) is
$$What follows from the arguments of playground_chat() for one turn of a conversation

Model, template, character, scene, content mode, tokens. Raises PT404 for what is not there or not for the user, 42501 for
nsfw without a verified age, and 22023.$$;

create or replace function atelier_engine.turn_of_key(p_user_id uuid, p_key text, p_hash bytea)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  known atelier.messages;
begin
  if p_key is null then
    return null;
  end if;
  if char_length(p_key) not between 1 and 255 then
    raise invalid_parameter_value using
      message = 'idempotency_key must have 1 to 255 characters', hint = 'A random UUID for each request is a good one.';
  end if;
  select m.* into known from atelier.messages m where m.user_id = p_user_id and m.idempotency_key = p_key;
  if not found then
    return null;
  elsif known.request_hash <> p_hash then
    raise sqlstate 'PT422' using
      message = 'the idempotency key was used for another request',
      detail = format('It made the message %s.', known.id),
      hint = 'Use a new key for a new request, and repeat a request without any change.';
  end if;
  return atelier_engine.describe_turn(known);
end;
$$;
comment on function atelier_engine.turn_of_key(uuid, text, bytea) is
$$What was answered to the request with this key; null: there was none

Raises PT422 when it was another request, 22023 for a key without characters or with too many.$$;

create or replace function atelier_engine.describe_turn(p_answer atelier.messages)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  job atelier.jobs;
begin
  select j.* into job from atelier.jobs j where j.id = p_answer.job_id;
  return jsonb_build_object(
    'success', true,
    'conversation_id', p_answer.conversation_id,
    'user_message_id', (select m.id from atelier.messages m where m.id = p_answer.parent_id and m.sender = 'user'),
    'message_id', p_answer.id,
    'job_id', p_answer.job_id,
    'status', coalesce(job.status, 'completed'),
    'response', nullif(p_answer.content, ''))
    || coalesce(job.metadata -> 'chat', '{}');
end;
$$;
comment on function atelier_engine.describe_turn(atelier.messages) is 'What a client is told of a turn';

create or replace function atelier_engine.assert_not_answering(p_conversation atelier.conversations)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (
    select from atelier.messages m
      join atelier.jobs j on j.id = m.job_id
     where m.id = p_conversation.active_message_id and m.state = 'pending' and j.status in ('queued', 'processing')) then
    raise sqlstate 'PT409' using
      message = 'an answer is being made', hint = 'Wait until it is there, or stop it with stop_message().';
  end if;
end;
$$;
comment on function atelier_engine.assert_not_answering(atelier.conversations) is
$$Refuse to go on while the answer before is not there

Raises PT409.$$;

create or replace function atelier_engine.messages_of_context(
  p_conversation atelier.conversations, p_turn jsonb, p_history_id uuid, p_prompt text, p_token_budget integer
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
  instructions text;
  turns jsonb;
begin
  with parts as materialized (
    select c.place, c.kind, c.role, c.subject, c.content
      from atelier_engine.context_of(p_conversation, p_turn, p_history_id, p_prompt, p_token_budget) c
     where c.included),
  -- One look for all of them: nearly no turn has any.
  calling as materialized (
    select distinct t.message_id from atelier.tool_calls t
     where t.message_id = any (array(select p.subject from parts p where p.kind = 'turn'))),
  said as (
    select p.place, 0 as number, jsonb_build_object('role', p.role, 'content', p.content) as message
      from parts p
     where p.kind = 'turn' and p.subject not in (select c.message_id from calling c)
     union all
    select p.place, m.place, m.message
      from calling c
      join parts p on p.subject = c.message_id and p.kind = 'turn'
     cross join lateral atelier_engine.messages_of_turn(p.subject, p.role, p.content) m)
  select (select string_agg(p.content, E'\n\n' order by p.place) from parts p where p.kind <> 'turn'),
         (select jsonb_agg(s.message order by s.place desc, s.number) from said s)
    into instructions, turns;
  return case when instructions <> '' then jsonb_build_array(jsonb_build_object('role', 'system', 'content', instructions))
              else '[]' end || coalesce(turns, '[]');
end;
$$;
comment on function atelier_engine.messages_of_context(atelier.conversations, jsonb, uuid, text, integer) is
  'What a model is told, as the messages of a request in the words of OpenAI, the instructions as one';

create or replace function atelier_engine.parameters_of_turn(
  p_conversation atelier.conversations, p_turn jsonb, p_history_id uuid, p_prompt text
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  most_bytes constant integer := 60000;
  room integer := (p_turn ->> 'token_budget')::integer;
  messages jsonb;
begin
  -- The estimate knows nothing of how JSON writes characters that are rare.
  loop
    messages := atelier_engine.messages_of_context(p_conversation, p_turn, p_history_id, p_prompt, room);
    exit when octet_length(messages::text) <= most_bytes or room < 2;
    room := room / 2;
  end loop;
  return jsonb_strip_nulls(jsonb_build_object(
    'messages', nullif(messages, '[]'), 'max_tokens', p_turn -> 'max_tokens', 'tools', p_turn -> 'tools'));
end;
$$;
comment on function atelier_engine.parameters_of_turn(atelier.conversations, jsonb, uuid, text) is
  'What the model is asked with: what it is told, how long it may answer and what it may call';

create or replace function atelier_engine.begin_turn(
  p_conversation atelier.conversations,
  p_turn jsonb,
  p_asked jsonb,
  p_history_id uuid,
  p_prompt_id uuid,
  p_prompt text,
  p_key text,
  p_hash bytea
)
returns jsonb
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
  answer atelier.messages;
  job atelier.jobs;
  room integer;
begin
  job := atelier_engine.submit(p_conversation.user_id, row(
    p_prompt, p_turn ->> 'model_used',
    atelier_engine.parameters_of_turn(p_conversation, p_turn, p_history_id, p_prompt),
    null, 'chat', 'workspace', null, 0,
    jsonb_build_object('chat', p_turn - '{tools,system_prompt,roleplay_settings,participants}'::text[]),
    '{}', null, null, null, false, 'fail', null)::atelier_engine.job_request);
  insert into atelier.messages (
    conversation_id, user_id, sender, content, created_at, job_id, parent_id, state, request, idempotency_key, request_hash)
  values (
    p_conversation.id, p_conversation.user_id, 'assistant', '', clock_timestamp(), job.id,
    coalesce(p_prompt_id, p_history_id), 'pending', p_asked, p_key, p_hash)
  returning * into answer;
  perform atelier_engine.end_with_message(p_conversation, answer.id, p_asked);
  if p_turn ? 'character_id' then
    perform atelier_engine.count_interaction((p_turn ->> 'character_id')::uuid, p_conversation.user_id);
  end if;
  -- What instructions and message leave to the turns.
  room := greatest(
    (p_turn ->> 'token_budget')::integer - atelier_engine.estimate_tokens(p_prompt)
      - case when job.parameters #>> '{messages,0,role}' = 'system'
             then atelier_engine.estimate_tokens(job.parameters #>> '{messages,0,content}') else 0 end, 0);
  if atelier_engine.summary_is_due(p_conversation.id, p_history_id, room) then
    begin
      perform atelier_engine.begin_summary(p_conversation, p_history_id, p_turn ->> 'model_used', room);
    exception when sqlstate 'PT429' then
      null;  -- the next turn tries again
    end;
  end if;
  return atelier_engine.describe_turn(answer);
end;
$$;
comment on function atelier_engine.begin_turn(atelier.conversations, jsonb, jsonb, uuid, uuid, text, text, bytea) is
$$Queue the job that answers, with the empty message that the answer will be in

After p_prompt_id, whose text is p_prompt, or after p_history_id where the model speaks first. Queues a summary where one is
due. Errors as queue_job().$$;

create or replace function atelier_engine.end_with_message(
  p_conversation atelier.conversations, p_message_id uuid, p_asked jsonb
)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  update atelier.conversations c
     set active_message_id = p_message_id, updated_at = now(),
         character_id = coalesce(c.character_id, (p_asked ->> 'character_id')::uuid),
         project_id = coalesce(c.project_id, (p_asked ->> 'project_id')::uuid)
   where c.id = p_conversation.id;
end;
$$;
comment on function atelier_engine.end_with_message(atelier.conversations, uuid, jsonb) is
  'The active branch of a conversation ends with a message, and what is not said yet of it is what the request says';

create or replace function atelier_engine.say(p_conversation atelier.conversations, p_parent_id uuid, p_text text)
returns uuid
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  message_id uuid;
begin
  insert into atelier.messages (conversation_id, user_id, sender, content, created_at, parent_id, request)
  values (p_conversation.id, p_conversation.user_id, 'user', p_text, clock_timestamp(), p_parent_id, '{}')
  returning id into message_id;
  return message_id;
end;
$$;
comment on function atelier_engine.say(atelier.conversations, uuid, text) is 'Put down what a user says, after a message';

create or replace function atelier_engine.begin_of_scene()
returns text
language sql immutable
begin atomic
  select '(The scene begins. Speak first.)';
end;
comment on function atelier_engine.begin_of_scene() is 'What a model is asked where nobody has said anything';

create or replace function atelier_engine.assert_turn(p_user_id uuid, p_asked jsonb, p_message text, p_kickoff boolean)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.check_prompt('message', p_message);
  perform atelier_engine.check_prompt('system_prompt_override', p_asked ->> 'system_prompt_override');
  if p_asked ? 'roleplay_settings' then
    perform atelier_engine.assert_json_object('roleplay_settings', p_asked -> 'roleplay_settings', 16384);
  end if;
  if p_asked ? 'participants' then
    if jsonb_typeof(p_asked -> 'participants') not in ('array', 'object') then
      raise invalid_parameter_value using
        message = 'participants must be a JSON array or object',
        detail = format('Got a JSON %s.', jsonb_typeof(p_asked -> 'participants'));
    end if;
    perform atelier_engine.assert_json_object(
      'participants', jsonb_build_object('participants', p_asked -> 'participants'), 16384);
  end if;
  if p_kickoff and p_message ~ '\S' then
    raise invalid_parameter_value using
      message = 'a kickoff has no message', hint = 'With kickoff the character speaks first; leave message out.';
  elsif not p_kickoff and coalesce(p_message, '') !~ '\S' then
    raise invalid_parameter_value using
      message = 'message is empty', hint = 'Say something, or use kickoff to let the character speak first.';
  end if;
  if p_asked ? 'project_id' and not exists (
    select from atelier.projects p where p.id = (p_asked ->> 'project_id')::uuid and p.user_id = p_user_id) then
    raise sqlstate 'PT404' using
      message = 'no such project', hint = 'The project does not exist or belongs to somebody else.';
  end if;
end;
$$;
comment on function atelier_engine.assert_turn(uuid, jsonb, text, boolean) is
$$Refuse a turn that no conversation could have

Raises 22023, and PT404 for somebody else's project.$$;

create or replace function atelier_engine.greet(
  p_conversation atelier.conversations, p_turn jsonb, p_asked jsonb, p_key text, p_hash bytea
)
returns jsonb
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  greeting constant text := (
    select c.first_message from atelier.characters c where c.id = (p_turn ->> 'character_id')::uuid);
  answer atelier.messages;
begin
  if p_conversation.active_message_id is not null or p_turn ? 'scene_id' or coalesce(greeting, '') !~ '\S' then
    return atelier_engine.begin_turn(
      p_conversation, p_turn, p_asked, p_conversation.active_message_id, null, atelier_engine.begin_of_scene(), p_key, p_hash);
  end if;
  insert into atelier.messages (
    conversation_id, user_id, sender, content, created_at, request, idempotency_key, request_hash)
  values (
    p_conversation.id, p_conversation.user_id, 'assistant', greeting, clock_timestamp(), p_asked, p_key, p_hash)
  returning * into answer;
  perform atelier_engine.end_with_message(p_conversation, answer.id, p_asked),
          atelier_engine.count_interaction((p_turn ->> 'character_id')::uuid, p_conversation.user_id);
  return atelier_engine.describe_turn(answer);
end;
$$;
comment on function atelier_engine.greet(atelier.conversations, jsonb, jsonb, text, bytea) is
$$The character speaks first

Where nothing was said and there is no scene, with its first_message, for which no model is asked.$$;

create or replace function atelier.playground_chat(
  conversation_id uuid,
  message text default null,
  project_id uuid default null,
  character_id uuid default null,
  content_tier text default null,
  roleplay_settings jsonb default null,
  participants jsonb default null,
  long_response boolean default false,
  model_provider text default null,
  model_variant text default null,
  prompt_template_id uuid default null,
  system_prompt_override text default null,
  scene_id uuid default null,
  kickoff boolean default false,
  allow_pictures boolean default false,
  idempotency_key text default null
)
returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
  caller constant uuid := auth.uid();
  begins constant boolean := coalesce(playground_chat.kickoff, false);
  asked jsonb;
  hash bytea;
  talk atelier.conversations;
  turn jsonb;
  known jsonb;
begin
  perform atelier_engine.assert_may_submit(caller, 0);
  asked := jsonb_strip_nulls(jsonb_build_object(
    'project_id', playground_chat.project_id, 'character_id', playground_chat.character_id,
    'content_tier', playground_chat.content_tier, 'roleplay_settings', playground_chat.roleplay_settings,
    'participants', playground_chat.participants, 'long_response', playground_chat.long_response,
    'model_provider', playground_chat.model_provider, 'model_variant', playground_chat.model_variant,
    'prompt_template_id', playground_chat.prompt_template_id,
    'system_prompt_override', playground_chat.system_prompt_override, 'scene_id', playground_chat.scene_id,
    'allow_pictures', playground_chat.allow_pictures));
  talk := atelier_engine.enter_conversation(playground_chat.conversation_id, caller);
  perform atelier_engine.assert_turn(caller, asked, playground_chat.message, begins);
  if playground_chat.idempotency_key is not null then
    hash := sha256(convert_to(jsonb_build_array(talk.id, playground_chat.message, begins, asked)::text, 'UTF8'));
    known := atelier_engine.turn_of_key(caller, playground_chat.idempotency_key, hash);
    if known is not null then
      return known;
    end if;
  end if;
  perform atelier_engine.assert_not_answering(talk);
  turn := atelier_engine.settle_turn(talk, asked);
  if begins then
    return atelier_engine.greet(talk, turn, asked, playground_chat.idempotency_key, hash);
  end if;
  return atelier_engine.begin_turn(
    talk, turn, asked, talk.active_message_id,
    atelier_engine.say(talk, talk.active_message_id, playground_chat.message), playground_chat.message,
    playground_chat.idempotency_key, hash);
end;
$$;
grant execute on function atelier.playground_chat(
  uuid, text, uuid, uuid, text, jsonb, jsonb, boolean, text, text, uuid, text, uuid, boolean, boolean, text)
  to authenticated, service_role;
comment on function atelier.playground_chat(
  uuid, text, uuid, uuid, text, jsonb, jsonb, boolean, text, text, uuid, text, uuid, boolean, boolean, text) is
$$Say something in a conversation, and have a model answer

In one commit: the message, an empty message for the answer and the job that makes it; message_stream() gives the answer while
it comes. The model is told what chat_context() shows. model_provider and model_variant (a model_key or alias) choose the
model; project_id and character_id are kept by the conversation where it has none; content_tier is sfw or nsfw (for people whose
age is verified); roleplay_settings (an object) and participants are told to the model; long_response doubles how long the
answer may be; system_prompt_override stands for the template for administrators, and behind it for others; scene_id is a
scene of character_scenes, by default the latest of the conversation. With kickoff and without a message the character speaks
first. With allow_pictures the model may ask for pictures, which are made as jobs of the caller. With an idempotency_key the
same request gives the same turn again.
Returns {success, conversation_id, user_message_id, message_id (of the answer), job_id, status, response, content_tier,
context_type, model_provider, model_used, prompt_template_name …}. response is null until the answer is there.
Fails with PT401 (not signed in), PT404 (what does not exist, or is not for the caller: conversation, project, character, scene,
template in use, model), 42501 (nsfw), PT409 (the answer before is not there yet), PT422 (the key was used for
another request), PT403, PT429, PT503 and 22023 as queue_job(), and leaves nothing behind.$$;

create or replace function atelier.regenerate_message(
  message_id uuid, model_variant text default null, idempotency_key text default null
)
returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
  caller constant uuid := auth.uid();
  old_answer constant atelier.messages := atelier_engine.own_message(regenerate_message.message_id, caller);
  asked constant jsonb := coalesce(old_answer.request, '{}')
    || jsonb_strip_nulls(jsonb_build_object('model_variant', regenerate_message.model_variant));
  hash constant bytea := sha256(convert_to(jsonb_build_array('regenerate', old_answer.id, asked)::text, 'UTF8'));
  talk atelier.conversations;
  prompt atelier.messages;
  known jsonb;
begin
  perform atelier_engine.assert_may_submit(caller, 0);
  if old_answer.sender <> 'assistant' then
    raise invalid_parameter_value using
      message = 'the message is no answer', hint = 'Name an answer, or change what was asked with edit_message().';
  end if;
  talk := atelier_engine.enter_conversation(old_answer.conversation_id, caller);
  known := atelier_engine.turn_of_key(caller, regenerate_message.idempotency_key, hash);
  if known is not null then
    return known;
  end if;
  perform atelier_engine.assert_not_answering(talk);
  select m.* into prompt from atelier.messages m where m.id = old_answer.parent_id and m.sender = 'user';
  return atelier_engine.begin_turn(
    talk, atelier_engine.settle_turn(talk, asked), asked,
    case when prompt.id is null then old_answer.parent_id else prompt.parent_id end, prompt.id,
    coalesce(prompt.content, atelier_engine.begin_of_scene()), regenerate_message.idempotency_key, hash);
end;
$$;
grant execute on function atelier.regenerate_message(uuid, text, text) to authenticated, service_role;
comment on function atelier.regenerate_message(uuid, text, text) is
$$Have an answer made again

Beside the old one, which stays: the conversation goes on from the new one, and choose_message() goes back. As the old answer
was asked for, by another model if model_variant says so. Returns and fails as playground_chat(); 22023 for what is no answer.$$;

create or replace function atelier.edit_message(message_id uuid, content text, idempotency_key text default null)
returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
  caller constant uuid := auth.uid();
  old_message constant atelier.messages := atelier_engine.own_message(edit_message.message_id, caller);
  asked jsonb;
  hash bytea;
  talk atelier.conversations;
  known jsonb;
begin
  perform atelier_engine.assert_may_submit(caller, 0);
  if old_message.sender <> 'user' then
    raise invalid_parameter_value using
      message = 'the message is an answer', hint = 'Have it made again with regenerate_message().';
  end if;
  perform atelier_engine.assert_turn(caller, '{}', edit_message.content, false);
  talk := atelier_engine.enter_conversation(old_message.conversation_id, caller);
  hash := sha256(convert_to(jsonb_build_array('edit', old_message.id, edit_message.content)::text, 'UTF8'));
  known := atelier_engine.turn_of_key(caller, edit_message.idempotency_key, hash);
  if known is not null then
    return known;
  end if;
  perform atelier_engine.assert_not_answering(talk);
  asked := coalesce((
    select m.request from atelier.messages m
     where m.parent_id = old_message.id and m.sender = 'assistant' and m.request is not null
     order by m.created_at desc limit 1), '{}');
  return atelier_engine.begin_turn(
    talk, atelier_engine.settle_turn(talk, asked), asked, old_message.parent_id,
    atelier_engine.say(talk, old_message.parent_id, edit_message.content), edit_message.content,
    edit_message.idempotency_key, hash);
end;
$$;
grant execute on function atelier.edit_message(uuid, text, text) to authenticated, service_role;
comment on function atelier.edit_message(uuid, text, text) is
$$Say something else, and have it answered

Beside the old message, which stays with all that followed: the conversation goes on from the new one, and choose_message()
goes back. As the old message was answered. Returns and fails as playground_chat(); 22023 for an answer.$$;

create or replace function atelier.stop_message(message_id uuid)
returns atelier.messages
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  answer atelier.messages := atelier_engine.own_message(stop_message.message_id, auth.uid());
begin
  if answer.job_id is not null then
    perform atelier.cancel_job(answer.job_id);
    select m.* into answer from atelier.messages m where m.id = answer.id;
  end if;
  return answer;
end;
$$;
grant execute on function atelier.stop_message(uuid) to authenticated, service_role;
comment on function atelier.stop_message(uuid) is
$$Stop an answer

What came stays, and the message becomes stopped: at once while it waits, else soon, unless the whole answer arrives first. One
that has ended stays as it is. Returns the message. For the owner of the conversation; PT404 for others.$$;
