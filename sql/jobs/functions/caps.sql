-- Jobs: how many may be at endpoints at once, for a user (by tier) and for a workspace. What is over a cap is parked: it
-- leaves the index that claims read, so that a hundred thousand such jobs cost the others nothing. Only claims promote,
-- one at a time. Parked is kept by user, model and workspace: a model that is out of reach must not hold up what its user
-- wants of others.
--
-- A row in parked_groups says that a group has, or had, parked jobs. Who parks a job holds a key share lock on it; a claim
-- deletes it only when it gets the lock and then still finds the group empty. So no job is parked behind a claim's back.

create or replace function atelier_engine.caps_in_force()
returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select exists (select from atelier.scheduling_tiers t where t.max_running_jobs is not null)
        or exists (select from atelier.workspaces w where w.max_running_jobs is not null)
        or exists (select from atelier.pauses p where p.user_id is not null)
        or exists (select from atelier_engine.parked_groups));
end;
$$;
comment on function atelier_engine.caps_in_force() is
  'Whether any user or workspace has a cap, a user is paused, or something is still parked';

create or replace function atelier_engine.cap_of(p_user_id uuid, p_workspace_id uuid)
returns integer
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return least(
    (select c.cap from atelier_engine.user_caps c where c.user_id = p_user_id),
    (select w.max_running_jobs from atelier.workspaces w where w.id = p_workspace_id));
end;
$$;
comment on function atelier_engine.cap_of(uuid, uuid) is
  'How many jobs of a user for a workspace may run at once: the least of the caps that hold; null: any number';

create or replace function atelier_engine.model_room(p_model_id uuid, p_max_concurrency integer)
returns bigint
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select case when p_max_concurrency is not null then greatest(0, p_max_concurrency - (
      select count(*) from atelier_engine.queue q where q.state = 'leased' and q.model_id = p_model_id)) end);
end;
$$;
comment on function atelier_engine.model_room(uuid, integer) is 'How many more jobs of a model may run; null: any number';

create or replace function atelier_engine.must_park(p_user_id uuid, p_model_id uuid, p_workspace_id uuid)
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  ready constant text := 'ready';  -- a variable, as in next_vtime()
  cap constant integer := atelier_engine.cap_of(p_user_id, p_workspace_id);
  group_key constant integer := uuid_hash(p_user_id) # uuid_hash(p_model_id) # uuid_hash(p_workspace_id);
begin
  perform from atelier_engine.parked_groups g
    where g.user_id = p_user_id and g.model_id = p_model_id and g.workspace_id = p_workspace_id
      for key share skip locked;
  if found then
    return true;
  end if;
  -- As many as may run are let through; whichever of them finds no room is parked by a claim.
  if cap is null or cap > (
       select count(*)
         from (select from atelier_engine.queue q
                where q.user_id = p_user_id and q.model_id = p_model_id and q.workspace_id = p_workspace_id
                  and q.state = ready
                limit cap) r) then
    return false;
  end if;
  -- Nobody waits for somebody else's transaction: a claim parks it then.
  if not pg_try_advisory_xact_lock('atelier_engine.parked_groups'::regclass::oid::integer, group_key) then
    return false;
  end if;
  insert into atelier_engine.parked_groups (user_id, model_id, workspace_id)
  values (p_user_id, p_model_id, p_workspace_id)
      on conflict do nothing;
  return true;
end;
$$;
comment on function atelier_engine.must_park(uuid, uuid, uuid) is
$$Whether a new job is to be parked

When others of its group are parked already, or as many are ready as may run.$$;

create or replace function atelier_engine.within_caps(p_job_ids uuid[], p_wanted integer)
returns uuid[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  allowed uuid[];
  refused uuid[];
  full_users uuid[];
begin
  with
  running as materialized (
    select q.user_id, q.workspace_id, count(*) as count
      from atelier_engine.queue q where q.state = 'leased' group by q.user_id, q.workspace_id),
  seen as materialized (
    select s.place, q.job_id, q.user_id, q.workspace_id
      from unnest(p_job_ids) with ordinality s (job_id, place)
      join atelier_engine.queue q on q.job_id = s.job_id),
  users as materialized (
    select c.user_id,
           c.cap - (select coalesce(sum(r.count), 0) from running r where r.user_id = c.user_id) as room
      from (select distinct s.user_id from seen s) u
      join atelier_engine.user_caps c on c.user_id = u.user_id),
  workspaces as materialized (
    select w.id, w.max_running_jobs
             - (select coalesce(sum(r.count), 0) from running r where r.workspace_id = w.id) as room
      from atelier.workspaces w
     where w.max_running_jobs is not null and w.id in (select s.workspace_id from seen s)),
  ranked as (
    select s.place, s.job_id, s.user_id, u.room as user_room, w.room as workspace_room,
           row_number() over (partition by s.user_id order by s.place) as user_rank,
           row_number() over (partition by s.workspace_id order by s.place) as workspace_rank
      from seen s
      left join users u on u.user_id = s.user_id
      left join workspaces w on w.id = s.workspace_id),
  judged as (
    select r.*, (r.user_rank <= coalesce(r.user_room, r.user_rank)
                 and r.workspace_rank <= coalesce(r.workspace_room, r.workspace_rank)) as fits
      from ranked r)
  select coalesce((array_agg(j.job_id order by j.place) filter (where j.fits))[1:p_wanted], '{}'),
         coalesce(array_agg(j.job_id) filter (where not j.fits), '{}'),
         coalesce(array_agg(distinct j.user_id) filter (where j.user_rank > j.user_room), '{}')
    into allowed, refused, full_users
    from judged j;
  if cardinality(refused) > 0 then
    perform atelier_engine.park(allowed, refused, full_users);
  end if;
  return allowed;
end;
$$;
comment on function atelier_engine.within_caps(uuid[], integer) is
$$Which of these jobs may start within the caps, the first ones first

The others are parked, and with them whatever else is ready of users who are at their cap.$$;

create or replace function atelier_engine.park(p_allowed uuid[], p_refused uuid[], p_full_users uuid[])
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  ready constant text := 'ready';  -- a variable, as in next_vtime()
  most constant integer := 10000;
  others uuid[];
begin
  others := array(
    select q.job_id
      from unnest(p_full_users) u (id)
      cross join lateral (
        select q.job_id from atelier_engine.queue q where q.user_id = u.id and q.state = ready limit most
           for update skip locked) q
     where q.job_id <> all (p_allowed));
  with parked as (
    update atelier_engine.queue q set state = 'parked', capped = true
     where q.job_id = any (p_refused || others) and q.state = 'ready'
    returning q.user_id, q.model_id, q.workspace_id)
  insert into atelier_engine.parked_groups as g (user_id, model_id, workspace_id)
  select distinct p.user_id, p.model_id, p.workspace_id from parked p
      on conflict on constraint parked_groups_pkey do update set watched = true where not g.watched;
end;
$$;
comment on function atelier_engine.park(uuid[], uuid[], uuid[]) is
  'Park jobs that are over a cap, and whatever else is ready of users who are at theirs';

create or replace function atelier_engine.watch_parked(p_job_ids uuid[])
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  update atelier_engine.parked_groups g set watched = true
   where not g.watched
     and g.user_id in (select q.user_id from atelier_engine.queue q where q.job_id = any (p_job_ids) and q.capped);
end;
$$;
comment on function atelier_engine.watch_parked(uuid[]) is
  'Have the next claims look at what is parked of the users of these jobs';

create or replace function atelier_engine.watch_after_delete()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  update atelier_engine.parked_groups g set watched = true
   where g.user_id = old.user_id and not g.watched;
  return null;
end;
$$;
comment on function atelier_engine.watch_after_delete() is
  'Trigger: a job that will not run makes room for one that is parked';

create or replace function atelier_engine.sweep_parked()
returns bigint
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  found_again bigint;
begin
  -- From group to group by the index: there may be millions of jobs in each.
  with recursive groups as (
    (select q.user_id, q.model_id, q.workspace_id
       from atelier_engine.queue q
      where q.state = 'parked'
      order by q.user_id, q.model_id, q.workspace_id
      limit 1)
    union all
    select n.user_id, n.model_id, n.workspace_id
      from groups g
      cross join lateral (
        select q.user_id, q.model_id, q.workspace_id
          from atelier_engine.queue q
         where q.state = 'parked'
           and (q.user_id, q.model_id, q.workspace_id) > (g.user_id, g.model_id, g.workspace_id)
         order by q.user_id, q.model_id, q.workspace_id
         limit 1) n),
  watched as (
    insert into atelier_engine.parked_groups as g (user_id, model_id, workspace_id)
    select n.user_id, n.model_id, n.workspace_id
      from groups n
     where not exists (
       select from atelier_engine.queue q
        where q.state = 'ready' and q.user_id = n.user_id and q.model_id = n.model_id and q.workspace_id = n.workspace_id)
        on conflict on constraint parked_groups_pkey do update set watched = true where not g.watched
    returning 1)
  select count(*) into found_again from watched w;
  if found_again > 0 then
    perform atelier_engine.wake_dispatcher();
  end if;
  return found_again;
end;
$$;
comment on function atelier_engine.sweep_parked() is
$$Have claims look at parked jobs that they have lost sight of

For the janitor: after a restore in part, or after a cap was raised. Returns how many groups there were.$$;

create or replace function atelier_engine.promote_parked()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  ready constant text := 'ready';  -- a variable, as in next_vtime()
  most constant integer := 100;
  emptied record;
begin
  if not exists (select from atelier_engine.parked_groups g where g.watched) then
    return;
  end if;
  with
  running as materialized (
    select q.user_id, q.workspace_id, count(*) as count
      from atelier_engine.queue q where q.state = 'leased' group by q.user_id, q.workspace_id),
  by_user as materialized (select r.user_id, sum(r.count) as count from running r group by r.user_id),
  by_workspace as materialized (
    select w.id, w.max_running_jobs - coalesce(sum(r.count), 0) as room
      from atelier.workspaces w
      left join running r on r.workspace_id = w.id
     where w.max_running_jobs is not null
     group by w.id),
  groups as materialized (
    select g.user_id, g.model_id, g.workspace_id, w.room as workspace_room,
           least(most, c.cap - coalesce(u.count, 0), w.room) as room
      from atelier_engine.parked_groups g
      left join atelier_engine.user_caps c on c.user_id = g.user_id
      left join by_user u on u.user_id = g.user_id
      left join by_workspace w on w.id = g.workspace_id
     where g.watched),
  picked as (
    select c.job_id, greatest(c.vtime, c.lane_vtime) as vtime, g.workspace_room,
           row_number() over (partition by g.workspace_id order by c.priority desc, c.vtime, c.job_id) as workspace_rank
      from groups g
      cross join lateral (
        select q.job_id, q.priority, q.vtime, k.vtime as lane_vtime
          from atelier_engine.queue q
          left join atelier_engine.lane_clocks k on k.lane_id = q.lane_id and k.priority = q.priority
         where q.state = 'parked' and q.user_id = g.user_id and q.model_id = g.model_id
           and q.workspace_id = g.workspace_id
         order by q.priority desc, q.vtime, q.job_id
         limit greatest(0, g.room - (
           select count(*)
             from atelier_engine.queue r
            where r.state = ready and r.user_id = g.user_id and r.model_id = g.model_id
              and r.workspace_id = g.workspace_id))
           for update of q skip locked) c
     where g.room > 0)
  update atelier_engine.queue q set state = 'ready', vtime = p.vtime
    from picked p
   where q.job_id = p.job_id and p.workspace_rank <= coalesce(p.workspace_room, p.workspace_rank);

  for emptied in
    select g.user_id, g.model_id, g.workspace_id
      from atelier_engine.parked_groups g
     where g.watched and not exists (
       select from atelier_engine.queue q
        where q.state = 'parked' and q.user_id = g.user_id and q.model_id = g.model_id
          and q.workspace_id = g.workspace_id)
       for update skip locked
  loop
    -- A statement of its own: what was parked before the lock was there is seen now.
    delete from atelier_engine.parked_groups g
     where g.user_id = emptied.user_id and g.model_id = emptied.model_id and g.workspace_id = emptied.workspace_id
       and not exists (
         select from atelier_engine.queue q
          where q.state = 'parked' and q.user_id = g.user_id and q.model_id = g.model_id
            and q.workspace_id = g.workspace_id);
  end loop;

  -- Who has nothing running has as much ready as may run: nothing changes for him until a claim takes it.
  update atelier_engine.parked_groups g set watched = false
    from (select w.user_id, w.model_id, w.workspace_id from atelier_engine.parked_groups w
           where w.watched
             and exists (select from atelier_engine.queue q
                          where q.user_id = w.user_id and q.model_id = w.model_id and q.workspace_id = w.workspace_id
                            and q.state = ready)
             and not exists (select from atelier_engine.queue q where q.user_id = w.user_id and q.state = 'leased')
             and not exists (select from atelier.workspaces c where c.id = w.workspace_id and c.max_running_jobs is not null)
             for no key update skip locked) idle
   where g.user_id = idle.user_id and g.model_id = idle.model_id and g.workspace_id = idle.workspace_id;
end;
$$;
comment on function atelier_engine.promote_parked() is
$$Make ready what a cap has room for again

As many of each group as may start, the first ones first; fairly between the members of a workspace.$$;
