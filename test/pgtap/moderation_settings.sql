-- Who sets thresholds, checks and rules, what they may be, and how rules read texts.
begin;
\ir support/jobs.sql
\ir support/moderation.sql
select plan(77);

select policies_are('atelier', t, array['admins read ' || w, 'admins add ' || w, 'admins change ' || w, 'admins delete ' || w])
  from (values ('moderation_thresholds', 'thresholds'), ('moderation_checks', 'checks'), ('moderation_rules', 'rules')) v (t, w);
select policies_are('atelier', 'moderation_items', array['owners see what became of their own']);
select policies_are('atelier', 'moderation_audit', array['moderators read the trail']);
select table_privs_are('atelier', 'moderation_audit', r, array['SELECT'], 'the trail is read by ' || r) from unnest(array['authenticated', 'service_role']) r;
select table_privs_are('atelier', 'moderation_audit', 'anon', array[]::text[], 'and not by anon');

-- Administrators alone.
create temp table settings as select unnest(array['moderation_thresholds', 'moderation_checks', 'moderation_rules']) as name;
grant select on settings to authenticated, anon;
select pg_temp.sign_in(:bob);
select is_empty('select from atelier.' || name, 'users do not read ' || name) from settings;
select pg_temp.sign_in(:mona);
select is_empty('select from atelier.' || name, 'nor moderators ' || name) from settings;
select throws_ok($$insert into atelier.moderation_thresholds (category, mode, flag_at) values ('x', 'sfw', 1)$$, '42501', null, 'a moderator adds no threshold');
select throws_ok($$insert into atelier.moderation_checks (name, kind, stage) values ('x', 'rules', 'before')$$, '42501', null, 'nor a check');
update atelier.moderation_thresholds set flag_at = null, quarantine_at = null, reject_at = null;
delete from atelier.moderation_checks;
delete from atelier.moderation_rules;
select pg_temp.become('anon');
select throws_ok('select from atelier.' || name, '42501', null, 'anon does not read ' || name) from settings;
select pg_temp.sign_out();
select is((select count(*) from atelier.moderation_thresholds where flag_at is null), 0::bigint, 'and changes none');
select is((select count(*) from atelier.moderation_checks c join atelier.moderation_rules r on r.check_id = c.id where not c.is_active), 2::bigint,
  'a sample comes with the extension, and is not active');
select pg_temp.sign_in(:carol);
select lives_ok($$insert into atelier.moderation_thresholds (category, mode, flag_at, quarantine_at, reject_at) values ('x', 'sfw', 0.1, 0.2, 0.3)$$, 'an administrator adds a threshold');
select lives_ok($$update atelier.moderation_thresholds set reject_at = null where category = 'x'$$, 'changes it');
select lives_ok($$delete from atelier.moderation_thresholds where category = 'x'$$, 'deletes it');
select throws_ok($$insert into atelier.moderation_thresholds (category, mode, flag_at, quarantine_at) values ('x', 'sfw', 0.3, 0.2)$$, '23514', null, 'thresholds rise');
select throws_ok($$insert into atelier.moderation_thresholds (category, mode, flag_at) values ('x', 'sfw', 1.5)$$, '23514', null, 'up to 1');
select throws_ok($$insert into atelier.moderation_thresholds (category, mode, flag_at) values ('x', 'odd', 1)$$, '22P02', null, 'for a known mode');

-- Checks.
select throws_ok($$insert into atelier.moderation_checks (name, kind, stage) values ('x', 'endpoint', 'after')$$, null, null, 'an endpoint needs a model');
select throws_ok(format($$insert into atelier.moderation_checks (name, kind, stage, api_model_id, run_as) values ('x', 'endpoint', 'after', 'f0000000-0000-7000-8000-000000000003', %L)$$, :bob),
  '22023', 'run_as is no account of the service', 'and no user pays for it');
select throws_ok($$insert into atelier.moderation_checks (name, kind, stage, api_model_id) values ('x', 'endpoint', 'after', 'f0000000-0000-7000-8000-000000000003')$$,
  '22023', 'run_as is missing', 'but an account does');
select throws_ok(format($$insert into atelier.moderation_checks (name, kind, stage, run_as) values ('x', 'endpoint', 'after', %L)$$, :robot), '23514', null, 'a model, too');
select lives_ok(format($$insert into atelier.moderation_checks (name, kind, stage, api_model_id, run_as) values ('x', 'endpoint', 'after', 'f0000000-0000-7000-8000-000000000003', %L)$$, :robot), 'with both it is one');
select throws_ok($$insert into atelier.moderation_checks (name, kind, stage, api_model_id) values ('y', 'rules', 'before', 'f0000000-0000-7000-8000-000000000003')$$, '23514', null, 'rules ask no model');
select throws_ok($$insert into atelier.moderation_checks (name, kind, stage) values ('y', 'rules', 'after')$$, '23514', null, 'nor look at pictures');
select throws_ok($$insert into atelier.moderation_checks (name, kind, stage, applies_to) values ('y', 'rules', 'after', '{song}')$$, '23514', null, 'nor at songs');
select throws_ok($$insert into atelier.moderation_checks (name, kind, stage, applies_to) values ('y', 'rules', 'after', '{}')$$, '23514', null, 'nor at nothing');
select throws_ok($$insert into atelier.moderation_checks (name, kind, stage, on_failure) values ('y', 'rules', 'before', 'shrug')$$, '23514', null, 'a failure closes or opens');
select throws_ok($$insert into atelier.moderation_checks (name, kind, stage) values ('y', 'odd', 'before')$$, '23514', null, 'a kind is known');
select throws_ok($$insert into atelier.moderation_checks (name, kind, stage) values ('y', 'rules', 'between')$$, '23514', null, 'a stage, too');

-- Rules.
select id as sample from atelier.moderation_checks where name = 'sample' \gset
select throws_ok(format('insert into atelier.moderation_rules (check_id, category, phrase) values (%L, ''x'', %L)', :'sample', p), e, null, 'no phrase: ' || quote_literal(p))
  from (values ('', '22023'), ('*', '22023'), ('a*b', '23514'), ('!?', '22023'), (repeat('x', 201), '23514'), (E'\u200b', '22023')) v (p, e);
select throws_ok(format('insert into atelier.moderation_rules (check_id, category, phrase, score) values (%L, ''x'', ''y'', 2)', :'sample'), '23514', null, 'no score');
select throws_ok(format('update atelier.moderation_rules set needle = ''''  where check_id = %L', :'sample'), '42501', null, 'what is searched for follows from the phrase');
select lives_ok(format('insert into atelier.moderation_rules (check_id, category, phrase) values (%L, ''x'', ''*Big  Déjà-Vu'')', :'sample'), 'a phrase');
select pg_temp.sign_out();
select is((select needle from atelier.moderation_rules where phrase ~ 'Vu'), 'big deja vu ', 'is kept as it is searched for');

-- How texts are read.
select is(atelier_engine.normalized_text(t), n, 'normalized: ' || quote_literal(t))
  from (values ('', ''), ('  A  b, C! ', 'a b c'), ('ｆｕｌｌ', 'full'), (E'z\u200dw\u200bj', 'zwj'), ('ＤÉＪÀ', 'deja'), ('с0ре', 'cope'),
               ('ﬁne', 'fine'), (E'a\u00a0b', 'a b'), ('日本', '日本')) v (t, n);
select is(atelier_engine.spelled_words('a b c de f g'), '|abc|fg', 'letters in a row are words');
select is(atelier_engine.spelled_words(''), '', 'or none');

-- However long the text and however odd the phrase, the time is what the text takes to read.
insert into atelier.moderation_rules (check_id, category, phrase) select :'sample', 'x', repeat('a', 190) || n || '*' from generate_series(1, 100) n;
update atelier.moderation_checks set is_active = true where id = :'sample';
set local statement_timeout = '10s';
select lives_ok(format('select atelier_engine.rule_scores(''before'', ''text'', %L)', repeat('a', 10000)), 'a prompt of one letter');
select lives_ok(format('select atelier_engine.rule_scores(''before'', ''text'', %L)', repeat('a ', 5000)), 'a prompt of single letters');
select lives_ok(format('select atelier_engine.rule_scores(''before'', ''text'', %L)', repeat('(a*)+', 2000)), 'a prompt that looks like a pattern');
set local statement_timeout = 0;

-- Verdicts.
select is(atelier_engine.verdict_of(s::jsonb, m::atelier.content_mode), v, format('%s, %s: %s', s, m, v))
  from (values ('{}', 'sfw', 'approved'), ('{"odd": 0.1}', 'sfw', 'approved'), ('{"odd": 0.2}', 'sfw', 'flagged'), ('{"odd": 0.4}', 'sfw', 'quarantined'),
               ('{"odd": 0.9}', 'sfw', 'rejected'), ('{"odd": 0.2}', 'nsfw', 'approved'), ('{"sexual": 0.5}', 'sfw', 'quarantined'),
               ('{"sexual": 0.9}', 'nsfw', 'approved'), ('{"sexual/minors": 0.2}', 'sfw', 'rejected')) t (s, m, v);

-- Scores in answers.
select is(atelier_engine.scores_in(r::jsonb, '{results,0,category_scores}'), s::jsonb, 'scores in ' || r)
  from (values ('{"results": [{"category_scores": {"a": 0.5, "b": 7, "c": "x", "d": -1}}]}', '{"a": 0.5, "b": 1, "d": 0}'),
               ('{"results": []}', null), ('"text"', null), ('{"results": [{"category_scores": {}}]}', null), ('{"results": [{"category_scores": [1]}]}', null)) t (r, s);

select * from finish();
rollback;
