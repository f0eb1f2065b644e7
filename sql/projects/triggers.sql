-- Projects: stamps, and a character that its owner may see.

create or replace trigger handle_projects_updated_at
  before update on atelier.projects
  for each row execute function atelier_engine.touch_updated_at();

create or replace trigger handle_scenes_updated_at
  before update on atelier.scenes
  for each row execute function atelier_engine.touch_updated_at();

create or replace trigger refuse_hidden_characters
  before insert or update of character_id on atelier.projects
  for each row execute function atelier_engine.refuse_hidden_characters('character_id');

create or replace trigger refuse_endless_numbers_in_character_clothing_overrides
  before insert or update of character_clothing_overrides on atelier.scenes
  for each row execute function atelier_engine.refuse_endless_numbers('character_clothing_overrides');

create or replace trigger refuse_endless_numbers_in_atmosphere
  before insert or update of atmosphere on atelier.scenes
  for each row execute function atelier_engine.refuse_endless_numbers('atmosphere');
