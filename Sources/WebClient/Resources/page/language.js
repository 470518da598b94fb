/** @import { TextKey } from "./texts.js" */
import { texts } from "./texts.js";

const spoken = (navigator.languages ?? [navigator.language]).find((tag) => /^(en|fr)\b/i.test(tag)) ?? "en";

/** The first language of the browser that we speak; English otherwise. */
export const language = /** @type {"en" | "fr"} */ (spoken.slice(0, 2).toLowerCase());

/** The same with its region, for dates and times. */
export const locale = spoken;

/**
 * A sentence in the reader's language.
 * @param {TextKey} key
 * @param {Record<string, string | number>} [values]
 * @returns {string}
 */
export function t(key, values = {}) {
  return texts[language][key].replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/**
 * Whether there is such a sentence; then `key` may be given to `t`.
 * @param {string} key
 * @returns {key is TextKey}
 */
export const hasText = (key) => key in texts.en;

/** @param {string} role */
export const roleName = (role) => (hasText(`role.${role}`) ? t(/** @type {TextKey} */ (`role.${role}`)) : role);

/**
 * As what somebody is here, and how, where it is not by a page as this.
 * @param {{role: string, kind?: string}} participant
 */
export const roleShown = ({ role, kind }) =>
  kind === "bridge" ? t("role.bridged", { role: roleName(role) }) : roleName(role);

/** Fills the page: `data-text` gives the content of an element, `data-label` its `aria-label`. */
export function translatePage() {
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-text]")) {
    element.textContent = t(/** @type {TextKey} */ (element.getAttribute("data-text")));
  }
  for (const element of document.querySelectorAll("[data-label]")) {
    element.setAttribute("aria-label", t(/** @type {TextKey} */ (element.getAttribute("data-label"))));
  }
}

/**
 * A date and time that do not break in the middle of the date.
 * @param {number} seconds since 1970
 */
export const formatTime = (seconds) =>
  new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "short" })
    .format(new Date(seconds * 1000))
    .replace(/(\p{L}+) (\d)|(\d) (\p{L}+)/gu, (match) => match.replace(" ", "\u00a0"));

/** Says a sentence to those who listen to the page instead of looking at it. */
export function announce(/** @type {string} */ sentence) {
  const region = document.getElementById("announcer");
  if (region) region.textContent = sentence;
}
