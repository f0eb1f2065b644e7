-- Prompting: the rows that come with Atelier, all of them safe for work.

create or replace function atelier_engine.add_reference_prompts()
returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
  insert into atelier.prompt_templates
    (id, enhancer_model, use_case, template_name, job_type, target_model, token_limit, is_active, description,
     system_prompt)
  select t.id::uuid, t.enhancer_model, t.use_case, t.template_name, t.job_type, t.target_model, t.token_limit, true,
         t.description, t.system_prompt
    from (values
      ('00000000-0000-7000-8000-000000000101', 'qwen_instruct', 'enhancement', 'SDXL, instructed', 'image', 'sdxl', 75,
       'Rewrites an idea as a description for SDXL.',
       $t$Turn the user's idea into one description for a text-to-image model. Name the subject first, then what it does, the place, the light, the framing and the style. Use short phrases with commas between them, at most sixty words. Keep every fact that the user gave, add none that contradicts it, and keep the picture fit for all ages. Answer with the description alone.$t$),
      ('00000000-0000-7000-8000-000000000102', 'qwen_base', 'enhancement', 'SDXL, continued', 'image', 'sdxl', 75,
       'For a model that continues a text instead of following instructions.',
       $t$Below are ideas for pictures fit for all ages, each followed by a description in short phrases: subject, action, place, light, framing, style.
Idea: a lighthouse
Description: white lighthouse on a granite cliff, waves below, low evening sun, wide view, detailed landscape photograph
Idea: a cat with a hat
Description: tabby cat wearing a blue felt hat, sitting on a window sill, soft morning light, close portrait, watercolour$t$),
      ('00000000-0000-7000-8000-000000000103', 'qwen_instruct', 'enhancement', 'WAN, instructed', 'video', 'wan', 100,
       'Rewrites an idea as a description of a short take for WAN.',
       $t$Turn the user's idea into the description of one take of a few seconds. Say who or what is seen, which movement happens from the first to the last moment, how the camera moves, and what the place and the light are like. Describe a single movement that fits into five seconds, in plain sentences of at most eighty words. Keep the user's facts and keep it fit for all ages. Answer with the description alone.$t$),
      ('00000000-0000-7000-8000-000000000104', 'qwen_base', 'enhancement', 'WAN, continued', 'video', 'wan', 100,
       'For a model that continues a text instead of following instructions.',
       $t$Below are ideas for short takes fit for all ages, each followed by a description of what moves and how the camera moves.
Idea: a train in the snow
Description: A red train comes out of a tunnel and crosses a stone bridge while snow falls. The camera glides alongside at the height of the windows. Pale winter light.
Idea: bread
Description: Two hands break a fresh loaf, and steam rises. The camera stays close and still. Warm light from a window on the left.$t$),
      ('00000000-0000-7000-8000-000000000105', 'any', 'enhancement', 'Picture, general', 'image', null, 200,
       'For pictures of every model that has no template of its own.',
       $t$Rewrite the user's idea as a clear description of one picture: subject, action, surroundings, light, point of view, style. Two or three sentences. Keep what the user asked for, fill in only what is missing, and keep it fit for all ages. Answer with the description alone.$t$),
      ('00000000-0000-7000-8000-000000000106', 'any', 'enhancement', 'Film, general', 'video', null, 200,
       'For videos of every model that has no template of its own.',
       $t$Rewrite the user's idea as a clear description of one short take: what is seen at first, what moves, how the camera moves, light and mood. Two or three sentences. Keep what the user asked for and keep it fit for all ages. Answer with the description alone.$t$),
      ('00000000-0000-7000-8000-000000000107', 'any', 'chat_general', 'Assistant', 'chat', null, 400,
       'Talks about ideas for pictures and films.',
       $t$You help people in a studio for pictures and films. Talk about ideas, suggest how to phrase prompts, and explain settings in simple words. Be friendly and brief, ask when something is unclear, say when you do not know, and keep the conversation fit for all ages.$t$),
      ('00000000-0000-7000-8000-000000000108', 'any', 'chat_admin', 'Assistant of administrators', 'chat', null, 400,
       'Helps those who run the studio.',
       $t$You help the administrators of a studio for pictures and films. Answer questions about jobs, models, queues and costs precisely and in order. Say which facts you were given and which you assume. Never ask for passwords or tokens, and do not repeat any.$t$),
      ('00000000-0000-7000-8000-000000000109', 'any', 'character_roleplay', 'Character', 'chat', null, 1000,
       'Speaks as a character.',
       $t$You speak as the character that is described to you, in the first person and in that character's manner. Stay with what is known of the character and of the scene, move the story on a little with every answer, and leave the other person's words and deeds to them. Keep it fit for all ages, and step out of the role when somebody seems to need real help.$t$),
      ('00000000-0000-7000-8000-000000000110', 'any', 'scene_generation', 'Scene', null, null, 300,
       'Turns a moment of a conversation into a picture.',
       $t$From the conversation, describe the present moment as one picture: who is there and how they look, what they do, where they are, the light and the mood. Use what was said, invent only what the picture needs, and keep it fit for all ages. Answer with the description alone.$t$),
      ('00000000-0000-7000-8000-000000000111', 'any', 'scene_starters', 'Openings', null, null, 300,
       'Suggests how a scene can begin.',
       $t$Suggest three ways to begin a scene with the character that is described to you. Each is one or two sentences, set in a different place and mood, gives the other person something to answer, and is fit for all ages. Number them.$t$),
      ('00000000-0000-7000-8000-000000000112', 'any', 'canon_position', 'Reference pose', 'image', null, 150,
       'Describes a pose for a character''s reference picture.',
       $t$Describe how the character stands or sits in a reference picture: posture, direction of the view, hands, expression, framing. Full clothing, plain background, even light. Repeat the character's fixed features as they were given. One sentence, and nothing else.$t$),
      ('00000000-0000-7000-8000-000000000113', 'any', 'enhancement_modify', 'Change of a picture', null, null, 75,
       'Rewrites what shall be different in a picture that is given.',
       $t$The user gives a picture and says what shall be different in it. Describe the changed picture: first what changes, then in a few words what stays, such as pose, place and light. Add no new persons or things that were not asked for. Short phrases with commas between them, at most sixty words, fit for all ages. Answer with the description alone.$t$)
    ) t (id, enhancer_model, use_case, template_name, job_type, target_model, token_limit, description, system_prompt)
  on conflict do nothing;

  insert into atelier.negative_prompts (id, model_type, generation_mode, priority, negative_prompt, description)
  select n.id::uuid, n.model_type, n.generation_mode, n.priority, n.negative_prompt, n.description
    from (values
      ('00000000-0000-7000-8000-000000000201', 'sdxl', 'txt2img', 30, 'nsfw, nudity, violence, gore', 'Keeps pictures fit for all ages.'),
      ('00000000-0000-7000-8000-000000000202', 'sdxl', 'txt2img', 20, 'blurry, low resolution, compression artefacts, overexposed', 'Technical faults.'),
      ('00000000-0000-7000-8000-000000000203', 'sdxl', 'txt2img', 10, 'extra fingers, fused limbs, crossed eyes, distorted face', 'Faults of people.'),
      ('00000000-0000-7000-8000-000000000204', 'sdxl', 'txt2img', 5, 'watermark, signature, caption, frame', 'What does not belong to the picture.'),
      ('00000000-0000-7000-8000-000000000205', 'sdxl', 'i2i', 30, 'nsfw, nudity', 'Keeps pictures fit for all ages.'),
      ('00000000-0000-7000-8000-000000000206', 'sdxl', 'i2i', 20, 'blurry, distorted', 'Few words, so that the given picture counts.'),
      ('00000000-0000-7000-8000-000000000207', 'wan', 'txt2img', 30, 'nsfw, nudity, violence, gore', 'Keeps videos fit for all ages.'),
      ('00000000-0000-7000-8000-000000000208', 'wan', 'txt2img', 20, 'flicker, jitter, frozen frame, morphing shapes, blurry, watermark', 'Technical faults.')
    ) n (id, model_type, generation_mode, priority, negative_prompt, description)
  on conflict do nothing;

  insert into atelier.enhancement_presets
    (id, preset_name, preset_description, enable_qwen, enable_compel, auto_enhancement, compel_weights, qwen_settings,
     is_recommended)
  select p.id::uuid, p.preset_name, p.preset_description, p.enable_qwen, p.enable_compel, p.auto_enhancement,
         p.compel_weights::jsonb, p.qwen_settings::jsonb, p.is_recommended
    from (values
      ('00000000-0000-7000-8000-000000000301', 'As written', 'The prompt goes to the model as it is.', false, false, false, null, null, false),
      ('00000000-0000-7000-8000-000000000302', 'Light touch', 'A language model fills in what is missing.', true, false, true, null, '{"model": "qwen_instruct", "temperature": 0.4}', true),
      ('00000000-0000-7000-8000-000000000303', 'Clear and sharp', 'Words for sharpness and light weigh more.', false, true, false, '{"sharp focus": 1.3, "soft light": 1.1}', null, false),
      ('00000000-0000-7000-8000-000000000304', 'Full studio', 'Rewritten, and weighted for depth and light.', true, true, false, '{"sharp focus": 1.2, "depth of field": 1.2, "dramatic light": 1.1}', '{"model": "qwen_instruct", "temperature": 0.8}', false)
    ) p (id, preset_name, preset_description, enable_qwen, enable_compel, auto_enhancement, compel_weights, qwen_settings, is_recommended)
  on conflict do nothing;

  insert into atelier.content_terms (term, meaning)
  select t.term, 'nsfw'
    from unnest(array['nsfw', 'nude', 'nudes', 'nudity', 'naked', 'topless', 'undressed', 'uncensored', 'explicit', 'erotic',
                      'erotica', 'porn', 'pornographic', 'pornography', 'sexual', 'sexually explicit', 'x rated', 'xxx', '18+',
                      'adult content', 'adults only']) t (term)
  union all
  select t.term, 'harmless'
    from unnest(array['naked eye', 'naked mole rat', 'nude lipstick', 'nude nail polish', 'nude heels', 'nude tones',
                      'explicit formula', 'explicit instructions', 'sexual dimorphism']) t (term)
  on conflict do nothing;
end;
$$;
comment on function atelier_engine.add_reference_prompts() is
$$Add the templates, negative prompts, presets and words that come with Atelier

The ids of templates, negative prompts and presets are fixed. What is there already stays.$$;
