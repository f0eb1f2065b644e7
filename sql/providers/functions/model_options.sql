-- Providers: what adapters have to know of a model, checked when it is written.

create or replace function atelier_engine.workflow_problem(p_workflow jsonb)
returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  nameless text;
begin
  if p_workflow is null then
    return 'workflow is missing';
  elsif jsonb_typeof(p_workflow) <> 'object' then
    return 'workflow is not an object';
  elsif jsonb_typeof(p_workflow -> 'nodes') = 'array' then
    return 'workflow is in the format of the editor; export it in the API format';
  elsif p_workflow = '{}' then
    return 'workflow has no nodes';
  end if;
  select n.key into nameless
    from jsonb_each(p_workflow) n
   where jsonb_typeof(n.value -> 'class_type') is distinct from 'string'
      or jsonb_typeof(n.value -> 'inputs') is distinct from 'object'
   order by n.key limit 1;
  return 'workflow has a node ' || nameless || ' without class_type and inputs';
end;
$$;
comment on function atelier_engine.workflow_problem(jsonb) is
  'Why a graph is none that ComfyUI could be sent; null: it is one';

create or replace function atelier_engine.tensors_problem(p_member text, p_tensors jsonb)
returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  nameless boolean;
begin
  if p_tensors is null then
    return p_member || ' is missing';
  elsif jsonb_typeof(p_tensors) <> 'array' or p_tensors = '[]' then
    return p_member || ' is not a list';
  end if;
  select true into nameless
    from jsonb_array_elements(p_tensors) t where jsonb_typeof(t -> 'name') is distinct from 'string' limit 1;
  return case when nameless then p_member || ' has one without a name' end;
end;
$$;
comment on function atelier_engine.tensors_problem(text, jsonb) is
  'Why a list of tensors is none; null: it is one';

create or replace function atelier_engine.model_options_problem(p_adapter text, p_options jsonb)
returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return case p_adapter
    when 'comfyui' then atelier_engine.workflow_problem(p_options -> 'workflow')
    when 'kserve_v2' then coalesce(atelier_engine.tensors_problem('inputs', p_options -> 'inputs'),
                                   atelier_engine.tensors_problem('outputs', p_options -> 'outputs'))
    when 'sdcpp' then case when coalesce(p_options ->> 'mode', 'img_gen') not in ('img_gen', 'vid_gen')
                           then 'mode is neither img_gen nor vid_gen' end end;
end;
$$;
comment on function atelier_engine.model_options_problem(text, jsonb) is
$$What an adapter lacks to carry out the jobs of a model; null: nothing

p_options are those of the provider and the model together. The courier looks at the rest, in the same words.$$;

create or replace function atelier_engine.guard_model_options()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  found_problem record;
begin
  if atelier_engine.restoring() then
    return new;
  end if;
  select e.adapter, o.problem into found_problem
    from atelier.endpoints e
    join atelier.api_providers p on p.id = e.provider_id
   cross join lateral (
     select atelier_engine.model_options_problem(e.adapter, p.adapter_options || new.adapter_options) as problem) o
   where e.provider_id = new.provider_id and o.problem is not null
     and (e.only_models is null or new.model_key = any (e.only_models))
   order by e.adapter limit 1;
  if found then
    raise invalid_parameter_value using
      message = 'invalid adapter_options',
      detail = format('For the adapter %s, adapter_options of the model %s: %s.', found_problem.adapter,
                      quote_ident(new.model_key), found_problem.problem),
      hint = format('docs/adapters/%s.md lists the options.', found_problem.adapter);
  end if;
  return new;
end;
$$;
comment on function atelier_engine.guard_model_options() is
  'Trigger: the adapters of the endpoints that serve a model must have what they need to know of it';
