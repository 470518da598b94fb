"""Recordings: begun with every consent, seen by everyone, sealed on the disk, read back by the program that books."""

import hashlib
import json
import math
import pathlib
import statistics
import struct
import subprocess
import time
import urllib.request

import pytest

from Browser.participant import eventually
from Browser.test_page import assert_accessible
from Browser.udp_proxy import UDPProxy

# A camera that is black and flashes white every second, and a microphone that beeps with it.
FLASH = """
(() => {
  const devices = navigator.mediaDevices, original = devices.getUserMedia.bind(devices);
  let sources;
  const make = async () => {
    const canvas = document.createElement("canvas");
    canvas.width = 320; canvas.height = 240;
    const pen = canvas.getContext("2d");
    const audio = new AudioContext({ sampleRate: 48000, latencyHint: "interactive" });
    await audio.resume();
    const out = audio.createMediaStreamDestination();
    const tone = audio.createOscillator(), gain = audio.createGain();
    tone.frequency.value = 1000;
    gain.gain.value = 0.001;
    tone.connect(gain).connect(out);
    tone.start();
    let next = Math.ceil(audio.currentTime) + 1, step = 0;
    const draw = () => {
      const now = audio.currentTime;
      if (now > next + 0.2) next += 1;
      if (next - now < 0.5 && next - now > 0) {
        gain.gain.setValueAtTime(0.5, next);
        gain.gain.setValueAtTime(0.001, next + 0.2);
      }
      pen.fillStyle = now >= next && now < next + 0.2 ? "#fff" : "#000";
      pen.fillRect(0, 0, 320, 240);
      pen.fillStyle = "#808080";
      pen.fillRect((step += 3) % 300, 110, 20, 20);
      // Not bound to what the machine can draw.
      setTimeout(draw, 16);
    };
    draw();
    return [canvas.captureStream(30).getVideoTracks()[0], out.stream.getAudioTracks()[0]];
  };
  devices.getUserMedia = async (wanted) => {
    if (!wanted.video && !wanted.audio) return original(wanted);
    sources ??= make();
    const [video, audio] = await sources;
    return new MediaStream([...(wanted.video ? [video.clone()] : []), ...(wanted.audio ? [audio.clone()] : [])]);
  };
})();
"""


# Each has a tone of its own, so that a mix shows whose it is.
TONES = {"patient": 1000, "physician": 1600}


def agree(person, given: bool = True) -> None:
    """Answers whatever is asked now, past the dialog."""
    person.js(
        """async (given) => {
          const { consultation } = window.visavis;
          for (const one of consultation.consents) {
            if (one.participant === consultation.self.id && one.state !== (given ? "given" : "refused"))
              await consultation.consent(one, given, "en");
          }
        }""", given)


def call(room, network=None):
    patient = room.person("patient", "Mme Durand", locale="fr-FR")
    physician = room.person("physician", "Dr Claire Martin")
    if network:
        patient.page.add_init_script(network.script)
    for person, tone in ((patient, TONES["patient"]), (physician, TONES["physician"])):
        person.page.add_init_script(FLASH.replace("frequency.value = 1000", f"frequency.value = {tone}"))
        person.join()
        person.page.wait_for_selector("#consent:not([hidden])")
        agree(person)
    for person in (patient, physician):
        eventually(lambda: person.frames_decoded() > 10, 20, "pictures pass")
    return patient, physician


def state(person) -> str:
    return person.js("() => window.visavis.consultation.recording")


def begin(patient, physician) -> None:
    physician.page.click("#control-record")
    for person in (patient, physician):
        eventually(lambda: state(person) == "on", 5, "recording")


def files(room) -> list[dict]:
    status, text = room.server.get(f"/v1/consultations/{room.id}/files", room.server.token("backend"))
    assert status == 200, text
    return json.loads(text)["files"]


def fetch(room, file: dict, folder: pathlib.Path) -> pathlib.Path:
    request = urllib.request.Request(
        f"{room.server.url}/v1/consultations/{room.id}/files/{file['id']}",
        headers={"Authorization": "Bearer " + room.server.token("backend")})
    with urllib.request.urlopen(request, timeout=30) as answer:
        assert answer.headers["Content-Type"] == "video/webm"
        content = answer.read()
    assert hashlib.sha256(content).hexdigest() == file["sha256"] and len(content) == file["size"]
    path = folder / f"{file['participant']}.webm"
    path.write_bytes(content)
    return path


def fetch_mixed(room, file: dict, folder: pathlib.Path) -> pathlib.Path:
    """All of the recording that the file is of, put together."""
    request = urllib.request.Request(
        f"{room.server.url}/v1/consultations/{room.id}/files/{file['id']}?mixed=true",
        headers={"Authorization": "Bearer " + room.server.token("backend")})
    path = folder / "mixed.webm"
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert answer.headers["Content-Type"] == "video/webm"
        path.write_bytes(answer.read())
    return path


def mixed_streams(path: pathlib.Path) -> list[dict]:
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-count_packets", "-show_entries",
         "format=duration:stream=index,codec_name,nb_read_packets:stream_tags=title", "-of", "json", path],
        capture_output=True, text=True, check=True)
    assert not done.stderr, done.stderr
    report = json.loads(done.stdout)
    return [{**one, "duration": float(report["format"]["duration"])} for one in report["streams"]]


def loudest(path: pathlib.Path) -> tuple[float, float]:
    """Frequency and amplitude (of 1) of the loudest tone in what is heard while it is loud."""
    sound = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", path, "-vn", "-ac", "1", "-ar", "48000", "-f", "s16le", "-"],
        capture_output=True, check=True).stdout
    samples = struct.unpack(f"<{len(sound) // 2}h", sound)
    pieces = [samples[i:i + 4800] for i in range(0, len(samples) - 4800, 2400)]
    loud = max(pieces, key=lambda piece: min(max(abs(x) for x in piece[i:i + 480]) for i in range(0, 4800, 480)))
    best = (0.0, 0.0)
    for hertz in range(800, 1801, 10):
        real = sum(x * math.cos(2 * math.pi * hertz * i / 48000) for i, x in enumerate(loud))
        imaginary = sum(x * math.sin(2 * math.pi * hertz * i / 48000) for i, x in enumerate(loud))
        best = max(best, (2 * math.hypot(real, imaginary) / len(loud) / 32768, float(hertz)))
    return best[1], best[0]


def probe(path: pathlib.Path) -> dict:
    done = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries",
         "format=duration:stream=index,codec_name:packet=stream_index,pts_time", "-of", "json", path],
        capture_output=True, text=True, check=True)
    assert not done.stderr, done.stderr
    report = json.loads(done.stdout)
    names = {one["index"]: one["codec_name"] for one in report["streams"]}
    times = {name: [] for name in names.values()}
    for packet in report["packets"]:
        times[names[packet["stream_index"]]].append(float(packet["pts_time"]))
    return {"duration": float(report["format"]["duration"]), **times}


def offsets(path: pathlib.Path, picture: int = 0, hertz: int | None = None) -> list[float]:
    """By how many seconds each flash comes after its beep; of one tone among others, where one is given."""
    grey = subprocess.run(
        ["ffmpeg", "-v", "error", "-i", path, "-map", f"0:v:{picture}", "-fps_mode", "passthrough", "-vf", "scale=2:2,format=gray",
         "-f", "rawvideo", "-"], capture_output=True, check=True).stdout
    times = json.loads(subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", f"v:{picture}", "-show_entries", "frame=pts_time", "-of", "json", path],
        capture_output=True, check=True).stdout)["frames"]
    light = [sum(grey[4 * i:4 * i + 4]) / 4 for i in range(len(grey) // 4)]
    assert abs(len(light) - len(times)) <= 1
    flashes = [float(now["pts_time"]) for before, after, now in zip(light, light[1:], times[1:]) if before < 100 <= after]
    # Gaps become silence, so that a place in the samples is a time; times as they are, not from the first octet of sound.
    sound = subprocess.run(
        ["ffmpeg", "-v", "error", "-copyts", "-i", path, "-vn", "-af",
         "aresample=48000:async=1:first_pts=0" + (f",bandpass=f={hertz}:width_type=h:w=150" if hertz else ""), "-ac", "1",
         "-f", "s16le", "-"], capture_output=True, check=True).stdout
    samples = struct.unpack(f"<{len(sound) // 2}h", sound)
    loud = [max(abs(x) for x in samples[i:i + 48]) > 4000 for i in range(0, len(samples) - 48, 48)]
    beeps = [i / 1000 for i in range(20, len(loud)) if loud[i] and not any(loud[i - 20:i])]
    found = []
    for flash in flashes:
        near = min(beeps, key=lambda beep: abs(beep - flash), default=None)
        if near is not None and abs(near - flash) < 0.4:
            found.append(flash - near)
    return found


def signed(room, count: int) -> str | None:
    """The receipt, once it has so many recordings."""
    log = room.server.run("audit", "receipt", room.id)
    return log if log.count("recording.kept") >= count else None


def on_disk(room) -> list[pathlib.Path]:
    return sorted((room.server.state / "recordings").iterdir())


def test_both_agree_and_ten_seconds_are_there_whole_together_and_sealed(rooms, shared_server, tmp_path, artefacts):
    room = rooms(shared_server, consents=("act", "recording"))
    patient, physician = call(room)
    begin(patient, physician)
    began = time.monotonic()
    for person in (patient, physician):
        person.page.wait_for_selector("#recording-note:not([hidden])")
    assert_accessible(patient.page, "recorded")
    patient.shoot(artefacts, "recording-patient")
    physician.shoot(artefacts, "recording-physician")
    assert all(one["hooks"] == ["recording"] for one in patient.roster)
    for person, words in ((patient, "enregistrement en cours"), (physician, "is being recorded")):
        eventually(lambda: person.page.text_content("#people-list").count(words) == 2, 5, "of both, in words")
    time.sleep(10)
    for path in on_disk(room):
        content = path.read_bytes()
        assert len(content) > 10_000
        for word in (b"\x1a\x45\xdf\xa3", b"OpusHead", b"V_VP8", b"webm", b"\x9d\x01\x2a"):
            assert word not in content
    physician.page.click("#control-record")
    eventually(lambda: state(patient) == "off", 5, "stopped")
    took = time.monotonic() - began
    eventually(lambda: len(files(room)) >= 2, 10, "in the record")
    last = {one["participant"]: one for one in files(room)}
    tones = {patient.id: TONES["patient"], physician.id: TONES["physician"]}
    assert len(last) == 2
    for participant, file in last.items():
        path = fetch(room, file, tmp_path)
        found = probe(path)
        print(participant, {k: (len(v), v[0], v[-1]) if isinstance(v, list) else v for k, v in found.items()}, took)
        assert abs(found["duration"] - took) < 0.8
        assert len(found["opus"]) > 45 * (took - 1.5)
        assert len(found["vp8"]) > 8 * (took - 1.5)
        offset = offsets(path)
        print("flash behind beep, ms:", [round(1000 * x) for x in offset])
        assert len(offset) >= 6
        assert abs(statistics.median(offset)) < 0.04
        # A tone through microphone, browser, relay and file.
        hertz, level = loudest(path)
        print("tone:", hertz, level)
        assert hertz == tones[participant] and abs(20 * math.log10(level / 0.5)) < 3
    mixed = fetch_mixed(room, next(iter(last.values())), tmp_path)
    streams = mixed_streams(mixed)
    print(streams)
    assert [one["codec_name"] for one in streams] == ["vp8", "vp8", "opus"]
    assert {one["tags"]["title"] for one in streams[:2]} == set(last)
    assert abs(streams[0]["duration"] - took) < 0.8
    separate = {participant: len(probe(tmp_path / f"{participant}.webm")["vp8"]) for participant in last}
    for picture, one in enumerate(streams[:2]):
        assert int(one["nb_read_packets"]) == separate[one["tags"]["title"]]
        offset = offsets(mixed, picture, tones[one["tags"]["title"]])
        print("mixed, flash behind beep, ms:", [round(1000 * x) for x in offset])
        assert len(offset) >= 6
        assert abs(statistics.median(offset)) < 0.04
    # A receipt goes up to the last signature, which is made every five seconds.
    log = eventually(lambda: signed(room, 2), 10, "signed")
    for word in [*(file["sha256"] for file in last.values()), "recording.began", "recording.ended"]:
        assert word in log

    # Who may not is refused; what is erased is gone, from the disk, too.
    address = f"/v1/consultations/{room.id}/files/{next(iter(last.values()))['id']}"
    assert shared_server.get(address, shared_server.token("physician", room.id))[0] == 403
    assert shared_server.get(address)[0] == 401
    assert shared_server.get(address + "?mixed=true", shared_server.token("physician", room.id))[0] == 403
    physician.page.click("#control-leave")
    physician.page.click("#leave-dialog button[value=end]")
    patient.page.wait_for_selector("#message[data-kind=ended]")
    request = urllib.request.Request(
        f"{shared_server.url}/v1/consultations/{room.id}/erase", method="POST",
        headers={"Authorization": "Bearer " + shared_server.token("backend")})
    urllib.request.urlopen(request, timeout=10).close()
    for way in ("", "?mixed=true"):
        assert shared_server.get(address + way, shared_server.token("backend"))[0] == 404
    assert on_disk(room) == []


def test_withdrawing_ends_it_within_a_second_for_everyone(rooms, shared_server, tmp_path, artefacts):
    room = rooms(shared_server, consents=("act", "recording"))
    patient, physician = call(room)
    begin(patient, physician)
    time.sleep(3)
    asked = time.monotonic()
    patient.js(
        """() => {
          const { consultation } = window.visavis;
          const mine = consultation.consents.find(
            ({ participant, purpose }) => participant === consultation.self.id && purpose === "recording");
          return consultation.consent(mine, false, "fr");
        }""")
    eventually(lambda: state(physician) == "off" and state(patient) == "off", 1, "stopped")
    took = time.monotonic() - asked
    physician.page.wait_for_selector("#banner:not([hidden])")
    physician.shoot(artefacts, "recording-withdrawn")
    eventually(lambda: len(files(room)) == 2, 10, "in the record")
    for file in files(room):
        found = probe(fetch(room, file, tmp_path))
        assert found["duration"] < 3 + 3
        print("stopped after", took, "duration", found["duration"])
    before = {path.name: path.stat().st_size for path in on_disk(room) if path.name in {one["id"] for one in files(room)}}
    # The call goes on, and nothing more is written.
    frames = physician.frames_decoded()
    eventually(lambda: physician.frames_decoded() > frames, 5, "pictures")
    time.sleep(1)
    kept = {one["id"] for one in files(room)}
    assert {path.name for path in on_disk(room) if path.name in kept} == kept
    assert before == {path.name: path.stat().st_size for path in on_disk(room) if path.name in kept}
    physician.page.click("#control-record")
    physician.page.wait_for_selector("#banner:not([hidden])")
    assert state(physician) == "off"


def test_who_comes_pauses_it_and_goes_on_with_it_and_no_question_covers_its_mark(rooms, shared_server, artefacts):
    room = rooms(shared_server, consents=("act", "third-participant", "recording"))
    patient, physician = call(room)
    begin(patient, physician)
    relative = room.person("relative", "Paul")
    relative.page.add_init_script(FLASH)
    relative.join()
    for person in (patient, physician, relative):
        eventually(lambda: state(person) == "paused", 5, "paused")
    agree(relative)
    for person in (patient, physician, relative):
        eventually(lambda: state(person) == "on", 5, "goes on")
    # The patient is asked about the relative meanwhile.
    for width, height in ((1280, 800), (390, 844)):
        patient.page.set_viewport_size({"width": width, "height": height})
        patient.page.screenshot(path=artefacts / f"recording-asked-{width}.png")
        mark, card = (patient.page.locator(one).bounding_box() for one in ("#recording-note", "#consent"))
        assert mark["y"] + mark["height"] <= card["y"]
        assert card["y"] + card["height"] <= height


def test_a_server_that_is_killed_loses_two_seconds_at_most(rooms, start_server, tmp_path):
    server = start_server()
    room = rooms(server, consents=("recording",))
    patient, physician = call(room)
    begin(patient, physician)
    began = time.monotonic()
    time.sleep(8)
    took = time.monotonic() - began
    server.kill()
    server.start()
    kept = files(room)
    assert len(kept) == 2
    for file in kept:
        found = probe(fetch(room, file, tmp_path))
        print("killed after", took, "kept", found["duration"], len(found["opus"]), len(found["vp8"]))
        assert took - 2 < found["duration"] < took + 0.5
        assert found["opus"][-1] > took - 2 and found["vp8"][-1] > took - 2
    log = eventually(lambda: signed(room, 2), 10, "signed")
    assert log.count("recording.ended") == 1 and "restart" in log
    assert log.index("recording.began") < log.index("recording.ended") < log.index("recording.kept")


@pytest.fixture
def network(shared_server):
    made = UDPProxy(shared_server.media_port)
    yield made
    made.close()


def test_an_outage_of_five_seconds_is_a_gap_and_both_are_together_behind_it(rooms, shared_server, network, tmp_path):
    room = rooms(shared_server, consents=("recording",))
    patient, physician = call(room, network)
    begin(patient, physician)
    began = time.monotonic()
    time.sleep(5)
    network.cut()
    time.sleep(5)
    network.mend()
    frames = physician.frames_decoded()
    eventually(lambda: physician.frames_decoded() > frames + 10, 20, "back")
    time.sleep(8)
    physician.page.click("#control-record")
    eventually(lambda: state(patient) == "off", 5, "stopped")
    took = time.monotonic() - began
    eventually(lambda: len(files(room)) == 2, 10, "in the record")
    identity = patient.id
    path = fetch(room, next(one for one in files(room) if one["participant"] == identity), tmp_path)
    found = probe(path)
    for track in ("opus", "vp8"):
        widest = max(b - a for a, b in zip(found[track], found[track][1:]))
        print(track, len(found[track]), "widest gap", widest, "duration", found["duration"], took)
        assert 4 < widest < 12
    assert abs(found["duration"] - took) < 1
    offset = offsets(path)
    print("flash behind beep, ms:", [round(1000 * x) for x in offset])
    assert len(offset) >= 6
    assert abs(statistics.median(offset[:4])) < 0.04 and abs(statistics.median(offset[-4:])) < 0.04
