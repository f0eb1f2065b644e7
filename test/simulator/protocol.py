"""What the protocols share: a credential, routes, refusals in the vendor's own words, and strict reading of requests."""

import hmac
import json

from .site import Refused
from .web import Answer


class Protocol:
    name = None
    base = ""  # the path of its base URL
    scheme = "Bearer {}"  # of the credential; None: there is none
    header = "authorization"

    def __init__(self, site):
        self.site = site

    # ---- what a protocol says ----

    def routes(self):
        """[(method, regular expression of the path, handler)]"""
        raise NotImplementedError

    def error(self, status, message, code=None, headers=()):
        """An error in the vendor's form."""
        raise NotImplementedError

    def output(self, text, index=0, fault=None):
        """Output number index of a job with this text: its bytes, or what it says."""
        raise NotImplementedError

    def forgeries(self, job):
        """[(body, headers)] of webhooks about a job that are not the vendor's."""
        raise NotImplementedError

    # ---- what follows ----

    def authorize(self, request):
        if self.scheme is None:
            return
        given = request.headers.get(self.header, "")
        if not hmac.compare_digest(given.encode(), self.scheme.format(self.site.secret).encode()):
            raise Refused(self.refusal("unauthorized"))

    def unknown_path(self, request):
        return self.error(404, f"there is no {request.method} {request.path}")

    def refusal(self, fault):
        """The answers that most vendors give; a protocol overrides those that differ."""
        return {
            "throttled": lambda: self.error(429, "too many requests", "rate_limit_exceeded", ["Retry-After: 2"]),
            "unauthorized": lambda: self.error(401, "this credential is not known here", "invalid_api_key"),
            "no_credit": lambda: self.error(402, "no credit is left", "insufficient_quota"),
            "broken": lambda: self.error(500, "the server is on fire"),
            "invalid": lambda: self.error(400, "steps: must be at most 50"),
        }[fault]()

    def refuse(self, message, status=400):
        raise Refused(self.error(status, message))

    def document(self, request, status=400):
        """The body of a request as a JSON object."""
        if request.content_type() != "application/json":
            self.refuse(f"the body is {request.content_type() or 'of no type'} and not application/json", 415)
        try:
            document = json.loads(request.body)
        except ValueError as error:
            self.refuse(f"the body is not JSON: {error}", status)
        if not isinstance(document, dict):
            self.refuse("the body is not a JSON object", status)
        return document

    def check(self, document, known, required=(), where="", status=400):
        """known: {name: type or types}; None: no other name is checked. Refuses what is missing, wrong or unknown."""
        for name in required:
            if document.get(name) is None:
                self.refuse(f"{where}{name} is missing", status)
        for name, value in document.items():
            if name not in known:
                self.refuse(f"{where}{name} is not permitted here", status)
            kinds = known[name]
            if kinds is None or value is None:
                continue
            kinds = kinds if isinstance(kinds, tuple) else (kinds,)
            if not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds):
                self.refuse(f"{where}{name} is of the wrong type", status)
        return document


NUMBER = (int, float)

