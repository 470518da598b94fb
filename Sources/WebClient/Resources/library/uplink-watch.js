/** @import { MediaConnection } from "./media.js" */
import { PictureSize } from "./picture-size.js";
import { UplinkRoom } from "./uplink-room.js";
import { Uplink, pictureOf, uplinkOf } from "./uplink.js";

/** Milliseconds between two looks at what the encoder of our picture is given, and at the way itself. */
const PICTURE_PERIOD = 250;
const WAY_PERIOD = 1_000;
/** While a step up is tried: what fills the way shall be seen before it is heard. */
const QUESTION_PERIOD = 250;
/** Milliseconds of a lull, and the share of the estimate that pictures take in it: then Chromium looks for more. */
const LULL = 700;
const LULL_SHARE = 0.25;

/** What our own way to the server carries, and what we make of that: sound alone, a smaller picture, a look for more. */
export class UplinkWatch {
  #uplink = new Uplink();
  #size = new PictureSize();
  #room = new UplinkRoom();
  /** @type {RTCPeerConnection | null} */ #known = null;
  /** @type {number[]} */ #timers = [];
  #lull = 0;
  #isAsking = false;
  #media;
  #ask;
  #told;

  /**
   * @param {() => MediaConnection | null} media the one of the moment
   * @param {() => Promise<unknown>} ask the server, for an answer
   * @param {() => void} told `level` has changed
   */
  constructor(media, ask, told) {
    this.#media = media;
    this.#ask = ask;
    this.#told = told;
  }

  /** What is to be sent. */
  get level() {
    return this.#uplink.level;
  }

  get hasPictures() {
    return this.#uplink.hasPictures;
  }

  start() {
    if (this.#timers.length > 0) return;
    this.#timers = [
      window.setInterval(() => this.#lookAtWay(), WAY_PERIOD),
      window.setInterval(() => this.#question(), QUESTION_PERIOD),
      window.setInterval(() => this.#lookAtPicture(), PICTURE_PERIOD),
    ];
  }

  stop() {
    for (const timer of this.#timers) clearInterval(timer);
    clearTimeout(this.#lull);
  }

  /** Also while signaling is away: a full way is what takes it away. */
  get #connection() {
    const pc = this.#media()?.peerConnection;
    return pc?.connectionState === "connected" ? pc : null;
  }

  async #lookAtWay() {
    const pc = this.#connection;
    if (!pc) return;
    const seen = await uplinkOf(pc).catch(() => ({}));
    if (this.#uplink.look({ at: performance.now(), ...seen })) this.#change();
  }

  async #question() {
    if (!this.#uplink.isTrial || this.#isAsking) return;
    this.#isAsking = true;
    const asked = performance.now();
    const isAnswered = await this.#ask().then(() => true, () => false);
    this.#isAsking = false;
    const at = performance.now();
    if (isAnswered && this.#uplink.answered({ at, seconds: (at - asked) / 1000 })) this.#change();
  }

  #change() {
    this.#media()?.fit(this.#uplink.level);
    this.#told();
  }

  async #lookAtPicture() {
    const pc = this.#connection;
    const sender = this.#media()?.sender("camera");
    if (!pc || !sender || this.#uplink.level !== "all" || this.#lull) return;
    if (pc !== this.#known) {
      this.#known = pc;
      this.#size = new PictureSize();
      this.#room = new UplinkRoom();
    }
    const seen = await pictureOf(sender).catch(() => null);
    const media = this.#media();
    if (!seen || !media || this.#lull) return;
    const at = performance.now();
    if (this.#size.look({ at, ...seen })) media.scale("camera", this.#size.scale);
    const { available } = seen;
    if (available && this.#room.look({ at, ...seen, available, most: media.most("camera") })) this.#rest(available);
  }

  /** @param {number} available bits a second */
  #rest(available) {
    this.#media()?.slow("camera", LULL_SHARE * available);
    this.#lull = window.setTimeout(() => {
      this.#lull = 0;
      this.#media()?.slow("camera", Infinity);
    }, LULL);
  }
}
