-- Numbers for operators: histograms and metrics.
begin;
\ir support/jobs.sql
select plan(26);
select function_privs_are('atelier', 'metrics', array[]::text[], 'authenticated', array[]::text[], 'users do not read metrics');
select function_privs_are('atelier', 'latency_histogram', array['interval', 'integer'], 'authenticated', array[]::text[], 'nor histograms');
delete from atelier_engine.attempts;
update atelier.endpoints set max_concurrency = 10, name = E'test "end\\point' where name = 'test endpoint';
select pg_temp.queue(:alice, 'n ' || n) as job, n into temp measured from generate_series(1, 4) n;
select pg_temp.claim((select job from measured where n = 1)) \g /dev/null
update atelier_engine.attempts a
   set ready_at = t, claimed_at = t + interval '2 ms', sent_at = t + interval '3 ms', first_byte_at = t + interval '3 ms' + make_interval(secs => m.n)
  from measured m, (values (clock_timestamp() - interval '1 minute')) v (t) where a.job_id = m.job;
select pg_temp.become('service_role');
create temp table seen as select * from atelier.latency_histogram();
select results_eq('select distinct phase from seen order by 1', array['computing', 'submitting', 'waiting'], 'a phase counts when it has ended');
select results_eq('select distinct model from seen', array['tiny-sdxl'], 'by model');
select results_eq($$select at_most_seconds, attempts from seen where phase = 'computing' and at_most_seconds in (0.5, 1, 2.5, 5, 'Infinity') order by 1$$,
  $$values (0.5::double precision, 0::bigint), (1, 1), (2.5, 2), (5, 4), ('Infinity', 4)$$, 'the counts grow to all of them');
select results_eq($$select attempts from seen where phase = 'waiting' and at_most_seconds in (0.001, 0.0025) order by at_most_seconds$$, array[0, 4]::bigint[], 'milliseconds, too');
select is((select count(*) from atelier.latency_histogram(max_attempts => 2) where phase = 'computing' and at_most_seconds = 'Infinity' and attempts = 2), 1::bigint, 'only so many attempts are read');
select pg_temp.sign_out();
update atelier_engine.attempts set id = overlay(id::text placing '00000000' from 1 for 8)::uuid;
select pg_temp.become('service_role');
select is_empty('select from atelier.latency_histogram()', 'attempts from long ago do not count');
select throws_ok('select atelier.latency_histogram(''0'')', '22023', null, 'no time');
select throws_ok('select atelier.latency_histogram(null)', '22023', null, 'null');
select throws_ok('select atelier.latency_histogram(max_attempts => 0)', '22023', null, 'no attempts');
select throws_ok('select atelier.latency_histogram(max_attempts => 10000000)', '22023', null, 'too many of them');
select pg_temp.sign_in(:alice);
select throws_ok('select atelier.latency_histogram()', '42501', null, 'users are refused');
select throws_ok('select atelier.metrics()', '42501', null, 'twice');
select pg_temp.sign_out();
select is(atelier_engine.first_id_since('2026-03-05 10:00:00Z'), '019cbd70-9d00-0000-0000-000000000000', 'ids begin with the time');
select ok(atelier_engine.first_id_since(clock_timestamp()) <= atelier.uuid7() and atelier_engine.first_id_since(clock_timestamp() + interval '1 second') > atelier.uuid7(), 'those of uuid7()');

-- Prometheus text: HELP, TYPE, samples; each line is one of these.
update atelier_engine.attempts set id = atelier.uuid7();
select pg_temp.become('service_role');
create temp table lines as select line, place from regexp_split_to_table(atelier.metrics(), '\n') with ordinality l (line, place);
select is((select line from lines order by place desc limit 1), '', 'the text ends with a line');
select is_empty($$select line from lines where line <> '' and line !~ '^# (HELP atelier_[a-z_]+ \S.*\.|TYPE atelier_[a-z_]+ (gauge|counter))$'
  and line !~ '^atelier_[a-z_]+(\{[a-z]+="([^"\\]|\\["\\n])*"(,[a-z]+="([^"\\]|\\["\\n])*")*\})? -?[0-9]+(\.[0-9]+)?$'$$, 'every line is well-formed');
select is_empty($$select m[1] from lines, regexp_match(line, '^(atelier_[a-z_]+)') m where m is not null and not exists (select from lines t where t.line ~ ('^# TYPE ' || m[1] || ' '))$$, 'every metric has a type');
select is_empty('select line from lines where line ~ ''^atelier'' group by 1 having count(*) > 1', 'no sample comes twice');
select is((select count(*) from lines where line = 'atelier_queue_jobs{model="tiny-sdxl",state="leased"} 4'), 1::bigint, 'the queue');
select is((select count(*) from lines where line = E'atelier_endpoint_busy{endpoint="test \\"end\\\\point"} 4'), 1::bigint, 'endpoints, whatever they are called');
select is((select count(*) from lines where line = E'atelier_endpoint_healthy{endpoint="test \\"end\\\\point"} 1'), 1::bigint, 'and their health');
select is((select count(*) from lines where line ~ '^atelier_phase_seconds\{model="tiny-sdxl",phase="computing",quantile="0.5"\} 2\.5'), 1::bigint, 'how long attempts took');
select is((select count(*) from lines where line = 'atelier_overdue_leases 0'), 1::bigint, 'what is wrong');
select is((select count(*) from lines where line ~ '^atelier_rows_written_total\{table="(jobs|attempts|events|generations)"\} \d+$'), 4::bigint, 'how much was written');
select pg_temp.sign_out();

select * from finish();
rollback;
