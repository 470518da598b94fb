import { create, html } from "./elements.js";
import { language, locale, roleName, t } from "./language.js";
import { drawTimeline } from "./timeline.js";

/** @import { Band, Line } from "./timeline.js" */
/** @typedef {Record<string, any>} Quality as `GET /v1/consultations/{id}/quality` */

/** How far the timelines go back, seconds. */
const SPAN = 600;

/** Which incidents belong to who sends. */
const SENDING = ["sender-device", "sender-uplink"];

/** @param {number | null | undefined} score */
const shown = (score) => (score === null || score === undefined ? "–" : score.toLocaleString(locale, { minimumFractionDigits: 1, maximumFractionDigits: 1 }));

/** @param {number | null | undefined} score @param {number} good @param {number} usable */
export const grade = (score, good, usable) =>
  score === null || score === undefined ? "none" : score >= good ? "good" : score >= usable ? "fair" : "bad";

/** Where something is wrong, in the reader's language. @param {Quality} trouble @returns {string} */
export const faultWords = (trouble) => (language === "fr" ? trouble.wordsFrench : trouble.words);

/**
 * From when to when, in the reader's time: minutes, and seconds where both would be the same minute.
 * @param {Quality} incident
 */
function when({ began, ended }) {
  const clock = (/** @type {string} */ text, /** @type {Intl.DateTimeFormatOptions} */ more = {}) =>
    new Date(text).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit", ...more });
  if (!ended) return t("ops.since", { time: clock(began) });
  if (clock(began) !== clock(ended)) return `${clock(began)}-${clock(ended)}`;
  return `${clock(began, { second: "2-digit" })}-${clock(ended, { second: "2-digit" })}`;
}

/** @param {string} text */
const seconds = (text) => Date.parse(text) / 1000;

/** @param {Quality} incident @param {Quality} direction */
function concerns(incident, direction) {
  if (incident.side === "node") return true;
  const isSending = SENDING.includes(incident.side);
  if (incident.cause === "drop") return [direction.from, direction.to].includes(incident.participant);
  return incident.participant === (isSending ? direction.from : direction.to);
}

/**
 * @param {string} title
 * @param {[string, string][]} legend colour variable and text of each line
 */
function chart(title, legend) {
  const canvas = create("canvas", { class: "timeline" });
  canvas.setAttribute("role", "img");
  canvas.setAttribute("aria-label", title);
  const names = legend.map(([colour, text]) => {
    const key = create("span", { class: "key", text });
    key.style.setProperty("--key", `var(${colour})`);
    return key;
  });
  return { canvas, box: create("figure", { class: "chart" }, [create("figcaption", {}, [create("b", { text: title }), ...names]), canvas]) };
}

/** @param {Quality} quality @param {Quality} direction */
function panel(quality, direction) {
  const people = new Map(quality.participants.map((/** @type {Quality} */ one) => [one.id, one]));
  const from = people.get(direction.from);
  const to = people.get(direction.to);
  const names = { from: roleName(direction.fromRole), to: roleName(direction.toRole) };
  const panel = create("section", { class: "direction" });
  panel.append(create("h3", { text: t("ops.direction", names) }));

  const scores = create("div", { class: "scores" });
  for (const [label, score, good, usable] of /** @type {[string, Quality, number, number][]} */ ([
    [t("ops.sound"), direction.sound, 3.8, 3.1],
    [t("ops.picture"), direction.picture, 3.2, 2.5],
  ])) {
    const value = create("span", { class: "score", text: shown(score.now) });
    value.dataset.grade = grade(score.now, good, usable);
    scores.append(
      create("div", { class: "figure" }, [
        create("span", { class: "soft", text: label }),
        value,
        create("span", { class: "soft small", text: t("ops.worst", { mean: shown(score.mean), worst: shown(score.worstHalfMinute) }) }),
      ]),
    );
  }
  panel.append(scores);

  const troubles = create("ul", { class: "troubles" });
  for (const trouble of direction.troubles) {
    const line = create("li", { class: "trouble", text: faultWords(trouble) });
    line.dataset.severity = trouble.severity;
    troubles.append(line);
  }
  if (direction.troubles.length === 0) troubles.append(create("li", { class: "fine", text: t("ops.fine") }));
  panel.append(troubles);

  const end = Math.max(...[from, to].map((one) => one?.series.at.at(-1) ?? 0), direction.at.at(-1) ?? 0);
  const start = Math.max(end - SPAN, Math.min(...[from, to].map((one) => one?.series.at[0] ?? end), end - 60));
  /** @type {Band[]} */
  const bands = quality.incidents
    .filter((/** @type {Quality} */ one) => concerns(one, direction))
    .map((/** @type {Quality} */ one) => ({ from: seconds(one.began), to: one.ended ? seconds(one.ended) : null, severity: one.severity }));
  /** @type {(() => void)[]} */
  const drawings = [];
  /**
   * @param {string} title
   * @param {[string, number[], (number | null)[]][]} lines text, times, values
   * @param {{floor?: number, least?: number, top?: number, isSigned?: boolean}} [scale]
   */
  const add = (title, lines, scale = {}) => {
    const colours = ["--line-a", "--line-b"];
    const { canvas, box } = chart(title, lines.map(([text], i) => [colours[i], text]));
    panel.append(box);
    drawings.push(() =>
      drawTimeline(canvas, {
        from: start,
        to: end,
        at: lines.map(([, at]) => at),
        lines: lines.map(([, , values], i) => ({ values, colour: colours[i] })),
        bands,
        locale,
        ...scale,
      }),
    );
  };
  const up = from?.series;
  const down = to?.series;
  const place = { up: t("ops.uplink", names), down: t("ops.downlink", names) };
  add(t("ops.chart.score"), [
    [t("ops.sound"), direction.at, direction.soundSeries],
    [t("ops.picture"), direction.at, direction.pictureSeries],
  ], { floor: 1, top: 5 });
  if (up && down) {
    add(t("ops.chart.loss"), [[place.up, up.at, up.uplinkLoss], [place.down, down.at, down.downlinkLoss]], { least: 5 });
    add(t("ops.chart.jitter"), [[place.up, up.at, up.uplinkJitter], [place.down, down.at, down.downlinkJitter]], { least: 20 });
    add(t("ops.chart.roundTrip"), [[names.from, up.at, up.uplinkRoundTrip], [names.to, down.at, down.downlinkRoundTrip]], { least: 50 });
    add(t("ops.chart.rate"), [[place.up, up.at, up.uplinkRate], [place.down, down.at, down.downlinkRate]], { least: 100 });
    add(t("ops.chart.frames"), [[names.from, up.at, up.frameRate]], { least: 30 });
    if ([...direction.skewSeries, ...up.arrivalSkew].some((value) => value !== null)) {
      add(t("ops.chart.skew"), [[t("ops.skew.seen", names), direction.at, direction.skewSeries], [t("ops.skew.arrival", names), up.at, up.arrivalSkew]], {
        least: 100,
        isSigned: true,
      });
    }
  }
  return { panel, drawings };
}

/** @param {Quality} quality */
export function showOpened(quality) {
  html("opened-heading").textContent = quality.id;
  const made = quality.directions
    .filter((/** @type {Quality} */ one) => quality.participants.every((/** @type {Quality} */ person) => ![one.from, one.to].includes(person.id) || person.present))
    .map((/** @type {Quality} */ direction) => panel(quality, direction));
  html("directions").replaceChildren(...made.map(({ panel }) => panel));
  // Sizes are known now.
  for (const { drawings } of made) for (const draw of drawings) draw();
  const incidents = [...quality.incidents].reverse().slice(0, 50).map((incident) => {
    const line = create("li", { class: "trouble" }, [create("span", { text: `${when(incident)}, ${faultWords(incident)}` })]);
    line.dataset.severity = incident.severity;
    return line;
  });
  html("incidents").replaceChildren(...(incidents.length ? incidents : [create("li", { class: "fine", text: t("ops.noIncidents") })]));
}
