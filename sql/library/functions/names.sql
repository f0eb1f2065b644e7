-- Library: what is written to images and videos.

create or replace function atelier_engine.keep_named_asset(
  p_user_id uuid, p_type text, p_url text, p_job_id uuid, p_index integer, p_prompt text, p_title text
)
returns uuid
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  owner_id constant uuid := coalesce(p_user_id, auth.uid());
  asset record;
begin
  perform atelier_engine.assert_acting_for(owner_id);
  if p_url is null and p_job_id is null then
    raise invalid_parameter_value using
      message = 'an argument is missing', detail = format('A new %s is one of the workspace.', p_type),
      hint = 'Name its file, workspace-temp/path, or its job.';
  end if;
  select a.id, a.original_prompt into asset
    from atelier.workspace_assets a
   where a.user_id = owner_id and a.asset_type = p_type
     and (p_url is null or a.temp_storage_path = regexp_replace(p_url, '^workspace-temp/', ''))
     and (p_job_id is null or a.job_id = p_job_id)
     and (p_index is null or a.asset_index = p_index)
   order by a.asset_index
   limit 1;
  if not found then
    raise sqlstate 'PT404' using
      message = 'asset not found', detail = format('File %s, job %s.', quote_nullable(p_url), quote_nullable(p_job_id)),
      hint = 'What jobs have made is in atelier.workspace_assets.';
  end if;
  if p_prompt <> asset.original_prompt then
    raise invalid_parameter_value using
      message = 'the prompt is another one', detail = 'It says what the file was made from.', hint = 'Leave it out.';
  end if;
  return atelier_engine.save_asset(asset.id, owner_id, p_custom_title => p_title);
end;
$$;
comment on function atelier_engine.keep_named_asset(uuid, text, text, uuid, integer, text, text) is
$$Save the asset that a new row of images or videos names

Returns the id in the library. Raises 42501 (somebody else), PT404 (no such asset) or 22023.$$;

create or replace function atelier_engine.write_images()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  asset_id uuid;
begin
  if tg_op = 'INSERT' then
    asset_id := atelier_engine.keep_named_asset(
      new.user_id, 'image', new.image_url, new.job_id, new.image_index, new.prompt, new.title);
  else
    perform atelier_engine.assert_acting_for(old.user_id);
    if tg_op = 'DELETE' then
      delete from atelier.user_library l where l.id = old.id and l.user_id = old.user_id;
      return old;
    end if;
    update atelier.user_library l set custom_title = new.title where l.id = old.id and l.user_id = old.user_id;
    asset_id := old.id;
  end if;
  select i.* into new from atelier.images i where i.id = asset_id;
  return new;
end;
$$;
comment on function atelier_engine.write_images() is
  'Trigger: saves a picture to the library, names it, or deletes it. For oneself only (42501).';

create or replace function atelier_engine.write_videos()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  asset_id uuid;
begin
  if tg_op = 'INSERT' then
    asset_id := atelier_engine.keep_named_asset(
      new.user_id, 'video', new.video_url, new.job_id, null, new.original_prompt, new.title);
  else
    perform atelier_engine.assert_acting_for(old.user_id);
    if tg_op = 'DELETE' then
      delete from atelier.user_library l where l.id = old.id and l.user_id = old.user_id;
      return old;
    end if;
    update atelier.user_library l set custom_title = new.title where l.id = old.id and l.user_id = old.user_id;
    asset_id := old.id;
  end if;
  select v.* into new from atelier.videos v where v.id = asset_id;
  return new;
end;
$$;
comment on function atelier_engine.write_videos() is
  'Trigger: saves a video to the library, names it, or deletes it. For oneself only (42501).';
