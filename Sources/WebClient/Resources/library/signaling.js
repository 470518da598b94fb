/** @import { Joined, Message } from "./types.js" */
import { SignalingError } from "./errors.js";
import { Reachability } from "./reachability.js";
import { SignalingSocket } from "./socket.js";

/** Close codes after which trying again is of no use, and the error that each means. */
const FINAL_CLOSE = new Map([
  [4400, "bad-field"],
  [4401, "unauthorized"],
  [4403, "forbidden"],
  [4404, "not-found"],
  [4409, "replaced"],
  [4410, "ended"],
  [4413, "too-large"],
]);

/** Error codes of a refused `join` that another attempt would not change. */
const FINAL_ERROR = new Set(["unauthorized", "forbidden", "not-found", "full", "bad-field", "unknown-type",
  "too-early", "too-late"]);

const REPLY_TIMEOUT = 10_000;
const CONNECT_TIMEOUT = 10_000;
const CLOSE_TIMEOUT = 2_000;
/** How long a socket that is doubted has to answer a ping, and when a second one is tried beside it. */
const CHECK_TIMEOUT = 2_000;
const RIVAL_DELAY = 150;
/** The same for the pings of every day. */
const PING_TIMEOUT = 4_000;

/**
 * The WebSocket to the server, kept alive and opened again when it is lost. When the network seems to have changed, a
 * second socket is tried beside the one that may be dead: whichever answers first is the one.
 *
 * Events: `joined` (detail: Joined; at the first connection and at each later one), `message` (detail: Message; all that
 * is no reply), `alive` (after `check`: the present socket has answered), `busy` (detail: {delay}; the server lets nobody in for now and is asked again after so many milliseconds), `lost` (detail: {code, attempt, delay}), `closed` (detail: SignalingError; no more attempts follow).
 */
export class SignalingChannel extends EventTarget {
  /** @type {string} */ #url;
  /** @type {() => Record<string, unknown>} */ #hello;
  /** @type {SignalingSocket | null} the one that has joined */ #current = null;
  /** @type {SignalingSocket | null} the one that is to take its place */ #candidate = null;
  /** @type {Set<() => void>} */ #waiting = new Set();
  /** @type {Reachability} */ #reachability;
  #closed = false;
  #isChecking = false;
  /** Whether it was the network, not the server, that ended the last socket. */
  #mayHurry = true;
  #attempt = 0;
  #retryTimer = 0;
  #keepaliveTimer = 0;
  #abandonAt = Infinity;
  #patience;

  /**
   * @param {object} options
   * @param {string} options.url `ws://` or `wss://` address of `/v1/signal`
   * @param {() => Record<string, unknown>} options.hello the fields of `join`, asked at every connection
   * @param {number} [options.patience] milliseconds of attempts after a loss before the channel gives up
   */
  constructor({ url, hello, patience = 300_000 }) {
    super();
    this.#url = url;
    this.#hello = hello;
    this.#patience = patience;
    this.#reachability = new Reachability(url, (milliseconds) => this.#reachable(milliseconds));
  }

  /** Whether the server has accepted us on the present socket. */
  get isOpen() {
    return this.#current !== null;
  }

  /** Opens the socket; `joined`, `lost` or `closed` follow. */
  open() {
    if (!this.#closed && !this.#current && !this.#candidate) this.#connect();
  }

  /**
   * Resolves when the channel is open; rejects when it is closed for good.
   * @returns {Promise<void>}
   */
  async opened() {
    while (!this.#current) {
      if (this.#closed) throw new SignalingError("closed", "the channel is closed");
      await new Promise((resolve) => this.#waiting.add(() => resolve(undefined)));
    }
  }

  /**
   * Sends a message and waits for its reply. A reply that does not come counts as a lost connection.
   * @param {string} type
   * @param {Record<string, unknown>} [fields]
   * @returns {Promise<Message>}
   */
  request(type, fields = {}) {
    if (!this.#current) {
      return Promise.reject(new SignalingError("connection-lost", "the connection is not open"));
    }
    return this.#current.request(type, fields, REPLY_TIMEOUT);
  }

  /**
   * Sends a message to which the server replies only when it refuses.
   * @param {string} type
   * @param {Record<string, unknown>} [fields]
   * @returns {boolean} whether it could be sent
   */
  post(type, fields = {}) {
    return this.#current?.post(type, fields) ?? false;
  }

  /** The network may have changed: a socket that is dead is not waited for, and neither is a timer. */
  check() {
    if (this.#closed) return;
    const doubted = this.#current;
    if (!doubted) {
      if (!this.#candidate) this.#hurry();
      return;
    }
    if (this.#isChecking) return;
    this.#isChecking = true;
    const rival = window.setTimeout(() => {
      if (doubted === this.#current && !this.#candidate) this.#connect();
    }, RIVAL_DELAY);
    doubted.request("ping", {}, CHECK_TIMEOUT).then(
      () => this.#stillAlive(),
      () => {},
    ).finally(() => {
      clearTimeout(rival);
      this.#isChecking = false;
    });
  }

  /** Takes another socket, whatever becomes of the present one. */
  renew() {
    const former = this.#current;
    if (former) former.abandon(4000);
    else this.check();
  }

  /** Closes for good. */
  close() {
    this.#finish(new SignalingError("closed", "closed by the page"));
  }

  /** The doubted socket answers: the other one is not needed, unless it has spoken already. */
  #stillAlive() {
    const rival = this.#candidate;
    if (rival && !rival.isOpen) {
      this.#candidate = null;
      rival.abandon(1000);
    }
    this.dispatchEvent(new Event("alive"));
  }

  #hurry() {
    clearTimeout(this.#retryTimer);
    this.#connect();
  }

  /**
   * The server answers while a socket still waits for a connection on a way that is no more: begin again. One that was
   * begun as lately as the question is only a little slower.
   * @param {number} milliseconds
   */
  #reachable(milliseconds) {
    if (this.#closed || this.#current || !this.#mayHurry) return;
    const stuck = this.#candidate;
    if (stuck && (stuck.isOpen || stuck.silence < 2 * milliseconds + 200)) return;
    this.#candidate = null;
    stuck?.abandon(4001);
    this.#hurry();
  }

  #connect() {
    if (this.#candidate || this.#closed) return;
    const socket = new SignalingSocket(this.#url);
    this.#candidate = socket;
    const timer = window.setTimeout(() => socket.abandon(4001), CONNECT_TIMEOUT);
    socket.addEventListener("open", async () => {
      try {
        const reply = await socket.request("join", { v: 1, ...this.#hello() }, CONNECT_TIMEOUT);
        clearTimeout(timer);
        if (reply.type !== "joined") throw new SignalingError("internal", `unexpected reply ${reply.type}`);
        if (socket === this.#candidate) this.#adopt(socket, /** @type {Joined} */ (/** @type {unknown} */ (reply)));
      } catch (error) {
        clearTimeout(timer);
        if (socket === this.#candidate) this.#refused(socket, error);
      }
    });
    socket.addEventListener("message", (event) => {
      if (socket === this.#current) this.dispatchEvent(new CustomEvent("message", { detail: detail(event) }));
    });
    socket.addEventListener("lost", (event) => {
      clearTimeout(timer);
      this.#lost(socket, detail(event).code);
    });
  }

  /**
   * @param {SignalingSocket} socket
   * @param {unknown} error
   */
  #refused(socket, error) {
    const refusal = error instanceof SignalingError ? error : new SignalingError("internal", String(error));
    // The close code, which follows a fatal error, says best what it means for us.
    if (refusal.fatal) setTimeout(() => socket.abandon(4002), CLOSE_TIMEOUT);
    else if (FINAL_ERROR.has(refusal.code)) this.#finish(refusal);
    else if (refusal.code === "busy" && refusal.retryAfter && !this.#current) this.#wait(socket, refusal.retryAfter);
    else {
      if (refusal.code === "resume-expired") this.dispatchEvent(new Event("resume-expired"));
      socket.abandon(4002);
    }
  }

  /**
   * The server is there and lets nobody in for now: asked again, for as long as it takes.
   * @param {SignalingSocket} socket
   * @param {number} seconds
   */
  #wait(socket, seconds) {
    this.#candidate = null;
    this.#abandonAt = Infinity;
    this.#attempt = 0;
    this.#mayHurry = false;
    this.#reachability.stop();
    socket.abandon(1000);
    // Not all at once: those who were refused together do not come back together.
    const delay = Math.min(Math.max(seconds, 1), 60) * 1000 * (0.75 + Math.random() / 2);
    this.dispatchEvent(new CustomEvent("busy", { detail: { delay } }));
    this.#retryTimer = window.setTimeout(() => this.#connect(), delay);
  }

  /**
   * @param {SignalingSocket} socket
   * @param {Joined} joined
   */
  #adopt(socket, joined) {
    const former = this.#current;
    this.#current = socket;
    this.#candidate = null;
    this.#attempt = 0;
    this.#abandonAt = Infinity;
    this.#reachability.stop();
    // The server has put the new one in its place; what was asked on it is asked again.
    former?.abandon(1000);
    this.#startKeepalive(joined.keepalive);
    this.dispatchEvent(new CustomEvent("joined", { detail: joined }));
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resume of waiting) resume();
  }

  /**
   * @param {SignalingSocket} socket
   * @param {number} code
   */
  #lost(socket, code) {
    if (this.#closed || (socket !== this.#current && socket !== this.#candidate)) return;
    const wasCurrent = socket === this.#current;
    if (wasCurrent) {
      this.#current = null;
      clearInterval(this.#keepaliveTimer);
    } else {
      this.#candidate = null;
      // The one that was doubted may still answer.
      if (this.#current && !FINAL_CLOSE.has(code)) return;
    }
    const final = FINAL_CLOSE.get(code);
    // Replaced by our own second socket.
    const byUs = code === 4409 && wasCurrent && this.#candidate !== null;
    if (final && !byUs) {
      this.#finish(new SignalingError(final, `the server closed the connection (${code})`));
      return;
    }
    const now = Date.now();
    if (this.#abandonAt === Infinity) this.#abandonAt = now + this.#patience;
    if (now >= this.#abandonAt) {
      this.#finish(new SignalingError("unreachable", "the server cannot be reached"));
      return;
    }
    this.#mayHurry = code < 4000 || code === 4000 || code === 4001;
    const delay = backoff(this.#attempt++, code);
    this.dispatchEvent(new CustomEvent("lost", { detail: { code, attempt: this.#attempt, delay } }));
    // At the first connection there is nothing to hurry for.
    if (wasCurrent || this.#reachability.isRunning) this.#reachability.start();
    if (!this.#candidate) this.#retryTimer = window.setTimeout(() => this.#connect(), delay);
  }

  /**
   * A ping when nothing was heard for a while, and the end of the socket when nothing follows.
   * @param {number} seconds
   */
  #startKeepalive(seconds) {
    clearInterval(this.#keepaliveTimer);
    const period = Math.max(2, Number.isFinite(seconds) ? seconds : 10) * 1000;
    const socket = this.#current;
    this.#keepaliveTimer = window.setInterval(() => {
      if (socket !== this.#current || !socket || socket.silence < period / 2) return;
      socket.request("ping", {}, PING_TIMEOUT).catch(() => {});
    }, period);
  }

  /** @param {SignalingError} error */
  #finish(error) {
    if (this.#closed) return;
    this.#closed = true;
    clearTimeout(this.#retryTimer);
    clearInterval(this.#keepaliveTimer);
    this.#reachability.stop();
    const sockets = [this.#current, this.#candidate];
    this.#current = this.#candidate = null;
    for (const socket of sockets) socket?.abandon(1000);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resume of waiting) resume();
    this.dispatchEvent(new CustomEvent("closed", { detail: error }));
  }
}

/** Until the attempts after a loss, in milliseconds; then twice as long each time. */
const DELAYS = [0, 250, 500, 500, 500, 500, 500];
const LONGEST_DELAY = 8_000;

/**
 * At once after a loss, then tightly for some seconds, then ever more slowly; with jitter from the second on, so that
 * the pages of a whole hospital do not come back in one instant. A server that sends us away is given time.
 * @param {number} attempt from 0
 * @param {number} code of the close
 * @returns {number} milliseconds
 */
export function backoff(attempt, code) {
  const least = code === 4429 ? 5_000 : code === 4503 ? 500 : 0;
  const step = DELAYS[attempt] ?? Math.min(LONGEST_DELAY, 1_000 * 2 ** Math.min(attempt - DELAYS.length, 10));
  const delay = step / 2 + Math.random() * (step / 2);
  return Math.max(delay, least / 2 + Math.random() * (least / 2));
}

/**
 * @param {Event} event
 * @returns {any}
 */
const detail = (event) => /** @type {CustomEvent} */ (event).detail;
