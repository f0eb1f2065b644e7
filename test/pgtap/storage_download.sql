-- Downloads over HTTP: bytes with their media type, for those who see the object.
begin;
select plan(22);
\ir support/people.sql
select pg_temp.store('reference_images', pg_temp.ada() || '/cat.png', pg_temp.ada(), 'image/png', 'a cat') as cat,
       pg_temp.store('avatars', pg_temp.ada() || '/me.svg', pg_temp.ada(), 'image/svg+xml', '<svg/>') as avatar \gset
insert into storage.objects (bucket_id, name, metadata)
values ('videos', 'odd', jsonb_build_object('size', 0, 'mimetype', E'text/html\r\nX-Evil: yes', 'eTag', E'"x"\r\nX-Evil: yes')),
       ('videos', 'bare', '{"size": 0}');

create function pg_temp.header(name text) returns text language sql as $$
  select h.value from json_array_elements(nullif(current_setting('response.headers', true), '')::json) a, json_each_text(a) h
   where h.key = header.name $$;
create function pg_temp.forget() returns void language sql as
$$ select set_config('response.headers', '', true), set_config('response.status', '', true), set_config('request.headers', '', true) $$;

select volatility_is('atelier', 'object', array['text', 'text'], 'stable', 'reading is read-only');
select function_returns('atelier', 'object', array['text', 'text'], 'atelier."*/*"', 'what it returns goes out as it is');
select pg_temp.sign_in(pg_temp.ada());
select is(atelier.object('reference_images', pg_temp.ada() || '/cat.png'), 'a cat', 'the bytes');
select is(pg_temp.header('Content-Type'), 'image/png', 'with their type');
select is(pg_temp.header('ETag'), format('"%s"', encode(sha256('a cat'), 'hex')), 'the hash is the tag');
select is(pg_temp.header('Cache-Control'), 'private, no-cache', 'caches keep it for her and ask each time');
select is(pg_temp.header('X-Content-Type-Options'), 'nosniff', 'browsers take the type as it is');
select is(pg_temp.header('Content-Security-Policy'), 'default-src ''none''; sandbox', 'and run nothing that is in it');
select is(current_setting('response.status', true), null, 'the status is the usual one');

-- What the caller has already.
select pg_temp.forget();
select set_config('request.headers', json_build_object('if-none-match', format('W/"abc", "%s"', encode(sha256('a cat'), 'hex')))::text, true);
select is(atelier.object('reference_images', pg_temp.ada() || '/cat.png'), '', 'what has not changed is not sent again');
select is(current_setting('response.status'), '304', 'and the status says so');
select is(pg_temp.header('ETag'), format('"%s"', encode(sha256('a cat'), 'hex')), 'with its tag');
select pg_temp.forget();
select set_config('request.headers', '{"if-none-match": "\"abc\""}', true);
select is(atelier.object('reference_images', pg_temp.ada() || '/cat.png'), 'a cat', 'what has changed is sent');
select is(current_setting('response.status'), '', 'as usual');

-- Others.
select pg_temp.forget();
select pg_temp.sign_in(pg_temp.bob());
select throws_ok($$ select atelier.object('reference_images', pg_temp.ada() || '/cat.png') $$, 'PT404', 'object not found', 'what is not his, Bob does not find');
select is(pg_temp.header('ETag'), null, 'nor its tag');
select set_config('request.headers', json_build_object('if-none-match', format('"%s"', encode(sha256('a cat'), 'hex')))::text, true);
select throws_ok($$ select atelier.object('reference_images', pg_temp.ada() || '/cat.png') $$, 'PT404', null, 'also when he knows it');
select pg_temp.forget();
select pg_temp.sign_out();
select is(atelier.object('avatars', pg_temp.ada() || '/me.svg'), '<svg/>', 'anon sees what is public');
select is(pg_temp.header('Content-Type'), 'image/svg+xml', 'with its type');
select is(atelier.object('videos', 'odd') || pg_temp.header('Content-Type')::bytea, 'application/octet-stream', 'a type that is none is not repeated');
select is(pg_temp.header('ETag'), null, 'nor a tag');
select is(atelier.object('videos', 'bare') || pg_temp.header('Content-Type')::bytea, 'application/octet-stream', 'without a type it is just bytes');
select * from finish();
rollback;
