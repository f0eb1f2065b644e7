-- Storage: what the columns mean.

comment on column atelier.object_chunks.object_id is 'The object, as in storage.objects.';
comment on column atelier.object_chunks.sequence is 'Its place among the chunks of the object, from 0.';
comment on column atelier.object_chunks.bytes is 'At most 256 KiB of the object.';
