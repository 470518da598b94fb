"""What `Config/` gives to a Prometheus: it scrapes, the rules load, a fault of a call raises the alert."""

import json
import pathlib
import shutil
import subprocess
import urllib.request

import pytest

from Browser.participant import eventually
from Browser.test_quality import LossyUplink, call
from visavis_server import free_port

CONFIG = pathlib.Path(__file__).resolve().parents[2] / "Config"


@pytest.fixture
def prometheus(shared_server, tmp_path):
    program = shutil.which("prometheus")
    if program is None:
        pytest.skip("needs prometheus (Debian package of that name)")
    for name in ("prometheus.yml", "alerts.yml"):
        text = (CONFIG / name).read_text()
        assert ": 15s" in text or name == "alerts.yml"
        # The same rules, faster.
        text = text.replace("127.0.0.1:8080", shared_server.url.removeprefix("http://")).replace(": 15s", ": 1s")
        text = text.replace("for: 1m", "for: 2s").replace("[2m]", "[15s]")
        (tmp_path / name).write_text(text)
    port = free_port()
    process = subprocess.Popen(
        [program, f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data",
         f"--web.listen-address=127.0.0.1:{port}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def ask(path: str):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as reply:
            return json.load(reply)["data"]

    yield ask
    process.terminate()
    process.wait(10)


@pytest.fixture
def uplink(shared_server):
    made = LossyUplink(shared_server.media_port)
    yield made
    made.close()


def test_loss_in_a_call_raises_the_alert(room, uplink, prometheus):
    call(room, uplink)

    def is_up():
        try:
            return any(one["health"] == "up" for one in prometheus("/api/v1/targets")["activeTargets"])
        except OSError:
            return False

    eventually(is_up, 20, "the first scrape")
    rules = {one["name"] for group in prometheus("/api/v1/rules")["groups"] for one in group["rules"]}
    assert {"VisavisDown", "VisavisUplinksLose", "VisavisOverloaded", "VisavisTokensTried"} <= rules

    def scrapes() -> int:
        found = prometheus("/api/v1/query?query=count_over_time(visavis_loss_ratio_count[1m])")["result"]
        return min((int(one["value"][1]) for one in found), default=0)

    def firing() -> set[str]:
        alerts = prometheus("/api/v1/alerts")["alerts"]
        return {one["labels"]["alertname"] for one in alerts if one["state"] == "firing"}

    # Long enough for an alert of a call that is well, had it been one.
    eventually(lambda: scrapes() >= 8, 20, "eight scrapes of the call")
    assert not {"VisavisDown", "VisavisUplinksLose"} & firing()
    uplink.share = 0.25
    eventually(lambda: "VisavisUplinksLose" in firing(), 40, "the alert")
