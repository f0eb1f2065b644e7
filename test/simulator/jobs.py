"""The jobs of a site: when each of them is in which phase follows from the clock, and from who holds or cancels it."""

import asyncio
import time

QUEUED, RUNNING, DONE, CANCELLED = "queued", "running", "done", "cancelled"


class Job:
    def __init__(self, job_id, text, request, fault, queued_for, running_for):
        self.id = job_id
        self.text = text  # what its outputs follow from
        self.request = request  # as the protocol understood it
        self.fault = fault
        self.created_at = time.time()
        self.cancelled_at = None
        self.released = False
        self.queued_for = queued_for
        self.running_for = running_for
        self.outputs_sent = 0
        self.result = None  # what the protocol keeps of it
        self._began = time.monotonic()

    def phase(self):
        if self.cancelled_at is not None:
            return CANCELLED
        age = time.monotonic() - self._began
        if age < self.queued_for or (self.fault == "hold_queued" and not self.released):
            return QUEUED
        if age < self.queued_for + self.running_for or (self.fault == "hold_running" and not self.released):
            return RUNNING
        return DONE

    def is_over(self):
        return self.phase() in (DONE, CANCELLED)

    def fraction(self):
        """How much is done, from 0 to 1."""
        age = time.monotonic() - self._began - self.queued_for
        return {QUEUED: 0.0, DONE: 1.0}.get(self.phase(), round(min(max(age / self.running_for, 0.01), 0.99), 2))

    def cancel(self):
        """False when it is over already."""
        if self.is_over():
            return False
        self.cancelled_at = time.time()
        return True

    async def over(self):
        while not self.is_over():
            await asyncio.sleep(0.02)
        return self

    async def started(self):
        while self.phase() == QUEUED:
            await asyncio.sleep(0.02)
        return self

    def times(self):
        """(created, started or None, completed or None), in seconds since the epoch."""
        phase = self.phase()
        started = self.created_at + self.queued_for if phase in (RUNNING, DONE) else None
        if phase == CANCELLED:
            return self.created_at, started, self.cancelled_at
        return self.created_at, started, started + self.running_for if phase == DONE else None
