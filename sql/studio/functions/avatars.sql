-- Studio: pictures that administrators ask for.

create or replace function atelier_engine.slug(p_name text)
returns text
language sql immutable
begin atomic
  select nullif(left(btrim(regexp_replace(lower(p_name), '[^a-z0-9]+', '-', 'g'), '-'), 60), '');
end;
comment on function atelier_engine.slug(text) is
  'A name as it stands in addresses: small letters, digits and single hyphens; null when nothing is left of it';

create or replace function atelier.generate_admin_image(
  prompt text, model text default null, parameters jsonb default '{}', negative_prompt text default null,
  job_type text default null
)
returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  job atelier.jobs;
begin
  perform atelier_engine.assert_operator();
  job := atelier.queue_job(
    prompt => generate_admin_image.prompt, model => generate_admin_image.model,
    parameters => generate_admin_image.parameters, negative_prompt => generate_admin_image.negative_prompt,
    job_type => generate_admin_image.job_type, metadata => jsonb_build_object('source', 'generate_admin_image'));
  return jsonb_build_object('success', true, 'jobId', job.id, 'status', job.status, 'message', 'queued');
end;
$$;
grant execute on function atelier.generate_admin_image(text, text, jsonb, text, text) to authenticated, service_role;
comment on function atelier.generate_admin_image(text, text, jsonb, text, text) is
$$Ask for a picture as an administrator

queue_job() as the caller, and the picture comes into the workspace. Returns success, jobId, status and message. For
administrators (42501); else fails as queue_job().$$;

create or replace function atelier.generate_avatars(names text[], model text default null, prompt text default null)
returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  most_names constant integer := 50;
  person record;
  job atelier.jobs;
  results jsonb := jsonb_build_array();
begin
  perform atelier_engine.assert_operator();
  perform atelier_engine.assert_signed_in();
  if coalesce(cardinality(names), 0) not between 1 and most_names
     or exists (select from unnest(names) n (name) where atelier_engine.slug(n.name) is null or char_length(n.name) > 200) then
    raise invalid_parameter_value using
      message = 'invalid names', detail = 'Each is of at most 200 characters, with a letter or a digit.',
      hint = 'Name 1 to 50 people.';
  end if;
  for person in select n.name, atelier_engine.slug(n.name) as slug from unnest(names) with ordinality n (name, place) order by n.place
  loop
    job := atelier.queue_job(
      prompt => concat_ws(', ', format('portrait of %s, head and shoulders, plain background, soft light', person.name),
                          nullif(btrim(generate_avatars.prompt), '')),
      model => generate_avatars.model, metadata => jsonb_build_object('source', 'generate_avatars', 'slug', person.slug));
    insert into atelier_engine.avatar_requests (job_id, name, slug) values (job.id, person.name, person.slug);
    results := results || jsonb_build_object(
      'name', person.name, 'success', true, 'jobId', job.id, 'status', job.status,
      'path', format('avatars/characters/%s.png', person.slug));
  end loop;
  return jsonb_build_object('success', true, 'results', results);
end;
$$;
grant execute on function atelier.generate_avatars(text[], text, text) to authenticated, service_role;
comment on function atelier.generate_avatars(text[], text, text) is
$$Ask for a portrait for each name, for everybody to see

Queues a job for each, all or none, as queue_job() as the caller. When a job is completed, its first picture becomes
avatars/characters/SLUG.png (in place of an earlier one; the extension is that of the picture), within a round of the
janitor. Returns results: of each name success, jobId, status and path. For administrators (42501), signed in (PT401);
22023 for other than 1 to 50 names; else fails as queue_job().$$;

create or replace function atelier_engine.publish_avatars()
returns integer
language plpgsql volatile
set search_path = pg_catalog, pg_temp
-- Supabase refuses deletes in storage.objects that do not say they mean it.
set storage.can_delete = 'true'
as $$
declare
  request record;
  target text;
  published integer := 0;
begin
  for request in
    select r.job_id, r.slug, j.status, a.temp_storage_path, a.moderation_status, j.user_id
      from atelier_engine.avatar_requests r
      left join atelier.jobs j on j.id = r.job_id
      left join atelier.workspace_assets a on a.job_id = r.job_id and a.asset_index = 0 and a.asset_type = 'image'
     where j.id is null or (j.completed_at is not null and a.moderation_status is distinct from 'pending')
     order by r.requested_at, r.job_id
     limit 100
       for update of r skip locked
  loop
    -- What moderation flags is for its owner alone.
    if request.status = 'completed' and request.moderation_status in ('unchecked', 'approved') then
      target := format('characters/%s.%s', request.slug, storage.extension(request.temp_storage_path));
      delete from storage.objects o
       where o.bucket_id = 'avatars' and starts_with(o.name, 'characters/' || request.slug || '.') and o.owner is null;
      begin
        perform atelier_engine.copy_object('workspace-temp', request.temp_storage_path, 'avatars', target, null);
        published := published + 1;
      exception when sqlstate 'PT404' or sqlstate 'PT409' or sqlstate 'PT413' or sqlstate 'PT415' or unique_violation or data_corrupted
                  or invalid_parameter_value then
        insert into atelier.user_activity_log (user_id, action, resource_type, resource_id, metadata)
        values (request.user_id, 'avatar_not_published', 'job', request.job_id::text,
                jsonb_build_object('slug', request.slug, 'error', left(sqlerrm, 1000)));
      end;
    end if;
    delete from atelier_engine.avatar_requests r where r.job_id = request.job_id;
  end loop;
  return published;
end;
$$;
comment on function atelier_engine.publish_avatars() is
$$Copy the pictures of finished avatar jobs to where everybody sees them

What moderation still looks at waits. Requests whose job failed or is gone, or whose picture is gone or withheld, are
forgotten; why a picture could not be published is in the activity log. Returns how many were published.$$;
