drop policy if exists "admins see workers" on atelier.workers;
create policy "admins see workers" on atelier.workers
  for select to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));
