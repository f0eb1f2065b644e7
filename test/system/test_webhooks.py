"""Webhooks on a real server: early, late, repeated, forged, out of order, about nothing, and while what they need is away.

Whatever comes and whenever, a job ends once, with one result, and nothing is submitted twice.
"""

import os
import signal
import time

import pytest
from harness.database import Database
from harness.reporting_provider import Studio
from harness.server import Server
from harness.waiting import wait_until

KINDS = ["replicate", "fal", "runpod"]
DONE = {"replicate": "succeeded", "fal": "OK", "runpod": "COMPLETED"}
FAILED = {"replicate": "failed", "fal": "ERROR", "runpod": "FAILED"}
RUNNING = {"replicate": "processing", "runpod": "IN_PROGRESS"}  # fal reports the end only
AT_ONCE_S = 2  # for all of them the first pause between questions is four seconds and more


@pytest.fixture(scope="module")
def studio():
    server = Server("webhooks", fsync="off", atelier__runner_enabled="off", atelier__poll_interval="200ms")
    studio = Studio(Database.create(server.start(), "studio"))
    yield studio
    studio.close()
    server.remove()
    server.assert_no_crash()


@pytest.fixture(scope="module")
def users(studio):
    return [studio.database.add_user(name) for name in ("alice", "bob")]


@pytest.fixture
def alice(users):
    return users[0]


@pytest.fixture(params=KINDS)
def provider(studio, request):
    return studio.open(request.param)


def test_one_that_comes_before_the_answer_to_the_request_tells_its_id(provider, alice):
    provider.site.holds.add("POST")
    job_id, job = provider.queue(alice)
    assert provider.wait_for_id(job_id) == job.id
    (webhook,) = provider.site.webhooks.sent
    wait_until(lambda: webhook.statuses)
    assert webhook.statuses == [200]
    assert not provider.questions()
    answered_at = time.monotonic()
    provider.site.holds.clear()
    provider.wait_until_done(job_id)
    assert provider.questions()[0].at - answered_at < AT_ONCE_S, "it is asked as soon as the answer is there"


def test_when_the_answer_to_the_request_is_lost_the_id_is_known_from_it(studio, alice):
    """Three providers, one crash."""
    jobs = []
    for provider in map(studio.open, KINDS):
        provider.site.holds.add("POST")
        jobs.append((provider, *provider.queue(alice)))
    for provider, job_id, job in jobs:
        assert provider.wait_for_id(job_id) == job.id
    studio.database.server.process("atelier-courier").kill(9)
    for provider, job_id, _ in jobs:
        wait_until(lambda provider=provider: provider.site.left, message="nobody hung up")
        provider.site.holds.clear()
        provider.wait_until_done(job_id)


def test_the_same_again_counts_once(provider, alice):
    job_id, job = provider.queue(alice, "hold_running")
    provider.wait_for_id(job_id)
    provider.site.holds.add("GET")  # so that it does not end meanwhile
    provider.finish(job)
    webhook = provider.about(job)
    assert provider.send(webhook, times=5) == ["accepted"] + 4 * ["duplicate"]
    assert provider.send(webhook) == "duplicate"
    assert len(provider.rows()) == 1
    provider.site.holds.clear()
    provider.wait_until_done(job_id)
    assert provider.send(provider.about(job)) == "ignored"
    assert len(provider.rows()) == 1
    provider.wait_until_done(job_id)


def test_one_that_comes_after_the_job_was_cancelled_changes_nothing(provider, alice):
    job_id, job = provider.queue(alice, "hold_running")
    provider.wait_for_id(job_id)
    provider.site.webhooks.enabled = False
    alice.run("select atelier.cancel_job(%s)", job_id)
    wait_until(lambda: provider.attempt(job_id)["state"] == "cancelled", message=lambda: str(provider.attempt(job_id)))
    assert provider.site.cancels == [job.id]
    job.cancelled_at, job.released = None, True  # too late for the provider, which says that it has the picture
    assert provider.send(provider.saying(job, status=DONE[provider.kind])) == "ignored"
    assert provider.rows() == []
    assert provider.database.status(job_id) == "cancelled" and alice.pictures(job_id) == []
    assert len(provider.site.submissions) == 1


def test_what_one_says_is_asked_for_and_never_believed(provider, alice):
    job_id, job = provider.queue(alice, "hold_running")
    provider.wait_for_id(job_id)
    before = len(provider.questions())
    sent_at = time.monotonic()
    assert provider.send(provider.saying(job, status=DONE[provider.kind])) == "accepted"
    wait_until(lambda: len(provider.questions()) > before, message="nobody asks")
    assert provider.questions()[before].at - sent_at < AT_ONCE_S
    assert provider.database.status(job_id) == "processing", "it runs, whatever was said"
    provider.finish(job)
    assert provider.send(provider.saying(job, status=FAILED[provider.kind])) == "accepted"
    provider.wait_until_done(job_id)


@pytest.mark.parametrize("kind", RUNNING)
def test_one_that_says_less_than_the_one_before_is_no_news(studio, alice, kind):
    provider = studio.open(kind)
    job_id, job = provider.queue(alice, "hold_running")
    provider.wait_for_id(job_id)
    provider.site.holds.add("GET")
    provider.finish(job)
    assert provider.send(provider.about(job)) == "accepted"
    assert provider.send(provider.saying(job, status=RUNNING[kind])) == "ignored"
    provider.site.holds.clear()
    provider.wait_until_done(job_id)
    assert provider.send(provider.saying(job, status=RUNNING[kind])) == "ignored"
    assert len(provider.rows()) == 1
    provider.wait_until_done(job_id)


# ---- forged ----


def test_forged_ones_are_refused_and_leave_nothing_behind(studio, users, provider):
    alice, bob = users
    job_id, job = provider.queue(alice, "hold_running")
    other_id, other = provider.queue(bob, "hold_running")
    provider.wait_for_id(job_id), provider.wait_for_id(other_id)
    own, others = provider.capability(job), provider.capability(other)
    expired, of_a_worker = (studio.database.value(
        f"select atelier_engine.attempt_token({key}, %s, extract(epoch from clock_timestamp())::bigint + %s)",
        provider.attempt(job_id)["id"], seconds,
    ) for key, seconds in (("atelier_engine.webhook_capability_key()", -1), ("atelier_engine.capability_secret()", 600)))  # fmt: skip
    attempts, kept = studio.database.attempts(job_id), studio.count_webhooks()

    done = {"status": DONE[provider.kind]}
    refused = [
        (provider.saying(job, provider.url("x" * 40), **done), "PT401"),
        (provider.saying(job, provider.url(own[:-1]), **done), "PT401"),
        (provider.saying(job, provider.url(of_a_worker), **done), "PT401"),
        (provider.saying(job, provider.url(others), **done), "PT403"),
        (provider.saying(other, provider.url(own), **done), "PT403"),
    ]
    if provider.kind == "runpod":
        refused += [(provider.saying(job, provider.url(capability), **done), "PT401") for capability in ("", expired)]
    else:
        # Whoever reads the log of a proxy knows the address.
        swapped = provider.saying(job, **done)
        swapped.body = provider.saying(other, **done).body
        refused += [(swapped, "PT401")]
        for body, headers in provider.protocol.forgeries(job):
            webhook = provider.saying(job)
            webhook.body, webhook.headers = body, headers
            refused.append((webhook, "PT401"))
    for number, (webhook, code) in enumerate(refused):
        assert provider.send(webhook) == code, (number, webhook.url, webhook.headers, webhook.body)

    assert studio.count_webhooks() == kept and studio.database.attempts(job_id) == attempts
    assert studio.database.status(job_id) == "processing"
    studio.simulator.call(provider.site.release)
    provider.wait_until_done(job_id)
    provider.wait_until_done(other_id)


def test_another_account_of_ours_signs_for_none_but_its_own_requests(studio, alice):
    provider = studio.open("replicate")
    job_id, job = provider.queue(alice, "hold_running")
    provider.wait_for_id(job_id)
    studio.database.run("select atelier.set_provider_token(%s, 'sk-of-the-second-account', 'second')", provider.name)
    secret, provider.protocol.webhook_secret = provider.protocol.webhook_secret, "whsec_dGhlIHNlY3JldCBvZiB0aGUgc2Vjb25k"
    studio.database.run("select atelier.set_webhook_secret(%s, %s, 'second')", provider.name, provider.protocol.webhook_secret)
    assert provider.send(provider.saying(job, status="succeeded")) == "PT403"
    assert provider.send(provider.saying(job, provider.url(""), status="succeeded")) == "PT403"
    assert provider.rows() == []
    provider.protocol.webhook_secret = secret
    studio.simulator.call(provider.site.release)
    provider.wait_until_done(job_id)


def test_another_customer_of_fal_says_nothing_about_ours(studio, alice):
    provider = studio.open("fal")
    studio.database.run(
        "update atelier.provider_tokens set account_id = %s where provider_id = (select id from atelier.api_providers where name = %s)",
        provider.protocol.user, provider.name)  # fmt: skip
    job_id, job = provider.queue(alice, "hold_running")
    provider.wait_for_id(job_id)
    user, provider.protocol.user = provider.protocol.user, "user_of_somebody_else"
    assert provider.send(provider.about(job)) == "PT403"
    assert provider.send(provider.saying(job, provider.url(""))) == "PT403"
    assert provider.rows() == []
    provider.protocol.user = user
    studio.simulator.call(provider.site.release)
    provider.wait_until_done(job_id)


# ---- about nothing ----


def test_one_about_a_request_that_nobody_knows_begins_nothing(provider, alice):
    job_id, job = provider.queue(alice, "hold_running")
    provider.wait_for_id(job_id)
    name = "request_id" if provider.kind == "fal" else "id"
    unheard = {name: f"unheard-of-{provider.name}", "status": DONE[provider.kind]}
    address = provider.url(provider.capability(job))
    assert provider.send(provider.signed(unheard, address)) == "ignored", "the capability is for another id"
    assert provider.send(provider.signed({}, address)) == "ignored", "it is about nothing"
    without = provider.send(provider.signed(unheard, provider.url("")))
    # fal signs for everybody; RunPod for nobody. The answer to a request of this account may still be on its way.
    assert without == {"replicate": "accepted", "fal": "ignored", "runpod": "PT401"}[provider.kind]
    rows = "select is_waiting from atelier_engine.webhooks where external_id = %s"
    assert provider.database.run(rows, unheard[name]) == ([(True,)] if provider.kind == "replicate" else [])
    assert provider.attempt(job_id)["external_id"] == job.id
    provider.database.run("update atelier_engine.webhooks set received_at = received_at - interval '1 minute' where is_waiting")
    provider.studio.simulator.call(provider.site.release)
    provider.wait_until_done(job_id)  # whose own webhook has the dispatcher look again
    wait_until(lambda: (True,) not in provider.database.run(rows, unheard[name]), message="it is waited with for ever")


# ---- when something is away ----


def test_one_that_came_before_the_server_was_killed_is_followed_after_it(studio, users):
    """Three providers, one crash: nobody has asked yet, and nobody has even seen the webhook."""
    jobs = []
    for provider in map(studio.open, KINDS):
        jobs.append((provider, *provider.queue(users[0], "hold_running")))
    for provider, job_id, _ in jobs:
        provider.wait_for_id(job_id)
        provider.site.holds.add("GET")
    server = studio.database.server
    os.kill(studio.database.wait_for_workers()["dispatcher"], signal.SIGSTOP)
    webhooks = []
    for provider, _, job in jobs:
        provider.finish(job)
        webhooks.append(provider.about(job))
        assert provider.send(webhooks[-1]) == "accepted"
        assert [waiting for _, waiting in provider.rows()] == [True]
    server.kill_everything()
    server.start()
    studio.database.reconnect()
    for user in users:
        user.connect()
    for (provider, job_id, _), webhook in zip(jobs, webhooks):
        provider.site.holds.clear()
        provider.wait_until_done(job_id)
        wait_until(lambda provider=provider: [waiting for _, waiting in provider.rows()] == [False])
        # The vendor, which had no answer, sends it again; the connections of PostgREST are broken.
        answers = (provider.send(webhook) for _ in range(3))
        assert next(answer for answer in answers if answer != "PGRST001") == "ignored"


def test_while_the_keys_of_fal_cannot_be_fetched_it_is_asked(studio, alice):
    provider, keys = studio.open("fal"), studio.simulator.open("fal", "unused")
    studio.simulator.run(keys.stop())  # nobody listens at its port
    provider.fetch_keys_from(keys)
    wait_until(lambda: provider.keys()[1], message="that there are no keys is not noticed")
    job_id, job = provider.queue(alice)
    wait_until(lambda: provider.site.webhooks.sent and provider.site.webhooks.sent[0].statuses)
    assert provider.site.webhooks.sent[0].statuses == [401]
    provider.wait_until_done(job_id)
    assert provider.rows() == []
    warnings = studio.database.run(
        "select detail from atelier.doctor() where check_name = %s and status = 'warning'", f"webhooks of {provider.name}")  # fmt: skip
    assert len(warnings) == 1 and "there are no keys" in warnings[0][0], warnings

    studio.simulator.open("fal", "unused", port=keys.port).protocol.seed = provider.protocol.seed
    studio.database.run("update atelier_engine.webhook_key_sets set ask_at = clock_timestamp()")
    wait_until(lambda: provider.keys()[0] == 2 and not provider.keys()[1], message=lambda: str(provider.keys()))
    assert provider.send(provider.about(job)) == "ignored", "genuine, and over"


def test_while_the_keys_cannot_be_fetched_anew_those_that_are_known_hold(studio, alice):
    provider, keys = studio.open("fal"), studio.simulator.open("fal", "unused")
    keys.protocol.seed = provider.protocol.seed
    provider.fetch_keys_from(keys)
    wait_until(lambda: provider.keys()[0] == 2, message=lambda: str(provider.keys()))
    studio.simulator.run(keys.stop())
    studio.database.run("update atelier_engine.webhook_key_sets set ask_at = clock_timestamp() where provider_id = %s", provider.keys()[2])
    wait_until(lambda: provider.keys()[1], message="that the keys cannot be fetched is not noticed")
    job_id, job = provider.queue(alice, "hold_running")
    provider.wait_for_id(job_id)
    provider.finish(job)
    assert provider.send(provider.about(job)) == "accepted"
    provider.wait_until_done(job_id)


def test_when_fal_has_new_keys_they_are_fetched_for_the_first_one_that_they_sign(studio, alice):
    provider = studio.open("fal")
    provider.fetch_keys_from(provider.site)
    wait_until(lambda: provider.keys()[0], message=lambda: str(provider.keys()))
    job_id, job = provider.queue(alice, "hold_running")
    provider.wait_for_id(job_id)
    provider.site.holds.add("GET")
    provider.finish(job)
    by_the_old_key = provider.about(job)
    provider.protocol.seed = bytes(range(32, 64))
    studio.database.run("update atelier_engine.webhook_key_sets set fetched_at = fetched_at - interval '1 minute'")
    assert provider.send(provider.about(job)) == "PT401"
    provider.site.holds.clear()
    wait_until(lambda: provider.send(provider.about(job)) in ("accepted", "ignored"), message=lambda: str(provider.keys()))
    assert provider.send(by_the_old_key) == "PT401"
    provider.wait_until_done(job_id)


def test_keys_are_fetched_as_soon_as_it_is_said_where(studio):
    provider = studio.open("fal")
    studio.database.server.reload(atelier__poll_interval="10min")
    for _ in range(2):  # the first may be met by the dispatcher as it looks, as often as it did so far
        provider.fetch_keys_from(provider.site)
        wait_until(lambda: provider.keys()[0] == 2, 10, lambda: f"not fetched: {provider.keys()}")


# ---- what shows ----


def test_no_secret_is_in_the_log_or_in_a_row(studio):
    """After everything above: forged and genuine, refused and taken."""
    secrets = {headers["x-webhook-capability"] for _, headers, _ in studio.gateway.seen} - {"", "x" * 40}
    secrets |= {provider.site.secret for provider in studio.providers}
    secrets |= {provider.protocol.webhook_secret.removeprefix("whsec_") for provider in studio.providers if provider.kind == "replicate"}
    assert len(secrets) > 20
    database = studio.database
    tables = database.run("select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace"
                          " where c.relkind = 'r' and n.nspname in ('atelier', 'atelier_engine', 'storage', 'auth')")  # fmt: skip
    texts = {table: database.value(f"select coalesce(string_agg(t::text, e'\\n'), '') from {table} t") for (table,) in tables}
    texts["the log"] = database.server.log()
    assert "the signature of the webhook is not right" in texts["the log"]
    assert [(place, secret) for place, text in texts.items() for secret in secrets if secret in text] == []
