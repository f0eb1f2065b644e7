-- Teams: what the columns mean.

comment on column atelier.workspaces.name is 'The name that its members see.';
comment on column atelier.workspaces.description is 'What it is for.';
comment on column atelier.workspaces.max_running_jobs is
  'How many jobs for it may be at endpoints at once; null: any number. Set by the back end.';
comment on column atelier.workspaces.created_by is 'Who made it; null: the account is gone.';

comment on column atelier.workspace_members.workspace_id is 'The workspace.';
comment on column atelier.workspace_members.role is 'owner, admin or member.';
comment on column atelier.workspace_members.joined_at is 'Since when.';
comment on column atelier.workspace_members.invited_by is 'Who asked them to join.';

comment on column atelier.workspace_invitations.workspace_id is 'The workspace.';
comment on column atelier.workspace_invitations.email is 'Who is asked, in small letters.';
comment on column atelier.workspace_invitations.role is 'What they will be: admin or member.';
comment on column atelier.workspace_invitations.invited_by is 'Who asked.';
comment on column atelier.workspace_invitations.expires_at is 'From when on it opens nothing.';
comment on column atelier.workspace_invitations.accepted_at is 'When it was accepted; null: it is open.';
comment on column atelier.workspace_invitations.accepted_by is 'Who accepted it.';
