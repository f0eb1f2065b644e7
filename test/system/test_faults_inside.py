"""Faults on our own side of the network: answers that come twice or too late, a courier that crashes, a name server
that is silent, a full disk, a clock that is set. What the servers outside do wrong is in test_faults.py."""

import base64
import contextlib
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import zlib

import pytest
from harness.database import Database
from harness.fault_table import says, two_answers
from harness.faulty_server import FaultyServer, picture_answer, response, well
from harness.inference import FakeInferenceServer, Gate, pictures
from harness.png import make_png
from harness.server import AS_SERVER_USER, HOME, Server, own
from harness.transaction_watch import TransactionWatch, assert_short_transactions, assert_statistics_are_complete
from harness.waiting import wait_until

HARNESS = pathlib.Path(__file__).parent / "harness"
MAY_MOUNT = os.geteuid() == 0 and subprocess.run(
    ["unshare", "--mount", "mount", "-t", "tmpfs", "none", "/mnt"], capture_output=True
).returncode == 0


def create(server, request, courier=""):
    """A database of its own for a test, whose jobs come again soon, with the courier of this name."""
    server.reload(atelier__courier_path=courier and str(HARNESS / courier))
    database = Database.create(server, request.node.name.removeprefix("test_")[:50])
    database.run(
        "insert into atelier.retry_policies (error_class, action, uses_up_attempt, first_delay, longest_delay, otherwise)"
        " select error_class, action, uses_up_attempt, interval '0.2 seconds', interval '0.4 seconds', otherwise"
        " from atelier.default_retry_policies where first_delay > interval '0'")
    database.wait_for_workers()
    server.reload(atelier__courier_path="")
    return database


@pytest.fixture
def here(watched_server, request):
    marker = request.node.get_closest_marker("courier")
    database = create(watched_server, request, marker.args[0] if marker else "")
    yield database
    database.drop()


@pytest.fixture
def alice(here):
    return here.add_user("alice")


def green(database, job_id):
    """Whether the picture of the job is the one that a faulty server sends first."""
    (picture,) = [bytes(row[0]) for row in database.run(
        "select c.bytes from storage.objects o join atelier_engine.object_chunks c on c.object_id = o.id"
        " join atelier.workspace_assets a on a.temp_storage_path = o.name where a.job_id = %s", job_id)]
    return picture == make_png(16, 16, (0, 128, 0))


def test_a_second_answer_on_the_same_connection_is_not_heard(here, alice):
    with FaultyServer(two_answers) as server:
        here.add_place("paid", server.url)
        job_id = alice.queue_at("paid")
        here.wait_for_status(job_id, "completed")
        here.assert_completed_exactly_once([job_id])
        assert green(here, job_id) and server.calls == 1


@pytest.mark.courier("twice_courier.py")
def test_a_courier_that_tells_everything_twice_changes_nothing(here, alice):
    fails_first = FaultyServer(lambda visit: (well if visit.number else says("500 Internal Server Error"))(visit))
    with FaultyServer() as server, fails_first:
        here.add_place("paid", server.url)
        here.add_place("failing", fails_first.url, ambiguity_policy="retry")
        jobs = [alice.queue_at("paid", f"cat {number}") for number in range(6)] + [alice.queue_at("failing")]
        here.wait_until_finished(jobs)
        here.assert_completed_exactly_once(jobs)
        assert (server.calls, fails_first.calls) == (6, 2)
        assert [len(here.attempts(job)) for job in jobs] == [1] * 6 + [2]
        assert [here.job(job)["attempts"] for job in jobs] == [1] * 6 + [2]
        assert here.run("select from atelier.late_results") == []


def have_failed(database, jobs):
    return all(any(attempt["error_class"] for attempt in database.attempts(job)) for job in jobs)


class Worker:
    """A GPU behind NAT, one job at a time."""

    def __init__(self, database, name):
        self.database, self.name = database, name
        self.register()

    def register(self):
        self.id = self.database.value(
            "select (atelier.register_worker(%s, 'atelier-runner')).id::text", self.name)

    def claim(self):
        return wait_until(lambda: self.database.run("select token from atelier.claim_jobs(%s)", self.id))[0][0]

    def complete(self, token, colour):
        data = base64.b64encode(make_png(16, 16, colour)).decode()
        report = {"token": token, "status": "completed", "outputs": [{"data": data}]}
        return self.database.value("select atelier.job_callback(%s) ->> 'outcome'", json.dumps(report))


GREEN, RED = (0, 128, 0), (255, 0, 0)


@pytest.fixture
def worker(here):
    here.run("update atelier.endpoints set is_active = false")
    return Worker(here, "first")


def test_two_completions_for_one_attempt(here, alice, worker):
    job_id = alice.queue("a cat")
    token = worker.claim()
    assert worker.complete(token, GREEN) == "completed"
    assert worker.complete(token, RED) == "already_completed"
    here.assert_completed_exactly_once([job_id])
    assert green(here, job_id)


def test_a_completion_for_a_cancelled_job(here, alice, worker):
    job_id = alice.queue("a cat")
    token = worker.claim()
    alice.run("select atelier.cancel_job(%s)", job_id)
    here.run("select atelier.heartbeat_jobs(%s)", worker.id)
    here.wait_for_status(job_id, "cancelled")
    assert worker.complete(token, RED) == "ignored"
    assert here.status(job_id) == "cancelled"
    assert alice.pictures(job_id) == []
    assert here.run("select from atelier_engine.queue") == here.run("select from atelier.late_results") == []
    assert [attempt["state"] for attempt in here.attempts(job_id)] == ["cancelled"]
    here.assert_no_stray_objects()


def test_a_completion_from_a_superseded_attempt(here, alice, worker):
    job_id = alice.queue("a cat")
    late = worker.claim()
    worker.register()  # it was started anew, so that what it had is lost
    owner = Worker(here, "second")
    token = owner.claim()
    assert worker.complete(late, RED) == "kept"
    assert here.status(job_id) != "completed"
    assert owner.complete(token, GREEN) == "completed"
    assert worker.complete(late, RED) == "kept"
    here.assert_completed_exactly_once([job_id])
    assert green(here, job_id)
    assert [attempt["state"] for attempt in here.attempts(job_id)] == ["ambiguous", "succeeded"]


def test_a_courier_that_crashes(watched_server, here, alice):
    """Where a request may be repeated it is; elsewhere the job is held or fails, and the provider was asked once."""
    gate = Gate()
    with FakeInferenceServer(lambda exchange: (gate if exchange.number == 0 else pictures)(exchange)) as fake:
        for policy in ("retry", "hold", "fail"):
            here.add_place(policy, fake.url, ambiguity_policy=policy, hold_timeout="1 second")
        jobs = {policy: alice.queue_at(policy, policy) for policy in ("retry", "hold", "fail")}
        wait_until(lambda: gate.waiting == 3)
        pid = here.wait_for_workers()["courier"]
        os.kill(pid, signal.SIGSEGV)
        here.wait_until_finished(jobs.values())
        why = "the courier ended: it was ended by signal 11"
        assert {job: here.attempts(id)[0]["error_message"] for job, id in jobs.items()} == dict.fromkeys(jobs, why)
        here.assert_completed_exactly_once([jobs["retry"]])
        assert fake.counts() == {"retry": 2, "hold": 1, "fail": 1}
        for policy, message in [("hold", "it is not known whether the request was carried out"), ("fail", why)]:
            job = here.job(jobs[policy])
            assert (job["status"], job["attempts"], job["error_class"]) == ("failed", 1, "ambiguous")
            assert job["error_message"] == message
        assert here.run("select from atelier_engine.queue") == []


def namespaces_allowed():
    return subprocess.run(
        [AS_SERVER_USER, str(HARNESS / "mute_resolver_courier.py"), "--try"], capture_output=True
    ).returncode == 0


@pytest.mark.skipif(not namespaces_allowed(), reason="the server's user may not make namespaces here, or not run the courier in one")
@pytest.mark.courier("mute_resolver_courier.py")
def test_a_name_server_that_never_answers(watched_server, here, alice):
    """It costs the job no attempt and delays nobody else."""
    courier = here.wait_for_workers()["courier"]
    with FakeInferenceServer(socket_path=f"{watched_server.socket_directory}/inference.sock") as local:
        here.add_place("local", local.url)
        here.add_place("far", "http://gpu.example.org/v1", connect_timeout_ms=1500, unavailable_timeout="1 second")
        far = alice.queue_at("far")
        wait_until(lambda: unread_bytes_at_port_53(courier) > 0, message="no name was asked for")
        jobs = [alice.queue_at("local", f"cat {number}") for number in range(10)]
        here.wait_until_finished(jobs)
        assert here.attempts(far)[0]["recorded_at"] is None, "the other jobs did not have to wait for it"
        job = here.wait_for_status(far, "failed")
        message = "no connection to gpu.example.org:80 within 1500 ms"
        assert (job["error_class"], job["error_message"], job["attempts"]) == ("unavailable", message, 0)
        assert {attempt["error_message"] for attempt in here.attempts(far)} == {message}
        assert here.wait_for_workers()["courier"] == courier
        here.assert_completed_exactly_once(jobs)


def unread_bytes_at_port_53(pid):
    with open(f"/proc/{pid}/net/udp", encoding="ascii") as file:
        queues = [line.split()[4] for line in file if line.split()[1].endswith(":0035")]
    return sum(int(queue.split(":")[1], 16) for queue in queues)


def noise_png(kilobytes):
    """A picture that takes as many bytes as it says."""
    def chunk(kind, content):
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    rows = b"".join(b"\0" + os.urandom(1023) for _ in range(kilobytes))
    header = struct.pack(">IIBBBBB", 341, kilobytes, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 0)) + chunk(b"IEND", b"")


def sends(picture):
    body = json.dumps({"data": [{"b64_json": base64.b64encode(picture).decode()}]}).encode()

    def script(visit):
        visit.read_request()
        visit.send(response(body))

    return script


@contextlib.contextmanager
def small_disk(path, kilobytes):
    """Mounts a file system of that size; calling what it gives makes it large."""
    path.mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kilobytes}k", "none", path], check=True)
    try:
        own(path)
        yield lambda: subprocess.run(["mount", "-o", "remount,size=64m", path], check=True)
    finally:
        subprocess.run(["umount", "--lazy", path], check=True)


def move_store(database, tablespace):
    """Without workers, which would have to wait for the lock."""
    database.run("select atelier.stop()")
    wait_until(lambda: not database.run("select from pg_stat_activity where backend_type ~ '^atelier (dispatcher|janitor)'"))
    database.run(f"alter table atelier_engine.object_chunks set tablespace {tablespace}")
    database.run("select atelier.start()")
    database.wait_for_workers()


def dispatcher(database):
    """Its state, and whether it says that a disk is full."""
    return database.run("select state, position('No space left on device' in detail) > 0 from atelier.worker_status"
                        " where process = 'dispatcher'")[0]


needs_mount = pytest.mark.skipif(not MAY_MOUNT, reason="file systems may not be mounted here")


@needs_mount
def test_a_full_disk_below_the_store(watched_server, here, alice):
    """What was paid for is kept until there is room."""
    picture = noise_png(2000)
    disk = watched_server.home / "disk"
    with FaultyServer(sends(picture)) as server, small_disk(disk, 1024) as enlarge:
        here.run(f"create tablespace small location '{disk}'")
        move_store(here, "small")
        here.add_place("paid", server.url, ambiguity_policy="hold")
        job_id = alice.queue_at("paid")
        full = ("failing", True)
        wait_until(lambda: dispatcher(here) == full, message="the dispatcher does not tell that the disk is full")
        assert here.status(job_id) in ("queued", "processing")
        waiting = alice.queue_at("paid")
        enlarge()
        here.wait_until_finished([job_id, waiting])
        here.assert_completed_exactly_once([job_id, waiting])
        assert alice.pictures(job_id) == [picture]
        wait_until(lambda: dispatcher(here) == ("running", False))
        assert server.calls == 2
        assert [len(here.attempts(job)) for job in (job_id, waiting)] == [1, 1]
        move_store(here, "pg_default")
        here.run("drop tablespace small")


@needs_mount
def test_a_full_disk_below_the_spool_files(watched_server, here, alice):
    """The answer is lost, and it was paid for: only who may repeat the request does so."""
    with small_disk(watched_server.data / "base" / "pgsql_tmp", 1024) as enlarge:
        with FaultyServer(sends(noise_png(2000))) as paid, FaultyServer(sends(noise_png(2000))) as free:
            here.add_place("paid", paid.url, ambiguity_policy="hold", hold_timeout="1 second")
            here.add_place("free", free.url, ambiguity_policy="retry")
            lost, again = alice.queue_at("paid"), alice.queue_at("free")
            wait_until(lambda: have_failed(here, [lost, again]))
            enlarge()
            here.wait_until_finished([lost, again])
            assert "No space left on device" in here.attempts(lost)[0]["error_message"]
            assert paid.calls == len(here.attempts(lost)) == 1
            assert here.status(lost) == "failed"
            here.assert_completed_exactly_once([again])


@pytest.fixture
def clock():
    """A server whose clock on the wall can be set while it runs; the courier, which it starts, has the same one."""
    folder = HOME / "clock"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    library, shift = folder / "shifted_clock.so", folder / "shift"
    subprocess.run(["g++", "-std=c++20", "-shared", "-fPIC", "-o", library, HARNESS / "shifted_clock.cpp"], check=True)
    shift.write_bytes(struct.pack("q", 0))
    server = Server("clock-server", environment={"LD_PRELOAD": str(library), "SHIFTED_CLOCK": str(shift)},
                    fsync="off", atelier__runner_enabled="off", atelier__janitor_interval="1s")
    server.start()
    server.watch = TransactionWatch(server).start()

    def set_clock(seconds):
        with open(shift, "r+b") as file:
            file.write(struct.pack("q", seconds * 10**9))

    yield server, set_clock
    server.watch.stop()
    server.remove()
    server.assert_no_crash()
    assert_short_transactions(server.watch, least=5)


@pytest.mark.parametrize("seconds", [-3600, 3600], ids=["back", "forward"])
def test_a_clock_that_is_set_by_an_hour(clock, request, seconds):
    """Jobs on their way, jobs that wait for another try and endpoints that rest go on as if nothing had happened.

    Only the clock on the wall is set (CLOCK_REALTIME, in all processes of the server): what a person, NTP or a machine
    that slept does. Time that is measured (CLOCK_MONOTONIC) cannot be set, and is not.
    """
    server, set_clock = clock
    database = create(server, request)
    user = database.add_user("alice")
    gate = Gate()
    throttled = FaultyServer(lambda visit: (well if visit.number else says(
        "429 Too Many Requests", headers=["Retry-After: 2"]))(visit))
    broken = FaultyServer(lambda visit: (well if visit.number else says("500 Internal Server Error"))(visit))
    with FakeInferenceServer(gate) as slow, throttled, broken:
        database.run("update atelier.retry_policies set first_delay = '2 seconds', longest_delay = '2 seconds'")
        database.add_place("slow", slow.url, ambiguity_policy="hold")
        database.add_place("throttled", throttled.url)
        database.add_place("broken", broken.url)
        jobs = [user.queue_at(model) for model in ("slow", "throttled", "broken")]
        wait_until(lambda: gate.waiting == 1)
        wait_until(lambda: have_failed(database, jobs[1:]))
        before = database.value("select extract(epoch from clock_timestamp())")
        set_clock(seconds)
        assert abs(float(database.value("select extract(epoch from clock_timestamp())") - before) - seconds) < 60
        database.wait_until_finished(jobs[1:], seconds=20)
        later = user.queue_at("broken")
        database.wait_until_finished([later], seconds=10)
        gate.open()
        database.wait_until_finished(jobs, seconds=10)
        database.assert_completed_exactly_once([*jobs, later])
        assert slow.counts() == {"a cat": 1}, "nobody takes it for lost"
        assert (throttled.calls, broken.calls) == (2, 3)
        assert [len(database.attempts(job)) for job in jobs] == [1, 2, 2]


def test_no_worker_held_a_transaction_for_long(watched_server):
    assert_short_transactions(watched_server.watch)
