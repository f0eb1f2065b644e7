-- Jobs whose answer is a text or a list of numbers: what may be asked, and what becomes of the answer.
begin;
\ir support/jobs.sql
update atelier.endpoints set max_concurrency = 100 where is_active;
select plan(20);

insert into atelier.api_models (provider_id, model_key, display_name, modality, task, is_default, parameter_schema)
select p.id, m.key, m.key, 'chat', m.task, m.is_default,
       '{"properties": {"messages": {"type": "array"}, "input": {"type": ["array", "string"]}, "max_tokens": {"type": "integer", "minimum": 1}}}'
  from atelier.api_providers p, (values ('talker', 'reasoning', true), ('embedder', 'embedding', false)) m (key, task, is_default)
 where p.name = 'atelier-runner';

create function pg_temp.answer(p_attempt uuid, p_result jsonb) returns boolean language plpgsql as $$
declare
  done boolean;
begin
  perform pg_temp.become('atelier_worker');
  perform atelier_engine.open_result(p_attempt);
  done := atelier_engine.record_successes(
    array[p_attempt], array[null::jsonb], array[p_result], array['{"usage": {"completion_tokens": 2}}'::jsonb],
    array[clock_timestamp()], array[clock_timestamp()], array[clock_timestamp()], array[clock_timestamp()]) <> '{}';
  perform pg_temp.sign_out();
  return done;
end $$;

-- What is asked.
select pg_temp.queue(:alice, 'How are you?', $$, model => 'talker', parameters => '{"max_tokens": 7}'$$) as job \gset
select row_eq(format('select job_type, format, parameters from atelier.jobs where id = %L', :'job'),
  row('chat'::text, 'chat'::text, '{"max_tokens": 7}'::jsonb), 'a language model has one job type');
select pg_temp.queue(:alice, 'Hm?', $$, job_type => 'chat'$$) as by_type \gset
select pg_temp.queue(:alice, 'a star') as by_default \gset
select is((select m.model_key from atelier.api_models m where m.id = (pg_temp.job(:'by_type')).api_model_id), 'talker',
  'which finds the default model');
select is((select m.model_key from atelier.api_models m where m.id = (pg_temp.job(:'by_default')).api_model_id), 'tiny-sdxl',
  'who names nothing gets a picture');
select pg_temp.sign_in(:alice);
select throws_ok($$select atelier.queue_job('x', 'talker', job_type => 'image_high')$$, '22023', 'the model does not take this job type', 'no other job type');
select lives_ok($$select atelier.queue_job(null, 'talker', '{"messages": [{"role": "user", "content": "hi"}]}')$$, 'messages are enough');
select lives_ok($$select atelier.queue_job('', 'talker', '{"messages": [{"role": "user", "content": "hi"}]}')$$, 'with an empty prompt, too');
select throws_ok($$select atelier.queue_job(null, 'talker')$$, '22023', 'prompt is empty', 'nothing at all is not');
select throws_ok($$select atelier.queue_job(' ', 'talker', '{"max_tokens": 1}')$$, '22023', 'prompt is empty', 'other parameters do not stand for it');
select throws_ok($$select atelier.queue_job('x', 'talker', '{"max_tokens": 0}')$$, '22023', 'invalid parameter', 'parameters are checked');
select pg_temp.sign_out();
update atelier.api_models set parameter_schema = '{"additionalProperties": true}' where model_key = 'tiny-sdxl';
select pg_temp.sign_in(:alice);
select throws_ok($$select atelier.queue_job(null, 'tiny-sdxl', '{"messages": [{"role": "user", "content": "hi"}]}')$$, '22023', 'prompt is empty', 'a picture needs a prompt');
select pg_temp.sign_out();

-- What is answered.
select pg_temp.claim(:'job') as attempt \gset
select ok(pg_temp.answer(:'attempt', '{"text": "Fine.", "finish_reason": "stop"}'), 'a text completes the job');
select row_eq(format('select status, metadata #>> ''{provider,usage,completion_tokens}'' from atelier.jobs where id = %L', :'job'),
  row('completed'::text, '2'::text), 'with what it took');
select row_eq(format('select action, prompt, output_text, result, output_urls from atelier.generations where job_id = %L', :'job'),
  row('chat'::text, 'How are you?'::text, 'Fine.'::text, '{"text": "Fine.", "finish_reason": "stop"}'::jsonb, null::text[]),
  'the generation has the text and the whole answer');

select pg_temp.queue(:alice, null, $$, model => 'embedder', parameters => '{"input": ["a", "b"]}'$$) as vectors \gset
select pg_temp.become('atelier_worker');
select is((select c.parameters::jsonb from atelier_engine.claim_jobs(100) c where c.job_id = :'vectors'),
  '{"input": ["a", "b"]}', 'what is null is not sent');
select pg_temp.sign_out();
select ok(pg_temp.answer((pg_temp.queued(:'vectors')).attempt_id, '{"embeddings": [[0.5, 1], [1, 0]]}'), 'so do numbers');
select row_eq(format('select output_text, result #> ''{embeddings,1}'' from atelier.generations where job_id = %L', :'vectors'),
  row(null::text, '[1, 0]'::jsonb), 'which are no text');
select pg_temp.sign_in(:bob);
select is_empty('select from atelier.generations', 'nobody else sees them');
select pg_temp.sign_in(:alice);
select is((select count(*) from atelier.generations where action = 'chat'), 2::bigint, 'their owner does');
select pg_temp.sign_out();

-- What comes too late.
select pg_temp.queue(:alice, 'Late?', $$, model => 'talker'$$) as late_job \gset
select pg_temp.claim(:'late_job') as late \gset
select pg_temp.fail(:'late', 'invalid_input') as status \gset
select is((pg_temp.job(:'late_job')).status, 'failed', 'a job fails');
select pg_temp.answer(:'late', '{"text": "After all.", "finish_reason": "stop"}') as recorded \gset
select is((select count(*) from atelier.late_results where attempt_id = :'late' and has_data), 1::bigint, 'its text is kept');

select * from finish();
rollback;
