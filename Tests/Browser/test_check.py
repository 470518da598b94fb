"""While a patient waits: device and connection are looked at, said in words, kept, and shown to the physician."""

import json
import urllib.request

from Browser.participant import eventually
from Browser.test_blocked_udp import turn  # noqa: F401 a fixture
from Browser.test_page import assert_accessible
from Browser.test_quality import LIGHT_CAMERA
from Browser.turn_server import SECRET


def participants(room) -> list[dict]:
    request = urllib.request.Request(
        f"{room.server.url}/v1/consultations/{room.id}/participants",
        headers={"Authorization": "Bearer " + room.server.token("backend")})
    with urllib.request.urlopen(request, timeout=10) as reply:
        return json.load(reply)["participants"]


def test_the_connection_of_who_waits_is_measured_said_in_words_and_kept(rooms, shared_server, artefacts):
    room = rooms(shared_server, waiting_room=True)
    physician = room.person("physician", "Dr Claire Martin")
    patient = room.person("patient", "Mme Durand", locale="fr-FR", size=(390, 844))
    for person in (physician, patient):
        person.page.add_init_script(LIGHT_CAMERA)
        person.link = person.link.replace("/join", "/join?check=4")
        person.join()
    page = patient.page
    assert page.is_visible("#check")
    assert "Vérification" in page.inner_text("#check-words")
    patient.shoot(artefacts, "check-running-phone")
    verdict = eventually(lambda: page.get_attribute("#check", "data-verdict"), 15, "a verdict")
    # How much this machine encodes beside all else is not the question; that sound got through is.
    assert verdict in ("good", "reduced", "sound"), page.inner_text("#check")
    assert page.inner_text("#check-words").startswith("Votre connexion permet")
    assert "aller-retour" in page.inner_text("#check-details")
    assert_accessible(page, "the waiting room with a check")
    patient.shoot(artefacts, "check-phone")
    page.set_viewport_size({"width": 1280, "height": 800})
    patient.shoot(artefacts, "check-desktop")

    note = eventually(lambda: physician.page.inner_text("#queue .check-note"), 5, "what the physician reads")
    assert "connection" in note or "picture" in note or "sound" in note, note
    physician.shoot(artefacts, "check-queue")

    kept = next(one for one in participants(room) if one["role"] == "patient")["checks"]
    assert [one["verdict"] for one in kept] == [verdict]
    (check,) = kept
    assert check["microphone"] == "works" and check["camera"] == "works"
    assert set(check["reached"]) == {"udp", "tcp"} == set(check["tried"])
    assert check["up"]["rate"] > 30_000 and check["down"]["rate"] > 30_000
    assert 1 <= check["sound"] <= 4.5 and check["roundTrip"] < 1000

    # Nothing of it is left, and the call begins as always.
    physician.page.click("#queue button")
    physician.see_everyone_move(1)
    patient.see_everyone_move(1)
    assert page.is_hidden("#check")


def test_the_way_by_a_turn_server_is_tried_too_and_said_to_be_open(start_server, rooms, turn):
    server = start_server({"turn.urls": [turn.url("udp"), turn.url("tcp")], "turn.secret": SECRET})
    room = rooms(server, waiting_room=True)
    physician = room.person("physician", "Dr Claire Martin")
    patient = room.person("patient", "Mme Durand", locale="fr-FR")
    for person in (physician, patient):
        person.page.add_init_script(LIGHT_CAMERA)
        person.link = person.link.replace("/join", "/join?check=2")
        person.join()
    eventually(lambda: patient.page.get_attribute("#check", "data-verdict"), 20, "a verdict")
    (check,) = next(one for one in participants(room) if one["role"] == "patient")["checks"]
    assert set(check["tried"]) == set(check["reached"]) == {"udp", "tcp", "relay"}, check
    assert any("ALLOCATE processed, success" in line for line in turn.lines), turn.lines[-20:]
