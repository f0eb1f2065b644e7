-- Jobs: what operators look at. For the service role.

create or replace view atelier.worker_status with (security_invoker = true) as
select w.process, d.datname as database, w.pid, w.state, w.started_at, w.restarts, w.detail
  from atelier_engine.worker_processes() w
  left join pg_catalog.pg_database d on d.oid = w.database_oid
 where w.database_oid is null or d.datname = pg_catalog.current_database();
grant select on atelier.worker_status to service_role;
comment on view atelier.worker_status is
  'The processes of Atelier that work for this database, their state, and how often they were restarted';

create or replace view atelier.queue_depth with (security_invoker = true) as
select m.model_key as model,
       count(*) filter (where q.state = 'ready') as ready,
       count(*) filter (where q.state = 'waiting') as waiting,
       count(*) filter (where q.state = 'blocked') as blocked,
       count(*) filter (where q.state = 'leased') as leased,
       count(*) filter (where q.state = 'held') as held,
       min(q.run_at) filter (where q.state = 'ready') as oldest_ready_at,
       min(q.run_at) filter (where q.state = 'waiting') as next_retry_at
  from atelier_engine.queue q
  left join atelier.api_models m on m.id = q.model_id
 group by m.model_key;
grant select on atelier.queue_depth to service_role;
comment on view atelier.queue_depth is
$$How many jobs of each model are in the queue

ready ones could start now, waiting ones are between two tries, blocked ones wait for other jobs, leased ones are at an
endpoint, held ones wait because it is not known whether their request was carried out.$$;

create or replace view atelier.stuck_jobs with (security_invoker = true) as
select j.id as job_id, j.status, q.state as queue_state, j.created_at,
       case when q.job_id is null then 'not in the queue'
            when q.state in ('leased', 'held') and j.status = 'queued' then 'has an owner, but counts as queued'
            when q.state in ('blocked', 'waiting', 'ready') and j.status = 'processing' then 'has no owner'
            when q.state = 'leased' and a.state not in ('submitting', 'submitted', 'ingesting')
              then 'leased to an attempt that has ended'
            when q.lease_expires_at < now() - interval '5 minutes' then 'lease expired and was not settled'
            else 'hold expired and was not decided' end as problem
  from atelier.jobs j
  left join atelier_engine.queue q on q.job_id = j.id
  left join atelier_engine.attempts a on a.id = q.attempt_id
 where j.status in ('queued', 'processing')
   and (q.job_id is null
        or (q.state in ('leased', 'held')) <> (j.status = 'processing')
        or (q.state = 'leased' and a.state not in ('submitting', 'submitted', 'ingesting'))
        or q.lease_expires_at < now() - interval '5 minutes'
        or q.next_check_at < now() - interval '5 minutes');
grant select on atelier.stuck_jobs to service_role;
comment on view atelier.stuck_jobs is
$$Unfinished jobs that nobody will finish

Empty, unless the workers do not run or this database is not adopted: every unfinished job is in the queue and has an
owner or a time at which it is looked at.$$;
