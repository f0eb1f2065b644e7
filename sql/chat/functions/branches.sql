-- Chat: the tree of messages, and the branch of it that is read.

create or replace function atelier_engine.follow_conversation()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  previous uuid;
begin
  -- Two who speak at the same time come one after the other.
  select c.active_message_id into previous
    from atelier.conversations c
   where c.id = new.conversation_id and c.user_id = new.user_id
     for no key update;
  new.parent_id := coalesce(new.parent_id, previous);
  update atelier.conversations c
     set active_message_id = new.id, updated_at = now()
   where c.id = new.conversation_id and c.user_id = new.user_id;
  return new;
end;
$$;
comment on function atelier_engine.follow_conversation() is
  'Trigger: what an app writes comes behind the active branch, and the conversation is the latest one';

create or replace function atelier_engine.close_gaps()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  -- From what is left upwards: when a whole conversation goes, nothing is left.
  with recursive kept as (
    select m.id, g.parent_id as heir from gone g join atelier.messages m on m.parent_id = g.id
     union all
    select k.id, g.parent_id from kept k join gone g on g.id = k.heir)
  update atelier.messages m
     set parent_id = k.heir
    from kept k
   where m.id = k.id and not exists (select from gone g where g.id = k.heir);
  with recursive ended as (
    select c.id, g.parent_id as heir from gone g join atelier.conversations c on c.id = g.conversation_id and c.active_message_id = g.id
     union all
    select e.id, g.parent_id from ended e join gone g on g.id = e.heir)
  update atelier.conversations c
     set active_message_id = e.heir
    from ended e
   where c.id = e.id and not exists (select from gone g where g.id = e.heir);
  return null;
end;
$$;
comment on function atelier_engine.close_gaps() is
  'Trigger: what followed a deleted message follows the one before it, and so does the end of the active branch';

create or replace function atelier_engine.own_conversation(p_conversation_id uuid, p_user_id uuid)
returns atelier.conversations
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  talk atelier.conversations;
begin
  select c.* into talk from atelier.conversations c where c.id = p_conversation_id and c.user_id = p_user_id;
  if not found then
    raise sqlstate 'PT404' using
      message = 'no such conversation', hint = 'The conversation does not exist or belongs to somebody else.';
  end if;
  return talk;
end;
$$;
comment on function atelier_engine.own_conversation(uuid, uuid) is
$$A conversation of a person

Raises PT404 for what is somebody else's.$$;

create or replace function atelier_engine.enter_conversation(p_conversation_id uuid, p_user_id uuid)
returns atelier.conversations
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform from atelier.conversations c where c.id = p_conversation_id and c.user_id = p_user_id for no key update;
  return atelier_engine.own_conversation(p_conversation_id, p_user_id);
end;
$$;
comment on function atelier_engine.enter_conversation(uuid, uuid) is
$$own_conversation(), and nobody else says anything in it until the transaction has ended

Raises PT404.$$;

create or replace function atelier_engine.own_message(p_message_id uuid, p_user_id uuid)
returns atelier.messages
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  message atelier.messages;
begin
  select m.* into message from atelier.messages m where m.id = p_message_id and m.user_id = p_user_id;
  if not found then
    raise sqlstate 'PT404' using
      message = 'no such message', hint = 'The message does not exist or belongs to somebody else.';
  end if;
  return message;
end;
$$;
comment on function atelier_engine.own_message(uuid, uuid) is
$$A message in a conversation of a person

Raises PT404 for what is somebody else's.$$;

create or replace function atelier_engine.branch_of(
  p_message_id uuid, p_max_messages integer, p_until_message_id uuid default null
)
returns table (place integer, id uuid)
language plpgsql stable
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
as $$
#variable_conflict use_column
begin
  return query
    with recursive branch as (
      select 1 as place, m.id, m.parent_id
        from atelier.messages m
       where m.id = p_message_id and m.id is distinct from p_until_message_id
       union all
      select b.place + 1, m.id, m.parent_id
        from branch b
        join atelier.messages m on m.id = b.parent_id
       where b.place < p_max_messages and m.id is distinct from p_until_message_id)
    select b.place, b.id from branch b;
end;
$$;
comment on function atelier_engine.branch_of(uuid, integer, uuid) is
$$The messages from one back to the first, at most so many

Without p_until_message_id and those before it. The newest has place 1.$$;

create or replace function atelier_engine.end_of_branch(p_message_id uuid)
returns uuid
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
  with recursive branch as (
    select 1 as place, p_message_id as id
     union all
    select b.place + 1, newest.id
      from branch b
     cross join lateral (
       select m.id from atelier.messages m where m.parent_id = b.id order by m.created_at desc, m.id desc limit 1) newest)
  select b.id from branch b order by b.place desc limit 1;
end;
comment on function atelier_engine.end_of_branch(uuid) is
  'Where the branch ends that takes the newest of several messages each time';

create or replace function atelier.conversation_messages(
  conversation_id uuid, before_message_id uuid default null, max_messages integer default 100
)
returns table (
  message_id uuid,
  parent_id uuid,
  sender text,
  content text,
  message_type text,
  state text,
  created_at timestamptz,
  job_id uuid,
  sibling integer,
  siblings integer,
  pictures jsonb
)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
#variable_conflict use_column
declare
  talk constant atelier.conversations := atelier_engine.own_conversation(conversation_messages.conversation_id, auth.uid());
  most constant integer := least(greatest(coalesce(conversation_messages.max_messages, 100), 1), 1000);
  last_one uuid := talk.active_message_id;
begin
  if conversation_messages.before_message_id is not null then
    select m.parent_id into last_one
      from atelier.messages m
     where m.id = conversation_messages.before_message_id and m.conversation_id = talk.id;
    if not found then
      raise sqlstate 'PT404' using
        message = 'no such message', detail = 'before_message_id is no message of the conversation.',
        hint = 'Use the message_id of the first row of the page before.';
    end if;
  end if;
  return query
    select m.id, m.parent_id, m.sender, m.content, m.message_type, m.state, m.created_at, m.job_id, s.place, s.count,
           case when exists (select from atelier.tool_calls t where t.message_id = m.id)
                then atelier_engine.pictures_of_message(m.id) else '[]' end
      from atelier_engine.branch_of(last_one, most) b
      join atelier.messages m on m.id = b.id
     cross join lateral (
       select count(*)::integer as count, (count(*) filter (where (o.created_at, o.id) <= (m.created_at, m.id)))::integer as place
         from (select f.created_at, f.id, f.sender from atelier.messages f where f.parent_id = m.parent_id
                union all
               select f.created_at, f.id, f.sender from atelier.messages f
                where m.parent_id is null and f.parent_id is null and f.conversation_id = m.conversation_id) o
        where o.sender = m.sender) s
     order by b.place desc;
end;
$$;
grant execute on function atelier.conversation_messages(uuid, uuid, integer) to authenticated, service_role;
comment on function atelier.conversation_messages(uuid, uuid, integer) is
$$What was said in a conversation, on its active branch

The newest max_messages (at most 1000), oldest first; with before_message_id those before that one. sibling and siblings say
which of how many messages in the same place it is, see message_siblings(). pictures are those that the model asked for
with the message: {tool_call_id, job_id, status, error, assets}. For the owner of the conversation; PT404 for others.$$;

create or replace function atelier.message_siblings(message_id uuid)
returns table (sibling_id uuid, place integer, content text, state text, created_at timestamptz, is_active boolean)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  message constant atelier.messages := atelier_engine.own_message(message_siblings.message_id, auth.uid());
  longest_branch constant integer := 100000;
begin
  return query
    select m.id, row_number() over (order by m.created_at, m.id)::integer, m.content, m.state, m.created_at,
           exists (select from atelier_engine.branch_of((
                     select c.active_message_id from atelier.conversations c where c.id = message.conversation_id),
                     longest_branch) b
                    where b.id = m.id)
      from atelier.messages m
     where m.parent_id is not distinct from message.parent_id and m.conversation_id = message.conversation_id
       and m.sender = message.sender
     order by 2;
end;
$$;
grant execute on function atelier.message_siblings(uuid) to authenticated, service_role;
comment on function atelier.message_siblings(uuid) is
$$What stands in the same place of a conversation

The answers that regenerate_message() made of an answer, or what edit_message() made of a message, oldest first; is_active:
the one on the active branch. choose_message() takes another. For the owner; PT404 for others.$$;

create or replace function atelier.choose_message(message_id uuid)
returns atelier.conversations
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  message constant atelier.messages := atelier_engine.own_message(choose_message.message_id, auth.uid());
  talk atelier.conversations := atelier_engine.enter_conversation(message.conversation_id, message.user_id);
begin
  update atelier.conversations c
     set active_message_id = atelier_engine.end_of_branch(message.id)
   where c.id = talk.id
  returning c.* into talk;
  return talk;
end;
$$;
grant execute on function atelier.choose_message(uuid) to authenticated, service_role;
comment on function atelier.choose_message(uuid) is
$$Go on with another branch of a conversation

The one that the message is on, to its newest end. Returns the conversation. For the owner; PT404 for others.$$;
