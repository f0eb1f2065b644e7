-- Jobs: what the dispatcher calls when results are there. All of it in one transaction.

create or replace function atelier_engine.open_result(p_attempt_id uuid)
returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
  return atelier_engine.own_attempt(p_attempt_id) is not null or atelier_engine.take_up_held_attempt(p_attempt_id)
         or atelier_engine.wants_late_result(p_attempt_id) is not null;
end;
$$;
grant execute on function atelier_engine.open_result(uuid) to atelier_worker;
comment on function atelier_engine.open_result(uuid) is
$$Begin to record a result

True while the attempt owns its job, or while its job is held because of it, and then nobody else can record or settle it
before this transaction ends. True, too, for an attempt that was given up, if its result may still be adopted. On false
the result is dropped. Next come begin_object(), append_object_chunk() and, in the same transaction,
record_successes().$$;

create or replace function atelier_engine.begin_object(
  p_attempt_id uuid, p_index integer, p_media_type text, p_extension text, p_byte_count bigint, p_sha256 bytea
)
returns uuid
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
  owned constant uuid := atelier_engine.own_attempt(p_attempt_id);
  late uuid;
  job atelier.jobs;
begin
  if p_index not between 0 and 999 or p_extension !~ '^[a-z0-9]{1,8}$'
     or p_media_type !~ '^(image|video)/[a-z0-9.+-]{1,60}$' or octet_length(p_sha256) <> 32 then
    raise invalid_parameter_value using
      message = 'invalid output',
      detail = format('index %s, extension %s, media type %s.', p_index, quote_nullable(left(p_extension, 20)),
                      quote_nullable(left(p_media_type, 80)));
  end if;
  if owned is null then
    late := atelier_engine.begin_late_object(
      p_attempt_id, p_index, p_media_type, p_extension, p_byte_count, p_sha256);
    if late is null then
      raise object_not_in_prerequisite_state using message = 'the attempt does not own its job';
    end if;
    return late;
  end if;
  select j.* into job from atelier.jobs j where j.id = owned;
  return atelier_engine.create_object(
    case job.destination when 'library' then 'user-library' else 'workspace-temp' end,
    format('%s/%s/%s.%s', job.user_id, job.id, p_index, p_extension),
    job.user_id, p_media_type, p_byte_count, p_sha256);
end;
$$;
grant execute on function atelier_engine.begin_object(uuid, integer, text, text, bigint, bytea) to atelier_worker;
comment on function atelier_engine.begin_object(uuid, integer, text, text, bigint, bytea) is
$$Make the object of one output

Named {user}/{job}/{index}.{extension}, in the bucket of the job's destination. Returns its id, for
append_object_chunk().$$;

create or replace function atelier_engine.record_successes(
  p_attempt_ids uuid[],
  p_outputs jsonb[],
  p_results jsonb[],
  p_metadata jsonb[],
  p_started_at timestamptz[],
  p_sent_at timestamptz[],
  p_first_byte_at timestamptz[],
  p_finished_at timestamptz[]
)
returns uuid[]
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
  owners uuid[];
  owned uuid[];
  recorded_before boolean;
  done uuid[];
  late record;
begin
  if cardinality(array_remove(p_outputs, null)) > 0 or array_position(p_results, null) is not null then
    perform atelier_engine.add_outputs(p_attempt_ids, p_outputs, p_results);
  end if;
  -- One look into an index for each, whatever the planner believes of the tables.
  select array_agg(q.job_id), array_agg(q.attempt_id), bool_or(o.recorded_at is not null) into owners, owned, recorded_before
    from (select a.job_id, r.attempt_id, a.recorded_at
            from unnest(p_attempt_ids) r (attempt_id)
           cross join lateral (
             select a.job_id, a.recorded_at from atelier_engine.attempts a where a.id = r.attempt_id offset 0) a
           order by a.job_id) o
   cross join lateral (
     select q.job_id, q.attempt_id, q.state from atelier_engine.queue q where q.job_id = o.job_id offset 0
        for update of q) q
   where q.attempt_id = o.attempt_id and q.state = 'leased';
  done := atelier_engine.complete_owned(
    owners, owned, p_attempt_ids, p_outputs, p_results, p_metadata, p_started_at, p_sent_at, p_first_byte_at, p_finished_at);
  if cardinality(array_remove(p_results, null)) > 0 then
    perform atelier_engine.end_texts(done);
  end if;
  perform atelier_engine.settle_dependents(done);
  perform atelier_engine.note_successes(p_attempt_ids);
  if cardinality(done) = cardinality(p_attempt_ids) then
    perform atelier_engine.log_calls(p_attempt_ids, p_outputs, p_metadata, recorded_before);
  elsif done <> '{}' then
    perform atelier_engine.log_calls(
              array_agg(r.attempt_id), array_agg(r.outputs), array_agg(r.metadata), recorded_before)
       from unnest(p_attempt_ids, p_outputs, p_metadata) r (attempt_id, outputs, metadata)
      where r.attempt_id = any (owned);
  end if;
  if cardinality(done) < cardinality(p_attempt_ids) then
    for late in
      select r.*
        from unnest(p_attempt_ids, p_outputs, p_results, p_metadata, p_started_at, p_sent_at, p_first_byte_at,
                    p_finished_at)
               r (attempt_id, outputs, result, metadata, started_at, sent_at, first_byte_at, finished_at)
       where not exists (
         select from atelier_engine.attempts a where a.id = r.attempt_id and a.job_id = any (done))
    loop
      if atelier_engine.take_up_held_attempt(late.attempt_id) then
        done := done || atelier_engine.record_successes(
          array[late.attempt_id], array[late.outputs], array[late.result], array[late.metadata],
          array[late.started_at], array[late.sent_at], array[late.first_byte_at], array[late.finished_at]);
      else
        perform atelier_engine.keep_late_result(
          late.attempt_id, late.outputs, late.result, late.metadata, late.started_at, late.sent_at,
          late.first_byte_at, late.finished_at);
      end if;
    end loop;
  end if;
  return done;
end;
$$;
grant execute on function
  atelier_engine.record_successes(
    uuid[], jsonb[], jsonb[], jsonb[], timestamptz[], timestamptz[], timestamptz[], timestamptz[])
  to atelier_worker;
comment on function
  atelier_engine.record_successes(
    uuid[], jsonb[], jsonb[], jsonb[], timestamptz[], timestamptz[], timestamptz[], timestamptz[]) is
$$Complete jobs with their outputs or results

The arrays go together. Of each attempt there are outputs, an array of {index, object_id, media_type, extension,
byte_count, sha256 (hex)} and, where known, width, height, duration_ms, seed; or, where the answer is data and not a
file, the result. Adds the assets and the generations, writes the events. Returns the jobs that it completed. The outputs
of an attempt that does not own its job are kept aside for a day; one that was recorded before changes nothing. Raises 22023 when an output is not stored
completely, and then nothing of all is recorded.$$;

create or replace function atelier_engine.complete_owned(
  p_job_ids uuid[],
  p_owned_ids uuid[],
  p_attempt_ids uuid[],
  p_outputs jsonb[],
  p_results jsonb[],
  p_metadata jsonb[],
  p_started_at timestamptz[],
  p_sent_at timestamptz[],
  p_first_byte_at timestamptz[],
  p_finished_at timestamptz[]
)
returns uuid[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_nestloop = off
set jit = off
as $$
declare
  recorded constant timestamptz := clock_timestamp();
  done uuid[];
begin
  -- Everything in one statement, because its cost per job is what limits the dispatcher. The arrays of ids are there for
  -- plans from when the tables were small: a join alone would then read all of them.
  -- No nested loops: good for the ten ids that the planner expects, they would go through the arrays once for each job.
  with owned as materialized (
    select o.job_id, r.*
      from unnest(p_attempt_ids, p_outputs, p_results, p_metadata, p_started_at, p_sent_at, p_first_byte_at,
                  p_finished_at)
             r (attempt_id, outputs, result, metadata, started_at, sent_at, first_byte_at, finished_at)
      join unnest(p_owned_ids, p_job_ids) o (attempt_id, job_id) on o.attempt_id = r.attempt_id),
  attempt as (
    update atelier_engine.attempts a
       set state = 'succeeded', started_at = o.started_at, sent_at = coalesce(o.sent_at, a.sent_at),
           first_byte_at = o.first_byte_at, finished_at = o.finished_at, recorded_at = recorded
      from owned o
     where a.id = o.attempt_id and a.id = any (p_owned_ids)
    returning a.job_id, a.external_id, a.model_id, a.claimed_at,
              atelier_engine.milliseconds_between(a.sent_at, a.finished_at) as processing_ms,
              o.outputs, o.result, o.metadata),
  job as (
    update atelier.jobs j
       set status = 'completed', completed_at = recorded, updated_at = recorded, error_class = null, error_message = null,
           attempts = j.attempts + 1,
           -- A job whose answer came at once was never recorded as processing.
           started_at = coalesce(j.started_at, a.claimed_at),
           metadata = case when a.metadata = '{}' then j.metadata
                      else coalesce(j.metadata, '{}') || jsonb_build_object('provider', a.metadata) end
      from attempt a
     where j.id = a.job_id and j.id = any (p_job_ids)
    returning a.*, j.user_id, j.format, j.api_model_id, j.original_prompt, j.parameters, j.created_at, j.started_at,
              j.workspace_id),
  generation as (
    insert into atelier.generations (
      user_id, job_id, action, model_id, model_name, replicate_model, prompt, settings, status, output_urls, result,
      output_text, replicate_prediction_id, replicate_output, processing_time_ms, created_at, started_at, completed_at,
      workspace_id)
    select j.user_id, j.job_id, case j.format when 'video' then 'video_create' when 'chat' then 'chat' else 'create' end, m.model_key,
           m.display_name, m.model_key, j.original_prompt, j.parameters, 'completed',
           case when j.outputs is not null then (
             select array_agg(o.bucket_id || '/' || o.name order by o.index)
               from atelier_engine.outputs_of(j.outputs) o) end,
           j.result, case when jsonb_typeof(j.result) = 'string' then j.result #>> '{}'
                          when j.format = 'chat' then j.result ->> 'text' end,
           j.external_id, j.metadata, j.processing_ms, j.created_at, j.started_at, recorded, j.workspace_id
      from job j
      join atelier.api_models m on m.id = coalesce(j.model_id, j.api_model_id)),
  event as (
    insert into atelier.events (user_id, kind, ref)
    select j.user_id, 'job.completed', j.job_id from job j),
  dequeued as (
    delete from atelier_engine.queue q where q.job_id = any (p_job_ids))
  select array_agg(j.job_id) into done from job j;
  return coalesce(done, '{}');
end;
$$;
comment on function
  atelier_engine.complete_owned(
    uuid[], uuid[], uuid[], jsonb[], jsonb[], jsonb[], timestamptz[], timestamptz[], timestamptz[], timestamptz[]) is
$$Complete jobs whose queue rows the caller has locked

p_owned_ids are the attempts that own p_job_ids, in the same order; the other arguments are those of record_successes().
Returns the jobs.$$;

create or replace function atelier_engine.record_success(
  p_attempt_id uuid,
  p_outputs jsonb,
  p_metadata jsonb,
  p_started_at timestamptz,
  p_sent_at timestamptz,
  p_first_byte_at timestamptz,
  p_finished_at timestamptz
)
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  return atelier_engine.record_successes(
    array[p_attempt_id], array[p_outputs], array[null::jsonb], array[p_metadata], array[p_started_at],
    array[p_sent_at], array[p_first_byte_at], array[p_finished_at]) <> '{}';
end;
$$;
comment on function
  atelier_engine.record_success(uuid, jsonb, jsonb, timestamptz, timestamptz, timestamptz, timestamptz) is
$$Complete one job with its outputs

As record_successes(). True when this attempt completed the job.$$;
