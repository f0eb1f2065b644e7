-- What other back ends of a studio are known to do wrong in the database, by the name of what did it, and that it is right here.
begin;
\ir support/jobs.sql
select plan(24);
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

select * from finish();
rollback;
