"""Hostile bytes on the UDP port while two people talk."""

import os
import random
import socket
import struct
import threading
import time

from Browser.participant import eventually

SECONDS = 8
A_SECOND = 1500


def garbage(source: random.Random) -> bytes:
    """Random bytes, truncated and forged STUN, RTP and RTCP of nobody, DTLS hellos."""
    kind = source.randrange(7)
    transaction = source.randbytes(12)
    if kind == 0:
        return source.randbytes(source.randrange(0, 1400))
    if kind == 1:
        return struct.pack("!HHI12s", 1, source.randrange(4, 400), 0x2112A442, transaction)[: source.randrange(1, 20)]
    if kind == 2:  # a binding request of an unknown user, with an integrity that is none
        name = source.randbytes(9)
        body = struct.pack("!HH", 6, 9) + name + bytes(3) + struct.pack("!HH", 8, 20) + source.randbytes(20)
        return struct.pack("!HHI12s", 1, len(body), 0x2112A442, transaction) + body
    if kind == 3:  # success responses and indications that nobody asked for
        return struct.pack("!HHI12s", source.choice([0x0101, 0x0111, 0x0011]), 0, 0x2112A442, transaction)
    if kind == 4:  # RTP
        return struct.pack("!BBHII", 0x80, 96 + source.randrange(30), source.randrange(65536), source.getrandbits(32),
                           source.getrandbits(32)) + source.randbytes(source.randrange(0, 1000))
    if kind == 5:  # RTCP
        return struct.pack("!BBHI", 0x80, 200 + source.randrange(8), source.randrange(400), source.getrandbits(32)) \
            + source.randbytes(source.randrange(0, 200))
    body = source.randbytes(source.randrange(1, 500))
    return b"\x16\xfe\xfd" + bytes(8) + struct.pack("!H", len(body)) + body


class Flood(threading.Thread):
    """Sends for a while from many addresses, at a bounded rate."""

    def __init__(self, port: int, seed: int):
        super().__init__(daemon=True)
        self.port, self.seed, self.sent = port, seed, 0

    def run(self):
        source = random.Random(self.seed)
        sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(20)]
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            for _ in range(A_SECOND // 50):
                source.choice(sockets).sendto(garbage(source), ("127.0.0.1", self.port))
                self.sent += 1
            time.sleep(1 / 50)
        for one in sockets:
            one.close()


def test_a_flood_of_garbage_costs_a_running_call_no_packet(room):
    physician = room.join("physician", "Dr Claire Martin")
    patient = room.join("patient", "Mme Durand")
    people = (physician, patient)
    for person in people:
        person.see_everyone_move(1)
        person.hear()
    # The first seconds of a call are the browser's own affair.
    time.sleep(2)
    before = {person: person.stats()["inbound"] for person in people}
    seed = int(os.environ.get("VISAVIS_SEED", "2"))
    flood = Flood(room.server.media_port, seed)
    flood.start()
    frames = {person: [person.frames_decoded()] for person in people}
    while flood.is_alive():
        time.sleep(1)
        for person, seen in frames.items():
            seen.append(person.frames_decoded())
    print(f"seed {seed}: {flood.sent} datagrams")
    assert flood.sent > 1000
    for person in people:
        seen = frames[person]
        assert all(b > a for a, b in zip(seen, seen[1:])), (person.name, seen)
        for was, now in zip(before[person], person.stats()["inbound"]):
            assert now["packetsLost"] == was["packetsLost"], (person.name, was, now)
            assert now["packetsReceived"] > was["packetsReceived"]
        assert person.media_state == "connected"
        person.see_everyone_move(1)
        person.hear()
    eventually(lambda: room.server.is_running, 1)
