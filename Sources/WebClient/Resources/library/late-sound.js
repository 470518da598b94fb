/** Milliseconds that sound waits in the browser, and that its packets vary by on the way: more than `LATE` for less than
 * `EVEN` is for nothing. */
const LATE = 600;
const EVEN = 30;
/** Times the wait of the report before: a queue that still grows is as even. */
const GROWTH = 1.05;
/** Milliseconds until it is renewed again, at first and at most. */
const HOLD = 30_000;
const LONGEST_HOLD = 600_000;

/**
 * Sound that still waits for a queue which is gone. A browser that had to wait two seconds for sound goes on to wait as
 * long for minutes, and two people who hear each other two seconds late cannot talk. A receiver that begins knows nothing
 * of that.
 */
export class LateSound {
  /** @type {Map<string, {next: number, hold: number, delay: number}>} by publication */ #known = new Map();

  /**
   * With each report.
   * @param {object} look
   * @param {string} look.publication
   * @param {number} look.at milliseconds
   * @param {number} look.delay milliseconds in the jitter buffer since the report before, in the mean
   * @param {number} [look.jitter] milliseconds (RFC 3550 section 6.4.1), of late
   * @returns {boolean} whether its receiver is to begin anew now
   */
  look({ publication, at, delay, jitter = Infinity }) {
    const known = this.#known.get(publication) ?? { next: -Infinity, hold: HOLD, delay: 0 };
    this.#known.set(publication, known);
    const isForNothing = delay >= LATE && jitter <= EVEN && delay <= GROWTH * known.delay;
    known.delay = delay;
    if (!isForNothing || at < known.next) return false;
    known.next = at + known.hold;
    known.hold = Math.min(2 * known.hold, LONGEST_HOLD);
    return true;
  }
}
