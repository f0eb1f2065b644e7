-- adapter_options are refused when they are written, with the member that is wrong.
begin;
\ir support/jobs.sql
select plan(24);
insert into atelier.api_providers (name, display_name, auth_scheme, adapter_options)
values ('kiln', 'Kiln', 'none', '{"pol": "/x"}');
create function pg_temp.write(p_options text) returns text language sql as
  $$ select format('update atelier.api_providers set adapter_options = %L where name = ''kiln''', p_options) $$;
create function pg_temp.complaint(p_options text) returns text language sql as
  $$ select substring((pg_temp.error_of(pg_temp.write(p_options))).detail from 'kiln: (.*)\.$') $$;
create function pg_temp.add_endpoint(p_adapter text, p_name text) returns text language sql as
  $$ select format('insert into atelier.endpoints (provider_id, name, adapter, base_url) '
                   'select id, %L, %L, ''http://192.0.2.1'' from atelier.api_providers where name = ''kiln''', p_name, p_adapter) $$;

-- A provider without endpoints may be anything; its first endpoint makes it something.
select row_eq(format('select state, message, detail, hint from pg_temp.error_of(%L)', pg_temp.add_endpoint('http_json', 'kiln-1')),
  row('22023'::text, 'invalid adapter_options'::text,
      'For the adapter http_json, adapter_options of the provider kiln: the adapter http_json has no option "pol".'::text,
      'docs/adapters/http_json.md lists the options.'::text), 'an endpoint whose adapter does not understand its provider is refused');
select lives_ok(pg_temp.add_endpoint('comfyui', 'kiln-0'), 'to other adapters the options may say something');
select throws_ok($$update atelier.endpoints set adapter = 'http_json' where name = 'kiln-0'$$, '22023', 'invalid adapter_options', 'nor may an endpoint become one');
delete from atelier.endpoints where name = 'kiln-0';
select lives_ok(pg_temp.write('{}'), 'without options');
select lives_ok(pg_temp.add_endpoint('http_json', 'kiln-1'), 'there is nothing to misunderstand');

-- From then on the provider's row is checked.
select is(pg_temp.complaint('{"pol": "/x"}'), 'the adapter http_json has no option "pol"', 'an unknown member');
select is(pg_temp.complaint('{"external_id": "/id"}'), 'external_id needs poll', 'one that needs another');
select is(pg_temp.complaint('{"poll": "/x"}'), 'poll needs external_id', 'and the other way round');
select is(pg_temp.complaint('{"external_id": "/id", "poll": "/jobs"}'), 'poll has no {external_id}', 'a question about nothing');
select is(pg_temp.complaint('{"external_id": "/id", "poll": "/jobs/{externalid}"}'), 'poll has {externalid}, which stands for nothing there', 'a slip in braces');
select is(pg_temp.complaint('{"external_id": "id", "poll": "/jobs/{external_id}"}'), 'external_id is not a JSON pointer', 'a place that is none');
select is(pg_temp.complaint('{"external_id": "/id", "poll": "/jobs/{external_id}", "states": {"HOT": "done"}}'),
  'states knows queued, running, succeeded, failed, cancelled, content_policy and expired, and not done', 'a meaning that is none');
select is(pg_temp.complaint('{"external_id": "/id", "poll": "/jobs/{external_id}", "poll_ms": 1}'), 'poll_ms is under 50 milliseconds', 'a server is not flooded');
select is(pg_temp.complaint('{"outputs": "/a/*", "max_outputs": 1000}'), 'max_outputs is not an integer from 1 to 64', 'a number out of range');
select is(pg_temp.complaint('{"trusted_hosts": ["https://x"]}'), 'trusted_hosts has a host name that is none', 'a host that is none');
select is(pg_temp.complaint('{"error_classes": {"a": "bad"}}'), 'error_classes: there is no error class bad', 'a class that is none');
select is(pg_temp.complaint('{"lookup": "jobs/{id}"}'), 'lookup does not begin with a slash, or has no {id}', 'options for lookups, too');
select is(pg_temp.complaint('{"outputs": "/a/*", "lookup": "/jobs/{id}", "headers": {"A": "b"}}'), null, 'what is right is taken');
select lives_ok($$update atelier.api_providers set display_name = 'Oven' where name = 'kiln'$$, 'and other columns are nobody''s business');

-- Whoever writes.
select pg_temp.sign_in(:carol);
select throws_ok(pg_temp.write('{"pol": "/x"}'), '22023', 'invalid adapter_options', 'administrators are told, too');
select lives_ok(pg_temp.write('{"outputs": "/pots/*"}'), 'and may write what is right');
select pg_temp.sign_out();

-- Rows can be older than the check.
select is_empty($$select from atelier.doctor() where check_name = 'provider kiln'$$, 'doctor() has nothing to say');
alter table atelier.api_providers disable trigger guard_adapter_options;
update atelier.api_providers set adapter_options = '{"pol": "/x"}' where name = 'kiln';
alter table atelier.api_providers enable trigger guard_adapter_options;
select row_eq($$select status, detail from atelier.doctor() where check_name = 'provider kiln'$$,
  row('warning'::text, 'adapter_options, for http_json: the adapter http_json has no option "pol"'::text), 'until there is something');
update atelier.endpoints set is_active = false where name = 'kiln-1';
select is_empty($$select from atelier.doctor() where check_name = 'provider kiln'$$, 'that matters');
select * from finish();
rollback;
