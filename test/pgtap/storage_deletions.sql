-- Bytes go after the rows, through the outbox, and never without them.
begin;
select plan(26);
\ir support/people.sql

select has_trigger('storage', 'objects', 'atelier_note_object_deletions', 'deletions are noted');
select function_privs_are('atelier_engine', name, arguments, role_name, expected, format('%s() for %s', name, role_name))
  from (values ('delete_pending_objects', array['integer']), ('orphaned_objects', array[]::text[])) as f (name, arguments),
       (values ('atelier_worker', array['EXECUTE']), ('authenticated', array[]::text[]), ('anon', array[]::text[]))
         as r (role_name, expected);

create temporary table file as
  select n, pg_temp.store('reference_images', format('%s/%s.png', pg_temp.ada(), n), pg_temp.ada(), 'image/png',
                          convert_to('bytes of ' || n, 'UTF8')) as id
    from generate_series(1, 4) n;
insert into storage.objects (bucket_id, name, owner, metadata)
values ('reference_images', pg_temp.ada() || '/empty.png', pg_temp.ada(), '{"size": 0}');
create function pg_temp.stored() returns bigint language sql as $$
  select count(distinct object_id) from atelier_engine.object_chunks where object_id in (select id from file) $$;

delete from storage.objects where name = pg_temp.ada() || '/empty.png';
select is_empty($$ select from atelier_engine.object_deletions $$, 'an object without bytes leaves nothing to do');

savepoint before;
delete from storage.objects where id in (select id from file where n <= 3);
select results_eq(
  $$ select d.object_id, d.bucket_id, d.name, d.store from atelier_engine.object_deletions d join file f on f.id = d.object_id
      order by f.n $$,
  $$ select f.id, 'reference_images', format('%s/%s.png', pg_temp.ada(), f.n), 'database' from file f where n <= 3 order by n $$,
  'a deletion of many is noted in full');
select is(pg_temp.stored(), 4::bigint, 'the bytes are still there');
rollback to before;
select is_empty($$ select from atelier_engine.object_deletions $$, 'taken back, nothing is noted');

delete from storage.objects where id in (select id from file where n <= 3);
select is(atelier_engine.delete_pending_objects(2), 2, 'the janitor takes as many as it wants');
select is(pg_temp.stored(), 2::bigint, 'the bytes of two are gone');
select is(atelier_engine.delete_pending_objects(0), 0, 'none is none');
select is(atelier_engine.delete_pending_objects(-1), 0, 'less than none is none');
select is(atelier_engine.delete_pending_objects(), 1, 'then the rest');
select is(atelier_engine.delete_pending_objects(), 0, 'then nothing');
select results_eq($$ select distinct object_id from atelier_engine.object_chunks where object_id in (select id from file) $$,
  $$ select id from file where n = 4 $$, 'what was not deleted keeps its bytes');
select is_empty($$ select from atelier_engine.object_deletions $$, 'the outbox is empty');

create temporary table dumped as select bucket_id, name, owner, metadata, id from storage.objects where id in (select id from file);
delete from storage.objects where id in (select id from file);
insert into storage.objects (bucket_id, name, owner, metadata, id) select * from dumped;
select is(atelier_engine.delete_pending_objects(), 1, 'an object that came back is off the list');
select is(pg_temp.stored(), 1::bigint, 'and keeps its bytes');

update atelier_engine.bucket_stores set store = 's3' where bucket_id = 'reference_images';
delete from storage.objects where id in (select id from file);
select results_eq($$ select store from atelier_engine.object_deletions $$, array['s3'], 'the store is noted');
select is(atelier_engine.delete_pending_objects(), 0, 'what lies in another store is not for this function');

-- What does not belong together.
delete from atelier_engine.object_deletions;
select is_empty($$ select * from atelier_engine.orphaned_objects() where object_id is distinct from (select id from file where n = 4) $$,
  'nothing else is orphaned');
select pg_temp.store('workspace-temp', pg_temp.ada() || '/lost.png', pg_temp.ada(), 'image/png', 'lost');
select atelier_engine.create_object('avatars', pg_temp.ada() || '/torn.png', pg_temp.ada(), 'image/png', 9, sha256('x'));
select pg_temp.make_asset('00000000-0000-4000-8000-0000000000a1', pg_temp.ada(), atelier.uuid7(), 0, 'x');
delete from storage.objects where name = (select temp_storage_path from atelier.workspace_assets);
select set_eq($$ select problem, bucket_id, split_part(name, '/', -1) from atelier_engine.orphaned_objects() $$,
  $$ values ('bytes without object', null, null), ('object without asset', 'workspace-temp', 'lost.png'),
            ('object without its bytes', 'avatars', 'torn.png'), ('asset without object', 'workspace-temp', '0.png') $$,
  'orphans of every kind are found');

delete from auth.users where id = pg_temp.ada();
select is_empty($$ select from storage.objects where owner = pg_temp.ada() $$, 'files go with their owner');

select * from finish();
rollback;
