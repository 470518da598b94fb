"""Canaries: what tells who somebody is stands in no log and no metric, and in no file once it is erased."""

import json
import urllib.error
import urllib.request

from Chaos.signaling_client import SignalingClient
from Chaos.test_tokens import audited
from Chaos.token_issuer import Secret, claims, mint

SECRET = "a shared secret of the tests, long enough"
NAMES = ("Zénobie Canarivoire", "Dr Serin Canarimbault")
PROFESSIONAL = "rpps-canary-90817263"
SUBJECT = "canary-subject-5544"
# Nobody's: it is told to the server as the client's own.
ADDRESS = "203.0.113.181"
OFFER = "\r\n".join([
    "v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=canary-session", "t=0 0", "a=group:BUNDLE 0",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111", f"c=IN IP4 {ADDRESS}", "a=mid:0", "a=sendonly", "a=rtcp-mux",
    "a=rtpmap:111 opus/48000/2", "a=ice-ufrag:canaryUfrag", "a=ice-pwd:canaryPasswordcanaryPassword", "a=setup:actpass",
    "a=fingerprint:sha-256 " + ":".join(["AB"] * 32), f"a=candidate:1 1 udp 1 {ADDRESS} 4444 typ host", ""])


def post(server, path: str, body: dict | None = None) -> tuple[int, dict]:
    request = urllib.request.Request(
        server.url + path, data=json.dumps(body or {}).encode(), method="POST",
        headers={"Authorization": "Bearer " + server.token("backend"), "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.load(answer)
    except urllib.error.HTTPError as error:
        return error.code, json.load(error)


def found(server, canaries: list[str]) -> list[tuple[str, str]]:
    """Which canaries stand in which file of the state folder."""
    files = [path for path in server.folder.rglob("*") if path.is_file() and path.name != "visavis.yaml"]
    assert any(path.name == "records.sqlite" for path in files)
    return [
        (path.name, canary) for path in files for canary in canaries
        if canary.encode() in path.read_bytes()]


def test_who_took_part_is_in_no_log_and_no_metric_and_in_no_file_once_erased(start_server):
    server = start_server({"api.key": "hospital", "api.secret": SECRET, "log.level": "trace"})
    consultation = server.create_consultation(waiting_room=True, consents=("act",))
    tokens = [
        mint(Secret(SECRET), claims(consultation, role, iss="hospital", name=name, sub=SUBJECT + role, **more))
        for role, name, more in (
            ("patient", NAMES[0], {}), ("physician", NAMES[1], {"professional": PROFESSIONAL}))]
    physician = SignalingClient(server, tokens[1])
    patient = SignalingClient(server, tokens[0])
    physician.send({"type": "admit", "participant": patient.participant, "id": "1"})
    physician.expect("accepted")
    patient.send({"type": "consent", "purpose": "act", "given": True, "version": "standard-2", "language": "fr"})
    patient.send({
        "type": "offer", "id": "2", "sdp": OFFER, "tracks": [{"mid": "0", "publish": {"source": "microphone"}}]})
    patient.expect("answer")
    patient.send({"type": "candidate", "mid": "0", "candidate": f"candidate:2 1 udp 1 {ADDRESS} 5555 typ host"})
    # What is refused is told to the operator, too.
    SignalingClient(server).send({"type": "join", "v": 1, "token": tokens[0][:-4] + "AAAA"})
    metrics = server.get("/metrics")[1]
    assert NAMES[0] in server.get(f"/v1/consultations/{consultation}/participants", tokens[1])[1]

    path = f"/v1/consultations/{consultation}/erase"
    status, refusal = post(server, path)
    assert (status, refusal["error"]["code"]) == (409, "wrong-state"), "a consultation that goes on"
    physician.send({"type": "end"})
    physician.expect("ended")
    assert server.run("records", "erase", consultation) == f"{consultation} is erased"
    assert post(server, path)[0] == 200, "once more is no mistake"
    assert post(server, "/v1/consultations/nowhere/erase")[0] == 404
    request = urllib.request.Request(
        server.url + path, method="POST", headers={"Authorization": "Bearer " + tokens[1]})
    try:
        urllib.request.urlopen(request, timeout=10)
        raise AssertionError("a physician erases")
    except urllib.error.HTTPError as error:
        assert error.code == 403

    backend = server.token("backend")
    text = server.get(f"/v1/consultations/{consultation}/participants", backend)[1]
    assert len(json.loads(text)["participants"]) == 2 and "anari" not in text and PROFESSIONAL not in text
    assert json.loads(server.get(f"/v1/consultations/{consultation}", backend)[1])["erasedAt"]
    bundle = json.loads(server.run("records", "fhir", consultation))
    assert bundle["meta"]["tag"][0]["code"] == "erased" and PROFESSIONAL not in json.dumps(bundle)
    exported = [json.loads(one) for one in server.run("records", "export", "--format", "ndjson").splitlines()]
    assert len(exported) == 2 and all(one["erasedAt"] for one in exported)

    canaries = [*NAMES, NAMES[0].encode("ascii", "ignore").decode(), PROFESSIONAL, SUBJECT, ADDRESS, "canaryUfrag",
                "canaryPassword", "canary-session", tokens[0], tokens[0].split(".")[2], tokens[1].split(".")[1]]
    assert found(server, canaries) == [], "while it runs"
    server.stop()
    assert found(server, canaries) == []
    told = server.log + metrics
    assert [canary for canary in canaries if canary in told] == []
    assert consultation in server.log, "the log tells something"
    assert [one["data"]["first"] for one in audited(server, "record.erased")] == [True, False]



def test_a_purge_says_what_would_go_and_proves_what_has_gone(start_server):
    server = start_server({"retention.quality": 1, "retention.personal": 0, "retention.records": 1})
    consultation = server.create_consultation()
    assert post(server, f"/v1/consultations/{consultation}/end")[0] in (200, 202, 204)
    said = server.run("records", "purge", "--dry-run").splitlines()
    assert [line.split()[:2] for line in said] == [["quality:", "0"], ["records:", "0"]], said
    assert all("would go" in line for line in said)
    said = server.run("records", "purge").splitlines()
    assert all("gone" in line for line in said)
    server.stop()
    assert [one["data"]["category"] for one in audited(server, "records.purged")] == ["quality", "records"]
    assert all(one["data"]["count"] == 0 and len(one["data"]["sha256"]) == 44
               for one in audited(server, "records.purged"))
