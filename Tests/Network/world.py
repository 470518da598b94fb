"""A small world of network namespaces: the server in one, each participant in one of its own behind a link.

All of it is private to the test process and goes with it: no name, device, address or rule of the machine changes.
"""

import contextlib
import ctypes
import fcntl
import json
import os
import pathlib
import struct
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
# Where participants find the server, whichever link they come by.
SERVER = "10.77.0.1"

CLONE_NEWUSER = 0x1000_0000
CLONE_NEWNET = 0x4000_0000
TUNSETIFF = 0x4004_54CA
IFF_TUN, IFF_NO_PI = 1, 0x1000

libc = ctypes.CDLL(None, use_errno=True)


class NotPermitted(Exception):
    """This machine lets us make no namespace or no TUN device."""


def run(*words: str) -> str:
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)}: {done.stderr.strip()}")
    return done.stdout


def enter_new_namespace() -> None:
    """A network namespace for this thread and for all processes that it starts from now on."""
    user, group = os.geteuid(), os.getegid()
    flags = CLONE_NEWNET if user == 0 else CLONE_NEWNET | CLONE_NEWUSER
    if libc.unshare(flags):
        raise NotPermitted(f"unshare: {os.strerror(ctypes.get_errno())}")
    if flags & CLONE_NEWUSER:
        pathlib.Path("/proc/self/setgroups").write_text("deny")
        pathlib.Path("/proc/self/uid_map").write_text(f"0 {user} 1")
        pathlib.Path("/proc/self/gid_map").write_text(f"0 {group} 1")


def open_tun(name: str) -> int:
    try:
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_CLOEXEC)
        fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TUN | IFF_NO_PI))
    except OSError as error:
        raise NotPermitted(f"TUN: {error}") from error
    return device


class Place:
    """A namespace behind a link, for one participant."""

    def __init__(self, number: int, seed: int):
        self.number = number
        self.address = 2
        # A process that does nothing keeps the namespace.
        self._keeper = subprocess.Popen(
            ["unshare", "--net", sys.executable, "-c", "import sys; print(flush=True); sys.stdin.read()"],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self._keeper.stdout.readline()
        outer, inner = f"link{number}", f"inner{number}"
        outside, inside = open_tun(outer), open_tun(inner)
        run("ip", "address", "add", f"10.77.{number}.1/24", "dev", outer)
        run("ip", "link", "set", outer, "up")
        run("ip", "link", "set", inner, "netns", str(self._keeper.pid))
        # The name tells a browser that this is no VPN.
        self.run("ip", "link", "set", inner, "name", "eth0")
        self.run("ip", "link", "set", "lo", "up")
        self.run("ip", "address", "add", f"10.77.{number}.2/24", "dev", "eth0")
        self.run("ip", "link", "set", "eth0", "up")
        self.run("ip", "route", "add", "default", "dev", "eth0")
        self._link = subprocess.Popen(
            [sys.executable, HERE / "link.py", "--inside", str(inside), "--outside", str(outside),
             "--seed", str(seed)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, pass_fds=[inside, outside])
        os.close(inside)
        os.close(outside)
        with contextlib.suppress(OSError):
            # What others compile must not look like a bad network.
            os.sched_setscheduler(self._link.pid, os.SCHED_RR, os.sched_param(1))

    @property
    def keeper(self) -> int:
        """A process that is in this place."""
        return self._keeper.pid

    @property
    def prefix(self) -> list[str]:
        """Words before a command that is to run here."""
        return ["nsenter", f"--net=/proc/{self._keeper.pid}/ns/net", "--"]

    def run(self, *words: str) -> str:
        return run(*self.prefix, *words)

    def ask(self, verb: str, argument=None):
        self._link.stdin.write(json.dumps({verb: argument}) + "\n")
        self._link.stdin.flush()
        return json.loads(self._link.stdout.readline())

    def set(self, up: dict | None = None, down: dict | None = None, both: dict | None = None) -> None:
        """Changes conditions (see link.py); what is not named stays."""
        changes = {"up": {**(both or {}), **(up or {})}, "down": {**(both or {}), **(down or {})}}
        self.ask("set", {name: change for name, change in changes.items() if change})

    def mend(self) -> None:
        """As if there were no link."""
        self.set(both={
            "rate": None, "delay": 0.0, "jitter": 0.0, "keeps_order": True, "loss": 0.0, "bursts": None,
            "reordering": 0.0, "cut": False, "drop_udp": False})

    def change_address(self) -> None:
        """As when a telephone leaves the Wi-Fi: the former address is gone, there is another one."""
        former = self.address
        self.address += 1
        self.run("ip", "address", "delete", f"10.77.{self.number}.{former}/24", "dev", "eth0")
        self.run("ip", "address", "add", f"10.77.{self.number}.{self.address}/24", "dev", "eth0")
        self.run("ip", "route", "replace", "default", "dev", "eth0")

    def close(self) -> None:
        for process in (self._link, self._keeper):
            process.stdin.close()
            try:
                process.wait(5)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class World:
    """This process and the server it starts live in a namespace of their own, next to those of the participants."""

    def __init__(self, seed: int = 77):
        self._seed = seed
        self.places: list[Place] = []
        self._former = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
        enter_new_namespace()
        run("ip", "link", "set", "lo", "up")
        run("ip", "address", "add", f"{SERVER}/32", "dev", "lo")

    def place(self) -> Place:
        number = len(self.places) + 1
        self.places.append(Place(number, self._seed + 10 * number))
        return self.places[-1]

    def close(self) -> None:
        for place in self.places:
            place.close()
        libc.setns(self._former, CLONE_NEWNET)
        os.close(self._former)
