-- Teams: people see the workspaces they are in, administrators of the product all.

drop policy if exists "members see their workspaces" on atelier.workspaces;
create policy "members see their workspaces" on atelier.workspaces
  for select to authenticated
  using (id = any ((select atelier_engine.workspaces_of_caller())::uuid[]));

drop policy if exists "owners and admins change their workspaces" on atelier.workspaces;
create policy "owners and admins change their workspaces" on atelier.workspaces
  for update to authenticated
  using (id = any ((select atelier_engine.workspaces_of_caller('{owner,admin}'))::uuid[]))
  with check (id = any ((select atelier_engine.workspaces_of_caller('{owner,admin}'))::uuid[]));

drop policy if exists "members see each other" on atelier.workspace_members;
create policy "members see each other" on atelier.workspace_members
  for select to authenticated
  using (workspace_id = any ((select atelier_engine.workspaces_of_caller())::uuid[]));

drop policy if exists "owners and admins see invitations" on atelier.workspace_invitations;
create policy "owners and admins see invitations" on atelier.workspace_invitations
  for select to authenticated
  using (workspace_id = any ((select atelier_engine.workspaces_of_caller('{owner,admin}'))::uuid[]));
