"""The own way up: `library/uplink.js` with what a browser would say of it."""

import pytest

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
