"""When more room is looked for: `library/uplink-room.js` with what a browser would say of its way."""

import pytest

LOOK = """async ([looks, most]) => {
  const { UplinkRoom } = await import("/client/library/uplink-room.js");
  const room = new UplinkRoom();
  return looks.flatMap(([available, target], number) =>
    room.look({ at: number * 250, available, target, most }) ? [number / 4] : []);
}"""
# Looks a second; what an estimate grows by between two of them.
SECOND = 4
GROWTH = 1.08 ** (1 / SECOND)


@pytest.fixture
def tries(contexts, shared_server):
    """The seconds at which a lull is made."""
    page = contexts().new_page()
    page.goto(shared_server.url)

    def look(*available, used=0.85, most=1_500_000):
        return page.evaluate(LOOK, [[[one, used * one] for one in available], most])

    return look


def swinging(seconds: int) -> list[float]:
    """Around a capacity of 300 kbit/s: up by 8 % a second, down by 15 %."""
    rates = [260_000.0]
    while len(rates) < seconds * SECOND:
        rates.append(rates[-1] * GROWTH if rates[-1] < 310_000 else rates[-1] * 0.85)
    return rates


def growing(first: float, seconds: int) -> list[float]:
    return [first * GROWTH ** number for number in range(seconds * SECOND)]


def test_an_estimate_that_swings_around_its_capacity_asks_for_nothing(tries):
    assert tries(*swinging(120)) == []


def test_an_estimate_that_leaves_its_capacity_behind_makes_a_lull_once(tries):
    seen = tries(*swinging(20), *growing(300_000, 5))
    assert len(seen) == 1 and 20 < seen[0] < 25


def test_what_fails_is_held_back_twice_as_long_each_time(tries):
    # It always grows as it does by itself; no try makes it jump.
    seen = tries(*growing(20_000, 120), most=10**10)
    waits = [after - before for before, after in zip(seen, seen[1:])]
    assert [round(wait) for wait in waits[:3]] == [10, 20, 40]


def test_what_is_found_may_be_looked_for_again_soon(tries):
    doubled = [rate * 2 for rate in growing(400_000, 4)]
    seen = tries(*swinging(20), *growing(300_000, 5), *doubled, *growing(doubled[-1], 10), most=100_000_000)
    assert len(seen) >= 2 and seen[1] - seen[0] < 12


def test_a_fall_is_no_capacity_that_could_be_left_behind(tries):
    assert tries(*[1_400_000] * 40, *growing(150_000, 7)) == []


def test_a_picture_that_wants_no_more_is_left_alone(tries):
    assert tries(*swinging(20), *growing(300_000, 8), used=0.5) == []


def test_what_the_server_allows_in_steps_is_not_our_way(tries):
    steps = [rate for rate in (200_000, 400_000) for _ in range(5 * SECOND)]
    assert tries(*[200_000] * 60, *steps, most=1_000_000) == []
