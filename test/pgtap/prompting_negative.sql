-- Negative prompts: put together by priority, each term once.
begin;
select plan(25);
\ir support/people.sql
update atelier.profiles set birth_date = '1980-01-01' where id = pg_temp.ada();

select columns_are('atelier', 'negative_prompts', array['id', 'model_type', 'content_mode', 'negative_prompt', 'is_active', 'priority', 'created_at', 'updated_at', 'created_by',
  'description', 'generation_mode']);
select has_index('atelier', 'negative_prompts', 'idx_negative_prompts_lookup', array['model_type', 'content_mode', 'generation_mode', 'is_active', 'priority'], 'the index of the lookup');
select col_default_is('atelier', 'negative_prompts', 'content_mode', 'sfw', 'content_mode is not nsfw by default');
select col_not_null('atelier', 'negative_prompts', 'generation_mode', 'no row is for no generation mode');
select is_empty($$select from atelier.negative_prompts where content_mode = 'nsfw'$$, 'none that comes with Atelier is nsfw');

select pg_temp.sign_in(pg_temp.root()) \g /dev/null
insert into atelier.negative_prompts (model_type, content_mode, generation_mode, priority, is_active, negative_prompt) values
  ('m', 'sfw', 'txt2img', 1, true, 'low, Blurry ,, text'), ('m', 'sfw', 'txt2img', 9, true, 'blurry, (extra, fused  fingers:1.3), high'),
  ('m', 'sfw', 'txt2img', 5, true, 'HIGH, middle' || chr(10)), ('m', 'sfw', 'txt2img', 99, false, 'retired'), ('m', 'sfw', 'i2i', 1, true, 'few'), ('m', 'nsfw', 'txt2img', 1, true, 'other');
select lives_ok($$insert into atelier.negative_prompts (model_type, generation_mode, negative_prompt) values ('m', 'i2i', 'low, Blurry ,, text')$$, 'the same words can be for i2i, too');
select throws_ok($$insert into atelier.negative_prompts (model_type, negative_prompt) values ('m', 'low, Blurry ,, text')$$, '23505', null, 'but not twice for one mode');
select throws_ok($$insert into atelier.negative_prompts (negative_prompt) values ('(a')$$, '22023', 'the parentheses are not balanced', 'weights must be right');
select throws_ok($$insert into atelier.negative_prompts (negative_prompt) values (' ')$$, '23514', null, 'something has to be said');
select throws_ok($$insert into atelier.negative_prompts (negative_prompt, generation_mode) values ('x', 'inpaint')$$, '23514', null, 'for a generation mode that there is');
select throws_ok(format('insert into atelier.negative_prompts (negative_prompt) values (%L)', repeat('x', 2001)), '23514', null, 'not too long');

select pg_temp.sign_in(pg_temp.ada()) \g /dev/null
select is(atelier.get_negative_prompt('m'), 'blurry, (extra, fused fingers:1.3), high, middle, low, text', 'the highest priority first, each term once, a comma in parentheses divides nothing');
select is(atelier.get_negative_prompt('m', generation_mode => 'i2i'), 'few, low, Blurry, text', 'of the generation mode that is asked for');
select is(atelier.get_negative_prompt('m', 'nsfw'), 'other', 'of the content mode that is asked for');
select is(atelier.get_negative_prompt('nothing'), '', 'nothing for a model without rows');
select matches(atelier.get_negative_prompt(), '^nsfw, nudity, .*blurry', 'what comes with Atelier is for SDXL');
select is(atelier.get_negative_prompt('wan'), 'nsfw, nudity, violence, gore, flicker, jitter, frozen frame, morphing shapes, blurry, watermark', 'and for WAN');
select throws_ok($$select atelier.get_negative_prompt('m', generation_mode => 'inpaint')$$, '22023', 'there is no such generation mode', 'an unknown mode is refused');
select throws_ok($$select atelier.get_negative_prompt('m', null)$$, '22023', 'there is no content mode', 'so is none');
select is_empty('select from atelier.negative_prompts', 'people do not see the rows');
select pg_temp.sign_in(pg_temp.bob()) \g /dev/null
select throws_ok($$select atelier.get_negative_prompt('m', 'nsfw')$$, '42501', 'this content mode is for people whose age is verified', 'nsfw is for adults');
select throws_ok(format('select atelier.get_negative_prompt(p_user_id => %L)', pg_temp.ada()), '42501', 'you may act only for yourself', 'nobody asks for somebody else');
select pg_temp.become('authenticated') \g /dev/null
select throws_ok('select atelier.get_negative_prompt()', 'PT401', 'sign in first', 'a token without a user gets nothing');
select pg_temp.become('anon') \g /dev/null
select throws_ok('select atelier.get_negative_prompt()', '42501', null, 'nor does anon');
select throws_ok('select from atelier.negative_prompts', '42501', null, 'nor from the table');

select * from finish();
rollback;
