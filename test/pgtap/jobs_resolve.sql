-- What follows from the model, job type and parameters of a request, and how long a session remembers it.
begin;
\ir support/jobs.sql
select plan(17);

create function pg_temp.resolve(p_model text, p_job_type text, p_parameters jsonb default '{}') returns jsonb language sql as
  $$ select to_jsonb(atelier_engine.resolve_request(p_model, p_job_type, p_parameters)) $$;

select results_eq($$select * from atelier_engine.resolve_request('tiny-sdxl', null, '{"steps": 3.0}')$$,
  $$select * from atelier_engine.resolve_request_anew('tiny-sdxl', null, '{"steps": 3.0}')$$, 'as found out anew');
select is(pg_temp.resolve(null, null) - '{api_model_id,parameters,estimated_seconds}'::text[],
  '{"job_type": "sdxl_image_high", "format": "image", "quality": "high", "model_type": "sdxl", "draws_seed": true, "takes_pictures": false, "is_moderated": false}', 'what it is made of');
select is(pg_temp.resolve('tiny-sdxl', 'sdxl_image_fast') -> 'parameters' -> 'steps', '15', 'a job type has its own defaults');
select is(pg_temp.resolve('tiny-sdxl', null) -> 'parameters' -> 'steps', '25', 'no job type is another request');
select is(pg_temp.resolve(null, null, '{"seed": 7}') -> 'draws_seed', 'false', 'a given seed is not drawn');
select is(pg_temp.resolve(null, null, '{"steps": 50}') -> 'estimated_seconds', '0.8', 'twice the steps, twice the time');
select is(pg_temp.resolve(null, null, '{"steps": 50}') -> 'estimated_seconds', '0.8', 'again');
select throws_ok($$select pg_temp.resolve('tiny-sdxl', null, '{"steps": 0}')$$, '22023', 'invalid parameter', 'what the model does not take is refused');
select throws_ok($$select pg_temp.resolve('tiny-sdxl', null, '{"steps": 0}')$$, '22023', 'invalid parameter', 'every time');
select throws_ok($$select pg_temp.resolve('tiny-sdxl''', null)$$, 'PT404', 'unknown model', 'an unknown model');

-- The catalogue changes.
update atelier.api_models set input_defaults = input_defaults || '{"steps": 9}' where model_key = 'tiny-sdxl';
select is(pg_temp.resolve('tiny-sdxl', null) -> 'parameters' -> 'steps', '9', 'other defaults hold at once');
update atelier.api_models set parameter_schema = jsonb_set(parameter_schema, '{properties,steps,maximum}', '40') where model_key = 'tiny-sdxl';
select throws_ok($$select pg_temp.resolve(null, null, '{"steps": 50}')$$, '22023', 'invalid parameter', 'and other limits');
savepoint before;
update atelier.api_models set is_active = false where model_key = 'tiny-sdxl';
select throws_ok($$select pg_temp.resolve('tiny-sdxl', null)$$, 'PT404', 'unknown model', 'a model can go');
rollback to before;
select is(pg_temp.resolve('tiny-sdxl', null) -> 'parameters' -> 'steps', '9', 'and come back');
update atelier.api_providers set is_active = false;
select throws_ok($$select pg_temp.resolve('tiny-sdxl', null)$$, 'PT404', 'unknown model', 'its provider, too');
update atelier.api_providers set is_active = true;

-- Many different requests, and long ones.
select is(count(distinct r.estimated_seconds), 40::bigint, 'each request has its own answer')
  from generate_series(1, 1000) n, atelier_engine.resolve_request('tiny-sdxl', null, jsonb_build_object('steps', n % 40 + 1, 'seed', n)) r;
update atelier.api_models set aliases = array[repeat('x', 5000)] where model_key = 'tiny-sdxl';
select is(r.format, 'image', 'a long name') from atelier_engine.resolve_request(repeat('x', 5000), null, '{}') r;
select * from finish();
rollback;
