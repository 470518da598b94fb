"""How long sound and picture are away when the network of a person changes.

    cd Tests && python -m Browser.moving --repetitions 10 [--only SCENARIO ...] [--json FILE]

Real Chromium with two links (`two_links.py`); both people's sound and picture count, the slowest is the figure.
"""

import argparse
import contextlib
import json
import pathlib
import statistics
import tempfile
import time

from Browser.participant import Participant, eventually
from Browser.two_links import LINKS, RECORDER, TwoLinks, back_after
from Browser.udp_proxy import UDPProxy


# Small pictures: it is about when they come, and the machine has two browsers to run.
SMALL = """
(() => {
  const original = navigator.mediaDevices?.getUserMedia.bind(navigator.mediaDevices);
  if (!original) return;
  navigator.mediaDevices.getUserMedia = ({ audio, video }) => original({
    audio,
    video: video && { ...(video === true ? {} : video), width: 320, height: 180, frameRate: 15 },
  });
})();
"""

# Whether sound and picture have come for two seconds, without a pause worth the name.
FLOWING = """() => ["audio", "video"].every((kind) => {
  const seen = window.__times[kind].filter((at) => at > Date.now() - 2000);
  const ends = [Date.now() - 2000, ...seen, Date.now()];
  return seen.length > 8 && ends.every((at, i) => i === 0 || at - ends[i - 1] < 500);
})"""


# Packets' ways out of the connection in the last two seconds, and the longest pause.
RECENT = """() => Object.fromEntries(["audio", "video"].map((kind) => {
  const seen = window.__times[kind].filter((at) => at > Date.now() - 2000);
  return [kind, [seen.length, Math.max(0, ...seen.slice(1).map((at, i) => at - seen[i]))]];
}))"""


class Call:
    """A patient behind two links and a physician beside the server, who hear and see each other."""

    def __init__(self, playwright, flags: list[str], chromium: str, folder: pathlib.Path, start_server):
        self._stack = contextlib.ExitStack()
        try:
            self.links = self._stack.enter_context(TwoLinks(folder))
            self.server = start_server({
                "http.host": "0.0.0.0", "http.allowPlaintext": True,
                "media.announcedAddresses": [self.links.server],
            })
            self.url = f"http://{self.links.server}:{self.server.http_port}"
            consultation = self.server.create_consultation()
            self.proxy = UDPProxy(self.server.media_port)
            self._stack.callback(self.proxy.close)
            self.physician = self._person(
                playwright, flags, chromium, "physician", "Dr Claire Martin", consultation,
                f"http://127.0.0.1:{self.server.http_port}")
            # Media of the physician passes the proxy, so that a NAT in front of it can change its mind.
            self.physician.page.add_init_script(self.proxy.script)
            self.patient = self._person(
                playwright, [*flags, f"--unsafely-treat-insecure-origin-as-secure={self.url}"],
                self.links.program(chromium), "patient", "Mme Durand", consultation, self.url)
            for person in (self.physician, self.patient):
                person.page.add_init_script(SMALL)
                person.page.add_init_script(RECORDER)
                person.join()
            self.settle()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> "Call":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self._stack.close()

    @property
    def people(self) -> tuple[Participant, Participant]:
        return self.physician, self.patient

    def settle(self) -> None:
        """Both hear and see the other, and have for a while."""
        for person in self.people:
            eventually(lambda: person.phase == "joined" and person.media_state == "connected", 20, person.name)
        deadline = time.monotonic() + 40
        while True:
            time.sleep(2.5)
            rates = [person.js(FLOWING) for person in self.people]
            if all(rates):
                break
            self.began = time.time() - 10
            assert time.monotonic() < deadline, [(one.name, one.js(RECENT), self.marks(one)) for one in self.people]
        for person in self.people:
            person.js("() => { for (const kept of Object.values(window.__times)) kept.length = 0; }")
        time.sleep(0.3)

    def marks(self, person: Participant) -> list:
        marks = person.js("() => window.__times.marks")
        return [[round(at / 1000 - self.began, 2), what] for at, what in marks if at / 1000 > self.began - 0.1]

    def measure(self, since: float, path: float | None = None, patience: float = 20) -> dict:
        """Waits until all is back; the seconds from `path` (by default `since`) to that."""
        self.began = since
        deadline = time.monotonic() + patience
        time.sleep(4)
        while True:
            found = {person.name: back_after(person, since, path) for person in self.people}
            values = [value for one in found.values() for value in one.values()]
            if None not in values:
                return {"back": max(values), "of": found}
            if time.monotonic() > deadline:
                return {"back": None, "of": found}
            time.sleep(0.2)

    def _person(self, playwright, flags, chromium, role, name, consultation, url) -> Participant:
        browser = playwright.chromium.launch(executable_path=chromium, args=flags)
        self._stack.callback(browser.close)
        context = browser.new_context(
            locale="en-GB", viewport={"width": 900, "height": 600}, permissions=["camera", "microphone"])
        link = self.server.link(role, consultation, name)
        return Participant(context, url + link[link.index("/join"):], name)


# Scenarios: each leaves the call as it found it, on one of the links.


def nat(call: Call) -> dict:
    """The NAT in front of the physician forgets: another address, without a word to the browser."""
    began = time.time()
    call.proxy.change_addresses()
    return call.measure(began)


def switch(call: Call) -> dict:
    """Both links are there; the one in use loses its address."""
    link = call.links.busiest()
    began = time.time()
    call.links.down(link)
    result = call.measure(began)
    call.links.up(link)
    return result


def fade(call: Call) -> dict:
    """Both links are there; the one in use goes silent, and nobody is told."""
    link = call.links.busiest()
    began = time.time()
    call.links.silence(link)
    result = call.measure(began)
    call.links.mend(link)
    return result


def outage(call: Call, seconds: float = 5) -> dict:
    """The only link loses its address; after a while there is another one."""
    link = call.links.busiest()
    other = next(one for one in LINKS if one != link)
    call.links.down(other)
    call.settle()
    began = time.time()
    call.links.down(link)
    time.sleep(seconds)
    path = time.time()
    call.links.up(other)
    result = call.measure(began, path)
    call.links.up(link)
    return result


def silent_outage(call: Call, seconds: float = 5) -> dict:
    """The only link goes silent, nobody is told; after a while there is another one."""
    link = call.links.busiest()
    other = next(one for one in LINKS if one != link)
    call.links.down(other)
    call.settle()
    began = time.time()
    call.links.silence(link)
    time.sleep(seconds)
    path = time.time()
    call.links.up(other)
    call.links.down(link)
    result = call.measure(began, path)
    call.links.mend(link)
    call.links.up(link)
    return result


def renewal(call: Call) -> dict:
    """Everything anew: the socket and the peer connection, with the place and the tracks that were there."""
    began = time.time()
    call.patient.js("() => window.visavis.consultation.renewAll()")
    return call.measure(began)


SCENARIOS = {
    "nat": nat, "switch": switch, "fade": fade, "outage": outage, "silent-outage": silent_outage,
    "renewal": renewal,
}
# Seconds. Chromium on Linux learns of a new address two seconds late, unless it was without any.
GOALS = {"nat": 1.0, "switch": 1.0, "outage": 1.0, "silent-outage": 3.0, "renewal": 3.0}


def percentile(values: list[float], part: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(part * len(ordered) + 0.5) - 1))]


def main() -> None:
    from playwright.sync_api import sync_playwright

    from Browser.conftest import FLAGS, chromium_path
    from visavis_server import VisavisServer

    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repetitions", type=int, default=10)
    parser.add_argument("--only", nargs="*", choices=SCENARIOS, default=list(SCENARIOS))
    parser.add_argument("--marks", action="store_true", help="print what the pages did, in seconds from the change")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    results: dict[str, list] = {}
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack, sync_playwright() as playwright:
        folder = pathlib.Path(name)

        def start(settings: dict) -> VisavisServer:
            server = VisavisServer(folder, settings)
            stack.enter_context(server)
            return server

        with Call(playwright, FLAGS, chromium_path(), folder, start) as call:
            for scenario in options.only:
                for _ in range(options.repetitions):
                    call.settle()
                    identity = call.patient.id
                    found = SCENARIOS[scenario](call)
                    assert call.patient.id == identity
                    results.setdefault(scenario, []).append(found)
                    print(scenario, json.dumps(found), flush=True)
                    if options.marks:
                        for person in call.people:
                            print("   ", person.name, call.marks(person), flush=True)
    for scenario, found in results.items():
        back = [one["back"] for one in found if one["back"] is not None]
        lost = len(found) - len(back)
        if back:
            print(f"{scenario:14} n {len(found)}  median {statistics.median(back):.2f} s  "
                  f"p95 {percentile(back, 0.95):.2f} s  max {max(back):.2f} s  never back {lost}")
    if options.json:
        options.json.write_text(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
