"""The library in a page of somebody else: what the README promises to a front end."""

import functools
import http.server
import threading

import pytest

from Browser.participant import eventually

PAGE = """<!doctype html>
<title>A portal</title>
<script type="module">
  import { join } from "SERVER/client/visavis.js";
  const consultation = await join({ url: "SERVER", token: "TOKEN" });
  consultation.addEventListener("track", ({ detail: { track, source } }) => {
    const element = document.createElement(source === "microphone" ? "audio" : "video");
    element.srcObject = new MediaStream([track]);
    element.autoplay = element.playsInline = true;
    document.body.append(element);
  });
  consultation.addEventListener("phase", ({ detail: { phase } }) => { document.title = phase; });
  await consultation.publish("microphone");
  await consultation.publish("camera");
  window.consultation = consultation;
</script>
"""


@pytest.fixture
def portal(tmp_path):
    """A web server of another origin."""
    handler = functools.partial(http.server.SimpleHTTPRequestHandler, directory=tmp_path)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield tmp_path, f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_page_of_another_origin_joins_with_twenty_lines(rooms, start_server, contexts, portal):
    folder, origin = portal
    server = start_server({"http.allowedOrigins": [origin]})
    room = rooms(server)
    physician = room.join("physician", "Dr Claire Martin")
    token = server.token("patient", room.id, "Mme Durand")
    (folder / "index.html").write_text(PAGE.replace("SERVER", server.url).replace("TOKEN", token))
    page = contexts().new_page()
    page.goto(origin)
    physician.see_everyone_move(1)
    physician.hear()
    eventually(lambda: page.evaluate(
        "() => { const v = document.querySelector('video'); return v && v.videoWidth > 0 && v.currentTime > 0.5; }"), 15)
    stats = page.evaluate("() => window.consultation.stats()")
    assert stats["transport"]["srtpCipher"] == "SRTP_AEAD_AES_128_GCM"
    assert {one["source"] for one in stats["inbound"]} == {"microphone", "camera"}
    page.evaluate("() => window.consultation.leave()")
    eventually(lambda: page.title() == "left", 5)
    eventually(lambda: len(physician.roster) == 1, 5)


def test_an_origin_that_is_not_allowed_is_refused(start_server, contexts, portal):
    folder, origin = portal
    server = start_server({"http.allowedOrigins": ["https://portal.example"]})
    consultation = server.create_consultation()
    token = server.token("patient", consultation)
    (folder / "index.html").write_text(PAGE.replace("SERVER", server.url).replace("TOKEN", token))
    page = contexts().new_page()
    problems: list[str] = []
    page.on("console", lambda message: problems.append(message.text))
    page.goto(origin)
    eventually(lambda: problems, 10)
    page.wait_for_timeout(500)
    assert page.evaluate("() => window.consultation") is None
