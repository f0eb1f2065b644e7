-- Jobs: from a request to a row. Internal to queue_job(), queue_jobs(), retry_job() and schedules.

create or replace function atelier_engine.request_of(p_arguments jsonb)
returns atelier_engine.job_request
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  usual atelier_engine.job_request;
  unknown_name text;
begin
  if jsonb_typeof(p_arguments) is distinct from 'object' then
    raise invalid_parameter_value using
      message = 'a request must be a JSON object',
      hint = 'Its keys are the arguments of queue_job().';
  end if;
  usual.parameters := '{}';
  usual.destination := 'workspace';
  usual.priority := 0;
  usual.metadata := '{}';
  usual.depends_on := '{}';
  usual.reuse_result := false;
  usual.on_dependency_failure := 'fail';
  select k into unknown_name from jsonb_object_keys(p_arguments) k where not to_jsonb(usual) ? k order by k limit 1;
  if found then
    raise invalid_parameter_value using
      message = 'unknown argument',
      detail = format('queue_job() has no argument %s.', quote_ident(left(unknown_name, 60))),
      hint = format('It takes: %s.', (select string_agg(k, ', ' order by k) from jsonb_object_keys(to_jsonb(usual)) k));
  end if;
  return jsonb_populate_record(
    usual, case when p_arguments -> 'enhancement' = 'false' then p_arguments - 'enhancement' else p_arguments end);
end;
$$;
comment on function atelier_engine.request_of(jsonb) is
$$A request from JSON whose keys are the arguments of queue_job()

What is left out has the default of queue_job(). Raises 22023 for an unknown key.$$;

create or replace function atelier_engine.assert_request(p_user_id uuid, p_request atelier_engine.job_request)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  max_json_bytes constant integer := 65536;
  surely_short_enough constant integer := 2000;  -- bytes
  furthest constant interval := interval '1 year';
begin
  -- What is left out, as most of it is, needs no look.
  if octet_length(p_request.prompt) > surely_short_enough then
    perform atelier_engine.check_prompt('prompt', p_request.prompt);
  end if;
  if p_request.negative_prompt is not null then
    perform atelier_engine.check_prompt('negative_prompt', p_request.negative_prompt);
  end if;
  if p_request.parameters is distinct from '{}' then
    perform atelier_engine.assert_json_object('parameters', p_request.parameters, max_json_bytes);
  end if;
  if p_request.metadata is distinct from '{}' then
    perform atelier_engine.assert_json_object('metadata', p_request.metadata, max_json_bytes);
  end if;
  if p_request.enhancement is not null then
    perform atelier_engine.enhancement_options(p_request.enhancement);
  end if;
  if coalesce(p_request.destination, '') not in ('workspace', 'library') then
    raise invalid_parameter_value using
      message = 'unknown destination', hint = 'Use workspace or library.';
  end if;
  if coalesce(p_request.on_dependency_failure, '') not in ('fail', 'skip', 'start') then
    raise invalid_parameter_value using
      message = 'unknown on_dependency_failure', hint = 'Use fail, skip or start.';
  end if;
  if p_request.run_at > clock_timestamp() + furthest then
    raise invalid_parameter_value using
      message = 'run_at is too far away', detail = format('The limit is %s from now.', furthest),
      hint = 'For what happens again and again there is create_schedule().';
  end if;
  if p_request.workspace_session_id is not null and not exists (
    select from atelier.workspace_sessions s where s.id = p_request.workspace_session_id and s.user_id = p_user_id) then
    raise sqlstate 'PT404' using
      message = 'no such workspace session', hint = 'Make one with create_workspace_session().';
  end if;
  if p_request.workspace_id is not null
     and p_request.workspace_id <> all (atelier_engine.workspaces_of(p_user_id, '{owner,admin,member}')) then
    raise sqlstate 'PT404' using
      message = 'no such workspace', hint = 'The workspace does not exist, or you are not in it.';
  end if;
  if cardinality(p_request.depends_on) > 0 then
    perform atelier_engine.must_wait_for(p_user_id, p_request.depends_on, p_request.on_dependency_failure);
  end if;
end;
$$;
comment on function atelier_engine.assert_request(uuid, atelier_engine.job_request) is
$$Refuse a request that no model could save

Everything but the model and its parameters. Errors as queue_job().$$;

create or replace function atelier_engine.prepare_job(p_user_id uuid, p_request atelier_engine.job_request)
returns atelier.jobs
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  resolved atelier_engine.resolved_request;
  job atelier.jobs;
begin
  perform atelier_engine.assert_request(p_user_id, p_request);
  resolved := atelier_engine.resolve_request(p_request.model, p_request.job_type, p_request.parameters);
  -- What a language model is asked may be all in its parameters.
  if coalesce(p_request.prompt, '') !~ '\S'
     and not (resolved.format = 'chat' and resolved.parameters ?| '{messages,input}') then
    raise invalid_parameter_value using message = 'prompt is empty', hint = 'Say what the picture should show.';
  end if;
  if exists (select from atelier.pauses p where p.mode = 'drain') then
    perform atelier_engine.assert_accepts_jobs(p_user_id, resolved.api_model_id);
  end if;
  if resolved.takes_pictures then
    perform atelier_engine.assert_pictures(p_user_id, resolved.api_model_id, resolved.parameters);
  end if;
  job.id := atelier.uuid7();
  job.user_id := p_user_id;
  job.created_at := clock_timestamp();
  job.job_type := resolved.job_type;
  job.format := resolved.format;
  job.quality := resolved.quality;
  job.model_type := resolved.model_type;
  job.api_model_id := resolved.api_model_id;
  job.original_prompt := p_request.prompt;
  job.enhanced_prompt := p_request.enhancement ->> 'enhanced_prompt';
  job.negative_prompt := p_request.negative_prompt;
  job.parameters := resolved.parameters;
  job.metadata := p_request.metadata;
  job.destination := p_request.destination;
  job.workspace_session_id := p_request.workspace_session_id;
  job.workspace_id := p_request.workspace_id;
  job.priority := p_request.priority;
  job.estimated_seconds := resolved.estimated_seconds;
  job.run_at := p_request.run_at;
  if resolved.is_moderated then
    job.moderation_status := atelier_engine.moderate_prompt(job);
  end if;
  if p_request.reuse_result then
    job.content_hash := atelier_engine.content_hash(job);
    if p_request.enhancement is not null then
      job.content_hash := sha256(job.content_hash || convert_to(p_request.enhancement::text, 'UTF8'));
    end if;
  end if;
  if p_request.idempotency_key is not null then
    job.idempotency_key := p_request.idempotency_key;
    job.request_hash := atelier_engine.request_hash(p_request);
  end if;
  if resolved.draws_seed then
    -- Drawn when the job is queued, so that every try of the job makes the same picture.
    job.parameters := job.parameters || jsonb_build_object('seed', floor(random() * 2147483648)::bigint);
  end if;
  return job;
end;
$$;
comment on function atelier_engine.prepare_job(uuid, atelier_engine.job_request) is
$$The row of a job that was asked for, not stored yet

Errors as queue_job().$$;

create or replace function atelier_engine.store_job(
  p_job atelier.jobs, p_depends_on uuid[], p_on_dependency_failure text, p_enhancement jsonb default null
)
returns atelier.jobs
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  job atelier.jobs;
  enhancement atelier.prompt_enhancements;
  queue_state text := case when p_job.run_at > p_job.created_at then 'waiting' else 'ready' end;
begin
  if p_enhancement is not null then
    enhancement := atelier_engine.begin_enhancement(p_job, p_enhancement);
    p_job := atelier_engine.enhanced_job(p_job, enhancement);
  end if;
  insert into atelier.jobs (
    id, user_id, created_at, updated_at, job_type, format, quality, model_type, api_model_id, original_prompt,
    negative_prompt, parameters, metadata, destination, workspace_session_id, workspace_id, priority,
    estimated_seconds, run_at, retry_of, idempotency_key, request_hash, content_hash, schedule_id, enhanced_prompt,
    enhancement_strategy, compel_weights, template_name, prompt_test_id, test_metadata,
    moderation_status)
  values (
    p_job.id, p_job.user_id, p_job.created_at, p_job.created_at, p_job.job_type, p_job.format, p_job.quality,
    p_job.model_type, p_job.api_model_id, p_job.original_prompt, p_job.negative_prompt, p_job.parameters, p_job.metadata,
    p_job.destination, p_job.workspace_session_id, p_job.workspace_id, p_job.priority, p_job.estimated_seconds,
    p_job.run_at, p_job.retry_of, p_job.idempotency_key, p_job.request_hash, p_job.content_hash, p_job.schedule_id,
    p_job.enhanced_prompt, p_job.enhancement_strategy, p_job.compel_weights, p_job.template_name, p_job.prompt_test_id,
    p_job.test_metadata, coalesce(p_job.moderation_status, 'unchecked'))
  returning * into job;
  if p_enhancement is not null then
    perform atelier_engine.keep_enhancement(enhancement, job.id);
    -- Its end unblocks the job whatever came of it.
    insert into atelier.job_dependencies (job_id, depends_on_job_id, on_failure)
    select job.id, enhancement.enhancement_job_id, 'start' where enhancement.enhancement_job_id is not null;
    if enhancement.enhancement_job_id is not null then
      queue_state := 'blocked';
    end if;
  end if;
  if cardinality(p_depends_on) > 0 then
    insert into atelier.job_dependencies (job_id, depends_on_job_id, on_failure)
    select distinct job.id, d.id, p_on_dependency_failure from unnest(p_depends_on) d (id);
    if atelier_engine.dependency_verdict(job.id) <> 'start' then
      queue_state := 'blocked';
    end if;
  end if;
  if job.moderation_status <> 'unchecked' and atelier_engine.open_prompt_item(job) then
    queue_state := 'blocked';
  end if;
  perform atelier_engine.enqueue(job, queue_state);
  perform atelier_engine.wake_dispatcher();
  return job;
end;
$$;
comment on function atelier_engine.store_job(atelier.jobs, uuid[], text, jsonb) is
$$Store a prepared job, what it depends on, and its place in the queue

With p_enhancement, the job that rewrites its prompt comes first. Returns the job as it is stored.$$;

create or replace function atelier_engine.submit(
  p_user_id uuid, p_request atelier_engine.job_request, p_retry_of uuid default null, p_schedule_id uuid default null
)
returns atelier.jobs
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  job atelier.jobs;
  known uuid;
begin
  if p_request.idempotency_key is not null then
    known := atelier_engine.job_of_key(p_user_id, p_request);
  end if;
  if known is null then
    perform atelier_engine.assert_room_for_jobs(p_user_id, 1 + (p_request.enhancement is not null)::integer);
    job := atelier_engine.prepare_job(p_user_id, p_request);
    job.retry_of := p_retry_of;
    job.schedule_id := p_schedule_id;
    if job.content_hash is not null then
      known := atelier_engine.reusable_job(job);
    end if;
  end if;
  if known is null and p_request.idempotency_key is null then
    return atelier_engine.store_job(
      job, p_request.depends_on, p_request.on_dependency_failure, p_request.enhancement);
  elsif known is null then
    begin
      return atelier_engine.store_job(
        job, p_request.depends_on, p_request.on_dependency_failure, p_request.enhancement);
    exception when unique_violation then
      -- Another session with the same key was faster, and has committed.
      known := atelier_engine.job_of_key(p_user_id, p_request);
      if known is null then
        raise;
      end if;
    end;
  end if;
  select j.* into job from atelier.jobs j where j.id = known;
  return job;
end;
$$;
comment on function atelier_engine.submit(uuid, atelier_engine.job_request, uuid, uuid) is
$$Queue one job for somebody, or find the one that his request means

The caller has seen to it that the person may submit, and with this priority. Errors as queue_job().$$;
