"""aiortc as a WHIP publisher and a WHEP viewer."""

import asyncio

from aiortc import RTCPeerConnection, RTCRtpSender, RTCSessionDescription

from Interop.deployment import Deployment
from Interop.signals import MovingBar, Recorder, Tone
from Interop.standalone_media import Session, open_session


async def negotiate(
    connection: RTCPeerConnection, deployment: Deployment, path: str, token: str
) -> Session:
    await connection.setLocalDescription(await connection.createOffer())
    session = await asyncio.to_thread(
        open_session, deployment, path, token, connection.localDescription.sdp)
    await connection.setRemoteDescription(RTCSessionDescription(session.answer, "answer"))
    return session


class Publisher:
    """Sends a tone and a moving bar."""

    def __init__(self, audio: bool = True, video: bool = True, codec: str | None = None):
        self.connection = RTCPeerConnection()
        if audio:
            self.connection.addTransceiver(Tone(), direction="sendonly")
        if video:
            sender = self.connection.addTransceiver(MovingBar(), direction="sendonly")
            if codec:
                every = RTCRtpSender.getCapabilities("video").codecs
                sender.setCodecPreferences(
                    [c for c in every if c.mimeType.lower() in (f"video/{codec}", "video/rtx")])
        self.session: Session | None = None

    async def publish(self, deployment: Deployment, consultation: str, **claims) -> "Publisher":
        token = deployment.token("patient", consultation, name="Publisher", **claims)
        self.session = await negotiate(
            self.connection, deployment, f"/whip/{consultation}", token)
        return self

    @property
    def participant(self) -> str:
        return self.session.participant

    async def close(self) -> None:
        await self.connection.close()


class Viewer:
    """Receives and decodes."""

    def __init__(self, kinds: tuple[str, ...] = ("audio", "video")):
        self.connection = RTCPeerConnection()
        self.recorders: dict[str, Recorder] = {}
        self.session: Session | None = None
        for kind in kinds:
            self.connection.addTransceiver(kind, direction="recvonly")

        @self.connection.on("track")
        def on_track(track) -> None:
            self.recorders[track.kind] = Recorder(track)

    async def play(self, deployment: Deployment, consultation: str, participant: str) -> "Viewer":
        token = deployment.token("physician", consultation, name="Viewer")
        self.session = await negotiate(
            self.connection, deployment, f"/whep/{consultation}/{participant}", token)
        return self

    async def close(self) -> None:
        for recorder in self.recorders.values():
            recorder.stop()
        await self.connection.close()
