-- Dialogue: what is remembered of conversations, summaries of what is far back, and what models asked to be done.

create table atelier.memories (
  id uuid primary key default atelier.uuid7(),
  user_id uuid not null references atelier.profiles (id) on delete cascade,
  tier text not null constraint memories_tier_known check (tier in ('conversation', 'character', 'profile')),
  conversation_id uuid,
  character_id uuid references atelier.characters (id) on delete cascade,
  content text not null
    constraint memories_content_length check (char_length(content) between 1 and 2000)
    constraint memories_content_is_not_blank check (content ~ '\S'),
  importance smallint not null default 5 constraint memories_importance_range check (importance between 1 and 10),
  created_at timestamptz not null default now(),
  constraint memories_conversation_fkey foreign key (conversation_id, user_id)
    references atelier.conversations (id, user_id) on delete cascade,
  constraint memories_tier_names_its_subject
    check ((tier = 'conversation') = (conversation_id is not null) and (tier = 'character') = (character_id is not null))
);
select pg_catalog.pg_extension_config_dump('atelier.memories', '');
create index memories_conversation_idx on atelier.memories (conversation_id, user_id) where conversation_id is not null;
create index memories_character_idx on atelier.memories (character_id) where character_id is not null;
create index memories_reach_idx on atelier.memories (user_id, tier, character_id, importance desc, id desc);
alter table atelier.memories enable row level security;
alter table atelier.memories force row level security;
grant select on atelier.memories to authenticated;
grant select, insert, update, delete on atelier.memories to service_role;
comment on table atelier.memories is
$$What models are told again

Of one conversation, of everything between a user and a character, or of all conversations of a user. How far a conversation
reaches is its memory_tier. Written by remember() and forget().$$;

create table atelier.conversation_summaries (
  id uuid primary key default atelier.uuid7(),
  conversation_id uuid not null,
  user_id uuid not null,
  up_to_message_id uuid not null references atelier.messages (id) on delete cascade,
  content text not null default ''
    constraint conversation_summaries_content_length check (octet_length(content) <= 65536),
  state text not null default 'pending'
    constraint conversation_summaries_state_known check (state in ('pending', 'complete', 'failed')),
  job_id uuid constraint conversation_summaries_job_key unique references atelier.jobs (id) on delete set null,
  created_at timestamptz not null default now(),
  constraint conversation_summaries_conversation_fkey foreign key (conversation_id, user_id)
    references atelier.conversations (id, user_id) on delete cascade
);
select pg_catalog.pg_extension_config_dump('atelier.conversation_summaries', '');
create index conversation_summaries_conversation_idx
  on atelier.conversation_summaries (conversation_id, user_id, created_at desc);
create index conversation_summaries_user_idx on atelier.conversation_summaries (user_id);
create index conversation_summaries_up_to_idx on atelier.conversation_summaries (up_to_message_id);
alter table atelier.conversation_summaries enable row level security;
alter table atelier.conversation_summaries force row level security;
grant select on atelier.conversation_summaries to authenticated;
grant select, insert, update, delete on atelier.conversation_summaries to service_role;
comment on table atelier.conversation_summaries is
$$Summaries of what was said in a conversation up to a message

Made by jobs of their own when a conversation no longer fits into what its model takes; each is about all that came before,
too. One that is complete stands for these messages on every branch that they are on. What failed changes nothing.$$;

create table atelier.tool_calls (
  id uuid primary key default atelier.uuid7(),
  message_id uuid not null references atelier.messages (id) on delete cascade,
  user_id uuid not null references atelier.profiles (id) on delete cascade,
  place integer not null constraint tool_calls_place_not_negative check (place >= 0),
  call_id text not null constraint tool_calls_call_id_length check (char_length(call_id) <= 200),
  name text not null constraint tool_calls_name_length check (char_length(name) <= 200),
  arguments text not null constraint tool_calls_arguments_length check (char_length(arguments) <= 10000),
  job_id uuid references atelier.jobs (id) on delete set null,
  error text constraint tool_calls_error_length check (char_length(error) <= 2000),
  created_at timestamptz not null default now(),
  constraint tool_calls_message_place_key unique (message_id, place)
);
select pg_catalog.pg_extension_config_dump('atelier.tool_calls', '');
create index tool_calls_user_idx on atelier.tool_calls (user_id);
create index tool_calls_job_idx on atelier.tool_calls (job_id) where job_id is not null;
alter table atelier.tool_calls enable row level security;
alter table atelier.tool_calls force row level security;
grant select on atelier.tool_calls to authenticated;
grant select, insert, update, delete on atelier.tool_calls to service_role;
comment on table atelier.tool_calls is
$$What models asked to be done, with a message

Arguments are as the model wrote them, at most 10 000 characters of them. Either a job does it, queued as the user of the
conversation, or there is an error. The model is told of both with the next turn.$$;
