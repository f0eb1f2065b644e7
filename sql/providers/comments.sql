-- Providers: what the columns mean.

comment on column atelier.api_providers.name is
  'The name in functions and settings: small letters, digits, points, hyphens; unique.';
comment on column atelier.api_providers.display_name is 'The name in lists.';
comment on column atelier.api_providers.base_url is
  'Where its API is documented to be; jobs go to the URLs in endpoints.';
comment on column atelier.api_providers.docs_url is 'Where its API is explained.';
comment on column atelier.api_providers.auth_scheme is
  'How a token travels: none, bearer, key, token (a word before it), header (alone) or basic (name:password).';
comment on column atelier.api_providers.auth_header_name is 'The header of the token.';
comment on column atelier.api_providers.secret_name is 'What other systems call its token.';
comment on column atelier.api_providers.rate_limits is 'What it is known to allow, for people to read.';
comment on column atelier.api_providers.is_active is 'Whether its models are offered and its endpoints used.';
comment on column atelier.api_providers.adapter_options is
  'What the adapter of its endpoints has to know of it, such as where the result is in an answer of http_json.';
comment on column atelier.api_providers.webhook_url is
  'Where it may report what became of a request; {capability} becomes a token for the one attempt. Null: nowhere.';

comment on column atelier.api_models.created_by is 'The administrator who added it.';
comment on column atelier.api_models.provider_id is 'Who runs it.';
comment on column atelier.api_models.model_key is 'What jobs call it, and what its server does; unique.';
comment on column atelier.api_models.version is 'Which version of it.';
comment on column atelier.api_models.display_name is 'The name in lists.';
comment on column atelier.api_models.modality is 'What it makes: image, video or chat.';
comment on column atelier.api_models.task is 'From what: t2i is text to image, i2v image to video, and so on.';
comment on column atelier.api_models.model_family is 'Which models it is like, such as sdxl.';
comment on column atelier.api_models.endpoint_path is
  'The part of the URL after the endpoint''s, where it needs one of its own.';
comment on column atelier.api_models.input_defaults is 'Parameters for what a request leaves out.';
comment on column atelier.api_models.capabilities is
  'What it can do; job_types maps the job types it takes to the defaults of each; tokenizer names the folder in '
  'atelier.tokenizer_directory by which its prompts are counted.';
comment on column atelier.api_models.pricing is 'What it costs, for people to read. What is reckoned with are api_prices.';
comment on column atelier.api_models.output_format is 'The format of its outputs, such as png.';
comment on column atelier.api_models.is_active is 'Whether new jobs may ask for it.';
comment on column atelier.api_models.is_default is 'Whether jobs that name no model get this one.';
comment on column atelier.api_models.priority is 'Of several that would do, the highest is taken.';
comment on column atelier.api_models.aliases is 'Other names that jobs may call it.';
comment on column atelier.api_models.parameter_schema is 'Which parameters it takes, as JSON Schema.';
comment on column atelier.api_models.max_concurrency is
  'How many of its jobs may be at endpoints at once; null: any number, 0: none.';
comment on column atelier.api_models.adapter_options is
  'What the adapter has to know of this model, such as its workflow in ComfyUI; goes before what its provider says.';
comment on column atelier.api_models.estimated_seconds is 'Time of one request with the defaults.';
comment on column atelier.api_models.equivalent_models is
  'Keys of the models that may take over its jobs when it fails, the best first.';

comment on column atelier.endpoints.provider_id is 'Whose server it is.';
comment on column atelier.endpoints.name is 'Its name in reports; unique.';
comment on column atelier.endpoints.adapter is 'The protocol that it speaks, such as openai_images.';
comment on column atelier.endpoints.base_url is 'http(s)://host/base, unix:/path.sock[:/base] or runner:N.';
comment on column atelier.endpoints.is_active is 'Whether it gets jobs.';
comment on column atelier.endpoints.only_models is 'The model keys that it serves; null: all of its provider.';
comment on column atelier.endpoints.max_concurrency is 'How many requests it gets at once; 0 closes it.';
comment on column atelier.endpoints.requests_per_minute is
  'How often it is asked with one token, at most; null: as often as there is work.';
comment on column atelier.endpoints.request_burst is
  'How many requests may go out at once after a pause; null: those of ten seconds.';
comment on column atelier.endpoints.ambiguity_policy is
  'What becomes of a job whose request may have been carried out: retry, lookup, fail or hold.';
comment on column atelier.endpoints.hold_timeout is 'How long a job is held before it fails.';
comment on column atelier.endpoints.unavailable_timeout is 'How long jobs wait for it while it cannot be reached.';
comment on column atelier.endpoints.private_network is 'Whether its address may be one that is not public.';
comment on column atelier.endpoints.connect_timeout_ms is 'Milliseconds until a connection must stand.';
comment on column atelier.endpoints.first_byte_timeout_ms is 'Milliseconds until the answer must begin.';
comment on column atelier.endpoints.total_timeout_ms is 'Milliseconds until the answer must be complete.';
comment on column atelier.endpoints.max_output_bytes is 'Bytes that one output may have.';
comment on column atelier.endpoints.weight is 'Its share, relative to the other endpoints of a model.';
comment on column atelier.endpoints.breaker_threshold is
  'How many failures in a row, by whatever jobs, open its circuit breaker.';

comment on column atelier.endpoints.health_path is
  'What it is asked with GET to find out how it is, for example /health; without a slash at its beginning it follows '
  'base_url. Only what costs nothing. Null: what its adapter knows; empty: nothing.';
comment on column atelier.endpoints.probe_interval is
  'How often it is asked how it is while it has no jobs; null: atelier.probe_interval, 0: never.';

comment on column atelier.endpoint_health.endpoint is 'The name of the endpoint.';
comment on column atelier.endpoint_health.provider is 'The name of its provider.';
comment on column atelier.endpoint_health.is_active is 'Whether it gets jobs; the provider has a say, too.';
comment on column atelier.endpoint_health.health is 'inactive, paused, draining, drained, unavailable, throttled, failing or healthy.';
comment on column atelier.endpoint_health.busy is 'Requests that are there now.';
comment on column atelier.endpoint_health.unavailable_since is 'Since when it cannot be reached; null: it can.';
comment on column atelier.endpoint_health.blocked_until is 'When it is tried again; null: it need not wait.';
comment on column atelier.endpoint_health.last_error_class is 'The kind of the last error.';
comment on column atelier.endpoint_health.last_error is 'The last error.';
comment on column atelier.endpoint_health.last_error_at is 'When that was.';
comment on column atelier.endpoint_health.breaker_state is 'closed, open or half_open.';
comment on column atelier.endpoint_health.failure_count is 'Failures in a row, of those that speak against it.';
comment on column atelier.endpoint_health.pause_reason is 'Why an operator paused or drains it.';
comment on column atelier.endpoint_health.weight is 'Its share, relative to the other endpoints of a model.';
comment on column atelier.endpoint_health.probed_at is 'When it was last asked how it is.';
comment on column atelier.endpoint_health.probe_error is 'What was wrong with the answer; null: nothing.';

comment on column atelier.token_health.token is 'The name of the token.';
comment on column atelier.token_health.provider is 'The name of its provider.';
comment on column atelier.token_health.is_active is 'Whether the workers may use it.';
comment on column atelier.token_health.breaker_state is 'closed, open or half_open.';
comment on column atelier.token_health.blocked_until is 'When it is tried again; null: it need not wait.';
comment on column atelier.token_health.last_error_class is 'The kind of the last error.';
comment on column atelier.token_health.last_error is 'The last error.';
comment on column atelier.token_health.last_error_at is 'When that was.';

comment on column atelier.provider_tokens.provider_id is 'For whom it is.';
comment on column atelier.provider_tokens.name is 'What it is called; unique for a provider.';
comment on column atelier.provider_tokens.max_concurrency is
  'How many requests may be on their way with it at once; null: any number, 0: none.';
comment on column atelier.provider_tokens.account_id is
  'Who the account is at its provider: webhooks of fal that name another one are refused. Null: it is not known.';
comment on column atelier.provider_tokens.is_active is 'Whether the workers use it.';
comment on column atelier.provider_tokens.last_used_at is 'When a request was last sent with it.';
comment on column atelier.api_providers.currency is 'The currency (ISO 4217) of its prices, costs and caps.';
comment on column atelier.provider_tokens.request_count is 'Requests that were sent with it, or may have been.';
comment on column atelier.provider_tokens.error_count is 'Those of them that failed because of it: refused, no credit, too many.';
comment on column atelier.provider_tokens.number is 'Its id in replicate_tokens.';
comment on column atelier.provider_tokens.requests_per_minute is 'How many requests it gets in a minute, at all endpoints together; null: any number.';
comment on column atelier.provider_tokens.request_burst is 'How many of them at once; null: those of ten seconds.';
comment on column atelier.provider_tokens.daily_spend_cap is
  'What its requests may cost in a day (of UTC), in the currency of the provider; those on their way when it is reached come on top.';
comment on column atelier.provider_tokens.monthly_spend_cap is 'What they may cost in a month, likewise.';
comment on column atelier.provider_tokens.disabled_at is 'When its provider refused it, so that it was disabled; null: it was not.';
comment on column atelier.provider_tokens.disabled_reason is 'Why: auth (401) or payment (402).';
comment on column atelier.provider_tokens.last_error is 'The last such error.';
comment on column atelier.provider_tokens.last_error_at is 'When that was.';

comment on column atelier.model_config_history.model_type is 'The family in capitals, such as SDXL or WAN.';
comment on column atelier.model_config_history.config_name is 'The key of the model, or what an admin called the settings.';
comment on column atelier.model_config_history.config_data is 'The settings.';
comment on column atelier.model_config_history.is_active is 'Whether they are in use.';
comment on column atelier.model_config_history.created_by is 'Who made the change; null: the back end, or an account that is gone.';
comment on column atelier.model_config_history.notes is 'What came of it.';

comment on column atelier.model_performance_logs.model_type is 'The family in capitals, such as SDXL or WAN.';
comment on column atelier.model_performance_logs.date is 'The day, in UTC.';
comment on column atelier.model_performance_logs.total_generations is 'Pictures or videos that were asked for.';
comment on column atelier.model_performance_logs.successful_generations is 'Those that were made.';
comment on column atelier.model_performance_logs.failed_generations is 'Those that were not.';
comment on column atelier.model_performance_logs.avg_generation_time_ms is 'Milliseconds for one, on average.';
comment on column atelier.model_performance_logs.avg_quality_rating is 'Their rating, on average.';
comment on column atelier.model_performance_logs.total_processing_time_ms is 'Milliseconds for all.';

comment on column atelier.model_test_results.model_type is 'SDXL, WAN or LORA.';
comment on column atelier.model_test_results.model_version is 'Which version of it.';
comment on column atelier.model_test_results.prompt_text is 'What was asked for.';
comment on column atelier.model_test_results.success is 'Whether something came of it.';
comment on column atelier.model_test_results.overall_quality is 'Marks from 0 to 10.';
comment on column atelier.model_test_results.technical_quality is 'Marks from 0 to 10.';
comment on column atelier.model_test_results.content_quality is 'Marks from 0 to 10.';
comment on column atelier.model_test_results.consistency is 'Marks from 0 to 10.';
comment on column atelier.model_test_results.test_series is 'The series it belongs to.';
comment on column atelier.model_test_results.test_tier is 'artistic, explicit or unrestricted.';
comment on column atelier.model_test_results.test_category is 'A part of the series.';
comment on column atelier.model_test_results.test_metadata is 'Anything else.';
comment on column atelier.model_test_results.job_id is 'The job that was tested.';
comment on column atelier.model_test_results.image_id is 'The picture that it made.';
comment on column atelier.model_test_results.video_id is 'The video that it made.';
comment on column atelier.model_test_results.generation_time_ms is 'Milliseconds it took.';
comment on column atelier.model_test_results.file_size_bytes is 'The size of the file.';
comment on column atelier.model_test_results.notes is 'What there is to say about it.';
comment on column atelier.model_test_results.enhancement_strategy is 'How the prompt was worked over.';
comment on column atelier.model_test_results.original_prompt is 'The prompt before that.';
comment on column atelier.model_test_results.enhanced_prompt is 'The prompt after that.';
comment on column atelier.model_test_results.enhancement_time_ms is 'Milliseconds that took.';
comment on column atelier.model_test_results.quality_improvement is 'How much better the rating became.';
comment on column atelier.model_test_results.compel_weights is 'Weights of parts of the prompt.';
comment on column atelier.model_test_results.qwen_expansion_percentage is
  'How much longer the prompt became, in percent.';
comment on column atelier.model_test_results.baseline_quality is 'The rating without it.';

comment on column atelier.pauses.endpoint_id is 'The endpoint, if it is about one.';
comment on column atelier.pauses.model_id is 'The model, if it is about one.';
comment on column atelier.pauses.provider_id is 'The provider whose lane it is about, if it is about one.';
comment on column atelier.pauses.user_id is 'The user, if it is about one.';
comment on column atelier.pauses.mode is 'pause or drain.';
comment on column atelier.retry_policies.error_class is 'The kind of failure.';
comment on column atelier.retry_policies.action is 'retry, elsewhere, fail_over, hold or fail.';
comment on column atelier.retry_policies.uses_up_attempt is 'Whether it uses up one of max_attempts.';
comment on column atelier.retry_policies.first_delay is 'The longest pause after the first failure.';
comment on column atelier.retry_policies.longest_delay is 'The longest pause after any failure.';
comment on column atelier.retry_policies.otherwise is 'What happens when there is no other place: retry, hold or fail.';

comment on column atelier_engine.endpoint_states.unavailable_since is 'Since when it cannot be reached.';
comment on column atelier_engine.endpoint_states.unavailable_count is 'How often in a row it could not be reached.';
comment on column atelier_engine.endpoint_states.throttled_count is 'How often in a row it asked for patience.';
comment on column atelier_engine.endpoint_states.failure_count is
  'Failures in a row that speak against it, since the last success or the last opening.';
comment on column atelier_engine.endpoint_states.trip_count is 'How often in a row failures opened the breaker.';
comment on column atelier_engine.endpoint_states.opened_at is 'Since when the breaker is not closed.';
comment on column atelier_engine.endpoint_states.breaker_state is 'closed, open or half_open.';
comment on column atelier_engine.token_states.throttled_count is 'How often in a row its provider asked for patience.';
comment on column atelier_engine.token_states.trip_count is 'How often in a row it was refused.';
comment on column atelier_engine.token_states.opened_at is 'Since when the breaker is not closed.';
comment on column atelier_engine.token_states.breaker_state is 'closed, open or half_open.';
comment on column atelier.pauses.created_by is 'Who did it; null: the back end.';
comment on column atelier.pauses.reason is 'Why; explain_job() repeats it to the owner of a job.';
comment on column atelier.pauses.ends_at is 'When it ends by itself; null: never.';
comment on column atelier.retry_policies.provider_id is 'The provider it is for; null: all of them, or an endpoint.';
comment on column atelier.retry_policies.endpoint_id is 'The endpoint it is for; null: all of them, or a provider''s.';
comment on column atelier_engine.endpoint_states.blocked_until is 'When it gets a request again; null: it need not wait.';
comment on column atelier_engine.token_states.blocked_until is 'When it is used again; null: it need not wait.';

comment on column atelier.token_health.spent_today is 'What its requests cost today, by UTC.';
comment on column atelier.token_health.spent_this_month is 'What they cost this month.';
comment on column atelier.default_retry_policies.error_class is 'The kind of failure.';
comment on column atelier.default_retry_policies.action is 'retry, elsewhere, fail_over, hold or fail.';
comment on column atelier.default_retry_policies.uses_up_attempt is 'Whether it uses up one of max_attempts.';
comment on column atelier.default_retry_policies.first_delay is 'The longest pause after the first failure.';
comment on column atelier.default_retry_policies.longest_delay is 'The longest pause after any failure.';
comment on column atelier.default_retry_policies.otherwise is 'What happens when there is no other place: retry, hold or fail.';

comment on column atelier.known_providers.name is 'What add_known_models() knows it by, and its name in api_providers.';
comment on column atelier.known_providers.display_name is 'What people call it.';
comment on column atelier.known_providers.auth_scheme is 'How a token travels.';
comment on column atelier.known_providers.auth_header_name is 'The header in which it travels.';
comment on column atelier.known_providers.base_url is 'Where it is: base_url of its endpoints.';
comment on column atelier.known_providers.docs_url is 'Where its documentation is.';
comment on column atelier.known_models.provider is 'Whose model it is: known_providers.name.';
comment on column atelier.known_models.adapter is 'The adapter of the endpoint that it needs.';
comment on column atelier.known_models.model_key is 'What the provider calls it.';
comment on column atelier.known_models.display_name is 'What people call it.';
comment on column atelier.known_models.modality is 'image, video or chat.';
comment on column atelier.known_models.task is 'What it does, as in api_models.';
comment on column atelier.known_models.aliases is 'Further names for it.';
comment on column atelier.known_models.estimated_seconds is 'The usual time of one request with the defaults, in seconds.';
comment on column atelier.known_models.input_defaults is 'What a request has that does not say otherwise.';
comment on column atelier.known_models.parameter_schema is 'What a request may say: names, types, and the least and the most.';
comment on column atelier.known_models.adapter_options is 'What the adapter has to know of it, such as other names for parameters.';
