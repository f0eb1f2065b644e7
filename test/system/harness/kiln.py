"""The potters of Kiln, whose HTTP API nobody else speaks: docs/providers.md has their manual."""

import http.server
import itertools
import json
import threading

from .png import make_png

KEY = "clay-and-ash"


class Kiln:
    """Orders stay where the test leaves them: a stage is what move() says."""

    def __init__(self):
        self.lock = threading.Lock()
        self.numbers = itertools.count(1)
        self.orders = {}  # ticket -> the order as it was sent
        self.firings = {}  # ticket -> what is told of it
        self.asked = []
        self.stopped = []
        self.refused = []
        self.first_stage = "stacked"

    def __enter__(self):
        kiln = self

        class Handler(_Handler):
            pottery = kiln

        self.listener = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.listener.server_address[1]}"
        threading.Thread(target=self.listener.serve_forever, args=(0.02,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.listener.shutdown()
        self.listener.server_close()

    def order(self, document):
        with self.lock:
            ticket = f"k/{next(self.numbers)} é"
            self.orders[ticket] = document
            self.firings[ticket] = {"ticket": ticket, "stage": self.first_stage}
            return dict(self.firings[ticket])

    def move(self, ticket, stage, **facts):
        with self.lock:
            if stage == "cooled":
                count = self.orders[ticket]["design"]["pieces"]
                facts.setdefault("pieces", [{"href": f"/v2/pieces/{index}"} for index in range(count)])
                facts.setdefault("burnt", {"gas": 3.5, "coins": 0.04})
            self.firings[ticket] = {"ticket": ticket, "stage": stage, **facts}


class _Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def reply(self, status, body, content_type="application/json"):
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def say(self, status, document):
        self.reply(status, json.dumps(document).encode())

    def allowed(self):
        if self.headers.get("X-Kiln-Key") == KEY:
            return True
        self.pottery.refused.append(self.path)
        self.say(401, {"firing": {"fault": {"sort": "stranger", "says": "who are you?"}}})
        return False

    def ticket(self):
        from urllib.parse import unquote

        return unquote(self.path.removeprefix("/v2/firings/"))

    def do_POST(self):
        document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if not self.allowed():
            return
        if self.path != "/v2/firings" or self.headers.get("X-Kiln-Manners") != "2":
            return self.say(404, {})
        self.say(202, {"firing": self.pottery.order(document)})

    def do_GET(self):
        if not self.allowed():
            return
        if self.path.startswith("/v2/pieces/"):
            index = int(self.path.removeprefix("/v2/pieces/"))
            return self.reply(200, make_png(16 + index, 16, (10, 20, 30)), "image/png")
        ticket = self.ticket()
        self.pottery.asked.append(ticket)
        with self.pottery.lock:
            firing = self.pottery.firings.get(ticket)
        self.say(200 if firing else 404, {"firing": firing} if firing else {})

    def do_DELETE(self):
        if not self.allowed():
            return
        self.pottery.stopped.append(self.ticket())
        self.say(200, {})
