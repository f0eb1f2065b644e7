-- Moderation: what checks and moderators think of prompts, pictures, videos and texts.

create table atelier.moderation_thresholds (
  category text not null
    constraint moderation_thresholds_category_length check (char_length(category) between 1 and 100),
  mode atelier.content_mode not null,
  flag_at numeric(4, 3)
    constraint moderation_thresholds_flag_at_range check (flag_at between 0 and 1),
  quarantine_at numeric(4, 3)
    constraint moderation_thresholds_quarantine_at_range check (quarantine_at between 0 and 1),
  reject_at numeric(4, 3)
    constraint moderation_thresholds_reject_at_range check (reject_at between 0 and 1),
  updated_at timestamptz not null default now(),
  primary key (category, mode),
  constraint moderation_thresholds_in_order
    check (coalesce(flag_at, 0) <= coalesce(quarantine_at, 1) and coalesce(flag_at, 0) <= coalesce(reject_at, 1)
           and coalesce(quarantine_at, 0) <= coalesce(reject_at, 1))
);
select pg_catalog.pg_extension_config_dump('atelier.moderation_thresholds', '');
alter table atelier.moderation_thresholds enable row level security;
alter table atelier.moderation_thresholds force row level security;
grant select, insert, update, delete on atelier.moderation_thresholds to authenticated, service_role;
comment on table atelier.moderation_thresholds is
$$From which score of a category on something is flagged, quarantined or rejected

Administrators change it. The category * stands for all that have no row of their own; without any row, 0.3 flags and 0.5
quarantines.$$;

create table atelier.moderation_checks (
  id uuid primary key default atelier.uuid7(),
  name text not null
    constraint moderation_checks_name_key unique
    constraint moderation_checks_name_length check (char_length(name) between 1 and 100),
  kind text not null constraint moderation_checks_kind_known check (kind in ('rules', 'endpoint')),
  stage text not null constraint moderation_checks_stage_known check (stage in ('before', 'after')),
  applies_to text[] not null default '{image,text}'
    constraint moderation_checks_applies_to_known
      check (array_ndims(applies_to) = 1 and cardinality(applies_to) <= 3
             and applies_to::text ~ '^\{(image|video|text)(,(image|video|text))*\}$'),
  is_active boolean not null default true,
  on_failure text not null default 'fail_closed'
    constraint moderation_checks_on_failure_known check (on_failure in ('fail_closed', 'fail_open')),
  api_model_id uuid references atelier.api_models (id),
  run_as uuid references atelier.profiles (id) on delete set null,
  scores_at text[] not null default '{results,0,category_scores}'
    constraint moderation_checks_scores_at_is_a_place
      check (array_ndims(scores_at) is not distinct from 1 and cardinality(scores_at) <= 20
             and array_position(scores_at, null) is null and octet_length(scores_at::text) <= 1000),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint moderation_checks_endpoint_has_a_model check ((kind = 'endpoint') = (api_model_id is not null)),
  constraint moderation_checks_rules_read_texts
    check (kind = 'endpoint' or stage = 'before' or applies_to = '{text}')
);
select pg_catalog.pg_extension_config_dump('atelier.moderation_checks', '');
create index moderation_checks_model_idx on atelier.moderation_checks (api_model_id) where api_model_id is not null;
create index moderation_checks_run_as_idx on atelier.moderation_checks (run_as) where run_as is not null;
alter table atelier.moderation_checks enable row level security;
alter table atelier.moderation_checks force row level security;
grant select, insert, update, delete on atelier.moderation_checks to authenticated, service_role;
comment on table atelier.moderation_checks is
$$What looks at prompts (stage before) and results (stage after)

rules match the phrases of moderation_rules; endpoint asks a model, by a job of the account run_as. on_failure says what a
check that fails means: fail_closed quarantines, fail_open passes. Administrators change it.$$;

create table atelier.moderation_rules (
  id uuid primary key default atelier.uuid7(),
  check_id uuid not null references atelier.moderation_checks (id) on delete cascade,
  category text not null
    constraint moderation_rules_category_length check (char_length(category) between 1 and 100),
  phrase text not null
    constraint moderation_rules_phrase_length check (char_length(phrase) between 1 and 200)
    constraint moderation_rules_phrase_stars check (phrase ~ '^\*?[^*]+\*?$'),
  score numeric(4, 3) not null default 1
    constraint moderation_rules_score_range check (score between 0 and 1),
  is_active boolean not null default true,
  description text
    constraint moderation_rules_description_length check (char_length(description) <= 1000),
  needle text not null default '',
  created_at timestamptz not null default now()
);
select pg_catalog.pg_extension_config_dump('atelier.moderation_rules', '');
create index moderation_rules_check_idx on atelier.moderation_rules (check_id);
alter table atelier.moderation_rules enable row level security;
alter table atelier.moderation_rules force row level security;
grant select, delete,
  insert (id, check_id, category, phrase, score, is_active, description),
  update (check_id, category, phrase, score, is_active, description)
  on atelier.moderation_rules to authenticated, service_role;
comment on table atelier.moderation_rules is
$$Words and phrases that a check of kind rules looks for

A phrase is whole words; a star at its beginning or end stands for the rest of a word. Text and phrase are compared as
normalized_text() makes them. Searched as plain texts, so that no rule takes longer than the text is long.$$;

create table atelier.moderation_items (
  id uuid primary key default atelier.uuid7(),
  subject_kind text not null
    constraint moderation_items_subject_kind_known check (subject_kind in ('prompt', 'asset', 'text')),
  subject_id uuid not null,
  job_id uuid,
  user_id uuid not null references atelier.profiles (id) on delete cascade,
  sha256 text,
  mode atelier.content_mode not null default 'sfw',
  status text not null default 'unchecked'
    constraint moderation_items_status_known
      check (status in ('unchecked', 'pending', 'approved', 'flagged', 'quarantined', 'rejected')),
  verdict text not null default 'approved'
    constraint moderation_items_verdict_known check (verdict in ('approved', 'flagged', 'quarantined', 'rejected')),
  score numeric(4, 3),
  categories jsonb not null default '{}'
    constraint moderation_items_categories_is_an_object check (jsonb_typeof(categories) = 'object'),
  reason text,
  priority integer not null default 0,
  needs_review boolean not null default false,
  claimed_by uuid references atelier.profiles (id) on delete set null,
  claim_expires_at timestamptz,
  decided_by uuid references atelier.profiles (id) on delete set null,
  decided_at timestamptz,
  appealed_at timestamptz,
  appeal text
    constraint moderation_items_appeal_length check (char_length(appeal) between 1 and 2000),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint moderation_items_subject_key unique (subject_kind, subject_id)
);
select pg_catalog.pg_extension_config_dump('atelier.moderation_items', '');
create index moderation_items_user_idx on atelier.moderation_items (user_id, created_at desc);
create index moderation_items_review_idx on atelier.moderation_items (priority desc, created_at, id) where needs_review;
create index moderation_items_pending_idx on atelier.moderation_items (id) where status = 'pending';
create index moderation_items_sha256_idx on atelier.moderation_items (sha256) where sha256 is not null;
create index moderation_items_claimed_by_idx on atelier.moderation_items (claimed_by) where claimed_by is not null;
create index moderation_items_decided_by_idx on atelier.moderation_items (decided_by) where decided_by is not null;
alter table atelier.moderation_items enable row level security;
alter table atelier.moderation_items force row level security;
grant select (id, subject_kind, subject_id, job_id, user_id, status, reason, decided_at, appealed_at, appeal, created_at,
  updated_at) on atelier.moderation_items to authenticated;
grant select on atelier.moderation_items to service_role;
comment on table atelier.moderation_items is
$$What was checked or reported, and what became of it

The subject of a prompt or a text is its job, that of an asset its object. unchecked, then pending while checks run, then
approved, flagged (shown to its owner, and to be reviewed), quarantined (withheld until a moderator decides) or rejected.
Owners see their own, without scores and moderators; moderators use review_queue().$$;

create table atelier.moderation_audit (
  id uuid primary key default atelier.uuid7(),
  item_id uuid not null,
  subject_kind text not null,
  subject_id uuid not null,
  user_id uuid not null,
  action text not null,
  from_status text,
  to_status text,
  actor uuid,
  reason text,
  details jsonb not null default '{}',
  created_at timestamptz not null default clock_timestamp()
);
select pg_catalog.pg_extension_config_dump('atelier.moderation_audit', '');
create index moderation_audit_item_idx on atelier.moderation_audit (item_id, created_at);
create index moderation_audit_actor_idx on atelier.moderation_audit (actor, created_at desc) where actor is not null;
alter table atelier.moderation_audit enable row level security;
alter table atelier.moderation_audit force row level security;
grant select on atelier.moderation_audit to authenticated, service_role;
comment on table atelier.moderation_audit is
$$Who did what in moderation, when and why

Rows are only added: a trigger refuses every change, also by the service role and the owner. It outlives what it tells of,
and has no foreign keys for that. Moderators and administrators read it.$$;
comment on column atelier.moderation_audit.actor is 'The moderator or owner; null: a check, or the engine.';

create table atelier_engine.moderation_runs (
  job_id uuid primary key,
  item_id uuid not null references atelier.moderation_items (id) on delete cascade,
  check_id uuid not null references atelier.moderation_checks (id) on delete cascade
);
select pg_catalog.pg_extension_config_dump('atelier_engine.moderation_runs', '');
create index moderation_runs_item_idx on atelier_engine.moderation_runs (item_id);
create index moderation_runs_check_idx on atelier_engine.moderation_runs (check_id);
alter table atelier_engine.moderation_runs enable row level security;
comment on table atelier_engine.moderation_runs is
  'Jobs that ask an endpoint about an item, and whose answer has not been looked at yet';

create table atelier_engine.withheld_content (
  sha256 text primary key,
  item_id uuid not null,
  created_at timestamptz not null default clock_timestamp()
);
select pg_catalog.pg_extension_config_dump('atelier_engine.withheld_content', '');
create index withheld_content_created_idx on atelier_engine.withheld_content (created_at);
alter table atelier_engine.withheld_content enable row level security;
comment on table atelier_engine.withheld_content is
$$Content that is quarantined or rejected, by its hash

Whoever makes or has the same bytes gets them withheld, too. Stays when the item is gone.$$;

create table atelier_engine.withheld_texts (
  item_id uuid primary key references atelier.moderation_items (id) on delete cascade,
  output_text text,
  result jsonb
);
select pg_catalog.pg_extension_config_dump('atelier_engine.withheld_texts', '');
alter table atelier_engine.withheld_texts enable row level security;
comment on table atelier_engine.withheld_texts is
  'Answers that nobody shall see yet: taken out of generations and messages, and put back when they are approved';

-- Copies are found by what is in them.
create index atelier_objects_sha256_idx on storage.objects using hash ((metadata ->> 'sha256'));
