"""A UDP relay between one browser and the server's media port: a network that a test can cut, or change."""

import collections
import random
import select
import socket
import threading
import time

# Makes the page send its media to the relay alone: the answer keeps one candidate, the relay's.
DIVERT = """
(() => {
  const original = RTCPeerConnection.prototype.setRemoteDescription;
  RTCPeerConnection.prototype.setRemoteDescription = function (description) {
    const kept = [];
    let done = false;
    for (const line of description.sdp.split("\\r\\n")) {
      if (!line.startsWith("a=candidate:")) { kept.push(line); continue; }
      if (done) continue;
      done = true;
      kept.push("a=candidate:1 1 udp 2130706431 127.0.0.1 PORT typ host");
    }
    return original.call(this, { type: description.type, sdp: kept.join("\\r\\n") });
  };
})();
"""


class UDPProxy:
    """Relays 127.0.0.1:`port` to the server. Each address of the browser has its own address towards the server."""

    def __init__(self, target: int):
        self._target = ("127.0.0.1", target)
        self._down = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._down.bind(("127.0.0.1", 0))
        self.port = self._down.getsockname()[1]
        self.script = DIVERT.replace("PORT", str(self.port))
        self._lock = threading.Lock()
        self._up: dict[tuple, socket.socket] = {}
        self._cut = False
        self._open = True
        self._rate: int | None = None
        self._loss = 0.0
        self._chance = random.Random(40)
        self._queue_limit = 0
        self._queue: collections.deque[tuple[bytes, tuple]] = collections.deque()
        self._queued = 0
        self._free_at = 0.0
        self.dropped = 0
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def keeps(self, data: bytes) -> bool:
        """Whether a datagram of the browser reaches the server. To be overridden."""
        return True

    def cut(self) -> None:
        """Every datagram is lost, both ways."""
        self._cut = True

    def mend(self) -> None:
        self._cut = False

    def narrow(self, rate: int | None, queue: float = 0.3) -> None:
        """What reaches the browser goes at `rate` bits/s at most (None: at any), IP and UDP headers counted.

        What waits longer than `queue` seconds is lost."""
        self._queue_limit = int((rate or 0) / 8 * queue)
        self._rate = rate

    def lose(self, share: float) -> None:
        """So many of the datagrams towards the browser are lost, 0 to 1."""
        self._loss = share

    def change_addresses(self) -> None:
        """The browser seems to come from another address, as after a change from Wi-Fi to mobile data."""
        with self._lock:
            former, self._up = self._up, {}
        for one in former.values():
            one.close()

    def close(self) -> None:
        self._open = False
        self._thread.join(2)
        self.change_addresses()
        self._down.close()

    def _towards_browser(self, data: bytes, address: tuple) -> None:
        if self._loss and self._chance.random() < self._loss:
            return
        if self._rate is None and not self._queue:
            self._down.sendto(data, address)
        elif self._queued + len(data) > max(self._queue_limit, 1500):
            self.dropped += 1
        else:
            self._queue.append((data, address))
            self._queued += len(data)

    def _drain(self) -> float:
        """Sends what may go now; how long until there is more."""
        while self._queue:
            now = time.monotonic()
            if self._rate is not None and now < self._free_at:
                return min(0.05, self._free_at - now)
            data, address = self._queue.popleft()
            self._queued -= len(data)
            if self._rate is not None:
                self._free_at = max(self._free_at, now - 0.01) + (len(data) + 28) * 8 / self._rate
            try:
                self._down.sendto(data, address)
            except OSError:
                pass
        return 0.05

    def _run(self) -> None:
        while self._open:
            pause = self._drain()
            with self._lock:
                ups = {one: address for address, one in self._up.items()}
            try:
                ready, _, _ = select.select([self._down, *ups], [], [], pause)
            except (OSError, ValueError):
                continue  # An address was changed meanwhile.
            for one in ready:
                try:
                    data, source = one.recvfrom(2048)
                    if self._cut:
                        continue
                    if one is self._down:
                        if not self.keeps(data):
                            continue
                        self._towards_server(source).sendto(data, self._target)
                    else:
                        self._towards_browser(data, ups[one])
                except OSError:
                    continue

    def _towards_server(self, address: tuple) -> socket.socket:
        with self._lock:
            if address not in self._up:
                self._up[address] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            return self._up[address]
