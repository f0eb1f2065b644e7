-- Providers: who makes pictures, with which models, at which URLs, and with which tokens.

create table atelier.api_providers (
  id uuid primary key default atelier.uuid7(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  name text not null unique constraint api_providers_name_is_a_slug check (name ~ '^[a-z0-9][a-z0-9._-]{0,62}$'),
  display_name text not null,
  base_url text,
  docs_url text,
  auth_scheme text not null default 'bearer'
    constraint api_providers_auth_scheme_known check (auth_scheme in ('none', 'bearer', 'key', 'token', 'header', 'basic')),
  auth_header_name text default 'Authorization'
    constraint api_providers_auth_header_name_valid check (auth_header_name ~ '^[A-Za-z0-9-]{1,64}$'),
  constraint api_providers_token_needs_a_header check (auth_scheme = 'none' or auth_header_name is not null),
  secret_name text,
  rate_limits jsonb not null default '{}',
  is_active boolean not null default true,
  adapter_options jsonb not null default '{}'
    constraint api_providers_adapter_options_is_an_object check (jsonb_typeof(adapter_options) = 'object'),
  currency text not null default 'USD' constraint api_providers_currency_is_a_code check (currency ~ '^[A-Z]{3}$'),
  webhook_url text
    constraint api_providers_webhook_url_is_http
    check (webhook_url ~ '^https?://[^\s/?#]+(/[\x21-\x7e]*)?$' and char_length(webhook_url) <= 1000)
);
select pg_catalog.pg_extension_config_dump('atelier.api_providers', '');
alter table atelier.api_providers enable row level security;
alter table atelier.api_providers force row level security;
grant select, insert, update, delete on atelier.api_providers to authenticated, service_role;
comment on table atelier.api_providers is
$$A company or a kind of server that runs models

auth_scheme says how a token travels in the header auth_header_name: after the word Bearer, Key or Token, alone
(header), or as name:password (basic). With none there is no token.$$;

create table atelier.api_models (
  id uuid primary key default atelier.uuid7(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  created_by uuid references atelier.profiles (id) on delete set null,
  provider_id uuid not null references atelier.api_providers (id) on delete cascade,
  model_key text not null unique constraint api_models_model_key_not_blank check (model_key ~ '^\S{1,200}$'),
  version text,
  display_name text not null,
  modality text not null constraint api_models_modality_known check (modality in ('image', 'video', 'chat')),
  task text
    constraint api_models_task_known check (task in (
      't2i', 'i2i', 'i2i_multi', 't2v', 'i2v', 'extend', 'multi', 'upscale', 'roleplay', 'reasoning', 'enhancement',
      'embedding', 'vision')),
  model_family text,
  endpoint_path text,
  input_defaults jsonb not null default '{}'
    constraint api_models_input_defaults_is_an_object check (jsonb_typeof(input_defaults) = 'object'),
  capabilities jsonb not null default '{}'
    constraint api_models_capabilities_is_an_object check (jsonb_typeof(capabilities) = 'object')
    constraint api_models_tokenizer_is_a_name check (
      not capabilities ? 'tokenizer'
      or jsonb_typeof(capabilities -> 'tokenizer') = 'string'
         and capabilities ->> 'tokenizer' ~ '^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$'),
  pricing jsonb not null default '{}',
  output_format text,
  is_active boolean not null default true,
  is_default boolean not null default false,
  priority integer not null default 0,
  aliases text[] not null default '{}',
  parameter_schema jsonb not null default '{"type": "object", "properties": {}, "additionalProperties": false}'
    constraint api_models_parameter_schema_is_an_object check (jsonb_typeof(parameter_schema) = 'object'),
  estimated_seconds numeric not null default 10
    constraint api_models_estimated_seconds_positive check (estimated_seconds > 0),
  equivalent_models text[] not null default '{}'
    constraint api_models_equivalent_models_have_no_null check (array_position(equivalent_models, null) is null),
  max_concurrency integer constraint api_models_max_concurrency_in_range check (max_concurrency between 0 and 10000),
  adapter_options jsonb not null default '{}'
    constraint api_models_adapter_options_is_an_object check (jsonb_typeof(adapter_options) = 'object'),
  -- For prices, which name both.
  constraint api_models_id_provider_key unique (id, provider_id)
);
create index api_models_provider_idx on atelier.api_models (provider_id);
create index api_models_created_by_idx on atelier.api_models (created_by);
select pg_catalog.pg_extension_config_dump('atelier.api_models', '');
alter table atelier.api_models enable row level security;
alter table atelier.api_models force row level security;
grant select, insert, update, delete on atelier.api_models to authenticated, service_role;
comment on table atelier.api_models is
$$A model that jobs can name, by model_key or by one of its aliases

parameter_schema is the subset of JSON Schema that queue_job() checks; numbers whose rule says "clamp": true are put
right instead of refused. adapter_options.rename and adapter_options.values put parameters into the model's own words
on their way to the server. input_defaults fills what a request leaves out.
capabilities.job_types maps the job types that the model takes to the defaults of each. estimated_seconds is the time
of one request with the defaults.$$;

create table atelier.endpoints (
  id uuid primary key default atelier.uuid7(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  provider_id uuid not null references atelier.api_providers (id) on delete cascade,
  name text not null unique constraint endpoints_name_not_blank check (name ~ '\S'),
  adapter text not null constraint endpoints_adapter_is_a_name check (adapter ~ '^[a-z0-9_]{1,63}$'),
  base_url text not null
    constraint endpoints_base_url_known check (base_url ~ '^(https?://[^\s/]|unix:/|runner:[0-9]{1,3}$|pull:$)\S*$')
    constraint endpoints_pull_goes_with_its_adapter check ((base_url = 'pull:') = (adapter = 'pull')),
  is_active boolean not null default true,
  only_models text[] constraint endpoints_only_models_not_empty check (cardinality(only_models) > 0),
  max_concurrency integer not null default 1
    constraint endpoints_max_concurrency_in_range check (max_concurrency between 0 and 10000),
  ambiguity_policy text not null default 'hold'
    constraint endpoints_ambiguity_policy_known check (ambiguity_policy in ('retry', 'lookup', 'fail', 'hold')),
  hold_timeout interval not null default interval '1 hour'
    constraint endpoints_hold_timeout_positive check (hold_timeout > interval '0'),
  unavailable_timeout interval not null default interval '15 minutes'
    constraint endpoints_unavailable_timeout_not_negative check (unavailable_timeout >= interval '0'),
  private_network boolean not null default false,
  connect_timeout_ms integer not null default 10000
    constraint endpoints_connect_timeout_in_range check (connect_timeout_ms between 1 and 600000),
  first_byte_timeout_ms integer not null default 300000
    constraint endpoints_first_byte_timeout_in_range check (first_byte_timeout_ms between 1 and 86400000),
  total_timeout_ms integer not null default 600000
    constraint endpoints_total_timeout_in_range check (total_timeout_ms between 1 and 86400000),
  max_output_bytes bigint not null default 67108864
    constraint endpoints_max_output_bytes_in_range check (max_output_bytes between 1 and 17179869184),
  weight numeric not null default 1 constraint endpoints_weight_in_range check (weight between 0.001 and 1000),
  breaker_threshold integer not null default 10
    constraint endpoints_breaker_threshold_in_range check (breaker_threshold between 1 and 1000000),
  requests_per_minute integer
    constraint endpoints_requests_per_minute_in_range check (requests_per_minute between 1 and 10000000),
  request_burst integer constraint endpoints_request_burst_in_range check (request_burst between 1 and 10000),
  health_path text
    constraint endpoints_health_path_is_a_path check (health_path ~ '^[\x21-\x7e]*$' and char_length(health_path) <= 500),
  probe_interval interval
    constraint endpoints_probe_interval_in_range
    check (probe_interval = interval '0' or probe_interval between interval '1 second' and interval '1 day')
);
create index endpoints_provider_idx on atelier.endpoints (provider_id);
select pg_catalog.pg_extension_config_dump('atelier.endpoints', '');
alter table atelier.endpoints enable row level security;
alter table atelier.endpoints force row level security;
grant select, insert, update, delete on atelier.endpoints to authenticated, service_role;
comment on table atelier.endpoints is
$$One URL of a provider, and how jobs are carried there

base_url is http(s)://host/base, unix:/path.sock[:/base], or runner:N for the N-th runner that this server starts;
pull: is the endpoint of a worker, which asks for jobs itself.
only_models limits the endpoint to some model keys; null means every model of its provider. max_concurrency is how
many requests it gets at once; 0 closes it. Of several endpoints that serve a model, each gets its share by weight.
ambiguity_policy says what happens to a job whose request may or may not have been carried out: retry (free or
idempotent endpoints), lookup (ask the provider, for adapters that can), fail, or hold for hold_timeout and then fail.
After breaker_threshold failures in a row the endpoint is left alone for a while.
unavailable_timeout is how long jobs wait for an endpoint that cannot be reached. private_network allows addresses
that are not public. Time-outs are in milliseconds, max_output_bytes limits one output.$$;

create table atelier.provider_tokens (
  id uuid primary key default atelier.uuid7(),
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  provider_id uuid not null references atelier.api_providers (id) on delete cascade,
  name text not null default 'default' constraint provider_tokens_name_not_blank check (name ~ '\S'),
  is_active boolean not null default true,
  last_used_at timestamptz,
  request_count bigint not null default 0,
  error_count bigint not null default 0,
  last_error text,
  last_error_at timestamptz,
  max_concurrency integer
    constraint provider_tokens_max_concurrency_in_range check (max_concurrency between 0 and 10000),
  constraint provider_tokens_name_is_unique unique (provider_id, name),
  number integer generated always as identity constraint provider_tokens_number_key unique,
  requests_per_minute integer
    constraint provider_tokens_requests_per_minute_in_range check (requests_per_minute between 1 and 10000000),
  request_burst integer constraint provider_tokens_request_burst_in_range check (request_burst between 1 and 10000),
  daily_spend_cap numeric constraint provider_tokens_daily_spend_cap_not_negative check (daily_spend_cap >= 0),
  monthly_spend_cap numeric constraint provider_tokens_monthly_spend_cap_not_negative check (monthly_spend_cap >= 0),
  disabled_at timestamptz,
  disabled_reason text,
  account_id text constraint provider_tokens_account_id_is_a_word check (account_id ~ '^[\x21-\x7e]{1,200}$')
);
select pg_catalog.pg_extension_config_dump('atelier.provider_tokens', '');
select pg_catalog.pg_extension_config_dump('atelier.provider_tokens_number_seq', '');
alter table atelier.provider_tokens enable row level security;
alter table atelier.provider_tokens force row level security;
grant select on atelier.provider_tokens to authenticated, service_role;
grant update (name, is_active, max_concurrency, requests_per_minute, request_burst, daily_spend_cap, monthly_spend_cap,
  account_id), delete
  on atelier.provider_tokens to authenticated, service_role;
comment on table atelier.provider_tokens is
$$A token for a provider, without its secret

Made by set_provider_token(). The secret lies apart where no client role can read it, and stays out of dumps. Tokens of a
provider share its jobs; one that reached a rate or a cap is left alone until there is room again. A token that a provider
refuses (401) or that has no credit (402) is disabled, and admins get an event; is_active = true or a new secret enables it.$$;

create table atelier_engine.provider_secrets (
  token_id uuid primary key references atelier.provider_tokens (id) on delete cascade,
  secret text,
  updated_at timestamptz not null default now(),
  sealed bytea,
  constraint provider_secrets_stored_once check (num_nonnulls(secret, sealed) = 1)
);
alter table atelier_engine.provider_secrets enable row level security;
comment on table atelier_engine.provider_secrets is
$$The secrets of provider tokens, sealed with AES-256-GCM

By the key file that atelier.secret_key_file names; the id of the token is sealed in, so that a row opens for no other.
No role has a grant on it, and it is not dumped.$$;
comment on column atelier_engine.provider_secrets.secret is
  'In the clear, as 0.1.0 stored it; seal_provider_tokens() puts an end to that.';
comment on column atelier_engine.provider_secrets.sealed is
  'Version, name of the key, nonce, ciphertext and tag. Only the workers open it, and no function of SQL.';
