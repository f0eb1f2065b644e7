-- Chat: messages follow each other, also where one is taken out.

create or replace trigger follow_conversation
  before insert on atelier.messages
  for each row when (new.request is null)
  execute function atelier_engine.follow_conversation();

create or replace trigger close_gaps
  after delete on atelier.messages
  referencing old table as gone
  for each statement execute function atelier_engine.close_gaps();

create or replace trigger refuse_endless_numbers
  before insert or update of memory_data on atelier.conversations
  for each row execute function atelier_engine.refuse_endless_numbers('memory_data');

create or replace trigger refuse_endless_numbers_in_request
  before insert or update of request on atelier.messages
  for each row when (new.request is not null)
  execute function atelier_engine.refuse_endless_numbers('request');
