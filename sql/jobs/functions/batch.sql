-- Jobs: many requests in one call.

create or replace function atelier.queue_jobs(requests jsonb[])
returns setof atelier.jobs
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
  caller constant uuid := auth.uid();
  most constant integer := 1000;
  amount constant integer := coalesce(cardinality(queue_jobs.requests), 0);
  ids uuid[];
begin
  perform atelier_engine.assert_may_submit(caller, 0);
  if amount > most or coalesce(array_ndims(queue_jobs.requests), 1) > 1 then
    raise invalid_parameter_value using
      message = 'too many requests in one call',
      detail = format('There are %s; the limit is %s.', amount, most), hint = 'Make several calls.';
  end if;
  perform atelier_engine.assert_room_for_jobs(caller, amount);
  begin
    ids := atelier_engine.submit_all(caller, queue_jobs.requests);
  exception when unique_violation then
    -- Another session with one of the keys was faster, and has committed: now it is found.
    ids := atelier_engine.submit_all(caller, queue_jobs.requests);
  end;
  return query
    select j.*
      from unnest(ids) with ordinality o (id, place)
      join atelier.jobs j on j.id = o.id
     order by o.place;
end;
$$;
grant execute on function atelier.queue_jobs(jsonb[]) to authenticated, service_role;
comment on function atelier.queue_jobs(jsonb[]) is
$$Ask for many pictures or videos in one call

Each request is an object whose keys are the arguments of queue_job(); besides, `after` may hold the positions (from 0) of
earlier requests of the same call that must be completed first. All of them are queued, or none. Returns the jobs in the
order of the requests, 1000 at most.
Errors are those of queue_job(), with the position of the request in front, as in requests[3]: prompt is empty.$$;

create or replace function atelier_engine.submit_all(p_user_id uuid, p_requests jsonb[])
returns uuid[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  place integer := 0;
  ids uuid[] := array[]::uuid[];
  keys text[] := array[]::text[];
  item jsonb;
  request atelier_engine.job_request;
  after_new uuid[];
  job atelier.jobs;
  known uuid;
  state text;
  problem text;
  details text;
  advice text;
begin
  foreach item in array coalesce(p_requests, array[]::jsonb[]) loop
    perform atelier_engine.assert_json_object('a request', item, 262144);
    request := atelier_engine.request_of(item - 'after');
    perform atelier_engine.assert_priority(request.priority);
    after_new := atelier_engine.earlier_jobs(item -> 'after', ids);
    if request.idempotency_key = any (keys) then
      raise invalid_parameter_value using message = 'the idempotency key occurs twice', hint = 'Each request has its own.';
    end if;
    keys := keys || request.idempotency_key;
    known := atelier_engine.job_of_key(p_user_id, request);
    if known is null then
      job := atelier_engine.prepare_job(p_user_id, request);
      known := atelier_engine.reusable_job(job);
    end if;
    if known is null then
      -- What is new in this call cannot have failed, and is checked no further.
      job := atelier_engine.store_job(
        job, request.depends_on || after_new, request.on_dependency_failure, request.enhancement);
    end if;
    ids := ids || coalesce(known, job.id);
    place := place + 1;
  end loop;
  return ids;
exception
  when unique_violation then
    raise;
  when others then
    get stacked diagnostics state = returned_sqlstate, problem = message_text, details = pg_exception_detail,
      advice = pg_exception_hint;
    raise using errcode = state, detail = details, hint = advice,
      message = case when place < cardinality(p_requests) then format('requests[%s]: ', place) else '' end || problem;
end;
$$;
comment on function atelier_engine.submit_all(uuid, jsonb[]) is
$$Queue many jobs for somebody, all or none

Returns their ids in the order of the requests. Raises 23505 when another session used one of the keys meanwhile.$$;

create or replace function atelier_engine.earlier_jobs(p_places jsonb, p_ids uuid[])
returns uuid[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_places is null then
    return array[]::uuid[];
  end if;
  if jsonb_typeof(p_places) <> 'array' or exists (
    select from jsonb_array_elements(p_places) p
     where case when jsonb_typeof(p.value) <> 'number' then true
                else (p.value #>> '{}')::numeric not between 0 and cardinality(p_ids) - 1
                     or (p.value #>> '{}')::numeric % 1 <> 0 end) then
    raise invalid_parameter_value using
      message = 'after names no earlier request', detail = format('Got %s.', left(p_places::text, 100)),
      hint = 'Use an array of positions of requests before this one, counted from 0.';
  end if;
  return array(select p_ids[p.value::integer + 1] from jsonb_array_elements(p_places) p);
end;
$$;
comment on function atelier_engine.earlier_jobs(jsonb, uuid[]) is
$$The jobs at these positions of a call

Raises 22023 for what is not a position before this one.$$;
