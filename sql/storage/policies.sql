-- Storage: people see what lies in their own folder, everybody sees what is in a public bucket.

drop policy if exists "everybody sees public buckets" on storage.buckets;
create policy "everybody sees public buckets" on storage.buckets
  for select to anon, authenticated
  using (public);

drop policy if exists "everybody sees objects of public buckets" on storage.objects;
create policy "everybody sees objects of public buckets" on storage.objects
  for select to anon, authenticated
  -- An array, so that the index of the owner and the one of the bucket can be used together.
  using (bucket_id = any (array(select b.id from storage.buckets b where b.public)));

drop policy if exists "people see their own objects" on storage.objects;
create policy "people see their own objects" on storage.objects
  for select to authenticated
  using (owner = (select auth.uid()) and (storage.foldername(name))[1] = (select auth.uid())::text);

-- The files of the workspace and the library go with their assets.
drop policy if exists "people delete their own objects" on storage.objects;
create policy "people delete their own objects" on storage.objects
  for delete to authenticated
  using (owner = (select auth.uid())
         and (storage.foldername(name))[1] = (select auth.uid())::text
         and bucket_id not in ('workspace-temp', 'user-library'));

-- A flag on the row, and no look elsewhere: every listing reads this.
drop policy if exists "nobody sees withheld objects" on storage.objects;
create policy "nobody sees withheld objects" on storage.objects
  as restrictive for all to anon, authenticated
  using ((metadata ? 'moderation') is not true);

drop policy if exists "those who see an object read its bytes" on atelier_engine.object_chunks;
create policy "those who see an object read its bytes" on atelier_engine.object_chunks
  for select to anon, authenticated
  using (exists (select from storage.objects o where o.id = object_id));
