-- Webhooks: what doctor() says about them.

create or replace function atelier_engine.examine_webhooks()
returns table (check_name text, status text, detail text, hint text)
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    with reporting as materialized (
      select distinct p.id, p.name, p.webhook_url, e.adapter
        from atelier.api_providers p
        join atelier.endpoints e on e.provider_id = p.id and e.is_active
       where p.is_active and p.webhook_url is not null)
    select 'webhooks of ' || r.name, 'warning', format('there is no secret for those of the token %s', t.name),
           'Store it with atelier.set_webhook_secret().'
      from reporting r
      join atelier.provider_tokens t on t.provider_id = r.id and t.is_active
     where r.adapter = 'replicate'
       and not exists (select from atelier_engine.webhook_secrets s where s.token_id = t.id)
    union all
    select 'webhooks of ' || p.name, 'error',
           format('the secret for those of the token %s: %s', t.name,
                  atelier_engine.secret_problem(s.token_id, s.sealed, 'webhook secret')),
           'Put its key back into atelier.secret_key_file, or store it anew with atelier.set_webhook_secret().'
      from atelier_engine.webhook_secrets s
      join atelier.provider_tokens t on t.id = s.token_id
      join atelier.api_providers p on p.id = t.provider_id
     where atelier_engine.secret_problem(s.token_id, s.sealed, 'webhook secret') is not null
    union all
    select 'webhooks of ' || r.name, 'warning', concat_ws(': ', 'there are no keys for their signatures', k.last_error),
           'They are fetched by themselves; or store them with atelier.set_webhook_keys().'
      from reporting r
      left join atelier_engine.webhook_key_sets k on k.provider_id = r.id
     where r.adapter = 'fal' and coalesce(cardinality(k.keys), 0) = 0
    union all
    select 'webhooks of ' || r.name, 'warning', 'webhook_url has no {capability}, and nothing else shows whose they are',
           'Put it into the address, and a rule into the proxy: see docs/webhooks.md.'
      from reporting r
     where r.adapter = 'runpod' and strpos(r.webhook_url, '{capability}') = 0
     order by 1, 3;
end;
$$;
comment on function atelier_engine.examine_webhooks() is
  'Part of doctor(): webhooks that would be refused';
