-- Studio: what clients of edge functions send, put into the words of Atelier.

create or replace function atelier_engine.edge_body(p_body json)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  most_bytes constant integer := 131072;
  body jsonb;
begin
  if octet_length(p_body::text) > most_bytes then
    raise sqlstate 'PT413' using
      message = 'the body is too large', detail = format('The limit is %s bytes.', most_bytes);
  end if;
  body := coalesce(p_body::jsonb, '{}');
  perform atelier_engine.assert_json_object('the body', body, most_bytes);
  return body;
end;
$$;
comment on function atelier_engine.edge_body(json) is
  'The body of a request, which must be an object (22023) of at most 128 KiB (PT413)';

create or replace function atelier_engine.number_in(p_body jsonb, p_names text[])
returns numeric
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  member record;
begin
  for member in
    select n.name, p_body -> n.name as value
      from unnest(p_names) with ordinality n (name, place)
     where jsonb_typeof(p_body -> n.name) <> 'null'
     order by n.place
  loop
    if jsonb_typeof(member.value) <> 'number' then
      raise invalid_parameter_value using
        message = 'invalid parameter', detail = format('%s must be a number.', member.name);
    end if;
    return (member.value #>> '{}')::numeric;
  end loop;
  return null;
end;
$$;
comment on function atelier_engine.number_in(jsonb, text[]) is
  'The number under the first of these names that is there; null: none is. Raises 22023 for what is none';

create or replace function atelier_engine.own_reference(p_user_id uuid, p_picture text)
returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  -- Signed URLs have the bucket and the path in them, too.
  place constant text[] := regexp_match(
    p_picture, '(?:^|/)(user-library|workspace-temp|reference_images)/([0-9a-fA-F-]{36})(/[^?#]+)');
begin
  if place is null then
    return nullif(btrim(p_picture), '');
  end if;
  if lower(place[2]) <> p_user_id::text then
    raise sqlstate 'PT403' using
      message = 'the picture to start from is somebody else''s', detail = 'CROSS_USER_REFERENCE',
      hint = 'Use a picture of your own.';
  end if;
  return place[1] || '/' || lower(place[2]) || place[3];
end;
$$;
comment on function atelier_engine.own_reference(uuid, text) is
$$The picture to start from, as queue_job() takes it

bucket/path of an object of that person, also when it comes as a URL; else as it is. Raises PT403 for one of somebody else.$$;

create or replace function atelier_engine.fitting_size(p_rules jsonb, p_width numeric, p_height numeric)
returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  factor constant numeric := least(
    1.0, (p_rules #>> '{width,maximum}')::numeric / p_width, (p_rules #>> '{height,maximum}')::numeric / p_height);
begin
  if p_width is null or p_height is null or not p_rules ?& '{width,height}' then
    return jsonb_build_object();
  end if;
  return jsonb_build_object(
    'width', atelier_engine.clamp_parameter(p_rules -> 'width', to_jsonb(round(p_width * factor))),
    'height', atelier_engine.clamp_parameter(p_rules -> 'height', to_jsonb(round(p_height * factor))));
end;
$$;
comment on function atelier_engine.fitting_size(jsonb, numeric, numeric) is
  'Width and height in this proportion, as large as a model makes them; nothing when it takes none';

create or replace function atelier_engine.studio_parameters(
  p_user_id uuid, p_model atelier.api_models, p_wishes jsonb, p_aspects jsonb
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  rules constant jsonb := coalesce(p_model.parameter_schema -> 'properties', '{}');
  exact constant boolean := coalesce(
    p_wishes -> 'exact_copy_mode' = 'true' or p_wishes ->> 'reference_mode' = 'exact_copy', false);
  pictures constant numeric := atelier_engine.number_in(p_wishes, '{num_images,num_outputs,n}');
  likeness constant numeric := atelier_engine.number_in(p_wishes, '{reference_strength}');
  aspect constant jsonb := p_aspects -> (p_wishes ->> 'aspect_ratio');
  reference constant text := atelier_engine.own_reference(
    p_user_id, coalesce(p_wishes ->> 'reference_image_url', p_wishes ->> 'image'));
  target constant text := atelier_engine.reference_parameter(p_model.parameter_schema);
  wanted jsonb;
  result jsonb := jsonb_build_object();
  wish record;
begin
  wanted := jsonb_build_object(
    'seed', trunc(atelier_engine.number_in(p_wishes, '{seed}')),
    'steps', case when exact then 15.0 else trunc(atelier_engine.number_in(p_wishes, '{steps,num_inference_steps}')) end,
    'guidance', case when exact then 1.0 else atelier_engine.number_in(p_wishes, '{guidance_scale,guidance}') end,
    'n', case when pictures >= 6 then 6 when pictures >= 3 then 3 when pictures is not null then 1 end);
  if reference is not null then
    wanted := wanted || jsonb_build_object('strength', case
      when exact then least(coalesce(atelier_engine.number_in(p_wishes, '{denoise_strength,strength}'), 0.05), 0.05)
      else coalesce(atelier_engine.number_in(p_wishes, '{denoise_strength,strength}'), 1 - likeness) end);
  end if;
  -- What the engine of a job type does not know it never minded; what is out of range it put right.
  for wish in select w.key, w.value from jsonb_each(wanted) w where jsonb_typeof(w.value) = 'number' and rules ? w.key loop
    result := result || jsonb_build_object(
      wish.key, case when rules -> wish.key ? 'enum' then wish.value
                     else atelier_engine.clamp_parameter(rules -> wish.key, wish.value) end);
  end loop;
  if rules ? 'aspect_ratio' and aspect is not null then
    result := result || jsonb_build_object('aspect_ratio', p_wishes -> 'aspect_ratio');
  else
    result := result || atelier_engine.fitting_size(
      rules, coalesce(atelier_engine.number_in(p_wishes, '{width}'), (aspect ->> 0)::numeric),
      coalesce(atelier_engine.number_in(p_wishes, '{height}'), (aspect ->> 1)::numeric));
  end if;
  if reference is not null then
    -- A model that takes no picture refuses the request with its own name for one.
    result := result || jsonb_build_object(
      coalesce(target, 'image'), case when rules -> target ? 'items' then jsonb_build_array(reference) else to_jsonb(reference) end);
  end if;
  return result;
end;
$$;
comment on function atelier_engine.studio_parameters(uuid, atelier.api_models, jsonb, jsonb) is
$$What clients of the studio say about a picture, as parameters of a model

steps, guidance_scale, seed, num_images (1, 3 or 6), aspect_ratio or width and height, reference_image_url with denoise_strength
or reference_strength, exact_copy_mode. Numbers are brought into the range of the model. p_aspects has width and height for
each aspect ratio. Raises 22023 (no number) or PT403 (a picture of somebody else).$$;

create or replace function atelier_engine.studio_engine(p_job_type text)
returns atelier.api_models
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  known constant text[] := array[
    'sdxl_image_fast', 'sdxl_image_high', 'image_fast', 'image_high', 'video_fast', 'video_high', 'image7b_fast_enhanced',
    'image7b_high_enhanced', 'video7b_fast_enhanced', 'video7b_high_enhanced', 'wan_video_fast', 'wan_video_high', 'rv51_fast',
    'rv51_high'];
  engine atelier.api_models;
begin
  if p_job_type is null or p_job_type <> all (known) then
    raise invalid_parameter_value using
      message = 'invalid job type', detail = format('Got %s.', quote_nullable(left(p_job_type, 60))),
      hint = format('Use one of: %s.', array_to_string(known, ', '));
  end if;
  select m.* into engine
    from atelier.api_models m
    join atelier.api_providers p on p.id = m.provider_id and p.is_active
   where m.is_active and m.capabilities -> 'job_types' ? p_job_type
   order by m.is_default desc, m.priority desc, m.created_at, m.id
   limit 1;
  if not found then
    raise sqlstate 'PT503' using
      message = 'no model takes this job type at the moment',
      detail = case when p_job_type ~ '^sdxl' then 'SDXL_DISABLED' else 'ENGINE_DISABLED' end,
      hint = 'Use a job type that atelier.job_types lists with a model.';
  end if;
  return engine;
end;
$$;
comment on function atelier_engine.studio_engine(text) is
  'The active model that takes a job type. Raises 22023 (no such job type) or PT503 (no model takes it)';
