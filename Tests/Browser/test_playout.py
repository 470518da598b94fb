"""When sound and pictures are played: `library/playout.js` with receivers that only remember what they were told."""

import pytest

FOLLOW = """async (reports) => {
  const { Playout } = await import("/client/library/playout.js");
  const playout = new Playout();
  const voice = { track: {}, jitterBufferTarget: null }, picture = { track: {}, jitterBufferTarget: null };
  const tracks = [
    { participant: "7", publication: "1", source: "microphone", track: voice.track },
    { participant: "7", publication: "2", source: "camera", track: picture.track },
  ];
  const told = [];
  let total = 0, delay = 0, concealed = 0;
  for (const [milliseconds, madeUp] of reports) {
    total += 1000;
    delay += milliseconds;  // 1000 samples of so many ms each: seconds
    concealed += madeUp * 1000;
    playout.follow({ getReceivers: () => [voice, picture] }, [
      { participant: "7", publication: "1", source: "microphone", jitterBufferDelay: delay,
        jitterBufferEmittedCount: total, concealedSamples: concealed, totalSamplesReceived: total },
      { participant: "7", publication: "2", source: "camera", jitterBufferDelay: 1500, jitterBufferEmittedCount: 1 },
    ], tracks);
    told.push([voice.jitterBufferTarget, picture.jitterBufferTarget]);
  }
  return told;
}"""


@pytest.fixture
def follow(contexts, shared_server):
    """What the receivers of a voice and of a picture were told after each report (ms late, share made up)."""
    page = contexts().new_page()
    page.goto(shared_server.url)
    return lambda *reports: page.evaluate(FOLLOW, [list(report) for report in reports])


def test_a_picture_waits_for_its_late_voice_and_no_longer_than_it_must(follow):
    assert follow((60, 0), (40, 0), (60, 0), (150, 0), (170, 0), (900, 0), (40, 0)) == [
        [None, None], [None, None], [None, 120], [None, 120], [None, 170], [None, 400], [None, None]]


def test_a_voice_never_waits_for_a_picture_that_is_late(follow):
    assert [voice for voice, _ in follow(*[(60, 0)] * 4)] == [None] * 4


def test_a_voice_that_bursts_break_waits_for_its_repair_until_it_was_calm_for_long(follow):
    told = [voice for voice, _ in follow((60, 0), (60, 0.1), *[(60, 0.01)] * 5, (60, 0.05), *[(60, 0)] * 7)]
    assert told == [None, *[200] * 12, None, None]
