-- Moderation: the trail only grows, rules are kept as they are searched for, and requests know of the checks.

create or replace trigger refuse_changes
  before update or delete on atelier.moderation_audit
  for each row execute function atelier_engine.refuse_audit_changes();

create or replace trigger refuse_truncation
  before truncate on atelier.moderation_audit
  for each statement execute function atelier_engine.refuse_audit_changes();

create or replace trigger prepare_rule
  before insert or update on atelier.moderation_rules
  for each row execute function atelier_engine.prepare_rule();

create or replace trigger assert_check
  before insert or update on atelier.moderation_checks
  for each row execute function atelier_engine.assert_check();

create or replace trigger touch_updated_at
  before update on atelier.moderation_checks
  for each row execute function atelier_engine.touch_updated_at();

create or replace trigger touch_updated_at
  before update on atelier.moderation_thresholds
  for each row execute function atelier_engine.touch_updated_at();

create or replace trigger touch_updated_at
  before update on atelier.moderation_items
  for each row execute function atelier_engine.touch_updated_at();

create or replace trigger forget_requests
  after insert or update or delete or truncate on atelier.moderation_checks
  for each statement execute function atelier_engine.forget_requests();
