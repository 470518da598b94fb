"""Writing to each other, and a private aside: what those on hold see, hear and read meanwhile."""

from Browser.participant import eventually
from Browser.test_page import assert_accessible
from Browser.test_quality import LIGHT_CAMERA


def write(person, text: str) -> None:
    if person.page.is_hidden("#chat"):
        person.page.click("#chat-button")
    person.page.fill("#chat-text", text)
    person.page.press("#chat-text", "Enter")


def written(person) -> list[str]:
    return person.js("() => [...document.querySelectorAll('#chat-list .chat-words')].map((one) => one.textContent)")


def pictures(person) -> int:
    return person.js("() => document.querySelectorAll('#tiles > [data-source=camera][data-picture=true]').length")


def test_a_chat_with_an_aside_of_which_the_patient_learns_nothing_but_being_on_hold(room, artefacts):
    patient = room.person("patient", "Mme Durand", locale="fr-FR", size=(390, 844))
    physician, expert = room.person("physician", "Dr Claire Martin"), room.person("expert", "Pr Ali Haddad")
    for person in (physician, patient, expert):
        person.page.add_init_script(LIGHT_CAMERA)
    for person in (physician, patient):
        person.join()
    physician.see_everyone_move(1)
    write(physician, "Good morning\nCan you hear me?")
    patient.page.wait_for_selector("#chat-unread:not([hidden])")
    assert patient.page.inner_text("#chat-unread") == "1"
    write(patient, "Oui, très bien <b>merci</b>")
    eventually(lambda: written(physician) == ["Good morning\nCan you hear me?", "Oui, très bien <b>merci</b>"], 5)
    # One's own words are there when the log has them, perhaps after the others have read them.
    eventually(lambda: written(patient) == written(physician), 5)
    assert patient.page.is_hidden("#chat-unread")
    assert_accessible(patient.page, "the messages")
    patient.shoot(artefacts, "chat-phone")

    # Who comes later reads nothing of it.
    expert.join()
    expert.see_everyone_move(2)
    patient.see_everyone_move(2)
    assert written(expert) == []
    patient.page.press("#chat-text", "Escape")
    physician.page.click("#people-button")
    physician.page.click("#aside-begin")
    patient.page.wait_for_selector("#aside[data-state=outside]")
    expert.page.wait_for_selector("#aside[data-state=inside]")
    eventually(lambda: pictures(patient) == 0, 3, "the patient sees nobody")
    eventually(lambda: pictures(physician) == 1 and pictures(expert) == 1, 3, "the two see each other alone")
    assert patient.js("() => window.visavis.consultation.tracks.length") == 0
    write(expert, "It looks benign to me")
    eventually(lambda: "It looks benign to me" in written(physician), 5)
    write(patient, "Allô ?")
    patient.page.wait_for_selector("#chat-problem:not([hidden])")
    patient.page.press("#chat-text", "Escape")
    assert_accessible(patient.page, "on hold")
    assert_accessible(physician.page, "an aside")
    patient.shoot(artefacts, "aside-patient-phone")
    physician.shoot(artefacts, "aside-physician")

    # A page that is loaded again is told all of it once more.
    patient.page.reload()
    patient.page.wait_for_selector("#aside[data-state=outside]")
    physician.page.click("#aside-end")
    patient.see_everyone_move(2)
    patient.hear(physician.id)
    assert patient.page.is_hidden("#aside")
    assert written(patient) == ["Good morning\nCan you hear me?", "Oui, très bien <b>merci</b>"]
