-- Teams: making, leaving and deleting workspaces, and who is what in them. Each function locks the workspace before it asks
-- for the caller's role, so that nobody acts with a role that is just being withdrawn.

create or replace function atelier_engine.lock_workspace(p_workspace_id uuid, p_roles text[])
returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  caller_role text;
begin
  perform atelier_engine.assert_known_caller();
  perform from atelier.workspaces w where w.id = p_workspace_id and w.is_active for no key update;
  if found then
    if atelier_engine.is_service_role() or atelier_engine.user_has_role(auth.uid(), 'admin') then
      return 'owner';
    end if;
    select m.role into caller_role
      from atelier.workspace_members m where m.workspace_id = p_workspace_id and m.user_id = auth.uid();
  end if;
  if caller_role is null then
    raise sqlstate 'PT404' using
      message = 'no such workspace', hint = 'The workspace does not exist, or you are not in it.';
  elsif caller_role <> all (p_roles) then
    raise insufficient_privilege using
      message = 'your role in the workspace does not allow this',
      detail = format('You are %s; this is for: %s.', caller_role, array_to_string(p_roles, ', ')),
      hint = 'Ask an owner of the workspace.';
  end if;
  return caller_role;
end;
$$;
comment on function atelier_engine.lock_workspace(uuid, text[]) is
$$Lock a workspace and give the caller's role in it

The service role and administrators of the product count as owners. Raises PT401 for nobody, PT404 for who is not in it
and 42501 for a role that is not among p_roles.$$;

create or replace function atelier_engine.assert_member(p_workspace_id uuid, p_user_id uuid)
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  member_role constant text := (
    select m.role from atelier.workspace_members m where m.workspace_id = p_workspace_id and m.user_id = p_user_id);
begin
  if member_role is null then
    raise sqlstate 'PT404' using
      message = 'no such member', hint = 'atelier.get_workspace_members() tells who is in the workspace.';
  end if;
  return member_role;
end;
$$;
comment on function atelier_engine.assert_member(uuid, uuid) is
$$The role of somebody in a workspace that the caller has locked

Raises PT404 when there is none.$$;

create or replace function atelier.create_workspace(
  name text,
  slug text default null,
  description text default null,
  owner_id uuid default null
)
returns atelier.workspaces
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  max_owned constant integer := 100;
  owner constant uuid := coalesce(create_workspace.owner_id, auth.uid());
  made_slug constant text := coalesce(nullif(btrim(
    "left"(regexp_replace(lower(create_workspace.name), '[^a-z0-9]+', '-', 'g'), 50), '-'), ''), 'workspace');
  workspace atelier.workspaces;
begin
  if owner is null then
    raise sqlstate 'PT401' using message = 'sign in to make a workspace', hint = 'Send a token in the Authorization header.';
  end if;
  perform atelier_engine.assert_acting_for(owner);
  if not exists (select from atelier.profiles p where p.id = owner) then
    raise sqlstate 'PT404' using message = 'no such person', hint = 'Only who signed up can own a workspace.';
  end if;
  if (select count(*) from atelier.workspace_members m join atelier.workspaces w on w.id = m.workspace_id and w.is_active
       where m.user_id = owner and m.role = 'owner') >= max_owned then
    raise sqlstate 'PT409' using
      message = 'too many workspaces', detail = format('One person owns %s at most.', max_owned),
      hint = 'Delete one, or give it away with transfer_workspace_ownership().';
  end if;
  insert into atelier.workspaces (name, slug, description, created_by)
  values (btrim(create_workspace.name), coalesce(create_workspace.slug, made_slug), create_workspace.description, owner)
  on conflict on constraint workspaces_slug_key do nothing
  returning * into workspace;
  if not found then
    if create_workspace.slug is not null then
      raise unique_violation using
        constraint = 'workspaces_slug_key', message = 'the slug is taken', hint = 'Choose another, or leave it out.';
    end if;
    insert into atelier.workspaces (name, slug, description, created_by)
    values (btrim(create_workspace.name), made_slug || '-' || "left"(atelier_engine.new_secret(), 8),
            create_workspace.description, owner)
    returning * into workspace;
  end if;
  insert into atelier.workspace_members (workspace_id, user_id, role) values (workspace.id, owner, 'owner');
  return workspace;
end;
$$;
grant execute on function atelier.create_workspace(text, text, text, uuid) to authenticated, service_role;
comment on function atelier.create_workspace(text, text, text, uuid) is
$$Make a workspace

The caller becomes its owner; the service role names another `owner_id`. Without a `slug` one is made of the name.
Fails with PT401, PT404 (no profile), PT409 (100 workspaces are owned already), 23505 (the slug is taken), 23514 (name,
slug or description are not as they should be).$$;

create or replace function atelier.delete_workspace(workspace_id uuid)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.lock_workspace(delete_workspace.workspace_id, '{owner}');
  update atelier.workspaces w set is_active = false where w.id = delete_workspace.workspace_id;
end;
$$;
grant execute on function atelier.delete_workspace(uuid) to authenticated, service_role;
comment on function atelier.delete_workspace(uuid) is
$$Delete a workspace

For its owners. Nobody sees it any more; the rows stay, so that the service role can bring it back (is_active).
Fails with PT401, PT404 or 42501.$$;

create or replace function atelier.set_workspace_member_role(workspace_id uuid, user_id uuid, role text)
returns atelier.workspace_members
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  member atelier.workspace_members;
begin
  perform atelier_engine.lock_workspace(set_workspace_member_role.workspace_id, '{owner}');
  perform atelier_engine.assert_member(set_workspace_member_role.workspace_id, set_workspace_member_role.user_id);
  update atelier.workspace_members m set role = set_workspace_member_role.role
   where m.workspace_id = set_workspace_member_role.workspace_id and m.user_id = set_workspace_member_role.user_id
  returning * into member;
  return member;
end;
$$;
grant execute on function atelier.set_workspace_member_role(uuid, uuid, text) to authenticated, service_role;
comment on function atelier.set_workspace_member_role(uuid, uuid, text) is
$$Make somebody owner, admin or member of a workspace

For owners. Fails with PT401, PT404 (no such workspace or member), 42501, 23514 (unknown role, or the last owner would
lose it).$$;

create or replace function atelier.transfer_workspace_ownership(workspace_id uuid, user_id uuid)
returns atelier.workspace_members
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  giver uuid := auth.uid();
  member atelier.workspace_members;
begin
  perform atelier_engine.lock_workspace(transfer_workspace_ownership.workspace_id, '{owner}');
  perform atelier_engine.assert_member(transfer_workspace_ownership.workspace_id, transfer_workspace_ownership.user_id);
  -- Who is in no position to give up a role of his own speaks for all owners.
  if not exists (
    select from atelier.workspace_members m
     where m.workspace_id = transfer_workspace_ownership.workspace_id and m.user_id = giver and m.role = 'owner') then
    giver := null;
  end if;
  update atelier.workspace_members m set role = 'owner'
   where m.workspace_id = transfer_workspace_ownership.workspace_id
     and m.user_id = transfer_workspace_ownership.user_id
  returning * into member;
  update atelier.workspace_members m set role = 'admin'
   where m.workspace_id = transfer_workspace_ownership.workspace_id
     and m.user_id <> transfer_workspace_ownership.user_id and m.role = 'owner' and m.user_id = coalesce(giver, m.user_id);
  return member;
end;
$$;
grant execute on function atelier.transfer_workspace_ownership(uuid, uuid) to authenticated, service_role;
comment on function atelier.transfer_workspace_ownership(uuid, uuid) is
$$Give a workspace to another member

For owners: the member becomes owner and the caller admin, other owners stay. When the service role or an administrator
of the product calls, all former owners become admins. Fails with PT401, PT404 (no such workspace or member) or 42501.$$;

create or replace function atelier.remove_workspace_member(workspace_id uuid, user_id uuid)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  caller_role constant text :=
    atelier_engine.lock_workspace(remove_workspace_member.workspace_id, '{owner,admin}');
  member_role constant text :=
    atelier_engine.assert_member(remove_workspace_member.workspace_id, remove_workspace_member.user_id);
begin
  if caller_role = 'admin' and member_role <> 'member' and remove_workspace_member.user_id <> auth.uid() then
    raise insufficient_privilege using
      message = 'admins remove members only', detail = format('This is an %s.', member_role),
      hint = 'Ask an owner of the workspace.';
  end if;
  perform atelier_engine.end_membership(remove_workspace_member.workspace_id, remove_workspace_member.user_id);
end;
$$;
grant execute on function atelier.remove_workspace_member(uuid, uuid) to authenticated, service_role;
comment on function atelier.remove_workspace_member(uuid, uuid) is
$$Remove somebody from a workspace

Owners remove everybody, admins members. Invitations that the person made and nobody has accepted yet are withdrawn. Fails
with PT401, PT404 (no such workspace or member), 42501 or 23514 (the last owner).$$;

create or replace function atelier.leave_workspace(workspace_id uuid)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.lock_workspace(leave_workspace.workspace_id, '{owner,admin,member}');
  perform atelier_engine.assert_member(leave_workspace.workspace_id, auth.uid());
  perform atelier_engine.end_membership(leave_workspace.workspace_id, auth.uid());
end;
$$;
grant execute on function atelier.leave_workspace(uuid) to authenticated, service_role;
comment on function atelier.leave_workspace(uuid) is
$$Leave a workspace

Fails with PT401, PT404 (not in it) or 23514 (the last owner: give it away with transfer_workspace_ownership(), or delete
it).$$;

create or replace function atelier_engine.end_membership(p_workspace_id uuid, p_user_id uuid)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  delete from atelier.workspace_members m where m.workspace_id = p_workspace_id and m.user_id = p_user_id;
  delete from atelier.workspace_invitations i
   where i.workspace_id = p_workspace_id and i.invited_by = p_user_id and i.accepted_at is null;
end;
$$;
comment on function atelier_engine.end_membership(uuid, uuid) is
  'Take somebody out of a workspace that the caller has locked, and withdraw the invitations that are still open';
