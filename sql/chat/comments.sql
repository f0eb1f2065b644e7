-- Chat: what the columns mean.

comment on column atelier.conversations.user_id is 'Whose conversation it is.';
comment on column atelier.conversations.project_id is 'The project it belongs to.';
comment on column atelier.conversations.title is 'What its owner calls it.';
comment on column atelier.conversations.conversation_type is 'What kind of conversation the app says it is.';
comment on column atelier.conversations.status is 'Whatever the app says: active, archived.';
comment on column atelier.conversations.character_id is 'The character that answers.';
comment on column atelier.conversations.user_character_id is 'The character that the user plays.';
comment on column atelier.conversations.memory_tier is 'How far memory reaches: conversation, character or profile.';
comment on column atelier.conversations.memory_data is 'What is remembered, for the app.';
comment on column atelier.conversations.current_location is 'Where the scene is.';
comment on column atelier.conversations.last_scene_image is 'The latest picture of the scene.';
comment on column atelier.conversations.active_message_id is 'The message that the active branch ends with; null: none was said.';

comment on column atelier.messages.conversation_id is 'The conversation it is part of.';
comment on column atelier.messages.user_id is 'Whose conversation that is.';
comment on column atelier.messages.sender is 'user or assistant.';
comment on column atelier.messages.content is 'What was said. Of an answer that broke off or was stopped: as much as came.';
comment on column atelier.messages.message_type is 'text, or what the app makes of it.';
comment on column atelier.messages.job_id is 'The job that makes the answer.';
comment on column atelier.messages.parent_id is 'The message that it follows; null: a first one.';
comment on column atelier.messages.state is
  'pending: the answer is to come; complete; stopped: by the user, with as much as came; failed.';
comment on column atelier.messages.request is
  'How the answer was asked for, in the arguments of playground_chat(). Null: written by the app itself.';
comment on column atelier.messages.idempotency_key is 'The key of the request that the message belongs to.';
comment on column atelier.messages.request_hash is 'SHA-256 of that request.';

comment on column atelier_engine.text_pieces.attempt_id is 'The attempt that says it.';
comment on column atelier_engine.text_pieces.starts_at is 'How many characters were before.';
comment on column atelier_engine.text_pieces.text is 'The piece.';
