-- Who sees a workspace, and who changes it.
begin;
select plan(68);
\ir support/people.sql
\ir support/teams.sql

select policies_are('atelier', 'workspaces', array['members see their workspaces', 'owners and admins change their workspaces'],
  'workspaces: read and change');
select policies_are('atelier', 'workspace_members', array['members see each other'], 'workspace_members: read');
select table_privs_are('atelier', 'workspaces', 'anon', array[]::text[], 'workspaces: nothing for anon');
select table_privs_are('atelier', 'workspaces', 'authenticated', array['SELECT'], 'workspaces: whole rows are only read');
select table_privs_are('atelier', 'workspace_members', 'anon', array[]::text[], 'workspace_members: nothing for anon');
select table_privs_are('atelier', 'workspace_members', 'authenticated', array['SELECT'], 'workspace_members: only read');
select is(
  (select array_agg(a.attname::text order by a.attname) from pg_attribute a
    where a.attrelid = 'atelier.workspaces'::regclass and a.attnum > 0
      and has_column_privilege('authenticated', a.attrelid, a.attnum, 'update')),
  array['description', 'name', 'slug'], 'workspaces: three columns can be written');

-- Seeing.
select pg_temp.sign_in(pg_temp.cleo());
select results_eq($$ select slug from atelier.workspaces $$, array['team'], 'a member sees the workspace, and no other');
select results_eq($$ select m.role from atelier.workspace_members m order by m.joined_at $$, array['owner', 'member', 'admin'],
  'and everybody in it');
select results_eq(format($$ select * from atelier.get_user_workspaces(%L) $$, pg_temp.cleo()),
  $$ values (pg_temp.team(), 'Team', 'team', 'member', 3::bigint) $$, 'get_user_workspaces() tells role and size');
select throws_ok(format($$ select atelier.get_user_workspaces(%L) $$, pg_temp.ada()), '42501',
  'you may act only for yourself', 'but not of other people');
select results_eq(format($$ select username, role from atelier.get_workspace_members(%L) $$, pg_temp.team()),
  $$ values ('ada', 'owner'), ('bob', 'admin'), ('cleo', 'member') $$, 'get_workspace_members() tells their names');
select throws_ok(format($$ select atelier.get_workspace_members(%L) $$, pg_temp.others()), 'PT404', 'no such workspace',
  'but not those of another workspace');
select is(atelier.get_workspace_role(pg_temp.team(), pg_temp.cleo()), 'member', 'she asks for her role');
select is(atelier.get_workspace_role(pg_temp.others(), pg_temp.cleo()), null, 'there is none in another workspace');
select ok(atelier.is_workspace_member(pg_temp.team(), pg_temp.cleo()), 'she is in hers');
select ok(not atelier.is_workspace_member(pg_temp.others(), pg_temp.cleo()), 'and not in another');
select throws_ok(format($$ select atelier.is_workspace_member(%L, %L) $$, pg_temp.others(), pg_temp.dan()), '42501',
  'you may act only for yourself', 'nor does she learn where others are');
select pg_temp.sign_in(pg_temp.root());
select results_eq($$ select slug from atelier.workspaces order by slug $$, array['others', 'team'],
  'an administrator of the product sees all');
select is((select count(*) from atelier.get_workspace_members(pg_temp.others())), 1::bigint, 'and who is in them');
select pg_temp.sign_in(pg_temp.cleo());
select results_eq($$ select w.slug, json_agg(json_build_object('role', m.role) order by m.role)::text
    from atelier.workspaces w join atelier.workspace_members m on m.workspace_id = w.id group by w.slug $$,
  $$ values ('team', '[{"role" : "admin"}, {"role" : "member"}, {"role" : "owner"}]') $$, 'both tables join without recursion');

-- Changing.
select results_eq($$ update atelier.workspaces set name = 'Mine' returning slug $$, array[]::text[], 'a member renames nothing');
select throws_ok($$ update atelier.workspace_members set role = 'owner' $$, '42501', null, 'nor makes herself owner');
select throws_ok($$ delete from atelier.workspace_members $$, '42501', null, 'nor removes others by hand');
select throws_ok(format($$ insert into atelier.workspace_members (workspace_id, user_id) values (%L, %L) $$, pg_temp.others(), pg_temp.cleo()),
  '42501', null, 'nor joins another workspace by hand');
select throws_ok($$ insert into atelier.workspaces (name, slug) values ('x', 'x') $$, '42501', null,
  'a workspace without an owner cannot be made by hand');
select throws_ok($$ delete from atelier.workspaces $$, '42501', null, 'nor deleted');
select pg_temp.sign_in(pg_temp.bob());
select results_eq($$ update atelier.workspaces set name = 'The team', slug = 'the-team' returning slug $$, array['the-team'],
  'an admin renames the workspace, and no other');
select throws_ok(format($$ update atelier.workspaces set %I = default $$, column_name), '42501', null, 'but cannot write ' || column_name)
  from unnest(array['id', 'is_active', 'created_by', 'created_at']) as column_name;
select throws_ok($$ update atelier.workspaces set slug = 'others' $$, '23505', null, 'a taken slug is refused');
select throws_ok(format($$ update atelier.workspaces set slug = %L $$, slug), '23514', null, 'so is the slug ' || slug)
  from unnest(array['', 'Team', 'a--b', '-a', 'a b', 'тим', repeat('a', 64)]) as slug;
select throws_ok($$ update atelier.workspaces set name = '  ' $$, '23514', null, 'and a blank name');
select pg_temp.sign_in(pg_temp.dan());
select is((select count(*) from atelier.workspaces w where w.slug = 'the-team'), 0::bigint, 'a stranger sees nothing of it');
select throws_ok(call, 'PT404', 'no such workspace', 'a stranger is told that there is none: ' || call) from (values
  (format('select atelier.delete_workspace(%L)', pg_temp.team())),
  (format('select atelier.leave_workspace(%L)', pg_temp.team())),
  (format('select atelier.invite_to_workspace(%L, %L)', pg_temp.team(), 'x@example.com')),
  (format('select atelier.remove_workspace_member(%L, %L)', pg_temp.team(), pg_temp.ada())),
  (format('select atelier.set_workspace_member_role(%L, %L, %L)', pg_temp.team(), pg_temp.dan(), 'owner')),
  (format('select atelier.transfer_workspace_ownership(%L, %L)', pg_temp.team(), pg_temp.dan()))) as calls (call);

-- Making.
select results_eq($$ select slug, name, description, is_active, created_by from atelier.create_workspace('  Café Größe 7! ', description => 'd') $$,
  $$ values ('caf-gr-e-7', 'Café Größe 7!', 'd', true, pg_temp.dan()) $$, 'a slug is made of the name');
select is((select role from atelier.workspace_members m join atelier.workspaces w on w.id = m.workspace_id where w.slug = 'caf-gr-e-7'),
  'owner', 'who makes a workspace owns it');
select matches((select slug from atelier.create_workspace('Café Größe 7')), '^caf-gr-e-7-[0-9a-f]{8}$', 'a taken one gets a tail');
select is((select slug from atelier.create_workspace('Мы')), 'workspace', 'a name without Latin letters gets one, too');
select is((select slug from atelier.create_workspace('Any', 'my-slug')), 'my-slug', 'or the caller says which');
select throws_ok($$ select atelier.create_workspace('Any', 'my-slug') $$, '23505', 'the slug is taken', 'which must be free');
select throws_ok($$ select atelier.create_workspace(' ') $$, '23514', null, 'a workspace has a name');
select throws_ok($$ select atelier.create_workspace(null) $$, '23502', null, 'always');
select throws_ok(format($$ select atelier.create_workspace('Any', owner_id => %L) $$, pg_temp.ada()), '42501',
  'you may act only for yourself', 'nobody makes one for somebody else');
select pg_temp.sign_in_as_service();
select is((select created_by from atelier.create_workspace('Any', owner_id => pg_temp.ada())), pg_temp.ada(), 'but the service role');
select throws_ok($$ select atelier.create_workspace('Any') $$, 'PT401', null, 'which has to say for whom');
select throws_ok($$ select atelier.create_workspace('Any', owner_id => atelier.uuid7()) $$, 'PT404', 'no such person', 'and that must be somebody');
insert into atelier.workspaces (name, slug) select 'w', 'w-' || n from generate_series(1, 98) n;
insert into atelier.workspace_members (workspace_id, user_id, role)
select w.id, pg_temp.ada(), 'owner' from atelier.workspaces w where w.slug ~ '^w-\d+$';
select throws_ok($$ select atelier.create_workspace('Any', owner_id => pg_temp.ada()) $$, 'PT409', 'too many workspaces', '100 are enough');

-- Deleting.
select pg_temp.sign_in(pg_temp.bob());
select throws_ok(format($$ select atelier.delete_workspace(%L) $$, pg_temp.team()), '42501',
  'your role in the workspace does not allow this', 'an admin cannot delete the workspace');
select pg_temp.sign_in(pg_temp.ada());
select lives_ok(format($$ select atelier.delete_workspace(%L) $$, pg_temp.team()), 'an owner can');
select is((select count(*) from atelier.workspaces w where w.id = pg_temp.team()), 0::bigint, 'then nobody sees it');
select is((select count(*) from atelier.workspace_members m where m.workspace_id = pg_temp.team()), 0::bigint, 'nor who was in it');
select is(atelier.get_workspace_role(pg_temp.team(), pg_temp.ada()), null, 'and roles in it count no more');
select throws_ok(format($$ select atelier.leave_workspace(%L) $$, pg_temp.team()), 'PT404', 'no such workspace', 'nor can it be left');
select pg_temp.sign_in_as_service();
select results_eq($$ update atelier.workspaces set is_active = true where id = pg_temp.team() returning slug $$, array['the-team'],
  'the service role brings it back');

select * from finish();
rollback;
