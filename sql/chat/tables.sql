-- Chat: conversations and what is said in them, and answers that come bit by bit.

create table atelier.conversations (
  id uuid primary key default atelier.uuid7(),
  user_id uuid not null default auth.uid() references atelier.profiles (id) on delete cascade,
  project_id uuid,
  title text not null default 'New Conversation'
    constraint conversations_title_length check (char_length(title) between 1 and 500),
  conversation_type text not null default 'general'
    constraint conversations_conversation_type_length check (char_length(conversation_type) between 1 and 100),
  status text not null default 'active'
    constraint conversations_status_length check (char_length(status) between 1 and 100),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  character_id uuid,
  user_character_id uuid,
  memory_tier text not null default 'conversation'
    constraint conversations_memory_tier_known check (memory_tier in ('conversation', 'character', 'profile')),
  memory_data jsonb not null default '{}'
    constraint conversations_memory_data_is_an_object check (jsonb_typeof(memory_data) = 'object')
    constraint conversations_memory_data_size check (octet_length(memory_data::text) <= 65536),
  current_location text,
  last_scene_image text,
  -- Without a foreign key: the two tables would refer to each other, and no dump could be loaded in order.
  active_message_id uuid,
  -- What messages refers to, so that nobody writes into the conversation of somebody else.
  constraint conversations_id_user_id_key unique (id, user_id)
);
create index conversations_user_idx on atelier.conversations (user_id, updated_at desc);
select pg_catalog.pg_extension_config_dump('atelier.conversations', '');
alter table atelier.conversations enable row level security;
alter table atelier.conversations force row level security;
grant select, delete,
  insert (id, user_id, project_id, title, conversation_type, status, character_id, user_character_id, memory_tier,
    memory_data, current_location, last_scene_image),
  update (project_id, title, conversation_type, status, character_id, user_character_id, memory_tier, memory_data,
    current_location, last_scene_image)
  on atelier.conversations to authenticated;
grant select, insert, update, delete on atelier.conversations to service_role;
comment on table atelier.conversations is
$$Conversations of a user with a model

updated_at is when something was said last. conversation_messages() reads the branch that active_message_id ends. Deleting
one deletes what was said.$$;

create table atelier.messages (
  id uuid primary key default atelier.uuid7(),
  conversation_id uuid not null,
  user_id uuid not null default auth.uid(),
  sender text not null constraint messages_sender_known check (sender in ('user', 'assistant')),
  content text not null
    constraint messages_content_length
    check (octet_length(content) <= case sender when 'user' then 1048576 else 8388608 end),
  message_type text not null default 'text'
    constraint messages_message_type_length check (char_length(message_type) between 1 and 100),
  created_at timestamptz not null default now(),
  job_id uuid constraint messages_job_key unique references atelier.jobs (id) on delete set null,
  -- Deferred, so that the trigger that closes gaps comes first.
  parent_id uuid constraint messages_parent_fkey references atelier.messages (id) deferrable initially deferred,
  state text not null default 'complete'
    constraint messages_state_known check (state in ('pending', 'complete', 'stopped', 'failed')),
  request jsonb
    constraint messages_request_is_an_object check (jsonb_typeof(request) = 'object')
    constraint messages_request_size check (octet_length(request::text) <= 65536),
  idempotency_key text
    constraint messages_idempotency_key_length check (char_length(idempotency_key) between 1 and 255),
  request_hash bytea,
  constraint messages_conversation_fkey foreign key (conversation_id, user_id)
    references atelier.conversations (id, user_id) on delete cascade
);
create index messages_conversation_idx on atelier.messages (conversation_id, user_id, created_at);
create index messages_user_idx on atelier.messages (user_id);
create index messages_parent_idx on atelier.messages (parent_id, conversation_id);
create unique index messages_idempotency_key_key on atelier.messages (user_id, idempotency_key)
  where idempotency_key is not null;
select pg_catalog.pg_extension_config_dump('atelier.messages', '');
alter table atelier.messages enable row level security;
alter table atelier.messages force row level security;
grant select, delete, insert (id, conversation_id, user_id, sender, content, message_type) on atelier.messages to authenticated;
grant select, insert, update, delete on atelier.messages to service_role;
comment on table atelier.messages is
$$What was said in a conversation

A tree: parent_id is what a message follows, and the active branch ends with active_message_id of the conversation. The
answer of a model names its job: content is empty until that has ended, and message_stream() gives what there is
meanwhile.$$;

create table atelier_engine.text_pieces (
  attempt_id uuid not null,
  starts_at integer not null,
  text text not null,
  primary key (attempt_id, starts_at)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
        autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_insert_threshold = 5000);
alter table atelier_engine.text_pieces enable row level security;
comment on table atelier_engine.text_pieces is
$$Answers that are coming bit by bit, in pieces

starts_at counts characters. Rows are only added, so that a long answer is not written again with every word; they go when
the job ends, and the whole answer is in one place. Not dumped: a copy of the database gets no more of it.$$;
