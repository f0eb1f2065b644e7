-- Providers that send webhooks, and webhooks as they send them. Included after jobs.sql.
update atelier.endpoints set is_active = false;
insert into atelier.api_providers (id, name, display_name, webhook_url)
values ('b0000000-0000-7000-8000-000000000001', 'replicate', 'Replicate', 'https://hooks.example.org/replicate/{capability}'),
       ('b0000000-0000-7000-8000-000000000002', 'fal', 'fal', 'https://hooks.example.org/fal/{capability}'),
       ('b0000000-0000-7000-8000-000000000003', 'runpod', 'RunPod', 'https://hooks.example.org/runpod?c={capability}');
insert into atelier.endpoints (provider_id, name, adapter, base_url, max_concurrency, ambiguity_policy)
select p.id, p.name || ' endpoint', p.name, 'https://192.0.2.1', 100, 'hold'
  from atelier.api_providers p where p.name in ('replicate', 'fal', 'runpod');
insert into atelier.api_models (provider_id, model_key, display_name, modality)
select p.id, p.name || '-model', p.name, 'image' from atelier.api_providers p where p.name in ('replicate', 'fal', 'runpod');
select pg_temp.become('service_role');
select atelier.set_provider_token('replicate', 'r8_first', 'first') as first_token \gset
select atelier.set_provider_token('replicate', 'r8_second', 'second') as second_token \gset
select atelier.set_provider_token('fal', 'fal-key', 'default') as fal_token \gset
select atelier.set_provider_token('runpod', 'rp-key', 'default') as runpod_token \gset
select atelier.set_webhook_secret('replicate', 'whsec_' || encode('the secret of the first account!', 'base64'), 'first');
select atelier.set_webhook_secret('replicate', 'whsec_' || encode('the secret of the second account', 'base64'), 'second');
select pg_temp.sign_out();
-- So that all requests are of the first account.
update atelier.provider_tokens set is_active = false where name = 'second';

create function pg_temp.now_s() returns bigint language sql as $$ select extract(epoch from clock_timestamp())::bigint $$;

-- Queues a job for a provider's model and claims it: its attempt, and the address that the provider was told.
create function pg_temp.submitted(p_provider text, out job uuid, out attempt uuid, out webhook_url text) language plpgsql as $$
begin
  job := pg_temp.queue('a11ce000-0000-7000-8000-000000000001', 'a circle', format(', model => %L', p_provider || '-model'));
  perform pg_temp.become('atelier_worker');
  select c.attempt_id, c.webhook_url into attempt, webhook_url from atelier_engine.claim_jobs(100) c where c.job_id = submitted.job;
  perform pg_temp.sign_out();
end $$;
create function pg_temp.capability_in(p_url text) returns text language sql as $$ select substring(p_url from '[0-9a-f-]{36}\.[0-9]+\.[0-9a-f]{64}$') $$;

-- Sends a request as PostgREST passes it on, as somebody who is nobody. Gives the outcome, or the error.
create function pg_temp.send(p_function text, p_body text, p_headers jsonb) returns text language plpgsql as $$
declare
  answer json;
  state text;
  message text;
begin
  perform set_config('request.headers', p_headers::text, true), pg_temp.become('anon');
  begin
    execute format('select atelier.%I($1::json)', p_function) into answer using p_body;
  exception when others then
    get stacked diagnostics state = returned_sqlstate, message = message_text;
  end;
  perform pg_temp.sign_out(), set_config('request.headers', '', true);
  return coalesce(answer ->> 'outcome', state || ' ' || message);
end $$;

create function pg_temp.signed(p_secret text, p_id text, p_body text, p_capability text default null, p_at bigint default pg_temp.now_s())
returns jsonb language sql as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'webhook-id', p_id, 'webhook-timestamp', p_at::text, 'x-webhook-capability', p_capability, 'webhook-signature',
    'v1,' || encode(atelier_engine.hmac_sha256(convert_to(p_secret, 'UTF8'), convert_to(format('%s.%s.%s', p_id, p_at, p_body), 'UTF8')), 'base64')))
$$;
