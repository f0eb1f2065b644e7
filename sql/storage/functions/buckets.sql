-- Storage: buckets, where their bytes are and what they take. The other functions of storage build on these.

create or replace function atelier_engine.store_of_bucket(p_bucket text)
returns text
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
  select coalesce((select s.store from atelier_engine.bucket_stores s where s.bucket_id = p_bucket), 'database');
end;
comment on function atelier_engine.store_of_bucket(text) is
$$Which store holds the bytes of a bucket

database, file or s3.$$;

create or replace function atelier_engine.is_object_name(p_name text)
returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  -- Written as code points, because what a class such as [:cntrl:] holds depends on the locale.
  invisible text := '[\u0001-\u001F\u007F-\u009F\u061C\u200B\u200E\u200F\u2028-\u202E\u2060-\u206F\uFEFF]';
  spelled text := "left"(p_name, 1025);
begin
  -- What other programs may make of it counts, too: full-width dots, and %2e.
  if getdatabaseencoding() = 'UTF8' then
    spelled := normalize(spelled, nfkc);
  else
    invisible := '[[:cntrl:]]';
  end if;
  return p_name is not null and char_length(p_name) <= 1024 and p_name !~ invisible
         and spelled !~ '(^|/)\.{0,2}(/|$)' and spelled !~ '\\' and spelled !~* '%(25)*(2e|2f|5c|7f|[01][0-9a-f])';
end;
$$;
comment on function atelier_engine.is_object_name(text) is
$$Whether an object may have this name

At most 1024 characters, of which none is invisible or a backslash, and parts between slashes that are not empty, "." or
"..", also when they are written in other ways.$$;

create or replace function atelier_engine.assert_object_fits(
  p_bucket text, p_name text, p_owner uuid, p_media_type text, p_byte_count bigint
)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  bucket record;
begin
  select b.file_size_limit, b.allowed_mime_types into bucket from storage.buckets b where b.id = p_bucket;
  if not found then
    raise sqlstate 'PT404' using message = 'bucket not found', detail = format('Bucket: %s.', p_bucket);
  end if;
  if atelier_engine.store_of_bucket(p_bucket) <> 'database' then
    raise feature_not_supported using
      message = 'the bucket is not in the database store', detail = format('Bucket: %s.', p_bucket);
  end if;
  if not atelier_engine.is_object_name(p_name) then
    raise invalid_parameter_value using
      message = 'object name is not valid',
      detail = 'A name has at most 1024 characters, none of them invisible or a backslash, and no part of it is empty, '
               '"." or "..", also when written in another way.';
  end if;
  if p_owner is not null and (storage.foldername(p_name))[1] is distinct from p_owner::text then
    raise invalid_parameter_value using
      message = 'the first folder of an object name is its owner',
      detail = format('Owner %s, name %s.', p_owner, p_name);
  end if;
  if p_byte_count is null or p_byte_count < 0 then
    raise invalid_parameter_value using message = 'object size is not valid';
  end if;
  if p_byte_count > bucket.file_size_limit then
    raise sqlstate 'PT413' using
      message = 'object is too large for the bucket',
      detail = format('%s bytes; bucket %s takes %s.', p_byte_count, p_bucket, bucket.file_size_limit);
  end if;
  if p_media_type is null
     or not (bucket.allowed_mime_types is null
             or exists (select
                          from unnest(bucket.allowed_mime_types) as a (media_type)
                         where a.media_type in (p_media_type, '*/*')
                            or (a.media_type like '%/*' and starts_with(p_media_type, "left"(a.media_type, -1))))) then
    raise sqlstate 'PT415' using
      message = 'media type is not allowed in the bucket',
      detail = format('%s in bucket %s.', coalesce(p_media_type, 'None'), p_bucket);
  end if;
end;
$$;
comment on function atelier_engine.assert_object_fits(text, text, uuid, text, bigint) is
$$Refuse an object that its bucket does not take

PT404 no such bucket, 0A000 another store, 22023 bad name, owner or size, PT413 too large, PT415 media type.$$;

create or replace function atelier_engine.replace_buckets_on_restore()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if atelier_engine.restoring() then
    delete from storage.buckets b
     using atelier_engine.bucket_stores s
     where s.bucket_id = b.id and s.comes_with_atelier;
  end if;
  return null;
end;
$$;
comment on function atelier_engine.replace_buckets_on_restore() is
$$Trigger: the buckets of a dump replace those that CREATE EXTENSION has just made

The marks of the latter go with them, so that nothing happens twice, however the dump inserts its rows.$$;
