create or replace trigger disown_on_restore
  before insert on atelier_engine.instance
  for each statement execute function atelier_engine.only_on_restore(disown_on_restore);

create or replace trigger skip_own_instance_on_restore
  before insert on atelier_engine.instance
  for each row execute function atelier_engine.skip_own_instance_on_restore();
