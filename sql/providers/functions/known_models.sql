-- Providers: well-known models are added by name, and not row by row.

create or replace function atelier_engine.assert_known_models(p_provider text, p_models text[])
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  unknown text;
begin
  if not exists (select from atelier.known_providers k where k.name = p_provider) then
    raise sqlstate 'PT404' using
      message = 'unknown provider',
      detail = format('Nothing is known of %s.', quote_nullable(left(p_provider, 100))),
      hint = (select format('Use one of: %s.', string_agg(k.name, ', ' order by k.name)) from atelier.known_providers k);
  end if;
  select w.model into unknown
    from unnest(p_models) w (model)
   where not exists (
     select from atelier.known_models k where k.provider = p_provider and k.model_key = w.model)
   limit 1;
  if found then
    raise sqlstate 'PT404' using
      message = 'unknown model',
      detail = format('Nothing is known of %s at %s.', quote_nullable(left(unknown, 100)), p_provider),
      hint = (select format('Use some of: %s.', string_agg(k.model_key, ', ' order by k.model_key))
                from atelier.known_models k where k.provider = p_provider);
  end if;
end;
$$;
comment on function atelier_engine.assert_known_models(text, text[]) is
  'Refuse names that are neither in known_providers nor in known_models (PT404); the hint has those that are';

create or replace function atelier_engine.add_known_endpoints(p_provider text, p_provider_id uuid, p_models text[])
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  wanted record;
  taken record;
begin
  for wanted in
    select k.adapter, array_agg(k.model_key order by k.model_key) as models
      from atelier.known_models k
     where k.provider = p_provider and k.model_key = any (p_models)
     group by k.adapter order by k.adapter
  loop
    -- An endpoint that takes every model would carry these in its own words.
    select e.name, e.adapter into taken
      from atelier.endpoints e
     where e.provider_id = p_provider_id and e.only_models is null
     order by e.adapter = wanted.adapter, e.name limit 1;
    if found and taken.adapter <> wanted.adapter then
      raise sqlstate 'PT409' using
        message = 'an endpoint takes all models of the provider',
        detail = format('The endpoint %s speaks %s; the models need %s.', quote_ident(taken.name), taken.adapter, wanted.adapter),
        hint = 'Set only_models of that endpoint to the models that it serves.';
    elsif found then
      continue;
    end if;
    update atelier.endpoints e
       set only_models = e.only_models || array(select unnest(wanted.models) except select unnest(e.only_models) order by 1)
     where e.provider_id = p_provider_id and e.adapter = wanted.adapter;
    if not found then
      insert into atelier.endpoints (
        provider_id, name, adapter, base_url, only_models, max_concurrency, total_timeout_ms, max_output_bytes)
      select p_provider_id, concat_ws('-', k.name, nullif(regexp_replace(wanted.adapter, '^' || k.name || '_?', ''), '')),
             wanted.adapter, k.base_url, wanted.models, 4, 1800000, 268435456
        from atelier.known_providers k where k.name = p_provider;
    end if;
  end loop;
end;
$$;
comment on function atelier_engine.add_known_endpoints(text, uuid, text[]) is
$$Have an endpoint for each adapter that these models need

One that is there already gets them among its only_models. Raises PT409 where an endpoint takes every model of the provider
with another adapter.$$;

create or replace function atelier.add_known_models(provider text, models text[] default null)
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  chosen_provider uuid;
  added text[];
begin
  perform atelier_engine.assert_service_role();
  perform atelier_engine.assert_known_models(provider, models);
  insert into atelier.api_providers as p (name, display_name, auth_scheme, auth_header_name, docs_url)
  select k.name, k.display_name, k.auth_scheme, k.auth_header_name, k.docs_url
    from atelier.known_providers k where k.name = add_known_models.provider
  on conflict on constraint api_providers_name_key do nothing;
  select p.id into chosen_provider from atelier.api_providers p where p.name = add_known_models.provider for update;
  with new_models as (
    insert into atelier.api_models as m (
      provider_id, model_key, display_name, modality, task, aliases, estimated_seconds, input_defaults, parameter_schema,
      adapter_options)
    select chosen_provider, k.model_key, k.display_name, k.modality, k.task, k.aliases, k.estimated_seconds, k.input_defaults,
           k.parameter_schema, k.adapter_options
      from atelier.known_models k
     where k.provider = add_known_models.provider and (models is null or k.model_key = any (models))
     order by k.model_key
    on conflict on constraint api_models_model_key_key do nothing
    returning m.model_key)
  select coalesce(array_agg(n.model_key), '{}') into added from new_models n;
  perform atelier_engine.add_known_endpoints(provider, chosen_provider, added);
  return cardinality(added);
end;
$$;
grant execute on function atelier.add_known_models(text, text[]) to service_role;
comment on function atelier.add_known_models(text, text[]) is
$$Add well-known models of a provider, and the provider and its endpoints where they are missing

The names are in atelier.known_models; without any, all of the provider. Models that are there already stay as they are.
Returns how many were added; none becomes the default. Jobs for them start once set_provider_token() has stored a token. For
the service role (42501). Fails with PT404 (nothing is known by that name) or PT409 (an endpoint of the provider takes every
model with another adapter).$$;
