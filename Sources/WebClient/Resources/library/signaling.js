/** @import { Joined, Message } from "./types.js" */
import { SignalingError } from "./errors.js";

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
const FINAL_ERROR = new Set(["unauthorized", "forbidden", "not-found", "full", "bad-field", "unknown-type"]);

const REPLY_TIMEOUT = 10_000;
const CONNECT_TIMEOUT = 10_000;
const CLOSE_TIMEOUT = 2_000;

/**
 * The WebSocket to the server, kept alive and opened again when it is lost.
 *
 * Events: `joined` (detail: Joined; at the first connection and at each later one), `message` (detail: Message; all that
 * is no reply), `lost` (detail: {code, attempt, delay}), `closed` (detail: SignalingError; no more attempts follow).
 */
export class SignalingChannel extends EventTarget {
  /** @type {string} */ #url;
  /** @type {() => Record<string, unknown>} */ #hello;
  /** @type {WebSocket | null} */ #socket = null;
  /** @type {Map<string, {resolve: (m: Message) => void, reject: (e: SignalingError) => void, timer: number}>} */
  #pending = new Map();
  /** @type {Set<() => void>} */ #waiting = new Set();
  #joined = false;
  #closed = false;
  #attempt = 0;
  #nextID = 1;
  #retryTimer = 0;
  #keepaliveTimer = 0;
  #lastHeard = 0;
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
    globalThis.addEventListener?.("online", this.#hurry);
  }

  /** Whether the server has accepted us on the present socket. */
  get isOpen() {
    return this.#joined;
  }

  /** Opens the socket; `joined`, `lost` or `closed` follow. */
  open() {
    if (!this.#closed && !this.#socket) this.#connect();
  }

  /**
   * Resolves when the channel is open; rejects when it is closed for good.
   * @returns {Promise<void>}
   */
  async opened() {
    while (!this.#joined) {
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
    const socket = this.#socket;
    if (!socket || socket.readyState !== WebSocket.OPEN) {
      return Promise.reject(new SignalingError("connection-lost", "the connection is not open"));
    }
    const id = String(this.#nextID++);
    return new Promise((resolve, reject) => {
      const timer = window.setTimeout(() => {
        this.#pending.delete(id);
        reject(new SignalingError("connection-lost", `no reply to ${type}`));
        this.#drop(socket, 4000);
      }, REPLY_TIMEOUT);
      this.#pending.set(id, { resolve, reject, timer });
      socket.send(JSON.stringify({ type, id, ...fields }));
    });
  }

  /**
   * Sends a message to which the server replies only when it refuses.
   * @param {string} type
   * @param {Record<string, unknown>} [fields]
   * @returns {boolean} whether it could be sent
   */
  post(type, fields = {}) {
    if (!this.#joined || this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify({ type, ...fields }));
    return true;
  }

  /** Closes for good. */
  close() {
    this.#finish(new SignalingError("closed", "closed by the page"));
  }

  #connect() {
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    const timer = window.setTimeout(() => this.#drop(socket, 4001), CONNECT_TIMEOUT);
    socket.onopen = async () => {
      this.#lastHeard = Date.now();
      try {
        const reply = await this.request("join", { v: 1, ...this.#hello() });
        clearTimeout(timer);
        if (reply.type !== "joined") throw new SignalingError("internal", `unexpected reply ${reply.type}`);
        this.#welcome(/** @type {Joined} */ (/** @type {unknown} */ (reply)));
      } catch (error) {
        clearTimeout(timer);
        const refusal = error instanceof SignalingError ? error : new SignalingError("internal", String(error));
        if (socket !== this.#socket) return;
        // The close code, which follows a fatal error, says best what it means for us.
        if (refusal.fatal) setTimeout(() => this.#drop(socket, 4002), CLOSE_TIMEOUT);
        else if (FINAL_ERROR.has(refusal.code)) this.#finish(refusal);
        else {
          if (refusal.code === "resume-expired") this.dispatchEvent(new Event("resume-expired"));
          this.#drop(socket, 4002);
        }
      }
    };
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = (event) => {
      clearTimeout(timer);
      if (socket === this.#socket) this.#lost(event.code);
    };
  }

  /** @param {Joined} joined */
  #welcome(joined) {
    this.#joined = true;
    this.#attempt = 0;
    this.#abandonAt = Infinity;
    this.#startKeepalive(joined.keepalive);
    this.dispatchEvent(new CustomEvent("joined", { detail: joined }));
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resume of waiting) resume();
  }

  /** @param {unknown} data */
  #receive(data) {
    this.#lastHeard = Date.now();
    /** @type {Message} */
    let message;
    try {
      message = JSON.parse(String(data));
    } catch {
      return;
    }
    const pending = message.re === undefined ? undefined : this.#pending.get(message.re);
    if (pending && message.re !== undefined) {
      this.#pending.delete(message.re);
      clearTimeout(pending.timer);
      if (message.type === "error") pending.reject(SignalingError.from(message));
      else pending.resolve(message);
      return;
    }
    this.dispatchEvent(new CustomEvent("message", { detail: message }));
  }

  /**
   * A socket that we give up ourselves: its close handshake could take minutes on a dead network.
   * @param {WebSocket} socket
   * @param {number} code
   */
  #drop(socket, code) {
    if (socket !== this.#socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
    this.#lost(code);
  }

  /** @param {number} code */
  #lost(code) {
    this.#socket = null;
    this.#joined = false;
    clearInterval(this.#keepaliveTimer);
    this.#rejectPending(new SignalingError("connection-lost", `the connection was lost (${code})`));
    if (this.#closed) return;
    const final = FINAL_CLOSE.get(code);
    if (final) {
      this.#finish(new SignalingError(final, `the server closed the connection (${code})`));
      return;
    }
    const now = Date.now();
    if (this.#abandonAt === Infinity) this.#abandonAt = now + this.#patience;
    if (now >= this.#abandonAt) {
      this.#finish(new SignalingError("unreachable", "the server cannot be reached"));
      return;
    }
    const delay = backoff(this.#attempt++, code === 4429 ? 5_000 : 300);
    this.dispatchEvent(new CustomEvent("lost", { detail: { code, attempt: this.#attempt, delay } }));
    this.#retryTimer = window.setTimeout(() => this.#connect(), delay);
  }

  /** The network is back: do not wait for the timer. */
  #hurry = () => {
    if (this.#closed || this.#socket) return;
    clearTimeout(this.#retryTimer);
    this.#connect();
  };

  /**
   * A ping when nothing was heard for half of the agreed time, and the end of the socket when nothing follows.
   * @param {number} seconds
   */
  #startKeepalive(seconds) {
    clearInterval(this.#keepaliveTimer);
    const period = Math.max(2, Number.isFinite(seconds) ? seconds : 20) * 500;
    const socket = this.#socket;
    this.#keepaliveTimer = window.setInterval(() => {
      if (socket !== this.#socket || !socket) return;
      if (Date.now() - this.#lastHeard > 2 * period + REPLY_TIMEOUT) this.#drop(socket, 4003);
      else this.request("ping").catch(() => {});
    }, period);
  }

  /** @param {SignalingError} error */
  #finish(error) {
    if (this.#closed) return;
    this.#closed = true;
    this.#joined = false;
    clearTimeout(this.#retryTimer);
    clearInterval(this.#keepaliveTimer);
    globalThis.removeEventListener?.("online", this.#hurry);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close(1000);
    this.#rejectPending(error);
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const resume of waiting) resume();
    this.dispatchEvent(new CustomEvent("closed", { detail: error }));
  }

  /** @param {SignalingError} error */
  #rejectPending(error) {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject, timer } of pending) {
      clearTimeout(timer);
      reject(error);
    }
  }
}

/**
 * Exponential backoff with jitter, so that the pages of a whole hospital do not come back in one instant.
 * @param {number} attempt from 0
 * @param {number} base milliseconds
 * @returns {number} milliseconds, between half of the step and the step, at most 8 s
 */
export function backoff(attempt, base) {
  const step = Math.min(8_000, base * 2 ** Math.min(attempt, 10));
  return step / 2 + Math.random() * (step / 2);
}
