"""Where details count: the physician asks for sharpness, the sender's encoder follows, and a coarse picture says so."""

from Browser.participant import eventually
from Browser.test_layers import SMALL_CAMERA

HINT = "() => window.visavis.consultation.localTrack('camera').contentHint"
DETAILS = ".tile[data-source=camera] .details"
COARSE = """() => {
  const mark = document.querySelector("#tiles .coarse");
  return mark.hidden ? "" : mark.textContent;
}"""


def test_the_physician_asks_for_details_and_is_told_when_the_picture_has_none(room, artefacts):
    patient = room.person("patient", "Mme Durand", locale="fr-FR", size=(360, 740))
    patient.page.add_init_script(SMALL_CAMERA)
    patient.join()
    physician = room.join("physician", "Dr Claire Martin")
    physician.see_everyone_move(1)
    patient.see_everyone_move(1)
    assert patient.js("() => [...document.querySelectorAll('.details')].every((one) => one.hidden)")
    assert physician.js(COARSE) == ""
    physician.page.click(DETAILS)
    eventually(lambda: patient.js(HINT) == "detail", 5, "the encoder's hint")
    eventually(lambda: physician.js(COARSE) == "640 × 480: too coarse to judge details", 5, "the mark")
    assert physician.page.get_attribute(DETAILS, "aria-pressed") == "true"
    physician.shoot(artefacts, "details")
    # The wish stays with the participant when the page is loaded again.
    patient.page.reload()
    eventually(lambda: patient.js("() => window.visavis?.consultation?.localTrack('camera')") is not None, 10, "again")
    eventually(lambda: patient.js(HINT) == "detail", 10, "the hint again")
    eventually(lambda: physician.js(COARSE) != "", 10, "the mark again")
    physician.page.click(DETAILS)
    eventually(lambda: patient.js(HINT) == "motion" and physician.js(COARSE) == "", 5, "movement again")
