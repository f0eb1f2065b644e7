-- Moderation: what the columns mean.
comment on column atelier.moderation_thresholds.category is 'As checks name it; * is every other one.';
comment on column atelier.moderation_thresholds.mode is 'For jobs whose metadata say content_mode nsfw and whose owner is of age, or for all others.';
comment on column atelier.moderation_thresholds.flag_at is 'From this score on it is flagged; null: never.';
comment on column atelier.moderation_thresholds.quarantine_at is 'From this score on it is quarantined; null: never.';
comment on column atelier.moderation_thresholds.reject_at is 'From this score on it is rejected; null: never.';
comment on column atelier.moderation_checks.name is 'Its name in the trail.';
comment on column atelier.moderation_checks.kind is 'rules or endpoint.';
comment on column atelier.moderation_checks.stage is 'before: prompts, before the job starts; after: results, before they are shown.';
comment on column atelier.moderation_checks.applies_to is
  'Which results a check of stage after looks at: image, video, text. Prompts are texts.';
comment on column atelier.moderation_checks.is_active is 'Whether it is made.';
comment on column atelier.moderation_checks.on_failure is
  'What it means when the check itself fails: fail_closed quarantines, fail_open passes.';
comment on column atelier.moderation_checks.api_model_id is 'The model that is asked; null for rules.';
comment on column atelier.moderation_checks.run_as is
  'The account whose jobs ask: moderator or administrator, and nobody who is checked. Without it the check fails.';
comment on column atelier.moderation_checks.scores_at is
  'Where in the answer the object {category: score} is, as a path of members.';
comment on column atelier.moderation_rules.check_id is 'The check of kind rules that it belongs to.';
comment on column atelier.moderation_rules.category is 'The category whose thresholds decide.';
comment on column atelier.moderation_rules.phrase is 'Words to look for, up to 200 characters; a star at an end stands for the rest of a word.';
comment on column atelier.moderation_rules.score is 'What finding it counts, from 0 to 1.';
comment on column atelier.moderation_rules.is_active is 'Whether it is looked for.';
comment on column atelier.moderation_rules.description is 'Why, for people.';
comment on column atelier.moderation_rules.needle is 'What is searched for; made from the phrase.';
comment on column atelier.moderation_items.subject_kind is 'prompt, asset or text (an answer).';
comment on column atelier.moderation_items.subject_id is 'The job of a prompt or text, the object of an asset.';
comment on column atelier.moderation_items.job_id is 'The job that it belongs to; null: not known.';
comment on column atelier.moderation_items.sha256 is 'The hash of an asset, hex.';
comment on column atelier.moderation_items.mode is 'Which thresholds hold.';
comment on column atelier.moderation_items.status is 'unchecked, pending, approved, flagged, quarantined or rejected.';
comment on column atelier.moderation_items.verdict is 'The gravest that checks have said so far.';
comment on column atelier.moderation_items.score is 'The highest score.';
comment on column atelier.moderation_items.categories is 'The highest score of each category.';
comment on column atelier.moderation_items.reason is 'Why it has its status; its owner reads it.';
comment on column atelier.moderation_items.priority is
  'Appeals 300, held prompts 200, quarantined things 100, others 0, and up to 99 for the score.';
comment on column atelier.moderation_items.needs_review is 'Whether it waits for a moderator.';
comment on column atelier.moderation_items.claimed_by is 'The moderator who has it.';
comment on column atelier.moderation_items.claim_expires_at is 'When others may take it.';
comment on column atelier.moderation_items.decided_by is 'Who decided; null: checks.';
comment on column atelier.moderation_items.decided_at is 'When it got its status.';
comment on column atelier.moderation_items.appealed_at is 'When its owner appealed.';
comment on column atelier.moderation_items.appeal is 'What its owner says.';
comment on column atelier.moderation_audit.item_id is 'The item, which may be gone.';
comment on column atelier.moderation_audit.subject_kind is 'prompt, asset or text.';
comment on column atelier.moderation_audit.subject_id is 'What it was about.';
comment on column atelier.moderation_audit.user_id is 'Whose it was.';
comment on column atelier.moderation_audit.action is
  'opened, checked, check_failed, claimed, assigned, released, viewed, decided, appealed or reported.';
comment on column atelier.moderation_audit.from_status is 'What it was.';
comment on column atelier.moderation_audit.to_status is 'What it became.';
comment on column atelier.moderation_audit.reason is 'Why.';
comment on column atelier.moderation_audit.details is 'Scores and mode, the name of a check that failed, the moderator of an assignment.';
