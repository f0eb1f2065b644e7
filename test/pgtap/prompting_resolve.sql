-- Which template fits: what is given up in which order, and that sfw never becomes nsfw.
begin;
select plan(42);
\ir support/people.sql
update atelier.profiles set birth_date = '1980-01-01' where id = pg_temp.ada();
update atelier.profiles set birth_date = now()::date - 3650 where id = pg_temp.bob();

-- One template for each step of the chain, for the use case chain.
insert into atelier.prompt_templates (enhancer_model, use_case, content_mode, template_name, job_type, target_model, system_prompt, is_active)
select case s & 4 when 0 then 'm' else 'any' end, 'chain', case s & 8 when 0 then 'nsfw' else 'sfw' end::atelier.content_mode, 'step ' || s + 1,
       case s & 2 when 0 then 'image' end, case s & 1 when 0 then 'sdxl' end, 'Say ' || s, true from generate_series(0, 15) s;
create temp table steps (step integer, matched text);
insert into steps select s + 1, coalesce(nullif(concat_ws(', ', case when s & 1 > 0 then 'any target model' end, case when s & 2 > 0 then 'any job type' end,
    case when s & 4 > 0 then 'any enhancer model' end, case when s & 8 > 0 then 'sfw' end), ''), 'exact') from generate_series(0, 15) s;

create function pg_temp.found(p_rest text, out step integer, out matched text, out name text) language plpgsql as $$
begin
  execute 'select r.step, r.matched, (r.template).template_name from atelier.resolve_prompt_template(' || p_rest || ') r' into step, matched, name;
end $$;
grant select, insert on steps to public;

-- The best goes first; without it, the next.
create function pg_temp.walk() returns setof text language plpgsql as $$
declare
  expected record;
  got record;
begin
  for expected in select * from steps order by steps.step loop
    perform pg_temp.sign_in(pg_temp.ada());
    got := pg_temp.found('''m'', ''chain'', ''nsfw'', ''image'', ''sdxl''');
    perform pg_temp.step_aside();
    return next is(got::text, format('(%s,%s,%s)', expected.step, case when expected.matched ~ '[ ,]' then '"' || expected.matched || '"' else expected.matched end, '"step ' || expected.step || '"'),
      'step ' || expected.step || ': ' || expected.matched);
    update atelier.prompt_templates set is_active = false where template_name = got.name;
  end loop;
end $$;
select pg_temp.walk();
select pg_temp.sign_in(pg_temp.ada()) \g /dev/null
select throws_ok($$select atelier.resolve_prompt_template('m', 'chain', 'nsfw', 'image', 'sdxl')$$, 'PT404', 'no template fits', 'after the last there is none');
select pg_temp.step_aside() \g /dev/null
update atelier.prompt_templates set is_active = true where use_case = 'chain' and content_mode = 'nsfw';
select pg_temp.sign_in(pg_temp.ada()) \g /dev/null
select throws_ok($$select atelier.resolve_prompt_template('m', 'chain', 'sfw', 'image', 'sdxl')$$, 'PT404', 'no template fits', 'the other mode is not used instead: sfw never becomes nsfw');
select throws_ok($$select atelier.resolve_prompt_template('m', 'chain')$$, 'PT404', 'no template fits', 'nor when no mode is named');
select is((pg_temp.found('''m'', ''chain'', ''nsfw''')).step, 1, 'who asks for no job type and no target gets what is for any of them');
select is((pg_temp.found('''m'', ''chain'', ''nsfw''')).name, 'step 4', 'and nothing that is for one');
select is((pg_temp.found('''m'', ''chain'', ''nsfw'', ''video'', ''wan''')).name, 'step 4', 'nor what is for another job type or target');
select is((pg_temp.found('''n'', ''chain'', ''nsfw'', ''image'', ''sdxl''')).name, 'step 5', 'nor for another enhancer model');
select throws_ok($$select atelier.resolve_prompt_template('m', 'nothing')$$, 'PT404', 'no template fits', 'the use case is never given up');

-- What comes with Atelier.
select is(pg_temp.found('''qwen_instruct'', ''enhancement'', ''sfw'', ''image'', ''sdxl''')::text, '(1,exact,"SDXL, instructed")', 'SDXL has its own');
select is(pg_temp.found('''qwen_instruct'', ''enhancement'', ''nsfw'', ''image'', ''sdxl''')::text, '(9,sfw,"SDXL, instructed")', 'nsfw is asked for, and sfw is what there is');
select is(pg_temp.found('''gpt-4o'', ''enhancement'', ''sfw'', ''video'', ''veo-3''')::text, '(6,"any target model, any enhancer model","Film, general")', 'unknown models have the general one');
select is(pg_temp.found('''x'', ''scene_generation'', ''sfw'', ''image'', ''sdxl''')::text, '(8,"any target model, any job type, any enhancer model",Scene)', 'a scene serves every job type');

-- Of equals, the one that was published last.
select pg_temp.step_aside() \g /dev/null
insert into atelier.prompt_templates (enhancer_model, use_case, template_name, system_prompt, is_active) values ('m', 'equal', 'b', 'x', true), ('m', 'equal', 'a', 'x', true);
select pg_temp.sign_in(pg_temp.ada()) \g /dev/null
select is((pg_temp.found('''m'', ''equal''')).name, 'a', 'of equals published at the same time, the name decides');

select pg_temp.step_aside() \g /dev/null
update atelier.prompt_templates set comment = 'between us', created_by = pg_temp.root() where use_case = 'equal';
select pg_temp.sign_in(pg_temp.ada()) \g /dev/null
select results_eq($$select (template).system_prompt, (template).version, (template).comment, (template).created_by from atelier.resolve_prompt_template('m', 'equal')$$,
  $$values ('x', 1, null::text, null::uuid)$$, 'remarks and who made it are left out');

-- Age, and for whom one asks.
select pg_temp.sign_in(pg_temp.bob()) \g /dev/null
select throws_ok($$select atelier.resolve_prompt_template('m', 'chain', 'nsfw')$$, '42501', 'this content mode is for people whose age is verified', 'minors get no nsfw');
select throws_ok(format('select atelier.resolve_prompt_template(''m'', ''chain'', ''nsfw'', p_user_id => %L)', pg_temp.ada()), '42501', 'you may act only for yourself', 'not in the name of somebody else either');
select pg_temp.sign_in(pg_temp.root()) \g /dev/null
select throws_ok($$select atelier.resolve_prompt_template('m', 'chain', 'nsfw')$$, '42501', 'this content mode is for people whose age is verified', 'being an administrator is no age');
select pg_temp.sign_in_as_service() \g /dev/null
select throws_ok($$select atelier.resolve_prompt_template('m', 'chain', 'nsfw')$$, '42501', 'this content mode is for people whose age is verified', 'the service role for nobody gets none');
select is((pg_temp.found(format('''m'', ''chain'', ''nsfw'', p_user_id => %L', pg_temp.ada()))).name, 'step 4', 'for an adult it does');
select throws_ok(format('select atelier.resolve_prompt_template(''m'', ''chain'', ''nsfw'', p_user_id => %L)', pg_temp.bob()), '42501', null, 'for a minor it does not');
select is((pg_temp.found('''x'', ''chat_general'', job_type => ''chat''')).name, 'Assistant', 'for chats there is one');
select pg_temp.become('authenticated') \g /dev/null
select throws_ok($$select atelier.resolve_prompt_template('m', 'chain')$$, 'PT401', 'sign in first', 'a token without a user gets nothing');
select pg_temp.become('anon') \g /dev/null
select throws_ok($$select atelier.resolve_prompt_template('m', 'chain')$$, '42501', null, 'nor does anon');

-- Bad input.
select pg_temp.sign_in(pg_temp.ada()) \g /dev/null
select throws_ok($$select atelier.resolve_prompt_template(null, 'chain')$$, '22023', 'a template is looked up by enhancer model and use case', 'an enhancer model is needed');
select throws_ok($$select atelier.resolve_prompt_template('m', 'chain', job_type => 'song')$$, '22023', 'there is no such kind of job', 'a job type that there is, too');
select throws_ok($$select atelier.resolve_prompt_template('m', 'chain', null)$$, '22023', 'there is no content mode', 'and a content mode');

select * from finish();
rollback;
