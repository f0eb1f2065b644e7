-- Jobs: how often an endpoint is asked. A token bucket for each endpoint and token, refilled by requests_per_minute.
-- What has no room is not looked at by a claim. What servers say of their own limits counts, too, so that they need not
-- refuse anything.

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
  return least(
    atelier_engine.server_room(p_endpoint_id, p_token_id),
    (select floor(atelier_engine.bucket_level(b.level, b.filled_at, e.requests_per_minute, e.request_burst))::integer
       from atelier.endpoints e
       left join atelier_engine.rate_buckets b
         on b.endpoint_id = e.id and b.token_id = coalesce(p_token_id, '00000000-0000-0000-0000-000000000000')
      where e.id = p_endpoint_id and e.requests_per_minute is not null),
    (select floor(atelier_engine.bucket_level(u.level, u.filled_at, t.requests_per_minute, t.request_burst))::integer
       from atelier.provider_tokens t
       left join atelier_engine.token_usage u on u.token_id = t.id
      where t.id = p_token_id and t.requests_per_minute is not null));
end;
$$;
comment on function atelier_engine.rate_room(uuid, uuid) is
  'How many requests an endpoint may get now with a token, by the limits of both and the server''s; null: any number';

create or replace function atelier_engine.server_room(p_endpoint_id uuid, p_token_id uuid)
returns integer
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  longest_way constant interval := interval '1 second';
  said atelier_engine.server_rates;
begin
  select r.* into said
    from atelier_engine.server_rates r
   where r.endpoint_id = p_endpoint_id and r.token_id = coalesce(p_token_id, '00000000-0000-0000-0000-000000000000')
     and r.reset_at > clock_timestamp();
  if not found then
    return null;
  end if;
  -- What was sent since then the server has not counted, nor perhaps what was on its way to it. Too few for a moment are
  -- better than a refusal; the next answer sets it right.
  return greatest(0, said.remaining - (
    select count(*)::integer
      from atelier_engine.queue q
      join atelier_engine.attempts a on a.id = q.attempt_id
     where q.endpoint_id = p_endpoint_id and q.state = 'leased' and q.token_id is not distinct from p_token_id
       and a.claimed_at > said.reported_at - longest_way));
end;
$$;
comment on function atelier_engine.server_room(uuid, uuid) is
  'How many more requests a server takes, as it said itself; null: it said nothing that still holds';

create or replace function atelier_engine.note_rates(p_reports jsonb)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  longest_wait constant interval := interval '1 hour';
  disorder constant interval := interval '1 second';
begin
  insert into atelier_engine.server_rates as s (endpoint_id, token_id, remaining, reset_at, reported_at)
  select distinct on (e.id, a.token_id)
         e.id, coalesce(a.token_id, '00000000-0000-0000-0000-000000000000'), least(r.remaining, 2147483647), t.at + least(
           make_interval(secs => r.reset_ms / 1000.0), longest_wait), t.at
    from jsonb_to_recordset(p_reports) r (attempt_id uuid, remaining bigint, reset_ms double precision, at_us double precision)
   cross join lateral (select to_timestamp(r.at_us / 1000000) as at) t
    join atelier_engine.attempts a on a.id = r.attempt_id
    join atelier.endpoints e on e.id = a.endpoint_id
   where t.at + make_interval(secs => r.reset_ms / 1000.0) > clock_timestamp()
   order by e.id, a.token_id, r.remaining, t.at desc
      on conflict on constraint server_rates_pkey do update
         set remaining = excluded.remaining, reset_at = excluded.reset_at, reported_at = excluded.reported_at
       where s.reset_at <= clock_timestamp()
          or excluded.remaining <= s.remaining and excluded.reported_at > s.reported_at - disorder
          or excluded.reported_at > s.reported_at + disorder;
end;
$$;
grant execute on function atelier_engine.note_rates(jsonb) to atelier_worker;
comment on function atelier_engine.note_rates(jsonb) is
$$Note how many more requests servers take, from the headers of their answers

An array of {attempt_id, remaining, reset_ms, at_us}; the latest answer counts, and for an hour at most. Of
answers that came at nearly the same time it is the one that leaves least, because they may overtake each other.$$;

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
  insert into atelier_engine.token_usage as u (token_id, level, filled_at)
  select t.id, atelier_engine.bucket_level(null, null, t.requests_per_minute, t.request_burst) - p_requests, clock_timestamp()
    from atelier.provider_tokens t
   where t.id = p_token_id and t.requests_per_minute is not null
      on conflict on constraint token_usage_pkey do update
         set level = (
               select atelier_engine.bucket_level(u.level, u.filled_at, t.requests_per_minute, t.request_burst) - p_requests
                 from atelier.provider_tokens t where t.id = u.token_id),
             filled_at = excluded.filled_at;
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
  return least((
    select min(r.reset_at)
      from atelier_engine.server_rates r
     where r.reset_at > clock_timestamp()
       and atelier_engine.server_room(r.endpoint_id, nullif(r.token_id, '00000000-0000-0000-0000-000000000000')) = 0
  ), (
    select min(w.refill_at)
      from atelier_engine.token_usage u
      join atelier.provider_tokens t on t.id = u.token_id and t.is_active
     cross join lateral (
       select u.filled_at + make_interval(secs => (1 - u.level) * 60 / t.requests_per_minute) as refill_at) w
     where u.level < 1 and w.refill_at > clock_timestamp()
  ), (
    select min(b.filled_at + make_interval(secs => (1 - b.level) * 60 / e.requests_per_minute))
      from atelier_engine.rate_buckets b
      join atelier.endpoints e on e.id = b.endpoint_id
     where e.requests_per_minute is not null and b.level < 1
       and exists (
         select from atelier_engine.open_routes r
           join atelier_engine.queue q on q.model_id = r.model_id and q.state = 'ready'
          where r.endpoint_id = e.id)));
end;
$$;
comment on function atelier_engine.next_refill_at() is
  'When the first empty bucket of a token, or of an endpoint with ready jobs, has room for one request again, or a server whose limit is used up';
