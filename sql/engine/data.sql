-- A database is adopted where it is made; not when pg_restore makes it.
insert into atelier_engine.instance (system_identifier, database_oid)
select c.system_identifier, d.oid
  from pg_catalog.pg_control_system() c, pg_catalog.pg_database d
 where d.datname = pg_catalog.current_database();

select atelier_engine.announce_database();
