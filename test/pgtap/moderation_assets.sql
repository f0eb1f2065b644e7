-- Checks after a job: what is made is shown to nobody before they have passed, and what is withheld comes out by no way.
begin;
\ir support/jobs.sql
\ir support/moderation.sql
select plan(85);

create function pg_temp.make(p_user uuid, p_bytes bytea[], p_options text default '') returns uuid language plpgsql as $$
declare
  job constant uuid := pg_temp.queue(p_user, 'a picture', p_options);
begin
  perform pg_temp.succeed(pg_temp.claim(job), p_bytes);
  return job;
end $$;
create function pg_temp.path(p_job uuid) returns text language sql as
$$ select min(a.temp_storage_path) from atelier.workspace_assets a where a.job_id = p_job and a.asset_index = 0 $$;
-- In how many ways a person gets at an output of a job: rows, names, bytes.
create function pg_temp.ways(p_user uuid, p_job uuid) returns text language plpgsql as $$
declare
  path constant text := (select 'u/' || pg_temp.path(p_job));
  generation constant uuid := (select g.id from atelier.generations g where g.job_id = p_job);
  kept constant uuid := (select l.id from atelier.user_library l where l.source_job_id = p_job and l.source_asset_index = 0);
  ways text[] := '{}';
  n integer;
begin
  perform pg_temp.sign_in(p_user);
  if exists (select from atelier.workspace_assets a where a.job_id = p_job and a.asset_index = 0) then ways := ways || text 'asset'; end if;
  if exists (select from atelier.workspace_items a where a.job_id = p_job and a.url = 'workspace-temp/' || substr(path, 3)) then ways := ways || text 'item'; end if;
  if exists (select from storage.objects o where o.name = substr(path, 3)) then ways := ways || text 'object'; end if;
  if exists (select from atelier.generations g where g.job_id = p_job and g.output_urls[1] is not null) then ways := ways || text 'generation'; end if;
  if exists (select from atelier.images i where i.job_id = p_job and i.image_index = 0) then ways := ways || text 'library'; end if;
  if exists (select from atelier.object_chunks c) then ways := ways || text 'chunks'; end if;
  begin perform atelier.object_bytes('workspace-temp', substr(path, 3)); ways := ways || text 'bytes'; exception when sqlstate 'PT404' then null; end;
  begin perform atelier.object('workspace-temp', substr(path, 3)); ways := ways || text 'download'; exception when sqlstate 'PT404' then null; end;
  begin perform atelier.generation_bytes(generation); ways := ways || text 'generation_bytes'; exception when sqlstate 'PT404' then null; end;
  begin perform atelier.generation_output(generation); ways := ways || text 'generation_output'; exception when sqlstate 'PT404' then null; end;
  if kept is not null then
    begin perform atelier.library_asset_bytes(kept); ways := ways || text 'library_bytes'; exception when sqlstate 'PT404' then null; end;
    begin perform atelier.library_asset(kept); ways := ways || text 'library_asset'; exception when sqlstate 'PT404' then null; end;
  end if;
  perform pg_temp.sign_out();
  return array_to_string(ways, ' ');
end $$;
\set all_ways '''asset item object generation chunks bytes download generation_bytes generation_output'''

-- Without checks nothing happens.
select pg_temp.make(:alice, '{"\\x01"}') as free \gset
select is(pg_temp.ways(:alice, :'free'), :all_ways, 'where nothing is checked everything is shown');
select is((select moderation_status from atelier.workspace_assets where job_id = :'free'), 'unchecked', 'and is unchecked');
select is((pg_temp.item_of('asset', :'free')).id, null, 'without an item');
delete from atelier.workspace_assets;

-- Approved.
select pg_temp.add_check('after') as guard \gset
select pg_temp.make(:alice, '{"\\x02"}') as job \gset
select (pg_temp.item_of('asset', :'job')).id as item \gset
select is((pg_temp.job(:'job')).status, 'completed', 'the job is completed');
select is((pg_temp.item(:'item')).status, 'pending', 'what it made is pending');
select is(pg_temp.ways(:alice, :'job'), '', 'and its owner gets at it by no way');
select is(pg_temp.ways(:bob, :'job'), '', 'nor anybody else');
select is(pg_temp.ways(:carol, :'job'), '', 'nor an administrator by these ways');
select pg_temp.sign_in(:alice);
select throws_ok(format('select atelier.workspace_actions(''save_to_library'', (select id from atelier.workspace_assets where job_id = %L))', :'job'),
  '22023', null, 'its owner does not know its id');
select pg_temp.sign_out();
select id as asset from atelier.workspace_assets where job_id = :'job' \gset
select pg_temp.sign_in(:alice);
select throws_ok(format('select atelier.workspace_actions(''save_to_library'', %L)', :'asset'), 'PT404', 'asset not found', 'saving does not find it, either');
select throws_ok(format('select atelier.save_workspace_item_to_library(%L, %L)', :'asset', :alice), 'PT404', 'asset not found', 'by its other name');
select throws_ok(format('select atelier.workspace_actions(''clear_job'', job_id => %L)', :'job'), 'PT404', null, 'clearing does not find it');
select is(atelier.workspace_actions('clear_workspace') ->> 'cleared', '0', 'the workspace is empty');
select is(atelier.workspace_actions('discard_asset', :'asset') ->> 'discarded', '0', 'it cannot be discarded');
delete from atelier.workspace_assets;
select throws_ok(format('select atelier.queue_job(''again'', ''guard'', parameters => ''{"image": "workspace-temp/%s/%s/0.png"}'')', :alice, :'job'),
  'PT404', 'no such picture', 'no other picture can be made from it');
select pg_temp.sign_out();
select isnt_empty(format('select from atelier.workspace_assets where id = %L', :'asset'), 'it is still there');
update atelier.workspace_assets set expires_at = now() - interval '1 day' where id = :'asset';
select is(atelier.cleanup_expired_workspace_assets(), 0, 'what is being checked does not expire');
select is((select parameters ->> 'image' from atelier.jobs where id = pg_temp.check_job(:'item')), 'workspace-temp/' || pg_temp.path(:'job'), 'the check gets the picture');
select isnt((atelier_engine.readable_picture(:robot, 'workspace-temp/' || pg_temp.path(:'job'))).object_id, null, 'which its account may read');
select is((atelier_engine.readable_picture(:alice, 'workspace-temp/' || pg_temp.path(:'job'))).object_id, null, 'and its owner may not');
select ok(pg_temp.judge(:'item', '{"violence": 0.01, "harassment": 0.1}'), 'the endpoint answers');
select row_eq(format('select status, score, categories, needs_review, reason from atelier.moderation_items where id = %L', :'item'),
  row('approved'::text, 0.1::numeric, '{"violence": 0.01, "harassment": 0.1}'::jsonb, false, null::text), 'it is approved');
select is(pg_temp.ways(:alice, :'job'), :all_ways, 'and shown');
select is(pg_temp.ways(:bob, :'job'), '', 'to its owner alone');
select is((select moderation_status from atelier.workspace_assets where id = :'asset'), 'approved', 'the asset says so');
select isnt_empty(format('select from atelier.events where user_id = %L and kind = ''moderation.approved'' and ref = %L', :alice, :'item'), 'an event tells its owner');
select is(pg_temp.trail(:'item'), 'opened:unchecked>pending checked:pending>approved', 'the trail knows');
delete from atelier.workspace_assets;

-- Flagged, and what is public.
select pg_temp.make(:alice, '{"\\x03"}') as flagged \gset
select (pg_temp.item_of('asset', :'flagged')).id as flagged_item \gset
select pg_temp.judge(:'flagged_item', '{"violence": 0.25}');
select is(pg_temp.ways(:alice, :'flagged'), :all_ways, 'what is flagged its owner sees');
select is((pg_temp.item(:'flagged_item')).needs_review, true, 'and moderators shall look at it');
select pg_temp.sign_in(:alice);
select atelier.workspace_actions('save_to_library', (select id from atelier.workspace_assets where job_id = :'flagged')) ->> 'libraryAssetId' as kept \gset
update atelier.user_library set visibility = 'public' where id = :'kept';
select isnt_empty(format('select from atelier.user_library where id = %L', :'kept'), 'he can save it');
select pg_temp.sign_in(:bob);
select is_empty(format('select from atelier.user_library where id = %L', :'kept'), 'but not show it to others');
select throws_ok(format('select atelier.library_asset_bytes(%L)', :'kept'), 'PT404', null, 'nor its bytes');
select pg_temp.become('anon');
select is_empty(format('select from atelier.user_library where id = %L', :'kept'), 'nor to anybody');
select pg_temp.sign_out();
delete from atelier.user_library; delete from atelier.workspace_assets;

-- Quarantined, and what has the same bytes.
select pg_temp.make(:alice, '{"\\x04"}') as first \gset
select (pg_temp.item_of('asset', :'first')).id as first_item \gset
select pg_temp.judge(:'first_item', '{"violence": 0.1}');
select pg_temp.sign_in(:alice);
select atelier.workspace_actions('save_to_library', (select id from atelier.workspace_assets where job_id = :'first')) ->> 'libraryAssetId' as saved \gset
update atelier.user_library set visibility = 'unlisted' where id = :'saved';
select pg_temp.sign_in(:bob);
select is(atelier.library_asset_bytes(:'saved'), '\x04'::bytea, 'an unlisted copy is read by who knows it');
select pg_temp.sign_out();
select pg_temp.make(:bob, '{"\\x04"}') as second \gset
select (pg_temp.item_of('asset', :'second')).id as second_item \gset
select pg_temp.judge(:'second_item', '{"violence": 0.6}');
select is((pg_temp.item(:'second_item')).status, 'quarantined', 'what somebody else made is quarantined');
select is(pg_temp.ways(:bob, :'second'), '', 'he gets at it by no way');
select is(pg_temp.ways(:alice, :'first'), '', 'nor at the same bytes who made them before');
select results_eq('select moderation_status from atelier.workspace_assets union all select moderation_status from atelier.user_library',
  $$values ('quarantined'), ('quarantined'), ('quarantined')$$, 'all copies follow, saved ones, too');
select pg_temp.sign_in(:alice);
select throws_ok(format('select atelier.library_asset_bytes(%L)', :'saved'), 'PT404', 'library asset not found', 'the saved copy is not read by its owner');
select throws_ok(format('select atelier.library_asset(%L)', :'saved'), 'PT404', null, 'nor downloaded');
select throws_ok(format('select atelier.workspace_actions(''copy_to_workspace'', library_asset_id => %L)', :'saved'), 'PT404', null, 'nor copied back');
select lives_ok('update atelier.user_library set visibility = ''public''', 'changing all that one has passes over it');
select pg_temp.sign_in(:bob);
select throws_ok(format('select atelier.library_asset_bytes(%L)', :'saved'), 'PT404', null, 'nor read by who knew it');
select pg_temp.sign_out();
select is((select visibility from atelier.user_library where id = :'saved'), 'unlisted', 'it was not changed');
select throws_ok(format('select atelier_engine.copy_object(''user-library'', %L, ''user-library'', %L, %L)',
  (select storage_path from atelier.user_library where id = :'saved'), :alice || '/x.png', :alice), 'PT409', 'the file is withheld', 'no function copies it');
select throws_ok(format('select atelier_engine.move_object(''user-library'', %L, ''user-library'', %L, %L)',
  (select storage_path from atelier.user_library where id = :'saved'), :alice || '/x.png', :alice), 'PT409', 'the file is withheld', 'nor moves it');
select pg_temp.become('service_role');
select isnt(atelier.object_bytes('user-library', (select storage_path from atelier.user_library where id = :'saved')), null, 'the back end reads it');
select pg_temp.sign_out();

-- Made again it is withheld at once, with checks and without.
select pg_temp.make(:alice, '{"\\x04"}') as again \gset
select row_eq(format('select status, reason from atelier.moderation_items where job_id = %L', :'again'),
  row('quarantined'::text, 'the same content is withheld elsewhere'::text), 'the same made again is withheld at once');
update atelier.moderation_checks set is_active = false where id = :'guard';
select pg_temp.make(:alice, '{"\\x04", "\\x05"}', $$, parameters => '{"n": 2}'$$) as twice \gset
select is(pg_temp.ways(:alice, :'twice'), 'chunks', 'also when nothing is checked any more');
select results_eq(format('select asset_index, moderation_status from atelier.workspace_assets where job_id = %L order by 1', :'twice'),
  $$values (0, 'quarantined'), (1, 'unchecked')$$, 'the other picture of the same job is shown');
select is((select output_urls[1] is null and output_urls[2] = format('workspace-temp/%s/%s/1.png', :alice, :'twice') from atelier.generations where job_id = :'twice'), true,
  'the generation names that one alone');
update atelier.moderation_checks set is_active = true where id = :'guard';

-- A copy that nobody saw is found by the janitor.
update storage.objects set metadata = metadata - 'moderation' where name = pg_temp.path(:'second');
select atelier_engine.settle_missed_checks(10);
select is((select metadata ->> 'moderation' from storage.objects where name = pg_temp.path(:'second')), 'quarantined', 'the janitor finds copies that were made meanwhile');

-- Released again: all of them.
select pg_temp.sign_in(:mona);
select is(cardinality(array(select (atelier.claim_review_items(100, 'asset')).id)) > 0, true, 'a moderator takes them');
select is((atelier.decide_review_item(:'second_item', 'approve')).status, 'approved', 'and approves one');
select pg_temp.sign_out();
select is_empty(format('select from atelier.moderation_items where sha256 = encode(sha256(''\x04''), ''hex'') and status not in (''approved'')'), 'what is decided holds for all with the same bytes');
select is_empty($$select from storage.objects where metadata ? 'moderation'$$, 'nothing of it is withheld any more');
select is(pg_temp.ways(:bob, :'second'), :all_ways, 'its maker gets at it');
select pg_temp.sign_in(:alice);
select is(atelier.library_asset_bytes(:'saved'), '\x04'::bytea, 'and the other one at his copy');
select pg_temp.sign_out();
select is((select output_urls[1] from atelier.generations where job_id = :'twice'), format('workspace-temp/%s/%s/0.png', :alice, :'twice'), 'generations name it again');
delete from atelier.user_library; delete from atelier.workspace_assets;

-- Rejected by score, thumbnails, and results that go to the library at once.
select pg_temp.make(:alice, '{"\\x06"}', $$, destination => 'library'$$) as library_job \gset
select (pg_temp.item_of('asset', :'library_job')).id as library_item \gset
select atelier_engine.create_object('user-library', :alice || '/thumb.png', :alice, 'image/png', 1, sha256('\x07')) as thumbnail \gset
select atelier_engine.append_object_chunk(:'thumbnail', 0, '\x07');
update atelier.user_library set thumbnail_path = :alice || '/thumb.png' where source_job_id = :'library_job';
select pg_temp.sign_in(:alice);
select is_empty('select from atelier.user_library', 'what goes to the library is withheld there');
select is_empty('select from atelier.images', 'under its other name, too');
select pg_temp.sign_out();
select pg_temp.judge(:'library_item', '{"violence": 0.95}');
select is((pg_temp.item(:'library_item')).status, 'rejected', 'a high score rejects');
select is((pg_temp.item(:'library_item')).needs_review, false, 'without a moderator');
select pg_temp.sign_in(:alice);
select is_empty('select from storage.objects', 'its thumbnail is withheld, too');
select results_eq('select status, reason from atelier.moderation_items where job_id = ' || quote_literal(:'library_job'), $$values ('rejected', 'violence')$$, 'its owner reads what became of it, and why');
select throws_ok('select score from atelier.moderation_items', '42501', null, 'and not by how much');
select throws_ok('select claimed_by from atelier.moderation_items', '42501', null, 'nor who has it');
select pg_temp.sign_in(:bob);
select is_empty(format('select id from atelier.moderation_items where user_id = %L', :alice), 'others do not see that');
select pg_temp.sign_out();

-- The check itself fails.
select pg_temp.make(:alice, '{"\\x08"}') as closed \gset
select pg_temp.fail(pg_temp.claim(pg_temp.check_job((pg_temp.item_of('asset', :'closed')).id)), 'invalid_input');
select is((pg_temp.item_of('asset', :'closed')).status, 'quarantined', 'fail_closed: it is quarantined');
select is(pg_temp.ways(:alice, :'closed'), '', 'and not shown');
update atelier.moderation_checks set on_failure = 'fail_open';
select pg_temp.make(:alice, '{"\\x09"}') as open \gset
select is(pg_temp.ways(:alice, :'open'), '', 'fail_open: it is not shown before the check has failed');
select pg_temp.fail(pg_temp.claim(pg_temp.check_job((pg_temp.item_of('asset', :'open')).id)), 'invalid_input');
select is((pg_temp.item_of('asset', :'open')).status, 'approved', 'then it is approved');
select is(pg_temp.ways(:alice, :'open'), :all_ways, 'and shown');

-- Videos are none of a check that does not apply to them.
select is((select applies_to from atelier.moderation_checks where id = :'guard'), '{image,text}', 'the check is not for videos');

-- Answers in words.
update atelier.moderation_checks set on_failure = 'fail_closed';
insert into atelier.api_models (id, provider_id, model_key, display_name, modality)
select 'f0000000-0000-7000-8000-000000000009', id, 'talker', 'Talker', 'chat' from atelier.api_providers where name = 'atelier-runner';
insert into atelier.conversations (id, user_id) values ('f0000000-0000-7000-8000-00000000000a', :alice);
select pg_temp.queue(:alice, 'tell me', $$, model => 'talker'$$) as told \gset
insert into atelier.messages (id, conversation_id, user_id, sender, content, job_id)
values ('f0000000-0000-7000-8000-00000000000b', 'f0000000-0000-7000-8000-00000000000a', :alice, 'assistant', '', :'told');
select pg_temp.claim(:'told') as telling \gset
select atelier_engine.append_texts(array[:'telling'::uuid], array[0], array['Once upon']);
select pg_temp.sign_in(:alice);
select row_eq(format('select s ->> ''text'', s ->> ''done'' from atelier.job_stream(%L, 0, 0) s', :'told'), row(''::text, 'false'::text), 'while it comes nothing is shown');
select pg_temp.sign_out();
select pg_temp.answer(:'telling', '"Once upon a time"');
select is((select output_text is null and result is null from atelier.generations where job_id = :'told'), true, 'the generation does not have it');
select is((select content from atelier.messages where job_id = :'told'), '', 'nor the message');
select pg_temp.sign_in(:alice);
select row_eq(format('select s ->> ''text'', s ->> ''done'' from atelier.job_stream(%L, 0, 0) s', :'told'), row(''::text, 'false'::text), 'it is not done for who waits');
select pg_temp.sign_out();
select pg_temp.judge((pg_temp.item_of('text', :'told')).id, '{"violence": 0.5}');
select is((pg_temp.item_of('text', :'told')).status, 'quarantined', 'it is quarantined');
select pg_temp.sign_in(:alice);
select row_eq(format('select s ->> ''text'', s ->> ''done'' from atelier.job_stream(%L, 0, 0) s', :'told'), row(''::text, 'true'::text), 'and done, without words');
select pg_temp.sign_in(:mona);
select count(*) from atelier.claim_review_items(100);
select pg_temp.sign_out();
select (pg_temp.item_of('text', :'told')).id as told_item \gset
select pg_temp.sign_in(:mona);
select is(atelier.review_text(:'told_item'), 'Once upon a time', 'a moderator reads it');
select atelier.decide_review_item(:'told_item', 'approve');
select pg_temp.sign_in(:alice);
select is(atelier.job_stream(:'told', 0, 0) ->> 'text', 'Once upon a time', 'approved it is there');
select is((select content from atelier.messages where job_id = :'told'), 'Once upon a time', 'in its message');
select is((select output_text from atelier.generations where job_id = :'told'), 'Once upon a time', 'and in its generation');
select pg_temp.sign_out();
select pg_temp.queue(:alice, 'tell me more', $$, model => 'talker'$$) as broken \gset
select pg_temp.claim(:'broken') as breaking \gset
select atelier_engine.append_texts(array[:'breaking'::uuid], array[0], array['Half']);
select pg_temp.fail(:'breaking', 'invalid_input');
select is((pg_temp.job(:'broken')).metadata ->> 'partial_text', null, 'half an answer is not kept where answers are checked');

select * from finish();
rollback;
