/** @import { MediaSource } from "./types.js" */
/** @import { UplinkLevel } from "./uplink.js" */

/** What we send at most, by source. */
/** @type {Record<MediaSource, RTCRtpEncodingParameters>} */
const ENCODING = {
  microphone: { maxBitrate: 48_000, priority: "high" },
  camera: { maxBitrate: 1_500_000, maxFramerate: 30 },
  screen: { maxBitrate: 2_500_000, maxFramerate: 15 },
};

/** How long a packet of sound is when nobody asks for another length, in milliseconds. */
const PACKET_TIME = 20;

/**
 * What sound takes on a narrow way up: bits a second, milliseconds in a packet, and whether each goes once. With its
 * headers that is 24, 55, 87 and again 55 kbit/s.
 * @type {Record<UplinkLevel, {maxBitrate: number, packetTime: number, once: boolean}>}
 */
const SOUND = {
  little: { maxBitrate: 16_000, packetTime: 60, once: true },
  sound: { maxBitrate: 32_000, packetTime: PACKET_TIME, once: true },
  twice: { maxBitrate: 32_000, packetTime: PACKET_TIME, once: false },
  few: { maxBitrate: 32_000, packetTime: PACKET_TIME, once: true },
  all: { maxBitrate: Infinity, packetTime: PACKET_TIME, once: false },
};

/** A small picture beside it: bits a second, and how many times smaller than the camera makes it. */
const FEW = { maxBitrate: 40_000, scale: 2 };

/**
 * How each source is encoded: what we send at most, what the server asks for on narrow paths, and what our own way up
 * carries.
 */
export class Encodings {
  /** @type {Map<MediaSource, {maxBitrate: number, packetTime: number}>} */ #limits = new Map();
  /** @type {Map<MediaSource, string[]>} the encodings that are of use to somebody */ #asked = new Map();
  /** @type {Map<MediaSource, number>} how many times smaller than the camera makes it */ #scales = new Map();
  /** @type {Map<MediaSource, number>} bits a second, for a moment */ #slowed = new Map();
  /** @type {UplinkLevel} */ #level = "all";
  #applying = Promise.resolve();

  /**
   * Only what our own way up carries goes from now on.
   * @param {UplinkLevel} level
   * @returns {boolean} whether that needs another description of sound
   */
  fit(level) {
    const isNew = this.#level !== level;
    this.#level = level;
    return isNew;
  }

  /**
   * Of several encodings these go. Without effect where there is one only.
   * @param {MediaSource} source
   * @param {string[]} rids
   */
  activate(source, rids) {
    this.#asked.set(source, rids);
  }

  /**
   * @param {MediaSource} source
   * @param {number} scale how many times smaller than the camera makes it the picture goes, in each direction
   */
  scale(source, scale) {
    this.#scales.set(source, scale);
  }

  /**
   * @param {MediaSource} source
   * @param {number} maxBitrate bits a second that it takes for a moment, at most
   */
  slow(source, maxBitrate) {
    this.#slowed.set(source, Math.round(maxBitrate));
  }

  /**
   * There is a new sender: what was found out with the one before does not hold.
   * @param {MediaSource} source
   */
  forget(source) {
    this.#asked.delete(source);
    this.#scales.delete(source);
    this.#slowed.delete(source);
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
    return Math.max(this.#limits.get(source)?.packetTime ?? PACKET_TIME, this.#spared(source)?.packetTime ?? 0);
  }

  /** @param {MediaSource} source */
  #spared(source) {
    return source === "microphone" ? SOUND[this.#level] : undefined;
  }

  /**
   * Of a new sender.
   * @param {MediaSource} source
   * @returns {RTCRtpEncodingParameters}
   */
  of(source) {
    const most = ENCODING[source];
    const { maxBitrate = Infinity } = this.#limits.get(source) ?? {};
    const { maxBitrate: spared = Infinity } = this.#spared(source) ?? {};
    return { ...most, maxBitrate: Math.min(maxBitrate, spared, most.maxBitrate ?? Infinity) };
  }

  /**
   * Lets a present sender follow. Parameters may be set only as they were read last: one change after the other.
   * @param {MediaSource} source
   * @param {RTCRtpSender} sender
   */
  async apply(source, sender) {
    this.#applying = this.#applying.then(async () => {
      const parameters = sender.getParameters();
      const { encodings } = parameters;
      if (!encodings?.length || !this.#write(source, encodings)) return;
      // It may be gone by now.
      await sender.setParameters(parameters).catch(() => {});
    });
    await this.#applying;
  }

  /**
   * @param {MediaSource} source
   * @param {RTCRtpEncodingParameters[]} encodings
   * @returns {boolean} whether something is new
   */
  #write(source, encodings) {
    // Of several sizes each has a limit of its own.
    const full = encodings[encodings.length - 1];
    const few = this.#level === "few" && source !== "microphone" ? FEW : { maxBitrate: Infinity, scale: 1 };
    const slowed = Math.min(this.#slowed.get(source) ?? Infinity, few.maxBitrate);
    const maxBitrate = Math.min(this.of(source).maxBitrate ?? Infinity, slowed);
    let isNew = full.maxBitrate !== maxBitrate;
    full.maxBitrate = maxBitrate;
    if (source === "microphone") return true;
    const scale = Math.max(this.#scales.get(source) ?? 1, few.scale);
    isNew ||= (full.scaleResolutionDownBy ?? 1) !== scale;
    full.scaleResolutionDownBy = scale;
    const rids = this.#asked.get(source) ?? [full.rid ?? ""];
    for (const encoding of encodings) {
      const active = (this.#level === "all" || this.#level === "few") && (encodings.length < 2 || rids.includes(encoding.rid ?? ""));
      isNew ||= encoding.active !== active;
      encoding.active = active;
    }
    return isNew;
  }

  /**
   * The answer, for what we send of sound in one section: in packets of a length (RFC 8866 section 6.4), and on a narrow
   * way each once, where browsers double what comes first in the list (RFC 2198).
   * @param {string} sdp
   * @param {string | null | undefined} mid
   */
  describe(sdp, mid) {
    const packetTime = this.packetTime("microphone");
    const { once } = SOUND[this.#level];
    if ((packetTime === PACKET_TIME && !once) || !mid) return sdp;
    return sdp
      .split(/(?=^m=)/m)
      .map((section) => {
        if (!section.includes(`\r\na=mid:${mid}\r\n`)) return section;
        return `${once ? withRedundancyLast(section) : section}a=ptime:${packetTime}\r\n`;
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
