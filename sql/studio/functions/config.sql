-- Studio: the settings of the product, and the history of the settings of models.

create or replace function atelier.merge_system_config(changes jsonb, expected_version bigint default null)
returns atelier.system_config
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  result atelier.system_config;
begin
  perform atelier_engine.assert_operator();
  perform atelier_engine.assert_json_object('changes', changes, 65536);
  if atelier_engine.has_secret(changes) then
    raise invalid_parameter_value using
      message = 'secrets have no place in the settings',
      detail = 'A member is called like a credential, or has the form of one.',
      hint = 'Tokens of providers are stored by atelier.set_provider_token().';
  end if;
  insert into atelier.system_config (id) values (1) on conflict (id) do nothing;
  select c.* into result from atelier.system_config c where c.id = 1 for update;
  if expected_version <> result.version then
    raise sqlstate 'PT409' using
      message = 'somebody else has changed the settings',
      detail = format('They are at version %s, and not %s.', result.version, expected_version),
      hint = 'Read them again, and repeat the change if it is still wanted.';
  end if;
  update atelier.system_config c
     set config = atelier_engine.merged(c.config, changes), version = c.version + 1
   where c.id = 1 and atelier_engine.merged(c.config, changes) <> c.config
  returning c.* into result;
  select c.* into result from atelier.system_config c where c.id = 1;
  return result;
end;
$$;
grant execute on function atelier.merge_system_config(jsonb, bigint) to authenticated, service_role;
comment on function atelier.merge_system_config(jsonb, bigint) is
$$Change settings of the product

The members of `changes` replace those of the same name, objects member by member; null takes a member away (RFC 7396). What
it does not name stays. With expected_version only if nobody has changed them since. Returns the row; what changes nothing
leaves the version as it was. For administrators and the service role (42501). Fails with PT409 (another version), 22023
(no object, larger than 64 KiB, or with what looks like a secret) or 23514 (more than 256 KiB together).$$;

create or replace function atelier_engine.merged(p_old jsonb, p_changes jsonb)
returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if jsonb_typeof(p_changes) is distinct from 'object' then
    return p_changes;
  end if;
  return coalesce((
    select jsonb_object_agg(k.name, case when p_changes ? k.name
                                         then atelier_engine.merged(p_old -> k.name, p_changes -> k.name)
                                         else p_old -> k.name end)
      from (select o.key as name from jsonb_each(case jsonb_typeof(p_old) when 'object' then p_old end) o
             union select c.key from jsonb_each(p_changes) c) k
     where p_changes -> k.name is distinct from 'null'), '{}');
end;
$$;
comment on function atelier_engine.merged(jsonb, jsonb) is
  'A JSON document with changes to it, as JSON Merge Patch (RFC 7396) defines it';

create or replace function atelier_engine.has_secret(p_value jsonb)
returns boolean
language sql immutable
begin atomic
  -- By way of an array: see assert_json_numbers().
  select exists (
           select from jsonb_array_elements(
                         jsonb_path_query_array(p_value, 'strict $.** ? (@.type() == "object").keyvalue()')) m
            where m.value ->> 'key' ~* '(secret|password|passwd|authorization|credential|signature|api[_-]?key|private[_-]?key|service[_-]?key|^(.*[_-])?token$|^cookie$|^key$)'
              and jsonb_typeof(m.value -> 'value') = 'string' and m.value ->> 'value' <> '')
         or exists (
           select from jsonb_array_elements_text(
                         jsonb_path_query_array(p_value, 'strict $.** ? (@.type() == "string")')) t
            where atelier_engine.redact(t.value) <> t.value or t.value ~ '\w://[^\s/@]+@');
end;
comment on function atelier_engine.has_secret(jsonb) is
  'Whether something in a document is called like a credential, or has the form of one';

create or replace function atelier_engine.family_name(p_family text, p_modality text)
returns text
language sql immutable
begin atomic
  select coalesce(
    nullif(left(ltrim(upper(regexp_replace(p_family, '[^A-Za-z0-9._-]+', '-', 'g')), '-._'), 20), ''), upper(p_modality));
end;
comment on function atelier_engine.family_name(text, text) is
  'What statistics call the family of a model, such as SDXL; of a model without one its modality';

create or replace function atelier_engine.model_settings(p_model atelier.api_models)
returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  return jsonb_build_object(
    'version', p_model.version, 'endpoint_path', p_model.endpoint_path, 'input_defaults', p_model.input_defaults,
    'capabilities', p_model.capabilities, 'parameter_schema', p_model.parameter_schema,
    'adapter_options', p_model.adapter_options, 'output_format', p_model.output_format,
    'equivalent_models', p_model.equivalent_models, 'max_concurrency', p_model.max_concurrency);
end;
$$;
comment on function atelier_engine.model_settings(atelier.api_models) is
  'What model_config_history keeps of a model: what decides about its pictures';

create or replace function atelier_engine.note_model_settings()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  family constant text := atelier_engine.family_name(new.model_family, new.modality);
begin
  if atelier_engine.restoring() or atelier_engine.model_settings(old) = atelier_engine.model_settings(new) then
    return null;
  end if;
  -- The first change of a model: what was there before is history, too.
  insert into atelier.model_config_history (model_type, config_name, config_data, is_active, created_at, notes, model_id)
  select family, left(old.model_key, 100), atelier_engine.model_settings(old), false, old.created_at,
         'As it was before it was changed for the first time.', new.id
   where not exists (select from atelier.model_config_history h where h.model_id = new.id);
  update atelier.model_config_history h set is_active = false where h.model_id = new.id and h.is_active;
  insert into atelier.model_config_history (model_type, config_name, config_data, is_active, created_by, model_id)
  values (family, left(new.model_key, 100), atelier_engine.model_settings(new), true,
          (select p.id from atelier.profiles p where p.id = auth.uid()), new.id);
  return null;
end;
$$;
comment on function atelier_engine.note_model_settings() is
$$Trigger: a change of what decides about a model's pictures becomes a row of model_config_history

With who has changed it; the row of the settings in use is the active one.$$;
