-- Billing: prices are for everybody who is signed in; costs for those who caused them; both, and the log, for admins.

drop policy if exists "people see prices" on atelier.api_prices;
create policy "people see prices" on atelier.api_prices
  for select to authenticated
  using (true);

drop policy if exists "admins add prices" on atelier.api_prices;
create policy "admins add prices" on atelier.api_prices
  for insert to authenticated
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins change prices" on atelier.api_prices;
create policy "admins change prices" on atelier.api_prices
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins delete prices" on atelier.api_prices;
create policy "admins delete prices" on atelier.api_prices
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "owners and admins see costs" on atelier.api_cost_logs;
create policy "owners and admins see costs" on atelier.api_cost_logs
  for select to authenticated
  using (user_id between (select atelier_engine.readable_users_from()) and (select atelier_engine.readable_users_to())
         or (user_id is null and (select atelier.has_role((select auth.uid()), 'admin'))));

drop policy if exists "admins see the log" on atelier.api_logs;
create policy "admins see the log" on atelier.api_logs
  for select to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));
