-- Characters: counts stay right, and rows refer only to what their owner may see.

create or replace trigger handle_characters_updated_at
  before update on atelier.characters
  for each row when (old.likes_count = new.likes_count and old.interaction_count = new.interaction_count
                     and old.portrait_count = new.portrait_count and old.scene_count = new.scene_count)
  execute function atelier_engine.touch_updated_at();

create or replace trigger update_character_scenes_updated_at
  before update on atelier.character_scenes
  for each row execute function atelier_engine.touch_updated_at();

create or replace trigger count_new_likes
  after insert on atelier.character_likes
  referencing new table as liked
  for each statement execute function atelier_engine.count_new_likes();

create or replace trigger count_gone_likes
  after delete on atelier.character_likes
  referencing old table as gone
  for each statement execute function atelier_engine.count_gone_likes();

create or replace trigger count_new_pictures
  after insert on atelier.character_scenes
  referencing new table as filed
  for each statement execute function atelier_engine.count_new_pictures();

create or replace trigger count_moved_pictures
  after update on atelier.character_scenes
  referencing old table as gone new table as filed
  for each statement execute function atelier_engine.count_moved_pictures();

create or replace trigger count_gone_pictures
  after delete on atelier.character_scenes
  referencing old table as gone
  for each statement execute function atelier_engine.count_gone_pictures();

create or replace trigger count_new_pictures
  after insert on atelier.user_library
  referencing new table as filed
  for each statement execute function atelier_engine.count_new_pictures();

create or replace trigger count_moved_pictures
  after update on atelier.user_library
  referencing old table as gone new table as filed
  for each statement execute function atelier_engine.count_moved_pictures();

create or replace trigger count_gone_pictures
  after delete on atelier.user_library
  referencing old table as gone
  for each statement execute function atelier_engine.count_gone_pictures();

create or replace trigger trigger_update_conversation_location
  after insert or update of generation_metadata on atelier.character_scenes
  for each row when (new.conversation_id is not null)
  execute function atelier_engine.update_conversation_location();

create or replace trigger refuse_hidden_characters
  before insert or update of character_id on atelier.character_scenes
  for each row execute function atelier_engine.refuse_hidden_characters('character_id');

create or replace trigger refuse_jobs_of_others
  before insert or update of job_id on atelier.character_scenes
  for each row when (new.job_id is not null)
  execute function atelier_engine.refuse_jobs_of_others();

create or replace trigger refuse_hidden_characters
  before insert or update of character_id, user_character_id on atelier.conversations
  for each row execute function atelier_engine.refuse_hidden_characters('character_id', 'user_character_id');

create or replace trigger refuse_hidden_characters
  before insert or update of character_id on atelier.user_library
  for each row execute function atelier_engine.refuse_hidden_characters('character_id');

create or replace trigger refuse_endless_numbers_in_alternate_greetings
  before insert or update of alternate_greetings on atelier.characters
  for each row execute function atelier_engine.refuse_endless_numbers('alternate_greetings');

create or replace trigger refuse_endless_numbers_in_default_presets
  before insert or update of default_presets on atelier.characters
  for each row execute function atelier_engine.refuse_endless_numbers('default_presets');

create or replace trigger refuse_endless_numbers_in_media_defaults
  before insert or update of media_defaults on atelier.characters
  for each row execute function atelier_engine.refuse_endless_numbers('media_defaults');

create or replace trigger refuse_endless_numbers_in_personality_traits
  before insert or update of personality_traits on atelier.characters
  for each row execute function atelier_engine.refuse_endless_numbers('personality_traits');

create or replace trigger refuse_endless_numbers_in_physical_traits
  before insert or update of physical_traits on atelier.characters
  for each row execute function atelier_engine.refuse_endless_numbers('physical_traits');

create or replace trigger refuse_endless_numbers_in_rendering_rules
  before insert or update of rendering_rules on atelier.characters
  for each row execute function atelier_engine.refuse_endless_numbers('rendering_rules');

create or replace trigger refuse_endless_numbers_in_scene_behavior_rules
  before insert or update of scene_behavior_rules on atelier.characters
  for each row execute function atelier_engine.refuse_endless_numbers('scene_behavior_rules');

create or replace trigger refuse_endless_numbers_in_generation_metadata
  before insert or update of generation_metadata on atelier.character_scenes
  for each row execute function atelier_engine.refuse_endless_numbers('generation_metadata');
