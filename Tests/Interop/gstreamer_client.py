"""GStreamer's webrtcbin as a WHIP publisher or a WHEP viewer: a program of its own.

    gstreamer_client.py publish URL TOKEN SECONDS
    gstreamer_client.py play URL TOKEN SECONDS

It needs the distribution's Python (python3-gi with GStreamer's plugins), and nothing else. It
prints one JSON object a line: `{"event": "created", "location": ...}`,
`{"event": "connected"}`, and at the end `{"event": "done", "video": frames, "audio": buffers,
"changed": pictures that differ from the one before, "level": loudest audio in dB}`.
"""

import json
import sys
import urllib.parse
import urllib.request

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstWebRTC", "1.0")
gi.require_version("GstSdp", "1.0")
from gi.repository import GLib, Gst, GstSdp, GstWebRTC  # noqa: E402

PUBLISH = """
webrtcbin name=peer bundle-policy=max-bundle
audiotestsrc is-live=true wave=sine freq=440 ! audioconvert ! opusenc ! rtpopuspay pt=111
  ! application/x-rtp,media=audio,encoding-name=OPUS,payload=111 ! peer.
videotestsrc is-live=true pattern=ball ! video/x-raw,width=320,height=240,framerate=25/1
  ! vp8enc deadline=1 keyframe-max-dist=1000 ! rtpvp8pay pt=96 picture-id-mode=15-bit
  ! application/x-rtp,media=video,encoding-name=VP8,payload=96 ! peer.
"""


def say(event: str, **values) -> None:
    print(json.dumps({"event": event, **values}), flush=True)


class Client:
    def __init__(self, role: str, url: str, token: str, seconds: float):
        self.url, self.token = url, token
        self.location: str | None = None
        self.counts = {"video": 0, "audio": 0, "changed": 0}
        self.level = -200.0
        self.last_picture = b""
        self.loop = GLib.MainLoop()
        if role == "publish":
            self.pipeline = Gst.parse_launch(PUBLISH)
            self.peer = self.pipeline.get_by_name("peer")
        else:
            self.pipeline = Gst.Pipeline()
            self.peer = Gst.ElementFactory.make("webrtcbin")
            self.peer.set_property("bundle-policy", GstWebRTC.WebRTCBundlePolicy.MAX_BUNDLE)
            self.pipeline.add(self.peer)
            for media, caps in (
                ("audio", "encoding-name=OPUS,clock-rate=48000,payload=111,encoding-params=(string)2"),
                ("video", "encoding-name=VP8,clock-rate=90000,payload=96"),
            ):
                self.peer.emit(
                    "add-transceiver", GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY,
                    Gst.Caps.from_string(f"application/x-rtp,media={media},{caps}"))
            self.peer.connect("pad-added", self.on_pad)
        self.peer.connect("on-negotiation-needed", self.on_negotiation_needed)
        self.peer.connect("notify::connection-state", self.on_state)
        self.peer.connect("notify::ice-gathering-state", self.on_gathered)
        bus = self.pipeline.get_bus()
        bus.add_signal_watch()
        bus.connect("message", self.on_message)
        GLib.timeout_add(int(seconds * 1000), self.loop.quit)

    def run(self) -> None:
        self.pipeline.set_state(Gst.State.PLAYING)
        self.loop.run()
        say("done", level=self.level, **self.counts)
        if self.location:
            self.ask("DELETE", self.location, None)
        self.pipeline.set_state(Gst.State.NULL)

    # Negotiation

    def on_negotiation_needed(self, peer) -> None:
        peer.emit("create-offer", None, Gst.Promise.new_with_change_func(self.on_offer))

    def on_offer(self, promise) -> None:
        # The description lives in the reply, the reply in the promise.
        promise.wait()
        reply = promise.get_reply()
        offer = reply.get_value("offer")
        self.peer.emit("set-local-description", offer, Gst.Promise.new())

    def on_gathered(self, peer, _) -> None:
        if peer.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            GLib.idle_add(self.send_offer)

    def send_offer(self) -> None:
        if self.location:
            return
        offer = self.peer.get_property("local-description").sdp.as_text()
        headers, answer = self.ask("POST", self.url, offer)
        self.location = urllib.parse.urljoin(self.url, headers["Location"])
        say("created", location=self.location, offer=offer, answer=answer)
        _, message = GstSdp.SDPMessage.new_from_text(answer)
        description = GstWebRTC.WebRTCSessionDescription.new(
            GstWebRTC.WebRTCSDPType.ANSWER, message)
        self.peer.emit("set-remote-description", description, Gst.Promise.new())

    def ask(self, method: str, url: str, body: str | None):
        request = urllib.request.Request(
            url, method=method, data=None if body is None else body.encode(),
            headers={"Authorization": "Bearer " + self.token, "Content-Type": "application/sdp"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.headers, answer.read().decode()

    def on_state(self, peer, _) -> None:
        state = peer.get_property("connection-state")
        if state == GstWebRTC.WebRTCPeerConnectionState.CONNECTED:
            say("connected")
        elif state == GstWebRTC.WebRTCPeerConnectionState.FAILED:
            say("failed")
            self.loop.quit()

    def on_message(self, _, message) -> None:
        if message.type == Gst.MessageType.ERROR:
            say("error", text=str(message.parse_error()))
            self.loop.quit()
        elif message.type == Gst.MessageType.ELEMENT:
            structure = message.get_structure()
            if structure and structure.get_name() == "level":
                self.level = max([self.level, *structure.get_value("rms")])

    # What arrives

    def on_pad(self, _, pad) -> None:
        if pad.direction != Gst.PadDirection.SRC:
            return
        decode = Gst.ElementFactory.make("decodebin")
        decode.connect("pad-added", self.on_decoded)
        self.pipeline.add(decode)
        decode.sync_state_with_parent()
        pad.link(decode.get_static_pad("sink"))

    def on_decoded(self, _, pad) -> None:
        kind = pad.get_current_caps().get_structure(0).get_name().split("/")[0]
        chain = (
            "queue ! audioconvert ! level interval=200000000 ! fakesink name=end sync=false"
            if kind == "audio"
            else "queue ! videoconvert ! video/x-raw,format=GRAY8 ! fakesink name=end sync=false")
        part = Gst.parse_bin_from_description(chain, True)
        self.pipeline.add(part)
        end = part.get_by_name("end").get_static_pad("sink")
        end.add_probe(Gst.PadProbeType.BUFFER, self.on_buffer, kind)
        part.sync_state_with_parent()
        pad.link(part.get_static_pad("sink"))

    def on_buffer(self, _, info, kind: str):
        self.counts[kind] += 1
        if kind == "video":
            picture = info.get_buffer().extract_dup(0, 1 << 20)
            # Coding noise moves single steps of brightness; a ball moves hundreds of pixels.
            moved = sum(abs(a - b) > 40 for a, b in zip(picture[::7], self.last_picture[::7]))
            self.counts["changed"] += moved > 5
            self.last_picture = picture
        return Gst.PadProbeReturn.OK


if __name__ == "__main__":
    Gst.init(None)
    Client(sys.argv[1], sys.argv[2], sys.argv[3], float(sys.argv[4])).run()
