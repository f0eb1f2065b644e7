-- What other back ends of a studio are known to do wrong in the database, by the name of what did it, and that it is right here.
begin;
\ir support/jobs.sql
select plan(72);
update atelier.endpoints set max_concurrency = 100 where is_active;

select pg_temp.sign_in(:alice);
select lives_ok(format('select atelier.create_workspace_session(%L)', :alice), 'create_workspace_session always failed: it works');
select throws_ok(format('select atelier.create_workspace_session(%L)', :bob), '42501', null, 'create_workspace_session asked nobody who he is: it does');
select throws_ok(format('select atelier.log_user_activity(%L, ''x'')', :bob), '42501', null, 'log_user_activity logged for anybody: for oneself');
select id as session from atelier.workspace_sessions \gset
select (atelier.queue_job('a circle', workspace_session_id => :'session')).id as job \gset
select is((select completed_at from atelier.jobs where id = :'job'), null, 'a job that waits has no end');
select pg_temp.sign_out();
select pg_temp.claim(:'job') as attempt \gset
select atelier_engine.record_sent(array[:'attempt']::uuid[], '{now}') \g /dev/null
select results_eq(format('select status, completed_at from atelier.jobs where id = %L', :'job'), $$ values ('processing', null::timestamptz) $$, 'job-callback set completed_at for "processing", too: it is null');
select ok(pg_temp.succeed(:'attempt'), 'it is made');
select ok(pg_temp.succeed(:'attempt') is not true, 'a second callback made its rows twice: it changes nothing');
select is((select count(*) from atelier.workspace_assets where job_id = :'job'), 1::bigint, 'there is one row');
select results_eq(format('select count(*), bool_and(file_size_bytes > 0) from atelier.workspace_assets where job_id = %L', :'job'), $$ values (bigint '1', true) $$, 'file_size was 0: it is that of the file');
select (select id from atelier.workspace_assets where job_id = :'job') as asset \gset
select pg_temp.sign_in(:alice);
select lives_ok(format('select atelier.save_workspace_item_to_library(%L, %L)', :'asset', :alice), 'save_workspace_item_to_library always failed: it works');
select results_eq(format('select status, metadata ->> ''saved_to'' from atelier.workspace_items where id = %L', :'asset'), $$ select 'saved', id::text from atelier.images $$, 'and marks the item');
select is(atelier.clear_workspace_session(:'session', :alice), true, 'clear_workspace_session');
select is(atelier.clear_workspace_session(:'session', :alice), false, 'the second time there is none');
select is((select workspace_session_id from atelier.jobs where id = :'job'), null, 'the job stays, without a session');

-- Failed is an end.
select (atelier.queue_job('a square')).id as failing \gset
select pg_temp.sign_out();
select pg_temp.claim(:'failing') as attempt \gset
select is(pg_temp.fail(:'attempt', 'content_policy'), 'failed', 'a job fails');
select ok(pg_temp.succeed(:'attempt') is not true, 'failed was not terminal: a late callback changes nothing');
select is((select status from atelier.jobs where id = :'failing'), 'failed', 'it has failed for good');

-- People.
select pg_temp.sign_in(:alice);
select is(atelier.verify_user_age('1980-01-01'), true, 'verify_user_age failed for every date: it answers');
select lives_ok($$ update atelier.profiles set birth_date = '1980-01-01' where id = (select auth.uid()) $$, 'audit_profile_access and update_age_verification failed every update: a birth date is stored');
select results_eq($$ select age_verified, age_verification_date is not null from atelier.profiles where id = (select auth.uid()) $$, $$ values (true, true) $$, 'and the age verified');
select throws_ok($$ update atelier.profiles set token_balance = 1000 $$, '42501', null, 'nobody gives himself tokens');
select pg_temp.become('service_role');
select lives_ok(format('update atelier.profiles set token_balance = token_balance - 1 where id = %L', :alice), 'validate_profile_security refused the service role: it charges');
select pg_temp.sign_out();
insert into auth.users (id, email) values ('00000000-0000-4000-8000-0000000000aa', 'new@example.org');
select is((select p.token_balance from atelier.profiles p join atelier.user_roles r on r.user_id = p.id and r.role = 'basic_user' where p.id = '00000000-0000-4000-8000-0000000000aa'), 100,
  'handle_new_user swallowed its errors: who signs up has a profile and a role');
select throws_ok($$ insert into auth.users (id, email) values ('00000000-0000-4000-8000-0000000000aa', 'x@example.org') $$, '23505', null, 'and an error is an error');

-- What was open to whoever has the key of the app: no caller check.
create temp table open_calls (call text);
grant select on open_calls to anon, authenticated;
insert into open_calls values
  (format('atelier.delete_workspace_item(%L, %L)', :'asset', :alice)), (format('atelier.create_workspace_session(%L)', :alice)),
  (format('atelier.log_user_activity(%L, ''x'')', :alice)), ('atelier.get_system_stats()'), ('atelier.get_schema_info()'),
  ('atelier.generate_admin_image(''x'')'), ('atelier.register_chat_worker(''http://192.0.2.9/v1'')'),
  ('atelier.studio_update_worker_url(''{"worker_url": "http://192.0.2.9"}'')'), ('atelier.studio_health_check_workers()'),
  (format('atelier.playground_chat(%L, ''hello'')', atelier.uuid7()));
select pg_temp.become('anon');
select throws_ok('select ' || call, '42501', null, 'no caller check: not for anon: ' || substring(call from '\.(\w+)')) from open_calls;
-- The schema is told to every role that is signed in: what that role may use.
select pg_temp.become('authenticated');
select matches((pg_temp.error_of('select ' || call)).state, '^(42501|PT401)$', 'no caller check: not for a token without a user: ' || substring(call from '\.(\w+)')) from open_calls where call !~ 'get_schema_info';
select is_empty('select from atelier.profiles', 'get_safe_profile_view gave whole profiles to a caller without an id: he sees none');
select pg_temp.sign_in(:bob);
select is_empty(format('select from atelier.profiles where id = %L', :alice), 'nor does another user');

-- Rows that users could write.
select pg_temp.sign_in(:alice);
select throws_ok(format('insert into atelier.user_roles (user_id, role) values (%L, ''admin'')', :alice), '42501', null, 'user_roles let everybody make himself administrator: it does not');
select throws_ok(statement, '42501', null, 'people wrote their own usage and results: ' || statement) from unnest(array[
  'update atelier.jobs set status = ''completed''',
  'delete from atelier.jobs', 'insert into atelier.workspace_assets default values']) statement;
select throws_ok(statement, '55000', null, 'usage_logs could be changed by whom they are about: ' || statement) from unnest(array['delete from atelier.usage_logs', 'update atelier.usage_logs set credits_consumed = 0']) statement;
select pg_temp.sign_out();
select throws_ok($$ insert into atelier.conversations (user_id) values ('00000000-0000-4000-8000-0000000000ee') $$, '23503', null, 'conversations could be of nobody: they are of somebody');
select throws_ok(format('update atelier.%I set moderation_status = %L', relation, status), states, null, relation || ': moderation_status takes no ' || coalesce(status, 'null'))
  from (values ('jobs', null, '23502'), ('jobs', 'fine', '23514'), ('user_library', null, '23502')) r (relation, status, states);

-- Files: two buckets were open to everybody, and what was meant for the administrators of one held for all.
insert into storage.objects (bucket_id, name, owner, metadata) select b.id, format('%s/open.bin', :alice), :alice, '{"size": 0, "mimetype": "image/png"}' from storage.buckets b;
create temp table private_buckets as select id from storage.buckets where not public;
grant select on private_buckets to anon, authenticated;
select ok(count(*) > 10, 'there are private buckets') from private_buckets;
select pg_temp.become('anon');
select is_empty($$ select o.bucket_id from private_buckets b join storage.objects o on o.bucket_id = b.id $$, 'video_fast and video_high were open to everybody: no private bucket is open to anon');
select pg_temp.sign_in(:bob);
select is_empty($$ select o.bucket_id from private_buckets b join storage.objects o on o.bucket_id = b.id $$, 'nor to another user');
delete from storage.objects where name ~ 'open.bin$';
select pg_temp.sign_in(:carol);
delete from storage.objects where name ~ 'open.bin$';
select pg_temp.sign_out();
select is((select count(*) from storage.objects where name ~ 'open.bin$'), (select count(*) from storage.buckets), 'a policy of administrators held for all buckets, and avatars were anybody''s: neither deletes files of others');

-- Pictures.
select pg_temp.sign_in(:alice);
select atelier.create_workspace_session(:alice) as session \gset
select (atelier.queue_job('twins', parameters => '{"seed": 7}', destination => 'workspace', workspace_session_id => :'session')).id as first \gset
select (atelier.queue_job('twins', parameters => '{"seed": 7}', destination => 'workspace', workspace_session_id => :'session')).id as second \gset
select pg_temp.sign_out();
select pg_temp.claim(:'first') as first_attempt \gset
select (pg_temp.queued(:'second')).attempt_id as second_attempt \gset
select pg_temp.succeed(:'second_attempt', '{"\\x89504e470d0a1a0b"}', 7), pg_temp.succeed(:'first_attempt', '{"\\x89504e470d0a1a0a"}', 7) \g /dev/null
select pg_temp.sign_in(:alice);
select results_eq(format('select job_id, atelier.object_bytes(''workspace-temp'', substr(url, 16)) from atelier.workspace_items where job_id in (%L, %L) order by job_id', :'first', :'second'),
  format('values (%L::uuid, ''\x89504e470d0a1a0a''::bytea), (%L, ''\x89504e470d0a1a0b'')', :'first', :'second'), 'link_workspace_items_to_jobs took any of two jobs: each picture is of its job');
select pg_temp.sign_out();
select count(*) as kept from atelier.user_library \gset
select pg_temp.sign_in(:alice);
select lives_ok($$ select atelier.workspace_actions('clear_workspace') $$, 'the workspace is cleared');
select is((select count(distinct l.storage_path) from atelier.user_library l where l.source_job_id in (:'first', :'second')), 2::bigint,
  'clear_asset lost one of two pictures of the same prompt, seed and model: both are in the library');
select pg_temp.sign_out();
select is_empty($$ select p.oid::regprocedure from pg_proc p where p.pronamespace in ('atelier'::regnamespace, 'atelier_engine'::regnamespace, 'storage'::regnamespace, 'auth'::regnamespace)
  and p.provolatile = 'i' and p.prosrc ~* '\m(now|clock_timestamp|statement_timestamp|transaction_timestamp|timeofday)\(|\mcurrent_(date|timestamp|time)\M|\mlocaltime' $$,
  'is_url_expired read the clock and said that it was immutable: no function does');

-- Jobs.
select pg_temp.queue(:alice, 'try again') as tried \gset
select is(pg_temp.fail(pg_temp.claim(:'tried'), 'server_error'), 'queued', 'attempts were never counted and nothing was tried again: it is tried again');
select is((select attempts from atelier.jobs where id = :'tried'), 1, 'and counted');
select pg_temp.sign_in(:alice);
select lives_ok(format('select atelier.cancel_job(%L)', :'tried'), 'cancelling violated the check of status: it does not');
select is((select status from atelier.jobs where id = :'tried'), 'cancelled', 'the job is cancelled');
select (atelier.queue_job('mine', metadata => '{"prediction_id": "prediction-of-bob", "fal_request_id": "request-of-bob"}')).id as mine \gset
select throws_ok($$ select atelier.replicate_image('{"predictionId": "prediction-of-bob"}') $$, 'PT404', null, 'predictions were found by metadata, which people write: they are not');
select pg_temp.sign_out();
insert into atelier.api_models (provider_id, model_key, display_name, modality, model_family, parameter_schema)
select p.id, 'flux-tiny', 'Flux', 'image', 'flux', '{"type": "object", "properties": {}}' from atelier.api_providers p where p.name = 'atelier-runner';
select pg_temp.queue(:alice, 'a line', ', model => ''flux-tiny''') as flux \gset
select is((select model_type from atelier.jobs where id = :'flux'), 'flux', 'a model of a new family violated a check and was written down as sdxl: model_type says what it is');
select pg_temp.sign_in(:alice);
insert into atelier.characters (name, description, content_rating, is_public) values ('Ivy', 'a circle', 'nsfw', true) returning id as ivy \gset
select pg_temp.sign_out();
update atelier.user_library set character_id = :'ivy', output_type = 'portrait' where user_id = :alice;
select isnt((select portrait_count from atelier.characters where id = :'ivy'), 0, 'a public character rated nsfw has portraits');
select pg_temp.become('anon');
select is_empty(format('select from atelier.user_library where character_id = %L', :'ivy'), 'portraits of public characters were for everybody, whatever their rating: anon sees none');
select pg_temp.sign_in(:bob);
select is_empty(format('select from atelier.user_library where character_id = %L', :'ivy'), 'nor does another user: they are private');
select pg_temp.sign_out();

select * from finish();
rollback;
