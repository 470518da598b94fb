"""A publisher over WHIP and a viewer over WHEP, on a WebRTC stack that is not ours."""

import asyncio
import fractions
import urllib.request

from aiortc import RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from aiortc.mediastreams import AudioStreamTrack
from av import VideoFrame


class SmallVideo(VideoStreamTrack):
    """A picture that changes and costs little to encode."""

    async def recv(self) -> VideoFrame:
        pts, _ = await self.next_timestamp()
        frame = VideoFrame(160, 120, "yuv420p")
        for number, plane in enumerate(frame.planes):
            plane.update(bytes([(pts // 3000 * (number + 1)) % 200 + 20]) * plane.buffer_size)
        frame.pts, frame.time_base = pts, fractions.Fraction(1, 90_000)
        return frame


def post(url: str, token: str, offer: str) -> str:
    request = urllib.request.Request(
        url, data=offer.encode(), method="POST",
        headers={"Content-Type": "application/sdp", "Authorization": "Bearer " + token})
    with urllib.request.urlopen(request, timeout=10) as answer:
        assert answer.status == 201
        return answer.read().decode()


async def negotiate(connection: RTCPeerConnection, url: str, token: str) -> None:
    await connection.setLocalDescription(await connection.createOffer())
    answer = await asyncio.to_thread(post, url, token, connection.localDescription.sdp)
    await connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))


async def publish(server, consultation: str, participant: str) -> RTCPeerConnection:
    connection = RTCPeerConnection()
    connection.addTrack(AudioStreamTrack())
    connection.addTrack(SmallVideo())
    token = server.token("patient", consultation)
    url = f"{server.url}/whip/{consultation}?participant={participant}"
    await negotiate(connection, url, token)
    return connection


class Viewer:
    """Counts what arrives of each kind."""

    def __init__(self):
        self.connection = RTCPeerConnection()
        self.frames = {"audio": 0, "video": 0}
        self._readers: list[asyncio.Task] = []

    async def watch(self, server, consultation: str, participant: str) -> None:
        for kind in self.frames:
            self.connection.addTransceiver(kind, direction="recvonly")

        @self.connection.on("track")
        def on_track(track) -> None:
            self._readers.append(asyncio.ensure_future(self._read(track)))

        url = f"{server.url}/whep/{consultation}/{participant}"
        await negotiate(self.connection, url, server.token("physician", consultation))

    async def _read(self, track) -> None:
        while True:
            await track.recv()
            self.frames[track.kind] += 1

    async def wait_for(self, kind: str, count: int, timeout: float = 20) -> None:
        deadline = asyncio.get_running_loop().time() + timeout
        while self.frames[kind] < count:
            assert asyncio.get_running_loop().time() < deadline, self.frames
            await asyncio.sleep(0.05)

    async def lost(self) -> dict[str, tuple[int, int]]:
        """Packets lost and received, by kind."""
        report = await self.connection.getStats()
        return {
            entry.kind: (entry.packetsLost, entry.packetsReceived)
            for entry in report.values() if entry.type == "inbound-rtp"}

    async def close(self) -> None:
        for reader in self._readers:
            reader.cancel()
        await self.connection.close()
