"""A streaming standby of another server, on the same machine."""

import shutil
import subprocess
import tempfile

from .server import AS_SERVER_USER, HOME, Server, bin_directory, own
from .waiting import wait_until


def conninfo(server):
    """How another server reaches this one."""
    return f"host={server.socket_directory} port=5432 user=postgres"


class Standby(Server):
    def __init__(self, primary, name, **settings):
        self.primary = primary
        self.home = HOME / name
        self.data = self.home / "data"
        self.log_path = self.home / "server.log"
        self.postmaster = None
        shutil.rmtree(self.home, ignore_errors=True)
        self.home.mkdir(parents=True)
        self.data.mkdir(mode=0o700)
        own(self.data)
        subprocess.run(
            [AS_SERVER_USER, bin_directory() / "pg_basebackup", "-d", conninfo(primary), "-D", self.data]
            + ["--write-recovery-conf", "--checkpoint=fast", "--no-sync"],
            check=True,
            cwd="/",
        )
        self.socket_directory = tempfile.mkdtemp(prefix="atelier.", dir="/tmp")
        own(self.socket_directory)
        self.configure(unix_socket_directories=self.socket_directory, synchronous_standby_names="", **settings)

    def wait_until_caught_up(self):
        with self.primary.connect("postgres") as connection, connection.cursor() as cursor:
            cursor.execute("select pg_current_wal_flush_lsn()")
            (position,) = cursor.fetchone()
        connection.close()
        wait_until(lambda: self.ask("select pg_last_wal_replay_lsn() >= %s", position))

    def promote(self):
        subprocess.run(
            [AS_SERVER_USER, bin_directory() / "pg_ctl", "promote", "-s", "-w", "-D", self.data],
            check=True,
            cwd="/",
        )

    def ask(self, question, *arguments):
        connection = self.connect("postgres")
        try:
            with connection.cursor() as cursor:
                cursor.execute(question, arguments)
                return cursor.fetchone()[0]
        finally:
            connection.close()
