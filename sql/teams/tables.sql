-- Teams: workspaces that people share, who is in them, and who is asked to join.

create table atelier.workspaces (
  id uuid primary key default atelier.uuid7(),
  name text not null
    constraint workspaces_name_length check (char_length(name) between 1 and 200)
    constraint workspaces_name_is_not_blank check (name ~ '\S'),
  slug text not null
    constraint workspaces_slug_key unique
    constraint workspaces_slug_is_a_slug check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and char_length(slug) <= 63),
  description text
    constraint workspaces_description_length check (char_length(description) <= 2000),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid references atelier.profiles (id) on delete set null,
  is_active boolean not null default true,
  max_running_jobs integer constraint workspaces_max_running_jobs_positive check (max_running_jobs > 0)
);
select pg_catalog.pg_extension_config_dump('atelier.workspaces', '');
-- Whether there is any: every claim asks.
create index workspaces_capped_idx on atelier.workspaces (id) where max_running_jobs is not null;
create index workspaces_created_by_idx on atelier.workspaces (created_by);
alter table atelier.workspaces enable row level security;
alter table atelier.workspaces force row level security;
grant select, update (name, slug, description) on atelier.workspaces to authenticated;
grant select, insert, update, delete on atelier.workspaces to service_role;
comment on table atelier.workspaces is
$$Workspaces of teams

Made by create_workspace(), seen by their members. Owners and admins change name, slug and description.$$;
comment on column atelier.workspaces.slug is 'The name in addresses: small letters, digits and single hyphens; unique.';
comment on column atelier.workspaces.is_active is
  'False once delete_workspace() was called: nobody but administrators sees it; the service role can bring it back.';

create table atelier.workspace_members (
  id uuid primary key default atelier.uuid7(),
  workspace_id uuid not null references atelier.workspaces (id) on delete cascade,
  user_id uuid not null references atelier.profiles (id) on delete cascade,
  role text not null default 'member'
    constraint workspace_members_role_known check (role in ('owner', 'admin', 'member')),
  joined_at timestamptz not null default now(),
  invited_by uuid references atelier.profiles (id) on delete set null,
  -- By workspace: the policy asks for all members of some workspaces.
  constraint workspace_members_workspace_user_key unique (workspace_id, user_id)
);
select pg_catalog.pg_extension_config_dump('atelier.workspace_members', '');
create index workspace_members_user_idx on atelier.workspace_members (user_id, workspace_id);
create index workspace_members_invited_by_idx on atelier.workspace_members (invited_by) where invited_by is not null;
alter table atelier.workspace_members enable row level security;
alter table atelier.workspace_members force row level security;
grant select on atelier.workspace_members to authenticated;
grant select, insert, update, delete on atelier.workspace_members to service_role;
comment on table atelier.workspace_members is
$$Who is in which workspace

An owner does everything, an admin invites and removes members, a member works in it. A workspace keeps an owner: the last
one can neither leave nor be removed nor lose the role, by no path. When the account of the last owner is deleted, the
admin, else the member, of longest standing takes over; without any, the workspace is deleted.$$;

create table atelier.workspace_invitations (
  id uuid primary key default atelier.uuid7(),
  workspace_id uuid not null references atelier.workspaces (id) on delete cascade,
  email text not null
    constraint workspace_invitations_email_is_an_address
      check (email ~ '^[^@\s]+@[^@\s]+$' and char_length(email) <= 320)
    constraint workspace_invitations_email_is_lower_case check (email = lower(email)),
  role text not null default 'member'
    constraint workspace_invitations_role_known check (role in ('admin', 'member')),
  invited_by uuid references atelier.profiles (id) on delete set null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  accepted_at timestamptz,
  accepted_by uuid references atelier.profiles (id) on delete set null
);
select pg_catalog.pg_extension_config_dump('atelier.workspace_invitations', '');
create unique index workspace_invitations_open_key on atelier.workspace_invitations (workspace_id, email)
  where accepted_at is null;
create index workspace_invitations_workspace_idx on atelier.workspace_invitations (workspace_id, created_at desc);
create index workspace_invitations_invited_by_idx on atelier.workspace_invitations (invited_by)
  where invited_by is not null;
create index workspace_invitations_accepted_by_idx on atelier.workspace_invitations (accepted_by)
  where accepted_by is not null;
alter table atelier.workspace_invitations enable row level security;
alter table atelier.workspace_invitations force row level security;
grant select on atelier.workspace_invitations to authenticated;
grant select, insert, update, delete on atelier.workspace_invitations to service_role;
comment on table atelier.workspace_invitations is
$$Who was asked to join a workspace

Made by invite_to_workspace(), seen by owners and admins. An address has one open invitation to a workspace at most.$$;

create table atelier_engine.invitation_tokens (
  hash bytea primary key constraint invitation_tokens_hash_is_sha256 check (octet_length(hash) = 32),
  invitation_id uuid not null
    constraint invitation_tokens_invitation_key unique
    references atelier.workspace_invitations (id) on delete cascade
);
select pg_catalog.pg_extension_config_dump('atelier_engine.invitation_tokens', '');
alter table atelier_engine.invitation_tokens enable row level security;
comment on table atelier_engine.invitation_tokens is
$$SHA-256 hashes of the tokens of open invitations

The tokens themselves are nowhere: they are random and long, so that a hash, also one in a stolen dump, opens nothing.$$;
