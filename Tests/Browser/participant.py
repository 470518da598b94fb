"""One person with the consultation page open in Chromium, and what a test may see and hear there."""

import re
import time

from playwright.sync_api import TimeoutError

# Kept small: a test looks whether a picture moves, not what it shows.
SIZE = (48, 27)

PIXELS = """([selector, width, height]) => {
  const video = document.querySelector(selector);
  if (!video || video.readyState < 2) return null;
  const canvas = document.createElement("canvas");
  canvas.width = width; canvas.height = height;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.drawImage(video, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const grey = [];
  for (let i = 0; i < data.length; i += 4) grey.push((data[i] + data[i + 1] + data[i + 2]) / 3);
  return grey;
}"""

# The loudest moment of the sound of a received track, as root mean square from 0 to 1.
LOUDNESS = """async ([participant, milliseconds]) => {
  const remote = window.visavis.consultation.tracks.find(
    (one) => one.kind === "audio" && (!participant || one.participant === participant));
  if (!remote) return null;
  const context = new AudioContext();
  await context.resume();
  const analyser = context.createAnalyser();
  analyser.fftSize = 2048;
  context.createMediaStreamSource(new MediaStream([remote.track])).connect(analyser);
  const samples = new Float32Array(analyser.fftSize);
  let loudest = 0;
  const end = performance.now() + milliseconds;
  while (performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    analyser.getFloatTimeDomainData(samples);
    let sum = 0;
    for (const sample of samples) sum += sample * sample;
    loudest = Math.max(loudest, Math.sqrt(sum / samples.length));
  }
  await context.close();
  return loudest;
}"""

# Counts what must not happen twice, and keeps every socket, so that a test may look and cut.
WITNESS = """
(() => {
  const witness = (window.__witness = { getUserMedia: 0, errors: [], violations: [] });
  const devices = navigator.mediaDevices;
  if (devices) {
    const original = devices.getUserMedia.bind(devices);
    devices.getUserMedia = (constraints) => { witness.getUserMedia += 1; return original(constraints); };
  }
  addEventListener("error", (event) => witness.errors.push(String(event.message)));
  addEventListener("unhandledrejection", (event) => witness.errors.push(String(event.reason)));
  addEventListener("securitypolicyviolation", (event) => witness.violations.push(event.violatedDirective));
})();
"""


def eventually(condition, timeout: float = 10, what: str = ""):
    """Waits until `condition()` is true, and returns that; fails with the last value otherwise."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"not within {timeout} s: {what or condition}; {value!r}"
        time.sleep(0.05)


class Participant:
    """The page of one participant."""

    def __init__(self, context, link: str, name: str):
        self.context = context
        self.name = name
        self.link = link
        context.add_init_script(WITNESS)
        self.page = context.new_page()
        self.console: list[str] = []
        self.page.on("console", lambda message: self.console.append(message.text))
        self.page.on("pageerror", lambda error: self.console.append(f"page error: {error}"))

    # Doing

    def open(self) -> "Participant":
        self.page.goto(self.link)
        self.page.wait_for_selector("#preview:not([hidden])")
        return self

    def join(self) -> "Participant":
        """Through the preview, as a person does."""
        self.open()
        self.page.wait_for_selector("#preview-devices select, #preview-picture[hidden]", state="attached")
        self.page.click("#preview-join")
        self.page.wait_for_selector("#call:not([hidden])")
        return self

    def leave(self) -> None:
        self.page.click("#control-leave")
        if self.page.is_visible("#leave-dialog"):
            self.page.click("#leave-dialog button[value=leave]")
        self.page.wait_for_selector("#message[data-kind=left]")

    def toggle(self, control: str) -> None:
        self.page.click(f"#control-{control}")

    # Seeing

    def js(self, expression: str, argument=None):
        return self.page.evaluate(expression, argument)

    @property
    def phase(self) -> str:
        return self.js("() => window.visavis.consultation?.phase ?? ''")

    @property
    def media_state(self) -> str:
        return self.js("() => window.visavis.consultation?.peerConnection?.connectionState ?? ''")

    @property
    def id(self) -> str:
        return self.js("() => window.visavis.consultation.self.id")

    @property
    def roster(self) -> list[dict]:
        return self.js("() => window.visavis.consultation.roster")

    @property
    def witness(self) -> dict:
        return self.js("() => window.__witness")

    def stats(self) -> dict:
        return self.js("() => window.visavis.consultation.stats()")

    def inbound(self, kind: str, source: str | None = None) -> list[dict]:
        found = [one for one in self.stats()["inbound"] if one["kind"] == kind]
        return [one for one in found if source is None or one["source"] == source]

    def tile(self, number: int = 0, source: str = "camera") -> str:
        """The selector of the video of a remote tile."""
        ids = self.js(
            "(source) => [...document.querySelectorAll(`#tiles > [data-source=${source}]`)].map((t) => t.dataset.id)",
            source)
        if number >= len(ids):
            return "#tiles > .absent"
        return f'#tiles > [data-id="{ids[number]}"] video'

    def pixels(self, selector: str) -> list[float] | None:
        return self.js(PIXELS, [selector, *SIZE])

    def see_motion(self, selector: str, timeout: float = 15) -> None:
        """The rendered picture changes and is not black."""
        first = eventually(lambda: self.pixels(selector), timeout, f"{self.name}: a picture in {selector}")

        def moved():
            now = self.pixels(selector)
            if not now:
                return None
            change = sum(abs(a - b) for a, b in zip(first, now)) / len(now)
            light = sum(now) / len(now)
            return light > 8 and change > 1.0

        eventually(moved, timeout, f"{self.name}: motion in {selector}")

    def see_everyone_move(self, count: int, timeout: float = 20) -> None:
        eventually(
            lambda: self.js("() => document.querySelectorAll('#tiles > [data-source=camera][data-picture=true]').length")
            >= count, timeout, f"{self.name}: {count} pictures; {self.console[-5:]}")
        for number in range(count):
            self.see_motion(self.tile(number), timeout)

    def loudness(self, participant: str = "", milliseconds: int = 1600) -> float | None:
        """Of what is heard from a participant (any one when empty)."""
        return self.js(LOUDNESS, [participant, milliseconds])

    def hear(self, participant: str = "", timeout: float = 12) -> None:
        eventually(lambda: (self.loudness(participant) or 0) > 0.005, timeout, f"{self.name}: sound")

    def frames_decoded(self) -> int:
        return sum(one.get("framesDecoded", 0) for one in self.inbound("video"))

    def shoot(self, folder, name: str) -> None:
        folder.mkdir(exist_ok=True)
        path = folder / f"{re.sub(r'[^a-z0-9-]', '-', name.lower())}.png"
        try:
            self.page.screenshot(path=path, timeout=10_000)
        except TimeoutError as error:
            # An artefact for people, no part of what is proved: a loaded machine may be too slow to draw it.
            print(f"no screenshot {path.name}: {error}")
