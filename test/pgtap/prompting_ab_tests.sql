-- Two ways of enhancing prompts, compared: who goes which way, what is written down, and what it says.
begin;
\ir support/jobs.sql
select plan(78);
update atelier.endpoints set max_concurrency = 100 where is_active;

select columns_are('atelier', 'prompt_ab_tests', array['id', 'test_name', 'test_series', 'baseline_config', 'enhanced_config', 'total_participants', 'baseline_avg_quality', 'enhanced_avg_quality',
  'quality_improvement', 'confidence_level', 'is_complete', 'created_at', 'completed_at', 'started_at', 'baseline_weight', 'enhanced_weight', 'applies_to_all', 'created_by']);
select columns_are('atelier', 'prompt_ab_outcomes', array['job_id', 'test_id', 'user_id', 'variant', 'created_at', 'job_status', 'latency_ms', 'rating', 'is_saved', 'is_favorite', 'is_discarded']);

-- Made by administrators.
select pg_temp.sign_in(:carol);
insert into atelier.prompt_ab_tests (id, test_name, test_series, baseline_config, enhanced_config)
values ('ab000000-0000-7000-8000-000000000001', 'Weights', 'spring', '{"mode": "exact_copy"}', '{"presets": ["Clear and sharp"]}');
select throws_ok(format($$insert into atelier.prompt_ab_tests (test_name, test_series, baseline_config, enhanced_config) values ('x', 'x', '{}', %L)$$, config), state, message, left(config, 50))
  from (values ('[]', '22023', 'enhancement must be a JSON object'), ('true', '23514', null), ('{"enhanced_prompt": "x"}', '22023', 'enhanced_config has an option that is not for tests'),
    ('{"content_mode": "nsfw"}', '22023', 'enhanced_config has an option that is not for tests'), ('{"test": "x"}', '22023', 'enhanced_config has an option that is not for tests'),
    ('{"mode": "loud"}', '22023', 'there is no such mode of enhancement'), ('{"colour": 1}', '22023', 'unknown option of enhancement')) c (config, state, message);
select throws_ok($$insert into atelier.prompt_ab_tests (test_name, test_series, baseline_config, enhanced_config) values ('Weights', 'x', '{}', '{}')$$, '23505', null, 'no name stands for two');
select throws_ok($$insert into atelier.prompt_ab_tests (test_name, test_series, baseline_config, enhanced_config, baseline_weight, enhanced_weight) values ('y', 'x', '{}', '{}', 0, 0)$$, '23514', null, 'somebody has to go somewhere');
select throws_ok($$update atelier.prompt_ab_tests set is_complete = true$$, '42501', null, 'nobody says by hand that a test is over');
select lives_ok($$update atelier.prompt_ab_tests set enhanced_weight = 3$$, 'before it is started it can be changed');
update atelier.prompt_ab_tests set enhanced_weight = 1;
select pg_temp.sign_in(:bob);
select is_empty('select from atelier.prompt_ab_tests', 'users see no tests');
select throws_ok($$insert into atelier.prompt_ab_tests (test_name, test_series, baseline_config, enhanced_config) values ('z', 'x', '{}', '{}')$$, '42501', null, 'and make none');
select throws_ok(format('select %s', call), '42501', 'only administrators and the service role may do this', call)
  from unnest(array['atelier.start_prompt_ab_test(''ab000000-0000-7000-8000-000000000001'')', 'atelier.stop_prompt_ab_test(''ab000000-0000-7000-8000-000000000001'')', 'atelier.prompt_ab_report(''ab000000-0000-7000-8000-000000000001'')']) call;
select pg_temp.sign_out();

-- Who goes which way.
create function pg_temp.test(p_baseline integer, p_enhanced integer) returns atelier.prompt_ab_tests language sql as
$$ select jsonb_populate_record(t, jsonb_build_object('baseline_weight', p_baseline, 'enhanced_weight', p_enhanced)) from atelier.prompt_ab_tests t where test_name = 'Weights' $$;
create temp table crowd as select atelier.uuid7() as id from generate_series(1, 4000);
select cmp_ok((select count(*) from crowd where atelier_engine.test_variant(pg_temp.test(1, 1), id) = 'enhanced'), '>', 1850::bigint, 'half of the users go each way');
select cmp_ok((select count(*) from crowd where atelier_engine.test_variant(pg_temp.test(1, 1), id) = 'enhanced'), '<', 2150::bigint, 'within what chance allows');
select cmp_ok((select count(*) from crowd where atelier_engine.test_variant(pg_temp.test(9, 1), id) = 'enhanced'), '<', 500::bigint, 'weights count');
select cmp_ok((select count(*) from crowd where atelier_engine.test_variant(pg_temp.test(9, 1), id) = 'enhanced'), '>', 300::bigint, 'as much as they say');
select is((select count(*) from crowd where atelier_engine.test_variant(pg_temp.test(1, 0), id) = 'enhanced'), 0::bigint, 'a weight of 0 is nobody');
select is((select count(*) from crowd where atelier_engine.test_variant(pg_temp.test(0, 1), id) = 'enhanced'), 4000::bigint, 'or everybody');
select is_empty($$select from crowd where atelier_engine.test_variant(pg_temp.test(1, 1), id) = 'enhanced' and atelier_engine.test_variant(pg_temp.test(1, 3), id) = 'baseline'$$, 'who has the new way keeps it when its weight grows');

-- Before it is started, and then. Users are put where the hash puts them: one on each side is looked for.
create function pg_temp.enhanced(p_user uuid, p_enhancement jsonb) returns atelier.jobs language plpgsql as
$$ begin return pg_temp.job(pg_temp.queue(p_user, 'a pier in soft light', format(', enhancement => %L', p_enhancement))); end $$;
select is((pg_temp.enhanced(:alice, '{"test": "Weights", "mode": "exact_copy"}')).prompt_test_id, null, 'a test that was not started takes nobody');
select pg_temp.sign_in(:alice);
select throws_ok($$select atelier.queue_job('x', enhancement => '{"test": "Nothing"}')$$, 'PT404', 'there is no such test', 'one that there is not');
select pg_temp.sign_in(:carol);
select isnt((select started_at from atelier.start_prompt_ab_test('ab000000-0000-7000-8000-000000000001')), null, 'administrators start it');
select throws_ok($$select atelier.start_prompt_ab_test('ab000000-0000-7000-8000-000000000001')$$, 'PT409', 'the test was started before', 'once');
select throws_ok($$select atelier.start_prompt_ab_test('ab000000-0000-7000-8000-0000000000aa')$$, 'PT404', 'there is no such test', 'one that there is');
select throws_ok($$update atelier.prompt_ab_tests set enhanced_weight = 3$$, 'PT409', 'a test that was started stays as it is', 'then it stays as it is');
insert into atelier.prompt_ab_tests (id, test_name, test_series, baseline_config, enhanced_config) values ('ab000000-0000-7000-8000-000000000002', 'Broken', 's', '{}', '{"presets": ["Nothing"]}'), ('ab000000-0000-7000-8000-000000000003', 'Broken, too', 's', '{"template_id": "ab000000-0000-7000-8000-000000000003"}', '{}');
select throws_ok(format('select atelier.start_prompt_ab_test(%L)', id), 'PT404', message, 'users do not meet what is missing: ' || message)
  from (values ('ab000000-0000-7000-8000-000000000002'::uuid, 'there is no such preset'), ('ab000000-0000-7000-8000-000000000003', 'there is no such template')) c (id, message);
select pg_temp.sign_out();
insert into auth.users (id, email)
select ('ab000000-0000-4000-8000-' || lpad(i::text, 12, '0'))::uuid, i || '@example.org' from generate_series(1, 40) i;
create temp table people as
select id, atelier_engine.test_variant((select t from atelier.prompt_ab_tests t where test_name = 'Weights'), id) as variant from auth.users where email ~ '^\d+@';
create temp table made (job uuid, user_id uuid);
do $$
declare
  person record;
begin
  for person in select id from people loop
    insert into made values ((pg_temp.enhanced(person.id, '{"test": "Weights"}')).id, person.id), ((pg_temp.enhanced(person.id, '{"test": "Weights"}')).id, person.id);
  end loop;
end $$;
select results_eq($$select distinct p.variant, j.enhancement_strategy::text, j.test_metadata ->> 'variant', j.enhanced_prompt from made m join people p on p.id = m.user_id join atelier.jobs j on j.id = m.job order by 1$$,
  $$values ('baseline', 'exact_copy', 'baseline', null), ('enhanced', 'weighted', 'enhanced', 'a pier in (soft light:1.1)')$$, 'each user goes one way, all the time');
select is_empty('select user_id from atelier.prompt_ab_outcomes group by user_id having count(distinct variant) > 1', 'no user is in both halves');
select is((select count(*) from atelier.prompt_ab_outcomes), 80::bigint, 'each job is written down');
select is((select count(distinct test_variant) from atelier.prompt_enhancements where prompt_test_id = 'ab000000-0000-7000-8000-000000000001'), 2::bigint, 'and each enhancement says which way it went');

-- What becomes of them is written down by itself.
select j.id as job, j.user_id as person from made m join people p on p.id = m.user_id join atelier.jobs j on j.id = m.job where p.variant = 'enhanced' order by 2, 1 limit 1 \gset
create function pg_temp.outcome(p_job uuid) returns text language sql volatile as
$$ select concat_ws(' ', job_status, case when latency_ms >= 0 then 'timed' end, rating, case when is_saved then 'saved' end, case when is_favorite then 'favorite' end, case when is_discarded then 'discarded' end)
     from atelier.prompt_ab_outcomes where job_id = p_job $$;
select is(pg_temp.outcome(:'job'), 'queued', 'at first there is nothing');
select pg_temp.succeed(pg_temp.claim(:'job'), '{"\\x89504e47", "\\x89504e48"}');
select is(pg_temp.outcome(:'job'), 'completed timed', 'how it ended and how long it took');
select pg_temp.sign_in(:'person');
select is((select quality_rating from atelier.rate_job(:'job', 4.5)), 4.5, 'its user rates it');
select throws_ok(format('select atelier.rate_job(%L, %s)', :'job', bad), '22023', 'the rating is out of range', bad) from unnest(array['5.01', '-1', '''NaN''']) bad;
select pg_temp.sign_in(:bob);
select throws_ok(format('select atelier.rate_job(%L, 0)', :'job'), 'PT404', 'no such job', 'nobody else does');
select throws_ok(format('update atelier.prompt_ab_outcomes set rating = 0 where job_id = %L', :'job'), '42501', null, 'nor in the table');
select pg_temp.sign_out();
select is(pg_temp.outcome(:'job'), 'completed timed 4.50', 'the rating');
select id as asset from atelier.workspace_assets where job_id = :'job' and asset_index = 0 \gset
select id as other_asset from atelier.workspace_assets where job_id = :'job' and asset_index = 1 \gset
select pg_temp.sign_in(:'person');
select atelier.save_workspace_item_to_library(:'asset', :'person') as kept \gset
select pg_temp.sign_out();
select is(pg_temp.outcome(:'job'), 'completed timed 4.50 saved', 'that an output was saved');
select pg_temp.sign_in(:'person');
update atelier.user_library set is_favorite = true where id = :'kept';
select pg_temp.sign_out();
select is(pg_temp.outcome(:'job'), 'completed timed 4.50 saved favorite', 'that it is a favourite');
select pg_temp.sign_in(:'person');
select atelier.workspace_actions('discard_asset', :'asset') \g /dev/null
select pg_temp.sign_out();
select is(pg_temp.outcome(:'job'), 'completed timed 4.50 saved favorite', 'what was saved is not discarded when it leaves the workspace');
select pg_temp.sign_in(:'person');
select atelier.workspace_actions('discard_asset', :'other_asset') \g /dev/null
select pg_temp.sign_out();
select is(pg_temp.outcome(:'job'), 'completed timed 4.50 saved favorite discarded', 'what was not saved is');
select j.id as job, j.user_id as person from made m join people p on p.id = m.user_id join atelier.jobs j on j.id = m.job where p.variant = 'baseline' order by 2, 1 limit 1 \gset
select pg_temp.succeed(pg_temp.claim(:'job'));
select pg_temp.sign_in(:'person');
update atelier.generations set is_favorite = true where job_id = :'job';
select pg_temp.sign_out();
select is(pg_temp.outcome(:'job'), 'completed timed favorite', 'a favourite among generations');
update atelier.workspace_assets set expires_at = now() - interval '1 second' where job_id = :'job';
delete from atelier.workspace_assets where job_id = :'job';
select is(pg_temp.outcome(:'job'), 'completed timed favorite', 'what expires was not discarded');
select job as failing from made m where pg_temp.outcome(job) = 'queued' order by 1 limit 1 \gset
select pg_temp.fail(pg_temp.claim(:'failing'), 'invalid_input');
select is(pg_temp.outcome(:'failing'), 'failed', 'a failure');
select is((pg_temp.enhanced(:alice, '{"enhanced_prompt": "mine"}')).prompt_test_id, null, 'who names no test is in none');

-- The report, with figures that are known.
update atelier.prompt_ab_outcomes o
   set job_status = 'completed', is_saved = n <= case variant when 'enhanced' then 8 else 2 end, rating = case when n <= 10 then 3 + n % 2 + (variant = 'enhanced')::integer end,
       latency_ms = 1000 * n, is_favorite = false, is_discarded = false
  from (select job_id, row_number() over (partition by variant order by job_id) as n from atelier.prompt_ab_outcomes) r
 where r.job_id = o.job_id;
delete from atelier.prompt_ab_outcomes o using (select job_id, row_number() over (partition by variant order by job_id) as n from atelier.prompt_ab_outcomes) r where r.job_id = o.job_id and r.n > 20;
update atelier.generations set cost_usd = 0.25;
select pg_temp.sign_in(:carol);
create temp table report as select * from atelier.prompt_ab_report('ab000000-0000-7000-8000-000000000001');
select row_eq($$select samples, value, low, high from report where metric = 'saved' and variant = 'enhanced'$$, row(20::bigint, 0.4000::numeric, 0.2188::numeric, 0.6134::numeric), '8 of 20: the Wilson interval of the textbooks');
select row_eq($$select samples, value, low, high from report where metric = 'saved' and variant = 'baseline'$$, row(20::bigint, 0.1000::numeric, 0.0279::numeric, 0.3010::numeric), '2 of 20');
select row_eq($$select samples, value, low, high from report where metric = 'favorite' and variant = 'baseline'$$, row(20::bigint, 0.0000::numeric, 0.0000::numeric, 0.1611::numeric), '0 of 20 is not nothing');
select row_eq($$select samples, value, low, high from report where metric = 'rating' and variant = 'enhanced'$$, row(10::bigint, 4.5000::numeric, 4.1733::numeric, 4.8267::numeric), 'ratings: the mean and 1.96 standard errors');
select row_eq($$select samples, value from report where metric = 'latency_ms' and variant = 'baseline'$$, row(20::bigint, 10500.0000::numeric), 'latency');
select cmp_ok((select max(value) from report where metric = 'cost_usd'), '=', 0.25, 'cost');
select cmp_ok((select high - low from atelier.prompt_ab_report('ab000000-0000-7000-8000-000000000001', 0.99) where metric = 'saved' and variant = 'enhanced'), '>', 0.48, 'more confidence is a wider interval');
select throws_ok($$select atelier.prompt_ab_report('ab000000-0000-7000-8000-000000000001', 0.42)$$, '22023', 'there is no such confidence', 'an unknown confidence');
select throws_ok($$select atelier.prompt_ab_report('ab000000-0000-7000-8000-0000000000aa')$$, 'PT404', 'there is no such test', 'an unknown test');

-- Stopping.
select throws_ok($$select atelier.stop_prompt_ab_test('ab000000-0000-7000-8000-000000000002')$$, 'PT409', 'the test is not running', 'what was not started is not stopped');
select row_eq($$select is_complete, completed_at is not null, baseline_avg_quality, enhanced_avg_quality, quality_improvement, confidence_level from atelier.stop_prompt_ab_test('ab000000-0000-7000-8000-000000000001')$$,
  row(true, true, 3.50::numeric(3, 2), 4.50::numeric(3, 2), 1.00::numeric(3, 2), 1.00::numeric(3, 2)), 'the row says what came of it');
select cmp_ok((select total_participants from atelier.prompt_ab_tests where test_name = 'Weights'), '>', 10, 'and how many took part');
select throws_ok($$select atelier.stop_prompt_ab_test('ab000000-0000-7000-8000-000000000001')$$, 'PT409', 'the test is not running', 'once');
select pg_temp.sign_out();
select throws_ok($$update atelier.prompt_ab_tests set is_complete = false, completed_at = null where test_name = 'Weights'$$, 'PT409', 'a test that is over stays over', 'it is not taken up again');
select is((pg_temp.enhanced(:alice, '{"test": "Weights", "mode": "exact_copy"}')).prompt_test_id, null, 'a test that is over takes nobody');
select is(round(atelier_engine.confidence_of_difference(1.959964, 1), 2), 0.95, 'confidence: 1.96 standard errors are 95 percent');
select is(atelier_engine.confidence_of_difference(0, 1), 0.00, 'no difference is none');
select is(atelier_engine.confidence_of_difference(null, null), null, 'nothing is not known');

-- For all who name none.
insert into atelier.prompt_ab_tests (id, test_name, test_series, baseline_config, enhanced_config, applies_to_all)
values ('ab000000-0000-7000-8000-000000000004', 'All', 's', '{"mode": "exact_copy"}', '{"presets": ["Clear and sharp"]}', true), ('ab000000-0000-7000-8000-000000000005', 'All, too', 's', '{}', '{}', true);
select pg_temp.become('service_role');
select isnt((select started_at from atelier.start_prompt_ab_test('ab000000-0000-7000-8000-000000000004')), null, 'the service role starts one for all');
select throws_ok($$select atelier.start_prompt_ab_test('ab000000-0000-7000-8000-000000000005')$$, '23505', null, 'one at a time');
select pg_temp.sign_out();
select is((pg_temp.enhanced(:alice, 'true')).prompt_test_id, 'ab000000-0000-7000-8000-000000000004', 'who asks for an enhancement takes part');
select is((pg_temp.enhanced(:alice, '{"mode": "exact_copy"}')).prompt_test_id, null, 'but for those who say what it decides');
select is((pg_temp.job(pg_temp.queue(:alice, 'plain'))).prompt_test_id, null, 'and those who ask for none');
delete from auth.users where id = :alice;
select is_empty(format('select from atelier.prompt_ab_outcomes where user_id = %L', :alice), 'outcomes go with their users');
select * from finish();
rollback;
