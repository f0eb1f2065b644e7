"""Without shared_preload_libraries the SQL part works, and atelier.start() starts the workers."""

import pytest
from harness.database import Database
from harness.inference import FakeInferenceServer
from harness.waiting import wait_until


@pytest.fixture
def fake():
    with FakeInferenceServer() as fake:
        yield fake


@pytest.fixture
def studio(make_server, fake):
    server = make_server(**{"shared_preload_libraries": "", "atelier.runner_enabled": "off"})
    database = Database.create(server, "studio")
    database.use_only(fake)
    return database


def doctor(database):
    return "\n".join(row[0] for row in database.run("select d::text from atelier.doctor() d"))


def test_jobs_wait_until_the_workers_are_started(studio, fake):
    alice = studio.add_user("alice")
    job_id = alice.queue("patience")
    assert "shared_preload_libraries" in doctor(studio)
    assert "atelier.start()" in doctor(studio)
    assert studio.status(job_id) == "queued" and not fake.requests
    studio.run("select atelier.start()")
    studio.wait_for_status(job_id, "completed")
    studio.assert_completed_exactly_once([job_id])


def test_waiting_works_without_preload(studio):
    studio.run("select atelier.start()")
    alice = studio.add_user("alice")
    for number in range(3):
        job_id = alice.queue(f"job {number}")
        assert alice.value("call atelier.wait_for_job(%s)", job_id) == "completed"


def test_starting_twice_starts_one_set_of_workers(studio):
    studio.run("select atelier.start()")
    studio.run("select atelier.start()")
    studio.wait_for_workers()
    workers = studio.run(
        "select backend_type, count(*) from pg_stat_activity where backend_type like 'atelier %' group by 1"
    )
    assert workers and all(count == 1 for _, count in workers)


def test_a_restart_needs_another_start(studio, fake):
    studio.run("select atelier.start()")
    studio.wait_for_workers()
    studio.server.stop()
    studio.server.start()
    studio.reconnect()
    job_id = studio.add_user("alice").queue("again")
    assert studio.status(job_id) == "queued"
    assert "atelier.start()" in doctor(studio)
    studio.run("select atelier.start()")
    studio.wait_for_status(job_id, "completed")


def test_the_workers_end_with_the_server(studio):
    studio.run("select atelier.start()")
    studio.wait_for_workers()
    studio.server.stop()  # fails when a process is left
    wait_until(lambda: not studio.server.processes())
