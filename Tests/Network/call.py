"""A consultation of real browsers behind links, and what can be said of it in numbers."""

import contextlib
import dataclasses
import math
import os
import pathlib
import re
import time

from Browser.participant import Participant, eventually
from Network.link import SLICE

# Keeps in the page when each frame was shown, and samples of getStats() twice a second.
RECORDER = """
(() => {
  const record = (window.__record = { frames: {}, samples: [], lateness: [] });
  const watched = new WeakSet();
  const watch = (video, id) => {
    watched.add(video);
    const shown = (record.frames[id] ??= []);
    const next = (now, { presentedFrames }) => {
      shown.push([now, presentedFrames]);
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
  };
  const pick = (report, names) => Object.fromEntries(names.map((name) => [name, report[name] ?? null]));
  const sample = async () => {
    const consultation = window.visavis?.consultation;
    const connection = consultation?.peerConnection;
    if (!connection) return;
    const one = { at: performance.now(), inbound: [], outbound: [], pair: null, state: connection.connectionState };
    for (const report of (await connection.getStats()).values()) {
      if (report.type === "inbound-rtp") one.inbound.push(pick(report, [
        "kind", "mid", "bytesReceived", "packetsReceived", "packetsLost", "retransmittedPacketsReceived",
        "framesDecoded", "framesPerSecond", "frameHeight", "freezeCount", "totalFreezesDuration", "nackCount",
        "pliCount", "concealedSamples", "silentConcealedSamples", "totalSamplesReceived", "jitterBufferDelay",
        "jitterBufferEmittedCount"]));
      if (report.type === "outbound-rtp") one.outbound.push(pick(report, [
        "kind", "mid", "rid", "bytesSent", "packetsSent", "retransmittedPacketsSent", "framesEncoded", "framesPerSecond",
        "frameHeight", "targetBitrate", "qualityLimitationReason", "nackCount", "pliCount"]));
      if (report.type === "candidate-pair" && report.nominated && report.state === "succeeded")
        one.pair = pick(report, ["currentRoundTripTime", "availableOutgoingBitrate", "bytesSent", "bytesReceived"]);
    }
    record.samples.push(one);
  };
  let due = performance.now() + 100, count = 0;
  setInterval(() => {
    const now = performance.now();
    record.lateness.push(now - due);
    due = now + 100;
    for (const tile of document.querySelectorAll("#tiles > [data-source=camera]")) {
      const video = tile.querySelector("video");
      if (video && !watched.has(video)) watch(video, tile.dataset.id);
    }
    if (++count % 5 === 0) sample();
  }, 100);
})();
"""

# A smaller camera than the page asks for: two browsers and a server share this machine.
CAMERA = """
(() => {
  const devices = navigator.mediaDevices, original = devices.getUserMedia.bind(devices);
  devices.getUserMedia = (wanted) => original(wanted.video ?
    { ...wanted, video: { ...wanted.video, width: 640, height: 480, frameRate: 30 } } : wanted);
})();
"""

# For more than two browsers.
SLOW_CAMERA = CAMERA.replace("frameRate: 30", "frameRate: 15")

# The camera of somebody in a wood, in the wind: takes whatever bit rate it is given.
RESTLESS_CAMERA = """
(() => {
  const devices = navigator.mediaDevices, original = devices.getUserMedia.bind(devices);
  const [width, height] = [640, 480], pictures = [];
  let state = 1;
  for (let number = 0; number < 12; number++) {
    const picture = new Uint8Array(width * height * 3 / 2).fill(128);
    for (let i = 0; i < width * height; i++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      picture[i] = 96 + (state >>> 26);
    }
    pictures.push(picture);
  }
  devices.getUserMedia = async (wanted) => {
    if (!wanted.video) return original(wanted);
    const track = new MediaStreamTrackGenerator({ kind: "video" });
    const writer = track.writable.getWriter();
    let number = 0;
    const timer = setInterval(() => {
      if (track.readyState === "ended") return clearInterval(timer);
      if (writer.desiredSize <= 0) return;
      const timestamp = Math.round(performance.now() * 1000);
      writer.write(new VideoFrame(pictures[number++ % pictures.length],
        { format: "I420", codedWidth: width, codedHeight: height, timestamp })).catch(() => {});
    }, 33);
    const sound = wanted.audio ? (await original({ audio: wanted.audio })).getTracks() : [];
    return new MediaStream([...sound, track]);
  };
  // More than the page allows, so that the path is what limits.
  const add = RTCPeerConnection.prototype.addTransceiver;
  RTCPeerConnection.prototype.addTransceiver = function (track, options = {}) {
    for (const one of options.sendEncodings ?? []) if (one.maxBitrate > 1_000_000) one.maxBitrate = 3_000_000;
    return add.call(this, track, options);
  };
  const set = RTCRtpSender.prototype.setParameters;
  RTCRtpSender.prototype.setParameters = function (parameters) {
    for (const one of parameters.encodings ?? []) if (one.maxBitrate > 1_000_000) one.maxBitrate = 3_000_000;
    return set.call(this, parameters);
  };
})();
"""

# As if the page were laid out so.
ENLARGE = """([width, height]) => {
  for (const video of document.querySelectorAll("#tiles > [data-source=camera] video"))
    Object.assign(video.style, { inset: "auto", width: `${width}px`, height: `${height}px` });
}"""

RESET = """() => {
  const record = window.__record;
  for (const shown of Object.values(record.frames)) shown.splice(0, shown.length - 1);
  record.samples.splice(0, record.samples.length - 1);
  record.lateness.length = 0;
  return performance.now();
}"""

TAKE = "() => ({ ...window.__record, now: performance.now() })"


class Machine:
    """Whether this machine had time for what was measured on it."""

    def __init__(self):
        self._total, self._idle = self._read()
        self._ours = self._mine()

    @staticmethod
    def _read() -> tuple[int, int]:
        words = pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]
        spent = [int(word) for word in words]
        # What yields to us (nice) is as good as idle.
        return sum(spent), spent[1] + spent[3] + spent[4]

    @staticmethod
    def _mine() -> dict[int, int]:
        """Processor time of this process and of all that descend from it."""
        parents, spent = {}, {}
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError, ValueError):
                fields = stat.read_text().rsplit(")", 1)[1].split()
                number = int(stat.parent.name)
                parents[number] = int(fields[1])
                spent[number] = int(fields[11]) + int(fields[12])
        ours, grew = {os.getpid()}, True
        while grew:
            more = {one for one, parent in parents.items() if parent in ours} - ours
            grew = bool(more)
            ours |= more
        return {one: spent[one] for one in ours if one in spent}

    def others(self) -> float:
        """The share of all processors that other programs, or a hypervisor, took since."""
        total, idle = self._read()
        ours = sum(time - self._ours.get(number, 0) for number, time in self._mine().items())
        return max(0.0, 1 - (idle - self._idle + ours) / max(1, total - self._total))


def mos(loss: float, delay: float) -> float:
    """Fullband E-model (ITU-T G.107.2), Opus at 34 kbit/s.

    `loss` is the share that had to be concealed, `delay` from mouth to ear in seconds."""
    milliseconds = delay * 1000
    impairment = 0.0
    if milliseconds > 100:
        x = math.log2(milliseconds / 100)
        impairment = 25 * ((1 + x**6) ** (1 / 6) - 3 * (1 + (x / 3) ** 6) ** (1 / 6) + 2)
    percent = loss * 100
    equipment = 14.76 + (132 - 14.76) * percent / (percent + 10.12)
    rating = (148 - 1.48 * impairment - equipment) / 1.48
    if rating <= 0:
        return 1.0
    if rating >= 100:
        return 4.5
    return max(1.0, 1 + 0.035 * rating + rating * (rating - 60) * (100 - rating) * 7e-6)


def series(samples: list[dict], where: str, kind: str, name: str) -> list[tuple[float, float]]:
    """(seconds, sum over the tracks of a kind) of each sample."""
    found = []
    for sample in samples:
        values = [one[name] for one in sample[where] if one["kind"] == kind and one[name] is not None]
        if values:
            found.append((sample["at"] / 1000, sum(values)))
    return found


def growth(samples: list[dict], where: str, kind: str, name: str) -> float:
    """What the counters of all tracks of a kind grew by; one that begins, or begins anew, grows from nothing."""
    total, before = 0.0, None
    for sample in samples:
        now = {(one["mid"], one.get("rid")): one[name] for one in sample[where]
               if one["kind"] == kind and one[name] is not None}
        if before is not None:
            for track, value in now.items():
                total += value - before.get(track, 0) if value >= before.get(track, 0) else value
        before = now if now or before is None else before
    return total


def bit_rate(samples: list[dict], kind: str) -> float:
    """Bits a second that came between the first sample and the last: they are not taken when a measurement ends."""
    values = series(samples, "inbound", kind, "bytesReceived")
    if len(values) < 2:
        return 0.0
    return growth(samples, "inbound", kind, "bytesReceived") * 8 / max(0.1, values[-1][0] - values[0][0])


def encoder_targets(samples: list[dict]) -> dict[int, float]:
    """By the height of a picture that is sent, the median of the bits a second that its encoder was given."""
    found: dict[int, list[float]] = {}
    for sample in samples:
        for one in sample["outbound"]:
            if one["kind"] == "video" and one["frameHeight"] and one["targetBitrate"]:
                found.setdefault(one["frameHeight"], []).append(one["targetBitrate"])
    return {height: sorted(rates)[len(rates) // 2] for height, rates in found.items()}


@dataclasses.dataclass
class Heard:
    """What one participant saw and heard in a measured interval."""

    # By the page's clock.
    began: float
    seconds: float
    frames: int
    # Seconds between frames that were shown, the longest; to the end of the interval if nothing more came.
    longest_gap: float
    # As webrtc-stats counts them.
    freezes: int
    frozen: float
    concealed: float
    round_trip: float
    playout: float
    video_rate: float
    audio_rate: float
    height: int
    nacks: int
    keyframe_requests: int
    # Of the page's own clock: a machine too busy to draw shows here.
    lateness: float
    # What the link did meanwhile (see link.py).
    link: dict = dataclasses.field(repr=False)
    samples: list[dict] = dataclasses.field(repr=False)
    # (seconds of the page's clock, length) of gaps of more than 100 ms.
    gaps: list[tuple[float, float]] = dataclasses.field(repr=False)

    def longest_gap_after(self, seconds: float) -> float:
        """Of those that ended so long after the beginning of the interval, or later."""
        return max([length for when, length in self.gaps if when >= self.began + seconds], default=0.0)

    def waits(self, direction: str, first: float, last: float | None = None) -> float:
        """The longest wait in the queue of the link between two moments of the interval, in seconds."""
        values = self.link[direction]["waits"]
        return max(values[int(first / SLICE):None if last is None else int(last / SLICE)], default=0.0)

    def passed(self, direction: str, first: float, last: float | None = None) -> float:
        """Bits a second that passed the link between two moments of the interval."""
        values = self.link[direction]["octets"][int(first / SLICE):None if last is None else int(last / SLICE)]
        return sum(values) * 8 / (SLICE * len(values)) if values else 0.0

    @property
    def fps(self) -> float:
        return self.frames / self.seconds

    def mos(self, others_round_trip: float = 0.0) -> float:
        return mos(self.concealed, self.round_trip / 2 + others_round_trip / 2 + 0.03 + self.playout)

    def __str__(self) -> str:
        return (f"{self.fps:.1f} fps at {self.height}p, longest gap {self.longest_gap * 1000:.0f} ms, "
                f"{self.freezes} freezes ({self.frozen:.2f} s), concealed {self.concealed * 100:.2f} %, "
                f"MOS {self.mos():.2f}, RTT {self.round_trip * 1000:.0f} ms, playout {self.playout * 1000:.0f} ms, "
                f"video {self.video_rate / 1000:.0f} kbit/s, audio {self.audio_rate / 1000:.0f} kbit/s, "
                f"{self.nacks} NACKs, {self.keyframe_requests} PLIs, page late {self.lateness * 1000:.0f} ms")


def gaps(shown: list[list[float]], end: float) -> list[tuple[float, float]]:
    """(when, how long) nothing new was shown. Frames whose callback the page missed count as shown evenly."""
    found = []
    for (then, first), (now, last) in zip(shown, shown[1:]):
        found.append((now / 1000, (now - then) / 1000 / max(1, last - first)))
    if shown:
        found.append((end / 1000, (end - shown[-1][0]) / 1000))
    return found


class Person(Participant):
    """A participant whose browser is in a place of its own."""

    def __init__(self, context, link: str, name: str, place, camera: str = CAMERA):
        super().__init__(context, link, name)
        self.place = place
        self.began = 0.0
        context.add_init_script(RECORDER)
        context.add_init_script(camera)

    def video_rate(self) -> float:
        """Bits a second of video that came in the last two seconds."""
        return bit_rate(self.js("() => window.__record.samples.slice(-5)"), "video")

    def begin(self) -> None:
        self.began = self.js(RESET)
        self.place.ask("begin")

    def end(self) -> Heard:
        record = self.js(TAKE)
        samples = record["samples"]
        seconds = (record["now"] - self.began) / 1000
        longest, frames, long = 0.0, 0, []
        for shown in record["frames"].values():
            found = gaps(shown, record["now"])
            longest = max([longest, *(length for _, length in found)])
            long += [one for one in found if one[1] > 0.1]
            frames = max(frames, int(shown[-1][1] - shown[0][1]) if shown else 0)
        total = growth(samples, "inbound", "audio", "totalSamplesReceived")
        concealed = growth(samples, "inbound", "audio", "concealedSamples")
        emitted = growth(samples, "inbound", "audio", "jitterBufferEmittedCount")
        waited = growth(samples, "inbound", "audio", "jitterBufferDelay")
        trips = sorted(one["pair"]["currentRoundTripTime"] or 0 for one in samples if one["pair"]) or [0.0]
        heights = series(samples, "inbound", "video", "frameHeight")
        late = sorted(record["lateness"]) or [0.0]
        return Heard(
            began=self.began / 1000, seconds=seconds, frames=frames, longest_gap=round(longest, 3),
            freezes=int(growth(samples, "inbound", "video", "freezeCount")),
            frozen=growth(samples, "inbound", "video", "totalFreezesDuration"),
            concealed=concealed / total if total else 1.0,
            round_trip=trips[len(trips) // 2], playout=waited / emitted if emitted else 0.0,
            video_rate=bit_rate(samples, "video"),
            audio_rate=bit_rate(samples, "audio"),
            height=int(heights[-1][1]) if heights else 0,
            nacks=int(growth(samples, "inbound", "video", "nackCount")),
            keyframe_requests=int(growth(samples, "inbound", "video", "pliCount")),
            lateness=late[int(0.99 * (len(late) - 1))] / 1000, link=self.place.ask("end"), samples=samples, gaps=long)


class Call:
    """A consultation: who is in it, each in a place of their own."""

    def __init__(self, server, browsers, places, seconds: float):
        self._seconds = seconds
        # Whether the scenario lasts as long as it is told.
        self.is_timed = False
        self.server = server
        self._browsers = browsers
        self._places = places
        self.id = server.create_consultation()
        self.people: list[Person] = []
        self.heard: list[Heard] = []
        self._contexts = []

    @property
    def seconds(self) -> float:
        """How long it is measured."""
        self.is_timed = True
        return self._seconds

    def person(
        self, role: str, name: str, number: int | None = None, camera: str = CAMERA, **more
    ) -> Person:
        """Somebody in the place of that number; each in a place of their own when none is told."""
        number = len(self.people) if number is None else number
        context = self._browsers(number).new_context(
            locale="en-GB", viewport={"width": 960, "height": 600},
            permissions=["camera", "microphone"], **more)
        self._contexts.append(context)
        one = Person(context, self.server.link(role, self.id, name), name, self._places(number), camera)
        self.people.append(one)
        return one

    def two(self, camera: str = CAMERA) -> tuple[Person, Person]:
        """A physician and a patient, seeing and hearing each other."""
        physician = self.person("physician", "Dr Claire Martin", camera=camera).join()
        patient = self.person("patient", "Mme Durand", camera=camera).join()
        for one in (physician, patient):
            one.see_everyone_move(1)
        return physician, patient

    def settle(self, rate: float, timeout: float = 20) -> None:
        """Until everyone receives video at that rate: estimates begin low."""
        eventually(lambda: all(one.video_rate() >= rate for one in self.people), timeout,
                   f"video of {rate / 1000:.0f} kbit/s for everyone")

    def settle_height(self, height: int, timeout: float = 40) -> None:
        """Until every picture that anybody sees has that height: layers are chosen as estimates grow."""
        def settled():
            seen = [one.get("frameHeight") for person in self.people for one in person.inbound("video")]
            return any(seen) and all(one in (None, height) for one in seen)

        eventually(settled, timeout, f"pictures of {height} lines")

    def measure(self, seconds: float, then=None) -> list[Heard]:
        """What everyone saw and heard in the seconds from now; meanwhile `then()` may change something."""
        for person in self.people:
            person.begin()
        end = time.monotonic() + seconds
        if then:
            then()
        # The page's own loop goes on while we wait in it.
        self.people[0].page.wait_for_timeout(max(0.0, end - time.monotonic()) * 1000)
        self.heard = [person.end() for person in self.people]
        for person, heard in zip(self.people, self.heard):
            print(f"{person.name}: {heard}")
        return self.heard

    def retransmissions(self) -> float:
        """Packets that the server has sent again so far, to anybody."""
        status, text = self.server.get("/metrics", self.server.token("ops"))
        assert status == 200, text
        return sum(float(line.split()[-1]) for line in text.splitlines()
                   if re.match(r"visavis_worker_retransmissions\S*_total", line))

    def disturbances(self, machine: Machine) -> list[str]:
        """Why what was measured may tell of this machine, not of the network."""
        found = []
        if machine.others() > 0.3:
            found.append(f"other programs took {machine.others() * 100:.0f} % of the machine")
        for person, heard in zip(self.people, self.heard):
            if heard.lateness > 0.080:
                found.append(f"{person.name}'s page was {heard.lateness * 1000:.0f} ms late")
            if heard.link["late"]["p99"] > 0.010:
                found.append(f"{person.name}'s link was {heard.link['late']['p99'] * 1000:.0f} ms late")
        return found

    def close(self) -> None:
        for context in self._contexts:
            with contextlib.suppress(Exception):
                context.close()
