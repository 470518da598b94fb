"""A server that is full, as those see it who wait and those who run it."""

from Browser.participant import eventually
from Browser.test_page import assert_accessible


def test_who_comes_to_a_full_server_is_told_in_words_and_let_in_when_there_is_room(
        start_server, rooms, contexts, artefacts):
    server = start_server({"admission.participants": 1})
    room = rooms(server)
    patient = room.join("patient", "Mme Durand")
    physician = room.person("physician", "Dr Claire Martin", locale="fr-FR").open()
    physician.page.click("#preview-join")
    physician.page.wait_for_selector("#message[data-kind=busy]")
    assert "Vous entrerez dès qu’une place se libère" in physician.page.inner_text("#message")
    physician.page.screenshot(path=artefacts / "busy.png")
    assert_accessible(physician.page, "busy")

    operations = contexts().new_page()
    operations.goto(server.link("ops"))
    eventually(
        lambda: "Full: 1 of 1 places taken · Refused as busy: " in operations.inner_text("#numbers"),
        5, "the operations page")
    operations.screenshot(path=artefacts / "ops-busy.png")
    assert patient.page.is_visible("#call")

    patient.leave()
    # By itself, within the time that the server asked for.
    physician.page.wait_for_selector("#call:not([hidden])", timeout=10_000)
