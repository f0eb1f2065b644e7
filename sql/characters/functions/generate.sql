-- Characters: pictures that look alike.

create or replace function atelier_engine.reference_parameter(p_schema jsonb)
returns text
language sql immutable
begin atomic
  select n.name
    from unnest(array['image', 'image_prompt', 'reference_image', 'input_image', 'images', 'reference_images'])
         with ordinality n (name, place)
   where n.name = any (atelier_engine.picture_parameters(p_schema))
   order by n.place
   limit 1;
end;
comment on function atelier_engine.reference_parameter(jsonb) is
  'The parameter of a model that takes a picture to follow; null: it takes none';

create or replace function atelier_engine.with_likeness(
  p_schema jsonb, p_parameters jsonb, p_seed bigint, p_reference text
)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  target constant text := atelier_engine.reference_parameter(p_schema);
  result jsonb := p_parameters;
begin
  if p_seed is not null and coalesce(p_schema -> 'properties' ? 'seed', false) and not result ? 'seed' then
    result := result || jsonb_build_object('seed', p_seed);
  end if;
  if p_reference is not null and target is not null
     and not result ?| atelier_engine.picture_parameters(p_schema) then
    result := result || jsonb_build_object(
      target, case when p_schema -> 'properties' -> target ? 'items' then jsonb_build_array(p_reference)
                   else to_jsonb(p_reference) end);
  end if;
  return result;
end;
$$;
comment on function atelier_engine.with_likeness(jsonb, jsonb, bigint, text) is
$$Parameters of a request with a seed and a picture to follow

Only what the model takes, and what the request does not say itself.$$;

create or replace function atelier_engine.character_prompt(p_character atelier.characters, p_prompt text)
returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return concat_ws(
    ', ',
    coalesce(nullif(btrim(p_character.base_prompt), ''), nullif(array_to_string(p_character.appearance_tags, ', '), '')),
    nullif(btrim(p_prompt), ''));
end;
$$;
comment on function atelier_engine.character_prompt(atelier.characters, text) is
  'A prompt behind the base prompt of a character, or its appearance tags when it has none';

create or replace function atelier_engine.queue_picture(
  p_character atelier.characters,
  p_prompt text,
  p_model text,
  p_parameters jsonb,
  p_negative_prompt text,
  p_job_type text,
  p_destination text,
  p_workspace_session_id uuid,
  p_metadata jsonb,
  p_workspace_id uuid,
  p_idempotency_key text,
  p_reference text
)
returns atelier.jobs
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  follows constant boolean := p_character.consistency_method in ('i2i_reference', 'hybrid');
  schema jsonb;
  parameters jsonb;
begin
  perform atelier_engine.assert_json_object('parameters', p_parameters, 65536);
  perform atelier_engine.assert_json_object('metadata', p_metadata, 65536);
  schema := (atelier_engine.choose_model(p_model, p_job_type)).parameter_schema;
  parameters := atelier_engine.with_likeness(
    schema, p_parameters,
    case when p_character.consistency_method <> 'none' then p_character.seed_locked end,
    coalesce(case when follows then p_character.reference_image_url end, p_reference));
  return atelier.queue_job(
    prompt => atelier_engine.character_prompt(p_character, p_prompt), model => p_model, parameters => parameters,
    negative_prompt => p_negative_prompt, job_type => p_job_type, destination => p_destination,
    workspace_session_id => p_workspace_session_id,
    metadata => p_metadata || jsonb_strip_nulls(jsonb_build_object('character_id', p_character.id)),
    workspace_id => p_workspace_id, idempotency_key => p_idempotency_key);
end;
$$;
comment on function atelier_engine.queue_picture(
  atelier.characters, text, text, jsonb, text, text, text, uuid, jsonb, uuid, text, text) is
$$queue_job() for the caller, with what makes pictures of a character look alike

p_reference is a picture to follow where the character has none; without a character (null) it is all. Errors as
queue_job().$$;

create or replace function atelier.generate_character_image(
  character_id uuid,
  prompt text default '',
  model text default null,
  parameters jsonb default '{}',
  negative_prompt text default null,
  job_type text default null,
  destination text default 'workspace',
  workspace_session_id uuid default null,
  metadata jsonb default '{}',
  workspace_id uuid default null,
  idempotency_key text default null
)
returns atelier.jobs
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return atelier_engine.queue_picture(
    atelier_engine.visible_character(generate_character_image.character_id, auth.uid()),
    generate_character_image.prompt, generate_character_image.model, generate_character_image.parameters,
    generate_character_image.negative_prompt, generate_character_image.job_type, generate_character_image.destination,
    generate_character_image.workspace_session_id, generate_character_image.metadata,
    generate_character_image.workspace_id, generate_character_image.idempotency_key, null);
end;
$$;
grant execute on function atelier.generate_character_image(
  uuid, text, text, jsonb, text, text, text, uuid, jsonb, uuid, text) to authenticated, service_role;
comment on function atelier.generate_character_image(
  uuid, text, text, jsonb, text, text, text, uuid, jsonb, uuid, text) is
$$Ask for a picture of a character that looks like the others of it

queue_job() as the caller, with the base prompt of the character (without one, its appearance tags) in front of `prompt`,
seed_locked as the seed, and reference_image_url as the picture to follow. consistency_method says which: i2i_reference and
hybrid all of them, seed_locked no picture, none only the prompt. What the model does not take is left out, and what
`parameters` say themselves stays. metadata gets the character_id.
Fails with PT404 for a character that does not exist or that the caller may not see, or whose reference picture is an object
that he may not read; else as queue_job().$$;
