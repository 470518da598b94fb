"""aiortc, a WebRTC stack in Python (its own ICE, DTLS, RTP and jitter buffer), publishes over WHIP
and plays over WHEP.

What is decoded at the other end is looked at: the bar in the picture walks, the tone is the one
that was sent. Run with `pytest Tests/Interop/test_aiortc.py`; see conftest.py for another server.
"""

import asyncio

import pytest

from Interop.aiortc_client import Publisher, Viewer, negotiate
from Interop.signals import is_moving, loudness, strongest_frequency


async def assert_seen(viewer: Viewer) -> None:
    frames = await viewer.recorders["video"].wait_for(45)
    assert is_moving(frames)


async def assert_heard(viewer: Viewer) -> None:
    frames = await viewer.recorders["audio"].wait_for(50)
    assert loudness(frames) > 2000
    assert abs(strongest_frequency(frames) - 440) < 15


@pytest.mark.parametrize("codec", ["vp8", "h264"])
def test_what_is_published_is_seen_and_heard(deployment, consultation, codec):
    async def scenario():
        publisher = await Publisher(codec=codec).publish(deployment, consultation)
        viewer = await Viewer().play(deployment, consultation, publisher.participant)
        try:
            await assert_seen(viewer)
            await assert_heard(viewer)
            answered = publisher.session.answer.lower()
            assert f" {codec}/90000" in answered
        finally:
            await viewer.close()
            await publisher.close()

    asyncio.run(scenario())


def test_a_late_viewer_gets_a_picture_of_its_own(deployment, consultation):
    async def scenario():
        publisher = await Publisher().publish(deployment, consultation)
        first = await Viewer().play(deployment, consultation, publisher.participant)
        viewers = [first]
        try:
            await assert_seen(first)
            late = await Viewer().play(deployment, consultation, publisher.participant)
            viewers.append(late)
            await assert_seen(late)
            await assert_heard(late)
            await assert_seen(first)
        finally:
            for viewer in viewers:
                await viewer.close()
            await publisher.close()

    asyncio.run(scenario())


def test_one_kind_alone(deployment, consultation):
    async def scenario():
        publisher = await Publisher(video=False).publish(deployment, consultation)
        viewer = await Viewer(("audio",)).play(deployment, consultation, publisher.participant)
        try:
            await assert_heard(viewer)
        finally:
            await viewer.close()
            await publisher.close()

    asyncio.run(scenario())


def test_two_publish_and_see_each_other(deployment, consultation):
    async def scenario():
        people = [
            await Publisher().publish(deployment, consultation),
            await Publisher().publish(deployment, consultation)]
        viewers = []
        try:
            assert people[0].participant != people[1].participant
            for person in people:
                viewers.append(
                    await Viewer().play(deployment, consultation, person.participant))
            for viewer in viewers:
                await assert_seen(viewer)
                await assert_heard(viewer)
            # One hangs up: the other goes on.
            assert people[0].session.delete().status == 200
            await assert_seen(viewers[1])
        finally:
            for one in viewers + people:
                await one.close()

    asyncio.run(scenario())


def test_the_viewer_sees_a_publisher_who_comes_back(deployment, consultation):
    """The same participant over a new peer connection: the viewer's connection stays."""

    async def scenario():
        publisher = await Publisher().publish(deployment, consultation)
        viewer = await Viewer().play(deployment, consultation, publisher.participant)
        again = Publisher()
        try:
            await assert_seen(viewer)
            await publisher.close()
            again.session = await negotiate(
                again.connection, deployment,
                f"/whip/{consultation}?participant={publisher.participant}",
                publisher.session.token)
            assert again.participant == publisher.participant
            await assert_seen(viewer)
            await assert_heard(viewer)
        finally:
            await viewer.close()
            await again.close()

    asyncio.run(scenario())
