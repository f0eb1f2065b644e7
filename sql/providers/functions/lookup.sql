-- Providers: asking a provider what became of a request.

create or replace function atelier_engine.adapters_with_lookup()
returns text[]
language sql immutable
begin atomic
  select '{comfyui,http_json,openai_images}'::text[];
end;
comment on function atelier_engine.adapters_with_lookup() is
$$The adapters that can ask what became of a request whose answer was lost

Of a provider whose adapter_options say how: lookup is the path.$$;

create or replace function atelier_engine.adapters_that_choose_ids()
returns text[]
language sql immutable
begin atomic
  select '{comfyui}'::text[];
end;
comment on function atelier_engine.adapters_that_choose_ids() is
$$The adapters whose requests go by an id of ours at their servers

They need no option to ask what became of one.$$;

create or replace function atelier_engine.adapters_that_resume()
returns text[]
language sql immutable
begin atomic
  select '{comfyui,fal,http_json,openai_videos,replicate,runpod,sdcpp}'::text[];
end;
comment on function atelier_engine.adapters_that_resume() is
$$The adapters that go on with a request by the id that its server gave it

Whoever carried it may be gone: another one asks how far it is, fetches what came of it, or has it stopped.$$;

create or replace function atelier_engine.guard_ambiguity_policy()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if new.ambiguity_policy <> 'lookup' then
    return new;
  end if;
  if new.adapter <> all (atelier_engine.adapters_with_lookup()) then
    raise feature_not_supported using
      message = 'the adapter cannot ask what became of a request',
      detail = format('The endpoint %s has the adapter %s.', quote_ident(new.name), new.adapter),
      hint = 'Use hold, retry (free or idempotent endpoints only) or fail.';
  end if;
  if new.adapter <> all (atelier_engine.adapters_that_choose_ids())
     and not exists (select from atelier.api_providers p where p.id = new.provider_id and p.adapter_options ? 'lookup') then
    raise feature_not_supported using
      message = 'nothing says how to ask the provider what became of a request',
      detail = format('The endpoint %s has a provider without the option lookup.', quote_ident(new.name)),
      hint = 'Set lookup in adapter_options of its provider to the path first, for example "/jobs/{id}".';
  end if;
  return new;
end;
$$;
comment on function atelier_engine.guard_ambiguity_policy() is
  'Trigger: lookup is for endpoints whose adapter can do it, and whose provider says how';
