"""Chromium and Firefox in one consultation."""

import pytest

from Browser.firefox import Firefox, firefox_path
from Browser.participant import PIXELS, SIZE, WITNESS, eventually

JOIN = """async () => {
  const wait = async (condition) => {
    for (let i = 0; i < 600; i += 1) {
      if (condition()) return;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error("waited in vain for " + condition);
  };
  const visible = (id) => !document.getElementById(id).hidden;
  await wait(() => visible("preview"));
  await wait(() => visible("preview-devices") || (visible("preview-ask") && !document.getElementById("preview-ask-button").hidden));
  if (!visible("preview-devices")) document.getElementById("preview-ask-button").click();
  await wait(() => visible("preview-devices"));
  document.getElementById("preview-join").click();
  await wait(() => visible("call"));
}"""
ENERGY = """async () => {
  const { inbound } = await window.visavis.consultation.stats();
  return inbound.find((one) => one.kind === "audio").totalAudioEnergy;
}"""
VIDEO = "#tiles > [data-picture=true] video"


@pytest.fixture
def firefox(tmp_path):
    if not firefox_path():
        pytest.skip("Firefox is not installed: apt-get install firefox-esr")
    browser = Firefox(tmp_path)
    yield browser
    browser.close()


def test_chromium_and_firefox_see_and_hear_each_other(room, firefox, artefacts):
    physician = room.join("physician", "Dr Claire Martin")
    firefox.before_every_page(f"() => {{ {WITNESS} }}")
    firefox.open(room.server.link("patient", room.id, "Mme Durand"))
    firefox.js(JOIN)

    physician.see_everyone_move(1)
    physician.hear()
    transport = physician.stats()["transport"]
    assert transport["srtpCipher"] == "SRTP_AEAD_AES_128_GCM", transport

    first = eventually(lambda: firefox.js(PIXELS, [VIDEO, *SIZE]), 20, "Firefox: a picture")
    assert sum(first) / len(first) > 8

    def moved():
        now = firefox.js(PIXELS, [VIDEO, *SIZE])
        return now and sum(abs(a - b) for a, b in zip(first, now)) / len(now) > 1

    eventually(moved, 10, "Firefox: motion")
    # Without a sound card Firefox starts no AudioContext; the decoder tells the energy of what it decodes.
    silence = firefox.js(ENERGY)
    eventually(lambda: firefox.js(ENERGY) > silence + 0.001, 15, "Firefox: sound")
    firefox.shoot(artefacts / "firefox.png")
    assert firefox.js("() => window.__witness.errors") == []
    assert firefox.js("() => window.__witness.violations") == []

    # Mute crosses the browsers, too.
    patient = next(one["id"] for one in physician.roster if one["role"] == "patient")
    firefox.js("() => document.getElementById('control-microphone').click()")
    eventually(lambda: any(
        one["muted"] for p in physician.roster if p["id"] == patient for one in p["publications"]), 5)
    physician.page.wait_for_timeout(700)
    assert physician.loudness(patient, 1600) < 1e-4
    # And Firefox leaves like anyone.
    firefox.js("() => document.getElementById('control-leave').click()")
    eventually(lambda: len(physician.roster) == 1, 5)
