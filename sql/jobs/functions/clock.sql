-- Jobs: what the dispatcher calls when somebody has set the clock. The notes in claim.sql hold here, too.

create or replace function atelier_engine.follow_clock(p_step_us bigint)
returns void
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  step constant interval := make_interval(secs => p_step_us / 1000000.0);
begin
  -- The first try of a job that waits was set to a time by a person: that is meant by the clock on the wall.
  update atelier_engine.queue q
     set lease_expires_at = q.lease_expires_at + step, next_check_at = q.next_check_at + step,
         run_at = case q.state when 'waiting' then q.run_at + step else q.run_at end
   where q.state in ('leased', 'held') or (q.state = 'waiting' and q.attempt_count > 0);
  update atelier_engine.endpoint_states s
     set blocked_until = s.blocked_until + step, unavailable_since = s.unavailable_since + step,
         probed_at = s.probed_at + step, probe_until = s.probe_until + step
   where s.blocked_until is not null or s.unavailable_since is not null or s.probed_at is not null;
  update atelier_engine.token_states s set blocked_until = s.blocked_until + step where s.blocked_until is not null;
  update atelier_engine.rate_buckets b set filled_at = b.filled_at + step;
  update atelier_engine.server_rates r set reset_at = r.reset_at + step, reported_at = r.reported_at + step;
  update atelier_engine.lookups l set ask_at = l.ask_at + step;
end;
$$;
grant execute on function atelier_engine.follow_clock(bigint) to atelier_worker;
comment on function atelier_engine.follow_clock(bigint) is
$$Move along with the clock what has been measured by it

Leases, pauses of jobs, endpoints and tokens, rates, and questions to servers: else they would be over at once, or last for as long as the clock
was set back. p_step_us is by how many microseconds it was set.$$;
