"""A language model rewrites a prompt before the picture is made: it answers, fails, or is not wanted any more."""

import json
import sys

import pytest
from harness.server import CHECKOUT
from harness.waiting import wait_until

sys.path.insert(0, str(CHECKOUT / "test"))

from simulator import Simulator  # noqa: E402
from simulator.openai_chat import reply  # noqa: E402

SECRET = "sk-simulated"


@pytest.fixture
def simulator():
    with Simulator() as simulator:
        yield simulator


@pytest.fixture
def talker(simulator, shared_database, fake):
    """A site with a language model; pictures are made by the fake."""
    database = shared_database
    site = simulator.open("openai_chat", SECRET)
    database.run("insert into atelier.api_providers (name, display_name, auth_scheme) values ('chat', 'Chat', 'bearer')")
    database.run("select atelier.set_provider_token('chat', %s)", SECRET)
    database.run(
        "insert into atelier.endpoints (provider_id, name, adapter, base_url, max_concurrency, ambiguity_policy,"
        " private_network, health_path)"
        " select id, 'chat', 'openai_chat', %s, 8, 'retry', true, '' from atelier.api_providers where name = 'chat'",
        site.base_url,
    )
    database.run(
        "insert into atelier.api_models (provider_id, model_key, display_name, modality, is_default)"
        " select id, %s, 'Talker', 'chat', true from atelier.api_providers where name = 'chat'",
        site.protocol.models[0],
    )
    return site


@pytest.fixture
def alice(talker, shared_database):
    return shared_database.add_user("alice")


def queue(user, prompt, **enhancement):
    return user.value(
        "select (atelier.queue_job(prompt => %s, enhancement => %s)).id", prompt, json.dumps(enhancement or True)
    )


def outcome(database, job):
    return database.run(
        "select j.status, j.original_prompt, j.enhanced_prompt, j.enhancement_strategy, e.fallback_reason"
        "  from atelier.jobs j left join atelier.prompt_enhancements e on e.job_id = j.id where j.id = %s",
        job,
    )[0]


def test_what_the_language_model_says_is_what_is_drawn(shared_database, fake, talker, alice):
    job = queue(alice, "a red circle")
    shared_database.wait_for_status(job, "completed")
    drawn = reply("a red circle")
    assert outcome(shared_database, job) == ("completed", "a red circle", drawn, "rewritten", None)
    assert fake.counts() == {drawn: 1}
    (asked,) = talker.submissions
    messages = json.loads(asked.request.body)["messages"]
    assert [message["role"] for message in messages] == ["system", "user"]
    assert "fit for all ages" in messages[0]["content"] and messages[1]["content"] == "a red circle"


@pytest.mark.parametrize(
    ("prompt", "reason"),
    [("a fault:invalid circle", "failed"), ("a fault:moderated circle", "refused"), ("a fault:large circle", "failed"),
     ("circle, " * 110, "too_long"), ("a circle, sorry for the naked truth", "content_mode")],
)  # fmt: skip
def test_when_it_fails_the_raw_prompt_is_drawn(shared_database, fake, alice, prompt, reason):
    job = queue(alice, prompt)
    shared_database.wait_for_status(job, "completed")
    assert outcome(shared_database, job) == ("completed", prompt, None, "error_fallback", reason)
    assert fake.counts() == {prompt: 1}


def test_an_exact_copy_asks_nobody(shared_database, fake, talker, alice):
    job = queue(alice, "a red circle", mode="exact_copy")
    shared_database.wait_for_status(job, "completed")
    assert outcome(shared_database, job) == ("completed", "a red circle", None, "exact_copy", None)
    assert (fake.counts(), talker.submissions) == ({"a red circle": 1}, [])


def test_cancelling_the_picture_stops_the_language_model(shared_database, fake, talker, alice):
    job = queue(alice, "a fault:hold_running circle")
    wait_until(lambda: talker.accepted)
    assert alice.value("select (atelier.cancel_job(%s)).status", job) == "cancelled"
    wait_until(lambda: talker.left, message="the request still runs at the language model")
    chat = shared_database.value("select enhancement_job_id from atelier.prompt_enhancements where job_id = %s", job)
    shared_database.wait_for_status(chat, "cancelled", seconds=15)
    assert outcome(shared_database, job) == ("cancelled", "a fault:hold_running circle", None, "error_fallback", "cancelled")
    assert fake.counts() == {}
    assert shared_database.value("select count(*) from atelier_engine.queue") == 0


def test_many_are_cancelled_while_their_answers_come(shared_database, fake, talker, alice):
    """Whoever cancels and whoever records lock the same rows, in one order: nobody is the victim of a deadlock."""
    jobs = [queue(alice, f"circle {number}") for number in range(40)]
    for job in jobs[::2]:
        alice.run("select atelier.cancel_job(%s)", job)
    shared_database.wait_until_finished(jobs)
    assert {shared_database.status(job) for job in jobs[1::2]} == {"completed"}
    assert {shared_database.status(job) for job in jobs[::2]} <= {"completed", "cancelled"}
    wait_until(lambda: shared_database.value("select count(*) from atelier_engine.queue") == 0)
    assert shared_database.value("select count(*) from atelier.prompt_enhancements where completed_at is null") == 0
    assert shared_database.value("select deadlocks from pg_stat_database where datname = current_database()") == 0


def test_the_text_alone_is_waited_for(shared_database, talker, alice):
    asked = alice.value("select atelier.enhance_prompt(prompt => 'a fox', \"jobType\" => 'image')")
    assert (asked["status"], asked["enhanced_prompt"]) == ("pending", None)
    said = alice.value("select atelier.get_enhanced_prompt(%s, 20)", asked["enhancement_id"])
    assert (said["status"], said["enhancement_strategy"], said["enhanced_prompt"]) == ("completed", "rewritten", reply("a fox"))
