"""Faults in a call of real browsers, and what the server's monitor says of them."""

import contextlib
import json
import os
import pathlib
import signal
import statistics
import threading
import time

from Browser.participant import eventually
from Network.call import Call, Person

# As in Tests/Browser/test_quality.py: what this machine cannot encode is an incident, rightly.
LIGHT_CAMERA = """
(() => {
  const devices = navigator.mediaDevices, original = devices.getUserMedia.bind(devices);
  devices.getUserMedia = (wanted) => original(wanted.video ?
    { ...wanted, video: { ...wanted.video, width: 320, height: 240, frameRate: 24 } } : wanted);
})();
"""

# What webrtc-stats says of the connection, by the wall clock, which the server has, too.
OBSERVER = """
(() => {
  const observed = (window.__observed = []);
  setInterval(async () => {
    const connection = window.visavis?.consultation?.peerConnection;
    if (!connection) return;
    const one = { at: Date.now() / 1000, received: 0, lost: 0, jitter: null, trip: null };
    for (const report of (await connection.getStats()).values()) {
      // A packet of sound that is sent again counts as if it had come.
      if (report.type === "inbound-rtp" && report.kind === "video") {
        // Retransmissions come on a stream of their own.
        one.received += report.packetsReceived - (report.retransmittedPacketsReceived ?? 0);
        one.lost += report.packetsLost;
      }
      if (report.type === "inbound-rtp" && report.kind === "audio") one.jitter = report.jitter * 1000;
      if (report.type === "candidate-pair" && report.nominated && report.state === "succeeded")
        one.trip = [report.totalRoundTripTime * 1000, report.responsesReceived];
    }
    observed.push(one);
  }, 500);
})();
"""

SILENT_MICROPHONE = """() => {
  const connection = window.visavis.consultation.peerConnection;
  const sender = connection.getSenders().find(({ track }) => track?.kind === "audio");
  window.__microphone = sender.track;
  const context = new AudioContext();
  const silence = context.createMediaStreamDestination();
  const source = new ConstantSourceNode(context, { offset: 0 });
  source.connect(silence);
  source.start();
  window.__sender = sender;
  return context.resume().then(() => sender.replaceTrack(silence.stream.getAudioTracks()[0]));
}"""
LOUD_MICROPHONE = "() => window.__sender.replaceTrack(window.__microphone)"

FROZEN_CAMERA = """() => {
  const connection = window.visavis.consultation.peerConnection;
  const sender = connection.getSenders().find(({ track }) => track?.kind === "video");
  Object.assign(window, { __camera: sender.track, __videoSender: sender });
  return sender.replaceTrack(null);
}"""
MOVING_CAMERA = "() => window.__videoSender.replaceTrack(window.__camera)"

# Packets of the microphone that the browser sent a second time.
SOUND_SENT_AGAIN = """async () => {
  const statistics = await window.visavis.consultation.peerConnection.getStats();
  return [...statistics.values()].filter(({ type, kind }) => type === "outbound-rtp" && kind === "audio")
    .reduce((sum, one) => sum + (one.retransmittedPacketsSent ?? 0), 0);
}"""

# Begins after this returned.
BUSY_PAGE = """(seconds) => void setTimeout(() => {
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end);
})"""


class Incident:
    """What is told of, by who, where and why."""

    def __init__(self, told: dict):
        self.name = (told["role"], told["side"], told["cause"])
        self.began = told["began"]
        self.is_over = told.get("ended") is not None
        self.words = told["words"]

    def __repr__(self) -> str:
        return f"{' '.join(self.name)} ({self.words}){'' if self.is_over else ' goes on'}"


class WatchedCall(Call):
    """Two people, each behind a link, and the monitor's view of them."""

    def __init__(self, server, browsers, places):
        super().__init__(server, browsers, places, 0)
        self._token = server.token("ops")
        self.physician, self.patient = (
            self._watched(role, name) for role, name in (("physician", "Dr Claire Martin"), ("patient", "Mme Durand")))
        for one in (self.physician, self.patient):
            one.join()
        for one in (self.physician, self.patient):
            one.see_everyone_move(1)

    def _watched(self, role: str, name: str) -> Person:
        one = self.person(role, name, camera=LIGHT_CAMERA)
        one.page.add_init_script(OBSERVER)
        return one

    def wait(self, seconds: float) -> None:
        self.physician.page.wait_for_timeout(seconds * 1000)

    def quality(self) -> dict:
        status, text = self.server.get(f"/v1/consultations/{self.id}/quality", self._token)
        assert status == 200, text
        return json.loads(text)

    def person_of(self, role: str) -> dict:
        return next(one for one in self.quality()["participants"] if one["role"] == role)

    def incidents(self) -> list[Incident]:
        return [Incident(one) for one in self.quality()["incidents"]]

    def calm(self, seconds: float, also=()) -> None:
        """Nothing is told of in that time, and nothing goes on after it."""
        known = len(self.incidents())
        self.wait(seconds)
        others = [one for one in self.incidents()[known:] if one.name not in also]
        assert others == [], others

    def undergo(self, *expected, begin, end, also=(), within: float = 10, hold: float = 0) -> None:
        """Each expected incident is told within so many seconds, and over within 15 after it is mended.

        Nothing else is told, but for what `also` says."""
        known = len(self.incidents())

        def found():
            return [one for one in self.incidents()[known:] if one.name in expected]

        began = time.monotonic()
        begin()
        try:
            eventually(lambda: {one.name for one in found()} == set(expected), within, str(expected))
            told = time.monotonic() - began
            self.wait(hold)
        except AssertionError as error:
            raise AssertionError(f"{error}: {self.incidents()[known:]}") from error
        finally:
            end()
        mended = time.monotonic()
        eventually(lambda: all(one.is_over for one in found()), 15, f"the end of {expected}")
        print(f"told after {told:.1f} s, over {time.monotonic() - mended:.1f} s after: {found()}")
        # A page that has given its pictures up takes half a minute until it tries them again.
        eventually(lambda: all(one.is_over for one in self.incidents()), 60, "the end of all")
        # What a device tells of it is judged by then.
        self.wait(4)
        others = [one for one in self.incidents()[known:] if one.name not in {*expected, *also}]
        assert others == [], others


def renderers(place) -> list[int]:
    """The processes of pages in a place."""
    space = os.readlink(f"/proc/{place.keeper}/ns/net")
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.readlink(process / "ns/net") != space:
                continue
            if b"--type=renderer" in (process / "cmdline").read_bytes():
                found.append(int(process.name))
    return found


class Stopped:
    """Processes that do not run; or only a part of the time."""

    def __init__(self, processes: list[int], run: float = 0, stop: float = 0):
        self._processes = processes
        self._times = run, stop
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._repeat) if run else None
        if self._thread:
            self._thread.start()
        else:
            self._send(signal.SIGSTOP)

    def _send(self, number: int) -> None:
        for process in self._processes:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, number)

    def _repeat(self) -> None:
        run, stop = self._times
        while not self._is_over.is_set():
            self._send(signal.SIGSTOP)
            time.sleep(stop)
            self._send(signal.SIGCONT)
            self._is_over.wait(run)

    def end(self) -> None:
        self._is_over.set()
        if self._thread:
            self._thread.join()
        self._send(signal.SIGCONT)


class Observation:
    """What one browser saw between two moments of the wall clock."""

    def __init__(self, person: Person, first: float, last: float):
        samples = person.js("() => window.__observed")
        near = lambda moment: min(samples, key=lambda one: abs(one["at"] - moment))
        a, b = near(first), near(last)
        between = [one for one in samples if a["at"] <= one["at"] <= b["at"]]
        gained = {name: b[name] - a[name] for name in ("received", "lost")}
        self.loss = 100 * gained["lost"] / max(1, gained["lost"] + gained["received"])
        self.jitter = statistics.fmean(one["jitter"] for one in between if one["jitter"] is not None)
        trips = [one["trip"] for one in between if one["trip"]]
        (before, first_answer), (after, last_answer) = trips[0], trips[-1]
        self.round_trip = (after - before) / max(1, last_answer - first_answer)


def is_close(ours: float, theirs: float, share: float = 0.10, least: float = 2.0) -> bool:
    return abs(ours - theirs) <= max(share * theirs, least)
