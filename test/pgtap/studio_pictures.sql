-- Pictures that administrators ask for, and those from Replicate.
begin;
\ir support/jobs.sql
select plan(54);
create function pg_temp.answer(p_function text, p_body json) returns jsonb language plpgsql as $$
declare result jsonb; begin execute format('select atelier.%I(%L::json)', p_function, p_body) into result; return result; end $$;
update atelier.endpoints set max_concurrency = 100 where is_active;

-- A picture for an administrator.
select pg_temp.sign_in(:carol);
select atelier.generate_admin_image('a red circle', parameters => '{"seed": 7}') as asked \gset
select results_eq(format($$ select user_id, status, original_prompt, parameters ->> 'seed', metadata from atelier.jobs where id = %L $$, :'asked'::jsonb ->> 'jobId'),
  $$ values ('ca201000-0000-7000-8000-000000000003'::uuid, 'queued', 'a red circle', '7', jsonb '{"source": "generate_admin_image"}') $$, 'generate-admin-image gave a random stock photo: it queues a job');
select pg_temp.sign_out();
select ok(pg_temp.succeed(pg_temp.claim((:'asked'::jsonb ->> 'jobId')::uuid)), 'which is carried out like others');
select pg_temp.sign_in(:carol);
select is((select count(*) from atelier.images), 0::bigint, 'the picture is in no library');
select is((select content_type from atelier.workspace_items where job_id = (:'asked'::jsonb ->> 'jobId')::uuid), 'image', 'but in the workspace of the administrator');
select throws_ok($$ select atelier.generate_admin_image('x', 'no such model') $$, 'PT404', 'unknown model', 'an unknown model');
select throws_ok($$ select atelier.generate_admin_image(null) $$, '22023', null, 'no prompt');

-- Avatars.
select atelier.generate_avatars('{Ada Lovelace,"  Bob! "}') as avatars \gset
select results_eq(format($$ select r ->> 'name', r ->> 'path', r ->> 'success' from jsonb_array_elements(%L::jsonb -> 'results') r $$, :'avatars'),
  $$ values ('Ada Lovelace', 'avatars/characters/ada-lovelace.png', 'true'), ('  Bob! ', 'avatars/characters/bob.png', 'true') $$, 'a job for each name');
select throws_ok(format('select atelier.generate_avatars(%L)', names), '22023', 'invalid names', 'names: ' || left(names, 20)) from unnest(array['{}', '{a,null}', '{!!!}', '{""}', (select array_agg('n' || i)::text from generate_series(1, 51) i), array[repeat('x', 201)]::text]) names;
select throws_ok($$ select atelier.generate_avatars('{New}', 'no such model') $$, 'PT404', null, 'an unknown model');
select pg_temp.sign_out();
select (:'avatars'::jsonb #>> '{results,0,jobId}')::uuid as first, (:'avatars'::jsonb #>> '{results,1,jobId}')::uuid as second \gset
select is((select count(*) from atelier_engine.avatar_requests), 2::bigint, 'two are under way, none of what was refused');
select ok(pg_temp.succeed(pg_temp.claim(:'first'), '{"\\x89504e470d0a1a0a01"}'), 'one is made');
select is(pg_temp.fail((pg_temp.queued(:'second')).attempt_id, 'content_policy'), 'failed', 'one fails');
select pg_temp.become('atelier_worker');
select is(atelier_engine.tend_studio(), 1, 'one is published');
select is(atelier_engine.tend_studio(), 0, 'once');
select pg_temp.become('anon');
select is(atelier.object_bytes('avatars', 'characters/ada-lovelace.png'), '\x89504e470d0a1a0a01'::bytea, 'everybody sees it');
select pg_temp.sign_out();
select is((select count(*) from atelier_engine.avatar_requests), 0::bigint, 'nothing is under way any more');
-- Again, with another picture; once more with one that is taken away in between, and a job that is deleted.
select pg_temp.sign_in(:carol);
select atelier.generate_avatars('{ada lovelace,gone,deleted}') as avatars \gset
select pg_temp.sign_out();
select (:'avatars'::jsonb #>> '{results,0,jobId}')::uuid as first, (:'avatars'::jsonb #>> '{results,1,jobId}')::uuid as gone, (:'avatars'::jsonb #>> '{results,2,jobId}')::uuid as deleted \gset
select ok(pg_temp.succeed(pg_temp.claim(:'first'), '{"\\x89504e470d0a1a0a02"}'), 'made again');
select ok(pg_temp.succeed((pg_temp.queued(:'gone')).attempt_id), 'another is made');
delete from atelier.workspace_assets where job_id = :'gone';
update atelier.jobs set status = 'cancelled', completed_at = now() where id = :'deleted';
delete from atelier.jobs where id = :'deleted';
select pg_temp.become('atelier_worker');
select is(atelier_engine.tend_studio(), 1, 'what is there is published');
select pg_temp.sign_out();
select is(atelier.object_bytes('avatars', 'characters/ada-lovelace.png'), '\x89504e470d0a1a0a02'::bytea, 'in place of the earlier one');
select is((select count(*) from storage.objects where bucket_id = 'avatars'), 1::bigint, 'there is one picture of each name');
select is((select count(*) from atelier_engine.avatar_requests), 0::bigint, 'and nothing is left');
-- What moderation looks at waits; what it flags stays where it is.
select pg_temp.sign_in(:carol);
select (atelier.generate_avatars('{Held}') #>> '{results,0,jobId}')::uuid as held \gset
select pg_temp.sign_out();
select ok(pg_temp.succeed(pg_temp.claim(:'held')), 'one that moderation looks at');
update atelier.workspace_assets set moderation_status = 'pending' where job_id = :'held';
select is(atelier_engine.publish_avatars(), 0, 'is not published yet');
select is((select count(*) from atelier_engine.avatar_requests), 1::bigint, 'but waits');
update atelier.workspace_assets set moderation_status = 'flagged' where job_id = :'held';
select is(atelier_engine.publish_avatars(), 0, 'nor when it is flagged');
select is((select count(*) from atelier_engine.avatar_requests), 0::bigint, 'then it is forgotten');
update atelier.workspace_assets set moderation_status = 'quarantined' where job_id = :'held' returning id as held_asset \gset
select pg_temp.sign_in(:carol);
select throws_ok(format('select atelier.delete_workspace_item(%L, %L)', :'held_asset', :carol), 'PT404', 'asset not found', 'what is withheld is not discarded');
select is_empty(format('select from atelier.workspace_items where job_id = %L', :'held'), 'what is withheld is no item');
select pg_temp.sign_out();
-- A bucket that does not take it.
update storage.buckets set file_size_limit = 3 where id = 'avatars';
select pg_temp.sign_in(:carol);
select (atelier.generate_avatars('{Small}') #>> '{results,0,jobId}')::uuid as small \gset
select pg_temp.sign_out();
select ok(pg_temp.succeed(pg_temp.claim(:'small')), 'one that is too large');
select pg_temp.become('atelier_worker');
select is(atelier_engine.tend_studio(), 0, 'is not published');
select pg_temp.sign_out();
select results_eq($$ select action, metadata ->> 'error' from atelier.user_activity_log where action = 'avatar_not_published' $$, $$ values ('avatar_not_published', 'object is too large for the bucket') $$, 'and the log says why');

-- Replicate.
insert into atelier.api_providers (name, display_name) values ('replicate', 'Replicate') returning id as replicate \gset
insert into atelier.api_models (provider_id, model_key, version, display_name, modality, task, is_default, parameter_schema) values
  (:'replicate', 'owner/shapes', null, 'Shapes', 'image', 't2i', true, '{"type": "object", "properties": {"width": {"type": "integer", "minimum": 64, "maximum": 1920, "multipleOf": 8}, "height": {"type": "integer", "minimum": 64, "maximum": 1920, "multipleOf": 8},
    "steps": {"type": "integer", "minimum": 1, "maximum": 100}, "guidance": {"type": "number", "minimum": 1, "maximum": 20}, "seed": {"type": "integer", "minimum": 0, "maximum": 2147483647}, "n": {"type": "integer", "minimum": 1, "maximum": 4}, "disable_safety_checker": {"type": "boolean"}}}'),
  (:'replicate', 'owner/wrong', 'latest', 'Wrong', 'image', 't2i', false, '{}');
insert into atelier.endpoints (provider_id, name, adapter, base_url) values (:'replicate', 'replicate', 'replicate', 'http://192.0.2.3/v1');
select pg_temp.sign_in(:alice);
select pg_temp.answer('replicate_image', '{"prompt": "a circle", "input": {"steps": 500, "guidance_scale": 0.2, "seed": 9999999999, "aspect_ratio": "9:16"}}') as predicted \gset
select results_eq(format($$ select m.model_key, j.parameters - 'n' from atelier.jobs j join atelier.api_models m on m.id = j.api_model_id where j.id = %L $$, :'predicted'::jsonb ->> 'jobId'),
  $$ values ('owner/shapes', jsonb '{"steps": 100, "guidance": 1, "seed": 2147483647, "width": 768, "height": 1344}') $$, 'the default model; numbers in the range of the model');
select pg_temp.sign_out();
update atelier.profiles set birth_date = '1980-01-01', age_verified = true where id = :alice;
select pg_temp.sign_in(:alice);
select (pg_temp.answer('replicate_image', '{"prompt": "a circle", "contentType": "nsfw", "disable_safety_checker": true, "input": {"disable_safety_checker": true}, "metadata": {"content_mode": "nsfw", "disable_safety_checker": true}}') ->> 'jobId')::uuid as unsafe \gset
select ok(not parameters ? 'disable_safety_checker', 'nsfw turned the safety checker of the model off: no request does') from atelier.jobs where id = :'unsafe';
select is(:'predicted'::jsonb - 'jobId' - 'predictionId', '{"status": "queued", "success": true}', 'the answer');
select is(pg_temp.answer('replicate_image', json_build_object('predictionId', :'predicted'::jsonb ->> 'jobId')) ->> 'status', 'starting', 'polling');
select throws_ok(format('select pg_temp.answer(''replicate_image'', %L)', body), state, message, body) from (values
  ('{"prompt": "a", "apiModelId": "tiny-sdxl"}', '22023', 'the model is not Replicate''s'), ('{"prompt": "a", "apiModelId": "owner/wrong"}', '22023', 'the version of the model is none'),
  ('{"prompt": "a", "apiModelId": "owner/none"}', 'PT404', 'unknown model'), ('{"predictionId": "none"}', 'PT404', 'no such prediction'), ('{"apiModelId": "owner/shapes"}', '22023', null),
  ('{"prompt": "a", "input": 3}', '22023', 'input must be a JSON object')) r (body, state, message);
select is((pg_temp.error_of($$ select pg_temp.answer('replicate_image', '{"prompt": "a", "apiModelId": "owner/wrong"}') $$)).detail, 'MODEL_VERSION_NOT_FOUND', 'a version that is none has a code');
select pg_temp.sign_in(:bob);
select throws_ok(format('select pg_temp.answer(''replicate_image'', %L)', json_build_object('predictionId', :'predicted'::jsonb ->> 'jobId')), 'PT404', null, 'Bob polls nothing of Alice');
select pg_temp.sign_out();
select (select j.id from atelier.jobs j where j.id = (:'predicted'::jsonb ->> 'jobId')::uuid) as predicted_job \gset
select atelier.set_provider_token('replicate', 'r8_test') \g /dev/null
select pg_temp.claim(:'predicted_job') as attempt \gset
select ok(pg_temp.succeed(:'attempt', '{"\\x89504e470d0a1a0a","\\x89504e470d0a1a0b"}', 41), 'it is made');
select pg_temp.sign_in(:alice);
select results_eq(format($$ select asset_index, generation_seed from atelier.workspace_assets where job_id = %L order by 1 $$, :'predicted_job'), $$ values (0, bigint '41'), (1, bigint '42') $$,
  'one output only, and a random generation_seed: all of them, with their seeds');
select results_eq(format($$ select a ->> 'status', jsonb_array_length(a -> 'output') from pg_temp.answer('replicate_image', %L) a $$, json_build_object('predictionId', :'predicted_job')), $$ values ('succeeded', 2) $$, 'polling, when it is over');
select pg_temp.sign_out();
update atelier.api_providers set is_active = false where name = 'replicate';
select pg_temp.sign_in(:alice);
select throws_ok($$ select pg_temp.answer('replicate_image', '{"prompt": "a"}') $$, 'PT404', 'unknown model', 'without a model of Replicate');
select pg_temp.become('authenticated');
select throws_ok($$ select pg_temp.answer('replicate_image', '{"prompt": "a"}') $$, 'PT401', null, 'nobody asks for nothing');

select * from finish();
rollback;
