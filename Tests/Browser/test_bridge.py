"""Bridges to RTP: a telephone gateway hears everyone but itself, and is heard, while all have agreed."""

import base64
import json
import statistics
import subprocess
import time
import urllib.error
import urllib.request

import pytest

from Browser.participant import eventually
from Browser.rtp_peer import RTPPeer, amplitude
from Browser.test_recording import agree
from visavis_server import free_port

# A microphone that is a tone, and no camera.
TONE = """
(() => {
  navigator.mediaDevices.getUserMedia = async () => {
    const audio = new AudioContext({ sampleRate: 48000 });
    await audio.resume();
    const out = audio.createMediaStreamDestination();
    const tone = audio.createOscillator(), gain = audio.createGain();
    tone.frequency.value = HERTZ;
    gain.gain.value = 0.2;
    tone.connect(gain).connect(out);
    tone.start();
    return out.stream;
  };
})();
"""

# Of each tone the amplitude in a third of a second of all that is heard.
HEARD = """async (tones) => {
  const context = new AudioContext({ sampleRate: 48000 });
  await context.resume();
  const analyser = context.createAnalyser();
  analyser.fftSize = 16384;
  for (const one of window.visavis.consultation.tracks.filter(({ kind }) => kind === "audio"))
    context.createMediaStreamSource(new MediaStream([one.track])).connect(analyser);
  await new Promise((resolve) => setTimeout(resolve, 500));
  const samples = new Float32Array(analyser.fftSize);
  analyser.getFloatTimeDomainData(samples);
  await context.close();
  return tones.map((hertz) => {
    let real = 0, imaginary = 0;
    samples.forEach((one, i) => {
      // A Hann window: neighbours do not leak.
      const weight = 1 - Math.cos((2 * Math.PI * i) / samples.length);
      real += weight * one * Math.cos((2 * Math.PI * hertz * i) / 48000);
      imaginary += weight * one * Math.sin((2 * Math.PI * hertz * i) / 48000);
    });
    return (2 * Math.hypot(real, imaginary)) / samples.length;
  });
}"""
PATIENT, PHYSICIAN, LINE = 1000, 1700, 500
TONES = [PATIENT, PHYSICIAN, LINE]


def call(room, method: str, path: str = "", body: dict | None = None):
    request = urllib.request.Request(
        f"{room.server.url}/v1/consultations/{room.id}/bridges{path}", method=method,
        data=json.dumps(body).encode() if body else None,
        headers={"Authorization": "Bearer " + room.server.token("backend"), "Content-Type": "application/json"})
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def wish(port: int, **more) -> dict:
    return {"role": "interpreter", "name": "Line 1", "payloadType": 111,
            "remote": {"address": "127.0.0.1", "port": port}, **more}


def near(level: float) -> bool:
    """Of 0.2, within 1 dB."""
    return 0.178 < level < 0.225


@pytest.fixture
def people(rooms, start_server):
    server = start_server({"bridges.networks": ["127.0.0.0/8"]})
    room = rooms(server, consents=("bridge",))
    patient = room.person("patient", "Mme Durand")
    physician = room.person("physician", "Dr Claire Martin")
    for person, hertz in ((patient, PATIENT), (physician, PHYSICIAN)):
        person.page.add_init_script(TONE.replace("HERTZ", str(hertz)))
        person.join()
        person.page.wait_for_selector("#consent:not([hidden])")
        agree(person)
    return room, patient, physician


def test_a_telephone_hears_all_but_itself_and_is_heard_until_somebody_withdraws(people):
    room, patient, physician = people
    line = RTPPeer(LINE)
    try:
        assert call(room, "POST", body=wish(line.port) | {"remote": {"address": "192.0.2.1", "port": 9}})[0] == 403
        status, bridge = call(room, "POST", body=wish(line.port))
        assert status == 201 and bridge["state"] == "on", bridge
        line.remote = (bridge["local"]["address"], bridge["local"]["port"])
        entry = eventually(
            lambda: next((one for one in patient.roster if one.get("kind") == "bridge"), None), 5, "the roster")
        assert entry["name"] == "Line 1" and entry["role"] == "interpreter"
        eventually(
            lambda: "by telephone" in (physician.page.text_content("#people-list") or ""), 5, "the list of people")

        def line_hears():
            samples = line.heard()
            levels = [amplitude(samples, hertz) for hertz in TONES]
            print("line", [round(one, 4) for one in levels])
            return near(levels[0]) and near(levels[1]) and levels[2] < 0.004

        eventually(line_hears, 20, "both voices, and not its own")

        def hears(person, own):
            levels = dict(zip(TONES, person.js(HEARD, TONES)))
            print(person.name, {hertz: round(one, 4) for hertz, one in levels.items()})
            return all(near(one) if hertz != own else one < 0.004 for hertz, one in levels.items())

        eventually(lambda: hears(patient, PATIENT), 20, "the patient hears the other two")
        eventually(lambda: hears(physician, PHYSICIAN), 20, "the physician hears the other two")

        agree(patient, False)
        ended = time.monotonic()
        eventually(lambda: call(room, "GET")[1] == {"bridges": []}, 5, "the end")
        eventually(lambda: time.monotonic() - line.last > 1, 10, "silence on the line")
        assert line.last - ended < 1, "it ended within a second"
        assert call(room, "POST", body=wish(line.port))[0] == 409
    finally:
        line.close()


def test_srtp_of_another_program_is_understood_both_ways(people, tmp_path):
    room, patient, _ = people
    keys = [base64.b64encode(bytes(range(first, first + 30))).decode() for first in (1, 101)]
    suite = "AES_CM_128_HMAC_SHA1_80"
    speaker, listener = free_port(), free_port(2)
    status, spoken = call(room, "POST", body=wish(
        speaker, direction="recvonly", srtp={"suite": suite, "outgoing": keys[0], "incoming": keys[1]}))
    assert status == 201 and spoken["encrypted"], spoken
    status, heard = call(room, "POST", body=wish(
        listener, role="observer", name="Analyser", direction="sendonly",
        srtp={"suite": suite, "outgoing": keys[0], "incoming": keys[1]}))
    assert status == 201, heard
    description = tmp_path / "bridge.sdp"
    description.write_text(
        f"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=-\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio {listener} RTP/SAVP 111\n"
        f"a=rtpmap:111 opus/48000/2\na=crypto:1 {suite} inline:{keys[0]}\n")
    wave = tmp_path / "heard.f32"
    local = spoken["local"]
    send = subprocess.Popen(
        ["ffmpeg", "-v", "error", "-re", "-f", "lavfi", "-i", f"aevalsrc=0.2*sin(2*PI*{LINE}*t):s=48000:d=60",
         "-c:a", "libopus", "-b:a", "48k", "-payload_type", "111", "-f", "rtp", "-srtp_out_suite", suite,
         "-srtp_out_params", keys[1],
         f"srtp://{local['address']}:{local['port']}?localrtpport={speaker}&rtcpport={free_port()}"],
        stdout=subprocess.DEVNULL)
    receive = subprocess.Popen(
        ["ffmpeg", "-v", "error", "-y", "-protocol_whitelist", "file,udp,rtp,srtp,crypto", "-i", str(description),
         "-t", "4", "-af", "pan=mono|c0=c0", "-ar", "48000", "-f", "f32le", str(wave)])
    try:
        def patient_hears():
            levels = patient.js(HEARD, TONES)
            print("patient", [round(one, 4) for one in levels], call(room, "GET")[1]["bridges"][0]["packets"])
            return near(levels[2])

        eventually(patient_hears, 20, "the line of the other program")
        receive.wait(20)
        octets = wave.read_bytes()
        samples = memoryview(octets).cast("f").tolist()[-48_000:]
        # Of tenths of a second, in which each tone has whole periods.
        levels = [
            statistics.median(amplitude(samples[at:at + 4800], hertz) for at in range(0, 48_000, 4800))
            for hertz in TONES]
        print("analyser", [round(one, 4) for one in levels])
        assert all(near(one) for one in levels)
        for one in (spoken, heard):
            assert call(room, "DELETE", "/" + one["participant"])[0] == 204
        eventually(lambda: len(patient.roster) == 2, 5, "they are off the roster")
    finally:
        for process in (send, receive):
            process.kill()
            process.wait()
