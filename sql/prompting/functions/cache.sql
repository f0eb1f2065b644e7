-- Prompting: what sessions remember of templates.

create or replace function atelier_engine.note_template_change()
returns trigger
language c volatile
as 'MODULE_PATHNAME', 'atelier_note_template_change';
comment on function atelier_engine.note_template_change() is
  'Trigger: when a change of templates is committed, all sessions forget what they remember of them';

create or replace function atelier_engine.forget_templates()
returns void
language c volatile
as 'MODULE_PATHNAME', 'atelier_forget_templates';
comment on function atelier_engine.forget_templates() is
  'Have all sessions forget what they remember of templates, when this transaction commits';

create or replace function atelier_engine.template_cache_counts(
  out entries bigint, out session_hits bigint, out session_misses bigint, out session_bypasses bigint,
  out hits bigint, out misses bigint, out bypasses bigint
)
language c volatile
as 'MODULE_PATHNAME', 'atelier_template_cache_counts';
comment on function atelier_engine.template_cache_counts() is
$$How look-ups of templates were answered

From memory (hits), from the table and then remembered (misses), or only from the table (bypasses), by this session and by
all of this database since the server started; null where the workers do not know the database. entries: what this session
remembers now.$$;

create or replace function atelier.prompt_cache_status()
returns jsonb
language plpgsql stable security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.assert_operator();
  return (
    select jsonb_build_object(
             'entries', c.entries,
             'session', jsonb_build_object('hits', c.session_hits, 'misses', c.session_misses, 'bypasses', c.session_bypasses),
             'database', jsonb_build_object('hits', c.hits, 'misses', c.misses, 'bypasses', c.bypasses),
             'hit_ratio', round(coalesce(c.hits, c.session_hits)::numeric
               / nullif(coalesce(c.hits + c.misses + c.bypasses, c.session_hits + c.session_misses + c.session_bypasses), 0), 4))
      from atelier_engine.template_cache_counts() c);
end;
$$;
grant execute on function atelier.prompt_cache_status() to authenticated, service_role;
comment on function atelier.prompt_cache_status() is
$$How look-ups of templates were answered

{entries, session: {hits, misses, bypasses}, database: {...}, hit_ratio}: from the memory of the session (hits), from the
table and remembered (misses), or only from the table (bypasses: somebody was changing templates). database is since the
server started, and null where the workers do not know it. For administrators and the service role (42501).$$;

create or replace function atelier.refresh_prompt_cache(force_refresh boolean default false)
returns jsonb
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
as $$
begin
  perform atelier_engine.assert_known_caller(), atelier_engine.assert_operator();
  if refresh_prompt_cache.force_refresh then
    perform atelier_engine.forget_templates();
  end if;
  if auth.uid() is not null then
    perform atelier.log_user_activity(
      auth.uid(), 'refresh_prompt_cache', p_metadata => jsonb_build_object('force_refresh', coalesce(force_refresh, false)));
  end if;
  return jsonb_build_object(
    'success', true, 'refreshed', coalesce(refresh_prompt_cache.force_refresh, false), 'cached_at', clock_timestamp(),
    'templates', (select count(*) from atelier.prompt_templates t where t.is_active),
    'negative_prompts', (select count(*) from atelier.negative_prompts n where n.is_active),
    'nsfw_terms', (select count(*) from atelier.content_terms t where t.is_active and t.meaning = 'nsfw'),
    'cache', atelier.prompt_cache_status());
end;
$$;
grant execute on function atelier.refresh_prompt_cache(boolean) to authenticated, service_role;
comment on function atelier.refresh_prompt_cache(boolean) is
$$What clients of the function refresh-prompt-cache call

Sessions forget on their own what has changed, so that nothing has to be refreshed; with force_refresh all of them forget
everything at the commit. Gives {success, refreshed, cached_at, templates, negative_prompts, nsfw_terms, cache}; cache as
prompt_cache_status(). For administrators and the service role (42501); PT401 for a token without a user.$$;
