"""People who meet through the server, each in a real browser."""

import time

from Browser.participant import eventually


def test_two_people_see_and_hear_each_other(room, artefacts):
    physician = room.join("physician", "Dr Claire Martin")
    patient = room.join("patient", "Mme Durand")
    for person in (physician, patient):
        person.see_everyone_move(1)
        person.hear()
        transport = person.stats()["transport"]
        assert transport["srtpCipher"] == "SRTP_AEAD_AES_128_GCM", transport
        assert transport["dtlsState"] == "connected"
        video, = person.inbound("video")
        assert video["mimeType"] == "video/VP8"
        assert video["packetsLost"] == 0
    physician.shoot(artefacts, "two-people-physician")


def test_three_people_each_see_and_hear_the_two_others(room, artefacts):
    people = [
        room.join("physician", "Dr Claire Martin"), room.join("patient", "Mme Durand"),
        room.join("interpreter", "Ana Lopes"),
    ]
    for person in people:
        person.see_everyone_move(2)
        for other in people:
            if other is not person:
                person.hear(other.id)
    people[0].shoot(artefacts, "three-people")


def test_the_one_who_comes_late_sees_a_picture_in_under_two_seconds(room):
    physician = room.join("physician", "Dr Claire Martin")
    patient = room.join("patient", "Mme Durand")
    patient.see_everyone_move(1)
    # Long past the first keyframe, so that the picture depends on a new one.
    time.sleep(4)
    late = room.person("relative", "Paul Durand").open()
    late.page.wait_for_selector("#preview-devices select")
    milliseconds = late.js("""async () => {
      const from = performance.now();
      document.getElementById("preview-join").click();
      const shown = () => document.querySelectorAll("#tiles > [data-picture=true]").length;
      while (shown() < 2) {
        if (performance.now() - from > 10000) return performance.now() - from;
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
      return performance.now() - from;
    }""")
    print(f"pictures of both others after {milliseconds:.0f} ms, joining included")
    assert milliseconds < 2000
    late.see_everyone_move(2)
    # Those who were there are not disturbed.
    for person in (physician, patient):
        person.see_everyone_move(2)


def test_muting_silences_the_other_side_and_unmuting_brings_the_voice_back(room):
    physician = room.join("physician", "Dr Claire Martin")
    patient = room.join("patient", "Mme Durand")
    physician.hear(patient.id)
    patient.toggle("microphone")
    eventually(lambda: publication(physician, patient.id, "microphone")["muted"], 3)
    # What was under way may still be played.
    time.sleep(0.7)
    assert physician.loudness(patient.id, 2500) < 1e-4
    assert patient.page.get_attribute("#control-microphone", "data-off") == "true"
    patient.toggle("microphone")
    physician.hear(patient.id)


def test_a_camera_that_is_off_shows_no_picture(room, artefacts):
    physician = room.join("physician", "Dr Claire Martin")
    patient = room.join("patient", "Mme Durand")
    physician.see_everyone_move(1)
    patient.toggle("camera")
    eventually(lambda: physician.js(
        "() => document.querySelector('#tiles > li').dataset.picture") == "false", 3)
    physician.shoot(artefacts, "camera-off")
    patient.toggle("camera")
    physician.see_everyone_move(1)


def test_one_leaves_and_comes_back_while_the_other_stays(room):
    physician = room.join("physician", "Dr Claire Martin")
    patient = room.join("patient", "Mme Durand")
    physician.see_everyone_move(1)
    before = patient.id
    patient.leave()
    eventually(lambda: len(physician.roster) == 1, 5)
    assert physician.page.is_visible("#waiting")
    patient.page.click("#message-actions button")
    patient.page.wait_for_selector("#preview-devices select")
    patient.page.click("#preview-join")
    patient.page.wait_for_selector("#call:not([hidden])")
    assert patient.id != before
    for person in (physician, patient):
        person.see_everyone_move(1)
        person.hear()


def test_coming_and_going_many_times_does_not_grow_the_description(room):
    physician = room.join("physician", "Dr Claire Martin")
    sections = "() => window.visavis.consultation.peerConnection.localDescription.sdp.split('\\nm=').length - 1"
    seen = []
    for turn in range(3):
        patient = room.join("patient", f"Mme Durand {turn}")
        physician.see_everyone_move(1)
        patient.leave()
        eventually(lambda: len(physician.roster) == 1, 5)
        seen.append(physician.js(sections))
    assert seen == [4, 4, 4]


def test_the_physician_ends_and_everyone_is_told(room, artefacts):
    physician = room.join("physician", "Dr Claire Martin")
    patient = room.join("patient", "Mme Durand")
    physician.see_everyone_move(1)
    physician.page.click("#control-leave")
    physician.shoot(artefacts, "leave-or-end")
    physician.page.click("#leave-dialog button[value=end]")
    for person in (physician, patient):
        person.page.wait_for_selector("#message[data-kind=ended]")
        assert person.js("() => window.visavis.consultation.phase") == "ended"
    # The camera's light is off: nothing holds the device any more.
    assert patient.js("() => document.getElementById('self-video').srcObject") is None
    # The link leads nowhere now, and says so.
    again = room.person("patient", "Mme Durand").open()
    again.page.wait_for_selector("#preview-devices select")
    again.page.click("#preview-join")
    again.page.wait_for_selector("#message[data-kind=ended]")


def test_an_observer_sees_and_hears_and_is_seen_to_be_there(room):
    patient = room.join("patient", "Mme Durand")
    observer = room.join("observer", "Ann Other")
    observer.see_everyone_move(1)
    observer.hear(patient.id)
    assert observer.witness["getUserMedia"] == 0
    eventually(lambda: patient.page.locator("#tiles > li").count() == 1, 5)
    assert "Ann Other" in patient.page.inner_text("#tiles")


def test_a_participant_who_is_removed_is_told(room):
    patient = room.join("patient", "Mme Durand")
    room.remove(patient.id)
    patient.page.wait_for_selector("#message[data-kind=removed]")


def test_joining_without_devices_and_turning_them_on_later(room):
    physician = room.join("physician", "Dr Claire Martin")
    patient = room.person("patient", "Mme Durand", devices=False)
    # Denied at first, as by a patient who pressed the wrong button.
    patient.page.add_init_script("""
      const devices = navigator.mediaDevices;
      const real = devices.getUserMedia;
      window.__allow = false;
      devices.getUserMedia = (constraints) => window.__allow ? real(constraints)
        : Promise.reject(new DOMException("denied", "NotAllowedError"));
    """)
    patient.open()
    if patient.page.is_visible("#preview-ask-button"):
        patient.page.click("#preview-ask-button")
    patient.page.wait_for_selector("#preview-problem:not([hidden])")
    patient.page.click("#preview-join")
    patient.page.wait_for_selector("#call:not([hidden])")
    patient.see_everyone_move(1)
    patient.js("() => { window.__allow = true; }")
    patient.toggle("microphone")
    physician.hear(patient.id)
    patient.toggle("camera")
    physician.see_everyone_move(1)


def test_other_devices_are_taken_without_a_new_offer_and_without_a_gap(room, artefacts):
    physician = room.join("physician", "Dr Claire Martin")
    patient = room.join("patient", "Mme Durand")
    physician.see_everyone_move(1)
    described = "() => window.visavis.consultation.peerConnection.localDescription.sdp"
    before = patient.js(described)
    tracks = {one["source"]: one["id"] for one in entry(physician, patient.id)["publications"]}
    patient.toggle("settings")
    for kind in ("camera", "microphone"):
        select = f"#settings-devices-{kind}"
        patient.page.wait_for_selector(select)
        chosen, *others = patient.js(
            "(select) => { const list = document.querySelector(select); "
            "return [list.value, ...[...list.options].map((o) => o.value).filter((v) => v !== list.value)]; }", select)
        assert others, f"a second {kind} is needed for this test"
        used = f"() => window.visavis.consultation.localTrack('{kind}').getSettings().deviceId"
        assert patient.js(used) == chosen
        # The last: Chromium's second camera gives depth pictures, which no encoder takes.
        patient.page.select_option(select, others[-1])
        eventually(lambda: patient.js(used) == others[-1], 5)
    patient.shoot(artefacts, "settings")
    patient.page.keyboard.press("Escape")
    assert patient.js(described) == before
    assert {one["source"]: one["id"] for one in entry(physician, patient.id)["publications"]} == tracks
    physician.see_everyone_move(1)
    physician.hear(patient.id)


def entry(person, participant: str) -> dict:
    return next(one for one in person.roster if one["id"] == participant)


def publication(person, participant: str, source: str) -> dict:
    return next(one for one in entry(person, participant)["publications"] if one["source"] == source)
