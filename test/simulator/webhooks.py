"""Webhooks that a site sends: kept, signed by the protocol, repeated while the receiver does not take them.

Vendors know receivers by public names and insist on https; resolve maps such a name to a function, which stands for the proxy
in front of the receiver: it takes path and headers, and gives (address, port, path, headers).
"""

import asyncio
import json
import time
import urllib.parse

from .web import post


class Webhook:
    """One message: sent again it has the same body and, where there is one, the same id."""

    def __init__(self, url, body, headers):
        self.url = url
        self.body = body
        self.headers = headers
        self.statuses = []  # what the receiver answered, one for each time that it was sent
        self.answers = []  # the bodies of those answers
        self.sent_at = None  # the first time


class Webhooks:
    def __init__(self, site, resolve):
        self.site = site
        self.resolve = resolve
        self.sent = []
        self.enabled = True
        self.repeat_each = 0  # how many times more each one is sent although it was taken
        self.pauses = ()  # seconds before each further try, when it was not taken
        self.orders = {}  # what was asked for: {id of a job: (url, what makes its body and headers)}
        self._tasks = set()

    def when_over(self, job, url, make):
        """Sends what make(job) gives, (body, headers), when the job is over."""
        if url:
            self.orders[job.id] = (url, make)
            self._begin(self._when_over(job, url, make))

    def about(self, job):
        """What would be sent about a job now, signed now."""
        url, make = self.orders[job.id]
        return Webhook(url, *make(job))

    def _begin(self, work):
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _when_over(self, job, url, make):
        await job.over()
        if not self.enabled or job.id not in self.site.jobs:
            return
        body, headers = make(job)
        webhook = Webhook(url, body, headers)
        self.sent.append(webhook)
        pauses = iter(self.pauses)
        while not 200 <= await self.deliver(webhook) < 300:
            pause = next(pauses, None)
            if pause is None:
                return
            await asyncio.sleep(pause)
        for _ in range(self.repeat_each):
            await self.deliver(webhook)

    async def forge(self, job, url):
        """Sends everything that somebody else could make up about a job; returns what the receiver answered to each."""
        return [await self.deliver(Webhook(url, body, headers)) for body, headers in self.site.protocol.forgeries(job)]

    async def deliver(self, webhook):
        """Sends it now, once; returns the status of the answer, 0 for none."""
        url = urllib.parse.urlsplit(webhook.url)
        headers = {"Content-Type": "application/json", **webhook.headers}
        path = url.path + ("?" + url.query if url.query else "")
        host, port, path, headers = self.resolve[url.hostname](path, headers)
        webhook.sent_at = webhook.sent_at or time.monotonic()
        status, answer = await post(host, port, path, headers, webhook.body)
        webhook.statuses.append(status)
        webhook.answers.append(answer)
        return status

    def stop(self):
        for task in list(self._tasks):
            task.cancel()


def as_bytes(document):
    return json.dumps(document, separators=(",", ":")).encode()
