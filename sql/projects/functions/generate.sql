-- Projects: scenes become jobs.

create or replace function atelier_engine.queue_scene(
  p_scene_id uuid, p_model text, p_parameters jsonb, p_negative_prompt text, p_job_type text, p_destination text
)
returns atelier.jobs
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  scene atelier.scenes;
  project atelier.projects;
  shown atelier.characters;
  job atelier.jobs;
begin
  select s.* into scene from atelier.scenes s where s.id = p_scene_id;
  select p.* into project from atelier.projects p where p.id = scene.project_id;
  if project.character_id is not null then
    shown := atelier_engine.visible_character(project.character_id, auth.uid());
  end if;
  job := atelier_engine.queue_picture(
    shown, coalesce(nullif(btrim(scene.enhanced_prompt), ''), nullif(btrim(scene.scene_prompt), ''), scene.description),
    p_model, p_parameters, p_negative_prompt, p_job_type, p_destination, null,
    jsonb_strip_nulls(jsonb_build_object(
      'project_id', scene.project_id, 'scene_id', scene.id, 'scene_number', scene.scene_number)),
    null, null, project.reference_image_url);
  update atelier.jobs j set project_id = scene.project_id where j.id = job.id returning j.* into job;
  update atelier.scenes s set job_id = job.id where s.id = scene.id;
  return job;
end;
$$;
comment on function atelier_engine.queue_scene(uuid, text, jsonb, text, text, text) is
$$Queue the picture of a scene for the caller, whose scene it is

Errors as generate_scene().$$;

create or replace function atelier.generate_scene(
  scene_id uuid,
  model text default null,
  parameters jsonb default '{}',
  negative_prompt text default null,
  job_type text default null,
  destination text default 'library'
)
returns atelier.jobs
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  latest record;
begin
  -- Whoever asks for the same scene at the same time waits here, and then sees the job of the other.
  perform from atelier.scenes s
    where s.id = generate_scene.scene_id and s.user_id = auth.uid() for no key update;
  if not found then
    raise sqlstate 'PT404' using
      message = 'no such scene', hint = 'The scene does not exist or belongs to somebody else.';
  end if;
  select j.id, j.status into latest
    from atelier.scenes s
    join atelier.jobs j on j.id = atelier_engine.latest_try(s.job_id)
   where s.id = generate_scene.scene_id;
  if latest.status in ('queued', 'processing') then
    raise sqlstate 'PT409' using
      message = 'the picture of the scene is under way', detail = format('The job %s is %s.', latest.id, latest.status),
      hint = 'Wait for it, or cancel it with cancel_job().';
  end if;
  return atelier_engine.queue_scene(
    generate_scene.scene_id, generate_scene.model, generate_scene.parameters, generate_scene.negative_prompt,
    generate_scene.job_type, generate_scene.destination);
end;
$$;
grant execute on function atelier.generate_scene(uuid, text, jsonb, text, text, text) to authenticated, service_role;
comment on function atelier.generate_scene(uuid, text, jsonb, text, text, text) is
$$Ask for the picture of a scene, again if there is one

Queues a job for the caller, whose scene it must be, and returns it; scene_status follows it from then on. The prompt is the
enhanced_prompt of the scene, else its scene_prompt, else its description. The character of the project appears as in
generate_character_image(); without one the reference_image_url of the project is the picture to follow.
Fails with PT404 (no such scene, or a character that is not visible to the caller any more), PT409 (the picture is under way),
else as queue_job().$$;

create or replace function atelier.generate_missing_scenes(
  project_id uuid,
  model text default null,
  parameters jsonb default '{}',
  negative_prompt text default null,
  job_type text default null,
  destination text default 'library'
)
returns setof atelier.jobs
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  scene_id uuid;
begin
  -- Whoever calls it at the same time waits here. The scenes are locked as well, so that a transaction that sees the
  -- past (repeatable read) fails with 40001 instead of queueing them again.
  perform from atelier.projects p
    where p.id = generate_missing_scenes.project_id and p.user_id = auth.uid() for no key update;
  if not found then
    raise sqlstate 'PT404' using
      message = 'no such project', hint = 'The project does not exist or belongs to somebody else.';
  end if;
  perform from atelier.scenes s
    where s.project_id = generate_missing_scenes.project_id order by s.scene_number for no key update;
  for scene_id in
    select s.id
      from atelier.scene_status s
     where s.project_id = generate_missing_scenes.project_id and s.status in ('missing', 'failed', 'cancelled')
     order by s.scene_number
  loop
    return next atelier_engine.queue_scene(
      scene_id, generate_missing_scenes.model, generate_missing_scenes.parameters,
      generate_missing_scenes.negative_prompt, generate_missing_scenes.job_type, generate_missing_scenes.destination);
  end loop;
end;
$$;
grant execute on function atelier.generate_missing_scenes(uuid, text, jsonb, text, text, text) to authenticated, service_role;
comment on function atelier.generate_missing_scenes(uuid, text, jsonb, text, text, text) is
$$Ask for the pictures that a project lacks

One job for each scene that has none, or whose job failed or was cancelled, as generate_scene() makes it; all of them or none.
Returns the jobs in the order of the scenes. Called twice, also at the same time, it queues nothing twice. For the owner of the
project. Fails with PT404 (no such project, or a character that is not visible to the caller any more), else as queue_job().$$;
