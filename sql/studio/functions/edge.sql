-- Studio: the edge functions of other back ends, for clients that were written for them: their bodies, their answers.

create or replace function atelier.studio_queue_job(json)
returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  aspects constant jsonb := jsonb '{"1:1": [1024, 1024], "16:9": [1024, 576], "9:16": [576, 1024]}';
  caller constant uuid := auth.uid();
  body constant jsonb := atelier_engine.edge_body($1);
  metadata constant jsonb := coalesce(nullif(body -> 'metadata', 'null'), '{}');
  engine atelier.api_models;
  wishes jsonb;
  written text;
  improved text;
  avoided text;
  project uuid;
  job atelier.jobs;
begin
  perform atelier_engine.assert_signed_in();
  perform atelier_engine.assert_json_object('metadata', metadata, 65536);
  engine := atelier_engine.studio_engine(coalesce(body ->> 'job_type', body ->> 'jobType', metadata ->> 'job_type'));
  wishes := metadata || jsonb_strip_nulls(body);
  written := coalesce(body ->> 'original_prompt', body ->> 'originalPrompt', body ->> 'prompt', metadata ->> 'prompt');
  improved := nullif(coalesce(body ->> 'enhanced_prompt', body ->> 'enhancedPrompt', body ->> 'prompt', written), written);
  project := coalesce(body ->> 'project_id', body ->> 'projectId', metadata ->> 'project_id')::uuid;
  if project is not null and not exists (select from atelier.projects p where p.id = project and p.user_id = caller) then
    raise sqlstate 'PT404' using message = 'no such project', hint = 'The project does not exist or belongs to somebody else.';
  end if;
  avoided := case
    when wishes -> 'exact_copy_mode' = 'true' then null
    when body ? 'negative_prompt' then body ->> 'negative_prompt'
    when engine.model_family = 'sdxl' then nullif(atelier.get_negative_prompt(
      'sdxl', case lower(coalesce(body ->> 'contentType', metadata ->> 'contentType', metadata ->> 'content_mode'))
                when 'nsfw' then 'nsfw' else 'sfw' end::atelier.content_mode,
      case when wishes ? 'reference_image_url' then 'i2i' else 'txt2img' end), '') end;
  job := atelier.queue_job(
    prompt => written, model => engine.model_key,
    parameters => atelier_engine.studio_parameters(caller, engine, wishes, aspects), negative_prompt => avoided,
    job_type => coalesce(body ->> 'job_type', body ->> 'jobType', metadata ->> 'job_type'),
    destination => coalesce(metadata ->> 'destination', 'workspace'),
    -- The session that is there; a new one for each job would end the one before.
    workspace_session_id => coalesce(
      (metadata ->> 'workspace_session_id')::uuid,
      (select s.id from atelier.workspace_sessions s where s.user_id = caller and s.is_active)),
    metadata => metadata,
    -- Moderation looks at it as at every text that a model is given.
    enhancement => case when improved ~ '\S' then jsonb_build_object('enhanced_prompt', improved) end);
  if project is not null or body ? 'enhancementMetadata' then
    update atelier.jobs j
       set project_id = project,
           enhancement_strategy = coalesce(
             nullif(left(body #>> '{enhancementMetadata,enhancement_strategy}', 50), 'pending'), j.enhancement_strategy)
     where j.id = job.id
    returning j.* into job;
  end if;
  return jsonb_build_object(
    'success', true, 'jobId', job.id, 'status', job.status, 'message', 'queued', 'jobType', job.job_type,
    'queue', engine.model_key, 'queueName', engine.model_key, 'modelVariant', engine.model_key,
    'isSDXL', engine.model_family = 'sdxl', 'negativePromptSupported', engine.model_family = 'sdxl',
    'job', to_jsonb(job) - '{request_hash,content_hash}'::text[]);
end;
$$;
grant execute on function atelier.studio_queue_job(json) to authenticated, service_role;
comment on function atelier.studio_queue_job(json) is
$$queue_job(), for clients of the edge function queue-job

The body is theirs: job_type (or jobType) is one of the job types; prompt, original_prompt and enhanced_prompt (or originalPrompt,
enhancedPrompt), negative_prompt, seed, steps, guidance_scale, num_images (1, 3 or 6), aspect_ratio, reference_image_url with
reference_strength or denoise_strength, exact_copy_mode, contentType, project_id and metadata, in which these may stand, too. Without a
negative prompt SDXL gets that of get_negative_prompt(). Returns jobId, status, job and what else they read.
Fails with 22023 (an unknown job type; the hint has them all), PT503 (no model takes it; the detail is SDXL_DISABLED or
ENGINE_DISABLED), PT403 (CROSS_USER_REFERENCE: a picture of somebody else), PT404, 42501 (nsfw without a verified age), or as
queue_job().$$;

create or replace function atelier.studio_workspace_actions(json)
returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  body constant jsonb := atelier_engine.edge_body($1);
begin
  perform atelier_engine.assert_signed_in();
  return atelier.workspace_actions(
    body ->> 'action', coalesce(body ->> 'assetId', body ->> 'asset_id')::uuid,
    coalesce(body ->> 'jobId', body ->> 'job_id')::uuid,
    coalesce(body ->> 'libraryAssetId', body ->> 'library_asset_id')::uuid,
    coalesce(body ->> 'customTitle', body ->> 'custom_title'),
    coalesce(body ->> 'collectionId', body ->> 'collection_id')::uuid,
    case jsonb_typeof(body -> 'tags') when 'array' then array(select jsonb_array_elements_text(body -> 'tags')) end);
end;
$$;
grant execute on function atelier.studio_workspace_actions(json) to authenticated;
comment on function atelier.studio_workspace_actions(json) is
$$workspace_actions(), for clients of the edge function workspace-actions

With assetId, jobId, libraryAssetId, customTitle, collectionId and tags in the body. Returns and fails as workspace_actions();
22P02 for what is no id.$$;

create or replace function atelier.delete_workspace_item(item_id uuid, user_id uuid)
returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.assert_acting_for(delete_workspace_item.user_id);
  delete from atelier.workspace_assets a
   where a.id = delete_workspace_item.item_id and a.user_id = delete_workspace_item.user_id
     and a.moderation_status in ('unchecked', 'approved', 'flagged');
  if not found then
    raise sqlstate 'PT404' using message = 'asset not found', detail = format('Asset: %s.', item_id);
  end if;
  return jsonb_build_object('success', true);
end;
$$;
grant execute on function atelier.delete_workspace_item(uuid, uuid) to authenticated, service_role;
comment on function atelier.delete_workspace_item(uuid, uuid) is
$$Discard an item of the workspace and its file

For oneself only (42501). Fails with PT404 for an item that is not there, is somebody else's, or is withheld by
moderation.$$;

create or replace function atelier.studio_get_negative_prompt(json)
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  body constant jsonb := atelier_engine.edge_body($1);
  model constant text := coalesce(body ->> 'modelType', body ->> 'model_type', 'sdxl');
  content constant text := coalesce(body ->> 'contentMode', body ->> 'content_mode', 'sfw');
  words text;
begin
  perform atelier_engine.assert_known_caller();
  words := atelier.get_negative_prompt(
    model, content::atelier.content_mode, coalesce(body ->> 'generationMode', body ->> 'generation_mode', 'txt2img'));
  return jsonb_build_object(
    'success', true, 'baseNegativePrompt', words, 'modelType', model, 'contentMode', content,
    'count', (select count(*) from atelier_engine.prompt_terms(words)));
end;
$$;
grant execute on function atelier.studio_get_negative_prompt(json) to authenticated, service_role;
comment on function atelier.studio_get_negative_prompt(json) is
$$get_negative_prompt(), for clients of the edge function get-negative-prompt

With modelType (sdxl), contentMode (sfw) and generationMode (txt2img) in the body. Returns baseNegativePrompt, modelType,
contentMode, and in count how many terms it has. Fails as get_negative_prompt(), or with 22P02 (another content mode).$$;

create or replace function atelier.studio_update_worker_url(json)
returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  body constant jsonb := atelier_engine.edge_body($1);
  address constant text := coalesce(body ->> 'worker_url', body ->> 'workerUrl');
  kind constant text := coalesce(body ->> 'worker_type', body ->> 'workerType');
  found_workers uuid[];
  worker atelier.workers;
begin
  perform atelier_engine.assert_operator();
  if address is null or address !~ '^https?://[^\s/]\S*$' then
    raise invalid_parameter_value using
      message = 'invalid worker URL', detail = format('Got %s.', quote_nullable(left(address, 200))),
      hint = 'Send worker_url: http:// or https://, and where the worker is.';
  end if;
  select array_agg(w.id) into found_workers
    from atelier.workers w
   where (w.user_id = auth.uid() or atelier_engine.is_service_role())
     and (body ->> 'worker_id' is null or w.id::text = body ->> 'worker_id')
     and (kind is null or w.worker_type = kind);
  if found_workers is null then
    raise sqlstate 'PT404' using
      message = 'no such worker', hint = 'Register it with register_worker(), as the one who acts for it.';
  elsif cardinality(found_workers) > 1 then
    raise sqlstate 'PT409' using
      message = 'several workers are meant', hint = 'Send worker_id, or a worker_type that only one of them has.';
  end if;
  worker := atelier.update_worker_url(found_workers[1], address);
  return jsonb_build_object(
    'success', true, 'worker_id', worker.id, 'worker_url', worker.worker_url, 'workerUrl', worker.worker_url);
end;
$$;
grant execute on function atelier.studio_update_worker_url(json) to authenticated, service_role;
comment on function atelier.studio_update_worker_url(json) is
$$update_worker_url(), for clients of the edge function update-worker-url

With worker_url or workerUrl in the body, and worker_type or worker_id where the caller has several workers. Nobody connects to
the address to see whether it answers: a worker shows that it is there by asking for jobs. For administrators and the service role
(42501). Fails with 22023 (no URL), PT404 (no such worker of the caller) or PT409 (several).$$;

create or replace function atelier.studio_get_active_worker_url(json)
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  kind constant text := atelier_engine.edge_body($1) ->> 'worker_type';
  answer jsonb;
begin
  perform atelier_engine.assert_operator();
  select jsonb_build_object(
           'success', true, 'worker_url', w.worker_url, 'workerUrl', w.worker_url, 'isHealthy', w.is_healthy,
           'healthError', case when not w.is_healthy then 'not healthy' end, 'worker_type', kind,
           'registrationInfo', jsonb_build_object('name', w.name, 'lastHeartbeat', w.last_heartbeat_at)) into answer
    from atelier.get_active_worker_url(kind) w;
  return answer;
end;
$$;
grant execute on function atelier.studio_get_active_worker_url(json) to authenticated, service_role;
comment on function atelier.studio_get_active_worker_url(json) is
$$get_active_worker_url(), for clients of the edge function get-active-worker-url

With worker_type in the body: wan, chat or sdxl. Returns worker_url, workerUrl, isHealthy and registrationInfo. For
administrators and the service role (42501); PT404 when none has said where it is.$$;

create or replace function atelier.studio_health_check_workers()
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.assert_operator();
  return jsonb_build_object('success', true, 'results', (
    select jsonb_object_agg(t.worker_type, jsonb_build_object(
             'isHealthy', coalesce(h.is_healthy, false), 'workerUrl', h.worker_url,
             'error', case when h.worker_id is null then 'no worker is registered' else h.problem end,
             'lastChecked', now()))
      from (values ('chat'), ('sdxl'), ('wan')) t (worker_type)
      left join (
        select distinct on (c.worker_type) c.* from atelier.health_check_workers() c
         order by c.worker_type, c.is_healthy desc, c.last_heartbeat_at desc) h on h.worker_type = t.worker_type));
end;
$$;
grant execute on function atelier.studio_health_check_workers() to authenticated, service_role;
comment on function atelier.studio_health_check_workers() is
$$health_check_workers(), for clients of the edge function health-check-workers

Returns results: for wan, sdxl and chat isHealthy, workerUrl, error and lastChecked, of the best worker of the type. For
administrators and the service role (42501).$$;
