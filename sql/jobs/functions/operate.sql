-- Jobs: what operators call.

create or replace function atelier.adopt_instance(discard_unfinished boolean default false)
returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  unfinished record;
  remaining bigint;
begin
  perform atelier_engine.assert_service_role();
  if atelier_engine.instance_is_adopted() then
    return 0::bigint;
  end if;
  lock table atelier_engine.instance in share row exclusive mode;
  delete from atelier_engine.instance;
  insert into atelier_engine.instance (system_identifier, database_oid)
  select c.system_identifier, d.oid
    from pg_control_system() c, pg_database d
   where d.datname = current_database();
  perform atelier_engine.forget_transaction_ids();

  -- A dump may have been restored in part: the jobs say what belongs into the queue.
  insert into atelier_engine.queue (job_id, model_id, priority, run_at, state)
  select j.id, j.api_model_id, j.priority, greatest(j.run_at, j.created_at),
         case when exists (select from atelier.job_dependencies d where d.job_id = j.id) then 'blocked'
              when j.run_at > clock_timestamp() then 'waiting' else 'ready' end
    from atelier.jobs j
   where j.status in ('queued', 'processing') and j.api_model_id is not null
      on conflict do nothing;
  update atelier.jobs j set status = 'queued'
    from atelier_engine.queue q
   where q.job_id = j.id and q.state in ('blocked', 'waiting', 'parked', 'ready') and j.status = 'processing';
  perform atelier_engine.settle_attempts(null, 'the database was restored or copied while the request was on its way');
  if discard_unfinished then
    -- All of them are cancelled; none fails because another one is.
    update atelier_engine.queue q set state = 'ready' where q.state = 'blocked';
    for unfinished in
      select q.job_id from atelier_engine.queue q order by q.job_id for update
    loop
      perform atelier_engine.finish_job(unfinished.job_id, 'cancelled', null, null)
        from atelier.jobs j where j.id = unfinished.job_id and j.status in ('queued', 'processing');
    end loop;
  end if;
  perform atelier_engine.announce_database(), atelier_engine.wake_dispatcher(), atelier_engine.wake_janitor();
  select count(*) into remaining from atelier_engine.queue q;
  return remaining;
end;
$$;
grant execute on function atelier.adopt_instance(boolean) to service_role;
comment on function atelier.adopt_instance(boolean) is
$$Let this restored or copied database dispatch its jobs

Until then a restore or a copy keeps quiet, because the original may still be at work on the same jobs. Requests that
were on their way are settled as their endpoints say. With discard_unfinished the unfinished jobs are cancelled
instead. Returns how many jobs are in the queue now; 0 when there was nothing to do. For the service role (42501).$$;
