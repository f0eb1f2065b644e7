-- Providers: what operators decide about the ways of jobs.

create table atelier.pauses (
  id uuid primary key default atelier.uuid7(),
  created_at timestamptz not null default now(),
  created_by uuid references atelier.profiles (id) on delete set null,
  endpoint_id uuid constraint pauses_endpoint_key unique references atelier.endpoints (id) on delete cascade,
  model_id uuid constraint pauses_model_key unique references atelier.api_models (id) on delete cascade,
  provider_id uuid constraint pauses_provider_key unique references atelier.api_providers (id) on delete cascade,
  user_id uuid constraint pauses_user_key unique references atelier.profiles (id) on delete cascade,
  mode text not null default 'pause' constraint pauses_mode_known check (mode in ('pause', 'drain')),
  reason text constraint pauses_reason_length check (char_length(reason) between 1 and 1000),
  ends_at timestamptz,
  constraint pauses_one_target check (num_nonnulls(endpoint_id, model_id, provider_id, user_id) = 1)
);
create index pauses_created_by_idx on atelier.pauses (created_by) where created_by is not null;
select pg_catalog.pg_extension_config_dump('atelier.pauses', '');
alter table atelier.pauses enable row level security;
alter table atelier.pauses force row level security;
grant select on atelier.pauses to authenticated, service_role;
comment on table atelier.pauses is
$$What operators have paused or are draining

Made by pause_work() and drain_work(), ended by resume_work() or at ends_at. A row is about one endpoint, one model, one
lane (the models of a provider, which compete for the same endpoints) or one user. pause: nothing new starts there, what
waits goes on waiting. drain: nothing new is accepted there, what waits is still carried out; an endpoint gets no more
requests.$$;

create table atelier.retry_policies (
  id uuid primary key default atelier.uuid7(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  error_class text not null
    constraint retry_policies_error_class_known check (error_class in (
      'unavailable', 'transient_net', 'ambiguous', 'throttled', 'overload', 'auth', 'payment', 'invalid_input',
      'content_policy', 'worker_crash', 'expired', 'bad_response', 'too_large', 'internal')),
  provider_id uuid references atelier.api_providers (id) on delete cascade,
  endpoint_id uuid references atelier.endpoints (id) on delete cascade,
  action text not null
    constraint retry_policies_action_known check (action in ('retry', 'elsewhere', 'fail_over', 'hold', 'fail')),
  uses_up_attempt boolean not null default true,
  first_delay interval not null default interval '2 seconds'
    constraint retry_policies_first_delay_in_range check (first_delay between interval '0' and interval '1 day'),
  longest_delay interval not null default interval '1 minute'
    constraint retry_policies_longest_delay_in_range check (longest_delay between interval '0' and interval '1 day'),
  otherwise text not null default 'retry'
    constraint retry_policies_otherwise_known check (otherwise in ('retry', 'hold', 'fail')),
  constraint retry_policies_one_scope check (provider_id is null or endpoint_id is null),
  constraint retry_policies_scope_key unique nulls not distinct (error_class, provider_id, endpoint_id)
);
create index retry_policies_provider_idx on atelier.retry_policies (provider_id) where provider_id is not null;
create index retry_policies_endpoint_idx on atelier.retry_policies (endpoint_id) where endpoint_id is not null;
select pg_catalog.pg_extension_config_dump('atelier.retry_policies', '');
alter table atelier.retry_policies enable row level security;
alter table atelier.retry_policies force row level security;
grant select, insert, update, delete on atelier.retry_policies to authenticated, service_role;
comment on table atelier.retry_policies is
$$What happens after a failure, where it is not what Atelier does by itself

Of the rows for an error class the one for the endpoint counts, else the one for its provider, else the one for neither,
else atelier.default_retry_policies. action: retry (anywhere, also where it failed), elsewhere (another
endpoint or token), fail_over (likewise, else a model of equivalent_models), hold (until an operator decides with
resolve_held_job(), or hold_timeout has passed), fail. otherwise: what happens when there is no other place. Pauses
between tries are random, up to first_delay after the first failure, twice as much after each further one, at most
longest_delay. For ambiguous the ambiguity_policy of the endpoint comes first; this says how a retry is made.$$;
