"""The conversation survives the network: what becomes of a call of real browsers behind bad links.

Each test is a row of the table in Docs/Network.md; its goal is what is asserted. `VISAVIS_NETWORK=full` measures for
a minute, otherwise for as long as a test of every change can afford.
"""

import pytest

from Browser.participant import eventually


@pytest.fixture
def seconds(full):
    return 60 if full else 20


def both_ways(milliseconds: float, **more) -> dict:
    """Conditions of each direction for a round trip."""
    return {"delay": milliseconds / 2000, **more}


def test_two_percent_loss(survive, seconds):
    def scenario(call):
        _, patient = call.two()
        patient.place.set(both=both_ways(40, loss=0.02))
        call.settle(400_000)
        for heard in call.measure(seconds):
            assert heard.longest_gap <= 0.200
            assert heard.concealed < 0.01

    survive(scenario)


def test_ten_percent_loss(survive, seconds):
    def scenario(call):
        _, patient = call.two()
        patient.place.set(both=both_ways(100, loss=0.10))
        call.settle(100_000)
        for heard in call.measure(seconds):
            assert heard.fps >= 15
            assert heard.mos() >= 3.5

    survive(scenario)


def test_one_narrow_viewer_of_three(survive, seconds):
    def scenario(call):
        physician = call.person("physician", "Dr Claire Martin", number=0).join()
        narrow = call.person("observer", "Narrow", number=1).join()
        others = [call.person("observer", name, number=2).join() for name in ("Wide", "Broad")]
        eventually(lambda: all(one.video_rate() > 500_000 for one in [narrow, *others]), 20)
        before = [call.measure(6)[at] for at in (2, 3)]
        narrow.place.set(both=both_ways(40, rate=150_000, queue=20_000))
        after = [call.measure(seconds)[at] for at in (2, 3)]
        for then, now in zip(before, after):
            assert now.height == then.height
            assert now.fps >= 0.9 * then.fps
            assert now.video_rate >= 0.85 * then.video_rate
            assert now.longest_gap <= 0.200

    survive(scenario)


def test_firewall_drops_udp(survive):
    def scenario(call):
        call.person("physician", "Dr Claire Martin").join()
        patient = call.person("patient", "Mme Durand")
        patient.place.set(both={"drop_udp": True})
        patient.open()
        patient.page.wait_for_selector("#preview-devices select, #preview-picture[hidden]", state="attached")
        clicked = patient.js("() => performance.now()")
        patient.page.click("#preview-join")
        frames = eventually(lambda: patient.js("() => Object.values(window.__record.frames).flat()"), 15, "a picture")
        print(f"picture after {frames[0][0] - clicked:.0f} ms")
        assert frames[0][0] - clicked < 5000
        assert patient.js("() => window.visavis.consultation.route()")["protocol"] == "tcp"
        patient.hear()

    survive(scenario)
