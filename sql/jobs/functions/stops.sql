-- Jobs: telling a provider to stop what nobody wants any more and nobody carries.

create or replace function atelier_engine.stop_lost_requests(p_job_id uuid)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into atelier_engine.stops (attempt_id, job_id)
  select a.id, a.job_id
    from atelier_engine.attempts a
    join atelier.endpoints e on e.id = a.endpoint_id
   where a.job_id = p_job_id and a.state = 'ambiguous' and a.external_id is not null
     and e.adapter = any (atelier_engine.adapters_that_resume())
      on conflict on constraint stops_pkey do nothing;
end;
$$;
comment on function atelier_engine.stop_lost_requests(uuid) is
  'Have providers stop what they may still do for a job that ended without a result';

create or replace function atelier_engine.record_stops(p_answers jsonb)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  most constant integer := 5;
begin
  update atelier_engine.stops s
     set asked = s.asked + 1, last_answer = left(atelier_engine.redact(r.message), 1000),
         ask_at = clock_timestamp() + atelier_engine.back_off(s.asked + 1)
    from jsonb_to_recordset(p_answers) r (attempt_id uuid, message text)
   where s.attempt_id = r.attempt_id and r.message is not null;
  delete from atelier_engine.stops s
   using jsonb_to_recordset(p_answers) r (attempt_id uuid, message text)
   where s.attempt_id = r.attempt_id and (r.message is null or s.asked >= most);
end;
$$;
grant execute on function atelier_engine.record_stops(jsonb) to atelier_worker;
comment on function atelier_engine.record_stops(jsonb) is
$$Record what came of telling providers to stop

An array of {attempt_id, message}; with a message the provider did not hear, and is told again, five times at most.$$;
