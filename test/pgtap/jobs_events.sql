-- Events: told once, in order, to their owner; deleted when they are old; published.
begin;
\ir support/jobs.sql
select plan(34);
-- Events are told when their transaction is over, and this one is not: they are made to look older.
create function pg_temp.age(p_xid text default '5') returns void language sql as
$$ update atelier.events set xid = p_xid::xid8 where xid = pg_current_xact_id() $$;
insert into atelier.events (user_id, kind, ref) values (:alice, 'job.completed', '00000000-0000-7000-8000-0000000000a1');
select pg_temp.sign_in(:alice);
select is_empty('select * from atelier.events_since()', 'an event is not told before its transaction has ended');
select pg_temp.sign_out();
select pg_temp.age();
insert into atelier.events (user_id, kind, ref) select :alice, 'job.failed', format('00000000-0000-7000-8000-0000000000b%s', n)::uuid from generate_series(1, 3) n;
insert into atelier.events (user_id, kind) values (:bob, 'job.cancelled');
select pg_temp.age('4');
select pg_temp.sign_in(:alice);
create temp table told as select row_number() over () as place, e.* from atelier.events_since() e;
grant select on told to public;
select results_eq('select kind, right(ref::text, 2) from told order by place', $$values ('job.failed', 'b1'), ('job.failed', 'b2'), ('job.failed', 'b3'), ('job.completed', 'a1')$$,
  'events are told in the order of their transactions, and those of others are not');
select is((select seq from told where place = 4) < (select seq from told where place = 1), true, 'which need not be the order of writing');
select results_eq(format('select ref from atelier.events_since(%L)', (select cursor_after from told where place = 2)), 'select ref from told where place > 2 order by place', 'a cursor goes on where the last call ended');
select is_empty(format('select ref from atelier.events_since(%L)', (select cursor_after from told where place = 4)), 'until there is nothing more');
select results_eq('select ref from atelier.events_since(null, 2)', 'select ref from told where place <= 2 order by place', 'as many as asked for');
select is_empty('select ref from atelier.events_since(null, 0)', 'none, if so');
select is((select count(*) from atelier.events_since(null, null)), 4::bigint, 'null is the usual number');
select is_empty(format('select ref from atelier.events_since(%L)', atelier.event_cursor()), 'event_cursor() leaves out what is old');
select pg_temp.sign_in(:bob);
select is((select count(*) from atelier.events_since()), 1::bigint, 'everybody has his own');
select results_eq(format('select kind from atelier.events_since(%L)', (select split_part(cursor_after, '.', 1) || '.3.9999' from told limit 1)), array['job.cancelled'], 'and a cursor of somebody else tells nothing of his');

-- Refusals.
select throws_ok('select atelier.events_since(''17'')', '22023', 'that is no cursor', 'a number is no cursor');
select throws_ok('select atelier.events_since('''')', '22023', 'that is no cursor', 'nor is nothing');
select throws_ok('select atelier.events_since(''abcdefgh.99999999999999999999.1'')', '22023', 'that is no cursor', 'nor one with a number too long');
select throws_ok('select atelier.events_since(''abcdefgh.3.1'')', 'PT409', 'the cursor is too old', 'a cursor of another database');
select throws_ok(format('select atelier.events_since(%L)', split_part(atelier.event_cursor(), '.', 1) || '.' || (pg_snapshot_xmax(pg_current_snapshot())::text::bigint + 1000) || '.1'), 'PT409', 'the cursor is too old',
  'a cursor from a future that never was');
select pg_temp.become('authenticated');
select throws_ok('select atelier.events_since()', 'PT401', 'sign in to follow your events', 'nobody');
select throws_ok('select atelier.event_cursor()', 'PT401', 'sign in to follow your events', 'nobody, before anything happened');
select function_privs_are('atelier', 'events_since', array['text', 'integer'], 'anon', array[]::text[], 'anon may not ask');
select function_privs_are('atelier', 'event_cursor', array[]::text[], 'anon', array[]::text[], 'not even where to begin');
select pg_temp.sign_out();

-- Deleted when they are old.
update atelier.events set created_at = now() - interval '8 days' where xid = '4';
select pg_temp.become('atelier_worker');
select is(atelier_engine.delete_old_events(0), 0, 'with 0 all are kept');
select is(atelier_engine.delete_old_events(604800), 4, 'old events are deleted');
select is(atelier_engine.delete_old_events(604800), 0, 'once');
select pg_temp.sign_in(:alice);
select results_eq('select right(ref::text, 2) from atelier.events_since()', array['a1'], 'others are kept');
select throws_ok(format('select atelier.events_since(%L)', (select cursor_after from told where place = 2)), 'PT409', 'the cursor is too old', 'a cursor that may have missed some of them is refused');
select lives_ok(format('select atelier.events_since(%L)', (select cursor_after from told where place = 4)), 'a later one is not');
select pg_temp.sign_out();

-- A restored database.
select atelier_engine.forget_transaction_ids();
select ok((select bool_and(xid = '3') from atelier.events), 'transactions of another database mean nothing here');
update atelier_engine.instance set adopted_at = now() + interval '1 second';
select pg_temp.sign_in(:alice);
select throws_ok(format('select atelier.events_since(%L)', (select cursor_after from told where place = 4)), 'PT409', 'the cursor is too old', 'nor do cursors from there');
select is((select count(*) from atelier.events_since()), 1::bigint, 'the events are told');

-- Published.
select throws_ok('select atelier.publish_events()', '42501', null, 'users publish nothing');
select pg_temp.become('service_role');
select throws_ok('select atelier.publish_events()', '42501', null, 'nor does the back end: a publication is for whoever owns the extension');
select pg_temp.sign_out();
select case current_setting('wal_level') when 'logical'
  then is(atelier.publish_events('atelier_test_events'), 'atelier_test_events publishes the events', 'whoever owns the extension publishes')
  else throws_ok('select atelier.publish_events()', 'PT409', 'this server does not replicate logically', 'without logical replication there is nothing to publish') end;
select case current_setting('wal_level') when 'logical'
  then is(atelier.publish_events('atelier_test_events'), 'atelier_test_events publishes the events already', 'once')
  else is((pg_temp.error_of('select atelier.publish_events()')).hint, 'Set wal_level = logical and restart the server; events_since() needs neither.', 'the hint says what to do') end;
select is_empty($$select from pg_publication_tables where tablename = 'events' and 'xid' = any (attnames)$$, 'clients get only the columns for them');

select * from finish();
rollback;
