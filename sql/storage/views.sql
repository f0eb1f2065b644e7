-- Storage: bytes in pieces, for what is too large to be read at once.

create or replace view atelier.object_chunks with (security_invoker = true) as
select c.object_id, c.sequence, c.byte_offset, c.bytes
  from atelier_engine.object_chunks c;
grant select on atelier.object_chunks to anon, authenticated, service_role;
comment on view atelier.object_chunks is
$$The bytes of objects in pieces of up to 256 KiB

In sequence they are the object. Whoever sees an object sees its pieces.$$;
