create or replace trigger touch_updated_at
  before update on atelier.workspaces
  for each row execute function atelier_engine.touch_updated_at();

create or replace trigger keep_an_owner
  before update or delete on atelier.workspace_members
  for each row when (old.role = 'owner') execute function atelier_engine.keep_an_owner();
