-- Jobs: what the dispatcher calls when an attempt failed or was cancelled.

create or replace function atelier_engine.record_failure(
  p_attempt_id uuid,
  p_error_class text,
  p_http_status integer,
  p_message text,
  p_detail text,
  p_retry_after_ms integer,
  p_request_sent boolean,
  p_started_at timestamptz,
  p_sent_at timestamptz,
  p_first_byte_at timestamptz,
  p_finished_at timestamptz
)
returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
  owned constant uuid := atelier_engine.own_attempt(p_attempt_id);
  message constant text := coalesce(
    nullif(left(atelier_engine.redact(p_message), 1000), ''), replace(p_error_class, '_', ' '), 'unknown');
  attempt atelier_engine.attempts;
  policy atelier.retry_policies;
  recorded_before boolean;
  cancelled boolean;
  taken boolean;
begin
  if owned is null then
    return null;
  end if;
  select a.recorded_at is not null into recorded_before from atelier_engine.attempts a where a.id = p_attempt_id;
  update atelier_engine.attempts a
     set state = case p_error_class when 'ambiguous' then 'ambiguous' else 'failed' end,
         started_at = p_started_at, sent_at = coalesce(p_sent_at, a.sent_at), first_byte_at = p_first_byte_at,
         finished_at = p_finished_at, recorded_at = clock_timestamp(), error_class = p_error_class,
         error_message = message, error_detail = left(atelier_engine.redact(p_detail), 4000), http_status = nullif(p_http_status, 0)
   where a.id = p_attempt_id
  returning a.* into attempt;
  perform atelier_engine.note_endpoint_failure(
    attempt.endpoint_id, attempt.token_id, p_error_class, message, p_retry_after_ms, p_request_sent);
  if attempt.token_id is not null and not p_request_sent then
    update atelier.provider_tokens t set request_count = greatest(t.request_count - 1, 0) where t.id = attempt.token_id;
  end if;
  if attempt.token_id is not null and p_error_class in ('auth', 'payment') and p_http_status in (401, 402) then
    perform atelier_engine.disable_token(attempt.token_id, p_error_class);
  end if;
  perform atelier_engine.log_calls(array[p_attempt_id], array[null::jsonb], array[null::jsonb], recorded_before);

  select j.cancel_requested_at is not null into cancelled from atelier.jobs j where j.id = owned;
  if cancelled then
    perform atelier_engine.finish_job(owned, 'cancelled', null, null);
  elsif p_error_class = 'ambiguous' or (p_error_class = 'internal' and p_request_sent) then
    -- An answer that we lost, on a full disk for example, was paid for.
    perform atelier_engine.resolve_ambiguous(owned, p_attempt_id, p_error_class, message);
  elsif p_error_class = 'unavailable' and atelier_engine.waited_too_long(owned, attempt.endpoint_id) then
    perform atelier_engine.finish_job(owned, 'failed', p_error_class, message);
  else
    policy := atelier_engine.retry_policy_for(p_error_class, attempt.endpoint_id);
    -- Its provider took it, and says what we cannot read: it may have been carried out, and paid for.
    taken := p_error_class = 'bad_response' and policy.id is null
      and (attempt.external_id is not null or (p_request_sent and coalesce(nullif(p_http_status, 0), 200) < 300));
    if taken and attempt.external_id is null then
      perform atelier_engine.resolve_ambiguous(owned, p_attempt_id, p_error_class, message);
    else
      if taken then  -- not looked up: that was asked, and it is the answer that cannot be read
        policy.action := coalesce((
          select case e.ambiguity_policy when 'retry' then policy.action when 'fail' then 'fail' else 'hold' end
            from atelier.endpoints e where e.id = attempt.endpoint_id), 'fail');
      end if;
      perform atelier_engine.apply_retry_policy(owned, p_attempt_id, policy, p_error_class, message);
    end if;
  end if;
  return (select j.status from atelier.jobs j where j.id = owned);
end;
$$;
grant execute on function atelier_engine.record_failure(
  uuid, text, integer, text, text, integer, boolean, timestamptz, timestamptz, timestamptz, timestamptz)
  to atelier_worker;
comment on function atelier_engine.record_failure(
  uuid, text, integer, text, text, integer, boolean, timestamptz, timestamptz, timestamptz, timestamptz) is
$$Record that an attempt failed, and decide what becomes of the job

The breakers learn of it, and the policy for the error class decides (retry_policies, default_retry_policies); ambiguous,
and internal after the request was sent, go by the endpoint's ambiguity_policy first; so does bad_response, unless retry_policies
says otherwise, where the provider knows the request by an id, or answered 2xx, or not in HTTP. A job that could not be delivered for unavailable_timeout fails. One that the user
cancelled meanwhile is cancelled. Returns the new status of the job, or null when the attempt does not own it any more.$$;

create or replace function atelier_engine.record_cancelled(p_attempt_id uuid)
returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
  owned constant uuid := atelier_engine.own_attempt(p_attempt_id);
begin
  if owned is null then
    return false;
  end if;
  update atelier_engine.attempts a set state = 'cancelled', recorded_at = clock_timestamp()
   where a.id = p_attempt_id;
  perform atelier_engine.log_calls(array[p_attempt_id], array[null::jsonb], array[null::jsonb], false);
  perform atelier_engine.finish_job(owned, 'cancelled', null, null);
  return true;
end;
$$;
grant execute on function atelier_engine.record_cancelled(uuid) to atelier_worker;
comment on function atelier_engine.record_cancelled(uuid) is
$$Record that a request was cancelled

The job is cancelled. False when the attempt does not own it any more.$$;

create or replace function atelier_engine.waited_too_long(p_job_id uuid, p_endpoint_id uuid)
returns boolean
language sql stable
begin atomic
  -- Both the job and the outage must be old: a short outage must not fail what had waited in a long queue.
  select exists (
    select from atelier.jobs j
      cross join atelier.endpoints e
      join atelier_engine.endpoint_states s on s.endpoint_id = e.id
     where j.id = p_job_id and e.id = p_endpoint_id
       and greatest(j.created_at, s.unavailable_since) + e.unavailable_timeout <= clock_timestamp()
       and s.unavailable_since is not null);
end;
comment on function atelier_engine.waited_too_long(uuid, uuid) is
  'Whether a job has waited for longer than unavailable_timeout for an endpoint that cannot be reached';

create or replace function atelier_engine.redact(p_text text)
returns text
language sql immutable
begin atomic
  select regexp_replace(
           regexp_replace(
             regexp_replace(
               p_text,
               '(\mbearer\s+|\mbasic\s+|authorization["'']?\s*[:=]\s*["'']?(?:(?:bearer|basic|token|key)\s+)?)[^\s"'',;<>\\]{8,}',
               '\1[removed]', 'gi'),
             '(\m(?:api[_-]?key|access[_-]?token|token|secret|password|signature|sig|x-amz-[a-z-]+)["'']?\s*[=:]\s*["'']?)'
             '[^\s"''&,;<>\\]{4,}',
             '\1[removed]', 'gi'),
           '\m(sk|r8|rpa|hf|gsk|xai|key)[-_][A-Za-z0-9_-]{12,}', '[removed]', 'g');
end;
comment on function atelier_engine.redact(text) is
$$A text without what looks like a credential

Servers quote what they were sent. The courier has taken out the token that it used; this takes out others.$$;
