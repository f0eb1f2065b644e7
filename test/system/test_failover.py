"""A primary is lost and its standby takes over: no request to a paid server is repeated, no job is lost, and the old
primary keeps quiet when somebody starts it again."""

import socket
from collections import Counter

import psycopg2
import pytest
from harness.database import Database, User
from harness.inference import FakeInferenceServer, Gate
from harness.standby import Standby, conninfo
from harness.waiting import wait_until

POLICIES = ("hold", "fail", "retry")
SETTINGS = {"atelier.runner_enabled": "off", "atelier.janitor_interval": "1"}


class Group:
    """A primary and its standby, with three endpoints: two that are paid for, and a free one."""

    def __init__(self, primary, standby, fake):
        self.primary = primary
        self.standby = standby
        self.fake = fake
        self.database = Database(primary, "studio")
        (user_id,) = self.database.run("select id from auth.users")[0]
        self.alice = User(self.database, "alice", user_id)

    def queue(self, policy, prompt):
        return self.alice.value("select (atelier.queue_job(%s, model => %s)).id", prompt, policy)

    def submit_everywhere(self, kind, count=2):
        """Jobs by policy; their prompts are the policy, the kind and a number."""
        return {
            policy: [self.queue(policy, f"{policy} {kind} {number}") for number in range(count)]
            for policy in POLICIES
        }

    def fail_over(self):
        self.primary.kill_everything()
        self.standby.promote()
        self.use(self.standby)

    def use(self, server):
        """The application finds the server that it talks to from now on."""
        self.database = Database(server, "studio")
        self.alice = User(self.database, "alice", self.alice.id)


def prepare(primary, fake):
    database = Database.create(primary, "studio")
    database.run("update atelier.endpoints set is_active = false")
    for policy in POLICIES:
        database.run(
            "insert into atelier.api_models (provider_id, model_key, display_name, modality, task, capabilities)"
            " select provider_id, %s, %s, modality, task, capabilities from atelier.api_models"
            " where model_key = 'tiny-sdxl'",
            policy,
            policy,
        )
        database.run(
            "insert into atelier.endpoints (provider_id, name, adapter, base_url, only_models, max_concurrency,"
            " ambiguity_policy, hold_timeout, private_network)"
            " select id, %s, 'openai_images', %s, array[%s], 2, %s, '3 seconds', true"
            " from atelier.api_providers where name = 'atelier-runner'",
            policy,
            fake.url,
            policy,
            policy,
        )
    database.add_user("alice")


@pytest.fixture
def fake():
    with FakeInferenceServer() as fake:
        yield fake


@pytest.fixture
def group(make_server, fake, request):
    primary = make_server(**SETTINGS)
    prepare(primary, fake)
    standby = Standby(primary, f"{primary.home.name}-standby").start()
    yield Group(primary, standby, fake)
    standby.remove()


@pytest.fixture
def synchronous_group(group):
    """What the primary has committed the standby has, too."""
    group.primary.reload(synchronous_standby_names="*")
    wait_until(
        lambda: group.database.run("select 1 from pg_stat_replication where sync_state = 'sync'"),
        message="the standby is not synchronous",
    )
    return group


def worker_state(database, process="launcher"):
    rows = database.run("select state from atelier.worker_status where process = %s and pid is not null", process)
    return rows[0][0] if rows else None


def lose_the_primary(group):
    """With six requests on their way and six jobs waiting; returns when the standby has ended them all."""
    group.fake.behaviour = gate = Gate()
    leased = group.submit_everywhere("leased")
    wait_until(lambda: gate.waiting == 6)
    queued = group.submit_everywhere("queued")
    group.standby.wait_until_caught_up()
    group.fail_over()
    gate.open()
    group.database.wait_until_finished(sum([*leased.values(), *queued.values()], []))


def waits_for_a_standby(database):
    return database.run(
        "select 1 from pg_stat_activity where backend_type = 'atelier dispatcher' and wait_event = 'SyncRep'"
    )


def assert_replaced(database):
    wait_until(
        lambda: worker_state(database) == "replaced",
        message=lambda: f"{database.run('select * from atelier.worker_status')}\n{database.server.log_end()}",
    )
    wait_until(lambda: not database.server.processes("atelier dispatcher"))
    wait_until(lambda: not database.server.processes("atelier-courier"))
    assert database.run("select 1 from atelier.doctor() where check_name = 'launcher' and status = 'error'")


def test_a_hot_standby_runs_no_workers_and_takes_no_jobs(group):
    job_id = group.queue("retry", "a red circle")
    group.database.wait_for_status(job_id, "completed")
    group.standby.wait_until_caught_up()

    assert not group.standby.processes("postgres: atelier")
    group.use(group.standby)
    with pytest.raises(psycopg2.errors.ReadOnlySqlTransaction, match="this server is a standby and takes no jobs"):
        group.queue("retry", "a star")
    with pytest.raises(psycopg2.Error, match="this server is a standby and runs no workers"):
        group.database.run("select atelier.start()")
    assert group.alice.value("select status from atelier.jobs") == "completed"
    assert group.alice.pictures(job_id)[0].startswith(b"\x89PNG")
    assert group.alice.run("call atelier.wait_for_job(%s)", job_id) == [("completed",)]
    assert group.database.run("select * from atelier.worker_status") == []
    assert group.database.run("select 1 from atelier.doctor() where check_name = 'primary' and status = 'warning'")
    assert not group.standby.processes("postgres: atelier")


def test_a_promoted_standby_settles_what_was_on_its_way_and_does_the_rest(synchronous_group, fake):
    group = synchronous_group
    finished = group.submit_everywhere("finished")
    group.database.wait_until_finished(sum(finished.values(), []))
    before = {job_id: group.database.job(job_id) for jobs in finished.values() for job_id in jobs}
    fake.behaviour = gate = Gate()
    leased = group.submit_everywhere("leased")
    wait_until(lambda: gate.waiting == 6, message=lambda: str(fake.counts()))
    queued = group.submit_everywhere("queued", count=3)
    assert group.database.value("select count(*) from atelier_engine.queue where state = 'leased'") == 6

    group.fail_over()
    gate.open()
    jobs = [job_id for kind in (finished, leased, queued) for ids in kind.values() for job_id in ids]
    group.database.wait_until_finished(jobs)

    for policy in ("hold", "fail"):
        for job_id in leased[policy]:
            job = group.database.job(job_id)
            assert (job["status"], job["error_class"], job["attempts"]) == ("failed", "ambiguous", 1), job
    assert {job_id: group.database.job(job_id) for job_id in before} == before
    completed = set(jobs) - set(leased["hold"]) - set(leased["fail"])
    group.database.assert_completed_exactly_once(completed)
    again = {prompt: count for prompt, count in fake.counts().items() if count != 1}
    assert again == {"retry leased 0": 2, "retry leased 1": 2}
    assert len(fake.counts()) == len(jobs)

    late = group.queue("hold", "a new one")
    group.database.wait_for_status(late, "completed")


def test_a_held_job_is_held_by_the_new_primary(synchronous_group, fake):
    group = synchronous_group
    group.database.run("update atelier.endpoints set hold_timeout = '1 hour'")
    fake.behaviour = gate = Gate()
    job_id = group.queue("hold", "a red circle")
    wait_until(lambda: gate.waiting == 1)
    group.fail_over()
    state = "select state from atelier_engine.queue where job_id = %s"
    wait_until(lambda: group.database.value(state, job_id) == "held", message=lambda: group.standby.log_end())
    assert group.database.status(job_id) == "processing"
    assert group.database.run("select * from atelier.stuck_jobs") == []
    assert fake.counts() == {"a red circle": 1}


def test_an_old_primary_that_needs_a_standby_to_commit_claims_nothing(synchronous_group, fake):
    group = synchronous_group
    lose_the_primary(group)
    requests = fake.counts()

    old = Database(group.primary.start(), "studio")
    wait_until(lambda: waits_for_a_standby(old), message=lambda: group.primary.log_end())
    group.database.wait_for_status(group.queue("hold", "a new one"), "completed")
    group.primary.stop()
    assert fake.counts() == requests + Counter({"a new one": 1})


def test_an_old_primary_that_is_told_of_the_new_one_dispatches_nothing(group, fake):
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes connections and never answers
        nobody = f"host=127.0.0.1 port={silent.getsockname()[1]} user=postgres"
        peers = f"host=/nowhere user=postgres; {nobody}; {conninfo(group.standby)}"
        group.primary.reload(**{"atelier.peers": peers})
        lose_the_primary(group)
        requests = fake.counts()

        old = Database(group.primary.start(), "studio")
        assert_replaced(old)
        detail = old.value("select detail from atelier.doctor() where check_name = 'launcher'")
        assert "another server has taken over on timeline 2" in detail
        assert old.value("select count(*) from atelier.jobs where status in ('queued', 'processing')") == 12

    # What it has learned it keeps, when nobody is there to tell it again.
    group.primary.stop()
    group.standby.stop()
    group.primary.start()
    assert_replaced(Database(group.primary, "studio"))
    assert fake.counts() == requests

    # It says nothing on the timeline that it is about.
    note = (group.primary.data / "atelier.replaced_by").read_text()
    assert note == "2\n"
    (group.standby.data / "atelier.replaced_by").write_text(note)
    group.use(group.standby.start())
    group.database.wait_for_status(group.queue("hold", "a new one"), "completed")


def test_a_primary_that_is_replaced_while_it_runs_stops(group, fake):
    group.primary.reload(**{"atelier.peers": conninfo(group.standby)})
    wait_until(
        lambda: group.database.value("select detail from atelier.worker_status where process = 'launcher'")
        == "1 of 1 peers answered"
    )
    fake.behaviour = gate = Gate()
    job_id = group.queue("hold", "a red circle")
    wait_until(lambda: gate.waiting == 1)
    group.standby.wait_until_caught_up()
    group.standby.promote()
    assert_replaced(group.database)
    assert gate.disconnected == 1
    waiting = group.queue("retry", "on the wrong server")

    gate.open()
    new = Database(group.standby, "studio")
    new.wait_for_status(job_id, "failed")
    assert group.database.status(waiting) == "queued"
    assert fake.counts() == {"a red circle": 1}


@pytest.mark.parametrize("peer", ["standby", "unreachable"])
def test_a_primary_that_merely_crashed_goes_on(group, fake, peer):
    group.primary.reload(**{"atelier.peers": conninfo(group.standby)})
    fake.behaviour = gate = Gate()
    job_id = group.queue("retry", "a red circle")
    wait_until(lambda: gate.waiting == 1)
    if peer == "unreachable":
        group.standby.stop()
    group.primary.kill_everything()
    gate.open()
    group.use(group.primary.start())
    group.database.wait_for_status(job_id, "completed")
    group.database.assert_completed_exactly_once([job_id])
    answered = {"standby": "1 of 1 peers answered", "unreachable": "0 of 1 peers answered; peer 1: "}[peer]
    assert group.database.value("select detail from atelier.worker_status where process = 'launcher'").startswith(
        answered
    )


def test_a_claim_waits_for_the_standby_whatever_the_database_is_set_to(synchronous_group, fake):
    group = synchronous_group
    group.database.run("alter database studio set synchronous_commit = off")
    pid = group.database.wait_for_workers()["dispatcher"]
    group.database.run("select pg_terminate_backend(%s)", pid)
    wait_until(lambda: group.database.wait_for_workers()["dispatcher"] != pid)
    group.use(group.primary)
    group.standby.stop()
    job_id = group.queue("hold", "a red circle")
    wait_until(lambda: waits_for_a_standby(group.database), message=lambda: group.primary.log_end())
    assert fake.counts() == {}
    group.standby.start()
    group.database.wait_for_status(job_id, "completed")
    assert fake.counts() == {"a red circle": 1}
