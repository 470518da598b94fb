"""Voices in one stream for a narrow path: real browsers whose microphones are tones."""

import pytest

from Browser.participant import eventually
from Browser.test_bridge import HEARD, TONE
from Network.call import SLOW_CAMERA

PHYSICIAN, INTERPRETER, PATIENT = 1700, 500, 1000
TONES = [PHYSICIAN, INTERPRETER, PATIENT]

# Packets of sound that came so far, by stream.
PACKETS = """async () => {
  const stats = [...(await window.visavis.consultation.peerConnection.getStats()).values()];
  return Object.fromEntries(stats.filter(({ type, kind }) => type === "inbound-rtp" && kind === "audio")
    .map((one) => [one.mid, one.packetsReceived]));
}"""


# With a camera beside the tone.
CAMERA_TOO = SLOW_CAMERA + """
(() => {
  const devices = navigator.mediaDevices, camera = devices.getUserMedia.bind(devices);
  TONE
  const tone = devices.getUserMedia;
  devices.getUserMedia = async (wanted) => {
    const stream = wanted.audio ? new MediaStream((await tone(wanted)).getTracks()) : new MediaStream();
    if (wanted.video) for (const one of (await camera({ video: wanted.video })).getTracks()) stream.addTrack(one);
    return stream;
  };
})();
"""


def streams(person) -> int:
    """How many streams of sound bring packets now."""
    before = person.js(PACKETS)
    person.page.wait_for_timeout(700)
    after = person.js(PACKETS)
    return sum(after[mid] > before.get(mid, 0) for mid in after)


def hooks(person, name: str) -> list:
    return next((one.get("hooks") or [] for one in person.roster if one["name"] == name), [])


@pytest.mark.parametrize("has_picture", [True, False])
def test_a_narrow_path_gets_both_voices_in_one_stream_while_it_is_narrow(survive, has_picture):
    def scenario(call):
        tone = lambda hertz: TONE.replace("HERTZ", str(hertz))
        source = CAMERA_TOO.replace("TONE", tone(PHYSICIAN)) if has_picture else tone(PHYSICIAN)
        physician = call.person("physician", "Dr Claire Martin", 0, camera=source).join()
        interpreter = call.person("interpreter", "Mr Petit", 2, camera=tone(INTERPRETER)).join()
        patient = call.person("patient", "Mme Durand", 1, camera=tone(PATIENT)).join()

        def hears_both():
            levels = dict(zip(TONES, patient.js(HEARD, TONES)))
            print({hertz: round(one, 4) for hertz, one in levels.items()})
            # At 12 kbit/s a mix of tones, which are no voices, comes up to 10 dB too low.
            return levels[PHYSICIAN] > 0.04 and levels[INTERPRETER] > 0.04 and levels[PATIENT] < 0.004

        eventually(hears_both, 20, "both tones")
        assert streams(patient) == 2
        patient.place.set(down={"delay": 0.02, "rate": 70_000, "queue": 3_000}, up={"delay": 0.02})
        for speaker in ("Dr Claire Martin", "Mr Petit"):
            eventually(lambda: hooks(patient, speaker) == ["mix"], 30, f"the mix of {speaker}")
        assert hooks(physician, "Mme Durand") == []
        eventually(lambda: streams(patient) == 1, 10, "one stream")
        eventually(hears_both, 20, "both tones in one stream")
        assert streams(patient) == 1
        # Those on good paths go on to hear each other as they did.
        assert streams(physician) == 2
        patient.place.mend()
        eventually(lambda: hooks(patient, "Mr Petit") == [], 40, "the end of the mix")
        eventually(lambda: streams(patient) == 2, 10, "two streams")
        eventually(hears_both, 20, "both tones after it")

    survive(scenario)
