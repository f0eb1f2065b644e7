"""A server says with its answers how many more requests it takes, and never has to refuse one."""

import threading
import time

import pytest
from harness.inference import pictures, status


class Limited:
    """Takes so many requests in each window, says how many are left, and refuses the others."""

    def __init__(self, fake, limit, seconds, name):
        self.limit, self.seconds, self.name = limit, seconds, name
        self.lock = threading.Lock()
        self.ends, self.left = 0.0, 0
        self.refused, self.windows = 0, []
        fake.behaviour = self

    def __call__(self, exchange):
        with self.lock:
            if time.monotonic() >= self.ends:
                self.ends, self.left = time.monotonic() + self.seconds, self.limit
                self.windows.append(0)
            if self.left == 0:
                self.refused += 1
                status("429 Too Many Requests")(exchange)
                return
            self.left -= 1
            self.windows[-1] += 1
            headers = self.headers(self.left, self.ends - time.monotonic())
        respond = exchange.respond
        exchange.respond = lambda body: respond(body, headers=headers)
        pictures(exchange)

    def headers(self, left, seconds):
        if self.name == "openai":
            return [f"x-ratelimit-remaining-requests: {left}", f"x-ratelimit-reset-requests: {int(seconds * 1000) + 1}ms"]
        if self.name == "draft":
            return [f'RateLimit: "default";r={left};t={seconds:.3f}']
        return [f"ratelimit-remaining: {left}", f"ratelimit-reset: {seconds:.3f}"]


@pytest.mark.parametrize("name", ["openai", "draft", "plain"])
def test_a_server_that_says_what_is_left_is_never_asked_for_more(shared_database, fake, name):
    server = Limited(fake, limit=6, seconds=1.5, name=name)
    alice = shared_database.add_user("alice")
    jobs = [alice.queue(f"job {number}") for number in range(20)]
    shared_database.wait_until_finished(jobs, seconds=60)
    shared_database.assert_completed_exactly_once(jobs)
    assert server.refused == 0, server.windows
    assert len(server.windows) >= 4
    assert server.windows[0] == 6, "what the server takes is used"


def test_a_refusal_without_retry_after_lasts_until_the_limit_is_over(shared_database, fake):
    headers = ["x-ratelimit-remaining-requests: 0", "x-ratelimit-reset-requests: 10m0s"]
    fake.behaviour = status("429 Too Many Requests", headers=headers)
    alice = shared_database.add_user("alice")
    job_id = alice.queue("too many")
    attempt = None
    deadline = time.monotonic() + 20
    while attempt is None and time.monotonic() < deadline:
        attempt = next((seen for seen in shared_database.attempts(job_id) if seen["error_class"]), None)
    assert attempt["error_class"] == "throttled"
    assert shared_database.value(
        "select blocked_until between now() + interval '9 minutes' and now() + interval '10 minutes'"
        " from atelier.endpoint_health where endpoint = 'fake'"
    )
    assert shared_database.job(job_id)["attempts"] == 0
