create or replace function atelier_engine.guard_job_status()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  new.updated_at := clock_timestamp();
  if new.status = old.status
     or (old.status = 'queued' and new.status in ('processing', 'completed', 'failed', 'cancelled'))
     or (old.status = 'processing' and new.status in ('queued', 'completed', 'failed', 'cancelled')) then
    return new;
  end if;
  raise sqlstate 'PT409' using
    message = 'a job cannot change its status like this',
    detail = format('Job %s is %s and was to become %s.', old.id, old.status, new.status),
    hint = case when old.status in ('completed', 'failed', 'cancelled')
                then 'A finished job stays as it is; queue a new one.'
                else 'Only the workers move jobs.' end;
end;
$$;
comment on function atelier_engine.guard_job_status() is
  'Trigger: whoever updates a job, a finished one stays finished';
