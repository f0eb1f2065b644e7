-- Jobs: the place of a job in the queue. Start-time fair queueing: each user has a chain of jobs in virtual time, in which
-- a job takes its estimated seconds over the weight of the user's tier. Claims go by virtual time, so that one user's
-- thousand jobs do not delay another's single one by more than about one job.

create or replace function atelier_engine.next_vtime(
  p_user_id uuid, p_lane_id uuid, p_priority integer, p_cost double precision
)
returns double precision
language c volatile strict
as 'MODULE_PATHNAME', 'atelier_next_vtime';
comment on function atelier_engine.next_vtime(uuid, uuid, integer, double precision) is
$$The place of a new job of a user in a lane

After the last one he has waiting there, but not before the clock of the lane; and later by what the job takes. Jobs that
the same user queues in transactions at the same time come one after the other, too.$$;

create or replace function atelier_engine.move_to_model(p_job_id uuid, p_model_id uuid)
returns void
language sql volatile
begin atomic
  -- In another lane its place means nothing.
  update atelier_engine.queue q
     set model_id = m.id, lane_id = m.provider_id,
         vtime = case when q.lane_id = m.provider_id or q.vtime = 0 then q.vtime
                      else atelier_engine.next_vtime(q.user_id, m.provider_id, q.priority, q.cost) end
    from atelier.api_models m
   where q.job_id = p_job_id and m.id = p_model_id;
end;
comment on function atelier_engine.move_to_model(uuid, uuid) is
  'Have a job done by another model, at the end of the user''s jobs there; for null nothing happens';

create or replace function atelier_engine.queue_share(
  p_user_id uuid, p_model_id uuid, p_workspace_id uuid,
  out lane_id uuid, out weight double precision, out capped boolean
)
language c stable
as 'MODULE_PATHNAME', 'atelier_queue_share';
comment on function atelier_engine.queue_share(uuid, uuid, uuid) is
$$The lane of a job, what its user gets of it, and whether some cap may hold the job back

The weight of the tier of his subscription, 1 without one. Caps are those of his tier and of the workspace, which may be
null; a pause of the user is one, too.$$;

create or replace function atelier_engine.enqueue(p_job atelier.jobs, p_state text)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  shortest constant double precision := 0.001::double precision;
  workspace constant uuid := coalesce(p_job.workspace_id, '00000000-0000-0000-0000-000000000000'::uuid);
  share record := atelier_engine.queue_share(p_job.user_id, p_job.api_model_id, p_job.workspace_id);
  cost constant double precision :=
    greatest(coalesce(p_job.estimated_seconds, 1)::double precision, shortest) / share.weight;
  state text := p_state;
  vtime double precision := 0::double precision;
begin
  if state = 'ready' then
    vtime := atelier_engine.next_vtime(p_job.user_id, share.lane_id, p_job.priority, cost);
    if share.capped and atelier_engine.must_park(p_job.user_id, p_job.api_model_id, workspace) then
      state := 'parked';
    end if;
  end if;
  insert into atelier_engine.queue (
    job_id, model_id, priority, run_at, state, user_id, workspace_id, lane_id, cost, capped, vtime)
  values (
    p_job.id, p_job.api_model_id, p_job.priority, greatest(p_job.run_at, p_job.created_at), state, p_job.user_id, workspace,
    share.lane_id, cost, share.capped, vtime);
end;
$$;
comment on function atelier_engine.enqueue(atelier.jobs, text) is
$$Put a new job into the queue, with what a claim has to know of it

p_state is ready, waiting or blocked. One that is ready gets its place, or is parked when it is over a cap.$$;

create or replace function atelier_engine.enter_queue()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  shortest constant double precision := 0.001::double precision;
begin
  if new.user_id is null then
    select j.user_id, coalesce(j.workspace_id, new.workspace_id), coalesce(m.provider_id, new.lane_id),
           greatest(coalesce(j.estimated_seconds, m.estimated_seconds, 1)::double precision, shortest) / coalesce(t.weight, 1),
           t.max_running_jobs is not null or w.max_running_jobs is not null or atelier_engine.user_is_paused(j.user_id)
      into new.user_id, new.workspace_id, new.lane_id, new.cost, new.capped
      from atelier.jobs j
      left join atelier.api_models m on m.id = new.model_id
      left join atelier.profiles p on p.id = j.user_id
      left join atelier.scheduling_tiers t on t.tier = p.subscription_status
      left join atelier.workspaces w on w.id = j.workspace_id
     where j.id = new.job_id;
  end if;
  if new.state = 'ready' and new.vtime = 0 then
    new.vtime := atelier_engine.next_vtime(new.user_id, new.lane_id, new.priority, new.cost);
    if new.capped and atelier_engine.must_park(new.user_id, new.model_id, new.workspace_id) then
      new.state := 'parked';
    end if;
  end if;
  return new;
end;
$$;
comment on function atelier_engine.enter_queue() is
  'Trigger: an entry of the queue that did not come by enqueue(), as after a restore, is completed';

create or replace function atelier_engine.only_if_incomplete()
returns trigger
language c
as 'MODULE_PATHNAME', 'atelier_only_if_incomplete';
comment on function atelier_engine.only_if_incomplete() is
$$Trigger: the trigger function named as the argument, for entries without a user or ready ones without a place

A WHEN condition would cost every new job more.$$;

create or replace function atelier_engine.leave_queue()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
begin
  -- A claim may hold the lock on a queue row: what it wrote is seen by the second statement.
  delete from atelier_engine.queue q using gone g where q.job_id = g.id;
  delete from atelier_engine.attempts a using gone g where a.job_id = g.id;
  delete from atelier_engine.review_holds h using gone g where h.job_id = g.id;
  return null;
end;
$$;
comment on function atelier_engine.leave_queue() is 'Trigger: deleted jobs take their queue entries and attempts along';
