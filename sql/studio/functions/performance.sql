-- Studio: how models do, day by day.

create or replace function atelier_engine.write_model_performance(p_day date)
returns integer
language plpgsql volatile
set search_path = pg_catalog, pg_temp
set jit = off
as $$
declare
  begins constant timestamptz := p_day::timestamp at time zone 'UTC';
  written integer;
begin
  with made as materialized (
    -- By the times in the ids: the primary key leads to the jobs of a day.
    select atelier_engine.family_name(m.model_family, m.modality) as model_type, count(*) as total,
           count(*) filter (where j.status = 'completed') as successful,
           count(*) filter (where j.status = 'failed') as failed,
           avg(t.milliseconds) filter (where j.status = 'completed') as average, sum(t.milliseconds) as together,
           avg(least(j.quality_rating, 9.99)) filter (where j.quality_rating is not null) as rating
      from atelier.jobs j
      join atelier.api_models m on m.id = j.api_model_id
     cross join lateral (
       select extract(epoch from j.completed_at - j.started_at) * 1000 as milliseconds) t
     where j.id >= atelier_engine.first_id_since(begins)
       and j.id < atelier_engine.first_id_since(begins + interval '1 day')
     group by 1
  )
  insert into atelier.model_performance_logs as l (
    model_type, date, total_generations, successful_generations, failed_generations, avg_generation_time_ms,
    avg_quality_rating, total_processing_time_ms)
  select d.model_type, p_day, d.total, d.successful, d.failed, least(round(d.average), 2147483647)::integer,
         round(d.rating, 2), round(d.together)::bigint
    from made d
   order by d.model_type
  on conflict on constraint model_performance_logs_one_row_a_day do update
     set total_generations = excluded.total_generations, successful_generations = excluded.successful_generations,
         failed_generations = excluded.failed_generations, avg_generation_time_ms = excluded.avg_generation_time_ms,
         avg_quality_rating = excluded.avg_quality_rating, total_processing_time_ms = excluded.total_processing_time_ms
   -- Old jobs may have been deleted; what is known of them is not forgotten with them.
   where l.total_generations <= excluded.total_generations
     and (l.total_generations, l.successful_generations, l.failed_generations, l.avg_generation_time_ms,
          l.avg_quality_rating, l.total_processing_time_ms)
         is distinct from (excluded.total_generations, excluded.successful_generations, excluded.failed_generations,
                           excluded.avg_generation_time_ms, excluded.avg_quality_rating, excluded.total_processing_time_ms);
  get diagnostics written = row_count;
  return written;
end;
$$;
comment on function atelier_engine.write_model_performance(date) is
$$Write the rows of model_performance_logs for a day, in UTC

From the jobs that were asked for on that day. Returns how many rows are new or other than before.$$;

create or replace function atelier.backfill_model_performance(
  p_start_date date default (now() at time zone 'UTC')::date - 30, p_end_date date default (now() at time zone 'UTC')::date
)
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  most_days constant integer := 400;
begin
  perform atelier_engine.assert_operator();
  if p_start_date is null or p_end_date is null or p_end_date < p_start_date or p_end_date - p_start_date >= most_days then
    raise invalid_parameter_value using
      message = 'the days are out of range', hint = 'Name a first and a last day, at most 400 together.';
  end if;
  return (select sum(atelier_engine.write_model_performance(p_start_date + d.day))::integer
            from generate_series(0, p_end_date - p_start_date) d (day));
end;
$$;
grant execute on function atelier.backfill_model_performance(date, date) to authenticated, service_role;
comment on function atelier.backfill_model_performance(date, date) is
$$Write model_performance_logs for past days

From the jobs that are still there, both days included. Returns how many rows are new or other than before. For administrators
and the service role (42501); 22023 for more than 400 days.$$;

create or replace function atelier_engine.tend_studio()
returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  today constant date := (now() at time zone 'UTC')::date;
  every constant interval := interval '10 minutes';
begin
  if not exists (
    select from atelier.model_performance_logs l
     where l.date >= today - 1 and l.updated_at > clock_timestamp() - every) then
    perform atelier_engine.write_model_performance(today - 1), atelier_engine.write_model_performance(today);
    -- So that a quiet day is not counted in every round.
    update atelier.model_performance_logs l set updated_at = clock_timestamp()
     where l.id = (select n.id from atelier.model_performance_logs n
                    where n.date >= today - 1 order by n.date desc, n.id limit 1);
  end if;
  return atelier_engine.publish_avatars();
end;
$$;
grant execute on function atelier_engine.tend_studio() to atelier_worker;
comment on function atelier_engine.tend_studio() is
$$What the janitor does for the studio

Publishes avatars, and brings model_performance_logs up to date every ten minutes. Returns how many avatars were published.$$;
