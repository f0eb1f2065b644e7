-- Billing: what the columns mean. Columns that mean the same everywhere are described in sql/grants.

comment on column atelier.api_prices.provider_id is 'Who charges it.';
comment on column atelier.api_prices.model_id is 'For which of its models; null: for all that have no price of their own.';
comment on column atelier.api_prices.unit is
  'What is paid for: input_token (all of them, or those not cached where cached_input_token has a price), cached_input_token, '
  'output_token, image, megapixel (a million pixels of pictures), second (of work, as the provider measures it, else from here), '
  'video_second (of video made), request, credit (metrics.credits of the result).';
comment on column atelier.api_prices.price is 'The price of `per` units, in the currency of the provider.';
comment on column atelier.api_prices.per is 'For how many units the price is: 1, 1000 or 1000000.';
comment on column atelier.api_prices.valid_from is 'Since when it holds: calls count that began then or later.';
comment on column atelier.api_prices.valid_until is 'When it ends; null: it holds until further notice.';
comment on column atelier.api_prices.notes is 'Where it is from, for people.';

comment on column atelier.api_cost_logs.user_id is 'For whom it was; null: the account was deleted.';
comment on column atelier.api_cost_logs.provider is 'The name of the provider.';
comment on column atelier.api_cost_logs.operation is 'The type of the job.';
comment on column atelier.api_cost_logs.model_used is 'The key of the model.';
comment on column atelier.api_cost_logs.prompt_tokens is 'Tokens of the input, as the provider counts.';
comment on column atelier.api_cost_logs.completion_tokens is 'Tokens of the output, what was thought included.';
comment on column atelier.api_cost_logs.total_tokens is 'Both together.';
comment on column atelier.api_cost_logs.estimated_cost is
  'What the prices make of it, exactly; null: there is no price, its quantity is unknown, or there was no result.';
comment on column atelier.api_cost_logs.metadata is 'What was counted: quantities by unit of api_prices, usage and metrics of the provider.';
comment on column atelier.api_cost_logs.created_at is 'When the call was begun.';
comment on column atelier.api_cost_logs.content_id is 'What the metadata of the job names so.';
comment on column atelier.api_cost_logs.processing_status is
  'completed, failed, or processing: nobody knows (yet) whether it was carried out.';
comment on column atelier.api_cost_logs.generation_params is 'The parameters, as api_logs.request_body has them.';
comment on column atelier.api_cost_logs.prompt_used is 'The prompt, at most 2000 characters of it; without credentials.';
comment on column atelier.api_cost_logs.error_message is 'Why it failed.';
comment on column atelier.api_cost_logs.completed_at is 'When it ended.';
comment on column atelier.api_cost_logs.started_at is 'When it started.';
comment on column atelier.api_cost_logs.ai_config_name is 'What the metadata of the job names so.';
comment on column atelier.api_cost_logs.character_profile_id is 'What the metadata of the job names so.';
comment on column atelier.api_cost_logs.actual_cost is 'What the provider said that it costs; null: it said nothing.';
comment on column atelier.api_cost_logs.actual_cost_usd is 'The same, if the currency is the US dollar.';
comment on column atelier.api_cost_logs.currency is 'The currency (ISO 4217) of the costs: that of the provider at that time.';
comment on column atelier.api_cost_logs.job_id is 'The job.';
comment on column atelier.api_cost_logs.attempt_id is 'Which of its attempts.';
comment on column atelier.api_cost_logs.token_id is 'The token that paid for it.';

comment on column atelier.api_logs.method is 'POST: only requests that ask for work are logged.';
comment on column atelier.api_logs.path is 'Where it went: the base URL of the endpoint, without credentials and query.';
comment on column atelier.api_logs.status_code is 'The HTTP status; null: no answer came.';
comment on column atelier.api_logs.duration_ms is 'From the request to the last byte of its answer.';
comment on column atelier.api_logs.user_id is 'For whom it was; null: the account was deleted.';
comment on column atelier.api_logs.provider is 'The name of the provider.';
comment on column atelier.api_logs.external_status is 'The state of the attempt: succeeded, failed, cancelled, ambiguous.';
comment on column atelier.api_logs.model_name is 'The key of the model.';
comment on column atelier.api_logs.generation_id is 'The generation that it made.';
comment on column atelier.api_logs.query_params is 'Always null: requests of the engine have what they ask in their body.';
comment on column atelier.api_logs.request_body is
  'The prompt and the parameters, without what looks like a credential and without files; of long texts the beginning.';
comment on column atelier.api_logs.error_message is 'Why it failed.';
comment on column atelier.api_logs.error_stack is 'What the server said about it.';
comment on column atelier.api_logs.error_category is 'The error class (default_retry_policies has them).';
comment on column atelier.api_logs.response_summary is 'What the answer said of itself, and in output_count how many files it had.';
comment on column atelier.api_logs.is_fallback is 'Whether another model did it than the one that was asked for.';
comment on column atelier.api_logs.retry_count is 'How many attempts of the job there were before.';
comment on column atelier.api_logs.ip_address is 'Always null: the engine does not know who asked the app.';
comment on column atelier.api_logs.created_at is 'When the call was begun.';
comment on column atelier.api_logs.job_id is 'The job.';
comment on column atelier.api_logs.attempt_id is 'Which of its attempts.';
