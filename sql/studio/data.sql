-- The one row of settings. A dump brings its own.
insert into atelier.system_config (id) select 1 where not atelier_engine.restoring();
