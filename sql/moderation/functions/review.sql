-- Moderation: the queue of those who decide, and the appeal of those who are decided about.

create or replace function atelier_engine.assert_moderator()
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.assert_signed_in();
  if not (atelier.has_role(auth.uid(), 'moderator') or atelier.has_role(auth.uid(), 'admin')) then
    raise insufficient_privilege using
      message = 'only moderators and administrators may do this',
      detail = 'Somebody answers for every decision.',
      hint = 'Ask whoever runs the service.';
  end if;
end;
$$;
comment on function atelier_engine.assert_moderator() is
$$Refuse everybody but moderators and administrators

The service role, too, because nobody would answer for it. Raises PT401 or 42501.$$;

create or replace function atelier_engine.may_decide(p_item atelier.moderation_items, p_user_id uuid)
returns boolean
language sql stable
begin atomic
  -- Not on his own, nor on what has the same bytes; and on an appeal not who is appealed against.
  select p_user_id <> (p_item).user_id
         and not exists (select from atelier.moderation_items i
                          where i.sha256 = (p_item).sha256 and i.user_id = p_user_id)
         and ((p_item).appealed_at is null or (p_item).decided_by is distinct from p_user_id);
end;
comment on function atelier_engine.may_decide(atelier.moderation_items, uuid) is
  'Whether a moderator is free to decide: it is not about himself';

create or replace function atelier_engine.reviewed_item(p_item_id uuid)
returns atelier.moderation_items
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  item atelier.moderation_items;
begin
  perform atelier_engine.assert_moderator();
  select i.* into item from atelier.moderation_items i where i.id = p_item_id;
  if item.subject_kind = 'prompt' then
    -- The workers lock the queue row first, too.
    perform from atelier_engine.queue q where q.job_id = item.job_id for update;
  end if;
  -- Those with the same bytes share its fate; in one order, so that two moderators do not wait for each other.
  perform from atelier.moderation_items i where i.sha256 = item.sha256 order by i.id for update;
  select i.* into item from atelier.moderation_items i where i.id = p_item_id for update;
  if not found then
    raise sqlstate 'PT404' using
      message = 'no such item', detail = format('Item: %s.', p_item_id), hint = 'List them with review_queue().';
  end if;
  return item;
end;
$$;
comment on function atelier_engine.reviewed_item(uuid) is
$$An item, locked, for a moderator

Raises PT401, 42501 or PT404.$$;

create or replace function atelier_engine.assert_may_decide(p_item atelier.moderation_items, p_user_id uuid)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if not atelier_engine.may_decide(p_item, p_user_id) then
    raise insufficient_privilege using
      message = 'somebody else must decide this',
      detail = 'It is about content of this moderator, or an appeal against his decision.',
      hint = 'Release it, so that another moderator can claim it.';
  end if;
end;
$$;
comment on function atelier_engine.assert_may_decide(atelier.moderation_items, uuid) is
$$Refuse a moderator who is concerned himself

Raises 42501.$$;

create or replace function atelier.review_queue(
  status text default null,
  subject_kind text default null,
  claimed text default 'any',
  max_rows integer default 50
)
returns setof atelier.moderation_items
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.assert_moderator();
  if coalesce(review_queue.status, 'flagged') not in ('flagged', 'quarantined', 'rejected')
     or coalesce(review_queue.subject_kind, 'asset') not in ('prompt', 'asset', 'text')
     or coalesce(review_queue.claimed, '') not in ('any', 'mine', 'nobody') then
    raise invalid_parameter_value using
      message = 'unknown filter',
      detail = format('Got status %s, subject_kind %s, claimed %s.', coalesce(left(review_queue.status, 60), 'null'),
                      coalesce(left(review_queue.subject_kind, 60), 'null'), coalesce(left(review_queue.claimed, 60), 'null')),
      hint = 'Use the status flagged, quarantined or rejected, the subject_kind prompt, asset or text, and for claimed any, mine or nobody.';
  end if;
  return query
    select i.*
      from atelier.moderation_items i
     where i.needs_review
       and (review_queue.status is null or i.status = review_queue.status)
       and (review_queue.subject_kind is null or i.subject_kind = review_queue.subject_kind)
       and case review_queue.claimed
             when 'mine' then i.claimed_by = auth.uid() and i.claim_expires_at > clock_timestamp()
             when 'nobody' then i.claimed_by is null or i.claim_expires_at <= clock_timestamp()
             else true end
     order by i.priority desc, i.created_at, i.id
     limit least(greatest(coalesce(review_queue.max_rows, 50), 0), 1000);
end;
$$;
grant execute on function atelier.review_queue(text, text, text, integer) to authenticated;
comment on function atelier.review_queue(text, text, text, integer) is
$$What waits for a moderator

Appeals first, then held prompts, quarantined and flagged things, the higher scores before the lower, the older before the
newer. claimed is any, mine or nobody. 1000 rows at most. For moderators and administrators: PT401, 42501; 22023 for an unknown
filter.$$;

create or replace function atelier.claim_review_items(amount integer default 1, subject_kind text default null)
returns setof atelier.moderation_items
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  caller constant uuid := auth.uid();
  kept_for constant interval := interval '30 minutes';
  old atelier.moderation_items;
  claimed atelier.moderation_items;
begin
  perform atelier_engine.assert_moderator();
  if claim_review_items.amount is null or claim_review_items.amount not between 1 and 100
     or coalesce(claim_review_items.subject_kind, 'asset') not in ('prompt', 'asset', 'text') then
    raise invalid_parameter_value using
      message = 'amount or subject_kind is out of range',
      detail = format('Got %s and %s.', coalesce(claim_review_items.amount::text, 'null'),
                      coalesce(left(claim_review_items.subject_kind, 60), 'null')),
      hint = 'Ask for 1 to 100, of the subject_kind prompt, asset or text.';
  end if;
  for old in
    select i.*
      from atelier.moderation_items i
     where i.needs_review and (i.claimed_by is null or i.claim_expires_at <= clock_timestamp())
       and (claim_review_items.subject_kind is null or i.subject_kind = claim_review_items.subject_kind)
       and atelier_engine.may_decide(i, caller)
     order by i.priority desc, i.created_at, i.id
     limit claim_review_items.amount
       for update skip locked
  loop
    update atelier.moderation_items i
       set claimed_by = caller, claim_expires_at = clock_timestamp() + kept_for
     where i.id = old.id
    returning i.* into claimed;
    perform atelier_engine.note_moderation(old, 'claimed', old.status, caller, null, '{}');
    return next claimed;
  end loop;
end;
$$;
grant execute on function atelier.claim_review_items(integer, text) to authenticated;
comment on function atelier.claim_review_items(integer, text) is
$$Take the next items to decide about

In the order of review_queue(), without what somebody else has taken: no two moderators get the same item. Nobody gets his own
content, nor an appeal against his own decision. After half an hour an item is free again. For moderators and administrators:
PT401, 42501; 22023 for an amount that is not 1 to 100.$$;

create or replace function atelier.assign_review_item(item_id uuid, moderator_id uuid)
returns atelier.moderation_items
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  old atelier.moderation_items;
  item atelier.moderation_items;
begin
  old := atelier_engine.reviewed_item(assign_review_item.item_id);
  if not atelier.has_role(auth.uid(), 'admin') then
    raise insufficient_privilege using
      message = 'only administrators assign items',
      detail = 'Moderators take them in their order.',
      hint = 'Use claim_review_items().';
  end if;
  if assign_review_item.moderator_id is null
     or not (atelier_engine.user_has_role(assign_review_item.moderator_id, 'moderator')
             or atelier_engine.user_has_role(assign_review_item.moderator_id, 'admin')) then
    raise invalid_parameter_value using
      message = 'no such moderator',
      detail = format('User: %s.', coalesce(assign_review_item.moderator_id::text, 'null')),
      hint = 'Give the user the role moderator first.';
  end if;
  perform atelier_engine.assert_may_decide(old, assign_review_item.moderator_id);
  if not old.needs_review then
    raise sqlstate 'PT409' using
      message = 'the item does not wait for a moderator', detail = format('It is %s.', old.status),
      hint = 'List those that do with review_queue().';
  end if;
  update atelier.moderation_items i
     set claimed_by = assign_review_item.moderator_id, claim_expires_at = clock_timestamp() + interval '1 day'
   where i.id = old.id
  returning i.* into item;
  perform atelier_engine.note_moderation(
    old, 'assigned', old.status, auth.uid(), null, jsonb_build_object('moderator', assign_review_item.moderator_id));
  return item;
end;
$$;
grant execute on function atelier.assign_review_item(uuid, uuid) to authenticated;
comment on function atelier.assign_review_item(uuid, uuid) is
$$Give an item to a moderator

Also one that somebody else has taken; it is his for a day. For administrators: PT401, 42501 (also when the moderator is
concerned himself), PT404, PT409 (it does not wait for anybody), 22023 (no moderator).$$;

create or replace function atelier.release_review_item(item_id uuid)
returns atelier.moderation_items
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  old atelier.moderation_items;
  item atelier.moderation_items;
begin
  old := atelier_engine.reviewed_item(release_review_item.item_id);
  if old.claimed_by is distinct from auth.uid() and not atelier.has_role(auth.uid(), 'admin') then
    raise sqlstate 'PT409' using
      message = 'the item is not yours', detail = 'You have not claimed it.', hint = 'Use claim_review_items().';
  end if;
  update atelier.moderation_items i set claimed_by = null, claim_expires_at = null
   where i.id = old.id
  returning i.* into item;
  perform atelier_engine.note_moderation(old, 'released', old.status, auth.uid(), null, '{}');
  return item;
end;
$$;
grant execute on function atelier.release_review_item(uuid) to authenticated;
comment on function atelier.release_review_item(uuid) is
$$Give an item back

For who has claimed it, and administrators: PT401, 42501, PT404, PT409 (it is not his).$$;

create or replace function atelier.decide_review_item(item_id uuid, decision text, reason text default null)
returns atelier.moderation_items
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  caller constant uuid := auth.uid();
  old atelier.moderation_items;
  item atelier.moderation_items;
  wanted text;
  same record;
begin
  old := atelier_engine.reviewed_item(decide_review_item.item_id);
  if coalesce(decide_review_item.decision, '') not in ('approve', 'reject')
     or char_length(decide_review_item.reason) > 1000
     or decide_review_item.decision = 'reject' and coalesce(decide_review_item.reason, '') !~ '\S' then
    raise invalid_parameter_value using
      message = 'no valid decision',
      detail = format('Got %s, with a reason of %s characters.', coalesce(left(decide_review_item.decision, 60), 'null'),
                      coalesce(char_length(decide_review_item.reason), 0)),
      hint = 'Use approve, or reject with a reason of 1 to 1000 characters.';
  end if;
  perform atelier_engine.assert_may_decide(old, caller);
  if not old.needs_review then
    raise sqlstate 'PT409' using
      message = 'the item does not wait for a moderator', detail = format('It is %s.', old.status),
      hint = 'List those that do with review_queue().';
  end if;
  if (old.claimed_by is distinct from caller or old.claim_expires_at <= clock_timestamp())
     and not (old.claimed_by is null and atelier.has_role(caller, 'admin')) then
    raise sqlstate 'PT409' using
      message = 'the item is not yours',
      detail = 'You have not claimed it, or too long ago.', hint = 'Use claim_review_items().';
  end if;
  wanted := case decide_review_item.decision when 'approve' then 'approved' else 'rejected' end;
  if old.status = wanted then
    -- An appeal that is turned down leaves the status as it is.
    update atelier.moderation_items i
       set needs_review = false, claimed_by = null, claim_expires_at = null, decided_by = caller,
           decided_at = clock_timestamp(), reason = decide_review_item.reason
     where i.id = old.id
    returning i.* into item;
    perform atelier_engine.note_moderation(old, 'decided', wanted, caller, decide_review_item.reason, '{}');
    insert into atelier.events (user_id, kind, ref) values (item.user_id, 'moderation.' || wanted, item.id);
  else
    item := atelier_engine.set_item_status(
      old.id, wanted, 'decided', caller, decide_review_item.reason,
      jsonb_strip_nulls(jsonb_build_object('appeal', old.appeal)));
  end if;
  -- What was decided about bytes holds for all items that are about them.
  for same in
    select i.id
      from atelier.moderation_items i
     where i.sha256 = item.sha256 and i.id <> item.id
       and i.status in ('flagged', 'quarantined', case wanted when 'approved' then 'rejected' else 'approved' end)
     order by i.id
  loop
    perform atelier_engine.set_item_status(
      same.id, wanted, 'decided', caller, decide_review_item.reason, jsonb_build_object('same_as', item.id));
  end loop;
  if item.subject_kind = 'prompt' then
    update atelier.jobs j
       set reviewed_at = clock_timestamp(), reviewed_by = caller, review_notes = decide_review_item.reason
     where j.id = item.job_id;
  end if;
  return item;
end;
$$;
grant execute on function atelier.decide_review_item(uuid, text, text) to authenticated;
comment on function atelier.decide_review_item(uuid, text, text) is
$$Approve or reject

For who has claimed the item, and for administrators when nobody has. A held job starts, or fails; an asset is shown or withheld
with everything that has the same bytes. reject needs a reason, which the owner reads.
PT401, 42501 (no moderator, or concerned himself), PT404, PT409 (not his, or decided before), 22023 (the decision or the
reason).$$;

create or replace function atelier.appeal_moderation(item_id uuid, appeal text)
returns uuid
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  old atelier.moderation_items;
begin
  perform atelier_engine.assert_signed_in();
  select i.* into old
    from atelier.moderation_items i
   where i.id = appeal_moderation.item_id and i.user_id = auth.uid()
     for update;
  if not found then
    raise sqlstate 'PT404' using
      message = 'no such item', detail = format('Item: %s.', appeal_moderation.item_id),
      hint = 'It does not exist or belongs to somebody else.';
  end if;
  if coalesce(appeal_moderation.appeal, '') !~ '\S' or char_length(appeal_moderation.appeal) > 2000 then
    raise invalid_parameter_value using
      message = 'no valid appeal',
      detail = format('It has %s characters.', coalesce(char_length(appeal_moderation.appeal), 0)),
      hint = 'Say in 1 to 2000 characters why it is fine.';
  end if;
  if old.status not in ('quarantined', 'rejected') or old.appealed_at is not null then
    raise sqlstate 'PT409' using
      message = 'there is nothing to appeal against',
      detail = case when old.appealed_at is not null then format('There was an appeal at %s.', old.appealed_at)
                    else format('It is %s.', old.status) end,
      hint = 'One appeal against a rejection or a quarantine.';
  end if;
  update atelier.moderation_items i
     set appealed_at = clock_timestamp(), appeal = appeal_moderation.appeal, needs_review = true,
         priority = 300 + round(coalesce(i.score, 0) * 99)::integer, claimed_by = null, claim_expires_at = null
   where i.id = old.id;
  perform atelier_engine.note_moderation(old, 'appealed', old.status, auth.uid(), appeal_moderation.appeal, '{}');
  return old.id;
end;
$$;
grant execute on function atelier.appeal_moderation(uuid, text) to authenticated;
comment on function atelier.appeal_moderation(uuid, text) is
$$Ask for another look at what was quarantined or rejected

Once. It comes first in the queue of moderators, and another one decides than before. A prompt that was rejected stays so for its job,
which has failed; approving it lets the owner know. For the owner: PT401, PT404, PT409 (nothing to appeal against), 22023 (no
text).$$;

create or replace function atelier.withhold_object(bucket text, name text, reason text)
returns uuid
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  wanted record;
  item_id uuid;
begin
  perform atelier_engine.assert_moderator();
  if coalesce(withhold_object.reason, '') !~ '\S' or char_length(withhold_object.reason) > 1000 then
    raise invalid_parameter_value using
      message = 'the reason is missing',
      detail = format('It has %s characters.', coalesce(char_length(withhold_object.reason), 0)),
      hint = 'Say why in 1 to 1000 characters.';
  end if;
  select o.id, o.owner, o.metadata ->> 'sha256' as sha256 into wanted
    from storage.objects o
   where o.bucket_id = withhold_object.bucket and o.name = withhold_object.name
     and o.bucket_id in ('workspace-temp', 'user-library') and o.owner is not null and o.metadata ? 'sha256';
  if not found then
    raise sqlstate 'PT404' using
      message = 'no such asset',
      detail = format('%s in bucket %s.', left(withhold_object.name, 500), left(withhold_object.bucket, 100)),
      hint = 'Name the file of an asset in workspace-temp or user-library.';
  end if;
  insert into atelier.moderation_items (subject_kind, subject_id, user_id, sha256)
  values ('asset', wanted.id, wanted.owner, wanted.sha256)
      on conflict (subject_kind, subject_id) do nothing;
  select i.id into item_id from atelier.moderation_items i where i.subject_kind = 'asset' and i.subject_id = wanted.id;
  perform atelier_engine.set_item_status(item_id, 'quarantined', 'reported', auth.uid(), withhold_object.reason);
  return item_id;
end;
$$;
grant execute on function atelier.withhold_object(text, text, text) to authenticated;
comment on function atelier.withhold_object(text, text, text) is
$$Quarantine an asset, and everything that has the same bytes

For what no check has found. It waits in review_queue() then. Returns the item. For moderators and administrators: PT401, 42501,
PT404, PT409 (it is withheld already), 22023 (no reason).$$;

create or replace function atelier_engine.reviewed_file(p_content bytea, p_media_type text)
returns atelier."*/*"
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform set_config('response.headers', jsonb_build_array(
    jsonb_build_object('Content-Type', case when p_media_type ~ '^[a-z0-9.+-]+/[a-z0-9.+-]+$' then p_media_type
                                            else 'application/octet-stream' end),
    jsonb_build_object('Cache-Control', 'no-store'),
    jsonb_build_object('X-Content-Type-Options', 'nosniff'),
    jsonb_build_object('Content-Security-Policy', 'default-src ''none''; sandbox'))::text, true);
  return p_content::atelier."*/*";
end;
$$;
comment on function atelier_engine.reviewed_file(bytea, text) is
  'A file as an answer to a request, which no cache keeps and which runs nothing';

create or replace function atelier.review_object(item_id uuid)
returns atelier."*/*"
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  item atelier.moderation_items;
  content bytea;
  media_type text;
begin
  item := atelier_engine.reviewed_item(review_object.item_id);
  select lower(o.metadata ->> 'mimetype'), string_agg(c.bytes, ''::bytea order by c.sequence) into media_type, content
    from storage.objects o
    join atelier_engine.object_chunks c on c.object_id = o.id
   where o.id = item.subject_id and item.subject_kind = 'asset' and (o.metadata ->> 'size')::bigint <= bigint '268435456'
   group by o.id;
  if content is null then
    raise sqlstate 'PT404' using
      message = 'the item has no file',
      detail = format('Item: %s.', review_object.item_id),
      hint = 'Prompts and answers are read with review_text(). A file may have been deleted, or be larger than 256 MiB.';
  end if;
  perform atelier_engine.note_moderation(item, 'viewed', item.status, auth.uid(), null, '{}');
  return atelier_engine.reviewed_file(content, media_type);
end;
$$;
grant execute on function atelier.review_object(uuid) to authenticated;
comment on function atelier.review_object(uuid) is
$$The file of an item, for those who decide about it

As object(), but no cache may keep it, and the trail says who looked. For moderators and administrators: PT401, 42501, PT404.$$;

create or replace function atelier.review_text(item_id uuid)
returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  item atelier.moderation_items;
  said text;
begin
  item := atelier_engine.reviewed_item(review_text.item_id);
  if item.subject_kind = 'text' then
    said := coalesce(
      (select coalesce(w.output_text, w.result::text) from atelier_engine.withheld_texts w where w.item_id = item.id),
      (select coalesce(g.output_text, g.result::text) from atelier.generations g where g.job_id = item.job_id));
  else
    select atelier_engine.text_of_request(j) into said from atelier.jobs j where j.id = item.job_id;
  end if;
  if said is null then
    raise sqlstate 'PT404' using
      message = 'the item has no text', detail = format('Item: %s.', review_text.item_id),
      hint = 'Its job may have been deleted.';
  end if;
  perform atelier_engine.note_moderation(item, 'viewed', item.status, auth.uid(), null, '{}');
  return said;
end;
$$;
grant execute on function atelier.review_text(uuid) to authenticated;
comment on function atelier.review_text(uuid) is
$$The prompt or answer of an item, for those who decide about it

Of an asset the prompt that it was made with. The trail says who looked. For moderators and administrators: PT401, 42501, PT404.$$;
