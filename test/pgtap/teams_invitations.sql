-- Invitations: for one address, once, for a while.
begin;
select plan(54);
\ir support/people.sql
\ir support/teams.sql
create temp table tokens (name text primary key, token text);
grant all on tokens to public;
create function pg_temp.invite(name text, email text, role text default 'member', expires_in interval default '7 days') returns void
language sql as $$
  insert into tokens select name, i.token from atelier.invite_to_workspace(pg_temp.team(), invite.email, invite.role, invite.expires_in) i
$$;
create function pg_temp.accept(name text) returns text language sql as $$
  select format('select atelier.accept_workspace_invitation(%L)', (select t.token from tokens t where t.name = accept.name)) $$;
grant execute on all functions in schema pg_temp to public;

select policies_are('atelier', 'workspace_invitations', array['owners and admins see invitations'], 'workspace_invitations: read');
select table_privs_are('atelier', 'workspace_invitations', 'anon', array[]::text[], 'workspace_invitations: nothing for anon');
select table_privs_are('atelier', 'workspace_invitations', 'authenticated', array['SELECT'], 'workspace_invitations: only read');
select table_privs_are('atelier_engine', 'invitation_tokens', r, array[]::text[], 'the hashes are not for ' || r)
  from unnest(array['anon', 'authenticated', 'service_role', 'atelier_worker']) r;

-- Inviting.
select pg_temp.sign_in(pg_temp.bob());
select lives_ok($$ select pg_temp.invite('dan', ' Dan@Example.com ') $$, 'an admin invites somebody');
select results_eq($$ select email, role, invited_by, expires_at - created_at > interval '6 days', accepted_at from atelier.workspace_invitations $$,
  $$ values ('dan@example.com', 'member', pg_temp.bob(), true, null::timestamptz) $$, 'the invitation is there');
select matches((select token from tokens), '^[0-9a-f]{64}$', 'its token is long');
select throws_ok($$ select pg_temp.invite('x', 'x@example.com', 'admin') $$, '42501', 'admins invite members only', 'an admin invites no admin');
select throws_ok($$ select pg_temp.invite('x', 'cleo@example.com') $$, 'PT409', 'already in the workspace', 'nor who is in it already');
select throws_ok(format($$ select pg_temp.invite('x', %L) $$, email), '23514', null, 'nor the address ' || email)
  from unnest(array['', 'nobody', 'a@b@c', 'a b@example.com', repeat('a', 320) || '@example.com']) as email;
select throws_ok($$ select pg_temp.invite('x', null) $$, '23502', null, 'nor nobody');
select throws_ok(format($$ select pg_temp.invite('x', 'x@example.com', 'member', %L) $$, expires_in), '22023', 'expires_in is out of range', 'nor for ' || coalesce(expires_in, 'ever'))
  from unnest(array['-1 second', '31 days', null]) as expires_in;
select pg_temp.sign_in(pg_temp.cleo());
select is_empty($$ select from atelier.workspace_invitations $$, 'a member does not see who is invited');
select pg_temp.sign_in(pg_temp.dan());
select is_empty($$ select from atelier.workspace_invitations $$, 'nor does the invited person');
select pg_temp.sign_in(pg_temp.ada());
select throws_ok($$ select pg_temp.invite('x', 'x@example.com', 'owner') $$, '23514', null, 'nobody is invited as owner');
select throws_ok(format($$ update atelier.workspace_invitations set %I = null $$, column_name), '42501', null, 'invitations are not changed by hand: ' || column_name)
  from unnest(array['role', 'email', 'expires_at']) as column_name;
select pg_temp.step_aside();
select is((select count(*) from atelier_engine.invitation_tokens t, tokens
            where t.hash = sha256(convert_to(token, 'UTF8'))), 1::bigint, 'the database has the hash of the token');
select is_empty($$ select from tokens t, atelier.workspace_invitations i, atelier_engine.invitation_tokens h
                    where i::text ~ t.token or h::text ~ t.token $$, 'and not the token');

-- Accepting.
select pg_temp.sign_in(pg_temp.cleo());
select throws_ok(pg_temp.accept('dan'), '42501', 'the invitation is for another address', 'nobody else can accept it');
select pg_temp.become('authenticated', json_build_object('sub', pg_temp.cleo(), 'role', 'authenticated', 'email', 'dan@example.com')::text);
select throws_ok(pg_temp.accept('dan'), '42501', 'the invitation is for another address', 'also not with the address in the request''s token alone');
select pg_temp.sign_out();
select throws_ok(pg_temp.accept('dan'), '42501', null, 'anon cannot accept');
select pg_temp.become('authenticated', '{"role": "authenticated"}');
select throws_ok(pg_temp.accept('dan'), 'PT401', null, 'who is nobody has to sign in');
select pg_temp.sign_in(pg_temp.dan());
select throws_ok(format($$ select atelier.accept_workspace_invitation(%L) $$, token), 'PT404', 'no such invitation', 'a guess opens nothing')
  from unnest(array['', repeat('0', 64), null]) as token;
select results_eq(pg_temp.accept('dan') || ' is not null', array[true], 'the invited person accepts');
select throws_ok(pg_temp.accept('dan'), 'PT404', 'no such invitation', 'once');
select pg_temp.roles_are(array['ada owner', 'bob admin', 'cleo member', 'dan member'], 'and is in the workspace');
select is((select invited_by from atelier.workspace_members where user_id = pg_temp.dan() and workspace_id = pg_temp.team()), pg_temp.bob(), 'invited by who it was');
select pg_temp.step_aside();
select is_empty($$ select from atelier_engine.invitation_tokens $$, 'the hash of a used token is gone');
select results_eq($$ select accepted_by, accepted_at is not null from atelier.workspace_invitations $$, $$ values (pg_temp.dan(), true) $$, 'the invitation tells who accepted it');

-- Replacing, withdrawing, expiring.
insert into auth.users (id, email) values ('00000000-0000-4000-8000-00000000000e', 'eve@example.com');
select pg_temp.sign_in(pg_temp.ada());
select pg_temp.invite('eve, first', 'eve@example.com'), pg_temp.invite('eve, second', 'eve@example.com', 'admin', '1 hour');
select is((select count(*) from atelier.workspace_invitations where email = 'eve@example.com'), 1::bigint, 'a second invitation replaces the first');
select pg_temp.sign_in('00000000-0000-4000-8000-00000000000e');
select throws_ok(pg_temp.accept('eve, first'), 'PT404', 'no such invitation', 'whose token is void');
select throws_ok(format($$ select atelier.revoke_workspace_invitation(%L) $$, id), 'PT404', 'no such workspace', 'a stranger cannot withdraw it')
  from (select pg_temp.step_aside()) s, atelier.workspace_invitations, (select pg_temp.sign_in('00000000-0000-4000-8000-00000000000e')) t where email = 'eve@example.com';
select pg_temp.sign_in(pg_temp.bob());
select lives_ok(format($$ select atelier.revoke_workspace_invitation(%L) $$, (select id from atelier.workspace_invitations where email = 'eve@example.com')), 'an admin withdraws it');
select throws_ok(format($$ select atelier.revoke_workspace_invitation(%L) $$, (select id from atelier.workspace_invitations where accepted_at is not null)),
  'PT404', 'no such open invitation', 'but not what was accepted');
select pg_temp.sign_in('00000000-0000-4000-8000-00000000000e');
select throws_ok(pg_temp.accept('eve, second'), 'PT404', 'no such invitation', 'then it cannot be accepted');
select pg_temp.sign_in(pg_temp.ada());
select pg_temp.invite('eve, third', 'eve@example.com', 'admin');
select pg_temp.step_aside();
update atelier.workspace_invitations set expires_at = now() where email = 'eve@example.com';
select pg_temp.sign_in('00000000-0000-4000-8000-00000000000e');
select throws_ok(pg_temp.accept('eve, third'), 'PT404', 'no such invitation', 'nor when it has expired');
select pg_temp.sign_in(pg_temp.ada());
select pg_temp.invite('eve, fourth', 'eve@example.com', 'admin');
select pg_temp.step_aside();
update atelier.workspaces set is_active = false where id = pg_temp.team();
select pg_temp.sign_in('00000000-0000-4000-8000-00000000000e');
select throws_ok(pg_temp.accept('eve, fourth'), 'PT404', 'no such invitation', 'nor to a deleted workspace');
select pg_temp.step_aside();
update atelier.workspaces set is_active = true where id = pg_temp.team();
insert into atelier.workspace_members (workspace_id, user_id) values (pg_temp.team(), '00000000-0000-4000-8000-00000000000e');
select pg_temp.sign_in('00000000-0000-4000-8000-00000000000e');
select is((atelier.accept_workspace_invitation((select token from tokens where name = 'eve, fourth'))).role, 'member', 'who is in it already keeps the role');

-- An address that the authentication service has not confirmed; the column is its own.
select pg_temp.step_aside();
delete from atelier.workspace_members where user_id = '00000000-0000-4000-8000-00000000000e';
select pg_temp.sign_in(pg_temp.bob());
select pg_temp.invite('eve, fifth', 'eve@example.com');
select pg_temp.step_aside();
alter table auth.users add column email_confirmed_at timestamptz;
select pg_temp.sign_in('00000000-0000-4000-8000-00000000000e');
select throws_ok(pg_temp.accept('eve, fifth'), '42501', 'the invitation is for another address', 'an unconfirmed address proves nothing');
select pg_temp.step_aside();
update auth.users set email_confirmed_at = now() where email = 'eve@example.com';
select pg_temp.sign_in(pg_temp.ada());
select atelier.remove_workspace_member(pg_temp.team(), pg_temp.bob());
select pg_temp.sign_in('00000000-0000-4000-8000-00000000000e');
select throws_ok(pg_temp.accept('eve, fifth'), 'PT404', 'no such invitation', 'what a removed admin left open is withdrawn');

-- Not too many.
select pg_temp.step_aside();
insert into atelier.workspace_invitations (workspace_id, email, expires_at) select pg_temp.team(), n || '@example.com', now() + interval '1 day' from generate_series(1, 100) n;
select pg_temp.sign_in(pg_temp.ada());
select throws_ok($$ select pg_temp.invite('x', 'x@example.com') $$, 'PT409', 'too many open invitations', '100 open invitations are enough');
select lives_ok($$ select pg_temp.invite('again', '1@example.com') $$, 'one of them can be sent again');

select * from finish();
rollback;
