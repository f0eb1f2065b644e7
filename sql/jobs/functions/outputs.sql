-- Jobs: what becomes of the files that an attempt produced. Internal to record_successes().

create or replace function atelier_engine.add_outputs(p_attempt_ids uuid[], p_outputs jsonb[], p_results jsonb[])
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  reported record;
  owned uuid;
  job atelier.jobs;
begin
  for reported in
    select r.attempt_id, r.outputs
      from unnest(p_attempt_ids, p_outputs, p_results) r (attempt_id, outputs, result)
     where r.outputs is not null or r.result is null
  loop
    owned := atelier_engine.own_attempt(reported.attempt_id);
    continue when owned is null;
    select j.* into job from atelier.jobs j where j.id = owned;
    perform atelier_engine.assert_outputs_stored(job, reported.outputs);
    perform atelier_engine.add_assets(job, reported.outputs);
  end loop;
end;
$$;
comment on function atelier_engine.add_outputs(uuid[], jsonb[], jsonb[]) is
  'Add the assets of those attempts whose answers were files, once their bytes are all there';

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
    -- One look into the index for each: a plan for the hundred rows that the planner expects would read all objects.
    left join lateral (
      select s.bucket_id, s.name, s.metadata from storage.objects s where s.id = r.object_id offset 0) o on true;
end;
comment on function atelier_engine.outputs_of(jsonb) is
  'The outputs of record_successes() as rows, with the places of their objects';

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
