-- Billing: what a log may keep of requests and answers.

create or replace function atelier_engine.loggable(p_value jsonb)
returns jsonb
language plpgsql immutable
set search_path = pg_catalog, pg_temp
as $$
declare
  most_members constant integer := 50;
  longest_text constant integer := 2000;
  content text;
begin
  -- Credentials are known by the name of their member, or by their look.
  case jsonb_typeof(p_value)
    when 'object' then
      return coalesce((
        select jsonb_object_agg(
                 left(m.key, 200),
                 case when m.key ~* '(secret|password|passwd|authorization|credential|signature|api[_-]?key|private[_-]?key|^(.*[_-])?token$|^cookie$|^key$)'
                           and m.value <> 'null' then to_jsonb('[removed]'::text)
                      else atelier_engine.loggable(m.value) end)
          from (select e.key, e.value from jsonb_each(p_value) e limit most_members) m), '{}');
    when 'array' then
      return coalesce((
        select jsonb_agg(atelier_engine.loggable(m.value) order by m.place)
          from (select e.value, e.place from jsonb_array_elements(p_value) with ordinality e (value, place)
                 order by e.place limit most_members) m), '[]');
    when 'string' then
      content := p_value #>> '{}';
      -- Files have no place in a log.
      if content ~* '^\s*data:[^,]{0,200},' then
        return to_jsonb(substring(content from '^\s*([^,]{0,200}),') || format(',[%s bytes]', octet_length(content)));
      end if;
      content := atelier_engine.redact(
        case when char_length(content) > longest_text then left(content, longest_text) || '…' else content end);
      return to_jsonb(regexp_replace(content, '(\w://)[^\s/@]+@', '\1[removed]@', 'g'));
    else
      return p_value;
  end case;
end;
$$;
comment on function atelier_engine.loggable(jsonb) is
$$What a log keeps of a JSON document

Without what looks like a credential by its name or its form, without files that are written out as data: URLs, and of
long texts, lists and objects the beginning.$$;

create or replace function atelier_engine.needs_no_redaction(p_value jsonb)
returns boolean
language sql immutable
begin atomic
  -- Nearly every request is small and harmless, and to see that costs less than to write it anew.
  select octet_length(p_value::text) <= 2000
         and p_value::text !~* ('secret|passw|authoriz|credential|signature|cookie|key|token["''\s\\=:]|sig["''\s\\=:]|bearer|basic'
                                || '|(sk|r8|rpa|hf|gsk|xai)[-_]|x-amz-|data:|@');
end;
comment on function atelier_engine.needs_no_redaction(jsonb) is
  'Whether a document is small and certainly has nothing that loggable() would take out';
