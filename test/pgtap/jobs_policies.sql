-- What happens after a failure, by policy: here, elsewhere, with another model, hold, fail.
begin;
\ir support/jobs.sql
select plan(69);
update atelier.endpoints set max_concurrency = 100, breaker_threshold = 1000 where name = 'test endpoint';
\set here '''e0000000-0000-7000-8000-000000000001'''
\set there '''e0000000-0000-7000-8000-000000000002'''
\set runner '''00000000-0000-7000-8000-000000000001'''

create function pg_temp.new_attempt(p_prompt text, out job uuid, out attempt uuid) language plpgsql as $$
begin
  job := pg_temp.queue('a11ce000-0000-7000-8000-000000000001', p_prompt);
  attempt := pg_temp.claim(job);
end $$;
create function pg_temp.due(p_job uuid) returns uuid language plpgsql as $$
begin
  update atelier_engine.queue set run_at = clock_timestamp() where job_id = p_job;
  return pg_temp.claim(p_job);
end $$;
create function pg_temp.endpoint_of(p_attempt uuid) returns text language sql as
$$ select endpoint_name from atelier_engine.attempts where id = p_attempt $$;

-- Which policy counts.
select is((atelier_engine.retry_policy_for('overload', :here)).action, 'elsewhere', 'without a row the default counts');
select is((atelier_engine.retry_policy_for('no_such_class', :here)).action, 'retry', 'an unknown class is treated as internal');
select set_eq('select error_class from atelier.default_retry_policies',
  $$select (regexp_matches(pg_get_constraintdef(oid), '''(\w+)''', 'g'))[1] from pg_constraint where conname = 'retry_policies_error_class_known'$$,
  'every class has a default');
insert into atelier.retry_policies (error_class, action) values ('overload', 'fail');
select is((atelier_engine.retry_policy_for('overload', :here)).action, 'fail', 'a row for all comes before the default');
insert into atelier.retry_policies (error_class, provider_id, action) values ('overload', :runner, 'hold');
select is((atelier_engine.retry_policy_for('overload', :here)).action, 'hold', 'one for the provider before that');
insert into atelier.retry_policies (error_class, endpoint_id, action) values ('overload', :here, 'retry');
select is((atelier_engine.retry_policy_for('overload', :here)).action, 'retry', 'and one for the endpoint first of all');
select is((atelier_engine.retry_policy_for('overload', null)).action, 'fail', 'an endpoint that is gone has no row of its own');
select throws_ok($$insert into atelier.retry_policies (error_class, action) values ('overload', 'hold')$$, '23505', null, 'one row for each scope');
select throws_ok($$insert into atelier.retry_policies (error_class, action) values ('tantrum', 'fail')$$, '23514', null, 'of a known class');
select throws_ok($$insert into atelier.retry_policies (error_class, action) values ('auth', 'cry')$$, '23514', null, 'with a known action');
select throws_ok($$insert into atelier.retry_policies (error_class, action, first_delay) values ('auth', 'retry', '-1 s')$$, '23514', null, 'and a pause that is one');
select throws_ok(format($$insert into atelier.retry_policies (error_class, action, provider_id, endpoint_id) values ('auth', 'retry', %L, %L)$$, :runner, :here),
  '23514', null, 'for an endpoint or a provider, not both');
select pg_temp.sign_in(:alice);
select is_empty('select from atelier.retry_policies', 'users do not see them');
select throws_ok($$insert into atelier.retry_policies (error_class, action) values ('auth', 'retry')$$, '42501', null, 'nor write them');
select pg_temp.sign_in(:carol);
select lives_ok($$update atelier.retry_policies set longest_delay = '10 s'$$, 'administrators do');
select pg_temp.sign_out();
delete from atelier.retry_policies;

-- Pauses.
select ok(min(d) between '0' and '0.4 s' and max(d) between '1.6 s' and '2 s' and avg(d) between '0.8 s' and '1.2 s', 'a first pause is anything up to first_delay')
  from (select atelier_engine.retry_delay('2 s', '1 minute', 1) as d from generate_series(1, 1000)) s;
select ok(max(d) between '12 s' and '16 s', 'doubled with each failure')
  from (select atelier_engine.retry_delay('2 s', '1 minute', 4) as d from generate_series(1, 1000)) s;
select ok(max(d) between '50 s' and '1 minute', 'at most longest_delay')
  from (select atelier_engine.retry_delay('2 s', '1 minute', 1000) as d from generate_series(1, 1000)) s;
select is(atelier_engine.retry_delay('0', '1 minute', 3), null, 'or none at all');

-- The policy is followed.
insert into atelier.retry_policies (error_class, endpoint_id, action, uses_up_attempt, first_delay, longest_delay)
values ('overload', :here, 'retry', false, '1 hour', '1 hour'), ('transient_net', :here, 'fail', true, '0', '0'), ('bad_response', :here, 'hold', true, '0', '0');
select job as free_job, attempt as free_attempt from pg_temp.new_attempt('free of charge') \gset
select is(pg_temp.fail(:'free_attempt', 'overload'), 'queued', 'a policy may cost no attempt');
select is((pg_temp.job(:'free_job')).attempts, 0, 'then none is counted');
select ok((pg_temp.queued(:'free_job')).run_at > clock_timestamp() + interval '3 s', 'and its pauses are kept');
select attempt as final_attempt from pg_temp.new_attempt('final') \gset
select is(pg_temp.fail(:'final_attempt', 'transient_net'), 'failed', 'what is tried again by default may fail by policy');
select job as held_job, attempt as held_attempt from pg_temp.new_attempt('to be looked at') \gset
select is(pg_temp.fail(:'held_attempt', 'bad_response', 'gibberish'), 'processing', 'or be held for somebody to look at');
select row_eq(format('select state, attempt_id from atelier_engine.queue where job_id = %L', :'held_job'), row('held'::text, :'held_attempt'::uuid), 'with its attempt');
select is_empty('select from atelier.stuck_jobs', 'a held job is not stuck');
update atelier_engine.queue set next_check_at = clock_timestamp() where job_id = :'held_job';
select atelier_engine.reap_expired_leases();
select row_eq(format('select status, error_class, error_message from atelier.jobs where id = %L', :'held_job'),
  row('failed'::text, 'bad_response'::text, 'gibberish; nobody decided in time what to do'::text), 'when nobody did, it fails');
delete from atelier.retry_policies;
delete from atelier.jobs;

-- Elsewhere: another endpoint.
select job as roamer, attempt as roamer1 from pg_temp.new_attempt('nowhere else') \gset
select pg_temp.fail(:'roamer1', 'overload');
select is((pg_temp.queued(:'roamer')).avoid_endpoint_id, null, 'without another endpoint a job goes where it was');
select is(pg_temp.endpoint_of(pg_temp.due(:'roamer')), 'test endpoint', 'there it is claimed');
insert into atelier.endpoints (id, provider_id, name, adapter, base_url, max_concurrency, breaker_threshold, ambiguity_policy)
select :there, provider_id, 'other endpoint', adapter, 'http://192.0.2.2/v1', 100, 1000, 'retry' from atelier.endpoints where name = 'test endpoint';
update atelier.endpoints set weight = 1000 where name = 'test endpoint';
select pg_temp.fail((pg_temp.queued(:'roamer')).attempt_id, 'overload');
select is((pg_temp.queued(:'roamer')).avoid_endpoint_id, :here::uuid, 'with another one it keeps away from where it failed');
update atelier.endpoints set max_concurrency = 0 where name = 'other endpoint';
select is(pg_temp.due(:'roamer'), null, 'even when there is room only there');
update atelier.endpoints set max_concurrency = 100 where name = 'other endpoint';
select is(pg_temp.endpoint_of(pg_temp.due(:'roamer')), 'other endpoint', 'and is claimed at the other');
delete from atelier.jobs;
select job as shy, attempt as shy1 from pg_temp.new_attempt('shy') \gset
select pg_temp.fail(:'shy1', 'worker_crash');
update atelier_engine.queue set state = 'ready', run_at = clock_timestamp() - interval '29 s' where job_id = :'shy';
select atelier_engine.reap_expired_leases();
select isnt((pg_temp.queued(:'shy')).avoid_endpoint_id, null, 'it keeps away for a while');
update atelier_engine.queue set run_at = clock_timestamp() - interval '31 s' where job_id = :'shy';
select atelier_engine.reap_expired_leases();
select is((pg_temp.queued(:'shy')).avoid_endpoint_id, null, 'but not for ever');
delete from atelier.jobs;
insert into atelier.pauses (endpoint_id) values (:there);
select job as paused, attempt as paused1 from pg_temp.new_attempt('the other is paused') \gset
select pg_temp.fail(:'paused1', 'overload');
select is((pg_temp.queued(:'paused')).avoid_endpoint_id, null, 'a paused endpoint is no place to go');
delete from atelier.pauses;
insert into atelier_engine.endpoint_states (endpoint_id, trip_count, blocked_until) values (:there, 1, clock_timestamp() + interval '1 minute');
select pg_temp.fail(pg_temp.due(:'paused'), 'overload');
select is((pg_temp.queued(:'paused')).avoid_endpoint_id, null, 'nor is one with an open breaker');
delete from atelier_engine.endpoint_states;
delete from atelier.jobs;

-- Elsewhere: another token.
delete from atelier.endpoints where name = 'other endpoint';
update atelier.api_providers set auth_scheme = 'bearer', auth_header_name = 'Authorization';
select atelier.set_provider_token('atelier-runner', 'secret-one', 'one') as one \gset
select job as refused, attempt as refused1 from pg_temp.new_attempt('refused') \gset
select is(pg_temp.fail(:'refused1', 'auth', 'who are you'), 'failed', 'with one token a refusal is final');
delete from atelier_engine.token_states;
select atelier.set_provider_token('atelier-runner', 'secret-two', 'two') as two \gset
select job as welcome, attempt as welcome1 from pg_temp.new_attempt('welcome') \gset
select is(pg_temp.fail(:'welcome1', 'auth', 'who are you'), 'queued', 'with another one it is not');
select isnt((pg_temp.attempt(pg_temp.claim(:'welcome'))).token_id, (pg_temp.attempt(:'welcome1')).token_id, 'that one is tried at once');
select is(pg_temp.fail((pg_temp.queued(:'welcome')).attempt_id, 'auth', 'nor you'), 'failed', 'until none is left');
delete from atelier_engine.token_states;
delete from atelier.provider_tokens;
update atelier.api_providers set auth_scheme = 'none';
delete from atelier.jobs;

-- Another model.
insert into atelier.api_providers (id, name, display_name, auth_scheme) values ('50000000-0000-7000-8000-00000000000c', 'spare', 'Spare', 'none');
insert into atelier.api_models (id, provider_id, model_key, display_name, modality, parameter_schema)
values ('50000000-0000-7000-8000-000000000001', '50000000-0000-7000-8000-00000000000c', 'picky', 'Picky', 'image', '{"type": "object", "additionalProperties": false, "properties": {}}'),
       ('50000000-0000-7000-8000-000000000002', '50000000-0000-7000-8000-00000000000c', 'closed', 'Closed', 'image', '{}'),
       ('50000000-0000-7000-8000-000000000003', '50000000-0000-7000-8000-00000000000c', 'film', 'Film', 'video', '{}'),
       ('50000000-0000-7000-8000-000000000004', '50000000-0000-7000-8000-00000000000c', 'stand-in', 'Stand-in', 'image',
        (select parameter_schema from atelier.api_models where model_key = 'tiny-sdxl'));
insert into atelier.endpoints (id, provider_id, name, adapter, base_url, max_concurrency, only_models, breaker_threshold)
values (:there, '50000000-0000-7000-8000-00000000000c', 'spare endpoint', 'openai_images', 'http://192.0.2.3/v1', 100, '{picky, film, stand-in}', 1000);
select job as broke, attempt as broke1 from pg_temp.new_attempt('no credit') \gset
select is(pg_temp.fail(:'broke1', 'payment', 'no credit'), 'failed', 'without an equivalent model a lack of credit is final');
update atelier.api_models set equivalent_models = '{nothing, picky, closed, film, tiny-sdxl, stand-in}' where model_key = 'tiny-sdxl';
select job as taken, attempt as taken1 from pg_temp.new_attempt('taken over') \gset
select is(pg_temp.fail(:'taken1', 'payment', 'no credit'), 'queued', 'with one it is not');
select is((pg_temp.queued(:'taken')).model_id, '50000000-0000-7000-8000-000000000004'::uuid,
  'the first that exists, is of the same kind, can be reached and takes the parameters');
set local role atelier_worker;
create temp table claimed as select * from atelier_engine.claim_jobs(10);
reset role;
select row_eq('select job_id, model, url from claimed', row(:'taken'::uuid, 'stand-in'::text, 'http://192.0.2.3/v1'::text), 'it is asked for by its own name, at its own server');
select is((pg_temp.attempt((select attempt_id from claimed))).model_id, '50000000-0000-7000-8000-000000000004'::uuid, 'the attempt tells');
select is((pg_temp.attempt(:'taken1')).model_id, null, 'the one before was of the job''s own model');
select ok(pg_temp.succeed((select attempt_id from claimed)), 'its result counts');
delete from atelier.jobs;
select job as unclear, attempt as unclear1 from pg_temp.new_attempt('a model out of order') \gset
select pg_temp.fail(:'unclear1', 'overload');
select is((pg_temp.queued(:'unclear')).model_id, '00000000-0000-7000-8000-000000000002'::uuid, 'elsewhere is not another model');
insert into atelier.pauses (model_id) values ('50000000-0000-7000-8000-000000000004');
select is(pg_temp.fail(pg_temp.due(:'unclear'), 'payment'), 'failed', 'a paused model takes over nothing');
delete from atelier.pauses;
insert into atelier.retry_policies (error_class, action, otherwise) values ('payment', 'fail_over', 'hold');
update atelier.api_models set equivalent_models = '{}';
select attempt as patient1 from pg_temp.new_attempt('patient') \gset
select is(pg_temp.fail(:'patient1', 'payment'), 'processing', 'what happens without another place is a policy, too');
delete from atelier.retry_policies;
delete from atelier.jobs;

-- Never tried, because nothing can be reached.
delete from atelier_engine.endpoint_states;
update atelier.api_models set equivalent_models = '{stand-in}' where model_key = 'tiny-sdxl';
select pg_temp.queue(:alice, 'stranded') as stranded, pg_temp.queue(:alice, 'stranded, too') as lost \gset
update atelier.jobs set created_at = clock_timestamp() - interval '1 hour';
insert into atelier_engine.endpoint_states (endpoint_id, unavailable_since, unavailable_count, blocked_until, last_error)
values (:here, clock_timestamp() - interval '1 hour', 9, clock_timestamp() + interval '30 s', 'connection refused');
insert into atelier.retry_policies (error_class, endpoint_id, action) values ('unavailable', :here, 'fail_over');
select is(atelier_engine.reap_expired_leases(), 2, 'jobs that nobody can take are looked after');
select row_eq(format('select q.model_id, j.status from atelier_engine.queue q join atelier.jobs j on j.id = q.job_id where j.id = %L', :'stranded'),
  row('50000000-0000-7000-8000-000000000004'::uuid, 'queued'::text), 'an equivalent model takes them where the policy says so');
select isnt(pg_temp.claim(:'stranded'), null, 'and carries them out');
delete from atelier.retry_policies;
delete from atelier.jobs;
delete from atelier_engine.endpoint_states;

-- Ambiguous: the policy of the endpoint comes first.
insert into atelier.retry_policies (error_class, action, uses_up_attempt, first_delay) values ('ambiguous', 'retry', false, '0');
select job as killer, attempt as killer1 from pg_temp.new_attempt('kills its carrier') \gset
select pg_temp.fail(:'killer1', 'ambiguous');
select is((pg_temp.job(:'killer')).attempts, 1, 'an unknown outcome always uses up an attempt');
select isnt(pg_temp.claim(:'killer'), null, 'its pause is the one of the policy');
update atelier_engine.queue set lease_expires_at = clock_timestamp() where job_id = :'killer';
select atelier_engine.reap_expired_leases();
select is((pg_temp.job(:'killer')).attempts, 2, 'one that the janitor finds, too');
select pg_temp.claim(:'killer');
select atelier_engine.settle_attempts(null, 'the courier died');
select row_eq(format('select status, attempts, error_message from atelier.jobs where id = %L', :'killer'), row('failed'::text, 3, 'the courier died'::text),
  'so that a job that kills its carrier stops at max_attempts');
update atelier.retry_policies set action = 'fail';
select attempt as strict1 from pg_temp.new_attempt('strict') \gset
select is(pg_temp.fail(:'strict1', 'ambiguous'), 'failed', 'a policy may be stricter than the endpoint');
update atelier.retry_policies set action = 'retry';
update atelier.endpoints set ambiguity_policy = 'hold' where id = :here;
select attempt as paid1 from pg_temp.new_attempt('paid') \gset
select is(pg_temp.fail(:'paid1', 'ambiguous'), 'processing', 'but not laxer');
delete from atelier.retry_policies;

-- What is kept of answers.
select is(atelier_engine.redact(t.raw), t.expected, t.raw) from (values
  ('Authorization: Bearer abcdefghijklmnop', 'Authorization: Bearer [removed]'),
  ('{"api_key": "abcdefgh", "x": 1}', '{"api_key": "[removed]", "x": 1}'),
  ('https://host/x?size=1&token=abcdefgh&n=2', 'https://host/x?size=1&token=[removed]&n=2'),
  ('Incorrect API key provided: sk-abcdefghijklmnopqrst.', 'Incorrect API key provided: [removed].'),
  ('r8_abcdefghijklmnopqrst is no token', '[removed] is no token'),
  ('out of memory at step 3', 'out of memory at step 3'),
  ('the tokens of the prompt are too many', 'the tokens of the prompt are too many')) t (raw, expected);
select is(atelier_engine.redact('{"x": "token=abcd\"efgh"}')::jsonb, '{"x": "token=[removed]\"efgh"}', 'JSON stays JSON');
select is(atelier_engine.redact(null), null, 'nothing stays nothing');
select attempt as chatty from pg_temp.new_attempt('chatty') \gset
select pg_temp.fail(:'chatty', 'invalid_input', 'bad key: secret=abcdefgh');
select is((pg_temp.attempt(:'chatty')).error_message, 'bad key: secret=[removed]', 'what is written down has no credentials');

select * from finish();
rollback;
