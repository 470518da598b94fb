"""The pages themselves: words, layout, access."""

import datetime

import pytest
from axe_playwright_python.sync_playwright import Axe

from Browser.participant import Participant, eventually

PHONE = (360, 740)


def has_no_sideways_scroll(page) -> bool:
    return page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def assert_accessible(page, where: str) -> None:
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]})
    report = [
        (one["id"], one["help"], [node["html"][:120] for node in one["nodes"]])
        for one in found.response["violations"]
    ]
    assert not report, f"{where}: {report}"


@pytest.mark.parametrize("locale, words", [
    ("en-GB", ["Your teleconsultation", "You are joining as", "Join the consultation", "Microphone"]),
    ("fr-FR", ["Votre téléconsultation", "Vous participez en tant que", "Rejoindre la consultation", "Micro"]),
    ("de-DE", ["Your teleconsultation"]),
])
def test_the_preview_speaks_the_language_of_the_browser(room, locale, words):
    person = room.person("patient", "Mme Durand", locale=locale).open()
    person.page.wait_for_selector("#preview-devices select")
    text = person.page.inner_text("body")
    for word in words:
        assert word in text
    assert "Mme Durand" in text
    assert person.js("() => document.documentElement.lang") == ("fr" if locale == "fr-FR" else "en")


def test_both_languages_say_everything(contexts, shared_server):
    page = contexts().new_page()
    page.goto(shared_server.url)
    missing = page.evaluate("""async () => {
      const { texts } = await import("/client/page/texts.js");
      const keys = new Set([...Object.keys(texts.en), ...Object.keys(texts.fr)]);
      const holes = (text) => [...(text ?? "").matchAll(/\\{\\w+\\}/g)].map(String).sort().join();
      return [...keys].filter((key) => !texts.en[key] || !texts.fr[key] || holes(texts.en[key]) !== holes(texts.fr[key]));
    }""")
    assert missing == []


def test_the_token_leaves_the_address_bar(room):
    person = room.person("patient", "Mme Durand").open()
    assert person.js("() => location.href").endswith("/join")
    assert person.js("() => history.length") <= 2


def test_the_preview_shows_the_own_picture_and_level_and_the_choices(room, artefacts):
    person = room.person("patient", "Mme Durand").open()
    person.page.wait_for_selector("#preview-devices select")
    person.see_motion("#preview-video")
    eventually(lambda: int(person.page.get_attribute("[role=meter]", "aria-valuenow")) > 5, 5)
    assert person.page.locator("#preview-devices select").count() >= 2
    person.page.click("#preview-camera")
    assert person.page.is_visible("#preview-camera-off")
    person.page.click("#preview-join")
    person.page.wait_for_selector("#call:not([hidden])")
    eventually(lambda: any(p["source"] == "camera" and p["muted"] for p in person.roster[0]["publications"]), 5)
    person.shoot(artefacts, "waiting")


@pytest.mark.parametrize("locale", ["en-GB", "fr-FR"])
def test_every_state_fits_a_phone(room, artefacts, locale):
    language = locale[:2]
    person = room.person("patient", "Mme Marie-Antoinette Durand-Lefebvre", locale=locale, size=PHONE)
    person.open()
    person.page.wait_for_selector("#preview-devices select")

    def fits(state: str):
        person.shoot(artefacts, f"phone-{language}-{state}")
        assert has_no_sideways_scroll(person.page), state

    fits("preview")
    person.page.click("#preview-join")
    person.page.wait_for_selector("#waiting:not([hidden])")
    fits("waiting")
    # Every control is within the screen and large enough for a finger.
    for box in person.page.locator("#controls button:visible").all():
        area = box.bounding_box()
        assert area["x"] >= 0 and area["x"] + area["width"] <= PHONE[0] and area["height"] >= 44
        assert area["y"] + area["height"] <= PHONE[1]
    physician = room.join("physician", "Dr Claire Martin")
    person.see_everyone_move(1)
    fits("two")
    room.join("interpreter", "Ana Lopes")
    eventually(lambda: person.page.locator("#tiles > [data-picture=true]").count() == 2, 15)
    fits("three")
    person.page.click("#people-button")
    fits("people")
    person.page.keyboard.press("Escape")
    person.page.click("#control-settings")
    person.page.wait_for_selector("#settings-devices select")
    fits("settings")
    person.page.keyboard.press("Escape")
    physician.leave()
    person.leave()
    fits("left")


def test_the_stage_in_landscape_on_a_phone(room, artefacts):
    person = room.join("patient", "Mme Durand", size=(740, 360))
    person.shoot(artefacts, "landscape-waiting")
    room.join("physician", "Dr Claire Martin")
    person.see_everyone_move(1)
    person.shoot(artefacts, "landscape-two")
    assert has_no_sideways_scroll(person.page)


def test_denied_devices_are_explained_and_one_may_join_all_the_same(room, artefacts):
    person = room.person("patient", "Mme Durand", devices=False)
    person.page.add_init_script("""
      navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("no", "NotAllowedError"));
    """)
    person.open()
    if person.page.is_visible("#preview-ask-button"):
        assert_accessible(person.page, "asking")
        person.page.click("#preview-ask-button")
    person.page.wait_for_selector("#preview-problem:not([hidden])")
    assert "blocked" in person.page.inner_text("#preview-problem")
    assert_accessible(person.page, "denied")
    person.shoot(artefacts, "denied")
    person.page.click("#preview-join")
    person.page.wait_for_selector("#call:not([hidden])")
    assert person.page.get_attribute("#control-microphone", "data-off") == "true"


def test_sound_that_the_browser_holds_back_is_offered_by_a_button(room, artefacts):
    room.join("physician", "Dr Claire Martin")
    person = room.person("patient", "Mme Durand")
    person.page.add_init_script("""
      const play = HTMLMediaElement.prototype.play;
      HTMLMediaElement.prototype.play = function () {
        if (this instanceof HTMLAudioElement && !window.__touched && this.dataset.publication) {
          return Promise.reject(new DOMException("no gesture", "NotAllowedError"));
        }
        if (this.dataset.publication) window.__played = true;
        return play.call(this);
      };
    """)
    person.join()
    person.page.wait_for_selector("#hear:not([hidden])")
    person.shoot(artefacts, "tap-to-hear")
    person.js("() => { window.__touched = true; }")
    person.page.click("#hear")
    eventually(lambda: person.js("() => window.__played === true"), 3)
    assert not person.page.is_visible("#hear")


@pytest.mark.parametrize("fragment, kind", [("", "no-link"), ("#not-a-token", "invalid"), ("#a.b.c", "invalid")])
def test_a_wrong_link_is_answered_in_words(contexts, shared_server, artefacts, fragment, kind):
    person = Participant(contexts(), f"{shared_server.url}/join{fragment}", kind)
    person.page.goto(person.link)
    if fragment:
        person.page.wait_for_selector("#preview:not([hidden])")
        person.page.click("#preview-join")
    person.page.wait_for_selector(f"#message[data-kind={kind}]")
    person.shoot(artefacts, f"link-{kind}")
    assert_accessible(person.page, kind)


def test_an_expired_link_says_until_when_it_was_valid(contexts, shared_server, artefacts):
    consultation = shared_server.create_consultation()
    expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=3)
    token = shared_server.token("patient", consultation, "Mme Durand", expires=expires.strftime("%Y-%m-%dT%H:%M:%SZ"))
    person = Participant(contexts(), f"{shared_server.url}/join#{token}", "expired").open()
    person.page.wait_for_selector("#preview-devices select")
    eventually(lambda: datetime.datetime.now(datetime.timezone.utc) > expires, 5)
    person.page.click("#preview-join")
    person.page.wait_for_selector("#message[data-kind=expired]")
    assert str(expires.year) in person.page.inner_text("#message")
    person.shoot(artefacts, "link-expired")


def test_the_pages_are_accessible(room, contexts, shared_server, artefacts):
    page = contexts().new_page()
    for path in ("/", "/ops"):
        page.goto(shared_server.url + path)
        assert_accessible(page, path)
    page.screenshot(path=artefacts / "ops-without-token.png")
    page.goto(shared_server.url)
    page.screenshot(path=artefacts / "home.png")
    person = room.person("physician", "Dr Claire Martin").open()
    person.page.wait_for_selector("#preview-devices select")
    assert_accessible(person.page, "preview")
    person.page.click("#preview-join")
    person.page.wait_for_selector("#waiting:not([hidden])")
    assert_accessible(person.page, "waiting")
    room.join("patient", "Mme Durand")
    person.see_everyone_move(1)
    assert_accessible(person.page, "call")
    for opener, dialog in (("people-button", "people"), ("control-settings", "settings"), ("control-leave", "leave-dialog")):
        person.page.click(f"#{opener}")
        person.page.wait_for_selector(f"#{dialog}[open]")
        assert_accessible(person.page, dialog)
        person.page.keyboard.press("Escape")
        # The focus returns to where it was.
        assert person.js("() => document.activeElement.id") == opener


def test_the_consultation_can_be_used_from_the_keyboard_alone(room):
    person = room.person("patient", "Mme Durand").open()
    page = person.page
    page.wait_for_selector("#preview-devices select")
    assert person.js("() => document.activeElement.id") == "preview-heading"

    def tab_to(name: str, limit: int = 15):
        visited = []
        for _ in range(limit):
            page.keyboard.press("Tab")
            visited.append(person.js("() => document.activeElement.id || document.activeElement.textContent"))
            if visited[-1] == name:
                outline = person.js("() => getComputedStyle(document.activeElement).outlineStyle")
                assert outline != "none", f"the focus on {name} cannot be seen"
                return
        pytest.fail(f"{name} is not reached by Tab: {visited}")

    tab_to("preview-join")
    page.keyboard.press("Enter")
    page.wait_for_selector("#call:not([hidden])")
    assert person.js("() => document.activeElement.id") == "call-heading"
    tab_to("control-microphone")
    page.keyboard.press("Space")
    eventually(lambda: page.get_attribute("#control-microphone", "data-off") == "true", 3)
    assert "microphone is off" in page.inner_text("#announcer")
    tab_to("control-leave")
    page.keyboard.press("Enter")
    page.wait_for_selector("#message[data-kind=left]")
    assert person.js("() => document.activeElement.id") == "message-heading"


def test_the_ops_page_lists_live_consultations_and_no_names(room, contexts, artefacts):
    room.join("patient", "Mme Durand")
    page = contexts().new_page()
    page.goto(room.server.link("ops"))
    page.wait_for_selector("#rows .tile")
    text = page.inner_text("main")
    assert room.id in text and "Durand" not in text
    assert "#" not in page.evaluate("() => location.href")
    page.screenshot(path=artefacts / "ops.png")
    assert_accessible(page, "ops")


def test_a_page_whose_files_are_cut_off_comes_all_the_same_and_says_so_where_it_cannot(room):
    person = room.person("patient", "Mme Durand")
    lost: list[str] = []

    def lose(times):
        def handle(route):
            if len(lost) < times:
                lost.append(route.request.url)
                route.abort("connectionreset")
            else:
                route.continue_()

        return handle

    # One that is imported, and a style sheet: neither is in a tag that another file could watch.
    for pattern in ("**/library/roster.js", "**/page/base.css"):
        lost.clear()
        person.page.route(pattern, lose(2))
        person.page.goto(person.link)
        person.page.wait_for_function("""() => {
          const { hidden } = document.querySelector("#preview");
          return !hidden && getComputedStyle(document.querySelector("#preview-join")).borderRadius !== "0px";
        }""")
        assert len(lost) == 2
        person.page.unroute(pattern)
        person.page.goto("about:blank")

    person.page.route("**/library/roster.js", lose(1000))
    person.page.goto(person.link)
    person.page.wait_for_selector("#not-loaded button")
    assert "could not be loaded" in person.page.inner_text("#not-loaded")
    assert_accessible(person.page, "what could not be loaded")
    # It does not go on for ever by itself.
    assert len(lost) == 5 + 2, lost
    person.page.unroute("**/library/roster.js")
    person.page.click("#not-loaded button")
    person.page.wait_for_selector("#preview:not([hidden])")
