/** @import { TextKey } from "./texts.js" */
import { create, html, setIcon } from "./elements.js";
import { t } from "./language.js";
import { showView } from "./views.js";

/**
 * @typedef {"left" | "ended" | "removed" | "replaced" | "failed" | "unreachable" | "no-link" | "expired" | "too-early" | "too-late" |
 *   "invalid" | "not-found" | "full" | "busy" | "unsupported" | "internal"} MessageKind
 */

/** @type {Partial<Record<MessageKind, string>>} */
const ICONS = { left: "check", ended: "check", "no-link": "link", expired: "clock", "too-early": "clock", "too-late": "clock", busy: "clock", invalid: "link" };

/**
 * A whole-page message with ways out of it.
 * @param {MessageKind} kind
 * @param {{values?: Record<string, string>, actions?: {label: TextKey, run: (() => void) | string}[]}} [options] an
 *   action that is a text is an address
 */
export function showMessage(kind, { values, actions = [] } = {}) {
  setIcon(html("message"), ICONS[kind] ?? "alert");
  html("message-heading").textContent = t(`message.${kind}.heading`);
  html("message-text").textContent = t(`message.${kind}`, values);
  html("message-actions").replaceChildren(
    ...actions.map(({ label, run }, index) => {
      const style = index === 0 ? "button primary" : "button";
      if (typeof run === "string") {
        const link = create("a", { class: style, text: t(label) });
        link.href = run;
        return link;
      }
      const button = create("button", { class: style, text: t(label) });
      button.type = "button";
      button.addEventListener("click", run, { once: true });
      return button;
    }),
  );
  html("message").dataset.kind = kind;
  html("rating").hidden = true;
  showView("message");
}

/** @param {TextKey} text */
export function showProgress(text) {
  setIcon(html("message"), "clock");
  html("message-heading").textContent = t(text);
  html("message-text").textContent = "";
  html("message-actions").replaceChildren();
  html("message").dataset.kind = "progress";
  showView("message");
}
