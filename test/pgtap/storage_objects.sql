-- Objects: announced, filled in order, complete, copied and moved with the bytes they had.
begin;
select plan(48);
\ir support/people.sql

select is(storage.foldername('a/b/c.png'), array['a', 'b'], 'the folders of a name');
select is(storage.foldername('c.png'), array[]::text[], 'a name without a folder');
select is(storage.foldername(''), array[]::text[], 'no name has no folder');
select is(storage.filename('a/b/c.png'), 'c.png', 'the file of a name');
select is(storage.extension('a.b/c.tar.gz'), 'gz', 'the extension of a name');
select is((select count(*) from storage.buckets where id in ('workspace-temp', 'user-library', 'reference_images',
  'avatars', 'system_assets', 'videos', 'image_fast', 'image_high', 'sdxl_image_fast', 'sdxl_image_high',
  'image7b_fast_enhanced', 'image7b_high_enhanced', 'video_fast', 'video_high', 'video7b_fast_enhanced',
  'video7b_high_enhanced')), 16::bigint, 'the known buckets are there');
select set_eq($$ select id from storage.buckets where public $$, array['avatars', 'system_assets', 'videos'],
  'three buckets are public');

select function_privs_are('atelier_engine', name, arguments, role_name, array[]::text[],
    format('%s() is not for %s', name, role_name))
  from (values ('create_object', array['text', 'text', 'uuid', 'text', 'bigint', 'bytea']),
               ('append_object_chunk', array['uuid', 'integer', 'bytea']),
               ('copy_object', array['text', 'text', 'text', 'text', 'uuid']),
               ('move_object', array['text', 'text', 'text', 'text', 'uuid'])) as f (name, arguments),
       unnest(array['authenticated', 'anon']) as role_name;

select function_privs_are('atelier_engine', 'append_object_chunk', array['uuid', 'integer', 'bytea'], 'atelier_worker',
  array['EXECUTE'], 'the workers bring bytes');

create function pg_temp.announce(
  name text default pg_temp.ada() || '/a.png', bucket text default 'reference_images', owner uuid default pg_temp.ada(),
  media_type text default 'image/png', byte_count bigint default 3, digest bytea default sha256('abc')
) returns uuid language sql as
  $$ select atelier_engine.create_object(bucket, name, owner, media_type, byte_count, digest) $$;

select throws_ok($$ select pg_temp.announce(bucket => 'nowhere') $$, 'PT404', 'bucket not found', 'an unknown bucket');
select throws_ok(format($$ select pg_temp.announce(%L) $$, name), '22023', 'object name is not valid',
    format('the name %L', "left"(replace(name, E'\n', '\n'), 60)))
  from unnest(array[null, '', '/a', pg_temp.ada() || '/', pg_temp.ada() || '/../b', pg_temp.ada() || '//b', '.',
                    pg_temp.ada() || E'/a\nb', repeat('x', 1025)]) as name;
select throws_ok($$ select pg_temp.announce(pg_temp.bob() || '/a.png') $$, '22023',
  'the first folder of an object name is its owner', 'a name in the folder of somebody else');
select throws_ok($$ select pg_temp.announce(byte_count => -1) $$, '22023', 'object size is not valid', 'a negative size');
select throws_ok($$ select pg_temp.announce(byte_count => 10485761) $$, 'PT413', 'object is too large for the bucket',
  'more than the bucket takes');
select throws_ok($$ select pg_temp.announce(media_type => 'text/html') $$, 'PT415',
  'media type is not allowed in the bucket', 'a media type that the bucket does not take');
select throws_ok($$ select pg_temp.announce(media_type => null) $$, 'PT415', null, 'no media type');
select throws_ok($$ select pg_temp.announce(digest => 'short') $$, '22023', 'a SHA-256 digest has 32 bytes', 'a bad digest');
update storage.buckets set allowed_mime_types = '{image/*}' where id = 'avatars';
select lives_ok($$ select pg_temp.announce(bucket => 'avatars', media_type => 'image/avif') $$, 'image/* takes every image');
select throws_ok($$ select pg_temp.announce(pg_temp.ada() || '/b', 'avatars', media_type => 'video/mp4') $$, 'PT415', null,
  'image/* takes no video');

create temporary table made as select pg_temp.announce(media_type => 'Image/PNG; charset=x') as id;
select results_eq(
  $$ select owner, owner_id, metadata ->> 'size', metadata ->> 'mimetype', metadata ->> 'sha256', path_tokens[2]
       from storage.objects where id = (select id from made) $$,
  $$ values (pg_temp.ada(), pg_temp.ada()::text, '3', 'image/png', encode(sha256('abc'), 'hex'), 'a.png') $$,
  'the row says what was announced');
select throws_ok($$ select pg_temp.announce() $$, '23505', 'object already exists', 'nothing is replaced');

select ok(not atelier_engine.object_is_complete((select id from made)), 'without bytes it is incomplete');
select throws_ok($$ select atelier_engine.append_object_chunk((select id from made), 1, 'a') $$, '22023',
  'object chunks come in order', 'the first chunk is number 0');
select throws_ok($$ select atelier_engine.append_object_chunk((select id from made), 0, '') $$, '23514', null,
  'an empty chunk');
select throws_ok($$ select atelier_engine.append_object_chunk((select id from made), 0, 'abcd') $$, '22023',
  'object is larger than announced', 'more bytes than announced');
select atelier_engine.append_object_chunk((select id from made), 0, 'ab');
select throws_ok($$ select atelier_engine.append_object_chunk((select id from made), 0, 'c') $$, '22023',
  'object chunks come in order', 'a chunk is not sent twice');
select throws_ok($$ select atelier_engine.append_object_chunk((select id from made), 1, 'cd') $$, '22023',
  'object is larger than announced', 'too much with the second chunk');
select atelier_engine.append_object_chunk((select id from made), 1, 'c');
select ok(atelier_engine.object_is_complete((select id from made)), 'with all bytes it is complete');
select is(atelier_engine.object_is_complete(atelier.uuid7()), null, 'what is not there is neither');
select throws_ok($$ select atelier_engine.append_object_chunk(atelier.uuid7(), 0, 'a') $$, 'PT404', 'object not found',
  'a chunk of nothing');
select throws_ok($$ select atelier_engine.append_object_chunk(
    pg_temp.announce(pg_temp.ada() || '/big', byte_count => 300000), 0, decode(repeat('00', 262145), 'hex')) $$,
  '23514', null, 'a chunk has at most 256 KiB');
select col_is_pk('atelier_engine', 'object_chunks', array['object_id', 'sequence'], 'chunks are found by object');
select is((select attstorage from pg_attribute where attrelid = 'atelier_engine.object_chunks'::regclass
  and attname = 'bytes'), 'e', 'bytes are stored outside the row and as they are');

select * from finish();
rollback;
