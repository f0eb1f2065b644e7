-- A moderator, an endpoint that moderates, and what it says. Included after support/jobs.sql.
\set mona '''30de0000-0000-7000-8000-000000000004'''
\set mick '''31de0000-0000-7000-8000-000000000005'''
\set robot '''b0700000-0000-7000-8000-000000000006'''
insert into auth.users (id, email)
values (:mona, 'mona@example.org'), (:mick, 'mick@example.org'), (:robot, 'robot@example.org');
insert into atelier.user_roles (user_id, role)
values (:mona, 'moderator'), (:mick, 'moderator'), (:robot, 'moderator');

insert into atelier.api_providers (id, name, display_name, auth_scheme, auth_header_name)
values ('f0000000-0000-7000-8000-000000000001', 'guardian', 'Guardian', 'none', null);
insert into atelier.endpoints (id, provider_id, name, adapter, base_url, max_concurrency, ambiguity_policy)
values ('f0000000-0000-7000-8000-000000000002', 'f0000000-0000-7000-8000-000000000001', 'guardian', 'http_json',
        'http://192.0.2.2', 100, 'retry');
insert into atelier.api_models (id, provider_id, model_key, display_name, modality, parameter_schema)
values ('f0000000-0000-7000-8000-000000000003', 'f0000000-0000-7000-8000-000000000001', 'guard', 'Guard', 'chat',
        '{"type": "object", "additionalProperties": false, "properties": {"image": {"type": "string", "format": "picture"}}}');
update atelier.endpoints set max_concurrency = 100 where id = 'e0000000-0000-7000-8000-000000000001';

create function pg_temp.add_check(p_stage text, p_on_failure text default 'fail_closed', p_applies_to text[] default '{image,text}')
returns uuid language sql as $$
  insert into atelier.moderation_checks (name, kind, stage, applies_to, on_failure, api_model_id, run_as)
  values ('guard ' || p_stage, 'endpoint', p_stage, p_applies_to, p_on_failure, 'f0000000-0000-7000-8000-000000000003',
          'b0700000-0000-7000-8000-000000000006')
  returning id
$$;

-- The jobs of the checks of an item that are under way.
create function pg_temp.check_job(p_item uuid) returns uuid language sql as
$$ select r.job_id from atelier_engine.moderation_runs r where r.item_id = p_item order by r.job_id limit 1 $$;

create function pg_temp.answer(p_attempt uuid, p_result jsonb) returns boolean language plpgsql as $$
declare
  done boolean;
begin
  perform pg_temp.become('atelier_worker');
  done := atelier_engine.open_result(p_attempt) and atelier_engine.record_successes(
    array[p_attempt], array[null::jsonb], array[p_result], array['{}'::jsonb], array[clock_timestamp()],
    array[clock_timestamp()], array[clock_timestamp()], array[clock_timestamp()]) <> '{}';
  perform pg_temp.sign_out();
  return done;
end $$;

-- What the endpoint says about an item.
create function pg_temp.judge(p_item uuid, p_scores jsonb) returns boolean language sql as $$
  select pg_temp.answer(pg_temp.claim(pg_temp.check_job(p_item)),
                        jsonb_build_object('results', jsonb_build_array(jsonb_build_object('category_scores', p_scores))))
$$;

create function pg_temp.item_of(p_kind text, p_job uuid) returns atelier.moderation_items language sql as
$$ select i.* from atelier.moderation_items i where i.subject_kind = p_kind and i.job_id = p_job order by i.created_at limit 1 $$;
create function pg_temp.item(p_id uuid) returns atelier.moderation_items language sql as
$$ select i.* from atelier.moderation_items i where i.id = p_id $$;
create function pg_temp.trail(p_item uuid) returns text language sql as $$
  select string_agg(a.action || ':' || coalesce(a.from_status, '') || '>' || coalesce(a.to_status, ''), ' ' order by a.created_at)
    from atelier.moderation_audit a where a.item_id = p_item
$$;
