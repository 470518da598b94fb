"""`visavis-bench network` against a server of ours: a call behind a bad path, by both ways of signaling."""

import json
import os
import pathlib
import subprocess

import pytest

from visavis_server import ROOT, VisavisServer


def bench() -> pathlib.Path:
    given = os.environ.get("VISAVIS_BENCH")
    built = [pathlib.Path(given)] if given else [
        ROOT / ".build" / kind / "visavis-bench" for kind in ("release", "debug")]
    built = [path for path in built if path.exists()]
    if not built:
        pytest.skip("visavis-bench is not built")
    return max(built, key=lambda path: path.stat().st_mtime)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    settings = {"loadtest.enabled": True}
    with VisavisServer(tmp_path_factory.mktemp("visavis"), settings) as server:
        yield server


def network(server, *arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [bench(), "network", "--server", server.url, "--token", server.token("loadtest"), "--quiet", *arguments],
        capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("signaling", ["websocket", "whip"])
def test_a_call_at_two_percent_loss_is_judged_at_both_ends(server, tmp_path, signaling):
    file = tmp_path / "report.json"
    run = network(
        server, "--signaling", signaling, "--scenario", "loss-2", "--seconds", "6",
        "--video-kbps", "800", "--json", str(file))
    assert run.returncode in (0, 1), run.stderr
    report = json.loads(file.read_text())
    assert report["signaling"] == signaling
    (scenario,) = report["scenarios"]
    measures = {measure["direction"]: measure for measure in scenario["measures"]}
    assert set(measures) == {"up", "down"}
    for measure in measures.values():
        # The link did what it says, losses were mended, and there was a call to judge.
        assert 0.005 < measure["lost"] / measure["offered"] < 0.05
        assert measure["nacks"] > 0 and measure["resent"] > 0
        assert measure["pictures"] > 0
        assert measure["passed"] > 100
        # A machine that is busy with other things loses more than the link does, and the report says so.
        if not scenario["disturbed"]:
            assert measure["pictures"] > 40
            assert measure["concealed"] < 0.05
    # What is missed is said, by the status and by the last line.
    missed = any(goal["isReached"] is False for goal in scenario["goals"])
    assert run.returncode == (1 if missed else 0)
    assert run.stdout.rstrip().splitlines()[-1].startswith("MISSED" if missed else "1 scenario: all goals")


def test_a_wrong_call_ends_with_2_and_says_what_is_right(server):
    run = network(server, "--scenario", "loss-3")
    assert run.returncode == 2
    assert "loss-2, loss-10" in run.stderr
