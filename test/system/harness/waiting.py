"""Waiting for a condition, with a deadline: the only synchronisation the tests use."""

import time


def wait_until(condition, seconds=30, message="the condition did not come true"):
    """Returns the first true value of condition(); fails when there was none in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            described = message() if callable(message) else message
            raise AssertionError(f"{described} within {seconds} s")
        time.sleep(0.02)
