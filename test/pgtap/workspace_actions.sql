-- What a person does with assets: save, clear, discard, bring back. Nothing is lost on the way.
begin;
select plan(73);
\ir support/people.sql

select policies_are('atelier', 'workspace_assets', array['people see their own assets', 'people discard their own assets', 'nobody sees withheld assets']);
select table_privs_are('atelier', 'workspace_assets', 'authenticated', array['SELECT', 'DELETE'], 'assets: seen and discarded');
select table_privs_are('atelier', 'workspace_assets', 'anon', array[]::text[], 'assets: nothing for anon');
select function_privs_are('atelier', 'workspace_actions', array['text', 'uuid', 'uuid', 'uuid', 'text', 'uuid', 'text[]'],
    role_name, expected, 'workspace_actions for ' || role_name)
  from (values ('anon', array[]::text[]), ('authenticated', array['EXECUTE'])) as r (role_name, expected);

create function pg_temp.asset(n integer) returns uuid language sql immutable as
  $$ select ('00000000-0000-4000-8000-0000000000a' || n)::uuid $$;
create function pg_temp.job(n integer) returns uuid language sql immutable as
  $$ select ('00000000-0000-4000-8000-0000000000b' || n)::uuid $$;
select pg_temp.make_asset(pg_temp.asset(n), pg_temp.ada(), pg_temp.job((n + 1) / 2), n % 2, 'picture ' || n,
                          case n when 1 then 'thumbnail' end)
  from generate_series(1, 6) n;
select pg_temp.make_asset(pg_temp.asset(9), pg_temp.bob(), pg_temp.job(9), 0, 'a picture of Bob');
insert into atelier.user_collections (id, user_id, name)
values ('00000000-0000-4000-8000-0000000000c1', pg_temp.ada(), 'hers'),
       ('00000000-0000-4000-8000-0000000000c2', pg_temp.bob(), 'his');

select pg_temp.sign_in(pg_temp.ada());
select is((select count(*) from atelier.workspace_assets), 6::bigint, 'Ada sees her assets');
select throws_ok($$ insert into atelier.workspace_assets select * from atelier.workspace_assets $$, '42501', null,
  'Ada inserts no asset');
select throws_ok($$ update atelier.workspace_assets set temp_storage_path = 'x' $$, '42501', null, 'Ada changes no asset');

-- Bad calls.
select throws_ok($$ select atelier.workspace_actions('explode') $$, '22023', 'unknown workspace action', 'an unknown action');
select throws_ok($$ select atelier.workspace_actions(null) $$, '22023', 'unknown workspace action', 'no action');
select throws_ok(format('select atelier.workspace_actions(%L)', action), '22023', 'an argument is missing', action || ' of nothing')
  from unnest(array['save_to_library', 'clear_asset', 'clear_job', 'discard_asset', 'copy_to_workspace']) as action;
select throws_ok(format('select atelier.workspace_actions(%L, asset_id => %L)', action, asset), 'PT404', 'asset not found',
    format('%s of %s', action, what))
  from unnest(array['save_to_library', 'clear_asset']) as action,
       (values (pg_temp.asset(9), 'somebody else'), (atelier.uuid7(), 'what is not there')) as a (asset, what);
select throws_ok($$ select atelier.workspace_actions('clear_job', job_id => pg_temp.job(9)) $$, 'PT404',
  'no assets found for job', 'clear_job of somebody else');
select throws_ok($$ select atelier.workspace_actions('copy_to_workspace', library_asset_id => atelier.uuid7()) $$, 'PT404',
  'library asset not found', 'copy_to_workspace of what is not there');
select throws_ok($$ select atelier.workspace_actions('save_to_library', pg_temp.asset(1),
    collection_id => '00000000-0000-4000-8000-0000000000c2') $$, 'PT404', 'collection not found', 'into a collection of Bob');
select throws_ok($$ select atelier.workspace_actions('save_to_library', pg_temp.asset(1), custom_title => repeat('x', 501)) $$,
  '23514', null, 'an endless title');
select throws_ok($$ select atelier.workspace_actions('save_to_library', pg_temp.asset(1), tags => array['a', null]) $$,
  '23514', null, 'a tag that is null');
select is_empty($$ select from atelier.user_library $$, 'bad calls leave nothing behind');

-- Saving.
create temporary table saved as select atelier.workspace_actions('save_to_library', pg_temp.asset(1),
  custom_title => 'Circle', collection_id => '00000000-0000-4000-8000-0000000000c1', tags => array['red']) as answer;
select is((select answer -> 'success' from saved), 'true'::jsonb, 'saving succeeds');
select results_eq(
  $$ select id, user_id, storage_path, thumbnail_path, custom_title, collection_id, tags, mime_type, file_size_bytes,
            original_prompt, model_used, generation_seed, generation_metadata, width, height, visibility
       from atelier.user_library $$,
  $$ select (answer ->> 'libraryAssetId')::uuid, pg_temp.ada(), format('%s/%s.png', pg_temp.ada(), pg_temp.asset(1)),
            format('%s/%s.thumb.webp', pg_temp.ada(), pg_temp.asset(1)), 'Circle',
            '00000000-0000-4000-8000-0000000000c1'::uuid, array['red'], 'image/png', 9::bigint, 'a red circle', 'tiny-sdxl',
            7::bigint, '{"steps": 25}'::jsonb, 64, 64, 'private' from saved $$,
  'the library has all that is known of it');
select is(atelier.object_bytes('user-library', storage_path), 'picture 1'::bytea, 'the library has the picture')
  from atelier.user_library;
select is(atelier.object_bytes('user-library', thumbnail_path), 'thumbnail'::bytea, 'the library has the thumbnail')
  from atelier.user_library;
select is((select asset_count from atelier.user_collections), 1, 'the collection counts it');
select is(atelier.workspace_actions('save_to_library', pg_temp.asset(1)) ->> 'libraryAssetId',
  (select answer ->> 'libraryAssetId' from saved), 'saved again it is the same');
select results_eq($$ select custom_title, tags from atelier.user_library $$, $$ values ('Circle', array['red']) $$,
  'saved again without a title it keeps its title');
select lives_ok($$ select atelier.workspace_actions('save_to_library', pg_temp.asset(1), custom_title => 'Ring') $$, 'a new title');
select is((select custom_title from atelier.user_library), 'Ring', 'saved again with a title it has that');
select is((select count(*) from atelier.workspace_assets), 6::bigint, 'the workspace keeps what was saved');

-- Clearing.
select results_eq($$ select atelier.workspace_actions('clear_asset', pg_temp.asset(1)) - 'message' $$,
  $$ select jsonb_build_object('success', true, 'cleared', 1, 'libraryAssetId', id, 'libraryAssetIds', jsonb_build_array(id))
       from atelier.user_library $$, 'a saved asset is cleared');
select is((select count(*) from atelier.user_library), 1::bigint, 'and not saved twice');
select is(atelier.object_bytes('user-library', storage_path), 'picture 1'::bytea, 'and its picture stays in the library')
  from atelier.user_library;
select throws_ok($$ select atelier.workspace_actions('clear_asset', pg_temp.asset(1)) $$, 'PT404', 'asset not found',
  'cleared is cleared');
select is(atelier.workspace_actions('save_to_library', pg_temp.asset(1)) ->> 'libraryAssetId',
  (select answer ->> 'libraryAssetId' from saved), 'saved after it was cleared it is still the same');
select is(atelier.workspace_actions('clear_asset', pg_temp.asset(2)) ->> 'cleared', '1', 'an unsaved asset is cleared');
select is(atelier.object_bytes('user-library', storage_path), 'picture 2'::bytea, 'after it was saved')
  from atelier.user_library where source_asset_id = pg_temp.asset(2);

select pg_temp.step_aside();
delete from storage.objects where name = (select temp_storage_path from atelier.workspace_assets where id = pg_temp.asset(4));
select pg_temp.sign_in(pg_temp.ada());
select throws_ok($$ select atelier.workspace_actions('clear_job', job_id => pg_temp.job(2)) $$, 'PT404', 'object not found',
  'a job of which one picture cannot be saved is not cleared');
select is((select count(*) from atelier.workspace_assets where job_id = pg_temp.job(2)), 2::bigint, 'both assets are there');
select is_empty($$ select from atelier.user_library where source_asset_id = pg_temp.asset(3) $$, 'and none was saved');
select throws_ok($$ select atelier.workspace_actions('clear_workspace') $$, 'PT404', 'object not found',
  'nor is the workspace');
select is((select count(*) from atelier.workspace_assets), 4::bigint, 'everything is there');

select is(atelier.workspace_actions('discard_asset', pg_temp.asset(4)) ->> 'discarded', '1', 'Ada discards an asset');
select is(atelier.workspace_actions('discard_asset', pg_temp.asset(4)) ->> 'success', 'true', 'discarded twice is no error');
select is(atelier.workspace_actions('discard_asset', pg_temp.asset(9)) ->> 'discarded', '0', 'Ada discards nothing of Bob');
select is(jsonb_array_length(atelier.workspace_actions('clear_job', job_id => pg_temp.job(2)) -> 'libraryAssetIds'), 1,
  'Ada clears a job');
select is(atelier.workspace_actions('clear_workspace') ->> 'cleared', '2', 'Ada clears the workspace');
select is_empty($$ select from atelier.workspace_assets $$, 'nothing is left in it');
select is(atelier.workspace_actions('clear_workspace') - 'message',
  '{"success": true, "cleared": 0, "libraryAssetId": null, "libraryAssetIds": []}'::jsonb, 'an empty workspace is cleared too');
select is((select count(*) from atelier.user_library), 5::bigint, 'all that was cleared is in the library');

-- Bringing back.
select is(atelier.workspace_actions('copy_to_workspace', library_asset_id => id) ->> 'assetId', pg_temp.asset(1)::text,
    'what comes back is what it was') from atelier.user_library where source_asset_id = pg_temp.asset(1);
select is(atelier.workspace_actions('copy_to_workspace', library_asset_id => id) ->> 'assetId', pg_temp.asset(1)::text,
    'and comes back once') from atelier.user_library where source_asset_id = pg_temp.asset(1);
select results_eq(
  $$ select job_id, asset_index, mime_type, generation_seed, generation_settings, original_prompt from atelier.workspace_assets $$,
  $$ values (pg_temp.job(1), 1, 'image/png', 7::bigint, '{"steps": 25}'::jsonb, 'a red circle') $$, 'with all that is known of it');
select results_eq(
  $$ select atelier.object_bytes('workspace-temp', temp_storage_path), atelier.object_bytes('workspace-temp', thumbnail_path)
       from atelier.workspace_assets $$,
  $$ values ('picture 1'::bytea, 'thumbnail'::bytea) $$, 'and with its picture');
select is(atelier.workspace_actions('clear_workspace') -> 'libraryAssetId',
  (select answer -> 'libraryAssetId' from saved), 'cleared again it is the same library asset');
select pg_temp.step_aside();
insert into atelier.user_library (id, user_id, asset_type, storage_path, file_size_bytes, mime_type, original_prompt, model_used)
select '00000000-0000-4000-8000-0000000000d1', pg_temp.ada(), 'image', name, 3, 'image/png', 'p', 'm'
  from (values (pg_temp.ada() || '/made-elsewhere.png')) as f (name)
 where pg_temp.store('user-library', name, pg_temp.ada(), 'image/png', 'abc') is not null;
select pg_temp.sign_in(pg_temp.ada());
select lives_ok($$ select atelier.workspace_actions('copy_to_workspace',
  library_asset_id => '00000000-0000-4000-8000-0000000000d1') $$, 'what never was in the workspace comes too');
select results_eq($$ select job_id, generation_seed from atelier.workspace_assets $$,
  $$ values ('00000000-0000-4000-8000-0000000000d1'::uuid, -1::bigint) $$, 'under its own id, for want of a job');
select is(atelier.workspace_actions('clear_workspace') ->> 'libraryAssetId', '00000000-0000-4000-8000-0000000000d1',
  'and goes back to where it was');

-- Others.
select pg_temp.sign_in(pg_temp.bob());
select results_eq($$ select id from atelier.workspace_assets $$, array[pg_temp.asset(9)], 'Bob sees his asset only');
select throws_ok($$ select atelier.workspace_actions('copy_to_workspace',
  library_asset_id => '00000000-0000-4000-8000-0000000000d1') $$, 'PT404', 'library asset not found',
  'Bob copies nothing from the library of Ada');
delete from atelier.workspace_assets;
select is_empty($$ select from atelier.workspace_assets $$, 'Bob discards with DELETE');
select pg_temp.step_aside();
select is_empty($$ select from storage.objects where name like pg_temp.bob() || '/%' $$, 'and the file goes too');

select pg_temp.become('authenticated', '{"role": "authenticated"}');
select throws_ok($$ select atelier.workspace_actions('clear_workspace') $$, 'PT401', 'sign in to use the workspace',
  'a token without a user is not signed in');
select pg_temp.sign_out();
select throws_ok($$ select atelier.workspace_actions('clear_workspace') $$, '42501', null, 'anon is refused');
select throws_ok($$ select * from atelier.workspace_assets $$, '42501', null, 'anon sees no assets');
select pg_temp.become('atelier_test_nobody');
select throws_ok($$ select atelier.workspace_actions('clear_workspace') $$, '42501', null, 'a role without rights is refused');
select throws_ok($$ select * from atelier.workspace_assets $$, '42501', null, 'a role without rights sees no assets');
select pg_temp.step_aside();
select is_empty($$ select * from atelier_engine.orphaned_objects() $$, 'after all this nothing is orphaned');

select * from finish();
rollback;
