-- Prompting: what follows from a new or changed row.

create or replace trigger guard_prompt_template
  before insert or update or delete on atelier.prompt_templates
  for each row execute function atelier_engine.guard_prompt_template();

create or replace trigger touch_updated_at
  before update on atelier.prompt_templates
  for each row execute function atelier_engine.touch_updated_at();

-- By rows, and always: a subscriber of logical replication gets changes so.
create or replace trigger note_change
  after insert or update or delete on atelier.prompt_templates
  for each row execute function atelier_engine.note_template_change();
alter table atelier.prompt_templates enable always trigger note_change;

create or replace trigger note_emptying
  after truncate on atelier.prompt_templates
  for each statement execute function atelier_engine.note_template_change();
alter table atelier.prompt_templates enable always trigger note_emptying;

create or replace trigger touch_updated_at
  before update on atelier.negative_prompts
  for each row execute function atelier_engine.touch_updated_at();

create or replace trigger touch_updated_at
  before update on atelier.content_terms
  for each row execute function atelier_engine.touch_updated_at();

create or replace trigger check_negative_prompt
  before insert or update of negative_prompt on atelier.negative_prompts
  for each row execute function atelier_engine.check_negative_prompt();

create or replace trigger check_compel_weights
  before insert or update of weights on atelier.compel_configs
  for each row execute function atelier_engine.check_compel_weights('weights');

create or replace trigger check_compel_weights
  before insert or update of compel_weights on atelier.enhancement_presets
  for each row execute function atelier_engine.check_compel_weights('compel_weights');

create or replace trigger refuse_endless_numbers
  before insert or update of metadata on atelier.prompt_templates
  for each row execute function atelier_engine.refuse_endless_numbers('metadata');

create or replace trigger refuse_endless_numbers
  before insert or update of qwen_settings on atelier.enhancement_presets
  for each row execute function atelier_engine.refuse_endless_numbers('qwen_settings');

-- Before settle_dependents() starts what waits: the end of a statement is earlier.
create or replace trigger settle_enhancement
  after update on atelier.jobs
  for each row when (new.status <> old.status and new.format = 'chat' and new.status in ('completed', 'failed', 'cancelled'))
  execute function atelier_engine.settle_enhancement();

create or replace trigger drop_enhancement
  after update on atelier.jobs
  for each row when (new.status <> old.status and new.enhancement_strategy = 'pending'
                     and new.status in ('failed', 'cancelled'))
  execute function atelier_engine.drop_enhancement();

create or replace trigger abandon_enhancement
  before update of enhancement_job_id on atelier.prompt_enhancements
  for each row when (new.enhancement_job_id is null and old.completed_at is null and new.completed_at is null)
  execute function atelier_engine.abandon_enhancement();

create or replace trigger guard_prompt_ab_test
  before insert or update on atelier.prompt_ab_tests
  for each row execute function atelier_engine.guard_prompt_ab_test();

-- What becomes of the jobs of a test.
create or replace trigger note_outcome
  after update on atelier.jobs
  for each row when (new.prompt_test_id is not null
                     and (new.status <> old.status or new.quality_rating is distinct from old.quality_rating))
  execute function atelier_engine.note_outcome_of_job();

create or replace trigger note_outcome_of_saving
  after insert on atelier.user_library
  for each row when (new.source_job_id is not null)
  execute function atelier_engine.note_outcome_of_library();

create or replace trigger note_outcome_of_liking
  after update of is_favorite on atelier.user_library
  for each row when (new.source_job_id is not null and new.is_favorite and not old.is_favorite)
  execute function atelier_engine.note_outcome_of_library();

create or replace trigger note_outcome
  after update of is_favorite on atelier.generations
  for each row when (new.job_id is not null and new.is_favorite and not old.is_favorite)
  execute function atelier_engine.note_outcome_of_generation();

create or replace trigger note_outcome
  after delete on atelier.workspace_assets
  for each row when (old.expires_at is null or old.expires_at > now())
  execute function atelier_engine.note_outcome_of_discarding();
