-- A language model rewrites the prompt before the job: what it is asked, what becomes of its answer, and of none.
begin;
\ir support/jobs.sql
select plan(120);
update atelier.endpoints set max_concurrency = 100 where is_active;

create function pg_temp.enhanced(p_prompt text, p_enhancement jsonb default 'true', p_user uuid default :alice)
returns uuid language sql as
$$ select pg_temp.queue(p_user, p_prompt, format(', enhancement => %L', p_enhancement)) $$;
create function pg_temp.made(p_job uuid) returns atelier.prompt_enhancements language sql as
$$ select * from atelier.prompt_enhancements where job_id = p_job $$;
create function pg_temp.answer(p_attempt uuid, p_text text, p_result jsonb default '{}') returns boolean language plpgsql as $$
declare
  done boolean;
begin
  perform pg_temp.become('atelier_worker');
  perform atelier_engine.open_result(p_attempt);
  done := atelier_engine.record_successes(
    array[p_attempt], array[null::jsonb], array[jsonb_build_object('text', p_text, 'finish_reason', 'stop') || p_result],
    array['{}'::jsonb], array[clock_timestamp()], array[clock_timestamp()], array[clock_timestamp()], array[clock_timestamp()]) <> '{}';
  perform pg_temp.sign_out();
  return done;
end $$;
-- Queues a picture with an enhancement, has the language model say something, and gives the picture's job.
create function pg_temp.after_answer(p_text text, p_result jsonb default '{}', p_enhancement jsonb default 'true', p_prompt text default 'a red circle')
returns atelier.jobs language plpgsql as $$
declare
  job constant uuid := pg_temp.enhanced(p_prompt, p_enhancement);
begin
  if not pg_temp.answer(pg_temp.claim((pg_temp.made(job)).enhancement_job_id), p_text, p_result) then
    raise 'the answer was not recorded';
  end if;
  return pg_temp.job(job);
end $$;

-- Without a language model nothing is rewritten, and the picture is made all the same.
select pg_temp.enhanced('a red circle') as alone \gset
select row_eq(format('select enhanced_prompt, enhancement_strategy::text from atelier.jobs where id = %L', :'alone'), row(null::text, 'error_fallback'::text),
  'without a language model the prompt stays as it is');
select is((pg_temp.made(:'alone')).fallback_reason, 'no_model', 'and the row says why');
select is((pg_temp.queued(:'alone')).state, 'ready', 'the picture waits for nothing');

insert into atelier.api_models (id, provider_id, model_key, display_name, modality, is_default, parameter_schema)
select 'c4a70000-0000-7000-8000-000000000001', p.id, 'talker', 'Talker', 'chat', true, '{"properties": {"temperature": {"type": "number"}}}'
  from atelier.api_providers p where p.name = 'atelier-runner';

-- The job before the job.
select pg_temp.enhanced('a red circle') as job \gset
select (pg_temp.made(:'job')).enhancement_job_id as chat \gset
select is((pg_temp.queued(:'job')).state, 'blocked', 'the picture waits');
select row_eq(format('select user_id, job_type, format, status, original_prompt, parameters ->> ''system'' from atelier.jobs where id = %L', :'chat'),
  row(:alice::uuid, 'chat'::text, 'chat'::text, 'queued'::text, 'a red circle'::text,
      (select system_prompt from atelier.prompt_templates where id = '00000000-0000-7000-8000-000000000105')),
  'the language model is told the template that fits, and the prompt as what the user says');
select is((select depends_on_job_id from atelier.job_dependencies where job_id = :'job'), :'chat'::uuid, 'it is a dependency like others');
select ok(:'chat'::uuid < :'job'::uuid, 'what is waited for comes first in the order of locks');
select is((pg_temp.job(:'job')).enhancement_strategy::text, 'pending', 'the job says that it is not settled');
select pg_temp.claim(:'chat') as attempt \gset
select ok(pg_temp.answer(:'attempt', E' "a glossy red circle on white paper, soft light"\n'), 'the model answers');
select row_eq(format('select original_prompt, enhanced_prompt, enhancement_strategy::text, template_name, enhancement_time_ms >= 0 from atelier.jobs where id = %L', :'job'),
  row('a red circle'::text, 'a glossy red circle on white paper, soft light'::text, 'rewritten'::text, 'Picture, general'::text, true),
  'both prompts and the strategy are kept on the job; quotation marks are gone');
select is((pg_temp.queued(:'job')).state, 'ready', 'the picture starts');
select pg_temp.become('atelier_worker');
select is((select c.parameters::jsonb ->> 'prompt' from atelier_engine.claim_jobs(100) c where c.job_id = :'job'), 'a glossy red circle on white paper, soft light',
  'with the new prompt');
select pg_temp.sign_out();
select row_eq(format('select enhancement_strategy, token_count, token_limit, completed_at is not null, template_id from atelier.prompt_enhancements where job_id = %L', :'job'),
  row('rewritten'::text, 10, 200, true, '00000000-0000-7000-8000-000000000105'::uuid), 'the row keeps what it took');

-- What is no prompt.
select row_eq(format('select (j).enhanced_prompt, (j).enhancement_strategy::text, (pg_temp.made((j).id)).fallback_reason, (pg_temp.queued((j).id)).state
                        from (select pg_temp.after_answer(%L, %L) as j offset 0) a', said, result),
  row(null::text, 'error_fallback'::text, reason, 'ready'::text), 'raw prompt: ' || why)
  from (values
    ('', '{}'::jsonb, 'empty', 'an empty answer'), (E' \n', '{}', 'empty', 'white space'), ('""', '{}', 'empty', 'quotation marks alone'),
    ('I''m sorry, but I can''t help with that.', '{}', 'refused', 'a refusal in words'), ('I cannot describe this.', '{}', 'refused', 'another'),
    ('fine', '{"refusal": "no"}', 'refused', 'a refusal as such'), ('fine', '{"finish_reason": "content_filter"}', 'refused', 'a filter'),
    ('fine', '{"finish_reason": "length"}', 'too_long', 'an answer that was cut off'), (repeat('circle, ', 101), '{}', 'too_long', 'more tokens than the template allows'),
    ('a naked statue', '{}', 'content_mode', 'nsfw where sfw was asked for')) c (said, result, reason, why);
select is((pg_temp.after_answer(repeat('circle, ', 100))).enhancement_strategy::text, 'rewritten', 'as many tokens as allowed are a prompt');
select is((pg_temp.after_answer('a sign that says sorry, we are closed')).enhancement_strategy::text, 'rewritten', 'a picture may be about regret');
select is((pg_temp.after_answer(repeat('circle, ', 90), '{}', '{"reserved_tokens": 30}')).enhancement_strategy::text, 'error_fallback', 'what controls take is not there for the answer');
select is((pg_temp.after_answer($$'); drop table atelier.jobs; -- {{system}} \ %s$$)).enhanced_prompt, $$'); drop table atelier.jobs; -- {{system}} \ %s$$, 'a text is a text');
select row_eq($$select token_count, token_count_exact from pg_temp.made((pg_temp.after_answer('incomprehensibilities')).id)$$, row(3, false), 'tokens are estimated');
select setting || '/atelier/models/tiny-sdxl' as models from pg_config() where name = 'SHAREDIR' \gset
set local atelier.tokenizer_directory = :'models';
update atelier.api_models set capabilities = capabilities || '{"tokenizer": "tokenizer"}' where id = (pg_temp.job(:'job')).api_model_id;
select row_eq($$select token_count, token_count_exact from pg_temp.made((pg_temp.after_answer('incomprehensibilities')).id)$$,
  row(atelier_engine.tokenizer_count('incomprehensibilities', 'tokenizer'), true), 'or counted, where the tokenizer of the picture''s model is installed');
select is((pg_temp.after_answer(repeat('circle, ', 100))).enhancement_strategy::text, 'rewritten', 'as many as allowed by the count');
select is((pg_temp.after_answer(repeat('circle, ', 100) || 'a')).enhancement_strategy::text, 'error_fallback', 'one more is too long');
select is((pg_temp.after_answer(repeat('zqx ', 90))).enhancement_strategy::text, 'error_fallback', 'what is too long by the count alone, too');
select cmp_ok(atelier_engine.estimate_prompt_tokens(repeat('zqx ', 90)), '<=', 200, 'which the estimate would have let pass');
select is((pg_temp.made((pg_temp.after_answer(repeat('circle ', 100000))).id)).fallback_reason, 'too_long', 'a book is not counted to its end');
reset atelier.tokenizer_directory;

-- A model that fails.
select pg_temp.enhanced('a blue square') as job \gset
select pg_temp.fail(pg_temp.claim((pg_temp.made(:'job')).enhancement_job_id), 'invalid_input');
select row_eq(format('select status, enhanced_prompt, enhancement_strategy::text, error_class from atelier.jobs where id = %L', :'job'),
  row('queued'::text, null::text, 'error_fallback'::text, null::text), 'a failure of the language model is none of the picture');
select is((pg_temp.made(:'job')).fallback_reason, 'failed', 'it is written down');
select is((pg_temp.queued(:'job')).state, 'ready', 'the picture starts with the raw prompt');
select pg_temp.enhanced('a blue square') as job \gset
select pg_temp.fail(pg_temp.claim((pg_temp.made(:'job')).enhancement_job_id), 'content_policy');
select is((pg_temp.made(:'job')).fallback_reason, 'refused', 'a provider that refuses has refused');

-- Cancelling.
select pg_temp.enhanced('a green star') as job \gset
select (pg_temp.made(:'job')).enhancement_job_id as chat \gset
select pg_temp.sign_in(:alice);
select is((select status from atelier.cancel_job(:'job')), 'cancelled', 'the picture is cancelled');
select pg_temp.sign_out();
select is((pg_temp.job(:'chat')).status, 'cancelled', 'cancelling the picture cancels the enhancement');
select is_empty(format('select from atelier_engine.queue where job_id in (%L, %L)', :'job', :'chat'), 'neither is in the queue');
select row_eq(format('select enhancement_strategy, fallback_reason from atelier.prompt_enhancements where job_id = %L', :'job'), row('error_fallback'::text, 'cancelled'::text), 'and the row is settled');
select pg_temp.enhanced('a green star') as job \gset
select (pg_temp.made(:'job')).enhancement_job_id as chat \gset
select pg_temp.claim(:'chat') as attempt \gset
select pg_temp.sign_in(:alice);
select is((select status from atelier.cancel_job(:'job')), 'cancelled', 'also while the language model is at it');
select pg_temp.sign_out();
select isnt((pg_temp.job(:'chat')).cancel_requested_at, null, 'which is told to stop');
select ok(pg_temp.answer(:'attempt', 'too late'), 'an answer that comes all the same is recorded');
select is((pg_temp.job(:'job')).status, 'cancelled', 'and brings nothing back');
select pg_temp.enhanced('a green star') as job \gset
select (pg_temp.made(:'job')).enhancement_job_id as chat \gset
select pg_temp.sign_in(:alice);
select is((select status from atelier.cancel_job(:'chat')), 'cancelled', 'the enhancement alone may be cancelled');
select pg_temp.sign_out();
select is((pg_temp.queued(:'job')).state, 'ready', 'then the picture gets the raw prompt');
select pg_temp.queue(:alice, 'base') as base \gset
select pg_temp.queue(:alice, 'child', format($$, enhancement => 'true', depends_on => array[%L]::uuid[]$$, :'base')) as job \gset
select (pg_temp.made(:'job')).enhancement_job_id as chat \gset
select pg_temp.fail(pg_temp.claim(:'base'), 'invalid_input');
select is((pg_temp.job(:'job')).status, 'failed', 'a picture that fails for another dependency');
select isnt((pg_temp.job(:'chat')).cancel_requested_at, null, 'needs no rewritten prompt');

select pg_temp.enhanced('a green star') as job \gset
delete from atelier.jobs where id = (pg_temp.made(:'job')).enhancement_job_id;
select row_eq(format('select j.enhancement_strategy::text, e.enhancement_strategy, e.fallback_reason from atelier.jobs j join atelier.prompt_enhancements e on e.job_id = j.id where j.id = %L', :'job'),
  row('error_fallback'::text, 'error_fallback'::text, 'cancelled'::text), 'an enhancement whose job is deleted is settled');
select pg_temp.become('atelier_worker');
select is(atelier_engine.unblock_just_missed(), 1, 'and the picture is found');
select pg_temp.sign_out();
select is((pg_temp.queued(:'job')).state, 'ready', 'which starts');
insert into atelier.api_providers (name, display_name, auth_scheme) values ('elsewhere', 'Elsewhere', 'none');
insert into atelier.api_models (provider_id, model_key, display_name, modality) select id, 'unserved', 'Unserved', 'chat' from atelier.api_providers where name = 'elsewhere';
select pg_temp.enhanced('a star', '{"model": "unserved"}') as job \gset
select is((pg_temp.made(:'job')).fallback_reason, 'no_model', 'nobody waits for a model that no endpoint serves');
update atelier.api_models set is_default = model_key = 'unserved' where modality = 'chat';
select pg_temp.enhanced('a star') as job \gset
select is((pg_temp.made(:'job')).enhancement_strategy, 'pending', 'who names none gets one that is served');
update atelier.api_models set is_default = model_key = 'talker' where modality = 'chat';

-- Moderation looks at what was made of a prompt, too.
insert into atelier.moderation_checks (id, name, kind, stage) values ('c4ec0000-0000-7000-8000-000000000001', 'words', 'rules', 'before');
insert into atelier.moderation_thresholds (category, mode, flag_at, quarantine_at, reject_at) values ('squares', 'sfw', 0.1, 0.2, 0.9);
insert into atelier.moderation_rules (check_id, category, phrase, score) values ('c4ec0000-0000-7000-8000-000000000001', 'squares', 'forbidden square', 1);
select pg_temp.sign_in(:alice);
select throws_ok($$select atelier.queue_job('x', enhancement => '{"enhanced_prompt": "a forbidden square"}')$$, 'PT422', 'moderation refuses the prompt', 'a text of one''s own goes past no rule');
select pg_temp.sign_out();
select (pg_temp.after_answer('a forbidden square')).id as job \gset
select is((pg_temp.made(:'job')).fallback_reason, 'refused', 'nor does an answer');
delete from atelier.moderation_rules where category = 'squares';

-- Exact copy, texts of one's own, presets, modify.
select pg_temp.enhanced('exactly (this:1.1)', '{"mode": "exact_copy", "presets": ["Full studio"]}') as job \gset
select row_eq(format('select j.enhanced_prompt, j.enhancement_strategy::text, q.state from atelier.jobs j join atelier_engine.queue q on q.job_id = j.id where j.id = %L', :'job'),
  row(null::text, 'exact_copy'::text, 'ready'::text), 'exact copy leaves the prompt untouched');
select is((pg_temp.job(pg_temp.enhanced('raw', '{"enhanced_prompt": "edited by hand"}'))).enhanced_prompt, 'edited by hand', 'a text of one''s own is used as it is');
select row_eq(format('select enhanced_prompt, enhancement_strategy::text, compel_weights from atelier.jobs where id = %L', pg_temp.enhanced('fog, soft light', '{"presets": ["Clear and sharp"]}')),
  row('fog, (soft light:1.1)'::text, 'weighted'::text, '{"sharp focus": 1.3, "soft light": 1.1}'::jsonb), 'a preset may only weigh');
select is((pg_temp.after_answer('a pier, sharp focus', '{}', '{"presets": ["00000000-0000-7000-8000-000000000304"]}')).enhanced_prompt, 'a pier, (sharp focus:1.2)', 'or have it rewritten, and weigh the answer');
select is((pg_temp.after_answer('a pier (sharp focus', '{}', '{"presets": ["Full studio"]}')).enhancement_strategy::text, 'error_fallback', 'an answer that cannot be weighed is not used, and is recorded');
select is((select usage_count from atelier.enhancement_presets where preset_name = 'Full studio'), 3, 'uses are counted');
select pg_temp.enhanced('x', '{"presets": ["Full studio"]}') as job \gset
select is((select j.parameters -> 'temperature' from atelier.jobs j where j.id = (pg_temp.made(:'job')).enhancement_job_id), '0.8', 'the settings of a preset go to the model');
select pg_temp.enhanced('make it night', '{"mode": "modify"}') as job \gset
select is((pg_temp.made(:'job')).template_name, 'Change of a picture', 'the reference mode modify has its own template');
select pg_temp.enhanced('a red circle', '{"model": "qwen_instruct"}') as job \gset
select is((pg_temp.made(:'job')).enhancer_model, 'qwen_instruct', 'a name of templates stands for the language model there is');
select is((select m.model_key from atelier.jobs j join atelier.api_models m on m.id = j.api_model_id where j.id = (pg_temp.made(:'job')).enhancement_job_id), 'talker', 'which is asked');

-- Refusals.
create function pg_temp.refusal(p_enhancement jsonb) returns text language plpgsql as $$
declare
  error record;
begin
  perform pg_temp.sign_in('a11ce000-0000-7000-8000-000000000001');
  select * into error from pg_temp.error_of(format('select atelier.queue_job(%L, enhancement => %L)', 'a circle', p_enhancement));
  perform pg_temp.sign_out();
  return coalesce(error.state || ' ' || error.message, 'taken');
end $$;
select is(pg_temp.refusal(enhancement), refusal, left(enhancement::text, 50)) from (values
  ('true'::jsonb, 'taken'), ('false', 'taken'), ('{}', 'taken'), ('null', '22023 enhancement must be a JSON object'), ('[]', '22023 enhancement must be a JSON object'), ('"yes"', '22023 enhancement must be a JSON object'),
  ('{"colour": 1}', '22023 unknown option of enhancement'), ('{"model": 1}', '22023 wrong option of enhancement'), ('{"mode": "loud"}', '22023 there is no such mode of enhancement'),
  ('{"content_mode": "all"}', '22023 there is no such content mode'), ('{"reserved_tokens": 1.5}', '22023 reserved_tokens is out of range'), ('{"reserved_tokens": 1e300}', '22023 reserved_tokens is out of range'),
  ('{"presets": [1]}', '22023 presets are names'), ('{"presets": ["Nothing"]}', 'PT404 there is no such preset'), ('{"template_id": "x"}', '22023 template_id is no id'),
  ('{"template_id": "00000000-0000-7000-8000-0000000000aa"}', 'PT404 there is no such template'), ('{"model": "nobody"}', 'PT404 unknown model'), ('{"model": "tiny-sdxl"}', 'PT404 unknown model'),
  ('{"content_mode": "nsfw"}', '42501 this content mode is for people whose age is verified'),
  (jsonb_build_object('enhanced_prompt', repeat('x', 10001)), '22023 enhanced_prompt is too long')) c (enhancement, refusal);
insert into atelier.prompt_templates (id, enhancer_model, use_case, template_name, system_prompt)
values ('00000000-0000-7000-8000-0000000000d1', 'any', 'secret', 'Draft of somebody', 'not yet');
insert into atelier.prompt_templates (id, enhancer_model, use_case, template_name, system_prompt, is_active, content_mode)
values ('00000000-0000-7000-8000-0000000000d2', 'any', 'secret', 'For adults', 'psst', true, 'nsfw');
select is(pg_temp.refusal('{"template_id": "00000000-0000-7000-8000-0000000000d1"}'), 'PT404 there is no such template', 'the draft of somebody else is nobody''s');
select is(pg_temp.refusal('{"template_id": "00000000-0000-7000-8000-0000000000d2"}'), 'PT404 there is no such template', 'a template for adults is none for sfw');
update atelier.api_models set is_active = false where model_key = 'talker';
select is(pg_temp.refusal('{"model": "talker"}'), 'PT404 unknown model', 'a model that is off is none');
update atelier.api_models set is_active = true where model_key = 'talker';

-- What nobody else sees.
select pg_temp.enhanced('a secret wish') as job \gset
select pg_temp.sign_in(:bob);
select is_empty('select from atelier.prompt_enhancements', 'others see no prompts');
select throws_ok(format('select atelier.get_enhanced_prompt(%L)', e), 'PT404', 'no such enhancement', 'nor by the function') from (select (pg_temp.made(:'job')).id as e) x;
select throws_ok(format('select atelier.enhance_prompt(%L, user_id => %L)', 'x', :alice), '42501', 'you may act only for yourself', 'nobody asks for somebody else');
select throws_ok('insert into atelier.prompt_enhancements (user_id, original_prompt) values (auth.uid(), ''x'')', '42501', null, 'nobody writes the rows');
select pg_temp.sign_out();

-- enhance_prompt(): only the text.
select pg_temp.sign_in(:alice);
select atelier.enhance_prompt(prompt => 'a fox', "jobType" => 'sdxl_image_fast', format => 'sdxl_image_fast', quality => 'fast', "selectedModel" => 'qwen_instruct',
  regeneration => false, "selectedPresets" => '[]', "contentType" => 'sfw', metadata => '{"a": 1}', user_id => :alice) as answer \gset
select is((:'answer'::jsonb) - 'enhancement_id' - 'job_id', '{"success": true, "status": "pending", "original_prompt": "a fox", "enhanced_prompt": null, "enhancement_strategy": "pending",
  "enhancement_metadata": {"enhancer_model": "qwen_instruct", "template_name": "SDXL, instructed", "content_mode": "sfw", "token_limit": 75}}', 'the arguments of the original clients are taken');
select pg_temp.sign_out();
select pg_temp.answer(pg_temp.claim((:'answer'::jsonb ->> 'job_id')::uuid), 'a red fox in the snow');
select pg_temp.sign_in(:alice);
select is(atelier.get_enhanced_prompt((:'answer'::jsonb ->> 'enhancement_id')::uuid, 5) ->> 'enhanced_prompt', 'a red fox in the snow', 'and the answer is fetched');
select is(atelier.enhance_prompt(original_prompt => 'as it is', metadata => '{"exact_copy_mode": true}') ->> 'enhanced_prompt', 'as it is', 'exact copy gives the prompt back');
select is(atelier.enhance_prompt('night', job_type => 'image', metadata => '{"reference_mode": "modify"}') #>> '{enhancement_metadata,template_name}', 'Change of a picture', 'modify');
select is(atelier.enhance_prompt('pier', "contentType" => 'scene_starters', "contentRating" => 'sfw') #>> '{enhancement_metadata,template_name}', 'Openings', 'a content type may be a use case');
select is(atelier.enhance_prompt('pier', "jobType" => 'video7b_fast_enhanced', enhancement_model => 'qwen_base') #>> '{enhancement_metadata,template_name}', 'WAN, continued', 'a job type is a target');
select throws_ok('select atelier.enhance_prompt()', '22023', 'there is no prompt to enhance', 'no prompt');
select throws_ok($$select atelier.enhance_prompt('x', model_id => 'nobody')$$, 'PT404', 'unknown model', 'an unknown model');
select throws_ok($$select atelier.enhance_prompt('x', "contentType" => 'nsfw')$$, '42501', 'this content mode is for people whose age is verified', 'nsfw is for adults');
select throws_ok($$select atelier.enhance_prompt('x', "contentType" => 'news')$$, '22023', 'there is no such content type', 'an unknown content type');
select throws_ok($$select atelier.enhance_prompt('x', "contentRating" => 'news')$$, '22023', 'there is no such content mode', 'an unknown rating');
select throws_ok($$select atelier.enhance_prompt('x', quality => 'best')$$, '22023', 'there is no such quality', 'an unknown quality');
select throws_ok(format($$select atelier.enhance_prompt(%L)$$, repeat('x', 10001)), '22023', 'prompt is too long', 'a long prompt');
select throws_ok($$select atelier.enhance_prompt('x', metadata => '[]')$$, '22023', 'metadata must be a JSON object', 'metadata is an object');
select is(atelier.get_negative_prompt_details() - 'baseNegativePrompt', '{"success": true, "modelType": "sdxl", "contentMode": "sfw", "generationMode": "txt2img", "count": 16}', 'negative prompts as the original function gave them');
select throws_ok($$select atelier.get_negative_prompt_details("contentMode" => 'all')$$, '22023', 'there is no such content mode', 'of a mode that there is');
select pg_temp.become('authenticated');
select throws_ok($$select atelier.enhance_prompt('x')$$, 'PT401', null, 'a token without a user gets nothing');
select throws_ok($$select atelier.get_enhanced_prompt('00000000-0000-7000-8000-0000000000aa')$$, 'PT404', null, 'nor here');
select pg_temp.sign_out();

-- Other tries, batches, keys.
select pg_temp.queue(:alice, 'a kite', $$, enhancement => 'true', idempotency_key => 'k'$$) as one \gset
select is(pg_temp.queue(:alice, 'a kite', $$, enhancement => 'true', idempotency_key => 'k'$$), :'one', 'a request that is sent again makes no second enhancement');
select is((select count(*) from atelier.jobs where original_prompt = 'a kite'), 2::bigint, 'one picture, one enhancement');
select pg_temp.answer(pg_temp.claim((pg_temp.made(:'one')).enhancement_job_id), 'a yellow kite');
select pg_temp.fail(pg_temp.claim(:'one'), 'invalid_input');
select pg_temp.sign_in(:alice);
select (atelier.retry_job(:'one')).id as again, (atelier.retry_job(:'one', '{"prompt": "a boat"}')).id as other \gset
select throws_ok($$select * from atelier.queue_jobs(array['{"prompt": "a bird", "enhancement": "x"}'::jsonb])$$, '22023', 'requests[0]: enhancement must be a JSON object', 'batches check it');
select is((select count(*) from atelier.queue_jobs(array['{"prompt": "a bird", "enhancement": true}'::jsonb, '{"prompt": "a bird", "enhancement": false}'])), 2::bigint, 'and take it');
select pg_temp.sign_out();
select row_eq(format('select enhanced_prompt, enhancement_strategy::text from atelier.jobs where id = %L', :'again'), row('a yellow kite'::text, 'given'::text), 'another try has the same prompt');
select is((pg_temp.job(:'other')).enhancement_strategy::text, 'pending', 'another prompt is rewritten anew');
select is((select count(*) from atelier.jobs where original_prompt = 'a bird' and format = 'chat'), 1::bigint, 'one of two');

select function_privs_are('atelier', 'get_enhanced_prompt', array['uuid', 'numeric'], 'anon', array[]::text[], 'anon gets nothing');
select * from finish();
rollback;
