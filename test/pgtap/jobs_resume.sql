-- Requests that their provider knows by an id: asked about and stopped when nobody carries them any more.
begin;
\ir support/jobs.sql
select plan(20);
update atelier.endpoints set adapter = 'replicate', ambiguity_policy = 'retry', max_concurrency = 9 where name = 'test endpoint';

create function pg_temp.lost(p_prompt text, p_external_id text, out job uuid, out attempt uuid) language plpgsql as $$
begin
  job := pg_temp.queue('a11ce000-0000-7000-8000-000000000001', p_prompt);
  attempt := pg_temp.claim(job);
  perform pg_temp.become('atelier_worker');
  if p_external_id is not null then
    perform atelier_engine.record_submitted(attempt, p_external_id);
  end if;
  perform atelier_engine.settle_attempts(array[attempt], 'the courier ended');
  perform pg_temp.sign_out();
end $$;
create function pg_temp.asked() returns table (attempt_id uuid, external_id text, is_stop boolean) language plpgsql as $$
begin
  perform pg_temp.become('atelier_worker');
  return query select l.attempt_id, l.external_id, l.is_stop from atelier_engine.claim_lookups() l;
  perform pg_temp.sign_out();
end $$;
create function pg_temp.stops(p_answers jsonb) returns void language plpgsql as $$
begin
  perform pg_temp.become('atelier_worker');
  perform atelier_engine.record_stops(p_answers);
  perform pg_temp.sign_out();
end $$;
create function pg_temp.time_passes() returns void language sql as $$ update atelier_engine.stops set ask_at = clock_timestamp() $$;

-- Who may.
select pg_temp.sign_in(:alice);
select throws_ok('select atelier_engine.record_stops(''[]'')', '42501', null, 'nobody but the workers records what came of stopping');
select throws_ok('select from atelier_engine.stops', '42501', null, 'nor reads what is to be stopped');
select pg_temp.sign_out();

-- With an id it is asked about, even where it could be sent once more.
select job, attempt from pg_temp.lost('known', 'ext-1') \gset
select is((pg_temp.queued(:'job')).state, 'held', 'the job is held');
select row_eq('select * from pg_temp.asked()', row(:'attempt'::uuid, 'ext-1'::text, false), 'and its provider asked by its own id');
-- Without one, the endpoint's policy decides.
select is((pg_temp.queued((pg_temp.lost('unknown', null)).job)).state, 'waiting', 'without an id the policy decides');
update atelier.endpoints set adapter = 'openai_images' where name = 'test endpoint';
select is((pg_temp.queued((pg_temp.lost('elsewhere', 'ext-2')).job)).state, 'waiting', 'and where the adapter cannot go on');
update atelier.endpoints set adapter = 'replicate' where name = 'test endpoint';

-- Not wanted any more.
select is_empty('select from atelier_engine.stops', 'nothing is to be stopped');
select pg_temp.sign_in(:alice);
select atelier.cancel_job(:'job') \g /dev/null
select pg_temp.sign_out();
select is((pg_temp.job(:'job')).status, 'cancelled', 'a held job is cancelled at once');
select ok(atelier_engine.next_lookup_at() <= clock_timestamp(), 'the provider is told at once, too');
select row_eq('select * from pg_temp.asked()', row(:'attempt'::uuid, 'ext-1'::text, true), 'to stop');
select is_empty('select from pg_temp.asked()', 'not twice at the same time');
select pg_temp.stops(jsonb_build_array(jsonb_build_object('attempt_id', :'attempt', 'message', 'could not connect')));
select row_eq('select asked, last_answer, ask_at > clock_timestamp() from atelier_engine.stops', row(1, 'could not connect'::text, true), 'who does not hear is told again');
select pg_temp.time_passes();
select is((select count(*) from pg_temp.asked() a where a.is_stop), 1::bigint, 'after a while');
select pg_temp.stops(jsonb_build_array(jsonb_build_object('attempt_id', :'attempt')));
select is_empty('select from atelier_engine.stops', 'who heard is not');
-- Who never hears is left alone.
select job, attempt from pg_temp.lost('deaf', 'ext-3') \gset
select pg_temp.sign_in(:alice);
select atelier.cancel_job(:'job') \g /dev/null
select pg_temp.sign_out();
select pg_temp.stops(jsonb_build_array(jsonb_build_object('attempt_id', :'attempt', 'message', 'no'))) from generate_series(1, 4);
select is((select asked from atelier_engine.stops), 4, 'four times in vain');
select pg_temp.stops(jsonb_build_array(jsonb_build_object('attempt_id', :'attempt', 'message', 'no')));
select is_empty('select from atelier_engine.stops', 'the fifth is the last');
select lives_ok($$select pg_temp.stops('[]')$$, 'no answers are no news');
-- An operator who gives up has it stopped as well.
select job, attempt from pg_temp.lost('given up', 'ext-4') \gset
select lives_ok(format('select atelier.resolve_held_job(%L, ''fail'')', :'job'), 'an operator gives a job up');
select row_eq('select attempt_id from atelier_engine.stops', row(:'attempt'::uuid), 'and what it still costs');
delete from atelier.jobs where id = :'job';
select is_empty('select from atelier_engine.stops', 'jobs take that along');

select * from finish();
rollback;
