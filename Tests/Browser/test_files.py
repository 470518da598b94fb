"""A picture of the skin goes from the patient to the physician, and through a break of the network, and is gone after."""

import hashlib
import os
import pathlib
import struct
import time
import zlib

from Browser.participant import eventually
from Browser.test_page import PHONE, assert_accessible, has_no_sideways_scroll
from Browser.test_quality import LIGHT_CAMERA

def noise(width: int, height: int) -> bytes:
    """A picture that does not get smaller, as PNG (RFC 2083): a header, the lines behind their filter, an end."""
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    lines = b"".join(b"\0" + os.urandom(3 * width) for _ in range(height))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(lines, 0)) + chunk(b"IEND", b"")


def give(person, path: pathlib.Path) -> None:
    if person.page.is_hidden("#chat"):
        person.page.click("#chat-button")
    person.page.set_input_files("#file-picker", str(path))


def test_a_still_goes_to_the_physician_through_a_broken_network_and_is_gone_after(
    room, shared_server, artefacts, tmp_path
):
    patient = room.person("patient", "Mme Durand", locale="fr-FR", size=PHONE)
    physician = room.person("physician", "Dr Claire Martin", accept_downloads=True)
    for person in (physician, patient):
        person.page.add_init_script(LIGHT_CAMERA)
        person.join()
    physician.see_everyone_move(1)
    still = tmp_path / "Grain de beauté.png"
    still.write_bytes(noise(900, 700))
    assert still.stat().st_size > 1_500_000
    folder = shared_server.state / "files"

    # Two pieces of the file are lost on the way.
    lost: list[str] = []

    def lose(route):
        if route.request.method == "PATCH" and len(lost) < 2:
            lost.append(route.request.url)
            route.abort("connectionreset")
        else:
            route.fallback()

    patient.page.route("**/files/**", lose)
    give(patient, still)
    physician.page.wait_for_selector("#chat-unread:not([hidden])", timeout=15_000)
    assert len(lost) == 2
    physician.page.click("#chat-button")
    assert "Grain de beauté.png" in physician.page.inner_text("#chat-list")
    with physician.page.expect_download() as download:
        physician.page.click("#chat-list .chat-file button")
    content = pathlib.Path(download.value.path()).read_bytes()
    digest = hashlib.sha256(content).hexdigest()
    assert content == still.read_bytes() and download.value.suggested_filename == "Grain de beauté.png"
    assert physician.js("() => window.visavis.consultation.files[0].sha256") == digest
    physician.page.wait_for_selector("#chat-list canvas")

    # A program under the name of a picture goes nowhere.
    trap = tmp_path / "photo.png"
    trap.write_bytes(b"MZ" + os.urandom(4000))
    give(patient, trap)
    patient.page.wait_for_selector("#chat-problem:not([hidden])")
    assert "PDF" in patient.page.inner_text("#chat-problem")
    assert len(physician.js("() => window.visavis.consultation.files")) == 1
    assert_accessible(patient.page, "a refused file")
    assert has_no_sideways_scroll(patient.page)
    patient.shoot(artefacts, "files-phone")
    physician.shoot(artefacts, "files-physician")

    # A page that is loaded again finds it.
    physician.page.reload()
    physician.page.click("#chat-button")
    physician.page.wait_for_selector("#chat-list .chat-file")
    assert len(list(folder.iterdir())) == 1
    physician.page.click("#control-leave")
    physician.page.click("#leave-dialog button[value=end]")
    patient.page.wait_for_selector("#message[data-kind=ended]")
    eventually(lambda: not list(folder.iterdir()), 5, "nothing is left on the disk")
    receipt = shared_server.run("audit", "receipt", room.id)
    assert digest in receipt and "Grain" not in receipt and "Grain" not in shared_server.log


def test_a_file_of_20_megabytes_is_resumed_where_it_broke_off_and_lies_sealed(
    room, shared_server, tmp_path
):
    patient = room.person("patient", "Mme Durand", locale="fr-FR")
    physician = room.person("physician", "Dr Claire Martin", accept_downloads=True)
    for person in (physician, patient):
        person.page.add_init_script(LIGHT_CAMERA)
        person.join()
    still = tmp_path / "dermatoscope.png"
    still.write_bytes(noise(2640, 2640))
    size = still.stat().st_size
    assert 20_900_000 < size <= 20 << 20
    pieces: list[int] = []
    asked: list[str] = []
    cut = {"from": 0.0}

    def route(one):
        method = one.request.method
        if method == "HEAD":
            asked.append(one.request.url)
        if method == "PATCH":
            offset = int(one.request.headers["upload-offset"])
            if offset > size // 2 and not cut["from"]:
                cut["from"] = time.monotonic()
            if cut["from"] and time.monotonic() < cut["from"] + 1.5:
                return one.abort("internetdisconnected")
            pieces.append(offset)
        return one.fallback()

    patient.page.route("**/files/**", route)
    give(patient, still)
    physician.page.wait_for_selector("#chat-unread:not([hidden])", timeout=30_000)
    assert cut["from"] and asked, "it asked where to go on"
    assert pieces == sorted(set(pieces)), "no piece went twice"
    (sealed,) = (shared_server.state / "files").iterdir()
    content = still.read_bytes()
    assert sealed.stat().st_size == size + 16 * -(-size // 65_536)
    assert content[1000:1032] not in sealed.read_bytes()
    physician.page.click("#chat-button")
    with physician.page.expect_download() as download:
        physician.page.click("#chat-list .chat-file button")
    assert pathlib.Path(download.value.path()).read_bytes() == content
