-- How many jobs a user may have waiting and running.
begin;
\ir support/jobs.sql
select plan(17);

-- The helper.
select set_eq($$select state, message, detail, hint from pg_temp.error_of($e$select atelier_engine.raise_too_many_requests(7, 'slowly', 'Three at a time.', 'Come back.')$e$)$$,
  $$values ('PT429', 'slowly', 'Three at a time.', 'Come back.')$$, 'in SQL it is an error as any other');
set local request.method = 'POST';
select results_eq($$select state, message::jsonb, detail::jsonb from pg_temp.error_of($e$select atelier_engine.raise_too_many_requests(7, 'slowly', 'Three at a time.', 'Come back.')$e$)$$,
  $$values ('PGRST', '{"code": "PT429", "message": "slowly", "details": "Three at a time.", "hint": "Come back."}'::jsonb,
                     '{"status": 429, "headers": {"Retry-After": "7"}}'::jsonb)$$, 'over HTTP it says when to come back');
select results_eq($$select state, message::jsonb from pg_temp.error_of($e$select atelier_engine.raise_too_many_requests(7, 'slowly')$e$)$$,
  $$values ('PGRST', '{"code": "PT429", "message": "slowly", "details": null, "hint": null}'::jsonb)$$, 'detail and hint may be missing');
set local request.method = '';

-- The limit.
select is(current_setting('atelier.max_unfinished_jobs_per_user'), '1000', 'a thousand by default');
set local atelier.max_unfinished_jobs_per_user = 2;
select lives_ok(format('select pg_temp.queue(%L, ''first'')', :alice), 'there is room for one');
select pg_temp.queue(:alice, 'second') as second \gset
select pg_temp.sign_in(:alice);
select throws_ok('select atelier.queue_job(''third'')', 'PT429', 'too many unfinished jobs', 'not for a third');
select is((select detail || ' ' || hint from pg_temp.error_of('select atelier.queue_job(''third'')')),
  'The limit is 2. Wait until some are finished, or cancel some with cancel_job().', 'and the error says what to do');
set local request.method = 'POST';
select is((select detail::jsonb #>> '{headers,Retry-After}' from pg_temp.error_of('select atelier.queue_job(''third'')')), '10', 'over HTTP, too');
set local request.method = '';
select throws_ok('set local atelier.max_unfinished_jobs_per_user = 0', '42501', null, 'users do not change the limit');
select pg_temp.sign_in(:bob);
select lives_ok('select atelier.queue_job(''mine'')', 'others have room of their own');
select pg_temp.sign_in(:alice);
select atelier.cancel_job(:'second');
select lives_ok('select atelier.queue_job(''third'')', 'a finished job makes room');
select throws_ok('select atelier.queue_job(''fourth'')', 'PT429', null, 'for one');
select set_config('request.jwt.claims', json_build_object('sub', :alice)::text, true), set_config('role', 'service_role', true);
select lives_ok('select atelier.queue_job(''fourth'')', 'the back end may always queue');
select pg_temp.sign_out();
set local atelier.max_unfinished_jobs_per_user = 0;
select lives_ok(format('select pg_temp.queue(%L, ''fifth'')', :alice), 'no limit is 0');
set local atelier.max_unfinished_jobs_per_user = 1;
select pg_temp.sign_in(:carol);
select lives_ok('select atelier.queue_job(''one'')', 'one is one');
select throws_ok('select atelier.queue_job(''two'')', 'PT429', null, 'and not two');
select pg_temp.sign_out();
select ok((select indexdef ~ '\(user_id, ' from pg_indexes where indexname = 'queue_user_idx'), 'an index knows the unfinished jobs of a user');
select * from finish();
rollback;
