/** @import { Answer, AnswerTrack, MediaSource, RemoteTrack, WantedPublication } from "./types.js" */
/** @import { UplinkLevel } from "./uplink.js" */
import { Encodings } from "./encodings.js";
import { MediaError, SignalingError } from "./errors.js";
import { freshConnection } from "./fresh-connection.js";
import { MediaWatch } from "./media-watch.js";
import { nameEncodings, sizes } from "./simulcast.js";
import { withSoundRepair } from "./sound-repair.js";

/**
 * How long ICE may stay `disconnected` while media comes before we restart it, how long after the answer to a restart
 * media may stay away before the connection is made anew, and how long a new connection may take before the next one.
 */
const DISCONNECTED_PATIENCE = 2_500;
const RESTART_PATIENCE = 1_500;
const CONNECT_PATIENCE = 15_000;
/** A browser holds on to a way for so long after the last packet, whatever a restart finds meanwhile. */
const HOLDS_ON = 2_500;
/** A new connection that is not there after so long has met with another change of the network. */
const STUCK = 1_500;
/** From the silence to a restart, and between two. */
const RESTART_DELAY = 250;
const RESTART_INTERVAL = 1_500;

/**
 * Frames in three temporal layers: the server leaves the upper ones out for those whose path is narrow, without a
 * keyframe.
 */
const TEMPORAL_LAYERS = "L1T3";

/**
 * One use of one transceiver.
 * @typedef {object} Slot
 * @property {RTCRtpTransceiver} transceiver
 * @property {"audio" | "video"} kind
 * @property {MediaSource | null} publishes a sending slot belongs to one source for ever
 * @property {WantedPublication | null} receives
 * @property {string | null} shown the publication whose track we have given out
 * @property {boolean} [isOutworn] what the browser knows of the way to here holds no longer
 */

/**
 * The RTCPeerConnection with the server: what we publish, what we receive, and how it heals.
 * We always offer; offers are made one after another and each tells the whole wish, so that any may be repeated.
 *
 * How it heals: the server follows a browser whose address has changed by itself. When nothing comes any more, ICE is
 * restarted with an offer, as soon as signaling can carry it; the old way is used until the new one is there. When that
 * brings nothing either, or the server knows us no more, there is a new connection with the same tracks.
 *
 * Events: `track` (detail: RemoteTrack), `track-removed` (detail: {publication, participant}),
 * `published` (detail: {source, publication, muted}), `state` (detail: {state}), `problem` (detail: {error}), `doubt`
 * (nothing comes: the network may have changed), `silence` (detail: {silent}).
 */
export class MediaConnection extends EventTarget {
  /** @type {RTCPeerConnection | null} */ #pc = null;
  /** @type {Slot[]} */ #slots = [];
  /** @type {Map<MediaSource, {track: MediaStreamTrack, muted: boolean, encrypted?: boolean}>} */ #local = new Map();
  /** @type {Map<string, WantedPublication>} */ #wanted = new Map();
  /** @type {RTCIceServer[]} */ #iceServers;
  /** @type {(build: () => {sdp: string, tracks: object[]} | null) => Promise<Answer>} */ #exchange;
  /** @type {Promise<void> | null} */ #running = null;
  #encodings = new Encodings();
  #dirty = false;
  #changed = false;
  #outdated = false;
  #answer = "";
  #close = () => {};
  #closed = false;
  /** @type {{at: number, answered: boolean} | null} */ #restart = null;
  /** @type {MediaWatch | null} */ #listener = null;
  #rebuilds = 0;
  #born = 0;
  #timer = 0;

  /**
   * @param {object} options
   * @param {RTCIceServer[]} options.iceServers
   * @param {(build: () => {sdp: string, tracks: object[]} | null) => Promise<Answer>} options.exchange sends the offer
   *   that `build` gives at that moment and resolves with the answer; repeats it when the connection was lost between;
   *   rejects with `superseded` when `build` gives null
   */
  constructor({ iceServers, exchange }) {
    super();
    this.#iceServers = iceServers;
    this.#exchange = exchange;
  }

  /** The connection, for statistics and tests; null before there is anything to send or receive. */
  get peerConnection() {
    return this.#pc;
  }

  /** The sources that we publish. */
  get sources() {
    return [...this.#local.keys()];
  }

  /** @param {MediaSource} source */
  track(source) {
    return this.#local.get(source)?.track ?? null;
  }

  /**
   * Publishes a track, or replaces the one of this source without a new offer.
   * @param {MediaSource} source
   * @param {MediaStreamTrack} track
   * @param {boolean} muted
   * @param {boolean} [encrypted] end to end; of what is published already, what was said first
   */
  async publish(source, track, muted, encrypted) {
    const present = this.#local.get(source);
    this.#local.set(source, { track, muted, encrypted: present ? present.encrypted : encrypted });
    if (present) {
      const slot = this.#slots.find(({ publishes }) => publishes === source);
      await slot?.transceiver.sender.replaceTrack(track);
      return;
    }
    this.#changed = true;
    await this.#negotiate();
  }

  /** @param {MediaSource} source */
  async unpublish(source) {
    if (!this.#local.delete(source)) return;
    this.#listener?.expectLess();
    this.#changed = true;
    await this.#negotiate();
  }

  /**
   * @param {MediaSource} source
   * @param {boolean} muted what the next offer says
   */
  setMuted(source, muted) {
    const local = this.#local.get(source);
    if (local) local.muted = muted;
  }

  /** @param {MediaSource} source @returns {RTCRtpSender | null} */
  sender(source) {
    return this.#slots.find(({ publishes }) => publishes === source)?.transceiver.sender ?? null;
  }

  /** @param {MediaSource} source @returns {number} bits a second that we would send of it */
  most(source) {
    return this.#encodings.of(source).maxBitrate ?? Infinity;
  }

  /**
   * Sends these encodings of a source and stops the others. Without effect where there is one encoding only.
   * @param {MediaSource} source
   * @param {string[]} rids
   */
  activate(source, rids) {
    this.#encodings.activate(source, rids);
    this.#apply(source);
  }

  /**
   * @param {MediaSource} source
   * @param {number} scale how many times smaller than the camera makes it the picture goes, in each direction
   */
  scale(source, scale) {
    this.#encodings.scale(source, scale);
    this.#apply(source);
  }

  /**
   * @param {MediaSource} source
   * @param {number} maxBitrate bits a second that it takes for a moment, at most
   */
  slow(source, maxBitrate) {
    this.#encodings.slow(source, maxBitrate);
    this.#apply(source);
  }

  /**
   * Sends what our own way up carries of what is asked for.
   * @param {UplinkLevel} level
   */
  fit(level) {
    if (this.#encodings.fit(level)) this.#describeAnew();
    this.#applyAll();
  }

  /** @param {MediaSource} source */
  #apply(source) {
    const sender = this.sender(source);
    if (sender) this.#quietly(this.#encodings.apply(source, sender));
  }

  #applyAll() {
    for (const { publishes } of this.#slots) if (publishes) this.#apply(publishes);
  }

  /**
   * Sends no more of a source than the server asks for.
   * @param {MediaSource | undefined} source
   * @param {{maxBitrate: number, packetTime?: number}} [limit] none: what we like
   */
  limit(source, limit = { maxBitrate: Infinity }) {
    if (!source) return;
    const isDescribed = this.#encodings.limit(source, limit);
    if (!this.sender(source)) return;
    this.#apply(source);
    if (isDescribed) this.#describeAnew();
  }

  #describeAnew() {
    this.#outdated = true;
    this.#quietly(this.#negotiate());
  }

  /**
   * Receives these publications and no others.
   * @param {WantedPublication[]} publications
   */
  async receive(publications) {
    const wanted = byID(publications);
    const same = wanted.size === this.#wanted.size && [...wanted.keys()].every((id) => this.#wanted.has(id));
    if (same) return;
    this.expectLess();
    this.#wanted = wanted;
    this.#changed = true;
    await this.#negotiate();
  }

  /**
   * Receives these publications as if they were new, with nothing known of what the path was.
   * @param {string[]} publications
   */
  async renew(publications) {
    for (const slot of this.#slots) slot.isOutworn ||= publications.includes(slot.receives?.id ?? "");
    this.expectLess();
    await this.#negotiate();
  }

  /**
   * New addresses for the same connection; when that brings no media in time, a new connection. The time counts from the
   * answer: without signaling there is nothing to hope for.
   */
  restartICE() {
    const pc = this.#pc;
    if (this.#closed || !pc) return;
    if (pc.connectionState === "new" || pc.connectionState === "connecting") return;
    const now = performance.now();
    // One that waits for its answer is under way; one that was answered has its time.
    if (this.#restart && (!this.#restart.answered || now - this.#restart.at < RESTART_INTERVAL)) return;
    this.#restart = { at: now, answered: false };
    clearTimeout(this.#timer);
    pc.restartIce();
    this.#changed = true;
    this.#quietly(this.#negotiate());
  }

  /**
   * Signaling reaches the server at this moment. Where media does not, its way is gone. While the browser still holds on
   * to it, a new connection is there sooner than a restart; and what a restart has gathered while everything was cut
   * does not know the new network.
   * @param {{anew: boolean}} how `anew`: on another socket, since the one before is dead too
   */
  signalingIsWell({ anew }) {
    const pc = this.#pc;
    if (this.#closed || !pc) return;
    const state = pc.connectionState;
    if (state === "new" || state === "connecting") {
      if (anew && performance.now() - this.#born > STUCK) this.rebuild();
    } else if (this.#listener && (anew ? this.#listener.isDoubtful : this.#listener.isSilent)) {
      if (anew || this.#listener.silence < HOLDS_ON) this.rebuild();
      else this.restartICE();
    }
  }

  /** Others send less from now on: what is silent is not missed at once. */
  expectLess() {
    this.#listener?.expectLess();
  }

  /** The network may have changed: what is silent is restarted sooner. */
  alert() {
    this.#listener?.alert();
  }

  /**
   * A new connection with the same tracks: nobody is asked for a camera again.
   * @param {WantedPublication[]} [wanted] what to receive on it; by default what we receive now. A server that was
   *   started again may give an old id to another publication.
   */
  rebuild(wanted) {
    if (this.#closed) return;
    if (wanted) this.#wanted = byID(wanted);
    this.#rebuilds += 1;
    this.#discard();
    this.#changed = true;
    this.#quietly(this.#negotiate());
  }

  close() {
    if (this.#closed) return;
    this.#closed = true;
    this.#discard();
  }

  #discard() {
    clearTimeout(this.#timer);
    this.#restart = null;
    this.#listener?.stop();
    this.#listener = null;
    for (const slot of this.#slots) this.#withdraw(slot);
    this.#slots = [];
    const pc = this.#pc;
    this.#pc = null;
    this.#answer = "";
    if (!pc) return;
    pc.onconnectionstatechange = pc.oniceconnectionstatechange = null;
    this.#close();
  }

  /** @param {Promise<void>} promise */
  #quietly(promise) {
    promise.catch((error) => this.dispatchEvent(new CustomEvent("problem", { detail: { error } })));
  }

  /** Resolves when an offer made after this call has been answered. */
  #negotiate() {
    this.#dirty = true;
    this.#running ??= this.#run();
    return this.#running;
  }

  async #run() {
    /** @type {unknown} */
    let failure = null;
    // What is wished in one breath (to receive, to send sound, to send picture) is one offer.
    await breath();
    while (this.#dirty && !this.#closed) {
      this.#dirty = false;
      failure = null;
      try {
        await this.#round();
      } catch (error) {
        // The wish is still to be told: with the next change, or the next connection.
        this.#changed = true;
        failure = error;
      }
    }
    this.#running = null;
    if (failure) throw failure;
  }

  async #round() {
    if (!this.#changed && !(await this.#renewed()) && !(await this.#redescribed())) return;
    this.#changed = false;
    const pc = this.#ready();
    if (!pc) return;
    this.#plan(pc);
    // A restart that is asked for while this offer is under way is in the next one.
    const restarts = this.#restart !== null && !this.#restart.answered;
    await describe(pc);
    try {
      const answer = await this.#exchange(() => (pc === this.#pc ? this.#offer(pc) : null));
      if (pc !== this.#pc) return;
      this.#answer = answer.sdp;
      await this.#accept(pc);
      if (pc !== this.#pc) return;
      if (restarts) this.#restartAnswered();
      this.#settle(answer.tracks);
    } catch (error) {
      if (pc !== this.#pc || this.#closed) return;
      if (restarts) this.#restart = null;
      if (pc.signalingState === "have-local-offer") await pc.setLocalDescription({ type: "rollback" });
      if (error instanceof SignalingError) throw error;
      throw new MediaError("negotiation-failed", String(error), { cause: error });
    }
  }

  /**
   * The answer again, where only what we send of sound is described otherwise. The server has nothing to do with that:
   * it comes about at once, and also where the way to the server is full.
   * @returns {Promise<boolean>} whether that takes an offer
   */
  async #redescribed() {
    const pc = this.#pc;
    if (!this.#outdated || !pc || !this.#answer) return false;
    try {
      await describe(pc);
      if (!this.#changed) await this.#accept(pc);
      else await pc.setLocalDescription({ type: "rollback" });
    } catch {
      if (pc !== this.#pc) return false;
      this.#changed = true;
      if (pc.signalingState === "have-local-offer") await pc.setLocalDescription({ type: "rollback" });
    }
    return this.#changed;
  }

  /**
   * Begins receivers anew whose time is past: for a moment the answer that we have names other sources (SSRC, RFC 5576) in
   * their place. The server has nothing to do with that either, and an offer of 12 kB would fill a way of 80 kbit/s for
   * more than a second.
   * @returns {Promise<boolean>} whether that takes an offer
   */
  async #renewed() {
    const pc = this.#pc;
    const worn = this.#slots.filter(({ isOutworn }) => isOutworn);
    if (worn.length === 0 || !pc || !this.#answer) return false;
    for (const slot of worn) slot.isOutworn = false;
    for (const others of [worn, []]) {
      try {
        await describe(pc);
        // Something is wished meanwhile that is for the server to answer.
        if (this.#changed) await pc.setLocalDescription({ type: "rollback" });
        else await this.#accept(pc, others);
      } catch {
        if (pc !== this.#pc) return false;
        this.#changed = true;
        if (pc.signalingState === "have-local-offer") await pc.setLocalDescription({ type: "rollback" });
      }
    }
    return this.#changed;
  }

  /**
   * @param {RTCPeerConnection} pc
   * @param {Slot[]} others that are to receive from other sources than the answer names
   */
  async #accept(pc, others = []) {
    this.#outdated = false;
    const sound = this.#slots.find(({ publishes }) => publishes === "microphone");
    const answer = this.#encodings.describe(this.#answer, sound?.transceiver.mid);
    const mids = others.map(({ transceiver }) => transceiver.mid);
    await pc.setRemoteDescription({ type: "answer", sdp: mids.reduce(withOtherSources, answer) });
    // What was set while a description was under way, Chromium forgets.
    this.#applyAll();
  }

  /** The connection, made when there is something to put into it. */
  #ready() {
    if (this.#pc) return this.#pc;
    if (this.#local.size === 0 && this.#wanted.size === 0) return null;
    const pc = this.#make();
    this.#pc = pc;
    this.#born = performance.now();
    pc.onconnectionstatechange = () => this.#connectionChanged(pc);
    pc.oniceconnectionstatechange = () => this.#iceChanged(pc);
    const patience = CONNECT_PATIENCE * Math.min(4, 1 + this.#rebuilds);
    this.#watch(patience, () => this.#giveUp());
    return pc;
  }

  #make() {
    /** @type {RTCConfiguration} */
    const configuration = { iceServers: this.#iceServers, bundlePolicy: "max-bundle", rtcpMuxPolicy: "require" };
    if (this.#rebuilds > 0) {
      const { pc, close } = freshConnection(configuration);
      this.#close = close;
      return pc;
    }
    const pc = new RTCPeerConnection(configuration);
    this.#close = () => pc.close();
    return pc;
  }

  /**
   * Brings the transceivers to what is published and wanted. A receiver is used again for the next publication of its
   * kind, so that the description does not grow with every coming and going.
   * @param {RTCPeerConnection} pc
   */
  #plan(pc) {
    for (const [source, { track }] of this.#local) {
      const slot = this.#slots.find(({ publishes }) => publishes === source);
      if (!slot) {
        this.#encodings.forget(source);
        this.#slots.push(sendingSlot(pc, source, track, this.#encodings.of(source)));
        this.#apply(source);
      } else {
        slot.transceiver.direction = "sendonly";
        nameEncodings(slot.transceiver);
        if (slot.transceiver.sender.track !== track) slot.transceiver.sender.replaceTrack(track);
      }
    }
    for (const slot of this.#slots) {
      if (slot.publishes && !this.#local.has(slot.publishes)) {
        slot.transceiver.direction = "inactive";
        slot.transceiver.sender.replaceTrack(null);
      }
      if (slot.receives && !this.#wanted.has(slot.receives.id)) {
        this.#withdraw(slot);
        slot.receives = null;
        slot.transceiver.direction = "inactive";
      }
    }
    const received = new Set(this.#slots.map(({ receives }) => receives?.id));
    for (const wanted of this.#wanted.values()) {
      if (received.has(wanted.id)) continue;
      let slot = this.#slots.find(
        ({ publishes, receives, kind }) => !publishes && !receives && kind === wanted.kind,
      );
      if (!slot) {
        slot = receivingSlot(pc, wanted.kind);
        this.#slots.push(slot);
      }
      slot.receives = wanted;
      slot.transceiver.direction = "recvonly";
    }
  }

  /**
   * @param {RTCPeerConnection} pc
   * @returns {{sdp: string, tracks: object[]}}
   */
  #offer(pc) {
    const tracks = [];
    for (const { transceiver, publishes, receives } of this.#slots) {
      const { mid, direction } = transceiver;
      if (mid === null || direction === "inactive") continue;
      if (receives) tracks.push({ mid, subscribe: receives.id });
      const local = publishes && this.#local.get(publishes);
      if (local) tracks.push({ mid, publish: { source: publishes, muted: local.muted, encrypted: local.encrypted } });
    }
    return { sdp: pc.localDescription?.sdp ?? "", tracks };
  }

  /** @param {AnswerTrack[]} tracks */
  #settle(tracks) {
    for (const { mid, publication, direction, muted } of tracks) {
      const slot = this.#slots.find(({ transceiver }) => transceiver.mid === mid);
      if (!slot) continue;
      if (direction === "publish" && slot.publishes) {
        const detail = { source: slot.publishes, publication, muted };
        this.dispatchEvent(new CustomEvent("published", { detail }));
      } else if (slot.receives?.id === publication && slot.shown !== publication) {
        slot.shown = publication;
        const { id, ...rest } = slot.receives;
        /** @type {RemoteTrack} */
        const detail = { ...rest, publication: id, track: slot.transceiver.receiver.track };
        this.dispatchEvent(new CustomEvent("track", { detail }));
      }
    }
  }

  /** @param {Slot} slot */
  #withdraw(slot) {
    if (!slot.shown || !slot.receives) return;
    const detail = { publication: slot.shown, participant: slot.receives.participant };
    slot.shown = null;
    this.dispatchEvent(new CustomEvent("track-removed", { detail }));
  }

  /** @param {RTCPeerConnection} pc */
  #connectionChanged(pc) {
    if (pc !== this.#pc) return;
    const state = pc.connectionState;
    if (state === "connected") {
      if (!this.#restart) clearTimeout(this.#timer);
      this.#rebuilds = 0;
      this.#listener ??= this.#listen(pc);
    }
    this.dispatchEvent(new CustomEvent("state", { detail: { state } }));
    // ICE is well and yet the connection failed: DTLS, which no ICE restart mends.
    if (state === "failed" && pc.iceConnectionState !== "failed") this.#watch(1_000, () => this.rebuild());
  }

  /** @param {RTCPeerConnection} pc */
  #iceChanged(pc) {
    if (pc !== this.#pc) return;
    switch (pc.iceConnectionState) {
      case "connected":
      case "completed":
        if (pc.connectionState === "connected" && !this.#restart) clearTimeout(this.#timer);
        break;
      case "disconnected":
        this.dispatchEvent(new Event("doubt"));
        if (this.#listener?.isDoubtful) this.restartICE();
        else if (!this.#restart) this.#watch(DISCONNECTED_PATIENCE, () => this.restartICE());
        break;
      case "failed":
        this.dispatchEvent(new Event("doubt"));
        if (this.#restart?.answered) this.rebuild();
        else this.restartICE();
        break;
    }
  }

  /** @param {RTCPeerConnection} pc */
  #listen(pc) {
    const when = (/** @type {() => void} */ action) => () => pc === this.#pc && action();
    return new MediaWatch(pc, {
      doubt: when(() => this.dispatchEvent(new Event("doubt"))),
      silence: when(() => {
        // Signaling is asked at the same time; what it says decides sooner.
        this.#watch(RESTART_DELAY, () => this.restartICE());
        this.dispatchEvent(new CustomEvent("silence", { detail: { silent: true } }));
      }),
      heard: when(() => {
        this.dispatchEvent(new CustomEvent("silence", { detail: { silent: false } }));
        if (!this.#restart || this.#restart.answered) this.#restarted();
      }),
    });
  }

  /** The restart has an answer: if media is away, it has so long to come back. */
  #restartAnswered() {
    if (!this.#restart || this.#restart.answered) return;
    this.#restart = { at: performance.now(), answered: true };
    if (this.#listener?.isDoubtful) this.#watch(RESTART_PATIENCE, () => this.rebuild());
    else this.#restarted();
  }

  #restarted() {
    clearTimeout(this.#timer);
    this.#restart = null;
  }

  #giveUp() {
    this.dispatchEvent(new CustomEvent("state", { detail: { state: "failed" } }));
    this.rebuild();
  }

  /**
   * The one timer of the healing: the latest reason replaces the one before.
   * @param {number} milliseconds
   * @param {() => void} action
   */
  #watch(milliseconds, action) {
    clearTimeout(this.#timer);
    this.#timer = window.setTimeout(action, milliseconds);
  }
}

/**
 * Resolves after all that runs now has run: a task of its own, which unlike a timer is not held up in hidden pages.
 * @returns {Promise<void>}
 */
function breath() {
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

/**
 * Offers, with repair of sound where the browser lets us add that.
 * @param {RTCPeerConnection} pc
 */
async function describe(pc) {
  const { type, sdp } = await pc.createOffer();
  await pc.setLocalDescription({ type, sdp: withSoundRepair(sdp ?? "") }).catch(() => pc.setLocalDescription());
}

/**
 * @param {string} sdp
 * @param {string | null} mid of the section whose sources are to be others (RFC 5576 section 4)
 */
function withOtherSources(sdp, mid) {
  const other = (/** @type {string} */ ssrc) => String((Number(ssrc) + 2 ** 30) % 2 ** 32);
  return sdp
    .split(/(?=^m=)/m)
    .map((section) =>
      section.includes(`\r\na=mid:${mid}\r\n`)
        ? section
            .replace(/^a=ssrc:(\d+)/gm, (_, ssrc) => `a=ssrc:${other(ssrc)}`)
            .replace(/^(a=ssrc-group:\S+)((?: \d+)+)/gm, (_, group, all) => group + all.replace(/\d+/g, other))
        : section,
    )
    .join("");
}

/** @param {WantedPublication[]} publications */
const byID = (publications) => new Map(publications.map((publication) => [publication.id, publication]));

/**
 * @param {RTCPeerConnection} pc
 * @param {MediaSource} source
 * @param {MediaStreamTrack} track
 * @param {RTCRtpEncodingParameters} encoding
 * @returns {Slot}
 */
function sendingSlot(pc, source, track, encoding) {
  const kind = source === "microphone" ? "audio" : "video";
  const encodings = source === "camera" ? sizes(track, encoding) : [encoding];
  const transceiver = sendingTransceiver(pc, track, kind, encodings);
  if (kind === "video") preferVP8(transceiver);
  nameEncodings(transceiver);
  return { transceiver, kind, publishes: source, receives: null, shown: null };
}

/**
 * With temporal layers where the browser knows them.
 * @param {RTCPeerConnection} pc
 * @param {MediaStreamTrack} track
 * @param {"audio" | "video"} kind
 * @param {RTCRtpEncodingParameters[]} encodings
 */
function sendingTransceiver(pc, track, kind, encodings) {
  const make = (/** @type {RTCRtpEncodingParameters[]} */ sendEncodings) =>
    pc.addTransceiver(track, { direction: "sendonly", sendEncodings });
  if (kind === "audio") return make(encodings);
  try {
    return make(encodings.map((encoding) => ({ ...encoding, scalabilityMode: TEMPORAL_LAYERS })));
  } catch {
    return make(encodings);
  }
}

/**
 * @param {RTCPeerConnection} pc
 * @param {"audio" | "video"} kind
 * @returns {Slot}
 */
function receivingSlot(pc, kind) {
  const transceiver = pc.addTransceiver(kind, { direction: "recvonly" });
  if (kind === "video") preferVP8(transceiver);
  return { transceiver, kind, publishes: null, receives: null, shown: null };
}

/**
 * VP8 first: every browser sends and receives it, and the server forwards without transcoding.
 * @param {RTCRtpTransceiver} transceiver
 */
function preferVP8(transceiver) {
  const codecs = RTCRtpReceiver.getCapabilities?.("video")?.codecs;
  if (!codecs || !transceiver.setCodecPreferences) return;
  const rank = (/** @type {RTCRtpCodec} */ { mimeType }) => {
    const name = mimeType.toLowerCase();
    return name === "video/vp8" ? 0 : name === "video/h264" ? 1 : 2;
  };
  transceiver.setCodecPreferences([...codecs].sort((one, other) => rank(one) - rank(other)));
}
