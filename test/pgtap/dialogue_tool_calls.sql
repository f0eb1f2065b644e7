-- Pictures that models ask for: nothing a model writes is trusted.
begin;
\ir support/jobs.sql
update atelier.endpoints set max_concurrency = 100 where is_active;
select plan(35);
\ir support/chat.sql
create function pg_temp.calls(p_turn jsonb, p_calls jsonb) returns boolean language sql as
$$ select pg_temp.answer_job((p_turn ->> 'job_id')::uuid, jsonb_build_object('text', '', 'finish_reason', 'tool_calls', 'tool_calls', p_calls)) $$;
create function pg_temp.call(p_arguments text, p_name text default 'make_picture', p_id text default 'c1') returns jsonb language sql as
$$ select jsonb_build_object('id', p_id, 'type', 'function', 'function', jsonb_build_object('name', p_name, 'arguments', p_arguments)) $$;
-- One answer with one call: what became of it.
create function pg_temp.one_call(p_arguments text, p_name text default 'make_picture') returns text language plpgsql as $$
declare
  turn jsonb;
  talk uuid;
begin
  perform pg_temp.sign_in('a11ce000-0000-7000-8000-000000000001');
  insert into atelier.conversations default values returning id into talk;
  turn := atelier.playground_chat(talk, 'x', allow_pictures => true);
  perform pg_temp.sign_out();
  if not pg_temp.calls(turn, jsonb_build_array(pg_temp.call(p_arguments, p_name))) then
    raise 'not recorded';
  end if;
  return (select coalesce(c.error, 'queued') from atelier.tool_calls c where c.message_id = (turn ->> 'message_id')::uuid);
end $$;

select pg_temp.sign_in(:alice);
insert into atelier.conversations default values returning id as talk \gset
select atelier.playground_chat(:'talk', 'Show me a star', allow_pictures => true) as turn \gset
select is(parameters #>> '{tools,0,function,name}', 'make_picture', 'the model is offered the tool') from atelier.jobs where id = (:'turn'::jsonb ->> 'job_id')::uuid;
select pg_temp.sign_out();
select ok(pg_temp.calls(:'turn', jsonb_build_array(pg_temp.call('{"prompt": "a star", "negative_prompt": "moon"}'))), 'an answer with a call is recorded');
select row_eq(format('select user_id, place, call_id, name, error from atelier.tool_calls where message_id = %L', :'turn'::jsonb ->> 'message_id'),
  row(:alice::uuid, 0, 'c1'::text, 'make_picture'::text, null::text), 'with the call');
select job_id as picture from atelier.tool_calls where message_id = (:'turn'::jsonb ->> 'message_id')::uuid \gset
select row_eq(format('select user_id, format, original_prompt, negative_prompt, priority from atelier.jobs where id = %L', :'picture'),
  row(:alice::uuid, 'image'::text, 'a star'::text, 'moon'::text, 0), 'which is a job of the user');
select is(current_setting('request.jwt.claims', true), '', 'nobody stays signed in');
select pg_temp.sign_in(:alice);
select is((select (pictures -> 0) - 'tool_call_id' from atelier.conversation_messages(:'talk') where sender = 'assistant'), jsonb_build_object('job_id', :'picture', 'error', null, 'status', 'queued', 'assets', '[]'::jsonb), 'the message has the picture');
select pg_temp.sign_out();
select pg_temp.claim(:'picture') as attempt \gset
select ok(pg_temp.succeed(:'attempt'), 'the picture is made');
select pg_temp.sign_in(:alice);
select is((select jsonb_array_length(pictures #> '{0,assets}') from atelier.conversation_messages(:'talk') where sender = 'assistant'), 1, 'and is there');
select atelier.playground_chat(:'talk', 'Thanks') as next \gset
select is((select (parameters -> 'messages') - 0 from atelier.jobs where id = (:'next'::jsonb ->> 'job_id')::uuid),
  jsonb_build_array(
    '{"role": "user", "content": "Show me a star"}'::jsonb,
    jsonb_build_object('role', 'assistant', 'content', '', 'tool_calls', jsonb_build_array(pg_temp.call('{"prompt": "a star", "negative_prompt": "moon"}'))),
    '{"role": "tool", "tool_call_id": "c1", "content": "The picture was made and shown to the user."}'::jsonb), 'the model is told what became of it');
select is((select parameters -> 'tools' from atelier.jobs where id = (:'next'::jsonb ->> 'job_id')::uuid), null, 'without leave there is no tool');
select pg_temp.sign_out();
select ok(pg_temp.calls(:'next', jsonb_build_array(pg_temp.call('{"prompt": "another"}'))), 'a call that nobody allowed is recorded');
select is((select count(*) from atelier.tool_calls where message_id = (:'next'::jsonb ->> 'message_id')::uuid), 0::bigint, 'and not followed');

-- chat_defect_tool_arguments_trusted: what is not exactly right is an error that the model is told.
select is(pg_temp.one_call('{"prompt": "a tree"}'), 'queued', 'exactly right is right');
select matches(pg_temp.one_call('{"prompt": '), 'they are no JSON', 'half of it');
select matches(pg_temp.one_call('[]'), 'they are no object', 'a list');
select matches(pg_temp.one_call(''), 'they are no JSON', 'nothing');
select matches(pg_temp.one_call('{}'), 'prompt is no text, or empty', 'no prompt');
select matches(pg_temp.one_call('{"prompt": 7}'), 'prompt is no text, or empty', 'a number');
select matches(pg_temp.one_call('{"prompt": " "}'), 'prompt is no text, or empty', 'an empty one');
select matches(pg_temp.one_call('{"prompt": "x", "model": "expensive"}'), 'one is unknown', 'a model of its choice');
select matches(pg_temp.one_call('{"prompt": "x", "priority": 1000}'), 'one is unknown', 'a priority');
select matches(pg_temp.one_call('{"prompt": "x", "negative_prompt": {}}'), 'negative_prompt is no text', 'an odd negative prompt');
select matches(pg_temp.one_call(jsonb_build_object('prompt', repeat('x', 2001))::text), 'one has more than 2000 characters', 'a long one');
select matches(pg_temp.one_call('{"prompt": "\u0000"}'), 'they are no JSON', 'a character that there is not');
select matches(pg_temp.one_call(repeat('[', 100000)), 'they are no JSON', 'deeper than anybody needs');
select matches(pg_temp.one_call('{"prompt": "x"}', 'drop_tables'), 'there is no such tool', 'another tool');
select pg_temp.sign_in(:alice);
insert into atelier.conversations default values returning id as many \gset
select atelier.playground_chat(:'many', 'x', allow_pictures => true) as turn \gset
select pg_temp.sign_out();
select ok(pg_temp.calls(:'turn', (select jsonb_agg(pg_temp.call('{"prompt": "x"}', p_id => 'c' || n)) from generate_series(1, 30) n)), 'thirty calls are recorded');
select row_eq(format('select count(*) filter (where error is null), count(*) filter (where error like %L), count(*) from atelier.tool_calls where message_id = %L', 'too many calls%', :'turn'::jsonb ->> 'message_id'),
  row(4::bigint, 12::bigint, 16::bigint), 'four are followed, and no more than sixteen kept');
select pg_temp.sign_in(:alice);
select atelier.playground_chat(:'many', 'And?') as next \gset
select matches((select parameters ->> 'messages' from atelier.jobs where id = (:'next'::jsonb ->> 'job_id')::uuid), 'Error: too many calls', 'the model is told of errors');
select pg_temp.sign_out();
select pg_temp.stop_all(:alice);
insert into atelier.content_terms (term, meaning) values ('forbiddenword', 'nsfw');
select matches(pg_temp.one_call('{"prompt": "a forbiddenword"}'), 'the picture is not for everybody', 'what is not for everybody is not made in sfw');
-- Under the limits of the user.
delete from atelier_engine.queue;
set local atelier.max_unfinished_jobs_per_user = 2;
select matches(pg_temp.one_call('{"prompt": "x"}'), 'queued', 'as many pictures as the limit of the user allows');
select pg_temp.sign_in(:alice);
insert into atelier.conversations default values returning id as last \gset
select atelier.playground_chat(:'last', 'x', allow_pictures => true) as turn \gset
select pg_temp.sign_out();
set local atelier.max_unfinished_jobs_per_user = 1;
select ok(pg_temp.calls(:'turn', jsonb_build_array(pg_temp.call('{"prompt": "x"}'))), 'beyond it the answer is recorded all the same');
select matches((select error from atelier.tool_calls where message_id = (:'turn'::jsonb ->> 'message_id')::uuid), 'too many unfinished jobs', 'without the picture');
reset atelier.max_unfinished_jobs_per_user;
select pg_temp.sign_in(:bob);
select is_empty('select from atelier.tool_calls', 'others see nothing');
select throws_ok($$insert into atelier.tool_calls (message_id, user_id, place, call_id, name, arguments) values (gen_random_uuid(), auth.uid(), 0, 'a', 'b', '{}')$$, '42501', null, 'and nobody writes it');
select pg_temp.sign_out();
select * from finish();
rollback;
