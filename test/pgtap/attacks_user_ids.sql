-- Ids of somebody else. Every function that a client may call and that takes an id is called by Bob with Alice's, and by
-- Bob with an id of nobody: both are refused alike, so that not even the existence of hers shows, and nothing changes.
-- The functions come from the catalog; a new argument needs a value below.
begin;
\ir support/jobs.sql
\ir support/rls_rows.sql

create temp table hers (argument text primary key, id text);
insert into hers values
  ('p_user_id', :alice), ('_user_id', :alice), ('user_id', :alice), ('owner_id', :alice), ('p_workspace_id', :'workspace'), ('workspace_id', :'workspace'),
  ('p_session_id', :'session'), ('workspace_session_id', :'session'), ('p_workspace_item_id', :'asset'), ('asset_id', :'asset'), ('job_id', :'job'),
  ('library_asset_id', :'library_asset'), ('collection_id', :'collection'), ('generation_id', :'generation'), ('api_key_id', :'api_key'), ('invitation_id', :'invitation'), ('schedule_id', :'schedule'), ('message_id', :'message'), ('enhancement_id', :'enhancement'), ('test_id', :'prompt_test'), ('template_id', :'template'), ('character_id', :'character'), ('project_id', :'project'), ('scene_id', :'scene'), ('before_message_id', :'message'), ('conversation_id', :'conversation'), ('p_conversation_id', :'conversation'), ('memory_id', :'memory'), ('prompt_template_id', :'template'),
  ('depends_on', format('{%s}', :'job')), ('item_id', :'moderation_item'), ('moderator_id', :carol), ('worker_id', :'worker'), ('attempt_id', (select l.attempt_id::text from atelier_engine.late_results l));
-- What else a call needs, by name; workspace_actions() takes an action that uses the id.
create temp table others (argument text primary key, value text);
insert into others values ('appeal', 'x'), ('prompt', 'x'), ('name', 'x'), ('scopes', '{read}'), ('_role', 'admin'), ('role', 'member'), ('email', 'x@example.org'), ('p_action', 'x'), ('token', 'x'), ('decision', 'retry'), ('worker_url', 'http://x'), ('enhancer_model', 'any'), ('use_case', 'enhancement'), ('rating', '3'), ('content', 'x');
create temp table actions (argument text, action text);
insert into actions values ('asset_id', 'save_to_library'), ('asset_id', 'clear_asset'), ('job_id', 'clear_job'), ('library_asset_id', 'copy_to_workspace');

create temp table arguments as
select p.oid, p.proname, p.prokind, a.place, p.proargnames[a.place] as argument, a.type::regtype as type, a.place > p.pronargs - p.pronargdefaults as has_default,
       a.type in ('uuid'::regtype, 'uuid[]'::regtype) as is_id
  from pg_proc p cross join lateral unnest(p.proargtypes::oid[]) with ordinality a (type, place)
 where p.pronamespace = 'atelier'::regnamespace and p.prokind = 'f' and p.prorettype <> 'trigger'::regtype and has_function_privilege('authenticated', p.oid, 'execute');
-- One call for each id: the id, the arguments without a default, and of those all other ids are hers, too.
create temp table calls as
select distinct i.oid, i.proname, i.argument, n.action,
       format('select from atelier.%I(%s)', i.proname, (
         select string_agg(format('%I => %s', o.argument, case when o.argument = 'action' then quote_literal(n.action)
                                    when o.place = i.place or o.is_id then '@' || o.argument || '@' else quote_literal(v.value) end), ', ')
           from arguments o left join others v on v.argument = o.argument
          where o.oid = i.oid and (not o.has_default or o.place = i.place))) as call
  from arguments i left join actions n on i.proname = 'workspace_actions' and n.argument = i.argument
 where i.is_id;

-- Where hers is no secret: her public rows (library_asset… take an id of the library, and hers here is private), what
-- files into a collection only together with an asset, and discarding what is not there.
delete from calls where proname = 'workspace_actions' and action is null;
insert into calls select distinct on (oid) oid, proname, 'collection_id', 'save_to_library',
  'select from atelier.workspace_actions(action => ''save_to_library'', asset_id => @asset_id@, collection_id => @collection_id@)' from calls where proname = 'workspace_actions';
update calls set call = replace(call, '@asset_id@', '@library_asset_id@') where proname in ('library_asset', 'library_asset_bytes');

-- Her things as his own: what he is told is the same as for things that are not there, be it an error or nothing.
alter table calls add column must_be_refused boolean not null default true;
insert into calls select oid, proname, argument, action, regexp_replace(call, '@(p_)?user_id@', quote_literal(:bob), 'g'), false
  from calls where call ~ '@(p_)?user_id@' and regexp_replace(call, '@(p_)?user_id@', '') ~ '@';

create function pg_temp.outcome(p_call text) returns text language plpgsql as $$
declare
  state text;
  message text;
  detail text;
  hint text;
begin
  execute p_call;
  return 'succeeded';
exception when others then
  get stacked diagnostics state = returned_sqlstate, message = message_text, detail = pg_exception_detail, hint = pg_exception_hint;
  return concat_ws(' | ', state, message, regexp_replace(detail, '[0-9a-f]{8}-[-0-9a-f]{27}', 'ID', 'g'), hint);
end $$;
create function pg_temp.with_ids(p_call text, p_known boolean) returns text language plpgsql as $$
declare
  id record;
begin
  for id in select * from hers loop
    p_call := replace(p_call, '@' || id.argument || '@',
      quote_literal(case when p_known then id.id when id.argument = 'depends_on' then '{deadbeef-0000-7000-8000-000000000000}' else 'deadbeef-0000-7000-8000-000000000000' end));
  end loop;
  return p_call;
end $$;
-- All rows of all tables, as one hash each.
create function pg_temp.state() returns table (name text, rows text) language plpgsql as $$
declare
  relation regclass;
begin
  for relation in select c.oid::regclass from pg_class c join pg_namespace n on n.oid = c.relnamespace
                   where n.nspname in ('atelier', 'atelier_engine', 'auth', 'storage') and c.relkind = 'r' loop
    name := relation::text;
    execute format('select md5(string_agg(t::text, ''|'' order by t::text)) from %s t', relation) into rows;
    return next;
  end loop;
end $$;
create temp table state_before as select * from pg_temp.state();
create temp table outcomes (call text, must_be_refused boolean, hers text, nobodys text);
grant select on calls, hers to public;
grant select, insert on outcomes to public;

select plan((select count(distinct call)::integer + count(distinct call) filter (where must_be_refused)::integer from calls) + 8);
select is_empty($$ select proname, argument from arguments where is_id and argument not in (select argument from hers) $$, 'every id that a function takes has a value here');
select is_empty($$ select proname, argument from arguments a where not has_default and not is_id and argument not in (select argument from others)
    and exists (select from arguments i where i.oid = a.oid and i.is_id) and argument <> 'action' $$, 'so has every other argument that it needs');
select cmp_ok((select count(distinct proname) from calls), '>=', 25::bigint, 'the functions are found');

select pg_temp.sign_in(:bob) \g /dev/null
insert into outcomes select call, must_be_refused, pg_temp.outcome(pg_temp.with_ids(call, true)), pg_temp.outcome(pg_temp.with_ids(call, false)) from calls group by 1, 2;
select pg_temp.sign_out() \g /dev/null
select matches(hers, '^(42501|PT404) ', 'refused: ' || call) from outcomes where must_be_refused order by call;
select is(hers, nobodys, 'as if there were nothing: ' || call) from outcomes order by call;
select is_empty('select name from pg_temp.state() except select name from state_before', 'the tables are the same') ;
select is_empty('select name from (select * from pg_temp.state() except select * from state_before) s', 'and so is every row');

-- The procedure that waits cannot be called here; it looks for the job with the rights of its caller.
select is((select p.prosecdef from pg_proc p where p.oid = 'atelier.wait_for_job(uuid,interval,text)'::regprocedure), false, 'wait_for_job() sees what its caller sees');
-- Control: Alice herself gets further.
select pg_temp.sign_in(:alice) \g /dev/null
select cmp_ok((select count(*) from calls where pg_temp.outcome(pg_temp.with_ids(call, true)) !~ '^(42501|PT404) '), '>', 15::bigint, 'with their own ids people succeed');
select is(pg_temp.outcome(pg_temp.with_ids('select from atelier.job_attempts(@job_id@)', true)), 'succeeded', 'for example');
select * from finish();
rollback;
