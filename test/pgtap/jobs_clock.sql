-- The clock is set: what has been measured by it moves along, what a person has asked for does not.
begin;
\ir support/jobs.sql
select plan(6);
update atelier.endpoints set max_concurrency = 100 where name = 'test endpoint';
create function pg_temp.moved(p_by text, p_before timestamptz, p_after timestamptz) returns boolean language sql as $$
  select p_after - p_before = p_by::interval
$$;

select pg_temp.sign_in('a11ce000-0000-7000-8000-000000000001');
select (atelier.queue_job('tomorrow', run_at => clock_timestamp() + interval '1 day')).id as scheduled \gset
select pg_temp.sign_out();
select pg_temp.queue('a11ce000-0000-7000-8000-000000000001', 'failed once') as again \gset
select pg_temp.fail(pg_temp.claim(:'again'), 'overload');
select pg_temp.queue('a11ce000-0000-7000-8000-000000000001', 'on its way') as leased \gset
select pg_temp.claim(:'leased') \g /dev/null
insert into atelier_engine.endpoint_states (endpoint_id, blocked_until)
select id, '2030-01-01 12:00+00' from atelier.endpoints where name = 'test endpoint'
    on conflict (endpoint_id) do update set blocked_until = excluded.blocked_until;
create temp table before as select * from atelier_engine.queue;

select pg_temp.become('atelier_worker');
select lives_ok('select atelier_engine.follow_clock(-3600000000)', 'the dispatcher follows a clock that was set back');
select pg_temp.sign_out();
select ok(pg_temp.moved('-1 hour', b.run_at, q.run_at), 'the pause of a job moves along')
  from before b join atelier_engine.queue q using (job_id) where job_id = :'again';
select ok(pg_temp.moved('-1 hour', b.lease_expires_at, q.lease_expires_at) and q.run_at = b.run_at, 'a lease, too')
  from before b join atelier_engine.queue q using (job_id) where job_id = :'leased';
select ok(q.run_at = b.run_at, 'the time that a person has named does not')
  from before b join atelier_engine.queue q using (job_id) where job_id = :'scheduled';
select is(s.blocked_until, '2030-01-01 11:00+00'::timestamptz, 'the rest of an endpoint moves along')
  from atelier_engine.endpoint_states s;
select pg_temp.become('authenticated');
select throws_ok('select atelier_engine.follow_clock(1)', '42501', null, 'nobody else may say that the clock was set');

select * from finish();
rollback;
