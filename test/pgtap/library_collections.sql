-- Collections: private, and their counts are right whatever happens to the library.
begin;
select plan(39);
\ir support/people.sql

select policies_are('atelier', 'user_collections', array['people see their own collections', 'people make their own collections',
  'people rename their own collections', 'people delete their own collections'], 'collections: one policy per verb');
select table_privs_are('atelier', 'user_collections', 'anon', array[]::text[], 'collections: nothing for anon');
select table_privs_are('atelier', 'user_collections', 'authenticated', array['SELECT', 'DELETE'],
  'collections: rows are seen and deleted');
select is(
  (select array_agg(a.attname::text order by a.attname) from pg_attribute a
    where a.attrelid = 'atelier.user_collections'::regclass and a.attnum > 0
      and has_column_privilege('authenticated', a.attrelid, a.attnum, 'update')),
  array['description', 'name'], 'collections: two columns can be written');

create function pg_temp.collection(name text) returns uuid language sql stable as
  $$ select c.id from atelier.user_collections c where c.name = collection.name $$;
-- What the counts say; they must always say what is true.
create function pg_temp.counts() returns table (name text, says integer, holds integer) language sql stable as $$
  select c.name, c.asset_count, (select count(*)::integer from atelier.user_library l where l.collection_id = c.id)
    from atelier.user_collections c order by c.name $$;
create function pg_temp.keep(how_many integer, collection_id uuid, owner uuid default pg_temp.ada()) returns void
language sql as $$
  insert into atelier.user_library (user_id, asset_type, storage_path, file_size_bytes, mime_type, original_prompt, model_used,
                                    collection_id)
  select owner, 'image', format('%s/%s.png', owner, atelier.uuid7()), 1, 'image/png', 'p', 'm', keep.collection_id
    from generate_series(1, how_many) $$;

select pg_temp.sign_in(pg_temp.ada());
select lives_ok($$ insert into atelier.user_collections (name) values ('A'), ('B') $$, 'Ada makes collections');
select results_eq($$ select user_id, asset_count from atelier.user_collections $$,
  $$ values (pg_temp.ada(), 0), (pg_temp.ada(), 0) $$, 'they are hers, and empty');
select throws_ok($$ insert into atelier.user_collections (user_id, name) values (pg_temp.bob(), 'x') $$, '42501', null,
  'Ada makes no collection for Bob');
select throws_ok($$ insert into atelier.user_collections (name, asset_count) values ('x', 7) $$, '42501', null,
  'Ada counts nothing herself');
select throws_ok($$ update atelier.user_collections set asset_count = 7 $$, '42501', null, 'Ada changes no count');
select throws_ok($$ update atelier.user_collections set user_id = pg_temp.bob() $$, '42501', null, 'Ada gives none away');
select throws_ok($$ insert into atelier.user_collections (name) values ('') $$, '23514', null, 'a collection has a name');
select lives_ok($$ update atelier.user_collections set description = 'all of them' where name = 'A' $$, 'Ada describes one');

select pg_temp.sign_in(pg_temp.bob());
insert into atelier.user_collections (name) values ('Bob');
select results_eq($$ select name from atelier.user_collections $$, array['Bob'], 'Bob sees his own only');
update atelier.user_collections set name = 'taken over';
delete from atelier.user_collections;
select pg_temp.step_aside();
select set_eq($$ select name from atelier.user_collections $$, array['A', 'B'], 'Bob changes and deletes his own only');
insert into atelier.user_collections (user_id, name) values (pg_temp.bob(), 'Bob');

select pg_temp.keep(1, pg_temp.collection('A'));
select results_eq($$ select * from pg_temp.counts() $$, $$ values ('A', 1, 1), ('B', 0, 0), ('Bob', 0, 0) $$, 'one is filed');
select pg_temp.keep(1000, pg_temp.collection('A'));
select pg_temp.keep(3, pg_temp.collection('B'));
select pg_temp.keep(2, null);
select results_eq($$ select * from pg_temp.counts() $$, $$ values ('A', 1001, 1001), ('B', 3, 3), ('Bob', 0, 0) $$,
  'a thousand are filed at once, some not at all');

select pg_temp.sign_in(pg_temp.ada());
update atelier.user_library set collection_id = pg_temp.collection('B')
 where id in (select id from atelier.user_library where collection_id = pg_temp.collection('A') limit 400);
select results_eq($$ select * from pg_temp.counts() $$, $$ values ('A', 601, 601), ('B', 403, 403) $$, 'many are moved');
update atelier.user_library
   set collection_id = case when collection_id = pg_temp.collection('A') then pg_temp.collection('B')
                            else pg_temp.collection('A') end;
select results_eq($$ select * from pg_temp.counts() $$, $$ values ('A', 405, 405), ('B', 601, 601) $$,
  'all change places at once, and the loose ones are filed');
update atelier.user_library set collection_id = null
 where id in (select id from atelier.user_library where collection_id = pg_temp.collection('B') limit 1);
select results_eq($$ select * from pg_temp.counts() $$, $$ values ('A', 405, 405), ('B', 600, 600) $$, 'one is taken out');
update atelier.user_library set collection_id = collection_id, is_favorite = true;
select results_eq($$ select * from pg_temp.counts() $$, $$ values ('A', 405, 405), ('B', 600, 600) $$,
  'a change that moves nothing counts nothing');
delete from atelier.user_library where id in (
  select id from atelier.user_library where collection_id = pg_temp.collection('A') limit 5);
select results_eq($$ select * from pg_temp.counts() $$, $$ values ('A', 400, 400), ('B', 600, 600) $$, 'some are deleted');
update atelier.user_library set collection_id = pg_temp.collection('A') where false;
delete from atelier.user_library where false;
select results_eq($$ select * from pg_temp.counts() $$, $$ values ('A', 400, 400), ('B', 600, 600) $$, 'nothing is nothing');

select pg_temp.step_aside();
select throws_ok($$ update atelier.user_library set collection_id = pg_temp.collection('Bob') where collection_id is not null $$,
  '23503', null, 'nobody files into the collection of somebody else, the owner of the database included');
select pg_temp.sign_in(pg_temp.ada());
select throws_ok($$ update atelier.user_library set collection_id = atelier.uuid7() $$, '23503', null, 'an unknown collection');
select results_eq($$ select * from pg_temp.counts() $$, $$ values ('A', 400, 400), ('B', 600, 600) $$, 'what failed counts nothing');

-- A dump has the counts, then the assets: in one statement with COPY, in many with --inserts.
select pg_temp.step_aside();
create temporary table dumped as select * from atelier.user_library where collection_id = pg_temp.collection('A');
delete from atelier.user_library where collection_id = pg_temp.collection('A');
update atelier.user_collections set asset_count = 400 where name = 'A';
set local row_security = off;
set local check_function_bodies = off;
insert into atelier.user_library select * from dumped;
select is((select asset_count from atelier.user_collections where name = 'A'), 400, 'restored at once the count is the same');
delete from atelier.user_library where collection_id = pg_temp.collection('A');
update atelier.user_collections set asset_count = 400 where name = 'A';
do $$
declare
  asset atelier.user_library;
begin
  for asset in select * from dumped loop
    insert into atelier.user_library values (asset.*);
  end loop;
end;
$$;
select is((select asset_count from atelier.user_collections where name = 'A'), 400, 'restored one by one it is the same');
set local row_security = on;
set local check_function_bodies = on;

select pg_temp.sign_in(pg_temp.ada());
select lives_ok($$ delete from atelier.user_collections where name = 'A' $$, 'Ada deletes a collection');
select is((select count(*) from atelier.user_library), 1001::bigint, 'its assets stay');
select is((select count(*) from atelier.user_library where collection_id is null), 401::bigint, 'in no collection');
select results_eq($$ select * from pg_temp.counts() $$, $$ values ('B', 600, 600) $$, 'the others are as they were');

select pg_temp.sign_out();
select throws_ok($$ select * from atelier.user_collections $$, '42501', null, 'anon sees no collections');
select throws_ok($$ insert into atelier.user_collections (name) values ('x') $$, '42501', null, 'anon makes no collections');
select pg_temp.become('atelier_test_nobody');
select throws_ok($$ select * from atelier.user_collections $$, '42501', null, 'a role without rights sees no collections');
select pg_temp.sign_in_as_service();
select throws_ok($$ insert into atelier.user_collections (name) values ('x') $$, '23502', null,
  'the service role says whose collection it makes');
select lives_ok($$ insert into atelier.user_collections (user_id, name) values (pg_temp.ada(), 'from the service') $$,
  'then it can');

select pg_temp.step_aside();
select lives_ok($$ delete from auth.users where id = pg_temp.ada() $$, 'a user with a library goes');
select is_empty($$ select from atelier.user_collections where user_id = pg_temp.ada() $$, 'and her collections');
select set_eq($$ select name, says, holds from pg_temp.counts() $$, $$ values ('Bob', 0, 0) $$, 'those of others stay');

select * from finish();
rollback;
