-- Providers: asking a provider what became of a request.

create or replace function atelier_engine.adapters_with_lookup()
returns text[]
language sql immutable
begin atomic
  select '{}'::text[];
end;
comment on function atelier_engine.adapters_with_lookup() is
$$The adapters that can ask what became of a request whose answer was lost

None of those that there are: openai_images and the like have no question for it.$$;

create or replace function atelier_engine.guard_ambiguity_policy()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if new.ambiguity_policy = 'lookup' and new.adapter <> all (atelier_engine.adapters_with_lookup()) then
    raise feature_not_supported using
      message = 'the adapter cannot ask what became of a request',
      detail = format('The endpoint %s has the adapter %s.', quote_ident(new.name), new.adapter),
      hint = 'Use hold, retry (free or idempotent endpoints only) or fail.';
  end if;
  return new;
end;
$$;
comment on function atelier_engine.guard_ambiguity_policy() is
  'Trigger: lookup is for endpoints whose adapter can do it';
