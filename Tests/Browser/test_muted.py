"""A muted microphone: whatever the page sends, nobody hears it before the participant's own act."""

import time

from Browser.participant import eventually

# Sound leaves the page though the participant is muted: a page that is wrong, or was made to be.
LEAK = """() => {
  const track = window.visavis.consultation.localTrack("microphone");
  track.enabled = true;
  return track.enabled;
}"""

SENT = """async () => {
  let packets = 0;
  (await window.visavis.consultation.peerConnection.getStats()).forEach((one) => {
    if (one.type === "outbound-rtp" && one.kind === "audio") packets += one.packetsSent;
  });
  return packets;
}"""


def dropped(server) -> float:
    return sum(v for k, v in server.metrics().items() if 'reason="forwarding.muted"' in k)


def heard_nothing(physician, patient, server) -> None:
    """The page sends, the server drops, the other hears silence."""
    before = dropped(server)
    assert patient.js(LEAK)
    sent = patient.js(SENT)
    assert (physician.loudness(patient.id, 2000) or 0) < 1e-4
    assert patient.js(SENT) > sent + 20, "the page was to send"
    eventually(lambda: dropped(server) > before, 5)


def test_nothing_of_a_muted_page_that_sends_is_heard_whatever_its_connections_do(room):
    server = room.server
    physician = room.join("physician", "Dr Claire Martin")
    patient = room.join("patient", "Mme Durand")
    physician.hear(patient.id)
    patient.toggle("microphone")
    time.sleep(0.5)
    heard_nothing(physician, patient, server)
    identity = patient.id

    # An ICE restart.
    patient.js("""() => {
      window.__pc = window.visavis.consultation.peerConnection;
      window.dispatchEvent(new Event("online"));
    }""")
    eventually(lambda: "restarted" if patient.js(
        "() => window.__pc.getSenders()[0].transport.iceTransport.state") in ("connected", "completed") else "", 10)
    heard_nothing(physician, patient, server)
    assert patient.js("() => window.__pc === window.visavis.consultation.peerConnection")

    # A new peer connection, then a new socket with it.
    for what in ("renewMedia", "renewAll"):
        patient.js(f"() => window.visavis.consultation.{what}()")
        eventually(lambda: patient.media_state == "connected" and patient.phase == "joined", 15)
        physician.see_everyone_move(1)
        heard_nothing(physician, patient, server)

    # A new offer of the same connection: the camera goes and comes.
    patient.js("() => window.visavis.consultation.unpublish('camera')")
    heard_nothing(physician, patient, server)
    patient.js("() => window.visavis.consultation.publish('camera')")
    heard_nothing(physician, patient, server)

    # A page that was loaded again.
    patient.page.reload()
    patient.page.wait_for_selector("#call:not([hidden])", timeout=15_000)
    eventually(lambda: patient.media_state == "connected", 15)
    assert patient.id == identity
    heard_nothing(physician, patient, server)

    # The participant's own act.
    patient.toggle("microphone")
    physician.hear(patient.id)
