-- Forged claims: whatever a token says, it makes nobody of the caller, or the one person that all parts of the database
-- agree on; never somebody else, never more rights than the role of the session, never an error.
begin;
select plan(66);
\ir support/people.sql
select pg_temp.ada() as ada, pg_temp.bob() as bob, pg_temp.root() as root \gset

create temp table forged (n serial, claims text);
insert into forged (claims) values
  -- No JSON, or no object.
  ('{'), ('}'), ('{"sub"'), ('{"sub":}'), ('{sub: "' || :'ada' || '"}'), ('{''sub'': ''' || :'ada' || '''}'), ('"' || :'ada' || '"'), ('["' || :'ada' || '"]'),
  ('1'), ('true'), ('null'), (:'ada'), ('{"sub": "' || :'ada' || '"} '  || '{}'), ('{"sub": "' || :'ada' || '"},'), ('/**/{"sub": "' || :'ada' || '"}'),
  (E'\uFEFF' || '{"sub": "' || :'ada' || '"}'), ('{"sub": "' || :'ada' || '",}'), ('{"sub": "' || :'ada' || '", "exp": NaN}'),
  -- Not text.
  ('{"sub": 1}'), ('{"sub": null}'), ('{"sub": true}'), ('{"sub": {"sub": "' || :'ada' || '"}}'), ('{"sub": ["' || :'ada' || '"]}'), ('{"claims": {"sub": "' || :'ada' || '"}}'),
  -- Almost an id.
  ('{"sub": ""}'), ('{"sub": " ' || :'ada' || '"}'), ('{"sub": "' || :'ada' || '\n"}'), ('{"sub": "' || :'ada' || '\u0000"}'), ('{"sub": "{' || :'ada' || '}"}'),
  ('{"sub": "' || replace(:'ada', '-', '') || '"}'), ('{"sub": "' || replace(:'ada', '-', E'\u2010') || '"}'), ('{"sub": "' || replace(:'ada', '0', E'\uFF10') || '"}'),
  ('{"sub": "' || :'ada' || '", "x": "\ud800"}'), ('{"Sub": "' || :'ada' || '"}'), ('{"sub ": "' || :'ada' || '"}'), ('{"sub\u0000": "' || :'ada' || '"}'),
  -- Of a repeated key the last one counts, however it is written.
  ('{"sub": "' || :'ada' || '", "sub": 7}'), ('{"sub": "' || :'ada' || '", "\u0073ub": null}'),
  -- What the database could not keep as jsonb, and what is too much.
  ('{"sub": "' || :'ada' || '", "n": 1e-20000}'), ('{"sub": "' || :'ada' || '", "n": 0e-20000}'), ('{"sub": "' || :'ada' || '", "n": 1e200000}'),
  ('{"sub": "' || :'ada' || '", "a": ' || repeat('[', 100000) || repeat(']', 100000) || '}'), ('{"sub": "' || :'ada' || '", "a": ' || repeat('{"a": ', 5000) || '1' || repeat('}', 5000) || '}'),
  (repeat('[', 1000000)), ('{"sub": "' || repeat('a', 5000000) || '"}');
grant select on forged to public;

create function pg_temp.who_is(p_claims text) returns text language plpgsql as $$
declare
  answer text;
begin
  perform pg_temp.become('authenticated', p_claims);
  answer := concat_ws(' ', auth.uid(), (select count(*) from atelier.profiles), (select count(*) from atelier.user_roles), (select count(*) from storage.objects));
  perform auth.role(), auth.email(), auth.jwt();
  perform pg_temp.step_aside();
  return answer;
end $$;
-- Nobody: no id, and no row of anybody.
select is(pg_temp.who_is(claims), '0 0 0', 'nobody is ' || to_json(case when length(claims) > 70 then left(claims, 60) || '…' || length(claims) else claims end)) from forged order by n;

-- Two people in one token: everybody agrees on one of them.
select pg_temp.become('authenticated', '{"sub": "' || :'bob' || '", "sub": "' || :'ada' || '"}') \g /dev/null
select is(auth.uid()::text, auth.jwt() ->> 'sub', 'of two people in a token functions and JSON name the same one');
select results_eq('select id from atelier.profiles', array[:'ada'::uuid], 'whose rows are there');
select pg_temp.become('authenticated', '{"sub": "' || :'ada' || '", "big": "' || repeat('x', 20000000) || '"}') \g /dev/null
select is(auth.uid(), :'ada', 'many megabytes of claims are read');

-- Claims give no right that the role of the database has not.
select pg_temp.become('authenticated', format('{"sub": "%s", "role": "service_role"}', :'ada')) \g /dev/null
select throws_ok(call, '42501', null, 'a token that says service_role does not make it so: ' || call) from unnest(array[
  'select atelier.adopt_instance()', 'select atelier.set_provider_token(''atelier-runner'', ''x'')', 'select atelier.doctor()',
  format('select atelier.log_user_activity(%L, ''x'')', :'bob'), 'select atelier.queue_job(''x'', priority => 1)', 'select * from atelier.worker_status',
  'select * from auth.users', 'select atelier.cleanup_expired_workspace_assets()']) call;
select is((select count(*) from atelier.profiles), 1::bigint, 'nor show more rows');
select pg_temp.become('anon', format('{"sub": "%s", "role": "authenticated"}', :'root')) \g /dev/null
select throws_ok(call, '42501', null, 'nor does the name of an administrator in the session of anon: ' || call) from unnest(array[
  'select * from atelier.profiles', 'select atelier.queue_job(''x'')', format('select atelier.has_role(%L, ''admin'')', :'root')]) call;

-- But a role claim takes rights away.
select pg_temp.become('service_role', format('{"sub": "%s", "role": "authenticated"}', :'ada')) \g /dev/null
select throws_ok(format('select atelier.log_user_activity(%L, ''x'')', :'bob'), '42501', 'you may act only for yourself', 'a user''s token in the session of the service role is a user''s');
select pg_temp.become('service_role', format('{"sub": "%s", "role": ["service_role"]}', :'ada')) \g /dev/null
select lives_ok('select atelier.adopt_instance()', 'a role claim that is no text counts as none: the role of the database remains');
select pg_temp.become('service_role', '{"role": "Service_Role"}') \g /dev/null
select throws_ok('select atelier.adopt_instance()', '42501', null, 'roles are compared to the letter');

-- The settings of one claim each are no way around whole claims.
select pg_temp.become('authenticated', '{"sub": "not an id"}') \g /dev/null
select set_config('request.jwt.claim.sub', :'bob', true), set_config('request.jwt.claim.role', 'service_role', true) \g /dev/null
select is(auth.uid(), null, 'the claims of older versions do not stand in for malformed ones');
select is(auth.role(), null, 'nor for absent ones');
select pg_temp.step_aside() \g /dev/null

-- Looking like a restore switches no trigger off, not even for the back end.
select pg_temp.sign_in_as_service() \g /dev/null
set local check_function_bodies = off;
set local row_security = off;
insert into auth.users (id, email) values ('00000000-0000-4000-8000-0000000000aa', 'mallory@example.com');
reset row_security;
reset check_function_bodies;
select results_eq($$ select username from atelier.profiles where id = '00000000-0000-4000-8000-0000000000aa' $$, array['mallory'],
  'whoever sets what pg_restore sets restores nothing');

select * from finish();
rollback;
