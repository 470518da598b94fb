"""One camera in three sizes: who gets which, and which of them are sent at all."""

from Browser.participant import eventually

SENT = """async () => {
  const report = await window.visavis.consultation.peerConnection.getStats();
  const sent = {};
  report.forEach((one) => {
    if (one.type === "outbound-rtp" && one.kind === "video") sent[one.rid ?? ""] = one.packetsSent;
  });
  return sent;
}"""

# As if the page were laid out so.
SHOW = """([width, height]) => {
  for (const video of document.querySelectorAll(".tile video")) {
    video.style.inset = "auto";
    video.style.width = `${width}px`;
    video.style.height = `${height}px`;
  }
}"""


def sending(person, milliseconds: int = 1500) -> set[str]:
    """The encodings of its camera that a person sends now."""
    before = person.js(SENT)
    person.page.wait_for_timeout(milliseconds)
    return {rid for rid, packets in person.js(SENT).items() if packets > before.get(rid, 0)}


def widths(person) -> dict[str, int]:
    return {one["participant"]: one.get("frameWidth", 0) for one in person.inbound("video")}


# A camera as old laptops and cheap phones have it.
SMALL_CAMERA = """
(() => {
  const devices = navigator.mediaDevices, original = devices.getUserMedia.bind(devices);
  devices.getUserMedia = (wanted) => original(wanted.video ?
    { ...wanted, video: { ...wanted.video, width: 640, height: 480 } } : wanted);
})();
"""


def test_of_a_small_camera_the_largest_picture_is_not_lost(room):
    patient = room.person("patient", "Mme Durand")
    patient.page.add_init_script(SMALL_CAMERA)
    patient.join()
    physician = room.join("observer", "Dr Claire Martin")
    interpreter = room.join("observer", "Ana Lopes")
    for person in (physician, interpreter):
        person.see_everyone_move(1)
    physician.js(SHOW, [1280, 720])
    interpreter.js(SHOW, [160, 90])
    eventually(lambda: 0 < widths(interpreter)[patient.id] <= 320, 20, "the small picture")
    eventually(lambda: widths(physician)[patient.id] == 640, 20, "the large picture")
    assert sending(patient) == {"h", "f"}


def test_two_people_use_one_encoding(room):
    physician = room.join("physician", "Dr Claire Martin")
    patient = room.join("patient", "Mme Durand")
    for person in (physician, patient):
        person.see_everyone_move(1)
    for person in (physician, patient):
        assert sending(person) == {"f"}
        assert all(person.js(SENT).get(rid, 0) == 0 for rid in "qh"), person.js(SENT)


def test_each_of_three_gets_the_size_that_it_shows_and_nothing_else_is_sent(room, artefacts):
    physician = room.join("physician", "Dr Claire Martin")
    patient = room.join("patient", "Mme Durand")
    interpreter = room.join("interpreter", "Ana Lopes")
    for person in (physician, patient, interpreter):
        person.see_everyone_move(2)
    physician.js(SHOW, [1280, 720])
    interpreter.js(SHOW, [160, 90])
    eventually(lambda: 0 < widths(interpreter)[patient.id] <= 320, 20, "the small picture")
    eventually(lambda: widths(physician)[patient.id] > 640, 20, "the large picture")
    interpreter.shoot(artefacts, "layers-small")
    eventually(lambda: sending(patient) == {"q", "f"}, 20, "what nobody shows is stopped")

    # A switch shows no broken picture: what was decided on came, and the picture goes on.
    before = interpreter.inbound("video")
    interpreter.js(SHOW, [640, 360])
    eventually(lambda: widths(interpreter)[patient.id] > 320, 20, "the larger picture")
    interpreter.see_everyone_move(2)
    for one, was in zip(interpreter.inbound("video"), before):
        assert one.get("freezeCount", 0) - was.get("freezeCount", 0) <= 1, (one, was)

    interpreter.leave()
    eventually(lambda: sending(patient) == {"f"}, 20, "again one encoding")
    physician.see_everyone_move(1)
