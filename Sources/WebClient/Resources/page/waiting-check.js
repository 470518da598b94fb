/** @import { Consultation } from "../library/consultation.js" */
/** @import { CheckResult, DeviceState } from "../library/types.js" */
import { button, create, html } from "./elements.js";
import { t } from "./language.js";
import { LevelMeter } from "./level-meter.js";
import { publishes } from "./link.js";

/** Seconds of measuring; `?check=` of the page's address says otherwise, 0: no check. */
const USUAL_SECONDS = 8;
const MOST_SECONDS = 12;
/** A moment for what comes first: the devices, and being let in at once. */
const DELAY = 700;

/** In the waiting room: whether camera, microphone and connection will do, in words. */
export class WaitingCheck {
  /** @type {Consultation} */ #consultation;
  #listening = new AbortController();
  #meter = new LevelMeter(html("check-meter"), html("check-bar"));
  #metered = /** @type {MediaStreamTrack | null} */ (null);
  #timer = 0;
  #isRunning = false;
  #isDone = false;

  /** @param {Consultation} consultation */
  constructor(consultation) {
    this.#consultation = consultation;
    const { signal } = this.#listening;
    consultation.addEventListener("local", () => this.draw(), { signal });
    consultation.addEventListener("admission", () => {
      this.#isDone = false;
      this.draw();
    }, { signal });
    button("check-again").addEventListener("click", () => this.#run(), { signal });
  }

  draw() {
    const { admitted, self } = this.#consultation;
    const isShown = !admitted && publishes(self?.role) && seconds() > 0;
    html("check").hidden = !isShown;
    const microphone = isShown ? this.#consultation.localTrack("microphone") : null;
    html("check-level").hidden = !microphone;
    if (microphone !== this.#metered) {
      this.#metered = microphone;
      this.#meter.stop();
      if (microphone) this.#meter.start(microphone);
    }
    clearTimeout(this.#timer);
    if (!isShown || this.#isRunning || this.#isDone) return;
    this.#say(t("check.running"));
    this.#timer = window.setTimeout(() => this.#run(), DELAY);
  }

  dispose() {
    this.#listening.abort();
    clearTimeout(this.#timer);
    this.#meter.stop();
    html("check").hidden = true;
  }

  async #run() {
    if (this.#isRunning || this.#consultation.admitted) return;
    this.#isRunning = true;
    this.#isDone = true;
    this.#say(t("check.running"));
    const bar = html("check-progress");
    bar.hidden = false;
    try {
      const result = await this.#consultation.checkConnection({
        devices: () => ({ camera: this.#camera(), microphone: this.#microphone() }),
        seconds: seconds(),
        progress: (share) => bar.style.setProperty("--share", share.toFixed(2)),
      });
      if (result) this.#show(result);
    } catch (error) {
      console.warn("check", error);
      this.#say(t("check.unknown"), [t("check.unknown.advice")]);
    } finally {
      bar.hidden = true;
      this.#isRunning = false;
      button("check-again").hidden = false;
    }
  }

  /** @param {CheckResult} result */
  #show(result) {
    const { verdict, camera, microphone, up, down, roundTrip } = result;
    const advice = verdict === "good" ? [] : [t(`check.${verdict}.advice`)];
    if (microphone !== "works") advice.unshift(t(`check.microphone.${microphone}`));
    if (camera !== "works") advice.push(t(`check.camera.${camera}`));
    this.#say(t(`check.${verdict}`), advice);
    html("check").dataset.verdict = verdict;
    if (!up || !down) return;
    const loss = Math.max(up.loss, down.loss);
    html("check-details").textContent = t("check.details", {
      up: rate(up.rate), down: rate(down.rate), delay: roundTrip ?? "–", loss: (loss * 100).toFixed(loss < 0.1 ? 1 : 0),
    });
  }

  /**
   * @param {string} words
   * @param {string[]} [advice]
   */
  #say(words, advice = []) {
    delete html("check").dataset.verdict;
    html("check-words").textContent = words;
    html("check-advice").replaceChildren(...advice.map((text) => create("li", { text })));
    html("check-details").textContent = "";
    button("check-again").hidden = true;
  }

  /** @returns {DeviceState} */
  #camera() {
    const track = this.#consultation.localTrack("camera");
    if (!track || track.readyState === "ended") return "missing";
    if (this.#consultation.isMuted("camera") || !track.enabled) return "off";
    return track.muted ? "silent" : "works";
  }

  /** @returns {DeviceState} */
  #microphone() {
    const track = this.#consultation.localTrack("microphone");
    if (!track || track.readyState === "ended") return "missing";
    if (this.#consultation.isMuted("microphone") || !track.enabled) return "off";
    return track.muted || this.#meter.heard === false ? "silent" : "works";
  }
}

/**
 * What a physician reads of it in the queue.
 * @param {CheckResult | undefined} check
 */
export function checkNote(check) {
  if (!check) return "";
  const words = [t(`check.short.${check.verdict}`)];
  for (const device of /** @type {const} */ (["microphone", "camera"])) {
    if (check[device] !== "works") words.push(t(`check.short.${device}.${check[device]}`));
  }
  return words.join(" · ");
}

function seconds() {
  const wanted = new URLSearchParams(location.search).get("check");
  const number = wanted === null ? USUAL_SECONDS : Number(wanted);
  return Number.isFinite(number) ? Math.min(Math.max(number, 0), MOST_SECONDS) : USUAL_SECONDS;
}

/** @param {number} bits a second */
function rate(bits) {
  return bits >= 1e6 ? `${(bits / 1e6).toFixed(1)} Mbit/s` : `${Math.round(bits / 1000)} kbit/s`;
}
