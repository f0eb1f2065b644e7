"""atelier-runner --pull: the program itself, as somebody with a GPU starts it."""

import os
import signal
import subprocess

from .server import CHECKOUT, bin_directory
from .waiting import wait_until

SCOPES = "{call:register_worker,call:claim_jobs,call:heartbeat_jobs}"


def worker_key(database):
    """The API key of an administrator who runs workers, for the functions that they call."""
    user = database.add_user("operator")
    database.run("insert into atelier.user_roles (user_id, role) values (%s, 'admin')", user.id)
    return user.value("select secret from atelier.create_api_key(name => 'workers', scopes => %s)", SCOPES)


class PullRunner:
    def __init__(self, directory, url, name, *options, key=None, environment=()):
        self.log_path = directory / f"{name}.log"
        command = [bin_directory() / "atelier-runner", "--model", CHECKOUT / "models" / "tiny-sdxl"]
        command += ["--threads", "1", "--device", "cpu", "--pull", url, "--name", name, *options]
        if key is not None:
            key_file = directory / f"{name}.key"
            key_file.write_text(key + "\n")
            command += ["--key-file", key_file]
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                list(map(str, command)), stderr=log, cwd="/", env={**os.environ, **dict(environment)}
            )

    def log(self):
        return self.log_path.read_text(encoding="utf-8", errors="replace")

    def wait_until_ready(self):
        self.wait_for_log("claiming as")
        return self

    def wait_for_log(self, text, seconds=60):
        def said():
            assert text in self.log() or self.process.poll() is None, f"it ended:\n{self.log()}"
            return text in self.log()

        wait_until(said, seconds, lambda: f'no "{text}":\n{self.log()}')

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def wait(self, seconds=60):
        """Its exit status."""
        return self.process.wait(seconds)
