"""Chromium publishes over WHIP and plays over WHEP from a page of another origin, with a client
written from RFC 9725 alone (browser_client.js): CORS, trickled candidates, ICE restart by PATCH.

The other end is aiortc. Run with `pytest Tests/Interop/test_browser_whip.py`; see conftest.py for
another server. `VISAVIS_CHROMIUM` names the browser, else the installed one is used.
"""

import asyncio
import contextlib
import http.server
import os
import pathlib
import shutil
import threading

import pytest
from playwright.async_api import async_playwright

from Interop.aiortc_client import Publisher, Viewer
from Interop.signals import is_moving, loudness, strongest_frequency

SCRIPT = pathlib.Path(__file__).with_name("browser_client.js").read_text()
FLAGS = ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--disable-gpu"]


class Blank(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<!doctype html><title>elsewhere</title><body></body>")

    def log_message(self, *_) -> None:
        pass


@pytest.fixture(scope="module")
def elsewhere():
    """An empty page on an origin that is not the server's."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Blank)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/"
    server.shutdown()
    server.server_close()


@contextlib.asynccontextmanager
async def chromium_page(address: str):
    path = os.environ.get("VISAVIS_CHROMIUM") or shutil.which("chromium") or shutil.which(
        "chromium-browser")
    assert path, "Chromium is not installed: apt-get install chromium"
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=FLAGS)
        page = await browser.new_page()
        await page.goto(address)
        await page.add_script_tag(content=SCRIPT)
        try:
            yield page
        finally:
            await browser.close()


async def eventually(condition, timeout: float = 15):
    """The first true value of an asynchronous condition."""
    deadline = asyncio.get_running_loop().time() + timeout
    while not (value := await condition()):
        assert asyncio.get_running_loop().time() < deadline, "it did not come true"
        await asyncio.sleep(0.1)
    return value


async def assert_received(viewer: Viewer) -> None:
    assert is_moving(await viewer.recorders["video"].wait_for(40))
    heard = await viewer.recorders["audio"].wait_for(50)
    assert loudness(heard) > 1000
    assert abs(strongest_frequency(heard) - 440) < 15


def test_publishing_and_restarting_ice(deployment, consultation, elsewhere):
    async def scenario():
        token = deployment.token("patient", consultation, name="Browser")
        viewer = Viewer()
        async with chromium_page(elsewhere) as page:
            location = await page.evaluate(
                "([url, token]) => publish(url, token)",
                [f"{deployment.url}/whip/{consultation}", token])
            try:
                participant = location.rsplit("/", 1)[1]
                await viewer.play(deployment, consultation, participant)
                await assert_received(viewer)
                before = await page.evaluate("client.selected()")
                assert before["state"] == "connected"
                assert before["cipher"].endswith("AEAD_AES_128_GCM")
                trickled = await page.evaluate("client.trickled")
                assert trickled and set(trickled) == {204}

                fragment = await page.evaluate("client.restart()")
                assert fragment != before["remoteUsernameFragment"]

                async def moved():
                    now = await page.evaluate("client.selected()")
                    return now["remoteUsernameFragment"] == fragment and now

                after = await eventually(moved)
                assert after["state"] == "connected"
                await assert_received(viewer)
            finally:
                await viewer.close()

    asyncio.run(scenario())


def test_playing(deployment, consultation, elsewhere):
    async def scenario():
        publisher = await Publisher().publish(deployment, consultation)
        token = deployment.token("physician", consultation, name="Browser")
        async with chromium_page(elsewhere) as page:
            try:
                await page.evaluate(
                    "([url, token]) => play(url, token)",
                    [f"{deployment.url}/whep/{consultation}/{publisher.participant}", token])
                seen = set()

                async def walked():
                    position = await page.evaluate("barPosition()")
                    if position is not None:
                        seen.add(position // 16)
                    return len(seen) >= 5

                await eventually(walked)

                async def loud():
                    return await page.evaluate("loudness()") > 0.05

                await eventually(loud)
                assert await page.evaluate("streams.size") == 1, "picture and sound in one stream"
            finally:
                await publisher.close()

    asyncio.run(scenario())
