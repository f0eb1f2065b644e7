create or replace trigger replace_instance_on_restore
  before insert on atelier_engine.instance
  for each statement execute function atelier_engine.replace_instance_on_restore();
