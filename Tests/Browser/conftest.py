"""Chromium of the distribution, with a camera and a microphone that are not there."""

import os
import pathlib
import shutil
import urllib.request

import pytest
from playwright.sync_api import sync_playwright

from Browser.participant import Participant

ARTEFACTS = pathlib.Path(__file__).parent / "artefacts"
FLAGS = [
    "--use-fake-device-for-media-stream=device-count=3",
    "--use-fake-ui-for-media-stream",
    "--no-sandbox",
    "--autoplay-policy=no-user-gesture-required",
    "--disable-gpu",
    # Of TURN servers of the tests, by TLS.
    "--ignore-certificate-errors",
]


def chromium_path() -> str:
    """$VISAVIS_CHROMIUM, else the one that is installed; none is ever downloaded."""
    found = os.environ.get("VISAVIS_CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if not found:
        pytest.fail("Chromium is not installed: apt-get install chromium")
    return found


@pytest.fixture(scope="session")
def artefacts() -> pathlib.Path:
    ARTEFACTS.mkdir(exist_ok=True)
    return ARTEFACTS


@pytest.fixture(scope="session")
def playwright():
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="session")
def chromium(playwright):
    browser = playwright.chromium.launch(executable_path=chromium_path(), args=FLAGS)
    yield browser
    browser.close()


@pytest.fixture
def contexts(chromium):
    """Makes browser contexts (a person's browser each); they are closed with the test."""
    made = []

    def make(locale: str = "en-GB", size: tuple[int, int] = (1280, 800), devices: bool = True, **more):
        context = chromium.new_context(
            locale=locale, viewport={"width": size[0], "height": size[1]},
            permissions=["camera", "microphone"] if devices else [], **more)
        made.append(context)
        return context

    yield make
    for context in made:
        context.close()


class Room:
    """A consultation: `room.join("patient", "Mme Durand")` is a person in it with the page open."""

    def __init__(
        self, server, contexts, waiting_room: bool = False, consents: tuple[str, ...] = (), kind: str | None = None,
    ):
        self.server = server
        self.contexts = contexts
        self.id = server.create_consultation(waiting_room=waiting_room, consents=consents, kind=kind)
        self.people: list[Participant] = []

    def person(self, role: str, name: str, url: str | None = None, **more) -> Participant:
        link = self.server.link(role, self.id, name)
        if url:
            link = url + link[link.index("/join"):]
        one = Participant(self.contexts(**more), link, name)
        self.people.append(one)
        return one

    def join(self, role: str, name: str, **more) -> Participant:
        return self.person(role, name, **more).join()

    def remove(self, participant: str) -> None:
        """As a hospital's back end would."""
        request = urllib.request.Request(
            f"{self.server.url}/v1/consultations/{self.id}/participants/{participant}", method="DELETE",
            headers={"Authorization": "Bearer " + self.server.token("backend")})
        urllib.request.urlopen(request, timeout=10).close()


@pytest.fixture
def rooms(contexts, request, artefacts):
    """Makes consultations on a server.

    Afterwards: a screenshot of each page, and none may have had an error of script or policy."""
    made: list[Room] = []

    def make(server, **more) -> Room:
        made.append(Room(server, contexts, **more))
        return made[-1]

    yield make
    people = [person for room in made for person in room.people]
    for number, person in enumerate(people):
        person.shoot(artefacts, f"{request.node.name}-{number}")
    for person in people:
        assert not person.witness["errors"], (person.name, person.console)
        assert not person.witness["violations"], person.name


@pytest.fixture
def room(rooms, shared_server):
    """A consultation on the server that the tests of a module share."""
    return rooms(shared_server)
