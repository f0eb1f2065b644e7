-- Workspace: private to its owner.

drop policy if exists "people see their own sessions" on atelier.workspace_sessions;
create policy "people see their own sessions" on atelier.workspace_sessions
  for select to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists "people rename their own sessions" on atelier.workspace_sessions;
create policy "people rename their own sessions" on atelier.workspace_sessions
  for update to authenticated
  using (user_id = (select auth.uid()))
  with check (user_id = (select auth.uid()));

drop policy if exists "people see their own assets" on atelier.workspace_assets;
create policy "people see their own assets" on atelier.workspace_assets
  for select to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists "people discard their own assets" on atelier.workspace_assets;
create policy "people discard their own assets" on atelier.workspace_assets
  for delete to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists "nobody sees withheld assets" on atelier.workspace_assets;
create policy "nobody sees withheld assets" on atelier.workspace_assets
  as restrictive for all to anon, authenticated
  using (moderation_status in ('unchecked', 'approved', 'flagged'));
