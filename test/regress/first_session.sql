-- A first session, as somebody would type it: what the answers and the errors look like.
\set SHOW_CONTEXT never
set client_min_messages = warning;
create extension atelier;

-- No server is asked in this test: jobs stay in the queue.
update atelier.endpoints set is_active = false;

insert into auth.users (id, email) values
  ('00000000-0000-4000-8000-00000000000a', 'ada@example.com'),
  ('00000000-0000-4000-8000-00000000000b', 'bob@example.com');
select id, username, subscription_status, token_balance, age_verified from atelier.profiles order by id;

-- Nobody is signed in.
set role anon;
select (atelier.queue_job('a red circle')).status;
select * from atelier.jobs;
reset role;
set role authenticated;
select (atelier.queue_job('a red circle')).status;

-- Ada is.
set request.jwt.claims = '{"sub": "00000000-0000-4000-8000-00000000000a", "role": "authenticated", "email": "ada@example.com"}';
select auth.uid(), auth.role(), auth.email();
select username, email, credits, role from atelier.users;

select atelier.create_workspace_session(auth.uid(), 'First try') as session \gset
select id as job, status, job_type, destination, original_prompt, parameters
  from atelier.queue_job('a red circle on a blue background', parameters => '{"seed": 7, "steps": 10}',
                         workspace_session_id => :'session') \gset ada_
\echo :ada_status :ada_job_type :ada_destination :ada_original_prompt :ada_parameters
select status, original_prompt, attempts, error_message from atelier.jobs;

select (atelier.queue_job('')).status;
select (atelier.queue_job('a star', model => 'no-such-model')).status;
select (atelier.queue_job('a star', parameters => '{"steps": 0}')).status;
select (atelier.queue_job('a star', parameters => '{"width": -64}')).status;
select (atelier.queue_job('a star', parameters => '{"colour": "red"}')).status;
select (atelier.queue_job('a star', parameters => '[]')).status;
select (atelier.queue_job('a star', parameters => '{"prompt": "\ud800"}')).status;
select count(*) from atelier.jobs;

-- What Ada may not do.
update atelier.profiles set token_balance = 1000000;
update atelier.jobs set status = 'completed';
select atelier.create_workspace_session('00000000-0000-4000-8000-00000000000b');
select * from atelier_engine.queue;

-- Bob sees nothing of it.
set request.jwt.claims = '{"sub": "00000000-0000-4000-8000-00000000000b", "role": "authenticated"}';
select count(*) from atelier.jobs;
select status from atelier.cancel_job(:'ada_job');

-- Ada thinks better of it.
set request.jwt.claims = '{"sub": "00000000-0000-4000-8000-00000000000a", "role": "authenticated"}';
select status from atelier.cancel_job(:'ada_job');
select atelier.clear_workspace_session(:'session', auth.uid());
select status, workspace_session_id from atelier.jobs;
reset role;
