-- Teams: invitations. The token goes to the invited person by whatever way the app has; the database keeps its hash.

create or replace function atelier.invite_to_workspace(
  workspace_id uuid,
  email text,
  role text default 'member',
  expires_in interval default interval '7 days'
)
returns table (invitation_id uuid, token text, expires_at timestamptz)
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  max_open constant integer := 100;
  caller_role constant text := atelier_engine.lock_workspace(invite_to_workspace.workspace_id, '{owner,admin}');
  address constant text := lower(btrim(invite_to_workspace.email));
  ends_at constant timestamptz := clock_timestamp() + invite_to_workspace.expires_in;
  new_token constant text := atelier_engine.new_secret();
  made uuid;
begin
  if caller_role <> 'owner' and invite_to_workspace.role <> 'member' then
    raise insufficient_privilege using
      message = 'admins invite members only', hint = 'Ask an owner of the workspace.';
  end if;
  if ends_at is null or ends_at not between clock_timestamp() and clock_timestamp() + interval '30 days' then
    raise invalid_parameter_value using
      message = 'expires_in is out of range', hint = 'An invitation lives 30 days at most.';
  end if;
  if exists (
    select from atelier.workspace_members m join auth.users u on u.id = m.user_id
     where m.workspace_id = invite_to_workspace.workspace_id and lower(u.email) = address) then
    raise sqlstate 'PT409' using message = 'already in the workspace', detail = 'Somebody with this address is a member.';
  end if;
  if (select count(*) from atelier.workspace_invitations i
       where i.workspace_id = invite_to_workspace.workspace_id and i.accepted_at is null
         and i.expires_at > clock_timestamp() and i.email <> address) >= max_open then
    raise sqlstate 'PT409' using
      message = 'too many open invitations', detail = format('A workspace has %s at most.', max_open),
      hint = 'Withdraw some with revoke_workspace_invitation().';
  end if;
  insert into atelier.workspace_invitations (workspace_id, email, role, invited_by, created_at, expires_at)
  values (invite_to_workspace.workspace_id, address, invite_to_workspace.role, auth.uid(), clock_timestamp(), ends_at)
  on conflict (workspace_id, email) where accepted_at is null
  do update set role = excluded.role, invited_by = excluded.invited_by, created_at = excluded.created_at,
                expires_at = excluded.expires_at
  returning id into made;
  insert into atelier_engine.invitation_tokens (hash, invitation_id)
  values (atelier_engine.hash_secret(new_token), made)
  on conflict (invitation_id) do update set hash = excluded.hash;
  return query select made, new_token, ends_at;
end;
$$;
grant execute on function atelier.invite_to_workspace(uuid, text, text, interval) to authenticated, service_role;
comment on function atelier.invite_to_workspace(uuid, text, text, interval) is
$$Invite somebody to a workspace

Owners invite members and admins, admins members. Returns the `token`, this once: send it to the address, for
accept_workspace_invitation(). Inviting an address again replaces the invitation, and the old token is void.
Fails with PT401, PT404, 42501, PT409 (already a member, or 100 invitations are open), 22023 (expires_in) or 23514
(address or role).$$;

create or replace function atelier.revoke_workspace_invitation(invitation_id uuid)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  concerned constant uuid := (
    select i.workspace_id from atelier.workspace_invitations i where i.id = revoke_workspace_invitation.invitation_id);
begin
  perform atelier_engine.lock_workspace(concerned, '{owner,admin}');
  delete from atelier.workspace_invitations i
   where i.id = revoke_workspace_invitation.invitation_id and i.accepted_at is null;
  if not found then
    raise sqlstate 'PT404' using
      message = 'no such open invitation', hint = 'It may have been accepted: see atelier.workspace_invitations.';
  end if;
end;
$$;
grant execute on function atelier.revoke_workspace_invitation(uuid) to authenticated, service_role;
comment on function atelier.revoke_workspace_invitation(uuid) is
$$Withdraw an invitation

For owners and admins of the workspace. Fails with PT401, PT404 or 42501.$$;

create or replace function atelier.accept_workspace_invitation(token text)
returns atelier.workspace_members
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  caller constant uuid := auth.uid();
  invitation atelier.workspace_invitations;
  member atelier.workspace_members;
begin
  if caller is null then
    raise sqlstate 'PT401' using
      message = 'sign in to accept an invitation', hint = 'With the address that the invitation was sent to.';
  end if;
  select i.* into invitation
    from atelier_engine.invitation_tokens t
    join atelier.workspace_invitations i on i.id = t.invitation_id
    join atelier.workspaces w on w.id = i.workspace_id
   where t.hash = atelier_engine.hash_secret(accept_workspace_invitation.token)
     and i.accepted_at is null and i.expires_at > clock_timestamp() and w.is_active
     for update of i;
  if not found then
    raise sqlstate 'PT404' using
      message = 'no such invitation', detail = 'It does not exist, has expired, was used or was withdrawn.',
      hint = 'Ask for another one.';
  end if;
  -- What auth.users says, and not the token of the request: that may be older than a change of the address. Where the
  -- authentication service confirms addresses, an unconfirmed one proves nothing.
  if not exists (
    select from auth.users u
     where u.id = caller and lower(u.email) = invitation.email
       and coalesce(to_jsonb(u) -> 'email_confirmed_at', 'true') <> 'null') then
    raise insufficient_privilege using
      message = 'the invitation is for another address',
      hint = 'Sign in with the address that the invitation was sent to, and confirm it.';
  end if;
  insert into atelier.workspace_members (workspace_id, user_id, role, invited_by)
  values (invitation.workspace_id, caller, invitation.role, invitation.invited_by)
  on conflict on constraint workspace_members_workspace_user_key do nothing;
  update atelier.workspace_invitations i set accepted_at = clock_timestamp(), accepted_by = caller
   where i.id = invitation.id;
  delete from atelier_engine.invitation_tokens t where t.invitation_id = invitation.id;
  select m.* into member
    from atelier.workspace_members m where m.workspace_id = invitation.workspace_id and m.user_id = caller;
  return member;
end;
$$;
grant execute on function atelier.accept_workspace_invitation(text) to authenticated, service_role;
comment on function atelier.accept_workspace_invitation(text) is
$$Accept an invitation to a workspace

By the signed-in person to whose address it was sent, once. Who is in the workspace already keeps the role.
Fails with PT401, PT404 (unknown, expired, used or withdrawn) or 42501 (another address).$$;
