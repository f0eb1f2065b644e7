"""Checks before and after a job by a moderation endpoint: what it says, what it means when it fails, and nothing shown before."""

import json
import threading

import psycopg2
import pytest
from harness.conformance import Simulator
from harness.waiting import wait_until

SECRET = "simulated-secret"
# How POST /v1/moderations is spoken, by rows alone.
TEXT = {"path": "/moderations", "request": {"model": "{model}", "input": "{parameters.prompt}"}}
PICTURE = {
    "path": "/moderations",
    "request": {
        "model": "{model}",
        "input": [
            {"type": "text", "text": "{parameters.prompt}"},
            {"type": "image_url", "image_url": {"url": "{parameters.image}"}},
        ],
    },
    "pictures": {"image": "data_url"},
}


@pytest.fixture
def guard():
    with Simulator() as simulator:
        site = simulator.open("openai_moderations", SECRET)
        site.restart_now = lambda: simulator.call(site.restart)
        yield site


@pytest.fixture
def studio(shared_database, fake, guard):
    """A database whose prompts and pictures nobody checks yet; check() begins."""
    database = shared_database
    database.run(
        "insert into atelier.api_providers (name, display_name, adapter_options) values ('guard', 'Guard', %s)", json.dumps(TEXT)
    )
    database.run(
        "insert into atelier.api_models (provider_id, model_key, display_name, modality, adapter_options, parameter_schema)"
        " select p.id, m.key, m.key, 'chat', m.options, m.schema from atelier.api_providers p,"
        " (values ('simulated-1', '{}'::jsonb, '{\"type\": \"object\"}'::jsonb), ('simulated-1-pictures', %s::jsonb,"
        "  '{\"type\": \"object\", \"properties\": {\"image\": {\"type\": \"string\", \"format\": \"picture\"}}}'))"
        "  m (key, options, schema) where p.name = 'guard'",
        json.dumps(PICTURE),
    )
    database.run(
        "insert into atelier.endpoints (provider_id, name, adapter, base_url, private_network, ambiguity_policy, max_concurrency,"
        " health_path, total_timeout_ms) select id, 'guard', 'http_json', %s, true, 'retry', 8, '', 5000"
        " from atelier.api_providers where name = 'guard'",
        guard.base_url,
    )
    database.run("select atelier.set_provider_token('guard', %s)", SECRET)
    database.robot = database.add_user("robot")
    database.run("insert into atelier.user_roles (user_id, role) values (%s, 'moderator')", database.robot.id)
    return database


@pytest.fixture
def alice(studio):
    return studio.add_user("alice")


def check(database, stage, model, on_failure="fail_closed"):
    database.run(
        "insert into atelier.moderation_checks (name, kind, stage, applies_to, api_model_id, run_as, on_failure)"
        " select %s, 'endpoint', %s, '{image}', id, %s, %s from atelier.api_models where model_key = %s",
        f"{stage} {model}", stage, database.robot.id, on_failure, model,
    )  # fmt: skip


def item(database, kind, job_id):
    """(status, score, reason) of what is known of a prompt or a picture; None: nothing yet."""
    rows = database.run(
        "select status, score::float, reason from atelier.moderation_items where subject_kind = %s and job_id = %s", kind, job_id
    )
    return rows[0] if rows else None


def wait_for_item(database, kind, job_id, status):
    return wait_until(
        lambda: (item(database, kind, job_id) or (None,))[0] == status and item(database, kind, job_id),
        60,
        lambda: f"{item(database, kind, job_id)} {database.open_jobs()} {database.server.log_end()}",
    )


def what_is_shown(database, user, job_id):
    """How many ways there are for a user to the picture of a job: rows, names of files, bytes."""
    path = database.run("select temp_storage_path from atelier.workspace_assets where job_id = %s", job_id)
    ways = [
        user.run("select 'asset' from atelier.workspace_assets where job_id = %s", job_id),
        user.run("select 'item' from atelier.workspace_items where job_id = %s", job_id),
        user.run("select 'object' from storage.objects where bucket_id = 'workspace-temp'"),
        user.run("select 'chunk' from atelier.object_chunks limit 1"),
        user.run("select 'url' from atelier.generations where job_id = %s and output_urls[1] is not null", job_id),
    ]
    for statement, arguments in (
        ("select 'bytes' where length(atelier.object_bytes('workspace-temp', %s)) > 0", path[0] if path else ("none",)),
        ("select 'output' from atelier.generations where job_id = %s and length(atelier.generation_bytes(id)) > 0", (job_id,)),
    ):
        try:
            ways.append(user.run(statement, *arguments))
        except psycopg2.Error as error:
            assert error.pgcode == "PT404"
    return [way[0][0] for way in ways if way]


EVERYTHING = ["asset", "item", "object", "chunk", "url", "bytes", "output"]


def test_a_prompt_waits_for_the_endpoint_and_starts_when_it_is_fine(studio, alice, fake, guard):
    check(studio, "before", "simulated-1")
    guard.fault = "hold_running"
    job_id = alice.queue("a quiet lake")
    wait_until(lambda: guard.accepted)
    assert guard.submissions[0].text == "a quiet lake"
    assert studio.status(job_id) == "queued"
    assert item(studio, "prompt", job_id)[0] == "pending"
    assert fake.requests == [], "what is not checked was sent"
    guard.fault = None
    guard.release()
    studio.wait_until_finished([job_id])
    assert studio.status(job_id) == "completed"
    assert item(studio, "prompt", job_id) == ("approved", 0.0, None)
    assert what_is_shown(studio, alice, job_id) == EVERYTHING


def test_a_prompt_that_is_refused_is_sent_nowhere(studio, alice, fake, guard):
    check(studio, "before", "simulated-1")
    job_id = alice.queue("a duel score:violence=0.97")
    studio.wait_until_finished([job_id])
    job = studio.job(job_id)
    assert (job["status"], job["error_class"], job["attempts"]) == ("failed", "content_policy", 0)
    assert fake.requests == []
    assert item(studio, "prompt", job_id)[0] == "rejected"


def test_a_picture_is_shown_only_when_the_endpoint_has_seen_it(studio, alice, fake, guard):
    check(studio, "after", "simulated-1-pictures")
    guard.fault = "hold_running"
    job_id = alice.queue("a quiet lake")
    studio.wait_until_finished([job_id])
    assert studio.status(job_id) == "completed"
    wait_until(lambda: guard.accepted)
    assert what_is_shown(studio, alice, job_id) == []
    sent = studio.value(
        "select c.bytes from atelier_engine.object_chunks c join atelier.workspace_assets a on true"
        " join storage.objects o on o.name = a.temp_storage_path and c.object_id = o.id where a.job_id = %s", job_id,
    )  # fmt: skip
    assert guard.submissions[0].pictures == [bytes(sent)], "another picture was checked"
    guard.fault = None
    guard.release()
    wait_for_item(studio, "asset", job_id, "approved")
    assert what_is_shown(studio, alice, job_id) == EVERYTHING


@pytest.mark.parametrize("score, status, shown", [(0.25, "flagged", EVERYTHING), (0.6, "quarantined", []), (0.95, "rejected", [])])
def test_what_the_endpoint_says_of_a_picture(studio, alice, guard, score, status, shown):
    check(studio, "after", "simulated-1-pictures")
    job_id = alice.queue(f"a duel score:violence={score}")
    assert wait_for_item(studio, "asset", job_id, status)[1:] == (score, ", ".join(sorted(guard.protocol.output(""))))
    assert what_is_shown(studio, alice, job_id) == shown


@pytest.mark.parametrize("fault", ["unauthorized", "error_after_200"])
@pytest.mark.parametrize("policy, status, shown", [("fail_closed", "quarantined", []), ("fail_open", "approved", EVERYTHING)])
def test_the_endpoint_fails_after_a_job(studio, alice, guard, fault, policy, status, shown):
    check(studio, "after", "simulated-1-pictures", policy)
    guard.fault = "hold_running"
    job_id = alice.queue("a quiet lake")
    studio.wait_until_finished([job_id])
    assert what_is_shown(studio, alice, job_id) == [], "shown before the check was over"
    wait_until(lambda: guard.accepted)
    # The request that is under way breaks off, and another try meets the fault.
    guard.fault = fault
    guard.restart_now()
    wait_for_item(studio, "asset", job_id, status)
    assert what_is_shown(studio, alice, job_id) == shown
    assert studio.value("select count(*) from atelier.moderation_audit where action = 'check_failed'") == 1


@pytest.mark.parametrize("policy, status", [("fail_closed", "quarantined"), ("fail_open", "approved")])
def test_the_endpoint_fails_before_a_job(studio, alice, fake, guard, policy, status):
    check(studio, "before", "simulated-1", policy)
    guard.fault = "invalid"
    job_id = alice.queue("a quiet lake")
    wait_for_item(studio, "prompt", job_id, status)
    if policy == "fail_open":
        studio.wait_until_finished([job_id])
        assert studio.status(job_id) == "completed"
        return
    # It waits for a moderator, who lets it go.
    assert studio.status(job_id) == "queued"
    assert fake.requests == []
    moderator = studio.add_user("mona")
    studio.run("insert into atelier.user_roles (user_id, role) values (%s, 'moderator')", moderator.id)
    (item_id,) = moderator.run("select id from atelier.claim_review_items()")[0]
    assert moderator.value("select (atelier.decide_review_item(%s, 'approve')).status", item_id) == "approved"
    studio.wait_until_finished([job_id])
    assert studio.status(job_id) == "completed"


def test_two_moderators_never_get_the_same_item(studio, alice, guard):
    check(studio, "before", "simulated-1")
    jobs = [alice.queue(f"a duel {number} score:violence=0.6") for number in range(6)]
    for job_id in jobs:
        wait_for_item(studio, "prompt", job_id, "quarantined")
    moderators = [studio.add_user(name) for name in ("mona", "mick")]
    taken = []
    for moderator in moderators:
        studio.run("insert into atelier.user_roles (user_id, role) values (%s, 'moderator')", moderator.id)
        moderator.run("begin")
    for _ in range(3):  # neither has committed when the other one asks
        for moderator in moderators:
            taken += [row[0] for row in moderator.run("select id from atelier.claim_review_items()")]
    for moderator in moderators:
        moderator.run("commit")
    assert len(taken) == len(set(taken)) == 6
    assert studio.value("select count(*) from atelier.moderation_audit where action = 'claimed'") == 6


def test_a_copy_that_is_made_while_the_picture_is_withheld_is_withheld(studio, alice):
    job_id = alice.queue("a quiet lake")
    studio.wait_until_finished([job_id])
    (asset_id, path) = studio.run("select id, temp_storage_path from atelier.workspace_assets where job_id = %s", job_id)[0]
    moderator = studio.add_user("mona")
    studio.run("insert into atelier.user_roles (user_id, role) values (%s, 'moderator')", moderator.id)
    alice.run("begin")
    alice.run("select atelier.workspace_actions('save_to_library', %s)", asset_id)
    studio_pid = moderator.value("select pg_backend_pid()")
    moderator.connection.cursor().execute("set lock_timeout = '20s'")
    withheld = threading.Thread(
        target=moderator.run, args=("select atelier.withhold_object('workspace-temp', %s, 'why')", path)
    )
    withheld.start()
    wait_until(lambda: studio.value("select wait_event_type = 'Lock' from pg_stat_activity where pid = %s", studio_pid))
    alice.run("commit")
    withheld.join()
    assert studio.run("select distinct metadata ->> 'moderation' from storage.objects") == [("quarantined",)]
    assert studio.value("select count(*) from storage.objects") == 2
    assert alice.run("select * from atelier.user_library") == []
    assert alice.run("select * from storage.objects") == []
