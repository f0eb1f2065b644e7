-- Workers: files that come as JSON. What counts is what the bytes say.

create or replace function atelier_engine.sniff_media(p_bytes bytea)
returns table (media_type text, extension text, width integer, height integer)
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  size constant integer := octet_length(p_bytes);
  first constant text := encode(substr(p_bytes, 1, 24), 'hex');
begin
  if first like '89504e470d0a1a0a0000000d49484452%' and size >= 57
     and substr(p_bytes, size - 11) = '\x0000000049454e44ae426082' then
    return query select 'image/png', 'png', ('x' || substr(first, 33, 8))::bit(32)::integer,
                        ('x' || substr(first, 41, 8))::bit(32)::integer;
  elsif first like 'ffd8ff%' and substr(p_bytes, size - 1) = '\xffd9' then
    return query select 'image/jpeg', 'jpg', null::integer, null::integer;
  elsif first like '52494646________57454250%'
        and get_byte(p_bytes, 4) + get_byte(p_bytes, 5) * 256 + get_byte(p_bytes, 6) * 65536
              + get_byte(p_bytes, 7) * 16777216::bigint + 8 = size then
    return query select 'image/webp', 'webp', null::integer, null::integer;
  elsif first like '________66747970%' then
    return query select 'video/mp4', 'mp4', null::integer, null::integer;
  end if;
end;
$$;
comment on function atelier_engine.sniff_media(bytea) is
$$What a file is, by its bytes: a complete PNG, JPEG or WebP picture, or an MP4 video

With the size of the picture where that is easily seen. No row for anything else.$$;

create or replace function atelier_engine.store_output(p_attempt_id uuid, p_index integer, p_output jsonb)
returns jsonb
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  chunk constant integer := 262144;
  largest constant bigint := (
    select coalesce(e.max_output_bytes, 67108864)
      from atelier_engine.attempts a left join atelier.endpoints e on e.id = a.endpoint_id where a.id = p_attempt_id);
  bytes bytea;
  media record;
  object uuid;
begin
  if jsonb_typeof(p_output -> 'data') is distinct from 'string' then
    raise invalid_parameter_value using
      message = 'an output has no data', detail = format('Output %s.', p_index),
      hint = 'Send the bytes of the file in base64 as data.';
  end if;
  bytes := decode(p_output ->> 'data', 'base64');
  if octet_length(bytes) > largest then
    raise sqlstate 'PT413' using
      message = 'an output is too large',
      detail = format('Output %s has %s bytes; the limit is %s.', p_index, octet_length(bytes), largest);
  end if;
  select s.* into media from atelier_engine.sniff_media(bytes) s;
  if not found then
    raise invalid_parameter_value using
      message = 'an output is no complete picture or video', detail = format('Output %s.', p_index);
  end if;
  object := atelier_engine.begin_object(
    p_attempt_id, p_index, media.media_type, media.extension, octet_length(bytes), sha256(bytes));
  for sequence in 0 .. (octet_length(bytes) - 1) / chunk loop
    perform atelier_engine.append_object_chunk(object, sequence, substr(bytes, sequence * chunk + 1, chunk));
  end loop;
  return jsonb_strip_nulls(jsonb_build_object(
    'index', p_index, 'object_id', object, 'media_type', media.media_type, 'extension', media.extension,
    'byte_count', octet_length(bytes), 'sha256', encode(sha256(bytes), 'hex'),
    'width', coalesce(media.width, atelier_engine.whole_number(p_output, 'width', 100000)),
    'height', coalesce(media.height, atelier_engine.whole_number(p_output, 'height', 100000)),
    'duration_ms', atelier_engine.whole_number(p_output, 'duration_ms', 2147483647),
    'seed', atelier_engine.whole_number(p_output, 'seed', 9223372036854775807)));
end;
$$;
comment on function atelier_engine.store_output(uuid, integer, jsonb) is
$$Store one output of a worker, and describe it for record_success()

Raises 22023 (no base64, no picture or video) or PT413 (larger than max_output_bytes of its endpoint).$$;

create or replace function atelier_engine.whole_number(p_object jsonb, p_name text, p_largest bigint)
returns bigint
language sql immutable
begin atomic
  select case when jsonb_typeof(p_object -> p_name) = 'number'
              then case when (p_object ->> p_name)::numeric between 0 and p_largest
                        then trunc((p_object ->> p_name)::numeric)::bigint end end;
end;
comment on function atelier_engine.whole_number(jsonb, text, bigint) is
  'A number of a JSON object from 0 to p_largest, without what is behind the point; null for anything else';
