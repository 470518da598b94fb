"""What is kept, in the forms of other programs: FHIR R4, CSV, NDJSON, indicators; and who has read it."""

import base64
import csv
import io
import json
import subprocess
import urllib.error
import urllib.request

import fhir.resources
from fhir.resources.auditevent import AuditEvent
from fhir.resources.bundle import Bundle
from fhir.resources.consent import Consent

from Chaos.signaling_client import SignalingClient
from Chaos.test_tokens import audited
from Chaos.token_issuer import Secret, claims, mint
from visavis_server import binary

SECRET = "a shared secret of the tests, long enough"
# Of our own words.
VERSIONS = {"act": "standard-2", "recording": "standard-1"}


def consulted(server) -> tuple[str, str]:
    """One consultation that has ended, with a waiting room, and the physician's token."""
    consultation = server.create_consultation(waiting_room=True, consents=("act", "recording"))

    def token(role: str, **more) -> str:
        return mint(Secret(SECRET), claims(consultation, role, iss="hospital", **more))

    doctor = token("physician", professional="p-4711", name="Dr Canary", sub="doctor")
    physician = SignalingClient(server, doctor)
    patient = SignalingClient(server, token("patient", name="Canary Canari", sub="somebody"))
    physician.send({"type": "admit", "participant": patient.participant, "id": "1"})
    physician.expect("accepted")
    for client, purpose, given in (
        (patient, "act", True), (patient, "recording", True), (patient, "recording", False),
        (physician, "recording", False),
    ):
        client.send({"type": "consent", "purpose": purpose, "given": given,
                     "version": VERSIONS[purpose], "language": "fr", "id": "2"})
        client.expect("accepted")
    physician.send({"type": "end"})
    physician.expect("ended")
    return consultation, doctor


def ask(server, path: str, token: str, body: dict) -> tuple[int, str]:
    request = urllib.request.Request(
        server.url + path, json.dumps(body).encode(),
        {"Authorization": "Bearer " + token, "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def resources(bundle: dict, kind: str) -> list[dict]:
    return [one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == kind]


def test_who_was_invited_by_whom_is_in_the_log_and_kinds_say_who_may_be(start_server):
    server = start_server({"api.key": "hospital", "api.secret": SECRET})
    consultation = server.run("consultation", "create", "--kind", "assisted")
    backend = mint(Secret(SECRET), claims(None, "backend", iss="hospital", sub="booking"))
    doctor = mint(Secret(SECRET), claims(consultation, "physician", iss="hospital", sub="doctor"))
    for token, role in ((doctor, "interpreter"), (doctor, "assistant"), (backend, "patient")):
        status, body = ask(server, f"/v1/consultations/{consultation}/invitations", token,
                           {"role": role, "singleUse": role == "assistant"})
        assert status == 201, body
    asked = server.run("consultation", "create", "--kind", "tele-expertise")
    status, body = ask(server, f"/v1/consultations/{asked}/invitations", backend, {"role": "patient"})
    assert status == 400 and "physician, expert, observer in this kind of act" in body
    for wrong in ({"kind": "on-call", "notBefore": "2030-01-01T08:00:00Z"},
                  {"kind": "tele-expertise", "consents": [{"purpose": "act"}]}, {"kind": "other"}):
        assert ask(server, "/v1/consultations", backend, wrong)[0] == 400, wrong
    server.stop()
    third = [entry["data"] for entry in audited(server, "third.invited")]
    assert [(one["role"], one["inviter"], one["once"]) for one in third] == [
        ("interpreter", "physician", False), ("assistant", "physician", True)]
    assert {one["consultation"] for one in third} == {consultation}
    assert [entry["data"]["role"] for entry in audited(server, "token.issued")] == ["patient"]


def test_a_bundle_is_valid_r4_says_who_and_when_and_every_reading_is_in_the_log(start_server):
    assert fhir.resources.__fhir_version__ == "4.0.1", "the validator is one for R4"
    server = start_server({"api.key": "hospital", "api.secret": SECRET})
    consultation, doctor = consulted(server)
    planned = server.create_consultation()
    backend = server.token("backend")
    status, text = server.get(f"/v1/consultations/{consultation}/fhir?purpose=PATRQT", doctor)
    assert status == 200, text
    bundle = json.loads(text)
    Bundle.parse_obj(bundle)
    encounter, = resources(bundle, "Encounter")
    assert (encounter["status"], encounter["class"]["code"]) == ("finished", "VR")
    assert encounter["identifier"][0]["value"] == consultation
    individuals = [one["individual"] for one in encounter["participant"]]
    assert {one["type"] for one in individuals} == {"Patient", "Practitioner"}
    assert any(one["identifier"]["value"] == "p-4711" for one in individuals)
    appointment, = resources(bundle, "Appointment")
    assert appointment["status"] == "fulfilled" and appointment["start"] <= appointment["end"]
    consents = [(one["status"], one["policyRule"]["text"]) for one in resources(bundle, "Consent")]
    assert consents == [
        ("active", "act, version standard-2"), ("inactive", "recording, version standard-1"),
        ("rejected", "recording, version standard-1")]
    for one in resources(bundle, "Consent"):
        Consent.parse_obj(one)
    events = resources(bundle, "AuditEvent")
    told = [event["subtype"][1]["code"] for event in events]
    assert sorted(told) == sorted(
        ["participant.joined"] * 2 + ["participant.waiting", "participant.admitted"] + ["participant.left"] * 2)
    for event in events:
        AuditEvent.parse_obj(event)
    provenance, = resources(bundle, "Provenance")
    note = base64.b64decode(provenance["signature"][0]["data"]).decode()
    assert len(note.splitlines()) >= 5, "a signed note"
    assert "canary" not in text.lower()
    # The same resource is called the same each time.
    again = json.loads(server.run("records", "fhir", consultation))
    assert [one["fullUrl"] for one in again["entry"]] == [one["fullUrl"] for one in bundle["entry"]]
    early = json.loads(server.get(f"/v1/consultations/{planned}/fhir", backend)[1])
    Bundle.parse_obj(early)
    assert resources(early, "Encounter")[0]["status"] == "planned" and not resources(early, "Appointment")
    assert server.get("/v1/consultations/nowhere/fhir", backend)[0] == 404
    assert server.get(f"/v1/consultations/{planned}/fhir", doctor)[0] == 403
    assert server.get(f"/v1/consultations/{consultation}/fhir?purpose=no%20code", doctor)[0] == 400
    assert server.get(f"/v1/consultations/{consultation}/participants", doctor)[0] == 200
    assert server.get(f"/v1/consultations/{consultation}/consents", doctor)[0] == 200

    status, text = server.get("/v1/export?format=csv", backend)
    rows = list(csv.DictReader(io.StringIO(text)))
    assert {row["role"] for row in rows} == {"patient", "physician"} and "canary" not in text.lower()
    lines = [json.loads(line) for line in server.get("/v1/export?format=ndjson", backend)[1].splitlines()]
    assert [{k: v for k, v in row.items() if v} for row in rows] == lines
    assert server.get("/v1/export?format=xml", backend)[0] == 400
    assert server.get("/v1/export", doctor)[0] == 403

    indicators = json.loads(server.run("indicators", "--from", "-7d"))["indicators"]
    whole = indicators[0]
    assert whole["group"] == "all" and indicators[1]["group"] == "direct"
    assert (whole["booked"], whole["attempted"], whole["met"], whole["completed"]) == (2, 1, 1, 0), "no media, no act"
    assert whole["metShare"] == 1 and whole["dropShare"] == 0 and whole["waitMedian"] >= 0
    named = server.run("consultation", "create", "--organisation", "aphp", "--service", "derm-2")
    by_service = json.loads(server.run("indicators", "--by", "service"))["indicators"]
    assert [(one["group"], one["booked"]) for one in by_service] == [("all", 3), ("", 2), ("derm-2", 1)]
    assert json.loads(server.get(f"/v1/consultations/{named}", backend)[1])["organisation"] == "aphp"
    ops = server.token("ops")
    assert json.loads(server.get("/v1/indicators?by=organisation", ops)[1])["indicators"][2]["group"] == "aphp"
    assert server.get("/v1/indicators?by=patient", ops)[0] == 400
    assert server.get("/v1/indicators", doctor)[0] == 403
    assert server.get("/v1/export", ops)[0] == 403
    act = json.loads(server.get(f"/v1/consultations/{consultation}", backend)[1])["act"]
    assert act == {"outcome": "not-completed", "mediaSeconds": 0, "videoSeconds": 0}
    assert encounter["extension"] == [{"url": "urn:visavis:act", "valueCode": "not-completed"}]
    empty = json.loads(server.run("indicators", "--from", "2020-01-01T00:00:00Z", "--to", "2020-02-01T00:00:00Z"))
    assert empty["indicators"][0]["booked"] == 0

    server.stop()
    read = [entry["data"] for entry in audited(server, "record.read")]
    assert {"fhir", "participants", "consents", "export", "indicators"} <= {one["category"] for one in read}
    mine = next(one for one in read if one["purpose"] == "PATRQT")
    assert mine == {"role": "physician", "reader": mine["reader"], "consultation": consultation, "category": "fhir",
                    "origin": "127.0.0.0/24", "purpose": "PATRQT"}
    # The receipt of a consultation does not break because somebody read it later.
    receipt = server.folder / "receipt.json"
    receipt.write_text(server.run("audit", "receipt", consultation))
    key = server.run("audit", "key")
    checked = subprocess.run(
        [binary(), "audit", "check", receipt, "--key", key], capture_output=True, text=True, timeout=30, check=True)
    assert "all of them are in the log" in checked.stdout
