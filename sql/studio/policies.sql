-- Studio: for administrators.

drop policy if exists "admins see the settings" on atelier.system_config;
create policy "admins see the settings" on atelier.system_config
  for select to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins see the plan" on atelier.admin_development_progress;
create policy "admins see the plan" on atelier.admin_development_progress
  for select to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins add to the plan" on atelier.admin_development_progress;
create policy "admins add to the plan" on atelier.admin_development_progress
  for insert to authenticated
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins change the plan" on atelier.admin_development_progress;
create policy "admins change the plan" on atelier.admin_development_progress
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins delete from the plan" on atelier.admin_development_progress;
create policy "admins delete from the plan" on atelier.admin_development_progress
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));
