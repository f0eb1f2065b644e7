-- Identity: who a caller is, and what the product knows about a person. The schema auth is made only where it is
-- absent: on Supabase its owner is the authentication service, and what is there stays as it is.

do $auth$
begin
  if pg_catalog.to_regnamespace('auth') is null then
    create schema auth;
    grant usage on schema auth to anon, authenticated, service_role;
    comment on schema auth is 'Who signed up, and who is calling.';
  end if;

  if pg_catalog.to_regprocedure('auth.uid()') is null then
    execute $sql$
      create function auth.uid() returns uuid
      language c stable parallel safe as 'MODULE_PATHNAME', 'atelier_auth_uid' $sql$;
    revoke execute on function auth.uid() from public;
    grant execute on function auth.uid() to anon, authenticated, service_role;
    comment on function auth.uid() is
$$The id of the caller

The claim sub of the request's token (request.jwt.claims); null for a caller who is not signed in.$$;
  end if;

  if pg_catalog.to_regprocedure('auth.role()') is null then
    execute $sql$
      create function auth.role() returns text
      language c stable parallel safe as 'MODULE_PATHNAME', 'atelier_auth_role' $sql$;
    revoke execute on function auth.role() from public;
    grant execute on function auth.role() to anon, authenticated, service_role;
    comment on function auth.role() is
$$The role of the caller

The claim role of the request's token: anon, authenticated or service_role; null without a token.$$;
  end if;

  if pg_catalog.to_regprocedure('auth.email()') is null then
    execute $sql$
      create function auth.email() returns text
      language c stable parallel safe as 'MODULE_PATHNAME', 'atelier_auth_email' $sql$;
    revoke execute on function auth.email() from public;
    grant execute on function auth.email() to anon, authenticated, service_role;
    comment on function auth.email() is
$$The mail address of the caller

The claim email of the request's token; null without one.$$;
  end if;

  if pg_catalog.to_regprocedure('auth.jwt()') is null then
    execute $sql$
      create function auth.jwt() returns jsonb
      language c stable parallel safe as 'MODULE_PATHNAME', 'atelier_auth_jwt' $sql$;
    revoke execute on function auth.jwt() from public;
    grant execute on function auth.jwt() to anon, authenticated, service_role;
    comment on function auth.jwt() is
$$All claims of the caller's token

The setting request.jwt.claims as JSON; null without a token.$$;
  end if;

  if pg_catalog.to_regclass('auth.users') is null then
    create table auth.users (
      id uuid primary key default atelier.uuid7(),
      email text,
      raw_app_meta_data jsonb not null default '{}',
      raw_user_meta_data jsonb not null default '{}',
      created_at timestamptz not null default now(),
      updated_at timestamptz not null default now()
    );
    perform pg_catalog.pg_extension_config_dump('auth.users', '');
    create unique index users_email_key on auth.users (lower(email));
    alter table auth.users enable row level security;
    grant select, insert, update, delete on auth.users to service_role;
    comment on table auth.users is
$$People who signed up

A new row makes the profile and the role basic_user. Only the service role and administrators of the database touch
this table; what a person may see of it is in atelier.profiles.$$;
    comment on column auth.users.raw_user_meta_data is 'What the person said at sign-up; username becomes the profile''s.';
  end if;
end
$auth$;

create type atelier.app_role as enum ('admin', 'moderator', 'premium_user', 'basic_user', 'guest');
comment on type atelier.app_role is 'What a person may do in the product. These are no database roles.';

create table atelier.profiles (
  id uuid primary key references auth.users (id) on delete cascade,
  username text
    constraint profiles_username_key unique
    constraint profiles_username_length check (char_length(username) between 1 and 100),
  subscription_status text not null default 'inactive'
    constraint profiles_subscription_status_known
      check (subscription_status in ('inactive', 'starter', 'pro', 'creator')),
  token_balance integer not null default 100
    constraint profiles_token_balance_not_negative check (token_balance >= 0),
  age_verified boolean not null default false,
  birth_date date,
  age_verification_date timestamptz,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  telegram_username text
    constraint profiles_telegram_username_key unique
    constraint profiles_telegram_username_length check (char_length(telegram_username) between 1 and 100),
  is_active boolean not null default true
);
select pg_catalog.pg_extension_config_dump('atelier.profiles', '');
alter table atelier.profiles enable row level security;
alter table atelier.profiles force row level security;
-- Balance, subscription and age verification are decided by the back end: a person may write these two columns only.
grant select, update (username, birth_date) on atelier.profiles to authenticated;
grant select, insert, update, delete on atelier.profiles to service_role;
comment on table atelier.profiles is
$$What the product knows about a person

One row per user, made at sign-up. People see their own row and change their name; balance, subscription and age
verification are set by the back end only.$$;
comment on column atelier.profiles.birth_date is
  'Given once by the person; only an administrator corrects it, so that nobody tries dates until one is old enough.';
comment on column atelier.profiles.age_verified is 'Whether the birth date makes the person 18 or older.';
comment on column atelier.profiles.token_balance is 'Tokens left to spend.';
comment on column atelier.profiles.is_active is
  'False for a deactivated account: it queues no jobs, and its API keys do not work. Set by the back end.';
comment on column atelier.profiles.telegram_username is
  'The name at Telegram of who signed up from there. Set by the back end, which has verified it.';

create table atelier.user_roles (
  id uuid primary key default atelier.uuid7(),
  user_id uuid not null references auth.users (id) on delete cascade,
  role atelier.app_role not null,
  created_at timestamptz not null default now(),
  constraint user_roles_user_id_role_key unique (user_id, role)
);
select pg_catalog.pg_extension_config_dump('atelier.user_roles', '');
alter table atelier.user_roles enable row level security;
alter table atelier.user_roles force row level security;
grant select, delete, insert (user_id, role), update (role) on atelier.user_roles to authenticated;
grant select, insert, update, delete on atelier.user_roles to service_role;
comment on table atelier.user_roles is
$$Which roles a person has

Everybody sees their own roles; only administrators grant and withdraw them.$$;

create table atelier.user_activity_log (
  id uuid primary key default atelier.uuid7(),
  user_id uuid references atelier.profiles (id) on delete cascade,
  action text not null
    constraint user_activity_log_action_length check (char_length(action) between 1 and 200),
  resource_type text
    constraint user_activity_log_resource_type_length check (char_length(resource_type) <= 200),
  resource_id text
    constraint user_activity_log_resource_id_length check (char_length(resource_id) <= 200),
  metadata jsonb not null default '{}'
    constraint user_activity_log_metadata_is_object check (jsonb_typeof(metadata) = 'object')
    constraint user_activity_log_metadata_size check (octet_length(metadata::text) <= 16384),
  ip_address inet,
  user_agent text
    constraint user_activity_log_user_agent_length check (char_length(user_agent) <= 1000),
  created_at timestamptz not null default now()
);
select pg_catalog.pg_extension_config_dump('atelier.user_activity_log', '');
create index user_activity_log_user_created_idx on atelier.user_activity_log (user_id, created_at desc);
create index user_activity_log_created_idx on atelier.user_activity_log (created_at);
alter table atelier.user_activity_log enable row level security;
alter table atelier.user_activity_log force row level security;
grant select on atelier.user_activity_log to authenticated;
grant select, insert, update, delete on atelier.user_activity_log to service_role;
comment on table atelier.user_activity_log is
$$What people did

Written by log_user_activity() only, so that a client cannot rewrite its own history.$$;
