create or replace trigger touch_updated_at before update on atelier.api_prices
  for each row execute function atelier_engine.touch_updated_at();

create or replace trigger forget_person_in_logs
  after delete on atelier.profiles
  referencing old table as gone
  for each statement execute function atelier_engine.forget_person_in_logs();

create or replace trigger guard_currency
  before update of currency on atelier.api_providers
  for each row when (new.currency <> old.currency)
  execute function atelier_engine.guard_currency();
