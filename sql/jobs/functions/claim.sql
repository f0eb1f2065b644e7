-- Jobs: how the dispatcher claims work. Each call of the workers is one short transaction of its own.
-- Locks are always taken in this order: queue, attempts, jobs, endpoint_states.
--
-- Sessions keep their plans, and one that was made while a table was empty reads all of it: what touches jobs and the
-- queue runs without sequential scans, and a claim without joins that read a table as a whole, by plans that are made once:
-- making them takes longer than a claim. The planner's price for a scan that is needed all the same would start the JIT
-- compiler, so that is off, too. What the workers call is PL/pgSQL,
-- because SQL functions are planned anew for each call.

create or replace function atelier_engine.claim_jobs(p_max_jobs integer)
returns table (
  attempt_id uuid,
  job_id uuid,
  adapter text,
  url text,
  model text,
  parameters text,
  secret text,
  auth_header text,
  connect_timeout_ms integer,
  first_byte_timeout_ms integer,
  total_timeout_ms integer,
  max_output_bytes bigint,
  private_network boolean,
  adapter_options text,
  repeatable boolean,
  token_id uuid,
  sealed_secret bytea,
  webhook_url text
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
  free integer := p_max_jobs;
  free_here integer;
  allowed integer;
  claimed integer;
  share integer;
  room integer;
  more boolean;
  capped boolean;
  slot record;
  token record;
begin
  if p_max_jobs <= 0 or not atelier_engine.instance_is_adopted() then
    return;
  end if;
  -- Free slots are counted, so that only one claim at a time may run; a second dispatcher waits a moment. No advisory
  -- lock: everybody who can connect could hold that.
  lock table atelier_engine.instance in share row exclusive mode;
  perform atelier_engine.promote_due();
  perform atelier_engine.promote_parked();
  capped := atelier_engine.caps_in_force();
  for slot in select * from atelier_engine.free_slots(false) loop
    exit when free <= 0;
    free_here := least(free, slot.slots);
    if not slot.needs_token then
      allowed := least(free_here, atelier_engine.rate_room(slot.endpoint_id, null));
      continue when allowed <= 0;
      return query
        select c.* from atelier_engine.claim_for_slot(slot.endpoint_id, null, allowed, capped) c;
      get diagnostics claimed = row_count;
      free := free - claimed;
      continue;
    end if;
    -- Each token gets its share; then those that could take more, what others could not.
    for round in 1 .. 2 loop
      more := false;
      for token in
        select u.token_id, u.slots, count(*) over () - u.place + 1 as to_come
          from atelier_engine.usable_tokens(slot.provider_id) with ordinality u (token_id, slots, place)
         order by u.place
      loop
        share := case round when 1 then ceil(free_here / token.to_come::numeric)::integer else free_here end;
        room := least(free_here, token.slots, atelier_engine.rate_room(slot.endpoint_id, token.token_id));
        allowed := least(share, room);
        continue when allowed <= 0;
        return query
          select c.* from atelier_engine.claim_for_slot(slot.endpoint_id, token.token_id, allowed, capped) c;
        get diagnostics claimed = row_count;
        free := free - claimed;
        free_here := free_here - claimed;
        more := more or (claimed = allowed and room > allowed);
        exit when free_here <= 0;
      end loop;
      exit when free_here <= 0 or not more;
    end loop;
  end loop;
end;
$$;
grant execute on function atelier_engine.claim_jobs(integer) to atelier_worker;
comment on function atelier_engine.claim_jobs(integer) is
$$Claim ready jobs for the endpoints that have free slots

Highest priority first, then fairly between users by estimated time; at most p_max_jobs, and within the caps and rates of
users, workspaces, models, endpoints and tokens. Each claimed job gets an attempt in state submitting and a lease that
outlives the endpoint's time-outs. The secret of its token comes as it is stored, sealed; secret is for those that
0.1.0 stored in the clear. The job itself counts as queued until record_sent(). Nothing is claimed while the instance is not adopted. To be committed before anything
leaves the machine.$$;

create or replace function atelier_engine.promote_due()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  -- A try after the first keeps its place.
  update atelier_engine.queue q
     set state = 'ready',
         vtime = case q.vtime when 0 then atelier_engine.next_vtime(q.user_id, q.lane_id, q.priority, q.cost) else q.vtime end
   where q.state = 'waiting' and q.run_at <= clock_timestamp();
  perform atelier_engine.half_open_due();
end;
$$;
comment on function atelier_engine.promote_due() is 'Make ready what has waited long enough, and unblock endpoints';

create or replace function atelier_engine.free_slots(p_pull boolean)
returns table (endpoint_id uuid, provider_id uuid, slots integer, needs_token boolean)
language sql stable
begin atomic
  select f.id, f.provider_id, f.slots, f.needs_token
    from (select e.id, e.provider_id, e.max_concurrency, e.weight, b.busy, p.auth_scheme <> 'none' as needs_token,
                 case s.breaker_state when 'half_open' then least(e.max_concurrency, 1)
                                      else e.max_concurrency end - b.busy as slots
            from atelier.endpoints e
            join atelier.api_providers p on p.id = e.provider_id
            left join atelier_engine.endpoint_states s on s.endpoint_id = e.id
            cross join lateral (
              select count(*)::integer as busy
                from atelier_engine.queue q where q.endpoint_id = e.id and q.state = 'leased') b
           where e.is_active and p.is_active and s.blocked_until is null and (e.adapter = 'pull') = p_pull
             and not exists (
               select from atelier.pauses d
                where d.endpoint_id = e.id and (d.ends_at is null or d.ends_at > clock_timestamp()))) f
   where f.slots > 0
   order by (f.busy + 1) / (f.max_concurrency * f.weight), f.id;
end;
comment on function atelier_engine.free_slots(boolean) is
$$Endpoints that can take requests now, and how many

Those that are sent requests, or, with p_pull, those of workers, which ask themselves. The least busy first, by weight. One whose breaker is half open gets a single request, as a probe.$$;

create or replace function atelier_engine.claim_for_slot(
  p_endpoint_id uuid, p_token_id uuid, p_max_jobs integer, p_capped boolean
)
returns table (
  attempt_id uuid,
  job_id uuid,
  adapter text,
  url text,
  model text,
  parameters text,
  secret text,
  auth_header text,
  connect_timeout_ms integer,
  first_byte_timeout_ms integer,
  total_timeout_ms integer,
  max_output_bytes bigint,
  private_network boolean,
  adapter_options text,
  repeatable boolean,
  token_id uuid,
  sealed_secret bytea,
  webhook_url text
)
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  lease_margin constant interval := interval '1 minute';
  -- With caps, what is in front may have to be parked: look at enough of it.
  least_look constant integer := case when p_capped then 20 else 0 end;
  endpoint constant atelier.endpoints := (select e from atelier.endpoints e where e.id = p_endpoint_id);
  stored constant atelier_engine.provider_secrets := (
    select k from atelier_engine.provider_secrets k where k.token_id = p_token_id);
  auth_prefix constant text := (
    select p.auth_header_name || case p.auth_scheme when 'header' then '' else ': ' || initcap(p.auth_scheme) end
      from atelier.api_providers p where p.id = endpoint.provider_id and p_token_id is not null);
  options constant jsonb := (
    select p.adapter_options from atelier.api_providers p where p.id = endpoint.provider_id);
  reports_to constant text := (select p.webhook_url from atelier.api_providers p where p.id = endpoint.provider_id);
  capability_key constant bytea := case when reports_to is not null then atelier_engine.webhook_capability_key() end;
  lease_ends_at constant timestamptz := clock_timestamp() + lease_margin
    + make_interval(secs => (endpoint.connect_timeout_ms + endpoint.total_timeout_ms) / 1000.0);
  -- A webhook may come late, and still tell what a lost answer did not.
  capability_ends_at constant bigint :=
    extract(epoch from lease_ends_at + endpoint.hold_timeout + interval '1 day')::bigint;
  wanted integer := p_max_jobs;
  seen uuid[];
  chosen uuid[];
begin
  loop
    seen := array(
      select c.job_id
        from atelier_engine.open_routes r
        join atelier.api_models m on m.id = r.model_id
        cross join lateral (
          select q.job_id, q.priority, q.vtime
            from atelier_engine.queue q
           where q.state = 'ready' and q.model_id = r.model_id
             and q.avoid_endpoint_id is distinct from p_endpoint_id
           order by q.priority desc, q.vtime, q.job_id
           limit least(greatest(wanted, least_look), atelier_engine.model_room(m.id, m.max_concurrency))
             for update of q skip locked) c
       where r.endpoint_id = p_endpoint_id
       order by c.priority desc, c.vtime, c.job_id
       limit greatest(wanted, least_look));
    exit when cardinality(seen) = 0;
    chosen := case when p_capped then atelier_engine.within_caps(seen, wanted) else seen end;
    return query
      with leased as (
        update atelier_engine.queue q
           set state = 'leased', attempt_id = atelier.uuid7(), endpoint_id = p_endpoint_id, token_id = p_token_id,
               attempt_count = q.attempt_count + 1, progress = null,
               lease_expires_at = case when endpoint.adapter = 'pull' then (
                 select clock_timestamp() + atelier_engine.worker_lease(w.estimated_seconds)
                   from atelier.jobs w where w.id = q.job_id) else lease_ends_at end
          from unnest(chosen) with ordinality c (job_id, place)
         where q.job_id = c.job_id
        returning q.job_id, q.attempt_id, q.attempt_count, q.run_at, q.lane_id, q.priority, q.vtime, q.model_id, c.place),
      clock as (
        insert into atelier_engine.lane_clocks as k (lane_id, priority, vtime)
        select l.lane_id, l.priority, max(l.vtime) from leased l group by l.lane_id, l.priority
        on conflict on constraint lane_clocks_pkey do update set vtime = excluded.vtime where k.vtime < excluded.vtime),
      job as materialized (
        select l.place, l.attempt_id, l.attempt_count, l.run_at, l.model_id, j.id, j.user_id, j.api_model_id, j.enhanced_prompt,
               j.original_prompt, j.negative_prompt, j.parameters
          from leased l
          join atelier.jobs j on j.id = l.job_id),
      attempt as (
        insert into atelier_engine.attempts (
          id, job_id, number, endpoint_id, endpoint_name, token_id, ready_at, model_id)
        select j.attempt_id, j.id, j.attempt_count, endpoint.id, endpoint.name, p_token_id, j.run_at,
               nullif(j.model_id, j.api_model_id)
          from job j)
      select j.attempt_id, j.id, endpoint.adapter, endpoint.base_url, m.model_key,
             (jsonb_strip_nulls(jsonb_build_object(
                'prompt', coalesce(j.enhanced_prompt, j.original_prompt), 'negative_prompt', j.negative_prompt))
              || case when m.parameter_schema @? '$.properties.*.** ? (@.format == "picture")'
                      then atelier_engine.with_pictures(j.user_id, m.parameter_schema, j.parameters)
                      else j.parameters end)::text,
             stored.secret, auth_prefix,
             endpoint.connect_timeout_ms, endpoint.first_byte_timeout_ms, endpoint.total_timeout_ms,
             endpoint.max_output_bytes, endpoint.private_network, (options || m.adapter_options)::text,
             endpoint.ambiguity_policy = 'retry', p_token_id, stored.sealed,
             replace(reports_to, '{capability}',
                     atelier_engine.attempt_token(capability_key, j.attempt_id, capability_ends_at))
        from job j
        join atelier.api_models m on m.id = j.model_id
       order by j.place;
    if p_capped then
      perform atelier_engine.watch_parked(chosen);
    end if;
    wanted := wanted - cardinality(chosen);
    exit when wanted <= 0 or not p_capped or chosen = seen;
  end loop;
  if wanted < p_max_jobs and (p_token_id is not null or endpoint.requests_per_minute is not null) then
    perform atelier_engine.note_requests(p_endpoint_id, p_token_id, p_max_jobs - wanted);
  end if;
end;
$$;
comment on function atelier_engine.claim_for_slot(uuid, uuid, integer, boolean) is
$$Claim ready jobs for one endpoint and one of its tokens

p_capped says whether users or workspaces have caps: then jobs over a cap are parked on the way.$$;
