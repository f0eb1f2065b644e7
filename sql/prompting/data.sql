-- When pg_restore makes the extension, the dump brings these rows.
select atelier_engine.add_reference_prompts() where not atelier_engine.restoring();
