-- Prompting: what pictures must not show.

create or replace function atelier_engine.prompt_terms(p_prompt text)
returns table (place integer, term text)
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  token text;
  depth integer := 0;
begin
  place := 0;
  term := '';
  for token in select m[1] from regexp_matches(p_prompt, '\\.|[(),]|[^\\(),]+|.', 'g') m loop
    if token = ',' and depth = 0 then
      term := regexp_replace(btrim(term, E' \t\r\n'), '\s+', ' ', 'g');
      if term <> '' then
        place := place + 1;
        return next;
      end if;
      term := '';
    else
      depth := depth + case token when '(' then 1 when ')' then -1 else 0 end;
      term := term || token;
    end if;
  end loop;
  term := regexp_replace(btrim(term, E' \t\r\n'), '\s+', ' ', 'g');
  if term <> '' then
    place := place + 1;
    return next;
  end if;
end;
$$;
comment on function atelier_engine.prompt_terms(text) is
  'What stands between the commas of a prompt; a comma in parentheses divides nothing';

create or replace function atelier_engine.check_negative_prompt()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform from atelier.parse_prompt_weights(new.negative_prompt);
  return new;
end;
$$;
comment on function atelier_engine.check_negative_prompt() is
  'Trigger: refuses a negative prompt whose weights are wrong (22023)';

create or replace function atelier.get_negative_prompt(
  model_type text default 'sdxl',
  content_mode atelier.content_mode default 'sfw',
  generation_mode text default 'txt2img',
  p_user_id uuid default null
)
returns text
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  wanted_model constant text := model_type;
  wanted_content constant atelier.content_mode := content_mode;
  wanted_generation constant text := generation_mode;
begin
  if p_user_id is not null then
    perform atelier_engine.assert_acting_for(p_user_id);
  else
    perform atelier_engine.assert_known_caller();
  end if;
  perform atelier_engine.assert_content_mode(coalesce(p_user_id, auth.uid()), wanted_content);
  if wanted_generation is null or wanted_generation not in ('txt2img', 'i2i') then
    raise invalid_parameter_value using
      message = 'there is no such generation mode',
      detail = format('Got %s.', coalesce(wanted_generation, 'null')),
      hint = 'It is txt2img or i2i.';
  end if;
  return coalesce((
    with terms as (
      select t.term, row_number() over (order by n.priority desc, n.created_at, n.id, t.place) as rank
        from atelier.negative_prompts n
       cross join lateral atelier_engine.prompt_terms(n.negative_prompt) t
       where n.is_active and n.model_type = wanted_model and n.content_mode = wanted_content
         and n.generation_mode = wanted_generation
    ), once as (
      select distinct on (lower(t.term)) t.term, t.rank from terms t order by lower(t.term), t.rank
    )
    select string_agg(o.term, ', ' order by o.rank) from once o), '');
end;
$$;
grant execute on function atelier.get_negative_prompt(text, atelier.content_mode, text, uuid)
  to authenticated, service_role;
comment on function atelier.get_negative_prompt(text, atelier.content_mode, text, uuid) is
$$What a picture of a model must not show, as one negative prompt

The active rows of the model, the content mode and the generation mode (txt2img or i2i), the highest priority first, each
term once, whatever its letters' case. Empty when there is none. nsfw is for people whose age is verified, and acting for
somebody else for the service role, else 42501; an unknown generation mode is 22023.$$;
