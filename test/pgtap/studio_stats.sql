-- Numbers for administrators: right, and for them alone.
begin;
\ir support/jobs.sql
select plan(28);
select pg_temp.sign_out();
update auth.users set created_at = now() - interval '40 days' where id = :bob;
update atelier.profiles set created_at = now() - interval '40 days' where id = :bob;
insert into atelier.jobs (id, user_id, job_type, format, status, started_at, completed_at, created_at)
select coalesce(s.id::uuid, atelier.uuid7()), s.who::uuid, s.job_type, 'image', s.status, s.begun, case when s.status <> 'queued' then s.begun + interval '90 s' end, s.begun
  from (values (null, :alice, 'sdxl_image_fast', 'completed', now() - interval '1 hour'), ('00000000-0000-7000-8000-0000000000c1', :alice, 'sdxl_image_fast', 'completed', now() - interval '2 days'),
               ('00000000-0000-7000-8000-0000000000c2', :alice, 'image_high', 'completed', now() - interval '2 days'), (null, :alice, 'image_high', 'failed', now()),
               (null, :carol, 'video_fast', 'queued', now()), (null, :bob, 'video_fast', 'completed', now() - interval '50 days')) s (id, who, job_type, status, begun);
insert into atelier.workspace_assets (user_id, asset_type, temp_storage_path, file_size_bytes, mime_type, job_id, generation_seed, original_prompt, model_used)
values (:alice, 'image', :alice || '/a.png', 100, 'image/png', '00000000-0000-7000-8000-0000000000c1', 1, 'a', 'm');
insert into atelier.user_library (user_id, asset_type, storage_path, file_size_bytes, mime_type, original_prompt, model_used)
values (:alice, 'video', :alice || '/b.mp4', 1000, 'video/mp4', 'b', 'm');
select pg_temp.sign_in(:carol);
select is(atelier.get_system_stats(), '{"total_users": 3, "new_users_today": 2, "new_users_period": 2, "active_users": 2, "total_jobs": 5, "completed_jobs": 3, "failed_jobs": 1, "avg_job_time": 1.50, "success_rate": 75.00,
  "job_type_breakdown": {"image_high": 2, "sdxl_image_fast": 2, "video_fast": 1}, "total_images": 1, "total_videos": 1, "total_assets": 2, "storage_used": 1100, "storage_used_workspace": 100, "storage_used_library": 1000}',
  'active_users counted who signed up: those who did something');
select is(atelier.get_system_stats(60) -> 'active_users', '3', 'in sixty days everybody did');
select is(atelier.get_system_stats(1) - '{total_users,new_users_today,new_users_period,job_type_breakdown,storage_used,storage_used_workspace,storage_used_library,total_assets,total_images,total_videos}'::text[],
  '{"active_users": 2, "total_jobs": 3, "completed_jobs": 1, "failed_jobs": 1, "avg_job_time": 1.50, "success_rate": 50.00}', 'in one day');
select throws_ok(format('select atelier.get_system_stats(%s)', days), '22023', 'p_days is out of range', 'days: ' || days) from unnest(array['0', '3651', 'null']) days;
select results_eq(format('select total_jobs, completed_jobs, failed_jobs, total_images, total_videos, storage_used_bytes, avg_job_time_minutes from atelier.get_user_analytics(%L)', :alice),
  $$ values (bigint '4', bigint '3', bigint '1', bigint '1', bigint '1', bigint '1100', 1.50) $$, 'what one person did');
select is_empty($$ select from atelier.get_user_analytics(atelier.uuid7()) $$, 'nobody did nothing');
select throws_ok($$ select from atelier.user_analytics $$, '42501', null, 'the view of all is the service role''s');
select pg_temp.sign_in(:alice);
select throws_ok($$ select atelier.get_system_stats() $$, '42501', 'only administrators and the service role may do this', 'get_system_stats had no role check: it has');
select is((select total_jobs from atelier.get_user_analytics()), 4::bigint, 'people see their own numbers');
select throws_ok(format('select from atelier.get_user_analytics(%L)', :bob), '42501', null, 'and nobody else''s');
select results_eq($$ select action, credits_consumed, format from atelier.usage_logs order by created_at, id $$,
  $$ values ('sdxl_image_fast', 1.00, 'image'), ('image_high', 1.00, 'image'), ('sdxl_image_fast', 1.00, 'image'), ('image_high', 0.00, 'image') $$, 'usage_logs: own jobs; what failed costs nothing');
select throws_ok(write, '55000', null, 'people wrote their own usage: nobody does. ' || left(write, 20)) from unnest(array['insert into atelier.usage_logs (user_id) values (auth.uid())', 'delete from atelier.usage_logs']) write;
select pg_temp.become('service_role');
select is((select count(*) from atelier.user_analytics), 3::bigint, 'the service role sees all');
select is((select total_jobs from atelier.user_analytics where user_id = :alice), 4::bigint, 'with the same numbers');
select pg_temp.become('authenticated');
select throws_ok($$ select from atelier.get_user_analytics(null) $$, '42501', null, 'nobody has no numbers');

-- Queues.
select pg_temp.become('service_role');
select is(atelier.system_metrics() -> 'queues', '{"sdxl_queue": 0, "wan_queue": 0}', 'nothing waits');
select pg_temp.queue(:alice, 'a') from generate_series(1, 4) \g /dev/null
select pg_temp.become('service_role');
select is(atelier.system_metrics() -> 'queues', '{"sdxl_queue": 4, "wan_queue": 0}', 'four wait');
select is(atelier.system_metrics() -> 'etaEstimates', '{"sdxl_queue": "1-3 min", "wan_queue": "immediate"}', 'and how long that may take');
select results_eq($$ select key, value ->> 'total' from jsonb_each(atelier.system_metrics() -> 'workers') order by 1 $$, $$ values ('chat', '0'), ('sdxl', '0'), ('wan', '0') $$, 'no worker is registered');
select lives_ok($$ select atelier.register_worker('gpu', 'atelier-runner', worker_type => 'sdxl') $$);
select is(atelier.system_metrics() #> '{workers,sdxl}', '{"healthy": 1, "total": 1, "isHealthy": true, "busy": 0}', 'now one is');

-- Jobs of which nothing is left: only c2 is older than a day, completed, and without a picture.
select is(atelier.clean_orphaned_jobs(), 2, 'clean_orphaned_jobs always rolled back: it deletes');
select is_empty($$ select from atelier.jobs where id = '00000000-0000-7000-8000-0000000000c2' $$, 'what has no result any more');
select isnt_empty($$ select from atelier.jobs where id = '00000000-0000-7000-8000-0000000000c1' $$, 'but not what was saved or is in a workspace');
select pg_temp.sign_out();
select results_eq($$ select user_id, metadata from atelier.user_activity_log where action = 'cleanup_orphaned_jobs' $$, $$ values (null::uuid, jsonb '{"deleted": 2}') $$, 'and the log says so, of nobody');

select * from finish();
rollback;
