-- Dialogue: pictures that models ask for.

create or replace function atelier_engine.picture_tool()
returns jsonb
language sql immutable
begin atomic
  select jsonb_build_array(jsonb_build_object('type', 'function', 'function', jsonb_build_object(
    'name', 'make_picture',
    'description', 'Make a picture and show it to the user with your answer.',
    'parameters', jsonb_build_object(
      'type', 'object',
      'properties', jsonb_build_object(
        'prompt', jsonb_build_object('type', 'string', 'description', 'What the picture shows, in English.'),
        'negative_prompt', jsonb_build_object('type', 'string', 'description', 'What it must not show.')),
      'required', jsonb_build_array('prompt'),
      'additionalProperties', false))));
end;
comment on function atelier_engine.picture_tool() is 'The tool that models may call, in the words of OpenAI';

create or replace function atelier_engine.read_picture_call(p_name text, p_arguments text)
returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  longest constant integer := 2000;
  arguments jsonb;
  problem text;
begin
  if p_name is distinct from 'make_picture' then
    raise invalid_parameter_value using message = 'there is no such tool', hint = 'The only one is make_picture.';
  end if;
  begin
    arguments := p_arguments::jsonb;
  exception when invalid_text_representation or untranslatable_character or numeric_value_out_of_range
                 or statement_too_complex then
    problem := 'they are no JSON';
  end;
  if problem is not null then
    null;
  elsif jsonb_typeof(arguments) is distinct from 'object' then
    problem := 'they are no object';
  elsif exists (select from jsonb_object_keys(arguments) k where k not in ('prompt', 'negative_prompt')) then
    problem := 'one is unknown';
  elsif jsonb_typeof(arguments -> 'prompt') is distinct from 'string' or arguments ->> 'prompt' !~ '\S' then
    problem := 'prompt is no text, or empty';
  elsif coalesce(jsonb_typeof(arguments -> 'negative_prompt'), 'string') <> 'string' then
    problem := 'negative_prompt is no text';
  elsif greatest(char_length(arguments ->> 'prompt'), char_length(arguments ->> 'negative_prompt')) > longest then
    problem := format('one has more than %s characters', longest);
  end if;
  if problem is not null then
    raise invalid_parameter_value using
      message = 'the arguments are not usable: ' || problem, hint = 'Give prompt, and negative_prompt if need be.';
  end if;
  return arguments;
end;
$$;
comment on function atelier_engine.read_picture_call(text, text) is
$$The arguments of a call of make_picture, checked

Raises 22023 for all that is not exactly what the tool takes.$$;

create or replace function atelier_engine.queue_called_picture(
  p_message atelier.messages, p_conversation atelier.conversations, p_arguments jsonb
)
returns uuid
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  claims_before constant text := current_setting('request.jwt.claims', true);
  facts constant jsonb := jsonb_build_object('message_id', p_message.id, 'conversation_id', p_conversation.id);
  speaker constant uuid := coalesce((p_message.request ->> 'character_id')::uuid, p_conversation.character_id);
  job atelier.jobs;
begin
  -- As the user, so that his limits count and not the rights of whoever records the answer. A subtransaction of the caller
  -- takes this back when it fails.
  perform set_config(
    'request.jwt.claims', jsonb_build_object('sub', p_message.user_id, 'role', 'authenticated')::text, true);
  if coalesce(p_message.request ->> 'content_tier', 'sfw') = 'sfw'
     and atelier.detect_content_mode(p_arguments ->> 'prompt') = 'nsfw' then
    raise insufficient_privilege using
      message = 'the picture is not for everybody', hint = 'The conversation is in the content mode sfw.';
  end if;
  if speaker is null then
    job := atelier.queue_job(
      prompt => p_arguments ->> 'prompt', negative_prompt => p_arguments ->> 'negative_prompt', metadata => facts);
  else
    job := atelier.generate_character_image(
      character_id => speaker, prompt => p_arguments ->> 'prompt',
      negative_prompt => p_arguments ->> 'negative_prompt', metadata => facts);
  end if;
  perform set_config('request.jwt.claims', coalesce(claims_before, ''), true);
  return job.id;
end;
$$;
comment on function atelier_engine.queue_called_picture(atelier.messages, atelier.conversations, jsonb) is
$$Queue the picture that a model asked for, as the user of the conversation

With the likeness of the character, if there is one. Errors as queue_job(), and 42501 for what is not for the content mode.$$;

create or replace function atelier_engine.answer_tool_call(
  p_message atelier.messages, p_conversation atelier.conversations, p_place integer, p_call jsonb
)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  most_calls constant integer := 4;
  call_name constant text := left(coalesce(p_call #>> '{function,name}', ''), 200);
  call_arguments constant text := coalesce(p_call #>> '{function,arguments}', '');
  picture_job_id uuid;
  problem text;
  advice text;
begin
  begin
    if p_place >= most_calls then
      raise invalid_parameter_value using
        message = 'too many calls', hint = format('At most %s come with one answer.', most_calls);
    end if;
    picture_job_id := atelier_engine.queue_called_picture(
      p_message, p_conversation, atelier_engine.read_picture_call(call_name, call_arguments));
  exception
    -- These say nothing of the call: the answer is recorded again.
    when deadlock_detected or serialization_failure or lock_not_available or out_of_memory then
      raise;
    when others then
      get stacked diagnostics problem = message_text, advice = pg_exception_hint;
  end;
  insert into atelier.tool_calls (message_id, user_id, place, call_id, name, arguments, job_id, error)
  values (p_message.id, p_message.user_id, p_place, left(coalesce(nullif(p_call ->> 'id', ''), 'call_' || p_place), 200),
          call_name, left(call_arguments, 10000), picture_job_id,
          left(nullif(concat_ws('. ', problem, nullif(advice, '')), ''), 2000))
      on conflict do nothing;
end;
$$;
comment on function atelier_engine.answer_tool_call(atelier.messages, atelier.conversations, integer, jsonb) is
$$Do what a model asked for, or write down why not

Whatever the model wrote, the answer it came with is recorded.$$;

create or replace function atelier_engine.answer_tool_calls(p_job_ids uuid[])
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  most_recorded constant integer := 16;
  message atelier.messages;
  talk atelier.conversations;
  call record;
begin
  for message in
    select m.*
      from unnest(p_job_ids) u (job_id)
      join atelier.messages m on m.job_id = u.job_id
     where m.job_id = any (p_job_ids) and m.state = 'complete' and m.request -> 'allow_pictures' = 'true'
     order by m.id
  loop
    select c.* into talk from atelier.conversations c where c.id = message.conversation_id;
    for call in
      select c.value, (c.place - 1)::integer as place
        from atelier.generations g
       cross join jsonb_array_elements(
         case jsonb_typeof(g.result -> 'tool_calls') when 'array' then g.result -> 'tool_calls' else '[]' end)
              with ordinality c (value, place)
       where g.job_id = message.job_id
       order by c.place
       limit most_recorded
    loop
      perform atelier_engine.answer_tool_call(message, talk, call.place, call.value);
    end loop;
  end loop;
end;
$$;
comment on function atelier_engine.answer_tool_calls(uuid[]) is
$$Do what models asked for with the answers of these jobs

Only where the user allowed it with the request.$$;

create or replace function atelier_engine.outcome_of_call(p_call atelier.tool_calls)
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_call.error is not null then
    return 'Error: ' || p_call.error;
  end if;
  return coalesce((
    select case j.status when 'completed' then 'The picture was made and shown to the user.'
                         when 'failed' then 'Error: the picture could not be made.'
                         when 'cancelled' then 'Error: the picture was cancelled.'
                         else 'The picture is being made; the user will see it.' end
      from atelier.jobs j where j.id = p_call.job_id), 'The picture is not there any more.');
end;
$$;
comment on function atelier_engine.outcome_of_call(atelier.tool_calls) is 'What a model is told of what it asked for';

create or replace function atelier_engine.messages_of_turn(p_message_id uuid, p_role text, p_content text)
returns table (place integer, message jsonb)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
begin
  return query
    select 0, jsonb_build_object('role', p_role, 'content', p_content)
              || coalesce(jsonb_build_object('tool_calls', (
                   select jsonb_agg(jsonb_build_object(
                            'id', c.call_id, 'type', 'function',
                            'function', jsonb_build_object('name', c.name, 'arguments', c.arguments)) order by c.place)
                     from atelier.tool_calls c where c.message_id = p_message_id
                   having count(*) > 0)), '{}');
  if p_role = 'assistant' then
    return query
      select c.place + 1, jsonb_build_object(
               'role', 'tool', 'tool_call_id', c.call_id, 'content', atelier_engine.outcome_of_call(c))
        from atelier.tool_calls c
       where c.message_id = p_message_id;
  end if;
end;
$$;
comment on function atelier_engine.messages_of_turn(uuid, text, text) is
  'A turn in the words of OpenAI: the message, and what came of the calls in it';

create or replace function atelier_engine.pictures_of_message(p_message_id uuid)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
begin
  return coalesce((
    select jsonb_agg(jsonb_build_object(
             'tool_call_id', c.id, 'job_id', c.job_id, 'error', c.error,
             'status', case when c.job_id is null then 'failed' else j.status end,
             'assets', coalesce((
               select jsonb_agg(a.id order by a.asset_index) from atelier.workspace_assets a where a.job_id = c.job_id), '[]'))
             order by c.place)
      from atelier.tool_calls c
      left join atelier.jobs j on j.id = c.job_id
     where c.message_id = p_message_id), '[]');
end;
$$;
comment on function atelier_engine.pictures_of_message(uuid) is
  'The pictures that a model asked for with a message, with their jobs and assets';
