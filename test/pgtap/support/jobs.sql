-- People and helpers for the tests of jobs and providers. Included after `begin`.
\set alice '''a11ce000-0000-7000-8000-000000000001'''
\set bob '''b0b00000-0000-7000-8000-000000000002'''
\set carol '''ca201000-0000-7000-8000-000000000003'''
insert into auth.users (id, email)
values (:alice, 'alice@example.org'), (:bob, 'bob@example.org'), (:carol, 'carol@example.org');
insert into atelier.user_roles (user_id, role) values (:carol, 'admin');

create function pg_temp.sign_in(p_user uuid) returns void language plpgsql as $$
begin
  perform set_config('request.jwt.claims', jsonb_build_object('sub', p_user, 'role', 'authenticated')::text, true);
  perform set_config('role', 'authenticated', true);
end $$;

create function pg_temp.become(p_role text) returns void language plpgsql as $$
begin
  perform set_config('request.jwt.claims', '', true);
  perform set_config('role', p_role, true);
end $$;

create function pg_temp.sign_out() returns void language sql as $$ select pg_temp.become('none') $$;

-- The parts of an error that pgTAP does not look at.
create function pg_temp.error_of(p_sql text, out state text, out message text, out detail text, out hint text)
language plpgsql as $$
begin
  execute p_sql;
exception when others then
  get stacked diagnostics state = returned_sqlstate, message = message_text, detail = pg_exception_detail,
    hint = pg_exception_hint;
end $$;

delete from atelier_engine.endpoint_states;
-- The only endpoint is one of ours, so that nothing of the installation shines through.
update atelier.endpoints set is_active = false;
insert into atelier.endpoints (id, provider_id, name, adapter, base_url, max_concurrency, ambiguity_policy)
select 'e0000000-0000-7000-8000-000000000001', id, 'test endpoint', 'openai_images', 'http://192.0.2.1/v1', 2, 'retry'
  from atelier.api_providers where name = 'atelier-runner';

create function pg_temp.queue(p_user uuid, p_prompt text, p_options text default '')
returns uuid language plpgsql as $$
declare
  job uuid;
begin
  perform pg_temp.sign_in(p_user);
  execute format('select (atelier.queue_job(%L %s)).id', p_prompt, p_options) into job;
  perform pg_temp.sign_out();
  return job;
end $$;

-- Claims what can be claimed and gives the attempt of one job.
create function pg_temp.claim(p_job uuid) returns uuid language plpgsql as $$
declare
  attempt uuid;
begin
  perform pg_temp.become('atelier_worker');
  perform atelier_engine.claim_jobs(100);
  perform pg_temp.sign_out();
  select q.attempt_id into attempt from atelier_engine.queue q where q.job_id = p_job and q.state = 'leased';
  return attempt;
end $$;

create function pg_temp.fail(p_attempt uuid, p_class text, p_message text default 'it broke',
                             p_retry_after_ms integer default null, p_sent boolean default true)
returns text language plpgsql as $$
declare
  status text;
begin
  perform pg_temp.become('atelier_worker');
  status := atelier_engine.record_failure(p_attempt, p_class, 0, p_message, 'body', p_retry_after_ms, p_sent,
                                          clock_timestamp(), null, null, clock_timestamp());
  perform pg_temp.sign_out();
  return status;
end $$;

-- Stores and records outputs as the dispatcher does; null when the attempt does not own its job.
create function pg_temp.succeed(p_attempt uuid, p_bytes bytea[] default '{"\\x89504e47"}', p_seed bigint default null)
returns boolean language plpgsql as $$
declare
  outputs jsonb := '[]';
  object uuid;
  done boolean;
begin
  perform pg_temp.become('atelier_worker');
  if atelier_engine.open_result(p_attempt) then
    for i in 0 .. cardinality(p_bytes) - 1 loop
      object := atelier_engine.begin_object(p_attempt, i, 'image/png', 'png', length(p_bytes[i + 1]),
                                            sha256(p_bytes[i + 1]));
      perform atelier_engine.append_object_chunk(object, 0, p_bytes[i + 1]);
      outputs := outputs || jsonb_build_object(
        'index', i, 'object_id', object, 'media_type', 'image/png', 'extension', 'png', 'width', 64, 'height', 48,
        'byte_count', length(p_bytes[i + 1]), 'sha256', encode(sha256(p_bytes[i + 1]), 'hex'), 'seed', p_seed + i);
    end loop;
    done := atelier_engine.record_successes(
      array[p_attempt], array[outputs], array[null::jsonb], array['{"created": 1}'::jsonb],
      array[clock_timestamp() - interval '3 s'], array[clock_timestamp() - interval '2 s'],
      array[clock_timestamp() - interval '1 s'], array[clock_timestamp()]) <> '{}';
  end if;
  perform pg_temp.sign_out();
  return done;
end $$;

create function pg_temp.job(p_job uuid) returns atelier.jobs language sql as
$$ select * from atelier.jobs where id = p_job $$;
create function pg_temp.queued(p_job uuid) returns atelier_engine.queue language sql as
$$ select * from atelier_engine.queue where job_id = p_job $$;
create function pg_temp.attempt(p_attempt uuid) returns atelier_engine.attempts language sql as
$$ select * from atelier_engine.attempts where id = p_attempt $$;
