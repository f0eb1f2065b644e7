-- The model that comes with Atelier, and the runner that the workers start for it. The ids are fixed, so that a
-- restore knows these rows again. When pg_restore makes the extension, the dump brings them.
insert into atelier.api_providers (id, name, display_name, auth_scheme, auth_header_name)
select '00000000-0000-7000-8000-000000000001', 'atelier-runner', 'Atelier runner', 'none', null
 where not atelier_engine.restoring();

insert into atelier.api_models (
  id, provider_id, model_key, display_name, modality, task, model_family, output_format, is_default, estimated_seconds,
  input_defaults, capabilities, parameter_schema)
select
  '00000000-0000-7000-8000-000000000002', p.id, 'tiny-sdxl', 'Tiny SDXL', 'image',
  't2i', 'sdxl', 'png', true, 0.4,
  '{"width": 64, "height": 64, "steps": 25, "guidance": 4, "n": 1}',
  '{"job_types": {"sdxl_image_fast": {"steps": 15}, "sdxl_image_high": {"steps": 25}}}',
  '{
    "type": "object",
    "additionalProperties": false,
    "properties": {
      "width": {"type": "integer", "minimum": 8, "maximum": 512, "multipleOf": 8},
      "height": {"type": "integer", "minimum": 8, "maximum": 512, "multipleOf": 8},
      "steps": {"type": "integer", "minimum": 1, "maximum": 150},
      "guidance": {"type": "number", "minimum": 0, "maximum": 30},
      "seed": {"type": "integer", "minimum": 0, "maximum": 9007199254740991},
      "n": {"type": "integer", "minimum": 1, "maximum": 8}
    }
  }'
  from atelier.api_providers p where p.name = 'atelier-runner';

insert into atelier.endpoints (
  id, provider_id, name, adapter, base_url, max_concurrency, ambiguity_policy, private_network, connect_timeout_ms,
  first_byte_timeout_ms, total_timeout_ms, max_output_bytes)
select
  '00000000-0000-7000-8000-000000000003', p.id, 'local-runner', 'openai_images', 'runner:0', 2, 'retry', true, 2000,
  120000, 300000, 67108864
  from atelier.api_providers p where p.name = 'atelier-runner';
