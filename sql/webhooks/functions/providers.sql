-- Webhooks: where providers report. Each function takes the body as it is: json keeps every byte, and a signature is over
-- the bytes.

create or replace function atelier.replicate_webhook(json)
returns json
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  id constant text := atelier_engine.request_header('webhook-id');
  signed_at constant text := atelier_engine.request_header('webhook-timestamp');
  signatures constant text := atelier_engine.request_header('webhook-signature');
  body constant bytea := atelier_engine.webhook_body($1);
  attempt_id uuid;
  signers uuid[];
  texts text[];
begin
  perform atelier_engine.assert_may_hand_out();
  perform atelier_engine.assert_webhook_is_fresh(signed_at);
  if body is null or signatures is null or id is null or id !~ '^[\x21-\x7e]{1,200}$' then
    raise sqlstate 'PT401' using message = 'the webhook is not signed';
  end if;
  attempt_id := atelier_engine.webhook_capability();
  signers := atelier_engine.signers_by_secret(
    'replicate', convert_to(format('%s.%s.', id, signed_at), 'UTF8') || body, signatures);
  texts := atelier_engine.top_level_texts(body, '{id,status}');
  if texts[1] is null then
    return json_build_object('outcome', 'ignored');
  end if;
  return atelier_engine.accept_webhook(
    'replicate', id, texts[1], attempt_id, signers, coalesce(texts[2] <> all ('{starting,processing}'), true), true);
end;
$$;
grant execute on function atelier.replicate_webhook(json) to anon, authenticated, service_role;
comment on function atelier.replicate_webhook(json) is
$$Take a webhook of Replicate

Signed as Standard Webhooks are (headers webhook-id, webhook-timestamp, webhook-signature) with the secret of one of the
accounts: set_webhook_secret(). What it says changes no job; it has the provider asked at once. The answer has outcome:
accepted, duplicate or ignored. Fails with PT401 (forged, or more than five minutes old), PT403 (the request is that of
another account), PT413 (16 MiB at most), or PT503 (the database is not adopted, or a secret cannot be opened).$$;

create or replace function atelier_engine.signers_by_secret(p_adapter text, p_message bytea, p_signatures text)
returns uuid[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  signers uuid[];
  all_were_tried boolean;
begin
  -- All secrets are tried, whichever is right.
  select array_agg(s.token_id) filter (where s.is_right), coalesce(bool_and(s.is_right is not null), true)
    into signers, all_were_tried
    from (select k.token_id, atelier_engine.standard_webhook_is_signed(k.token_id, k.sealed, p_message, p_signatures) as is_right
            from atelier_engine.webhook_secrets k
            join atelier.provider_tokens t on t.id = k.token_id
           where exists (select from atelier.endpoints e where e.provider_id = t.provider_id and e.adapter = p_adapter)
          offset 0) s;
  if signers is null and all_were_tried then
    raise sqlstate 'PT401' using message = 'the signature of the webhook is not right';
  elsif signers is null then
    raise sqlstate 'PT503' using
      message = 'the webhook cannot be verified now', hint = 'Send it again later; atelier.doctor() says what is wrong.';
  end if;
  return signers;
end;
$$;
comment on function atelier_engine.signers_by_secret(text, bytea, text) is
$$The tokens of the account whose secret signed a webhook

Raises PT401 when it was none of ours, PT503 when it may have been one that cannot be opened.$$;

create or replace function atelier.fal_webhook(json)
returns json
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  id constant text := atelier_engine.request_header('x-fal-webhook-request-id');
  account constant text := atelier_engine.request_header('x-fal-webhook-user-id');
  signed_at constant text := atelier_engine.request_header('x-fal-webhook-timestamp');
  signature constant text := atelier_engine.request_header('x-fal-webhook-signature');
  body constant bytea := atelier_engine.webhook_body($1);
  attempt_id uuid;
  providers uuid[];
  texts text[];
begin
  perform atelier_engine.assert_may_hand_out();
  perform atelier_engine.assert_webhook_is_fresh(signed_at);
  if body is null or signature is null or signature !~ '^[0-9a-fA-F]{128}$' or id is null or id !~ '^[\x21-\x7e]{1,200}$'
     or account is null then
    raise sqlstate 'PT401' using message = 'the webhook is not signed';
  end if;
  attempt_id := atelier_engine.webhook_capability();
  providers := atelier_engine.signers_by_key(
    'fal', convert_to(concat_ws(e'\n', id, account, signed_at, encode(sha256(body), 'hex')), 'UTF8'), decode(signature, 'hex'));
  texts := atelier_engine.top_level_texts(body, '{request_id,status}');
  if texts[1] is null then
    return json_build_object('outcome', 'ignored');
  end if;
  return atelier_engine.accept_webhook(
    'fal', concat_ws(' ', id, texts[1], texts[2]), texts[1], attempt_id,
    atelier_engine.tokens_of_account(providers, account), true, exists (
      select from atelier.provider_tokens t where t.provider_id = any (providers) and t.account_id = account));
end;
$$;
grant execute on function atelier.fal_webhook(json) to anon, authenticated, service_role;
comment on function atelier.fal_webhook(json) is
$$Take a webhook of fal

Signed with Ed25519 (headers x-fal-webhook-request-id, -user-id, -timestamp, -signature) by one of the keys that fal
publishes, which are fetched and kept for a day: see set_webhook_keys(). fal signs for all of its customers: where
provider_tokens.account_id says who we are there, it has to be us. What it says changes no job; it has the provider asked at
once. Answers and fails as replicate_webhook().$$;

create or replace function atelier_engine.signers_by_key(p_adapter text, p_message bytea, p_signature bytea)
returns uuid[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  signers uuid[];
begin
  select array_agg(k.provider_id) into signers
    from atelier_engine.webhook_key_sets k
   where exists (select from atelier.endpoints e where e.provider_id = k.provider_id and e.adapter = p_adapter)
     and exists (select from unnest(k.keys) s (key)
                  where atelier_engine.ed25519_is_signed(s.key, p_message, p_signature));
  if signers is null then
    perform atelier_engine.miss_webhook_key();
    raise sqlstate 'PT401' using message = 'the signature of the webhook is not right';
  end if;
  return signers;
end;
$$;
comment on function atelier_engine.signers_by_key(text, bytea, bytea) is
$$The providers one of whose keys signed a webhook

Raises PT401 when it was none; then the keys are fetched again, in case there are new ones.$$;

create or replace function atelier_engine.tokens_of_account(p_provider_ids uuid[], p_account text)
returns uuid[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return array(
    select t.id from atelier.provider_tokens t
     where t.provider_id = any (p_provider_ids) and coalesce(t.account_id = p_account, true));
end;
$$;
comment on function atelier_engine.tokens_of_account(uuid[], text) is
  'The tokens of an account at these providers, and those of which it is not known whose they are';

create or replace function atelier.runpod_webhook(json)
returns json
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  body constant bytea := atelier_engine.webhook_body($1);
  attempt constant uuid := atelier_engine.webhook_capability();
  texts text[];
begin
  perform atelier_engine.assert_may_hand_out();
  if attempt is null then
    raise sqlstate 'PT401' using
      message = 'the webhook has no valid capability',
      hint = 'The proxy passes it on from the address, in the header X-Webhook-Capability.';
  end if;
  texts := atelier_engine.top_level_texts(body, '{id,status}');
  if texts[1] is null or not exists (
       select from atelier_engine.attempts a
         join atelier.endpoints e on e.id = a.endpoint_id
        where a.id = attempt and e.adapter = 'runpod') then
    return json_build_object('outcome', 'ignored');
  end if;
  -- Nobody signed this: words that RunPod does not say are one and the same, so that nobody fills the table with them.
  return atelier_engine.accept_webhook(
    'runpod', concat_ws(' ', texts[1], case when texts[2] = any ('{COMPLETED,FAILED,CANCELLED,TIMED_OUT}') then texts[2] end),
    texts[1], attempt, null,
    coalesce(texts[2] <> all ('{IN_QUEUE,IN_PROGRESS,RUNNING}'), true), false);
end;
$$;
grant execute on function atelier.runpod_webhook(json) to anon, authenticated, service_role;
comment on function atelier.runpod_webhook(json) is
$$Take a webhook of RunPod

RunPod signs nothing: the address that it was told has a capability for the one attempt, which the proxy passes on in the
header X-Webhook-Capability (see docs/webhooks.md). What it says changes no job; it has the provider asked at once. Answers
and fails as replicate_webhook().$$;
