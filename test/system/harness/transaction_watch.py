"""Watches how long the workers of a server hold transactions.

A thread samples pg_stat_activity. What counts is the age of a transaction without the time in which its process was
ready to run and got no processor: on a busy machine that is the machine's doing, and the kernel counts it for each
process (/proc/PID/schedstat). Work, locks, disks, sleeps and waits for others all count.
"""

import contextlib
import threading
import time

from .waiting import wait_until

WORKERS = """
select a.pid, extract(epoch from a.xact_start)::float8, extract(epoch from clock_timestamp() - a.xact_start)::float8,
       a.backend_type, a.datname, a.state, concat_ws(': ', a.wait_event_type, a.wait_event), a.query
  from pg_stat_activity a
 where a.backend_type like 'atelier %' and a.state is distinct from 'starting'
"""


def waited_for_processor(pid):
    """Seconds in its life, or None when it has ended."""
    with contextlib.suppress(OSError), open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
        return int(file.read().split()[1]) / 1e9
    return None


class TransactionWatch:
    def __init__(self, server, most_seconds=0.1, every=0.01):
        self.server = server
        self.most_seconds = most_seconds
        self.every = every
        self.samples = 0
        self.longest = 0.0
        self.too_long = {}  # (pid, start) -> what it was
        self.began = {}  # (pid, start) -> of the look before: when it was, how long the process had waited until then
        self._last_look = time.monotonic()
        self._waited = {}  # pid -> the same at the last look
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self):
        self._connection = self.server.connect("postgres", application_name="transaction watch")
        self._thread.start()
        return self

    def stop(self):
        self._stopping.set()
        self._thread.join()
        self._connection.close()

    def _run(self):
        with self._connection.cursor() as cursor:
            while not self._stopping.wait(self.every):
                look = time.monotonic()
                cursor.execute(WORKERS)
                for row in cursor.fetchall():
                    self._note(*row)
                self._last_look = look
                self.samples += 1

    def _note(self, pid, start, age, *what):
        waited = waited_for_processor(pid)
        if waited is None:
            return
        if start is not None:
            last_look, before = self.began.setdefault((pid, start), (self._last_look, self._waited.get(pid, 0.0)))
            # The age is by the clock on the wall, which tests may set. It cannot be older than the look before.
            held = min(age, time.monotonic() - last_look) - (waited - before)
            self.longest = max(self.longest, held)
            if held > self.most_seconds:
                self.too_long[pid, start] = (round(held, 3), round(age, 3), *what)
        self._waited[pid] = waited


def assert_short_transactions(watch, least=20):
    assert watch.too_long == {}, f"transactions of more than {watch.most_seconds} s (held, age, ...): {watch.too_long}"
    assert watch.samples > 20 and len(watch.began) >= least, f"{watch.samples} samples of {len(watch.began)} transactions"


def assert_statistics_are_complete(database):
    """What only workers write is counted, to the last row: else autovacuum would not come."""

    def counted():
        return database.run(
            "select relname, n_tup_ins, n_tup_upd, n_tup_del from pg_stat_user_tables"
            " where schemaname in ('atelier', 'atelier_engine') and relname in ('attempts', 'queue', 'generations')"
            " order by 1")

    attempts, finished, generations = database.run(
        "select (select count(*) from atelier_engine.attempts),"
        " (select count(*) from atelier.jobs where completed_at is not null),"
        " (select count(*) from atelier.generations)")[0]

    def complete():
        (_, tried, recorded, _), (_, made, _, _), (_, _, claimed, left) = counted()
        return tried == attempts <= min(recorded, claimed) and made == generations and left == finished

    wait_until(complete, 10, lambda: f"{counted()} for {attempts} attempts of {finished} jobs")
