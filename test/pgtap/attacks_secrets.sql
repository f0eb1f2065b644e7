-- Reading what is not one's own, by every side door: views, leaky functions and operators, plans, statistics, error
-- messages, functions that run SQL or show files. What is planted here must turn up nowhere.
begin;
\ir support/jobs.sql
\ir support/rls_rows.sql
create role atelier_test_authenticator login noinherit;
grant anon, authenticated, service_role to atelier_test_authenticator;

-- Alice's things say "planted"; the provider's secret, which is nobody's, says "sk-planted".
select pg_temp.become('service_role') \g /dev/null
select atelier.set_provider_token('spare', 'sk-planted-secret') \g /dev/null
select pg_temp.sign_out() \g /dev/null
update auth.users set email = 'planted@example.org', raw_user_meta_data = '{"a": "planted"}' where id = :alice;
update atelier.profiles set username = 'planted name' where id = :alice;
update atelier.jobs set original_prompt = 'planted prompt', metadata = '{"a": "planted"}';
update atelier.generations set prompt = 'planted prompt';
update atelier.workspace_assets set original_prompt = 'planted prompt';
update atelier.workspace_sessions set session_name = 'planted session';
update atelier.user_collections set name = 'planted collection';
update atelier.user_library set original_prompt = 'planted prompt', custom_title = 'planted title' where visibility = 'private';
update atelier.characters set name = 'planted character', system_prompt = 'planted system prompt' where not is_public or content_rating = 'nsfw';
update atelier.character_scenes set scene_prompt = 'planted scene prompt';
update atelier.projects set original_prompt = 'planted project';
update atelier.scenes set description = 'planted scene' where not is_public or content_rating = 'nsfw';
update atelier.user_activity_log set action = 'planted action';
update atelier.workspaces set name = 'planted workspace', description = 'planted';
update atelier.workspace_invitations set email = 'planted@example.org';
update atelier.api_keys set name = 'planted key';
update atelier_engine.attempts set error_message = 'planted error';
update atelier.endpoints set base_url = 'http://planted.example/v1' where adapter <> 'pull';
update atelier_engine.object_chunks set bytes = 'planted bytes';
analyze atelier.jobs, atelier.profiles, atelier.user_library, auth.users, atelier.endpoints, atelier_engine.provider_secrets;

create temp table relations as
select c.oid, c.oid::regclass::text as name from pg_class c
 where c.relnamespace in ('atelier'::regnamespace, 'storage'::regnamespace, 'auth'::regnamespace, 'atelier_engine'::regnamespace) and c.relkind in ('r', 'v');
create temp table readable as
select r.name, a.attname, a.atttypid::regtype as type from relations r join pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped;
create temp table seen (what text);
create sequence leaks;
grant select on relations, readable to public;
grant all on seen, leaks to public;

-- Functions and operators that tell what they are given, cheaper than any condition of a policy.
create function pg_temp.leak(value text) returns boolean language plpgsql cost 0.0000001 as $$
begin
  insert into seen values (value);
  return true;
end $$;
create function pg_temp.leak_both(a text, b text) returns boolean language plpgsql cost 0.0000001 as $$
begin
  insert into seen values (a), (b);
  return true;
end $$;
create operator pg_temp.<<<>>> (leftarg = text, rightarg = text, function = pg_temp.leak_both);
-- Everything that a statement says: its rows, or its error with detail and context.
create function pg_temp.said(p_sql text) returns text language plpgsql as $$
declare
  rows text;
  message text;
  detail text;
  hint text;
  context text;
begin
  execute format('select string_agg(t::text, E''\n'') from (%s) t', p_sql) into rows;
  return rows;
exception when others then
  get stacked diagnostics message = message_text, detail = pg_exception_detail, hint = pg_exception_hint, context = pg_exception_context;
  return concat_ws(' | ', sqlstate, message, detail, hint);
end $$;
create function pg_temp.plan_of(p_sql text) returns text language plpgsql as $$
declare
  line text;
  plan text := '';
begin
  for line in execute 'explain (analyze, verbose, costs, settings, buffers, timing off) ' || p_sql loop
    plan := plan || line || E'\n';
  end loop;
  return plan;
exception when others then
  return sqlstate || sqlerrm;
end $$;
grant execute on all functions in schema pg_temp to public;

select plan(27);
-- Control: what is planted is there, and the tools find it.
select matches(pg_temp.said('select * from atelier.jobs'), 'planted', 'control: the superuser reads it');
select pg_temp.leak(original_prompt) from atelier.jobs \g /dev/null
select isnt_empty('select from seen where what ~ ''planted''', 'control: what leaks is seen');
delete from seen;

set local session authorization atelier_test_authenticator;
set local role authenticated;
select set_config('request.jwt.claims', json_build_object('sub', :bob, 'role', 'authenticated')::text, true) \g /dev/null

-- Bob, with every table and view.
select is_empty($$ select name from relations where pg_temp.said('select * from ' || name) ~ 'planted' $$, 'no table or view shows what is not his');
select is_empty($$ select name from relations where pg_temp.said('select count(*) from ' || name || ' r where pg_temp.leak(r::text)') ~ 'planted' $$, 'nor to a leaky condition');
select is_empty($$ select name, attname from readable where type in ('text', 'varchar', 'jsonb', 'uuid', 'bytea')
  and pg_temp.said(format('select 1 from %s where pg_temp.leak(%I::text) and %2$I::text operator(pg_temp.<<<>>>) ''x''', name, attname)) ~ 'planted' $$, 'nor to one for each column');
select lives_ok($$ select pg_temp.said(format('select 1 from %s a join %1$s b on a::text operator(pg_temp.<<<>>>) b::text', name)) from relations $$, 'joins are tried');
select lives_ok($$ select pg_temp.said(format('select 1 from %s a order by pg_temp.leak(a::text)', name)) from relations $$, 'sorts are tried');
select is_empty($$ select what from seen where what ~ 'planted' $$, 'and no function or operator was given any of it');
-- A cast that fails says what it was given.
select is_empty($$ select name, attname from readable where pg_temp.said(format('select 1 from %s where (%I::text)::integer > 0', name, attname)) ~ 'planted' $$, 'nor does a cast that fails');
select is_empty($$ select name, attname from readable where pg_temp.said(format('select (xpath(''/a'', %2$I::text::xml))[1]::text from %1$s', name, attname)) ~ 'planted' $$, 'nor a parser');
-- Plans show conditions and counts, not rows.
select is_empty($$ select name from relations where pg_temp.plan_of('select * from ' || name) ~ 'planted' $$, 'no plan shows it');
select is_empty($$ select name from relations where pg_temp.plan_of(format('select * from %s r where pg_temp.leak(r::text)', name)) ~ 'planted' $$, 'nor one that is carried out with a leaky condition');
select is_empty('select what from seen where what ~ ''planted''', 'whose function sees nothing');
-- The rows are filtered before the caller's own condition is asked, by the same filter or by an index.
select matches(pg_temp.plan_of('select * from atelier.jobs where pg_temp.leak(original_prompt)'), 'user_id <= .*pg_temp\.leak', 'the policy comes first, then the condition');
-- Statistics.
select is_empty($$ select from pg_stats where schemaname in ('atelier', 'auth', 'storage', 'atelier_engine') and concat(most_common_vals, histogram_bounds) ~ 'planted' $$, 'statistics show nothing');
select throws_ok('select * from pg_statistic', '42501', null, 'nor their table');
-- Errors of keys and constraints.
select unalike(pg_temp.said($$ select atelier.create_workspace('x', slug => 'shapes') $$), '%planted%', 'a slug that is taken does not say by whom');
create temp table errors as select * from (values
  (format('update atelier.user_library set collection_id = %L', :'collection')), ('update atelier.user_library set collection_id = gen_random_uuid()'),
  ('insert into atelier.user_collections (name) values (null)'), ('update atelier.profiles set username = ''planted name''')) e (statement);
create function pg_temp.error_text(p_sql text) returns text language plpgsql as $$
declare
  detail text;
begin
  execute p_sql;
  return '';
exception when others then
  get stacked diagnostics detail = pg_exception_detail;
  return concat_ws(' | ', sqlstate, sqlerrm, detail);
end $$;
select unalike(pg_temp.error_text(statement), '%(%planted%', 'an error names no value of others: ' || statement) from errors;

-- Functions that run SQL or read what they are told to, with tables that he may not name.
select is_empty($$ select call from unnest(array[
    'select table_to_xml(c.oid, true, false, '''') from pg_class c where c.relname = ''provider_secrets''',
    'select query_to_xml(''select * from atelier_engine.provider_secrets'', true, false, '''')', 'select database_to_xml(true, false, '''')', 'select schema_to_xml(''atelier'', true, false, '''')',
    'select ts_stat(''select to_tsvector(secret) from atelier_engine.provider_secrets'')', 'select cursor_to_xml(''x'', 1, true, false, '''')',
    'table atelier_engine.provider_secrets', 'table atelier_engine.api_key_hashes', 'select pg_read_file(''pg_hba.conf'')', 'table pg_shadow', 'table pg_hba_file_rules', 'table pg_file_settings',
    'select setting from pg_settings where name like ''atelier.%path%''', 'select current_setting(''atelier.peers'')']) call
  where pg_temp.said(call) ~ 'planted|/bin|replicator' $$, 'no function of the server shows it');
select throws_ok(format('select current_setting(%L)', name), '42501', null, 'nor settings of the server: ' || name)
  from unnest(array['atelier.peers', 'atelier.courier_path', 'atelier.runner_socket_directory']) name;

-- Anon sees nothing of it either; the service role everything but secrets.
set local role anon;
select set_config('request.jwt.claims', '', true) \g /dev/null
select is_empty($$ select name from relations where pg_temp.said('select * from ' || name) ~ 'planted' $$, 'anon sees nothing of it');
set local role service_role;
select is_empty($$ select name from relations where pg_temp.said('select * from ' || name) ~ 'sk-planted' $$, 'the service role sees no secret');
reset session authorization;
select * from finish();
rollback;
