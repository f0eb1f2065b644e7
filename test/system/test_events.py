"""Events reach those who listen, schedules run on time: by the workers of a real server."""

import select
import time

import psycopg2.extensions
import pytest
from harness.database import Database
from harness.waiting import wait_until


@pytest.fixture
def alice(shared_database, fake):
    return shared_database.add_user("alice")


def listen(database):
    connection = database.server.connect(database.name)
    connection.set_isolation_level(psycopg2.extensions.ISOLATION_LEVEL_AUTOCOMMIT)
    connection.cursor().execute("listen atelier_events")
    return connection


def hear(connection, seconds):
    """The moments at which notifications arrived during so many seconds."""
    moments = []
    end = time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        if select.select([connection], [], [], left)[0]:
            connection.poll()
            moments += [time.monotonic()] * len(connection.notifies)
            connection.notifies.clear()
    return moments


def follow(user, cursor):
    rows = user.run("select cursor_after, kind, ref::text from atelier.events_since(%s)", cursor)
    return (rows[-1][0] if rows else cursor), [row[1:] for row in rows]


def test_listeners_hear_of_events_and_read_them(shared_database, alice):
    listener = listen(shared_database)
    cursor = alice.value("select atelier.event_cursor()")
    job_id = alice.queue("heard")
    shared_database.wait_for_status(job_id, "completed")
    wait_until(lambda: hear(listener, 0.2), message="no notification")
    seen = []

    def told():
        nonlocal cursor
        cursor, events = follow(alice, cursor)
        seen.extend(events)
        return seen

    wait_until(told, message="no event")
    assert seen == [("job.completed", str(job_id))]
    assert follow(alice, cursor) == (cursor, [])


def test_listeners_hear_of_what_others_than_the_dispatcher_wrote(shared_database, alice):
    shared_database.change_endpoint(max_concurrency=0)
    listener = listen(shared_database)
    job_id = alice.queue("cancelled in its own session")
    hear(listener, 0.5)
    alice.run("select atelier.cancel_job(%s)", job_id)
    wait_until(lambda: hear(listener, 0.2), message="no notification")


def test_many_events_are_few_notifications(shared_database, alice):
    listener = listen(shared_database)
    started = time.monotonic()
    jobs = [alice.queue(f"one of many {n}") for n in range(60)]
    heard = []
    while shared_database.count_in(jobs, "completed") < len(jobs):
        heard += hear(listener, 0.5)
    heard += hear(listener, 1)
    assert heard
    assert len(heard) <= (heard[-1] - started) * 10 + 1


def test_an_idle_database_is_silent(shared_database, alice):
    listener = listen(shared_database)
    shared_database.wait_until_finished([alice.queue("the last one")])
    hear(listener, 1)
    shared_database.run("select atelier_engine.wake_dispatcher()")
    assert hear(listener, 2) == []


def test_old_events_are_deleted(make_server):
    server = make_server(atelier__janitor_interval="1s", atelier__event_retention="2s")
    database = Database.create(server, "retention")
    alice = database.add_user("alice")
    database.run("insert into atelier.events (user_id, kind) values (%s, 'job.completed')", alice.id)
    wait_until(lambda: database.value("select count(*) from atelier.events") == 0, seconds=30)


def test_a_schedule_runs_at_its_time_and_once_whoever_dies(make_server):
    server = make_server(atelier__runner_enabled="off")
    database = Database.create(server, "schedules")
    database.wait_for_workers()
    alice = database.add_user("alice")
    schedule = alice.value(
        "select id from atelier.create_schedule("
        "'often', '{\"prompt\": \"again\"}', every => '1 minute', misfire_policy => 'all')"
    )

    def due_in(interval):
        database.run(
            "update atelier.schedules set starts_at = now() - interval '1 day',"
            " next_run_at = date_trunc('milliseconds', clock_timestamp() + %s::interval) where id = %s",
            interval,
            schedule,
        )
        database.run("select atelier_engine.wake_janitor()")
        return database.value("select next_run_at from atelier.schedules where id = %s", schedule)

    def jobs_due_at(moment):
        return database.value(
            "select count(*) from atelier.jobs where schedule_id = %s and run_at = %s", schedule, moment
        )

    # In time: the janitor sleeps until the schedule is due, not until its next round.
    moment = due_in("2 seconds")
    wait_until(lambda: jobs_due_at(moment) == 1, seconds=10)
    # Once, though the janitor is killed again and again.
    for _ in range(5):
        moment = due_in("300 milliseconds")
        janitor = database.value(
            "select max(pid) from atelier_engine.worker_processes() where process = 'janitor'"
        )
        if janitor:
            database.run("select pg_terminate_backend(%s)", janitor)
        wait_until(lambda: jobs_due_at(moment) == 1, seconds=60)
    # And though the server goes down hard.
    moment = due_in("1 second")
    server.kill_everything()
    server.start()
    database.reconnect()
    wait_until(lambda: jobs_due_at(moment) == 1, seconds=60)
    repeated = database.run(
        "select run_at from atelier.jobs where schedule_id = %s group by run_at having count(*) > 1", schedule
    )
    assert repeated == []
