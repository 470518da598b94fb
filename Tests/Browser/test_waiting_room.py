"""The waiting room: nobody but a physician comes in, sees or hears anything before being let in."""

from Browser.participant import eventually
from Browser.test_page import assert_accessible
from Browser.test_quality import LIGHT_CAMERA


def alone(person) -> bool:
    """Knows of nobody, has no media connection, and its page shows and plays nobody."""
    return person.js("""() => {
      const { peerConnection, roster, tracks } = window.visavis.consultation;
      return !peerConnection && roster.length === 1 && tracks.length === 0
        && !document.querySelector("#tiles > li, #stage audio");
    }""")


def test_a_patient_waits_is_let_in_and_put_back(rooms, shared_server, artefacts):
    room = rooms(shared_server, waiting_room=True)
    patient, physician = room.person("patient", "Mme Durand"), room.person("physician", "Dr Claire Martin")
    for person in (patient, physician):
        person.page.add_init_script(LIGHT_CAMERA)
    patient.join()
    assert patient.page.inner_text("#waiting-heading") == "You are in the waiting room"
    # True while nobody is there yet, too.
    assert "sees that you are waiting as soon as they are here" in patient.page.inner_text("#waiting-text")
    patient.see_motion("#self-video")
    physician.join()
    physician.page.wait_for_selector("#queue li")
    assert "Mme Durand" in physician.page.inner_text("#queue")
    assert alone(patient)
    assert physician.page.locator("#tiles > li").count() == 0
    assert_accessible(patient.page, "the waiting room")
    assert_accessible(physician.page, "the queue")
    patient.shoot(artefacts, "waiting-room-patient")
    physician.shoot(artefacts, "waiting-room-physician")

    # By keyboard.
    physician.page.focus("#queue button")
    physician.page.keyboard.press("Enter")
    physician.see_everyone_move(1)
    patient.see_everyone_move(1)
    physician.hear(patient.id)
    assert physician.page.is_hidden("#queue")

    physician.page.click("#people-button")
    assert_accessible(physician.page, "the list of participants")
    physician.page.click("#people-list button")
    eventually(lambda: alone(patient), 5, "the patient is outside again")
    eventually(lambda: physician.page.locator("#tiles > li").count() == 0, 5)
    assert patient.page.inner_text("#waiting-heading") == "You are back in the waiting room"
    physician.page.wait_for_selector("#queue li")
    patient.see_motion("#self-video")
    # Loading the page again is no way in.
    patient.page.reload()
    patient.page.wait_for_selector("#call:not([hidden])", timeout=15_000)
    eventually(lambda: alone(patient), 5)
    physician.page.click("#queue button")
    patient.see_everyone_move(1)
