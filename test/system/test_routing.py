"""Where jobs go when servers fail: breakers that open and close, the other endpoint, pauses, late results."""

import pytest
from harness.inference import FakeInferenceServer, Gate, pictures, status
from harness.waiting import wait_until


@pytest.fixture
def alice(shared_database, fake):
    return shared_database.add_user("alice")


@pytest.fixture
def second(shared_database, fake):
    """A second server for the same models, one job at a time."""
    with FakeInferenceServer() as second:
        shared_database.run(
            "insert into atelier.endpoints (provider_id, name, adapter, base_url, private_network, ambiguity_policy)"
            " select id, 'second', 'openai_images', %s, true, 'retry' from atelier.api_providers"
            " where name = 'atelier-runner'",
            second.url,
        )
        yield second


def health(database, endpoint="fake"):
    return dict(
        zip(
            ("health", "breaker_state", "failure_count"),
            database.run(
                "select health, breaker_state, failure_count from atelier.endpoint_health where endpoint = %s", endpoint
            )[0],
        )
    )


def explain(user, job_id):
    return user.value("select atelier.explain_job(%s)", job_id)


def test_a_breaker_opens_when_connections_are_refused_and_closes_when_the_server_is_back(
    shared_database, fake, alice
):
    fake.stop()
    jobs = [alice.queue(f"refused {number}") for number in range(10)]
    wait_until(lambda: health(shared_database)["breaker_state"] == "open")
    assert health(shared_database)["health"] == "unavailable"
    wait_until(lambda: "circuit breaker open after could not connect" in explain(alice, jobs[-1])["summary"])
    tried = shared_database.value("select count(*) from atelier_engine.attempts")
    assert tried <= 8, "an open breaker lets requests through"
    fake.start()
    shared_database.wait_until_finished(jobs)
    assert health(shared_database) == {"health": "healthy", "breaker_state": "closed", "failure_count": 0}
    assert shared_database.value("select max(attempts) from atelier.jobs") == 1
    shared_database.assert_completed_exactly_once(jobs)


def test_a_server_that_fails_again_and_again_is_left_alone_until_a_probe_succeeds(shared_database, fake, alice):
    shared_database.change_endpoint(breaker_threshold=3)
    broken = True
    refuse = status("500 Internal Server Error")
    fake.behaviour = lambda exchange: (refuse if broken else pictures)(exchange)
    shared_database.run("alter table atelier.jobs alter max_attempts set default 100")
    jobs = [alice.queue(f"job {number}") for number in range(6)]
    wait_until(lambda: health(shared_database)["breaker_state"] == "open")
    assert health(shared_database)["health"] == "failing"
    broken = False
    shared_database.wait_until_finished(jobs)
    assert health(shared_database)["breaker_state"] == "closed"
    shared_database.assert_completed_exactly_once(jobs)


def test_a_job_goes_to_the_second_server_when_the_first_is_down(shared_database, fake, second, alice):
    fake.stop()
    jobs = [alice.queue(f"either {number}") for number in range(5)]
    shared_database.wait_until_finished(jobs, seconds=20)
    shared_database.assert_completed_exactly_once(jobs)
    assert sum(second.counts().values()) == len(jobs)


def fails_at_the_first(database, fake, user, prompt, answer):
    """A job that gets this answer from the first server, with the second one open by then."""
    gate = fake.behaviour = Gate(then=answer)
    database.run("select atelier.pause_work('endpoint', 'second')")
    job_id = user.queue(prompt)
    wait_until(lambda: gate.waiting == 1)
    database.run("select atelier.resume_work('endpoint', 'second')")
    gate.open()
    return job_id


def test_an_overloaded_server_loses_the_job_to_the_other(shared_database, fake, second, alice):
    job_id = fails_at_the_first(shared_database, fake, alice, "moved on", status("503 Service Unavailable"))
    shared_database.wait_for_status(job_id, "completed")
    assert [attempt["endpoint_name"] for attempt in shared_database.attempts(job_id)] == ["fake", "second"]
    assert fake.counts() == second.counts() == {"moved on": 1}


def test_a_throttled_server_gives_the_job_to_the_other_at_once(shared_database, fake, second, alice):
    patience = status("503 Service Unavailable", headers=["Retry-After: 600"])
    job_id = fails_at_the_first(shared_database, fake, alice, "no patience", patience)
    done = shared_database.wait_for_status(job_id, "completed", seconds=10)
    assert done["attempts"] == 1, "asking for patience costs no attempt"
    assert [attempt["error_class"] for attempt in shared_database.attempts(job_id)] == ["throttled", None]


def test_a_paused_endpoint_finishes_what_it_has_and_starts_nothing(shared_database, fake, alice):
    gate = fake.behaviour = Gate()
    running = alice.queue("running")
    wait_until(lambda: gate.waiting == 1)
    shared_database.run("select atelier.pause_work('endpoint', 'fake')")
    waiting = alice.queue("waiting")
    assert explain(alice, running)["reasons"][0]["code"] == "processing"
    assert explain(alice, waiting)["routes"][0]["why"] == "paused"
    gate.open()
    shared_database.wait_for_status(running, "completed")
    assert shared_database.status(waiting) == "queued"
    assert fake.counts() == {"running": 1}
    shared_database.run("select atelier.resume_work('endpoint', 'fake')")
    shared_database.wait_for_status(waiting, "completed")


def test_a_refused_token_rests_and_the_other_one_goes_on(shared_database, fake, alice):
    shared_database.run("update atelier.api_providers set auth_scheme = 'bearer', auth_header_name = 'Authorization'")
    for name in ("good", "bad"):
        shared_database.run("select atelier.set_provider_token('atelier-runner', %s, %s)", f"{name}-secret", name)
    shared_database.run("update atelier.provider_tokens set last_used_at = now() where name = 'good'")
    refuse = status("401 Unauthorized", b'{"error": {"message": "Bearer bad-secret is unknown"}}')
    seen = []

    def behave(exchange):
        with fake.lock:
            token = fake.requests[-1][3]["authorization"]
        seen.append(token)
        (refuse if "bad" in token else pictures)(exchange)

    fake.behaviour = behave
    first = alice.queue("first")
    shared_database.wait_for_status(first, "completed")
    assert seen == ["bearer bad-secret", "bearer good-secret"]
    second = alice.queue("second")
    shared_database.wait_for_status(second, "completed")
    assert seen[2:] == ["bearer good-secret"]
    refused = shared_database.attempts(first)[0]
    assert refused["error_class"] == "auth" and "bad-secret" not in refused["error_message"]
    assert shared_database.run("select token from atelier.token_health where breaker_state = 'open'") == [("bad",)]


def superseded_while_the_courier_sleeps(database, fake, user, prompt):
    """A job whose attempt loses its lease while the courier stands still; the answer is there when it wakes up."""
    gate = fake.behaviour = Gate()
    job_id = user.queue(prompt)
    wait_until(lambda: gate.waiting == 1)
    database.run("select atelier.pause_work('endpoint', 'fake')")
    with database.server.process("atelier-courier").stopped():
        gate.open()
        assert database.value(
            "update atelier_engine.queue set lease_expires_at = clock_timestamp();"
            " select atelier_engine.reap_expired_leases()"
        ) == 1
    return job_id


def test_the_result_of_a_superseded_attempt_can_be_adopted(shared_database, fake, alice):
    job_id = superseded_while_the_courier_sleeps(shared_database, fake, alice, "too late")
    (late,) = wait_until(lambda: shared_database.run("select attempt_id, status, outputs from atelier.late_results"))
    assert late[1:] == ("queued", 1)
    assert alice.pictures(job_id) == []
    assert shared_database.value("select (atelier.adopt_late_result(%s)).status", late[0]) == "completed"
    shared_database.run("select atelier.resume_work('endpoint', 'fake')")
    shared_database.assert_completed_exactly_once([job_id])
    assert alice.pictures(job_id)[0].startswith(b"\x89PNG")
    assert fake.counts() == {"too late": 1}, "what was paid for is not asked for again"


def test_a_held_job_is_completed_by_its_own_late_answer(shared_database, fake, alice):
    shared_database.change_endpoint(ambiguity_policy="hold")
    job_id = superseded_while_the_courier_sleeps(shared_database, fake, alice, "held")
    shared_database.wait_for_status(job_id, "completed")
    shared_database.assert_completed_exactly_once([job_id])
    assert shared_database.run("select from atelier.held_jobs") == []
    assert fake.counts() == {"held": 1}


def test_the_late_result_of_a_cancelled_job_is_dropped(shared_database, fake, alice):
    gate = fake.behaviour = Gate()
    job_id = alice.queue("never mind")
    wait_until(lambda: gate.waiting == 1)
    with shared_database.server.process("atelier-courier").stopped():
        gate.open()
        alice.run("select atelier.cancel_job(%s)", job_id)
        shared_database.run("update atelier_engine.queue set lease_expires_at = clock_timestamp()")
        shared_database.run("select atelier_engine.reap_expired_leases()")
        assert shared_database.status(job_id) == "cancelled"
    after = alice.queue("after it")
    shared_database.wait_for_status(after, "completed")
    assert shared_database.run("select from atelier.late_results") == []
    assert alice.pictures(job_id) == []
    shared_database.assert_no_stray_objects()


def test_a_paused_user_waits_and_the_others_do_not(shared_database, fake, alice):
    bob = shared_database.add_user("bob")
    shared_database.run("select atelier.pause_work('user', %s)", alice.id)
    paused, served = alice.queue("paused"), bob.queue("served")
    shared_database.wait_for_status(served, "completed")
    assert explain(alice, paused)["reasons"][0]["code"] == "paused"
    assert shared_database.status(paused) == "queued"
    shared_database.run("select atelier.resume_work('user', %s)", alice.id)
    shared_database.wait_for_status(paused, "completed")
