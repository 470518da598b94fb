"""A camera that sends one encoding, as of Firefox, WHIP and old devices: one of two viewers is on a narrow way, and gets
a smaller picture that the server makes, with all its frames; the other keeps the large one. Everybody sees that it is made."""

import time

import pytest

from Browser.participant import eventually
from Browser.udp_proxy import UDPProxy

# As of a browser that knows nothing of simulcast.
ONE_ENCODING = """(() => {
  const make = RTCPeerConnection.prototype.addTransceiver;
  RTCPeerConnection.prototype.addTransceiver = function(track, init) {
    if (init?.sendEncodings?.length > 1) init = { ...init, sendEncodings: [{}] };
    return make.call(this, track, init);
  };
})()"""

HOOKS = "() => window.visavis.consultation.roster.flatMap(({ hooks }) => hooks ?? []).join()"


@pytest.fixture
def way(shared_server):
    made = UDPProxy(shared_server.media_port)
    yield made
    made.close()


def size(person, of) -> int:
    return {one["participant"]: one.get("frameWidth", 0) for one in person.inbound("video")}.get(of.id, 0)


def frames(person, of, seconds: float) -> float:
    def count():
        return {one["participant"]: one.get("framesDecoded", 0) for one in person.inbound("video")}[of.id]

    before = count()
    time.sleep(seconds)
    return (count() - before) / seconds


@pytest.mark.parametrize("rate", [300_000])
def test_one_of_two_viewers_on_a_narrow_way_gets_a_small_moving_picture(room, way, shared_server, artefacts, rate):
    patient = room.person("patient", "Mme Durand")
    patient.page.add_init_script(ONE_ENCODING)
    patient.join()
    physician = room.join("observer", "Dr Claire Martin")
    interpreter = room.person("observer", "Ana Lopes")
    interpreter.context.add_init_script(way.script)
    interpreter.join()
    for person in (physician, interpreter):
        person.see_everyone_move(1)
    large = size(physician, patient)
    eventually(lambda: size(physician, patient) >= 640, 20, "the camera's own size")
    time.sleep(5)
    assert patient.js(HOOKS) == ""
    way.narrow(rate)
    narrowed = time.monotonic()
    eventually(lambda: "downscale" in patient.js(HOOKS), 30, "everybody sees that a smaller picture is made")
    began = time.monotonic() - narrowed
    eventually(lambda: "smaller picture" in physician.page.text_content("#people-list"), 5, "in words, too")
    eventually(lambda: 0 < size(interpreter, patient) < size(physician, patient), 30, "the small picture")
    came = time.monotonic() - narrowed
    time.sleep(8)
    seen = {name: round(frames(person, patient, 5), 1) for name, person in
            (("physician", physician), ("interpreter", interpreter))}
    print(f"{rate} bit/s: begun after {began:.1f} s, seen after {came:.1f} s; {size(interpreter, patient)} of "
          f"{size(physician, patient)} pixels, {seen} frames a second")
    interpreter.see_motion(interpreter.tile())
    interpreter.shoot(artefacts, "downscaled")
    assert seen["interpreter"] > 10 and seen["physician"] > 10
    assert size(physician, patient) >= large
    interpreter.hear()
    way.narrow(None)
    eventually(lambda: size(interpreter, patient) == size(physician, patient), 60, "the large picture again")
    eventually(lambda: patient.js(HOOKS) == "", 30, "nothing is made any more")
