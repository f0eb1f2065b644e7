-- Copying and moving objects on the server.
begin;
select plan(18);
\ir support/people.sql

create temporary table content as
  select decode(string_agg(md5(n::text), '' order by n), 'hex') as bytes from generate_series(1, 40000) n;
create temporary table original as
  select pg_temp.store('workspace-temp', pg_temp.ada() || '/j/0.png', pg_temp.ada(), 'image/png', bytes) as id from content;
select is((select count(*) from atelier_engine.object_chunks where object_id = (select id from original)), 3::bigint,
  'the original has several chunks');

create function pg_temp.copy(target text, bucket text default 'user-library', source text default '/j/0.png',
                             owner uuid default pg_temp.ada()) returns uuid language sql as $$
  select atelier_engine.copy_object('workspace-temp', pg_temp.ada() || source, bucket, owner || target, owner) $$;
create temporary table copied as select pg_temp.copy('/a.png') as id;
select isnt((select id from copied), (select id from original), 'a copy is another object');
select is(
  (select sha256(string_agg(bytes, '' order by sequence)) from atelier_engine.object_chunks
    where object_id = (select id from copied)),
  (select sha256(bytes) from content), 'a copy has the bytes of the original');
select is(
  (select metadata from storage.objects where id = (select id from copied)),
  (select metadata from storage.objects where id = (select id from original)), 'a copy has the metadata of the original');
select is(pg_temp.copy('/a.png'), (select id from copied), 'copying again gives the same copy');
select is((select count(*) from atelier_engine.object_chunks), 6::bigint, 'copying again copies no bytes');

select pg_temp.store('user-library', pg_temp.ada() || '/taken.png', pg_temp.ada(), 'image/png', 'something else');
select throws_ok($$ select pg_temp.copy('/taken.png') $$, '23505', 'another object has this name', 'nothing is overwritten');
select throws_ok($$ select pg_temp.copy('/b.png', source => '/j/1.png') $$, 'PT404', 'object not found', 'nothing to copy');
select throws_ok($$ select pg_temp.copy('/b.png', 'nowhere') $$, 'PT404', 'bucket not found', 'nowhere to copy to');
select throws_ok($$ select pg_temp.copy('/b.png', 'video_fast') $$, 'PT415', null, 'a bucket that does not take it');
select atelier_engine.create_object('workspace-temp', pg_temp.ada() || '/j/half.png', pg_temp.ada(), 'image/png', 5, sha256('x'));
select throws_ok($$ select pg_temp.copy('/half.png', source => '/j/half.png') $$, 'XX001', 'object is incomplete',
  'half a file is not copied');
update atelier_engine.bucket_stores set store = 's3' where bucket_id = 'reference_images';
select throws_ok($$ select pg_temp.copy('/b.png', 'reference_images') $$, '0A000',
  'the bucket is not in the database store', 'another store');

create function pg_temp.move(target text, bucket text default 'user-library', source text default '/j/0.png')
returns uuid language sql as $$
  select atelier_engine.move_object('workspace-temp', pg_temp.ada() || source, bucket, pg_temp.ada() || target, pg_temp.ada()) $$;
select throws_ok($$ select pg_temp.move('/taken.png') $$, '23505', null, 'moving overwrites nothing');
select throws_ok($$ select pg_temp.move('/half.png', source => '/j/half.png') $$, 'XX001', 'object is incomplete',
  'half a file is not moved');
select is(pg_temp.move('/moved.png'), (select id from original), 'moving keeps the object');
select results_eq($$ select bucket_id, name from storage.objects where id = (select id from original) $$,
  $$ values ('user-library', pg_temp.ada() || '/moved.png') $$, 'moving changes its name');
select is(sha256(atelier.object_bytes('user-library', pg_temp.ada() || '/moved.png')), (select sha256(bytes) from content),
  'moving keeps the bytes');
select throws_ok($$ select pg_temp.move('/again.png') $$, 'PT404', 'object not found', 'what is moved is gone');

select * from finish();
rollback;
