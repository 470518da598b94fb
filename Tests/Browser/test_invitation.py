"""A third participant by a link that the physician makes in the call: through the waiting room and the consent."""

import re

from Browser.participant import Participant, eventually
from Browser.test_page import PHONE, assert_accessible, has_no_sideways_scroll
from Browser.test_quality import LIGHT_CAMERA


def test_a_physician_asks_an_interpreter_in(rooms, shared_server, contexts, artefacts):
    room = rooms(shared_server, waiting_room=True, consents=("third-participant",))
    physician = room.person("physician", "Dr Claire Martin", size=PHONE, locale="fr-FR")
    patient = room.person("patient", "Mme Durand")
    for person in (physician, patient):
        person.page.add_init_script(LIGHT_CAMERA)
        person.join()
    physician.page.click("#queue button")
    physician.see_everyone_move(1)
    patient.page.click("#people-button")
    assert patient.page.is_hidden("#invite")
    patient.page.click("#people .actions button")

    physician.page.click("#people-button")
    physician.page.select_option("#invite-role", "interpreter")
    physician.page.fill("#invite-name", "Ana Lopes")
    # Enter makes the link and leaves the list open.
    physician.page.press("#invite-name", "Enter")
    physician.page.wait_for_selector("#invite-result:not([hidden])")
    link = physician.page.input_value("#invite-link")
    assert re.fullmatch(r"https?://[^/]+/join#[\w-]+\.[\w-]+\.[\w-]+", link)
    assert_accessible(physician.page, "the link for a third participant")
    assert has_no_sideways_scroll(physician.page)
    physician.shoot(artefacts, "invitation-phone")
    physician.page.set_viewport_size({"width": 1280, "height": 800})
    physician.shoot(artefacts, "invitation")
    physician.page.click("#people .actions button")

    interpreter = Participant(contexts(), link, "Ana Lopes")
    room.people.append(interpreter)
    interpreter.page.add_init_script(LIGHT_CAMERA)
    interpreter.join()
    physician.page.wait_for_selector("#queue li")
    assert "Ana Lopes" in physician.page.inner_text("#queue")
    # The patient learns of them when they are let in, and is asked before they meet.
    assert len(patient.roster) == 2 and patient.page.is_hidden("#consent")
    physician.page.click("#queue button")
    patient.page.wait_for_selector("#consent:not([hidden])")
    assert "Ana Lopes (interpreter)" in patient.page.inner_text("#consent-heading")
    interpreter.see_everyone_move(1)
    assert {one["participant"] for one in interpreter.js("() => window.visavis.consultation.tracks")} == {physician.id}
    patient.page.click("#consent-yes")
    patient.see_everyone_move(2)
    interpreter.see_everyone_move(2)
    # On hold the third is out for both, and comes back without another question.
    held = physician.page.locator("#people-list li", has_text="Ana Lopes").locator("button").first
    physician.page.click("#people-button")
    held.click()
    eventually(lambda: len(patient.roster) == 2, 5, "the interpreter is outside")
    eventually(lambda: interpreter.js("() => window.visavis.consultation.peerConnection === null"), 5)
    physician.page.click("#queue button")
    patient.see_everyone_move(2)
    assert patient.page.is_hidden("#consent")
