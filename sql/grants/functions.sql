-- Closes the script: what a module did not grant by name, nobody but the owner may execute.

revoke execute on all routines in schema atelier, atelier_engine from public;

grant usage on schema atelier to anon, authenticated, service_role, atelier_worker;
grant usage on schema atelier_engine to atelier_worker;

-- The dispatcher fills objects; it makes them through begin_object() alone.
grant execute on function atelier_engine.append_object_chunk(uuid, integer, bytea) to atelier_worker;
