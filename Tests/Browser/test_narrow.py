"""Viewers whose way from the server carries little: the picture gives way, the sound does not, both sides are told."""

import time

import pytest

from Browser.participant import eventually
from Browser.udp_proxy import UDPProxy


@pytest.fixture
def way(shared_server):
    """The physician's way to the server, which a test can make narrow."""
    made = UDPProxy(shared_server.media_port)
    yield made
    made.close()


def call(room, way, **more):
    """A physician on the way, and a patient."""
    physician = room.person("physician", "Dr Claire Martin", **more)
    physician.context.add_init_script(way.script)
    physician.join()
    patient = room.join("patient", "Mme Durand", **more)
    physician.see_everyone_move(1)
    patient.see_everyone_move(1)
    return physician, patient


def outbound(person, kind: str = "video") -> dict:
    return next((one for one in person.stats()["outbound"] if one["kind"] == kind), {})


def words(person) -> str:
    return person.js("() => { const e = document.getElementById('narrow'); return e.hidden ? '' : e.textContent; }")


def measure(person, seconds: float) -> dict:
    """What is heard and seen: the share of sound that was made up, packets a second, pictures."""
    before, frames = person.inbound("audio")[0], person.frames_decoded()
    time.sleep(seconds)
    after = person.inbound("audio")[0]
    change = {name: after[name] - before[name] for name in after if isinstance(after[name], (int, float))}
    return {
        "concealed": round(change["concealedSamples"] / max(change["totalSamplesReceived"], 1), 4),
        "kbit/s": round(change["bytesReceived"] * 8 / seconds / 1000, 1),
        "packets": round(change["packetsReceived"] / seconds, 1),
        "frames": person.frames_decoded() - frames,
    }


def adapted(person) -> str:
    return person.js("() => window.visavis.consultation.adaptations.map(({ step }) => step).join(' ')")


def test_the_words_fit_a_phone(room, way, artefacts):
    physician, patient = call(room, way, locale="fr-FR", size=(360, 740))
    time.sleep(3)
    way.narrow(60_000)
    eventually(lambda: words(physician) and words(patient), 20, "a step down")
    assert words(physician) == "Votre connexion est lente : l’image est en pause, le son continue."
    assert words(patient) == "Dr Claire Martin vous entend mais ne vous voit pas : sa connexion est lente."
    for number, person in enumerate((physician, patient)):
        person.shoot(artefacts, f"narrow-phone-{number}")
        assert person.js("() => document.documentElement.scrollWidth <= innerWidth")
    # Of a picture that pauses there are no details to ask for.
    assert not physician.page.is_visible(".tile .details")


def test_at_80_kbit_there_is_sound_alone_and_both_are_told(room, way, artefacts):
    physician, patient = call(room, way)
    time.sleep(4)
    way.narrow(80_000)
    off = {"video-off", "audio-only"}
    # On the way there it may be less of a picture.
    eventually(lambda: adapted(physician) in off and adapted(patient) in off, 20, "sound alone")
    assert "picture is paused, the sound goes on" in words(physician)
    assert words(patient).startswith("Dr Claire Martin hears you but does not see you")
    for number, person in enumerate((physician, patient)):
        person.shoot(artefacts, f"narrow-{number}")
    time.sleep(6)
    shares = measure(physician, 10)
    print(f"80 kbit/s: {shares}, {adapted(physician)}")
    assert shares["frames"] == 0
    assert shares["concealed"] < 0.03
    physician.hear()
    way.narrow(None)
    eventually(lambda: not words(physician) and not words(patient), 40, "full again")
    frames = physician.frames_decoded()
    eventually(lambda: physician.frames_decoded() > frames + 20, 20, "a picture again")


def test_at_40_kbit_and_20_percent_loss_one_is_understood(room, way):
    physician, patient = call(room, way)
    time.sleep(3)
    way.lose(0.2)
    way.narrow(40_000)
    # The publisher is asked for less, and for longer packets.
    eventually(lambda: outbound(patient, "audio").get("targetBitrate", 1e6) <= 12_000, 20, "a lower bitrate")
    time.sleep(10)
    shares = measure(physician, 15)
    print(f"40 kbit/s, 20 % loss: {shares}, {adapted(physician)}")
    assert shares["concealed"] < 0.10
    assert shares["packets"] < 25
    physician.hear()
