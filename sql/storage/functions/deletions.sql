-- Storage: how bytes go. Deleting an object leaves a note in the outbox; the janitor deletes the bytes later.

create or replace function atelier_engine.note_object_deletions()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into atelier_engine.object_deletions (object_id, bucket_id, name, store)
  select g.id, g.bucket_id, g.name, coalesce(s.store, 'database')
    from gone g
    left join atelier_engine.bucket_stores s on s.bucket_id = g.bucket_id
   where s.store <> 'database'
      or exists (select from atelier_engine.object_chunks c where c.object_id = g.id);
  if found then
    perform atelier_engine.wake_janitor();
  end if;
  return null;
end;
$$;
comment on function atelier_engine.note_object_deletions() is
$$Trigger: notes in the outbox the objects whose rows were deleted

In the same transaction, so that the bytes go if and only if the row goes.$$;

create or replace function atelier_engine.delete_pending_objects(p_limit integer default 100)
returns integer
language sql volatile security definer
set search_path = pg_catalog, pg_temp
begin atomic
  with next as materialized (
    select d.id, d.object_id
      from atelier_engine.object_deletions d
     where d.store = 'database'
     order by d.id
     limit greatest(p_limit, 0)
       for update skip locked
  ), bytes_gone as (
    delete from atelier_engine.object_chunks c
     using next n
     where c.object_id = n.object_id
       -- An object that came back under its id, from a backup say, keeps its bytes.
       and not exists (select from storage.objects o where o.id = n.object_id)
  ), done as (
    delete from atelier_engine.object_deletions d using next n where d.id = n.id returning 1
  )
  select count(*)::integer from done;
end;
grant execute on function atelier_engine.delete_pending_objects(integer) to atelier_worker;
comment on function atelier_engine.delete_pending_objects(integer) is
$$Delete the bytes of deleted objects

Takes up to p_limit entries of the outbox, the oldest first, leaves out what another session has in hand, and returns
how many are done.$$;

create or replace function atelier_engine.orphaned_objects()
returns table (problem text, object_id uuid, bucket_id text, name text, byte_count bigint)
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
  with stored as materialized (
    select c.object_id, sum(octet_length(c.bytes))::bigint as byte_count
      from atelier_engine.object_chunks c
     group by c.object_id
  ), used as materialized (
    select 'workspace-temp' as bucket_id, f.path
      from atelier.workspace_assets a cross join lateral unnest(array[a.temp_storage_path, a.thumbnail_path]) f (path)
     where f.path is not null
    union all
    select 'user-library', f.path
      from atelier.user_library l cross join lateral unnest(array[l.storage_path, l.thumbnail_path]) f (path)
     where f.path is not null
  )
  select 'bytes without object', s.object_id, null::text, null::text, s.byte_count
    from stored s
   where not exists (select from storage.objects o where o.id = s.object_id)
     and not exists (select from atelier_engine.object_deletions d where d.object_id = s.object_id)
  union all
  -- Only what create_object() made: on Supabase other objects have their bytes elsewhere.
  select 'object without its bytes', o.id, o.bucket_id, o.name, coalesce(s.byte_count, 0)
    from storage.objects o
    left join stored s on s.object_id = o.id
   where o.metadata ? 'sha256'
     and atelier_engine.store_of_bucket(o.bucket_id) = 'database'
     and (o.metadata ->> 'size')::bigint <> coalesce(s.byte_count, 0)
  union all
  select 'object without asset', o.id, o.bucket_id, o.name, coalesce(s.byte_count, 0)
    from storage.objects o
    left join stored s on s.object_id = o.id
   where o.bucket_id in ('workspace-temp', 'user-library')
     and not exists (select from used u where u.bucket_id = o.bucket_id and u.path = o.name)
  union all
  select 'asset without object', null::uuid, u.bucket_id, u.path, null::bigint
    from used u
   where not exists (select from storage.objects o where o.bucket_id = u.bucket_id and o.name = u.path);
end;
grant execute on function atelier_engine.orphaned_objects() to atelier_worker;
comment on function atelier_engine.orphaned_objects() is
$$What does not belong together in storage

Bytes without an object, objects without (all) their bytes, objects of workspace and library without an asset, assets
without an object. No rows: all is well. Reads every row of storage: for operators, not for requests.$$;
