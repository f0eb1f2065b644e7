-- Library: private, unless its owner makes an asset public. Collections are always private.

drop policy if exists "everybody sees public assets" on atelier.user_library;
create policy "everybody sees public assets" on atelier.user_library
  for select to anon, authenticated
  using (visibility = 'public' and moderation_status in ('unchecked', 'approved'));

drop policy if exists "people see their own library" on atelier.user_library;
create policy "people see their own library" on atelier.user_library
  for select to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists "people arrange their own library" on atelier.user_library;
create policy "people arrange their own library" on atelier.user_library
  for update to authenticated
  using (user_id = (select auth.uid()))
  with check (user_id = (select auth.uid()));

drop policy if exists "people delete from their own library" on atelier.user_library;
create policy "people delete from their own library" on atelier.user_library
  for delete to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists "people see their own collections" on atelier.user_collections;
create policy "people see their own collections" on atelier.user_collections
  for select to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists "people make their own collections" on atelier.user_collections;
create policy "people make their own collections" on atelier.user_collections
  for insert to authenticated
  with check (user_id = (select auth.uid()));

drop policy if exists "people rename their own collections" on atelier.user_collections;
create policy "people rename their own collections" on atelier.user_collections
  for update to authenticated
  using (user_id = (select auth.uid()))
  with check (user_id = (select auth.uid()));

drop policy if exists "people delete their own collections" on atelier.user_collections;
create policy "people delete their own collections" on atelier.user_collections
  for delete to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists "nobody sees withheld assets" on atelier.user_library;
create policy "nobody sees withheld assets" on atelier.user_library
  as restrictive for all to anon, authenticated
  using (moderation_status in ('unchecked', 'approved', 'flagged'));
