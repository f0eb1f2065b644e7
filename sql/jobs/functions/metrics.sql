-- Jobs: numbers for operators.

create or replace function atelier_engine.first_id_since(p_moment timestamptz)
returns uuid
language sql immutable
begin atomic
  -- Ids begin with 48 bits of milliseconds.
  select (lpad(to_hex(greatest(floor(extract(epoch from p_moment) * 1000), 0)::bigint), 12, '0') || repeat('0', 20))::uuid;
end;
comment on function atelier_engine.first_id_since(timestamptz) is 'The lowest id that uuid7() can have made at or after a time';

create or replace function atelier_engine.recent_phases(p_since interval, p_max_attempts integer)
returns table (model_id uuid, phase text, seconds double precision)
language sql stable
begin atomic
  select coalesce(r.model_id, j.api_model_id), p.phase, greatest(extract(epoch from p.until - p.since), 0)::double precision
    from (select a.*
            from atelier_engine.attempts a
           where a.id >= atelier_engine.first_id_since(clock_timestamp() - p_since)
           order by a.id desc
           limit p_max_attempts) r
    join atelier.jobs j on j.id = r.job_id
    cross join lateral (values ('waiting', r.ready_at, r.claimed_at), ('submitting', r.claimed_at, r.sent_at),
                               ('computing', r.sent_at, r.first_byte_at), ('ingesting', r.first_byte_at, r.recorded_at))
      p (phase, since, until)
   where p.until is not null and p.since is not null;
end;
comment on function atelier_engine.recent_phases(interval, integer) is
  'How long each phase of the latest attempts took. Reads at most so many attempts';

create or replace function atelier.latency_histogram(since interval default '1 hour', max_attempts integer default 10000)
returns table (model text, phase text, at_most_seconds double precision, attempts bigint)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  perform atelier_engine.assert_service_role();
  if latency_histogram.since is null or latency_histogram.since <= interval '0'
     or coalesce(latency_histogram.max_attempts, 0) not between 1 and 1000000 then
    raise invalid_parameter_value using
      message = 'since must be positive, and max_attempts from 1 to 1000000';
  end if;
  return query
    with measured as materialized (
      select m.model_key, p.phase, p.seconds
        from atelier_engine.recent_phases(latency_histogram.since, latency_histogram.max_attempts) p
        join atelier.api_models m on m.id = p.model_id),
    bounds (bound) as (
      select unnest('{0.001,0.0025,0.005,0.01,0.025,0.05,0.1,0.25,0.5,1,2.5,5,10,25,60,150,600,Infinity}'::double precision[]))
    select d.model_key, d.phase, b.bound, count(*) filter (where d.seconds <= b.bound)
      from measured d
     cross join bounds b
     group by d.model_key, d.phase, b.bound
     order by d.model_key, d.phase, b.bound;
end;
$$;
grant execute on function atelier.latency_histogram(interval, integer) to service_role;
comment on function atelier.latency_histogram(interval, integer) is
$$How long the phases of attempts took lately, by model

For each phase (waiting for a free endpoint, submitting the request, computing at the server, ingesting the outputs) how
many attempts took at_most_seconds: cumulative, the last line counts all. Only attempts that began within `since` count, the latest
`max_attempts` of them: so the cost is bounded. For the service role (42501); 22023 for values out of range.$$;

create or replace function atelier_engine.metric(p_name text, p_type text, p_help text, p_samples text[])
returns text
language sql immutable
begin atomic
  select case when cardinality(p_samples) > 0 then
    format(E'# HELP atelier_%1$s %2$s\n# TYPE atelier_%1$s %3$s\n', p_name, p_help, p_type)
    || (select string_agg(format('atelier_%s%s', p_name, s), E'\n' order by s) from unnest(p_samples) s) || E'\n'
    else '' end;
end;
comment on function atelier_engine.metric(text, text, text, text[]) is 'One metric with its samples, as Prometheus reads it';

create or replace function atelier_engine.metric_sample(p_labels jsonb, p_value numeric)
returns text
language sql stable
begin atomic
  -- A JSON string has the escapes that Prometheus knows, and more that it takes as they are.
  select coalesce('{' || (select string_agg(l.key || '=' || to_json(l.value)::text, ',' order by l.key)
                            from jsonb_each_text(p_labels) l) || '}', '') || ' ' || coalesce(p_value, 0);
end;
comment on function atelier_engine.metric_sample(jsonb, numeric) is 'Labels and value of one sample of a metric';

create or replace function atelier.metrics()
returns text
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set jit = off
as $$
begin
  perform atelier_engine.assert_service_role();
  return atelier_engine.worker_metrics() || atelier_engine.queue_metrics() || atelier_engine.endpoint_metrics()
         || atelier_engine.attempt_metrics();
end;
$$;
grant execute on function atelier.metrics() to service_role;
comment on function atelier.metrics() is
$$What there is to watch, as Prometheus reads it

Workers and their restarts, the queue by model and state (counted up to 200000 entries), endpoints, how long the phases of
the latest attempts took, and how much was written since the statistics of the database began. For the service role
(42501).$$;

create or replace function atelier_engine.worker_metrics()
returns text
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  here constant oid := (select d.oid from pg_database d where d.datname = current_database());
  running text[];
  restarts text[];
begin
  select array_agg(atelier_engine.metric_sample(jsonb_build_object('process', w.process), w.running)),
         array_agg(atelier_engine.metric_sample(jsonb_build_object('process', w.process), w.restarts))
    into running, restarts
    from (select p.process, count(*) filter (where p.state = 'running') as running, sum(p.restarts) as restarts
            from atelier_engine.worker_processes() p
           where p.database_oid is null or p.database_oid = here
           group by p.process) w;
  return atelier_engine.metric('workers_running', 'gauge', 'Processes that are running.', running)
         || atelier_engine.metric('worker_restarts_total', 'counter', 'How often processes were started again.', restarts);
end;
$$;
comment on function atelier_engine.worker_metrics() is 'Part of metrics(): the processes';

create or replace function atelier_engine.queue_metrics()
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  most constant integer := 200000;
  depth text[];
  oldest text[];
begin
  with counted as materialized (
    select m.model_key, q.state, count(*) as jobs, min(q.run_at) as since
      from (select e.model_id, e.state, e.run_at from atelier_engine.queue e limit most) q
      left join atelier.api_models m on m.id = q.model_id
     group by m.model_key, q.state)
  select array_agg(atelier_engine.metric_sample(jsonb_build_object('model', c.model_key, 'state', c.state), c.jobs)),
         array_agg(atelier_engine.metric_sample(
           jsonb_build_object('model', c.model_key), round(extract(epoch from clock_timestamp() - c.since), 3)))
           filter (where c.state = 'ready')
    into depth, oldest
    from counted c;
  return atelier_engine.metric('queue_jobs', 'gauge', 'Jobs that are not finished, 200000 at most.', depth)
         || atelier_engine.metric('queue_oldest_ready_seconds', 'gauge', 'How long the first ready job has waited.', oldest)
         || atelier_engine.metric('overdue_leases', 'gauge', 'Leases and holds that ended and were not settled.', array[
              atelier_engine.metric_sample(null, (
                select count(*) from atelier_engine.queue q
                 where q.state in ('leased', 'held')
                   and least(q.lease_expires_at, q.next_check_at) < clock_timestamp() - interval '5 minutes'))])
         || atelier_engine.metric('schedules_failing', 'gauge', 'Schedules whose last run could not queue its job.', array[
              atelier_engine.metric_sample(null, (select count(*) from atelier.schedules s where s.failure_count > 0))]);
end;
$$;
comment on function atelier_engine.queue_metrics() is 'Part of metrics(): the queue and what is wrong in it';

create or replace function atelier_engine.endpoint_metrics()
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  healthy text[];
  busy text[];
  slots text[];
begin
  select array_agg(atelier_engine.metric_sample(jsonb_build_object('endpoint', h.endpoint), (h.health = 'healthy')::integer)),
         array_agg(atelier_engine.metric_sample(jsonb_build_object('endpoint', h.endpoint), h.busy)),
         array_agg(atelier_engine.metric_sample(jsonb_build_object('endpoint', h.endpoint), h.max_concurrency))
    into healthy, busy, slots
    from atelier.endpoint_health h
   where h.is_active;
  return atelier_engine.metric('endpoint_healthy', 'gauge', '1 while an endpoint takes all that it is given.', healthy)
         || atelier_engine.metric('endpoint_busy', 'gauge', 'Requests that an endpoint has.', busy)
         || atelier_engine.metric('endpoint_slots', 'gauge', 'Requests that an endpoint may have.', slots);
end;
$$;
comment on function atelier_engine.endpoint_metrics() is 'Part of metrics(): the active endpoints';

create or replace function atelier_engine.attempt_metrics()
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  latest constant integer := 5000;
  quantiles text[];
begin
  select array_agg(atelier_engine.metric_sample(
           jsonb_build_object('model', d.model_key, 'phase', d.phase, 'quantile', v.quantile), round(v.seconds::numeric, 6)))
    into quantiles
    from (select m.model_key, p.phase,
                 percentile_cont('{0.5,0.95,0.99}'::double precision[]) within group (order by p.seconds) as values
            from atelier_engine.recent_phases(interval '1 hour', latest) p
            join atelier.api_models m on m.id = p.model_id
           group by m.model_key, p.phase) d
    cross join unnest('{0.5,0.95,0.99}'::text[], d.values) v (quantile, seconds);
  return atelier_engine.metric('phase_seconds', 'gauge',
           'How long the phases of the latest attempts took, within an hour and 5000 at most.', quantiles)
         || atelier_engine.metric('rows_written_total', 'counter', 'Rows added since the statistics began.', array(
              select atelier_engine.metric_sample(
                       jsonb_build_object('table', s.relname), pg_stat_get_tuples_inserted(s.oid))
                from pg_class s
               where s.oid in ('atelier.jobs'::regclass, 'atelier_engine.attempts'::regclass, 'atelier.generations'::regclass,
                               'atelier.events'::regclass)));
end;
$$;
comment on function atelier_engine.attempt_metrics() is 'Part of metrics(): attempts, and how much was written';
