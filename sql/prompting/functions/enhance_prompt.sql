-- Prompting: what apps call to have a prompt rewritten.

create or replace function atelier_engine.enhancement_answer(p_made atelier.prompt_enhancements)
returns jsonb
language sql stable
begin atomic
  select jsonb_build_object(
    'success', true,
    'status', case when p_made.completed_at is null then 'pending' else 'completed' end,
    'enhancement_id', p_made.id,
    'job_id', p_made.enhancement_job_id,
    'original_prompt', p_made.original_prompt,
    'enhanced_prompt', case when p_made.completed_at is not null then coalesce(p_made.enhanced_prompt, p_made.original_prompt) end,
    'enhancement_strategy', p_made.enhancement_strategy,
    'enhancement_metadata', jsonb_strip_nulls(jsonb_build_object(
      'fallback_reason', p_made.fallback_reason, 'enhancer_model', p_made.enhancer_model,
      'template_name', p_made.template_name, 'content_mode', p_made.content_mode, 'token_limit', p_made.token_limit,
      'token_count', p_made.token_count, 'token_count_exact', p_made.token_count_exact, 'compel_weights', p_made.compel_weights,
      'enhancement_time_ms', p_made.enhancement_time_ms)));
end;
comment on function atelier_engine.enhancement_answer(atelier.prompt_enhancements) is
  'An enhancement as enhance_prompt() and get_enhanced_prompt() give it';

create or replace function atelier_engine.options_of_client(
  p_model text, p_presets jsonb, p_content_type text, p_content_rating text, p_regeneration boolean, p_metadata jsonb
)
returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  use_case constant text := case p_content_type
    when 'scene_creation' then 'scene_generation' when 'scene_description' then 'scene_generation'
    when 'scene_starters' then 'scene_starters' end;
  reference constant text := p_metadata ->> 'reference_mode';
begin
  perform atelier_engine.assert_json_object('metadata', p_metadata, 65536);
  if use_case is null and p_content_type not in ('sfw', 'nsfw') then
    raise invalid_parameter_value using
      message = 'there is no such content type', detail = format('Got %s.', left(p_content_type, 60)),
      hint = 'It is sfw, nsfw, scene_creation, scene_starters or scene_description.';
  end if;
  return jsonb_strip_nulls(jsonb_build_object(
    'model', p_model, 'presets', p_presets, 'use_case', use_case, 'regeneration', nullif(p_regeneration, false),
    'content_mode', coalesce(lower(p_content_rating), case when use_case is null then p_content_type end),
    'mode', case when p_metadata -> 'exact_copy_mode' = 'true' or reference in ('copy', 'exact', 'exact_copy') then 'exact_copy'
                 when reference = 'modify' then 'modify' end,
    'reserved_tokens', p_metadata -> 'reserved_tokens'));
end;
$$;
comment on function atelier_engine.options_of_client(text, jsonb, text, text, boolean, jsonb) is
$$The option enhancement of queue_job(), from the arguments of enhance_prompt()

Raises 22023.$$;

create or replace function atelier.enhance_prompt(
  prompt text default null,
  original_prompt text default null,
  "jobType" text default null,
  job_type text default null,
  format text default null,
  quality text default null,
  "selectedModel" text default null,
  enhancement_model text default null,
  model_id text default null,
  regeneration boolean default false,
  "selectedPresets" jsonb default null,
  "contentType" text default null,
  "contentRating" text default null,
  metadata jsonb default '{}',
  user_id uuid default null
)
returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
#variable_conflict use_column
declare
  person constant uuid := coalesce(enhance_prompt.user_id, auth.uid());
  wanted constant text := lower(pg_catalog.concat_ws(' ', coalesce(enhance_prompt."jobType", enhance_prompt.job_type),
                                                     enhance_prompt.format));
  options jsonb;
  job atelier.jobs;
  made atelier.prompt_enhancements;
begin
  if enhance_prompt.user_id is not null then
    perform atelier_engine.assert_acting_for(person);
  end if;
  perform atelier_engine.assert_may_submit(person, 0);
  perform atelier_engine.check_prompt('prompt', coalesce(enhance_prompt.prompt, enhance_prompt.original_prompt));
  if enhance_prompt.quality not in ('fast', 'high') then
    raise invalid_parameter_value using
      message = 'there is no such quality', detail = pg_catalog.format('Got %s.', left(enhance_prompt.quality, 60)), hint = 'It is fast or high.';
  end if;
  options := atelier_engine.options_of_client(
    coalesce(enhance_prompt.model_id, enhance_prompt."selectedModel", enhance_prompt.enhancement_model),
    enhance_prompt."selectedPresets", enhance_prompt."contentType", enhance_prompt."contentRating",
    enhance_prompt.regeneration, coalesce(enhance_prompt.metadata, '{}'));
  perform atelier_engine.assert_room_for_jobs(person, 1);
  job.user_id := person;
  job.original_prompt := coalesce(enhance_prompt.prompt, enhance_prompt.original_prompt);
  job.format := case when options ? 'use_case' then null when wanted ~ 'video' then 'video' else 'image' end;
  job.model_type := case when wanted ~ 'sdxl' then 'sdxl' when wanted ~ 'wan|7b|video' then 'wan' end;
  made := atelier_engine.begin_enhancement(job, options);
  perform atelier_engine.keep_enhancement(made, null);
  return atelier_engine.enhancement_answer(made);
end;
$$;
grant execute on function atelier.enhance_prompt(
  text, text, text, text, text, text, text, text, text, boolean, jsonb, text, text, jsonb, uuid)
  to authenticated, service_role;
comment on function atelier.enhance_prompt(
  text, text, text, text, text, text, text, text, text, boolean, jsonb, text, text, jsonb, uuid) is
$$Have a language model rewrite a prompt

Takes what clients of the function enhance-prompt send: prompt or original_prompt; jobType or job_type and format say for
which family of models; selectedModel, enhancement_model or model_id which language model; selectedPresets names of presets;
contentType sfw, nsfw or scene_creation, scene_starters, scene_description; contentRating sfw or nsfw; metadata with
reference_mode (modify, copy), exact_copy_mode and reserved_tokens. Queues a job and gives {success, status, enhancement_id,
job_id, original_prompt, enhanced_prompt, enhancement_strategy, enhancement_metadata}; while status is pending ask
get_enhanced_prompt(). A language model that fails is no error: the enhanced prompt is the original then, and the strategy
error_fallback. Fails with PT401, PT403, PT404 (unknown model or preset), PT429, 42501 (nsfw without a verified age, or
for somebody else) or 22023 (no prompt, and whatever else is wrong).$$;

create or replace function atelier.get_enhanced_prompt(enhancement_id uuid, wait_seconds numeric default 0)
returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  longest constant integer := 30;
  ends_at constant timestamptz := clock_timestamp() + make_interval(
    secs => least(greatest(coalesce(get_enhanced_prompt.wait_seconds, 0), 0), longest)::double precision);
  known bigint;
  made atelier.prompt_enhancements;
begin
  loop
    known := atelier_engine.recordings();
    select e.* into made
      from atelier.prompt_enhancements e
     where e.id = get_enhanced_prompt.enhancement_id
       and (e.user_id = auth.uid() or atelier_engine.is_service_role()
            or atelier_engine.user_has_role(auth.uid(), 'admin'));
    if not found then
      raise sqlstate 'PT404' using
        message = 'no such enhancement', hint = 'It does not exist or belongs to somebody else.';
    end if;
    exit when made.completed_at is not null or clock_timestamp() >= ends_at;
    perform atelier_engine.wait_for_recordings(known, extract(epoch from ends_at - clock_timestamp()) * 1000);
  end loop;
  return atelier_engine.enhancement_answer(made);
end;
$$;
grant execute on function atelier.get_enhanced_prompt(uuid, numeric) to authenticated, service_role;
comment on function atelier.get_enhanced_prompt(uuid, numeric) is
$$What has become of enhance_prompt()

As enhance_prompt() gives it; waits until it is settled, at most wait_seconds (up to 30). For the owner, administrators and
the service role; PT404 for others. Wants isolation level read committed.$$;

create or replace function atelier.get_negative_prompt_details(
  "modelType" text default 'sdxl', "contentMode" text default 'sfw', "generationMode" text default 'txt2img'
)
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  words text;
begin
  perform atelier_engine.assert_known_caller();
  if "contentMode" not in ('sfw', 'nsfw') then
    raise invalid_parameter_value using
      message = 'there is no such content mode', detail = format('Got %s.', left("contentMode", 60)), hint = 'It is sfw or nsfw.';
  end if;
  words := atelier.get_negative_prompt("modelType", "contentMode"::atelier.content_mode, "generationMode");
  return jsonb_build_object(
    'success', true, 'baseNegativePrompt', words, 'modelType', "modelType", 'contentMode', "contentMode",
    'generationMode', "generationMode", 'count', (select count(*) from atelier_engine.prompt_terms(words)));
end;
$$;
grant execute on function atelier.get_negative_prompt_details(text, text, text) to authenticated, service_role;
comment on function atelier.get_negative_prompt_details(text, text, text) is
$$get_negative_prompt() as clients of the function get-negative-prompt know it

Gives {success, baseNegativePrompt, modelType, contentMode, generationMode, count}; count is that of its terms. Errors as
get_negative_prompt().$$;
