-- Webhooks: what providers say by themselves of the requests that they were sent. A hint, never a result: whatever it
-- says, the provider is asked.

create table atelier_engine.webhooks (
  adapter text not null,
  webhook_id text not null,
  received_at timestamptz not null default clock_timestamp(),
  external_id text not null,
  attempt_id uuid,
  token_ids uuid[],
  is_waiting boolean not null default true,
  constraint webhooks_pkey primary key (adapter, webhook_id)
) with (fillfactor = 50);
create index webhooks_waiting_idx on atelier_engine.webhooks (received_at) where is_waiting;
create index webhooks_received_idx on atelier_engine.webhooks (received_at);
alter table atelier_engine.webhooks enable row level security;
grant select on atelier_engine.webhooks to service_role;
comment on table atelier_engine.webhooks is
$$Webhooks that were taken, so that none counts twice

Kept for a day. Not dumped: a copy is told nothing.$$;
comment on column atelier_engine.webhooks.adapter is 'The adapter of the endpoints whose provider sends such ones.';
comment on column atelier_engine.webhooks.webhook_id is
  'What tells it from others of its kind; the same when it is sent again.';
comment on column atelier_engine.webhooks.received_at is 'When it came.';
comment on column atelier_engine.webhooks.external_id is 'The provider''s id of the request that it is about.';
comment on column atelier_engine.webhooks.attempt_id is
  'The attempt that it is about; null: that was not known when it came.';
comment on column atelier_engine.webhooks.token_ids is
  'The tokens of those who can have sent it; null: that does not show.';
comment on column atelier_engine.webhooks.is_waiting is
  'Whether the dispatcher has yet to see it, or to hear of the request that it is about.';

create table atelier_engine.webhook_secrets (
  token_id uuid primary key references atelier.provider_tokens (id) on delete cascade,
  sealed bytea not null,
  updated_at timestamptz not null default now()
);
alter table atelier_engine.webhook_secrets enable row level security;
comment on table atelier_engine.webhook_secrets is
$$The secrets with which accounts at providers sign webhooks, sealed as those of provider_secrets are

Stored by set_webhook_secret(). No role has a grant on it, and it is not dumped.$$;
comment on column atelier_engine.webhook_secrets.sealed is
  'Opened to verify a signature, in C++ and nowhere else; no function of SQL gives it away.';

create table atelier_engine.webhook_key_sets (
  provider_id uuid primary key references atelier.api_providers (id) on delete cascade,
  url text constraint webhook_key_sets_url_is_https check (url ~ '^https?://[^\s/?#]+(/[\x21-\x7e]*)?$'),
  keys bytea[] not null default '{}',
  fetched_at timestamptz,
  ask_at timestamptz,
  last_error text
);
alter table atelier_engine.webhook_key_sets enable row level security;
grant select on atelier_engine.webhook_key_sets to service_role;
comment on table atelier_engine.webhook_key_sets is
$$The public keys with which providers sign webhooks

Fetched from url and kept for a day, or stored by set_webhook_keys(). Not dumped: they are fetched again.$$;
comment on column atelier_engine.webhook_key_sets.url is 'Where they are fetched; null: they are not, but stored by hand.';
comment on column atelier_engine.webhook_key_sets.keys is 'The raw bytes of the Ed25519 keys.';
comment on column atelier_engine.webhook_key_sets.fetched_at is 'When they were fetched or stored last.';
comment on column atelier_engine.webhook_key_sets.ask_at is 'When they are fetched next.';
comment on column atelier_engine.webhook_key_sets.last_error is 'Why that failed last; null: it did not.';
