"""A server that is full: who comes is told so and waits, who is inside goes on."""

import asyncio
import json
import urllib.error
import urllib.request

import pytest

from Chaos.media_client import Viewer, publish
from Chaos.signaling_client import SignalingClient


def refused(server, consultation: str) -> dict:
    """What a physician is told who may not come in now."""
    client = SignalingClient(server)
    try:
        client.send({"type": "join", "v": 1, "token": server.token("physician", consultation)})
        return client.receive()
    finally:
        client.close()


def refused_offer(server, consultation: str) -> urllib.error.HTTPError:
    offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n" \
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\nc=IN IP4 0.0.0.0\r\na=mid:0\r\na=sendonly\r\n" \
        "a=rtcp-mux\r\na=setup:actpass\r\na=ice-ufrag:abcd\r\na=ice-pwd:abcdefghijklmnopqrstuv\r\n" \
        "a=fingerprint:sha-256 " + ":".join(["AB"] * 32) + "\r\na=rtpmap:111 opus/48000/2\r\n"
    request = urllib.request.Request(
        f"{server.url}/whip/{consultation}", data=offer.encode(), method="POST",
        headers={"Content-Type": "application/sdp",
                 "Authorization": "Bearer " + server.token("physician", consultation)})
    with pytest.raises(urllib.error.HTTPError) as raised:
        urllib.request.urlopen(request, timeout=10)
    return raised.value


async def call_on_a_full_server(server) -> None:
    consultation = server.create_consultation()
    sender = await publish(server, consultation, "camera")
    viewer = Viewer()
    try:
        await viewer.watch(server, consultation, "camera")
        await viewer.wait_for("audio", 50)
        before = await viewer.lost()

        told = await asyncio.to_thread(refused, server, consultation)
        assert (told["type"], told["code"], told["fatal"]) == ("error", "busy", False)
        assert told["retryAfter"] >= 1
        answer = await asyncio.to_thread(refused_offer, server, consultation)
        assert answer.code == 503 and int(answer.headers["Retry-After"]) >= 1
        assert json.load(answer)["error"]["code"] == "busy"
        # Other consultations are on the same server.
        assert (await asyncio.to_thread(refused, server, server.create_consultation()))["code"] == "busy"

        metrics = server.metrics()
        assert metrics['visavis_joins_refused_total{reason="full"}'] == 3
        assert metrics["visavis_admission_open"] == 0
        status, text = server.get("/health/ready")
        assert status == 200 and json.loads(text)["admission"] == "full"
        seen = json.loads(server.get("/v1/ops/consultations", server.token("ops"))[1])
        assert seen["admission"] == {"limit": 2, "refused": 3, "state": "full"}

        # The two who are inside lose nothing by it.
        await viewer.wait_for("audio", viewer.frames["audio"] + 100)
        for kind, (lost, received) in (await viewer.lost()).items():
            assert lost == before[kind][0] and received > before[kind][1], kind
    finally:
        await viewer.close()
    # One has gone: the next comes in.
    for _ in range(100):
        if server.metrics()["visavis_admission_open"] == 1:
            break
        await asyncio.sleep(0.1)
    try:
        physician = await asyncio.to_thread(
            SignalingClient, server, server.token("physician", consultation))
        assert len(physician.joined["roster"]) == 2
        # The server is full again, and a lost connection is taken up again all the same.
        physician.abandon()
        again = await asyncio.to_thread(SignalingClient, server, None, physician.joined["resume"]["token"])
        assert again.joined["resumed"]
        again.close()
    finally:
        await sender.close()


def test_a_full_server_says_so_and_those_inside_go_on(start_server):
    server = start_server({"admission.participants": 2})
    asyncio.run(asyncio.wait_for(call_on_a_full_server(server), 60))
