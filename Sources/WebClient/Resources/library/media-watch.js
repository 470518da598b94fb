/** Between two looks, and between two that ask for statistics. */
const LOOK = 100;
const COUNT = 250;
/** What a gap between packets is taken to be until we know better, and at most; longer ones are losses of the network. */
const LONGEST_GAP = 1_000;
const OUTAGE = 1_600;
/** A connection that was never heard so many looks long has nothing to miss. */
const ACQUAINTED = 10;
/** Silence is doubtful, and then certain, at so many times the usual gap, within bounds. */
const DOUBT = { times: 1.5, least: 250, most: 1_000 };
const SILENCE = { times: 2.5, least: 550, most: 2_500 };
/** The same for a while after a sign that the network has changed. */
const ALERT = { doubt: 150, silence: 300, span: 3_000 };

/**
 * Notices within a second that nothing comes any more: ICE says so after five. On a living connection something always
 * comes, be it the server's reports alone. Looks are cheap: while somebody is heard or seen, the receivers know of the
 * last packet themselves, and no statistics are asked for.
 */
export class MediaWatch {
  #pc;
  #onDoubt;
  #onSilence;
  #onHeard;
  #timer = 0;
  #lastLook = 0;
  #lastCount = 0;
  #packets = -1;
  #newest = 0;
  #silence = 0;
  #gap = LONGEST_GAP;
  #heardLooks = 0;
  #alertUntil = 0;
  /** @type {"heard" | "doubtful" | "silent"} */ #state = "heard";
  #counting = false;

  /**
   * @param {RTCPeerConnection} pc a connected one
   * @param {{doubt: () => void, silence: () => void, heard: () => void}} tell `doubt` and `silence` once each, `heard`
   *   when something comes after them
   */
  constructor(pc, { doubt, silence, heard }) {
    this.#pc = pc;
    this.#onDoubt = doubt;
    this.#onSilence = silence;
    this.#onHeard = heard;
    this.#lastLook = performance.now();
    this.#timer = window.setInterval(() => this.#look(), LOOK);
  }

  stop() {
    clearInterval(this.#timer);
  }

  /** Less will come from now on: somebody is muted, or gone. */
  expectLess() {
    this.#gap = LONGEST_GAP;
    this.#alertUntil = 0;
  }

  /** Whether nothing came for longer than usual, perhaps by chance. */
  get isDoubtful() {
    return this.#state !== "heard";
  }

  /** Whether nothing came for so long that it is no chance. */
  get isSilent() {
    return this.#state === "silent";
  }

  /** Milliseconds since something came. */
  get silence() {
    return this.#silence;
  }

  /** The network may have changed: less silence means more for a while. */
  alert() {
    this.#alertUntil = performance.now() + ALERT.span;
  }

  #look() {
    const now = performance.now();
    // A page that was not run for a while has not listened either.
    const passed = Math.min(now - this.#lastLook, COUNT);
    this.#lastLook = now;
    if (this.#hasNewest()) return this.#heard();
    this.#silence += passed;
    if (now - this.#lastCount >= COUNT && !this.#counting) this.#count(now);
    if (this.#heardLooks < ACQUAINTED) return;
    const alert = now < this.#alertUntil;
    const doubt = alert ? ALERT.doubt : limit(DOUBT, this.#gap);
    const silence = alert ? ALERT.silence : limit(SILENCE, this.#gap);
    if (this.#state === "heard" && this.#silence >= doubt) {
      this.#state = "doubtful";
      this.#onDoubt();
    }
    if (this.#state === "doubtful" && this.#silence >= silence) {
      this.#state = "silent";
      this.#onSilence();
    }
  }

  /** Whether a receiver has got something since the last look. */
  #hasNewest() {
    for (const receiver of this.#pc.getReceivers()) {
      for (const { timestamp } of receiver.getSynchronizationSources?.() ?? []) {
        if (timestamp <= this.#newest) continue;
        this.#newest = timestamp;
        return true;
      }
    }
    return false;
  }

  /** @param {number} now */
  async #count(now) {
    this.#lastCount = now;
    this.#counting = true;
    try {
      let packets = 0;
      (await this.#pc.getStats()).forEach((report) => {
        if (report.type === "transport") packets += report.packetsReceived ?? report.bytesReceived ?? 0;
      });
      if (packets !== this.#packets && this.#packets >= 0) this.#heard();
      this.#packets = packets;
    } catch {
      // Closed meanwhile.
    } finally {
      this.#counting = false;
    }
  }

  #heard() {
    // What is usual is forgotten in some seconds of sound.
    const seen = this.#silence < OUTAGE ? Math.min(this.#silence, LONGEST_GAP) : 0;
    this.#gap = Math.max(this.#gap * 0.95, seen);
    this.#heardLooks += 1;
    this.#silence = 0;
    if (this.#state === "heard") return;
    this.#state = "heard";
    this.#onHeard();
  }
}

/**
 * @param {{times: number, least: number, most: number}} bounds
 * @param {number} gap
 */
const limit = ({ times, least, most }, gap) => Math.min(most, Math.max(least, times * gap));
