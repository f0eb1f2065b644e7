-- Library: counts stay right, files go with their assets.

create or replace trigger trigger_update_collection_asset_count_insert
after insert on atelier.user_library
referencing new table as filed
for each statement execute function atelier_engine.count_filed_assets();

create or replace trigger trigger_update_collection_asset_count_update
after update on atelier.user_library
referencing old table as gone new table as filed
for each statement execute function atelier_engine.count_moved_assets();

create or replace trigger trigger_update_collection_asset_count_delete
after delete on atelier.user_library
referencing old table as gone
for each statement execute function atelier_engine.count_gone_assets();

create or replace trigger delete_files_of_library_assets
after delete on atelier.user_library
referencing old table as gone
for each statement execute function atelier_engine.delete_files_of_library_assets();

create or replace trigger touch_updated_at
before update on atelier.user_library
for each row execute function atelier_engine.touch_updated_at();

create or replace trigger write_images
instead of insert or update or delete on atelier.images
for each row execute function atelier_engine.write_images();

create or replace trigger write_videos
instead of insert or update or delete on atelier.videos
for each row execute function atelier_engine.write_videos();
