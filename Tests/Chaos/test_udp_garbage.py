"""Hostile bytes on the UDP port."""

import os
import random
import re
import socket
import struct

import pytest

COOKIE = 0x2112A442


def send(server, datagrams) -> socket.socket:
    """All from one address; the socket, to see whether anything comes back."""
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sender.settimeout(0.5)
    for datagram in datagrams:
        sender.sendto(datagram, ("127.0.0.1", server.media_port))
    return sender


def answers(sender: socket.socket) -> list[bytes]:
    found = []
    try:
        while True:
            found.append(sender.recv(2048))
    except TimeoutError:
        return found


def stun(attributes: bytes = b"", method: int = 1, length: int | None = None) -> bytes:
    size = len(attributes) if length is None else length
    return struct.pack("!HHI12s", method, size, COOKIE, os.urandom(12)) + attributes


def attribute(kind: int, value: bytes) -> bytes:
    return struct.pack("!HH", kind, len(value)) + value + bytes(-len(value) % 4)


def client_hello(size: int = 300) -> bytes:
    body = bytes([254, 253]) + os.urandom(32) + b"\x00\x00\x00\x02\xc0\x2b\x01\x00" + bytes(size)
    handshake = b"\x01" + len(body).to_bytes(3, "big") + bytes(5) + len(body).to_bytes(3, "big")
    record = handshake + body
    return b"\x16\xfe\xfd" + bytes(8) + len(record).to_bytes(2, "big") + record


def is_well(server) -> bool:
    return server.is_running and server.get("/health/ready")[0] == 200


REFUSED = r"^visavis_worker_refused_total"


def refusals(server) -> float:
    """All that the media plane has refused so far."""
    return sum(v for k, v in server.metrics().items() if re.match(REFUSED, k))


GARBAGE = {
    "random": lambda n: [n.randbytes(n.randrange(1, 1500)) for _ in range(2000)],
    "empty": lambda n: [b""] * 500,
    "too-large": lambda n: [n.randbytes(9000) for _ in range(200)],
    "first-octets": lambda n: [
        bytes([first]) + n.randbytes(n.randrange(0, 60)) for first in range(256) for _ in range(8)],
    "truncated-stun": lambda n: [
        stun(attribute(6, b"abcd:efgh"))[: n.randrange(1, 36)] for _ in range(1000)],
    "lying-stun": lambda n: [
        stun(attribute(6, b"abcd"), length=n.randrange(0, 65536) & ~3) for _ in range(1000)],
    "forged-stun": lambda n: [
        stun(attribute(6, b"user:peer") + attribute(0x25, b"") + attribute(8, n.randbytes(20)))
        for _ in range(1000)],
    "stun-without-integrity": lambda n: [
        stun(attribute(6, b"user:peer") + attribute(0x24, b"\x6e\x00\x1e\xff"))
        for _ in range(1000)],
    "dtls-hello-flood": lambda n: [client_hello() for _ in range(3000)],
    "dtls-noise": lambda n: [
        bytes([n.randrange(20, 64)]) + b"\xfe\xfd" + n.randbytes(n.randrange(0, 300))
        for _ in range(1000)],
    "unasked-rtp": lambda n: [
        b"\x80\x6f" + n.randbytes(10) + n.randbytes(160) for _ in range(2000)],
    "unasked-rtcp": lambda n: [b"\x80\xc8\x00\x06" + n.randbytes(24) for _ in range(1000)],
}


@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage_is_refused_counted_and_not_answered(shared_server, kind):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    before = refusals(shared_server)
    sender = send(shared_server, GARBAGE[kind](random.Random(seed)))
    replies = answers(sender)
    assert is_well(shared_server)
    shared_server.wait_for_metric(REFUSED, before + 1)
    # An answer to someone who has not authenticated would make the server a reflector.
    assert replies == [] or (kind == "forged-stun" and all(len(r) <= 100 for r in replies)), kind


def test_an_unauthenticated_check_is_never_answered_with_more_than_it_sent(shared_server):
    for datagram in [
        stun(), stun(attribute(6, b"a:b")), stun(attribute(6, b"x" * 500 + b":" + b"y" * 500))]:
        sender = send(shared_server, [datagram] * 20)
        assert sum(map(len, answers(sender))) <= 20 * len(datagram)


def test_garbage_costs_no_memory(shared_server):
    def resident() -> int:
        with open(f"/proc/{shared_server.process.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * 4096

    noise = random.Random(1)
    mixed = [d for make in GARBAGE.values() for d in make(noise)]
    send(shared_server, mixed)
    before = resident()
    for _ in range(10):
        send(shared_server, mixed)
    assert is_well(shared_server)
    assert resident() - before < 20_000_000
