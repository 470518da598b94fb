"""Kinds of act on the page: who is asked in, who is awaited, who is refused."""

from Browser.participant import Participant
from Browser.test_quality import LIGHT_CAMERA


def choices(physician) -> list[str]:
    return physician.js("() => [...document.getElementById('invite-role').options].map(({ value }) => value)")


def invite(room, contexts, physician, role: str, name: str) -> Participant:
    """Somebody who comes by a link that the physician makes on the page."""
    physician.page.click("#people-button")
    physician.page.select_option("#invite-role", role)
    physician.page.fill("#invite-name", name)
    physician.page.click("#invite-make")
    physician.page.wait_for_selector("#invite-result:not([hidden])")
    one = Participant(contexts(), physician.page.input_value("#invite-link"), name)
    physician.page.click("#people .actions button")
    room.people.append(one)
    one.page.add_init_script(LIGHT_CAMERA)
    return one.join()


def test_a_professional_beside_the_patient_is_asked_into_an_assisted_consultation(rooms, shared_server, contexts):
    room = rooms(shared_server, kind="assisted")
    physician, patient = room.person("physician", "Dr Claire Martin"), room.person("patient", "Mme Durand")
    for person in (physician, patient):
        person.page.add_init_script(LIGHT_CAMERA)
        person.join()
    physician.see_everyone_move(1)
    assert choices(physician) == ["assistant", "interpreter", "expert", "relative", "observer"]
    nurse = invite(room, contexts, physician, "assistant", "Julie Petit")
    for person in (physician, patient, nurse):
        person.see_everyone_move(2)
    assert {one["role"] for one in patient.roster} == {"physician", "patient", "assistant"}
    physician.page.click("#people-button")
    assert "assistant" in physician.page.inner_text("#people-list").lower()


def test_no_patient_takes_part_in_a_tele_expertise(rooms, shared_server, contexts, artefacts):
    room = rooms(shared_server, kind="tele-expertise")
    physician = room.person("physician", "Dr Claire Martin", locale="fr-FR")
    physician.page.add_init_script(LIGHT_CAMERA)
    physician.join()
    assert physician.page.inner_text("#waiting-heading") == "En attente de l’expert"
    assert "patient" not in physician.page.inner_text("#waiting").lower()
    physician.shoot(artefacts, "tele-expertise-physician")
    assert choices(physician) == ["expert", "observer"]
    patient = room.person("patient", "Mme Durand").open()
    patient.page.click("#preview-join")
    patient.page.wait_for_selector("#message:not([hidden])")
    assert patient.page.is_hidden("#call")
    patient.shoot(artefacts, "tele-expertise-patient")
    expert = invite(room, contexts, physician, "expert", "Pr Anne Roux")
    for person in (physician, expert):
        person.see_everyone_move(1)
    physician.hear(expert.id)
    assert {one["role"] for one in physician.roster} == {"physician", "expert"}
