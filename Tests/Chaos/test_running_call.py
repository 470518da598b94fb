"""A call goes on without loss while the server is abused."""

import asyncio
import random
import socket

from Chaos.media_client import Viewer, publish
from Chaos.test_udp_garbage import GARBAGE
from Chaos.test_http_garbage import exchange


def noise(seed: int) -> list[bytes]:
    generator = random.Random(seed)
    datagrams = [d for make in GARBAGE.values() for d in make(generator) if len(d) <= 1500]
    generator.shuffle(datagrams)
    return datagrams


async def flood(server, datagrams: list[bytes], seconds: float) -> int:
    """About 2000 datagrams a second, from changing addresses."""
    sent = 0
    ends = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < ends:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for datagram in datagrams[sent % len(datagrams) :][:20]:
                sender.sendto(datagram, ("127.0.0.1", server.media_port))
                sent += 1
        await asyncio.sleep(0.01)
    return sent


async def abuse_http(server, seconds: float) -> None:
    ends = asyncio.get_running_loop().time() + seconds
    while asyncio.get_running_loop().time() < ends:
        await asyncio.to_thread(exchange, server, b"GET /" + b"x" * 9000 + b"\r\n", 0.2)
        await asyncio.to_thread(exchange, server, bytes(range(256)), 0.2)


async def call_under_abuse(server) -> None:
    consultation = server.create_consultation()
    sender = await publish(server, consultation, "camera")
    viewer = Viewer()
    try:
        await viewer.watch(server, consultation, "camera")
        await viewer.wait_for("audio", 50)
        await viewer.wait_for("video", 15)
        before = await viewer.lost()
        frames = dict(viewer.frames)

        datagrams = noise(7)
        sent, _ = await asyncio.gather(flood(server, datagrams, 5), abuse_http(server, 5))
        assert sent > 1000

        await viewer.wait_for("audio", frames["audio"] + 200)
        await viewer.wait_for("video", frames["video"] + 80)
        after = await viewer.lost()
        for kind, (lost, received) in after.items():
            assert lost == before[kind][0], f"{kind}: {before[kind]} -> {after[kind]}"
            assert received > before[kind][1]
    finally:
        await viewer.close()
        await sender.close()


def test_a_call_loses_no_packet_while_both_ports_are_flooded(server):
    asyncio.run(call_under_abuse(server))
    assert server.is_running
    assert server.metrics()


async def call_across_restart_of_another(server) -> None:
    """Others come and go, one of them without a word."""
    consultation = server.create_consultation()
    sender = await publish(server, consultation, "camera")
    viewer = Viewer()
    try:
        await viewer.watch(server, consultation, "camera")
        await viewer.wait_for("audio", 50)
        before = (await viewer.lost())["audio"][0]
        for number in range(5):
            guest = await publish(server, consultation, f"guest-{number}")
            await guest.close()
        frames = viewer.frames["audio"]
        await viewer.wait_for("audio", frames + 50)
        assert (await viewer.lost())["audio"][0] == before
    finally:
        await viewer.close()
        await sender.close()


def test_others_come_and_go_without_a_packet_lost(start_server):
    server = start_server({"signaling.maxParticipants": 10})
    asyncio.run(call_across_restart_of_another(server))
