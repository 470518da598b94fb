"""A browser with two links to the server, as a telephone has Wi-Fi and mobile data.

One network namespace of Linux for the browser, two pairs of veth to ours; each link can lose its address, be cut
without a word, and come back. Needs root.
"""

import contextlib
import os
import pathlib
import random
import stat
import subprocess
import time

LINKS = ("wifi", "mobile")


def may_make_links() -> bool:
    return os.geteuid() == 0 and pathlib.Path("/run").is_dir() and _succeeds("ip", "netns", "list")


def _succeeds(*command: str) -> bool:
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=20)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return done.stdout


class TwoLinks:
    """`wifi` and `mobile`, both up. `server` is the one address that the server has for the browser."""

    def __init__(self, folder: pathlib.Path):
        self.name = f"vv{os.getpid() % 100_000}x{random.randrange(100)}"
        self._net = f"10.{random.randrange(150, 250)}"
        self.server = f"{self._net}.0.1"
        self._folder = folder
        self._up: set[str] = set()
        _run("ip", "netns", "add", self.name)
        try:
            _run("ip", "addr", "add", f"{self.server}/32", "dev", "lo")
            self._in("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1")
            self._ip("link", "set", "lo", "up")
            for number, link in enumerate(LINKS, 1):
                _run("ip", "link", "add", self._outside(link), "type", "veth", "peer", "name", link, "netns", self.name)
                _run("ip", "addr", "add", f"{self._net}.{number}.1/24", "dev", self._outside(link))
                _run("ip", "link", "set", self._outside(link), "up")
                # Each address leaves by its own link, as on a telephone.
                self._ip("rule", "add", "from", f"{self._net}.{number}.2", "table", str(100 + number))
                self.up(link)
        except Exception:
            self.close()
            raise

    def __enter__(self) -> "TwoLinks":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        for command in (
            ["ip", "addr", "del", f"{self.server}/32", "dev", "lo"],
            *(["ip", "link", "del", self._outside(link)] for link in LINKS),
            ["ip", "netns", "del", self.name],
        ):
            with contextlib.suppress(RuntimeError):
                _run(*command)

    def program(self, path: str) -> str:
        """A program that runs another one inside."""
        script = self._folder / f"in-{self.name}"
        script.write_text(f'#!/bin/sh\nexec nsenter --net=/run/netns/{self.name} {path} "$@"\n')
        script.chmod(script.stat().st_mode | stat.S_IXUSR)
        return str(script)

    # Moving

    def up(self, link: str) -> None:
        """The link gets its address and its routes."""
        if link in self._up:
            return
        number = LINKS.index(link) + 1
        self._ip("link", "set", link, "up")
        self._ip("addr", "replace", f"{self._net}.{number}.2/24", "dev", link)
        gateway = ["via", f"{self._net}.{number}.1", "dev", link]
        self._ip("route", "replace", "default", *gateway, "metric", str(100 * number))
        self._ip("route", "replace", "default", *gateway, "table", str(100 + number))
        self._up.add(link)

    def down(self, link: str) -> None:
        """The link loses its address and its routes."""
        self._up.discard(link)
        self._ip("addr", "flush", "dev", link)
        self._ip("link", "set", link, "down")

    def silence(self, link: str) -> None:
        """Everything is lost both ways, and nobody is told."""
        for where, device in ((self.name, link), (None, self._outside(link))):
            table = f"""table netdev {self._outside(link)} {{
              chain cut {{ type filter hook ingress device {device} priority 0; policy drop; }}
            }}"""
            command = ["nft", "-f", "-"] if where is None else ["ip", "netns", "exec", where, "nft", "-f", "-"]
            subprocess.run(command, input=table, text=True, check=True, timeout=20)

    def mend(self, link: str) -> None:
        """The end of `silence`."""
        _run("nft", "delete", "table", "netdev", self._outside(link))
        self._in("nft", "delete", "table", "netdev", self._outside(link))

    def busiest(self) -> str:
        """The link that media takes."""
        before = {link: self._octets(link) for link in LINKS}
        time.sleep(0.4)
        return max(LINKS, key=lambda link: self._octets(link) - before[link])

    # Within

    def _octets(self, link: str) -> int:
        folder = pathlib.Path("/sys/class/net") / self._outside(link) / "statistics"
        return sum(int((folder / name).read_text()) for name in ("rx_bytes", "tx_bytes"))

    def _outside(self, link: str) -> str:
        return f"{self.name}{link[0]}"

    def _ip(self, *arguments: str) -> None:
        _run("ip", "-n", self.name, *arguments)

    def _in(self, *command: str) -> None:
        _run("ip", "netns", "exec", self.name, *command)


# Keeps when sound and pictures of the others came out of the connection, in milliseconds since 1970, and what was done
# about it.
RECORDER = """
(() => {
  const times = (window.__times = { audio: [], video: [], marks: [] });
  const mark = (what) => times.marks.push([Date.now(), what]);
  for (const name of ["restartIce", "setLocalDescription", "setRemoteDescription"]) {
    const original = RTCPeerConnection.prototype[name];
    RTCPeerConnection.prototype[name] = function (...rest) {
      mark(name);
      if (!this.__marked) {
        this.__marked = true;
        this.addEventListener("iceconnectionstatechange", () => mark(`ice ${this.iceConnectionState}`));
        this.addEventListener("connectionstatechange", () => mark(`connection ${this.connectionState}`));
      }
      return original.apply(this, rest);
    };
  }
  for (const type of ["online", "offline"]) addEventListener(type, () => mark(type));
  navigator.connection?.addEventListener("change", () => mark("network change"));
  const Native = window.WebSocket;
  window.WebSocket = class extends Native {
    constructor(...rest) {
      super(...rest);
      mark("socket");
      this.addEventListener("open", () => mark("socket open"));
      this.addEventListener("close", ({ code }) => mark(`socket close ${code}`));
      this.addEventListener("message", ({ data }) => {
        const { type } = JSON.parse(data);
        if (["joined", "answer", "media"].includes(type)) mark(type);
      });
    }
  };
  addEventListener("DOMContentLoaded", () => {
    const watched = setInterval(() => {
      const consultation = window.visavis?.consultation;
      if (!consultation) return;
      clearInterval(watched);
      consultation.addEventListener("silence", ({ detail }) => mark(detail.silent ? "silence" : "heard"));
      consultation.addEventListener("phase", ({ detail }) => mark(detail.phase));
    }, 50);
  });
  const newest = { audio: 0, video: 0 };
  setInterval(() => {
    for (const receiver of window.visavis?.consultation?.peerConnection?.getReceivers() ?? []) {
      const { kind } = receiver.track;
      for (const { timestamp } of receiver.getSynchronizationSources()) {
        if (timestamp <= newest[kind]) continue;
        newest[kind] = timestamp;
        times[kind].push(Date.now());
      }
    }
  }, 20);
})();
"""


def back_after(person, since: float, path: float | None = None, gap: float = 0.15) -> dict[str, float | None]:
    """Seconds from `path` (by default `since`) until sound and picture went on for good: to the end of the last gap
    that began after `since` and no later than three seconds after `path`. 0 where there was none, None where nothing
    came back."""
    path = path or since
    times = person.js("() => window.__times")
    result: dict[str, float | None] = {}
    for kind, least in (("audio", gap), ("video", gap + 0.15)):
        seen = [one / 1000 for one in times[kind]]
        if not seen or seen[-1] < time.time() - 1:
            result[kind] = None
            continue
        gaps = [(a, b) for a, b in zip(seen, seen[1:]) if b > since and a < path + 3 and b - a > least]
        result[kind] = round(max(0.0, gaps[-1][1] - path), 3) if gaps else 0.0
    return result
