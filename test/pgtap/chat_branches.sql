-- Answers made again, messages changed, answers stopped: all of it stays, as branches.
begin;
\ir support/jobs.sql
update atelier.endpoints set max_concurrency = 100 where is_active;
select plan(34);
\ir support/chat.sql

select pg_temp.sign_in(:alice);
insert into atelier.conversations default values returning id as talk \gset
select atelier.playground_chat(:'talk', 'Q1') as first \gset
select pg_temp.sign_out();
select pg_temp.say(:'first', 'A1');
select pg_temp.sign_in(:alice);
select atelier.regenerate_message((:'first'::jsonb ->> 'message_id')::uuid, idempotency_key => 'again') as again \gset
select is(:'again'::jsonb ->> 'user_message_id', :'first'::jsonb ->> 'user_message_id', 'an answer made again answers the same message');
select is(pg_temp.told(:'again'), '{}', 'and is not told of the old one');
select is((select original_prompt from atelier.jobs where id = (:'again'::jsonb ->> 'job_id')::uuid), 'Q1', 'but of what was asked');
select is(atelier.regenerate_message((:'first'::jsonb ->> 'message_id')::uuid, idempotency_key => 'again'), :'again'::jsonb, 'a repeated request makes nothing new');
select throws_ok(format('select atelier.regenerate_message(%L)', :'first'::jsonb ->> 'message_id'), 'PT409', 'an answer is being made', 'one at a time');
select pg_temp.sign_out();
select pg_temp.say(:'again', 'A1b');
select pg_temp.sign_in(:alice);
select is(pg_temp.spoken(:'talk'), '{"user: Q1","assistant: A1b"}', 'the conversation goes on from the new one');
select results_eq(format('select content, sibling, siblings from atelier.conversation_messages(%L)', :'talk'), $$values ('Q1', 1, 1), ('A1b', 2, 2)$$, 'it says which of how many it is');
select results_eq(format('select content, place, is_active from atelier.message_siblings(%L)', :'again'::jsonb ->> 'message_id'), $$values ('A1', 1, false), ('A1b', 2, true)$$, 'the siblings are listed');
select atelier.playground_chat(:'talk', 'Q2') as second \gset
select is(pg_temp.told(:'second'), '{"user: Q1","assistant: A1b"}', 'the model knows the active branch only');
select pg_temp.sign_out();
select pg_temp.say(:'second', 'A2');
select pg_temp.sign_in(:alice);
select is((atelier.choose_message((:'first'::jsonb ->> 'message_id')::uuid)).active_message_id, (:'first'::jsonb ->> 'message_id')::uuid, 'another branch is chosen');
select is(pg_temp.spoken(:'talk'), '{"user: Q1","assistant: A1"}', 'and read');
select is((atelier.choose_message((:'again'::jsonb ->> 'message_id')::uuid)).active_message_id, (:'second'::jsonb ->> 'message_id')::uuid, 'to its end');
select is(pg_temp.spoken(:'talk'), '{"user: Q1","assistant: A1b","user: Q2","assistant: A2"}', 'which is all that followed');

select atelier.edit_message((:'second'::jsonb ->> 'user_message_id')::uuid, 'Q2b') as edited \gset
select is(pg_temp.told(:'edited'), '{"user: Q1","assistant: A1b"}', 'what is changed is answered anew');
select pg_temp.sign_out();
select pg_temp.say(:'edited', 'A2b');
select pg_temp.sign_in(:alice);
select is(pg_temp.spoken(:'talk'), '{"user: Q1","assistant: A1b","user: Q2b","assistant: A2b"}', 'on a branch of its own');
select atelier.edit_message((:'first'::jsonb ->> 'user_message_id')::uuid, 'Q1b') as root \gset
select pg_temp.sign_out();
select pg_temp.say(:'root', 'A1c');
select pg_temp.sign_in(:alice);
select is(pg_temp.spoken(:'talk'), '{"user: Q1b","assistant: A1c"}', 'also the first message can be changed');
select is((select count(*) from atelier.message_siblings((:'root'::jsonb ->> 'user_message_id')::uuid)), 2::bigint, 'and has its sibling');
select throws_ok(format('select atelier.regenerate_message(%L)', :'root'::jsonb ->> 'user_message_id'), '22023', 'the message is no answer', 'what the user said is not made again');
select throws_ok(format('select atelier.edit_message(%L, %L)', :'root'::jsonb ->> 'message_id', 'x'), '22023', 'the message is an answer', 'what the model said is not changed');
select throws_ok(format('select atelier.edit_message(%L, %L)', :'root'::jsonb ->> 'user_message_id', ' '), '22023', 'message is empty', 'nor anything to nothing');
select throws_ok(format('select atelier.regenerate_message(%L, %L)', :'root'::jsonb ->> 'message_id', 'nobody'), 'PT404', 'no such chat model', 'nor by a model that there is not');

-- Stopped: what came stays.
select atelier.playground_chat(:'talk', 'Q3') as third \gset
select is((atelier.stop_message((:'third'::jsonb ->> 'message_id')::uuid)).state, 'stopped', 'what waits is stopped at once');
select is((atelier.stop_message((:'third'::jsonb ->> 'message_id')::uuid)).state, 'stopped', 'and stays so');
select is((atelier.stop_message((:'first'::jsonb ->> 'user_message_id')::uuid)).state, 'complete', 'what has ended stays as it is');
select atelier.regenerate_message((:'third'::jsonb ->> 'message_id')::uuid) as fourth \gset
select pg_temp.sign_out();
select pg_temp.claim((:'fourth'::jsonb ->> 'job_id')::uuid) as attempt \gset
select pg_temp.become('atelier_worker');
select atelier_engine.append_texts(array[:'attempt'::uuid], '{0}', '{"Half of"}') \g /dev/null
select pg_temp.sign_in(:alice);
select is((atelier.stop_message((:'fourth'::jsonb ->> 'message_id')::uuid)).state, 'pending', 'what is being said is stopped when the server has heard of it');
select pg_temp.become('atelier_worker');
select atelier_engine.record_cancelled(:'attempt') \g /dev/null
select pg_temp.sign_in(:alice);
select row_eq(format('select content, state from atelier.messages where id = %L', :'fourth'::jsonb ->> 'message_id'), row('Half of'::text, 'stopped'::text), 'with as much as came');
select atelier.playground_chat(:'talk', 'Q4') as fifth \gset
select is((pg_temp.told(:'fifth'))[4], 'assistant: Half of', 'which the model is told');
select pg_temp.sign_out();
-- chat_defect_failed_answers_vanish: a message says that its answer failed.
select pg_temp.claim((:'fifth'::jsonb ->> 'job_id')::uuid) as attempt \gset
select is(pg_temp.fail(:'attempt', 'invalid_input'), 'failed', 'a job fails');
select is((select state from atelier.messages where id = (:'fifth'::jsonb ->> 'message_id')::uuid), 'failed', 'and so does its message');

-- What is deleted leaves no gap.
select pg_temp.sign_in(:alice);
select atelier.choose_message((:'edited'::jsonb ->> 'message_id')::uuid) \g /dev/null
delete from atelier.messages where content = 'A1b';
select is(pg_temp.spoken(:'talk'), '{"user: Q1","user: Q2b","assistant: A2b"}', 'what followed a deleted message follows the one before');
delete from atelier.messages where content in ('Q2b', 'A2b');
select is(pg_temp.spoken(:'talk'), '{"user: Q1"}', 'the branch ends where it is cut');
insert into atelier.messages (conversation_id, sender, content) values (:'talk', 'user', 'Q5');
select is(pg_temp.spoken(:'talk'), '{"user: Q1","user: Q5"}', 'and goes on there');
delete from atelier.messages where conversation_id = :'talk';
select is((select active_message_id from atelier.conversations where id = :'talk'), null, 'with nothing left there is no end');
set constraints all immediate;
delete from atelier.conversations where id = :'talk';
select is((select count(*) from atelier.messages), 0::bigint, 'a conversation goes as a whole');
select pg_temp.sign_out();
select * from finish();
rollback;
