-- Jobs: results of attempts that do not own their job any more. They change nothing by themselves; for a while they can
-- be adopted.

create or replace function atelier_engine.wants_late_result(p_attempt_id uuid)
returns uuid
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  wanted uuid;
begin
  select a.job_id into wanted
    from atelier_engine.attempts a
    join atelier.jobs j on j.id = a.job_id
   where a.id = p_attempt_id and a.state <> 'succeeded' and j.status not in ('completed', 'cancelled')
     and not exists (select from atelier_engine.late_results l where l.attempt_id = p_attempt_id);
  return wanted;
end;
$$;
comment on function atelier_engine.wants_late_result(uuid) is
$$The job of an attempt that was given up, if its result is still worth keeping

Null when the job is completed or cancelled, or when the result is there already.$$;

create or replace function atelier_engine.begin_late_object(
  p_attempt_id uuid, p_index integer, p_media_type text, p_extension text, p_byte_count bigint, p_sha256 bytea
)
returns uuid
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if atelier_engine.wants_late_result(p_attempt_id) is null then
    return null;
  end if;
  insert into storage.buckets (id, name, public) values ('late-results', 'late-results', false) on conflict do nothing;
  return atelier_engine.create_object(
    'late-results', format('%s/%s.%s', p_attempt_id, p_index, p_extension), null, p_media_type, p_byte_count, p_sha256);
end;
$$;
comment on function atelier_engine.begin_late_object(uuid, integer, text, text, bigint, bytea) is
  'Make the object of an output that came too late; null when nobody wants it';

create or replace function atelier_engine.keep_late_result(
  p_attempt_id uuid,
  p_outputs jsonb,
  p_result jsonb,
  p_metadata jsonb,
  p_started_at timestamptz,
  p_sent_at timestamptz,
  p_first_byte_at timestamptz,
  p_finished_at timestamptz
)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  kept_for constant interval := interval '1 day';
begin
  insert into atelier_engine.late_results (
    attempt_id, job_id, expires_at, outputs, result, metadata, started_at, sent_at, first_byte_at, finished_at)
  select p_attempt_id, w.job_id, clock_timestamp() + kept_for, coalesce(p_outputs, '[]'), p_result,
         coalesce(p_metadata, '{}'), p_started_at, p_sent_at, p_first_byte_at, p_finished_at
    from (select atelier_engine.wants_late_result(p_attempt_id) as job_id) w
   where w.job_id is not null and (jsonb_array_length(coalesce(p_outputs, '[]')) > 0 or p_result is not null)
      on conflict do nothing;
  if found then
    perform atelier_engine.log_calls(array[p_attempt_id], array[p_outputs], array[coalesce(p_metadata, '{}')], true);
  end if;
end;
$$;
comment on function atelier_engine.keep_late_result(
  uuid, jsonb, jsonb, jsonb, timestamptz, timestamptz, timestamptz, timestamptz) is
  'Keep the result of an attempt that does not own its job any more, for a day';

create or replace function atelier_engine.forget_late_objects()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  delete from storage.objects o
   using jsonb_to_recordset(old.outputs) l (object_id uuid)
   where o.id = l.object_id and o.bucket_id = 'late-results';
  return null;
end;
$$;
comment on function atelier_engine.forget_late_objects() is
  'Trigger: the bytes of a late result go with its row, unless they were adopted';

create or replace function atelier_engine.expire_late_results(p_limit integer)
returns integer
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  expired integer;
begin
  delete from atelier_engine.late_results l
   where l.attempt_id in (
     select e.attempt_id from atelier_engine.late_results e
      where e.expires_at <= clock_timestamp() order by e.expires_at limit p_limit for update skip locked);
  get diagnostics expired = row_count;
  return expired;
end;
$$;
comment on function atelier_engine.expire_late_results(integer) is
  'Forget late results whose day is over. Returns how many.';

create or replace function atelier.adopt_late_result(attempt_id uuid)
returns atelier.jobs
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  late atelier_engine.late_results;
  job atelier.jobs;
begin
  perform atelier_engine.assert_operator();
  select l.* into late from atelier_engine.late_results l where l.attempt_id = adopt_late_result.attempt_id;
  if not found then
    raise sqlstate 'PT404' using
      message = 'no such late result', hint = 'They are in atelier.late_results, for a day.';
  end if;
  -- The workers lock the queue row first, too.
  perform from atelier_engine.queue q where q.job_id = late.job_id for update;
  select l.* into late from atelier_engine.late_results l where l.attempt_id = adopt_late_result.attempt_id for update;
  select j.* into job from atelier.jobs j where j.id = late.job_id for update;
  if late.attempt_id is null or late.adopted_at is not null or job.status in ('completed', 'cancelled') then
    raise sqlstate 'PT409' using
      message = 'the late result cannot be adopted any more',
      detail = case when late.adopted_at is not null then format('It was adopted at %s.', late.adopted_at)
                    else format('The job is %s.', job.status) end;
  end if;
  perform atelier_engine.place_late_objects(job, late.outputs);
  if job.status = 'failed' then
    perform atelier_engine.deliver_late_result(job, late);
  else
    perform atelier_engine.take_over_job(job.id, late.attempt_id);
    perform atelier_engine.record_successes(
      array[late.attempt_id], array[nullif(late.outputs, '[]')], array[late.result], array[late.metadata],
      array[late.started_at], array[late.sent_at], array[late.first_byte_at], array[late.finished_at]);
  end if;
  update atelier_engine.late_results l set adopted_at = clock_timestamp() where l.attempt_id = late.attempt_id;
  select j.* into job from atelier.jobs j where j.id = late.job_id;
  return job;
end;
$$;
grant execute on function atelier.adopt_late_result(uuid) to authenticated, service_role;
comment on function atelier.adopt_late_result(uuid) is
$$Use a result that came too late

Completes an unfinished job with the result of an attempt that had been given up; a request of the job that is still on its
way counts for nothing then. A job that has failed stays failed, but its owner gets the outputs. Returns the job. For
administrators and the service role (42501). Fails with PT404 (no such late result), or PT409 (adopted before, or the job is
completed or cancelled).$$;

create or replace function atelier_engine.place_late_objects(p_job atelier.jobs, p_outputs jsonb)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.move_object(
            o.bucket_id, o.name, case p_job.destination when 'library' then 'user-library' else 'workspace-temp' end,
            format('%s/%s/%s.%s', p_job.user_id, p_job.id, o.index, storage.extension(o.name)), p_job.user_id)
     from atelier_engine.outputs_of(p_outputs) o;
end;
$$;
comment on function atelier_engine.place_late_objects(atelier.jobs, jsonb) is
  'Give the objects of a late result to the owner of the job, at the place that they would have had';

create or replace function atelier_engine.take_over_job(p_job_id uuid, p_attempt_id uuid)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  moment constant timestamptz := clock_timestamp();
begin
  update atelier_engine.attempts a
     set state = 'cancelled', recorded_at = moment, error_message = 'another attempt was adopted'
    from atelier_engine.queue q
   where q.job_id = p_job_id and q.state = 'leased' and a.id = q.attempt_id and a.id <> p_attempt_id;
  update atelier_engine.queue q
     set state = 'leased', attempt_id = p_attempt_id, lease_expires_at = moment + interval '1 minute', next_check_at = null,
         endpoint_id = coalesce(a.endpoint_id, '00000000-0000-0000-0000-000000000000')
    from atelier_engine.attempts a
   where q.job_id = p_job_id and a.id = p_attempt_id;
  update atelier.jobs j
     set status = 'processing', started_at = coalesce(j.started_at, moment)
   where j.id = p_job_id and j.status = 'queued';
end;
$$;
comment on function atelier_engine.take_over_job(uuid, uuid) is
$$Make an attempt the owner of its job, for the rest of this transaction

So that its result can be recorded as every other. The caller holds the lock on the queue row.$$;

create or replace function atelier_engine.take_up_held_attempt(p_attempt_id uuid)
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  held uuid;
begin
  select q.job_id into held
    from atelier_engine.attempts a
    join atelier_engine.queue q on q.job_id = a.job_id
   where a.id = p_attempt_id and q.attempt_id = p_attempt_id and q.state = 'held'
     for update of q;
  if held is null then
    return false;
  end if;
  perform atelier_engine.take_over_job(held, p_attempt_id);
  return true;
end;
$$;
comment on function atelier_engine.take_up_held_attempt(uuid) is
$$Give a held job back to its attempt, whose result has come after all

That answers what the job was held for. False when the job is not held because of this attempt.$$;

create or replace function atelier_engine.deliver_late_result(p_job atelier.jobs, p_late atelier_engine.late_results)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_late.outputs <> '[]' then
    perform atelier_engine.assert_outputs_stored(p_job, p_late.outputs);
    perform atelier_engine.add_assets(p_job, p_late.outputs);
  end if;
  insert into atelier.generations (
    user_id, job_id, action, model_id, model_name, replicate_model, prompt, settings, status, output_urls,
    result, output_text, replicate_prediction_id, replicate_output, processing_time_ms, created_at, started_at,
    completed_at, workspace_id)
  select p_job.user_id, p_job.id, case p_job.format when 'video' then 'video_create' when 'chat' then 'chat' else 'create' end, m.model_key,
         m.display_name, m.model_key, p_job.original_prompt, p_job.parameters, 'completed',
         (select array_agg(o.bucket_id || '/' || o.name order by o.index)
            from atelier_engine.outputs_of(p_late.outputs) o),
         p_late.result, case when jsonb_typeof(p_late.result) = 'string' then p_late.result #>> '{}'
                             when p_job.format = 'chat' then p_late.result ->> 'text' end,
         a.external_id, p_late.metadata, atelier_engine.milliseconds_between(p_late.sent_at, p_late.finished_at),
         p_job.created_at, p_job.started_at, clock_timestamp(), p_job.workspace_id
    from atelier_engine.attempts a
    join atelier.api_models m on m.id = coalesce(a.model_id, p_job.api_model_id)
   where a.id = p_late.attempt_id;
  perform atelier_engine.moderate_results(p_job.id);
  insert into atelier.events (user_id, kind, ref) values (p_job.user_id, 'job.delivered', p_job.id);
end;
$$;
comment on function atelier_engine.deliver_late_result(atelier.jobs, atelier_engine.late_results) is
  'Give the owner of a failed job its outputs after all. The job stays failed, because a finished job never changes.';
