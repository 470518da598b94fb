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

/** How each source is encoded: what we send at most, and what the server asks for on narrow paths. */
export class Encodings {
  /** @type {Map<MediaSource, {maxBitrate: number, packetTime: number}>} */ #limits = new Map();

  /**
   * What the server asks for.
   * @param {MediaSource} source
   * @param {{maxBitrate: number, packetTime?: number}} limit
   * @returns {boolean} whether that needs an offer, as the length of packets does
   */
  limit(source, { maxBitrate, packetTime = PACKET_TIME }) {
    const before = this.packetTime(source);
    this.#limits.set(source, { maxBitrate, packetTime });
    return packetTime !== before;
  }

  /** @param {MediaSource} source */
  packetTime(source) {
    return this.#limits.get(source)?.packetTime ?? PACKET_TIME;
  }

  /**
   * Of a new sender.
   * @param {MediaSource} source
   * @returns {RTCRtpEncodingParameters}
   */
  of(source) {
    const most = ENCODING[source];
    const { maxBitrate = Infinity } = this.#limits.get(source) ?? {};
    return { ...most, maxBitrate: Math.min(maxBitrate, most.maxBitrate ?? Infinity) };
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
   * An answer that asks for packets of sound of a length (RFC 8866 section 6.4), in one section.
   * @param {string} sdp
   * @param {string | null | undefined} mid
   */
  describe(sdp, mid) {
    const packetTime = this.packetTime("microphone");
    if (packetTime === PACKET_TIME || !mid) return sdp;
    return sdp
      .split(/(?=^m=)/m)
      .map((section) =>
        section.includes(`\r\na=mid:${mid}\r\n`) ? `${section}a=ptime:${packetTime}\r\n` : section,
      )
      .join("");
  }
}
