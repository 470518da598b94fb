"""Tokens against the running server: who is refused and why, keys that change, and those who try."""

import asyncio
import json
import signal
import time
import urllib.error
import urllib.request

import pytest
from websockets.exceptions import ConnectionClosed

from Chaos.media_client import Viewer, publish
from Chaos.signaling_client import SignalingClient
from Chaos.token_issuer import ISSUER, Key, Secret, claims, encoded, key_set, mint

SECRET = "a shared secret of the tests, long enough"


@pytest.fixture(scope="module")
def keys() -> tuple[Key, Key]:
    return Key("rsa-1", "RS256"), Key("ec-1", "ES256")


@pytest.fixture
def start(start_server, tmp_path):
    """A server that trusts these keys besides its own secret."""
    def run(*trusted: Key, **settings):
        (tmp_path / "jwks.json").write_text(key_set(*trusted))
        return start_server({
            "api.jwks": str(tmp_path / "jwks.json"), "api.issuer": ISSUER, "api.key": "hospital",
            "api.secret": SECRET, **{name.replace("_", ".", 1): value for name, value in settings.items()}})

    return run


def join(server, token: str, consultation: str | None = None) -> tuple[dict, int | None]:
    """The answer to a join, and the code with which the connection is closed then."""
    client = SignalingClient(server)
    try:
        wanted = {"consultation": consultation} if consultation else {}
        client.send({"type": "join", "v": 1, "token": token, **wanted})
        answer = client.receive()
        if not answer.get("fatal"):
            return answer, None
        with pytest.raises(ConnectionClosed) as closed:
            client.receive()
        return answer, closed.value.rcvd.code
    finally:
        client.close()


def ask(server, path: str, token: str, method: str = "GET", body: dict | None = None) -> tuple[int, dict]:
    request = urllib.request.Request(
        server.url + path, method=method, data=None if body is None else json.dumps(body).encode(),
        headers={"Authorization": "Bearer " + token, "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read() or "{}")
    except urllib.error.HTTPError as error:
        return error.code, json.load(error) | {"retryAfter": error.headers["Retry-After"]}


def refused(server, reason: str) -> float:
    return server.metrics()[f'visavis_tokens_refused_total{{reason="{reason}"}}']


def audited(server, kind: str) -> list[dict]:
    """Entries of the audit log of a server that has stopped, which nobody has changed."""
    assert "nothing was changed" in server.run("audit", "verify")
    entries = (server.state / "audit" / "entries.jsonl").read_text().splitlines()
    return [entry for entry in map(json.loads, entries) if entry["type"] == kind]


def test_every_bad_token_is_refused_by_its_reason_counted_and_traced_without_identity(start, keys):
    rsa, ecdsa = keys
    server = start(rsa, ecdsa)
    here, elsewhere = server.create_consultation(), server.create_consultation()
    good = claims(here)
    public = json.dumps(rsa.jwk)
    bad = {
        "algorithm": [
            encoded({"alg": "none", "typ": "JWT"}) + "." + encoded(good) + ".",
            mint(rsa, good, alg="RS512"), mint(rsa, good, alg="ES256"), mint(ecdsa, good, kid="rsa-1")],
        "key": [mint(Key("ec-2", "ES256"), good)],
        "signature": [
            mint(Key("ec-1", "ES256"), good), mint(Key("rsa-1", "RS256"), good),
            mint(Secret(public), good, kid="rsa-1"), mint(Secret(SECRET + "x"), good | {"iss": "hospital"})],
        "issuer": [mint(rsa, good | {"iss": "hospital"}), mint(Secret(SECRET), good)],
        "expired": [mint(rsa, good | {"exp": int(time.time()) - 1})],
        "not-yet-valid": [mint(ecdsa, good | {"nbf": int(time.time()) + 60})],
        "no-expiry": [mint(ecdsa, claims(here, exp=None))],
        "role": [mint(ecdsa, claims(here, role="director"))],
        "consultation": [mint(ecdsa, claims(here) | {"consultation": "../../etc"})],
        "malformed": ["x", mint(rsa, good)[:-400] + "."],
    }
    for reason, tokens in bad.items():
        for token in tokens:
            answer, code = join(server, token)
            assert (answer["code"], code) == ("unauthorized", 4401), (reason, answer)
            assert len(answer["message"]) > 20 and answer["message"].startswith("the "), answer
        assert refused(server, reason) == len(tokens), (reason, server.metrics())
    # Genuine, and no good here.
    answer, code = join(server, mint(rsa, claims(elsewhere)), here)
    assert (answer["code"], code) == ("forbidden", 4403)
    status, answer = ask(server, f"/v1/consultations/{here}", mint(ecdsa, claims(elsewhere, "physician")))
    assert status == 403 and answer["error"]["message"] == "the token is for another consultation"
    assert refused(server, "other-consultation") == 2
    status, answer = ask(server, f"/v1/consultations/{here}", mint(ecdsa, claims(here)))
    assert status == 403 and refused(server, "not-allowed") == 1

    # Good ones of all three kinds; what they say of the person is in the record.
    once = mint(rsa, claims(
        here, "physician", once=True, acr="eidas2", professional="p-4711", name="Dr Canary"))
    for token in (once, mint(ecdsa, claims(here, identityStatus="qualified")),
                  mint(Secret(SECRET), claims(here, iss="hospital"))):
        SignalingClient(server, token).close()
    backend = server.token("backend")
    people = ask(server, f"/v1/consultations/{here}/participants", backend)[1]["participants"]
    assert [(one.get("acr"), one.get("professional"), one.get("identityStatus")) for one in people] == [
        ("eidas2", "p-4711", None), (None, None, "qualified"), (None, None, None)]

    # Used, also after the server has died.
    assert join(server, once)[0]["message"] == "the token was good for one use and has been used"
    log = server.state / "audit" / "entries.jsonl"
    deadline = time.monotonic() + 10
    while '"reason":"used"' not in log.read_text():
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.05)
    server.kill()
    server.start()
    assert join(server, once)[1] == 4401
    assert refused(server, "used") == 1
  
    server.stop()
    traced = {}
    for entry in audited(server, "token.refused"):
        data = entry["data"]
        traced[data["reason"]] = traced.get(data["reason"], 0) + data["count"]
        assert data.keys() <= {"reason", "count", "consultation"}
    assert {reason: len(tokens) for reason, tokens in bad.items()}.items() <= traced.items()
    assert (traced["used"], traced["other-consultation"]) == (2, 2)
    for text in (server.log, (server.state / "audit" / "entries.jsonl").read_text()):
        assert "canary" not in text.lower() and "p-4711" not in text


def test_a_new_key_counts_and_an_old_one_does_not_after_a_signal(start, keys, tmp_path):
    old, new = keys[0], Key("rsa-2", "RS256")
    server = start(old)
    consultation = server.create_consultation()
    inside = SignalingClient(server, mint(old, claims(consultation, "physician")))
    assert join(server, mint(new, claims(consultation)))[0]["code"] == "unauthorized"

    def read_again(text: str, expected: str) -> None:
        (tmp_path / "jwks.json").write_text(text)
        seen = len(server.lines)
        server.process.send_signal(signal.SIGHUP)
        deadline = time.monotonic() + 10
        while not any(expected in line for line in server.lines[seen:]):
            assert time.monotonic() < deadline, server.log
            time.sleep(0.05)

    read_again(key_set(old, new), "keys of tokens are read again")
    for key in (old, new):
        SignalingClient(server, mint(key, claims(consultation))).close()
    read_again(key_set(new), "keys of tokens are read again")
    answer, code = join(server, mint(old, claims(consultation)))
    assert code == 4401 and "kid" in answer["message"]
    read_again("{}", "keys of tokens stay as they were")
    SignalingClient(server, mint(new, claims(consultation))).close()
    # Who is inside stays.
    inside.send({"type": "ping", "id": "1"})
    assert inside.expect("pong")["re"] == "1"
    inside.close()


async def call_while_tokens_are_tried(server, keys) -> None:
    consultation = server.create_consultation()
    sender = await publish(server, consultation, "camera")
    viewer = Viewer()
    try:
        await viewer.watch(server, consultation, "camera")
        await viewer.wait_for("audio", 50)
        before, frames = await viewer.lost(), dict(viewer.frames)
        forged = [mint(Secret(f"guess number {n} of very many guesses"), claims(consultation, iss="hospital"))
                  for n in range(500)]

        def attack(share: int) -> set[int]:
            statuses = set()
            for token in forged[share::4]:
                statuses.add(ask(server, f"/v1/consultations/{consultation}", token)[0])
            return statuses

        seen = await asyncio.gather(*(asyncio.to_thread(attack, share) for share in range(4)))
        assert set().union(*seen) == {401, 429}
        await viewer.wait_for("audio", frames["audio"] + 200)
        for kind, (lost, received) in (await viewer.lost()).items():
            assert lost == before[kind][0] and received > before[kind][1], kind
        # They were not even looked at, most of them.
        tried = server.metrics()['visavis_tokens_refused_total{reason="signature"}']
        assert 40 <= tried < 100, tried
    finally:
        await viewer.close()
        await sender.close()


def test_a_call_loses_no_packet_while_tokens_are_guessed_and_few_lines_tell_of_it(start, keys):
    server = start(*keys)
    asyncio.run(asyncio.wait_for(call_while_tokens_are_tried(server, keys), 60))
    tried = server.metrics()['visavis_tokens_refused_total{reason="signature"}']
    server.stop()
    entries = [entry["data"] for entry in audited(server, "token.refused")]
    assert sum(data["count"] for data in entries if data["reason"] == "signature") == tried
    assert len(entries) <= 6, entries


def test_a_token_that_joins_too_often_waits_and_those_inside_go_on(start, keys):
    server = start(*keys, admission_joinsPerToken=3)
    consultation = server.create_consultation()
    token, other = (mint(keys[1], claims(consultation, role)) for role in ("patient", "physician"))
    inside = SignalingClient(server, token)
    for _ in range(2):
        SignalingClient(server, token).close()
    answer, code = join(server, token)
    assert (answer["code"], answer["fatal"], code) == ("busy", False, None)
    assert 1 <= answer["retryAfter"] <= 21
    status, answer = ask(server, f"/whip/{consultation}", token, "POST", {})
    assert status == 429 and 1 <= int(answer["retryAfter"]) <= 21
    assert server.metrics()['visavis_joins_refused_total{reason="rate"}'] == 2
    SignalingClient(server, other).close()
    # Coming back is not coming in.
    inside.abandon()
    again = SignalingClient(server, None, inside.joined["resume"]["token"])
    assert again.joined["resumed"]
    again.close()


def test_who_is_banned_goes_and_comes_back_neither_by_socket_nor_http_nor_after_a_crash(start, keys):
    server = start(*keys)
    consultation = server.create_consultation()
    token = mint(keys[1], claims(consultation, sub="somebody"))
    patient = SignalingClient(server, token)
    doctor = mint(keys[0], claims(consultation, "physician", sub="doctor"))
    physician = SignalingClient(server, doctor)
    physician.send({"type": "remove", "participant": patient.participant, "ban": True, "id": "7"})
    assert physician.expect("accepted")["re"] == "7"
    assert patient.expect("removed")["reason"] == "removed"

    def is_out() -> None:
        # Another token of the same bearer is no way in either.
        for one in (token, mint(keys[0], claims(consultation, sub="somebody"))):
            answer, code = join(server, one)
            assert (answer["code"], code) == ("forbidden", 4403)
            assert "may not come in again" in answer["message"]

    is_out()
    server.kill()
    server.start()
    is_out()
    assert refused(server, "banned") == 2
    # The program that books may ban as well; an invitation made afterwards is for somebody else.
    physician = SignalingClient(server, doctor)
    relative = SignalingClient(server, mint(keys[1], claims(consultation, "relative", sub="relative")))
    status, _ = ask(
        server, f"/v1/consultations/{consultation}/participants/{relative.participant}?ban=true",
        server.token("backend"), "DELETE")
    assert status == 204 and relative.expect("removed")
    status, invitation = ask(
        server, f"/v1/consultations/{consultation}/invitations", doctor, "POST", {"role": "patient"})
    assert status == 201
    SignalingClient(server, invitation["token"]).close()
    physician.close()
    server.stop()
    removed = audited(server, "participant.removed")
    assert [(one["data"]["role"], one["data"]["banned"], one["data"].get("by")) for one in removed] == [
        ("physician", True, removed[0]["data"]["by"]), ("backend", True, None)]
