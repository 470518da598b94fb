/**
 * @typedef {{values: (number | null)[], colour: string}} Line a CSS colour variable, as `--line-a`
 * @typedef {{from: number, to: number | null, severity: string}} Band seconds since 1970; to null: goes on
 */

const LEFT = 38;
const BOTTOM = 18;
const TOP = 6;

/** A round number at or above the largest value. @param {number} value */
function ceiling(value) {
  if (!(value > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 2, 5, 10].map((step) => step * power).find((step) => step >= value) ?? 10 * power;
}

/**
 * Draws lines over time, with what went wrong behind them.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {{from: number, to: number, at: number[][], lines: Line[], bands: Band[], floor?: number, least?: number,
 *   top?: number, isSigned?: boolean, locale: string}} picture `at[i]` are the times of `lines[i]`; signed: zero is in
 *   the middle
 */
export function drawTimeline(canvas, { from, to, at, lines, bands, floor = 0, least = 1, top, isSigned = false, locale }) {
  const style = getComputedStyle(canvas);
  const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim();
  const ratio = window.devicePixelRatio || 1;
  const { clientWidth: width, clientHeight: height } = canvas;
  if (width === 0) return;
  canvas.width = Math.round(width * ratio);
  canvas.height = Math.round(height * ratio);
  const paint = canvas.getContext("2d");
  if (!paint) return;
  paint.scale(ratio, ratio);
  const all = lines.flatMap(({ values }) => values.filter((value) => value !== null));
  const reach = /** @type {number[]} */ (all).map((value) => (isSigned ? Math.abs(value) : value));
  const ceil = top ?? Math.max(ceiling(Math.max(0, ...reach)), least);
  if (isSigned) floor = -ceil;
  const x = (/** @type {number} */ time) => LEFT + ((time - from) / Math.max(to - from, 1)) * (width - LEFT - 4);
  const y = (/** @type {number} */ value) =>
    TOP + (1 - (Math.min(Math.max(value, floor), ceil) - floor) / (ceil - floor)) * (height - TOP - BOTTOM);

  for (const { from: begin, to: end, severity } of bands) {
    const left = Math.max(x(begin), LEFT);
    const right = Math.min(x(end ?? to), width - 4);
    if (right < LEFT) continue;
    paint.fillStyle = colour(`--band-${severity}`);
    paint.fillRect(left, TOP, Math.max(right - left, 3), height - TOP - BOTTOM);
  }

  paint.font = "12px system-ui, sans-serif";
  paint.lineWidth = 1;
  paint.textBaseline = "middle";
  for (const value of [floor, (floor + ceil) / 2, ceil]) {
    paint.strokeStyle = colour("--grid");
    paint.beginPath();
    paint.moveTo(LEFT, y(value));
    paint.lineTo(width - 4, y(value));
    paint.stroke();
    paint.fillStyle = colour("--soft");
    paint.textAlign = "right";
    paint.fillText(value.toLocaleString(locale, { maximumFractionDigits: 1 }), LEFT - 6, y(value));
  }
  paint.textBaseline = "bottom";
  const time = (/** @type {number} */ seconds) =>
    new Date(seconds * 1000).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
  paint.textAlign = "left";
  paint.fillText(time(from), LEFT, height);
  paint.textAlign = "right";
  paint.fillText(time(to), width - 4, height);

  paint.lineWidth = 2;
  paint.lineJoin = "round";
  lines.forEach(({ values, colour: name }, index) => {
    paint.strokeStyle = colour(name);
    paint.beginPath();
    let isDown = false;
    values.forEach((value, i) => {
      const moment = at[index][i];
      if (value === null || moment < from) {
        isDown = false;
      } else if (isDown) {
        paint.lineTo(x(moment), y(value));
      } else {
        paint.moveTo(x(moment), y(value));
        isDown = true;
      }
    });
    paint.stroke();
  });
}
