-- Chat: conversations are private.

drop policy if exists "people see their own conversations" on atelier.conversations;
create policy "people see their own conversations" on atelier.conversations
  for select to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists "people begin their own conversations" on atelier.conversations;
create policy "people begin their own conversations" on atelier.conversations
  for insert to authenticated
  with check (user_id = (select auth.uid()));

drop policy if exists "people change their own conversations" on atelier.conversations;
create policy "people change their own conversations" on atelier.conversations
  for update to authenticated
  using (user_id = (select auth.uid()))
  with check (user_id = (select auth.uid()));

drop policy if exists "people delete their own conversations" on atelier.conversations;
create policy "people delete their own conversations" on atelier.conversations
  for delete to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists "people see their own messages" on atelier.messages;
create policy "people see their own messages" on atelier.messages
  for select to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists "people write their own messages" on atelier.messages;
create policy "people write their own messages" on atelier.messages
  for insert to authenticated
  with check (user_id = (select auth.uid()));

drop policy if exists "people delete their own messages" on atelier.messages;
create policy "people delete their own messages" on atelier.messages
  for delete to authenticated
  using (user_id = (select auth.uid()));

