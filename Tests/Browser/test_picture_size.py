"""How large a picture goes with its bits: `library/picture-size.js` with what a browser would say of its encoder."""

import pytest

LOOK = """async ([looks, width, height, isFixed]) => {
  const { PictureSize } = await import("/client/library/picture-size.js");
  const size = new PictureSize();
  return looks.map((target, number) => {
    size.look({ at: number * 250, target, width, height, isFixed });
    return size.scale;
  });
}"""
SECOND = 4


@pytest.fixture
def scales(contexts, shared_server):
    """The scale after each look; four looks a second."""
    page = contexts().new_page()
    page.goto(shared_server.url)
    return lambda *targets, size=(640, 480), fixed=False: page.evaluate(LOOK, [list(targets), *size, fixed])


def test_a_picture_whose_bits_fall_is_smaller_with_the_next_look(scales):
    assert scales(1_400_000, 1_400_000, 100_000, 100_000) == [1, 1, 2, 2]
    assert scales(1_400_000, 300_000, size=(1280, 720)) == [1, 2]
    assert scales(1_400_000, 100_000, size=(1280, 720)) == [1, 4]
    # Held upright.
    assert scales(1_400_000, 100_000, size=(720, 1280)) == [1, 4]


def test_no_picture_has_fewer_than_180_lines(scales):
    assert scales(1_400_000, 20_000) == [1, 2]
    assert scales(1_400_000, 20_000, size=(320, 240)) == [1, 1]


def test_the_first_size_is_the_browsers(scales):
    assert set(scales(*[100_000] * 40, 150_000, *[90_000] * 40)) == {1}


def test_a_larger_picture_is_tried_when_there_is_room_for_three_seconds(scales):
    seen = scales(1_400_000, 100_000, *[400_000] * (5 * SECOND))
    assert seen[:2 + 3 * SECOND] == [1] + [2] * (1 + 3 * SECOND) and seen[2 + 3 * SECOND:] == [1] * (2 * SECOND)
    # Room that comes and goes is none; nor is what the larger picture would just need.
    assert set(scales(1_400_000, *[*[100_000], *[400_000] * (2 * SECOND)] * 5)[1:]) == {2}
    assert set(scales(1_400_000, 100_000, *[250_000] * (20 * SECOND))[1:]) == {2}


def test_one_size_after_the_other(scales):
    seen = scales(1_400_000, 100_000, *[1_400_000] * (8 * SECOND), size=(1280, 720))
    assert [scale for scale, before in zip(seen, [None, *seen]) if scale != before] == [1, 4, 2, 1]


def test_of_a_picture_of_details_or_of_one_of_several_the_size_stays(scales):
    assert set(scales(1_400_000, *[50_000] * 20, fixed=True)) == {1}
