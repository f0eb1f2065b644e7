-- The other names of workspace and library: the same rows, for the same people.
begin;
select plan(20);
\ir support/people.sql

select table_privs_are('atelier', view_name, 'anon', array[]::text[], view_name || ': nothing for anon')
  from unnest(array['workspace_items', 'images', 'videos']) as view_name;
insert into atelier.workspace_sessions (id, user_id) values ('00000000-0000-4000-8000-0000000000e1', pg_temp.ada());
insert into atelier.jobs (id, user_id, job_type, quality, status, completed_at, workspace_session_id)
values ('00000000-0000-4000-8000-0000000000b1', pg_temp.ada(), 'sdxl_image_fast', 'fast', 'completed', now(),
        '00000000-0000-4000-8000-0000000000e1');
select pg_temp.make_asset(('00000000-0000-4000-8000-0000000000a' || n)::uuid, pg_temp.ada(),
    '00000000-0000-4000-8000-0000000000b1', n, 'picture ' || n, case n when 1 then 'thumbnail' end) from generate_series(1, 2) n;
insert into atelier.user_library
  (user_id, asset_type, storage_path, file_size_bytes, mime_type, original_prompt, model_used, width, height,
   duration_seconds, visibility)
values (pg_temp.bob(), 'video', pg_temp.bob() || '/film.mp4', 5, 'video/mp4', 'rain', 'm', 640, 480, 4.5, 'public');

select pg_temp.sign_in(pg_temp.ada());
create temporary table saved as
  select atelier.save_workspace_item_to_library('00000000-0000-4000-8000-0000000000a1', pg_temp.ada()) as id;
select results_eq(
  $$ select session_id, job_id, prompt, content_type, quality, bucket_name, storage_path, url, thumbnail_url,
            generation_params, seed, status, metadata
       from atelier.workspace_items order by id $$,
  $$ select '00000000-0000-4000-8000-0000000000e1'::uuid, '00000000-0000-4000-8000-0000000000b1'::uuid, 'a red circle',
            'image', 'fast', 'workspace-temp', path || n || '.png', 'workspace-temp/' || path || n || '.png',
            case n when 1 then 'workspace-temp/' || path || '1.thumb.webp' end, '{"steps": 25}'::jsonb, 7::bigint,
            case n when 1 then 'saved' else 'generated' end,
            case n when 1 then jsonb_build_object('saved_to', id) else '{}' end
       from saved, generate_series(1, 2) n,
            lateral (select pg_temp.ada() || '/00000000-0000-4000-8000-0000000000b1/') as p (path) $$,
  'workspace_items: assets as items of a session');
select lives_ok($$ delete from atelier.workspace_items where status = 'generated' $$, 'workspace_items: Ada discards what she did not save');
select is((select count(*) from atelier.workspace_assets), 1::bigint, 'and keeps the rest');
select results_eq(
  $$ select id, user_id, prompt, image_url, thumbnail_url, format, status, job_id, image_index, seed, metadata from atelier.images $$,
  $$ select id, pg_temp.ada(), 'a red circle',
            format('user-library/%s/00000000-0000-4000-8000-0000000000a1.png', pg_temp.ada()),
            format('user-library/%s/00000000-0000-4000-8000-0000000000a1.thumb.webp', pg_temp.ada()), 'png', 'completed',
            '00000000-0000-4000-8000-0000000000b1'::uuid, 1, 7::bigint, '{"steps": 25}'::jsonb from saved $$,
  'images: the pictures of the library');
select lives_ok($$ update atelier.images set title = 'Circle' $$, 'images: Ada names a picture');
select is((select custom_title from atelier.user_library where user_id = pg_temp.ada()), 'Circle', 'and the library has the name');
select throws_ok($$ update atelier.images set prompt = 'x' $$, '42501', null, 'images: the prompt is what it was');
select is_empty($$ select from atelier.videos $$, 'videos: what others show is not among the own');

select pg_temp.sign_in(pg_temp.bob());
select is_empty($$ select from atelier.workspace_items $$, 'workspace_items: Bob sees none of Ada');
select is_empty($$ select from atelier.images $$, 'images: Bob sees none of Ada');
select results_eq($$ select video_url, format, duration, resolution, original_prompt from atelier.videos $$,
  $$ values (format('user-library/%s/film.mp4', pg_temp.bob()), 'mp4', 4.500, '640x480', 'rain') $$, 'videos: Bob sees his own');
delete from atelier.images;
select pg_temp.sign_in(pg_temp.ada());
select is((select count(*) from atelier.images), 1::bigint, 'images: Bob deletes nothing of Ada');
select lives_ok($$ delete from atelier.images $$, 'images: Ada deletes her own');
select pg_temp.sign_in_as_service();
select is((select count(*) from atelier.videos), 1::bigint, 'videos: the service role sees those of everybody');
select pg_temp.sign_out();
select throws_ok($$ select * from atelier.images $$, '42501', null, 'images: anon is refused');
select pg_temp.become('atelier_test_nobody');
select throws_ok(format('select * from atelier.%I', view_name), '42501', null, view_name || ': a role without rights is refused')
  from unnest(array['workspace_items', 'videos']) as view_name;

select * from finish();
rollback;
