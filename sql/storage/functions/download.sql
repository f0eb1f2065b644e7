-- Storage: reading bytes. With the rights of the caller throughout: whoever sees the object's row reads its bytes.

create or replace function atelier.object_bytes(bucket text, name text)
returns bytea
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  wanted record;
  content bytea;
begin
  select o.id, (o.metadata ->> 'size')::bigint as byte_count into wanted
    from storage.objects o
   where o.bucket_id = object_bytes.bucket and o.name = object_bytes.name;
  if not found then
    raise sqlstate 'PT404' using
      message = 'object not found',
      detail = format('%s in bucket %s.', object_bytes.name, object_bytes.bucket);
  end if;
  if wanted.byte_count > 268435456 then
    raise sqlstate 'PT413' using
      message = 'object is too large to be read at once',
      detail = format('%s bytes; at most 268435456 come in one piece.', wanted.byte_count),
      hint = format('Read it in pieces: select bytes from atelier.object_chunks where object_id = %L order by sequence.',
                    wanted.id);
  end if;
  select string_agg(c.bytes, ''::bytea order by c.sequence) into content
    from atelier.object_chunks c
   where c.object_id = wanted.id;
  if coalesce(octet_length(content), 0) is distinct from wanted.byte_count then
    raise data_corrupted using
      message = 'object is incomplete',
      detail = format('%s of %s bytes are in the database.', coalesce(octet_length(content), 0), wanted.byte_count);
  end if;
  return coalesce(content, ''::bytea);
end;
$$;
grant execute on function atelier.object_bytes(text, text) to anon, authenticated, service_role;
comment on function atelier.object_bytes(text, text) is
$$The bytes of an object

For those who see the object: its owner, everybody in a public bucket; PT404 otherwise. Up to 256 MiB; what is larger
(PT413) is read in pieces from atelier.object_chunks. XX001: bytes are missing.$$;

create or replace function atelier.object(bucket text, name text)
returns atelier."*/*"
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  known_tags constant text := nullif(current_setting('request.headers', true), '')::json ->> 'if-none-match';
  wanted record;
  content bytea := ''::bytea;
  headers jsonb;
begin
  select o.metadata ->> 'eTag' as tag, lower(o.metadata ->> 'mimetype') as media_type into wanted
    from storage.objects o
   where o.bucket_id = object.bucket and o.name = object.name;
  if found and strpos(known_tags, wanted.tag) > 0 then
    perform set_config('response.status', '304', true);
  else
    content := atelier.object_bytes(object.bucket, object.name);
  end if;
  -- Whoever uploads a file chooses its media type: as a page of this address it must not run anything.
  headers := jsonb_build_array(
    jsonb_build_object('Content-Type', case when wanted.media_type ~ '^[a-z0-9.+-]+/[a-z0-9.+-]+$' then wanted.media_type
                                            else 'application/octet-stream' end),
    jsonb_build_object('Cache-Control', 'private, no-cache'),
    jsonb_build_object('X-Content-Type-Options', 'nosniff'),
    jsonb_build_object('Content-Security-Policy', 'default-src ''none''; sandbox'));
  if wanted.tag ~ '^"[0-9a-f]+"$' then
    headers := headers || jsonb_build_object('ETag', wanted.tag);
  end if;
  perform set_config('response.headers', headers::text, true);
  return content::atelier."*/*";
end;
$$;
grant execute on function atelier.object(text, text) to anon, authenticated, service_role;
comment on function atelier.object(text, text) is
$$Download an object

For `GET /rpc/object?bucket=…&name=…`: the bytes with their media type, whatever the request accepts. Caches keep them for
the caller alone and ask each time; with `If-None-Match` the answer to what has not changed is 304, without bytes.
Fails as object_bytes().$$;
