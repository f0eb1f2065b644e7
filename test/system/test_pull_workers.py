"""Workers that claim their jobs themselves: one is killed, two report at once; every job is done exactly once."""

import base64
import json
import signal
import subprocess
import sys
import textwrap

import pytest
from harness.png import make_png
from harness.waiting import wait_until

JOBS = 12

# A worker in a process of its own. It reads nothing but its id and what it claims, and reports with the token alone.
WORKER = textwrap.dedent("""
    import json, sys, time
    import psycopg2

    dsn, worker, picture, hang = sys.argv[1], sys.argv[2], sys.argv[3], sys.argv[4] == "hang"
    connection = psycopg2.connect(dsn)
    connection.autocommit = True
    cursor = connection.cursor()
    while True:
        cursor.execute("select token from atelier.claim_jobs(%s, 3)", (worker,))
        tokens = [row[0] for row in cursor.fetchall()]
        if tokens:
            print(len(tokens), flush=True)
        while tokens and hang:
            time.sleep(1)
        for token in tokens:
            report = {"token": token, "status": "completed", "outputs": [{"data": picture}]}
            cursor.execute("select atelier.job_callback(%s)", (json.dumps(report),))
        if not tokens:
            time.sleep(0.05)
""")


@pytest.fixture
def pull(shared_database):
    """Starts workers; all are gone after the test."""
    shared_database.run("update atelier.endpoints set is_active = false")
    shared_database.run("update atelier.api_models set estimated_seconds = 0.001")
    picture = base64.b64encode(make_png(4, 4, (255, 0, 0))).decode()
    processes = []

    def start(name, behaviour="work"):
        worker = shared_database.value(
            "select (atelier.register_worker(%s, 'atelier-runner', max_jobs => 3)).id::text", name
        )
        arguments = [shared_database.admin.dsn, worker, picture, behaviour]
        processes.append(
            subprocess.Popen([sys.executable, "-c", WORKER, *arguments], stdout=subprocess.PIPE)
        )
        return processes[-1]

    yield start
    for process in processes:
        process.kill()
        process.wait()
        process.stdout.close()


def test_the_jobs_of_a_killed_worker_are_done_by_another_exactly_once(shared_database, pull):
    user = shared_database.add_user("alice")
    jobs = [user.queue("a red circle", seed=number) for number in range(JOBS)]
    first = pull("first", "hang")
    assert int(first.stdout.readline()) == 3
    first.send_signal(signal.SIGKILL)
    first.wait()
    pull("second")
    wait_until(lambda: shared_database.count_in(jobs, "completed") >= JOBS - 3, 60)
    # Nobody extends the leases of the dead one. The janitor settles them when their time has come.
    shared_database.run(
        "update atelier_engine.queue q set lease_expires_at = clock_timestamp() from atelier.endpoints e"
        " where e.id = q.endpoint_id and q.state = 'leased' and e.name = 'worker first'"
    )
    shared_database.wait_until_finished(jobs, seconds=150)
    shared_database.assert_completed_exactly_once(jobs)
    assert sorted(len(shared_database.attempts(job)) for job in jobs) == [1] * (JOBS - 3) + [2] * 3


def test_what_a_killed_worker_had_is_done_when_it_starts_again(shared_database, pull):
    user = shared_database.add_user("alice")
    jobs = [user.queue("a red circle", seed=number) for number in range(3)]
    first = pull("first", "hang")
    assert int(first.stdout.readline()) == 3
    first.kill()
    first.wait()
    pull("first")
    shared_database.wait_until_finished(jobs)
    shared_database.assert_completed_exactly_once(jobs)


def test_two_reports_at_the_same_time_complete_a_job_once(shared_database):
    shared_database.run("update atelier.endpoints set is_active = false")
    worker = shared_database.value("select (atelier.register_worker('one', 'atelier-runner')).id::text")
    job = shared_database.add_user("alice").queue("a red circle", seed=1)
    token = shared_database.value("select token from atelier.claim_jobs(%s)", worker)
    data = base64.b64encode(make_png(4, 4, (255, 0, 0))).decode()
    report = json.dumps({"token": token, "status": "completed", "outputs": [{"data": data}]})
    first = shared_database.server.connect(shared_database.name)
    first.cursor().execute("begin")
    with first.cursor() as cursor:
        cursor.execute("select atelier.job_callback(%s)", (report,))
        assert cursor.fetchone()[0]["outcome"] == "completed"
    # The other one waits for the first, which has not committed.
    waiting = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent("""
            import sys, psycopg2
            connection = psycopg2.connect(sys.argv[1])
            connection.autocommit = True
            cursor = connection.cursor()
            cursor.execute("select atelier.job_callback(%s) ->> 'outcome'", (sys.argv[2],))
            print(cursor.fetchone()[0])
        """), shared_database.admin.dsn, report],
        stdout=subprocess.PIPE, text=True,
    )
    wait_until(
        lambda: shared_database.value(
            "select count(*) from pg_stat_activity"
            " where wait_event_type = 'Lock' and query like '%job_callback%'"
        ),
        30,
    )
    first.cursor().execute("commit")
    assert waiting.communicate(timeout=30)[0].strip() == "already_completed"
    first.close()
    shared_database.assert_completed_exactly_once([job])
