-- Storage: buckets, objects and their bytes. The schema storage is made only where it is absent: on Supabase it
-- belongs to the storage service. What is ours alone (the store of a bucket, the bytes, the deletions to come) lies
-- in atelier_engine, so that it has one shape everywhere.

do $storage$
begin
  if pg_catalog.to_regnamespace('storage') is null then
    create schema storage;
    grant usage on schema storage to anon, authenticated, service_role;
    comment on schema storage is 'Buckets and the objects in them.';
  end if;

  -- Policies call these for every row. Without settings of their own, and strict only if their body is, they are
  -- inlined.
  if pg_catalog.to_regprocedure('storage.foldername(text)') is null then
    create function storage.foldername(name text) returns text[]
    language sql immutable parallel safe
    begin atomic
      select (string_to_array(foldername.name, '/'))[1 : cardinality(string_to_array(foldername.name, '/')) - 1];
    end;
    revoke execute on function storage.foldername(text) from public;
    grant execute on function storage.foldername(text) to anon, authenticated, service_role;
    comment on function storage.foldername(text) is
$$The folders of an object's name

a/b/c.png gives {a,b}. The array starts at 1 and is empty for a name without a folder.$$;
  end if;

  if pg_catalog.to_regprocedure('storage.filename(text)') is null then
    create function storage.filename(name text) returns text
    language sql immutable strict parallel safe
    begin atomic
      select split_part(filename.name, '/', -1);
    end;
    revoke execute on function storage.filename(text) from public;
    grant execute on function storage.filename(text) to anon, authenticated, service_role;
    comment on function storage.filename(text) is
$$The last part of an object's name

a/b/c.png gives c.png.$$;
  end if;

  if pg_catalog.to_regprocedure('storage.extension(text)') is null then
    create function storage.extension(name text) returns text
    language sql immutable strict parallel safe
    begin atomic
      select split_part(split_part(extension.name, '/', -1), '.', -1);
    end;
    revoke execute on function storage.extension(text) from public;
    grant execute on function storage.extension(text) to anon, authenticated, service_role;
    comment on function storage.extension(text) is
$$What follows the last dot of an object's name

a/b/c.png gives png; without a dot the whole last part.$$;
  end if;

  if pg_catalog.to_regclass('storage.buckets') is null then
    create table storage.buckets (
      id text primary key,
      name text not null constraint buckets_name_key unique,
      owner uuid,
      owner_id text,
      public boolean not null default false,
      avif_autodetection boolean not null default false,
      file_size_limit bigint constraint buckets_file_size_limit_positive check (file_size_limit > 0),
      allowed_mime_types text[],
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    );
    perform pg_catalog.pg_extension_config_dump('storage.buckets', '');
    alter table storage.buckets enable row level security;
    grant select on storage.buckets to anon, authenticated;
    grant select, insert, update, delete on storage.buckets to service_role;
    comment on table storage.buckets is
$$Where objects lie, and what may lie there

The objects of a public bucket are readable by everybody.$$;
    comment on column storage.buckets.file_size_limit is 'Bytes an object may have; null: no limit.';
    comment on column storage.buckets.allowed_mime_types is
      'Media types an object may have, image/* for every image; null: all.';
  end if;

  if pg_catalog.to_regclass('storage.objects') is null then
    create table storage.objects (
      id uuid primary key default atelier.uuid7(),
      bucket_id text not null references storage.buckets (id),
      name text not null,
      owner uuid references auth.users (id) on delete cascade,
      owner_id text,
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now(),
      last_accessed_at timestamptz not null default now(),
      metadata jsonb not null default '{}',
      path_tokens text[] generated always as (string_to_array(name, '/')) stored,
      version text,
      user_metadata jsonb,
      constraint objects_bucket_id_name_key unique (bucket_id, name)
    );
    perform pg_catalog.pg_extension_config_dump('storage.objects', '');
    create index objects_owner_idx on storage.objects (owner);
    alter table storage.objects enable row level security;
    -- No insert and no update for clients: a row stands for bytes, and only create_object() makes both.
    grant select on storage.objects to anon, authenticated;
    grant delete on storage.objects to authenticated;
    grant select, insert, update, delete on storage.objects to service_role;
    comment on table storage.objects is
$$Stored files

One row per file; its bytes are read with atelier.object_bytes(). The first folder of the name is the id of its
owner. Deleting a row deletes the bytes soon after the commit.$$;
    comment on column storage.objects.metadata is 'size (bytes), mimetype, sha256 (hex) and eTag.';
  end if;
end
$storage$;

-- PostgREST sends what a function returns as this type as it is, and the function says what it is.
create domain atelier."*/*" as bytea;
comment on domain atelier."*/*" is
$$Bytes of any media type

The answer to a request whatever it accepts; the function names the type in the header Content-Type.$$;

create table atelier_engine.bucket_stores (
  bucket_id text primary key references storage.buckets (id) on update cascade on delete cascade,
  store text not null default 'database'
    constraint bucket_stores_store_known check (store in ('database', 'file', 's3')),
  comes_with_atelier boolean not null default false
);
select pg_catalog.pg_extension_config_dump('atelier_engine.bucket_stores', '');
alter table atelier_engine.bucket_stores enable row level security;
comment on table atelier_engine.bucket_stores is
$$Which store holds the bytes of a bucket

A bucket without a row is in the database. comes_with_atelier marks the buckets that CREATE EXTENSION makes: a dump
brings its own rows for them.$$;

-- No foreign key to storage.objects: deleting an object must not wait for its bytes, nor fail because of them.
-- The outbox below removes them, and orphaned_objects() shows what it missed.
create table atelier_engine.object_chunks (
  object_id uuid not null,
  sequence integer not null constraint object_chunks_sequence_not_negative check (sequence >= 0),
  byte_offset bigint not null constraint object_chunks_byte_offset_not_negative check (byte_offset >= 0),
  bytes bytea not null constraint object_chunks_size check (octet_length(bytes) between 1 and 262144),
  constraint object_chunks_pkey primary key (object_id, sequence)
);
select pg_catalog.pg_extension_config_dump('atelier_engine.object_chunks', '');
-- Pictures and videos are compressed already.
alter table atelier_engine.object_chunks alter column bytes set storage external;
alter table atelier_engine.object_chunks enable row level security;
-- Clients read through the view atelier.object_chunks, with their own rights: the policy of this table shows the
-- bytes of the objects they see. They cannot name the table itself, for want of usage on its schema.
grant select on atelier_engine.object_chunks to anon, authenticated, service_role;
comment on table atelier_engine.object_chunks is
$$Bytes of the objects in the database store

An object is its chunks in sequence from 0, each of at most 256 KiB.$$;
comment on column atelier_engine.object_chunks.byte_offset is 'Where in the object the chunk begins.';

create table atelier_engine.object_deletions (
  id uuid primary key default atelier.uuid7(),
  object_id uuid not null,
  bucket_id text not null,
  name text not null,
  store text not null,
  requested_at timestamptz not null default now()
);
select pg_catalog.pg_extension_config_dump('atelier_engine.object_deletions', '');
alter table atelier_engine.object_deletions enable row level security;
comment on table atelier_engine.object_deletions is
$$Objects whose rows are gone and whose bytes are still to be deleted

Written in the transaction that deletes the object, emptied by the janitor.$$;
