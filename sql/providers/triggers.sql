create or replace trigger touch_updated_at before update on atelier.api_providers
  for each row execute function atelier_engine.touch_updated_at();
create or replace trigger touch_updated_at before update on atelier.api_models
  for each row execute function atelier_engine.touch_updated_at();
create or replace trigger touch_updated_at before update on atelier.endpoints
  for each row execute function atelier_engine.touch_updated_at();
create or replace trigger touch_updated_at before update on atelier.provider_tokens
  for each row execute function atelier_engine.touch_updated_at();
create or replace trigger touch_updated_at before update on atelier.model_performance_logs
  for each row execute function atelier_engine.touch_updated_at();
create or replace trigger touch_updated_at before update on atelier.model_test_results
  for each row execute function atelier_engine.touch_updated_at();

create or replace trigger touch_updated_at before update on atelier.retry_policies
  for each row execute function atelier_engine.touch_updated_at();

create or replace trigger guard_ambiguity_policy
  before insert or update of ambiguity_policy, adapter on atelier.endpoints
  for each row execute function atelier_engine.guard_ambiguity_policy();

create or replace trigger guard_adapter_options
  before insert or update of adapter_options on atelier.api_providers
  for each row execute function atelier_engine.guard_adapter_options();

create or replace trigger guard_adapter
  before insert or update of adapter, provider_id on atelier.endpoints
  for each row execute function atelier_engine.guard_adapter();

create or replace trigger guard_model_options
  before insert or update of adapter_options, provider_id, model_key on atelier.api_models
  for each row execute function atelier_engine.guard_model_options();

create or replace trigger forget_token_state
  after insert on atelier_engine.provider_secrets
  for each row execute function atelier_engine.forget_token_state();
-- Not when the same secret is sealed with another key.
create or replace trigger forget_token_state_of_new_secret
  after update on atelier_engine.provider_secrets
  for each row when (old.updated_at is distinct from new.updated_at)
  execute function atelier_engine.forget_token_state();

create or replace trigger enable_token
  before update of is_active on atelier.provider_tokens
  for each row when (new.is_active and not old.is_active)
  execute function atelier_engine.enable_token();

create or replace trigger write_replicate_tokens
  instead of insert or update or delete on atelier.replicate_tokens
  for each row execute function atelier_engine.write_replicate_tokens();

create or replace trigger replace_providers_on_restore
  before insert on atelier.api_providers
  for each statement execute function atelier_engine.replace_providers_on_restore();
