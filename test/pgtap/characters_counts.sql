-- Characters: likes, interactions, scenes and portraits are counted right, by nobody but the database.
begin;
\ir support/jobs.sql
select plan(45);

select table_privs_are('atelier', t, 'anon', array[]::text[], t || ': nothing for anon') from unnest(array['character_likes', 'character_interactions']) t;
select table_privs_are('atelier', t, 'authenticated', array['SELECT'], t || ': only seen') from unnest(array['character_likes', 'character_interactions']) t;
select function_privs_are('atelier', f, array['uuid'], 'anon', array[]::text[], f || '(): not for anon')
  from unnest(array['like_character', 'unlike_character', 'record_character_interaction']) f;

select pg_temp.sign_in(:alice);
insert into atelier.characters (name, description) values ('Eve', 'a circle') returning id as eve, updated_at as changed_at \gset
insert into atelier.characters (name, description) values ('Zoe', 'a star') returning id as zoe \gset
insert into atelier.characters (name, description, is_public) values ('Ada', 'a square', false) returning id as ada \gset
create function pg_temp.counted(p_name text) returns bigint[] language sql as
$$ select array[likes_count, interaction_count, scene_count, portrait_count] from atelier.characters where name = p_name $$;

-- Likes.
select is(atelier.like_character(:'eve'), 1, 'a like counts');
select is(atelier.like_character(:'eve'), 1, 'once');
select pg_temp.sign_in(:bob);
select is(atelier.like_character(:'eve'), 2, 'that of another, too');
select results_eq('select user_id from atelier.character_likes', array[:bob::uuid], 'people see their own likes');
select throws_ok(format('insert into atelier.character_likes (character_id, user_id) values (%L, %L)', :'zoe', :bob), '42501', null, 'nobody writes likes himself');
select throws_ok('delete from atelier.character_likes', '42501', null, 'nor deletes them');
select throws_ok(format('select atelier.%s(%L)', f, :'ada'), 'PT404', 'no such character', f || '(): not a character that is not visible')
  from unnest(array['like_character', 'unlike_character', 'record_character_interaction']) f;
select throws_ok(format('select atelier.%s(%L)', f, '00000000-0000-7000-8000-000000000000'), 'PT404', 'no such character', f || '(): nor one that does not exist')
  from unnest(array['like_character', 'unlike_character', 'record_character_interaction']) f;
select throws_ok(format('select atelier.%s(null)', f), 'PT404', 'no such character', f || '(): nor none')
  from unnest(array['like_character', 'unlike_character', 'record_character_interaction']) f;
select is(atelier.unlike_character(:'eve'), 1, 'a like is taken back');
select is(atelier.unlike_character(:'eve'), 1, 'once');
select is(atelier.like_character(:'eve'), 2, 'and given again');
select pg_temp.become('service_role');
select throws_ok(format('select atelier.%s(%L)', f, :'eve'), 'PT401', 'sign in first', f || '(): the back end is nobody')
  from unnest(array['like_character', 'unlike_character', 'record_character_interaction']) f;
select pg_temp.sign_out();
select is((select updated_at from atelier.characters where id = :'eve'), :'changed_at'::timestamptz, 'a like changes nothing of the character');
insert into atelier.character_likes (character_id, user_id) select c, u from unnest(array[:'eve', :'zoe']::uuid[]) c, unnest(array[:alice, :bob, :carol]::uuid[]) u on conflict do nothing;
select is(array[pg_temp.counted('Eve'), pg_temp.counted('Zoe')], array[[3, 0, 0, 0], [3, 0, 0, 0]]::bigint[], 'many at once');
select pg_temp.sign_in(:alice);
update atelier.characters set is_public = false where id = :'zoe';
select pg_temp.sign_in(:bob);
select is(atelier.unlike_character(:'zoe'), 2, 'a like can be taken back from what is private now');
select pg_temp.sign_out();
delete from auth.users where id = :carol;
select is(array[pg_temp.counted('Eve'), pg_temp.counted('Zoe')], array[[2, 0, 0, 0], [1, 0, 0, 0]]::bigint[], 'who leaves takes his likes along');

-- Interactions.
select pg_temp.sign_in(:bob);
select is(atelier.record_character_interaction(:'eve'), 1::bigint, 'an interaction counts');
select is(atelier.record_character_interaction(:'eve'), 2::bigint, 'each time');
select results_eq('select user_id, interaction_count from atelier.character_interactions', $$ values ('b0b00000-0000-7000-8000-000000000002'::uuid, 2::bigint) $$, 'for the user, too');
select throws_ok('update atelier.character_interactions set interaction_count = 9', '42501', null, 'and he does not count himself');
select pg_temp.sign_in(:alice);
select is(atelier.record_character_interaction(:'eve'), 3::bigint, 'those of all add up');
select results_eq('select interaction_count from atelier.character_interactions', array[1::bigint], 'each sees his own');
select pg_temp.sign_out();

-- Scenes and portraits.
insert into atelier.user_library (user_id, asset_type, storage_path, file_size_bytes, mime_type, original_prompt, model_used)
select :alice, 'image', :alice || '/' || n || '.png', 1, 'image/png', 'p', 'm' from generate_series(1, 3) n;
insert into atelier.user_library (user_id, asset_type, storage_path, file_size_bytes, mime_type, original_prompt, model_used)
values (:bob, 'image', :bob || '/1.png', 1, 'image/png', 'p', 'm');
select pg_temp.sign_in(:alice);
update atelier.user_library set character_id = :'eve', output_type = 'portrait';
select is((pg_temp.counted('Eve'))[4], 3::bigint, 'portraits are counted');
update atelier.user_library set character_id = :'zoe' where storage_path = :alice || '/1.png';
select is((pg_temp.counted('Eve'))[4] || ' and ' || (pg_temp.counted('Zoe'))[4], '2 and 1', 'moving a portrait between two characters changes both counts');
update atelier.user_library set output_type = 'pose' where storage_path = :alice || '/2.png';
select is((pg_temp.counted('Eve'))[4], 1::bigint, 'what is no portrait any more does not count');
select pg_temp.sign_in(:bob);
update atelier.user_library set character_id = :'eve', output_type = 'portrait';
select pg_temp.sign_out();
select is((pg_temp.counted('Eve'))[4], 1::bigint, 'nor does what others have');
insert into atelier.character_scenes (user_id, character_id, scene_prompt) select :alice, :'eve', 'x' from generate_series(1, 5);
update atelier.character_scenes set character_id = :'zoe' where id in (select id from atelier.character_scenes limit 2);
delete from atelier.character_scenes where id in (select id from atelier.character_scenes where character_id = :'eve' limit 1);
select is((pg_temp.counted('Eve'))[3] || ' and ' || (pg_temp.counted('Zoe'))[3], '2 and 2', 'scenes are counted, moved and deleted');

-- A dump has the counts and the likes.
create temporary table dumped as select * from atelier.character_likes;
delete from atelier.character_likes;
update atelier.characters set likes_count = 2 where id = :'eve';
set local row_security = off;
set local check_function_bodies = off;
insert into atelier.character_likes select * from dumped;
set local row_security = on;
set local check_function_bodies = on;
select is((pg_temp.counted('Eve'))[1], 2::bigint, 'a restored dump counts no like twice');
delete from atelier.characters where id = :'zoe';
select is((select count(*) from atelier.user_library where storage_path = :alice || '/1.png' and character_id is null), 1::bigint, 'pictures outlive their character');

select * from finish();
rollback;
