"""A physician takes somebody out, and blocks the link."""

from Browser.participant import eventually
from Browser.test_page import assert_accessible
from Browser.test_quality import LIGHT_CAMERA


def test_a_physician_removes_and_blocks_and_the_link_opens_nothing_any_more(room, artefacts):
    patient, physician = room.person("patient", "Mme Durand"), room.person("physician", "Dr Claire Martin")
    for person in (patient, physician):
        person.page.add_init_script(LIGHT_CAMERA)
        person.join()
    physician.see_everyone_move(1)
    physician.page.click("#people-button")
    # Nobody removes themselves, and a patient nobody.
    assert physician.page.locator("#people-list button").count() == 1
    assert patient.page.locator("#people-list button").count() == 0
    physician.page.click("#people-list button")
    physician.page.wait_for_selector("#remove-dialog[open]")
    assert physician.page.inner_text("#remove-heading") == "Remove Mme Durand?"
    assert_accessible(physician.page, "asking whether to remove")
    physician.shoot(artefacts, "removal")
    physician.page.set_viewport_size({"width": 390, "height": 844})
    physician.shoot(artefacts, "removal-phone")
    physician.page.click("#remove-dialog button[value=cancel]")
    assert len(physician.roster) == 2
    physician.page.click("#people-list button")
    physician.page.click("#remove-dialog button[value=ban]")
    patient.page.wait_for_selector("#message[data-kind=removed]")
    eventually(lambda: len(physician.roster) == 1, 5, "alone")
    patient.page.click("#message-actions button")
    patient.page.wait_for_selector("#preview:not([hidden])")
    patient.page.click("#preview-join")
    patient.page.wait_for_selector("#message[data-kind=invalid]")
    assert len(physician.roster) == 1
