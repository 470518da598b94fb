"""The window of an appointment, on the page."""

import json
import time
import urllib.request

from Browser.participant import Participant
from Browser.test_page import assert_accessible


def test_who_comes_too_early_or_too_late_is_told_so(shared_server, contexts, artefacts):
    def link(window: dict) -> str:
        request = urllib.request.Request(
            f"{shared_server.url}/v1/consultations", data=json.dumps(window).encode(), method="POST",
            headers={"Authorization": "Bearer " + shared_server.token("backend"), "Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as reply:
            return shared_server.link("patient", json.load(reply)["id"], "Mme Durand")

    def moment(hours: float) -> str:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + 3600 * hours))

    for kind, window in (
        ("too-early", {"notBefore": moment(2), "notAfter": moment(3)}), ("too-late", {"notAfter": moment(-1)}),
    ):
        person = Participant(contexts(locale="fr-FR"), link(window), "Mme Durand").open()
        person.page.click("#preview-join")
        person.page.wait_for_selector(f"#message[data-kind={kind}]")
        assert_accessible(person.page, kind)
        person.shoot(artefacts, f"appointment-{kind}")
