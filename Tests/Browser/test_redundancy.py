"""Sound that is sent twice, so that a lost packet is found in the next (RED, RFC 2198)."""

import random

import pytest

from Browser.participant import eventually
from Browser.udp_proxy import UDPProxy


def sound(person) -> dict:
    """What `getStats()` tells of the sound that a page receives."""
    return person.js("""async () => {
      const reports = await window.visavis.consultation.peerConnection.getStats();
      return [...reports.values()].find((one) => one.type === "inbound-rtp" && one.kind === "audio");
    }""")


def test_two_chromium_send_their_voices_twice(room):
    people = [room.join("physician", "Dr Claire Martin"), room.join("patient", "Mme Durand")]
    for person in people:
        person.hear()
        # Chromium names the codec inside, and counts what comes again and is not needed as discarded.
        first = sound(person)
        eventually(lambda: sound(person)["packetsReceived"] >= first["packetsReceived"] + 100, 20)
        last = sound(person)
        packets, repeated = (last[name] - first[name] for name in ("packetsReceived", "packetsDiscarded"))
        print(f"{person.name}: {packets} packets, {repeated} of them repeated")
        assert repeated > 0.9 * packets
        assert last["packetsLost"] == 0


@pytest.fixture
def lossy(shared_server):
    """Every tenth datagram of the patient's sound gets lost on its way to the server."""
    chance = random.Random(2198)

    class Lossy(UDPProxy):
        lost = 0

        def keeps(self, data: bytes) -> bool:
            # RTP of an audio payload type (RED is 63 in Chromium), not RTCP.
            if len(data) > 12 and 128 <= data[0] < 192 and data[1] & 0x7F in (63, 111) and chance.random() < 0.1:
                self.lost += 1
                return False
            return True

    made = Lossy(shared_server.media_port)
    yield made
    made.close()


def test_packets_lost_on_the_way_in_are_found_in_later_ones(room, lossy):
    physician = room.join("physician", "Dr Claire Martin")
    patient = room.person("patient", "Mme Durand")
    patient.context.add_init_script(lossy.script)
    patient.join()
    physician.hear()
    before, lost = sound(physician), lossy.lost
    eventually(lambda: lossy.lost >= lost + 50, 40, "losses")
    after, lost = sound(physician), lossy.lost - lost
    missing = after["packetsLost"] - before["packetsLost"]
    print(f"{lost} packets lost on the way in, {missing} missing for the viewer")
    # Two in a row are beyond what one redundant block repeats.
    assert missing < lost / 3
