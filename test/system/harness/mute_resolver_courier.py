#!/usr/bin/python3
"""Starts the real courier where the name server takes every question and answers none.

In namespaces of its own: /etc/resolv.conf names 127.0.0.1, and there a UDP socket is bound to port 53 that nobody
reads from. Unix sockets can still be reached, TCP servers cannot. Needs no rights where users may make namespaces.
"""

import ctypes
import fcntl
import os
import pathlib
import socket
import struct
import sys
import tempfile

CLONE_NEWNS, CLONE_NEWUSER, CLONE_NEWNET = 0x00020000, 0x10000000, 0x40000000
MS_BIND, SIOCSIFFLAGS, IFF_UP = 4096, 0x8914, 1
CHECKOUT = pathlib.Path(__file__).resolve().parents[3]
COURIER = pathlib.Path((CHECKOUT / "build" / "postgres" / "bindir").read_text().strip()) / "atelier-courier"

libc = ctypes.CDLL(None, use_errno=True)


def check(result, what):
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def write(path, text):
    with open(path, "w", encoding="ascii") as file:
        file.write(text)


def bind_over(path, text):
    with tempfile.NamedTemporaryFile("w") as file:
        file.write(text)
        file.flush()
        check(libc.mount(file.name.encode(), path.encode(), None, MS_BIND, None), f"mount over {path}")


def isolate():
    user, group = os.getuid(), os.getgid()
    check(libc.unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET), "unshare")
    write("/proc/self/setgroups", "deny")
    write("/proc/self/uid_map", f"{user} {user} 1")
    write("/proc/self/gid_map", f"{group} {group} 1")
    bind_over("/etc/resolv.conf", "nameserver 127.0.0.1\n")
    bind_over("/etc/nsswitch.conf", "hosts: files dns\n")
    with socket.socket() as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))


def mute_name_server():
    mute = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    mute.bind(("127.0.0.1", 53))
    os.set_inheritable(mute.fileno(), True)  # it stays open in the courier, and nobody reads from it
    return mute


if __name__ == "__main__":
    isolate()
    name_server = mute_name_server()
    if sys.argv[1:] == ["--try"]:
        sys.exit(not os.access(COURIER, os.X_OK))  # below a folder of root's it cannot be reached
    os.execv(COURIER, [str(COURIER), *sys.argv[1:]])
