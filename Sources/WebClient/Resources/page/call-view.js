/** @import { Consultation } from "../library/consultation.js" */
/** @import { MediaSource, Participant } from "../library/types.js" */
/** @import { Choice, DeviceKind } from "./device-pickers.js" */
/** @import { TextKey } from "./texts.js" */
import { canShareScreen, DeviceError, devicesAreReachable } from "../visavis.js";
import { Aside } from "./aside.js";
import { Chat } from "./chat.js";
import { Consents } from "./consents.js";
import { DevicePickers } from "./device-pickers.js";
import { button, create, dialog, html, setIcon, video } from "./elements.js";
import { Invitation } from "./invitation.js";
import { announce, hasText, roleShown, t } from "./language.js";
import { publishes, showsScreen } from "./link.js";
import { NarrowNotes } from "./narrow.js";
import { removalButton } from "./removal.js";
import { initials, Stage } from "./stage.js";
import { Recording } from "./recording.js";
import { Stills } from "./stills.js";
import { Transfer } from "./transfer.js";
import { showView } from "./views.js";
import { checkNote, WaitingCheck } from "./waiting-check.js";
import { WakeLock } from "./wake-lock.js";

/** How long a lost link to the server goes unmentioned: most losses are over before one has read of them. */
const SILENT_LOSS = 1_500;
/** The same for media. */
const BRIEF_SILENCE = 1_000;
const PASSING_NOTICE = 8_000;
/** How often it is asked which way media takes. */
const ROUTE_PERIOD = 3_000;

/** The consultation on the page: what is seen, what is said about the connection, and the controls. */
export class CallView {
  /** @type {Consultation} */ #consultation;
  /** @type {Choice} */ #choice;
  /** @type {(choice: Choice) => void} */ #onChoice;
  #stage = new Stage(
    () => (html("hear").hidden = false),
    (video, publication) => this.#consultation.show(video, publication),
    (publication, priority) => this.#consultation.prioritize(publication, priority),
  );
  /** @type {NarrowNotes} */ #narrow;
  /** @type {Consents} */ #consents;
  /** @type {Aside} */ #aside;
  /** @type {Chat} */ #chat;
  /** @type {Recording} */ #recording;
  /** @type {Stills} */ #stills;
  /** @type {Transfer} */ #transfer;
  /** @type {Invitation} */ #invitation;
  /** @type {WaitingCheck} */ #check;
  #pickers = new DevicePickers(html("settings-devices"), (kind, id) => this.#choose(kind, id));
  #wakeLock = new WakeLock();
  #listening = new AbortController();
  #media = "new";
  #trouble = /** @type {"" | "disconnected" | "failed"} */ ("");
  #company = false;
  #wasInside = false;
  #noticeTimer = 0;
  #lossTimer = 0;
  #silenceTimer = 0;
  #routeTimer = 0;
  #route = "";
  #passing = "";

  /**
   * @param {Consultation} consultation
   * @param {{choice: Choice, onChoice: (choice: Choice) => void}} options
   */
  constructor(consultation, { choice, onChoice }) {
    this.#consultation = consultation;
    this.#choice = { ...choice };
    this.#onChoice = onChoice;
    this.#narrow = new NarrowNotes(consultation, (narrowed) => this.#stage.setNarrowed(narrowed));
    this.#consents = new Consents(consultation, () => this.#notice(t("queue.failed")));
    this.#aside = new Aside(consultation, () => this.#notice(t("queue.failed")));
    this.#chat = new Chat(consultation);
    this.#recording = new Recording(consultation, (sentence) => this.#notice(sentence));
    this.#stills = new Stills(consultation, (sentence) => this.#notice(sentence));
    this.#transfer = new Transfer(consultation, (sentence) => this.#notice(sentence));
    this.#invitation = new Invitation(consultation);
    this.#check = new WaitingCheck(consultation);
    this.#followConsultation();
    this.#followControls();
  }

  show() {
    showView("call");
    this.#wakeLock.hold();
    if (this.#choice.speaker) this.#stage.setSpeaker(this.#choice.speaker);
    const sends = publishes(this.#consultation.self?.role);
    for (const name of ["microphone", "camera", "settings"]) button(`control-${name}`).hidden = !sends;
    this.#drawScreenControl();
    html("self").hidden = !sends;
    html("hear").hidden = true;
    for (const remote of this.#consultation.tracks) this.#stage.addTrack(remote);
    for (const source of /** @type {const} */ (["microphone", "camera", "screen"])) this.#drawLocal(source);
    this.#drawRoster();
    this.#drawQueue();
    this.#consents.draw();
    this.#aside.draw();
    this.#chat.draw();
    this.#recording.draw();
    this.#stills.draw();
    this.#check.draw();
    this.#drawConnection();
    this.#routeTimer = window.setInterval(() => this.#followRoute(), ROUTE_PERIOD);
  }

  dispose() {
    this.#listening.abort();
    clearTimeout(this.#noticeTimer);
    clearTimeout(this.#lossTimer);
    clearTimeout(this.#silenceTimer);
    clearInterval(this.#routeTimer);
    this.#pickers.dispose();
    this.#narrow.dispose();
    this.#consents.dispose();
    this.#aside.dispose();
    this.#chat.dispose();
    this.#recording.dispose();
    this.#stills.dispose();
    this.#transfer.dispose();
    this.#invitation.dispose();
    this.#check.dispose();
    this.#stage.dispose();
    this.#wakeLock.release();
    video("self-video").srcObject = null;
    for (const id of ["settings", "people", "leave-dialog", "remove-dialog"]) dialog(id).close();
    html("banner").hidden = true;
  }

  /** @param {unknown} error */
  publishFailed(error) {
    console.warn("publishing failed", error);
    this.#notice(t("problem.publish"));
  }

  // What the consultation tells

  #followConsultation() {
    const on = (/** @type {string} */ type, /** @type {(detail: any) => void} */ run) =>
      this.#consultation.addEventListener(type, (event) => run(/** @type {CustomEvent} */ (event).detail), {
        signal: this.#listening.signal,
      });
    on("roster", () => this.#drawRoster());
    on("queue", () => this.#drawQueue());
    on("waiting-joined", ({ participant }) => announce(t("say.waiting", { name: nameOf(participant) })));
    on("admission", ({ admitted }) => this.#admissionChanged(admitted));
    on("adapted", () => this.#narrow.draw());
    on("track", (remote) => this.#stage.addTrack(remote));
    on("track-removed", ({ publication }) => this.#stage.removeTrack(publication));
    on("participant-joined", ({ participant }) => announce(t("say.joined", { name: nameOf(participant) })));
    on("participant-left", ({ participant, reason }) => this.#tellOfLeaving(participant, reason));
    on("participant-updated", ({ participant, state }) => {
      const key = state === "reconnecting" ? "say.lost" : "say.back";
      if (participant?.id !== this.#consultation.self?.id) announce(t(key, { name: nameOf(participant) }));
    });
    on("published", ({ participant, publication }) => {
      if (publication.source === "screen" && participant?.id !== this.#consultation.self?.id) {
        announce(t("say.screenOn", { name: nameOf(participant) }));
      }
    });
    on("local", ({ source, track }) => this.#localChanged(source, track));
    on("media", ({ state }) => {
      this.#media = state;
      if (state === "connected") this.#heard();
      else if (state === "disconnected" || state === "failed") this.#trouble = state;
      this.#drawConnection();
      this.#followRoute();
    });
    on("silence", ({ silent }) => {
      this.#heard();
      if (!silent) return this.#drawConnection();
      // Most are over before one could read of them.
      this.#silenceTimer = window.setTimeout(() => {
        this.#trouble = "disconnected";
        this.#drawConnection();
      }, BRIEF_SILENCE);
    });
    on("phase", () => this.#drawConnection());
    on("notice", ({ code }) => {
      if (code === "shutting-down") this.#notice(t("banner.restarting"));
    });
    on("problem", ({ error }) => console.warn("consultation", error));
  }

  /** @type {Map<string, string>} the names of those who were here, for saying that they left */
  #names = new Map();

  /**
   * @param {string | Participant} participant
   * @param {string} reason
   */
  #tellOfLeaving(participant, reason) {
    const id = typeof participant === "string" ? participant : participant.id;
    announce(t(reason === "held" ? "say.held" : "say.left", { name: this.#names.get(id) ?? t("tile.someone") }));
  }

  #heard() {
    clearTimeout(this.#silenceTimer);
    this.#trouble = "";
  }

  #drawRoster() {
    const { admitted, roster, self } = this.#consultation;
    if (admitted) this.#wasInside = true;
    const others = roster.filter(({ id }) => id !== self?.id);
    for (const participant of others) this.#names.set(participant.id, nameOf(participant));
    this.#stage.setExamines(self?.role === "physician");
    this.#stage.setParticipants(others);
    this.#narrow.draw();
    if (others.length > 0) this.#company = true;
    html("waiting").hidden = others.length > 0;
    const role = /** @type {string} */ (self?.role ?? "");
    const isExpertise = this.#consultation.info?.kind === "tele-expertise";
    const awaited = role === "physician" && isExpertise ? "expertise" : role;
    const arriving = ["patient", "physician", "expertise"].includes(awaited) ? awaited : "other";
    const alone = this.#consultation.queue.length > 0 ? "queue" : this.#company ? "again" : arriving;
    const who = admitted ? alone : this.#wasInside ? "held" : "lobby";
    html("waiting-heading").textContent = t(`waiting.${who}.heading`);
    html("waiting-text").textContent = t(`waiting.${who}`);
    this.#transfer.draw();
    const physicians = roster.filter(({ role }) => role === "physician").length;
    html("people-count").textContent = String(roster.length);
    button("people-button").setAttribute("aria-label", t("control.people.count", { count: roster.length }));
    html("people-list").replaceChildren(
      ...roster.map((participant) => {
        const name = nameOf(participant);
        const shown = participant.id === self?.id ? t("people.you", { name }) : name;
        const state = participant.state === "reconnecting" ? ` · ${t("tile.reconnecting")}` : "";
        const initial = create("span", { class: "initials", text: initials(name) });
        initial.setAttribute("aria-hidden", "true");
        // Of one physician it goes without saying.
        const charge = physicians > 1 && participant.id === this.#consultation.inCharge ? ` · ${t("people.inCharge")}` : "";
        const detail = detailOf(participant) + charge + state + hookWords(participant);
        return create("li", {}, [
          initial,
          create("span", {}, [shown, create("small", { text: detail.replace(/^ · /, "") })]),
          ...this.#transfer.button(participant),
          ...(this.#mayHold(participant) ? [this.#doorButton("people.hold", participant)] : []),
          ...removalButton(this.#consultation, participant, () => this.#notice(t("queue.failed"))),
        ]);
      }),
    );
  }

  /** @param {Participant} participant */
  #mayHold({ id, role }) {
    const { info, self } = this.#consultation;
    return Boolean(info?.waitingRoom) && self?.role === "physician" && role !== "physician" && id !== self.id;
  }

  /**
   * Lets somebody in, or puts somebody back.
   * @param {"queue.admit" | "people.hold"} key
   * @param {Participant} participant
   */
  #doorButton(key, participant) {
    const made = create("button", { class: "button small", text: t(key) });
    made.type = "button";
    made.setAttribute("aria-label", t(`${key}.name`, { name: nameOf(participant) }));
    made.addEventListener("click", async () => {
      made.disabled = true;
      try {
        if (key === "queue.admit") await this.#consultation.admit(participant.id);
        else {
          await this.#consultation.hold(participant.id);
          dialog("people").close();
        }
      } catch {
        made.disabled = false;
        this.#notice(t("queue.failed"));
      }
    });
    return made;
  }

  /** Who waits, for those who may let in. */
  #drawQueue() {
    const { queue } = this.#consultation;
    const hadFocus = html("queue").contains(document.activeElement);
    html("queue").hidden = queue.length === 0;
    html("queue-list").replaceChildren(
      ...queue.map((participant) => {
        const state = participant.state === "reconnecting" ? ` · ${t("tile.reconnecting")}` : "";
        const detail = create("small", { text: detailOf(participant) + state });
        const check = create("small", { class: "check-note", text: checkNote(participant.check) });
        check.dataset.verdict = participant.check?.verdict ?? "";
        return create("li", {}, [
          create("span", {}, [nameOf(participant), detail, check]),
          this.#doorButton("queue.admit", participant),
          ...removalButton(this.#consultation, participant, () => this.#notice(t("queue.failed"))),
        ]);
      }),
    );
    // The button that was pressed is gone: the keyboard goes on at the next one, or in the call.
    if (hadFocus) (html("queue-list").querySelector("button") ?? button("people-button")).focus();
    this.#drawRoster();
  }

  /** @param {boolean} admitted */
  #admissionChanged(admitted) {
    announce(t(admitted ? "say.admitted" : "waiting.held.heading"));
    this.#drawScreenControl();
    for (const source of /** @type {const} */ (["microphone", "camera", "screen"])) this.#drawLocal(source);
    this.#heard();
    this.#media = "new";
    this.#route = "";
    this.#drawConnection();
  }

  /** There is nobody to show a screen to in the waiting room. */
  #drawScreenControl() {
    const { admitted, self } = this.#consultation;
    button("control-screen").hidden = !showsScreen(self?.role) || !canShareScreen() || !admitted;
  }

  /** Keeps in words which way media takes. */
  async #followRoute() {
    const route = await this.#consultation.route().catch(() => null);
    const protocol = route?.protocol.toUpperCase() ?? "";
    const words = !route ? "" : route.relay ? t("route.relay", { protocol }) : t("route.direct", { protocol });
    if (words === this.#route || this.#listening.signal.aborted) return;
    this.#route = words;
    this.#drawConnection();
  }

  #drawConnection() {
    const { phase, peerConnection } = this.#consultation;
    clearTimeout(this.#lossTimer);
    /** @type {"connecting" | "connected" | "unstable" | "reconnecting" | "failed"} */
    let state = "connected";
    let banner = "";
    if (phase === "reconnecting") {
      state = "reconnecting";
      const flowing = peerConnection && this.#media === "connected";
      const text = t(flowing ? "banner.signaling" : "banner.media");
      this.#lossTimer = window.setTimeout(() => this.#setBanner(text), SILENT_LOSS);
      banner = html("banner").hidden ? "" : text;
    } else if (this.#trouble === "failed") {
      state = "failed";
      banner = t("banner.failed");
    } else if (this.#trouble === "disconnected") {
      state = "unstable";
      banner = t("banner.media");
    } else if (peerConnection && this.#media !== "connected") {
      state = "connecting";
    }
    html("connection").dataset.state = state;
    const route = state === "connected" && this.#media === "connected" ? this.#route : "";
    const text = route ? `${t("state.connected")} · ${route}` : t(`state.${state}`);
    // Setting the same words again would make a screen reader say them again.
    if (html("connection-text").textContent !== text) html("connection-text").textContent = text;
    this.#setBanner(banner || this.#passing);
  }

  /** @param {string} text */
  #setBanner(text) {
    const banner = html("banner");
    banner.hidden = !text;
    if (banner.textContent !== text) banner.textContent = text;
  }

  /** @param {string} text something to know that passes */
  #notice(text) {
    this.#passing = text;
    this.#drawConnection();
    clearTimeout(this.#noticeTimer);
    this.#noticeTimer = window.setTimeout(() => {
      this.#passing = "";
      this.#drawConnection();
    }, PASSING_NOTICE);
  }

  /**
   * @param {MediaSource} source
   * @param {MediaStreamTrack | null} track
   */
  #localChanged(source, track) {
    track?.addEventListener("ended", () => this.#deviceLost(source, track), { signal: this.#listening.signal });
    this.#drawLocal(source);
  }

  /**
   * @param {MediaSource} source
   * @param {MediaStreamTrack} track
   */
  async #deviceLost(source, track) {
    if (source === "screen" || this.#consultation.localTrack(source) !== track) return;
    this.#notice(t(`problem.lost.${source}`));
    try {
      await this.#consultation.publish(source);
    } catch {
      await this.#consultation.unpublish(source).catch(() => {});
    }
  }

  /** @param {MediaSource} source */
  #drawLocal(source) {
    const track = this.#consultation.localTrack(source);
    const control = button(`control-${source}`);
    if (source === "screen") {
      control.dataset.on = String(Boolean(track));
      control.setAttribute("aria-label", t(track ? "control.screen.stop" : "control.screen.start"));
      html("sharing").hidden = !track;
      return;
    }
    const off = !track || this.#consultation.isMuted(source);
    control.dataset.off = String(off);
    control.setAttribute("aria-label", t(`control.${source}.${off ? "unmute" : "mute"}`));
    setIcon(control, off ? `${source}-off` : source);
    if (source === "microphone") {
      html("self").querySelector("#self-muted")?.toggleAttribute("hidden", !off);
      return;
    }
    const picture = video("self-video");
    const present = picture.srcObject instanceof MediaStream ? picture.srcObject.getVideoTracks()[0] : null;
    if (present !== track) picture.srcObject = track ? new MediaStream([track]) : null;
    html("self").dataset.picture = String(!off);
  }

  // What the person does

  #followControls() {
    const { signal } = this.#listening;
    const on = (/** @type {string} */ id, /** @type {() => void} */ run) =>
      button(id).addEventListener("click", run, { signal });
    on("control-microphone", () => this.#toggle("microphone"));
    on("control-camera", () => this.#toggle("camera"));
    on("control-screen", () => this.#toggleScreen());
    on("control-settings", () => this.#openSettings());
    on("control-leave", () => this.#leave());
    on("people-button", () => dialog("people").showModal());
    on("hear", async () => {
      html("hear").hidden = true;
      await this.#stage.hear();
    });
    dialog("settings").addEventListener("close", () => this.#pickers.hide(), { signal });
    const leaving = dialog("leave-dialog");
    leaving.addEventListener("close", () => this.#leavingChosen(leaving.returnValue), { signal });
  }

  /** @param {"microphone" | "camera"} source */
  async #toggle(source) {
    const consultation = this.#consultation;
    if (!consultation.localTrack(source)) {
      await this.#acquire(source);
      return;
    }
    const off = !consultation.isMuted(source);
    if (off) consultation.mute(source);
    else consultation.unmute(source);
    announce(t(`say.${source}${off ? "Off" : "On"}`));
  }

  /** @param {"microphone" | "camera"} source */
  async #acquire(source) {
    const control = button(`control-${source}`);
    control.disabled = true;
    try {
      await this.#consultation.publish(source, { deviceId: this.#choice[source], muted: false });
      announce(t(`say.${source}On`));
    } catch (error) {
      this.#notice(deviceProblem(error));
    } finally {
      control.disabled = false;
      control.focus();
    }
  }

  async #toggleScreen() {
    const control = button("control-screen");
    control.disabled = true;
    try {
      if (this.#consultation.localTrack("screen")) await this.#consultation.unpublish("screen");
      else await this.#consultation.shareScreen();
    } catch (error) {
      if (!(error instanceof DeviceError && error.code === "cancelled")) this.#notice(t("problem.screen"));
    } finally {
      control.disabled = false;
      control.focus();
    }
  }

  async #openSettings() {
    html("settings-problem").hidden = true;
    dialog("settings").showModal();
    if (!devicesAreReachable()) return;
    const chosen = { ...this.#choice };
    for (const source of /** @type {const} */ (["camera", "microphone"])) {
      chosen[source] = this.#consultation.localTrack(source)?.getSettings().deviceId ?? chosen[source];
    }
    await this.#pickers.show(chosen, this.#consultation.localTrack("microphone"));
  }

  /**
   * @param {DeviceKind} kind
   * @param {string} id
   */
  async #choose(kind, id) {
    this.#choice = { ...this.#choice, [kind]: id };
    this.#onChoice(this.#choice);
    const problem = html("settings-problem");
    problem.hidden = true;
    if (kind === "speaker") {
      this.#stage.setSpeaker(id);
      return;
    }
    try {
      await this.#consultation.switchDevice(kind, id);
      if (kind === "microphone") await this.#openSettingsAgain();
    } catch (error) {
      problem.textContent = t("problem.device", { reason: deviceProblem(error) });
      problem.hidden = false;
    }
  }

  /** The level bar must follow the new microphone. */
  async #openSettingsAgain() {
    if (dialog("settings").open) {
      await this.#pickers.show(this.#pickers.choice, this.#consultation.localTrack("microphone"));
    }
  }

  #leave() {
    if (this.#consultation.self?.role === "physician") {
      const leaving = dialog("leave-dialog");
      leaving.returnValue = "";
      leaving.showModal();
    } else {
      this.#consultation.leave();
    }
  }

  /** @param {string} choice */
  async #leavingChosen(choice) {
    if (choice === "leave") await this.#consultation.leave();
    if (choice !== "end") return;
    try {
      await this.#consultation.end();
    } catch {
      this.#notice(t("leave.endFailed"));
    }
  }
}

/** @param {Participant | null | undefined} participant */
function nameOf(participant) {
  if (!participant) return t("tile.someone");
  return participant.name || roleShown(participant);
}

/**
 * What is done with what somebody publishes, besides showing it to the others.
 * @param {Participant} participant
 */
function hookWords({ hooks = [], publications }) {
  const words = hooks.map((hook) => `people.hook.${hook}`);
  if (publications.some(({ encrypted }) => encrypted)) words.push("people.encrypted");
  return words
    .filter(hasText)
    .map((key) => ` · ${t(key)}`)
    .join("");
}

/** @param {Participant} participant */
const detailOf = (participant) => (participant.name ? roleShown(participant) : "");

/** @param {unknown} error */
function deviceProblem(error) {
  const code = error instanceof DeviceError ? error.code : "other";
  const key = `device.problem.${hasText(`device.problem.${code}`) ? code : "other"}.title`;
  return t(/** @type {TextKey} */ (key));
}
