/** @import { TextKey } from "./texts.js" */
import { create, element, html } from "./elements.js";
import { hasText, locale, t, translatePage } from "./language.js";

const KEY = "visavis.ops";
const DAYS = [7, 30, 90, 365];
const GROUPS = /** @type {const} */ (["kind", "organisation", "service"]);

/** @typedef {Record<string, any>} Indicators as `GET /v1/indicators` */

const number = (/** @type {number} */ value, digits = 0) =>
  value.toLocaleString(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
const percent = (/** @type {number} */ share) => `${number(share * 100, share > 0 && share < 0.1 ? 1 : 0)}\u00a0%`;
const score = (/** @type {number} */ value) => number(value, 1);
const count = (/** @type {number} */ value) => number(value);

/** @param {number} seconds */
function span(seconds) {
  if (seconds < 10) return `${number(seconds, 1)}\u00a0s`;
  if (seconds < 120) return `${number(seconds)}\u00a0s`;
  return `${number(seconds / 60, seconds < 600 ? 1 : 0)}\u00a0min`;
}

/** @type {[string, (value: number) => string][]} what is shown of each, in this order */
const COLUMNS = [
  ["booked", count], ["attempted", count], ["metShare", percent], ["completed", count], ["completedWithVideo", count],
  ["noShowShare", percent], ["waitMedian", span], ["setupMedian", span], ["meanDuration", span], ["dropShare", percent],
  ["reconnectShare", percent], ["meanSound", score], ["unusableShare", percent], ["satisfaction", score],
];

/** @type {[string, string][]} a figure, and another one that stands below it */
const HEADLINES = [
  ["booked", "attempted"], ["metShare", "met"], ["completed", "completedWithVideo"], ["noShowShare", "patientMissing"],
  ["waitMedian", "wait95"], ["setupMedian", "setup95"], ["meanDuration", ""], ["dropShare", "reconnectShare"],
  ["meanSound", "unusableShare"], ["satisfaction", "satisfactions"],
];

const FORMATS = new Map([
  ...COLUMNS, ["met", count], ["patientMissing", count], ["wait95", span], ["setup95", span], ["satisfactions", count],
]);

const words = (/** @type {string} */ name) => t(/** @type {TextKey} */ (`indicators.${name}`));

/**
 * @param {Indicators} one
 * @param {string} name
 */
function shown(one, name) {
  const value = one[name];
  return value === undefined || value === null ? "–" : (FORMATS.get(name) ?? String)(value);
}

/** @param {string} group */
function groupName(group) {
  if (group === "all") return t("indicators.all");
  if (group === "") return t("indicators.none");
  const key = `kind.${group}`;
  return hasText(key) ? t(/** @type {TextKey} */ (key)) : group;
}

/** The token of the fragment, kept in the tab's memory and out of the address bar. */
function takeToken() {
  const fragment = decodeURIComponent(location.hash.slice(1)).trim();
  if (!fragment) return sessionStorage.getItem(KEY) ?? "";
  sessionStorage.setItem(KEY, fragment);
  history.replaceState(null, "", location.pathname);
  return fragment;
}

/** @param {Indicators} answer */
function show({ from, to, indicators }) {
  const day = new Intl.DateTimeFormat(locale, { dateStyle: "long" });
  html("when").textContent = t("indicators.when", { from: day.format(new Date(from)), to: day.format(new Date(to)) });
  const [all] = indicators;
  html("figures").replaceChildren(
    ...HEADLINES.map(([name, below]) =>
      create("li", {}, [
        create("span", { text: words(name) }),
        create("b", { text: shown(all, name) }),
        ...(below && all[below] !== undefined
          ? [create("small", { text: `${words(below)}\u00a0: ${shown(all, below)}` })] : []),
      ])),
  );
  html("head").replaceChildren(
    create("tr", {}, [
      head(t(`indicators.by.${element("by", HTMLSelectElement).value}`)),
      ...COLUMNS.map(([name]) => head(words(name))),
    ]),
  );
  html("rows").replaceChildren(
    ...indicators.map((/** @type {Indicators} */ one) => {
      const name = create("th", { text: groupName(one.group) });
      name.scope = "row";
      return create("tr", {}, [name, ...COLUMNS.map(([column]) => {
        const cell = create("td", { text: shown(one, column) });
        cell.dataset.name = words(column);
        return cell;
      })]);
    }),
  );
  html("table-card").hidden = false;
}

/** @param {string} text */
function head(text) {
  const cell = create("th", { text });
  cell.scope = "col";
  return cell;
}

/** @param {string} token */
async function ask(token) {
  const days = Number(element("days", HTMLSelectElement).value);
  const by = element("by", HTMLSelectElement).value;
  const from = new Date(Date.now() - days * 86_400_000).toISOString();
  const problem = html("problem");
  try {
    const reply = await fetch(`/v1/indicators?by=${by}&from=${encodeURIComponent(from)}`, {
      headers: { Authorization: `Bearer ${token}` }, cache: "no-store",
    });
    if (!reply.ok) throw new Error(reply.status === 401 || reply.status === 403 ? "link" : "server");
    show(await reply.json());
    problem.hidden = true;
  } catch (error) {
    problem.textContent = t(error instanceof Error && error.message === "link" ? "indicators.link" : "indicators.failed");
    problem.hidden = false;
  }
}

translatePage();
document.title = `Visavis · ${t("indicators.heading")}`;
const token = takeToken();
element("days", HTMLSelectElement).append(
  ...DAYS.map((days) => new Option(t("indicators.days", { days }), String(days), days === 30, days === 30)));
element("by", HTMLSelectElement).append(...GROUPS.map((by) => new Option(t(`indicators.by.${by}`), by)));
html("choice").addEventListener("change", () => ask(token));
if (token) ask(token);
else {
  html("problem").textContent = t("indicators.link");
  html("problem").hidden = false;
}
