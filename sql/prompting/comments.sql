-- Prompting: what the columns mean.
comment on column atelier.prompt_templates.enhancer_model is
  'The model that is told the template, such as qwen_instruct; any: every one that has no template of its own.';
comment on column atelier.prompt_templates.use_case is 'What it is for, such as enhancement, chat_general or character_roleplay.';
comment on column atelier.prompt_templates.content_mode is 'For whom it is: sfw, or nsfw for people whose age is verified.';
comment on column atelier.prompt_templates.template_name is 'Its name; the versions of one template have the same.';
comment on column atelier.prompt_templates.system_prompt is 'What the model is told: up to 20 000 characters.';
comment on column atelier.prompt_templates.token_limit is 'How many tokens the answer may have.';
comment on column atelier.prompt_templates.is_active is
  'Whether this version is the one in use. Turning it on publishes the version, turning it off retires it.';
comment on column atelier.prompt_templates.created_by is 'Who made it; null: the back end, or somebody who is gone.';
comment on column atelier.prompt_templates.version is 'The number of the version; left out, the next one.';
comment on column atelier.prompt_templates.metadata is 'What else the app notes: an object of up to 16 KiB.';
comment on column atelier.prompt_templates.job_type is 'For chat, image or video jobs; null: for any.';
comment on column atelier.prompt_templates.target_model is
  'The model or family of models that the prompt is for, such as sdxl or wan; null: any.';
comment on column atelier.prompt_templates.description is 'What it does, for people.';
comment on column atelier.prompt_templates.comment is 'Remarks; they may change after the version was published, too.';
comment on column atelier.prompt_templates.provider is 'The provider of the enhancer model, where that matters.';
comment on column atelier.prompt_templates.published_at is 'When it was published first; null: a draft.';
comment on column atelier.prompt_templates.retired_at is 'When it was retired; null: a draft, or in use.';

comment on column atelier.negative_prompts.model_type is 'The model or family of models, such as sdxl.';
comment on column atelier.negative_prompts.content_mode is 'For which prompts: sfw or nsfw.';
comment on column atelier.negative_prompts.negative_prompt is
  'Terms between commas, which may have weights as parse_prompt_weights() reads them.';
comment on column atelier.negative_prompts.is_active is 'Whether get_negative_prompt() uses it.';
comment on column atelier.negative_prompts.priority is 'The higher, the further in front.';
comment on column atelier.negative_prompts.created_by is 'Who made it; null: the back end, or somebody who is gone.';
comment on column atelier.negative_prompts.description is 'What it keeps away, for people.';
comment on column atelier.negative_prompts.generation_mode is 'For pictures from a text (txt2img) or from a picture (i2i).';

comment on column atelier.enhancement_presets.preset_name is 'Its name; unique.';
comment on column atelier.enhancement_presets.preset_description is 'What it does, for people.';
comment on column atelier.enhancement_presets.enable_qwen is 'Whether a language model rewrites the prompt.';
comment on column atelier.enhancement_presets.enable_compel is 'Whether words are weighted.';
comment on column atelier.enhancement_presets.auto_enhancement is 'Whether that happens without being asked for.';
comment on column atelier.enhancement_presets.compel_weights is 'The weights: an object from phrases to numbers, as in compel_configs.';
comment on column atelier.enhancement_presets.qwen_settings is 'What the language model is asked with: an object of up to 16 KiB.';
comment on column atelier.enhancement_presets.usage_count is 'How often it was used.';
comment on column atelier.enhancement_presets.avg_quality_with_preset is 'The average rating of what was made with it; null: none yet.';
comment on column atelier.enhancement_presets.is_recommended is 'Whether the app recommends it.';
comment on column atelier.enhancement_presets.created_by is 'Who made it; null: the back end, or somebody who is gone.';

comment on column atelier.compel_configs.config_name is 'Its name; unique among those that are active.';
comment on column atelier.compel_configs.weights is
  'An object from phrases to weights from 0.1 to 2: {"sharp focus": 1.3}. At most 200 of them.';
comment on column atelier.compel_configs.config_hash is 'The SHA-256 of the weights, in hexadecimal; computed, so that no weights are there twice.';
comment on column atelier.compel_configs.total_tests is 'How often it was tested.';
comment on column atelier.compel_configs.avg_quality is 'The average rating of quality; null: not tested.';
comment on column atelier.compel_configs.avg_consistency is 'The average rating of consistency; null: not tested.';
comment on column atelier.compel_configs.is_active is 'Whether apply_compel_config() knows it.';
comment on column atelier.compel_configs.created_by is 'Who made it; null: the back end, or somebody who is gone.';

comment on column atelier.content_terms.term is
  'Words in small letters with single spaces. A space stands for hyphens and underscores, too.';
comment on column atelier.content_terms.meaning is 'nsfw: makes a prompt nsfw; harmless: excuses what it covers.';
comment on column atelier.content_terms.is_active is 'Whether detect_content_mode() uses it.';
comment on column atelier.content_terms.created_by is 'Who made it; null: the back end, or somebody who is gone.';

comment on column atelier.prompt_enhancements.job_id is 'The job that gets the prompt; null: only the text was asked for.';
comment on column atelier.prompt_enhancements.enhancement_job_id is
  'The job of the language model; null: there was none, or it is deleted.';
comment on column atelier.prompt_enhancements.original_prompt is 'What the user wrote.';
comment on column atelier.prompt_enhancements.enhanced_prompt is 'What was made of that; null: nothing, the original is used.';
comment on column atelier.prompt_enhancements.enhancement_strategy is
  'pending; rewritten by a language model; only weighted; given by the caller; exact_copy: left alone on purpose; '
  'error_fallback: left alone because of fallback_reason.';
comment on column atelier.prompt_enhancements.fallback_reason is
  'Why the original is used: the language model failed, was cancelled, said nothing (empty), too much (too_long), that it '
  'would not (refused), what is nsfw where sfw was asked for (content_mode), or what weights cannot be given to (unusable); or '
  'there is no_model or no_template.';
comment on column atelier.prompt_enhancements.enhancer_model is 'By which name of a language model the template was looked up.';
comment on column atelier.prompt_enhancements.template_id is 'The version of the template that the language model was told.';
comment on column atelier.prompt_enhancements.template_name is 'Its name.';
comment on column atelier.prompt_enhancements.content_mode is 'For whom the prompt is.';
comment on column atelier.prompt_enhancements.token_limit is 'How many tokens of the text encoder it may have.';
comment on column atelier.prompt_enhancements.token_count is 'How many the answer has (its first 10001 characters).';
comment on column atelier.prompt_enhancements.token_count_exact is
  'Whether they were counted by the tokenizer of the model; false: estimated.';
comment on column atelier.prompt_enhancements.compel_weights is 'The weights that presets give to words of the prompt.';
comment on column atelier.prompt_enhancements.options is 'What was asked for.';
comment on column atelier.prompt_enhancements.enhancement_time_ms is 'Milliseconds from the request to the answer.';
comment on column atelier.prompt_enhancements.completed_at is 'When it was settled; null: the language model is still at it.';
comment on column atelier.prompt_enhancements.prompt_test_id is 'The test that it took part in.';
comment on column atelier.prompt_enhancements.test_variant is 'In which half: baseline or enhanced.';

comment on column atelier.prompt_ab_tests.test_name is 'By which requests name it; unique.';
comment on column atelier.prompt_ab_tests.test_series is 'What it belongs to.';
comment on column atelier.prompt_ab_tests.baseline_config is 'One way: an option enhancement of queue_job(), as {"mode": "exact_copy"}.';
comment on column atelier.prompt_ab_tests.enhanced_config is 'The other way.';
comment on column atelier.prompt_ab_tests.total_participants is 'How many users took part; since it is over.';
comment on column atelier.prompt_ab_tests.baseline_avg_quality is 'Their average rating one way; since it is over.';
comment on column atelier.prompt_ab_tests.enhanced_avg_quality is 'And the other way.';
comment on column atelier.prompt_ab_tests.quality_improvement is 'The difference of the two.';
comment on column atelier.prompt_ab_tests.confidence_level is 'How sure it is that there is one, 0 to 1; null: too few ratings.';
comment on column atelier.prompt_ab_tests.is_complete is 'Whether it is over.';
comment on column atelier.prompt_ab_tests.completed_at is 'When stop_prompt_ab_test() ended it.';
comment on column atelier.prompt_ab_tests.started_at is 'When start_prompt_ab_test() started it.';
comment on column atelier.prompt_ab_tests.baseline_weight is 'How many users go one way, in proportion to enhanced_weight.';
comment on column atelier.prompt_ab_tests.enhanced_weight is 'How many go the other way.';
comment on column atelier.prompt_ab_tests.applies_to_all is
  'Whether all requests for an enhancement take part that name no test and nothing that it decides; one such test runs at a time.';
comment on column atelier.prompt_ab_tests.created_by is 'Who made it; null: the back end, or somebody who is gone.';

comment on column atelier.prompt_ab_outcomes.job_id is 'The job.';
comment on column atelier.prompt_ab_outcomes.test_id is 'The test that it took part in.';
comment on column atelier.prompt_ab_outcomes.variant is 'In which half: baseline or enhanced.';
comment on column atelier.prompt_ab_outcomes.job_status is 'How the job ended; queued: not yet.';
comment on column atelier.prompt_ab_outcomes.latency_ms is 'Milliseconds from the request to the completed job, the enhancement included.';
comment on column atelier.prompt_ab_outcomes.rating is 'The rating of the job.';
comment on column atelier.prompt_ab_outcomes.is_saved is 'Whether its user saved an output to the library.';
comment on column atelier.prompt_ab_outcomes.is_favorite is 'Whether he marked one as a favourite, ever.';
comment on column atelier.prompt_ab_outcomes.is_discarded is 'Whether he discarded one without saving it.';
