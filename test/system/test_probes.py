"""Servers are asked how they are: a dead one is known to be dead before a job goes there, and no job has to find out whether
it is back."""

import pytest
from harness.database import Database
from harness.inference import FakeInferenceServer, Gate, status
from harness.waiting import wait_until

# An endpoint is first asked when it has been there for as long.
OFTEN = "1 second"


@pytest.fixture
def alice(shared_database, fake):
    return shared_database.add_user("alice")


@pytest.fixture
def asked(shared_database, fake):
    shared_database.change_endpoint(probe_interval=OFTEN)


def health(database, endpoint="fake"):
    return database.run(
        "select health, breaker_state from atelier.endpoint_health where endpoint = %s", endpoint
    )[0]


def test_an_idle_server_that_dies_is_known_to_be_dead_before_a_job_goes_there(shared_database, fake, alice, asked):
    wait_until(lambda: fake.health_requests, message="nobody asks")
    assert fake.health_requests[0][0] == "GET /v1/models HTTP/1.1"
    assert health(shared_database) == ("healthy", "closed")
    fake.stop()
    wait_until(lambda: health(shared_database)[0] == "unavailable", message=lambda: health(shared_database))
    job_id = alice.queue("patient")
    shared_database.run("select atelier_engine.wake_dispatcher()")
    wait_until(lambda: "could not connect" in alice.value("select atelier.explain_job(%s)", job_id)["summary"])
    fake.start()
    shared_database.wait_for_status(job_id, "completed")
    assert [attempt["state"] for attempt in shared_database.attempts(job_id)] == ["succeeded"], "a job was risked"
    assert health(shared_database) == ("healthy", "closed")


def test_a_server_that_says_it_is_not_well_gets_no_job_until_it_says_it_is(shared_database, fake, alice, asked):
    fake.health_behaviour = status("503 Service Unavailable", b"loading")
    wait_until(lambda: health(shared_database) == ("failing", "open"), message=lambda: health(shared_database))
    job_id = alice.queue("patient")
    count = len(fake.health_requests)
    wait_until(lambda: len(fake.health_requests) > count + 1, message="the question is not repeated")
    assert fake.counts() == {}
    fake.health_behaviour = status("200 OK", b"{}")
    shared_database.wait_for_status(job_id, "completed")
    shared_database.assert_completed_exactly_once([job_id])


def test_a_question_that_is_not_answered_holds_up_no_other_endpoint(shared_database, fake, alice, asked):
    fake.health_behaviour = gate = Gate()
    wait_until(lambda: gate.waiting == 1, message="nobody asks")
    with FakeInferenceServer() as second:
        shared_database.run(
            "insert into atelier.endpoints (provider_id, name, adapter, base_url, private_network, max_concurrency)"
            " select id, 'second', 'openai_images', %s, true, 4 from atelier.api_providers where name = 'atelier-runner'",
            second.url,
        )
        jobs = [alice.queue(f"job {number}") for number in range(20)]
        shared_database.wait_until_finished(jobs, seconds=8)
        shared_database.assert_completed_exactly_once(jobs)
    assert gate.waiting == 1, "the test is over too late"
    gate.open()


def test_a_busy_server_is_not_asked(shared_database, fake, alice):
    fake.behaviour = gate = Gate()
    job_id = alice.queue("long")
    wait_until(lambda: gate.waiting == 1)
    shared_database.change_endpoint(probe_interval=OFTEN)
    began = shared_database.value("select now()")
    wait_until(lambda: shared_database.value("select now() > %s::timestamptz + interval '3 s'", began))
    assert fake.health_requests == []
    gate.open()
    shared_database.wait_for_status(job_id, "completed")
    wait_until(lambda: fake.health_requests, message="nobody asks")


def test_a_health_path_with_a_slash_begins_at_the_root_and_carries_the_token(shared_database, fake, asked):
    shared_database.run("update atelier.api_providers set auth_scheme = 'bearer', auth_header_name = 'Authorization'")
    shared_database.run("select atelier.set_provider_token('atelier-runner', 'a-secret-token')")
    shared_database.change_endpoint(health_path="/health")
    line, headers = wait_until(lambda: [seen for seen in fake.health_requests if "authorization" in seen[1]])[0]
    assert line == "GET /health HTTP/1.1"
    assert headers["authorization"] == "bearer a-secret-token"


def test_nothing_is_asked_where_the_setting_is_off(make_server):
    server = make_server(atelier__runner_enabled="off", atelier__probe_interval="0", atelier__poll_interval="100")
    database = Database.create(server, "quiet")
    with FakeInferenceServer() as fake:
        database.use_only(fake)
        database.wait_for_workers()
        database.run("update atelier.endpoints set updated_at = now() - interval '1 day'")
        alice = database.add_user("alice")
        database.wait_for_status(alice.queue("a job"), "completed")
        assert fake.health_requests == []
        server.reload(atelier__probe_interval="1")
        wait_until(lambda: fake.health_requests, message="the setting is not read again")


def test_a_killed_courier_loses_a_question_and_no_more(shared_database, fake, alice, asked):
    fake.stop()
    wait_until(lambda: health(shared_database)[0] == "unavailable", message=lambda: health(shared_database))
    fake.health_behaviour = gate = Gate()
    fake.start()
    wait_until(lambda: gate.waiting == 1, message="nobody asks")
    job_id = alice.queue("after it")
    shared_database.server.process("atelier-courier").kill(9)
    shared_database.wait_for_status(job_id, "completed", seconds=8)
    shared_database.assert_completed_exactly_once([job_id])
    assert gate.disconnected == 1
    wait_until(lambda: health(shared_database) == ("healthy", "closed"))
