-- Dialogue: private, as conversations are.

drop policy if exists "people see their own memories" on atelier.memories;
create policy "people see their own memories" on atelier.memories
  for select to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists "people see their own summaries" on atelier.conversation_summaries;
create policy "people see their own summaries" on atelier.conversation_summaries
  for select to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists "people see their own tool calls" on atelier.tool_calls;
create policy "people see their own tool calls" on atelier.tool_calls
  for select to authenticated
  using (user_id = (select auth.uid()));
