-- Moderation: what comes with the extension.

create or replace function atelier_engine.add_reference_moderation()
returns void
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
  insert into atelier.moderation_thresholds (category, mode, flag_at, quarantine_at, reject_at)
  values ('*', 'sfw', 0.2, 0.4, 0.9), ('*', 'nsfw', 0.3, 0.5, 0.95),
         ('sexual', 'sfw', 0.1, 0.3, 0.9), ('sexual', 'nsfw', 0.95, null, null),
         ('sexual/minors', 'sfw', 0.01, 0.03, 0.2), ('sexual/minors', 'nsfw', 0.005, 0.01, 0.1),
         ('self-harm', 'sfw', 0.1, 0.3, 0.9), ('self-harm', 'nsfw', 0.1, 0.3, 0.9),
         ('illicit/violent', 'sfw', 0.1, 0.3, 0.8), ('illicit/violent', 'nsfw', 0.1, 0.3, 0.8)
      on conflict do nothing;
  insert into atelier.moderation_checks (name, kind, stage, is_active) values ('sample', 'rules', 'before', false)
      on conflict do nothing;
  insert into atelier.moderation_rules (check_id, category, phrase, score, description)
  select c.id, 'sample', r.phrase, r.score, 'A sample: put phrases of your own in its place, and make the check active.'
    from atelier.moderation_checks c
   cross join (values ('forbidden example', 0.3), ('forbiddenword*', 1)) r (phrase, score)
   where c.name = 'sample' and not exists (select from atelier.moderation_rules o where o.check_id = c.id);
end;
comment on function atelier_engine.add_reference_moderation() is
  'The thresholds to begin with, and an inactive check of rules with two sample phrases';
