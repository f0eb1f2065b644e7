"""Every fault of a server or of the way to it, each with a server that has it, all of them at the same time.

Each plays in up to three ways: once (then the server is well), always, and, where nobody knows whether the request was
carried out, at an endpoint that must not be asked twice. Everything that is asserted is what became of the job.
"""

import contextlib
import re
import ssl
import subprocess

import pytest
from harness.database import FINISHED, Database
from harness.fault_table import FAULTS, says
from harness.faulty_server import FaultyServer, well
from harness.transaction_watch import assert_short_transactions, assert_statistics_are_complete
from harness.waiting import wait_until

LARGE_PROMPT = "\U0001f333" * 10_000


class Play:
    """One job at one endpoint of a provider of its own."""

    def __init__(self, database, fault, way, tls, elsewhere):
        self.database, self.fault, self.way = database, fault, way
        self.name = f"{fault.name}-{way}"
        script = fault.script or says("302 Found", b"", [f"Location: http://127.0.0.1:{elsewhere.port}/other"])
        self.server = FaultyServer(
            script if way != "once" else lambda visit: (well if visit.number else script)(visit),
            tls=tls if "untrusted" in fault.needs else None,
            listens="refused" not in fault.needs,
            few_bytes="large" in fault.needs,
        )
        self.seen = []  # what the user saw, one after the other
        database.add_place(
            self.name,
            f"{fault.scheme}://127.0.0.1:{self.server.port}/v1",
            ambiguity_policy="hold" if way == "paid" else "retry",
            hold_timeout="1 second",
            unavailable_timeout="1 second" if way == "always" else "5 minutes",
            **fault.endpoint,
        )

    def queue(self, user):
        prompt = LARGE_PROMPT if "large" in self.fault.needs else "a cat"
        self.job_id = user.value(
            "select (atelier.queue_job(prompt => %s, negative_prompt => %s, model => %s)).id", prompt, prompt, self.name)

    def note(self, view):
        if not self.seen or self.seen[-1] != view:
            self.seen.append(view)
        if self.way == "once" and "refused" in self.fault.needs and view["error_class"] and self.server.visits == 0:
            with contextlib.suppress(OSError):  # listens already
                self.server.listen()

    def learn_the_end(self):
        self.attempts = self.database.attempts(self.job_id)
        self.left_in_queue = self.database.value(
            "select count(*) from atelier_engine.queue where job_id = %s", self.job_id)
        self.generations, self.pictures = self.database.run(
            "select (select count(*) from atelier.generations where job_id = %s),"
            " (select count(*) from atelier.workspace_assets where job_id = %s)", self.job_id, self.job_id)[0]
        self.events = [row[0] for row in self.database.run("select kind from atelier.events where ref = %s", self.job_id)]


def self_signed(folder):
    """A server's side of TLS with a certificate that nobody vouches for."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        + ["-subj", "/CN=127.0.0.1", "-keyout", str(key), "-out", str(certificate)],
        check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context


def soon(database):
    """Pauses after failures as the policies say, but short ones."""
    database.run(
        "insert into atelier.retry_policies (error_class, action, uses_up_attempt, first_delay, longest_delay, otherwise)"
        " select error_class, action, uses_up_attempt, interval '0.4 seconds', interval '0.6 seconds', otherwise"
        " from atelier.default_retry_policies where first_delay > interval '0'")


@pytest.fixture(scope="module")
def theatre(watched_server):
    database = Database.create(watched_server, "theatre")
    soon(database)
    database.wait_for_workers()
    yield database
    database.drop()


@pytest.fixture(scope="module")
def elsewhere():
    """Where redirects point to. Nobody may come."""
    server = FaultyServer(well)
    yield server
    server.stop()


@pytest.fixture(scope="module")
def plays(theatre, elsewhere, tmp_path_factory):
    """All of them, played to the end."""
    tls = self_signed(tmp_path_factory.mktemp("tls"))
    plays = {}
    for fault in FAULTS:
        for way in fault.ways + (("paid",) if fault.costly else ()):
            plays[fault.name, way] = Play(theatre, fault, way, tls, elsewhere)
    user = theatre.add_user("alice")
    for play in plays.values():
        play.queue(user)
    by_id = {str(play.job_id): play for play in plays.values()}

    def watch():
        views = user.run("select to_jsonb(j) from (select id, status, attempts, error_class, error_message, max_attempts"
                         " from atelier.jobs) j")
        for (view,) in views:
            by_id[view["id"]].note(view)
        return all(view["status"] in FINISHED for (view,) in views)

    wait_until(watch, 90, lambda: str(theatre.open_jobs()))
    for play in plays.values():
        play.learn_the_end()
    yield plays
    for play in plays.values():
        play.server.stop()


def named(way):
    return [fault for fault in FAULTS if way in fault.ways + (("paid",) if fault.costly else ())]


def parametrized(way):
    return pytest.mark.parametrize("fault", named(way), ids=lambda fault: fault.name)


def assert_failed_as(fault, attempt):
    assert attempt["error_class"] == fault.error_class
    assert attempt["state"] == ("ambiguous" if fault.costly else "failed")
    assert re.search(fault.message, attempt["error_message"]), attempt["error_message"]
    assert attempt["http_status"] == fault.http_status
    assert (attempt["sent_at"] is not None) == fault.sent


def seconds_between(database, earlier, later):
    return float(database.value("select extract(epoch from %s::timestamptz - %s::timestamptz)", later, earlier))


def assert_pauses(database, fault, attempts):
    """The job waits as its policy says, or keeps its place while the endpoint rests."""
    for number, (failed, following) in enumerate(zip(attempts, attempts[1:])):
        waited = seconds_between(database, failed["recorded_at"], following["ready_at"])
        rested = seconds_between(database, failed["recorded_at"], following["claimed_at"])
        if fault.pause is None:
            assert 0 <= waited <= min(0.4 * 2**number, 0.6) + 0.1
            assert rested >= waited
        else:
            least, most = fault.pause
            assert following["ready_at"] == failed["ready_at"]
            assert least - 0.1 <= rested <= most * 2**number + 2  # the machine may be busy


@parametrized("once")
def test_a_fault_that_passes(theatre, plays, fault):
    play = plays[fault.name, "once"]
    first, second = play.attempts
    assert_failed_as(fault, first)
    assert second["state"] == "succeeded" and second["error_class"] is None
    assert_pauses(theatre, fault, play.attempts)
    end = play.seen[-1]
    assert end["status"] == "completed"
    assert end["attempts"] == (2 if fault.counted else 1)
    assert (end["error_class"], end["error_message"]) == (None, None)
    assert play.server.calls == (2 if fault.sent else 1)
    assert (play.generations, play.pictures, play.left_in_queue) == (1, 1, 0)
    assert play.events == ["job.completed"]
    if fault.pause is not None:  # long enough to be seen
        waiting = next(view for view in play.seen if view["error_class"])
        assert (waiting["status"], waiting["attempts"]) == ("queued", 0)
        assert re.search(fault.message, waiting["error_message"])


@parametrized("always")
def test_a_fault_that_stays(theatre, plays, fault):
    play = plays[fault.name, "always"]
    for attempt in play.attempts:
        assert_failed_as(fault, attempt)
    assert_pauses(theatre, fault, play.attempts)
    end = play.seen[-1]
    assert end["status"] == "failed"
    assert end["error_class"] == fault.error_class
    assert re.search(fault.message, end["error_message"]), end["error_message"]
    if not fault.again:
        assert len(play.attempts) == end["attempts"] == 1
    elif fault.counted:
        assert len(play.attempts) == end["attempts"] == end["max_attempts"]
    else:
        assert len(play.attempts) >= 1 and end["attempts"] == 0
    assert play.server.calls == (len(play.attempts) if fault.sent else 0)
    assert (play.generations, play.pictures, play.left_in_queue) == (0, 0, 0)
    assert play.events == ["job.failed"]


@parametrized("paid")
def test_what_may_have_been_carried_out_is_not_paid_twice(plays, fault):
    play = plays[fault.name, "paid"]
    (attempt,) = play.attempts
    assert_failed_as(fault, attempt)
    assert play.server.calls == 1
    assert any(view["status"] == "processing" and view["error_class"] == "ambiguous" for view in play.seen), "it was held"
    end = play.seen[-1]
    assert (end["status"], end["error_class"]) == ("failed", "ambiguous")
    assert end["error_message"] == "it is not known whether the request was carried out"
    assert (play.generations, play.pictures, play.left_in_queue) == (0, 0, 0)
    assert play.events == ["job.failed"]


def test_a_redirect_leads_nowhere(plays, elsewhere):
    assert plays["redirect", "always"].server.visits == 3
    assert elsewhere.visits == 0


def test_no_worker_held_a_transaction_for_long(watched_server, plays):
    assert_short_transactions(watched_server.watch)


def test_autovacuum_sees_what_the_workers_write(theatre, plays):
    assert_statistics_are_complete(theatre)
