"""Databases, the extension and the server come and go with jobs queued and running."""

import concurrent.futures
import contextlib
import time

import pytest
from harness.database import Database
from harness.inference import FakeInferenceServer, Gate, pictures
from harness.waiting import wait_until


@pytest.fixture
def fake():
    with FakeInferenceServer() as fake:
        yield fake


@pytest.fixture
def quiet_server(make_server):
    """Without a local runner: these tests use the fake one."""
    return make_server(**{"atelier.runner_enabled": "off"})


@pytest.fixture
def studio(quiet_server, fake):
    database = Database.create(quiet_server, "studio")
    database.use_only(fake)
    return database


def elapsed(action):
    started = time.monotonic()
    action()
    return time.monotonic() - started


def atelier_backends(database):
    return sorted(
        row[0]
        for row in database.run(
            "select backend_type from pg_stat_activity where backend_type like 'atelier %'"
        )
    )


def test_workers_show_what_they_are(studio):
    studio.wait_for_workers()
    expected = ["atelier dispatcher", "atelier janitor", "atelier launcher"]
    wait_until(lambda: atelier_backends(studio) == expected, message=lambda: str(atelier_backends(studio)))
    names = {row[0] for row in studio.run("select usename from pg_stat_activity where backend_type = 'atelier dispatcher'")}
    assert names == {"atelier_worker"}


def test_the_first_extension_of_a_server_is_heard_of_at_once(quiet_server):
    """Not only when the list of databases is read again, which is every ten seconds."""
    studio = Database.create(quiet_server, "studio")
    wait_until(lambda: "atelier janitor" in atelier_backends(studio), seconds=5)


@pytest.mark.parametrize("busy", [False, True], ids=["idle", "busy"])
def test_drop_extension_and_create_it_again(studio, fake, busy):
    gate = Gate()
    if busy:
        fake.behaviour = gate
        alice = studio.add_user("alice")
        for number in range(10):
            alice.queue(f"job {number}")
        wait_until(lambda: gate.waiting > 0)
        alice.connection.close()
    else:
        studio.wait_for_workers()
    courier = studio.server.process("atelier-courier")
    assert elapsed(lambda: studio.run("drop extension atelier cascade")) < 10
    wait_until(lambda: not courier.alive(), message="the courier outlived the extension")
    wait_until(
        lambda: not studio.server.processes("atelier dispatcher"), message="the dispatcher outlived the extension"
    )
    assert studio.value("select count(*) from pg_namespace where nspname in ('atelier', 'atelier_engine')") == 0

    gate.open()
    fake.behaviour = pictures
    studio.run("create extension atelier")
    studio.use_only(fake)
    bob = studio.add_user("bob")
    job_id = bob.queue("after all that")
    studio.wait_for_status(job_id, "completed")
    studio.assert_completed_exactly_once([job_id])


def test_drop_extension_meets_no_worker_in_a_deadlock(studio):
    """A worker is stopped in the middle of a transaction; DROP EXTENSION has to wait before it holds any table."""

    def waiting_for_a_lock():
        return {
            row[0]
            for row in studio.run("select backend_type from pg_stat_activity where wait_event_type = 'Lock'")
        }

    alice = studio.add_user("alice")
    with (
        contextlib.closing(studio.server.connect(studio.name)) as dropper,
        concurrent.futures.ThreadPoolExecutor() as pool,
        contextlib.closing(studio.server.connect(studio.name)) as blocker,
    ):
        blocker.autocommit = False
        blocker.cursor().execute("lock table atelier.events in share mode")
        alice.queue("its completion cannot be recorded now")
        wait_until(lambda: "atelier dispatcher" in waiting_for_a_lock())
        alice.connection.close()
        dropped = pool.submit(dropper.cursor().execute, "drop extension atelier cascade")
        wait_until(lambda: "client backend" in waiting_for_a_lock())
        locked = "select count(*) from pg_locks where pid = %s and mode = 'AccessExclusiveLock' and locktype = 'relation'"
        assert studio.value(locked, dropper.info.backend_pid) == 0
        blocker.rollback()
        dropped.result(timeout=10)
    wait_until(lambda: not studio.server.processes("atelier dispatcher"))


def test_a_dispatcher_that_is_cancelled_keeps_its_courier(studio, fake):
    """PostgreSQL signals the whole process group, also when a lock is waited for too long."""
    gate = fake.behaviour = Gate()
    job_id = studio.add_user("alice").queue("what is under way")
    wait_until(lambda: gate.waiting == 1)
    courier = studio.server.process("atelier-courier")
    assert studio.value("select bool_and(pg_cancel_backend(pid)) from pg_stat_activity where backend_type = 'atelier dispatcher'")
    gate.open()
    studio.wait_for_status(job_id, "completed")
    assert len(studio.attempts(job_id)) == 1, [(a['state'], a['error_class'], a['error_message']) for a in studio.attempts(job_id)]
    assert courier.alive()


def test_drop_database_with_jobs_running(studio, fake):
    server = studio.server
    gate = fake.behaviour = Gate()
    alice = studio.add_user("alice")
    for number in range(10):
        alice.queue(f"job {number}")
    wait_until(lambda: gate.waiting > 0)
    alice.connection.close()
    assert elapsed(studio.drop) < 10
    wait_until(lambda: not server.processes("atelier-courier"), message="the courier outlived its database")
    gate.open()
    again = Database.create(server, "studio")
    again.use_only(fake)
    job_id = again.add_user("bob").queue("a new start")
    again.wait_for_status(job_id, "completed")


def test_plain_drop_database_is_not_held_up_by_the_workers(studio):
    """Without FORCE, DROP DATABASE waits five seconds for others to leave, then refuses."""
    server = studio.server
    studio.wait_for_workers()
    studio.admin.close()
    other = Database.create(server, "other", extension=False)
    other.run("select pg_terminate_backend(pid) from pg_stat_activity where datname = 'studio'")
    other.run("drop database studio")


def test_stop_and_start_with_jobs_queued_and_running(studio, fake):
    server = studio.server
    gate = fake.behaviour = Gate()
    alice = studio.add_user("alice")
    jobs = [alice.queue(f"job {number}") for number in range(20)]
    wait_until(lambda: gate.waiting == 4)
    assert elapsed(server.stop) < 10
    gate.open()
    server.start()
    studio.reconnect()
    studio.wait_until_finished(jobs)
    studio.assert_completed_exactly_once(jobs)


def test_ten_thousand_queued_jobs_survive_a_restart(studio, fake):
    count = 10_000
    server = studio.server
    studio.change_endpoint(max_concurrency=0)
    server.reload(atelier__max_unfinished_jobs_per_user=0)
    wait_until(lambda: studio.value("show atelier.max_unfinished_jobs_per_user") == "0")
    alice = studio.add_user("alice")
    jobs = alice.run(
        "select (atelier.queue_job(prompt => 'picture ' || n, parameters => '{\"width\": 16, \"height\": 16}')).id"
        " from generate_series(1, %s) n",
        count,
    )
    server.stop()
    server.start()
    studio.reconnect()
    assert studio.value("select count(*) from atelier.jobs where status = 'queued'") == count
    assert studio.value("select count(*) from atelier_engine.queue where state = 'ready'") == count
    assert not fake.requests
    studio.change_endpoint(max_concurrency=16)
    studio.wait_until_finished([row[0] for row in jobs], seconds=300)
    assert studio.value("select count(*) from atelier.jobs where status = 'completed'") == count
    assert studio.value("select count(distinct job_id) from atelier.workspace_assets") == count
    assert studio.value("select count(*) from atelier.workspace_assets") == count
    assert studio.value("select count(*) from atelier_engine.attempts") == count
    assert max(fake.counts().values()) == 1


def test_a_reload_changes_what_the_workers_do(studio, fake):
    server = studio.server
    studio.wait_for_workers()
    gate = fake.behaviour = Gate()
    studio.change_endpoint(max_concurrency=10)
    server.reload(atelier__max_in_flight=2)
    wait_until(lambda: studio.value("show atelier.max_in_flight") == "2")
    alice = studio.add_user("alice")
    jobs = [alice.queue(f"job {number}") for number in range(6)]
    wait_until(lambda: gate.waiting == 2)
    server.reload(atelier__max_in_flight=5)
    wait_until(lambda: gate.waiting == 5)
    gate.open()
    studio.wait_until_finished(jobs)
    assert not server.processes("atelier-runner")
    server.reload(atelier__runner_enabled="on")
    server.process("atelier-runner")
    server.reload(atelier__runner_enabled="off")
    wait_until(lambda: not server.processes("atelier-runner"), message="the runner was not stopped")


def test_stop_and_start_of_the_workers_by_sql(studio, fake):
    studio.wait_for_workers()
    studio.run("select atelier.stop()")
    wait_until(lambda: not studio.server.processes("atelier-courier"), message="the workers did not stop")
    wait_until(lambda: "atelier dispatcher" not in atelier_backends(studio))
    job_id = studio.add_user("alice").queue("later")
    studio.run("select atelier.start()")
    studio.wait_for_status(job_id, "completed")


def test_two_databases_work_side_by_side(studio, fake):
    other = Database.create(studio.server, "other")
    with FakeInferenceServer() as second:
        other.use_only(second)
        jobs = [studio.add_user("alice").queue("here"), other.add_user("bob").queue("there")]
        studio.wait_for_status(jobs[0], "completed")
        other.wait_for_status(jobs[1], "completed")
        assert (fake.counts(), second.counts()) == ({"here": 1}, {"there": 1})


def test_a_job_is_woken_at_commit_not_by_polling(studio, fake):
    studio.server.reload(atelier__poll_interval="10min")
    wait_until(lambda: studio.value("show atelier.poll_interval") == "10min")
    alice = studio.add_user("alice")
    for number in range(5):
        job_id = alice.queue(f"job {number}")
        studio.wait_for_status(job_id, "completed", seconds=10)
