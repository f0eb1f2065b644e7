-- Jobs: schedules, as their owners call them.

create or replace function atelier.create_schedule(
  name text,
  request jsonb,
  cron text default null,
  every interval default null,
  time_zone text default 'UTC',
  misfire_policy text default 'once',
  starts_at timestamptz default null,
  ends_at timestamptz default null
)
returns atelier.schedules
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  most constant integer := 100;
  caller constant uuid := auth.uid();
  asked atelier_engine.job_request;
  made atelier.schedules;
begin
  perform atelier_engine.assert_json_object('request', create_schedule.request, 262144);
  asked := atelier_engine.request_of(create_schedule.request);
  perform atelier_engine.assert_may_submit(caller, asked.priority);
  if create_schedule.request ?| '{run_at,idempotency_key,depends_on}' then
    raise invalid_parameter_value using
      message = 'a scheduled request has no run_at, idempotency_key or depends_on',
      hint = 'The schedule says when each run starts; each is a job of its own.';
  end if;
  perform atelier_engine.prepare_job(caller, asked);
  if coalesce(create_schedule.name, '') !~ '\S' or char_length(create_schedule.name) > 100 then
    raise invalid_parameter_value using message = 'a schedule needs a name of at most 100 characters';
  end if;
  if num_nonnulls(create_schedule.cron, create_schedule.every) <> 1 then
    raise invalid_parameter_value using
      message = 'a schedule needs either cron or every', hint = 'For example every => ''6 hours'', or cron => ''0 9 * * mon-fri''.';
  end if;
  if extract(month from create_schedule.every) <> 0 or extract(year from create_schedule.every) <> 0
     or create_schedule.every not between interval '1 minute' and interval '366 days' then
    raise invalid_parameter_value using
      message = 'every is out of range', detail = 'It is from 1 minute to 366 days, without months.',
      hint = 'For months there is cron, such as @monthly.';
  end if;
  if coalesce(create_schedule.misfire_policy, '') not in ('skip', 'once', 'all') then
    raise invalid_parameter_value using message = 'unknown misfire_policy', hint = 'Use skip, once or all.';
  end if;
  perform from atelier.schedules s where s.user_id = caller offset most - 1 limit 1;
  if found then
    raise sqlstate 'PT409' using
      message = 'too many schedules', detail = format('The limit is %s.', most), hint = 'Delete one first.';
  end if;

  made.starts_at := coalesce(create_schedule.starts_at, clock_timestamp());
  made.cron := create_schedule.cron;
  made.every := create_schedule.every;
  made.time_zone := create_schedule.time_zone;
  made.ends_at := create_schedule.ends_at;
  made.next_run_at := atelier_engine.next_run(made, clock_timestamp());
  if made.next_run_at is null then
    raise invalid_parameter_value using
      message = 'the schedule would never run', hint = 'Look at cron, starts_at and ends_at.';
  end if;
  insert into atelier.schedules as s (
    user_id, name, request, cron, every, time_zone, misfire_policy, starts_at, ends_at, next_run_at)
  values (caller, create_schedule.name, create_schedule.request, made.cron, made.every, made.time_zone,
          create_schedule.misfire_policy, made.starts_at, made.ends_at, made.next_run_at)
  returning s.* into made;
  perform atelier_engine.wake_janitor();
  return made;
end;
$$;
grant execute on function
  atelier.create_schedule(text, jsonb, text, interval, text, text, timestamptz, timestamptz) to authenticated, service_role;
comment on function atelier.create_schedule(text, jsonb, text, interval, text, text, timestamptz, timestamptz) is
$$Queue a job again and again

`request` is an object whose keys are the arguments of queue_job(). Either `cron` says when, with five fields (minute,
hour, day of the month, month, day of the week) on the clocks of `time_zone`, or `every` how often, counted from
`starts_at`. A time of the day that is skipped when clocks change comes as much later; one that comes twice counts once.
What was missed by more than five minutes, because the server was down or the schedule was running late, goes by
`misfire_policy`: skip, once (one job for all that was missed) or all (a job for each, 100 at most).
A run that cannot queue its job (the model is gone, too many unfinished jobs) is skipped and says so in last_error; ten
in a row pause the schedule. 100 schedules per person.
Errors as queue_job(), and PT409 (too many schedules).$$;

create or replace function atelier_engine.own_schedule(p_schedule_id uuid)
returns atelier.schedules
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  own atelier.schedules;
begin
  select s.* into own
    from atelier.schedules s
   where s.id = p_schedule_id and (s.user_id = auth.uid() or atelier_engine.is_service_role())
     for update;
  if not found then
    raise sqlstate 'PT404' using
      message = 'no such schedule', hint = 'It does not exist or belongs to somebody else.';
  end if;
  return own;
end;
$$;
comment on function atelier_engine.own_schedule(uuid) is
$$A schedule of the caller, locked

Raises PT404.$$;

create or replace function atelier.pause_schedule(schedule_id uuid)
returns atelier.schedules
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  own atelier.schedules := atelier_engine.own_schedule(pause_schedule.schedule_id);
begin
  update atelier.schedules s set is_active = false where s.id = own.id returning s.* into own;
  return own;
end;
$$;
grant execute on function atelier.pause_schedule(uuid) to authenticated, service_role;
comment on function atelier.pause_schedule(uuid) is
$$Let a schedule rest

Jobs that it has queued go on. For the owner and the service role, else PT404.$$;

create or replace function atelier.resume_schedule(schedule_id uuid)
returns atelier.schedules
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  own atelier.schedules := atelier_engine.own_schedule(resume_schedule.schedule_id);
begin
  if not own.is_active then
    update atelier.schedules s
       set is_active = true, failure_count = 0, next_run_at = atelier_engine.next_run(own, clock_timestamp())
     where s.id = own.id
    returning s.* into own;
    perform atelier_engine.wake_janitor();
  end if;
  return own;
end;
$$;
grant execute on function atelier.resume_schedule(uuid) to authenticated, service_role;
comment on function atelier.resume_schedule(uuid) is
$$Let a paused schedule go on

From its next time on; what it would have done while it was paused was not missed. For the owner and the service role,
else PT404.$$;
