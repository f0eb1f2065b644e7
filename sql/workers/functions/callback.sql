-- Workers: what became of their jobs.

create or replace function atelier.job_callback(json)
returns json
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
  most_bytes constant integer := 67108864;
  most_reports constant integer := 1000;
  body jsonb;
begin
  if pg_column_size($1) > most_bytes then
    raise sqlstate 'PT413' using
      message = 'the report is too large', detail = format('The limit is %s bytes.', most_bytes);
  end if;
  perform atelier_engine.assert_may_hand_out();
  body := $1::jsonb;
  if jsonb_typeof(body) = 'object' then
    return atelier_engine.report_one(body);
  elsif jsonb_typeof(body) is distinct from 'array' or jsonb_array_length(body) > most_reports then
    raise invalid_parameter_value using
      message = 'a report is a JSON object, or an array of them', detail = format('Of at most %s.', most_reports);
  end if;
  return atelier_engine.report_many(body);
end;
$$;
grant execute on function atelier.job_callback(json) to anon, authenticated, service_role;
comment on function atelier.job_callback(json) is
$$Report what became of a job that a worker claimed

The body of the request is {"token", "status": "completed", "outputs": [{"data": base64, "seed", "duration_ms", "width",
"height"}], "metadata"}, of an output only data is needed; or, where the answer is data and no file, with "result" (any
JSON but null) instead of outputs; or {"token", "status": "failed", "error_class", "error_message", "retry_after_ms"}. Or an
array of up to 1000 of these, each of which counts alone. The token is that of claim_jobs(): whoever has it may report, once.
The answer has attempt_id, outcome and job_status. outcome: completed; failed (the policy for the error class has decided
about the job); already_completed (nothing changed); kept (too late, but it can be adopted); ignored (too late, nothing
changed); in arrays also refused, with error. Fails with PT401 (forged or expired token), PT413 (64 MiB at most, and
max_output_bytes of the endpoint for an output), 22023, or PT503 (the database is not adopted).$$;

create or replace function atelier_engine.report_one(p_report jsonb)
returns json
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  token record;
  outcome text;
begin
  select t.* into token from atelier_engine.read_attempt_token(p_report ->> 'token') t;
  if token.attempt_id is null then
    raise sqlstate 'PT401' using message = token.problem, hint = 'Use the one that claim_jobs() gave.';
  end if;
  outcome := case p_report ->> 'status'
               when 'completed' then atelier_engine.report_success(token.attempt_id, p_report)
               when 'failed' then atelier_engine.report_failure(token.attempt_id, p_report) end;
  if outcome is null then
    raise invalid_parameter_value using
      message = 'unknown status',
      detail = format('Got %s.', quote_nullable(left(p_report ->> 'status', 60))), hint = 'Use completed or failed.';
  end if;
  return json_build_object('attempt_id', token.attempt_id, 'outcome', outcome, 'job_status', (
    select j.status from atelier_engine.attempts a join atelier.jobs j on j.id = a.job_id where a.id = token.attempt_id));
end;
$$;
comment on function atelier_engine.report_one(jsonb) is 'One report of job_callback(), with its errors';

create or replace function atelier_engine.report_success(p_attempt_id uuid, p_report jsonb)
returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  most_outputs constant integer := 100;
  metadata constant jsonb := coalesce(nullif(p_report -> 'metadata', 'null'), '{}');
  result constant jsonb := nullif(p_report -> 'result', 'null');
  claimed constant timestamptz := (select a.claimed_at from atelier_engine.attempts a where a.id = p_attempt_id);
  sent jsonb := nullif(p_report -> 'outputs', 'null');
  outputs jsonb;
  done uuid[];
begin
  if sent is not null and (result is not null or jsonb_typeof(sent) <> 'array' or jsonb_array_length(sent) > most_outputs) then
    raise invalid_parameter_value using
      message = 'outputs must be an array, and stand alone',
      detail = format('Of at most %s objects, without result.', most_outputs);
  end if;
  perform atelier_engine.assert_json_object('metadata', metadata, 65536),
          atelier_engine.assert_json_numbers('result', result);
  -- Waits for another report about the attempt, so that what comes next sees what that has changed.
  perform atelier_engine.own_attempt(p_attempt_id);
  if not atelier_engine.open_result(p_attempt_id) then
    return atelier_engine.late_outcome(p_attempt_id);
  end if;
  select jsonb_agg(atelier_engine.store_output(p_attempt_id, s.place::integer - 1, s.output) order by s.place)
    into outputs
    from jsonb_array_elements(sent) with ordinality s (output, place);
  done := atelier_engine.record_successes(
    array[p_attempt_id], array[outputs], array[result], array[metadata], array[claimed], array[claimed],
    array[null::timestamptz], array[clock_timestamp()]);
  return case when done <> '{}' then 'completed' else atelier_engine.late_outcome(p_attempt_id) end;
end;
$$;
comment on function atelier_engine.report_success(uuid, jsonb) is
$$Complete the job of an attempt with what its worker has sent

Returns the outcome. The first report wins; later ones find that the attempt does not own its job any more.$$;

create or replace function atelier_engine.late_outcome(p_attempt_id uuid)
returns text
language sql stable
begin atomic
  select case when exists (
                select from atelier_engine.attempts a where a.id = p_attempt_id and a.state = 'succeeded')
                then 'already_completed'
              when exists (select from atelier_engine.late_results l where l.attempt_id = p_attempt_id) then 'kept'
              else 'ignored' end;
end;
comment on function atelier_engine.late_outcome(uuid) is
  'What a report has led to whose attempt does not own its job any more';

create or replace function atelier_engine.report_failure(p_attempt_id uuid, p_report jsonb)
returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  known constant text[] := array(
    select d.error_class from atelier.default_retry_policies d where d.error_class <> 'ambiguous');
  error_class constant text := coalesce(p_report ->> 'error_class', 'internal');
  claimed constant timestamptz := (select a.claimed_at from atelier_engine.attempts a where a.id = p_attempt_id);
begin
  if error_class <> all (known) then
    raise invalid_parameter_value using
      message = 'unknown error_class', detail = format('Got %s.', quote_literal(left(error_class, 60))),
      hint = format('Use one of: %s.', array_to_string(known, ', '));
  end if;
  if atelier_engine.record_failure(
       p_attempt_id, error_class, null, left(p_report ->> 'error_message', 10000), null,
       atelier_engine.whole_number(p_report, 'retry_after_ms', 86400000)::integer, true, claimed, claimed, null,
       clock_timestamp()) is null then
    return atelier_engine.late_outcome(p_attempt_id);
  end if;
  perform atelier_engine.wake_dispatcher();
  return 'failed';
end;
$$;
comment on function atelier_engine.report_failure(uuid, jsonb) is
  'Record that a worker has failed at a job. Returns the outcome.';

create or replace function atelier_engine.report_many(p_reports jsonb)
returns json
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  together constant integer[] := atelier_engine.complete_together(p_reports);
begin
  return coalesce((
    select json_agg(
             case when t.place is null then atelier_engine.report_alone(r.report)
                  else json_build_object('attempt_id', split_part(r.report ->> 'token', '.', 1), 'outcome', 'completed',
                                         'job_status', 'completed') end
             order by r.place)
      from jsonb_array_elements(p_reports) with ordinality r (report, place)
      left join unnest(together) t (place) on t.place = r.place), '[]');
end;
$$;
comment on function atelier_engine.report_many(jsonb) is 'Many reports of job_callback(), each of which counts alone';

create or replace function atelier_engine.complete_together(p_reports jsonb)
returns integer[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  secret constant bytea := atelier_engine.capability_secret();
  now_seconds constant bigint := extract(epoch from clock_timestamp())::bigint;
  places integer[];
  attempts uuid[];
  results jsonb[];
  claimed timestamptz[];
  done uuid[];
begin
  select array_agg(s.place order by s.place), array_agg(s.attempt_id order by s.place),
         array_agg(s.result order by s.place), array_agg(s.claimed_at order by s.place)
    into places, attempts, results, claimed
    from (select distinct on (t.attempt_id) r.place::integer, t.attempt_id, r.report -> 'result' as result, a.claimed_at
            from jsonb_array_elements(p_reports) with ordinality r (report, place)
           cross join lateral (
             select atelier_engine.attempt_of_token(secret, r.report ->> 'token', now_seconds) as attempt_id) t
           -- One look into the index for each, whatever the planner believes of the table.
           cross join lateral (
             select a.claimed_at from atelier_engine.attempts a
              where a.id = t.attempt_id and a.state in ('submitting', 'submitted') offset 0) a
           where r.report ->> 'status' = 'completed' and jsonb_typeof(r.report -> 'result') <> 'null'
             and not r.report ?| '{outputs,metadata}'
           order by t.attempt_id, r.place) s;
  if places is null then
    return '{}'::integer[];
  end if;
  begin
    perform atelier_engine.assert_json_numbers('result', to_jsonb(results));
    done := atelier_engine.record_successes(
      attempts, array_fill(null::jsonb, array[cardinality(attempts)]), results,
      array_fill('{}'::jsonb, array[cardinality(attempts)]), claimed, claimed,
      array_fill(null::timestamptz, array[cardinality(attempts)]),
      array_fill(clock_timestamp(), array[cardinality(attempts)]));
  exception when data_exception or integrity_constraint_violation then
    return '{}'::integer[];  -- one of them cannot be stored: each is recorded alone
  end;
  if cardinality(done) = cardinality(attempts) then
    return places;
  end if;
  return array(
    select p.place from unnest(places, attempts) p (place, attempt_id)
     where exists (
       select from atelier_engine.attempts a
        where a.id = p.attempt_id and a.job_id = any (done) and a.state = 'succeeded' offset 0));
end;
$$;
comment on function atelier_engine.complete_together(jsonb) is
$$Complete, in one go, the jobs of those reports that are nothing but a result

Returns which of the reports that were.$$;

create or replace function atelier_engine.report_alone(p_report jsonb)
returns json
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  failure text;
begin
  return atelier_engine.report_one(p_report);
exception when others then
  get stacked diagnostics failure = message_text;
  return json_build_object(
    'attempt_id', split_part(p_report ->> 'token', '.', 1), 'outcome', 'refused', 'error', failure);
end;
$$;
comment on function atelier_engine.report_alone(jsonb) is
  'One report of many: what is wrong with it is told, and does the others no harm';
