-- Workspace: what is written to workspace_items.

create or replace function atelier_engine.reference_image_of(settings jsonb)
returns text
language sql immutable parallel safe
begin atomic
  select case when jsonb_typeof(settings -> 'reference_image_url') = 'string' then settings ->> 'reference_image_url'
              when jsonb_typeof(settings -> 'image') = 'string' and not starts_with(settings ->> 'image', 'data:')
                then settings ->> 'image' end;
end;
grant execute on function atelier_engine.reference_image_of(jsonb) to authenticated, service_role;
comment on function atelier_engine.reference_image_of(jsonb) is
$$The picture that settings tell to follow

reference_image_url, else image, unless that is written out as a data: URL; null without one.$$;

create or replace function atelier_engine.reference_strength_of(settings jsonb)
returns numeric
language sql immutable parallel safe
begin atomic
  select case when jsonb_typeof(settings -> 'reference_strength') = 'number'
                then round(greatest(least((settings ->> 'reference_strength')::numeric, 1), 0), 2)
              when jsonb_typeof(settings -> 'strength') = 'number'
                then round(1 - greatest(least((settings ->> 'strength')::numeric, 1), 0), 2) end;
end;
grant execute on function atelier_engine.reference_strength_of(jsonb) to authenticated, service_role;
comment on function atelier_engine.reference_strength_of(jsonb) is
$$How much a picture is to be like the one it follows, from 0 to 1

reference_strength, else what strength leaves of the picture; null when the settings say neither.$$;

create or replace function atelier_engine.add_workspace_item(p_item jsonb)
returns uuid
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  item_id constant uuid := coalesce((p_item ->> 'id')::uuid, atelier.uuid7());
  user_of_item constant uuid := (p_item ->> 'user_id')::uuid;
  job_of_item constant uuid := (p_item ->> 'job_id')::uuid;
  file record;
begin
  select o.name, (o.metadata ->> 'size')::bigint as byte_count, o.metadata ->> 'mimetype' as media_type into file
    from storage.objects o
   where o.bucket_id = 'workspace-temp' and o.name = p_item ->> 'storage_path' and o.owner = user_of_item;
  if not found or coalesce(p_item ->> 'bucket_name', 'workspace-temp') <> 'workspace-temp' then
    raise sqlstate 'PT404' using
      message = 'object not found', detail = format('%s in bucket workspace-temp.', quote_nullable(left(p_item ->> 'storage_path', 500))),
      hint = 'The file of an item is there before the item.';
  end if;
  if (p_item ->> 'session_id')::uuid is distinct from (
       select j.workspace_session_id from atelier.jobs j where j.id = job_of_item and j.user_id = user_of_item) then
    raise invalid_parameter_value using
      message = 'the session of an item is that of its job', hint = 'Leave session_id out, or name that of the job.';
  end if;
  insert into atelier.workspace_assets (
    id, user_id, asset_type, temp_storage_path, file_size_bytes, mime_type, job_id, asset_index, generation_seed,
    original_prompt, model_used, generation_settings)
  values (
    item_id, user_of_item, p_item ->> 'content_type', file.name, file.byte_count, file.media_type, coalesce(job_of_item, item_id),
    (select coalesce(max(a.asset_index) + 1, 0) from atelier.workspace_assets a where a.job_id = job_of_item),
    coalesce((p_item ->> 'seed')::bigint, -1), p_item ->> 'prompt', coalesce(p_item ->> 'model_type', 'unknown'),
    coalesce(nullif(p_item -> 'generation_params', 'null'), '{}'));
  return item_id;
end;
$$;
comment on function atelier_engine.add_workspace_item(jsonb) is
$$Add an asset whose file is in workspace-temp already

Raises PT404 (no such file of this user), 22023, 23502 or 23514.$$;

create or replace function atelier_engine.write_workspace_items()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  item_id uuid := case when tg_op <> 'INSERT' then old.id end;
begin
  if tg_op = 'INSERT' then
    perform atelier_engine.assert_service_role();
    item_id := atelier_engine.add_workspace_item(to_jsonb(new));
  else
    perform atelier_engine.assert_acting_for(old.user_id);
    if tg_op = 'DELETE' then
      delete from atelier.workspace_assets a where a.id = old.id and a.user_id = old.user_id;
      return old;
    end if;
    if new.status is distinct from old.status and new.status is distinct from 'saved' then
      raise invalid_parameter_value using
        message = 'an item can be saved, and nothing else', hint = 'Set status to saved, or delete the item.';
    end if;
    if new.status = 'saved' then
      perform atelier_engine.save_asset(old.id, old.user_id);
    end if;
  end if;
  select i.* into new from atelier.workspace_items i where i.id = item_id;
  return new;
end;
$$;
comment on function atelier_engine.write_workspace_items() is
  'Trigger: saves or discards the asset of an item, and adds one for the service role. For oneself only (42501).';
