-- Workspace: sessions.

create or replace function atelier.create_workspace_session(
  p_user_id uuid, p_session_name text default 'Workspace Session'
)
returns uuid
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  session_id uuid;
begin
  perform atelier_engine.assert_acting_for(p_user_id);
  if p_session_name is null or char_length(btrim(p_session_name)) not between 1 and 200 then
    raise invalid_parameter_value using
      message = 'session name is not valid', hint = 'Use 1 to 200 characters.';
  end if;
  -- Two calls at once would both find no active session: the profile lines them up.
  perform from atelier.profiles p where p.id = p_user_id for no key update;
  if not found then
    raise sqlstate 'PT404' using message = 'user not found', detail = format('User: %s.', p_user_id);
  end if;
  update atelier.workspace_sessions s set is_active = false where s.user_id = p_user_id and s.is_active;
  insert into atelier.workspace_sessions (user_id, session_name)
  values (p_user_id, btrim(p_session_name))
  returning id into session_id;
  return session_id;
end;
$$;
grant execute on function atelier.create_workspace_session(uuid, text) to authenticated, service_role;
comment on function atelier.create_workspace_session(uuid, text) is
$$Begin a workspace session

It becomes the user's active one; the previous one stays, inactive. Returns its id. For oneself only (42501); 22023 for
a bad name, PT404 for an unknown user.$$;

create or replace function atelier.clear_workspace_session(p_session_id uuid, p_user_id uuid)
returns boolean
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.assert_acting_for(p_user_id);
  perform from atelier.workspace_sessions s where s.id = p_session_id and s.user_id = p_user_id for update;
  if not found then
    return false;
  end if;
  delete from atelier.workspace_assets a
   using atelier.jobs j
   where j.workspace_session_id = p_session_id
     and a.job_id = j.id
     and a.user_id = p_user_id
     and a.moderation_status in ('unchecked', 'approved', 'flagged');
  delete from atelier.workspace_sessions s where s.id = p_session_id;
  return true;
end;
$$;
grant execute on function atelier.clear_workspace_session(uuid, uuid) to authenticated, service_role;
comment on function atelier.clear_workspace_session(uuid, uuid) is
$$End a workspace session and discard what it made

Assets go with their files; what was saved to the library stays, and so do the jobs, without a session. True when the
session was there, false when not or when it is somebody else's. For oneself only (42501).$$;

create or replace function atelier.cleanup_expired_workspace_assets()
returns integer
language sql volatile security definer
set search_path = pg_catalog, pg_temp
begin atomic
  with expired as materialized (
    select a.id
      from atelier.workspace_assets a
     where a.expires_at < clock_timestamp()
       -- What is checked or waits for a moderator stays until then.
       and a.moderation_status not in ('pending', 'quarantined')
     order by a.expires_at
     -- Bounds the transaction. What is left over comes with the next call.
     limit 10000
       for update skip locked
  ), gone as (
    delete from atelier.workspace_assets a using expired e where a.id = e.id returning 1
  )
  select count(*)::integer from gone;
end;
grant execute on function atelier.cleanup_expired_workspace_assets() to service_role, atelier_worker;
comment on function atelier.cleanup_expired_workspace_assets() is
$$Delete workspace assets whose time is over

Returns how many, at most 10000 in one call. Their files go too: the objects at once, the bytes as soon as the janitor
sees the commit. Leaves out assets that somebody is just saving, and those that are checked or wait for a moderator.$$;

create or replace function atelier_engine.delete_files_of_workspace_assets()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
-- Supabase refuses deletes in storage.objects that do not say they mean it.
set storage.can_delete = 'true'
as $$
begin
  delete from storage.objects o
   using gone g cross join lateral unnest(array[g.temp_storage_path, g.thumbnail_path]) as file (path)
   where o.bucket_id = 'workspace-temp' and o.name = file.path and o.owner = g.user_id;
  return null;
end;
$$;
comment on function atelier_engine.delete_files_of_workspace_assets() is
  'Trigger: the files of a workspace asset go with its row.';
