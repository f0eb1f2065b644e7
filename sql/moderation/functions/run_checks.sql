-- Moderation: checks before and after a job.

create or replace function atelier_engine.assert_check()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  if new.kind = 'endpoint' and new.run_as is not null and not atelier_engine.restoring()
     and not (atelier_engine.user_has_role(new.run_as, 'admin') or atelier_engine.user_has_role(new.run_as, 'moderator')) then
    raise invalid_parameter_value using
      message = 'run_as is no account of the service',
      detail = format('The user %s is neither moderator nor administrator.', new.run_as),
      hint = 'Make an account for checks, and give it the role moderator.';
  end if;
  if new.kind = 'endpoint' and new.run_as is null and tg_op = 'INSERT' and not atelier_engine.restoring() then
    raise invalid_parameter_value using
      message = 'run_as is missing',
      detail = 'The jobs of the check need an account.',
      hint = 'Make an account for checks, and give it the role moderator.';
  end if;
  return new;
end;
$$;
comment on function atelier_engine.assert_check() is
$$Trigger: checks that ask an endpoint do so as an account of the service

Nobody's jobs, cancels or costs are those of the people who are checked. Raises 22023.$$;

create or replace function atelier_engine.prompts_are_checked(p_model_id uuid)
returns boolean
language sql stable
begin atomic
  -- What a check itself asks is not checked.
  select exists (select from atelier.moderation_checks c where c.stage = 'before' and c.is_active)
         and not exists (select from atelier.moderation_checks c where c.api_model_id = p_model_id);
end;
comment on function atelier_engine.prompts_are_checked(uuid) is
$$Whether prompts for a model are checked before they are queued

Remembered with resolve_request(), so that nobody looks where nothing is checked.$$;

create or replace function atelier_engine.is_checking(p_user_id uuid, p_object_id uuid)
returns boolean
language sql stable
begin atomic
  select exists (select from atelier.moderation_items i
                  where i.subject_kind = 'asset' and i.subject_id = p_object_id and i.status = 'pending')
         and exists (select from atelier.moderation_checks c where c.run_as = p_user_id and c.is_active);
end;
comment on function atelier_engine.is_checking(uuid, uuid) is
  'Whether the jobs of this account may read an object that is withheld, because they are to check it';

create or replace function atelier_engine.text_of_request(p_job atelier.jobs)
returns text
language sql stable
begin atomic
  -- What a model is asked may be in its parameters, as the messages of a conversation are. Pictures are no texts.
  select concat_ws(E'\n', (p_job).original_prompt, (p_job).enhanced_prompt, (
           select string_agg(v.value #>> '{}', E'\n')
             from jsonb_array_elements(jsonb_path_query_array(
                    (p_job).parameters, 'strict $.** ? (@.type() == "string")')) v
            where v.value #>> '{}' !~ '^data:[a-z]+/[a-z0-9.+-]+;base64,[A-Za-z0-9+/=\s]*$'));
end;
comment on function atelier_engine.text_of_request(atelier.jobs) is
  'All that a job says to its model: the prompt, and the texts among its parameters';

create or replace function atelier_engine.mode_of(p_job atelier.jobs)
returns atelier.content_mode
language sql stable
begin atomic
  -- Who is not known to be of age gets the stricter thresholds, whatever he says.
  select case when (p_job).metadata ->> 'content_mode' = 'nsfw'
                   and exists (select from atelier.profiles p where p.id = (p_job).user_id and p.age_verified)
              then atelier.content_mode 'nsfw' else atelier.content_mode 'sfw' end;
end;
comment on function atelier_engine.mode_of(atelier.jobs) is
  'Which thresholds hold: those of nsfw where the metadata of the job say so and its owner is of age, else those of sfw';

create or replace function atelier_engine.moderate_prompt(p_job atelier.jobs)
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  scores jsonb;
  verdict text;
begin
  scores := atelier_engine.rule_scores('before', 'text', atelier_engine.text_of_request(p_job));
  verdict := atelier_engine.verdict_of(scores, atelier_engine.mode_of(p_job));
  if verdict = 'rejected' then
    raise sqlstate 'PT422' using
      message = 'moderation refuses the prompt',
      detail = format('Because of: %s.', (select string_agg(k, ', ' order by k) from jsonb_object_keys(scores) k)),
      hint = 'Ask for something else. Nothing was queued, and nothing is charged.';
  end if;
  if verdict <> 'quarantined' and exists (
    select from atelier.moderation_checks c where c.kind = 'endpoint' and c.stage = 'before' and c.is_active) then
    return 'pending';
  end if;
  return verdict;
end;
$$;
comment on function atelier_engine.moderate_prompt(atelier.jobs) is
$$The status of a prompt, by the rules

pending when endpoints are to be asked, too. Raises PT422 for a prompt that is rejected.$$;

create or replace function atelier_engine.add_verdict(p_item_id uuid, p_scores jsonb, p_verdict text)
returns void
language sql volatile
begin atomic
  update atelier.moderation_items i
     set verdict = atelier_engine.graver(i.verdict, p_verdict),
         categories = coalesce((
           select jsonb_object_agg(m.key, m.score)
             from (select e.key, max(e.value::numeric) as score
                     from (select k.key, k.value from jsonb_each_text(i.categories) k
                            union all
                           select k.key, k.value from jsonb_each_text(p_scores) k) e
                    group by e.key) m), '{}'),
         score = greatest(i.score, (select max(k.value::numeric) from jsonb_each_text(p_scores) k))
   where i.id = p_item_id;
end;
comment on function atelier_engine.add_verdict(uuid, jsonb, text) is
  'Add what one check says to what the others said: of scores the highest, of verdicts the gravest';

create or replace function atelier_engine.open_item(
  p_kind text, p_subject_id uuid, p_job atelier.jobs, p_sha256 text, p_scores jsonb, p_verdict text
)
returns uuid
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  item_id uuid;
begin
  insert into atelier.moderation_items (subject_kind, subject_id, job_id, user_id, sha256, mode)
  values (p_kind, p_subject_id, p_job.id, p_job.user_id, p_sha256, atelier_engine.mode_of(p_job))
      on conflict do nothing
  returning id into item_id;
  if item_id is not null then
    perform atelier_engine.add_verdict(item_id, p_scores, p_verdict);
  end if;
  return item_id;
end;
$$;
comment on function atelier_engine.open_item(text, uuid, atelier.jobs, text, jsonb, text) is
  'A new item, with what is known of it already; null when there is one';

create or replace function atelier_engine.start_check(
  p_check atelier.moderation_checks, p_item_id uuid, p_text text, p_picture text
)
returns uuid
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  model atelier.api_models;
  request atelier_engine.job_request;
  job atelier.jobs;
  problem text;
begin
  begin
    select m.* into model from atelier.api_models m where m.id = p_check.api_model_id;
    request := atelier_engine.request_of(jsonb_build_object('model', model.model_key, 'prompt', coalesce(nullif(p_text, ''), '-')));
    if p_picture is not null then
      request.parameters := jsonb_build_object(
        (atelier_engine.picture_parameters(model.parameter_schema))[1], p_picture);
    end if;
    job := atelier_engine.prepare_job(p_check.run_as, request);
    perform atelier_engine.store_job(job, '{}', 'fail');
    insert into atelier_engine.moderation_runs (job_id, item_id, check_id) values (job.id, p_item_id, p_check.id);
    return job.id;
  exception when others then
    get stacked diagnostics problem = message_text;
  end;
  perform atelier_engine.note_failed_check(p_check, p_item_id, problem);
  return null;
end;
$$;
comment on function atelier_engine.start_check(atelier.moderation_checks, uuid, text, text) is
$$Queue the job that asks an endpoint about an item

Returns the job; null when it cannot be queued, and then the check has failed.$$;

create or replace function atelier_engine.note_failed_check(
  p_check atelier.moderation_checks, p_item_id uuid, p_problem text
)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  item atelier.moderation_items;
begin
  if p_check.on_failure = 'fail_closed' then
    perform atelier_engine.add_verdict(p_item_id, '{}', 'quarantined');
  end if;
  select i.* into item from atelier.moderation_items i where i.id = p_item_id;
  perform atelier_engine.note_moderation(
    item, 'check_failed', item.status, null, p_problem,
    jsonb_build_object('check', p_check.name, 'on_failure', p_check.on_failure));
end;
$$;
comment on function atelier_engine.note_failed_check(atelier.moderation_checks, uuid, text) is
  'What a check means that fails: quarantine where it is fail_closed, nothing where it is fail_open';

create or replace function atelier_engine.start_checks(
  p_item_id uuid, p_stage text, p_kind text, p_text text, p_picture text
)
returns uuid[]
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  longest constant integer := 10000;
  most constant integer := 50;
  checked atelier.moderation_checks;
  jobs uuid[] := array[]::uuid[];
begin
  perform atelier_engine.set_item_status(p_item_id, 'pending', 'opened', null, null);
  for checked in
    select c.*
      from atelier.moderation_checks c
     where c.kind = 'endpoint' and c.stage = p_stage and c.is_active and (p_stage = 'before' or p_kind = any (c.applies_to))
     order by c.name
  loop
    if char_length(p_text) > longest * most then
      perform atelier_engine.note_failed_check(checked, p_item_id, 'the text is too long');
      continue;
    end if;
    -- All of it, in pieces that a prompt has room for.
    for piece in 0 .. greatest(char_length(p_text) - 1, 0) / longest loop
      jobs := jobs || atelier_engine.start_check(checked, p_item_id, substr(p_text, piece * longest + 1, longest), p_picture);
    end loop;
  end loop;
  return array_remove(jobs, null);
end;
$$;
comment on function atelier_engine.start_checks(uuid, text, text, text, text) is
$$Begin with all checks by endpoints that a stage has for an item, which is pending then

Returns their jobs.$$;

create or replace function atelier_engine.conclude_item(p_item_id uuid)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  item atelier.moderation_items;
  status text;
  why text;
begin
  select i.* into item from atelier.moderation_items i where i.id = p_item_id for update;
  if item.status not in ('unchecked', 'pending')
     or exists (select from atelier_engine.moderation_runs r where r.item_id = p_item_id) then
    return;
  end if;
  status := item.verdict;
  why := case when item.categories <> '{}' and status <> 'approved' then
                (select string_agg(k, ', ' order by k) from jsonb_object_keys(item.categories) k)
              when status = 'quarantined' then 'it could not be checked' end;
  if status in ('approved', 'flagged')
     and exists (select from atelier_engine.withheld_content w where w.sha256 = item.sha256) then
    status := 'quarantined';
    why := 'the same content is withheld elsewhere';
  end if;
  perform atelier_engine.set_item_status(
    p_item_id, status, 'checked', null, why, jsonb_build_object('scores', item.categories, 'mode', item.mode));
end;
$$;
comment on function atelier_engine.conclude_item(uuid) is 'The status of an item, once all of its checks have ended';

create or replace function atelier_engine.open_prompt_item(p_job atelier.jobs)
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  words constant text := atelier_engine.text_of_request(p_job);
  scores constant jsonb := atelier_engine.rule_scores('before', 'text', words);
  item_id uuid;
begin
  item_id := atelier_engine.open_item(
    'prompt', p_job.id, p_job, null, scores, atelier_engine.verdict_of(scores, atelier_engine.mode_of(p_job)));
  if p_job.moderation_status = 'pending' then
    -- Until its place in the queue is there nothing can start it.
    insert into atelier_engine.review_holds (job_id) values (p_job.id);
    -- Whatever becomes of a check, what it means is for its policy to say.
    insert into atelier.job_dependencies (job_id, depends_on_job_id, on_failure)
    select p_job.id, c.id, 'start' from unnest(atelier_engine.start_checks(item_id, 'before', 'text', words, null)) c (id);
  elsif p_job.moderation_status = 'quarantined' then
    insert into atelier_engine.review_holds (job_id) values (p_job.id);
  end if;
  perform atelier_engine.conclude_item(item_id);
  return exists (select from atelier_engine.review_holds h where h.job_id = p_job.id);
end;
$$;
comment on function atelier_engine.open_prompt_item(atelier.jobs) is
$$Begin with the prompt of a job that was just stored

Whether the job must wait, for checks or for a moderator.$$;

create or replace function atelier_engine.scores_in(p_result jsonb, p_place text[])
returns jsonb
language sql immutable
begin atomic
  select jsonb_object_agg(e.key, least(greatest((e.value #>> '{}')::numeric, 0), 1)::numeric(4, 3))
    from jsonb_each(case jsonb_typeof(p_result #> p_place) when 'object' then p_result #> p_place end) e
   where jsonb_typeof(e.value) = 'number' and char_length(e.key) between 1 and 100;
end;
comment on function atelier_engine.scores_in(jsonb, text[]) is
  'The scores in an answer of an endpoint, between 0 and 1; null: there are none';

create or replace function atelier_engine.settle_run(p_run atelier_engine.moderation_runs)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  item atelier.moderation_items;
  checked atelier.moderation_checks;
  job atelier.jobs;
  scores jsonb;
begin
  select i.* into item from atelier.moderation_items i where i.id = p_run.item_id;
  -- Queue first, as everywhere.
  if item.subject_kind = 'prompt' then
    perform from atelier_engine.queue q where q.job_id = item.job_id for update;
  end if;
  select i.* into item from atelier.moderation_items i where i.id = p_run.item_id for update;
  delete from atelier_engine.moderation_runs r where r.job_id = p_run.job_id;
  if not found then
    return;
  end if;
  select c.* into checked from atelier.moderation_checks c where c.id = p_run.check_id;
  select j.* into job from atelier.jobs j where j.id = p_run.job_id;
  if job.status = 'completed' then
    select atelier_engine.scores_in(g.result, checked.scores_at) into scores
      from atelier.generations g where g.job_id = job.id;
  end if;
  if scores is null then
    perform atelier_engine.note_failed_check(
      checked, item.id,
      case when job.id is null then 'the job of the check was deleted'
           when job.status = 'completed' then 'the answer has no scores'
           else left(coalesce(job.error_message, 'the job of the check is ' || job.status), 1000) end);
  else
    perform atelier_engine.add_verdict(item.id, scores, atelier_engine.verdict_of(scores, item.mode));
  end if;
  perform atelier_engine.conclude_item(item.id);
end;
$$;
comment on function atelier_engine.settle_run(atelier_engine.moderation_runs) is
  'Take in what an endpoint said about an item, once its job has ended';

create or replace function atelier_engine.moderate_ended(p_job_ids uuid[])
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  ended record;
begin
  for ended in
    select j.id, j.status, j.format, r.job_id is not null as is_check, r::atelier_engine.moderation_runs as run
      from atelier.jobs j
      left join atelier_engine.moderation_runs r on r.job_id = j.id
     where j.id = any (p_job_ids)
     order by j.id
  loop
    if ended.is_check then
      perform atelier_engine.settle_run(ended.run);
    elsif ended.status = 'completed' then
      perform atelier_engine.moderate_results(ended.id);
    elsif ended.format = 'chat' and atelier_engine.texts_are_checked() then
      -- Half an answer is not checked, and hence not kept.
      delete from atelier_engine.text_pieces t
       using atelier_engine.attempts a where a.job_id = ended.id and t.attempt_id = a.id;
    end if;
  end loop;
end;
$$;
comment on function atelier_engine.moderate_ended(uuid[]) is
  'Moderation of jobs that have just ended: results are checked, and what checks said is taken in';

create or replace function atelier_engine.moderate_results(p_job_id uuid)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  job atelier.jobs;
  output record;
  answer text;
begin
  select j.* into job
    from atelier.jobs j
   where j.id = p_job_id
     -- What a check itself answers is no result of anybody's.
     and not exists (select from atelier.moderation_checks c where c.api_model_id = j.api_model_id and c.run_as = j.user_id);
  if not found then
    return;
  end if;
  for output in
    select o.id, o.bucket_id || '/' || o.name as place, o.metadata ->> 'sha256' as sha256,
           split_part(o.metadata ->> 'mimetype', '/', 1) as kind
      from (select 'workspace-temp' as bucket_id, a.temp_storage_path as name
              from atelier.workspace_assets a where a.job_id = job.id
             union all
            select 'user-library', l.storage_path from atelier.user_library l where l.source_job_id = job.id) f
      join storage.objects o on o.bucket_id = f.bucket_id and o.name = f.name
     order by o.id
  loop
    perform atelier_engine.moderate_asset(job, output.id, output.place, output.sha256, output.kind);
  end loop;
  select coalesce(g.output_text, g.result::text) into answer from atelier.generations g where g.job_id = job.id;
  if answer is not null and atelier_engine.texts_are_checked() then
    perform atelier_engine.moderate_text(job, answer);
  end if;
end;
$$;
comment on function atelier_engine.moderate_results(uuid) is
  'Check what a completed job has made, in the transaction in which it becomes visible';

create or replace function atelier_engine.moderate_asset(
  p_job atelier.jobs, p_object_id uuid, p_place text, p_sha256 text, p_kind text
)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  known constant boolean := exists (select from atelier_engine.withheld_content w where w.sha256 = p_sha256);
  item_id uuid;
begin
  if not known and not exists (
    select from atelier.moderation_checks c
     where c.kind = 'endpoint' and c.stage = 'after' and c.is_active and p_kind = any (c.applies_to)) then
    return;
  end if;
  item_id := atelier_engine.open_item('asset', p_object_id, p_job, p_sha256, '{}', 'approved');
  if item_id is null then
    return;
  end if;
  if not known then
    perform atelier_engine.start_checks(item_id, 'after', p_kind, left(p_job.original_prompt, 10000), p_place);
  end if;
  perform atelier_engine.conclude_item(item_id);
end;
$$;
comment on function atelier_engine.moderate_asset(atelier.jobs, uuid, text, text, text) is
  'Begin with an asset that was just made: withheld while it is checked, and when the same bytes are withheld elsewhere';

create or replace function atelier_engine.moderate_text(p_job atelier.jobs, p_text text)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  -- More than this would keep the results of others waiting: it is for a moderator to read.
  longest constant integer := 200000;
  too_long constant boolean := char_length(p_text) > longest;
  scores constant jsonb := atelier_engine.rule_scores('after', 'text', left(p_text, longest));
  item_id uuid;
begin
  item_id := atelier_engine.open_item(
    'text', p_job.id, p_job, null, scores,
    atelier_engine.graver(atelier_engine.verdict_of(scores, atelier_engine.mode_of(p_job)),
                          case when too_long then 'quarantined' else 'approved' end));
  if item_id is null then
    return;
  end if;
  if not too_long and exists (
    select from atelier.moderation_checks c
     where c.kind = 'endpoint' and c.stage = 'after' and c.is_active and 'text' = any (c.applies_to)) then
    perform atelier_engine.start_checks(item_id, 'after', 'text', p_text, null);
  end if;
  perform atelier_engine.conclude_item(item_id);
end;
$$;
comment on function atelier_engine.moderate_text(atelier.jobs, text) is
  'Begin with an answer that has just come: withheld while it is checked';

create or replace function atelier_engine.texts_are_checked()
returns boolean
language sql stable
begin atomic
  select exists (select from atelier.moderation_checks c
                  where c.stage = 'after' and c.is_active and 'text' = any (c.applies_to));
end;
comment on function atelier_engine.texts_are_checked() is 'Whether answers are checked before anybody reads them';

create or replace function atelier_engine.text_is_being_checked(p_job atelier.jobs)
returns boolean
language sql stable
begin atomic
  select case when (p_job).completed_at is null then atelier_engine.texts_are_checked()
              else exists (select from atelier.moderation_items i
                            where i.subject_kind = 'text' and i.subject_id = (p_job).id and i.status = 'pending') end;
end;
comment on function atelier_engine.text_is_being_checked(atelier.jobs) is
  'Whether nothing of an answer may be shown yet, because it comes or is being checked';

create or replace function atelier_engine.settle_missed_checks(p_limit integer)
returns integer
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  missed atelier_engine.moderation_runs;
  recent record;
  abandoned uuid;
  settled integer := 0;
begin
  for missed in
    select r.*
      from atelier_engine.moderation_runs r
     where not exists (select from atelier.jobs j where j.id = r.job_id and j.status in ('queued', 'processing'))
     order by r.job_id
     limit p_limit
  loop
    perform atelier_engine.settle_run(missed);
    settled := settled + 1;
  end loop;
  -- Whoever deletes a check does not approve what it was to look at.
  for abandoned in
    select i.id
      from atelier.moderation_items i
     where i.status = 'pending' and not exists (select from atelier_engine.moderation_runs r where r.item_id = i.id)
     order by i.id
     limit p_limit
  loop
    perform from atelier.moderation_items i
       join atelier_engine.queue q on q.job_id = i.job_id where i.id = abandoned and i.subject_kind = 'prompt' for update of q;
    perform atelier_engine.add_verdict(abandoned, '{}', 'quarantined');
    perform atelier_engine.conclude_item(abandoned);
    settled := settled + 1;
  end loop;
  -- The same bytes may have been made in a transaction that did not see yet that they are withheld.
  for recent in
    select w.sha256, i.status
      from atelier_engine.withheld_content w
      join atelier.moderation_items i on i.id = w.item_id
     where w.created_at > clock_timestamp() - interval '10 minutes' and i.status in ('quarantined', 'rejected')
       and exists (select from storage.objects o
                    where o.metadata ->> 'sha256' = w.sha256 and (o.metadata ? 'moderation') is not true)
     limit p_limit
  loop
    perform atelier_engine.set_content_status(recent.sha256, recent.status);
  end loop;
  return settled;
end;
$$;
comment on function atelier_engine.settle_missed_checks(integer) is
$$For the janitor: checks whose jobs have ended or are gone without anybody noticing, items whose checks were deleted, and copies
that nobody saw

Returns how many checks and items it settled.$$;
