-- Jobs: what happened, for clients that follow it.
--
-- Rows of atelier.events become visible when their transaction commits, not in the order of seq. A transaction whose id
-- is below the oldest one that runs has ended, and no new one gets such an id: so what is handed out are the events below
-- it, in the order of (xid, seq), and nothing can come later that belongs before a cursor.

create or replace function atelier_engine.announce_events()
returns trigger
language c volatile
as 'MODULE_PATHNAME', 'atelier_announce_events';
comment on function atelier_engine.announce_events() is
  'Trigger: when the transaction has committed, the dispatcher notifies those who listen to atelier_events';

create or replace function atelier_engine.forget_events()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  delete from atelier.events e using gone g where e.user_id = g.id;
  return null;
end;
$$;
comment on function atelier_engine.forget_events() is 'Trigger: deleted users take their events along';

create or replace function atelier_engine.history_tag()
returns text
language sql stable
begin atomic
  select coalesce(
    (select left(md5(concat_ws(' ', i.system_identifier, i.database_oid, extract(epoch from i.adopted_at))), 8)
       from atelier_engine.instance i order by i.adopted_at desc limit 1),
    'none');
end;
comment on function atelier_engine.history_tag() is
  'Names the time since this database was adopted. Transaction ids from before it mean nothing now';

create or replace function atelier.event_cursor()
returns text
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if auth.uid() is null then
    raise sqlstate 'PT401' using
      message = 'sign in to follow your events',
      hint = 'Send a JWT in the Authorization header, or set request.jwt.claims in SQL.';
  end if;
  return format('%s.%s.0', atelier_engine.history_tag(), pg_snapshot_xmin(pg_current_snapshot()));
end;
$$;
grant execute on function atelier.event_cursor() to authenticated, service_role;
comment on function atelier.event_cursor() is
$$Where events_since() shall begin to tell only what is new

Take it first, then read what you show, then follow the events: what happens in between is told. Fails with PT401 (not
signed in).$$;

create or replace function atelier.events_since(cursor text default null, max_rows integer default 100)
returns table (cursor_after text, seq bigint, kind text, ref uuid, created_at timestamptz)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  caller constant uuid := auth.uid();
  tag constant text := atelier_engine.history_tag();
  parts constant text[] := regexp_match(events_since.cursor, '^([0-9a-z]{4,8})\.([0-9]{1,19})\.([0-9]{1,18})$');
  after_xid constant xid8 := coalesce(parts[2], '0')::xid8;
  after_seq constant bigint := coalesce(parts[3], '0')::bigint;
begin
  if caller is null then
    raise sqlstate 'PT401' using
      message = 'sign in to follow your events',
      hint = 'Send a JWT in the Authorization header, or set request.jwt.claims in SQL.';
  end if;
  if events_since.cursor is not null then
    if parts is null then
      raise invalid_parameter_value using
        message = 'that is no cursor', detail = format('Got %s.', quote_literal(left(events_since.cursor, 60))),
        hint = 'Use cursor_after of the last event you got, or event_cursor(), as it is.';
    end if;
    if parts[1] <> tag or after_xid > pg_snapshot_xmax(pg_current_snapshot())
       or after_xid <= (select h.deleted_up_to from atelier_engine.event_horizon h) then
      raise sqlstate 'PT409' using
        message = 'the cursor is too old',
        detail = 'Events after it may have been deleted, or it is from before a restore of this database.',
        hint = 'Call event_cursor(), read anew what you show, and go on from that cursor.';
    end if;
  end if;
  return query
    select format('%s.%s.%s', tag, e.xid, e.seq), e.seq, e.kind, e.ref, e.created_at
      from atelier.events e
     where e.user_id = caller and (e.xid, e.seq) > (after_xid, after_seq)
       and e.xid < pg_snapshot_xmin(pg_current_snapshot())
     order by e.xid, e.seq
     limit least(greatest(coalesce(events_since.max_rows, 100), 0), 1000);
end;
$$;
grant execute on function atelier.events_since(text, integer) to authenticated, service_role;
comment on function atelier.events_since(text, integer) is
$$Your events after a cursor

The oldest first, 1000 at most. The next call gets cursor_after of the last one; without a cursor it begins with the
oldest event that is kept. No event is missed or told twice, whenever its transaction commits: events wait until no older
transaction runs that writes. A cursor is good for atelier.event_retention. To hear when there is something new, LISTEN
to atelier_events, at most 10 times a second.
Fails with PT401 (not signed in), PT409 (the cursor is too old, or from before a restore) or 22023 (no cursor).$$;

create or replace function atelier_engine.delete_old_events(p_keep_seconds integer)
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  batch constant integer := 5000;
  latest xid8;
  deleted integer := 0;
begin
  if p_keep_seconds <= 0 then
    return 0;
  end if;
  -- Old ones have low numbers: without a look at the others.
  with oldest as (
    select e.seq, e.created_at from atelier.events e order by e.seq limit batch),
  gone as (
    delete from atelier.events e
     using oldest o
     where e.seq = o.seq and o.created_at < clock_timestamp() - make_interval(secs => p_keep_seconds)
    returning e.xid)
  select (select g.xid from gone g order by g.xid desc limit 1), (select count(*)::integer from gone) into latest, deleted;
  if deleted > 0 then
    insert into atelier_engine.event_horizon as h (deleted_up_to) values (latest)
      on conflict ((true)) do update set deleted_up_to = greatest(h.deleted_up_to, excluded.deleted_up_to);
  end if;
  return deleted;
end;
$$;
grant execute on function atelier_engine.delete_old_events(integer) to atelier_worker;
comment on function atelier_engine.delete_old_events(integer) is
$$Delete events that are older than so many seconds, 5000 at most

Cursors from before them are not good any more. 0 keeps all. Returns how many were deleted.$$;

create or replace function atelier_engine.forget_transaction_ids()
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  update atelier.events e set xid = '3' where e.xid <> '3';
  delete from atelier_engine.event_horizon;
end;
$$;
comment on function atelier_engine.forget_transaction_ids() is
$$Events of a restored or copied database were written by transactions of another one

Here those ids mean nothing: all of them count as committed long ago, and cursors from before are refused.$$;

create or replace function atelier.publish_events(publication text default 'atelier_events')
returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  columns constant text := '(seq, user_id, kind, ref, created_at)';
begin
  if current_setting('wal_level') <> 'logical' then
    raise sqlstate 'PT409' using
      message = 'this server does not replicate logically',
      detail = format('wal_level is %s.', current_setting('wal_level')),
      hint = 'Set wal_level = logical and restart the server; events_since() needs neither.';
  end if;
  if coalesce(publish_events.publication, '') = '' then
    raise invalid_parameter_value using message = 'the publication needs a name';
  end if;
  if exists (select from pg_publication_tables t
              where t.pubname = publish_events.publication and t.schemaname = 'atelier' and t.tablename = 'events') then
    return format('%I publishes the events already', publish_events.publication);
  end if;
  if exists (select from pg_publication p where p.pubname = publish_events.publication) then
    execute format('alter publication %I add table atelier.events %s', publish_events.publication, columns);
    return format('%I publishes the events, too', publish_events.publication);
  end if;
  execute format('create publication %I for table atelier.events %s with (publish = %L)', publish_events.publication,
                 columns, 'insert');
  return format('%I publishes the events', publish_events.publication);
end;
$$;
comment on function atelier.publish_events(text) is
$$Publish new events for logical replication

Makes a publication with the columns seq, user_id, kind, ref and created_at of atelier.events, inserts only, or adds them
to one that exists, such as that of a Realtime server. Says what it did. For superusers, and whoever owns the extension;
PT409 where wal_level is not logical.$$;
