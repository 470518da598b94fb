/** @import { Consultation } from "../library/consultation.js" */
import { button, dialog, html } from "./elements.js";
import { announce, t } from "./language.js";

/** A private aside: told to those who are on hold, and to those who are among themselves. */
export class Aside {
  #consultation;
  #failed;
  #listening = new AbortController();

  /**
   * @param {Consultation} consultation
   * @param {() => void} failed the server did not do it
   */
  constructor(consultation, failed) {
    this.#consultation = consultation;
    this.#failed = failed;
    const { signal } = this.#listening;
    consultation.addEventListener("aside", () => this.#changed(), { signal });
    button("aside-begin").addEventListener("click", () => this.#ask(true), { signal });
    button("aside-end").addEventListener("click", () => this.#ask(false), { signal });
  }

  dispose() {
    this.#listening.abort();
    html("aside").hidden = true;
  }

  draw() {
    const { aside, self } = this.#consultation;
    const isPhysician = self?.role === "physician";
    html("aside-begin").hidden = !isPhysician || aside !== "none";
    html("aside-hint").hidden = html("aside-begin").hidden;
    html("aside").hidden = aside === "none";
    html("aside").dataset.state = aside;
    if (aside === "none") return;
    html("aside-heading").textContent = t(`aside.${aside}.heading`);
    html("aside-text").textContent = t(`aside.${aside}`);
    html("aside-end").hidden = !(isPhysician && aside === "inside");
  }

  #changed() {
    const { aside } = this.#consultation;
    const hadFocus = html("aside").contains(document.activeElement);
    this.draw();
    announce(aside === "none" ? t("say.asideEnded") : t(`aside.${aside}.heading`));
    if (hadFocus && aside === "none") button("people-button").focus();
  }

  /** @param {boolean} active */
  async #ask(active) {
    const pressed = button(active ? "aside-begin" : "aside-end");
    pressed.disabled = true;
    try {
      await this.#consultation.setAside(active);
      if (active) {
        dialog("people").close();
        button("aside-end").focus();
      }
    } catch {
      this.#failed();
    } finally {
      pressed.disabled = false;
    }
  }
}
