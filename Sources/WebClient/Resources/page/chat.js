/** @import { Consultation } from "../library/consultation.js" */
/** @import { ChatEntry, SharedFile } from "../library/types.js" */
import { SignalingError } from "../visavis.js";
import { button, create, element, html } from "./elements.js";
import { Files } from "./files.js";
import { announce, locale, roleName, t } from "./language.js";

/** What people write to each other, beside the stage or, on a small screen, over it. */
export class Chat {
  #consultation;
  #listening = new AbortController();
  #unread = 0;
  /** @type {Files} */ #files;
  #field = element("chat-text", HTMLTextAreaElement);

  /** @param {Consultation} consultation */
  constructor(consultation) {
    this.#consultation = consultation;
    this.#files = new Files(consultation, (sentence) => this.#say(sentence));
    const { signal } = this.#listening;
    consultation.addEventListener("file", (event) => this.#take(/** @type {CustomEvent} */ (event).detail.file), { signal });
    consultation.addEventListener("chat", (event) => this.#take(/** @type {CustomEvent} */ (event).detail.entry), { signal });
    for (const type of ["chat-replaced", "admission"]) consultation.addEventListener(type, () => this.draw(), { signal });
    button("chat-button").addEventListener("click", () => this.#show(html("chat").hidden), { signal });
    button("chat-close").addEventListener("click", () => this.#show(false), { signal });
    html("chat").addEventListener("keydown", (event) => event.key === "Escape" && this.#show(false), { signal });
    html("chat-form").addEventListener("submit", (event) => (event.preventDefault(), this.#send()), { signal });
    this.#field.addEventListener(
      "keydown",
      (event) => {
        // A line more is Shift and Enter; while an input method composes, Enter is its own.
        if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
        event.preventDefault();
        this.#send();
      },
      { signal },
    );
  }

  dispose() {
    this.#listening.abort();
    this.#files.dispose();
    html("chat").hidden = html("chat-button").hidden = true;
    html("chat-list").replaceChildren();
    this.#field.value = "";
  }

  /** All of it anew: there is no chat in the waiting room. */
  draw() {
    const { admitted, chat, files, self } = this.#consultation;
    html("chat-button").hidden = !admitted;
    if (!admitted) html("chat").hidden = true;
    html("chat-form").hidden = self?.role === "observer";
    const all = [...chat, ...files].sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
    html("chat-list").replaceChildren(...all.map((entry) => this.#line(entry)));
    html("chat-empty").hidden = all.length > 0;
    this.#files.draw();
    this.#drawUnread();
    this.#follow();
  }

  /** @param {boolean} isOpen */
  #show(isOpen) {
    html("chat").hidden = !isOpen;
    button("chat-button").setAttribute("aria-expanded", String(isOpen));
    if (!isOpen) return button("chat-button").focus();
    this.#unread = 0;
    this.#drawUnread();
    this.#follow();
    (this.#consultation.self?.role === "observer" ? button("chat-close") : this.#field).focus();
  }

  /** @param {ChatEntry | SharedFile} entry */
  #take(entry) {
    html("chat-list").append(this.#line(entry));
    html("chat-empty").hidden = true;
    if (entry.participant !== this.#consultation.self?.id) {
      const name = nameOf(entry);
      announce("text" in entry ? t("say.wrote", { name, text: entry.text }) : t("say.shared", { name, file: entry.file }));
      if (html("chat").hidden) this.#unread += 1;
    }
    this.#drawUnread();
    this.#follow();
  }

  #drawUnread() {
    const mark = html("chat-unread");
    mark.hidden = this.#unread === 0;
    mark.textContent = String(this.#unread);
    const label = this.#unread === 0 ? t("control.chat") : t("control.chat.unread", { count: this.#unread });
    button("chat-button").setAttribute("aria-label", label);
  }

  #follow() {
    html("chat-scroll").scrollTop = html("chat-scroll").scrollHeight;
  }

  /** @param {ChatEntry | SharedFile} entry */
  #line(entry) {
    const own = entry.participant === this.#consultation.self?.id;
    const at = new Intl.DateTimeFormat(locale, { timeStyle: "short" }).format(new Date(entry.at));
    const head = create("p", { class: "chat-head" }, [
      create("strong", { text: own ? t("tile.you") : nameOf(entry) }),
      ...(entry.aside ? [create("em", { text: t("chat.aside") })] : []),
      create("time", { text: at }),
    ]);
    const content = "text" in entry ? create("p", { class: "chat-words", text: entry.text }) : this.#files.line(entry);
    return create("li", { class: own ? "own" : "" }, [head, content]);
  }

  async #send() {
    const text = this.#field.value.trim();
    const send = button("chat-send");
    if (!text || send.disabled) return;
    send.disabled = true;
    this.#say("");
    try {
      await this.#consultation.write(text);
      this.#field.value = "";
    } catch (error) {
      this.#say(problem(error, this.#consultation.aside === "outside"));
    } finally {
      send.disabled = false;
    }
  }

  /** @param {string} sentence */
  #say(sentence) {
    html("chat-problem").hidden = !sentence;
    html("chat-problem").textContent = sentence;
  }
}

/** @param {{name: string, role: string}} entry */
const nameOf = ({ name, role }) => name || roleName(role);

/**
 * @param {unknown} error
 * @param {boolean} isOnHold
 */
function problem(error, isOnHold) {
  const code = error instanceof SignalingError ? error.code : "";
  if (code === "rate-limited") return t("chat.problem.rate");
  if (code === "bad-field" || code === "too-large") return t("chat.problem.text");
  if (code === "wrong-state") return t(isOnHold ? "chat.problem.hold" : "chat.problem.nobody");
  return t("chat.problem.failed");
}
