"""Hostile bytes on the TCP port."""

import json
import random
import socket
import time

import pytest
from websockets.exceptions import ConnectionClosed

from Chaos.signaling_client import SignalingClient


def exchange(server, octets: bytes, timeout: float = 5) -> bytes:
    """Sends, and reads until the server closes or is silent."""
    with socket.create_connection(("127.0.0.1", server.http_port), timeout) as connection:
        answer = b""
        try:
            connection.sendall(octets)
            connection.settimeout(timeout)
            while chunk := connection.recv(65536):
                answer += chunk
        except (TimeoutError, ConnectionError):
            pass
        return answer


def is_well(server) -> bool:
    return server.is_running and server.get("/health/ready")[0] == 200


@pytest.mark.parametrize(
    "octets",
    [
        b"\r\n\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /v1/consultations HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n",
        b"POST /v1/consultations HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzzz\r\n",
        b"GET /%00%ff%fe/../../etc/passwd HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 100_000 + b"\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 1_000_000 + b"\r\n\r\n",
        b"GET /v1/signal HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(100),
    ],
    ids=lambda octets: repr(octets[:40]),
)
def test_a_malformed_request_hurts_nobody(shared_server, octets):
    exchange(shared_server, octets, timeout=0.5)
    assert is_well(shared_server)


def test_random_octets_hurt_nobody(shared_server):
    seed = random.randrange(1 << 32)
    print("seed", seed)
    noise = random.Random(seed)
    for _ in range(100):
        exchange(shared_server, noise.randbytes(noise.randrange(1, 2000)), timeout=0.05)
    assert is_well(shared_server)


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'{"id": 5}', b'{"id": "a b"}', b'{"id": "' + b"x" * 5000 + b'"}',
     b'{"kind": "party"}', b"[" * 50_000, b'{"id": "\xff\xfe"}'],
    ids=lambda body: repr(body[:20]),
)
def test_a_bad_body_is_answered_with_400(shared_server, body):
    token = shared_server.token("backend").encode()
    head = (
        b"POST /v1/consultations HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
        b"Content-Type: application/json\r\nAuthorization: Bearer " + token
        + b"\r\nContent-Length: " + str(len(body)).encode() + b"\r\n\r\n")
    answer = exchange(shared_server, head + body)
    status = int(answer.split(b" ", 2)[1])
    if body == b"":
        assert status in (201, 400)
    else:
        assert status in (400, 413, 422), answer[:300]
        assert b'"error"' in answer
    assert is_well(shared_server)


def test_a_body_that_is_too_large_is_not_read_to_its_end(shared_server):
    token = shared_server.token("backend").encode()
    head = (
        b"POST /v1/consultations HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer " + token
        + b"\r\nContent-Length: 1000000000\r\n\r\n")
    answer = exchange(shared_server, head + bytes(4_000_000), timeout=5)
    assert not answer or b" 413 " in answer.split(b"\r\n")[0]
    assert is_well(shared_server)


def test_slow_requests_do_not_keep_others_out(shared_server):
    """Half a request each, a byte now and then: they are many, and they are cut off in time."""
    slow = [socket.create_connection(("127.0.0.1", shared_server.http_port)) for _ in range(200)]
    try:
        for connection in slow:
            connection.sendall(b"GET / HTTP/1.1\r\nHost: a\r\n")
        assert is_well(shared_server)
        still_open = set(slow)
        deadline = time.monotonic() + 90
        while still_open and time.monotonic() < deadline:
            for connection in list(still_open):
                connection.settimeout(0.01)
                try:
                    connection.send(b"X: y\r\n")
                    if connection.recv(4096) == b"":
                        still_open.discard(connection)
                except TimeoutError:
                    pass
                except OSError:
                    still_open.discard(connection)
            time.sleep(1)
        assert not still_open, f"{len(still_open)} slow connections are still open"
        assert is_well(shared_server)
    finally:
        for connection in slow:
            connection.close()


def joined(server) -> SignalingClient:
    return SignalingClient(server, server.token("patient", server.create_consultation()))


@pytest.mark.parametrize(
    "message",
    ["", "{", "[]", "null", "5", '"x"', "{}", '{"type":5}', '{"type":"nothing"}',
     '{"type":"offer"}', '{"type":"offer","sdp":5}', '{"type":"offer","sdp":"v=0"}',
     '{"type":"mute","publication":"x","muted":"yes"}', '{"type":"join","v":1,"token":"x"}',
     "[" * 30_000, '{"type":"' + "x" * 60_000 + '"}', '{"type":"ping","id":"' + "x" * 100 + '"}'],
    ids=lambda message: message[:30],
)
def test_a_bad_message_gets_an_error_and_the_call_goes_on(shared_server, message):
    client = joined(shared_server)
    client.send(message)
    error = client.receive()
    assert error["type"] == "error" and error["code"] and error["message"], error
    assert error["fatal"] is False
    client.send({"type": "ping", "id": "1"})
    assert client.expect("pong")["re"] == "1"
    client.close()


def test_five_errors_in_a_row_close_the_connection_and_nobody_elses(shared_server):
    consultation = shared_server.create_consultation()
    other = SignalingClient(shared_server, shared_server.token("physician", consultation))
    client = SignalingClient(shared_server, shared_server.token("patient", consultation))
    for _ in range(5):
        client.send("{")
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            client.receive()
    assert closed.value.rcvd.code == 4400
    other.send({"type": "ping", "id": "2"})
    assert other.expect("pong")["re"] == "2"


def test_a_message_that_is_too_large_closes_the_connection(shared_server):
    client = joined(shared_server)
    client.send('{"type":"ping","id":"' + "x" * 200_000 + '"}')
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            client.receive()
    assert closed.value.rcvd is None or closed.value.rcvd.code in (1009, 4413)
    assert is_well(shared_server)


def test_a_binary_message_hurts_nobody(shared_server):
    client = joined(shared_server)
    client.send(bytes(range(256)))
    try:
        client.receive()
    except ConnectionClosed:
        pass
    assert is_well(shared_server)


def test_a_flood_of_messages_is_limited(shared_server):
    client = joined(shared_server)
    try:
        for _ in range(20_000):
            client.send('{"type":"ping"}')
        while True:
            message = client.receive(5)
            if message["type"] == "error":
                assert message["code"] == "rate-limited"
                break
    except ConnectionClosed as closed:
        assert closed.rcvd is None or closed.rcvd.code in (4400, 4429)
    except TimeoutError:
        pass
    assert is_well(shared_server)


def test_a_token_that_is_too_long_is_refused(shared_server):
    client = SignalingClient(shared_server)
    client.send({"type": "join", "v": 1, "token": "x" * 10_000})
    error = client.receive()
    assert error["type"] == "error" and error["code"] == "too-large"


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "e30.e30."])
def test_a_bad_token_gets_4401(shared_server, token):
    client = SignalingClient(shared_server)
    client.send(json.dumps({"type": "join", "v": 1, "token": token}))
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            client.receive()
    assert closed.value.rcvd.code == 4401


def test_a_token_of_alg_none_is_refused_and_counted(shared_server):
    import base64

    def part(value: dict) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    consultation = shared_server.create_consultation()
    forged = ".".join([
        part({"alg": "none", "typ": "JWT"}),
        part({"role": "physician", "consultation": consultation, "exp": 4_000_000_000}), ""])
    client = SignalingClient(shared_server)
    client.send({"type": "join", "v": 1, "token": forged})
    with pytest.raises(ConnectionClosed) as closed:
        while True:
            client.receive()
    assert closed.value.rcvd.code == 4401
    assert shared_server.wait_for_metric(r"tokens?_refused") >= 1


def test_the_server_keeps_none_of_it_in_memory(shared_server):
    def resident() -> int:
        with open(f"/proc/{shared_server.process.pid}/statm", encoding="ascii") as statm:
            return int(statm.read().split()[1]) * 4096

    for _ in range(20):
        exchange(shared_server, b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", 0.1)
    before = resident()
    for _ in range(100):
        exchange(shared_server, b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n", 0.1)
    assert resident() - before < 50_000_000
