/** @import { CheckResult, CheckRoute, CheckWay } from "./types.js" */

/** How long a way to the server has to come up. */
const PATIENCE = 5_000;
/** What the test picture may take, bits/s. */
const MOST_RATE = 2_000_000;
const SIZE = { width: 320, height: 180 };
const FRAMES = 15;

/**
 * Looks whether media reaches the server, on which ways, and how much of it: short connections of their own that carry
 * a test picture and a test tone to the server and back. Nothing of the camera or the microphone is sent, and nobody
 * else gets anything.
 */
export class ConnectionCheck {
  /** @type {RTCIceServer[]} */ #iceServers;
  /** @type {(type: string, fields: Record<string, unknown>) => Promise<any>} */ #request;
  /** @type {Set<RTCPeerConnection>} */ #connections = new Set();
  #over = new AbortController();

  /**
   * @param {RTCIceServer[]} iceServers
   * @param {(type: string, fields: Record<string, unknown>) => Promise<any>} request to the server
   */
  constructor(iceServers, request) {
    this.#iceServers = iceServers;
    this.#request = request;
  }

  /**
   * Tries each way, then measures.
   * @param {number} seconds of measuring
   * @param {(share: number) => void} progress from 0 to 1
   * @returns {Promise<Partial<Record<CheckRoute, boolean>>>} the ways that were tried, and whether each reached
   */
  async run(seconds, progress) {
    const hasRelay = this.#iceServers.some(({ urls }) => [urls].flat().some((url) => url.startsWith("turn")));
    progress(0);
    /** @type {CheckRoute[]} */
    const ways = hasRelay ? ["udp", "tcp", "relay"] : ["udp", "tcp"];
    const reached = await Promise.all(ways.map((way) => this.#reaches(way)));
    progress(0.2);
    if (reached.includes(true)) await this.#measure(seconds, (share) => progress(0.2 + 0.8 * share));
    return Object.fromEntries(ways.map((way, place) => [way, reached[place]]));
  }

  /** Whether it was ended before it was done. */
  get isOver() { return this.#over.signal.aborted; }

  end() {
    this.#over.abort();
    for (const pc of this.#connections) pc.close();
    this.#connections.clear();
  }

  /** @param {CheckRoute} way */
  async #reaches(way) {
    const pc = this.#open(way);
    try {
      pc.addTransceiver("audio", { direction: "sendonly" });
      await this.#connect(pc, way);
      return true;
    } catch {
      return false;
    } finally {
      this.#close(pc);
    }
  }

  /**
   * @param {number} seconds
   * @param {(share: number) => void} progress
   */
  async #measure(seconds, progress) {
    const pc = this.#open("measure");
    const media = testMedia();
    try {
      const video = pc.addTransceiver(media.video, {
        direction: "sendrecv", sendEncodings: [{ maxBitrate: MOST_RATE }],
      });
      const audio = pc.addTransceiver(media.audio, { direction: "sendrecv" });
      await this.#connect(pc, "measure", [[audio, "microphone"], [video, "camera"]]);
      const began = performance.now();
      while (!this.isOver) {
        const share = (performance.now() - began) / (seconds * 1000);
        if (share >= 1) break;
        progress(share);
        await pause(250);
      }
    } catch {
      // What was not measured is not known: the server says so.
    } finally {
      media.stop();
      // The connection stays until the server has taken its last look: `end` closes it.
    }
  }

  /** @param {CheckWay} way */
  #open(way) {
    const pc = new RTCPeerConnection({
      iceServers: way === "relay" || way === "measure" ? this.#iceServers : [],
      iceTransportPolicy: way === "relay" ? "relay" : "all",
      bundlePolicy: "max-bundle",
    });
    this.#connections.add(pc);
    return pc;
  }

  /** @param {RTCPeerConnection} pc */
  #close(pc) {
    pc.close();
    this.#connections.delete(pc);
  }

  /**
   * @param {RTCPeerConnection} pc
   * @param {CheckWay} way
   * @param {[RTCRtpTransceiver, string][]} sources
   */
  async #connect(pc, way, sources = []) {
    await pc.setLocalDescription();
    // A relay is of use only once it has given its address: the server is told nothing of it, but ICE must know.
    const tracks = (sources.length > 0 ? sources : pc.getTransceivers().map((one) => [one, "microphone"])).map(
      ([transceiver, source]) => ({
        mid: /** @type {RTCRtpTransceiver} */ (transceiver).mid, publish: { source },
      }),
    );
    const answer = await this.#request("check", { way, sdp: pc.localDescription?.sdp, tracks });
    if (this.isOver) throw new Error("over");
    await pc.setRemoteDescription({ type: "answer", sdp: onlyVia(way, answer.sdp) });
    await connected(pc, this.#over.signal);
  }
}

/**
 * An answer with the addresses of the server that one way takes.
 * @param {CheckWay} way
 * @param {string} sdp
 */
function onlyVia(way, sdp) {
  if (way !== "udp" && way !== "tcp") return sdp;
  const other = (/** @type {string} */ line) =>
    line.startsWith("a=candidate:") && line.split(" ")[2]?.toLowerCase() !== way;
  return sdp.split("\r\n").filter((line) => !other(line)).join("\r\n");
}

/**
 * @param {RTCPeerConnection} pc
 * @param {AbortSignal} over
 * @returns {Promise<void>}
 */
function connected(pc, over) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("timeout")), PATIENCE);
    const look = () => {
      if (pc.connectionState === "connected") resolve();
      else if (pc.connectionState === "failed" || pc.connectionState === "closed") reject(new Error("failed"));
      else return;
      clearTimeout(timer);
    };
    pc.addEventListener("connectionstatechange", look);
    over.addEventListener("abort", () => reject(new Error("over")), { once: true });
    look();
  });
}

/** A picture that is hard to encode, so that it takes what it is given, and a tone. */
function testMedia() {
  const canvas = document.createElement("canvas");
  canvas.width = SIZE.width;
  canvas.height = SIZE.height;
  const context = canvas.getContext("2d", { alpha: false });
  const noise = context?.createImageData(SIZE.width, SIZE.height);
  const words = new Uint32Array(noise?.data.buffer ?? new ArrayBuffer(4));
  let seed = 1;
  const draw = () => {
    for (let i = 0; i < words.length; i += 1) {
      seed ^= seed << 13;
      seed ^= seed >>> 17;
      seed ^= seed << 5;
      words[i] = seed;
    }
    if (noise) context?.putImageData(noise, 0, 0);
  };
  draw();
  const timer = setInterval(draw, 1000 / FRAMES);
  const [video] = canvas.captureStream(FRAMES).getVideoTracks();
  const sound = new AudioContext();
  const tone = sound.createOscillator();
  const quiet = sound.createGain();
  quiet.gain.value = 0.1;
  const output = sound.createMediaStreamDestination();
  tone.connect(quiet).connect(output);
  tone.start();
  const [audio] = output.stream.getAudioTracks();
  return {
    video: /** @type {MediaStreamTrack} */ (video),
    audio: /** @type {MediaStreamTrack} */ (audio),
    stop() {
      clearInterval(timer);
      video?.stop();
      audio?.stop();
      sound.close().catch(() => {});
    },
  };
}

const pause = (/** @type {number} */ milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
