-- Failures: what is tried again, what is not, and what endpoints are spared.
begin;
\ir support/jobs.sql
select plan(93);
update atelier.endpoints set max_concurrency = 100, breaker_threshold = 1000 where name = 'test endpoint';

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

-- Tried again, with a pause, until max_attempts.
create function pg_temp.retried(p_class text) returns setof text language plpgsql as $$
declare
  a record;
  job atelier.jobs;
begin
  a := pg_temp.new_attempt(p_class);
  return next is(pg_temp.fail(a.attempt, p_class, 'first ' || p_class), 'queued', p_class || ' is tried again');
  job := pg_temp.job(a.job);
  return next ok((job.attempts, job.error_class, job.error_message) = (1, p_class, 'first ' || p_class),
    'an attempt is used up, and the reason is told');
  return next ok((pg_temp.queued(a.job)).run_at <= clock_timestamp() + interval '2 s' and (pg_temp.queued(a.job)).state = 'waiting',
    'after a pause of up to two seconds');
  perform pg_temp.fail(pg_temp.due(a.job), p_class);
  return next ok((pg_temp.queued(a.job)).run_at <= clock_timestamp() + interval '4 s', 'then up to twice as long');
  return next is(pg_temp.fail(pg_temp.due(a.job), p_class, 'last'), 'failed', 'until the attempts are used up');
  job := pg_temp.job(a.job);
  return next ok((job.attempts, job.error_class, job.error_message) = (3, p_class, 'last') and job.completed_at is not null,
    'the job keeps the last reason');
end $$;
select pg_temp.retried(c) from unnest(array['transient_net', 'overload', 'worker_crash', 'bad_response', 'internal']) c;

-- Not tried again.
create function pg_temp.final(p_class text) returns setof text language plpgsql as $$
declare
  a record;
begin
  a := pg_temp.new_attempt(p_class);
  return next is(pg_temp.fail(a.attempt, p_class, 'no'), 'failed', p_class || ' fails at once');
  return next is((pg_temp.job(a.job)).error_message, 'no', 'with the reason');
end $$;
select pg_temp.final(c) from unnest(array['auth', 'payment', 'invalid_input', 'content_policy', 'expired', 'too_large']) c;
select is((select count(*) from atelier.events where kind = 'job.failed'), 11::bigint, 'every failed job has an event');

-- A provider that has the request, and says what nobody can read of it.
create function pg_temp.misunderstood(p_policy text) returns text language plpgsql as $$
declare
  a record;
begin
  update atelier.endpoints set ambiguity_policy = p_policy where name = 'test endpoint';
  a := pg_temp.new_attempt('taken, policy ' || p_policy);
  perform pg_temp.become('atelier_worker');
  perform atelier_engine.record_submitted(a.attempt, 'ext-' || p_policy);
  perform pg_temp.sign_out();
  return pg_temp.fail(a.attempt, 'bad_response', 'gibberish');
end $$;
select is(pg_temp.misunderstood('retry'), 'queued', 'what costs nothing is tried again');
select is(pg_temp.misunderstood('fail'), 'failed', 'what may have been paid for is not');
select is(pg_temp.misunderstood('hold'), 'processing', 'or is held for somebody to look at');
update atelier.endpoints set ambiguity_policy = 'fail' where name = 'test endpoint';
insert into atelier.retry_policies (error_class, endpoint_id, action)
select 'bad_response', e.id, 'retry' from atelier.endpoints e where e.name = 'test endpoint';
select is(pg_temp.misunderstood('fail'), 'queued', 'unless an operator says so');
delete from atelier.retry_policies;

-- One request and one answer, which nobody can read.
create function pg_temp.unreadable(p_policy text, p_status integer, p_sent boolean default true) returns text language plpgsql as $$
declare
  a record;
  status text;
begin
  update atelier.endpoints set ambiguity_policy = p_policy where name = 'test endpoint';
  a := pg_temp.new_attempt('taken, and answered ' || p_status);
  perform pg_temp.become('atelier_worker');
  status := atelier_engine.record_failure(
    a.attempt, 'bad_response', p_status, 'gibberish', 'body', null, p_sent, clock_timestamp(), null, null, clock_timestamp());
  perform pg_temp.sign_out();
  return status;
end $$;
select is(pg_temp.unreadable('retry', 200), 'queued', 'without an id, too, what costs nothing is tried again');
select is(pg_temp.unreadable('fail', 200), 'failed', 'what may have been paid for is not');
select is(pg_temp.unreadable('hold', 201), 'processing', 'or is held');
select is(pg_temp.unreadable('fail', 0), 'failed', 'whatever came in the place of a status');
select is(pg_temp.unreadable('fail', 302), 'queued', 'a server that points elsewhere did nothing');
select is(pg_temp.unreadable('fail', 0, false), 'queued', 'what was not sent was not paid for');
insert into atelier.retry_policies (error_class, endpoint_id, action)
select 'bad_response', e.id, 'retry' from atelier.endpoints e where e.name = 'test endpoint';
select is(pg_temp.unreadable('fail', 200), 'queued', 'an operator may say otherwise');
delete from atelier.retry_policies;
update atelier.endpoints set ambiguity_policy = 'retry' where name = 'test endpoint';
delete from atelier.jobs where original_prompt like 'taken, %';

-- Success takes the error away.
select job as again, attempt as first_try from pg_temp.new_attempt('second time lucky') \gset
select pg_temp.fail(:'first_try', 'overload', 'too busy');
select pg_temp.succeed(pg_temp.due(:'again'));
select row_eq(format('select status, error_message, error_class, attempts from atelier.jobs where id = %L', :'again'),
  row('completed'::text, null::text, null::text, 2), 'a completed job has no error');

-- An endpoint that cannot be reached.
select job as waits, attempt as refused from pg_temp.new_attempt('nobody is home') \gset
select is(pg_temp.fail(:'refused', 'unavailable', 'connection refused', null, false), 'queued', 'unavailable is tried again');
select row_eq(format('select attempts, error_class, error_message from atelier.jobs where id = %L', :'waits'),
  row(0, 'unavailable'::text, 'connection refused'::text), 'it costs no attempt');
select is((pg_temp.queued(:'waits')).state, 'ready', 'the job keeps its place');
select ok(s.blocked_until between clock_timestamp() + interval '0.9 s' and clock_timestamp() + interval '2 s' and s.unavailable_count = 1,
  'the endpoint is left alone for a while') from atelier_engine.endpoint_states s;
select is(pg_temp.claim(:'waits'), null, 'it gets nothing meanwhile');
select is(atelier_engine.next_wake_at(), (select blocked_until from atelier_engine.endpoint_states), 'the dispatcher is told when');
select is((select health from atelier.endpoint_health where endpoint = 'test endpoint'), 'unavailable', 'operators see it');

update atelier_engine.endpoint_states set blocked_until = clock_timestamp();
select pg_temp.queue(:alice, 'and another');
select pg_temp.claim(:'waits') as probe \gset
select is((select count(*) from atelier_engine.queue where state = 'leased'), 1::bigint, 'then it gets one request, as a probe');
select pg_temp.fail(:'probe', 'unavailable', 'connection refused', null, false);
select ok(s.blocked_until > clock_timestamp() + interval '1.9 s' and s.unavailable_count = 2, 'each failed probe makes the pause longer')
  from atelier_engine.endpoint_states s;
select isnt((select last_error from atelier_engine.endpoint_states), null, 'the last error is kept');

update atelier_engine.endpoint_states set blocked_until = clock_timestamp();
select pg_temp.claim(:'waits') as reached \gset
select pg_temp.become('atelier_worker');
select atelier_engine.record_sent(array[:'reached']::uuid[], array[clock_timestamp()]);
select pg_temp.sign_out();
select row_eq('select unavailable_since, unavailable_count, blocked_until from atelier_engine.endpoint_states',
  row(null::timestamptz, 0, null::timestamptz), 'a request that gets through makes it healthy again');
select pg_temp.succeed(:'reached');

-- Too long out of reach.
delete from atelier.jobs;
select job as old, attempt as old_attempt from pg_temp.new_attempt('old') \gset
update atelier.jobs set created_at = clock_timestamp() - interval '1 hour' where id = :'old';
select is(pg_temp.fail(:'old_attempt', 'unavailable'), 'queued', 'a short outage does not fail what waited in a long queue');
update atelier_engine.endpoint_states set blocked_until = null, unavailable_since = clock_timestamp() - interval '14 minutes';
select is(pg_temp.fail(pg_temp.claim(:'old'), 'unavailable'), 'queued', 'nor does one of less than unavailable_timeout');
update atelier_engine.endpoint_states set blocked_until = null, unavailable_since = clock_timestamp() - interval '16 minutes';
select is(pg_temp.fail(pg_temp.claim(:'old'), 'unavailable', 'still refused'), 'failed', 'a longer one does');
select is((pg_temp.job(:'old')).error_message, 'still refused', 'with the reason');
update atelier_engine.endpoint_states set blocked_until = null, unavailable_since = clock_timestamp() - interval '16 minutes';
select job as young from pg_temp.new_attempt('young') \gset
select is(pg_temp.fail((pg_temp.queued(:'young')).attempt_id, 'unavailable'), 'queued', 'a young job waits, however long the endpoint is away');
delete from atelier.jobs;
delete from atelier_engine.endpoint_states;

-- An endpoint that asks for patience.
select job as patient, attempt as throttled from pg_temp.new_attempt('slow down') \gset
select is(pg_temp.fail(:'throttled', 'throttled', 'too many requests', 20000), 'queued', 'throttled is tried again');
select is((pg_temp.job(:'patient')).attempts, 0, 'it costs no attempt');
select ok(blocked_until between clock_timestamp() + interval '19 s' and clock_timestamp() + interval '21 s', 'after the time that was asked for')
  from atelier_engine.endpoint_states;
update atelier_engine.endpoint_states set blocked_until = null;
select pg_temp.fail(pg_temp.claim(:'patient'), 'throttled', 'too many requests', 2000000000);
select ok(blocked_until between clock_timestamp() + interval '59 minutes' and clock_timestamp() + interval '61 minutes', 'at most an hour')
  from atelier_engine.endpoint_states;
update atelier_engine.endpoint_states set blocked_until = null, throttled_count = 50;
select pg_temp.fail(pg_temp.claim(:'patient'), 'throttled');
select ok(blocked_until between clock_timestamp() + interval '14 s' and clock_timestamp() + interval '30 s', 'or at most 30 seconds when no time was named')
  from atelier_engine.endpoint_states;
update atelier_engine.endpoint_states set blocked_until = null;
select pg_temp.succeed(pg_temp.claim(:'patient'));
select row_eq('select throttled_count, blocked_until from atelier_engine.endpoint_states', row(0, null::timestamptz), 'a success ends it');

-- Requests that may or may not have been carried out.
select job as may_repeat, attempt as unclear from pg_temp.new_attempt('free') \gset
select is(pg_temp.fail(:'unclear', 'ambiguous', 'connection reset'), 'queued', 'where it is harmless, an ambiguous request is repeated');
select is((pg_temp.attempt(:'unclear')).state, 'ambiguous', 'its attempt is ambiguous');
select is((pg_temp.job(:'may_repeat')).attempts, 1, 'and it counts');
update atelier.endpoints set ambiguity_policy = 'fail' where name = 'test endpoint';
select attempt as unclear2 from pg_temp.new_attempt('paid') \gset
select is(pg_temp.fail(:'unclear2', 'ambiguous', 'connection reset'), 'failed', 'or the job fails');
update atelier.endpoints set ambiguity_policy = 'hold' where name = 'test endpoint';
select job as held, attempt as unclear3 from pg_temp.new_attempt('paid more') \gset
select is(pg_temp.fail(:'unclear3', 'ambiguous', 'connection reset'), 'processing', 'or it is held');
select ok(q.state = 'held' and q.next_check_at between clock_timestamp() + interval '59 minutes' and clock_timestamp() + interval '61 minutes',
  'until hold_timeout has passed') from pg_temp.queued(:'held') q;
select is_empty('select * from atelier.stuck_jobs', 'a held job is not stuck');
select job as mislaid, attempt as lost_here from pg_temp.new_attempt('paid, too') \gset
select is(pg_temp.fail(:'lost_here', 'internal', 'disk full'), 'processing', 'as is one whose answer was lost here');
select is((pg_temp.queued(:'mislaid')).state, 'held', 'because it was paid for');
select attempt as never_left from pg_temp.new_attempt('not paid') \gset
select is(pg_temp.fail(:'never_left', 'internal', 'no memory', p_sent => false), 'queued', 'what never left is tried again');

-- Cancelled meanwhile.
select job as unwanted, attempt as unwanted_attempt from pg_temp.new_attempt('never mind') \gset
select pg_temp.sign_in(:alice);
select atelier.cancel_job(:'unwanted');
select is(pg_temp.fail(:'unwanted_attempt', 'overload'), 'cancelled', 'a failed job that nobody wants is not repeated');
select is((pg_temp.job(:'unwanted')).error_message, null, 'a cancelled job has no error');

select is(pg_temp.fail(gen_random_uuid(), 'overload'), null, 'an unknown attempt changes nothing');
select attempt as strange from pg_temp.new_attempt('strange') \gset
select is(pg_temp.fail(:'strange', 'no_such_class', null), 'queued', 'an unknown class is tried again');
select is((pg_temp.attempt(:'strange')).error_message, 'no such class', 'without a message the class is the reason');
select attempt as talkative from pg_temp.new_attempt('talkative') \gset
select pg_temp.fail(:'talkative', 'overload', repeat('x', 5000));
select is(length((pg_temp.attempt(:'talkative')).error_message), 1000, 'messages are cut');

select * from finish();
rollback;
