/** @import { TextKey } from "./texts.js" */
import { create, html } from "./elements.js";
import { hasText, locale, roleName, t, translatePage } from "./language.js";
import { readEvents } from "./ops-events.js";
import { faultWords, grade, showOpened } from "./ops-opened.js";

const RETRY = 3_000;
const KEY = "visavis.ops";

/** @typedef {Record<string, any>} Overview as `GET /v1/ops/consultations` */

let token = "";
/** @type {string | null} */
let opened = null;
let isAsking = false;

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

/** @param {number} seconds */
function duration(seconds) {
  const minutes = Math.floor(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, "0")}`;
}

// Made once: there may be a thousand of them in one picture of the whole.
const oneDigit = new Intl.NumberFormat(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** @param {number | undefined} score */
const shown = (score) => (score === undefined ? "–" : oneDigit.format(score));

/** @param {Overview} consultation */
function tile({ id, state, participants, quality }) {
  const key = `ops.state.${state}`;
  const suffering = quality?.suffering ?? 0;
  const children = [
    create("span", { class: "tile-head" }, [
      create("b", { class: "id", text: id }),
      create("span", { class: "state", text: hasText(key) ? t(/** @type {TextKey} */ (key)) : state }),
    ]),
    create("span", {
      class: "soft small",
      text: [t("ops.people", { count: participants }), quality ? duration(quality.seconds) : ""].filter(Boolean).join(" · "),
    }),
  ];
  const troubles = new Map();
  for (const direction of quality?.directions ?? []) {
    const line = create("span", { class: "way" }, [
      create("span", { text: `${roleName(direction.from)} → ${roleName(direction.to)}` }),
    ]);
    for (const [name, score, good, usable] of /** @type {[TextKey, number | undefined, number, number][]} */ ([
      ["ops.sound", direction.sound, 3.8, 3.1],
      ["ops.picture", direction.picture, 3.2, 2.5],
    ])) {
      const value = create("span", { class: "score small", text: `${t(name)} ${shown(score)}` });
      value.dataset.grade = grade(score, good, usable);
      line.append(value);
    }
    children.push(line);
    for (const trouble of direction.troubles) troubles.set(faultWords(trouble), trouble.severity);
  }
  for (const [words, severity] of troubles) {
    const line = create("span", { class: "trouble", text: words });
    line.dataset.severity = severity;
    children.push(line);
  }
  const button = create("button", { class: "tile" }, children);
  button.type = "button";
  button.dataset.level = suffering >= 50 ? "bad" : suffering >= 25 ? "fair" : "good";
  button.setAttribute("aria-pressed", String(id === opened));
  button.addEventListener("click", () => open(id === opened ? null : id));
  return create("li", {}, [button]);
}

/** What is on the wall: of hundreds of consultations few look different two seconds later. */
let tiles = new Map();

/** @param {Overview} consultation */
function keptTile(consultation) {
  const { id, state, participants, quality } = consultation;
  const look = JSON.stringify([state, participants, quality && { ...quality, seconds: duration(quality.seconds) }]);
  const kept = tiles.get(id);
  return kept?.look === look ? kept : { look, element: tile(consultation) };
}

/** @param {Overview[]} consultations the order in which they shall be */
function showTiles(consultations) {
  tiles = new Map(consultations.map((one) => [one.id, keptTile(one)]));
  const rows = html("rows");
  let place = rows.firstElementChild;
  for (const { element } of tiles.values()) {
    if (element === place) place = place.nextElementSibling;
    else rows.insertBefore(element, place);
  }
  while (place) {
    const next = place.nextElementSibling;
    place.remove();
    place = next;
  }
}

/** @param {Overview} admission whether somebody new can come in, and how many could not */
function admissionLine({ state, limit, refused }) {
  const words = [];
  if (state === "full") words.push(t("ops.admission.full", { limit }));
  if (state === "overloaded") words.push(t("ops.admission.overloaded"));
  if (refused > 0) words.push(t("ops.admission.refused", { count: refused }));
  const line = create("li", { text: words.join(" · ") });
  line.dataset.level = state === "open" ? "fair" : "bad";
  return line;
}

/** @param {Overview} overview */
function showOverview({ participants, admission, consultations, workers }) {
  const held = document.activeElement?.closest(".tile")?.querySelector(".id")?.textContent;
  showTiles(consultations);
  if (held) {
    for (const one of html("rows").querySelectorAll(".tile")) {
      if (one.querySelector(".id")?.textContent === held) /** @type {HTMLElement} */ (one).focus({ preventScroll: true });
    }
  }
  html("none").hidden = consultations.length > 0;
  const percent = (/** @type {number} */ share) => (share * 100).toLocaleString(locale, { maximumFractionDigits: 0 }) + "\u00a0%";
  const numbers = [
    create("li", { text: t("ops.live", { consultations: consultations.length, participants }) }),
    ...workers.map((/** @type {Overview} */ worker) => {
      const line = create("li", {
        text: t("ops.worker", { index: worker.index, load: percent(worker.load), slow: percent(worker.slowTurns), slots: percent(worker.arenaUse) }),
      });
      if (worker.overloaded) line.append(` · ${t("ops.overloaded")}`);
      if (!worker.open) line.append(` · ${t("ops.closed")}`);
      line.dataset.level = worker.overloaded || !worker.open ? "bad" : worker.load > 0.7 ? "fair" : "good";
      return line;
    }),
  ];
  if (admission.state !== "open" || admission.refused > 0) numbers.splice(1, 0, admissionLine(admission));
  html("numbers").replaceChildren(...numbers);
  html("updated").textContent = t("ops.updated", { time: new Date().toLocaleTimeString(locale) });
  problem("");
  if (opened) ask();
}

/** @param {string | null} id */
function open(id) {
  opened = id;
  html("opened").hidden = !id;
  for (const one of html("rows").querySelectorAll(".tile")) {
    one.setAttribute("aria-pressed", String(one.querySelector(".id")?.textContent === id));
  }
  if (id) {
    ask();
    html("opened").scrollIntoView({ block: "nearest" });
  }
}

/** Asks for the consultation that is open. */
async function ask() {
  if (isAsking || !opened) return;
  isAsking = true;
  const id = opened;
  try {
    const response = await fetch(`/v1/consultations/${encodeURIComponent(id)}/quality`, {
      headers: { Authorization: `Bearer ${token}` },
      cache: "no-store",
      signal: AbortSignal.timeout(10_000),
    });
    if (response.ok && id === opened) showOpened(await response.json());
  } catch {
    // The next overview asks again.
  } finally {
    isAsking = false;
  }
}

async function start() {
  translatePage();
  window.addEventListener("hashchange", () => location.reload());
  html("close").addEventListener("click", () => open(null));
  token = takeToken();
  if (!token) {
    problem(t("ops.noToken"));
    return;
  }
  for (;;) {
    try {
      const status = await readEvents("/v1/ops/events", token, (name, data) => {
        if (name === "overview") showOverview(data);
      });
      if (status === 401 || status === 403) {
        problem(t("ops.refused", { code: status }));
        return;
      }
    } catch {
      problem(t("ops.unreachable"));
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY));
  }
}

start();
