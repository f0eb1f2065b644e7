-- Teams: a workspace keeps an owner.

create or replace function atelier_engine.keep_an_owner()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  heir uuid;
begin
  if tg_op = 'UPDATE' and new.role = 'owner' and new.workspace_id = old.workspace_id then
    return new;
  end if;
  -- One change at a time. An update, and not a lock: of two transactions that see nothing of each other (repeatable read)
  -- the second must fail.
  update atelier.workspaces w set updated_at = clock_timestamp() where w.id = old.workspace_id;
  if found and not exists (
    select from atelier.workspace_members m
     where m.workspace_id = old.workspace_id and m.role = 'owner' and m.id <> old.id) then
    if tg_op = 'UPDATE' or exists (select from atelier.profiles p where p.id = old.user_id) then
      raise check_violation using
        constraint = 'workspace_keeps_an_owner', message = 'the last owner stays',
        hint = 'Make another member owner first, or delete the workspace.';
    end if;
    -- The account is being deleted, which nobody may be kept from; perhaps others with it.
    select m.id into heir
      from atelier.workspace_members m
     where m.workspace_id = old.workspace_id and m.id <> old.id
       and exists (select from atelier.profiles p where p.id = m.user_id)
     order by m.role = 'admin' desc, m.joined_at, m.id
     limit 1
     for update skip locked;
    update atelier.workspace_members m set role = 'owner' where m.id = heir;
    update atelier.workspaces w set is_active = false where w.id = old.workspace_id and heir is null;
  end if;
  if tg_op = 'DELETE' then
    return old;
  end if;
  return new;
end;
$$;
comment on function atelier_engine.keep_an_owner() is
$$Trigger: the last owner of a workspace stays

Refuses (23514) to remove or demote him. When his account is deleted, the admin or else the member of longest standing
becomes owner; a workspace without anybody is deleted. Goes with the workspace itself.$$;
