"""atelier-runner --pull on a real server, over HTTP and over libpq: as it is meant, and when something dies or is away."""

import contextlib
import signal
import subprocess
import types

import pytest
from harness.database import Database
from harness.gateway import Gateway, open_gateway
from harness.png import size_of
from harness.pull_runner import PullRunner, worker_key
from harness.rest_tokens import make_token
from harness.waiting import wait_until

# Some seconds on a processor: time enough to do something to whoever is computing it.
SLOW = {"width": 96, "height": 96, "steps": 150}
ENDLESS = {"width": 128, "height": 128, "steps": 150, "n": 8}
EXIT_MISTAKE, EXIT_REFUSED = 2, 3


@pytest.fixture
def transport():
    return "http"


both_transports = pytest.mark.parametrize("transport", ["http", "libpq"])


def make_site(database, transport, directory):
    """Where workers find the database, with a key, and how to start them."""
    database.run("update atelier.endpoints set is_active = false")
    database.server.reload(atelier__janitor_interval=1)  # it settles the leases that have run out
    key = worker_key(database)
    gateway = open_gateway(database, directory)
    if not database.run("select 1 from pg_roles where rolname = 'gpu'"):
        database.run("create role gpu login noinherit in role anon, authenticated")
    direct = f"postgresql://gpu@/{database.name}?host={database.server.socket_directory}&port=5432"
    urls = {"http": gateway.url, "libpq": direct}
    runners = []

    def start(name, *options, **settings):
        settings = {"key": key, **settings}
        runners.append(PullRunner(directory, settings.pop("url", urls[transport]), name, *options, **settings))
        return runners[-1]

    site = types.SimpleNamespace(database=database, gateway=gateway, urls=urls, key=key, start=start, runners=runners)
    site.user = database.add_user("alice")
    site.wait_until_claimed = lambda count: wait_until(
        lambda: database.value("select count(*) from atelier_engine.queue where state = 'leased'") == count, 60
    )
    site.wait_until_computing = lambda job: wait_until(
        lambda: database.value("select progress > 0 from atelier_engine.queue where job_id = %s", job),
        60,
        lambda: f"nobody computes it: {database.attempts(job)}\n" + "\n".join(runner.log() for runner in runners),
    )
    return site


@contextlib.contextmanager
def opened(site):
    try:
        yield site
    finally:
        for runner in site.runners:
            runner.kill()
        site.gateway.stop()


@pytest.fixture
def site(shared_database, transport, tmp_path):
    with opened(make_site(shared_database, transport, tmp_path)) as site:
        yield site


def expire_leases(database, worker):
    """As if the time of this worker's leases were over; the janitor settles them."""
    database.run(
        "update atelier_engine.queue q set lease_expires_at = clock_timestamp() from atelier.endpoints e"
        " where e.id = q.endpoint_id and q.state = 'leased' and e.name = 'worker ' || %s",
        worker,
    )


@both_transports
def test_a_worker_makes_pictures_and_ends_when_told_to(site):
    runner = site.start("gpu-1").wait_until_ready()
    jobs = [site.user.queue(f"a red circle {number}", n=2, seed=number) for number in range(5)]
    site.database.wait_until_finished(jobs)
    site.database.assert_completed_exactly_once(jobs, pictures_each=2)
    assert {size_of(picture) for job in jobs for picture in site.user.pictures(job)} == {(64, 64)}
    assert len({picture for job in jobs for picture in site.user.pictures(job)}) == 10
    seeds = "select array_agg(generation_seed order by asset_index) from atelier.workspace_assets where job_id = %s"
    assert site.user.value(seeds, jobs[3]) == [3, 4]
    told = site.database.value("select metadata -> 'provider' from atelier.jobs where id = %s", jobs[0])
    assert told["size"] == "64x64" and told["usage"]["input_tokens"] > 0 and told["timings"]["denoise_ms"] > 0
    healthy = site.database.run("select name, is_healthy, busy from atelier.health_check_workers()")
    assert healthy == [("gpu-1", True, 0)]
    runner.terminate()
    assert runner.wait() == 0, runner.log()


def test_what_the_model_cannot_make_fails_with_its_reason(site):
    site.start("gpu-1", "--max-steps", "10").wait_until_ready()
    impossible, possible = site.user.queue("a star", steps=20), site.user.queue("a star", steps=5)
    site.database.wait_until_finished([impossible, possible])
    job = site.database.job(impossible)
    assert (job["status"], job["error_class"]) == ("failed", "invalid_input"), job
    assert "steps must be between 1 and 10" in job["error_message"]
    site.database.assert_completed_exactly_once([possible])


@both_transports
def test_what_a_killed_worker_had_is_finished_by_another_exactly_once(site):
    first = site.start("first").wait_until_ready()
    jobs = [site.user.queue("a blue square", seed=number, **SLOW) for number in range(3)]
    site.wait_until_claimed(2)
    first.kill()
    site.start("second").wait_until_ready()
    site.database.wait_until_finished(jobs[2:])
    expire_leases(site.database, "first")
    site.database.wait_until_finished(jobs, 150)
    site.database.assert_completed_exactly_once(jobs)
    assert sorted(len(site.database.attempts(job)) for job in jobs) == [1, 2, 2]


def test_two_workers_share_a_queue(site):
    workers = [site.start("left", url=site.urls["http"]), site.start("right", url=site.urls["libpq"])]
    for worker in workers:
        worker.wait_until_ready()
    jobs = [site.user.queue("a green star", seed=number, steps=60) for number in range(16)]
    site.database.wait_until_finished(jobs)
    site.database.assert_completed_exactly_once(jobs)
    done = site.database.run(
        "select endpoint_name, count(*) from atelier_engine.attempts group by endpoint_name order by endpoint_name"
    )
    assert [name for name, _ in done] == ["worker left", "worker right"]
    assert sum(count for _, count in done) == 16 and min(count for _, count in done) >= 3, done


@both_transports
def test_a_cancelled_job_is_stopped_and_not_delivered(site):
    runner = site.start("gpu-1").wait_until_ready()
    endless = site.user.queue("a circle", **ENDLESS)
    waiting = site.user.queue("a circle", steps=2)
    wait_until(lambda: site.database.attempts(endless), 60, runner.log)
    site.user.run("select atelier.cancel_job(%s)", endless)
    site.database.wait_for_status(endless, "cancelled", seconds=30)
    runner.wait_for_log("is stopped: it is not wanted any more")
    site.database.wait_until_finished([waiting])
    site.database.assert_completed_exactly_once([waiting])
    assert site.database.value("select count(*) from atelier.workspace_assets where job_id = %s", endless) == 0
    assert [attempt["state"] for attempt in site.database.attempts(endless)] == ["cancelled"]


def test_told_to_stop_it_finishes_the_picture_in_hand_and_gives_the_rest_back(site):
    first = site.start("first", "--max-jobs", "3").wait_until_ready()
    jobs = [site.user.queue("a square", seed=number, **SLOW) for number in range(3)]
    site.wait_until_claimed(3)
    site.wait_until_computing(jobs[0])
    first.terminate()
    assert first.wait() == 0, first.log()
    assert [site.database.status(job) for job in jobs] == ["completed", "queued", "queued"], first.log()
    site.start("second").wait_until_ready()
    site.database.wait_until_finished(jobs)
    site.database.assert_completed_exactly_once(jobs)
    # What was given back has lost nothing.
    assert {site.database.attempts(job)[0]["error_class"] for job in jobs[1:]} == {"throttled"}


def test_told_twice_it_gives_back_everything_at_once(site):
    first = site.start("first").wait_until_ready()
    endless = site.user.queue("a circle", **ENDLESS)
    site.wait_until_computing(endless)
    first.terminate()
    first.wait_for_log("finishing what is being computed")
    first.terminate()
    assert first.wait(30) == 0, first.log()
    assert site.database.status(endless) == "queued"
    assert [attempt["error_class"] for attempt in site.database.attempts(endless)] == ["throttled"]
    # It waits for the worker to come back, however long that takes.
    site.database.run("update atelier.endpoints set unavailable_timeout = '0 s'")
    assert site.database.value("select atelier_engine.fail_unreachable(10)") == 0
    assert site.database.status(endless) == "queued"


def test_a_worker_that_starts_again_settles_what_it_had(site):
    first = site.start("gpu-1").wait_until_ready()
    jobs = [site.user.queue("a star", seed=number, **SLOW) for number in range(2)]
    site.wait_until_claimed(2)
    first.kill()
    site.start("gpu-1").wait_until_ready()
    site.database.wait_until_finished(jobs)
    site.database.assert_completed_exactly_once(jobs)


@pytest.mark.parametrize(("transport", "how"), [("http", "stop"), ("libpq", "kill_everything")])
def test_a_result_arrives_after_the_database_was_restarted(make_server, transport, how, tmp_path):
    server = make_server(atelier__runner_enabled="off")
    database = Database.create(server, "studio")
    with opened(make_site(database, transport, tmp_path)) as site:
        runner = site.start("gpu-1").wait_until_ready()
        job = site.user.queue("a red circle", **SLOW)
        site.wait_until_computing(job)
        getattr(server, how)()
        # The picture is made while there is nobody to give it to.
        runner.wait_for_log("cannot report", 120)
        server.start()
        database.reconnect()
        database.wait_until_finished([job])
        runner.wait_for_log("the server answers again")
        database.assert_completed_exactly_once([job])
        assert len(database.attempts(job)) == 1
        site.user.connect()
        after = site.user.queue("a star", steps=2)
        database.wait_until_finished([after])
        database.assert_completed_exactly_once([after])
        runner.terminate()
        assert runner.wait() == 0, runner.log()


def test_a_worker_waits_for_a_server_that_is_not_there_yet(shared_database, tmp_path):
    with opened(make_site(shared_database, "http", tmp_path)) as site:
        if not isinstance(site.gateway, Gateway):
            pytest.skip("PostgREST is not stopped here")
        site.gateway.listener.shutdown()
        site.gateway.listener.server_close()
        runner = site.start("gpu-1")
        runner.wait_for_log("trying again until it answers")
        site.gateway.start()
        runner.wait_until_ready()


@both_transports
def test_an_unknown_key_is_an_error_with_an_exit_status_of_its_own(site):
    runner = site.start("gpu-1", key="atelier_" + 64 * "0")
    assert runner.wait() == EXIT_REFUSED, runner.log()
    assert "unknown API key" in runner.log()


def test_a_revoked_key_ends_a_worker_after_the_picture_in_hand(site):
    runner = site.start("gpu-1").wait_until_ready()
    job = site.user.queue("a red circle", **SLOW)
    site.wait_until_computing(job)
    site.database.run("update atelier.api_keys set revoked_at = clock_timestamp()")
    assert runner.wait() == EXIT_REFUSED, runner.log()
    assert "the API key was revoked" in runner.log()
    site.database.assert_completed_exactly_once([job])


@both_transports
def test_a_key_without_the_scopes_is_refused(site):
    reader = site.user.value("select secret from atelier.create_api_key(name => 'reader', scopes => '{read}')")
    runner = site.start("gpu-1", key=reader)
    assert runner.wait() == EXIT_REFUSED, runner.log()


def test_an_unknown_model_is_refused_with_the_reason(site):
    runner = site.start("gpu-1", "--model-id", "another")
    assert runner.wait() == EXIT_REFUSED, runner.log()
    assert "unknown model" in runner.log()


def test_a_database_role_may_stand_for_the_key(shared_database, tmp_path):
    """The role is the back end itself, so that nothing but its login is needed."""
    with opened(make_site(shared_database, "libpq", tmp_path)) as site:
        if not shared_database.run("select 1 from pg_roles where rolname = 'gpu_back_end'"):
            shared_database.run("create role gpu_back_end login in role service_role")
        url = site.urls["libpq"].replace("gpu@", "gpu_back_end@")
        site.start("gpu-1", url=url, key=None).wait_until_ready()
        job = site.user.queue("a star")
        shared_database.wait_until_finished([job])
        shared_database.assert_completed_exactly_once([job])
        refused = site.start("gpu-2", key=None)  # the other role is nobody without a key
        assert refused.wait() == EXIT_REFUSED, refused.log()


def test_a_login_that_the_database_refuses_is_an_error_with_an_exit_status_of_its_own(shared_database, tmp_path):
    with opened(make_site(shared_database, "libpq", tmp_path)) as site:
        stranger = site.start("gpu-1", url=site.urls["libpq"].replace("gpu@", "stranger@"))
        assert stranger.wait() == EXIT_REFUSED, stranger.log()
        assert '28000: role "stranger" does not exist' in stranger.log()
        lost = site.start("gpu-2", url=site.urls["libpq"].replace(shared_database.name, "nowhere"))
        assert lost.wait() == EXIT_REFUSED, lost.log()
        assert '3D000: database "nowhere" does not exist' in lost.log()


def test_a_signed_token_of_an_administrator_stands_for_the_key(shared_database, tmp_path):
    with opened(make_site(shared_database, "http", tmp_path)) as site:
        operator = shared_database.value("select user_id from atelier.user_roles where role = 'admin'")
        token = make_token({"sub": operator, "role": "authenticated"})
        site.start("gpu-1", key=token).wait_until_ready()
        job = site.user.queue("a star")
        shared_database.wait_until_finished([job])
        shared_database.assert_completed_exactly_once([job])
        expired = site.start("gpu-2", key=make_token({"sub": operator, "role": "authenticated", "exp": 1}))
        assert expired.wait() == EXIT_REFUSED, expired.log()
        assert "JWT expired" in expired.log()


def test_the_key_may_come_from_the_environment_and_is_for_the_door_alone(shared_database, tmp_path):
    with opened(make_site(shared_database, "http", tmp_path)) as site:
        site.start("gpu-1", key=None, environment={"ATELIER_KEY": site.key}).wait_until_ready()
        job = site.user.queue("a star")
        shared_database.wait_until_finished([job])
        if isinstance(site.gateway, Gateway):
            sent = {path: headers.get("x-api-key") for path, headers, _ in site.gateway.seen}
            assert sent["/rpc/claim_jobs"] == site.key
            assert sent["/rpc/job_callback"] is None  # the token in the report is enough


def test_no_secret_is_taken_from_the_command_line(tmp_path):
    for url in ("https://key@localhost/", "http://user:key@localhost", "postgresql://gpu:key@localhost/studio"):
        runner = PullRunner(tmp_path, url, "gpu-1")
        assert runner.wait() == EXIT_MISTAKE, runner.log()


def test_the_certificate_of_the_server_is_verified(shared_database, tmp_path):
    certificate = tmp_path / "server.pem"
    arguments = ["-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    arguments += ["-addext", "subjectAltName=DNS:localhost", "-keyout", certificate, "-out", tmp_path / "ca.pem"]
    subprocess.run(["openssl", "req", *map(str, arguments)], check=True, stderr=subprocess.DEVNULL)
    with open(certificate, "a", encoding="ascii") as file:
        file.write((tmp_path / "ca.pem").read_text(encoding="ascii"))
    with opened(make_site(shared_database, "libpq", tmp_path)) as site:
        gateway = Gateway(shared_database, certificate)
        stranger = site.start("stranger", url=gateway.url)
        stranger.wait_for_log("certificate")
        assert gateway.seen == []
        stranger.process.send_signal(signal.SIGTERM)
        site.start("friend", "--ca-file", tmp_path / "ca.pem", url=gateway.url).wait_until_ready()
        job = site.user.queue("a star")
        shared_database.wait_until_finished([job])
        for runner in site.runners:
            runner.kill()
        gateway.stop()
