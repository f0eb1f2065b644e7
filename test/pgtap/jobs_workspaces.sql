-- A job for a team: its members see the result, and the job stays its owner's.
begin;
select plan(44);
\ir support/jobs.sql
insert into atelier.workspaces (id, name, slug)
values ('7ea30000-0000-7000-8000-000000000001', 'Team', 'team'), ('7ea30000-0000-7000-8000-000000000002', 'Others', 'others');
\set team '''7ea30000-0000-7000-8000-000000000001'''
\set others '''7ea30000-0000-7000-8000-000000000002'''
insert into auth.users (id, email) values ('da000000-0000-7000-8000-000000000004', 'dan@example.org');
\set dan '''da000000-0000-7000-8000-000000000004'''
insert into atelier.workspace_members (workspace_id, user_id, role) values (:team, :bob, 'owner'), (:team, :alice, 'member'), (:others, :dan, 'owner');

select throws_ok(format($$ select pg_temp.queue(%L, 'x', format(', workspace_id => %%L', %L)) $$, :alice, workspace), 'PT404', 'no such workspace',
  'a job is not for ' || what) from (values (:others, 'a workspace of others'), (gen_random_uuid()::text, 'a workspace that is none')) w (workspace, what);
select pg_temp.sign_out() \g /dev/null
select pg_temp.queue(:alice, 'a red circle', format(', workspace_id => %L', :team)) as job \gset
select pg_temp.queue(:alice, 'a private one') as private_job \gset
select is((select workspace_id from atelier.jobs where id = :'job'), :team, 'it is for a workspace of one''s own');
select is((select workspace_id from atelier.jobs where id = :'private_job'), null, 'or for none');
select pg_temp.succeed(pg_temp.claim(:'job'), '{"\\x89504e47","\\x01"}') \g /dev/null
select pg_temp.succeed(pg_temp.claim(:'private_job')) \g /dev/null
update atelier.endpoints set max_concurrency = 10 where is_active;
select pg_temp.succeed(q.attempt_id) from atelier_engine.queue q where q.job_id = :'private_job' \g /dev/null
select is((select count(*) from atelier.jobs where id in (:'job', :'private_job') and status = 'completed'), 2::bigint, 'both are done');
select id as generation from atelier.generations where job_id = :'job' \gset
select id as private_generation from atelier.generations where job_id = :'private_job' \gset

select pg_temp.sign_in(:bob) \g /dev/null
select results_eq(format($$ select prompt from atelier.get_workspace_generations(%L) $$, :team), array['a red circle'], 'another member sees what was made for the team');
select is_empty($$ select from atelier.jobs $$, 'but not the job');
select is_empty($$ select from atelier.generations $$, 'nor anything among his own');
select is_empty($$ select from atelier.workspace_assets $$, 'nor what is in the workspace of its owner');
select is_empty($$ select from storage.objects $$, 'nor the files');
select is(atelier.generation_bytes(:'generation'), '\x89504e47'::bytea, 'whose bytes he reads nevertheless');
select is(atelier.generation_bytes(:'generation', 1), '\x01'::bytea, 'of each output');
select is(atelier.generation_output(:'generation', 1), '\x01', 'over HTTP, too');
select throws_ok(format($$ select atelier.generation_bytes(%L, %s) $$, :'generation', n), 'PT404', 'no such output', 'there is no output ' || n)
  from unnest(array[-1, 2, 2000000000]) n;
select throws_ok(format($$ select atelier.generation_bytes(%L) $$, :'private_generation'), 'PT404', 'no such output', 'nor any of what is private');
select throws_ok($$ select atelier.generation_bytes(null) $$, 'PT404', 'no such output', 'nor of nothing');
select results_eq($$ update atelier.generations set is_favorite = true returning 1 $$, array[]::integer[], 'he marks it for nobody');
select throws_ok($$ delete from atelier.generations $$, '42501', null, 'nor deletes it');
select throws_ok(format($$ select atelier.cancel_job(%L) $$, :'job'), 'PT404', 'no such job', 'nor touches the job');
select pg_temp.sign_in(:dan) \g /dev/null
select throws_ok(format($$ select atelier.get_workspace_generations(%L) $$, :team), 'PT404', 'no such workspace', 'a stranger sees nothing');
select throws_ok($$ select atelier.get_workspace_generations(null) $$, 'PT404', 'no such workspace', 'also of no workspace');
select throws_ok(format($$ select atelier.generation_bytes(%L) $$, :'generation'), 'PT404', 'no such output', 'nor reads it');
select throws_ok(format($$ select atelier.generation_output(%L) $$, :'generation'), 'PT404', 'no such output', 'over HTTP neither');
select pg_temp.sign_in(:alice) \g /dev/null
select is((select count(*) from atelier.generations), 2::bigint, 'the owner sees all of hers');
select is(atelier.generation_bytes(:'private_generation'), '\x89504e47'::bytea, 'and reads them');
select is((select count(*) from atelier.generations where workspace_id = :team), 1::bigint, 'also by workspace');
select throws_ok(format($$ update atelier.generations set workspace_id = %L $$, :others), '42501', null, 'which she does not change by hand');
select pg_temp.sign_in(:carol) \g /dev/null
select is((select count(*) from atelier.get_workspace_generations(:team)), 1::bigint, 'an administrator of the product sees them, too');
select pg_temp.become('service_role') \g /dev/null
select is((select count(*) from atelier.get_workspace_generations(:team)), 1::bigint, 'and the service role');
select is((select count(*) from atelier.get_workspace_generations(:team, max_rows => 0)), 0::bigint, 'as many as it wants');
select is((select count(*) from atelier.get_workspace_generations(:team, (select created_at from atelier.generations where id = :'generation'))), 0::bigint,
  'and from where it wants');

-- The file moves to the library.
select id as asset from atelier.workspace_assets where job_id = :'job' and asset_index = 0 \gset
select atelier.save_workspace_item_to_library(:'asset', :alice) \g /dev/null
select pg_temp.sign_out() \g /dev/null
delete from atelier.workspace_assets where id = :'asset';
select atelier_engine.delete_pending_objects(100) \g /dev/null
select pg_temp.sign_in(:bob) \g /dev/null
select is(atelier.generation_bytes(:'generation'), '\x89504e47'::bytea, 'what moved to the library is found there');
select pg_temp.sign_in(:alice) \g /dev/null
delete from atelier.user_library;
select pg_temp.sign_in(:bob) \g /dev/null
select throws_ok(format($$ select atelier.generation_bytes(%L) $$, :'generation'), 'PT404', 'no such output', 'what was deleted is not');
select is(atelier.generation_bytes(:'generation', 1), '\x01'::bytea, 'the other output stays');

-- Who leaves takes his work along.
select pg_temp.queue(:alice, 'another', format(', workspace_id => %L', :team)) as next_job \gset
select pg_temp.sign_in(:bob) \g /dev/null
select atelier.remove_workspace_member(:team, :alice) \g /dev/null
select is_empty(format($$ select from atelier.get_workspace_generations(%L) $$, :team), 'the work of a removed member is gone with her');
select pg_temp.sign_out() \g /dev/null
select pg_temp.succeed(pg_temp.claim(:'next_job')) \g /dev/null
select results_eq(format($$ select workspace_id from atelier.generations where job_id in (%L, %L) $$, :'job', :'next_job'), array[null, null]::uuid[],
  'it belongs to no workspace, nor does what is finished later');
select throws_ok(format($$ select pg_temp.queue(%L, 'x', format(', workspace_id => %%L', %L)) $$, :alice, :team), 'PT404', 'no such workspace', 'she makes nothing for it any more');
select pg_temp.sign_out() \g /dev/null

-- Workspaces that go.
select pg_temp.queue(:bob, 'the last one', format(', workspace_id => %L', :team)) as last_job \gset
select pg_temp.succeed(pg_temp.claim(:'last_job')) \g /dev/null
update atelier.workspaces set is_active = false where id = :team;
insert into atelier.workspace_members (workspace_id, user_id) values (:team, :alice);
select pg_temp.sign_in(:alice) \g /dev/null
select throws_ok(format($$ select atelier.get_workspace_generations(%L) $$, :team), 'PT404', 'no such workspace', 'a deleted workspace shows nothing to its members');
select pg_temp.sign_in(:bob) \g /dev/null
select is((select count(*) from atelier.generations where prompt = 'the last one'), 1::bigint, 'but to whose it is');
select pg_temp.sign_out() \g /dev/null
select lives_ok(format($$ delete from atelier.workspaces where id = %L $$, :team), 'a workspace can go for good');
select results_eq(format($$ select g.workspace_id, j.workspace_id from atelier.generations g join atelier.jobs j on j.id = g.job_id where j.id = %L $$, :'last_job'),
  $$ values (null::uuid, null::uuid) $$, 'and the work stays');
select lives_ok(format($$ delete from auth.users where id = %L $$, :bob), 'also an account');

select * from finish();
rollback;
