/** @import { TextKey } from "./texts.js" */
import { create, html } from "./elements.js";
import { hasText, locale, t, translatePage } from "./language.js";

const PERIOD = 3_000;
const KEY = "visavis.ops";

/**
 * @typedef {object} LiveConsultation
 * @property {string} id
 * @property {string} state
 * @property {number} participants
 */

/** The token of the fragment, kept in the tab's memory and out of the address bar. */
function takeToken() {
  const fragment = decodeURIComponent(location.hash.slice(1)).trim();
  if (!fragment) return sessionStorage.getItem(KEY) ?? "";
  sessionStorage.setItem(KEY, fragment);
  history.replaceState(null, "", location.pathname);
  return fragment;
}

/** @param {string} text */
function problem(text) {
  html("problem").hidden = !text;
  if (html("problem").textContent !== text) html("problem").textContent = text;
}

/** @param {LiveConsultation} consultation */
function row({ id, state, participants }) {
  const key = `ops.state.${state}`;
  const mark = create("span", { class: "state", text: hasText(key) ? t(/** @type {TextKey} */ (key)) : state });
  mark.dataset.state = state;
  return create("tr", {}, [
    create("td", { text: id }),
    create("td", {}, [mark]),
    create("td", { class: "number", text: String(participants) }),
  ]);
}

/**
 * @param {string} token
 * @returns {Promise<boolean>} whether to ask again
 */
async function refresh(token) {
  try {
    const response = await fetch("/v1/ops/consultations", {
      headers: { Authorization: `Bearer ${token}` },
      cache: "no-store",
      signal: AbortSignal.timeout(10_000),
    });
    if (response.status === 401 || response.status === 403) {
      problem(t("ops.refused", { code: response.status }));
      return false;
    }
    if (!response.ok) throw new Error(String(response.status));
    const { consultations } = /** @type {{consultations: LiveConsultation[]}} */ (await response.json());
    html("rows").replaceChildren(...consultations.map(row));
    html("none").hidden = consultations.length > 0;
    html("updated").textContent = t("ops.updated", { time: new Date().toLocaleTimeString(locale) });
    problem("");
  } catch {
    problem(t("ops.unreachable"));
  }
  return true;
}

async function start() {
  translatePage();
  window.addEventListener("hashchange", () => location.reload());
  const token = takeToken();
  if (!token) {
    problem(t("ops.noToken"));
    return;
  }
  while (await refresh(token)) await new Promise((resolve) => setTimeout(resolve, PERIOD));
}

start();
