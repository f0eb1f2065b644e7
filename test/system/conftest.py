"""Fixtures: servers, databases, users, and an inference server that does what it is told."""

import signal
import sys

import pytest
from harness.database import Database
from harness.inference import FakeInferenceServer
from harness.server import Server
from harness.transaction_watch import TransactionWatch


def pytest_configure(config):
    # A test run that is asked to stop still stops its servers.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    config.addinivalue_line("markers", "courier(name): the program in harness that stands in for the courier")


def name_of(request):
    return request.node.name.removeprefix("test_").replace("[", "-").replace("]", "")[:60]


@pytest.fixture
def make_server(request):
    """Starts servers with the settings that a test names; all are gone after the test."""
    servers = []

    def make(**settings):
        suffix = f"-{len(servers)}" if servers else ""
        server = Server(name_of(request) + suffix, **settings)
        servers.append(server)
        return server.start()

    yield make
    for server in servers:
        server.remove()
    for server in servers:
        server.assert_no_crash()


@pytest.fixture
def server(make_server):
    return make_server()


@pytest.fixture(scope="module")
def shared_server(request):
    """One server for the tests of a file that leave it as they found it."""
    server = Server(request.module.__name__.removeprefix("test_"), atelier__runner_enabled="off")
    yield server.start()
    server.remove()
    server.assert_no_crash()


@pytest.fixture(scope="module")
def watched_server(request):
    """One for faults: no worker may hold a transaction for long, however slow the disks of this machine are."""
    server = Server(request.module.__name__.removeprefix("test_"), fsync="off", max_worker_processes="24",
                    atelier__runner_enabled="off", atelier__janitor_interval="1s", atelier__max_in_flight="200")
    server.start()
    server.watch = TransactionWatch(server).start()
    yield server
    server.watch.stop()
    server.remove()
    server.assert_no_crash()


@pytest.fixture
def database(server):
    """A database with the extension on a server of its own, with the local runner."""
    return Database.create(server, "studio")


@pytest.fixture
def shared_database(shared_server, request):
    """A database of its own on the shared server, without a local runner."""
    database = Database.create(shared_server, name_of(request))
    yield database
    database.drop()


@pytest.fixture
def fake(shared_database):
    """The fake inference server, and the only endpoint of the shared database."""
    fake = FakeInferenceServer().start()
    shared_database.use_only(fake)
    yield fake
    fake.stop()
