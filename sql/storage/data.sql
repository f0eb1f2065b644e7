-- Storage: the buckets that the product's parts and their clients know by name. When pg_restore makes the extension,
-- the dump brings them.

with wanted (id, public, file_size_limit, allowed_mime_types) as (
  values
    ('workspace-temp', false, 1073741824,
      '{image/jpeg,image/png,image/webp,video/mp4,video/webm,video/quicktime}'::text[]),
    ('user-library', false, 1073741824,
      '{image/jpeg,image/png,image/webp,image/gif,image/heic,video/mp4,video/webm,video/quicktime}'),
    ('reference_images', false, 10485760, '{image/jpeg,image/png,image/webp,image/gif}'),
    ('avatars', true, null, null),
    ('system_assets', true, 5242880, '{image/png,image/jpeg,image/webp,image/svg+xml}'),
    ('videos', true, null, null),
    ('image_fast', false, 5242880, '{image/png,image/jpeg,image/webp}'),
    ('image_high', false, 10485760, '{image/png,image/jpeg,image/webp}'),
    ('sdxl_image_fast', false, 5242880, '{image/png,image/jpeg,image/webp}'),
    ('sdxl_image_high', false, 10485760, '{image/png,image/jpeg,image/webp}'),
    ('image7b_fast_enhanced', false, 20971520, '{image/png,image/jpeg,image/webp}'),
    ('image7b_high_enhanced', false, 20971520, '{image/png,image/jpeg,image/webp}'),
    ('video_fast', false, 52428800, '{video/mp4,video/mpeg,video/webm,video/quicktime}'),
    ('video_high', false, 209715200, '{video/mp4,video/mpeg,video/webm,video/quicktime}'),
    ('video7b_fast_enhanced', false, 104857600, '{video/mp4,video/webm}'),
    ('video7b_high_enhanced', false, 104857600, '{video/mp4,video/webm}')
), made as (
  insert into storage.buckets (id, name, public, file_size_limit, allowed_mime_types)
  select w.id, w.id, w.public, w.file_size_limit, w.allowed_mime_types from wanted w
   where not atelier_engine.restoring()
  on conflict do nothing
  returning id
)
insert into atelier_engine.bucket_stores (bucket_id, comes_with_atelier)
select m.id, true from made m;
