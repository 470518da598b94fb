/** @import { Consultation } from "../library/consultation.js" */
/** @import { Participant } from "../library/types.js" */
import { button, create, dialog, element, html } from "./elements.js";
import { announce, roleName, t } from "./language.js";

const LINK_LIFETIME = 2 * 3600 * 1000;

/** Handing the consultation to a colleague who is here, or by a link to one who is not. */
export class Transfer {
  #consultation;
  #failed;
  #listening = new AbortController();
  /** @type {string | undefined} whom to; undefined: who comes by the link */ #successor;

  /**
   * @param {Consultation} consultation
   * @param {(sentence: string) => void} notice
   */
  constructor(consultation, notice) {
    this.#consultation = consultation;
    this.#failed = () => notice(t("queue.failed"));
    const { signal } = this.#listening;
    button("transfer-link").addEventListener("click", () => this.#byLink(), { signal });
    button("transfer-copy").addEventListener("click", () => this.#copy(), { signal });
    const asking = dialog("transfer-dialog");
    asking.addEventListener("close", () => this.#chosen(asking.returnValue), { signal });
    consultation.addEventListener(
      "charge",
      (event) => {
        const { participant, from, reason } = /** @type {CustomEvent} */ (event).detail;
        const values = { name: this.#nameOf(participant), former: this.#nameOf(from) };
        const own = participant === consultation.self?.id;
        const sentence = t(own ? (reason === "transfer" ? "charge.own" : "charge.left") : "charge.other", values);
        announce(sentence);
        if (own || from === consultation.self?.id) notice(sentence);
      },
      { signal },
    );
  }

  dispose() {
    this.#listening.abort();
    dialog("transfer-dialog").close();
  }

  draw() {
    button("transfer-link").hidden = !this.#mayHandOver;
  }

  get #mayHandOver() {
    const { inCharge, self } = this.#consultation;
    return self?.role === "physician" && inCharge === self.id;
  }

  /**
   * The button beside another physician.
   * @param {Participant} participant
   * @returns {HTMLButtonElement[]}
   */
  button(participant) {
    if (!this.#mayHandOver || participant.role !== "physician" || participant.id === this.#consultation.self?.id) return [];
    const made = create("button", { class: "button small", text: t("transfer.button") });
    made.type = "button";
    made.setAttribute("aria-label", t("transfer.button.name", { name: this.#nameOf(participant.id) }));
    made.addEventListener("click", () => this.#ask(participant.id));
    return [made];
  }

  /** @param {string} [successor] */
  #ask(successor) {
    this.#successor = successor;
    const name = successor ? this.#nameOf(successor) : t("transfer.colleague");
    html("transfer-heading").textContent = t("transfer.heading", { name });
    html("transfer-text").textContent = t(successor ? "transfer.text" : "transfer.text.link");
    html("transfer-result").hidden = Boolean(successor);
    const asking = dialog("transfer-dialog");
    asking.returnValue = "";
    asking.showModal();
  }

  async #byLink() {
    const made = button("transfer-link");
    made.disabled = true;
    try {
      const expires = new Date(Date.now() + LINK_LIFETIME);
      const { link } = await this.#consultation.invite({ role: "physician", expires });
      element("transfer-address", HTMLInputElement).value = link;
      this.#ask();
    } catch {
      this.#failed();
    } finally {
      made.disabled = false;
    }
  }

  async #copy() {
    const field = element("transfer-address", HTMLInputElement);
    field.select();
    const copied = await navigator.clipboard?.writeText(field.value).then(() => true, () => false);
    announce(t(copied ? "invite.copied" : "invite.copyByHand"));
  }

  /** @param {string} choice */
  async #chosen(choice) {
    if (choice !== "leave" && choice !== "stay") return;
    try {
      await this.#consultation.transfer(this.#successor);
      dialog("people").close();
      if (choice === "leave") await this.#consultation.leave();
    } catch {
      this.#failed();
    }
  }

  /** @param {string | undefined} id */
  #nameOf(id) {
    const participant = this.#consultation.roster.find((one) => one.id === id);
    if (!participant) return t("tile.someone");
    return participant.name || roleName(participant.role);
  }
}
