-- Billing: prices, and what is counted to apply them.

create or replace function atelier_engine.price_of_one(p_price numeric, p_per integer)
returns numeric
language sql immutable
begin atomic
  -- By a product, which is exact; quotients are rounded.
  select p_price * case p_per when 1 then 1 when 1000 then 0.001 when 1000000 then 0.000001 end;
end;
comment on function atelier_engine.price_of_one(numeric, integer) is 'The price of a single unit, exactly';

create or replace function atelier_engine.quantity(p_value jsonb)
returns numeric
language sql immutable
begin atomic
  -- Servers say these. A number of absurd size says nothing.
  select case when jsonb_typeof(p_value) = 'number'
              then case when p_value::numeric between 0 and 1000000000000 then trim_scale(round(p_value::numeric, 12)) end end;
end;
comment on function atelier_engine.quantity(jsonb) is
  'A count or an amount that a server gave; null for what is no number from 0 to a million millions';

create or replace function atelier_engine.call_quantities(p_metadata jsonb, p_outputs jsonb, p_sent_at timestamptz, p_finished_at timestamptz)
returns jsonb
language sql immutable
begin atomic
  select jsonb_strip_nulls(jsonb_build_object(
           'prompt_token', t.prompt,
           'cached_input_token', case when t.cached is not null then least(t.cached, t.prompt) end,
           -- Gemini counts what a model thinks in the total only.
           'output_token', greatest(t.completion, coalesce(t.total - t.prompt, t.completion)),
           'image', o.images, 'megapixel', o.megapixels, 'video_second', o.video_seconds,
           'second', coalesce(
             atelier_engine.quantity(p_metadata #> '{metrics,predict_time}'),
             atelier_engine.quantity(p_metadata #> '{metrics,executionTime}') * 0.001,
             atelier_engine.quantity(p_metadata #> '{metrics,inference_time}'),
             atelier_engine.quantity(p_metadata #> '{metrics,seconds}'),
             atelier_engine.quantity(p_metadata -> 'seconds'),
             case when p_finished_at >= p_sent_at then trim_scale(extract(epoch from p_finished_at - p_sent_at)) end),
           'request', 1,
           'credit', atelier_engine.quantity(p_metadata #> '{metrics,credits}')))
    from (select coalesce(atelier_engine.quantity(u.usage -> 'prompt_tokens'), atelier_engine.quantity(u.usage -> 'input_tokens')) as prompt,
                 coalesce(atelier_engine.quantity(u.usage -> 'completion_tokens'), atelier_engine.quantity(u.usage -> 'output_tokens')) as completion,
                 atelier_engine.quantity(u.usage -> 'total_tokens') as total,
                 atelier_engine.quantity(u.usage -> 'cached_tokens') as cached
            from (select p_metadata -> 'usage' as usage) u
          offset 0) t  -- each is looked at once
   cross join (
     select count(*) filter (where r.media_type like 'image/%') as images,
            coalesce(trim_scale(sum(r.width::numeric * r.height) filter (where r.media_type like 'image/%') * 0.000001), 0) as megapixels,
            coalesce(trim_scale(sum(r.duration_ms::numeric) filter (where r.media_type like 'video/%') * 0.001), 0) as video_seconds
       from jsonb_to_recordset(p_outputs) r (media_type text, width integer, height integer, duration_ms integer)) o;
end;
comment on function atelier_engine.call_quantities(jsonb, jsonb, timestamptz, timestamptz) is
$$What is known of a call that a price may be for

By unit of api_prices: what the server says in the metadata of its result, else what can be seen from here: pictures, their
size, how long it took. prompt_token is all of the input, cached or not. What nobody knows is not there.$$;

create or replace function atelier_engine.estimated_cost(p_provider_id uuid, p_model_id uuid, p_at timestamptz, p_quantities jsonb)
returns table (has_price boolean, cost numeric)
language sql stable
begin atomic
  select true,
         -- A cost of which a part is unknown is unknown.
         case when bool_and(c.quantity is not null) then trim_scale(sum(c.quantity * c.price)) end
    from (select atelier_engine.price_of_one(v.price, v.per) as price,
                 case v.unit when 'input_token'
                             then (p_quantities ->> 'prompt_token')::numeric
                                  - case when v.caches_apart then coalesce((p_quantities ->> 'cached_input_token')::numeric, 0) else 0 end
                             when 'cached_input_token'
                             then case when p_quantities ? 'prompt_token' then coalesce((p_quantities ->> v.unit)::numeric, 0) end
                             else (p_quantities ->> v.unit)::numeric end as quantity
            from (select s.price, s.per, s.unit, bool_or(s.unit = 'cached_input_token') over () as caches_apart
                    from (select p.price, p.per, p.unit, p.model_id is not null as is_of_model,
                                 bool_or(p.model_id is not null) over () as model_has_prices
                            from atelier.api_prices p
                           where p.provider_id = p_provider_id and (p.model_id = p_model_id or p.model_id is null)
                             and p.valid_from <= p_at and (p.valid_until > p_at or p.valid_until is null)) s
                   where s.is_of_model = s.model_has_prices) v) c
  having count(*) > 0;
end;
comment on function atelier_engine.estimated_cost(uuid, uuid, timestamptz, jsonb) is
$$What the prices make of a call

The sum over the rows of the model that held at that time, or of its provider where the model has none, in the currency of
the provider. Null when a quantity that has a price is unknown; no row when there is no price.$$;

create or replace function atelier.set_price(
  provider text,
  unit text,
  price numeric,
  model text default null,
  per integer default 1,
  valid_from timestamptz default null,
  notes text default null
)
returns atelier.api_prices
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  starts constant timestamptz := coalesce(set_price.valid_from, now());
  ends timestamptz;
  chosen record;
  added atelier.api_prices;
begin
  perform atelier_engine.assert_operator();
  if set_price.unit is null or set_price.price is null or set_price.per is null
     or set_price.price not between 0 and 9999999999 or not isfinite(starts) then
    raise invalid_parameter_value using
      message = 'invalid price', detail = format('Got %s per %s %s from %s.', set_price.price, set_price.per, set_price.unit, starts),
      hint = 'Use a unit of atelier.api_prices, a price from 0 to 9999999999 and a time.';
  end if;
  -- One at a time for each provider.
  select p.id as provider_id, null::uuid as model_id into chosen
    from atelier.api_providers p where p.name = set_price.provider for no key update;
  if not found then
    raise sqlstate 'PT404' using message = 'unknown provider', hint = 'The providers are in atelier.api_providers.';
  end if;
  if set_price.model is not null then
    select m.id into chosen.model_id
      from atelier.api_models m where m.model_key = set_price.model and m.provider_id = chosen.provider_id;
    if not found then
      raise sqlstate 'PT404' using
        message = 'unknown model', detail = 'The provider has no model with this key.', hint = 'The models are in atelier.api_models.';
    end if;
  end if;
  select min(r.valid_from) into ends
    from atelier.api_prices r
   where r.provider_id = chosen.provider_id and r.model_id is not distinct from chosen.model_id
     and r.unit = set_price.unit and r.valid_from > starts;
  update atelier.api_prices r set valid_until = starts
   where r.provider_id = chosen.provider_id and r.model_id is not distinct from chosen.model_id
     and r.unit = set_price.unit and r.valid_from < starts and (r.valid_until > starts or r.valid_until is null);
  insert into atelier.api_prices (provider_id, model_id, unit, price, per, valid_from, valid_until, notes)
  values (chosen.provider_id, chosen.model_id, set_price.unit, set_price.price, set_price.per, starts, ends, set_price.notes)
  returning * into added;
  return added;
exception
  when exclusion_violation then
    raise sqlstate 'PT409' using
      message = 'a price begins at that time already', hint = 'Change or delete that row of atelier.api_prices.';
  when check_violation or numeric_value_out_of_range then
    raise invalid_parameter_value using
      message = 'invalid price', detail = sqlerrm,
      hint = 'Use a unit of atelier.api_prices, per 1, 1000 or 1000000 of them, and notes of at most 2000 characters.';
end;
$$;
grant execute on function atelier.set_price(text, text, numeric, text, integer, timestamptz, text) to authenticated, service_role;
comment on function atelier.set_price(text, text, numeric, text, integer, timestamptz, text) is
$$Set what a provider charges from now on, or from a time

For all of its models, or for the one with the key `model`. The price that held until then ends, and where a later one is
known, the new one ends with its beginning. The currency is the provider's. Returns the row. For administrators and the
service role (42501). Fails with PT404 (unknown provider or model), PT409 (a price begins at that very time) or 22023.$$;

create or replace function atelier_engine.guard_currency()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if exists (select from atelier.api_prices p where p.provider_id = new.id) then
    raise sqlstate 'PT409' using
      message = 'the prices of the provider are in its currency',
      detail = format('They are in %s.', old.currency),
      hint = 'Delete its rows of atelier.api_prices, change the currency, and set the prices anew.';
  end if;
  return new;
end;
$$;
comment on function atelier_engine.guard_currency() is
  'Trigger: with the currency of a provider its prices would change (PT409)';
