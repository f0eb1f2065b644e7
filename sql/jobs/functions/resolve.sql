-- Jobs: what operators decide about held jobs.

create or replace function atelier.resolve_held_job(
  job_id uuid, decision text, note text default null, outputs bytea[] default null
)
returns atelier.jobs
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  held record;
  job atelier.jobs;
begin
  perform atelier_engine.assert_operator();
  if coalesce(resolve_held_job.decision, '') not in ('retry', 'fail', 'completed') then
    raise invalid_parameter_value using message = 'unknown decision', hint = 'Use retry, fail or completed.';
  end if;
  select q.state, q.attempt_id into held from atelier_engine.queue q where q.job_id = resolve_held_job.job_id for update;
  select j.* into job from atelier.jobs j where j.id = resolve_held_job.job_id;
  if job.id is null then
    raise sqlstate 'PT404' using message = 'no such job', hint = 'Held jobs are in atelier.held_jobs.';
  end if;
  if held.state is distinct from 'held' then
    raise sqlstate 'PT409' using
      message = 'the job is not held', detail = format('It is %s.', coalesce(held.state, job.status)),
      hint = 'Held jobs are in atelier.held_jobs.';
  end if;
  case resolve_held_job.decision
    when 'retry' then
      -- Whoever decides so wants a try, also after the last one.
      update atelier.jobs j set max_attempts = least(greatest(j.max_attempts, j.attempts + 1), 100) where j.id = job.id;
      perform atelier_engine.release_job(job.id, null, job.error_class, job.error_message);
      perform atelier_engine.wake_dispatcher();
    when 'fail' then
      perform atelier_engine.finish_job(
        job.id, 'failed', job.error_class, coalesce(left(resolve_held_job.note, 1000), job.error_message));
    else
      perform atelier_engine.complete_held_job(job.id, held.attempt_id, resolve_held_job.outputs, resolve_held_job.note);
  end case;
  select j.* into job from atelier.jobs j where j.id = resolve_held_job.job_id;
  return job;
end;
$$;
grant execute on function atelier.resolve_held_job(uuid, text, text, bytea[]) to authenticated, service_role;
comment on function atelier.resolve_held_job(uuid, text, text, bytea[]) is
$$Decide about a job that is held

decision is retry (another try, even after the last one), fail (with note as the reason), or completed: the request was
carried out, and outputs are the files that the provider has, pictures or videos in their order. Returns the job. For
administrators and the service role (42501). Fails with PT404 (no such job), PT409 (it is not held), PT415 (not a picture
or video of a known kind) or 22023.$$;

create or replace function atelier_engine.complete_held_job(
  p_job_id uuid, p_attempt_id uuid, p_outputs bytea[], p_note text
)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  chunk_bytes constant integer := 262144;
  stored jsonb := jsonb_build_array();
  bytes bytea;
  media record;
  object uuid;
begin
  if coalesce(cardinality(p_outputs), 0) not between 1 and 1000 or array_position(p_outputs, null) is not null then
    raise invalid_parameter_value using
      message = 'a completed job has outputs', hint = 'Give the bytes of each file, or use fail.';
  end if;
  perform atelier_engine.take_over_job(p_job_id, p_attempt_id);
  for place in 0 .. cardinality(p_outputs) - 1 loop
    bytes := p_outputs[array_lower(p_outputs, 1) + place];
    select t.media_type, t.extension into media from atelier_engine.type_of_bytes(bytes) t;
    if media.media_type is null then
      raise sqlstate 'PT415' using
        message = 'not a picture or video of a known kind', detail = format('Output %s of %s bytes.', place, octet_length(bytes));
    end if;
    object := atelier_engine.begin_object(
      p_attempt_id, place, media.media_type, media.extension, octet_length(bytes), sha256(bytes));
    for sequence in 0 .. (octet_length(bytes) - 1) / chunk_bytes loop
      perform atelier_engine.append_object_chunk(
        object, sequence, substr(bytes, sequence * chunk_bytes + 1, chunk_bytes));
    end loop;
    stored := stored || jsonb_build_object(
      'index', place, 'object_id', object, 'media_type', media.media_type, 'extension', media.extension,
      'byte_count', octet_length(bytes), 'sha256', encode(sha256(bytes), 'hex'));
  end loop;
  perform atelier_engine.record_success(
    p_attempt_id, stored, jsonb_strip_nulls(jsonb_build_object('completed_by_operator', true, 'note', p_note)),
    a.started_at, a.sent_at, a.first_byte_at, clock_timestamp())
     from atelier_engine.attempts a where a.id = p_attempt_id;
end;
$$;
comment on function atelier_engine.complete_held_job(uuid, uuid, bytea[], text) is
  'Complete a held job with files that an operator brings';

create or replace function atelier_engine.type_of_bytes(p_bytes bytea)
returns table (media_type text, extension text)
language sql immutable
begin atomic
  select t.media_type, t.extension
    from (values (1, '\x89504e470d0a1a0a'::bytea, 'image/png', 'png'),
                 (1, '\xffd8ff', 'image/jpeg', 'jpg'),
                 (9, '\x57454250', 'image/webp', 'webp'),
                 (5, '\x66747970', 'video/mp4', 'mp4'),
                 (1, '\x1a45dfa3', 'video/webm', 'webm')) t (at, magic, media_type, extension)
   where substr(p_bytes, t.at, octet_length(t.magic)) = t.magic;
end;
comment on function atelier_engine.type_of_bytes(bytea) is
  'Media type and usual extension of a picture or video, by its first bytes; no row for anything else';
