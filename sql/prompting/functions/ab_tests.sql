-- Prompting: two ways of enhancing prompts, compared.

create or replace function atelier_engine.assert_test_config(p_name text, p_config jsonb)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  options constant jsonb := atelier_engine.enhancement_options(p_config);
  wrong text;
begin
  -- What a user says for himself is not for a test to say.
  select k into wrong
    from jsonb_object_keys(options) k
   where k not in ('model', 'template_id', 'mode', 'use_case', 'presets')
   order by k
   limit 1;
  if found then
    raise invalid_parameter_value using
      message = format('%s has an option that is not for tests', p_name), detail = format('Got %s.', quote_ident(wrong)),
      hint = 'It takes: mode, model, presets, template_id, use_case.';
  end if;
end;
$$;
comment on function atelier_engine.assert_test_config(text, jsonb) is
$$Refuse what cannot be compared

A configuration is an option enhancement of queue_job() without what a user says for himself. Raises 22023.$$;

create or replace function atelier_engine.guard_prompt_ab_test()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if tg_op = 'UPDATE' and old.started_at is not null
     and (new.baseline_config, new.enhanced_config, new.baseline_weight, new.enhanced_weight, new.applies_to_all, new.started_at)
         is distinct from
         (old.baseline_config, old.enhanced_config, old.baseline_weight, old.enhanced_weight, old.applies_to_all, old.started_at) then
    raise sqlstate 'PT409' using
      message = 'a test that was started stays as it is',
      detail = format('%s was started at %s.', old.test_name, old.started_at),
      hint = 'Stop it and make a new one.';
  end if;
  if tg_op = 'UPDATE' and old.is_complete and not new.is_complete then
    raise sqlstate 'PT409' using message = 'a test that is over stays over', hint = 'Make a new one.';
  end if;
  perform atelier_engine.assert_test_config('baseline_config', new.baseline_config),
          atelier_engine.assert_test_config('enhanced_config', new.enhanced_config);
  return new;
end;
$$;
comment on function atelier_engine.guard_prompt_ab_test() is
$$Trigger: keeps tests as they are once they were started, and refuses configurations that cannot be compared

Raises PT409 or 22023.$$;

create or replace function atelier_engine.test_variant(p_test atelier.prompt_ab_tests, p_user_id uuid)
returns text
language sql immutable
set search_path = pg_catalog, pg_temp
begin atomic
  -- 32 bits of a hash as a fraction: the same for a user and a test on every server and version.
  select case when ('x' || left(encode(sha256(convert_to(p_test.id::text || p_user_id::text, 'UTF8')), 'hex'), 8))::bit(32)::bigint
                     * (p_test.baseline_weight + p_test.enhanced_weight)::bigint
                   < p_test.enhanced_weight::bigint << 32
              then 'enhanced' else 'baseline' end;
end;
comment on function atelier_engine.test_variant(atelier.prompt_ab_tests, uuid) is
  'In which half of a test a user is: always the same one, by the weights';

create or replace function atelier_engine.running_test(p_options jsonb)
returns atelier.prompt_ab_tests
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  test atelier.prompt_ab_tests;
begin
  if p_options ? 'test' then
    select t.* into test from atelier.prompt_ab_tests t where t.test_name = p_options ->> 'test';
    if not found then
      raise sqlstate 'PT404' using
        message = 'there is no such test', detail = format('None is called %s.', quote_literal(left(p_options ->> 'test', 100))),
        hint = 'Leave test out, or ask whoever runs the service which there are.';
    end if;
  elsif not p_options ?| array['enhanced_prompt', 'mode', 'template_id', 'use_case'] then
    select t.* into test
      from atelier.prompt_ab_tests t
     where t.applies_to_all and t.started_at is not null and t.completed_at is null;
  end if;
  -- Apps may still name one that is over.
  if test.started_at is null or test.completed_at is not null then
    return null;
  end if;
  return test;
end;
$$;
comment on function atelier_engine.running_test(jsonb) is
$$The test that a request takes part in: the one that it names, or the one for all; null: none that is running

Raises PT404 for an unknown name.$$;

create or replace function atelier_engine.note_outcome_of_job()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
begin
  update atelier.prompt_ab_outcomes o
     set job_status = case when new.status in ('completed', 'failed', 'cancelled') then new.status else o.job_status end,
         latency_ms = case when new.status = 'completed'
           then least(atelier_engine.milliseconds_between(new.created_at, new.completed_at), 2147483647)::integer end,
         rating = new.quality_rating
   where o.job_id = new.id;
  return null;
end;
$$;
comment on function atelier_engine.note_outcome_of_job() is 'Trigger: how a job of a test ended, how long it took, and how it was rated';

create or replace function atelier_engine.note_outcome_of_library()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
begin
  -- What goes to the library by itself was not chosen.
  update atelier.prompt_ab_outcomes o
     set is_saved = o.is_saved or tg_op = 'INSERT' and (
           select j.destination <> 'library' from atelier.jobs j where j.id = o.job_id),
         is_favorite = o.is_favorite or new.is_favorite
   where o.job_id = new.source_job_id and o.user_id = new.user_id;
  return null;
end;
$$;
comment on function atelier_engine.note_outcome_of_library() is 'Trigger: whether the user saved or liked what a job of a test made';

create or replace function atelier_engine.note_outcome_of_generation()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
begin
  update atelier.prompt_ab_outcomes o set is_favorite = true where o.job_id = new.job_id and o.user_id = new.user_id;
  return null;
end;
$$;
comment on function atelier_engine.note_outcome_of_generation() is 'Trigger: whether the user liked what a job of a test made';

create or replace function atelier_engine.note_outcome_of_discarding()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
begin
  -- What was saved before, or whose time was up, nobody discarded.
  update atelier.prompt_ab_outcomes o
     set is_discarded = true
   where o.job_id = old.job_id and o.user_id = old.user_id
     and not exists (select from atelier.user_library l where l.user_id = old.user_id and l.source_asset_id = old.id);
  return null;
end;
$$;
comment on function atelier_engine.note_outcome_of_discarding() is 'Trigger: whether the user discarded what a job of a test made';

create or replace function atelier.rate_job(job_id uuid, rating numeric)
returns atelier.jobs
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  job atelier.jobs;
begin
  perform atelier_engine.assert_known_caller();
  if rate_job.rating is not null and rate_job.rating not between 0 and 5 then
    raise invalid_parameter_value using
      message = 'the rating is out of range', detail = format('Got %s.', left(rate_job.rating::text, 40)),
      hint = 'It is from 0 to 5; null takes it back.';
  end if;
  update atelier.jobs j
     set quality_rating = round(rate_job.rating, 2)
   where j.id = rate_job.job_id and j.status = 'completed' and (j.user_id = auth.uid() or atelier_engine.is_service_role())
  returning j.* into job;
  if not found then
    raise sqlstate 'PT404' using
      message = 'no such job', hint = 'It does not exist, is not completed, or belongs to somebody else.';
  end if;
  return job;
end;
$$;
grant execute on function atelier.rate_job(uuid, numeric) to authenticated, service_role;
comment on function atelier.rate_job(uuid, numeric) is
$$Say how good the outputs of a job are

From 0 to 5; null takes it back. For the owner of a completed job and the service role, else PT404; 22023 for another
rating. Returns the job.$$;

create or replace function atelier.start_prompt_ab_test(test_id uuid)
returns atelier.prompt_ab_tests
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  test atelier.prompt_ab_tests;
  config jsonb;
begin
  perform atelier_engine.assert_operator();
  select t.* into test from atelier.prompt_ab_tests t where t.id = start_prompt_ab_test.test_id for update;
  if not found then
    raise sqlstate 'PT404' using message = 'there is no such test', hint = 'Look into atelier.prompt_ab_tests.';
  end if;
  if test.started_at is not null then
    raise sqlstate 'PT409' using
      message = 'the test was started before', detail = format('At %s.', test.started_at), hint = 'Make a new one.';
  end if;
  -- Users are not to meet what is missing.
  foreach config in array array[test.baseline_config, test.enhanced_config] loop
    perform atelier_engine.presets_named(coalesce(config -> 'presets', '[]')), atelier_engine.enhancer_for(config ->> 'model');
    if config ? 'template_id' and not exists (
      select from atelier.prompt_templates t where t.id = (config ->> 'template_id')::uuid and t.is_active) then
      raise sqlstate 'PT404' using
        message = 'there is no such template', detail = format('None in use has the id %s.', config ->> 'template_id'),
        hint = 'Publish it first.';
    end if;
  end loop;
  update atelier.prompt_ab_tests t set started_at = clock_timestamp() where t.id = test.id returning t.* into test;
  return test;
end;
$$;
grant execute on function atelier.start_prompt_ab_test(uuid) to authenticated, service_role;
comment on function atelier.start_prompt_ab_test(uuid) is
$$Begin to compare

From now on jobs take part. For administrators and the service role (42501); PT404 for an unknown test, or a preset, model
or template that there is not; PT409 for one that was started before; 23505 while another test for all is running.$$;

create or replace function atelier_engine.normal_quantile(p_confidence numeric)
returns double precision
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return case p_confidence
    when 0.8 then 1.2815515655446004 when 0.9 then 1.6448536269514722 when 0.95 then 1.959963984540054
    when 0.99 then 2.5758293035489004 end::double precision;
end;
$$;
comment on function atelier_engine.normal_quantile(numeric) is
  'How many standard deviations hold so much of a normal distribution, for 0.8, 0.9, 0.95 and 0.99; null for anything else';

create or replace function atelier_engine.wilson_bound(p_successes bigint, p_samples bigint, p_z double precision, p_sign integer)
returns double precision
language sql immutable
set search_path = pg_catalog, pg_temp
begin atomic
  select greatest(least((f.share + p_z ^ 2 / (2 * f.n) + p_sign * p_z * sqrt(f.share * (1 - f.share) / f.n + p_z ^ 2 / (4 * f.n ^ 2)))
                        / (1 + p_z ^ 2 / f.n), 1), 0)
    from (select nullif(p_samples, 0)::double precision as n, p_successes::double precision / nullif(p_samples, 0) as share) f;
end;
comment on function atelier_engine.wilson_bound(bigint, bigint, double precision, integer) is
  'The lower (-1) or upper (1) end of the Wilson score interval of a share; null without samples';

create or replace function atelier_engine.test_samples(p_test_id uuid)
returns table (variant text, user_id uuid, metric text, is_share boolean, value double precision)
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
  select o.variant, o.user_id, m.metric, m.is_share, m.value
    from atelier.prompt_ab_outcomes o
    left join lateral (
      select sum(g.cost_usd)::double precision as usd
        from atelier.generations g
       where g.job_id = o.job_id
          or g.job_id = (select e.enhancement_job_id from atelier.prompt_enhancements e where e.job_id = o.job_id)) c on true
   cross join lateral (values
     ('completed', true, case when o.job_status <> 'queued' then (o.job_status = 'completed')::integer::double precision end),
     ('saved', true, case when o.job_status = 'completed' then o.is_saved::integer end),
     ('favorite', true, case when o.job_status = 'completed' then o.is_favorite::integer end),
     ('discarded', true, case when o.job_status = 'completed' then o.is_discarded::integer end),
     ('rating', false, o.rating::double precision),
     ('latency_ms', false, o.latency_ms),
     ('cost_usd', false, case when o.job_status = 'completed' then c.usd end)) m (metric, is_share, value)
   where o.test_id = p_test_id and m.value is not null;
end;
comment on function atelier_engine.test_samples(uuid) is
  'What was measured in a test, one row for each job and measure; shares as 0 and 1, of what has ended';

create or replace function atelier.prompt_ab_report(test_id uuid, confidence numeric default 0.95)
returns table (
  metric text, variant text, participants bigint, samples bigint, value numeric, low numeric, high numeric
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  wanted constant uuid := test_id;
  z constant double precision := atelier_engine.normal_quantile(confidence);
begin
  perform atelier_engine.assert_operator();
  if z is null then
    raise invalid_parameter_value using
      message = 'there is no such confidence', detail = format('Got %s.', coalesce(left(confidence::text, 40), 'null')),
      hint = 'Use 0.8, 0.9, 0.95 or 0.99.';
  end if;
  if not exists (select from atelier.prompt_ab_tests t where t.id = wanted) then
    raise sqlstate 'PT404' using message = 'there is no such test', hint = 'Look into atelier.prompt_ab_tests.';
  end if;
  return query
    select s.metric, s.variant, s.participants, s.samples, round(s.mean::numeric, 4),
           round((case when s.is_share then atelier_engine.wilson_bound(s.sum::bigint, s.samples, z, -1)
                       else s.mean - z * s.deviation / sqrt(s.samples) end)::numeric, 4),
           round((case when s.is_share then atelier_engine.wilson_bound(s.sum::bigint, s.samples, z, 1)
                       else s.mean + z * s.deviation / sqrt(s.samples) end)::numeric, 4)
      from (select t.metric, t.variant, t.is_share, count(distinct t.user_id) as participants, count(*) as samples,
                   avg(t.value) as mean, sum(t.value) as sum, stddev_samp(t.value) as deviation
              from atelier_engine.test_samples(wanted) t
             group by t.metric, t.variant, t.is_share) s
     order by s.metric, s.variant;
end;
$$;
grant execute on function atelier.prompt_ab_report(uuid, numeric) to authenticated, service_role;
comment on function atelier.prompt_ab_report(uuid, numeric) is
$$How the two halves of a test compare

A row for each measure and half: how many users and jobs, the value, and the interval that holds the true one with this
confidence (0.8, 0.9, 0.95 or 0.99). completed, saved, favorite and discarded are shares of the jobs that ended or were
completed, with Wilson score intervals; rating, latency_ms and cost_usd are means, with the mean plus and minus z standard
errors (null for a single job). Jobs count as independent of each other. For administrators and the service role (42501);
PT404, 22023.$$;

create or replace function atelier.stop_prompt_ab_test(test_id uuid)
returns atelier.prompt_ab_tests
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  test atelier.prompt_ab_tests;
  baseline record;
  enhanced record;
begin
  perform atelier_engine.assert_operator();
  select t.* into test from atelier.prompt_ab_tests t where t.id = stop_prompt_ab_test.test_id for update;
  if not found then
    raise sqlstate 'PT404' using message = 'there is no such test', hint = 'Look into atelier.prompt_ab_tests.';
  end if;
  if test.started_at is null or test.is_complete then
    raise sqlstate 'PT409' using
      message = 'the test is not running', detail = case when test.is_complete then 'It is over.' else 'It was not started.' end,
      hint = 'Start it with start_prompt_ab_test().';
  end if;
  select avg(o.rating) as mean, var_samp(o.rating) / count(o.rating) as error into baseline
    from atelier.prompt_ab_outcomes o where o.test_id = test.id and o.variant = 'baseline' and o.rating is not null;
  select avg(o.rating) as mean, var_samp(o.rating) / count(o.rating) as error into enhanced
    from atelier.prompt_ab_outcomes o where o.test_id = test.id and o.variant = 'enhanced' and o.rating is not null;
  update atelier.prompt_ab_tests t
     set is_complete = true, completed_at = clock_timestamp(),
         total_participants = (select count(distinct o.user_id) from atelier.prompt_ab_outcomes o where o.test_id = test.id),
         -- greatest() and least() would pass over a null.
         baseline_avg_quality = case when baseline.mean is not null then greatest(least(baseline.mean, 9.99), -9.99) end,
         enhanced_avg_quality = case when enhanced.mean is not null then greatest(least(enhanced.mean, 9.99), -9.99) end,
         quality_improvement = case when enhanced.mean - baseline.mean is not null
                                    then greatest(least(enhanced.mean - baseline.mean, 9.99), -9.99) end,
         confidence_level = atelier_engine.confidence_of_difference(
           (enhanced.mean - baseline.mean)::double precision, (enhanced.error + baseline.error)::double precision)
   where t.id = test.id
  returning t.* into test;
  return test;
end;
$$;
grant execute on function atelier.stop_prompt_ab_test(uuid) to authenticated, service_role;
comment on function atelier.stop_prompt_ab_test(uuid) is
$$End a comparison

Jobs do not take part any more; what becomes of those that did is still written down. Puts the average ratings, their
difference and the confidence that there is one into the row. For administrators and the service role (42501); PT404 for
an unknown test, PT409 for one that is not running.$$;

create or replace function atelier_engine.confidence_of_difference(p_difference double precision, p_variance double precision)
returns numeric
language sql immutable
set search_path = pg_catalog, pg_temp
begin atomic
  -- The error function by the formula 7.1.26 of Abramowitz and Stegun, right to seven digits.
  select case when p_variance > 0 then round((1 - ((((1.061405429 * e.t - 1.453152027) * e.t + 1.421413741) * e.t - 0.284496736) * e.t
                                                   + 0.254829592) * e.t * exp(-(e.x ^ 2)))::numeric, 2)
              when p_difference <> 0 and p_variance = 0 then 1.00
              when p_difference = 0 and p_variance = 0 then 0.00 end
    from (select x, 1 / (1 + 0.3275911 * x) as t
            from (select least(abs(p_difference) / sqrt(2 * nullif(greatest(p_variance, 0), 0)), 20) as x) s) e;
end;
comment on function atelier_engine.confidence_of_difference(double precision, double precision) is
  'How sure a difference of two means is, 0 to 1, by the variance of the difference, as of a normal distribution; null where that is not known';
