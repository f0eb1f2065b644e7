-- Jobs: what the columns mean.

comment on column atelier.jobs.status is
  'queued, processing once its request was sent, then completed, failed or cancelled for good.';
comment on column atelier.jobs.started_at is 'When it was first taken from the queue.';
comment on column atelier.jobs.completed_at is 'When it was completed, failed or cancelled.';
comment on column atelier.jobs.job_type is 'What kind of request, such as sdxl_image_high.';
comment on column atelier.jobs.format is 'image, video or chat.';
comment on column atelier.jobs.quality is 'fast or high.';
comment on column atelier.jobs.model_type is 'The family of the model, such as sdxl.';
comment on column atelier.jobs.api_model_id is 'The model that it is for.';
comment on column atelier.jobs.template_name is 'The template of which its prompt was made.';
comment on column atelier.jobs.original_prompt is 'What the user wrote.';
comment on column atelier.jobs.enhanced_prompt is 'What was made of that for the model; null: nothing was.';
comment on column atelier.jobs.negative_prompt is 'What to avoid.';
comment on column atelier.jobs.parameters is 'What the model gets besides the prompts, complete.';
comment on column atelier.jobs.metadata is 'Whatever the app attached; provider is what the server said.';
comment on column atelier.jobs.destination is 'Where its outputs go: workspace or library.';
comment on column atelier.jobs.workspace_session_id is 'The session it was asked in.';
comment on column atelier.jobs.project_id is 'The project it was asked for.';
comment on column atelier.jobs.image_id is 'The first picture in the library that it made.';
comment on column atelier.jobs.video_id is 'The first video in the library that it made.';
comment on column atelier.jobs.priority is 'Higher ones first; above 0 from the back end only.';
comment on column atelier.jobs.attempts is 'Tries that counted.';
comment on column atelier.jobs.max_attempts is 'How many may count before it fails.';
comment on column atelier.jobs.error_message is 'The last failure, also while it waits for another try.';
comment on column atelier.jobs.error_class is 'The kind of the last failure.';
comment on column atelier.jobs.moderation_status is 'What became of the prompt: unchecked, pending, approved, flagged, quarantined or rejected.';
comment on column atelier.jobs.reviewed_at is 'When somebody looked at it.';
comment on column atelier.jobs.reviewed_by is 'Who looked at it.';
comment on column atelier.jobs.review_notes is 'What was said about it.';
comment on column atelier.jobs.prompt_test_id is 'The test of prompts it is a part of.';
comment on column atelier.jobs.test_metadata is 'What the test noted.';
comment on column atelier.jobs.enhancement_strategy is 'How the prompt was worked over.';
comment on column atelier.jobs.enhancement_time_ms is 'Milliseconds that took.';
comment on column atelier.jobs.quality_rating is 'The rating of its outputs.';
comment on column atelier.jobs.quality_improvement is 'How much better the rating became.';
comment on column atelier.jobs.compel_weights is 'Weights of parts of the prompt.';
comment on column atelier.jobs.qwen_expansion_percentage is 'How much longer the prompt became, in percent.';

comment on column atelier.jobs.run_at is 'Not before this time; null: as soon as possible.';
comment on column atelier.jobs.retry_of is 'The job that failed or was cancelled, of which this one is another try.';
comment on column atelier.jobs.schedule_id is 'The schedule that queued it; run_at is when it was due.';
comment on column atelier.jobs.idempotency_key is 'The key of the caller: the same key gives this job again.';
comment on column atelier.jobs.request_hash is 'SHA-256 of the request, to tell whether the key was used for another one.';
comment on column atelier.jobs.content_hash is
  'SHA-256 of what decides about the outputs, where results may be reused; null elsewhere.';

comment on column atelier.job_dependencies.job_id is 'The job that waits.';
comment on column atelier.job_dependencies.depends_on_job_id is 'The job that must be completed first.';
comment on column atelier.job_dependencies.on_failure is
  'When that one fails or is cancelled: fail, skip (the job is cancelled) or start all the same.';

comment on column atelier.generations.job_id is 'The job that made it.';
comment on column atelier.generations.action is 'What was asked for, such as create or video_create.';
comment on column atelier.generations.model_id is 'The key of the model.';
comment on column atelier.generations.model_name is 'The name of the model in lists.';
comment on column atelier.generations.replicate_model is 'The name of the model at its server.';
comment on column atelier.generations.prompt is 'What the user wrote.';
comment on column atelier.generations.input_image_url is 'The picture it started from.';
comment on column atelier.generations.input_video_url is 'The video it started from.';
comment on column atelier.generations.settings is 'What the model got besides the prompt.';
comment on column atelier.generations.status is 'pending, processing, completed, failed or cancelled.';
comment on column atelier.generations.output_urls is 'Its outputs in their order, as bucket/path.';
comment on column atelier.generations.output_thumbs is 'Small pictures of them, as bucket/path.';
comment on column atelier.generations.output_text is 'Its output, where that is text.';
comment on column atelier.generations.result is 'Its output, where that is data and not files: the JSON of the answer.';
comment on column atelier.generations.replicate_prediction_id is 'The id that the server gave to the request.';
comment on column atelier.generations.replicate_token_index is 'Which token of the provider was used.';
comment on column atelier.generations.replicate_input is 'The request as the server got it.';
comment on column atelier.generations.replicate_output is 'What the server said besides the outputs.';
comment on column atelier.generations.processing_time_ms is 'Milliseconds from the request to its last byte.';
comment on column atelier.generations.error_message is 'Why it failed.';
comment on column atelier.generations.cost_credits is 'What it cost, in tokens.';
comment on column atelier.generations.cost_usd is 'What it cost the operator, in US dollars.';
comment on column atelier.generations.started_at is 'When its job was first taken from the queue.';
comment on column atelier.generations.completed_at is 'When it was recorded.';
comment on column atelier.generations.viewed is 'Whether its owner has seen it.';
comment on column atelier.generations.viewed_at is 'When that was.';
comment on column atelier.generations.is_favorite is 'Whether its owner likes it.';
comment on column atelier.generations.is_keyframe_segment is 'Whether it is a part of a longer video.';
comment on column atelier.generations.workspace_id is 'The workspace it was made in.';

comment on column atelier.events.seq is 'Grows with each event, in the order of writing.';
comment on column atelier.events.xid is 'The transaction that wrote it: events_since() goes by it, then by seq.';
comment on column atelier.events.kind is 'job.completed, job.failed or job.cancelled.';
comment on column atelier.events.ref is 'The id of what it happened to.';

comment on column atelier.queue_depth.model is 'The key of the model.';
comment on column atelier.queue_depth.ready is 'Jobs that could start now.';
comment on column atelier.queue_depth.waiting is 'Jobs between two tries.';
comment on column atelier.queue_depth.blocked is 'Jobs that wait for other jobs.';
comment on column atelier.queue_depth.leased is 'Jobs that are at an endpoint.';
comment on column atelier.queue_depth.held is 'Jobs of which nobody knows whether their request was carried out.';
comment on column atelier.queue_depth.parked is 'Jobs that wait for a cap of their user or workspace.';
comment on column atelier.queue_depth.oldest_ready_at is 'Since when the first of those that could start has waited.';
comment on column atelier.queue_depth.next_retry_at is 'When the next of those that wait for another try is due.';

comment on column atelier.stuck_jobs.job_id is 'The job.';
comment on column atelier.stuck_jobs.status is 'queued or processing.';
comment on column atelier.stuck_jobs.queue_state is
  'blocked, waiting, parked, ready, leased or held; null: it is not in the queue.';
comment on column atelier.stuck_jobs.problem is 'What is wrong with it.';

comment on column atelier.worker_status.process is
  'launcher, dispatcher, courier, janitor, runner_supervisor or runner.';
comment on column atelier.worker_status.database is 'The database that it serves; null: all.';
comment on column atelier.worker_status.pid is 'Its process id.';
comment on column atelier.worker_status.state is 'starting, running, stopped and the like.';
comment on column atelier.worker_status.started_at is 'Since when it runs.';
comment on column atelier.worker_status.restarts is 'How often it was started again.';
comment on column atelier.worker_status.detail is 'What it says about itself.';

comment on column atelier.held_jobs.job_id is 'The job.';
comment on column atelier.held_jobs.attempt_id is 'Its attempt.';
comment on column atelier.held_jobs.endpoint is 'Where the request went.';
comment on column atelier.held_jobs.external_id is 'The id that the provider gave to the request; null: none is known.';
comment on column atelier.held_jobs.claimed_at is 'When the attempt began.';
comment on column atelier.held_jobs.sent_at is 'When the request was sent completely; null: that is not known.';
comment on column atelier.held_jobs.decided_at is 'When it fails, unless somebody decides.';
comment on column atelier.held_jobs.has_late_result is 'Whether the result came after all; then adopt_late_result() is best.';

comment on column atelier.late_results.attempt_id is 'The attempt that was given up.';
comment on column atelier.late_results.job_id is 'Its job.';
comment on column atelier.late_results.status is 'How the job is now.';
comment on column atelier.late_results.endpoint is 'Where the result comes from.';
comment on column atelier.late_results.received_at is 'When it came.';
comment on column atelier.late_results.expires_at is 'When it is deleted.';
comment on column atelier.late_results.adopted_at is 'When it was adopted; null: it was not.';
comment on column atelier.late_results.outputs is 'How many files it has.';
comment on column atelier.late_results.has_data is 'Whether it is data and no files.';
comment on column atelier.late_results.byte_count is 'Their size together.';

comment on column atelier.schedules.name is 'What its owner calls it.';
comment on column atelier.schedules.request is 'The arguments of queue_job() for each run.';
comment on column atelier.schedules.cron is 'When it runs: minute, hour, day of the month, month, day of the week.';
comment on column atelier.schedules.every is 'Or how long after each other its runs are, counted from starts_at.';
comment on column atelier.schedules.time_zone is 'The time zone that cron means.';
comment on column atelier.schedules.misfire_policy is
  'What happens to runs that were missed by more than five minutes: skip, once (one run for all of them) or all (100 at most).';
comment on column atelier.schedules.starts_at is 'No run before this time.';
comment on column atelier.schedules.ends_at is 'No run after this time; null: it has no end.';
comment on column atelier.schedules.is_active is 'False while it is paused. Ten failures in a row pause it, too.';
comment on column atelier.schedules.next_run_at is 'When it runs next; null: never again.';
comment on column atelier.schedules.last_run_at is 'When it ran last.';
comment on column atelier.schedules.run_count is 'How many jobs it has queued.';
comment on column atelier.schedules.failure_count is 'How many runs in a row could not queue a job.';
comment on column atelier.schedules.last_error is 'Why the last of those could not.';
