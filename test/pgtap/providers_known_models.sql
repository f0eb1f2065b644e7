-- Well-known models: their rules take their own defaults and refuse nonsense, and nothing is in use until it is added.
begin;
\ir support/jobs.sql
select plan(48);

-- What comes with the extension is what there was: nothing of it is active, nothing is the default.
select is_empty($$select from atelier.api_models m join atelier.known_models k using (model_key)$$, 'no known model is there by itself');
select is_empty($$select from atelier.api_providers p join atelier.known_providers k using (name)$$, 'nor any of their providers');
select cmp_ok((select count(*) from atelier.known_models), '>=', 30::bigint, 'models are known');
select set_eq('select distinct provider from atelier.known_models', 'select name from atelier.known_providers', 'of every known provider');
select is_empty('select model_key from atelier.known_models group by 1 having count(*) > 1', 'no model twice');
select is_empty($$select n from (select model_key as n from atelier.known_models union all select unnest(aliases) from atelier.known_models) a group by n having count(*) > 1$$,
  'no name stands for two of them');
select is_empty($$select model_key from atelier.known_models where parameter_schema::text ~ 'safety'$$,
  'no job may relax a vendor''s safety filters');

-- Their rules.
create function pg_temp.problem_of(p_key text, p_parameters jsonb) returns text language plpgsql as $$
declare
  why text;
begin
  perform atelier_engine.validate_parameters(k.parameter_schema, p_parameters) from atelier.known_models k where k.model_key = p_key;
  return null;
exception when others then
  get stacked diagnostics why = pg_exception_detail;
  return sqlstate || ' ' || sqlerrm || ': ' || why;
end $$;
create temp table rules as
select k.model_key, k.parameter_schema, r.key as name, r.value as rule,
       case jsonb_typeof(r.value -> 'type') when 'string' then jsonb_build_array(r.value -> 'type') else r.value -> 'type' end as types
  from atelier.known_models k, jsonb_each(k.parameter_schema -> 'properties') r;
-- What a rule has to refuse: the wrong kind, just below, just above, between the steps, no word of the list.
create temp table nonsense as
select model_key, name, bad from rules, lateral (
  select case when types ? 'array' then '7' else '[1]' end::jsonb as bad
  union all select case when types ? 'boolean' then '"yes"' else 'true' end::jsonb
  union all select to_jsonb((rule ->> 'minimum')::numeric - 0.001) where rule ? 'minimum' and not types ? 'integer'
  union all select to_jsonb((rule ->> 'minimum')::numeric - 1) where rule ? 'minimum'
  union all select to_jsonb((rule ->> 'maximum')::numeric + 1) where rule ? 'maximum'
  union all select to_jsonb((rule ->> 'minimum')::numeric + 0.5) where types ? 'integer' and rule ? 'minimum'
  union all select to_jsonb((rule ->> 'minimum')::numeric + 1) where rule ? 'multipleOf'
  union all select '"no such word"' where rule ? 'enum'
  union all select '7777777' where rule ? 'enum'
  union all select to_jsonb(repeat('x', (rule ->> 'maxLength')::integer + 1)) where rule ? 'maxLength') b;
select is_empty($$select model_key, pg_temp.problem_of(model_key, input_defaults) from atelier.known_models
   where not parameter_schema ? 'required' and pg_temp.problem_of(model_key, input_defaults) is not null$$, 'every schema takes its own defaults');
select is_empty($$select model_key from atelier.known_models
   where parameter_schema ? 'required' and (pg_temp.problem_of(model_key, input_defaults) is null or
     pg_temp.problem_of(model_key, input_defaults || '{"image": "https://pictures.example/a.png"}') is not null)$$, 'with a picture where one is needed');
select cmp_ok((select count(*) from nonsense), '>', 400::bigint, 'nonsense for every parameter of every model');
select is_empty('select model_key, name from rules where not (model_key, name) in (select model_key, name from nonsense)', 'none is left out');
select is_empty($$select model_key, name, left(bad::text, 60) from nonsense
   where pg_temp.problem_of(model_key, jsonb_build_object(name, bad)) is distinct from null
     and pg_temp.problem_of(model_key, jsonb_build_object(name, bad)) !~ ('^22023 invalid parameter: ' || name)$$, 'it is refused for what it is');
select is_empty($$select model_key, name, left(bad::text, 60) from nonsense where pg_temp.problem_of(model_key, jsonb_build_object(name, bad)) is null$$, 'and all of it');
select is_empty($$select model_key from atelier.known_models where pg_temp.problem_of(model_key, '{"no_such_parameter": 1}') !~ '^22023 unknown parameter'
   or pg_temp.problem_of(model_key, '{"no_such_parameter": 1}') is null$$, 'so is a parameter that nobody knows');
select is_empty($$select model_key, name from rules r where coalesce(jsonb_array_length(r.types), 0) = 0$$, 'every rule has a type');
select is_empty($$select model_key, name from rules where types ?| '{integer,number}' and not rule ?& '{minimum,maximum}' and not rule ? 'enum'$$, 'every number has a least and a most');
select is_empty($$select model_key from atelier.known_models where adapter in ('openai_chat', 'openai_embeddings', 'openai_images')
   and parameter_schema -> 'properties' ?| '{prompt,model,negative_prompt}'$$, 'none has what queue_job() says itself');
select is_empty($$select model_key from atelier.known_models k, atelier_engine.model_options_problem(k.adapter, k.adapter_options) o where o is not null$$,
  'their adapters understand what they have to know of them');
select is_empty($$select model_key, o.key from atelier.known_models k, jsonb_each(k.adapter_options -> 'rename') o
   where not k.parameter_schema -> 'properties' ? o.key$$, 'what is renamed is a parameter');

-- Adding them.
select pg_temp.sign_in(:alice) \g /dev/null
select throws_ok($$select atelier.add_known_models('replicate')$$, '42501', null, 'people add none');
select throws_ok('select * from atelier.known_models', '42501', null, 'nor see what could be added');
select pg_temp.sign_in(:carol) \g /dev/null
select throws_ok($$select atelier.add_known_models('replicate')$$, '42501', null, 'nor do administrators without the service role');
select pg_temp.sign_out() \g /dev/null
select pg_temp.become('service_role') \g /dev/null
select throws_ok($$select atelier.add_known_models('nobody')$$, 'PT404', 'unknown provider', 'an unknown provider');
select throws_ok('select atelier.add_known_models(null)', 'PT404', 'unknown provider', 'none at all');
select throws_ok($$select atelier.add_known_models('fal', '{fal-ai/flux/dev,gpt-4o}')$$, 'PT404', 'unknown model', 'a model of somebody else');
select throws_ok($$select atelier.add_known_models('fal', '{null}')$$, 'PT404', 'unknown model', 'and none');
select is(atelier.add_known_models('fal', '{}'), 0, 'nothing is asked for');
select is(atelier.add_known_models('fal', '{fal-ai/flux/dev}'), 1, 'one is');
select is(atelier.add_known_models('fal'), 2, 'then all that are missing');
select is(atelier.add_known_models('fal'), 0, 'then there are none');
select is(atelier.add_known_models('openai', '{gpt-4.1,gpt-image-1}'), 2, 'two that need two adapters');
select is(atelier.add_known_models('openai'), (select count(*)::integer - 2 from atelier.known_models where provider = 'openai'), 'and the rest');
select is(atelier.add_known_models('google') + atelier.add_known_models('replicate'),
  (select count(*)::integer from atelier.known_models where provider in ('google', 'replicate')), 'and all others');
select pg_temp.sign_out() \g /dev/null
select results_eq($$select e.name, e.adapter, e.base_url from atelier.endpoints e join atelier.api_providers p on p.id = e.provider_id
    join atelier.known_providers k on k.name = p.name order by 1$$,
  $$values ('fal', 'fal', 'https://queue.fal.run'), ('google-gemini', 'gemini', 'https://generativelanguage.googleapis.com/v1beta'),
           ('openai-chat', 'openai_chat', 'https://api.openai.com/v1'), ('openai-embeddings', 'openai_embeddings', 'https://api.openai.com/v1'),
           ('openai-images', 'openai_images', 'https://api.openai.com/v1'), ('replicate', 'replicate', 'https://api.replicate.com/v1')$$, 'each adapter has one endpoint');
select is_empty($$select k.model_key from atelier.known_models k
   where (select array_agg(e.adapter) from atelier_engine.routes r join atelier.endpoints e on e.id = r.endpoint_id where r.model_key = k.model_key)
         is distinct from array[k.adapter]$$, 'every model goes to the endpoint with its adapter, and to no other');
select is_empty($$select k.model_key from atelier.known_models k join atelier.api_models m using (model_key)
   where (k.display_name, k.modality, k.task, k.aliases, k.estimated_seconds, k.input_defaults, k.parameter_schema, k.adapter_options)
         is distinct from (m.display_name, m.modality, m.task, m.aliases, m.estimated_seconds, m.input_defaults, m.parameter_schema, m.adapter_options)$$, 'the rows are what is known');
select is_empty($$select from atelier.api_models m join atelier.known_models k using (model_key) where m.is_default$$, 'none is the default');
select results_eq($$select p.auth_scheme, p.auth_header_name from atelier.api_providers p where p.name in ('fal', 'google', 'openai', 'replicate') order by p.name$$,
  $$values ('key', 'Authorization'), ('header', 'x-goog-api-key'), ('bearer', 'Authorization'), ('bearer', 'Authorization')$$, 'the tokens travel as the vendors want them');
select ok(atelier_engine.choose_model(null, null) = (select m from atelier.api_models m where m.model_key = 'tiny-sdxl'), 'the default is what it was');

-- Jobs wait for a token: nothing is sent without one.
select pg_temp.sign_in(:alice) \g /dev/null
select lives_ok($$select atelier.queue_job('a cat', model => 'flux-1.1-pro', parameters => '{"aspect_ratio": "16:9"}')$$, 'a job may name one by its alias');
select throws_ok($$select atelier.queue_job('a cat', model => 'flux-1.1-pro', parameters => '{"aspect_ratio": "17:9"}')$$, '22023', 'invalid parameter', 'and is held to its rules');
select pg_temp.sign_out() \g /dev/null
select is_empty($$select c.job_id from atelier_engine.claim_jobs(9) c$$, 'nobody takes it without a token');
select ok(exists (select from atelier.doctor() d where d.detail ~ 'token' and d.check_name ~ 'replicate'), 'and doctor() tells why');

-- What an operator has stays.
delete from atelier.api_providers where name in ('fal', 'openai', 'google');
insert into atelier.api_providers (name, display_name, auth_scheme) values ('openai', 'My gateway', 'none');
insert into atelier.api_models (provider_id, model_key, display_name, modality) select id, 'gpt-4o', 'My 4o', 'chat' from atelier.api_providers where name = 'openai';
insert into atelier.endpoints (provider_id, name, adapter, base_url) select id, 'mine', 'openai_chat', 'https://gateway.example/v1' from atelier.api_providers where name = 'openai';
select throws_ok($$select atelier.add_known_models('openai', '{gpt-image-1}')$$, 'PT409', 'an endpoint takes all models of the provider', 'no pictures for an endpoint that takes everything for chat');
select is(atelier.add_known_models('openai', '{gpt-4o,gpt-4.1}'), 1, 'a model that is there is not added');
select row_eq($$select p.display_name, p.auth_scheme, (select m.display_name from atelier.api_models m where m.model_key = 'gpt-4o'), (select count(*) from atelier.endpoints e where e.provider_id = p.id)
    from atelier.api_providers p where p.name = 'openai'$$, row('My gateway'::text, 'none'::text, 'My 4o'::text, 1::bigint), 'nor changed, nor its provider, nor is there a second endpoint');
update atelier.endpoints set only_models = '{gpt-4o,gpt-4.1}' where name = 'mine';
select is(atelier.add_known_models('openai', '{gpt-5,gpt-image-1}'), 2, 'an endpoint with a list');
select results_eq($$select e.name, e.only_models from atelier.endpoints e join atelier.api_providers p on p.id = e.provider_id where p.name = 'openai' order by 1$$,
  $$values ('mine', array['gpt-4o', 'gpt-4.1', 'gpt-5']), ('openai-images', array['gpt-image-1'])$$, 'gets those that are for it');

select * from finish();
rollback;
