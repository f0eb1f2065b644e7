-- Identity: people see themselves, administrators see everybody.

drop policy if exists "people and administrators read profiles" on atelier.profiles;
create policy "people and administrators read profiles" on atelier.profiles
  for select to authenticated
  using (id between (select atelier_engine.readable_users_from()) and (select atelier_engine.readable_users_to()));

drop policy if exists "people and administrators change profiles" on atelier.profiles;
create policy "people and administrators change profiles" on atelier.profiles
  for update to authenticated
  using (id between (select atelier_engine.readable_users_from()) and (select atelier_engine.readable_users_to()))
  with check (id between (select atelier_engine.readable_users_from()) and (select atelier_engine.readable_users_to()));

drop policy if exists "people and administrators read roles" on atelier.user_roles;
create policy "people and administrators read roles" on atelier.user_roles
  for select to authenticated
  using (user_id between (select atelier_engine.readable_users_from()) and (select atelier_engine.readable_users_to()));

drop policy if exists "administrators grant roles" on atelier.user_roles;
create policy "administrators grant roles" on atelier.user_roles
  for insert to authenticated
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "administrators change roles" on atelier.user_roles;
create policy "administrators change roles" on atelier.user_roles
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "administrators withdraw roles" on atelier.user_roles;
create policy "administrators withdraw roles" on atelier.user_roles
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "people and administrators read activity" on atelier.user_activity_log;
create policy "people and administrators read activity" on atelier.user_activity_log
  for select to authenticated
  using (user_id between (select atelier_engine.readable_users_from()) and (select atelier_engine.readable_users_to()));

drop policy if exists "people and administrators read API keys" on atelier.api_keys;
create policy "people and administrators read API keys" on atelier.api_keys
  for select to authenticated
  using (user_id between (select atelier_engine.readable_users_from()) and (select atelier_engine.readable_users_to()));
