-- Jobs: asking a provider what became of a request whose answer was lost. The job is held until that is known.

create or replace function atelier_engine.can_look_up(p_endpoint_id uuid, p_external_id text)
returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return exists (
    select from atelier.endpoints e
      join atelier.api_providers p on p.id = e.provider_id
     where e.id = p_endpoint_id
       and ((p_external_id is not null and e.adapter = any (atelier_engine.adapters_that_resume()))
            or (e.ambiguity_policy = 'lookup' and e.adapter = any (atelier_engine.adapters_with_lookup())
                and (p.adapter_options ? 'lookup' or e.adapter = any (atelier_engine.adapters_that_choose_ids())))));
end;
$$;
comment on function atelier_engine.can_look_up(uuid, text) is
$$Whether an endpoint can be asked what became of a request, and shall be

With the id that its server gave to it always, where the adapter can go on with that: it costs nothing, and to send the
request once more would. Else where ambiguity_policy is lookup.$$;

create or replace function atelier_engine.start_lookup(
  p_job_id uuid, p_attempt_id uuid, p_error_class text, p_error_message text
)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.hold_job(p_job_id, p_attempt_id, p_error_class, p_error_message);
  insert into atelier_engine.lookups (attempt_id, job_id) values (p_attempt_id, p_job_id)
      on conflict on constraint lookups_pkey do update set ask_at = excluded.ask_at;
end;
$$;
comment on function atelier_engine.start_lookup(uuid, uuid, text, text) is
  'Hold a job and have its provider asked what became of the attempt';

create or replace function atelier_engine.next_lookup_at()
returns timestamptz
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if not atelier_engine.instance_is_adopted() then
    return null;
  end if;
  return least((select min(l.ask_at) from atelier_engine.lookups l), (select min(s.ask_at) from atelier_engine.stops s));
end;
$$;
grant execute on function atelier_engine.next_lookup_at() to atelier_worker;
comment on function atelier_engine.next_lookup_at() is 'When claim_lookups() will have something to do; null: not at all';

create or replace function atelier_engine.claim_lookups()
returns table (
  inquiry_id uuid,
  attempt_id uuid,
  adapter text,
  url text,
  model text,
  parameters text,
  secret text,
  auth_header text,
  connect_timeout_ms integer,
  total_timeout_ms integer,
  max_output_bytes bigint,
  private_network boolean,
  adapter_options text,
  external_id text,
  is_stop boolean,
  token_id uuid,
  sealed_secret bytea
)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  batch constant integer := 50;
  spare constant interval := interval '10 seconds';
  due uuid[];
  to_stop uuid[];
begin
  if not atelier_engine.instance_is_adopted() then
    return;
  end if;
  -- Somebody decided, or the answer came after all.
  delete from atelier_engine.lookups l
   where not exists (
     select from atelier_engine.queue q
      where q.job_id = l.job_id and q.attempt_id = l.attempt_id and q.state = 'held');
  due := array(
    select l.attempt_id from atelier_engine.lookups l
     where l.ask_at <= clock_timestamp() order by l.ask_at, l.attempt_id limit batch);
  update atelier_engine.lookups l
     set ask_at = clock_timestamp() + spare + make_interval(secs => coalesce(e.connect_timeout_ms + e.total_timeout_ms, 0) / 1000.0)
    from atelier_engine.attempts a
    left join atelier.endpoints e on e.id = a.endpoint_id
   where l.attempt_id = any (due) and a.id = l.attempt_id;
  -- With its endpoint the way to its provider is gone.
  delete from atelier_engine.stops s
   where s.ask_at <= clock_timestamp()
     and not exists (
       select from atelier_engine.attempts a
         join atelier.endpoints e on e.id = a.endpoint_id
        where a.id = s.attempt_id);
  to_stop := array(
    select s.attempt_id from atelier_engine.stops s
     where s.ask_at <= clock_timestamp() order by s.ask_at, s.attempt_id limit batch);
  update atelier_engine.stops s set ask_at = clock_timestamp() + interval '1 minute' where s.attempt_id = any (to_stop);
  return query
    select atelier.uuid7(), a.id, e.adapter, e.base_url, m.model_key, atelier_engine.request_parameters(j),
           k.secret, case when k.token_id is not null then
             p.auth_header_name || case p.auth_scheme when 'header' then '' else ': ' || initcap(p.auth_scheme) end end,
           e.connect_timeout_ms, e.total_timeout_ms, e.max_output_bytes, e.private_network,
           (p.adapter_options || m.adapter_options)::text, a.external_id, l.is_stop, k.token_id, k.sealed
      from (select u.attempt_id, false as is_stop from unnest(due) u (attempt_id)
            union all
            select u.attempt_id, true from unnest(to_stop) u (attempt_id)) l
      join atelier_engine.attempts a on a.id = l.attempt_id
      join atelier.jobs j on j.id = a.job_id
      join atelier.api_models m on m.id = coalesce(a.model_id, j.api_model_id)
      join atelier.endpoints e on e.id = a.endpoint_id
      join atelier.api_providers p on p.id = e.provider_id
      left join atelier_engine.provider_secrets k on k.token_id = a.token_id
     where l.is_stop or atelier_engine.can_look_up(e.id, a.external_id);
end;
$$;
grant execute on function atelier_engine.claim_lookups() to atelier_worker;
comment on function atelier_engine.claim_lookups() is
$$The requests whose provider is to be asked now what became of them, or told to stop

With the token that they were made with, because another account might not know them.$$;

create or replace function atelier_engine.record_lookups(p_answers jsonb)
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  answer record;
  settled integer := 0;
begin
  for answer in
    select r.*, l.job_id, q.state = 'held' and q.attempt_id = l.attempt_id as is_open
      from jsonb_to_recordset(p_answers)
             r (attempt_id uuid, state text, progress real, error_class text, http_status integer, message text, detail text)
      join atelier_engine.lookups l on l.attempt_id = r.attempt_id
      join atelier_engine.queue q on q.job_id = l.job_id
     order by l.job_id
       for update of q
  loop
    continue when not answer.is_open;
    update atelier_engine.lookups l
       set asked = l.asked + 1, last_answer = left(atelier_engine.redact(coalesce(answer.message, answer.state)), 1000),
           unknown_count = case answer.state when 'unknown' then l.unknown_count + 1 else 0 end,
           ask_at = clock_timestamp() + case answer.state when 'unknown' then interval '3 seconds'
                                                          else atelier_engine.back_off(l.asked + 1) / 2 end
     where l.attempt_id = answer.attempt_id;
    case answer.state
      when 'running' then
        perform atelier_engine.wait_for_lookup(answer.job_id, answer.attempt_id, answer.progress);
      when 'unknown' then
        settled := settled + atelier_engine.retry_unknown(answer.job_id, answer.attempt_id)::integer;
      when 'failed' then
        perform atelier_engine.take_up_held_attempt(answer.attempt_id);
        perform atelier_engine.record_failure(
                  a.id, answer.error_class, answer.http_status, answer.message, answer.detail, null, true,
                  a.started_at, a.sent_at, a.first_byte_at, clock_timestamp())
           from atelier_engine.attempts a where a.id = answer.attempt_id;
        settled := settled + 1;
      else null;
    end case;
  end loop;
  return settled;
end;
$$;
grant execute on function atelier_engine.record_lookups(jsonb) to atelier_worker;
comment on function atelier_engine.record_lookups(jsonb) is
$$Record what providers said about requests whose answer was lost

An array of {attempt_id, state, progress, error_class, http_status, message, detail}. state: running (the job waits on),
unknown (said twice: the request never arrived, and the job gets another try), failed (as if the answer had come), anything
else: it did not say. A result is recorded by record_successes(), like every other. Returns how many are settled.$$;

create or replace function atelier_engine.wait_for_lookup(p_job_id uuid, p_attempt_id uuid, p_progress real)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  update atelier_engine.queue q
     set progress = case when p_progress between 0 and 1 then p_progress else q.progress end,
         next_check_at = greatest(
           q.next_check_at, a.claimed_at + make_interval(secs => e.total_timeout_ms / 1000.0) + e.hold_timeout)
    from atelier_engine.attempts a
    join atelier.endpoints e on e.id = a.endpoint_id
   where q.job_id = p_job_id and a.id = p_attempt_id;
end;
$$;
comment on function atelier_engine.wait_for_lookup(uuid, uuid, real) is
  'Wait on for a request that is being carried out: for as long as it may take, and hold_timeout more';

create or replace function atelier_engine.retry_unknown(p_job_id uuid, p_attempt_id uuid)
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  enough constant integer := 2;
  policy atelier.retry_policies;
  job atelier.jobs;
begin
  -- Once is not enough: the request may still be on its way through the network when its sender is dead.
  if (select l.unknown_count < enough from atelier_engine.lookups l where l.attempt_id = p_attempt_id) then
    return false;
  end if;
  delete from atelier_engine.lookups l where l.attempt_id = p_attempt_id;
  select j.* into job from atelier.jobs j where j.id = p_job_id;
  policy := atelier_engine.retry_policy_for(
    coalesce(job.error_class, 'ambiguous'), (select a.endpoint_id from atelier_engine.attempts a where a.id = p_attempt_id));
  policy.uses_up_attempt := true;
  perform atelier_engine.apply_retry_policy(p_job_id, p_attempt_id, policy, job.error_class, job.error_message);
  return true;
end;
$$;
comment on function atelier_engine.retry_unknown(uuid, uuid) is
  'Try a job again whose provider has said twice that it does not know the request. False when it said so only once.';

create or replace function atelier_engine.request_parameters(p_job atelier.jobs)
returns text
language sql immutable
begin atomic
  select (jsonb_strip_nulls(jsonb_build_object(
            'prompt', coalesce(p_job.enhanced_prompt, p_job.original_prompt), 'negative_prompt', p_job.negative_prompt))
          || p_job.parameters)::text;
end;
comment on function atelier_engine.request_parameters(atelier.jobs) is
  'What a job asks for, as adapters take it. The claim has the same, written out because it is in a hurry.';
