"""A job can be cancelled while it waits and while it runs."""

import pytest
from harness.inference import Gate
from harness.waiting import wait_until


@pytest.fixture
def alice(shared_database, fake):
    return shared_database.add_user("alice")


def test_a_queued_job_is_cancelled_at_once(shared_database, fake, alice):
    shared_database.change_endpoint(max_concurrency=0)
    job_id = alice.queue("never started")
    assert alice.value("select (atelier.cancel_job(%s)).status", job_id) == "cancelled"
    shared_database.change_endpoint(max_concurrency=4)
    after = alice.queue("after it")
    shared_database.wait_for_status(after, "completed")
    assert fake.counts() == {"after it": 1}
    assert shared_database.status(job_id) == "cancelled"


def test_a_running_job_is_cancelled_and_the_server_is_told(shared_database, fake, alice):
    gate = fake.behaviour = Gate()
    job_id = alice.queue("stop me")
    wait_until(lambda: gate.waiting == 1)
    alice.run("select atelier.cancel_job(%s)", job_id)
    shared_database.wait_for_status(job_id, "cancelled", seconds=10)
    wait_until(lambda: gate.disconnected == 1, message="the request still runs at the server")
    assert [attempt["state"] for attempt in shared_database.attempts(job_id)] == ["cancelled"]
    assert shared_database.value("select count(*) from atelier.workspace_assets") == 0
    assert shared_database.value("select count(*) from atelier_engine.queue") == 0


def test_a_cancelled_job_makes_room_for_the_next(shared_database, fake, alice):
    shared_database.change_endpoint(max_concurrency=1)
    gate = Gate()
    fake.behaviour = gate
    running = alice.queue("in the way")
    waiting = alice.queue("next")
    wait_until(lambda: gate.waiting == 1)
    gate.open()
    alice.run("select atelier.cancel_job(%s)", running)
    shared_database.wait_until_finished([running, waiting])
    assert shared_database.status(waiting) == "completed"


def test_cancelling_a_finished_job_changes_nothing(shared_database, fake, alice):
    job_id = alice.queue("done")
    shared_database.wait_for_status(job_id, "completed")
    assert alice.value("select (atelier.cancel_job(%s)).status", job_id) == "completed"
    shared_database.assert_completed_exactly_once([job_id])
