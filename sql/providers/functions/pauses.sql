-- Providers: pausing and draining endpoints, models, lanes and users. For administrators and the back end.

create or replace function atelier_engine.assert_operator()
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if not (atelier_engine.is_service_role() or atelier_engine.user_has_role(auth.uid(), 'admin')) then
    raise insufficient_privilege using
      message = 'only administrators and the service role may do this',
      hint = 'Ask whoever runs the service.';
  end if;
end;
$$;
comment on function atelier_engine.assert_operator() is
$$Refuse everybody but administrators and the back end itself

Raises 42501.$$;

create or replace function atelier_engine.pause_target(p_kind text, p_name text)
returns atelier.pauses
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  target atelier.pauses;
begin
  case p_kind
    when 'endpoint' then
      select e.id into target.endpoint_id from atelier.endpoints e where e.name = p_name;
    when 'model' then
      select m.id into target.model_id from atelier.api_models m where m.model_key = p_name;
    when 'lane' then
      select v.id into target.provider_id from atelier.api_providers v where v.name = p_name;
    when 'user' then
      select p.id into target.user_id from atelier.profiles p where p.id::text = lower(p_name);
    else
      raise invalid_parameter_value using
        message = 'unknown kind', detail = format('Got %s.', coalesce(quote_ident(left(p_kind, 60)), 'null')),
        hint = 'Use endpoint, model, lane or user.';
  end case;
  if num_nonnulls(target.endpoint_id, target.model_id, target.provider_id, target.user_id) = 0 then
    raise sqlstate 'PT404' using
      message = format('no such %s', p_kind),
      hint = case p_kind when 'endpoint' then 'Name it as in atelier.endpoints.'
                         when 'model' then 'Use its model_key.'
                         when 'lane' then 'A lane has the name of its provider.'
                         else 'Use the id of the user.' end;
  end if;
  return target;
end;
$$;
comment on function atelier_engine.pause_target(text, text) is
$$What the caller of pause_work() names, as a row of pauses

Raises 22023 for an unknown kind, PT404 for what does not exist.$$;

create or replace function atelier_engine.put_pause(
  p_mode text, p_kind text, p_name text, p_reason text, p_ends_at timestamptz
)
returns atelier.pauses
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  target atelier.pauses;
  made atelier.pauses;
begin
  perform atelier_engine.assert_operator();
  target := atelier_engine.pause_target(p_kind, p_name);
  if p_ends_at <= clock_timestamp() then
    raise invalid_parameter_value using message = 'ends_at is in the past', hint = 'Leave it out, or name a later time.';
  end if;
  delete from atelier.pauses p
   where p.endpoint_id = target.endpoint_id or p.model_id = target.model_id or p.provider_id = target.provider_id
      or p.user_id = target.user_id;
  insert into atelier.pauses (created_by, endpoint_id, model_id, provider_id, user_id, mode, reason, ends_at)
  values (case when not atelier_engine.is_service_role() then auth.uid() end, target.endpoint_id, target.model_id,
          target.provider_id, target.user_id, p_mode, p_reason, p_ends_at)
  returning * into made;
  perform atelier_engine.wake_dispatcher();
  return made;
end;
$$;
comment on function atelier_engine.put_pause(text, text, text, text, timestamptz) is
  'Pause or drain, in place of what was decided about the same thing before';

create or replace function atelier.pause_work(
  kind text, name text, reason text default null, ends_at timestamptz default null
)
returns atelier.pauses
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return atelier_engine.put_pause('pause', pause_work.kind, pause_work.name, pause_work.reason, pause_work.ends_at);
end;
$$;
grant execute on function atelier.pause_work(text, text, text, timestamptz) to authenticated, service_role;
comment on function atelier.pause_work(text, text, text, timestamptz) is
$$Start nothing more at an endpoint, of a model, of a lane or of a user

kind is endpoint, model, lane or user; name is the endpoint's name, the model_key, the provider's name (its models are a
lane: they compete for the same endpoints), or the id of the user. What is on its way goes on; what is queued waits, and
new jobs are accepted and wait, too, until resume_work() is called or ends_at has come. Holds from the next claim on. For
administrators and the service role (42501). Fails with PT404 (no such thing) or 22023.$$;

create or replace function atelier.drain_work(
  kind text, name text, reason text default null, ends_at timestamptz default null
)
returns atelier.pauses
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  return atelier_engine.put_pause('drain', drain_work.kind, drain_work.name, drain_work.reason, drain_work.ends_at);
end;
$$;
grant execute on function atelier.drain_work(text, text, text, timestamptz) to authenticated, service_role;
comment on function atelier.drain_work(text, text, text, timestamptz) is
$$Let an endpoint, a model, a lane or a user run dry

An endpoint gets no more requests, and those that it has are finished; then endpoint_health says drained. For a model, a
lane or a user queue_job() refuses new jobs (PT503), and those that are queued are carried out. Arguments, rights and
errors as for pause_work(); resume_work() ends it.$$;

create or replace function atelier.resume_work(kind text, name text)
returns boolean
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  target atelier.pauses;
begin
  perform atelier_engine.assert_operator();
  target := atelier_engine.pause_target(resume_work.kind, resume_work.name);
  delete from atelier.pauses p
   where p.endpoint_id = target.endpoint_id or p.model_id = target.model_id or p.provider_id = target.provider_id
      or p.user_id = target.user_id;
  if not found then
    return false;
  end if;
  perform atelier_engine.wake_dispatcher();
  return true;
end;
$$;
grant execute on function atelier.resume_work(text, text) to authenticated, service_role;
comment on function atelier.resume_work(text, text) is
$$End a pause or a drain

False when there was none. Arguments, rights and errors as for pause_work().$$;

create or replace function atelier_engine.assert_accepts_jobs(p_user_id uuid, p_model_id uuid)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  drained record;
begin
  select p.reason, p.ends_at,
         case when p.user_id is not null then 'no more jobs are taken from this account'
              else 'no more jobs are taken for this model' end as message
    into drained
    from atelier_engine.active_pauses p
   where p.mode = 'drain'
     and (p.user_id = p_user_id or p.model_id = p_model_id
          or p.provider_id = (select m.provider_id from atelier.api_models m where m.id = p_model_id))
   limit 1;
  if found then
    raise sqlstate 'PT503' using
      message = drained.message, detail = coalesce(drained.reason, ''),
      hint = case when drained.ends_at is not null then format('Try again after %s.', drained.ends_at)
                  else 'Try another model, or later.' end;
  end if;
end;
$$;
comment on function atelier_engine.assert_accepts_jobs(uuid, uuid) is
$$Refuse a new job of a user, for a model or in a lane that is being drained

Raises PT503.$$;

-- PL/pgSQL, which keeps its plan: this is asked with every new job.
create or replace function atelier_engine.user_is_paused(p_user_id uuid)
returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return exists (
    select from atelier.pauses p
     where p.user_id = p_user_id and p.mode = 'pause' and (p.ends_at is null or p.ends_at > clock_timestamp()));
end;
$$;
comment on function atelier_engine.user_is_paused(uuid) is 'Whether nothing of a user may start';
