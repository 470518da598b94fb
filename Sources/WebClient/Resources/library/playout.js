/** @import { ConsultationStatistics } from "./stats.js" */
/** @import { RemoteTrack } from "./types.js" */
import { LateSound } from "./late-sound.js";

/** Milliseconds: what nobody notices between a voice and its lips (ITU-R BT.1359: 45 before, 125 after). */
const UNNOTICED = 45;
/** Milliseconds in which most packets of a picture that were lost come again, and still with the voice. */
const PICTURE = 120;
/** Milliseconds: the longest that a picture waits for its sound. */
const LONGEST = 400;
/** Of the samples of a report: more made up than this, and sound that is asked for again is worth a wait. */
const TOO_MUCH_MADE_UP = 0.03;
/** Milliseconds in which sound that was lost comes again, and which conversation hardly feels (ITU-T G.114). */
const REPAIR = 200;
/** Reports without much made up, after which sound is as soon as the browser can make it again. */
const CALM = 6;

/**
 * When sound and pictures are played.
 *
 * Pictures keep in time with the voice, never the voice with pictures. A browser that knows them as one stream holds a
 * voice until its pictures have come, on a lossy path for more than a second, and a conversation ends with that. So the
 * server gives each a stream of its own, and here a picture that would come before its sound waits for it. Where sound
 * has to wait, the path is not even, and a picture waits long enough for its lost packets to come again.
 *
 * Where bursts take sound, it waits for what comes again. Left alone, a browser forgets the last burst within seconds,
 * and fills the next one with what it made up.
 */
export class Playout {
  /** @type {Map<string, Counts>} by publication, of the report before */ #before = new Map();
  /** @type {WeakMap<RTCRtpReceiver, number>} */ #targets = new WeakMap();
  /** @type {Map<string, number>} by publication of sound: calm reports that are still to come */ #unrest = new Map();
  #late = new LateSound();

  /**
   * @param {RTCPeerConnection} pc
   * @param {ConsultationStatistics["inbound"]} inbound
   * @param {Iterable<RemoteTrack>} tracks
   * @returns {string[]} publications of sound that waits for nothing: other receivers are to take them
   */
  follow(pc, inbound, tracks) {
    const receivers = new Map(pc.getReceivers().map((one) => [one.track, one]));
    const of = new Map([...tracks].map((one) => [one.publication, one]));
    /** @type {Map<string, number>} milliseconds by participant */
    const voices = new Map();
    const sounds = inbound.filter(({ source }) => source === "microphone").map(counted);
    const at = performance.now();
    const outworn = [];
    for (const sound of sounds) {
      const before = this.#before.get(sound.publication);
      const receiver = receivers.get(of.get(sound.publication)?.track ?? /** @type {any} */ (null));
      if (!before || !receiver || !(sound.emitted > before.emitted) || sound.delay < before.delay) continue;
      const delay = ((sound.delay - before.delay) / (sound.emitted - before.emitted)) * 1000;
      voices.set(sound.participant, delay);
      if (this.#late.look({ at, delay, publication: sound.publication, jitter: sound.jitter })) {
        outworn.push(sound.publication);
      }
      this.#set(receiver, this.#isBroken(sound, before) ? REPAIR : 0);
    }
    this.#before = new Map(sounds.map((one) => [one.publication, one]));
    for (const { participant, source, track } of of.values()) {
      const voice = voices.get(participant);
      const receiver = receivers.get(track);
      if (source !== "camera" || !receiver || voice === undefined) continue;
      this.#set(receiver, voice > UNNOTICED ? Math.min(Math.max(Math.round(voice), PICTURE), LONGEST) : 0);
    }
    return outworn;
  }

  /**
   * Whether more than a little of it was made up, now or not long ago.
   * @param {Counts} now
   * @param {Counts} before
   */
  #isBroken(now, before) {
    const madeUp = now.concealed - before.concealed > TOO_MUCH_MADE_UP * (now.samples - before.samples);
    const unrest = madeUp ? CALM : Math.max(0, (this.#unrest.get(now.publication) ?? 0) - 1);
    this.#unrest.set(now.publication, unrest);
    return unrest > 0;
  }

  /**
   * @param {RTCRtpReceiver} receiver
   * @param {number} target milliseconds; 0: as the browser likes
   */
  #set(receiver, target) {
    const present = this.#targets.get(receiver) ?? 0;
    if (!("jitterBufferTarget" in receiver) || present === target) return;
    // Each change is a short stutter of the picture.
    if (target && present && Math.abs(target - present) < UNNOTICED) return;
    this.#targets.set(receiver, target);
    receiver.jitterBufferTarget = target || null;
  }
}

/**
 * @typedef {object} Counts
 * @property {string} publication
 * @property {string} participant
 * @property {number} delay seconds in the jitter buffer, of all that was `emitted`
 * @property {number} emitted
 * @property {number} concealed samples, of all `samples`
 * @property {number} samples
 * @property {number} [jitter] milliseconds
 */

/**
 * @param {ConsultationStatistics["inbound"][number]} report
 * @returns {Counts}
 */
function counted({ publication, participant, ...report }) {
  return {
    publication,
    participant,
    delay: report.jitterBufferDelay ?? 0,
    emitted: report.jitterBufferEmittedCount ?? 0,
    concealed: report.concealedSamples ?? 0,
    samples: report.totalSamplesReceived ?? 0,
    jitter: report.jitter === undefined ? undefined : report.jitter * 1000,
  };
}
