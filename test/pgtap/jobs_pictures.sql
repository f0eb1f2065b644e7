-- Pictures that a request starts from: only those that its user may read.
begin;
\ir support/jobs.sql
select plan(19);
update atelier.api_models set parameter_schema = jsonb_set(jsonb_set(parameter_schema, '{properties,image}',
    '{"type": ["string", "array"], "format": "picture"}'), '{properties,style}', '{"type": "string"}')
 where model_key = 'tiny-sdxl';
create function pg_temp.put(p_bucket text, p_user uuid, p_name text, p_bytes bytea, p_type text default 'image/png')
returns text language plpgsql as $$
declare
  object uuid;
begin
  insert into storage.objects (bucket_id, name, owner, metadata)
  values (p_bucket, p_user || '/' || p_name, p_user,
          jsonb_build_object('size', octet_length(p_bytes), 'mimetype', p_type))
  returning id into object;
  perform atelier_engine.append_object_chunk(object, s, substr(p_bytes, s * 262144 + 1, 262144))
     from generate_series(0, (octet_length(p_bytes) - 1) / 262144) s;
  return p_bucket || '/' || p_user || '/' || p_name;
end $$;
create function pg_temp.ask(p_image text) returns text language sql as
  $$ select format('select atelier.queue_job(''x'', ''tiny-sdxl'', %L)', jsonb_build_object('image', p_image)) $$;
select pg_temp.put('reference_images', :alice, 'a.png', '\x89504e470d0a1a0a') as own,
       pg_temp.put('reference_images', :bob, 'b.png', '\x01') as foreign_one,
       pg_temp.put('system_assets', :bob, 'c.png', '\x02') as public_one,
       pg_temp.put('reference_images', :alice, 'film.mp4', '\x03', 'video/mp4') as film,
       pg_temp.put('reference_images', :alice, 'large.png', convert_to(repeat('x', 6291457), 'utf8')) as large \gset

-- Who may use what.
select pg_temp.sign_in(:alice);
select lives_ok(pg_temp.ask(:'own'), 'an object of one''s own');
select lives_ok(pg_temp.ask(:'public_one'), 'an object of a public bucket');
select throws_ok(pg_temp.ask(:'foreign_one'), 'PT404', 'no such picture', 'somebody else''s object is not there');
select throws_ok(pg_temp.ask('reference_images/no/such.png'), 'PT404', 'no such picture', 'nor is one that does not exist');
select throws_ok(pg_temp.ask(:'film'), 'PT415', 'not a picture', 'a film is no picture');
select throws_ok(pg_temp.ask(:'large'), 'PT413', 'the pictures to start from are too large', 'a claim carries no mountains');
select lives_ok(pg_temp.ask('https://pictures.example/1.png'), 'a URL is for the courier to fetch');
select lives_ok(pg_temp.ask('data:image/png;base64,iVBORw0K'), 'a data: URL is here already');
select throws_ok(pg_temp.ask('data:text/html;base64,AAAA'), '22023', 'invalid parameter', 'not of anything');
select throws_ok(pg_temp.ask('file:///etc/passwd'), '22023', 'invalid parameter', 'files of a server are nobody''s');
select throws_ok(pg_temp.ask('nonsense'), '22023', 'invalid parameter', 'nor is a word');
select throws_ok(format('select atelier.queue_job(''x'', ''tiny-sdxl'', %L)',
    jsonb_build_object('image', jsonb_build_array(:'own', :'foreign_one'))), 'PT404', 'no such picture', 'in a list neither');
select lives_ok(format('select atelier.queue_job(''x'', ''tiny-sdxl'', %L)', jsonb_build_object('style', :'foreign_one')),
  'a parameter that is no picture may say what it likes');
select pg_temp.sign_out();
delete from atelier_engine.queue;

-- What the carrier gets.
update atelier.endpoints set max_concurrency = 100 where name = 'test endpoint';
create temporary table queued as
  select pg_temp.queue(:alice, 'own', format(', parameters => %L', jsonb_build_object('image', :'own', 'style', :'own'))) as own,
         pg_temp.queue(:alice, 'list', format(', parameters => %L', jsonb_build_object('image', jsonb_build_array(:'public_one', 'https://x.example/1', :'own')))) as list,
         pg_temp.queue(:alice, 'plain') as plain;
create temporary table claimed as select c.job_id, c.parameters::jsonb as parameters from atelier_engine.claim_jobs(0) c;
grant all on claimed to atelier_worker;
select pg_temp.become('atelier_worker');
insert into claimed select c.job_id, c.parameters::jsonb from atelier_engine.claim_jobs(100) c;
select pg_temp.sign_out();
select is((select c.parameters ->> 'image' from claimed c, queued q where c.job_id = q.own), 'data:image/png;base64,iVBORw0KGgo=', 'the bytes of an object');
select is((select c.parameters ->> 'style' from claimed c, queued q where c.job_id = q.own), :'own', 'but not in a text that is no picture');
select is((select c.parameters -> 'image' from claimed c, queued q where c.job_id = q.list),
  '["data:image/png;base64,Ag==", "https://x.example/1", "data:image/png;base64,iVBORw0KGgo="]', 'a list in its order');
select is((select c.parameters ? 'image' from claimed c, queued q where c.job_id = q.plain), false, 'no picture where none was given');
select is(atelier_engine.with_pictures(:bob, (select parameter_schema from atelier.api_models where model_key = 'tiny-sdxl'), jsonb_build_object('image', :'own')),
  jsonb_build_object('image', :'own'), 'rights are those of the job''s owner, when it is claimed, too');
select is(atelier_engine.with_pictures(:alice, (select parameter_schema from atelier.api_models where model_key = 'tiny-sdxl'), '{"image": "reference_images/gone.png"}'),
  '{"image": "reference_images/gone.png"}', 'what is gone stays a path, and claims go on');
select * from finish();
rollback;
