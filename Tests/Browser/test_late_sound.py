"""Sound that waits for a queue which is gone: `library/late-sound.js`, and a receiver in place of another in a call."""

import pytest

from Browser.participant import eventually

LOOK = """async (looks) => {
  const { LateSound } = await import("/client/library/late-sound.js");
  const sound = new LateSound();
  return looks.flatMap(([delay, jitter], number) =>
    sound.look({ publication: "1", at: number * 5000, delay, jitter }) ? [number] : []);
}"""
CALM, LATE, ON_ITS_WAY = (60, 5), (2000, 5), (2000, 200)


@pytest.fixture
def renewed(contexts, shared_server):
    """The reports (one every five seconds: ms waited, ms of jitter) after which the receiver is renewed."""
    page = contexts().new_page()
    page.goto(shared_server.url)
    return lambda *looks: page.evaluate(LOOK, [list(look) for look in looks])


def test_what_waits_for_nothing_and_no_longer_than_before_is_renewed(renewed):
    assert renewed(CALM, LATE, LATE, CALM) == [2]


def test_a_queue_that_is_there_and_one_that_grows_are_waited_for(renewed):
    assert renewed(CALM, *[ON_ITS_WAY] * 20) == []
    assert renewed(CALM, *[(600 + 200 * number, 5) for number in range(10)]) == []
    assert renewed(*[CALM] * 20) == []


def test_what_does_not_help_is_tried_ever_more_seldom(renewed):
    times = renewed(*[LATE] * 120)
    assert [after - before for before, after in zip(times, times[1:])][:4] == [6, 12, 24, 48]


# The browser's word for it: the voice that is received first waits for two seconds, and comes evenly.
LATE_VOICE = """() => {
  const get = RTCPeerConnection.prototype.getStats;
  window.__late = null;
  RTCPeerConnection.prototype.getStats = async function () {
    const stats = new Map(await get.call(this));
    for (const [id, one] of stats) {
      if (one.type !== "inbound-rtp" || one.kind !== "audio") continue;
      window.__late ??= one.trackIdentifier;
      if (one.trackIdentifier === window.__late)
        stats.set(id, { ...one, jitterBufferDelay: 2 * one.jitterBufferEmittedCount, jitter: 0.005 });
    }
    return stats;
  };
}"""
# How much sound its receiver has played since it began.
PLAYED = """async () => {
  const { consultation } = window.visavis;
  const id = consultation.tracks.find(({ source }) => source === "microphone")?.track.id;
  for (const one of (await consultation.peerConnection.getStats()).values())
    if (one.type === "inbound-rtp" && one.trackIdentifier === id) return one.jitterBufferEmittedCount;
  return null;
}"""
COUNT_OFFERS = """() => {
  const send = WebSocket.prototype.send;
  window.__offers = 0;
  WebSocket.prototype.send = function (text) {
    if (JSON.parse(text).type === "offer") window.__offers += 1;
    return send.call(this, text);
  };
}"""


def test_a_receiver_of_a_voice_that_waits_for_nothing_begins_anew_without_a_word_to_the_server(room):
    physician = room.join("physician", "Dr Claire Martin")
    patient = room.join("patient", "Mme Durand")
    physician.see_everyone_move(1)
    physician.js(COUNT_OFFERS)
    # More than it can play from a new beginning to the next look.
    eventually(lambda: (physician.js(PLAYED) or 0) > 3 * 48_000, 20, "a voice")
    physician.js(LATE_VOICE)
    eventually(lambda: (physician.js(PLAYED) or 3 * 48_000) < 2 * 48_000, 30, "a new beginning")
    physician.hear()
    assert physician.js("() => window.__offers") == 0
    # Nobody else notices.
    physician.see_everyone_move(1)
    patient.hear()
    assert [one["name"] for one in physician.js("() => window.visavis.consultation.roster")] == [
        "Dr Claire Martin", "Mme Durand"]
