-- What sessions remember of templates: fewer reads, never an old answer, nothing for those who may not have it.
begin;
select plan(40);
\ir support/people.sql
update atelier.profiles set birth_date = '1980-01-01' where id = pg_temp.ada();

create function pg_temp.found(p_use text default 'enhancement', p_mode atelier.content_mode default 'sfw', p_target text default 'sdxl') returns text language sql volatile as
$$ select (template).template_name || ' ' || (template).version || ' ' || matched from atelier.resolve_prompt_template('qwen_instruct', p_use, p_mode, 'image', p_target) $$;
create function pg_temp.reads() returns bigint language sql volatile as
$$ select seq_scan + coalesce(idx_scan, 0) from pg_stat_xact_user_tables where relid = 'atelier.prompt_templates'::regclass $$;
create function pg_temp.counts() returns text language sql volatile as
$$ select format('%s hits, %s misses, %s bypasses', session_hits, session_misses, session_bypasses) from atelier_engine.template_cache_counts() $$;

-- Defect of the original: its readers asked with four parts of a key that had five, so that every look-up missed.
select pg_temp.sign_in(pg_temp.ada()) \g /dev/null
select is(pg_temp.found(), 'SDXL, instructed 1 exact', 'a template is found');
select pg_temp.step_aside() \g /dev/null
select pg_temp.reads() as before, session_hits as hits from atelier_engine.template_cache_counts() \gset
select pg_temp.sign_in(pg_temp.ada()) \g /dev/null
select set_eq('select pg_temp.found() from generate_series(1, 200)', array['SDXL, instructed 1 exact'], 'prompt cache: every lookup misses: 200 look-ups');
select pg_temp.step_aside() \g /dev/null
select cmp_ok(pg_temp.reads() - :before, '<=', 40::bigint, '200 look-ups read the table 40 times at most: 80 percent less');
select is(pg_temp.reads() - :before, 0::bigint, 'not at all, to be exact');
select is((select session_hits - :hits from atelier_engine.template_cache_counts()), 200::bigint, 'prompt cache: every lookup misses: every look-up hits');
select pg_temp.sign_in(pg_temp.ada()) \g /dev/null
select throws_ok($$select pg_temp.found('nothing')$$, 'PT404', 'no template fits', 'that there is none');
select throws_ok($$select pg_temp.found('nothing')$$, 'PT404', 'no template fits', 'is remembered, too');
select is(pg_temp.found(p_target => 'flux'), 'Picture, general 1 any target model, any enhancer model', 'another question');
select is(pg_temp.found(p_target => 'sdxl'), 'SDXL, instructed 1 exact', 'has an answer of its own');
select is((select (template).system_prompt from atelier.resolve_prompt_template('qwen_instruct', 'enhancement', 'sfw', 'image', 'sdxl')),
  (select (template).system_prompt from atelier.resolve_prompt_template('qwen_instruct', 'enhancement', 'sfw', 'image', 'sdxl')), 'the words are the same each time');
select is((select (template).created_by from atelier.resolve_prompt_template('qwen_instruct', 'enhancement', 'sfw', 'image', 'sdxl')), null, 'who made it is not among them');

-- Who may have it is asked each time.
select is(pg_temp.found(p_mode => 'nsfw'), 'SDXL, instructed 1 sfw', 'an adult asks for nsfw');
select pg_temp.sign_in(pg_temp.bob()) \g /dev/null
select throws_ok($$select pg_temp.found(p_mode => 'nsfw')$$, '42501', 'this content mode is for people whose age is verified', 'what was remembered for an adult is not given to somebody else');
select pg_temp.become('authenticated') \g /dev/null
select throws_ok('select pg_temp.found()', 'PT401', 'sign in first', 'nor to a token without a user');
select pg_temp.sign_out() \g /dev/null
select throws_ok('select pg_temp.found()', '42501', null, 'nor to anon');
select throws_ok($$select atelier_engine.match_template('qwen_instruct', 'enhancement', 'sfw', 'image', 'sdxl')$$, '42501', null, 'nobody asks without the questions');
select throws_ok($$select atelier_engine.forget_templates()$$, '42501', null, 'nor makes others forget');
select pg_temp.step_aside() \g /dev/null
select function_privs_are('atelier_engine', 'match_template', array['text', 'text', 'atelier.content_mode', 'text', 'text'], role, array[]::text[], role || ' may not')
  from unnest(array['anon', 'authenticated', 'service_role', 'atelier_worker']) role;

-- refresh_prompt_cache() and prompt_cache_status().
select pg_temp.sign_out() \g /dev/null
select throws_ok('select atelier.refresh_prompt_cache()', '42501', null, 'anon refreshes nothing');
select pg_temp.become('authenticated') \g /dev/null
select throws_ok('select atelier.refresh_prompt_cache()', 'PT401', null, 'nor does a token without a user');
select pg_temp.sign_in(pg_temp.bob()) \g /dev/null
select throws_ok('select atelier.refresh_prompt_cache(true)', '42501', 'only administrators and the service role may do this', 'nor do users');
select throws_ok('select atelier.prompt_cache_status()', '42501', 'only administrators and the service role may do this', 'who see no counts, either');
select pg_temp.sign_in(pg_temp.root()) \g /dev/null
select is(atelier.refresh_prompt_cache() - 'cached_at' - 'cache', '{"success": true, "refreshed": false, "templates": 13, "negative_prompts": 8, "nsfw_terms": 21}', 'administrators get figures');
select ok(atelier.prompt_cache_status() ?& array['entries', 'session', 'database', 'hit_ratio'], 'and counts');
select cmp_ok((atelier.prompt_cache_status() #>> '{session,hits}')::bigint, '>=', 200::bigint, 'that are real');
select cmp_ok((atelier.prompt_cache_status() ->> 'hit_ratio')::numeric, '>', 0.8, 'prompt cache: more than 80 percent fewer reads');
select cmp_ok((atelier.prompt_cache_status() ->> 'entries')::integer, '>', 2, 'there is something to forget');
select is(atelier.refresh_prompt_cache(true) -> 'refreshed', 'true', 'a refresh by force');
select is((atelier.prompt_cache_status() ->> 'entries')::integer, 0, 'forgets all');
select is((select count(*) from atelier.user_activity_log where action = 'refresh_prompt_cache'), 2::bigint, 'and is written down');
select pg_temp.sign_in_as_service() \g /dev/null
select is(atelier.refresh_prompt_cache() -> 'success', 'true', 'the service role may, too');

-- A transaction sees its own changes, and those that it takes back it does not.
select pg_temp.sign_in(pg_temp.root()) \g /dev/null
savepoint before_change;
insert into atelier.prompt_templates (enhancer_model, use_case, template_name, job_type, target_model, system_prompt)
values ('qwen_instruct', 'enhancement', 'SDXL, instructed', 'image', 'sdxl', 'new words') returning id as new_version \gset
select (atelier.publish_prompt_template(:'new_version')).version \g /dev/null
select is(pg_temp.found(), 'SDXL, instructed 2 exact', 'a transaction sees what it published');
rollback to before_change;
select is(pg_temp.found(), 'SDXL, instructed 1 exact', 'and not what it took back');
do $$
begin
  update atelier.prompt_templates set is_active = false where template_name = 'SDXL, instructed';
  if (select matched from atelier.resolve_prompt_template('qwen_instruct', 'enhancement', 'sfw', 'image', 'sdxl')) = 'exact' then
    raise exception 'an old answer';
  end if;
  raise division_by_zero;
exception when division_by_zero then
  null;
end $$;
select is(pg_temp.found(), 'SDXL, instructed 1 exact', 'nor what a block took back');
insert into atelier.prompt_templates (enhancer_model, use_case, template_name, system_prompt, is_active)
values ('any', 'long', 'Long', (select string_agg(md5(i::text), '') from generate_series(1, 620) i), true);
select is((select length((template).system_prompt) from atelier.resolve_prompt_template('x', 'long')), 19840, 'long words are whole');

select pg_temp.step_aside() \g /dev/null
-- By rows and always, or a subscriber of logical replication would give old answers.
select is((select string_agg(tgname::text || ' ' || tgenabled::text, ', ' order by tgname) from pg_trigger where tgrelid = 'atelier.prompt_templates'::regclass and tgfoid = 'atelier_engine.note_template_change'::regproc),
  'note_change A, note_emptying A', 'the triggers fire on a subscriber, too');
select throws_ok('select atelier_engine.note_template_change()', '39P01', null, 'and only as triggers');
select * from finish();
rollback;
