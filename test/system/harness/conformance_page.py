"""Writes docs/conformance.md from the conformance table: python3 -m harness.conformance_page"""

from .conformance_table import SCENARIOS, SUBJECTS
from .server import CHECKOUT

PAGE = CHECKOUT / "docs" / "conformance.md"

HEAD = """# Conformance

Every adapter meets every one of these scenarios at a provider that speaks its protocol: the simulator in `test/simulator`, which
is written after the vendors' documents and rejects what they reject. The jobs go through a real PostgreSQL server with
the extension. `test/system/test_conformance.py` plays all cells at the same time and looks at what came of each: the state of
the job, the class of its error, its attempts, how many submissions made a job at the provider, whether the provider heard that it
was cancelled, and the bytes of the outputs. Besides, no secret may be in any row or in the log, what is kept of an error is cut and
without the credential, nothing may be stuck, and no request may be one that the vendor refuses.

The faults from "429 without Retry-After" on are the same for every protocol, as a server, or a proxy in front of it, may have them.

This page is written by `tools/conformance-page` from the table in `test/system/harness/conformance_table.py`.

## The scenarios

| scenario | what has to happen |
|---|---|
"""

CELLS = """
## The cells

What the job comes to, and how many submissions made a job at the provider (what is paid for). *paid* adapters are tested with
`ambiguity_policy = 'fail'`, the others with `retry`. A number in brackets: not applicable, for the reason below.

"""


def cell(subject, scenario, notes):
    why = subject.not_applicable.get(scenario)
    if why:
        if why not in notes:
            notes.append(why)
        return f"[{notes.index(why) + 1}]"
    expected = subject.expected(scenario)
    word = {"completed": "done", "cancelled": "cancelled", "failed": expected.error_class}[expected.status]
    return f"{word} {expected.accepted}"


def page():
    lines = [HEAD.rstrip("\n")]
    lines += [f"| {title} | {outcome} |" for title, _, outcome in SCENARIOS.values()]
    lines += [CELLS.rstrip("\n"), ""]
    notes = []
    for first in range(0, len(SUBJECTS), 5):
        subjects = SUBJECTS[first : first + 5]
        names = (f"{subject.name}{' (paid)' if subject.paid else ''}" for subject in subjects)
        lines += ["| | " + " | ".join(names) + " |", "|---|" + "---|" * len(subjects)]
        for scenario, (title, _, _) in SCENARIOS.items():
            lines.append(f"| {title} | " + " | ".join(cell(subject, scenario, notes) for subject in subjects) + " |")
        lines.append("")
    lines += [f"{number}. {why}" for number, why in enumerate(notes, 1)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
