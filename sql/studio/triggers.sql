-- Studio: settings.

create or replace trigger touch_updated_at before update on atelier.system_config
  for each row execute function atelier_engine.touch_updated_at();
create or replace trigger touch_updated_at before update on atelier.admin_development_progress
  for each row execute function atelier_engine.touch_updated_at();

create or replace trigger note_model_settings
  after update of version, endpoint_path, input_defaults, capabilities, parameter_schema, adapter_options, output_format,
    equivalent_models, max_concurrency on atelier.api_models
  for each row when (old.* is distinct from new.*)
  execute function atelier_engine.note_model_settings();
