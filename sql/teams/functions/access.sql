-- Teams: who may see and do what.

create or replace function atelier_engine.workspaces_of(p_user_id uuid, p_roles text[])
returns uuid[]
language c stable strict parallel safe
as 'MODULE_PATHNAME', 'atelier_workspaces_of';
grant execute on function atelier_engine.workspaces_of(uuid, text[]) to authenticated, service_role;
comment on function atelier_engine.workspaces_of(uuid, text[]) is
$$The workspaces that a person may use in one of these roles

Those that are not deleted and in which he has one of the roles; of an administrator of the product all.$$;

-- One array, computed once per query, so that an index serves `workspace_id = any (...)`; and in C++, so that the policy
-- of workspace_members need not read its own table, and costs less than the query. Without settings and without rights
-- of its own, so that the planner puts the body in its place.
create or replace function atelier_engine.workspaces_of_caller(p_roles text[] default '{owner,admin,member}')
returns uuid[]
language sql stable parallel safe
begin atomic
  select atelier_engine.workspaces_of(auth.uid(), p_roles);
end;
grant execute on function atelier_engine.workspaces_of_caller(text[]) to authenticated, service_role;
comment on function atelier_engine.workspaces_of_caller(text[]) is
$$For policies: the workspaces in which the caller has one of these roles

Of administrators of the product all, deleted ones included.$$;

create or replace function atelier.get_workspace_role(p_workspace_id uuid, p_user_id uuid)
returns text
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.assert_acting_for(p_user_id);
  return (
    select m.role
      from atelier.workspace_members m
      join atelier.workspaces w on w.id = m.workspace_id and w.is_active
     where m.workspace_id = p_workspace_id and m.user_id = p_user_id);
end;
$$;
grant execute on function atelier.get_workspace_role(uuid, uuid) to authenticated, service_role;
comment on function atelier.get_workspace_role(uuid, uuid) is
$$The role of a person in a workspace

owner, admin or member; null for who is none, and in a deleted workspace. People ask about themselves, else 42501.$$;

create or replace function atelier.is_workspace_member(p_workspace_id uuid, p_user_id uuid)
returns boolean
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.assert_acting_for(p_user_id);
  return atelier.get_workspace_role(p_workspace_id, p_user_id) is not null;
end;
$$;
grant execute on function atelier.is_workspace_member(uuid, uuid) to authenticated, service_role;
comment on function atelier.is_workspace_member(uuid, uuid) is
$$Whether a person is in a workspace

As owner, admin or member. People ask about themselves, else 42501.$$;

create or replace function atelier.get_user_workspaces(p_user_id uuid)
returns table (workspace_id uuid, workspace_name text, workspace_slug text, member_role text, member_count bigint)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.assert_acting_for(p_user_id);
  return query
    select w.id, w.name, w.slug, m.role,
           (select count(*) from atelier.workspace_members o where o.workspace_id = w.id)
      from atelier.workspace_members m
      join atelier.workspaces w on w.id = m.workspace_id and w.is_active
     where m.user_id = p_user_id
     order by w.name, w.id;
end;
$$;
grant execute on function atelier.get_user_workspaces(uuid) to authenticated, service_role;
comment on function atelier.get_user_workspaces(uuid) is
$$The workspaces of a person

With the person's role and the number of members. People ask about themselves, else 42501.$$;

create or replace function atelier.get_workspace_members(workspace_id uuid)
returns table (user_id uuid, username text, role text, joined_at timestamptz, invited_by uuid)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if get_workspace_members.workspace_id <> all (atelier_engine.workspaces_of_caller())
     and not atelier_engine.is_service_role() then
    raise sqlstate 'PT404' using
      message = 'no such workspace', hint = 'The workspace does not exist, or you are not in it.';
  end if;
  return query
    select m.user_id, p.username, m.role, m.joined_at, m.invited_by
      from atelier.workspace_members m
      join atelier.profiles p on p.id = m.user_id
     where m.workspace_id = get_workspace_members.workspace_id
     order by array_position(array['owner', 'admin', 'member'], m.role), m.joined_at, m.id;
end;
$$;
grant execute on function atelier.get_workspace_members(uuid) to authenticated, service_role;
comment on function atelier.get_workspace_members(uuid) is
$$The people in a workspace, by name

Owners first, then admins, then members. For the people in it, as names of other people are not visible otherwise; PT404
for others.$$;
