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

comment on column atelier.messages.conversation_id is 'The conversation it is part of.';
comment on column atelier.messages.user_id is 'Whose conversation that is.';
comment on column atelier.messages.sender is 'user or assistant.';
comment on column atelier.messages.content is 'What was said. Of an answer that broke off or was stopped: as much as came.';
comment on column atelier.messages.message_type is 'text, or what the app makes of it.';
comment on column atelier.messages.job_id is 'The job that makes the answer.';

comment on column atelier_engine.text_pieces.attempt_id is 'The attempt that says it.';
comment on column atelier_engine.text_pieces.starts_at is 'How many characters were before.';
comment on column atelier_engine.text_pieces.text is 'The piece.';
