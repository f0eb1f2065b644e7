"""Prints what each suite passed and failed, and in the last line the sums.

    summarize.py RESULTS SUITE...

RESULTS holds what tools/check left of each suite: SUITE.status (exit status and seconds), SUITE.log, and where the
suite writes one, a JUnit report. Where CTest ran the suite, SUITE.ctest.xml is CTest's report, and SUITE/PROGRAM.xml or
SUITE/PROGRAM/TEST.xml has the single tests of what CTest calls PROGRAM or PROGRAM/TEST. A suite that ended badly without naming a failed test, or that ran no test, counts
as one failure.
"""

import pathlib
import re
import sys
import xml.etree.ElementTree as xml

# pg_regress writes TAP, too, from version 16 on.
TAP_LINE = re.compile(
    r"^(not )?ok\b(?:\s+\d+)?(?:\s+[-+] (.*?))?(?:\s+\d+ ms)?(?:\s*# (skip|todo)\b.*)?$", re.IGNORECASE
)
REGRESS_LINE = re.compile(r"^(?:test |\s{5})(\S+)\s+\.\.\. (ok|FAILED|failed)\b")


class Suite:
    def __init__(self):
        self.passed = 0
        self.failed = []
        self.skipped = 0

    def add(self, name, passed):
        if passed:
            self.passed += 1
        else:
            self.failed.append(name)


def read_junit(path, suite, left_out=frozenset()):
    try:
        root = xml.parse(path).getroot()
    except xml.ParseError:
        suite.failed.append(f"{path.name} is not a complete report")
        return
    for case in root.iter("testcase"):
        if case.get("name") in left_out:
            continue
        if case.get("status") == "notrun" or case.find("skipped") is not None:
            suite.skipped += 1
            continue
        name = f"{case.get('classname', '')}.{case.get('name')}".lstrip(".")
        suite.add(name, case.find("failure") is None and case.find("error") is None)


def read_log(path, suite):
    """TAP, and the lines of pg_regress."""
    for line in path.read_text(errors="replace").splitlines():
        if match := TAP_LINE.match(line):
            if (match[3] or "").lower() == "skip":
                suite.skipped += 1
            else:
                todo = (match[3] or "").lower() == "todo"
                suite.add(match[2] or line, match[1] is None or todo)
        elif match := REGRESS_LINE.match(line):
            suite.add(match[1], match[2] == "ok")


def read_suite(results, name, status):
    suite = Suite()
    detailed = sorted((results / name).rglob("*.xml"))
    reports = detailed + sorted(results.glob(f"{name}.xml"))
    for report in reports:
        read_junit(report, suite)
    for report in results.glob(f"{name}.ctest.xml"):
        programs = {str(path.relative_to(results / name).with_suffix("")) for path in detailed}
        read_junit(report, suite, left_out=programs)
    if not reports:
        read_log(results / f"{name}.log", suite)
    if status != 0 and not suite.failed:
        suite.failed.append(f"the suite ended with status {status}")
    elif not suite.passed and not suite.failed:
        suite.failed.append("the suite ran no test")
    return suite


def main():
    results = pathlib.Path(sys.argv[1])
    passed, failures = 0, []
    print(f"{'suite':<10}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>9}")
    for name in sys.argv[2:]:
        status_file = results / f"{name}.status"
        status, seconds = (
            map(int, status_file.read_text().split()) if status_file.exists() else (1, 0)
        )
        suite = read_suite(results, name, status)
        print(f"{name:<10}{suite.passed:>8}{len(suite.failed):>8}{suite.skipped:>9}{seconds:>9}")
        passed += suite.passed
        failures += [f"{name}: {test}" for test in suite.failed]
    if failures:
        print("\nfailed:")
        for failure in failures:
            print(f"  {failure}")
    print(f"\n{passed} passed, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
