-- Engine: what every module stands on. Schemas, roles, the functions of atelier.so that column defaults, policies and
-- later modules need, and the identity of this database, which keeps a copy of it from dispatching jobs.

create schema atelier;
comment on schema atelier is
$$Generative media in the database

Tables and functions for apps. Row level security decides who sees what.$$;

create schema atelier_engine;
comment on schema atelier_engine is
  'Queue, attempts, leases and secrets: for the workers and for functions with the rights of their owner.';

-- Roles belong to the whole cluster, and on Supabase the first three are there already. They are no members of the
-- extension: dropping it leaves them. The limit of atelier_worker lets background workers in, which it does not count,
-- and nobody else.
do $roles$
declare
  wanted record;
begin
  for wanted in
    select r.name, r.attributes
      from (values ('anon', 'nologin noinherit'),
                   ('authenticated', 'nologin noinherit'),
                   ('service_role', 'nologin noinherit bypassrls'),
                   ('atelier_worker', 'login noinherit connection limit 0')) as r (name, attributes)
     where not exists (select from pg_catalog.pg_roles p where p.rolname = r.name)
  loop
    -- The attributes are keywords from the list above, not identifiers.
    execute pg_catalog.format('create role %I %s', wanted.name, wanted.attributes);
  end loop;
end
$roles$;

create function atelier.uuid7()
returns uuid
language c volatile parallel safe
as 'MODULE_PATHNAME', 'atelier_uuid7';
grant execute on function atelier.uuid7() to anon, authenticated, service_role;
comment on function atelier.uuid7() is
$$A new time-ordered UUID

Version 7 of RFC 9562: 48 bits of milliseconds, then random bits. Values made later sort later.$$;

create function atelier.start()
returns text
language c volatile
as 'MODULE_PATHNAME', 'atelier_start';
comment on function atelier.start() is
$$Start the workers of this server

Starts what is not running yet and says what it did. Needed only after atelier.stop(), or where
shared_preload_libraries does not name atelier; otherwise the workers start by themselves. For superusers.$$;

create function atelier.stop()
returns text
language c volatile
as 'MODULE_PATHNAME', 'atelier_stop';
comment on function atelier.stop() is
$$Stop the workers of this server

Jobs stay queued and go on after atelier.start(). Says what it did. For superusers.$$;

create procedure atelier.wait_for_job(
  job_id uuid,
  wait_timeout interval default interval '5 minutes',
  inout status text default null
)
language c
as 'MODULE_PATHNAME', 'atelier_wait_for_job';
grant execute on procedure atelier.wait_for_job(uuid, interval, text) to authenticated, service_role;
comment on procedure atelier.wait_for_job(uuid, interval, text) is
$$Wait until a job is finished

Returns the status: completed, failed or cancelled, or the status so far when wait_timeout has passed. Sees what the
caller may see, so that a foreign job is unknown. Holds no snapshot while it waits, obeys cancel and
statement_timeout, and cannot run inside a transaction block.$$;

create function atelier_engine.wake_dispatcher()
returns void
language c volatile
as 'MODULE_PATHNAME', 'atelier_wake_dispatcher';
comment on function atelier_engine.wake_dispatcher() is
$$Wake the dispatcher when this transaction commits

Sets a latch in shared memory, once per transaction; nothing happens on rollback or when no dispatcher runs.$$;

create function atelier_engine.wake_for_cancel()
returns void
language c volatile
as 'MODULE_PATHNAME', 'atelier_wake_for_cancel';
comment on function atelier_engine.wake_for_cancel() is
$$Have the dispatcher look for jobs to cancel when this transaction commits

As wake_dispatcher(), for a job that is in flight.$$;

create function atelier_engine.wake_for_webhooks()
returns void
language c volatile
as 'MODULE_PATHNAME', 'atelier_wake_for_webhooks';
comment on function atelier_engine.wake_for_webhooks() is
$$Have the dispatcher look at webhooks when this transaction commits

As wake_dispatcher(), for webhooks and for the keys of those who sign them.$$;

create function atelier_engine.miss_webhook_key()
returns void
language c volatile
as 'MODULE_PATHNAME', 'atelier_miss_webhook_key';
comment on function atelier_engine.miss_webhook_key() is
$$Have the dispatcher fetch the keys again with which webhooks are signed

Soon, whatever becomes of this transaction: a webhook that is refused is rolled back.$$;

create function atelier_engine.wake_janitor()
returns void
language c volatile
as 'MODULE_PATHNAME', 'atelier_wake_janitor';
comment on function atelier_engine.wake_janitor() is
$$Wake the janitor when this transaction commits

Sets a latch in shared memory, once per transaction; nothing happens on rollback or when no janitor runs.$$;

create function atelier_engine.announce_database()
returns void
language c volatile
as 'MODULE_PATHNAME', 'atelier_announce_database';
comment on function atelier_engine.announce_database() is
$$Tell the launcher, when this transaction commits, that this database has the extension

The launcher then starts the workers of this database at once instead of at its next look around.$$;

create function atelier_engine.worker_processes(
  out process text,
  out database_oid oid,
  out pid integer,
  out state text,
  out started_at timestamptz,
  out restarts integer,
  out detail text
)
returns setof record
language c volatile
as 'MODULE_PATHNAME', 'atelier_worker_processes';
grant execute on function atelier_engine.worker_processes() to service_role;
comment on function atelier_engine.worker_processes() is
$$The processes of atelier in this cluster

One row per process, read from shared memory: what it is, for which database, its state, since when, how often it was
restarted, and what it says about itself. No row when the library is not in shared memory.$$;

-- No key on purpose: a restore adds the row of the database that was dumped, and must not fail at it.
create table atelier_engine.instance (
  system_identifier bigint not null,
  database_oid oid not null,
  adopted_at timestamptz not null default clock_timestamp()
);
select pg_catalog.pg_extension_config_dump('atelier_engine.instance', '');
alter table atelier_engine.instance enable row level security;
comment on table atelier_engine.instance is
$$The database that may dispatch jobs

Exactly one row that names this cluster and this database means: adopted. A restore or a copy by CREATE DATABASE
brings the row of another database along, and nothing is dispatched until atelier.adopt_instance() is called.$$;
