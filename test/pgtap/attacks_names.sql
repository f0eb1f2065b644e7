-- Names of objects that lead out of their folder somewhere: on a disk, in a URL, in a header, or in the eyes of a reader.
begin;
\ir support/people.sql
select pg_temp.ada() || '/' as ada, pg_temp.bob() || '/' as bob \gset

create temp table bad_names (n serial, name text);
insert into bad_names (name) values
  (null), (''), ('/'), ('.'), ('..'), ('../x'), ('/etc/passwd'), ('//host/x'), (:'ada' || '../' || :'bob' || 'x'), (:'ada' || './x'), (:'ada' || 'a/..'), (:'ada' || 'a/../../x'),
  (:'ada' || '/x'), (:'ada'), (:'ada' || 'a//x'),
  -- Backslashes, drives, streams of Windows.
  (:'ada' || '..\x'), (:'ada' || '..\..\x'), ('\\host\share\x'), (:'ada' || 'a\x'),
  -- Encoded once, twice, and overlong.
  (:'ada' || '%2e%2e/x'), (:'ada' || '..%2fx'), (:'ada' || '%2E%2E%2Fx'), (:'ada' || '..%5cx'), (:'ada' || '%252e%252e%252fx'), (:'ada' || '%25252e/x'), (:'ada' || 'x%00.png'),
  (:'ada' || 'x%0d%0aSet-Cookie: a=b'), (:'ada' || '%7f'),
  -- What Unicode makes into dots and slashes.
  (:'ada' || E'\uFF0E\uFF0E/x'), (:'ada' || E'..\uFF0Fx'), (:'ada' || E'\u2025/x'), (:'ada' || E'\u2024\u2024/x'), (:'ada' || E'.\u2024/x'), (:'ada' || E'..\uFF3Cx'), (:'ada' || E'\uFE52\uFE52/x'),
  -- Control characters, and what nobody sees.
  (:'ada' || E'a\nb'), (:'ada' || E'a\rb'), (:'ada' || E'a\tb'), (:'ada' || E'a\x01b'), (:'ada' || E'a\x1Bb'), (:'ada' || E'a\x7Fb'), (:'ada' || E'a\u0085b'), (:'ada' || E'a\u009Bb'),
  (:'ada' || E'a\u2028b'), (:'ada' || E'gnp\u202Eexe.png'), (:'ada' || E'a\u2066b'), (:'ada' || E'a\u200Bb'), (:'ada' || E'a\uFEFFb'), (:'ada' || E'.\u200B./x'), (:'ada' || E'a\u200Fb'),
  (repeat('a', 1025)), (:'ada' || repeat('a/', 600));
create temp table good_names (n serial, name text);
insert into good_names (name) values
  (:'ada' || 'a.png'), (:'ada' || 'a b.png'), (:'ada' || '...png'), (:'ada' || '.hidden'), (:'ada' || '..a/b'), (:'ada' || E'd\u00E9j\u00E0 vu.png'), (:'ada' || E'\u56FE\u7247.png'),
  (:'ada' || E'\U0001F469\u200D\U0001F3A8.png'), (:'ada' || '100%.png'), (:'ada' || '50%25.png'), (:'ada' || 'a:b;c&d?e#f.png'), (:'ada' || 'a''b"c.png'), (:'ada' || repeat('a', 900));
grant select on bad_names to public;
select plan((select count(*)::integer from good_names) + (select 2 * count(*)::integer from bad_names) + 10);

create function pg_temp.outcome(p_name text) returns text language plpgsql as $$
begin
  perform atelier_engine.create_object('avatars', p_name, null, 'image/png', 0, sha256(''));
  return 'taken';
exception when others then
  return sqlstate || ' ' || sqlerrm;
end $$;
select is(pg_temp.outcome(name), '22023 object name is not valid', 'refused: ' || coalesce(left(to_json(name)::text, 90), 'null')) from bad_names order by n;
select is(pg_temp.outcome(name), 'taken', 'taken: ' || left(to_json(name)::text, 90)) from good_names order by n;
select throws_ok(format('select atelier_engine.move_object(''avatars'', %L, ''avatars'', %L, null)', :'ada' || 'a.png', :'ada' || '../x'), '22023', null, 'nor can an object be moved there');
select throws_ok(format('select atelier_engine.copy_object(''avatars'', %L, ''avatars'', %L, null)', :'ada' || 'a.png', :'ada' || '%2e%2e/x'), '22023', null, 'nor copied');

-- Reading: a name is compared, and nothing is made of it.
select pg_temp.store('workspace-temp', :'bob' || 'j/0.png', pg_temp.bob(), 'image/png', 'picture of Bob') \g /dev/null
select pg_temp.sign_in(pg_temp.ada()) \g /dev/null
select throws_ok(format('select atelier.object_bytes(%L, %L)', bucket, name), 'PT404', null, 'nothing is read at ' || bucket || ' ' || name) from (values
  ('workspace-temp', :'bob' || 'j/0.png'), ('workspace-temp', :'ada' || '../' || :'bob' || 'j/0.png'), ('workspace-temp', :'ada' || '%2e%2e/' || :'bob' || 'j/0.png'),
  ('workspace-temp', '%'), ('avatars/../workspace-temp', :'bob' || 'j/0.png'), ('avatars', '../workspace-temp/' || :'bob' || 'j/0.png'), ('..', 'x'), ('', '')) n (bucket, name);
select throws_ok(format('select atelier.object(''workspace-temp'', %L)', name), 'PT404', null, 'nor sent: ' || coalesce(left(to_json(name)::text, 90), 'null')) from bad_names order by n;
select * from finish();
rollback;
