"""What can be told to go wrong, by a word in the prompt: fault:WORD. Without one, everything goes well.

A word works wherever the text of a request is, whatever the protocol; Site.fault sets one for every request of a site.
What only the first submission of a site meets, the next one does not, so that another try finds the server well. The faults
here are played by each protocol in its own words; those that are the same for all of them are in wire_faults.py.
"""

import re

from . import wire_faults

WORDS = {
    "slow": "every step takes a second and more",
    "throttled": "the first submission: 429, with Retry-After where the vendor sends it",
    "unauthorized": "401: the credential is refused",
    "no_credit": "402: the account has no credit",
    "broken": "the first submission: 500",
    "invalid": "the parameters are refused",
    "moderated": "refused for what it asks for, where and how the vendor does that",
    "hold_queued": "the job stays queued until Site.release()",
    "hold_running": "the job stays running until Site.release()",
    "forget": "the server restarts under the first submission: it knows no job any more, or hangs up",
    "expired": "the job is done, and its output is gone",
    "truncated": "the output of the first submission breaks off in the middle, the first time that it is sent",
    "error_after_200": "the request is accepted, and then it fails",
    "large": "an output of at least 20 MB",
    "unknown_state": "the job is in a state that no document knows",
    **wire_faults.WORDS,
}

UNHEARD_OF = "quite_unheard_of"
LARGE_BYTES = 20 << 20
ONLY_FIRST = {"throttled", "broken", "forget", "truncated", *wire_faults.ONLY_FIRST}
REFUSALS = {"throttled", "unauthorized", "no_credit", "broken", "invalid"}
RETRY_AFTER_S = 2


def word_in(body):
    """The fault that the text of a request asks for; None: none."""
    found = re.search(rb"fault:([a-z0-9_]+)", body)
    if not found:
        return None
    word = found[1].decode()
    assert word in WORDS, f"nobody knows the fault {word}"
    return word
