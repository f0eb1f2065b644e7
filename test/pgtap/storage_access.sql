-- Who sees which objects, and that seeing the row is what it takes to read the bytes.
begin;
select plan(56);
\ir support/people.sql

select policies_are('storage', 'objects', array['nobody sees withheld objects', 'everybody sees objects of public buckets',
  'people see their own objects', 'people delete their own objects'], 'objects: see and delete');
select policies_are('storage', 'buckets', array['everybody sees public buckets'], 'buckets: see public ones');
select policies_are('atelier_engine', 'object_chunks', array['those who see an object read its bytes'], 'bytes: with objects');
select table_privs_are('storage', 'objects', 'authenticated', array['SELECT', 'DELETE'], 'objects: no writing by clients');
select table_privs_are('storage', 'objects', 'anon', array['SELECT'], 'objects: anon only sees');
select table_privs_are('storage', 'buckets', 'authenticated', array['SELECT'], 'buckets: only seen');
select table_privs_are('storage', 'buckets', 'anon', array['SELECT'], 'buckets: only seen by anon');
select table_privs_are('atelier_engine', 'object_chunks', role_name, array['SELECT'], 'bytes: no writing by ' || role_name)
  from unnest(array['anon', 'authenticated', 'service_role']) as role_name;
select table_privs_are('atelier_engine', table_name, role_name, array[]::text[], format('%s: nothing for %s', table_name, role_name))
  from unnest(array['object_deletions', 'bucket_stores']) as table_name,
       unnest(array['anon', 'authenticated', 'service_role', 'atelier_worker']) as role_name;
select schema_privs_are('atelier_engine', role_name, array[]::text[], 'the engine is not for ' || role_name)
  from unnest(array['anon', 'authenticated']) as role_name;

-- Ada has a picture in her workspace, a reference and an avatar. Somebody left a file in her folder that is not hers.
create temporary table file as
  select pg_temp.store('workspace-temp', pg_temp.ada() || '/j/0.png', pg_temp.ada(), 'image/png', 'secret picture') as picture,
         pg_temp.store('reference_images', pg_temp.ada() || '/r.png', pg_temp.ada(), 'image/png', 'reference') as reference,
         pg_temp.store('avatars', pg_temp.ada() || '/me.png', pg_temp.ada(), 'image/png', 'avatar') as avatar,
         pg_temp.store('avatars', 'house/logo.png', null, 'image/png', 'logo') as logo;
insert into storage.objects (bucket_id, name, owner, metadata)
values ('reference_images', pg_temp.ada() || '/smuggled.png', pg_temp.bob(), '{"size": 0, "mimetype": "image/png"}'),
       ('reference_images', pg_temp.bob() || '/smuggled.png', pg_temp.ada(), '{"size": 0, "mimetype": "image/png"}');
grant select on file to public;

select pg_temp.sign_in(pg_temp.ada());
select results_eq($$ select name from storage.objects where bucket_id = 'workspace-temp' $$,
  array[pg_temp.ada() || '/j/0.png'], 'Ada sees her picture');
select is_empty($$ select from storage.objects where name like '%smuggled%' $$,
  'owner and folder must agree: neither alone is enough');
select is(atelier.object_bytes('workspace-temp', pg_temp.ada() || '/j/0.png'), 'secret picture'::bytea,
  'Ada reads her picture');
select is((select bytes from atelier.object_chunks where object_id = (select picture from file)), 'secret picture'::bytea,
  'Ada reads her picture in pieces');
select is(atelier.object_bytes('avatars', 'house/logo.png'), 'logo'::bytea, 'Ada reads what is public');
select set_eq($$ select id from storage.buckets $$, array['avatars', 'system_assets', 'videos'], 'Ada sees public buckets');
select throws_ok($$ select * from atelier_engine.object_chunks $$, '42501', null, 'Ada cannot name the table of bytes');
select throws_ok($$ insert into storage.objects (id, bucket_id, name, owner)
    select picture, 'avatars', pg_temp.ada() || '/fake.png', pg_temp.ada() from file $$, '42501', null,
  'Ada cannot put a row in front of bytes');
select throws_ok($$ update storage.objects set name = pg_temp.ada() || '/other.png' $$, '42501', null, 'Ada cannot rename');
select throws_ok($$ insert into storage.buckets (id, name) values ('mine', 'mine') $$, '42501', null, 'Ada makes no buckets');
select throws_ok($$ update storage.buckets set public = true $$, '42501', null, 'Ada opens no buckets');
select throws_ok($$ select atelier_engine.create_object('avatars', 'x', null, 'image/png', 1, sha256('')) $$, '42501', null,
  'Ada makes no objects');
delete from storage.objects where id in (select picture from file);
select is((select count(*) from storage.objects where id = (select picture from file)), 1::bigint,
  'files of the workspace go with their assets only');
delete from storage.objects where name = 'house/logo.png';
select is((select count(*) from storage.objects where name = 'house/logo.png'), 1::bigint, 'what is public is not hers');
delete from storage.objects where id = (select reference from file);
select is_empty($$ select from storage.objects where id = (select reference from file) $$, 'Ada deletes her reference');

select pg_temp.sign_in(pg_temp.bob());
select is_empty($$ select from storage.objects where bucket_id = 'workspace-temp' $$, 'Bob does not see the picture');
select throws_ok($$ select atelier.object_bytes('workspace-temp', pg_temp.ada() || '/j/0.png') $$, 'PT404',
  'object not found', 'Bob cannot read the picture');
select is_empty($$ select from atelier.object_chunks where object_id = (select picture from file) $$,
  'Bob cannot read it in pieces');
select is(atelier.object_bytes('avatars', pg_temp.ada() || '/me.png'), 'avatar'::bytea, 'Bob reads the avatar of Ada');
delete from storage.objects where bucket_id = 'avatars';
select pg_temp.step_aside();
select is((select count(*) from storage.objects where id = (select avatar from file)), 1::bigint,
  'Bob cannot delete the avatar of Ada');

select pg_temp.sign_out();
select set_eq($$ select name from storage.objects $$, array['house/logo.png', pg_temp.ada() || '/me.png'],
  'anon sees what is public');
select is(atelier.object_bytes('avatars', 'house/logo.png'), 'logo'::bytea, 'anon reads what is public');
select throws_ok($$ select atelier.object_bytes('workspace-temp', pg_temp.ada() || '/j/0.png') $$, 'PT404', null,
  'anon cannot read the picture');
select is_empty($$ select from atelier.object_chunks where object_id = (select picture from file) $$,
  'anon cannot read it in pieces');
select throws_ok($$ delete from storage.objects $$, '42501', null, 'anon deletes nothing');

select pg_temp.become('atelier_test_nobody');
select throws_ok($$ select * from storage.objects $$, '42501', null, 'a role without rights sees no objects');
select throws_ok($$ select * from storage.buckets $$, '42501', null, 'a role without rights sees no buckets');
select throws_ok($$ select * from atelier.object_chunks $$, '42501', null, 'a role without rights sees no bytes');
select throws_ok($$ select atelier.object_bytes('avatars', 'house/logo.png') $$, '42501', null,
  'a role without rights reads nothing, not even what is public');

select pg_temp.sign_in_as_service();
select is(atelier.object_bytes('workspace-temp', pg_temp.ada() || '/j/0.png'), 'secret picture'::bytea,
  'the service role reads everything');

select pg_temp.step_aside();
select throws_ok($$ select atelier.object_bytes('workspace-temp', 'nothing') $$, 'PT404', 'object not found', 'an unknown name');
select throws_ok($$ select atelier.object_bytes(null, null) $$, 'PT404', 'object not found', 'no name');
insert into storage.objects (id, bucket_id, name, metadata)
values ('00000000-0000-4000-8000-0000000000aa', 'videos', 'film.mp4', '{"size": 268435457, "mimetype": "video/mp4"}'),
       ('00000000-0000-4000-8000-0000000000ab', 'videos', 'torn.mp4', '{"size": 5, "mimetype": "video/mp4"}'),
       ('00000000-0000-4000-8000-0000000000ac', 'videos', 'empty.mp4', '{"size": 0, "mimetype": "video/mp4"}');
select throws_ok($$ select atelier.object_bytes('videos', 'film.mp4') $$, 'PT413',
  'object is too large to be read at once', 'what is too large comes in pieces');
select throws_ok($$ select atelier.object_bytes('videos', 'torn.mp4') $$, 'XX001', 'object is incomplete',
  'a torn file is an error, not a short answer');
select is(atelier.object_bytes('videos', 'empty.mp4'), ''::bytea, 'an empty file is empty');
select volatility_is('atelier', 'object_bytes', array['text', 'text'], 'stable', 'reading is read-only');

select * from finish();
rollback;
