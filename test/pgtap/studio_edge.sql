-- What clients of the studio's edge functions send, what they get, and every refusal. A test that names a defect of other
-- back ends says what is not so here.
begin;
\ir support/jobs.sql
select plan(92);
create function pg_temp.answer(p_function text, p_body json) returns jsonb language plpgsql as $$
declare result jsonb; begin execute format('select atelier.%I(%L::json)', p_function, p_body) into result; return result; end $$;

-- The ten job types, and the models behind them.
select is((select count(*) from atelier.job_types), 10::bigint, 'there are ten job types');
select is_empty($$ select t.job_type from atelier.job_types t left join storage.buckets b on b.id = t.bucket where b.file_size_limit is distinct from t.max_bytes $$, 'each has its bucket, with its limit');
select pg_temp.become('service_role');
select is(atelier.add_studio_models(), 5, 'five models are added');
select is(atelier.add_studio_models(), 0, 'once');
select is_empty($$ select job_type from atelier.job_types where models = '{}' $$, 'every job type has a model');
select pg_temp.sign_in(:alice);
select throws_ok($$ select atelier.add_studio_models() $$, '42501', null, 'users add no models');
create temp table asked as select t.job_type, (pg_temp.answer('studio_queue_job', json_build_object('prompt', 'a circle', 'job_type', t.job_type)) ->> 'jobId')::uuid as id
  from atelier.job_types t where t.job_type !~ '^sdxl';
select is((select row(j.format, j.quality, j.model_type, j.parameters -> 'width', j.parameters -> 'height', j.parameters -> 'steps', j.parameters -> 'guidance', j.parameters -> 'frames', j.workspace_session_id)::text from atelier.jobs j where j.id = a.id),
  (select row(t.format, t.quality, split_part(t.engine, '-', 1), t.width, t.height, t.steps, t.guidance, t.frames, null::uuid)::text from atelier.job_types t where t.job_type = a.job_type), a.job_type || ': size, steps and frames') from asked a;
select is((select count(distinct m.model_key) from atelier.jobs j join atelier.api_models m on m.id = j.api_model_id where m.model_key ~ '^studio-wan'), 4::bigint, 'by the models of the studio');

-- queue-job.
select is(pg_temp.answer('studio_queue_job', '{"prompt": "a circle", "job_type": "sdxl_image_fast"}') - 'job' - 'jobId', '{"success": true, "status": "queued", "message": "queued", "jobType": "sdxl_image_fast",
  "queue": "tiny-sdxl", "queueName": "tiny-sdxl", "modelVariant": "tiny-sdxl", "isSDXL": true, "negativePromptSupported": true}', 'what clients read');
select (pg_temp.answer('studio_queue_job', '{"jobType": "sdxl_image_high", "originalPrompt": "a circle", "enhancedPrompt": "a red circle, soft light", "isPromptEnhanced": true, "metadata": {"num_images": 4, "seed": 7, "steps": 500, "aspect_ratio": "16:9"},
  "enhancementMetadata": {"enhancement_strategy": "qwen_instruct"}, "selectedPresets": [], "contentType": "sfw"}') ->> 'jobId')::uuid as old \gset
select results_eq(format($$ select original_prompt, enhanced_prompt, enhancement_strategy::text, parameters - 'guidance', destination, negative_prompt = atelier.get_negative_prompt() from atelier.jobs where id = %L $$, :'old'),
  $$ values ('a circle', 'a red circle, soft light', 'qwen_instruct', jsonb '{"n": 3, "seed": 7, "steps": 150, "width": 512, "height": 288}', 'workspace', true) $$,
  'the body of older clients: numbers in range, 1, 3 or 6 pictures, the proportion that was asked for, and the usual negative prompt');
select (pg_temp.answer('studio_queue_job', '{"job_type": "sdxl_image_fast", "prompt": "a square", "original_prompt": "square", "num_images": 9, "guidance_scale": 9, "negative_prompt": "", "metadata": {"destination": "library"}}') ->> 'jobId')::uuid as new \gset
select results_eq(format($$ select original_prompt, enhanced_prompt, parameters ->> 'n', parameters ->> 'guidance', destination, negative_prompt from atelier.jobs where id = %L $$, :'new'),
  $$ values ('square', 'a square', '6', '9', 'library', '') $$, 'the body of newer clients; an empty negative prompt is not none');
reset role;
with c as (insert into atelier.moderation_checks (name, kind, stage) values ('edge', 'rules', 'before') returning id)
insert into atelier.moderation_rules (check_id, category, phrase, score) select id, 'brand', 'grumblecake', 1 from c;
insert into atelier.moderation_thresholds (category, mode, reject_at) values ('brand', 'sfw', 0.5);
select pg_temp.sign_in(:alice);
select throws_ok(format($$ select pg_temp.answer('studio_queue_job', '{"job_type": "sdxl_image_fast", "original_prompt": "a circle", "%s": "a grumblecake"}') $$, name), 'PT422', null,
  'moderation reads the text that the model is given, too: ' || name) from unnest(array['enhanced_prompt', 'enhancedPrompt', 'prompt']) name;
select lives_ok($$ select pg_temp.answer('studio_queue_job', '{"job_type": "sdxl_image_fast", "original_prompt": "a circle", "enhanced_prompt": "a red circle"}') $$, 'what is harmless is queued');
reset role;
delete from atelier.moderation_checks where name = 'edge';
delete from atelier.moderation_thresholds where category = 'brand';
select pg_temp.sign_in(:alice);
select is((select j.attempts from atelier.jobs j where id = :'new'), 0, 'it is a job like others');

-- Defects of other back ends.
select atelier.create_workspace_session(:alice) as session \gset
select (pg_temp.answer('studio_queue_job', '{"prompt": "a", "job_type": "sdxl_image_fast", "metadata": {"destination": "workspace"}}') ->> 'jobId')::uuid as first \gset
select (pg_temp.answer('studio_queue_job', '{"prompt": "b", "job_type": "sdxl_image_fast", "metadata": {"destination": "workspace"}}') ->> 'jobId')::uuid as second \gset
select results_eq(format($$ select workspace_session_id from atelier.jobs where id in (%L, %L) $$, :'first', :'second'), format($$ values (%L::uuid), (%1$L) $$, :'session'), 'a new session per job: jobs are of the session that is active');
select is((select model_type from atelier.jobs where id = :'first'), 'sdxl', 'model_type held the job type: it holds the family');
select is((select count(*) from atelier.usage_logs where id = :'first' and action = 'sdxl_image_fast' and credits_consumed = 0), 1::bigint, 'no usage log: there is one, and nothing is consumed yet');
select throws_ok(format($$ select pg_temp.answer('studio_queue_job', %L) $$, body), state, message, what) from (values
  ('{"prompt": "a"}', '22023', 'invalid job type', 'no job type'), ('{"prompt": "a", "job_type": "oil_painting"}', '22023', 'invalid job type', 'an unknown job type'),
  ('{"prompt": "a", "job_type": "chat"}', '22023', 'invalid job type', 'chat is no picture'), ('{"prompt": "a", "job_type": "rv51_fast"}', 'PT503', 'no model takes this job type at the moment', 'a job type without a model'),
  ('{"prompt": "a", "job_type": "sdxl_image_fast", "seed": "x"}', '22023', 'invalid parameter', 'a seed that is no number'),
  ('{"prompt": "a", "job_type": "sdxl_image_fast", "metadata": []}', '22023', 'metadata must be a JSON object', 'metadata that are a list'),
  ('[]', '22023', 'the body must be a JSON object', 'a list'), ('{"job_type": "sdxl_image_fast"}', '22023', null, 'no prompt'),
  ('{"prompt": "a", "job_type": "sdxl_image_fast", "project_id": "x"}', '22P02', null, 'a project that is no id'),
  ('{"prompt": "a", "job_type": "sdxl_image_fast", "project_id": "00000000-0000-4000-8000-000000000099"}', 'PT404', 'no such project', 'a project of nobody'),
  ('{"prompt": "a", "job_type": "sdxl_image_fast", "contentType": "nsfw"}', '42501', null, 'nsfw without a verified age'),
  ('{"prompt": "a", "job_type": "sdxl_image_fast", "reference_image_url": "https://example.org/a.png"}', '22023', 'unknown parameter', 'a picture for a model that takes none'),
  ('{"prompt": "a", "job_type": "image_fast", "reference_image_url": "user-library/b0b00000-0000-7000-8000-000000000002/a.png"}', 'PT403', 'the picture to start from is somebody else''s', 'CROSS_USER_REFERENCE: a path'),
  ('{"prompt": "a", "job_type": "image_fast", "metadata": {"reference_image_url": "https://x.example/storage/v1/object/sign/workspace-temp/B0B00000-0000-7000-8000-000000000002/j/0.png?token=x"}}', 'PT403', null, 'CROSS_USER_REFERENCE: a signed URL'),
  ('{"prompt": "a", "job_type": "image_fast", "reference_image_url": "user-library/a11ce000-0000-7000-8000-000000000001/none.png"}', 'PT404', 'no such picture', 'a picture of one''s own that is not there')) r (body, state, message, what);
select is((pg_temp.error_of($$ select pg_temp.answer('studio_queue_job', '{"prompt": "a", "job_type": "oil"}') $$)).hint ~ 'sdxl_image_fast, .*rv51_high', true, 'the hint has the valid job types');
select pg_temp.sign_out();
update atelier.api_models set is_active = false where model_key in ('tiny-sdxl', 'studio-sdxl');
select pg_temp.sign_in(:alice);
select is((pg_temp.error_of($$ select pg_temp.answer('studio_queue_job', '{"prompt": "a", "job_type": "sdxl_image_fast"}') $$)).detail, 'SDXL_DISABLED', 'SDXL that is off says so');
select pg_temp.sign_out();
update atelier.api_models set is_active = true where model_key in ('tiny-sdxl', 'studio-sdxl');
select pg_temp.sign_in(:alice);
-- Pictures to follow.
select (pg_temp.answer('studio_queue_job', format('{"prompt": "a", "job_type": "image_high", "reference_image_url": "%s", %s}', 'https://example.org/a.png', more)::json) ->> 'jobId')::uuid as id, what, wanted into temp table followed from (values
  ('"reference_strength": 0.7', 'denoise is 1 - reference_strength', '{"steps": 50, "guidance": 7.5, "strength": 0.3}'), ('"denoise_strength": 0.5, "reference_strength": 0.9', 'denoise_strength counts first', '{"steps": 50, "guidance": 7.5, "strength": 0.5}'),
  ('"exact_copy_mode": true, "reference_strength": 0.2', 'an exact copy', '{"steps": 15, "guidance": 1, "strength": 0.05}')) m (more, what, wanted);
select is((select jsonb_build_object('steps', j.parameters -> 'steps', 'guidance', j.parameters -> 'guidance', 'strength', j.parameters -> 'strength') from atelier.jobs j where j.id = f.id), f.wanted::jsonb, f.what) from followed f order by f.what;
select pg_temp.become('authenticated');
select throws_ok($$ select pg_temp.answer('studio_queue_job', '{"prompt": "a", "job_type": "sdxl_image_fast"}') $$, 'PT401', 'sign in first', 'nobody queues nothing');

-- workspace-actions, delete-workspace-item.
select pg_temp.sign_out();
update atelier.endpoints set max_concurrency = 100 where is_active;
select pg_temp.succeed(pg_temp.claim(:'first'), '{"\\x89504e470d0a1a0a","\\x89504e470d0a1a0b"}') \g /dev/null
select id as asset from atelier.workspace_assets where job_id = :'first' and asset_index = 0 \gset
select id as other_asset from atelier.workspace_assets where job_id = :'first' and asset_index = 1 \gset
select pg_temp.sign_in(:alice);
select pg_temp.answer('studio_workspace_actions', json_build_object('action', 'save_to_library', 'assetId', :'asset', 'customTitle', 'Ring', 'tags', '["a", "b"]'::json)) as saved \gset
select is((select custom_title || tags::text from atelier.user_library where id = (:'saved'::jsonb ->> 'libraryAssetId')::uuid), 'Ring{a,b}', 'workspace-actions: the arguments of clients');
select is(pg_temp.answer('studio_workspace_actions', json_build_object('action', 'save_to_library', 'assetId', :'asset')) -> 'libraryAssetId', :'saved'::jsonb -> 'libraryAssetId', 'saving twice made two rows on one object: it is one row');
select throws_ok(format('select pg_temp.answer(''studio_workspace_actions'', %L)', body), state, message, body) from (values
  ('{"action": "explode"}', '22023', 'unknown workspace action'), ('{}', '22023', 'unknown workspace action'), ('{"action": "clear_asset"}', '22023', 'an argument is missing'), ('{"action": "clear_asset", "assetId": "x"}', '22P02', null),
  ('{"action": "clear_asset", "assetId": "00000000-0000-4000-8000-000000000099"}', 'PT404', 'asset not found'), ('{"action": "clear_job", "jobId": "00000000-0000-4000-8000-000000000099"}', 'PT404', 'no assets found for job')) r (body, state, message);
select is(pg_temp.answer('studio_workspace_actions', json_build_object('action', 'clear_job', 'jobId', :'first')) ->> 'cleared', '2', 'clear_job');
select is((select count(*) from atelier.user_library where source_job_id = :'first'), 2::bigint, 'rows deleted even if saving failed: what is cleared is in the library');
select is(pg_temp.answer('studio_workspace_actions', json_build_object('action', 'copy_to_workspace', 'libraryAssetId', :'saved'::jsonb ->> 'libraryAssetId')) ->> 'assetId', :'asset', 'copy_to_workspace');
select pg_temp.sign_in(:bob);
select is(pg_temp.answer('studio_workspace_actions', json_build_object('action', 'discard_asset', 'assetId', :'asset')) ->> 'discarded', '0', 'Bob discards nothing of Alice');
select throws_ok(format('select atelier.delete_workspace_item(%L, %L)', :'asset', :alice), '42501', 'you may act only for yourself', 'delete-workspace-item believed the user_id in the body: it is checked');
select throws_ok(format('select atelier.delete_workspace_item(%L, %L)', :'asset', :bob), 'PT404', 'asset not found', 'nor does he delete it as himself');
select pg_temp.sign_in(:alice);
select is(atelier.delete_workspace_item(:'asset', :alice), '{"success": true}', 'delete-workspace-item always failed: the owner deletes');
select is_empty(format('select from storage.objects where bucket_id = ''workspace-temp'' and name ~ %L', :'first' || '/0'), 'the file, too');
select pg_temp.become('authenticated');
select throws_ok($$ select pg_temp.answer('studio_workspace_actions', '{"action": "clear_workspace"}') $$, 'PT401', null, 'nobody has no workspace');

-- get-negative-prompt.
select pg_temp.sign_in(:alice);
select is(a - 'count', jsonb_build_object('success', true, 'modelType', 'sdxl', 'contentMode', 'sfw', 'baseNegativePrompt', atelier.get_negative_prompt()), 'get-negative-prompt: the usual one')
  from pg_temp.answer('studio_get_negative_prompt', '{}') a;
select is(pg_temp.answer('studio_get_negative_prompt', '{"modelType": "wan", "contentMode": "sfw"}') ->> 'baseNegativePrompt', atelier.get_negative_prompt('wan'), 'of another model');
select throws_ok($$ select pg_temp.answer('studio_get_negative_prompt', '{"contentMode": "pg"}') $$, '22P02', null, 'an unknown content mode');
select throws_ok($$ select pg_temp.answer('studio_get_negative_prompt', '{"contentMode": "nsfw"}') $$, '42501', null, 'nsfw without a verified age');

-- Workers.
select throws_ok(call, '42501', null, 'not for users: ' || call) from unnest(array['select atelier.studio_health_check_workers()', 'select atelier.studio_get_active_worker_url(''{}'')', 'select atelier.studio_update_worker_url(''{"worker_url": "http://x"}'')',
  'select atelier.system_metrics()', 'select atelier.generate_admin_image(''x'')', 'select atelier.generate_avatars(''{x}'')', 'select atelier.get_system_stats()', 'select atelier.clean_orphaned_jobs()']) call;
select pg_temp.sign_in(:carol);
select throws_ok($$ select pg_temp.answer('studio_update_worker_url', '{"workerUrl": "http://192.0.2.7"}') $$, 'PT404', 'no such worker', 'update-worker-url: nobody is registered');
select throws_ok($$ select pg_temp.answer('studio_get_active_worker_url', '{"worker_type": "sdxl"}') $$, 'PT404', 'no such worker', 'get-active-worker-url: none');
select (atelier.register_worker('gpu-1', 'studio', worker_type => 'sdxl')).id as worker \gset
select is(pg_temp.answer('studio_update_worker_url', '{"workerUrl": "http://192.0.2.7", "auto_registered": true}') ->> 'worker_url', 'http://192.0.2.7', 'the admin UI sent workerUrl and always got 400: it is understood');
select throws_ok(format('select pg_temp.answer(''studio_update_worker_url'', %L)', body), '22023', 'invalid worker URL', 'update-worker-url: ' || body) from unnest(array['{}', '{"worker_url": "gpu"}', '{"workerUrl": "http:// x"}']) body;
select is(pg_temp.answer('studio_get_active_worker_url', '{"worker_type": "sdxl"}') - 'registrationInfo', '{"success": true, "worker_url": "http://192.0.2.7", "workerUrl": "http://192.0.2.7", "isHealthy": true, "healthError": null, "worker_type": "sdxl"}', 'get-active-worker-url');
select results_eq($$ select key, value ->> 'isHealthy' from jsonb_each(atelier.studio_health_check_workers() -> 'results') order by key $$, $$ values ('chat', 'false'), ('sdxl', 'true'), ('wan', 'false') $$, 'health-check-workers left SDXL out: it is there');
select lives_ok($$ select atelier.register_worker('gpu-2', 'studio', worker_type => 'wan') $$);
select throws_ok($$ select pg_temp.answer('studio_update_worker_url', '{"workerUrl": "http://192.0.2.7"}') $$, 'PT409', 'several workers are meant', 'of two workers one must be named');

-- The schema.
select pg_temp.sign_in(:alice);
select ok(atelier.get_schema_info() -> 'tables' @> '[{"name": "jobs", "kind": "table"}, {"name": "images", "kind": "view"}]', 'get-schema-info tells of tables and views');
select ok(not atelier.get_schema_info() -> 'tables' @> '[{"name": "user_analytics"}]', 'and of none that the caller may not use');
select throws_ok(call, '22023', 'only the schema is told', 'get-schema-info ran any SELECT: ' || call) from unnest(array['select atelier.get_schema_info(''query'', ''select 1'')', 'select atelier.get_schema_info(''schema'', ''select 1'')', 'select atelier.get_schema_info(null)']) call;
select throws_ok($$ select atelier.replicate_callback('{"id": 1}') $$, 'PT410', 'this address is not in use any more', 'replicate-callback is gone');

select * from finish();
rollback;
