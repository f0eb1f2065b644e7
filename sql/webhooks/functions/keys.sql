-- Webhooks: how the dispatcher keeps up the public keys of providers.

create or replace function atelier_engine.claim_key_sets(p_was_missed boolean)
returns table (inquiry_id uuid, provider_id uuid, url text, connect_timeout_ms integer, total_timeout_ms integer, private_network boolean)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  patience_ms constant integer := 10000;
  moment constant timestamptz := clock_timestamp();
begin
  if not atelier_engine.instance_is_adopted() then
    return;
  end if;
  insert into atelier_engine.webhook_key_sets (provider_id, url, ask_at)
  select p.id, 'https://rest.fal.ai/.well-known/jwks.json', moment
    from atelier.api_providers p
   where p.webhook_url is not null
     and exists (select from atelier.endpoints e where e.provider_id = p.id and e.adapter = 'fal' and e.is_active)
     and not exists (select from atelier_engine.webhook_key_sets k where k.provider_id = p.id)
      on conflict do nothing;
  -- Anybody can make a signature that no key fits: once a minute is enough.
  return query
    update atelier_engine.webhook_key_sets k set ask_at = moment + interval '1 minute'
     where k.url is not null
       and (k.ask_at <= moment or (p_was_missed and k.fetched_at <= moment - interval '1 minute'
                                   and k.ask_at > k.fetched_at + interval '1 hour'))
    returning atelier.uuid7(), k.provider_id, k.url, patience_ms, patience_ms, exists (
      select from atelier.endpoints e where e.provider_id = k.provider_id and e.private_network);
end;
$$;
grant execute on function atelier_engine.claim_key_sets(boolean) to atelier_worker;
comment on function atelier_engine.claim_key_sets(boolean) is
$$The public keys that are to be fetched now

When they are a day old, a minute after that failed, or, with p_was_missed, when there was a signature by none of them and
they are more than a minute old.$$;

create or replace function atelier_engine.next_key_set_at()
returns timestamptz
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select min(k.ask_at) from atelier_engine.webhook_key_sets k
     where k.url is not null and atelier_engine.instance_is_adopted());
end;
$$;
grant execute on function atelier_engine.next_key_set_at() to atelier_worker;
comment on function atelier_engine.next_key_set_at() is 'When claim_key_sets() will have something to do; null: not at all';

create or replace function atelier_engine.record_key_set(p_provider_id uuid, p_document text, p_problem text)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  kept_for constant interval := interval '1 day';
  raw bytea[];
begin
  begin
    raw := atelier_engine.keys_of_jwks(p_document::jsonb);
  exception when data_exception or untranslatable_character then
    raw := null;  -- JSON, but none that the database can hold
  end;
  -- What is known holds until there is something better.
  update atelier_engine.webhook_key_sets k
     set keys = coalesce(raw, k.keys), fetched_at = case when raw is null then k.fetched_at else clock_timestamp() end,
         ask_at = case when raw is null then k.ask_at else clock_timestamp() + kept_for end,
         last_error = case when raw is null then
           left(atelier_engine.redact(coalesce(p_problem, 'there is no Ed25519 key in it')), 1000) end
   where k.provider_id = p_provider_id and k.url is not null;
end;
$$;
grant execute on function atelier_engine.record_key_set(uuid, text, text) to atelier_worker;
comment on function atelier_engine.record_key_set(uuid, text, text) is
  'Keep the public keys that a provider publishes; or note why they could not be fetched';
