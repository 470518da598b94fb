"""One network link in user space: what goes into one TUN device comes out of the other, later or never.

Run as a process of its own with the two devices open:

    python link.py --inside FD --outside FD --seed N

It reads commands from its standard input, one JSON object a line, and answers each with one line:

    {"set": {"up": {...}, "down": {...}}}    new conditions, of one direction or both (see `Conditions`)
    {"count": null}                          what was offered, lost and dropped so far, by kind of packet
    {"begin": null} {"end": null}            a measured interval; "end" answers what happened in it

"up" leads from the inside (a participant) to the outside (the server).
"""

import argparse
import collections
import dataclasses
import heapq
import json
import math
import os
import random
import select
import sys
import time

# Of a measured interval one value is kept for each so many seconds.
SLICE = 0.1


@dataclasses.dataclass
class Conditions:
    """How one direction treats packets."""

    # Bits a second that pass; None: no limit.
    rate: float | None = None
    # Octets that wait for the rate at most; what comes then is dropped.
    queue: int = 60_000
    # One way, in seconds.
    delay: float = 0.0
    # Added to the delay, between zero and this, in seconds.
    jitter: float = 0.0
    # Whether packets that jitter delays hold up those behind them; else these overtake them.
    keeps_order: bool = True
    # The chance that a packet is lost, each by itself.
    loss: float = 0.0
    # Gilbert and Elliott: `[to bad, to good, loss when good, loss when bad]`; instead of `loss`.
    bursts: list[float] | None = None
    # The chance that a packet is held back by 8 ms, so that later ones overtake it.
    reordering: float = 0.0
    # Nothing passes.
    cut: bool = False
    # A firewall: no UDP passes.
    drop_udp: bool = False

    def merged(self, changes: dict) -> "Conditions":
        return dataclasses.replace(self, **changes)


def kind_of(packet: bytes) -> str:
    """What a packet is, as far as that can be told without a key: `tcp`, `stun`, `dtls`, `rtcp`, `rtp:PT`."""
    if len(packet) < 20 or packet[0] >> 4 != 4:
        return "other"
    header = (packet[0] & 15) * 4
    if packet[9] == 6:
        return "tcp"
    if packet[9] != 17 or len(packet) < header + 8 + 2:
        return "other"
    first, second = packet[header + 8], packet[header + 9]
    if first < 4:
        return "stun"
    if 20 <= first < 64:
        return "dtls"
    if 128 <= first < 192:
        return "rtcp" if 192 <= second < 224 else f"rtp:{second & 127}"
    return "other"


def is_udp(packet: bytes) -> bool:
    return len(packet) >= 20 and packet[0] >> 4 == 4 and packet[9] == 17


class Direction:
    """A bottleneck with its queue, and the way behind it. A function of its seed, of what comes and when."""

    def __init__(self, seed: int):
        self.conditions = Conditions()
        self._random = random.Random(seed)
        self._is_bad = False
        self._queue: collections.deque[tuple[float, bytes]] = collections.deque()
        self._waiting = 0
        self._free_at = 0.0
        self._under_way: list[tuple[float, int, bytes]] = []
        self._last_arrival = 0.0
        self._number = 0
        self.offered: collections.Counter[str] = collections.Counter()
        self.lost: collections.Counter[str] = collections.Counter()
        self.dropped: collections.Counter[str] = collections.Counter()
        # Of the interval: octets that passed the bottleneck and the longest wait there, by slice.
        self.passed: collections.Counter[int] = collections.Counter()
        self.waits: dict[int, float] = {}

    def offer(self, packet: bytes, now: float) -> None:
        kind = kind_of(packet)
        self.offered[kind] += 1
        conditions = self.conditions
        if conditions.cut or self._loses() or (conditions.drop_udp and is_udp(packet)):
            self.lost[kind] += 1
        elif conditions.rate is None and not self._queue:
            self._leave(packet, now, now)
        elif self._waiting + len(packet) > conditions.queue:
            self.dropped[kind] += 1
        else:
            self._queue.append((now, packet))
            self._waiting += len(packet)

    def take(self, now: float) -> tuple[list[bytes], float]:
        """What has arrived, and how late the latest of it is taken."""
        self._serve(now)
        arrived, late = [], 0.0
        while self._under_way and self._under_way[0][0] <= now:
            due, _, packet = heapq.heappop(self._under_way)
            late = max(late, now - due)
            arrived.append(packet)
        return arrived, late

    @property
    def next_due(self) -> float:
        due = self._under_way[0][0] if self._under_way else math.inf
        if self._queue:
            due = min(due, self._end_of_first())
        return due

    def begin(self) -> None:
        self.passed.clear()
        self.waits.clear()

    def _loses(self) -> bool:
        # A number is drawn for each packet, whatever the conditions: the same seed loses the same packets.
        chance, turn = self._random.random(), self._random.random()
        bursts = self.conditions.bursts
        if bursts is None:
            return chance < self.conditions.loss
        if turn < bursts[1 if self._is_bad else 0]:
            self._is_bad = not self._is_bad
        return chance < bursts[3 if self._is_bad else 2]

    def _end_of_first(self) -> float:
        came, packet = self._queue[0]
        rate = self.conditions.rate
        took = len(packet) * 8 / rate if rate else 0.0
        return max(self._free_at, came) + took

    def _serve(self, now: float) -> None:
        while self._queue and (end := self._end_of_first()) <= now:
            came, packet = self._queue.popleft()
            self._waiting -= len(packet)
            self._free_at = end
            self._leave(packet, came, end)

    def _leave(self, packet: bytes, came: float, left: float) -> None:
        part = int(left / SLICE)
        self.passed[part] += len(packet)
        self.waits[part] = max(self.waits.get(part, 0.0), left - came)
        conditions = self.conditions
        arrival = left + conditions.delay + self._random.random() * conditions.jitter
        if conditions.reordering and self._random.random() < conditions.reordering:
            arrival += 0.008
        elif conditions.keeps_order:
            arrival = self._last_arrival = max(arrival, self._last_arrival)
        self._number += 1
        heapq.heappush(self._under_way, (arrival, self._number, packet))


class Link:
    def __init__(self, inside: int, outside: int, seed: int):
        # By the device that packets come from: where they go, and through what.
        self.directions = {"up": Direction(seed), "down": Direction(seed + 1)}
        self.ways = [(inside, outside, self.directions["up"]), (outside, inside, self.directions["down"])]
        self.late: list[float] = []
        self.began = 0.0
        self.processor = 0.0

    def run(self) -> None:
        commands = sys.stdin.fileno()
        poll = select.poll()
        for source, _, _ in self.ways:
            os.set_blocking(source, False)
            poll.register(source, select.POLLIN)
        poll.register(commands, select.POLLIN | select.POLLHUP)
        text = b""
        while True:
            due = min(direction.next_due for _, _, direction in self.ways)
            wait = None if due == math.inf else max(0, math.ceil((due - time.monotonic()) * 1000))
            ready = {one for one, _ in poll.poll(wait)}
            if commands in ready:
                more = os.read(commands, 65_536)
                if not more:
                    return
                *lines, text = (text + more).split(b"\n")
                for line in lines:
                    print(json.dumps(self.obey(json.loads(line))), flush=True)
            for source, destination, direction in self.ways:
                if source in ready:
                    self.read(source, direction)
                arrived, late = direction.take(time.monotonic())
                if arrived:
                    self.late.append(late)
                for packet in arrived:
                    self.write(destination, packet)

    @staticmethod
    def read(source: int, direction: Direction) -> None:
        # Bounded, so that no direction starves the other.
        for _ in range(64):
            try:
                packet = os.read(source, 65_536)
            except BlockingIOError:
                return
            direction.offer(packet, time.monotonic())

    @staticmethod
    def write(destination: int, packet: bytes) -> None:
        try:
            os.write(destination, packet)
        except OSError:
            pass  # The device is down, or says that the packet is none.

    def obey(self, command: dict):
        (verb, argument), = command.items()
        if verb == "set":
            for name, changes in argument.items():
                direction = self.directions[name]
                direction.conditions = direction.conditions.merged(changes)
            return {}
        if verb == "count":
            return {
                name: {"offered": one.offered, "lost": one.lost, "dropped": one.dropped}
                for name, one in self.directions.items()}
        if verb == "begin":
            self.late.clear()
            self.began, self.processor = time.monotonic(), time.process_time()
            for one in self.directions.values():
                one.begin()
            return {}
        if verb == "end":
            return self.interval()
        raise ValueError(verb)

    def interval(self) -> dict:
        first, last = int(self.began / SLICE), int(time.monotonic() / SLICE)
        late = sorted(self.late) or [0.0]
        return {
            "seconds": time.monotonic() - self.began,
            "processor": time.process_time() - self.processor,
            "late": {"p99": late[int(0.99 * (len(late) - 1))], "most": late[-1]},
            **{name: {
                "octets": [one.passed[i] for i in range(first, last)],
                "waits": [round(one.waits.get(i, 0.0), 4) for i in range(first, last)],
            } for name, one in self.directions.items()},
        }


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--inside", type=int, required=True)
    parser.add_argument("--outside", type=int, required=True)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    Link(options.inside, options.outside, options.seed).run()
