-- Dialogue: what the columns mean.

comment on column atelier.memories.tier is 'How far it reaches: conversation, character or profile (all conversations of the user).';
comment on column atelier.memories.conversation_id is 'The conversation it is of, in the tier conversation.';
comment on column atelier.memories.character_id is 'The character it is about, in the tier character.';
comment on column atelier.memories.content is 'What is to be remembered, in the words that the model is told.';
comment on column atelier.memories.importance is '1 to 10: what is more important finds room first.';

comment on column atelier.conversation_summaries.conversation_id is 'The conversation that is summarised.';
comment on column atelier.conversation_summaries.up_to_message_id is 'The last message that it is about.';
comment on column atelier.conversation_summaries.content is 'The summary; empty until it is complete.';
comment on column atelier.conversation_summaries.state is 'pending, complete or failed.';
comment on column atelier.conversation_summaries.job_id is 'The job that makes it.';

comment on column atelier.tool_calls.message_id is 'The answer with which the model asked for it.';
comment on column atelier.tool_calls.place is 'Its place among those of the message, from 0.';
comment on column atelier.tool_calls.call_id is 'What the model calls it.';
comment on column atelier.tool_calls.name is 'The name of the tool.';
comment on column atelier.tool_calls.arguments is 'What the model wrote as its arguments, meant to be JSON.';
comment on column atelier.tool_calls.job_id is 'The job that makes the picture.';
comment on column atelier.tool_calls.error is 'Why nothing was done, as the model is told.';
