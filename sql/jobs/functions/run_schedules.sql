-- Jobs: what the janitor does with schedules.

create or replace function atelier_engine.next_run(p_schedule atelier.schedules, p_after timestamptz)
returns timestamptz
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  since constant numeric := extract(epoch from p_after - p_schedule.starts_at);
  seconds constant numeric := extract(epoch from p_schedule.every);
  next timestamptz;
begin
  if p_schedule.cron is not null then
    next := atelier_engine.next_cron_time(
      p_schedule.cron, greatest(p_after, p_schedule.starts_at - interval '1 microsecond'), p_schedule.time_zone);
  elsif since < 0 then
    next := p_schedule.starts_at;
  else
    next := p_schedule.starts_at + make_interval(secs => ((floor(since / seconds) + 1) * seconds)::double precision);
  end if;
  return case when next <= coalesce(p_schedule.ends_at, 'infinity') then next end;
end;
$$;
comment on function atelier_engine.next_run(atelier.schedules, timestamptz) is
  'When a schedule runs next after a time; null: never again';

create or replace function atelier_engine.due_runs(p_schedule atelier.schedules, p_now timestamptz)
returns timestamptz[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  lateness constant interval := interval '5 minutes';
  most constant integer := 100;
  run timestamptz := p_schedule.next_run_at;
  runs timestamptz[] := array[]::timestamptz[];
begin
  if p_schedule.misfire_policy = 'once' and run < p_now - lateness then
    return array[run];
  elsif p_schedule.misfire_policy = 'skip' and run < p_now - lateness then
    run := atelier_engine.next_run(p_schedule, p_now - lateness);
  end if;
  while run <= p_now and cardinality(runs) < most loop
    runs := runs || run;
    run := atelier_engine.next_run(p_schedule, run);
  end loop;
  return runs;
end;
$$;
comment on function atelier_engine.due_runs(atelier.schedules, timestamptz) is
  'Which runs of a schedule are to be made up for now, by its misfire policy';

create or replace function atelier_engine.run_schedule(p_schedule atelier.schedules)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  moment constant timestamptz := clock_timestamp();
  most_failures constant integer := 10;
  request atelier_engine.job_request;
  run timestamptz;
  made integer := 0;
  failures integer := p_schedule.failure_count;
  problem text;
begin
  foreach run in array atelier_engine.due_runs(p_schedule, moment) loop
    begin
      request := atelier_engine.request_of(p_schedule.request);
      request.run_at := run;
      perform atelier_engine.assert_may_submit(p_schedule.user_id, 0);
      perform atelier_engine.submit(p_schedule.user_id, request, null, p_schedule.id);
      made := made + 1;
      failures := 0;
    exception
      when serialization_failure or deadlock_detected then
        raise;
      when others then
        failures := failures + 1;
        get stacked diagnostics problem = message_text;
    end;
    exit when failures >= most_failures;
  end loop;
  update atelier.schedules s
     set next_run_at = atelier_engine.next_run(p_schedule, moment),
         last_run_at = case when made > 0 then moment else s.last_run_at end,
         run_count = s.run_count + made, failure_count = failures,
         is_active = failures < most_failures, last_error = coalesce(left(problem, 1000), s.last_error)
   where s.id = p_schedule.id;
end;
$$;
comment on function atelier_engine.run_schedule(atelier.schedules) is
$$Queue what a schedule is due for, and set its next time

In one transaction, so that neither can happen without the other.$$;

create or replace function atelier_engine.run_schedules()
returns bigint
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  batch constant integer := 50;
  due atelier.schedules;
  next timestamptz;
begin
  if not atelier_engine.instance_is_adopted() then
    return null;
  end if;
  for due in
    select s.*
      from atelier.schedules s
     where s.is_active and s.next_run_at <= clock_timestamp()
     order by s.next_run_at
     limit batch
       for update skip locked
  loop
    perform atelier_engine.run_schedule(due);
  end loop;
  select min(s.next_run_at) into next from atelier.schedules s where s.is_active and s.next_run_at is not null;
  return case when next is not null then greatest(ceil(extract(epoch from next - clock_timestamp()) * 1000), 0)::bigint end;
end;
$$;
grant execute on function atelier_engine.run_schedules() to atelier_worker;
comment on function atelier_engine.run_schedules() is
$$Queue the jobs of schedules that are due

Returns the milliseconds until the next one is; null: none. A schedule that another janitor runs at the moment is left to
it.$$;
