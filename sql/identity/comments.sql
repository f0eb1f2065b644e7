-- Identity: what the columns mean.

comment on column atelier.profiles.username is
  'The name that others see; unique. Taken from the sign-up, and changed by its owner.';
comment on column atelier.profiles.subscription_status is 'inactive, starter, pro or creator; set by the back end.';
comment on column atelier.profiles.age_verification_date is
  'When the birth date was first known to make the person 18 or older.';

comment on column atelier.user_roles.role is 'admin, moderator, premium_user, basic_user or guest.';

comment on column atelier.user_activity_log.action is 'What was done, in a word or two.';
comment on column atelier.user_activity_log.resource_type is 'What it was done to, such as image or collection.';
comment on column atelier.user_activity_log.resource_id is 'The id of what it was done to.';
comment on column atelier.user_activity_log.metadata is 'Anything else, a JSON object of at most 16 KiB.';
comment on column atelier.user_activity_log.ip_address is
  'Where the request came from, as the server that reports it says.';
comment on column atelier.user_activity_log.user_agent is 'The client, as it calls itself.';

comment on column atelier.api_keys.created_by is 'Who made it; null when the back end did.';
comment on column atelier.api_keys.name is 'What its owner calls it.';
comment on column atelier.api_keys.expires_at is 'From when on it is refused; null: it holds until it is revoked.';
comment on column atelier.api_keys.revoked_at is 'When it was revoked; null: it holds.';

comment on column atelier.users.email is 'The mail address, shown to its owner only.';
comment on column atelier.users.credits is 'Tokens left to spend.';
comment on column atelier.users.role is 'admin or user.';

comment on column atelier.user_profiles.email is 'The mail address, shown to its owner only.';
comment on column atelier.user_profiles.full_name is 'The name that others see; unique.';
