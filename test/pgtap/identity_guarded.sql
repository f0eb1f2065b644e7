-- Balance, role, tier and verification are the back end's: no client sets them, by no path.
begin;
select plan(47);
\ir support/people.sql
\ir support/teams.sql

-- Wherever a column of such a name turns up.
select set_eq($$
  select format('%s may %s %s.%s', r, lower(v), c.oid::regclass, a.attname)
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped,
         unnest(array['anon', 'authenticated']) r, unnest(array['INSERT', 'UPDATE']) v
   where c.relnamespace in ('atelier'::regnamespace, 'atelier_engine'::regnamespace, 'auth'::regnamespace)
     and c.relkind in ('r', 'p', 'v')
     and a.attname ~ '(balance|credits|tokens|role|tier|plan|subscription|verified|verification|moderation|admin|is_active|email|telegram|cost|revoked|expires|(asset|likes|interaction|portrait|usage)_count|_status$|^status$)'
     and has_column_privilege(r, c.oid, a.attnum, v) and c.relname !~ '^(admin_|api_|endpoints$|provider_|model_|prompt_templates$|negative_prompts$|enhancement_presets$|compel_configs$|content_terms$|moderation_)' $$,
  -- The status of a conversation is a word of the app's, and its memory tier how much the model is told; a role is whom a
  -- character stands for, and whom the user plays in a scene.
  array['authenticated may insert atelier.user_roles.role', 'authenticated may update atelier.user_roles.role',
        'authenticated may insert atelier.conversations.status', 'authenticated may update atelier.conversations.status',
        'authenticated may insert atelier.conversations.memory_tier', 'authenticated may update atelier.conversations.memory_tier',
        'authenticated may insert atelier.characters.role', 'authenticated may update atelier.characters.role',
        -- To save an item.
        'authenticated may update atelier.workspace_items.status',
        'authenticated may insert atelier.scenes.suggested_user_role', 'authenticated may update atelier.scenes.suggested_user_role'],
  'clients may write no guarded column, but administrators roles, and owners what they say of conversations');
select is_empty($$
  select format('%s may %s %s', r, lower(v), t) from unnest(array['anon', 'authenticated']) r, unnest(array['INSERT', 'DELETE', 'TRUNCATE']) v,
    unnest(array['atelier.profiles', 'atelier.users', 'atelier.user_profiles', 'atelier.workspaces', 'atelier.workspace_members',
                 'atelier.workspace_invitations', 'atelier.api_keys', 'auth.users', 'atelier.jobs', 'atelier.generations', 'atelier.events']) t
   where has_table_privilege(r, t, v) $$, 'nor make, delete or empty what belongs to them');
select set_eq($$
  select format('%s.%s', c.oid::regclass, p.polname) from pg_policy p join pg_class c on c.oid = p.polrelid
   where c.relname in ('profiles', 'user_roles', 'workspaces', 'workspace_members', 'api_keys') and p.polcmd <> 'r' $$,
  array['atelier.profiles.people and administrators change profiles', 'atelier.user_roles.administrators grant roles',
        'atelier.user_roles.administrators change roles', 'atelier.user_roles.administrators withdraw roles',
        'atelier.workspaces.owners and admins change their workspaces'], 'no other policy lets anybody write there');

-- Tried out.
create temp table attacks (n serial, attack text);
insert into attacks (attack)
select format('update %s set %I = %s', v.relation, v.column_name, v.value) from (values
  ('atelier.profiles', 'token_balance', '1000000'), ('atelier.profiles', 'subscription_status', '''pro'''), ('atelier.profiles', 'age_verified', 'true'),
  ('atelier.profiles', 'age_verification_date', 'now()'), ('atelier.profiles', 'is_active', 'true'), ('atelier.profiles', 'telegram_username', '''x'''),
  ('atelier.profiles', 'id', '''00000000-0000-4000-8000-0000000000ff'''),
  ('atelier.users', 'credits', '1000000'), ('atelier.users', 'role', '''admin'''), ('atelier.users', 'email', '''root@example.com'''),
  ('atelier.users', 'is_active', 'true'), ('atelier.users', 'telegram_username', '''x'''),
  ('atelier.user_profiles', 'subscription_status', '''pro'''), ('atelier.user_profiles', 'email', '''root@example.com'''),
  ('atelier.workspace_members', 'role', '''owner'''), ('atelier.workspaces', 'is_active', 'true'), ('atelier.workspaces', 'created_by', 'null'),
  ('atelier.generations', 'cost_credits', '0'), ('atelier.jobs', 'priority', '1000'), ('atelier.jobs', 'moderation_status', '''approved'''),
  ('atelier.api_keys', 'scopes', '''{*}'''), ('auth.users', 'email', '''root@example.com''')) v (relation, column_name, value)
union all select unnest(array[
  $$ insert into atelier.profiles (id, token_balance) values (pg_temp.ada(), 1000000) on conflict (id) do update set token_balance = excluded.token_balance $$,
  $$ insert into atelier.profiles (id, username) values (pg_temp.ada(), 'ada') on conflict (id) do update set token_balance = 1000000 $$,
  $$ merge into atelier.profiles p using (select pg_temp.ada() as id) s on p.id = s.id when matched then update set token_balance = 1000000 $$,
  $$ update atelier.profiles set (username, token_balance) = ('ada', 1000000) $$,
  $$ update atelier.profiles p set token_balance = r.token_balance from json_populate_record(null::atelier.profiles, '{"token_balance": 1000000}') r $$,
  $$ insert into atelier.profiles select * from json_populate_record(null::atelier.profiles, '{"id": "00000000-0000-4000-8000-00000000000a"}') $$,
  $$ insert into atelier.user_roles (user_id, role) values (pg_temp.ada(), 'admin') $$,
  $$ insert into atelier.user_roles (user_id, role) values (pg_temp.ada(), 'basic_user') on conflict (user_id, role) do update set role = 'admin' $$,
  $$ insert into atelier.workspace_members (workspace_id, user_id, role) values (pg_temp.team(), pg_temp.ada(), 'owner') $$,
  $$ insert into auth.users (email, raw_user_meta_data) values ('new@example.com', '{}') $$,
  $$ delete from atelier.profiles $$,
  $$ truncate atelier.user_roles $$,
  $$ alter table atelier.profiles disable row level security $$,
  $$ create trigger mine before update on atelier.profiles for each row execute function pg_temp.mine() $$,
  $$ set local session_replication_role = replica $$,
  $$ set local role service_role $$]);
grant select on attacks to public;
create temp table before as select p.*, (select array_agg(r.role order by r.role) from atelier.user_roles r where r.user_id = p.id) as roles from atelier.profiles p;
create role atelier_test_authenticator login noinherit;
grant anon, authenticated to atelier_test_authenticator;
set local session authorization atelier_test_authenticator;
set local role authenticated;
select set_config('request.jwt.claims', json_build_object('sub', pg_temp.ada(), 'role', 'authenticated')::text, true);
-- A computed column of a view is nobody's to write.
select throws_ok(attack, case when attack ~ 'users set role|(users|user_profiles) set email' and attack !~ 'auth' then '0A000' else '42501' end,
                 null, 'refused: ' || btrim(attack)) from attacks order by n;
reset session authorization;

-- At sign-up a person says what he likes.
select pg_temp.step_aside();
insert into auth.users (id, email, raw_user_meta_data)
values ('00000000-0000-4000-8000-0000000000aa', 'mallory@example.com',
        '{"username": "mallory", "role": "admin", "roles": ["admin"], "token_balance": 1000000, "credits": 1000000, "subscription_status": "pro", "age_verified": true,
          "birth_date": "1980-01-01", "is_active": true, "telegram_username": "root", "id": "00000000-0000-4000-8000-0000000000ff"}');
select results_eq($$ select username, token_balance, subscription_status, age_verified, birth_date, telegram_username from atelier.profiles
    where id = '00000000-0000-4000-8000-0000000000aa' $$, $$ values ('mallory', 100, 'inactive', false, null::date, null::text) $$, 'at sign-up only the name is taken from him');
select results_eq($$ select role::text from atelier.user_roles where user_id = '00000000-0000-4000-8000-0000000000aa' $$, array['basic_user'], 'and no role');
select is_empty($$ select p.*, (select array_agg(r.role order by r.role) from atelier.user_roles r where r.user_id = p.id) from atelier.profiles p
    where p.id <> '00000000-0000-4000-8000-0000000000aa' except select * from before $$, 'after all that nothing has changed');

-- Claims say who somebody is, and nothing else.
select pg_temp.become('authenticated', json_build_object('sub', pg_temp.ada(), 'role', 'admin', 'app_role', 'admin', 'is_admin', true,
  'app_metadata', json_build_object('role', 'admin'), 'user_metadata', json_build_object('role', 'admin'))::text);
select is((select count(*) from atelier.profiles), 1::bigint, 'claims make nobody an administrator');
select ok(not atelier.has_role(pg_temp.ada(), 'admin'), 'nor does the role claim');
select throws_ok($$ select atelier.doctor() $$, '42501', null, 'nor the service role');

select * from finish();
rollback;
