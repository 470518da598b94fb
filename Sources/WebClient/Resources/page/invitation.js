/** @import { Consultation } from "../library/consultation.js" */
/** @import { ParticipantRole } from "../library/types.js" */
import { button, create, element, html } from "./elements.js";
import { announce, roleName, t } from "./language.js";

/** Whom a physician may ask in by a link, in the middle of a consultation. */
const ROLES = /** @type {const} */ (["interpreter", "expert", "relative", "observer"]);
/** In kinds of act that admit others. */
const ROLES_OF = {
  assisted: /** @type {const} */ (["assistant", ...ROLES]),
  "tele-expertise": /** @type {const} */ (["expert", "observer"]),
};
/** How long a link made here is good, milliseconds: for today's call, not for the next. */
const LIFETIME = 2 * 3_600_000;

/** A link for a third participant, made in the list of participants. */
export class Invitation {
  #consultation;
  #listening = new AbortController();

  /** @param {Consultation} consultation */
  constructor(consultation) {
    this.#consultation = consultation;
    const { signal } = this.#listening;
    const role = element("invite-role", HTMLSelectElement);
    role.replaceChildren(
      ...(ROLES_OF[consultation.info?.kind] ?? ROLES).map((name) => {
        const option = create("option", { text: roleName(name) });
        option.value = name;
        return option;
      }),
    );
    html("invite").hidden = consultation.self?.role !== "physician";
    button("invite-make").addEventListener("click", () => this.#make(), { signal });
    button("invite-copy").addEventListener("click", () => this.#copy(), { signal });
    element("invite-name", HTMLInputElement).addEventListener(
      "keydown",
      (event) => {
        if (event.key !== "Enter") return;
        // Enter would close the dialog.
        event.preventDefault();
        this.#make();
      },
      { signal },
    );
    // A link for one is not shown as that of another.
    for (const id of ["invite-role", "invite-name"]) {
      html(id).addEventListener("input", () => (html("invite-result").hidden = true), { signal });
    }
  }

  dispose() {
    this.#listening.abort();
    html("invite-result").hidden = true;
    element("invite-name", HTMLInputElement).value = "";
    element("invite-link", HTMLInputElement).value = "";
  }

  async #make() {
    const make = button("invite-make");
    make.disabled = true;
    this.#say("");
    try {
      const role = /** @type {ParticipantRole} */ (element("invite-role", HTMLSelectElement).value);
      const name = element("invite-name", HTMLInputElement).value.trim();
      const { link } = await this.#consultation.invite({ role, name, expires: new Date(Date.now() + LIFETIME) });
      const field = element("invite-link", HTMLInputElement);
      field.value = link;
      html("invite-result").hidden = false;
      field.focus();
      field.select();
      html("invite-result").scrollIntoView({ block: "nearest" });
      announce(t("invite.made"));
    } catch (error) {
      console.warn("inviting failed", error);
      this.#say(t("invite.failed"));
    } finally {
      make.disabled = false;
    }
  }

  async #copy() {
    const field = element("invite-link", HTMLInputElement);
    field.select();
    try {
      await navigator.clipboard.writeText(field.value);
      this.#say(t("invite.copied"));
    } catch {
      this.#say(t("invite.copyByHand"));
    }
  }

  /** @param {string} text */
  #say(text) {
    html("invite-said").textContent = text;
  }
}
