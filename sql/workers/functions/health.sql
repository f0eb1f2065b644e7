-- Workers: where they are and how they are, for operators.

create or replace function atelier.update_worker_url(worker_id uuid, worker_url text)
returns atelier.workers
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  worker atelier.workers := atelier_engine.own_worker(update_worker_url.worker_id);
begin
  update atelier.workers w
     set worker_url = update_worker_url.worker_url, last_heartbeat_at = clock_timestamp(), updated_at = clock_timestamp()
   where w.id = worker.id
  returning w.* into worker;
  return worker;
end;
$$;
grant execute on function atelier.update_worker_url(uuid, text) to authenticated, service_role;
comment on function atelier.update_worker_url(uuid, text) is
$$Say where a worker can be reached now

Fails as claim_jobs(), or with 23514 for what is no URL.$$;

create or replace function atelier.health_check_workers()
returns table (
  worker_id uuid,
  name text,
  worker_type text,
  worker_url text,
  version text,
  last_heartbeat_at timestamptz,
  busy integer,
  max_jobs integer,
  is_healthy boolean,
  problem text
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.assert_operator();
  return query
    select w.id, w.name, w.worker_type, w.worker_url, w.version, w.last_heartbeat_at, b.busy, e.max_concurrency,
           v.problem is null, v.problem
      from atelier.workers w
      join atelier.endpoints e on e.id = w.endpoint_id
      left join atelier_engine.endpoint_states s on s.endpoint_id = e.id
     cross join lateral (
       select count(*)::integer as busy
         from atelier_engine.queue q where q.endpoint_id = e.id and q.state = 'leased') b
     cross join lateral (
       select case when not e.is_active then 'its endpoint is not active'
                   when atelier_engine.worker_silence(e.id) is not null then 'not heard of for too long'
                   when s.breaker_state = 'open' then 'failed: ' || s.last_error end as problem) v
     order by w.name;
end;
$$;
grant execute on function atelier.health_check_workers() to authenticated, service_role;
comment on function atelier.health_check_workers() is
$$How the workers are

One that was not heard of for 90 seconds is not healthy. For administrators and the service role (42501).$$;

create or replace function atelier.get_active_worker_url(worker_type text default null)
returns table (worker_id uuid, name text, worker_url text, is_healthy boolean, last_heartbeat_at timestamptz)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.assert_operator();
  return query
    select h.worker_id, h.name, h.worker_url, h.is_healthy, h.last_heartbeat_at
      from atelier.health_check_workers() h
     where h.worker_url is not null
       and (get_active_worker_url.worker_type is null or h.worker_type = get_active_worker_url.worker_type)
     order by h.is_healthy desc, h.last_heartbeat_at desc
     limit 1;
  if not found then
    raise sqlstate 'PT404' using
      message = 'no such worker', detail = 'None of this type has said where it can be reached.',
      hint = 'A worker says it with register_worker() or update_worker_url().';
  end if;
end;
$$;
grant execute on function atelier.get_active_worker_url(text) to authenticated, service_role;
comment on function atelier.get_active_worker_url(text) is
$$Where a worker of this type can be reached

A healthy one if there is one, and of those the one last heard of. For administrators and the service role (42501). PT404
when none has said where.$$;
