"""A physician hands the consultation, with a patient who waits, to a colleague who comes by the link; both are asked how
content they were."""

from Browser.participant import Participant, eventually
from Browser.test_page import PHONE, assert_accessible, has_no_sideways_scroll
from Browser.test_quality import LIGHT_CAMERA


def test_a_waiting_patient_is_handed_to_a_colleague_by_link_who_stays_in_charge(
    rooms, shared_server, contexts, artefacts
):
    room = rooms(shared_server, waiting_room=True)
    first = room.person("physician", "Dr Claire Martin", size=PHONE, locale="fr-FR")
    patient = room.person("patient", "Mme Durand", size=PHONE, locale="fr-FR")
    for person in (first, patient):
        person.page.add_init_script(LIGHT_CAMERA)
        person.join()
    first.page.wait_for_selector("#queue li")
    first.page.click("#people-button")
    first.page.click("#transfer-link")
    first.page.wait_for_selector("#transfer-dialog[open]")
    assert_accessible(first.page, "handing over by link")
    assert has_no_sideways_scroll(first.page)
    first.shoot(artefacts, "transfer-phone")
    link = first.page.input_value("#transfer-address")
    first.page.click("#transfer-dialog button[value=leave]")
    first.page.wait_for_selector("#message[data-kind=left]")
    assert patient.page.inner_text("#waiting-heading") == "Vous êtes dans la salle d’attente"

    second = Participant(contexts(), link, "Dr Ali Haddad")
    room.people.append(second)
    second.page.add_init_script(LIGHT_CAMERA)
    second.join()
    second.page.click("#queue button")
    second.see_everyone_move(1)
    assert second.js("() => window.visavis.consultation.inCharge") == second.id

    # A colleague who is here is handed to by name; the one before stays.
    third = room.person("physician", "Dr Jeanne Roux")
    third.page.add_init_script(LIGHT_CAMERA)
    third.join()
    second.page.click("#people-button")
    second.page.locator("#people-list li", has_text="Dr Jeanne Roux").locator("button").first.click()
    second.page.wait_for_selector("#transfer-dialog[open]")
    second.page.click("#transfer-dialog button[value=stay]")
    eventually(lambda: patient.js("() => window.visavis.consultation.inCharge") == third.id, 5)
    third.page.wait_for_selector("#banner:not([hidden])")
    third.page.click("#people-button")
    assert "in charge" in third.page.locator("#people-list li", has_text="Dr Jeanne Roux").inner_text()
    assert third.page.is_visible("#transfer-link") and second.page.is_hidden("#transfer-link")
    third.shoot(artefacts, "transfer-in-charge")
    third.page.click("#people .actions button")

    patient.leave()
    patient.page.wait_for_selector("#rating:not([hidden])")
    patient.page.click("#rating-scores button:nth-child(5)")
    eventually(lambda: patient.page.inner_text("#rating-said") == "Merci. Seul le chiffre est conservé.", 5)
    assert_accessible(patient.page, "the question for satisfaction")
    assert has_no_sideways_scroll(patient.page)
    patient.shoot(artefacts, "rating-phone")
    # The last entries are signed some seconds after they are written.
    kinds = ("charge.offered", "charge.taken", "room.state")
    eventually(lambda: all(kind in shared_server.run("audit", "receipt", room.id) for kind in kinds), 10, "a receipt")
