-- Jobs: another try of a job that failed or was cancelled.

create or replace function atelier.retry_job(job_id uuid, overrides jsonb default '{}')
returns atelier.jobs
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp
set enable_seqscan = off
set plan_cache_mode = force_generic_plan
set jit = off
as $$
declare
  old atelier.jobs;
  request atelier_engine.job_request;
begin
  select j.* into old
    from atelier.jobs j
   where j.id = retry_job.job_id and (j.user_id = auth.uid() or atelier_engine.is_service_role());
  if not found then
    raise sqlstate 'PT404' using
      message = 'no such job', hint = 'The job does not exist or belongs to somebody else.';
  end if;
  if old.status not in ('failed', 'cancelled') then
    raise sqlstate 'PT409' using
      message = 'only a job that failed or was cancelled can be tried again',
      detail = format('The job %s is %s.', old.id, old.status),
      hint = 'Wait until it has ended, or ask for a new one with queue_job().';
  end if;
  perform atelier_engine.assert_json_object('overrides', retry_job.overrides, 131072);
  request := atelier_engine.request_of(atelier_engine.request_again(old, retry_job.overrides));
  perform atelier_engine.assert_may_submit(old.user_id, request.priority);
  return atelier_engine.submit(old.user_id, request, old.id);
end;
$$;
grant execute on function atelier.retry_job(uuid, jsonb) to authenticated, service_role;
comment on function atelier.retry_job(uuid, jsonb) is
$$Try a job again that failed or was cancelled

Queues a new job that asks for the same, seed included, and names the old one in retry_of; the old one stays as it is.
`overrides` has arguments of queue_job() that shall be different. Its `parameters` replace single parameters, and a null
among them takes one away: {"parameters": {"steps": 20, "seed": null}}. The new job waits for what the old one waited
for; a job that was tried again counts by its latest try. For the owner and the service role.
Fails with PT404 for an unknown job and for somebody else's, PT409 for one that has not ended or is completed, and as
queue_job().$$;

create or replace function atelier_engine.request_again(p_job atelier.jobs, p_overrides jsonb)
returns jsonb
language plpgsql stable
set search_path = pg_catalog, pg_temp
as $$
declare
  changed constant jsonb := coalesce(p_overrides -> 'parameters', '{}');
begin
  perform atelier_engine.assert_json_object('parameters', changed, 65536);
  return jsonb_strip_nulls(jsonb_build_object(
           'prompt', p_job.original_prompt,
           'model', (select m.model_key from atelier.api_models m where m.id = p_job.api_model_id),
           'negative_prompt', p_job.negative_prompt,
           'job_type', case when not p_overrides ? 'model' then p_job.job_type end,
           'destination', p_job.destination,
           'workspace_session_id', (select s.id from atelier.workspace_sessions s where s.id = p_job.workspace_session_id),
           'priority', case when atelier_engine.is_service_role() then p_job.priority else least(p_job.priority, 0) end,
           'workspace_id', p_job.workspace_id,
           'depends_on', (
             select jsonb_agg(atelier_engine.latest_try(d.depends_on_job_id) order by d.depends_on_job_id)
               from atelier.job_dependencies d
              where d.job_id = p_job.id and not atelier_engine.is_enhancement(d.depends_on_job_id)),
           'on_dependency_failure', (
             select min(d.on_failure)
               from atelier.job_dependencies d
              where d.job_id = p_job.id and not atelier_engine.is_enhancement(d.depends_on_job_id)),
           'enhancement', atelier_engine.enhancement_again(p_job.id, not p_overrides ? 'prompt')))
         || jsonb_build_object('metadata', coalesce(p_job.metadata, '{}') - 'provider')
         || p_overrides
         || jsonb_build_object('parameters',
              (p_job.parameters || changed) - array(select c.key from jsonb_each(changed) c where c.value = 'null'));
end;
$$;
comment on function atelier_engine.request_again(atelier.jobs, jsonb) is
  'What a job asked for, with some of it changed, as arguments of queue_job()';

create or replace function atelier_engine.latest_try(p_job_id uuid)
returns uuid
language sql stable
begin atomic
  with recursive try (id, depth) as (
    select p_job_id, 0
     union all
    select n.id, t.depth + 1
      from try t
      cross join lateral (
        select j.id from atelier.jobs j where j.retry_of = t.id order by j.created_at desc limit 1) n)
  select t.id from try t order by t.depth desc limit 1;
end;
grant execute on function atelier_engine.latest_try(uuid) to authenticated, service_role;
comment on function atelier_engine.latest_try(uuid) is 'The job itself, or the latest of the jobs that tried it again';
