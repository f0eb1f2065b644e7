-- Jobs: how many a user may have in the queue. Internal to queue_job().

create or replace function atelier_engine.max_unfinished_jobs_per_user()
returns integer
language c stable parallel safe
as 'MODULE_PATHNAME', 'atelier_max_unfinished_jobs_per_user';
comment on function atelier_engine.max_unfinished_jobs_per_user() is
  'The setting atelier.max_unfinished_jobs_per_user; 0 is no limit';

create or replace function atelier_engine.assert_room_for_jobs(p_user_id uuid, p_count integer)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  retry_after_seconds constant integer := 10;
  allowed constant integer := atelier_engine.max_unfinished_jobs_per_user();
begin
  if allowed = 0 or atelier_engine.is_service_role() then
    return;
  end if;
  -- Calls that come together may each see room for one more: the limit protects the queue, it is no quota.
  if allowed >= p_count then
    perform from atelier_engine.queue q where q.user_id = p_user_id offset allowed - p_count limit 1;
  end if;
  if allowed < p_count or found then
    perform atelier_engine.raise_too_many_requests(
      retry_after_seconds, 'too many unfinished jobs', format('The limit is %s.', allowed),
      'Wait until some are finished, or cancel some with cancel_job().');
  end if;
end;
$$;
comment on function atelier_engine.assert_room_for_jobs(uuid, integer) is
$$Refuse more jobs of a user who has too many unfinished ones

Raises PT429. The service role may always queue.$$;
