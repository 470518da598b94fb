/** @import { MediaSource } from "./types.js" */

/** What we send at most, by source. */
/** @type {Record<MediaSource, RTCRtpEncodingParameters>} */
const ENCODING = {
  microphone: { maxBitrate: 48_000, priority: "high" },
  camera: { maxBitrate: 1_500_000, maxFramerate: 30 },
  screen: { maxBitrate: 2_500_000, maxFramerate: 15 },
};

/** How long a packet of sound is when nobody asks for another length, in milliseconds. */
const PACKET_TIME = 20;

/** Sound alone on a narrow way up, enough to be understood: bits a second, and milliseconds in a packet. */
const SPARING = { maxBitrate: 16_000, packetTime: 60 };

/**
 * How each source is encoded: what we send at most, what the server asks for on narrow paths, and what our own way up
 * carries.
 */
export class Encodings {
  /** @type {Map<MediaSource, {maxBitrate: number, packetTime: number}>} */ #limits = new Map();
  #spares = false;

  /**
   * Sound takes as little as it can from now on, or what it likes.
   * @param {boolean} spares
   * @returns {boolean} whether that needs another description
   */
  spare(spares) {
    const isNew = this.#spares !== spares;
    this.#spares = spares;
    return isNew;
  }

  /**
   * What the server asks for.
   * @param {MediaSource} source
   * @param {{maxBitrate: number, packetTime?: number}} limit
   * @returns {boolean} whether that needs another description, as the length of packets does
   */
  limit(source, { maxBitrate, packetTime = PACKET_TIME }) {
    const before = this.packetTime(source);
    this.#limits.set(source, { maxBitrate, packetTime });
    return this.packetTime(source) !== before;
  }

  /** @param {MediaSource} source */
  packetTime(source) {
    const asked = this.#limits.get(source)?.packetTime ?? PACKET_TIME;
    return this.#isSpared(source) ? Math.max(asked, SPARING.packetTime) : asked;
  }

  /** @param {MediaSource} source */
  #isSpared(source) {
    return this.#spares && source === "microphone";
  }

  /**
   * Of a new sender.
   * @param {MediaSource} source
   * @returns {RTCRtpEncodingParameters}
   */
  of(source) {
    const most = ENCODING[source];
    const { maxBitrate = Infinity } = this.#limits.get(source) ?? {};
    const spared = this.#isSpared(source) ? SPARING.maxBitrate : Infinity;
    return { ...most, maxBitrate: Math.min(maxBitrate, spared, most.maxBitrate ?? Infinity) };
  }

  /**
   * Lets a present sender follow.
   * @param {MediaSource} source
   * @param {RTCRtpSender} sender
   */
  async apply(source, sender) {
    const parameters = sender.getParameters();
    // Of several sizes each has a limit of its own.
    const full = parameters.encodings?.at(-1);
    if (full) full.maxBitrate = this.of(source).maxBitrate;
    await sender.setParameters(parameters);
  }

  /**
   * The answer, for what we send of sound in one section: in packets of a length (RFC 8866 section 6.4), and on a narrow
   * way each once, where browsers double what comes first in the list (RFC 2198).
   * @param {string} sdp
   * @param {string | null | undefined} mid
   */
  describe(sdp, mid) {
    const packetTime = this.packetTime("microphone");
    if ((packetTime === PACKET_TIME && !this.#spares) || !mid) return sdp;
    return sdp
      .split(/(?=^m=)/m)
      .map((section) => {
        if (!section.includes(`\r\na=mid:${mid}\r\n`)) return section;
        return `${this.#spares ? withRedundancyLast(section) : section}a=ptime:${packetTime}\r\n`;
      })
      .join("");
  }
}

/** @param {string} section */
function withRedundancyLast(section) {
  const redundant = /^a=rtpmap:(\d+) red\//im.exec(section)?.[1];
  return section.replace(/^(m=audio \S+ \S+) (.*)\r\n/, (_, start, types) => {
    const rest = types.split(" ").filter((/** @type {string} */ type) => type !== redundant);
    return `${[start, ...rest, ...(redundant ? [redundant] : [])].join(" ")}\r\n`;
  });
}
