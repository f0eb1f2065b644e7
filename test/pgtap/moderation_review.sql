-- The queue of moderators: who gets what, who decides, appeals, and a trail that nobody changes.
begin;
\ir support/jobs.sql
\ir support/moderation.sql
select plan(112);

insert into atelier.moderation_checks (id, name, kind, stage)
values ('c0000000-0000-7000-8000-000000000001', 'words', 'rules', 'before');
insert into atelier.moderation_rules (check_id, category, phrase, score)
values ('c0000000-0000-7000-8000-000000000001', 'mild', 'teapot', 0.25),
       ('c0000000-0000-7000-8000-000000000001', 'hold', 'lighthouse', 0.5),
       ('c0000000-0000-7000-8000-000000000001', 'hold', 'beacon', 0.6);

select pg_temp.queue(:alice, 'a teapot') as flagged \gset
select pg_temp.queue(:alice, 'a lighthouse') as held \gset
select pg_temp.queue(:bob, 'a beacon') as held2 \gset
select pg_temp.queue(:mona, 'a beacon') as of_mona \gset
select (pg_temp.item_of('prompt', :'flagged')).id as flagged_item \gset
select (pg_temp.item_of('prompt', :'held')).id as held_item \gset
select (pg_temp.item_of('prompt', :'held2')).id as held2_item \gset
select (pg_temp.item_of('prompt', :'of_mona')).id as mona_item \gset

-- Who may do what.
create function pg_temp.calls() returns setof text language sql as $$
  select format(c, i.id)
    from (select id from atelier.moderation_items order by id limit 1) i,
         unnest(array['select atelier.review_queue()', 'select atelier.claim_review_items()',
                      'select atelier.release_review_item(%L)', 'select atelier.decide_review_item(%L, ''approve'')',
                      'select atelier.assign_review_item(%1$L, %1$L)', 'select atelier.review_object(%L)',
                      'select atelier.review_text(%L)', 'select atelier.withhold_object(''user-library'', ''x'', ''y'')']) c
$$;
create temp table calls as select c.call, row_number() over () n from pg_temp.calls() c (call);
grant select on calls to authenticated, anon, service_role;
select pg_temp.sign_in(:bob);
select throws_ok(call, '42501', 'only moderators and administrators may do this', 'a user: ' || call) from calls order by n;
select pg_temp.become('anon');
select throws_ok(call, '42501', null, 'anon: ' || call) from calls order by n;
select pg_temp.become('service_role');
select throws_ok(call, '42501', null, 'the service role, for whom nobody answers: ' || call) from calls order by n;
select pg_temp.sign_in(:mona);
select throws_ok(format('select atelier.assign_review_item(%L, %L)', :'held_item', :mick), '42501', 'only administrators assign items', 'moderators do not assign');
select throws_ok('select atelier.decide_review_item(atelier.uuid7(), ''approve'')', 'PT404', 'no such item', 'an item that is none');
select throws_ok('select atelier.release_review_item(atelier.uuid7())', 'PT404', null, 'cannot be released');
select throws_ok('select atelier.decide_review_item(null, ''approve'')', 'PT404', null, 'nor decided without an id');

-- The queue, in its order.
select results_eq('select id from atelier.review_queue()', format('values (%L::uuid), (%L), (%L), (%L)', :'held2_item', :'mona_item', :'held_item', :'flagged_item'),
  'held prompts before flagged ones, higher scores before lower ones, older before newer');
select results_eq('select id from atelier.review_queue(''flagged'')', format('values (%L::uuid)', :'flagged_item'), 'by status');
select is_empty('select from atelier.review_queue(subject_kind => ''asset'')', 'by kind');
select is((select count(*) from atelier.review_queue(max_rows => 2)), 2::bigint, 'so many');
select is_empty('select from atelier.review_queue(claimed => ''mine'')', 'by who has them');
select throws_ok('select atelier.review_queue(''odd'')', '22023', 'unknown filter', 'an unknown status');
select throws_ok('select atelier.review_queue(subject_kind => ''odd'')', '22023', null, 'an unknown kind');
select throws_ok('select atelier.review_queue(claimed => null)', '22023', null, 'an unknown filter');
select throws_ok('select atelier.claim_review_items(0)', '22023', null, 'none is no amount');
select throws_ok('select atelier.claim_review_items(101)', '22023', null, 'nor 101');
select throws_ok('select atelier.claim_review_items(null)', '22023', null, 'nor null');
select throws_ok('select atelier.claim_review_items(1, ''odd'')', '22023', null, 'nor an unknown kind');

-- Claims.
select results_eq('select id from atelier.claim_review_items()', format('values (%L::uuid)', :'held2_item'), 'the first of them');
select results_eq('select id from atelier.claim_review_items(100)', format('values (%L::uuid), (%L)', :'held_item', :'flagged_item'), 'the others, but for her own');
select is_empty('select from atelier.claim_review_items()', 'no more');
select is((select count(*) from atelier.review_queue(claimed => 'mine')), 3::bigint, 'she has three');
select results_eq('select id from atelier.review_queue(claimed => ''nobody'')', format('values (%L::uuid)', :'mona_item'), 'nobody has hers');
select throws_ok(format('select atelier.decide_review_item(%L, ''approve'')', :'mona_item'), '42501', 'somebody else must decide this', 'she does not decide on her own');
select pg_temp.sign_in(:mick);
select results_eq('select id from atelier.claim_review_items(100)', format('values (%L::uuid)', :'mona_item'), 'the other moderator gets hers, and no other');
select throws_ok(format('select atelier.decide_review_item(%L, ''approve'')', :'held_item'), 'PT409', 'the item is not yours', 'what she has he does not decide');
select throws_ok(format('select atelier.release_review_item(%L)', :'held_item'), 'PT409', 'the item is not yours', 'nor release');
select pg_temp.sign_out();

-- Leases.
update atelier.moderation_items set claim_expires_at = now() - interval '1 s' where id = :'flagged_item';
select pg_temp.sign_in(:mona);
select throws_ok(format('select atelier.decide_review_item(%L, ''approve'')', :'flagged_item'), 'PT409', null, 'after half an hour it is not hers');
select pg_temp.sign_in(:mick);
select results_eq('select id from atelier.claim_review_items(100)', format('values (%L::uuid)', :'flagged_item'), 'but anybody''s');
select is((atelier.release_review_item(:'flagged_item')).claimed_by, null, 'he gives it back');
select pg_temp.sign_in(:mona);
select results_eq('select id from atelier.claim_review_items()', format('values (%L::uuid)', :'flagged_item'), 'and she takes it');

-- Assignments.
select pg_temp.sign_in(:carol);
select is((atelier.assign_review_item(:'flagged_item', :mick)).claimed_by, :mick::uuid, 'an administrator gives it to him');
select throws_ok(format('select atelier.assign_review_item(%L, %L)', :'flagged_item', :bob), '22023', 'no such moderator', 'but not to a user');
select throws_ok(format('select atelier.assign_review_item(%L, null)', :'flagged_item'), '22023', null, 'nor to nobody');
select throws_ok(format('select atelier.assign_review_item(%L, %L)', :'mona_item', :mona), '42501', null, 'nor to whom it is about');
select throws_ok(format('select atelier.assign_review_item(atelier.uuid7(), %L)', :mona), 'PT404', null, 'nor what is none');
select throws_ok(format('select atelier.decide_review_item(%L, ''approve'')', :'held_item'), 'PT409', null, 'nor does an administrator decide what a moderator has');
select is((atelier.release_review_item(:'held_item')).claimed_by, null, 'but he can release it');

-- Decisions.
select throws_ok(format('select atelier.decide_review_item(%L, ''reject'')', :'held_item'), '22023', 'no valid decision', 'a rejection needs a reason');
select throws_ok(format('select atelier.decide_review_item(%L, ''reject'', ''  '')', :'held_item'), '22023', null, 'a real one');
select throws_ok(format('select atelier.decide_review_item(%L, ''reject'', repeat(''x'', 1001))', :'held_item'), '22023', null, 'of no more than 1000 characters');
select throws_ok(format('select atelier.decide_review_item(%L, ''maybe'')', :'held_item'), '22023', null, 'nothing but approve and reject');
select throws_ok(format('select atelier.decide_review_item(%L, null)', :'held_item'), '22023', null, 'nor nothing');
select is(atelier.review_text(:'held_item'), 'a lighthouse', 'he reads the prompt');
select throws_ok(format('select atelier.review_object(%L)', :'held_item'), 'PT404', 'the item has no file', 'which is no file');
select is((atelier.decide_review_item(:'held_item', 'approve')).status, 'approved', 'he approves, since nobody has it');
select throws_ok(format('select atelier.decide_review_item(%L, ''approve'')', :'held_item'), 'PT409', 'the item does not wait for a moderator', 'once');
select throws_ok(format('select atelier.assign_review_item(%L, %L)', :'held_item', :mick), 'PT409', null, 'nothing is left to assign');
select pg_temp.sign_out();
select is((pg_temp.queued(:'held')).state, 'ready', 'the held job starts');
select row_eq(format('select moderation_status, reviewed_by, reviewed_at is not null from atelier.jobs where id = %L', :'held'), row('approved'::text, :carol::uuid, true), 'and says who approved');
select is(pg_temp.trail(:'held_item'), 'checked:unchecked>quarantined claimed:quarantined>quarantined released:quarantined>quarantined viewed:quarantined>quarantined decided:quarantined>approved', 'the trail knows all of it');
select pg_temp.sign_in(:mona);
select is((atelier.decide_review_item(:'held2_item', 'reject', 'no beacons here')).status, 'rejected', 'she rejects hers');
select pg_temp.sign_out();
select row_eq(format('select status, error_class, moderation_status, review_notes from atelier.jobs where id = %L', :'held2'), row('failed'::text, 'content_policy'::text, 'rejected'::text, 'no beacons here'::text), 'the job fails');
select row_eq(format('select actor, reason from atelier.moderation_audit where item_id = %L and action = ''decided''', :'held2_item'), row(:mona::uuid, 'no beacons here'::text), 'the trail knows who and why');

-- Appeals.
select pg_temp.sign_in(:alice);
select throws_ok(format('select atelier.appeal_moderation(%L, ''but'')', :'held2_item'), 'PT404', 'no such item', 'nobody appeals for others');
select throws_ok(format('select atelier.appeal_moderation(%L, ''but'')', :'held_item'), 'PT409', 'there is nothing to appeal against', 'nor against an approval');
select pg_temp.sign_in(:bob);
select throws_ok(format('select atelier.appeal_moderation(%L, '' '')', :'held2_item'), '22023', 'no valid appeal', 'nor without words');
select throws_ok(format('select atelier.appeal_moderation(%L, repeat(''x'', 2001))', :'held2_item'), '22023', null, 'nor with too many');
select throws_ok(format('select atelier.appeal_moderation(%L, null)', :'held2_item'), '22023', null, 'nor null');
select is(atelier.appeal_moderation(:'held2_item', 'it shows the way'), :'held2_item'::uuid, 'he appeals');
select throws_ok(format('select atelier.appeal_moderation(%L, ''again'')', :'held2_item'), 'PT409', null, 'once');
select pg_temp.become('anon');
select throws_ok(format('select atelier.appeal_moderation(%L, ''but'')', :'held2_item'), '42501', null, 'anon does not appeal');
select pg_temp.sign_in(:mona);
select is((select id from atelier.review_queue() limit 1), :'held2_item'::uuid, 'it comes first');
select is_empty(format('select from atelier.claim_review_items(100) c where c.id = %L', :'held2_item'), 'but who has decided does not get it');
select pg_temp.sign_in(:mick);
select isnt_empty(format('select from atelier.claim_review_items(100) c where c.id = %L', :'held2_item'), 'another one does');
select is((atelier.decide_review_item(:'held2_item', 'reject', 'still none')).status, 'rejected', 'and may turn it down');
select pg_temp.sign_in(:bob);
select row_eq('select status, reason from atelier.moderation_items', row('rejected'::text, 'still none'::text), 'its owner reads why');
select throws_ok(format('select atelier.appeal_moderation(%L, ''once more'')', :'held2_item'), 'PT409', null, 'one appeal is all');
select pg_temp.sign_out();

-- What a moderator withholds himself.
select pg_temp.queue(:alice, 'plain') as job \gset
select pg_temp.succeed(pg_temp.claim(:'job'), '{"\\x0a"}');
select temp_storage_path as path from atelier.workspace_assets where job_id = :'job' \gset
select pg_temp.sign_in(:mona);
select throws_ok(format('select atelier.withhold_object(''workspace-temp'', %L, '' '')', :'path'), '22023', 'the reason is missing', 'not without a reason');
select throws_ok('select atelier.withhold_object(''workspace-temp'', ''nowhere'', ''why'')', 'PT404', 'no such asset', 'nor what is none');
select atelier.withhold_object('workspace-temp', :'path', 'somebody complained') as reported \gset
select throws_ok(format('select atelier.withhold_object(''workspace-temp'', %L, ''why'')', :'path'), 'PT409', null, 'nor twice');
select pg_temp.sign_in(:alice);
select is_empty('select from atelier.workspace_assets', 'its owner does not see it any more');
select pg_temp.sign_in(:mick);
select is((select count(*) from atelier.claim_review_items(100)), 1::bigint, 'it waits for a moderator');
select is(atelier.review_object(:'reported')::bytea, '\x0a'::bytea, 'who looks at it');
select matches(current_setting('response.headers'), 'no-store', 'and no cache keeps it');
select pg_temp.sign_out();
select is((select actor from atelier.moderation_audit where item_id = :'reported' and action = 'viewed'), :mick::uuid, 'which the trail knows');

-- The trail.
create temp table changes as select unnest(array['update atelier.moderation_audit set reason = null', 'delete from atelier.moderation_audit', 'truncate atelier.moderation_audit',
  $$insert into atelier.moderation_audit (item_id, subject_kind, subject_id, user_id, action) values (atelier.uuid7(), 'asset', atelier.uuid7(), atelier.uuid7(), 'decided')$$]) as change;
grant select on changes to authenticated, anon, service_role;
select pg_temp.sign_in(:carol);
select throws_ok(change, '42501', null, 'an administrator: ' || change) from changes;
select pg_temp.become('service_role');
select throws_ok(change, '42501', null, 'the service role: ' || change) from changes;
select pg_temp.sign_out();
select throws_ok(change, '42501', 'the trail of moderation does not change', 'not even its owner: ' || change) from changes where change !~ 'insert';
select pg_temp.sign_in(:bob);
select is_empty('select from atelier.moderation_audit', 'users do not read the trail');
select pg_temp.sign_in(:mona);
select isnt_empty('select from atelier.moderation_audit', 'moderators do');
select pg_temp.sign_out();
delete from auth.users where id = :bob;
select isnt_empty(format('select from atelier.moderation_audit where item_id = %L', :'held2_item'), 'it outlives the people it tells of');

select * from finish();
rollback;
