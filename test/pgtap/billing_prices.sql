-- Prices: who sets and reads them, what is refused, and what they make of a call, to the last digit.
begin;
\ir support/jobs.sql
select plan(82);
insert into atelier.api_providers (id, name, display_name, currency) values ('b1000000-0000-7000-8000-000000000001', 'dear', 'Dear', 'EUR');
insert into atelier.api_providers (id, name, display_name) values ('b1000000-0000-7000-8000-000000000002', 'other', 'Other');
insert into atelier.api_models (id, provider_id, model_key, display_name, modality)
values ('d1000000-0000-7000-8000-000000000001', 'b1000000-0000-7000-8000-000000000001', 'talker', 'Talker', 'chat'),
       ('d1000000-0000-7000-8000-000000000002', 'b1000000-0000-7000-8000-000000000001', 'painter', 'Painter', 'image'),
       ('d1000000-0000-7000-8000-000000000003', 'b1000000-0000-7000-8000-000000000002', 'stranger', 'Stranger', 'image');
\set dear '''b1000000-0000-7000-8000-000000000001'''
\set talker '''d1000000-0000-7000-8000-000000000001'''
\set painter '''d1000000-0000-7000-8000-000000000002'''
create function pg_temp.prices() returns text language sql as $$
  select coalesce(string_agg(format('%s/%s [%s,%s)', trim_scale(price), per, to_char(valid_from at time zone 'UTC', 'YYYY-MM-DD'),
           to_char(valid_until at time zone 'UTC', 'YYYY-MM-DD')), ' ' order by valid_from), 'none') from atelier.api_prices $$;

-- Setting.
select pg_temp.sign_in(:carol) \g /dev/null
select row_eq($$select provider_id, model_id, unit, price, per, valid_until, notes from atelier.set_price('dear', 'input_token', 2.5, 'talker', 1000000, '2026-01-01Z', 'the list')$$,
  row(:dear::uuid, :talker::uuid, 'input_token'::text, 2.5::numeric(20, 10), 1000000, null::timestamptz, 'the list'::text), 'an administrator sets a price');
select lives_ok($$select atelier.set_price('dear', 'input_token', 3, 'talker', 1000000, '2026-03-01Z')$$, 'a later one');
select is(pg_temp.prices(), '2.5/1000000 [2026-01-01,2026-03-01) 3/1000000 [2026-03-01,)', 'ends the one before');
select lives_ok($$select atelier.set_price('dear', 'input_token', 2.75, 'talker', 1000000, '2026-02-01Z')$$, 'one in between');
select is(pg_temp.prices(), '2.5/1000000 [2026-01-01,2026-02-01) 2.75/1000000 [2026-02-01,2026-03-01) 3/1000000 [2026-03-01,)', 'holds until the next');
select lives_ok($$select atelier.set_price('dear', 'input_token', 2, 'talker', 1000000, '2025-12-01Z')$$, 'one before all');
select is(pg_temp.prices(), '2/1000000 [2025-12-01,2026-01-01) 2.5/1000000 [2026-01-01,2026-02-01) 2.75/1000000 [2026-02-01,2026-03-01) 3/1000000 [2026-03-01,)', 'likewise');
select row_eq($$select * from pg_temp.error_of('select atelier.set_price(''dear'', ''input_token'', 9, ''talker'', 1, ''2026-02-01Z'')')$$,
  row('PT409'::text, 'a price begins at that time already'::text, ''::text, 'Change or delete that row of atelier.api_prices.'::text), 'two cannot begin together');
select is((select count(*) from atelier.api_prices), 4::bigint, 'and nothing has changed then');
select lives_ok($$select atelier.set_price('dear', 'image', 1234567890.0123456789, valid_from => '2026-01-01Z')$$, 'a large price with many digits');
select is((select price::text from atelier.api_prices where unit = 'image'), '1234567890.0123456789', 'is kept exactly');
select is((select valid_from from atelier.set_price('dear', 'second', 1, 'painter')), now(), 'without a time it holds from now on');
select throws_ok($$select atelier.set_price('nobody', 'image', 1)$$, 'PT404', 'unknown provider', 'no such provider');
select throws_ok($$select atelier.set_price('dear', 'image', 1, 'nothing')$$, 'PT404', 'unknown model', 'no such model');
select throws_ok($$select atelier.set_price('dear', 'image', 1, 'stranger')$$, 'PT404', 'unknown model', 'nor one of another provider');
select throws_ok(format('select atelier.set_price(%s)', arguments), '22023', 'invalid price', 'refused: ' || arguments)
  from unnest(array['''dear'', ''hour'', 1', '''dear'', null, 1', '''dear'', ''image'', null', '''dear'', ''image'', -0.01', '''dear'', ''image'', ''NaN''', '''dear'', ''image'', ''infinity''',
                    '''dear'', ''image'', 10000000000', '''dear'', ''image'', 1, per => 7', '''dear'', ''image'', 1, per => null', '''dear'', ''image'', 1, valid_from => ''infinity''',
                    '''dear'', ''image'', 1, valid_from => ''-infinity''', '''dear'', ''image'', 1, notes => repeat(''x'', 2001)']) arguments;
select matches((pg_temp.error_of('select atelier.set_price(''dear'', ''hour'', 1)')).hint, 'Use a unit', 'with a hint');
select pg_temp.sign_in(:alice) \g /dev/null
select throws_ok($$select atelier.set_price('dear', 'image', 1)$$, '42501', 'only administrators and the service role may do this', 'a user sets no price');
select pg_temp.become('anon') \g /dev/null
select throws_ok($$select atelier.set_price('dear', 'image', 1)$$, '42501', null, 'nor does anybody');
select throws_ok('select from atelier.api_prices', '42501', null, 'who does not even see them');
select pg_temp.become('service_role') \g /dev/null
select lives_ok($$select atelier.set_price('other', 'request', 0.01)$$, 'the back end does');

-- The rows themselves.
select pg_temp.sign_in(:alice) \g /dev/null
select is((select count(*) from atelier.api_prices), 7::bigint, 'users read the prices');
select throws_ok(format('insert into atelier.api_prices (provider_id, unit, price) values (%L, ''credit'', 1)', :dear), '42501', null, 'but add none');
select is_empty('update atelier.api_prices set price = 0 returning id', 'change none');
select is_empty('delete from atelier.api_prices returning id', 'and delete none');
select pg_temp.sign_in(:carol) \g /dev/null
create function pg_temp.add(p_values text) returns text language sql as
$$ select 'insert into atelier.api_prices (provider_id, model_id, unit, price, valid_from, valid_until) values (' || p_values || ')' $$;
select throws_ok(pg_temp.add(quote_literal(:dear) || ',' || quote_literal(:talker) || ', ''input_token'', 1, ''2026-01-15Z'', ''2026-01-16Z'''), '23P01', null, 'two prices for the same do not overlap');
select throws_ok(pg_temp.add(quote_literal(:dear) || ',' || quote_literal(:talker) || ', ''input_token'', 1, ''2000-01-01Z'', ''2030-01-01Z'''), '23P01', null, 'nor does one around them');
select throws_ok(pg_temp.add(quote_literal(:dear) || ', null, ''image'', 1, ''2027-01-01Z'', null'), '23P01', null, 'nor one for all models');
select lives_ok(pg_temp.add(quote_literal(:dear) || ',' || quote_literal(:talker) || ', ''input_token'', 1, ''2025-11-01Z'', ''2025-12-01Z'''), 'one that ends as the next begins is fine');
select lives_ok(pg_temp.add(quote_literal(:dear) || ', null, ''input_token'', 1, ''2026-01-15Z'', null'), 'so is one for all models beside one for a model');
select lives_ok(pg_temp.add(quote_literal(:dear) || ',' || quote_literal(:talker) || ', ''output_token'', 1, ''2026-01-15Z'', null'), 'or for another unit');
select throws_ok(pg_temp.add(quote_literal(:dear) || ',' || quote_literal('d1000000-0000-7000-8000-000000000003') || ', ''image'', 1, now(), null'), '23503', null, 'a model has the prices of its own provider');
select throws_ok(pg_temp.add(quote_literal(:dear) || ', null, ''second'', 1, ''2026-01-15Z'', ''2026-01-15Z'''), '23514', null, 'a price holds for some time');
select throws_ok(pg_temp.add(quote_literal(:dear) || ', null, ''second'', ''NaN'', now(), null'), '23514', null, 'it is a number');
select throws_ok('update atelier.api_prices set valid_until = null where model_id is not null', '23P01', null, 'nor can one be made to overlap');
select lives_ok('update atelier.api_prices set notes = ''checked''', 'an administrator changes them');
select ok((select bool_and(updated_at > created_at) from atelier.api_prices), 'which shows');
select pg_temp.sign_out() \g /dev/null
delete from atelier.api_models where model_key = 'painter';
select is((select count(*) from atelier.api_prices where unit = 'second'), 0::bigint, 'prices of a model go with it');
delete from atelier.api_providers where name = 'other';
select is((select count(*) from atelier.api_prices where unit = 'request'), 0::bigint, 'and those of a provider');

-- What is counted.
create function pg_temp.counted(p_metadata jsonb, p_outputs jsonb default '[]', p_seconds numeric default null) returns jsonb language sql as $$
  select jsonb_strip_nulls(nullif(atelier_engine.call_quantities(p_metadata, p_outputs, '2026-01-01Z', '2026-01-01Z'::timestamptz + p_seconds * interval '1 s'), '{}'))
         - '{request}'::text[] - case when p_outputs = '[]' then '{image,megapixel,video_second}'::text[] else '{}' end $$;
select is(pg_temp.counted('{"usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15, "cached_tokens": 4}}'),
  '{"prompt_token": 10, "output_token": 5, "cached_input_token": 4}', 'tokens of a chat');
select is(pg_temp.counted('{"usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 40, "reasoning_tokens": 25}}'),
  '{"prompt_token": 10, "output_token": 30}', 'thoughts that only the total has');
select is(pg_temp.counted('{"usage": {"input_tokens": 10, "output_tokens": 1056, "total_tokens": 1066}}'), '{"prompt_token": 10, "output_token": 1056}', 'tokens of a picture');
select is(pg_temp.counted('{"usage": {"prompt_tokens": 8, "total_tokens": 8}}'), '{"prompt_token": 8, "output_token": 0}', 'of an embedding');
select is(pg_temp.counted('{"usage": {"prompt_tokens": 8, "cached_tokens": 9}}'), '{"prompt_token": 8, "cached_input_token": 8}', 'no more is cached than there was');
select is(pg_temp.counted('{"metrics": {"predict_time": 12.345678, "total_time": 20}}', p_seconds => 30), '{"second": 12.345678}', 'the time that Replicate charges');
select is(pg_temp.counted('{"metrics": {"executionTime": 1234, "delayTime": 5}}', p_seconds => 30), '{"second": 1.234}', 'RunPod');
select is(pg_temp.counted('{"metrics": {"inference_time": 2.5}}', p_seconds => 30), '{"second": 2.5}', 'fal');
select is(pg_temp.counted('{"metrics": {"seconds": 2, "credits": 7}}', p_seconds => 30), '{"second": 2, "credit": 7}', 'and what the options of http_json name');
select is(pg_temp.counted('{}', p_seconds => 2.5), '{"second": 2.5}', 'else the time is measured here');
select is(pg_temp.counted('{}', '[{"media_type": "image/png", "width": 1024, "height": 1024}, {"media_type": "image/jpeg", "width": 64, "height": 48}, {"media_type": "video/mp4", "width": 64, "height": 48, "duration_ms": 5040}]'),
  '{"image": 2, "megapixel": 1.051648, "video_second": 5.04}', 'pictures, their size, seconds of video');
select is(pg_temp.counted(metadata::jsonb), '{}', 'says nothing: ' || metadata) from unnest(array['{}', 'null', '[]', '7', '{"usage": 7}', '{"usage": {"prompt_tokens": "10"}}', '{"usage": {"prompt_tokens": -1}}',
  '{"usage": {"prompt_tokens": 1e131071}}', '{"metrics": {"predict_time": [1]}}', '{"metrics": []}']) metadata;
select is(atelier_engine.quantity('1e-16000')::text, '0', 'a number is not longer than needed');

-- What the prices make of it.
create function pg_temp.cost(p_model uuid, p_at timestamptz, p_quantities jsonb) returns text language sql as $$
  select coalesce((select coalesce(e.cost::text, 'unknown') from atelier_engine.estimated_cost('b1000000-0000-7000-8000-000000000001', p_model, p_at, p_quantities) e), 'no price') $$;
delete from atelier.api_prices where unit = 'output_token' or (unit = 'input_token' and model_id is null);
select is(pg_temp.cost(:talker, '2026-01-31 23:59:59.999999Z', '{"prompt_token": 1234567}'), '3.0864175', 'a price per million, to the last digit');
select is(pg_temp.cost(:talker, '2026-02-01Z', '{"prompt_token": 1234567}'), '3.39505925', 'from its first moment on');
select is(pg_temp.cost(:talker, '2026-02-01Z', '{}'), 'unknown', 'what was not counted is not nothing');
select is(pg_temp.cost(:talker, '2026-02-01Z', '{"prompt_token": 0}'), '0', 'nothing is');
select is(pg_temp.cost(null, '2026-02-01Z', '{"image": 3}'), '3703703670.0370370367', 'all other models have the price of the provider');
select is(pg_temp.cost(:talker, '2026-02-01Z', '{"image": 3, "prompt_token": 1}'), '0.00000275', 'one with prices of its own has only those');
select is(pg_temp.cost(:talker, '2000-01-01Z', '{"prompt_token": 1}'), 'no price', 'before the first price there is none');
insert into atelier.api_prices (provider_id, model_id, unit, price, per, valid_from) values
  (:dear, :talker, 'output_token', 10, 1000000, '2026-01-01Z'), (:dear, :talker, 'cached_input_token', 0.275, 1000000, '2026-02-01Z'), (:dear, :talker, 'request', 0.0000000001, 1000000, '2026-02-01Z');
select is(pg_temp.cost(:talker, '2026-02-01Z', '{"prompt_token": 1000, "cached_input_token": 600, "output_token": 100, "request": 1}'),
  '0.0022650000000001', 'cached input has a price of its own: 400 × 2.75 + 600 × 0.275 + 100 × 10 millionths, and a request');
select is(pg_temp.cost(:talker, '2026-02-01Z', '{"prompt_token": 1000, "output_token": 100, "request": 1}'), '0.0037500000000001', 'or none of it was cached');
select is(pg_temp.cost(:talker, '2026-01-15Z', '{"prompt_token": 1000, "cached_input_token": 600, "output_token": 100}'), '0.0035', 'without such a price it is input like other');
select * from finish();
rollback;
