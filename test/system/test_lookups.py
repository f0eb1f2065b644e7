"""Whoever carried a request is dead before the answer came, and the provider is asked what became of it: nothing that was
paid for is asked for twice, and nothing that was done is lost."""

import json

import pytest
from harness.inference import Gate, answer, pictures, status
from harness.waiting import wait_until


class Provider:
    """Knows its requests by the id that the client gave them, and goes on with them whether or not anybody listens."""

    def __init__(self, fake):
        self.fake = fake
        self.asked = []
        self.says = status("404 Not Found", b"{}")
        fake.behaviour = self.gate = Gate()
        fake.health_behaviour = self.look_up

    def look_up(self, exchange):
        self.asked.append(exchange.path)
        self.says(exchange)

    def finished(self, exchange):
        """The picture of the only prompt there is."""
        with self.fake.lock:
            exchange.request, exchange.prompt = self.fake.requests[0][1], self.fake.requests[0][0]
        pictures(exchange)


@pytest.fixture
def alice(shared_database, fake):
    return shared_database.add_user("alice")


@pytest.fixture
def provider(shared_database, fake):
    shared_database.run(
        """update atelier.api_providers set adapter_options = '{"lookup": "/images/generations/{id}"}'"""
    )
    shared_database.change_endpoint(ambiguity_policy="lookup", probe_interval="0")
    return Provider(fake)


def kill_the_courier(database):
    database.server.process("atelier-courier").kill(9)


def kill_the_dispatcher(database):
    database.run("select pg_terminate_backend(%s)", database.wait_for_workers()["dispatcher"])


def lose(database, provider, user, prompt, kill=kill_the_courier):
    """A job whose request is at the provider when its carrier dies."""
    job_id = user.queue(prompt)
    wait_until(lambda: provider.gate.waiting == 1, message="the request does not arrive")
    kill(database)
    wait_until(lambda: provider.gate.disconnected == 1)
    return job_id


@pytest.mark.parametrize("kill", [kill_the_courier, kill_the_dispatcher])
def test_a_request_that_is_finished_meanwhile_is_not_made_again(shared_database, fake, provider, alice, kill):
    provider.says = status("202 Accepted", b'{"status": "running", "progress": 0.5}')
    job_id = lose(shared_database, provider, alice, "paid", kill)
    wait_until(lambda: len(provider.asked) > 1, message="the provider is not asked")
    explained = alice.value("select atelier.explain_job(%s)", job_id)
    assert explained["reasons"][0]["code"] == "looking_up", explained
    wait_until(
        lambda: alice.value("select progress from atelier.job_progress(%s)", job_id) == 0.5, message="no progress"
    )
    provider.says = provider.finished
    shared_database.wait_for_status(job_id, "completed")
    shared_database.assert_completed_exactly_once([job_id])
    assert fake.counts() == {"paid": 1}
    (attempt,) = shared_database.attempts(job_id)
    assert fake.requests[0][3]["x-request-id"] == attempt["id"]
    assert set(provider.asked) == {f"/v1/images/generations/{attempt['id']}"}
    assert alice.pictures(job_id)[0].startswith(b"\x89PNG")


def test_a_request_that_never_arrived_is_made_again(shared_database, fake, provider, alice):
    job_id = lose(shared_database, provider, alice, "unheard")
    provider.gate.open()
    shared_database.wait_for_status(job_id, "completed")
    shared_database.assert_completed_exactly_once([job_id])
    assert len(provider.asked) == 2, "one answer is not enough"
    assert [seen["state"] for seen in shared_database.attempts(job_id)] == ["ambiguous", "succeeded"]


def test_a_request_that_failed_there_fails_here(shared_database, fake, provider, alice):
    provider.says = answer(
        b'{"status": "failed", "error": {"message": "not such things", "code": "content_policy_violation"}}'
    )
    job_id = lose(shared_database, provider, alice, "indecent")
    job = shared_database.wait_for_status(job_id, "failed")
    assert (job["error_class"], job["attempts"]) == ("content_policy", 1)
    assert "not such things" in job["error_message"]
    assert fake.counts() == {"indecent": 1}


@pytest.mark.parametrize(
    "says",
    [status("500 Internal Server Error"), answer(b'{"status": "quite unheard of"}'), answer(b"{}"), answer(b"nonsense")],
    ids=["error", "unknown_word", "no_picture", "no_json"],
)
def test_what_a_provider_does_not_say_clearly_repeats_nothing(shared_database, fake, provider, alice, says):
    shared_database.change_endpoint(hold_timeout="3 seconds")
    provider.says = says
    job_id = lose(shared_database, provider, alice, "paid")
    wait_until(lambda: len(provider.asked) > 1, message="the provider is not asked again")
    wait_until(lambda: shared_database.value(
        "select next_check_at < clock_timestamp() from atelier_engine.queue where job_id = %s", job_id))
    shared_database.run("select atelier_engine.wake_janitor()")
    job = shared_database.wait_for_status(job_id, "failed")
    assert job["error_class"] == "ambiguous"
    assert fake.counts() == {"paid": 1}


def test_a_courier_that_dies_while_it_asks_asks_again(shared_database, fake, provider, alice):
    provider.says = gate = Gate()
    job_id = lose(shared_database, provider, alice, "paid")
    wait_until(lambda: gate.waiting == 1, message="the provider is not asked")
    provider.says = provider.finished
    kill_the_courier(shared_database)
    shared_database.wait_for_status(job_id, "completed", seconds=15)
    shared_database.assert_completed_exactly_once([job_id])
    assert fake.counts() == {"paid": 1}


def test_a_job_can_be_cancelled_while_its_provider_is_asked(shared_database, fake, provider, alice):
    provider.says = status("202 Accepted", b"{}")
    job_id = lose(shared_database, provider, alice, "never mind")
    wait_until(lambda: provider.asked, message="the provider is not asked")
    alice.run("select atelier.cancel_job(%s)", job_id)
    assert shared_database.status(job_id) == "cancelled"
    provider.says = provider.finished
    provider.gate.open()
    shared_database.wait_for_status(alice.queue("after it"), "completed")
    assert alice.pictures(job_id) == []
    wait_until(lambda: shared_database.value("select count(*) from atelier_engine.lookups") == 0)


def test_a_server_that_answers_with_data_is_asked_in_its_own_words(shared_database, fake, alice):
    shared_database.run(
        "update atelier.api_providers set adapter_options = %s",
        json.dumps({
            "path": "/predict", "result": "/output", "id_key": "client_id", "lookup": "/predictions?of={id}",
            "lookup_state": "/job/state", "lookup_states": {"ON_IT": "running", "THERE": "finished"},
            "lookup_result": "/job/output",
        }),
    )
    shared_database.change_endpoint(adapter="http_json", ambiguity_policy="lookup", probe_interval="0")
    provider = Provider(fake)
    provider.says = answer(b'{"job": {"state": "ON_IT"}}')
    job_id = lose(shared_database, provider, alice, "a question")
    wait_until(lambda: provider.asked, message="the provider is not asked")
    provider.says = answer(b'{"job": {"state": "THERE", "output": {"answer": 42}}}')
    shared_database.wait_for_status(job_id, "completed")
    assert shared_database.value("select result from atelier.generations where job_id = %s", job_id) == {"answer": 42}
    (attempt,) = shared_database.attempts(job_id)
    assert fake.requests[0][1]["client_id"] == attempt["id"]
