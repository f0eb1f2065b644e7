-- Studio: pictures from Replicate, for clients of the edge function replicate-image.

create or replace function atelier_engine.replicate_model(p_body jsonb)
returns atelier.api_models
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  named constant text := coalesce(p_body ->> 'apiModelId', p_body ->> 'api_model_id');
  model atelier.api_models;
  provider text;
begin
  select m.* into model
    from atelier.api_models m
    join atelier.api_providers p on p.id = m.provider_id and p.is_active
   where m.is_active
     and case when named is null then p.name = 'replicate' and m.modality = 'image'
              else m.id::text = lower(named) or m.model_key = named end
   order by m.is_default desc, 't2i' = m.task desc nulls last, m.priority desc, m.created_at, m.id
   limit 1;
  if not found then
    raise sqlstate 'PT404' using
      message = 'unknown model', detail = format('No active model of Replicate is %s.', coalesce(quote_ident(left(named, 100)), 'there')),
      hint = 'The models are in atelier.api_models.';
  end if;
  provider := (select p.name from atelier.api_providers p where p.id = model.provider_id);
  if provider <> 'replicate' then
    raise invalid_parameter_value using
      message = 'the model is not Replicate''s', detail = format('It is of %s.', provider), hint = 'Use queue_job() for it.';
  end if;
  if coalesce(model.version, nullif(split_part(model.model_key, ':', 2), ''), repeat('0', 32)) !~ '^[0-9a-f]{32,64}$' then
    raise invalid_parameter_value using
      message = 'the version of the model is none', detail = 'MODEL_VERSION_NOT_FOUND',
      hint = 'A version has 32 to 64 hexadecimal digits.';
  end if;
  return model;
end;
$$;
comment on function atelier_engine.replicate_model(jsonb) is
  'The model of a request to replicate_image(). Raises PT404 or 22023';

create or replace function atelier_engine.replicate_state(p_user_id uuid, p_prediction text)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  job record;
begin
  select j.id, j.status, j.error_message, g.output_urls, a.external_id into job
    from atelier.jobs j
    left join atelier.generations g on g.job_id = j.id
    left join lateral (
      select t.external_id from atelier_engine.attempts t where t.job_id = j.id order by t.number desc limit 1) a on true
   where j.user_id = p_user_id
     and (j.id::text = lower(p_prediction)
          or j.id = (select o.job_id from atelier.generations o
                      where o.replicate_prediction_id = p_prediction and o.user_id = p_user_id));
  if not found then
    raise sqlstate 'PT404' using message = 'no such prediction', hint = 'It does not exist or belongs to somebody else.';
  end if;
  return jsonb_build_object(
    'jobId', job.id, 'predictionId', coalesce(job.external_id, job.id::text),
    'status', case job.status when 'queued' then 'starting' when 'completed' then 'succeeded' when 'cancelled' then 'canceled'
                              else job.status end,
    'output', to_jsonb(job.output_urls), 'error', case when job.status = 'failed' then job.error_message end);
end;
$$;
comment on function atelier_engine.replicate_state(uuid, text) is
  'How far a prediction is, in the words of Replicate: by the id of its job, or by its own once it is over. Raises PT404';

create or replace function atelier.replicate_image(json)
returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  aspects constant jsonb := jsonb '{"1:1": [1024, 1024], "16:9": [1344, 768], "9:16": [768, 1344]}';
  caller constant uuid := auth.uid();
  body constant jsonb := atelier_engine.edge_body($1);
  metadata constant jsonb := coalesce(nullif(body -> 'metadata', 'null'), '{}');
  input constant jsonb := coalesce(nullif(body -> 'input', 'null'), '{}');
  model atelier.api_models;
  wishes jsonb;
  job atelier.jobs;
begin
  perform atelier_engine.assert_signed_in();
  if body ? 'predictionId' then
    return atelier_engine.replicate_state(caller, body ->> 'predictionId');
  end if;
  perform atelier_engine.assert_json_object('metadata', metadata, 65536), atelier_engine.assert_json_object('input', input, 65536);
  model := atelier_engine.replicate_model(body);
  wishes := metadata || input || jsonb_strip_nulls(body);
  job := atelier.queue_job(
    prompt => coalesce(body ->> 'prompt', input ->> 'prompt'), model => model.model_key,
    parameters => atelier_engine.studio_parameters(caller, model, wishes, aspects),
    negative_prompt => coalesce(body ->> 'negative_prompt', input ->> 'negative_prompt'),
    destination => coalesce(metadata ->> 'destination', 'workspace'), metadata => metadata);
  return jsonb_build_object('jobId', job.id, 'predictionId', job.id, 'status', job.status, 'success', true);
end;
$$;
grant execute on function atelier.replicate_image(json) to authenticated, service_role;
comment on function atelier.replicate_image(json) is
$$Ask for a picture from Replicate, for clients of the edge function replicate-image

The body has prompt, apiModelId (id or key of a model of the provider replicate; without it the default one), and in input what
studio_queue_job() knows. Returns jobId, status, and as predictionId the id of the job: that of Replicate is not known yet. With
predictionId in the body, its own or that of a job, returns how far that is: starting, processing, succeeded, failed or canceled,
output and error. A model does what its vendor lets it: nothing here turns a safety filter off.
Fails with PT404 (no such model or prediction), 22023 (a model of somebody else; MODEL_VERSION_NOT_FOUND), PT403 (a picture of
somebody else), or as queue_job().$$;

create or replace function atelier.replicate_callback(json)
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  raise sqlstate 'PT410' using
    message = 'this address is not in use any more', detail = format('Nobody read the %s bytes.', octet_length($1::text)),
    hint = 'Replicate reports to replicate_webhook().';
end;
$$;
grant execute on function atelier.replicate_callback(json) to anon, authenticated, service_role;
comment on function atelier.replicate_callback(json) is
$$What was an address for Replicate

Always PT410: replicate_webhook() is that now.$$;
