-- The logs: partitions, what becomes of calls for which there is none, what is kept of requests, and of people who left.
begin;
\ir support/jobs.sql
select plan(58);

-- Partitions. Those that the janitor has made go first.
create function pg_temp.partitions(p_table text) returns text[] language sql as $$
  select coalesce(array_agg(c.relname::text order by c.relname), '{}') from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent = ('atelier.' || p_table)::regclass $$;
do $$ declare partition text; begin
  for partition in select inhrelid::regclass from pg_inherits where inhparent in ('atelier.api_logs'::regclass, 'atelier.api_cost_logs'::regclass) loop
    execute 'drop table ' || partition;
  end loop;
end $$;
select is(atelier_engine.tend_logs(), 12, 'the partitions of eight days and four months are made');
select is(pg_temp.partitions('api_logs'), array(select 'api_logs_' || to_char(now() at time zone 'UTC' + n * interval '1 day', 'YYYY_MM_DD') from generate_series(0, 7) n), 'a day each, a week ahead');
select is(pg_temp.partitions('api_cost_logs'), array(select 'api_cost_logs_' || to_char(date_trunc('month', now() at time zone 'UTC') + n * interval '1 month', 'YYYY_MM') from generate_series(0, 3) n),
  'a month each, three ahead');
select is(atelier_engine.tend_logs(), 0, 'once');
select is_empty($$select c.oid::regclass from pg_inherits i join pg_class c on c.oid = i.inhrelid where i.inhparent in ('atelier.api_logs'::regclass, 'atelier.api_cost_logs'::regclass)
  and (not c.relrowsecurity or c.relacl is not null or c.relnamespace <> 'atelier_engine'::regnamespace or c.relowner <> (select p.relowner from pg_class p where p.oid = i.inhparent))$$,
  'clients reach none of them but by the log');
select is_empty($$select inhrelid::regclass from pg_inherits i where inhparent in ('atelier.api_logs'::regclass, 'atelier.api_cost_logs'::regclass)
  and (select count(*) from pg_index x where x.indrelid = inhrelid) <> 2$$, 'each has its indexes');
select is_empty($$select inhrelid::regclass from pg_inherits i join pg_depend d on d.objid = inhrelid and d.deptype = 'e' where inhparent = 'atelier.api_logs'::regclass$$,
  'none is a member of the extension, so that dumps have them');
set local timezone = 'America/New_York';
select ok(atelier_engine.make_log_partition('api_cost_logs', '1 month', '2024-02-01Z'), 'a month is made');
select ok(not atelier_engine.make_log_partition('api_cost_logs', '1 month', '2024-02-01Z'), 'once');
select ok(atelier_engine.make_log_partition('api_logs', '1 day', '2024-03-10Z'), 'a day, elsewhere one of 23 hours, too');
set local timezone = 'UTC';
select is(pg_get_expr(relpartbound, oid), 'FOR VALUES FROM (''2024-02-01 00:00:00+00'') TO (''2024-03-01 00:00:00+00'')', 'months are those of UTC')
  from pg_class where oid = 'atelier_engine.api_cost_logs_2024_02'::regclass;
select is(pg_get_expr(relpartbound, oid), 'FOR VALUES FROM (''2024-03-10 00:00:00+00'') TO (''2024-03-11 00:00:00+00'')', 'so are days')
  from pg_class where oid = 'atelier_engine.api_logs_2024_03_10'::regclass;
select is(atelier_engine.drop_log_partitions('api_logs', '1 day', '2024-03-10 23:59:59Z'), 0, 'a day that is not over stays');
select is(atelier_engine.drop_log_partitions('api_logs', '1 day', '2024-03-11Z'), 1, 'one that is over goes');
select is(to_regclass('atelier_engine.api_logs_2024_03_10'), null, 'and is gone');
select is(atelier_engine.drop_log_partitions('api_cost_logs', '1 month', '2024-02-29 23:00Z'), 0, 'a month likewise');
create view pg_temp.kept as select * from atelier_engine.api_cost_logs_2024_02;
select is(atelier_engine.drop_log_partitions('api_cost_logs', '1 month', '2024-03-01Z'), 0, 'what somebody has made a view of stays');
drop view pg_temp.kept;
create table public.api_logs_1999_01_01 (like atelier.api_logs);
alter table atelier.api_logs attach partition public.api_logs_1999_01_01 for values from ('1999-01-01Z') to ('1999-01-02Z');
select is(atelier_engine.tend_logs(), 1, 'the month of long ago goes by itself');
select is((pg_temp.partitions('api_logs'))[1], 'api_logs_1999_01_01', 'a partition of somebody else does not');
select is(array(select format('%s %s %s', log_table, period, kept) from atelier_engine.log_tables() order by 1), array['api_cost_logs 1 mon 400 days', 'api_logs 1 day 30 days'],
  'they are kept as the settings say');
select row_eq('select s.boot_val, s.unit, s.context from pg_settings s where s.name = ''atelier.api_log_retention''', row('2592000'::text, 's'::text, 'sighup'::text), 'which no session changes');
update atelier_engine.instance set database_oid = 1;
select is(atelier_engine.tend_logs(), 0, 'a restored database changes nothing by itself');
update atelier_engine.instance set database_oid = (select oid from pg_database where datname = current_database());

-- Calls without a partition.
do $$ declare partition text; begin
  for partition in select inhrelid::regclass from pg_inherits where inhparent in ('atelier.api_logs'::regclass, 'atelier.api_cost_logs'::regclass) loop
    execute 'drop table ' || partition;
  end loop;
end $$;
update atelier.api_providers set auth_scheme = 'bearer', auth_header_name = 'Authorization' where name = 'atelier-runner';
select atelier.set_provider_token('atelier-runner', 'secret-one', 'one') \g /dev/null
insert into atelier.api_prices (provider_id, unit, price, valid_from) select id, 'image', 0.04, '2020-01-01Z' from atelier.api_providers where name = 'atelier-runner';
select pg_temp.queue(:alice, 'unlogged') as job \gset
select ok(pg_temp.succeed(pg_temp.claim(:'job')), 'without a partition a result is recorded');
select is((pg_temp.job(:'job')).status, 'completed', 'the job is completed');
select row_eq('select attempt_id, outputs is not null, metadata, tries, last_error from atelier_engine.unlogged_calls',
  row((select id from atelier_engine.attempts where job_id = :'job'), true, '{"created": 1}'::jsonb, 0, 'no partition of relation "api_logs" found for row'::text), 'its log waits');
select row_eq('select d.status, d.detail ~ ''^1 calls wait'' from atelier_engine.examine_logs() d', row('warning'::text, true), 'the doctor says so');
select pg_temp.queue(:alice, 'fails') as failing \gset
select is(pg_temp.fail(pg_temp.claim(:'failing'), 'invalid_input'), 'failed', 'so do failures');
select is((select count(*) from atelier_engine.unlogged_calls), 2::bigint, 'and wait');
select is((select count(*) from atelier_engine.token_usage where spent_in_month > 0), 0::bigint, 'nothing counts yet');
select is(atelier_engine.tend_logs(), 12, 'the janitor makes the partitions');
select is_empty('select from atelier_engine.unlogged_calls', 'and logs what waited');
select results_eq('select external_status from atelier.api_logs order by created_at', array['succeeded', 'failed'], 'all of it');
select is((select estimated_cost from atelier.api_cost_logs where job_id = :'job'), 0.04, 'with its cost');
select is((select spent_on_day from atelier_engine.token_usage where spent_in_month > 0), 0.04, 'which counts now');
select is((select d.status from atelier_engine.examine_logs() d), 'ok', 'the doctor is content');
update atelier_engine.attempts set claimed_at = now() - interval '3 days' where job_id = :'job';
insert into atelier_engine.unlogged_calls (attempt_id, outputs, metadata) select id, '[]', '{}' from atelier_engine.attempts where job_id = :'job';
select is(atelier_engine.tend_logs(), 1 + (date_trunc('month', now() at time zone 'UTC') > now() at time zone 'UTC' - interval '3 days')::integer, 'one of some days ago gets its partition');
select is_empty('select from atelier_engine.unlogged_calls', 'and is logged there');
update atelier_engine.attempts set claimed_at = '2000-01-01' where job_id = :'job';
insert into atelier_engine.unlogged_calls (attempt_id, outputs, metadata) select id, '[]', '{}' from atelier_engine.attempts where job_id = :'job';
select is(atelier_engine.tend_logs(), 0, 'one that nobody would keep gets none');
select is((select tries from atelier_engine.unlogged_calls), 1, 'it is tried');
select atelier_engine.log_unlogged_calls() from generate_series(1, 9) \g /dev/null
select is_empty('select from atelier_engine.unlogged_calls', 'ten times, then it is given up');

-- What is known later counts, also where what was known before still waits.
select pg_temp.queue(:alice, 'lost') as lost \gset
select pg_temp.claim(:'lost') as attempt \gset
update atelier.endpoints set ambiguity_policy = 'hold';
set local role atelier_worker;
select atelier_engine.settle_attempts(array[:'attempt']::uuid[], 'the courier died') \g /dev/null
reset role;
update atelier.endpoints set ambiguity_policy = 'retry';
insert into atelier_engine.unlogged_calls (attempt_id) values (:'attempt');
select ok(pg_temp.succeed(:'attempt'), 'the answer to a call that was lost');
select is_empty('select from atelier_engine.unlogged_calls', 'is the last word on it');
select results_eq(format('select external_status from atelier.api_logs where attempt_id = %L', :'attempt'), array['succeeded'], 'and the only one');
delete from atelier.api_cost_logs where attempt_id = :'attempt';
delete from atelier.api_logs where attempt_id = :'attempt';

-- What is kept of requests.
select is(atelier_engine.loggable(given::jsonb), kept::jsonb, 'kept of ' || left(given, 60)) from (values
  ('{"prompt": "a cat", "n": 2, "max_tokens": 4096, "nothing": null, "list": [1, "b"]}', '{"prompt": "a cat", "n": 2, "max_tokens": 4096, "nothing": null, "list": [1, "b"]}'),
  ('{"api_key": "x", "Authorization": 7, "user_password": ["x"], "secret": {"a": 1}, "access_token": "x", "token": null}',
   '{"api_key": "[removed]", "Authorization": "[removed]", "user_password": "[removed]", "secret": "[removed]", "access_token": "[removed]", "token": null}'),
  ('{"a": {"b": [{"webhook": "https://me:pass@example.org/x?token=abcdefgh"}]}}', '{"a": {"b": [{"webhook": "https://[removed]@example.org/x?token=[removed]"}]}}'),
  ('["Bearer abcdefghijk", "r8_0123456789abcdef"]', '["Bearer [removed]", "[removed]"]'),
  ('{"image": "data:image/png;base64,iVBORw0KGgo="}', '{"image": "data:image/png;base64,[34 bytes]"}')) t (given, kept);
select is(length(atelier_engine.loggable(to_jsonb(repeat('x', 3000))) #>> '{}'), 2001, 'of long texts the beginning');
select is(jsonb_array_length(atelier_engine.loggable((select jsonb_agg(n) from generate_series(1, 200) n))), 50, 'of long lists, too');
select ok(bool_and(not atelier_engine.needs_no_redaction(given)), 'nothing is spared that has to be written anew') from unnest(array[
  '{"api_key": "x"}', '{"Authorization": 7}', '{"user_password": ["x"]}', '{"secret": {"a": 1}}', '{"access_token": "x"}', '{"token": 12345678}', '{"cookie": "x"}', '{"key": "x"}', '{"a": "https://me:pass@example.org/"}',
  '["Bearer abcdefghijk"]', '["Key abcdefghijk"]', '["r8_0123456789abcdef"]', '["?sig=abcdefgh"]', '["x-amz-credential: abcdefgh"]', '{"image": " data:image/png;base64,iVBORw0KGgo="}', '{"private_key": "x"}', '{"signature": "x"}', '{"apikeys": "x"}', '["Bearer\\nabcdefghijk"]', '["token''=abcdefgh"]', '["sig\\t=abcdefgh"]']::jsonb[]) given;
select ok(bool_and(atelier_engine.needs_no_redaction(given) and atelier_engine.loggable(given) = given), 'what is harmless is') from unnest(array['{}', '{"prompt": "a cat", "max_tokens": 4096, "n": 2}']::jsonb[]) given;

-- People.
select pg_temp.sign_in(:alice) \g /dev/null
select is((select count(*) from atelier.api_cost_logs), 2::bigint, 'people see what they caused');
select is((select count(*) from atelier.api_logs), 0::bigint, 'and no log');
select pg_temp.sign_in(:bob) \g /dev/null
select is((select count(*) from atelier.api_cost_logs), 0::bigint, 'nobody sees what others caused');
select pg_temp.sign_out() \g /dev/null
delete from atelier.profiles where id = :alice;
select results_eq('select user_id, prompt_used, generation_params, estimated_cost from atelier.api_cost_logs order by created_at', $$values (null::uuid, null::text, '{}'::jsonb, 0::numeric), (null, null, '{}', 0.04)$$, 'of who left, costs are kept, and neither name nor words');
select is((select count(*) from atelier.api_logs where user_id is null and request_body is null and error_stack is null), (select count(*) from atelier.api_logs), 'the log has neither');
select pg_temp.sign_in(:carol) \g /dev/null
select is((select count(*) from atelier.api_cost_logs), 2::bigint, 'administrators still see the costs');
select pg_temp.sign_out() \g /dev/null
select * from finish();
rollback;
