"""A picture by atelier-runner against the same picture by plain PyTorch, taken in turns so that a busy machine hits both.

Prints one table: wall-clock and processor milliseconds per picture (median of the rounds) and the runner's share of
PyTorch's, which computes matrix products once with the BLAS of the system and once with OpenBLAS. The runner is asked
over its socket, so its figures include HTTP, PNG and base64; PyTorch's start at token ids and end at bytes of pixels.
"""
import argparse
import http.client
import json
import os
import pathlib
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
REQUEST = {"prompt": "a red circle on a blue background", "size": "64x64", "seed": 101, "guidance": 4, "steps": 25}


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("runner")
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(str(self.path))


def processor_ms(pid):
    """Milliseconds that a process has computed so far."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * 1000 / os.sysconf("SC_CLK_TCK")


class Runner:
    def __init__(self, program, model, threads, folder):
        path = folder / "runner.sock"
        self.process = subprocess.Popen(
            [program, "--model", model, "--listen", f"unix:{path}", "--threads", str(threads), "--device", "cpu"],
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 60
        while not path.exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("atelier-runner did not start")
            time.sleep(0.01)
        self.connection = UnixConnection(path)

    def picture(self):
        self.connection.request(
            "POST", "/v1/images/generations", json.dumps(REQUEST), {"Content-Type": "application/json"}
        )
        reply = self.connection.getresponse()
        body = reply.read()
        if reply.status != 200:
            raise SystemExit(body.decode())

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()


class PlainPyTorch:
    def __init__(self, model, threads, libraries=None):
        golden = ROOT / "test" / "golden" / "case0.safetensors"
        self.process = subprocess.Popen(
            [sys.executable, HERE / "pytorch_reference.py", model, golden, "--threads", str(threads)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | ({"LD_LIBRARY_PATH": libraries} if libraries else {}),
        )
        state, error = self.process.stdout.readline().split()
        if state != "ready" or float(error) > 1e-4:
            raise SystemExit("plain PyTorch does not agree with the golden latents")

    def picture(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        self.process.stdout.readline()

    def stop(self):
        self.process.stdin.close()
        self.process.wait()


def measure(contender):
    start, start_processor = time.perf_counter(), processor_ms(contender.process.pid)
    contender.picture()
    wall_ms = (time.perf_counter() - start) * 1000
    return wall_ms, processor_ms(contender.process.pid) - start_processor


def compare(program, model, openblas, threads, rounds):
    with tempfile.TemporaryDirectory() as folder:
        contenders = {
            "atelier-runner": Runner(program, model, threads, pathlib.Path(folder)),
            "PyTorch, the system's BLAS": PlainPyTorch(model, threads),
            "PyTorch, OpenBLAS": PlainPyTorch(model, threads, openblas),
        }
        for contender in contenders.values():
            contender.picture()
        taken = {name: [] for name in contenders}
        for _ in range(rounds):
            for name, contender in contenders.items():
                taken[name].append(measure(contender))
        for contender in contenders.values():
            contender.stop()
    medians = {name: [statistics.median(turn[what] for turn in turns) for what in (0, 1)] for name, turns in taken.items()}
    runner_wall, runner_processor = medians["atelier-runner"]
    for name, (wall, processor) in medians.items():
        print(
            f"| {threads:7} | {name:26} | {wall:10.0f} | {runner_wall / wall:12.2f}"
            f" | {processor:12.0f} | {runner_processor / processor:12.2f} |"
        )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("program", help="atelier-runner")
    parser.add_argument("openblas", help="folder with a libblas.so.3 that is OpenBLAS")
    parser.add_argument("--model", default=str(ROOT / "models" / "tiny-sdxl"))
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    print(f"{REQUEST['size']}, {REQUEST['steps']} steps with guidance, median of {arguments.rounds} rounds\n")
    print("| threads | who                        | wall clock | runner/theirs | processor ms | runner/theirs |")
    print("|--------:|----------------------------|-----------:|--------------:|-------------:|--------------:|")
    for threads in arguments.threads:
        compare(arguments.program, arguments.model, arguments.openblas, threads, arguments.rounds)


if __name__ == "__main__":
    main()
