-- Providers: what tokens have used up of their rates and caps. Written with every claim or cost.

create table atelier_engine.token_usage (
  token_id uuid primary key references atelier.provider_tokens (id) on delete cascade,
  level double precision,
  filled_at timestamptz,
  day date,
  spent_on_day numeric not null default 0,
  month date,
  spent_in_month numeric not null default 0
) with (fillfactor = 50, autovacuum_vacuum_threshold = 200, autovacuum_vacuum_cost_delay = 0);
select pg_catalog.pg_extension_config_dump('atelier_engine.token_usage', '');
alter table atelier_engine.token_usage enable row level security;
grant select on atelier_engine.token_usage to service_role;
comment on table atelier_engine.token_usage is
$$What each token has used up of its rate and its caps

Days and months are those of UTC; of earlier ones the numbers mean nothing any more. Amounts are in the currency of the
provider.$$;
comment on column atelier_engine.token_usage.level is 'Requests that were allowed at filled_at; null: the bucket is full.';
comment on column atelier_engine.token_usage.filled_at is 'When that was.';
comment on column atelier_engine.token_usage.day is 'The day of spent_on_day.';
comment on column atelier_engine.token_usage.spent_on_day is 'What its requests cost that day.';
comment on column atelier_engine.token_usage.month is 'The first day of the month of spent_in_month.';
comment on column atelier_engine.token_usage.spent_in_month is 'What its requests cost that month.';
