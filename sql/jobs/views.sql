-- Jobs: what operators look at. For the service role.

create or replace view atelier.worker_status with (security_invoker = true) as
select w.process, d.datname as database, w.pid, w.state, w.started_at, w.restarts, w.detail
  from atelier_engine.worker_processes() w
  left join pg_catalog.pg_database d on d.oid = w.database_oid
 where w.database_oid is null or d.datname = pg_catalog.current_database();
grant select on atelier.worker_status to service_role;
comment on view atelier.worker_status is
  'The processes of Atelier that work for this database, their state, and how often they were restarted';

create or replace view atelier_engine.user_caps with (security_invoker = true) as
select p.id as user_id,
       least(t.max_running_jobs,
             case when exists (select from atelier_engine.active_pauses a where a.user_id = p.id and a.mode = 'pause')
                  then 0 end) as cap
  from atelier.profiles p
  left join atelier.scheduling_tiers t on t.tier = p.subscription_status;
comment on view atelier_engine.user_caps is
  'How many jobs of each user may run at once, by tier; 0 for who is paused, null for any number';

create or replace view atelier.queue_depth with (security_invoker = true) as
select m.model_key as model,
       count(*) filter (where q.state = 'ready') as ready,
       count(*) filter (where q.state = 'waiting') as waiting,
       count(*) filter (where q.state = 'blocked') as blocked,
       count(*) filter (where q.state = 'leased') as leased,
       count(*) filter (where q.state = 'held') as held,
       min(q.run_at) filter (where q.state = 'ready') as oldest_ready_at,
       min(q.run_at) filter (where q.state = 'waiting') as next_retry_at,
       count(*) filter (where q.state = 'parked') as parked
  from atelier_engine.queue q
  left join atelier.api_models m on m.id = q.model_id
 group by m.model_key;
grant select on atelier.queue_depth to service_role;
comment on view atelier.queue_depth is
$$How many jobs of each model are in the queue

ready ones could start now, waiting ones are between two tries, blocked ones wait for other jobs, parked ones for a cap of
their user or workspace; leased ones are at an endpoint, held ones wait because it is not known whether their request was
carried out.$$;

create or replace view atelier.stuck_jobs with (security_invoker = true) as
select j.id as job_id, j.status, q.state as queue_state, j.created_at,
       case when q.job_id is null then 'not in the queue'
            when q.state = 'held' and j.status = 'queued' then 'held, but counts as queued'
            when q.state in ('blocked', 'waiting', 'parked', 'ready') and j.status = 'processing' then 'has no owner'
            when q.state = 'leased' and a.state not in ('submitting', 'submitted', 'ingesting')
              then 'leased to an attempt that has ended'
            when q.lease_expires_at < now() - interval '5 minutes' then 'lease expired and was not settled'
            else 'hold expired and was not decided' end as problem
  from atelier.jobs j
  left join atelier_engine.queue q on q.job_id = j.id
  left join atelier_engine.attempts a on a.id = q.attempt_id
 where j.completed_at is null
   and (q.job_id is null
        or (q.state = 'held' and j.status = 'queued')
        or (q.state in ('blocked', 'waiting', 'parked', 'ready') and j.status = 'processing')
        or (q.state = 'leased' and a.state not in ('submitting', 'submitted', 'ingesting'))
        or q.lease_expires_at < now() - interval '5 minutes'
        or q.next_check_at < now() - interval '5 minutes');
grant select on atelier.stuck_jobs to service_role;
comment on view atelier.stuck_jobs is
$$Unfinished jobs that nobody will finish

Empty, unless the workers do not run or this database is not adopted: every unfinished job is in the queue and has an
owner or a time at which it is looked at. Reads all jobs: nothing to ask for every second.$$;

create or replace view atelier.held_jobs with (security_invoker = true) as
select q.job_id, j.user_id, a.id as attempt_id, a.endpoint_name as endpoint, a.external_id, a.claimed_at, a.sent_at,
       j.error_class, j.error_message, q.next_check_at as decided_at,
       exists (select from atelier_engine.late_results l where l.attempt_id = a.id) as has_late_result
  from atelier_engine.queue q
  join atelier.jobs j on j.id = q.job_id
  left join atelier_engine.attempts a on a.id = q.attempt_id
 where q.state = 'held';
grant select on atelier.held_jobs to service_role;
comment on view atelier.held_jobs is
$$Jobs that wait for a decision

Nobody knows whether the request was carried out, or a policy says that somebody has to look. resolve_held_job() decides;
at decided_at they fail.$$;

create or replace view atelier.late_results with (security_invoker = true) as
select l.attempt_id, l.job_id, j.user_id, j.status, a.endpoint_name as endpoint, l.received_at, l.expires_at, l.adopted_at,
       pg_catalog.jsonb_array_length(l.outputs) as outputs, l.result is not null as has_data,
       (select sum((o.value ->> 'byte_count')::bigint)::bigint from pg_catalog.jsonb_array_elements(l.outputs) o) as byte_count
  from atelier_engine.late_results l
  join atelier.jobs j on j.id = l.job_id
  left join atelier_engine.attempts a on a.id = l.attempt_id;
grant select on atelier.late_results to service_role;
comment on view atelier.late_results is
$$Results that came when their attempt had been given up

adopt_late_result() uses one; after a day they are gone.$$;
