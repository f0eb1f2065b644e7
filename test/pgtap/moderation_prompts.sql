-- Checks before a job: rules, what does not get around them, endpoints, holds, and what a check means that fails.
begin;
\ir support/jobs.sql
\ir support/moderation.sql
select plan(71);

-- Without checks nothing happens.
select pg_temp.queue(:alice, 'a quiet lake') as free \gset
select is((pg_temp.job(:'free')).moderation_status, 'unchecked', 'where nothing is checked a prompt is unchecked');
select is((pg_temp.item_of('prompt', :'free')).id, null, 'and has no item');
select is((pg_temp.queued(:'free')).state, 'ready', 'and its job is ready');

insert into atelier.moderation_checks (id, name, kind, stage)
values ('c0000000-0000-7000-8000-000000000001', 'words', 'rules', 'before');
insert into atelier.moderation_rules (check_id, category, phrase, score)
values ('c0000000-0000-7000-8000-000000000001', 'brand', 'grumblecake', 1),
       ('c0000000-0000-7000-8000-000000000001', 'brand', 'purple gizmo*', 1),
       ('c0000000-0000-7000-8000-000000000001', 'brand', '*wobble', 1),
       ('c0000000-0000-7000-8000-000000000001', 'mild', 'teapot', 0.25),
       ('c0000000-0000-7000-8000-000000000001', 'hold', 'lighthouse', 0.5);

-- What does not get around a rule.
select throws_ok(format('select pg_temp.queue(%L, %L)', :alice, e.prompt), 'PT422', 'moderation refuses the prompt', e.evasion)
  from (values
    ('a grumblecake', 'a word is found'),
    ('a GrumbleCAKE!', 'in other letters'),
    ('a ｇｒｕｍｂｌｅｃａｋｅ', 'in full width'),
    ('a 𝐠𝐫𝐮𝐦𝐛𝐥𝐞𝐜𝐚𝐤𝐞', 'in mathematical letters'),
    (E'a grum\u200bble\u200dca\u2060ke', 'with characters that nobody sees'),
    (E'a grum\u00adble\ufe0fcake', 'with soft hyphens and variation selectors'),
    (E'a gru\u0301mblec\u0308ake', 'with marks'),
    ('a grümblecäke', 'with letters that have marks'),
    ('a grumblеcаkе', 'with Cyrillic letters among them'),
    ('a grumbl3c@k3', 'with digits for letters'),
    ('a g r u m b l e c a k e', 'letter by letter'),
    ('a g.r.u.m.b.l.e.c.a.k.e', 'with points in between'),
    ('a g-r_u m*b/l e c a k e now', 'with all kinds of signs in between'),
    (E'a purple\n\n  gizmo', 'two words over lines'),
    ('a purple-gizmos', 'two words, with a hyphen and another end'),
    ('a megawobble', 'the end of a word')) e (prompt, evasion);
select lives_ok(format('select pg_temp.queue(%L, %L)', :alice, p), 'harmless: ' || p)
  from unnest(array['crumblecakes and a grumble', 'a purple thing, a gizmo', 'wobbles in a b c order']) p;
select lives_ok(format('select pg_temp.queue(%L, ''harmless'', $$, negative_prompt => ''grumblecake''$$)', :alice), 'what is to be avoided is no fault');

select row_eq(format('select (pg_temp.error_of(%L)).*', format('select pg_temp.queue(%L, %L)', :alice, 'a grumblecake')),
  row('PT422'::text, 'moderation refuses the prompt'::text, 'Because of: brand.'::text, 'Ask for something else. Nothing was queued, and nothing is charged.'::text),
  'the refusal says why, and not what');
select is_empty($$select from atelier.jobs where original_prompt ~ 'grumblecake'$$, 'nothing was queued');
select pg_temp.sign_in(:alice);
select throws_ok($$select atelier.queue_jobs(array['{"prompt": "fine"}', '{"prompt": "grumblecake"}']::jsonb[])$$,
  'PT422', 'requests[1]: moderation refuses the prompt', 'of many none is queued');
select pg_temp.sign_out();

select pg_temp.queue(:alice, 'a teapot') as mild \gset
select row_eq(format('select status, score, categories, reason, needs_review from atelier.moderation_items where job_id = %L', :'mild'),
  row('flagged'::text, 0.25::numeric, '{"mild": 0.250}'::jsonb, 'mild'::text, true), 'a lower score flags');
select is((pg_temp.queued(:'mild')).state, 'ready', 'what is flagged starts');
select is((pg_temp.job(:'mild')).moderation_status, 'flagged', 'and says so');
select is(pg_temp.trail((pg_temp.item_of('prompt', :'mild')).id), 'checked:unchecked>flagged', 'the trail knows');

select pg_temp.queue(:alice, 'a lighthouse') as held \gset
select is((pg_temp.item_of('prompt', :'held')).status, 'quarantined', 'a higher one quarantines');
select is((pg_temp.queued(:'held')).state, 'blocked', 'what is quarantined is held');
select is(atelier_engine.unblock_missed(100), 0, 'nothing unblocks it');
select is((pg_temp.queued(:'held')).state, 'blocked', 'so it waits');
select pg_temp.claim(:'held');
select is((pg_temp.job(:'held')).status, 'queued', 'and nobody claims it');
select pg_temp.sign_in(:alice);
select is((atelier.cancel_job(:'held')).status, 'cancelled', 'its owner can cancel it');
select pg_temp.sign_out();

select pg_temp.queue(:alice, 'plain') as plain \gset
select is((pg_temp.job(:'plain')).moderation_status, 'approved', 'what no rule finds is approved');
select is((pg_temp.queued(:'plain')).state, 'ready', 'and starts');

-- Modes.
update atelier.moderation_thresholds set flag_at = 0.3, quarantine_at = 0.9 where category = '*' and mode = 'nsfw';
select pg_temp.queue(:alice, 'a lighthouse', $$, metadata => '{"content_mode": "nsfw"}'$$) as young \gset
select is((pg_temp.item_of('prompt', :'young')).status, 'quarantined', 'whose age is not verified gets the strict thresholds');
update atelier.profiles set birth_date = '1990-01-01' where id = :alice;
select pg_temp.queue(:alice, 'a lighthouse', $$, metadata => '{"content_mode": "nsfw"}'$$) as adult \gset
select is((pg_temp.item_of('prompt', :'adult')).status, 'flagged', 'an adult who asks for it the others');
select pg_temp.queue(:alice, 'a lighthouse') as adult2 \gset
select is((pg_temp.item_of('prompt', :'adult2')).status, 'quarantined', 'and not without asking');

delete from atelier.moderation_thresholds;
select pg_temp.queue(:alice, 'a teapot') as none \gset
select is((pg_temp.item_of('prompt', :'none')).status, 'approved', 'without thresholds 0.3 flags');
select pg_temp.queue(:alice, 'a lighthouse') as none2 \gset
select is((pg_temp.item_of('prompt', :'none2')).status, 'quarantined', 'and 0.5 quarantines');
select atelier_engine.add_reference_moderation();

update atelier.moderation_checks set is_active = false;
select pg_temp.queue(:alice, 'a grumblecake') as off \gset
select is((pg_temp.job(:'off')).moderation_status, 'unchecked', 'a check that is turned off is not made, at once');

-- Endpoints.
select pg_temp.add_check('before') as guard \gset
select pg_temp.queue(:alice, 'a windmill') as asked \gset
select (pg_temp.item_of('prompt', :'asked')).id as item \gset
select is((pg_temp.job(:'asked')).moderation_status, 'pending', 'a prompt is pending while an endpoint is asked');
select is((pg_temp.queued(:'asked')).state, 'blocked', 'and its job waits');
select results_eq(format('select user_id, original_prompt, moderation_status from atelier.jobs where id = pg_temp.check_job(%L)', :'item'),
  format($$values (%L::uuid, 'a windmill', 'unchecked')$$, :robot), 'the check is a job of the account of checks');
select isnt_empty(format('select from atelier.job_dependencies where job_id = %L and depends_on_job_id = pg_temp.check_job(%L)', :'asked', :'item'),
  'on which the job depends');
select pg_temp.check_job(:'item') as check_job \gset
select pg_temp.sign_in(:alice);
select throws_ok(format('select atelier.cancel_job(%L)', :'check_job'), 'PT404', 'no such job', 'which its owner cannot cancel');
select pg_temp.sign_out();
select ok(pg_temp.judge(:'item', '{"violence": 0.05}'), 'the endpoint answers');
select is((pg_temp.item(:'item')).status, 'approved', 'low scores approve');
select is((pg_temp.queued(:'asked')).state, 'ready', 'and the job starts');
select is(pg_temp.trail(:'item'), 'opened:unchecked>pending checked:pending>approved', 'the trail knows');

select pg_temp.queue(:alice, 'two windmills') as asked2 \gset
select (pg_temp.item_of('prompt', :'asked2')).id as item2 \gset
select pg_temp.judge(:'item2', '{"violence": 0.95}');
select row_eq(format('select status, error_class, error_message, attempts from atelier.jobs where id = %L', :'asked2'),
  row('failed'::text, 'content_policy'::text, 'moderation refused the prompt'::text, 0), 'high scores fail the job before it was sent anywhere');
select is_empty(format('select from atelier_engine.attempts where job_id = %L', :'asked2'), 'it had no attempt');
select is((pg_temp.job(:'asked2')).moderation_status, 'rejected', 'its prompt is rejected');

select pg_temp.queue(:alice, 'three windmills') as asked3 \gset
select (pg_temp.item_of('prompt', :'asked3')).id as item3 \gset
select pg_temp.fail(pg_temp.claim(pg_temp.check_job(:'item3')), 'invalid_input', 'it does not like it');
select is((pg_temp.item(:'item3')).status, 'quarantined', 'a check that fails quarantines where it is fail_closed');
select is((pg_temp.queued(:'asked3')).state, 'blocked', 'and the job is held');
select is((select reason from atelier.moderation_audit where item_id = :'item3' and action = 'check_failed'), 'it does not like it', 'the trail says why');

update atelier.moderation_checks set on_failure = 'fail_open' where id = :'guard';
select pg_temp.queue(:alice, 'four windmills') as asked4 \gset
select (pg_temp.item_of('prompt', :'asked4')).id as item4 \gset
select pg_temp.answer(pg_temp.claim(pg_temp.check_job(:'item4')), '{"results": []}');
select is((pg_temp.item(:'item4')).status, 'approved', 'an answer without scores is a failure, which passes where it is fail_open');
select is((pg_temp.queued(:'asked4')).state, 'ready', 'and the job starts');

-- A job of a check that is gone, and one that cannot be queued.
select pg_temp.queue(:alice, 'five windmills') as asked5 \gset
select (pg_temp.item_of('prompt', :'asked5')).id as item5 \gset
delete from atelier.jobs where id = pg_temp.check_job(:'item5');
select is(atelier_engine.settle_missed_checks(10), 1, 'the janitor finds checks whose jobs are gone');
select is((pg_temp.queued(:'asked5')).state, 'ready', 'and settles them');
update atelier.moderation_checks set run_as = null, on_failure = 'fail_closed' where id = :'guard';
select pg_temp.queue(:alice, 'six windmills') as asked6 \gset
select is((pg_temp.item_of('prompt', :'asked6')).status, 'quarantined', 'a check without an account fails');
select is((pg_temp.queued(:'asked6')).state, 'blocked', 'and its job is held');

-- A check that is deleted while it is made; what a held job says.
update atelier.moderation_checks set run_as = :robot where id = :'guard';
select pg_temp.queue(:alice, 'seven windmills') as asked7 \gset
select is(atelier_engine.settle_missed_checks(10), 0, 'what is being checked is left alone');
select pg_temp.sign_in(:alice);
select matches(atelier.explain_job(:'asked7') ->> 'summary', 'its prompt is being checked, or waits for a moderator', 'a held job says why it waits');
select pg_temp.sign_out();
delete from atelier.moderation_checks where id = :'guard';
select is(atelier_engine.settle_missed_checks(10), 1, 'the janitor finds items whose checks are gone');
select is((pg_temp.item_of('prompt', :'asked7')).status, 'quarantined', 'which does not approve them');
select is((pg_temp.queued(:'asked7')).state, 'blocked', 'nor start their jobs');

-- Nothing hides behind the first pages.
insert into atelier.moderation_checks (name, kind, stage, api_model_id, run_as)
values ('long', 'endpoint', 'before', 'f0000000-0000-7000-8000-000000000003', :robot);
insert into atelier.api_models (provider_id, model_key, display_name, modality, parameter_schema)
select id, 'talker', 'Talker', 'chat', '{"type": "object", "properties": {"messages": {"type": "array", "items": {}}}}' from atelier.api_providers where name = 'atelier-runner';
select pg_temp.queue(:alice, 'hello', format($$, model => 'talker', parameters => jsonb_build_object('messages', jsonb_build_array(jsonb_build_object('role', 'user', 'content', %L))) $$, repeat('x ', 12000))) as long \gset
select is((select count(*) from atelier_engine.moderation_runs where item_id = (pg_temp.item_of('prompt', :'long')).id), 3::bigint, 'a long conversation is checked in pieces');

select * from finish();
rollback;
