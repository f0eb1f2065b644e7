-- Jobs: requests that were made before. Internal to queue_job() and queue_jobs().

create or replace function atelier_engine.request_hash(p_request atelier_engine.job_request)
returns bytea
language sql stable
set timezone = 'UTC'  -- run_at is a part of it
begin atomic
  select sha256(convert_to(jsonb_strip_nulls(to_jsonb(p_request))::text, 'UTF8'));
end;
comment on function atelier_engine.request_hash(atelier_engine.job_request) is
  'SHA-256 of everything that a request says';

create or replace function atelier_engine.content_hash(p_job atelier.jobs)
returns bytea
language sql stable
begin atomic
  select sha256(convert_to(jsonb_build_array(
           p_job.api_model_id, m.version, p_job.job_type, p_job.original_prompt, p_job.negative_prompt,
           p_job.parameters, p_job.destination, p_job.workspace_id)::text, 'UTF8'))
    from atelier.api_models m
   where m.id = p_job.api_model_id;
end;
comment on function atelier_engine.content_hash(atelier.jobs) is
$$SHA-256 of what decides about the outputs of a job

Model and its version, prompts, parameters as they are before a seed is drawn, and where the outputs go.$$;

create or replace function atelier_engine.job_of_key(p_user_id uuid, p_request atelier_engine.job_request)
returns uuid
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  found_id uuid;
  found_hash bytea;
begin
  if p_request.idempotency_key is null then
    return null;
  end if;
  if char_length(p_request.idempotency_key) not between 1 and 255 then
    raise invalid_parameter_value using
      message = 'idempotency_key must have 1 to 255 characters', hint = 'A random UUID for each request is a good one.';
  end if;
  select j.id, j.request_hash into found_id, found_hash
    from atelier.jobs j
   where j.user_id = p_user_id and j.idempotency_key = p_request.idempotency_key;
  -- The hash writes them out, before anything else has looked at them.
  perform atelier_engine.assert_json_numbers('parameters', p_request.parameters),
          atelier_engine.assert_json_numbers('metadata', p_request.metadata);
  if found_hash <> atelier_engine.request_hash(p_request) then
    raise sqlstate 'PT422' using
      message = 'the idempotency key was used for another request',
      detail = format('It made the job %s.', found_id),
      hint = 'Use a new key for a new request, and repeat a request without any change.';
  end if;
  return found_id;
end;
$$;
comment on function atelier_engine.job_of_key(uuid, atelier_engine.job_request) is
$$The job that was made with the idempotency key of a request

Null when there is no key, or no such job yet. Raises PT422 when it was another request, 22023 for a key without
characters or with too many.$$;

create or replace function atelier_engine.reusable_job(p_job atelier.jobs)
returns uuid
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_job.content_hash is null then
    return null;
  end if;
  return (
    select j.id
      from atelier.jobs j
     where j.user_id = p_job.user_id and j.content_hash = p_job.content_hash
       and (j.status in ('queued', 'processing') and j.cancel_requested_at is null
            or j.status = 'completed' and atelier_engine.has_all_outputs(j))
     order by j.created_at desc
     limit 1);
end;
$$;
comment on function atelier_engine.reusable_job(atelier.jobs) is
$$The latest job of a person with the same content whose result can be had

One that has not ended, or whose outputs are all where they were put; null: none. Only jobs that were queued
with reuse_result have a content hash, so others are never found.$$;

create or replace function atelier_engine.has_all_outputs(p_job atelier.jobs)
returns boolean
language sql stable
begin atomic
  -- Where the answer is data, it is in the generation.
  select coalesce(bool_and(
           case when u.url is null then g.result is not null
                else exists (select from storage.objects o
                              where o.bucket_id = split_part(u.url, '/', 1)
                                and o.name = substr(u.url, strpos(u.url, '/') + 1)) end),
           false)
    from atelier.generations g
    left join unnest(g.output_urls) u (url) on true
   where g.job_id = p_job.id;
end;
comment on function atelier_engine.has_all_outputs(atelier.jobs) is
  'Whether all outputs of a completed job are still where they were put';
