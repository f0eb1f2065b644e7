-- Billing: the partitions of the logs. Made and dropped by the janitor alone. They are no members of the extension, so that
-- a dump has them with their rows, as it has the tables of users.

create or replace function atelier_engine.log_tables()
returns table (log_table name, period interval, ahead integer, kept interval)
language sql stable
begin atomic
  select l.log_table, l.period, l.ahead, nullif(l.kept::interval, interval '0')
    from (values ('api_logs'::name, interval '1 day', 7, coalesce(current_setting('atelier.api_log_retention', true), '0')),
                 ('api_cost_logs', interval '1 month', 3, coalesce(current_setting('atelier.cost_log_retention', true), '0')))
           l (log_table, period, ahead, kept);
end;
comment on function atelier_engine.log_tables() is
$$The tables that are partitioned by time

How long a partition is, how many are made ahead, and how long rows are kept; null: for ever.$$;

create or replace function atelier_engine.log_period(p_period interval, p_at timestamptz)
returns timestamptz
language sql immutable
begin atomic
  select date_trunc(case when p_period >= interval '1 month' then 'month' else 'day' end, p_at at time zone 'UTC') at time zone 'UTC';
end;
comment on function atelier_engine.log_period(interval, timestamptz) is 'When the day or month (of UTC) began that a time is in';

create or replace function atelier_engine.log_partition_name(p_log_table name, p_period interval, p_from timestamptz)
returns name
language sql immutable
begin atomic
  select (p_log_table || '_' || to_char(p_from at time zone 'UTC', case when p_period >= interval '1 month' then 'YYYY_MM'
                                                                         else 'YYYY_MM_DD' end))::name;
end;
comment on function atelier_engine.log_partition_name(name, interval, timestamptz) is 'The name of the partition that begins then';

create or replace function atelier_engine.make_log_partition(p_log_table name, p_period interval, p_from timestamptz)
returns boolean
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set lock_timeout = '5s'
as $$
declare
  partition constant name := atelier_engine.log_partition_name(p_log_table, p_period, p_from);
  ends constant timestamptz := (p_from at time zone 'UTC' + p_period) at time zone 'UTC';
begin
  if to_regclass(format('atelier_engine.%I', partition)) is not null then
    return false;
  end if;
  -- To make it alone and attach it lets others write meanwhile.
  execute format('create table atelier_engine.%I (like atelier.%I including defaults)', partition, p_log_table);
  execute format('alter table atelier_engine.%I enable row level security', partition);
  execute format('create index %I on atelier_engine.%I (created_at)', partition || '_created_idx', partition);
  execute format('create index %I on atelier_engine.%I (user_id, created_at desc)', partition || '_user_idx', partition);
  execute format('alter table atelier.%I attach partition atelier_engine.%I for values from (%L) to (%L)',
                 p_log_table, partition, p_from, ends);
  return true;
end;
$$;
comment on function atelier_engine.make_log_partition(name, interval, timestamptz) is
  'Make the partition of a log that begins then. False when it is there already.';

create or replace function atelier_engine.drop_log_partitions(p_log_table name, p_period interval, p_before timestamptz)
returns integer
language plpgsql volatile
set search_path = pg_catalog, pg_temp
-- Whoever logs a call would wait behind this.
set lock_timeout = '100ms'
as $$
declare
  old record;
  dropped integer := 0;
begin
  for old in
    select c.relname
      from pg_inherits i
      join pg_class c on c.oid = i.inhrelid and c.relnamespace = 'atelier_engine'::regnamespace
     cross join lateral (
       select to_timestamp(d.parts[1] || d.parts[2] || coalesce(d.parts[3], '01') || ' +00', 'YYYYMMDD TZH') as begun
         from regexp_match(c.relname, '^' || p_log_table || '_(\d{4})_(\d\d)(?:_(\d\d))?$') d (parts)) b
     where i.inhparent = format('atelier.%I', p_log_table)::regclass
       and (b.begun at time zone 'UTC' + p_period) at time zone 'UTC' <= p_before
     order by c.relname
  loop
    begin
      execute format('drop table atelier_engine.%I', old.relname);
      dropped := dropped + 1;
    exception when lock_not_available or dependent_objects_still_exist then
      null;  -- somebody reads it, or has made a view of it: the next round tries again
    end;
  end loop;
  return dropped;
end;
$$;
comment on function atelier_engine.drop_log_partitions(name, interval, timestamptz) is
$$Drop the partitions of a log that hold nothing from then on or later

Only those that make_log_partition() has named, and not while somebody reads the log, or has made something that depends on
it. Returns how many.$$;

create or replace function atelier_engine.tend_logs()
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  moment constant timestamptz := clock_timestamp();
  made bigint;
  dropped bigint;
begin
  -- What a restore brings is not to be changed before it is all there.
  if not atelier_engine.instance_is_adopted() then
    return 0;
  end if;
  -- One at a time: two would make the same partition. Who logs calls meanwhile does not wait.
  lock table atelier_engine.unlogged_calls in share update exclusive mode;
  select count(*) filter (where atelier_engine.make_log_partition(w.log_table, w.period, w.begins)) into made
    from (select l.log_table, l.period, (atelier_engine.log_period(l.period, moment) at time zone 'UTC' + l.period * s.step) at time zone 'UTC' as begins
            from atelier_engine.log_tables() l
           cross join lateral generate_series(0, l.ahead) s (step)
           union
          select l.log_table, l.period, atelier_engine.log_period(l.period, a.claimed_at)
            from atelier_engine.unlogged_calls u
            join atelier_engine.attempts a on a.id = u.attempt_id
           cross join atelier_engine.log_tables() l
           where l.kept is null or a.claimed_at > moment - l.kept
           order by 1, 3) w;
  perform atelier_engine.log_unlogged_calls();
  -- Last, because nobody can use a log from then on to the end of this transaction.
  select coalesce(sum(atelier_engine.drop_log_partitions(l.log_table, l.period, moment - l.kept)), 0) into dropped
    from atelier_engine.log_tables() l where l.kept is not null;
  return (made + dropped)::integer;
end;
$$;
grant execute on function atelier_engine.tend_logs() to atelier_worker;
comment on function atelier_engine.tend_logs() is
$$Make the partitions of the logs that are needed soon, and drop those that nobody keeps

And log the calls that could not be logged before. Returns how many partitions it made and dropped. Does nothing in a
restored database before it is adopted.$$;
