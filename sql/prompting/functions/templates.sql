-- Prompting: versions of templates, and which one fits.

create or replace function atelier_engine.guard_prompt_template()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  -- What says whether a version is in use, who made it, and what people remark.
  free constant text[] := array['is_active', 'published_at', 'retired_at', 'updated_at', 'created_by', 'comment'];
begin
  if tg_op = 'INSERT' then
    -- Two at a time get the same number, and one of them is refused by the key.
    new.version := coalesce(new.version, (
      select coalesce(max(t.version), 0) + 1
        from atelier.prompt_templates t
       where t.enhancer_model = new.enhancer_model and t.use_case = new.use_case
         and t.content_mode = new.content_mode and t.template_name = new.template_name));
    if not atelier_engine.restoring() then
      new.published_at := case when new.is_active then now() end;
      new.retired_at := null;
    end if;
    return new;
  end if;
  if old.published_at is not null
     and (tg_op = 'DELETE' or to_jsonb(new) - free is distinct from to_jsonb(old) - free) then
    raise sqlstate 'PT409' using
      message = 'a published template stays as it is',
      detail = format('Version %s of %s was published.', old.version, old.template_name),
      hint = 'Insert a new version and publish that with publish_prompt_template().';
  end if;
  if tg_op = 'DELETE' then
    return old;
  end if;
  new.published_at := coalesce(old.published_at, case when new.is_active then now() end);
  new.retired_at := case when not new.is_active then case when old.is_active then now() else old.retired_at end end;
  return new;
end;
$$;
comment on function atelier_engine.guard_prompt_template() is
$$Trigger: numbers versions of templates and keeps those that were published as they are

Says when a version was published and retired. A change or the end of a published one is PT409.$$;

create or replace function atelier_engine.assert_content_mode(p_user_id uuid, p_content_mode atelier.content_mode)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if p_content_mode is null then
    raise invalid_parameter_value using
      message = 'there is no content mode',
      detail = 'Got null.',
      hint = 'Give sfw or nsfw.';
  end if;
  if p_content_mode = 'nsfw' and not exists (
    select from atelier.profiles p where p.id = p_user_id and p.age_verified and p.is_active) then
    raise insufficient_privilege using
      message = 'this content mode is for people whose age is verified',
      detail = 'The profile of the user says nothing of the kind.',
      hint = 'Ask for sfw, or set birth_date in the profile.';
  end if;
end;
$$;
comment on function atelier_engine.assert_content_mode(uuid, atelier.content_mode) is
$$Refuse nsfw to everybody whose age is not verified

Administrators and the service role for nobody in particular included. Raises 42501; 22023 without a content mode.$$;

create or replace function atelier.publish_prompt_template(template_id uuid)
returns atelier.prompt_templates
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  chosen atelier.prompt_templates;
begin
  perform atelier_engine.assert_operator();
  select t.* into chosen from atelier.prompt_templates t where t.id = template_id;
  if not found then
    raise sqlstate 'PT404' using
      message = 'there is no such template',
      detail = format('No template has the id %s.', coalesce(template_id::text, 'null')),
      hint = 'Look into atelier.prompt_templates.';
  end if;
  -- All versions, in one order: two who publish at the same time come one after the other.
  perform from atelier.prompt_templates t
    where t.enhancer_model = chosen.enhancer_model and t.use_case = chosen.use_case
      and t.content_mode = chosen.content_mode and t.template_name = chosen.template_name
    order by t.version
      for update;
  update atelier.prompt_templates t
     set is_active = false
   where t.enhancer_model = chosen.enhancer_model and t.use_case = chosen.use_case
     and t.content_mode = chosen.content_mode and t.template_name = chosen.template_name
     and t.is_active and t.id <> template_id;
  update atelier.prompt_templates t set is_active = true where t.id = template_id and not t.is_active;
  select t.* into chosen from atelier.prompt_templates t where t.id = template_id;
  return chosen;
end;
$$;
grant execute on function atelier.publish_prompt_template(uuid) to authenticated, service_role;
comment on function atelier.publish_prompt_template(uuid) is
$$Put a version of a template into use

Retires the version that was in use; a retired one can be published again. From then on it cannot be changed. For
administrators and the service role, else 42501; PT404 for an unknown one. Returns the template.$$;

create or replace function atelier.retire_prompt_template(template_id uuid)
returns atelier.prompt_templates
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  chosen atelier.prompt_templates;
begin
  perform atelier_engine.assert_operator();
  select t.* into chosen from atelier.prompt_templates t where t.id = template_id for update;
  if not found then
    raise sqlstate 'PT404' using
      message = 'there is no such template',
      detail = format('No template has the id %s.', coalesce(template_id::text, 'null')),
      hint = 'Look into atelier.prompt_templates.';
  end if;
  if chosen.published_at is null then
    raise sqlstate 'PT409' using
      message = 'a draft cannot be retired',
      detail = format('Version %s of %s was never published.', chosen.version, chosen.template_name),
      hint = 'Delete it, or leave it as it is.';
  end if;
  update atelier.prompt_templates t set is_active = false where t.id = template_id and t.is_active;
  select t.* into chosen from atelier.prompt_templates t where t.id = template_id;
  return chosen;
end;
$$;
grant execute on function atelier.retire_prompt_template(uuid) to authenticated, service_role;
comment on function atelier.retire_prompt_template(uuid) is
$$Take a version of a template out of use

It stays readable, and no other takes its place. For administrators and the service role, else 42501; PT404 for an
unknown one, PT409 for a draft. Returns the template.$$;

create or replace function atelier_engine.match_template_anew(
  p_enhancer_model text, p_use_case text, p_content_mode atelier.content_mode, p_job_type text, p_target_model text
)
returns atelier_engine.template_match
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
  select row(1 + f.any_target::integer + 2 * f.any_job::integer + 4 * f.any_enhancer::integer + 8 * f.milder::integer,
             coalesce(nullif(concat_ws(', ', case when f.any_target then 'any target model' end,
                                       case when f.any_job then 'any job type' end,
                                       case when f.any_enhancer then 'any enhancer model' end,
                                       case when f.milder then 'sfw' end), ''), 'exact'),
             -- Who made it and what is remarked is for administrators.
             jsonb_populate_record(f.template, '{"created_by": null, "comment": null}'))::atelier_engine.template_match
    from (select t as template,
                 t.target_model is null and p_target_model is not null as any_target,
                 t.job_type is null and p_job_type is not null as any_job,
                 t.enhancer_model <> p_enhancer_model as any_enhancer,
                 t.content_mode <> p_content_mode as milder
            from atelier.prompt_templates t
           where t.is_active
             and t.use_case = p_use_case
             and t.content_mode in (p_content_mode, 'sfw')
             and t.enhancer_model in (p_enhancer_model, 'any')
             and (t.job_type is null or t.job_type = p_job_type)
             and (t.target_model is null or t.target_model = p_target_model)) f
   order by f.any_target::integer + 2 * f.any_job::integer + 4 * f.any_enhancer::integer + 8 * f.milder::integer,
            (f.template).published_at desc, (f.template).template_name
   limit 1;
end;
comment on function atelier_engine.match_template_anew(text, text, atelier.content_mode, text, text) is
  'What resolve_prompt_template() finds, read from the table; null: no template fits';

create or replace function atelier_engine.match_template(
  p_enhancer_model text, p_use_case text, p_content_mode atelier.content_mode, p_job_type text, p_target_model text
)
returns atelier_engine.template_match
language c volatile
as 'MODULE_PATHNAME', 'atelier_match_template';
comment on function atelier_engine.match_template(text, text, atelier.content_mode, text, text) is
$$match_template_anew(), remembered by the session until a change of templates is committed

The caller has seen to it that the person may have this content mode. Read from the table without being remembered while
somebody changes templates, by a transaction that did so itself, above read committed, and on a standby.$$;

create or replace function atelier.resolve_prompt_template(
  enhancer_model text,
  use_case text,
  content_mode atelier.content_mode default 'sfw',
  job_type text default null,
  target_model text default null,
  p_user_id uuid default null
)
returns table (step integer, matched text, template atelier.prompt_templates)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  wanted_enhancer constant text := enhancer_model;
  wanted_use constant text := use_case;
  wanted_mode constant atelier.content_mode := content_mode;
  wanted_job constant text := job_type;
  wanted_target constant text := target_model;
  found_match atelier_engine.template_match;
begin
  if p_user_id is not null then
    perform atelier_engine.assert_acting_for(p_user_id);
  else
    perform atelier_engine.assert_known_caller();
  end if;
  perform atelier_engine.assert_content_mode(coalesce(p_user_id, auth.uid()), wanted_mode);
  if wanted_enhancer is null or wanted_use is null then
    raise invalid_parameter_value using
      message = 'a template is looked up by enhancer model and use case',
      detail = format('Got %s and %s.', coalesce(wanted_enhancer, 'null'), coalesce(wanted_use, 'null')),
      hint = 'Give both, for example qwen_instruct and enhancement.';
  end if;
  if wanted_job not in ('chat', 'image', 'video') then
    raise invalid_parameter_value using
      message = 'there is no such kind of job',
      detail = format('Got %s.', wanted_job),
      hint = 'It is chat, image, video or null.';
  end if;

  found_match := atelier_engine.match_template(wanted_enhancer, wanted_use, wanted_mode, wanted_job, wanted_target);
  if found_match.step is null then
    raise sqlstate 'PT404' using
      message = 'no template fits',
      detail = format('Asked for enhancer model %s, use case %s, content mode %s, job type %s, target model %s.',
                      wanted_enhancer, wanted_use, wanted_mode, coalesce(wanted_job, 'any'), coalesce(wanted_target, 'any')),
      hint = 'Publish one with enhancer_model any, without job_type and target_model: it serves whatever else is asked for.';
  end if;
  return query select found_match.step, found_match.matched, found_match.template;
end;
$$;
grant execute on function atelier.resolve_prompt_template(text, text, atelier.content_mode, text, text, uuid)
  to authenticated, service_role;
comment on function atelier.resolve_prompt_template(text, text, atelier.content_mode, text, text, uuid) is
$$The template in use that fits best

The use case must be the same; the rest is given up in this order: target model, job type, enhancer model (templates of
any), and last nsfw for sfw. sfw never becomes nsfw. matched says what was given up (exact: nothing), and step counts:
1, plus 1 for any target model, 2 for any job type, 4 for any enhancer model, 8 for sfw instead of nsfw; the least wins,
and among equals the template that was published last. The template comes without comment and created_by. nsfw is for people whose age is verified, administrators
included, and acting for somebody else for the service role, else 42501. PT404 when no template fits, 22023 for an
unknown job type or without enhancer model and use case.$$;
