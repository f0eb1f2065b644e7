-- What models are told again, and how far it reaches.
begin;
\ir support/jobs.sql
select plan(28);
\ir support/chat.sql
insert into atelier.characters (user_id, name, description) values (:carol, 'Ada', 'an engineer') returning id as ada \gset
insert into atelier.characters (user_id, name, description, is_public) values (:carol, 'Hidden', 'private', false) returning id as hidden \gset
select pg_temp.sign_in(:alice);
insert into atelier.conversations (character_id) values (:'ada') returning id as talk \gset
insert into atelier.conversations (character_id) values (:'ada') returning id as other \gset
select (atelier.remember('It rains.', conversation_id => :'talk')).id as rain \gset
select row_eq(format('select user_id, tier, conversation_id, content, importance from atelier.memories where id = %L', :'rain'),
  row(:alice::uuid, 'conversation'::text, :'talk'::uuid, 'It rains.'::text, 5::smallint), 'a conversation is remembered');
select (atelier.remember('Ada is my sister.', character_id => :'ada', importance => 9)).id as sister \gset
select (atelier.remember('I am called Alice.', 'profile', importance => 7)).id as name \gset
select results_eq(format('select content from atelier.conversation_memories(%L)', :'talk'), array['It rains.'], 'a conversation reaches as far as itself');
select is_empty(format('select from atelier.conversation_memories(%L)', :'other'), 'and not to another');
update atelier.conversations set memory_tier = 'character';
select results_eq(format('select content from atelier.conversation_memories(%L)', :'talk'), array['Ada is my sister.', 'It rains.'], 'or to all that is about its character');
select results_eq(format('select content from atelier.conversation_memories(%L)', :'other'), array['Ada is my sister.'], 'in every conversation with it');
update atelier.conversations set memory_tier = 'profile';
select results_eq(format('select content from atelier.conversation_memories(%L)', :'talk'), array['Ada is my sister.', 'I am called Alice.', 'It rains.'], 'or to all there is, the most important first');
select atelier.playground_chat(:'talk', 'Hi') as turn \gset
select matches(pg_temp.system_of((:'turn'::jsonb ->> 'job_id')::uuid), 'Remember: Ada is my sister.\n\nRemember: I am called Alice.\n\nRemember: It rains.$', 'the model is told');
select results_eq(format($$select reason from atelier.chat_context(%L) where kind = 'memory'$$, :'talk'),
  array['character memory of importance 9', 'profile memory of importance 7', 'conversation memory of importance 5'], 'and why, to look at');
update atelier.conversations set character_id = null where id = :'talk';
select is((select count(*) from atelier.conversation_memories(:'talk')), 2::bigint, 'without the character there is nothing about it');
select lives_ok(format('select atelier.forget(%L)', :'rain'), 'it can be forgotten');
select throws_ok(format('select atelier.forget(%L)', :'rain'), 'PT404', 'no such memory', 'once');
select throws_ok($$select atelier.remember('x', 'conversation')$$, '22023', 'a memory is of a conversation, of a character or of the profile', 'a conversation is named');
select throws_ok(format($$select atelier.remember('x', 'profile', %L)$$, :'talk'), '22023', null, 'or not');
select throws_ok($$select atelier.remember('x', 'everything')$$, '22023', null, 'an unknown tier');
select throws_ok($$select atelier.remember(null, 'profile')$$, '22023', 'content is empty or too long', 'null');
select throws_ok($$select atelier.remember(' ', 'profile')$$, '22023', 'content is empty or too long', 'nothing');
select throws_ok($$select atelier.remember(repeat('x', 2001), 'profile')$$, '22023', 'content is empty or too long', 'too much');
select throws_ok($$select atelier.remember('x', 'profile', importance => 11)$$, '22023', 'importance is out of range', 'too important');
select throws_ok(format($$select atelier.remember('x', 'character', character_id => %L)$$, :'hidden'), 'PT404', 'no such character', 'a hidden character');
select throws_ok($$insert into atelier.memories (user_id, tier, content) values (auth.uid(), 'profile', 'x')$$, '42501', null, 'only remember() writes');
select pg_temp.sign_in(:bob);
select is_empty('select from atelier.memories', 'others see nothing');
select throws_ok(format($$select atelier.remember('x', 'conversation', %L)$$, :'talk'), 'PT404', 'no such conversation', 'nor write into it');
select throws_ok(format('select atelier.forget(%L)', :'name'), 'PT404', 'no such memory', 'nor forget it');
select throws_ok(format('select atelier.conversation_memories(%L)', :'talk'), 'PT404', 'no such conversation', 'nor list it');
select pg_temp.become('service_role');
select throws_ok($$select atelier.remember('x', 'profile')$$, 'PT401', null, 'nobody in particular remembers nothing');
select pg_temp.sign_out();
insert into atelier.memories (user_id, tier, content) select :bob, 'profile', 'm' || n from generate_series(1, 500) n;
select pg_temp.sign_in(:bob);
select throws_ok($$select atelier.remember('x', 'profile')$$, 'PT409', 'there is no room for more memories', 'there is an end');
insert into atelier.conversations (memory_tier) values ('profile') returning id as bobs \gset
select is((select count(*) from atelier.conversation_memories(:'bobs')), 100::bigint, 'and a hundred are told');
select pg_temp.sign_out();
delete from atelier.conversations where id = :'talk';
delete from atelier.characters where id = :'ada';
select is((select array_agg(content) from atelier.memories where user_id = :alice), '{I am called Alice.}', 'what something is about takes it along');
select * from finish();
rollback;
