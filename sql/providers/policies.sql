-- Providers: everybody who is signed in sees what is active; the rest is for admins.

drop policy if exists "people see active providers, admins all" on atelier.api_providers;
create policy "people see active providers, admins all" on atelier.api_providers
  for select to authenticated
  using (is_active or (select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins add providers" on atelier.api_providers;
create policy "admins add providers" on atelier.api_providers
  for insert to authenticated
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins change providers" on atelier.api_providers;
create policy "admins change providers" on atelier.api_providers
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins delete providers" on atelier.api_providers;
create policy "admins delete providers" on atelier.api_providers
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "people see active models, admins all" on atelier.api_models;
create policy "people see active models, admins all" on atelier.api_models
  for select to authenticated
  using (is_active or (select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins add models" on atelier.api_models;
create policy "admins add models" on atelier.api_models
  for insert to authenticated
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins change models" on atelier.api_models;
create policy "admins change models" on atelier.api_models
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins delete models" on atelier.api_models;
create policy "admins delete models" on atelier.api_models
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins see endpoints" on atelier.endpoints;
create policy "admins see endpoints" on atelier.endpoints
  for select to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins add endpoints" on atelier.endpoints;
create policy "admins add endpoints" on atelier.endpoints
  for insert to authenticated
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins change endpoints" on atelier.endpoints;
create policy "admins change endpoints" on atelier.endpoints
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins delete endpoints" on atelier.endpoints;
create policy "admins delete endpoints" on atelier.endpoints
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins see tokens" on atelier.provider_tokens;
create policy "admins see tokens" on atelier.provider_tokens
  for select to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins change tokens" on atelier.provider_tokens;
create policy "admins change tokens" on atelier.provider_tokens
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins delete tokens" on atelier.provider_tokens;
create policy "admins delete tokens" on atelier.provider_tokens
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins see model settings" on atelier.model_config_history;
create policy "admins see model settings" on atelier.model_config_history
  for select to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins add model settings" on atelier.model_config_history;
create policy "admins add model settings" on atelier.model_config_history
  for insert to authenticated
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins change model settings" on atelier.model_config_history;
create policy "admins change model settings" on atelier.model_config_history
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins delete model settings" on atelier.model_config_history;
create policy "admins delete model settings" on atelier.model_config_history
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins see performance logs" on atelier.model_performance_logs;
create policy "admins see performance logs" on atelier.model_performance_logs
  for select to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins add performance logs" on atelier.model_performance_logs;
create policy "admins add performance logs" on atelier.model_performance_logs
  for insert to authenticated
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins change performance logs" on atelier.model_performance_logs;
create policy "admins change performance logs" on atelier.model_performance_logs
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins delete performance logs" on atelier.model_performance_logs;
create policy "admins delete performance logs" on atelier.model_performance_logs
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins see test results" on atelier.model_test_results;
create policy "admins see test results" on atelier.model_test_results
  for select to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins add test results" on atelier.model_test_results;
create policy "admins add test results" on atelier.model_test_results
  for insert to authenticated
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins change test results" on atelier.model_test_results;
create policy "admins change test results" on atelier.model_test_results
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins delete test results" on atelier.model_test_results;
create policy "admins delete test results" on atelier.model_test_results
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins see pauses" on atelier.pauses;
create policy "admins see pauses" on atelier.pauses
  for select to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins see retry policies" on atelier.retry_policies;
create policy "admins see retry policies" on atelier.retry_policies
  for select to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins add retry policies" on atelier.retry_policies;
create policy "admins add retry policies" on atelier.retry_policies
  for insert to authenticated
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins change retry policies" on atelier.retry_policies;
create policy "admins change retry policies" on atelier.retry_policies
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins delete retry policies" on atelier.retry_policies;
create policy "admins delete retry policies" on atelier.retry_policies
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));
