create or replace trigger disown_on_restore
  before insert on atelier.jobs
  for each statement execute function atelier_engine.only_on_restore(disown_on_restore);

-- The engine stamps the rows itself that it writes by the thousand.
create or replace trigger guard_status
  before update on atelier.jobs
  for each row when (new.updated_at = old.updated_at
                     or (new.status <> old.status and old.status not in ('queued', 'processing')))
  execute function atelier_engine.guard_job_status();

create or replace trigger forget_events
  after delete on atelier.profiles
  referencing old table as gone
  for each statement execute function atelier_engine.forget_events();

create or replace trigger forget_late_objects
  after delete on atelier_engine.late_results
  for each row execute function atelier_engine.forget_late_objects();

create or replace trigger take_generations_along
  after delete on atelier.workspace_members
  for each row execute function atelier_engine.take_generations_along();

create or replace trigger leave_queue
  after delete on atelier.jobs
  referencing old table as gone
  for each statement execute function atelier_engine.leave_queue();

create or replace trigger enter_queue
  before insert on atelier_engine.queue
  for each row execute function atelier_engine.only_if_incomplete(enter_queue);

create or replace trigger announce_events
  after insert on atelier.events
  for each statement execute function atelier_engine.announce_events();

create or replace trigger touch_updated_at
  before update on atelier.schedules
  for each row execute function atelier_engine.touch_updated_at();

create or replace trigger watch_parked
  after delete on atelier_engine.queue
  for each row when (old.state = 'ready' and old.capped)
  execute function atelier_engine.watch_after_delete();

create or replace trigger forget_requests
  after insert or update or delete or truncate on atelier.api_models
  for each statement execute function atelier_engine.forget_requests();

create or replace trigger forget_requests
  after insert or update or delete or truncate on atelier.api_providers
  for each statement execute function atelier_engine.forget_requests();
