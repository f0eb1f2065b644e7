"""Jobs that wait for other jobs, while those end."""

from harness.inference import Gate
from harness.waiting import wait_until


def test_a_job_that_is_queued_while_its_dependency_ends_starts_soon(shared_database, fake):
    """Neither transaction sees the other one; the next round of the janitor would be half a minute away."""
    gate = fake.behaviour = Gate()
    alice = shared_database.add_user("alice")
    first = alice.queue("the first")
    wait_until(lambda: gate.waiting == 1)

    alice.connection.autocommit = False
    second = alice.value("select (atelier.queue_job(prompt => 'the second', depends_on => array[%s]::uuid[])).id", first)
    gate.open()
    shared_database.wait_for_status(first, "completed")
    alice.connection.commit()

    shared_database.wait_for_status(second, "completed", seconds=15)
    assert fake.counts() == {"the first": 1, "the second": 1}
