-- Summaries of what no longer fits.
begin;
\ir support/jobs.sql
update atelier.endpoints set max_concurrency = 100 where is_active;
select plan(24);
\ir support/chat.sql
update atelier.api_models set capabilities = '{"context_tokens": 1400}' where model_key = 'talker';
select pg_temp.sign_in(:alice);
insert into atelier.conversations default values returning id as talk \gset
select atelier.playground_chat(:'talk', 'short') as turn \gset
select is((select count(*) from atelier.conversation_summaries), 0::bigint, 'what fits is not summarised');
select pg_temp.sign_out();
select pg_temp.say(:'turn', 'yes');
select pg_temp.sign_in(:alice);
insert into atelier.messages (conversation_id, sender, content)
select :'talk', case n % 2 when 1 then 'user' else 'assistant' end, 'turn ' || lpad(n::text, 2, '0') || repeat(' word', 30) from generate_series(1, 40) n;
select atelier.playground_chat(:'talk', 'And?') as second \gset
select row_eq('select conversation_id, state, content from atelier.conversation_summaries', row(:'talk'::uuid, 'pending'::text, ''::text), 'what does not is');
select id as summary, job_id as summary_job, up_to_message_id as up_to from atelier.conversation_summaries \gset
select matches((select parameters #>> '{messages,1,content}' from atelier.jobs where id = :'summary_job'), '^user: short\nassistant: yes\nuser: turn 01', 'the oldest first');
select ok((select not parameters #>> '{messages,1,content}' like '%turn 40%' from atelier.jobs where id = :'summary_job'), 'the newest not yet');
select is((select user_id from atelier.jobs where id = :'summary_job'), :alice, 'as a job of the user');
select pg_temp.sign_out();
select pg_temp.say(:'second', 'ok');
select pg_temp.sign_in(:alice);
select atelier.playground_chat(:'talk', 'More?') as third \gset
select is((select count(*) from atelier.conversation_summaries), 1::bigint, 'one at a time');
select ok(not pg_temp.system_of((:'third'::jsonb ->> 'job_id')::uuid) like '%What was said before%', 'what is not there is not told');
select pg_temp.sign_out();
select pg_temp.say(:'third', 'ok');

-- A failure changes nothing.
select pg_temp.claim(:'summary_job') as attempt \gset
select q.attempt_id as attempt from atelier_engine.queue q where q.job_id = :'summary_job' \gset
select is(pg_temp.fail(:'attempt', 'invalid_input'), 'failed', 'a summary fails');
select row_eq('select state, content from atelier.conversation_summaries', row('failed'::text, ''::text), 'and says nothing');
select pg_temp.sign_in(:alice);
select atelier.playground_chat(:'talk', 'Still?') as fourth \gset
select is((select count(*) from atelier.conversation_summaries), 1::bigint, 'and is not tried again at once');
select pg_temp.sign_out();
select pg_temp.say(:'fourth', 'ok');
update atelier.conversation_summaries set created_at = now() - interval '6 minutes';
select pg_temp.sign_in(:alice);
select atelier.playground_chat(:'talk', 'Later?') as fifth \gset
select is((select count(*) from atelier.conversation_summaries where state = 'pending'), 1::bigint, 'but later');
select id as summary, job_id as summary_job, up_to_message_id as up_to from atelier.conversation_summaries where state = 'pending' \gset
select pg_temp.sign_out();
select pg_temp.say(:'fifth', 'ok');
select ok(pg_temp.answer_job(:'summary_job', '{"text": "They counted.", "finish_reason": "stop"}'), 'it is made');
select row_eq(format('select state, content from atelier.conversation_summaries where id = %L', :'summary'), row('complete'::text, 'They counted.'::text), 'and written down');
select pg_temp.sign_in(:alice);
select atelier.playground_chat(:'talk', 'What?') as sixth \gset
select matches(pg_temp.system_of((:'sixth'::jsonb ->> 'job_id')::uuid), 'What was said before: They counted.', 'the model is told of it');
select ok(not pg_temp.told(:'sixth')::text like '%' || (select left(content, 8) from atelier.messages where id = :'up_to') || '%', 'instead of what it is about');
select is((select subject from atelier.chat_context(:'talk') where kind = 'summary'), :'summary'::uuid, 'and one can see which');
select pg_temp.sign_out();
select pg_temp.say(:'sixth', 'ok');

-- On another branch, of which it is not, it does not count.
select pg_temp.sign_in(:alice);
select atelier.edit_message((:'turn'::jsonb ->> 'user_message_id')::uuid, 'other') as edited \gset
select ok(not coalesce(pg_temp.system_of((:'edited'::jsonb ->> 'job_id')::uuid), '') like '%They counted%', 'another branch knows nothing of it');
select pg_temp.sign_out();
select pg_temp.say(:'edited', 'ok');
select pg_temp.sign_in(:alice);
select atelier.choose_message((:'sixth'::jsonb ->> 'message_id')::uuid) \g /dev/null
select is((select count(*) from atelier.chat_context(:'talk') where kind = 'summary'), 1::bigint, 'back there it counts again');

-- The next one is about the one before, too.
insert into atelier.messages (conversation_id, sender, content)
select :'talk', case n % 2 when 1 then 'user' else 'assistant' end, 'more ' || lpad(n::text, 2, '0') || repeat(' word', 30) from generate_series(1, 30) n;
select atelier.playground_chat(:'talk', 'And?') as seventh \gset
select matches((select j.parameters #>> '{messages,1,content}' from atelier.jobs j join atelier.conversation_summaries s on s.job_id = j.id where s.state = 'pending'), '^Before: They counted.', 'a summary holds the one before');
-- Long instructions leave less to the turns: what they crowd out is summarised, too.
select pg_temp.sign_in(:alice);
insert into atelier.characters (name, description) values ('Long', repeat('long ', 400)) returning id as long \gset
insert into atelier.conversations (character_id) values (:'long') returning id as crowded \gset
insert into atelier.messages (conversation_id, sender, content)
select :'crowded', case n % 2 when 1 then 'user' else 'assistant' end, 'turn ' || n || repeat(' word', 30) from generate_series(1, 12) n;
select pg_temp.sign_out();
update atelier.api_models set capabilities = '{"context_tokens": 2200}' where model_key = 'talker';
select pg_temp.sign_in(:alice);
select atelier.playground_chat(:'crowded', 'And?') as crowded_turn \gset
select ok(exists (select from atelier.chat_context(:'crowded') where kind = 'character' and included), 'long instructions are told');
select is((select count(*) from atelier.conversation_summaries where conversation_id = :'crowded'), 1::bigint, 'and what they crowd out is summarised');
select pg_temp.sign_in(:bob);
select is_empty('select from atelier.conversation_summaries', 'others see nothing');
select throws_ok($$update atelier.conversation_summaries set content = 'x'$$, '42501', null, 'and nobody writes it');
select pg_temp.sign_out();
delete from atelier.conversations where id = :'talk';
select is_empty(format('select from atelier.conversation_summaries where conversation_id = %L', :'talk'), 'it goes with the conversation');
select * from finish();
rollback;
