-- Characters: who sees and changes which, what a row may hold, and what may refer to one.
begin;
\ir support/jobs.sql
select plan(63);

select policies_are('atelier', 'characters', array['everybody sees public characters', 'adults see public characters of any rating',
  'people and administrators see characters', 'people make their own characters', 'people and administrators change characters',
  'people and administrators delete characters'], 'characters: the policies');
select indexes_are('atelier', 'characters', array['characters_pkey', 'idx_characters_user_id', 'idx_characters_role', 'idx_characters_user_id_role',
  'idx_characters_quick_start', 'idx_characters_user_quick_start', 'characters_public_idx', 'characters_creator_idx'], 'characters: the indexes');
select policies_are('atelier', 'character_scenes', array['people see their own scenes', 'people make their own scenes',
  'people change their own scenes', 'people delete their own scenes'], 'scenes: one policy per verb');

-- What a row may hold.
select pg_temp.sign_in(:alice);
insert into atelier.characters (name, description, is_public) values ('Ada', 'a square', false) returning id as ada \gset
insert into atelier.characters (name, description) values ('Eve', 'a circle') returning id as eve \gset
insert into atelier.characters (name, description, content_rating) values ('Ivy', 'a bare circle', 'nsfw') returning id as ivy \gset
insert into atelier.characters (name, description, content_rating, is_public) values ('Una', 'a bare square', 'nsfw', false) returning id as una \gset
select row_eq(format($$ select user_id, creator_id, is_public, gender, content_rating, role, consistency_method, likes_count, interaction_count, quick_start, style_preset
    from atelier.characters where id = %L $$, :'eve'),
  row(:alice::uuid, :alice::uuid, true, 'unspecified'::text, 'sfw'::text, 'ai'::text, 'i2i_reference'::text, 0, 0::bigint, false, 'realistic'::text), 'a character is its maker''s, and has defaults');
select lives_ok(format($$ update atelier.characters set seed_locked = 9007199254740991 where id = %L $$, :'ada'), 'a seed that no integer holds can be locked');
select throws_ok(format('update atelier.characters set %s where id = %L', assignment, :'ada'), '23514', null, 'refused: ' || assignment)
  from unnest(array['name = ''''', 'name = repeat(''x'', 201)', 'description = repeat(''x'', 10001)', 'gender = ''other''', 'content_rating = ''x''', 'role = ''system''', 'consistency_method = ''x''',
    'seed_locked = -1', 'seed_locked = 9007199254740992', 'appearance_tags = array[null]', 'appearance_tags = ''{{a},{b}}''', 'clothing_tags = array_fill(''x''::text, ''{101}'')',
    'alternate_greetings = ''{}''', 'default_presets = ''[]''', 'reference_image_url = ''x''', 'reference_image_url = ''data:image/png;base64,x''', 'reference_image_url = ''file:///etc/x''',
    'personality_traits = ''1''', 'voice_examples = ''{{a}}''']) assignment;
select throws_ok(format('update atelier.characters set %s where id = %L', assignment, :'ada'), '42501', null, 'not for its owner: ' || assignment)
  from unnest(array['likes_count = 1000', 'interaction_count = 1000', 'portrait_count = 1', 'scene_count = 1', format('user_id = %L', :bob), format('creator_id = %L', :bob), 'created_at = now()']) assignment;
select throws_ok($$ insert into atelier.characters (name, description, likes_count) values ('x', 'x', 1000) $$, '42501', null, 'none begins with likes');
select throws_ok(format($$ insert into atelier.characters (name, description, user_id) values ('x', 'x', %L) $$, :bob), '42501', null, 'none is made for somebody else');
select lives_ok(format($$ update atelier.characters set mood = 'glad' where id = %L $$, :'ada'), 'its owner says how it feels');
select pg_temp.sign_out();
select isnt(updated_at, created_at, 'and the change is stamped') from atelier.characters where id = :'ada';

-- Who sees which: the policies and the function that other functions ask say the same.
insert into atelier.characters (id, user_id, name, description, is_public) values ('c0000000-0000-7000-8000-000000000001', null, 'Nobody''s', 'x', true);
insert into atelier.characters (id, user_id, name, description, is_public) values ('c0000000-0000-7000-8000-000000000002', null, 'Nobody''s own', 'x', false);
\set dave '''da5e0000-0000-7000-8000-000000000004'''
insert into auth.users (id, email) values (:dave, 'dave@example.org');
update atelier.profiles set age_verified = true where id = :dave;
create function pg_temp.seen(p_user uuid) returns text[] language plpgsql as $$
declare
  names text[];
begin
  if p_user is null then perform pg_temp.become('anon'); else perform pg_temp.sign_in(p_user); end if;
  names := array(select c.name from atelier.characters c order by 1);
  perform pg_temp.sign_out();
  return names;
end $$;
select is(pg_temp.seen(null), array['Eve', 'Nobody''s'], 'anon sees the public ones for all ages');
select is(pg_temp.seen(:bob), array['Eve', 'Nobody''s'], 'so does who is signed in');
select is(pg_temp.seen(:dave), array['Eve', 'Ivy', 'Nobody''s'], 'who is of age sees what is rated nsfw, too, but nothing private');
select is(pg_temp.seen(:alice), array['Ada', 'Eve', 'Ivy', 'Nobody''s', 'Una'], 'her own she sees all, whatever her age');
select is(pg_temp.seen(:carol), array['Ada', 'Eve', 'Ivy', 'Nobody''s', 'Una'], 'administrators see those of everybody');
select is(array(select c.name from atelier.characters c where atelier_engine.may_see_character(u.id, c) order by 1), pg_temp.seen(u.id), 'functions agree with the policies: ' || u.email)
  from auth.users u where u.id in (:alice, :bob, :carol, :dave) order by u.email;
select pg_temp.sign_in(:bob);
select is_empty($$ update atelier.characters set name = 'taken over' where user_id is null returning id $$, 'a character of nobody is not everybody''s to change');
select is_empty($$ update atelier.characters set name = 'taken over' returning id $$, 'nor is a public one');
select is_empty($$ delete from atelier.characters returning id $$, 'nor to delete');
select throws_ok($$ insert into atelier.characters (user_id, name, description) values (null, 'x', 'x') $$, '42501', null, 'nor to make');

-- What refers to one.
select throws_ok(format(statement, :'ada'), 'PT404', 'no such character', 'a character that is not visible cannot be named: ' || statement)
  from unnest(array['insert into atelier.conversations (character_id) values (%L)', 'insert into atelier.conversations (user_character_id) values (%L)',
    'insert into atelier.projects (original_prompt, media_type, character_id) values (''x'', ''image'', %L)', 'insert into atelier.character_scenes (character_id, scene_prompt) values (%L, ''x'')']) statement;
select throws_ok('insert into atelier.conversations (character_id) values (gen_random_uuid())', 'PT404', 'no such character', 'and one that does not exist is refused alike');
insert into atelier.conversations (character_id) values (:'eve') returning id as talk \gset
insert into atelier.projects (original_prompt, media_type, character_id) values ('x', 'image', :'eve') returning id as project \gset
select lives_ok(format($$ insert into atelier.character_scenes (character_id, conversation_id, scene_prompt, generation_metadata)
  values (%L, %L, 'x', '{"scene_context": {"setting": "a park"}}') $$, :'eve', :'talk'), 'a scene with the public character of somebody else');
select is((select current_location from atelier.conversations where id = :'talk'), 'a park', 'the conversation is where the scene is');
select pg_temp.sign_in(:alice);
select is_empty('select from atelier.character_scenes', 'the owner of a public character sees no scenes of others');
select throws_ok(format($$ insert into atelier.character_scenes (character_id, conversation_id, scene_prompt, generation_metadata)
  values (%L, %L, 'x', '{"scene_context": {"setting": "elsewhere"}}') $$, :'eve', :'talk'), '23503', null, 'nobody hangs a scene into the conversation of somebody else');
select pg_temp.sign_out();
select pg_temp.queue(:bob, 'bob''s') as job \gset
select pg_temp.sign_in(:alice);
select throws_ok(format($$ insert into atelier.character_scenes (character_id, job_id, scene_prompt) values (%L, %L, 'x') $$, :'eve', :'job'), 'PT404', 'no such job', 'nor names the job of somebody else');
-- A character becomes private: who chose it keeps it.
update atelier.characters set is_public = false where id = :'eve';
select pg_temp.sign_in(:bob);
select lives_ok(format('update atelier.conversations set title = ''on'', character_id = %L where id = %L', :'eve', :'talk'), 'who chose a character keeps it when it becomes private');
select throws_ok(format('update atelier.conversations set user_character_id = %L where id = %L', :'eve', :'talk'), 'PT404', null, 'but cannot choose it again');
select pg_temp.sign_out();

-- Leaving.
select lives_ok(format('delete from auth.users where id = %L', :alice), 'an account can be deleted though others use its characters');
select is((select character_id from atelier.conversations where id = :'talk'), null, 'their conversations go on without');
select is((select character_id from atelier.projects where id = :'project'), null, 'so do their projects');

select * from finish();
rollback;
