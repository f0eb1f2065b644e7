-- Identity: the names other clients look for. A caller sees through them what the tables show him.

create or replace view atelier.users with (security_invoker = true) as
select p.id,
       p.username,
       case when p.id = (select auth.uid()) then (select auth.email()) end as email,
       p.token_balance as credits,
       case
         when exists (select from atelier.user_roles r where r.user_id = p.id and r.role = 'admin') then 'admin'
         else 'user'
       end as role,
       p.created_at,
       p.updated_at,
       p.telegram_username,
       p.is_active
  from atelier.profiles p;
grant select, update (username) on atelier.users to authenticated;
grant select, update on atelier.users to service_role;
comment on view atelier.users is
$$People, as profiles

The mail address is shown to its owner only. The name can be changed through the view.$$;

create or replace view atelier.user_profiles with (security_invoker = true) as
select p.id,
       case when p.id = (select auth.uid()) then (select auth.email()) end as email,
       p.username as full_name,
       p.subscription_status,
       p.created_at,
       p.updated_at
  from atelier.profiles p;
grant select, update (full_name) on atelier.user_profiles to authenticated;
grant select, update on atelier.user_profiles to service_role;
comment on view atelier.user_profiles is
$$People and their subscriptions, as profiles

The mail address is shown to its owner only. The name can be changed through the view.$$;
