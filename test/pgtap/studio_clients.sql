-- Operations as clients really send them, in the SQL that PostgREST makes of them: embedding by the names of foreign keys,
-- filters inside JSON, upserts, single rows, counts, ranges, nested or; and writes through the names of other back ends.
begin;
\ir support/jobs.sql
select plan(57);
update atelier.endpoints set max_concurrency = 100 where is_active;
select pg_temp.sign_in(:alice);
select atelier.create_workspace_session(:alice) as session \gset
select (atelier.queue_job('a red circle', workspace_session_id => :'session', metadata => '{"destination": "workspace", "scene": {"n": 3}}')).id as job \gset
select (atelier.queue_job('a blue circle')).id as other \gset
select pg_temp.sign_out();
select pg_temp.succeed(pg_temp.claim(:'job'), '{"\\x89504e470d0a1a0a01","\\x89504e470d0a1a0a02"}', 5) \g /dev/null
select pg_temp.succeed((pg_temp.queued(:'other')).attempt_id, '{"\\x89504e470d0a1a0a03"}', 9) \g /dev/null
select id as asset from atelier.workspace_assets where job_id = :'job' and asset_index = 0 \gset
select id as second_asset from atelier.workspace_assets where job_id = :'job' and asset_index = 1 \gset
select id as third_asset from atelier.workspace_assets where job_id = :'other' \gset

-- What PostgREST looks for when it embeds: one key from table to table, or one that is named after the !.
create temp view keys as
select c.conrelid::regclass::text as from_table, c.confrelid::regclass::text as to_table, c.conname, array_agg(a.attname::text order by k.place) as columns
  from pg_constraint c cross join lateral unnest(c.conkey) with ordinality k (attnum, place) join pg_attribute a on a.attrelid = c.conrelid and a.attnum = k.attnum
 where c.contype = 'f' and c.connamespace = 'atelier'::regnamespace group by c.oid;
select ok(exists (select from keys where from_table = 'atelier.' || f and to_table = 'atelier.' || t and col = any (columns)), format('%s(%s) embeds %s', f, col, t)) from (values
  ('jobs', 'user_id', 'profiles'), ('jobs', 'reviewed_by', 'profiles'), ('jobs', 'api_model_id', 'api_models'), ('jobs', 'workspace_session_id', 'workspace_sessions'), ('api_models', 'provider_id', 'api_providers'),
  ('user_library', 'collection_id', 'user_collections'), ('messages', 'conversation_id', 'conversations'), ('conversations', 'character_id', 'characters'), ('conversations', 'user_character_id', 'characters'),
  ('character_scenes', 'character_id', 'characters'), ('character_scenes', 'job_id', 'jobs'), ('projects', 'character_id', 'characters'), ('scenes', 'project_id', 'projects'), ('model_test_results', 'job_id', 'jobs'),
  ('user_activity_log', 'user_id', 'profiles')) e (f, col, t);
select is_empty($$ select from_table, conname from keys group by from_table, conname having count(*) > 1 $$, 'no table has two keys of one name, so that jobs!jobs_user_id_fkey means one');

-- GET /jobs?select=id,api_models(model_key),workspace_sessions(session_name)&id=eq.…
select pg_temp.sign_in(:alice);
select is((select json_agg(x) from (
    select j.id, row_to_json(m) as api_models, row_to_json(s) as workspace_sessions from atelier.jobs j
      left join lateral (select m.model_key from atelier.api_models m where m.id = j.api_model_id) m on true
      left join lateral (select s.session_name from atelier.workspace_sessions s where s.id = j.workspace_session_id) s on true
     where j.id = any (array[:'job']::uuid[])) x)::jsonb,
  jsonb_build_array(jsonb_build_object('id', :'job', 'api_models', '{"model_key": "tiny-sdxl"}'::jsonb, 'workspace_sessions', '{"session_name": "Workspace Session"}'::jsonb)), 'embedding');
-- ?metadata->>destination=eq.workspace, ?metadata->scene->>n=eq.3
select results_eq($$ select id from atelier.jobs where metadata ->> 'destination' = 'workspace' $$, array[:'job'::uuid], 'a filter inside JSON');
select results_eq($$ select id from atelier.jobs where metadata -> 'scene' ->> 'n' = '3' $$, array[:'job'::uuid], 'and one deeper inside');
-- ?or=(status.eq.queued,and(status.in.(completed,failed),original_prompt.ilike.*red*))
select results_eq($$ select id from atelier.jobs where status = 'queued' or (status = any ('{completed,failed}') and original_prompt ilike '%red%') $$, array[:'job'::uuid], 'or, with a nested in');
-- ?or=(user_id.eq.…,is_public.is.true) of characters
select lives_ok(format($$ select * from atelier.characters where user_id = %L or is_public is true order by created_at desc nulls last limit 20 offset 0 $$, :alice), 'characters: own ones or public ones');
-- Prefer: count=exact and a range
select results_eq($$ with s as (select * from atelier.workspace_assets where user_id = (select auth.uid()) order by created_at desc, id limit 2 offset 1), t as (select count(*) as n from atelier.workspace_assets where user_id = (select auth.uid()))
    select (select n from t), (select count(*) from s) $$, $$ values (bigint '3', bigint '2') $$, 'a range and the exact count');
-- .single() and .maybeSingle() read at most two rows to tell one from several.
select is((select count(*) from (select from atelier.user_roles where user_id = (select auth.uid()) and role = 'admin' limit 2) r), 0::bigint, 'user_roles: who is no administrator gets no row, which single() makes 406');
select is((select count(*) from (select from atelier.system_config where id = 1 limit 2) r), 0::bigint, 'system_config: nor the settings');
select pg_temp.sign_in(:carol);
select is((select count(*) from (select from atelier.user_roles where user_id = (select auth.uid()) and role = 'admin' limit 2) r), 1::bigint, 'an administrator gets one');
select is((select count(*) from (select from atelier.system_config where id = 1 limit 2) r), 1::bigint, 'and the settings');

-- Upserts. What webhooks wrote with on_conflict=job_id,asset_index:
select pg_temp.become('service_role');
select lives_ok(format($$ insert into atelier.workspace_assets (user_id, asset_type, temp_storage_path, file_size_bytes, mime_type, job_id, asset_index, generation_seed, original_prompt, model_used)
   select user_id, asset_type, temp_storage_path, file_size_bytes, mime_type, job_id, asset_index, 77, original_prompt, model_used from atelier.workspace_assets where id = %L
   on conflict (job_id, asset_index) do update set generation_seed = excluded.generation_seed $$, :'second_asset'), 'an upsert on (job_id, asset_index)');
select is((select generation_seed from atelier.workspace_assets where id = :'second_asset'), 77::bigint, 'changes the row');
select pg_temp.sign_in(:alice);
select throws_ok(format($$ update atelier.workspace_assets set generation_seed = 1 where id = %L $$, :'asset'), '42501', null, 'users write no results');
select throws_ok($$ update atelier.jobs set status = 'cancelled' $$, '42501', null, 'nor the status of jobs: cancel_job() does');

-- workspace_items: read, saved, discarded.
select results_eq(format($$ select session_id, prompt, seed, status from atelier.workspace_items where session_id = %L order by seed $$, :'session'),
  format($$ values (%L::uuid, 'a red circle', bigint '5', 'generated'), (%1$L, 'a red circle', 77, 'generated') $$, :'session'), 'workspace_items of a session');
select results_eq(format($$ update atelier.workspace_items set status = 'saved' where id = %L returning status, metadata ? 'saved_to' $$, :'asset'), $$ values ('saved', true) $$, 'an item is saved by its status');
select results_eq(format($$ update atelier.workspace_items set status = 'saved' where id = %L returning metadata ->> 'saved_to' $$, :'asset'), $$ select id::text from atelier.images $$, 'saving again is the same picture');
select throws_ok(format($$ update atelier.workspace_items set status = %L where id = %L $$, status, :'asset'), '22023', 'an item can be saved, and nothing else', 'not ' || status) from unnest(array['generated', 'failed']) status;
select throws_ok(format($$ update atelier.workspace_items set prompt = 'x' where id = %L $$, :'asset'), '42501', null, 'nor is its prompt another one');
select results_eq(format($$ delete from atelier.workspace_items where id = %L returning id $$, :'second_asset'), array[:'second_asset'::uuid], 'an item is discarded');
select is((select count(*) from atelier.workspace_assets), 2::bigint, 'with its asset');
select throws_ok(format($$ insert into atelier.workspace_items (user_id, prompt, content_type) values (%L, 'x', 'image') $$, :alice), '42501', null, 'items are made by jobs');
select pg_temp.become('service_role');
select throws_ok(format($$ insert into atelier.workspace_items (user_id, prompt, content_type, storage_path) values (%L, 'x', 'image', 'none.png') $$, :alice), 'PT404', 'object not found', 'or by the service role, with a file that is there');

-- images: what clients inserted when something was saved.
select pg_temp.sign_in(:alice);
select results_eq(format($$ insert into atelier.images (user_id, title, job_id, image_index) values (%L, 'Blue', %L, 0) returning title, prompt, seed, status, image_index $$, :alice, :'other'),
  $$ values ('Blue', 'a blue circle', bigint '9', 'completed', 0) $$, 'a new image is a picture of the workspace, saved');
select results_eq(format($$ insert into atelier.images (image_url) values ('workspace-temp/%s/%s/0.png') returning id $$, :alice, :'other'), format($$ select id from atelier.user_library where source_asset_id = %L $$, :'third_asset'), 'also by its file, and then it is the same one');
select throws_ok(format('insert into atelier.images (%s) values (%s)', columns, list), state, null, 'no image: ' || columns || ' ' || list) from (values
  ('title', '''x''', '22023'), ('image_url', '''workspace-temp/none.png''', 'PT404'), ('job_id', quote_literal(gen_random_uuid()), 'PT404'), ('job_id, prompt', format('%L, ''another''', :'other'), '22023'),
  ('user_id, job_id', format('%L, %L', :bob, :'other'), '42501'), ('job_id, status', format('%L, ''failed''', :'other'), '42501')) v (columns, list, state);
select results_eq($$ update atelier.images set title = 'Sky' where prompt = 'a blue circle' returning title $$, array['Sky'], 'it gets a title');
select pg_temp.sign_in(:bob);
select is_empty($$ update atelier.images set title = 'mine' returning id $$, 'Bob names nothing of Alice');
select throws_ok(format($$ insert into atelier.images (job_id) values (%L) $$, :'other'), 'PT404', null, 'and saves nothing of hers');
select pg_temp.sign_in(:alice);
select throws_ok(format($$ insert into atelier.videos (job_id) values (%L) $$, :'other'), 'PT404', null, 'a picture is no video');
select results_eq($$ delete from atelier.images where prompt = 'a blue circle' returning title $$, array['Sky'], 'a picture is deleted');
select is((select count(*) from atelier.user_library), 1::bigint, 'from the library');

-- Settings that are no numbers do not keep anybody from a list.
select pg_temp.sign_out();
update atelier.workspace_assets set generation_settings = '{"reference_strength": "strong", "image": ["a", "b"], "strength": 7}' where id = :'asset';
select pg_temp.sign_in(:alice);
select results_eq(format($$ select reference_strength, reference_image_url from atelier.workspace_items where id = %L $$, :'asset'), $$ values (0.00, null::text) $$, 'a strength that is a word');

-- Realtime: the tables that clients listen to, by their primary keys.
select pg_temp.sign_out();
set local client_min_messages = error;
\ir ../../postgrest/realtime.sql
\ir ../../postgrest/realtime.sql
reset client_min_messages;
select set_eq($$ select tablename::text from pg_publication_tables where pubname = 'supabase_realtime' and schemaname = 'atelier' $$,
  array['jobs', 'workspace_assets', 'user_library', 'conversations', 'messages', 'characters', 'character_scenes', 'system_config', 'model_test_results'], 'what clients listen to is published, once');
select is_empty($$ select c.relname from pg_publication_tables t join pg_class c on c.oid = format('%I.%I', t.schemaname, t.tablename)::regclass
   where t.pubname = 'supabase_realtime' and (c.relreplident <> 'd' or not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)) $$, 'each row is known by its primary key');

select * from finish();
rollback;
