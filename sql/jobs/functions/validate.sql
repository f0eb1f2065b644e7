-- Jobs: what a request may ask of a model.

create or replace function atelier_engine.clamp_parameter(p_rule jsonb, p_value jsonb)
returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  step constant numeric := (p_rule ->> 'multipleOf')::numeric;
  lowest constant numeric := (p_rule ->> 'minimum')::numeric;
  highest constant numeric := (p_rule ->> 'maximum')::numeric;
  amount numeric := greatest(least((p_value #>> '{}')::numeric, highest), lowest);
begin
  if step is not null then
    amount := round(amount / step) * step;
    amount := case when amount > highest then amount - step when amount < lowest then amount + step else amount end;
  end if;
  return to_jsonb(amount);
end;
$$;
comment on function atelier_engine.clamp_parameter(jsonb, jsonb) is
$$The number next to a given one that its rule allows

By minimum, maximum and multipleOf.$$;

create or replace function atelier_engine.check_parameter(p_name text, p_rule jsonb, p_value jsonb)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  kind constant text := jsonb_typeof(p_value);
  value constant jsonb := case when kind = 'number' and p_rule -> 'clamp' = 'true'
    then atelier_engine.clamp_parameter(p_rule, p_value) else p_value end;
  types constant jsonb := case jsonb_typeof(p_rule -> 'type')
    when 'array' then p_rule -> 'type' when 'string' then jsonb_build_array(p_rule -> 'type') end;
  whole constant boolean := kind = 'number' and (value #>> '{}')::numeric % 1 = 0;
  amount constant numeric := case when kind = 'number' then (value #>> '{}')::numeric end;
  problem text;
begin
  if types is not null and not (types ? kind or (whole and types ? 'integer')) then
    problem := format('must be of type %s', (select string_agg(t, ' or ') from jsonb_array_elements_text(types) t));
  elsif not coalesce(p_rule -> 'enum' @> jsonb_build_array(value), true) then
    problem := format('must be one of %s', p_rule -> 'enum');
  elsif amount < (p_rule ->> 'minimum')::numeric then
    problem := format('must be at least %s', p_rule ->> 'minimum');
  elsif amount > (p_rule ->> 'maximum')::numeric then
    problem := format('must be at most %s', p_rule ->> 'maximum');
  elsif amount % (p_rule ->> 'multipleOf')::numeric <> 0 then
    problem := format('must be a multiple of %s', p_rule ->> 'multipleOf');
  elsif kind = 'string' and char_length(p_value #>> '{}') > (p_rule ->> 'maxLength')::integer then
    problem := format('must have at most %s characters', p_rule ->> 'maxLength');
  end if;
  if problem is not null then
    raise invalid_parameter_value using
      message = 'invalid parameter',
      detail = format('%s %s; got %s.', p_name, problem, left(p_value::text, 60)),
      hint = 'The column parameter_schema of atelier.api_models says what the model takes.';
  end if;
  return case when whole and types ? 'integer' then to_jsonb(trunc(amount)) else value end;
end;
$$;
comment on function atelier_engine.check_parameter(text, jsonb, jsonb) is
$$Check one value against its rule

Returns the value, with 25.0 turned into 25 where the rule wants an integer, and what is out of range put right where
the rule says "clamp": true. Raises 22023.$$;

create or replace function atelier_engine.validate_parameters(p_schema jsonb, p_parameters jsonb)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  rules constant jsonb := coalesce(p_schema -> 'properties', '{}');
  known constant text := (select string_agg(k, ', ' order by k) from jsonb_object_keys(rules) k);
  result jsonb := p_parameters;
  item record;
begin
  for item in select e.key, e.value from jsonb_each(p_parameters) e order by e.key loop
    if rules ? item.key then
      result := result
        || jsonb_build_object(item.key, atelier_engine.check_parameter(item.key, rules -> item.key, item.value));
    elsif p_schema -> 'additionalProperties' is distinct from 'true' then
      raise invalid_parameter_value using
        message = 'unknown parameter',
        detail = format('The model has no parameter %s.', quote_ident(left(item.key, 60))),
        hint = coalesce('It takes: ' || known || '.', 'It takes no parameters.');
    end if;
  end loop;
  for item in
    select r.key
      from jsonb_array_elements_text(coalesce(p_schema -> 'required', '[]')) r (key)
     where not result ? r.key
  loop
    raise invalid_parameter_value using
      message = 'missing parameter',
      detail = format('The model needs the parameter %s.', item.key),
      hint = coalesce('It takes: ' || known || '.', 'It takes no parameters.');
  end loop;
  return result;
end;
$$;
comment on function atelier_engine.validate_parameters(jsonb, jsonb) is
$$Check parameters against a model's schema

Understands type, enum, minimum, maximum, multipleOf, maxLength of each property, and required; "clamp": true in the
rule of a number has it brought to the next value that minimum, maximum and multipleOf allow. A parameter without a
rule is refused unless additionalProperties is true. Returns the parameters in the form that goes to the model.
Raises 22023; the detail names the parameter, the hint the known ones.$$;

create or replace function atelier_engine.estimate_seconds(p_model atelier.api_models, p_parameters jsonb)
returns numeric
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  factor numeric := 1.0;
  name text;
  usual jsonb;
begin
  foreach name in array array['n', 'steps', 'width', 'height'] loop
    usual := p_model.input_defaults -> name;
    if jsonb_typeof(usual) = 'number' and jsonb_typeof(p_parameters -> name) = 'number' and usual <> '0' then
      factor := factor * (p_parameters ->> name)::numeric / (usual #>> '{}')::numeric;
    end if;
  end loop;
  return round(p_model.estimated_seconds * factor, 3);
end;
$$;
comment on function atelier_engine.estimate_seconds(atelier.api_models, jsonb) is
$$Expected seconds of a request at the model

In proportion to outputs, steps and pixels, from the time that the model needs with its defaults.$$;
