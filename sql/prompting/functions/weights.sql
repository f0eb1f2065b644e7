-- Prompting: weights of words, as in (word:1.2), word++ and word--.

create or replace function atelier.parse_prompt_weights(prompt text)
returns table (place integer, phrase text, weight numeric)
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  max_characters constant integer := 10000;
  max_depth constant integer := 10;
  -- Something escaped; a weight with the parenthesis that it ends; signs behind a word; what divides words; words.
  tokens constant text := '\\[\\():+-]|\(|\)|:\s*[^\s():\\]*\s*\)|(?:\+{2,}|-{2,})(?=[\s,.;!?)]|$)|[\s,]+|[^\\():+\s,-]+|.';
  token text;
  before text := '';   -- of the fragment that is being read, all but its last word
  word text := '';
  phrases text[] := array[]::text[];
  weights numeric[] := array[]::numeric[];
  opened integer[] := array[]::integer[];  -- the first fragment of each parenthesis that is open
  closed integer;                         -- that of the one that was closed just now
  factor numeric;
begin
  if char_length(prompt) > max_characters then
    raise invalid_parameter_value using
      message = 'the prompt is too long',
      detail = format('It has %s characters; the limit is %s.', char_length(prompt), max_characters),
      hint = 'Shorten it.';
  end if;

  for token in select m[1] from regexp_matches(prompt, tokens, 'g') m loop
    if (token = '(' or right(token, 1) = ')' and left(token, 1) <> '\') and before || word <> '' then
      phrases := array_append(phrases, before || word);
      weights := array_append(weights, 1.0);
      before := '';
      word := '';
    end if;

    if token = '(' then
      opened := array_append(opened, cardinality(phrases) + 1);
      closed := null;
      if cardinality(opened) > max_depth then
        raise invalid_parameter_value using
          message = 'parentheses are nested too deeply',
          detail = format('There are more than %s, one in another.', max_depth),
          hint = 'Put a backslash before a parenthesis that is no more than a character.';
      end if;

    elsif right(token, 1) = ')' and left(token, 1) <> '\' then
      if cardinality(opened) = 0 then
        raise invalid_parameter_value using
          message = 'the parentheses are not balanced',
          detail = 'One is closed that was not opened.',
          hint = 'Put a backslash before a parenthesis that is no more than a character.';
      end if;
      factor := 1;
      if token <> ')' then
        token := btrim(substr(token, 2, length(token) - 2), E' \t\r\n');
        if token !~ '^([0-9]{1,3}([.][0-9]{0,4})?|[.][0-9]{1,4})$' then
          raise invalid_parameter_value using
            message = 'a weight is not a number',
            detail = format('Got %s.', coalesce(quote_literal(nullif(left(token, 50), '')), 'nothing')),
            hint = 'Write it as in (word:1.2), and put a backslash before a colon that is no more than a character.';
        end if;
        factor := token::numeric;
      end if;
      closed := opened[cardinality(opened)];
      opened := trim_array(opened, 1);
      if not exists (select from unnest(phrases[closed:]) p where p ~ '\S') then
        raise invalid_parameter_value using
          message = 'there is nothing between two parentheses',
          detail = 'A weight needs words that have it.',
          hint = 'Write (word:1.2).';
      end if;
      for i in closed .. cardinality(phrases) loop
        weights[i] := weights[i] * factor;
      end loop;

    elsif token ~ '^([+]{2,}|-{2,})$' and (closed is not null or word <> '') then
      factor := power(case left(token, 1) when '+' then 1.1 else 0.9 end, least(length(token), 50));
      if closed is not null then
        for i in closed .. cardinality(phrases) loop
          weights[i] := weights[i] * factor;
        end loop;
      else
        if before <> '' then
          phrases := array_append(phrases, before);
          weights := array_append(weights, 1.0);
        end if;
        phrases := array_append(phrases, word);
        weights := array_append(weights, factor);
        before := '';
        word := '';
      end if;
      closed := null;

    else
      closed := null;
      if token ~ '^[\s,]' then
        before := before || word || token;
        word := '';
      else
        word := word || case when length(token) = 2 and left(token, 1) = '\' then right(token, 1) else token end;
      end if;
    end if;
  end loop;

  if cardinality(opened) > 0 then
    raise invalid_parameter_value using
      message = 'the parentheses are not balanced',
      detail = format('%s of them are not closed.', cardinality(opened)),
      hint = 'Put a backslash before a parenthesis that is no more than a character.';
  end if;
  if before || word <> '' then
    phrases := array_append(phrases, before || word);
    weights := array_append(weights, 1.0);
  end if;

  for i in 1 .. cardinality(phrases) loop
    place := i;
    phrase := phrases[i];
    weight := trim_scale(round(weights[i], 4));
    if weight not between 0.1 and 2 then
      raise invalid_parameter_value using
        message = 'a weight is out of range',
        detail = format('The weight of %s is %s.', quote_literal(left(phrase, 50)), weight),
        hint = 'Weights are from 0.1 to 2; those of nested parentheses are multiplied.';
    end if;
    return next;
  end loop;
end;
$$;
grant execute on function atelier.parse_prompt_weights(text) to authenticated, service_role;
comment on function atelier.parse_prompt_weights(text) is
$$The parts of a prompt and how much each weighs

(some words:1.2) have that weight, word++ and (some words)++ 1.1 for each sign multiplied, word-- 0.9; parentheses
multiply what is in them, and without a weight change nothing. A backslash takes its meaning from one of \ ( ) : + -.
Parts come in their order, with their spaces. Parentheses that are not balanced, empty or nested more than 10 deep, a
weight that is no number or not from 0.1 to 2, and a prompt of more than 10 000 characters are 22023.$$;

create or replace function atelier_engine.assert_compel_weights(p_name text, p_weights jsonb)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  max_phrases constant integer := 200;
  wrong record;
begin
  perform atelier_engine.assert_json_object(p_name, p_weights, 16384);
  if (select count(*) from jsonb_object_keys(p_weights)) > max_phrases then
    raise invalid_parameter_value using
      message = format('%s has too many phrases', p_name),
      detail = format('The limit is %s.', max_phrases),
      hint = 'Make several configurations.';
  end if;
  select w.key, w.value into wrong
    from jsonb_each(p_weights) w
   where w.key !~ '^\S+( \S+)*$' or char_length(w.key) > 200
   limit 1;
  if found then
    raise invalid_parameter_value using
      message = format('%s has a phrase that cannot be found', p_name),
      detail = format('Got %s.', quote_literal(left(wrong.key, 50))),
      hint = 'A phrase is up to 200 characters: words with one space between them.';
  end if;
  select w.key, w.value into wrong
    from jsonb_each(p_weights) w
   where case jsonb_typeof(w.value) when 'number' then w.value::numeric not between 0.1 and 2 else true end
   limit 1;
  if found then
    raise invalid_parameter_value using
      message = format('%s has a weight that is out of range', p_name),
      detail = format('%s is %s.', quote_literal(left(wrong.key, 50)), left(wrong.value::text, 50)),
      hint = 'Weights are numbers from 0.1 to 2.';
  end if;
  select w.key, w.value into wrong
    from jsonb_each(p_weights) w
   where exists (select from jsonb_object_keys(p_weights) o where o <> w.key and lower(o) = lower(w.key))
   limit 1;
  if found then
    raise invalid_parameter_value using
      message = format('%s has a phrase twice', p_name),
      detail = format('Got %s in large and small letters.', quote_literal(left(wrong.key, 50))),
      hint = 'Phrases are found whatever the case of their letters.';
  end if;
end;
$$;
comment on function atelier_engine.assert_compel_weights(text, jsonb) is
$$Refuse weights that are not an object from phrases to numbers from 0.1 to 2

Raises 22023 with the name that the caller knows.$$;

create or replace function atelier_engine.check_compel_weights()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  weights constant jsonb := to_jsonb(new) -> tg_argv[0];
begin
  -- null in the column, which a preset may have and a configuration may not
  if weights <> 'null' then
    perform atelier_engine.assert_compel_weights(tg_argv[0], weights);
  end if;
  return new;
end;
$$;
comment on function atelier_engine.check_compel_weights() is
  'Trigger: refuses weights of words that are wrong in the column of this name (22023)';

create or replace function atelier_engine.escape_prompt(p_text text)
returns text
language sql immutable
set search_path = pg_catalog, pg_temp
begin atomic
  -- A hyphen inside a word is no sign.
  select regexp_replace(p_text, '([\\()+]|-(?=-|$)|^-|(?<=-)-)', '\\\1', 'g');
end;
comment on function atelier_engine.escape_prompt(text) is
  'A text with backslashes, so that parse_prompt_weights() finds no weights in it';

create or replace function atelier_engine.weigh_phrases(p_prompt text, p_weights jsonb)
returns text
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  result text := '';
  weights constant jsonb := coalesce((select jsonb_object_agg(lower(w.key), w.value) from jsonb_each(p_weights) w), '{}');
  -- Of those that begin at the same place the longest is found.
  pattern constant text := (select string_agg(atelier_engine.term_pattern(w.key), '|') from jsonb_each(weights) w);
  part record;
begin
  for part in select p.phrase, p.weight from atelier.parse_prompt_weights(p_prompt) p order by p.place loop
    if part.weight <> 1 then
      result := result || format('(%s:%s)', atelier_engine.escape_prompt(part.phrase), part.weight);
    elsif pattern is null then
      result := result || atelier_engine.escape_prompt(part.phrase);
    else
      -- What stands between the phrases that are found, and these.
      result := result || (
        select string_agg(atelier_engine.escape_prompt(b.text)
                          || case when f.n is null then ''
                                  when f.factor = 1 then atelier_engine.escape_prompt(f.text)
                                  else format('(%s:%s)', atelier_engine.escape_prompt(f.text), trim_scale(f.factor)) end,
                          '' order by b.n)
          from regexp_split_to_table(part.phrase, pattern, 'i') with ordinality b (text, n)
          left join (
            select m.words[1] as text, m.n,
                   coalesce((weights ->> lower(m.words[1]))::numeric,
                            (weights ->> regexp_replace(lower(m.words[1]), '[\s_-]+', ' ', 'g'))::numeric, 1) as factor
              from regexp_matches(part.phrase, pattern, 'gi') with ordinality m (words, n)) f on f.n = b.n);
    end if;
  end loop;
  return result;
end;
$$;
comment on function atelier_engine.weigh_phrases(text, jsonb) is
$$A prompt in which phrases have the weights of an object, and all weights are written as in (word:1.2)

What has a weight of its own keeps it.$$;

create or replace function atelier.apply_compel_config(prompt text, config_name text)
returns text
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  wanted constant text := config_name;
  chosen jsonb;
begin
  perform atelier_engine.assert_known_caller();
  select c.weights into chosen from atelier.compel_configs c where c.is_active and c.config_name = wanted;
  if not found then
    raise sqlstate 'PT404' using
      message = 'there is no such configuration of weights',
      detail = format('No active one has the name %s.', coalesce(quote_literal(left(wanted, 100)), 'null')),
      hint = 'Ask whoever runs the service which there are.';
  end if;
  return case when prompt is not null then atelier_engine.weigh_phrases(prompt, chosen) end;
end;
$$;
grant execute on function atelier.apply_compel_config(text, text) to authenticated, service_role;
comment on function atelier.apply_compel_config(text, text) is
$$A prompt whose words have the weights of a configuration

Phrases are found as whole words, whatever the case of their letters; what has a weight in the prompt keeps it. All
weights come out as in (word:1.2), other parentheses and signs with a backslash. An unknown configuration is PT404, a prompt
that parse_prompt_weights() refuses 22023, a caller who is not signed in PT401.$$;
