-- What the rows of jobs, generations, attempts and the queue may hold: one check constraint each.
begin;
\ir support/people.sql
select plan(61);

-- A valid row of each table, and one with a changed column.
create temp table valid as
select 'atelier.jobs' as relation, jsonb_build_object(
    'user_id', pg_temp.ada(), 'job_type', 'image_fast', 'format', 'image', 'quality', 'fast', 'model_type', 'sdxl') as content
union all
select 'atelier.generations', jsonb_build_object(
    'user_id', pg_temp.ada(), 'action', 'create', 'model_id', 'm', 'model_name', 'm', 'replicate_model', 'm')
union all
select 'atelier_engine.attempts', jsonb_build_object(
    'job_id', pg_temp.bob(), 'number', 1, 'endpoint_name', 'e', 'ready_at', now())
union all
select 'atelier_engine.queue', jsonb_build_object(
    'job_id', pg_temp.bob(), 'model_id', pg_temp.bob(), 'priority', 0, 'user_id', pg_temp.ada(), 'vtime', 1);

create function pg_temp.add(p_relation text, p_change jsonb) returns text language plpgsql as $$
declare
  content jsonb;
  columns text;
  detail text;
begin
  select v.content || p_change into content from valid v where v.relation = p_relation;
  select string_agg(quote_ident(k), ', ') into columns from jsonb_object_keys(content) k;
  execute format('insert into %1$s (%2$s) select %2$s from jsonb_populate_record(null::%1$s, %3$L)', p_relation, columns, content);
  execute format('delete from %s', p_relation);
  return 'written';
exception when check_violation then
  get stacked diagnostics detail = pg_exception_detail;
  return sqlerrm || '. ' || detail;
end;
$$;

select is(pg_temp.add(v.relation, '{}'), 'written', v.relation || ': a valid row') from valid v;
select is(pg_temp.add('atelier.jobs', jsonb_build_object(c.name, c.value)), 'written', format('jobs.%s may be %s', c.name, c.value))
  from (values ('status', '"processing"'::jsonb), ('job_type', '"rv51_high"'), ('format', 'null'), ('quality', '"high"'), ('destination', '"workspace"'),
               ('moderation_status', '"quarantined"'), ('priority', '-1000'), ('priority', '1000'), ('attempts', '0'),
               ('max_attempts', '100'), ('model_type', 'null'), ('model_type', '"a.b_c-1"'), ('parameters', '{"a": [1]}')) c (name, value);
select is(pg_temp.add('atelier.jobs', jsonb_build_object(c.name, c.value)), format('jobs.%s is not valid. It must be %s.', c.name, c.rule),
          format('jobs.%s: not %s', c.name, left(c.value::text, 30)))
  from (values ('status', '"done"'::jsonb, 'queued processing completed failed cancelled'),
               ('status', '""', 'queued processing completed failed cancelled'),
               ('status', '"queued processing"', 'queued processing completed failed cancelled'),
               ('format', '"audio"', 'image video chat'),
               ('quality', '"FAST"', 'fast high'),
               ('destination', '"nowhere"', 'library workspace'),
               ('moderation_status', '"unknown"', 'unchecked pending approved flagged quarantined rejected'),
               ('priority', '1001', 'from -1000 to 1000'),
               ('priority', '-1001', 'from -1000 to 1000'),
               ('attempts', '-1', '0 or more'),
               ('max_attempts', '0', 'from 1 to 100'),
               ('max_attempts', '101', 'from 1 to 100'),
               ('model_type', '""', '1 to 63 small letters, digits and ._-, and begin with a letter or a digit'),
               ('model_type', '"-a"', '1 to 63 small letters, digits and ._-, and begin with a letter or a digit'),
               ('model_type', '"a b"', '1 to 63 small letters, digits and ._-, and begin with a letter or a digit'),
               ('model_type', to_jsonb(repeat('a', 64)), '1 to 63 small letters, digits and ._-, and begin with a letter or a digit'),
               ('parameters', '[1]', 'a JSON object'),
               ('parameters', '"x"', 'a JSON object')) c (name, value, rule);
select matches(pg_temp.add('atelier.jobs', '{"job_type": "image"}'), '^jobs\.job_type is not valid\. It must be image_fast .* rv51_high chat\.$', 'jobs.job_type: one of the fifteen');
select is(pg_temp.add('atelier.jobs', '{"idempotency_key": "k"}'),
  'jobs.request_hash is not valid. It must be there when there is an idempotency key, and only then.', 'a key needs its hash');
select is(pg_temp.add('atelier.jobs', '{"request_hash": "\\x01"}'),
  'jobs.request_hash is not valid. It must be there when there is an idempotency key, and only then.', 'a hash needs its key');
select is(pg_temp.add('atelier.jobs', jsonb_build_object('request_hash', '\x01', 'idempotency_key', repeat('ü', 255))), 'written', 'a key has up to 255 characters');
select is(pg_temp.add('atelier.jobs', jsonb_build_object('request_hash', '\x01', 'idempotency_key', repeat('k', 256))),
  'jobs.idempotency_key is not valid. It must be of 1 to 255 characters.', 'and no more');
select is(pg_temp.add('atelier.jobs', '{"request_hash": "\\x01", "idempotency_key": ""}'),
  'jobs.idempotency_key is not valid. It must be of 1 to 255 characters.', 'nor none');
select is(pg_temp.add('atelier.jobs', '{"status": "completed"}'),
  'jobs.completed_at is not valid. It must be there when the job has ended, and only then.', 'an ended job has a time');
select is(pg_temp.add('atelier.jobs', '{"completed_at": "2026-01-01"}'),
  'jobs.completed_at is not valid. It must be there when the job has ended, and only then.', 'an unfinished one has none');
select is(pg_temp.add('atelier.jobs', '{"status": "failed", "completed_at": "2026-01-01"}'), 'written', 'both together');

select matches(pg_temp.add('atelier.generations', '{"action": "delete"}'), '^generations\.action is not valid\. It must be create .* analyze_prompt chat\.$', 'generations.action');
select matches(pg_temp.add('atelier.generations', '{"status": "queued"}'), '^generations\.status is not valid', 'generations.status');
select is(pg_temp.add('atelier_engine.attempts', '{"state": "lost"}'),
  'attempts.state is not valid. It must be submitting submitted ingesting succeeded failed cancelled ambiguous.', 'attempts.state');
select is(pg_temp.add('atelier_engine.queue', c.change), 'written', c.change ->> 'state')
  from (values ('{"state": "parked", "progress": 1}'::jsonb),
               ('{"state": "leased", "attempt_id": "00000000-0000-7000-8000-000000000001", "endpoint_id": "00000000-0000-7000-8000-000000000001", "lease_expires_at": "2026-01-01"}'),
               ('{"state": "held", "attempt_id": "00000000-0000-7000-8000-000000000001", "endpoint_id": "00000000-0000-7000-8000-000000000001", "next_check_at": "2026-01-01"}')) c (change);
select matches(pg_temp.add('atelier_engine.queue', c.change), format('^queue\.%s is not valid', c.name), c.change::text)
  from (values ('state', '{"state": "done"}'::jsonb), ('cost', '{"cost": 0}'), ('progress', '{"progress": 1.5}'), ('progress', '{"progress": -0.1}'),
               ('attempt_id', '{"state": "leased", "lease_expires_at": "2026-01-01"}'),
               ('attempt_id', '{"attempt_id": "00000000-0000-7000-8000-000000000001"}'),
               ('endpoint_id', '{"endpoint_id": "00000000-0000-7000-8000-000000000001"}'),
               ('lease_expires_at', '{"state": "leased", "attempt_id": "00000000-0000-7000-8000-000000000001", "endpoint_id": "00000000-0000-7000-8000-000000000001"}'),
               ('next_check_at', '{"next_check_at": "2026-01-01"}')) c (name, change);

-- A table that gets another column is looked at anew.
alter table atelier.jobs add column later text;
select is(pg_temp.add('atelier.jobs', '{"later": "x"}'), 'written', 'with a column more');
select is(pg_temp.add('atelier.jobs', '{"quality": "x", "later": "x"}'), 'jobs.quality is not valid. It must be fast high.', 'the rules hold');
select * from finish();
rollback;
