-- People, and being one of them: for the tests to include at their start.

create function pg_temp.ada() returns uuid language sql immutable as
  $$ select '00000000-0000-4000-8000-00000000000a'::uuid $$;
create function pg_temp.bob() returns uuid language sql immutable as
  $$ select '00000000-0000-4000-8000-00000000000b'::uuid $$;
create function pg_temp.root() returns uuid language sql immutable as
  $$ select '00000000-0000-4000-8000-0000000000ff'::uuid $$;

insert into auth.users (id, email)
values (pg_temp.ada(), 'ada@example.com'), (pg_temp.bob(), 'bob@example.com'), (pg_temp.root(), 'root@example.com');
insert into atelier.user_roles (user_id, role) values (pg_temp.root(), 'admin');

create function pg_temp.become(role_name text, claims text default '') returns void language plpgsql as $$
begin
  perform set_config('role', 'none', true), set_config('request.jwt.claims', claims, true);
  perform set_config('role', role_name, true);
end;
$$;
create function pg_temp.sign_in(user_id uuid) returns void language plpgsql as $$
begin
  perform set_config('role', 'none', true);
  perform pg_temp.become('authenticated', json_build_object(
    'sub', user_id, 'role', 'authenticated', 'email', (select u.email from auth.users u where u.id = user_id))::text);
end;
$$;
create function pg_temp.sign_in_as_service() returns void language sql as
  $$ select pg_temp.become('service_role', '{"role": "service_role"}') $$;
create function pg_temp.sign_out() returns void language sql as
  $$ select pg_temp.become('anon', '{"role": "anon"}') $$;
-- The owner of the database, who sees and may do everything.
create function pg_temp.step_aside() returns void language sql as $$ select pg_temp.become('none') $$;

-- A role that nobody gave anything.
create role atelier_test_nobody;

create function pg_temp.store(bucket text, name text, owner uuid, media_type text, bytes bytea) returns uuid
language plpgsql as $$
declare
  object_id constant uuid :=
    atelier_engine.create_object(bucket, name, owner, media_type, octet_length(bytes), sha256(bytes));
begin
  for sequence in 0 .. (octet_length(bytes) - 1) / 262144 loop
    perform atelier_engine.append_object_chunk(
      object_id, sequence, substr(bytes, sequence * 262144 + 1, 262144));
  end loop;
  return object_id;
end;
$$;

-- What a job leaves in the workspace: a row and a file, whose bytes are the text `content`.
create function pg_temp.make_asset(
  asset_id uuid, owner uuid, job_id uuid, asset_index integer, content text, thumbnail text default null
)
returns uuid language plpgsql as $$
declare
  folder constant text := format('%s/%s/', owner, job_id);
begin
  perform pg_temp.store('workspace-temp', folder || asset_index || '.png', owner, 'image/png', convert_to(content, 'UTF8'));
  if thumbnail is not null then
    perform pg_temp.store('workspace-temp', folder || asset_index || '.thumb.webp', owner, 'image/webp',
                          convert_to(thumbnail, 'UTF8'));
  end if;
  insert into atelier.workspace_assets
    (id, user_id, asset_type, temp_storage_path, thumbnail_path, file_size_bytes, mime_type, width, height, job_id,
     asset_index, generation_seed, original_prompt, model_used, generation_settings)
  values
    (asset_id, owner, 'image', folder || asset_index || '.png',
     case when thumbnail is not null then folder || asset_index || '.thumb.webp' end, octet_length(content), 'image/png',
     64, 64, job_id, asset_index, 7, 'a red circle', 'tiny-sdxl', '{"steps": 25}');
  return asset_id;
end;
$$;
