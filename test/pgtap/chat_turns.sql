-- A turn: a message, the empty message of the answer and its job in one commit; who may, what is refused.
begin;
\ir support/jobs.sql
update atelier.endpoints set max_concurrency = 100 where is_active;
select plan(63);

\ir support/chat.sql

-- Text in, answer out.
select pg_temp.sign_in(:alice);
insert into atelier.conversations default values returning id as talk \gset
select atelier.playground_chat(:'talk', 'Hello there') as turn \gset
select is(:'turn'::jsonb - '{user_message_id,message_id,job_id,template_id,prompt_template_name}'::text[], jsonb_build_object(
  'success', true, 'conversation_id', :'talk'::text, 'status', 'queued', 'response', null, 'content_tier', 'sfw',
  'context_type', 'general', 'model_used', 'talker', 'model_provider', 'atelier-runner', 'max_tokens', 400, 'token_budget', 7792),
  'a client learns what it needs');
select results_eq(format($$select sender, content, state, message_id::text = %L, job_id::text = %L from atelier.conversation_messages(%L)$$,
    :'turn'::jsonb ->> 'message_id', :'turn'::jsonb ->> 'job_id', :'talk'),
  $$values ('user', 'Hello there', 'complete', false, null), ('assistant', '', 'pending', true, true)$$,
  'the message and the empty answer are there');
select row_eq(format($$select job_type, status, original_prompt from atelier.jobs where id = %L$$, :'turn'::jsonb ->> 'job_id'),
  row('chat'::text, 'queued'::text, 'Hello there'::text), 'and the job, queued with the message');
select is(:'turn'::jsonb ->> 'prompt_template_name', 'Assistant', 'a template fits');
select ok(parameters #>> '{messages,0,role}' = 'system' and jsonb_array_length(parameters -> 'messages') = 1,
  'which is all that comes before the first message') from atelier.jobs where id = (:'turn'::jsonb ->> 'job_id')::uuid;
select throws_ok(format($$select atelier.playground_chat(%L, 'and?')$$, :'talk'), 'PT409', 'an answer is being made', 'one at a time');
select pg_temp.sign_out();
select pg_temp.say(:'turn', 'General Kenobi.');
select pg_temp.sign_in(:alice);
select is(pg_temp.spoken(:'talk'), '{user: Hello there,"assistant: General Kenobi."}', 'the answer comes into its message');
select is((select state from atelier.messages where id = (:'turn'::jsonb ->> 'message_id')::uuid), 'complete', 'and completes it');
select atelier.playground_chat(:'talk', 'Go on', long_response => true) as second \gset
select is(pg_temp.told(:'second'), '{user: Hello there,"assistant: General Kenobi."}', 'the next turn knows it');
select is((select parameters -> 'max_tokens' from atelier.jobs where id = (:'second'::jsonb ->> 'job_id')::uuid), '800', 'a long answer may be twice as long');
select pg_temp.sign_out();
select pg_temp.say(:'second', 'On.');

-- The same request again is the same turn.
select pg_temp.sign_in(:alice);
select atelier.playground_chat(:'talk', 'Once', idempotency_key => 'k1') as once \gset
select is(atelier.playground_chat(:'talk', 'Once', idempotency_key => 'k1'), :'once'::jsonb, 'a repeated request gives the same turn');
select is((select count(*) from atelier.messages where content = 'Once'), 1::bigint, 'and says nothing twice');
select throws_ok(format($$select atelier.playground_chat(%L, 'Twice', idempotency_key => 'k1')$$, :'talk'), 'PT422', null, 'another request with the key is refused');
select throws_ok(format($$select atelier.playground_chat(%L, 'x', idempotency_key => '')$$, :'talk'), '22023', null, 'an empty key, too');
select pg_temp.sign_out();
select pg_temp.say(:'once', 'Said once.');
select pg_temp.sign_in(:alice);
select is(atelier.playground_chat(:'talk', 'Once', idempotency_key => 'k1') ->> 'response', 'Said once.', 'later the repeated request has the answer');

-- chat_defect_all_errors_were_500: each refusal has a code of its own.
select throws_ok(format($$select atelier.playground_chat(%L, ' ')$$, :'talk'), '22023', 'message is empty', 'nothing is no message');
select throws_ok(format($$select atelier.playground_chat(%L, repeat('x', 10001))$$, :'talk'), '22023', 'message is too long', 'a message has an end');
select throws_ok(format($$select atelier.playground_chat(%L, 'x', content_tier => 'odd')$$, :'talk'), '22023', 'there is no such content tier', 'an unknown tier');
select throws_ok(format($$select atelier.playground_chat(%L, 'x', model_variant => 'nobody')$$, :'talk'), 'PT404', 'no such chat model', 'an unknown model');
select throws_ok(format($$select atelier.playground_chat(%L, 'x', model_variant => 'tiny-sdxl')$$, :'talk'), 'PT404', 'no such chat model', 'a model for pictures does not talk');
select throws_ok(format($$select atelier.playground_chat(%L, 'x', model_provider => 'nobody')$$, :'talk'), 'PT404', 'no such chat model', 'an unknown provider');
select throws_ok(format($$select atelier.playground_chat(%L, 'x', prompt_template_id => gen_random_uuid())$$, :'talk'), 'PT404', 'no such template', 'an unknown template');
select throws_ok(format($$select atelier.playground_chat(%L, 'x', roleplay_settings => '[]')$$, :'talk'), '22023', null, 'settings are an object');
select throws_ok(format($$select atelier.playground_chat(%L, 'x', participants => '7')$$, :'talk'), '22023', 'participants must be a JSON array or object', 'participants are a list');
select throws_ok(format($$select atelier.playground_chat(%L, 'x', roleplay_settings => jsonb_build_object('a', repeat('x', 17000)))$$, :'talk'), '22023', null, 'settings have an end');
select throws_ok($$select atelier.playground_chat(null, 'x')$$, 'PT404', 'no such conversation', 'no conversation');
select throws_ok(format($$select atelier.playground_chat(%L, kickoff => true, message => 'x')$$, :'talk'), '22023', 'a kickoff has no message', 'a kickoff with a message');

-- chat_defect_roleplay_chat_trusted_the_user_id_of_the_body: what is somebody else's is not there.
insert into atelier.projects (original_prompt, media_type) values ('p', 'video') returning id as project \gset
insert into atelier.characters (name, description, is_public) values ('Hidden', 'private', false) returning id as hidden \gset
select pg_temp.sign_in(:bob);
insert into atelier.conversations default values returning id as bobs \gset
select throws_ok(format($$select atelier.playground_chat(%L, 'x')$$, :'talk'), 'PT404', 'no such conversation', 'somebody else''s conversation');
select throws_ok(format($$select atelier.playground_chat(%L, 'x', project_id => %L)$$, :'bobs', :'project'), 'PT404', 'no such project', 'somebody else''s project');
select throws_ok(format($$select atelier.playground_chat(%L, 'x', character_id => %L)$$, :'bobs', :'hidden'), 'PT404', 'no such character', 'somebody else''s hidden character');
select pg_temp.sign_out();
insert into atelier.prompt_templates (enhancer_model, use_case, template_name, system_prompt, job_type) values ('any', 'chat_general', 'Draft', 'x', 'chat') returning id as draft \gset
select pg_temp.sign_in(:bob);
select throws_ok(format($$select atelier.playground_chat(%L, 'x', prompt_template_id => %L)$$, :'bobs', :'draft'), 'PT404', 'no such template', 'a draft of the operator');
select throws_ok(format($$select atelier.regenerate_message(%L)$$, :'turn'::jsonb ->> 'message_id'), 'PT404', 'no such message', 'somebody else''s answer is not made again');
select throws_ok(format($$select atelier.edit_message(%L, 'x')$$, :'turn'::jsonb ->> 'user_message_id'), 'PT404', 'no such message', 'nor his message changed');
select throws_ok(format($$select atelier.stop_message(%L)$$, :'turn'::jsonb ->> 'message_id'), 'PT404', 'no such message', 'nor his answer stopped');
select throws_ok(format($$select atelier.choose_message(%L)$$, :'turn'::jsonb ->> 'message_id'), 'PT404', 'no such message', 'nor his branch chosen');
select throws_ok(format($$select atelier.message_siblings(%L)$$, :'turn'::jsonb ->> 'message_id'), 'PT404', 'no such message', 'nor his branches seen');
select throws_ok(format($$select atelier.conversation_messages(%L)$$, :'talk'), 'PT404', 'no such conversation', 'nor read');
select throws_ok(format($$select atelier.chat_context(%L)$$, :'talk'), 'PT404', 'no such conversation', 'nor looked into');
select is((select count(*) from atelier.messages), 0::bigint, 'what is refused leaves no message');
select is((select count(*) from atelier.jobs), 0::bigint, 'and no job');
select pg_temp.become('anon');
select throws_ok(format($$select atelier.playground_chat(%L, 'x')$$, :'talk'), '42501', null, 'anon may not');
select pg_temp.become('service_role');
select throws_ok(format($$select atelier.playground_chat(%L, 'x')$$, :'talk'), 'PT401', null, 'the service role is nobody in particular');
select pg_temp.sign_out();

-- chat_defect_nsfw_by_default: nobody gets what he did not ask for, nor without a verified age.
insert into atelier.characters (user_id, name, description, content_rating) values (:bob, 'Grown-up', 'for adults', 'nsfw') returning id as adult \gset
select pg_temp.sign_in(:bob);
select throws_ok(format($$select atelier.playground_chat(%L, 'x', content_tier => 'nsfw')$$, :'bobs'), '42501', 'this content mode is for people whose age is verified', 'nsfw needs a verified age');
select throws_ok(format($$select atelier.playground_chat(%L, 'x', character_id => %L, content_tier => 'sfw')$$, :'bobs', :'adult'), '42501', 'this content mode is for people whose age is verified',
  'a character rated so does, too, also one''s own and whatever is asked for');
update atelier.profiles set birth_date = '1990-01-01' where id = :bob;
select is(atelier.playground_chat(:'bobs', 'x') ->> 'content_tier', 'sfw', 'who is old enough gets sfw, unless he asks');
select pg_temp.sign_out();
select pg_temp.stop_all(:bob);
select pg_temp.sign_in(:bob);
select is(atelier.playground_chat(:'bobs', 'x', content_tier => 'nsfw') ->> 'content_tier', 'nsfw', 'who asks gets it');
select pg_temp.sign_out();
select pg_temp.stop_all(:bob);

-- A character.
insert into atelier.characters (user_id, name, description, persona, first_message) values (:carol, 'Ada', 'an engineer', 'dry wit', 'Good morning.') returning id as ada \gset
select pg_temp.sign_in(:alice);
insert into atelier.conversations default values returning id as with_ada \gset
select atelier.playground_chat(:'with_ada', kickoff => true, character_id => :'ada') as greeting \gset
select is(:'greeting'::jsonb - '{message_id}'::text[], jsonb_build_object('success', true, 'conversation_id', :'with_ada'::text, 'user_message_id', null, 'job_id', null,
  'status', 'completed', 'response', 'Good morning.'), 'a kickoff has the greeting of the character, for which no model is asked');
select is(atelier.playground_chat(:'with_ada', 'How are you?', project_id => :'project', participants => '["Ada", "Alice"]', roleplay_settings => '{"tone": "calm"}', idempotency_key => 'ada'), atelier.playground_chat(:'with_ada', 'How are you?', project_id => :'project', participants => '["Ada", "Alice"]', roleplay_settings => '{"tone": "calm"}', idempotency_key => 'ada'), 'a turn with a character, twice');
select is((select (character_id, project_id) from atelier.conversations where id = :'with_ada'), row(:'ada'::uuid, :'project'::uuid), 'the conversation keeps character and project');
-- chat_defect_interactions_counted_apart_from_the_turn
select is((select interaction_count from atelier.characters where id = :'ada'), 2::bigint, 'each turn counts once, a repeated one not again');
select is((select interaction_count from atelier.character_interactions where character_id = :'ada' and user_id = :alice), 2::bigint, 'for the user, too');
select matches(pg_temp.system_of((select job_id from atelier.messages where idempotency_key = 'ada')), 'Ada: an engineer.*Persona: dry wit.*tone: calm.*Present: \["Ada", "Alice"\]', 'the model knows who it is');
select throws_ok(format($$select atelier.playground_chat(%L, 'x', character_id => gen_random_uuid())$$, :'with_ada'), 'PT409', null, 'one turn after the other');
select pg_temp.sign_out();
select is((select interaction_count from atelier.characters where id = :'ada'), 2::bigint, 'what is refused is not counted');
select pg_temp.stop_all(:alice);

-- Administrators replace the template, others add to it.
select pg_temp.sign_in(:alice);
insert into atelier.conversations default values returning id as own \gset
select atelier.playground_chat(:'own', 'x', system_prompt_override => 'Speak Latin.') as added \gset
select ok(pg_temp.system_of((:'added'::jsonb ->> 'job_id')::uuid) like '%Speak Latin.' and pg_temp.system_of((:'added'::jsonb ->> 'job_id')::uuid) <> 'Speak Latin.', 'an override adds to the template');
select pg_temp.sign_in(:carol);
insert into atelier.conversations default values returning id as admins \gset
select atelier.playground_chat(:'admins', 'x', system_prompt_override => 'Speak Latin.') as replaced \gset
select is(pg_temp.system_of((:'replaced'::jsonb ->> 'job_id')::uuid), 'Speak Latin.', 'for administrators it stands for it');
select pg_temp.sign_out();

-- Scenes.
select pg_temp.stop_all(:alice);
select pg_temp.sign_in(:alice);
insert into atelier.character_scenes (character_id, conversation_id, scene_prompt, scene_rules) values (:'ada', :'with_ada', 'a rainy harbour', 'nobody leaves') returning id as scene \gset
select atelier.playground_chat(:'with_ada', kickoff => true) as scene_turn \gset
select row_eq(format($$select (%L::jsonb -> 'user_message_id')::text, original_prompt from atelier.jobs where id = %L$$, :'scene_turn', :'scene_turn'::jsonb ->> 'job_id'),
  row('null'::text, '(The scene begins. Speak first.)'::text), 'in a scene the character speaks first, without a message');
select matches(pg_temp.system_of((:'scene_turn'::jsonb ->> 'job_id')::uuid), 'The scene: a rainy harbour\nRules: nobody leaves', 'and knows the scene');
select pg_temp.sign_out();
select pg_temp.stop_all(:alice);
select pg_temp.sign_in(:bob);
select throws_ok(format($$select atelier.playground_chat(%L, 'x', scene_id => %L)$$, :'bobs', :'scene'), 'PT404', 'no such scene', 'somebody else''s scene');
select pg_temp.sign_in(:alice);
select throws_ok(format($$select atelier.playground_chat(%L, 'x', scene_id => %L)$$, :'own', :'scene'), 'PT404', 'no such scene', 'a scene of another conversation');
select pg_temp.sign_out();

-- The limits of a user hold.
set local atelier.max_unfinished_jobs_per_user = 1;
select pg_temp.sign_in(:alice);
select lives_ok(format($$select atelier.playground_chat(%L, 'x')$$, :'own'), 'as many as the limit says');
select throws_ok(format($$select atelier.playground_chat(%L, 'x')$$, :'talk'), 'PT429', null, 'and no more');
select is((select count(*) from atelier.messages where conversation_id = :'talk' and state = 'pending'), 0::bigint, 'which leaves nothing behind');
select pg_temp.sign_out();
select * from finish();
rollback;
