"""A screen is shown to the others beside the faces."""

from Browser.participant import eventually


def test_a_shared_screen_is_seen_large_and_goes_when_sharing_stops(room, artefacts):
    physician = room.join("physician", "Dr Claire Martin")
    patient = room.join("patient", "Mme Durand", locale="fr-FR", size=(390, 780))
    patient.see_everyone_move(1)
    physician.toggle("screen")
    eventually(lambda: patient.js(
        "() => document.querySelector('#tiles > [data-source=screen]')?.dataset.picture") == "true", 15)
    assert patient.js("() => document.getElementById('stage').dataset.layout") == "screen"
    patient.see_motion(patient.tile(0, "screen"))
    patient.see_motion(patient.tile(0, "camera"))
    assert physician.page.is_visible("#sharing")
    patient.shoot(artefacts, "screen-share-patient")
    # A late comer sees it too.
    relative = room.join("relative", "Paul Durand")
    relative.see_motion(relative.tile(0, "screen"))
    relative.shoot(artefacts, "screen-share-relative")
    physician.toggle("screen")
    for person in (patient, relative):
        eventually(lambda: person.page.locator("#tiles > [data-source=screen]").count() == 0, 5)
    patient.see_everyone_move(1)
    # And once more, on the same sections.
    physician.toggle("screen")
    patient.page.wait_for_selector("#tiles > [data-source=screen][data-picture=true]", timeout=15_000)
    patient.see_motion(patient.tile(0, "screen"))
