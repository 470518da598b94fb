"""GStreamer's webrtcbin (libnice, its own DTLS and RTP session) publishes over WHIP and plays over
WHEP; the other end is aiortc.

Needs Debian's python3-gi, gir1.2-gst-plugins-bad-1.0, gstreamer1.0-plugins-bad, -good and -nice:
gstreamer_client.py runs in the distribution's own Python. Skipped where they are missing. Run with
`pytest Tests/Interop/test_gstreamer.py`; see conftest.py for another server.
"""

import asyncio
import json
import pathlib
import subprocess

import pytest

from Interop.aiortc_client import Publisher, Viewer
from Interop.signals import has_changed, loudness, strongest_frequency

PYTHON = "/usr/bin/python3"
CLIENT = pathlib.Path(__file__).with_name("gstreamer_client.py")
PROBE = """
import gi
gi.require_version("Gst", "1.0"); gi.require_version("GstWebRTC", "1.0")
from gi.repository import Gst, GstWebRTC
Gst.init(None)
for name in ("webrtcbin", "nicesrc", "dtlssrtpenc", "vp8enc", "opusenc", "rtpvp8pay"):
    assert Gst.ElementFactory.find(name), name
"""


@pytest.fixture(scope="module", autouse=True)
def gstreamer():
    probe = subprocess.run([PYTHON, "-c", PROBE], capture_output=True, text=True, check=False)
    if probe.returncode != 0:
        pytest.skip("GStreamer's webrtcbin is not installed: " + probe.stderr[-200:])


class Client:
    """The running program."""

    @classmethod
    async def start(cls, role: str, url: str, token: str, seconds: float) -> "Client":
        self = cls()
        self.process = await asyncio.create_subprocess_exec(
            PYTHON, str(CLIENT), role, url, token, str(seconds), stdout=subprocess.PIPE,
            limit=1 << 20)
        return self

    async def wait_for(self, event: str, timeout: float = 20) -> dict:
        async def read() -> dict:
            async for line in self.process.stdout:
                found = json.loads(line)
                assert found["event"] not in ("failed", "error"), found
                if found["event"] == event:
                    return found
            raise AssertionError(f"the program ended without {event}")

        return await asyncio.wait_for(read(), timeout)

    async def end(self) -> None:
        if self.process.returncode is None:
            self.process.terminate()
            await self.process.wait()


def test_publishing(deployment, consultation):
    async def scenario():
        token = deployment.token("patient", consultation, name="GStreamer")
        publisher = await Client.start(
            "publish", f"{deployment.url}/whip/{consultation}", token, 60)
        viewer = Viewer()
        try:
            created = await publisher.wait_for("created")
            await publisher.wait_for("connected")
            participant = created["location"].rsplit("/", 1)[1]
            await viewer.play(deployment, consultation, participant)
            assert has_changed(await viewer.recorders["video"].wait_for(40))
            heard = await viewer.recorders["audio"].wait_for(50)
            assert loudness(heard) > 2000
            assert abs(strongest_frequency(heard) - 440) < 15
        finally:
            await viewer.close()
            await publisher.end()

    asyncio.run(scenario())


def test_playing(deployment, consultation):
    async def scenario():
        publisher = await Publisher().publish(deployment, consultation)
        token = deployment.token("physician", consultation, name="GStreamer")
        viewer = await Client.start(
            "play", f"{deployment.url}/whep/{consultation}/{publisher.participant}", token, 10)
        try:
            await viewer.wait_for("connected")
            done = await viewer.wait_for("done")
            assert done["video"] > 60 and done["changed"] > 30, done
            assert done["audio"] > 100 and done["level"] > -30, done
        finally:
            await viewer.end()
            await publisher.close()

    asyncio.run(scenario())
