"""A still image of the patient, taken on the server with the patient's consent: for the physician's file, and for nobody
without that consent."""

import hashlib
import pathlib
import struct
import time

from Browser.participant import eventually
from Browser.test_page import assert_accessible
from Browser.test_quality import LIGHT_CAMERA

# What everybody reads while a picture is taken, and what the roster says then.
NOTE_HOOKS = """() => {
  window.__hooks = [];
  window.visavis.consultation.addEventListener("hooks", () => {
    const { roster } = window.visavis.consultation;
    window.__hooks.push(roster.flatMap(({ hooks }) => hooks ?? []).join());
  });
}"""


def ask(person) -> str:
    """Asks for a picture past the button; the code of the refusal."""
    return person.js(
        """async () => {
          const { consultation } = window.visavis;
          const patient = consultation.roster.find(({ role }) => role === "patient");
          const camera = patient.publications.find(({ source }) => source === "camera");
          try { await consultation.captureImage(camera.id); return ""; } catch (error) { return error.code; }
        }""")


# Asks for a picture, and keeps how that ends.
ASK = """() => {
  const { consultation } = window.visavis;
  const patient = consultation.roster.find(({ role }) => role === "patient");
  const camera = patient.publications.find(({ source }) => source === "camera");
  window.__asked = consultation.captureImage(camera.id).then(() => "", (error) => error.code);
}"""


def test_the_physician_gets_the_picture_at_its_full_size_with_the_patients_consent_alone(
    rooms, shared_server, artefacts
):
    room = rooms(shared_server, consents=("act", "image-capture"))
    patient = room.person("patient", "Mme Durand", locale="fr-FR")
    physician = room.person("physician", "Dr Claire Martin", accept_downloads=True)
    for person in (patient, physician):
        person.page.add_init_script(LIGHT_CAMERA)
        person.join()
    patient.page.wait_for_selector("#consent:not([hidden])")
    patient.page.click("#consent-yes")
    physician.see_everyone_move(1)

    # Asked, but not answered; then refused.
    assert ask(physician) == "wrong-state"
    patient.page.wait_for_selector("#consent:not([hidden])")
    patient.page.click("#consent-no")
    assert ask(physician) == "wrong-state"
    assert ask(patient) == "forbidden"
    physician.page.click("#control-still")
    physician.page.wait_for_selector("#banner:not([hidden])")

    patient.page.click("#consents-button")
    patient.page.locator("#consents-list button").nth(1).click()
    patient.page.click("#consents .actions button")
    patient.js(NOTE_HOOKS)
    started = time.monotonic()
    physician.page.click("#control-still")
    patient.page.wait_for_selector("#hooks-note:not([hidden])")
    assert_accessible(patient.page, "a picture is being taken")
    patient.shoot(artefacts, "still-patient")
    physician.page.wait_for_selector("#chat-list .chat-file", timeout=15_000)
    print(f"the picture was there after {time.monotonic() - started:.1f} s")
    eventually(lambda: patient.js("() => window.__hooks") == ["still-image", ""], 5, "begun and ended, seen by the patient")
    assert patient.page.is_hidden("#hooks-note")

    with physician.page.expect_download() as download:
        physician.page.click("#chat-list .chat-file button")
    content = pathlib.Path(download.value.path()).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    width, height = struct.unpack(">II", content[16:24])
    sent = patient.js("""() => {
      const { width, height } = window.visavis.consultation.localTrack("camera").getSettings();
      return [width, height];
    }""")
    assert [width, height] == sent
    physician.page.wait_for_selector("#chat-list canvas")
    light = physician.js("""() => {
      const canvas = document.querySelector("#chat-list canvas");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      let sum = 0;
      for (let i = 0; i < data.length; i += 4) sum += (data[i] + data[i + 1] + data[i + 2]) / 3;
      return sum / (data.length / 4);
    }""")
    assert light > 20, "the picture is not black"
    physician.shoot(artefacts, "still-physician")

    # The camera is muted while a picture is taken: there is none.
    physician.js(ASK)
    patient.page.wait_for_selector("#hooks-note:not([hidden])")
    patient.js("() => window.visavis.consultation.mute('camera')")
    asked = time.monotonic()
    assert physician.js("() => window.__asked") == "wrong-state"
    assert time.monotonic() - asked < 1
    patient.js("() => window.visavis.consultation.unmute('camera')")
    physician.see_everyone_move(1)

    # The consent is withdrawn while a picture is taken: there is none.
    physician.js(ASK)
    patient.page.wait_for_selector("#hooks-note:not([hidden])")
    patient.page.click("#consents-button")
    patient.page.locator("#consents-list button").nth(1).click()
    asked = time.monotonic()
    assert physician.js("() => window.__asked") == "wrong-state"
    assert time.monotonic() - asked < 1
    assert len(physician.js("() => window.visavis.consultation.files")) == 1
    patient.page.click("#consents .actions button")

    physician.page.click("#control-leave")
    physician.page.click("#leave-dialog button[value=end]")
    patient.page.wait_for_selector("#message[data-kind=ended]")
    receipt = shared_server.run("audit", "receipt", room.id)
    assert digest in receipt
    for word in ("image.began", "image.ended"):
        assert receipt.count(word) == 3, receipt
