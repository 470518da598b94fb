"""A person's network changes in the middle of the consultation: sound and picture are back before one asks.

The figures of many repetitions are in Docs/Performance.md; here each change happens twice, with a margin for a machine
that has other work.
"""

import contextlib
import pathlib

import pytest

from Browser.conftest import FLAGS, chromium_path
from Browser.moving import GOALS, SCENARIOS, Call
from Browser.participant import eventually
from Browser.two_links import may_make_links
from visavis_server import VisavisServer

MARGIN = 2.0


@pytest.fixture(scope="module")
def call(playwright, tmp_path_factory):
    if not may_make_links():
        pytest.skip("needs root and network namespaces")
    folder = tmp_path_factory.mktemp("moving")
    with contextlib.ExitStack() as stack:

        def start(settings: dict) -> VisavisServer:
            return stack.enter_context(VisavisServer(pathlib.Path(folder), settings))

        yield stack.enter_context(Call(playwright, FLAGS, chromium_path(), pathlib.Path(folder), start))


@pytest.mark.parametrize("scenario", GOALS)
def test_media_is_back_soon_with_the_same_identity(call, scenario):
    ids = [person.id for person in call.people]
    # The others see nobody leave, and nobody twice.
    for person in call.people:
        person.js("""() => {
          window.__left = window.__joined = 0;
          const { consultation } = window.visavis;
          consultation.addEventListener("participant-left", () => (window.__left += 1));
          consultation.addEventListener("participant-joined", () => (window.__joined += 1));
        }""")
    found = []
    for _ in range(2):
        call.settle()
        found.append(SCENARIOS[scenario](call))
    for one in found:
        assert one["back"] is not None, found
    assert min(one["back"] for one in found) < GOALS[scenario] * MARGIN, found
    for person, identity in zip(call.people, ids):
        eventually(lambda: person.phase == "joined", 5)
        assert person.id == identity
        assert person.js("() => [window.__left, window.__joined]") == [0, 0]
        assert len(person.roster) == 2
