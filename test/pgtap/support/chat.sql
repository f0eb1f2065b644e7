-- A model that talks, and helpers for the tests of conversations. Included after support/jobs.sql.
insert into atelier.api_models (provider_id, model_key, display_name, modality, task, is_default, parameter_schema)
select p.id, 'talker', 'Talker', 'chat', 'roleplay', true,
       '{"properties": {"messages": {"type": "array"}, "max_tokens": {"type": "integer", "minimum": 1}, "tools": {"type": "array"}}}'
  from atelier.api_providers p where p.name = 'atelier-runner';

-- Records what the model says to a turn, as the dispatcher does.
create function pg_temp.answer_job(p_job uuid, p_result jsonb) returns boolean language plpgsql as $$
declare
  attempt uuid := pg_temp.claim(p_job);
  done boolean;
begin
  if attempt is null then
    select q.attempt_id into attempt from atelier_engine.queue q where q.job_id = p_job;
  end if;
  perform pg_temp.become('atelier_worker');
  perform atelier_engine.open_result(attempt);
  done := atelier_engine.record_successes(
    array[attempt], array[null::jsonb], array[p_result], array['{}'::jsonb],
    array[clock_timestamp()], array[clock_timestamp()], array[clock_timestamp()], array[clock_timestamp()]) <> '{}';
  perform pg_temp.sign_out();
  return done;
end $$;
create function pg_temp.say(p_turn jsonb, p_text text) returns boolean language sql as
$$ select pg_temp.answer_job((p_turn ->> 'job_id')::uuid, jsonb_build_object('text', p_text, 'finish_reason', 'stop')) $$;

-- What is on the active branch.
create function pg_temp.spoken(p_conversation uuid) returns text[] language sql as
$$ select array_agg(m.sender || ': ' || m.content) from atelier.conversation_messages(p_conversation) m $$;

-- What the job of a turn tells the model of the conversation, and of who it is.
create function pg_temp.told(p_turn jsonb) returns text[] language sql as
$$ select coalesce(array_agg((m.value ->> 'role') || ': ' || (m.value ->> 'content') order by m.place) filter (where m.value ->> 'role' <> 'system'), '{}')
     from atelier.jobs j cross join jsonb_array_elements(j.parameters -> 'messages') with ordinality m (value, place)
    where j.id = (p_turn ->> 'job_id')::uuid $$;
create function pg_temp.system_of(p_job uuid) returns text language sql as
$$ select j.parameters #>> '{messages,0,content}' from atelier.jobs j where j.id = p_job and j.parameters #>> '{messages,0,role}' = 'system' $$;

create function pg_temp.stop_all(p_user uuid) returns void language plpgsql as $$
declare
  job uuid;
begin
  perform pg_temp.sign_in(p_user);
  for job in select j.id from atelier.jobs j where j.user_id = p_user and j.status = 'queued' loop
    perform atelier.cancel_job(job);
  end loop;
  perform pg_temp.sign_out();
end $$;
