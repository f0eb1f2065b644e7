-- Jobs: who may ask for what. Internal to queue_job().

create or replace function atelier_engine.check_prompt(p_name text, p_prompt text)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  max_characters constant integer := 10000;
begin
  if char_length(p_prompt) > max_characters then
    raise invalid_parameter_value using
      message = format('%s is too long', p_name),
      detail = format('It has %s characters; the limit is %s.', char_length(p_prompt), max_characters);
  end if;
end;
$$;
comment on function atelier_engine.check_prompt(text, text) is
$$Refuse a prompt of more than 10 000 characters

Raises 22023, without repeating the prompt.$$;

create or replace function atelier_engine.choose_model(p_model text, p_job_type text)
returns atelier.api_models
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  wanted constant text := case when p_job_type ~ 'video' then 'video' when p_job_type = 'chat' then 'chat' else 'image' end;
  chosen atelier.api_models;
begin
  select m.* into chosen
    from atelier.api_models m
    join atelier.api_providers p on p.id = m.provider_id
   where m.is_active and p.is_active
     and case when p_model is null then m.modality = wanted
              else m.model_key = p_model or p_model = any (m.aliases) end
   order by m.model_key = p_model desc, m.capabilities -> 'job_types' ? p_job_type desc nulls last,
            m.is_default desc, m.priority desc, m.created_at, m.id
   limit 1;
  if found then
    return chosen;
  end if;
  raise sqlstate 'PT404' using
    message = 'unknown model',
    detail = case when p_model is null then format('There is no active model for %ss.', wanted)
                  else format('No active model is called %s.', quote_ident(left(p_model, 100))) end,
    hint = coalesce((
      select format('Use one of: %s.', string_agg(a.model_key, ', ' order by a.model_key))
        from (select m.model_key
                from atelier.api_models m
                join atelier.api_providers p on p.id = m.provider_id
               where m.is_active and p.is_active
               order by m.is_default desc, m.priority desc, m.model_key
               limit 20) a), 'No model is active.');
end;
$$;
comment on function atelier_engine.choose_model(text, text) is
$$The model of a request

By key or alias; without a name the default model for pictures, or for videos or texts if the job type says so. Raises
PT404 with the models there are.$$;

create or replace function atelier_engine.choose_job_type(p_model atelier.api_models, p_job_type text)
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  family constant text := case
    when p_model.model_family = 'sdxl' and p_model.modality = 'image' then 'sdxl_image'
    when p_model.model_family = 'wan' and p_model.modality = 'video' then 'wan_video'
    when p_model.model_family = 'rv51' and p_model.modality = 'image' then 'rv51'
    else p_model.modality end;
  allowed text[] := (select array_agg(t order by t) from jsonb_object_keys(p_model.capabilities -> 'job_types') t);
begin
  if allowed is null then
    allowed := case when p_model.modality = 'chat' then array['chat'] else array[family || '_fast', family || '_high'] end;
  end if;
  if p_job_type is null then
    return case when family || '_high' = any (allowed) then family || '_high' else allowed[1] end;
  end if;
  if p_job_type <> all (allowed) then
    raise invalid_parameter_value using
      message = 'the model does not take this job type',
      detail = format('%s does not take %s.', p_model.model_key, quote_ident(left(p_job_type, 60))),
      hint = format('It takes: %s.', array_to_string(allowed, ', '));
  end if;
  return p_job_type;
end;
$$;
comment on function atelier_engine.choose_job_type(atelier.api_models, text) is
$$The job type of a request

Without a name the high quality one of the model; language models have one, chat. Raises 22023 with the job types the model takes.$$;

create or replace function atelier_engine.assert_may_submit(p_user_id uuid, p_priority integer)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  active boolean;
begin
  if pg_is_in_recovery() then
    raise read_only_sql_transaction using
      message = 'this server is a standby and takes no jobs', hint = 'Connect to the primary.';
  end if;
  if p_user_id is null then
    raise sqlstate 'PT401' using
      message = 'sign in to queue a job',
      hint = 'Send a JWT in the Authorization header, or set request.jwt.claims in SQL.';
  end if;
  active := (select p.is_active from atelier.profiles p where p.id = p_user_id);
  if active is null then
    raise sqlstate 'PT404' using
      message = 'the signed-in user has no profile',
      hint = 'A profile is made when a row is added to auth.users.';
  end if;
  if not active then
    raise sqlstate 'PT403' using message = 'the account is deactivated', hint = 'Ask whoever runs the service.';
  end if;
  -- Hardly anybody names another.
  if p_priority is distinct from 0 then
    perform atelier_engine.assert_priority(p_priority);
  end if;
end;
$$;
comment on function atelier_engine.assert_may_submit(uuid, integer) is
$$Refuse a person who may not queue a job of this priority

Raises 25006 (on a standby), PT401, PT403 (deactivated), PT404, 22023 or 42501.$$;

create or replace function atelier_engine.assert_priority(p_priority integer)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_priority is null or p_priority not between -1000 and 1000 then
    raise invalid_parameter_value using
      message = 'priority is out of range', hint = 'Use a number from -1000 to 1000; 0 is normal.';
  end if;
  if p_priority > 0 and not atelier_engine.is_service_role() then
    raise insufficient_privilege using
      message = 'only the service role may raise the priority', hint = 'Leave priority out.';
  end if;
end;
$$;
comment on function atelier_engine.assert_priority(integer) is
$$Refuse a priority that the caller may not ask for

Raises 22023 or 42501.$$;

create or replace function atelier_engine.complete_parameters(
  p_model atelier.api_models, p_job_type text, p_parameters jsonb
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  -- A named job type has defaults of its own; without one the model's defaults hold.
  return atelier_engine.validate_parameters(
    p_model.parameter_schema,
    p_model.input_defaults || coalesce(p_model.capabilities -> 'job_types' -> p_job_type, '{}') || p_parameters);
end;
$$;
comment on function atelier_engine.complete_parameters(atelier.api_models, text, jsonb) is
$$The parameters that go to the model

Checked, and with the defaults of the model and of the job type, but for the seed. Errors as validate_parameters().$$;

create or replace function atelier_engine.resolve_request_anew(p_model text, p_job_type text, p_parameters jsonb)
returns atelier_engine.resolved_request
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  model constant atelier.api_models := atelier_engine.choose_model(p_model, p_job_type);
  resolved atelier_engine.resolved_request;
begin
  resolved.api_model_id := model.id;
  resolved.job_type := atelier_engine.choose_job_type(model, p_job_type);
  resolved.format := model.modality;
  resolved.quality := case when resolved.job_type ~ 'fast' then 'fast' else 'high' end;
  resolved.model_type := substring(lower(model.model_family) from '^[a-z0-9][a-z0-9._-]{0,62}$');
  resolved.parameters := atelier_engine.complete_parameters(model, p_job_type, p_parameters);
  resolved.draws_seed := coalesce(model.parameter_schema -> 'properties' ? 'seed' and not resolved.parameters ? 'seed', false);
  resolved.takes_pictures := cardinality(atelier_engine.picture_parameters(model.parameter_schema)) > 0;
  resolved.estimated_seconds := atelier_engine.estimate_seconds(model, resolved.parameters);
  resolved.is_moderated := atelier_engine.prompts_are_checked(model.id);
  return resolved;
end;
$$;
comment on function atelier_engine.resolve_request_anew(text, text, jsonb) is
$$What follows from the model, job type and parameters of a request

Raises PT404 (unknown model) or 22023 (what the model does not take).$$;

create or replace function atelier_engine.resolve_request(p_model text, p_job_type text, p_parameters jsonb)
returns atelier_engine.resolved_request
language c volatile
as 'MODULE_PATHNAME', 'atelier_resolve_request';
comment on function atelier_engine.resolve_request(text, text, jsonb) is
$$resolve_request_anew(), remembered by the session until the catalogue of models changes

Apps ask for the same again and again, but for the prompt.$$;

create or replace function atelier_engine.forget_requests()
returns trigger
language c volatile
as 'MODULE_PATHNAME', 'atelier_forget_requests';
comment on function atelier_engine.forget_requests() is
$$Trigger: when the catalogue of models changes, all sessions forget what resolve_request() has remembered

When the transaction commits, and this session at once.$$;
