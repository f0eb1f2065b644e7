-- Jobs: what was asked and answered, for those who run the service.

create or replace function atelier.attempt_history(job_id uuid)
returns table (
  attempt integer,
  attempt_id uuid,
  state text,
  endpoint text,
  url text,
  model text,
  token text,
  external_id text,
  request jsonb,
  http_status integer,
  response text,
  error_class text,
  error_message text,
  ready_at timestamptz,
  claimed_at timestamptz,
  sent_at timestamptz,
  first_byte_at timestamptz,
  finished_at timestamptz,
  recorded_at timestamptz,
  has_late_result boolean
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.assert_operator();
  if not exists (select from atelier.jobs j where j.id = attempt_history.job_id) then
    raise sqlstate 'PT404' using message = 'no such job', hint = 'See atelier.jobs.';
  end if;
  return query
    select a.number, a.id, a.state, a.endpoint_name, e.base_url, m.model_key, t.name, a.external_id,
           atelier_engine.redact((
             jsonb_strip_nulls(jsonb_build_object(
               'prompt', coalesce(j.enhanced_prompt, j.original_prompt), 'negative_prompt', j.negative_prompt))
             || j.parameters)::text)::jsonb,
           a.http_status,
           case a.state when 'succeeded' then left(atelier_engine.redact(g.replicate_output::text), 4000) else a.error_detail end,
           a.error_class, a.error_message, a.ready_at, a.claimed_at, a.sent_at, a.first_byte_at, a.finished_at, a.recorded_at,
           exists (select from atelier_engine.late_results l where l.attempt_id = a.id)
      from atelier_engine.attempts a
      join atelier.jobs j on j.id = a.job_id
      left join atelier.api_models m on m.id = coalesce(a.model_id, j.api_model_id)
      left join atelier.endpoints e on e.id = a.endpoint_id
      left join atelier.provider_tokens t on t.id = a.token_id
      left join atelier.generations g on g.job_id = j.id
     where a.job_id = attempt_history.job_id
     order by a.number;
end;
$$;
grant execute on function atelier.attempt_history(uuid) to authenticated, service_role;
comment on function atelier.attempt_history(uuid) is
$$What was tried for a job, with what was asked and answered

One row per attempt. request is what the adapter got, response the beginning of what the server said: of a failure its
body, of a success what it told besides the outputs. Both without what looks like a credential; files are not repeated.
For administrators and the service role (42501); job_attempts() is for owners. PT404 for an unknown job.$$;
