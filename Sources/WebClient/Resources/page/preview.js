/** @import { Claims } from "./link.js" */
/** @import { Choice, DeviceKind } from "./device-pickers.js" */
/** @import { TextKey } from "./texts.js" */
import { DeviceError, openDevices, permission } from "../visavis.js";
import { DevicePickers } from "./device-pickers.js";
import { button, html, setIcon, video } from "./elements.js";
import { hasText, roleName, t } from "./language.js";
import { publishes } from "./link.js";
import { showView } from "./views.js";

/**
 * What the preview hands over to the consultation.
 * @typedef {object} Prepared
 * @property {{camera?: MediaStreamTrack, microphone?: MediaStreamTrack}} tracks
 * @property {{camera: boolean, microphone: boolean}} muted
 * @property {Choice} choice
 */

/** The page before joining: the person sees and hears himself, chooses devices, and joins. */
export class Preview {
  /** @type {Prepared} */
  #prepared = { tracks: {}, muted: { camera: false, microphone: false }, choice: {} };
  #pickers = new DevicePickers(html("preview-devices"), (kind, id) => this.#choose(kind, id));
  /** @type {(prepared: Prepared) => Promise<void>} */ #onJoin;
  /** @type {Claims} */ #claims;
  #attempt = 0;

  /**
   * @param {Claims} claims
   * @param {(prepared: Prepared) => Promise<void>} onJoin rejects when joining was refused; the tracks stay ours then
   */
  constructor(claims, onJoin) {
    this.#claims = claims;
    this.#onJoin = onJoin;
    html("preview-form").onsubmit = (event) => {
      event.preventDefault();
      this.#join();
    };
    button("preview-ask-button").onclick = () => this.#open();
    button("preview-retry").onclick = () => this.#open();
    button("preview-camera").onclick = () => this.#toggle("camera");
    button("preview-microphone").onclick = () => this.#toggle("microphone");
  }

  /** @param {Choice} [choice] what was chosen before */
  async show(choice = {}) {
    this.#prepared.choice = choice;
    const { name, role } = this.#claims;
    html("preview-as").hidden = !role && !name;
    html("preview-name").textContent = name ?? "";
    html("preview-role").textContent = role ? roleName(role) : "";
    const sends = publishes(role);
    html("preview-intro").textContent = t(sends ? "preview.intro" : "preview.observerIntro");
    html("preview-picture").hidden = !sends;
    html("preview").classList.toggle("receive-only", !sends);
    this.#setJoining(false);
    showView("preview");
    if (!sends) return;
    // Those who allowed it before are not asked to press once more.
    const known = await Promise.all([permission("camera"), permission("microphone")]);
    if (known.every((state) => state === "granted")) await this.#open();
    else if (known.includes("denied")) this.#fail(new DeviceError("permission-denied", "denied before"));
    else this.#ask("preview.ask", true);
  }

  /**
   * @param {TextKey} text
   * @param {boolean} withButton
   */
  #ask(text, withButton) {
    html("preview-problem").hidden = true;
    html("preview-ask").hidden = false;
    html("preview-ask-text").textContent = t(text);
    button("preview-ask-button").hidden = !withButton;
    this.#labelJoin();
  }

  async #open() {
    const attempt = ++this.#attempt;
    this.#ask("preview.waiting", false);
    const { choice } = this.#prepared;
    const wanted = { camera: choice.camera || true, microphone: choice.microphone || true };
    /** @type {unknown} */
    let failure = null;
    /** @type {Prepared["tracks"]} */
    let tracks = {};
    try {
      tracks = await openDevices(wanted);
    } catch (error) {
      failure = error;
      // One of the two may be missing, in use or refused: the other is still worth having.
      for (const kind of /** @type {const} */ (["microphone", "camera"])) {
        try {
          Object.assign(tracks, await openDevices({ [kind]: wanted[kind] }));
        } catch {
          // Told below.
        }
      }
    }
    if (attempt !== this.#attempt) return stopAll(tracks);
    stopAll(this.#prepared.tracks);
    this.#prepared.tracks = tracks;
    if (!tracks.camera && !tracks.microphone) {
      this.#fail(failure);
      return;
    }
    await this.#refresh();
    html("preview-heading").focus({ preventScroll: true });
  }

  /** @param {unknown} error */
  #fail(error) {
    const code = error instanceof DeviceError ? error.code : "other";
    const key = hasText(`device.problem.${code}`) ? code : "other";
    html("preview-ask").hidden = true;
    html("preview-toggles").hidden = true;
    html("preview-devices").hidden = true;
    html("preview-problem-heading").textContent = t(/** @type {TextKey} */ (`device.problem.${key}.title`));
    html("preview-problem-text").textContent = t(/** @type {TextKey} */ (`device.problem.${key}`));
    html("preview-problem").hidden = false;
    this.#labelJoin();
  }

  /** Shows what we have. */
  async #refresh() {
    const { tracks, muted, choice } = this.#prepared;
    html("preview-ask").hidden = true;
    html("preview-problem").hidden = true;
    html("preview-toggles").hidden = false;
    for (const kind of /** @type {const} */ (["camera", "microphone"])) {
      const track = tracks[kind];
      const toggle = button(`preview-${kind}`);
      toggle.hidden = !track;
      toggle.dataset.off = String(muted[kind]);
      toggle.setAttribute("aria-label", t(`control.${kind}.${muted[kind] ? "unmute" : "mute"}`));
      toggle.title = toggle.getAttribute("aria-label") ?? "";
      setIcon(toggle, muted[kind] ? `${kind}-off` : kind);
      if (track) {
        track.enabled = !muted[kind];
        choice[kind] = track.getSettings().deviceId ?? choice[kind];
      }
    }
    const picture = video("preview-video");
    const shown = tracks.camera && !muted.camera;
    const present = picture.srcObject instanceof MediaStream ? picture.srcObject.getVideoTracks()[0] : null;
    if (present !== tracks.camera) picture.srcObject = tracks.camera ? new MediaStream([tracks.camera]) : null;
    picture.hidden = !shown;
    html("preview-camera-off").hidden = Boolean(shown);
    const missing = html("preview-missing");
    missing.hidden = Boolean(tracks.camera && tracks.microphone);
    missing.textContent = t(tracks.camera ? "preview.noMicrophone" : "preview.noCamera");
    html("preview-devices").hidden = false;
    this.#labelJoin();
    await this.#pickers.show(choice, tracks.microphone ?? null);
  }

  #labelJoin() {
    const { camera, microphone } = this.#prepared.tracks;
    const bare = publishes(this.#claims.role) && !camera && !microphone;
    button("preview-join").textContent = t(bare ? "preview.joinWithout" : "preview.join");
    button("preview-join").classList.toggle("primary", !bare);
  }

  /** @param {"camera" | "microphone"} kind */
  #toggle(kind) {
    this.#prepared.muted[kind] = !this.#prepared.muted[kind];
    this.#refresh();
  }

  /**
   * @param {DeviceKind} kind
   * @param {string} id
   */
  async #choose(kind, id) {
    this.#prepared.choice[kind] = id;
    if (kind === "speaker") return;
    const { tracks } = this.#prepared;
    tracks[kind]?.stop();
    delete tracks[kind];
    try {
      Object.assign(tracks, await openDevices({ [kind]: id }));
      await this.#refresh();
    } catch (error) {
      if (tracks.camera || tracks.microphone) await this.#refresh();
      else this.#fail(error);
    }
  }

  async #join() {
    this.#setJoining(true);
    this.#attempt += 1;
    try {
      await this.#onJoin({ ...this.#prepared, choice: { ...this.#prepared.choice, ...this.#pickers.choice } });
      // The tracks are the consultation's now.
      this.#prepared.tracks = {};
    } catch {
      stopAll(this.#prepared.tracks);
    }
    this.#pickers.dispose();
    video("preview-video").srcObject = null;
  }

  /** @param {boolean} joining */
  #setJoining(joining) {
    const join = button("preview-join");
    join.disabled = joining;
    if (joining) join.textContent = t("preview.joining");
    else this.#labelJoin();
  }
}

/** @param {Prepared["tracks"]} tracks */
function stopAll(tracks) {
  tracks.camera?.stop();
  tracks.microphone?.stop();
}
