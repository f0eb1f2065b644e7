-- Jobs: how often an endpoint is asked. A token bucket for each endpoint and token, refilled by requests_per_minute.
-- What has no room is not looked at by a claim.

create or replace function atelier_engine.bucket_level(
  p_level double precision, p_filled_at timestamptz, p_per_minute integer, p_burst integer
)
returns double precision
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  -- A clock that was set back takes nothing away.
  return (
    select least(
      size.burst,
      coalesce(p_level, size.burst)
        + coalesce(greatest(extract(epoch from clock_timestamp() - p_filled_at), 0), 0)::double precision * p_per_minute / 60)
      from (select coalesce(p_burst, greatest(1, p_per_minute / 6))::double precision as burst) size);
end;
$$;
comment on function atelier_engine.bucket_level(double precision, timestamptz, integer, integer) is
$$How full a bucket is now

Without a burst of its own it holds the requests of ten seconds.$$;

create or replace function atelier_engine.rate_room(p_endpoint_id uuid, p_token_id uuid)
returns integer
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select floor(atelier_engine.bucket_level(b.level, b.filled_at, e.requests_per_minute, e.request_burst))::integer
      from atelier.endpoints e
      left join atelier_engine.rate_buckets b
        on b.endpoint_id = e.id and b.token_id = coalesce(p_token_id, '00000000-0000-0000-0000-000000000000')
     where e.id = p_endpoint_id and e.requests_per_minute is not null);
end;
$$;
comment on function atelier_engine.rate_room(uuid, uuid) is
  'How many requests an endpoint may get now with a token; null: any number';

create or replace function atelier_engine.note_requests(p_endpoint_id uuid, p_token_id uuid, p_requests integer)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into atelier_engine.rate_buckets as b (endpoint_id, token_id, level, filled_at)
  select e.id, coalesce(p_token_id, '00000000-0000-0000-0000-000000000000'),
         atelier_engine.bucket_level(null, null, e.requests_per_minute, e.request_burst) - p_requests, clock_timestamp()
    from atelier.endpoints e
   where e.id = p_endpoint_id and e.requests_per_minute is not null
      on conflict (endpoint_id, token_id) do update
         set level = (
               select atelier_engine.bucket_level(b.level, b.filled_at, e.requests_per_minute, e.request_burst) - p_requests
                 from atelier.endpoints e where e.id = b.endpoint_id),
             filled_at = excluded.filled_at;
  update atelier.provider_tokens t
     set last_used_at = clock_timestamp(), request_count = t.request_count + p_requests
   where t.id = p_token_id;
end;
$$;
comment on function atelier_engine.note_requests(uuid, uuid, integer) is
  'Take requests out of the bucket of an endpoint and a token, and count them for the token';

create or replace function atelier_engine.next_refill_at()
returns timestamptz
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return (
    select min(b.filled_at + make_interval(secs => (1 - b.level) * 60 / e.requests_per_minute))
      from atelier_engine.rate_buckets b
      join atelier.endpoints e on e.id = b.endpoint_id
     where e.requests_per_minute is not null and b.level < 1
       and exists (
         select from atelier_engine.open_routes r
           join atelier_engine.queue q on q.model_id = r.model_id and q.state = 'ready'
          where r.endpoint_id = e.id));
end;
$$;
comment on function atelier_engine.next_refill_at() is
  'When the first empty bucket of an endpoint with ready jobs has room for one request again';
