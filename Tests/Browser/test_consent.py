"""Consent is a gate: nothing is seen or heard before it, and within a second of its withdrawal nothing any more."""

from Browser.participant import eventually
from Browser.test_page import PHONE, assert_accessible
from Browser.test_quality import LIGHT_CAMERA

# Notes on the page when packets of media have last come, by the clock that all pages of this machine share.
NOTE_ARRIVALS = """() => {
  let packets = 0;
  window.__lastArrival = 0;
  setInterval(async () => {
    const pc = window.visavis.consultation.peerConnection;
    if (!pc) return;
    let sum = 0;
    for (const report of (await pc.getStats()).values()) {
      if (report.type === "inbound-rtp") sum += report.packetsReceived ?? 0;
    }
    if (sum > packets) window.__lastArrival = Date.now();
    packets = sum;
  }, 50);
}"""


def nothing_passes(*people) -> bool:
    return all(one.js("() => window.visavis.consultation.tracks.length") == 0 for one in people)


def states(person) -> list[str]:
    return person.js("() => window.visavis.consultation.consents.map(({ purpose, state }) => `${purpose} ${state}`)")


def test_nothing_passes_without_consent_and_all_stops_when_it_is_withdrawn(rooms, shared_server, artefacts):
    room = rooms(shared_server, consents=("act", "third-participant"))
    patient = room.person("patient", "Mme Durand", locale="fr-FR", size=PHONE)
    physician = room.person("physician", "Dr Claire Martin")
    for person in (patient, physician):
        person.page.add_init_script(LIGHT_CAMERA)
        person.join()
    physician.page.wait_for_selector("#consent-notes:not([hidden])")
    assert "Mme Durand" in physician.page.inner_text("#consent-notes")
    patient.page.wait_for_selector("#consent:not([hidden])")
    assert "à distance" in patient.page.inner_text("#consent-heading")
    patient.see_motion("#self-video")
    assert nothing_passes(patient, physician)
    assert_accessible(patient.page, "the question")
    patient.shoot(artefacts, "consent-question-phone")
    physician.shoot(artefacts, "consent-physician-waits")

    # By keyboard.
    patient.page.focus("#consent-yes")
    patient.page.keyboard.press("Enter")
    physician.see_everyone_move(1)
    patient.see_everyone_move(1)
    physician.hear(patient.id)
    assert patient.page.is_hidden("#consent") and physician.page.is_hidden("#consent-notes")

    for person in (patient, physician):
        person.js(NOTE_ARRIVALS)
    patient.page.click("#consents-button")
    assert "à distance" in patient.page.inner_text("#consents-list")
    assert_accessible(patient.page, "what was agreed to")
    patient.shoot(artefacts, "consent-list-phone")
    for person in (patient, physician):
        eventually(lambda: person.js("() => Date.now() - window.__lastArrival < 300"), 5, "media")
    withdrawn = patient.js("() => { const now = Date.now(); document.querySelector('#consents-list button').click(); return now; }")
    for person in (patient, physician):
        eventually(lambda: person.js("() => Date.now() - window.__lastArrival > 1500"), 10, "silence")
        took = person.js("() => window.__lastArrival") - withdrawn
        print(f"{person.name}: the last packet came {took} ms after the withdrawal")
        assert took < 1000, person.name
    eventually(lambda: nothing_passes(patient, physician), 5)
    assert states(physician) == ["act withdrawn"]
    patient.page.click("#consents .actions button")
    patient.shoot(artefacts, "consent-withdrawn-phone")
    physician.shoot(artefacts, "consent-withdrawn-physician")

    # Agreed again: at once, without anybody doing anything else.
    patient.page.click("#consents-button")
    patient.page.click("#consents-list button")
    patient.page.click("#consents .actions button")
    physician.see_everyone_move(1)
    physician.hear(patient.id)


def test_a_third_participant_meets_the_patient_only_when_the_patient_agrees(rooms, shared_server, artefacts):
    room = rooms(shared_server, consents=("third-participant",))
    patient, physician = room.person("patient", "Mme Durand"), room.person("physician", "Dr Claire Martin")
    interpreter = room.person("interpreter", "Ana Lopes", size=PHONE)
    for person in (patient, physician):
        person.page.add_init_script(LIGHT_CAMERA)
        person.join()
    physician.see_everyone_move(1)
    interpreter.page.add_init_script(LIGHT_CAMERA)
    interpreter.join()
    patient.page.wait_for_selector("#consent:not([hidden])")
    assert "Ana Lopes (interpreter)" in patient.page.inner_text("#consent-heading")
    # On everyone's roster, seen by the physician, and not by the patient.
    physician.see_everyone_move(2)
    assert {one["role"] for one in patient.roster} == {"patient", "physician", "interpreter"}
    assert {one["participant"] for one in patient.js("() => window.visavis.consultation.tracks")} == {physician.id}
    interpreter.page.wait_for_selector("#consent-notes:not([hidden])")
    assert_accessible(patient.page, "the question about a third participant")
    patient.shoot(artefacts, "consent-third-patient")
    interpreter.shoot(artefacts, "consent-third-phone")
    patient.page.click("#consent-no")
    eventually(lambda: states(interpreter) == ["third-participant refused"], 5)
    patient.page.click("#consents-button")
    patient.shoot(artefacts, "consent-list")
    patient.page.click("#consents-list button")
    patient.page.click("#consents .actions button")
    patient.see_everyone_move(2)
    interpreter.see_everyone_move(2)
    interpreter.hear(patient.id)
