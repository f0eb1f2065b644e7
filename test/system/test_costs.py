"""What a call costs: written down exactly, once, for whom it was, without a secret; and the partitions of the logs."""

import json
from decimal import Decimal

import pytest
from harness.conformance import World
from harness.conformance_table import SUBJECTS
from harness.database import Database
from harness.inference import FakeInferenceServer, status
from harness.waiting import wait_until

SECRET = "sk-live-0123456789abcdefghij"
ANSWER = {
    "id": "c",
    "object": "chat.completion",
    "model": "talker-1",
    "choices": [{"index": 0, "message": {"role": "assistant", "content": "Once upon a time"}, "finish_reason": "stop"}],
    "usage": {
        "prompt_tokens": 1234,
        "completion_tokens": 567,
        "total_tokens": 1801,
        "prompt_tokens_details": {"cached_tokens": 1000},
    },
}
PARTITIONS = (
    "select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid"
    " where i.inhparent in ('atelier.api_logs'::regclass, 'atelier.api_cost_logs'::regclass) order by 1"
)
LOGGED = "select count(*) from atelier.api_logs where job_id = %s"


def speak(exchange):
    exchange.respond(json.dumps(ANSWER).encode())


@pytest.fixture
def alice(shared_database):
    return shared_database.add_user("alice")


@pytest.fixture
def chat(shared_database, fake):
    fake.behaviour = speak
    run = shared_database.run
    run("insert into atelier.api_providers (name, display_name) values ('chat', 'Chat')")
    run(
        "insert into atelier.api_models (provider_id, model_key, display_name, modality, parameter_schema)"
        " select id, 'talker', 'Talker', 'chat', '{\"type\": \"object\", \"additionalProperties\": true}'"
        " from atelier.api_providers where name = 'chat'"
    )
    run(
        "insert into atelier.endpoints (provider_id, name, adapter, base_url, max_concurrency, private_network, health_path)"
        " select id, 'chat', 'openai_chat', %s, 8, true, '' from atelier.api_providers where name = 'chat'",
        fake.url,
    )
    run("select atelier.set_provider_token('chat', %s)", SECRET)
    run("select atelier.set_price('chat', 'input_token', 2.5, 'talker', 1000000)")
    run("select atelier.set_price('chat', 'output_token', 10, 'talker', 1000000)")
    wait_until(lambda: run(PARTITIONS))
    return shared_database


def everything_in(database, *tables):
    return "\n".join(str(row) for table in tables for row in database.run(f"select t::text from {table} t"))


def test_a_call_leaves_its_cost_and_no_secret(chat, alice):
    job = alice.queue_at("talker", f"My key is {SECRET}")
    chat.wait_for_status(job, "completed")
    (row,) = alice.run(
        "select provider, operation, model_used, prompt_tokens, completion_tokens, total_tokens, estimated_cost, actual_cost,"
        " currency, processing_status, user_id::text from atelier.api_cost_logs where job_id = %s",
        job,
    )
    cost = Decimal("1234") * Decimal("0.0000025") + Decimal("567") * Decimal("0.00001")
    assert row[:6] == ("chat", row[1], "talker", 1234, 567, 1801)
    assert row[6:] == (cost, None, "USD", "completed", alice.id) and cost == Decimal("0.008755")
    assert chat.value("select cost_usd from atelier.generations where job_id = %s", job) == cost
    (log,) = chat.run(
        "select status_code, provider, model_name, external_status, request_body, response_summary -> 'usage' ->> 'total_tokens'"
        " from atelier.api_logs where job_id = %s",
        job,
    )
    assert log[:4] == (200, "chat", "talker", "succeeded")
    assert log[4]["prompt"] == "My key is [removed]" and log[5] == "1801"
    assert SECRET not in everything_in(chat, "atelier.api_logs", "atelier.api_cost_logs", "atelier_engine.unlogged_calls")
    bob = chat.add_user("bob")
    assert bob.value("select count(*) from atelier.api_cost_logs") == 0
    assert alice.value("select count(*) from atelier.api_logs") == 0
    assert chat.value("select count(*) from atelier_engine.unlogged_calls") == 0


def test_what_is_spent_reaches_the_cap_of_its_token(chat, fake, alice):
    chat.run("update atelier.provider_tokens set daily_spend_cap = 0.017")
    first = alice.queue_at("talker")
    chat.wait_for_status(first, "completed")
    assert chat.value("select spent_on_day from atelier_engine.token_usage") == Decimal("0.008755")
    second = alice.queue_at("talker")
    chat.wait_for_status(second, "completed")
    assert chat.value("select spent_on_day from atelier_engine.token_usage") == Decimal("0.01751")
    third = alice.queue_at("talker")
    why = "every token has spent what it may"
    wait_until(lambda: why in json.dumps(alice.value("select atelier.explain_job(%s)", third)))
    assert chat.status(third) == "queued" and len(fake.requests) == 2
    chat.run("update atelier.provider_tokens set daily_spend_cap = 1; select atelier_engine.wake_dispatcher()")
    chat.wait_for_status(third, "completed")


def test_a_refused_call_is_logged_and_costs_nothing(chat, fake, alice):
    body = json.dumps({"error": {"message": f"Bearer {SECRET} may not say that"}}).encode()
    fake.behaviour = status("400 Bad Request", body)
    job = alice.queue_at("talker", "no")
    chat.wait_for_status(job, "failed")
    (log,) = chat.run(
        "select status_code, error_category, generation_id from atelier.api_logs where job_id = %s", job
    )
    assert log == (400, "invalid_input", None)
    (cost,) = chat.run(
        "select processing_status, estimated_cost, actual_cost from atelier.api_cost_logs where job_id = %s", job
    )
    assert cost == ("failed", None, None)
    assert chat.value("select count(*) from atelier_engine.token_usage where spent_in_month > 0") == 0
    assert SECRET not in everything_in(chat, "atelier.api_logs", "atelier.api_cost_logs")


def test_the_janitor_makes_partitions_and_drops_old_ones(make_server):
    server = make_server(**{
        "atelier.runner_enabled": "off", "atelier.janitor_interval": "1s", "atelier.api_log_retention": "10d",
        "atelier.cost_log_retention": "60d"})  # fmt: skip
    with FakeInferenceServer() as fake:
        database = Database.create(server, "studio")
        database.use_only(fake)
        made = database.run(
            "select 'api_logs_' || to_char(now() at time zone 'UTC' + n * interval '1 day', 'YYYY_MM_DD')"
            " from generate_series(0, 7) n union all"
            " select 'api_cost_logs_' || to_char(date_trunc('month', now() at time zone 'UTC') + n * interval '1 month', 'YYYY_MM')"
            " from generate_series(0, 3) n order by 1"
        )
        wait_until(lambda: database.run(PARTITIONS) == made, message="the janitor makes partitions ahead")
        # One of long ago is dropped; one whose last day is just within the retention, and one of somebody else, stay.
        database.run(
            "select atelier_engine.make_log_partition('api_logs', '1 day', d.day) from (select"
            " date_trunc('day', now() at time zone 'UTC') at time zone 'UTC' - n * interval '1 day' as day"
            " from unnest('{300, 12, 10}'::int[]) n) d"
        )
        database.run(
            "create table public.archive (like atelier.api_logs);"
            " alter table atelier.api_logs attach partition public.archive for values from ('1999-01-01') to ('2000-01-01')"
        )
        kept = database.run(
            "select 'api_logs_' || to_char(now() at time zone 'UTC' - interval '10 days', 'YYYY_MM_DD') union all select 'archive'"
        )
        wait_until(lambda: database.run(PARTITIONS) == sorted([*made, *kept]), message="the janitor drops old partitions")
        # A missing partition loses no result, and what was not logged is logged when it is there.
        lost = "drop table atelier_engine." + database.value("select to_char(now() at time zone 'UTC', '\"api_logs_\"YYYY_MM_DD')")
        database.run(lost)
        alice = database.add_user("alice")
        job = alice.queue("a red circle")
        database.wait_for_status(job, "completed")
        wait_until(lambda: database.value(LOGGED, job) == 1)
        assert database.value("select count(*) from atelier_engine.unlogged_calls") == 0


def test_what_providers_charge_for_is_counted(shared_database):
    """From the simulators of those that say it, through their adapters, to the cost: to the last digit."""
    by_time, by_tokens = ("fal", "replicate", "runpod"), ("openai_chat", "openai_embeddings", "openai_images")
    subjects = [subject for subject in SUBJECTS if subject.name in (*by_time, *by_tokens)]
    assert len(subjects) == 6
    run = shared_database.run
    wait_until(lambda: run(PARTITIONS))
    world = World(shared_database, [(subject, "happy") for subject in subjects])
    try:
        for cell in world.cells.values():
            if cell.subject.name in by_time:
                run("select atelier.set_price(%s, 'second', 0.0007)", cell.name)
            else:
                run("select atelier.set_price(%s, 'input_token', 2.5, per => 1000000)", cell.name)
                run("select atelier.set_price(%s, 'output_token', 10, per => 1000000)", cell.name)
        world.queue()
        world.play()
        for cell in world.cells.values():
            assert cell.job["status"] == "completed", cell.story()
            ((status, cost, said, counted, spent),) = run(
                "select l.processing_status, l.estimated_cost, l.actual_cost, l.metadata -> 'quantities',"
                "       (select sum(u.spent_on_day) from atelier_engine.token_usage u where u.token_id = l.token_id)"
                "  from atelier.api_cost_logs l where l.job_id = %s",
                cell.job_id,
            )
            assert (status, said) == ("completed", None), cell.name
            (job,) = cell.site.jobs.values()
            if cell.subject.name in by_time:
                assert Decimal(str(counted["second"])) == Decimal(str(job.running_for)), cell.name
                expected = Decimal(str(job.running_for)) * Decimal("0.0007")
            else:
                tokens = counted["prompt_token"], counted["output_token"]
                if cell.subject.name == "openai_images":
                    assert tokens == (9, 272)
                assert tokens[0] > 0, cell.name
                expected = (tokens[0] * Decimal("2.5") + tokens[1] * Decimal(10)) / 1000000
            assert cost == expected > 0 and spent == expected, (cell.name, counted, cost)
    finally:
        world.close()
