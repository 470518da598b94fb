"""Networks that fail while people talk."""

import time

import pytest

from Browser.participant import eventually
from Browser.tcp_proxy import TCPProxy
from Browser.udp_proxy import UDPProxy


@pytest.fixture
def proxy(shared_server):
    made = TCPProxy(shared_server.http_port)
    yield made
    made.close()


@pytest.fixture
def network(shared_server):
    made = UDPProxy(shared_server.media_port)
    yield made
    made.close()


def test_the_websocket_is_cut_for_five_seconds_and_the_conversation_goes_on(room, proxy, artefacts):
    physician = room.join("physician", "Dr Claire Martin")
    patient = room.join("patient", "Mme Durand", url=f"http://127.0.0.1:{proxy.port}")
    for person in (physician, patient):
        person.see_everyone_move(1)
    patient.toggle("microphone")
    identity = patient.id
    asked = patient.witness["getUserMedia"]
    patient.js("() => { window.__pc = window.visavis.consultation.peerConnection; }")
    lost = {one: one.inbound("video")[0]["packetsLost"] for one in (physician, patient)}

    proxy.cut()
    eventually(lambda: patient.phase == "reconnecting", 3)
    eventually(lambda: entry(physician, identity)["state"] == "reconnecting", 5)
    frames = {one: [one.frames_decoded()] for one in (physician, patient)}
    began = time.monotonic()
    while time.monotonic() - began < 5:
        time.sleep(1)
        for person, seen in frames.items():
            seen.append(person.frames_decoded())
    # Frames go on in both directions in every second of the cut.
    for person, seen in frames.items():
        assert all(after > before for before, after in zip(seen, seen[1:])), (person.name, seen)
    patient.shoot(artefacts, "websocket-cut")
    # What is done while the server cannot hear it is told when it can.
    patient.toggle("microphone")
    proxy.mend()
    eventually(lambda: patient.phase == "joined", 10)

    assert patient.id == identity
    assert patient.witness["getUserMedia"] == asked
    assert patient.js("() => window.__pc === window.visavis.consultation.peerConnection")
    eventually(lambda: entry(physician, identity)["state"] == "connected", 5)
    eventually(lambda: not publication(physician, identity, "microphone")["muted"], 5)
    physician.hear(identity)
    for person in (physician, patient):
        person.see_everyone_move(1)
        assert person.inbound("video")[0]["packetsLost"] == lost[person]


def test_a_muted_microphone_stays_muted_when_the_websocket_comes_back(room, proxy):
    physician = room.join("physician", "Dr Claire Martin")
    patient = room.join("patient", "Mme Durand", url=f"http://127.0.0.1:{proxy.port}")
    physician.hear(patient.id)
    proxy.cut()
    eventually(lambda: patient.phase == "reconnecting", 3)
    patient.toggle("microphone")
    proxy.mend()
    eventually(lambda: patient.phase == "joined", 10)
    eventually(lambda: publication(physician, patient.id, "microphone")["muted"], 5)
    time.sleep(0.7)
    assert physician.loudness(patient.id, 2000) < 1e-4


def test_an_offer_that_the_cut_has_swallowed_is_made_again(room, proxy):
    physician = room.join("physician", "Dr Claire Martin")
    patient = room.person("patient", "Mme Durand", url=f"http://127.0.0.1:{proxy.port}")
    # Cut at the very moment at which the first offer is on its way.
    patient.page.add_init_script("""
      const send = WebSocket.prototype.send;
      WebSocket.prototype.send = function (text) {
        if (text.includes('"offer"') && !window.__swallowed) { window.__swallowed = true; return; }
        return send.call(this, text);
      };
    """)
    patient.join()
    eventually(lambda: patient.js("() => window.__swallowed"), 5)
    proxy.cut()
    eventually(lambda: patient.phase == "reconnecting", 3)
    time.sleep(1)
    proxy.mend()
    for person in (physician, patient):
        person.see_everyone_move(1)
        person.hear()


def test_somebody_who_comes_during_the_cut_is_seen_after_it(room, proxy):
    patient = room.join("patient", "Mme Durand", url=f"http://127.0.0.1:{proxy.port}")
    eventually(lambda: len(entry(patient, patient.id)["publications"]) == 2, 10)
    proxy.cut()
    eventually(lambda: patient.phase == "reconnecting", 3)
    physician = room.join("physician", "Dr Claire Martin")
    physician.see_everyone_move(1)
    proxy.mend()
    patient.see_everyone_move(1)
    patient.hear(physician.id)


def test_a_reload_of_the_page_leads_straight_back_with_the_same_identity_and_mute(room):
    physician = room.join("physician", "Dr Claire Martin")
    patient = room.join("patient", "Mme Durand")
    physician.see_everyone_move(1)
    patient.toggle("microphone")
    identity = patient.id
    eventually(lambda: publication(physician, identity, "microphone")["muted"], 3)
    assert "#" not in patient.js("() => location.href")
    patient.page.reload()
    patient.page.wait_for_selector("#call:not([hidden])", timeout=15_000)
    assert patient.id == identity
    for person in (physician, patient):
        person.see_everyone_move(1)
    assert publication(physician, identity, "microphone")["muted"]
    assert patient.page.get_attribute("#control-microphone", "data-off") == "true"
    assert physician.loudness(identity, 2000) < 1e-4
    patient.toggle("microphone")
    physician.hear(identity)


def test_media_that_is_blocked_for_a_while_comes_back_by_itself(room, network, artefacts):
    physician = room.join("physician", "Dr Claire Martin")
    patient = room.person("patient", "Mme Durand")
    patient.page.add_init_script(network.script)
    patient.join()
    for person in (physician, patient):
        person.see_everyone_move(1)
    asked = patient.witness["getUserMedia"]
    network.cut()
    eventually(lambda: patient.media_state in ("disconnected", "failed", "connecting"), 15)
    eventually(lambda: patient.page.is_visible("#banner"), 3)
    patient.shoot(artefacts, "media-blocked")
    assert patient.phase == "joined"
    time.sleep(4)
    network.mend()
    eventually(lambda: patient.media_state == "connected", 25)
    for person in (physician, patient):
        person.see_everyone_move(1)
        person.hear()
    assert patient.witness["getUserMedia"] == asked
    eventually(lambda: not patient.page.is_visible("#banner"), 5)


def test_media_follows_the_browser_to_another_address(room, network):
    physician = room.join("physician", "Dr Claire Martin")
    patient = room.person("patient", "Mme Durand")
    patient.page.add_init_script(network.script)
    patient.join()
    for person in (physician, patient):
        person.see_everyone_move(1)
    patient.js("() => { window.__pc = window.visavis.consultation.peerConnection; }")
    network.change_addresses()
    began = time.monotonic()
    frames = physician.frames_decoded(), patient.frames_decoded()
    eventually(lambda: physician.frames_decoded() > frames[0] + 20, 15)
    eventually(lambda: patient.frames_decoded() > frames[1] + 20, 15)
    print(f"both see the other again {time.monotonic() - began:.1f} s after the change")
    for person in (physician, patient):
        person.see_everyone_move(1)
        person.hear()
    assert patient.js("() => window.__pc === window.visavis.consultation.peerConnection")


def test_a_new_peer_connection_needs_no_new_permission(room):
    physician = room.join("physician", "Dr Claire Martin")
    patient = room.join("patient", "Mme Durand")
    physician.see_everyone_move(1)
    patient.toggle("microphone")
    asked = patient.witness["getUserMedia"]
    identity = patient.id
    patient.js("""() => {
      window.__pc = window.visavis.consultation.peerConnection;
      window.visavis.consultation.renewMedia();
    }""")
    eventually(lambda: patient.media_state == "connected", 15)
    assert patient.js("() => window.__pc !== window.visavis.consultation.peerConnection")
    for person in (physician, patient):
        person.see_everyone_move(1)
    assert patient.id == identity and patient.witness["getUserMedia"] == asked
    assert publication(physician, identity, "microphone")["muted"]
    assert physician.loudness(identity, 2000) < 1e-4


@pytest.mark.parametrize("how", ["stop", "kill"])
def test_when_the_server_comes_back_so_does_the_consultation(rooms, start_server, how, artefacts):
    server = start_server()
    room = rooms(server)
    physician = room.join("physician", "Dr Claire Martin")
    patient = room.join("patient", "Mme Durand")
    for person in (physician, patient):
        person.see_everyone_move(1)
    patient.toggle("microphone")
    asked = patient.witness["getUserMedia"]
    if how == "stop":
        server.stop()
    else:
        server.kill()
    eventually(lambda: patient.phase == "reconnecting", 5)
    patient.shoot(artefacts, f"server-{how}")
    server.start()
    for person in (physician, patient):
        eventually(lambda: person.phase == "joined", 20)
    for person in (physician, patient):
        person.see_everyone_move(1, 30)
    patient.hear(physician.id)
    # What was muted before is muted after, though the server has forgotten it.
    assert publication(physician, patient.id, "microphone")["muted"]
    assert physician.loudness(patient.id, 2000) < 1e-4
    assert patient.witness["getUserMedia"] == asked


def test_the_same_place_opened_in_a_second_tab_closes_the_first(room):
    physician = room.join("physician", "Dr Claire Martin")
    patient = room.join("patient", "Mme Durand")
    physician.see_everyone_move(1)
    identity = patient.id
    first = patient.page
    remembered = patient.js("() => sessionStorage.getItem('visavis.session')")
    # What a browser does when a tab is duplicated: the memory of the tab goes with it.
    second = patient.context.new_page()
    second.goto(f"{room.server.url}/ops")
    second.evaluate("(text) => sessionStorage.setItem('visavis.session', text)", remembered)
    second.goto(f"{room.server.url}/join")
    second.wait_for_selector("#call:not([hidden])")
    first.wait_for_selector("#message[data-kind=replaced]")
    patient.page = second
    assert patient.id == identity
    for person in (physician, patient):
        person.see_everyone_move(1)


def entry(person, participant: str) -> dict:
    return next(one for one in person.roster if one["id"] == participant)


def publication(person, participant: str, source: str) -> dict:
    return next(one for one in entry(person, participant)["publications"] if one["source"] == source)
