-- Moderation: what rules see of a text.

create or replace function atelier_engine.normalized_text(p_text text)
returns text
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  -- Cyrillic and Greek letters that look like Latin ones, and what is written for letters.
  lookalikes constant text := 'аеорсухікмтвнзјѕԁαεορτυχκνικ013457@$';
  letters constant text := 'aeopcyxikmtbh3jsdaeoptuxkvikoleastas';
  looked_at text := p_text;
begin
  if getdatabaseencoding() = 'UTF8' then
    -- What nobody sees: soft hyphens, joiners, directions, variation selectors, tags, and fillers.
    looked_at := regexp_replace(
      normalize(looked_at, nfkc),
      '[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e01ef]',
      '', 'g');
    looked_at := regexp_replace(
      normalize(lower(looked_at), nfkd), '[\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f]', '', 'g');
    looked_at := translate(lower(normalize(looked_at, nfkc)), lookalikes, letters);
    looked_at := regexp_replace(
      looked_at, '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u00d7\u00f7\u2000-\u206f\u3000-\u303f]+', ' ', 'g');
  else
    looked_at := regexp_replace(translate(lower(looked_at), '013457@$', 'oleastas'), '[^[:alnum:]]+', ' ', 'g');
  end if;
  return btrim(looked_at);
end;
$$;
comment on function atelier_engine.normalized_text(text) is
$$A text as rules are matched with it

Compatibility forms made plain, invisible characters and marks taken away, small letters, letters for what looks like them, and one
space for everything that is neither letter nor digit.$$;

create or replace function atelier_engine.spelled_words(p_text text)
returns text
language sql immutable
set search_path = pg_catalog, pg_temp
begin atomic
  select coalesce(string_agg(case when char_length(w.before) = 1 then '' else '|' end || w.word, '' order by w.place), '')
    from (select s.word, s.place, lag(s.word) over (order by s.place) as before
            from string_to_table(p_text, ' ') with ordinality s (word, place)) w
   where char_length(w.word) = 1;
end;
comment on function atelier_engine.spelled_words(text) is
  'What is spelled letter by letter in a normalized text, with a bar before each run of letters';

create or replace function atelier_engine.prepare_rule()
returns trigger
language plpgsql security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  words constant text := atelier_engine.normalized_text(btrim(new.phrase, '*'));
begin
  if words = '' then
    raise invalid_parameter_value using
      message = 'the phrase has no letters',
      detail = format('It is %s.', quote_literal(left(new.phrase, 100))),
      hint = 'Letters and digits are compared, nothing else.';
  end if;
  new.needle := case when starts_with(new.phrase, '*') then '' else ' ' end || words
             || case when right(new.phrase, 1) = '*' then '' else ' ' end;
  return new;
end;
$$;
comment on function atelier_engine.prepare_rule() is
$$Trigger: what is searched for is the phrase as texts are normalized

Raises 22023 for a phrase without a letter or digit.$$;

create or replace function atelier_engine.rule_scores(p_stage text, p_kind text, p_text text)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  words constant text := atelier_engine.normalized_text(p_text);
  plain constant text := ' ' || words || ' ';
  spelled constant text := atelier_engine.spelled_words(words);
begin
  return coalesce((
    select jsonb_object_agg(m.category, m.score)
      from (select r.category, max(r.score) as score
              from atelier.moderation_checks c
              join atelier.moderation_rules r on r.check_id = c.id
             where c.kind = 'rules' and c.is_active and c.stage = p_stage
               and (p_stage = 'before' or p_kind = any (c.applies_to))
               and r.is_active
               and (strpos(plain, r.needle) > 0 or strpos(spelled, replace(r.needle, ' ', '')) > 0)
             group by r.category) m), '{}');
end;
$$;
comment on function atelier_engine.rule_scores(text, text, text) is
  'What the active rules of a stage find in a text: {category: score}';

create or replace function atelier_engine.graver(p_one text, p_other text)
returns text
language sql immutable
begin atomic
  select case when array_position('{approved,flagged,quarantined,rejected}', p_one)
                   >= array_position('{approved,flagged,quarantined,rejected}', p_other) then p_one else p_other end;
end;
comment on function atelier_engine.graver(text, text) is 'The graver of two verdicts';

create or replace function atelier_engine.verdict_of(p_scores jsonb, p_mode atelier.content_mode)
returns text
language sql stable
begin atomic
  select case coalesce(max(case when s.score >= t.reject_at then 3 when s.score >= t.quarantine_at then 2
                                when s.score >= t.flag_at then 1 else 0 end), 0)
              when 3 then 'rejected' when 2 then 'quarantined' when 1 then 'flagged' else 'approved' end
    from (select e.key as category, (e.value #>> '{}')::numeric as score from jsonb_each(p_scores) e) s
    cross join lateral (
      select h.flag_at, h.quarantine_at, h.reject_at
        from (select g.flag_at, g.quarantine_at, g.reject_at, case g.category when '*' then 2 else 1 end as place
                from atelier.moderation_thresholds g
               where g.mode = p_mode and g.category in (s.category, '*')
               union all
              select 0.3, 0.5, null, 3) h
       order by h.place
       limit 1) t;
end;
comment on function atelier_engine.verdict_of(jsonb, atelier.content_mode) is
  'What scores mean by the thresholds of a mode: approved, flagged, quarantined or rejected';
