create or replace trigger disown_on_restore
  before insert on atelier.jobs
  for each statement execute function atelier_engine.disown_on_restore();

create or replace trigger guard_status
  before update on atelier.jobs
  for each row execute function atelier_engine.guard_job_status();

create or replace trigger take_generations_along
  after delete on atelier.workspace_members
  for each row execute function atelier_engine.take_generations_along();
