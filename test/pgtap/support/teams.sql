-- A workspace with everybody in it. Included after people.sql.
create function pg_temp.cleo() returns uuid language sql immutable as
  $$ select '00000000-0000-4000-8000-00000000000c'::uuid $$;
create function pg_temp.dan() returns uuid language sql immutable as
  $$ select '00000000-0000-4000-8000-00000000000d'::uuid $$;
create function pg_temp.team() returns uuid language sql immutable as
  $$ select '00000000-0000-4000-8000-00000000abcd'::uuid $$;
create function pg_temp.others() returns uuid language sql immutable as
  $$ select '00000000-0000-4000-8000-00000000dcba'::uuid $$;
insert into auth.users (id, email) values (pg_temp.cleo(), 'cleo@example.com'), (pg_temp.dan(), 'dan@example.com');

-- Ada owns it, Bob is admin, Cleo a member; Dan has one of his own.
insert into atelier.workspaces (id, name, slug, created_by)
values (pg_temp.team(), 'Team', 'team', pg_temp.ada()), (pg_temp.others(), 'Others', 'others', pg_temp.dan());
insert into atelier.workspace_members (workspace_id, user_id, role, joined_at)
values (pg_temp.team(), pg_temp.ada(), 'owner', now() - interval '3 days'),
       (pg_temp.team(), pg_temp.bob(), 'admin', now() - interval '1 day'),
       (pg_temp.team(), pg_temp.cleo(), 'member', now() - interval '2 days'),
       (pg_temp.others(), pg_temp.dan(), 'owner', now());

create function pg_temp.roles() returns text[] language sql as $$
  select array_agg(p.username || ' ' || m.role order by p.username)
    from atelier.workspace_members m join atelier.profiles p on p.id = m.user_id where m.workspace_id = pg_temp.team()
$$;
-- As superuser, whoever is signed in.
create function pg_temp.roles_are(expected text[], description text) returns text language plpgsql as $$
declare
  role_before constant text := current_setting('role');
  result text;
begin
  perform set_config('role', 'none', true);
  result := is(pg_temp.roles(), expected, description);
  perform set_config('role', role_before, true);
  return result;
end $$;
