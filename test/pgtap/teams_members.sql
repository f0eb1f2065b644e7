-- Who makes whom what, who removes whom; the last owner stays, by every path.
begin;
select plan(52);
\ir support/people.sql
\ir support/teams.sql

create function pg_temp.set_role(person uuid, role text) returns text language sql as $$
  select format('select atelier.set_workspace_member_role(%L, %L, %L)', pg_temp.team(), person, role) $$;
create function pg_temp.remove(person uuid) returns text language sql as $$
  select format('select atelier.remove_workspace_member(%L, %L)', pg_temp.team(), person) $$;
create function pg_temp.transfer(person uuid) returns text language sql as $$
  select format('select atelier.transfer_workspace_ownership(%L, %L)', pg_temp.team(), person) $$;
create function pg_temp.leave() returns text language sql as $$ select format('select atelier.leave_workspace(%L)', pg_temp.team()) $$;
grant execute on all functions in schema pg_temp to public;

-- Members.
select pg_temp.sign_in(pg_temp.cleo());
select throws_ok(call, '42501', 'your role in the workspace does not allow this', 'a member may not: ' || call) from (values
  (pg_temp.set_role(pg_temp.cleo(), 'owner')), (pg_temp.remove(pg_temp.bob())), (pg_temp.transfer(pg_temp.cleo())),
  (format('select atelier.invite_to_workspace(%L, %L)', pg_temp.team(), 'x@example.com'))) as calls (call);

-- Admins.
select pg_temp.sign_in(pg_temp.bob());
select throws_ok(call, '42501', 'your role in the workspace does not allow this', 'an admin may not: ' || call) from (values
  (pg_temp.set_role(pg_temp.bob(), 'owner')), (pg_temp.set_role(pg_temp.ada(), 'member')), (pg_temp.transfer(pg_temp.bob()))) as calls (call);
select throws_ok(pg_temp.remove(pg_temp.ada()), '42501', 'admins remove members only', 'an admin removes no owner');
select throws_ok(pg_temp.remove(pg_temp.dan()), 'PT404', 'no such member', 'who is not there cannot be removed');
select lives_ok(pg_temp.remove(pg_temp.cleo()), 'an admin removes a member');
select pg_temp.roles_are(array['ada owner', 'bob admin'], 'who is gone then');
select pg_temp.sign_in(pg_temp.cleo());
select is_empty($$ select from atelier.workspaces $$, 'and sees the workspace no more');
select throws_ok(pg_temp.leave(), 'PT404', 'no such workspace', 'nor can leave it again');

-- Owners.
select pg_temp.sign_in(pg_temp.ada());
select throws_ok(pg_temp.leave(), '23514', 'the last owner stays', 'the last owner cannot leave');
select throws_ok(pg_temp.remove(pg_temp.ada()), '23514', 'the last owner stays', 'nor remove herself');
select throws_ok(pg_temp.set_role(pg_temp.ada(), 'admin'), '23514', 'the last owner stays', 'nor step back');
select throws_ok(pg_temp.set_role(pg_temp.ada(), 'member'), '23514', 'the last owner stays', 'nor to the lowest role');
select lives_ok(pg_temp.set_role(pg_temp.ada(), 'owner'), 'what changes nothing is allowed');
select throws_ok(pg_temp.set_role(pg_temp.bob(), 'emperor'), '23514', null, 'an unknown role is refused');
select throws_ok(pg_temp.set_role(pg_temp.dan(), 'admin'), 'PT404', 'no such member', 'so is who is not in it');
select throws_ok(pg_temp.transfer(pg_temp.dan()), 'PT404', 'no such member', 'also as the next owner');
select lives_ok(pg_temp.set_role(pg_temp.bob(), 'owner'), 'a workspace can have two owners');
select lives_ok(pg_temp.set_role(pg_temp.ada(), 'member'), 'then one can step back');
select pg_temp.roles_are(array['ada member', 'bob owner'], 'and is a member');
select throws_ok(pg_temp.set_role(pg_temp.ada(), 'owner'), '42501', 'your role in the workspace does not allow this', 'who stepped back cannot return alone');
select pg_temp.sign_in(pg_temp.bob());
select lives_ok(pg_temp.transfer(pg_temp.ada()), 'an owner gives the workspace away');
select pg_temp.roles_are(array['ada owner', 'bob admin'], 'and stays as admin');
select lives_ok(pg_temp.leave(), 'an admin leaves');
select pg_temp.sign_in(pg_temp.ada());
select lives_ok(pg_temp.transfer(pg_temp.ada()), 'giving it to herself changes nothing');
select pg_temp.roles_are(array['ada owner'], 'she is alone');

-- The service role and administrators of the product.
select pg_temp.sign_in_as_service();
insert into atelier.workspace_members (workspace_id, user_id, role)
values (pg_temp.team(), pg_temp.bob(), 'owner'), (pg_temp.team(), pg_temp.cleo(), 'member');
select lives_ok(pg_temp.transfer(pg_temp.cleo()), 'the service role gives it to somebody else');
select pg_temp.roles_are(array['ada admin', 'bob admin', 'cleo owner'], 'all owners before are admins');
select pg_temp.sign_in(pg_temp.root());
select lives_ok(pg_temp.transfer(pg_temp.ada()), 'so does an administrator of the product');
select throws_ok(pg_temp.leave(), 'PT404', 'no such member', 'who is not in it, and cannot leave');
select pg_temp.sign_in_as_service();
select throws_ok($$ delete from atelier.workspace_members where workspace_id = pg_temp.team() $$, '23514', 'the last owner stays',
  'the last owner stays when rows are deleted');
select throws_ok($$ delete from atelier.workspace_members where workspace_id = pg_temp.team() and role = 'owner' $$, '23514',
  'the last owner stays', 'also alone');
update atelier.workspace_members set role = 'owner' where workspace_id = pg_temp.team();
select throws_ok($$ update atelier.workspace_members set role = 'member' where workspace_id = pg_temp.team() $$, '23514',
  'the last owner stays', 'also of several who step back in one statement');
select throws_ok($$ update atelier.workspace_members set workspace_id = pg_temp.others() where user_id = pg_temp.dan() or workspace_id = pg_temp.team() $$, '23514',
  'the last owner stays', 'or are moved elsewhere');
select lives_ok($$ update atelier.workspace_members set role = 'member' where workspace_id = pg_temp.team() and user_id <> pg_temp.bob() $$,
  'all but one may');
select pg_temp.roles_are(array['ada member', 'bob owner', 'cleo member'], 'one is left');

-- Nobody.
select pg_temp.become('authenticated', '{"role": "authenticated"}');
select throws_ok(pg_temp.leave(), 'PT401', 'sign in first', 'who is nobody has to sign in');

-- Accounts that are deleted.
select pg_temp.step_aside();
select lives_ok($$ delete from auth.users where id = pg_temp.bob() $$, 'the account of the last owner can be deleted');
select pg_temp.roles_are(array['ada owner', 'cleo member'], 'the member of longest standing takes over');
insert into atelier.workspace_members (workspace_id, user_id, role) values (pg_temp.team(), pg_temp.dan(), 'admin');
select lives_ok($$ delete from auth.users where id in (pg_temp.ada(), pg_temp.root()) $$, 'the next one goes, too');
select pg_temp.roles_are(array['cleo member', 'dan owner'], 'an admin comes first');
delete from atelier.workspace_members where user_id = pg_temp.cleo();
select lives_ok($$ delete from auth.users where id = pg_temp.dan() $$, 'and the last one');
select results_eq($$ select is_active, created_by from atelier.workspaces where id = pg_temp.team() $$, $$ values (false, null::uuid) $$,
  'which deletes the workspace');
select lives_ok($$ delete from atelier.workspaces where id = pg_temp.others() $$, 'a workspace takes its owners along');
select is_empty($$ select from atelier.workspace_members where workspace_id = pg_temp.others() $$, 'nobody is in it then');

insert into auth.users (id, email) select atelier.uuid7(), 'person' || n || '@example.com' from generate_series(1, 20) n;
insert into atelier.workspaces (id, name, slug) values (pg_temp.others(), 'Crowd', 'crowd');
insert into atelier.workspace_members (workspace_id, user_id, role, joined_at)
select pg_temp.others(), id, case when email = 'person1@example.com' then 'owner' else 'member' end, now() from auth.users where email ~ '^person';
select lives_ok($$ delete from auth.users where email ~ '^person(1|2|3|4|5|6|7|8|9)@' $$, 'many accounts deleted in one statement');
select is((select array_agg(role order by role) from atelier.workspace_members where workspace_id = pg_temp.others() and role = 'owner'),
  array['owner'], 'leave one owner');
select is((select count(*) from atelier.workspace_members where workspace_id = pg_temp.others()), 11::bigint, 'and everybody else');

select * from finish();
rollback;
