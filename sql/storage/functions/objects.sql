-- Storage: making, filling, copying and moving objects of the database store. For the workers and for functions with
-- the rights of their owner: none of these asks who is calling.

create or replace function atelier_engine.insert_object(p_bucket text, p_name text, p_owner uuid, p_metadata jsonb)
returns uuid
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
declare
  object_id uuid;
begin
  perform atelier_engine.assert_object_fits(
    p_bucket, p_name, p_owner, p_metadata ->> 'mimetype', (p_metadata ->> 'size')::bigint);
  insert into storage.objects (bucket_id, name, owner, owner_id, metadata)
  values (p_bucket, p_name, p_owner, p_owner::text, p_metadata)
  on conflict do nothing
  returning id into object_id;
  return object_id;
end;
$$;
comment on function atelier_engine.insert_object(text, text, uuid, jsonb) is
$$The row of a new object

Returns its id, null when the name is taken. Errors as assert_object_fits().$$;

create or replace function atelier_engine.create_object(
  p_bucket text, p_name text, p_owner uuid, p_media_type text, p_byte_count bigint, p_sha256 bytea
)
returns uuid
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  digest constant text := encode(p_sha256, 'hex');
  object_id uuid;
begin
  if octet_length(p_sha256) is distinct from 32 then
    raise invalid_parameter_value using message = 'a SHA-256 digest has 32 bytes';
  end if;
  object_id := atelier_engine.insert_object(p_bucket, p_name, p_owner, jsonb_build_object(
    'size', p_byte_count,
    'mimetype', lower(btrim(split_part(p_media_type, ';', 1))),
    'sha256', digest,
    'eTag', format('"%s"', digest)));
  if object_id is null then
    raise unique_violation using
      message = 'object already exists', detail = format('%s in bucket %s.', p_name, p_bucket);
  end if;
  return object_id;
end;
$$;
comment on function atelier_engine.create_object(text, text, uuid, text, bigint, bytea) is
$$Announce an object, whose bytes follow with append_object_chunk()

Returns its id. Replaces nothing: 23505 when the name is taken. Other errors as assert_object_fits().$$;

create or replace function atelier_engine.append_object_chunk(p_object_id uuid, p_sequence integer, p_bytes bytea)
returns void
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  byte_count bigint;
  next_sequence integer;
  next_offset bigint;
begin
  select (o.metadata ->> 'size')::bigint into byte_count
    from storage.objects o where o.id = p_object_id for key share;
  if not found then
    raise sqlstate 'PT404' using message = 'object not found', detail = format('Object: %s.', p_object_id);
  end if;
  select c.sequence + 1, c.byte_offset + octet_length(c.bytes) into next_sequence, next_offset
    from atelier_engine.object_chunks c where c.object_id = p_object_id order by c.sequence desc limit 1;
  if p_sequence is distinct from coalesce(next_sequence, 0) then
    raise invalid_parameter_value using
      message = 'object chunks come in order',
      detail = format('Expected number %s, got %s.', coalesce(next_sequence, 0), p_sequence);
  end if;
  next_offset := coalesce(next_offset, 0);
  if next_offset + octet_length(p_bytes) > byte_count then
    raise invalid_parameter_value using
      message = 'object is larger than announced',
      detail = format('%s bytes were announced, chunk %s ends at %s.', byte_count, p_sequence,
                      next_offset + octet_length(p_bytes));
  end if;
  insert into atelier_engine.object_chunks (object_id, sequence, byte_offset, bytes)
  values (p_object_id, p_sequence, next_offset, p_bytes);
end;
$$;
grant execute on function atelier_engine.append_object_chunk(uuid, integer, bytea) to atelier_worker;
comment on function atelier_engine.append_object_chunk(uuid, integer, bytea) is
$$The next bytes of an object

At most 256 KiB (23514), numbered from 0 without a gap, together no more than announced (22023). PT404: no such
object.$$;

create or replace function atelier_engine.object_is_complete(p_object_id uuid)
returns boolean
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
  select coalesce((select c.byte_offset + octet_length(c.bytes)
                     from atelier_engine.object_chunks c
                    where c.object_id = o.id
                    order by c.sequence desc
                    limit 1), 0) = (o.metadata ->> 'size')::bigint
    from storage.objects o
   where o.id = p_object_id;
end;
comment on function atelier_engine.object_is_complete(uuid) is
$$Whether all announced bytes of an object are there

Null when there is no such object.$$;

create or replace function atelier_engine.assert_not_withheld(p_metadata jsonb)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_metadata ? 'moderation' then
    raise sqlstate 'PT409' using
      message = 'the file is withheld',
      detail = format('Moderation: %s.', p_metadata ->> 'moderation'),
      hint = 'It can be used once moderation has approved it.';
  end if;
end;
$$;
comment on function atelier_engine.assert_not_withheld(jsonb) is
$$Refuse to use an object whose metadata says that moderation withholds it

Raises PT409.$$;

create or replace function atelier_engine.copy_object(
  p_source_bucket text, p_source_name text, p_target_bucket text, p_target_name text, p_owner uuid
)
returns uuid
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  source record;
  copy_id uuid;
begin
  select o.id, o.metadata into source
    from storage.objects o where o.bucket_id = p_source_bucket and o.name = p_source_name for key share;
  if not found then
    raise sqlstate 'PT404' using
      message = 'object not found', detail = format('%s in bucket %s.', p_source_name, p_source_bucket);
  end if;
  perform atelier_engine.assert_not_withheld(source.metadata);
  copy_id := atelier_engine.insert_object(p_target_bucket, p_target_name, p_owner, source.metadata);
  if copy_id is null then
    select o.id into copy_id
      from storage.objects o
     where o.bucket_id = p_target_bucket and o.name = p_target_name and o.owner = p_owner
       and o.metadata -> 'sha256' = source.metadata -> 'sha256' and o.metadata -> 'size' = source.metadata -> 'size';
    if not found then
      raise unique_violation using
        message = 'another object has this name', detail = format('%s in bucket %s.', p_target_name, p_target_bucket);
    end if;
    return copy_id;
  end if;
  if not atelier_engine.object_is_complete(source.id) then
    raise data_corrupted using
      message = 'object is incomplete', detail = format('%s in bucket %s.', p_source_name, p_source_bucket);
  end if;
  insert into atelier_engine.object_chunks (object_id, sequence, byte_offset, bytes)
  select copy_id, c.sequence, c.byte_offset, c.bytes
    from atelier_engine.object_chunks c
   where c.object_id = source.id;
  return copy_id;
end;
$$;
comment on function atelier_engine.copy_object(text, text, text, text, uuid) is
$$Copy an object with its bytes

Returns the id of the copy. Copying again returns the same id as long as the bytes are the same. PT404 no such object,
PT409 moderation withholds it, 23505 the name is taken by something else, XX001 bytes are missing; other errors as assert_object_fits().$$;

create or replace function atelier_engine.move_object(
  p_source_bucket text, p_source_name text, p_target_bucket text, p_target_name text, p_owner uuid
)
returns uuid
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  source record;
begin
  select o.id, o.metadata into source
    from storage.objects o where o.bucket_id = p_source_bucket and o.name = p_source_name for update;
  if not found then
    raise sqlstate 'PT404' using
      message = 'object not found', detail = format('%s in bucket %s.', p_source_name, p_source_bucket);
  end if;
  perform atelier_engine.assert_not_withheld(source.metadata);
  if not atelier_engine.object_is_complete(source.id) then
    raise data_corrupted using
      message = 'object is incomplete', detail = format('%s in bucket %s.', p_source_name, p_source_bucket);
  end if;
  perform atelier_engine.assert_object_fits(
    p_target_bucket, p_target_name, p_owner, source.metadata ->> 'mimetype', (source.metadata ->> 'size')::bigint);
  update storage.objects o
     set bucket_id = p_target_bucket, name = p_target_name, owner = p_owner, owner_id = p_owner::text,
         updated_at = clock_timestamp()
   where o.id = source.id;
  return source.id;
end;
$$;
comment on function atelier_engine.move_object(text, text, text, text, uuid) is
$$Give an object another name, without touching its bytes

Returns its id. PT404 no such object, PT409 moderation withholds it, 23505 the name is taken, XX001 bytes are missing; other errors as
assert_object_fits().$$;
