-- Who sees jobs and what belongs to them, and that nobody writes them.
begin;
\ir support/jobs.sql
select plan(39);

select pg_temp.queue(:alice, 'of alice') as of_alice, pg_temp.queue(:bob, 'of bob') as of_bob \gset
select pg_temp.succeed(pg_temp.claim(:'of_alice')), pg_temp.succeed((pg_temp.queued(:'of_bob')).attempt_id);
select pg_temp.queue(:alice, 'second', format(', depends_on => array[%L]::uuid[]', :'of_alice')) as second \gset

select policies_are('atelier', 'jobs', array['owners and admins see jobs'], 'jobs have one policy');
select policies_are('atelier', 'job_dependencies', array['people see the dependencies of jobs they see'], 'so have their dependencies');
select policies_are('atelier', 'generations', array['owners and admins see generations', 'owners mark their generations'], 'generations have two');
select policies_are('atelier', 'events', array['owners see their events'], 'events have one');
select table_privs_are('atelier', 'jobs', 'authenticated', array['SELECT'], 'users read jobs');
select table_privs_are('atelier', 'generations', 'authenticated', array['SELECT'], 'users read generations');
select table_privs_are('atelier', 'events', 'authenticated', array['SELECT'], 'users read events');
select table_privs_are('atelier', 'jobs', 'service_role', array['SELECT', 'DELETE'], 'the service role moves no jobs either');

select pg_temp.sign_in(:alice);
select results_eq('select original_prompt from atelier.jobs order by created_at', array['of alice', 'second'], 'users see their jobs');
select results_eq('select prompt from atelier.generations', array['of alice'], 'their generations');
select results_eq('select kind, ref from atelier.events', format($$values ('job.completed', %L::uuid)$$, :'of_alice'), 'their events');
select results_eq('select depends_on_job_id from atelier.job_dependencies', array[:'of_alice'::uuid], 'the dependencies of their jobs');
select pg_temp.sign_in(:bob);
select results_eq('select original_prompt from atelier.jobs', array['of bob'], 'others see only theirs');
select results_eq('select prompt from atelier.generations', array['of bob'], 'only their generations');
select results_eq('select ref from atelier.events', array[:'of_bob'::uuid], 'only their events');
select is_empty('select * from atelier.job_dependencies', 'and no dependency of others');
select pg_temp.sign_in(:carol);
select is((select count(*) from atelier.jobs), 3::bigint, 'admins see every job');
select is((select count(*) from atelier.generations), 2::bigint, 'and every generation');
select pg_temp.become('authenticated');
select is_empty('select * from atelier.jobs', 'without a user there is nothing to see');
select is_empty('select * from atelier.generations', 'no generation');
select is_empty('select * from atelier.events', 'no event');
select pg_temp.become('service_role');
select is((select count(*) from atelier.jobs), 3::bigint, 'the service role sees all');

-- Writing.
select pg_temp.sign_in(:alice);
select throws_ok(format('insert into atelier.jobs (user_id, job_type) values (%L, ''image_fast'')', :alice), '42501', null, 'users add no jobs');
select throws_ok(format('update atelier.jobs set status = ''completed'' where id = %L', :'second'), '42501', null, 'nor complete them');
select throws_ok(format('update atelier.jobs set priority = 1000 where id = %L', :'second'), '42501', null, 'nor push them');
select throws_ok(format('delete from atelier.jobs where id = %L', :'second'), '42501', null, 'nor delete them');
select throws_ok(format('insert into atelier.events (user_id, kind) values (%L, ''job.completed'')', :alice), '42501', null, 'nor events');
select throws_ok(format('insert into atelier.job_dependencies values (%L, %L)', :'of_alice', :'second'), '42501', null, 'nor dependencies');
select throws_ok('insert into atelier.generations (user_id, action, model_id, model_name, replicate_model) values (auth.uid(), ''create'', ''a'', ''a'', ''a'')', '42501', null, 'nor generations');
select throws_ok('update atelier.generations set prompt = ''x''', '42501', null, 'nor change what a generation says');
select lives_ok('update atelier.generations set is_favorite = true, viewed = true', 'but mark them');
select pg_temp.sign_out();
select results_eq('select prompt, is_favorite from atelier.generations order by prompt', $$values ('of alice', true), ('of bob', false)$$, 'their own only');
select pg_temp.become('service_role');
select throws_ok(format('update atelier.jobs set status = ''completed'' where id = %L', :'second'), '42501', null, 'the service role does not complete jobs');
select lives_ok(format('update atelier.jobs set moderation_status = ''flagged'', review_notes = ''look'' where id = %L', :'second'), 'it reviews them');
select throws_ok(format('update atelier.jobs set moderation_status = ''odd'' where id = %L', :'second'), '23514', null, 'with a known verdict');
select pg_temp.become('anon');
select throws_ok('select from atelier.jobs', '42501', null, 'anon sees no jobs');
select throws_ok('select from atelier.generations', '42501', null, 'no generations');
select throws_ok('select from atelier.events', '42501', null, 'no events');

-- Whoever leaves takes his jobs along, also those on their way.
select pg_temp.sign_out();
delete from atelier.profiles where id = :alice;
select is_empty(format('select from atelier.jobs where user_id = %L', :alice), 'the jobs of a deleted user are gone');

select * from finish();
rollback;
