-- Pausing and draining endpoints, models, lanes and users.
begin;
\ir support/jobs.sql
select plan(48);

-- Who may.
select pg_temp.sign_in(:alice);
select throws_ok($$select atelier.pause_work('endpoint', 'test endpoint')$$, '42501', null, 'users pause nothing');
select throws_ok($$select atelier.drain_work('endpoint', 'test endpoint')$$, '42501', null, 'drain nothing');
select throws_ok($$select atelier.resume_work('endpoint', 'test endpoint')$$, '42501', null, 'and resume nothing');
select pg_temp.become('anon');
select throws_ok($$select atelier.pause_work('endpoint', 'test endpoint')$$, '42501', null, 'nor does anon');
select pg_temp.sign_in(:carol);

-- What cannot be paused.
select throws_ok($$select atelier.pause_work('planet', 'earth')$$, '22023', 'unknown kind', 'the kind is known');
select throws_ok($$select atelier.pause_work(null, 'earth')$$, '22023', 'unknown kind', 'and named');
select throws_ok(format('select atelier.pause_work(%L, ''nothing'')', kind), 'PT404', 'no such ' || kind, 'an unknown ' || kind)
  from unnest(array['endpoint', 'model', 'lane', 'user']) kind;
select throws_ok($$select atelier.pause_work('model', null)$$, 'PT404', 'no such model', 'no model');
select throws_ok($$select atelier.pause_work('model', 'tiny-sdxl', ends_at => now() - interval '1 s')$$, '22023', 'ends_at is in the past', 'a pause that is over');
select throws_ok($$select atelier.resume_work('model', 'huge')$$, 'PT404', 'no such model', 'an unknown model is not resumed');
select pg_temp.sign_out();

-- An endpoint.
select pg_temp.queue(:alice, 'first') as first \gset
select pg_temp.sign_in(:carol);
select row_eq($$select endpoint_id, mode, reason, created_by from atelier.pause_work('endpoint', 'test endpoint', 'new disks')$$,
  row('e0000000-0000-7000-8000-000000000001'::uuid, 'pause'::text, 'new disks'::text, :carol::uuid), 'administrators pause an endpoint');
select pg_temp.sign_out();
select is(pg_temp.claim(:'first'), null, 'it gets no jobs');
select row_eq($$select health, pause_reason from atelier.endpoint_health where endpoint = 'test endpoint'$$, row('paused'::text, 'new disks'::text), 'operators see it');
select is_empty('select from atelier_engine.open_routes', 'nor is there another way');
select pg_temp.become('service_role');
select is((select mode from atelier.drain_work('endpoint', 'test endpoint')), 'drain', 'what is decided last holds');
select pg_temp.sign_out();
select is((select count(*) from atelier.pauses), 1::bigint, 'alone');
select is((select created_by from atelier.pauses), null, 'the back end leaves no name');
select is((select health from atelier.endpoint_health where endpoint = 'test endpoint'), 'drained', 'nothing is there any more');
select pg_temp.become('service_role');
select ok(atelier.resume_work('endpoint', 'test endpoint'), 'a drain is ended');
select ok(not atelier.resume_work('endpoint', 'test endpoint'), 'once');
select pg_temp.sign_out();
select pg_temp.claim(:'first') as running \gset
select isnt(nullif(:'running', ''), null, 'then jobs go there again');
select pg_temp.become('service_role');
select atelier.drain_work('endpoint', 'test endpoint');
select pg_temp.sign_out();
select is((select health from atelier.endpoint_health where endpoint = 'test endpoint'), 'draining', 'a drained endpoint finishes what it has');
select ok(pg_temp.succeed(:'running'), 'and its result counts');
delete from atelier.pauses;

-- A pause that ends by itself.
insert into atelier.pauses (endpoint_id, ends_at) values ('e0000000-0000-7000-8000-000000000001', clock_timestamp() - interval '1 s');
select pg_temp.queue(:alice, 'second') as second \gset
select isnt(pg_temp.claim(:'second'), null, 'a pause is over when its time has come');
delete from atelier.pauses;

-- A model, a lane.
select pg_temp.become('service_role');
select atelier.pause_work('model', 'tiny-sdxl');
select pg_temp.sign_out();
select pg_temp.queue(:alice, 'third') as third \gset
select is(pg_temp.claim(:'third'), null, 'jobs of a paused model wait');
delete from atelier.pauses;
select pg_temp.become('service_role');
select atelier.pause_work('lane', 'atelier-runner');
select pg_temp.sign_out();
select is(pg_temp.claim(:'third'), null, 'so do those of a paused lane');
delete from atelier.pauses;
select isnt(pg_temp.claim(:'third'), null, 'until it is over');

-- Draining models, lanes and users: nothing new, but what was accepted is carried out.
select pg_temp.queue(:alice, 'accepted') as accepted \gset
select pg_temp.become('service_role');
select atelier.drain_work('model', 'tiny-sdxl', 'retired', now() + interval '1 day');
select pg_temp.sign_in(:alice);
select row_eq($$select state, message, detail from pg_temp.error_of($q$select atelier.queue_job('x')$q$)$$,
  row('PT503'::text, 'no more jobs are taken for this model'::text, 'retired'::text), 'a drained model takes no new job, and says why');
select pg_temp.sign_out();
delete from atelier_engine.queue where state = 'leased';
select isnt(pg_temp.claim(:'accepted'), null, 'but those it has are carried out');
delete from atelier.pauses;
insert into atelier.pauses (provider_id, mode) values ('00000000-0000-7000-8000-000000000001', 'drain');
select pg_temp.sign_in(:alice);
select throws_ok($$select atelier.queue_job('x')$$, 'PT503', 'no more jobs are taken for this model', 'nor does a drained lane');
select pg_temp.sign_out();
delete from atelier.pauses;
insert into atelier.pauses (user_id, mode) values (:alice, 'drain');
select pg_temp.sign_in(:alice);
select throws_ok($$select atelier.queue_job('x')$$, 'PT503', 'no more jobs are taken from this account', 'a drained user queues nothing');
select pg_temp.sign_in(:bob);
select lives_ok($$select atelier.queue_job('x')$$, 'others do');
select pg_temp.sign_out();
select ok(not atelier_engine.user_is_paused(:alice), 'a drained user is not paused');
update atelier.pauses set mode = 'pause';
select ok(atelier_engine.user_is_paused(:alice), 'a paused one is');
select ok(not atelier_engine.user_is_paused(:bob), 'nobody else');
update atelier.pauses set ends_at = clock_timestamp();
select ok(not atelier_engine.user_is_paused(:alice), 'nor when it is over');

-- A paused user's jobs leave the range that claims read, and come back.
delete from atelier.jobs;
delete from atelier.pauses;
update atelier.endpoints set max_concurrency = 1 where name = 'test endpoint';
select pg_temp.queue(:alice, 'queued before') as before, pg_temp.queue(:bob, 'somebody else''s') as other \gset
select pg_temp.become('service_role');
select atelier.pause_work('user', :alice);
select pg_temp.sign_out();
select pg_temp.queue(:alice, 'queued meanwhile') as meanwhile \gset
select isnt(pg_temp.claim(:'other'), null, 'while a user is paused, others are served');
select is((pg_temp.queued(:'meanwhile')).state, 'parked', 'his jobs are parked');
select pg_temp.succeed((pg_temp.queued(:'other')).attempt_id);
select is(pg_temp.claim(:'before'), null, 'nothing of his starts');
select is((pg_temp.queued(:'before')).state, 'parked', 'also of what he had queued before');
select pg_temp.become('service_role');
select ok(atelier.resume_work('user', :alice), 'when he goes on');
select pg_temp.sign_out();
select isnt(pg_temp.claim(:'before'), null, 'his jobs do, too');
select pg_temp.succeed((pg_temp.queued(:'before')).attempt_id);
select isnt(pg_temp.claim(:'meanwhile'), null, 'all of them');

-- One target each.
select throws_ok($$insert into atelier.pauses (mode) values ('pause')$$, '23514', null, 'a pause is about something');
select throws_ok($$insert into atelier.pauses (provider_id, user_id) values ('00000000-0000-7000-8000-000000000001', 'a11ce000-0000-7000-8000-000000000001')$$, '23514', null, 'and about one thing');
delete from atelier.endpoints where name = 'test endpoint';

select * from finish();
rollback;
