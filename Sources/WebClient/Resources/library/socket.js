/** @import { Message } from "./types.js" */
import { SignalingError } from "./errors.js";

/**
 * One WebSocket of the signaling protocol: replies find their requests, its end is told once.
 *
 * Events: `open`, `message` (detail: Message; all that is no reply), `lost` (detail: {code}).
 */
export class SignalingSocket extends EventTarget {
  /** @type {WebSocket} */ #socket;
  /** @type {Map<string, {resolve: (m: Message) => void, reject: (e: SignalingError) => void, timer: number}>} */
  #pending = new Map();
  #nextID = 1;
  #over = false;
  #heard = performance.now();

  /** @param {string} url */
  constructor(url) {
    super();
    this.#socket = new WebSocket(url);
    this.#socket.onopen = () => {
      this.#heard = performance.now();
      this.dispatchEvent(new Event("open"));
    };
    this.#socket.onmessage = ({ data }) => this.#receive(data);
    this.#socket.onclose = ({ code }) => this.#end(code);
  }

  /** Whether the connection is made. */
  get isOpen() {
    return !this.#over && this.#socket.readyState === WebSocket.OPEN;
  }

  /** Milliseconds since the last message. */
  get silence() {
    return performance.now() - this.#heard;
  }

  /**
   * Sends a message and waits for its reply.
   * @param {string} type
   * @param {Record<string, unknown>} fields
   * @param {number} patience milliseconds; a reply that does not come counts as a lost connection
   * @returns {Promise<Message>}
   */
  request(type, fields, patience) {
    if (!this.isOpen) return Promise.reject(lost("the connection is not open"));
    const id = String(this.#nextID++);
    return new Promise((resolve, reject) => {
      const timer = window.setTimeout(() => {
        this.#pending.delete(id);
        reject(lost(`no reply to ${type}`));
        this.abandon(4000);
      }, patience);
      this.#pending.set(id, { resolve, reject, timer });
      this.#socket.send(JSON.stringify({ type, id, ...fields }));
    });
  }

  /**
   * Sends a message to which the server replies only when it refuses.
   * @param {string} type
   * @param {Record<string, unknown>} fields
   * @returns {boolean} whether it could be sent
   */
  post(type, fields) {
    if (!this.isOpen) return false;
    this.#socket.send(JSON.stringify({ type, ...fields }));
    return true;
  }

  /**
   * Gives the socket up at once: its close handshake could take minutes on a dead network.
   * @param {number} code what `lost` says
   */
  abandon(code) {
    if (this.#over) return;
    this.#socket.onopen = this.#socket.onmessage = this.#socket.onclose = null;
    this.#socket.close(code === 1000 ? 1000 : undefined);
    this.#end(code);
  }

  /** @param {number} code */
  #end(code) {
    if (this.#over) return;
    this.#over = true;
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const { reject, timer } of pending) {
      clearTimeout(timer);
      reject(lost(`the connection was lost (${code})`));
    }
    this.dispatchEvent(new CustomEvent("lost", { detail: { code } }));
  }

  /** @param {unknown} data */
  #receive(data) {
    this.#heard = performance.now();
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
}

/** @param {string} message */
const lost = (message) => new SignalingError("connection-lost", message);
