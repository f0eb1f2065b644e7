-- Prompting: for administrators. Everybody else gets what fits by functions.

drop policy if exists "admins read prompt templates" on atelier.prompt_templates;
create policy "admins read prompt templates" on atelier.prompt_templates
  for select to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins add prompt templates" on atelier.prompt_templates;
create policy "admins add prompt templates" on atelier.prompt_templates
  for insert to authenticated
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins change prompt templates" on atelier.prompt_templates;
create policy "admins change prompt templates" on atelier.prompt_templates
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins delete prompt templates" on atelier.prompt_templates;
create policy "admins delete prompt templates" on atelier.prompt_templates
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins read negative prompts" on atelier.negative_prompts;
create policy "admins read negative prompts" on atelier.negative_prompts
  for select to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins add negative prompts" on atelier.negative_prompts;
create policy "admins add negative prompts" on atelier.negative_prompts
  for insert to authenticated
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins change negative prompts" on atelier.negative_prompts;
create policy "admins change negative prompts" on atelier.negative_prompts
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins delete negative prompts" on atelier.negative_prompts;
create policy "admins delete negative prompts" on atelier.negative_prompts
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins read enhancement presets" on atelier.enhancement_presets;
create policy "admins read enhancement presets" on atelier.enhancement_presets
  for select to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins add enhancement presets" on atelier.enhancement_presets;
create policy "admins add enhancement presets" on atelier.enhancement_presets
  for insert to authenticated
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins change enhancement presets" on atelier.enhancement_presets;
create policy "admins change enhancement presets" on atelier.enhancement_presets
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins delete enhancement presets" on atelier.enhancement_presets;
create policy "admins delete enhancement presets" on atelier.enhancement_presets
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins read compel configurations" on atelier.compel_configs;
create policy "admins read compel configurations" on atelier.compel_configs
  for select to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins add compel configurations" on atelier.compel_configs;
create policy "admins add compel configurations" on atelier.compel_configs
  for insert to authenticated
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins change compel configurations" on atelier.compel_configs;
create policy "admins change compel configurations" on atelier.compel_configs
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins delete compel configurations" on atelier.compel_configs;
create policy "admins delete compel configurations" on atelier.compel_configs
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins read content terms" on atelier.content_terms;
create policy "admins read content terms" on atelier.content_terms
  for select to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins add content terms" on atelier.content_terms;
create policy "admins add content terms" on atelier.content_terms
  for insert to authenticated
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins change content terms" on atelier.content_terms;
create policy "admins change content terms" on atelier.content_terms
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins delete content terms" on atelier.content_terms;
create policy "admins delete content terms" on atelier.content_terms
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "owners and admins see prompt enhancements" on atelier.prompt_enhancements;
create policy "owners and admins see prompt enhancements" on atelier.prompt_enhancements
  for select to authenticated
  using (user_id between (select atelier_engine.readable_users_from())
                     and (select atelier_engine.readable_users_to()));

drop policy if exists "admins read prompt tests" on atelier.prompt_ab_tests;
create policy "admins read prompt tests" on atelier.prompt_ab_tests
  for select to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins add prompt tests" on atelier.prompt_ab_tests;
create policy "admins add prompt tests" on atelier.prompt_ab_tests
  for insert to authenticated
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins change prompt tests" on atelier.prompt_ab_tests;
create policy "admins change prompt tests" on atelier.prompt_ab_tests
  for update to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')))
  with check ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins delete prompt tests" on atelier.prompt_ab_tests;
create policy "admins delete prompt tests" on atelier.prompt_ab_tests
  for delete to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));

drop policy if exists "admins read outcomes of prompt tests" on atelier.prompt_ab_outcomes;
create policy "admins read outcomes of prompt tests" on atelier.prompt_ab_outcomes
  for select to authenticated
  using ((select atelier.has_role((select auth.uid()), 'admin')));
