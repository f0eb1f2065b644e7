-- Jobs: jobs that wait for other jobs. Internal. Locks are taken as everywhere: queue first, then jobs.

create or replace function atelier_engine.must_wait_for(
  p_user_id uuid, p_job_ids uuid[], p_on_failure text default 'fail'
)
returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  max_dependencies constant integer := 100;
  waits boolean := false;
  dependency record;
begin
  if cardinality(p_job_ids) > max_dependencies then
    raise invalid_parameter_value using
      message = 'too many dependencies', detail = format('The limit is %s.', max_dependencies);
  end if;
  for dependency in
    select d.id, j.status
      from unnest(p_job_ids) d (id)
      left join atelier.jobs j on j.id = d.id and j.user_id = p_user_id
  loop
    if dependency.status is null then
      raise sqlstate 'PT404' using
        message = 'no such job', detail = format('The job %s in depends_on is unknown.', dependency.id);
    elsif dependency.status in ('failed', 'cancelled') and p_on_failure <> 'start' then
      raise sqlstate 'PT409' using
        message = 'a job in depends_on will never complete',
        detail = format('The job %s is %s.', dependency.id, dependency.status),
        hint = 'Leave it out, try it again with retry_job(), or use on_dependency_failure => ''start''.';
    end if;
    waits := waits or dependency.status in ('queued', 'processing');
  end loop;
  return waits;
end;
$$;
comment on function atelier_engine.must_wait_for(uuid, uuid[], text) is
$$Whether one of these jobs has not ended yet

Raises PT404 for a job that is not the user's, PT409 for one that failed or was cancelled where that matters, 22023 for
too many.$$;

create or replace function atelier_engine.dependency_verdict(p_job_id uuid)
returns text
language sql stable
begin atomic
  select case when exists (select from atelier_engine.review_holds h where h.job_id = p_job_id) then 'wait'
              when bool_or(j.status in ('failed', 'cancelled') and d.on_failure = 'fail') then 'fail'
              when bool_or(j.status in ('failed', 'cancelled') and d.on_failure = 'skip') then 'skip'
              when bool_or(j.status in ('queued', 'processing')) then 'wait'
              else 'start' end
    from atelier.job_dependencies d
    join atelier.jobs j on j.id = d.depends_on_job_id
   where d.job_id = p_job_id;
end;
comment on function atelier_engine.dependency_verdict(uuid) is
  'What the jobs that a job depends on mean for it: wait, start, skip or fail';

create or replace function atelier_engine.settle_blocked(p_job_ids uuid[])
returns uuid[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  ended uuid[];
begin
  update atelier_engine.queue q
     set state = case when q.run_at > clock_timestamp() then 'waiting' else 'ready' end,
         run_at = greatest(q.run_at, clock_timestamp()),
         vtime = case when q.run_at > clock_timestamp() then 0
                      else atelier_engine.next_vtime(q.user_id, q.lane_id, q.priority, q.cost) end
   where q.job_id = any (p_job_ids) and q.state = 'blocked' and atelier_engine.dependency_verdict(q.job_id) = 'start';
  if found then
    perform atelier_engine.wake_dispatcher();
  end if;
  with gone as (
    delete from atelier_engine.queue q
     using (select w.id, atelier_engine.dependency_verdict(w.id) as verdict from unnest(p_job_ids) w (id)) v
     where q.job_id = v.id and q.state = 'blocked' and v.verdict in ('fail', 'skip')
    returning q.job_id, v.verdict),
  finished as (
    update atelier.jobs j
       set status = case g.verdict when 'fail' then 'failed' else 'cancelled' end, completed_at = clock_timestamp(),
           error_class = 'dependency', error_message = 'a job that this one depends on did not complete'
      from gone g
     where j.id = g.job_id
    returning j.id, j.user_id, j.status),
  told as (
    insert into atelier.events (user_id, kind, ref)
    select f.user_id, 'job.' || f.status, f.id from finished f)
  select array_agg(f.id) into ended from finished f;
  return ended;
end;
$$;
comment on function atelier_engine.settle_blocked(uuid[]) is
$$Start, skip or fail blocked jobs, as the jobs that they depend on have ended

The caller has locked their queue rows in an earlier statement, so that what others did meanwhile is seen. Returns
those that were skipped or failed; others may depend on them.$$;

create or replace function atelier_engine.settle_dependents(p_job_ids uuid[])
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  ended uuid[] := p_job_ids;
  waiting uuid[];
begin
  -- With every result, and where nothing is moderated these tables are empty.
  if exists (select from atelier.moderation_checks c where c.stage = 'after' and c.is_active)
     or exists (select from atelier_engine.moderation_runs)
     or exists (select from atelier_engine.withheld_content) then
    perform atelier_engine.moderate_ended(p_job_ids);
  end if;
  -- With every result, too, and nearly always nothing is blocked.
  if not exists (select from atelier_engine.queue q where q.state = 'blocked') then
    return;
  end if;
  while cardinality(ended) > 0 loop
    select array_agg(w.job_id) into waiting
      from (select q.job_id
              from atelier_engine.queue q
             where q.state = 'blocked'
               and q.job_id in (select d.job_id from atelier.job_dependencies d
                                 where d.depends_on_job_id = any (ended))
             order by q.job_id
               for update of q) w;
    exit when waiting is null;
    ended := atelier_engine.settle_blocked(waiting);
  end loop;
end;
$$;
comment on function atelier_engine.settle_dependents(uuid[]) is
  'Look at the jobs that depend on jobs which have just ended, directly or not';

create or replace function atelier_engine.unblock_missed_since(p_since timestamptz, p_limit integer)
returns integer
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  -- Ids begin with the time, so that the index on them gives the latest jobs.
  first_id constant uuid := (
    lpad(to_hex(greatest(floor(extract(epoch from p_since) * 1000), 0)::bigint), 12, '0') || repeat('0', 20))::uuid;
  missed uuid[];
begin
  select array_agg(m.job_id) into missed
    from (select q.job_id
            from atelier_engine.queue q
           where q.state = 'blocked' and q.job_id >= first_id
             and not exists (select from atelier_engine.review_holds h where h.job_id = q.job_id)
             and (not exists (
                    select from atelier.job_dependencies d
                      join atelier.jobs j on j.id = d.depends_on_job_id
                     where d.job_id = q.job_id and j.status in ('queued', 'processing'))
                  or exists (
                    select from atelier.job_dependencies d
                      join atelier.jobs j on j.id = d.depends_on_job_id
                     where d.job_id = q.job_id and j.status in ('failed', 'cancelled') and d.on_failure <> 'start'))
           order by q.job_id
           limit p_limit
             for update skip locked) m;
  if missed is null then
    return 0;
  end if;
  perform atelier_engine.settle_dependents(atelier_engine.settle_blocked(missed));
  return cardinality(missed);
end;
$$;
comment on function atelier_engine.unblock_missed_since(timestamptz, integer) is
$$Decide about blocked jobs whose dependencies ended while they were being queued

Such a job could not see the end of its dependency, nor the dependency the job. Looks at jobs queued since p_since, and
at p_limit of them.$$;

create or replace function atelier_engine.unblock_missed(p_limit integer)
returns integer
language sql volatile
begin atomic
  select atelier_engine.unblock_missed_since('epoch', p_limit);
end;
comment on function atelier_engine.unblock_missed(integer) is 'unblock_missed_since(), for jobs of any age';

create or replace function atelier_engine.unblock_just_missed()
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
  return atelier_engine.unblock_missed_since(clock_timestamp() - interval '1 minute', 100);
end;
$$;
grant execute on function atelier_engine.unblock_just_missed() to atelier_worker;
comment on function atelier_engine.unblock_just_missed() is
$$unblock_missed_since(), for jobs of the last minute

Cheap enough for every second, so that nobody waits for the next round of the janitor.$$;
