-- Jobs: pictures that a request starts from. A parameter whose rule has the format picture is a data: URL, an http(s)
-- URL, or the bucket/path of an object that its user may read; such an object goes to the carrier as a data: URL.

create or replace function atelier_engine.picture_parameters(p_schema jsonb)
returns text[]
language sql immutable
begin atomic
  select coalesce(array_agg(p.key order by p.key), '{}')
    from jsonb_each(case jsonb_typeof(p_schema -> 'properties') when 'object' then p_schema -> 'properties' end) p
   where 'picture' in (p.value ->> 'format', p.value -> 'items' ->> 'format');
end;
comment on function atelier_engine.picture_parameters(jsonb) is
  'The parameters of a model that are pictures: those with the format picture, or lists of such';

create or replace function atelier_engine.pictures_in(p_schema jsonb, p_parameters jsonb)
returns table (parameter text, picture text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select n.name, v.value #>> '{}'
      from unnest(atelier_engine.picture_parameters(p_schema)) n (name)
      cross join lateral jsonb_array_elements(
        case jsonb_typeof(p_parameters -> n.name) when 'array' then p_parameters -> n.name
                                                  else jsonb_build_array(p_parameters -> n.name) end) v (value)
     where jsonb_typeof(v.value) <> 'null';
end;
$$;
comment on function atelier_engine.pictures_in(jsonb, jsonb) is 'The pictures among the parameters of a request';

create or replace function atelier_engine.readable_picture(
  p_user_id uuid, p_picture text, out object_id uuid, out byte_count bigint, out media_type text
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  -- The rules of the policies on storage.objects, for the owner of the job, whoever asks.
  select o.id, (o.metadata ->> 'size')::bigint, lower(o.metadata ->> 'mimetype') into object_id, byte_count, media_type
    from storage.objects o
    join storage.buckets b on b.id = o.bucket_id
   where o.bucket_id = split_part(p_picture, '/', 1)
     and o.name = substr(p_picture, length(split_part(p_picture, '/', 1)) + 2)
     and case when o.metadata ? 'moderation' then atelier_engine.is_checking(p_user_id, o.id)
              else b.public or (o.owner = p_user_id and (storage.foldername(o.name))[1] = p_user_id::text) end;
end;
$$;
comment on function atelier_engine.readable_picture(uuid, text) is
  'The object bucket/path, when that person may read it; else nulls';

create or replace function atelier_engine.assert_pictures(p_user_id uuid, p_model_id uuid, p_parameters jsonb)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  max_bytes constant bigint := bigint '6291456';
  total bigint := bigint '0';
  given record;
  object record;
begin
  for given in
    select i.parameter, i.picture
      from atelier.api_models m
      cross join lateral atelier_engine.pictures_in(m.parameter_schema, p_parameters) i
     where m.id = p_model_id and m.parameter_schema @? '$.properties.*.** ? (@.format == "picture")'
  loop
    continue when given.picture ~ '^(https?://[^\s/]|data:image/(png|jpeg|webp|gif);base64,)\S+$';
    if given.picture ~ '^(data|https?|file|ftp):' or given.picture !~ '^[^/\s]+/\S' then
      raise invalid_parameter_value using
        message = 'invalid parameter',
        detail = format('%s must be a picture; got %s.', given.parameter, left(given.picture, 60)),
        hint = 'Give a data: URL with base64, an http(s) URL, or bucket/path of an object.';
    end if;
    object := atelier_engine.readable_picture(p_user_id, given.picture);
    if object.object_id is null then
      raise sqlstate 'PT404' using
        message = 'no such picture', detail = format('%s is %s.', given.parameter, left(given.picture, 500)),
        hint = 'The object does not exist or belongs to somebody else.';
    end if;
    if coalesce(object.media_type, '') not in ('image/png', 'image/jpeg', 'image/webp', 'image/gif') then
      raise sqlstate 'PT415' using
        message = 'not a picture',
        detail = format('%s is of the type %s.', given.parameter, quote_nullable(left(object.media_type, 60))),
        hint = 'Use PNG, JPEG, WebP or GIF.';
    end if;
    total := total + coalesce(object.byte_count, 0);
  end loop;
  if total > max_bytes then
    raise sqlstate 'PT413' using
      message = 'the pictures to start from are too large',
      detail = format('%s bytes together; the limit is %s.', total, max_bytes),
      hint = 'Use smaller ones, or http(s) URLs.';
  end if;
end;
$$;
comment on function atelier_engine.assert_pictures(uuid, uuid, jsonb) is
$$Refuse pictures to start from that are none, or that the person may not read

Raises 22023, PT404, PT413 or PT415, naming the parameter.$$;

create or replace function atelier_engine.with_pictures(p_user_id uuid, p_schema jsonb, p_parameters jsonb)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  max_bytes constant bigint := bigint '6291456';
  total bigint := bigint '0';
  result jsonb := p_parameters;
  data_urls jsonb := jsonb_build_object();
  given record;
  object record;
begin
  for given in select distinct i.picture from atelier_engine.pictures_in(p_schema, p_parameters) i loop
    continue when given.picture ~ '^(https?|data):';
    object := atelier_engine.readable_picture(p_user_id, given.picture);
    total := total + coalesce(object.byte_count, 0);
    -- What is gone meanwhile, or has grown, stays a path, which the carrier refuses.
    continue when object.object_id is null or total > max_bytes;
    data_urls := data_urls || jsonb_build_object(
      given.picture, format('data:%s;base64,', object.media_type) || (
        select translate(encode(string_agg(c.bytes, ''::bytea order by c.sequence), 'base64'), E'\n', '')
          from atelier_engine.object_chunks c where c.object_id = object.object_id));
  end loop;
  select result || coalesce(jsonb_object_agg(n.name, case jsonb_typeof(p_parameters -> n.name)
           when 'array' then (
             select jsonb_agg(coalesce(data_urls -> (v.value #>> '{}'), v.value) order by v.place)
               from jsonb_array_elements(p_parameters -> n.name) with ordinality v (value, place))
           else coalesce(data_urls -> (p_parameters ->> n.name), p_parameters -> n.name) end), '{}') into result
    from unnest(atelier_engine.picture_parameters(p_schema)) n (name)
   where p_parameters ? n.name;
  return result;
end;
$$;
comment on function atelier_engine.with_pictures(uuid, jsonb, jsonb) is
$$The parameters of a request as they go to the carrier: objects of its user as data: URLs

Never fails: an object that is not there any more stays bucket/path, and the job fails with that.$$;
