-- Jobs: what the dispatcher calls when a result is there. All of it in one transaction.

create or replace function atelier_engine.open_result(p_attempt_id uuid)
returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
begin
  if atelier_engine.own_attempt(p_attempt_id) is null and not atelier_engine.take_up_held_attempt(p_attempt_id) then
    return atelier_engine.wants_late_result(p_attempt_id) is not null;
  end if;
  update atelier_engine.attempts a set state = 'ingesting'
   where a.id = p_attempt_id and a.state in ('submitting', 'submitted', 'ambiguous');
  return true;
end;
$$;
grant execute on function atelier_engine.open_result(uuid) to atelier_worker;
comment on function atelier_engine.open_result(uuid) is
$$Begin to record a result

True while the attempt owns its job, or while its job is held because of it, and then nobody else can record or settle it
before this transaction ends. True, too, for an attempt that was given up, if its result may still be adopted. On false
the result is dropped. Next come begin_object(), append_object_chunk() and, in the same transaction,
record_success().$$;

create or replace function atelier_engine.begin_object(
  p_attempt_id uuid, p_index integer, p_media_type text, p_extension text, p_byte_count bigint, p_sha256 bytea
)
returns uuid
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
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
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  owned constant uuid := atelier_engine.own_attempt(p_attempt_id);
  recorded constant timestamptz := clock_timestamp();
  job atelier.jobs;
begin
  select j.* into job from atelier.jobs j where j.id = owned;
  if owned is null then
    perform atelier_engine.keep_late_result(
      p_attempt_id, p_outputs, p_metadata, p_started_at, p_sent_at, p_first_byte_at, p_finished_at);
    return exists (select from atelier_engine.attempts a where a.id = p_attempt_id and a.state = 'succeeded');
  end if;
  perform atelier_engine.assert_outputs_stored(job, p_outputs);
  perform atelier_engine.add_assets(job, p_outputs);

  update atelier_engine.attempts a
     set state = 'succeeded', started_at = p_started_at, sent_at = coalesce(p_sent_at, a.sent_at),
         first_byte_at = p_first_byte_at, finished_at = p_finished_at, recorded_at = recorded
   where a.id = p_attempt_id;
  insert into atelier.generations (
    user_id, job_id, action, model_id, model_name, replicate_model, prompt, settings, status, output_urls,
    replicate_prediction_id, replicate_output, processing_time_ms, created_at, started_at, completed_at, workspace_id)
  select job.user_id, job.id, case job.format when 'video' then 'video_create' else 'create' end, m.model_key,
         m.display_name, m.model_key, job.original_prompt, job.parameters, 'completed',
         (select array_agg(o.bucket_id || '/' || o.name order by o.index)
            from atelier_engine.outputs_of(p_outputs) o),
         a.external_id, p_metadata, atelier_engine.milliseconds_between(a.sent_at, p_finished_at),
         job.created_at, job.started_at, recorded, job.workspace_id
    from atelier.api_models m, atelier_engine.attempts a
   where m.id = coalesce(a.model_id, job.api_model_id) and a.id = p_attempt_id;
  update atelier.jobs j
     set attempts = j.attempts + 1,
         metadata = coalesce(j.metadata, '{}') || jsonb_build_object('provider', coalesce(p_metadata, '{}'))
   where j.id = job.id;
  perform atelier_engine.finish_job(job.id, 'completed', null, null);
  perform atelier_engine.note_successes(array[p_attempt_id]);
  return true;
end;
$$;
grant execute on function
  atelier_engine.record_success(uuid, jsonb, jsonb, timestamptz, timestamptz, timestamptz, timestamptz)
  to atelier_worker;
comment on function
  atelier_engine.record_success(uuid, jsonb, jsonb, timestamptz, timestamptz, timestamptz, timestamptz) is
$$Complete a job with its outputs

p_outputs is an array of {index, object_id, media_type, extension, byte_count, sha256 (hex)} and, where known, width,
height, duration_ms, seed. Adds the assets and the generation, writes the event. True when the job is completed by this
attempt, also if it was so before; false when the attempt does not own the job; then the result is kept aside for a day. Raises 22023
when an output is not stored completely.$$;

create or replace function atelier_engine.outputs_of(p_outputs jsonb)
returns table (
  index integer,
  object_id uuid,
  bucket_id text,
  name text,
  media_type text,
  byte_count bigint,
  object_bytes bigint,
  width integer,
  height integer,
  duration_ms integer,
  seed bigint
)
language sql stable
begin atomic
  select r.index, r.object_id, o.bucket_id, o.name, r.media_type, r.byte_count, (o.metadata ->> 'size')::bigint,
         nullif(r.width, 0), nullif(r.height, 0), nullif(r.duration_ms, 0), case when r.seed >= 0 then r.seed end
    from jsonb_to_recordset(p_outputs) r (
           index integer, object_id uuid, media_type text, byte_count bigint, width integer, height integer,
           duration_ms integer, seed bigint)
    left join storage.objects o on o.id = r.object_id;
end;
comment on function atelier_engine.outputs_of(jsonb) is
  'The outputs of record_success() as rows, with the places of their objects';

create or replace function atelier_engine.assert_outputs_stored(p_job atelier.jobs, p_outputs jsonb)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  output record;
begin
  if jsonb_typeof(p_outputs) is distinct from 'array' or p_outputs = '[]' then
    raise invalid_parameter_value using message = 'the result has no outputs';
  end if;
  for output in
    select o.*, atelier_engine.object_is_complete(o.object_id) as complete
      from atelier_engine.outputs_of(p_outputs) o
  loop
    if output.name is null or not starts_with(output.name, format('%s/%s/', p_job.user_id, p_job.id)) then
      raise invalid_parameter_value using
        message = 'an output is not an object of its job', detail = format('Output %s.', output.index);
    end if;
    if not output.complete or output.byte_count <= 0 or output.byte_count is distinct from output.object_bytes then
      raise invalid_parameter_value using
        message = 'an output is not stored completely',
        detail = format('Output %s of %s bytes.', output.index, output.byte_count);
    end if;
  end loop;
end;
$$;
comment on function atelier_engine.assert_outputs_stored(atelier.jobs, jsonb) is
  'Refuse outputs that belong to another job or whose bytes are not all there';

create or replace function atelier_engine.add_assets(p_job atelier.jobs, p_outputs jsonb)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  first_seed constant bigint := (p_job.parameters ->> 'seed')::bigint;
  model constant text := (select m.model_key from atelier.api_models m where m.id = p_job.api_model_id);
  settings constant jsonb :=
    p_job.parameters || jsonb_strip_nulls(jsonb_build_object('negative_prompt', p_job.negative_prompt));
begin
  if p_job.destination = 'workspace' then
    insert into atelier.workspace_assets (
      user_id, asset_type, temp_storage_path, file_size_bytes, mime_type, duration_seconds, job_id, asset_index,
      generation_seed, original_prompt, model_used, generation_settings, width, height)
    select p_job.user_id, split_part(o.media_type, '/', 1), o.name, o.byte_count, o.media_type,
           o.duration_ms / 1000.0, p_job.id, o.index, coalesce(o.seed, first_seed + o.index, -1),
           p_job.original_prompt, model, settings, o.width, o.height
      from atelier_engine.outputs_of(p_outputs) o;
    return;
  end if;
  insert into atelier.user_library (
    user_id, asset_type, storage_path, file_size_bytes, mime_type, duration_seconds, original_prompt, model_used,
    generation_seed, generation_metadata, width, height, source_job_id, source_asset_index)
  select p_job.user_id, split_part(o.media_type, '/', 1), o.name, o.byte_count, o.media_type, o.duration_ms / 1000.0,
         p_job.original_prompt, model, coalesce(o.seed, first_seed + o.index), settings, o.width, o.height,
         p_job.id, o.index
    from atelier_engine.outputs_of(p_outputs) o;
  update atelier.jobs j
     set image_id = case when l.asset_type = 'image' then l.id else j.image_id end,
         video_id = case when l.asset_type = 'video' then l.id else j.video_id end
    from atelier.user_library l
   where j.id = p_job.id and l.source_job_id = p_job.id and l.user_id = p_job.user_id
     and l.source_asset_index = (
       select min(o.index) from atelier_engine.outputs_of(p_outputs) o);
end;
$$;
comment on function atelier_engine.add_assets(atelier.jobs, jsonb) is
  'The rows that users see of the outputs: in the workspace or in the library';
