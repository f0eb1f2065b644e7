-- Projects: whose they are, what scenes may hold, how scenes become jobs, and what their jobs tell.
begin;
\ir support/jobs.sql
select plan(89);

select policies_are('atelier', 'projects', array['people and administrators see projects', 'people make their own projects',
  'people and administrators change projects', 'people and administrators delete projects'], 'projects: one policy per verb');
select policies_are('atelier', 'scenes', array['everybody sees public scenes', 'adults see public scenes of any rating', 'people and administrators see scenes',
  'people make their own scenes', 'people and administrators change scenes', 'people and administrators delete scenes'], 'scenes: the policies');
select indexes_are('atelier', 'projects', array['projects_pkey', 'projects_id_user_id_key', 'idx_projects_user_id', 'idx_projects_character_id'], 'projects: the indexes');

-- What rows may hold.
select pg_temp.sign_in(:alice);
insert into atelier.projects (original_prompt, media_type) values ('a film', 'video') returning id as film \gset
select row_eq(format('select user_id, workflow_step, scene_count, duration from atelier.projects where id = %L', :'film'),
  row(:alice::uuid, 'configuration'::text, 1, 0), 'a project is its maker''s, and has defaults');
select throws_ok(format('update atelier.projects set %s where id = %L', assignment, :'film'), '23514', null, 'a project refuses: ' || assignment)
  from unnest(array['original_prompt = ''''', 'media_type = ''sound''', 'workflow_step = ''x''', 'duration = -1', 'scene_count = -1', 'title = repeat(''x'', 501)', 'reference_image_url = ''javascript:x''']) assignment;
select throws_ok(format('update atelier.projects set %s where id = %L', assignment, :'film'), '42501', null, 'not for its owner: ' || assignment)
  from unnest(array[format('user_id = %L', :bob), 'created_at = now()', 'id = gen_random_uuid()']) assignment;
select throws_ok(format($$ insert into atelier.projects (user_id, original_prompt, media_type) values (%L, 'x', 'image') $$, :bob), '42501', null, 'none is made for somebody else');
insert into atelier.scenes (project_id, scene_number, description) select :'film', n, 'scene ' || n from generate_series(1, 3) n;
select row_eq(format('select scene_focus, narrative_style, visual_priority, perspective_hint, max_words, approved, is_public from atelier.scenes where project_id = %L and scene_number = 1', :'film'),
  row('setting'::text, 'concise'::text, '{setting,lighting,positioning}'::text[], 'third_person'::text, 60, false, false), 'a scene has defaults');
select throws_ok(format('update atelier.scenes set %s where project_id = %L', assignment, :'film'), state, null, 'a scene refuses: ' || assignment) from (values
  ('description = ''''', '23514'), ('scene_number = -1', '23514'), ('scene_number = null', '23514'), ('project_id = null', '23514'), ('scene_focus = ''x''', '23514'), ('narrative_style = ''x''', '23514'),
  ('perspective_hint = ''x''', '23514'), ('max_words = 19', '23514'), ('max_words = 201', '23514'), ('min_characters = 3, max_characters = 2', '23514'), ('is_public = true', '23514'),
  ('character_clothing_overrides = ''[]''', '23514'), ('atmosphere = ''1''', '23514'), ('tags = array[null]', '23514'), ('content_rating = ''x''', '23514'), ('scene_number = 7', '23505'),
  ('job_id = gen_random_uuid()', '42501'), ('usage_count = 5', '42501'), ('creator_id = null', '42501')) r (assignment, state);

-- Whose they are.
select pg_temp.sign_in(:bob);
select is_empty('select from atelier.projects', 'others do not see a project');
select is_empty('select from atelier.scenes', 'nor its scenes');
select is_empty('select from atelier.scene_status', 'nor how far they are');
select is_empty('select from atelier.project_status', 'nor how far it is');
select is_empty('update atelier.projects set title = ''x'' returning id', 'nor change it');
select is_empty('delete from atelier.scenes returning id', 'nor delete a scene');
select throws_ok(format($$ insert into atelier.scenes (project_id, scene_number, description) values (%L, 9, 'x') $$, :'film'), '23503', null, 'nobody adds a scene to the project of somebody else');
select throws_ok(format($$ insert into atelier.scenes (project_id, scene_number, description, user_id) values (%L, 9, 'x', %L) $$, :'film', :alice), '42501', null, 'not in his name either');
select throws_ok(format('insert into atelier.conversations (project_id) values (%L)', :'film'), '23503', null, 'nor a conversation');
select throws_ok(format('select atelier.generate_missing_scenes(%L)', :'film'), 'PT404', 'no such project', 'nor has it made');
select throws_ok('select atelier.generate_missing_scenes(gen_random_uuid())', 'PT404', 'no such project', 'as if there were none');
select throws_ok('select atelier.generate_scene(gen_random_uuid())', 'PT404', 'no such scene', 'nor a scene');
select pg_temp.sign_in(:carol);
select is((select count(*) from atelier.scenes), 3::bigint, 'administrators see the scenes');
select throws_ok(format('select atelier.generate_missing_scenes(%L)', :'film'), 'PT404', null, 'but have no jobs of others');
select function_privs_are('atelier', f, array['uuid', 'text', 'jsonb', 'text', 'text', 'text'], 'anon', array[]::text[], f || '(): not for anon') from unnest(array['generate_scene', 'generate_missing_scenes']) f;
select pg_temp.sign_in(:alice);
insert into atelier.scenes (description, is_public) values ('a park', true);
insert into atelier.scenes (description, is_public, content_rating) values ('a bath', true, 'nsfw');
select pg_temp.become('anon');
select results_eq('select description from atelier.scenes', array['a park'], 'anon sees public scenes for all ages');
select pg_temp.sign_out();
update atelier.profiles set age_verified = true where id = :bob;
select pg_temp.sign_in(:bob);
select results_eq('select description from atelier.scenes order by 1', array['a bath', 'a park'], 'who is of age sees all that are public');
select is_empty('select from atelier.scene_status', 'what is in no project has no status');
select pg_temp.sign_out();

-- Scenes become jobs.
create function pg_temp.status() returns text language sql as
$$ select format('%s %s/%s/%s/%s/%s of %s', status, missing, queued, processing, completed, failed, scenes) from atelier.project_status $$;
create function pg_temp.statuses() returns text[] language sql as $$ select array_agg(status order by scene_number) from atelier.scene_status $$;
select pg_temp.sign_in(:alice);
insert into atelier.characters (name, description, base_prompt, seed_locked) values ('Eve', 'x', 'a red circle', 42) returning id as eve \gset
update atelier.projects set character_id = :'eve' where id = :'film';
update atelier.scenes set enhanced_prompt = 'a long shot' where scene_number = 2;
update atelier.scenes set scene_prompt = 'a close shot' where scene_number = 3;
select is(pg_temp.status(), 'incomplete 3/0/0/0/0 of 3', 'nothing is there yet');
select throws_ok(format('select atelier.generate_missing_scenes(%L, %s)', :'film', arguments), state, null, 'refused: ' || arguments)
  from (values ('model => ''unknown''', 'PT404'), ('parameters => ''[]''', '22023'), ('parameters => null', '22023'), ('destination => ''moon''', '22023'), ('parameters => ''{"unknown": 1}''', '22023')) r (arguments, state);
select is(pg_temp.statuses(), '{missing,missing,missing}', 'what was refused queued nothing');
select results_eq(format('select original_prompt, user_id, project_id, destination, parameters ->> ''seed'', metadata ->> ''scene_number'', (metadata ->> ''character_id'')::uuid from atelier.generate_missing_scenes(%L)', :'film'),
  format($$ values ('a red circle, scene 1', %1$L::uuid, %2$L::uuid, 'library', '42', '1', %3$L::uuid), ('a red circle, a long shot', %1$L, %2$L, 'library', '42', '2', %3$L),
    ('a red circle, a close shot', %1$L, %2$L, 'library', '42', '3', %3$L) $$, :alice, :'film', :'eve'), 'each scene becomes a job, in order, with the character of the project');
select is(pg_temp.statuses(), '{queued,queued,queued}', 'and is queued');
select is(pg_temp.status(), 'queued 0/3/0/0/0 of 3', 'so is the project');
select is_empty(format('select from atelier.generate_missing_scenes(%L)', :'film'), 'what is under way is not missing');
select id as first from atelier.scenes where scene_number = 1 \gset
select throws_ok(format('select atelier.generate_scene(%L)', :'first'), 'PT409', 'the picture of the scene is under way', 'nor is it asked for again');
select job_id as job_1 from atelier.scene_status where scene_number = 1 \gset
select job_id as job_2 from atelier.scene_status where scene_number = 2 \gset
select job_id as job_3 from atelier.scene_status where scene_number = 3 \gset
select pg_temp.sign_out();
update atelier.endpoints set max_concurrency = 10;
select pg_temp.claim(:'job_1') as attempt_1 \gset
select attempt_id as attempt_2 from atelier_engine.queue where job_id = :'job_2' \gset
select atelier_engine.record_sent(array_agg(attempt_id), array_agg(clock_timestamp())) from atelier_engine.queue \g /dev/null
select pg_temp.sign_in(:alice);
select is(pg_temp.statuses(), '{processing,processing,processing}', 'sent, they are being made');
select pg_temp.sign_out();
select pg_temp.succeed(:'attempt_1') \g /dev/null
select pg_temp.fail(:'attempt_2', 'invalid_input', 'it broke') \g /dev/null
select pg_temp.sign_in(:alice);
select is(pg_temp.statuses(), '{completed,failed,processing}', 'one is done, one failed');
select is(pg_temp.status(), 'processing 0/0/1/1/1 of 3', 'the project goes on');
select matches((select image_url from atelier.scene_status where scene_number = 1), '^user-library/.*\.png$', 'what is done has its picture');
select is((select error_message from atelier.scene_status where scene_number = 2), 'it broke', 'what failed says why');
select pg_temp.sign_out();
select attempt_id as attempt_3 from atelier_engine.queue where job_id = :'job_3' \gset
select pg_temp.succeed(:'attempt_3') \g /dev/null
select pg_temp.sign_in(:alice);
select is(pg_temp.status(), 'failed 0/0/0/2/1 of 3', 'when all have ended, it failed in part');
-- Tried again, by the job or by the project.
select (atelier.retry_job(:'job_2')).id as again \gset
select is((select job_id from atelier.scene_status where scene_number = 2), :'again'::uuid, 'another try of the job is followed');
select is(pg_temp.status(), 'processing 0/1/0/2/0 of 3', 'and the project is under way again');
select is_empty(format('select from atelier.generate_missing_scenes(%L)', :'film'), 'it is not queued beside it');
select (atelier.cancel_job(:'again')).status \g /dev/null
select is(pg_temp.statuses(), '{completed,cancelled,completed}', 'cancelled');
select results_eq(format('select original_prompt from atelier.generate_missing_scenes(%L)', :'film'), array['a red circle, a long shot'], 'what failed or was cancelled is queued again, and nothing else');
select (atelier.cancel_job(job_id)).status from atelier.scene_status where scene_number = 2 \g /dev/null
update atelier.scenes set image_url = 'user-library/own.png' where scene_number = 2;
select is(pg_temp.status(), 'completed 0/0/0/3/0 of 3', 'a picture of one''s own is as good');
select is((select image_url from atelier.scene_status where scene_number = 2), 'user-library/own.png', 'and is the picture of the scene');
select (atelier.generate_scene(:'first')).id as redone \gset
select is((select job_id from atelier.scene_status where scene_number = 1), :'redone'::uuid, 'a scene can be made again');
select is(pg_temp.statuses(), '{queued,completed,completed}', 'and is queued then');

-- Without a character the picture of the project is followed; a character that is gone from sight stops it.
select pg_temp.sign_out();
insert into atelier.api_models (provider_id, model_key, display_name, modality, parameter_schema)
select id, 'follows', 'Follows', 'image', '{"type": "object", "properties": {"image": {"type": "string", "format": "picture"}}}' from atelier.api_providers where name = 'atelier-runner';
select pg_temp.sign_in(:bob);
insert into atelier.projects (original_prompt, media_type, reference_image_url) values ('a comic', 'image', 'https://example.org/style.png') returning id as comic \gset
select is((select status from atelier.project_status where id = :'comic'), 'empty', 'a project without scenes is empty');
select is_empty(format('select from atelier.generate_missing_scenes(%L)', :'comic'), 'and lacks none');
insert into atelier.scenes (project_id, scene_number, description) values (:'comic', 1, 'x') returning id as panel \gset
select is((atelier.generate_scene(:'panel', model => 'follows')).parameters ->> 'image', 'https://example.org/style.png', 'without a character the picture of the project is followed');
update atelier.projects set character_id = :'eve' where id = :'comic';
insert into atelier.scenes (project_id, scene_number, description) values (:'comic', 2, 'x');
select pg_temp.sign_out();
update atelier.characters set is_public = false where id = :'eve';
select pg_temp.sign_in(:bob);
select throws_ok(format('select atelier.generate_missing_scenes(%L)', :'comic'), 'PT404', 'no such character', 'a character that is private now is not used any more');
select lives_ok(format('delete from atelier.projects where id = %L', :'comic'), 'a project is deleted');
select is((select count(*) from atelier.jobs), 1::bigint, 'its jobs stay');
select pg_temp.sign_out();
select lives_ok(format('delete from atelier.jobs where id = %L', :'redone'), 'a job is deleted');
select pg_temp.sign_in(:alice);
select is(pg_temp.statuses(), '{missing,completed,completed}', 'then its scene is missing again');

select * from finish();
rollback;
