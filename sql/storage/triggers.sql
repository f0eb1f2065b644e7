-- Storage: deletions are noted, and a dump brings its own buckets.

create or replace trigger atelier_note_object_deletions
after delete on storage.objects
referencing old table as gone
for each statement execute function atelier_engine.note_object_deletions();

do $triggers$
begin
  if atelier_engine.is_made_here('storage.buckets') then
    create or replace trigger replace_buckets_on_restore
    before insert on storage.buckets
    for each statement execute function atelier_engine.replace_buckets_on_restore();

    create or replace trigger touch_updated_at
    before update on storage.buckets
    for each row execute function atelier_engine.touch_updated_at();
  end if;

  if not atelier_engine.is_made_here('storage.objects') then
    alter trigger atelier_note_object_deletions on storage.objects depends on extension atelier;
  end if;
end
$triggers$;
