/** Seconds that a round trip is longer than the shortest one, when the own way up is full, and when it is free. */
const FULL = 0.4;
const FREE = 0.15;
/** Bits a second: where the browser still finds more, it makes room by itself. */
const NARROW = 150_000;
/** Looks that it must be full before anything is given up. */
const SURE = 2;
/** Milliseconds in which a step up fails, by a round trip so many seconds longer. */
const TRIAL = 12_000;
const TOO_MUCH = 0.18;
/** Or by so many answers in a row that take so many seconds longer than the soonest one since the step. */
const LATE = 0.07;
const LATE_ANSWERS = 3;
const LONGEST_HOLD = 240_000;

/**
 * What goes: as little sound as can be understood; sound alone, each packet once; each twice; once with a small picture;
 * all. None takes much more than the one before, so that a way that does not carry it fills slowly.
 */
const LEVELS = /** @type {const} */ (["little", "sound", "twice", "few", "all"]);
/** Milliseconds that the way is free before each level is tried again, at first. */
const HOLDS = { little: 0, sound: 25_000, twice: 6_000, few: 6_000, all: 6_000 };

/** @typedef {typeof LEVELS[number]} UplinkLevel */

/**
 * What our own way to the server carries. A browser lowers the rate of its pictures to some 30 kbit/s and that of its
 * sound not at all; on a way that carries less than both, a queue of seconds stays, and what we say comes when the other
 * has given up. Then little sound goes alone until the queue is gone for a while; then sound as usual, a small picture,
 * and all. A step that fails is taken back before it is heard, and held back twice as long the next time.
 */
export class Uplink {
  #shortest = Infinity;
  #full = 0;
  #freeSince = 0;
  #changed = -Infinity;
  #isTrial = false;
  #soonest = Infinity;
  #late = 0;
  #holds = { ...HOLDS };
  /** @type {UplinkLevel} */ #level = "all";

  /** What is to be sent. */
  get level() {
    return this.#level;
  }

  /** A step up may have to be taken back. */
  get isTrial() {
    return this.#isTrial;
  }

  get hasPictures() {
    return this.#level === "all" || this.#level === "few";
  }

  /**
   * Once a second.
   * @param {{at: number, roundTrip?: number, available?: number}} look `at` in milliseconds, `roundTrip` in seconds,
   *   `available` as the browser estimates our way, bits a second
   * @returns {boolean} whether the level has changed
   */
  look({ at, roundTrip, available }) {
    if (roundTrip === undefined) return false;
    this.#shortest = Math.min(this.#shortest, roundTrip);
    const waits = roundTrip - this.#shortest;
    if (waits > FREE) this.#freeSince = at;
    this.#isTrial &&= at - this.#changed < TRIAL;
    if (this.#isTrial && waits > TOO_MUCH) return this.#takeBack(at);
    const isFull = waits > FULL && (this.#level !== "all" || (available ?? Infinity) < NARROW);
    this.#full = isFull ? this.#full + 1 : 0;
    if (this.#full >= SURE && this.#level !== "little") return this.#set("little", at);
    const next = LEVELS[LEVELS.indexOf(this.#level) + 1];
    if (!next || at - Math.max(this.#freeSince, this.#changed) < this.#holds[next]) return false;
    this.#isTrial = true;
    return this.#set(next, at);
  }

  /**
   * During a trial: the server has answered. What `look` gets may be five seconds old where no pictures go, since the
   * reports of sound are as rare (RFC 3550 section 6.2).
   * @param {{at: number, seconds: number}} answer when, in milliseconds, and how long it took
   * @returns {boolean} whether the level has changed
   */
  answered({ at, seconds }) {
    if (!this.#isTrial) return false;
    this.#soonest = Math.min(this.#soonest, seconds);
    // One or two may have been lost and sent again, or stand behind something large.
    this.#late = seconds > this.#soonest + LATE ? this.#late + 1 : 0;
    return this.#late >= LATE_ANSWERS && this.#takeBack(at);
  }

  /** @param {number} at */
  #takeBack(at) {
    this.#holds[this.#level] = Math.min(2 * this.#holds[this.#level], LONGEST_HOLD);
    this.#isTrial = false;
    return this.#set(LEVELS[Math.max(LEVELS.indexOf(this.#level) - 1, 0)], at);
  }

  /** @param {UplinkLevel} level @param {number} at */
  #set(level, at) {
    this.#level = level;
    this.#changed = at;
    this.#full = 0;
    [this.#soonest, this.#late] = [Infinity, 0];
    return true;
  }
}

/** Milliseconds after which what a report of the server says of the way is old. */
const FRESH = 3_000;

/**
 * What the browser knows of our way up: how long the last check of the way took (RFC 8445 section 9), or the last report
 * of the server about our sound (RFC 3550 section 6.4.1), whichever was later on its way. On a way that fills, the report
 * is there some seconds before the check.
 * @param {RTCPeerConnection} pc
 * @returns {Promise<{roundTrip?: number, available?: number}>}
 */
export async function uplinkOf(pc) {
  const senders = pc.getSenders().filter(({ track }) => track);
  const sender = senders.find(({ track }) => track?.kind === "audio") ?? senders[0];
  /** @type {{roundTrip?: number, available?: number}} */
  const seen = {};
  /** @type {{at: number, roundTrip: number | undefined}[]} */
  const trips = [];
  (await sender?.getStats())?.forEach((report) => {
    // In any state: while a check waits for its answer, Chromium calls the pair "in-progress".
    if (report.type === "candidate-pair" && report.nominated) {
      trips.push({ at: report.timestamp, roundTrip: report.currentRoundTripTime });
      seen.available = report.availableOutgoingBitrate;
    }
    if (report.type === "remote-inbound-rtp") trips.push({ at: report.timestamp, roundTrip: report.roundTripTime });
  });
  const now = Math.max(...trips.map(({ at }) => at));
  const fresh = trips.filter(({ at, roundTrip }) => roundTrip !== undefined && at > now - FRESH);
  if (fresh.length > 0) seen.roundTrip = Math.max(...fresh.map(({ roundTrip }) => roundTrip ?? 0));
  return seen;
}

/**
 * What the encoder of a camera is given.
 * @param {RTCRtpSender} sender
 * @returns {Promise<{target: number, width: number, height: number, isFixed: boolean, available?: number} | null>} null
 *   where the browser does not say, or sends nothing; `isFixed`: its size counts more than its motion, or the server
 *   chooses among several
 */
export async function pictureOf(sender) {
  const { track } = sender;
  const { width = 0, height = 0 } = track?.getSettings() ?? {};
  const largest = sender.getParameters().encodings?.at(-1)?.rid;
  let target = 0;
  let isFixed = track?.contentHint === "detail" || track?.contentHint === "text";
  /** @type {number | undefined} */
  let available;
  (await sender.getStats()).forEach((report) => {
    if (report.type === "candidate-pair" && report.nominated) available = report.availableOutgoingBitrate;
    if (report.type !== "outbound-rtp" || report.active === false) return;
    target += report.targetBitrate ?? 0;
    isFixed ||= report.rid !== largest;
  });
  return target > 0 && width * height > 0 ? { target, width, height, isFixed, available } : null;
}
