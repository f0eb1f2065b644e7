-- Providers: pools of tokens. Which of them may be used, what they have spent, and what becomes of one that is refused.

create or replace function atelier_engine.has_spent_its_cap(p_token atelier.provider_tokens)
returns boolean
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  today constant date := (clock_timestamp() at time zone 'UTC')::date;
begin
  return num_nonnulls(p_token.daily_spend_cap, p_token.monthly_spend_cap) > 0 and exists (
    select from (select 1) always
      left join atelier_engine.token_usage u on u.token_id = p_token.id
     where case when u.day = today then u.spent_on_day else 0 end >= p_token.daily_spend_cap
        or case when u.month = date_trunc('month', today)::date then u.spent_in_month else 0 end >= p_token.monthly_spend_cap);
end;
$$;
comment on function atelier_engine.has_spent_its_cap(atelier.provider_tokens) is
  'Whether the requests of a token have cost today, or this month, what they may. With a cap of 0 it is never used.';

create or replace function atelier_engine.usable_tokens(p_provider_id uuid)
returns table (token_id uuid, slots integer)
language sql stable
begin atomic
  select u.id, u.most - case when u.most is not null then (
           select count(*)::integer from atelier_engine.queue q where q.token_id = u.id and q.state = 'leased') end
    from (select null::uuid as id, null::integer as most, null::timestamptz as last_used_at
            from atelier.api_providers p where p.id = p_provider_id and p.auth_scheme = 'none'
           union all
          select t.id, least(t.max_concurrency, case s.breaker_state when 'half_open' then 1 end), t.last_used_at
            from atelier.provider_tokens t
            join atelier.api_providers p on p.id = t.provider_id and p.auth_scheme <> 'none'
            join atelier_engine.provider_secrets k on k.token_id = t.id
            left join atelier_engine.token_states s on s.token_id = t.id
           where t.provider_id = p_provider_id and t.is_active and coalesce(s.breaker_state, 'closed') <> 'open'
             and (k.sealed is null or atelier_engine.has_key_of_secret(k.sealed))
             and not atelier_engine.has_spent_its_cap(t)) u
   order by u.last_used_at nulls first, u.id;
end;
comment on function atelier_engine.usable_tokens(uuid) is
$$The tokens of a provider that may be used, the least recently used one first

slots is how many more requests one takes, null for any number; a token whose breaker is half open takes one. A provider
that needs no token has one row of nulls. doctor() and token_health tell why others are missing.$$;

create or replace function atelier_engine.note_spending(p_token_id uuid, p_amount numeric, p_at timestamptz)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  today constant date := (p_at at time zone 'UTC')::date;
  this_month constant date := date_trunc('month', today)::date;
begin
  -- What is recorded after midnight for the day before changes the month only.
  insert into atelier_engine.token_usage as u (token_id, day, spent_on_day, month, spent_in_month)
  select t.id, today, p_amount, this_month, p_amount from atelier.provider_tokens t where t.id = p_token_id
      on conflict on constraint token_usage_pkey do update
         set day = greatest(u.day, today), month = greatest(u.month, this_month),
             spent_on_day = case when u.day > today then u.spent_on_day
                                 when u.day = today then u.spent_on_day + p_amount else p_amount end,
             spent_in_month = case when u.month > this_month then u.spent_in_month
                                   when u.month = this_month then u.spent_in_month + p_amount else p_amount end;
end;
$$;
comment on function atelier_engine.note_spending(uuid, numeric, timestamptz) is
  'Count what a request has cost against the caps of its token';

create or replace function atelier_engine.disable_token(p_token_id uuid, p_reason text)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  update atelier.provider_tokens t
     set is_active = false, disabled_at = clock_timestamp(), disabled_reason = p_reason
   where t.id = p_token_id and t.is_active;
  if found then
    insert into atelier.events (user_id, kind, ref)
    select r.user_id, 'token.disabled', p_token_id from atelier.user_roles r where r.role = 'admin' order by r.user_id;
  end if;
end;
$$;
comment on function atelier_engine.disable_token(uuid, text) is
$$Use a token no more, because its provider refuses it or wants to be paid

Admins get an event of the kind token.disabled. It is used again when somebody sets is_active or stores a new secret.$$;

create or replace function atelier_engine.enable_token()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  new.disabled_at := null;
  new.disabled_reason := null;
  delete from atelier_engine.token_states s where s.token_id = new.id;
  perform atelier_engine.wake_dispatcher();
  return new;
end;
$$;
comment on function atelier_engine.enable_token() is
  'Trigger: a token that is used again is not blamed for what was refused before';
