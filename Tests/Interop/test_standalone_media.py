"""WHIP (RFC 9725) and WHEP as HTTP: statuses, headers, refusals, fragments.

The offers are aiortc's, changed where a test is about it; no media flows. Run with
`pytest Tests/Interop/test_standalone_media.py`; see conftest.py for another server.
"""

import asyncio
import re

import pytest
from aiortc import RTCPeerConnection

from Interop.signals import MovingBar, Tone
from Interop.standalone_media import FRAGMENT, SDP, exchange, open_session


async def _offer(direction: str) -> str:
    connection = RTCPeerConnection()
    for track in (Tone(), MovingBar()):
        connection.addTransceiver(
            track if direction == "sendonly" else track.kind, direction=direction)
    await connection.setLocalDescription(await connection.createOffer())
    text = connection.localDescription.sdp
    await connection.close()
    return text


@pytest.fixture(scope="module")
def offer() -> str:
    """Sends audio and video."""
    return asyncio.run(_offer("sendonly"))


@pytest.fixture(scope="module")
def viewer_offer() -> str:
    """Receives audio and video."""
    return asyncio.run(_offer("recvonly"))


@pytest.fixture
def whip(deployment, consultation):
    return f"{deployment.url}/whip/{consultation}"


@pytest.fixture
def token(deployment, consultation):
    return deployment.token("patient", consultation)


def sections(sdp: str) -> list[str]:
    return re.split(r"(?m)^(?=m=)", sdp)[1:]


def test_created(deployment, consultation, token, offer):
    session = open_session(deployment, f"/whip/{consultation}", token, offer)
    assert re.search(f"/whip/{consultation}/[^/]+$", session.url)
    assert re.fullmatch(r'"[^"]+"', session.entity_tag)
    audio, video = sections(session.answer)
    assert audio.startswith("m=audio ") and video.startswith("m=video ")
    assert "a=ice-lite" in session.answer and "a=setup:passive" in audio
    assert "a=candidate:" in audio and "a=end-of-candidates" in audio
    assert "a=candidate:" not in video
    assert "a=recvonly" in audio and "a=recvonly" in video
    roster = deployment.participants(consultation)
    assert [p["id"] for p in roster if p.get("state") != "left"] == [session.participant]


def test_deleted_once(deployment, consultation, token, offer):
    session = open_session(deployment, f"/whip/{consultation}", token, offer)
    assert session.delete().status == 200
    assert session.delete().status == 404
    assert session.patch("a=mid:0\r\n").status == 404


def test_playing_needs_someone(deployment, consultation, token, offer, viewer_offer):
    viewer = deployment.token("physician", consultation)
    path = f"/whep/{consultation}/"
    nobody = exchange("POST", deployment.url + path + "p_nobody", viewer, viewer_offer)
    assert nobody.status == 404
    published = open_session(deployment, f"/whip/{consultation}", token, offer)
    played = open_session(deployment, path + published.participant, viewer, viewer_offer)
    audio, video = sections(played.answer)
    assert "a=sendonly" in audio and "a=sendonly" in video
    assert "a=ssrc:" in audio and "a=ssrc-group:FID" in video
    streams = {re.search(r"a=msid:(\S+)", section).group(1) for section in (audio, video)}
    assert len(streams) == 1 and streams != {"-"}, "lips are kept in time only inside one stream"
    assert played.delete().status == 200


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        (lambda sdp: "hello", 400, "line 1"),
        (lambda sdp: "", 400, "empty"),
        (lambda sdp: sdp.replace("a=mid:0", "a=mid:0 0"), 400, "a=mid:"),
        (lambda sdp: sdp + "a=rtpmap:300 x/1\r\n", 400, "a=rtpmap:"),
        (lambda sdp: sdp.replace("a=rtcp-mux\r\n", ""), 422, "rtcp-mux"),
        (lambda sdp: re.sub(r"a=group:.*\r\n", "", sdp), 422, "BUNDLE"),
        (lambda sdp: re.sub(r"a=fingerprint:.*\r\n", "", sdp), 422, "a=fingerprint"),
        (lambda sdp: re.sub(r"a=ice-(ufrag|pwd):.*\r\n", "", sdp), 422, "a=ice-ufrag"),
        (lambda sdp: sdp.replace("a=setup:actpass", "a=setup:passive"), 422, "a=setup:passive"),
        (lambda sdp: sdp.replace("a=sendonly", "a=recvonly"), 422, "sends"),
        (lambda sdp: re.sub(r" (opus|VP8|H264)/", r" other/", sdp), 422, "codec"),
    ],
    ids=[
        "no-sdp", "empty", "mid", "rtpmap", "rtcp-mux", "bundle", "fingerprint", "ice", "setup",
        "direction", "codec",
    ])
def test_offers_that_are_refused_say_why(whip, token, offer, change, status, says):
    changed = change(offer.replace("\r\n", "\n").replace("\n", "\r\n"))
    reply = exchange("POST", whip, token, changed)
    assert (reply.status, says in reply.body) == (status, True), reply.body


def test_there_is_no_half_of_a_publication(deployment, consultation, whip, token, offer):
    """RFC 9725 section 4.4.3: better no session than one without the picture."""
    reply = exchange("POST", whip, token, re.sub(r" (VP8|H264)/90000", " AV1/90000", offer))
    assert reply.status == 422
    assert "mid 1" in reply.body and "AV1" in reply.body
    assert deployment.participants(consultation) == []


def test_tokens(deployment, consultation, whip, offer):
    other = deployment.create_consultation()
    assert exchange("POST", whip, None, offer).status == 401
    assert exchange("POST", whip, "x.y.z", offer).status == 401
    forged = type(deployment)(deployment.url, deployment.key, "another secret of 32 characters..")
    assert exchange("POST", whip, forged.token("patient", consultation), offer).status == 401
    expired = deployment.token("patient", consultation, exp=1)
    assert exchange("POST", whip, expired, offer).status == 401
    foreign = deployment.token("patient", other)
    assert exchange("POST", whip, foreign, offer).status == 403
    observer = deployment.token("observer", consultation)
    assert exchange("POST", whip, observer, offer).status == 403
    unknown = f"{deployment.url}/whip/no-such-consultation"
    token = deployment.token("patient", "no-such-consultation")
    assert exchange("POST", unknown, token, offer).status == 404


def test_media_types(whip, token, offer):
    assert exchange("POST", whip, token, offer, "application/json").status == 415
    assert exchange("POST", whip, token, offer, Accept="text/html").status == 406
    assert exchange("GET", whip, token).status == 405


def test_browsers_of_other_origins_may_ask(whip):
    reply = exchange(
        "OPTIONS", whip, None, Origin="https://example.org",
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="authorization,content-type")
    assert reply.status in (200, 204)
    assert "POST" in reply.headers["access-control-allow-methods"]
    assert "authorization" in reply.headers["access-control-allow-headers"].lower()


def test_the_location_is_exposed_to_other_origins(whip, token, offer):
    reply = exchange("POST", whip, token, offer, Origin="https://example.org")
    assert reply.status == 201
    exposed = reply.headers["access-control-expose-headers"].lower()
    for name in ("location", "etag", "link"):
        assert name in exposed


def restart_fragment(fragment: str = "again", password: str = "p" * 24) -> str:
    return (
        "a=ice-options:trickle ice2\r\na=group:BUNDLE 0 1\r\n"
        "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n"
        f"a=ice-ufrag:{fragment}\r\na=ice-pwd:{password}\r\n")


def test_trickled_candidates_need_no_answer(deployment, consultation, token, offer):
    session = open_session(deployment, f"/whip/{consultation}", token, offer)
    ufrag = re.search(r"a=ice-ufrag:(\S+)", offer).group(1)
    password = re.search(r"a=ice-pwd:(\S+)", offer).group(1)
    reply = session.patch(
        f"a=ice-ufrag:{ufrag}\r\na=ice-pwd:{password}\r\nm=audio 9 RTP/AVP 0\r\na=mid:0\r\n"
        "a=candidate:1 1 udp 2130706431 192.0.2.9 5000 typ host\r\na=end-of-candidates\r\n")
    assert reply.status == 204 and reply.body == ""


def test_ice_restart(deployment, consultation, token, offer):
    session = open_session(deployment, f"/whip/{consultation}", token, offer)
    before = re.search(r"a=ice-ufrag:(\S+)", session.answer).group(1)
    reply = session.patch(restart_fragment(), entity_tag="*")
    assert reply.status == 200, reply.body
    assert reply.headers["content-type"].startswith(FRAGMENT)
    assert reply.headers["etag"] != session.entity_tag
    assert re.search(r"a=ice-ufrag:(\S+)", reply.body).group(1) != before
    assert re.search(r"a=ice-pwd:\S{22,}", reply.body)
    assert "a=candidate:" in reply.body
    # The first ICE session is over, and with it its entity tag.
    assert session.patch("m=audio 9 RTP/AVP 0\r\na=mid:0\r\n").status == 412


def test_fragments_that_are_refused(deployment, consultation, token, offer):
    session = open_session(deployment, f"/whip/{consultation}", token, offer)
    assert session.patch("garbage").status == 400
    assert exchange(
        "PATCH", session.url, token, restart_fragment(), SDP, If_Match="*").status == 415
    assert exchange("PATCH", session.url, token, restart_fragment(), FRAGMENT).status == 428
