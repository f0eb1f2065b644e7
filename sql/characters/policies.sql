-- Characters: one's own, and what is public; likes, interactions and scenes are private.

drop policy if exists "everybody sees public characters" on atelier.characters;
create policy "everybody sees public characters" on atelier.characters
  for select to anon, authenticated
  using (is_public and content_rating = 'sfw');

drop policy if exists "adults see public characters of any rating" on atelier.characters;
create policy "adults see public characters of any rating" on atelier.characters
  for select to authenticated
  using (is_public and (select atelier_engine.caller_is_of_age()));

drop policy if exists "people and administrators see characters" on atelier.characters;
create policy "people and administrators see characters" on atelier.characters
  for select to authenticated
  using (user_id between (select atelier_engine.readable_users_from()) and (select atelier_engine.readable_users_to()));

drop policy if exists "people make their own characters" on atelier.characters;
create policy "people make their own characters" on atelier.characters
  for insert to authenticated
  with check (user_id = (select auth.uid()));

drop policy if exists "people and administrators change characters" on atelier.characters;
create policy "people and administrators change characters" on atelier.characters
  for update to authenticated
  using (user_id between (select atelier_engine.readable_users_from()) and (select atelier_engine.readable_users_to()))
  with check (user_id between (select atelier_engine.readable_users_from()) and (select atelier_engine.readable_users_to()));

drop policy if exists "people and administrators delete characters" on atelier.characters;
create policy "people and administrators delete characters" on atelier.characters
  for delete to authenticated
  using (user_id between (select atelier_engine.readable_users_from()) and (select atelier_engine.readable_users_to()));

drop policy if exists "people see their own likes" on atelier.character_likes;
create policy "people see their own likes" on atelier.character_likes
  for select to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists "people see their own interactions" on atelier.character_interactions;
create policy "people see their own interactions" on atelier.character_interactions
  for select to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists "people see their own scenes" on atelier.character_scenes;
create policy "people see their own scenes" on atelier.character_scenes
  for select to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists "people make their own scenes" on atelier.character_scenes;
create policy "people make their own scenes" on atelier.character_scenes
  for insert to authenticated
  with check (user_id = (select auth.uid()));

drop policy if exists "people change their own scenes" on atelier.character_scenes;
create policy "people change their own scenes" on atelier.character_scenes
  for update to authenticated
  using (user_id = (select auth.uid()))
  with check (user_id = (select auth.uid()));

drop policy if exists "people delete their own scenes" on atelier.character_scenes;
create policy "people delete their own scenes" on atelier.character_scenes
  for delete to authenticated
  using (user_id = (select auth.uid()));
