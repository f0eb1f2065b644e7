-- What a model is told before it answers, and why.
begin;
\ir support/jobs.sql
update atelier.endpoints set max_concurrency = 100 where is_active;
select plan(18);
\ir support/chat.sql

select pg_temp.sign_in(:alice);
insert into atelier.conversations default values returning id as talk \gset
insert into atelier.messages (conversation_id, sender, content)
select :'talk', case n % 2 when 1 then 'user' else 'assistant' end, 'turn ' || lpad(n::text, 3, '0') || repeat(' word', 60) from generate_series(1, 200) n;
select is((select count(*) from atelier.conversation_messages(:'talk', max_messages => 1000)), 200::bigint, 'what an app writes follows what it wrote before, also in one statement');
select results_eq(format($$select left(content, 8) from atelier.conversation_messages(%L, max_messages => 3)$$, :'talk'),
  array['turn 198', 'turn 199', 'turn 200'], 'the latest page is the newest, oldest first');
select results_eq(format($$select left(m.content, 8) from atelier.conversation_messages(%1$L, (select min(message_id::text)::uuid from atelier.conversation_messages(%1$L, max_messages => 3)), 2) m$$, :'talk'),
  array['turn 196', 'turn 197'], 'and the page before comes before it');

-- chat_defect_oldest_messages_sent: the newest turns are what the model is told.
select atelier.playground_chat(:'talk', 'And now?') as turn \gset
select is(left((pg_temp.told(:'turn'))[array_length(pg_temp.told(:'turn'), 1)], 19), 'assistant: turn 200', 'the newest turn is told');
select ok(not pg_temp.told(:'turn')::text like '%turn 001%', 'the oldest is not');
select ok((select bool_and(a.n = b.n - 1) from (select substring(t from 'turn (\d+)')::integer as n, i from unnest(pg_temp.told(:'turn')) with ordinality u (t, i)) a
             join (select substring(t from 'turn (\d+)')::integer as n, i from unnest(pg_temp.told(:'turn')) with ordinality u (t, i)) b on b.i = a.i + 1),
  'in the order in which they were said, without a gap');
select pg_temp.sign_out();
select pg_temp.stop_all(:alice);

-- The same, to look at.
select pg_temp.sign_in(:alice);
create temp view context as select * from atelier.chat_context((select id from atelier.conversations limit 1), 'And?', 2000);
select ok(sum(tokens) filter (where included) + 5 <= 2000 and sum(tokens) filter (where included) > 1800, 'the budget is used and kept') from context;
select is((select array_agg(distinct kind) from context where role = 'system'), '{template}', 'instructions come with their kind');
select matches((select reason from context where not included and role <> 'system' order by place limit 1 offset 1), '^no room: older than the newest \d+ tokens$', 'what finds no room says so');
select is((select count(*) from context where not included and content <> ''), 1::bigint, 'and nothing older is looked at');
select is((select left(content, 8) from context where kind = 'turn' and included order by place limit 1), 'And now?', 'the newest finds room first');
select row_eq($$select reason, included from context where kind = 'turn' and content = '' order by place limit 1$$, row('says nothing'::text, false), 'an answer that was stopped at once says nothing')
;
select throws_ok(format('select atelier.chat_context(%L, token_budget => 0)', :'talk'), '22023', 'token_budget is out of range', 'a budget is positive');
select throws_ok(format('select atelier.chat_context(%L, token_budget => 13000)', :'talk'), '22023', 'token_budget is out of range', 'and what a request can hold');

-- Instructions do not crowd out the conversation.
insert into atelier.characters (name, description) values ('Long', repeat('long ', 1900)) returning id as long \gset
update atelier.conversations set character_id = :'long' where id = :'talk';
select row_eq($$select included, reason from context where kind = 'character'$$, row(false, 'no room: ' || (1200 - (select tokens from context where kind = 'template')) || ' tokens are left for instructions'), 'what is too long for the instructions is left out, and says so');
select ok(count(*) filter (where kind = 'turn' and included) > 10, 'and the turns have their room') from context;

-- What takes more room as JSON than as text.
insert into atelier.messages (conversation_id, sender, content) select :'talk', 'user', repeat(chr(1), 4000) from generate_series(1, 10);
select atelier.playground_chat(:'talk', 'Odd?') as odd \gset
select ok(octet_length(parameters::text) <= 65536, 'a request stays as small as it must') from atelier.jobs where id = (:'odd'::jsonb ->> 'job_id')::uuid;
select is((select pg_temp.told(:'odd'))[1] is not null, true, 'and still tells something');
select pg_temp.sign_out();
select * from finish();
rollback;
