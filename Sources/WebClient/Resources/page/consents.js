/** @import { Consultation } from "../library/consultation.js" */
/** @import { Consent, Participant } from "../library/types.js" */
/** @import { TextKey } from "./texts.js" */
import { button, create, dialog, html } from "./elements.js";
import { announce, language, roleName, t } from "./language.js";

/** What we are asked before picture and sound pass, what we have said, and what is missing from others. */
export class Consents {
  #consultation;
  #failed;
  #listening = new AbortController();
  /** @type {Consent | null} */ #shown = null;
  /** @type {HTMLElement | null} where the keyboard was before the question came */ #former = null;

  /**
   * @param {Consultation} consultation
   * @param {() => void} failed the server did not take an answer
   */
  constructor(consultation, failed) {
    this.#consultation = consultation;
    this.#failed = failed;
    const { signal } = this.#listening;
    consultation.addEventListener("consents", () => this.draw(), { signal });
    consultation.addEventListener("roster", () => this.#drawNotes(), { signal });
    button("consent-yes").addEventListener("click", () => this.#answer(true), { signal });
    button("consent-no").addEventListener("click", () => this.#answer(false), { signal });
    button("consents-button").addEventListener("click", () => dialog("consents").showModal(), { signal });
  }

  dispose() {
    this.#listening.abort();
    dialog("consents").close();
    for (const id of ["consent", "consents-button", "consent-notes"]) html(id).hidden = true;
  }

  draw() {
    button("consents-button").hidden = this.#own.length === 0;
    this.#drawQuestion();
    this.#drawList();
    this.#drawNotes();
  }

  get #own() {
    return this.#consultation.consents.filter(({ participant }) => participant === this.#consultation.self?.id);
  }

  /** One after the other, over the stage. */
  #drawQuestion() {
    const asked = this.#own.find(({ state }) => state === "asked") ?? null;
    const isNew = asked !== null && key(asked) !== (this.#shown && key(this.#shown));
    const panel = html("consent");
    const hadFocus = panel.contains(document.activeElement);
    this.#shown = asked;
    panel.hidden = !asked;
    if (!asked) {
      if (hadFocus) (this.#former ?? button("consents-button")).focus();
      this.#former = null;
      return;
    }
    if (!isNew) return;
    html("consent-heading").textContent = this.#heading(asked);
    this.#write(html("consent-text"), asked);
    html("consent-effect").textContent = t(`consent.effect.${asked.purpose}`);
    for (const id of ["consent-yes", "consent-no"]) button(id).disabled = false;
    announce(t("consent.say", { question: this.#heading(asked) }));
    // Whoever types or chooses elsewhere is not torn away.
    const active = document.activeElement;
    if (hadFocus || !active || active === document.body || active.id === "call-heading") {
      if (!hadFocus && active instanceof HTMLElement) this.#former = active;
      html("consent-heading").focus({ preventScroll: true });
    }
  }

  /** Everything that we were asked, in the words that we were asked in, to read again and to change. */
  #drawList() {
    const list = html("consents-list");
    const focused = [...list.querySelectorAll("button")].findIndex((one) => one === document.activeElement);
    list.replaceChildren(
      ...this.#own.map((asked) => {
        const text = create("p", { class: "consent-words" });
        this.#write(text, asked);
        const given = asked.state === "given";
        const change = create("button", { class: "button small", text: t(given ? "consent.withdraw" : "consent.yes") });
        change.type = "button";
        change.setAttribute("aria-label", `${change.textContent}: ${this.#heading(asked)}`);
        change.addEventListener("click", () => this.#send(asked, !given, [change]));
        const state = create("strong", { text: t(`consent.state.${asked.state}`) });
        return create("li", {}, [create("h3", { text: this.#heading(asked) }), text, create("div", {}, [state, change])]);
      }),
    );
    // The button that was pressed is another one now.
    if (focused >= 0) list.querySelectorAll("button")[focused]?.focus();
  }

  /** What does not pass for want of a consent, in a sentence each. */
  #drawNotes() {
    const { consents, self } = this.#consultation;
    const lines = consents
      .filter(({ purpose, state }) => state !== "given" && (purpose === "act" || purpose === "third-participant"))
      .map((asked) => {
        const state = asked.state === "asked" ? "asked" : "refused";
        const name = this.#nameOf(asked.participant);
        const third = this.#nameOf(asked.about);
        if (asked.participant === self?.id) {
          // The question itself is on the page.
          return state === "asked" ? "" : t(`consent.own.${asked.purpose}`, { third });
        }
        if (asked.about === self?.id) return t(`consent.about.${state}`, { name });
        return t(`consent.their.${asked.purpose}.${state}`, { name, third });
      })
      .filter(Boolean);
    const notes = html("consent-notes");
    notes.hidden = lines.length === 0;
    const former = [...notes.children].map(({ textContent }) => textContent);
    if (former.join() !== lines.join()) notes.replaceChildren(...lines.map((text) => create("li", { text })));
  }

  /** @param {boolean} given */
  #answer(given) {
    if (this.#shown) this.#send(this.#shown, given, [button("consent-yes"), button("consent-no")]);
  }

  /**
   * @param {Consent} asked
   * @param {boolean} given
   * @param {HTMLButtonElement[]} controls
   */
  async #send(asked, given, controls) {
    for (const control of controls) control.disabled = true;
    try {
      await this.#consultation.consent(asked, given, wording(asked).language);
      announce(t(given ? "consent.state.given" : "consent.state.refused"));
    } catch {
      for (const control of controls) control.disabled = false;
      this.#failed();
    }
  }

  /** @param {Consent} asked */
  #heading({ purpose, about }) {
    return t(`consent.heading.${purpose}`, { name: this.#nameOf(about) });
  }

  /**
   * @param {HTMLElement} element
   * @param {Consent} asked
   */
  #write(element, asked) {
    const { language: tag, text } = wording(asked);
    element.lang = tag;
    element.textContent = text;
  }

  /** @param {string | undefined} id */
  #nameOf(id) {
    const { queue, roster } = this.#consultation;
    /** @type {Participant | undefined} */
    const participant = [...roster, ...queue].find((one) => one.id === id);
    if (!participant) return t("tile.someone");
    const role = roleName(participant.role);
    return participant.name ? `${participant.name} (${role.toLocaleLowerCase(language)})` : role;
  }
}

/** @param {Consent} asked */
const key = ({ purpose, about, version }) => `${purpose} ${about ?? ""} ${version}`;

/**
 * The words in the language of the page, else the first.
 * @param {Consent} asked
 */
function wording({ texts = [] }) {
  return texts.find((one) => one.language.toLowerCase().startsWith(language)) ?? texts[0] ?? { language, text: "" };
}
