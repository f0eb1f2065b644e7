create or replace trigger touch_conversation
  after insert on atelier.messages
  referencing new table as said
  for each statement execute function atelier_engine.touch_conversations();

create or replace trigger refuse_endless_numbers
  before insert or update of memory_data on atelier.conversations
  for each row execute function atelier_engine.refuse_endless_numbers('memory_data');
