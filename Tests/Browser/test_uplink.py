"""The own way up: `library/uplink.js` with what a browser would say of it."""

import pytest

from Browser.participant import eventually

LOOK = """async (looks) => {
  const { Uplink } = await import("/client/library/uplink.js");
  const uplink = new Uplink();
  return looks.map(([roundTrip, available], second) => {
    uplink.look({ at: second * 1000, roundTrip: roundTrip ?? undefined, available: available ?? undefined });
    return uplink.level;
  });
}"""
FREE, FULL, WIDE_BUT_LATE, UNKNOWN = (0.05, 99_000), (2.0, 99_000), (2.0, 800_000), (None, None)


@pytest.fixture
def levels(contexts, shared_server):
    """The level after each second's look."""
    page = contexts().new_page()
    page.goto(shared_server.url)
    return lambda *looks: page.evaluate(LOOK, [list(look) for look in looks])


def changes(levels: list) -> list:
    return [(at, levels[at]) for at in range(1, len(levels)) if levels[at] != levels[at - 1]]


def test_a_full_way_up_carries_little_sound_alone(levels):
    assert changes(levels(FREE, *[FULL] * 10)) == [(2, "little")]


def test_a_late_answer_alone_means_nothing(levels):
    assert set(levels(FREE, *[WIDE_BUT_LATE] * 20, FULL, FREE, FULL, FREE, *[UNKNOWN] * 5)) == {"all"}


def test_sound_comes_back_before_pictures_and_what_fails_waits_twice_as_long(levels):
    seen = levels(FREE, *[FULL] * 3, *[FREE] * 33, *[FULL] * 2, *[FREE] * 40)
    # Given up at 2 s; free since 4 s: sound after 25 s, pictures 6 s later, which fail at 38 s: 12 s the next time.
    assert changes(seen) == [
        (2, "little"), (28, "sound"), (34, "all"), (38, "little"), (63, "sound"), (75, "all")]


def test_sound_that_fills_the_way_waits_twice_as_long(levels):
    seen = levels(FREE, *[FULL] * 2, *[FREE] * 26, *[WIDE_BUT_LATE] * 3, *[FREE] * 60)
    assert changes(seen) == [(2, "little"), (27, "sound"), (30, "little"), (81, "sound"), (87, "all")]


# The browser's word for it: a check of the way took two seconds, and it carries little.
FULL_WAY = """() => {
  window.__looks = 0;
  window.__isFull = false;
  const get = RTCRtpSender.prototype.getStats;
  RTCRtpSender.prototype.getStats = async function () {
    const stats = new Map(await get.call(this));
    window.__looks += 1;
    for (const [id, one] of stats)
      if (one.type === "candidate-pair")
        stats.set(id, { ...one, currentRoundTripTime: window.__isFull ? 2 : 0.05, availableOutgoingBitrate: 99_000 });
    return stats;
  };
}"""
SENT = """async () => {
  const sent = { video: 0, audio: 0, at: performance.now() };
  for (const one of (await window.visavis.consultation.peerConnection.getStats()).values())
    if (one.type === "outbound-rtp") sent[one.kind] += one.packetsSent;
  return sent;
}"""


def test_on_a_full_way_up_no_picture_is_sent_after_sound_is_described_anew(room):
    # Chromium takes what was set while a description is under way for a moment only.
    physician = room.join("physician", "Dr Claire Martin")
    patient = room.join("patient", "Mme Durand")
    physician.see_everyone_move(1)
    patient.js(FULL_WAY)
    patient.page.wait_for_function("() => window.__looks > 1")
    assert patient.js(SENT)["video"] > 0
    patient.js("() => { window.__isFull = true; }")
    def sent_in_a_second():
        before = patient.js(SENT)
        patient.page.wait_for_function(f"() => performance.now() > {before['at']} + 1000")
        after = patient.js(SENT)
        return {kind: after[kind] - before[kind] for kind in ("video", "audio")}

    # Packets of 60 ms: sound is described anew.
    eventually(lambda: 10 < sent_in_a_second()["audio"] < 25, 10, "little sound")
    # What was encoded by then may still go.
    eventually(lambda: sent_in_a_second()["video"] == 0, 4, "an end of the pictures")
    assert sent_in_a_second()["video"] == 0
