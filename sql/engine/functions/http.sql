-- Engine: answers over HTTP that take more than an SQLSTATE.

create or replace function atelier_engine.raise_too_many_requests(
  p_retry_after_seconds integer, p_message text, p_detail text default null, p_hint text default null
)
returns void
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  if coalesce(current_setting('request.method', true), '') = '' then
    raise sqlstate 'PT429' using message = p_message, detail = coalesce(p_detail, ''), hint = coalesce(p_hint, '');
  end if;
  -- This SQLSTATE makes PostgREST take the whole answer, headers included, from the two texts.
  raise sqlstate 'PGRST' using
    message = json_build_object('code', 'PT429', 'message', p_message, 'details', p_detail, 'hint', p_hint)::text,
    detail = json_build_object(
      'status', 429, 'headers', json_build_object('Retry-After', p_retry_after_seconds::text))::text;
end;
$$;
comment on function atelier_engine.raise_too_many_requests(integer, text, text, text) is
$$Refuse a request because there were too many, and say when to come back

Raises PT429; in a request of PostgREST the answer is the same with the header Retry-After.$$;
