"""The inference server is down, slow or wrong: the job is retried or fails with the reason, and memory stays flat."""

import json

import pytest
from harness import inference
from harness.inference import Gate, in_turn, pictures, status
from harness.waiting import wait_until

MIB = 1 << 20


@pytest.fixture
def alice(shared_database, fake):
    return shared_database.add_user("alice")


def resident(server, name):
    return server.process(name).resident_bytes()


def test_a_server_that_is_down_costs_no_attempt(shared_database, fake, alice):
    fake.stop()
    job_id = alice.queue("down")
    waiting = wait_until(
        lambda: (job := shared_database.job(job_id))["error_class"] == "unavailable"
        and job["status"] == "queued"
        and job
    )
    assert waiting["attempts"] == 0
    assert waiting["error_message"]
    fake.start()
    done = shared_database.wait_for_status(job_id, "completed")
    assert done["error_message"] is None and done["error_class"] is None
    shared_database.assert_completed_exactly_once([job_id])
    assert fake.counts() == {"down": 1}


def test_a_server_that_stays_down_fails_the_job(shared_database, fake, alice):
    fake.stop()
    shared_database.change_endpoint(unavailable_timeout="2 seconds")
    job = shared_database.wait_for_status(alice.queue("gone for good"), "failed")
    assert job["error_class"] == "unavailable"
    assert job["error_message"]


@pytest.mark.parametrize(
    "behaviour, error_class",
    [
        (inference.garbage, "bad_response"),
        (inference.truncated_picture, "bad_response"),
        (inference.answer(b'{"error": {"message": "the model is on fire"}}'), "bad_response"),
        (inference.answer(b'{"data": []}'), "bad_response"),
        (inference.answer(b"<html>Welcome</html>", "text/html"), "bad_response"),
        (inference.truncated_body, "ambiguous"),
        (inference.hang_up, "ambiguous"),
        (status("500 Internal Server Error", b"out of memory"), "overload"),
    ],
    ids=[
        "garbage",
        "truncated-picture",
        "error-body-with-200",
        "no-picture",
        "web-page",
        "truncated-body",
        "hang-up",
        "500",
    ],
)
class TestWrongAnswers:
    def test_a_wrong_answer_is_retried(self, shared_database, fake, alice, behaviour, error_class):
        fake.behaviour = in_turn(behaviour, pictures)
        job_id = alice.queue("second time lucky")
        shared_database.wait_for_status(job_id, "completed", "failed")
        shared_database.assert_completed_exactly_once([job_id])
        first, second = shared_database.attempts(job_id)
        assert first["error_class"] == error_class
        assert first["error_message"]
        assert second["state"] == "succeeded"
        assert fake.counts() == {"second time lucky": 2}

    def test_an_answer_that_stays_wrong_fails_the_job(self, shared_database, fake, alice, behaviour, error_class):
        fake.behaviour = behaviour
        job = shared_database.wait_for_status(alice.queue("never"), "failed", "completed")
        assert job["status"] == "failed"
        assert job["error_class"] == error_class
        assert job["error_message"]
        assert fake.counts() == {"never": job["max_attempts"]}
        shared_database.assert_no_stray_objects()


def test_the_reason_of_the_server_reaches_the_user(shared_database, fake, alice):
    fake.behaviour = status("400 Bad Request", b'{"error": {"message": "size must be a multiple of 8"}}')
    job = shared_database.wait_for_status(alice.queue("odd size"), "failed")
    assert "size must be a multiple of 8" in job["error_message"]
    assert job["error_class"] == "invalid_input"
    assert fake.counts() == {"odd size": 1}


@pytest.mark.parametrize(
    "line, error_class",
    [
        ("401 Unauthorized", "auth"),
        ("402 Payment Required", "payment"),
        ("422 Unprocessable Entity", "invalid_input"),
    ],
)
def test_what_a_retry_cannot_change_fails_at_once(shared_database, fake, alice, line, error_class):
    fake.behaviour = status(line)
    job = shared_database.wait_for_status(alice.queue("no"), "failed")
    assert job["error_class"] == error_class
    assert fake.counts() == {"no": 1}


def test_a_throttled_job_waits_as_long_as_it_is_told(shared_database, fake, alice):
    fake.behaviour = in_turn(
        status("429 Too Many Requests", headers=["Retry-After: 2"]), pictures
    )
    job_id = alice.queue("slowly")
    shared_database.wait_for_status(job_id, "completed")
    first, second = (seen[4] for seen in fake.requests)
    assert second - first >= 2
    assert shared_database.attempts(job_id)[0]["error_class"] == "throttled"


def test_a_server_that_never_answers_is_given_up(shared_database, fake, alice):
    shared_database.change_endpoint(first_byte_timeout_ms=300)
    silent = Gate()
    fake.behaviour = in_turn(silent, pictures)
    job_id = alice.queue("hello?")
    shared_database.wait_for_status(job_id, "completed")
    shared_database.assert_completed_exactly_once([job_id])
    assert shared_database.attempts(job_id)[0]["error_class"] == "ambiguous"
    wait_until(lambda: silent.disconnected == 1, message="the connection of the given-up request stayed open")


def test_a_slow_server_delays_nobody_else(shared_database, fake, alice):
    gate = Gate()
    fake.behaviour = lambda exchange: (gate if exchange.prompt == "slow" else pictures)(exchange)
    slow = alice.queue("slow")
    wait_until(lambda: gate.waiting == 1)
    quick = [alice.queue(f"quick {number}") for number in range(10)]
    shared_database.wait_until_finished(quick)
    shared_database.wait_for_status(slow, "processing")
    gate.open()
    shared_database.wait_until_finished([slow])
    shared_database.assert_completed_exactly_once([slow, *quick])


def test_five_gigabytes_are_cut_off(shared_database, fake, alice):
    server = shared_database.server
    shared_database.wait_for_status(alice.queue("warm up"), "completed")
    before = {name: resident(server, name) for name in ("atelier-courier", "atelier dispatcher")}
    fake.behaviour = inference.enormous(5 << 30)
    job = shared_database.wait_for_status(alice.queue("the whole internet"), "failed", "completed")
    assert job["error_class"] == "too_large"
    assert job["error_message"]
    # The limit counts the picture; base64 and what is in the sockets come on top.
    limit = shared_database.value("select max_output_bytes from atelier.endpoints where is_active")
    assert fake.sent_bytes < limit * 4 / 3 + 32 * MIB
    for name, bytes_before in before.items():
        assert resident(server, name) < bytes_before + 16 * MIB, name
    assert list(server.data.glob("base/pgsql_tmp/*")) == []


def test_memory_stays_flat_over_many_jobs(shared_database, fake, alice):
    server = shared_database.server
    shared_database.change_endpoint(max_concurrency=16, breaker_threshold=1000)
    fake.behaviour = in_turn(inference.truncated_picture, pictures)

    def run(count):
        jobs = alice.run(
            "select (atelier.queue_job(prompt => 'picture ' || gen_random_uuid(), parameters =>"
            " '{\"width\": 512, \"height\": 512}')).id from generate_series(1, %s)",
            count,
        )
        shared_database.wait_until_finished([row[0] for row in jobs])
        return {name: resident(server, name) for name in ("atelier-courier", "atelier dispatcher")}

    before = run(150)
    after = run(450)
    for name, bytes_before in before.items():
        assert after[name] < bytes_before + 8 * MIB, (name, bytes_before, after[name])


def test_a_unix_socket_works_like_a_port(shared_database, alice):
    path = f"{shared_database.server.socket_directory}/inference.sock"
    with inference.FakeInferenceServer(socket_path=path) as local:
        shared_database.change_endpoint(base_url=local.url)
        job_id = alice.queue("local", n=2)
        shared_database.wait_for_status(job_id, "completed")
        shared_database.assert_completed_exactly_once([job_id], pictures_each=2)
        assert local.counts() == {"local": 1}


def test_the_request_says_what_was_asked(shared_database, fake, alice):
    job_id = alice.value(
        "select (atelier.queue_job(prompt => %s, negative_prompt => 'blur', parameters => %s)).id",
        "ein Gr\u00fcner Baum \U0001f333 \"quoted\" \\ back",
        json.dumps({"width": 128, "height": 64, "steps": 7, "guidance": 3.5, "seed": 42, "n": 2}),
    )
    shared_database.wait_for_status(job_id, "completed")
    _, request, line, _, _ = fake.requests[0]
    assert line == "POST /v1/images/generations HTTP/1.1"
    assert request["prompt"] == "ein Gr\u00fcner Baum \U0001f333 \"quoted\" \\ back"
    assert request["negative_prompt"] == "blur"
    assert request["size"] == "128x64"
    assert request["response_format"] == "b64_json"
    assert (request["n"], request["steps"], request["guidance"], request["seed"]) == (2, 7, 3.5, 42)
