-- Moderation: the states of an item, what each means for what it is about, and the trail.

create or replace function atelier_engine.refuse_audit_changes()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  raise insufficient_privilege using
    message = 'the trail of moderation does not change',
    detail = format('%s of atelier.moderation_audit.', tg_op),
    hint = 'Rows are only added.';
end;
$$;
comment on function atelier_engine.refuse_audit_changes() is
$$Trigger: nobody changes or deletes what moderation_audit says

Raises 42501.$$;

create or replace function atelier_engine.note_moderation(
  p_item atelier.moderation_items, p_action text, p_to_status text, p_actor uuid, p_reason text, p_details jsonb
)
returns void
language sql volatile
set search_path = pg_catalog, pg_temp
begin atomic
  insert into atelier.moderation_audit (
    item_id, subject_kind, subject_id, user_id, action, from_status, to_status, actor, reason, details)
  values (
    (p_item).id, (p_item).subject_kind, (p_item).subject_id, (p_item).user_id, p_action, (p_item).status,
    p_to_status, p_actor, p_reason, coalesce(p_details, '{}'));
end;
comment on function atelier_engine.note_moderation(atelier.moderation_items, text, text, uuid, text, jsonb) is
  'Add a row to the trail: who did what with an item as it was before';

create or replace function atelier_engine.is_shown(p_status text)
returns boolean
language sql immutable
begin atomic
  select p_status in ('unchecked', 'approved', 'flagged');
end;
comment on function atelier_engine.is_shown(text) is 'Whether the owner sees what has this status';

create or replace function atelier_engine.assert_may_become(p_from text, p_to text)
returns void
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
begin
  if (case p_from
       when 'unchecked' then p_to in ('pending', 'approved', 'flagged', 'quarantined', 'rejected')
       when 'pending' then p_to in ('approved', 'flagged', 'quarantined', 'rejected')
       when 'approved' then p_to in ('pending', 'flagged', 'quarantined', 'rejected')
       when 'flagged' then p_to in ('approved', 'quarantined', 'rejected')
       when 'quarantined' then p_to in ('approved', 'rejected')
       when 'rejected' then p_to = 'approved'
     end) then
    return;
  end if;
  raise sqlstate 'PT409' using
    message = 'the item cannot change its status like this',
    detail = format('It is %s and was to become %s.', p_from, p_to),
    hint = 'Look at it again: somebody else has decided meanwhile.';
end;
$$;
comment on function atelier_engine.assert_may_become(text, text) is
$$The states of an item, and which follows which

Raises PT409.$$;

create or replace function atelier_engine.set_object_status(p_object_id uuid, p_status text)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  shown constant boolean := atelier_engine.is_shown(p_status);
  place record;
  thumbnail text;
  of_job uuid;
  of_index integer;
begin
  select o.bucket_id, o.name into place from storage.objects o where o.id = p_object_id;
  if place.bucket_id = 'workspace-temp' then
    update atelier.workspace_assets a set moderation_status = p_status
     where a.temp_storage_path = place.name
    returning a.thumbnail_path, a.job_id, a.asset_index into thumbnail, of_job, of_index;
  elsif place.bucket_id = 'user-library' then
    update atelier.user_library l set moderation_status = p_status
     where l.storage_path = place.name
    returning l.thumbnail_path, l.source_job_id, l.source_asset_index into thumbnail, of_job, of_index;
  end if;
  update storage.objects o
     set metadata = case when shown then o.metadata - 'moderation'
                         else o.metadata || jsonb_build_object('moderation', p_status) end
   where o.id = p_object_id
      or (thumbnail is not null and o.bucket_id = place.bucket_id and o.name = thumbnail);
  -- Where it was put when it was made, also if it has moved since.
  update atelier.generations g
     set output_urls[of_index + 1] = case when shown then format(
           '%s/%s/%s/%s.%s', case j.destination when 'library' then 'user-library' else 'workspace-temp' end,
           j.user_id, j.id, of_index, storage.extension(place.name)) end
    from atelier.jobs j
   where g.job_id = of_job and j.id = of_job and of_index < cardinality(g.output_urls);
end;
$$;
comment on function atelier_engine.set_object_status(uuid, text) is
$$Show or withhold an object, and the assets whose file it is

The flag in the metadata is what policies and functions look at. Thumbnails share the fate of their asset, and a generation names
only what is shown.$$;

create or replace function atelier_engine.set_content_status(p_sha256 text, p_status text)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  object_id uuid;
  seen uuid[] := array[]::uuid[];
  found_ids uuid[];
begin
  loop
    -- Whoever copies one of them right now holds a lock that this waits for; the next round sees the copy.
    found_ids := array(
      select f.id
        from (select o.id from storage.objects o where o.metadata ->> 'sha256' = p_sha256 order by o.id for update) f
       -- What is being checked itself is not released by what others are found to be.
       where not (atelier_engine.is_shown(p_status) and exists (
         select from atelier.moderation_items i
          where i.subject_kind = 'asset' and i.subject_id = f.id and i.status = 'pending')));
    exit when found_ids <@ seen;
    foreach object_id in array found_ids loop
      perform atelier_engine.set_object_status(object_id, p_status);
    end loop;
    seen := found_ids;
  end loop;
end;
$$;
comment on function atelier_engine.set_content_status(text, text) is
  'Show or withhold every object with these bytes, wherever it was copied to and whoever has it';

create or replace function atelier_engine.restore_text(p_item atelier.moderation_items)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  kept atelier_engine.withheld_texts;
begin
  delete from atelier_engine.withheld_texts w where w.item_id = p_item.id returning w.* into kept;
  if kept.item_id is not null then
    update atelier.generations g
       set output_text = kept.output_text, result = kept.result where g.job_id = p_item.job_id;
    update atelier.messages m set content = kept.output_text
     where m.job_id = p_item.job_id and kept.output_text is not null;
  end if;
end;
$$;
comment on function atelier_engine.restore_text(atelier.moderation_items) is 'Put an answer back that was withheld';

create or replace function atelier_engine.withhold_text(p_item atelier.moderation_items)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into atelier_engine.withheld_texts (item_id, output_text, result)
  select p_item.id, g.output_text, g.result
    from atelier.generations g
   where g.job_id = p_item.job_id and (g.output_text is not null or g.result is not null)
      on conflict do nothing;
  update atelier.generations g set output_text = null, result = null where g.job_id = p_item.job_id;
  update atelier.messages m set content = '' where m.job_id = p_item.job_id;
end;
$$;
comment on function atelier_engine.withhold_text(atelier.moderation_items) is
  'Take an answer out of its generation and its message, and keep it aside';

create or replace function atelier_engine.settle_prompt(p_item atelier.moderation_items)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  update atelier.jobs j set moderation_status = p_item.status where j.id = p_item.job_id;
  if p_item.status in ('pending', 'quarantined') then
    return;
  end if;
  delete from atelier_engine.review_holds h where h.job_id = p_item.job_id;
  if not found then
    return;
  end if;
  if p_item.status = 'rejected' then
    perform atelier_engine.finish_job(p_item.job_id, 'failed', 'content_policy', 'moderation refused the prompt')
       from atelier_engine.queue q where q.job_id = p_item.job_id and q.state = 'blocked';
  else
    perform atelier_engine.settle_dependents(atelier_engine.settle_blocked(array[p_item.job_id]));
  end if;
end;
$$;
comment on function atelier_engine.settle_prompt(atelier.moderation_items) is
$$Start or fail a job that was held, as its prompt is shown or rejected

The caller has locked its queue row.$$;

create or replace function atelier_engine.set_item_status(
  p_item_id uuid, p_status text, p_action text, p_actor uuid, p_reason text, p_details jsonb default '{}'
)
returns atelier.moderation_items
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  old atelier.moderation_items;
  item atelier.moderation_items;
begin
  select i.* into old from atelier.moderation_items i where i.id = p_item_id for update;
  perform atelier_engine.assert_may_become(old.status, p_status);
  update atelier.moderation_items i
     set status = p_status, reason = p_reason,
         needs_review = p_actor is null and p_status in ('flagged', 'quarantined')
                        or p_action = 'reported',
         priority = case when p_status = 'quarantined' then case i.subject_kind when 'prompt' then 200 else 100 end else 0 end
                    + round(coalesce(i.score, 0) * 99)::integer,
         claimed_by = null, claim_expires_at = null,
         decided_by = p_actor, decided_at = case when p_status <> 'pending' then clock_timestamp() end,
         appealed_at = null, appeal = null
   where i.id = p_item_id
  returning i.* into item;
  perform atelier_engine.note_moderation(old, p_action, p_status, p_actor, p_reason, p_details);
  case item.subject_kind
    when 'prompt' then
      perform atelier_engine.settle_prompt(item);
    when 'text' then
      if atelier_engine.is_shown(p_status) then
        perform atelier_engine.restore_text(item);
      else
        perform atelier_engine.withhold_text(item);
      end if;
    else
      perform atelier_engine.settle_asset(item, old.status);
  end case;
  if p_status <> 'pending' then
    insert into atelier.events (user_id, kind, ref)
    values (item.user_id, 'moderation.' || p_status, item.id);
  end if;
  return item;
end;
$$;
comment on function atelier_engine.set_item_status(uuid, text, text, uuid, text, jsonb) is
$$Give an item another status, with all that follows from it

The trail, the event for its owner, and what is shown, started or failed. Raises PT409 for what cannot follow.$$;

create or replace function atelier_engine.settle_asset(p_item atelier.moderation_items, p_old_status text)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_item.status in ('quarantined', 'rejected') then
    insert into atelier_engine.withheld_content (sha256, item_id) values (p_item.sha256, p_item.id)
        on conflict do nothing;
    perform atelier_engine.set_content_status(p_item.sha256, p_item.status);
  elsif p_old_status in ('quarantined', 'rejected') then
    delete from atelier_engine.withheld_content w where w.sha256 = p_item.sha256;
    perform atelier_engine.set_content_status(p_item.sha256, p_item.status);
  else
    perform atelier_engine.set_object_status(p_item.subject_id, p_item.status);
  end if;
end;
$$;
comment on function atelier_engine.settle_asset(atelier.moderation_items, text) is
  'Show or withhold the asset of an item, and all that has the same bytes';
