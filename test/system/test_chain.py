"""A prompt goes in by SQL, and a picture of the model comes out, for its owner only."""

import psycopg2
import pytest
from harness.database import Database, sha256
from harness.waiting import wait_until


@pytest.fixture(scope="module")
def studio(shared_server):
    shared_server.reload(atelier__runner_enabled="on")
    database = Database.create(shared_server, "chain")
    yield database
    database.drop()


@pytest.fixture(scope="module")
def alice(studio):
    return studio.add_user("alice")


@pytest.fixture(scope="module")
def bob(studio):
    return studio.add_user("bob")


def test_a_prompt_becomes_a_picture(studio, alice):
    job_id = alice.queue("a red circle on a blue background", seed=7)
    alice.run("call atelier.wait_for_job(%s)", job_id)
    studio.assert_completed_exactly_once([job_id])
    (picture,) = alice.pictures(job_id)
    assert picture.startswith(b"\x89PNG\r\n\x1a\n")
    width, height, size = alice.run(
        "select width, height, file_size_bytes from atelier.workspace_assets where job_id = %s", job_id
    )[0]
    assert (width, height, size) == (64, 64, len(picture))


def test_the_same_seed_makes_the_same_bytes(alice):
    jobs = [alice.queue("a green star on a white background", seed=seed) for seed in (11, 11, 12)]
    for job_id in jobs:
        alice.run("call atelier.wait_for_job(%s)", job_id)
    first, again, other = (sha256(alice.pictures(job_id)[0]) for job_id in jobs)
    assert first == again
    assert first != other


def test_several_pictures_of_one_job_are_one_set(studio, alice):
    job_id = alice.queue("a yellow moon at night", n=3, seed=5)
    alice.run("call atelier.wait_for_job(%s)", job_id)
    studio.assert_completed_exactly_once([job_id], pictures_each=3)
    assert len({sha256(picture) for picture in alice.pictures(job_id)}) == 3


def test_nobody_else_sees_job_or_picture(alice, bob):
    job_id = alice.queue("a pink heart on a black background")
    alice.run("call atelier.wait_for_job(%s)", job_id)
    (path,) = alice.run("select temp_storage_path from atelier.workspace_assets where job_id = %s", job_id)[0]
    assert bob.run("select * from atelier.jobs where id = %s", job_id) == []
    assert bob.run("select * from atelier.workspace_assets where job_id = %s", job_id) == []
    with pytest.raises(psycopg2.Error) as refused:
        bob.run("select atelier.object_bytes('workspace-temp', %s)", path)
    assert refused.value.pgcode in ("PT404", "42501")
    with pytest.raises(psycopg2.Error) as unknown:
        bob.run("call atelier.wait_for_job(%s)", job_id)
    assert unknown.value.pgcode == "PT404"


def test_generate_makes_and_waits_in_one_call(studio, alice):
    job_id, status = alice.run("call atelier.generate('a blue fish under the sea')")[0]
    assert status == "completed"
    studio.assert_completed_exactly_once([job_id])


def test_a_stopped_runner_is_started_again_for_the_next_job(studio, alice):
    runner = studio.server.process("atelier-runner")
    runner.kill(9)
    wait_until(lambda: not runner.alive())
    job_id = alice.queue("an orange square on a gray background")
    alice.run("call atelier.wait_for_job(%s)", job_id)
    studio.assert_completed_exactly_once([job_id])
