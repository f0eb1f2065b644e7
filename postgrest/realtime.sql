-- What clients listen to by way of logical replication (Realtime of Supabase and its like): puts the tables into the
-- publication supabase_realtime, and makes that where it is missing. Run it as the owner of the tables, in a server with
-- wal_level = logical; again changes nothing. The replica identity stays the primary key: FULL would write every row of jobs
-- once more with each of its changes.
do $realtime$
declare
  listened_to text;
begin
  if not exists (select from pg_catalog.pg_publication p where p.pubname = 'supabase_realtime') then
    create publication supabase_realtime;
  end if;
  for listened_to in
    select w.relation
      from pg_catalog.unnest(array[
             'jobs', 'workspace_assets', 'user_library', 'conversations', 'messages', 'characters', 'character_scenes',
             'system_config', 'model_test_results']) w (relation)
     where not exists (
       select from pg_catalog.pg_publication_tables t
        where t.pubname = 'supabase_realtime' and t.schemaname = 'atelier' and t.tablename = w.relation)
  loop
    execute pg_catalog.format('alter publication supabase_realtime add table atelier.%I', listened_to);
  end loop;
end
$realtime$;
