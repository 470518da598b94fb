/** Milliseconds: what is younger may be part of a growth, and what is older is forgotten. */
const RECENT = 4_000;
const MEMORY = 16_000;
/** Milliseconds that an estimate must have been known before its growth says something, and that a fall goes on. */
const KNOWN = 5_000;
const FALLING = 3_000;
/** Times the most that it was: an estimate that swings around what its way carries does not get so high. */
const GROWN = 1.25;
/** Of the estimate before: less is a fall. */
const FALL = 0.7;
/** Times in a second that it grows by itself, and how many such seconds: what jumps and stays is told by the server. */
const GROWTH = { least: 1.03, most: 1.2 };
const STEADY = 2;
/** Of the estimate: a picture that takes less wants no more. */
const WANTED = 0.6;
/** Of what we send at most: beyond it growth alone is soon there. */
const NEAR = 0.5;
/** Milliseconds until the next try, at first, and at most after tries that found nothing. */
const HOLD = 5_000;
const LONGEST_HOLD = 80_000;
/** Times the estimate at a try, so many milliseconds later: it has found something. */
const FOUND = 1.4;
const VERDICT = 3_000;

/**
 * Whether our way up has become wider than the browser knows. Its estimate grows by 8 % a second while nothing is in the
 * way, 20 seconds from 300 kbit/s to 1.5 Mbit/s. But browsers look for room at once, twice what they know and twice
 * again, when they send much less than they could for a moment and are then allowed more. So such a lull is made where
 * the estimate has left behind what held it: a try that fails costs that moment, and is held back twice as long.
 */
export class UplinkRoom {
  /** @type {{at: number, available: number}[]} */ #seen = [];
  /** When the estimate fell, or we began to know it. */ #since = -Infinity;
  #hold = HOLD;
  #next = -Infinity;
  /** @type {{at: number, available: number} | null} */ #tried = null;

  /**
   * A few times a second.
   * @param {object} look
   * @param {number} look.at milliseconds
   * @param {number} look.available as the browser estimates our way, bits a second
   * @param {number} look.target what the encoder of the picture may spend of it
   * @param {number} look.most what we would send of the picture
   * @returns {boolean} whether a lull is to be made now
   */
  look({ at, available, target, most }) {
    const last = this.#seen.at(-1);
    if (!last || available < FALL * Math.max(...this.#seen.map((one) => one.available))) {
      this.#seen = [];
      this.#since = last ? at + FALLING : at;
    }
    this.#seen.push({ at, available });
    this.#seen = this.#seen.filter((one) => at - one.at <= MEMORY);
    this.#judge(at, available);
    if (this.#tried || at < this.#next) return false;
    if (available >= NEAR * most || target < WANTED * available || !this.#hasGrown(at, available)) return false;
    this.#tried = { at, available };
    return true;
  }

  /** @param {number} at @param {number} available */
  #hasGrown(at, available) {
    const known = this.#seen.filter((one) => one.at >= this.#since && at - one.at >= RECENT);
    if (known.length === 0 || at - known[0].at < RECENT + KNOWN) return false;
    return available >= GROWN * Math.max(...known.map((one) => one.available)) && this.#isGrowing(at);
  }

  /** @param {number} at */
  #isGrowing(at) {
    const ago = (/** @type {number} */ seconds) => this.#seen.findLast((one) => at - one.at >= seconds * 1_000)?.available;
    return Array.from({ length: STEADY }, (_, second) => (ago(second) ?? 0) / (ago(second + 1) ?? Infinity)).every(
      (growth) => growth >= GROWTH.least && growth <= GROWTH.most,
    );
  }

  /** @param {number} at @param {number} available */
  #judge(at, available) {
    if (!this.#tried || at - this.#tried.at < VERDICT) return;
    const hasFound = available >= FOUND * this.#tried.available;
    this.#hold = hasFound ? HOLD : Math.min(2 * this.#hold, LONGEST_HOLD);
    this.#next = this.#tried.at + this.#hold;
    this.#tried = null;
  }
}
