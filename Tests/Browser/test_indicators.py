"""How consultations went, for people: by the media that the server counted, on a page that is read and printed."""

import json

from Browser.participant import eventually
from Browser.test_page import assert_accessible
from Browser.test_quality import LIGHT_CAMERA


def test_an_act_is_complete_by_its_media_and_stands_on_the_page(rooms, start_server, contexts, artefacts):
    server = start_server({"act.seconds": 3})
    room = rooms(server)
    server.create_consultation()
    patient, physician = room.person("patient", "Mme Durand"), room.person("physician", "Dr Claire Martin")
    for person in (patient, physician):
        person.page.add_init_script(LIGHT_CAMERA)
        person.join()
    backend = server.token("backend")

    def act() -> dict:
        return json.loads(server.get(f"/v1/consultations/{room.id}", backend)[1])["act"]

    assert act()["outcome"] == "not-completed", "they have joined; media has not passed for long enough"
    physician.see_everyone_move(1)
    patient.js("() => window.visavis.consultation.rate(4)")
    # What is live is written every ten seconds.
    done = eventually(lambda: (one := act())["outcome"] == "completed-with-video" and one, 20, "a completed act")
    assert done["mediaSeconds"] >= done["videoSeconds"] >= 3

    wide = contexts(color_scheme="dark").new_page()
    link = server.link("ops").replace("/ops#", "/indicators#")
    wide.goto(link)
    wide.wait_for_selector("#rows tr")
    figures = {
        one.inner_text().split("\n")[0]: one.inner_text().split("\n")[1] for one in wide.locator("#figures li").all()}
    assert figures["Booked"] == "2" and figures["Completed acts"] == "1", figures
    assert figures["Satisfaction, 1 to 5"] == "4.0", figures
    assert "#" not in wide.url and wide.locator("#rows tr").count() == 2
    assert_accessible(wide, "the indicators")
    wide.screenshot(path=artefacts / "indicators-dark.png")
    phone = contexts(locale="fr-FR", size=(390, 844)).new_page()
    phone.goto(link)
    phone.wait_for_selector("#rows tr")
    assert "Actes complets" in phone.inner_text("#figures")
    assert phone.evaluate("() => document.documentElement.scrollWidth <= innerWidth"), "nothing stands out at the side"
    phone.screenshot(path=artefacts / "indicators-phone.png", full_page=True)
    phone.set_viewport_size({"width": 1000, "height": 1200})
    phone.emulate_media(media="print")
    phone.screenshot(path=artefacts / "indicators-print.png")
    phone.emulate_media(media="screen")
    phone.select_option("#by", "service")
    eventually(lambda: "Non précisé" in phone.inner_text("#rows"), 5, "by service")
    nobody = contexts().new_page()
    nobody.goto(f"{server.url}/indicators")
    nobody.wait_for_selector("#problem:not([hidden])")
