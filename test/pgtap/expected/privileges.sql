-- What the roles of the extension are and may do: attributes, rights on schemas, tables of the engine, and functions.
copy pg_temp.expected (line) from stdin;
function  atelier.accept_workspace_invitation(text)  as owner  for authenticated, service_role
function  atelier.add_known_models(text,text[])  as owner  for service_role
function  atelier.add_studio_models()  as owner  for service_role
function  atelier.adopt_instance(boolean)  as owner  for service_role
function  atelier.adopt_late_result(uuid)  as owner  for authenticated, service_role
function  atelier.appeal_moderation(uuid,text)  as owner  for authenticated
function  atelier.apply_compel_config(text,text)  as owner  for authenticated, service_role
function  atelier.assign_review_item(uuid,uuid)  as owner  for authenticated
function  atelier.attempt_history(uuid)  as owner  for authenticated, service_role
function  atelier.authenticate_api_key(text)  as caller  for anon, authenticated, service_role
function  atelier.backfill_model_performance(date,date)  as owner  for authenticated, service_role
function  atelier.cancel_job(uuid)  as owner  for authenticated, service_role
function  atelier.chat_context(uuid,text,integer)  as owner  for authenticated, service_role
function  atelier.choose_message(uuid)  as owner  for authenticated, service_role
function  atelier.claim_jobs(uuid,integer)  as owner  for authenticated, service_role
function  atelier.claim_review_items(integer,text)  as owner  for authenticated
function  atelier.clean_orphaned_jobs()  as owner  for authenticated, service_role
function  atelier.cleanup_expired_workspace_assets()  as owner  for service_role, atelier_worker
function  atelier.clear_workspace_session(uuid,uuid)  as owner  for authenticated, service_role
function  atelier.conversation_memories(uuid)  as owner  for authenticated, service_role
function  atelier.conversation_messages(uuid,uuid,integer)  as owner  for authenticated, service_role
function  atelier.create_api_key(text,text[],timestamp with time zone,uuid)  as owner  for authenticated, service_role
function  atelier.create_schedule(text,jsonb,text,interval,text,text,timestamp with time zone,timestamp with time zone)  as owner  for authenticated, service_role
function  atelier.create_workspace(text,text,text,uuid)  as owner  for authenticated, service_role
function  atelier.create_workspace_session(uuid,text)  as owner  for authenticated, service_role
function  atelier.decide_review_item(uuid,text,text)  as owner  for authenticated
function  atelier.delete_workspace(uuid)  as owner  for authenticated, service_role
function  atelier.delete_workspace_item(uuid,uuid)  as owner  for authenticated, service_role
function  atelier.detect_content_mode(text)  as owner  for authenticated, service_role
function  atelier.doctor()  as owner  for service_role
function  atelier.drain_work(text,text,text,timestamp with time zone)  as owner  for authenticated, service_role
function  atelier.edit_message(uuid,text,text)  as owner  for authenticated, service_role
function  atelier.enhance_prompt(text,text,text,text,text,text,text,text,text,boolean,jsonb,text,text,jsonb,uuid)  as owner  for authenticated, service_role
function  atelier.event_cursor()  as owner  for authenticated, service_role
function  atelier.events_since(text,integer)  as owner  for authenticated, service_role
function  atelier.explain_job(uuid)  as owner  for authenticated, service_role
function  atelier.fal_webhook(json)  as owner  for anon, authenticated, service_role
function  atelier.forget(uuid)  as owner  for authenticated, service_role
function  atelier.generate(text,text,jsonb,text,text,text,uuid,interval,uuid,text)  as caller  for authenticated, service_role
function  atelier.generate_admin_image(text,text,jsonb,text,text)  as owner  for authenticated, service_role
function  atelier.generate_avatars(text[],text,text)  as owner  for authenticated, service_role
function  atelier.generate_character_image(uuid,text,text,jsonb,text,text,text,uuid,jsonb,uuid,text)  as owner  for authenticated, service_role
function  atelier.generate_missing_scenes(uuid,text,jsonb,text,text,text)  as owner  for authenticated, service_role
function  atelier.generate_scene(uuid,text,jsonb,text,text,text)  as owner  for authenticated, service_role
function  atelier.generation_bytes(uuid,integer)  as owner  for authenticated, service_role
function  atelier.generation_output(uuid,integer)  as owner  for authenticated, service_role
function  atelier.get_active_worker_url(text)  as owner  for authenticated, service_role
function  atelier.get_enhanced_prompt(uuid,numeric)  as owner  for authenticated, service_role
function  atelier.get_negative_prompt(text,atelier.content_mode,text,uuid)  as owner  for authenticated, service_role
function  atelier.get_negative_prompt_details(text,text,text)  as owner  for authenticated, service_role
function  atelier.get_next_replicate_token()  as owner  for service_role
function  atelier.get_schema_info(text,text)  as caller  for authenticated, service_role
function  atelier.get_system_stats(integer)  as owner  for authenticated, service_role
function  atelier.get_user_analytics(uuid)  as owner  for authenticated, service_role
function  atelier.get_user_role_priority(uuid)  as owner  for authenticated, service_role
function  atelier.get_user_workspaces(uuid)  as owner  for authenticated, service_role
function  atelier.get_workspace_generations(uuid,timestamp with time zone,integer)  as owner  for authenticated, service_role
function  atelier.get_workspace_members(uuid)  as owner  for authenticated, service_role
function  atelier.get_workspace_role(uuid,uuid)  as owner  for authenticated, service_role
function  atelier.handle_new_user()  as owner  for nobody
function  atelier.has_role(uuid,atelier.app_role)  as owner  for authenticated, service_role
function  atelier.health_check_workers()  as owner  for authenticated, service_role
function  atelier.heartbeat_jobs(uuid,jsonb)  as owner  for authenticated, service_role
function  atelier.invite_to_workspace(uuid,text,text,interval)  as owner  for authenticated, service_role
function  atelier.is_workspace_member(uuid,uuid)  as owner  for authenticated, service_role
function  atelier.job_attempts(uuid)  as owner  for authenticated, service_role
function  atelier.job_callback(json)  as owner  for anon, authenticated, service_role
function  atelier.job_progress(uuid)  as owner  for authenticated, service_role
function  atelier.job_stream(uuid,bigint,numeric)  as owner  for authenticated, service_role
function  atelier.latency_histogram(interval,integer)  as owner  for service_role
function  atelier.leave_workspace(uuid)  as owner  for authenticated, service_role
function  atelier.library_asset(uuid)  as owner  for anon, authenticated, service_role
function  atelier.library_asset_bytes(uuid)  as owner  for anon, authenticated, service_role
function  atelier.like_character(uuid)  as owner  for authenticated, service_role
function  atelier.log_user_activity(uuid,text,text,text,jsonb,inet,text)  as owner  for authenticated, service_role
function  atelier.merge_system_config(jsonb,bigint)  as owner  for authenticated, service_role
function  atelier.message_siblings(uuid)  as owner  for authenticated, service_role
function  atelier.message_stream(uuid,bigint,numeric)  as owner  for authenticated, service_role
function  atelier.metrics()  as owner  for service_role
function  atelier.object(text,text)  as caller  for anon, authenticated, service_role
function  atelier.object_bytes(text,text)  as caller  for anon, authenticated, service_role
function  atelier.parse_prompt_weights(text)  as caller  for authenticated, service_role
function  atelier.pause_schedule(uuid)  as owner  for authenticated, service_role
function  atelier.pause_work(text,text,text,timestamp with time zone)  as owner  for authenticated, service_role
function  atelier.playground_chat(uuid,text,uuid,uuid,text,jsonb,jsonb,boolean,text,text,uuid,text,uuid,boolean,boolean,text)  as owner  for authenticated, service_role
function  atelier.prompt_ab_report(uuid,numeric)  as owner  for authenticated, service_role
function  atelier.prompt_cache_status()  as owner  for authenticated, service_role
function  atelier.publish_events(text)  as caller  for nobody
function  atelier.publish_prompt_template(uuid)  as owner  for authenticated, service_role
function  atelier.queue_job(text,text,jsonb,text,text,text,uuid,integer,jsonb,uuid[],uuid,timestamp with time zone,text,boolean,text,jsonb)  as owner  for authenticated, service_role
function  atelier.queue_jobs(jsonb[])  as owner  for authenticated, service_role
function  atelier.rate_job(uuid,numeric)  as owner  for authenticated, service_role
function  atelier.record_character_interaction(uuid)  as owner  for authenticated, service_role
function  atelier.refresh_prompt_cache(boolean)  as owner  for authenticated, service_role
function  atelier.regenerate_message(uuid,text,text)  as owner  for authenticated, service_role
function  atelier.register_chat_worker(text,boolean,text,text)  as owner  for authenticated, service_role
function  atelier.register_worker(text,text,text[],integer,text,text,text)  as owner  for authenticated, service_role
function  atelier.release_review_item(uuid)  as owner  for authenticated
function  atelier.remember(text,text,uuid,uuid,integer)  as owner  for authenticated, service_role
function  atelier.remove_workspace_member(uuid,uuid)  as owner  for authenticated, service_role
function  atelier.replicate_callback(json)  as caller  for anon, authenticated, service_role
function  atelier.replicate_image(json)  as owner  for authenticated, service_role
function  atelier.replicate_webhook(json)  as owner  for anon, authenticated, service_role
function  atelier.resolve_held_job(uuid,text,text,bytea[])  as owner  for authenticated, service_role
function  atelier.resolve_prompt_template(text,text,atelier.content_mode,text,text,uuid)  as owner  for authenticated, service_role
function  atelier.resume_schedule(uuid)  as owner  for authenticated, service_role
function  atelier.resume_work(text,text)  as owner  for authenticated, service_role
function  atelier.retire_prompt_template(uuid)  as owner  for authenticated, service_role
function  atelier.retry_job(uuid,jsonb)  as owner  for authenticated, service_role
function  atelier.review_object(uuid)  as owner  for authenticated
function  atelier.review_queue(text,text,text,integer)  as owner  for authenticated
function  atelier.review_text(uuid)  as owner  for authenticated
function  atelier.revoke_api_key(uuid)  as owner  for authenticated, service_role
function  atelier.revoke_workspace_invitation(uuid)  as owner  for authenticated, service_role
function  atelier.runpod_webhook(json)  as owner  for anon, authenticated, service_role
function  atelier.save_workspace_item_to_library(uuid,uuid)  as owner  for authenticated, service_role
function  atelier.seal_provider_tokens()  as owner  for service_role
function  atelier.set_price(text,text,numeric,text,integer,timestamp with time zone,text)  as owner  for authenticated, service_role
function  atelier.set_provider_token(text,text,text)  as owner  for service_role
function  atelier.set_provider_token_from_file(text,text,text)  as owner  for service_role
function  atelier.set_webhook_keys(text,jsonb,text)  as owner  for service_role
function  atelier.set_webhook_secret(text,text,text)  as owner  for service_role
function  atelier.set_workspace_member_role(uuid,uuid,text)  as owner  for authenticated, service_role
function  atelier.start()  as caller  for nobody
function  atelier.start_prompt_ab_test(uuid)  as owner  for authenticated, service_role
function  atelier.stop()  as caller  for nobody
function  atelier.stop_message(uuid)  as owner  for authenticated, service_role
function  atelier.stop_prompt_ab_test(uuid)  as owner  for authenticated, service_role
function  atelier.studio_get_active_worker_url(json)  as owner  for authenticated, service_role
function  atelier.studio_get_negative_prompt(json)  as owner  for authenticated, service_role
function  atelier.studio_health_check_workers()  as owner  for authenticated, service_role
function  atelier.studio_queue_job(json)  as owner  for authenticated, service_role
function  atelier.studio_update_worker_url(json)  as owner  for authenticated, service_role
function  atelier.studio_workspace_actions(json)  as owner  for authenticated
function  atelier.system_metrics()  as owner  for authenticated, service_role
function  atelier.transfer_workspace_ownership(uuid,uuid)  as owner  for authenticated, service_role
function  atelier.unlike_character(uuid)  as owner  for authenticated, service_role
function  atelier.unregister_worker(uuid)  as owner  for authenticated, service_role
function  atelier.update_age_verification()  as owner  for nobody
function  atelier.update_worker_url(uuid,text)  as owner  for authenticated, service_role
function  atelier.uuid7()  as caller  for anon, authenticated, service_role
function  atelier.verify_user_age(date)  as caller  for authenticated, service_role
function  atelier.wait_for_job(uuid,interval,text)  as caller  for authenticated, service_role
function  atelier.withhold_object(text,text,text)  as owner  for authenticated
function  atelier.workspace_actions(text,uuid,uuid,uuid,text,uuid,text[])  as owner  for authenticated
function  atelier_engine.abandon_enhancement()  as owner  for nobody
function  atelier_engine.accept_webhook(text,text,text,uuid,uuid[],boolean,boolean)  as caller  for nobody
function  atelier_engine.adapter_options_problem(text,text)  as caller  for nobody
function  atelier_engine.adapters_that_choose_ids()  as caller  for nobody
function  atelier_engine.adapters_that_resume()  as caller  for nobody
function  atelier_engine.adapters_with_lookup()  as caller  for nobody
function  atelier_engine.add_assets(atelier.jobs,jsonb)  as caller  for nobody
function  atelier_engine.add_known_endpoints(text,uuid,text[])  as caller  for nobody
function  atelier_engine.add_likes(uuid[],integer)  as caller  for nobody
function  atelier_engine.add_outputs(uuid[],jsonb[],jsonb[])  as caller  for nobody
function  atelier_engine.add_reference_moderation()  as caller  for nobody
function  atelier_engine.add_reference_prompts()  as caller  for nobody
function  atelier_engine.add_verdict(uuid,jsonb,text)  as caller  for nobody
function  atelier_engine.add_workspace_item(jsonb)  as caller  for nobody
function  atelier_engine.announce_database()  as caller  for nobody
function  atelier_engine.announce_events()  as caller  for nobody
function  atelier_engine.answer_problem(atelier.prompt_enhancements,jsonb,text)  as caller  for nobody
function  atelier_engine.answer_tool_call(atelier.messages,atelier.conversations,integer,jsonb)  as caller  for nobody
function  atelier_engine.answer_tool_calls(uuid[])  as caller  for nobody
function  atelier_engine.api_key_access(text[],text,text)  as caller  for nobody
function  atelier_engine.append_object_chunk(uuid,integer,bytea)  as owner  for atelier_worker
function  atelier_engine.append_texts(uuid[],integer[],text[])  as owner  for atelier_worker
function  atelier_engine.apply_retry_policy(uuid,uuid,atelier.retry_policies,text,text)  as caller  for nobody
function  atelier_engine.assert_accepts_jobs(uuid,uuid)  as caller  for nobody
function  atelier_engine.assert_acting_for(uuid)  as caller  for nobody
function  atelier_engine.assert_check()  as owner  for nobody
function  atelier_engine.assert_compel_weights(text,jsonb)  as caller  for nobody
function  atelier_engine.assert_content_mode(uuid,atelier.content_mode)  as caller  for nobody
function  atelier_engine.assert_json_numbers(text,jsonb)  as caller  for nobody
function  atelier_engine.assert_json_object(text,jsonb,integer)  as caller  for nobody
function  atelier_engine.assert_known_caller()  as caller  for nobody
function  atelier_engine.assert_known_models(text,text[])  as caller  for nobody
function  atelier_engine.assert_may_become(text,text)  as caller  for nobody
function  atelier_engine.assert_may_decide(atelier.moderation_items,uuid)  as caller  for nobody
function  atelier_engine.assert_may_hand_out()  as caller  for nobody
function  atelier_engine.assert_may_see_roles_of(uuid)  as owner  for nobody
function  atelier_engine.assert_may_submit(uuid,integer)  as caller  for nobody
function  atelier_engine.assert_member(uuid,uuid)  as caller  for nobody
function  atelier_engine.assert_moderator()  as caller  for nobody
function  atelier_engine.assert_no_api_key()  as caller  for nobody
function  atelier_engine.assert_not_answering(atelier.conversations)  as caller  for nobody
function  atelier_engine.assert_not_withheld(jsonb)  as caller  for nobody
function  atelier_engine.assert_object_fits(text,text,uuid,text,bigint)  as caller  for nobody
function  atelier_engine.assert_operator()  as caller  for nobody
function  atelier_engine.assert_outputs_stored(atelier.jobs,jsonb)  as caller  for nobody
function  atelier_engine.assert_pictures(uuid,uuid,jsonb)  as caller  for nobody
function  atelier_engine.assert_priority(integer)  as caller  for nobody
function  atelier_engine.assert_request(uuid,atelier_engine.job_request)  as caller  for nobody
function  atelier_engine.assert_room_for_jobs(uuid,integer)  as caller  for nobody
function  atelier_engine.assert_room_for_memories(uuid,text,uuid,uuid)  as caller  for nobody
function  atelier_engine.assert_service_role()  as caller  for nobody
function  atelier_engine.assert_signed_in()  as caller  for nobody
function  atelier_engine.assert_test_config(text,jsonb)  as caller  for nobody
function  atelier_engine.assert_turn(uuid,jsonb,text,boolean)  as caller  for nobody
function  atelier_engine.assert_valid_attempt(atelier_engine.attempts)  as caller  for nobody
function  atelier_engine.assert_valid_generation(atelier.generations)  as caller  for authenticated, service_role
function  atelier_engine.assert_valid_job(atelier.jobs)  as caller  for service_role
function  atelier_engine.assert_valid_queue_entry(atelier_engine.queue)  as caller  for nobody
function  atelier_engine.assert_webhook_is_fresh(text)  as caller  for nobody
function  atelier_engine.assert_worker_fits(atelier.api_providers,text[],integer,text)  as caller  for nobody
function  atelier_engine.assert_worker_url(text)  as caller  for nobody
function  atelier_engine.attempt_metrics()  as caller  for nobody
function  atelier_engine.attempt_of_request(text,text)  as caller  for nobody
function  atelier_engine.attempt_of_token(bytea,text,bigint)  as caller  for nobody
function  atelier_engine.attempt_progress(uuid)  as caller  for nobody
function  atelier_engine.attempt_token(bytea,uuid,bigint)  as caller  for nobody
function  atelier_engine.back_off(integer)  as caller  for nobody
function  atelier_engine.begin_enhancement(atelier.jobs,jsonb)  as caller  for nobody
function  atelier_engine.begin_late_object(uuid,integer,text,text,bigint,bytea)  as caller  for nobody
function  atelier_engine.begin_object(uuid,integer,text,text,bigint,bytea)  as owner  for atelier_worker
function  atelier_engine.begin_of_scene()  as caller  for nobody
function  atelier_engine.begin_summary(atelier.conversations,uuid,text,integer)  as caller  for nobody
function  atelier_engine.begin_turn(atelier.conversations,jsonb,jsonb,uuid,uuid,text,text,bytea)  as caller  for nobody
function  atelier_engine.branch_of(uuid,integer,uuid)  as caller  for nobody
function  atelier_engine.bucket_level(double precision,timestamp with time zone,integer,integer)  as caller  for nobody
function  atelier_engine.call_quantities(jsonb,jsonb,timestamp with time zone,timestamp with time zone)  as caller  for nobody
function  atelier_engine.caller_is_of_age()  as owner  for authenticated, service_role
function  atelier_engine.calls_of(uuid[],jsonb[],jsonb[])  as caller  for nobody
function  atelier_engine.can_look_up(uuid,text)  as caller  for nobody
function  atelier_engine.cancel_requests()  as owner  for atelier_worker
function  atelier_engine.cap_of(uuid,uuid)  as caller  for nobody
function  atelier_engine.capability_secret()  as caller  for nobody
function  atelier_engine.caps_in_force()  as caller  for nobody
function  atelier_engine.character_of_turn(atelier.conversations,uuid)  as caller  for nobody
function  atelier_engine.character_prompt(atelier.characters,text)  as caller  for nobody
function  atelier_engine.check_api_key(text)  as owner  for anon, authenticated, service_role
function  atelier_engine.check_compel_weights()  as owner  for nobody
function  atelier_engine.check_negative_prompt()  as owner  for nobody
function  atelier_engine.check_parameter(text,jsonb,jsonb)  as caller  for nobody
function  atelier_engine.check_prompt(text,text)  as caller  for nobody
function  atelier_engine.choose_chat_model(text,text)  as caller  for nobody
function  atelier_engine.choose_chat_template(uuid,uuid,text,text,atelier.content_mode)  as caller  for nobody
function  atelier_engine.choose_job_type(atelier.api_models,text)  as caller  for nobody
function  atelier_engine.choose_model(text,text)  as caller  for nobody
function  atelier_engine.claim_for_slot(uuid,uuid,integer,boolean)  as caller  for nobody
function  atelier_engine.claim_jobs(integer)  as owner  for atelier_worker
function  atelier_engine.claim_key_sets(boolean)  as owner  for atelier_worker
function  atelier_engine.claim_lookups()  as owner  for atelier_worker
function  atelier_engine.claim_probes(timestamp with time zone)  as owner  for atelier_worker
function  atelier_engine.clamp_parameter(jsonb,jsonb)  as caller  for nobody
function  atelier_engine.cleaned_answer(text)  as caller  for nobody
function  atelier_engine.clear_assets(uuid,uuid[])  as caller  for nobody
function  atelier_engine.close_gaps()  as owner  for nobody
function  atelier_engine.compare_versions(text,text)  as caller  for nobody
function  atelier_engine.complete_held_job(uuid,uuid,bytea[],text)  as caller  for nobody
function  atelier_engine.complete_owned(uuid[],uuid[],uuid[],jsonb[],jsonb[],jsonb[],timestamp with time zone[],timestamp with time zone[],timestamp with time zone[],timestamp with time zone[])  as caller  for nobody
function  atelier_engine.complete_parameters(atelier.api_models,text,jsonb)  as caller  for nobody
function  atelier_engine.complete_together(jsonb)  as caller  for nobody
function  atelier_engine.conceal_statement(text)  as caller  for nobody
function  atelier_engine.conclude_item(uuid)  as caller  for nobody
function  atelier_engine.confidence_of_difference(double precision,double precision)  as caller  for nobody
function  atelier_engine.content_hash(atelier.jobs)  as caller  for nobody
function  atelier_engine.content_mode_of(text)  as caller  for nobody
function  atelier_engine.content_tier_of(uuid,text,text)  as caller  for nobody
function  atelier_engine.context_of(atelier.conversations,jsonb,uuid,text,integer)  as caller  for nobody
function  atelier_engine.copy_object(text,text,text,text,uuid)  as owner  for nobody
function  atelier_engine.copy_to_workspace(uuid,uuid)  as caller  for nobody
function  atelier_engine.count_filed_assets()  as owner  for nobody
function  atelier_engine.count_gone_assets()  as owner  for nobody
function  atelier_engine.count_gone_likes()  as owner  for nobody
function  atelier_engine.count_gone_pictures()  as owner  for nobody
function  atelier_engine.count_interaction(uuid,uuid)  as caller  for nobody
function  atelier_engine.count_moved_assets()  as owner  for nobody
function  atelier_engine.count_moved_pictures()  as owner  for nobody
function  atelier_engine.count_new_likes()  as owner  for nobody
function  atelier_engine.count_new_pictures()  as owner  for nobody
function  atelier_engine.count_preset_use(jsonb)  as caller  for nobody
function  atelier_engine.create_object(text,text,uuid,text,bigint,bytea)  as owner  for nobody
function  atelier_engine.cron_field(text,text,integer,integer,text[])  as caller  for nobody
function  atelier_engine.default_health_path(text)  as caller  for nobody
function  atelier_engine.delete_files_of_library_assets()  as owner  for nobody
function  atelier_engine.delete_files_of_workspace_assets()  as owner  for nobody
function  atelier_engine.delete_old_events(integer)  as owner  for atelier_worker
function  atelier_engine.delete_pending_objects(integer)  as owner  for atelier_worker
function  atelier_engine.deliver_late_result(atelier.jobs,atelier_engine.late_results)  as caller  for nobody
function  atelier_engine.dependency_verdict(uuid)  as caller  for nobody
function  atelier_engine.describe_character(atelier.characters)  as caller  for nobody
function  atelier_engine.describe_scene(atelier.character_scenes)  as caller  for nobody
function  atelier_engine.describe_settings(jsonb)  as caller  for nobody
function  atelier_engine.describe_turn(atelier.messages)  as caller  for nobody
function  atelier_engine.disable_token(uuid,text)  as caller  for nobody
function  atelier_engine.disown_on_restore()  as owner  for nobody
function  atelier_engine.drop_enhancement()  as owner  for nobody
function  atelier_engine.drop_log_partitions(name,interval,timestamp with time zone)  as caller  for nobody
function  atelier_engine.due_runs(atelier.schedules,timestamp with time zone)  as caller  for nobody
function  atelier_engine.earlier_jobs(jsonb,uuid[])  as caller  for nobody
function  atelier_engine.ed25519_is_signed(bytea,bytea,bytea)  as caller  for nobody
function  atelier_engine.edge_body(json)  as caller  for nobody
function  atelier_engine.enable_token()  as owner  for nobody
function  atelier_engine.end_membership(uuid,uuid)  as caller  for nobody
function  atelier_engine.end_of_branch(uuid)  as caller  for nobody
function  atelier_engine.end_summaries(uuid[])  as caller  for nobody
function  atelier_engine.end_texts(uuid[])  as caller  for nobody
function  atelier_engine.end_with_message(atelier.conversations,uuid,jsonb)  as caller  for nobody
function  atelier_engine.endpoint_metrics()  as caller  for nobody
function  atelier_engine.enhanced_job(atelier.jobs,atelier.prompt_enhancements)  as caller  for nobody
function  atelier_engine.enhancement_again(uuid,boolean)  as caller  for nobody
function  atelier_engine.enhancement_answer(atelier.prompt_enhancements)  as caller  for nobody
function  atelier_engine.enhancement_options(jsonb)  as caller  for nobody
function  atelier_engine.enhancer_for(text)  as caller  for nobody
function  atelier_engine.enqueue(atelier.jobs,text)  as caller  for nobody
function  atelier_engine.enroll_user(uuid,text,jsonb)  as caller  for nobody
function  atelier_engine.enter_conversation(uuid,uuid)  as caller  for nobody
function  atelier_engine.enter_queue()  as caller  for nobody
function  atelier_engine.equivalent_model(uuid,uuid)  as caller  for nobody
function  atelier_engine.escape_prompt(text)  as caller  for nobody
function  atelier_engine.estimate_prompt_tokens(text)  as caller  for nobody
function  atelier_engine.estimate_seconds(atelier.api_models,jsonb)  as caller  for nobody
function  atelier_engine.estimate_tokens(text)  as caller  for nobody
function  atelier_engine.estimated_cost(uuid,uuid,timestamp with time zone,jsonb)  as caller  for nobody
function  atelier_engine.examine_data()  as caller  for nobody
function  atelier_engine.examine_decisions()  as caller  for nobody
function  atelier_engine.examine_logs()  as caller  for nobody
function  atelier_engine.examine_providers()  as caller  for nobody
function  atelier_engine.examine_server()  as caller  for nobody
function  atelier_engine.examine_tokens()  as caller  for nobody
function  atelier_engine.examine_version()  as caller  for nobody
function  atelier_engine.examine_webhooks()  as caller  for nobody
function  atelier_engine.examine_workers()  as caller  for nobody
function  atelier_engine.expire_late_results(integer)  as caller  for nobody
function  atelier_engine.explain_engine()  as caller  for nobody
function  atelier_engine.explain_pauses(atelier.jobs,uuid)  as caller  for nobody
function  atelier_engine.explain_routes(uuid,uuid)  as caller  for nobody
function  atelier_engine.explain_state(atelier.jobs,atelier_engine.queue)  as caller  for nobody
function  atelier_engine.explain_tokens(uuid,uuid)  as caller  for nobody
function  atelier_engine.explain_turn(jsonb,integer)  as caller  for nobody
function  atelier_engine.fail_unreachable(integer)  as caller  for nobody
function  atelier_engine.fails_over_when_stranded(uuid)  as caller  for nobody
function  atelier_engine.family_name(text,text)  as caller  for nobody
function  atelier_engine.find_other_place(uuid,uuid,boolean)  as caller  for nobody
function  atelier_engine.finish_job(uuid,text,text,text)  as caller  for nobody
function  atelier_engine.first_id_since(timestamp with time zone)  as caller  for nobody
function  atelier_engine.fitting_size(jsonb,numeric,numeric)  as caller  for nobody
function  atelier_engine.follow_clock(bigint)  as owner  for atelier_worker
function  atelier_engine.follow_conversation()  as owner  for nobody
function  atelier_engine.follow_webhook(uuid,text)  as caller  for nobody
function  atelier_engine.forget_avoidances()  as caller  for nobody
function  atelier_engine.forget_events()  as owner  for nobody
function  atelier_engine.forget_late_objects()  as owner  for nobody
function  atelier_engine.forget_person_in_logs()  as owner  for nobody
function  atelier_engine.forget_requests()  as caller  for nobody
function  atelier_engine.forget_templates()  as caller  for nobody
function  atelier_engine.forget_token_state()  as owner  for nobody
function  atelier_engine.forget_transaction_ids()  as caller  for nobody
function  atelier_engine.forget_webhooks()  as owner  for atelier_worker
function  atelier_engine.free_slots(boolean)  as caller  for nobody
function  atelier_engine.generation_place(uuid,integer)  as caller  for nobody
function  atelier_engine.give_up_held_job(uuid)  as caller  for nobody
function  atelier_engine.graver(text,text)  as caller  for nobody
function  atelier_engine.greet(atelier.conversations,jsonb,jsonb,text,bytea)  as caller  for nobody
function  atelier_engine.guard_adapter()  as owner  for nobody
function  atelier_engine.guard_adapter_options()  as owner  for nobody
function  atelier_engine.guard_ambiguity_policy()  as owner  for nobody
function  atelier_engine.guard_currency()  as owner  for nobody
function  atelier_engine.guard_job_status()  as caller  for nobody
function  atelier_engine.guard_model_options()  as owner  for nobody
function  atelier_engine.guard_prompt_ab_test()  as owner  for nobody
function  atelier_engine.guard_prompt_template()  as owner  for nobody
function  atelier_engine.half_open_due()  as caller  for nobody
function  atelier_engine.has_all_outputs(atelier.jobs)  as caller  for nobody
function  atelier_engine.has_key_of_secret(bytea)  as caller  for nobody
function  atelier_engine.has_secret(jsonb)  as caller  for nobody
function  atelier_engine.has_spent_its_cap(atelier.provider_tokens)  as caller  for nobody
function  atelier_engine.hash_secret(text)  as caller  for nobody
function  atelier_engine.history_tag()  as caller  for nobody
function  atelier_engine.hmac_sha256(bytea,bytea)  as caller  for nobody
function  atelier_engine.hold_job(uuid,uuid,text,text)  as caller  for nobody
function  atelier_engine.insert_object(text,text,uuid,jsonb)  as caller  for nobody
function  atelier_engine.instance_is_adopted()  as caller  for nobody
function  atelier_engine.instructions_of(atelier.conversations,jsonb)  as caller  for nobody
function  atelier_engine.is_checking(uuid,uuid)  as caller  for nobody
function  atelier_engine.is_enhancement(uuid)  as caller  for nobody
function  atelier_engine.is_made_here(regclass)  as caller  for nobody
function  atelier_engine.is_object_name(text)  as caller  for nobody
function  atelier_engine.is_of_age(uuid)  as owner  for nobody
function  atelier_engine.is_service_role()  as caller  for nobody
function  atelier_engine.is_shown(text)  as caller  for nobody
function  atelier_engine.is_this_database(bigint,oid)  as caller  for nobody
function  atelier_engine.job_of_key(uuid,atelier_engine.job_request)  as caller  for nobody
function  atelier_engine.jobs_ahead(atelier_engine.queue)  as caller  for nobody
function  atelier_engine.keep_an_owner()  as owner  for nobody
function  atelier_engine.keep_enhancement(atelier.prompt_enhancements,uuid)  as caller  for nobody
function  atelier_engine.keep_late_result(uuid,jsonb,jsonb,jsonb,timestamp with time zone,timestamp with time zone,timestamp with time zone,timestamp with time zone)  as caller  for nobody
function  atelier_engine.keep_named_asset(uuid,text,text,uuid,integer,text,text)  as caller  for nobody
function  atelier_engine.key_of_secret(bytea)  as caller  for nobody
function  atelier_engine.keys_of_jwks(jsonb)  as caller  for nobody
function  atelier_engine.late_outcome(uuid)  as caller  for nobody
function  atelier_engine.latest_try(uuid)  as caller  for authenticated, service_role
function  atelier_engine.leave_queue()  as owner  for nobody
function  atelier_engine.library_asset_path(uuid)  as caller  for nobody
function  atelier_engine.library_version()  as caller  for nobody
function  atelier_engine.lock_enhancement(uuid)  as caller  for nobody
function  atelier_engine.lock_workspace(uuid,text[])  as owner  for nobody
function  atelier_engine.log_calls(uuid[],jsonb[],jsonb[],boolean)  as caller  for nobody
function  atelier_engine.log_partition_name(name,interval,timestamp with time zone)  as caller  for nobody
function  atelier_engine.log_period(interval,timestamp with time zone)  as caller  for nobody
function  atelier_engine.log_tables()  as caller  for nobody
function  atelier_engine.log_unlogged_calls()  as caller  for nobody
function  atelier_engine.loggable(jsonb)  as caller  for nobody
function  atelier_engine.make_log_partition(name,interval,timestamp with time zone)  as caller  for nobody
function  atelier_engine.mark_processing(uuid[])  as caller  for nobody
function  atelier_engine.match_template(text,text,atelier.content_mode,text,text)  as caller  for nobody
function  atelier_engine.match_template_anew(text,text,atelier.content_mode,text,text)  as caller  for nobody
function  atelier_engine.max_unfinished_jobs_per_user()  as caller  for nobody
function  atelier_engine.may_decide(atelier.moderation_items,uuid)  as caller  for nobody
function  atelier_engine.may_see_character(uuid,atelier.characters)  as caller  for nobody
function  atelier_engine.memories_in_reach(atelier.conversations)  as caller  for nobody
function  atelier_engine.merged(jsonb,jsonb)  as caller  for nobody
function  atelier_engine.messages_of_context(atelier.conversations,jsonb,uuid,text,integer)  as caller  for nobody
function  atelier_engine.messages_of_turn(uuid,text,text)  as caller  for nobody
function  atelier_engine.metric(text,text,text,text[])  as caller  for nobody
function  atelier_engine.metric_sample(jsonb,numeric)  as caller  for nobody
function  atelier_engine.milliseconds_between(timestamp with time zone,timestamp with time zone)  as caller  for nobody
function  atelier_engine.miss_webhook_key()  as caller  for nobody
function  atelier_engine.mode_of(atelier.jobs)  as caller  for nobody
function  atelier_engine.model_options_problem(text,jsonb)  as caller  for nobody
function  atelier_engine.model_room(uuid,integer)  as caller  for nobody
function  atelier_engine.model_settings(atelier.api_models)  as caller  for nobody
function  atelier_engine.moderate_asset(atelier.jobs,uuid,text,text,text)  as caller  for nobody
function  atelier_engine.moderate_ended(uuid[])  as caller  for nobody
function  atelier_engine.moderate_prompt(atelier.jobs)  as caller  for nobody
function  atelier_engine.moderate_results(uuid)  as caller  for nobody
function  atelier_engine.moderate_text(atelier.jobs,text)  as caller  for nobody
function  atelier_engine.moments_of(timestamp without time zone,text,boolean)  as caller  for nobody
function  atelier_engine.move_object(text,text,text,text,uuid)  as owner  for nobody
function  atelier_engine.move_to_model(uuid,uuid)  as caller  for nobody
function  atelier_engine.must_park(uuid,uuid,uuid)  as caller  for nobody
function  atelier_engine.must_wait_for(uuid,uuid[],text)  as caller  for nobody
function  atelier_engine.needs_no_redaction(jsonb)  as caller  for nobody
function  atelier_engine.new_secret()  as caller  for nobody
function  atelier_engine.newest_secret_key()  as caller  for nobody
function  atelier_engine.next_cron_time(text,timestamp with time zone,text)  as caller  for nobody
function  atelier_engine.next_key_set_at()  as owner  for atelier_worker
function  atelier_engine.next_lookup_at()  as owner  for atelier_worker
function  atelier_engine.next_probe_at(timestamp with time zone)  as owner  for atelier_worker
function  atelier_engine.next_probe_of(uuid,interval,timestamp with time zone,atelier_engine.endpoint_states)  as caller  for nobody
function  atelier_engine.next_refill_at()  as caller  for nobody
function  atelier_engine.next_run(atelier.schedules,timestamp with time zone)  as caller  for nobody
function  atelier_engine.next_vtime(uuid,uuid,integer,double precision)  as caller  for nobody
function  atelier_engine.next_wake_at()  as owner  for atelier_worker
function  atelier_engine.normal_quantile(numeric)  as caller  for nobody
function  atelier_engine.normalized_text(text)  as caller  for nobody
function  atelier_engine.note_answered_probe(uuid,text,text)  as caller  for nobody
function  atelier_engine.note_endpoint_failure(uuid,uuid,text,text,integer,boolean)  as caller  for nobody
function  atelier_engine.note_failed_check(atelier.moderation_checks,uuid,text)  as caller  for nobody
function  atelier_engine.note_failed_probe(uuid,uuid,text,text,integer,boolean)  as caller  for nobody
function  atelier_engine.note_heartbeat(uuid)  as caller  for nobody
function  atelier_engine.note_model_settings()  as owner  for nobody
function  atelier_engine.note_moderation(atelier.moderation_items,text,text,uuid,text,jsonb)  as caller  for nobody
function  atelier_engine.note_object_deletions()  as owner  for nobody
function  atelier_engine.note_outcome_of_discarding()  as owner  for nobody
function  atelier_engine.note_outcome_of_generation()  as owner  for nobody
function  atelier_engine.note_outcome_of_job()  as owner  for nobody
function  atelier_engine.note_outcome_of_library()  as owner  for nobody
function  atelier_engine.note_rates(jsonb)  as owner  for atelier_worker
function  atelier_engine.note_requests(uuid,uuid,integer)  as caller  for nobody
function  atelier_engine.note_spending(uuid,numeric,timestamp with time zone)  as caller  for nobody
function  atelier_engine.note_successes(uuid[])  as caller  for nobody
function  atelier_engine.note_template_change()  as caller  for nobody
function  atelier_engine.note_token_failure(uuid,text,text,interval)  as caller  for nobody
function  atelier_engine.number_in(jsonb,text[])  as caller  for nobody
function  atelier_engine.object_is_complete(uuid)  as owner  for nobody
function  atelier_engine.only_if_incomplete()  as caller  for nobody
function  atelier_engine.only_on_restore()  as caller  for nobody
function  atelier_engine.open_item(text,uuid,atelier.jobs,text,jsonb,text)  as caller  for nobody
function  atelier_engine.open_prompt_item(atelier.jobs)  as caller  for nobody
function  atelier_engine.open_result(uuid)  as owner  for atelier_worker
function  atelier_engine.options_of_client(text,jsonb,text,text,boolean,jsonb)  as caller  for nobody
function  atelier_engine.orphaned_objects()  as owner  for atelier_worker
function  atelier_engine.outcome_of_call(atelier.tool_calls)  as caller  for nobody
function  atelier_engine.outputs_of(jsonb)  as caller  for nobody
function  atelier_engine.own_attempt(uuid)  as caller  for nobody
function  atelier_engine.own_conversation(uuid,uuid)  as caller  for nobody
function  atelier_engine.own_message(uuid,uuid)  as caller  for nobody
function  atelier_engine.own_reference(uuid,text)  as caller  for nobody
function  atelier_engine.own_schedule(uuid)  as caller  for nobody
function  atelier_engine.own_worker(uuid)  as caller  for nobody
function  atelier_engine.parameters_of_turn(atelier.conversations,jsonb,uuid,text)  as caller  for nobody
function  atelier_engine.park(uuid[],uuid[],uuid[])  as caller  for nobody
function  atelier_engine.parse_cron(text)  as caller  for nobody
function  atelier_engine.pause_target(text,text)  as caller  for nobody
function  atelier_engine.picture_parameters(jsonb)  as caller  for nobody
function  atelier_engine.picture_tool()  as caller  for nobody
function  atelier_engine.pictures_in(jsonb,jsonb)  as caller  for nobody
function  atelier_engine.pictures_of_message(uuid)  as caller  for nobody
function  atelier_engine.place_late_objects(atelier.jobs,jsonb)  as caller  for nobody
function  atelier_engine.prepare_job(uuid,atelier_engine.job_request)  as caller  for nobody
function  atelier_engine.prepare_rule()  as owner  for nobody
function  atelier_engine.presets_named(jsonb)  as caller  for nobody
function  atelier_engine.price_of_one(numeric,integer)  as caller  for nobody
function  atelier_engine.promote_due()  as caller  for nobody
function  atelier_engine.promote_parked()  as caller  for nobody
function  atelier_engine.prompt_terms(text)  as caller  for nobody
function  atelier_engine.prompts_are_checked(uuid)  as caller  for nobody
function  atelier_engine.provider_of_chat_worker(text)  as caller  for nobody
function  atelier_engine.publish_avatars()  as caller  for nobody
function  atelier_engine.put_pause(text,text,text,text,timestamp with time zone)  as caller  for nobody
function  atelier_engine.quantity(jsonb)  as caller  for nobody
function  atelier_engine.queue_called_picture(atelier.messages,atelier.conversations,jsonb)  as caller  for nobody
function  atelier_engine.queue_enhancement(atelier.prompt_enhancements,atelier.jobs,text,atelier.prompt_templates,jsonb)  as caller  for nobody
function  atelier_engine.queue_metrics()  as caller  for nobody
function  atelier_engine.queue_picture(atelier.characters,text,text,jsonb,text,text,text,uuid,jsonb,uuid,text,text)  as caller  for nobody
function  atelier_engine.queue_scene(uuid,text,jsonb,text,text,text)  as caller  for nobody
function  atelier_engine.queue_share(uuid,uuid,uuid)  as caller  for nobody
function  atelier_engine.raise_too_many_requests(integer,text,text,text)  as caller  for nobody
function  atelier_engine.rate_room(uuid,uuid)  as caller  for nobody
function  atelier_engine.read_attempt_token(text)  as caller  for nobody
function  atelier_engine.read_picture_call(text,text)  as caller  for nobody
function  atelier_engine.readable_picture(uuid,text)  as caller  for nobody
function  atelier_engine.readable_users_bound(uuid,boolean)  as caller  for authenticated, service_role
function  atelier_engine.readable_users_from()  as caller  for authenticated, service_role
function  atelier_engine.readable_users_to()  as caller  for authenticated, service_role
function  atelier_engine.reap_expired_leases()  as owner  for atelier_worker
function  atelier_engine.reason(text,text,timestamp with time zone)  as caller  for nobody
function  atelier_engine.recent_phases(interval,integer)  as caller  for nobody
function  atelier_engine.record_cancelled(uuid)  as owner  for atelier_worker
function  atelier_engine.record_failure(uuid,text,integer,text,text,integer,boolean,timestamp with time zone,timestamp with time zone,timestamp with time zone,timestamp with time zone)  as owner  for atelier_worker
function  atelier_engine.record_key_set(uuid,text,text)  as owner  for atelier_worker
function  atelier_engine.record_lookups(jsonb)  as owner  for atelier_worker
function  atelier_engine.record_probes(jsonb)  as owner  for atelier_worker
function  atelier_engine.record_sent(uuid[],timestamp with time zone[])  as owner  for atelier_worker
function  atelier_engine.record_stops(jsonb)  as owner  for atelier_worker
function  atelier_engine.record_submitted(uuid,text)  as owner  for atelier_worker
function  atelier_engine.record_success(uuid,jsonb,jsonb,timestamp with time zone,timestamp with time zone,timestamp with time zone,timestamp with time zone)  as caller  for nobody
function  atelier_engine.record_successes(uuid[],jsonb[],jsonb[],jsonb[],timestamp with time zone[],timestamp with time zone[],timestamp with time zone[],timestamp with time zone[])  as owner  for atelier_worker
function  atelier_engine.recordings()  as caller  for nobody
function  atelier_engine.recount_characters(uuid[])  as caller  for nobody
function  atelier_engine.recount_collections(uuid[])  as caller  for nobody
function  atelier_engine.redact(text)  as caller  for nobody
function  atelier_engine.reference_image_of(jsonb)  as caller  for authenticated, service_role
function  atelier_engine.reference_parameter(jsonb)  as caller  for nobody
function  atelier_engine.reference_strength_of(jsonb)  as caller  for authenticated, service_role
function  atelier_engine.refresh_timings()  as owner  for atelier_worker
function  atelier_engine.refuse_adapter_options(text,text,jsonb)  as caller  for nobody
function  atelier_engine.refuse_audit_changes()  as caller  for nobody
function  atelier_engine.refuse_endless_numbers()  as owner  for nobody
function  atelier_engine.refuse_hidden_characters()  as owner  for nobody
function  atelier_engine.refuse_jobs_of_others()  as owner  for nobody
function  atelier_engine.release_job(uuid,timestamp with time zone,text,text)  as caller  for nobody
function  atelier_engine.renew_leases(uuid[])  as owner  for atelier_worker
function  atelier_engine.replace_buckets_on_restore()  as owner  for nobody
function  atelier_engine.replace_providers_on_restore()  as owner  for nobody
function  atelier_engine.replicate_model(jsonb)  as caller  for nobody
function  atelier_engine.replicate_state(uuid,text)  as caller  for nobody
function  atelier_engine.report_alone(jsonb)  as caller  for nobody
function  atelier_engine.report_failure(uuid,jsonb)  as caller  for nobody
function  atelier_engine.report_many(jsonb)  as caller  for nobody
function  atelier_engine.report_one(jsonb)  as caller  for nobody
function  atelier_engine.report_success(uuid,jsonb)  as caller  for nobody
function  atelier_engine.request_again(atelier.jobs,jsonb)  as caller  for nobody
function  atelier_engine.request_hash(atelier_engine.job_request)  as caller  for nobody
function  atelier_engine.request_header(text)  as caller  for nobody
function  atelier_engine.request_of(jsonb)  as caller  for nobody
function  atelier_engine.request_parameters(atelier.jobs)  as caller  for nobody
function  atelier_engine.reseal_secret(uuid,bytea,text)  as caller  for nobody
function  atelier_engine.resolve_ambiguous(uuid,uuid,text,text)  as caller  for nobody
function  atelier_engine.resolve_request(text,text,jsonb)  as caller  for nobody
function  atelier_engine.resolve_request_anew(text,text,jsonb)  as caller  for nobody
function  atelier_engine.restore_in_any_order()  as owner  for nobody
function  atelier_engine.restore_text(atelier.moderation_items)  as caller  for nobody
function  atelier_engine.restoring()  as caller  for nobody
function  atelier_engine.retry_delay(interval,interval,integer)  as caller  for nobody
function  atelier_engine.retry_policy_for(text,uuid)  as caller  for nobody
function  atelier_engine.retry_unknown(uuid,uuid)  as caller  for nobody
function  atelier_engine.reusable_job(atelier.jobs)  as caller  for nobody
function  atelier_engine.reviewed_file(bytea,text)  as caller  for nobody
function  atelier_engine.reviewed_item(uuid)  as caller  for nobody
function  atelier_engine.rule_scores(text,text,text)  as caller  for nobody
function  atelier_engine.run_schedule(atelier.schedules)  as caller  for nobody
function  atelier_engine.run_schedules()  as owner  for atelier_worker
function  atelier_engine.running_test(jsonb)  as caller  for nobody
function  atelier_engine.save_asset(uuid,uuid,boolean,text,uuid,text[])  as caller  for nobody
function  atelier_engine.save_file(text,text,uuid,boolean)  as caller  for nobody
function  atelier_engine.say(atelier.conversations,uuid,text)  as caller  for nobody
function  atelier_engine.scene_of_turn(atelier.conversations,uuid)  as caller  for nobody
function  atelier_engine.scores_in(jsonb,text[])  as caller  for nobody
function  atelier_engine.seal_secret(uuid,text,text)  as caller  for nobody
function  atelier_engine.seal_webhook_secrets(text)  as caller  for nobody
function  atelier_engine.secret_problem(uuid,bytea,text)  as caller  for nobody
function  atelier_engine.server_room(uuid,uuid)  as caller  for nobody
function  atelier_engine.set_content_status(text,text)  as caller  for nobody
function  atelier_engine.set_item_status(uuid,text,text,uuid,text,jsonb)  as caller  for nobody
function  atelier_engine.set_object_status(uuid,text)  as caller  for nobody
function  atelier_engine.settle_asset(atelier.moderation_items,text)  as caller  for nobody
function  atelier_engine.settle_attempt(uuid,uuid,text)  as caller  for nobody
function  atelier_engine.settle_attempts(uuid[],text)  as owner  for atelier_worker
function  atelier_engine.settle_blocked(uuid[])  as caller  for nobody
function  atelier_engine.settle_dependents(uuid[])  as caller  for nobody
function  atelier_engine.settle_enhancement()  as owner  for nobody
function  atelier_engine.settle_missed_checks(integer)  as caller  for nobody
function  atelier_engine.settle_prompt(atelier.moderation_items)  as caller  for nobody
function  atelier_engine.settle_run(atelier_engine.moderation_runs)  as caller  for nobody
function  atelier_engine.settle_turn(atelier.conversations,jsonb)  as caller  for nobody
function  atelier_engine.settle_worker(uuid,text)  as caller  for nobody
function  atelier_engine.settled_enhancement(atelier.prompt_enhancements,text,text,text)  as caller  for nobody
function  atelier_engine.signers_by_key(text,bytea,bytea)  as caller  for nobody
function  atelier_engine.signers_by_secret(text,bytea,text)  as caller  for nobody
function  atelier_engine.skip_own_instance_on_restore()  as owner  for nobody
function  atelier_engine.slug(text)  as caller  for nobody
function  atelier_engine.sniff_media(bytea)  as caller  for nobody
function  atelier_engine.spelled_words(text)  as caller  for nobody
function  atelier_engine.standard_webhook_is_signed(uuid,bytea,bytea,text)  as caller  for nobody
function  atelier_engine.start_check(atelier.moderation_checks,uuid,text,text)  as caller  for nobody
function  atelier_engine.start_checks(uuid,text,text,text,text)  as caller  for nobody
function  atelier_engine.start_lookup(uuid,uuid,text,text)  as caller  for nobody
function  atelier_engine.stop_cancelled(uuid)  as caller  for nobody
function  atelier_engine.stop_lost_requests(uuid)  as caller  for nobody
function  atelier_engine.store_job(atelier.jobs,uuid[],text,jsonb)  as caller  for nobody
function  atelier_engine.store_of_bucket(text)  as caller  for nobody
function  atelier_engine.store_output(uuid,integer,jsonb)  as caller  for nobody
function  atelier_engine.studio_engine(text)  as caller  for nobody
function  atelier_engine.studio_parameters(uuid,atelier.api_models,jsonb,jsonb)  as caller  for nobody
function  atelier_engine.submit(uuid,atelier_engine.job_request,uuid,uuid)  as caller  for nobody
function  atelier_engine.submit_all(uuid,jsonb[])  as caller  for nobody
function  atelier_engine.summary_is_due(uuid,uuid,integer)  as caller  for nobody
function  atelier_engine.summary_of_branch(uuid,uuid)  as caller  for nobody
function  atelier_engine.sweep_parked()  as caller  for nobody
function  atelier_engine.take_generations_along()  as owner  for nobody
function  atelier_engine.take_over_job(uuid,uuid)  as caller  for nobody
function  atelier_engine.take_up_held_attempt(uuid)  as caller  for nobody
function  atelier_engine.take_webhooks()  as owner  for atelier_worker
function  atelier_engine.template_cache_counts()  as caller  for nobody
function  atelier_engine.template_for(atelier.prompt_enhancements,jsonb,text,text,text,text)  as caller  for nobody
function  atelier_engine.tend_logs()  as owner  for atelier_worker
function  atelier_engine.tend_studio()  as owner  for atelier_worker
function  atelier_engine.tensors_problem(text,jsonb)  as caller  for nobody
function  atelier_engine.term_pattern(text)  as caller  for nobody
function  atelier_engine.test_samples(uuid)  as caller  for nobody
function  atelier_engine.test_variant(atelier.prompt_ab_tests,uuid)  as caller  for nobody
function  atelier_engine.text_after(uuid,bigint)  as caller  for nobody
function  atelier_engine.text_is_being_checked(atelier.jobs)  as caller  for nobody
function  atelier_engine.text_of_job(uuid)  as caller  for nobody
function  atelier_engine.text_of_request(atelier.jobs)  as caller  for nobody
function  atelier_engine.texts_are_checked()  as caller  for nobody
function  atelier_engine.tokens_of_account(uuid[],text)  as caller  for nobody
function  atelier_engine.top_level_texts(bytea,text[])  as caller  for nobody
function  atelier_engine.touch_updated_at()  as caller  for nobody
function  atelier_engine.trip_endpoint(uuid,text,interval,boolean)  as caller  for nobody
function  atelier_engine.turn_of_key(uuid,text,bytea)  as caller  for nobody
function  atelier_engine.turns_before(uuid,uuid,integer)  as caller  for nobody
function  atelier_engine.type_of_bytes(bytea)  as caller  for nobody
function  atelier_engine.unblock_just_missed()  as owner  for atelier_worker
function  atelier_engine.unblock_missed(integer)  as caller  for nobody
function  atelier_engine.unblock_missed_since(timestamp with time zone,integer)  as caller  for nobody
function  atelier_engine.up_since()  as caller  for nobody
function  atelier_engine.update_conversation_location()  as owner  for nobody
function  atelier_engine.usable_tokens(uuid)  as caller  for nobody
function  atelier_engine.user_has_role(uuid,atelier.app_role)  as owner  for nobody
function  atelier_engine.user_is_paused(uuid)  as caller  for nobody
function  atelier_engine.usual_seconds(uuid,uuid,numeric)  as caller  for nobody
function  atelier_engine.uuid_in(jsonb)  as caller  for nobody
function  atelier_engine.validate_parameters(jsonb,jsonb)  as caller  for nobody
function  atelier_engine.verdict_of(jsonb,atelier.content_mode)  as caller  for nobody
function  atelier_engine.visible_character(uuid,uuid)  as caller  for nobody
function  atelier_engine.wait_for_lookup(uuid,uuid,real)  as caller  for nobody
function  atelier_engine.wait_for_recordings(bigint,double precision)  as caller  for nobody
function  atelier_engine.waited_too_long(uuid,uuid)  as caller  for nobody
function  atelier_engine.wake_dispatcher()  as caller  for nobody
function  atelier_engine.wake_for_cancel()  as caller  for nobody
function  atelier_engine.wake_for_webhook_keys()  as caller  for nobody
function  atelier_engine.wake_for_webhooks()  as caller  for nobody
function  atelier_engine.wake_janitor()  as caller  for nobody
function  atelier_engine.wants_late_result(uuid)  as caller  for nobody
function  atelier_engine.watch_after_delete()  as caller  for nobody
function  atelier_engine.watch_parked(uuid[])  as caller  for nobody
function  atelier_engine.webhook_body(json)  as caller  for nobody
function  atelier_engine.webhook_capability()  as caller  for nobody
function  atelier_engine.webhook_capability_key()  as caller  for nobody
function  atelier_engine.weigh_phrases(text,jsonb)  as caller  for nobody
function  atelier_engine.whole_number(jsonb,text,bigint)  as caller  for nobody
function  atelier_engine.wilson_bound(bigint,bigint,double precision,integer)  as caller  for nobody
function  atelier_engine.with_likeness(jsonb,jsonb,bigint,text)  as caller  for nobody
function  atelier_engine.with_pictures(uuid,jsonb,jsonb)  as caller  for nobody
function  atelier_engine.withhold_text(atelier.moderation_items)  as caller  for nobody
function  atelier_engine.within_caps(uuid[],integer)  as caller  for nobody
function  atelier_engine.worker_is_excused(uuid,uuid)  as caller  for nobody
function  atelier_engine.worker_lease(numeric)  as caller  for nobody
function  atelier_engine.worker_metrics()  as caller  for nobody
function  atelier_engine.worker_processes()  as caller  for service_role
function  atelier_engine.worker_silence(uuid)  as caller  for nobody
function  atelier_engine.workflow_problem(jsonb)  as caller  for nobody
function  atelier_engine.workspaces_of(uuid,text[])  as caller  for authenticated, service_role
function  atelier_engine.workspaces_of_caller(text[])  as caller  for authenticated, service_role
function  atelier_engine.write_call_logs(uuid[],jsonb[],jsonb[],boolean)  as caller  for nobody
function  atelier_engine.write_images()  as owner  for nobody
function  atelier_engine.write_model_performance(date)  as caller  for nobody
function  atelier_engine.write_replicate_tokens()  as owner  for nobody
function  atelier_engine.write_videos()  as owner  for nobody
function  atelier_engine.write_workspace_items()  as owner  for nobody
function  auth.email()  as caller  for anon, authenticated, service_role
function  auth.jwt()  as caller  for anon, authenticated, service_role
function  auth.role()  as caller  for anon, authenticated, service_role
function  auth.uid()  as caller  for anon, authenticated, service_role
function  storage.extension(text)  as caller  for anon, authenticated, service_role
function  storage.filename(text)  as caller  for anon, authenticated, service_role
function  storage.foldername(text)  as caller  for anon, authenticated, service_role
owner     1 role owns everything, a superuser
relation  atelier_engine.active_pauses  service_role  select
relation  atelier_engine.attempts  service_role  select
relation  atelier_engine.endpoint_states  service_role  select
relation  atelier_engine.lane_clocks  service_role  select
relation  atelier_engine.late_results  service_role  select
relation  atelier_engine.lookups  service_role  select
relation  atelier_engine.model_timings  service_role  select
relation  atelier_engine.object_chunks  anon  select
relation  atelier_engine.object_chunks  authenticated  select
relation  atelier_engine.object_chunks  service_role  select
relation  atelier_engine.parked_groups  service_role  select
relation  atelier_engine.queue  service_role  select
relation  atelier_engine.rate_buckets  service_role  select
relation  atelier_engine.server_rates  service_role  select
relation  atelier_engine.stops  service_role  select
relation  atelier_engine.token_states  service_role  select
relation  atelier_engine.token_usage  service_role  select
relation  atelier_engine.unlogged_calls  service_role  select
relation  atelier_engine.webhook_key_sets  service_role  select
relation  atelier_engine.webhooks  service_role  select
role      anon            nologin, noinherit, owns 0
role      atelier_worker  login, noinherit, connection limit 0, owns 0
role      authenticated   nologin, noinherit, owns 0
role      service_role    nologin, noinherit, bypassrls, owns 0
schema    atelier         anon            usage
schema    atelier         atelier_worker  usage
schema    atelier         authenticated   usage
schema    atelier         service_role    usage
schema    atelier_engine  atelier_worker  usage
schema    auth            anon            usage
schema    auth            authenticated   usage
schema    auth            service_role    usage
schema    storage         anon            usage
schema    storage         authenticated   usage
schema    storage         service_role    usage
\.
