-- Projects: their owners' and the administrators'; public scenes without a project are seen as public characters are.

drop policy if exists "people and administrators see projects" on atelier.projects;
create policy "people and administrators see projects" on atelier.projects
  for select to authenticated
  using (user_id between (select atelier_engine.readable_users_from()) and (select atelier_engine.readable_users_to()));

drop policy if exists "people make their own projects" on atelier.projects;
create policy "people make their own projects" on atelier.projects
  for insert to authenticated
  with check (user_id = (select auth.uid()));

drop policy if exists "people and administrators change projects" on atelier.projects;
create policy "people and administrators change projects" on atelier.projects
  for update to authenticated
  using (user_id between (select atelier_engine.readable_users_from()) and (select atelier_engine.readable_users_to()))
  with check (user_id between (select atelier_engine.readable_users_from()) and (select atelier_engine.readable_users_to()));

drop policy if exists "people and administrators delete projects" on atelier.projects;
create policy "people and administrators delete projects" on atelier.projects
  for delete to authenticated
  using (user_id between (select atelier_engine.readable_users_from()) and (select atelier_engine.readable_users_to()));

drop policy if exists "everybody sees public scenes" on atelier.scenes;
create policy "everybody sees public scenes" on atelier.scenes
  for select to anon, authenticated
  using (is_public and content_rating = 'sfw');

drop policy if exists "adults see public scenes of any rating" on atelier.scenes;
create policy "adults see public scenes of any rating" on atelier.scenes
  for select to authenticated
  using (is_public and (select atelier_engine.caller_is_of_age()));

drop policy if exists "people and administrators see scenes" on atelier.scenes;
create policy "people and administrators see scenes" on atelier.scenes
  for select to authenticated
  using (user_id between (select atelier_engine.readable_users_from()) and (select atelier_engine.readable_users_to()));

drop policy if exists "people make their own scenes" on atelier.scenes;
create policy "people make their own scenes" on atelier.scenes
  for insert to authenticated
  with check (user_id = (select auth.uid()));

drop policy if exists "people and administrators change scenes" on atelier.scenes;
create policy "people and administrators change scenes" on atelier.scenes
  for update to authenticated
  using (user_id between (select atelier_engine.readable_users_from()) and (select atelier_engine.readable_users_to()))
  with check (user_id between (select atelier_engine.readable_users_from()) and (select atelier_engine.readable_users_to()));

drop policy if exists "people and administrators delete scenes" on atelier.scenes;
create policy "people and administrators delete scenes" on atelier.scenes
  for delete to authenticated
  using (user_id between (select atelier_engine.readable_users_from()) and (select atelier_engine.readable_users_to()));
