-- Billing: what is written down of every call. Whoever records the outcome of attempts calls log_calls().

create or replace function atelier_engine.calls_of(p_attempt_ids uuid[], p_outputs jsonb[], p_metadata jsonb[])
returns table (
  attempt_id uuid, job_id uuid, number integer, state text, token_id uuid, claimed_at timestamptz, started_at timestamptz,
  sent_at timestamptz, finished_at timestamptz, recorded_at timestamptz, error_class text, error_message text,
  error_detail text, http_status integer, user_id uuid, job_type text, job_metadata jsonb, metadata jsonb,
  is_fallback boolean, body jsonb, clean_metadata jsonb, processing_status text, provider text, currency text,
  model_key text, url text, provider_id uuid, model_id uuid, outputs jsonb
)
language sql stable
begin atomic
  -- One look into an index for each call, whatever the planner believes of the tables.
  select a.id as attempt_id, a.job_id, a.number, a.state, a.token_id, a.claimed_at, a.started_at, a.sent_at, a.finished_at,
         a.recorded_at, a.error_class, a.error_message, a.error_detail, a.http_status, j.user_id, j.job_type,
         j.metadata as job_metadata, g.metadata,
         coalesce(a.model_id, j.api_model_id) is distinct from j.api_model_id as is_fallback,
         case when atelier_engine.needs_no_redaction(j.body) then j.body else atelier_engine.loggable(j.body) end as body,
         case when atelier_engine.needs_no_redaction(coalesce(g.metadata, '{}')) then g.metadata
              else atelier_engine.loggable(g.metadata) end as clean_metadata,
         case when a.state = 'succeeded' or g.metadata is not null then 'completed'
              when a.state in ('failed', 'cancelled') then 'failed' else 'processing' end as processing_status,
         coalesce(p.name, 'unknown') as provider, coalesce(p.currency, 'USD') as currency, m.model_key,
         coalesce(substring(e.base_url from '^[^?#]*'), 'unknown') as url, e.provider_id, m.id as model_id,
         coalesce(g.outputs, '[]') as outputs
    from unnest(p_attempt_ids, p_outputs, p_metadata) g (attempt_id, outputs, metadata)
   cross join lateral (select a.* from atelier_engine.attempts a where a.id = g.attempt_id offset 0) a
   cross join lateral (
     select j.user_id, j.job_type, j.metadata, j.api_model_id,
            jsonb_strip_nulls(jsonb_build_object('prompt', coalesce(j.enhanced_prompt, j.original_prompt),
                                                 'negative_prompt', j.negative_prompt)) || j.parameters as body
       from atelier.jobs j where j.id = a.job_id offset 0) j
    left join atelier.endpoints e on e.id = a.endpoint_id
    left join atelier.api_providers p on p.id = e.provider_id
    left join atelier.api_models m on m.id = coalesce(a.model_id, j.api_model_id);
end;
comment on function atelier_engine.calls_of(uuid[], jsonb[], jsonb[]) is
  'What the logs tell of calls: the arguments of write_call_logs(), and what attempts, jobs and the catalogue say';

create or replace function atelier_engine.write_call_logs(
  p_attempt_ids uuid[], p_outputs jsonb[], p_metadata jsonb[], p_again boolean
)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
set plan_cache_mode = force_generic_plan
as $$
declare
  logging constant boolean := coalesce(current_setting('atelier.api_logging', true), 'on')::boolean;
  -- Calls without a token and a price have nothing to do with costs, and in many a database all of them are such.
  priced constant boolean := (exists (select from atelier.api_prices) or exists (select from atelier.provider_tokens))
    and (p_again or exists (
      select from unnest(p_attempt_ids, p_metadata) g (attempt_id, metadata)
       cross join lateral (
         select a.token_id, a.endpoint_id from atelier_engine.attempts a where a.id = g.attempt_id offset 0) a
       where a.token_id is not null or g.metadata ? 'cost'
          or exists (select from atelier.endpoints e join atelier.api_prices p on p.provider_id = e.provider_id
                      where e.id = a.endpoint_id)));
  spenders uuid[];
  amounts numeric[];
begin
  if not (logging or priced) then
    return;
  end if;
  if p_again then
    delete from atelier.api_logs l using atelier_engine.attempts a
     where a.id = any (p_attempt_ids) and l.attempt_id = a.id and l.created_at = a.claimed_at;
    delete from atelier_engine.unlogged_calls u where u.attempt_id = any (p_attempt_ids);
  end if;
  if logging then
    insert into atelier.api_logs (
      method, path, status_code, duration_ms, user_id, provider, external_status, model_name, generation_id, request_body,
      error_message, error_stack, error_category, response_summary, is_fallback, retry_count, created_at, job_id, attempt_id)
    select 'POST', regexp_replace(c.url, '(\w://)[^/@]+@', '\1'),
           coalesce(c.http_status, case c.processing_status when 'completed' then 200 end),
           least(atelier_engine.milliseconds_between(coalesce(c.sent_at, c.started_at), c.finished_at), 2147483647)::integer,
           c.user_id, c.provider, c.state, c.model_key,
           case c.state when 'succeeded' then (select g.id from atelier.generations g where g.job_id = c.job_id) end,
           c.body, left(atelier_engine.redact(c.error_message), 2000), left(c.error_detail, 4000), c.error_class,
           case when c.processing_status = 'completed'
                then jsonb_build_object('output_count', jsonb_array_length(c.outputs)) || coalesce(c.clean_metadata, '{}') end,
           c.is_fallback, c.number - 1, c.claimed_at, c.job_id, c.attempt_id
      from atelier_engine.calls_of(p_attempt_ids, p_outputs, p_metadata) c;
  end if;
  if not priced then
    return;
  end if;
  with call as materialized (
    select c.* from atelier_engine.calls_of(p_attempt_ids, p_outputs, p_metadata) c),
  costing as materialized (
    select c.*, s.said, k.quantities, t.cost as estimate
      from call c
     cross join lateral (
       select atelier_engine.quantity(c.metadata -> 'cost') as said,
              exists (select from atelier.api_prices p where p.provider_id = c.provider_id) as may_have_price offset 0) s
     cross join lateral (
       select case when c.processing_status = 'completed' and (c.token_id is not null or s.may_have_price or s.said is not null)
                   then atelier_engine.call_quantities(c.metadata, c.outputs, c.sent_at, c.finished_at) end as quantities offset 0) k
      left join lateral (
       select e.has_price, e.cost
         from atelier_engine.estimated_cost(c.provider_id, c.model_id, c.claimed_at, coalesce(k.quantities, '{}')) e
        where s.may_have_price) t on true
     where priced and (c.token_id is not null or t.has_price or s.said is not null)
       -- A request that never left was no call.
       and (c.state not in ('failed', 'cancelled') or c.sent_at is not null or c.http_status is not null or c.metadata is not null)),
  gone as (
    delete from atelier.api_cost_logs l using atelier_engine.attempts a
     where p_again and a.id = any (p_attempt_ids) and l.attempt_id = a.id and l.created_at = a.claimed_at
    returning l.attempt_id, l.token_id, coalesce(l.actual_cost, l.estimated_cost) as cost),
  costed as (
    insert into atelier.api_cost_logs (
      user_id, provider, operation, model_used, prompt_tokens, completion_tokens, total_tokens, estimated_cost, metadata, created_at,
      content_id, processing_status, generation_params, prompt_used, error_message, completed_at, started_at, ai_config_name,
      character_profile_id, actual_cost, actual_cost_usd, currency, job_id, attempt_id, token_id)
    select c.user_id, c.provider, c.job_type, c.model_key, k.prompt, k.completion, k.prompt + k.completion,
           case c.processing_status when 'completed' then c.estimate end,
           jsonb_strip_nulls(jsonb_build_object('quantities', c.quantities, 'usage', c.clean_metadata -> 'usage', 'metrics', c.clean_metadata -> 'metrics')),
           c.claimed_at, atelier_engine.uuid_in(c.job_metadata -> 'content_id'), c.processing_status,
           c.body - 'prompt', c.body ->> 'prompt', left(c.error_message, 2000), coalesce(c.finished_at, c.recorded_at),
           coalesce(c.started_at, c.claimed_at), left(c.job_metadata ->> 'ai_config_name', 200),
           atelier_engine.uuid_in(c.job_metadata -> 'character_profile_id'), c.said, case c.currency when 'USD' then c.said end,
           c.currency, c.job_id, c.attempt_id, c.token_id
      from costing c
     cross join lateral (
       select trunc((c.quantities ->> 'prompt_token')::numeric)::bigint as prompt,
              trunc((c.quantities ->> 'output_token')::numeric)::bigint as completion) k
    returning attempt_id, job_id, token_id, currency, processing_status, coalesce(actual_cost, estimated_cost) as cost),
  told as (
    update atelier.generations g set cost_usd = round(c.cost, 6)
      from costed c
     where g.job_id = c.job_id and c.processing_status = 'completed' and c.currency = 'USD' and c.cost < 10000),
  spent as (
    select s.token_id, sum(s.cost) as cost
      from (select c.token_id, c.cost from costed c union all select o.token_id, -o.cost from gone o) s
     where s.token_id is not null
     group by s.token_id
    having sum(s.cost) <> 0)
  select array_agg(s.token_id order by s.token_id), array_agg(s.cost order by s.token_id) into spenders, amounts from spent s;
  perform atelier_engine.note_spending(s.token_id, s.cost, clock_timestamp()) from unnest(spenders, amounts) s (token_id, cost);
end;
$$;
comment on function atelier_engine.write_call_logs(uuid[], jsonb[], jsonb[], boolean) is
$$Log calls and what they cost

Of attempts whose outcome has been written down; p_outputs and p_metadata are those of record_successes(), null where there
was no result. p_again: they may have been logged before, when less was known, and are logged anew. What they cost counts
against the caps of their tokens. Raises 23514 where a partition is missing.$$;

create or replace function atelier_engine.log_calls(
  p_attempt_ids uuid[], p_outputs jsonb[], p_metadata jsonb[], p_again boolean
)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  problem text;
begin
  perform atelier_engine.write_call_logs(p_attempt_ids, p_outputs, p_metadata, p_again);
exception when others then
  -- Whatever it is: a result is worth more than its log.
  get stacked diagnostics problem = message_text;
  insert into atelier_engine.unlogged_calls as u (attempt_id, outputs, metadata, last_error)
  select g.attempt_id, g.outputs, g.metadata, left(problem, 1000)
    from unnest(p_attempt_ids, p_outputs, p_metadata) g (attempt_id, outputs, metadata)
   order by g.attempt_id
      on conflict on constraint unlogged_calls_pkey do update
         set outputs = excluded.outputs, metadata = excluded.metadata, last_error = excluded.last_error;
  perform atelier_engine.wake_janitor();
end;
$$;
comment on function atelier_engine.log_calls(uuid[], jsonb[], jsonb[], boolean) is
$$Log calls and what they cost, or remember that the janitor has to

As write_call_logs(), but never raises an error: what cannot be logged now is in unlogged_calls.$$;

create or replace function atelier_engine.log_unlogged_calls()
returns integer
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  batch constant integer := 1000;
  most_tries constant integer := 10;
  waiting record;
  problem text;
  logged integer := 0;
begin
  for waiting in
    select u.attempt_id, u.outputs, u.metadata from atelier_engine.unlogged_calls u
     order by u.tries, u.noted_at limit batch for update skip locked
  loop
    -- One by one, so that one that cannot be logged at all keeps back no other.
    begin
      perform atelier_engine.write_call_logs(array[waiting.attempt_id], array[waiting.outputs], array[waiting.metadata], true);
      delete from atelier_engine.unlogged_calls u where u.attempt_id = waiting.attempt_id;
      logged := logged + 1;
    exception when others then
      get stacked diagnostics problem = message_text;
      update atelier_engine.unlogged_calls u set tries = u.tries + 1, last_error = left(problem, 1000)
       where u.attempt_id = waiting.attempt_id;
    end;
  end loop;
  delete from atelier_engine.unlogged_calls u where u.tries >= most_tries;
  return logged;
end;
$$;
comment on function atelier_engine.log_unlogged_calls() is
$$Log the calls of unlogged_calls

1000 at a time; one that fails ten times is given up. Returns how many were logged.$$;

create or replace function atelier_engine.uuid_in(p_value jsonb)
returns uuid
language sql immutable
begin atomic
  select case when p_value #>> '{}' ~ '^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$' then (p_value #>> '{}')::uuid end;
end;
comment on function atelier_engine.uuid_in(jsonb) is 'The UUID that is written there; null for anything else';

create or replace function atelier_engine.forget_person_in_logs()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  update atelier.api_cost_logs l set user_id = null, prompt_used = null, generation_params = '{}'
    from gone g where l.user_id = g.id;
  update atelier.api_logs l set user_id = null, request_body = null, response_summary = null, error_message = null, error_stack = null
    from gone g where l.user_id = g.id;
  return null;
end;
$$;
comment on function atelier_engine.forget_person_in_logs() is
  'Trigger: of a deleted user the logs keep what was spent, and neither who it was nor what was asked';

create or replace function atelier_engine.examine_logs()
returns table (check_name text, status text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select 'logs', case when w.waiting = 0 then 'ok' else 'warning' end,
           case when w.waiting = 0 then 'every call is logged'
                else format('%s calls wait to be logged, the first since %s: %s', w.waiting, w.since, w.problem) end,
           case when w.waiting > 0 then 'The janitor tries again each round; what they cost does not count until then.' end
      from (select count(*) as waiting, min(u.noted_at) as since, min(u.last_error) as problem
              from atelier_engine.unlogged_calls u) w;
end;
$$;
comment on function atelier_engine.examine_logs() is 'Part of doctor(): calls that could not be logged';
