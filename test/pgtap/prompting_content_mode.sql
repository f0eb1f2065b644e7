-- For whom a prompt is, by words.
begin;
select plan(31);
\ir support/people.sql

select columns_are('atelier', 'content_terms', array['id', 'term', 'meaning', 'is_active', 'created_at', 'updated_at', 'created_by']);
select pg_temp.sign_in(pg_temp.ada()) \g /dev/null
create temp table prompts (prompt text, mode atelier.content_mode, why text);
insert into prompts values
  ('a red circle', 'sfw', 'nothing is found'),
  ('', 'sfw', 'nor in nothing'),
  ('a nude on a sofa', 'nsfw', 'a word is found'),
  ('A NUDE', 'nsfw', 'whatever the case of its letters'),
  ('(nude:1.3), sofa', 'nsfw', 'and with a weight'),
  ('a denuded hill, a nudeless word', 'sfw', 'whole words only, unlike a substring search'),
  ('a nude with passion', 'nsfw', 'a whitelist word does not switch it off: passion'),
  ('classic nude, first class', 'nsfw', 'a whitelist word does not switch it off: class'),
  ('nude lipstick on a table', 'sfw', 'a harmless term excuses itself'),
  ('a nude with nude lipstick', 'nsfw', 'and nothing else'),
  ('nude lipstick nude', 'nsfw', 'on neither side'),
  ('nude nude lipstick', 'nsfw', 'on the other'),
  ('nude lipsticks', 'nsfw', 'a longer word is another word'),
  ('seen with the naked-eye', 'sfw', 'a hyphen is a space'),
  ('x-rated', 'nsfw', 'in what is found, too'),
  ('x_rated_scene', 'nsfw', 'an underscore is no letter'),
  ('18+', 'nsfw', 'signs mean themselves'),
  ('1888', 'sfw', 'and not what they mean in patterns'),
  (U&'\FF4E\FF55\FF44\FF45', 'nsfw', 'wide letters are the same letters'),
  (U&'nu\200Bde', 'nsfw', 'an invisible one divides no word'),
  (null, null, 'null is null');
select is(atelier.detect_content_mode(prompt), mode, why) from prompts;
select throws_ok(format('select atelier.detect_content_mode(%L)', repeat('x', 10001)), '22023', 'the prompt is too long', 'there is a limit');
select is_empty('select from atelier.content_terms', 'people do not see the words');

-- Operators extend them.
select pg_temp.sign_in(pg_temp.root()) \g /dev/null
insert into atelier.content_terms (term, meaning) values ('purple square', 'nsfw');
update atelier.content_terms set is_active = false where term = 'nude';
select is(atelier.detect_content_mode('a purple-square'), 'nsfw', 'a term of their own');
select is(atelier.detect_content_mode('a nude'), 'sfw', 'one that they turned off');
update atelier.content_terms set is_active = false;
select is(atelier.detect_content_mode('naked'), 'sfw', 'without any there is nothing to find');
select throws_ok(format('insert into atelier.content_terms (term, meaning) values (%s)', bad), '23514', null, bad) from unnest(array['''Upper'', ''nsfw''', '''two  spaces'', ''nsfw''', '''x'', ''maybe''']) bad;

select pg_temp.become('authenticated') \g /dev/null
select throws_ok($$select atelier.detect_content_mode('x')$$, 'PT401', 'sign in first', 'a token without a user gets nothing');
select * from finish();
rollback;
