-- Prompting: a language model rewrites a prompt before the job that it is for. Internal to queue_job() and
-- enhance_prompt(): the caller has seen to it that the person may submit.

create or replace function atelier_engine.enhancement_options(p_enhancement jsonb)
returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  known constant jsonb := jsonb_build_object(
    'model', 'string', 'template_id', 'string', 'mode', 'string', 'content_mode', 'string', 'use_case', 'string',
    'presets', 'array', 'reserved_tokens', 'number', 'enhanced_prompt', 'string', 'regeneration', 'boolean', 'test', 'string');
  options jsonb;
  wrong record;
begin
  if p_enhancement = 'true' then
    return jsonb_build_object();
  end if;
  perform atelier_engine.assert_json_object('enhancement', p_enhancement, 65536);
  options := jsonb_strip_nulls(p_enhancement);
  select o.key, known ->> o.key as type into wrong
    from jsonb_each(options) o
   where jsonb_typeof(o.value) is distinct from known ->> o.key
   order by o.key
   limit 1;
  if found then
    raise invalid_parameter_value using
      message = case when wrong.type is null then 'unknown option of enhancement' else 'wrong option of enhancement' end,
      detail = format('%s %s.', quote_ident(left(wrong.key, 60)), coalesce('must be of type ' || wrong.type, 'is not known')),
      hint = format('It takes: %s.', (select string_agg(k, ', ' order by k) from jsonb_object_keys(known) k));
  end if;
  if options ->> 'mode' not in ('rewrite', 'modify', 'exact_copy') then
    raise invalid_parameter_value using
      message = 'there is no such mode of enhancement', detail = format('Got %s.', left(options ->> 'mode', 60)),
      hint = 'It is rewrite, modify or exact_copy.';
  end if;
  if options ->> 'content_mode' not in ('sfw', 'nsfw') then
    raise invalid_parameter_value using
      message = 'there is no such content mode', detail = format('Got %s.', left(options ->> 'content_mode', 60)),
      hint = 'It is sfw or nsfw.';
  end if;
  if (options ->> 'reserved_tokens')::numeric not between 0 and 1000 or (options ->> 'reserved_tokens')::numeric % 1 <> 0 then
    raise invalid_parameter_value using
      message = 'reserved_tokens is out of range', hint = 'It is a whole number from 0 to 1000.';
  end if;
  if options @? '$.presets[*] ? (@.type() != "string")' or jsonb_array_length(options -> 'presets') > 20 then
    raise invalid_parameter_value using
      message = 'presets are names', hint = 'Give at most 20 names or ids of presets as texts.';
  end if;
  if coalesce(options ->> 'template_id', '') <> '' and options ->> 'template_id' !~*
       '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    raise invalid_parameter_value using message = 'template_id is no id', hint = 'It is the id of a template in use.';
  end if;
  perform atelier_engine.check_prompt('enhanced_prompt', options ->> 'enhanced_prompt');
  return options;
end;
$$;
comment on function atelier_engine.enhancement_options(jsonb) is
$$What a request says of its enhancement, checked and without nulls

True stands for all that is usual. Raises 22023.$$;

create or replace function atelier_engine.presets_named(p_names jsonb)
returns setof atelier.enhancement_presets
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  missing text;
begin
  select n.name into missing
    from jsonb_array_elements_text(p_names) n (name)
   where not exists (select from atelier.enhancement_presets p where p.preset_name = n.name or p.id::text = lower(n.name))
   limit 1;
  if found then
    raise sqlstate 'PT404' using
      message = 'there is no such preset', detail = format('None is called %s.', quote_literal(left(missing, 100))),
      hint = 'Ask whoever runs the service which there are.';
  end if;
  return query
    select p.*
      from atelier.enhancement_presets p
     where exists (select from jsonb_array_elements_text(p_names) n (name)
                    where p.preset_name = n.name or p.id::text = lower(n.name))
     order by p.id;
end;
$$;
comment on function atelier_engine.presets_named(jsonb) is
$$The presets with these names or ids

Raises PT404 for one that there is not.$$;

create or replace function atelier_engine.enhancer_for(p_name text)
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  found_key text;
begin
  select m.model_key into found_key
    from atelier.api_models m
    join atelier.api_providers p on p.id = m.provider_id
   where m.is_active and p.is_active and m.modality = 'chat'
     and (p_name is null or m.model_key = p_name or p_name = any (m.aliases) or m.id::text = lower(p_name))
   order by m.model_key = p_name desc nulls last,
            exists (select from atelier_engine.routes r where r.model_id = m.id) desc, m.is_default desc, m.priority desc,
            m.created_at, m.id
   limit 1;
  -- A name that templates are written for, such as qwen_instruct, stands for whatever model there is.
  if found_key is null and p_name is not null then
    if not exists (select from atelier.prompt_templates t where t.is_active and t.enhancer_model = p_name) then
      raise sqlstate 'PT404' using
        message = 'unknown model', detail = format('No active language model is called %s.', quote_ident(left(p_name, 100))),
        hint = 'Leave it out, or name an active model of the modality chat.';
    end if;
    return atelier_engine.enhancer_for(null);
  end if;
  -- A model that no endpoint serves would let the picture wait for ever.
  if not exists (
    select from atelier_engine.routes r join atelier.api_models m on m.id = r.model_id where m.model_key = found_key) then
    return null;
  end if;
  return found_key;
end;
$$;
comment on function atelier_engine.enhancer_for(text) is
$$The language model that shall rewrite a prompt

By key, alias, id or as a name that templates have; without a name the default one. Null: there is no language model at
all, or no endpoint that serves it. Raises PT404 for an unknown name.$$;

create or replace function atelier_engine.begin_enhancement(p_job atelier.jobs, p_enhancement jsonb)
returns atelier.prompt_enhancements
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  options jsonb := atelier_engine.enhancement_options(p_enhancement);
  test constant atelier.prompt_ab_tests := case when p_job.id is not null then atelier_engine.running_test(options) end;
  mode text;
  settings jsonb := jsonb_build_object();
  rewrites boolean := true;
  model_key text;
  template atelier.prompt_templates;
  made atelier.prompt_enhancements;
begin
  made.id := atelier.uuid7();
  made.user_id := p_job.user_id;
  made.created_at := clock_timestamp();
  made.original_prompt := p_job.original_prompt;
  options := options - 'test';
  if test.id is not null then
    made.prompt_test_id := test.id;
    made.test_variant := atelier_engine.test_variant(test, p_job.user_id);
    options := options || case made.test_variant when 'enhanced' then test.enhanced_config else test.baseline_config end;
  end if;
  mode := coalesce(options ->> 'mode', 'rewrite');
  made.options := options;
  made.content_mode := coalesce(options ->> 'content_mode', 'sfw')::atelier.content_mode;
  perform atelier_engine.assert_content_mode(p_job.user_id, made.content_mode);
  if coalesce(p_job.original_prompt, '') !~ '\S' then
    raise invalid_parameter_value using message = 'there is no prompt to enhance', hint = 'Say what the picture should show.';
  end if;
  if jsonb_array_length(options -> 'presets') > 0 then
    select coalesce(jsonb_object_agg(w.key, w.value) filter (where w.key is not null), '{}'), bool_or(p.enable_qwen),
           coalesce((array_agg(p.qwen_settings order by p.id) filter (where p.enable_qwen and p.qwen_settings is not null))[1],
                    '{}')
      into made.compel_weights, rewrites, settings
      from atelier_engine.presets_named(options -> 'presets') p
      left join lateral jsonb_each(p.compel_weights) w on p.enable_compel;
    made.compel_weights := nullif(made.compel_weights, '{}');
    perform atelier_engine.count_preset_use(options -> 'presets');
  end if;

  if mode = 'exact_copy' then
    made.compel_weights := null;
    return atelier_engine.settled_enhancement(made, 'exact_copy', null, null);
  elsif options ->> 'enhanced_prompt' ~ '\S' then
    return atelier_engine.settled_enhancement(made, 'given', options ->> 'enhanced_prompt', null);
  elsif not rewrites then
    return atelier_engine.settled_enhancement(made, 'weighted', p_job.original_prompt, null);
  end if;

  made.enhancer_model := coalesce(options ->> 'model', settings ->> 'model');
  -- A preset may name what this installation does not have; a person is told.
  begin
    model_key := atelier_engine.enhancer_for(made.enhancer_model);
  exception when sqlstate 'PT404' then
    if options ? 'model' then
      raise;
    end if;
    model_key := atelier_engine.enhancer_for(null);
  end;
  if model_key is null then
    return atelier_engine.settled_enhancement(made, 'error_fallback', null, 'no_model');
  end if;
  template := atelier_engine.template_for(made, options, mode, p_job.format, p_job.model_type, model_key);
  if template.id is null then
    return atelier_engine.settled_enhancement(made, 'error_fallback', null, 'no_template');
  end if;
  made.enhancer_model := coalesce(made.enhancer_model, model_key);
  made.template_id := template.id;
  made.template_name := template.template_name;
  made.token_limit := greatest(template.token_limit - coalesce((options ->> 'reserved_tokens')::integer, 0), 1);
  made.enhancement_strategy := 'pending';
  return atelier_engine.queue_enhancement(made, p_job, model_key, template, settings);
end;
$$;
comment on function atelier_engine.begin_enhancement(atelier.jobs, jsonb) is
$$Queue the job that rewrites the prompt of a job which is not stored yet

Returns what is to be kept of it; where nothing has to be asked of a language model, or none can be asked, settled
already. Raises PT404 for an unknown model, template or preset, 42501 for nsfw without a verified age, 22023.$$;

create or replace function atelier_engine.template_for(
  p_made atelier.prompt_enhancements, p_options jsonb, p_mode text, p_format text, p_target text, p_model_key text
)
returns atelier.prompt_templates
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  use_case constant text := coalesce(
    p_options ->> 'use_case', case p_mode when 'modify' then 'enhancement_modify' else 'enhancement' end);
  found_match atelier_engine.template_match;
  chosen atelier.prompt_templates;
begin
  if p_options ? 'template_id' then
    select t.* into chosen
      from atelier.prompt_templates t
     where t.id = (p_options ->> 'template_id')::uuid and t.is_active and t.content_mode in (p_made.content_mode, 'sfw');
    if not found then
      raise sqlstate 'PT404' using
        message = 'there is no such template',
        detail = format('None in use for this content mode has the id %s.', p_options ->> 'template_id'),
        hint = 'Leave template_id out: then the one that fits is found.';
    end if;
    return chosen;
  end if;
  found_match := atelier_engine.match_template(
    coalesce(p_made.enhancer_model, p_model_key), use_case, p_made.content_mode, p_format, p_target);
  return found_match.template;
end;
$$;
comment on function
  atelier_engine.template_for(atelier.prompt_enhancements, jsonb, text, text, text, text) is
$$What the language model is told: the template that was asked for, or the one that fits; null: none fits

Raises PT404 for one that is not in use, or of another content mode.$$;

create or replace function atelier_engine.queue_enhancement(
  p_made atelier.prompt_enhancements, p_job atelier.jobs, p_model_key text, p_template atelier.prompt_templates,
  p_settings jsonb
)
returns atelier.prompt_enhancements
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
declare
  known constant jsonb := coalesce((
    select m.parameter_schema -> 'properties' from atelier.api_models m where m.model_key = p_model_key limit 1), '{}');
  parameters jsonb := jsonb_build_object();
  chat atelier.jobs;
  made atelier.prompt_enhancements := p_made;
begin
  if known ? 'temperature' and jsonb_typeof(p_settings -> 'temperature') = 'number' then
    parameters := parameters || jsonb_build_object('temperature', p_settings -> 'temperature');
  end if;
  chat := atelier_engine.prepare_job(p_job.user_id, atelier_engine.request_of(jsonb_build_object(
    'prompt', p_job.original_prompt, 'model', p_model_key, 'job_type', 'chat', 'parameters', parameters,
    'priority', least(coalesce(p_job.priority, 0), 1000), 'metadata', jsonb_build_object('enhancement_id', made.id))));
  -- After the check against the model's schema: every adapter for language models takes it. What the user wrote is the
  -- message of the user, and never a part of this.
  chat.parameters := chat.parameters || jsonb_build_object('system', p_template.system_prompt);
  chat.workspace_id := p_job.workspace_id;
  chat.template_name := p_template.template_name;
  chat := atelier_engine.store_job(chat, '{}', 'fail');
  made.enhancement_job_id := chat.id;
  return made;
exception when sqlstate 'PT503' then
  -- The model or the account is being drained: no reason to refuse the picture.
  return atelier_engine.settled_enhancement(p_made, 'error_fallback', null, 'no_model');
end;
$$;
comment on function atelier_engine.queue_enhancement(
  atelier.prompt_enhancements, atelier.jobs, text, atelier.prompt_templates, jsonb) is
  'Queue the job of the language model, with the template as its system prompt and the prompt as what the user says';

create or replace function atelier_engine.count_preset_use(p_names jsonb)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  -- In one order, so that two who name the same presets do not wait for each other.
  perform from atelier.enhancement_presets p
    where p.id in (select n.id from atelier_engine.presets_named(p_names) n)
    order by p.id
      for no key update;
  update atelier.enhancement_presets p
     set usage_count = p.usage_count + 1
   where p.id in (select n.id from atelier_engine.presets_named(p_names) n) and p.usage_count < 2147483647;
end;
$$;
comment on function atelier_engine.count_preset_use(jsonb) is 'Count one use of each of these presets';

create or replace function atelier_engine.settled_enhancement(
  p_made atelier.prompt_enhancements, p_strategy text, p_text text, p_reason text
)
returns atelier.prompt_enhancements
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  made atelier.prompt_enhancements := p_made;
begin
  made.enhancement_strategy := p_strategy;
  made.fallback_reason := p_reason;
  made.completed_at := clock_timestamp();
  made.enhancement_time_ms := least(atelier_engine.milliseconds_between(made.created_at, made.completed_at), 2147483647)::integer;
  made.enhanced_prompt := p_text;
  -- What presets weigh, they weigh in the prompt as it is, too.
  if made.compel_weights is not null and p_strategy <> 'exact_copy' then
    made.enhanced_prompt := atelier_engine.weigh_phrases(coalesce(p_text, made.original_prompt), made.compel_weights);
  end if;
  return made;
end;
$$;
comment on function atelier_engine.settled_enhancement(atelier.prompt_enhancements, text, text, text) is
  'An enhancement with its outcome, not stored. Raises 22023 where weights cannot be given to the text';

create or replace function atelier_engine.enhanced_job(p_job atelier.jobs, p_made atelier.prompt_enhancements)
returns atelier.jobs
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  -- Locks of the queue are taken in the order of ids, and what a job waits for comes before it.
  p_job.id := atelier.uuid7();
  p_job.enhanced_prompt := p_made.enhanced_prompt;
  p_job.enhancement_strategy := p_made.enhancement_strategy;
  p_job.compel_weights := p_made.compel_weights;
  p_job.template_name := p_made.template_name;
  p_job.prompt_test_id := p_made.prompt_test_id;
  p_job.test_metadata := case when p_made.prompt_test_id is not null then jsonb_build_object('variant', p_made.test_variant) end;
  return p_job;
end;
$$;
comment on function atelier_engine.enhanced_job(atelier.jobs, atelier.prompt_enhancements) is
  'A job that is not stored yet, with what is known of its enhancement';

create or replace function atelier_engine.keep_enhancement(p_made atelier.prompt_enhancements, p_job_id uuid)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  p_made.job_id := p_job_id;
  insert into atelier.prompt_enhancements select p_made.*;
  if p_made.prompt_test_id is not null and p_job_id is not null then
    insert into atelier.prompt_ab_outcomes (job_id, test_id, user_id, variant)
    values (p_job_id, p_made.prompt_test_id, p_made.user_id, p_made.test_variant);
  end if;
end;
$$;
comment on function atelier_engine.keep_enhancement(atelier.prompt_enhancements, uuid) is
  'Store an enhancement, and for which job it is';

create or replace function atelier_engine.estimate_prompt_tokens(p_text text)
returns integer
language sql immutable strict
set search_path = pg_catalog, pg_temp
begin atomic
  -- The encoder divides a text into runs of letters, single digits and runs of signs, as matched here, and most words of up
  -- to eight letters are one token. Where a script has no words of its own in the vocabulary, its bytes are counted.
  select coalesce(sum(case when m.part[1] ~ '^[a-z]' then (char_length(m.part[1]) + 7) / 8
                           when m.part[1] ~ '^\d' then 1
                           else greatest((octet_length(m.part[1]) + 1) / 2, 1) end), 0)::integer
    from regexp_matches(lower(p_text), '[a-z]+|\d|[^\s\da-z]+', 'g') m (part);
end;
comment on function atelier_engine.estimate_prompt_tokens(text) is
$$How many tokens the text encoders of SDXL and WAN make of a text, estimated

From its words, digits and signs, without the vocabulary: long and rare words count more.$$;

create or replace function atelier_engine.tokenizer_count(p_text text, p_tokenizer text)
returns integer
language c stable strict
as 'MODULE_PATHNAME', 'atelier_tokenizer_count';
comment on function atelier_engine.tokenizer_count(text, text) is
$$How many tokens the tokenizer of this name in atelier.tokenizer_directory makes of a text, without begin and end

Null where it is not installed, where its files cannot be used (a warning, once for a session and version of the files),
for more than 128 KiB, and for more than 64 combining marks in a row.$$;

create or replace function atelier_engine.count_prompt_tokens(p_text text, p_tokenizer text, out tokens integer, out exact boolean)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  tokens := atelier_engine.tokenizer_count(p_text, p_tokenizer);
  exact := tokens is not null;
  if not exact then
    tokens := atelier_engine.estimate_prompt_tokens(p_text);
  end if;
end;
$$;
comment on function atelier_engine.count_prompt_tokens(text, text) is
  'The tokens of a text: counted (exact) where the tokenizer is installed, else estimated';

create or replace function atelier_engine.tokenizer_of_job(p_job_id uuid)
returns text
language sql stable
set search_path = pg_catalog, pg_temp
begin atomic
  select m.capabilities ->> 'tokenizer'
    from atelier.jobs j
    join atelier.api_models m on m.id = j.api_model_id
   where j.id = p_job_id;
end;
comment on function atelier_engine.tokenizer_of_job(uuid) is
  'By which tokenizer the model of a job reads its prompt; null: nobody said';

create or replace function atelier.token_count(prompt text, model text default null, out tokens integer, out exact boolean)
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  longest constant integer := 100000;
  chosen atelier.api_models;
begin
  perform atelier_engine.assert_known_caller();
  if token_count.prompt is null or char_length(token_count.prompt) > longest then
    raise invalid_parameter_value using
      message = case when token_count.prompt is null then 'there is no prompt' else 'prompt is too long' end,
      detail = format('Got %s characters.', coalesce(char_length(token_count.prompt), 0)),
      hint = format('Give a text of at most %s characters.', longest);
  end if;
  chosen := atelier_engine.choose_model(token_count.model, null);
  select c.tokens, c.exact into tokens, exact
    from atelier_engine.count_prompt_tokens(token_count.prompt, chosen.capabilities ->> 'tokenizer') c;
end;
$$;
grant execute on function atelier.token_count(text, text) to authenticated, service_role;
comment on function atelier.token_count(text, text) is
$$How many tokens the text encoder of a model makes of a prompt, without begin and end

exact: counted by the tokenizer that the model names in capabilities.tokenizer; else estimated, since the model names none or
it is not installed. Without a model that of jobs which name none. Raises PT401, PT404 for an unknown model, 22023 for null
and for more than 100000 characters.$$;

create or replace function atelier_engine.cleaned_answer(p_text text)
returns text
language sql immutable
set search_path = pg_catalog, pg_temp
begin atomic
  -- Models like to put the description into quotation marks or a block.
  select regexp_replace(
           regexp_replace(
             btrim(regexp_replace(p_text, '[\x01-\x08\x0b\x0c\x0e-\x1f\x7f]', '', 'g'), E' \t\r\n'),
             '^```[a-z]*\s*(.*?)\s*```$', '\1'),
           '^(["''])(.*)\1$', '\2');
end;
comment on function atelier_engine.cleaned_answer(text) is
  'The answer of a language model without quotation marks or a block around it, and without control characters';

create or replace function atelier_engine.answer_problem(p_made atelier.prompt_enhancements, p_result jsonb, p_text text)
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  unwilling constant text :=
    '^(i[''’]?m (very |so )?sorry|i am (very |so )?sorry|sorry[,.! ]|i (can ?not|can[''’]t|won[''’]t)|'
    'i[''’]?m (unable|not able)|i am (unable|not able)|as an ai\M)';
begin
  if p_result ->> 'finish_reason' = 'content_filter' or coalesce(p_result ->> 'refusal', '') <> '' then
    return 'refused';
  elsif coalesce(p_text, '') !~ '\S' then
    return 'empty';
  elsif p_text ~* unwilling then
    return 'refused';
  elsif p_result ->> 'finish_reason' = 'length' or char_length(p_text) > 10000
        or p_made.token_count > p_made.token_limit then
    return 'too_long';
  elsif p_made.content_mode = 'sfw' and atelier_engine.content_mode_of(p_text) = 'nsfw' then
    return 'content_mode';
  elsif atelier_engine.verdict_of(atelier_engine.rule_scores('before', 'text', p_text), p_made.content_mode)
          in ('rejected', 'quarantined') then
    return 'refused';
  end if;
  return null;
end;
$$;
comment on function atelier_engine.answer_problem(atelier.prompt_enhancements, jsonb, text) is
  'Why the answer of a language model is no prompt: refused, empty, too_long or content_mode; null: it is one';

create or replace function atelier_engine.settle_enhancement()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  made atelier.prompt_enhancements;
  answer jsonb;
  said text;
  problem text;
begin
  select e.* into made from atelier.prompt_enhancements e where e.enhancement_job_id = new.id and e.completed_at is null;
  if not found then
    return null;
  end if;
  -- Nothing here may keep the result of the job from being recorded.
  begin
    if new.status = 'completed' then
      select g.result, atelier_engine.cleaned_answer(g.output_text) into answer, said
        from atelier.generations g where g.job_id = new.id;
      -- An answer of any length must not take long here; what is longer is refused for its length.
      select c.tokens, c.exact into made.token_count, made.token_count_exact
        from atelier_engine.count_prompt_tokens(left(said, 10001), atelier_engine.tokenizer_of_job(made.job_id)) c
       where said is not null;
      problem := atelier_engine.answer_problem(made, answer, said);
    else
      problem := case when new.status = 'cancelled' then 'cancelled' when new.error_class = 'content_policy' then 'refused'
                      else 'failed' end;
    end if;
    made := case when problem is null then atelier_engine.settled_enhancement(made, 'rewritten', said, null)
                 else atelier_engine.settled_enhancement(made, 'error_fallback', null, problem) end;
  exception when data_exception or program_limit_exceeded then
    made.compel_weights := null;
    made := atelier_engine.settled_enhancement(made, 'error_fallback', null, 'unusable');
  end;
  update atelier.prompt_enhancements e
     set enhancement_strategy = made.enhancement_strategy, fallback_reason = made.fallback_reason,
         enhanced_prompt = made.enhanced_prompt, token_count = made.token_count,
         token_count_exact = made.token_count_exact, completed_at = made.completed_at,
         enhancement_time_ms = made.enhancement_time_ms, compel_weights = made.compel_weights
   where e.id = made.id;
  update atelier.jobs j
     set enhanced_prompt = made.enhanced_prompt, enhancement_strategy = made.enhancement_strategy,
         enhancement_time_ms = made.enhancement_time_ms, compel_weights = made.compel_weights
   where j.id = made.job_id;
  return null;
end;
$$;
comment on function atelier_engine.settle_enhancement() is
$$Trigger: when the job of the language model has ended, its answer becomes the prompt of the job that waits

Or, where that is no prompt, what the user wrote.$$;

create or replace function atelier_engine.lock_enhancement(p_job_id uuid)
returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  perform from atelier_engine.queue q
    where q.job_id in (select e.enhancement_job_id from atelier.prompt_enhancements e
                        where e.job_id = p_job_id and e.completed_at is null)
    order by q.job_id
      for update;
end;
$$;
comment on function atelier_engine.lock_enhancement(uuid) is
  'Lock the queue row of the job that rewrites the prompt of a job, before that of the job itself, as those do that record results';

create or replace function atelier_engine.drop_enhancement()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set jit = off
as $$
declare
  unwanted record;
begin
  -- Whoever cancels the job has locked it already. Who fails it for another reason may not wait here, while the other one
  -- waits for the job: then the language model ends on its own.
  select q.job_id, q.state into unwanted
    from atelier.prompt_enhancements e
    join atelier_engine.queue q on q.job_id = e.enhancement_job_id
   where e.job_id = new.id and e.completed_at is null
     for update of q skip locked;
  if not found then
    return null;
  elsif unwanted.state = 'leased' then
    update atelier.jobs j set cancel_requested_at = coalesce(j.cancel_requested_at, clock_timestamp())
     where j.id = unwanted.job_id;
    perform atelier_engine.wake_for_cancel();
  else
    perform atelier_engine.finish_job(unwanted.job_id, 'cancelled', null, null);
  end if;
  return null;
end;
$$;
comment on function atelier_engine.drop_enhancement() is
  'Trigger: when a job ends before its prompt was rewritten, the language model need not do it any more';

create or replace function atelier_engine.abandon_enhancement()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  new.enhancement_strategy := 'error_fallback';
  new.fallback_reason := 'cancelled';
  new.completed_at := clock_timestamp();
  update atelier.jobs j set enhancement_strategy = 'error_fallback' where j.id = new.job_id;
  return new;
end;
$$;
comment on function atelier_engine.abandon_enhancement() is
  'Trigger: when the job of the language model is deleted before it has ended, nothing comes of it any more';

create or replace function atelier_engine.is_enhancement(p_job_id uuid)
returns boolean
language sql stable
begin atomic
  select exists (select from atelier.prompt_enhancements e where e.enhancement_job_id = p_job_id);
end;
comment on function atelier_engine.is_enhancement(uuid) is 'Whether a job rewrites the prompt of another, or did';

create or replace function atelier_engine.enhancement_again(p_job_id uuid, p_same_prompt boolean)
returns jsonb
language sql stable
begin atomic
  -- What was made of the same prompt is good for another try, too. Its weights are in it already.
  select case when p_same_prompt and e.enhanced_prompt is not null
              then jsonb_build_object('enhanced_prompt', e.enhanced_prompt, 'content_mode', e.content_mode)
              else e.options end
    from atelier.prompt_enhancements e
   where e.job_id = p_job_id;
end;
comment on function atelier_engine.enhancement_again(uuid, boolean) is
  'The option enhancement for another try of a job; null: its prompt was never to be enhanced';
