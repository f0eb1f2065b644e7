-- Workspace: files go with their assets.

create or replace trigger delete_files_of_workspace_assets
after delete on atelier.workspace_assets
referencing old table as gone
for each statement execute function atelier_engine.delete_files_of_workspace_assets();

create or replace trigger touch_updated_at
before update on atelier.workspace_sessions
for each row execute function atelier_engine.touch_updated_at();

create or replace trigger refuse_endless_numbers
before insert or update of metadata on atelier.workspace_sessions
for each row execute function atelier_engine.refuse_endless_numbers('metadata');

create or replace trigger write_workspace_items
instead of insert or update or delete on atelier.workspace_items
for each row execute function atelier_engine.write_workspace_items();
