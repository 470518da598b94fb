"""The own way up: `library/uplink.js` with what a browser would say of it."""

import pytest

from Browser.participant import eventually

LOOK = """async (looks) => {
  const { Uplink } = await import("/client/library/uplink.js");
  const uplink = new Uplink();
  return looks.map(([roundTrip, available, answers], second) => {
    uplink.look({ at: second * 1000, roundTrip: roundTrip ?? undefined, available: available ?? undefined });
    for (const seconds of answers ?? []) uplink.answered({ at: second * 1000, seconds });
    return uplink.level;
  });
}"""
FREE, FULL, WIDE_BUT_LATE, UNKNOWN = (0.05, 99_000), (2.0, 99_000), (2.0, 800_000), (None, None)
FULLER = (0.35, 99_000)


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


def test_sound_comes_back_before_pictures_and_a_small_one_before_all(levels):
    seen = levels(FREE, *[FULL] * 3, *[FREE] * 50)
    # Given up at 2 s; free since 4 s: sound after 25 s, then one step more every 6 s.
    assert changes(seen) == [(2, "little"), (28, "sound"), (34, "twice"), (40, "few"), (46, "all")]


def test_a_step_that_fails_is_taken_back_at_once_and_waits_twice_as_long(levels):
    seen = levels(FREE, *[FULL] * 3, *[FREE] * 31, FULLER, *[FREE] * 40)
    assert changes(seen) == [
        (2, "little"), (28, "sound"), (34, "twice"), (35, "sound"), (47, "twice"), (53, "few"), (59, "all")]
    seen = levels(FREE, *[FULL] * 3, *[FREE] * 25, FULLER, *[FREE] * 64)
    assert changes(seen) == [(2, "little"), (28, "sound"), (29, "little"), (79, "sound"), (85, "twice"), (91, "few")]


def test_a_step_fails_by_three_late_answers_in_a_row(levels):
    # The reports of sound that `look` gets come every five seconds.
    lasting = lambda *answers: levels(FREE, *[FULL] * 3, *[FREE] * 31, (*FREE, answers), *[FREE] * 5)
    step = [(2, "little"), (28, "sound"), (34, "twice")]
    assert changes(lasting(0.06, 0.10, 0.14, 0.16, 0.19)) == [*step, (35, "sound")]
    # Those behind something large say nothing; nor do answers that are as slow from the first on.
    assert changes(lasting(0.06, 0.17, 0.15, 0.07, 0.30, 0.2, 0.06)) == [*step, (40, "few")]
    assert changes(lasting(0.25, 0.30, 0.31, 0.28)) == [*step, (40, "few")]


def test_what_is_not_tried_is_not_taken_back_by_late_answers(levels):
    late = (*FREE, (0.06, 0.6, 0.6, 0.6))
    assert set(levels(FREE, *[late] * 5)) == {"all"}
    assert changes(levels(FREE, *[FULL] * 3, *[late] * 20)) == [(2, "little")]


def test_what_has_stood_its_trial_and_is_full_later_carries_little_sound_alone(levels):
    seen = levels(FREE, *[FULL] * 3, *[FREE] * 60, *[FULL] * 4)
    assert changes(seen)[-2:] == [(46, "all"), (65, "little")]


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
