-- The library: saved once, arranged by its owner, shown to others as its owner wants, gone with its files.
begin;
select plan(73);
\ir support/people.sql

select policies_are('atelier', 'user_library', array['nobody sees withheld assets', 'everybody sees public assets', 'people see their own library',
  'people arrange their own library', 'people delete from their own library']);
select table_privs_are('atelier', 'user_library', 'anon', array['SELECT'], 'library: anon only sees');
select table_privs_are('atelier', 'user_library', 'authenticated', array['SELECT', 'DELETE'], 'library: seen and deleted');
select is(
  (select array_agg(a.attname::text order by a.attname) from pg_attribute a
    where a.attrelid = 'atelier.user_library'::regclass and a.attnum > 0
      and has_column_privilege('authenticated', a.attrelid, a.attnum, 'update')),
  array['character_id', 'collection_id', 'custom_title', 'is_favorite', 'output_type', 'tags', 'visibility'], 'library: seven columns can be written');
select function_privs_are('atelier', 'save_workspace_item_to_library', array['uuid', 'uuid'], role_name, expected,
    'save_workspace_item_to_library for ' || role_name)
  from (values ('anon', array[]::text[]), ('authenticated', array['EXECUTE']), ('service_role', array['EXECUTE']))
    as r (role_name, expected);
select function_privs_are('atelier', 'library_asset_bytes', array['uuid'], 'anon', array['EXECUTE'],
  'anon may ask for shared bytes');
select function_privs_are('atelier_engine', 'save_asset', array['uuid', 'uuid', 'boolean', 'text', 'uuid', 'text[]'],
  'authenticated', array[]::text[], 'saving for anybody is not for clients');

create function pg_temp.asset(n integer) returns uuid language sql immutable as
  $$ select ('00000000-0000-4000-8000-0000000000a' || n)::uuid $$;
create function pg_temp.kept(n integer) returns uuid language sql stable as
  $$ select id from atelier.user_library where source_asset_id = pg_temp.asset(n) $$;
select pg_temp.make_asset(pg_temp.asset(n), pg_temp.ada(), '00000000-0000-4000-8000-0000000000b1', n, 'picture ' || n)
  from generate_series(1, 4) n;

-- Saving.
select pg_temp.sign_in(pg_temp.ada());
create temporary table saved as select atelier.save_workspace_item_to_library(pg_temp.asset(1), pg_temp.ada()) as id;
grant select on saved to public;
select is(atelier.save_workspace_item_to_library(pg_temp.asset(1), pg_temp.ada()), (select id from saved),
  'saved twice it is one asset');
select is((select count(*) from atelier.user_library), 1::bigint, 'there is one row');
select is((select count(*) from storage.objects where bucket_id = 'user-library'), 1::bigint, 'there is one file');
select is((select storage_path from atelier.user_library), format('%s/%s.png', pg_temp.ada(), pg_temp.asset(1)),
  'the file is named after the asset');
select is(sha256(atelier.object_bytes('user-library', storage_path)), sha256('picture 1'), 'the file has the same bytes')
  from atelier.user_library;
select throws_ok($$ select atelier.save_workspace_item_to_library(pg_temp.asset(1), pg_temp.bob()) $$, '42501',
  'you may act only for yourself', 'Ada saves nothing for Bob');
select throws_ok($$ select atelier.save_workspace_item_to_library(null, pg_temp.ada()) $$, 'PT404', 'asset not found',
  'nothing cannot be saved');
select pg_temp.sign_in(pg_temp.bob());
select throws_ok($$ select atelier.save_workspace_item_to_library(pg_temp.asset(1), pg_temp.bob()) $$, 'PT404',
  'asset not found', 'Bob saves nothing of Ada');
select throws_ok($$ select atelier.save_workspace_item_to_library(pg_temp.asset(1), pg_temp.ada()) $$, '42501', null,
  'not even in her name');
select pg_temp.sign_in_as_service();
select lives_ok($$ select atelier.save_workspace_item_to_library(pg_temp.asset(n), pg_temp.ada()) from generate_series(2, 4) n $$,
  'the service role saves for Ada');
select pg_temp.step_aside();
delete from storage.objects where name = (select storage_path from atelier.user_library where id = pg_temp.kept(4));
select pg_temp.sign_in(pg_temp.ada());
select lives_ok($$ select atelier.save_workspace_item_to_library(pg_temp.asset(4), pg_temp.ada()) $$, 'saving again');
select is(atelier.library_asset_bytes(pg_temp.kept(4)), 'picture 4'::bytea, 'brings back a file that was lost');

-- Arranging.
select lives_ok($$ update atelier.user_library set custom_title = 'Sun', tags = '{warm,round}', is_favorite = true
  where id = pg_temp.kept(1) $$, 'Ada arranges her library');
select results_eq($$ select custom_title, tags, is_favorite, updated_at > created_at from atelier.user_library
  where id = pg_temp.kept(1) $$, $$ values ('Sun', array['warm', 'round'], true, true) $$, 'and finds it so');
select throws_ok(format($$ update atelier.user_library set %I = default where id = pg_temp.kept(1) $$, column_name), '42501', null,
    format('Ada cannot write %s', column_name))
  from unnest(array['id', 'user_id', 'asset_type', 'storage_path', 'thumbnail_path', 'file_size_bytes', 'mime_type', 'width',
                    'original_prompt', 'generation_seed', 'source_asset_id', 'created_at']) as column_name;
select throws_ok($$ insert into atelier.user_library (user_id) values (pg_temp.ada()) $$, '42501', null, 'Ada inserts nothing');
select throws_ok($$ update atelier.user_library set visibility = 'secret' $$, '23514', null, 'an unknown visibility');
select throws_ok($$ update atelier.user_library set tags = array_fill('x'::text, array[101]) $$, '23514', null, 'too many tags');
select throws_ok($$ update atelier.user_library set tags = '{{a,b},{c,d}}' $$, '23514', null, 'tags that are a table');
select lives_ok($$ update atelier.user_library set tags = '{}' where id = pg_temp.kept(2) $$, 'no tags');

-- Showing: 1 is private, 2 unlisted, 3 public.
update atelier.user_library set visibility = 'unlisted' where id = pg_temp.kept(2);
update atelier.user_library set visibility = 'public' where id = pg_temp.kept(3);
create temporary table shown as select n, pg_temp.kept(n) as id from generate_series(1, 3) n;
grant select on shown to public;
select is((select count(*) from atelier.user_library), 4::bigint, 'Ada sees all of hers');

select pg_temp.sign_in(pg_temp.bob());
select results_eq($$ select id from atelier.user_library $$, $$ select id from shown where n = 3 $$, 'Bob sees what is public');
select is(atelier.library_asset_bytes(id), 'picture 3'::bytea, 'Bob reads what is public') from shown where n = 3;
select is(atelier.library_asset_bytes(id), 'picture 2'::bytea, 'Bob reads what is unlisted, if he knows it') from shown where n = 2;
select throws_ok(format('select atelier.library_asset_bytes(%L)', id), 'PT404', 'library asset not found',
  'Bob cannot read what is private') from shown where n = 1;
select throws_ok($$ select atelier.object_bytes('user-library', storage_path) from atelier.user_library $$, 'PT404', null,
  'the file itself stays private');
update atelier.user_library set custom_title = 'his', visibility = 'public';
delete from atelier.user_library;
select is((select custom_title from atelier.user_library), null, 'Bob changes and deletes nothing');

select pg_temp.sign_out();
select results_eq($$ select id from atelier.user_library $$, $$ select id from shown where n = 3 $$, 'anon sees what is public');
select is(atelier.library_asset_bytes(id), 'picture 3'::bytea, 'anon reads what is public') from shown where n = 3;
select is(atelier.library_asset_bytes(id), 'picture 2'::bytea, 'anon reads what is unlisted') from shown where n = 2;
select throws_ok(format('select atelier.library_asset_bytes(%L)', id), 'PT404', null, 'anon cannot read what is private')
  from shown where n = 1;
select throws_ok($$ select atelier.library_asset_bytes(null) $$, 'PT404', null, 'nothing is not shown');
select is(atelier.library_asset(id), 'picture 2', 'over HTTP it is the same') from shown where n = 2;
select ok(current_setting('response.headers')::jsonb @> '[{"Content-Type": "image/png"}]', 'with the type of the file');
select throws_ok(format('select atelier.library_asset(%L)', id), 'PT404', 'library asset not found', 'what is private is not there')
  from shown where n = 1;
select throws_ok($$ update atelier.user_library set is_favorite = true $$, '42501', null, 'anon changes nothing');
select throws_ok($$ delete from atelier.user_library $$, '42501', null, 'anon deletes nothing');
select throws_ok($$ select atelier.save_workspace_item_to_library(pg_temp.asset(1), pg_temp.ada()) $$, '42501', null,
  'anon saves nothing');

select pg_temp.become('atelier_test_nobody');
select throws_ok($$ select * from atelier.user_library $$, '42501', null, 'a role without rights sees no library');
select throws_ok($$ select atelier.library_asset_bytes(null) $$, '42501', null, 'a role without rights reads nothing');
select throws_ok($$ select atelier.save_workspace_item_to_library(null, null) $$, '42501', null, 'a role without rights saves nothing');

-- Deleting.
select pg_temp.sign_in_as_service();
select is(atelier.library_asset_bytes((select id from shown where n = 1)), 'picture 1'::bytea, 'the service role reads everything');
select pg_temp.sign_in(pg_temp.ada());
delete from atelier.user_library where id = pg_temp.kept(1);
select is_empty($$ select from storage.objects where name like '%' || pg_temp.asset(1) || '.png' $$, 'the file goes with the asset');
select is(atelier.object_bytes('workspace-temp', temp_storage_path), 'picture 1'::bytea, 'the workspace keeps its own')
  from atelier.workspace_assets where id = pg_temp.asset(1);
select isnt(atelier.save_workspace_item_to_library(pg_temp.asset(1), pg_temp.ada()), (select id from saved),
  'saved after it was deleted it is a new asset');
select pg_temp.step_aside();
select is(atelier_engine.delete_pending_objects(), 2, 'the bytes of the deleted files go');
select is(atelier.object_bytes('user-library', storage_path), 'picture 1'::bytea, 'the bytes of the new one stay')
  from atelier.user_library where source_asset_id = pg_temp.asset(1);
select throws_ok($$ insert into atelier.user_library
    (user_id, asset_type, storage_path, file_size_bytes, mime_type, original_prompt, model_used)
  values (pg_temp.bob(), 'image', pg_temp.ada() || '/x.png', 1, 'image/png', 'p', 'm') $$, '23514', null,
  'a file of Ada is in no library of Bob');
delete from auth.users where id = pg_temp.ada();
select is_empty($$ select from atelier.user_library $$, 'a library goes with its owner');
select is_empty($$ select from storage.objects $$, 'and so do all the files');
select is(atelier_engine.delete_pending_objects(100), 8, 'and their bytes');
select is_empty($$ select * from atelier_engine.object_chunks $$, 'nothing is left');
select is_empty($$ select * from atelier_engine.orphaned_objects() $$, 'nothing is orphaned');

select * from finish();
rollback;
