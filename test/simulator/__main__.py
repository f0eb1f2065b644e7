"""python3 -m simulator [FIRST-PORT]: every protocol at a port of its own, until it is interrupted."""

import signal
import sys

from . import PROTOCOLS, Simulator

SECRET = "simulated-secret"


def main():
    first = int(sys.argv[1]) if len(sys.argv) > 1 else 0
    with Simulator() as simulator:
        for number, name in enumerate(PROTOCOLS):
            site = simulator.open(name, SECRET, port=first and first + number)
            print(f"{name:20} {site.base_url}", flush=True)
        print(f"the secret is {SECRET}", flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})


main()
