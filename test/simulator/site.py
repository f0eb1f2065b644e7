"""A site: one server of one protocol, at a port of its own, with its credential, its jobs and what it remembers of clients."""

import asyncio
import collections
import contextlib
import re
import socket
import time
import uuid

from . import faults, media, wire_faults
from .jobs import Job
from .web import Answer, serve_connection
from .webhooks import Webhooks


class Refused(Exception):
    """Thrown by protocols: this is the answer."""

    def __init__(self, answer):
        super().__init__(answer.status)
        self.answer = answer


class Dropped(Exception):
    """Thrown by protocols: the connection breaks without an answer."""


class Submission:
    """One request for work, as it came."""

    def __init__(self, request, text, fault, number):
        self.at = time.monotonic()
        self.request = request
        self.text = text
        self.fault = fault
        self.number = number  # how many there were before
        self.accepted = False


class Site:
    queued_for = 0.1
    running_for = 0.2

    def __init__(self, protocol, secret, fault=None, resolve=None):
        self.secret = secret
        self.fault = fault
        self.requests = []  # every one, in the order in which they came
        self.submissions = []
        self.cancels = []  # the ids that clients wanted to be cancelled
        self.left = []  # the requests whose clients did not wait for the answer
        self.refused = []  # (request, status) of what was refused and not scripted
        self.jobs = collections.OrderedDict()
        self.restarts = 0
        self.webhooks = Webhooks(self, resolve or {})
        self.protocol = protocol(self)
        self.resets_early = False  # the first connection, before the request is read
        self.resets = 0
        self.questions_spoilt = 0
        self.holds = set()  # methods: what is answered to them is held back for as long as they are in here
        self.listener = None
        self.port = None
        self.running = set()

    # ---- for tests ----

    @property
    def root(self):
        return f"http://127.0.0.1:{self.port}"

    @property
    def base_url(self):
        return self.root + self.protocol.base

    @property
    def accepted(self):
        """The submissions that made a job: what a vendor charges for."""
        return [submission for submission in self.submissions if submission.accepted]

    def release(self):
        for job in self.jobs.values():
            job.released = True

    def restart(self):
        """As a server that keeps everything in memory: it knows nothing any more."""
        self.restarts += 1
        self.jobs.clear()
        for task in list(self.running):
            task.cancel()

    # ---- for protocols ----

    def new_job(self, submission, request, job_id=None):
        slow = submission.fault == "slow"
        job = Job(
            job_id or uuid.uuid4().hex, submission.text, request, submission.fault,
            1.2 if slow else self.queued_for, 1.6 if slow else self.running_for,
        )  # fmt: skip
        submission.accepted = True
        self.jobs[job.id] = job
        return job

    def submission(self, request, text):
        """Counts it, and refuses it when it asks for that."""
        fault = self.fault or faults.word_in(request.body)
        number = len(self.submissions)
        if number > 0 and fault in faults.ONLY_FIRST:
            fault = None
        submission = Submission(request, text, fault, number)
        self.submissions.append(submission)
        if fault in faults.REFUSALS:
            raise Refused(self.protocol.refusal(fault))
        if fault in wire_faults.INSTEAD:
            raise Refused(wire_faults.instead(fault, self, request))
        return submission

    def find(self, job_id, unknown):
        """The job of this id; the answer unknown where there is none."""
        job = self.jobs.get(job_id)
        if job is not None and job.fault == "forget":
            self.restart()
            job = None
        if job is None:
            raise Refused(unknown)
        return job

    def send_output(self, job, data, content_type, gone=None):
        """The bytes of an output, or what becomes of them."""
        if job.fault == "expired":
            raise Refused(gone or Answer(404, b"gone", "text/plain"))
        first, job.outputs_sent = job.outputs_sent == 0, job.outputs_sent + 1
        cut = len(data) // 2 if job.fault == "truncated" and first else None
        return Answer(200, data, content_type, cut=cut)

    def picture(self, text, index, fault):
        return media.png(f"{text}/{index}", at_least=faults.LARGE_BYTES if fault == "large" else 0)

    def film(self, text, fault):
        return media.mp4(text, at_least=faults.LARGE_BYTES if fault == "large" else 0)

    # ---- the server ----

    async def start(self, port=0):
        listening = socket.socket()
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if self.resets_early:  # so little is taken that a large request cannot leave the client before it is read
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_MAXSEG, 536)
        listening.bind(("127.0.0.1", port))
        self.listener = await asyncio.start_server(self._connection, sock=listening, limit=1 << 16)
        self.port = listening.getsockname()[1]

    async def _go_away(self):
        self.listener.close()
        await asyncio.sleep(wire_faults.AWAY_S)
        await self.start(self.port)

    async def stop(self):
        self.listener.close()
        self.webhooks.stop()
        for task in list(self.running):
            task.cancel()
        await self.listener.wait_closed()

    async def _connection(self, reader, writer):
        task = asyncio.current_task()
        self.running.add(task)
        try:
            with contextlib.suppress(Dropped, asyncio.CancelledError):
                if self.resets_early and not self.resets:
                    self.resets += 1
                    await wire_faults.reset_early(writer)
                    self.listener.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
                    return
                await serve_connection(reader, writer, self._handle, self.left.append)
        finally:
            self.running.discard(task)
            writer.close()

    async def _handle(self, request):
        self.requests.append(request)
        try:
            self.protocol.authorize(request)
            for method, pattern, handler in self.protocol.routes():
                match = re.fullmatch(pattern, request.path)
                if match and method == request.method:
                    answer = handler(request, *match.groups())
                    answer = await answer if asyncio.iscoroutine(answer) else answer
                    answer = await self._by_fault(request, answer)
                    while request.method in self.holds:
                        await asyncio.sleep(0.02)
                    return answer
            raise Refused(self.protocol.unknown_path(request))
        except Refused as refused:
            if not (self.submissions and self.submissions[-1].fault in faults.WORDS):
                self.refused.append((request, refused.answer.status, refused.answer.body))
            return refused.answer

    async def _by_fault(self, request, answer):
        """The answer of the protocol, or what becomes of it on its way."""
        submission = self.submissions[-1] if self.submissions else None
        fault = submission and submission.fault
        if fault in wire_faults.READABLE:
            return await wire_faults.made_harder(fault, answer)
        if submission and submission.request is request:
            if fault in wire_faults.SPOILT:
                return await wire_faults.spoilt(fault, answer)
            if fault == "away":
                task = asyncio.ensure_future(self._go_away())
                self.running.add(task)
                task.add_done_callback(self.running.discard)
        elif fault in ("poll_broken", "poll_page") and self.questions_spoilt < wire_faults.BAD_QUESTIONS:
            self.questions_spoilt += 1
            return wire_faults.to_question(fault, self)
        return answer
