-- Library: what follows from a change of the library, one statement at a time.

create or replace function atelier_engine.recount_collections(p_collection_ids uuid[])
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_collection_ids = '{}' then
    return;
  end if;
  -- Whoever files into the same collection at the same time waits here, then counts what the other committed. The
  -- order keeps two who touch several collections from waiting for each other.
  perform from atelier.user_collections c
    where c.id = any (p_collection_ids) order by c.id for no key update;
  update atelier.user_collections c
     set asset_count = counted.assets
    from (select t.id, count(l.id)::integer as assets
            from unnest(p_collection_ids) as t (id)
            left join atelier.user_library l on l.collection_id = t.id
           group by t.id) as counted
   where c.id = counted.id
     and c.asset_count <> counted.assets;
end;
$$;
comment on function atelier_engine.recount_collections(uuid[]) is
$$Set asset_count of these collections to what is in them

It counts instead of adding, so that a restored dump ends with the numbers it began with.$$;

create or replace function atelier_engine.count_filed_assets()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.recount_collections(array(
    select distinct f.collection_id from filed f where f.collection_id is not null));
  return null;
end;
$$;
comment on function atelier_engine.count_filed_assets() is
  'Trigger: keeps asset_count of the collections that new assets are in.';

create or replace function atelier_engine.count_moved_assets()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.recount_collections(array(
    select distinct c.id
      from gone g
      join filed f on f.id = g.id and f.collection_id is distinct from g.collection_id
     cross join lateral (values (g.collection_id), (f.collection_id)) as c (id)
     where c.id is not null));
  return null;
end;
$$;
comment on function atelier_engine.count_moved_assets() is
  'Trigger: keeps asset_count of the collections that assets were moved between.';

create or replace function atelier_engine.count_gone_assets()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.recount_collections(array(
    select distinct g.collection_id from gone g where g.collection_id is not null));
  return null;
end;
$$;
comment on function atelier_engine.count_gone_assets() is
  'Trigger: keeps asset_count of the collections that deleted assets were in.';

create or replace function atelier_engine.delete_files_of_library_assets()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
-- Supabase refuses deletes in storage.objects that do not say they mean it.
set storage.can_delete = 'true'
as $$
begin
  delete from storage.objects o
   using gone g cross join lateral unnest(array[g.storage_path, g.thumbnail_path]) as file (path)
   where o.bucket_id = 'user-library' and o.name = file.path and o.owner = g.user_id;
  return null;
end;
$$;
comment on function atelier_engine.delete_files_of_library_assets() is
  'Trigger: the files of a library asset go with its row.';
