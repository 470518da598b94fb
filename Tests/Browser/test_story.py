"""One consultation from the waiting room to its record: all that happened is in a receipt that verifies by itself."""

import hashlib
import json
import pathlib
import subprocess
import urllib.request

from Browser.participant import Participant, eventually
from Browser.test_quality import LIGHT_CAMERA
from visavis_server import binary

STILL = """async () => {
  const canvas = Object.assign(document.createElement("canvas"), { width: 64, height: 48 });
  canvas.getContext("2d").fillRect(8, 8, 20, 20);
  const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg"));
  return [...new Uint8Array(await blob.arrayBuffer())];
}"""


def ask(server, path: str) -> dict:
    request = urllib.request.Request(server.url + path, headers={"Authorization": "Bearer " + server.token("backend")})
    with urllib.request.urlopen(request, timeout=10) as reply:
        return json.load(reply)


def rate(person, score: int) -> None:
    person.page.wait_for_selector("#rating:not([hidden])")
    person.page.click(f"#rating-scores button:nth-child({score})")
    eventually(lambda: person.page.inner_text("#rating-said"), 5)


def test_a_consultation_from_the_waiting_room_to_its_verified_record(
    rooms, shared_server, contexts, artefacts, tmp_path
):
    room = rooms(shared_server, waiting_room=True, consents=("act", "third-participant"))
    patient, physician = room.person("patient", "Mme Durand"), room.person("physician", "Dr Claire Martin")
    for person in (patient, physician):
        person.page.add_init_script(LIGHT_CAMERA)
        person.join()

    # Waits, is let in, agrees.
    physician.page.click("#queue button")
    patient.page.wait_for_selector("#consent:not([hidden])")
    assert patient.js("() => window.visavis.consultation.tracks.length") == 0
    patient.page.click("#consent-yes")
    physician.see_everyone_move(1)
    patient.see_everyone_move(1)

    # An expert by link.
    physician.page.click("#people-button")
    physician.page.select_option("#invite-role", "expert")
    physician.page.fill("#invite-name", "Pr Ali Haddad")
    physician.page.press("#invite-name", "Enter")
    physician.page.wait_for_selector("#invite-result:not([hidden])")
    link = physician.page.input_value("#invite-link")
    physician.page.click("#people .actions button")
    expert = Participant(contexts(), link, "Pr Ali Haddad")
    room.people.append(expert)
    expert.page.add_init_script(LIGHT_CAMERA)
    expert.join()
    physician.page.click("#queue button")
    patient.page.wait_for_selector("#consent:not([hidden])")
    patient.page.click("#consent-yes")
    expert.see_everyone_move(2)

    # A still, then a word aside.
    still = tmp_path / "still.jpg"
    still.write_bytes(bytes(patient.js(STILL)))
    digest = hashlib.sha256(still.read_bytes()).hexdigest()
    patient.page.set_input_files("#file-picker", str(still))
    expert.page.wait_for_selector("#chat-unread:not([hidden])")
    physician.page.click("#people-button")
    physician.page.click("#aside-begin")
    patient.page.wait_for_selector("#aside[data-state=outside]")
    eventually(lambda: patient.js("() => window.visavis.consultation.tracks.length") == 0, 3)
    expert.page.click("#chat-button")
    with expert.page.expect_download() as download:
        expert.page.click("#chat-list .chat-file button")
    assert hashlib.sha256(pathlib.Path(download.value.path()).read_bytes()).hexdigest() == digest
    expert.page.fill("#chat-text", "Benign.")
    expert.page.press("#chat-text", "Enter")
    physician.page.wait_for_selector("#chat-unread:not([hidden])")
    physician.page.click("#aside-end")
    patient.see_everyone_move(2)
    assert patient.js("() => window.visavis.consultation.chat.length") == 0

    # The end, and how it was.
    physician.page.click("#control-leave")
    physician.page.click("#leave-dialog button[value=end]")
    for person, score in ((patient, 5), (physician, 4)):
        rate(person, score)
    assert expert.page.is_hidden("#rating")
    physician.shoot(artefacts, "story-rating")

    # The record, and its receipt.
    path = f"/v1/consultations/{room.id}"
    assert ask(shared_server, path)["state"] == "ended"
    roles = [one["role"] for one in ask(shared_server, path + "/participants")["participants"]]
    assert sorted(roles) == ["expert", "patient", "physician"]
    decisions = ask(shared_server, path + "/consents")["decisions"]
    assert [one["decision"] for one in decisions] == ["given", "given"]
    files = ask(shared_server, path + "/files")["files"]
    assert [one["sha256"] for one in files] == [digest]
    scores = ask(shared_server, path + "/satisfaction")["satisfaction"]
    assert sorted((one["role"], one["score"]) for one in scores) == [("patient", 5), ("physician", 4)]
    receipt = tmp_path / "receipt.json"

    def signed() -> bool:
        """The last entries are signed some seconds after they are written."""
        try:
            receipt.write_text(shared_server.run("audit", "receipt", room.id))
        except RuntimeError:
            return False
        return "room.closed" in receipt.read_text()

    eventually(signed, 12, "a receipt of all entries")
    said = shared_server.run("audit", "verify")
    assert "nothing was changed" in said
    key = shared_server.run("audit", "key")
    checked = run_check(receipt, key)
    assert room.id in checked
    text = receipt.read_text()
    order = ["participant.waiting", "participant.admitted", "consent.given", "file.shared", "aside.began", "file.fetched",
             "chat.sent", "aside.ended", "room.closed"]
    places = [text.rindex(f'"{kind}"') if f'"{kind}"' in text else text.rindex(kind) for kind in order]
    assert places[3:] == sorted(places[3:]), dict(zip(order, places))
    # Said after the end: in the log, not in the chain of the consultation, which is closed.
    log = (shared_server.state / "audit" / "entries.jsonl").read_text()
    assert log.count(f'"consultation":"{room.id}"') >= 2 and "satisfaction.given" in log
    for private in ("Durand", "Benign", "still.jpg"):
        assert private not in text and private not in shared_server.log


def run_check(receipt: pathlib.Path, key: str) -> str:
    """`audit check` takes no configuration: it needs no server."""
    done = subprocess.run(
        [binary(), "audit", "check", str(receipt), "--key", key], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
