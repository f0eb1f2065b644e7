-- The subset of JSON Schema that parameter_schema may use.
begin;
select plan(39);

create function pg_temp.validated(p_rule jsonb, p_value jsonb) returns jsonb language sql as $$
  select atelier_engine.validate_parameters(
    jsonb_build_object('properties', jsonb_build_object('p', p_rule)), jsonb_build_object('p', p_value)) -> 'p' $$;
create function pg_temp.complaint(p_rule text, p_value text) returns text language plpgsql as $$
declare
  detail text;
begin
  perform pg_temp.validated(p_rule::jsonb, p_value::jsonb);
  return null;
exception when invalid_parameter_value then
  get stacked diagnostics detail = pg_exception_detail;
  return detail;
end $$;

select is(pg_temp.validated('{"type": "integer"}', '25.0'), '25', 'a whole number is an integer however it is written');
select is(pg_temp.validated('{"type": "integer"}', '1e3')::text, '1000', 'also with an exponent');
select is(pg_temp.validated('{"type": "number"}', '2.50')::text, '2.50', 'a number keeps its digits');
select is(pg_temp.validated('{"type": "string"}', '"s"'), '"s"', 'a string');
select is(pg_temp.validated('{"type": "boolean"}', 'true'), 'true', 'a boolean');
select is(pg_temp.validated('{"type": "array"}', '[1]'), '[1]', 'an array');
select is(pg_temp.validated('{"type": "object"}', '{"a": 1}'), '{"a": 1}', 'an object');
select is(pg_temp.validated('{"type": ["integer", "null"]}', 'null'), 'null', 'one of several types');
select is(pg_temp.validated('{"type": ["integer", "null"]}', '3'), '3', 'the other of several types');
select is(pg_temp.validated('{}', '"anything"'), '"anything"', 'a rule without a type takes all');

select is(pg_temp.complaint('{"type": "integer"}', '2.5'), 'p must be of type integer; got 2.5.', 'half a number is no integer');
select is(pg_temp.complaint('{"type": "integer"}', '"2"'), 'p must be of type integer; got "2".', 'a string is no integer');
select is(pg_temp.complaint('{"type": "integer"}', 'true'), 'p must be of type integer; got true.', 'a boolean is no integer');
select is(pg_temp.complaint('{"type": "integer"}', '[]'), 'p must be of type integer; got [].', 'an array is no integer');
select is(pg_temp.complaint('{"type": "string"}', '1'), 'p must be of type string; got 1.', 'a number is no string');
select is(pg_temp.complaint('{"type": ["string", "null"]}', '1'), 'p must be of type string or null; got 1.', 'several types are named');
select is(pg_temp.complaint('{"minimum": 2}', '1'), 'p must be at least 2; got 1.', 'minimum');
select is(pg_temp.complaint('{"minimum": 2}', '2'), null, 'minimum is allowed');
select is(pg_temp.complaint('{"maximum": 2}', '2.001'), 'p must be at most 2; got 2.001.', 'maximum');
select is(pg_temp.complaint('{"maximum": 2}', '2'), null, 'maximum is allowed');
select is(pg_temp.complaint('{"multipleOf": 8}', '12'), 'p must be a multiple of 8; got 12.', 'multipleOf');
select is(pg_temp.complaint('{"multipleOf": 0.5}', '1.5'), null, 'multipleOf may be a fraction');
select is(pg_temp.complaint('{"enum": ["a", "b"]}', '"c"'), 'p must be one of ["a", "b"]; got "c".', 'enum');
select is(pg_temp.complaint('{"enum": ["a", 1]}', '1'), null, 'enum of mixed types');
select is(pg_temp.complaint('{"maxLength": 3}', '"äöü"'), null, 'maxLength counts characters');
select is(pg_temp.complaint('{"maxLength": 3}', '"abcd"'), 'p must have at most 3 characters; got "abcd".', 'maxLength');
select ok(length(pg_temp.complaint('{"maxLength": 3}', to_json(repeat('x', 5000))::text)) < 150,
  'long values are cut in the error');

select throws_ok($$select atelier_engine.validate_parameters('{"properties": {"a": {}}, "required": ["a", "b"]}', '{"a": 1}')$$,
  '22023', 'missing parameter', 'required');
select is(atelier_engine.validate_parameters('{"additionalProperties": true}', '{"x": [1]}'), '{"x": [1]}',
  'additionalProperties lets others pass');
select throws_ok($$select atelier_engine.validate_parameters('{}', '{"x": 1}')$$, '22023', 'unknown parameter',
  'without it nothing unknown passes');

create function pg_temp.clamped(p_value jsonb) returns text language sql as $$
  select pg_temp.validated('{"type": "integer", "minimum": 10, "maximum": 100, "multipleOf": 8, "clamp": true}', p_value)::text $$;
select is(pg_temp.clamped('7'), '16', 'clamp: from below, to the lowest multiple within');
select is(pg_temp.clamped('1e9'), '96', 'clamp: from above, to the highest multiple within');
select is(pg_temp.clamped('50'), '48', 'clamp: to the nearest multiple');
select is(pg_temp.clamped('24'), '24', 'clamp: what fits stays');
select is(pg_temp.clamped('30.2'), '32', 'clamp: a fraction');
select is(pg_temp.validated('{"maximum": 2.5, "clamp": true}', '3')::text, '2.5', 'clamp: without a step');
select is(pg_temp.complaint('{"type": "integer", "maximum": 4, "clamp": true}', '"9"'), 'p must be of type integer; got "9".',
  'clamp puts no type right');
select is(pg_temp.complaint('{"enum": [1, 2], "clamp": true}', '3'), 'p must be one of [1, 2]; got 3.', 'nor what is one of several');
select is(pg_temp.complaint('{"maximum": 4, "clamp": false}', '9'), 'p must be at most 4; got 9.', 'clamp may say no');

select * from finish();
rollback;
