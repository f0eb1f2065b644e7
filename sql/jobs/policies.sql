drop policy if exists "owners and admins see jobs" on atelier.jobs;
create policy "owners and admins see jobs" on atelier.jobs
  for select to authenticated
  using (user_id between (select atelier_engine.readable_users_from())
                     and (select atelier_engine.readable_users_to()));

drop policy if exists "people see the dependencies of jobs they see" on atelier.job_dependencies;
create policy "people see the dependencies of jobs they see" on atelier.job_dependencies
  for select to authenticated
  using (exists (select from atelier.jobs j where j.id = job_id));

drop policy if exists "owners and admins see generations" on atelier.generations;
create policy "owners and admins see generations" on atelier.generations
  for select to authenticated
  using (user_id between (select atelier_engine.readable_users_from())
                     and (select atelier_engine.readable_users_to()));

drop policy if exists "owners mark their generations" on atelier.generations;
create policy "owners mark their generations" on atelier.generations
  for update to authenticated
  using (user_id = (select auth.uid()))
  with check (user_id = (select auth.uid()));

drop policy if exists "owners see their events" on atelier.events;
create policy "owners see their events" on atelier.events
  for select to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists "owners and admins see schedules" on atelier.schedules;
create policy "owners and admins see schedules" on atelier.schedules
  for select to authenticated
  using (user_id between (select atelier_engine.readable_users_from())
                     and (select atelier_engine.readable_users_to()));

drop policy if exists "owners delete their schedules" on atelier.schedules;
create policy "owners delete their schedules" on atelier.schedules
  for delete to authenticated
  using (user_id = (select auth.uid()));
