-- What workers report: tokens, results, failures, all that may come twice or too late.
begin;
\ir support/jobs.sql
update atelier.endpoints set is_active = false;
set local role service_role;
select (atelier.register_worker('gpu-1', 'atelier-runner', max_jobs => 100)).id as worker \gset
reset role;

-- The smallest complete PNG: one pixel.
\set pixel 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
\set job '''00000000-0000-0000-0000-000000000000'''

-- Queues a job, claims it, and gives its attempt and token.
create temp table claimed (place integer, job_id uuid, attempt_id uuid, token text);
grant all on claimed to public;
create function pg_temp.claimed(p_place integer, p_worker uuid) returns text language plpgsql as $$
declare
  queued uuid := pg_temp.queue('a11ce000-0000-7000-8000-000000000001', 'number ' || p_place);
begin
  perform pg_temp.become('service_role');
  insert into claimed select p_place, c.job_id, c.attempt_id, c.token from atelier.claim_jobs(p_worker, 1) c where c.job_id = queued;
  perform pg_temp.sign_out();
  return (select token from claimed where place = p_place);
end $$;
-- Reports as somebody who has nothing but the token.
create function pg_temp.report(p_report jsonb) returns json language plpgsql as $$
declare
  answer json;
begin
  perform pg_temp.become('anon');
  answer := atelier.job_callback(p_report::json);
  perform pg_temp.sign_out();
  return answer;
end $$;
create function pg_temp.status(p_place integer) returns text language sql as
$$ select j.status from atelier.jobs j join claimed c on c.job_id = j.id where c.place = p_place $$;

select plan(68);

-- HMAC-SHA-256 as RFC 4231 has it: cases 1, 2 and 3.
select is(encode(atelier_engine.hmac_sha256(c.key, c.message), 'hex'), c.code, 'RFC 4231, case ' || c.number)
  from (values (1, decode(repeat('0b', 20), 'hex'), 'Hi There'::bytea, 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7'),
               (2, 'Jefe', 'what do ya want for nothing?', '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843'),
               (3, decode(repeat('aa', 20), 'hex'), decode(repeat('dd', 50), 'hex'), '773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe')
       ) c (number, key, message, code);

-- A picture.
select pg_temp.claimed(1, :'worker') as token \gset
create temp table answer as select pg_temp.report(jsonb_build_object('token', :'token', 'status', 'completed', 'metadata', '{"took": 1}'::jsonb,
  'outputs', jsonb_build_array(jsonb_build_object('data', :'pixel', 'seed', 7, 'width', 4000, 'type', 'video', 'media_type', 'video/mp4', 'url', '0.mp4')))) as a;
select is((select a::jsonb from answer), jsonb_build_object('attempt_id', (select attempt_id from claimed where place = 1),
  'outcome', 'completed', 'job_status', 'completed'), 'a token alone completes the job');
select row_eq($$select w.mime_type, w.width, w.height, w.generation_seed, w.file_size_bytes from atelier.workspace_assets w join claimed c using (job_id) where c.place = 1$$,
  row('image/png'::text, 1, 1, 7::bigint, 70::bigint), 'a picture that was named .mp4 was taken for a video: its owner has the picture, of the kind and the size that its bytes tell');
select is(atelier.object_bytes('workspace-temp', w.temp_storage_path), decode(:'pixel', 'base64'), 'byte by byte')
  from atelier.workspace_assets w join claimed c using (job_id) where c.place = 1;
select row_eq($$select a.state, a.sent_at is not null, j.metadata -> 'provider', j.attempts from atelier_engine.attempts a join claimed c on c.attempt_id = a.id join atelier.jobs j on j.id = c.job_id where place = 1$$,
  row('succeeded'::text, true, '{"took": 1}'::jsonb, 1), 'the attempt is recorded');
select is(pg_temp.report(jsonb_build_object('token', :'token', 'status', 'completed',
  'outputs', jsonb_build_array(jsonb_build_object('data', :'pixel')))) ->> 'outcome', 'already_completed', 'the second report changes nothing, and says so');
select is(pg_temp.report(jsonb_build_object('token', :'token', 'status', 'failed')) ->> 'outcome', 'already_completed', 'nor does a failure');
select is(count(*), 1::bigint, 'there is one picture') from atelier.workspace_assets w join claimed c using (job_id) where c.place = 1;
select is(count(*), 1::bigint, 'and one generation') from atelier.generations g join claimed c using (job_id) where c.place = 1;
select is(count(*), 1::bigint, 'and one event') from atelier.events e join claimed c on c.job_id = e.ref where c.place = 1;

-- Tokens that are none.
select pg_temp.claimed(2, :'worker') as token \gset
create function pg_temp.refusal(p_token text) returns text language plpgsql as $$
declare
  failure record;
begin
  perform pg_temp.become('anon');
  failure := pg_temp.error_of(format('select atelier.job_callback(%L)', json_build_object('token', p_token, 'status', 'completed', 'result', 1)));
  perform pg_temp.sign_out();
  return failure.state || ' ' || failure.message;
end $$;
select is(pg_temp.refusal(null), 'PT401 the token is none of ours', 'no token');
select is(pg_temp.refusal(''), 'PT401 the token is none of ours', 'an empty one');
select is(pg_temp.refusal('a.b.c'), 'PT401 the token is none of ours', 'nonsense');
select is(pg_temp.refusal(left(:'token', -1)), 'PT401 the token is none of ours', 'one digit less');
select is(pg_temp.refusal(:'token' || '0'), 'PT401 the token is none of ours', 'one more');
select is(pg_temp.refusal(upper(:'token')), 'PT401 the token is none of ours', 'large letters');
select is(pg_temp.refusal(left(:'token', -1) || translate(right(:'token', 1), '0123456789abcdef', '123456789abcdef0')), 'PT401 the token is none of ours', 'another last digit');
select is(pg_temp.refusal(split_part(:'token', '.', 1) || '.' || split_part(:'token', '.', 2)::bigint + 1 || '.' || split_part(:'token', '.', 3)),
  'PT401 the token is none of ours', 'a later expiry');
select is(pg_temp.refusal((select attempt_id from claimed where place = 1) || substr(:'token', 37)), 'PT401 the token is none of ours', 'another attempt');
select is(pg_temp.refusal(atelier_engine.attempt_token(k, (select attempt_id from claimed where place = 2), extract(epoch from clock_timestamp())::bigint - 1)),
  'PT401 the token has expired', 'an expired one') from atelier_engine.capability_secret() k;
select is(pg_temp.refusal(atelier_engine.attempt_token('other', (select attempt_id from claimed where place = 2), 99999999999)),
  'PT401 the token is none of ours', 'one of another server');
select is(atelier_engine.attempt_of_token('k', atelier_engine.attempt_token('k', '00112233-4455-6677-8899-aabbccddeeff', 999999999999), 999999999998),
  '00112233-4455-6677-8899-aabbccddeeff', 'the attempt is the one that was signed');
select is(atelier_engine.attempt_token('k', '00112233-4455-6677-8899-aabbccddeeff', 5),
  '00112233-4455-6677-8899-aabbccddeeff.5.' || encode(atelier_engine.hmac_sha256('k', 'attempt.00112233-4455-6677-8899-aabbccddeeff.5'), 'hex'), 'with its code');
select is(count(atelier_engine.attempt_of_token('k', left(t, length)  || repeat('0', padding), 0)), 1::bigint, 'no other length, and nothing else, will do')
  from atelier_engine.attempt_token('k', '00112233-4455-6677-8899-aabbccddeeff', 5) t, generate_series(0, 103) length, generate_series(0, 3) padding;
select is((pg_temp.attempt((select attempt_id from claimed where place = 2))).state, 'submitting', 'none of them changed anything');
select ok(not has_table_privilege(r, 'atelier_engine.capability_secrets', 'select'), r || ' does not read the secret')
  from unnest('{anon,authenticated,service_role,atelier_worker}'::text[]) r;

-- Reports that cannot be.
create function pg_temp.complaint(p_report text) returns text language plpgsql as $$
declare
  failure record;
begin
  perform pg_temp.become('anon');
  failure := pg_temp.error_of(format('select atelier.job_callback(%L)', p_report));
  perform pg_temp.sign_out();
  return failure.state || ' ' || failure.message;
end $$;
create function pg_temp.complaint(p_token text, p_rest jsonb) returns text language sql as
$$ select pg_temp.complaint((jsonb_build_object('token', p_token, 'status', 'completed') || p_rest)::text) $$;
select is(pg_temp.complaint('1'), '22023 a report is a JSON object, or an array of them', 'a number is no report');
select is(pg_temp.complaint('null'), '22023 a report is a JSON object, or an array of them', 'nor is null');
select is(pg_temp.complaint('[' || repeat('1,', 1000) || '1]'), '22023 a report is a JSON object, or an array of them', 'nor 1001 of them');
select is(pg_temp.complaint(to_json(repeat('a', 67108864))::text), 'PT413 the report is too large', 'more than 64 MiB are refused');
select is(pg_temp.complaint(:'token', '{"status": "processing"}'), '22023 unknown status', 'a job completes or fails');
select is(pg_temp.complaint(:'token', '{}'), '22023 the result has no outputs', 'with something');
select is(pg_temp.complaint(:'token', '{"outputs": []}'), '22023 the result has no outputs', 'more than nothing');
select is(pg_temp.complaint(:'token', '{"outputs": {}}'), '22023 outputs must be an array, and stand alone', 'in an array');
select is(pg_temp.complaint(:'token', '{"outputs": [], "result": 1}'), '22023 outputs must be an array, and stand alone', 'a file or data');
select is(pg_temp.complaint(:'token', '{"outputs": [{}]}'), '22023 an output has no data', 'with bytes');
select is(pg_temp.complaint(:'token', '{"outputs": [{"data": "*"}]}'), '22023 invalid symbol "*" found while decoding base64 sequence', 'in base64');
select is(pg_temp.complaint(:'token', '{"outputs": [{"data": "aGVsbG8="}]}'), '22023 an output is no complete picture or video', 'of a picture');
select is(pg_temp.complaint(:'token', jsonb_build_object('outputs', jsonb_build_array(jsonb_build_object('data', left(:'pixel', -8))))),
  '22023 an output is no complete picture or video', 'all of it');
select is(pg_temp.complaint(:'token', '{"metadata": []}'), '22023 metadata must be a JSON object', 'metadata is an object');
select is(pg_temp.complaint(:'token', jsonb_build_object('metadata', jsonb_build_object('a', repeat('a', 70000)))), '22023 metadata is too large', 'of a sensible size');
update atelier.endpoints set max_output_bytes = 69 where adapter = 'pull';
select is(pg_temp.complaint(:'token', jsonb_build_object('outputs', jsonb_build_array(jsonb_build_object('data', :'pixel')))), 'PT413 an output is too large', 'a picture fits the endpoint');
update atelier.endpoints set max_output_bytes = 70 where adapter = 'pull';
select is(pg_temp.complaint(:'token', '{"status": "failed", "error_class": "ambiguous"}'), '22023 unknown error_class', 'a worker knows what happened');
select is(pg_temp.complaint(:'token', '{"status": "failed", "error_class": "no"}'), '22023 unknown error_class', 'and says it with our words');
select is((pg_temp.attempt((select attempt_id from claimed where place = 2))).state, 'submitting', 'nothing of that changed the job');
select is(count(*), 0::bigint, 'or left a file behind') from storage.objects o join claimed c on o.name like '%' || c.job_id || '%' where c.place = 2;
select is(pg_temp.report(jsonb_build_object('token', :'token', 'status', 'completed', 'result', '{"words": 3}'::jsonb)) ->> 'outcome', 'completed', 'data is a result, too');
select is(g.result, '{"words": 3}', 'and is kept') from atelier.generations g join claimed c using (job_id) where c.place = 2;

-- Failures.
select pg_temp.claimed(3, :'worker') as token \gset
select is(pg_temp.report(jsonb_build_object('token', :'token', 'status', 'failed', 'error_class', 'invalid_input', 'error_message', 'too red')) ->> 'job_status',
  'failed', 'a failure is final where the policy says so');
select is((pg_temp.job((select job_id from claimed where place = 3))).error_message, 'too red', 'with its message');
select pg_temp.claimed(4, :'worker') as token \gset
select is(pg_temp.report(jsonb_build_object('token', :'token', 'status', 'failed', 'error_class', 'unavailable', 'error_message', 'shutting down')) ->> 'job_status',
  'queued', 'and the job is given back where it says so');
select is((pg_temp.job((select job_id from claimed where place = 4))).attempts, 0, 'at no cost');

-- Late.
select is(pg_temp.report(jsonb_build_object('token', :'token', 'status', 'completed',
  'outputs', jsonb_build_array(jsonb_build_object('data', :'pixel')))) ->> 'outcome', 'kept', 'a late result is kept');
select is((pg_temp.job((select job_id from claimed where place = 4))).status, 'queued', 'and changes nothing');
select is(pg_temp.report(jsonb_build_object('token', :'token', 'status', 'completed',
  'outputs', jsonb_build_array(jsonb_build_object('data', :'pixel')))) ->> 'outcome', 'kept', 'once');
select is(pg_temp.report(jsonb_build_object('token', :'token', 'status', 'completed', 'result', 1)) ->> 'outcome', 'kept', 'other late reports change nothing either');
delete from atelier_engine.endpoint_states;
delete from atelier.jobs where id in (select job_id from claimed where place = 4);
select is(pg_temp.report(jsonb_build_object('token', :'token', 'status', 'completed', 'result', 1)) ->> 'outcome', 'ignored', 'a job that was deleted is not missed');

-- Many at once.
select pg_temp.claimed(n, :'worker') from generate_series(11, 15) n \g /dev/null
create temp table many as
select r.* from claimed c, json_array_elements(pg_temp.report((
  select jsonb_agg(r.report order by r.place)
    from (select place, jsonb_build_object('token', token, 'status', 'completed', 'result', place) as report from claimed where place in (11, 12)
          union all select 13, jsonb_build_object('token', token, 'status', 'completed', 'result', 1) from claimed where place = 11
          union all select 14, jsonb_build_object('token', left(token, -1) || '_', 'status', 'completed', 'result', 1) from claimed where place = 14
          union all select 15, jsonb_build_object('token', token, 'status', 'failed', 'error_class', 'invalid_input') from claimed where place = 15
          union all select 16, '1'
          union all select 17, jsonb_build_object('token', token, 'status', 'completed', 'outputs', jsonb_build_array(jsonb_build_object('data', :'pixel'))) from claimed where place = 13
          ) r))) with ordinality r (answer, place) where c.place = 11;
select is((select array_agg(answer ->> 'outcome' order by place) from many),
  '{completed,completed,already_completed,refused,failed,refused,completed}', 'of many reports each counts alone, in their order');
select is((select answer ->> 'error' from many where place = 4), 'the token is none of ours', 'what is refused is told why');
select is(array_agg(pg_temp.status(n) order by n), '{completed,completed,completed,queued,failed}', 'and the jobs are what was said') from generate_series(11, 15) n;
select is(pg_temp.report('[]')::text, '[]', 'none at all is no error');
select is_empty('select * from atelier.stuck_jobs', 'nothing is stuck');

-- A copy of the database.
update atelier_engine.instance set database_oid = 1;
select is(pg_temp.complaint('{}'), 'PT503 this database does not dispatch jobs', 'a copy takes no reports');
select finish();
rollback;
