"""Each process is killed while twenty jobs run; every job ends completed, exactly once."""

import signal

import psycopg2
import pytest
from harness.database import Database
from harness.waiting import wait_until

PROMPTS = ["a red circle on a blue background", "a green tree in a meadow", "a white star at night"]
JOBS = 20


class Work:
    """Twenty jobs of two users, of which some are done and some are at the runner."""

    def __init__(self, server):
        self.database = Database.create(server, "crash")
        self.users = [self.database.add_user(name) for name in ("alice", "bob")]
        self.jobs = [
            self.users[number % 2].queue(PROMPTS[number % len(PROMPTS)], seed=number)
            for number in range(JOBS)
        ]

    def wait_until_under_way(self, completed=3):
        def under_way():
            done = self.database.count_in(self.jobs, "completed")
            return done >= completed and self.database.count_in(self.jobs, "processing") > 0

        wait_until(under_way, 60, lambda: str(self.database.open_jobs()))
        assert self.database.count_in(self.jobs, "completed") < JOBS, "the kill would come too late"

    def finish(self):
        self.database.wait_until_finished(self.jobs)
        self.database.assert_completed_exactly_once(self.jobs)
        for job_id in self.jobs[:2]:
            owner = self.users[self.jobs.index(job_id) % 2]
            assert owner.pictures(job_id)[0].startswith(b"\x89PNG")

    def reconnect(self):
        self.database.reconnect()
        for user in self.users:
            user.connect()


@pytest.fixture
def work(server):
    return Work(server)


@pytest.fixture
def bystander(server):
    """A session in the middle of something: an open transaction, a temporary table, a lock."""
    connection = server.connect("postgres")
    cursor = connection.cursor()
    cursor.execute("create temp table note (text text)")
    cursor.execute("begin")
    cursor.execute("insert into note values ('still here')")
    cursor.execute("select pg_advisory_xact_lock(1)")

    def undisturbed():
        cursor.execute("select text from note")
        assert cursor.fetchall() == [("still here",)]
        cursor.execute("commit")

    return undisturbed


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGKILL], ids=["SEGV", "KILL"])
def test_a_crash_of_the_courier(server, work, bystander, number):
    work.wait_until_under_way()
    courier = server.process("atelier-courier")
    courier.kill(number)
    work.finish()
    assert server.process("atelier-courier").pid != courier.pid
    bystander()


def test_a_courier_that_crashes_again_and_again(server, work, bystander):
    # A job that is tried again keeps its place, so that the same one may be on its way at every crash.
    work.database.run("update atelier.jobs set max_attempts = 10")
    for completed in (1, 3, 5, 7):
        work.wait_until_under_way(completed)
        server.process("atelier-courier").kill(signal.SIGSEGV)
    work.finish()
    bystander()


def test_a_crash_of_the_runner(server, work, bystander):
    work.wait_until_under_way()
    runner = server.process("atelier-runner")
    runner.kill(signal.SIGKILL)
    work.finish()
    assert server.process("atelier-runner").pid != runner.pid
    bystander()


def test_a_terminated_dispatcher(server, work, bystander):
    work.wait_until_under_way()
    dispatcher = work.database.wait_for_workers()["dispatcher"]
    work.database.run("select pg_terminate_backend(%s)", dispatcher)
    work.finish()
    assert work.database.wait_for_workers()["dispatcher"] != dispatcher
    bystander()


def test_a_killed_dispatcher(server, work):
    work.wait_until_under_way()
    dispatcher = work.database.wait_for_workers()["dispatcher"]
    server.kill_worker(dispatcher)  # PostgreSQL restarts all its processes: a worker shares memory with them
    wait_until(server.accepts_connections, 60)
    work.reconnect()
    work.finish()


def test_a_killed_postmaster(server, work):
    work.wait_until_under_way()
    server.kill()
    server.start()
    work.reconnect()
    work.finish()


def test_everything_killed_at_once(server, work):
    work.wait_until_under_way()
    server.kill_everything()
    server.start()
    work.reconnect()
    work.finish()


def test_a_job_that_was_not_committed_leaves_nothing(server, work):
    connection = work.users[0].connection
    connection.autocommit = False
    lost = work.users[0].queue("a purple ring on a cyan background")
    server.kill()
    server.start()
    work.reconnect()
    work.finish()
    assert work.database.run("select from atelier.jobs where id = %s", lost) == []
    with pytest.raises(psycopg2.Error):
        connection.cursor().execute("select 1")
