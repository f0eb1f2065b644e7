create or replace trigger guard_status
  before update on atelier.jobs
  for each row execute function atelier_engine.guard_job_status();
