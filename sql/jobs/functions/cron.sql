-- Jobs: cron expressions. Internal to schedules.

create or replace function atelier_engine.cron_field(
  p_field text, p_what text, p_low integer, p_high integer, p_names text[] default '{}'
)
returns integer[]
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  item text;
  piece text[];
  bounds integer[];
  step integer;
  result integer[] := array[]::integer[];
begin
  foreach item in array string_to_array(lower(p_field), ',') loop
    piece := regexp_match(item, '^(?:\*|([0-9]{1,2}|[a-z]{3})(?:-([0-9]{1,2}|[a-z]{3}))?)(?:/([0-9]{1,2}))?$');
    bounds := array(
      select case when v ~ '^[0-9]' then v::integer else array_position(p_names, v) - 1 + p_low end
        from unnest(piece[1:2]) with ordinality e (v, place) order by e.place);
    step := coalesce(piece[3]::integer, 1);
    if piece[1] is null then
      bounds := array[p_low, p_high];
    elsif piece[2] is null then
      bounds[2] := case when piece[3] is null then bounds[1] else p_high end;
    end if;
    if piece is null or step = 0 or (p_low <= bounds[1] and bounds[1] <= bounds[2] and bounds[2] <= p_high) is not true then
      raise invalid_parameter_value using
        message = 'not a cron expression', detail = format('%s is %s.', p_what, quote_literal(left(item, 40))),
        hint = format('Use *, numbers from %s to %s%s, ranges (1-5), steps (*/15) and lists of them (1,2,5-7).', p_low,
                      p_high, case p_names when '{}' then '' else ', three letters of an English name' end);
    end if;
    result := result || array(select generate_series(bounds[1], bounds[2], step));
  end loop;
  return array(select distinct v from unnest(result) v order by v);
end;
$$;
comment on function atelier_engine.cron_field(text, text, integer, integer, text[]) is
$$The numbers that one field of a cron expression means

Raises 22023.$$;

create or replace function atelier_engine.parse_cron(
  p_cron text, out minutes integer[], out hours integer[], out days integer[], out months integer[],
  out weekdays integer[], out either_day boolean
)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  expression constant text := case lower(btrim(p_cron))
    when '@hourly' then '0 * * * *' when '@daily' then '0 0 * * *' when '@midnight' then '0 0 * * *'
    when '@weekly' then '0 0 * * 0' when '@monthly' then '0 0 1 * *' when '@yearly' then '0 0 1 1 *'
    when '@annually' then '0 0 1 1 *' else btrim(p_cron) end;
  fields constant text[] := regexp_split_to_array(expression, '\s+');
begin
  if cardinality(fields) is distinct from 5 or char_length(expression) > 200 then
    raise invalid_parameter_value using
      message = 'not a cron expression', detail = format('Got %s.', quote_nullable(left(p_cron, 60))),
      hint = 'Use minute, hour, day of the month, month, day of the week; or @hourly, @daily, @weekly, @monthly, @yearly.';
  end if;
  minutes := atelier_engine.cron_field(fields[1], 'the minute', 0, 59);
  hours := atelier_engine.cron_field(fields[2], 'the hour', 0, 23);
  days := atelier_engine.cron_field(fields[3], 'the day of the month', 1, 31);
  months := atelier_engine.cron_field(
    fields[4], 'the month', 1, 12, '{jan,feb,mar,apr,may,jun,jul,aug,sep,oct,nov,dec}');
  weekdays := array(
    select distinct w % 7
      from unnest(atelier_engine.cron_field(
        fields[5], 'the day of the week', 0, 7, '{sun,mon,tue,wed,thu,fri,sat}')) w);
  -- As cron has always done: with both days given, one of them is enough.
  either_day := not starts_with(fields[3], '*') and not starts_with(fields[5], '*');
end;
$$;
comment on function atelier_engine.parse_cron(text) is
$$A cron expression in numbers

Raises 22023.$$;

create or replace function atelier_engine.moments_of(p_local timestamp, p_time_zone text, p_repeats boolean)
returns setof timestamptz
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  guess constant timestamptz := p_local at time zone p_time_zone;
  moments constant timestamptz[] := array(
    select m from unnest(array[guess - interval '1 hour', guess - interval '30 minutes', guess,
                               guess + interval '30 minutes', guess + interval '1 hour']) m
     where m at time zone p_time_zone = p_local order by m);
begin
  if cardinality(moments) = 0 and not p_repeats then
    return next guess;  -- skipped when the clock was put forward: as much later as it was put
  elsif p_repeats then
    return query select unnest(moments);
  else
    return next moments[1];  -- twice when it was put back: the first time
  end if;
end;
$$;
comment on function atelier_engine.moments_of(timestamp, text, boolean) is
$$When a clock on the wall shows a time

Where clocks change, it may do so never or twice. For what repeats all day (p_repeats) that is just so; for a time of the
day there is always one moment.$$;

create or replace function atelier_engine.next_cron_time(p_cron text, p_after timestamptz, p_time_zone text)
returns timestamptz
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  most_days constant integer := 8 * 366 + 1;  -- from one 29 February to the next one
  longest_change constant interval := interval '3 hours';
  rule record;
  not_before constant timestamp := p_after at time zone p_time_zone - longest_change;
  day date := not_before::date;
  on_day boolean;
  on_weekday boolean;
  moment timestamptz;
begin
  rule := atelier_engine.parse_cron(p_cron);
  for n in 1 .. most_days loop
    on_day := extract(day from day)::integer = any (rule.days);
    on_weekday := extract(dow from day)::integer = any (rule.weekdays);
    if extract(month from day)::integer = any (rule.months)
       and (on_day and on_weekday or rule.either_day and (on_day or on_weekday)) then
      select min(m) into moment
        from (select day + make_time(h, i, 0) as local
                from unnest(rule.hours) h cross join unnest(rule.minutes) i
               where day + make_time(h, i, 0) >= not_before
               order by 1
               limit 500) c
        cross join atelier_engine.moments_of(c.local, p_time_zone, cardinality(rule.hours) = 24) m
       where m > p_after;
      if moment is not null then
        return moment;
      end if;
    end if;
    day := day + 1;
  end loop;
  return null;
end;
$$;
comment on function atelier_engine.next_cron_time(text, timestamptz, text) is
$$The first time after another one that a cron expression names

On the clocks of a time zone. Null when there is none in eight years. Raises 22023.$$;
