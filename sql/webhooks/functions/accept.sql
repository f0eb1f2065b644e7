-- Webhooks: what becomes of a genuine one. The request writes one row and is answered; everything else is the dispatcher's.

create or replace function atelier_engine.accept_webhook(
  p_adapter text, p_webhook_id text, p_external_id text, p_attempt_id uuid, p_token_ids uuid[], p_is_over boolean,
  p_may_wait boolean
)
returns json
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  known constant uuid := atelier_engine.attempt_of_request(p_adapter, p_external_id);
  attempt atelier_engine.attempts;
begin
  select a.* into attempt from atelier_engine.attempts a where a.id = coalesce(p_attempt_id, known);
  if known <> attempt.id or (attempt.id is not null and attempt.token_id <> all (p_token_ids)) or p_token_ids = '{}' then
    raise sqlstate 'PT403' using
      message = 'the webhook is about a request of somebody else',
      hint = 'Each token needs the secret of its own account: atelier.set_webhook_secret().';
  end if;
  if (attempt.id is null and (p_attempt_id is not null or not p_may_wait))
     or attempt.state in ('succeeded', 'failed', 'cancelled') or attempt.external_id <> p_external_id
     or (not p_is_over and (p_attempt_id is null or attempt.external_id is not null)) then
    return json_build_object('outcome', 'ignored');
  end if;
  insert into atelier_engine.webhooks (adapter, webhook_id, external_id, attempt_id, token_ids)
  values (p_adapter, p_webhook_id, p_external_id, attempt.id, p_token_ids)
      on conflict on constraint webhooks_pkey do nothing;
  if not found then
    return json_build_object('outcome', 'duplicate');
  end if;
  perform atelier_engine.wake_for_webhooks();
  return json_build_object('outcome', 'accepted');
end;
$$;
comment on function atelier_engine.accept_webhook(text, text, text, uuid, uuid[], boolean, boolean) is
$$Take a webhook that is genuine

p_attempt_id is what its capability is for, p_token_ids the tokens of those who can have sent it (null: that does not show),
p_is_over whether it says that the request has ended, p_may_wait whether it is kept for a minute when nobody knows the
request yet: its sender may have been faster than the answer to the request. Returns the outcome: accepted (the provider will be asked),
duplicate, or ignored (there is nothing to ask). Raises PT403 when capability, account and request do not belong together.$$;

create or replace function atelier_engine.attempt_of_request(p_adapter text, p_external_id text)
returns uuid
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select a.id
      from atelier_engine.attempts a
      join atelier.endpoints e on e.id = a.endpoint_id
     where a.external_id = p_external_id and e.adapter = p_adapter
     order by a.claimed_at desc
     limit 1);
end;
$$;
comment on function atelier_engine.attempt_of_request(text, text) is
  'The attempt whose request has this id at a provider with this adapter';

create or replace function atelier_engine.take_webhooks()
returns table (attempt_id uuid, action text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  patience constant interval := interval '60 seconds';
  hook record;
begin
  if not atelier_engine.instance_is_adopted() then
    return;
  end if;
  for hook in
    select w.adapter, w.webhook_id, w.external_id, w.received_at, a.id as attempt_id
      from atelier_engine.webhooks w
      left join atelier_engine.attempts a
        on a.id = coalesce(w.attempt_id, atelier_engine.attempt_of_request(w.adapter, w.external_id))
       and (w.token_ids is null or a.token_id = any (w.token_ids))
     where w.is_waiting
     order by a.job_id
  loop
    attempt_id := hook.attempt_id;
    action := case when hook.attempt_id is not null then atelier_engine.follow_webhook(hook.attempt_id, hook.external_id)
                   when hook.received_at > clock_timestamp() - patience then 'wait' end;
    if action is distinct from 'wait' then
      update atelier_engine.webhooks w set is_waiting = false
       where w.adapter = hook.adapter and w.webhook_id = hook.webhook_id;
    end if;
    if action is not null then
      return next;
    end if;
  end loop;
end;
$$;
grant execute on function atelier_engine.take_webhooks() to atelier_worker;
comment on function atelier_engine.take_webhooks() is
$$Follow the webhooks that came since the last call

Returns what the dispatcher has to do. poke: have the courier ask the provider of this attempt now. look: its lookup is due.
wait: of a request that nobody knows yet; it is looked at again for a minute.$$;

create or replace function atelier_engine.follow_webhook(p_attempt_id uuid, p_external_id text)
returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  owner atelier_engine.queue;
begin
  select q.* into owner
    from atelier_engine.attempts a
    join atelier_engine.queue q on q.job_id = a.job_id
   where a.id = p_attempt_id
     for update of q;
  -- The answer that would have told it was lost, or is still on its way.
  update atelier_engine.attempts a set external_id = p_external_id
   where a.id = p_attempt_id and a.external_id is null and a.state in ('submitting', 'submitted', 'ambiguous');
  if owner.attempt_id is distinct from p_attempt_id then
    return null;
  elsif owner.state = 'leased' then
    return 'poke';
  end if;
  update atelier_engine.lookups l set ask_at = clock_timestamp() where l.attempt_id = p_attempt_id;
  if not found and atelier_engine.can_look_up(owner.endpoint_id, p_external_id) then
    insert into atelier_engine.lookups (attempt_id, job_id) values (p_attempt_id, owner.job_id);
  end if;
  return 'look';
end;
$$;
comment on function atelier_engine.follow_webhook(uuid, text) is
$$Use what a webhook says: which id the request of an attempt has, and that there is something to ask

Returns poke (the attempt is in flight), look (its job is held), or null (the job has gone on without it).$$;

create or replace function atelier_engine.forget_webhooks()
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  batch constant integer := 10000;
  kept_for constant interval := interval '1 day';
  forgotten integer;
begin
  delete from atelier_engine.webhooks w
   where (w.adapter, w.webhook_id) in (
     select o.adapter, o.webhook_id from atelier_engine.webhooks o
      where o.received_at <= clock_timestamp() - kept_for order by o.received_at limit batch);
  get diagnostics forgotten = row_count;
  return forgotten;
end;
$$;
grant execute on function atelier_engine.forget_webhooks() to atelier_worker;
comment on function atelier_engine.forget_webhooks() is
$$Forget webhooks that came more than a day ago

Nobody sends them again by then, and what is signed is too old after five minutes. Returns how many.$$;
