-- A session with the workspace and the library: what the answers and the errors look like. Follows first_session.
\set SHOW_CONTEXT never
set client_min_messages = warning;

-- What a job would have left in Ada's workspace.
begin;
select atelier_engine.create_object('workspace-temp',
  '00000000-0000-4000-8000-00000000000a/00000000-0000-4000-8000-0000000000b1/0.png',
  '00000000-0000-4000-8000-00000000000a', 'image/png', 10, sha256('not a star')) as object \gset
select atelier_engine.append_object_chunk(:'object', 0, 'not a star');
insert into atelier.workspace_assets (id, user_id, asset_type, temp_storage_path, file_size_bytes, mime_type, job_id,
                                      generation_seed, original_prompt, model_used)
values ('00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-00000000000a', 'image',
        '00000000-0000-4000-8000-00000000000a/00000000-0000-4000-8000-0000000000b1/0.png', 10, 'image/png',
        '00000000-0000-4000-8000-0000000000b1', 7, 'a star', 'tiny-sdxl');
commit;

set role authenticated;
set request.jwt.claims = '{"sub": "00000000-0000-4000-8000-00000000000a", "role": "authenticated"}';
select asset_type, temp_storage_path, file_size_bytes, original_prompt from atelier.workspace_assets;
select convert_from(atelier.object_bytes('workspace-temp', temp_storage_path), 'UTF8') from atelier.workspace_assets;

insert into atelier.user_collections (name) values ('Stars') returning name, asset_count;
select atelier.workspace_actions('save_to_library', '00000000-0000-4000-8000-0000000000a1', custom_title => 'Nova',
                                 collection_id => (select id from atelier.user_collections)) ->> 'message' as message;
select custom_title, tags, visibility, storage_path from atelier.user_library;
select name, asset_count from atelier.user_collections;
select atelier.workspace_actions('clear_workspace') ->> 'cleared' as cleared;

select atelier.workspace_actions('burn_it');
select atelier.workspace_actions('save_to_library');
select atelier.workspace_actions('save_to_library', '00000000-0000-4000-8000-0000000000ff');
select atelier.object_bytes('workspace-temp', 'nothing');
update atelier.user_library set storage_path = 'elsewhere';
update atelier.user_library set visibility = 'secret';
update atelier.user_library set collection_id = '00000000-0000-4000-8000-0000000000ff';
update atelier.profiles set birth_date = '1815-12-10';
insert into storage.objects (bucket_id, name) values ('avatars', 'mine.png');

-- Bob.
set request.jwt.claims = '{"sub": "00000000-0000-4000-8000-00000000000b", "role": "authenticated"}';
select count(*) from atelier.user_library;
select atelier.object_bytes('user-library', '00000000-0000-4000-8000-00000000000a/00000000-0000-4000-8000-0000000000a1.png');
select atelier.save_workspace_item_to_library('00000000-0000-4000-8000-0000000000a1', auth.uid());
select atelier.save_workspace_item_to_library('00000000-0000-4000-8000-0000000000a1', '00000000-0000-4000-8000-00000000000a');

-- Ada shows it to everybody.
set request.jwt.claims = '{"sub": "00000000-0000-4000-8000-00000000000a", "role": "authenticated"}';
update atelier.user_library set visibility = 'public';
set role anon;
set request.jwt.claims = '';
select custom_title, convert_from(atelier.library_asset_bytes(id), 'UTF8') from atelier.user_library;
reset role;
drop extension atelier;
