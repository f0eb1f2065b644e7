-- Providers: the tokens of Replicate under the names that its users know.

create or replace function atelier_engine.write_replicate_tokens()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  changed uuid;
begin
  perform atelier_engine.assert_service_role();
  if tg_op = 'INSERT' then
    changed := atelier.set_provider_token('replicate', new.token, 'token ' || atelier.uuid7());
  else
    select t.id into changed
      from atelier.provider_tokens t
      join atelier.api_providers p on p.id = t.provider_id and p.name = 'replicate'
     where t.number = old.id;
    if tg_op = 'DELETE' then
      delete from atelier.provider_tokens t where t.id = changed;
      return old;
    elsif new.token is not null then
      perform atelier.set_provider_token('replicate', new.token, t.name) from atelier.provider_tokens t where t.id = changed;
    end if;
  end if;
  update atelier.provider_tokens t
     set is_active = coalesce(new.is_active, t.is_active), last_used_at = new.last_used_at,
         request_count = coalesce(new.request_count, t.request_count),
         error_count = coalesce(new.error_count, t.error_count), last_error = new.last_error,
         last_error_at = new.last_error_at
   where t.id = changed
  returning t.number, t.created_at into new.id, new.created_at;
  new.token := null;
  return new;
end;
$$;
comment on function atelier_engine.write_replicate_tokens() is
  'Trigger: what is written to replicate_tokens. For the service role.';

create or replace function atelier.get_next_replicate_token()
returns table (id integer, token text)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.assert_service_role();
  return query
    update atelier.provider_tokens t
       set last_used_at = clock_timestamp(), request_count = t.request_count + 1
     where t.id = (
       select n.id
         from atelier.provider_tokens n
        where n.provider_id = (select p.id from atelier.api_providers p where p.name = 'replicate')
          and n.id in (
            select u.token_id
              from atelier.api_providers p
             cross join lateral atelier_engine.usable_tokens(p.id) u
             where p.name = 'replicate' and coalesce(u.slots, 1) > 0)
        order by n.last_used_at nulls first, n.request_count, n.id
        limit 1
          for update skip locked)
    returning t.number, null::text;
end;
$$;
grant execute on function atelier.get_next_replicate_token() to service_role;
comment on function atelier.get_next_replicate_token() is
$$Whose turn it is of the tokens of the provider replicate, and note that it was used

The least recently used one that may be used now; each of several callers at the same time gets another one. No row: there is
none. token is null, because secrets are for the workers alone: queue_job() makes the requests. For the service role (42501).$$;
