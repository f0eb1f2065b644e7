-- Providers: what adapters have to know of a provider, checked when it is written.

create or replace function atelier_engine.adapter_options_problem(p_adapter text, p_options text)
returns text
language c immutable strict
as 'MODULE_PATHNAME', 'atelier_adapter_options_problem';
comment on function atelier_engine.adapter_options_problem(text, text) is
$$What an adapter would not understand of a provider's adapter_options; null: nothing

Begins with the name of the member. By the code with which the courier reads them.$$;

create or replace function atelier_engine.refuse_adapter_options(p_adapter text, p_provider text, p_options jsonb)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  problem constant text := atelier_engine.adapter_options_problem(p_adapter, p_options::text);
begin
  if problem is not null then
    raise invalid_parameter_value using
      message = 'invalid adapter_options',
      detail = format('For the adapter %s, adapter_options of the provider %s: %s.', p_adapter, quote_ident(p_provider), problem),
      hint = case p_adapter when 'http_json' then 'docs/adapters/http_json.md lists the options.'
                            else 'docs/operations.md lists the options for lookups.' end;
  end if;
end;
$$;
comment on function atelier_engine.refuse_adapter_options(text, text, jsonb) is
  'Refuse options that the adapter would not understand (22023); the detail names the member';

create or replace function atelier_engine.guard_adapter_options()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.refuse_adapter_options(e.adapter, new.name, new.adapter_options)
     from (select distinct a.adapter from atelier.endpoints a where a.provider_id = new.id) e;
  return new;
end;
$$;
comment on function atelier_engine.guard_adapter_options() is
  'Trigger: what is written into adapter_options, the adapters of the provider''s endpoints must understand';

create or replace function atelier_engine.guard_adapter()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.refuse_adapter_options(new.adapter, p.name, p.adapter_options)
     from atelier.api_providers p where p.id = new.provider_id;
  return new;
end;
$$;
comment on function atelier_engine.guard_adapter() is
  'Trigger: the adapter of an endpoint must understand the adapter_options of its provider';
