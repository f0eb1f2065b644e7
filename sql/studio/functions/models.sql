-- Studio: the models behind its job types.

create or replace function atelier.add_studio_models()
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  company uuid;
  added integer;
begin
  perform atelier_engine.assert_service_role();
  insert into atelier.api_providers (name, display_name, auth_scheme, auth_header_name)
  values ('studio', 'Studio workers', 'none', null)
  on conflict (name) do nothing;
  select p.id into company from atelier.api_providers p where p.name = 'studio' for update;
  with engines (model_key, display_name, modality, task, family, output_format, defaults, properties) as (
    values
      ('studio-sdxl', 'SDXL of the studio', 'image', 't2i', 'sdxl', 'png', '{"n": 1}',
       '{"n": {"type": "integer", "enum": [1, 3, 6]},
         "scheduler": {"type": "string", "enum": ["unipc", "dpm++", "euler", "euler_a"]}}'),
      ('studio-wan-image', 'WAN for pictures', 'image', 't2i', 'wan', 'png', '{"frames": 1}', '{"frames": {"type": "integer", "enum": [1]}}'),
      ('studio-wan-video', 'WAN for videos', 'video', 't2v', 'wan', 'mp4', '{"frames": 83}',
       '{"frames": {"type": "integer", "minimum": 5, "maximum": 83, "clamp": true},
         "last_image": {"type": "string", "format": "picture"}}'),
      ('studio-wan-image-enhanced', 'WAN for pictures, prompts rewritten', 'image', 't2i', 'wan', 'png', '{"frames": 1}', '{"frames": {"type": "integer", "enum": [1]}}'),
      ('studio-wan-video-enhanced', 'WAN for videos, prompts rewritten', 'video', 't2v', 'wan', 'mp4', '{"frames": 83}',
       '{"frames": {"type": "integer", "minimum": 5, "maximum": 83, "clamp": true},
         "last_image": {"type": "string", "format": "picture"}}')
  ), typed as (
    select e.model_key, t.*
      from engines e
      join atelier.job_types t
        on (t.engine, t.format) = (case e.family when 'sdxl' then 'sdxl'
                                     else case when e.model_key ~ 'enhanced$' then 'wan-enhanced' else 'wan' end end, e.modality)
  )
  insert into atelier.api_models (
    provider_id, model_key, display_name, modality, task, model_family, output_format, estimated_seconds, input_defaults,
    capabilities, parameter_schema)
  select company, e.model_key, e.display_name, e.modality, e.task, e.family, e.output_format, h.expected_seconds,
         jsonb_build_object('width', h.width, 'height', h.height, 'steps', h.steps, 'guidance', h.guidance) || e.defaults::jsonb,
         jsonb_build_object('job_types', (
           select jsonb_object_agg(t.job_type, jsonb_build_object('steps', t.steps, 'guidance', t.guidance))
             from typed t where t.model_key = e.model_key)),
         jsonb_build_object('type', 'object', 'additionalProperties', false, 'properties',
           '{"width": {"type": "integer", "minimum": 64, "maximum": 1920, "multipleOf": 8, "clamp": true},
             "height": {"type": "integer", "minimum": 64, "maximum": 1920, "multipleOf": 8, "clamp": true},
             "steps": {"type": "integer", "minimum": 1, "maximum": 100, "clamp": true},
             "guidance": {"type": "number", "minimum": 1, "maximum": 20, "clamp": true},
             "seed": {"type": "integer", "minimum": 0, "maximum": 2147483647},
             "image": {"type": "string", "format": "picture"},
             "strength": {"type": "number", "minimum": 0.05, "maximum": 1, "clamp": true}}'::jsonb || e.properties::jsonb)
    from engines e
    join typed h on h.model_key = e.model_key and h.quality = 'high'
   order by e.model_key
  on conflict (model_key) do nothing;
  get diagnostics added = row_count;
  return added;
end;
$$;
grant execute on function atelier.add_studio_models() to service_role;
comment on function atelier.add_studio_models() is
$$Add the models behind the ten job types of the studio

The provider studio, and five models of it that take the job types of job_types with their sizes and steps. A worker does
their jobs: register_worker('NAME', 'studio', …). What is there already stays as it is. Returns how many were added; none becomes
the default. For the service role (42501).$$;
