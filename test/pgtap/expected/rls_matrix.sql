-- What becomes of one row of the owner's when somebody selects it, inserts one like it, updates or deletes it: the
-- number of rows, or the SQLSTATE of the refusal. After the colon the columns that may be set, * is all of them.
copy pg_temp.expected (line) from stdin;
atelier.admin_development_progress  anon          42501  42501  42501  42501
atelier.admin_development_progress  owner         0      42501  0      0
atelier.admin_development_progress  other user    0      42501  0      0
atelier.admin_development_progress  team mate     0      42501  0      0
atelier.admin_development_progress  admin         1      1:*    1:*    1
atelier.admin_development_progress  service_role  1      1:*    1:*    1
atelier.api_cost_logs           anon          42501  42501  42501  42501
atelier.api_cost_logs           owner         1      42501  42501  42501
atelier.api_cost_logs           other user    0      42501  42501  42501
atelier.api_cost_logs           team mate     0      42501  42501  42501
atelier.api_cost_logs           admin         1      42501  42501  42501
atelier.api_cost_logs           service_role  1      42501  42501  42501
atelier.api_keys                anon          42501  42501  42501  42501
atelier.api_keys                owner         1      42501  42501  42501
atelier.api_keys                other user    0      42501  42501  42501
atelier.api_keys                team mate     0      42501  42501  42501
atelier.api_keys                admin         1      42501  42501  42501
atelier.api_keys                service_role  1      1:*    1:*    1
atelier.api_logs                anon          42501  42501  42501  42501
atelier.api_logs                owner         0      42501  42501  42501
atelier.api_logs                other user    0      42501  42501  42501
atelier.api_logs                team mate     0      42501  42501  42501
atelier.api_logs                admin         1      42501  42501  42501
atelier.api_logs                service_role  1      42501  42501  42501
atelier.api_models              anon          42501  42501  42501  42501
atelier.api_models              owner         1      42501  0      0
atelier.api_models              other user    1      42501  0      0
atelier.api_models              team mate     1      42501  0      0
atelier.api_models              admin         1      1:*    1:*    1
atelier.api_models              service_role  1      1:*    1:*    1
atelier.api_models inactive     anon          42501  42501  42501  42501
atelier.api_models inactive     owner         0      42501  0      0
atelier.api_models inactive     other user    0      42501  0      0
atelier.api_models inactive     team mate     0      42501  0      0
atelier.api_models inactive     admin         1      1:*    1:*    1
atelier.api_models inactive     service_role  1      1:*    1:*    1
atelier.api_prices              anon          42501  42501  42501  42501
atelier.api_prices              owner         1      42501  0      0
atelier.api_prices              other user    1      42501  0      0
atelier.api_prices              team mate     1      42501  0      0
atelier.api_prices              admin         1      1:*    1:*    1
atelier.api_prices              service_role  1      1:*    1:*    1
atelier.api_providers           anon          42501  42501  42501  42501
atelier.api_providers           owner         1      42501  0      0
atelier.api_providers           other user    1      42501  0      0
atelier.api_providers           team mate     1      42501  0      0
atelier.api_providers           admin         1      1:*    1:*    1
atelier.api_providers           service_role  1      1:*    1:*    1
atelier.api_providers inactive  anon          42501  42501  42501  42501
atelier.api_providers inactive  owner         0      42501  0      0
atelier.api_providers inactive  other user    0      42501  0      0
atelier.api_providers inactive  team mate     0      42501  0      0
atelier.api_providers inactive  admin         1      1:*    1:*    1
atelier.api_providers inactive  service_role  1      1:*    1:*    1
atelier.character_interactions  anon          42501  42501  42501  42501
atelier.character_interactions  owner         1      42501  42501  42501
atelier.character_interactions  other user    0      42501  42501  42501
atelier.character_interactions  team mate     0      42501  42501  42501
atelier.character_interactions  admin         0      42501  42501  42501
atelier.character_interactions  service_role  1      1:*    1:*    1
atelier.character_likes         anon          42501  42501  42501  42501
atelier.character_likes         owner         1      42501  42501  42501
atelier.character_likes         other user    0      42501  42501  42501
atelier.character_likes         team mate     0      42501  42501  42501
atelier.character_likes         admin         0      42501  42501  42501
atelier.character_likes         service_role  1      1:*    42501  1
atelier.character_scenes        anon          42501  42501  42501  42501
atelier.character_scenes        owner         1      1:character_id,conversation_id,generation_metadata,generation_mode,id,image_url,job_id,previous_scene_id,previous_scene_image_url,priority,scene_description,scene_name,scene_prompt,scene_rules,scene_starters,scene_type,system_prompt,user_id  1:conversation_id,generation_metadata,generation_mode,image_url,job_id,previous_scene_id,previous_scene_image_url,priority,scene_description,scene_name,scene_prompt,scene_rules,scene_starters,scene_type,system_prompt  1
atelier.character_scenes        other user    0      42501  0      0
atelier.character_scenes        team mate     0      42501  0      0
atelier.character_scenes        admin         0      42501  0      0
atelier.character_scenes        service_role  1      1:*    1:*    1
atelier.characters              anon          0      42501  42501  42501
atelier.characters              owner         1      1:alternate_greetings,appearance_tags,avoid_traits,backstory,base_prompt,bio,canon_spec,clothing_tags,consistency_method,content_rating,default_presets,description,first_message,forbidden_phrases,gender,id,image_url,is_public,lighting,locked_traits,media_defaults,mood,name,outfit_defaults,persona,personality_traits,physical_traits,preview_image_url,quick_start,reference_image_url,rendering_rules,role,scene_behavior_rules,seed_locked,signature_items,style_preset,system_prompt,tagline,traits,user_id,voice_examples,voice_tone  1:alternate_greetings,appearance_tags,avoid_traits,backstory,base_prompt,bio,canon_spec,clothing_tags,consistency_method,content_rating,default_presets,description,first_message,forbidden_phrases,gender,image_url,is_public,lighting,locked_traits,media_defaults,mood,name,outfit_defaults,persona,personality_traits,physical_traits,preview_image_url,quick_start,reference_image_url,rendering_rules,role,scene_behavior_rules,seed_locked,signature_items,style_preset,system_prompt,tagline,traits,voice_examples,voice_tone  1
atelier.characters              other user    0      42501  0      0
atelier.characters              team mate     0      42501  0      0
atelier.characters              admin         1      42501  1:alternate_greetings,appearance_tags,avoid_traits,backstory,base_prompt,bio,canon_spec,clothing_tags,consistency_method,content_rating,default_presets,description,first_message,forbidden_phrases,gender,image_url,is_public,lighting,locked_traits,media_defaults,mood,name,outfit_defaults,persona,personality_traits,physical_traits,preview_image_url,quick_start,reference_image_url,rendering_rules,role,scene_behavior_rules,seed_locked,signature_items,style_preset,system_prompt,tagline,traits,voice_examples,voice_tone  1
atelier.characters              service_role  1      1:*    1:*    1
atelier.characters public       anon          1      42501  42501  42501
atelier.characters public       owner         1      1:alternate_greetings,appearance_tags,avoid_traits,backstory,base_prompt,bio,canon_spec,clothing_tags,consistency_method,content_rating,default_presets,description,first_message,forbidden_phrases,gender,id,image_url,is_public,lighting,locked_traits,media_defaults,mood,name,outfit_defaults,persona,personality_traits,physical_traits,preview_image_url,quick_start,reference_image_url,rendering_rules,role,scene_behavior_rules,seed_locked,signature_items,style_preset,system_prompt,tagline,traits,user_id,voice_examples,voice_tone  1:alternate_greetings,appearance_tags,avoid_traits,backstory,base_prompt,bio,canon_spec,clothing_tags,consistency_method,content_rating,default_presets,description,first_message,forbidden_phrases,gender,image_url,is_public,lighting,locked_traits,media_defaults,mood,name,outfit_defaults,persona,personality_traits,physical_traits,preview_image_url,quick_start,reference_image_url,rendering_rules,role,scene_behavior_rules,seed_locked,signature_items,style_preset,system_prompt,tagline,traits,voice_examples,voice_tone  1
atelier.characters public       other user    1      42501  0      0
atelier.characters public       team mate     1      42501  0      0
atelier.characters public       admin         1      42501  1:alternate_greetings,appearance_tags,avoid_traits,backstory,base_prompt,bio,canon_spec,clothing_tags,consistency_method,content_rating,default_presets,description,first_message,forbidden_phrases,gender,image_url,is_public,lighting,locked_traits,media_defaults,mood,name,outfit_defaults,persona,personality_traits,physical_traits,preview_image_url,quick_start,reference_image_url,rendering_rules,role,scene_behavior_rules,seed_locked,signature_items,style_preset,system_prompt,tagline,traits,voice_examples,voice_tone  1
atelier.characters public       service_role  1      1:*    1:*    1
atelier.characters public nsfw  anon          0      42501  42501  42501
atelier.characters public nsfw  owner         1      1:alternate_greetings,appearance_tags,avoid_traits,backstory,base_prompt,bio,canon_spec,clothing_tags,consistency_method,content_rating,default_presets,description,first_message,forbidden_phrases,gender,id,image_url,is_public,lighting,locked_traits,media_defaults,mood,name,outfit_defaults,persona,personality_traits,physical_traits,preview_image_url,quick_start,reference_image_url,rendering_rules,role,scene_behavior_rules,seed_locked,signature_items,style_preset,system_prompt,tagline,traits,user_id,voice_examples,voice_tone  1:alternate_greetings,appearance_tags,avoid_traits,backstory,base_prompt,bio,canon_spec,clothing_tags,consistency_method,content_rating,default_presets,description,first_message,forbidden_phrases,gender,image_url,is_public,lighting,locked_traits,media_defaults,mood,name,outfit_defaults,persona,personality_traits,physical_traits,preview_image_url,quick_start,reference_image_url,rendering_rules,role,scene_behavior_rules,seed_locked,signature_items,style_preset,system_prompt,tagline,traits,voice_examples,voice_tone  1
atelier.characters public nsfw  other user    0      42501  0      0
atelier.characters public nsfw  team mate     0      42501  0      0
atelier.characters public nsfw  admin         1      42501  1:alternate_greetings,appearance_tags,avoid_traits,backstory,base_prompt,bio,canon_spec,clothing_tags,consistency_method,content_rating,default_presets,description,first_message,forbidden_phrases,gender,image_url,is_public,lighting,locked_traits,media_defaults,mood,name,outfit_defaults,persona,personality_traits,physical_traits,preview_image_url,quick_start,reference_image_url,rendering_rules,role,scene_behavior_rules,seed_locked,signature_items,style_preset,system_prompt,tagline,traits,voice_examples,voice_tone  1
atelier.characters public nsfw  service_role  1      1:*    1:*    1
atelier.compel_configs          anon          42501  42501  42501  42501
atelier.compel_configs          owner         0      42501  0      0
atelier.compel_configs          other user    0      42501  0      0
atelier.compel_configs          team mate     0      42501  0      0
atelier.compel_configs          admin         1      1:*    1:*    1
atelier.compel_configs          service_role  1      1:*    1:*    1
atelier.content_terms           anon          42501  42501  42501  42501
atelier.content_terms           owner         0      42501  0      0
atelier.content_terms           other user    0      42501  0      0
atelier.content_terms           team mate     0      42501  0      0
atelier.content_terms           admin         1      1:*    1:*    1
atelier.content_terms           service_role  1      1:*    1:*    1
atelier.conversation_summaries  anon          42501  42501  42501  42501
atelier.conversation_summaries  owner         1      42501  42501  42501
atelier.conversation_summaries  other user    0      42501  42501  42501
atelier.conversation_summaries  team mate     0      42501  42501  42501
atelier.conversation_summaries  admin         0      42501  42501  42501
atelier.conversation_summaries  service_role  1      1:*    1:*    1
atelier.conversations           anon          42501  42501  42501  42501
atelier.conversations           owner         1      1:character_id,conversation_type,current_location,id,last_scene_image,memory_data,memory_tier,project_id,status,title,user_character_id,user_id  1:character_id,conversation_type,current_location,last_scene_image,memory_data,memory_tier,project_id,status,title,user_character_id  1
atelier.conversations           other user    0      42501  0      0
atelier.conversations           team mate     0      42501  0      0
atelier.conversations           admin         0      42501  0      0
atelier.conversations           service_role  1      1:*    1:*    1
atelier.default_retry_policies  anon          42501  55000  55000  55000
atelier.default_retry_policies  owner         42501  55000  55000  55000
atelier.default_retry_policies  other user    42501  55000  55000  55000
atelier.default_retry_policies  team mate     42501  55000  55000  55000
atelier.default_retry_policies  admin         42501  55000  55000  55000
atelier.default_retry_policies  service_role  1      55000  55000  55000
atelier.endpoint_health         anon          42501  55000  55000  55000
atelier.endpoint_health         owner         42501  55000  55000  55000
atelier.endpoint_health         other user    42501  55000  55000  55000
atelier.endpoint_health         team mate     42501  55000  55000  55000
atelier.endpoint_health         admin         42501  55000  55000  55000
atelier.endpoint_health         service_role  1      55000  55000  55000
atelier.endpoints               anon          42501  42501  42501  42501
atelier.endpoints               owner         0      42501  0      0
atelier.endpoints               other user    0      42501  0      0
atelier.endpoints               team mate     0      42501  0      0
atelier.endpoints               admin         1      1:*    1:*    1
atelier.endpoints               service_role  1      1:*    1:*    1
atelier.enhancement_presets     anon          42501  42501  42501  42501
atelier.enhancement_presets     owner         0      42501  0      0
atelier.enhancement_presets     other user    0      42501  0      0
atelier.enhancement_presets     team mate     0      42501  0      0
atelier.enhancement_presets     admin         1      1:*    1:*    1
atelier.enhancement_presets     service_role  1      1:*    1:*    1
atelier.events                  anon          42501  42501  42501  42501
atelier.events                  owner         1      42501  42501  42501
atelier.events                  other user    0      42501  42501  42501
atelier.events                  team mate     0      42501  42501  42501
atelier.events                  admin         0      42501  42501  42501
atelier.events                  service_role  1      42501  42501  42501
atelier.generations             anon          42501  42501  42501  42501
atelier.generations             owner         1      42501  1:is_favorite,viewed,viewed_at  42501
atelier.generations             other user    0      42501  0      42501
atelier.generations             team mate     0      42501  0      42501
atelier.generations             admin         1      42501  0      42501
atelier.generations             service_role  1      42501  1:is_favorite,viewed,viewed_at  42501
atelier.held_jobs               anon          42501  55000  55000  55000
atelier.held_jobs               owner         42501  55000  55000  55000
atelier.held_jobs               other user    42501  55000  55000  55000
atelier.held_jobs               team mate     42501  55000  55000  55000
atelier.held_jobs               admin         42501  55000  55000  55000
atelier.held_jobs               service_role  0      55000  55000  55000
atelier.images                  anon          42501  42501  42501  42501
atelier.images                  owner         1      22023  1:title  1
atelier.images                  other user    0      42501  0      0
atelier.images                  team mate     0      42501  0      0
atelier.images                  admin         0      42501  0      0
atelier.images                  service_role  1      22023  1:title  1
atelier.job_dependencies        anon          42501  42501  42501  42501
atelier.job_dependencies        owner         1      42501  42501  42501
atelier.job_dependencies        other user    0      42501  42501  42501
atelier.job_dependencies        team mate     0      42501  42501  42501
atelier.job_dependencies        admin         1      42501  42501  42501
atelier.job_dependencies        service_role  1      42501  42501  42501
atelier.job_types               anon          42501  55000  55000  55000
atelier.job_types               owner         1      55000  55000  55000
atelier.job_types               other user    1      55000  55000  55000
atelier.job_types               team mate     1      55000  55000  55000
atelier.job_types               admin         1      55000  55000  55000
atelier.job_types               service_role  1      55000  55000  55000
atelier.jobs                    anon          42501  42501  42501  42501
atelier.jobs                    owner         1      42501  42501  42501
atelier.jobs                    other user    0      42501  42501  42501
atelier.jobs                    team mate     0      42501  42501  42501
atelier.jobs                    admin         1      42501  42501  42501
atelier.jobs                    service_role  1      42501  1:compel_weights,enhancement_strategy,enhancement_time_ms,image_id,metadata,moderation_status,project_id,prompt_test_id,quality_improvement,quality_rating,qwen_expansion_percentage,review_notes,reviewed_at,reviewed_by,template_name,test_metadata,video_id  1
atelier.known_models            anon          42501  55000  55000  55000
atelier.known_models            owner         42501  55000  55000  55000
atelier.known_models            other user    42501  55000  55000  55000
atelier.known_models            team mate     42501  55000  55000  55000
atelier.known_models            admin         42501  55000  55000  55000
atelier.known_models            service_role  1      55000  55000  55000
atelier.known_providers         anon          42501  55000  55000  55000
atelier.known_providers         owner         42501  55000  55000  55000
atelier.known_providers         other user    42501  55000  55000  55000
atelier.known_providers         team mate     42501  55000  55000  55000
atelier.known_providers         admin         42501  55000  55000  55000
atelier.known_providers         service_role  1      55000  55000  55000
atelier.late_results            anon          42501  55000  55000  55000
atelier.late_results            owner         42501  55000  55000  55000
atelier.late_results            other user    42501  55000  55000  55000
atelier.late_results            team mate     42501  55000  55000  55000
atelier.late_results            admin         42501  55000  55000  55000
atelier.late_results            service_role  1      55000  55000  55000
atelier.memories                anon          42501  42501  42501  42501
atelier.memories                owner         1      42501  42501  42501
atelier.memories                other user    0      42501  42501  42501
atelier.memories                team mate     0      42501  42501  42501
atelier.memories                admin         0      42501  42501  42501
atelier.memories                service_role  1      1:*    1:*    1
atelier.messages                anon          42501  42501  42501  42501
atelier.messages                owner         1      1:content,conversation_id,id,message_type,sender,user_id  42501  1
atelier.messages                other user    0      42501  42501  0
atelier.messages                team mate     0      42501  42501  0
atelier.messages                admin         0      42501  42501  0
atelier.messages                service_role  1      1:*    1:*    1
atelier.model_config_history    anon          42501  42501  42501  42501
atelier.model_config_history    owner         0      42501  0      0
atelier.model_config_history    other user    0      42501  0      0
atelier.model_config_history    team mate     0      42501  0      0
atelier.model_config_history    admin         1      1:*    1:*    1
atelier.model_config_history    service_role  1      1:*    1:*    1
atelier.model_performance_logs  anon          42501  42501  42501  42501
atelier.model_performance_logs  owner         0      42501  0      0
atelier.model_performance_logs  other user    0      42501  0      0
atelier.model_performance_logs  team mate     0      42501  0      0
atelier.model_performance_logs  admin         1      1:*    1:*    1
atelier.model_performance_logs  service_role  1      1:*    1:*    1
atelier.model_test_results      anon          42501  42501  42501  42501
atelier.model_test_results      owner         0      42501  0      0
atelier.model_test_results      other user    0      42501  0      0
atelier.model_test_results      team mate     0      42501  0      0
atelier.model_test_results      admin         1      1:*    1:*    1
atelier.model_test_results      service_role  1      1:*    1:*    1
atelier.moderation_audit        anon          42501  42501  42501  42501
atelier.moderation_audit        owner         0      42501  42501  42501
atelier.moderation_audit        other user    0      42501  42501  42501
atelier.moderation_audit        team mate     0      42501  42501  42501
atelier.moderation_audit        admin         1      42501  42501  42501
atelier.moderation_audit        service_role  1      42501  42501  42501
atelier.moderation_checks       anon          42501  42501  42501  42501
atelier.moderation_checks       owner         0      42501  0      0
atelier.moderation_checks       other user    0      42501  0      0
atelier.moderation_checks       team mate     0      42501  0      0
atelier.moderation_checks       admin         1      1:*    1:*    1
atelier.moderation_checks       service_role  1      1:*    1:*    1
atelier.moderation_items        anon          42501  42501  42501  42501
atelier.moderation_items        owner         1      42501  42501  42501
atelier.moderation_items        other user    0      42501  42501  42501
atelier.moderation_items        team mate     0      42501  42501  42501
atelier.moderation_items        admin         0      42501  42501  42501
atelier.moderation_items        service_role  1      42501  42501  42501
atelier.moderation_rules        anon          42501  42501  42501  42501
atelier.moderation_rules        owner         0      42501  0      0
atelier.moderation_rules        other user    0      42501  0      0
atelier.moderation_rules        team mate     0      42501  0      0
atelier.moderation_rules        admin         1      1:category,check_id,description,id,is_active,phrase,score  1:category,check_id,description,is_active,phrase,score  1
atelier.moderation_rules        service_role  1      1:category,check_id,description,id,is_active,phrase,score  1:category,check_id,description,is_active,phrase,score  1
atelier.moderation_thresholds   anon          42501  42501  42501  42501
atelier.moderation_thresholds   owner         0      42501  0      0
atelier.moderation_thresholds   other user    0      42501  0      0
atelier.moderation_thresholds   team mate     0      42501  0      0
atelier.moderation_thresholds   admin         1      1:*    1:*    1
atelier.moderation_thresholds   service_role  1      1:*    1:*    1
atelier.negative_prompts        anon          42501  42501  42501  42501
atelier.negative_prompts        owner         0      42501  0      0
atelier.negative_prompts        other user    0      42501  0      0
atelier.negative_prompts        team mate     0      42501  0      0
atelier.negative_prompts        admin         1      1:*    1:*    1
atelier.negative_prompts        service_role  1      1:*    1:*    1
atelier.object_chunks           anon          0      42501  42501  42501
atelier.object_chunks           owner         1      42501  42501  42501
atelier.object_chunks           other user    0      42501  42501  42501
atelier.object_chunks           team mate     0      42501  42501  42501
atelier.object_chunks           admin         0      42501  42501  42501
atelier.object_chunks           service_role  1      42501  42501  42501
atelier.pauses                  anon          42501  42501  42501  42501
atelier.pauses                  owner         0      42501  42501  42501
atelier.pauses                  other user    0      42501  42501  42501
atelier.pauses                  team mate     0      42501  42501  42501
atelier.pauses                  admin         1      42501  42501  42501
atelier.pauses                  service_role  1      42501  42501  42501
atelier.profiles                anon          42501  42501  42501  42501
atelier.profiles                owner         1      42501  1:birth_date,username  42501
atelier.profiles                other user    0      42501  0      42501
atelier.profiles                team mate     0      42501  0      42501
atelier.profiles                admin         1      42501  1:birth_date,username  42501
atelier.profiles                service_role  1      23503  1:*    1
atelier.project_status          anon          42501  55000  55000  55000
atelier.project_status          owner         1      55000  55000  55000
atelier.project_status          other user    0      55000  55000  55000
atelier.project_status          team mate     0      55000  55000  55000
atelier.project_status          admin         1      55000  55000  55000
atelier.project_status          service_role  1      55000  55000  55000
atelier.projects                anon          42501  42501  42501  42501
atelier.projects                owner         1      1:character_id,duration,enhanced_prompt,id,media_type,original_prompt,preview_url,reference_image_url,scene_count,title,user_id,workflow_step  1:character_id,duration,enhanced_prompt,media_type,original_prompt,preview_url,reference_image_url,scene_count,title,workflow_step  1
atelier.projects                other user    0      42501  0      0
atelier.projects                team mate     0      42501  0      0
atelier.projects                admin         1      42501  1:character_id,duration,enhanced_prompt,media_type,original_prompt,preview_url,reference_image_url,scene_count,title,workflow_step  1
atelier.projects                service_role  1      1:*    1:*    1
atelier.prompt_ab_outcomes      anon          42501  42501  42501  42501
atelier.prompt_ab_outcomes      owner         0      42501  42501  42501
atelier.prompt_ab_outcomes      other user    0      42501  42501  42501
atelier.prompt_ab_outcomes      team mate     0      42501  42501  42501
atelier.prompt_ab_outcomes      admin         1      42501  42501  42501
atelier.prompt_ab_outcomes      service_role  1      42501  42501  42501
atelier.prompt_ab_tests         anon          42501  42501  42501  42501
atelier.prompt_ab_tests         owner         0      42501  0      0
atelier.prompt_ab_tests         other user    0      42501  0      0
atelier.prompt_ab_tests         team mate     0      42501  0      0
atelier.prompt_ab_tests         admin         1      1:applies_to_all,baseline_config,baseline_weight,enhanced_config,enhanced_weight,id,test_name,test_series  1:applies_to_all,baseline_config,baseline_weight,enhanced_config,enhanced_weight,test_name,test_series  1
atelier.prompt_ab_tests         service_role  1      1:applies_to_all,baseline_config,baseline_weight,enhanced_config,enhanced_weight,id,test_name,test_series  1:applies_to_all,baseline_config,baseline_weight,enhanced_config,enhanced_weight,test_name,test_series  1
atelier.prompt_enhancements     anon          42501  42501  42501  42501
atelier.prompt_enhancements     owner         1      42501  42501  42501
atelier.prompt_enhancements     other user    0      42501  42501  42501
atelier.prompt_enhancements     team mate     0      42501  42501  42501
atelier.prompt_enhancements     admin         1      42501  42501  42501
atelier.prompt_enhancements     service_role  1      42501  42501  1
atelier.prompt_templates        anon          42501  42501  42501  42501
atelier.prompt_templates        owner         0      42501  0      0
atelier.prompt_templates        other user    0      42501  0      0
atelier.prompt_templates        team mate     0      42501  0      0
atelier.prompt_templates        admin         1      1:*    1:*    1
atelier.prompt_templates        service_role  1      1:*    1:*    1
atelier.prompt_templates published  anon          42501  42501  42501  42501
atelier.prompt_templates published  owner         0      42501  0      0
atelier.prompt_templates published  other user    0      42501  0      0
atelier.prompt_templates published  team mate     0      42501  0      0
atelier.prompt_templates published  admin         1      1:*    1:*    PT409
atelier.prompt_templates published  service_role  1      1:*    1:*    PT409
atelier.provider_tokens         anon          42501  42501  42501  42501
atelier.provider_tokens         owner         0      42501  0      0
atelier.provider_tokens         other user    0      42501  0      0
atelier.provider_tokens         team mate     0      42501  0      0
atelier.provider_tokens         admin         1      42501  1:account_id,daily_spend_cap,is_active,max_concurrency,monthly_spend_cap,name,request_burst,requests_per_minute  1
atelier.provider_tokens         service_role  1      42501  1:account_id,daily_spend_cap,is_active,max_concurrency,monthly_spend_cap,name,request_burst,requests_per_minute  1
atelier.queue_depth             anon          42501  55000  55000  55000
atelier.queue_depth             owner         42501  55000  55000  55000
atelier.queue_depth             other user    42501  55000  55000  55000
atelier.queue_depth             team mate     42501  55000  55000  55000
atelier.queue_depth             admin         42501  55000  55000  55000
atelier.queue_depth             service_role  1      55000  55000  55000
atelier.replicate_tokens        anon          42501  42501  42501  42501
atelier.replicate_tokens        owner         42501  42501  42501  42501
atelier.replicate_tokens        other user    42501  42501  42501  42501
atelier.replicate_tokens        team mate     42501  42501  42501  42501
atelier.replicate_tokens        admin         42501  42501  42501  42501
atelier.replicate_tokens        service_role  1      1:*    1:*    1
atelier.retry_policies          anon          42501  42501  42501  42501
atelier.retry_policies          owner         0      42501  0      0
atelier.retry_policies          other user    0      42501  0      0
atelier.retry_policies          team mate     0      42501  0      0
atelier.retry_policies          admin         1      1:*    1:*    1
atelier.retry_policies          service_role  1      1:*    1:*    1
atelier.scene_status            anon          42501  55000  55000  55000
atelier.scene_status            owner         1      55000  55000  55000
atelier.scene_status            other user    0      55000  55000  55000
atelier.scene_status            team mate     0      55000  55000  55000
atelier.scene_status            admin         1      55000  55000  55000
atelier.scene_status            service_role  1      55000  55000  55000
atelier.scenes                  anon          0      42501  42501  42501
atelier.scenes                  owner         1      1:approved,atmosphere,character_clothing_overrides,content_rating,default_clothing,description,enhanced_prompt,final_stitched_url,id,image_url,is_public,max_characters,max_words,min_characters,name,narrative_style,perspective_hint,preview_image_url,project_id,scenario_type,scene_focus,scene_number,scene_prompt,scene_starters,setting,suggested_user_role,tags,time_of_day,user_id,visual_priority  1:approved,atmosphere,character_clothing_overrides,content_rating,default_clothing,description,enhanced_prompt,final_stitched_url,image_url,is_public,max_characters,max_words,min_characters,name,narrative_style,perspective_hint,preview_image_url,project_id,scenario_type,scene_focus,scene_number,scene_prompt,scene_starters,setting,suggested_user_role,tags,time_of_day,visual_priority  1
atelier.scenes                  other user    0      42501  0      0
atelier.scenes                  team mate     0      42501  0      0
atelier.scenes                  admin         1      42501  1:approved,atmosphere,character_clothing_overrides,content_rating,default_clothing,description,enhanced_prompt,final_stitched_url,image_url,is_public,max_characters,max_words,min_characters,name,narrative_style,perspective_hint,preview_image_url,project_id,scenario_type,scene_focus,scene_number,scene_prompt,scene_starters,setting,suggested_user_role,tags,time_of_day,visual_priority  1
atelier.scenes                  service_role  1      1:*    1:*    1
atelier.scenes public           anon          1      42501  42501  42501
atelier.scenes public           owner         1      1:approved,atmosphere,character_clothing_overrides,content_rating,default_clothing,description,enhanced_prompt,final_stitched_url,id,image_url,is_public,max_characters,max_words,min_characters,name,narrative_style,perspective_hint,preview_image_url,project_id,scenario_type,scene_focus,scene_number,scene_prompt,scene_starters,setting,suggested_user_role,tags,time_of_day,user_id,visual_priority  1:approved,atmosphere,character_clothing_overrides,content_rating,default_clothing,description,enhanced_prompt,final_stitched_url,image_url,is_public,max_characters,max_words,min_characters,name,narrative_style,perspective_hint,preview_image_url,project_id,scenario_type,scene_focus,scene_number,scene_prompt,scene_starters,setting,suggested_user_role,tags,time_of_day,visual_priority  1
atelier.scenes public           other user    1      42501  0      0
atelier.scenes public           team mate     1      42501  0      0
atelier.scenes public           admin         1      42501  1:approved,atmosphere,character_clothing_overrides,content_rating,default_clothing,description,enhanced_prompt,final_stitched_url,image_url,is_public,max_characters,max_words,min_characters,name,narrative_style,perspective_hint,preview_image_url,project_id,scenario_type,scene_focus,scene_number,scene_prompt,scene_starters,setting,suggested_user_role,tags,time_of_day,visual_priority  1
atelier.scenes public           service_role  1      1:*    1:*    1
atelier.scenes public nsfw      anon          0      42501  42501  42501
atelier.scenes public nsfw      owner         1      1:approved,atmosphere,character_clothing_overrides,content_rating,default_clothing,description,enhanced_prompt,final_stitched_url,id,image_url,is_public,max_characters,max_words,min_characters,name,narrative_style,perspective_hint,preview_image_url,project_id,scenario_type,scene_focus,scene_number,scene_prompt,scene_starters,setting,suggested_user_role,tags,time_of_day,user_id,visual_priority  1:approved,atmosphere,character_clothing_overrides,content_rating,default_clothing,description,enhanced_prompt,final_stitched_url,image_url,is_public,max_characters,max_words,min_characters,name,narrative_style,perspective_hint,preview_image_url,project_id,scenario_type,scene_focus,scene_number,scene_prompt,scene_starters,setting,suggested_user_role,tags,time_of_day,visual_priority  1
atelier.scenes public nsfw      other user    0      42501  0      0
atelier.scenes public nsfw      team mate     0      42501  0      0
atelier.scenes public nsfw      admin         1      42501  1:approved,atmosphere,character_clothing_overrides,content_rating,default_clothing,description,enhanced_prompt,final_stitched_url,image_url,is_public,max_characters,max_words,min_characters,name,narrative_style,perspective_hint,preview_image_url,project_id,scenario_type,scene_focus,scene_number,scene_prompt,scene_starters,setting,suggested_user_role,tags,time_of_day,visual_priority  1
atelier.scenes public nsfw      service_role  1      1:*    1:*    1
atelier.schedules               anon          42501  42501  42501  42501
atelier.schedules               owner         1      42501  42501  1
atelier.schedules               other user    0      42501  42501  0
atelier.schedules               team mate     0      42501  42501  0
atelier.schedules               admin         1      42501  42501  0
atelier.schedules               service_role  1      42501  42501  1
atelier.scheduling_tiers        anon          42501  42501  42501  42501
atelier.scheduling_tiers        owner         42501  42501  42501  42501
atelier.scheduling_tiers        other user    42501  42501  42501  42501
atelier.scheduling_tiers        team mate     42501  42501  42501  42501
atelier.scheduling_tiers        admin         42501  42501  42501  42501
atelier.scheduling_tiers        service_role  1      1:*    1:*    1
atelier.stuck_jobs              anon          42501  55000  55000  55000
atelier.stuck_jobs              owner         42501  55000  55000  55000
atelier.stuck_jobs              other user    42501  55000  55000  55000
atelier.stuck_jobs              team mate     42501  55000  55000  55000
atelier.stuck_jobs              admin         42501  55000  55000  55000
atelier.stuck_jobs              service_role  0      55000  55000  55000
atelier.system_config           anon          42501  42501  42501  42501
atelier.system_config           owner         0      42501  42501  42501
atelier.system_config           other user    0      42501  42501  42501
atelier.system_config           team mate     0      42501  42501  42501
atelier.system_config           admin         1      42501  42501  42501
atelier.system_config           service_role  1      42501  42501  42501
atelier.token_health            anon          42501  55000  55000  55000
atelier.token_health            owner         42501  55000  55000  55000
atelier.token_health            other user    42501  55000  55000  55000
atelier.token_health            team mate     42501  55000  55000  55000
atelier.token_health            admin         42501  55000  55000  55000
atelier.token_health            service_role  1      55000  55000  55000
atelier.tool_calls              anon          42501  42501  42501  42501
atelier.tool_calls              owner         1      42501  42501  42501
atelier.tool_calls              other user    0      42501  42501  42501
atelier.tool_calls              team mate     0      42501  42501  42501
atelier.tool_calls              admin         0      42501  42501  42501
atelier.tool_calls              service_role  1      1:*    1:*    1
atelier.usage_logs              anon          42501  55000  55000  55000
atelier.usage_logs              owner         1      55000  55000  55000
atelier.usage_logs              other user    0      55000  55000  55000
atelier.usage_logs              team mate     0      55000  55000  55000
atelier.usage_logs              admin         1      55000  55000  55000
atelier.usage_logs              service_role  1      55000  55000  55000
atelier.user_activity_log       anon          42501  42501  42501  42501
atelier.user_activity_log       owner         1      42501  42501  42501
atelier.user_activity_log       other user    0      42501  42501  42501
atelier.user_activity_log       team mate     0      42501  42501  42501
atelier.user_activity_log       admin         1      42501  42501  42501
atelier.user_activity_log       service_role  1      1:*    1:*    1
atelier.user_analytics          anon          42501  55000  55000  55000
atelier.user_analytics          owner         42501  55000  55000  55000
atelier.user_analytics          other user    42501  55000  55000  55000
atelier.user_analytics          team mate     42501  55000  55000  55000
atelier.user_analytics          admin         42501  55000  55000  55000
atelier.user_analytics          service_role  1      55000  55000  55000
atelier.user_collections        anon          42501  42501  42501  42501
atelier.user_collections        owner         1      1:description,name,user_id  1:description,name  1
atelier.user_collections        other user    0      42501  0      0
atelier.user_collections        team mate     0      42501  0      0
atelier.user_collections        admin         0      42501  0      0
atelier.user_collections        service_role  1      1:*    1:*    1
atelier.user_library            anon          0      42501  42501  42501
atelier.user_library            owner         1      42501  1:character_id,collection_id,custom_title,is_favorite,output_type,tags,visibility  1
atelier.user_library            other user    0      42501  0      0
atelier.user_library            team mate     0      42501  0      0
atelier.user_library            admin         0      42501  0      0
atelier.user_library            service_role  1      1:*    1:*    1
atelier.user_library public     anon          1      42501  42501  42501
atelier.user_library public     owner         1      42501  1:character_id,collection_id,custom_title,is_favorite,output_type,tags,visibility  1
atelier.user_library public     other user    1      42501  0      0
atelier.user_library public     team mate     1      42501  0      0
atelier.user_library public     admin         1      42501  0      0
atelier.user_library public     service_role  1      1:*    1:*    1
atelier.user_library unlisted   anon          0      42501  42501  42501
atelier.user_library unlisted   owner         1      42501  1:character_id,collection_id,custom_title,is_favorite,output_type,tags,visibility  1
atelier.user_library unlisted   other user    0      42501  0      0
atelier.user_library unlisted   team mate     0      42501  0      0
atelier.user_library unlisted   admin         0      42501  0      0
atelier.user_library unlisted   service_role  1      1:*    1:*    1
atelier.user_profiles           anon          42501  42501  42501  42501
atelier.user_profiles           owner         1      42501  1:full_name  42501
atelier.user_profiles           other user    0      42501  0      42501
atelier.user_profiles           team mate     0      42501  0      42501
atelier.user_profiles           admin         1      42501  1:full_name  42501
atelier.user_profiles           service_role  1      42501  1:created_at,full_name,id,subscription_status,updated_at  42501
atelier.user_roles              anon          42501  42501  42501  42501
atelier.user_roles              owner         1      42501  0      0
atelier.user_roles              other user    0      42501  0      0
atelier.user_roles              team mate     0      42501  0      0
atelier.user_roles              admin         1      1:role,user_id  1:role  1
atelier.user_roles              service_role  1      1:*    1:*    1
atelier.users                   anon          42501  42501  42501  42501
atelier.users                   owner         1      42501  1:username  42501
atelier.users                   other user    0      42501  0      42501
atelier.users                   team mate     0      42501  0      42501
atelier.users                   admin         1      42501  1:username  42501
atelier.users                   service_role  1      42501  1:created_at,credits,id,is_active,telegram_username,updated_at,username  42501
atelier.videos                  anon          42501  42501  42501  42501
atelier.videos                  owner         1      22023  1:title  1
atelier.videos                  other user    0      42501  0      0
atelier.videos                  team mate     0      42501  0      0
atelier.videos                  admin         0      42501  0      0
atelier.videos                  service_role  1      22023  1:title  1
atelier.worker_status           anon          42501  55000  55000  55000
atelier.worker_status           owner         42501  55000  55000  55000
atelier.worker_status           other user    42501  55000  55000  55000
atelier.worker_status           team mate     42501  55000  55000  55000
atelier.worker_status           admin         42501  55000  55000  55000
atelier.worker_status           service_role  1      55000  55000  55000
atelier.workers                 anon          42501  42501  42501  42501
atelier.workers                 owner         0      42501  42501  42501
atelier.workers                 other user    0      42501  42501  42501
atelier.workers                 team mate     0      42501  42501  42501
atelier.workers                 admin         1      42501  42501  42501
atelier.workers                 service_role  1      42501  42501  42501
atelier.workspace_assets        anon          42501  42501  42501  42501
atelier.workspace_assets        owner         1      42501  42501  1
atelier.workspace_assets        other user    0      42501  42501  0
atelier.workspace_assets        team mate     0      42501  42501  0
atelier.workspace_assets        admin         0      42501  42501  0
atelier.workspace_assets        service_role  1      1:*    1:*    1
atelier.workspace_invitations   anon          42501  42501  42501  42501
atelier.workspace_invitations   owner         1      42501  42501  42501
atelier.workspace_invitations   other user    0      42501  42501  42501
atelier.workspace_invitations   team mate     0      42501  42501  42501
atelier.workspace_invitations   admin         1      42501  42501  42501
atelier.workspace_invitations   service_role  1      1:*    1:*    1
atelier.workspace_items         anon          42501  42501  42501  42501
atelier.workspace_items         owner         1      42501  1:status  1
atelier.workspace_items         other user    0      42501  0      0
atelier.workspace_items         team mate     0      42501  0      0
atelier.workspace_items         admin         0      42501  0      0
atelier.workspace_items         service_role  1      PT404  1:status  1
atelier.workspace_members       anon          42501  42501  42501  42501
atelier.workspace_members       owner         1      42501  42501  42501
atelier.workspace_members       other user    0      42501  42501  42501
atelier.workspace_members       team mate     1      42501  42501  42501
atelier.workspace_members       admin         1      42501  42501  42501
atelier.workspace_members       service_role  1      1:*    1:*    1
atelier.workspace_sessions      anon          42501  42501  42501  42501
atelier.workspace_sessions      owner         1      42501  1:metadata,session_name  42501
atelier.workspace_sessions      other user    0      42501  0      42501
atelier.workspace_sessions      team mate     0      42501  0      42501
atelier.workspace_sessions      admin         0      42501  0      42501
atelier.workspace_sessions      service_role  1      1:*    1:*    1
atelier.workspaces              anon          42501  42501  42501  42501
atelier.workspaces              owner         1      42501  1:description,name,slug  42501
atelier.workspaces              other user    0      42501  0      42501
atelier.workspaces              team mate     1      42501  0      42501
atelier.workspaces              admin         1      42501  1:description,name,slug  42501
atelier.workspaces              service_role  1      1:*    1:*    1
auth.users                      anon          42501  42501  42501  42501
auth.users                      owner         42501  42501  42501  42501
auth.users                      other user    42501  42501  42501  42501
auth.users                      team mate     42501  42501  42501  42501
auth.users                      admin         42501  42501  42501  42501
auth.users                      service_role  1      1:*    1:*    1
storage.buckets                 anon          0      42501  42501  42501
storage.buckets                 owner         0      42501  42501  42501
storage.buckets                 other user    0      42501  42501  42501
storage.buckets                 team mate     0      42501  42501  42501
storage.buckets                 admin         0      42501  42501  42501
storage.buckets                 service_role  1      1:*    1:*    1
storage.buckets public          anon          1      42501  42501  42501
storage.buckets public          owner         1      42501  42501  42501
storage.buckets public          other user    1      42501  42501  42501
storage.buckets public          team mate     1      42501  42501  42501
storage.buckets public          admin         1      42501  42501  42501
storage.buckets public          service_role  1      1:*    1:*    1
storage.objects                 anon          0      42501  42501  42501
storage.objects                 owner         1      42501  42501  0
storage.objects                 other user    0      42501  42501  0
storage.objects                 team mate     0      42501  42501  0
storage.objects                 admin         0      42501  42501  0
storage.objects                 service_role  1      1:*    1:*    1
storage.objects public          anon          1      42501  42501  42501
storage.objects public          owner         1      42501  42501  1
storage.objects public          other user    1      42501  42501  0
storage.objects public          team mate     1      42501  42501  0
storage.objects public          admin         1      42501  42501  0
storage.objects public          service_role  1      1:*    1:*    1
\.
