create or replace trigger disown_on_restore
  before insert on atelier_engine.instance
  for each statement when (pg_catalog.current_setting('row_security') = 'off')
  execute function atelier_engine.disown_on_restore();

create or replace trigger skip_own_instance_on_restore
  before insert on atelier_engine.instance
  for each row execute function atelier_engine.skip_own_instance_on_restore();
