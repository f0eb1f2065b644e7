-- What becomes of webhooks: early, late, twice, forged, of another account, about another's job. None changes a job.
begin;
\ir support/jobs.sql
\ir support/webhooks.sql
select plan(80);

\set first '''the secret of the first account!'''
\set second '''the secret of the second account'''
-- As the dispatcher: what is there to do?
create function pg_temp.taken() returns text language plpgsql as $$
declare
  actions text;
begin
  perform pg_temp.become('atelier_worker');
  select string_agg(t.action || coalesce(' ' || t.attempt_id, ''), ', ' order by t.action) into actions from atelier_engine.take_webhooks() t;
  perform pg_temp.sign_out();
  return actions;
end $$;
create function pg_temp.learn(p_attempt uuid, p_external_id text) returns void language plpgsql as $$
begin
  perform pg_temp.become('atelier_worker');
  perform atelier_engine.record_submitted(p_attempt, p_external_id);
  perform pg_temp.sign_out();
end $$;
create function pg_temp.replicate(p_secret text, p_id text, p_body jsonb, p_capability text default null, p_at bigint default pg_temp.now_s())
returns text language sql as $$ select pg_temp.send('replicate_webhook', p_body::text, pg_temp.signed(p_secret, p_id, p_body::text, p_capability, p_at)) $$;
create function pg_temp.done(p_id text) returns jsonb language sql as $$ select jsonb_build_object('id', p_id, 'status', 'succeeded', 'output', '["https://replicate.delivery/x.png"]'::jsonb) $$;

-- The address.
select job, attempt, webhook_url from pg_temp.submitted('replicate') \gset
select matches(:'webhook_url'::text, '^https://hooks\.example\.org/replicate/[0-9a-f-]{36}\.[0-9]{10}\.[0-9a-f]{64}$', 'a provider is told where to report, with a capability');
select is(atelier_engine.attempt_of_token(atelier_engine.webhook_capability_key(), pg_temp.capability_in(:'webhook_url'), pg_temp.now_s() + 86400), :'attempt'::uuid, 'which is for the attempt, and for a day at least');
select is(atelier_engine.attempt_of_token(atelier_engine.webhook_capability_key(), pg_temp.capability_in(:'webhook_url'), pg_temp.now_s() + 3 * 86400), null, 'and not for ever');
select pg_temp.capability_in(:'webhook_url') as capability \gset
select is(webhook_url, null, 'others are told nothing') from atelier_engine.claim_for_slot('e0000000-0000-7000-8000-000000000001', null, 1, false);
update atelier.api_providers set webhook_url = 'https://hooks.example.org/fal' where name = 'fal';
select job as fal_job, attempt as fal_attempt, webhook_url as fal_url from pg_temp.submitted('fal') \gset
select is(:'fal_url'::text, 'https://hooks.example.org/fal', 'an address without a place for the capability stays as it is');
select throws_ok(format('update atelier.api_providers set webhook_url = %L where name = ''fal''', u), '23514', null, 'no address: ' || u)
  from unnest(array['', 'hooks.example.org', 'ftp://x', 'https:///x', 'https://x/a b', 'https://x?y']) u;

-- Replicate, in order: the answer to the submit, then the webhook.
select pg_temp.learn(:'attempt', 'p-1');
select is(pg_temp.replicate(:first, 'm-1', pg_temp.done('p-1'), :'capability'), 'accepted', 'a webhook');
select is(pg_temp.replicate(:first, 'm-1', pg_temp.done('p-1'), :'capability'), 'duplicate', 'the same again');
select is(pg_temp.replicate(:first, 'm-1', pg_temp.done('p-1')), 'duplicate', 'the same without its capability');
select is(count(*), 1::bigint, 'counts once') from atelier_engine.webhooks;
select is(pg_temp.taken(), 'poke ' || :'attempt', 'the courier is to ask, once');
select is(pg_temp.taken(), null, 'and then no more');
select is((pg_temp.job(:'job')).status, 'processing', 'the job is what it was');
select is(pg_temp.replicate(:first, 'm-2', jsonb_build_object('id', 'p-1', 'status', s), :'capability'), 'ignored', s || ' is no news') from unnest('{starting,processing}'::text[]) s;
select is(pg_temp.replicate(:first, 'm-3', '{"id": "p-1", "status": "quite unheard of"}'), 'accepted', 'a word that nobody knows is a reason to ask');
select is(pg_temp.taken(), 'poke ' || :'attempt', 'also without a capability');
select is(pg_temp.replicate(:first, 'm-4', '{"hello": "world"}', :'capability'), 'ignored', 'an event of another kind');

-- Forged.
select count(*) as rows from atelier_engine.webhooks \gset
select is(pg_temp.replicate('another secret', 'm-5', pg_temp.done('p-1'), :'capability'), 'PT401 the signature of the webhook is not right', 'another secret');
select is(pg_temp.send('replicate_webhook', pg_temp.done('p-1')::text || ' ', pg_temp.signed(:first, 'm-5', pg_temp.done('p-1')::text)), 'PT401 the signature of the webhook is not right', 'a byte more in the body');
select is(pg_temp.send('replicate_webhook', pg_temp.done('p-1')::text, pg_temp.signed(:first, 'm-5', pg_temp.done('p-1')::text) || '{"webhook-id": "m-6"}'), 'PT401 the signature of the webhook is not right', 'another id');
select is(pg_temp.send('replicate_webhook', pg_temp.done('p-1')::text, pg_temp.signed(:first, 'm-5', pg_temp.done('p-1')::text) || jsonb_build_object('webhook-timestamp', pg_temp.now_s() + 1)), 'PT401 the signature of the webhook is not right', 'another time');
select is(pg_temp.send('replicate_webhook', pg_temp.done('p-1')::text, pg_temp.signed(:first, 'm-5', pg_temp.done('p-1')::text) - h), 'PT401 the webhook is not signed', 'without ' || h)
  from unnest('{webhook-id,webhook-timestamp,webhook-signature}'::text[]) h;
select is(pg_temp.send('replicate_webhook', pg_temp.done('p-1')::text, '{}'), 'PT401 the webhook is not signed', 'without any');
select is(pg_temp.send('replicate_webhook', null, pg_temp.signed(:first, 'm-5', '')), 'PT401 the webhook is not signed', 'without a body');
select is(pg_temp.replicate(:first, 'm-5', pg_temp.done('p-1'), p_at => pg_temp.now_s() + s), 'PT401 the webhook is of another time', 'signed at ' || s || ' s') from unnest('{-302,302}'::integer[]) s;
select is(pg_temp.replicate(:first, 'm-5', pg_temp.done('p-1'), left(:'capability', -1) || 'x'), 'PT401 the capability is none of ours', 'with a forged capability');
select is(pg_temp.replicate(:second, 'm-5', pg_temp.done('p-1')), 'PT403 the webhook is about a request of somebody else', 'another account signs for the request');
select is(pg_temp.replicate(:second, 'm-5', pg_temp.done('p-1'), :'capability'), 'PT403 the webhook is about a request of somebody else', 'even with its capability');
select is(pg_temp.replicate(:second, 'm-5', pg_temp.done('p-unheard'), :'capability'), 'PT403 the webhook is about a request of somebody else', 'even with another id');
select job as other_job, attempt as other_attempt, webhook_url as other_url from pg_temp.submitted('replicate') \gset
select is(pg_temp.replicate(:first, 'm-5', pg_temp.done('p-1'), pg_temp.capability_in(:'other_url')), 'PT403 the webhook is about a request of somebody else', 'the capability of another job');
select is((pg_temp.attempt(:'other_attempt')).external_id, null, 'which learns nothing');
select is(count(*), :rows::bigint, 'nothing of all that is kept') from atelier_engine.webhooks;
select is(pg_temp.taken(), null, 'and nobody has to do anything');
select is((select array_agg(a.token_id = :'first_token') from atelier_engine.attempts a where a.id in (:'attempt', :'other_attempt')), '{t,t}', 'both were requests of the first account');

-- Early: before the answer to the submit.
select is(pg_temp.replicate(:first, 'm-7', pg_temp.done('p-2')), 'accepted', 'a webhook about a request that nobody knows yet');
select is(pg_temp.taken(), 'wait', 'is waited with');
select pg_temp.learn(:'other_attempt', 'p-2');
select is(pg_temp.taken(), 'poke ' || :'other_attempt', 'until the id is known');
select is(pg_temp.taken(), null, 'and no longer');
select is(pg_temp.replicate(:first, 'm-8', pg_temp.done('p-3')), 'accepted', 'one of which nobody ever hears');
update atelier_engine.webhooks set received_at = received_at - interval '61 s' where webhook_id = 'm-8';
select is(pg_temp.taken(), null, 'is waited with for a minute');
select is(pg_temp.replicate(:second, 'm-9', pg_temp.done('p-4')), 'accepted', 'the second account may be early, too');
select job as third_job, attempt as third_attempt, webhook_url as third_url from pg_temp.submitted('replicate') \gset
select pg_temp.learn(:'third_attempt', 'p-4');
select is(pg_temp.taken(), 'wait', 'but not for a request of the first');

-- The answer to the submit is lost: the webhook tells the id.
select job, attempt, webhook_url from pg_temp.submitted('replicate') \gset
select is(pg_temp.replicate(:first, 'm-10', '{"id": "p-5", "status": "starting"}', pg_temp.capability_in(:'webhook_url')), 'accepted', 'what has begun tells its id');
select is(pg_temp.taken(), 'poke ' || :'attempt' || ', wait', 'while the attempt is in flight');
select is((pg_temp.attempt(:'attempt')).external_id, 'p-5', 'and it is kept');
select pg_temp.learn(:'attempt', 'p-5');
select job, attempt, webhook_url from pg_temp.submitted('replicate') \gset
select pg_temp.become('atelier_worker');
select atelier_engine.settle_attempts(array[:'attempt'::uuid], 'the courier ended');
select pg_temp.sign_out();
select is((pg_temp.queued(:'job')).state, 'held', 'the courier died before it knew the id');
select is(pg_temp.replicate(:first, 'm-11', pg_temp.done('p-6'), pg_temp.capability_in(:'webhook_url')), 'accepted', 'then the webhook comes');
select is(pg_temp.taken(), 'look ' || :'attempt' || ', wait', 'and the provider is asked');
select row_eq(format('select external_id, state from pg_temp.attempt(%L)', :'attempt'), row('p-6'::text, 'ambiguous'::text), 'by the id that it told');
select row_eq(format('select l.external_id from atelier_engine.claim_lookups() l where l.attempt_id = %L', :'attempt'), row('p-6'::text), 'as everybody sees');
select is((pg_temp.job(:'job')).status, 'processing', 'but nothing is completed');

-- Late.
select pg_temp.succeed(:'other_attempt') \g /dev/null
select is(pg_temp.replicate(:first, 'm-12', pg_temp.done('p-2')), 'ignored', 'a webhook about what is done');
select is((pg_temp.job(:'other_job')).status, 'completed', 'changes nothing');

-- RunPod signs nothing.
select job, attempt, webhook_url from pg_temp.submitted('runpod') \gset
select pg_temp.capability_in(:'webhook_url') as capability \gset
select is(pg_temp.send('runpod_webhook', '{"id": "r-1", "status": "COMPLETED"}', '{}'), 'PT401 the webhook has no valid capability', 'RunPod without a capability');
select is(pg_temp.send('runpod_webhook', '{"id": "r-1", "status": "COMPLETED"}', jsonb_build_object('x-webhook-capability', translate(:'capability', '0123456789', '1234567890'))), 'PT401 the capability is none of ours', 'with a forged one');
select is(pg_temp.send('runpod_webhook', '{"id": "r-1", "status": "COMPLETED"}', jsonb_build_object('x-webhook-capability', atelier_engine.attempt_token(atelier_engine.webhook_capability_key(), :'attempt', pg_temp.now_s() - 1))), 'PT401 the webhook has no valid capability', 'with one that has expired');
select is(pg_temp.send('runpod_webhook', '{"id": "r-1", "status": "COMPLETED", "output": {}}', jsonb_build_object('x-webhook-capability', :'capability')), 'accepted', 'with its own');
select is(pg_temp.send('runpod_webhook', '{"id": "r-1", "status": "COMPLETED", "output": {}}', jsonb_build_object('x-webhook-capability', :'capability')), 'duplicate', 'twice');
select is(pg_temp.taken(), 'poke ' || :'attempt' || ', wait', 'RunPod is asked');
select is(pg_temp.send('runpod_webhook', '{"id": "r-1", "status": "QUITE_UNHEARD_OF"}', jsonb_build_object('x-webhook-capability', :'capability')), 'accepted', 'a word that nobody knows is a reason to ask');
select is(pg_temp.send('runpod_webhook', '{"id": "r-1", "status": "NEVER_HEARD_OF"}', jsonb_build_object('x-webhook-capability', :'capability')), 'duplicate', 'but no two of them are: nobody signed it');
select is(pg_temp.taken(), 'poke ' || :'attempt' || ', wait', 'so RunPod is asked once');
select is(pg_temp.send('runpod_webhook', '{"id": "r-2", "status": "FAILED"}', jsonb_build_object('x-webhook-capability', :'capability')), 'ignored', 'another id does not take the place of the first');
select is((pg_temp.attempt(:'attempt')).external_id, 'r-1', 'which stays');
select is(pg_temp.send('runpod_webhook', '{"id": "r-1", "status": "IN_PROGRESS"}', jsonb_build_object('x-webhook-capability', :'capability')), 'ignored', 'what goes on is no news');
select is(pg_temp.send('runpod_webhook', '{"id": "r-1", "status": "COMPLETED"}', jsonb_build_object('x-webhook-capability', pg_temp.capability_in(:'third_url'))), 'ignored', 'the capability of a request at another provider');
select is(pg_temp.send('runpod_webhook', '[]', jsonb_build_object('x-webhook-capability', :'capability')), 'ignored', 'nonsense');
select is((pg_temp.job(:'job')).status, 'queued', 'nothing of that completes the job');

-- The janitor.
update atelier_engine.webhooks set received_at = received_at - interval '25 h' where webhook_id in ('m-1', 'm-7');
select pg_temp.become('atelier_worker');
select is(atelier_engine.forget_webhooks(), 2, 'old ones are forgotten');
select pg_temp.sign_out();
select throws_ok(format('select atelier_engine.%s()', f), '42501', null, 'nobody but the workers calls ' || f) from (select pg_temp.sign_in(:carol)) s, unnest('{take_webhooks,forget_webhooks}'::text[]) f;
select pg_temp.sign_out();
update atelier_engine.instance set database_oid = 1;
select is(pg_temp.replicate(:first, 'm-13', pg_temp.done('p-2')), 'PT503 this database does not dispatch jobs', 'a copy takes none');
select * from finish();
rollback;
