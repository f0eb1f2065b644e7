-- Jobs: what teams see of each other's work.

create or replace function atelier_engine.take_generations_along()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  update atelier.generations g set workspace_id = null
   where g.workspace_id = old.workspace_id and g.user_id = old.user_id;
  update atelier.jobs j set workspace_id = null where j.workspace_id = old.workspace_id and j.user_id = old.user_id;
  return null;
end;
$$;
comment on function atelier_engine.take_generations_along() is
$$Trigger: who leaves a workspace takes his work along

His jobs and generations belong to no workspace then.$$;

create or replace function atelier.get_workspace_generations(
  workspace_id uuid,
  before timestamptz default null,
  max_rows integer default 50
)
returns setof atelier.generations
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  -- A function, and no policy: an OR in the policy would make everybody's own list read all of his rows instead of the
  -- latest fifty.
  if not atelier_engine.is_service_role()
     and get_workspace_generations.workspace_id
           = any (atelier_engine.workspaces_of(auth.uid(), '{owner,admin,member}')) is not true then
    raise sqlstate 'PT404' using
      message = 'no such workspace', hint = 'The workspace does not exist, or you are not in it.';
  end if;
  return query
    select g.*
      from atelier.generations g
     where g.workspace_id = get_workspace_generations.workspace_id
       and g.created_at < coalesce(get_workspace_generations.before, 'infinity')
     order by g.created_at desc
     limit least(greatest(coalesce(get_workspace_generations.max_rows, 50), 0), 1000);
end;
$$;
grant execute on function atelier.get_workspace_generations(uuid, timestamptz, integer) to authenticated, service_role;
comment on function atelier.get_workspace_generations(uuid, timestamptz, integer) is
$$What the members of a workspace made for it

Everybody's, the latest first, 1000 at most; the next page is what was made `before` the last one. generation_bytes() gives the
outputs. For members, else PT404.$$;

create or replace function atelier_engine.generation_place(
  p_generation_id uuid, p_output_index integer, out bucket text, out name text
)
returns record
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  place text;
  kept_place text;
begin
  select g.output_urls[p_output_index + 1],
         (select 'user-library/' || l.storage_path
            from atelier.user_library l
           where l.source_job_id = g.job_id and l.source_asset_index = p_output_index and l.user_id = g.user_id)
    into place, kept_place
    from atelier.generations g
   where g.id = p_generation_id
     and (g.user_id = auth.uid()
          or g.workspace_id = any (atelier_engine.workspaces_of(auth.uid(), '{owner,admin,member}'))
          or atelier_engine.is_service_role());
  if not exists (select from storage.objects o
                  where o.bucket_id = split_part(place, '/', 1) and o.name = substr(place, strpos(place, '/') + 1)) then
    place := kept_place;  -- from the workspace it moved to the library
  end if;
  -- Here are the rights of the owner of the function, for whom no policy hides what moderation withholds.
  if exists (select from storage.objects o
              where o.bucket_id = split_part(place, '/', 1) and o.name = substr(place, strpos(place, '/') + 1)
                and o.metadata ? 'moderation') and not atelier_engine.is_service_role() then
    place := null;
  end if;
  if place is null then
    raise sqlstate 'PT404' using
      message = 'no such output', detail = format('Output %s of generation %s.', p_output_index, p_generation_id),
      hint = 'It does not exist any more, or you are not in its workspace.';
  end if;
  bucket := split_part(place, '/', 1);
  name := substr(place, strpos(place, '/') + 1);
end;
$$;
comment on function atelier_engine.generation_place(uuid, integer) is
$$Where the file of an output is that the caller may read

For the owner of the generation and the members of its workspace; PT404 otherwise, and when the file was deleted.$$;

create or replace function atelier.generation_bytes(generation_id uuid, output_index integer default 0)
returns bytea
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
  select atelier.object_bytes(p.bucket, p.name)
    from atelier_engine.generation_place(generation_bytes.generation_id, generation_bytes.output_index) p;
end;
grant execute on function atelier.generation_bytes(uuid, integer) to authenticated, service_role;
comment on function atelier.generation_bytes(uuid, integer) is
$$The bytes of an output of a generation

Counted from 0. For its owner and the members of its workspace; PT404 otherwise, and when the file was deleted. Other errors as
object_bytes().$$;

create or replace function atelier.generation_output(generation_id uuid, output_index integer default 0)
returns atelier."*/*"
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
  select atelier.object(p.bucket, p.name)
    from atelier_engine.generation_place(generation_output.generation_id, generation_output.output_index) p;
end;
grant execute on function atelier.generation_output(uuid, integer) to authenticated, service_role;
comment on function atelier.generation_output(uuid, integer) is
$$Download an output of a generation

For `GET /rpc/generation_output?generation_id=…&output_index=0`, as object(). Fails as generation_bytes().$$;
