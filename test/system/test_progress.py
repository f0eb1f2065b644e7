"""Progress that a server reports reaches the owner of the job, and the janitor learns how long models take."""

import pathlib
import types

from harness.database import Database
from harness.waiting import wait_until

HALF_DONE_COURIER = pathlib.Path(__file__).parent / "harness" / "half_done_courier.py"


def test_reported_progress_is_told_to_the_owner(make_server):
    server = make_server(atelier__runner_enabled="off", atelier__courier_path=HALF_DONE_COURIER)
    database = Database.create(server, "progress")
    database.use_only(types.SimpleNamespace(url="http://192.0.2.1/v1"), max_concurrency=600)
    alice = database.add_user("alice")
    job_id = alice.queue("half done")

    def progress(job_id):
        return alice.run(
            "select queue_state, progress, progress_is_estimated from atelier.job_progress(%s)", job_id
        )[0]

    wait_until(lambda: progress(job_id) == ("leased", 0.5, False), message="no progress")
    early, late = alice.run(
        "select ends_at > starts_at, ends_at <= ends_before from atelier.job_progress(%s)", job_id
    )[0]
    assert early and late
    jobs = [alice.queue(f"one of many {n}") for n in range(20)]
    wait_until(lambda: all(progress(job)[:2] == ("leased", 0.5) for job in jobs), message="no progress")
    server.assert_no_crash()


def test_the_janitor_learns_how_long_models_take(shared_database, fake):
    alice = shared_database.add_user("alice")
    shared_database.wait_until_finished([alice.queue("to learn from")])
    shared_database.run("select atelier_engine.wake_janitor()")
    wait_until(
        lambda: shared_database.value("select count(*) from atelier_engine.model_timings") == 1,
        message="nothing learned",
    )
    assert "atelier_phase_seconds" in shared_database.value("select atelier.metrics()")
