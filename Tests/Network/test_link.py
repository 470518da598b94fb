"""The network of these tests is what it says: otherwise nothing that they show means anything."""

import contextlib
import json
import socket
import sys
import threading
import time

import pytest

from Network.link import Direction, Conditions
from Network.world import SERVER

# Sends numbered datagrams to an echo at a steady pace and prints the number and round trip of what came back.
PROBE = """
import json, socket, struct, sys, time
host, port, count, size, pause = sys.argv[1], *map(float, sys.argv[2:])
probe = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
probe.connect((host, int(port)))
probe.setblocking(False)
came, began = [], time.monotonic()
def take():
    while True:
        try: data = probe.recv(2048)
        except OSError: return
        number, sent = struct.unpack_from("id", data)
        came.append((number, time.monotonic() - sent))
for number in range(int(count)):
    while time.monotonic() < began + number * pause: take()
    try: probe.send(struct.pack("id", number, time.monotonic()).ljust(int(size), b"x"))
    except OSError: pass
end = time.monotonic() + 1.5
while time.monotonic() < end and len(came) < count: take(); time.sleep(0.001)
print(json.dumps(came))
"""


@pytest.fixture
def echo(world):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind((SERVER, 0))

        def answer():
            while True:
                try:
                    data, source = server.recvfrom(2048)
                    server.sendto(data, source)
                except (OSError, TypeError):
                    return  # The socket was shut down.

        threading.Thread(target=answer, daemon=True).start()
        yield server.getsockname()[1]
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)


@pytest.fixture
def probe(place, echo):
    def send(count: int, size: int = 200, pause: float = 0.005) -> list[tuple[int, float]]:
        given = map(str, (SERVER, echo, count, size, pause))
        return json.loads(place.run(sys.executable, "-c", PROBE, *given))

    return send


def test_a_link_without_conditions_loses_nothing_and_costs_little(place, probe):
    came = probe(400)
    assert len(came) == 400
    assert sorted(delay for _, delay in came)[200] < 0.005


def test_delay_is_added_in_each_direction(place, probe):
    place.set(up={"delay": 0.030}, down={"delay": 0.050})
    delays = sorted(delay for _, delay in probe(100))
    assert 0.080 <= delays[0] < delays[50] < 0.090


def test_jitter_keeps_the_order(place, probe):
    place.set(down={"jitter": 0.050})
    came = probe(200)
    assert [number for number, _ in came] == list(range(200))
    delays = [delay for _, delay in came]
    assert min(delays) < 0.020 < 0.040 < max(delays)


def test_a_rate_makes_a_queue_and_the_queue_overflows(place, probe):
    place.ask("begin")
    # 1 Mbit/s is offered: half of it passes, and 20 kB wait for 320 ms.
    place.set(up={"rate": 500_000, "queue": 20_000})
    came = probe(400, size=972, pause=0.008)
    happened = place.ask("end")
    assert 200 < len(came) < 260
    assert 0.28 < max(happened["up"]["waits"]) <= 0.33
    busy = happened["up"]["octets"][10:30]
    assert sum(busy) * 8 / (0.1 * len(busy)) == pytest.approx(500_000, rel=0.05)
    assert place.ask("count")["up"]["dropped"]["other"] > 100


def test_a_cut_loses_everything_until_it_is_mended(place, probe):
    place.set(down={"cut": True})
    assert probe(20) == []
    place.mend()
    assert len(probe(20)) == 20


def test_the_firewall_drops_udp_alone(place, probe):
    place.set(both={"drop_udp": True})
    assert probe(20) == []
    with socket.socket() as server:
        server.bind((SERVER, 0))
        server.listen()
        place.run(sys.executable, "-c", "import socket, sys; socket.create_connection(sys.argv[1:], 5)",
                  SERVER, str(server.getsockname()[1]))


def test_another_address_is_another_address(place, echo, probe):
    assert len(probe(10)) == 10
    former = place.run("ip", "-4", "-brief", "address", "show", "eth0")
    place.change_address()
    assert len(probe(10)) == 10
    assert place.run("ip", "-4", "-brief", "address", "show", "eth0") != former


def survivors(seed: int, **conditions) -> list[int]:
    direction = Direction(seed)
    direction.conditions = Conditions(**conditions)
    kept = []
    for number in range(20_000):
        direction.offer(number.to_bytes(4, "big"), float(number))
        kept += [int.from_bytes(packet, "big") for packet in direction.take(number + 0.5)[0]]
    return kept


def test_the_same_seed_loses_the_same_packets():
    assert survivors(5, loss=0.1) == survivors(5, loss=0.1) != survivors(6, loss=0.1)
    assert len(survivors(5, loss=0.1)) == pytest.approx(18_000, rel=0.01)


def test_bursts_lose_in_bursts():
    # In the bad state for a fifth of the time, some 10 packets each time.
    kept = survivors(7, bursts=[0.025, 0.1, 0.0, 1.0])
    lost = sorted(set(range(20_000)) - set(kept))
    assert len(lost) == pytest.approx(4_000, rel=0.15)
    runs = 1 + sum(1 for a, b in zip(lost, lost[1:]) if b != a + 1)
    assert len(lost) / runs == pytest.approx(10, rel=0.15)


def test_a_queue_drains_at_the_rate_of_now():
    direction = Direction(1)
    direction.conditions = Conditions(rate=80_000, queue=100_000)
    for _ in range(10):
        direction.offer(bytes(1000), 0.0)
    assert len(direction.take(0.25)[0]) == 2
    direction.conditions = Conditions(rate=800_000, queue=100_000)
    assert len(direction.take(0.25 + 0.1)[0]) == 8
