-- Prompting: for whom a prompt is.

create or replace function atelier_engine.term_pattern(p_term text)
returns text
language sql immutable
set search_path = pg_catalog, pg_temp
begin atomic
  -- Everything but letters, digits and spaces is meant as it is.
  select '(?<!\w)' || regexp_replace(regexp_replace(p_term, '([^\w\s])', '\\\1', 'g'), '\s+', '[\s_-]+', 'g') || '(?!\w)';
end;
comment on function atelier_engine.term_pattern(text) is
  'The regular expression that finds a term as whole words, with hyphens or underscores for its spaces';

create or replace function atelier_engine.content_mode_of(p_prompt text)
returns atelier.content_mode
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  looked_at text;
  harmless text;
  nsfw text;
begin
  -- The same letters in other shapes, and none that nobody sees. Underscores count as letters, else.
  looked_at := replace(p_prompt, '_', ' ');
  if getdatabaseencoding() = 'UTF8' then
    looked_at := regexp_replace(normalize(looked_at, nfkc), '[\u00ad\u200b-\u200f\u2060\ufeff]', '', 'g');
  end if;
  select string_agg(atelier_engine.term_pattern(t.term), '|') filter (where t.meaning = 'harmless'),
         string_agg(atelier_engine.term_pattern(t.term), '|') filter (where t.meaning = 'nsfw')
    into harmless, nsfw
    from atelier.content_terms t
   where t.is_active;
  -- What is harmless is covered, not what surrounds it; a stop keeps the words around it apart.
  if harmless is not null then
    looked_at := regexp_replace(looked_at, harmless, ' . ', 'gi');
  end if;
  if looked_at is null then
    return null;
  end if;
  return case when looked_at ~* nsfw then atelier.content_mode 'nsfw' else atelier.content_mode 'sfw' end;
end;
$$;
comment on function atelier_engine.content_mode_of(text) is 'detect_content_mode(), whoever asks';

create or replace function atelier.detect_content_mode(prompt text)
returns atelier.content_mode
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.assert_known_caller();
  perform atelier_engine.check_prompt('the prompt', prompt);
  return atelier_engine.content_mode_of(prompt);
end;
$$;
grant execute on function atelier.detect_content_mode(text) to authenticated, service_role;
comment on function atelier.detect_content_mode(text) is
$$Whether a prompt is for everybody (sfw) or not (nsfw)

By the words of atelier.content_terms. A harmless one excuses only itself, never the rest of the prompt. It is a list of
words and no judgement: what it lets pass can still be refused by a provider. Null for null. A prompt of more than
10 000 characters is 22023, a caller who is not signed in PT401.$$;
