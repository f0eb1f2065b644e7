-- Conversations, messages, and answers that come bit by bit.
begin;
\ir support/jobs.sql
select plan(41);

-- Conversations are private, and what is said in them.
select pg_temp.sign_in(:alice);
insert into atelier.conversations default values returning id as talk \gset
select row_eq(format('select user_id, title, status, memory_tier from atelier.conversations where id = %L', :'talk'),
  row(:alice::uuid, 'New Conversation'::text, 'active'::text, 'conversation'::text), 'a conversation is one''s own');
update atelier.conversations set title = 'Talk' where id = :'talk';
insert into atelier.messages (conversation_id, sender, content) values (:'talk', 'user', 'Hello ä') returning id as message \gset
select is((select user_id from atelier.messages where id = :'message'), :alice, 'what is said in it is its owner''s');
select throws_ok(format($$insert into atelier.messages (conversation_id, sender, content) values (%L, 'system', 'x')$$, :'talk'), '23514', null, 'nobody else speaks');
select throws_ok(format($$update atelier.messages set content = 'x' where id = %L$$, :'message'), '42501', null, 'what is said stays said');
select throws_ok(format($$insert into atelier.messages (conversation_id, sender, content, job_id) values (%L, 'assistant', '', gen_random_uuid())$$, :'talk'), '42501', null,
  'clients do not say which job answers');
select throws_ok($$insert into atelier.conversations (memory_tier) values ('everything')$$, '23514', null, 'a memory tier is one of three');
select throws_ok($$insert into atelier.conversations (memory_data) values ('[]')$$, '23514', null, 'memory is an object');
select throws_ok($$insert into atelier.conversations (title) values ('')$$, '23514', null, 'a title is not empty');
select throws_ok($$update atelier.conversations set user_id = user_id$$, '42501', null, 'nobody gives a conversation away');
select pg_temp.sign_in(:bob);
select is_empty('select from atelier.conversations', 'others do not see it');
select is_empty('select from atelier.messages', 'nor what is said');
select is_empty(format('update atelier.conversations set title = ''x'' where id = %L returning id', :'talk'), 'nor change it');
select is_empty(format('delete from atelier.conversations where id = %L returning id', :'talk'), 'nor delete it');
select throws_ok(format($$insert into atelier.messages (conversation_id, sender, content) values (%L, 'user', 'x')$$, :'talk'), '23503', null, 'nor speak in it');
select throws_ok(format($$insert into atelier.conversations (user_id) values (%L)$$, :alice), '42501', null, 'nor begin one for somebody else');
select throws_ok(format('select atelier.message_stream(%L)', :'message'), 'PT404', 'no such message', 'nor listen');
select pg_temp.sign_out();
update atelier.conversations set updated_at = now() - interval '1 day' where id = :'talk';
insert into atelier.messages (conversation_id, user_id, sender, content) values (:'talk', :alice, 'user', 'Again');
select is((select updated_at from atelier.conversations where id = :'talk'), now(), 'where something is said is the latest one');

-- An answer, bit by bit.
select pg_temp.queue(:alice, 'tell me') as job \gset
select pg_temp.claim(:'job') as attempt \gset
insert into atelier.messages (conversation_id, user_id, sender, content, job_id) values (:'talk', :alice, 'assistant', '', :'job') returning id as answer \gset
create function pg_temp.say(p_attempt uuid, p_starts_at integer, p_text text) returns void language plpgsql as $$
begin
  perform pg_temp.become('atelier_worker');
  perform atelier_engine.append_texts(array[p_attempt], array[p_starts_at], array[p_text]);
  perform pg_temp.sign_out();
end $$;
create function pg_temp.hear(p_after bigint default 0) returns jsonb language sql as
$$ select atelier.job_stream((select id from atelier.jobs where original_prompt = 'tell me'), p_after, 0) $$;
select pg_temp.sign_in(:alice);
select throws_ok('select atelier_engine.append_texts(''{}'', ''{}'', ''{}'')', '42501', null, 'only the dispatcher writes answers down');
select throws_ok('select from atelier_engine.text_pieces', '42501', null, 'nobody reads the pieces');
select is(pg_temp.hear() - 'cursor' - 'status', '{"text": "", "restarted": false, "done": false}', 'nothing was said yet');
select pg_temp.sign_out();
select pg_temp.say(:'attempt', 0, 'Once ä ');
select pg_temp.sign_in(:alice);
select pg_temp.hear() as heard \gset
select is(:'heard'::jsonb ->> 'text', 'Once ä ', 'what was said is heard');
select pg_temp.sign_out();
select pg_temp.say(:'attempt', 7, 'time');
select pg_temp.say(:'attempt', 7, 'time');
select pg_temp.sign_in(:alice);
select is(pg_temp.hear((:'heard'::jsonb ->> 'cursor')::bigint) ->> 'text', 'time', 'and then the rest, once');
select is(pg_temp.hear() ->> 'text', 'Once ä time', 'and from the beginning by who begins');
select is(atelier.message_stream(:'answer', 0, 0) ->> 'text', 'Once ä time', 'the message says the same');
select is(atelier.message_stream(:'message', 0, 0) - 'status', '{"text": "Hello ä", "cursor": 7, "restarted": false, "done": true}', 'a message without a job is there');
select is(atelier.message_stream(:'message', 6, 0) ->> 'text', 'ä', 'and its rest');
select throws_ok('select pg_temp.hear(-1)', '22023', 'after is not a cursor', 'a cursor is not negative');
select throws_ok('select pg_temp.hear(null)', '22023', 'after is not a cursor', 'nor null');
select pg_temp.sign_in(:bob);
select throws_ok(format('select atelier.job_stream(%L)', :'job'), 'PT404', 'no such job', 'others hear nothing');
select pg_temp.become('anon');
select throws_ok(format('select atelier.job_stream(%L)', :'job'), '42501', null, 'anon may not ask');
select throws_ok(format('select atelier.message_stream(%L)', :'answer'), '42501', null, 'nor for a message');
select pg_temp.sign_out();

-- Another try begins anew; what came before the end is kept.
select pg_temp.become('atelier_worker');
select atelier_engine.record_failure(:'attempt', 'overload', 503, 'busy', null, null, true, now(), now(), now(), now()) \g /dev/null
select pg_temp.sign_out();
update atelier_engine.queue set run_at = clock_timestamp() where job_id = :'job';
delete from atelier_engine.endpoint_states;
select pg_temp.claim(:'job') as second \gset
select pg_temp.sign_in(:alice);
select is(pg_temp.hear((:'heard'::jsonb ->> 'cursor')::bigint) - 'cursor' - 'status', '{"text": "", "restarted": true, "done": false}', 'it is said that it begins anew');
select pg_temp.sign_out();
select pg_temp.say(:'second', 0, 'Twice');
select pg_temp.sign_in(:alice);
select is(pg_temp.hear((:'heard'::jsonb ->> 'cursor')::bigint) ->> 'text', 'Twice', 'and the text from the beginning');
select atelier.cancel_job(:'job') \g /dev/null
select pg_temp.sign_out();
select pg_temp.become('atelier_worker');
select atelier_engine.record_cancelled(:'second') \g /dev/null
select pg_temp.sign_out();
select is((select content from atelier.messages where id = :'answer'), 'Twice', 'the message of a stopped answer has what was said');
select is((pg_temp.job(:'job')).metadata ->> 'partial_text', 'Twice', 'and the job');
select is_empty('select from atelier_engine.text_pieces', 'and the pieces are gone');
select pg_temp.sign_in(:alice);
select is(pg_temp.hear() - 'cursor', '{"text": "Twice", "restarted": false, "done": true, "status": "cancelled"}', 'who comes late hears it');
select pg_temp.sign_out();
delete from atelier.jobs where id = :'job';
select is((select job_id from atelier.messages where id = :'answer'), null, 'messages outlive their jobs');
delete from atelier.conversations where id = :'talk';
select is_empty('select from atelier.messages', 'and go with their conversation');
delete from auth.users where id = :alice;
select is_empty('select from atelier.conversations', 'and with their owner');

-- For the workers: nothing said is nothing written.
select pg_temp.become('atelier_worker');
select lives_ok('select atelier_engine.append_texts(''{}'', ''{}'', ''{}'')', 'nothing is nothing');
select pg_temp.sign_out();
select * from finish();
rollback;
