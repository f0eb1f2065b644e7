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

create or replace trigger forget_token_state
  after insert or update on atelier_engine.provider_secrets
  for each row execute function atelier_engine.forget_token_state();

create or replace trigger replace_providers_on_restore
  before insert on atelier.api_providers
  for each statement execute function atelier_engine.replace_providers_on_restore();
