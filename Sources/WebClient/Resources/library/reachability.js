/** Between two questions, for so long, then ever fewer; how many may wait for an answer, and for how long. */
const INTERVAL = 300;
const HURRY = 20_000;
const SLOW_INTERVAL = 3_000;
const AT_ONCE = 4;
const PATIENCE = 2_500;

/**
 * Finds out when the server can be reached again. A WebSocket that was begun while the network was cut waits for
 * seconds before TCP repeats its first packet, and a browser makes one at a time: small requests beside it notice
 * the moment.
 */
export class Reachability {
  #url;
  #found;
  /** @type {Set<AbortController>} */ #asked = new Set();
  #timer = 0;
  #since = 0;
  #running = false;

  /**
   * @param {string} signalURL of the WebSocket
   * @param {(milliseconds: number) => void} found called at each answer while it runs, with how long that took
   */
  constructor(signalURL, found) {
    const url = new URL("/health/live", signalURL);
    url.protocol = url.protocol.replace("ws", "http");
    this.#url = url.href;
    this.#found = found;
  }

  get isRunning() {
    return this.#running;
  }

  start() {
    if (this.#running) return;
    this.#running = true;
    this.#since = performance.now();
    this.#schedule();
  }

  stop() {
    this.#running = false;
    clearTimeout(this.#timer);
    for (const one of this.#asked) one.abort();
    this.#asked.clear();
  }

  #schedule() {
    const interval = performance.now() - this.#since < HURRY ? INTERVAL : SLOW_INTERVAL;
    this.#timer = window.setTimeout(() => {
      if (this.#asked.size < AT_ONCE) this.#ask();
      this.#schedule();
    }, interval);
  }

  async #ask() {
    const one = new AbortController();
    const began = performance.now();
    this.#asked.add(one);
    const timer = window.setTimeout(() => one.abort(), PATIENCE);
    try {
      // Whatever it answers, it is there.
      await fetch(this.#url, { mode: "no-cors", cache: "no-store", credentials: "omit", signal: one.signal });
      if (this.#running && this.#asked.has(one)) this.#found(performance.now() - began);
    } catch {
      // Not yet.
    } finally {
      clearTimeout(timer);
      this.#asked.delete(one);
    }
  }
}
