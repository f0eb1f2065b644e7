"""An asynchronous API that the code has never seen, added by the rows of docs/providers.md and nothing else."""

import json
import pathlib
import re

import pytest
from harness.kiln import KEY, Kiln
from harness.waiting import wait_until

PAGE = pathlib.Path(__file__).parents[2] / "docs" / "providers.md"


def blocks_of(heading):
    """The SQL of one chapter of the page."""
    chapter = PAGE.read_text().split(f"## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"```sql\n(.*?)```", chapter, re.S)


@pytest.fixture
def kiln(shared_database):
    rows, token = blocks_of("An asynchronous API by rows only")
    with Kiln() as kiln:
        # The only difference: this server is here, and not on the Internet.
        shared_database.run(rows.replace("https://api.kiln.example", kiln.url))
        shared_database.run("update atelier.endpoints set private_network = true where name = 'kiln-1'")
        shared_database.run(token.split(";")[0].replace(":'secret'", f"'{KEY}'"))
        yield kiln


@pytest.fixture
def alice(shared_database, kiln):
    return shared_database.add_user("alice")


def order(user, prompt="a bowl with two fish", **parameters):
    return user.value(
        "select (atelier.queue_job(%s, 'celadon', %s)).id", prompt, json.dumps(parameters))


def ticket_of(kiln, number=0):
    wait_until(lambda: len(kiln.orders) > number, message="the order does not arrive")
    return list(kiln.orders)[number]


def test_the_page_is_enough(shared_database, kiln, alice):
    job_id = order(alice, n=2)
    ticket = ticket_of(kiln)
    assert kiln.orders[ticket] == {
        "glaze": "celadon", "design": {"words": "a bowl with two fish", "wide": 64, "high": 64, "pieces": 2}}
    wait_until(lambda: len(kiln.asked) > 1, message="nobody asks how far it is")
    kiln.move(ticket, "hot", percent=40, look_again_s=0.1)
    wait_until(
        lambda: alice.value("select progress from atelier.job_progress(%s)", job_id) == 0.4, message="no progress")
    kiln.move(ticket, "cooled")
    shared_database.wait_for_status(job_id, "completed")
    shared_database.assert_completed_exactly_once([job_id], pictures_each=2)
    assert all(picture.startswith(b"\x89PNG") for picture in alice.pictures(job_id))
    (attempt,) = shared_database.attempts(job_id)
    assert attempt["external_id"] == ticket
    kept = shared_database.value("select replicate_output from atelier.generations where job_id = %s", job_id)
    assert kept == {"cost": 0.04, "metrics": {"gas": 3.5}}
    assert kiln.refused == [] and len(kiln.orders) == 1


@pytest.mark.parametrize(
    "stage, facts, error_class, says",
    [
        ("indecent", {}, "content_policy", "the server refuses what is asked for"),
        ("cracked", {"fault": {"sort": "too_large", "says": "it does not fit"}}, "invalid_input", "it does not fit"),
    ],
)
def test_what_the_potters_say_of_a_failure_arrives(shared_database, kiln, alice, stage, facts, error_class, says):
    job_id = order(alice)
    shared_database.run("update atelier.jobs set max_attempts = 1 where id = %s", job_id)
    kiln.move(ticket_of(kiln), stage, **facts)
    job = shared_database.wait_for_status(job_id, "failed")
    assert job["error_class"] == error_class
    assert says in job["error_message"]
    assert len(kiln.orders) == 1


def test_a_word_that_nobody_knows_is_for_an_operator(shared_database, kiln, alice):
    job_id = order(alice)
    kiln.move(ticket_of(kiln), "glazed")
    (held,) = wait_until(lambda: shared_database.run("select job_id, error_message from atelier.held_jobs"))
    assert str(held[0]) == str(job_id) and "glazed" in held[1]
    assert len(kiln.orders) == 1


def test_a_job_that_is_cancelled_is_stopped_there(shared_database, kiln, alice):
    job_id = order(alice)
    ticket = ticket_of(kiln)
    wait_until(lambda: kiln.asked, message="nobody asks how far it is")
    alice.run("select atelier.cancel_job(%s)", job_id)
    shared_database.wait_for_status(job_id, "cancelled")
    wait_until(lambda: kiln.stopped == [ticket], message="the potters do not hear of it")


def test_a_key_that_is_wrong_is_told(shared_database, kiln, alice):
    shared_database.run("select atelier.set_provider_token('kiln', 'not-the-key')")
    job_id = order(alice)
    wait_until(lambda: kiln.refused, message="nobody knocks")
    wait_until(lambda: shared_database.job(job_id)["error_class"] == "auth" or None, message="it is not told")
    assert kiln.orders == {}
