-- Moderation: settings are for administrators, the trail for moderators; owners see what became of their own.

drop policy if exists "admins read thresholds" on atelier.moderation_thresholds;
create policy "admins read thresholds" on atelier.moderation_thresholds
  for select to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins add thresholds" on atelier.moderation_thresholds;
create policy "admins add thresholds" on atelier.moderation_thresholds
  for insert to authenticated
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins change thresholds" on atelier.moderation_thresholds;
create policy "admins change thresholds" on atelier.moderation_thresholds
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins delete thresholds" on atelier.moderation_thresholds;
create policy "admins delete thresholds" on atelier.moderation_thresholds
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins read checks" on atelier.moderation_checks;
create policy "admins read checks" on atelier.moderation_checks
  for select to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins add checks" on atelier.moderation_checks;
create policy "admins add checks" on atelier.moderation_checks
  for insert to authenticated
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins change checks" on atelier.moderation_checks;
create policy "admins change checks" on atelier.moderation_checks
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins delete checks" on atelier.moderation_checks;
create policy "admins delete checks" on atelier.moderation_checks
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins read rules" on atelier.moderation_rules;
create policy "admins read rules" on atelier.moderation_rules
  for select to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins add rules" on atelier.moderation_rules;
create policy "admins add rules" on atelier.moderation_rules
  for insert to authenticated
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins change rules" on atelier.moderation_rules;
create policy "admins change rules" on atelier.moderation_rules
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins delete rules" on atelier.moderation_rules;
create policy "admins delete rules" on atelier.moderation_rules
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "owners see what became of their own" on atelier.moderation_items;
create policy "owners see what became of their own" on atelier.moderation_items
  for select to authenticated
  using (user_id = (select auth.uid()));

drop policy if exists "moderators read the trail" on atelier.moderation_audit;
create policy "moderators read the trail" on atelier.moderation_audit
  for select to authenticated
  using ((select atelier.has_role((select auth.uid()), 'moderator')) or (select atelier.has_role((select auth.uid()), 'admin')));
