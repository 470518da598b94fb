/** @import { Consultation } from "../library/consultation.js" */
import { SignalingError } from "../visavis.js";
import { button, html } from "./elements.js";
import { announce, t } from "./language.js";

/** Still images of the patient: the physician's button, and what everybody reads while one is taken. */
export class Stills {
  #consultation;
  #say;
  #listening = new AbortController();
  #taking = false;

  /**
   * @param {Consultation} consultation
   * @param {(sentence: string) => void} say
   */
  constructor(consultation, say) {
    this.#consultation = consultation;
    this.#say = say;
    const { signal } = this.#listening;
    for (const type of ["roster", "consents"]) consultation.addEventListener(type, () => this.draw(), { signal });
    button("control-still").addEventListener("click", () => this.#take(), { signal });
  }

  dispose() {
    this.#listening.abort();
    button("control-still").hidden = true;
    html("hooks-note").hidden = true;
  }

  draw() {
    const { self, consents, roster } = this.#consultation;
    const isAsked = consents.some(({ purpose }) => purpose === "image-capture");
    button("control-still").hidden = self?.role !== "physician" || !isAsked;
    button("control-still").disabled = this.#taking || !this.#publication;
    const note = html("hooks-note");
    const shown = roster.find(({ hooks }) => hooks?.includes("still-image"));
    const sentence = shown ? t("still.note", { name: shown.name || t("tile.someone") }) : "";
    note.hidden = !sentence;
    if (note.textContent !== sentence) note.textContent = sentence;
  }

  /** The camera that is on the patient. */
  get #publication() {
    return this.#consultation.roster
      .filter(({ role }) => role === "patient" || role === "assistant")
      .flatMap(({ publications }) => publications)
      .find(({ source, muted }) => source === "camera" && !muted);
  }

  async #take() {
    const publication = this.#publication;
    if (!publication || this.#taking) return;
    this.#taking = true;
    this.draw();
    try {
      await this.#consultation.captureImage(publication.id);
      announce(t("say.still"));
      if (html("chat").hidden) button("chat-button").click();
    } catch (error) {
      const problem = error instanceof SignalingError ? PROBLEMS.get(error.code) : undefined;
      this.#say(t(`still.problem.${problem ?? "failed"}`));
    } finally {
      this.#taking = false;
      this.draw();
    }
  }
}

/** Words for what the server refuses. */
const PROBLEMS = new Map([["wrong-state", "state"], ["encrypted", "encrypted"]]);
