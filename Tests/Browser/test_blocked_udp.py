"""Networks that let no UDP through: media by TCP to the server, or through a TURN server."""

import json
import socket
import time

import pytest

from Browser.participant import eventually
from Browser.turn_server import SECRET, TURNServer

# The firewall: what is sent to any UDP candidate of the server goes where nobody answers. Keeps the answers.
DROP_UDP = """
(() => {
  const original = RTCPeerConnection.prototype.setRemoteDescription;
  window.__answers = [];
  RTCPeerConnection.prototype.setRemoteDescription = function (description) {
    window.__answers.push(description.sdp);
    const sdp = description.sdp.replace(/^(a=candidate:\\S+ 1 udp \\d+) \\S+ \\d+ /gm, "$1 127.0.0.1 PORT ");
    return original.call(this, { type: description.type, sdp });
  };
})();
"""

RELAY_ONLY = """
(() => {
  const Native = window.RTCPeerConnection;
  window.RTCPeerConnection = class extends Native {
    constructor(configuration) { super({ ...configuration, iceTransportPolicy: "relay" }); }
  };
})();
"""

ROUTE = "() => window.visavis.consultation.route()"
WORDS = "() => document.getElementById('connection-text').textContent"


@pytest.fixture
def nowhere():
    """A UDP port that takes everything and answers nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as hole:
        hole.bind(("127.0.0.1", 0))
        yield hole.getsockname()[1]


@pytest.fixture
def turn(tmp_path):
    server = TURNServer(tmp_path)
    try:
        eventually(server.is_ready, 10, "coturn listens")
        yield server
    finally:
        server.close()


def join_and_measure(person, timeout: float = 15) -> float:
    """Seconds from the click to the first picture of somebody else."""
    person.open()
    person.page.wait_for_selector("#preview-devices select, #preview-picture[hidden]", state="attached")
    began = time.monotonic()
    person.page.click("#preview-join")
    eventually(lambda: person.phase == "joined" and person.frames_decoded() > 0, timeout,
               f"{person.name}: a picture; {person.console[-5:]}")
    return time.monotonic() - began


def test_where_udp_is_dropped_one_is_in_the_call_by_tcp_within_five_seconds(room, nowhere, artefacts):
    physician = room.join("physician", "Dr Claire Martin")
    patient = room.person("patient", "Mme Durand", locale="fr-FR")
    patient.context.add_init_script(DROP_UDP.replace("PORT", str(nowhere)))
    assert join_and_measure(patient) < 5

    assert patient.js(ROUTE) == {"relay": False, "protocol": "tcp"}
    for person in (physician, patient):
        person.see_everyone_move(1)
        person.hear()
    eventually(lambda: patient.js(WORDS) == "Connecté, chiffré · TCP", 6)
    patient.shoot(artefacts, "connected-by-tcp")
    # The other one's network is well: UDP, though TCP was offered too.
    eventually(lambda: physician.js(WORDS) == "Connected, encrypted · UDP", 6)
    assert physician.js(ROUTE) == {"relay": False, "protocol": "udp"}

    answer = patient.js("() => window.__answers[0]")
    tcp = [line for line in answer.splitlines() if line.startswith("a=candidate:") and " tcp " in line]
    assert tcp and all(line.endswith("tcptype passive") for line in tcp), answer
    # Sound and picture keep coming, and nothing of it is lost.
    before = {one: one.frames_decoded() for one in (physician, patient)}
    lost = patient.inbound("video")[0]["packetsLost"]
    time.sleep(5)
    for person, frames in before.items():
        assert person.frames_decoded() - frames > 50, person.name
    assert patient.inbound("video")[0]["packetsLost"] - lost < 5


def test_a_call_by_tcp_ends_and_its_connection_with_it(rooms, start_server, nowhere):
    server = start_server({"media.workers": 1})
    room = rooms(server)
    room.join("physician", "Dr Claire Martin")
    patient = room.person("patient", "Mme Durand")
    patient.context.add_init_script(DROP_UDP.replace("PORT", str(nowhere)))
    join_and_measure(patient)
    patient.leave()
    physician = room.people[0]
    eventually(lambda: len(physician.js("() => window.visavis.consultation.roster")) == 1, 5)
    # What a scanner does to the port is counted, and changes nothing.
    with socket.create_connection(("127.0.0.1", server.media_port), 5) as scanner:
        scanner.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        scanner.settimeout(5)
        assert scanner.recv(16) == b""
    server.wait_for_metric("socket.tcpMalformed", 1)


def test_without_media_tcp_no_such_candidate_is_told(rooms, start_server):
    server = start_server({"media.tcp": False})
    room = rooms(server)
    physician = room.person("physician", "Dr Claire Martin")
    physician.context.add_init_script(DROP_UDP.replace("1 udp", "9 udp").replace("PORT", "1"))
    physician.join()
    answer = eventually(lambda: physician.js("() => window.__answers[0]"), 10)
    assert " udp " in answer and " tcp " not in answer
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", server.media_port), 5)


@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
def test_through_a_turn_server_with_credentials_of_ones_own(
        rooms, start_server, turn, transport, artefacts):
    server = start_server({"turn.urls": [turn.url(transport)], "turn.secret": SECRET})
    room = rooms(server)
    physician = room.join("physician", "Dr Claire Martin")
    patient = room.person("patient", "Mme Durand", locale="fr-FR")
    patient.context.add_init_script(RELAY_ONLY)
    seconds = join_and_measure(patient)
    assert seconds < 5, (seconds, turn.lines[-20:])

    assert patient.js(ROUTE) == {"relay": True, "protocol": transport}
    for person in (physician, patient):
        person.see_everyone_move(1)
    eventually(lambda: patient.js(WORDS) == f"Connecté, chiffré · relais TURN ({transport.upper()})", 6)
    patient.shoot(artefacts, f"connected-by-turn-{transport}")
    # coturn knew the participant by the name that we gave.
    assert any(f":{patient.id}>" in line for line in turn.lines), json.dumps(turn.lines[-20:])
