-- Dialogue: summaries of what no longer fits.

create or replace function atelier_engine.summary_of_branch(p_conversation_id uuid, p_last_message_id uuid)
returns atelier.conversation_summaries
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
  farthest constant integer := 2000;
  summary atelier.conversation_summaries;
begin
  if not exists (
    select from atelier.conversation_summaries s where s.conversation_id = p_conversation_id and s.state = 'complete') then
    return null;
  end if;
  select s.* into summary
    from atelier_engine.branch_of(p_last_message_id, farthest) b
    join atelier.conversation_summaries s on s.up_to_message_id = b.id and s.state = 'complete'
   order by b.place, s.created_at desc
   limit 1;
  return summary;
end;
$$;
comment on function atelier_engine.summary_of_branch(uuid, uuid) is
  'The summary that reaches farthest on the branch that a message ends; null: there is none';

create or replace function atelier_engine.summary_is_due(p_conversation_id uuid, p_last_message_id uuid, p_room integer)
returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
as $$
declare
  enough constant integer := p_room * 3 / 4;
begin
  -- One at a time, and no new one right after a failure.
  if exists (
    select from atelier.conversation_summaries s
      left join atelier.jobs j on j.id = s.job_id
     where s.conversation_id = p_conversation_id
       and (s.state = 'pending' and j.status in ('queued', 'processing')
            or s.state = 'failed' and s.created_at > now() - interval '5 minutes')) then
    return false;
  end if;
  return coalesce((
    select max(t.tokens_so_far) > enough
      from atelier_engine.turns_before(
             p_last_message_id,
             (atelier_engine.summary_of_branch(p_conversation_id, p_last_message_id)).up_to_message_id,
             enough) t), false);
end;
$$;
comment on function atelier_engine.summary_is_due(uuid, uuid, integer) is
$$Whether what is not summarised takes more than three quarters of the room for turns

False while a summary is being made, and for five minutes after one failed.$$;

create or replace function atelier_engine.begin_summary(
  p_conversation atelier.conversations, p_last_message_id uuid, p_model text, p_room integer
)
returns uuid
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
declare
  farthest constant integer := 2000;
  most_bytes constant integer := 16000;
  longest constant integer := 8000;  -- bytes of one message, whatever letters they are
  instruction constant text := 'Summarise the conversation so far in at most 300 words, for the one who goes on with it: '
    'who is who, what happened, what was agreed, what is open. Write nothing else.';
  earlier constant atelier.conversation_summaries :=
    atelier_engine.summary_of_branch(p_conversation.id, p_last_message_id);
  chosen uuid[];
  said text;
  job atelier.jobs;
begin
  -- The oldest of what is not summarised yet, but for the newest turns, as much as one request takes.
  select array_agg(c.id order by c.place desc)
    into chosen
    from (select b.place, m.id, m.state,
                 sum(octet_length(m.content) / 4 + 4) over (order by b.place) as newer,
                 sum(least(octet_length(m.content), longest) + 12) over (order by b.place desc) as older
            from atelier_engine.branch_of(p_last_message_id, farthest, earlier.up_to_message_id) b
            join atelier.messages m on m.id = b.id) c
   where c.newer > p_room / 4 and c.older <= most_bytes and c.state <> 'pending';
  if chosen is null then
    return null;
  end if;
  select string_agg(m.sender || ': ' || left(m.content, longest / 4), E'\n' order by c.place)
    into said
    from unnest(chosen) with ordinality c (id, place)
    join atelier.messages m on m.id = c.id;
  job := atelier_engine.submit(p_conversation.user_id, row(
    null, p_model,
    jsonb_build_object('messages', jsonb_build_array(
      jsonb_build_object('role', 'system', 'content', instruction),
      jsonb_build_object('role', 'user', 'content', concat_ws(E'\n', 'Before: ' || earlier.content, said)))),
    null, 'chat', 'workspace', null, 0, jsonb_build_object('summary_of', p_conversation.id), '{}', null, null, null, false,
    'fail', null)::atelier_engine.job_request);
  insert into atelier.conversation_summaries (conversation_id, user_id, up_to_message_id, job_id)
  values (p_conversation.id, p_conversation.user_id, chosen[cardinality(chosen)], job.id);
  return job.id;
end;
$$;
comment on function atelier_engine.begin_summary(atelier.conversations, uuid, text, integer) is
$$Queue a job that summarises the older part of a branch

With the summary before, so that nothing gets lost. Returns the job; null: there is nothing old enough. Errors as
queue_job().$$;

create or replace function atelier_engine.end_summaries(p_job_ids uuid[])
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  -- With every result, and hardly any is a summary.
  pending constant uuid[] := array(
    select s.job_id from atelier.conversation_summaries s where s.job_id = any (p_job_ids) and s.state = 'pending');
begin
  if pending = '{}' then
    return;
  end if;
  update atelier.conversation_summaries s
     set state = case when said.text ~ '\S' and j.status = 'completed' then 'complete' else 'failed' end,
         content = case when j.status = 'completed' then left(coalesce(said.text, ''), 16000) else '' end
    from unnest(pending) u (job_id)
   cross join lateral (select j.status from atelier.jobs j where j.id = u.job_id offset 0) j
   cross join lateral (select atelier_engine.text_of_job(u.job_id) as text) said
   where s.job_id = u.job_id and s.job_id = any (pending) and s.state = 'pending';
end;
$$;
comment on function atelier_engine.end_summaries(uuid[]) is
  'Write down the summaries that these jobs made; what failed or says nothing changes nothing';
