/** @import { Consultation } from "../library/consultation.js" */
import { SignalingError } from "../visavis.js";
import { button, html } from "./elements.js";
import { announce, roleName, t } from "./language.js";

/** Recordings: the physician's button, and the mark that everybody sees for as long as one goes on. */
export class Recording {
  #consultation;
  #say;
  #listening = new AbortController();
  #asking = false;

  /**
   * @param {Consultation} consultation
   * @param {(sentence: string) => void} say
   */
  constructor(consultation, say) {
    this.#consultation = consultation;
    this.#say = say;
    const { signal } = this.#listening;
    for (const type of ["roster", "consents"]) consultation.addEventListener(type, () => this.draw(), { signal });
    consultation.addEventListener("recording", (event) => this.#changed(event), { signal });
    button("control-record").addEventListener("click", () => this.#toggle(), { signal });
  }

  dispose() {
    this.#listening.abort();
    button("control-record").hidden = true;
    html("recording-note").hidden = true;
  }

  draw() {
    const { self, consents, recording, roster, soundOnly } = this.#consultation;
    const isAsked = consents.some(({ purpose }) => purpose === "recording");
    const control = button("control-record");
    control.hidden = self?.role !== "physician" || !isAsked;
    control.disabled = this.#asking;
    control.setAttribute("aria-pressed", String(recording !== "off"));
    const isOff = recording === "off";
    // As wide as the other words below pictures; what it stops is said to who does not see the sign above it.
    control.querySelector("span")?.replaceChildren(t(isOff ? "control.record" : "control.record.stop"));
    control.ariaLabel = isOff ? null : t("control.record.stop.label");
    control.title = control.ariaLabel ?? "";
    const note = html("recording-note");
    const names = roster.filter(({ id }) => soundOnly.includes(id)).map(({ name, role }) => name || roleName(role));
    const without = recording === "on" && names.length > 0 ? ` ${t("recording.soundOnly", { names: names.join(", ") })}` : "";
    const sentence = recording === "off" ? "" : t(`recording.${recording}`) + without;
    note.hidden = !sentence;
    note.dataset.state = recording;
    if (note.textContent !== sentence) note.textContent = sentence;
  }

  /** @param {any} event */
  #changed({ detail: { state, reason } }) {
    this.draw();
    if (state === "off" && reason) {
      const known = ["consent", "encrypted", "limit", "storage"].includes(reason) ? reason : "over";
      const sentence = t(`recording.end.${known}`);
      announce(sentence);
      if (known !== "over") this.#say(sentence);
    }
  }

  async #toggle() {
    if (this.#asking) return;
    this.#asking = true;
    this.draw();
    try {
      await this.#consultation.setRecording(this.#consultation.recording === "off");
    } catch (error) {
      const problem = error instanceof SignalingError ? PROBLEMS.get(error.code) : undefined;
      this.#say(t(`recording.problem.${problem ?? "failed"}`));
    } finally {
      this.#asking = false;
      this.draw();
    }
  }
}

/** Words for what the server refuses. */
const PROBLEMS = new Map([["wrong-state", "state"], ["encrypted", "encrypted"]]);
