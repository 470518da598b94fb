"""Participants in network namespaces, behind links that lose, delay and narrow."""

import os
import shlex

import pytest
from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import sync_playwright

from Browser.conftest import chromium_path
from Network.call import Call, Machine
from Network.world import SERVER, NotPermitted, World
from visavis_server import VisavisServer


@pytest.fixture(scope="session")
def world():
    """Where no namespace can be made the tests say so, and do nothing."""
    try:
        made = World()
    except (NotPermitted, PermissionError) as error:
        pytest.skip(f"no network namespaces here: {error}")
    yield made
    made.close()


@pytest.fixture(scope="session")
def places(world):
    """Three of them, made when asked for: `places(0)`."""
    def place(number: int):
        while len(world.places) <= number:
            try:
                world.place()
            except NotPermitted as error:
                pytest.skip(f"no network namespaces here: {error}")
        return world.places[number]

    return place


@pytest.fixture
def place(places):
    """One place, its link without conditions before and after."""
    one = places(0)
    one.mend()
    yield one
    one.mend()


@pytest.fixture(scope="session")
def network_server(world, tmp_path_factory):
    """One server for all, at the address that every place reaches."""
    server = VisavisServer(tmp_path_factory.mktemp("visavis"), {
        "http.host": SERVER, "http.allowPlaintext": True, "media.announcedAddresses": [SERVER],
        "log.level": "info"})
    server.settings["http.publicURL"] = f"http://{SERVER}:{server.http_port}"
    with server:
        yield server


@pytest.fixture(scope="session")
def browsers(world, places, network_server, tmp_path_factory):
    """Chromium in the place of a number: `browsers(0)`."""
    folder = tmp_path_factory.mktemp("chromium")
    launched = {}
    with sync_playwright() as playwright:

        def browser(number: int):
            if number not in launched:
                wrapper = folder / f"chromium-{number}"
                words = [*places(number).prefix, chromium_path()]
                wrapper.write_text(f'#!/bin/sh\nexec {shlex.join(words)} "$@"\n')
                wrapper.chmod(0o755)
                launched[number] = playwright.chromium.launch(executable_path=wrapper, args=[
                    "--use-fake-device-for-media-stream=device-count=1,fps=30",
                    "--use-fake-ui-for-media-stream", "--no-sandbox", "--disable-gpu",
                    "--autoplay-policy=no-user-gesture-required",
                    # Cameras and microphones are given to pages from afar by HTTPS alone.
                    f"--unsafely-treat-insecure-origin-as-secure={network_server.url}",
                ])
            return launched[number]

        yield browser
        for one in launched.values():
            one.close()


@pytest.fixture(scope="session")
def full():
    """Whether each scenario has a minute, as the goals say, or what a test of every change can afford."""
    return os.environ.get("VISAVIS_NETWORK") == "full"


# The goals are those of a minute; what a test of every change can afford is a third of it.
MINUTE = 60
SHORT = 20


@pytest.fixture
def survive(network_server, browsers, places, full):
    """Runs a scenario in a new consultation whose people come by perfect links, until it changes them.

    A goal that is missed while other programs take the machine says nothing: the scenario has a second run then,
    and if that is disturbed as well the test is skipped and says so. What is missed in the short form, where a few
    seconds weigh much, is decided by a minute of it."""

    def run(scenario) -> None:
        reasons, seconds, disturbed = [], MINUTE if full else SHORT, 0
        while disturbed < 2:
            call, machine = Call(network_server, browsers, places, seconds), Machine()
            try:
                scenario(call)
                return
            except (AssertionError, PlaywrightError) as error:
                if reasons := call.disturbances(machine):
                    disturbed += 1
                    print(f"DISTURBED: {'; '.join(reasons)}: {str(error)[:300]}")
                elif seconds == SHORT and call.is_timed:
                    print(f"MISSED in {seconds} s: {str(error)[:300]}")
                    seconds = MINUTE
                else:
                    raise
            finally:
                for person in call.people:
                    person.place.mend()
                call.close()
        pytest.skip(f"DISTURBED, twice: {'; '.join(reasons)}")

    return run
