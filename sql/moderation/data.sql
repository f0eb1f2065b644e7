-- Conservative: what is unlikely to be harmless is not shown before somebody has looked. When pg_restore makes the
-- extension, the dump brings these rows.
select atelier_engine.add_reference_moderation() where not atelier_engine.restoring();
