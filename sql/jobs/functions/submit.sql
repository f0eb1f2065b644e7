-- Jobs: what users call.

create or replace function atelier.queue_job(
  prompt text,
  model text default null,
  parameters jsonb default '{}',
  negative_prompt text default null,
  job_type text default null,
  destination text default 'workspace',
  workspace_session_id uuid default null,
  priority integer default 0,
  metadata jsonb default '{}',
  depends_on uuid[] default '{}',
  workspace_id uuid default null,
  run_at timestamptz default null,
  idempotency_key text default null,
  reuse_result boolean default false,
  on_dependency_failure text default 'fail',
  enhancement jsonb default null
)
returns atelier.jobs
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
begin
  perform atelier_engine.assert_may_submit(auth.uid(), queue_job.priority);
  return atelier_engine.submit(auth.uid(), row(
    queue_job.prompt, queue_job.model, queue_job.parameters, queue_job.negative_prompt, queue_job.job_type,
    queue_job.destination, queue_job.workspace_session_id, queue_job.priority, queue_job.metadata,
    queue_job.depends_on, queue_job.workspace_id, queue_job.run_at, queue_job.idempotency_key,
    queue_job.reuse_result, queue_job.on_dependency_failure, nullif(queue_job.enhancement, 'false'))::atelier_engine.job_request);
end;
$$;
grant execute on function atelier.queue_job(
  text, text, jsonb, text, text, text, uuid, integer, jsonb, uuid[], uuid, timestamptz, text, boolean, text, jsonb)
  to authenticated, service_role;
comment on function atelier.queue_job(
  text, text, jsonb, text, text, text, uuid, integer, jsonb, uuid[], uuid, timestamptz, text, boolean, text, jsonb) is
$$Ask for pictures, videos or texts

Queues one job for the signed-in user and returns it; it starts when the transaction commits. `model` is a model_key or
alias (default: the default model), `parameters` what the model's parameter_schema knows, such as width, height, steps,
guidance, seed and n; `negative_prompt` what to avoid (null is not the same as an empty one); `job_type` one of the
model's job types; `destination` workspace or library; `workspace_id` a team that shall see the result. Only the service
role may raise `priority`. A language model may be asked by the parameters `messages` or `input` alone.
`depends_on` are jobs that must be completed first; when one of them fails or is cancelled, `on_dependency_failure` says
what happens: fail, skip (the job is cancelled) or start all the same. `run_at` is the earliest time to start, at most a
year ahead. With an `idempotency_key` the same request gives the same job again, as long as the job exists, so that a
request whose answer got lost can be sent again. With `reuse_result` a job of yours that was queued with it, too, and
asks for the same comes back instead of a new one, if it has not ended or its outputs are still there; without a seed
any seed will do. With `enhancement` a language model rewrites the prompt first, and the job waits for it: true, or an
object of model, template_id, mode (rewrite, modify, exact_copy), content_mode, use_case, presets, reserved_tokens, test
and enhanced_prompt; docs/prompting.md tells what they mean. When nothing good comes of it the prompt stays as it is.
Fails with PT401 (not signed in), PT403 (the account is deactivated), PT404 (no profile, unknown model, session,
workspace or job), PT409 (a job in depends_on failed), PT422 (the key was used for another request, or moderation refuses the prompt), PT429 (too many
unfinished jobs), PT503 (the model or the account is being drained), 42501 (priority), 25006 (this server is a standby)
PT413 or PT415 (pictures to start from that are too large, or none)
or 22023 (anything else, with a hint), and leaves nothing behind.$$;

-- No SET clause and no rights of the owner: either would forbid the commit.
create or replace procedure atelier.generate(
  prompt text,
  model text default null,
  parameters jsonb default '{}',
  negative_prompt text default null,
  job_type text default null,
  destination text default 'workspace',
  workspace_session_id uuid default null,
  wait_timeout interval default interval '5 minutes',
  inout job_id uuid default null,
  inout status text default null
)
language plpgsql
as $$
declare
  job atelier.jobs;
begin
  job := atelier.queue_job(generate.prompt, generate.model, generate.parameters, generate.negative_prompt,
                           generate.job_type, generate.destination, generate.workspace_session_id);
  generate.job_id := job.id;
  commit;
  call atelier.wait_for_job(generate.job_id, generate.wait_timeout, generate.status);
  if generate.status in ('failed', 'cancelled') then
    select j.* into job from atelier.jobs j where j.id = generate.job_id;
    raise sqlstate 'PT422' using
      message = pg_catalog.format('the job %s', case job.status when 'failed' then 'failed' else 'was cancelled' end),
      detail = pg_catalog.concat_ws(' ', pg_catalog.format('Job %s:', job.id), job.error_message),
      hint = 'atelier.job_attempts() tells what was tried.';
  end if;
end;
$$;
grant execute on procedure atelier.generate(text, text, jsonb, text, text, text, uuid, interval, uuid, text)
  to authenticated, service_role;
comment on procedure atelier.generate(text, text, jsonb, text, text, text, uuid, interval, uuid, text) is
$$Ask for pictures and wait for them

queue_job(), commit, wait_for_job(). Gives back the id of the job and its status; when wait_timeout has passed that is
queued or processing, and the job goes on. Raises what queue_job() raises, and PT422 when the job failed or was
cancelled. It commits, so it cannot run inside a transaction block, and request.jwt.claims must be set for the session,
not by SET LOCAL.$$;

create or replace function atelier.cancel_job(job_id uuid)
returns atelier.jobs
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
  queue_state text;
  job atelier.jobs;
begin
  if not exists (
    select from atelier.jobs j
     where j.id = cancel_job.job_id and (j.user_id = auth.uid() or atelier_engine.is_service_role())) then
    raise sqlstate 'PT404' using
      message = 'no such job', hint = 'The job does not exist or belongs to somebody else.';
  end if;
  -- The workers lock the queue row first, too, and that of what rewrites the prompt before.
  perform atelier_engine.lock_enhancement(cancel_job.job_id);
  select q.state into queue_state from atelier_engine.queue q where q.job_id = cancel_job.job_id for update;
  select j.* into job from atelier.jobs j where j.id = cancel_job.job_id;
  if job.status in ('queued', 'processing') then
    if queue_state = 'leased' then
      update atelier.jobs j set cancel_requested_at = coalesce(j.cancel_requested_at, clock_timestamp())
       where j.id = job.id;
      perform atelier_engine.wake_for_cancel();
    else
      perform atelier_engine.finish_job(job.id, 'cancelled', null, null);
      perform atelier_engine.wake_dispatcher();
    end if;
  end if;
  select j.* into job from atelier.jobs j where j.id = cancel_job.job_id;
  return job;
end;
$$;
grant execute on function atelier.cancel_job(uuid) to authenticated, service_role;
comment on function atelier.cancel_job(uuid) is
$$Cancel a job

A queued job is cancelled at once. For one that is being processed, cancel_requested_at is set and the server is told
to stop; the job is cancelled soon, unless its result arrives first. A finished job is returned as it is. The job that
rewrites its prompt is cancelled along with it.
Fails with PT404 for an unknown job and for somebody else's.$$;

create or replace function atelier.job_attempts(job_id uuid)
returns table (
  attempt integer,
  state text,
  endpoint text,
  claimed_at timestamptz,
  sent_at timestamptz,
  first_byte_at timestamptz,
  finished_at timestamptz,
  waited_ms bigint,
  submitting_ms bigint,
  computing_ms bigint,
  ingesting_ms bigint,
  error_class text,
  error_message text,
  http_status integer
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (
    select from atelier.jobs j
     where j.id = job_attempts.job_id
       and (j.user_id = auth.uid()
            or atelier_engine.is_service_role()
            or atelier_engine.user_has_role(auth.uid(), 'admin'))) then
    raise sqlstate 'PT404' using
      message = 'no such job', hint = 'The job does not exist or belongs to somebody else.';
  end if;
  return query
    select a.number, a.state, a.endpoint_name, a.claimed_at, a.sent_at, a.first_byte_at, a.finished_at,
           atelier_engine.milliseconds_between(a.ready_at, a.claimed_at),
           atelier_engine.milliseconds_between(a.claimed_at, a.sent_at),
           atelier_engine.milliseconds_between(a.sent_at, a.first_byte_at),
           atelier_engine.milliseconds_between(a.first_byte_at, a.recorded_at),
           a.error_class, a.error_message, a.http_status
      from atelier_engine.attempts a
     where a.job_id = job_attempts.job_id
     order by a.number;
end;
$$;
grant execute on function atelier.job_attempts(uuid) to authenticated, service_role;
comment on function atelier.job_attempts(uuid) is
$$What was tried for a job

One row per attempt: its endpoint, when it was claimed, when the request was sent, when the answer began and when it
was complete; and the milliseconds spent waiting in the queue, submitting the request, computing at the server, and
ingesting (downloading, checking and storing the outputs). Null means not reached. For the owner, admins and the service
role; PT404 for others.$$;

create or replace function atelier_engine.milliseconds_between(p_from timestamptz, p_to timestamptz)
returns bigint
language sql immutable
begin atomic
  -- Two clocks may be compared here: the server's and the courier's.
  select case when p_from is not null and p_to is not null
              then greatest(round(extract(epoch from p_to - p_from) * 1000), 0)::bigint end;
end;
comment on function atelier_engine.milliseconds_between(timestamptz, timestamptz) is
  'Whole milliseconds from one time to another, 0 if the second is earlier, null if one is unknown';
