-- Chat: answers that come bit by bit. The dispatcher writes them down, clients wait for more.

create or replace function atelier_engine.recordings()
returns bigint
language c volatile
as 'MODULE_PATHNAME', 'atelier_recordings';
comment on function atelier_engine.recordings() is
  'How often the dispatcher has recorded something, for wait_for_recordings()';

create or replace function atelier_engine.wait_for_recordings(p_known bigint, p_wait_ms double precision)
returns void
language c volatile strict
as 'MODULE_PATHNAME', 'atelier_wait_for_recordings';
comment on function atelier_engine.wait_for_recordings(bigint, double precision) is
$$Wait until the dispatcher has recorded something after p_known, or that time has passed

At most a second without news, because a wake-up may be lost with the shared memory. Obeys cancel and statement_timeout.$$;

create or replace function atelier_engine.append_texts(p_attempt_ids uuid[], p_starts_at integer[], p_texts text[])
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into atelier_engine.text_pieces (attempt_id, starts_at, text)
  select * from unnest(p_attempt_ids, p_starts_at, p_texts)
      on conflict do nothing;
end;
$$;
grant execute on function atelier_engine.append_texts(uuid[], integer[], text[]) to atelier_worker;
comment on function atelier_engine.append_texts(uuid[], integer[], text[]) is
$$Write down more of the answers of these attempts

The arrays go together; p_starts_at counts the characters before. A row for each attempt, however many words it is.$$;

create or replace function atelier_engine.end_texts(p_job_ids uuid[])
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  broken_off constant uuid[] := array(
    select j.id from atelier.jobs j where j.id = any (p_job_ids) and j.status in ('failed', 'cancelled'));
  answering constant uuid[] := array(select m.job_id from atelier.messages m where m.job_id = any (p_job_ids));
  tried constant uuid[] := array(select a.id from atelier_engine.attempts a where a.job_id = any (p_job_ids));
begin
  -- With every result, and most are no answers. Arrays from one table each: joins that were planned when the tables were
  -- small would read all jobs and all attempts.
  if broken_off <> '{}' then
    update atelier.jobs j
       set metadata = coalesce(j.metadata, '{}') || jsonb_build_object('partial_text', p.text), updated_at = clock_timestamp()
      from unnest(broken_off) u (job_id)
     cross join lateral (
       select string_agg(t.text, '' order by t.starts_at) as text
         from (select a.id from atelier_engine.attempts a where a.job_id = u.job_id order by a.number desc limit 1) a
         join atelier_engine.text_pieces t on t.attempt_id = a.id) p
     where j.id = u.job_id and j.id = any (broken_off) and p.text is not null;
  end if;
  if answering <> '{}' then
    update atelier.messages m
       set content = coalesce(t.text, m.content),
           state = case j.status when 'completed' then 'complete' when 'cancelled' then 'stopped' else 'failed' end
      from unnest(answering) u (job_id)
     cross join lateral (select j.status from atelier.jobs j where j.id = u.job_id offset 0) j
     cross join lateral (select atelier_engine.text_of_job(u.job_id) as text) t
     where m.job_id = u.job_id and m.job_id = any (answering);
  end if;
  delete from atelier_engine.text_pieces t where t.attempt_id = any (tried);
  perform atelier_engine.end_summaries(p_job_ids);
  if answering <> '{}' then
    perform atelier_engine.answer_tool_calls(answering);
  end if;
end;
$$;
comment on function atelier_engine.end_texts(uuid[]) is
$$Put the answers of jobs that have ended in one place

In the message that names the job, or the summary that it is for; then what the model wants done is begun. Of a job that
failed or was cancelled, as much as came is kept as partial_text in its metadata, too.$$;

create or replace function atelier_engine.text_of_job(p_job_id uuid)
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce(
    (select g.output_text from atelier.generations g where g.job_id = p_job_id and g.output_text is not null limit 1),
    (select j.metadata ->> 'partial_text' from atelier.jobs j where j.id = p_job_id));
end;
$$;
comment on function atelier_engine.text_of_job(uuid) is
  'What a job that has ended said: the whole, or as much as came; null: nothing';

create or replace function atelier_engine.text_after(p_job_id uuid, p_after bigint)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  job atelier.jobs;
  latest record;
  seen integer := (p_after & 4294967295)::integer;
  more text;
  is_done boolean;
begin
  select j.* into job from atelier.jobs j where j.id = p_job_id;
  select a.id, a.number into latest
    from atelier_engine.attempts a where a.job_id = p_job_id order by a.number desc limit 1;
  -- Another try begins anew.
  if p_after >> 32 <> coalesce(latest.number, 0) then
    seen := 0;
  end if;
  is_done := job.status not in ('queued', 'processing');
  if atelier_engine.text_is_being_checked(job) then
    is_done := false;
    more := '';
  elsif is_done then
    more := substr(coalesce(atelier_engine.text_of_job(p_job_id), ''), seen + 1);
  else
    select coalesce(string_agg(t.text, '' order by t.starts_at), '') into more
      from atelier_engine.text_pieces t where t.attempt_id = latest.id and t.starts_at >= seen;
  end if;
  return jsonb_build_object(
    'text', more, 'cursor', (coalesce(latest.number, 0)::bigint << 32) + seen + char_length(more),
    'restarted', seen = 0 and p_after & 4294967295 > 0, 'status', job.status, 'done', is_done);
end;
$$;
comment on function atelier_engine.text_after(uuid, bigint) is
  'What a job has said behind a cursor of job_stream()';

create or replace function atelier.job_stream(job_id uuid, after bigint default 0, wait_seconds numeric default 10)
returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  longest constant integer := 30;
  ends_at constant timestamptz := clock_timestamp() + make_interval(
    secs => least(greatest(coalesce(job_stream.wait_seconds, 0), 0), longest)::double precision);
  known bigint;
  said jsonb;
begin
  if not exists (
    select from atelier.jobs j
     where j.id = job_stream.job_id
       and (j.user_id = auth.uid() or atelier_engine.is_service_role()
            or atelier_engine.user_has_role(auth.uid(), 'admin'))) then
    raise sqlstate 'PT404' using
      message = 'no such job', hint = 'The job does not exist or belongs to somebody else.';
  end if;
  if job_stream.after is null or job_stream.after < 0 then
    raise invalid_parameter_value using
      message = 'after is not a cursor',
      detail = format('It is %s.', coalesce(job_stream.after::text, 'null')),
      hint = 'Begin with 0, and go on with the cursor of the answer before.';
  end if;
  loop
    known := atelier_engine.recordings();
    said := atelier_engine.text_after(job_stream.job_id, job_stream.after);
    exit when said ->> 'text' <> '' or (said ->> 'done')::boolean or (said ->> 'restarted')::boolean
              or clock_timestamp() >= ends_at;
    perform atelier_engine.wait_for_recordings(known, extract(epoch from ends_at - clock_timestamp()) * 1000);
  end loop;
  return said;
end;
$$;
grant execute on function atelier.job_stream(uuid, bigint, numeric) to authenticated, service_role;
comment on function atelier.job_stream(uuid, bigint, numeric) is
$$What a job has said since, of an answer that comes bit by bit

Waits until there is more, the job has ended or wait_seconds (at most 30) have passed. Gives {text, cursor, restarted,
status, done}: append the text and ask again with after => cursor until done. With restarted another try has begun, and
the text replaces what there was. Of a job that failed or was cancelled there is as much as came. For the owner, admins and
the service role; PT404 for others, 22023 for what is no cursor. Wants isolation level read committed.$$;

create or replace function atelier.message_stream(message_id uuid, after bigint default 0, wait_seconds numeric default 10)
returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  message atelier.messages;
begin
  select m.* into message
    from atelier.messages m
   where m.id = message_stream.message_id
     and (m.user_id = auth.uid() or atelier_engine.is_service_role());
  if not found then
    raise sqlstate 'PT404' using
      message = 'no such message', hint = 'The message does not exist or belongs to somebody else.';
  end if;
  if message.job_id is null then
    return jsonb_build_object(
      'text', substr(message.content, (message_stream.after & 4294967295)::integer + 1),
      'cursor', char_length(message.content), 'restarted', false, 'status', 'completed', 'done', true);
  end if;
  return atelier.job_stream(message.job_id, message_stream.after, message_stream.wait_seconds);
end;
$$;
grant execute on function atelier.message_stream(uuid, bigint, numeric) to authenticated, service_role;
comment on function atelier.message_stream(uuid, bigint, numeric) is
$$What an answer in a conversation says since, while it comes bit by bit

As job_stream(), for the job of the message; a message without a job is there as a whole. For the owner of the
conversation and the service role; PT404 for others.$$;
