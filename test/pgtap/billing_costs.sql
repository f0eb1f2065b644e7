-- What calls cost, whatever becomes of them: one row each, numbers to the last digit, and what is spent of the caps.
begin;
\ir support/jobs.sql
select plan(47);
select atelier_engine.tend_logs() \g /dev/null
update atelier.api_providers set auth_scheme = 'bearer', auth_header_name = 'Authorization' where name = 'atelier-runner';
select atelier.set_provider_token('atelier-runner', 'secret-one', 'one') as token \gset
update atelier.endpoints set max_concurrency = 20, base_url = 'http://user:hidden-word@192.0.2.1/v1?key=hidden-word' where name = 'test endpoint';

-- Records a result as the dispatcher does: data, pictures of 64 × 48, or both.
create function pg_temp.answer(p_attempts uuid[], p_metadata jsonb, p_pictures integer default 0) returns uuid[] language plpgsql as $$
declare
  outputs jsonb[] := '{}';
  described jsonb;
  attempt uuid;
  object uuid;
  done uuid[];
begin
  perform pg_temp.become('atelier_worker');
  foreach attempt in array p_attempts loop
    described := null;
    if atelier_engine.open_result(attempt) then
      for i in 0 .. p_pictures - 1 loop
        object := atelier_engine.begin_object(attempt, i, 'image/png', 'png', 1, sha256('\x01'));
        perform atelier_engine.append_object_chunk(object, 0, '\x01');
        described := coalesce(described, '[]') || jsonb_build_object('index', i, 'object_id', object, 'media_type', 'image/png', 'extension', 'png',
          'width', 64, 'height', 48, 'byte_count', 1, 'sha256', encode(sha256('\x01'), 'hex'));
      end loop;
    end if;
    outputs := outputs || described;
  end loop;
  done := atelier_engine.record_successes(
    p_attempts, outputs, array_fill(case p_pictures when 0 then '{"text": "hi"}'::jsonb end, array[cardinality(p_attempts)]),
    array_fill(p_metadata, array[cardinality(p_attempts)]), array_fill(now(), array[cardinality(p_attempts)]), array_fill(now(), array[cardinality(p_attempts)]),
    array_fill(now(), array[cardinality(p_attempts)]), array_fill(now() + interval '2.5 s', array[cardinality(p_attempts)]));
  perform pg_temp.sign_out();
  return done;
end $$;
create function pg_temp.run(p_metadata jsonb, p_pictures integer default 0) returns uuid language plpgsql as $$
declare
  job constant uuid := pg_temp.queue('a11ce000-0000-7000-8000-000000000001', 'a call');
begin
  perform pg_temp.answer(array[pg_temp.claim(job)], p_metadata, p_pictures);
  return job;
end $$;
create function pg_temp.costs(p_job uuid) returns text language sql as $$
  select coalesce(string_agg(format('%s %s %s %s', processing_status, coalesce(estimated_cost::text, '-'), coalesce(actual_cost::text, '-'), coalesce(actual_cost_usd::text, '-')), ', ' order by created_at), 'none')
    from atelier.api_cost_logs where job_id = p_job $$;
create function pg_temp.spent() returns text language sql as $$ select string_agg(spent_on_day || ' ' || spent_in_month, ', ') from atelier_engine.token_usage where spent_in_month <> 0 $$;

-- Without a price.
select pg_temp.run('{"usage": {"prompt_tokens": 7, "completion_tokens": 3}}') as job \gset
select row_eq(format('select user_id, provider, operation, model_used, prompt_tokens, completion_tokens, total_tokens, estimated_cost, actual_cost, currency, processing_status, prompt_used, token_id from atelier.api_cost_logs where job_id = %L', :'job'),
  row(:alice::uuid, 'atelier-runner'::text, (pg_temp.job(:'job')).job_type, 'tiny-sdxl'::text, 7::bigint, 3::bigint, 10::bigint, null::numeric, null::numeric, 'USD'::text, 'completed'::text, 'a call'::text, :'token'::uuid),
  'a call with a token leaves a row, what it costs is not known');
select is(pg_temp.spent(), null, 'and nothing counts');
select is((select created_at from atelier.api_cost_logs where job_id = :'job'), (select claimed_at from atelier_engine.attempts where job_id = :'job'), 'it has the time of the claim');

-- With prices.
insert into atelier.api_prices (provider_id, unit, price, per, valid_from)
select id, v.unit, v.price, v.per, '2020-01-01Z' from atelier.api_providers, (values ('image', 0.04, 1), ('megapixel', 3, 1000)) v (unit, price, per) where name = 'atelier-runner';
select pg_temp.run('{}', 2) as pictures \gset
select is(pg_temp.costs(:'pictures'), 'completed 0.080018432 - -', 'two pictures of 64 × 48: 2 × 0.04, and 0.006144 million pixels');
select is(pg_temp.spent(), '0.080018432 0.080018432', 'it counts against the caps of the token');
select is((select cost_usd from atelier.generations where job_id = :'pictures'), 0.080018, 'and is told with the generation');
select is((select metadata -> 'quantities' from atelier.api_cost_logs where job_id = :'pictures'),
  '{"image": 2, "second": 2.5, "request": 1, "megapixel": 0.006144, "video_second": 0}', 'what was counted is kept');
select pg_temp.run('{"cost": 0.125, "usage": {"prompt_tokens": 1}}', 1) as said \gset
select is(pg_temp.costs(:'said'), 'completed 0.040009216 0.125 0.125', 'what the provider says is kept beside the estimate');
select is(pg_temp.spent(), '0.205018432 0.205018432', 'and counts instead of it');
select is(pg_temp.costs(pg_temp.run('{"cost": "much"}', 1)), 'completed 0.040009216 - -', 'words are no cost');
select is(pg_temp.costs(pg_temp.run('{"cost": -1}', 1)), 'completed 0.040009216 - -', 'nor is less than nothing');
select is(pg_temp.costs(pg_temp.run('{"cost": 1e131071}', 1)), 'completed 0.040009216 - -', 'nor a number of no sense');
select throws_ok('update atelier.api_providers set currency = ''EUR'' where name = ''atelier-runner''', 'PT409', 'the prices of the provider are in its currency', 'prices keep their currency');
create temp table prices as table atelier.api_prices;
delete from atelier.api_prices;
update atelier.api_providers set currency = 'EUR' where name = 'atelier-runner';
select pg_temp.run('{"cost": 0.5}') as euros \gset
select is(pg_temp.costs(:'euros'), 'completed - 0.5 -', 'euros are no dollars');
select is((select cost_usd from atelier.generations where job_id = :'euros'), null, 'not in the generation either');
select is((select currency from atelier.api_cost_logs where job_id = :'euros'), 'EUR', 'the currency is that of the provider');
update atelier.api_providers set currency = 'USD' where name = 'atelier-runner';
insert into atelier.api_prices select * from prices;
select is((select currency from atelier.api_cost_logs where job_id = :'euros'), 'EUR', 'as it was then');

-- Many at once.
delete from atelier_engine.token_usage;
create temp table jobs as select pg_temp.queue(:alice, 'one of many') as id from generate_series(1, 10);
select pg_temp.claim(id) from jobs limit 1 \g /dev/null
select is(cardinality(pg_temp.answer(array(select attempt_id from atelier_engine.queue where job_id in (select id from jobs)), '{"cost": 0.1}')), 10, 'ten results in one call');
select results_eq('select count(*), count(distinct job_id), sum(actual_cost) from atelier.api_cost_logs where job_id in (select id from jobs)', 'values (10::bigint, 10::bigint, 1.0)', 'have ten rows');
select is(pg_temp.spent(), '1.0 1.0', 'and one sum');
select is((select count(*) from atelier.api_logs where job_id in (select id from jobs) and generation_id is not null and status_code = 200), 10::bigint, 'and are in the log, with what they made');

-- What fails.
delete from atelier_engine.token_usage;
select pg_temp.queue(:alice, 'it fails') as failing \gset
select is(pg_temp.fail(pg_temp.claim(:'failing'), 'invalid_input', 'key sk-0123456789abcdef is wrong'), 'failed', 'a call fails');
select is(pg_temp.costs(:'failing'), 'none', 'that was never sent');
select row_eq(format('select external_status, error_category, error_message, error_stack, status_code, retry_count, is_fallback, path, generation_id from atelier.api_logs where job_id = %L', :'failing'),
  row('failed'::text, 'invalid_input'::text, 'key [removed] is wrong'::text, 'body'::text, null::integer, 0, false, 'http://192.0.2.1/v1'::text, null::uuid), 'the log has it, without a secret');
select pg_temp.queue(:alice, 'it fails there') as failing \gset
select pg_temp.claim(:'failing') as attempt \gset
set local role atelier_worker;
select atelier_engine.record_failure(:'attempt', 'overload', 503, 'busy', null, 60000, true, now(), now(), now(), now()) \g /dev/null
reset role;
select is(pg_temp.costs(:'failing'), 'failed - - -', 'a call that was sent has a row, without a cost');
update atelier_engine.queue set run_at = clock_timestamp() where job_id = :'failing';
delete from atelier_engine.endpoint_states;
delete from atelier_engine.token_states;
select cardinality(pg_temp.answer(array[pg_temp.claim(:'failing')], '{"cost": 0.3}')) \g /dev/null
select is(pg_temp.costs(:'failing'), 'failed - - -, completed 0 0.3 0.3', 'the next attempt has one of its own');
select is((select array_agg(retry_count order by created_at) from atelier.api_logs where job_id = :'failing'), '{0,1}', 'the log counts them');
select pg_temp.queue(:alice, 'stopped') as stopped \gset
select pg_temp.claim(:'stopped') as attempt \gset
set local role atelier_worker;
select atelier_engine.record_sent(array[:'attempt']::uuid[], '{now}'), atelier_engine.record_cancelled(:'attempt') \g /dev/null
reset role;
select is(pg_temp.costs(:'stopped'), 'failed - - -', 'one that was stopped has a row, too');
select is((select external_status from atelier.api_logs where job_id = :'stopped'), 'cancelled', 'and a line');

-- What nobody knows, until the answer comes after all.
delete from atelier_engine.token_usage;
update atelier.endpoints set ambiguity_policy = 'hold';
select pg_temp.queue(:alice, 'lost') as lost \gset
select pg_temp.claim(:'lost') as attempt \gset
set local role atelier_worker;
select atelier_engine.settle_attempts(array[:'attempt']::uuid[], 'the courier died') \g /dev/null
reset role;
select is(pg_temp.costs(:'lost'), 'processing - - -', 'nobody knows what became of a call');
select is(cardinality(pg_temp.answer(array[:'attempt'::uuid], '{"cost": 0.7}')), 1, 'its answer comes after all');
select is(pg_temp.costs(:'lost'), 'completed 0 0.7 0.7', 'now it is known; there is one row');
select is((select count(*) from atelier.api_logs where job_id = :'lost'), 1::bigint, 'and one line');
select is(pg_temp.spent(), '0.7 0.7', 'and it counts once');
update atelier.endpoints set ambiguity_policy = 'retry';
select pg_temp.queue(:alice, 'late') as late \gset
select pg_temp.claim(:'late') as attempt \gset
set local role atelier_worker;
select atelier_engine.settle_attempts(array[:'attempt']::uuid[], 'the courier died') \g /dev/null
reset role;
select is(cardinality(pg_temp.answer(array[:'attempt'::uuid], '{"cost": 0.2}')), 0, 'an answer that came too late');
select is(pg_temp.costs(:'late'), 'completed 0 0.2 0.2', 'has been paid for all the same');
select is(pg_temp.spent(), '0.9 0.9', 'and counts');
select is(cardinality(pg_temp.answer(array[:'attempt'::uuid], '{"cost": 0.2}')), 0, 'when it comes again');
select is(pg_temp.costs(:'late') || ' ' || pg_temp.spent(), 'completed 0 0.2 0.2 0.9 0.9', 'nothing changes');
select pg_temp.sign_in(:carol) \g /dev/null
select is((atelier.adopt_late_result(:'attempt')).status, 'completed', 'it is adopted');
select pg_temp.sign_out() \g /dev/null
select is(pg_temp.costs(:'late') || ' ' || pg_temp.spent(), 'completed 0 0.2 0.2 0.9 0.9', 'which costs no more');

-- For nothing.
delete from atelier.api_prices;
update atelier.api_providers set auth_scheme = 'none' where name = 'atelier-runner';
select pg_temp.run('{}', 1) as free \gset
select is(pg_temp.costs(:'free'), 'none', 'what wants neither token nor price costs nothing');
select is((select count(*) from atelier.api_logs where job_id = :'free'), 1::bigint, 'the log has it');

-- What a job says of itself, and what nobody shall read.
select pg_temp.queue(:alice, 'Bearer abcdefgh0123456789', $$, metadata => '{"content_id": "c0000000-0000-7000-8000-000000000001", "character_profile_id": "nobody", "ai_config_name": "usual"}'$$) as told \gset
select pg_temp.answer(array[pg_temp.claim(:'told')], '{"cost": 1, "usage": {"prompt_tokens": 1, "secret": "hidden-word"}}') \g /dev/null
select row_eq(format('select content_id, character_profile_id, ai_config_name, prompt_used from atelier.api_cost_logs where job_id = %L', :'told'),
  row('c0000000-0000-7000-8000-000000000001'::uuid, null::uuid, 'usual'::text, 'Bearer [removed]'::text), 'the metadata of a job say what it was for');
select is((select count(*) from atelier.api_logs l, atelier.api_cost_logs c where to_jsonb(l)::text || to_jsonb(c)::text ~ 'hidden-word|abcdefgh0123456789|secret-one'), 0::bigint, 'no row has a secret');
select is_empty('select from atelier_engine.unlogged_calls', 'nothing had to wait');
select throws_ok('insert into atelier.api_cost_logs (provider, operation, processing_status, currency, job_id, attempt_id, created_at) values (''x'', ''x'', ''x'', ''x'', gen_random_uuid(), gen_random_uuid(), ''1999-01-01'')',
  '23514', null, 'there is no partition for what belongs into none');
select * from finish();
rollback;
