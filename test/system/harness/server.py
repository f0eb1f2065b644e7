"""A real PostgreSQL server with atelier, in a data directory of its own."""

import contextlib
import hashlib
import os
import pathlib
import re
import shutil
import signal
import subprocess
import tempfile

import psycopg2

from .waiting import wait_until

CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
AS_SERVER_USER = str(CHECKOUT / "tools" / "as-server-user")
HOME = CHECKOUT / "build" / "check-system"

# Crash tests prove nothing when the server does not write through.
SETTINGS = {
    "listen_addresses": "",
    "port": "5432",
    "shared_preload_libraries": "atelier",
    "max_worker_processes": "16",
    "max_connections": "60",
    "fsync": "on",
    "log_line_prefix": "%m [%p] %b %d ",
    "atelier.runner_threads": "1",
}


def bin_directory():
    return pathlib.Path((CHECKOUT / "build" / "postgres" / "bindir").read_text().strip())


def run_program(name, *arguments, **options):
    """Runs a client program of the private PostgreSQL."""
    return subprocess.run(
        [str(bin_directory() / name), *map(str, arguments)], check=True, timeout=300, **options
    )


def own(path):
    if os.geteuid() == 0:
        shutil.chown(path, "postgres", "postgres")


class Process:
    """A process of a server, as /proc shows it."""

    def __init__(self, pid):
        self.pid = pid
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            self.command = file.read().replace(b"\0", b" ").decode().strip()

    def resident_bytes(self):
        with open(f"/proc/{self.pid}/statm", encoding="ascii") as file:
            return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")

    def kill(self, number):
        os.kill(self.pid, number)

    @contextlib.contextmanager
    def stopped(self):
        """It stands still for as long as the block runs."""
        self.kill(signal.SIGSTOP)
        try:
            yield self
        finally:
            self.kill(signal.SIGCONT)

    def alive(self):
        return os.path.exists(f"/proc/{self.pid}")


class Server:
    environment = {}  # of all its processes, besides that of the tests

    def __init__(self, name, environment=None, **settings):
        self.environment = environment or {}
        self.home = HOME / name
        self.data = self.home / "data"
        self.log_path = self.home / "server.log"
        self.postmaster = None
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)
        self.data.mkdir()
        own(self.data)
        subprocess.run(
            [AS_SERVER_USER, bin_directory() / "initdb", "--no-sync", "--auth=trust", "--username=postgres"]
            + ["--encoding=UTF8", "--locale=C.UTF-8", "-D", self.data],
            check=True,
            cwd="/",
            stdout=subprocess.DEVNULL,
        )
        # The path of a socket has at most 107 bytes, and a checkout may be deep.
        self.socket_directory = tempfile.mkdtemp(prefix="atelier.", dir="/tmp")
        own(self.socket_directory)
        self.key_file = self.home / "secret-keys"
        self.write_keys("first")
        self.configure(
            **{**SETTINGS, "unix_socket_directories": self.socket_directory, "atelier__secret_key_file": self.key_file}
            | settings
        )

    def write_keys(self, *names, path=None, mode=0o600):
        """The keys that provider tokens are sealed with, the newest first. A name always means the same key."""
        path = path or self.key_file
        path.unlink(missing_ok=True)
        path.write_text("".join(f"{name} {hashlib.sha256(name.encode()).hexdigest()}\n" for name in names))
        path.chmod(mode)
        own(path)

    def configure(self, **settings):
        with open(self.data / "postgresql.conf", "a", encoding="utf-8") as file:
            for name, value in settings.items():
                file.write(f"{name.replace('__', '.')} = '{value}'\n")

    def reload(self, **settings):
        self.configure(**settings)
        self.postmaster.send_signal(signal.SIGHUP)

    def start(self):
        assert not self.processes()
        with open(self.log_path, "ab") as log:
            self.postmaster = subprocess.Popen(
                [AS_SERVER_USER, bin_directory() / "postgres", "-D", self.data],
                cwd=self.data,
                env={**os.environ, **self.environment},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        wait_until(self.accepts_connections, 60, lambda: f"no connection; log:\n{self.log_end()}")
        return self

    def accepts_connections(self):
        assert self.postmaster.poll() is None, f"the server ended:\n{self.log_end()}"
        try:
            self.connect("postgres").close()
            return True
        except psycopg2.OperationalError:
            return False

    def stop(self, seconds=30):
        """A fast shutdown. Nothing of the server may be left afterwards."""
        self.postmaster.send_signal(signal.SIGINT)
        self.postmaster.wait(seconds)
        left = [process.command for process in self.processes()]
        assert not left, f"left behind: {left}"

    def kill(self):
        """kill -9 of the postmaster: its children notice and end by themselves."""
        self.postmaster.kill()
        self.postmaster.wait()
        wait_until(
            lambda: not self.processes(),
            30,
            lambda: f"left behind: {[process.command for process in self.processes()]}",
        )

    def kill_worker(self, pid):
        """kill -9 of a process attached to shared memory; returns when the postmaster has noticed."""
        before = self.log().count("all server processes terminated; reinitializing")
        os.kill(pid, signal.SIGKILL)
        wait_until(
            lambda: self.log().count("all server processes terminated; reinitializing") > before,
            30,
            lambda: f"no crash restart:\n{self.log_end()}",
        )

    def kill_everything(self):
        """As if the power had failed."""
        for process in self.processes():
            try:
                process.kill(signal.SIGKILL)
            except ProcessLookupError:  # it died with its parent
                pass
        self.postmaster.wait()
        wait_until(lambda: not self.processes())

    def remove(self):
        if self.postmaster is not None and self.postmaster.poll() is None:
            self.postmaster.send_signal(signal.SIGQUIT)
            self.postmaster.wait(30)
        for process in self.processes():
            process.kill(signal.SIGKILL)
        shutil.rmtree(self.socket_directory, ignore_errors=True)
        shutil.rmtree(self.data, ignore_errors=True)  # the log stays

    def connect(self, database, **options):
        connection = psycopg2.connect(
            host=self.socket_directory,
            port=5432,
            **{"user": "postgres", "dbname": database, "application_name": "test", **options},
        )
        connection.autocommit = True
        return connection

    def connection_arguments(self, database):
        """For the client programs."""
        return ["-h", self.socket_directory, "-p", "5432", "-U", "postgres", "-d", database]

    def processes(self, name=None):
        """Every process with the data directory as working directory: all that the server started."""
        found = []
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                try:
                    if os.readlink(f"/proc/{entry}/cwd") == str(self.data):
                        process = Process(int(entry))
                        if name is None or name in process.command:
                            found.append(process)
                except OSError:  # it ended meanwhile
                    pass
        return found

    def process(self, name, seconds=30):
        """The one process whose command contains the name, once it is there."""
        wait_until(
            lambda: len(self.processes(name)) == 1,
            seconds,
            lambda: f"not one {name}: {[process.command for process in self.processes()]}",
        )
        return self.processes(name)[0]

    def assert_no_crash(self):
        """Tests kill with signal 9; every other end by a signal is a defect of ours."""
        crash = re.compile(
            r"PANIC: |TRAP: |terminated by signal (?!9\b)|AddressSanitizer|terminate called|Assertion .* failed"
        )
        found = [line for line in self.log().splitlines() if crash.search(line)]
        assert not found, found

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def log_end(self):
        return "\n".join(self.log().splitlines()[-40:])
