-- Studio: what the columns mean.

comment on column atelier.system_config.id is 'Always 1.';

comment on column atelier.admin_development_progress.feature_name is 'What is to be done.';
comment on column atelier.admin_development_progress.feature_category is 'Where it belongs.';
comment on column atelier.admin_development_progress.status is 'not_started, in_progress, completed or blocked.';
comment on column atelier.admin_development_progress.priority is 'P0, P1 or P2; P0 first.';
comment on column atelier.admin_development_progress.assigned_to is 'Who does it.';
comment on column atelier.admin_development_progress.estimated_hours is 'How long it should take.';
comment on column atelier.admin_development_progress.actual_hours is 'How long it took.';
comment on column atelier.admin_development_progress.start_date is 'When it was begun.';
comment on column atelier.admin_development_progress.completion_date is 'When it was done.';
comment on column atelier.admin_development_progress.notes is 'What there is to say about it.';
comment on column atelier.admin_development_progress.blockers is 'What it waits for.';


comment on column atelier.job_types.job_type is 'What jobs call it.';
comment on column atelier.job_types.format is 'image or video.';
comment on column atelier.job_types.quality is 'fast or high.';
comment on column atelier.job_types.engine is 'Which kind of worker does it: sdxl, wan, or wan with prompts that a language model has rewritten.';
comment on column atelier.job_types.width is 'In pixels.';
comment on column atelier.job_types.height is 'In pixels.';
comment on column atelier.job_types.frames is 'Pictures of a video, 16 a second; 1 for a picture.';
comment on column atelier.job_types.steps is 'Steps of the sampler.';
comment on column atelier.job_types.guidance is 'How closely it follows the prompt.';
comment on column atelier.job_types.expected_seconds is 'How long one takes on the usual hardware.';
comment on column atelier.job_types.bucket is 'The bucket of such results, once.';
comment on column atelier.job_types.max_bytes is 'The largest file that bucket takes.';
comment on column atelier.job_types.models is 'Keys of the active models that name this job type, the preferred one first.';

comment on column atelier.usage_logs.action is 'The job type.';
comment on column atelier.usage_logs.credits_consumed is 'What it cost in credits; 0 unless the job is completed.';

comment on column atelier.user_analytics.username is 'The name of the person.';
comment on column atelier.user_analytics.user_created_at is 'When the person signed up.';
comment on column atelier.user_analytics.total_jobs is 'How many jobs there are.';
comment on column atelier.user_analytics.completed_jobs is 'How many are completed.';
comment on column atelier.user_analytics.failed_jobs is 'How many failed.';
comment on column atelier.user_analytics.total_images is 'Pictures in workspace and library.';
comment on column atelier.user_analytics.total_videos is 'Videos in workspace and library.';
comment on column atelier.user_analytics.storage_used_bytes is 'Their bytes.';
comment on column atelier.user_analytics.avg_job_time_minutes is 'Minutes that a completed job took, on average.';
