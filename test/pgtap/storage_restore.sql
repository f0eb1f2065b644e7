-- A dump brings its own buckets: those that CREATE EXTENSION made give way, once.
begin;
select plan(8);

select is((select count(*) from atelier_engine.bucket_stores where comes_with_atelier), 16::bigint,
  'the buckets of the extension are marked');
select throws_ok($$ insert into storage.buckets (id, name) values ('avatars', 'avatars') $$, '23505', null,
  'in daily life a bucket is not replaced');

-- What psql and pg_restore set before they restore.
set local row_security = off;
set local check_function_bodies = off;
select lives_ok($$ insert into storage.buckets (id, name, file_size_limit) values ('avatars', 'avatars', 17) $$,
  'while restoring a dumped bucket replaces the one that was there');
select results_eq($$ select id, file_size_limit from storage.buckets $$, $$ values ('avatars', 17::bigint) $$,
  'and so all of them: what the dump does not have is not there');
select is_empty($$ select from atelier_engine.bucket_stores $$, 'their marks are gone too');
select lives_ok($$ insert into storage.buckets (id, name) values ('videos', 'videos') $$, 'the next bucket of the dump');
select lives_ok($$ insert into atelier_engine.bucket_stores values ('avatars', 'database', true), ('videos', 'database', true) $$,
  'the marks of the dump');
select set_eq($$ select b.id from storage.buckets b join atelier_engine.bucket_stores s on s.bucket_id = b.id $$,
  array['avatars', 'videos'], 'nothing happened twice');

select * from finish();
rollback;
