"""Firefox of the distribution, driven through WebDriver BiDi (W3C) over its own WebSocket: no other program needed."""

import base64
import json
import os
import pathlib
import re
import shutil
import subprocess
import threading
import time

from websockets.sync.client import connect

PREFERENCES = {
    "media.navigator.streams.fake": True,
    "media.navigator.permission.disabled": True,
    "media.autoplay.default": 0,
    "media.autoplay.blocking_policy": 0,
    # Firefox pairs loopback candidates only when it is told to.
    "media.peerconnection.ice.loopback": True,
    "remote.active-protocols": 1,
    "remote.prefs.recommended": True,
    "app.update.enabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "toolkit.telemetry.reportingpolicy.firstRun": False,
    "browser.shell.checkDefaultBrowser": False,
    "browser.startup.homepage_override.mstone": "ignore",
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
}


def firefox_path() -> str | None:
    """$VISAVIS_FIREFOX, else the one that is installed."""
    return os.environ.get("VISAVIS_FIREFOX") or shutil.which("firefox-esr") or shutil.which("firefox")


class Firefox:
    """One headless Firefox with one page."""

    def __init__(self, folder: pathlib.Path, language: str = "en-GB"):
        profile = folder / "profile"
        profile.mkdir()
        preferences = {**PREFERENCES, "intl.accept_languages": language}
        (profile / "user.js").write_text(
            "".join(f"user_pref({json.dumps(k)}, {json.dumps(v)});\n" for k, v in preferences.items()))
        home = {"HOME": str(folder), "MOZ_HEADLESS": "1"}
        self._process = subprocess.Popen(
            [firefox_path(), "--headless", "--no-remote", "--profile", profile, "--remote-debugging-port", "0"],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, errors="replace",
            env={**os.environ, **home})
        self._number = 0
        try:
            self._socket = connect(f"{self._address()}/session", max_size=None, open_timeout=30)
            self._ask("session.new", {"capabilities": {}})
            tree = self._ask("browsingContext.getTree", {})
            self._context = tree["contexts"][0]["context"]
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def before_every_page(self, function: str) -> None:
        self._ask("script.addPreloadScript", {"functionDeclaration": function})

    def open(self, url: str) -> None:
        self._ask("browsingContext.navigate", {"context": self._context, "url": url, "wait": "complete"})

    def js(self, function: str, argument=None):
        """The JSON value that a function of the page returns."""
        call = f"async () => JSON.stringify(await ({function})({json.dumps(argument)}))"
        answer = self._ask("script.callFunction", {
            "functionDeclaration": call, "awaitPromise": True, "target": {"context": self._context},
            "userActivation": True})
        if answer["type"] != "success":
            raise RuntimeError(answer["exceptionDetails"]["text"])
        value = answer["result"]
        return json.loads(value["value"]) if value["type"] == "string" else None

    def shoot(self, path: pathlib.Path) -> None:
        data = self._ask("browsingContext.captureScreenshot", {"context": self._context})["data"]
        path.write_bytes(base64.b64decode(data))

    def _address(self) -> str:
        found: list[str] = []

        def read():
            for line in self._process.stderr:
                match = re.search(r"WebDriver BiDi listening on (ws://\S+)", line)
                if match:
                    found.append(match.group(1))

        threading.Thread(target=read, daemon=True).start()
        deadline = time.monotonic() + 60
        while not found:
            assert self._process.poll() is None, "Firefox ended at once"
            assert time.monotonic() < deadline, "Firefox does not say where it listens"
            time.sleep(0.1)
        return found[0]

    def _ask(self, method: str, parameters: dict, timeout: float = 60) -> dict:
        self._number += 1
        number = self._number
        self._socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            message = json.loads(self._socket.recv(timeout=timeout))
            if message.get("id") != number:
                continue
            if message["type"] == "error":
                raise RuntimeError(f"{method}: {message['error']}: {message['message']}")
            return message["result"]
