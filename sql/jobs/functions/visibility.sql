-- Jobs: whose rows a policy shows. A range, and not "own or admin": an index serves a range of user ids, but no index
-- serves an OR with a constant, and everybody would pay for the admins with a scan of the whole table.

create or replace function atelier_engine.readable_users_from()
returns uuid
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
  select case when atelier_engine.user_has_role(auth.uid(), 'admin') then '00000000-0000-0000-0000-000000000000'
              else auth.uid() end;
end;
grant execute on function atelier_engine.readable_users_from() to authenticated, service_role;
comment on function atelier_engine.readable_users_from() is
  'The lowest id of the users whose jobs the caller may read: his own, or the lowest of all for admins';

create or replace function atelier_engine.readable_users_to()
returns uuid
language sql stable security definer
set search_path = pg_catalog, pg_temp
begin atomic
  select case when atelier_engine.user_has_role(auth.uid(), 'admin') then 'ffffffff-ffff-ffff-ffff-ffffffffffff'
              else auth.uid() end;
end;
grant execute on function atelier_engine.readable_users_to() to authenticated, service_role;
comment on function atelier_engine.readable_users_to() is
  'The highest id of the users whose jobs the caller may read: his own, or the highest of all for admins';
